"""Fitting generalized linear models to weighted rows: iteratively reweighted least squares on an orthonormal basis.

McCullagh & Nelder (1989), Generalized Linear Models, 2.5. Rows that have all explanatory columns alike are one cell with the sum of
their weights and their mean, which leaves the estimating equations what they are.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg

from ...aliases import Floats, Ints
from ...inference import scores
from .columns import dense, summed, times
from .families import BOUNDED, SMALL, Family, Link

ENOUGH = 1e-10  # length of the last step in units of η, of one and the solution's length
STEPS, HALVINGS = 60, 12
APART, NEARLY = (
    1e-2,
    1e-6,
)  # what is left of each column beside those before it, for sums of squares to be exact once and twice
ALONE = 1e-10  # of a column's length, what has to be left of it beside those before it


class Unfitted(Exception):  # noqa: N818 - it never leaves the room: what is wrong is looked for where it is caught
    """No solution was found."""


class Collinear(Unfitted):
    """A column is a combination of others."""

    def __init__(self, column: int, others: Ints) -> None:
        super().__init__(column, others)
        self.column, self.others = column, others


@dataclass(frozen=True)
class Problem:
    """What is fitted.

    Attributes
    ----------
    x : (C, p) explanatory columns of the cells, an array or `columns.Products`. cell : (m,) cell of each row, or None
        where every row is one. y : (m,) responses; of an ordinal model (C,), since there a cell has one answer.
    offset : (C,) known part of η, or None. rows : (m,) where the rows are in the survey's table.
    """

    x: Any
    cell: np.ndarray | None
    y: np.ndarray
    offset: np.ndarray | None
    rows: np.ndarray

    def weighed(self, w: Floats) -> Floats:
        """Weights (C,) of the cells from weights of the rows (m,)."""
        return w if self.cell is None else np.bincount(self.cell, w, self.x.shape[0]).astype(float)

    def summed(self, w: Floats) -> tuple[Floats, Floats]:
        """Weights and mean responses (C,) of the cells from weights of the rows (m,)."""
        if self.cell is None:
            return w, self.y
        weight, sums = self.weighed(w), np.bincount(self.cell, w * self.y, len(self.x))
        return weight, np.divide(sums, weight, out=np.zeros(len(weight)), where=weight != 0)

    def spread(self, values: Floats) -> Floats:
        """Values of cells (C, ...) for every row (m, ...)."""
        return values if self.cell is None else values[self.cell]


@dataclass(frozen=True)
class Basis:
    """Columns z = x t that are far from combinations of one another, and their products (p, p) under the weights they were made with."""

    z: Any
    t: np.ndarray
    products: np.ndarray


def basis(x: Any, weight: Floats) -> Basis:
    """The columns of x (C, p) themselves where they will do, else orthonormal ones, by Cholesky twice where that is exact, or Householder.

    Yamamoto, Nakatsukasa, Yanagisawa & Fukaya (2015), ETNA 44:306-326.
    """
    size, p = np.abs(weight), x.shape[1]
    products = summed(x, size, size)[0]
    length = np.sqrt(np.diag(products))
    if not np.all(length > 0):
        raise Collinear(int(np.argmin(length)), np.empty(0, np.int64))
    factor, info = linalg.lapack.dpotrf(products / np.outer(length, length), lower=0)
    if not info and np.diag(factor).min() > APART:
        return Basis(x, np.eye(p), products)
    x = dense(x)
    z, t = x / length, np.diag(1 / length)
    for _ in range(2):
        factor, info = linalg.lapack.dpotrf(summed(z, size, size)[0], lower=0)
        if info or np.diag(factor).min() < NEARLY:
            return _householder(x, size, length)
        inverse = linalg.solve_triangular(factor, np.eye(p))
        z, t = np.ascontiguousarray(z @ inverse), t @ inverse
    return Basis(z, t, np.eye(p))


def _householder(x, size, length):
    """The same for columns that are nearly combinations of others, which are refused where they are."""
    root = np.sqrt(size)
    r: Any = np.linalg.qr((x / length) * root[:, None], mode="r")
    left = np.abs(np.diag(r))
    if len(r) < x.shape[1] or left.min() < ALONE:
        first = int(np.argmax(np.append(left, 0.0) < ALONE))
        by = np.linalg.lstsq(r[:, :first], r[:, first], rcond=None)[0] if first else np.empty(0)
        raise Collinear(first, np.flatnonzero(np.abs(by) > 1e-6))
    inverse = linalg.solve_triangular(r, np.eye(len(r)))
    return Basis(np.ascontiguousarray((x / length) @ inverse), inverse / length[:, None], np.eye(len(r)))


@dataclass(frozen=True)
class Fit:
    """A solution: coefficients (p,) and η (C,) of the cells; `deviance` is that of the cells' means."""

    coef: np.ndarray
    eta: np.ndarray
    weight: np.ndarray
    y: np.ndarray


def fitted(
    problem: Problem, weights: Floats, family: Family, link: Link, made: Basis, start: Floats | None = None
) -> Fit:
    """The coefficients at weights of the rows (m,); `start` are coefficients to begin from."""
    weight, y = problem.summed(weights)
    z, offset = made.z, 0.0 if problem.offset is None else problem.offset
    bounded = (family.name, link.name) in BOUNDED
    if start is not None:
        gamma: Any = np.linalg.solve(made.t, start)
    elif bounded:  # a constant mean is possible
        mean = np.full(len(y), weight @ y / weight.sum())
        gamma = solved(made.products, summed(z, weight, np.abs(weight) * (link.of(mean) - offset))[1])
    else:
        gamma = None
    unit = np.abs(weight).sum() ** 0.5
    eta, before = link.of(family.start(y)) if gamma is None else times(z, gamma) + offset, np.inf
    for _ in range(STEPS):
        curve, pull = _pieces(family, link, eta, weight, y)
        step = solved(*summed(z, curve, pull if gamma is not None else pull + curve * (eta - offset)))
        old, was, gamma = gamma, eta, step if gamma is None else gamma + step
        eta, length = times(z, gamma) + offset, _length(step, made) / unit
        if old is None:
            continue
        if length <= ENOUGH * (1 + _length(gamma, made) / unit):
            return Fit(made.t @ gamma, eta, weight, y)
        if length > before / 2 or bounded:  # it may have gone too far
            worth = total_deviance(family, link, was, weight, y)
            for _ in range(HALVINGS):
                if total_deviance(family, link, eta, weight, y) <= worth + 1e-9 * abs(worth):
                    break
                step = step / 2
                gamma = old + step
                eta = times(z, gamma) + offset
        before = length
    raise Unfitted


def _length(gamma, made):
    return float(np.sqrt(max(gamma @ made.products @ gamma, 0.0)))


def total_deviance(family: Family, link: Link, eta: Floats, weight: Floats, y: Floats) -> float:
    """Σ w d(y, μ)."""
    return scores.dot(weight, np.where(weight != 0, family.deviance(y, link.mean(link.clipped(eta))), 0.0))


def _pieces(family, link, eta, weight, y):
    """Weights (C,) of the expected information and of the score, each times z."""
    eta = link.clipped(eta)
    mu = link.mean(eta)
    if link.name == family.links[0]:
        return weight * family.variance(mu), weight * (y - mu)
    slope = link.slope(eta)
    share = slope / np.maximum(family.variance(mu), SMALL)
    return weight * slope * share, weight * (y - mu) * share


def solved(matrix: Floats, right: Floats) -> Floats:
    """The solution of symmetric equations, whatever the units of their columns; Unfitted where they have none."""
    unit = np.sqrt(np.abs(np.diag(matrix)))
    if not np.all(unit > 0) or not np.isfinite(unit).all():
        raise Unfitted
    right = right / (unit if right.ndim == 1 else unit[:, None])
    scaled = matrix / np.outer(unit, unit)
    factors, pivots, singular = linalg.lapack.dgetrf(scaled)  # scipy's solve warns where it has lost all digits
    if singular or not linalg.lapack.dgecon(factors, np.abs(scaled).sum(axis=0).max())[0] > np.finfo(float).eps:
        raise Unfitted
    each = (
        [right] if right.ndim == 1 else right.T
    )  # one by one: of several a BLAS makes work for threads, which takes a thousand times as long
    found = np.stack([linalg.lapack.dgetrs(factors, pivots, column)[0] for column in each], axis=-1).reshape(
        right.shape
    )
    if not np.isfinite(found).all():
        raise Unfitted
    return found / (unit if right.ndim == 1 else unit[:, None])


def pulls(family: Family, link: Link, eta: Floats) -> Floats:
    """What a row's y - μ is multiplied by in its estimating function (C,): μ'(η) / V(μ)."""
    if link.name == family.links[0]:
        return np.ones(len(eta))
    eta = link.clipped(eta)
    return link.slope(eta) / np.maximum(family.variance(link.mean(eta)), SMALL)


def curvature(family: Family, link: Link, fit: Fit, observed: bool) -> Floats:
    """Weights (C,) of the information x'x: expected, or observed, the derivative of the estimating functions with the sign turned."""
    eta = link.clipped(fit.eta)
    mu, slope = link.mean(eta), link.slope(eta)
    variance = np.maximum(family.variance(mu), SMALL)
    expected = slope * slope / variance
    if not observed or link.name == family.links[0]:
        return fit.weight * expected
    turned = (link.bend(eta) * variance - slope * slope * family.bend(mu)) / variance**2
    return fit.weight * (expected - (fit.y - mu) * turned)


def information_inverse(made: Basis, curve: Floats) -> Floats:
    """(Σ curve x x')⁻¹ (p, p)."""
    inner = solved(summed(made.z, curve, curve)[0], np.eye(made.z.shape[1]))
    return made.t @ ((inner + inner.T) / 2) @ made.t.T
