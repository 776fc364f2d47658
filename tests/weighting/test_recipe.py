"""The recipe: each step by hand, and the whole on a survey."""

import numpy as np
import pandas as pd
import pytest

from surveysim import CalibrationError, DataError, Recipe
from surveysim.weighting import Margins
from surveysim.weighting.dual_frame import composite_factor, effective_theta
from surveysim.weighting.nonresponse import class_factors
from surveysim.weighting.recipe import Composite, InverseSampling, Multiplicity, NonresponseClasses, Rake

CASES = pd.DataFrame(
    {
        "frame": ["landline", "landline", "mobile", "mobile"],
        "domain": ["ab", "a", "ab", "b"],
        "number_space": [1000, 1000, 5000, 5000],
        "unit_interviews": [2, 2, 2, 2],
        "unit_dialled": [11, 11, 21, 21],
        "n_mobile": [1, 0, 2, 1],
        "n_lines": [1, 2, 1, 0],
        "n_eligible": [3, 2, 0, 0],
        "number_province": ["11", "11", "11", "11"],
        "sex": ["m", "f", "m", "f"],
    }
)
TALLY = pd.DataFrame(
    {
        "frame": ["landline", "mobile"],
        "number_province": ["11", "11"],
        "I": [2, 2],
        "P": [0, 0],
        "R": [2, 4],
        "NC": [0, 0],
        "O": [0, 0],
        "UH": [4, 0],
        "UO": [0, 0],
        "NE": [4, 14],
    }
)


def test_steps__by_hand():
    """N(m−1)/((t−1)m): 1000/20 = 50 and 5000/40 = 125. Then × 3, × 2/2; ÷ 2, ÷ 1. Then landline (4 + 4·4/8)/2 = 3 and
    mobile 6/2 = 3. Then θ = 0.25."""
    recipe = Recipe([InverseSampling(), Multiplicity(), NonresponseClasses(), Composite(theta=0.25)])
    table = recipe.apply(CASES, TALLY).table
    np.testing.assert_allclose(table["design_weight"], [50, 50, 125, 125])
    np.testing.assert_allclose(table["multiplicity_weight"], [150, 50, 62.5, 125])
    np.testing.assert_allclose(table["nonresponse_weight"], [450, 150, 187.5, 375])
    np.testing.assert_allclose(table["composite_weight"], [112.5, 150, 140.625, 375])


def test_effective_theta__is_the_share_of_effective_sizes():
    weight, first = np.array([1.0, 1, 1, 1, 3]), np.array([True, True, False, False, False])
    second = 25 / 11  # (1 + 1 + 3)² / (1 + 1 + 9)
    assert effective_theta(weight, first) == pytest.approx(2 / (2 + second))
    assert list(composite_factor(first, np.array([True, False, True, True, False]), 0.3)) == [0.3, 1, 0.7, 0.7, 1]


def test_class_factors__are_one_over_rr3():
    from surveysim import response_rates
    from surveysim.fieldwork.dispositions import eligibility

    counts = {"I": 20, "P": 2, "R": 15, "NC": 6, "O": 1, "UH": 30, "UO": 9, "NE": 50}
    factor = class_factors([list(counts.values())], "proportional", 0.9)[0]
    assert factor == pytest.approx(1 / response_rates(counts, e={"UH": eligibility(counts), "UO": 0.9})["RR3"])


def test_rake_step__reads_margins_as_rake_does():
    data = pd.DataFrame({"sex": ["m", "f"] * 10, "r": ["x"] * 10 + ["y"] * 10, "e": list("pq") * 5 + list("ps") * 5})
    shares = Recipe([Rake({"sex": {"m": 0.4, "f": 0.6}})]).apply(data)
    assert shares.final.sum() == pytest.approx(20)
    with pytest.raises(CalibrationError, match="differ by"):
        Recipe([Rake({"sex": {"m": 50, "f": 60}, "e": {"p": 50, "q": 25, "s": 30}})]).apply(data)
    by = {"x": {"e": {"p": 20, "q": 25}}, "y": {"e": {"p": 10, "s": 15}}}
    assert Recipe([Rake(by, by="r")]).apply(data).final.sum() == pytest.approx(70)
    with pytest.raises(CalibrationError, match="altogether, fewer than"):
        Recipe([Rake({"sex": {"m": 50, "f": 60}}, minimum=30)]).apply(data)


def test_rake_step__merges_thin_levels_and_records_it():
    rng = np.random.default_rng(0)
    data = pd.DataFrame(
        {"p": ["x"] * 60, "age": np.repeat(["a", "b", "c", "d"], [2, 30, 25, 3]), "w": rng.random(60) + 1}
    )
    margins = Margins.parse({"x": {"age": {"a": 100, "b": 400, "c": 300, "d": 200}}}, by="p")
    weights = Recipe([Rake(margins, minimum=5)]).apply(data)
    merged = weights.records[0]["merged"]
    assert [(m["level"], m["into"]) for m in merged] == [("a", "b"), ("d", "c")]
    sums = pd.Series(weights.final).groupby(data["age"]).sum()
    assert sums["a"] + sums["b"] == pytest.approx(500)
    assert sums["c"] + sums["d"] == pytest.approx(500)


@pytest.mark.parametrize(
    ("step", "data", "word"),
    [
        (InverseSampling(), CASES.assign(unit_interviews=1), "at least 2"),
        (Multiplicity(), CASES.assign(n_mobile=0), "report no number"),
        (NonresponseClasses(), CASES, "dispositions"),
        (
            Composite(),
            CASES.assign(frame=["landline"] * 2 + ["mobile"] * 2, domain=["ab", "ab", "b", "b"]),
            "one frame only",
        ),
    ],
)
def test_steps__refuse(step, data, word):
    with pytest.raises(DataError, match=word):
        Recipe([step]).apply(data)


def test_composite__refuses_theta_outside_0_to_1():
    with pytest.raises(DataError, match="theta"):
        Composite(theta=1.2)


def test_recipe__needs_distinct_steps():
    with pytest.raises(DataError, match="two steps"):
        Recipe([Composite(), Composite()])
    with pytest.raises(DataError, match="at least one"):
        Recipe([])


def test_survey_weights__meet_every_control_total(result):
    """Recomputed from the interviews and the recipe's margins: every province × level within 1e-8."""
    step = result.preparation.recipe.steps[-1]
    assert not result.weights.records[-1]["merged"]
    for variable, labels, first in zip(step.margins.variables, step.margins.labels, step.margins.first, strict=False):
        sums = (
            pd.Series(result.weights.final)
            .groupby([result.interviews["province"], result.interviews[variable[0]]], observed=False)
            .sum()
            .unstack()
        )
        np.testing.assert_allclose(
            sums[[label[0] for label in labels]], step.margins.total[:, first : first + len(labels)], rtol=1e-8
        )


def test_survey_weights__columns_follow_the_order_of_weighting(result):
    assert list(result.weights.table) == [
        "design_weight",
        "multiplicity_weight",
        "nonresponse_weight",
        "composite_weight",
        "final_weight",
    ]
    assert (result.weights.table > 0).all().all()


def test_recipe__survives_toml(result, tmp_path):
    """The preset's recipe with its 31 × 13 control totals: written, read, applied, the same weights to the last bit."""
    recipe = result.preparation.recipe
    again = Recipe.from_toml(recipe.to_toml())
    recipe.to_toml(tmp_path / "recipe.toml")
    from_file = Recipe.from_toml(tmp_path / "recipe.toml")
    from surveysim.study.survey import disposition_table, weighting_table

    table = weighting_table(result.preparation, result.case_file)
    tally = disposition_table(result.preparation, result.case_file)
    for other in (again, from_file):
        np.testing.assert_array_equal(other.apply(table, tally).final, result.weights.final)


def test_recipe_toml__of_a_user_and_its_refusals():
    recipe = Recipe([Rake({"sex": {"m": 40.0, "f": 60.0}}, margins_are="totals"), Composite(theta=0.4)])
    again = Recipe.from_toml(recipe.to_toml())
    data = pd.DataFrame({"sex": ["m", "f"] * 10, "frame": ["landline", "mobile"] * 10, "domain": "ab"})
    np.testing.assert_array_equal(again.apply(data).final, recipe.apply(data).final)
    with pytest.raises(DataError, match="no step of a recipe"):
        Recipe.from_toml("[[steps]]\nkind = 'Rakes'\n")
    with pytest.raises(DataError, match="has no field 'thta'"):
        Recipe.from_toml("[[steps]]\nkind = 'Composite'\nthta = 0.3\n")
