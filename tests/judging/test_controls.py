"""Means with a control variate: worked by hand, by plain sums, unbiased and with the error they say."""

from itertools import combinations

import numpy as np
import pytest
from naive import performance

from surveysim.judging import controls


def test_controlled_mean__by_hand():
    """Evens (1, 2, 4) with controls (-1, 0, 1): slope 1.5; odds (2, 2, 3) with controls (0, 1, 2): slope 0.5.

    Evens less 0.5 c: 1.5, 2, 3.5, of mean 7/3 and variance 13/12; odds less 1.5 c: 2, 0.5, 0, of mean 2.5/3 and variance 13/12.
    """
    found = controls.controlled_mean(np.array([1.0, 2, 2, 2, 4, 3]), np.array([-1.0, 0, 0, 1, 1, 2]))
    assert found == pytest.approx(((7 / 3 + 2.5 / 3) / 2, np.sqrt(2 * (13 / 12 / 3) / 4)))


@pytest.mark.parametrize("n", [20, 41, 200])
def test_controlled_mean__is_that_of_plain_sums(n):
    rng = np.random.default_rng(n)
    c = rng.normal(size=n)
    y = 3 + 2 * c + rng.normal(size=n)
    assert controls.controlled_mean(y, c) == pytest.approx(performance.controlled(y.tolist(), c.tolist()), rel=1e-12)


def test_controlled_mean__is_unbiased_and_its_error_is_right():
    """Ratio estimates from every sample of 3 of 9 skewed elements, whose bias is known exactly; controls are linearized totals.

    Over 4,000 studies of 60 repetitions the mean of the biases found is within 3 of its errors of the exact one, and the errors that
    studies state are the spread among them, to 5 %.
    """
    y, x = np.array([1.0, 2, 3, 9, 1, 4, 30, 2, 7]), np.array([1.0, 1, 2, 3, 1, 2, 8, 1, 1])
    true = y.sum() / x.sum()
    samples = np.array(list(combinations(range(9), 3)))
    estimates = y[samples].sum(axis=1) / x[samples].sum(axis=1)
    score = (y - true * x) / x.sum()
    linear = 3.0 * score[samples].sum(axis=1)  # weights are 9 / 3, and scores sum to 0
    assert abs(linear.mean()) < 1e-15
    exact = estimates.mean() - true
    rng = np.random.default_rng(5)
    drawn = rng.integers(0, len(samples), (4_000, 60))
    found = np.array([controls.controlled_mean(estimates[d] - true, linear[d]) for d in drawn])
    bias, stated = found.T
    spread = bias.std(ddof=1)
    assert abs(bias.mean() - exact) < 3 * spread / np.sqrt(len(drawn))
    assert np.sqrt((stated**2).mean()) == pytest.approx(spread, rel=0.05)
    plain = (estimates[drawn] - true).mean(axis=1).std(ddof=1)
    assert spread < 0.7 * plain


def test_controlled__is_none_where_it_would_not_be_known():
    rng = np.random.default_rng(1)
    y, c = rng.normal(5, 1, 30), rng.normal(size=30)
    assert set(controls.controlled(y, 5.0, c)) == {"thetamean", "bias", "rbias"}
    assert set(controls.controlled(y, 0.0, c)) == {"thetamean", "bias"}
    found = controls.controlled(y, 2.0, c)
    assert found["rbias"] == pytest.approx(tuple(v / 2 for v in found["bias"]))
    assert found["thetamean"][0] == pytest.approx(found["bias"][0] + 2)
    assert controls.controlled(y[:19], 5.0, c[:19]) == {}
    assert controls.controlled(np.where(y > 5, y, np.nan), 5.0, c) == {}  # those that failed may be special
    assert controls.controlled(y, 5.0, np.full(30, np.nan)) == {}
    assert controls.controlled(y, 5.0, np.zeros(30)) == {}
    assert controls.slope(y, np.zeros(30)) == 0.0
