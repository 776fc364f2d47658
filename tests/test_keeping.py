"""A table as it was: what is done to the caller's later does not change it, and a copy is made only where it costs nothing."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from surveysim.keeping import held, kept
from surveysim.tables import pick


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_held__does_not_change_with_the_callers_table(kind):
    numbers = np.array([1.0, 2.0, 3.0])
    table = pd.DataFrame({"y": numbers}, copy=False)
    lent = {
        "pandas": lambda: table,
        "polars": lambda: pl.DataFrame({"y": numbers}),
        "pyarrow": lambda: pa.table({"y": pa.array(numbers)}),
    }[kind]()
    same = held(lent)
    if kind == "pandas":
        lent["y"] = [9.0, 9.0, 9.0]
    elif kind == "pyarrow":
        numbers[:] = 9.0
    assert pick(same, "y").tolist() == [1.0, 2.0, 3.0]


def test_kept__is_nothing_where_it_would_take_a_copy():
    assert kept(pa.table({"y": [1, 2]})) is None
    assert kept(pl.DataFrame({"y": [1, 2]})) is not None
    table = pd.DataFrame({"y": [1, 2]})
    free = int(pd.__version__.partition(".")[0]) >= 3 or pd.options.mode.copy_on_write is True
    assert (kept(table) is not None) == free
