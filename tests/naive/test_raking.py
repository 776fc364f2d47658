"""Raking against sweeps over dictionaries."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import surveysim as ss
from naive import problems, raking

# weights over many orders of magnitude are wanted here
pytestmark = pytest.mark.filterwarnings("ignore:one respondent")

NAMES = ("u", "v", "w")


def table_of(rng, columns, levels=True):
    """A data frame of random kinds of columns; categories may have levels that nobody has."""
    made = {}
    for name, values in columns.items():
        kind = rng.integers(3)
        if kind == 0:
            found = list(dict.fromkeys(v for v in values if v is not None))
            extra = [f"{name} nobody"] if levels and isinstance(found[0], str) else []
            made[name] = pd.Categorical(values, categories=[*found, *extra])
        elif kind == 1:
            made[name] = pd.Series(values, dtype="object")
        else:
            made[name] = values
    return pd.DataFrame(made)


def one(rng, zeros=True, n=None):
    """Columns, margins and initial weights of a random problem."""
    n = int(rng.integers(12, 60)) if n is None else n
    columns = problems.columns(rng, n, NAMES[: rng.integers(1, 4)])
    weight = problems.weights(rng, n, zeros)
    variables = problems.variables(rng, list(columns))
    return columns, problems.margins(rng, columns, variables, weight), weight


def test_raking_by_hand():
    # four equal rows: row total × column total / 50
    columns = {"sex": ["m", "m", "f", "f"], "age": ["y", "o", "y", "o"]}
    margins = {"sex": {"m": 20, "f": 30}, "age": {"y": 15, "o": 35}}
    assert_allclose(
        raking.rake(columns, margins, [1, 1, 1, 1]), [20 * 15 / 50, 20 * 35 / 50, 30 * 15 / 50, 30 * 35 / 50]
    )


def test_clipped_raking_by_hand():
    # rows of one level have one g
    columns = {"x": ["p", "p", "q"]}
    assert_allclose(raking.rake_clipped(columns, {"x": {"p": 2.6, "q": 1.0}}, [1, 1, 1], (0.5, 1.5)), [1.3, 1.3, 1.0])
    columns = {"x": ["p", "p", "q", "q"], "y": ["r", "s", "r", "s"]}
    margins = {"x": {"p": 2.7, "q": 1.6}, "y": {"r": 2.6, "s": 1.7}}
    # without bounds the table is 2.7 × 2.6 / 4.3 = 1.633 at (p, r), which the bound 1.5 cuts; the other three follow
    assert_allclose(raking.rake_clipped(columns, margins, [1] * 4, (0.3, 1.5)), [1.5, 1.2, 1.1, 0.5], rtol=1e-10)


def test_missing_by_hand():
    columns = {"x": ["a", "a", "b", None]}
    filled, totals = raking.level_missing(columns, {"x": {"a": 60.0, "b": 40.0}}, [1, 1, 1, 1])
    assert filled == {"x": ["a", "a", "b", raking.MISSING]}
    assert totals == {"x": {"a": 45.0, "b": 30.0, raking.MISSING: 25.0}}
    assert raking.drop_missing(columns, {"x": {}}, [1, 1, 1, 1]) == [1, 1, 1, 0]
    columns = {"x": ["a", "a", "b", "b"], "y": ["c", None, "c", "d"]}
    margins = {("x", "y"): {("a", "c"): 30.0, ("a", "d"): 20.0, ("b", "c"): 10.0, ("b", "d"): 10.0}}
    _, totals = raking.level_missing(columns, margins, [1, 3, 1, 1])  # in a, 3 of 4 are missing, in b nobody
    found = totals["x", "y"]
    assert found == {("a", "c"): 7.5, ("a", "d"): 5.0, ("a", raking.MISSING): 37.5, ("b", "c"): 10.0, ("b", "d"): 10.0}


def test_thin_levels_by_hand():
    columns = {"x": list("abbcccd")}
    merged, totals = raking.merge_thin(columns, {"x": {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}}, 3)
    assert merged == {"x": [0, 0, 0, 1, 1, 1, 1]}  # a joins b: 3 rows are enough; d, the last, joins c
    assert totals == {"x": {0: 3.0, 1: 7.0}}


def test_trimming_by_hand():
    # of mean 3, at most 7.5: what is cut is spread in proportion, again and again, until 9 is 7.5 and the others share 4.5
    columns = {"x": ["a"] * 4}
    assert_allclose(
        raking.rake_trimmed(columns, {"x": {"a": 12.0}}, [1, 1, 1, 9], most=2.5), [1.5, 1.5, 1.5, 7.5], rtol=1e-5
    )


@pytest.mark.parametrize("seed", range(4))
def test_raking(seed):
    rng = np.random.default_rng([seed, 1])
    for _ in range(60):
        columns, margins, weight = one(rng)
        found = ss.rake(table_of(rng, columns), margins, weight=weight, tol=1e-12).weight
        assert_allclose(found, raking.rake(columns, margins, weight), rtol=1e-8, atol=0)
