"""Standardization and goodness of fit: errors against the jackknife, and what is refused."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

import surveysim as ss
from surveysim import CalibrationError, DataError, DesignError, SurveysimWarning

RNG = np.random.default_rng(7)
N = 400
TABLE = pd.DataFrame(
    {"age": RNG.choice(list("ymo"), N), "g": RNG.choice(list("ab"), N), "sex": RNG.choice(list("fm"), N)}
)
TABLE = TABLE.assign(y=RNG.gamma(3, 2, N) + 3 * (TABLE["age"] == "o"), w=RNG.uniform(1, 3, N), p=np.arange(N) // 4)
SURVEY = ss.Survey(TABLE, "w", psu="p")
STANDARD = {"y": 40, "m": 35, "o": 25}


def test_standardize__means_and_totals_have_the_errors_of_the_jackknife():
    s = SURVEY.standardize("age", STANDARD, over="g")
    jack = s.replicates("jk1")
    for what in ("mean", "total"):
        linear, repeated = (getattr(one, what)("y", by="g").table["se"] for one in (s, jack))
        np.testing.assert_allclose(linear, repeated, rtol=0.03)
    shares = s.proportion("age", by="g").table
    np.testing.assert_allclose(shares["estimate"].to_numpy().reshape(3, 2).T, [[0.35, 0.25, 0.4]] * 2)
    np.testing.assert_allclose(SURVEY.total("y", by="g").table["n"], s.total("y", by="g").table["n"])
    sums = [one.weight[TABLE["g"] == "a"].sum() for one in (SURVEY, s)]
    assert sums[0] == pytest.approx(sums[1])


def test_standardize__by_hand_and_by_two_columns():
    cells = TABLE.assign(wy=TABLE["w"] * TABLE["y"]).groupby(["age", "sex"])[["wy", "w"]].sum()
    weights = {(a, x): float(k + 1) for k, (a, x) in enumerate(cells.index)}
    found = SURVEY.standardize(["age", "sex"], weights).mean("y").table["estimate"][0]
    share = np.array(list(weights.values())) / sum(weights.values())
    assert found == pytest.approx(float(share @ (cells["wy"] / cells["w"])))


@pytest.mark.parametrize("kind", [pd.DataFrame, pa.Table.from_pandas])
def test_standardize__sets_missing_values_aside(kind):
    """Those who are left have the standard distribution, as where the other rows are another subpopulation."""
    holes = TABLE.assign(y=TABLE["y"].mask(TABLE["y"] > 12), age=TABLE["age"].mask(TABLE.index % 50 == 3))
    holes["g"] = holes["g"].mask(TABLE.index % 60 == 4)
    there = holes[["y", "age", "g"]].notna().all(axis=1).to_numpy()
    with pytest.warns(SurveysimWarning, match="8 of 'age', 7 of 'g', 38 of 'y'"):
        found = ss.Survey(kind(holes), "w", psu="p").standardize("age", STANDARD, over="g", excluding="y")
    assert not found.weight[~there].any()
    apart = TABLE.assign(g=TABLE["g"].where(there, "c"))
    other = ss.Survey(apart, "w", psu="p").standardize("age", STANDARD, over="g").where(there)
    one, two = (s.mean("y", by="g").table for s in (found, other))
    np.testing.assert_allclose(one[["estimate", "se"]], two[["estimate", "se"]], rtol=1e-10)
    with pytest.raises(DataError, match="no row of weight has all of 'age', 'z'"):
        ss.Survey(TABLE.assign(z=np.nan), "w").standardize("age", STANDARD, excluding="z")


def test_standardize__refuses():
    with pytest.raises(DataError, match="weights = "):
        SURVEY.standardize("age", {"y": 1, "m": -1, "o": 1})
    with pytest.raises(CalibrationError, match="'z'"):
        SURVEY.standardize("age", STANDARD | {"z": 3})


def test_goodness_of_fit__alike_rows_are_pearson_s():
    table = pd.DataFrame({"c": list("x" * 50 + "y" * 30 + "z" * 20)})
    found = ss.Survey(table).goodness_of_fit("c", {"x": 1, "y": 1, "z": 1}, "Chisq")
    pearson = stats.chisquare([50, 30, 20])
    # under the sample's own probabilities instead of 1/3 the effects are 3 p and their mean a little off 1
    assert found.statistic == pytest.approx(pearson.statistic, rel=0.2)
    assert found.df == (2,)
    exact = ss.Survey(table).goodness_of_fit("c", {"x": 50, "y": 30, "z": 20})
    assert exact.statistic == pytest.approx(0, abs=1e-12)
    assert exact.p_value == pytest.approx(1)
    wald = ss.Survey(table).goodness_of_fit("c", {"x": 1, "y": 1, "z": 1}, "Wald")
    assert wald.df == (2, 99)
    for p, words in (({"x": 1, "y": 1}, "give a probability for each level"), ({"x": 1}, "p = "), ("x", "p = ")):
        with pytest.raises(DataError) as error:
            ss.Survey(table).goodness_of_fit("c", p)
        assert words in str(error.value)


def test_goodness_of_fit__by_wald_where_one_level_is_pinned():
    """Its error is rounding, and gave statistics of 1e20."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {"k": rng.choice(list("abcd"), 100), "g": rng.choice(list("uv"), 100), "w": rng.uniform(1, 3, 100)}
    )
    table = table.assign(ka=(table["k"] == "a").map({True: "a", False: "others"}))
    raked = ss.Survey(table, weight="w").rake({"ka": {"a": 0.3, "others": 0.7}, "g": {"u": 0.4, "v": 0.6}})
    for first in (0.25, 0.3):
        with pytest.raises(DesignError, match="levels that have an error each"):
            raked.goodness_of_fit("k", {"a": first, "b": 0.2, "c": 0.2, "d": 0.8 - first - 0.2}, "Wald")
        assert np.isfinite(raked.goodness_of_fit("k", {"a": first, "b": 0.2, "c": 0.2, "d": 0.6 - first}).statistic)


def test_goodness_of_fit__of_a_category_with_levels_of_nobody():
    """They need no probability; one that somebody has does."""
    category = TABLE.assign(age=pd.Categorical(TABLE["age"], ["x", "o", "m", "y", "z"]))
    found = ss.Survey(category, "w", psu="p").goodness_of_fit("age", STANDARD)
    assert found.statistic == pytest.approx(SURVEY.goodness_of_fit("age", STANDARD).statistic)
    assert found.table["level"].tolist() == ["o", "m", "y"]
    with pytest.raises(DataError, match="give a probability for each level"):
        ss.Survey(category, "w", psu="p").goodness_of_fit("age", {"y": 1, "m": 2})
