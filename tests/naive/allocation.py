"""Interviews among strata, stratum by stratum, in exact fractions where the sizes are."""

from fractions import Fraction
from math import ceil, floor, sqrt


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


def within_budget(budget, ideal, cost, contact=0.0, contacts=None):
    """Whole interviews [(A, B), …] by stratum that a budget pays, where `ideal` ones, no whole numbers, would use it up.

    All are rounded down; then each gets one more, the largest remainder first, unless that costs too much. What is left pays
    for those that are cheap enough, in the same proportions, again rounded down and then one by one, until none is. Frame B pays for
    ⌈B × contacts⌉ contacts too.
    """
    contacts = contacts or [0.0] * len(ideal)
    cells = [(h, f) for h in range(len(ideal)) for f in (0, 1) if ideal[h][f] > 0]
    counts, wanted = dict.fromkeys(cells, 0), {(h, f): ideal[h][f] for h, f in cells}

    def paid(n):
        screened = sum(ceil(n.get((h, 1), 0) * contacts[h]) for h in range(len(ideal)))
        return sum(n[h, f] * cost[f] for h, f in n) + contact * screened

    def one_more(cell):
        return {**counts, cell: counts[cell] + 1}

    while wanted:
        whole = {cell: floor(wanted[cell] + 1e-9) for cell in wanted}
        while paid({cell: counts[cell] + whole.get(cell, 0) for cell in cells}) > budget:
            whole = {(h, f): v - (f == 1 and contacts[h] > 0 and v > 0) for (h, f), v in whole.items()}
        counts = {cell: counts[cell] + whole.get(cell, 0) for cell in cells}
        rest = {cell: wanted.get(cell, 0.0) - whole.get(cell, 0) for cell in cells}
        for cell in sorted(cells, key=lambda c: (-round(rest[c], 9), c)):
            if paid(one_more(cell)) <= budget:
                counts = one_more(cell)
        cheap = [cell for cell in cells if paid(one_more(cell)) <= budget]
        price = sum(ideal[h][f] * (cost[f] + f * contact * contacts[h]) for h, f in cheap)
        wanted = {(h, f): ideal[h][f] * (budget - paid(counts)) / price for h, f in cheap}
    return [(counts.get((h, 0), 0), counts.get((h, 1), 0)) for h in range(len(ideal))]
