"""Calibration by every distance, poststratification and trimming, from Deville & Särndal (1992) with dense matrices.

Totals are {numeric column: total, categorical column: {level: total}, (column, column): {(level, level): total}}; columns {name: list}.
"""

from math import fsum

import numpy as np
from scipy.optimize import linprog


def calibration_variables(columns, totals):
    """The matrix x (n, p) and totals T (p,), in the order in which the totals are written; an indicator for every level."""
    n = len(next(iter(columns.values())))
    x, target = [], []
    for variable, total in totals.items():
        if not isinstance(total, dict):
            x.append([float(value) for value in columns[variable]])
            target.append(float(total))
            continue
        names = variable if isinstance(variable, tuple) else (variable,)
        for level, count in total.items():
            wanted = level if isinstance(variable, tuple) else (level,)
            x.append([float(tuple(columns[name][row] for name in names) == wanted) for row in range(n)])
            target.append(float(count))
    return np.array(x).T.reshape(n, len(target)), np.array(target)


def g_of(u, method, bounds=None):
    """g = F(u), Deville & Särndal (1992), cases 1 (linear), 2 (raking), 6 (logit), 7 (truncated), and the clipped exponential."""
    low, high = bounds if bounds is not None else (-np.inf, np.inf)
    if method == "logit":
        slope = (high - low) / ((1 - low) * (high - 1))
        # the same formula, multiplied by exp(-slope u / 2) above and below, so that it does not overflow
        down, up = (
            (high - 1) * np.exp(np.clip(-slope * u / 2, -350, 350)),
            (1 - low) * np.exp(np.clip(slope * u / 2, -350, 350)),
        )
        return (low * down + high * up) / (down + up)
    free = np.exp(np.clip(u, -300, 300)) if method == "raking" else 1 + u
    return np.clip(free, low, high)


def slope_of(u, method, bounds=None):
    """F'(u); 0 where g is cut."""
    g = g_of(u, method, bounds)
    low, high = bounds if bounds is not None else (-np.inf, np.inf)
    if method == "logit":
        slope = (high - low) / ((1 - low) * (high - 1))
        return slope * (g - low) * (high - g) / (high - low)
    return np.where((g > low) & (g < high), g if method == "raking" else 1.0, 0.0)


def solve(x, weight, target, method="linear", bounds=None, q=None, ridge=None, tol=1e-11, steps=100):
    """Weights d F(q x'λ) with Σ d F(q x'λ) x + R λ = T: Newton's method on the convex dual, each step as long as is best along it.

    R (p, p) is 0 for exact totals. Raises where the totals are not met to `tol` of the larger of |T| and Σ w |x|.
    """
    x, d, target = np.asarray(x, float), np.asarray(weight, float), np.asarray(target, float)
    q = np.ones(len(d)) if q is None else np.asarray(q, float)
    ridge = np.zeros((len(target), len(target))) if ridge is None else np.asarray(ridge, float)

    def gradient(multipliers):
        return x.T @ (d * g_of(q * (x @ multipliers), method, bounds)) + ridge @ multipliers - target

    def gap(multipliers):
        size = np.maximum(np.abs(target), np.abs(x).T @ (d * np.abs(g_of(q * (x @ multipliers), method, bounds))))
        return np.max(np.abs(gradient(multipliers)) / np.maximum(size, 1e-300))

    multipliers, best = np.zeros(len(target)), None
    for _ in range(steps):
        if best is None or gap(multipliers) < best[0]:
            best = gap(multipliers), multipliers
        if best[0] <= tol / 100:
            break
        slope = np.maximum(slope_of(q * (x @ multipliers), method, bounds), 1e-9 if bounds else 0.0)
        curve = (x * (d * q * slope)[:, None]).T @ x + ridge
        scale = np.sqrt(np.maximum(np.diag(curve), 1e-300))
        step = (
            -np.linalg.pinv(curve / np.outer(scale, scale), rcond=1e-11, hermitian=True)
            @ (gradient(multipliers) / scale)
            / scale
        )
        multipliers = multipliers + step * best_length(lambda a, m=multipliers, s=step: s @ gradient(m + a * s))
    if not best[0] <= tol:
        raise ArithmeticError(f"a gap of {best[0]} is left")
    return d * g_of(q * (x @ best[1]), method, bounds)


def best_length(slope):
    """Where the slope of a convex function along a direction is 0, by halving; 1 where Newton's own step is about that good."""
    if abs(slope(1.0)) <= 0.5 * abs(slope(0.0)):
        return 1.0
    above = 1.0
    while slope(above) < 0 and above < 1e12:
        above *= 2
    below = 0.0
    for _ in range(50):
        middle = (below + above) / 2
        below, above = (middle, above) if slope(middle) < 0 else (below, middle)
    return (below + above) / 2


def calibrate(columns, totals, weight, method="linear", bounds=None, q=None, cluster=None, covariance=None):
    """Calibrated weights (n,).

    Deville & Särndal (1992), JASA 87:376-382. cluster: x is replaced by the mean of its cluster, so that members get one g (Lemaître &
    Dufour 1987, Surv. Methodol. 13:199-207). covariance V of the totals: T - Σ w x = V λ / κ with κ = Σd² / Σd (penalized calibration,
    Beaumont & Bocci 2008, Surv. Methodol. 34:5-20).
    """
    x, target = calibration_variables(columns, totals)
    d = np.asarray(weight, float)
    if cluster is not None:
        x = np.array(
            [np.mean([x[j] for j in range(len(d)) if cluster[j] == cluster[i]], axis=0) for i in range(len(d))]
        )
    ridge = None
    if covariance is not None:
        covariance = np.asarray(covariance, float)
        ridge = (np.diag(covariance) if covariance.ndim == 1 else covariance) / (fsum(d * d) / fsum(d))
    method = {"truncated": "linear"}.get(method, method)
    return solve(x, d, target, method, bounds, q, ridge)


def calibrate_by(columns, totals, weight, by, covariance=None, q=None, cluster=None, **options):
    """Each partition on its own: totals (and covariances) are {partition: totals}."""
    found = np.array(weight, float)
    for part, own in totals.items():
        rows = [row for row in range(len(found)) if columns[by][row] == part]
        inside = {name: [values[row] for row in rows] for name, values in columns.items()}
        found[rows] = calibrate(
            inside,
            own,
            found[rows],
            q=None if q is None else [q[row] for row in rows],
            cluster=None if cluster is None else [cluster[row] for row in rows],
            covariance=None if covariance is None else covariance[part],
            **options,
        )
    return found


def room(columns, totals, weight):
    """The least g of the weights whose least g is largest, among all that meet the totals; below 0 where no weights above 0 do.

    A linear programme; -inf where totals contradict each other.
    """
    x, target = calibration_variables(columns, totals)
    d = np.asarray(weight, float)
    x, d = x[d > 0], d[d > 0]
    scale = np.maximum(np.abs(target), np.abs(x).T @ d)
    scale[scale == 0] = 1.0
    matrix = (
        np.column_stack([(x * d[:, None]).T, x.T @ d]) / scale[:, None]
    )  # w = d (h + t), h above 0, t as large as can be
    found = linprog(
        np.append(np.zeros(len(d)), -1.0),
        A_eq=matrix,
        b_eq=target / scale,
        bounds=[(0, None)] * len(d) + [(None, None)],
    )
    return found.x[-1] if found.status == 0 else -np.inf


def poststratify(columns, totals, weight):
    """Weights times total over sum in each level of one variable or combination (Holt & Smith 1979, J. R. Stat. Soc. A 142:33-46)."""
    ((variable, counts),) = totals.items()
    names = variable if isinstance(variable, tuple) else (variable,)
    levels = [tuple(columns[name][row] for name in names) for row in range(len(weight))]
    sums = {}
    for level, w in zip(levels, weight):
        sums[level] = sums.get(level, 0.0) + float(w)
    counts = {level if isinstance(variable, tuple) else (level,): total for level, total in counts.items()}
    return [w * counts[level] / sums[level] if w else 0.0 for level, w in zip(levels, weight)]


def trim_weights(weight, lower=None, upper=None, strict=False):
    """Cut weights to the bounds and add what was cut, in equal parts, to those that were not; strict repeats until none is outside.

    Potter (1990), Proc. Surv. Res. Methods Sect. ASA, 225-230. A weight cut to a bound is inside in the next round.
    """
    low = -float("inf") if lower is None else lower
    high = float("inf") if upper is None else upper
    weight = [float(w) for w in weight]
    while True:
        inside = [low <= w <= high for w in weight]
        if all(inside):
            return weight
        cut = [min(max(w, low), high) for w in weight]
        spare = fsum(weight) - fsum(cut)
        if not any(inside):
            raise ArithmeticError("nobody is left to take what is cut")
        weight = [w + spare / sum(inside) if free else w for w, free in zip(cut, inside)]
        if not strict or max(max(low - w, w - high) for w in weight) <= 1e-13 * max(weight):
            return weight


def deff_kish(weight):
    """1 + cv² = n Σw² / (Σw)² over rows with weight (Kish 1965)."""
    w = [value for value in weight if value != 0]
    return len(w) * fsum(v * v for v in w) / fsum(w) ** 2


def regression_residuals(x, weight, y):
    """y minus its weighted least-squares fit on x: what is left of a score after calibration (Deville & Särndal 1992)."""
    x, d, y = np.asarray(x, float), np.asarray(weight, float), np.asarray(y, float)
    root = np.sqrt(d)[:, None]
    return y - x @ np.linalg.lstsq(x * root, y * root[:, 0], rcond=None)[0]


def deff_henry(x, initial, weight, y):
    """Henry & Valliant (2015), Surv. Methodol. 41:315-331: n/(n-1) Σ(wu - mean)² over N̂² s² / n, u residuals of y, s² weighted."""
    w, y = np.asarray(weight, float), np.asarray(y, float)
    n, size = len(w), fsum(w)
    wu = w * regression_residuals(x, initial, y)
    mean = fsum(w * y) / size
    s2 = n / (n - 1) * fsum(w * (y - mean) ** 2) / size
    return n / (n - 1) * fsum((wu - wu.mean()) ** 2) / (size**2 * s2 / n)
