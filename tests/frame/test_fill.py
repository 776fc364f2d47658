"""Prefixes: what they hold adds up, uneven as asked, and every number that is given out is one slot's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveysim import Population, SpecError, TelephoneFrame
from surveysim.frame import china, fill
from surveysim.kernels import numbers as kernels

SUFFIXES = fill.SUFFIXES
units = st.lists(st.tuples(st.integers(1, 12), st.floats(0, 1)), min_size=1, max_size=6)


@given(units, st.integers(0, 100), st.floats(0, 2), st.floats(0, 0.9))
def test_given_out__adds_up_to_what_a_unit_hosts_within_each_prefix(rows, seed, spread, empty):
    counts = np.array([n for n, _ in rows])
    hosted = np.array([int(share * n * SUFFIXES) for n, share in rows])
    rng = np.random.default_rng(seed)
    weight = np.exp(spread * rng.standard_normal(counts.sum())) * (rng.random(counts.sum()) >= empty)
    given_ = fill.given_out(hosted, counts, weight, rng.uniform(0, 0.5, len(counts)))
    unit = np.repeat(np.arange(len(counts)), counts)
    np.testing.assert_array_equal(np.bincount(unit, given_, len(counts)), hosted)
    assert given_.min() >= 0
    assert given_.max() <= SUFFIXES


@given(units)
def test_prefixes_alike__hold_the_same_but_for_one(rows):
    counts = np.array([n for n, _ in rows])
    hosted = np.array([int(share * n * SUFFIXES) for n, share in rows])
    given_ = fill.given_out(hosted, counts, np.ones(counts.sum()), np.zeros(len(counts)))
    for part, slots, n in zip(np.split(given_, np.cumsum(counts)[:-1]), hosted, counts, strict=True):
        assert set(part) <= {slots // n, -(-slots // n)}


@pytest.mark.parametrize("kind", ["mobile", "landline"])
def test_one_unit__as_one_would_list_it(kind, request):
    """Second implementation: prefix after prefix, its run of suffixes, and the slots in the order of the permutation."""
    frame = request.getfixturevalue(kind)
    n = frame.numbers
    u = int(np.argmin(np.where(n.hosted[3] > 500, n.hosted[3], np.inf)))
    first, end = n.prefix_start[u], n.prefix_start[u + 1]
    listed = []
    for j in range(first, end):
        given_ = int(kernels.given_by(n.prefix[j]))
        listed += [(j - first) * SUFFIXES + (int(n.run[j]) + t) % SUFFIXES for t in range(given_)]
    assert len(listed) == len(set(listed)) == n.hosted[3, u]
    out = np.empty((n.space[u], 2), np.int64)
    kernels.owners(n, np.full(n.space[u], u), np.arange(n.space[u]), out)
    np.testing.assert_array_equal(np.sort(np.nonzero(out[:, 0] >= 0)[0]), np.sort(listed))


def fills(pop, **differ):
    frame = TelephoneFrame(pop, "mobile", **differ)
    return frame, kernels.given_by(frame.numbers.prefix)


def test_totals__do_not_hang_on_how_prefixes_differ(pop):
    """Units host the same slots, work at the same rates and have the same owners, however their prefixes are filled."""
    alike, even = fills(pop, prefix_spread=0.0, empty_prefixes=0.0, new_prefixes=0.0)
    other, uneven = fills(pop, prefix_spread=1.0, empty_prefixes=0.2, new_prefixes=0.2)
    np.testing.assert_array_equal(alike.numbers.hosted, other.numbers.hosted)
    np.testing.assert_array_equal(alike.units["working_rate"], other.units["working_rate"])
    assert even.sum() == uneven.sum()
    assert (even > 0).all()
    assert 0.1 < (uneven == 0).mean() < 0.25, "a crowded unit opens its empty prefixes"
    ids = np.arange(0, pop.size, 997)
    for frame in (alike, other):
        table = frame.numbers_of(ids)
        np.testing.assert_array_equal(frame.owner(table["number"]), table["person_id"])


def test_spread__is_that_of_the_log_of_fill():
    pop = Population.china(seed=3, scale=0.05)
    differ = fill.Prefixes(0.5)
    counts = TelephoneFrame(pop, "mobile").prefixes
    log = np.log(fill.weights(pop, "mobile", counts, differ))
    assert log.std() == pytest.approx(0.5, abs=0.01)
    assert np.all(fill.weights(pop, "mobile", counts, fill.Prefixes()) == 1)


def test_operators__are_as_full_as_their_subscriptions_say():
    full = dict(zip(china.OPERATORS, china._operator_fill(), strict=True))
    assert full["china_mobile"] > full["china_telecom"] > full["others"]
    assert full["china_mobile"] == pytest.approx(1.00427e5 / 234_231, rel=1e-3)


@pytest.mark.statistical
def test_business__goes_with_the_numbers_given_out(pop):
    """Nobody's numbers of empty prefixes are dead; the unit's total of businesses stays."""
    frame, given_ = fills(pop)
    n, units = frame.numbers, frame.units
    share = kernels.business_of(n.prefix) / 65536
    assert (share[given_ == 0] == 0).all()
    unit = np.repeat(np.arange(337), frame.prefixes)
    active = units["working_rate"].to_numpy() * units["numbers"].to_numpy() / np.maximum(n.hosted[3], 1)
    found = np.bincount(unit, share * (SUFFIXES - active[unit] * given_))
    wanted = units["business_rate"] * (1 - units["working_rate"]) * units["numbers"]
    np.testing.assert_allclose(found, wanted, rtol=0.02, atol=2)


@pytest.mark.parametrize(
    "wrong",
    [{"prefix_spread": -1}, {"empty_prefixes": 2}, {"new_prefixes": "x"}, {"empty_prefixes": 0.6, "new_prefixes": 0.6}],
)
def test_refused(pop, wrong):
    with pytest.raises(SpecError, match=next(iter(wrong))):
        TelephoneFrame(pop, "mobile", **wrong)
