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
    achieved, times, first = np.zeros(C), np.ones(C), np.zeros(C)  # `first`: the columns of the first margin
    columns = np.empty((M, K), np.int32)  # margin by margin, so that a pass reads what lies together
    for m in range(M):
        for k in range(K):
            columns[m, k] = level[k, m]
    for k in range(K if M > 0 else 0):
        first[columns[0, k]] = 1.0
    factor[:] = 1.0
    for sweep in range(max_iter):
        for m in range(M):
            if m > 0 or sweep == 0:  # later sums of the first margin are those of the gaps
                sums_of(columns[m], weight, factor, achieved)
            for c in range(C):
                times[c] = total[c] / achieved[c] if achieved[c] > 0.0 else 1.0
            here = columns[m]
            for k in range(K):
                factor[k] *= times[here[k]]
            achieved[:] = 0.0
        gap = 0.0
        for m in range(M - 1, -1, -1):  # ends with the first, whose sums the next sweep begins with
            sums_of(columns[m], weight, factor, achieved)
        for c in range(C):
            gap = larger(gap, achieved[c], total[c])
        if gap <= tol:
            return sweep + 1, gap
        for c in range(C):
            achieved[c] = achieved[c] if first[c] > 0.0 else 0.0
    return max_iter, gap


@jit
def sums_of(column: Array, weight: Array, factor: Array, achieved: Array) -> None:
    """Weights × factors (K,) added to `achieved` (C,) by column."""
    for k in range(len(column)):
        achieved[column[k]] += weight[k] * factor[k]


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
