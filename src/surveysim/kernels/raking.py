"""Iterative proportional fitting on margin cells, one partition after the other."""

import numpy as np

from .compiling import borrowed, jit

BLOCK = 4096  # rows handled at a time, so that their cells stay in cache


@jit
def rake(weight, level, start, total, tol, max_iter, factor, sweeps, gap, worst):
    """Factors (K,) that rake cell weights (K,) to `total` (P, C).

    Cells of partition p are start[p] .. start[p + 1]; `level` (K, M) holds each cell's column of `total` in every margin.
    Also the sweeps (P,), the largest relative gap recomputed from the final factors (P,) and its column (P,).
    """
    P, C = total.shape
    M = level.shape[1]
    achieved = np.empty(C)
    for p in range(P):
        first, last = start[p], start[p + 1]
        for k in range(first, last):
            factor[k] = 1.0
        for sweep in range(max_iter):
            for m in range(M):
                for k in range(first, last):
                    achieved[level[k, m]] = 0.0
                for k in range(first, last):
                    achieved[level[k, m]] += weight[k] * factor[k]
                for k in range(first, last):
                    c = level[k, m]
                    if achieved[c] > 0.0:
                        factor[k] *= total[p, c] / achieved[c]
            gap[p], worst[p] = 0.0, 0
            for c in range(C):
                achieved[c] = 0.0
            for m in range(M):
                for k in range(first, last):
                    achieved[level[k, m]] += weight[k] * factor[k]
            for c in range(C):
                size = abs(total[p, c]) if total[p, c] != 0.0 else 1.0
                off = abs(achieved[c] - total[p, c]) / size
                if not off <= gap[p]:  # NaN is a gap too
                    gap[p], worst[p] = off, c
            sweeps[p] = sweep + 1
            if gap[p] <= tol:
                break


@jit
def collapse(codes, radix, weight, weighted, first, last, index, sums):
    """Dense cell (mixed radix of `codes`, a tuple of code arrays) of rows first .. last into `index`, weights into `sums`.

    Returns the number of weights that are negative or not finite. Blocks keep the index in cache between the two loops.
    """
    codes, bad = borrowed(codes), 0
    for start in range(first, last, BLOCK):
        stop = min(start + BLOCK, last)
        place, column = index[start:stop], codes[0][start:stop]
        for i in range(len(place)):  # loops from 0, so that no index can be negative and they vectorize
            place[i] = column[i]
        for m in range(1, len(codes)):
            column, r = codes[m][start:stop], radix[m]
            for i in range(len(place)):
                place[i] = np.int32(place[i] * r + column[i])
        if weighted:
            part = weight[start:stop]
            for i in range(len(place)):
                w = part[i]
                if not (w >= 0.0 and w < np.inf):
                    bad += 1
                sums[np.uint32(place[i])] += w
        else:
            for i in range(len(place)):
                sums[np.uint32(place[i])] += 1.0
    return bad


@jit
def spread(index, factor, weight, weighted, first, last, out):
    """Calibrated weights of rows first .. last: base weight × factor of the row's cell."""
    place, result, part = index[first:last], out[first:last], weight[first:last]
    if weighted:
        for i in range(len(place)):
            result[i] = part[i] * factor[np.uint32(place[i])]
    else:
        for i in range(len(place)):
            result[i] = factor[np.uint32(place[i])]


@jit
def rake_table(table, lead_total, level, total, tol, max_iter, lead, rest):
    """Rake a table (A, B) of cell sums to the totals of its rows (A,) and of margins of its columns.

    `level` (B, M) is each column's position in `total` (C,). A sweep is two matrix-vector products, because the factors are
    a product lead (A,) × rest (B,). Returns the sweeps and the largest relative gap, recomputed from the final factors.
    """
    A, B = table.shape
    M = level.shape[1]
    row, column, achieved = np.empty(A), np.empty(B), np.empty(len(total))
    rest[:] = 1.0
    gap = np.inf
    for sweep in range(max_iter + 1):
        gap_lead = 0.0
        for a in range(A):
            s = 0.0
            for b in range(B):
                s += table[a, b] * rest[b]
            row[a] = s
            if sweep > 0:
                off = abs(lead[a] * s - lead_total[a]) / (lead_total[a] if lead_total[a] > 0.0 else 1.0)
                if not off <= gap_lead:
                    gap_lead = off
        if sweep > 0:
            for c in range(len(total)):
                achieved[c] = 0.0
            for b in range(B):
                for m in range(M):
                    achieved[level[b, m]] += column[b] * rest[b]
            gap = gap_lead
            for c in range(len(total)):
                off = abs(achieved[c] - total[c]) / (total[c] if total[c] > 0.0 else 1.0)
                if not off <= gap:
                    gap = off
            if gap <= tol or sweep == max_iter:
                return sweep, gap
        for b in range(B):
            column[b] = 0.0
        for a in range(A):
            lead[a] = lead_total[a] / row[a] if row[a] > 0.0 else 1.0
            for b in range(B):
                column[b] += lead[a] * table[a, b]
        for m in range(M):
            for b in range(B):
                achieved[level[b, m]] = 0.0
            for b in range(B):
                achieved[level[b, m]] += column[b] * rest[b]
            for b in range(B):
                c = level[b, m]
                if achieved[c] > 0.0:
                    rest[b] *= total[c] / achieved[c]
    return max_iter, gap
