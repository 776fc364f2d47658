"""Calls to the numbers of a country: chances by hand, and whom the rules of selection take."""

import land
import numpy as np
import pandas as pd
import pytest

from surveysim import Population
from surveysim.columns import DISPOSITIONS
from surveysim.fieldwork.attempts import Attempts, carry_out, selected


@pytest.fixture(scope="module")
def pop(tmp_path_factory):
    return Population.from_folder(land.written(tmp_path_factory.mktemp("land")), scale=0.01)


@pytest.mark.statistical
def test_carry_out__shares_of_outcomes_by_hand(pop):
    """Three calls of 0.4 reach 1 - 0.6³ = 0.784; half of these take part; dead numbers are known or ring on."""
    n = 40_000
    rng, owner = np.random.default_rng(2), np.where(np.arange(n) % 2, np.arange(n) % pop.size, -1)
    protocol = Attempts(attempts=3, contact=0.4, cooperation=0.5, other=0.2, dead_known=0.7, known=0.25)
    done = carry_out(protocol, pop, "mobile", owner, rng)
    share = dict(zip(DISPOSITIONS, np.bincount(done.disposition, minlength=8) / n, strict=True))
    wanted = {
        "I": 0.392,
        "R": 0.392 * 0.8,
        "O": 0.392 * 0.2,
        "NC": 0.216 * 0.25,
        "UH": 0.216 * 0.75 + 0.3,
        "NE": 0.7,
    }
    for name, p in wanted.items():
        assert abs(share[name] - p / 2) < 4 * np.sqrt(p / 2 / n), name
    reached = owner >= 0
    calls = 0.4 * 1 + 0.24 * 2 + 0.36 * 3
    assert abs(done.calls[reached].mean() - calls) < 0.03
    assert (done.person[done.disposition == 0] == owner[done.disposition == 0]).all()


def test_effects__are_log_odds(pop):
    protocol = Attempts(cooperation=0.2, effects=(("cooperation", "age", "60+", np.log(2)),))
    people = pd.DataFrame({"age": pd.Categorical(["18-34", "60+"])})
    assert np.allclose(protocol.probability("cooperation", people), [0.2, 0.5 / 1.5])


def homes_of(pop, size):
    homes = pop.households(np.arange(pop.n_households))
    return homes[homes["household_size"] == size].reset_index(drop=True)


@pytest.mark.statistical
def test_selected__at_random_takes_every_member_alike(pop):
    homes = homes_of(pop, 3)
    place = (
        selected(Attempts(selection="random"), pop, homes, np.random.default_rng(1))
        - homes["first_person_id"].to_numpy()
    )
    n = len(homes)
    assert np.abs(np.bincount(place, minlength=3) / n - 1 / 3).max() < 4 * np.sqrt(2 / 9 / n)


@pytest.mark.statistical
def test_selected__youngest_man_or_woman_at_home(pop):
    """With everybody at home: of the sex that was asked for there is nobody younger; each sex is asked for in half of the homes."""
    homes = homes_of(pop, 4)
    who = selected(Attempts(selection="youngest", at_home=1 - 1e-9), pop, homes, np.random.default_rng(3))
    first = homes["first_person_id"].to_numpy()
    members = pop.persons((first[:, None] + np.arange(4)).ravel(), ["sex", "age"])
    sex, age = (members[c].cat.codes.to_numpy().reshape(-1, 4) for c in ("sex", "age"))
    rows = np.arange(len(homes))
    mine_sex, mine_age = sex[rows, who - first], age[rows, who - first]
    assert (mine_age == np.where(sex == mine_sex[:, None], age, 9).min(axis=1)).all()
    mixed = (sex.min(axis=1) == 0) & (sex.max(axis=1) == 1)
    assert abs(mine_sex[mixed].mean() - 0.5) < 4 * np.sqrt(0.25 / mixed.sum())


@pytest.mark.statistical
def test_selected__nobody_at_home_leaves_who_answered(pop):
    """Where hardly anybody is at home, whoever answered is asked, each alike."""
    homes = homes_of(pop, 3)
    place = (
        selected(Attempts(selection="anybody", at_home=1e-9), pop, homes, np.random.default_rng(4))
        - homes["first_person_id"].to_numpy()
    )
    n = len(homes)
    assert np.abs(np.bincount(place, minlength=3) / n - 1 / 3).max() < 4 * np.sqrt(2 / 9 / n)
