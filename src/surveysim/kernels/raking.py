"""Iterative proportional fitting on margin cells."""

from collections import namedtuple

import numpy as np

from ..aliases import Array, Int
from .compiling import borrowed, inline_jit, jit

Table = namedtuple(
    "Table",  # a dense table of cell sums and the totals it is raked to
    [
        "cells",  # (A, B), or (A, B, LANES) of several tables at once
        "lead",  # (A,) totals of the rows
        "level",  # (B, M) position of each column in `total`, in every margin but the rows' own
        "total",  # (C,)
    ],
)


@inline_jit
def larger(gap: float, reached: float, wanted: float) -> float:
    """The gap, or what is reached relative to what is wanted if that is further off; a NaN is infinite, or the next gap would hide it."""
    off = abs(reached - wanted) / (abs(wanted) if wanted != 0.0 else 1.0)
    if off <= gap:
        return gap
    return off if off == off else np.inf


@jit
def rake(weight: Array, level: Array, total: Array, tol: float, max_iter: Int, factor: Array) -> tuple[Int, float]:
    """Factors (K,) that rake cell weights (K,) to `total` (C,).

    `level` (K, M) holds each cell's column of `total` in every margin. Returns the sweeps and the largest relative gap, recomputed from
    the final factors.
    """
    K, M = level.shape
    C, gap = len(total), np.inf
    achieved = np.empty(C)
    factor[:] = 1.0
    for sweep in range(max_iter):
        for m in range(M):
            for k in range(K):
                achieved[level[k, m]] = 0.0
            for k in range(K):
                achieved[level[k, m]] += weight[k] * factor[k]
            for k in range(K):
                c = level[k, m]
                if achieved[c] > 0.0:
                    factor[k] *= total[c] / achieved[c]
        gap, achieved[:] = 0.0, 0.0
        for m in range(M):
            for k in range(K):
                achieved[level[k, m]] += weight[k] * factor[k]
        for c in range(C):
            gap = larger(gap, achieved[c], total[c])
        if gap <= tol:
            return sweep + 1, gap
    return max_iter, gap


@jit
def rake_table(t: Table, tol: float, max_iter: Int, lead: Array, rest: Array) -> tuple[Int, float]:
    """Rake a `Table`. A sweep is two matrix-vector products, because the factors are a product lead (A,) × rest (B,).

    `rest` comes in as the start. Returns the sweeps and the largest relative gap, recomputed from the final factors.
    """
    t = borrowed(t)
    A, B = t.cells.shape
    M, C = t.level.shape[1], len(t.total)
    row, column, achieved = np.empty(A), np.empty(B), np.empty(C)
    gap = np.inf
    for sweep in range(max_iter + 1):
        gap_lead = 0.0
        for a in range(A):
            s = 0.0
            for b in range(B):
                s += t.cells[a, b] * rest[b]
            row[a] = s
            if sweep > 0:
                gap_lead = larger(gap_lead, lead[a] * s, t.lead[a])
        if sweep > 0:
            gap, achieved[:] = gap_lead, 0.0
            for b in range(B):
                for m in range(M):
                    achieved[t.level[b, m]] += column[b] * rest[b]
            for c in range(C):
                gap = larger(gap, achieved[c], t.total[c])
            if gap <= tol or sweep == max_iter:
                return sweep, gap
        column[:] = 0.0
        for a in range(A):
            lead[a] = t.lead[a] / row[a] if row[a] > 0.0 else 1.0
            for b in range(B):
                column[b] += lead[a] * t.cells[a, b]
        for m in range(M):
            for b in range(B):
                achieved[t.level[b, m]] = 0.0
            for b in range(B):
                achieved[t.level[b, m]] += column[b] * rest[b]
            for b in range(B):
                c = t.level[b, m]
                if achieved[c] > 0.0:
                    rest[b] *= t.total[c] / achieved[c]
    return max_iter, gap
