"""Interviews among strata, stratum by stratum, in exact fractions where the sizes are."""

from fractions import Fraction
from math import floor, sqrt


def shares(size, method="proportional", sd=None, cost=None, power=0.5):
    """What interviews are proportional to: N, 1, N S (Neyman 1934), N^q S (Bankier 1988), N S / √c (Cochran 1977, 5.5)."""
    sd = [1] * len(size) if sd is None else sd
    if method == "proportional":
        return [Fraction(n) for n in size]
    if method == "equal":
        return [Fraction(1)] * len(size)
    if method == "neyman":
        return [Fraction(n) * Fraction(s) for n, s in zip(size, sd)]
    if method == "power":
        return [Fraction(n**power * s) for n, s in zip(size, sd)]
    return [Fraction(n * s / sqrt(c)) for n, s, c in zip(size, sd, cost)]


def allocate(share, n, minimum=0):
    """Whole interviews that sum to n: strata below the minimum get it first, one after the other share the rest, by largest remainders.

    Raising some strata leaves less for the others, which may then fall below the minimum too. Ties go to the earlier stratum.
    """
    raised = set()
    while True:
        free = [h for h in range(len(share)) if h not in raised]
        rest, whole = n - minimum * len(raised), sum(share[h] for h in free)
        exact = [Fraction(minimum) if h in raised else rest * share[h] / whole for h in range(len(share))]
        low = [h for h in free if exact[h] < minimum]
        if not low:
            break
        raised |= set(low)
    made = [floor(value) for value in exact]
    by_remainder = sorted(range(len(share)), key=lambda h: (made[h] - exact[h], h))
    for h in by_remainder[: n - sum(made)]:
        made[h] += 1
    return made
