"""Interviews for a margin of error or a test, and the margin of error of some interviews.

Notation follows Cochran (1977), Sampling Techniques, chapter 4.
"""

import math
from typing import Any

from .. import guards
from ..errors import DesignError
from .allocation import MOST, number, people_in, quantile, within_precision
from .planning import comparison, design_effect

DEFAULT = 0.0066  # the margin of error that the audited report states


@within_precision
def sample_size(
    moe: float = 0.0066,
    p: float = 0.5,
    deff: float = 1.0,
    level: float = 0.95,
    population: float | None = None,
    *,
    sd: Any = None,
    difference: float | None = None,
    power: float = 0.8,
    m: float = 1.0,
    icc: float = 0.0,
    response: float = 1.0,
    **test: Any,
) -> int:
    """Interviews needed for a margin of error, or for a test that sees a difference.

    n0 = deff z² p(1-p) / moe², then n = n0 / (1 + (n0 - 1) / N) with a finite population of N, rounded up.

    Parameters
    ----------
    moe : half-width as a share (0.0066 is 0.66 points).
    p : expected proportion; 0.5 is the worst case.
    deff : design effect, the variance against a simple random sample's.
    level : confidence level.
    population : N in persons, or None for no finite population correction.
    sd : for a mean, the standard deviation of the answers; moe and difference are then in their unit.
    difference : in place of moe, a difference that a test sees with the chance `power`; n is then that of the first group or wave.
    m, icc : interviews in each cluster and the correlation of two of them; deff is multiplied by 1 + (m - 1) icc.
    response : share of those selected who are interviewed; the result is then how many to select.
    test : with `difference` what `surveysim.power` takes: groups, ratio, overlap, correlation, sides, pooled, df.

    Returns
    -------
    int. `margin_of_error` is its exact inverse before rounding, `surveysim.power` that of the number for a difference.

    References
    ----------
    Cochran (1977), Sampling Techniques, sections 4.4 and 4.6; Kish (1965) for deff; Valliant, Dever & Kreuter (2018), Practical Tools for
    Designing and Weighting Survey Samples, ch. 3 and 4.

    Examples
    --------
    >>> import surveysim as ss
    >>> ss.sample_size(0.0066)  # 1.96² × 0.25 / 0.0066²
    22047
    >>> ss.sample_size(0.03, deff=1.5)
    1601
    >>> ss.sample_size(0.05, population=1000)
    278
    >>> ss.sample_size(2, sd=15, m=10, icc=0.03, response=0.4)  # 275 interviews: (1.96 × 15 / 2)² × 1.27
    688
    >>> ss.sample_size(difference=0.25, p=0.5, power=0.9)  # in each group; R: power.prop.test(p1 = .50, p2 = .75, power = .90)
    77
    """
    response = number(response, "response", 0, 1, open_=False, remedy="It is the share who are interviewed.")
    if not response:
        raise DesignError("response = 0: nobody would be interviewed; give the share who are.")
    if difference is not None:
        return _for_test(
            moe,
            difference,
            power,
            response,
            dict(test, p=p, sd=sd, deff=deff, level=level, population=population, m=m, icc=icc),
        )
    if test:
        raise DesignError(f"{next(iter(test))} is of a test; give the difference it is to see.")
    if sd is None and guards.is_number(moe) and moe >= 0.5:
        raise DesignError(f"moe = {guards.sight(moe)}: give a share below 0.5; 0.66 points are moe=0.0066.")
    moe = number(moe, "moe", 0, 0.5 if sd is None else math.inf)
    p, deff, z = number(p, "p", 0, 1), number(deff, "deff", 0) * design_effect(m, icc), quantile(level)
    people, spread = people_in(population), p * (1 - p) if sd is None else number(sd, "sd", 0) ** 2
    n = deff * (z / moe) ** 2 * spread if z / moe < 1e150 else math.inf
    if people is not None:
        n = people if math.isinf(n) else n / (1 + (n - (sd is None)) / people)
    if not n <= MOST:
        raise DesignError(
            f"moe = {moe:g} at {f'p = {p:g}' if sd is None else f'sd = {sd:g}'}, deff = {deff:g} and level = {level:g} needs {n:.3g} "
            f"interviews; ask for a larger moe, or give the population."
        )
    return _selected(n, response, people)


def _for_test(moe, difference, power, response, options):
    """Interviews of the first group that a test takes."""
    if moe != DEFAULT:
        raise DesignError("give either moe or difference.")
    test, difference = comparison(**options), number(difference, "difference")
    if difference == 0:
        raise DesignError("difference = 0: a test cannot see what is not there; give another difference.")
    power = number(power, "power", 0, 1)
    n = test.interviews(difference, power)
    if n >= 1 and test.power(math.floor(n), difference) >= power:
        n = math.floor(n)  # power rises so slowly that the root lies beyond its whole number by more than rounding
    return _selected(n, response, people_in(test.population))


def _selected(n, response, people):
    """Interviews rounded up, or how many to select for them."""
    n = max(math.ceil(n * (1 - 1e-11)), 1) if response < 1 else max(math.ceil(n * (1 - 1e-14)), 1)
    found = math.ceil(n / response * (1 - 1e-14))
    if people is not None and found > max(people, 1):
        raise DesignError(
            f"response = {response:g}: {n:,} interviews take {found:,} people, more than the population = {people:,.0f}."
        )
    return found


@within_precision
def margin_of_error(
    n: float, p: float = 0.5, deff: float = 1.0, level: float = 0.95, population: float | None = None
) -> float:
    """Half-width of the confidence interval of a proportion from `n` interviews; the inverse of `sample_size`.

    With a finite population n0 = n (N - 1) / (N - n), and a census (n = N) has no error.

    Examples
    --------
    >>> import surveysim as ss
    >>> round(ss.margin_of_error(22047), 4)
    0.0066
    >>> round(ss.margin_of_error(900, p=0.1, deff=2), 4)  # 1.96 × √(2 × 0.09 / 900)
    0.0277
    >>> ss.margin_of_error(1000, population=1000)
    0.0
    """
    n = number(n, "n", 0, guards.LARGEST)
    p, deff, z = number(p, "p", 0, 1), number(deff, "deff", 0), quantile(level)
    people = people_in(population)
    if people is not None:
        if n > people:
            raise DesignError(
                f"n = {n:.10g}: interviews are more than the population = {people:.10g}; mend one of them."
            )
        if n == people:
            return 0.0
        n = n * ((people - 1) / (people - n))
    moe = z * math.sqrt(deff) * math.sqrt(p * (1 - p)) / math.sqrt(n)
    if not math.isfinite(moe):
        raise DesignError(f"n = {n:g} with deff = {deff:g} has no margin of error that a number can hold; mend them.")
    return moe
