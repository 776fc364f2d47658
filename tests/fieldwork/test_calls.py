"""The call centre: releases, stop rules, quotas, paradata, and the survey that is made from it."""

import itertools

import numpy as np
import pandas as pd
import pytest

from surveysim import DesignError, Recipe, SpecError, SurveySpec, streams
from surveysim.columns import CALL_RESULTS, DISPOSITION_CODES
from surveysim.fieldwork import Fieldwork, Protocol, calendar, call, costs, dial
from surveysim.fieldwork.case_file import CODES
from surveysim.survey.preparation import prepare
from surveysim.weighting import InverseSampling, Released

SMALL = {"population": {"scale": 0.05}, "sample": {"interviews": 12_000, "minimum_per_province": 200}}
KEYS = streams.key(6, "", "fieldwork"), streams.key(6, "", "sampling")


@pytest.fixture(scope="module")
def prep():
    return prepare(SurveySpec.preset("cnnic-2024-12", **SMALL))


def fieldwork(prep, **protocol):
    field = prep.fieldwork
    return Fieldwork(field.frames, field.design, field.models, Protocol(**protocol))


@pytest.fixture(scope="module")
def to_target(prep):
    return call(fieldwork(prep, field_days=84), KEYS, record=True)


@pytest.fixture(scope="module")
def to_the_end(prep):
    return call(fieldwork(prep, field_days=120, stop="released"), KEYS, record=True)


def test_stop_at_target__makes_exactly_what_was_wanted(prep, to_target):
    np.testing.assert_array_equal(to_target.dispositions[..., 0], prep.design.targets)
    assert len(to_target) == 12_000


def test_stop_when_released_numbers_are_done__leaves_no_open_case(prep, to_the_end):
    """Every number is resolved or was called as often as the model allows; some units get more than they wanted."""
    numbers = to_the_end.numbers
    unresolved = numbers["code"].isin(["2.21", "2.22", "3.12", "3.13", "3.15"]).to_numpy()
    assert (numbers["attempts"][unresolved] == 5).all()
    assert (numbers["code"] != "3.11").all()
    extra = to_the_end.dispositions[..., 0] - prep.design.targets
    assert extra.min() >= 0
    assert extra.max() > 0


def test_released_numbers__are_the_first_of_the_order_in_which_dialling_goes(prep, to_target):
    dialled = dial(prep.fieldwork, KEYS, record=True)
    for cases in (to_target, dialled):
        np.testing.assert_array_equal(
            cases.numbers.groupby(["frame", "unit"], observed=True).size().to_numpy(), cases.dialled[cases.dialled > 0]
        )
    first = {}
    for name, cases in (("calls", to_target), ("outcome", dialled)):
        first[name] = cases.numbers.groupby(["frame", "unit"], observed=True)["number"].apply(set)
    for a, b in zip(first["calls"], first["outcome"], strict=True):
        small, large = sorted((a, b), key=len)
        assert small <= large


def test_paradata__agree_with_the_cases(prep, to_target):
    calls, numbers = to_target.paradata(), to_target.numbers
    made = np.bincount(calls["case"], minlength=len(numbers))
    np.testing.assert_array_equal(made, numbers["attempts"])
    last = calls.groupby("case")["result"].last()
    final = numbers["code"].reindex(last.index)
    for result, codes in {
        "interview": {"1.1"}, "break-off": {"1.2", "2.12"}, "unable": {"2.32", "2.33"}, "hard refusal": {"2.11", "3.21"},
        "not in service": {"4.30"}, "machine": {"4.20"}, "business": {"4.51"},
    }.items():  # fmt: skip
        assert set(final[last == result]) <= codes, result
    assert set(last[final == "1.1"]) == {"interview"}
    interviews = calls[calls["result"] == "interview"]
    assert len(interviews) == len(to_target)
    assert sorted(interviews["interviewer"]) == sorted(to_target.interviewer)
    assert calls["minutes"].sum() / 60 == pytest.approx(to_target.spent[..., 0].sum() / 60, rel=2e-2)
    assert set(calls["result"]) <= set(CALL_RESULTS)
    assert (calls["call"] >= 1).all()


def test_same_keys__same_calls(prep, to_target):
    again = call(fieldwork(prep, field_days=84), KEYS)
    np.testing.assert_array_equal(again.history, to_target.history)
    without = call(fieldwork(prep, field_days=84), KEYS, paradata=False)
    assert without.history is None
    np.testing.assert_array_equal(without.person, to_target.person)
    np.testing.assert_array_equal(without.outcomes, to_target.outcomes)


def test_days_over__closes_cases_as_they_stand(prep):
    short = call(fieldwork(prep, field_days=9), KEYS, record=True)
    assert short.paradata()["day"].max() == 8
    assert len(short) < 12_000
    assert short.outcomes.sum() == short.dialled.sum() == len(short.numbers)
    assert (short.numbers["code"] == "3.11").sum() == (short.numbers["attempts"] == 0).sum()


def test_quota__is_never_exceeded_and_screens_people_out(prep):
    field = fieldwork(prep, field_days=84, quota=1.0)
    cases = call(field, KEYS)
    from surveysim.fieldwork.centre import quotas

    limit = quotas(field, 1.0)
    a = cases.attributes
    from surveysim.population.outcomes import AGE_8

    cell = a.sex * 8 + AGE_8[(a.cell // 7) % 20]
    made = np.zeros_like(limit)
    np.add.at(made, (cases.frame, prep.design.province[cases.unit], cell), 1)
    assert (made <= limit).all()
    assert cases.outcomes.sum(axis=(0, 1, 2, 4))[CODES.index("4.80")] > 0


def test_costs__add_up_over_frames_and_provinces(prep, to_target):
    field = fieldwork(prep, field_days=84)
    whole = costs(to_target, field, ()).iloc[0]
    for by in ("frame", "province", ["frame", "province"]):
        part = costs(to_target, field, by)
        for name in ("numbers", "calls", "interviews", "hours", "cost"):
            assert part[name].sum() == pytest.approx(whole[name])
    assert whole["calls"] == len(to_target.history)
    assert whole["cost"] == pytest.approx(whole["hours"] * 60)
    assert whole["calls_per_interview"] == pytest.approx(whole["calls"] / 12_000)
    days = calendar(to_target, field)
    assert days["days"] * 3 >= to_target.history[:, 2].max()
    assert 0 < days["on_the_telephone"] <= 1


def test_expected_costs__of_outcomes_are_those_of_calls(prep, to_the_end):
    """Minutes and calls per interview at the two levels: within 3 %, where released numbers are worked to the end."""
    outcome = dial(prep.fieldwork, KEYS)
    a, b = (costs(c, prep.fieldwork, ()).iloc[0] for c in (outcome, to_the_end))
    assert a["minutes_per_interview"] == pytest.approx(b["minutes_per_interview"], rel=0.05)
    assert a["calls_per_interview"] == pytest.approx(b["calls_per_interview"], rel=0.05)


def test_teams_of_a_province__are_for_the_outcome_level(prep):
    with pytest.raises(SpecError, match="outcome"):
        call(fieldwork(prep, assignment="province"), KEYS)


def test_a_survey_of_calls__weighs_numbers_by_releases(prep):
    run = SurveySpec.preset("cnnic-2024-12-calls", **SMALL).run(seed=2)
    table = run.interviews
    np.testing.assert_allclose(table["design_weight"], table["number_space"] / table["unit_dialled"])
    assert run.weights.calibration.converged
    joined = run.paradata().merge(run.cases, left_on="case", right_index=True)
    assert len(joined) == len(run.paradata())
    assert {"day", "interviewer"} <= set(table.columns)
    parameter = 78.62
    row = run.estimates.table.set_index("variable").loc["internet_penetration"]
    assert abs(row["estimate"] - parameter) < 5 * row["se"] + 0.5
    with pytest.raises(SpecError, match="no calls to show"):
        SurveySpec.preset("cnnic-2024-12", **SMALL).run(seed=2).paradata()


def test_a_field_that_ends_early__still_gives_weights_and_variances():
    spec = SurveySpec.preset("cnnic-2024-12", **SMALL, fieldwork={"level": "calls", "protocol": {"field_days": 12}})
    run = spec.run(seed=2, record=False)
    assert len(run.survey.data) < 12_000
    assert np.isfinite(run.estimates.table["se"]).all()


# ------------------------------------------------------------------------------------------------ inverse sampling
def strict(order, fate, m):
    """Dial in order to the m-th interview: the numbers interviewed, and how many were dialled."""
    done = []
    for t, number in enumerate(order, 1):
        if fate[number] == "I":
            done.append(number)
            if len(done) == m:
                return done, t
    raise AssertionError


def test_inverse_sampling__by_enumeration_of_a_tiny_frame():
    """All 5,040 orders of seven numbers, four of which yield an interview: each yielding number's weights have mean 1 over orders,
    whatever m; the step of the recipe is what weighs them."""
    fate = "IRINIIU"  # interviews at 0, 2, 4, 5
    y = {0: 3.0, 2: -1.0, 4: 8.0, 5: 0.5}
    for m in (2, 3, 4):
        sums, total, orders = dict.fromkeys(y, 0.0), 0.0, 0
        weight_of = {}
        for order in itertools.permutations(range(7)):
            done, t = strict(order, fate, m)
            if t not in weight_of:
                table = pd.DataFrame({"number_space": [7] * m, "unit_interviews": m, "unit_dialled": t})
                weight_of[t] = Recipe([InverseSampling()]).apply(table).final[0]
            for number in done:
                sums[number] += weight_of[t]
                total += weight_of[t] * y[number]
            orders += 1
        assert orders == 5040
        np.testing.assert_allclose([s / orders for s in sums.values()], 1, rtol=1e-12)
        assert total / orders == pytest.approx(sum(y.values()), rel=1e-12)


def test_releases__by_enumeration_are_biased_where_they_stop_at_the_target():
    """The same frame released in replicates of two until m = 2 interviews are found: N / released over all orders. Working replicates
    to the end leaves +20 %, where strict order with N(m-1)/((t-1)m) has none; without a stop there is no bias at all."""
    fate, m = "IRINIIU", 2
    found, fixed = [], []
    for order in itertools.permutations(range(7)):
        released = 0
        while sum(fate[k] == "I" for k in order[:released]) < m:
            released = min(released + 2, 7)
        table = pd.DataFrame({"number_space": [7.0], "unit_dialled": float(released)})
        weight = Recipe([Released()]).apply(table).final[0]
        found.append(weight * sum(fate[k] == "I" for k in order[:released]))
        fixed.append(7 / 4 * sum(fate[k] == "I" for k in order[:4]))
    assert np.mean(fixed) == pytest.approx(4)
    # by hand, in 21sts: two of two released 6; of four released two 9, three 3.6; of six three 2.4
    expected = (6 * 7 / 2 * 2 + 9 * 7 / 4 * 2 + 3.6 * 7 / 4 * 3 + 2.4 * 7 / 6 * 3) / 21
    assert np.mean(found) == pytest.approx(expected, rel=1e-12)
    assert expected / 4 == pytest.approx(1.2)


def test_codes__are_all_in_one_category():
    codes = [code for code, _, _ in DISPOSITION_CODES]
    assert len(set(codes)) == len(codes)
    assert [category for _, category, _ in DISPOSITION_CODES][:2] == ["I", "P"]


def test_many_short_calls__fit_the_history():
    """Minutes far below any real call: five interviewers make as many calls in a shift as there are cases."""
    field = {"protocol": {"minutes": [0.01] * 16, "wrap_up": 0.0, "interviewers": 5}}
    run = SurveySpec.preset("cnnic-2024-12-calls", **SMALL, fieldwork=field).run(seed=7, record=False)
    assert len(run.case_file.history) == run.case_file.spent[..., 1].sum()


@pytest.mark.parametrize("interviewers", [120, 131, 262])
def test_shifts__go_round_among_all_interviewers(prep, interviewers):
    cases = call(fieldwork(prep, field_days=60, interviewers=interviewers), KEYS)
    made = np.bincount(cases.history[:, 3], minlength=interviewers)
    assert made.min() > 0.3 * made.mean()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"protocol": {"quota": 1.1}}, "quota = 1.1 needs"),
        ({"level": "calls", "protocol": {"assignment": "province"}}, "assignment"),
        ({"protocol": {"assignment": "province", "interviewers": 30}}, "at least 31"),
    ],
)
def test_keys_that_a_level_cannot_follow__are_refused(changes, word):
    with pytest.raises(SpecError, match=word):
        SurveySpec.preset("cnnic-2024-12", **SMALL, fieldwork=changes)


def test_a_centre_too_small__says_what_to_raise():
    field = {"level": "calls", "protocol": {"interviewers": 2, "field_days": 5}}
    with pytest.raises(DesignError, match=r"fewer than two interviews .* fieldwork.protocol.interviewers = 2"):
        SurveySpec.preset("cnnic-2024-12", **SMALL, fieldwork=field).run(seed=1)


def test_releases__fit_the_seats(prep):
    """Ten interviewers: no more numbers than they can call, in whole replicates, and everything released is worked to the end."""
    cases = call(fieldwork(prep, interviewers=10, field_days=56, stop="released"), KEYS)
    assert (cases.dialled % 25 == 0).all()
    assert cases.outcomes[..., CODES.index("3.11"), :].sum() < 0.03 * cases.dialled.sum()
