"""Scores of functions of a distribution are their derivatives, and the kernel is one."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate

import surveysim as ss
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
    shifted = Y - Y.mean()  # some below 0
    assert integrate.quad(lambda v: f.density(W, shifted, v, None), -90, 90, limit=400)[0] == pytest.approx(1)
    assert integrate.quad(lambda v: f.density(W, Y, v, None), 0, 5000, limit=2000)[0] == pytest.approx(1, abs=1e-5)
    assert f.density(W, Y, -1.0, None) == 0.0
    y = np.sort(RNG.normal(size=40_000))
    assert f.density(np.ones(len(y)), y, 0.0, None) == pytest.approx(1 / np.sqrt(2 * np.pi), rel=0.03)


def test_density__of_skewed_values_is_not_too_flat_in_their_lower_tail():
    """At the tenth percentile of a lognormal variable one width for everybody gave a third too little."""
    rng, at = np.random.default_rng(8), np.exp(-1.2816 * 0.7)
    right = np.exp(-(1.2816**2) / 2) / (at * 0.7 * np.sqrt(2 * np.pi))
    found = [f.density(np.ones(600), np.sort(np.exp(0.7 * rng.normal(size=600))), at, None) for _ in range(60)]
    assert np.mean(found) == pytest.approx(right, rel=0.06)


def test_share_ratio__of_who_stands_at_the_end_of_a_share():
    """Nobody is above the quantile of a column of one value; the richest fifth has what the poorest has all the same."""
    for y, value in (([5.0] * 7, 1.0), ([5.0] * 5 + [6.0] * 5, 6 / 5), ([1.0, 2.0, 3.0], (0.6 * 3) / (0.6 * 1))):
        found = ss.Survey(pd.DataFrame({"y": y})).share_ratio("y").table
        assert found["estimate"][0] == pytest.approx(value)
    assert ss.Survey(pd.DataFrame({"y": [5.0] * 7})).share_ratio("y").table["se"][0] < 1e-15
