"""Linearized standard errors, domains, fpc and raked variances against R survey (linearized.R, linearized_versions.txt)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from surveysim import Survey, rake

HERE = Path(__file__).parent
MARGINS = {"sex": {"male": 118000, "female": 122000}, "age": {"6-29": 70000, "30-59": 104000, "60+": 66000}}


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(HERE / "linearized_data.csv")


@pytest.fixture(scope="module")
def expected():
    return pd.read_csv(HERE / "linearized_expected.csv", keep_default_na=False)


def survey(data, design):
    if design == "raked":
        return Survey(data, weight=rake(data, MARGINS, weight="weight", tol=1e-13), strata="stratum", psu="psu")
    return Survey(data, weight="weight", strata="stratum", psu="psu", fpc="n_psu" if design == "fpc" else None)


def estimate(s, row):
    by = "region" if row.domain else None
    result = {
        "mean": lambda: s.mean("online", by=by),
        "total": lambda: s.total("online", by=by),
        "total_hours": lambda: s.total("hours", by=by),
        "ratio": lambda: s.ratio("hours", "online", by=by),
    }[row.statistic]().to_frame()
    return result[result["domain"] == (f"region={row.domain}" if row.domain else "")].iloc[0]


@pytest.mark.parametrize("design", ["plain", "fpc", "raked"])
def test_estimates_and_errors__match_r_survey(data, expected, design):
    s = survey(data, design)
    for row in expected[expected["design"] == design].itertuples():
        found = estimate(s, row)
        np.testing.assert_allclose(
            found["estimate"], row.estimate, rtol=1e-8, err_msg=f"{design} {row.statistic} {row.domain}"
        )
        np.testing.assert_allclose(found["se"], row.se, rtol=1e-8, err_msg=f"{design} {row.statistic} {row.domain}")


def test_raked_weights__match_r_calibrate(data):
    weight = pd.read_csv(HERE / "linearized_raked_weights.csv")["r_weight"]
    np.testing.assert_allclose(rake(data, MARGINS, weight="weight", tol=1e-13).weight, weight, rtol=1e-8)


def test_means_and_totals__match_samplics(data):
    samplics = pytest.importorskip("samplics")
    from samplics.utils.types import PopParam

    for statistic, param in (("mean", PopParam.mean), ("total", PopParam.total)):
        peer = samplics.TaylorEstimator(param)
        peer.estimate(y=data["online"], samp_weight=data["weight"], stratum=data["stratum"], psu=data["psu"])
        ours = getattr(survey(data, "plain"), statistic)("online").to_frame().iloc[0]
        np.testing.assert_allclose(ours["estimate"], peer.point_est, rtol=1e-8)
        np.testing.assert_allclose(ours["se"], peer.stderror, rtol=1e-8)
