"""How many to sample, and what share of those who do not answer to follow with a dearer protocol (Hansen and Hurwitz)."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..display import Shown
from ..errors import DesignError
from .allocation import number, people_in, quantile, within_precision
from .clustering import p_spread


@dataclass(frozen=True)
class SubsamplePlan(Shown):
    """A first phase and the subsample of its nonrespondents.

    Attributes
    ----------
    n : sampled in the first phase. rate : share of its nonrespondents that is subsampled. second : how many these are to be expected.
    best : the rate that costs least, before it is cut to 1 (1 where it has no bound). single : answers of a simple sample, in which
        everybody answers, that is as precise. deff : n respondents of both phases against such a sample of n.
    se, moe : standard error and half-width of the interval. cost : of both phases.
    """

    n: float
    rate: float
    second: float
    best: float
    single: float
    deff: float
    se: float
    moe: float
    cost: float

    def summary(self) -> str:
        """One line: both phases, cost and margin."""
        return (
            f"{self.n:,.6g} in the first phase, {self.rate:.1%} of those who do not answer in the second ({self.second:,.4g}): cost "
            f"{self.cost:,.6g}, ±{self.moe:,.4g}"
        )

    __repr__ = summary

    def _shown(self) -> Any:
        return pd.DataFrame([vars(self)])


@within_precision
def subsample(
    response: float,
    cost: Any,
    *,
    budget: float | None = None,
    moe: float | None = None,
    p: float = 0.5,
    sd: float | None = None,
    alike: float = 1.0,
    rate: float | None = None,
    population: float | None = None,
    level: float = 0.95,
    rounded: bool = True,
) -> SubsamplePlan:
    """The share of nonrespondents to subsample that costs least, √(c₁ r / (c₂ (1 - (1 - R) r))), and the sample for a budget or margin.

    Parameters
    ----------
    response : R, share that answers in the first phase. cost : (c₁ of a unit of the first phase, c₂ of one of the second), on average.
    budget : what there is to spend. moe : or the half-width wanted.
    p, sd : the proportion, or for a mean the standard deviation of all. alike : r, variance of the nonrespondents over that of all.
    rate : the share subsampled where that is given. population : units, for the finite population correction. level : confidence level.
    rounded : whole units in the first phase: within the budget, or as many as the margin takes.

    Returns
    -------
    SubsamplePlan. Everybody who is subsampled answers; what they still owe is nonresponse.

    Notes
    -----
    V = S² (1 / n - 1 / N) + (1 - R) (1 / v - 1) r S² / n with v the share subsampled.

    References
    ----------
    Hansen & Hurwitz (1946), JASA 41:517-529; Cochran (1977), section 13.6; Särndal, Swensson & Wretman (1992), section 15.4.

    Examples
    --------
    >>> from surveysim import sampling
    >>> print(sampling.subsample(0.5, cost=(50, 200), budget=100_000, sd=1))
    828 in the first phase, 70.7% of those who do not answer in the second (292.7): cost 99,948.4, ±0.07484
    """
    R = number(response, "response", 0, 1, False, "It is the share that answers in the first phase.")
    if R == 0:
        raise DesignError("response = 0: nobody answers in the first phase; plan the second protocol alone.")
    first, again = (number(c, "cost", 0) for c in guards.pair(cost, "cost", error=DesignError))
    spread = p_spread(p) if sd is None else number(sd, "sd", 0) ** 2
    alike, people, z = number(alike, "alike", 0), people_in(population), quantile(level)
    if (budget is None) == (moe is None):
        raise DesignError("give either budget or moe.")
    whole_ones, left = guards.flag(rounded, "rounded", error=DesignError), 1 - (1 - R) * alike
    if left < 0:
        raise DesignError(
            f"alike = {alike:g}: the variance of all is at least that inside those who do not answer, {1 - R:.3g} of all, so it is at most "
            f"{1 / (1 - R):.4g}."
        )
    best = math.sqrt(first * alike / (again * left)) if left > 0 else 1.0
    v = (
        min(best, 1.0)
        if rate is None
        else number(rate, "rate", 0, np.nextafter(1, 2), remedy="It is the share subsampled.")
    )
    deff = 1 + (1 - R) * (1 / v - 1) * alike
    each = first + again * v * (1 - R)
    if budget is not None:
        n = number(budget, "budget", 0) / each
        n = math.floor(n * (1 + 1e-12)) if whole_ones else n
    else:
        assert moe is not None  # as one of them is
        n = spread * deff / ((number(moe, "moe", 0) / z) ** 2 + (spread / people if people else 0.0))
        n = math.ceil(n * (1 - 1e-12)) if whole_ones else n
    if n < 1 or (people is not None and n > people):
        raise DesignError(
            f"this takes {n:,.6g} units in the first phase; there are {people or math.inf:,.6g}. Change budget or moe."
        )
    se = math.sqrt(spread * (deff / n - (1 / people if people else 0.0)))
    return SubsamplePlan(n, v, n * v * (1 - R), best, n / deff, deff, se, z * se, n * each)
