"""Log odds of groups: totals met to the last digit, the shortest effects where groups overlap."""

import numpy as np
from scipy import special

from surveysim.population.telephone_status import effects


def test_effects__meet_totals_and_are_those_of_one_group_by_hand():
    theta = effects(np.ones((4, 1)), np.array([1.0]), np.ones(4))
    assert np.isclose(theta[0], np.log(1 / 3))


def test_effects__of_members_in_households():
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 3, (500, 3)).astype(float)
    number = rng.integers(1, 9, 500).astype(float)
    wanted = np.array([0.4, 0.5, 0.6]) * (number @ counts)
    theta = effects(counts, wanted, number)
    assert np.allclose((number * special.expit(counts @ theta)) @ counts, wanted, rtol=1e-6)


def test_effects__of_everybody_and_all_groups_have_the_shortest_solution():
    """Three columns of rank two: θ is orthogonal to what makes no difference."""
    x = np.array([[1, 1, 0], [1, 0, 1]], float)
    theta = effects(x, np.array([8.0, 2.0, 6.0]), np.array([10.0, 10.0]))
    assert np.allclose(special.expit(x @ theta), [0.2, 0.6], atol=1e-6)
    assert abs(theta @ [1, -1, -1]) < 1e-6
