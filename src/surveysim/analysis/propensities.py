"""Response propensities of a sample by cells of its auxiliary variables, and statistics of them with their scores.

Propensities come from a logistic model with the survey's weights. A statistic T of weights w and propensities ρ is known by its value and,
per cell, by what a unit of weight and a change of ρ do to it: dT = Σ_i dw_i a_i + Σ_i w_i b_i dρ_i. As ρ itself follows from the weights,
the score of row i is a_i + (R_i - ρ_i) x_i' J⁻¹ Σ_j w_j b_j ρ_j (1 - ρ_j) x_j, with J = Σ w ρ (1 - ρ) x x' (Binder 1983, Int. Stat. Rev.
51:279-292).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..aliases import Array, Floats, Ints
from ..errors import DataError
from ..guards import sight
from ..tables import coded
from ..weighting.steps.propensity import propensities

MOST = 5000  # parameters beyond which nobody reads what comes out


@dataclass(frozen=True)
class Variable:
    """An auxiliary variable: its name, its levels' names, and the level (n,) of each row, -1 outside the sample."""

    name: str
    levels: tuple[str, ...]
    code: Ints


def variables(data: Any, wanted: Sequence[Any], inside: Any) -> list[Variable]:
    """Auxiliary variables of a table; a tuple of columns stands for their combinations."""
    if isinstance(wanted, str):
        wanted = [wanted]
    if not isinstance(wanted, list | tuple) or not len(wanted):
        raise DataError(
            f"variables = {sight(wanted)}: give the columns that are known of respondents and others, in a list."
        )
    found = [_variable(data, name if isinstance(name, tuple) else (name,), inside) for name in wanted]
    names = [v.name for v in found]
    if len(set(names)) < len(names):
        raise DataError(f"variables = {sight(wanted)}: one is named twice.")
    return found


def _variable(data, columns, inside):
    code, levels = np.zeros(len(inside), np.int64), [""]
    for column in columns:
        found = coded(data, column)
        missing = inside & (found.codes < 0)
        if missing.any():
            raise DataError(
                f"{column!r} is missing in {missing.sum():,} rows of the sample (the first is row {int(np.argmax(missing))}); the model "
                f"needs it of respondents and nonrespondents alike. Make missing a level of its own, or leave the variable out."
            )
        order = found.order()
        rank = np.empty(max(len(found.labels), 1), np.int64)
        rank[order] = np.arange(len(order))
        code = code * len(order) + rank[np.maximum(found.codes, 0)]
        levels = [f"{a}, {found.labels[k]}" if a else str(found.labels[k]) for a in levels for k in order]
    used = np.unique(code[inside])
    name = "*".join(map(str, columns))
    if len(used) < 2:
        raise DataError(f"{name!r} has one level in the sample, so it explains no response; leave it out.")
    if len(used) > MOST:
        raise DataError(f"{name!r} has {len(used):,} levels; cut numbers into classes, such as with pandas.cut.")
    place = np.searchsorted(used, code).clip(max=len(used) - 1)
    return Variable(name, tuple(levels[k] for k in used), np.where(inside, place, -1))


@dataclass(frozen=True)
class Cells:
    """The sample by cells of its variables.

    cell : (n,) cell 0 .. C - 1 of each row, -1 outside. level : (C, variables) the cell's levels. x : (C, p) with a column of ones.
    names : (p - 1,) of the other columns. responded : (n,) truth values. variables : the auxiliary variables.
    """

    cell: Ints
    level: Ints
    x: Floats
    names: tuple[str, ...]
    responded: np.ndarray
    variables: tuple[Variable, ...]

    @classmethod
    def of(cls, made: Sequence[Variable], responded: Any, inside: Any) -> "Cells":
        """Cells of the rows inside."""
        codes = np.stack([v.code[inside] for v in made], axis=1)
        level, place = np.unique(codes, axis=0, return_inverse=True)
        cell = np.full(len(inside), -1)
        cell[inside] = place.ravel()
        columns, names = [np.ones(len(level))], []
        for k, v in enumerate(made):
            for j in range(1, len(v.levels)):
                columns.append((level[:, k] == j).astype(float))
                names.append(f"{v.name}={v.levels[j]}")
        return cls(cell, level, np.column_stack(columns), tuple(names), responded & inside, tuple(made))

    def sums(self, values: Array) -> Array:
        """Sums (C,) of values (n,)."""
        at = self.cell >= 0
        return np.bincount(self.cell[at], values[at], len(self.level))

    def fitted(self, w: Floats) -> "Fitted":
        """The model with weights (n,)."""
        size, yes = self.sums(w), self.sums(w * self.responded)
        if not 0 < yes.sum() < size.sum():
            raise DataError("response needs respondents and nonrespondents of weight; the sample has only one kind.")
        scale = size.sum() / len(size)
        rho = propensities(self.x[:, 1:], yes / scale, size / scale, self.names)
        return Fitted(self, size, rho)

    def rows(self, values: Floats) -> Floats:
        """Values of the cells (C, …) given to rows (n, …), 0 outside."""
        inside = self.cell >= 0
        return np.where(inside.reshape(-1, *[1] * (values.ndim - 1)), values[np.maximum(self.cell, 0)], 0.0)


@dataclass(frozen=True)
class Fitted:
    """Propensities rho (C,) of cells of weights size (C,)."""

    cells: Cells
    size: Floats
    rho: Floats

    @cached_property
    def whole(self) -> float:
        return float(self.size.sum())

    @cached_property
    def mean(self) -> float:
        """The mean propensity, which is the weighted response rate."""
        return float(self.size @ self.rho / self.whole)

    @cached_property
    def z(self) -> Floats:
        """Derivatives (C, p) of the propensities by the coefficients."""
        return (self.rho * (1 - self.rho))[:, None] * self.cells.x

    @cached_property
    def bread(self) -> Array:
        """J⁻¹ (p, p), a generalized one where columns are collinear."""
        return np.linalg.pinv((self.z * self.size[:, None]).T @ self.cells.x, rcond=1e-12, hermitian=True)

    def means(self, group: Ints) -> tuple[Array, Array]:
        """Weights and mean propensities of groups of cells (G,)."""
        size = np.bincount(group, self.size)
        return size, np.bincount(group, self.size * self.rho) / np.where(size > 0, size, 1.0)

    def rest(self, k: int) -> Ints:
        """Group (C,) of cells that agree in all variables but the k-th."""
        others = np.delete(self.cells.level, k, axis=1)
        return (
            np.unique(others, axis=0, return_inverse=True)[1].ravel() if others.shape[1] else np.zeros(len(others), int)
        )

    # each of these gives a value and what a unit of weight and of propensity do to it, (C,) and (C,)
    def average(self) -> tuple[float, Floats, Floats]:
        """Mean propensity."""
        return self.mean, (self.rho - self.mean) / self.whole, np.full(len(self.rho), 1 / self.whole)

    def variance(self) -> tuple[float, Floats, Floats]:
        """Variance of the propensities."""
        off = self.rho - self.mean
        value = float(self.size @ off**2 / self.whole)
        return value, (off**2 - value) / self.whole, 2 * off / self.whole

    def relative(self) -> tuple[float, Floats, Floats]:
        """Variance over the squared mean."""
        (v, a, b), (m, c, d) = self.variance(), self.average()
        return v / m**2, a / m**2 - 2 * v / m**3 * c, b / m**2 - 2 * v / m**3 * d

    def level(self, k: int, h: int) -> tuple[float, Floats, Floats]:
        """Unconditional partial indicator of a level: √(N_h / N) (ρ̄_h - ρ̄)."""
        one = (self.cells.level[:, k] == h).astype(float)
        size = float(self.size @ one)
        q, mean = size / self.whole, float((self.size * one) @ self.rho / size)
        root, gap = np.sqrt(q), mean - self.mean
        by_weight = 0.5 * gap / root * (one - q) / self.whole + root * (
            one * (self.rho - mean) / size - (self.rho - self.mean) / self.whole
        )
        return root * gap, by_weight, root * (one / size - 1 / self.whole)

    def between(self, k: int) -> tuple[float, Floats, Floats]:
        """Variance of the propensities between the levels of a variable."""
        parts = [self.level(k, h) for h in range(len(self.cells.variables[k].levels))]
        value = sum(p[0] ** 2 for p in parts)
        by_weight = np.sum([2 * found * a for found, a, _ in parts], axis=0)
        by_propensity = np.sum([2 * found * b for found, _, b in parts], axis=0)
        return value, by_weight, by_propensity

    def within(self, k: int, h: int | None = None) -> tuple[float, Floats, Floats]:
        """Variance of the propensities inside cells of the other variables, or the part of it of a level."""
        group = self.rest(k)
        size, mean = self.means(group)
        one = np.ones(len(self.rho)) if h is None else (self.cells.level[:, k] == h).astype(float)
        off = self.rho - mean[group]
        value = float(self.size @ (one * off**2) / self.whole)
        pull = (np.bincount(group, self.size * one * off) / (self.whole * np.where(size > 0, size, 1.0)))[group]
        return value, (one * off**2 - value) / self.whole - 2 * pull * off, 2 * one * off / self.whole - 2 * pull

    def scores(self, parts: Sequence[tuple[Any, Floats, Floats]]) -> tuple[Floats, Floats]:
        """Scores (T, n) of statistics, and the part of them (T, n) that is response."""
        a, b = (np.stack([part[j] for part in parts]) for j in (1, 2))
        slope = (b * self.size) @ self.z @ self.bread @ self.cells.x.T
        gap = np.where(self.cells.cell >= 0, self.cells.responded - self.cells.rows(self.rho), 0.0)
        response = self.cells.rows(slope.T).T * gap
        return self.cells.rows(a.T).T + response, response

    def coefficients(self) -> Floats:
        """Scores (p, n) of the model's coefficients."""
        gap = np.where(self.cells.cell >= 0, self.cells.responded - self.cells.rows(self.rho), 0.0)
        return self.cells.rows(self.cells.x @ self.bread).T * gap
