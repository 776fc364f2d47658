"""Intervals of proportions against `svyciprop` of R survey 4.5 (intervals_make.R) and closed forms (intervals_closed_forms.R)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from surveysim import Survey, proportion_interval

HERE = Path(__file__).parent
R = pd.read_csv(HERE / "intervals_svyciprop.csv").query("status == 'ok' and method != 'likelihood'")
CLOSED = pd.read_csv(HERE / "intervals_closed_forms.csv")
DATA = pd.read_csv(HERE / "intervals_clusters.csv")
NAMES = {"mean": "wald"}  # R's name → ours


@pytest.mark.parametrize("method", sorted(R["method"].unique()))
def test_svyciprop__from_summary_numbers(method):
    part = R[R["method"] == method]
    for row in part.itertuples():
        found = proportion_interval(row.estimate, row.se, NAMES.get(method, method), row.level, row.df, row.n)
        expected = np.clip([row.lower, row.upper], 0, 1)  # R's mean leaves 0 to 1
        np.testing.assert_allclose(found, expected, rtol=1e-8)


@pytest.mark.parametrize("method", sorted(R["method"].unique()))
def test_svyciprop__from_the_table(method):
    designs = {
        "clusters": {"weight": "w", "strata": "stratum", "psu": "cluster", "nest": True},
        "elements": {"weight": "w"},
        "equal": {"weight": np.full(len(DATA), 10.0)},
    }
    for row in R[R["method"] == method].itertuples():
        s = Survey(DATA.assign(**{row.y: DATA[row.y].astype(bool)}), **designs[row.design])
        found = s.proportion(row.y, ci=NAMES.get(method, method), level=row.level).to_frame().iloc[0]
        expected = [row.estimate, row.se, max(row.lower, 0), min(row.upper, 1), row.df]
        np.testing.assert_allclose(found[["estimate", "se", "lower", "upper", "df"]].astype(float), expected, rtol=1e-8)


def test_korn_graubard__capped_at_n():
    for row in CLOSED[CLOSED["method"] == "korn_graubard_capped_at_n"].itertuples():
        found = proportion_interval(row.estimate, row.se, "korn-graubard", row.level, row.df, row.n)
        np.testing.assert_allclose(found, [row.lower, row.upper], rtol=1e-9)
