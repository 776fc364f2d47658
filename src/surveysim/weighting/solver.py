"""The solvers behind calibration: sweeps or Newton's method on the dual, and why there is no solution where there is none."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from .. import guards
from ..aliases import Floats, Ints, Truths
from ..errors import CalibrationError
from ..kernels import newton as kernels
from ..kernels import raking
from ..kernels.cells import add_by_column
from ..on_demand import Later
from . import edge
from .cells import Cells, as_kernel_input, grid
from .distances import Distance
from .explanation import contradiction, explained, percent
from .orthonormal import LARGEST, Orthonormal
from .problem import Part

sparse = Later("scipy", ".sparse")
SWEEPS = 100  # raking that has not converged by then goes on with Newton's method
NEARLY = 1e-4  # gap up to which a solution is looked at once more
ROUNDING = 4e-15  # a gap below this share of the sum of absolute terms is rounding
ENTANGLED = 1e-6  # a pivot below this share of its column's curvature has lost six digits
CANCELLED = 10.0  # times the size the totals ask for that terms which cancel may have for that
GROWN = 1e7  # times the initial weights up to which the rounding errors of large weights are excused
NO_ROWS = np.zeros((0, 0))


def check_solver(tol: object, max_iter: object) -> None:
    """Refuse a tolerance or a number of sweeps under which anything would count as converged."""
    guards.share(tol, "tol", remedy="A relative gap is something like 1e-9.")
    whole = int(max_iter) if isinstance(max_iter, float | np.floating) and max_iter % 1 == 0 else max_iter
    guards.whole_number(whole, "max_iter", 1, remedy="It is the most sweeps, or steps.")


def sweep(cells: Cells, total: Floats, tol: float, max_iter: int) -> tuple[Floats, Ints, Floats]:
    """Rake cells by iterative proportional fitting to `total` (P, W) (Deming & Stephan 1940), partition by partition.

    Returns factors (K,), sweeps (P,) and largest relative gaps (P,), recomputed from the final factors.
    """
    P, factor = len(total), np.ones(len(cells.weight))
    total = np.nan_to_num(total) if np.isnan(total).any() else total  # it takes its time
    sweeps, gap = np.zeros(P, np.int64), np.full(P, np.inf)
    most, table = min(int(max_iter), SWEEPS), None if cells.shape is None else table_of(cells.shape[1:])
    for p in range(P):
        part = slice(cells.start[p], cells.start[p + 1])
        if table is None:
            given = cells.weight[part], cells.level[part], total[p], tol, most
            sweeps[p], gap[p] = raking.rake(*given, factor[part])
            continue
        lead, rest = np.ones(table.moved[0]), np.ones(len(table.level))
        sweeps[p], gap[p] = raking.rake_table(table.asked(cells.weight[part], total[p]), tol, most, lead, rest)
        factor[part] = table.product(lead, rest)
    return factor, sweeps, gap


class Table:
    """A dense table of cells with its longest axis in front: a sweep is then two products with a long and thin table."""

    def __init__(self, radix: tuple[int, ...]) -> None:
        self.radix, self.axis = radix, int(np.argmax(radix))
        first = np.concatenate([[0], np.cumsum(radix)])
        others = tuple(r for a, r in enumerate(radix) if a != self.axis)
        self.lead = slice(first[self.axis], first[self.axis + 1])
        self.columns = np.delete(np.arange(first[-1]), self.lead)
        self.level = grid(others) if others else np.zeros((1, 0), np.int32)
        self.moved = (radix[self.axis], *others)

    def asked(self, sums: Floats, total: Floats) -> Any:
        """The cells' weights (K,), or those of several replicates (K, lanes), and the totals (C,) as the kernels take them."""
        moved, lanes = sums, sums.shape[1:]
        if self.axis != 0:
            moved = np.moveaxis(sums.reshape(*self.radix, *lanes), self.axis, 0)
        cells = np.ascontiguousarray(moved).reshape(self.moved[0], len(self.level), *lanes)
        return raking.Table(cells, total[self.lead], self.level, total[self.columns])

    def product(self, lead: Floats, rest: Floats) -> Floats:
        """Factors of all cells (K,) in their own order."""
        with np.errstate(over="ignore", invalid="ignore"):  # of factors that did not converge; the gap tells
            factor = np.multiply.outer(lead, rest)
        return factor.ravel() if self.axis == 0 else np.moveaxis(factor.reshape(self.moved), 0, self.axis).ravel()


@lru_cache(maxsize=16)
def table_of(radix: tuple[int, ...]) -> Table:
    """The layout of a table, made once per shape."""
    return Table(radix)


def newton(system: "System", tol: float, max_iter: int, lam: np.ndarray | None = None) -> tuple[np.ndarray, int, float]:
    """g (K,) with Σ d g x + Rλ = total, by Newton's method on the dual; steps; the largest gap (see `System.largest`), recomputed from g.

    lam : (p,) the start, in units of the largest value of numeric variables, changed in place to the solution; None is 0.
    """
    g, lam = np.empty(len(system.weight)), np.zeros(len(system.target)) if lam is None else lam
    steps, gap, pivot = system.run(lam, g, tol, max_iter)
    if not gap <= tol:
        gap = system.largest(g, system.reached(g, lam), tol)
    if system.entangled(gap, pivot, tol):
        better, mu, more = system.run_orthonormal(tol, max_iter)
        least = system.largest(better, system.reached(better, mu), tol)
        steps += more
        if least <= max(gap, tol):
            g, lam[:], gap = better, mu, least
    if system.rows is not None and gap <= max(tol, NEARLY):
        g, gap = inside(system, g, lam, gap, tol)
    if not gap <= tol:
        raise CalibrationError(system.explain(g, system.reached(g, lam), steps, tol))
    return g, steps, gap


def inside(system: "System", g: Floats, lam: Floats, gap: float, tol: float) -> tuple[Floats, float]:
    """g (K,) and its gap, which may both be better than those given; raises where the totals are at the edge of the possible."""
    small = edge.looked_at(
        system.distance, system.weight, g, max(gap, tol), None if system.z.shape[1] else system.level.shape[1]
    )
    if not small.any():
        return g, gap
    looked = edge.Edge(system, g, lam)
    found = looked.vanishing(small)
    if found is not None:
        raise CalibrationError(system.describe_edge(*found))
    better = system.largest(looked.g, system.reached(looked.g, looked.lam), tol)
    return (looked.g, better) if better <= max(tol, gap) else (g, gap)


@dataclass(frozen=True)
class System:
    """Σ d g x + Rλ = T over the cells or rows of one partition, numeric variables in units of their largest value.

    Attributes
    ----------
    weight, q, level, inner, z : as in `problem.Part`; q is empty for ones. target : (p,), 0 where nothing is asked.
    ridge : R (p, p) or (0, 0). asked : (p,) bool. present : (p,) sums of initial weights, of absolute values of numeric variables.
    unit : (p,). say : describes column j, for messages. rows : says in words which rows are in cells (K,) bool; where given, totals that
        positive weights only approach are refused.
    """

    weight: np.ndarray
    q: np.ndarray
    level: np.ndarray
    inner: int
    z: np.ndarray
    target: np.ndarray
    ridge: np.ndarray
    asked: np.ndarray
    present: np.ndarray
    unit: np.ndarray
    distance: Distance
    say: Callable
    rows: Callable | None

    @classmethod
    def of(
        cls,
        part: Part,
        total: Floats,
        distance: Distance,
        say: Callable,
        ridge: Floats | None = None,
        rows: Callable | None = None,
    ) -> "System":
        """total : (p,), NaN where nothing is asked. ridge : R (p, p) or None."""
        weight, q, level, inner, z = part
        asked = ~np.isnan(total)
        width = len(total) - z.shape[1]
        present, unit = np.zeros(len(total)), np.ones(len(total))
        if z.shape[1]:
            size = np.max(np.abs(z), axis=0, initial=0.0)
            unit[width:] = np.where(size > 0, size, 1.0)  # so that no square overflows
            z = np.ascontiguousarray(z / unit[width:] * asked[width:])
            present[width:] = weight @ np.abs(z)
        if width:
            whole = as_kernel_input(np.array([0, len(weight)]))
            add_by_column(as_kernel_input(level), as_kernel_input(weight), whole, present[None, :width])
        with np.errstate(over="ignore"):
            target = np.where(asked, total, 0.0) / unit
        for j in np.flatnonzero(~np.isfinite(target)):
            raise CalibrationError(
                f"{say(j)} has a total of {total[j]:,.6g}, and its values are {unit[j]:.3g} at most: no factor between them fits into "
                f"double precision. Multiply the column by a constant, or lower the total."
            )
        for j in np.flatnonzero(asked & (present == 0) & (target != 0)):
            raise CalibrationError(f"{say(j)} has a total of {total[j]:,.6g} but no respondents with weight.")
        with np.errstate(over="ignore"):
            softness = NO_ROWS if ridge is None else np.ascontiguousarray(ridge / unit / unit[:, None])
        q, inner = np.empty(0) if q is None else q, 0 if z.shape[1] else inner
        return cls(weight, q, level, inner, z, target, softness, asked, present, unit, distance, say, rows)

    @cached_property
    def scale(self) -> Floats:
        """What a gap is relative to (p,): the total; for a total of 0, what there is."""
        scale = np.where(self.target != 0, np.abs(self.target), self.present)
        return np.where((scale > 0) & self.asked, scale, 1.0)

    @cached_property
    def matrix(self) -> Any:
        """The calibration variables (K, p), sparse."""
        K, M = self.level.shape
        width = len(self.target) - self.z.shape[1]
        at = (np.repeat(np.arange(K), M), self.level.ravel())
        ones = sparse.csr_matrix((np.ones(K * M), at), shape=(K, width))
        return sparse.hstack([ones, sparse.csr_matrix(self.z)], format="csc")

    def entangled(self, gap: float, pivot: float, tol: float) -> bool:
        """Whether constraints depend on each other so nearly that sums of squares have lost the digits that tell them apart.

        A gap of 1e-9 then leaves the weights open by much more. Levels of categories either determine one another or do not.
        """
        lost = not gap <= tol or (self.z.shape[1] > 0 and pivot < ENTANGLED)
        size = len(self.weight) * len(self.target)
        return lost and size <= LARGEST and bool(np.isfinite(self.target).all() and np.isfinite(self.ridge).all())

    def run(self, lam: Floats, g: Floats, tol: float, max_iter: int) -> tuple[int, float, float]:
        """Newton's method from λ (p,), which it changes, as it does g (K,); steps, gap and smallest pivot."""
        rows = kernels.Rows(self.weight, self.q, self.level, self.z)
        asked = kernels.Asked(self.target, self.ridge, self.scale)
        steps, gap, pivot = kernels.newton(
            rows, asked, self.distance.kernel, kernels.Effort(self.inner, tol, int(max_iter)), lam, g
        )
        return int(steps), float(gap), float(pivot)

    def run_orthonormal(self, tol: float, max_iter: int) -> tuple[Floats, Floats, int]:
        """The same in orthonormal variables, for what depends on itself to more digits than a sum of squares has."""
        basis = Orthonormal(self.matrix.toarray(), self.weight, self.ridge if len(self.ridge) else None)
        fine = np.full(basis.rank, basis.finest(self.scale))
        g, mu, K = np.empty(len(self.weight)), np.zeros(basis.rank), len(self.weight)
        softness = NO_ROWS if basis.ridge is None else np.ascontiguousarray(basis.ridge)
        rows = kernels.Rows(self.weight, self.q, np.zeros((K, 0), np.int32), np.ascontiguousarray(basis.z))
        asked = kernels.Asked(basis.target(self.target), softness, fine)
        steps, _, _ = kernels.newton(rows, asked, self.distance.kernel, kernels.Effort(0, tol, int(max_iter)), mu, g)
        return g, basis.multipliers(mu), int(steps)

    def reached(self, g: Floats, lam: Floats) -> Floats:
        """What is reached beyond the totals (p,)."""
        with np.errstate(over="ignore", invalid="ignore"):
            beyond = (self.weight * g) @ self.matrix - self.target
            return beyond + self.ridge @ lam if len(self.ridge) else beyond

    def largest(self, g: Floats, reached: Floats, tol: float) -> float:
        """The largest gap, relative to `scale` or to what makes rounding errors of weights of this size less than `tol`.

        Weights are as large as totals of variables of one sign ask for; where they are larger still and cancel, because constraints
        nearly depend on each other or differ wildly in size, their rounding errors are no excuse.
        """
        use = self.asked & (self.present > 0)
        if not use.any():
            return 0.0
        if not np.isfinite(reached[use]).all():
            return np.inf
        one_signed = use & (np.abs(self.weight @ self.matrix) >= self.present * (1 - 1e-12))
        grown = np.max(np.abs(self.target) / np.where(use, self.present, 1.0), where=one_signed, initial=1.0)
        grown = min(grown, GROWN)
        size = np.minimum(self._terms(g), CANCELLED * np.maximum(np.abs(self.target), grown * self.present))
        return float(np.max(np.abs(reached) / np.maximum(self.scale, ROUNDING / tol * size), where=use, initial=0.0))

    def _terms(self, g):
        """What sums of weights (p,) would be if no terms cancelled."""
        return np.abs(self.weight * g) @ abs(self.matrix)

    def explain(self, g: Floats, reached: Floats, steps: int, tol: float) -> str:
        """Why there is no solution, in words."""
        use = np.flatnonzero(self.asked & (self.present > 0))
        with np.errstate(over="ignore", invalid="ignore"):
            scale, gap = self.scale[use], reached[use] / self.scale[use]
            x, target = self.matrix[:, use] / scale, self.target[use] / scale

        def say(j):
            return self.say(use[j])

        contradicting = contradiction(x, self.weight, target, tol, say)
        if contradicting:
            return contradicting
        if np.isfinite(gap).all() and np.all(np.abs(reached[use]) <= ROUNDING * self._terms(g)[use]):
            worst = int(np.argmax(np.abs(gap)))
            return (
                f"these totals are met by weights that cancel alone, with g from {g.min():.3g} to {g.max():.3g}, whose rounding errors "
                f"leave {say(worst)} off by {percent(gap[worst])}: constraints nearly determine one another, or their totals are of "
                f"other orders of magnitude than the sample's. Leave one out, mend the totals, or bound g."
            )
        return explained((x, self.weight, target), self.distance, gap, steps, say)

    def describe_edge(self, cells: Truths, direction: Floats) -> str:
        """Why totals can only be approached, in words: cells (K,) that must reach a bound, and ν (p,)."""
        assert self.rows is not None  # who looks at the edge says in words which rows are there
        part = np.abs(direction) * abs(self.matrix).max(axis=0).toarray().ravel()
        names = [j for j in np.argsort(-part, kind="stable")[:4] if part[j] > 1e-6 * part.max()]
        totals = self.target * self.unit
        said, rows = ", ".join(f"{self.say(j)} (total {totals[j]:,.6g})" for j in names), self.rows(cells)
        if self.distance.method == "logit":
            low, up = self.distance.lower, self.distance.upper
            return (
                f"these totals can be approached but not met with {low:g} < g < {up:g}: g of {rows} would have to reach a bound, "
                f'because of {said}. Widen the bounds, mend the totals, or merge levels; method="truncated" lets g be at its bounds.'
            )
        ways = [f"a {'larger' if direction[j] > 0 else 'smaller'} total of {self.say(j)}" for j in names]
        return (
            f"these totals can be approached but not met by weights above 0: those of {rows} would have to go to 0, because of "
            f"{said}. What would do: {' or '.join(ways)}; merging levels; leaving these rows out; or "
            f'calibrate(method="truncated", bounds=(0, upper)), which allows weights of 0.'
        )
