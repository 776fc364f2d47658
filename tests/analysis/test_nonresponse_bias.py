"""What nonresponse does to means: by hand, and the fraction of missing information at its ends."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.analysis.nonresponse_bias import COLUMNS


def survey(y, answered):
    table = pd.DataFrame({"sex": list("fm") * 50, "answered": answered, "y": y})
    return ss.Survey(table).representativity("answered", ["sex"], y="y", adjust="none").bias.iloc[0]


def test_information_that_is_missing__is_the_share_that_did_not_answer_where_sex_tells_nothing():
    """Of 100 rows 50 miss, y does not go with sex: B = σ² 50 (1 + 50 / 50) / 100², W about σ² / 100, so the fraction is a half."""
    rng = np.random.default_rng(1)
    found = survey(rng.normal(size=100), [1, 1, 0, 0] * 25)
    assert list(found.index) == list(COLUMNS)
    assert found["fmi"] == pytest.approx(0.5, abs=0.03)


def test_missing_answers_of_respondents__are_set_aside():
    y = np.where(np.arange(100) < 8, np.nan, 1.0 * (np.arange(100) % 4))
    with pytest.warns(ss.SurveysimWarning, match="4 of 'y'"):
        found = survey(y, [1, 1, 0, 0] * 25)
    assert found["respondents"] == pytest.approx(0.5)


def test_no_answers__are_refused():
    with pytest.raises(ss.DataError, match="no mean"):
        survey(np.full(100, np.nan), [1, 1, 0, 0] * 25)
