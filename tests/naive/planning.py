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
