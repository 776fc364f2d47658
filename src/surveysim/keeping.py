"""A table as it was when somebody asked for weights or estimates, whatever the caller does to theirs later."""

from dataclasses import replace
from typing import Any

import pandas as pd

from .aliases import Table
from .on_demand import Later
from .tables import PANDAS, Columns, copies_on_write, is_file, kind_of

pa = Later(None, "pyarrow")


def held(data: Table) -> Table:
    """The table as it is now, whatever the caller does to theirs later: a copy that is made when somebody writes."""
    if isinstance(data, Columns):
        return data.held()
    if isinstance(data, pd.DataFrame):
        return data.copy(deep=not copies_on_write())
    if is_file(data):
        return replace(data, raw=held(data.raw))
    if kind_of(data) == "pyarrow":
        return _in_own_memory(data)
    clone = getattr(data, "clone", None) if kind_of(data) == "polars" else None
    return data if clone is None else clone()


def _in_own_memory(table: Any) -> Any:
    """An Arrow table whose numbers are in memory of their own: those of the caller's may be a numpy array's, which can change."""
    if not isinstance(table, pa.Table):
        return table
    lent = [k for k, f in enumerate(table.schema) if pa.types.is_primitive(f.type) or pa.types.is_dictionary(f.type)]
    if not lent:
        return table
    part, sink = table.select(lent), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, part.schema) as stream:
        stream.write_table(part)
    copied = pa.ipc.open_stream(sink.getvalue()).read_all()
    for k, column in zip(lent, copied.columns, strict=True):
        table = table.set_column(k, table.schema.field(k), column)
    return table


def kept(data: Table) -> Table | None:
    """The table as it is now, where that costs nothing; None where it would take a copy."""
    if kind_of(data) == "pyarrow" or (isinstance(data, PANDAS) and not copies_on_write()):
        return None
    return held(data)
