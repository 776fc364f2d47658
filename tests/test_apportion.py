"""Whole numbers from shares: they sum to what is shared out, and every share is at most one off."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from surveysim import apportion

SHARES = st.lists(st.floats(0.01, 100), min_size=1, max_size=12)


@given(SHARES, st.integers(0, 10**6))
def test_largest_remainder__sums_to_the_total_and_is_less_than_one_off(share, total):
    found = apportion.largest_remainder(share, total)
    assert found.sum() == total
    assert (np.abs(found - np.array(share) / np.sum(share) * total) < 1 + 1e-6).all()


def test_largest_remainder__ties_go_to_the_earlier_one():
    assert apportion.largest_remainder([1, 1, 1], 4).tolist() == [2, 1, 1]
    assert apportion.apportioned([1, 1, 1], 4) == [2, 1, 1]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.data())
def test_within_room__fills_nothing_beyond_its_room(room, data):
    total = data.draw(st.integers(0, sum(room)))
    weight = np.arange(1.0, len(room) + 1)
    found = apportion.within_room(weight, np.array(room), total)
    assert found.sum() == total
    assert (found <= room).all()


@given(SHARES, st.integers(0, 10**20))
def test_shared_out__is_exact_beyond_double_precision(share, total):
    found = apportion.shared_out([Fraction(part) for part in share], total, [0] * len(share))
    assert sum(found) == total


def test_over_and_starts():
    assert apportion.over(np.array([1.0, 2.0]), np.array([0.0, 4.0])).tolist() == [0.0, 0.5]
    assert apportion.over(np.array([1, 2]), np.array([0, 4])).tolist() == [0.0, 0.5]
    assert apportion.starts([2, 0, 3]).tolist() == [0, 2, 2, 5]
