"""Coverage of Wald's and Wilson's interval of a binomial share, simulated by ours and summed over the distribution by their formulas."""

from typing import Any

import numpy as np
from scipy import stats

import surveysim as ss

from ..comparing import Ours, share

CASES = ((0.2, 30), (0.2, 98), (0.5, 40), (0.1, 50), (0.005, 591))
Z = stats.norm.ppf(0.975)


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Coverage in percent of each case by method."""
    found: dict[str, Any] = {}
    rng = np.random.default_rng(seed)
    for p, n in CASES:
        k = rng.binomial(n, p, repetitions)
        some = k[(k > 0) & (k < n)]  # at the ends ours is another one
        for name, of in (("Wald", "wald"), ("Wilson", "wilson")):
            low, high = ss.proportion_interval(some / n, np.sqrt(some / n * (1 - some / n) / n), of)
            ours = share(int(((low <= p) & (p <= high)).sum()), len(some))
            found[f"{name}, p = {p:g}, n = {n}"] = Ours(ours.value, ours.mcse, 100 * exact(name, p, n))
    near, far = (found[f"Wald, p = 0.2, n = {n}"] for n in (30, 98))
    found["Wald, p = 0.2: coverage with 30 less that with 98"] = Ours(
        near.value - far.value, np.hypot(near.mcse, far.mcse)
    )
    return found


def exact(name: str, p: float, n: int) -> float:
    """Coverage given 0 < k < n, by the formulas of section 2 and 3 of the paper."""
    k = np.arange(1, n)
    q = k / n
    if name == "Wald":
        inside = np.abs(q - p) <= Z * np.sqrt(q * (1 - q) / n)
    else:
        inside = np.abs(q - p) <= Z * np.sqrt(p * (1 - p) / n)
    chance = stats.binom.pmf(k, n, p)
    return float(chance[inside].sum() / chance.sum())
