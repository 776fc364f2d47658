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


@pytest.mark.parametrize("statistic", ["F", "Chisq", "Wald", "adjWald"])
def test_tests__of_tables_are_those_of_independence(statistic):
    rng = np.random.default_rng(6)
    data = pd.DataFrame(
        {"q": rng.choice(list("xyz"), 300), "g": rng.choice(list("abcd"), 300), "w": rng.gamma(4, 1, 300)}
    )
    clustered = ss.Survey(
        data.assign(psu=np.arange(300) // 6, h=np.arange(300) // 60), weight="w", strata="h", psu="psu"
    )
    raked = clustered.rake({"g": {"a": 300, "b": 280, "c": 310, "d": 290}})
    jackknife = clustered.replicates("jkn"), clustered.replicates("jkn", mse=True)
    for s in (ss.Survey(data, weight="w"), clustered, *jackknife, *([] if "Wald" in statistic else [raked])):
        ours, one = s.crosstab("q", "g", test=statistic).tests.iloc[0], s.independence("q", "g", statistic)
        assert ours["test"] == statistic
        assert [ours["statistic"], ours["p_value"]] == pytest.approx([one.statistic, one.p_value], rel=1e-8)
