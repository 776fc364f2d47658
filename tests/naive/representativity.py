"""Representativity of a response, slowly: propensities by Newton's steps, indicators as defined, errors by leaving out PSUs."""

import itertools
import math

import numpy as np


def propensities(levels, responded, weight):
    """Propensities of rows whose `levels` are lists of levels, one per variable, by a logistic model of main effects."""
    names = [sorted(set(column)) for column in levels]
    x = [
        [1.0] + [float(column[i] == v) for column, of in zip(levels, names, strict=True) for v in of[1:]]
        for i in range(len(responded))
    ]
    x, y, w = np.array(x), np.array(responded, float), np.array(weight, float)
    beta = np.zeros(x.shape[1])
    for _ in range(60):
        p = 1 / (1 + np.exp(-x @ beta))
        hessian = sum(w[i] * p[i] * (1 - p[i]) * np.outer(x[i], x[i]) for i in range(len(w)))
        beta = beta + np.linalg.solve(hessian, sum(w[i] * (y[i] - p[i]) * x[i] for i in range(len(w))))
    return 1 / (1 + np.exp(-x @ beta)), x


def mean(values, weight, rows=None):
    rows = range(len(values)) if rows is None else rows
    return sum(weight[i] * values[i] for i in rows) / sum(weight[i] for i in rows)


def indicators(levels, responded, weight):
    """{name: value}: mean, S2, cv2; "u k", "c k" of variable k, "u k h", "c k h" of its level h; all c and whole u are squares."""
    p, _ = propensities(levels, responded, weight)
    N, m = sum(weight), mean(p, weight)
    square = sum(weight[i] * (p[i] - m) ** 2 for i in range(len(p))) / N
    found = {"mean": m, "S2": square, "cv2": square / m**2}
    for k, column in enumerate(levels):
        rest = [tuple(other[i] for j, other in enumerate(levels) if j != k) for i in range(len(p))]
        middle = {cell: mean(p, weight, [i for i in range(len(p)) if rest[i] == cell]) for cell in set(rest)}
        off = [weight[i] * (p[i] - middle[rest[i]]) ** 2 / N for i in range(len(p))]
        found[f"u {k}"] = 0.0
        found[f"c {k}"] = sum(off)
        for h in sorted(set(column)):
            rows = [i for i in range(len(p)) if column[i] == h]
            share = sum(weight[i] for i in rows) / N
            found[f"u {k} {h}"] = math.sqrt(share) * (mean(p, weight, rows) - m)
            found[f"u {k}"] += share * (mean(p, weight, rows) - m) ** 2
            found[f"c {k} {h}"] = sum(off[i] for i in rows)
    return found


def covariance(function, strata, psu, weight):
    """Jackknife covariances of what a function of weights gives, {name: value}, leaving out PSU after PSU of every stratum."""
    names, whole = list(function(weight)), np.array(list(function(weight).values()))
    total = np.zeros((len(names), len(names)))
    for h in sorted(set(strata)):
        units = sorted({p for s, p in zip(strata, psu, strict=True) if s == h})
        n = len(units)
        for u in units:
            new = [
                (0.0 if p == u else w * n / (n - 1)) if s == h else w
                for w, s, p in zip(weight, strata, psu, strict=True)
            ]
            off = np.array(list(function(new).values())) - whole
            total += (n - 1) / n * np.outer(off, off)
    return dict(zip(itertools.product(names, names), total.ravel(), strict=True))


def published(levels, responded):
    """S² of a simple random sample whose weights are all the same, as Shlomo, Skinner & Schouten adjust it; N rows stand for one each."""
    n = len(responded)
    p, x = propensities(levels, responded, [1.0] * n)
    z = x * (p * (1 - p))[:, None]
    inverse = np.linalg.inv(sum(np.outer(z[i], x[i]) for i in range(n)))
    chance = sum(z[i] @ inverse @ z[i] for i in range(n)) / n
    return (1 + 1 / n - 1 / n) * sum((p - p.mean()) ** 2) / (n - 1) - chance


def imputed_fmi(x, y, responded, times, seed):
    """Fraction of missing information of a mean by imputing `times` times from a normal linear model; all rows have weight 1."""
    rng = np.random.default_rng(seed)
    known, lost, n = np.flatnonzero(responded), np.flatnonzero(~np.asarray(responded)), len(y)
    a = x[known]
    inverse = np.linalg.inv(a.T @ a)
    beta = inverse @ (a.T @ y[known])
    rss, free = np.sum((y[known] - a @ beta) ** 2), len(known) - x.shape[1]
    means, errors = [], []
    for _ in range(times):
        sigma2 = rss / rng.chisquare(free)
        drawn = beta + np.linalg.cholesky(inverse * sigma2) @ rng.normal(size=len(beta))
        full = y.copy()
        full[lost] = x[lost] @ drawn + math.sqrt(sigma2) * rng.normal(size=len(lost))
        means.append(full.mean())
        errors.append(full.var(ddof=1) / n)
    between, within = np.var(means, ddof=1), np.mean(errors)
    return between / (between + within)
