"""Which row of a text file or a sheet holds the names of the columns, and rows of data that are more names."""

import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError, SurveysimWarning

LOOKED_AT = 60  # rows from the top in which names are looked for
SAMPLED = 200  # rows of data that tell a column of numbers
NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?\s*%?\s*")


def names_at(
    path: Path, rows: Sequence[Sequence[Any]], header_row: int | None = None, expect: Collection[str] = ()
) -> int:
    """Place (from 0) of the row with the names among the first rows: the one asked for, the one with the names expected, or the first.

    rows : lists of cells, None or "" where they are empty. A first row that is a title is refused, with the row that holds the names.
    """
    filled = [k for k, row in enumerate(rows) if any(map(_full, row))]
    if not filled:
        raise DataError(f"{path}: the file is empty.")
    if header_row is not None:
        if header_row < 1 or header_row > len(rows):
            raise DataError(
                f"{path}: there is no row {header_row} of the file to take names from; the table has {len(rows)} rows."
            )
        if header_row - 1 not in filled:
            raise DataError(
                f"{path}: row {header_row} of the file is empty, so it has no names; give another --header-row."
            )
        return header_row - 1
    for k in filled if expect else ():
        if set(expect) <= {str(cell).strip() for cell in rows[k] if _full(cell)}:
            if k > filled[0]:
                title = next(cell for cell in rows[filled[0]] if _full(cell))
                warnings.warn(
                    f"{path}: the names are in row {k + 1} of the file; what stands above ({str(title)[:60]!r}) is no part of the table.",
                    SurveysimWarning,
                    stacklevel=5,
                )
            return k
    at = filled[0]
    better = better_row(rows, at) if _titled(rows, at) else None
    if better is not None:
        raise DataError(
            f"{path}: row {at + 1} of the file ({_first(rows[at])}) is no row of names. {offered(rows, better)}"
        )
    return at


def offered(rows: Sequence[Sequence[Any]], better: int) -> str:
    """The remedy where another row holds the names."""
    shown = ", ".join(repr(str(cell)[:30]) for cell in rows[better][:3] if _full(cell))
    row = better + 1
    return (
        f"Row {row} of the file looks like it: {shown} …; say so with --header-row {row} (header_row={row} in Python)."
    )


def refuse_doubled(path: Path, names: Iterable[object]) -> tuple[str, ...]:
    """The names as text, each once."""
    names = [str(name) for name in names]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        times = names.count(twice[0])
        what = f"are called {twice[0]!r}; keep one" if twice[0] else "have no name; name them, or take them away"
        raise DataError(f"{path}: {times} columns {what}.")
    return tuple(names)


def more_headers(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[int, dict[str, str]]:
    """Rows of data, from the first, that are names again, as survey platforms write them: how many, and {column: question}.

    rows : the first rows of data. Rows that say they are import ids (Qualtrics) are left out, with a warning; a first row of text over
    columns of numbers is refused, since it may be anything.
    """
    ids = next(
        (k for k, row in enumerate(rows[:3]) if any('"ImportId"' in str(cell) for cell in row if _full(cell))), None
    )
    if ids is not None:
        labels = {n: str(cell) for n, cell in zip(names, rows[0]) if _full(cell)} if ids else {}
        warnings.warn(
            f"{path}: the first {ids + 1} rows under the names are question texts and import ids of the platform, and no respondents; "
            "they are left out.",
            SurveysimWarning,
            stacklevel=5,
        )
        return ids + 1, labels
    for lead in (1, 2):
        found = _text_over_numbers(names, rows, lead)
        if found is not None:
            name, text, columns = found
            raise DataError(
                f"{path}: data row {lead} looks like a second row of names: {columns} columns are numbers in every row below, and {name!r} "
                f"has {text[:60]!r} there. Take {'it' if lead == 1 else 'data rows 1 and 2'} away, or take the names from there with "
                "--header-row."
            )
    return 0, {}


def _text_over_numbers(names, rows, lead):
    """(column, text, columns) where every column of numbers has text in its first `lead` rows; else None.

    Where a column has no name, as the choices of one question in some exports, the text may be missing in others.
    """
    first, texts, unnamed = rows[:lead], [], "" in names
    for k, name in enumerate(names):
        below = [row[k] for row in rows[lead:] if k < len(row) and _full(row[k])]
        if len(below) < 3 or not all(map(_number, below)):
            continue
        above = [row[k] if k < len(row) else None for row in first]
        if unnamed and not any(map(_full, above)):
            continue
        if any(not _full(cell) or _number(cell) or isinstance(cell, bool) for cell in above):
            return None
        texts.append((name, str(above[-1])))
    distinct = {text for _, text in texts}
    return (*texts[0], len(texts)) if len(distinct) > 1 or (unnamed and texts) else None


def _number(cell):
    return not isinstance(cell, bool) and (isinstance(cell, int | float) or bool(NUMBER.fullmatch(str(cell))))


def _full(cell):
    return cell is not None and str(cell).strip() != ""


def _width(rows):
    """How many columns hold something."""
    return len({k for row in rows for k, cell in enumerate(row) if _full(cell)})


def _titled(rows, at):
    """Whether a row is too short to name the columns below it."""
    named, below = [k for k, cell in enumerate(rows[at]) if _full(cell)], _width(rows[at + 1 :])
    return below > 1 and (2 * len(named) < below or (len(named) == 1 and named[0] == 0))


def better_row(rows: Sequence[Sequence[Any]], at: int) -> int | None:
    """The first row below that names every column with values further down, in texts that are all different; or None."""
    for k in range(at + 1, len(rows)):
        cells = {j: str(cell).strip() for j, cell in enumerate(rows[k]) if _full(cell)}
        used = {j for row in rows[k + 1 :] for j, cell in enumerate(row) if _full(cell)}
        if (
            len(cells) > 1
            and len(set(cells.values())) == len(cells)
            and used
            and used <= set(cells)
            and not any(map(_number, rows[k]))
        ):
            return k
    return None


def _first(row):
    return repr(next(str(cell)[:60] for cell in row if _full(cell)))
