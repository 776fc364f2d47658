"""Multipliers of replicates, everything repeated with them, and the variance of what comes out (Wolter 2007, ch. 3 and 4)."""

import math

import numpy as np


def units(design):
    """First-stage units of each stratum, in the order of the rows: {stratum: [unit, …]}, and every row's (stratum, unit)."""
    n = len(design["weight"])
    strata = design["strata"][0] if design.get("strata") else [0] * n
    psu = design["psu"][0] if design.get("psu") else list(range(n))
    own = list(zip(strata, psu, strict=True))
    found = {}
    for h, i in own:
        found.setdefault(h, [])
        if i not in found[h]:
            found[h].append(i)
    return found, own


def fractions(design):
    """Sampling fraction of each stratum's first stage, 0 where there is none."""
    found, own = units(design)
    if not design.get("fpc"):
        return dict.fromkeys(found, 0.0)
    value = {h: design["fpc"][0][k] for k, (h, _) in enumerate(own)}
    return {h: len(found[h]) / value[h] if value[h] > 1 else value[h] for h in found}


def jackknife(design):
    """Each unit left out in turn, the others of its stratum times n / (n - 1): multipliers, scale, rscales of JKn.

    JK1 is JKn of a single stratum, with the factor (1 - f)(n - 1) / n as its scale.
    """
    found, own = units(design)
    f, columns, rscales = fractions(design), [], []
    for h, members in found.items():
        n = len(members)
        for gone in members if n > 1 else []:
            columns.append([1.0 if k[0] != h else (0.0 if k[1] == gone else n / (n - 1)) for k in own])
            rscales.append((1 - f[h]) * (n - 1) / n)
    return np.array(columns).T, 1.0, rscales


def hadamard(size):
    """Sylvester's matrix of order 2^k: every doubling puts the matrix beside itself and its negative below."""
    h = [[1]]
    while len(h) < size:
        h = [row + row for row in h] + [row + [-v for v in row] for row in h]
    return h


def half_samples(design, signs, rho=0.0):
    """BRR and Fay's (McCarthy 1969; Judkins 1990): 2 - ρ for one unit of each stratum, ρ for the other.

    `signs` has one row per stratum and one column per replicate.
    """
    found, own = units(design)
    number = {h: i for i, h in enumerate(found)}
    rows = []
    for h, unit in own:
        first = found[h].index(unit) == 0
        rows.append([2 - rho if (sign > 0) == first else rho for sign in signs[number[h]]])
    multipliers = np.array(rows, float)
    return multipliers, 1 / (multipliers.shape[1] * (1 - rho) ** 2), [1.0] * multipliers.shape[1]


def successive_differences(design, signs):
    """1 + (H_i - H_i') 2^(-3/2), i' the next unit of the stratum's loop; scale 4 / R (Fay & Train 1995). `signs` has one row per unit."""
    _, own = units(design)
    order = list(dict.fromkeys(own))
    rows = []
    for key in own:
        loop = [other for other in order if other[0] == key[0]]
        i, after = order.index(key), order.index(loop[(loop.index(key) + 1) % len(loop)])
        rows.append([1 + (a - b) * 2**-1.5 for a, b in zip(signs[i], signs[after], strict=True)])
    multipliers = np.array(rows, float)
    return multipliers, 4 / multipliers.shape[1], [1.0] * multipliers.shape[1]


def corrected(design, multipliers):
    """Multipliers whose deviations from 1 shrink by √(1 - n / N) of the unit's stratum, so that squares shrink by the correction."""
    found, own = units(design)
    shrink = [math.sqrt(1 - len(found[h]) / size) for (h, _), size in zip(own, design["fpc"][0], strict=True)]
    return 1 + (multipliers - 1) * np.array(shrink)[:, None]


def rao_wu(design, drawn):
    """n - 1 units drawn out of n with replacement: n / (n - 1) for each time (Rao, Wu & Yue 1992).

    `drawn` has one dictionary per replicate: how often each (stratum, unit) was drawn.
    """
    found, own = units(design)
    columns = []
    for times in drawn:
        columns.append([times.get(key, 0) * len(found[key[0]]) / (len(found[key[0]]) - 1) for key in own])
    return np.array(columns, float).T, 1 / (len(drawn) - 1), [1.0] * len(drawn)


def preston(stages):
    """Multiplier of one row in one replicate (Preston 2009, 3.1): `stages` has (n, sampling fraction, drawn?) of its unit at each.

    1 + Σ_s λ_s (Π_{t<s} √(n_t / n*_t) δ_t) (n_s / n*_s δ_s - 1), λ_s = √(n*_s Π_{t<s} f_t (1 - f_s) / (n_s - n*_s)), n* = ⌊n / 2⌋.
    """
    value, before, share = 1.0, 1.0, 1.0
    for n, f, drawn in stages:
        half = n // 2
        value += math.sqrt(half * share * (1 - f) / (n - half)) * before * (n / half * drawn - 1)
        before *= math.sqrt(n / half) * drawn
        share *= f
    return value


def repeated(statistic, weigh, base, multipliers):
    """The statistic of every replicate: base weights times its multipliers, everything else done anew."""
    base = np.asarray(base, float)
    return np.array([statistic(weigh(base * column)) for column in np.asarray(multipliers, float).T])


def variance(found, full, scale, rscales, mse=False):
    """scale Σ rscales_r (θ_r - centre)², about the replicates' mean or about the full sample's estimate."""
    centre = full if mse else math.fsum(found) / len(found)
    return scale * math.fsum(r * (theta - centre) ** 2 for r, theta in zip(rscales, found, strict=True))
