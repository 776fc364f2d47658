"""Households of the compiled population against those drawn by hand from the same tables."""

import numpy as np
import pytest

from naive import households as naive
from surveysim import Population
from surveysim.population.households import GENERATION, SEATS, seat_table


@pytest.fixture(scope="module")
def small():
    return Population.china(seed=9, scale=0.0003)


def test_households__are_drawn_from_their_number_alone(small):
    p = small.people
    columns = (p.class_kind, p.class_area, p.class_size, np.diff(p.class_household))
    classes = list(zip(*(column.tolist() for column in columns)))
    key, rng = [int(k) for k in p.key], np.random.default_rng(1)
    for number in rng.integers(0, small.n_households, 60):
        person, cells = naive.household(int(number), p.seat, p.alias, p.cell_head, classes, key)
        ids = np.arange(person, person + len(cells))
        assert small.households([number])["first_person_id"].iloc[0] == person
        found = small.attributes(ids)
        assert (found.household == number).all()
        np.testing.assert_array_equal(found.position, np.arange(len(cells)))
        np.testing.assert_array_equal(found.cell, cells)


def test_seats__are_those_of_the_letters():
    table = seat_table()
    for kind, seats in enumerate(SEATS):
        for place, letter in enumerate(seats):
            for group in range(24):
                assert table[kind, place, group] == naive.seat(letter, GENERATION[kind], group)
