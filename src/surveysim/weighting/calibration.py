"""Calibration: move weights as little as needed to meet known population totals.

Sees respondents only, never the population, so it works unchanged on real data. Rows collapse to margin cells: one pass
codes them and sums their weights, the solve runs on cells, one pass writes the weights.
Notation follows Deville & Särndal (1992), JASA 87:376-382.
"""

import warnings
import weakref
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from ..errors import CalibrationError, DataError, SurveysimWarning
from . import solver
from .cells import Axis, Cells, axis_of, collapse, refuse_weights, spread
from .constraints import Constraints, LinearConstraints
from .distances import Distance
from .margins import Margins, level_codes, numbers_of, rows_of

DOMINANT = 0.25  # share of all weight above which one respondent is warned of, if it is also
TIMES_MEAN = 2.5  # this many times the mean weight


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

    rescaled : {margin: factor} of the margins that were made to follow another one.

    `g`, `margins` and `constraints` may be given as functions; they are made when they are first asked for.
    """

    converged = True

    def __init__(self, weight, g, iterations, max_gap, margins, constraints, reading="totals"):
        self.reading = reading
        self.weight, self.iterations, self.max_gap = weight, iterations, max_gap
        remember(weight)
        self._g, self._margins, self._constraints = g, margins, constraints
        self.rescaled, self.least = {}, 0.0
        self.problem = self.total = self.distance = self.tol = self.max_iter = None

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

    def deff_henry(self, y):
        """Henry and Valliant's design effect of calibrated weights for one variable, y (n,).

        The variance of the calibrated total under single-stage sampling with replacement, n/(n-1) Σ (w u)² about its mean,
        over that of an expanded simple random sample, N̂² s² / n. u are residuals on the calibration variables, so that a
        variable the margins explain has a small one, whatever Kish's factor says (Henry & Valliant 2015, Surv. Methodol.
        41:315-331).
        """
        y, w = np.asarray(y, dtype=float), self.weight
        if y.shape != w.shape or not np.all(np.isfinite(y)):
            raise DataError(f"y needs {len(w)} finite numbers, one per weight.")
        n, N = len(y), w.sum()
        u = w * self.constraints.residuals(y[None, :].copy())[0][0]
        spread = n / (n - 1) * np.sum(w * (y - np.sum(w * y) / N) ** 2) / N
        if not spread > 0:
            raise DataError("y does not vary, so it has no design effect.")
        return float(n / (n - 1) * np.sum((u - u.mean()) ** 2) / (N**2 * spread / n))

    def base(self, n):
        """Initial weights (n,)."""
        return self._repeatable().base if self.problem.base is not None else np.ones(n)

    @property
    def on_cells(self):
        """Whether the calibration depends on a row through its margin cell alone."""
        return (
            self.problem is not None
            and self.problem.z is None
            and self.problem.q is None
            and self.problem.covariance is None
        )

    def again(self, base):
        """Weights (n,) of the same calibration from other initial weights, for replicates."""
        problem = self._repeatable().reweighted(base)
        total = self.total
        if self.reading == "shares":
            total = total * (problem.sums / self.problem.sums)[:, None]
        factor, _, _ = problem.solve(total, self.distance, self.tol, self.max_iter)
        return base * factor[problem.cells.cell]

    def _repeatable(self):
        if self.problem is None:
            raise DataError(
                "weights trimmed after a calibration cannot be repeated in replicates by themselves; apply their recipe."
            )
        return self.problem

    def add_to(self, data, name="calibrated_weight"):
        """A copy of the table, of its own kind (pandas, polars, pyarrow), with the weights as a further column."""
        import narwhals as nw

        frame = nw.from_native(data, eager_only=True)
        if len(frame) != len(self.weight):
            raise DataError(f"the table has {len(frame)} rows; there are {len(self.weight)} weights.")
        if name in frame.columns:
            raise DataError(f"the table has a column {name!r} already; give another name.")
        column = nw.new_series(name, self.weight, backend=frame.implementation)
        if frame.implementation.is_pandas():
            return data.assign(**{name: self.weight})
        return frame.with_columns(column).to_native()

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
            + "".join(f"; {name} rescaled by {factor:.6g}" for name, factor in self.rescaled.items())
        )

    def _repr_html_(self):
        from html import escape

        return f"<p>{escape(self.summary())}</p>" + self.margins.to_html(index=False, escape=True)


_BARE = {}  # id of an array of calibrated weights → weak reference to it


def remember(weight):
    """Know an array of calibrated weights again, so that `Survey` can warn where it comes alone."""
    key = id(weight)
    _BARE[key] = weakref.ref(weight, lambda _: _BARE.pop(key, None))


def warn_if_bare(weight, stacklevel=3):
    """Warn once where calibrated weights arrive as a bare array, without the constraints their variance needs."""
    known = _BARE.get(id(weight))
    if known is not None and known() is weight:
        _BARE.pop(id(weight))
        warnings.warn(
            "these weights were taken out of a Calibration, so the standard errors will ignore that they were calibrated. Pass the "
            "Calibration (or the Weights of a recipe) itself as weight=.",
            SurveysimWarning,
            stacklevel=stacklevel,
        )


def deff_kish(weight):
    """Kish's (1965) design effect of weighting, 1 + cv² = n Σw² / (Σw)²."""
    weight = np.asarray(weight, dtype=float)
    return float(len(weight) * np.sum(weight**2) / np.sum(weight) ** 2)


def base_weights(data, weight, n):
    """Initial weights (n,) from a column name, an array or None; finite, not negative, not all zero."""
    values = np.ones(n) if weight is None else numbers_of(data, weight, n, "weight")
    refuse_weights(values)
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
    rescale : margin whose sum the others follow where totals disagree by more than 1e-6; `rescaled` reports the factors.
    tol : largest relative gap allowed between a weighted total and its target.
    max_iter : most sweeps, and most Newton steps where sweeping is slow.

    Returns
    -------
    Calibration, whose `weight` has shape (n,) in the unit of the totals; `data` is left untouched.

    Raises
    ------
    CalibrationError : a level has a total but no respondents, or respondents but no total; a raking variable is missing;
        margins disagree or are impossible together; `max_iter` leaves a gap above `tol`.
    DataError : a column is absent, weights are unusable, the margins are malformed.

    References
    ----------
    Deming & Stephan (1940), Ann. Math. Stat. 11:427-444; Deville, Särndal & Sautory (1993), JASA 88:1013-1020.
    """
    targets = Margins.parse(margins, by)
    check_solver(tol, max_iter)
    reading = targets.reading(margins_are, rescale)
    problem = Problem.of(data, targets, weight)
    if reading == "totals" and margins_are is None and rescale is None:
        targets.refuse_near_shares(problem.sums)
    total, factor = targets.as_totals(problem.sums, reading, rescale)
    result = problem.calibrate(total, Distance.of("raking", bounds), tol, max_iter, reading)
    if rescale is not None:
        result.rescaled = {
            name: float(f) for name, f in zip(targets.margin_names, factor[0], strict=True) if abs(f - 1) > 1e-12
        }
    return result


def rake_coded(codes, totals, weight=None, *, out=None, scratch=None, tol=1e-9, max_iter=1000):
    """Rake rows that are coded already: the same solver without a table, for simulations and services.

    Parameters
    ----------
    codes : sequence of integer arrays (n,), 0 .. levels - 1, one per margin. totals : sequence of arrays (levels,).
    weight : float64 array (n,) or None for ones. out : float64 (n,) to put the weights in. scratch : int32 (n,) to put the
        rows' cells in. Fresh memory costs more than the arithmetic, so repeated calls should bring both.

    Returns
    -------
    Weights (n,): `out`, when it is given.

    Raises
    ------
    CalibrationError, DataError : as `rake`.
    """
    check_solver(tol, max_iter)
    if len(codes) == 0 or len(codes) != len(totals):
        raise DataError(
            f"codes has {len(codes)} columns and totals {len(totals)}; give one array of totals for every column."
        )
    codes = [np.asarray(column) for column in codes]
    n = len(codes[0]) if codes[0].ndim == 1 else 0
    if n == 0:
        raise DataError("codes has no rows, so there is nothing to rake.")
    for m, column in enumerate(codes):
        if column.shape != (n,) or column.dtype.kind not in "iu" or not column.dtype.isnative:
            raise DataError(
                f"codes[{m}] is {column.dtype} of shape {column.shape}; give native integers of shape ({n},)."
            )
    for what, buffer, kind in (("out", out, np.float64), ("scratch", scratch, np.int32)):
        if buffer is not None and not (
            isinstance(buffer, np.ndarray) and buffer.shape == (n,) and buffer.dtype == kind
            and buffer.flags.c_contiguous and buffer.flags.writeable
        ):  # fmt: skip
            raise DataError(f"{what} must be a writable contiguous array of {n} {np.dtype(kind).name}.")
    weight = None if weight is None else numbers_of(None, np.asarray(weight), n, "weight")
    names = [f"{m + 1}" for m in range(len(codes))]
    parts = [np.asarray(t, dtype=float) for t in totals]
    if not all(t.ndim == 1 and len(t) and np.isfinite(t).all() and (t >= 0).all() for t in parts):
        raise CalibrationError("totals must be arrays of finite numbers, 0 or larger, one for every level.")
    labels = tuple(tuple((k,) for k in range(len(t))) for t in parts)
    targets = Margins(None, (None,), tuple((name,) for name in names), labels, np.concatenate(parts)[None, :])
    axes = [Axis(c, np.arange(len(t)), known) for c, t, known in zip(codes, parts, labels, strict=True)]
    cells = collapse(axes, None, 1, weight, n, names, scratch)
    problem = Problem(targets, axes, cells, weight, n)
    total, _ = targets.as_totals(problem.sums, "totals")
    factor, _, _ = problem.solve(total, Distance.of("raking", None), tol, max_iter)
    return spread(cells.cell, factor, weight, n, out)[0]


def check_solver(tol, max_iter):
    """Refuse a tolerance or a number of sweeps under which anything would count as converged."""
    number = int | float | np.number
    if not isinstance(tol, number) or isinstance(tol, bool) or not 0 < tol < 1:
        raise DataError(f"tol = {tol!r}: give a relative gap between 0 and 1, such as 1e-9.")
    if not isinstance(max_iter, number) or isinstance(max_iter, bool) or not 1 <= max_iter < np.inf or max_iter % 1:
        raise DataError(f"max_iter = {max_iter!r}: give a whole number of sweeps, 1 or more.")


@dataclass(frozen=True)
class Problem:
    """Rows of a table collapsed to cells, ready to be calibrated by any distance.

    Columns of constraints are in the order of the axes' own codes, then the numeric variables; `columns` says where each
    stands in the targets. `z` (K, Z) are numeric variables of the cells, `q` (K,) scale factors; where cells are clusters, `z`
    holds the means of all columns and `cells.level` none. `covariance` (P, W, W) is that of the totals.
    """

    targets: Margins
    axes: list
    cells: Cells
    base: np.ndarray | None
    n: int
    numeric: tuple = ()
    z: np.ndarray | None = None
    q: np.ndarray | None = None
    covariance: np.ndarray | None = None

    @classmethod
    def of(cls, data, targets, weight):
        """Code a table's columns to the margins' levels and collapse it."""
        n = rows_of(data)
        if n == 0:
            raise DataError("the table has no rows, so there is nothing to calibrate.")
        base = None if weight is None else numbers_of(data, weight, n, "weight")
        axes = [axis_of(data, v, labels) for v, labels in zip(targets.variables, targets.labels, strict=True)]
        partition = None
        if targets.by is not None:
            partition = level_codes(data, (targets.by,), [(p,) for p in targets.partitions])
        cells = collapse(axes, partition, len(targets.partitions), base, n, targets.margin_names)
        return cls(targets, axes, cells, base, n)

    @cached_property
    def sums(self):
        """Initial weights by partition (P,), not all zero."""
        sums = np.add.reduceat(np.append(self.cells.weight, 0.0), self.cells.start[:-1])
        sums[np.diff(self.cells.start) == 0] = 0.0
        if not sums.sum() > 0:
            raise DataError(f"all {self.n} weights are zero, so no total can be met.")
        return sums

    @cached_property
    def columns(self):
        """Column of the totals for every column of the constraints (W,); -1 where a level has no total."""
        first = self.targets.first
        place = np.concatenate([axis.place for axis in self.axes] + [np.arange(len(self.numeric))])
        start = np.repeat(first, [*(len(axis.place) for axis in self.axes), len(self.numeric)])
        return np.where(place < 0, -1, place + start)

    @cached_property
    def before(self):
        """Initial weights by partition and column (P, W), of the absolute values of numeric variables."""
        return self._sums(self.cells.weight, np.abs)

    def _sums(self, weight, of=np.asarray):
        """Weights (K,) by partition and column (P, W)."""
        cells, width = self.cells, len(self.columns)
        if self.z is None:
            return cells.column_sums(width) if weight is cells.weight else cells.sums(weight, width)
        result = np.zeros((len(cells.start) - 1, width))
        if cells.level.shape[1]:
            result[:] = cells.sums(weight, width)
        z = of(self.z)
        for p, (a, b) in enumerate(pairwise(cells.start)):
            result[p, width - z.shape[1] :] = weight[a:b] @ z[a:b]
        return result

    def merged(self, image):
        """The same problem with levels merged: column `image` (P, C) of the totals takes the place of each."""
        row = self.cells.partition[self.cells.cell]
        axes = []
        for axis, first, labels in zip(self.axes, self.targets.first, self.targets.labels, strict=False):
            codes = image[row, axis.place[axis.codes] + first] - first
            axes.append(Axis(codes, np.arange(len(labels)), labels))
        P = len(self.targets.partitions)
        cells = collapse(axes, row if P > 1 else None, P, self.base, self.n, self.targets.margin_names)
        return Problem(self.targets, axes, cells, self.base, self.n)

    def reweighted(self, base):
        """The same problem from other initial weights (n,)."""
        cells = replace(self.cells, weight=np.bincount(self.cells.cell, base, len(self.cells.weight)))
        return replace(self, cells=cells, base=base)

    def softened(self, covariance):
        """The same problem with totals known with error; covariance (P, C + Z, C + Z) in the order of the totals."""
        wide = np.pad(covariance, ((0, 0), (0, 1), (0, 1)))  # the last column serves levels without a total
        return replace(self, covariance=wide[:, self.columns][:, :, self.columns])

    @cached_property
    def ridge(self):
        """What is added to the dual's curvature for totals with error, V / κ (P, W, W); see `calibrate`."""
        base = np.ones(self.n) if self.base is None else self.base
        row = self.cells.partition[self.cells.cell]
        sums, squares = (np.bincount(row, v, len(self.covariance)) for v in (base, base**2))
        kappa = np.divide(squares, sums, out=np.ones(len(sums)), where=sums > 0)
        return self.covariance / kappa[:, None, None]

    def in_axis_order(self, total):
        """Totals (P, C + Z) as (P, W); raises where levels and respondents do not match."""
        ordered = np.where(self.columns < 0, np.nan, total[:, self.columns])
        unseen = np.ones(total.shape[1], bool)
        unseen[self.columns[self.columns >= 0]] = False
        if unseen.any():
            lost = unseen & (np.nan_to_num(total) != 0)
            for p, c in np.argwhere(lost)[:1]:
                self._refuse_empty(self.targets.name(int(c)), int(p), total[p, c], int(lost.sum()))
        seen, asked = self.before > 0, ~np.isnan(ordered)
        seen[:, len(self.columns) - len(self.numeric) :] &= asked[
            :, len(self.columns) - len(self.numeric) :
        ]  # None asks for nothing
        empty, lost = ~seen & asked & (ordered != 0), seen & ~asked
        if empty.any():
            p, w = np.argwhere(empty)[0]
            self._refuse_empty(self.name(w), p, ordered[p, w], int(empty.sum()))
        if lost.any():
            self._refuse_lost(lost, "no total")
        return ordered

    def _refuse_empty(self, name, p, total, levels):
        raise CalibrationError(
            f"{_describe(*name)}{self.targets.where(p)} has a total of {total:,.6g} but no respondents with weight "
            f"({levels} such levels). Merge it with a neighbour."
        )

    def _refuse_lost(self, lost, what):
        p, w = np.argwhere(lost)[0]
        raise CalibrationError(
            f"{_describe(*self.name(w))}{self.targets.where(p)} has {what} but respondents of weight "
            f"{self.before[p, w]:,.6g}. Add its total, merge it, or drop these respondents."
        )

    def name(self, w):
        """Margin and level of a column of the constraints, for messages."""
        for variable, axis in zip(self.targets.margin_names, self.axes, strict=True):
            if w < len(axis.place):
                return variable, axis.labels[w] if len(axis.labels[w]) > 1 else axis.labels[w][0]
            w -= len(axis.place)
        return self.numeric[w], None

    def solve(self, total, distance, tol, max_iter):
        """Factors of the cells (K,), most steps and largest gap; total (P, C). Raking sweeps first."""
        ordered = self.in_axis_order(total)
        cells, P = self.cells, len(total)
        factor, steps, gap = np.ones(len(cells.weight)), np.zeros(P, np.int64), np.full(P, np.inf)
        levels = len(self.columns) - len(self.numeric)
        if distance.lower >= 0 and self.covariance is None and np.any(ordered[:, :levels] < 0):
            p, w = np.argwhere(ordered[:, :levels] < 0)[0]
            raise CalibrationError(
                f"{_describe(*self.name(w))}{self.targets.where(p)} has a total of {ordered[p, w]:,.6g}, which weights that are "
                f'not negative cannot sum to. Mend it, or use method="linear".'
            )
        plain = self.z is None and self.q is None and self.covariance is None
        if distance.method == "raking" and plain:
            if np.any((self.before > 0) & (ordered == 0)):
                self._refuse_lost((self.before > 0) & (ordered == 0), "a total of 0")
            factor, steps, gap = solver.sweep(cells, ordered, tol, max_iter)
        for p in np.flatnonzero(~(gap <= tol)):
            part = slice(cells.start[p], cells.start[p + 1])
            if part.start == part.stop and not np.nan_to_num(ordered[p]).any():
                gap[p] = 0.0
                continue
            where = self.targets.where(p)
            try:
                factor[part], newton, gap[p] = solver.newton(
                    cells.weight[part],
                    None if self.q is None else self.q[part],
                    cells.level[part],
                    0 if cells.shape is None else int(np.prod(cells.shape[2:])),
                    np.empty((part.stop - part.start, 0)) if self.z is None else self.z[part],
                    ordered[p],
                    distance,
                    tol,
                    max_iter,
                    lambda j, where=where: _describe(*self.name(j)) + where,
                    None if self.covariance is None else self.ridge[p],
                )
            except CalibrationError as error:
                prefix = f"raking did not converge in {steps[p]} sweeps, and " if steps[p] else ""
                raise CalibrationError(f"{prefix}{error}") from None
            steps[p] += newton
        return factor, int(steps.max()), float(gap.max())

    def calibrate(self, total, distance, tol, max_iter, reading="totals"):
        """Calibrate to totals (P, C), which come from shares of the initial weights' sums if that is the `reading`."""
        factor, steps, gap = self.solve(total, distance, tol, max_iter)
        weight, largest = spread(self.cells.cell, factor, self.base, self.n)
        least = 0.0
        if distance.lower < 0:
            largest, least = float(weight.max()), float(factor[self.cells.weight > 0].min())
        elif self.base is None:
            largest = float(factor[self.cells.weight > 0].max())  # factors of empty cells mean nothing
        warn_of_dominance(weight, largest, float(np.einsum("i,i->", self.cells.weight, factor)))
        result = Calibration(
            weight,
            lambda: factor[self.cells.cell],
            steps,
            gap,
            lambda: self.table(factor, total),
            lambda: self.constraints(total if reading == "shares" else None),
            reading,
        )
        result.least = least
        result.problem, result.total, result.distance, result.tol, result.max_iter = (
            self,
            total,
            distance,
            tol,
            max_iter,
        )
        return result

    def table(self, factor, total):
        """Targets, sums before and after, and respondents by partition and level."""
        targets, (P, C) = self.targets, total.shape
        values = np.zeros((3, P, C + 1))
        for k, weight in enumerate((self.cells.weight, self.cells.weight * factor)):
            values[k][:, self.columns] += self._sums(weight)
        values[2][:, self.columns] += self.respondents()
        width = targets.total.shape[1]
        names = [targets.name(c) for c in range(width)] + [(name, "") for name in self.numeric]
        before, after, respondents = (v[:, :C].ravel() for v in values)
        return pd.DataFrame(
            {
                "partition": np.repeat(["" if p is None else str(p) for p in targets.partitions], C),
                "margin": [name for name, _ in names] * P,
                "level": [str(level) for _, level in names] * P,
                "target": total.ravel(),
                "before": before,
                "after": after,
                "respondents": respondents.astype(np.int64),
            }
        )

    def respondents(self):
        """Rows by partition and column (P, W)."""
        P, row = len(self.targets.partitions), self.cells.partition[self.cells.cell]
        parts = [
            np.bincount(row * len(x.place) + x.codes, minlength=P * len(x.place)).reshape(P, -1) for x in self.axes
        ]
        return np.concatenate(
            [*parts, np.repeat(np.bincount(row, minlength=P)[:, None], len(self.numeric), axis=1)], axis=1
        )

    def constraints(self, shared=None):
        """Rows in the cells that occur and cells in columns, or the rows' calibration variables, for variance estimation."""
        cells, base = self.cells, np.ones(self.n) if self.base is None else self.base
        softness = () if self.covariance is None else (self.ridge, self.covariance)
        if self.z is not None or self.q is not None:
            x = np.zeros((len(cells.weight), len(self.columns)))
            for column in cells.level.T:
                x[np.arange(len(x)), column] = 1.0
            x[:, x.shape[1] - self.z.shape[1] :] = self.z
            scale = 1.0 if self.q is None else self.q[cells.cell]
            return LinearConstraints(cells.partition[cells.cell], x[cells.cell], base * scale, *softness)
        present = np.flatnonzero(cells.weight > 0)
        place = np.zeros(len(cells.weight), np.int64)
        place[present] = np.arange(len(present))
        column = cells.level[present].astype(np.int64)
        shares = None
        if shared is not None:
            sums = self.sums[:, None]
            shares = np.divide(
                np.nan_to_num(self.in_axis_order(shared)),
                sums,
                out=np.zeros((len(sums), len(self.columns))),
                where=sums > 0,
            )
        known = softness or (None, None)
        return Constraints(place[cells.cell], cells.partition[present], column, len(self.columns), base, *known, shares)


def _describe(variable, level):
    """A constraint in words."""
    return f"{variable!r}" if level is None else f"margin {variable!r}, level {level!r}"


def warn_of_dominance(weight, largest, whole):
    """Say so where one respondent stands for a large part of everybody."""
    share = largest / whole if whole > 0 else 0.0
    if share >= DOMINANT and share * len(weight) >= TIMES_MEAN:
        deff = deff_kish(weight)
        warnings.warn(
            f"one respondent (row {int(np.argmax(weight))}) carries {100 * share:.3g} % of all weight: Kish deff {deff:.3g}, "
            f"effective n {len(weight) / deff:,.1f} of {len(weight):,}. Check that row, merge levels, or bound g.",
            SurveysimWarning,
            stacklevel=4,
        )
