"""Outcome rates, e and combined rates, against hand-worked cases, another package and the truth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from surveysim import DataError, SurveySpec, response_rates
from surveysim.columns import AGE_STARTS, DISPOSITION_CODES, DISPOSITIONS
from surveysim.fieldwork.eligibility import METHODS, combined_rates, eligibility_table, estimate_e, screened_e
from surveysim.population.parameters import LINES, MOBILES
from surveysim.survey.preparation import prepare
from surveysim.survey.weighted import eligible_share, field_and_weight

PARITY = Path(__file__).parents[1] / "parity"
CODES = [code for code, _, _ in DISPOSITION_CODES]


def tally(calls=4, **codes):
    """Numbers by code (1.1 is c1_1) and calls: {calls: number}."""
    table = np.zeros((len(CODES), calls + 1))
    for name, counts in codes.items():
        for call, number in counts.items():
            table[CODES.index(name[1:].replace("_", ".")), call] = number
    return table


def test_rates__agree_with_outcomerate():
    """R package outcomerate (response_rates_make.R), 30 tallies × e, to 1e-14."""
    tallies = pd.read_csv(PARITY / "response_rates_tallies.csv").set_index("tally")
    results = pd.read_csv(PARITY / "response_rates_outcomerate.csv")
    compared = 0
    for (name, e), rows in results.groupby(["tally", "e"]):
        found = response_rates(tallies.loc[name, list(DISPOSITIONS)].astype(float), e=e)
        for rate, value in zip(rows["rate"], rows["value"], strict=True):
            if rate in found.index and np.isfinite(value):
                assert found[rate] == pytest.approx(value, abs=1e-14)
                compared += 1
    assert compared > 400


def test_e__hand_worked():
    """100 numbers: 20 eligible after one call, 5 after three; 40 dead after one, 2 after four; 30 unanswered four times, 3 not screened."""
    table = tally(c1_1={1: 20, 3: 5}, c4_30={1: 40, 4: 2}, c3_13={4: 30}, c3_21={2: 3})
    assert estimate_e(table, "proportional") == pytest.approx(25 / 67)
    assert estimate_e(table, "frame", 0.4) == pytest.approx((40 - 28) / 30)
    assert estimate_e(table, "frame", 0.1) == 0
    assert estimate_e(table, "late") == pytest.approx(5 / 7)
    assert estimate_e(table, "minimum") == 0
    assert estimate_e(table, "maximum") == 1
    assert screened_e(table) == 1
    assert screened_e(table + tally(c4_70={1: 5})) == pytest.approx(25 / 30)


def test_survival__is_the_plain_share_without_censoring_and_corrects_for_it_with():
    """Unresolved numbers all called four times: share of resolved. Half of them given up after one call: by product limit."""
    table = tally(c1_1={1: 10, 4: 10}, c4_30={1: 60}, c3_13={4: 20})
    assert estimate_e(table, "survival") == pytest.approx((20 / 80 * 100 - 20) / 20)
    table = tally(c1_1={1: 10, 4: 10}, c4_30={1: 60}, c3_13={1: 10, 4: 10})
    # at risk 100: 10 + 60 leave; 20 at risk at the fourth call, half of whom are resolved, all eligible; S = 0.3 before it
    share = (0.1 + 0.3 * 10 / 20) / (0.7 + 0.3 * 10 / 20)
    assert estimate_e(table, "survival") == pytest.approx(np.clip((share * 100 - 20) / 20, 0, 1))
    assert estimate_e(table, "survival") > estimate_e(table, "proportional")


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: estimate_e(tally(c1_1={1: 5}, c3_13={1: 5}), "casro"), "proportional"),
        (lambda: estimate_e(tally(c1_1={1: 5}, c3_13={1: 5}), "frame"), "share"),
        (lambda: estimate_e(tally(c3_13={1: 5})), "no number's status"),
        (lambda: estimate_e(tally(c1_1={1: 5}, c3_13={4: 5}), "late"), "late"),
        (lambda: screened_e(tally(c3_13={1: 5})), "nobody was screened"),
        (lambda: estimate_e(tally(c3_21={1: 5}, c3_13={4: 5})), "known to be eligible or not"),
        (lambda: combined_rates(pd.DataFrame({"a": [0.1], "b": [0.2]}), None), "stated weight"),
        (lambda: combined_rates(pd.DataFrame({"a": [0.1], "b": [0.2]}), {"a": 1.0}), "stated weight"),
        (lambda: combined_rates(pd.DataFrame({"a": [0.1], "b": [0.2]}), {"a": 0.7, "b": 0.7}), "sum to 1"),
        (lambda: combined_rates(pd.DataFrame({"a": [0.1], "b": [0.2]}), {"a": "x", "b": 0.7}), r"weights\['a'\] = 'x'"),
        (lambda: combined_rates(pd.DataFrame({"a": [0.1], "b": [0.2]}), {"a": True, "b": 0}), r"weights\['a'\] = True"),
        (lambda: estimate_e(tally(c1_1={1: 5}, c3_13={4: 5}), "frame", True), "share = True"),
        (lambda: estimate_e(tally(c1_1={1: 5}, c3_13={4: 5}), "frame", 1.5), "share = 1.5"),
        (lambda: estimate_e(np.zeros((3, 2))), r"tally has shape \(3, 2\)"),
        (
            lambda: estimate_e(-tally(c1_1={2: 5})),
            "1 numbers that are missing, infinite or negative, the first is -5, of code 1.1 after 2",
        ),
        (lambda: screened_e(tally(c1_1={1: np.nan})), "the first is nan, of code 1.1"),
        (lambda: estimate_e("many"), "tally = 'many'"),
    ],
)
def test_what_cannot_be_estimated__is_refused(call, word):
    with pytest.raises(DataError, match=word):
        call()


@pytest.fixture(scope="module")
def prep():
    return prepare(SurveySpec.preset("cnnic-2024-12", population={"scale": 0.05}, sample={"interviews": 15_000}))


@pytest.mark.parametrize("level", ["outcome", "calls"])
def test_true_e__is_counted_from_the_owners(prep, level):
    spec = prep.spec.model_copy(update={"fieldwork": prep.spec.fieldwork.model_copy(update={"level": level})})
    at = prepare(spec)
    cases, _, _ = field_and_weight(at, 2, record=True)
    for f, frame in enumerate(at.frames):
        rows = cases.numbers[cases.numbers["frame"] == ("landline", "mobile")[f]]
        owner = frame.owner(rows["number"].to_numpy())
        reached = rows["reaches"].isin(["person", "household", "dormitory", "nobody eligible"])
        np.testing.assert_array_equal(reached, owner >= 0)
        assert set(rows["reaches"][rows["code"] == "4.51"]) == {"business"}
        assert set(rows["reaches"][rows["code"] == "1.1"]) == ({"person"} if f == 1 else {"household", "dormitory"})
        for k, category in enumerate(("UH", "UO")):
            unknown = (rows["disposition"] == category).to_numpy()
            assert (owner[unknown] >= 0).sum() == cases.eligible_unknown[f, :, k].sum()
    shares = [eligible_share(at, cases, f, slice(None)) for f in range(2)]
    table = eligibility_table(cases, shares).set_index(["frame", "method"])
    assert set(table.index.get_level_values(1)) == {*METHODS, "true"}
    for frame in ("landline", "mobile"):
        assert abs(table.loc[(frame, "frame"), "error"]) < 0.03  # it knows the frame's working rate
        assert table.loc[(frame, "proportional"), "error"] < -0.01  # dead numbers are recognised first
        assert table.loc[(frame, "late"), "error"] > 0.1


def test_weights__add_up_to_the_frames(prep):
    """With e from the frame's working rate, weights after nonresponse sum to the population of each frame; CASRO's do not."""
    totals = {}
    for e in ("frame", "proportional"):
        spec = prep.spec.model_copy(update={"weighting": prep.spec.weighting.model_copy(update={"nonresponse": e})})
        at, sums = prepare(spec), np.zeros(2)
        for repetition in range(6):
            cases, _, weights = field_and_weight(at, 3, repetition)
            sums += np.bincount(cases.frame, weights.table["nonresponse_weight"], 2) / 6
        totals[e] = sums
    status = prep.pop.sums(fine=False).status[:, :, np.array(AGE_STARTS) >= 6]
    truth = np.array([(status @ (LINES > 0)).sum(), (status @ (MOBILES > 0)).sum()])
    assert np.all(np.abs(totals["frame"] / truth - 1) < 0.02)
    assert abs(totals["proportional"][1] / truth[1] - 1) > 0.05


def test_late__goes_by_the_frames_own_calls_and_is_missing_where_nothing_was_late(prep):
    calls = {"landline": {"attempts": 5}, "mobile": {"attempts": 9}}
    small = {"population": {"scale": 0.02}, "sample": {"interviews": 12_000, "minimum_per_province": 200}}
    found = {}
    for mobile in (5, 9):
        calls["mobile"] = {"attempts": mobile}
        run = SurveySpec.preset("cnnic-2024-12", **small, fieldwork=calls).run(seed=2, record=False)
        table = run.eligibility().set_index(["frame", "method"])
        found[mobile] = table.loc[("landline", "late"), "e"]
        assert np.isfinite(table["e"]).all()
    assert found[5] == found[9]
    calls = {"landline": {"attempts": 1}, "mobile": {"attempts": 8}}
    run = SurveySpec.preset("cnnic-2024-12", **small, fieldwork=calls).run(seed=2, record=False)
    assert len(run.eligibility()) == 14


def test_quota__leaves_e_of_the_frame_right():
    spec = SurveySpec.preset(
        "cnnic-2024-12-calls",
        population={"scale": 0.02},
        sample={"interviews": 12_000, "minimum_per_province": 200},
        fieldwork={"protocol": {"quota": 1.0}},
    )
    table = spec.run(seed=7, record=False).eligibility().set_index(["frame", "method"])
    assert table.xs("frame", level="method")["error"].abs().max() < 0.03
