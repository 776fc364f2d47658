"""Weights against samplics 0.6.1 and svy 0.35.0, where they are right: raking, linear calibration, poststratification."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from surveysim import calibrate, poststratify, rake

DATA = pd.read_csv(Path(__file__).parent / "linearized_data.csv")
MARGINS = {"sex": {"male": 118000.0, "female": 122000.0}, "age": {"6-29": 70000.0, "30-59": 104000.0, "60+": 66000.0}}


def samplics():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weighting = pytest.importorskip("samplics.weighting", reason="samplics 0.6.1 is not installed")
    return weighting.SampleWeight()


@pytest.mark.filterwarnings("ignore")
def test_rake__is_that_of_samplics():
    columns = {name: DATA[name].to_numpy() for name in MARGINS}
    theirs = samplics().rake(DATA["weight"].to_numpy(), columns, MARGINS, tol=1e-12, ctrl_tol=1e-12, max_iter=500)
    np.testing.assert_allclose(rake(DATA, MARGINS, weight="weight", tol=1e-13).weight, theirs, rtol=1e-8)


@pytest.mark.filterwarnings("ignore")
def test_poststratify__is_that_of_samplics():
    theirs = samplics().poststratify(DATA["weight"].to_numpy(), MARGINS["age"], domain=DATA["age"].to_numpy())
    np.testing.assert_allclose(poststratify(DATA, {"age": MARGINS["age"]}, weight="weight").weight, theirs, rtol=1e-10)


@pytest.mark.filterwarnings("ignore")
def test_rake_and_linear__are_those_of_svy():
    pl = pytest.importorskip("polars")
    svy = pytest.importorskip("svy", reason="svy 0.35.0 is not installed")
    sample = svy.Sample(pl.from_pandas(DATA), svy.Design(wgt="weight"))
    raked = sample.weighting.rake(controls=MARGINS, tol=1e-12, max_iter=500).data["rk_wgt"].to_numpy()
    np.testing.assert_allclose(rake(DATA, MARGINS, weight="weight", tol=1e-13).weight, raked, rtol=1e-8)
    totals = {svy.Cat("age"): MARGINS["age"], "hours": 3.9e6}
    linear = sample.weighting.calibrate(controls=totals).data["calib_wgt"].to_numpy()
    ours = calibrate(DATA, {"age": MARGINS["age"], "hours": 3.9e6}, weight="weight", tol=1e-12).weight
    np.testing.assert_allclose(ours, linear, rtol=1e-8)
