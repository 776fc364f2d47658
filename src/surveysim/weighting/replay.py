"""A calibration repeated in every replicate of a sample, on (PSU × cell) sums and from the full sample's solution.

weight(row, replicate) = initial weight × multiplier(PSU, replicate) × factor(cell, replicate): nothing of the size rows ×
replicates is ever made unless it is asked for.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np

from .. import guards
from ..aliases import Floats, Ints
from ..coding import codes_inside
from ..errors import CalibrationError, DataError
from ..kernels import replicates
from . import solver
from .cells import as_kernel_input

if TYPE_CHECKING:
    from .result import Calibration

LANES = replicates.LANES
MOST_ORDERS = 300  # orders of magnitude that a product of factors may have


@dataclass(frozen=True)
class Pairs:
    """Rows joined by PSU and cell.

    Attributes
    ----------
    psu, cell : (pairs,). weight : (pairs,) sums of initial weights.
    """

    psu: np.ndarray
    cell: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, psu: Ints, psus: int, cell: Ints, cells: int, weight: Floats | None) -> Self:
        """Pairs of rows with PSU codes (n,) and cells (n,), in the order of whichever there are more of."""
        n = len(cell)
        psu, cell = np.ascontiguousarray(psu, dtype=np.int32), np.ascontiguousarray(cell, dtype=np.int32)
        once, order = np.empty(n, np.int64), np.empty(n, np.int64)
        (minor, minors), (major, majors) = sorted([(psu, psus), (cell, cells)], key=lambda pair: pair[1])
        replicates.sort_by(minor, minors, np.arange(n), once)
        replicates.sort_by(major, majors, once, order)
        pairs = replicates.Pairs(np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n))
        k = replicates.pair_up(psu, cell, as_kernel_input(np.empty(0) if weight is None else weight), order, pairs)
        return cls(*(column[:k].copy() for column in pairs))


class Replay:
    """Repeats a calibration to categorical totals in replicates.

    Parameters
    ----------
    calibration : Calibration of n rows. psu : (n,) codes 0 .. psus - 1 of what a replicate takes or leaves.

    Raises
    ------
    DataError : the calibration has numeric totals, scale factors, clusters or totals with error, so that it is no function of
        cells.
    """

    def __init__(self, calibration: "Calibration", psu: Ints, psus: int) -> None:
        self.problem, self.distance = calibration.problem, calibration.goal.distance
        self.total = np.nan_to_num(self.problem.in_axis_order(calibration.goal.total))
        self.shares, cells = calibration.reading == "shares", self.problem.cells
        if not self.problem.on_cells:
            raise DataError("only a calibration to exact categorical totals with q = 1 collapses to cells.")
        psus = guards.whole_number(psus, "psus", 1)
        psu = codes_inside("psu", psu, psus, self.problem.n)
        self.psus = psus
        self.pairs = Pairs.of(psu, psus, cells.cell, len(cells.weight), self.problem.base)
        self.swept = cells.shape is not None and self.distance.method == "raking"
        self.whole = self._partition_sums(cells.weight[:, None])[0]
        P, W = self.total.shape
        self.start = np.ones((P, W)) if self.swept else np.zeros((P, W))
        full = np.repeat(cells.weight[:, None], LANES, axis=1)
        self.start = self._solve(full, 1, 1e-10, 1000, np.ones((1, P)))[0][0]

    def _partition_sums(self, sums):
        """Sums (lanes, P) of cell sums (K, lanes)."""
        return np.stack([sums[a:b].sum(axis=0) for a, b in pairwise(self.problem.cells.start)], axis=1)

    def lanes(self, multiplier: Floats, lanes: int, first: int, tol: float, max_iter: int) -> np.ndarray:
        """g of every cell (K, LANES) in LANES replicates with the multipliers (PSUs, LANES), of which the first `lanes` count.

        Raises
        ------
        CalibrationError : a replicate, counted from `first`, that does not converge.
        """
        return self.factors(*self.solved(multiplier, lanes, first, tol, max_iter))

    def solved(
        self, multiplier: np.ndarray, lanes: int, first: int, tol: float, max_iter: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Of the same replicates factors (raking) or multipliers λ of the constraints (lanes, P, W), and the scale of totals (lanes, P)."""
        sums = np.empty((len(self.problem.cells.weight), LANES))
        replicates.cell_sums(self.pairs.psu, self.pairs.cell, self.pairs.weight, multiplier, sums)
        scale = self._partition_sums(sums[:, :lanes]) / self.whole if self.shares else np.ones((lanes, len(self.total)))
        column, failed = self._solve(sums, lanes, tol, max_iter, scale)
        if failed:
            raise CalibrationError(f"replicate {first + failed[0][0]} cannot be calibrated: {failed[0][1]}")
        return column, scale

    def factors(self, column: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """g of every cell (K, LANES) from what was solved for."""
        cells, lanes = self.problem.cells, len(column)
        given, g = np.ones((*column.shape[1:], LANES)), np.empty((len(cells.weight), LANES))
        given[..., :lanes] = np.moveaxis(column, 0, -1)
        if self.swept:
            scales = np.ones((len(cells.start) - 1, LANES))
            scales[:, :lanes] = scale.T
            replicates.products(cells.start, cells.level, given, scales, g)
        else:
            replicates.ratios(cells.start, cells.level, given, self.distance.kernel, g)
        return g

    def _solve(self, sums, lanes, tol, max_iter, scale):
        """Columns (lanes, P, W) that calibrate the first lanes of cell sums (K, LANES), and (lane, reason) of failures."""
        cells, (P, W) = self.problem.cells, self.total.shape
        column, failed = np.empty((lanes, P, W)), []
        for p in range(P):
            part = sums[cells.start[p] : cells.start[p + 1]]
            gap = self._sweep(part, p, lanes, tol, max_iter, column) if self.swept else np.full(lanes, np.inf)
            for lane in np.flatnonzero(~(gap[:lanes] <= tol)):
                try:
                    column[lane, p] = self._newton(
                        part[:, lane], p, 1.0 if self.swept else scale[lane, p], tol, max_iter
                    )
                except CalibrationError as error:
                    failed.append((lane, str(error)))
        return column, failed

    def _sweep(self, part, p, lanes, tol, max_iter, column):
        """Rake the lanes of one partition into `column`; gaps (LANES,)."""
        table = solver.table_of((self.problem.cells.shape or ())[1:])
        lead, gap = np.empty((table.moved[0], LANES)), np.empty(LANES)
        each = np.repeat(self.start[p][table.columns][:, None], LANES, axis=1)
        replicates.rake(table.asked(part, self.total[p]), tol, min(int(max_iter), solver.SWEEPS), lead, each, gap)
        column[:, p, table.lead] = lead.T[:lanes]
        column[:, p, table.columns] = each.T[:lanes]
        with np.errstate(divide="ignore", invalid="ignore"):
            orders = np.abs(np.log10(column[:, p])).max(axis=1)
        gap[:lanes][~(orders * len(self.problem.axes) < MOST_ORDERS)] = np.inf  # products would over- or underflow
        return gap

    def _newton(self, weight, p, scale, tol, max_iter):
        """One replicate by Newton's method from the full sample's multipliers."""
        lam = np.zeros(self.total.shape[1]) if self.swept else self.start[p].copy()
        part = self.problem.part(p)._replace(weight=np.ascontiguousarray(weight), inner=0)
        system = solver.System.of(part, self.total[p] * scale, self.distance, self._say)
        solver.newton(system, tol, max_iter, lam)
        return np.exp(lam) if self.swept else lam

    def _say(self, column):
        margin, level = self.problem.name(column)
        return f"level {level!r} of {margin!r}"
