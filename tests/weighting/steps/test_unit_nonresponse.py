"""Nonresponse adjustment of a file with a row per sampled unit."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from surveysim import DataError, Recipe, Survey
from surveysim.weighting import (
    BaseWeight,
    Calibrate,
    Composite,
    Impute,
    Multiplicity,
    Poststratify,
    Rake,
    Scale,
    Trim,
    UnitNonresponse,
    response_propensity,
)
from surveysim.weighting.result import deff_kish

PARITY = Path(__file__).parents[2] / "parity"
FILE = pd.DataFrame(
    {
        "status": ["R", "R", "N", "U", "X", "R", "N", "N", "U", "R"],
        "region": ["n", "n", "n", "n", "n", "s", "s", "s", "s", "s"],
        "w": [10.0, 20, 10, 8, 12, 30, 10, 20, 10, 20],
    }
)


def weights(step, data=FILE):
    return Recipe([BaseWeight("w"), step]).apply(data)


def test_classes__hand_worked():
    """North: 8 unknown go to 52 known (× 60/52), then 10 nonrespondents to 30 (× 40/30). South: × 90/80, then × 80/50."""
    found = weights(UnitNonresponse(by="region", unknown_by="region")).final
    north, south = 60 / 52 * 40 / 30, 90 / 80 * 80 / 50
    np.testing.assert_allclose(found, [10 * north, 20 * north, 0, 0, 0, 30 * south, 0, 0, 0, 20 * south])
    # nothing is lost: all weight but that of the units that are not eligible
    assert found.sum() == pytest.approx(150 - 12 * 60 / 52)


def test_without_classes__everything_is_one_class():
    found = weights(UnitNonresponse()).final
    np.testing.assert_allclose(found[FILE["status"] == "R"], FILE["w"][FILE["status"] == "R"] * 150 / 132 * 120 / 80)


def test_a_factor_of_classes__equals_the_saturated_propensity():
    data = FILE.assign(responded=FILE["status"] == "R")
    by_class = weights(UnitNonresponse("responded", by="region"), data).final
    by_model = weights(UnitNonresponse("responded", covariates="region"), data).final
    np.testing.assert_allclose(by_model, by_class, rtol=1e-10)


@pytest.mark.parametrize("how", ["plain", "weighted"])
def test_propensities__agree_with_glm(how):
    """R 4.2.2, glm with binomial and quasibinomial family (propensity.R): to 1e-10."""
    data = pd.read_csv(PARITY / "linearized_data.csv")
    expected = pd.read_csv(PARITY / "propensity_expected.csv")
    p = response_propensity(
        data, expected["responded"].to_numpy(), ["sex", "age", "hours"], weight="weight" if how == "weighted" else None
    )
    np.testing.assert_allclose(p, expected[how], rtol=0, atol=1e-10)


def test_groups__share_the_weight_and_keep_the_total():
    rng = np.random.default_rng(3)
    x = rng.normal(size=4000)
    data = pd.DataFrame({"x": x, "responded": rng.random(4000) < 1 / (1 + np.exp(-x)), "w": rng.uniform(1, 2, 4000)})
    found = weights(UnitNonresponse("responded", covariates="x", groups=5), data).final
    used = found[data["responded"]] / data["w"][data["responded"]]
    assert len(np.unique(used.round(12))) == 5
    assert found.sum() == pytest.approx(data["w"].sum())
    assert np.corrcoef(used, x[data["responded"]])[0, 1] < -0.5


def test_groups__do_not_depend_on_the_order_of_rows():
    """Units of one class have one propensity: a bound of groups does not part them."""
    rng = np.random.default_rng(4)
    data = pd.DataFrame(
        {"x": rng.choice(list("abc"), 300), "w": rng.uniform(1, 2, 300), "responded": rng.random(300) < 0.6}
    )
    found = data.assign(weight=weights(UnitNonresponse("responded", covariates="x", groups=2), data).final)
    other = data.sample(frac=1, random_state=1)
    again = pd.Series(weights(UnitNonresponse("responded", covariates="x", groups=2), other).final, other.index)
    np.testing.assert_allclose(again.sort_index(), found["weight"], rtol=1e-12)
    used = found[found["responded"]]
    assert ((used["weight"] / used["w"]).groupby(used["x"]).agg(np.ptp) < 1e-12).all()


def test_propensity_weights__remove_the_bias_of_response_that_depends_on_covariates():
    """200 repetitions: response depends on x, so does y; the weighted mean is unbiased, that of respondents is not."""
    rng = np.random.default_rng(8)
    naive, adjusted = [], []
    for _ in range(200):
        x = rng.normal(size=1500)
        data = pd.DataFrame({"x": x, "y": 2 + x + rng.normal(size=1500), "w": 1.0})
        data["responded"] = rng.random(1500) < 1 / (1 + np.exp(-0.5 - x))
        w = weights(UnitNonresponse("responded", covariates="x"), data).final
        r = data["responded"].to_numpy()
        naive.append(data["y"][r].mean() - 2)
        adjusted.append(np.average(data["y"], weights=w) - 2)
    mcse = np.std(adjusted) / np.sqrt(200)
    assert abs(np.mean(adjusted)) < 4 * mcse
    assert np.mean(naive) > 0.25


def test_nonrespondents__stay_in_the_table_without_weight_and_can_be_raked_and_estimated():
    data = FILE.assign(y=[1.0, 2, np.nan, np.nan, np.nan, 3, np.nan, np.nan, np.nan, 5])
    recipe = Recipe(
        [BaseWeight("w"), UnitNonresponse(by="region"), Rake({"region": {"n": 60.0, "s": 90.0}}, minimum=1)]
    )
    w = recipe.apply(data)
    assert deff_kish(w.final) == pytest.approx(4 * np.sum(w.final**2) / 150**2)  # four interviews, not ten
    np.testing.assert_allclose(w.final.sum(), 150)
    assert (w.final[data["status"] != "R"] == 0).all()
    s = Survey(data.fillna({"y": 0.0}), weight=w)
    expected = np.average([1, 2, 3, 5], weights=w.final[data["status"] == "R"])
    assert s.mean("y").table["estimate"].iloc[0] == pytest.approx(expected)


def test_recipes_with_it__go_through_toml():
    recipe = Recipe(
        [BaseWeight("w"), UnitNonresponse("status", covariates=("region",), groups=2, unknown_by=("region",))]
    )
    assert Recipe.from_toml(recipe.to_toml()).steps == recipe.steps


@pytest.mark.parametrize(
    ("step", "data", "word"),
    [
        (UnitNonresponse(by="region"), FILE.assign(status="N"), "no respondents"),
        (UnitNonresponse(by="region"), FILE.assign(status=["Q", *FILE["status"][1:]]), "'Q' in row 0"),
        (
            UnitNonresponse(by="region"),
            FILE.assign(status=["R", "R", *["N"] * 8]),
            "region = s.*no units that responded",
        ),
        (
            UnitNonresponse(unknown_by="region"),
            FILE.assign(status=["U"] * 5 + list("RNNUR")),
            "region = n.*known eligibility",
        ),
        (UnitNonresponse(covariates="region"), FILE.assign(status=["R", "R", *["N"] * 8]), "separates"),
        (UnitNonresponse(covariates="x"), FILE.assign(x=[np.nan, *range(9)]), "no x.*row 0|x.*missing"),
        (UnitNonresponse("flag"), FILE.assign(flag=[2, *[1] * 9]), "other than true and false"),
    ],
)
def test_refusals(step, data, word):
    with pytest.raises(DataError, match=word):
        weights(step, data)


@pytest.mark.parametrize(
    "options", [{"by": "region", "covariates": "region"}, {"groups": 3}, {"groups": 0, "covariates": "region"}]
)
def test_contradictory_options__are_refused(options):
    with pytest.raises(DataError):
        UnitNonresponse(**options)


def test_unresolved_units__need_no_covariates():
    """Ages are known of eligible units alone; 0 and 1 are truth values."""
    data = FILE.assign(age=[30.0, 40, 50, np.nan, np.nan, 35, 45, 60, np.nan, 52])
    found = weights(UnitNonresponse(covariates="age"), data).final
    known = data[data["status"].isin(["R", "N"])]
    alone = weights(UnitNonresponse(covariates="age"), known.reset_index(drop=True)).final
    np.testing.assert_allclose(found[known.index], alone * 150 / 132)
    number = FILE.assign(status=(FILE["status"] == "R").astype(int))
    flag = FILE.assign(status=FILE["status"] == "R")
    np.testing.assert_array_equal(*(weights(UnitNonresponse(by="region"), d).final for d in (number, flag)))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"weight": -np.ones(10)}, "negative"),
        ({"weight": np.zeros(10)}, "zero"),
        ({"weight": np.full(10, np.nan)}, "weight"),
        ({"rows": [True] * 5}, "one per row"),
        ({"rows": np.arange(10)}, "one per row"),
        ({"covariates": ["same"]}, "do not vary"),
    ],
)
def test_propensities__refuse_what_they_cannot_use(options, word):
    data = FILE.assign(same=pd.Timestamp("2024-01-01"), x=np.arange(10.0))
    options = {"covariates": ["x"]} | options
    with pytest.raises(DataError, match=word):
        response_propensity(data, (FILE["status"] == "R").to_numpy(), **options)


def test_groups__are_whole_numbers_of_any_kind():
    assert UnitNonresponse(covariates="region", groups=np.int64(2)).groups == 2
    with pytest.raises(DataError, match="groups"):
        UnitNonresponse(covariates="region", groups=True)


def test_unit_nonresponse__later_steps_need_answers_of_respondents_only():
    sample = pd.DataFrame(
        {
            "w": 10.0,
            "status": list("RRNRRXU"),
            "frame": list("lllmmml"),
            "domain": ["a", "ab", None, "ab", "b", None, None],
        }
    )
    sample["sex"] = ["m", "f", None, None, "f", None, None]
    sample["phones"], sample["adults"] = [1, 2, None, 1, 1, np.nan, None], [1, 1, 0, 1, 2, np.nan, None]
    steps = [
        UnitNonresponse(by="frame", unknown_by="frame"),
        Multiplicity("frame", {"l": ("phones", "adults"), "m": ("phones", "")}),
        Composite("effective", frames=("l", "m")),
        Impute("sex"),
        Trim(most=3, by="frame"),
        Calibrate({"phones": 60, "sex": {"m": 20, "f": 30}}),
        Poststratify({"sex": {"m": 20, "f": 30}}),
        Rake({"sex": {"m": 20, "f": 30}, "frame": {"l": 24, "m": 26}}, minimum=1),
        Scale({"l": 2, "m": 2}, by="frame"),
    ]
    weights = Recipe([BaseWeight("w"), *steps]).apply(sample)
    there = (sample["status"] == "R").to_numpy()
    assert (weights.final[~there] == 0).all()
    assert weights.final[there].min() > 0
    assert weights.completed["sex"].isna().tolist() == [False] * len(sample)
    assert_allclose(weights.again(sample["w"].to_numpy()), weights.final)
    alone = Recipe([BaseWeight("w2"), *steps[1:]])
    kept = sample[there].assign(w2=weights.columns["nonresponse_weight"][there]).reset_index(drop=True)
    seeds_differ = alone.apply(kept).columns
    for name in ("multiplicity_weight", "composite_weight"):
        assert_allclose(weights.columns[name][there], seeds_differ[name])
    with pytest.raises(DataError, match="row 1"):
        Recipe([BaseWeight("w"), *steps[:2]]).apply(sample.assign(phones=[1, 0, None, 1, 1, None, None]))
    assert Survey(sample, weight=weights).total("phones").table["se"].iloc[0] > 0
