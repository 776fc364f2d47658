"""The intervals of the coverage atlas: the library's seven, four more for the same effective size, and two of bootstrap replicates."""

import numpy as np
from scipy import special, stats

from surveysim.inference.intervals import proportion_interval

OWN = ("wald", "logit", "wilson", "beta", "korn-graubard", "asin", "xlogit")
MORE = ("likelihood", "jeffreys", "agresti-coull", "uniform prior")
LEVEL = 0.95


def interval(method, p, se, df, n):
    """Lower and upper ends for shares and errors (R,).

    The effective size is p (1 - p) / se², times (t_{n-1} / t_df)² where a distribution with n in it takes the place of Student's t, as in
    "beta" (Korn & Graubard 1998; Franco and others 2019); where p is 0 or 1, and se says nothing, n times that, at most n.
    """
    if method in OWN:
        return proportion_interval(p, se, method, LEVEL, df, n)
    t, ratio = (
        stats.t.ppf((1 + LEVEL) / 2, df),
        (stats.t.ppf((1 + LEVEL) / 2, n - 1) / stats.t.ppf((1 + LEVEL) / 2, df)) ** 2,
    )
    edge = (p <= 0) | (p >= 1) | (se <= 0)
    size = np.where(edge, n, p * (1 - p) / np.where(edge, 1.0, se) ** 2)
    if method == "likelihood":
        return _likelihood(p, np.where(edge, n * min(ratio, 1.0), size), t)
    if method == "agresti-coull":
        whole = np.where(edge, n * min(ratio, 1.0), size) + t**2
        middle = (whole - t**2) / whole * p + t**2 / 2 / whole
        half = t * np.sqrt(middle * (1 - middle) / whole)
        return np.maximum(middle - half, 0), np.minimum(middle + half, 1)
    prior = {"jeffreys": 0.5, "uniform prior": 1.0}[method]
    size = np.where(edge, n * min(ratio, 1.0), size * ratio)
    a, b = p * size + prior, (1 - p) * size + prior
    lower, upper = special.betaincinv(a, b, (1 - LEVEL) / 2), special.betaincinv(a, b, (1 + LEVEL) / 2)
    return np.where(p <= 0, 0.0, lower), np.where(
        p >= 1, 1.0, upper
    )  # one-sided where nothing lies beyond (Brown and others 2001)


def _likelihood(p, size, t):
    """Where twice the log likelihood of n* p of n* is t² below its largest, by halving."""
    ends = []
    for far in (0.0, 1.0):
        near, away = p.astype(float), np.full(len(p), far)
        for _ in range(50):
            middle = (near + away) / 2
            fall = 2 * size * (special.rel_entr(p, middle) + special.rel_entr(1 - p, 1 - middle))
            inside = fall <= t**2
            near, away = np.where(inside, middle, near), np.where(inside, away, middle)
        ends.append(near)
    return ends[0], ends[1]


def of_replicates(share, se, again):
    """{name: (lower, upper)} of bootstrap replicates (R, B, 2) of shares and t statistics: percentiles, and t by the linearized error."""
    half = (1 - LEVEL) / 2
    with np.errstate(invalid="ignore"):
        low, high = np.quantile(again[:, :, 0], [half, 1 - half], axis=1)
        t_low, t_high = np.quantile(again[:, :, 1], [half, 1 - half], axis=1)
    return {
        "bootstrap percentile": (low, high),
        "bootstrap t": (np.clip(share - t_high * se, 0, 1), np.clip(share - t_low * se, 0, 1)),
    }
