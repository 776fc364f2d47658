"""Sample size from an error statement, and its allocation to strata.

Notation follows Cochran (1977), Sampling Techniques, chapters 4 and 5.
"""

import math

import numpy as np
from scipy import special

from ..errors import DesignError
from ..population.synthesis import largest_remainder

METHODS = ("proportional", "equal", "neyman", "power", "cost")


def _check(name, value, low, high, closed=(False, False)):
    ok = (
        np.isfinite(value)
        and (low <= value if closed[0] else low < value)
        and (value <= high if closed[1] else value < high)
    )
    if not ok:
        left, right = "[" if closed[0] else "(", "]" if closed[1] else ")"
        raise DesignError(f"{name} = {value!r} is outside {left}{low:g}, {high:g}{right}.")


def _quantile(level):
    _check("level", level, 0, 1)
    return float(special.ndtri((1 + level) / 2))


def sample_size(moe=0.0066, p=0.5, deff=1.0, level=0.95, population=None):
    """Interviews needed so that a proportion's confidence interval has half-width `moe`.

    n0 = deff z² p(1-p) / moe², then n = n0 / (1 + (n0 - 1) / N) with a finite population of N, rounded up.

    Parameters
    ----------
    moe : half-width as a share (0.0066 is 0.66 points).
    p : expected proportion; 0.5 is the worst case.
    deff : design effect, the variance against a simple random sample's.
    level : confidence level.
    population : N in persons, or None for no finite population correction.

    Returns
    -------
    int. `margin_of_error` is its exact inverse before rounding.

    References
    ----------
    Cochran (1977), Sampling Techniques, section 4.4; Kish (1965) for deff.

    Examples
    --------
    >>> import surveysim as ss
    >>> ss.sample_size(0.0066)  # 1.96² × 0.25 / 0.0066²
    22047
    >>> ss.sample_size(0.03, deff=1.5)
    1601
    >>> ss.sample_size(0.05, population=1000)
    278
    """
    if np.isfinite(moe) and moe >= 0.5:
        raise DesignError(f"moe = {moe!r}: give a share below 0.5; 0.66 points are moe=0.0066.")
    _check("moe", moe, 0, 0.5)
    _check("p", p, 0, 1)
    _check("deff", deff, 0, np.inf)
    n = deff * _quantile(level) ** 2 * p * (1 - p) / moe**2
    if population is not None:
        _check("population", population, 1, np.inf)
        n = n / (1 + (n - 1) / population)
    return math.ceil(n * (1 - 1e-12))


def margin_of_error(n, p=0.5, deff=1.0, level=0.95, population=None):
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
    _check("n", n, 0, np.inf)
    _check("p", p, 0, 1)
    _check("deff", deff, 0, np.inf)
    if population is not None:
        _check("population", population, 1, np.inf)
        _check("n", n, 0, population, closed=(False, True))
        if n == population:
            return 0.0
        n = n * (population - 1) / (population - n)
    return _quantile(level) * math.sqrt(deff * p * (1 - p) / n)


def allocate(size, n, method="proportional", sd=None, cost=None, minimum=0, power=0.5):
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
    if hasattr(size, "keys"):
        keys, values = zip(*size.items(), strict=True) if len(size) else ((), ())
        sd, cost = (_aligned(name, given, keys) for name, given in (("sd", sd), ("cost", cost)))
        return dict(zip(keys, allocate(list(values), n, method, sd, cost, minimum, power).tolist(), strict=True))
    size = np.asarray(size, dtype=float)
    if size.ndim != 1 or len(size) == 0 or not np.all(np.isfinite(size)) or np.any(size <= 0):
        raise DesignError("size must be a non-empty one-dimensional array of positive numbers.")
    if method not in METHODS:
        raise DesignError(f"method = {method!r}: choose one of {', '.join(METHODS)}.")
    for name, value in (("n", n), ("minimum", minimum)):
        if isinstance(value, str) or not np.isfinite(value) or value != int(value) or value < 0:
            raise DesignError(f"{name} = {value!r}: give a whole number of interviews, 0 or larger.")
    if not np.isfinite(power):
        raise DesignError(f"power = {power!r}: give a finite exponent.")
    minimum = int(minimum)
    if minimum * len(size) > n:
        raise DesignError(
            f"a minimum of {minimum} in each of {len(size)} strata needs {minimum * len(size):,} interviews; "
            f"n is {int(n):,}. Raise n or lower the minimum."
        )
    share = _shares(size, method, sd, cost, power)
    fixed = np.zeros(len(size), bool)
    while True:
        left = int(n) - minimum * int(fixed.sum())
        exact = share / share[~fixed].sum() * left
        low = ~fixed & (exact < minimum)
        if not low.any():
            break
        fixed |= low
        if fixed.all():
            break
    result = np.full(len(size), minimum, np.int64)
    if not fixed.all():
        result[~fixed] = largest_remainder(share[~fixed], left)
    return result


def _aligned(name, values, keys):
    """Values of a mapping in the order of the strata; anything without keys is taken as it is."""
    if not hasattr(values, "keys"):
        return values
    odd = [k for k in keys if k not in values] + [k for k in values.keys() if k not in keys]  # noqa: SIM118 - Series
    if odd:
        raise DesignError(f"{name} and size do not name the same strata: {odd[0]!r} is in one of them only.")
    return [values[k] for k in keys]


def _shares(size, method, sd, cost, power):
    def given(name, values):
        values = np.asarray(values, dtype=float)
        if values.shape != size.shape or not np.all(np.isfinite(values)) or np.any(values <= 0):
            raise DesignError(f"{name} must hold {len(size)} positive numbers, one per stratum.")
        return values

    if method in ("neyman", "cost") and sd is None:
        raise DesignError(f"method {method!r} needs sd, the standard deviation in each stratum.")
    if method == "cost" and cost is None:
        raise DesignError("method 'cost' needs cost, the cost of one interview in each stratum.")
    spread = given("sd", sd) if sd is not None and method in ("neyman", "power", "cost") else 1.0
    if method == "equal":
        return np.ones_like(size)
    if method == "power":
        return size**power * spread
    if method == "cost":
        return size * spread / np.sqrt(given("cost", cost))
    return size * spread
