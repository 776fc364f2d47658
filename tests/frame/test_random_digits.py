"""Random numbers of a country: every number that works has the same chance, wherever its owner lives."""

import land
import numpy as np
import pytest

from surveysim import DesignError, Population
from surveysim.frame.random_digits import BUSINESS, DEAD, RandomDigits

NOBODY = "status,variable,level,percent\nlandline_only,,,0\nboth,,,0\nmobile_only,,,100\nnone,,,0\n"


@pytest.fixture(scope="module")
def pop(tmp_path_factory):
    return Population.from_folder(land.written(tmp_path_factory.mktemp("land")), scale=0.005)


def test_numbers__are_those_that_work_over_their_share(pop):
    frame = RandomDigits(pop, "landline", 0.25)
    assert np.allclose(frame.numbers, pop.numbers_held[:, 0] / 0.25)
    assert np.isclose(
        RandomDigits(pop, "mobile", 0.5, out_of_area=0.3).numbers.sum(), pop.numbers_held[:, 1].sum() / 0.5
    )


@pytest.mark.statistical
def test_draw__reaches_each_number_alike(pop):
    """Shares of dead and business numbers, and owners of two numbers twice as often as those of one, to four standard errors."""
    frame, n = RandomDigits(pop, "mobile", 0.6, business=0.25), 60_000
    owner, which = frame.draw(np.zeros(n, np.int64), np.random.default_rng(5))
    for share, seen in ((0.6, owner >= 0), (0.1, owner == BUSINESS), (0.3, owner == DEAD)):
        assert abs(seen.mean() - share) < 4 * np.sqrt(share * (1 - share) / n)
    held = pop.n_numbers("mobile", owner[owner >= 0])
    assert (which[owner >= 0] < held).all()
    everybody = pop.persons(np.arange(pop.size), ["area", "n_mobile"])
    everybody = everybody[everybody["area"] == "Harbour"]["n_mobile"]
    p = 2 * (everybody == 2).sum() / everybody.sum()
    assert abs((held == 2).mean() - p) < 4 * np.sqrt(p * (1 - p) / len(held))


@pytest.mark.statistical
def test_draw__numbers_from_elsewhere(pop):
    """Those away go to other areas by size: the share of Harbour's numbers whose owners live elsewhere, by hand."""
    frame, n = RandomDigits(pop, "mobile", 1.0, out_of_area=0.2), 40_000
    owner, _ = frame.draw(np.zeros(n, np.int64), np.random.default_rng(6))
    a, b, c = pop.numbers_held[:, 1].astype(float)
    away = 0.2 * b * a / (a + c) + 0.2 * c * a / (a + b)
    p = away / (0.8 * a + away)
    home = pop.persons(owner, ["area"])["area"]
    assert abs((home != "Harbour").mean() - p) < 4 * np.sqrt(p * (1 - p) / n)


def test_frame__without_numbers_is_refused(tmp_path):
    plain = "outcome,variable,level,percent\nsmokes,,,21\nonline,,,84\n"
    pop = Population.from_folder(land.written(tmp_path, telephone=NOBODY, outcomes=plain), scale=0.001)
    pop.source.people.line[:] = -700.0
    with pytest.raises(DesignError, match=r"frame.landline: nobody has a landline.*telephone\.csv"):
        RandomDigits(pop, "landline", 0.5)


@pytest.mark.statistical
def test_unlisted_banks__are_never_dialled(pop):
    """A tenth of the numbers is in no bank that is dialled, always the same; the others are reached as before."""
    frame, n = RandomDigits(pop, "mobile", 0.6, unlisted=0.1), 60_000
    assert np.allclose(frame.numbers, 0.9 * RandomDigits(pop, "mobile", 0.6).numbers)
    owner, which = frame.draw(np.zeros(n, np.int64), np.random.default_rng(5))
    there = owner >= 0
    assert abs(there.mean() - 0.6) < 4 * np.sqrt(0.24 / n)
    assert not frame.in_unlisted(owner[there], which[there]).any()
    everybody = np.arange(pop.size)
    off = frame.in_unlisted(everybody, np.zeros(pop.size, np.int64))
    assert abs(off.mean() - 0.1) < 4 * np.sqrt(0.09 / pop.size)
    assert (
        off == RandomDigits(pop, "mobile", 0.3, unlisted=0.1).in_unlisted(everybody, np.zeros(pop.size, np.int64))
    ).all()
    other = RandomDigits(pop, "mobile", 0.6).draw(np.zeros(n, np.int64), np.random.default_rng(5))[0]
    assert frame.in_unlisted(other[other >= 0], np.zeros((other >= 0).sum(), np.int64)).any()


FLAGS = (("flagged", 0.9, 0.2, 1.0), ("not flagged", 0.1, 0.8, 0.25))


@pytest.mark.statistical
def test_strata__are_dialled_at_their_rates(pop):
    """Of 100 numbers 60 work: 54 are flagged, and 8 of the others; a quarter of the rest (6 and 32) is dialled, 71.5 numbers in all."""
    frame, n = RandomDigits(pop, "mobile", 0.6, strata=FLAGS), 40_000
    assert np.allclose(frame.numbers, RandomDigits(pop, "mobile", 0.6).numbers * 0.715)
    assert np.isclose(frame.hits, 55.5 / 71.5)
    drawn = frame.sample(np.array([0]), n, np.random.default_rng(4))
    works = drawn.owner >= 0
    for rows, share in ((np.ones(n, bool), 55.5 / 71.5), (works, 54 / 55.5), (~works, 8 / 16)):
        seen = works if rows.all() else drawn.stratum[rows] == 0
        assert abs(seen.mean() - share) < 4.5 * np.sqrt(share * (1 - share) / rows.sum())
    again = frame.sample(np.array([0]), n, np.random.default_rng(5))
    place = dict(zip(zip(drawn.owner[works], drawn.which[works]), drawn.stratum[works]))
    for owner, which, stratum in zip(again.owner, again.which, again.stratum):
        assert place.get((owner, which), stratum) == stratum  # a number stays in its stratum


@pytest.mark.statistical
def test_strata__weights_by_their_rates_count_those_who_work(pop):
    """A number stands for `numbers` over its rate and over the numbers dialled: they add up to the 6 of 10 that work."""
    frame, n = RandomDigits(pop, "mobile", 0.6, strata=FLAGS), 60_000
    drawn = frame.sample(np.array([0]), n, np.random.default_rng(8))
    found = (frame.numbers[0] / frame.rates[drawn.stratum[drawn.owner >= 0]]).sum() / n
    assert abs(found / (0.6 * RandomDigits(pop, "mobile", 0.6).numbers[0]) - 1) < 0.02


def test_strata__at_a_rate_of_0_are_never_reached(pop):
    frame = RandomDigits(pop, "mobile", 0.6, strata=(("1+ banks", 0.96, 0.5, 1.0), ("zero banks", 0.04, 0.5, 0.0)))
    drawn = frame.sample(np.array([0, 1, 2]), 20_000, np.random.default_rng(6))
    assert set(drawn.stratum) == {0}
    assert np.isclose(frame.mean_rate, 0.96)


def test_frame__of_next_to_nobody_is_refused_at_once(tmp_path):
    """Shares of 0 are made 0.01 %: owners would be drawn for hours until one has a number."""
    plain = "outcome,variable,level,percent\nvotes,,,60\n"
    pop = Population.from_folder(land.written(tmp_path, telephone=NOBODY, outcomes=plain, indicators=None), scale=0.1)
    with pytest.raises(DesignError, match=r"frame.landline: .*nobody .*has a landline.*telephone\.csv"):
        RandomDigits(pop, "landline", 0.3)
