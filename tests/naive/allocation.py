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


def best_split(sizes, n, p=0.5, deff=(1.0, 1.0), z=1.959963984540054):
    """The least margin of error of n interviews in two overlapping frames, over every split, with the best θ of each.

    Hartley (1962): V = N_A deff_A (S² N_a + θ² S² N_ab) / n_A and likewise with 1 - θ in B, S² = p (1 - p), domain sizes known. In θ that
    is a parabola.
    """
    a, ab, b = sizes
    s2, best = p * (1 - p), float("inf")
    for first in range(1, n):
        part_a, part_b = (a + ab) * deff[0] / first, (b + ab) * deff[1] / (n - first)
        theta = part_b / (part_a + part_b)
        variance = s2 * (part_a * (a + theta**2 * ab) + part_b * (b + (1 - theta) ** 2 * ab))
        best = min(best, z * sqrt(variance) / (a + ab + b))
    return best
