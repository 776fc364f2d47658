"""Contrasts by the names that are printed, and conditions in words."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import surveysim as ss
from surveysim.inference import contrasts


def table():
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "region": np.repeat(["North", "South"], 30),
            "online": rng.choice(["Yes", "No"], 60),
            "owner": rng.choice(["Yes", "No"], 60),
            "age": np.where(np.arange(60) % 7 == 0, np.nan, rng.integers(20, 80, 60)),
            "y": rng.normal(5, 1, 60),
        }
    )


def test_contrast__by_the_names_that_are_printed():
    found = ss.Survey(table()).proportion("online", by="region")
    by_position = found.contrast({2: 1, 3: -1}).table
    for names in (
        ("Yes, region=North", "Yes, region=South"),
        ("online, Yes, region=North", "online, Yes, region=South"),
    ):
        by_name = found.contrast(dict(zip(names, (1, -1), strict=True))).table
        pd.testing.assert_frame_equal(by_name, by_position)
    printed = by_position["level"][0] or by_position["domain"][0] or by_position["variable"][0]
    assert isinstance(printed, str)
    for k in range(4):
        assert found.contrast({contrasts.name_of(found, k): 1}).table["estimate"][0] == found.table["estimate"][k]


def test_contrast__what_names_none_or_several_is_told_the_names():
    found = ss.Survey(table()).proportion("online", by="region")
    with pytest.raises(ss.DataError, match=r"names 0 estimates.*'Yes, region=North'"):
        found.contrast({"Yes, region=East": 1})
    with pytest.raises(ss.DataError, match="names 2 estimates"):
        found.contrast({"Yes": 1})
    both = ss.Survey(table()).proportion(["online", "owner"])
    with pytest.raises(ss.DataError, match="with its variable in front"):
        both.contrast({"Yes": 1})
    assert both.contrast({"owner, Yes": 1}).table["estimate"][0] == both.table["estimate"][3]


@pytest.mark.parametrize("text", ["age < 60", "age<60", " age  <  60 "])
def test_where__a_condition_as_on_the_command_line(text):
    data = table()
    for given in (data, pl.from_pandas(data)):
        assert ss.Survey(given).where(text).mean("y").table["n"][0] == (data["age"] < 60).sum()


def test_where__levels_quotes_and_refusals():
    data = table().rename(columns={"online": "a<b"})
    survey = ss.Survey(data)
    assert survey.where('"a<b" = Yes').mean("y").table["n"][0] == (data["a<b"] == "Yes").sum()
    assert survey.where("a<b!=Yes").mean("y").table["n"][0] == (data["a<b"] == "No").sum()
    assert (
        survey.where("region=North").where("age>=60").mean("y").table["n"][0]
        == ((data["age"] >= 60) & (data["region"] == "North")).sum()
    )
    with pytest.raises(ss.DataError, match="no row has region = 'East'"):
        survey.where("region=East")
    with pytest.raises(ss.DataError, match="no column 'ages'; did you mean 'age'"):
        survey.where("ages<60")
    with pytest.raises(ss.DataError, match="'young' is no number"):
        survey.where("age<young")
    with pytest.raises(ss.DataError, match="no column 'region is North'"):
        survey.where("region is North")


def test_where__nulls_of_a_polars_mask_are_left_out_as_in_its_filter():
    data = pl.from_pandas(table())
    mask = data["age"] > 40
    assert mask.null_count() == 9
    with pytest.warns(ss.SurveysimWarning, match=r"null in 9 of 60 rows.*fill_null"):
        found = ss.Survey(data).where(mask).mean("y").table
    assert found["n"][0] == len(data.filter(mask))
    with pytest.raises(ss.DataError, match="missing in 9 of 60 rows"):
        ss.Survey(table()).where(mask.to_pandas().astype("boolean"))


def test_where__shows_levels_with_blanks_as_they_are_written():
    survey = ss.Survey(pd.DataFrame({"region": ["", " south", "north ", "east"] * 3, "y": range(12)}))
    with pytest.raises(ss.DataError, match='there are "", " south", east, "north "\\.'):
        survey.where("region=south")
    assert survey.where('region=" south"').mean("y").table["n"].tolist() == [3]
