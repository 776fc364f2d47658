"""Complementary suppression, by hand; on random tables it is in `naive/test_tables.py`."""

import numpy as np

from surveysim.analysis.tables.suppression import complementary

COUNT = np.array([[30, 10, 20], [60, 35, 25], [90, 40, 50]])  # the total, then two columns


def hidden(*cells, adds_up=True):
    hide = np.zeros(COUNT.shape, bool)
    for cell in cells:
        hide[cell] = True
    return np.argwhere(complementary(hide, COUNT, np.full(3, adds_up))).tolist()


def test_one_cell__takes_three_more():
    assert hidden((0, 1)) == [[0, 2], [1, 1], [1, 2]]  # a square: no row and no column is left with one


def test_rows_alone__take_one_more():
    assert hidden((0, 1), adds_up=False) == [[0, 2]]


def test_nothing_hidden__hides_nothing():
    assert hidden() == []
