"""Statistics as a value and one score per respondent. Notation: w weight, y numerator, x denominator, both (n,)."""

from dataclasses import dataclass

import numpy as np

from ..errors import DataError


def dot(w, y):
    """Σ w y in a fixed order; a threaded BLAS would sum in another order, and fight with the threads above."""
    return float(np.einsum("i,i->", w, y))


@dataclass(frozen=True, slots=True)
class Statistic:
    """A value, its scores (n,) such that its error is that of Σ w·score, and the rows (mask) it speaks of."""

    value: float
    score: np.ndarray
    rows: np.ndarray


def total(w, y, rows=None):
    """Σ w y over the rows of a domain."""
    rows = np.ones(len(w), bool) if rows is None else rows
    y = np.where(rows, y, 0.0)
    return Statistic(dot(w, y), y, rows)


def ratio(w, y, x, rows=None):
    """Σ w y / Σ w x over the rows of a domain; the mean is the ratio with x = 1 (Woodruff 1971, JASA 66:411-414)."""
    rows = np.ones(len(w), bool) if rows is None else rows
    y, x = np.where(rows, y, 0.0), np.where(rows, x, 0.0)
    base = dot(w, x)
    if base == 0:
        raise DataError("the denominator of a ratio is 0 in this domain; the domain is empty or its weights are 0.")
    value = dot(w, y) / base
    return Statistic(value, (y - value * x) / base, rows)


def per_known(statistic, constant, factor=1.0):
    """A statistic over a known constant: penetration over the whole population; its error is the total's over N."""
    return Statistic(factor * statistic.value / constant, statistic.score * (factor / constant), statistic.rows)


def complement(statistic, constant):
    """A known total minus an estimated one: N_all − Ŷ, the non-users, who include children too young to be asked."""
    return Statistic(constant - statistic.value, -statistic.score, statistic.rows)


def over(first, second):
    """The ratio of two statistics, such as two complements."""
    if second.value == 0:
        raise DataError("the denominator of a ratio is 0.")
    value = first.value / second.value
    return Statistic(value, (first.score - value * second.score) / second.value, first.rows | second.rows)


def srs_variance(w, statistic, replacement=True):
    """Variance under simple random sampling of as many interviews in the domain, with the weighted element variance.

    V_srs = N̂² S²(score) / n over the rows of the domain; without replacement it is multiplied by 1 − n / N̂.
    """
    rows = statistic.rows
    wd, z = w[rows], statistic.score[rows]
    n, N = len(wd), wd.sum()
    if n < 2 or N <= 0:
        return float("nan")
    mean = dot(wd, z) / N
    spread = n / (n - 1) * dot(wd, (z - mean) ** 2) / N
    return float(N**2 * spread / n * (1.0 if replacement else max(1 - n / N, 0.0)))
