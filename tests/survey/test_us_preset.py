"""The United States of 2013 against facts it was not fitted to: design effects, who answers each frame, what landlines alone miss."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.survey import country
from surveysim.weighting.result import deff_kish

# Pew Research Center, December 2013: unweighted per cent of those who answered, landline and cell (pewresearch/pewmethods, MIT)
PEW = {
    ("sex", "female"): (58.9, 44.4), ("age", "18-24"): (2.8, 14.7), ("age", "25-34"): (3.9, 18.0), ("age", "35-44"): (10.7, 15.2),
    ("age", "45-54"): (18.0, 18.9), ("age", "55-64"): (24.6, 16.9), ("age", "65+"): (40.0, 16.4),
    ("education", "high school or less"): (30.0, 34.7), ("education", "some_college"): (28.6, 28.6), ("education", "college"): (41.4, 36.6),
    ("race", "white"): (81.2, 68.8), ("race", "black"): (7.9, 11.4), ("race", "hispanic"): (6.5, 13.0), ("race", "other"): (4.4, 6.8),
}  # fmt: skip
EXPLAINED = {
    "female",
    "55-64",
    "65+",
    "high school or less",
    "college",
    "white",
}  # of landlines: docs/explanation/us-preset.md says why
DEFF = {"both": 1.333, "landline": 1.865, "mobile": 1.145}  # Kish, of Pew's weights
BIAS = {
    "smoking": -3,
    "heavy_drinking_rate": -5,
    "diabetes_rate": 2,
}  # points, of a survey of landlines alone (NHIS, July-December 2013)
REPETITIONS = 4


@pytest.fixture(scope="module")
def alone():
    """Preparations of either frame alone."""
    other = {"landline": "mobile", "mobile": "landline"}
    return {f: ss.SurveySpec.preset("us-rdd-2013", sample={other[f]: 0}).prepare() for f in other}


@pytest.fixture(scope="module")
def samples():
    prep = ss.SurveySpec.preset("us-rdd-2013").prepare()
    tables = [country.field_work(prep, 1, r).table for r in range(REPETITIONS)]
    return prep, tables


@pytest.mark.statistical
def test_design_effects__of_both_frames_and_of_each_alone(samples, alone):
    prep, tables = samples
    found = {"both": [deff_kish(prep.recipe.apply(table).final) for table in tables]}
    for frame, one in alone.items():
        parts = [table[table["frame"] == frame].reset_index(drop=True) for table in tables]
        found[frame] = [deff_kish(one.recipe.apply(part).final) for part in parts]
    for name, within in (("both", 0.1), ("landline", 0.2), ("mobile", 0.2)):
        assert abs(np.mean(found[name]) - DEFF[name]) < within, (name, found[name])


@pytest.mark.statistical
def test_profiles__within_four_points_or_explained(samples):
    """Of a mean of surveys, beyond three of its standard errors."""
    table = pd.concat(samples[1], ignore_index=True)
    education = (
        table["education"]
        .astype(str)
        .replace({"no_diploma": "high school or less", "high_school": "high school or less"})
    )
    table = table.assign(education=education)
    far = {}
    for (variable, level), pew in PEW.items():
        for frame, printed in zip(("landline", "mobile"), pew, strict=True):
            part = table[table["frame"] == frame][variable].astype(str)
            share = 100 * (part == level).mean()
            if abs(share - printed) > 4 + 3 * np.sqrt(share * (100 - share) / len(part)):
                far[frame, level] = share
    assert {frame for frame, _ in far} <= {"landline"}, far
    assert {level for _, level in far} <= EXPLAINED, far


@pytest.mark.statistical
def test_landlines_alone__are_off_as_the_national_survey_implies(alone):
    """Bias of raked estimates over surveys, within a point and two standard errors of their mean; in the people to half a point."""
    prep = alone["landline"]
    truth = country.parameters(prep)
    found = []
    for r in range(REPETITIONS):
        table = country.field_work(prep, 2, r).table
        survey = country.survey_of(prep, table, prep.recipe.apply(table))
        found.append(country.estimated(prep, table, survey).table.set_index("variable"))
    for name, points in BIAS.items():
        bias = np.mean([table.loc[name, "estimate"] for table in found]) - truth[name]
        error = np.mean([table.loc[name, "se"] for table in found]) / np.sqrt(REPETITIONS)
        assert abs(bias - points) < 1 + 2 * error, name
    people = prep.pop.persons(np.arange(0, prep.pop.size, 10), ["landline", "smokes", "heavy_drinking", "diabetes"])
    for name, points in (("smokes", -2.9), ("heavy_drinking", -4.9), ("diabetes", 2.4)):
        assert abs(100 * (people[people["landline"]][name].mean() - people[name].mean()) - points) < 0.5


def test_recipes__both_run_and_meet_the_margins(samples):
    prep, tables = samples
    brfss = prep.reweighted({"recipe": "brfss"})
    for one in (prep, brfss):
        weights = one.recipe.apply(tables[0])
        assert weights.final.sum() == pytest.approx(prep.pop.size, rel=1e-6)
        assert 1.1 < deff_kish(weights.final) < 1.7
