"""Samples that rotate: how many units two periods share, and what that does to the error of a change.

With variances V of both periods, a share P of units in both and the correlation ρ of their answers, the covariance is P ρ √(V V')
(Kish 1965, section 12.4).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..errors import DesignError
from .allocation import whole


def change_error(now: Any, before: Any, correlation: Any = 0.0) -> Any:
    """Standard error of the difference of two estimates with these standard errors and this correlation, a number or arrays.

    Examples
    --------
    >>> from surveysim import sampling
    >>> sampling.change_error([3.0, 5.0], [4.0, 12.0]).tolist()
    [5.0, 13.0]
    >>> round(float(sampling.change_error(3.0, 4.0, correlation=0.5)) ** 2, 6)  # 9 + 16 - 12
    13.0
    """
    now, before = (x if isinstance(x, pd.Series) else np.asarray(x) for x in (now, before))
    return np.sqrt(now**2 + before**2 - 2 * correlation * now * before)


def rotation(pattern: str | Sequence[int], lags: int | None = None, correlation: float = 0.0) -> pd.DataFrame:
    """Which share of the units of one period is in the sample again some periods later.

    Parameters
    ----------
    pattern : periods that a unit is in, out, in … the sample, as "4-8-4" or [4, 8, 4], or "5" for five periods; in every period
        as many units begin.
    lags : the table's last; None goes on until there is nothing in common.
    correlation : of what the same unit answers at two times, at every lag.

    Returns
    -------
    DataFrame with a row for each lag from 1: lag, overlap, and variances against those of independent samples of the same size:
    `change` of the difference of the two periods' means, `average` of their mean, and `composite` of the difference where units in both and
    the others are weighed as well as possible, (1 - ρ) / (1 - ρ (1 - P)).

    References
    ----------
    Kish (1965), Survey Sampling, section 12.4; Cochran (1977), Sampling Techniques, sections 12.11 to 12.13; U.S. Census Bureau (2019),
    Technical Paper 77 (the 4-8-4 of the Current Population Survey: 75 % a month and 50 % a year later).

    Examples
    --------
    >>> from surveysim import sampling
    >>> table = sampling.rotation("4-8-4", correlation=0.8).set_index("lag")
    >>> table.loc[[1, 2, 12], ["overlap", "change"]].round(2).values.tolist()
    [[0.75, 0.4], [0.5, 0.6], [0.5, 0.6]]
    """
    parts = _parts(pattern)
    ages = np.flatnonzero(np.repeat(np.arange(len(parts)) % 2 == 0, parts))
    rho = guards.number(correlation, "correlation", -1, 1, error=DesignError)
    last = int(ages[-1]) + 1 if lags is None else whole(lags, "lags", 1, 10_000)
    lag = np.arange(1, last + 1)
    overlap = np.array([np.isin(ages + k, ages).mean() for k in lag])
    change, average = 1 - rho * overlap, 1 + rho * overlap
    composite = np.divide(1 - rho, 1 - rho * (1 - overlap), out=np.ones(len(lag)), where=overlap > 0)
    return pd.DataFrame({"lag": lag, "overlap": overlap, "change": change, "average": average, "composite": composite})


def _parts(pattern):
    """Periods in, out, in … of a pattern."""
    remedy = "Give periods in, out, in, such as '4-8-4' or [4, 8, 4]."
    given = pattern.split("-") if isinstance(pattern, str) else pattern
    if not isinstance(given, list | tuple) or len(given) % 2 == 0:
        raise DesignError(f"pattern = {guards.sight(pattern)}: {remedy}")
    parts = []
    for part in given:
        if isinstance(part, str) and not (part.strip().isascii() and part.strip().isdigit()):
            raise DesignError(f"pattern = {guards.sight(pattern)}: {remedy}")
        parts.append(whole(int(part) if isinstance(part, str) else part, "pattern", 1, 10_000, remedy))
    return parts
