"""Control totals from files."""

import re
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Pathname
from ..errors import DataError, SurveysimWarning
from ..naming import level_parts, quoted, variable_parts
from .reading import read
from .spelling import spelt_as

if TYPE_CHECKING:
    from .data_file import DataFile

TOTALS = ("total", "percent", "share")
WHOLE = {"percent": 100.0, "share": 1.0}
EXACT = 1e-6  # of the whole: sums that are off by less are right
MOST = 8  # faults that one message names
TOTAL_ROWS = {
    "total", "totals", "grand total", "in total", "sub-total", "subtotal", "sum", "sums", "overall", "all",
    "all respondents", "everyone", "everybody", "totale", "totaal", "totaux", "ensemble", "summe", "gesamt",
    "insgesamt", "zusammen", "合计", "总计", "总和", "全部", "小计", "計", "合計", "總計",
}  # fmt: skip


def margins_file(
    path: Pathname, sheet: str | None = None, encoding: str | None = None, header_row: int | None = None
) -> "DataFile":
    """The DataFile of control totals; the encoding is that of the data, which a margins file need not have."""
    expect = ("variable", "level")
    try:
        return read(path, sheet, header_row=header_row, expect=expect)
    except DataError:
        return read(path, sheet, encoding, header_row, expect=expect)


def read_margins(
    path: Pathname,
    by: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    *,
    data: "DataFile | None" = None,
    rescale: bool = False,
    header_row: int | None = None,
) -> tuple[pd.DataFrame, str]:
    """Control totals from a file with the columns variable, level and one of total, percent or share.

    A crossed margin has names and levels joined by "*": variable sex*age, level female*60+; parts with the sign in them stand in double
    quotes. With `by` there is a column of that name.

    Parameters
    ----------
    data : the DataFile that is to be raked, whose columns and levels decide where a name or a level has a "*" in it. rescale : take
        percentages and shares whatever they sum to. header_row : the row with the names; the one that has them unless given.

    Returns
    -------
    (table with variable, level, total and the `by` column, for `rake`; "totals" or "shares"). Percentages and shares that miss their sum
    by no more than rounding allows are brought to it, with a warning that says by how much.
    """
    file = margins_file(path, sheet, encoding, header_row)
    given = [name for name in TOTALS if name in file.columns]
    absent = [name for name in ("variable", "level", *([by] if by else [])) if name not in file.columns]
    if absent or len(given) != 1:
        alike = {name.casefold(): name for name in file.columns}.get(absent[0].casefold()) if absent else None
        hint = f" (it has {alike!r}: names are as they are written, capitals too)" if alike else ""
        what = (
            f"has no column {absent[0]!r}{hint}"
            if absent
            else f"has {' and '.join(given) or 'none'} of {', '.join(TOTALS)}"
        )
        raise DataError(
            f"{path}: {what}; a margins file has the columns variable, level, {by + ', ' if by else ''}and one of {', '.join(TOTALS)}."
        )
    keys = ["variable", "level", *([by] if by else [])]
    table = pd.DataFrame({name: file.text(name) for name in keys})
    try:
        table["total"] = file.numbers(given[0])
    except DataError as error:
        raise DataError(
            f"{str(error).partition(' Give')[0]} Write {given[0]} as a plain number, such as 51.1."
        ) from None
    decimals = file.values(given[0]).map(_decimals)
    faults = [*_holes(table, [*keys, "total"], given[0]), *_negative(table, given[0])]
    faults += [*_doubled(file, table, keys, by), *_crossed(table, data)]
    if not faults:
        faults = list(_total_rows(table, given[0], by, data))
    if not faults:
        faults, factors = _sums(table, given[0], by, decimals, rescale)
    if faults:
        more = f" And {len(faults) - MOST} faults more." if len(faults) > MOST else ""
        raise DataError(f"{path}: {' '.join(faults[:MOST])}{more}")
    _normalise(path, table, given[0], by, factors)
    return table, "totals" if given[0] == "total" else "shares"


def _holes(table, keys, given):
    """Empty cells."""
    empty = table[keys].isna().any(axis=1)
    missing = [given if name == "total" else name for name in keys if table[name].isna().any()]
    rows = [str(row + 1) for row in np.flatnonzero(empty)]
    if rows:
        where = f"data row {' and '.join(rows[:3])}{' …' if rows[3:] else ''}"
        yield f"{where} has an empty cell ({' or '.join(missing)}); fill it in, or leave the row out."


def _negative(table, given):
    """Totals below 0."""
    for row in np.flatnonzero(table["total"] < 0):
        variable, level, value = table.loc[row, ["variable", "level", "total"]]
        yield f"data row {row + 1}: {given} of {variable} = {level} is {value:.10g}; give a number that is 0 or larger."


def _doubled(file, table, keys, by):
    """Levels that have two totals."""
    twice = table.duplicated(keys) & table[keys].notna().all(axis=1)
    if twice.any():
        more = [name for name in file.columns if name not in (*keys, *TOTALS)]
        hint = f" If {more[0]!r} names partitions, say --by {more[0]}." if more and not by else ""
        yield (
            f"{int(twice.sum())} rows name a level again; the first is data row {int(np.argmax(twice)) + 1}, "
            f"{table.loc[twice, 'variable'].iloc[0]} = {table.loc[twice, 'level'].iloc[0]}. Keep one total per level.{hint}"
        )


def _crossed(table, data):
    """Turn crossed margins into tuples of names and levels; yields what cannot be."""
    columns = None if data is None else data.columns
    for row in np.flatnonzero(table["variable"].str.contains('[*"]', regex=True, na=False)):
        names, level = variable_parts(table.at[row, "variable"], columns), table.at[row, "level"]
        if len(names) == 1:
            table.at[row, "variable"] = names[0]
            continue
        parts = None if level is None else level_parts(level, len(names), _known(data, names))
        if parts is None:
            yield (
                f"data row {row + 1} crosses {len(names)} variables, but its level {level!r} has {str(level).count('*') + 1} parts; "
                "join them by *, and put levels with a * in double quotes."
            )
            continue
        table.at[row, "variable"], table.at[row, "level"] = names, parts


def _known(data, names):
    """Levels of variables in the data, codes and labels, or None where a variable is not there."""
    if data is None or not all(name in data.columns for name in names):
        return None
    return [set(data.spelt(name)[1]) | set(data.levels.get(name, {}).values()) for name in names]


def _groups(table, by):
    """(partition or None, variable, its rows) of every margin."""
    keys = [by, "variable"] if by else ["variable"]
    for key, rows in table.groupby(keys, sort=False):
        yield (key[0] if by else None), key[-1], rows


def _name(partition, variable, by):
    """A margin in messages."""
    name = "*".join(map(quoted, variable)) if isinstance(variable, tuple) else variable
    return f"{name!r}" + (f" ({by} {partition})" if by else "")


def _total_rows(table, given, by, data):
    """Rows that hold the sum of the others."""
    whole = _usual_sum(table, given, by)
    for partition, variable, rows in _groups(table, by):
        if isinstance(variable, str) and _is_total(variable):
            if data is None or variable not in data.columns:
                yield f"data row {rows.index[0] + 1}, {_name(partition, variable, by)}, is a total and no margin; leave it out."
            continue
        levels = _levels_of(data, variable)
        for row, level, value in zip(rows.index, rows["level"], rows["total"], strict=True):
            others = rows["total"].sum() - value
            is_sum = len(rows) > 2 and abs(value - others) <= 0.02 * abs(value)
            called = all(_is_total(part) for part in (level if isinstance(level, tuple) else (level,)))
            there = levels is not None and level in levels
            twice = whole is not None and is_sum and abs(value - whole) <= 0.02 * whole
            if (called and not there) or (called and is_sum) or twice:
                shown = "*".join(level) if isinstance(level, tuple) else level
                yield (
                    f"data row {row + 1}, {_name(partition, variable, by)} = {shown!r} with {value:.10g}, is a total of the "
                    f"other levels ({others:.10g}); leave total rows out."
                )
                break


def _usual_sum(table, given, by):
    """What margins sum to: 100 or 1, or what most margins of totals agree on."""
    if given in WHOLE:
        return WHOLE[given]
    if by:
        return None
    sums = table.groupby("variable", sort=False)["total"].sum().to_numpy()
    near = (np.abs(sums[:, None] - sums[None, :]) <= 1e-3 * np.abs(sums)).sum(axis=1)
    return float(sums[np.argmax(near)]) if near.max() > 1 else None


def _is_total(text):
    return re.sub(r"[\s:.]+", " ", str(text)).strip().lower() in TOTAL_ROWS


def _levels_of(data, variable):
    """Levels of a variable in the data, or None where nobody knows."""
    if data is None or isinstance(variable, tuple):
        return None
    known = _known(data, (variable,))
    return None if known is None else known[0]


def _sums(table, given, by, decimals, rescale):
    """Faults of margins that miss their sum, and (margin, rows, sum, factor) of those that miss it by rounding or are rescaled."""
    faults, factors = [], []
    margins = [(_name(p, v, by), rows.index, float(rows["total"].sum())) for p, v, rows in _groups(table, by)]
    if given == "total":
        for whole, name in ((1.0, "share"), (100.0, "percent")):
            if all(abs(total - whole) <= EXACT * whole for _, _, total in margins):
                faults.append(f"every margin sums to {whole:g}, so the column total is to be called {name}.")
        return faults, factors
    whole = WHOLE[given]
    for name, rows, total in margins:
        digits = int(decimals[rows].max())
        allowed = guards.rounding(len(rows), digits)
        if abs(total - whole) <= EXACT * whole:
            continue
        if total > 0 and (rescale or guards.rounded(total, whole, len(rows), digits)):
            factors.append((name, rows, total, whole / total))
            continue
        faults.append(
            f"{given} of {name} sums to {total:.8g}, not to {whole:g}; rounding {len(rows)} levels to {digits} decimals leaves it within "
            f"{allowed:g}. Mend it, or let margins be rescaled (--rescale)."
        )
    return faults, factors


def _decimals(value):
    """Decimals of a number as it is printed; of one that is no text, as many as it takes."""
    return guards.decimals(value.strip() if isinstance(value, str) else spelt_as(value))


def _normalise(path, table, given, by, factors):
    """Bring margins to their sum, and say so."""
    for _, rows, _, factor in factors:
        table.loc[rows, "total"] *= factor
    if factors:
        text = ", ".join(
            f"{name} sums to {total:.8g} and is multiplied by {factor:.7g}" for name, _, total, factor in factors
        )
        warnings.warn(
            f"{path}: {given} of {text}, so that each sums to {WHOLE[given]:g}.", SurveysimWarning, stacklevel=3
        )
