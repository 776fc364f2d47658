"""Edges of the performance measures: few repetitions, bounds that touch the truth, comparisons, and what is refused."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

import surveysim as ss
from surveysim import DataError, SurveysimWarning
from surveysim.judging import bootstrap_coverage, compare, repetitions_needed
from surveysim.judging.measures import (
    correlation,
    extrapolated,
    mean_of,
    measure,
    median_of,
    needed,
    paired,
    precision_gain,
)

NAN = np.nan
B = np.array([1.0, 2.0, 4.0, 7.0])
ONE = np.ones(4)


def same(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


# ---- few repetitions -------------------------------------------------------------------------------------------------


def test_two_repetitions__have_a_spread_but_no_jackknife():
    found = measure(np.array([1.0, 3.0]), np.array([1.0, 2.0]), 1.0)
    same(found["empse"], (np.sqrt(2), np.sqrt(2) / np.sqrt(2)))
    same(found["bias"], (1.0, 1.0))
    same(found["rmse"], (np.sqrt(2), NAN))
    same(found["modelse"], (np.sqrt(2.5), np.sqrt(4.5 / (4 * 2 * 2.5))))
    inside = 4.5 / (4 * 2 * 2.5**2)
    ratio = np.sqrt(2.5) / np.sqrt(2)
    same(found["relerror"], (100 * (ratio - 1), 100 * ratio * np.sqrt(inside + 1 / 2)))
    assert "relvar" not in found


def test_three_repetitions__have_a_jackknife():
    found = measure(np.array([1.0, 3.0, 8.0]), np.array([1.0, 2.0, 3.0]), 1.0)
    without = np.array([np.mean([4, 49]), np.mean([0, 49]), np.mean([0, 4])])
    mse = np.mean([0, 4, 49])
    same(found["rmse"], (np.sqrt(mse), np.sqrt(2 / 3 * np.sum((np.sqrt(without) - np.sqrt(mse)) ** 2))))
    rest = np.array([13 / 2 / 12.5, 10 / 2 / 24.5, 5 / 2 / 2])
    whole = 14 / 3 / np.var([1, 3, 8], ddof=1)
    same(found["relvar"], (whole, np.sqrt(2 / 3 * np.sum((rest - whole) ** 2))))


def test_one_repetition__has_values_alone():
    found = measure(np.array([3.0]), np.array([2.0]), 1.0, power=True)
    same(found["empse"], (NAN, NAN))
    same(found["modelse"], (2.0, NAN))
    same(found["thetamedian"], (3.0, NAN))
    same(found["rmse"], (2.0, NAN))
    assert "relerror" not in found
    assert found["nsim"][0] == 1


def test_no_repetition__is_counted():
    assert measure(np.array([NAN]), ONE[:1], 1.0).keys() == {"nsim", "n_missing"}
    assert measure(np.array([NAN, NAN]), None, 1.0)["n_missing"][0] == 2
    same(mean_of(np.array([])), (NAN, NAN))
    same(median_of(np.array([])), (NAN, NAN))
    same(median_of(np.array([2.0, 4.0])), (3.0, 1.0))


def test_estimates_that_are_all_alike__have_no_ratio():
    found = measure(np.full(4, 2.0), ONE, 1.0)
    assert found["empse"][0] == 0
    assert not {"relerror", "relvar"} & found.keys()
    flat = measure(B, np.zeros(4), 1.0)
    assert flat["modelse"] == (0.0, 0.0)
    same(flat["relerror"], (-100.0, 0.0))


def test_missing__leaves_the_repetition_out_wherever_it_is():
    columns = {"se": ONE.copy(), "lower": B - 1, "upper": B + 1, "df": np.full(4, 5.0)}
    for name in columns:
        broken = {key: values.copy() for key, values in columns.items()}
        broken[name][1] = NAN
        found = measure(B, true=1.0, **broken)
        assert (found["nsim"][0], found["n_missing"][0]) == (3, 1)
        assert found["thetamean"][0] == 4
    assert measure(B, ONE, 1.0, df=np.array([np.inf, 5, 5, 5]))["nsim"][0] == 4


def test_deff__is_averaged_where_there_is_one():
    same(measure(B, ONE, 1.0, deff=np.array([1.0, NAN, 3.0, 2.0]))["deff"], (2.0, 1 / np.sqrt(3)))


def test_rbias__needs_a_true_value_other_than_0():
    same(measure(B, ONE, np.array([1.0, 2.0, 0.0, 5.0]))["rbias"], (NAN, NAN))
    same(measure(B, ONE, np.array([-1.0, 2.0, 2.0, 5.0]))["rbias"][0], np.mean([-2, 0, 1, 0.4]))


# ---- bounds that touch -----------------------------------------------------------------------------------------------


def test_cover__counts_bounds_that_touch_and_power_estimates_on_the_edge():
    found = measure(B, None, 2.0, lower=np.array([0.0, 2.0, 2.1, 0.0]), upper=np.array([2.0, 3.0, 9.0, 1.9]))
    assert found["cover"][0] == 0.5
    touching = measure(np.array([1.0, 3.0]), None, 0.0, lower=np.array([2.0, -5.0]), upper=np.array([9.0, 2.0]))
    assert touching["becover"][0] == 1.0
    z = stats.norm.ppf(0.95)
    assert measure(np.array([z, -z, 1.0]), ONE[:3], 0.0, level=0.9, power=True)["power"][0] == pytest.approx(2 / 3)


def test_paired_cover__counts_bounds_that_touch():
    first = (B, None, np.array([5.0, 0.0, 6.0, 6.0]), np.array([9.0, 5.0, 9.0, 9.0]))
    second = (B + np.eye(4)[1], None, np.full(4, 7.0), np.full(4, 9.0))
    found, _, n = paired(first, second, 5.0)
    assert n == 4
    same(found["cover"], (0.5, np.std([1, 1, 0, 0], ddof=1) / 2))
    same(found["ciwidth"][0], np.mean([4, 5, 3, 3]) - 2)


def test_paired__needs_three_and_leaves_out_what_either_lacks():
    broken = ONE.copy()
    broken[0] = NAN
    for first, second in [
        ((B * broken, ONE, None, None), (B, ONE, None, None)),
        ((B, ONE, None, None), (B, broken, None, None)),
    ]:
        found, _, n = paired(first, second, 1.0)
        assert n == 3
        assert found.keys() == {"bias", "mse", "varratio"}
    found, r, n = paired((B[:2], None, None, None), (B[:2], None, None, None), 1.0)
    assert (found, n) == ({}, 2)
    assert np.isnan(r)
    assert "varratio" not in paired((B, None, None, None), (ONE, None, None, None), 1.0)[0]


def test_paired__by_hand():
    a, b, true = B, np.array([2.0, 2.0, 3.0, 5.0]), np.array([1.0, 2.0, 3.0, 4.0])
    found, r, _ = paired((a, None, None, None), (b, None, None, None), true)
    rho = np.corrcoef(a, b)[0, 1]
    assert r == pytest.approx(rho, rel=1e-12)
    ratio = a.var(ddof=1) / b.var(ddof=1)
    same(found["varratio"], (ratio, 2 * ratio * np.sqrt((1 - rho**2) / 3)))
    differences = (a - true) ** 2 - (b - true) ** 2
    same(found["mse"], (differences.mean(), differences.std(ddof=1) / 2))


def test_precision_gain__needs_three_repetitions_in_common_and_spread():
    ids = np.arange(4)
    assert np.isnan(precision_gain(B, B, ids, ids + 2)).all()
    assert np.isfinite(precision_gain(B, B * 2, ids, ids + 1)).all()
    assert np.isnan(precision_gain(ONE, B, ids, ids)).all()
    same(precision_gain(B, B * 2, ids, ids), (300.0, 0.0))
    assert np.isnan(correlation(ONE, B))
    assert correlation(-B, B) == pytest.approx(-1)


# ---- how many repetitions --------------------------------------------------------------------------------------------


def test_needed__falls_with_the_square_and_rounds_up():
    same(needed(100, np.array([2.0, 1.001, NAN]), 1.0), [400, 101, NAN])
    assert needed(10, 3.0, 1.0) == 90  # not 91 for the rounding of a float
    for target in (0, -1, NAN):
        with pytest.raises(DataError, match="above 0"):
            needed(10, 1.0, target)


def test_repetitions_needed__by_group_and_measure():
    runs = pd.DataFrame({"method": list("aaabbb"), "estimate": [1.0, 2, 3, 1, 4, 7], "se": 1.0})
    table = ss.performance(runs, 2.0, by="method")
    found = repetitions_needed(table, {"bias": 0.1, "nsim": 1})
    assert found.columns.tolist() == ["method", "measure", "value", "mcse", "nsim", "target", "needed"]
    assert found[["method", "value", "nsim", "target", "needed"]].values.tolist() == [
        ["a", 0.0, 3.0, 0.1, 100.0],
        ["b", 2.0, 3.0, 0.1, 900.0],
    ]
    every = repetitions_needed(table, 0.1)
    assert {"bias", "mse", "cover"} <= set(every["measure"])
    assert "nsim" not in set(every["measure"])
    with pytest.raises(DataError, match="'bais' is no measure"):
        repetitions_needed(table, {"bais": 0.1})


# ---- bootstrap intervals ---------------------------------------------------------------------------------------------

BOOT = pd.DataFrame(
    {
        "rep": [2, 2, 2, 1, 1, 1],
        "bootstraps": [50, 100, 25, 25, 100, 50],
        "lower": [0.0, 1, 2, 1, 0, 0],
        "upper": [2.0, 4, 5, 2, 1.5, 3],
    }
)


@pytest.mark.parametrize("target", [np.inf, 200])
def test_bootstrap_coverage__is_the_line_in_one_over_the_number(target):
    found = bootstrap_coverage(BOOT, 2.0, target=target).set_index(["bootstraps", "measure"])
    cover = {25.0: [1, 1], 50.0: [1, 1], 100.0: [1, 0]}  # bounds that touch the truth hold it
    for count, flags in cover.items():
        same(found.loc[(count, "cover")], mean_of(np.array(flags, dtype=float)))
    same(found.loc[(50.0, "ciwidth"), "value"], 2.5)
    lines = [np.polyval(np.polyfit([1 / 25, 1 / 50, 1 / 100], y, 1), 1 / target) for y in ([1, 1, 1], [1, 1, 0])]
    np.testing.assert_allclose(found.loc[(target, "cover")], mean_of(np.array(lines)), rtol=1e-9)


def test_bootstrap_coverage__refuses():
    with pytest.raises(DataError, match="some are missing"):
        bootstrap_coverage(BOOT[:5], 2.0)
    with pytest.raises(DataError, match="some are missing"):
        bootstrap_coverage(BOOT.assign(upper=[NAN, *BOOT["upper"][1:]]), 2.0)
    with pytest.raises(DataError, match="some are missing"):
        bootstrap_coverage(BOOT.assign(lower=[NAN, *BOOT["lower"][1:]]), 2.0)
    with pytest.raises(DataError, match="no column 'upper'"):
        bootstrap_coverage(BOOT.drop(columns="upper"), 2.0)
    with pytest.raises(DataError, match="two different"):
        extrapolated(np.ones((3, 2)), [50, 50])


# ---- comparisons -----------------------------------------------------------------------------------------------------

RUNS = pd.DataFrame(
    {
        "rep": [1, 2, 3, 4] * 2,
        "method": ["plain"] * 4 + ["raked"] * 4,
        "estimate": [*B, 2.0, 2.0, 3.0, 5.0],
        "se": [1.0, 2, 1, 3, 0.5, 1, 1, 2],
        "nu": [3.0, 4, 5, 6, 7, 8, 9, 10],
    }
)


@pytest.mark.parametrize("df", [None, 4, "nu"])
@pytest.mark.parametrize("level", [0.95, 0.5])
def test_compare__takes_t_intervals_of_its_degrees_and_level(df, level):
    found = compare(RUNS, 3.0, "plain", df=df, level=level)
    assert found["reference"].unique().tolist() == ["plain"]
    assert found["method"].unique().tolist() == ["raked"]
    nu = np.inf if df is None else RUNS["nu"].to_numpy() if df == "nu" else 4.0
    half = stats.t.ppf((1 + level) / 2, nu) * RUNS["se"].to_numpy()
    width, value = 2 * half, found.set_index("measure")["value"]
    hold = np.abs(RUNS["estimate"].to_numpy() - 3) <= half
    same(value["ciwidth"], np.mean(width[4:] - width[:4]))
    same(value["cover"], np.mean(hold[4:].astype(float) - hold[:4]))
    same(found["correlation"], np.corrcoef(B, [2, 2, 3, 5])[0, 1])
    assert (found["pairs"] == 4).all()


def test_compare__wide_is_long():
    wide = RUNS.pivot(index="rep", columns="method", values=["estimate", "se"])
    wide.columns = [f"{kind}_{method}" for kind, method in wide.columns]
    wide = wide.reset_index().assign(place="x")
    columns = {kind: {m: f"{kind}_{m}" for m in ("plain", "raked")} for kind in ("estimate", "se")}
    expected = compare(RUNS, 3.0, "plain")
    pd.testing.assert_frame_equal(compare(wide, 3.0, "plain", **columns), expected)
    inner = compare(wide, 3.0, "plain", by="place", **columns)
    pd.testing.assert_frame_equal(inner.drop(columns="place"), expected)
    found = compare(pl.from_pandas(wide), 3.0, "plain", **columns)
    assert isinstance(found, pl.DataFrame)
    pd.testing.assert_frame_equal(found.to_pandas(), expected)


def test_compare__without_errors_and_with_bounds():
    assert set(compare(RUNS, 3.0, "plain", se=None)["measure"]) == {"bias", "mse", "varratio"}
    given = RUNS.assign(low=RUNS["estimate"] - 1, high=RUNS["estimate"] + np.arange(8))
    found = compare(given, 3.0, "plain", lower="low", upper="high").set_index("measure")["value"]
    assert found["ciwidth"] == pytest.approx(4)
    assert compare(RUNS.rename(columns={"rep": "turn"}), 3.0, "plain", repetition="turn").equals(
        compare(RUNS, 3.0, "plain")
    )


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({}, {"level": 1}, "level = 1"),
        ({}, {"level": 0}, "level = 0"),
        ({}, {"level": True}, "level = True"),
        ({}, {"lower": "se"}, "come together"),
        ({"se": -1.0}, {}, "8 standard errors are negative"),
        ({"low": 2.0, "high": 1.0}, {"lower": "low", "upper": "high"}, "in 8 rows the lower bound is above"),
        ({"truth": NAN}, {"true": "truth"}, "missing in 8 rows"),
        ({"rep": 1}, {}, "occurs twice"),
        ({}, {"repetition": "turn"}, "no column 'turn'"),
        ({}, {"reference": "best"}, "no value of 'method'; there are plain, raked"),
        ({}, {"estimate": True}, "give a column's name"),
        ({"estimate": np.inf}, {}, "8 infinite values, the first in row 0"),
    ],
)
def test_compare__refuses(change, options, words):
    with pytest.raises(DataError, match=words):
        compare(RUNS.assign(**change), **{"true": 3.0, "reference": "plain", **options})


def test_compare__needs_to_know_the_repetitions():
    with pytest.raises(DataError, match="name their column by repetition="):
        compare(RUNS.drop(columns="rep"), 3.0, "plain")


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({}, {"level": 1.0}, "level = 1.0"),
        ({}, {"level": 0}, "level = 0"),
        ({}, {"df": 0}, "degrees of freedom have to be above 0"),
        ({"truth": [1.0, NAN] * 4}, {"true": "truth"}, "missing in 4 rows"),
        ({"low": 2.0, "high": 1.0}, {"lower": "low", "upper": "high"}, "in 8 rows the lower bound is above"),
        ({}, {"by": ["method", "place"]}, "no column 'place'"),
        ({}, {"se": 1j}, "se = 1j: give a column's name"),
        ({}, {"true": True}, "true = True: give a column's name or a number"),
        ({}, {"upper": "se"}, "come together"),
    ],
)
def test_performance__refuses(change, options, words):
    with pytest.raises(DataError, match=words):
        ss.performance(RUNS.assign(**change), **{"true": 3.0, "by": "method", **options})


def test_performance__takes_what_is_on_the_edge():
    value = ss.performance(RUNS.assign(low=3.0, high=3.0), 3.0, by="method", lower="low", upper="high", se=None)
    assert value.set_index(["method", "measure"]).loc[("plain", "cover"), "value"] == 1
    assert len(ss.performance(RUNS.assign(se=0.0), 3, by="method", df=0.5)) > 0
    assert len(ss.performance(RUNS, np.float32(3), by="method", df=np.inf)) > 0


def test_performance__refuses_what_is_no_table():
    with pytest.raises(DataError, match="the table is a list; give a pandas, polars or pyarrow table"):
        ss.performance([1.0, 2.0], 1.0)


def test_performance__says_where_repetitions_occur_twice():
    with pytest.warns(SurveysimWarning, match="more than once"):
        ss.performance(RUNS, 3.0)
    ss.performance(RUNS, 3.0, by="method")  # a warning would be an error here
    ss.performance(RUNS, 3.0, by=["method", "rep"])
    ss.performance(RUNS.rename(columns={"rep": "i"}), 3.0)  # any table may have a column i


def test_groups__keep_the_order_they_appear_in_whatever_the_order_of_rows():
    mixed = RUNS.iloc[[4, 0, 5, 1, 6, 2, 7, 3]]
    found = ss.performance(mixed, 3.0, by="method", reference="plain")
    assert found["method"].unique().tolist() == ["raked", "plain"]
    expected = ss.performance(RUNS, 3.0, by="method", reference="plain").set_index(["method", "measure"])
    pd.testing.assert_frame_equal(found.set_index(["method", "measure"]).loc[expected.index], expected)


def test_reference__counts_repetitions_that_both_have():
    broken = RUNS.copy()
    broken.loc[1, "estimate"] = NAN
    broken.loc[6, "se"] = NAN
    found = ss.performance(broken, 3.0, by="method", reference="plain").set_index(["method", "measure"])
    assert np.isnan(found.loc[("raked", "relprec"), "value"])  # 1 and 4 alone
    bare = ss.performance(broken, 3.0, by="method", reference="plain", se=None).set_index(["method", "measure"])
    ratio = (B[[0, 2, 3]].std(ddof=1) / RUNS["estimate"][4:].std(ddof=1)) ** 2
    assert bare.loc[("raked", "relprec"), "value"] == pytest.approx(100 * (ratio - 1))
