"""Who is interviewed: selection within households, shared telephones, children's telephones."""

from dataclasses import replace

import numpy as np
import pytest

from surveysim import Population, SpecError, TelephoneFrame, streams
from surveysim.columns import DISPOSITION_CODES
from surveysim.fieldwork import Fieldwork, ResponseModel, dial
from surveysim.fieldwork.within_household import KISH, kish_probability, rule_of
from surveysim.kernels.selecting import birthday_of
from surveysim.sampling import SampleDesign

FEMALE = 140  # first cell of females
COMPLETE = ResponseModel().complete()
KEYS = streams.key(11, "", "fieldwork"), streams.key(11, "", "sampling")


@pytest.fixture(scope="module")
def frames():
    pop = Population.china(seed=4, scale=0.05)
    return TelephoneFrame(pop, "landline"), TelephoneFrame(pop, "mobile")


def interviewed(frames, landline_share=1.0, n=15_000, **changes):
    design = SampleDesign.plan(frames, interviews=n, minimum_per_province=200, landline_share=landline_share)
    models = (replace(COMPLETE, **changes), replace(COMPLETE, **changes))
    return dial(Fieldwork(frames, design, models), KEYS)


def households(frames, cases, size):
    """Of respondents whose household has `size` members, all eligible: index, and the members' attributes (n, size, 11)."""
    rows = np.flatnonzero((cases.n_eligible == size) & (cases.attributes.household_size == size))
    first = cases.person[rows] - cases.attributes.position[rows]
    members = frames[0].pop.attributes((first[:, None] + np.arange(size)).ravel()).numbers.reshape(len(rows), size, 11)
    return rows, first, members


def ranks(members):
    """Kish's list: males from the oldest on, then females (rank of every member)."""
    order = np.lexsort(
        (np.broadcast_to(np.arange(members.shape[1]), members.shape[:2]), -members[:, :, 4], members[:, :, 3] >= FEMALE)
    )
    return np.argsort(order, axis=1)


def test_kish_table__gives_equal_chances_but_for_five():
    for n in (1, 2, 3, 4, 6):
        np.testing.assert_allclose([kish_probability(r, n) for r in range(n)], 1 / n)
    np.testing.assert_allclose([kish_probability(r, 5) for r in range(5)], [1 / 6, 1 / 6, 1 / 4, 1 / 6, 1 / 4])
    assert kish_probability(6, 8) == 0
    assert KISH.shape == (12, 6)
    assert (np.arange(1, 7) > KISH).all()


@pytest.mark.parametrize("size", [2, 3, 4])
def test_kish__takes_each_line_of_its_list_as_often_as_the_table_says(frames, size):
    cases = interviewed(frames, selection="kish")
    rows, _, members = households(frames, cases, size)
    rank = np.take_along_axis(ranks(members), cases.attributes.position[rows][:, None], axis=1).ravel()
    share, n = np.bincount(rank, minlength=size) / len(rank), len(rank)
    assert n > 300
    assert np.all(np.abs(share - 1 / size) < 4.5 * np.sqrt((1 / size) * (1 - 1 / size) / n))


def test_kish__members_stood_for_are_one_over_the_probability(frames):
    cases = interviewed(frames, selection="kish")
    few = cases.n_eligible < 5
    np.testing.assert_array_equal(cases.members[few], cases.n_eligible[few])
    rows, _, members = households(frames, cases, 5)
    rank = np.take_along_axis(ranks(members), cases.attributes.position[rows][:, None], axis=1).ravel()
    assert len(rows) > 20
    np.testing.assert_allclose(cases.members[rows], 1 / kish_probability(rank, 5))


@pytest.mark.parametrize(("rule", "sign"), [("last_birthday", 1), ("next_birthday", -1)])
def test_birthday_rules__take_the_member_they_name(frames, rule, sign):
    cases = interviewed(frames, selection=rule)
    rows, first, _ = households(frames, cases, 3)
    people = frames[0].pop.people
    day = np.array([[birthday_of(people, person + j) for j in range(3)] for person in first])
    distance = (sign * (180 - day)) % 365
    chosen = cases.attributes.position[rows]
    assert (np.take_along_axis(distance, chosen[:, None], axis=1).ravel() == distance.min(axis=1)).all()
    share = np.bincount(chosen, minlength=3) / len(rows)
    assert np.all(np.abs(share - 1 / 3) < 4.5 * np.sqrt(2 / 9 / len(rows)))


def test_misselection__gives_the_interview_to_whoever_answers(frames):
    """A quarter of the households: whoever answers, who is the selected one a third of the time or so, is interviewed instead."""
    cases = interviewed(frames, selection="last_birthday", misselection=0.25)
    rows, first, _ = households(frames, cases, 3)
    people = frames[0].pop.people
    day = np.array([[birthday_of(people, person + j) for j in range(3)] for person in first])
    wrong = ((180 - day) % 365).argmin(axis=1) != cases.attributes.position[rows]
    assert 0.25 * 0.5 < wrong.mean() < 0.25 * 0.8


def test_whoever_answers__is_older_than_a_random_member(frames):
    random, anybody = (interviewed(frames, selection=rule) for rule in ("random", "anybody"))
    gap = anybody.attributes.age.mean() - random.attributes.age.mean()
    se = np.sqrt(2 * random.attributes.age.var() / len(random))
    assert gap > 4.5 * se


def test_shared_mobiles__bring_in_other_members(frames):
    cases = interviewed(frames, landline_share=0.0, n=12_000, shared=0.4)
    owner = frames[1].owner(frames[1].digits(cases.unit, cases.number))
    household = frames[0].pop.attributes(owner).household
    np.testing.assert_array_equal(household, cases.attributes.household)
    other = owner != cases.person
    several = cases.attributes.household_size > 1
    assert abs(other[several].mean() - 0.2) < 0.035  # 0.4 × half of the time; a few have nobody else aged 6 or older
    assert (cases.n_mobile >= 1).all()
    assert not (frames[1].owner(frames[1].digits(cases.unit, cases.number))[~other] != cases.person[~other]).any()


def test_childrens_phones__need_consent_and_small_children_are_not_eligible(frames):
    """Under log odds of -3 for ages 6-9 hardly any child is interviewed; those under 6 never are."""
    plain = interviewed(frames, landline_share=1.0, cooperation=0.5)
    asked = interviewed(frames, landline_share=1.0, cooperation=0.5, child=-3.0)
    share = [np.mean(c.attributes.age < 10) for c in (plain, asked)]
    assert share[1] < 0.3 * share[0]
    assert min(plain.attributes.age.min(), asked.attributes.age.min()) >= 6


def test_selection__unknown_rule():
    with pytest.raises(SpecError, match="last_birthday"):
        rule_of("oldest")


def test_complete_response__leaves_interviews_and_numbers_that_reach_nobody(frames):
    cases = interviewed(frames, landline_share=0.5)
    counts = cases.outcomes.sum(axis=(0, 1, 2, 4))
    used = {DISPOSITION_CODES[k][0] for k in np.flatnonzero(counts)}
    assert used <= {"1.1", "4.20", "4.30", "4.51", "4.70", "3.13"}
    assert cases.eligible_unknown.sum() == 0


def test_kish__has_one_probability_in_weights_and_in_both_frames():
    from surveysim import SurveySpec

    spec = SurveySpec.preset(
        "cnnic-2024-12",
        population={"scale": 0.02},
        sample={"interviews": 12_000, "minimum_per_province": 200},
        fieldwork={"landline": {"selection": "kish"}},
    )
    run = spec.run(seed=7, record=False)
    table = run.interviews[run.interviews["frame"] == "landline"]
    stands_for = run.case_file.members[run.case_file.frame == 0]
    assert (stands_for != table["n_eligible"]).sum() > 50
    rate = table["unit_dialled"] / table["number_space"]
    np.testing.assert_allclose(table["probability_landline"], table["n_lines"] * rate / stands_for)
