"""What a published ±error, sample size or design effect implies about the others.

The report says that proportions have a largest absolute error of ±0.66 points at 95 % and prints neither a sample size nor a design
effect. From one of the three the others follow, and from the sample follows what every estimate is worth.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize

from .. import guards
from ..errors import DataError
from ..inference.intervals import METHODS, proportion_interval

ROUGH_Z = 1.96  # what many take for the normal quantile of 95 %


def error_statement(
    moe: float | None = None,
    n: float | None = None,
    deff: float | None = None,
    *,
    p: float | Sequence[float] = 0.5,
    level: float = 0.95,
    df: float | None = None,
    population: float | None = None,
) -> pd.DataFrame:
    """What a published ±error, sample size or design effect implies about the others, under every interval formula.

    Parameters
    ----------
    moe : ± error as a share (0.0066 is 0.66 points): the larger distance from p to an end of the interval. n : interviews.
    deff : design effect. Give two of the three, or one, and then deff is 1 (from deff alone nothing follows).
    p : proportion, or a list of them. level : confidence level. df : degrees of freedom, None is infinite.
    population : persons, for the finite population correction; None is none.

    Returns
    -------
    DataFrame p, method, n (rounded up where it is implied), deff, effective_n (n / deff), moe, lower, upper: a row for every formula of
    `proportion_interval`, and at 95 % one for Wald's with 1.96 in place of 1.959964. Where a formula allows no solution (Korn and
    Graubard's never profits from a deff below 1), n, deff or moe is missing.

    Raises
    ------
    DataError : none or all of moe, n and deff are given, or deff alone; a value out of range.

    Examples
    --------
    >>> from surveysim import error_statement
    >>> error_statement(moe=0.0066).query("method == 'wald'")["n"].tolist()
    [22047]
    >>> print(f"{error_statement(moe=0.0066, n=60_000)['deff'].iloc[0]:.3f}")
    2.721

    References
    ----------
    Cochran (1977), Sampling Techniques, section 4.4; Dean & Pagano (2015), J. Surv. Stat. Methodol. 3:484-503 (the intervals).
    """
    given = [name for name, value in (("moe", moe), ("n", n), ("deff", deff)) if value is not None]
    if given in ([], ["deff"]) or len(given) == 3:
        raise DataError(
            f"given: {', '.join(given) or 'nothing'}. Give moe or n, and deff if it is not 1, or moe and n for the deff they imply."
        )
    single = {"moe": (moe, 0, 0.5), "n": (n, 1, np.inf), "deff": (deff, 0, np.inf), "level": (level, 0, 1)}
    for name, (value, low, high) in (single | {"population": (population, 1, np.inf)}).items():
        _check(name, value, low, high)
    df = guards.degrees(df)
    n, deff, population = (v if v is None or v <= guards.LARGEST else float(v) for v in (n, deff, population))
    if n is not None and population is not None and n >= population:
        raise DataError(
            f"n = {n:,.10g} interviews of a population of {population:,.10g} persons are a census, without any error."
        )
    if "deff" not in given and len(given) == 1:
        deff = 1.0
    if not all(v is None or math.isfinite(v * (n or 1)) for v in (deff, 1 / (deff or 1))):
        raise DataError(
            f"deff = {deff!r}: the effective interviews, n over deff, are a number that double precision does not hold."
        )
    rows, stated = [], _Stated(moe, n, deff, level, df, population)
    for share in np.atleast_1d(guards.as_numbers(p, "p", remedy="They are shares.")).ravel():
        _check("p", float(share), 0, 1)
        for method in [*METHODS, *(["wald, z = 1.96"] if level == 0.95 and df is None else [])]:
            rows.append(_implied(method, float(share), stated))
    return pd.DataFrame(rows, columns=["p", "method", "n", "deff", "effective_n", "moe", "lower", "upper"])


def _check(name, value, low, high):
    if value is not None and not (guards.is_number(value) and low < value < high):
        raise DataError(f"{name} = {value!r}: give a number above {low:g} and below {high:g}.")


class _Stated(NamedTuple):
    """What is given; the missing ones of moe, n and deff follow."""

    moe: float | None
    n: float | None
    deff: float | None
    level: float
    df: float | None
    population: float | None


def _implied(method, p, stated):
    """One row: the missing one of moe, n and deff, and the interval."""
    moe, n, deff, level, df, population = stated
    if n is None:
        infinite = _root(lambda size: _reach(method, p, size, deff, level, df) - moe, 2.0, 1e15)
        exact = infinite if population is None else infinite / (1 + (infinite - 1) / population)
        n = math.ceil(exact * (1 - 1e-12)) if np.isfinite(exact) else np.nan
    size = (
        n if population is None else n * (population - 1) / (population - n)
    )  # of an infinite population, as informative
    if deff is None:
        deff = _root(lambda effect: _reach(method, p, size, effect, level, df) - moe, 1e-9, 1e9)
    lower, upper = _interval(method, p, size, deff, level, df)
    if moe is None:
        moe = max(p - lower, upper - p)
    return p, method, n, deff, n / deff, moe, lower, upper


def _interval(method, p, n, deff, level, df):
    if not (np.isfinite(n) and np.isfinite(deff)):
        return np.nan, np.nan
    se = math.sqrt(deff * p * (1 - p) / n)
    if method not in METHODS:
        return p - ROUGH_Z * se, p + ROUGH_Z * se
    return tuple(float(end) for end in proportion_interval(p, se, method, level, df, n))


def _reach(method, p, n, deff, level, df):
    lower, upper = _interval(method, p, n, deff, level, df)
    return max(p - lower, upper - p)


def _root(gap: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that rises or falls from low to high, on a logarithmic scale, is 0; NaN where it is nowhere."""
    ends = gap(low), gap(high)
    if not np.all(np.isfinite(ends)) or ends[0] * ends[1] > 0:
        return np.nan
    return float(
        np.exp(optimize.brentq(lambda x: gap(math.exp(x)), math.log(low), math.log(high), xtol=1e-13, rtol=1e-14))
    )
