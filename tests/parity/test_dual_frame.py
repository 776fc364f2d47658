"""Dual-frame estimators against Frames2 0.2.1 and survey::multiframe 4.5 (dual_frame_make.R, dual_frame_make_multiframe.R).

Totals of every estimator; variances of totals where Frames2's are right (Hartley, Fuller-Burmeister, single frame). Its
known slips: PML adds 1 to totals and sizes (corrected in `total`), means take the estimated size for known, SFRR and
calibration without known sizes take estimated sizes for known.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from surveysim import DualFrameSurvey, Survey
from surveysim.estimation.families.composer import sharing

HERE = Path(__file__).parent
NAMES = {
    "Hartley": "hartley",
    "FB": "fuller_burmeister",
    "BKA": "single_frame",
    "PML": "pml",
    "SFRR": "raking_ratio",
    "CalSF": "cal_sf",
    "CalDF": "cal_df",
}


@cache
def read(name):
    return pd.read_csv(HERE / f"dual_frame_{name}.csv", keep_default_na=False)


KNOWN = read("known_totals").set_index("quantity")["value"].astype(float)
RUNS = read("frames2_results").set_index("id")
SIZES = {
    "none": None,
    "N_A+N_B": {"A": KNOWN["N_A"], "B": KNOWN["N_B"]},
    "N_ab": {"ab": KNOWN["N_ab"]},
    "N_A+N_B+N_ab": {"A": KNOWN["N_A"], "B": KNOWN["N_B"], "ab": KNOWN["N_ab"]},
}


@cache
def samples(form):
    """The two samples, as stratified simple random samples ("joint") or with Deville's approximation ("deville")."""
    numbers = {(row.frame, row.stratum): row.N for row in read("strata").itertuples()}
    surveys = []
    for frame, stratum in (("A", "region"), ("B", "operator")):
        data = pd.read_csv(HERE / f"dual_frame_sample_{frame}.csv", keep_default_na=False)
        data["domain"] = data["domain"].replace({"ba": "ab"})
        data["N"] = [numbers[frame, s] for s in data[stratum]]
        if form == "joint":
            surveys.append(Survey(data, probability=f"pi_{frame}", strata=stratum, fpc="N"))
        else:
            surveys.append(Survey(data, probability=f"pi_{frame}", pps="deville"))
    return DualFrameSurvey(*surveys, domain="domain", probability=("pi_A", "pi_B"))


def options(run, d):
    information, result = run["information"], {}
    if run["estimator"] in ("PML", "SFRR") or run["estimator"].startswith("Cal"):
        result["frame_sizes"] = SIZES[information.removesuffix("+X_A+X_B")]
    if run["estimator"].startswith("Cal"):
        result["method"] = run["calibration"]
        result["bounds"] = (0, 10) if run["calibration"] == "logit" else None
        if information.endswith("+X_A+X_B"):
            result["totals"] = {"A": {"x": KNOWN["X_A"]}, "B": {"x": KNOWN["X_B"]}}
    if run["estimator"] == "PML":  # Frames2 weights the overlap mean by n / N
        gamma = d.composer("pml", frame_sizes=result["frame_sizes"]).pinned(d.pooled.weight)
        part = np.array([d.n_a / KNOWN["N_A"], d.n_b / KNOWN["N_B"]])
        result["theta"] = (float(gamma), float(part[0] / part.sum()))
    return result


@pytest.mark.filterwarnings("ignore:.*negative")
@pytest.mark.parametrize(
    "name", [name for name, run in RUNS.iterrows() if run["estimator"] in NAMES and not run["failed"]]
)
def test_totals__are_those_of_frames2(name):
    run = RUNS.loc[name]
    d = samples(run["variance_form"])
    found = d.total(run["y"], estimator=NAMES[run["estimator"]], **options(run, d)).table.iloc[0]
    if run["use_total"] == "yes":
        loose = run["calibration"] in ("raking", "logit") or run["estimator"] == "SFRR"  # where the package stops
        assert found["estimate"] == pytest.approx(float(run["total"]), rel=1e-6 if loose else 1e-9)
    if run["use_var_total"] == "yes":
        assert found["se"] ** 2 == pytest.approx(float(run["var_total"]), rel=1e-9)
    elif run["use_var_total"] == "one_definition":
        assert found["se"] ** 2 == pytest.approx(float(run["var_total"]), rel=0.08)


def test_linear_g__is_that_of_frames2():
    expected = pd.read_csv(HERE / "dual_frame_frames2_linear_g.csv")
    d = samples("joint")
    for column in ("CalDF.none", "CalSF.N_A+N_B", "CalDF.N_A+N_B", "CalSF.N_A+N_B+N_ab", "CalDF.N_A+N_B+N_ab"):
        estimator, information = column.split(".")
        composer = d.composer(NAMES[estimator], frame_sizes=SIZES[information])
        w = d.pooled.weight
        start = composer.single() if estimator == "CalSF" else composer.part @ sharing(composer.pinned(w))
        np.testing.assert_allclose(composer.weights(w)[0] / (w * start), expected[column], rtol=1e-9, err_msg=column)


@pytest.mark.parametrize("statistic", ["total", "mean"])
def test_multiframe__fixed_theta_and_expected_multiplicity_with_domains(statistic):
    """survey 4.5: totals, ratio means and their errors, overall and by domain, at six θ and for Kalton-Anderson."""
    d = samples("joint")
    runs = read("multiframe_results")
    for run in runs[runs["statistic"] == statistic].itertuples():
        how = {"estimator": "single_frame"} if run.theta == "" else {"estimator": "hartley", "theta": float(run.theta)}
        found = getattr(d, statistic)(run.y, by=None if run.domain == "all" else "domain", df=np.inf, **how).table
        if run.domain != "all":
            found = found[found["domain"] == f"domain={run.domain}"]
        assert found["estimate"].iloc[0] == pytest.approx(float(run.estimate), rel=1e-11)
        assert found["se"].iloc[0] == pytest.approx(float(run.se), rel=1e-11)
