"""A generalized linear model with other weights and at other columns."""

import numpy as np

from surveysim.analysis.regression.fitting import Problem
from surveysim.analysis.regression.linear import Linear


def test_many_rows__begin_with_some_and_end_the_same(monkeypatch):
    rng = np.random.default_rng(1)
    n = 800
    x = np.column_stack([np.ones(n), rng.normal(size=n)])
    y, w = (rng.random(n) < 1 / (1 + np.exp(-x @ [0.2, 0.7]))).astype(float), rng.lognormal(0, 0.3, n)
    problem = Problem(x, None, y, None, np.arange(n))
    plain = Linear.of(problem, w, ("binomial", "logit"), True)
    monkeypatch.setattr("surveysim.analysis.regression.linear.MANY", 100)
    np.testing.assert_allclose(Linear.of(problem, w, ("binomial", "logit"), True).value, plain.value, rtol=1e-9)
    np.testing.assert_allclose(plain.again(2 * w), plain.value, rtol=1e-9)
    assert np.isnan(plain.again(np.zeros(n))).all()


def test_tilts__are_derivatives_of_means():
    rng = np.random.default_rng(2)
    x, dx, at = rng.normal(size=(9, 3)), rng.normal(size=(9, 3)), np.array([0.1, 0.5, -0.3])
    problem = Problem(x, None, np.arange(9.0) % 2, None, np.arange(9))
    for link in ("logit", "probit", "cloglog"):
        made, h = Linear(problem, None, None, ("binomial", link)), 1e-6
        tilt, more = made.tilts(x, None, at, dx)
        up, down = (made.means(x + s * dx, None, at) for s in (h, -h))
        np.testing.assert_allclose(tilt, (up - down) / (2 * h), rtol=1e-6, atol=1e-9)
        for j in range(3):
            step = h * np.eye(3)[j]
            slope = (made.tilts(x, None, at + step, dx)[0] - made.tilts(x, None, at - step, dx)[0]) / (2 * h)
            np.testing.assert_allclose(more[:, :, j], slope, rtol=1e-5, atol=1e-8)
