"""Prefixes of a country's numbers: they hold what operators are said to have, and a number that works keeps its own."""

import land
import numpy as np
import pytest

from surveysim import DesignError, Population
from surveysim.frame.banks import Banks
from surveysim.frame.fill import SUFFIXES, Prefixes
from surveysim.frame.random_digits import RandomDigits

OPERATORS = (("Alpha", 0.5, 0.7), ("Beta", 0.5, 0.3))


@pytest.fixture(scope="module")
def pop(tmp_path_factory):
    return Population.from_folder(land.written(tmp_path_factory.mktemp("land")), scale=0.005)


def test_given__by_hand_where_prefixes_do_not_differ(pop):
    """1,000,000 numbers of an area at scale 0.005 are 200 × 100 prefixes; six tenths work: 0.7 × 0.6 / 0.5 of Alpha's, 0.36 of Beta's."""
    numbers = np.array([5_000.0, 5_000.0, 10_000.0])
    made = Banks.of(pop, "mobile", numbers, 0.6, OPERATORS, Prefixes())
    assert made.first.tolist() == [0, 100, 200, 400]
    assert made.operator.tolist() == ([0] * 50 + [1] * 50) * 2 + [0] * 100 + [1] * 100
    assert set(made.given[made.operator == 0]) == {8_400}
    assert set(made.given[made.operator == 1]) == {3_600}


@pytest.mark.parametrize("differ", [Prefixes(0.8), Prefixes(0.0, 0.3, 0.2), Prefixes(0.5, 0.1, 0.1)])
def test_given__adds_up_by_operator_however_prefixes_differ(pop, differ):
    numbers = np.array([5_000.0, 2_000.0, 40.0])
    made = Banks.of(pop, "mobile", numbers, 0.6, OPERATORS, differ)
    for area in range(3):
        part = slice(made.first[area], made.first[area + 1])
        given, operator = made.given[part], made.operator[part]
        for k, share in enumerate((0.84, 0.36)):
            mine = given[operator == k]
            assert len(mine) >= 1
            assert mine.sum() == round(share * len(mine) * SUFFIXES)
            assert mine.max() <= SUFFIXES


@pytest.mark.statistical
def test_sample__numbers_of_an_operator_work_as_often_as_its_prefixes_are_full(pop):
    frame, n = RandomDigits(pop, "mobile", 0.6, operators=OPERATORS, empty_prefixes=0.2), 60_000
    drawn = frame.sample(np.arange(3), n, np.random.default_rng(3))
    operator = frame.banks.operator[drawn.prefix]
    for k, (share, works) in enumerate(((0.5, 0.84), (0.5, 0.36))):
        mine = operator == k
        assert abs(mine.mean() - share) < 4.5 * np.sqrt(0.25 / n) + 0.001
        assert abs((drawn.owner[mine] >= 0).mean() - works) < 4.5 * np.sqrt(works * (1 - works) / mine.sum()) + 0.001
    assert (drawn.owner[frame.banks.given[drawn.prefix] == 0] < 0).all()
    assert (drawn.owner[frame.banks.given[drawn.prefix] == SUFFIXES] >= 0).all()


def test_sample__a_number_keeps_its_prefix_and_prefixes_change_nobody_who_is_reached(pop):
    frame, plain = RandomDigits(pop, "mobile", 0.6, operators=OPERATORS), RandomDigits(pop, "mobile", 0.6)
    at = np.array([0])
    drawn = [f.sample(at, 4_000, np.random.default_rng(4)) for f in (frame, plain)]
    np.testing.assert_array_equal(drawn[0].owner, drawn[1].owner)
    assert set(drawn[1].prefix) == {-1}
    again = frame.sample(at, 4_000, np.random.default_rng(5))
    known = {(o, w): p for o, w, p in zip(again.owner, again.which, again.prefix, strict=True) if o >= 0}
    twice = [
        (known[o, w], p)
        for o, w, p in zip(drawn[0].owner, drawn[0].which, drawn[0].prefix, strict=True)
        if (o, w) in known
    ]
    assert len(twice) > 20
    assert all(one == other for one, other in twice)


def test_operators__that_hold_too_much_are_refused(pop):
    with pytest.raises(DesignError, match=r"frame\.mobile\.operators: 'Alpha' has 90% .* in 50% of the prefixes"):
        RandomDigits(pop, "mobile", 0.6, operators=(("Alpha", 0.5, 0.9), ("Beta", 0.5, 0.1)))
