"""The test that means are equal, against t of two columns; bases by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import surveysim as ss


def test_means__of_two_columns_differ_as_t_says():
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"y": rng.normal(size=80), "g": ["a", "b"] * 40})
    s = ss.Survey(data)
    row = s.tables("y", "g").tests.iloc[0]
    contrast = s.mean("y", by="g").contrast({0: 1, 1: -1}).table.iloc[0]
    t = contrast["estimate"] / contrast["se"]
    assert row["statistic"] == pytest.approx(t**2)
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(abs(t), 79))


def test_bases__by_hand():
    data = pd.DataFrame({"q": ["x", "y", "x", None], "g": ["a", "a", "b", "b"]})
    with pytest.warns(ss.SurveysimWarning, match="set aside"):
        bases = ss.Survey(data, weight=[1.0, 3.0, 2.0, 5.0]).tables("q", "g").bases
    assert bases[["column", "n", "effective_n", "weight"]].values.tolist() == [
        ["Total", 3, pytest.approx(36 / 14), 6.0],
        ["a", 2, pytest.approx(16 / 10), 4.0],
        ["b", 1, 1.0, 2.0],
    ]
