"""Why totals cannot be met, in words: constraints that contradict each other, what must give way, which bounds would do."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..aliases import Floats
from ..on_demand import Later
from .distances import Distance

optimize, sparse = Later("scipy", ".optimize"), Later("scipy", ".sparse")
MOST_EXPLAINED = 50_000  # cells or rows for which infeasibility is explained by linear programming
DEPENDENT = 1e-11  # columns whose combination is less than this share of them determine one another
BLOCK = 4096


def percent(gap: float) -> str:
    return f"{100 * abs(gap):.3g} %"


System = tuple[Any, Floats, Floats]  # x (K, p), their weights (K,) and totals (p,)


def explained(system: System, distance: Distance, gap: Floats, steps: int, say: Callable[[Any], str]) -> str:
    """Which constraints stand in the way and which bounds would do, by linear programming."""
    x, d, target = system
    worst = int(np.argmax(np.abs(np.nan_to_num(gap, nan=np.inf))))
    text = f"calibration stopped after {steps} steps: {say(worst)} is still off by {percent(gap[worst])}."
    if not (np.isfinite(x.data).all() and np.isfinite(target).all() and np.all(_norms(x, d) > 0)):
        return (
            text
            + " Weights, totals and values are too far apart for double precision; give them in units of like size."
        )
    if x.shape[0] > MOST_EXPLAINED:
        return text + " Widen the bounds, merge levels, or raise max_iter."
    lower, upper = max(distance.lower, 0.0), distance.upper
    slack = _least_slack(x, d, target, lower, upper)
    if slack is None or np.max(np.abs(slack)) <= 1e-9:
        return text + " A solution exists but was not reached; raise max_iter or loosen tol."
    names = [f"{say(j)} by {percent(slack[j])}" for j in np.argsort(-np.abs(slack)) if abs(slack[j]) > 1e-9][:4]
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


def _norms(x, d):
    """Root of the sum of squares of every column (p,), with weights d."""
    return np.sqrt(np.asarray(x.multiply(x).T @ d).ravel())


def contradiction(x: Any, d: Floats, target: Floats, tol: float, say: Callable[[Any], str]) -> str | None:
    """Constraints that depend on each other must agree: totals orthogonal to every combination that is always zero."""
    size = _norms(x, d)
    if not np.all(size > 0):  # of variables next to nothing squares are 0
        return None
    for vector in _combinations(x.multiply(np.sqrt(d)[:, None]), size):
        off, terms = vector @ target, np.abs(vector * target)
        if abs(off) > max(0.1 * tol, 1e-14) * terms.sum():
            part = np.flatnonzero(np.abs(vector * size) > 1e-6)
            return (
                f"the totals contradict each other: {len(part)} constraints that determine one another disagree by "
                f"{abs(off) / terms.sum():.3g} of their size, {say(part[0])} and {say(part[-1])} among "
                f"them. Make them agree, or leave one out."
            )
    return None


def _combinations(rows, size):
    """Combinations (many, p) of the columns of `rows` (K, p), of norms `size`, that are zero in every row but for rounding."""
    triangle = np.zeros((0, rows.shape[1]))
    rows = rows.tocsr()
    for first in range(0, rows.shape[0], BLOCK):
        part = rows[first : first + BLOCK].toarray() / size
        triangle = np.linalg.qr(np.vstack([triangle, part]), mode="r")
    if not np.isfinite(triangle).all():
        return np.zeros((0, rows.shape[1]))
    _, values, vectors = np.linalg.svd(triangle)
    values = np.pad(values, (0, len(vectors) - len(values)))
    return vectors[values <= DEPENDENT * max(1.0, values[0])] / size


def _least_slack(x, d, target, lower, upper):
    """Smallest sum of relative deviations that makes the constraints feasible, (p,), or None when the solver fails."""
    K, p = x.shape
    matrix = sparse.hstack([x.multiply(d[:, None]).T, sparse.identity(p), -sparse.identity(p)], format="csr")
    bounds = [(lower, None if np.isinf(upper) else upper)] * K + [(0, None)] * (2 * p)
    result: Any = optimize.linprog(
        np.r_[np.zeros(K), np.ones(2 * p)], A_eq=matrix, b_eq=target, bounds=bounds, method="highs"
    )
    return result.x[K : K + p] - result.x[K + p :] if result.status == 0 else None


def _tightest(x, d, target, fixed, find_upper):
    """Smallest upper bound with a lower one, or largest lower bound with an upper one, that admits a solution."""
    K, p = x.shape
    equal = sparse.hstack([x.multiply(d[:, None]).T, sparse.csr_matrix((p, 1))], format="csr")
    sign = 1.0 if find_upper else -1.0
    unequal = sparse.hstack([sign * sparse.identity(K), sparse.csr_matrix(np.full((K, 1), -sign))], format="csr")
    span = (fixed, None) if find_upper else (0, fixed)
    result = optimize.linprog(
        np.r_[np.zeros(K), sign], A_ub=unequal, b_ub=np.zeros(K), A_eq=equal, b_eq=target, bounds=[span] * K + [(0, None)], method="highs"
    )  # fmt: skip
    return float(result.x[-1]) if result.status == 0 else None
