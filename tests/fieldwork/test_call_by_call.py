"""Calls one after the other: the chances of outcomes without memory, callbacks by the calendar, and what memory adds, by hand."""

import land
import numpy as np
import pytest

from surveysim import Population
from surveysim.columns import CALL_RESULTS, DISPOSITIONS
from surveysim.fieldwork import Protocol
from surveysim.fieldwork.attempts import Attempts, carry_out
from surveysim.fieldwork.call_by_call import by_calls

N = 40_000
CENTRE = Protocol(staffing=(0.5, 0.5, 0.8, 0.8, 0.8, 0.0))


@pytest.fixture(scope="module")
def pop(tmp_path_factory):
    return Population.from_folder(land.written(tmp_path_factory.mktemp("land")), scale=0.01)


def called(pop, dead=0.0, kind="mobile", seed=2, **keys):
    rng = np.random.default_rng(seed)
    size = pop.size if kind == "mobile" else pop.n_households
    owner = np.where(rng.random(N) < dead, -1, np.arange(N) % size)
    return owner, by_calls(Attempts(**keys), CENTRE, pop, kind, owner, rng)


def shares(codes, labels):
    return dict(zip(labels, np.bincount(codes, minlength=len(labels)) / len(codes), strict=True))


def near(found, wanted, n=N):
    return abs(found - wanted) < 4.5 * np.sqrt(max(wanted * (1 - wanted), 1e-4) / n)


@pytest.mark.statistical
@pytest.mark.parametrize("kind", ["landline", "mobile"])
def test_without_memory__outcomes_and_calls_are_those_that_are_drawn_at_once(pop, kind):
    keys = {"attempts": 4, "contact": 0.3, "cooperation": 0.4, "other": 0.2, "dead_known": 0.7, "known": 0.25}
    owner, done = called(pop, 0.3, kind, **keys)
    other = carry_out(Attempts(**keys), pop, kind, owner, np.random.default_rng(5))
    one, two = (shares(result.disposition, DISPOSITIONS) for result in (done, other))
    assert [name for name in DISPOSITIONS if not near(one[name], two[name], N / 2)] == []
    assert abs(done.calls.mean() - other.calls.mean()) < 0.03
    assert (done.person[done.disposition == 0] >= 0).all()
    minutes = [result.minutes(CENTRE.minutes, 0.3).mean() for result in (done, other)]
    assert minutes[0] == pytest.approx(minutes[1], rel=0.03)


def test_log__has_every_call_in_staffed_slots_and_callbacks_wait(pop):
    _, done = called(pop, 0.2, attempts=5, contact=0.3, busy=0.2, hard=0.3, conversions=2, appointment=0.3)
    number, slot, result = done.log
    order = np.lexsort((slot, number))
    number, slot, result = number[order], slot[order], result[order]
    assert (np.bincount(number) == done.calls).all()
    assert (CENTRE.seats()[slot % 21] > 0).all()
    same = number[1:] == number[:-1]
    wait, before = (slot[1:] - slot[:-1])[same], result[:-1][same]
    assert (wait[before == CALL_RESULTS.index("busy")] <= 3).all()
    assert (wait[before == CALL_RESULTS.index("soft refusal")] >= 12).all()
    assert (wait[before == CALL_RESULTS.index("no answer")] >= 1).all()
    last = np.flatnonzero(np.append(~same, True))
    assert (result[last] == done.result).all()
    assert set(before) == {CALL_RESULTS.index(r) for r in ("no answer", "busy", "soft refusal", "appointment")}
    expected = np.bincount(number, np.array(CENTRE.minutes)[result] + 0.5)
    np.testing.assert_allclose(done.minutes(CENTRE.minutes, 0.5), expected)


@pytest.mark.statistical
def test_refusals__half_of_which_are_called_again(pop):
    """p = 0.3 at first, 0.18 after a refusal; of seven tenths half refuse softly, once: 0.3 + 0.7 × 0.5 × 0.18."""
    again = np.log(0.18 / 0.82) - np.log(0.3 / 0.7)
    keys = {
        "contact": 1 - 1e-9,
        "cooperation": 0.3,
        "other": 0.0,
        "hard": 0.5,
        "conversions": 1,
        "after_refusal": again,
    }
    _, done = called(pop, attempts=6, **keys)
    assert near(shares(done.disposition, DISPOSITIONS)["I"], 0.3 + 0.35 * 0.18)
    assert done.calls.max() == 2


@pytest.mark.statistical
def test_appointments_and_busy_lines(pop):
    """An appointment is kept by all where it adds much; without a limit everybody who asks for one takes part or refuses at last."""
    keys = {"contact": 0.5, "cooperation": 0.4, "other": 0.0, "appointment": 1.0, "appointment_kept": 5.0}
    _, done = called(pop, attempts=50, **keys)
    assert near(shares(done.disposition, DISPOSITIONS)["I"], 1.0)
    number, _, result = done.log
    asked = np.unique(number[result == CALL_RESULTS.index("appointment")])
    assert near(len(asked) / N, 0.6)
    _, done = called(pop, attempts=4, contact=0.2, busy=0.15)
    assert near(shares(done.log[2], CALL_RESULTS)["busy"], 0.15, len(done.log[2]))


@pytest.mark.statistical
def test_daypart__reaches_people_when_they_are_there(pop):
    _, done = called(pop, attempts=6, contact=0.3, daypart=(-5.0, -5.0, 0.0, -5.0, -5.0, 0.0))
    _, slot, result = done.log
    evening = slot % 3 == 2
    reached = result != CALL_RESULTS.index("no answer")
    assert near(reached[evening].mean(), 0.3, evening.sum())
    assert reached[~evening].mean() < 0.01
