"""Words for types in signatures: what a table is, what names a column, arrays of numbers. For checkers of types alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from .files import DataFile
    from .tables import Columns

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.integer[Any]]  # codes, counts, positions
Truths: TypeAlias = NDArray[np.bool_]
Array: TypeAlias = NDArray[Any]  # of several kinds

Name: TypeAlias = "str | int"  # of a column
Table: TypeAlias = "pd.DataFrame | pl.DataFrame | pa.Table | Columns | DataFile"  # what `tables` reads
Values: TypeAlias = "Sequence[Any] | Array | pd.Series | pd.Categorical | pl.Series"  # one per row of a table
Column: TypeAlias = "Name | Values"  # the name of a column, or the values themselves
Totals: TypeAlias = (
    "Mapping[Any, Any] | pd.Series | pd.DataFrame"  # control totals: {column: {category: total}}, or as a table
)

Pathname: TypeAlias = "str | PathLike[str]"
Progress: TypeAlias = "bool | Callable[[int], object]"  # whether to show a bar, or who is told how much more is done
