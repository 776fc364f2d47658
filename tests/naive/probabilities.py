"""Selection with unequal probabilities: inclusion probabilities, and the chance of every sample of each design, by enumeration.

A design is {sample: chance}, a sample a sorted tuple of positions. Notation of Tillé (2006), Sampling Algorithms.
"""

from itertools import combinations, pairwise, product
from math import prod


def inclusion_probabilities(size, n):
    """n size / Σ size; units for which that is 1 or more are certain, and the others share what is left, until none is.

    Särndal, Swensson & Wretman (1992), 3.6.2.
    """
    chance, certain = [0.0] * len(size), set()
    while True:
        rest = [k for k in range(len(size)) if k not in certain]
        whole = sum(size[k] for k in rest)
        for k in rest:
            chance[k] = (n - len(certain)) * size[k] / whole if whole else 0.0
        new = {k for k in rest if chance[k] >= 1}
        if not new:
            return chance
        for k in new:
            chance[k] = 1.0
        certain |= new


def first_order(design, units):
    """Inclusion probabilities of a design."""
    return [sum(chance for sample, chance in design.items() if k in sample) for k in range(units)]


def second_order(design, units):
    """Joint inclusion probabilities of a design, as a list of lists."""
    pairs = [[0.0] * units for _ in range(units)]
    for sample, chance in design.items():
        for k, other in product(sample, sample):
            pairs[k][other] += chance
    return pairs


def added(pairs):
    """{sample: chance} of (sample, chance) pairs, those of one sample added."""
    design = {}
    for sample, chance in pairs:
        sample = tuple(sorted(sample))
        design[sample] = design.get(sample, 0.0) + chance
    return {sample: chance for sample, chance in design.items() if chance > 1e-15}


def systematic(p):
    """Madow (1949): the units in whose stretch of the cumulated probabilities u, u + 1, … fall, u uniform.

    The sample changes only where u passes the fractional part of a cumulated probability.
    """
    cumulated = [0.0]
    for chance in p:
        cumulated.append(cumulated[-1] + chance)
    bounds = sorted({0.0, 1.0, *(round(c % 1, 12) for c in cumulated)})
    pairs = []
    for low, high in pairwise(bounds):
        points = [(low + high) / 2 + i for i in range(round(cumulated[-1]) + 1)]
        pairs.append(
            ([k for k in range(len(p)) if any(cumulated[k] <= u < cumulated[k + 1] for u in points)], high - low)
        )
    return added(pairs)


def srs(p):
    """Every sample of n units alike."""
    samples = list(combinations(range(len(p)), round(sum(p))))
    return {sample: 1 / len(samples) for sample in samples}


def poisson(p):
    """Every unit on its own."""
    return added(
        ([k for k in range(len(p)) if taken[k]], prod(c if t else 1 - c for c, t in zip(p, taken)))
        for taken in product((False, True), repeat=len(p))
    )


def without_certain(p, method):
    """The design of a method for the units with probabilities between 0 and 1, certain units added to every sample."""
    free = [k for k, chance in enumerate(p) if 0 < chance < 1]
    certain = [k for k, chance in enumerate(p) if chance >= 1]
    inner = method([p[k] for k in free]) if free else {(): 1.0}
    return added(([free[k] for k in sample] + certain, chance) for sample, chance in inner.items())


def sampford(p):
    """P(s) ∝ Σ_(i in s) p_i Π_(j in s, j not i) p_j / (1 - p_j) (Sampford 1967, Biometrika 54:499-513)."""

    def inner(p):
        n, odds = round(sum(p)), [c / (1 - c) for c in p]
        mass = {s: sum(p[i] * prod(odds[j] for j in s if j != i) for i in s) for s in combinations(range(len(p)), n)}
        return {s: m / sum(mass.values()) for s, m in mass.items()}

    return without_certain(p, inner)


def brewer(p):
    """n draws; unit k has chance ∝ p_k (m - p_k) / (m - r p_k), m what the units left sum to, r the draws left (Brewer 1975)."""

    def draws(p, taken):
        left, n = [k for k in range(len(p)) if k not in taken], round(sum(p))
        if len(taken) == n:
            yield taken, 1.0
            return
        m, r = n - sum(p[k] for k in taken), n - len(taken)
        mass = [p[k] * (m - p[k]) / (m - r * p[k]) for k in left]
        for k, own in zip(left, mass):
            for sample, chance in draws(p, (*taken, k)):
                yield sample, chance * own / sum(mass)

    return without_certain(p, lambda p: added(draws(p, ())))


def pivotal(p):
    """Neighbours fight: who is undecided meets the next unit; one of both gets all of their probability, or 1 and the other the rest.

    Deville & Tillé (1998), Biometrika 85:89-101.
    """

    def fights(p, at, other):
        if other == len(p):
            yield [k for k, chance in enumerate(p) if chance > 0.5], 1.0
            return
        a, b = p[at], p[other]
        if a + b <= 1 + 1e-12:
            outcomes = ((a + b, 0.0, a / (a + b)), (0.0, a + b, b / (a + b)))
        else:
            outcomes = ((1.0, a + b - 1, (1 - b) / (2 - a - b)), (a + b - 1, 1.0, (1 - a) / (2 - a - b)))
        for first, second, chance in outcomes:
            new = list(p)
            new[at], new[other] = first, second
            undecided = at if 1e-12 < first < 1 - 1e-12 else other
            if undecided == other and not 1e-12 < second < 1 - 1e-12:  # both are decided: the next two start
                undecided, following = other + 1, other + 2
            else:
                following = other + 1
            for sample, rest in fights(new, min(undecided, len(p) - 1), following if undecided < len(p) else len(p)):
                yield sample, chance * rest

    return without_certain(p, lambda p: added(fights(list(p), 0, 1)))
