"""Representativity against its slow second version on random designs."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from naive import representativity as naive


def sample(seed, n=160):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"sex": rng.choice(list("fm"), n), "age": rng.choice(list("abc"), n), "w": rng.gamma(4, 1, n)})
    table["psu"] = np.arange(n) // 4
    table["stratum"] = table["psu"] % 3
    eta = 0.3 + 0.8 * (table["sex"] == "f") - 0.9 * (table["age"] == "c")
    table["answered"] = rng.random(n) < 1 / (1 + np.exp(-eta))
    table["y"] = np.where(table["answered"], rng.normal(5, 2, n) + (table["age"] == "c"), np.nan)
    return table


def slow_values(table):
    levels = [table["sex"].tolist(), table["age"].tolist()]
    return lambda w: naive.indicators(levels, table["answered"].tolist(), list(w))


@pytest.mark.parametrize("seed", range(3))
def test_indicators__are_the_naive_ones(seed):
    table = sample(seed)
    found = ss.Survey(table, weight="w", strata="stratum", psu="psu").representativity(
        "answered", ["sex", "age"], adjust="none"
    )
    slow, t = slow_values(table)(table["w"]), found.table.set_index("indicator")["estimate"]
    assert t["response_rate"] == pytest.approx(slow["mean"], rel=1e-8)
    assert t["R"] == pytest.approx(1 - 2 * slow["S2"] ** 0.5, rel=1e-8)
    assert t["cv"] == pytest.approx(slow["cv2"] ** 0.5, rel=1e-8)
    for row in found.partial.itertuples():
        k = f"{['sex', 'age'].index(row.variable)} {row.level}".strip()
        u = slow[f"u {k}"]
        assert row.unconditional == pytest.approx(u if row.level else u**0.5, rel=1e-8)
        assert row.conditional == pytest.approx(slow[f"c {k}"] ** 0.5, rel=1e-8)


def test_errors__are_near_the_jackknife_of_the_naive_ones():
    """Both are of the first order; with 40 PSUs they differ by a few percent."""
    table = sample(1)
    survey = ss.Survey(table, weight="w", strata="stratum", psu="psu")
    found = survey.representativity("answered", ["sex", "age"], adjust="none")
    cov = naive.covariance(slow_values(table), table["stratum"].tolist(), table["psu"].tolist(), table["w"].tolist())
    assert found.table["se"][0] == pytest.approx(cov["mean", "mean"] ** 0.5, rel=0.03)
    for row in found.partial[found.partial["level"] != ""].itertuples():
        name = f"u {['sex', 'age'].index(row.variable)} {row.level}"
        assert row.unconditional_se == pytest.approx(cov[name, name] ** 0.5, rel=0.12)
        square = f"c {['sex', 'age'].index(row.variable)} {row.level}"
        assert 2 * row.conditional * row.conditional_se == pytest.approx(cov[square, square] ** 0.5, rel=0.15)


def test_replicates__are_the_jackknife_of_the_naive_ones():
    table = sample(2)
    survey = ss.Survey(table, weight="w", strata="stratum", psu="psu").replicates("jkn", mse=True)
    found = survey.representativity("answered", ["sex", "age"], adjust="none")
    cov = naive.covariance(slow_values(table), table["stratum"].tolist(), table["psu"].tolist(), table["w"].tolist())
    for row in found.partial[found.partial["level"] != ""].itertuples():
        name = f"u {['sex', 'age'].index(row.variable)} {row.level}"
        assert row.unconditional_se == pytest.approx(cov[name, name] ** 0.5, rel=1e-8)


def test_published_adjustment__is_the_naive_one():
    table = sample(3)
    found = ss.Survey(table).representativity("answered", ["sex", "age"], adjust="srs").table["estimate"][1]
    levels = [table["sex"].tolist(), table["age"].tolist()]
    assert found**2 == pytest.approx(naive.published(levels, table["answered"].tolist()), rel=1e-8)


def test_missing_information__is_that_of_many_imputations():
    table = sample(4, 300)
    found = ss.Survey(table).representativity("answered", ["sex", "age"], y="y").bias["fmi"][0]
    x = naive.propensities([table["sex"].tolist(), table["age"].tolist()], table["answered"], [1.0] * len(table))[1]
    slow = naive.imputed_fmi(x, table["y"].to_numpy(), table["answered"].to_numpy(), 4000, 1)
    assert found == pytest.approx(slow, abs=0.02)


def test_bias_by_propensities__has_the_error_of_its_jackknife():
    table = sample(5, 800)
    survey = ss.Survey(table, weight="w", strata="stratum", psu="psu")
    linear, replicated = (
        s.representativity("answered", ["sex", "age"], y="y").bias for s in (survey, survey.replicates("jkn", mse=True))
    )
    assert linear["bias"][0] == pytest.approx(replicated["bias"][0], rel=1e-10)
    assert linear["bias_se"][0] == pytest.approx(replicated["bias_se"][0], rel=0.05)
