"""Steps that only multiply: names of columns, weights that are none, bounds beyond double precision."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import weighting
from surveysim.errors import SurveysimError

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
        with pytest.raises(SurveysimError, match=f"^{role} = "):
            ss.Recipe([call()]).apply(table(number_space=9, unit_interviews=2, unit_released=3))
