"""Sums by unit in blocks of rows, whatever their number; tables that come back in the kind they came in."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import surveysim as ss
from surveysim import Survey
from surveysim.inference import scores
from surveysim.inference.estimates import estimates
from surveysim.weighting.diagnostics import diagnose


def random_table(n, units, domains):
    rng = np.random.default_rng(n)
    unit = np.r_[np.arange(units), rng.integers(0, units, n - units)]
    return pd.DataFrame(
        {"y": rng.normal(3, 1, n), "w": rng.uniform(1, 2, n), "u": unit, "d": rng.integers(0, domains, n)}
    )


@pytest.mark.parametrize(("n", "units", "domains"), [(2500, 20, 3), (1000, 20, 3), (70_000, 300, 230)])
def test_sums_by_unit__are_the_same_in_any_blocks(monkeypatch, n, units, domains):
    table = random_table(n, units, domains)
    survey = Survey(table, "w", psu="u")
    whole = survey.mean("y", by="d").table
    monkeypatch.setattr(scores, "ROWS", 1000)
    again = survey.mean("y", by="d").table
    np.testing.assert_allclose(again[["estimate", "se"]], whole[["estimate", "se"]], rtol=1e-12)
    sums = (table["y"] * table["w"]).groupby(table["d"]).sum() / table["w"].groupby(table["d"]).sum()
    np.testing.assert_allclose(again["estimate"], sums, rtol=1e-12)


def test_to_frame__has_the_kind_of_the_surveys_table():
    table = random_table(50, 5, 2)
    for made, kind in ((table, pd.DataFrame), (pl.from_pandas(table), pl.DataFrame), (pa.table(table), pa.Table)):
        found = Survey(made, "w").mean("y", by="d")
        assert type(found.to_frame()) is kind
        assert type(found.contrast({0: 1}).to_frame()) is kind
        assert isinstance(found.table, pd.DataFrame)


def test_diagnose__a_margin_without_any_total_has_no_shares():
    table = pd.DataFrame({"r": list("ppqq"), "s": list("xyxy"), "w": [1.0, 3, 0, 0]})
    margins = {"p": {"s": {"x": 2, "y": 2}}, "q": {"s": {"x": 0, "y": 0}}}
    found = diagnose(table, "w", margins, by="r").margins
    assert found["target"].tolist()[:2] == [50, 50]
    assert found["after"].tolist()[:2] == [25, 75]
    assert found.loc[found["partition"] == "q", "after"].isna().all()


def test_values_found_together_have_the_errors_of_each_alone():
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"y": rng.normal(size=60), "x": rng.normal(size=60), "psu": np.arange(60) // 4})
    weight = rng.uniform(1, 2, 60)

    def means(w):
        return np.array([w @ table["y"], w @ table["x"]]) / w.sum()

    value = means(weight)
    score = np.stack([table["y"] - value[0], table["x"] - value[1]]) / weight.sum()
    together = scores.Several(value, score, np.ones(60, bool), means)
    rows = [("mean", "y", "", ""), ("mean", "x", "", "")]
    survey = ss.Survey(table, weight=weight, psu="psu")
    for asked in (survey, survey.replicates("jk1")):
        found, alone = estimates(asked.engine, [together], rows, deff="wr"), asked.mean(["y", "x"], deff="wr")
        pd.testing.assert_frame_equal(found.table, alone.table, rtol=1e-10)
        np.testing.assert_allclose(found.cov, alone.cov, rtol=1e-10)
        pd.testing.assert_frame_equal(
            found.contrast({"y": 1, "x": -1}).table, alone.contrast({"y": 1, "x": -1}).table, rtol=1e-10
        )
    with pytest.raises(ss.DataError, match="take replicates"):
        estimates(survey.engine, [scores.Several(value, None, np.ones(60, bool), means)], rows)
