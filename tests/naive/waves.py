"""Covariance of two waves' totals of scores whose PSUs may be the same: one loop after the other (Kish 1965, 12.4)."""

import math


def total_covariance(waves):
    """Matrix of the covariances of totals of waves, each {"stratum", "psu", "z", "fraction"}: lists, and a dictionary by stratum.

    z is weight times score. In every wave a PSU deviates from its stratum's mean of that wave; deviations of the same PSU are multiplied.
    """
    deviations = []
    for wave in waves:
        totals = {}
        for stratum, psu, z in zip(wave["stratum"], wave["psu"], wave["z"], strict=True):
            totals[stratum, psu] = totals.get((stratum, psu), 0.0) + z
        found = {}
        for stratum in {s for s, _ in totals}:
            mine = {key: value for key, value in totals.items() if key[0] == stratum}
            n, mean = len(mine), math.fsum(mine.values()) / len(mine)
            factor = math.sqrt(n / (n - 1) * (1 - wave["fraction"].get(stratum, 0.0)))
            found |= {key: factor * (value - mean) for key, value in mine.items()}
        deviations.append(found)
    return [[math.fsum(a[key] * b[key] for key in a if key in b) for b in deviations] for a in deviations]


def means(y, w):
    """A weighted mean and the weighted scores of its rows."""
    whole = math.fsum(w)
    mean = math.fsum(a * b for a, b in zip(y, w, strict=True)) / whole
    return mean, [b * (a - mean) / whole for a, b in zip(y, w, strict=True)]


def overlap(stay, leave, again, lag):
    """Share of a period's units that are in the sample `lag` periods later; they are in for `stay` periods, out, and in `again`."""
    ages = [*range(stay), *range(stay + leave, stay + leave + again)]
    return sum(age + lag in ages for age in ages) / len(ages)
