"""Imputation row by row: which row gives its answer, and what the draws weigh in a replicate.

Values are lists with None where an answer is missing; `uniforms(k)` gives a pair of uniform numbers for every row in round k.
"""

from math import fsum

import numpy as np
from scipy.optimize import minimize


def givers(values, group, own):
    """Rows of a group that have a value."""
    return [row for row, v in enumerate(values) if v is not None and group[row] == own]


def hot_deck(values, group, weight, uniforms):
    """A random row of the group, kept with probability weight over the largest weight, else another one."""
    made = list(values)
    for row, value in enumerate(values):
        if value is None:
            donors = givers(values, group, group[row])
            most = max(weight[d] for d in donors)
            for k in range(10_000):
                first, second = uniforms(k)[row]
                donor = donors[int(first * len(donors))]
                if second * most < weight[donor]:
                    made[row] = values[donor]
                    break
    return made


def sequential(values, group, weight, key):
    """The last before in the order of the key (then of the rows) with a value and a weight, else the first after."""
    order, made = sorted(range(len(values)), key=lambda row: (key[row], row)), list(values)
    for at, row in enumerate(order):
        if values[row] is None:
            good = [r for r in order if values[r] is not None and weight[r] > 0 and group[r] == group[row]]
            before = [r for r in good if r in order[:at]]
            made[row] = values[before[-1] if before else good[0]]
    return made


def predictive_mean(x, values, group, weight, donors, uniforms):
    """One of the `donors` rows with the nearest means; of equally near ones those with smaller means first, then earlier rows."""
    made = list(values)
    for own in set(group):
        give = [r for r in givers(values, group, own) if weight[r] > 0]
        root = np.sqrt([weight[r] for r in give])
        beta = np.linalg.pinv(x[give] * root[:, None], rcond=1e-12) @ (
            np.array([values[r] for r in give], float) * root
        )
        mean = x @ beta
        for row, value in enumerate(values):
            if value is None and group[row] == own:
                near = sorted(sorted(give, key=lambda r: (mean[r], r)), key=lambda r: abs(mean[r] - mean[row]))[:donors]
                made[row] = values[near[int(uniforms(0)[row][0] * len(near))]]
    return made


def model(x, level, weight, ridge=1e-6):
    """Probabilities of a multinomial logistic regression {level: (n,)}: the likelihood, with a slight ridge, by a general optimizer."""
    levels = sorted({v for v, w in zip(level, weight) if v is not None and w > 0})
    rows = [r for r, v in enumerate(level) if v is not None and weight[r] > 0]
    w = np.array([weight[r] for r in rows]) / fsum(weight[r] for r in rows)
    at = np.array([levels.index(level[r]) for r in rows])
    penalty = ridge * (w @ x[rows] ** 2)

    def chances(flat, x):
        score = np.column_stack([np.zeros(len(x)), x @ flat.reshape(x.shape[1], -1)])
        score = np.exp(score - score.max(axis=1, keepdims=True))
        return score / score.sum(axis=1, keepdims=True)

    def loss(flat):
        p, beta = chances(flat, x[rows]), flat.reshape(x.shape[1], -1)
        value = -w @ np.log(p[np.arange(len(rows)), at]) + 0.5 * np.sum(penalty[:, None] * beta**2)
        hit = np.eye(len(levels))[at]
        return value, (x[rows].T @ (w[:, None] * (p - hit)[:, 1:]) + penalty[:, None] * beta).ravel()

    start = np.zeros(x.shape[1] * (len(levels) - 1))
    best = (
        minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-12, "maxiter": 5000}) if len(start) else None
    )
    p = chances(start if best is None else best.x, x)
    return {v: p[:, k] for k, v in enumerate(levels)}


def drawn(x, values, group, weight, uniforms):
    """A level of the model of the group where the first uniform number falls among cumulated probabilities; and the probabilities."""
    made, chance = list(values), [None] * len(values)
    for own in set(group):
        inside = [r for r, g in enumerate(group) if g == own]
        p = model(x[inside], [values[r] for r in inside], [weight[r] for r in inside])
        for k, row in enumerate(inside):
            chance[row] = {v: p[v][k] for v in p}
            if values[row] is None:
                edges = np.cumsum(list(chance[row].values()))
                made[row] = list(p)[min(int(np.sum(edges <= uniforms(0)[row][0])), len(p) - 1)]
    return made, chance


def shares(values, group, weight):
    """[{level: its share of the group's weight among rows that have a value}]."""
    made = []
    for own in group:
        give = givers(values, group, own)
        whole = fsum(weight[r] for r in give)
        found = {}
        for r in give:
            found[values[r]] = found.get(values[r], 0.0) + (weight[r] / whole if whole else 0.0)
        made.append(found)
    return made


def reweighted(values, made, group, weight, before, now):
    """Weights of a replicate: imputed rows times the probability of their level now over before, scaled to their weight by group."""
    changed = list(weight)
    for row, value in enumerate(values):
        if value is None:
            changed[row] *= now[row].get(made[row], 0.0) / before[row][made[row]]
    for own in set(group):
        inside = [r for r, v in enumerate(values) if v is None and group[r] == own]
        whole, sums = fsum(weight[r] for r in inside), fsum(changed[r] for r in inside)
        for r in inside:
            changed[r] = changed[r] * whole / sums if sums > 0 else weight[r]
    return changed
