"""Sample sizes and margins of error, Cochran (1977), 4.4 and Kish (1965)."""

from math import ceil, sqrt
from statistics import NormalDist


def margin_of_error(n, p=0.5, deff=1.0, level=0.95, population=None):
    """z √(deff p (1 - p) / n0); with N persons n0 = n (N - 1) / (N - n), and no error at all for everybody."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    if population is None:
        return z * sqrt(deff * p * (1 - p) / n)
    return z * sqrt(deff * p * (1 - p) * (population - n) / (n * (population - 1)))


def sample_size(moe, p=0.5, deff=1.0, level=0.95, population=None):
    """The smallest n whose n0 reaches deff z² p (1 - p) / moe²: n0 / (1 + (n0 - 1) / N), rounded up."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    n0 = deff * z * z * p * (1 - p) / moe**2
    return ceil(n0 if population is None else n0 / (1 + (n0 - 1) / population))


def power(
    n,
    difference,
    p=0.5,
    sd=None,
    deff=1.0,
    level=0.95,
    ratio=1.0,
    overlap=0.0,
    correlation=0.0,
    sides=2,
    pooled=True,
    groups=2,
):
    """Φ((|d| - z se0) / se1), with variances of shares that are pooled if there is no difference; Kish (1965), 12.4, for the overlap."""

    def error(first, second):
        if groups == 1:
            return sqrt(deff * second / n)
        both = overlap * n  # people in both samples
        covariance = correlation * sqrt(first * second) * both / (n * n * ratio)
        return sqrt(max(deff * (first / n + second / (n * ratio) - 2 * covariance), 0.0))

    q = p + difference
    there = (sd * sd, sd * sd) if sd else (p * (1 - p), q * (1 - q))
    none = there
    if not sd and groups == 1:
        none = (p * (1 - p),) * 2
    elif not sd and pooled:
        common = (p + ratio * q) / (1 + ratio)
        none = (common * (1 - common),) * 2
    z = NormalDist().inv_cdf(1 - (1 - level) / sides)
    if error(*there) == 0:
        return 1.0
    return NormalDist().cdf((abs(difference) - z * error(*none)) / error(*there))
