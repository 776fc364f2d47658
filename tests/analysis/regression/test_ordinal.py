"""Ordinal models: thresholds of no effects are those of the shares, and derivatives against differences."""

import numpy as np
import pytest
from scipy import special

from surveysim.analysis.regression.fitting import Problem
from surveysim.analysis.regression.ordinal import DISTRIBUTIONS, Cumulative


def problem(seed=1, n=90):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=n), rng.normal(10, 2, n)])
    y = np.digitize(0.6 * x[:, 0] + rng.normal(size=n), [-0.5, 0.7]).astype(float)
    return Problem(x, None, y, None, np.arange(n)), rng.lognormal(0, 0.3, n)


def test_no_columns__thresholds_of_the_shares():
    given, w = problem()
    made = Cumulative.of(Problem(np.empty((90, 0)), None, given.y, None, given.rows), w, 3, "logit")
    share = np.cumsum(np.bincount(given.y.astype(int), w)) / w.sum()
    np.testing.assert_allclose(made.value, special.logit(share[:2]), rtol=1e-9)


def differences(function, at, h=1e-5):
    return np.stack([(function(at + h * e) - function(at - h * e)) / (2 * h) for e in np.eye(len(at))], axis=-1)


@pytest.mark.parametrize("link", DISTRIBUTIONS)
def test_derivatives(link):
    given, w = problem()
    made = Cumulative.of(given, w, 3, link)
    of, at = made.likelihood, made.inner
    np.testing.assert_allclose(of.estimating(at).T @ w, 0, atol=1e-6)
    np.testing.assert_allclose(
        of.information(at, w), -differences(lambda b: of.estimating(b).T @ w, at), rtol=1e-5, atol=1e-4
    )
    x, dx, at, h = given.x[:5], np.ones((5, 2)), made.value, 1e-6
    up, down = (made.means(x + s * dx, None, at) for s in (h, -h))
    np.testing.assert_allclose(made.tilts(x, None, at, dx)[0], (up - down) / (2 * h), rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(made.slopes(x, None, at), differences(lambda b: made.means(x, None, b), at), atol=1e-6)
    more = differences(lambda b: made.tilts(x, None, b, dx)[0], at)
    np.testing.assert_allclose(made.tilts(x, None, at, dx)[1], more, atol=1e-6)


def test_again__with_other_weights():
    given, w = problem()
    made = Cumulative.of(given, w, 3, "logit")
    np.testing.assert_allclose(made.again(3 * w), made.value, rtol=1e-7)
    assert np.isnan(made.again(np.zeros(90))).all()
