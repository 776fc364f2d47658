"""Kinds of estimands of a table: their values, and which of them are shares."""

import numpy as np

from surveysim.study.table_kinds import KINDS

Y, X, ONES = np.array([1.0, 0.0, 1.0, 1.0]), np.array([1.0, 1.0, 2.0, 4.0]), np.ones(4)


def test_values__are_of_the_sums():
    found = {name: kind.value(Y.sum(), (X if kind.based else ONES).sum()) for name, kind in KINDS.items()}
    assert found == {"mean": 0.75, "total": 3.0, "ratio": 0.375}


def test_shares__are_means_and_ratios_of_ones_and_zeros():
    assert KINDS["mean"].is_share(Y, ONES)
    assert not KINDS["mean"].is_share(X, ONES)
    assert KINDS["ratio"].is_share(np.array([1.0, 0.0]), np.array([1.0, 1.0]))
    assert not KINDS["ratio"].is_share(np.array([1.0, 1.0]), np.array([1.0, 0.0]))  # a 1 without its denominator
    assert not KINDS["total"].is_share(Y, ONES)
