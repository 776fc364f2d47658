"""Studies with control variates: totals of scores whose expectation is known, what they gain, and what they leave as it was."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.errors import SpecError, StudyError
from surveysim.judging import repetitions_needed
from surveysim.study.controls import Controls

ESTIMANDS = [
    {"name": "mean", "numerator": "y"},
    {"name": "total", "numerator": "y", "kind": "total"},
    {"name": "ratio", "numerator": "y", "denominator": "x", "kind": "ratio"},
    {"name": "by sex", "numerator": "on", "by": ["sex"], "unit": "percent"},
]
METHODS = [{"name": "plain"}, {"name": "raked", "weighting": {"margins": ["sex", "h"]}}]
SAMPLES = (
    {"n": 120},
    {"n": 120, "strata": "h", "allocation": "equal"},
    {"n": 20, "cluster": "town", "take": 5},
    {"n": 120, "method": "poisson", "size": "x"},
    {"n": 120, "method": "pps_systematic", "size": "x"},
    {"n": 120, "method": "pps_with_replacement", "size": "x"},
)


def people(n=1_500):
    rng = np.random.default_rng(8)
    table = pd.DataFrame(
        {"h": rng.choice(list("abc"), n), "sex": rng.choice(list("mf"), n), "x": rng.integers(1, 4, n)}
    )
    level = table["h"].map({"a": 1.0, "b": 3.0, "c": 6.0}) + table["x"]
    table["y"], table["town"] = (level + rng.normal(0, 2, n)).round(2), rng.integers(0, 60, n)
    return table.assign(on=(rng.random(n) < 0.3 + 0.3 * (table["sex"] == "m")).astype(int))


def keys(sample, **study):
    return {"study": {"repetitions": 200} | study, "sample": sample, "estimands": ESTIMANDS, "methods": METHODS}


def run(sample, out=None, **study):
    return ss.Study(keys(sample, **study), table=people()).run(out, progress=False, workers=1)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_controls__are_zero_on_average_and_explain_most(sample):
    result = run(sample, control_variates=True, repetitions=80)
    ((_, chunk),) = result._readings.chunks(result.scenarios[0], [(0, 0), (0, 1), (0, 2), (1, 3)])
    control = chunk.values["control"]
    z = control.mean(axis=0) / (control.std(axis=0, ddof=1) / np.sqrt(len(control)))
    assert (np.abs(z) < 4).all()
    found, plain = result.performance(), run(sample, repetitions=80).performance()
    keys = ["method", "estimand", "domain", "measure"]
    both = found.merge(plain, on=keys, suffixes=("", "_plain"))
    means = both["measure"].isin(["thetamean", "bias", "rbias"])
    assert (both.loc[means, "estimated_by"] == "control variate").all()
    rest = both[~means]
    assert (rest["estimated_by"] == "plain").all()
    pd.testing.assert_series_equal(rest["value"], rest["value_plain"], check_names=False)
    bias = both[both["measure"] == "bias"]
    assert (bias["mcse"] <= bias["mcse_plain"] / 3).mean() > 0.8
    total = bias[(bias["estimand"] == "total") & (bias["method"] == "plain")].iloc[0]
    assert abs(total["value"]) < 1e-8  # the control of a total is the total itself: nothing is left to chance
    assert total["mcse"] < 1e-8


def test_controls__of_scores_by_hand():
    """A mean by two margins: (y - 2.5) / 4, less its regression on sex."""
    table = pd.DataFrame({"y": [1.0, 2, 3, 4], "sex": list("ffmm")})
    spec = {"estimands": ESTIMANDS[:1], "methods": [METHODS[0], {"name": "raked", "weighting": {"margins": ["sex"]}}]}
    study = ss.Study(spec | {"sample": {"n": 2}, "study": {"control_variates": True}}, table=table)
    made = Controls(study.plan().source(0))
    np.testing.assert_allclose(made.scores[0][:, 0], [-0.375, -0.125, 0.125, 0.375])
    np.testing.assert_allclose(made.scores[1][:, 0], [-0.125, 0.125, -0.125, 0.125])
    np.testing.assert_allclose(made.of(np.array([1, 3]), np.array([2.0, 2.0]))[:, 0], [0.5, 0.5], atol=1e-15)


def test_controls__collapsed_are_those_of_the_rows(monkeypatch):
    table, given = people().assign(y=lambda t: t["y"].round()), keys({"n": 60, "strata": "h"}, control_variates=True)
    source = ss.Study(given, table=table).plan().source(0)
    assert source.fast
    block = source.block(np.arange(5))
    for r in range(5):
        np.testing.assert_allclose(block.values[r, ..., -1], source.controls(r), rtol=1e-9, atol=1e-12)


def test_studies_without__have_no_column_and_the_bytes_they_had(tmp_path):
    plain = run({"n": 40}, tmp_path / "plain")
    assert "estimated_by" not in plain.performance()
    assert "study.control_variates" not in plain.scenarios[0].facts
    with pytest.raises(StudyError, match="control_variates"):
        run({"n": 40}, tmp_path / "plain", control_variates=True)


def test_studies__go_on_and_ask_for_fewer_repetitions(tmp_path):
    sample, study = {"n": 60, "strata": "h"}, {"control_variates": True}
    first = run(sample, tmp_path / "out", **study | {"repetitions": 100})
    again = run(sample, tmp_path / "out", **study)
    whole = run(sample, **study)
    pd.testing.assert_frame_equal(again.performance(), whole.performance())
    assert len(first.performance()) == len(again.performance())
    table = again.performance()
    needed = repetitions_needed(table[table["estimand"] == "mean"], {"bias": 0.05})
    plain = run(sample).performance()
    assert (needed["needed"] < repetitions_needed(plain[plain["estimand"] == "mean"], {"bias": 0.05})["needed"]).all()
    asked = {"repetitions": 100, "target_mcse": {"bias": 0.02}}
    enough, more = (
        ss.Study(keys(sample, **asked, **given) | {"estimands": ESTIMANDS[:1]}, table=people()).run(progress=False)
        for given in (study, {})
    )
    assert enough.repetitions < more.repetitions


def test_failures__leave_the_plain_mean(monkeypatch):
    """A domain that some samples miss: who is left is no random part of the repetitions."""
    table = people().assign(h=lambda t: np.where(np.arange(len(t)) < 8, "rare", t["h"]))
    given = keys({"n": 100}, control_variates=True) | {"estimands": [{"name": "m", "numerator": "y", "by": ["h"]}]}
    found = ss.Study(given | {"methods": METHODS[:1]}, table=table).run(progress=False, workers=1).performance()
    bias = found[found["measure"] == "bias"].set_index("domain")["estimated_by"]
    assert bias["h=rare"] == "plain"
    assert bias["h=a"] == "control variate"


def test_plug_ins__have_the_control_of_their_estimand():
    def median(sample):
        return {"mean": float(sample.interviews["y"].median())}

    given = keys({"n": 100}, control_variates=True) | {"methods": [], "estimands": ESTIMANDS[:1]}
    found = ss.Study(given, methods={"median": median}, table=people()).run(progress=False, workers=1).performance()
    assert found.set_index("measure").loc["bias", "estimated_by"] == "control variate"


def test_surveys_that_nobody_can_count_beforehand__have_none():
    for name in ("cnnic-2024-12-calls", "cnnic-2024-12-prefectures"):
        study = ss.Study({"extends": name, "population": {"scale": 0.01}, "study": {"control_variates": True}})
        with pytest.raises(SpecError, match=r"nobody can count|drawn anew each time"):
            study.check()
