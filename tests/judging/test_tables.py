"""Performance measures: by hand, by brute force, and what they refuse."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import stats

import surveysim as ss
from surveysim import DataError, SurveysimWarning
from surveysim.errors import SurveysimError
from surveysim.judging import bootstrap_coverage, compare, repetitions_needed
from surveysim.judging.measures import measure, median_of, paired

THREE = pd.DataFrame({"rep": [1, 2, 3], "estimate": [70.0, 80.0, 90.0], "se": [1.0, 5.0, 3.0]})


def values(table):
    return table.set_index("measure")["value"], table.set_index("measure")["mcse"]


def test_performance__by_hand():
    value, mcse = values(ss.performance(THREE, 79.0))
    assert value["nsim"] == 3
    assert value["thetamean"] == pytest.approx(80)
    assert value["bias"] == pytest.approx(1)
    assert value["rbias"] == pytest.approx(1 / 79)
    assert value["empse"] == pytest.approx(10)
    assert mcse["bias"] == pytest.approx(10 / np.sqrt(3))
    assert mcse["empse"] == pytest.approx(5)
    assert value["mse"] == pytest.approx((81 + 1 + 121) / 3)
    assert value["modelse"] == pytest.approx(np.sqrt((1 + 25 + 9) / 3))
    assert value["cover"] == pytest.approx(1 / 3)  # 80 ± 9.8 alone
    assert mcse["cover"] == pytest.approx(np.sqrt(2) / 3 / np.sqrt(3))
    assert value["ciwidth"] == pytest.approx(2 * 1.959963984540054 * 3)


def brute_jackknife(function, *columns):
    n = len(columns[0])
    without = np.array([function(*(np.delete(c, i) for c in columns)) for i in range(n)])
    return np.sqrt((n - 1) / n * np.sum((without - function(*columns)) ** 2))


def test_jackknife_errors__equal_leaving_one_out():
    rng = np.random.default_rng(3)
    b, se = rng.normal(2, 1, 40), rng.gamma(50, 1 / 50, 40)
    found = measure(b, se, 1.8)
    rmse = brute_jackknife(lambda x: np.sqrt(np.mean((x - 1.8) ** 2)), b)
    assert found["rmse"][1] == pytest.approx(rmse, rel=1e-10)
    relvar = brute_jackknife(lambda x, s: np.mean(s**2) / x.var(ddof=1), b, se)
    assert found["relvar"][1] == pytest.approx(relvar, rel=1e-10)


@pytest.mark.statistical
def test_monte_carlo_errors__are_the_spread_over_studies():
    """2,000 studies of 200 normal estimates: every stated error within 10 % of the spread of its measure (their own error is 1.6 %)."""
    rng = np.random.default_rng(8)
    names = (
        "bias",
        "empse",
        "mse",
        "rmse",
        "modelse",
        "relerror",
        "relvar",
        "cover",
        "becover",
        "ciwidth",
        "thetamedian",
    )
    found = []
    for _ in range(2000):
        b, v = rng.normal(0.1, 1, 200), rng.gamma(20, 1 / 20, 200)
        one = measure(b, np.sqrt(v), 0.0)
        found.append([one[name] for name in names])
    found = np.array(found)
    ratio = found[..., 1].mean(axis=0) / found[..., 0].std(axis=0, ddof=1)
    for name, r in zip(names, ratio, strict=True):
        assert r == pytest.approx(1, abs=0.10), name


@pytest.mark.statistical
def test_paired_errors__are_the_spread_over_studies():
    rng = np.random.default_rng(9)
    found = []
    for _ in range(2000):
        z, e = rng.normal(0, 1, 200), rng.normal(0, 1, 200)
        a, b = z, 0.8 * z + 0.5 * e
        bounds = [(x, None, x - 1.8, x + 1.8) for x in (a, b)]
        one, r, n = paired(*bounds, 0.0)
        found.append([one[name] for name in ("bias", "mse", "varratio", "cover")])
        assert n == 200
    found = np.array(found)
    ratio = found[..., 1].mean(axis=0) / found[..., 0].std(axis=0, ddof=1)
    np.testing.assert_allclose(ratio, 1, atol=0.10)
    assert r == pytest.approx(0.85, abs=0.1)


def test_missing_rows__leave_their_method_and_are_counted():
    runs = pd.concat([THREE.assign(method=m) for m in ("a", "b")], ignore_index=True)
    runs.loc[4, "se"] = np.nan
    runs.loc[5, "estimate"] = np.nan
    table = ss.performance(runs, 79.0, by="method").set_index(["method", "measure"])["value"]
    assert table["a", "nsim"] == 3
    assert table["b", "nsim"] == 1
    assert table["b", "n_missing"] == 2
    assert table["b", "thetamean"] == 70


def test_wide_shape__is_that_of_simsum():
    rng = np.random.default_rng(1)
    wide = pd.DataFrame(rng.normal(5, 1, (50, 2)), columns=["b1", "b2"]).assign(s1=1.0, s2=1.1, i=range(50))
    long = pd.concat(
        [wide[["i", "b1", "s1"]].set_axis(["i", "estimate", "se"], axis=1).assign(method="one"),
         wide[["i", "b2", "s2"]].set_axis(["i", "estimate", "se"], axis=1).assign(method="two")]
    )  # fmt: skip
    given = {"estimate": {"one": "b1", "two": "b2"}, "se": {"one": "s1", "two": "s2"}}
    found = ss.performance(wide, 5.0, reference="one", **given)
    pd.testing.assert_frame_equal(found, ss.performance(long, 5.0, by="method", reference="one"))


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_table__comes_back_in_the_callers_kind_and_is_not_modified(kind):
    make = {"pandas": lambda t: t.copy(), "polars": pl.from_pandas, "pyarrow": pa.Table.from_pandas}[kind]
    table = make(THREE)
    found = ss.performance(table, 79.0)
    assert type(found) is type(table)
    back = found if kind == "pandas" else found.to_pandas()
    pd.testing.assert_frame_equal(back, ss.performance(THREE, 79.0), check_dtype=False)
    assert table.equals(make(THREE))


def test_given_intervals__are_the_ones_that_are_judged():
    runs = THREE.assign(low=[60.0, 79.5, 78.0], high=[80.0, 90.0, 95.0])
    value, _ = values(ss.performance(runs, 79.0, lower="low", upper="high"))
    assert value["cover"] == pytest.approx(2 / 3)
    assert value["ciwidth"] == pytest.approx((20 + 10.5 + 17) / 3)


def test_compare__pairs_repetitions():
    runs = pd.concat([THREE.assign(method="a"), THREE.assign(method="b", estimate=[71.0, 80.0, 92.0]).iloc[::-1]])
    table = compare(runs, 79.0, "a").set_index("measure")
    assert table.loc["bias", "value"] == pytest.approx(1)
    assert table.loc["bias", "mcse"] == pytest.approx(1 / np.sqrt(3))
    assert table.loc["bias", "pairs"] == 3


def test_repetitions_needed__bring_the_error_down():
    table = ss.performance(THREE, 79.0)
    need = repetitions_needed(table, {"bias": 1.0}).iloc[0]
    assert need["needed"] == 100  # 3 × (10 / √3)²


def test_median__has_the_order_statistics_error():
    value, error = median_of(np.arange(1.0, 101.0))
    assert value == 50.5
    assert error == pytest.approx(5.0, abs=0.6)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({}, {"estimate": "estimat"}, "no column 'estimat'"),
        ({"estimate": ["a", "b", "c"]}, {}, "estimate 'estimate' is not numeric"),
        ({"estimate": [1.0, np.inf, 2.0]}, {}, "1 infinite values, the first in row 1"),
        ({"se": [1.0, -1.0, 2.0]}, {}, "1 standard errors are negative"),
        ({}, {"level": 95}, "level = 95"),
        ({}, {"lower": "se"}, "come together"),
        ({}, {"reference": "a"}, "reference needs by="),
        ({"m": ["a", "b", "b"]}, {"by": "m", "reference": "c"}, "no value of 'm'; there are a, b"),
        ({"m": ["a", "b", "b"], "rep": [1, 1, 1]}, {"by": "m", "reference": "a"}, "occurs twice"),
        ({"m": ["a", None, "b"]}, {"by": "m"}, "missing values"),
        ({}, {"estimate": {"a": "estimate"}, "se": {"b": "se"}}, "the same methods"),
    ],
)
def test_bad_input__is_named(change, options, words):
    with pytest.raises(DataError, match=words):
        ss.performance(THREE.assign(**change), 79.0, **options)


def test_one_repetition__has_no_errors_and_no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, mcse = values(ss.performance(THREE.iloc[:1], 79.0))
    assert value["bias"] == -9
    assert np.isnan(mcse["bias"])
    assert np.isnan(value["empse"])


def power_of(estimate, se, df=None, level=0.95):
    """Share of |estimate| of at least t (or z) se, and its binomial error; row by row."""
    hits = []
    for k, (b, s) in enumerate(zip(estimate, se, strict=True)):
        nu = np.inf if df is None else df[k]
        quantile = stats.norm.ppf((1 + level) / 2) if np.isinf(nu) else stats.t.ppf((1 + level) / 2, nu)
        hits.append(abs(b) >= quantile * s)
    p = np.mean(hits)
    return p, np.sqrt(p * (1 - p) / len(hits))


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_power__takes_the_quantile_of_the_intervals(level):
    """With 1 to 4 degrees of freedom t is far from z: 12.7 against 2 at 95 %."""
    rng = np.random.default_rng(5)
    runs = pd.DataFrame({"estimate": rng.normal(0, 4, 300), "se": rng.gamma(9, 1 / 9, 300)})
    runs["df"] = rng.choice([1.0, 2.0, 4.0, np.inf], 300)
    for df, degrees in (
        (None, None),
        (2, np.full(300, 2.0)),
        (2.5, np.full(300, 2.5)),
        ("df", runs["df"]),
        (np.inf, None),
    ):
        value, mcse = values(ss.performance(runs, 0.0, df=df, level=level, power=True))
        wanted = power_of(runs["estimate"], runs["se"], degrees, level)
        np.testing.assert_allclose([value["power"], mcse["power"]], wanted, rtol=1e-12)
        assert value["power"] == pytest.approx(
            1 - value["cover"]
        )  # 0 is the true value, so that tests and intervals are one
    assert (
        values(ss.performance(runs, 0.0, df=1, power=True))[0]["power"]
        < 0.5 * power_of(runs["estimate"], runs["se"])[0]
    )


def test_power__of_given_intervals_without_errors_is_that_they_leave_out_0():
    runs = pd.DataFrame(
        {"estimate": [1.0, 2.0, -3.0, 4.0], "low": [-1.0, 0.0, -5.0, 1.0], "high": [2.0, 3.0, -1.0, 6.0]}
    )
    value, mcse = values(ss.performance(runs, 1.0, se=None, lower="low", upper="high", power=True))
    assert value["power"] == 0.5
    assert mcse["power"] == 0.25


def test_power__of_an_estimate_of_0_without_error_is_none():
    runs = pd.DataFrame({"estimate": [0.0, 0.0, 1.0], "se": [0.0, 1.0, 0.0]})
    value, _ = values(ss.performance(runs, 0.0, power=True))
    assert value["power"] == pytest.approx(1 / 3)
    assert value["cover"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 30])
@pytest.mark.parametrize("constant", [0.0, 0.1, 7.3e10])
def test_constant_estimates__have_no_spread_not_even_of_rounding(n, constant):
    runs = pd.DataFrame({"estimate": np.full(n, constant), "se": np.full(n, 0.3)})
    table = ss.performance(runs, constant, power=True).set_index("measure")
    if n > 1:
        assert table.loc["empse", "value"] == 0
        assert table.loc["thetamean", "mcse"] == 0
        assert table.loc["se2mean", "mcse"] == 0
    assert "relerror" not in table.index
    assert np.isfinite(table.loc["cover", "value"])
    assert np.isnan(table.loc["rbias", "value"]) == (constant == 0)


def test_relative_variance__has_no_error_where_all_but_one_estimate_are_alike():
    runs = pd.DataFrame({"estimate": [0.1] * 6 + [0.7], "se": [0.3] * 7})
    table = ss.performance(runs, 0.0).set_index("measure")
    assert np.isfinite(table.loc["relvar", "value"])
    assert np.isnan(table.loc["relvar", "mcse"])


@pytest.mark.parametrize("seed", range(12))
def test_errors__are_numbers_or_missing_whatever_the_runs(seed):
    """Errors of 0, rows without estimate or error, few repetitions, own degrees of freedom: no warning, no infinity."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 12))
    runs = pd.DataFrame(
        {"estimate": rng.integers(-1, 2, n) * 0.1, "se": rng.integers(0, 2, n) * 0.2, "df": rng.integers(1, 4, n)}
    )
    runs.loc[rng.random(n) < 0.2, "estimate"] = np.nan
    runs.loc[rng.random(n) < 0.2, "se"] = np.nan
    for options in ({}, {"df": "df"}, {"se": None}):
        table = ss.performance(runs, float(rng.integers(-1, 2)), power=True, **options)
        assert not np.isinf(table[["value", "mcse"]].to_numpy(float)).any()
        counts = table.set_index("measure")["value"]
        assert counts["nsim"] + counts["n_missing"] == n


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({"estimate": ["1", "2", "3"]}, {}, "estimate 'estimate' is not numeric"),
        ({"estimate": [1.0, 1e200, 2.0]}, {}, "1 absurd values, the first in row 1"),
        ({"se": ["1", "2", "3"]}, {}, "se 'se' is not numeric"),
        ({}, {"estimate": 5.0}, "estimate = 5.0: give a column's name"),
        ({}, {"estimate": ["estimate"]}, r"estimate = .*: give a column's name"),
        ({}, {"true": True}, "true = True"),
        ({}, {"true": np.inf}, "true = inf"),
        ({}, {"true": 10**400}, "true = 1000"),
        ({}, {"true": 1j}, "true = 1j"),
        ({}, {"true": None}, "true = None"),
        ({}, {"df": True}, "df = True"),
        ({}, {"df": np.nan}, "df = nan"),
        ({}, {"df": 0}, "degrees of freedom have to be above 0"),
        ({}, {"df": "many"}, "no column 'many'"),
        ({"df": [1.0, 0.0, 3.0]}, {"df": "df"}, "degrees of freedom have to be above 0"),
        ({}, {"power": "yes"}, "power = 'yes': give True or False"),
        ({}, {"level": "0.95"}, "level = '0.95'"),
        ({}, {"level": True}, "level = True"),
        ({}, {"by": 5}, "by = 5: give the name of a column"),
        ({"low": 2.0, "high": 1.0}, {"lower": "low", "upper": "high"}, "lower bound is above the upper one"),
        ({"se": [-0.5, 1.0, 1.0]}, {}, "1 standard errors are negative"),
    ],
)
def test_wrong_kinds__are_named(change, options, words):
    with pytest.raises(DataError, match=words):
        ss.performance(THREE.assign(**change), **{"true": 79.0, **options})


@pytest.mark.parametrize("target", [True, "0.1", 0, -1, np.nan, None])
def test_repetitions_needed__takes_errors_above_0(target):
    with pytest.raises(DataError, match="target"):
        repetitions_needed(ss.performance(THREE, 79.0), {"bias": target})


def test_repetitions_needed__needs_the_counts():
    table = ss.performance(THREE, 79.0)
    with pytest.raises(DataError, match="one row nsim"):
        repetitions_needed(table[table["measure"] != "nsim"], 0.1)
    with pytest.raises(DataError, match="no column 'mcse'"):
        repetitions_needed(table.drop(columns="mcse"), 0.1)


BOOT = pd.DataFrame({"rep": [1, 1, 2, 2], "bootstraps": [50, 100] * 2, "lower": 0.0, "upper": [1.0, 2, 3, 4]})


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({}, {"true": "1"}, "true = '1'"),
        ({}, {"target": 0}, "target = 0"),
        ({}, {"target": True}, "target = True"),
        ({"bootstraps": [0, 100] * 2}, {}, "above 0"),
        ({"rep": 1}, {}, "occurs twice"),
        ({"upper": list("abcd")}, {}, "'upper' is not numeric"),
    ],
)
def test_bootstrap_coverage__names_what_is_wrong(change, options, words):
    with pytest.raises(DataError, match=words):
        bootstrap_coverage(BOOT.assign(**change), **{"true": 1.0, **options})


def test_compare__refuses_a_repetition_twice_and_missing_truths():
    runs = pd.DataFrame({"rep": [1, 1, 1, 1], "method": list("abab"), "estimate": 1.0, "se": 1.0, "true": 1.0})
    with pytest.raises(DataError, match="occurs twice"):
        compare(runs, "true", "a")
    with pytest.raises(DataError, match="true value is missing"):
        compare(runs.iloc[:2].assign(true=np.nan), "true", "a")
    with pytest.warns(SurveysimWarning, match="name these columns in by="):
        ss.performance(runs, 1.0)


def test_missing_bounds_and_degrees__are_no_intervals_that_miss():
    runs = pd.DataFrame(
        {"estimate": [0.0] * 4, "se": 1.0, "low": [-1.0, -1, np.nan, np.nan], "high": 1.0, "df": [9.0, np.nan, 9, 9]}
    )
    table = ss.performance(runs, 0.5, lower="low", upper="high").set_index("measure")["value"]
    assert table["cover"] == 1
    assert table["n_missing"] == 2
    assert ss.performance(runs, 0.5, df="df").set_index("measure").loc["n_missing", "value"] == 1


RUNS = {"estimate": [1.0, 2.0, 3.0, 4.0], "se": 1.0, "m": list("aabb"), "rep": [1, 2, 1, 2], "low": 0.0, "up": 4.0}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"se": "bad"}, "se 'bad': 2 standard errors are negative, the first is row 0"),
        ({"df": "bad"}, "df 'bad': degrees of freedom have to be above 0, and 2 are not"),
        ({"true": "gaps"}, "true 'gaps': the true value is missing in 1 rows, the first is row 0"),
        ({"lower": "up", "upper": "low"}, "lower 'up': in 4 rows the lower bound is above"),
        ({"by": [[1, 2], [3]]}, "by = "),
        ({"estimate": {}}, "estimate = {}"),
        *(({"by": "m", "reference": value}, "reference = ") for value in ([], {}, {1}, np.ones(4), pd.Series([1.0]))),
        *(
            ({"by": "m", "reference": "a", "repetition": value}, "repetition = ")
            for value in ([[1]], np.array([]), np.ones((2, 2)), {1, 2}, pd.Series([1.0]), pd.NA, [None])
        ),
    ],
)
def test_performance__names_the_argument_or_the_column(options, words):
    runs = pd.DataFrame(RUNS | {"bad": [-1.0, 1.0] * 2, "gaps": [np.nan, 1, 1, 1]})
    with pytest.raises(SurveysimError, match=words):
        ss.performance(runs, **({"true": 2.0} | options))
