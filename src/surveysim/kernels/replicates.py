"""Replicates of a sample on (PSU × cell) sums, LANES of them at a time: bootstrap draws, cell sums, raking.

A replicate multiplies the weights of a PSU's rows by one number, so its cell sums need only the sums of each PSU in each cell.
The lanes lie side by side in memory, and every innermost loop runs over them.
"""

from collections import namedtuple

import numpy as np

from ..aliases import Array, Int
from .compiling import borrowed, inline_jit, jit
from .newton import Distance, ratio
from .raking import Table, larger
from .randomness import philox

LANES = 8
Pairs = namedtuple("Pairs", ["psu", "cell", "weight"])  # of the rows of one PSU and one cell, (pairs,) each


@jit
def sort_by(key: Array, keys: Int, before: Array, order: Array) -> None:
    """Stable counting sort: `order` (n,) puts rows, taken in the order `before`, into ascending `key` (n,), 0 .. keys - 1."""
    place = np.zeros(keys + 1, np.int64)
    for i in range(len(key)):
        place[key[i] + 1] += 1
    for k in range(keys):
        place[k + 1] += place[k]
    for i in range(len(before)):
        row = before[i]
        k = key[row]
        order[place[k]] = row
        place[k] += 1


@jit
def pair_up(psu: Array, cell: Array, weight: Array, order: Array, pair: Pairs) -> Int:
    """Join the rows of one PSU and one cell, adjacent in `order`, to Pairs.

    Returns the number of pairs; an empty `weight` stands for ones.
    """
    pairs = -1
    for i in range(len(order)):
        row = order[i]
        if pairs < 0 or pair.psu[pairs] != psu[row] or pair.cell[pairs] != cell[row]:
            pairs += 1
            pair.psu[pairs], pair.cell[pairs], pair.weight[pairs] = psu[row], cell[row], 0.0
        pair.weight[pairs] += weight[row] if len(weight) > 0 else 1.0
    return pairs + 1


@jit
def rao_wu(k0: np.uint64, k1: np.uint64, first: Int, stratum_start: Array, psu_order: Array, multiplier: Array) -> None:
    """Rao & Wu's rescaling bootstrap: LANES replicates from `first` on, multipliers (PSUs, LANES).

    n_h - 1 PSUs are drawn with replacement from the n_h of a stratum (psu_order[stratum_start[h] : stratum_start[h + 1]]), and a
    PSU drawn c times counts c n_h / (n_h - 1) times. A draw is a function of the key, the replicate, stratum and draw alone.
    """
    times = np.empty(len(psu_order), np.uint32)
    for lane in range(LANES):
        times[:] = 0
        for h in range(len(stratum_start) - 1):
            start, n = stratum_start[h], stratum_start[h + 1] - stratum_start[h]
            part, size, draws, block = times[start : start + n], np.uint64(n), n - 1, 0
            while draws > 0:
                words = philox(block, h, first + lane, 0, k0, k1)
                for w in words:
                    if draws > 0:
                        part[((w & np.uint64(0xFFFFFFFF)) * size) >> np.uint64(32)] += np.uint32(1)
                        draws -= 1
                    if draws > 0:
                        part[((w >> np.uint64(32)) * size) >> np.uint64(32)] += np.uint32(1)
                        draws -= 1
                block += 1
        for h in range(len(stratum_start) - 1):
            n = stratum_start[h + 1] - stratum_start[h]
            scale = n / (n - 1.0) if n > 1 else 1.0
            for j in range(stratum_start[h], stratum_start[h + 1]):
                multiplier[psu_order[j], lane] = times[j] * scale if n > 1 else 1.0


@jit
def cell_sums(pair_psu: Array, pair_cell: Array, weight: Array, multiplier: Array, sums: Array) -> None:
    """Cell sums (K, LANES) of LANES replicates from the pairs' weights and the PSUs' multipliers (PSUs, LANES)."""
    sums[:] = 0.0
    for i in range(len(weight)):
        w, m, out = weight[i], multiplier[pair_psu[i]], sums[pair_cell[i]]
        for r in range(LANES):
            out[r] += w * m[r]


@inline_jit
def _by_level(column, rest, level, sums):
    """column × rest (B, LANES) by level (B,) of one margin, added to `sums` (C, LANES)."""
    for b in range(len(level)):
        out, f, g = sums[level[b]], column[b], rest[b]
        for r in range(LANES):
            out[r] += f[r] * g[r]


@jit
def rake(t: Table, tol: float, max_iter: Int, lead: Array, each: Array, gap: Array) -> Int:
    """`raking.rake_table` for the LANES tables of a `raking.Table` at once: factors lead (A, LANES) and each (C, LANES).

    `each` comes in as the start. Sweeps until every lane has converged; gap (LANES,) is recomputed from the final factors.
    Returns the sweeps.
    """
    t = borrowed(t)
    A, B = t.cells.shape[0], t.cells.shape[1]
    C, M = len(t.total), t.level.shape[1]
    row, column, achieved, rest = np.empty((A, LANES)), np.empty((B, LANES)), np.empty((C, LANES)), np.ones((B, LANES))
    for b in range(B):
        for m in range(M):
            for r in range(LANES):
                rest[b, r] *= each[t.level[b, m], r]
    for sweep in range(max_iter + 1):
        gap[:] = 0.0
        for a in range(A):
            s = row[a]
            for r in range(LANES):
                s[r] = 0.0
            for b in range(B):
                w, f = t.cells[a, b], rest[b]
                for r in range(LANES):
                    s[r] += w[r] * f[r]
            if sweep > 0:
                for r in range(LANES):
                    gap[r] = larger(gap[r], lead[a, r] * s[r], t.lead[a])
        if sweep > 0:
            achieved[:] = 0.0
            for m in range(M):
                _by_level(column, rest, t.level[:, m], achieved)
            for c in range(C):
                for r in range(LANES):
                    gap[r] = larger(gap[r], achieved[c, r], t.total[c])
            if sweep == max_iter or np.all(gap <= tol):
                return sweep
        column[:] = 0.0
        for a in range(A):
            for r in range(LANES):
                lead[a, r] = t.lead[a] / row[a, r] if row[a, r] > 0.0 else 1.0
            f = lead[a]
            for b in range(B):
                w, out = t.cells[a, b], column[b]
                for r in range(LANES):
                    out[r] += f[r] * w[r]
        for m in range(M):
            achieved[:] = 0.0
            _by_level(column, rest, t.level[:, m], achieved)
            for c in range(C):
                for r in range(LANES):  # what is not in this margin keeps a factor of 1
                    achieved[c, r] = t.total[c] / achieved[c, r] if achieved[c, r] > 0.0 else 1.0
                    each[c, r] *= achieved[c, r]
            for b in range(B):
                c = t.level[b, m]
                for r in range(LANES):
                    rest[b, r] *= achieved[c, r]
    return max_iter


@jit
def products(start: Array, level: Array, factor: Array, scale: Array, out: Array) -> None:
    """Factors of the cells (K, LANES): products of those of their columns (P, W, LANES), times the scale of their partition (P, LANES)."""
    for p in range(len(start) - 1):
        for k in range(start[p], start[p + 1]):
            o = out[k]
            for r in range(LANES):
                o[r] = 1.0
            for m in range(level.shape[1]):
                f = factor[p, level[k, m]]
                for r in range(LANES):
                    o[r] *= f[r]
            for r in range(LANES):
                o[r] *= scale[p, r]


@jit
def ratios(start: Array, level: Array, multiplier: Array, distance: Distance, out: Array) -> None:
    """Factors of the cells (K, LANES) from the multipliers λ of their columns (P, W, LANES)."""
    for p in range(len(start) - 1):
        for k in range(start[p], start[p + 1]):
            for r in range(LANES):
                u = 0.0
                for m in range(level.shape[1]):
                    u += multiplier[p, level[k, m], r]
                out[k, r], _ = ratio(distance, u)


@jit
def spread(weight: Array, unit: Array, multiplier: Array, cell: Array, factor: Array, out: Array) -> None:
    """Replicate weights (n, LANES): weight × multiplier of the row's unit × factor (K, LANES) of its cell, if there are cells."""
    for i in range(len(unit)):
        w, m, o = weight[i], multiplier[unit[i]], out[i]
        if len(cell) > 0:
            f = factor[cell[i]]
            for r in range(LANES):
                o[r] = w * m[r] * f[r]
        else:
            for r in range(LANES):
                o[r] = w * m[r]


@jit
def domain_totals(weights: Array, y: Array, group: Array, out: Array) -> None:
    """Totals of y (n,), or y (1,) for every row, by domain and lane (D, LANES) with the weights (n, LANES), added to `out`."""
    one = len(y) == 1
    for i in range(len(group)):
        v = np.float64(y[0] if one else y[i])
        if group[i] >= 0 and v != 0.0:
            w, o = weights[i], out[group[i]]
            for r in range(LANES):
                o[r] += v * w[r]
