"""The solver behind calibration: Newton's method on the dual, and why there is no solution where there is none."""

import numpy as np
from scipy import optimize, sparse

from ..errors import CalibrationError

MOST_EXPLAINED = 50_000  # cells or rows for which infeasibility is explained by linear programming


def solve(x, d, q, total, distance, tol, max_iter, say):
    """g (K,) with Σ d g x = total: maximise λ'T − Σ (d/q) G(q x'λ) by damped Newton steps.

    Parameters
    ----------
    x : (K, p) calibration variables of rows or cells. d : (K,) initial weights. q : (K,) scale factors.
    total : (p,). distance : Distance. say : describes column j, for messages.

    Returns
    -------
    g (K,), iterations, largest relative gap.
    """
    scale = np.maximum(np.abs(total), np.abs(x * d[:, None]).sum(axis=0) * 1e-12)
    scale = np.where(scale > 0, scale, 1.0)
    x, target = x / scale, total / scale  # so that every constraint counts by its relative gap
    _check_consistent(x, d, target, say)
    lam = np.zeros(x.shape[1])
    dq = d * q
    ratio, slope, integral = distance.ratio(q * (x @ lam))
    gap = target - (d * ratio) @ x
    for iteration in range(1, max_iter + 1):
        off = np.max(np.abs(gap))
        if off <= tol:
            return ratio, iteration - 1, float(off)
        step = _newton_step((x * (dq * slope)[:, None]).T @ x, gap)
        height, rise, size, moved = lam @ target - np.sum(d / q * integral), step @ gap, 1.0, False
        for _ in range(60):
            candidate = lam + size * step
            ratio, slope, integral = distance.ratio(q * (x @ candidate))
            higher, gap_there = candidate @ target - np.sum(d / q * integral), target - (d * ratio) @ x
            # near the solution the dual is flat to rounding, and only the gap still tells whether a step helps
            flat = abs(higher - height) <= 1e-9 * abs(height) and np.max(np.abs(gap_there)) < 0.9 * off
            if np.isfinite(higher) and (higher > height + 1e-4 * size * rise or flat):
                moved = True
                break
            size /= 2
        if not moved:
            break
        lam, gap = candidate, gap_there
        if not np.all(np.abs(lam) < 1e12):
            break
    worst = float(np.max(np.abs(gap)))
    if worst <= tol:
        return ratio, iteration, worst
    raise CalibrationError(_explain(x, d, target, distance, gap, iteration, say))


def _newton_step(hessian, gap):
    """Minimum-norm Newton step; redundant constraints make the Hessian singular."""
    values, vectors = np.linalg.eigh(hessian)
    keep = values > max(values[-1], 0) * 1e-13
    if not keep.any():
        return gap.copy()
    step = vectors[:, keep] @ ((vectors[:, keep].T @ gap) / values[keep])
    return step if step @ gap > 0 else gap.copy()


def _check_consistent(x, d, target, say):
    """Constraints that depend on each other must agree: totals orthogonal to every combination that is always zero."""
    gram = (x * d[:, None]).T @ x
    values, vectors = np.linalg.eigh(gram / max(np.trace(gram), 1e-300))
    for value, vector in zip(values, vectors.T, strict=True):
        if value > 1e-12:
            break
        off = vector @ target
        if abs(off) > 1e-7 * np.sum(np.abs(vector * target)):
            part = np.flatnonzero(np.abs(vector) > 1e-6)
            raise CalibrationError(
                f"the totals contradict each other: {len(part)} constraints that determine one another disagree by "
                f"{abs(off) / np.sum(np.abs(vector * target)):.3g} of their size, {say(part[0])} and {say(part[-1])} among "
                f"them. Make them agree, or leave one out."
            )


def _explain(x, d, target, distance, gap, iterations, say):
    """Which constraints stand in the way and which bounds would do, by linear programming."""
    worst = int(np.argmax(np.abs(gap)))
    text = f"calibration stopped after {iterations} steps: {say(worst)} is still off by {100 * abs(gap[worst]):.3g} %."
    if len(x) > MOST_EXPLAINED:
        return text + " Widen the bounds, merge levels, or raise max_iter."
    lower, upper = max(distance.lower, 0.0), distance.upper
    slack = _least_slack(x, d, target, lower, upper)
    if slack is None or np.max(np.abs(slack)) <= 1e-9:
        return text + " A solution exists but was not reached; raise max_iter or loosen tol."
    names = [f"{say(j)} by {100 * abs(slack[j]):.3g} %" for j in np.argsort(-np.abs(slack)) if abs(slack[j]) > 1e-9][:4]
    text = f"no weights with {lower:g} <= g <= {upper:g} meet these totals; the least that must give way: {', '.join(names)}."
    if np.isfinite(upper):
        smallest, largest = _tightest(x, d, target, lower, True), _tightest(x, d, target, upper, False)
        parts = [f"an upper bound of at least {smallest:.6g} with lower = {lower:g}"] if smallest is not None else []
        parts += [f"a lower bound of at most {largest:.6g} with upper = {upper:g}"] if largest is not None else []
        text += (
            f" What would do: {' or '.join(parts)}."
            if parts
            else " No single bound mends it: widen both, or merge levels."
        )
        return text
    return text + " Merge levels, or mend the totals."


def _least_slack(x, d, target, lower, upper):
    """Smallest sum of relative deviations that makes the constraints feasible, (p,), or None when the solver fails."""
    K, p = x.shape
    matrix = sparse.hstack(
        [sparse.csr_matrix((x * d[:, None]).T), sparse.identity(p), -sparse.identity(p)], format="csr"
    )
    bounds = [(lower, None if np.isinf(upper) else upper)] * K + [(0, None)] * (2 * p)
    result = optimize.linprog(
        np.r_[np.zeros(K), np.ones(2 * p)], A_eq=matrix, b_eq=target, bounds=bounds, method="highs"
    )
    return result.x[K : K + p] - result.x[K + p :] if result.status == 0 else None


def _tightest(x, d, target, fixed, find_upper):
    """Smallest upper bound with a lower one, or largest lower bound with an upper one, that admits a solution."""
    K, p = x.shape
    equal = sparse.hstack([sparse.csr_matrix((x * d[:, None]).T), sparse.csr_matrix((p, 1))], format="csr")
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
