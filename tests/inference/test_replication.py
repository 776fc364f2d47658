"""Replicates repeat the whole weighting: recipes brought, applied and begun by themselves."""

import numpy as np
import pandas as pd
import pytest
from naive import recipe
from samples import A, B, sample, se

import surveysim as ss
from surveysim import DesignError, Recipe, Survey, weighting
from surveysim.weighting import Rake


def test_recipe_with_start_weights__starts_from_them_in_replicates():
    data = sample()
    recipe = Recipe([Rake({"a": A}, name="r")])
    weights = recipe.apply(data, weight="w")
    brought = Survey(data, weight=weights, psu="p").replicates("jk1", mse=True).mean("y")
    applied = Survey(data, weight="w", psu="p").apply(recipe).replicates("jk1", mse=True).mean("y")
    np.testing.assert_allclose(se(brought), se(applied), rtol=1e-9)
    assert se(brought)[0] == pytest.approx(se(Survey(data, weight=weights, psu="p").mean("y"))[0], rel=0.1)


def test_recipe_with_two_rakings__hands_on_both_constraints():
    data = sample()
    s = Survey(data, weight="w", psu="p")
    both = s.apply(Recipe([Rake({"a": A}, name="r1"), Rake({"b": B}, name="r2")]))
    np.testing.assert_allclose(se(both.total("y")), se(s.rake({"a": A}).rake({"b": B}).total("y")), rtol=1e-9)


def test_totals_known_with_error__have_no_replicates():
    s = Survey(sample(), weight="w", psu="p").calibrate({"a": A}, covariance=np.diag([2500.0, 2500.0]))
    with pytest.raises(DesignError, match="error of totals"):
        s.replicates("jk1")


def test_recipe_that_starts_itself__is_applied_and_repeated():
    from surveysim.weighting import BaseWeight

    data = sample()
    own = Recipe([BaseWeight("w"), Rake({"a": A}, name="r")])
    s, plain = (
        Survey(data, psu="p").apply(own),
        Survey(data, weight="w", psu="p").apply(Recipe([Rake({"a": A}, name="r")])),
    )
    np.testing.assert_allclose(s.weight, plain.weight)
    for make in (lambda s: s.mean("y"), lambda s: s.replicates("jk1").mean("y")):
        np.testing.assert_allclose(se(make(s)), se(make(plain)), rtol=1e-6)
    with pytest.raises(DesignError, match="would undo"):
        plain.apply(own)


def test_the_modelled_survey__in_replicates(result):
    """The whole recipe, dispositions included, repeated in bootstrap replicates: 40 of them are within a third of linearization."""
    s = result.survey
    r = s.replicates("rao-wu", n=40, seed=1)
    assert se(r.proportion("internet"))[0] == pytest.approx(se(s.proportion("internet"))[0], rel=0.35)


def test_replicates__that_cannot_be_raked_say_that_they_are_replicates():
    """A level with one respondent is lost in every replicate that leaves its PSU out."""
    table = pd.DataFrame({"g": ["a"] * 9 + ["b"], "w": 1.0, "y": np.arange(10.0)})
    recipe = Recipe([ss.weighting.BaseWeight("w"), Rake({"g": {"a": 8.0, "b": 2.0}}, minimum=1)])
    survey = Survey(table, weight=recipe.apply(table)).replicates("jk1")
    with pytest.raises(ss.CalibrationError, match="replicate 10 of 10 cannot be weighted like the sample"):
        survey.mean("y")


RNG = np.random.default_rng(5)
FORTY = pd.DataFrame({"g": RNG.choice(list("pq"), 40), "k": RNG.choice(list("st"), 40), "v": RNG.normal(5, 2, 40)})
FORTY = FORTY.assign(w=RNG.lognormal(2, 0.5, 40))
RAKED = {"g": {"p": 120.0, "q": 180.0}, "k": {"s": 100.0, "t": 200.0}}


@pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")
@pytest.mark.parametrize("brought", [False, True])
@pytest.mark.parametrize("step", [weighting.Scale(to="n"), weighting.Trim(most=1.3)])
def test_replicates__count_rows_by_the_design_and_not_by_an_earlier_raking(step, brought):
    """A step that counts respondents took changes of an earlier raking for more or fewer of them: errors were 26.6 for 12.9."""
    n = len(FORTY)
    factor = np.full((n, n), n / (n - 1)) * (1 - np.eye(n))
    scale = {"scale": (n - 1) / n, "mse": True}
    sample = ss.Survey(FORTY, weight="w", **({"replicate_factors": factor, **scale} if brought else {}))
    found = sample.rake(RAKED, tol=1e-12).apply(ss.Recipe([step]))
    got = (found if brought else found.replicates("jkn", mse=True)).total("v").table["se"][0]

    def weighed(f):
        """The whole weighting by hand; rows stand for f respondents."""
        w = ss.rake(FORTY, RAKED, weight=FORTY["w"].to_numpy() * f, tol=1e-12).weight
        if isinstance(step, weighting.Scale):
            return w * f.sum() / w.sum()
        return np.array(recipe.trim(w.tolist(), most=1.3))  # kept rows stand for as many each

    values = np.array([weighed(f) @ FORTY["v"] for f in factor])
    centre = weighed(np.ones(n)) @ FORTY["v"]
    assert got == pytest.approx(np.sqrt((n - 1) / n * ((values - centre) ** 2).sum()), rel=1e-6)
