"""How many interviews in a cluster: what a trip costs against how alike neighbours answer."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from .. import guards
from ..display import Shown
from ..errors import DesignError
from .allocation import number, quantile, within_precision
from .planning import design_effect


@dataclass(frozen=True)
class ClusterPlan(Shown):
    """Clusters and interviews, with what they cost and how precise they are.

    Attributes
    ----------
    m : interviews in each cluster. clusters : how many. n : interviews. best : the m that costs least, before it is rounded.
    deff : design effect. se, moe : standard error and half-width of the interval. cost : of all.
    """

    m: float
    clusters: float
    n: float
    best: float
    deff: float
    se: float
    moe: float
    cost: float

    def summary(self) -> str:
        """One line: clusters, interviews, cost and margin."""
        return (
            f"{self.clusters:,.4g} clusters of {self.m:,.4g} interviews ({self.n:,.4g} in all, deff {self.deff:,.3g}) cost "
            f"{self.cost:,.6g} and give ±{self.moe:,.4g}; {self.best:,.3g} in a cluster cost least"
        )

    __repr__ = summary

    def _shown(self) -> Any:
        return pd.DataFrame([vars(self)])


@within_precision
def clusters(
    icc: float,
    cost: Any,
    *,
    budget: float | None = None,
    moe: float | None = None,
    p: float = 0.5,
    sd: float | None = None,
    m: float | None = None,
    deff: float = 1.0,
    level: float = 0.95,
    rounded: bool = True,
) -> ClusterPlan:
    """The number of interviews in a cluster that costs least, √(c₁ / c₂ (1 - ρ) / ρ), and the clusters for a budget or a margin of error.

    Parameters
    ----------
    icc : ρ, the correlation of two interviews of a cluster. cost : (c₁ of a cluster, c₂ of an interview).
    budget : what there is to spend. moe : or the half-width wanted. p, sd : the proportion, or for a mean the standard deviation.
    m : interviews in a cluster where that is given. deff : design effect of all else, such as weights. level : confidence level.
    rounded : whole interviews and clusters: within the budget, or as many as the margin takes.

    Returns
    -------
    ClusterPlan.

    References
    ----------
    Hansen, Hurwitz & Madow (1953), Sample Survey Methods and Theory, ch. 6, section 16; Kish (1965), section 8.3; Valliant, Dever & Kreuter
    (2018), section 9.3.

    Examples
    --------
    >>> from surveysim import sampling
    >>> plan = sampling.clusters(0.05, cost=(750, 100), budget=100_000, sd=1, rounded=False)
    >>> [round(v, 4) for v in (plan.m, plan.clusters, plan.se)]  # PracTools' clusOpt2 prints 11.9, 51.4, 0.0502
    [11.9373, 51.4474, 0.0502]
    >>> print(sampling.clusters(0.05, cost=(750, 100), moe=0.03))
    138 clusters of 12 interviews (1,656 in all, deff 1.55) cost 269,100 and give ±0.02998; 11.9 in a cluster cost least
    """
    icc = number(icc, "icc", 0, 1, remedy="The best size of a cluster asks for one between 0 and 1.")
    each, interview = (number(c, "cost", 0) for c in guards.pair(cost, "cost", error=DesignError))
    spread = p_spread(p) if sd is None else number(sd, "sd", 0) ** 2
    if (budget is None) == (moe is None):
        raise DesignError("give either budget or moe.")
    z, best = quantile(level), math.sqrt(each / interview * (1 - icc) / icc)
    m = max(best, 1.0) if m is None else number(m, "m", 1, open_=False)
    if guards.flag(rounded, "rounded", error=DesignError) and m % 1:
        sizes = [max(math.floor(m), 1), math.ceil(m)]
        m = min(sizes, key=lambda k: (each / k + interview) * design_effect(k, icc))
    deff = number(deff, "deff", 0) * design_effect(m, icc)
    if budget is not None:
        count = number(budget, "budget", 0) / (each + interview * m)
        count = math.floor(count * (1 + 1e-12)) if rounded else count
    else:
        assert moe is not None  # as one of them is
        count = spread * deff * (z / number(moe, "moe", 0)) ** 2 / m
        count = math.ceil(count * (1 - 1e-12)) if rounded else count
    if count < 1:
        raise DesignError(
            f"budget = {budget}: one cluster of {m:g} interviews costs {each + interview * m:,.6g}; raise it."
        )
    n = count * m
    se = math.sqrt(spread * deff / n)
    return ClusterPlan(m, count, n, best, deff, se, z * se, count * (each + interview * m))


def p_spread(p: float) -> float:
    """p (1 - p)."""
    p = number(p, "p", 0, 1)
    return p * (1 - p)
