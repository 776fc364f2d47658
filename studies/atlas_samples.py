"""Samples of the coverage atlas: first-stage units, what each adds to the weighted sums by raking cell, and what is made of these.

A sample is a list of kinds of units: their stratum (K,), how many there are (`copies`, more than one where a unit is a person), and the
weights of a unit's persons by raking cell, of all and of those with what is asked about (K, 2, C). Estimates and errors depend on nothing
else, so that a jackknife leaves out one unit of each kind and a bootstrap draws copies.
"""

from typing import NamedTuple

import numpy as np

from surveysim.kernels.compiling import jit

ROUNDS = 200  # of raking to two margins of two levels; it ends much sooner


class Types(NamedTuple):
    """weight (T,), raking cell 0 to C - 1 (T,), answer 0 or 1 (T,)."""

    weight: np.ndarray
    cell: np.ndarray
    answer: np.ndarray


class Design(NamedTuple):
    """Of each stratum the persons (H,), the first-stage units (H,), 0 where each person is one, and the shares of groups (H, G); of each
    group its share of "yes" by stratum (H, G); how much persons of a unit have in common; raking cells, 4 or, without raking, 1.

    Types 2 g and 2 g + 1 are the persons of group g without and with what is asked about.
    """

    persons: np.ndarray
    units: np.ndarray
    shares: np.ndarray
    yes: np.ndarray
    common: float
    cells: int


@jit
def estimate(sums, factor):
    """Share of "yes" of weighted sums (2, C); `factor` (C,) gets the raking's factors of cells, whose start it is."""
    whole = sums[0]
    if len(whole) == 4:
        half = 0.5 * whole.sum()
        for _ in range(ROUNDS):
            gap = 0.0
            for a, b in ((0, 1), (2, 3), (0, 2), (1, 3)):  # cells of a level
                level = factor[a] * whole[a] + factor[b] * whole[b]
                if level > 0.0:
                    gap = max(gap, abs(level / half - 1))
                    factor[a] *= half / level
                    factor[b] *= half / level
            if gap < 1e-10:
                break
    above = below = 0.0
    for c in range(len(whole)):
        above += factor[c] * sums[1, c]
        below += factor[c] * whole[c]
    return above / below


@jit
def scores(sums, factor, share, score):
    """`score` (2, C): what a unit's sums add to the linearized share; residuals on the raking's margins (Deville 1999)."""
    C, whole, moved, all_weight = sums.shape[1], sums[0], 0.0, 0.0
    fitted = np.zeros(C)
    if C == 4:
        left, right = np.zeros((3, 3)), np.zeros(3)
        for c in range(4):
            x = (1.0, float(c // 2), float(c % 2))
            for i in range(3):
                right[i] += x[i] * (sums[1, c] - share * whole[c])
                for j in range(3):
                    left[i, j] += x[i] * x[j] * whole[c]
        for i in range(3):
            left[i, i] += 1e-12 * left[0, 0]  # where a level is empty
        b = np.linalg.solve(left, right)
        moved = (
            b[0] + 0.5 * b[1] + 0.5 * b[2]
        )  # shares of the sum of the weights: every person's weight moves the totals
        for c in range(4):
            fitted[c] = b[0] + b[1] * (c // 2) + b[2] * (c % 2)
    for c in range(C):
        all_weight += factor[c] * whole[c]
    for c in range(C):
        score[0, c] = (moved - factor[c] * (share + fitted[c])) / all_weight
        score[1, c] = factor[c] / all_weight


@jit
def variance(added, stratum, copies, units, score, stretch):
    """Σ_h n_h / (n_h - 1) Σ_i (z_i - z̄_h)² over units; `stretch` (H,) multiplies the values of a stratum's units."""
    K, C, H = len(stratum), added.shape[2], len(units)
    value, total, square = np.zeros(K), np.zeros(H), np.zeros(H)
    for k in range(K):
        if copies[k] > 0:
            for c in range(C):
                value[k] += added[k, 0, c] * score[0, c] + added[k, 1, c] * score[1, c]
            value[k] *= stretch[stratum[k]]
            total[stratum[k]] += copies[k] * value[k]
    for k in range(K):
        if copies[k] > 0:
            square[stratum[k]] += copies[k] * (value[k] - total[stratum[k]] / units[stratum[k]]) ** 2
    return (square * units / (units - 1)).sum()


@jit
def add_up(added, stratum, copies, stretch, sums):
    """`sums` (2, C) of all units, each times `stretch` (H,) of its stratum."""
    sums[:] = 0.0
    for k in range(len(stratum)):
        if copies[k] > 0:
            times = copies[k] * stretch[stratum[k]]
            for c in range(added.shape[2]):
                sums[0, c] += times * added[k, 0, c]
                sums[1, c] += times * added[k, 1, c]


@jit
def jackknife(added, stratum, copies, units, factor, share):
    """One unit of a stratum left out, everything repeated: Σ_h (n_h - 1) / n_h Σ_i (θ_(hi) - θ)² (Wolter 2007, section 4.5)."""
    K, C, H = len(stratum), added.shape[2], len(units)
    inside, sums, again, found = np.zeros((H, 2, C)), np.zeros((2, C)), np.empty(C), 0.0
    for k in range(K):
        for c in range(C):
            for i in range(2):
                inside[stratum[k], i, c] += copies[k] * added[k, i, c]
    every = inside.sum(axis=0)
    for k in range(K):
        if copies[k] > 0:
            h, n = stratum[k], units[stratum[k]]
            for c in range(C):
                again[c] = factor[c]
                for i in range(2):
                    sums[i, c] = every[i, c] + inside[h, i, c] / (n - 1) - added[k, i, c] * n / (n - 1)
            found += copies[k] * (n - 1) / n * (estimate(sums, again) - share) ** 2
    return found


@jit
def redraw(rng, stratum, copies, units, alone, drawn):
    """`drawn` (K,): n_h - 1 units of each stratum with replacement (Rao & Wu 1988); of persons as binomials of what is left."""
    drawn[:] = 0
    if not alone:  # units of their own, stratum after stratum
        first = 0
        for n in units:
            for _ in range(n - 1):
                drawn[first + min(int(rng.random() * n), n - 1)] += 1
            first += n
        return
    left, among = units - 1, units.copy()
    for k in range(len(stratum)):
        h = stratum[k]
        if left[h] > 0 and copies[k] > 0:
            drawn[k] = left[h] if copies[k] >= among[h] else rng.binomial(left[h], copies[k] / among[h])
        left[h] -= drawn[k]
        among[h] -= copies[k]


@jit
def bootstrap(rng, added, stratum, copies, units, alone, start, share, out):
    """`out` (replicates, 2): shares and their t statistics; n_h / (n_h - 1) goes to the weights of the units drawn."""
    C = added.shape[2]
    drawn, stretch = np.zeros(len(stratum), np.int64), units / (units - 1)
    sums, score, factor = np.zeros((2, C)), np.zeros((2, C)), np.empty(C)
    for r in range(len(out)):
        redraw(rng, stratum, copies, units, alone, drawn)
        add_up(added, stratum, drawn, stretch, sums)
        factor[:] = start
        out[r, 0] = estimate(sums, factor)
        scores(sums, factor, out[r, 0], score)
        se = np.sqrt(variance(added, stratum, drawn, units - 1, score, stretch))
        out[r, 1] = (out[r, 0] - share) / se if se > 0 else 0.0


@jit
def draw(rng, design, T):
    """A sample: persons (K, T) of each kind of unit by type, its stratum (K,) and copies (K,)."""
    H, G = design.shares.shape
    alone = design.units[0] == 0
    K = H * T if alone else design.units.sum()
    persons, stratum, copies, k = np.zeros((K, T)), np.zeros(K, np.int64), np.ones(K, np.int64), 0
    for h in range(H):
        if alone:
            left, rest = design.persons[h], 1.0
            for t in range(T):
                g = t // 2
                q = design.shares[h, g] * (design.yes[h, g] if t % 2 else 1 - design.yes[h, g])
                found = rng.binomial(left, min(q / rest, 1.0)) if left > 0 and q > 0 else 0
                persons[k, t], stratum[k], copies[k] = 1, h, found
                left, rest, k = left - found, max(rest - q, 1e-300), k + 1
            continue
        each, more = divmod(design.persons[h], design.units[h])
        ladder = np.cumsum(design.shares[h])
        for i in range(design.units[h]):
            shared = rng.random()
            for _ in range(each + (i < more)):
                g = min(np.searchsorted(ladder, rng.random(), side="right"), G - 1)
                u = shared if rng.random() < design.common else rng.random()
                persons[k, 2 * g + (u < design.yes[h, g])] += 1
            stratum[k], k = h, k + 1
    return persons, stratum, copies


@jit
def collapse(persons, types, cells):
    """What each kind of unit adds (K, 2, C)."""
    K, T = persons.shape
    added = np.zeros((K, 2, cells))
    for k in range(K):
        for t in range(T):
            if persons[k, t] > 0:
                w = persons[k, t] * types.weight[t]
                added[k, 0, types.cell[t]] += w
                added[k, 1, types.cell[t]] += w * types.answer[t]
    return added


@jit
def repeat(rng, design, types, repetitions, bootstrapped, replicates):
    """Shares and linearized and jackknife errors (R, 3); of the first `bootstrapped` the replicates' shares and t (·, replicates, 2)."""
    C, T, alone = design.cells, len(types.weight), design.units[0] == 0
    found, again = np.zeros((repetitions, 3)), np.zeros((bootstrapped, replicates, 2))
    sums, factor, score = np.zeros((2, C)), np.ones(C), np.zeros((2, C))
    units = np.where(design.units > 0, design.units, design.persons)
    for r in range(repetitions):
        persons, stratum, copies = draw(rng, design, T)
        added = collapse(persons, types, C)
        add_up(added, stratum, copies, np.ones(len(units)), sums)
        factor[:] = 1.0
        share = estimate(sums, factor)
        scores(sums, factor, share, score)
        found[r, 0] = share
        found[r, 1] = np.sqrt(variance(added, stratum, copies, units, score, np.ones(len(units))))
        found[r, 2] = np.sqrt(jackknife(added, stratum, copies, units, factor, share))
        if r < bootstrapped:
            bootstrap(rng, added, stratum, copies, units, alone, factor, share, again[r])
    return found, again
