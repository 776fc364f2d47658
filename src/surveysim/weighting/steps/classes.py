"""Classes of the rows of a table by the levels of some columns, inside which steps work apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...aliases import Ints, Table
from ...guards import refuse
from ...tables import coded

HOLE = "{bad} rows have no {name}, the first is row {row}"


def level_codes_of(data: Table, name: str, rows: Any = True) -> tuple[Ints, list[object]]:
    """Codes (n,) and labels of the levels that occur in a column; -1 where `rows` does not hold, elsewhere nothing may be missing."""
    codes, labels = coded(data, name)
    codes = np.asarray(codes)
    message = HOLE + ". Give the missing values a level of their own, or leave the column out."
    refuse((codes < 0) & rows, message, name=name)
    inside = np.broadcast_to(np.asarray(rows), codes.shape)
    used, found = np.unique(codes[inside], return_inverse=True)
    result = np.full(len(codes), -1)
    result[inside] = found
    return result, [labels[k] for k in used]


def classes(data: Table, by: Sequence[str], n: int) -> tuple[Ints, list[tuple[object, ...]]]:
    """Class (n,) of every row, and the levels of every class that occurs; one class, (), of everybody where there are no columns."""
    if not by:
        return np.zeros(n, np.int64), [()]
    keys = [level_codes_of(data, name) for name in by]
    sizes = [len(labels) for _, labels in keys]
    used, group = np.unique(np.ravel_multi_index([codes for codes, _ in keys], sizes), return_inverse=True)
    places = zip(*np.unravel_index(used, sizes), strict=True)
    return group, [tuple(labels[i] for (_, labels), i in zip(keys, place, strict=True)) for place in places]


def in_words(levels: object) -> str:
    """The levels of a class, or one level, as records and mappings name them."""
    return ", ".join(map(str, levels)) if isinstance(levels, list | tuple) else str(levels)


def called(by: Sequence[str], levels: Sequence[object]) -> str:
    """A class in messages."""
    return ", ".join(f"{name} = {level}" for name, level in zip(by, levels, strict=True)) or "the file"
