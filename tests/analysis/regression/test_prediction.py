"""Predictions of a table."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import DataError


def test_predictions__of_a_table(survey, logit):
    new = pd.DataFrame({"x": [0.0, 1.0, np.nan], "z": ["a", "b", "c"]})
    link, response = logit.predict(new, type="link"), logit.predict(new)
    assert link["estimate"][0] == pytest.approx(logit.coef[0])
    assert link["se"][0] == pytest.approx(logit.cov[0, 0] ** 0.5)
    assert response["lower"][1] == pytest.approx(1 / (1 + np.exp(-link["lower"][1])))
    assert response.iloc[2].isna().all()
    with pytest.raises(ss.DataError, match="has the level 'new' in 1 of 2 rows"):
        logit.predict(pd.DataFrame({"x": [0.0, 1.0], "z": ["a", "new"]}))
    with pytest.raises(ss.DataError, match="no column 'z'"):
        logit.predict(pd.DataFrame({"x": [0.0]}))


def test_values_that_the_model_cannot_take__are_named():
    """By column, level and row of the table that was given, also of levels that C() makes."""
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"x": rng.normal(size=90), "k": np.arange(90) % 3 + 1, "z": rng.choice(list("ab"), 90)})
    model = ss.Survey(data.assign(y=rng.normal(size=90))).glm("y ~ x + C(k, Treatment(2)) + C(k > 1):x + C(z)")
    fine = pd.DataFrame({"x": [np.nan, 1, 2], "k": [1, 1, 3], "z": list("aab")})
    assert model.predict(fine)["estimate"].isna().tolist() == [True, False, False]
    for wrong, words in (
        ({"x": [0, 1, np.inf]}, "'x' is infinite in 1 of 3 rows, the first is row 2"),
        (
            {"k": [1, 1, 7]},
            r"C\(k, Treatment\(2\)\) has the level 7 in 1 of 3 rows, the first is row 2; the model was fitted",
        ),
        ({"z": list("aaq")}, "'z' has the level 'q' in 1 of 3 rows, the first is row 2; the model was fitted"),
    ):
        with pytest.raises(DataError, match=words):
            model.predict(fine.assign(**wrong))
