"""Who owns a mobile: shares by age group and residence, as surveys, as operators or as the user has it.

What is known disagrees. Surveys: 95 to 97 % of adults (Pew Research Center 2013-2016), 93 % of those aged 15+ (Gallup World Poll
2017), 65 % of pupils online (2020), smartphones with more than half of those aged 65-69, 31 % at 70-79, 13 % at 80-89 (2021).
Operators: 99.1 % "of individuals" (the report's appendix table 10), from market shares and de-duplicated customers of one operator.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from ..aliases import Floats
from ..apportion import bisected
from ..columns import AGE_STARTS, URBAN
from ..errors import SpecError
from ..guards import is_number, sight

Ownership = str | tuple[tuple[str, tuple[tuple[int, float], ...]], ...]
VARIANTS = ("surveys", "operators")
# Assumption, inside what the surveys say: probability of an own mobile by the 20 age groups, in towns; the country's log odds are lower
BY_AGE = np.array(
    [*[0] * 3, 0.76, 0.88, 0.985, 0.997, *[0.998] * 4, 0.997, 0.995, 0.99, 0.975, 0.95, 0.90, 0.82, 0.70, 0.52]
)
RURAL_LOGIT = -0.35
# The report prints no base for its 99.1 %. Assumption: residents aged 6+, whom its survey speaks of; of all residents it would ask for
# telephones of infants
OPERATORS = 0.991
OPERATORS_FROM = 6
FORM = 'give "surveys", "operators", or shares by first age, such as {rural = {6 = 0.7, 15 = 0.98}, urban = {6 = 0.8, 15 = 0.99}}'


def as_value(given: Any) -> Ownership:
    """What was given as a value that can be compared and hashed; SpecError where it is neither a variant nor shares by age.

    Examples
    --------
    >>> from surveysim.population.ownership import as_value
    >>> as_value({"rural": {"6": 0.9}, "urban": {6: 0.8, 15: 1.0}})
    (('rural', ((6, 0.9),)), ('urban', ((6, 0.8), (15, 1.0))))
    """
    if isinstance(given, str):
        if given in VARIANTS:
            return given
        raise SpecError(f"there is no such variant; {FORM}")
    tables = _table(given)
    if set(tables) != set(URBAN):
        raise SpecError(f"both residences are needed and nothing else; {FORM}")
    return tuple((place, _steps(tables[place], place)) for place in URBAN)


def _table(given):
    """A table, or the pairs of one, as a dict; empty where it is neither."""
    try:
        return dict(given) if isinstance(given, Mapping | tuple) else {}
    except (TypeError, ValueError):  # no pairs, or their first ones cannot be keys
        return {}


def _steps(given, place):
    """((first age, share), ...) of one residence."""
    table, found = _table(given), {}
    if not table:
        raise SpecError(f"{place} = {sight(given)} is no table of shares by first age; {FORM}")
    for age, share in table.items():
        if str(age) not in map(str, AGE_STARTS):
            raise SpecError(f"{place} has the age {sight(age)}; groups begin at {', '.join(map(str, AGE_STARTS))}")
        if not is_number(share) or not 0 <= share <= 1:
            raise SpecError(f"{place}.{age} = {sight(share)} is no share from 0 to 1")
        found[int(age)] = float(share)
    return tuple(sorted(found.items()))


def as_keys(value: Ownership) -> Any:
    """The value as a specification's file has it, which `as_value` reads back."""
    if isinstance(value, str):
        return value
    return {place: {str(age): share for age, share in steps} for place, steps in value}


def ownership_of(value: Ownership, persons: Floats) -> Floats:
    """Probability of an own mobile by zone (province × rural, urban) and age group, (62, 20), for `persons` of that shape.

    "surveys" takes `BY_AGE` and `RURAL_LOGIT`. "operators" moves these by one log odds for all, so that `OPERATORS` of the persons
    from `OPERATORS_FROM` on own one.
    """
    town = np.tile([0.0, 1.0], len(persons) // 2)
    if not isinstance(value, str):
        return np.stack([_by_group(steps) for _, steps in value])[town.astype(int)]
    with np.errstate(divide="ignore"):
        score = np.log(BY_AGE) - np.log1p(-BY_AGE) + RURAL_LOGIT * (1 - town[:, None])

    def shares(level):
        return 1 / (1 + np.exp(-(score + level)))

    if value == "surveys":
        return shares(0.0)
    counted = persons * (np.array(AGE_STARTS) >= OPERATORS_FROM)
    wanted = OPERATORS * counted.sum()
    _, _, level = bisected(
        lambda x: np.array([(shares(x[0]) * counted).sum() < wanted]), np.zeros(1), np.full(1, 20.0), 60
    )
    return shares(level[0])


def _by_group(steps):
    """Shares of the 20 age groups from ((first age, share), ...): each from its age up to the next; nobody before the first."""
    shares, ages = np.zeros(len(AGE_STARTS)), np.array(AGE_STARTS)
    for (first, share), (end, _) in pairwise((*steps, (200, 0.0))):
        shares[(ages >= first) & (ages < end)] = share
    return shares
