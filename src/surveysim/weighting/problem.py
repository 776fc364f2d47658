"""A calibration as a problem on cells: rows collapsed, totals matched to levels; `solution` solves it by any distance."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from ..aliases import Column, Floats, Ints, Table, Truths
from ..errors import CalibrationError, DataError
from ..tables import called, numbers_of, rows_of
from .cells import MOST_FAULTS, Axis, Cells, axis_of, collapse, refuse_weights, with_all_faults
from .constraints import Constraints, LinearConstraints
from .levels import level_codes
from .margins import Margins


def base_weights(data: Table, weight: Column | None, n: int) -> Floats:
    """Initial weights (n,) from a column name, an array or None; finite, not negative, not all zero."""
    if weight is None:
        return np.ones(n)
    values, what = numbers_of(data, weight, n, "weight", finite=False), called("weight", weight)
    refuse_weights(values, what)
    if not values.max() > 0:
        raise DataError(f"{what}: all {n} weights are zero, so no total can be met.")
    return values


class Part(NamedTuple):
    """What is calibrated at a time: initial weights (K,) of cells or rows, scale factors (K,) or None, margin columns (K, M) ascending,
    cells per level of the first axis of a dense table (0 for other cells), numeric variables (K, Z), whose columns follow those of the
    margins."""

    weight: np.ndarray
    q: np.ndarray | None
    level: np.ndarray
    inner: int
    z: np.ndarray


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
    weight_name: str = "weight"

    @classmethod
    def of(cls, data: Table, targets: Margins, weight: Any) -> Self:
        """Code a table's columns to the margins' levels and collapse it; the faults of all margins come in one message."""
        try:
            return cls._of(data, targets, weight)
        except CalibrationError as error:
            raise CalibrationError(with_all_faults(str(error), data, targets)) from None

    @classmethod
    def _of(cls, data, targets, weight):
        n = rows_of(data)
        if n == 0:
            raise DataError("the table has no rows, so there is nothing to calibrate.")
        base = None if weight is None else numbers_of(data, weight, n, "weight", finite=False)
        axes = [axis_of(data, v, labels) for v, labels in zip(targets.variables, targets.labels, strict=True)]
        partition = None
        if targets.by is not None:
            partition = level_codes(data, (targets.by,), [(p,) for p in targets.partitions])
        what = called("weight", weight)
        cells = collapse(axes, partition, len(targets.partitions), base, n, targets.margin_names, what=what)
        # the cells know the codes, and arrays may be the caller's
        axes = [Axis(None, axis.place, axis.labels) for axis in axes]
        return cls(targets, axes, cells, base, n, weight_name=what)

    @property
    def on_cells(self) -> bool:
        """Whether the totals are those of categories, known exactly, and q = 1: a row then counts through its margin cell alone."""
        return self.z is None and self.q is None and self.covariance is None

    @cached_property
    def sums(self) -> Floats:
        """Initial weights by partition (P,), not all zero."""
        sums = np.add.reduceat(np.append(self.cells.weight, 0.0), self.cells.start[:-1])
        sums[np.diff(self.cells.start) == 0] = 0.0
        if not sums.sum() > 0:
            raise DataError(f"{self.weight_name}: all {self.n} weights are zero, so no total can be met.")
        return sums

    @cached_property
    def columns(self) -> Ints:
        """Column of the totals for every column of the constraints (W,); -1 where a level has no total."""
        first = self.targets.first
        place = np.concatenate([axis.place for axis in self.axes] + [np.arange(len(self.numeric))])
        start = np.repeat(first, [*(len(axis.place) for axis in self.axes), len(self.numeric)])
        return np.where(place < 0, -1, place + start)

    @cached_property
    def _matched(self):
        """Whether every column of the constraints has one of the totals, and every total a column."""
        return len(self.columns) == self.targets.first[-1] + len(self.numeric) and self.columns.min(initial=0) >= 0

    @cached_property
    def before(self) -> Floats:
        """Initial weights by partition and column (P, W), of the absolute values of numeric variables."""
        return self.sums_of(self.cells.weight, np.abs)

    def sums_of(self, weight: Floats, of: Callable[[Any], Any] = np.asarray) -> Floats:
        """Weights (K,) by partition and column (P, W)."""
        cells, width = self.cells, len(self.columns)
        if self.z is None:
            return cells.column_sums(width) if weight is cells.weight else cells.sums(weight, width)
        result = np.zeros((len(cells.start) - 1, width))
        if cells.level.shape[1]:
            result[:] = cells.sums(weight, width)
        z = of(self.z)
        with np.errstate(over="ignore", invalid="ignore"):
            for p, (a, b) in enumerate(pairwise(cells.start)):
                result[p, width - z.shape[1] :] = weight[a:b] @ z[a:b]
        return result

    def merged(self, image: Ints) -> "Problem":
        """The same problem with levels merged: column `image` (P, C) of the totals takes the place of each."""
        row, start, axes = self.cells.partition[self.cells.cell], 0, []
        for m, (axis, first, labels) in enumerate(
            zip(self.axes, self.targets.first, self.targets.labels, strict=False)
        ):
            own = self.cells.level[:, m][self.cells.cell] - start
            codes = image[row, axis.place[own] + first] - first
            axes.append(Axis(codes, np.arange(len(labels)), labels))
            start += len(axis.place)
        P = len(self.targets.partitions)
        what = self.weight_name
        cells = collapse(axes, row if P > 1 else None, P, self.base, self.n, self.targets.margin_names, what=what)
        return Problem(self.targets, axes, cells, self.base, self.n, weight_name=what)

    def reweighted(self, base: Floats) -> Self:
        """The same problem from other initial weights (n,)."""
        cells = replace(self.cells, weight=np.bincount(self.cells.cell, base, len(self.cells.weight)))
        return replace(self, cells=cells, base=base)

    def softened(self, covariance: Floats) -> Self:
        """The same problem with totals known with error; covariance (P, C + Z, C + Z) in the order of the totals."""
        wide = np.pad(covariance, ((0, 0), (0, 1), (0, 1)))  # the last column serves levels without a total
        return replace(self, covariance=wide[:, self.columns][:, :, self.columns])

    @cached_property
    def ridge(self) -> Floats:
        """What is added to the dual's curvature for totals with error, V / κ (P, W, W); see `calibrate`."""
        assert self.covariance is not None  # of totals known with error
        base = np.ones(self.n) if self.base is None else self.base
        row = self.cells.partition[self.cells.cell]
        sums, squares = (np.bincount(row, v, len(self.covariance)) for v in (base, base**2))
        kappa = np.divide(squares, sums, out=np.ones(len(sums)), where=sums > 0)
        return self.covariance / kappa[:, None, None]

    def in_axis_order(self, total: Floats) -> Floats:
        """Totals (P, C + Z) as (P, W); raises where levels and respondents do not match."""
        ordered = total[:, self.columns]
        if self._matched and not np.isnan(ordered).any() and (self.before > 0).all():
            return ordered  # every level has its total and its respondents
        ordered = np.where(self.columns < 0, np.nan, ordered)
        unseen = np.ones(total.shape[1], bool)
        unseen[self.columns[self.columns >= 0]] = False
        if unseen.any():
            lost = unseen & (np.nan_to_num(total) != 0)
            if lost.any():
                self._refuse_empty([(self.targets.name(int(c)), int(p), total[p, c]) for p, c in np.argwhere(lost)])
        seen, asked = self.before > 0, ~np.isnan(ordered)
        seen[:, len(self.columns) - len(self.numeric) :] &= asked[
            :, len(self.columns) - len(self.numeric) :
        ]  # None asks for nothing
        empty, lost = ~seen & asked & (ordered != 0), seen & ~asked
        if empty.any():
            self._refuse_empty([(self.name(w), p, ordered[p, w]) for p, w in np.argwhere(empty)])
        if lost.any():
            self.refuse_lost(lost, "no total")
        return ordered

    def _refuse_empty(self, levels):
        """Refuse levels [(name, partition, total)] that have a total and nobody."""
        words = [f"{_describe(*name)}{self.targets.where(p)}" for name, p, _ in levels]
        more = " …" if words[MOST_FAULTS:] else ""
        others = f" The others are {'; '.join(words[1:MOST_FAULTS])}{more}." if words[1:] else ""
        raise CalibrationError(
            f"{words[0]} has a total of {levels[0][2]:,.6g} but no respondents with weight ({len(levels)} such levels). Merge it with a "
            f"neighbour.{others}"
        )

    def refuse_lost(self, lost: Truths, what: str) -> None:
        """Refuse columns (P, W) that respondents are lost in, for what they have."""
        p, w = np.argwhere(lost)[0]
        raise CalibrationError(
            f"{_describe(*self.name(w))}{self.targets.where(p)} has {what} but respondents of weight "
            f"{self.before[p, w]:,.6g}. Add its total, merge it, or drop these respondents."
        )

    def name(self, w: int) -> tuple[Any, Any]:
        """Margin and level of a column of the constraints, for messages."""
        for variable, axis in zip(self.targets.margin_names, self.axes, strict=True):
            if w < len(axis.place):
                return variable, axis.labels[w] if len(axis.labels[w]) > 1 else axis.labels[w][0]
            w -= len(axis.place)
        return self.numeric[w], None

    def part(self, p: int) -> Part:
        """The cells of a partition."""
        cells = self.cells
        part = slice(cells.start[p], cells.start[p + 1])
        return Part(
            cells.weight[part],
            None if self.q is None else self.q[part],
            cells.level[part],
            0 if cells.shape is None else math.prod(cells.shape[2:]),
            np.empty((part.stop - part.start, 0)) if self.z is None else self.z[part],
        )

    def say(self, p: int) -> Callable[[Any], str]:
        """Describes columns of a partition, for messages."""
        return lambda w: _describe(*self.name(w)) + self.targets.where(p)

    def rows_in(self, first: int, hit: Truths) -> str:
        """Rows with weight of cells `first` + those that are hit, in words."""
        chosen = np.zeros(len(self.cells.weight), bool)
        chosen[first : first + len(hit)] = hit
        rows = chosen[self.cells.cell]
        if self.base is not None:
            rows &= self.base > 0
        return f"{int(rows.sum())} {'row' if rows.sum() == 1 else 'rows'} (the first is row {int(np.argmax(rows))})"

    def table(self, factor: Floats, total: Floats) -> pd.DataFrame:
        """Targets, sums before and after, and respondents by partition and level."""
        targets, (P, C) = self.targets, total.shape
        values = np.zeros((3, P, C + 1))
        for k, weight in enumerate((self.cells.weight, self.cells.weight * factor)):
            values[k][:, self.columns] += self.sums_of(weight)
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

    def respondents(self) -> Ints:
        """Rows with weight by partition and column (P, W)."""
        cells, P, width = self.cells, len(self.targets.partitions), len(self.columns)
        there = slice(None) if self.base is None else np.flatnonzero(self.base > 0)
        rows = np.bincount(cells.cell[there], minlength=len(cells.weight))
        result = np.repeat(np.bincount(cells.partition, rows, P)[:, None], width, axis=1)
        if cells.level.shape[1]:
            levels = width - len(self.numeric)
            result[:, :levels] = cells.sums(rows, width)[:, :levels]
        elif self.axes:  # clusters: the rows' own levels
            row = cells.partition[cells.cell][there]
            each = [np.bincount(row * len(x.place) + x.codes[there], minlength=P * len(x.place)) for x in self.axes]
            result[:, : width - len(self.numeric)] = np.concatenate([e.reshape(P, -1) for e in each], axis=1)
        return result.astype(np.int64)

    def links(self, factor: Floats, shared: Floats | None) -> tuple[Any, ...]:
        """The chain of a calibration with factors of the cells (K,), as `constraints`."""
        return (self.constraints(factor, shared),)

    def rows(self) -> tuple[Ints, Floats]:
        """Partition (n,) and calibration variables (n, W) of the rows."""
        cells = self.cells
        x = np.zeros((len(cells.weight), len(self.columns)))
        for column in cells.level.T:
            x[np.arange(len(x)), column] = 1.0
        if self.z is not None:
            x[:, x.shape[1] - self.z.shape[1] :] = self.z
        return cells.partition[cells.cell], x[cells.cell]

    def shares_of(self, total: Floats) -> Floats:
        """What totals (P, C) are of the initial weights of their partitions, (P, W)."""
        shape = len(self.sums), len(self.columns)
        given, sums = np.nan_to_num(self.in_axis_order(total)), self.sums[:, None]
        return np.divide(given, sums, out=np.zeros(shape), where=sums > 0)

    def constraints(self, factor: Floats, shared: Floats | None = None) -> Constraints | LinearConstraints:
        """The link of a calibration with factors of the cells (K,): rows in the cells that occur and cells in columns, or the rows'
        calibration variables. shared : (P, C) totals that were shares of the initial weights' sums."""
        cells, base = self.cells, np.ones(self.n) if self.base is None else self.base
        ridge, covariance = (None, None) if self.covariance is None else (self.ridge, self.covariance)
        if self.z is not None or self.q is not None:
            scale = 1.0 if self.q is None else self.q[cells.cell]
            return LinearConstraints(*self.rows(), base * scale, factor[cells.cell], ridge, covariance)
        present = np.flatnonzero(cells.weight > 0)
        place = np.zeros(len(cells.weight), np.int64)
        place[present] = np.arange(len(present))
        column = cells.level[present].astype(np.int64)
        shares = None if shared is None else self.shares_of(shared)
        given = (place[cells.cell], cells.partition[present], column, len(self.columns), base, factor[present])
        return Constraints(*given, ridge, covariance, shares)


def _describe(variable, level):
    """A constraint in words."""
    return f"{variable!r}" if level is None else f"margin {variable!r}, level {level!r}"
