"""A generalized linear model at its solution: what rows do to the coefficients, means, and the same with other weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...aliases import Array, Floats
from . import fitting
from .columns import scored, summed, thinned
from .families import FAMILIES, LINKS, Family, Link
from .fitting import Basis, Fit, Problem, Unfitted
from .variances import ROUNDING

MANY = 20_000  # rows whose coefficients are looked for among some of them first


@dataclass(frozen=True)
class Linear:
    """A fitted model of one mean per row.

    Attributes
    ----------
    problem : what was fitted. made : its orthonormal basis. fit : the solution. names : of family and link. observed : which information.
    """

    problem: Problem
    made: Basis
    fit: Fit
    names: tuple[str, str]
    observed: bool = True

    @classmethod
    def of(cls, problem: Problem, weights: Floats, names: tuple[str, str], observed: bool) -> "Linear":
        """Fit rows with weights (m,)."""
        made, of = fitting.basis(problem.x, problem.weighed(weights)), (FAMILIES[names[0]], LINKS[names[1]])
        return cls(
            problem, made, fitting.fitted(problem, weights, *of, made, _some(problem, weights, of)), names, observed
        )

    @property
    def family(self) -> Family:
        return FAMILIES[self.names[0]]

    @property
    def link(self) -> Link:
        return LINKS[self.names[1]]

    @property
    def value(self) -> Floats:
        """The coefficients (p,)."""
        return self.fit.coef

    def inverse(self, observed: bool | None = None) -> Floats:
        """The inverse information (p, p) of the weights as they are."""
        seen = self.observed if observed is None else observed
        return fitting.information_inverse(self.made, fitting.curvature(self.family, self.link, self.fit, seen))

    @property
    def fitted(self) -> Floats:
        """Means (C,) of the cells."""
        return self.link.mean(self.link.clipped(self.fit.eta))

    def influence(self, n: int) -> Floats:
        """Inverse information times the estimating functions of all rows without their weights (p, n); Binder (1983)."""
        curve, (y, cell) = (
            fitting.curvature(self.family, self.link, self.fit, self.observed),
            (self.problem.y, self.problem.cell),
        )
        z, t = self.made.z, self.made.t
        inner = fitting.solved(summed(z, curve, curve)[0], np.eye(z.shape[1]))
        pull = fitting.pulls(self.family, self.link, self.fit.eta)
        off = y - self.problem.spread(self.fitted)
        off[np.abs(off) <= ROUNDING * np.abs(y).max()] = 0.0
        factor = off * self.problem.spread(pull)
        return scored(z, cell, t @ inner, factor, self.problem.rows, n)

    def again(self, weights: Floats) -> Floats:
        """The coefficients with other weights (m,), NaN where there are none."""
        try:
            return fitting.fitted(self.problem, weights, self.family, self.link, self.made, self.value).coef
        except Unfitted:
            return np.full(len(self.value), np.nan)

    def means(self, x: Floats, offset: Any, at: Floats) -> Floats:
        """Means (C, 1) of explanatory columns (C, p) at coefficients."""
        return self.link.mean(self.link.clipped(_eta(x, offset, at)))[:, None]

    def slopes(self, x: Floats, offset: Any, at: Floats) -> Array:
        """Derivatives (C, 1, p) of the means by the coefficients."""
        return (self.link.slope(self.link.clipped(_eta(x, offset, at)))[:, None] * x)[:, None, :]

    def tilts(self, x: Floats, offset: Any, at: Floats, dx: Floats) -> tuple[Floats, Array]:
        """Derivatives of the means (C, 1) where x changes by dx (C, p), and theirs by the coefficients (C, 1, p)."""
        eta = self.link.clipped(_eta(x, offset, at))
        along, slope = dx @ at, self.link.slope(eta)
        more = (self.link.bend(eta) * along)[:, None] * x + slope[:, None] * dx
        return (slope * along)[:, None], more[:, None, :]

    def deviances(self, fit: Fit) -> float:
        """Deviance of a fit's cells, and what the rows have beyond their cells' means."""
        return fitting.total_deviance(self.family, self.link, fit.eta, fit.weight, fit.y)

    def within(self, weights: Floats) -> float:
        """Deviance of the rows from the means of their cells."""
        if self.problem.cell is None:
            return 0.0
        centre = np.where(self.fit.weight != 0, self.fit.y, 0.5)[self.problem.cell]
        return float(weights @ self.family.deviance(self.problem.y, centre))


def _eta(x, offset, at):
    return x @ at + (0.0 if offset is None else offset)


def _some(problem, weights, of):
    """Coefficients of one row in sixteen to begin from, where there are many rows."""
    if problem.cell is not None or len(problem.y) < MANY:
        return None
    x, offset = thinned(problem.x, 16), None if problem.offset is None else problem.offset[::16]
    part = Problem(x, None, problem.y[::16], offset, problem.rows[::16])
    try:
        few = fitting.basis(x, weights[::16])
        return fitting.fitted(part, weights[::16], of[0], of[1], few).coef
    except Unfitted:
        return None
