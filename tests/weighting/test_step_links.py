"""Links of steps against derivatives of the weights they stand for, taken by small changes of the weights before."""

import numpy as np

from surveysim.weighting.step_links import Modelled, Passed, Scaled, means

RNG = np.random.default_rng(4)
N = 12
GROUP = np.arange(N) % 3
BEFORE = RNG.uniform(1, 3, N)
Z = RNG.normal(size=N)


def derivatives(weigh):
    """By every weight before, of the weighted total of Z after."""
    found = []
    for k in range(N):
        up, down = (BEFORE * (1 + sign * 1e-6 * (np.arange(N) == k)) for sign in (1, -1))
        found.append((weigh(up) - weigh(down)) @ Z / (2e-6 * BEFORE[k]))
    return np.array(found)


def test_scaled__to_totals_of_classes():
    def weigh(w):
        return w * (100.0 / np.bincount(GROUP, w))[GROUP]

    link = Scaled(GROUP, BEFORE, weigh(BEFORE) / BEFORE, np.zeros(N, bool))
    found, known = link.residuals(Z[None].copy())
    np.testing.assert_allclose(found[0], derivatives(weigh), rtol=1e-6, atol=1e-9)
    assert known == []


def test_passed__from_those_who_leave_to_those_who_stay():
    stay, leave = np.arange(N) < 6, (np.arange(N) >= 6) & (np.arange(N) < 10)  # two rows are neither

    def weigh(w):
        kept, gone = (np.bincount(GROUP, np.where(at, w, 0.0), 3) for at in (stay, leave))
        return np.where(stay, w * ((kept + gone) / kept)[GROUP], 0.0)

    found, _ = Passed(GROUP, BEFORE, stay, leave).residuals(Z[None].copy())
    np.testing.assert_allclose(found[0], derivatives(weigh), rtol=1e-6, atol=1e-9)


def test_modelled__with_one_class_is_weight_passed_on():
    """A model with an intercept alone: everybody's propensity is the weighted share of those who respond."""
    responded = np.arange(N) < 8

    def weigh(w):
        return np.where(responded, w * w.sum() / w[responded].sum(), 0.0)

    p = np.full(N, BEFORE[responded].sum() / BEFORE.sum())
    found, _ = Modelled(np.ones((N, 1)), p, BEFORE, responded).residuals(Z[None].copy())
    np.testing.assert_allclose(found[0], derivatives(weigh), rtol=1e-6, atol=1e-9)


def test_means__are_0_of_groups_without_weight():
    assert means(np.array([[2.0, 4.0, 7.0]]), np.array([0, 0, 1]), np.array([1.0, 1.0, 0.0])).tolist() == [[3.0, 0.0]]
