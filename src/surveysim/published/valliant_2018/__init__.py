"""Sample sizes and allocations that Valliant, Dever and Kreuter's PracTools prints."""

from typing import Any

from scipy import stats

import surveysim as ss

SIZES, SPREAD = [215, 65, 252, 50, 149, 144], [26787207, 10645109, 6909676, 11085034, 9817762, 44553355]
COST = [1400, 200, 300, 600, 450, 1000]
MANY = 10**8  # so many times the population and the sample: whole interviews have eight more digits


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Interviews; nothing is drawn."""
    z = stats.norm.ppf(0.975)
    sizes = [size * MANY for size in SIZES]
    cost = ss.allocate(sizes, 100 * MANY, "cost", sd=SPREAD, cost=COST)
    return {
        "share of one half, margin of": [ss.sample_size(moe / 100) for moe in range(1, 9)],
        "mean with a unit CV of 2, CV of": [ss.sample_size(z * cv / 100, sd=2) for cv in range(1, 23, 2)],
        "the same of 500 units, CV of 0.05": ss.sample_size(z * 0.05, sd=2, population=500),
        "Neyman allocation of 100, stratum": ss.allocate(sizes, 100 * MANY, "neyman", sd=SPREAD) / MANY,
        "allocation by cost, share of stratum": cost / cost.sum(),
    }
