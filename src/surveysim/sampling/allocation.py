"""Allocation of a sample to strata, and what planning numbers have to be.

Notation follows Cochran (1977), Sampling Techniques, chapter 5.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import wraps
from numbers import Integral, Real
from typing import Any, TypeVar, cast

import numpy as np
from scipy import special

from .. import guards
from ..aliases import Values
from ..apportion import shared_out
from ..errors import DesignError

METHODS = ("proportional", "equal", "neyman", "power", "cost")
MOST = 2**53  # interviews up to which double precision tells one more from one less
Plan = TypeVar("Plan", bound=Callable[..., Any])


def within_precision(plan: Plan) -> Plan:
    """A function of planning that refuses numbers whose result no double holds."""

    @wraps(plan)
    def refusing(*given: Any, **options: Any) -> Any:
        try:
            found = plan(*given, **options)
            numbers = [found] if isinstance(found, Real) else vars(found).values()
            if all(math.isfinite(x) for x in numbers):
                return found
        except (OverflowError, ZeroDivisionError):
            pass
        said = ", ".join([*map(guards.sight, given), *(f"{k} = {guards.sight(v)}" for k, v in options.items())])
        raise DesignError(f"{plan.__name__}({said}) is beyond what double precision holds; give numbers nearer to 1.")

    return cast("Plan", refusing)


def number(
    value: object, what: str, low: float = -math.inf, high: float = math.inf, open_: bool = True, remedy: str = ""
) -> float:
    """A number between two ends, without them unless `open_` is False."""
    return guards.number(value, what, low, high, open_=open_, error=DesignError, remedy=remedy)


def whole(value: object, what: str, least: int = 0, most: int = guards.LARGEST, remedy: str = "") -> int:
    """A whole number, which may come as 5.0."""
    given = int(value) if isinstance(value, float | np.floating) and float(value).is_integer() else value
    return guards.whole_number(given, what, least, most, error=DesignError, remedy=remedy)


def quantile(level: float) -> float:
    """Of the standard normal distribution, for a two-sided interval."""
    return float(special.ndtri((1 + guards.level(level, error=DesignError)) / 2))


def people_in(population: float | None) -> float | None:
    """Persons of a finite population, a whole number above 1; None is none."""
    people = None if population is None else number(population, "population", 1)
    if people is not None and people % 1:
        raise DesignError(f"population = {guards.sight(population)}: give a whole number of persons.")
    return people


def allocate(
    size: Values | Mapping[Any, float],
    n: int,
    method: str = "proportional",
    sd: Values | Mapping[Any, float] | None = None,
    cost: Values | Mapping[Any, float] | None = None,
    minimum: int = 0,
    power: float = 0.5,
) -> Any:
    """Divide `n` interviews among strata; integers that sum to `n` exactly.

    Parameters
    ----------
    size : array (H,) or mapping of stratum to size, in persons, > 0.
    n : total interviews.
    method : "proportional" to size · "equal" · "neyman" (size × sd) · "power" (size**power, × sd where given; Bankier
        1988) · "cost" (size × sd / √cost).
    sd, cost : arrays (H,) of standard deviations and of costs per interview; mappings are aligned with `size` by key.
    minimum : least interviews in a stratum; strata below it are raised to it and the others share the rest.
    power : exponent of "power".

    Returns
    -------
    int64 array (H,), or a dict with the keys of `size` when that is a mapping. Ties of the largest-remainder rounding go
    to the earlier stratum.

    Notes
    -----
    Allocations are not capped at the size of a stratum: sizes may be in other units than interviews.

    References
    ----------
    Neyman (1934); Cochran (1977), sections 5.5 and 5.9; Bankier (1988), Amer. Statist. 42:174-177.

    Examples
    --------
    >>> import surveysim as ss
    >>> ss.allocate({"north": 6000, "south": 3000, "west": 1000}, 100)
    {'north': 60, 'south': 30, 'west': 10}
    >>> ss.allocate([6000, 3000, 1000], 100, minimum=20).tolist()
    [53, 27, 20]
    >>> ss.allocate([100, 100], 30, "neyman", sd=[1, 2]).tolist()
    [10, 20]
    >>> ss.allocate([1600, 900, 100], 80, "power").tolist()  # 4 : 3 : 1
    [40, 30, 10]
    """
    if (items := getattr(size, "items", None)) is not None:
        keys, values = zip(*items(), strict=True) if len(size) else ((), ())
        sd, cost = (_aligned(name, given, keys) for name, given in (("sd", sd), ("cost", cost)))
        return dict(zip(keys, allocate(list(values), n, method, sd, cost, minimum, power).tolist(), strict=True))
    sizes = _positive(size, "size")
    guards.choice(method, "method", METHODS, error=DesignError)
    n = whole(n, "n", remedy="It is the number of interviews.")
    least = whole(minimum, "minimum", remedy="It is the least number of interviews in a stratum.")
    power = number(power, "power")
    if least * len(sizes) > n:
        raise DesignError(
            f"a minimum of {least:,} in each of {len(sizes)} strata needs {least * len(sizes):,} interviews; "
            f"n is {n:,}. Raise n or lower the minimum."
        )
    share = _shares(sizes, method, sd, cost, power)
    return np.array(shared_out(share, n, [least] * len(share)), np.int64)


def _aligned(name, values, keys):
    """Values of a mapping in the order of the strata; anything without keys is taken as it is."""
    if not hasattr(values, "keys"):
        return values
    odd = [k for k in keys if k not in values] + [k for k in values.keys() if k not in keys]  # noqa: SIM118 - Series
    if odd:
        raise DesignError(f"{name} and size do not name the same strata: {odd[0]!r} is in one of them only.")
    return [values[k] for k in keys]


def _positive(values, what, strata=None):
    """Numbers above 0 as fractions, one per stratum."""
    wanted = "be a non-empty one-dimensional array of" if strata is None else f"hold {strata}"
    remedy = f"{what} must {wanted} positive numbers, one per stratum."
    array = guards.number_array(values, what, error=DesignError, remedy=remedy)
    if len(array) == 0 or (strata is not None and len(array) != strata):
        raise DesignError(f"{what} has {len(array)} numbers. {remedy}")
    message = "{what} has {bad} numbers that are not above 0, the first is {first:g} at place {row}. {remedy} Leave other strata out."
    guards.refuse(array <= 0, message, DesignError, what=what, first=array, remedy=remedy)
    return [Fraction(int(v) if isinstance(v, Integral) else float(v)) for v in values]


def _shares(size, method, sd, cost, power):
    """What allocations are proportional to: fractions whose denominators are powers of two."""
    if method in ("neyman", "cost") and sd is None:
        raise DesignError(f"method {method!r} needs sd, the standard deviation in each stratum.")
    if method == "cost" and cost is None:
        raise DesignError("method 'cost' needs cost, the cost of one interview in each stratum.")
    if method == "equal":
        return [Fraction(1)] * len(size)
    if method == "power":
        size = _powers(size, power)
    if sd is not None and method in ("neyman", "power", "cost"):
        size = [part * spread for part, spread in zip(size, _positive(sd, "sd", len(size)), strict=True)]
    if method == "cost":
        prices = _positive(cost, "cost", len(size))
        size = [part * Fraction(1 / math.sqrt(price)) for part, price in zip(size, prices, strict=True)]
    return size


def _powers(size, power):
    """size**power over that of the largest."""
    top = max(size) if power >= 0 else min(size)
    ratios = (part / top if power >= 0 else top / part for part in size)
    return [Fraction(float(ratio) ** abs(power)) for ratio in ratios]
