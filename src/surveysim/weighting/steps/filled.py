"""The table that later steps see, where a step has filled its columns or rows have left."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from ...aliases import Ints, Table, Truths
from ...tables import Columns, column_names, is_file, pick


def plain(cases: Table, names: Iterable[Any]) -> Table:
    """A survey file's columns as a table: numbers without value labels as numbers, all others by their levels; other tables as they are."""
    if not is_file(cases):
        return cases
    columns = {name: cases.numbers(name) if cases.is_numeric(name) else cases.column(name) for name in names}
    return Columns(columns)


def taken(table: Table, name: Any, source: Ints) -> pd.Series:
    """A column with the values of the rows `source` (n,), as the table holds it."""
    column = table.values(name) if is_file(table) else pick(table, name)
    return column.reset_index(drop=True).take(source).set_axis(column.index)


def overlaid(cases: Table, filled: dict[Any, pd.Series]) -> Table:
    """The table with columns in place of its own."""
    if not filled:
        return cases
    if is_file(cases):
        return cases.overlaid(filled)
    columns = {name: filled[name] if name in filled else pick(cases, name) for name in column_names(cases)}
    made = Columns(columns)
    made.index = getattr(cases, "index", None)
    return made


class Rows:
    """Some rows of a table, in any order, as `Columns` reads them: every column when it is asked for."""

    def __init__(self, table: Table, source: Ints) -> None:
        self.table, self.source = table, source
        self.columns, self.index = column_names(table), getattr(table, "index", None)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, name: Any) -> pd.Series:
        return taken(self.table, name, self.source)


def without(cases: Table, gone: Truths) -> Table:
    """The table where rows that have left, and have no answers, repeat the first that stays, so that no step finds holes in them.

    gone : (n,) rows whose weight is 0 and stays so; whatever they hold then counts for nothing.
    """
    if not gone.any():
        return cases
    source = np.where(gone, int(np.argmin(gone)), np.arange(len(gone)))
    return cases.taken(source) if is_file(cases) else Columns({}, Rows(cases, source))  # pyright: ignore[reportArgumentType]
