"""The error budget: what adds up, what is known exactly, and what stays put."""

import numpy as np
import pytest

from surveysim import SpecError, StudyError, SurveySpec
from surveysim.survey.budget import STAGES, SWITCHES, error_budget, population_values
from surveysim.survey.comparison import parameters_of
from surveysim.survey.preparation import prepare
from surveysim.survey.spec import StagesSpec
from surveysim.survey.weighted import field_and_weight

SMALL = {
    "population": {"scale": 0.01},
    "sample": {"interviews": 12_000, "minimum_per_province": 200, "minimum_per_unit": 2},
}


@pytest.fixture(scope="module")
def budget():
    spec = SurveySpec.preset(
        "cnnic-2024-12",
        **SMALL | {"population": {"scale": 0.01, "no_phone_internet_rate": 0.5}},
        fieldwork={"measurement": {"internet_under": 0.04}},
    )
    return error_budget(spec, 12, seed=5, workers=2), spec


def test_stages__add_up_to_the_total(budget):
    table = budget[0].table
    wide = table.pivot(index="indicator_id", columns="stage", values=["bias", "bias2", "variance"])
    squares = wide["bias2"][[*STAGES, "together"]].sum(axis=1)
    np.testing.assert_allclose(squares, wide["bias"]["total"] ** 2, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(wide["bias2"][list(STAGES)], wide["bias"][list(STAGES)] ** 2, rtol=1e-12)
    np.testing.assert_allclose(wide["bias"][list(STAGES)].sum(axis=1), wide["bias"]["total"], rtol=1e-9, atol=1e-9)
    parts = wide["variance"][[*STAGES, "together"]].sum(axis=1)
    np.testing.assert_allclose(parts, wide["variance"]["total"], rtol=1e-9, atol=1e-9)
    assert set(budget[0].final["response"]) == {"complete", "true", "real"}


def test_totals__of_the_specification_are_those_of_the_final_estimate(budget):
    """Weighted to residents, nobody without a telephone is left out: penetration rises."""
    totals = budget[0].totals.set_index(["control_population", "indicator_id"])
    final = budget[0].final[budget[0].final["response"] == "real"].set_index("indicator_id")
    own = totals.loc["covered_6plus"].loc[final.index]
    np.testing.assert_allclose(own[["bias", "se"]], final[["bias", "se"]], rtol=1e-9)
    apart = totals.loc[("residents_6plus", "internet_penetration"), "bias"] - own.loc["internet_penetration", "bias"]
    assert apart > 1


def test_coverage__is_the_exact_count_of_those_without_a_telephone(budget):
    found, spec = budget
    pop = prepare(spec).pop
    missed = pop.parameter("internet", where={"n_mobile": 0, "n_lines": 0})["value"].iloc[0]
    row = found.table.set_index(["indicator_id", "stage"]).loc[("internet_penetration", "coverage")]
    assert missed > 0
    assert row["bias"] == pytest.approx(-100 * missed / pop.size, rel=1e-9)
    assert row["variance"] == 0


def test_measurement__has_the_rate_that_was_asked_for(budget):
    """4 % of the users deny it: the unadjusted estimate falls by 4 % of itself."""
    rows = budget[0].table.set_index(["indicator_id", "stage"]).loc["internet_penetration"]
    before = 78.6 + rows.loc[["coverage", "sampling", "nonresponse"], "bias"].sum()
    assert abs(rows.loc["measurement", "bias"] + 0.04 * before) < 4.5 * rows.loc["measurement", "bias_mcse"] + 0.02


def test_values__are_the_parameters_where_everybody_who_counts_is_covered():
    prep = prepare(SurveySpec.preset("cnnic-2024-12", **SMALL))
    truth, covered = population_values(prep.pop, prep.definitions)
    known = parameters_of(prep)
    np.testing.assert_allclose(truth, [known[name] for name in prep.definitions.index], rtol=1e-12)
    users = prep.definitions["denominator"].isin(["internet", "persons"]).to_numpy()
    np.testing.assert_allclose(covered[users], truth[users], rtol=1e-9)
    others = prep.definitions["numerator"].str.startswith("nonuser_reason").to_numpy()
    assert np.abs(covered[others] / truth[others] - 1).max() > 1e-3  # a quarter of them have no telephone


def test_same_bytes__for_any_number_of_threads():
    spec = SurveySpec.preset("cnnic-2024-12", **SMALL, estimation={"indicators": ["internet_penetration"]})
    first, second = (error_budget(spec, 3, workers=w).table for w in (1, 3))
    assert first.equals(second)


def test_without_errors__only_sampling_and_weighting_are_left():
    """Everybody answers at once and tells the truth: what nonresponse and measurement add is exactly nothing."""
    part = {"contact": 0.999999, "cooperation": 0.999999, "break_off": 0.0, "busy": 0.0, "blocked": 0.0, "dead_known": 1.0,
            "attempts": 1, "business_contact": 0.999999, "refuse_unscreened": 0.0,
            "daypart": [0.0] * 6, "other": 0.0, "appointment": 0.0}  # fmt: skip
    field = {"landline": part | {"member_available": 0.999999}, "mobile": part | {"working_age_daytime": 0.0}}
    shown = {"indicators": ["internet_penetration", "app_short_video_rate"]}
    spec = SurveySpec.preset("cnnic-2024-12", **SMALL, fieldwork=field, estimation=shown)
    rows = error_budget(spec, 4).table.set_index("stage")
    assert rows.loc["measurement", "bias"].abs().max() == 0
    assert rows.loc["nonresponse", "bias"].abs().max() < 0.05
    assert (rows.loc["sampling", "variance"] > 0.01).all()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_plot_and_summary(budget, lang):
    ax = budget[0].plot(lang=lang)
    assert len(ax.get_yticks()) == len(STAGES) + 1
    assert "largest bias measurement" in budget[0].summary()
    with pytest.raises(StudyError, match="not in this error budget"):
        budget[0].plot("internet")


def test_refusals():
    spec = SurveySpec.preset("cnnic-2024-12", **SMALL)
    with pytest.raises(StudyError, match="At least 2"):
        error_budget(spec, 1)
    with pytest.raises(SpecError, match="seed"):
        error_budget(spec, 2, seed=-1)
    with pytest.raises(SpecError, match="SurveySpec"):
        error_budget("cnnic-2024-12", 2)
    with pytest.raises(StudyError, match="workers"):
        error_budget(spec, 2, workers=-1)


def test_one_frame__has_its_own_coverage():
    """Landlines alone reach a fifth of the people: that is coverage, not sampling."""
    only = SMALL | {"sample": SMALL["sample"] | {"landline_share": 1.0}}
    spec = SurveySpec.preset("cnnic-2024-12", **only, estimation={"indicators": ["netizens_age_30_39_share"]})
    rows = error_budget(spec, 6).table.set_index("stage")
    pop = prepare(spec).pop
    reached = {"n_lines": ["1", "2"]}
    share = pop.parameter("internet*age_30_39/internet", where=reached)["value"].iloc[0]
    whole = pop.parameter("internet*age_30_39/internet")["value"].iloc[0]
    assert rows.loc["coverage", "bias"] == pytest.approx(100 * (share - whole), rel=1e-9)
    assert abs(rows.loc["sampling", "bias"]) < 4.5 * rows.loc["sampling", "bias_mcse"] + 0.3


def test_complete_response__knows_no_quota_and_no_centre():
    field = {"level": "calls", "protocol": {"quota": 1.0, "interviewers": 40, "field_days": 21}}
    spec = SurveySpec.preset(
        "cnnic-2024-12", **SMALL, fieldwork=field, estimation={"indicators": ["internet_penetration"]}
    )
    complete = prepare(spec.model_copy(update={"stages": StagesSpec(**SWITCHES[0])}))
    cases = field_and_weight(complete, 1, 0)[0]
    assert len(cases) == 12_000
    assert cases.outcomes[..., -1, :].sum() == 0
    assert np.isfinite(error_budget(spec, 2).table["bias"]).all()
