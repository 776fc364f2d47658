"""Krejcie and Morgan's (1970) table: the sample size, before rounding, at which the margin of error of half is 5 points."""

from typing import Any

from scipy import optimize, stats

import surveysim as ss

LEVEL = float(stats.chi2.cdf(3.841, 1))  # theirs has three decimals
SIZES = [*range(10, 100, 5), *range(100, 300, 10), *range(300, 500, 20), *range(500, 1000, 50), *range(1000, 2000, 100)]
SIZES += [*range(2000, 3000, 200), *range(3000, 5000, 500), *range(5000, 10_000, 1000), 10_000, 15_000]
SIZES += [20_000, 30_000, 40_000, 50_000, 75_000, 1_000_000]


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """The size for every population; nothing is drawn."""
    return {"N": [optimize.brentq(_gap, 1, size, args=(size,)) for size in SIZES]}


def _gap(n, population):
    return ss.margin_of_error(n, population=population, level=LEVEL) - 0.05
