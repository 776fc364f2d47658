"""Wald's test and Rao and Scott's corrections: by hand, against draws of the mixture, and what cannot be tested."""

import numpy as np
import pytest
from scipy import stats

from surveysim import DesignError
from surveysim.analysis.rao_scott import rao_scott, wald


def test_wald__one_quantity_is_the_square_of_t():
    found = wald([3.0], [[4.0]], 7)
    assert found.statistic == pytest.approx(2.25)
    assert found.p_value == pytest.approx(2 * stats.t.sf(1.5, 7))
    assert wald([3.0], [[4.0]], 7, adjusted=True) == found


def test_wald__several():
    theta, root = np.array([1.0, -2, 0.5]), np.random.default_rng(1).normal(size=(3, 3))
    V, scale = root @ root.T, np.array([1.0, 1e-9, 1e9])
    W = theta @ np.linalg.inv(V) @ theta
    for s in (np.ones(3), scale):  # units do not matter, however unlike they are
        plain, adjusted = (wald(theta * s, V * np.outer(s, s), 11, adjusted=a) for a in (False, True))
        assert (plain.statistic, plain.df) == (pytest.approx(W / 3), (3, 11))
        assert (adjusted.statistic, adjusted.df) == (pytest.approx(W * 9 / 33), (3, 9))
        assert adjusted.p_value == pytest.approx(stats.f.sf(W * 9 / 33, 3, 9))
    large = wald(theta, V, np.inf)
    assert (large.statistic, large.df, large.p_value) == (pytest.approx(W), (3,), pytest.approx(stats.chi2.sf(W, 3)))


def test_wald__refuses_what_cannot_be_tested():
    each = "needs quantities that have an error each and of which none follows from the others"
    few = "test of 2 quantities needs as many degrees of freedom, and the design has 1"
    for theta, V, df, words in (
        ([1, 1], [[1, 1], [1, 1]], 9, each),
        ([1, 1], np.eye(2), 1, few),
        ([1, 1], [[1, 0], [0, 0]], 9, each),
    ):
        with pytest.raises(DesignError, match=words):
            wald(theta, V, df)


def test_rao_scott__mean_and_variance_are_those_of_the_mixture():
    effects = np.array([0.4, 1.5, 3.0])
    second = rao_scott(5.0, effects)
    d, scale = effects.sum() ** 2 / (effects**2).sum(), (effects**2).sum() / effects.sum()
    assert (second.statistic, second.df) == (pytest.approx(5 / scale), (pytest.approx(d),))
    drawn = np.random.default_rng(3).chisquare(1, (200_000, 3)) @ effects
    assert second.p_value == pytest.approx(np.mean(drawn > 5), abs=0.02)
    first = rao_scott(5.0, effects, order=1)
    assert (first.statistic, first.df) == (pytest.approx(15 / 4.9), (3,))
    alike = rao_scott(5.0, [2.0, 2.0])  # one effect: both orders are exact
    assert alike.p_value == pytest.approx(rao_scott(5.0, [2.0, 2.0], order=1).p_value)
    assert alike.p_value == pytest.approx(stats.chi2.sf(2.5, 2))


def test_rao_scott__degrees_of_the_design():
    effects = [0.4, 1.5, 3.0]
    wide, narrow = rao_scott(5.0, effects, 20), rao_scott(5.0, effects, 20, shared=True)
    d = 4.9**2 / (0.16 + 2.25 + 9)
    assert wide.df == (pytest.approx(d), pytest.approx(20 * d))
    assert narrow.df == (pytest.approx(d), 20)
    assert narrow.p_value == pytest.approx(stats.f.sf(5 / 4.9, d, 20))
    assert rao_scott(5.0, effects, 1e9).p_value == pytest.approx(rao_scott(5.0, effects).p_value, rel=1e-6)
    with pytest.raises(DesignError, match="no error"):
        rao_scott(5.0, [0.0, 1e-16])


def test_a_test_reads_as_people_write_it():
    assert str(wald([1.0, 2.0], np.eye(2), 20)).startswith("F = 2.5 on 2 and 20 degrees of freedom, p = 0.1")
