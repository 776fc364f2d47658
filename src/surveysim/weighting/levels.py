"""From a table's columns to the levels of margins, and what is said where a row has none."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..aliases import Ints, Table
from ..errors import CalibrationError
from ..guards import refuse
from ..naming import near
from ..tables import coded

REMEDY = " Impute it, give missing its own level and total, or drop the rows."


def level_codes(data: Table, variable: Sequence[str], labels: Sequence[Any]) -> Ints:
    """Index (n,) of each row's level in `labels`; raises where a value is missing or has no total."""
    codes = np.zeros(0, np.int64)
    for position, name in enumerate(variable):
        part = [level[position] for level in labels]
        known = {label: k for k, label in enumerate(dict.fromkeys(part))}
        one = _column_codes(data, known, name)
        codes = one if position == 0 else codes * len(known) + one
    if len(variable) == 1:
        return codes
    grids = [list(dict.fromkeys(level[i] for level in labels)) for i in range(len(variable))]
    lookup = np.full(math.prod(map(len, grids)), -1)
    for k, level in enumerate(labels):
        at = 0
        for grid, label in zip(grids, level):
            at = at * len(grid) + grid.index(label)
        lookup[at] = k
    result = lookup[codes]
    if (result < 0).any():
        at = np.unravel_index(codes[np.argmax(result < 0)], [len(g) for g in grids])
        level, name = tuple(g[i] for g, i in zip(grids, at)), " × ".join(variable)
        message = "{bad} respondents are in {name} = {level!r}, which has no total. Add it to the margins."
        refuse(result < 0, message, CalibrationError, name=name, level=level)
    return result


def raking_levels(data: Table, name: Any, look: bool = True) -> tuple[Ints, list[Any]]:
    """Codes (n,) and labels of a raking variable: levels that are equal to each other cannot have totals of their own.

    look : as for `coded`.
    """
    codes, labels = coded(data, name, look)
    if len(set(labels)) < len(labels):
        raise CalibrationError(
            f"raking variable {name!r} holds truth values and numbers, and True == 1: one total would serve both. Recode it."
        )
    return codes, labels


def _column_codes(data, known, name):
    codes, labels = raking_levels(data, name)
    refuse_holes(name, codes < 0)
    image = np.array([known.get(label, -1) for label in labels], dtype=np.int64)
    result = image[codes] if len(image) else np.zeros(len(codes), np.int64)
    unknown = result < 0
    if unknown.any():
        k = codes[np.argmax(unknown)]
        raise CalibrationError(no_total(name, labels[k], int((codes == k).sum()), known))
    return result


def refuse_holes(name: object, missing: np.ndarray, remedy: str = REMEDY) -> None:
    """Raise where rows (n,) have no level of a raking variable."""
    message = "raking variable {name!r} is missing in {bad} rows, the first is row {row}.{remedy}"
    refuse(missing, message, CalibrationError, name=name, remedy=remedy)


def no_total(name: object, label: object, rows: int, known: Iterable[Any]) -> str:
    close = [k for k in known if str(k).strip() == str(label).strip()] or near(label, known)
    hint = f" Did you mean {close[0]!r}" if close else ""
    if close and type(close[0]) is not type(label):
        hint += f" (the data have {type(label).__name__}, the margins {type(close[0]).__name__})"
    return (
        f"{rows} respondents have {name} = {label!r}, which has no total.{hint + '?' if hint else ''} Add it to the margins, "
        f"or recode the data."
    )
