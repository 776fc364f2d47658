"""Totals at the edge of the possible: weights that keep their distance from a bound only approach them, multipliers run to infinity.

Σ d F(x'λ) x = T has a finite solution where T is inside the cone (raking) or the zonotope (logit) of the calibration variables. On
its boundary some ν with ν'x ≥ 0 in every row makes ν'T as small as it can be, so that every row with ν'x > 0 must reach its bound:
λ − sν comes closer with every s. A solver stops there as soon as the gap is small, with weights of 1e-10 that mean nothing. Two
things tell: a further step of Newton's method would again change those weights by a factor of e although the totals are met; or
nothing but rows at their bounds has any part in ν'T.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize, special

from ..aliases import Array, Floats, Truths

if TYPE_CHECKING:
    from .distances import Distance
    from .solver import System

SMALL = 0.01  # share of the mean factor below which a factor is looked at
STEPS = 60  # each divides what is left of vanishing weights by e
INSIDE = 1e-3  # relative change of any factor by a further step below which the solution is inside
LOST = 1e-7  # rows of which the root of their part in the totals is below this have none that rounding leaves
NOTHING = 1e-10  # components of a unit vector below this are rounding
BESIDE = 1e-6  # share of |ν|'|x| below which ν'x is zero
BLOCK = 4096
MOST = 5000  # rows that go into a linear programme


def looked_at(distance: "Distance", weight: Floats, g: Floats, tol: float, margins: int | None) -> Truths:
    """Cells (K,) so close to a bound that they may have to reach it; `margins` of cells without numbers, otherwise None."""
    open_ = distance.method in ("raking", "logit") or (distance.method == "truncated_raking" and distance.lower == 0)
    if not open_:
        return np.zeros(len(g), bool)  # other distances reach their bounds
    room = np.minimum(g - distance.lower, distance.upper - g) if distance.method == "logit" else g
    most = distance.upper - distance.lower if distance.method == "logit" else np.max(g, initial=0.0)
    if np.min(room, initial=np.inf) > SMALL * most:
        return np.zeros(len(g), bool)
    if distance.method != "logit":
        most = (weight @ g) / weight.sum()
    small = (weight > 0) & (room < SMALL * most)
    if margins is not None:  # the weight of cells that must vanish is at most what their totals are off
        small &= weight * room < 100 * margins * tol * (weight @ g)
    return small


def triangle_of(x: Any, root: Floats, size: Floats, start: Array) -> Floats:
    """R (p, p) of the rows √slope x / size below those of `start` (many, p), so that R'R is the sum of their squares."""
    triangle = start / size
    for first in range(0, len(root), BLOCK):
        part = slice(first, first + BLOCK)
        rows = x[part].multiply(root[part, None]).toarray() / size
        triangle = np.linalg.qr(np.vstack([triangle, rows]), mode="r")
    return np.vstack([triangle, np.zeros((max(x.shape[1] - len(triangle), 0), x.shape[1]))])


class Edge:
    """A solution g (K,) with multipliers λ (p,) of a `solver.System`, looked at once more.

    Attributes
    ----------
    rows : cells with weight whose factors move with λ. left : (rows,) logs of their factors (logit: log odds between the bounds).
    """

    def __init__(self, system: "System", g: Floats, lam: Floats) -> None:
        distance = system.distance
        self.system, self.distance, self.g, self.lam = system, distance, g.copy(), lam.copy()
        moves = g < distance.upper if distance.method == "truncated_raking" else np.ones(len(g), bool)
        self.rows = np.flatnonzero((system.weight > 0) & moves)
        self.x = system.matrix.tocsr()[self.rows]
        self.d, g = system.weight[self.rows], g[self.rows]
        self.q = system.q[self.rows] if len(system.q) else np.ones(len(self.rows))
        self.start = np.zeros((0, len(lam)))
        if len(system.ridge):
            value, vector = np.linalg.eigh(system.ridge)
            self.start = (vector * np.sqrt(np.maximum(value, 0.0))).T
        self.steep = 1.0
        if distance.method == "logit":
            self.steep = (distance.upper - distance.lower) / ((1 - distance.lower) * (distance.upper - 1))
            g = np.maximum(g - distance.lower, 1e-300) / np.maximum(distance.upper - g, 1e-300)
        self.left = np.log(np.maximum(g, 1e-300))

    def vanishing(self, small: Truths) -> tuple[Truths, Floats] | None:
        """Cells among `small` (K,) that must reach a bound, and ν (p,); None where there are none, with g and λ resolved."""
        small, change, step = small[self.rows], np.zeros(0), np.zeros(0)
        for _ in range(STEPS):
            slope = self.d * self.q * self.steep * self._speed()
            size = self.x.multiply(self.x).T @ slope + np.sum(self.start**2, axis=0)
            terms = abs(self.x).T @ (self.d * self.g[self.rows])
            size = np.sqrt(np.where(size > LOST**2 * terms, size, np.where(terms > 0, terms, 1.0)))
            triangle = triangle_of(self.x, np.sqrt(slope), size, self.start)
            if not np.isfinite(triangle).all():
                return None
            _, values, vectors = np.linalg.svd(triangle)
            for vector in vectors[values <= LOST]:
                direction = np.where(np.abs(vector) > NOTHING, vector, 0.0) / size
                along = self.x @ direction
                hit = small & (np.abs(along) > BESIDE * (abs(self.x) @ np.abs(direction)))
                if hit.any():
                    return self._found(hit, direction)
            gap = -self.system.reached(self.g, self.lam) / size
            held = values > LOST
            step = (vectors[held].T @ ((vectors[held] @ gap) / values[held] ** 2)) / size
            change = self.steep * self.q * (self.x @ step)
            largest = np.max(np.abs(change), initial=0.0)
            if not largest > INSIDE:
                return None
            self.lam += step * min(1.0, 2.0 / largest)
            self.left += change * min(1.0, 2.0 / largest)
            self.g[self.rows] = self._factor()
        hit = small & (np.abs(change) > 0.1)
        return self._found(hit, -step) if hit.any() else None

    def _factor(self):
        low, up = self.distance.lower, self.distance.upper
        if self.distance.method == "logit":
            return low + (up - low) * special.expit(self.left)
        return np.minimum(np.exp(np.clip(self.left, -690, 690)), up)

    def _speed(self):
        """Change of the factors with `left`."""
        if self.distance.method == "logit":
            return (self.distance.upper - self.distance.lower) * special.expit(self.left) * special.expit(-self.left)
        return np.exp(np.clip(self.left, -690, 690))

    def _found(self, hit, direction):
        cells = np.zeros(len(self.g), bool)
        cells[self.rows[hit]] = True
        return cells, self._fewest(hit, direction)

    def _fewest(self, hit, direction):
        """ν (p,) of the least sum of absolute values, so that it names the fewest constraints: Σ ν'x = 1 over the rows that are hit,
        ν'x ≥ 0 there (≤ 0 at upper bounds), ≤ 0 where an upper clip holds and 0 elsewhere."""
        x = self.system.matrix.tocsr()
        size = np.where((largest := abs(x).max(axis=0).toarray().ravel()) > 0, largest, 1.0)
        up = (self.left > 0) & (self.distance.method == "logit")
        ends = self.x[hit].multiply(np.where(up[hit], -1.0, 1.0)[:, None]).toarray() / size
        free, none = self.x[~hit], np.zeros((0, len(size)))
        equal = triangle_of(free, np.ones(free.shape[0]), size, none)
        clipped = x[np.setdiff1d(np.flatnonzero(self.system.weight > 0), self.rows)].toarray() / size
        less = np.unique(np.vstack([-ends, clipped]), axis=0)[:MOST]
        found: Any = optimize.linprog(
            np.ones(2 * len(size)),
            A_ub=np.hstack([less, -less]),
            b_ub=np.zeros(len(less)),
            A_eq=np.vstack([np.hstack([equal, -equal]), np.r_[ends.mean(axis=0), -ends.mean(axis=0)]]),
            b_eq=np.r_[np.zeros(len(equal)), 1.0],
            method="highs",
        )
        return (found.x[: len(size)] - found.x[len(size) :]) / size if found.status == 0 else direction
