"""Totals of the cells of many tables, and deviations whose squares are their covariances: one pass over the rows for each table.

What is made of cells later, such as percentages of columns, their differences and tests, is small: it needs the totals and the
deviations alone, whatever the design and the adjustments of the weights are.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..aliases import Array, Floats, Ints
from ..errors import DesignError
from ..kernels import matrices
from ..kernels import variance as kernels
from ..weighting.constraints import Constraints
from .linearization import Design
from .replication import Replication
from .scores import NONE, Block
from .stage import Stage

MOST = 40_000_000  # numbers of replicates kept at a time
MANY = 4  # deviations of many units, for each cell, that are worth being made fewer
ROUNDING = 1e-14  # of the largest variance, what another one may be by rounding
WIDEST = 2_000  # columns of margins, times their partitions, whose cross-products are kept


@dataclass(frozen=True)
class Ask:
    """A table's cells: `group` (n,) int32 is the cell 0 .. cells - 1 of each row, -1 in none; y (n,) a number of theirs, or None."""

    group: np.ndarray
    cells: int
    y: np.ndarray | None = None


@dataclass(frozen=True)
class Found:
    """What the cells of one table sum to. Parts of it are sums of cells, asked for by 0/1 matrices with a row for each cell.

    Attributes
    ----------
    value : (B D,) totals of the weights (B = 1), or of y and then of the weights (B = 2).
    spread : (S, B D) deviations, whose sums of products are covariances; of replicates their values, with `scale` (S,) and `mse`.
    count, squares : (D,) rows of weight, and the sums of squares of weights.
    tally : (U, D) rows by sampling unit, or by stratum where every row is a unit of its own.
    """

    value: np.ndarray
    spread: np.ndarray
    count: np.ndarray
    squares: np.ndarray
    tally: np.ndarray
    stage: Stage
    scale: np.ndarray | None = None
    mse: bool = False
    ranks: Callable[[Ints], float] | None = None  # where units do not tell: by the cells (D,) of a domain

    def ratio(self, num: Floats, den: Floats) -> tuple[Floats, Floats]:
        """Ratios (M,) of sums of cells, and their deviations (S, M), by matrices (B D, M); NaN where the denominator is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            base = self.value @ den
            value = (self.value @ num) / base
            if self.scale is None:
                return value, (self.spread @ num - value * (self.spread @ den)) / base
            return value, self._apart((self.spread @ num) / (self.spread @ den), value, self.scale)

    def total(self, num: Floats) -> tuple[Floats, Floats]:
        """Sums of cells (M,), and their deviations (S, M), by a matrix (B D, M)."""
        value, again = self.value @ num, self.spread @ num
        return value, again if self.scale is None else self._apart(again, value, self.scale)

    def _apart(self, again, value, scale):
        """Deviations (S, M) of the values of replicates, scaled."""
        centre = value if self.mse else again[scale > 0].mean(axis=0)
        return (again - centre) * np.sqrt(scale)[:, None]

    def degrees(self, part: Floats) -> Floats:
        """Degrees of freedom (M,) of sums of cells, by a matrix (D, M): PSUs less strata with rows of weight; NaN where there are none."""
        if self.ranks is not None:
            return np.array([self.ranks(column > 0) for column in part.T])
        there, stratum = self.tally @ part > 0, self.stage.stratum
        if len(there) == len(self.stage.sampled) < len(stratum):  # every row is a unit, and strata were counted
            units, strata = self.count @ part, there.sum(axis=0)
        else:
            units = there.sum(axis=0)
            if not self.stage.in_order:
                there = there[self.stage.by_stratum]
            strata = np.logical_or.reduceat(there, self.stage.starts, axis=0).sum(axis=0)
        return np.where(units - strata < 1, np.nan, units - strata)


def found(engine: Any, design: Design, asked: Iterable[Ask]) -> Iterator[Found]:
    """The cells of several tables under an engine (the design, or replicates); replicates are weighted once for many tables."""
    sums = _Sums(design)
    if not isinstance(engine, Replication):
        yield from map(sums.found, asked)
        return
    waiting, size = [], 0
    for ask in asked:
        waiting.append(ask)
        size += ask.cells * (1 if ask.y is None else 2) * engine.count + len(ask.group)
        if size > MOST:
            yield from _repeated(engine, sums, waiting)
            waiting, size = [], 0
    if waiting:
        yield from _repeated(engine, sums, waiting)


def _repeated(engine, sums, asked):
    """The same by replicates."""
    plain = [sums.totals(ask) for ask in asked]
    blocks = []
    for ask, (value, _, _, count) in zip(asked, plain, strict=True):
        columns = [sums.ones] if ask.y is None else [ask.y, sums.ones]
        parts = value.reshape(len(columns), -1)
        blocks += [Block(y, None, ask.group, part, NONE, count) for y, part in zip(columns, parts, strict=True)]
    values, at, known = engine.values(blocks), 0, {}
    scale = np.where(engine.rscales > 0, engine.scale * engine.rscales, 0.0)
    for ask, (value, squares, tally, count) in zip(asked, plain, strict=True):
        here = values[at : at + value.size].T
        at += value.size
        own = engine.degrees_from
        ranks = None if own is not None and not own.joins else _ranks(engine, ask.group, known)
        yield Found(value, here, count, squares, tally, sums.design.stages[0], scale, engine.mse, ranks)


def _ranks(engine, group, known):
    """A function of the cells (D,) of a domain: degrees of freedom by the rank of its replicate weights; each domain once."""

    def degrees(cells):
        inside = np.append(cells, False)[group]  # -1 is the last
        key = inside.tobytes()
        if key not in known:
            known[key] = (
                float(engine.degrees(np.where(inside, 0, -1), [""], strict=False)[0]) if inside.any() else np.nan
            )
        return known[key]

    return degrees


class _Sums:
    """What the tables of one design share."""

    def __init__(self, design: Design) -> None:
        self.design, self.ones, self.known = design, np.ones(len(design.weight)), {}
        links = design.links
        self.fit = links[0].fit if len(links) == 1 and isinstance(links[0], Constraints) and links[0].exact else None
        if self.fit is not None and links[0].leverage:
            self.fit = None
        one = (links and self.fit is None) or design.unequal is not None or bool(design.joins)
        if design.lonely == "average" and any(stage.lonely.any() for stage in design.stages):
            raise DesignError(
                "strata with one PSU and lonely_psu = 'average' are not taken in tables: what is averaged depends on the domain, so that "
                "cells do not add up. Join the strata, or choose certainty, remove or adjust."
            )
        wide = self.fit is not None and self.fit.inverse.shape[0] * (self.fit.inverse.shape[1] + 1) > WIDEST
        self.dense = bool(one or wide)
        if not self.dense:
            self.stages = [_StageSums(design, stage, self.fit) for stage in design.stages]
            for stage in design.stages:
                stage.scale(design.lonely)  # refuses lonely units before any work is done

    def totals(self, ask: Ask) -> tuple[Array, Array, Ints, Ints]:
        """Totals (B D,), sums of squares of weights (D,), rows by unit or stratum (U, D), and rows (D,)."""
        value, squares, tally = self.table(ask, self.design.stages[0])
        return value.sum(axis=0), squares, tally, tally.sum(axis=0)

    def table(self, ask: Ask, stage: Stage) -> tuple[Array, Array, Ints]:
        """Totals by unit (U, B D), squares of weights (D,), rows (U, D); by stratum where every row is a unit of its own."""
        own = len(stage.stratum) == len(self.ones)
        unit = stage.stratum[stage.unit] if own else stage.unit
        shape = (len(stage.sampled) if own else len(stage.stratum), ask.cells)
        num, den, count = np.zeros(shape), np.zeros(shape), np.zeros(shape, np.int64)
        weight = self.design.weight
        if ask.y is None:  # one pass for the weights and their squares
            kernels.unit_sums(weight, weight, NONE, ask.group, unit, num, den, count)
            return den, num.sum(axis=0), count
        kernels.unit_sums(weight, ask.y, NONE, ask.group, unit, num, den, count)
        inside = ask.group >= 0
        return np.hstack([num, den]), np.bincount(ask.group[inside], weight[inside] ** 2, ask.cells), count

    def found(self, ask: Ask) -> Found:
        """The cells of a table, linearized."""
        table, squares, tally = self.table(ask, self.design.stages[0])
        if self.dense:
            spread = self._densely(ask)
        else:
            coefficients = self._coefficients(ask)
            parts = []
            for k, stage in enumerate(self.stages):
                here = table if k == 0 else self.table(ask, stage.stage)[0]
                parts.append(stage.spread(ask, here, coefficients, self.ones))
            spread = np.concatenate(parts) if len(parts) > 1 else parts[0]
        if len(spread) > MANY * spread.shape[1]:
            matrix = np.zeros((spread.shape[1],) * 2)
            matrices.products(np.ascontiguousarray(spread), matrix)
            spread = _root(matrix)  # fewer rows whose products are the same
        ranks = _ranks(self.design, ask.group, self.known) if self.design.joins else None
        return Found(table.sum(axis=0), spread, tally.sum(axis=0), squares, tally, self.design.stages[0], ranks=ranks)

    def _coefficients(self, ask):
        """Regression coefficients (columns of all partitions, B D) of the cells on the margins' columns; None without margins."""
        if self.fit is None:
            return None
        columns = [self.ones] if ask.y is None else [ask.y, self.ones]
        made = [kernels.domain_coefficients(y, ask.group, self.fit, ask.cells) for y in columns]
        return np.concatenate([beta.reshape(-1, ask.cells) for beta in made], axis=1)

    def _densely(self, ask):
        """Deviations through every adjustment, score by score: for chains of steps and unequal probabilities."""
        masks = ask.group == np.arange(ask.cells)[:, None]
        scores = [masks.astype(float)] if ask.y is None else [masks * ask.y, masks.astype(float)]
        rows = np.tile(masks, (len(scores), 1))
        return _root(self.design.covariance(np.concatenate(scores), rows))


def _root(matrix: Floats) -> Floats:
    """Deviations (at most D, D) whose products sum to a covariance matrix; what of it is rounding is left out.

    No solver of numpy's: for tables this small its threads take longer to meet than the work takes.
    """
    matrix = (matrix + matrix.T) / 2
    found = np.zeros(matrix.shape)
    return found[: max(matrices.root(matrix, ROUNDING, found), 1)]


class _StageSums:
    """What the tables share of one stage of selection."""

    def __init__(self, design: Design, stage: Stage, fit: Any) -> None:
        self.design, self.stage, self.fit, self.policy = design, stage, fit, design.lonely
        self.own = len(stage.stratum) == len(design.weight)
        self.scale = stage.scale(design.lonely)

    @cached_property
    def by_row(self):
        """The stratum of each row, and the scale of its unit."""
        stratum = self.stage.stratum[self.stage.unit]
        return stratum, self.scale[stratum]

    @cached_property
    def columns(self):
        """Weights by unit (or stratum) and margin column of all partitions, flat; and where units are rows, their cross-products."""
        P, width = self.fit.inverse.shape[:2]
        unit = self.by_row[0] if self.own else self.stage.unit
        sums = np.zeros((len(self.stage.sampled) if self.own else len(self.stage.stratum), P, width + 1))
        kernels.column_totals(self.design.weight, self.fit, unit, sums)
        if not self.own:
            return sums.reshape(len(sums), -1), None
        w, n = self.design.weight, len(self.design.weight)
        rows = np.zeros((n, P * (width + 1)))
        cell, at = self.fit.cell, np.arange(n)
        first = self.fit.partition[cell] * (width + 1)
        for column in self.fit.column.T:
            np.add.at(rows, (at, first + column[cell]), w)
        rows[at, first + width] = self.fit.base
        return sums.reshape(len(sums), -1), (rows * self.by_row[1][:, None]).T @ rows

    def spread(self, ask: Ask, sums: Floats, coefficients: Floats | None, ones: Floats) -> Floats:
        """Deviations (S, B D) of the totals of cells, from their sums by unit (or stratum)."""
        sums = sums if coefficients is None else sums - self.columns[0] @ coefficients
        by_stratum = (
            sums.copy()
            if self.own
            else np.add.reduceat(
                sums if self.stage.in_order else sums[self.stage.by_stratum], self.stage.starts, axis=0
            )
        )
        centre = by_stratum.copy()
        kernels.centres(centre, self.stage.sampled, self.stage.sample(self.policy))
        if not self.own:
            return (sums - centre[self.stage.stratum]) * np.sqrt(self.scale)[self.stage.stratum, None]
        scaled, n = self.scale[:, None] * centre, self.stage.sampled[:, None]
        matrix = self._squares(ask, coefficients, ones) - scaled.T @ by_stratum - by_stratum.T @ scaled
        return _root(matrix + (scaled * n).T @ centre)

    def _squares(self, ask, coefficients, ones):
        """Scaled sums of products (B D, B D) of the rows' own scores, which are in one cell each."""
        w, (_, scale) = self.design.weight, self.by_row
        columns, D = [ones] if ask.y is None else [ask.y, ones], ask.cells
        inside = ask.group >= 0
        cell, matrix = ask.group[inside], np.zeros((len(columns) * D, len(columns) * D))
        at, weight = np.arange(D), scale * w * w
        for a, y in enumerate(columns):
            for b, x in enumerate(columns):
                matrix[a * D + at, b * D + at] = np.bincount(cell, (weight * y * x)[inside], D)
        if coefficients is None:
            return matrix
        cross = np.zeros((len(columns) * D, len(coefficients)))
        P, width = self.fit.inverse.shape[:2]
        for a, y in enumerate(columns):
            part = np.zeros((D, P, width + 1))
            kernels.column_cross(weight * y, scale * w * y * self.fit.base, self.fit, ask.group, part)
            cross[a * D : a * D + D] = part.reshape(D, -1)
        mixed = cross @ coefficients
        return matrix - mixed - mixed.T + coefficients.T @ self.columns[1] @ coefficients
