"""Samples as counts of types against the same samples row by row, which is what every other design takes."""

import numpy as np
import pandas as pd
import pytest

from surveysim import Study


def table():
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"h": np.repeat(["a", "b"], [300, 200]), "g": rng.choice(["x", "y", "z"], 500)})
    return data.assign(s=rng.choice(["f", "m"], 500), y=rng.integers(0, 5, 500), d=rng.integers(1, 3, 500))


ESTIMANDS = [
    {"name": "mean", "numerator": "y", "by": ["s"]},
    {"name": "total", "numerator": "y", "kind": "total", "by": ["g", "s"]},
    {"name": "ratio", "numerator": "y", "denominator": "d", "kind": "ratio", "unit": "percent"},
]
METHODS = [
    {"name": "plain"},
    {"name": "bare", "variance": "none"},
    {"name": "one", "weighting": {"margins": ["g"]}},
    {"name": "two", "weighting": {"margins": ["s", "g"]}},
]


@pytest.mark.parametrize("n", [40, 80])
def test_types__give_what_the_rows_give(n):
    keys = {"sample": {"n": n, "strata": "h"}, "estimands": ESTIMANDS, "methods": METHODS}
    source = Study(keys, table=table()).plan().source(0)
    assert source.fast
    block = source.block(np.arange(20))
    for r, values in enumerate(block.values):
        rows, failures = source.repetition(r)
        failed = {m for m, _ in failures}
        assert failed == {m for k, m, _ in block.failures if k == r}
        np.testing.assert_allclose(values, rows, rtol=1e-7, atol=1e-9, equal_nan=True) if not failed else None


@pytest.mark.parametrize(
    "change",
    [
        {"sample": {"n": 20, "method": "bernoulli"}},
        {"methods": [{"name": "jackknife", "variance": "jk1"}]},
        {"methods": [{"name": "linear", "weighting": {"margins": ["g"], "method": "linear"}}]},
    ],
)
def test_other_designs_and_methods__take_rows(change):
    keys = {"sample": {"n": 20}, "estimands": ESTIMANDS} | change
    assert not Study(keys, table=table()).plan().source(0).fast
