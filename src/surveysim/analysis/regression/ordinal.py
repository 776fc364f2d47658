"""Ordinal regression: P(y <= j) = F(ζ_j - x'β), proportional odds where F is logistic (McCullagh 1980, J. R. Stat. Soc. B 42:109-142)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ...aliases import Array, Floats
from . import fitting
from .columns import scored
from .fitting import ENOUGH, HALVINGS, STEPS, Problem, Unfitted, solved

LEAST = 1e-300


def _logistic(x):
    p = special.expit(x)
    f = p * special.expit(-x)
    return p, f, f * (1 - 2 * p)


def _normal(x):
    f = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
    return special.ndtr(x), f, -x * f


def _extreme(x):
    """1 - exp(-exp(x)), whose coefficients are log hazard ratios with the sign turned."""
    e = np.exp(np.minimum(x, 50.0))
    f = e * np.exp(-e)
    return -np.expm1(-e), f, f * (1 - e)


DISTRIBUTIONS = {"logit": _logistic, "probit": _normal, "cloglog": _extreme}


def differences(problem: Problem, levels: int) -> tuple[Floats, Floats]:
    """Matrices (C, p + J - 1) of the upper and the lower bound of each cell's answer: a = A π, b = B π for all parameters π."""
    C, p = problem.x.shape
    y = problem.y.astype(np.int64)
    upper, lower = np.zeros((2, C, p + levels - 1))
    upper[:, :p] = lower[:, :p] = -problem.x
    inside = y < levels - 1
    upper[inside, p + y[inside]] = 1
    inside = y > 0
    lower[inside, p + y[inside] - 1] = 1
    return upper, lower


class Likelihood:
    """The log-likelihood of one row per cell and answer, and its derivatives; weights are given with each question."""

    def __init__(self, problem: Problem, levels: int, link: str) -> None:
        self.problem, self.levels, self.link = problem, levels, link
        self.upper, self.lower = differences(problem, levels)
        self.top, self.bottom = problem.y == levels - 1, problem.y == 0

    def parts(self, at: Floats) -> tuple[Floats, tuple[Floats, Floats], tuple[Floats, Floats]]:
        """Probabilities (C,) of the answers, densities at both bounds, and their slopes."""
        offset, F = 0.0 if self.problem.offset is None else self.problem.offset, DISTRIBUTIONS[self.link]
        a, b = self.upper @ at - offset, self.lower @ at - offset
        Fa, fa, sa = F(a)
        Fb, fb, sb = F(b)
        if self.link == "logit":  # without cancellation in the upper tail
            p = np.where(a > 0, special.expit(-b) - special.expit(-a), Fa - Fb)
            p = np.where(self.top, special.expit(-b), p)
        elif self.link == "probit":
            p = np.where(self.top, special.ndtr(-b), np.where(a > 0, special.ndtr(-b) - special.ndtr(-a), Fa - Fb))
        else:
            p = np.where(self.top, np.exp(-np.exp(np.minimum(b, 50.0))), Fa - Fb)
        p = np.where(self.bottom, Fa, p)
        fa, sa = np.where(self.top, 0.0, fa), np.where(self.top, 0.0, sa)
        fb, sb = np.where(self.bottom, 0.0, fb), np.where(self.bottom, 0.0, sb)
        return p, (fa, fb), (sa, sb)

    def loss(self, at: Floats, weight: Floats) -> float:
        """-Σ w log p; infinite where an answer is impossible."""
        p = self.parts(at)[0]
        if np.any((p <= 0) & (weight != 0)):
            return np.inf
        return -float(weight @ np.log(np.maximum(p, LEAST)))

    def estimating(self, at: Floats) -> Floats:
        """Derivatives (C, p + J - 1) of log p."""
        p, (fa, fb), _ = self.parts(at)
        p = np.maximum(p, LEAST)
        return self.upper * (fa / p)[:, None] - self.lower * (fb / p)[:, None]

    def information(self, at: Floats, weight: Floats) -> Floats:
        """Observed: minus the second derivatives of Σ w log p."""
        p, _, (sa, sb) = self.parts(at)
        p, g = np.maximum(p, LEAST), self.estimating(at)
        U, L = self.upper, self.lower
        return (
            (g * weight[:, None]).T @ g
            - (U * (weight * sa / p)[:, None]).T @ U
            + (L * (weight * sb / p)[:, None]).T @ L
        )


def newton(of: Likelihood, weight: Floats, start: Floats | None = None) -> Floats:
    """All parameters, by Newton's method from `start` or from the shares of the answers with no effects; weight (C,)."""
    at = _first(of, weight) if start is None else start
    worth = of.loss(at, weight)
    if not np.isfinite(worth):
        raise Unfitted
    for _ in range(STEPS):
        G = of.information(at, weight)
        step = solved(G, of.estimating(at).T @ weight)
        for _ in range(HALVINGS):
            new = at + step
            found = of.loss(new, weight)
            if found <= worth + 1e-9 * abs(worth):
                break
            step = step / 2
        else:
            raise Unfitted
        at, worth = new, found
        if float(np.sqrt(step @ step)) <= ENOUGH * (1 + float(np.sqrt(at @ at))):
            return at
    raise Unfitted


def _first(of, weight):
    share = np.cumsum(np.bincount(of.problem.y.astype(np.int64), weight, of.levels))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = share[:-1] / share[-1]
        quantile = {"logit": special.logit, "probit": special.ndtri}.get(of.link, lambda u: np.log(-np.log1p(-u)))
        zeta = quantile(share)
    if not np.isfinite(zeta).all() or np.any(np.diff(zeta) <= 0):
        raise Unfitted
    return np.append(np.zeros(of.problem.x.shape[1]), zeta)


def probabilities(eta: Floats, zeta: Floats, link: str) -> tuple[Floats, Floats]:
    """P(y = j) (C, J) of cells, and the densities (C, J + 1) at the thresholds, 0 at both ends."""
    F, f, _ = DISTRIBUTIONS[link](zeta[None, :] - eta[:, None])
    nothing, everything = np.zeros((len(eta), 1)), np.ones((len(eta), 1))
    return np.diff(np.hstack([nothing, F, everything]), axis=1), np.hstack([nothing, f, nothing])


@dataclass(frozen=True)
class Cumulative:
    """A fitted ordinal model, with the methods of `linear.Linear`.

    Attributes
    ----------
    problem : what was fitted, one row per cell and answer. levels : how many. link : its name. inner : (p + J - 1,) the solution on a
        basis whose columns are orthogonal to one another and to a constant. turn : (p + J - 1, p + J - 1) from those to the parameters.
    weight : (C,) of the cells.
    """

    problem: Problem
    levels: int
    link: str
    inner: np.ndarray
    turn: np.ndarray
    weight: np.ndarray
    on_basis: Problem

    @classmethod
    def of(cls, problem: Problem, weights: Floats, levels: int, link: str) -> "Cumulative":
        """Fit rows with weights (m,)."""
        weight, p = problem.weighed(weights), problem.x.shape[1]
        unit = np.sqrt(np.abs(weight).sum())
        made = fitting.basis(np.column_stack([np.ones(len(problem.x)), problem.x]), weight)
        t = made.t * unit
        turn = np.eye(p + levels - 1)
        turn[:p, :p], turn[p:, :p] = t[1:, 1:], -t[0, 1:]
        on_basis = Problem(made.z[:, 1:] * unit, problem.cell, problem.y, problem.offset, problem.rows)
        inner = newton(Likelihood(on_basis, levels, link), weight)
        return cls(problem, levels, link, inner, turn, weight, on_basis)

    @property
    def value(self) -> Floats:
        """Coefficients (p,), then thresholds (J - 1,)."""
        return self.turn @ self.inner

    @property
    def likelihood(self) -> Likelihood:
        return Likelihood(self.on_basis, self.levels, self.link)

    def inverse(self, observed: bool | None = None) -> Floats:
        """The inverse information of the weights as they are; always the observed one."""
        inside = solved(self.likelihood.information(self.inner, self.weight), np.eye(len(self.inner)))
        return self.turn @ ((inside + inside.T) / 2) @ self.turn.T

    def influence(self, n: int) -> Floats:
        """Inverse information times the estimating functions of all rows without their weights (p + J - 1, n)."""
        of = self.likelihood
        G = of.information(self.inner, self.weight)
        by_cell = self.turn @ solved(G, of.estimating(self.inner).T)
        rows = self.problem.rows
        return scored(by_cell.T, self.problem.cell, np.eye(len(by_cell)), np.ones(len(rows)), rows, n)

    def again(self, weights: Floats) -> Floats:
        """The parameters with other weights (m,), NaN where there are none."""
        try:
            return self.turn @ newton(self.likelihood, self.problem.weighed(weights), self.inner)
        except Unfitted:
            return np.full(len(self.inner), np.nan)

    def means(self, x: Floats, offset: Any, at: Floats) -> Floats:
        """Probabilities (C, J) of the answers."""
        p = x.shape[1]
        return probabilities(x @ at[:p] + (0.0 if offset is None else offset), at[p:], self.link)[0]

    def slopes(self, x: Floats, offset: Any, at: Floats) -> Array:
        """Derivatives (C, J, p + J - 1) of the probabilities by the parameters."""
        p = x.shape[1]
        f = probabilities(x @ at[:p] + (0.0 if offset is None else offset), at[p:], self.link)[1]
        found = np.zeros((len(x), self.levels, len(at)))
        found[:, :, :p] = -np.diff(f, axis=1)[:, :, None] * x[:, None, :]
        for j in range(self.levels - 1):
            found[:, j, p + j] = f[:, j + 1]
            found[:, j + 1, p + j] = -f[:, j + 1]
        return found

    def tilts(self, x: Floats, offset: Any, at: Floats, dx: Floats) -> tuple[Floats, Array]:
        """Derivatives of the probabilities (C, J) where x changes by dx (C, p), and theirs by the parameters."""
        p, eta = x.shape[1], x @ at[: x.shape[1]] + (0.0 if offset is None else offset)
        along = dx @ at[:p]
        _, f, s = DISTRIBUTIONS[self.link](at[p:][None, :] - eta[:, None])
        ends = np.zeros((len(x), 1))
        f, s = np.hstack([ends, f, ends]), np.hstack([ends, s, ends])
        found = np.zeros((len(x), self.levels, len(at)))
        found[:, :, :p] = (
            np.diff(s, axis=1)[:, :, None] * (along[:, None] * x)[:, None, :]
            - np.diff(f, axis=1)[:, :, None] * dx[:, None, :]
        )
        for j in range(self.levels - 1):
            found[:, j, p + j] = -s[:, j + 1] * along
            found[:, j + 1, p + j] = s[:, j + 1] * along
        return -np.diff(f, axis=1) * along[:, None], found

    def loss(self) -> float:
        """-Σ w log p."""
        return self.likelihood.loss(self.inner, self.weight)
