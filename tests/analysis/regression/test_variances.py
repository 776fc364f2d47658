"""Degrees of freedom of a model, and errors that are rounding."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import DesignError

DATA = pd.DataFrame({"y": range(12), "psu": np.arange(12) // 2, "h": np.arange(12) // 6})
DATA = DATA.assign(x=[1, 0, 2] * 4, u=[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], v=[2, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5])


def test_degrees__of_the_design_plus_one_less_the_coefficients():
    survey = ss.Survey(DATA, psu="psu", strata="h")
    assert survey.glm("y ~ x").df == 6 - 2 + 1 - 2
    assert survey.glm("y ~ x", df=4).df == 4
    assert survey.glm("y ~ x", df=float("inf")).table["p"].iloc[1] < survey.glm("y ~ x").table["p"].iloc[1]
    with pytest.raises(ss.DataError, match="5 coefficients leave no degrees of freedom of the design's 4"):
        survey.glm("y ~ C(x) + u + v")


def test_errors_that_are_rounding__are_none():
    """Where every PSU has a coefficient of its own nothing is left between them, and a t of 10^15 would be told as an effect."""
    rng = np.random.default_rng(2)
    survey = ss.Survey(pd.DataFrame({"y": rng.normal(size=40), "p": np.arange(40) // 10}), psu="p")
    model = survey.glm("y ~ C(p)", df=3)
    exact = ss.Survey(pd.DataFrame({"y": np.arange(40) % 4 / 3, "k": np.arange(40) % 4})).glm("y ~ C(k)")
    for one in (model, exact):
        assert one.table["se"].tolist() == [0.0] * 4
        assert one.table[["t", "p"]].isna().to_numpy().all()
    assert model.margins("p", at={"p": [1]}).table["se"].tolist() == [0.0]
    with pytest.raises(DesignError, match="a coefficient for every PSU"):
        model.test("C(p)")
