"""Words for types in signatures: what a table is, what names a column, arrays of numbers. They load nothing."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, ForwardRef, TypeAlias

Pathname: TypeAlias = str | PathLike[str]
OwnKind: TypeAlias = Any  # a table of the caller's own kind: pandas, polars or pyarrow
Progress: TypeAlias = bool | Callable[[int], object]  # whether to show a bar, or who is told how much more is done

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from numpy.typing import NDArray

    from .files import DataFile
    from .tables import Columns

    Floats: TypeAlias = NDArray[np.float64]
    Ints: TypeAlias = NDArray[np.integer[Any]]  # codes, counts, positions
    Int: TypeAlias = int | np.integer[Any]  # one whole number, of Python's or of a kernel's
    Truths: TypeAlias = NDArray[np.bool_]
    Array: TypeAlias = NDArray[Any]  # of several kinds

    Table: TypeAlias = pd.DataFrame | pl.DataFrame | pa.Table | Columns | DataFile  # what `tables` reads
    Values: TypeAlias = Sequence[Any] | Array | pd.Series | pd.Categorical | pl.Series  # one for each row of a table
    Column: TypeAlias = str | int | Values  # the name of a column, or the values themselves
    Totals: TypeAlias = Mapping[Any, Any] | pd.Series | pd.DataFrame  # {column: {category: total}}, or as a table
else:
    Floats, Ints, Int, Truths, Array = map(ForwardRef, ("Floats", "Ints", "Int", "Truths", "Array"))
    Table, Values, Column, Totals = map(ForwardRef, ("Table", "Values", "Column", "Totals"))
