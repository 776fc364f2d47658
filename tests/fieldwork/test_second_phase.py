"""Nonrespondents that are followed: who, how many, with what, and whom they stand for."""

import land
import numpy as np
import pytest

from surveysim import Population
from surveysim.columns import DISPOSITIONS
from surveysim.fieldwork.attempts import Attempts, carry_out
from surveysim.fieldwork.second_phase import FIRST, LEFT_OUT, SECOND, SecondPhase, follow

FIRST_CALLS = Attempts(attempts=2, contact=0.4, cooperation=0.3)
I, R, NE, UH = (DISPOSITIONS.index(name) for name in ("I", "R", "NE", "UH"))  # noqa: E741 - AAPOR's letters


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A population, households that were called, what came of it, and what came of those who were followed."""
    pop = Population.from_folder(land.written(tmp_path_factory.mktemp("land")), scale=0.005)
    owner = np.where(np.arange(6000) % 4 == 0, -1, np.arange(6000) % 1000)
    done = carry_out(FIRST_CALLS, pop, "landline", owner, np.random.default_rng(1))
    second = SecondPhase(rate=0.3, attempts=30, contact=0.9, cooperation=0.8)
    return pop, owner, done, follow(second, FIRST_CALLS, pop, "landline", owner, done, np.random.default_rng(2))


def test_follow__a_share_of_those_who_did_not_answer(both):
    _, _, done, after = both
    settled = np.isin(done.disposition, [I, NE])
    assert (after.phase[settled] == FIRST).all()
    assert (after.phase[~settled] != FIRST).all()
    kept = (after.phase[~settled] == SECOND).mean()
    assert abs(kept - 0.3) < 4 * np.sqrt(0.21 / (~settled).sum())
    for what in ("disposition", "person"):
        left = after.phase != SECOND
        np.testing.assert_array_equal(getattr(after, what)[left], getattr(done, what)[left])


def test_follow__answers_by_the_second_protocol_and_dead_numbers_ring_on(both):
    _, owner, _, after = both
    alive = owner[after.rows] >= 0
    yes = (after.disposition[after.rows] == I)[alive]
    assert abs(yes.mean() - 0.8) < 4 * np.sqrt(0.16 / len(yes))
    assert set(after.disposition[after.rows][~alive]) == {UH}
    assert after.again.calls[~alive].min() == 30


def test_follow__asks_who_was_selected_before(both):
    _, _, done, after = both
    known = done.person[after.rows] >= 0
    assert known.any()
    np.testing.assert_array_equal(after.person[after.rows][known], done.person[after.rows][known])


def test_follow__only_of_the_dispositions_that_are_named(both):
    pop, owner, done, _ = both
    after = follow(
        SecondPhase(rate=0.99, of=("R",)), FIRST_CALLS, pop, "landline", owner, done, np.random.default_rng(3)
    )
    assert set(done.disposition[after.rows]) == {R}
    assert LEFT_OUT in set(after.phase)
