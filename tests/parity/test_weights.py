"""Weights against R survey: rake, postStratify, calibrate (every distance, and one weight per household), trimWeights (weights.R)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from surveysim import calibrate, poststratify, rake, trim_weights

HERE = Path(__file__).parent
DATA, EXPECTED = pd.read_csv(HERE / "linearized_data.csv"), pd.read_csv(HERE / "weights_expected.csv")
SEX, AGE = {"male": 118000, "female": 122000}, {"6-29": 70000, "30-59": 104000, "60+": 66000}
TOTALS = {"sex": SEX, "age": AGE, "hours": 3.9e6}


def household():
    return calibrate(DATA, {"sex": SEX, "age": AGE}, weight=EXPECTED["cluster_base"], cluster="psu", tol=1e-13)


CASES = {
    "rake": lambda: rake(DATA, {"sex": SEX, "age": AGE}, weight="weight", tol=1e-13).weight,
    "poststratify": lambda: poststratify(DATA, {"age": AGE}, weight="weight").weight,
    "linear": lambda: calibrate(DATA, TOTALS, weight="weight", tol=1e-13).weight,
    "raking": lambda: calibrate(DATA, TOTALS, weight="weight", method="raking", tol=1e-12).weight,
    "logit": lambda: calibrate(DATA, TOTALS, weight="weight", method="logit", bounds=(0.4, 2.5), tol=1e-12).weight,
    "truncated": lambda: calibrate(DATA, TOTALS, weight="weight", bounds=(0.6, 1.7), tol=1e-12).weight,
    "cluster": lambda: household().weight,
    "trim": lambda: trim_weights(DATA["weight"], lower=200, upper=1000),
    "trim_strict": lambda: trim_weights(DATA["weight"], lower=200, upper=1000, strict=True),
}


@pytest.mark.filterwarnings("ignore:.*calibrated weights are negative")
@pytest.mark.parametrize("case", list(CASES))
def test_weights__match_r_survey(case):
    np.testing.assert_allclose(CASES[case](), EXPECTED[case], rtol=1e-8)
