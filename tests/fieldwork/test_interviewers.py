"""Who calls: everybody alike or by teams, and effects that are normal and independent."""

import numpy as np
import pytest

from surveysim import streams
from surveysim.fieldwork import Protocol
from surveysim.fieldwork.interviewers import ANSWERS, COOPERATION, assigned, effects

U = np.array([0.0, 0.24, 0.26, 0.99])


def test_assigned__at_random_by_hand():
    assert assigned(Protocol(interviewers=4), U, np.zeros(4, int), np.array([9])).tolist() == [0, 0, 1, 3]


def test_assigned__teams_as_large_as_their_areas_interviews():
    """Of eight interviewers areas with 30, 10 and 1 interviews have about 6, 1 and 1: each has one at least."""
    team = Protocol(interviewers=8, assignment="stratum")
    areas, interviews = np.array([0, 1, 2]), np.array([30, 10, 1])
    found = [assigned(team, np.full(3, u), areas, interviews).tolist() for u in (0.0, 0.999)]
    assert found[0][0] == 0
    assert found[1][2] == 7
    assert all(low <= high for low, high in zip(*found, strict=True))
    assert found[1][0] < found[0][1]
    assert found[1][1] < found[0][2]


@pytest.mark.statistical
def test_effects__are_normal_and_those_on_answers_independent_of_those_on_cooperation():
    key = streams.key(4, "", "fieldwork")
    one, two = (effects(4_000, key, 0.5, on) for on in (COOPERATION, ANSWERS))
    for found in (one, two):
        assert abs(found.mean()) < 4.5 * 0.5 / np.sqrt(4_000)
        assert abs(found.std() / 0.5 - 1) < 4.5 / np.sqrt(8_000)
    assert abs(np.corrcoef(one, two)[0, 1]) < 4.5 / np.sqrt(4_000)
    assert (effects(5, key, 0.5, COOPERATION) == one[:5]).all()
