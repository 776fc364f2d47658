"""Comparisons as they are handed out: the kind of the survey's table, one line, a page; standardized surveys go on."""

import pandas as pd
import polars as pl
import pytest

import surveysim as ss

TABLE = pd.DataFrame({"y": [1.0, 3, 2, 4, 7, 5, 6, 2], "g": list("aabbccab"), "age": list("yoyoyoyo")})


def test_compare__in_the_kind_of_the_table():
    found = ss.Survey(pl.from_pandas(TABLE)).compare("y", by="g", df=5)
    assert isinstance(found.to_frame(), pl.DataFrame)
    assert found.to_frame().shape == (3, 13)
    assert "3 differences" in found.summary()
    assert "<table" in found._repr_html_()
    assert str(found).endswith(found.summary())
    changed = found.to_frame()
    changed[0, "difference"] = 99.0
    assert found.table["difference"][0] != 99


def test_standardized__surveys_are_surveys():
    s = ss.Survey(TABLE).standardize("age", {"y": 1, "o": 3})
    assert s.mean("y").table["estimate"][0] == pytest.approx((16 + 3 * 14) / 16)
    assert s.where("g=a").total("y").table["n"][0] == 3
    assert "F = " in ss.Survey(TABLE).goodness_of_fit("g", {"a": 1, "b": 1, "c": 1}).summary()
