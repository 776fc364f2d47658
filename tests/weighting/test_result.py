"""What a calibration and a recipe give: values that nobody changes afterwards."""

from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest

from surveysim import Recipe, Survey, SurveysimWarning, rake
from surveysim.weighting import Margins, Rake

TABLE = pd.DataFrame({"sex": list("mfff")})
MARGINS = {"sex": {"m": 60.0, "f": 60.0}}


def made():
    return rake(TABLE, MARGINS), Recipe([Rake(Margins.parse(MARGINS), minimum=1)]).apply(TABLE)


def test_results__are_frozen():
    for result in made():
        for name in ("final", "index", "replay"):
            with pytest.raises(FrozenInstanceError):
                setattr(result, name, None)


def test_bare_weights__are_warned_of_once_and_by_the_array_itself():
    calibration = made()[0]
    weight, copied = calibration.weight, calibration.weight.copy()
    with pytest.warns(SurveysimWarning, match="taken out of a Calibration"):
        Survey(TABLE, weight=weight)
    Survey(TABLE, weight=weight)
    Survey(TABLE, weight=copied)
    assert np.array_equal(weight, copied)
