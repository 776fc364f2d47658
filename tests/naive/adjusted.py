"""Errors after any sequence of adjustments of the weights, and judges that repeat them all.

A step is a dictionary: "before" and "after", the weights of all rows before and after it. A calibration (raking,
poststratification) has "x" too, one list of calibration variables per row, and if need be

- "q", scale factors; "penalty", V / κ where totals are known with error V only (`with_error` adds the error of the totals);
- "follow", per row by how much each total grows with that row's weight before the step (totals that are constants follow nothing);
- "cut", rows whose weights trimming holds at a multiple of the mean; "mean_follows" where that mean follows the weights before
  the step, as it does where margins are shares; "still" asks for derivatives, which are 0 of a weight that is held: it is lost
  with its row, but does not grow with it.

A step without "x" multiplies weights by what does not depend on the sample.
"""

import math

import numpy as np


def pass_step(z, step):
    """The score before a step: z ← g (z - x'b) + c'b, b the regression of z on x with the weights before the step.

    A total after calibration is Σ d g u + (T(d) - Σ d g x)'b + smaller terms, whose derivative by d_k is g_k (u_k - x_k'b) + c_k'b
    with c_k = ∂T/∂d_k (Deville & Särndal 1992; Deville 1999; Demnati & Rao 2004).
    """
    before, after = np.asarray(step["before"], float), np.asarray(step["after"], float)
    g = np.array(
        [after[k] / before[k] if before[k] != 0 else 0.0 for k in range(len(before))]
    )  # linear calibration leaves some below 0
    if step.get("x") is None:
        return g * np.asarray(z, float)
    x = np.asarray(step["x"], float)
    weight, cut = before * np.asarray(step.get("q", np.ones(len(before))), float), step.get("cut")
    if cut is not None:  # their weights do not answer to the multipliers
        weight = np.where(cut, 0.0, weight)
    b = regression(z, x, weight, step.get("penalty"))
    residual = [z[k] - math.fsum(x[k] * b) for k in range(len(before))]
    still = cut if step.get("still") and cut is not None else [False] * len(before)
    passed = [0.0 if still[k] else g[k] * residual[k] for k in range(len(before))]
    if step.get("follow") is not None:
        follow = np.asarray(step["follow"], float)
        passed = [passed[k] + math.fsum(follow[k] * b) for k in range(len(before))]
    if step.get("mean_follows"):
        held = math.fsum(after[k] * residual[k] for k in range(len(before)) if cut[k]) / math.fsum(after)
        passed = [one + held if before[k] > 0 else one for k, one in enumerate(passed)]  # a dropped row moves no mean
    return np.array(passed)


def with_error(z, step, covariance):
    """b'V b, what totals known with error V add to the variance at their step (Dever & Valliant 2010)."""
    b = regression(z, np.asarray(step["x"], float), np.asarray(step["before"], float), step.get("penalty"))
    return float(b @ np.asarray(covariance) @ b)


def regression(z, x, weight, penalty=None):
    """b of least Σ weight (z - x'b)² + b' penalty b; any solution will do where x has redundant columns."""
    weight = np.asarray(weight, float)
    if (weight < 0).any():  # as linear calibration leaves them: no sum of squares, but the same equations
        return np.linalg.lstsq(x.T @ (weight[:, None] * x), x.T @ (weight * np.asarray(z, float)), rcond=1e-13)[0]
    root = np.sqrt(weight)
    rows, right = root[:, None] * x, root * np.asarray(z, float)
    if penalty is not None:
        values, vectors = np.linalg.eigh(np.asarray(penalty, float))
        rows = np.vstack([rows, np.sqrt(np.maximum(values, 0))[:, None] * vectors.T])
        right = np.concatenate([right, np.zeros(x.shape[1])])
    scale = np.sqrt((rows**2).sum(axis=0))
    scale[scale == 0] = 1.0
    return np.linalg.lstsq(rows / scale, right, rcond=1e-11)[0] / scale


def score(u, steps):
    """The score by the base weights: through every step, the last one first."""
    z = np.asarray(u, float)
    for step in reversed(steps):
        z = pass_step(z, step)
    return z


def weighted_score(u, steps, base):
    """Values whose sum has the statistic's error under the design: base weight times score (for `variance.of_values`)."""
    return np.asarray(base, float) * score(u, steps)


# calibration variables and what their totals follow


def dummies(margins, table):
    """Rows of 0 and 1 and totals of margins {column or tuple of columns: {level or tuple of levels: total}}."""
    n = len(next(iter(table.values())))
    x, totals = [[] for _ in range(n)], []
    for name, levels in margins.items():
        names = name if isinstance(name, tuple) else (name,)
        for level, wanted in levels.items():
            parts = level if isinstance(level, tuple) else (level,)
            totals.append(float(wanted))
            for k in range(n):
                x[k].append(float(all(table[c][k] == v for c, v in zip(names, parts, strict=True))))
    return x, totals


def shares(shares_of_sum, n):
    """Totals s Σ d: every row's weight carries s into them."""
    return [list(map(float, shares_of_sum)) for _ in range(n)]


def with_missing(before, missing, totals, level_total, are_shares):
    """Totals of one margin whose missing rows are a level of their own (the last one) at its share m of the weights before.

    Levels count T (1 - m), the missing level T_+ m, so a row's weight moves them by ∓T (1[missing] - m) / Σd; shares
    of the sum have T = s Σd, which leaves s for the observed rows and 1 for the missing ones.
    """
    whole = math.fsum(before)
    m = math.fsum(d for d, gone in zip(before, missing, strict=True) if gone) / whole
    rows = []
    for gone in missing:
        if are_shares:
            rows.append([0.0 if gone else s for s in totals] + [1.0 if gone else 0.0])
        else:
            slope = ((1.0 if gone else 0.0) - m) / whole
            rows.append([-t * slope for t in totals] + [level_total * slope])
    return rows


# the judge


def jackknife(statistic, weigh, design):
    """Delete-one variance by repeating everything (Wolter 2007, ch. 4): JK1 without strata, JKn with.

    `weigh` turns base weights into final ones, whatever that takes; `statistic` turns weights into a number or an array.
    Σ_h (1 - f_h) (n_h - 1) / n_h Σ_i (θ_(hi) - θ)², about the full sample's estimate.
    """
    base = np.asarray(design["weight"], float)
    strata = np.asarray(design["strata"][0] if design.get("strata") else [0] * len(base))
    psu = np.asarray(design["psu"][0] if design.get("psu") else range(len(base)))
    fpc = design["fpc"][0] if design.get("fpc") else None
    full, found = np.asarray(statistic(weigh(base)), float), 0.0
    for h in dict.fromkeys(strata.tolist()):
        units = list(dict.fromkeys(psu[strata == h].tolist()))
        n = len(units)
        if n == 1:
            continue  # nothing to compare it with
        f = 0.0
        if fpc is not None:
            value = next(v for v, s in zip(fpc, strata.tolist(), strict=True) if s == h)
            f = n / value if value > 1 else value
        for unit in units:
            again = np.where(strata == h, np.where(psu == unit, 0.0, base * n / (n - 1)), base)
            found = found + (1 - f) * (n - 1) / n * (np.asarray(statistic(weigh(again)), float) - full) ** 2
    return found


def infinitesimal(statistic, weigh, base, nudge=1e-5):
    """d_k ∂θ/∂d_k by nudging each row's base weight up and down and repeating everything (Efron 1982, ch. 6).

    What a weighted score must equal, without the noise of leaving units out, if its regressions have F' in their weights.
    """
    base, found = np.asarray(base, float), []
    for k in range(len(base)):
        up, down = base.copy(), base.copy()
        up[k], down[k] = base[k] * (1 + nudge), base[k] * (1 - nudge)
        found.append((statistic(weigh(up)) - statistic(weigh(down))) / (2 * nudge))
    return np.array(found)
