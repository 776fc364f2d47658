"""Steps that only multiply: names of columns, weights that are none, bounds beyond double precision."""

import numpy as np
import pandas as pd
import pytest
from naive import recipe as naive
from numpy.testing import assert_allclose

import surveysim as ss
from surveysim import weighting
from surveysim.errors import SurveysimError
from surveysim.weighting import Multiplicity, Recipe, Selection

Y = np.random.default_rng(3).normal(5, 1, 40)


def table(**columns):
    return pd.DataFrame(
        {"y": Y, "w": 1.5, "g": list("pqrp") * 10, "c": np.arange(40) // 2, "overlap": ["a", "ab"] * 20} | columns
    )


def test_bounds__beyond_double_precision_are_none():
    data, margins = table(), {"g": {"p": 40.0, "q": 20.0, "r": 20.0}}
    free = ss.rake(data, margins).weight
    assert ss.rake(data, margins, trim=(None, 1e308)).weight.tolist() == free.tolist()
    step = weighting.Rake(margins=margins, most=1e308)
    assert ss.Recipe([step]).apply(data).final == pytest.approx(free)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_recipes__refuse_weights_that_are_none(bad):
    weight = np.full(40, bad)
    with pytest.raises(SurveysimError, match="weight: 40 of 40 weights are missing"):
        ss.Recipe([weighting.Selection("half")]).apply(table(half=0.5), weight=weight)
    with pytest.raises(SurveysimError, match="selection_weight, beyond double precision: 40 of 40"):
        ss.Recipe([weighting.Selection("half")]).apply(table(half=1e-200), weight=np.full(40, 1e200))


@pytest.mark.parametrize("wrong", [pd.NA, np.ones((2, 2)), pd.Series([0.5] * 40), None, True, ["half"]])
def test_steps__take_names_of_columns(wrong):
    calls = (
        lambda: weighting.Selection(wrong),
        lambda: weighting.Released(space=wrong),
        lambda: weighting.InverseSampling(dialled=wrong),
    )
    for call, role in zip(calls, ("probability", "space", "dialled"), strict=True):
        with pytest.raises(SurveysimError, match=rf"^step '\w+': {role} = "):
            ss.Recipe([call()]).apply(table(number_space=9, unit_interviews=2, unit_released=3))


@pytest.mark.parametrize("most", [None, 2])
def test_multiplicity__frames_of_any_names_and_number(most):
    rng = np.random.default_rng(6)
    table = pd.DataFrame({"source": rng.choice(["land", "cell", "work"], 60)})
    for name in ("phones", "adults", "desk"):
        table[name] = rng.integers(1, 6, 60)
    ways = {"land": ("phones", "adults"), "cell": ("phones", ""), "work": ("", "desk")}
    step = Multiplicity("source", ways, most_numbers=most, most_persons=most)
    columns = {name: table[name].tolist() for name in table}
    wanted = naive.multiplicity_of(columns, [1.0] * 60, ways, "source", most, most)
    assert_allclose(Recipe([step]).apply(table).final, wanted, rtol=1e-12)
    assert Recipe.from_toml(Recipe([step]).to_toml()).steps == (step,)


def test_selection__capped():
    made = Recipe([Selection("p", most=20)]).apply(pd.DataFrame({"p": [0.5, 0.01, 0.001]}))
    assert made.final.tolist() == [2, 20, 20]
    assert made.records[0]["capped"] == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Multiplicity(frames={}), "frames"),
        (lambda: Multiplicity(frames={"a": "n"}), "frames"),
        (lambda: Multiplicity(frames=[("a", "n", ""), ("a", "m", "")]), "listed twice"),
        (lambda: Multiplicity(most_numbers=0.5), "most_numbers"),
        (lambda: Selection(most=0.5), "most"),
    ],
)
def test_steps__refuse_what_makes_no_sense(make, words):
    with pytest.raises(ss.DataError, match=words):
        make()
