"""What is asked: columns of truth values, odd labels, domains that some rows lack."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from samples import sample, se

from surveysim import DataError, DesignError, Survey, SurveysimWarning


@pytest.mark.parametrize("kind", ["polars", "arrow", "boolean", "bool"])
def test_bool_columns__of_every_kind(kind):
    values = [True, False, False, True, False, True]
    tables = {
        "polars": pl.DataFrame({"b": values}),
        "arrow": pl.DataFrame({"b": values}).to_arrow(),
        "boolean": pd.DataFrame({"b": pd.array(values, "boolean")}),
        "bool": pd.DataFrame({"b": values}),
    }
    s = Survey(tables[kind])
    assert list(s.proportion("b").table["level"]) == ["True"]
    assert s.mean("b").table["estimate"][0] == 0.5
    assert list(s.mean("b", by="b").table["domain"]) == ["b=False", "b=True"]


@pytest.mark.filterwarnings("ignore:rows with missing values")
def test_bool_columns__with_missing_values_or_never_true():
    s = Survey(pl.DataFrame({"b": [True, None, False, True], "never": [False] * 4}))
    assert list(s.proportion("b").table["level"]) == ["True"]
    assert s.proportion("b").set_aside == {"b": 1}
    row = s.proportion("never").table.iloc[0]
    assert row["estimate"] == 0
    assert row["upper"] > 0.3
    with pytest.raises(DataError, match="at least one column"):
        s.mean([])


def test_odd_labels__and_ids():
    data = sample().assign(m=["a", 1, 2, "b"] * 50, big=(np.arange(200) // 5).astype(np.uint64) + np.uint64(2**63))
    assert len(Survey(data, weight="w", psu="big").mean("y", by="m")) == 4
    np.testing.assert_allclose(
        se(Survey(data, weight="w", psu="big").mean("y")), se(Survey(data, weight="w", psu="p").mean("y"))
    )
    lonely = pd.DataFrame(
        {
            "z": [1, 1, 1, 1],
            "p": [1, 1, 2, 2],
            "s": list("abcd"),
            "u": [1, 2, 3, 4],
            "N": 10,
            "M": 9,
            "y": [1.0, 2, 3, 4],
        }
    )
    with pytest.raises(DesignError, match="1, a, 1, b, 2, c, 2, d"):
        Survey(lonely, strata=["z", "s"], psu=["p", "u"], fpc=["N", "M"]).mean("y")


def test_missing_domains__are_counted():
    data = sample().assign(g=lambda d: d["a"].where(d.index > 3))
    with pytest.warns(SurveysimWarning, match="4 of 'g'"):
        e = Survey(data, weight="w", psu="p").total("y", by="g")
    assert e.set_aside == {"g": 4}
