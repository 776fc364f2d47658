"""Selection with given inclusion probabilities, such as prefectures with probability proportional to size.

Notation follows Tillé (2006), Sampling Algorithms, chapters 5 to 7.
"""

from functools import lru_cache

import numpy as np

from .. import guards
from ..aliases import Floats, Ints, Values
from ..errors import DesignError
from .allocation import number, whole

METHODS = ("systematic", "pps_systematic", "srs", "sampford", "brewer", "pivotal", "poisson")
WHOLE = 1e-6  # how near to a whole number the sum of the probabilities of a sample of fixed size has to be


def inclusion_probabilities(size: Values, n: int) -> Floats:
    """Inclusion probabilities proportional to size; units too large for that are certain.

    Parameters
    ----------
    size : (N,) measures of size, 0 or larger. n : units to be selected.

    Returns
    -------
    (N,) probabilities that sum to n: min(1, c size), 0 where the size is 0.

    Raises
    ------
    DesignError : sizes that are no numbers or negative; fewer than n units with a size.

    Examples
    --------
    >>> import surveysim as ss
    >>> ss.inclusion_probabilities([1, 1, 2, 8], 2).tolist()  # the last is certain, the others share 1
    [0.25, 0.25, 0.5, 1.0]
    """
    size = guards.number_array(size, "size", error=DesignError, remedy="Give measures of size, 0 or larger.")
    message = "size has {bad} negative numbers, the first is {first:g} at place {row}."
    guards.refuse(size < 0, message, DesignError, first=size)
    sized = int(np.count_nonzero(size))
    n = whole(n, "n", 0, sized, remedy=f"There are at most the {sized} with a size above 0.")
    certain = np.zeros(len(size), bool)
    while True:
        left = np.where(certain, 0.0, size)
        left = left / (np.max(left, initial=0.0) or 1.0)  # so that no sum overflows
        share = left / (left.sum() or 1.0)
        probability = np.where(certain, 1.0, (n - certain.sum()) * share)
        beyond = ~certain & (probability >= 1)
        if not beyond.any():
            break
        certain |= beyond
    lost = (probability == 0) & (size > 0) & (n > certain.sum())
    message = (
        "size: unit {row} of size {own:g} is so small beside {most:g} that its probability is 0 in double precision; give sizes nearer to "
        "each other, or leave such units out by a size of 0."
    )
    guards.refuse(lost, message, DesignError, own=size, most=size.max(initial=0.0))
    return probability


def select(
    probability: Values, method: str = "systematic", rng: np.random.Generator | None = None, start: float | None = None
) -> Ints:
    """Select units with given inclusion probabilities.

    Parameters
    ----------
    probability : (N,) inclusion probabilities, 0 to 1; their sum is the size of the sample.
    method : "systematic" (in the order given; with unequal probabilities it is "pps_systematic", another name of it) · "srs" (equal
        probabilities, every sample alike) · "sampford" (exact, without replacement) · "brewer" (one unit at a time) ·
        "pivotal" (neighbours fight it out, so that an ordered list is spread over) · "poisson" (each unit on its own; the size is random).
    rng : numpy Generator or seed. start : of a systematic sample, 0 to 1; drawn unless given.

    Returns
    -------
    Positions of the selected units, ascending.

    Raises
    ------
    DesignError : probabilities outside 0 to 1; a sum that is no whole number where the size is fixed; "srs" of unequal
        probabilities.

    References
    ----------
    Madow (1949), Ann. Math. Stat. 20:333-354 (systematic); Sampford (1967), Biometrika 54:499-513; Brewer (1975), Austral. J. Stat.
    17:166-172; Deville & Tillé (1998), Biometrika 85:89-101 (pivotal).

    Examples
    --------
    >>> import surveysim as ss
    >>> ss.select([0.25, 0.25, 0.5, 1.0], start=0.3).tolist()  # where their sums pass 0.3 and 1.3
    [1, 3]
    """
    guards.choice(method, "method", METHODS, error=DesignError)
    remedy = "Give inclusion probabilities, one-dimensional numbers from 0 to 1."
    p = guards.number_array(probability, "probability", error=DesignError, remedy=remedy)
    message = "probability of unit {row} = {p:g} is outside. {remedy}"
    guards.refuse(~((p >= 0) & (p <= 1)), message, DesignError, p=p, remedy=remedy)
    systematic = method.endswith("systematic")
    if start is not None:
        start = number(start, "start", 0, np.nextafter(1.0, 0.0), False, "It says where a systematic sample starts.")
        if not systematic:
            raise DesignError(f"start = {start:g} is for systematic samples; method is {method!r}.")
    rng = generator(rng)
    if systematic:
        return _systematic(p, rng.random() if start is None else start)
    if method == "poisson":
        return np.flatnonzero(rng.random(len(p)) < p)
    n = round(p.sum())
    if abs(p.sum() - n) > WHOLE:
        raise DesignError(
            f"the probabilities sum to {p.sum():.6g}; a sample of fixed size needs a whole number. Use inclusion_probabilities(size, n)."
        )
    certain, open_ = np.flatnonzero(p > 1 - 1e-12), np.flatnonzero((p > 1e-12) & (p <= 1 - 1e-12))
    chosen = _FIXED[method](p[open_], n - len(certain), rng) if n > len(certain) else np.empty(0, np.int64)
    return np.sort(np.concatenate([certain, open_[chosen]]))


def generator(rng: object) -> np.random.Generator:
    """A random generator from one or from a seed; None draws another one every time."""
    if rng is not None and not isinstance(rng, np.random.Generator | np.random.SeedSequence | np.random.BitGenerator):
        rng = guards.whole_number(
            rng, "rng", most=2**128, error=DesignError, remedy="It is a numpy Generator or a seed."
        )
    return np.random.default_rng(rng)


def _systematic(p, start):
    """Units in whose stretch of the cumulated probabilities start + 0, 1, 2, ... fall."""
    ends = np.cumsum(p)
    whole_ends = np.round(ends)
    ends = np.where(np.abs(ends - whole_ends) < 1e-9, whole_ends, ends)  # sums of floats, on whole numbers again
    hits = np.ceil(ends - start).astype(np.int64)
    return np.flatnonzero(np.diff(hits, prepend=max(int(np.ceil(-start)), 0)) > 0)


def _srs(p, n, rng):
    if np.ptp(p) > 1e-9:
        raise DesignError(f"srs: the probabilities differ, from {p.min():.6g} to {p.max():.6g}; choose another method.")
    return rng.choice(len(p), n, replace=False)


def _sampford(p, n, rng):
    """One unit with probability in proportion to p times what n - 1 of the others can be, then these, one after the other.

    Sampford's design is P(s) ∝ Σ_(i in s) p_i Π_(j in s, not i) λ_j with λ = p / (1 - p), so that nothing has to be rejected.
    """
    odds = p / (1 - p)
    odds = odds / np.partition(odds, -n)[-n]  # their level does not matter; large ones would overflow
    first = int(rng.choice(len(p), p=_first_chances(tuple(p), tuple(odds), n)))
    rest = np.delete(np.arange(len(p)), first)
    ways, chosen, left = _ways(odds[rest], n - 1), [first], n - 1
    for k, unit in enumerate(rest):
        if left and rng.random() * ways[k, left] < odds[unit] * ways[k + 1, left - 1]:
            chosen.append(int(unit))
            left -= 1
    return np.array(chosen)


@lru_cache(maxsize=256)
def _first_chances(p, odds, n):
    """Chances (N,) of the unit that is drawn first."""
    odds = np.array(odds)
    weight = [p[i] * _ways(np.delete(odds, i), n - 1)[0, n - 1] for i in range(len(p))]
    return np.array(weight) / np.sum(weight)


def _ways(odds, n):
    """Sums (N + 1, n + 1) of products of the odds of j of the units from k on."""
    ways = np.zeros((len(odds) + 1, n + 1))
    ways[-1, 0] = 1.0
    for k in range(len(odds) - 1, -1, -1):
        ways[k] = ways[k + 1]
        ways[k, 1:] += odds[k] * ways[k + 1, :-1]
    return ways


def _brewer(p, n, rng):
    """n draws; at each, a unit's chance is p (m - p) / (m - k p), m the probability left and k the draws left."""
    left, chosen = np.ones(len(p), bool), []
    for k in range(n, 0, -1):
        rest = np.where(left, p, 0.0)
        m = n - p[~left].sum()
        chance = np.where(left, rest * (m - rest) / np.maximum(m - k * rest, 1e-300), 0.0)
        chosen.append(int(rng.choice(len(p), p=chance / chance.sum())))
        left[chosen[-1]] = False
    return np.array(chosen)


def _pivotal(p, n, rng):
    """Two units at a time: one of them gets all of their probability, or 1 and the rest, until everything is 0 or 1."""
    p, a = p.copy(), 0
    for b in range(1, len(p)):
        both, u = p[a] + p[b], rng.random()
        if both < 1:
            win, lose, most = (a, b, both) if u * both < p[a] else (b, a, both)
            p[win], p[lose], a = most, 0.0, win
        else:
            full = u * (2 - both) < 1 - p[b]  # whether a is the one that is taken
            win, rest = (a, b) if full else (b, a)
            p[win], p[rest], a = 1.0, both - 1, rest
    p[a] = round(p[a])
    return np.flatnonzero(p > 0.5)


_FIXED = {"srs": _srs, "sampford": _sampford, "brewer": _brewer, "pivotal": _pivotal}
