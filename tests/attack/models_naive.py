"""Regressions by their estimating equations in a few lines of numpy, quick enough to be fitted again for every row that is nudged.

A model is a dictionary: "family", "link", "x" (n, p), "y" (n,), "o" (n,); `tests/naive/regression.py` is the same, slower and plainer.
"""

import numpy as np
from naive.regression import mean

STEP = 1e-5
WIDE = 1e-3  # of what may itself be a difference, whose rounding a short step would magnify


def slopes(eta, link):
    """Derivatives of μ by complex steps."""
    return mean(eta + 1e-30j, link).imag / 1e-30


def predicted(model, x, o, beta):
    """(n, K) means, or probabilities of each answer."""
    p, link = x.shape[1], model["link"]
    if model["family"] != "ordinal":
        return np.real(mean(x @ beta + o + 0j, link))[:, None]
    below = np.real(mean(beta[p:][None, :] - (x @ beta[:p] + o)[:, None] + 0j, link))
    edge = np.ones((len(x), 1))
    return np.diff(np.hstack([0 * edge, below, edge]), axis=1)


def rows(model, beta):
    """(n, P): what each row adds to the equations, without its weight."""
    x, y, link, p = model["x"], model["y"], model["link"], model["x"].shape[1]
    if model["family"] != "ordinal":
        eta = x @ beta + model["o"]
        mu = np.real(mean(eta + 0j, link))
        variance = {"gaussian": np.ones_like(mu), "binomial": mu * (1 - mu), "poisson": mu}[model["family"]]
        return x * ((y - mu) * slopes(eta, link) / variance)[:, None]
    eta, answers, at = x @ beta[:p] + model["o"], len(beta) - p + 1, y.astype(int)
    zeta = np.concatenate([[-np.inf], beta[p:], [np.inf]])
    cut = [zeta[at + 1] - eta, zeta[at] - eta]  # above and below the answer
    F = [np.where(np.isinf(c), c > 0, np.real(mean(np.where(np.isinf(c), 0, c) + 0j, link))) for c in cut]
    f = [np.where(np.isinf(c), 0.0, slopes(np.where(np.isinf(c), 0, c), link)) for c in cut]
    probability = F[0] - F[1]
    found = [-x * ((f[0] - f[1]) / probability)[:, None]]
    for j in range(answers - 1):
        found.append((((at == j) * f[0] - (at == j + 1) * f[1]) / probability)[:, None])
    return np.hstack(found)


def information(model, w, beta):
    """Minus the derivatives of the equations, by differences of two sizes (Richardson)."""
    columns = []
    for j in range(len(beta)):
        by = []
        for h in (STEP * max(abs(beta[j]), 1.0), 2 * STEP * max(abs(beta[j]), 1.0)):
            e = h * (np.arange(len(beta)) == j)
            by.append((w @ rows(model, beta - e) - w @ rows(model, beta + e)) / (2 * h))
        columns.append((4 * by[0] - by[1]) / 3)
    return np.array(columns).T


def fit(model, w, start):
    """The coefficients near a start; those of rows with weight."""
    beta = np.array(start, float)
    for _ in range(50):
        step = np.linalg.solve(information(model, w, beta), w @ rows(model, beta))
        beta = beta + step
        if np.abs(step).max() < 1e-13 * (1 + np.abs(beta).max()):
            break
    return beta


def refit(model, w, start, inverse):
    """The coefficients with weights near those of `inverse`, the inverse information."""
    beta = np.array(start, float)
    for _ in range(60):
        step = inverse @ (w @ rows(model, beta))
        beta = beta + step
        if np.abs(step).max() < 1e-14 * (1 + np.abs(beta).max()):
            break
    return beta


def scores(model, w, beta):
    """(P, n): inverse information times what each row of weight adds (Binder 1983)."""
    return np.linalg.inv(information(model, w, beta)) @ (rows(model, beta) * (w > 0)[:, None]).T


def averages(value, w, beta, score):
    """Weighted means of `value(beta)` (n, K), and their scores (K, n) (Graubard & Korn 1999)."""
    each, by = value(beta), []
    for j in range(len(beta)):
        h = WIDE * max(abs(beta[j]), 1.0)
        e = h * (np.arange(len(beta)) == j)
        one, two = (w @ (value(beta + k * e) - value(beta - k * e)) / (2 * k * h * w.sum()) for k in (1, 2))
        by.append((4 * one - two) / 3)
    found = w @ each / w.sum()
    return found, np.array(by).T @ score + ((each - found) * (w > 0)[:, None]).T / w.sum()
