"""The design solver against designs whose answer is known in closed form."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

import surveysim as ss
from surveysim import SpecError, StudyError
from surveysim.study import solve_design

Z = 1.959963984540054


@pytest.fixture(scope="module")
def elements():
    rng = np.random.default_rng(4)
    return pd.DataFrame({"y": rng.gamma(4, 2, 3000)})


def keys(**sample):
    return {"sample": sample, "estimands": [{"name": "mean", "numerator": "y"}]}


@pytest.mark.statistical
def test_sample_size__is_cochrans(elements):
    """n = n0 / (1 + n0 / N), n0 = (z S / e)²: the smallest n that meets the bound, within 2 %."""
    n0 = (Z * elements["y"].std() / 0.25) ** 2
    exact = n0 / (1 + n0 / 3000)
    found = solve_design(
        keys(n=500),
        {"sample.n": (100, 2500)},
        {"mean": 0.25},
        cost=lambda v: v["sample.n"],
        table=elements,
        repetitions=60,
    )
    assert found.inputs["sample.n"] == pytest.approx(exact, rel=0.03)
    row = found.check.iloc[0]
    assert row["moe"] == pytest.approx(0.25, rel=0.02)
    assert abs(row["empirical"] - 0.25) < 4 * row["empirical_mcse"]
    assert found.cost == found.inputs["sample.n"]
    assert "sample.n" in found.summary()


@pytest.mark.statistical
def test_two_stage__costs_no_more_than_the_best_of_all_designs():
    """Clusters at 10, elements at 1: the exact variance of every (n, take) gives the cheapest design; ours costs at most 4 % more."""
    rng = np.random.default_rng(7)
    M, N = 40, 200
    table = pd.DataFrame(
        {"c": np.repeat(np.arange(N), M), "y": np.repeat(rng.normal(0, 1, N), M) + rng.normal(10, 3, N * M)}
    )
    means = table.groupby("c")["y"].mean()
    between, within = means.var(ddof=1), table.groupby("c")["y"].var(ddof=1).mean()
    best = np.inf
    for n in range(20, 181):
        for m in range(2, 41):
            variance = (1 - n / N) * between / n + (1 - m / M) * within / (n * m)
            if special.stdtrit(n - 1, 0.975) * np.sqrt(variance) <= 0.35:  # n - 1 degrees of freedom
                best = min(best, 10 * n + n * m)
    found = solve_design(
        keys(n=60, cluster="c", take=5),
        {"sample.n": (20, 180), "sample.take": (2, 40)},
        {"mean": 0.35},
        cost=lambda v: 10 * v["sample.n"] + v["sample.n"] * v["sample.take"],
        table=table,
        repetitions=60,
        check=300,
    )
    assert found.cost <= 1.04 * best
    assert found.check["moe"].iloc[0] <= 0.35 * 1.02
    assert len(found.designs) >= 10


def test_a_bound_out_of_reach__is_named(elements):
    with pytest.raises(
        StudyError,
        match=r"no design within the limits meets the bound of 'mean': the closest has ±0\.\d+, the bound is ±0.01",
    ):
        solve_design(
            keys(n=500),
            {"sample.n": (100, 1000)},
            {"mean": 0.01},
            cost=lambda v: v["sample.n"],
            table=elements,
            repetitions=5,
        )


def test_theta__is_where_the_margin_is_least(spec):
    """The share of the landline sample in the overlap; both ends are worse."""
    data = spec.model_dump() | {
        "estimands": [{"name": "p", "numerator": "internet", "denominator": "persons", "kind": "known"}]
    }
    data["sample"] |= {
        "landline_share": 0.25
    }  # with half per frame the best share is near 0.9, too near an end to be a test
    found = solve_design(
        data, {"weighting.composite": (0.0, 1.0)}, {"p": np.inf}, minimize="p", repetitions=4, check=4, rounds=3
    )
    assert 0.1 < found.inputs["weighting.composite"] < 0.9
    tried = found.designs.set_index("weighting.composite")["moe p"]
    assert tried.loc[found.inputs["weighting.composite"]] <= min(tried.loc[0.0], tried.loc[1.0])
    assert found.cost > 0


@pytest.mark.parametrize(
    ("inputs", "bounds", "words"),
    [
        ({}, {"mean": 1}, "names 0 keys"),
        ({"sample.n": (5, 5)}, {"mean": 1}, "lowest, highest"),
        ({"sample.n": (5, 50)}, {"men": 1}, "men"),
        ({"sample.m": (5, 50)}, {"mean": 1}, "unknown key 'sample.m'"),
    ],
)
def test_mistakes__are_named(elements, inputs, bounds, words):
    with pytest.raises(SpecError, match=words):
        solve_design(keys(n=500), inputs, bounds, cost=lambda v: 1.0, table=elements)


def test_a_table__needs_a_cost(elements):
    with pytest.raises(SpecError, match="no fieldwork to cost"):
        solve_design(keys(n=500), {"sample.n": (100, 1000)}, {"mean": 1}, table=elements)


def test_seeds_beyond_64_bits__are_refused_before_anything_is_run():
    spec = ss.SurveySpec.preset("cnnic-2024-12")
    with pytest.raises(ss.SpecError, match="seed = 18446744073709551616: give a whole number"):
        ss.study.solve_design(spec, {"sample.interviews": (5000, 60000)}, {"internet_penetration": 0.5}, seed=2**64)
    keys = {
        "study": {"name": "a", "repetitions": 2, "seed": 2**64},
        "sample": {"n": 2},
        "estimands": [{"name": "y", "numerator": "y"}],
    }
    with pytest.raises(ss.SpecError, match=r"study\.seed"):
        ss.Study(keys, table=pd.DataFrame({"y": [0, 1, 1]}))
