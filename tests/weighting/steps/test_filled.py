"""The table that later steps see: columns filled, and rows that have left."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from surveysim import files
from surveysim.tables import coded, pick
from surveysim.weighting.steps.filled import overlaid, plain, without

TABLE = pd.DataFrame({"a": ["x", None, "y"], "b": [1.0, np.nan, 3.0]}, index=[7, 8, 9])


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, "file"])
def test_without__rows_that_left_repeat_the_first_that_stays(kind, tmp_path):
    if kind == "file":
        TABLE.to_csv(tmp_path / "a.csv", index=False)
        table = files.read(tmp_path / "a.csv")
    else:
        table = TABLE if kind is pd.DataFrame else pl.from_pandas(TABLE)
    made = without(table, np.array([True, True, False]))
    codes, labels = coded(made, "a")
    assert [labels[code] for code in codes] == ["y", "y", "y"]
    assert len(made) == 3
    assert without(table, np.zeros(3, bool)) is table
    if kind is pd.DataFrame:
        assert pick(made, "b").tolist() == [3, 3, 3]
        assert list(made.index) == [7, 8, 9]


def test_overlaid__takes_the_place_of_columns_and_leaves_the_table_alone():
    before = TABLE.copy(deep=True)
    made = overlaid(TABLE, {"a": pd.Series(["p", "q", "r"], index=TABLE.index)})
    assert pick(made, "a").tolist() == ["p", "q", "r"]
    assert pick(made, "b").isna().tolist() == [False, True, False]
    pd.testing.assert_frame_equal(TABLE, before)
    assert overlaid(TABLE, {}) is TABLE


def test_plain__numbers_of_a_file_are_numbers_and_codes_are_levels(tmp_path):
    pd.DataFrame({"years": [20, 30, None], "region": ["n", "s", ""]}).to_csv(tmp_path / "a.csv", index=False)
    made = plain(files.read(tmp_path / "a.csv"), ["years", "region"])
    assert pick(made, "years").isna().tolist() == [False, False, True]
    assert pick(made, "years").sum() == 50
    assert coded(made, "region").codes.tolist() == [0, 1, -1]
    assert plain(TABLE, ["a"]) is TABLE
