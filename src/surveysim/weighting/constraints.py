"""What an adjustment of weights does to the scores of an estimate: the links of a chain.

The error of Σ w_K z, with weights w_K that came from w_0 by K adjustments, is that of Σ w_0 z_0, where z passes every adjustment, the
last one first (Deville 1999, Surv. Methodol. 25:193-203; Demnati & Rao 2004, Surv. Methodol. 30:17-26): z_{k-1,i} is the derivative of
Σ w_k z_k by w_{k-1,i}. A calibration with factors g takes the residuals on its variables x, g (z - x'β) (Deville & Särndal 1992),
and adds c'β where its totals move by c with a row's own weight; a step that multiplies weights multiplies scores.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from ..aliases import Array, Floats, Ints
from ..kernels import matrices
from ..kernels import variance as kernels

ALL_FITTED = 1e-9  # of a row's variance, what a calibration that fits it exactly leaves by rounding
NOTHING = np.empty(0)


class Link:
    """An adjustment of weights, as scores see it."""

    def direct(self, scores: Floats) -> Floats | None:
        """What one respondent more like each row adds (E, n), given the scores for the weights after, where that is not through the
        weights before alone; None where it is."""
        return None

    def leveraged(self) -> Self:
        """The same with residuals that are not shorter than what is left out of them; see `stretched`."""
        return self


def stretched(leverage: Floats) -> Floats:
    """1 / sqrt(1 - h) of leverages h (n,), which residuals of a calibration are multiplied by (Valliant 2002, Surv. Methodol. 28:103-117).

    A regression fits its own rows better than others like them; under a model with equal variances the variance of a residual
    is 1 - h of theirs. A row with h = 1 is fitted exactly, and nothing is known of what is left out.
    """
    free = 1 - leverage
    return np.where(free > ALL_FITTED, 1 / np.sqrt(np.maximum(free, ALL_FITTED)), 1.0)


@dataclass(frozen=True)
class Multiplied(Link):
    """A step that multiplies weights, whatever the weights are: by the number of mobiles, selection, a composite, 0 for who leaves.

    factor : (n,).
    """

    factor: np.ndarray
    covariance = None

    def residuals(self, scores: Floats) -> tuple[Floats, list[Any]]:
        """Scores (E, n) for the weights before, in place, from those for the weights after; and nothing known with error."""
        scores *= self.factor
        return scores, []


@dataclass(frozen=True)
class Constraints(Link):
    """Categorical margins: rows in margin cells, cells in columns of a partition.

    Attributes
    ----------
    cell : (n,) int64 of each row. partition : (K,) int64 of each cell. column : (K, M) int64, of `width` columns.
    base : (n,) weights before. factor : (K,) what the calibration multiplied them by.
    ridge, covariance : (P, width, width) of totals known with error, see `calibrate`; None for others.
    shares : (P, width) where only shares were known, so that a partition's sum of weights keeps its error; None for totals.
    leverage : whether residuals are `stretched`.
    """

    cell: np.ndarray
    partition: np.ndarray
    column: np.ndarray
    width: int
    base: np.ndarray
    factor: np.ndarray
    ridge: np.ndarray | None = None
    covariance: np.ndarray | None = None
    shares: np.ndarray | None = None
    leverage: bool = False

    def leveraged(self) -> Self:
        """As `Link.leveraged`."""
        return replace(self, leverage=True)

    @cached_property
    def stretch(self) -> Floats:
        """What residuals (n,) are multiplied by; empty for 1."""
        if not self.leverage:
            return NOTHING
        by_cell = np.zeros(len(self.partition))
        for a in self.column.T:
            for b in self.column.T:
                by_cell += self.inverse[self.partition, a, b]
        return stretched(self.base * by_cell[self.cell])

    def carrying(self, weight: Floats) -> Floats:
        """Weights (n,) that residuals without their stretch have to be multiplied by."""
        return weight * self.stretch if self.leverage else weight

    def pinned(self) -> Array:
        """The known shares (P, width), or zeros where totals were known, as kernels want them."""
        return np.zeros(self.inverse.shape[:2]) if self.shares is None else self.shares

    @property
    def exact(self) -> bool:
        """Whether the totals were known without error."""
        return self.covariance is None

    @cached_property
    def inverse(self) -> Array:
        """Pseudo-inverses (P, width, width) of the constraints' cross-products: margins share their sum."""
        cross = np.zeros((int(self.partition.max(initial=0)) + 1, self.width, self.width))
        matrices.gram(np.bincount(self.cell, self.base, len(self.partition)), self.partition, self.column, cross)
        return np.linalg.pinv(cross if self.ridge is None else cross + self.ridge, rcond=1e-11, hermitian=True)

    @cached_property
    def fit(self) -> Any:
        """The same as the kernels take it."""
        return kernels.Fit(self.base, self.cell, self.partition, self.column, self.inverse, self.pinned())

    def rows(self) -> tuple[Ints, Floats]:
        """Partition (n,) and calibration variables (n, width) of the rows."""
        x = np.zeros((len(self.cell), self.width))
        for column in self.column.T:
            x[np.arange(len(x)), column[self.cell]] = 1.0
        return self.partition[self.cell], x

    def residuals(self, scores: Floats) -> tuple[Floats, list[Any]]:
        """Scores (E, n) for the weights before, in place, and (covariance, β (E, width)) of totals known with error."""
        if self.exact:
            kernels.residuals(scores, self.fit, self.factor, self.stretch, scores)
            return scores, []
        partition, x = self.rows()
        return _residuals(self, scores, partition, x, self.factor[self.cell], self.stretch)


@dataclass(frozen=True)
class LinearConstraints(Link):
    """Calibration variables of every row: numeric totals, scale factors, clusters, totals that follow the sample, trimmed weights.

    Attributes
    ----------
    partition : (n,) int64. x : (n, p). base : (n,) weights before, times q, which β is a regression with; 0 for rows that are held
        at a bound, since they do not answer to the totals.
    factor : (n,) weights after over weights before.
    ridge, covariance : (P, p, p) of totals known with error; None for others.
    follow : (n, p) by how much the totals of its partition move with the weight before of each row; None where they are fixed.
    held : (n,) by how much the weights of the rows at a bound move with the sum of all weights before; None where that is fixed.
    leverage : whether residuals are `stretched`.
    """

    partition: np.ndarray
    x: np.ndarray
    base: np.ndarray
    factor: np.ndarray
    ridge: np.ndarray | None = None
    covariance: np.ndarray | None = None
    follow: np.ndarray | None = None
    held: np.ndarray | None = None
    leverage: bool = False

    def leveraged(self) -> Self:
        """As `Link.leveraged`."""
        return replace(self, leverage=True)

    @cached_property
    def stretch(self) -> Floats:
        """What residuals (n,) are multiplied by; empty for 1."""
        if not self.leverage:
            return NOTHING
        leverage = np.zeros(len(self.x))
        for p, inverse in enumerate(self.inverse):
            rows = self.partition == p
            leverage[rows] = self.base[rows] * np.einsum("ia,ab,ib->i", self.x[rows], inverse, self.x[rows])
        return stretched(leverage)

    @cached_property
    def inverse(self) -> list[Array]:
        """Pseudo-inverses of the cross-products, partition by partition."""
        scale = np.abs(self.x).max(axis=0)  # columns of one size, for the rank decision
        scale[scale == 0] = 1.0
        result = []
        for p in range(int(self.partition.max(initial=0)) + 1):
            part = self.x[self.partition == p] / scale
            cross = (part * self.base[self.partition == p, None]).T @ part
            if self.ridge is not None:
                cross += self.ridge[p] / np.outer(scale, scale)
            result.append(np.linalg.pinv(cross, rcond=1e-12, hermitian=True) / np.outer(scale, scale))
        return result

    def residuals(self, scores: Floats) -> tuple[Floats, list[Any]]:
        """As `Constraints.residuals`."""
        return _residuals(self, scores, self.partition, self.x, self.factor, self.stretch, self.follow, self.held)


def _residuals(constraints, scores, partition, x, factor, stretch, follow=None, held=None):
    known_with_error, moved, common = [], np.zeros(0 if follow is None else scores.shape), np.zeros(0)
    for p, inverse in enumerate(constraints.inverse):
        rows = partition == p
        beta = ((scores[:, rows] * constraints.base[rows]) @ x[rows]) @ inverse
        if follow is not None:
            moved[:, rows] = beta @ follow[rows].T
        scores[:, rows] -= beta @ x[rows].T
        if constraints.covariance is not None:
            known_with_error.append((constraints.covariance[p], beta))
    if held is not None:
        common = scores @ held
    scores *= factor
    if len(stretch):
        scores *= stretch
    if follow is not None:
        scores += moved
    if held is not None:
        scores += common[:, None]
    return scores, known_with_error


def joined(start: Floats, links: Iterable[Any]) -> tuple[Floats, tuple[Any, ...]]:
    """The weights that the scores at the end of the chain belong to, and the links left: first multiplications belong to the weights."""
    links = list(links)
    while links and isinstance(links[0], Multiplied):
        start = start * links.pop(0).factor
    return start, tuple(links)
