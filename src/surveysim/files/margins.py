"""Control totals from files."""

import numpy as np
import pandas as pd

from ..errors import DataError
from .formats import read

TOTALS = ("total", "percent", "share")
WHOLE = {"percent": 100.0, "share": 1.0}


def read_margins(path, by=None, sheet=None, encoding="utf-8-sig"):
    """Control totals from a file with the columns variable, level and one of total, percent or share.

    A crossed margin has names and levels joined by "*": variable sex*age, level female*60+. With `by` there is a column of that name.

    Returns
    -------
    (table with variable, level, total and the `by` column, for `rake`; "totals" or "shares").
    """
    try:
        file = read(path, sheet)
    except DataError:  # a margins file need not have the encoding of the data
        file = read(path, sheet, encoding)
    given = [name for name in TOTALS if name in file.columns]
    absent = [name for name in ("variable", "level", *([by] if by else [])) if name not in file.columns]
    if absent or len(given) != 1:
        what = (
            f"has no column {absent[0]!r}" if absent else f"has {' and '.join(given) or 'none'} of {', '.join(TOTALS)}"
        )
        raise DataError(
            f"{path}: {what}; a margins file has the columns variable, level, {by + ', ' if by else ''}and one of {', '.join(TOTALS)}."
        )
    table = pd.DataFrame({name: file.text(name) for name in ("variable", "level", *([by] if by else []))})
    empty = table.isna().any(axis=1)
    if empty.any():
        raise DataError(f"{path}: data row {int(np.argmax(empty)) + 1} has an empty cell; fill it in.")
    keys = ["variable", "level", *([by] if by else [])]
    twice = table.duplicated(keys)
    if twice.any():
        more = [name for name in file.columns if name not in (*keys, *TOTALS)]
        hint = f" If {more[0]!r} names partitions, say --by {more[0]}." if more and not by else ""
        raise DataError(
            f"{path}: {int(twice.sum())} rows name a level again; the first is data row {int(np.argmax(twice)) + 1}, "
            f"{table.loc[twice, 'variable'].iloc[0]} = {table.loc[twice, 'level'].iloc[0]}. Keep one total per level.{hint}"
        )
    try:
        table["total"] = file.numbers(given[0])
    except DataError as error:
        raise DataError(
            f"{str(error).partition(' Give')[0]} Write {given[0]} as a plain number, such as 51.1."
        ) from None
    for row in np.flatnonzero(table["variable"].str.contains("*", regex=False)):
        variable, level = (tuple(part.strip() for part in table.at[row, c].split("*")) for c in ("variable", "level"))
        if len(variable) != len(level):
            raise DataError(
                f"{path}: data row {row + 1} crosses {len(variable)} variables, but its level {table.at[row, 'level']!r} has "
                f"{len(level)} parts; join them by *."
            )
        table.at[row, "variable"], table.at[row, "level"] = variable, level
    _refuse_sums(path, table, given[0], by)
    return table, "totals" if given[0] == "total" else "shares"


def _refuse_sums(path, table, given, by):
    """Refuse percentages that do not sum to 100, shares that do not sum to 1, and totals that do either."""
    sums = table.groupby([*([by] if by else []), "variable"], sort=False)["total"].sum()
    if given == "total":
        for whole, name in ((1.0, "share"), (100.0, "percent")):
            if np.all(np.abs(sums - whole) <= 1e-6 * whole):
                raise DataError(f"{path}: every margin sums to {whole:g}, so the column total is to be called {name}.")
        return
    off = sums[~(np.abs(sums - WHOLE[given]) <= 1e-6 * WHOLE[given])]
    if len(off):
        raise DataError(
            f"{path}: {given} of {off.index[0]!r} sums to {off.iloc[0]:.8g}, not to {WHOLE[given]:g}. Mend it (rounding may go to the "
            "largest level), or give totals."
        )
