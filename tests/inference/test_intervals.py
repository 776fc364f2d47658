"""Intervals of proportions, from summary numbers and from samples, at every edge."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from surveysim import DataError, Survey, proportion_interval
from surveysim.inference.intervals import METHODS

SHARES = [0, 1, 0.5, 0.1, 1e-3, 1e-6, 1e-12, 1e-300, 5e-324, 1 - 1e-16, 1 - 1e-9, 0.3]
ERRORS = [0, 5e-324, 1e-300, 1e-160, 1e-20, 1e-12, 1e-9, 1e-6, 1e-3, 0.01, 0.1, 0.5, 1, 10, 1e3, 1e160, 1e300, np.inf]


@pytest.mark.everyday(20)
@pytest.mark.parametrize("n", [1, 2, 1000, 1e9, np.inf])
@pytest.mark.parametrize("df", [None, np.inf, 1, 0.001, 30, 1e300])
@pytest.mark.parametrize("method", METHODS)
def test_every_interval__holds_its_estimate_and_lies_in_0_to_1(method, df, n):
    p, se = np.meshgrid(SHARES, ERRORS)
    for level in (0.5, 0.95, 1e-6, 1 - 1e-16):
        lower, upper = proportion_interval(p, se, method, level, df, n)
        assert ((lower >= 0) & (lower <= p) & (p <= upper) & (upper <= 1)).all(), level


@pytest.mark.parametrize("method", METHODS)
def test_no_error__is_a_point_inside_and_everything_is_possible_without_a_bound(method):
    lower, upper = proportion_interval(np.array([0.25, 0.25]), np.array([0.0, np.inf]), method, n=40)
    assert (lower[1], upper[1]) == (0, 1)
    if method == "korn-graubard":  # at most n respondents
        exact = stats.beta.ppf([0.025, 0.975], [10, 11], [31, 30])
        np.testing.assert_allclose([lower[0], upper[0]], exact, rtol=1e-9)
    else:
        assert (lower[0], upper[0]) == (0.25, 0.25)


@pytest.mark.parametrize("method", METHODS)
def test_more_error__is_never_a_narrower_interval(method):
    se = np.geomspace(1e-14, 1e6, 400)
    for p in (0.5, 0.02, 1e-5):
        lower, upper = proportion_interval(p, se, method, 0.95, 12, 500)
        assert (np.diff(lower) <= 1e-12).all()
        assert (np.diff(upper) >= -1e-12).all()


def test_clopper_pearson__where_the_inverse_of_the_beta_distribution_gets_lost():
    """A share of a millionth, or of all but a millionth, of 10⁹ respondents: 1,000 of them are Poisson's."""
    low, high = stats.chi2.ppf([0.025, 0.975], [2000, 2002]) / 2 / 1e9
    found = [proportion_interval(p, 1e-3 / np.sqrt(1e9), "beta", n=np.inf) for p in (1e-6, 1 - 1e-6)]
    np.testing.assert_allclose(found[0], [low, high], rtol=1e-4)
    np.testing.assert_allclose(1 - np.array(found[1])[::-1], [low, high], rtol=1e-4)


def test_wilson__by_its_two_roots():
    """(x - p)² = t² x (1 - x) / n_eff at both ends, also where the lower one is tiny."""
    for p, size in ((0.3, 50.0), (1e-9, 3.0), (1 - 1e-6, 1e4), (0.5, 1e-3)):
        se = np.sqrt(p * (1 - p) / size)
        for x in proportion_interval(p, se, "wilson"):
            assert (x - p) ** 2 == pytest.approx(1.959963984540054**2 * x * (1 - x) / size, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (dict(p=0.5, se=-0.1), "0 or larger"),
        (dict(p=0.5, se=np.array([0.1, -1e-9])), "0 or larger"),
        (dict(p=1.5, se=0.1), "outside 0 to 1"),
        (dict(p=-np.inf, se=0.1), "outside 0 to 1"),
        (dict(p=0.5, se=0.1, df=0), "above 0"),
        (dict(p=0.5, se=0.1, df=-np.inf), "above 0"),
        (dict(p=0.5, se=0.1, method="beta"), "needs n"),
        (dict(p=0, se=0), "needs n"),
        (dict(p=0, se=0, n=0), "n, the number of respondents"),
        (dict(p=0.5, se=0.1, n=-4, method="beta"), "n, the number of respondents"),
        (dict(p="half", se=0.1), "p = 'half'"),
        (dict(p=0.5, se=None), "se = None"),
        (dict(p=0.5, se=0.1, df="many"), "df = 'many'"),
        (dict(p=0.5, se=0.1, level="high"), "level = 'high'"),
        (dict(p=0.5, se=0.1, level=1), "level = 1"),
    ],
)
def test_refusals(arguments, word):
    with pytest.raises(DataError, match=word):
        proportion_interval(**arguments)


def test_what_is_not_known__gives_no_interval():
    for arguments in (dict(p=np.nan, se=0.1), dict(p=0.5, se=np.nan), dict(p=0.5, se=0.1, df=np.nan)):
        assert np.isnan(proportion_interval(**arguments)).all()


@pytest.mark.parametrize("ci", METHODS)
def test_samples__of_every_shape(ci):
    """Levels that nobody or everybody has, one PSU a domain, a census, huge design effects, degrees of freedom of 1."""
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"c": np.repeat(np.arange(8), 10), "w": rng.lognormal(0, 3, 80), "N": 8.0})
    data["never"], data["always"], data["b"] = False, True, rng.random(80) < 0.4
    data["mixed"] = data["c"] < 4  # constant in every PSU: a design effect of 10 and more
    data["k"] = pd.Categorical(rng.choice(list("uv"), 80), ["u", "v", "nobody"])
    for options in ({}, {"fpc": "N"}):
        s = Survey(data, weight="w", psu="c", **options)
        for df in (1, 0.5, None, np.inf):
            for by in (None, "k") if df else (None,):
                t = s.proportion(["never", "always", "b", "mixed", "k"], by=by, ci=ci, df=df).table
                assert np.isfinite(t[["lower", "upper"]]).all(axis=None)
                assert ((t["lower"] <= t["estimate"]) & (t["estimate"] <= t["upper"])).all()


def test_shares_outside_0_to_1__lie_in_their_interval():
    """Negative calibrated weights make a share of 1.2; the interval reaches to it."""
    data = pd.DataFrame({"b": [True, True, False, False, True], "w": [3.0, 4, -1, -0.5, 3]})
    e = Survey(data).proportion("b")
    weights = data["w"].to_numpy()
    s = Survey(data)
    s.design = s.engine = type(s.design)(weights, s.design.stages)
    row = s.proportion("b").table.iloc[0]
    assert row["estimate"] == pytest.approx(10 / 8.5)
    assert row["lower"] <= row["estimate"] <= row["upper"]
    assert e.table["estimate"][0] == 0.6


def test_intervals__of_what_is_none():
    assert np.isnan(proportion_interval(np.nan, 0.1, df=5, n=10)).all()
    lower, upper = proportion_interval(np.array([0.2, np.nan]), np.array([0.1, 0.1]), df=5)
    assert np.isfinite([lower[0], upper[0]]).all()
    assert np.isnan([lower[1], upper[1]]).all()
    for se_, df in ((-0.1, 5), (0.1, 0), (0.1, -1)):
        with pytest.raises(DataError, match="above 0"):
            proportion_interval(0.5, se_, df=df)
