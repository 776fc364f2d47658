"""Numbers that are dates by the formats of SPSS and Stata files."""

import datetime as dt
import re

import numpy as np
import pandas as pd

SPSS = dt.datetime(1582, 10, 14)
STATA = dt.datetime(1960, 1, 1)
DATES = ("DATE", "ADATE", "EDATE", "JDATE", "SDATE", "MOYR", "QYR", "WKYR")
PERIODS = {"h": 6, "q": 3, "m": 1}  # months
DAY = 86400.0


def dated(values: pd.Series, form: str, stata: bool) -> tuple[pd.Series, str] | None:
    """(values as dates, datetimes or times by their format, what could not be), or None where the format is none of dates.

    values : numbers (n,), NaN where missing. form : such as DATE11, %td, %tm.
    """
    read = _stata(form) if stata else _spss(form)
    if read is None:
        return None
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    try:
        return pd.Series([None if np.isnan(v) else read(v) for v in numbers], dtype=object, index=values.index), ""
    except (OverflowError, ValueError):
        return values, "dates outside of the calendar, or times of more than a day, which stay numbers"


def _spss(form):
    kind = re.split("[^A-Z]", form.upper(), maxsplit=1)[0]
    if kind in DATES:
        return lambda v: (SPSS + dt.timedelta(seconds=v)).date()
    if kind in ("DATETIME", "YMDHMS"):
        return lambda v: SPSS + dt.timedelta(seconds=v)
    return _time if kind in ("TIME", "DTIME", "MTIME") else None


def _stata(form):
    found = re.match(r"%-?(t[cCdwmqh]|d)(.*)", form)
    if found is None:
        return None
    kind, shown = found.groups()
    if kind in ("tc", "tC"):
        if shown and not re.search("[YyNnMLlDdJj]", shown.replace("MM", "").replace("mm", "")):
            return lambda v: _time(v / 1000)
        return lambda v: STATA + dt.timedelta(milliseconds=v)
    if kind in ("td", "d"):
        return lambda v: (STATA + dt.timedelta(days=int(np.floor(v)))).date()
    if kind == "tw":  # 52 weeks a year, the first from January 1; the last has 8 or 9 days
        return lambda v: dt.date(1960 + int(v // 52), 1, 1) + dt.timedelta(days=7 * int(v % 52))
    months = PERIODS[kind[1]]
    return lambda v: dt.date(1960 + int(v * months // 12), int(v * months % 12) + 1, 1)


def _time(seconds):
    if not 0 <= seconds < DAY:
        raise ValueError(seconds)
    return (STATA + dt.timedelta(seconds=seconds)).time()
