"""Confidence intervals of proportions from an estimate, its standard error, degrees of freedom and the number of respondents."""

import math

from scipy import special, stats

METHODS = ("wald", "logit", "xlogit", "wilson", "beta", "korn-graubard", "asin")


def student(level, df):
    """The quantile of Student's law that leaves (1 - level) / 2 above it; the normal law's where df is infinite."""
    share = (1 + level) / 2
    return stats.norm.ppf(share) if df is None or math.isinf(df) else stats.t.ppf(share, df)


def effective_size(p, se):
    """Respondents of a simple random sample with this standard error, p (1 - p) / se² (Kish 1965)."""
    return math.inf if se == 0 else p * (1 - p) / se**2


def interval(p, se, method="logit", level=0.95, df=None, n=None):
    """(lower, upper) of one proportion."""
    t = student(level, df)
    if p in (0, 1):
        return one_sided(p, level, t, n)
    if method == "wald":
        return max(p - t * se, 0.0), min(p + t * se, 1.0)
    if method in ("logit", "xlogit"):
        centre, half = math.log(p / (1 - p)), t * se / (p * (1 - p))
        return float(special.expit(centre - half)), float(special.expit(centre + half))
    if method == "asin":
        centre, half = math.asin(math.sqrt(p)), t * se / (2 * math.sqrt(p * (1 - p)))
        return math.sin(max(centre - half, 0.0)) ** 2, math.sin(min(centre + half, math.pi / 2)) ** 2
    if method == "wilson":
        return wilson(p, effective_size(p, se), t)
    size = effective_size(p, se) * (student(level, n - 1) / t) ** 2
    return clopper_pearson(p, min(size, n) if method == "korn-graubard" else size, level)


def wilson(p, n, t):
    """Shares q with |p - q| <= t √(q (1 - q) / n): the roots of a quadratic in q (Wilson 1927)."""
    if math.isinf(n):
        return p, p
    c = t * t / n
    a, b = 1 + c, -(2 * p + c)
    root = math.sqrt(b * b - 4 * a * p * p)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def clopper_pearson(p, n, level):
    """Tails of the beta law for x = p n successes out of n, which need not be whole (Clopper & Pearson 1934)."""
    if math.isinf(n):
        return p, p
    x, tail = p * n, (1 - level) / 2
    return stats.beta.ppf(tail, x, n - x + 1), stats.beta.ppf(1 - tail, x + 1, n - x)


def one_sided(p, level, t, n):
    """The share with which n respondents all answer alike with probability (1 - level) / 2; no more respondents than there are."""
    size = n * min(1.0, (student(level, n - 1) / t) ** 2)
    bound = 1 - ((1 - level) / 2) ** (1 / size)
    return (0.0, bound) if p == 0 else (1 - bound, 1.0)
