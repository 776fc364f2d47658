"""Parts of tables larger than memory: folders of Parquet files, Dask partitions, and combinations of levels over batches."""

import pandas as pd
import pyarrow as pa
import pytest

from surveysim import DataError
from surveysim.files import DataFile, parts


def batch(**columns):
    return DataFile(parts.Path("x.parquet"), tuple(columns), pa.table(columns))


def test_keys__number_combinations_in_the_order_of_rows():
    keys = parts.Keys(("sex", "age"))
    assert keys.of(batch(sex=["m", "f", "m", None], age=[1, 1, 1, 2])).tolist() == [0, 1, 0, 2]
    assert keys.of(batch(sex=["f", None, "f"], age=[3, 2, 1])).tolist() == [3, 2, 1]
    numbers, levels = keys.levels(0)
    assert (numbers.tolist(), levels) == ([0, 1, -1, 1], ["m", "f"])
    assert keys.levels(1)[1] == [1, 2, 3]
    assert parts.Keys(()).of(batch(sex=["m", "f"])).tolist() == [0, 0]


def test_keys__take_numbers_that_the_batch_has_not_and_every_category():
    keys = parts.Keys(("kind", "more"), categories=True)
    kind = pd.Categorical(["x"], categories=["z", "x"])
    assert keys.of(batch(kind=kind), [("more", pd.Series([7]).to_numpy())]).tolist() == [0]
    assert keys.levels(0)[1] == ["z", "x"]
    assert keys.levels(1)[1] == [7]


def test_partitions__are_read_one_by_one():
    dd = pytest.importorskip("dask.dataframe")
    table = pd.DataFrame({"a": range(6), "b": list("xyzxyz")})
    source = parts.in_parts(dd.from_pandas(table, npartitions=2))
    assert source.head().columns == ("a", "b")
    assert [len(b) for part in source.parts for b in source.batches(part, ["b"], {})] == [3, 3]
    assert str(source.file_of(1)) == "part.00001.parquet"
    with pytest.raises(DataError, match="a text of its own"):
        parts.in_parts(dd.from_pandas(table.rename(columns={"a": 5}), npartitions=1))
