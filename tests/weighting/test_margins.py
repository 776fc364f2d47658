"""Margins and their columns: what is read as what, up to where; what is refused, and what is said of it."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from surveysim import CalibrationError, DataError, SurveysimError, SurveysimWarning, calibrate, poststratify, rake
from surveysim.weighting.calibration import factors
from surveysim.weighting.diagnostics import diagnose
from surveysim.weighting.margins import Margins

DATA = pd.DataFrame({"sex": list("mmffff"), "age": list("yooyoy"), "z": [1.0, 2, 3, 4, 5, 6], "r": list("ppqqqq")})
SEX = {"m": 30.0, "f": 60.0}
AGE = {"y": 40.0, "o": 50.0}


def refused(words, call, *given, **options):
    with pytest.raises(SurveysimError, match=words):
        call(*given, **options)


# ---- totals or shares ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sex", "age", "read"),
    [
        ([0.5, 0.5], [0.4, 0.6], "shares"),
        ([50, 50], [0.4, 0.6], "shares"),
        ([0.5, 0.5 + 9e-7], [0.4, 0.6], "shares"),
        ([50, 50 + 9e-5], [40, 60], "shares"),
        ([3, 3], [2, 4], "totals"),
    ],
)
def test_reading__margins_that_sum_to_1_or_100_are_shares(sex, age, read):
    made = rake(DATA, {"sex": dict(zip("mf", sex)), "age": dict(zip("yo", age))})
    assert made.reading == read
    assert made.weight.sum() == pytest.approx(6, rel=1e-5)


@pytest.mark.parametrize(
    ("sex", "age", "words"),
    [
        ([0.5, 0.5 + 2e-6], [0.4, 0.6], "'sex' sums to 1, Give all|'sex' sums to 1"),
        ([0.5, 0.51], [0.4, 0.61], "nearly but not 1 or 100"),
        ([50, 51.9], [41.9, 60], "nearly but not 1 or 100"),
        ([49, 49.1], [48.1, 50], "nearly but not 1 or 100"),
        ([30, 60], [30, 60.001], r"differ by 0.001111 %"),
        ([0.4, 0.6], [30, 60], r"'age' sums to 90"),
    ],
)
def test_reading__what_is_neither_is_refused(sex, age, words):
    refused(words, rake, DATA, {"sex": dict(zip("mf", sex)), "age": dict(zip("yo", age))})


def test_reading__nearly_shares_may_be_totals():
    """103 is no share gone wrong, nor is 101 where the weights sum to about as much."""
    assert rake(DATA, {"sex": {"m": 50, "f": 53}}).reading == "totals"
    assert rake(DATA.assign(w=100 / 6), {"sex": {"m": 50, "f": 51}}, weight="w").reading == "totals"
    assert rake(DATA, {"sex": {"m": 50, "f": 51}}, margins_are="totals").weight.sum() == pytest.approx(101)
    assert rake(DATA.assign(w=0.25), {"sex": {"m": 0.5, "f": 0.51}}, weight="w").reading == "totals"


def test_margins_are__is_taken_at_its_word():
    refused("margins_are = 'percent'", rake, DATA, {"sex": SEX}, margins_are="percent")
    refused("sum to 90, not to 1 or 100", rake, DATA, {"sex": SEX}, margins_are="shares")
    assert rake(DATA, {"sex": {"m": 0.5, "f": 0.5}}, margins_are="totals").weight.sum() == pytest.approx(1)
    assert rake(DATA, {"sex": {"m": 1.0, "f": 99.0}}, margins_are="shares").weight.sum() == pytest.approx(6)


def test_rescale__follows_and_refuses():
    margins = {"sex": SEX, "age": {"y": 4.0, "o": 5.0}}
    made = rake(DATA, margins, rescale="age")
    assert made.weight.sum() == pytest.approx(9)
    assert made.rescaled == {"sex": pytest.approx(0.1)}
    refused("rescale = 'region' is no margin; the margins are sex, age", rake, DATA, margins, rescale="region")
    refused(
        "'sex' sums to 0, so it cannot follow 'age'", rake, DATA, {**margins, "sex": {"m": 0, "f": 0}}, rescale="age"
    )
    by = {"p": {"sex": {"m": 3}, "age": {"y": 1, "o": 2}}, "q": {"sex": {"f": 0}, "age": {"y": 1, "o": 2}}}
    refused("'sex' of r 'q' sums to 0", rake, DATA, by, by="r", rescale="age")


def test_margins_that_disagree__are_named_with_partition_and_sums():
    by = {"p": {"sex": {"m": 3.0}, "age": {"y": 1.0, "o": 2.0}}, "q": {"sex": {"f": 4.0}, "age": {"y": 1.0, "o": 2.0}}}
    refused(r"'sex' and 'age' of r 'q' sum to 4 and 3; they differ by -25 %", rake, DATA, by, by="r")
    made = {**by, "q": {"sex": {"f": 4.0}, "age": {"y": 2.0, "o": 2 + 3e-6}}}
    assert rake(DATA, made, by="r").weight.sum() == pytest.approx(7)


# ---- what margins look like ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("margins", "options", "words"),
    [
        ([], {}, "got list"),
        ({}, {}, "at least one entry"),
        ({"sex": {}}, {}, "needs {level: total}"),
        ({"sex": 5}, {}, "needs {level: total}"),
        ({"m": 5}, {"by": "sex"}, "needs margins for every level"),
        ({"m": {"age": 5}}, {"by": "sex"}, "for every level of 'sex'"),
        ({"sex": SEX, ("sex",): SEX}, {}, "two sets of totals"),
        ({"sex": {"m": 30, "f": np.nan}}, {}, "level 'f': the total is nan"),
        ({"sex": {"m": -1, "f": 3}}, {}, "level 'm': the total is -1; .* 0 or larger"),
        ({"sex": {"m": 30, "f": np.inf}}, {}, "level 'f': the total is inf"),
        ({"sex": {"m": "30", "f": "60"}}, {}, "level 'm': the total is '30'"),
        ({"sex": {"m": 30, "f": "60"}}, {}, "level 'f': the total is '60'"),
        ({"sex": {"m": 30, "f": [60]}}, {}, "level 'f': the total is"),
        (
            {("sex", "age"): {("m", "y"): 1, ("f", "y"): None}},
            {},
            r"'sex', 'age'.*, level \('f', 'y'\): the total is None",
        ),
        (pd.DataFrame({"variable": ["sex"], "level": ["m"]}), {}, "has no column 'total'"),
        (pd.DataFrame({"variable": ["sex"], "level": ["m"], "total": [1]}), {"by": "r"}, "has no column 'r'"),
        (
            pd.DataFrame({"variable": "sex", "level": list("mmf"), "total": [1, 2, 3]}),
            {},
            "1 duplicate rows.*level 'm'",
        ),
    ],
)
def test_margins__refuse(margins, options, words):
    refused(words, rake, DATA, margins, **options)


def test_tidy_margins__are_those_of_a_mapping():
    rows = [("p", "sex", "m", 3.0), ("q", "sex", "f", 4.0), ("p", "age", "y", 1.0), ("p", "age", "o", 2.0)]
    rows += [("q", "age", "y", 1.0), ("q", "age", "o", 3.0)]
    table = pd.DataFrame(rows, columns=["r", "variable", "level", "total"])
    by = {"p": {"sex": {"m": 3.0}, "age": {"y": 1.0, "o": 2.0}}, "q": {"sex": {"f": 4.0}, "age": {"y": 1.0, "o": 3.0}}}
    expected = rake(DATA, by, by="r").weight
    np.testing.assert_array_equal(rake(DATA, pl.from_pandas(table), by="r").weight, expected)
    swapped = {label: {k: dict(reversed(part[k].items())) for k in part} for label, part in by.items()}
    np.testing.assert_allclose(rake(DATA, swapped, by="r").weight, expected, rtol=1e-9)
    parsed = Margins.parse(by, "r")
    assert parsed.margin_names == ["sex", "age"]
    np.testing.assert_array_equal(parsed.total, [[np.nan, 3, 1, 2], [4, np.nan, 1, 3]])  # a new first level comes first
    assert [parsed.name(c) for c in range(4)] == [("sex", "f"), ("sex", "m"), ("age", "y"), ("age", "o")]
    crossed = Margins.parse({("sex", "age"): {("m", "y"): 1, ("f", "o"): 2}, "r": {"p": 3}})
    assert [crossed.name(c) for c in range(3)] == [("sex × age", ("m", "y")), ("sex × age", ("f", "o")), ("r", "p")]


# ---- columns ---------------------------------------------------------------------------------------------------------


def test_levels_without_total__are_counted_and_the_nearest_named():
    refused(
        r"4 respondents have sex = 'f', which has no total. Did you mean 'ff'", rake, DATA, {"sex": {"m": 1, "ff": 5}}
    )
    refused(r"2 respondents have sex = 'm'.*Did you mean 'm '", rake, DATA, {"sex": {"m ": 1, "f": 5}})
    numbers = DATA.assign(k=[1, 1, 2, 2, 2, 3])
    refused(r"k = 3.*the data have int, the margins str", rake, numbers, {"k": {1: 1, 2: 1, "3": 4}})
    refused(r"1 respondents have k = 3, which has no total. Add", rake, numbers, {"k": {1: 1, 2: 1}})


def test_crosses_without_total__are_counted_and_the_first_named():
    totals = {("m", "y"): 1, ("m", "o"): 1, ("f", "y"): 3}
    refused(r"2 respondents are in sex × age = \('f', 'o'\), which has no total", rake, DATA, {("sex", "age"): totals})
    refused(r"sex = 'f', which has no total", rake, DATA, {("sex", "age"): {("m", "y"): 1, ("m", "o"): 1}})
    gone = DATA.assign(age=["y", None, "o", "y", None, "y"])
    refused(r"'age' is missing in 2 rows, the first is row 1", rake, gone, {("sex", "age"): {**totals, ("f", "o"): 2}})


def test_partitions_without_totals__are_counted():
    by = {"p": {"sex": {"m": 3, "f": 4}}}
    refused(r"4 respondents have r = 'q', which has no total", rake, DATA, by, by="r")


@pytest.mark.parametrize(
    "column",
    [
        pa.DictionaryArray.from_arrays(pa.array([0, 0, 1, 1, 2, 2]), pa.array(["m", "f", "f"])),  # repeats itself
        pa.DictionaryArray.from_arrays(pa.array([0, 0, 1, 1, 1, 1], pa.int8()), pa.array(["m", "f"])),
        pa.array(list("mmffff")),
    ],
)
def test_arrow_dictionaries__are_labels(column):
    made = rake(pa.table({"sex": column}), {"sex": SEX})
    np.testing.assert_allclose(made.weight, [15.0] * 6)


def test_arrow_dates_and_holes__are_read():
    days = [datetime.date(2020, 1, k) for k in (1, 1, 2, 2, 2, 2)]
    made = rake(pa.table({"d": days}), {"d": {days[0]: 30.0, days[2]: 60.0}})
    np.testing.assert_allclose(made.weight, 15)
    held = pa.DictionaryArray.from_arrays(pa.array([0, None, 1, 1, None, 0]), pa.array(["m", "f"]))
    refused("'sex' is missing in 2 rows, the first is row 1", rake, pa.table({"sex": held}), {"sex": SEX})
    none = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 2, 2, 2]), pa.array(["m", None, "f"]))
    refused("'sex' is missing in 1 rows, the first is row 1", rake, pa.table({"sex": none}), {"sex": SEX})
    flags = pa.table({"t": [True, True, False, False, False, None]})
    refused("'t' is missing in 1 rows, the first is row 5", rake, flags, {"t": {True: 1, False: 2}})


def test_columns__are_found_or_the_nearest_named():
    refused("no column 'sexe'; did you mean 'sex'", rake, DATA, {"sexe": SEX})
    refused("no column 'zzzz'.", rake, pl.from_pandas(DATA), {"zzzz": SEX})
    twice = pd.concat([DATA, DATA[["sex"]]], axis=1)
    refused("2 columns called 'sex'", rake, twice, {"sex": SEX})
    refused("data is a dict, not a table", rake, {"sex": ["m"]}, {"sex": SEX})
    refused("LazyFrame", rake, pl.from_pandas(DATA).lazy(), {"sex": SEX})


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (list("111111"), "6 values are text, the first is '1'"),
        ([1, 2, 3, 4, 5, "6"], "values are text"),
        ([1j] * 6, "not numeric"),
        ([datetime.datetime(2020, 1, 1)] * 6, "not numeric"),
        ([{}] * 6, "not numeric"),
        (np.ones((6, 1)), r"shape \(6, 1\)"),
        (np.ones(5), r"5"),
        (pd.Series(np.ones(6), index=range(1, 7)), "index is not the table's"),
        ([1, 2, -1, np.nan, np.inf, 1], "3 of 6 weights are missing, infinite or negative; the first is -1.0 in row 2"),
        (np.zeros(6), "all 6 weights are zero"),
        (7.0, "float|shape"),
    ],
)
def test_weights__refuse(weight, words):
    refused(words, rake, DATA, {"sex": SEX}, weight=weight)


# ---- what has no respondents or no total -----------------------------------------------------------------------------


def test_levels_without_respondents__are_named():
    refused("'x' has a total of 5 but no respondents with weight", rake, DATA, {"sex": {**SEX, "x": 5}})
    assert rake(DATA, {"sex": {**SEX, "x": 0}}).weight.sum() == pytest.approx(90)
    zero = DATA.assign(w=[0.0, 0, 1, 1, 1, 1])
    refused(
        r"'m' has a total of 30 but no respondents with weight \(1 such levels\)", rake, zero, {"sex": SEX}, weight="w"
    )
    refused("'m' has a total of 0 but respondents of weight 2", rake, DATA, {"sex": {"m": 0, "f": 9}})
    by = {"p": {"sex": {"m": 3.0}}, "q": {"sex": {"f": 4.0, "m": 2.0}}}
    refused("'m' of r 'q' has a total of 2 but no respondents", rake, DATA, by, by="r")
    lacking = {"p": {"age": {"y": 1, "o": 1}}, "q": {"age": {"y": 4}}}
    refused("level 'o' of r 'q' has no total but respondents of weight 2", rake, DATA, lacking, by="r")


# ---- generalized calibration -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("totals", "options", "words"),
    [
        ({}, {}, "non-empty mapping"),
        (5, {}, "non-empty mapping"),
        ({"p": {"z": 1}, "q": 5}, {"by": "r"}, "non-empty mapping"),
        ({"p": {"z": 1}, "q": {"z": {"a": 1}}}, {"by": "r"}, "'z' has levels in one partition and a single total"),
        ({"z": "many"}, {}, "'z' is 'many', which is no number"),
        ({"z": np.inf}, {}, "'z' is inf; totals are finite"),
        ({"sex": 90}, {}, "'sex'.* is not numeric.*give {every level: total}"),
        ({("sex", "age"): 90}, {}, "sex × age' has one total but several columns"),
        ({"z": 90}, {"q": [1, 1, 1, 1, 1, 0]}, "one finite factor above 0"),
        ({"z": 90}, {"q": [1, 1, 1, 1, 1, np.inf]}, "one finite factor above 0"),
        ({"sex": SEX}, {"cluster": [1, 1, 2, 2, 2, None]}, "1 rows have none"),
        (
            {"sex": SEX},
            {"cluster": list("aabbbc"), "weight": [1, 1, 1, 1, 2, 1]},
            "initial weights differ inside 1 clusters, the first is 'b'",
        ),
        ({"z": 90}, {"cluster": [1, 1, 2, 2, 2, 3], "q": [1, 2, 1, 1, 1, 1]}, "scale factors differ inside 1 clusters"),
        (
            {"p": {"z": 5}, "q": {"z": 9}},
            {"by": "r", "cluster": [1, 1, 1, 2, 2, 2]},
            "partitions differ inside 1 clusters",
        ),
        ({"z": 90}, {"covariance": np.ones((2, 2))}, r"shape \(2, 2\); these are 1 totals"),
        ({"z": 90}, {"covariance": [[np.nan]]}, "must be finite, symmetric"),
        ({"z": 90}, {"covariance": [[-1.0]]}, "positive semidefinite"),
        ({"sex": SEX}, {"covariance": [[1.0, 0.5], [0.4, 1.0]]}, "must be finite, symmetric"),
        ({"p": {"z": 5}, "q": {"z": 9}}, {"by": "r", "covariance": {"p": [[1.0]]}}, "no numeric matrix for r 'q'"),
    ],
)
def test_calibrate__refuses(totals, options, words):
    refused(words, calibrate, DATA, totals, **options)


def test_calibrate__refuses_holes_in_numeric_variables():
    refused(
        "'z' is missing or infinite in 2 of 6 rows, the first is row 1",
        calibrate,
        DATA.assign(z=[1, np.nan, 3, np.inf, 5, 6]),
        {"z": 9},
    )
    refused("one entry", poststratify, DATA, {"sex": SEX, "age": AGE})
    refused("a numeric total is calibrate's", poststratify, DATA, {"z": 9})


def test_calibrate__warns_of_negative_weights_and_how_many():
    with pytest.warns(SurveysimWarning, match="1 of 3 calibrated weights are negative"):
        made = calibrate(pd.DataFrame({"z": [0.0, 1, 4]}), {"z": -1.0})
    assert made.weight.round(12).tolist() == [1, pytest.approx(1 - 6 / 17), pytest.approx(1 - 24 / 17)]
    zero = calibrate(pd.DataFrame({"z": [0.0, 1]}), {"z": 0.0})
    assert zero.weight.tolist() == [1, 0]  # a weight of 0 is not negative, and warned of by nobody


def test_factors__by_hand():
    """One x: g = 1 + x λ with λ = (10 - Σ w x) / Σ w x²; raking: Σ w x exp(x λ) = 10."""
    x, w = np.array([[1.0], [2.0], [2.0]]), np.array([1.0, 2.0, 0.5])
    lam = (10 - 6) / (1 + 8 + 2)
    np.testing.assert_allclose(factors(x, w, [10.0], ["x"]), 1 + lam * x[:, 0], rtol=1e-9)
    g = factors(x, w, [10.0], ["x"], "raking")
    assert w @ (g * x[:, 0]) == pytest.approx(10)
    assert g[1] == pytest.approx(g[0] ** 2, rel=1e-9)
    assert factors(x, w, [10.0], ["x"], bounds=(0.5, 1.7)).max() <= 1.7


# ---- diagnosis -------------------------------------------------------------------------------------------------------


def test_diagnose__a_calibration_brings_its_base():
    made = rake(DATA.assign(w=[1.0, 2, 1, 2, 1, 2]), {"sex": SEX}, weight="w")
    found = diagnose(DATA, made, {"sex": SEX})
    np.testing.assert_allclose([found.facts["g_smallest"], found.facts["g_largest"]], [10, 10])
    assert found.margins["before"].tolist() == pytest.approx([100 / 3, 200 / 3])
    assert found.margins["gap"].abs().max() < 1e-9
    other = diagnose(DATA, made, base=np.full(6, 5.0))
    np.testing.assert_allclose([other.facts["g_smallest"], other.facts["g_largest"]], [2, 4])
    assert len(other.margins) == 0
    refused("all 6 weights are zero", diagnose, DATA, np.zeros(6))


def test_diagnose__completes_what_is_missing():
    holes = DATA.assign(sex=["m", None, "f", "f", None, "f"])
    found = diagnose(holes, [1.0, 2, 3, 4, 5, 6], {"sex": {"m": 1, "f": 3}}, missing="drop").margins
    assert found["after"].tolist() == pytest.approx([100 / 14, 1300 / 14])
    assert found["target"].tolist() == [25, 75]
    level = diagnose(holes, [1.0, 2, 3, 4, 5, 6], {"sex": {"m": 1, "f": 3}}, missing="level").margins
    assert level["target"].tolist() == pytest.approx([25 * 14 / 21, 75 * 14 / 21, 100 / 3])
    assert level["respondents"].tolist() == [1, 3, 2]
    refused("missing in 2 rows", diagnose, holes, np.ones(6), {"sex": {"m": 1, "f": 3}})


def test_diagnose__counts_extremes_and_the_heaviest():
    w = np.r_[np.ones(198), 4.0, 4.5, 0.0]
    facts = diagnose(pd.DataFrame({"a": np.zeros(201)}), w).facts
    assert (facts["respondents"], facts["without_weight"], facts["extreme"]) == (200, 1, int((w > 5).sum()))
    total = w.sum()
    assert facts["share_largest"] == pytest.approx(100 * 4.5 / total)
    assert facts["share_top_1"] == pytest.approx(100 * 8.5 / total)
    mean = total / 200
    cv = np.sqrt(np.mean((w[:200] - mean) ** 2)) / mean
    assert facts["cv"] == pytest.approx(cv)
    assert facts["deff_kish"] == pytest.approx(1 + cv**2)
    assert facts["effective_n"] == pytest.approx(200 / (1 + cv**2))
    one = diagnose(pd.DataFrame({"a": [0, 0]}), [3.0, 1.0])
    assert one.facts["share_top_1"] == 75
    assert one.extremes[["row", "over_median", "share"]].values.tolist() == [[0, 1.5, 75], [1, 0.5, 25]]


# ---- missing values --------------------------------------------------------------------------------------------------


def test_missing__refuses():
    gone = DATA.assign(sex=None, age=["y", None, "o", "(missing)", "o", "y"])
    refused("missing = 'impute'", rake, DATA, {"sex": SEX}, missing="impute")
    refused("every row misses a raking variable", rake, gone, {"sex": SEX}, missing="drop")
    refused(r"'age' has a level '\(missing\)' already", rake, gone, {"age": {**AGE, "(missing)": 3}}, missing="level")


def test_trim_and_bounds__of_settings():
    for trim in (5, (1, 2), (0.5, 1), (-0.1, 2), ("a", 2), (0.5, 2, 3)):
        refused("trim|least", rake, DATA, {"sex": SEX}, trim=trim)
    same = rake(DATA, {"sex": SEX}, trim=(0.2, 3))
    np.testing.assert_array_equal(same.weight, rake(DATA, {"sex": SEX}).weight)
    more = pd.concat([DATA] * 5, ignore_index=True)
    with pytest.raises(CalibrationError):
        rake(more, {"sex": {"m": 80.0, "f": 10.0}}, trim=(None, 2.0))
    with pytest.raises(DataError):
        rake(DATA[:0], {"sex": SEX})
