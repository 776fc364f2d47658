"""The centre by itself: how many numbers are released, what quotas bound, and who has too few interviews."""

from types import SimpleNamespace

import numpy as np
import pytest

from surveysim import DesignError
from surveysim.fieldwork import Protocol
from surveysim.fieldwork.centre import quotas, refuse_thin, whole_releases


@pytest.mark.parametrize("room", [0.0, 40.0, 200.0, 1e9])
def test_releases__use_the_room_and_no_more(room):
    missing = np.array([[0.0, 3.0, 30.0], [90.0, 260.0, 12.0]])
    minutes = np.array([[0.4] * 3, [0.7] * 3])
    found = whole_releases(missing, minutes, room, 10)
    assert (found % 10 == 0).all()
    assert (found <= np.ceil(missing / 10) * 10).all()
    assert (found * minutes).sum() <= max(room, 0)
    if room == 1e9:
        np.testing.assert_array_equal(found, [[0, 10, 30], [90, 260, 20]])
    if room == 200.0:
        assert (found * minutes).sum() > 180


def test_quotas__by_hand():
    """Units 0 and 1 are of one area with 30 interviews, half of its people in each group; unit 2 has 10, a tenth in the first."""
    field = SimpleNamespace(
        targets=np.array([[10, 20, 10], [0, 0, 1]]),
        area=np.array([0, 0, 1]),
        group=np.array([0, 1, -1]),
        shares=np.array([[0.5, 0.5], [0.1, 0.9]]),
    )
    assert quotas(field, 1.2).tolist() == [[[18, 18], [2, 11]], [[0, 0], [1, 2]]]
    free = quotas(field, None)
    assert free.shape == (2, 2, 2)
    assert (free == np.iinfo(np.int64).max).all()


def test_thin__strata_are_named_with_what_to_raise():
    made, wanted = np.array([[5, 1], [0, 3]]), np.array([[5, 6], [0, 3]])
    with pytest.raises(
        DesignError, match=r"1 strata .* south with 1 of 6 landline interviews\. Raise .*interviewers = 7"
    ):
        refuse_thin(made, wanted, ["north", "south"], Protocol(interviewers=7))
    refuse_thin(made[:, :1], wanted[:, :1], ["north"], Protocol())
