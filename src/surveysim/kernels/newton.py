"""Calibration by Newton's method on the dual: cells or rows with margin columns and numeric variables, any distance.

Notation: Deville & Särndal (1992). u = q x'λ, g = F(u); x has ones in the columns `level` and the values `z` behind them.
"""

from collections import namedtuple
from typing import Any

import numpy as np

from ..aliases import Array, Int
from .compiling import inline_jit, jit

LINEAR, RAKING, LOGIT, TRUNCATED = 0, 1, 2, 3  # 4 is raking, clipped
LARGEST = 300.0  # exponents beyond this are as good as infinite, and would overflow
ROUNDING = 1e-13  # of the largest sum, what differences of sums may be by rounding
PATIENCE = 40  # steps without a smaller gap after which there is no hope

Rows = namedtuple(
    "Rows",  # cells or rows that are calibrated
    [
        "weight",  # (K,) initial weights
        "q",  # (K,) scale factors, empty for ones
        "level",  # (K, M) margin columns, ascending
        "z",  # (K, Z) numeric variables
    ],
)
Asked = namedtuple(
    "Asked",  # what they are calibrated to
    [
        "total",  # (p,)
        "ridge",  # (p, p), empty where totals are known without error
        "scale",  # (p,) what a gap in each total is measured by
    ],
)
Distance = namedtuple("Distance", ["method", "lower", "upper"])
Effort = namedtuple(
    "Effort",
    [
        "inner",  # of a dense table, whose first axis takes a step every so many cells; else 0
        "tol",  # largest gap over scale
        "max_iter",  # most steps
    ],
)
Room = namedtuple(
    "Room",  # of the multipliers that are tried
    [
        "step",  # (p,) to them
        "trial",  # (p,) they themselves
        "g",  # (K,) with their slopes, the totals (p,) and their gaps
        "slope",
        "sums",
        "gap",
    ],
)


@inline_jit
def ratio(distance: Distance, u: Any) -> tuple[Any, Any]:
    """F(u) and F′(u) of one distance."""
    method, lower, upper = distance.method, distance.lower, distance.upper
    if method == LINEAR:
        return 1.0 + u, 1.0
    if method == TRUNCATED:
        g = 1.0 + u
        return min(max(g, lower), upper), 1.0 if lower < g < upper else 0.0
    if method == LOGIT:
        steep = (upper - lower) / ((1.0 - lower) * (upper - 1.0))
        e = np.exp(min(max(steep * u, -LARGEST), LARGEST))
        g = (lower * (upper - 1.0) + upper * (1.0 - lower) * e) / (upper - 1.0 + (1.0 - lower) * e)
        return g, steep * (upper - g) * (g - lower) / (upper - lower)
    g = np.exp(min(max(u, -LARGEST), LARGEST))
    if method == RAKING:
        return g, g
    return min(max(g, lower), upper), g if lower < g < upper else 0.0


@jit
def achieve(rows: Rows, distance: Distance, lam: Array, g: Array, slope: Array, sums: Array) -> None:
    """g (K,), d q F′ (K,) and the calibrated totals (p,) at λ (p,)."""
    weight, q, level, z = rows.weight, rows.q, rows.level, rows.z
    K, M = level.shape
    Z, first = z.shape[1], len(lam) - z.shape[1]
    scaled = len(q) > 0
    sums[:] = 0.0
    for k in range(K):
        d = weight[k]
        if d == 0.0:
            g[k], slope[k] = 1.0, 0.0
            continue
        u = 0.0
        for m in range(M):
            u += lam[level[k, m]]
        for j in range(Z):
            u += lam[first + j] * z[k, j]
        scale = q[k] if scaled else 1.0
        g[k], s = ratio(distance, scale * u)
        slope[k] = d * scale * s
        w = d * g[k]
        for m in range(M):
            sums[level[k, m]] += w
        for j in range(Z):
            sums[first + j] += w * z[k, j]


@jit
def dense_curvature(slope: Array, level: Array, inner: Int, column: Array, hessian: Array) -> None:
    """`curvature` of a dense table without numeric variables, whose first axis takes a step every `inner` cells.

    The pairs of other axes need the table summed over the first axis only: column (inner,) is room for that.
    """
    K, M = level.shape
    column[:] = 0.0
    for start in range(0, K, inner):
        block, first, total = slope[start : start + inner], level[start, 0], 0.0
        for b in range(len(block)):
            column[b] += block[b]
        for b in range(len(block)):
            v = block[b]
            total += v
            for m in range(1, M):
                hessian[level[b, m], first] += v
        hessian[first, first] += total
    for b in range(inner):
        for i in range(1, M):
            for j in range(1, i + 1):
                hessian[level[b, i], level[b, j]] += column[b]


@jit
def curvature(slope: Array, level: Array, z: Array, hessian: Array) -> None:
    """Lower triangle (p, p) of Σ d q F′ x x'; the columns in a row of `level` ascend."""
    K, M = level.shape
    Z, first = z.shape[1], hessian.shape[0] - z.shape[1]
    for k in range(K):
        v = slope[k]
        if v == 0.0:
            continue
        for a in range(M):
            for b in range(a + 1):
                hessian[level[k, a], level[k, b]] += v
        for i in range(Z):
            vz = v * z[k, i]
            for a in range(M):
                hessian[first + i, level[k, a]] += vz
            for j in range(i + 1):
                hessian[first + i, first + j] += vz * z[k, j]


@jit
def solve(hessian: Array, right: Array, start: Array, first: Int, rounding: float, out: Array) -> float:
    """out (p,) with hessian × out = right, by LDL' in place on the lower triangle of a positive semidefinite matrix.

    A pivot lost to rounding is a column that others determine: it stays 0 where its equation holds already, up to the `rounding` of
    the right side, and otherwise gets a small pivot, relative to `start` (p,), that lets it move far. Returns the smallest pivot over
    its column's own curvature, which tells how many digits of the step are left: 0 where one was lost whose equation did not hold, or
    one of a numeric column, from `first` on, which may depend on others nearly.
    """
    p, least = len(right), 1.0
    diagonal, column = np.empty(p), np.empty(p)
    for j in range(p):
        out[j] = right[j]
        diagonal[j] = hessian[j, j]
    for j in range(p):
        d = hessian[j, j]
        if not d > 1e-11 * diagonal[j]:
            held = abs(out[j]) <= max(1e-9 * abs(right[j]), rounding) or start[j] <= 0.0
            d = np.inf if held else 1e-4 * start[j]
            hessian[j, j] = d
            if not held or j >= first:
                least = 0.0
        elif d < least * diagonal[j]:
            least = d / diagonal[j]
        for i in range(j + 1, p):
            column[i] = hessian[i, j]
        for i in range(j + 1, p):
            factor = column[i] / d
            if factor != 0.0:
                out[i] -= factor * out[j]
                row, left = hessian[i, j + 1 : i + 1], column[j + 1 : i + 1]
                for k in range(len(row)):
                    row[k] -= factor * left[k]
    for j in range(p - 1, -1, -1):
        d, s = hessian[j, j], out[j]
        s = 0.0 if d == np.inf else s / d
        if d != np.inf:
            for i in range(j + 1, p):
                s -= hessian[i, j] / d * out[i]
        out[j] = s
    return least


@jit
def newton(
    rows: Rows, asked: Asked, distance: Distance, effort: Effort, lam: Array, g: Array
) -> tuple[Int, float, float]:
    """Maximise λ'T − Σ (d/q) G(q x'λ) − λ'Rλ/2, so that Σ d g x + Rλ = T.

    Parameters
    ----------
    rows, asked, distance, effort : Rows, Asked, Distance and Effort. lam : (p,) the start, changed in place. g : (K,) the result.

    Returns
    -------
    Steps, the largest gap over scale, recomputed from g, and the smallest pivot of any step (see `solve`). A step is taken where it
    raises the dual for sure (it still rises at the end of the step, and the dual is concave), or where the dual falls but little
    there and the gap shrinks.
    """
    p, inner, tol, max_iter = len(asked.total), effort.inner, effort.tol, effort.max_iter
    hessian, step, gap = np.empty((p, p)), np.empty(p), np.empty(p)
    start, column = np.full(p, -1.0), np.empty(inner)
    room = Room(step, np.empty(p), g, np.empty(len(rows.weight)), np.empty(p), np.empty(p))
    off = _look(lam, 0.0, rows, asked, distance, room)
    gap[:] = room.gap
    best, waited, pivot = off, 0, 1.0
    for iteration in range(max_iter):
        if off <= tol:
            return iteration, off, pivot
        _curve(rows, inner, asked.ridge, room.slope, column, hessian)
        for j in range(p):
            if start[j] < 0.0:
                start[j] = hessian[j, j]
        pivot = min(pivot, solve(hessian, gap, start, p - rows.z.shape[1], ROUNDING * _largest(room.sums), step))
        rise = _dot(step, gap)
        if not rise > 0.0:
            return iteration, off, pivot
        size, moved = 1.0, False
        for _ in range(60):
            off_there = _look(lam, size, rows, asked, distance, room)
            rise_there = _dot(step, room.gap)
            if rise_there >= 0.0 or (-rise_there <= 0.5 * rise and off_there < off):
                moved = off_there < np.inf
                break
            size *= 0.5
        while moved and rise_there > 0.9 * rise and size < 1e18:  # flat so far, as beyond a clip: go on
            size *= 2.0
            off_there = _look(lam, size, rows, asked, distance, room)
            rise_there = _dot(step, room.gap)
            if rise_there < 0.0:  # too far: the last size was good
                size *= 0.5
                off_there = _look(lam, size, rows, asked, distance, room)
        if not moved:
            return iteration, _look(lam, 0.0, rows, asked, distance, room), pivot
        lam[:], gap[:] = room.trial, room.gap
        off = off_there
        waited = 0 if off < 0.9 * best else waited + 1
        best = min(best, off)
        if waited > PATIENCE:
            return iteration + 1, off, pivot
    return max_iter, off, pivot


@jit
def _curve(rows, inner, ridge, slope, column, hessian):
    """Lower triangle (p, p) of the dual's curvature Σ d q F′ x x' + R."""
    hessian[:] = 0.0
    if inner > 0:
        dense_curvature(slope, rows.level, inner, column, hessian)
    else:
        curvature(slope, rows.level, rows.z, hessian)
    if len(ridge) > 0:
        hessian += ridge


@inline_jit
def _dot(a, b):
    """Σ a b in order."""
    total = 0.0
    for j in range(len(a)):
        total += a[j] * b[j]
    return total


@inline_jit
def _largest(sums):
    """The largest of the sums in size."""
    largest = 0.0
    for j in range(len(sums)):
        largest = max(largest, abs(sums[j]))
    return largest


@jit
def _look(lam, size, rows, asked, distance, room):
    """g and, in `room`, its slope, the totals and their gaps at λ + size × step; returns the largest gap over scale."""
    for j in range(len(lam)):
        room.trial[j] = lam[j] + size * room.step[j] if size > 0.0 else lam[j]
    achieve(rows, distance, room.trial, room.g, room.slope, room.sums)
    return _gap(asked, room.sums, room.trial, room.gap)


@inline_jit
def _gap(asked, sums, lam, gap):
    """T − Σ d g x − Rλ into `gap`; the largest over scale, where NaN is infinite."""
    total, ridge, scale = asked.total, asked.ridge, asked.scale
    p, worst, softened = len(total), 0.0, len(ridge) > 0
    for j in range(p):
        gap[j] = total[j] - sums[j]
        if softened:
            for i in range(p):
                gap[j] -= ridge[j, i] * lam[i]
        off = abs(gap[j]) / scale[j]
        if not off <= worst:
            worst = off if off == off else np.inf
    return worst
