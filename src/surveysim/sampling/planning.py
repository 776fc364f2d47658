"""Power of a comparison, and what it takes: interviews, or a difference that is large enough to be seen.

An estimated difference d̂ of d has the error se₀ if there is none and se₁ if there is; it is seen with the chance
Φ((|d| - z se₀) / se₁), z of the test's level (Fleiss, Levin & Paik 2003, Statistical Methods for Rates and Proportions, 4.2; Valliant,
Dever & Kreuter 2018, Practical Tools for Designing and Weighting Survey Samples, ch. 4). Variances are those of simple random samples
times the design effect.
"""

import math
from dataclasses import dataclass
from typing import Any

from scipy import special

from .. import guards
from ..errors import DesignError
from ..on_demand import Later
from .allocation import MOST, number, people_in, quantile, whole, within_precision

optimize = Later("scipy", ".optimize")  # not every plan has to search


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is compared, with which design; the arguments of `power` but for n and the difference."""

    p: float = 0.5
    sd: Any = None
    deff: float = 1.0
    level: float = 0.95
    population: float | None = None
    groups: int = 2
    ratio: float = 1.0
    overlap: float = 0.0
    correlation: float = 0.0
    sides: int = 2
    pooled: bool = True
    m: float = 1.0
    icc: float = 0.0
    df: float | None = None

    def __post_init__(self) -> None:
        if self.sd is None:
            number(self.p, "p", 0, 1)
        else:
            given = self.sd if isinstance(self.sd, list | tuple) else (self.sd,)
            if len(given) not in (1, 2):
                raise DesignError(f"sd = {guards.sight(self.sd)}: give one standard deviation, or one for each group.")
            for one in given:
                number(one, "sd", 0)
        number(self.ratio, "ratio", 0)
        number(self.correlation, "correlation", -1, 1, open_=False)
        number(self.overlap, "overlap", 0, 1, open_=False)
        for name, known in (("groups", (1, 2)), ("sides", (1, 2))):
            if whole(getattr(self, name), name, 1) not in known:
                raise DesignError(f"{name} = {guards.sight(getattr(self, name))}: give 1 or 2.")
        if self.groups == 1 and (self.overlap or self.ratio != 1):
            raise DesignError("overlap and ratio are of two samples; leave them out with groups=1.")
        if self.overlap > self.ratio:
            raise DesignError(
                f"overlap = {self.overlap:g}: the second sample is {self.ratio:g} times the first and cannot hold that share of it."
            )
        guards.flag(self.pooled, "pooled", error=DesignError)
        if self.df is not None:
            number(self.df, "df", 0)
        quantile(self.level)

    @property
    def effect(self) -> float:
        """The design effect with that of clusters."""
        return number(self.deff, "deff", 0) * design_effect(self.m, self.icc)

    def errors(self, n: float, difference: float) -> tuple[float, float]:
        """Standard errors of the estimated difference if there is none, and if it is this one."""
        if self.sd is not None:
            one, *other = self.sd if isinstance(self.sd, list | tuple) else (self.sd,)
            first, second = one**2, (other or [one])[0] ** 2
            variances = [(first, second)] * 2
        else:
            q = self.p + difference
            first, second = self.p * (1 - self.p), q * (1 - q)
            share = (self.p + self.ratio * q) / (1 + self.ratio)
            common = first if self.groups == 1 else share * (1 - share)
            variances = [(common, common) if self.pooled or self.groups == 1 else (first, second), (first, second)]
        return tuple(math.sqrt(self.effect * self._variance(n, *pair)) for pair in variances)  # type: ignore[return-value]

    def _variance(self, n, first, second):
        """Of the difference with unit variances of both groups; the second is that of the only group, whose n are asked."""
        if self.groups == 1:
            return second / n * self._left(n)
        shared = 2 * self.correlation * self.overlap * math.sqrt(first * second) / (n * self.ratio)
        parts = first / n * self._left(n) + second / (n * self.ratio) * self._left(n * self.ratio)
        return max(parts - shared, 0.0)

    def _left(self, n):
        """The finite population correction."""
        if self.population is None:
            return 1.0
        people = people_in(self.population)
        assert people is not None
        if n > people:
            raise DesignError(
                f"n = {n:,.0f}: interviews are more than the population = {people:,.0f}; mend one of them."
            )
        return 1 - n / people

    def power(self, n: float, difference: float) -> float:
        """The chance that the test sees this difference."""
        if self.sd is None and not 0 < self.p + difference < 1:
            raise DesignError(
                f"difference = {difference:g}: p = {self.p:g} and {self.p + difference:g} must both lie between 0 and 1."
            )
        none, there = self.errors(n, difference)
        if there <= 0:
            return 1.0
        tail = 1 - (1 - self.level) / self.sides
        if self.df is None:
            return float(special.ndtr((abs(difference) - special.ndtri(tail) * none) / there))
        return float(
            1 - special.nctdtr(self.df, abs(difference) / there, special.stdtrit(self.df, tail) * none / there)
        )

    def interviews(self, difference: float, power: float) -> float:
        """Interviews of the first group, before they are rounded."""
        most = self.population or MOST
        most = min(most, most / self.ratio)
        if self.power(most, difference) < power:
            raise DesignError(
                f"no number of interviews sees a difference of {difference:g} with a power of {power:g}; look for a larger one."
            )
        if self.power(least := 1e-6, difference) >= power:
            return 1.0
        found = optimize.brentq(
            lambda x: self.power(math.exp(x), difference) - power, math.log(least), math.log(most), xtol=1e-14
        )
        return math.exp(float(found))  # type: ignore[arg-type]


def design_effect(m: float = 1.0, icc: float = 0.0, weight_cv: float = 0.0) -> float:
    """Of clusters and of unequal weights: (1 + cv²) (1 + (m - 1) ρ).

    Parameters
    ----------
    m : interviews in each cluster; where they differ, Σ m² / Σ m. icc : ρ, the correlation of two interviews of a cluster.
    weight_cv : coefficient of variation of weights that have nothing to do with what is estimated.

    References
    ----------
    Kish (1987), Statistical Design for Research; Gabler, Häder & Lahiri (1999), Surv. Methodol. 25:105-106.

    Examples
    --------
    >>> from surveysim import sampling
    >>> round(sampling.design_effect(m=11, icc=0.05, weight_cv=0.5), 3)  # 1.25 × 1.5
    1.875
    """
    m = number(m, "m", 1, open_=False, remedy="It is the number of interviews in each cluster.")
    icc = number(icc, "icc", -1, 1, open_=False, remedy="It is the correlation of two interviews in a cluster.")
    cv = number(weight_cv, "weight_cv", 0, open_=False)
    effect = (1 + cv**2) * (1 + (m - 1) * icc)
    if effect <= 0:
        raise DesignError(
            f"icc = {icc:g}: with {m:g} interviews in a cluster it is above -1 / (m - 1) = {-1 / (m - 1):g}."
        )
    return effect


@within_precision
def power(n: float, difference: float, p: float = 0.5, **options: Any) -> float:
    """The chance that a test sees a difference of two groups or waves, or of one sample from a known value.

    Parameters
    ----------
    n : interviews in the first group, or in each wave.
    difference : of the two proportions or means; proportions are `p` and p + difference.
    p : the proportion of the first group, or the known value.
    sd : for means, the standard deviation of the answers, or a pair of those of both groups.
    deff : design effect. m, icc : interviews in each cluster and the correlation of two of them; deff is multiplied by 1 + (m - 1) icc.
    level : 1 less the level of significance. sides : 2, or 1 for a test that looks into the direction of the difference only.
    population : persons in the population of each group, for the finite population correction.
    groups : 2, or 1 for a comparison with a known value. ratio : size of the second group over that of the first.
    overlap : share of the first sample that is in the second one too. correlation : of a person's two answers.
    pooled : the error that the test goes by is that of equal proportions; False takes both as they are.
    df : degrees of freedom of the test, such as clusters less strata; None is the normal law.

    Returns
    -------
    float. That a test of two sides errs in the direction does not count.

    References
    ----------
    Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, 4.2; Valliant, Dever & Kreuter (2018), ch. 4; Kish (1965),
    section 12.4 (samples that overlap).

    Examples
    --------
    >>> import surveysim as ss
    >>> round(ss.power(50, 0.25, p=0.5), 4)  # R: power.prop.test(50, .50, .75)
    0.7402
    >>> round(ss.power(1000, 0.03, p=0.4, overlap=0.5, correlation=0.8, m=10, icc=0.02), 3)
    0.366
    """
    test = comparison(p=p, **options)
    n, difference = number(n, "n", 0, MOST), number(difference, "difference")
    if difference == 0:
        raise DesignError("difference = 0: a test cannot see what is not there; give another difference.")
    return test.power(n, difference)


@within_precision
def detectable(n: float, power: float = 0.8, p: float = 0.5, **options: Any) -> float:
    """The smallest difference above 0 that a test sees with this power; the other arguments are those of `surveysim.power`.

    Examples
    --------
    >>> from surveysim import sampling
    >>> round(sampling.detectable(50, 0.9, p=0.5), 4)  # R: power.prop.test(50, .50, power = .90) gives 0.8026
    0.3026
    >>> round(sampling.detectable(100, sd=10, sides=1), 3)  # (1.645 + 0.842) × 10 × √(2 / 100)
    3.516
    """
    test, n, power = comparison(p=p, **options), number(n, "n", 0, MOST), number(power, "power", 0, 1)
    high = 1 - p - 1e-12 if test.sd is None else 1.0
    while test.sd is not None and test.power(n, high) < power and high < 1e150:
        high *= 2
    if test.power(n, high) < power:
        raise DesignError(
            f"n = {n:g}: no difference from p = {p:g} upwards is seen with a power of {power:g}; ask more people."
        )
    if test.power(n, high * 1e-12) >= power:
        return 0.0
    return float(optimize.brentq(lambda d: test.power(n, d) - power, high * 1e-12, high, xtol=1e-15))


def comparison(**options: Any) -> Comparison:
    """A `Comparison`, whose unknown options are refused by name."""
    unknown = sorted(set(options) - set(Comparison.__dataclass_fields__))
    if unknown:
        known = ", ".join(Comparison.__dataclass_fields__)
        raise DesignError(f"{unknown[0]} is no option of a comparison; there are {known}.")
    return Comparison(**options)
