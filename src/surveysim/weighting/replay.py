"""A calibration repeated in every replicate of a sample, on (PSU × cell) sums and from the full sample's solution.

weight(row, replicate) = initial weight × multiplier(PSU, replicate) × factor(cell, replicate): nothing of the size rows ×
replicates is ever made unless it is asked for.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .. import guards
from ..coding import codes_inside
from ..errors import CalibrationError, DataError
from ..kernels import newton, replicates
from ..threads import by_threads
from . import solver
from .cells import as_kernel_input

LANES = replicates.LANES
MOST_ORDERS = 300  # orders of magnitude that a product of factors may have


@dataclass(frozen=True)
class Pairs:
    """Rows joined by PSU and cell.

    Attributes
    ----------
    of_row : (n,) pair of each row. psu, cell : (pairs,). weight : (pairs,) sums of initial weights.
    """

    of_row: np.ndarray
    psu: np.ndarray
    cell: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, psu, psus, cell, cells, weight):
        """Pairs of rows with PSU codes (n,) and cells (n,), in the order of whichever there are more of."""
        n = len(cell)
        psu, cell = np.ascontiguousarray(psu, dtype=np.int32), np.ascontiguousarray(cell, dtype=np.int32)
        once, order = np.empty(n, np.int64), np.empty(n, np.int64)
        (minor, minors), (major, majors) = sorted([(psu, psus), (cell, cells)], key=lambda pair: pair[1])
        replicates.sort_by(minor, minors, np.arange(n), once)
        replicates.sort_by(major, majors, once, order)
        of_row, pair_psu, pair_cell = (np.empty(n, np.int32) for _ in range(3))
        base, sums = as_kernel_input(np.empty(0) if weight is None else weight), np.empty(n)
        k = replicates.pair_up(psu, cell, base, order, of_row, pair_psu, pair_cell, sums)
        return cls(of_row, pair_psu[:k].copy(), pair_cell[:k].copy(), sums[:k].copy())


@dataclass(frozen=True)
class Factors:
    """Calibration of R replicates: `column` (R, P, W) holds a factor (raking) or a multiplier λ of every constraint.

    scale : (R, P) what the totals of a replicate are of the full sample's: with shares as margins, its sum of weights over
        theirs; otherwise 1.
    """

    replay: "Replay"
    column: np.ndarray
    scale: np.ndarray

    def cells(self, r):
        """g of every cell (K,) in replicate r."""
        cells, distance = self.replay.problem.cells, self.replay.distance
        column = self.column[r][cells.partition[:, None], cells.level]
        if self.replay.swept:
            return self.scale[r][cells.partition] * column.prod(axis=1)
        g, slope = np.empty(len(column)), np.empty(len(column))
        newton.ratios(distance.kernel, column.sum(axis=1), g, slope)
        return g

    def weights(self, r, multiplier):
        """Calibrated weights of the rows (n,) in replicate r, whose PSUs have the multipliers (PSUs,)."""
        problem = self.replay.problem
        psu = self.replay.pairs.psu[self.replay.pairs.of_row]
        base = 1.0 if problem.base is None else problem.base
        return base * multiplier[psu] * self.cells(r)[problem.cells.cell]


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

    def __init__(self, calibration, psu, psus):
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

    def run(self, multipliers, n, tol=1e-9, max_iter=1000):
        """Factors of `n` replicates.

        Parameters
        ----------
        multipliers : function (first, out) that fills `out` (PSUs, LANES) with the multipliers of the replicates from `first`.
        n : replicates. tol : largest relative gap. max_iter : most sweeps or Newton steps.

        Returns
        -------
        Factors.

        Raises
        ------
        CalibrationError : replicates that do not converge; the first is named.
        """
        column, scale, failures = np.empty((n, *self.total.shape)), np.ones((n, len(self.total))), []
        pairs, K = self.pairs, len(self.problem.cells.weight)

        def work(first, last):
            m, sums = np.empty((self.psus, LANES)), np.empty((K, LANES))
            for block in range(first, last):
                a, b = block * LANES, min(block * LANES + LANES, n)
                multipliers(a, m)
                replicates.cell_sums(pairs.psu, pairs.cell, pairs.weight, m, sums)
                if self.shares:
                    scale[a:b] = self._partition_sums(sums[:, : b - a]) / self.whole
                column[a:b], failed = self._solve(sums, b - a, tol, max_iter, scale[a:b])
                failures.extend((a + lane, why) for lane, why in failed)

        by_threads(work, -(-n // LANES))
        if failures:
            r, why = min(failures)
            raise CalibrationError(f"{len(failures)} of {n} replicates cannot be calibrated; replicate {r}: {why}")
        return Factors(self, column, scale)

    def lanes(self, multiplier, lanes, first, tol, max_iter):
        """g of every cell (K, LANES) in LANES replicates with the multipliers (PSUs, LANES), of which the first `lanes` count."""
        sums = np.empty((len(self.problem.cells.weight), LANES))
        replicates.cell_sums(self.pairs.psu, self.pairs.cell, self.pairs.weight, multiplier, sums)
        scale = self._partition_sums(sums[:, :lanes]) / self.whole if self.shares else np.ones((lanes, len(self.total)))
        column, failed = self._solve(sums, lanes, tol, max_iter, scale)
        if failed:
            raise CalibrationError(f"replicate {first + failed[0][0]} cannot be calibrated: {failed[0][1]}")
        factors, g = Factors(self, column, scale), np.ones_like(sums)
        for lane in range(lanes):
            g[:, lane] = factors.cells(lane)
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
        table = solver.table_of(self.problem.cells.shape[1:])
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
        cells = self.problem.cells
        part = slice(cells.start[p], cells.start[p + 1])
        lam = np.zeros(self.total.shape[1]) if self.swept else self.start[p].copy()
        solver.newton(
            np.ascontiguousarray(weight),
            None,
            cells.level[part],
            0,
            np.empty((len(weight), 0)),
            self.total[p] * scale,
            self.distance,
            tol,
            max_iter,
            lambda j: f"level {self.problem.name(j)[1]!r} of {self.problem.name(j)[0]!r}",
            lam=lam,
        )
        return np.exp(lam) if self.swept else lam
