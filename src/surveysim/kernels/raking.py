"""Iterative proportional fitting on margin cells, one partition after the other."""

import numpy as np

from .compiling import jit


@jit
def rake(weight, level, start, total, tol, max_iter, factor, sweeps, gap):
    """Factors (K,) that rake cell weights (K,) to `total` (P, C).

    Cells of partition p are start[p] .. start[p + 1]; `level` (K, M) holds each cell's column of `total` in every margin.
    Also the sweeps (P,) and the largest relative gap (P,), recomputed from the final factors.
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
            gap[p] = 0.0
            for c in range(C):
                achieved[c] = 0.0
            for m in range(M):
                for k in range(first, last):
                    achieved[level[k, m]] += weight[k] * factor[k]
            for c in range(C):
                size = abs(total[p, c]) if total[p, c] != 0.0 else 1.0
                off = abs(achieved[c] - total[p, c]) / size
                if not off <= gap[p]:
                    gap[p] = off if off == off else np.inf  # a NaN would give way to the next gap
            sweeps[p] = sweep + 1
            if gap[p] <= tol:
                break


@jit
def rake_table(table, lead_total, level, total, tol, max_iter, lead, rest):
    """Rake a table (A, B) of cell sums to the totals of its rows (A,) and of margins of its columns.

    `level` (B, M) is each column's position in `total` (C,). A sweep is two matrix-vector products, because the factors are
    a product lead (A,) × rest (B,); `rest` comes in as the start. Returns the sweeps and the largest relative gap, recomputed
    from the final factors.
    """
    A, B = table.shape
    M = level.shape[1]
    row, column, achieved = np.empty(A), np.empty(B), np.empty(len(total))
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
                    gap_lead = off if off == off else np.inf  # a NaN would give way to the next gap
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
                    gap = off if off == off else np.inf
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
