"""Samples of the coverage atlas: persons by type, and estimates and errors from their counts.

A sample is a list of kinds of first-stage units: their stratum, how many there are (`copies`, more than one where a unit is a person),
their persons by type (K, T), and that type (K,) where a unit is one person, else -1. A type says
weight, raking cell, and whether the person has what is asked about. Everything that is estimated depends on the counts alone, so that a
jackknife leaves out one unit of each kind and a bootstrap draws copies.
"""

from typing import NamedTuple

import numpy as np

from surveysim.kernels.compiling import jit

ROUNDS = 200  # of raking to two margins of two levels; it ends much sooner


class Types(NamedTuple):
    """weight (T,), raking cell 0 to 3 (T,), answer 0 or 1 (T,)."""

    weight: np.ndarray
    cell: np.ndarray
    answer: np.ndarray


class Design(NamedTuple):
    """Of each stratum the persons (H,), the first-stage units (H,), 0 where each person is one, and the shares of groups (H, G); of each
    group its share of "yes" by stratum (H, G); how much persons of a unit have in common; whether weights are raked.

    Types 2 g and 2 g + 1 are the persons of group g without and with what is asked about.
    """

    persons: np.ndarray
    units: np.ndarray
    shares: np.ndarray
    yes: np.ndarray
    common: float
    raked: bool


@jit
def estimate(counts, types, raked, factor):
    """Weighted share of answers of persons by type (T,); `factor` (4,) gets the raking's factors of cells."""
    whole, having = np.zeros(4), np.zeros(4)
    for t in range(len(counts)):
        w = counts[t] * types.weight[t]
        whole[types.cell[t]] += w
        having[types.cell[t]] += w * types.answer[t]
    factor[:] = 1.0
    if raked:
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
    return (factor * having).sum() / (factor * whole).sum()


@jit
def scores(counts, types, raked, factor, share, score):
    """`score` (T,): what a person of each type adds to the linearized share; residuals on the raking's margins (Deville 1999)."""
    T, whole, all_weight, moved = len(counts), np.zeros(4), 0.0, 0.0
    for t in range(T):
        whole[types.cell[t]] += counts[t] * types.weight[t]
        all_weight += factor[types.cell[t]] * counts[t] * types.weight[t]
    fitted = np.zeros(4)
    if raked:
        left, right = np.zeros((3, 3)), np.zeros(3)
        for t in range(T):
            w, c = counts[t] * types.weight[t], types.cell[t]
            x = np.array([1.0, c // 2, c % 2])
            for i in range(3):
                right[i] += w * x[i] * (types.answer[t] - share)
                for j in range(3):
                    left[i, j] += w * x[i] * x[j]
        for i in range(3):
            left[i, i] += 1e-12 * left[0, 0]  # where a level is empty
        b = np.linalg.solve(left, right)
        moved = (
            b[0] + 0.5 * b[1] + 0.5 * b[2]
        )  # shares of the sum of the weights: every person's weight moves the totals
        for c in range(4):
            fitted[c] = b[0] + b[1] * (c // 2) + b[2] * (c % 2)
    for t in range(T):
        c = types.cell[t]
        score[t] = types.weight[t] * (factor[c] * (types.answer[t] - share - fitted[c]) + moved) / all_weight


@jit
def variance(persons, single, stratum, copies, units, score, stretch):
    """Σ_h n_h / (n_h - 1) Σ_i (z_i - z̄_h)² over units; `stretch` (H,) multiplies the values of a stratum's units."""
    K, H = len(stratum), len(units)
    value, total, square = np.zeros(K), np.zeros(H), np.zeros(H)
    for k in range(K):
        if copies[k] > 0:
            z = 0.0
            if single[k] >= 0:
                z = score[single[k]]
            else:
                for t in range(persons.shape[1]):
                    z += persons[k, t] * score[t]
            value[k] = z * stretch[stratum[k]]
            total[stratum[k]] += copies[k] * value[k]
    for k in range(K):
        if copies[k] > 0:
            square[stratum[k]] += copies[k] * (value[k] - total[stratum[k]] / units[stratum[k]]) ** 2
    return (square * units / (units - 1)).sum()


@jit
def jackknife(persons, stratum, copies, units, types, raked, share):
    """One unit of a stratum left out, everything repeated: Σ_h (n_h - 1) / n_h Σ_i (θ_(hi) - θ)² (Wolter 2007, section 4.5)."""
    K, T = persons.shape
    inside, counts, factor, found = np.zeros((len(units), T)), np.zeros(T), np.ones(4), 0.0
    for k in range(K):
        for t in range(T):
            inside[stratum[k], t] += copies[k] * persons[k, t]
            counts[t] += copies[k] * persons[k, t]
    for k in range(K):
        if copies[k] > 0:
            h, n = stratum[k], units[stratum[k]]
            fewer = counts + inside[h] / (n - 1) - persons[k] * n / (n - 1)
            found += copies[k] * (n - 1) / n * (estimate(fewer, types, raked, factor) - share) ** 2
    return found


@jit
def redraw(rng, single, stratum, copies, units, drawn):
    """`drawn` (K,): n_h - 1 units of each stratum with replacement (Rao & Wu 1988), as binomials of what is left."""
    if single[0] < 0:  # units of their own, stratum after stratum
        drawn[:] = 0
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
        else:
            drawn[k] = 0
        left[h] -= drawn[k]
        among[h] -= copies[k]


@jit
def bootstrap(rng, persons, single, stratum, copies, units, types, raked, share, replicates, out):
    """`out` (replicates, 2): shares and their t statistics; n_h / (n_h - 1) goes to the weights of the units drawn."""
    K, T = persons.shape
    drawn, factor, score, stretch = np.zeros(K, np.int64), np.ones(4), np.zeros(T), units / (units - 1)
    for r in range(replicates):
        redraw(rng, single, stratum, copies, units, drawn)
        counts = np.zeros(T)
        for k in range(K):
            if drawn[k] > 0 and single[k] >= 0:
                counts[single[k]] += drawn[k] * stretch[stratum[k]]
            elif drawn[k] > 0:
                for t in range(T):
                    counts[t] += drawn[k] * persons[k, t] * stretch[stratum[k]]
        out[r, 0] = estimate(counts, types, raked, factor)
        scores(counts, types, raked, factor, out[r, 0], score)
        se = np.sqrt(variance(persons, single, stratum, drawn, units - 1, score, stretch))
        out[r, 1] = (out[r, 0] - share) / se if se > 0 else 0.0


@jit
def draw(rng, design, T):
    """A sample: persons (K, T) of each kind of unit, its one type (K,), stratum (K,) and copies (K,)."""
    H, G = design.shares.shape
    alone = design.units[0] == 0
    K = H * T if alone else design.units.sum()
    persons, single, stratum, copies, k = (
        np.zeros((K, T)),
        np.full(K, -1),
        np.zeros(K, np.int64),
        np.ones(K, np.int64),
        0,
    )
    for h in range(H):
        if alone:
            left, rest = design.persons[h], 1.0
            for t in range(T):
                g = t // 2
                q = design.shares[h, g] * (design.yes[h, g] if t % 2 else 1 - design.yes[h, g])
                found = rng.binomial(left, min(q / rest, 1.0)) if left > 0 and q > 0 else 0
                persons[k, t], single[k], stratum[k], copies[k] = 1, t, h, found
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
    return persons, single, stratum, copies


@jit
def repeat(rng, design, types, repetitions, bootstrapped, replicates):
    """Shares and linearized and jackknife errors (R, 3); of the first `bootstrapped` the replicates' shares and t (·, replicates, 2)."""
    T = len(types.weight)
    found, again = np.zeros((repetitions, 3)), np.zeros((bootstrapped, replicates, 2))
    factor, score = np.ones(4), np.zeros(T)
    units = np.where(design.units > 0, design.units, design.persons)
    for r in range(repetitions):
        persons, single, stratum, copies = draw(rng, design, T)
        counts = np.zeros(T)
        for k in range(len(stratum)):
            for t in range(T):
                counts[t] += copies[k] * persons[k, t]
        share = estimate(counts, types, design.raked, factor)
        scores(counts, types, design.raked, factor, share, score)
        found[r, 0] = share
        found[r, 1] = np.sqrt(variance(persons, single, stratum, copies, units, score, np.ones(len(units))))
        found[r, 2] = np.sqrt(jackknife(persons, stratum, copies, units, types, design.raked, share))
        if r < bootstrapped:
            bootstrap(rng, persons, single, stratum, copies, units, types, design.raked, share, replicates, again[r])
    return found, again
