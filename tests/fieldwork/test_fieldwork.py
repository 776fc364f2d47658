"""Dialling, dispositions and rates."""

import itertools
from math import comb

import numpy as np
import pytest

from surveysim import DataError, DesignError, SurveysimWarning, response_rates, streams
from surveysim.columns import DISPOSITIONS
from surveysim.fieldwork import Fieldwork, ResponseModel, dial
from surveysim.sampling import SampleDesign

MODELS = (ResponseModel(contact=0.45), ResponseModel())


@pytest.fixture(scope="module")
def frames(landline, mobile):
    return landline, mobile


@pytest.fixture(scope="module")
def design(frames):
    return SampleDesign.plan(frames, interviews=4000, minimum_per_province=60)


def keys(seed):
    return streams.key(seed, "", "fieldwork"), streams.key(seed, "", "sampling")


@pytest.fixture(scope="module")
def cases(frames, design):
    return dial(Fieldwork(frames, design, MODELS), keys(1), record=True)


def test_dialling__meets_every_target(cases, design):
    for f in range(2):
        made = np.bincount(cases.unit[cases.frame == f], minlength=337)
        np.testing.assert_array_equal(made, design.targets[f])
        np.testing.assert_array_equal(cases.dispositions[f, :, 0], design.targets[f])


def test_every_number__has_one_disposition(cases):
    np.testing.assert_array_equal(cases.dispositions.sum(axis=2), cases.dialled)
    assert len(cases.numbers) == cases.dialled.sum()
    counts = cases.numbers.groupby(["frame", "disposition"], observed=False).size().unstack()
    np.testing.assert_array_equal(counts[list(DISPOSITIONS)], cases.dispositions.sum(axis=1))
    assert not cases.numbers.duplicated(["frame", "number"]).any()


def test_the_last_number_dialled__is_the_last_interview(cases):
    for f in range(2):
        last = np.zeros(337, np.int64)
        at = cases.frame == f
        np.maximum.at(last, cases.unit[at], cases.order[at])
        np.testing.assert_array_equal(last, cases.dialled[f])


def test_interviews__reach_whom_the_frame_says(cases, frames):
    for f, frame in enumerate(frames):
        at = cases.frame == f
        owner = frame.owner(frame.digits(cases.unit[at], cases.number[at]))
        reached = cases.person[at] if f == 1 else cases.attributes.household[at]
        np.testing.assert_array_equal(owner, reached)


def test_respondents__are_eligible_and_report_their_phones(cases):
    assert cases.attributes.age.min() >= 6
    landline = cases.frame == 0
    assert (cases.n_lines[landline] >= 1).all()
    assert (cases.n_eligible[landline] >= 1).all()
    assert (cases.n_eligible[landline] <= cases.attributes.household_size[landline]).all()
    assert (cases.n_mobile[~landline] >= 1).all()


def test_same_keys__same_cases_and_other_keys_others(frames, design, cases):
    again, other = (dial(Fieldwork(frames, design, MODELS), keys(s)) for s in (1, 2))
    np.testing.assert_array_equal(again.person, cases.person)
    assert (other.person != cases.person).mean() > 0.9


@pytest.mark.statistical
def test_landline_member__is_chosen_with_equal_chances():
    """Position of the respondent in two-person households of landline interviews: a fair coin within 4.5 s.e."""
    from surveysim import Population, TelephoneFrame

    pop = Population.china(seed=9, scale=0.05)
    frames = TelephoneFrame(pop, "landline"), TelephoneFrame(pop, "mobile")
    even = {"female": 0.0, "age_per_decade": 0.0, "education_level": 0.0, "urban": 0.0}
    models = (ResponseModel(contact=0.45, **even), ResponseModel(**even))
    found = dial(Fieldwork(frames, SampleDesign.plan(frames, interviews=20_000), models), keys(3))
    two = (found.frame == 0) & (found.n_eligible == 2) & (found.attributes.household_size == 2)
    second = found.attributes.position[two].mean()
    assert two.sum() > 1500
    assert abs(second - 0.5) < 4.5 * 0.5 / np.sqrt(two.sum())


def test_a_unit_that_cannot_be_filled__is_named(frames, design):
    hopeless = (ResponseModel(contact=0.45), ResponseModel(cooperation=1e-4))
    with pytest.raises(DesignError, match=r"mobile unit \d{6} .*all .* numbers were dialled"):
        dial(Fieldwork(frames, design, hopeless), keys(1))


def test_inverse_sampling_weight__is_unbiased_by_enumeration():
    """All orders of a space of N = 9 numbers, K = 4 of which yield an interview, dialled to the m-th: E[Σw] = K, for a
    total of any variable over the yielding numbers too. N/t is not."""
    N, K, m = 9, 4, 3
    value = {0: 5.0, 1: -1.0, 2: 2.5, 3: 10.0}  # of the yielding numbers 0 .. 3
    size, total, naive = [], [], []
    for places in itertools.combinations(range(1, N + 1), K):  # where the yielding numbers stand in the order
        t = places[m - 1]
        weight = N * (m - 1) / ((t - 1) * m)
        size.append(weight * m)
        naive.append(N / t * m)
        chosen = [sum(value[i] for i in order) for order in itertools.permutations(value, m)]
        total.append(weight * np.mean(chosen))
    assert len(size) == comb(N, K)
    assert np.mean(size) == pytest.approx(K, abs=1e-12)
    assert np.mean(total) == pytest.approx(sum(value.values()), abs=1e-12)
    assert np.mean(naive) > K * 1.02


def test_response_rates__hand_worked():
    """AAPOR (2023) on I=100, P=10, R=50, NC=30, O=10, UH=60, UO=40, NE=100: K=200, U=100, e=0.5."""
    counts = dict(I=100, P=10, R=50, NC=30, O=10, UH=60, UO=40, NE=100)
    rates = response_rates(counts, e=0.5)
    expected = {
        "RR1": 100 / 300,
        "RR2": 110 / 300,
        "RR3": 100 / 250,
        "RR4": 110 / 250,
        "RR5": 0.5,
        "RR6": 0.55,
        "COOP1": 100 / 170,
        "COOP2": 110 / 170,
        "COOP3": 100 / 160,
        "COOP4": 110 / 160,
        "REF1": 50 / 300,
        "REF2": 50 / 250,
        "REF3": 0.25,
        "CON1": 170 / 300,
        "CON2": 170 / 250,
        "CON3": 0.85,
    }
    assert list(rates.index) == list(expected)
    np.testing.assert_allclose(rates, list(expected.values()), rtol=1e-15)
    assert response_rates(counts, e="proportional")["RR3"] == pytest.approx(100 / (200 + 100 * 200 / 300))
    assert response_rates(counts, e={"UH": 1, "UO": 0})["RR3"] == pytest.approx(100 / 260)


def test_response_rates__without_e_are_partly_missing_and_say_so():
    with pytest.warns(SurveysimWarning, match="need e"):
        rates = response_rates(dict(I=5, UH=5))
    assert rates[["RR3", "RR4", "REF2", "CON2"]].isna().all()
    assert rates["RR1"] == 0.5


@pytest.mark.parametrize(
    ("counts", "e", "word"),
    [
        ({"X": 1}, None, "no disposition"),
        ({"I": -1}, None, "not negative"),
        ({"I": float("nan")}, None, "not negative"),
        ({}, None, "no rate"),
        ({"I": 1, "UH": 1}, 1.5, "outside"),
        ({"I": 1}, "best", "proportional"),
        ({"I": 50, "UH": 900}, "proportional", "needs NE"),
        ({"I": 1, "UH": 1}, {"UH": 0.1}, "keys UH and UO"),
    ],
)
def test_response_rates__refuse(counts, e, word):
    with pytest.raises(DataError, match=word):
        response_rates(counts, e=e)
