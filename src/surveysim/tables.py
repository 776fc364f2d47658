"""Reading the columns of any table: as codes and levels, as numbers, as truth values.

A table is a pandas, polars or pyarrow one, or a survey file as it was read. Arrays that leave this module share no memory with the table,
unless they are asked to.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import pandas as pd

from .aliases import Floats, Table, Truths
from .coding import coded_values, of_dictionary, refuse_infinite, truth_values
from .errors import DataError, SurveysimError, SurveysimWarning
from .guards import refuse, sight
from .naming import did_you_mean

if TYPE_CHECKING:
    import narwhals as nw

    from .coding import Coded
    from .files.data_file import DataFile


class Columns:
    """A table that costs nothing to make: equally long arrays, Categoricals or Series by name; for repetitions.

    With `of`, a pandas table, its other columns are there too, and every column is read from it once.
    """

    def __init__(self, columns: dict[Any, Any], of: pd.DataFrame | None = None) -> None:
        self._columns, self._of = columns, {} if of is None else of
        self._rows = len(next(iter(columns.values())) if of is None else of)
        self.index = getattr(of, "index", None)
        self.columns = list(columns) if of is None else of.columns

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, name: Any) -> Any:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = self._of[name]
        return column if isinstance(column, NDFRAME) else pd.Series(column, copy=False)

    def held(self) -> "Columns":
        """Those that were read, as they are now."""
        deep = not copies_on_write()
        return Columns({name: column.copy() if deep else column for name, column in self._columns.items()})


NDFRAME = (pd.Series, pd.DataFrame)
PANDAS = (pd.DataFrame, Columns)  # tables whose columns are Series
NAMES = (str, int, np.integer)  # what names a column, truth values apart


def kind_of(data: object) -> str | None:
    """ "polars" or "pyarrow" for a table of theirs, None for a pandas one (or what is no table of any)."""
    module = type(data).__module__.partition(".")[0]
    return module if module in ("polars", "pyarrow") else None


def is_file(data: object) -> "TypeGuard[DataFile]":
    """Whether data is a survey file as `files.read` gives it, whose columns are asked for as levels or as numbers."""
    return hasattr(type(data), "levelled")  # of the type: a table may have a column of that name


def in_kind(table: pd.DataFrame, kind: str | None) -> Table:
    """A copy of a pandas table, as a table of the kind of `kind_of`."""
    if kind is None:
        return table.copy()
    import pyarrow as pa

    made = pa.Table.from_pandas(table, preserve_index=False)
    if kind == "pyarrow":
        return made
    import polars as pl

    return pl.from_arrow(made)


def once(data: Table) -> Table:
    """A table whose columns are read once, where reading costs something each time."""
    return Columns({}, data) if isinstance(data, pd.DataFrame) else data


def same_column(one: Table | None, other: Table, name: Any) -> bool:
    """Whether two tables hold the same values under a name, by one comparison of arrays of one type; False where that cannot be told."""
    if one is None or name not in column_names(one) or name not in column_names(other):
        return False
    a, b = _column(one, name), _column(other, name)
    if isinstance(a, pd.Series) and isinstance(b, pd.Series):
        if isinstance(a.dtype, pd.CategoricalDtype) and isinstance(b.dtype, pd.CategoricalDtype):
            same = a.array.categories is b.array.categories or a.dtype == b.dtype
            return same and a.dtype.ordered == b.dtype.ordered and np.array_equal(a.array.codes, b.array.codes)
        return a.dtype == b.dtype and len(a) == len(b) and bool(a.array.equals(b.array))
    if isinstance(a, pd.Series) or isinstance(b, pd.Series):
        return False
    a, b = a.to_native(), b.to_native()
    return type(a) is type(b) and bool(a.equals(b))


def copies_on_write() -> bool:
    """Whether pandas copies before it writes into a table that has a shallow copy: always from version 3 on."""
    return int(pd.__version__.partition(".")[0]) >= 3 or pd.options.mode.copy_on_write is True


def rows_of(data: Any) -> int:
    """Number of rows of a table."""
    if isinstance(data, str | bytes | dict | list | tuple | set | np.ndarray):
        raise DataError(
            f"data is a {type(data).__name__}, not a table; read it into a pandas, polars or pyarrow one first."
        )
    if data is None or isinstance(data, type | pd.Series):
        raise DataError(f"data is {_kind_in_words(data)}, not a table; give a pandas, polars or pyarrow one.")
    try:
        return len(data)
    except TypeError:
        raise DataError(f"a {type(data).__name__} has no rows to weight yet; collect it into a table first.") from None


def _kind_in_words(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def each_row(table: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table as named tuples."""
    return table.itertuples()


def named(columns: object, what: str) -> list[Any]:
    """A column or a list of columns as a list of names."""
    if isinstance(columns, str | int) and not isinstance(columns, bool):
        return [columns]
    if not isinstance(columns, list | tuple | pd.Index) or any(
        isinstance(name, float | bool | None | list | dict | set | np.ndarray) for name in columns
    ):
        raise DataError(f"{what} = {sight(columns)}: give the name of a column, or a list of names.")
    return list(columns)


def one_name(column: object, what: str) -> Any:
    """The name of one column."""
    if isinstance(column, list | tuple) or len(named(column, what)) != 1:
        raise DataError(f"{what} = {sight(column)}: give the name of one column.")
    return column


# ------------------------------------------------------------------------------------------------------------- one column
def pick(data: Table, name: Any) -> pd.Series:
    """One column of a pandas, polars or pyarrow table, as a pandas Series."""
    column = _column(data, name)
    return column if isinstance(column, pd.Series) else _as_pandas(column)


def _as_pandas(column: "nw.Series") -> pd.Series:
    """A narwhals Series as a pandas one; truth values, whole numbers and categories stay what they are where some are missing."""
    import narwhals as nw

    if column.dtype == nw.Boolean:
        return pd.Series(column.to_list(), dtype="boolean")
    if column.dtype in (nw.Categorical, nw.Enum):
        codes, labels = _of_dictionary(column)
        return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(labels)))
    if column.dtype.is_integer() and column.null_count():
        values, missing = column.fill_null(0).to_numpy(), column.is_null().to_numpy()
        return pd.Series(pd.array(values, dtype="UInt64" if values.dtype.kind == "u" else "Int64")).mask(missing)
    return column.to_pandas()


def _of_dictionary(column: "nw.Series") -> "Coded":
    """A dictionary's codes; of polars' Categorical, whose levels are in no order but that of the rows, sorted as text is."""
    import narwhals as nw

    free = column.dtype == nw.Categorical and column.implementation.is_polars()
    found = of_dictionary(column.to_arrow(), repr(column.name), "values" if free else "category")
    if not free:
        return found
    order = found.order()
    place = np.append(np.argsort(order), -1)
    return replace(found, codes=place[found.codes], labels=[found.labels[k] for k in order])


def _column(data: Table, name: Any) -> "pd.Series | nw.Series":
    """A pandas Series, or the narwhals Series of another kind of table."""
    if type(name) is str and isinstance(data, PANDAS):
        with suppress(KeyError, TypeError):  # to look for the name first would take as long again
            column = data[name]
            if isinstance(column, pd.Series):
                return _native(column)
    try:
        hash(name)
    except TypeError:
        raise DataError(f"{sight(name)} is no name of a column.") from None
    if not isinstance(data, PANDAS) and is_file(data):
        return data.column(name)
    columns = column_names(data)
    if name not in columns:
        raise DataError(f"the table has no column {sight(name)}{did_you_mean(name, columns)}")
    if not isinstance(data, PANDAS):
        return framed(data).get_column(name)
    column = data[name]
    if isinstance(column, pd.DataFrame):
        if isinstance(columns, pd.MultiIndex) and columns.nlevels > 1:
            raise DataError(f"the table's columns have {columns.nlevels} levels of names; give every column one name.")
        raise DataError(f"the table has {column.shape[1]} columns called {name!r}; keep one.")
    return _native(column)


def _native(column: pd.Series) -> pd.Series:
    """A pandas Series whose bytes are in this machine's order, which not all of pandas can do without."""
    kind = column.dtype
    if isinstance(kind, np.dtype) and not kind.isnative:
        return column.astype(kind.newbyteorder("="))
    return column


def column_names(data: Table) -> Sequence[Any] | pd.Index:
    """The names of a table's columns."""
    if isinstance(data, PANDAS):
        return data.columns
    if is_file(data):
        return list(data.columns)
    return framed(data).columns


def framed(data: Any, what: str = "the table", error: type[SurveysimError] = DataError) -> "nw.DataFrame":
    """A table of any kind as narwhals has it; `what` it is called where it cannot be read."""
    import narwhals as nw

    try:
        return nw.from_native(data, eager_only=True)
    except TypeError:
        raise error(f"{what} is {_kind_in_words(data)}; give a pandas, polars or pyarrow table.") from None
    except Exception as reason:  # narwhals has a type of its own for every reason
        words = " ".join(str(reason).split())
        raise error(
            f"{what} is {sight(type(data).__name__)} and cannot be read ({type(reason).__name__}): {words} Give a pandas, polars or "
            f"pyarrow table whose columns have different names."
        ) from None


def coded(data: Table, name: Any, look: bool = True) -> "Coded":
    """A column as `Coded`; codes of categoricals and dictionaries are not copied.

    look : whether no code lies beyond the levels; False is for callers who see to it themselves.
    """
    column = _column(data, name)
    if not isinstance(column, pd.Series):
        import pyarrow as pa

        array = column.to_arrow()
        if pa.types.is_dictionary(array.type):
            return _of_dictionary(column)
        if pa.types.is_date(array.type):  # pandas would make timestamps of dates
            return of_dictionary(array.dictionary_encode(), repr(name), "values")
        column = _as_pandas(column)
    return coded_values(column, repr(name), look)


# ------------------------------------------------------------------------------------------------- a column, or an array
def called(what: str, source: object) -> str:
    """What a column or an array is called in messages: its role, and the name of the column where it is one."""
    return f"{what} {source!r}".lstrip() if is_name(source) else what


def is_name(source: object) -> TypeGuard[str | int]:
    """Whether a source is the name of a column, and not its values: a text or a whole number, as pandas names columns without one."""
    return isinstance(source, NAMES) and not isinstance(source, bool | np.bool_)


def same_index(source: object, index: pd.Index, what: str, error: type[SurveysimError] = DataError) -> None:
    """Refuse a Series or DataFrame whose index is another than the table's: it would be taken by position."""
    if isinstance(source, pd.Series | pd.DataFrame) and not source.index.equals(index):
        raise error(
            f"{what} is a {type(source).__name__} whose index is not the table's, so its rows cannot be matched. Give it the table's "
            f"index, or pass {what}.to_numpy() if the order of the rows is the same."
        )


def values_of(data: Table | None, source: Any, n: int, what: str) -> pd.Series:
    """Values (n,) of a column name, a Series or an array; a Series must have the table's index."""
    if data is None and isinstance(source, str):
        raise DataError(f"{what} = {sight(source)}: there is no table whose column it could be; give {n} numbers.")
    if isinstance(source, str) or (data is not None and is_name(source)):
        return pick(data, source)
    if isinstance(source, tuple) and data is not None and source in list(column_names(data)):
        raise DataError(
            f"{what or 'column'} = {sight(source)}: names of columns that are tuples are not taken. Give every column one name, such as "
            f"data.columns.map('_'.join)."
        )
    if is_file(source):
        raise DataError(f"{what} is a file; give the name of its column.")
    if isinstance(data, PANDAS) and data.index is not None:
        same_index(source, data.index, what)
    if isinstance(source, pd.Series):
        values = source
    else:
        try:
            array = source if isinstance(source, pd.Categorical) else np.asarray(source)
        except (TypeError, ValueError):
            array = np.empty(())
        if array.ndim != 1 or isinstance(source, bytes):
            shape = f" of shape {array.shape}" if array.ndim else ""
            raise DataError(f"{what or 'a column'} is {_kind_in_words(source)}{shape}; give a column, or {n} values.")
        values = pd.Series(array)
    values = _native(values)
    if len(values) != n:
        raise DataError(f"{what} has {len(values)} values; the table has {n} rows. Give one per row.")
    return values


def numbers_of(
    data: Table | None,
    source: Any,
    n: int,
    what: str,
    *,
    finite: bool = True,
    own: bool = True,
    remedy: str = "Convert it to numbers.",
) -> Floats:
    """A column or array as float64 (n,), NaN where missing.

    Text is refused, even where it spells numbers, and so are categories, dates and complex numbers; infinite values are, unless not
    `finite`, which is for callers who look themselves. With `own` the numbers share no memory with the source.
    """
    label = called(what, source)
    if isinstance(source, np.ndarray) and source.dtype == np.float64 and source.ndim == 1:
        if len(source) != n:
            raise DataError(f"{what} has {len(source)} values; the table has {n} rows. Give one per row.")
        values = source
    elif isinstance(source, str) and not isinstance(data, PANDAS) and is_file(data):
        values = data.numbers(source)
    else:
        values = _as_numbers(values_of(data, source, n, what), label, remedy)
    if own and (values is source or not values.flags.owndata or not values.flags.writeable):
        values = values.copy()
    if finite:
        refuse_infinite(values, label)
    return np.ascontiguousarray(values)


def _as_numbers(values: pd.Series, label: str, remedy: str) -> Floats:
    """A Series as float64."""
    kind = values.dtype
    if isinstance(kind, np.dtype) and kind.kind in "iufb":
        return values.to_numpy(dtype=np.float64)
    objects = kind == np.dtype(object)
    if objects or pd.api.types.is_string_dtype(kind):
        text = [v for v in values if isinstance(v, str)]
        if text:
            raise DataError(
                f"{label} is not numeric: {len(text)} of {len(values)} values are text, the first is {text[0]!r}. {remedy}"
            )
    numeric = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
    if not (objects or numeric or truth_values(values)):
        raise DataError(f"{label} is not numeric but {kind}. {remedy}")
    try:
        if objects:  # objects that are numbers, Decimals among them
            values = values.where(values.notna(), None).astype(object)
            return np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{label} is not numeric: {error}. {remedy}") from None


def mask_of(data: Table | None, mask: Any, n: int, what: str) -> Truths:
    """Truth values (n,) of a column of truth values, or an array of them; none may be missing.

    A polars Series is what polars' filter takes, which leaves out rows where it is null; a warning says how many.
    """
    label = called(what, mask)
    if kind_of(mask) == "polars" and isinstance(holes := getattr(mask, "null_count", int)(), int) and holes:
        warnings.warn(
            f"{label} is null in {holes} of {n} rows, which are left out, as polars' filter does; say fill_null(True) or "
            f"fill_null(False) to decide.",
            SurveysimWarning,
            stacklevel=3,
        )
        mask = mask.fill_null(False)
    values = values_of(data, mask, n, what)
    if not truth_values(values) and not (len(values) and values.isna().all()):
        raise DataError(f"{label} needs {n} True or False values, one per row; got {values.dtype}.")
    message = (
        "{label} is missing in {bad} of {n} rows, the first is row {row}; say True or False there, such as with fillna(False) (polars: "
        "fill_null(False))."
    )
    refuse(values.isna().to_numpy(), message, label=label)
    return values.to_numpy(dtype=bool)
