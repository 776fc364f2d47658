"""Predictions of a table."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss


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
