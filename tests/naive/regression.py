"""Regression by nothing but the estimating equations: one row at a time, Newton's method with derivatives by complex and by finite steps.

A model is a dictionary: "family" (gaussian, binomial, poisson, ordinal), "link", "x" (one list of numbers per row, with the constant, of
an ordinal model without), "y" (numbers, of an ordinal model 0 .. J - 1) and "offset" (one number per row, may be absent).
"""

import numpy as np
from scipy import special

STEP = 1e-3


def mean(eta, link):
    """μ of a complex η."""
    return {
        "identity": lambda: eta,
        "log": lambda: np.exp(eta),
        "logit": lambda: 1 / (1 + np.exp(-eta)),
        "probit": lambda: special.ndtr(eta),
        "cloglog": lambda: 1 - np.exp(-np.exp(eta)),
    }[link]()


def slope(function, at):
    """The derivative at a real number, by a complex step."""
    return function(at + 1e-30j).imag / 1e-30


def row_score(model, k, beta):
    """What row k adds to the estimating equations, without its weight."""
    x, y, link = np.asarray(model["x"][k], float), model["y"][k], model["link"]
    offset = model["offset"][k] if model.get("offset") is not None else 0.0
    if model["family"] == "ordinal":
        return np.array([slope(lambda b, j=j: loglik(model, k, beta, j, b), beta[j]) for j in range(len(beta))])
    eta = float(x @ beta) + offset
    mu = float(np.real(mean(eta + 0j, link)))
    variance = {"gaussian": 1.0, "binomial": mu * (1 - mu), "poisson": mu}[model["family"]]
    return x * (y - mu) * slope(lambda e: mean(e, link), eta) / variance


def loglik(model, k, beta, j, value):
    """log P(y = its answer) of an ordinal model, with parameter j at a value."""
    beta = np.array(beta, complex)
    beta[j] = value
    x, y, p = np.asarray(model["x"][k], float), int(model["y"][k]), len(model["x"][k])
    eta = x @ beta[:p] + (model["offset"][k] if model.get("offset") is not None else 0.0)
    zeta, J = beta[p:], len(beta) - p + 1
    upper = mean(zeta[y] - eta, model["link"]) if y < J - 1 else 1.0
    lower = mean(zeta[y - 1] - eta, model["link"]) if y > 0 else 0.0
    return np.log(upper - lower)


def equations(model, w, beta):
    """Σ w u."""
    return sum(w[k] * row_score(model, k, beta) for k in range(len(w)) if w[k] != 0)


def information(model, w, beta):
    """Minus the derivatives of the equations, by differences over one and two steps (their error is of the fourth order)."""
    columns, beta = [], np.asarray(beta, float)
    for j in range(len(beta)):
        h = STEP * max(abs(beta[j]), 1.0)
        at = [np.where(np.arange(len(beta)) == j, beta + k * h, beta) for k in (-2, -1, 1, 2)]
        far_down, down, up, far_up = (equations(model, w, b) for b in at)
        columns.append((8 * (down - up) - (far_down - far_up)) / (12 * h))
    return np.array(columns).T


def fit(model, w, start=None):
    """The coefficients (of an ordinal model then the thresholds)."""
    p = len(model["x"][0])
    if start is None and model["family"] == "ordinal":
        J = int(max(model["y"])) + 1
        start = np.append(np.zeros(p), np.arange(1, J) - J / 2)
    beta = np.zeros(p) if start is None else np.asarray(start, float)
    if start is None and model["family"] == "poisson":
        beta[0] = np.log(max(np.average(model["y"], weights=w), 0.1))
    for _ in range(200):
        step = np.linalg.solve(information(model, w, beta), equations(model, w, beta))
        beta = beta + step / max(1.0, np.abs(step).max() / 2)
        if np.abs(step).max() < 1e-11 * (1 + np.abs(beta).max()):
            break
    return beta


def scores(model, w, beta):
    """Inverse information times the row's estimating function, one list of rows for each coefficient (Binder 1983)."""
    inverse = np.linalg.inv(information(model, w, beta))
    rows = [inverse @ row_score(model, k, beta) if w[k] != 0 else np.zeros(len(beta)) for k in range(len(w))]
    return np.array(rows).T


def margin(model, w, beta, x):
    """The weighted mean of what is predicted where the rows have other columns x."""
    eta = [float(np.asarray(x[k]) @ beta) for k in range(len(w))]
    mu = [float(np.real(mean(e + 0j, model["link"]))) for e in eta]
    return sum(w[k] * mu[k] for k in range(len(w))) / sum(w)
