"""The recipe: each step by hand, and the whole on a survey."""

import re

import numpy as np
import pandas as pd
import pytest
from samples import sample as small_sample

import surveysim as ss
from surveysim import CalibrationError, DataError, DesignError, Recipe, Survey
from surveysim.weighting import (
    BaseWeight,
    Calibrate,
    Composite,
    InverseSampling,
    Margins,
    Multiplicity,
    NonresponseClasses,
    NonresponsePropensity,
    Rake,
    Trim,
    diagnose,
)
from surveysim.weighting.steps.composite import composite_factor, effective_theta
from surveysim.weighting.steps.nonresponse import class_factors
from surveysim.weighting.steps.propensity import propensities

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
    with_others = np.append(weight, [0.0, 0.0]), np.append(first, [True, False])
    assert effective_theta(*with_others) == effective_theta(weight, first)  # rows without weight are no respondents
    with pytest.raises(DataError, match="one frame only"):
        effective_theta(np.array([0.0, 1.0]), np.array([True, False]))
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
    from surveysim.survey.weighted import disposition_table, weighting_table

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


def test_propensities__are_the_logistic_maximum_likelihood():
    """Saturated: the response rates themselves. Main effects: the score equations hold (McCullagh & Nelder 1989, section 4.4)."""
    cases, responded = np.array([100.0, 80, 60, 40]), np.array([50.0, 20, 30, 5])
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    saturated = propensities(np.column_stack([x, x[:, 0] * x[:, 1]]), responded, cases, ["a", "b", "ab"])
    np.testing.assert_allclose(saturated, responded / cases, rtol=1e-10)
    p = propensities(x, responded, cases, ["a", "b"])
    for column in np.column_stack([np.ones(4), x]).T:
        assert column @ (responded - cases * p) == pytest.approx(0, abs=1e-8)
    with pytest.raises(DataError, match=r"a .* separates"):
        propensities(x, np.array([50.0, 20, 0, 0]), cases, ["a", "b"])


BOTH = ("frame", "number_province")


def two_way(seed):
    rng = np.random.default_rng(seed)
    tally = pd.DataFrame([(f, p) for f in "lm" for p in "xyz"], columns=["frame", "number_province"])
    for k in ("P", "NC", "O", "UH", "UO", "NE"):
        tally[k] = 0
    size = rng.integers(200, 400, 6)
    rate = 1 / (1 + np.exp(-(0.3 * (tally["frame"] == "l") - 0.5 * (tally["number_province"] == "y") - 0.2)))
    tally["I"] = rng.binomial(size, rate)
    tally["R"] = size - tally["I"]
    cases = tally.loc[tally.index.repeat(tally["I"]), ["frame", "number_province"]].reset_index(drop=True)
    return cases, tally, 1 / rate.to_numpy()


def test_propensity_step__recovers_the_response_model_and_classes_are_its_saturated_form():
    cases, tally, factor = two_way(4)
    weights = Recipe([NonresponsePropensity(by=BOTH, e=1.0)]).apply(cases, tally)
    by_class = cases.assign(w=weights.final).groupby(["frame", "number_province"])["w"].first().to_numpy()
    np.testing.assert_allclose(by_class, factor, rtol=0.15)
    one_group = Recipe([NonresponsePropensity(by=BOTH, e=1.0, groups=1)]).apply(cases, tally).final
    np.testing.assert_allclose(one_group, (tally["I"] + tally["R"]).sum() / tally["I"].sum())
    six = Recipe([NonresponsePropensity(by=BOTH, e=1.0, groups=3)]).apply(cases, tally).final
    assert len(np.unique(six)) == 3
    assert six.sum() == pytest.approx((tally["I"] + tally["R"]).sum())
    frame_only = tally.groupby("frame", as_index=False).sum(numeric_only=True)
    by = Recipe([NonresponsePropensity(by=("frame",), e=1.0)]).apply(cases, frame_only).final
    classes = Recipe([NonresponseClasses(by=("frame",), e=1.0)]).apply(cases, frame_only).final
    np.testing.assert_allclose(by, classes, rtol=1e-9)


def skewed(seed=2, n=400):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {"a": rng.choice(list("pqr"), n), "b": rng.choice(list("xy"), n), "w": rng.lognormal(0, 0.8, n)}
    )
    totals = {"a": {"p": 300.0, "q": 300.0, "r": 400.0}, "b": {"x": 450.0, "y": 550.0}}
    return data, totals


def test_rake_step__raking_and_trimming_come_to_rest_inside_the_bounds_and_on_the_margins():
    data, totals = skewed()
    recipe = Recipe([BaseWeight("w"), Rake(totals, margins_are="totals", least=0.3, most=3.0)])
    weights = recipe.apply(data)
    w, mean = weights.final, 1000 / len(data)
    assert weights.records[-1]["trimmed"] > 0
    assert w.max() <= 3 * mean * (1 + 1e-6)
    assert w.min() >= 0.3 * mean * (1 - 1e-6)
    for name, levels in totals.items():
        np.testing.assert_allclose(pd.Series(w).groupby(data[name]).sum(), list(levels.values()), rtol=1e-9)
    untrimmed = Recipe([BaseWeight("w"), Rake(totals, margins_are="totals")]).apply(data).final
    assert untrimmed.max() > 3 * mean
    again = Recipe.from_toml(recipe.to_toml())
    np.testing.assert_array_equal(again.apply(data).final, w)
    np.testing.assert_allclose(weights.calibration.g * data["w"], w)
    np.testing.assert_allclose(weights.calibration.margins["before"][:3], data.groupby("a")["w"].sum())
    with pytest.raises(CalibrationError, match="do not come to rest"):
        Recipe([BaseWeight("w"), Rake(totals, margins_are="totals", least=0.999, most=1.001)]).apply(data)
    data.loc[:2, "w"] = 0.0  # their bounds are 0, and say nothing
    with pytest.raises(CalibrationError, match="do not come to rest"):
        Recipe([BaseWeight("w"), Rake(totals, margins_are="totals", least=0.999, most=1.001)]).apply(data)


def test_replay__starts_from_the_multiplied_base_weights_and_keeps_what_was_decided():
    data, totals = skewed()
    data["frame"] = np.where(np.arange(len(data)) % 2, "landline", "mobile")
    data["domain"] = np.where(np.arange(len(data)) % 3, "ab", np.where(data["frame"] == "landline", "a", "b"))
    recipe = Recipe([BaseWeight("w"), Composite(), Rake(totals, margins_are="totals")])
    full = recipe.apply(data)
    np.testing.assert_array_equal(recipe.replay(full, data, np.ones(len(data))).final, full.final)
    multiplier = np.random.default_rng(1).integers(0, 3, len(data)).astype(float)
    replicate = recipe.replay(full, data, multiplier)
    assert replicate.records[1]["theta"] == full.records[1]["theta"]
    np.testing.assert_allclose(replicate.table["base_weight"], data["w"] * multiplier)
    np.testing.assert_allclose(pd.Series(replicate.final).groupby(data["a"]).sum(), [300, 300, 400])
    with pytest.raises(DataError, match="one per row"):
        recipe.replay(full, data, [1.0])


@pytest.mark.filterwarnings("ignore:one respondent")
def test_replay__reuses_the_merges_of_the_full_sample():
    """Level d has 6 respondents, so it stands alone; a replicate that leaves 5 of them out must not merge it anew, and the other
    way round."""
    data = pd.DataFrame({"p": "x", "age": np.repeat(["a", "b", "d"], [3, 30, 6])})
    recipe = Recipe([Rake({"x": {"age": {"a": 100, "b": 400, "d": 200}}}, by="p", margins_are="totals")])
    full = recipe.apply(data)
    assert [m["level"] for m in full.records[0]["merged"]] == ["a"]
    multiplier = np.r_[np.ones(3) * 4, np.ones(30), 0, 0, 0, 0, 0, 1]
    replicate = recipe.replay(full, data, multiplier)
    assert replicate.records[0]["merged"] == full.records[0]["merged"]
    sums = pd.Series(replicate.final).groupby(data["age"]).sum()
    assert sums["d"] == pytest.approx(200)
    assert sums["a"] + sums["b"] == pytest.approx(500)
    assert sums["a"] / sums["b"] == pytest.approx(12 / 30)


def test_again__takes_initial_weights_wherever_the_first_ones_came_from():
    """A recipe's own base weights, or those it was given: the same weights again from the same base, twice the base in twice the total."""
    data = pd.DataFrame(
        {"w": [10.0, 20.0, 0.0, 30.0], "n_mobile": 1, "n_lines": 1, "n_eligible": [1, 2, 1, 1], "frame": "landline"}
    )
    rest = [Multiplicity()]
    own, given = Recipe([BaseWeight("w"), *rest]).apply(data), Recipe(rest).apply(data, weight="w")
    other = np.array([5.0, 1.0, 0.0, 7.0])
    for weights in (own, given):
        np.testing.assert_allclose(weights.again(data["w"]), weights.final)
        np.testing.assert_allclose(weights.again(other), other * [1, 2, 1, 1])
    survey = Survey(data, weight=own)
    assert survey.replicates("jk1").replicate_weights().sum().sum() > 0
    once, twice = (
        survey.replicates("jk1").total("n_eligible").table,
        Survey(data, weight=given).replicates("jk1").total("n_eligible").table,
    )
    np.testing.assert_allclose(once["se"], twice["se"], rtol=1e-12)
    brought = Survey(data, "w", replicate_weights=np.array([[20.0, 0], [0, 40], [0, 0], [40, 20]]), scale=0.5)
    with pytest.raises(DesignError, match="the replicate weights are none of theirs"):
        brought.apply(Recipe([BaseWeight("w"), *rest]))


def test_recipes__refuse_shares_of_99_as_rake_does():
    from surveysim import CalibrationError

    with pytest.raises(CalibrationError, match="nearly but not 1 or 100"):
        Recipe([Rake({"a": {"u": 59, "v": 40}})]).apply(small_sample(), weight="w")


def test_recipe__what_is_no_step_is_refused():
    with pytest.raises(ss.DataError, match="3 is no step"):
        ss.Recipe([3])


def test_recipe__negative_weights_that_stop_a_later_step_are_told_with_the_step_and_the_remedy():
    """Of the sample they are positive; in replicates the linear factor 1 - c x falls below 0, which raking cannot take."""
    x = np.r_[np.linspace(1.0, 4.0, 39), 10.0]
    data = pd.DataFrame({"x": x, "sex": ["m", "f"] * 20})
    total = float(x.sum() - 0.98 / x.max() * (x**2).sum())
    rake = Rake({"sex": {"m": 50.0, "f": 50.0}}, margins_are="totals", minimum=1)
    weights = Recipe([Calibrate({"x": total}), rake]).apply(data)
    with pytest.raises(CalibrationError) as told:
        ss.Survey(data, weight=weights).replicates("rao-wu", n=50, seed=1).mean("x")
    for part in (
        r"replicate \d+ of 50",
        "step 'final_weight'",
        r"\d+ of 40 weights are negative after the step 'calibrated_weight'",
    ):
        assert re.search(part, str(told.value)), told.value
    assert "bounds = (0, upper)" in str(told.value)


def test_recipe_toml__margins_without_their_totals_are_refused_in_words():
    with pytest.raises(DataError, match=r"step 1: margins = 'sex': Rake needs the totals too"):
        Recipe.from_toml('[[steps]]\nkind = "Rake"\nmargins = "sex"\n')
    with pytest.raises(DataError, match=r"totals = \('sex',\)|totals = \['sex'\]"):
        Recipe.from_toml('[[steps]]\nkind = "Calibrate"\ntotals = ["sex"]\n')


def test_weights__margins_are_those_of_the_final_weights():
    """Trimming after raking leaves margins; `steps` and `diagnose` tell by how much."""
    data = pd.DataFrame({"sex": list("mfff") * 5, "w": np.arange(1.0, 21.0)})
    weights = Recipe([BaseWeight("w"), Rake({"sex": {"m": 0.6, "f": 0.4}}, minimum=1), Trim(most=1.5)]).apply(data)
    final, male = weights.final, (data["sex"] == "m").to_numpy()
    share = 100 * final[male].sum() / final.sum()
    assert abs(share - 60) > 0.1
    table = diagnose(data, weights).margins.set_index("level")
    assert table.loc["m", "after"] == pytest.approx(share)
    assert table.loc["m", "before"] == pytest.approx(100 * data["w"][male].sum() / data["w"].sum())
    assert table.loc["m", "target"] == pytest.approx(60)
    assert weights.steps["sum"].tolist() == pytest.approx([w.sum() for w in weights.columns.values()])
    assert weights.steps["step"].tolist() == ["base_weight", "final_weight", "trimmed_weight"]
