"""Designs over banks of numbers: probabilities by enumeration, unbiasedness and variances by simulation, what is refused."""

import itertools

import numpy as np
import pytest

import surveysim as ss
from surveysim import sampling

TINY = sampling.NumberFrame(
    [0, 0, 0, 0, 1, 1, 1, 2, 2],
    [1, 1, 1, 0, 0, 1, 0, 0, 0],
    listed=[1, 0, 0, 0, 0, 0, 0, 1, 0],
    active=[1, 1, 0, 0, 0, 1, 1, 0, 0],
)


def expected_of_one_number(frame, more):
    """How often each number is expected among those that one number of the first stage brings, over all numbers and all orders."""
    found = np.zeros(len(frame))
    for first in range(len(frame)):
        if not frame.works[first]:
            continue
        found[first] += 1
        others = [i for i in range(len(frame)) if frame.bank[i] == frame.bank[first] and i != first]
        orders = list(itertools.permutations(others))
        for order in orders:
            for i in [i for i in order if frame.works[i]][:more]:
                found[i] += 1 / len(orders)
    return found / len(frame)


@pytest.mark.parametrize("more", [0, 1, 2, 3])
def test_mitofsky_waksberg__probabilities_are_those_of_enumeration(more):
    expected, rng = 2 * expected_of_one_number(TINY, more), np.random.default_rng(more)
    for _ in range(40):
        rows = TINY.mitofsky_waksberg(more, first=2, rng=rng).table.query("works")
        np.testing.assert_allclose(rows["probability"], expected[rows["number"]], rtol=1e-12)
    if more < 1:  # no bank has fewer: all alike, whatever banks hold
        assert len(set(expected[TINY.works].round(12))) == 1


DESIGNS = {
    "random digits": lambda rng: TINY.random_digits(4, rng),
    "banks": lambda rng: TINY.stratified("banks", {"listed bank": 0.5, "zero bank": 1 / 3}, rng),
    "take-all": lambda rng: TINY.stratified("listed", {"listed": 1, "listed bank": 0.5, "zero bank": 1 / 3}, rng),
    "flags": lambda rng: TINY.stratified("active", {"active": 0.75, "inactive": 0.2}, rng),
    "Mitofsky-Waksberg": lambda rng: TINY.mitofsky_waksberg(1, first=3, rng=rng),
    "Mitofsky-Waksberg to a number of banks": lambda rng: TINY.mitofsky_waksberg(0, banks=3, rng=rng),
}


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design__totals_are_unbiased(design):
    rng, y = np.random.default_rng(7), np.arange(1.0, 10.0) * TINY.works
    found = []
    for _ in range(2500):
        sample = DESIGNS[design](rng)
        found.append(float((sample.weight * y[sample.table["number"]]).sum()))
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - y.sum()) < 4 * error


@pytest.mark.parametrize("design", list(DESIGNS)[:4])
def test_designs_without_replacement__numbers_come_as_often_as_they_should(design):
    rng, count, given = np.random.default_rng(3), np.zeros(9), np.full(9, np.nan)
    for _ in range(3000):
        sample = DESIGNS[design](rng)
        assert sample.table["number"].is_unique
        count[sample.table["number"]] += 1
        given[sample.table["number"]] = sample.table["probability"]
    np.testing.assert_allclose(count / 3000, given, atol=4 * np.sqrt(0.25 / 3000))


def test_stratified__strata_that_are_left_out_are_not_covered():
    sample = TINY.stratified("banks", {"listed bank": 1, "zero bank": 0}, rng=1)
    assert sorted(sample.table["number"]) == [0, 1, 2, 3, 7, 8]
    assert sample.covered == 3 / 4
    assert (sample.dials, sample.hits) == (6, 0.5)
    assert sample.cost(1, 10) == 33
    flags = TINY.stratified("active", {"active": 1, "inactive": 0}, rng=1)
    assert flags.covered == 3 / 4  # number 2 works and has lost its flag


FRAME = sampling.NumberFrame.simulated(500, empty=0.6, density=0.5, spread=0.2, listed=0.6, unlisted_banks=0.1, rng=1)
BANKED = np.random.default_rng(2).random(500) * 0.5 + 0.25  # the share of a bank that says yes
YES = (np.random.default_rng(3).random(len(FRAME)) < BANKED[FRAME.bank]) & FRAME.works
LARGE = {
    "random digits": lambda rng: FRAME.random_digits(1500, rng),
    "take-all": lambda rng: FRAME.stratified("listed", {"listed": 0.04, "listed bank": 0.04, "zero bank": 0.012}, rng),
    "flags": lambda rng: FRAME.stratified("active", {"active": 0.04, "inactive": 0.008}, rng),
    "Mitofsky-Waksberg": lambda rng: FRAME.mitofsky_waksberg(5, banks=60, rng=rng),
    "Mitofsky-Waksberg, first": lambda rng: FRAME.mitofsky_waksberg(5, first=300, rng=rng),
}


@pytest.mark.statistical
@pytest.mark.parametrize("design", LARGE)
def test_every_design__its_variance_is_that_of_repeated_samples(design):
    rng, truth, found = np.random.default_rng(11), YES.sum() / FRAME.works.sum(), []
    for _ in range(700):
        sample = LARGE[design](rng)
        table = sample.table.assign(yes=YES[sample.table["number"]].astype(float), works=sample.table["works"] * 1.0)
        fpc = None if "Waksberg" in design else "probability"
        survey = ss.Survey(table, weight=sample.weight, strata="stratum", psu="psu", fpc=fpc)
        found.append(survey.ratio("yes", "works").table.loc[0, ["estimate", "se"]].astype(float).tolist())
    estimate, se = np.array(found).T
    assert abs(estimate.mean() - truth) < 4 * estimate.std() / np.sqrt(len(found)) + 0.002  # a ratio is biased by 1 / n
    assert 0.84 < (se**2).mean() / estimate.var(ddof=1) < 1.16  # its own error is 0.05


def test_mitofsky_waksberg__dials_are_those_that_are_expected():
    rng, m, more = np.random.default_rng(5), 50, 4
    dials = [FRAME.mitofsky_waksberg(more, banks=m, rng=rng).dials for _ in range(300)]
    held = np.bincount(FRAME.bank, FRAME.works)
    share = held / held.sum()  # of the banks that are kept
    further = (
        more * 100 / (held + 1e-9) * (share > 0)
    )  # dials of k of held - 1 among 99 numbers in random order: k (99 + 1) / held
    further = np.where(held > more, further, 99)
    expected = m * (1 / FRAME.works.mean() + (share * further).sum())
    assert abs(np.mean(dials) - expected) < 4 * np.std(dials) / np.sqrt(300)


REFUSED = [
    (lambda: sampling.NumberFrame([0, 1], [0, 0]), "no number of the frame works"),
    (lambda: sampling.NumberFrame([0, 1], [0, 2]), "other than true and false"),
    (lambda: sampling.NumberFrame([0, 1], [1]), "shape"),
    (lambda: sampling.NumberFrame([0.5, 1], [1, 0]), "whole numbers"),
    (lambda: sampling.NumberFrame([0, 1], [1, 0]).strata("active"), "does not know which numbers are active"),
    (lambda: TINY.strata("bank"), "bank"),
    (lambda: TINY.random_digits(10), "n = 10"),
    (lambda: TINY.stratified("banks", {"listed bank": 1}), "one for each"),
    (lambda: TINY.stratified("banks", {"listed bank": 0.01, "zero bank": 1}), "draws none of 6"),
    (lambda: TINY.stratified("banks", {"listed bank": 1.5, "zero bank": 1}), "listed bank"),
    (lambda: TINY.stratified("banks", {"listed bank": 0, "zero bank": 0}), "every stratum out"),
    (lambda: TINY.mitofsky_waksberg(2), "either banks"),
    (lambda: TINY.mitofsky_waksberg(2, banks=2, first=3), "either banks"),
    (lambda: TINY.mitofsky_waksberg(2, first=8), "more than once"),
    (lambda: TINY.mitofsky_waksberg(-1, first=2), "more"),
    (lambda: TINY.mitofsky_waksberg(1, banks=1), "takes two"),
    (lambda: sampling.NumberFrame.simulated(10, density=0.5, spread=0.6), "spread less than 0.5"),
    (lambda: sampling.NumberFrame.simulated(10, listed=1.2), "listed"),
    (lambda: sampling.NumberFrame.simulated(10**8, size=100), "at most"),
]


@pytest.mark.parametrize(("call", "said"), REFUSED)
def test_what_makes_no_sense__is_refused(call, said):
    with pytest.raises(ss.SurveysimError, match=said):
        call()


def test_a_seed__gives_the_same_numbers():
    a, b = (FRAME.mitofsky_waksberg(3, banks=20, rng=4).table for _ in range(2))
    assert a.equals(b)


@pytest.mark.parametrize("how", [{"first": 8}, {"banks": 3}])
def test_mitofsky_waksberg__numbers_that_do_not_work_stand_for_all_that_do_not(how):
    """They had the chance of working ones, and a third of them was estimated."""
    rng = np.random.default_rng(4)
    bank, works = np.repeat(np.arange(30), 6), rng.random(180) < np.repeat(rng.choice([0.0, 0.7], 30), 6)
    frame, found = sampling.NumberFrame(bank, works), []
    for seed in range(1500):
        sample = frame.mitofsky_waksberg(2, rng=seed, **how)
        on = sample.table["works"].to_numpy()
        found.append((sample.weight[~on].sum(), sample.weight[on].sum()))
    error = np.std(found, axis=0) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - [(~works).sum(), works.sum()]) < 4 * error).all()


def test_mitofsky_waksberg__huge_numbers_are_refused_before_they_are_drawn():
    frame = sampling.NumberFrame([0] * 6 + [1] * 6, [1] * 12)
    for how in ({"first": 10**12}, {"banks": 10**13}):
        with pytest.raises(ss.DesignError, match="more than once"):
            frame.mitofsky_waksberg(1, **how)
