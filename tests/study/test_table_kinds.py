"""Kinds of estimands of a table: their values, and which of them are shares."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.study.table_kinds import KINDS

Y, X, ONES = np.array([1.0, 0.0, 1.0, 1.0]), np.array([1.0, 1.0, 2.0, 4.0]), np.ones(4)


def test_values__are_of_the_sums():
    of_sums = {name: kind for name, kind in KINDS.items() if kind.of_sums}
    found = {name: kind.value(Y.sum(), (X if kind.based else ONES).sum()) for name, kind in of_sums.items()}
    assert found == {"mean": 0.75, "total": 3.0, "ratio": 0.375}


def test_shares__are_means_and_ratios_of_ones_and_zeros():
    assert KINDS["mean"].is_share(Y, ONES)
    assert not KINDS["mean"].is_share(X, ONES)
    assert KINDS["ratio"].is_share(np.array([1.0, 0.0]), np.array([1.0, 1.0]))
    assert not KINDS["ratio"].is_share(np.array([1.0, 1.0]), np.array([1.0, 0.0]))  # a 1 without its denominator
    assert not KINDS["total"].is_share(Y, ONES)


def people(n=4000):
    rng = np.random.default_rng(1)
    region, x = rng.choice(list("abcd"), n), rng.normal(size=n).round(2)
    return pd.DataFrame({"region": region, "x": x, "y": (rng.random(n) < 1 / (1 + np.exp(-0.5 * x))).astype(int)})


def coefficient_study(**more):
    entry = {"name": "b", "kind": "coefficient", "formula": "y ~ x + region", "term": "x", "family": "binomial"} | more
    sample = {"n": 400, "strata": "region"}
    return ss.Study(
        {
            "study": {"repetitions": 60, "seed": 1},
            "sample": sample,
            "weighting": {"margins": ["region"]},
            "estimands": [entry],
        },
        table=people(),
    )


def test_coefficients__are_judged_by_the_model_of_everybody():
    found = coefficient_study().run()
    table = found.to_frame()
    truth = ss.Survey(people()).glm("y ~ x + region", family="binomial")
    assert table["true"].iloc[0] == pytest.approx(truth.coef[truth.names.index("x")])
    assert table["estimate"].mean() == pytest.approx(
        table["true"].iloc[0], abs=4 * table["estimate"].std() / 60**0.5 + 0.02
    )
    assert 0.7 < table["se"].mean() / table["estimate"].std() < 1.4


@pytest.mark.parametrize(
    ("more", "message"),
    [({"term": ""}, "needs formula"), ({"numerator": "y"}, "leave it out"), ({"by": ["region"]}, "by")],
)
def test_coefficients__mistakes(more, message):
    with pytest.raises(ss.SpecError, match=message):
        coefficient_study(**more)
