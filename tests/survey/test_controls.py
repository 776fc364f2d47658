"""Both kinds of control totals: people with a telephone, and all residents."""

import numpy as np
import pytest

from surveysim import SurveySpec
from surveysim.survey.controls import CONTROLS, both_totals

KEYS = {
    "population": {"scale": 0.01},
    "sample": {"interviews": 4000, "minimum_per_province": 0, "minimum_per_unit": 2},
    "estimation": {"indicators": ["internet_penetration", "netizens_size", "app_short_video_rate"]},
}


@pytest.fixture(scope="module")
def run():
    return SurveySpec.preset("cnnic-2024-12", **KEYS).run(seed=2, record=False)


def test_totals__of_the_specification_give_its_own_estimates(run):
    found = both_totals(run).set_index(["control_population", "indicator_id"])
    own = run.estimates.table.set_index("variable")[["estimate", "se", "moe"]]
    np.testing.assert_allclose(found.loc["covered_6plus"].loc[own.index, ["estimate", "se", "moe"]], own, rtol=1e-9)


def test_totals__of_residents_are_what_a_survey_weighted_to_them_gives(run):
    other = SurveySpec.preset("cnnic-2024-12", **KEYS, weighting={"control_population": "residents_6plus"})
    own = other.run(seed=2, record=False).estimates.table.set_index("variable")["estimate"]
    found = both_totals(run).set_index(["control_population", "indicator_id"])["estimate"].loc["residents_6plus"]
    np.testing.assert_allclose(found[own.index], own, rtol=1e-9)


def test_people__are_those_aged_6_and_above_with_and_without_a_telephone(run):
    found = both_totals(run)
    assert tuple(found["control_population"].unique()) == CONTROLS
    people, pop = found.groupby("control_population")["people"].first(), run.preparation.pop
    aged = pop.parameter("persons*age_6plus")["value"].iloc[0] / pop.scale / 1e4
    without = pop.parameter("persons*age_6plus", where={"n_mobile": 0, "n_lines": 0})["value"].iloc[0] / pop.scale / 1e4
    assert people["residents_6plus"] == pytest.approx(aged, rel=2e-3)
    assert people["residents_6plus"] - people["covered_6plus"] == pytest.approx(without, rel=0.02)


def test_penetration__is_higher_where_people_without_a_telephone_are_stood_for(run):
    wide = both_totals(run).pivot(index="indicator_id", columns="control_population", values="estimate")
    gap = wide["residents_6plus"] - wide["covered_6plus"]
    assert gap["internet_penetration"] > 1
    assert abs(gap["app_short_video_rate"]) < 0.5
