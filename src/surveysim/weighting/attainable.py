"""The closest totals that weights can meet, where those that are wanted cannot all be met."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Array, Floats
from ..errors import CalibrationError
from ..on_demand import Later
from .problem import Problem

optimize, sparse = Later("scipy", ".optimize"), Later("scipy", ".sparse")

WAYS = ("least_squares", "minimax")
FACTORS = (
    1e-3,
    1e3,
)  # times the common factor of a partition: what weights may be multiplied by, where no bounds are given


def attained(
    problem: Problem, reading: str, way: str, bounds: tuple[float, float] | None
) -> tuple[Floats, pd.DataFrame]:
    """The closest totals to the margins of a problem, read as totals or as shares of the initial weights; see `closest`."""
    targets = problem.targets
    total = targets.total
    if reading == "shares":
        whole = np.where(targets.sums > 10, 100.0, 1.0)
        total = total * np.repeat(problem.sums[:, None] / whole, np.diff(targets.first), axis=1)
    return closest(problem, total, way, bounds)


def closest(
    problem: Problem, total: Floats, way: str, bounds: tuple[float, float] | None
) -> tuple[Floats, pd.DataFrame]:
    """Totals (P, C) that weights can meet with factors inside the bounds, and what each misses of those that are wanted.

    way : "least_squares" for the least sum of squared relative gaps, "minimax" for the least largest relative gap.

    Raises
    ------
    CalibrationError : a level with a total and no respondents, or the other way about; nothing was found inside the bounds.
    """

    guards.choice(way, "closest", WAYS)
    wanted = problem.in_axis_order(total)
    attained = total.copy()
    cells = problem.cells
    for p, (a, b) in enumerate(pairwise(cells.start)):
        there = a + np.flatnonzero(cells.weight[a:b] > 0)
        asked = np.flatnonzero(np.nan_to_num(wanted[p]) > 0)
        M = cells.level.shape[1]
        rows, columns = cells.level[there].ravel(), np.repeat(np.arange(len(there)), M)
        matrix = sparse.csr_matrix(
            (np.repeat(cells.weight[there], M), (rows, columns)), shape=(wanted.shape[1], len(there))
        )[asked]
        relative = sparse.diags(1 / wanted[p, asked]) @ matrix
        common = float(np.nanmax(wanted[p, asked]) / matrix.sum(axis=1).max())
        lower, upper = (common * FACTORS[0], common * FACTORS[1]) if bounds is None else bounds
        solve = _least_squares if way == "least_squares" else _minimax
        factor = np.clip(solve(relative, max(lower, common * FACTORS[0]), upper), lower, upper)
        attained[p, problem.columns[asked]] = matrix @ factor
    return attained, _missed(problem, total, attained)


def _least_squares(relative: Any, lower: float, upper: float) -> Array:

    size = relative.shape[1]
    dense = size <= 2000
    found = optimize.lsq_linear(
        relative.toarray() if dense else relative,
        np.ones(relative.shape[0]),
        (lower, upper),
        method="bvls" if dense else "trf",
        tol=1e-12,
        max_iter=10_000,
    )
    if not found.success:
        raise CalibrationError(f"no closest totals were found ({found.message}); widen the bounds, or merge levels.")
    return found.x


def _minimax(relative: Any, lower: float, upper: float) -> Array:

    rows, size = relative.shape
    far: Any = sparse.csr_matrix(-np.ones((rows, 1)))
    limits: Any = sparse.vstack([sparse.hstack([relative, far]), sparse.hstack([-relative, far])])
    found: Any = optimize.linprog(
        np.append(np.zeros(size), 1.0),
        A_ub=limits,
        b_ub=np.append(np.ones(rows), -np.ones(rows)),
        bounds=[(lower, upper)] * size + [(0.0, np.inf)],
        method="highs",
    )
    if found.status != 0:
        raise CalibrationError(f"no closest totals were found ({found.message}); widen the bounds, or merge levels.")
    return found.x[:size]


def _missed(problem, total, attained):
    """Table partition, margin, level, wanted, attained, gap (relative) of the totals that are not met."""
    targets = problem.targets
    at = [(p, c) for p, c in np.ndindex(total.shape) if abs(attained[p, c] - total[p, c]) > 1e-9 * abs(total[p, c])]
    names = [targets.name(c) for _, c in at]
    wanted, met = (np.array([table[place] for place in at], dtype=float) for table in (total, attained))
    return pd.DataFrame(
        {
            "partition": ["" if targets.partitions[p] is None else str(targets.partitions[p]) for p, _ in at],
            "margin": [name for name, _ in names],
            "level": [str(level) for _, level in names],
            "wanted": wanted,
            "attained": met,
            "gap": met / wanted - 1,
        }
    )
