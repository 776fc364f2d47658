"""Which columns of a table differ: pairwise tests with their multiple-testing adjustments, and the letters that tell of them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import special

from ...aliases import Floats, Ints, Truths

ADJUSTMENTS = ("bonferroni", "holm", "none")
ROUNDING = 1e-12  # of two variances, what their difference's may be by rounding
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Rule(NamedTuple):
    """How columns are compared: levels of significance, the strictest first, and the adjustment for the pairs of a row."""

    alpha: tuple[float, ...]
    adjust: str


@lru_cache(maxsize=256)
def pairs(C: int) -> tuple[Ints, Ints]:
    """Positions of the first and the second column of every pair."""
    return np.triu_indices(C, 1)


def adjusted(p: Floats, method: str) -> Floats:
    """p-values (K, P) adjusted for the pairs tested in each row; NaN where there is no test.

    Bonferroni's multiplies by the number of tests; Holm (1979, Scand. J. Stat. 6:65-70) steps down from the smallest.
    """
    tested = ~np.isnan(p)
    number = tested.sum(axis=1, keepdims=True)
    if method == "none":
        return p
    if method == "bonferroni":
        return np.minimum(p * number, 1.0)
    order = np.argsort(np.where(tested, p, np.inf), axis=1, kind="stable")
    stepped = np.take_along_axis(p, order, axis=1) * (number - np.arange(p.shape[1]))
    stepped = np.minimum(np.fmax.accumulate(stepped, axis=1), 1.0)
    result = np.empty(p.shape)
    np.put_along_axis(result, order, stepped, axis=1)
    return np.where(tested, result, np.nan)


def compared(value: Floats, spread: Floats, df: Floats, usable: Truths, adjust: str) -> Floats:
    """Adjusted p-values (K, P) of the differences of columns, from values (K, C), their deviations (S, K, C), df (C,) and what is usable.

    The covariance of two columns is that of the design: people of both are in the same PSUs, and were weighted together.
    """
    i, j = pairs(value.shape[1])
    by_row = np.ascontiguousarray(spread.transpose(1, 2, 0))
    cov = by_row @ by_row.transpose(0, 2, 1)
    one, other = cov[:, i, i], cov[:, j, j]
    variance = one + other - 2 * cov[:, i, j]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(value[:, i] - value[:, j]) / np.sqrt(variance)
        good = usable[:, i] & usable[:, j] & (variance > ROUNDING * (one + other))
        degrees = np.minimum(df[i], df[j])
        p = 2 * np.where(np.isinf(degrees), special.ndtr(-t), special.stdtr(degrees, -t))
    return adjusted(np.where(good, p, np.nan), adjust)


def lettered(value: Floats, p: Floats, alpha: tuple[float, ...]) -> list[list[str]]:
    """For every row and column the letters of the columns it exceeds: capitals at the first level, small ones at the second."""
    K, C = value.shape
    found = [[""] * C for _ in range(K)]
    i, j = pairs(C)
    with np.errstate(invalid="ignore"):
        strict, loose = p < alpha[0], p < alpha[-1]
    for k, at in zip(*np.nonzero(loose), strict=True):
        a, b = int(i[at]), int(j[at])
        high, low = (a, b) if value[k, a] > value[k, b] else (b, a)
        name = letter(low)
        found[k][high] += ("" if len(ALPHABET) >= C or not found[k][high] else " ") + (
            name if strict[k, at] else name.lower()
        )
    return found


def letter(column: int) -> str:
    """A, B, … Z, AA, AB …"""
    first, last = divmod(column, len(ALPHABET))
    return (letter(first - 1) if first else "") + ALPHABET[last]
