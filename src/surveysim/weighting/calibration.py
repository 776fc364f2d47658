"""Calibration: move weights as little as needed to meet known population totals.

Sees respondents only, never the population, so it works unchanged on real data. Rows collapse to margin cells: one pass
codes them and sums their weights, the solve runs on cells, one pass writes the weights.
Notation follows Deville & Särndal (1992), JASA 87:376-382.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from ..errors import CalibrationError, DataError
from ..kernels import raking
from . import dual, rows
from .distances import Distance
from .margins import Margins, level_codes, pick

MOST_DENSE_CELLS = 5_000_000


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a calibration held fixed, for variance estimation: rows in margin cells, cells in columns of a partition."""

    cell: np.ndarray  # (n,) int64
    partition: np.ndarray  # (K,) int64 of each cell
    column: np.ndarray  # (K, M) int64, of `width` columns
    width: int
    base: np.ndarray  # (n,) weights before


@dataclass(frozen=True, slots=True)
class LinearConstraints:
    """The same for numeric totals or scale factors: the calibration variables of every row."""

    partition: np.ndarray  # (n,) int64
    x: np.ndarray  # (n, p)
    base: np.ndarray  # (n,) weights before, times q


class Calibration:
    """Calibrated weights and how they came about.

    Attributes
    ----------
    weight, g : (n,) final weights in the totals' unit, and their ratio to the initial ones.
    reading : "totals" or "shares", how the margins were read.
    converged : bool, always True (a calibration that does not converge raises).
    iterations : sweeps or steps, the most of any partition.
    max_gap : largest relative gap between a margin recomputed from `weight` and its total.
    deff_kish : 1 + cv² of the weights. margins : table partition, margin, level, target, before, after, respondents.
    constraints : what `Survey` needs to give the calibrated variance.

    `g`, `margins` and `constraints` may be given as functions; they are made when they are first asked for.
    """

    converged = True

    def __init__(self, weight, g, iterations, max_gap, margins, constraints, reading="totals"):
        self.reading = reading
        self.weight, self.iterations, self.max_gap = weight, iterations, max_gap
        self._g, self._margins, self._constraints = g, margins, constraints

    def __repr__(self):
        return f"<Calibration: {self.summary()}>"

    @cached_property
    def g(self):
        return self._g() if callable(self._g) else self._g

    @cached_property
    def margins(self):
        return self._margins() if callable(self._margins) else self._margins

    @cached_property
    def constraints(self):
        return self._constraints() if callable(self._constraints) else self._constraints

    @cached_property
    def deff_kish(self):
        return deff_kish(self.weight)

    @property
    def effective_n(self):
        """Respondents over `deff_kish`: the size of an equally weighted sample of the same precision."""
        return len(self.weight) / self.deff_kish

    def extreme(self, n=10):
        """The `n` largest weights: row, weight, g, share of the sum in percent."""
        row = np.argsort(-self.weight, kind="stable")[:n]
        share = 100 * self.weight[row] / self.weight.sum()
        return pd.DataFrame({"row": row, "weight": self.weight[row], "g": self.g[row], "share": share})

    def summary(self):
        """One line: steps, largest gap, range of g, Kish's design effect, effective n."""
        n = len(self.weight)
        return (
            f"calibrated {n:,} weights in {self.iterations} steps, largest gap {self.max_gap:.1e}; g from {self.g.min():.3f} to "
            f"{self.g.max():.3f}, Kish deff {self.deff_kish:.3f}, effective n {self.effective_n:,.0f}"
            + ("; margins read as shares of the initial weights' sum" if self.reading == "shares" else "")
        )

    def _repr_html_(self):
        from html import escape

        return f"<p>{escape(self.summary())}</p>" + self.margins.to_html(index=False, escape=True)


def deff_kish(weight):
    """Kish's (1965) design effect of weighting, 1 + cv² = n Σw² / (Σw)²."""
    weight = np.asarray(weight, dtype=float)
    return float(len(weight) * np.sum(weight**2) / np.sum(weight) ** 2)


def as_weights(data, weight, n):
    """Initial weights (n,) as float64 from a column name, an array or None, without looking at their values."""
    if weight is None:
        return np.ones(n)
    values = pick(data, weight) if isinstance(weight, str) else weight
    try:
        values = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"weight {weight if isinstance(weight, str) else 'array'!r} is not numeric: {error}.") from None
    if values.shape != (n,):
        raise DataError(f"weight has shape {values.shape}; the table has {n} rows.")
    return np.ascontiguousarray(values)


def base_weights(data, weight, n):
    """Initial weights (n,) from a column name, an array or None; finite, not negative, not all zero."""
    values = as_weights(data, weight, n)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        raise DataError(
            f"{int(bad.sum())} of {n} weights are missing, infinite or negative; the first is "
            f"{values[bad][0]!r} in row {int(np.argmax(bad))}."
        )
    if not values.sum() > 0:
        raise DataError(f"all {n} weights are zero, so no total can be met.")
    return values


def rake(data, margins, *, weight=None, by=None, bounds=None, margins_are=None, rescale=None, tol=1e-9, max_iter=1000):
    """Rake weights to the known totals of categorical margins.

    Parameters
    ----------
    data : DataFrame (pandas, polars or pyarrow) of n respondents, with every margin's column.
    margins : {column or tuple of columns: {level: total}}, or a tidy table with the columns variable, level, total; with
        `by`, {by level: margins} or a tidy table that has that column too.
    weight : column name or array (n,), what each respondent stands for, >= 0; None means 1.
    by : column of partitions, each raked on its own.
    bounds : (lower, upper) on g = raked / initial weight; None is none. Bounded raking clips the exponential distance.
    margins_are : "totals" or "shares" (of the base weights' sum); None: shares if every margin sums to 1 or 100.
    rescale : margin whose sum the others follow where totals disagree by more than 1e-6.
    tol : largest relative gap allowed between a weighted total and its target.
    max_iter : most sweeps.

    Returns
    -------
    Calibration, whose `weight` has shape (n,) in the unit of the totals; `data` is left untouched.

    Raises
    ------
    CalibrationError : a level has a total but no respondents, or respondents but no total; a raking variable is missing;
        margins disagree; `max_iter` leaves a gap above `tol`.
    DataError : a column is absent, weights are unusable, the margins are malformed.

    References
    ----------
    Deming & Stephan (1940), Ann. Math. Stat. 11:427-444; Deville, Särndal & Sautory (1993), JASA 88:1013-1020.
    """
    targets = Margins.parse(margins, by)
    check_solver(tol, max_iter)
    n = len(data)
    if n == 0:
        raise DataError("the table has no rows, so there is nothing to rake.")
    reading = targets.reading(margins_are, rescale)
    fast = None if bounds is not None else rake_rows(data, targets, weight, n, margins_are, rescale, tol, max_iter)
    if fast is not None:
        fast.reading = reading
        return fast
    base = base_weights(data, weight, n)
    partition = np.zeros(n, np.int64)
    if targets.by is not None:
        partition = level_codes(data, (targets.by,), [(p,) for p in targets.partitions])
    codes = (
        np.stack(
            [level_codes(data, variable, labels) for variable, labels in zip(targets.variables, targets.labels)], axis=1
        )
        + targets.first[:-1]
    )
    total = targets.as_totals(np.bincount(partition, base, len(targets.partitions)), margins_are, rescale)
    result = rake_codes(targets, partition, codes, base, total, tol, max_iter, bounds)
    result.reading = reading
    return result


def rake_rows(data, targets, weight, n, margins_are, rescale, tol, max_iter):
    """`rake` on dense cells straight from the table's codes, or None where another way is needed (or an error is worded)."""
    if targets.by is not None or any(len(v) > 1 for v in targets.variables):
        return None
    names = [v[0] for v in targets.variables]
    columns = [rows.coded(data, name) for name in names]
    base = None if weight is None else as_weights(data, weight, n)
    cells = rows.dense_cells(columns, base, n)
    if cells is None:
        return None
    index, table = cells
    whole = table.sum()
    if not whole > 0:
        return None
    total = targets.as_totals(np.array([whole]), margins_are, rescale)[0]
    first = targets.first
    parts = [total[x:y] for x, y in pairwise(first)]
    labels = [[label[0] for label in levels] for levels in targets.labels]
    totals = rows.axis_totals(table, columns, names, labels, parts)
    if totals is None:
        return None
    factor, sweeps, gap = rows.solve(table, totals, tol, max_iter)
    if not gap <= tol:
        return None
    flat = factor.ravel()
    start = np.concatenate([[0], np.cumsum(table.shape)]).astype(np.int64)

    def constraints():
        present = np.flatnonzero(table.ravel() > 0)
        place = np.zeros(table.size, np.int64)
        place[present] = np.arange(len(present))
        column = np.stack(np.unravel_index(present, table.shape), axis=1) + start[:-1]
        d = np.ones(n) if base is None else base
        return Constraints(place[index], np.zeros(len(present), np.int64), column, int(start[-1]), d)

    def margins():
        tables = []
        for axis, name in enumerate(names):
            other = tuple(a for a in range(table.ndim) if a != axis)
            present = {label: k for k, label in enumerate(columns[axis][1])}
            order = [present[label] for label in labels[axis] if label in present]
            tables.append(
                pd.DataFrame(
                    {
                        "partition": "",
                        "margin": name,
                        "level": [str(columns[axis][1][k]) for k in order],
                        "target": totals[axis][order],
                        "before": table.sum(axis=other)[order],
                        "after": (table * factor).sum(axis=other)[order],
                        "respondents": np.bincount(columns[axis][0], minlength=table.shape[axis])[order],
                    }
                )
            )
        return pd.concat(tables, ignore_index=True)

    return Calibration(rows.spread(index, flat, base, n), lambda: flat[index], sweeps, gap, margins, constraints)


def check_solver(tol, max_iter):
    """Refuse a tolerance or a number of sweeps under which anything would count as converged."""
    if not 0 < tol < 1:
        raise DataError(f"tol = {tol!r}: give a relative gap between 0 and 1, such as 1e-9.")
    if isinstance(max_iter, bool) or max_iter != int(max_iter) or max_iter < 1:
        raise DataError(f"max_iter = {max_iter!r}: give a whole number of sweeps, 1 or more.")


def rake_codes(targets, partition, codes, base, total, tol=1e-9, max_iter=1000, bounds=None):
    """Rake rows that are already coded: `codes` (n, M) are columns of `total` (P, C). See `rake`."""
    P, C = total.shape
    _check_support(targets, partition, codes, base, total)
    total = np.nan_to_num(total)
    cell, row_cell = _collapse(partition, codes, C)
    weight = np.bincount(row_cell, base, len(cell))
    order_start = np.searchsorted(cell[:, 0], np.arange(P + 1)).astype(np.int64)
    factor, sweeps, gap, worst = np.ones(len(cell)), np.zeros(P, np.int64), np.full(P, np.inf), np.zeros(P, np.int64)
    columns = np.ascontiguousarray(cell[:, 1:])
    if bounds is None:
        raking.rake(weight, columns, order_start, total, tol, max_iter, factor, sweeps, gap, worst)
    distance = Distance.of("raking", bounds)
    for p in np.flatnonzero(~(gap <= tol)):
        part = slice(order_start[p], order_start[p + 1])
        factor[part], steps, gap[p] = _by_newton(
            targets, p, weight[part], columns[part], total[p], distance, tol, max_iter, sweeps[p]
        )
        sweeps[p] += steps
    g = factor[row_cell]
    final = base * g
    return Calibration(
        final,
        g,
        int(sweeps.max(initial=0)),
        float(gap.max(initial=0.0)),
        lambda: _before_after(targets, partition, codes, base, final, total),
        Constraints(row_cell, cell[:, 0].copy(), np.ascontiguousarray(cell[:, 1:]), C, base),
    )


def _by_newton(targets, p, weight, column, total, distance, tol, max_iter, sweeps):
    """Newton's method on the dual, for bounds and where sweeping did not converge; it says which margins conflict."""
    use = np.flatnonzero(np.bincount(column.ravel(), minlength=len(total)) > 0)
    x = np.zeros((len(weight), len(total)))
    for m in range(column.shape[1]):
        x[np.arange(len(weight)), column[:, m]] = 1.0

    def say(j):
        variable, level = targets.name(int(use[j]))
        return f"margin {variable!r}, level {level!r}{targets._where(p)}"

    try:
        return dual.solve(x[:, use], weight, np.ones(len(weight)), total[use], distance, tol, max_iter, say)
    except CalibrationError as error:
        prefix = f"raking did not converge in {sweeps} sweeps, and " if sweeps else ""
        raise CalibrationError(f"{prefix}{error}") from None


def _collapse(partition, codes, C):
    """Margin cells (K, 1 + M) sorted by partition, and the cell of each row; dense mixed-radix codes where they fit."""
    low = codes.min(axis=0)
    radix = codes.max(axis=0) - low + 1
    size = (int(partition.max()) + 1) * int(np.prod(radix.astype(float)))
    if size > MOST_DENSE_CELLS:
        return np.unique(np.column_stack([partition, codes]), axis=0, return_inverse=True)
    index = partition.copy()
    for m in range(codes.shape[1]):
        index = index * radix[m] + (codes[:, m] - low[m])
    present = np.flatnonzero(np.bincount(index, minlength=size))
    row_cell = np.empty(size, np.int64)
    row_cell[present] = np.arange(len(present))
    grid = np.stack(np.unravel_index(present, (int(partition.max()) + 1, *radix)), axis=1)
    grid[:, 1:] += low
    return grid, row_cell[index]


def _check_support(targets, partition, codes, base, total):
    """Every level with a total needs respondents with weight, and every respondent's level a total."""
    P, C = total.shape
    rows = np.zeros((P, C))
    for m in range(codes.shape[1]):
        rows += np.bincount(partition * C + codes[:, m], base, P * C).reshape(P, C)
    empty = np.nan_to_num(total) > 0
    empty &= ~(rows > 0)
    if empty.any():
        p, c = np.argwhere(empty)[0]
        variable, level = targets.name(int(c))
        raise CalibrationError(
            f"margin {variable!r}, level {level!r}{targets._where(p)} has a total of {total[p, c]:,.6g} but no "
            f"respondents with weight ({int(empty.sum())} such levels). Merge it with a neighbour."
        )
    lost = (rows > 0) & ~(np.nan_to_num(total) > 0)
    if lost.any():
        p, c = np.argwhere(lost)[0]
        variable, level = targets.name(int(c))
        value = "no total" if np.isnan(total[p, c]) else "a total of 0"
        raise CalibrationError(
            f"margin {variable!r}, level {level!r}{targets._where(p)} has {value} but respondents of weight "
            f"{rows[p, c]:,.6g}. Add its total, merge it, or drop these respondents."
        )


def _before_after(targets, partition, codes, base, final, total):
    P, C = total.shape
    sums = np.zeros((3, P * C))
    for m in range(codes.shape[1]):
        at = partition * C + codes[:, m]
        for k, values in enumerate((base, final, None)):
            sums[k] += np.bincount(at, values, P * C)
    names = [targets.name(c) for c in range(C)]
    return pd.DataFrame(
        {
            "partition": np.repeat(["" if p is None else str(p) for p in targets.partitions], C),
            "margin": [name for name, _ in names] * P,
            "level": [str(level) for _, level in names] * P,
            "target": total.ravel(),
            "before": sums[0],
            "after": sums[1],
            "respondents": sums[2].astype(np.int64),
        }
    )
