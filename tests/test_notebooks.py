"""Results in notebooks, and tables of the kind that came: pandas, polars, pyarrow."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import surveysim as ss
from surveysim.study import solve_design
from surveysim.weighting import diagnose

HOSTILE = '<script>alert("x")</script>'


def table():
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "g": np.where(rng.random(60) < 0.5, HOSTILE, "b & c"),
            "y": rng.normal(size=60),
            "attempts": rng.integers(1, 4, 60),
            "overlap": np.where(np.arange(60) % 3 > 0, "ab", "a"),
        }
    )


@pytest.fixture(scope="module")
def results():
    """One of everything that a user gets back."""
    data = table()
    survey = ss.Survey(data)
    dual = ss.DualFrameSurvey(survey, ss.Survey(data.assign(overlap=data["overlap"].replace("a", "b"))))
    keys = {
        "study": {"name": HOSTILE, "repetitions": 4},
        "sample": {"n": 20},
        "estimands": [{"name": "y", "numerator": "y"}],
    }
    study = ss.Study(keys, table=data)
    small = {
        "population": {"scale": 0.01},
        "sample": {"interviews": 3000, "minimum_per_province": 0, "minimum_per_unit": 2},
    }
    spec = ss.SurveySpec.preset("cnnic-2024-12", **small, estimation={"indicators": ["internet_penetration"]})
    run = spec.run(seed=1, record=False)
    cal = ss.rake(data, {"g": {HOSTILE: 50, "b & c": 50}})
    return {
        "Survey": survey,
        "Estimates": survey.mean("y", by="g"),
        "contrast": survey.mean("y", by="g").contrast({0: 1, 1: -1}),
        "Independence": survey.independence("g", "overlap"),
        "Effort": ss.early_late(survey, "y"),
        "Calibration": cal,
        "Diagnosis": diagnose(data, cal, {"g": {HOSTILE: 50, "b & c": 50}}),
        "Weights": run.weights,
        "DualFrameSurvey": dual,
        "Thetas": dual.thetas(["y"]),
        "FrameAllocation": ss.allocate_frames({"a": 100.0, "b": 200.0, "ab": 300.0}, n=100),
        "Study": study,
        "StudyResult": study.run(progress=False),
        "SurveyRun": run,
        "ErrorBudget": ss.error_budget(spec, 2),
        "Population": ss.Population.from_frame(data),
        "China": run.preparation.pop,
        "TelephoneFrame": run.preparation.frames[1],
    }


def test_html__every_result_shows_itself_escaped(results):
    for name, result in results.items():
        text = result._repr_html_()
        assert text.startswith("<p>"), name
        assert "<script" not in text, name
        assert re.sub(r"</?(p|table|thead|tbody|tr|th|td|div|span)( [^<>]*)?>", "", text).count("<") == 0, name
    for name in ("Estimates", "Calibration", "SurveyRun", "ErrorBudget", "Diagnosis", "Thetas"):
        assert "<table" in results[name]._repr_html_(), name
    assert "&lt;script&gt;" in results["Estimates"]._repr_html_()


def test_html__the_design_solver_too():
    data = pd.DataFrame({"y": np.arange(200) % 2})
    keys = {"study": {"repetitions": 50}, "sample": {"n": 20}, "estimands": [{"name": "y", "numerator": "y"}]}
    found = solve_design(
        keys, {"sample.n": (20, 150)}, {"y": 0.3}, cost=lambda v: v["sample.n"], table=data, repetitions=20, check=50
    )
    assert "<table" in found._repr_html_()


KINDS = {
    "pandas": (pd.DataFrame, lambda t: t),
    "polars": (pl.DataFrame, pl.from_pandas),
    "pyarrow": (pa.Table, pa.Table.from_pandas),
}


def pandas_of(made):
    return made if isinstance(made, pd.DataFrame) else made.to_pandas()


@pytest.mark.parametrize("kind", KINDS)
def test_kinds__what_comes_back_is_of_the_kind_that_came(kind):
    cls, make = KINDS[kind]
    data, plain = make(table()), table()
    margins = {"g": {HOSTILE: 40.0, "b & c": 60.0}}
    cal = ss.rake(data, margins)
    back = cal.add_to(data)
    survey = ss.Survey(data, weight=cal)
    found = [
        survey.mean("y", by="g"),
        survey.proportion("g"),
        survey.quantile("y", 0.5),
        survey.mean("y", by="g").contrast({0: 1, 1: -1}),
        survey.where(np.asarray(plain["y"] > 0)).total("y"),
        ss.DualFrameSurvey(survey, ss.Survey(make(plain.assign(overlap=plain["overlap"].replace("a", "b"))))).total(
            "y"
        ),
    ]
    wanted = ss.Survey(plain, weight=ss.rake(plain, margins)).mean("y", by="g").to_frame()
    assert isinstance(back, cls)
    for e in found:
        assert isinstance(e.to_frame(), cls)
    pd.testing.assert_frame_equal(pandas_of(found[0].to_frame()), wanted, check_dtype=False)
    runs = make(pd.DataFrame({"estimate": [1.0, 2.0, 3.0], "se": [1.0, 1.0, 1.0]}))
    assert isinstance(ss.performance(runs, true=2.0), cls)
