"""Raking a large table: one pass codes rows into dense cells and sums their weights, one pass writes the weights.

Serves the common case, single-column margins without partitions whose cells fit a dense table; everything else goes through
`calibration.rake_codes`. Threads take fixed blocks of rows, merged in order, so that the result does not depend on them.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from ..errors import CalibrationError, DataError
from ..kernels import raking
from .margins import pick

MOST_CELLS = 400_000
CHUNK = 262_144  # rows a thread takes at a time; a smaller table is one chunk
_POOL = None


def coded(data, name):
    """Codes (n,) and labels of a column; a pandas categorical's codes are not copied, -1 is missing."""
    series = pick(data, name)
    if isinstance(series.dtype, pd.CategoricalDtype):
        return series.array.codes, series.array.categories.tolist()
    codes, labels = pd.factorize(series, sort=False)
    return codes, labels.tolist()


def dense_cells(columns, weight, n):
    """Cell of every row (n,) int32 and the sums of weights by cell, shaped by the columns' numbers of labels.

    Returns None where the cells would not fit, or a code is missing, or the number of columns is beyond what pays.
    """
    shape = tuple(max(len(labels), 1) for _, labels in columns)
    if (
        np.prod(np.array(shape, dtype=float)) > MOST_CELLS
        or len(columns) > 12
        or any(c.min(initial=0) < 0 for c, _ in columns)
    ):
        return None
    kind = np.result_type(*[codes.dtype for codes, _ in columns])
    codes = tuple(np.ascontiguousarray(codes, dtype=kind) for codes, _ in columns)
    index, radix = np.empty(n, np.int32), np.array(shape, np.int32)
    weighted = weight is not None
    values = weight if weighted else np.empty(0)
    starts = range(0, n, CHUNK)
    sums = np.zeros((len(starts), int(np.prod(shape))))
    bad = _each(starts, n, lambda k, a, b: raking.collapse(codes, radix, values, weighted, a, b, index, sums[k]))
    if sum(bad):
        wrong = ~((weight >= 0) & (weight < np.inf))
        raise DataError(
            f"{sum(bad)} of {n} weights are missing, infinite or negative; the first is {weight[wrong][0]!r} in row "
            f"{int(np.argmax(wrong))}."
        )
    return index, sums.sum(axis=0).reshape(shape) if len(sums) > 1 else sums[0].reshape(shape)


def spread(index, factor, weight, n):
    """Weights (n,) from the factors of cells."""
    out, weighted = np.empty(n), weight is not None
    values = weight if weighted else np.empty(0)
    _each(range(0, n, CHUNK), n, lambda k, a, b: raking.spread(index, factor, values, weighted, a, b, out))
    return out


def _each(starts, n, work):
    """Run `work(k, first, last)` on every chunk; by threads when there are several chunks and cores."""
    global _POOL
    jobs = [(k, a, min(a + CHUNK, n)) for k, a in enumerate(starts)]
    if len(jobs) == 1 or (os.cpu_count() or 1) == 1:
        return [work(*job) for job in jobs]
    if _POOL is None:
        _POOL = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="surveysim-rows")
    return list(_POOL.map(lambda job: work(*job), jobs))


def solve(table, totals, tol, max_iter):
    """Factors by cell of a dense table, its axes in margin order; sweeps and gap. `totals` are arrays per axis.

    The axis with most levels leads, because a sweep is then two products with a long and thin table.
    """
    lead = int(np.argmax(table.shape))
    other = [a for a in range(table.ndim) if a != lead]
    flat = np.ascontiguousarray(np.moveaxis(table, lead, 0)).reshape(table.shape[lead], -1)
    first = np.concatenate([[0], np.cumsum([table.shape[a] for a in other])]).astype(np.int64)
    grid = (
        np.indices([table.shape[a] for a in other]).reshape(len(other), -1).T if other else np.zeros((1, 0), np.int64)
    )
    level = np.ascontiguousarray(grid + first[:-1][None, :]).astype(np.int64)
    total = np.concatenate([totals[a] for a in other]) if other else np.zeros(0)
    lead_factor, rest = np.ones(flat.shape[0]), np.ones(flat.shape[1])
    sweeps, gap = raking.rake_table(flat, totals[lead], level, total, tol, max_iter, lead_factor, rest)
    with np.errstate(over="ignore", invalid="ignore"):  # of factors that did not converge; the gap tells
        factor = np.multiply.outer(lead_factor, rest).reshape([table.shape[lead], *[table.shape[a] for a in other]])
    return np.ascontiguousarray(np.moveaxis(factor, 0, lead)), int(sweeps), float(gap)


def axis_totals(table, columns, names, labels, totals):
    """Totals of each axis in the order of the data's labels, after checking that levels and totals match."""
    result = []
    for axis, ((_, present), name, known, total) in enumerate(zip(columns, names, labels, totals, strict=True)):
        sums = table.sum(axis=tuple(a for a in range(table.ndim) if a != axis))
        target = dict(zip(known, total, strict=True))
        axis_total = np.zeros(len(sums))
        for k, label in enumerate(present):
            axis_total[k] = target.pop(label, 0.0)
        lost = (sums > 0) & (axis_total == 0)
        if lost.any() or any(value > 0 for value in target.values()):
            return None  # the slower path words the error
        empty = (axis_total > 0) & (sums == 0)
        if empty.any():
            k = int(np.argmax(empty))
            raise CalibrationError(
                f"margin {name!r}, level {present[k]!r} has a total of {axis_total[k]:,.6g} but no respondents with weight "
                f"({int(empty.sum())} such levels). Merge it with a neighbour."
            )
        result.append(axis_total)
    return result
