"""Conditions in words, such as age>=60: the rows of a table for which they hold."""

import operator
from typing import Any

import numpy as np
import pandas as pd

from ..aliases import Truths
from ..errors import DataError
from ..files.spelling import spelt_as
from ..naming import comparison
from ..tables import coded, column_names, numbers_of, rows_of

COMPARISONS = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def holds(source: Any, text: str, what: str = "where") -> Truths:
    """Rows (n,) of a DataFile or a table for which a comparison holds; missing values do not."""
    if not hasattr(source, "named"):
        source = _Table(source)
    name, sign, value = comparison(text, source.columns, what)
    if sign in ("=", "!="):
        values = source.named(name, [value])
        known = set(values.dropna())
        if spelt_as(value) in known:
            value = spelt_as(value)
        if value not in known:
            told = ", ".join(v if v.strip() == v and v else f'"{v}"' for v in sorted(known)[:10])
            raise DataError(f"{what} {text!r}: no row has {name} = {value!r}; there are {told}.")
        return ((values == value) == (sign == "=")).to_numpy() & values.notna().to_numpy()
    try:
        bound = float(value)
    except ValueError:
        bound = np.nan
    if not np.isfinite(bound):
        raise DataError(f"{what} {text!r}: {value!r} is no number.")
    return COMPARISONS[sign](source.numbers(name), bound)


class _Table:
    """A table of any kind, asked as a DataFile is."""

    def __init__(self, data):
        self.data, self.columns = data, {str(name): name for name in column_names(data)}

    def named(self, name, levels):
        codes, labels = coded(self.data, self.columns.get(name, name))
        spelt = np.array([*map(spelt_as, labels), None], dtype=object)
        return pd.Series(spelt[np.asarray(codes)], dtype=object)

    def numbers(self, name):
        return numbers_of(self.data, self.columns.get(name, name), rows_of(self.data), "where", finite=False)
