"""Functions of a weighted distribution, slowly: moments, Gini's coefficient, ratios of shares and of quantiles, poverty, and their scores.

Smooth ones get their scores by differences of the value; the others by the formulas of Deville (1999) and Osier (2009), row by row.
"""

import math

from naive import quantiles


def mean(y, w):
    return math.fsum(a * b for a, b in zip(w, y, strict=True)) / math.fsum(w)


def covariance(w, y, x):
    my, mx, n = mean(y, w), mean(x, w), len(w)
    return n / (n - 1) * mean([(a - my) * (b - mx) for a, b in zip(y, x, strict=True)], w)


def variance(w, y):
    return covariance(w, y, y)


def sd(w, y):
    return math.sqrt(variance(w, y))


def correlation(w, y, x):
    return covariance(w, y, x) / math.sqrt(variance(w, y) * variance(w, x))


def gini(w, y):
    """Half the mean difference of all pairs over the mean."""
    n, N = range(len(w)), math.fsum(w)
    return math.fsum(w[i] * w[j] * abs(y[i] - y[j]) for i in n for j in n) / (2 * N * N * mean(y, w))


def poorest(w, y, share):
    """What the poorest have: row by row until their share of the weight is full, the last one in part."""
    left, found = share * math.fsum(w), []
    for b, a in sorted(zip(y, w, strict=True)):
        found.append(min(a, left) * b)
        left -= min(a, left)
    return math.fsum(found)


def share_ratio(w, y, top=0.2, bottom=0.2):
    return (math.fsum(a * b for a, b in zip(w, y, strict=True)) - poorest(w, y, 1 - top)) / poorest(w, y, bottom)


def quantile_ratio(w, y, upper=0.9, lower=0.1):
    return quantiles.quantile(y, w, upper) / quantiles.quantile(y, w, lower)


def poverty(w, y, member, factor=0.6, share=0.5):
    line = factor * quantiles.quantile(y, w, share)
    return math.fsum(a for a, b, m in zip(w, y, member, strict=True) if m and b <= line) / math.fsum(
        a for a, m in zip(w, member, strict=True) if m
    )


def slopes(function, w, *columns):
    """Derivatives of a smooth function by every weight, by central differences of two sizes (Richardson)."""
    found = []
    for k in range(len(w)):
        by = []
        for h in (1e-3 * w[k], 5e-4 * w[k]):
            up, down = ([v + sign * h * (i == k) for i, v in enumerate(w)] for sign in (1, -1))
            by.append((function(up, *columns) - function(down, *columns)) / (2 * h))
        found.append((4 * by[1] - by[0]) / 3)
    return found


def density(w, y, at):
    """Normal kernel with Silverman's width and Kish's number of rows; of logarithms where all values are above 0."""
    if all(v > 0 for a, v in zip(w, y, strict=True) if a != 0):
        return kernel(w, [math.log(v) if v > 0 else 0.0 for v in y], math.log(at)) / at
    return kernel(w, y, at)


def kernel(w, y, at):
    N, m = math.fsum(w), mean(y, w)
    sd = math.sqrt(mean([(v - m) ** 2 for v in y], w))
    iqr = quantiles.quantile(y, w, 0.75) - quantiles.quantile(y, w, 0.25)
    n = N**2 / math.fsum(v * v for v in w)
    h = 0.9 * (min(sd, iqr / 1.349) or sd) * n ** (-1 / 5)
    return math.fsum(a * math.exp(-(((b - at) / h) ** 2) / 2) for a, b in zip(w, y, strict=True)) / (
        N * h * math.sqrt(2 * math.pi)
    )


def quantile_score(w, y, share):
    q = quantiles.quantile(y, w, share)
    there = density(w, y, q) * math.fsum(w)
    return [(share - (v <= q)) / there for v in y]


def quantile_ratio_score(w, y, upper=0.9, lower=0.1):
    high, low = quantiles.quantile(y, w, upper), quantiles.quantile(y, w, lower)
    above, below = quantile_score(w, y, upper), quantile_score(w, y, lower)
    return [a / low - high * b / low**2 for a, b in zip(above, below, strict=True)]


def share_ratio_score(w, y, top=0.2, bottom=0.2):
    high, low = quantiles.quantile(y, w, 1 - top), quantiles.quantile(y, w, bottom)
    rich, poor = math.fsum(a * b for a, b in zip(w, y, strict=True)) - poorest(w, y, 1 - top), poorest(w, y, bottom)
    found = []
    for v in y:
        up = (v - high if v > high else 0.0) + top * high
        down = (v - low if v <= low else 0.0) + bottom * low
        found.append((up * poor - rich * down) / poor**2)
    return found


def poverty_score(w, y, member, factor=0.6, share=0.5):
    line = factor * quantiles.quantile(y, w, share)
    rate, here = poverty(w, y, member, factor, share), [k for k, m in enumerate(member) if m]
    N, slope = math.fsum(w[k] for k in here), density([w[k] for k in here], [y[k] for k in here], line)
    moved = quantile_score(w, y, share)
    return [bool(m) * ((v <= line) - rate) / N + slope * factor * z for v, m, z in zip(y, member, moved, strict=True)]
