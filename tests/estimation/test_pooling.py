"""Pools of two tables, and whose probabilities of membership they need."""

import numpy as np
import pandas as pd
import pytest

from surveysim import DataError, DesignError, DualFrameSurvey, Survey
from surveysim.estimation import pooling


def two(seed=1, n=(40, 50)):
    rng, parts = np.random.default_rng(seed), []
    for own, size in zip("ab", n):
        overlap = np.where(rng.random(size) < 0.5, "ab", own)
        parts.append(pd.DataFrame({"overlap": overlap, "y": rng.gamma(2, 3, size), "w": rng.uniform(1, 3, size)}))
        parts[-1]["t"] = rng.random(size) < 0.4
        parts[-1]["s"] = np.arange(size) % 4
    return parts


PARTS = two()


FIRST, SECOND = PARTS


@pytest.mark.parametrize(
    ("first", "second", "kind", "values"),
    [
        (pd.Series([1, 2]), pd.Series([3]), "int64", [1, 2, 3]),
        (pd.Series([1, 2]), pd.Series([0.5]), "float64", [1, 2, 0.5]),
        (pd.Series([True, False]), pd.Series([True]), "boolean", [True, False, True]),
        (pd.Categorical(["x", "y"], ["y", "x"]), pd.Categorical(["x"], ["y", "x"]), "category", ["x", "y", "x"]),
        (pd.Categorical(["x"], ["y", "x"]), pd.Categorical(["z"], ["z", "y"]), "category", ["x", "z"]),
        (pd.Categorical(["x"], ["y", "x"]), pd.Series(["z", "x"]), "category", ["x", "z", "x"]),
    ],
)
def test_pools__keep_what_columns_are(first, second, kind, values):
    both = pooling.tables(pd.DataFrame({"c": first, "p": 1}), pd.DataFrame({"q": 1, "c": second}))
    assert both.columns.tolist() == ["c"]
    assert str(both["c"].dtype) == kind
    assert both["c"].tolist() == values
    assert both.index.tolist() == list(range(len(values)))


def test_pools__order_categories_by_the_first_table_then_the_second():
    both = pooling.tables(
        pd.DataFrame({"c": pd.Categorical(["x"], ["y", "x"])}), pd.DataFrame({"c": pd.Categorical(["z"], ["z", "y"])})
    )
    assert list(both["c"].cat.categories) == ["y", "x", "z"]


def test_pools__leave_out_what_is_numbers_in_one_table_alone():
    assert pooling.tables(
        pd.DataFrame({"c": [1], "d": [1]}), pd.DataFrame({"c": ["x"], "d": [2]})
    ).columns.tolist() == ["d"]


@pytest.mark.parametrize(("bad", "count"), [(1.01, 1), (-0.01, 1), (np.nan, 1)])
def test_membership__is_a_probability(bad, count):
    share = np.where(FIRST["overlap"] == "ab", 1.0, 0.0)
    share[5] = bad
    made = Survey(FIRST.assign(m=share), "w"), Survey(SECOND.assign(m=0.5), "w")
    with pytest.raises(DataError, match=f"holds no probability in {count} of 40 rows of a; the first is row 5"):
        DualFrameSurvey(*made, membership="m")


def test_overlap__must_be_in_both_samples():
    none = FIRST.assign(overlap="a"), SECOND.assign(overlap="b")
    with pytest.raises(DataError, match=r"in neither sample \(0 from a, 0 from b\)"):
        DualFrameSurvey(*(Survey(part, "w") for part in none))
    with pytest.raises(DataError, match="in one sample only"):
        DualFrameSurvey(Survey(FIRST, "w"), Survey(none[1], "w"))
    with pytest.raises(DesignError, match="lonely PSUs differently"):
        DualFrameSurvey(Survey(FIRST, "w", lonely_psu="adjust"), Survey(SECOND, "w"))
