"""Performance measures: by hand, by brute force, and what they refuse."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import surveysim as ss
from surveysim import DataError
from surveysim.study import compare, repetitions_needed
from surveysim.study.measures import measure, median_of, paired

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
        ({"estimate": ["a", "b", "c"]}, {}, "'estimate' has to be numbers"),
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
