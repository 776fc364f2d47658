"""Degrees of freedom of a model."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss

DATA = pd.DataFrame({"y": range(12), "psu": np.arange(12) // 2, "h": np.arange(12) // 6})
DATA = DATA.assign(x=[1, 0, 2] * 4, u=[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], v=[2, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5])


def test_degrees__of_the_design_plus_one_less_the_coefficients():
    survey = ss.Survey(DATA, psu="psu", strata="h")
    assert survey.glm("y ~ x").df == 6 - 2 + 1 - 2
    assert survey.glm("y ~ x", df=4).df == 4
    assert survey.glm("y ~ x", df=float("inf")).table["p"].iloc[1] < survey.glm("y ~ x").table["p"].iloc[1]
    with pytest.raises(ss.DataError, match="5 coefficients leave no degrees of freedom of the design's 4"):
        survey.glm("y ~ C(x) + u + v")
