"""Scores of functions of a distribution are their derivatives, and the kernel is one."""

import numpy as np
import pytest
from scipy import integrate

from surveysim.analysis import functionals as f

RNG = np.random.default_rng(4)
W, Y, X = RNG.uniform(1, 4, 40), np.sort(RNG.lognormal(1, 1, 40)), RNG.normal(size=40)


@pytest.mark.parametrize("functional", [f.VARIANCE, f.SD, f.COVARIANCE, f.CORRELATION, f.GINI], ids=lambda x: x.what)
def test_smooth_scores__are_derivatives(functional):
    columns = (Y, X) if functional in (f.COVARIANCE, f.CORRELATION) else (Y,)
    moved = W[:, None] + 1e-5 * np.hstack([np.eye(40), -np.eye(40)])
    values = functional.value(moved, *columns)
    np.testing.assert_allclose(functional.score(W, *columns), (values[:40] - values[40:]) / 2e-5, rtol=1e-5, atol=1e-8)


def test_large_means__do_not_take_the_digits():
    for functional, columns in ((f.VARIANCE, (Y,)), (f.CORRELATION, (Y, X))):
        far = tuple(c + 1e9 for c in columns)
        np.testing.assert_allclose(
            functional.value(W[:, None], *far), functional.value(W[:, None], *columns), rtol=1e-6
        )


def test_density__is_one_and_near_the_truth():
    assert integrate.quad(lambda v: f.density(W, Y, v, None), -50, 80, limit=400)[0] == pytest.approx(1)
    y = np.sort(RNG.normal(size=40_000))
    assert f.density(np.ones(len(y)), y, 0.0, None) == pytest.approx(1 / np.sqrt(2 * np.pi), rel=0.03)
