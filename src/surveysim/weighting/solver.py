"""The solvers behind calibration: sweeps or Newton's method on the dual, and why there is no solution where there is none."""

from functools import lru_cache

import numpy as np

from ..errors import CalibrationError
from ..kernels import newton as kernels
from ..kernels import raking
from .cells import grid

SWEEPS = 100  # raking that has not converged by then goes on with Newton's method
MOST_EXPLAINED = 50_000  # cells or rows for which infeasibility is explained by linear programming
ROUNDING = 4e-15  # a gap below this share of the sum of absolute terms is rounding
NO_ROWS = np.zeros((0, 0))


def sweep(cells, total, tol, max_iter):
    """Rake cells by iterative proportional fitting to `total` (P, W) (Deming & Stephan 1940), partition by partition.

    Returns factors (K,), sweeps (P,) and largest relative gaps (P,), recomputed from the final factors.
    """
    P, factor = len(total), np.ones(len(cells.weight))
    sweeps, gap = np.zeros(P, np.int64), np.full(P, np.inf)
    most = min(int(max_iter), SWEEPS)
    if cells.shape is None:
        raking.rake(cells.weight, cells.level, cells.start, np.nan_to_num(total), tol, most, factor, sweeps, gap)
        return factor, sweeps, gap
    table, total = table_of(cells.shape[1:]), np.nan_to_num(total)
    for p in range(P):
        part = slice(cells.start[p], cells.start[p + 1])
        lead, rest = np.ones(table.moved[0]), np.ones(len(table.level))
        sweeps[p], gap[p] = table.rake(table.flat(cells.weight[part]), total[p], tol, most, lead, rest)
        factor[part] = table.product(lead, rest)
    return factor, sweeps, gap


class Table:
    """A dense table of cells with its longest axis in front: a sweep is then two products with a long and thin table."""

    def __init__(self, radix):
        self.radix, self.axis = radix, int(np.argmax(radix))
        first = np.concatenate([[0], np.cumsum(radix)])
        others = tuple(r for a, r in enumerate(radix) if a != self.axis)
        self.lead = slice(first[self.axis], first[self.axis + 1])
        self.columns = np.delete(np.arange(first[-1]), self.lead)
        self.level = grid(others) if others else np.zeros((1, 0), np.int32)
        self.moved = (radix[self.axis], *others)

    def flat(self, weight):
        """Cell weights (K,) as (lead, others)."""
        moved = weight if self.axis == 0 else np.moveaxis(weight.reshape(self.radix), self.axis, 0)
        return np.ascontiguousarray(moved).reshape(self.moved[0], -1)

    def lanes(self, sums):
        """Cell sums (K, lanes) of several replicates as (lead, others, lanes)."""
        moved = sums if self.axis == 0 else np.moveaxis(sums.reshape(*self.radix, -1), self.axis, 0)
        return np.ascontiguousarray(moved).reshape(self.moved[0], len(self.level), -1)

    def rake(self, flat, total, tol, max_iter, lead, rest):
        """Fill the factors of the lead (A,) and of the others (B,), starting from `rest`; sweeps and gap."""
        return raking.rake_table(flat, total[self.lead], self.level, total[self.columns], tol, max_iter, lead, rest)

    def product(self, lead, rest):
        """Factors of all cells (K,) in their own order."""
        with np.errstate(over="ignore", invalid="ignore"):  # of factors that did not converge; the gap tells
            factor = np.multiply.outer(lead, rest)
        return factor.ravel() if self.axis == 0 else np.moveaxis(factor.reshape(self.moved), 0, self.axis).ravel()


@lru_cache(maxsize=16)
def table_of(radix):
    """The layout of a table, made once per shape."""
    return Table(radix)


def newton(weight, q, level, inner, z, total, distance, tol, max_iter, say, ridge=None, lam=None):
    """g (K,) with Σ d g x + Rλ = total, by Newton's method on the dual.

    Parameters
    ----------
    weight : (K,) initial weights of cells or rows. q : (K,) scale factors or None. level : (K, M) margin columns, ascending.
    inner : cells per level of the first axis of a dense table, 0 for other cells.
    z : (K, Z) numeric variables, whose columns follow those of the margins. total : (p,), NaN where nothing is asked.
    distance : Distance. say : describes column j, for messages. ridge : R (p, p) or None. lam : (p,) the start, changed in place to the
        solution (in units of the largest value of numeric variables), or None.

    Returns
    -------
    g (K,), steps, largest relative gap.
    """
    asked = ~np.isnan(total)
    target = np.where(asked, total, 0.0)
    width = len(total) - z.shape[1]
    size = np.max(np.abs(z), axis=0, initial=0.0)
    size = np.where(size > 0, size, 1.0)
    unit = np.r_[np.ones(width), size]  # numeric variables in units of their largest value, so that no square overflows
    target, z = target / unit, np.ascontiguousarray(z / size * asked[width:])
    present = np.zeros(len(total))
    if width:
        for column in level.T:
            present[:width] += np.bincount(column, weight, width)[:width]
    present[width:] = weight @ np.abs(z)
    scale = np.where(target != 0, np.abs(target), present)  # a total of 0 is met to a share of what there is
    scale = np.where((scale > 0) & asked, scale, 1.0)
    for j in np.flatnonzero(asked & (present == 0) & (target != 0)):
        raise CalibrationError(f"{say(j)} has a total of {total[j]:,.6g} but no respondents with weight.")
    softness = NO_ROWS if ridge is None else np.ascontiguousarray(ridge / np.outer(unit, unit))
    g, lam = np.empty(len(weight)), np.zeros(len(total)) if lam is None else lam
    steps, gap = kernels.newton(
        weight,
        np.empty(0) if q is None else q,
        level,
        0 if z.shape[1] else inner,
        z,
        target,
        softness,
        scale,
        distance.code,
        distance.lower,
        distance.upper,
        tol,
        int(max_iter),
        lam,
        g,
    )
    if not gap <= tol:
        x = _matrix(level, z, width)
        use = np.flatnonzero(asked & (present > 0))
        reached = (weight * g) @ x - target
        if ridge is not None:
            reached += softness @ lam
        if len(use) == 0 or np.all(np.abs(reached[use]) <= ROUNDING * (np.abs(weight * g) @ abs(x))[use]):
            return g, int(steps), float(gap)  # sums of that size cannot be told apart in double precision
        raise CalibrationError(
            _explain(x[:, use] / scale[use], weight, target[use] / scale[use], distance, (reached / scale)[use], steps, tol,
                     lambda j: say(use[j]))
        )  # fmt: skip
    return g, int(steps), float(gap)


def _matrix(level, z, width):
    """The calibration variables (K, p), sparse."""
    from scipy import sparse

    K, M = level.shape
    ones = sparse.csr_matrix((np.ones(K * M), (np.repeat(np.arange(K), M), level.ravel())), shape=(K, width))
    return sparse.hstack([ones, sparse.csr_matrix(z)], format="csc")


def _explain(x, d, target, distance, gap, steps, tol, say):
    """Which constraints stand in the way and which bounds would do, by linear programming."""
    contradiction = _contradiction(x, d, target, tol, say)
    if contradiction:
        return contradiction
    worst = int(np.argmax(np.abs(gap)))
    text = f"calibration stopped after {steps} steps: {say(worst)} is still off by {100 * abs(gap[worst]):.3g} %."
    if x.shape[0] > MOST_EXPLAINED:
        return text + " Widen the bounds, merge levels, or raise max_iter."
    lower, upper = max(distance.lower, 0.0), distance.upper
    slack = _least_slack(x, d, target, lower, upper)
    if slack is None or np.max(np.abs(slack)) <= 1e-9:
        return text + " A solution exists but was not reached; raise max_iter or loosen tol."
    names = [f"{say(j)} by {100 * abs(slack[j]):.3g} %" for j in np.argsort(-np.abs(slack)) if abs(slack[j]) > 1e-9][:4]
    text = f"no weights with {lower:g} <= g <= {upper:g} meet these totals; the least that must give way: {', '.join(names)}."
    if np.isfinite(upper):
        smallest, largest = _tightest(x, d, target, lower, True), _tightest(x, d, target, upper, False)
        parts = [f"an upper bound above {_outward(smallest, 1)} with lower = {lower:g}"] if smallest is not None else []
        parts += [f"a lower bound below {_outward(largest, -1)} with upper = {upper:g}"] if largest is not None else []
        text += (
            f" What would do: {' or '.join(parts)}."
            if parts
            else " No single bound mends it: widen both, or merge levels."
        )
        return text
    return text + " Merge levels, or mend the totals."


def _outward(value, sign):
    """A number with six significant digits, rounded up (sign 1) or down (-1)."""
    unit = 10.0 ** (np.floor(np.log10(abs(value))) - 5) if value else 1.0
    return f"{sign * np.ceil(sign * value / unit - 1e-6) * unit:.6g}"


def _contradiction(x, d, target, tol, say):
    """Constraints that depend on each other must agree: totals orthogonal to every combination that is always zero."""
    gram = (x.multiply(d[:, None]).T @ x).toarray()
    values, vectors = np.linalg.eigh(gram / max(np.trace(gram), 1e-300))
    for value, vector in zip(values, vectors.T, strict=True):
        if value > 1e-12:
            return None
        off = vector @ target
        if abs(off) > max(0.1 * tol, 1e-14) * np.sum(np.abs(vector * target)):
            part = np.flatnonzero(np.abs(vector) > 1e-6)
            return (
                f"the totals contradict each other: {len(part)} constraints that determine one another disagree by "
                f"{abs(off) / np.sum(np.abs(vector * target)):.3g} of their size, {say(part[0])} and {say(part[-1])} among "
                f"them. Make them agree, or leave one out."
            )
    return None


def _least_slack(x, d, target, lower, upper):
    """Smallest sum of relative deviations that makes the constraints feasible, (p,), or None when the solver fails."""
    from scipy import optimize, sparse

    K, p = x.shape
    matrix = sparse.hstack([x.multiply(d[:, None]).T, sparse.identity(p), -sparse.identity(p)], format="csr")
    bounds = [(lower, None if np.isinf(upper) else upper)] * K + [(0, None)] * (2 * p)
    result = optimize.linprog(
        np.r_[np.zeros(K), np.ones(2 * p)], A_eq=matrix, b_eq=target, bounds=bounds, method="highs"
    )
    return result.x[K : K + p] - result.x[K + p :] if result.status == 0 else None


def _tightest(x, d, target, fixed, find_upper):
    """Smallest upper bound with a lower one, or largest lower bound with an upper one, that admits a solution."""
    from scipy import optimize, sparse

    K, p = x.shape
    equal = sparse.hstack([x.multiply(d[:, None]).T, sparse.csr_matrix((p, 1))], format="csr")
    sign = 1.0 if find_upper else -1.0
    unequal = sparse.hstack([sign * sparse.identity(K), sparse.csr_matrix(np.full((K, 1), -sign))], format="csr")
    span = (fixed, None) if find_upper else (0, fixed)
    result = optimize.linprog(
        np.r_[np.zeros(K), sign],
        A_ub=unequal,
        b_ub=np.zeros(K),
        A_eq=equal,
        b_eq=target,
        bounds=[span] * K + [(0, None)],
        method="highs",
    )
    return float(result.x[-1]) if result.status == 0 else None
