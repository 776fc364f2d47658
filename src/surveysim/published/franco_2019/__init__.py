"""Franco and others (2019): intervals of a share in a clustered sample, with the effective size from the plain estimate of variance."""

from typing import Any

import numpy as np
import pandas as pd

import surveysim as ss

from ..comparing import Ours, share

METHODS = ("wald", "logit", "wilson", "beta", "korn-graubard", "asin")
CASES = {  # clusters drawn, persons of each, share, correlation of two persons of a cluster
    "20 clusters of 10, p = 0.1, correlation 0.2": (20, 10, 0.1, 0.2),
    "100 persons alone, p = 0.05": (100, 1, 0.05, 0.0),
}
TOGETHER = 1000  # repetitions: a row of the table is a cluster, a column a repetition


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Coverage in percent by method, and how much nearer to 95 Wilson's is than Wald's."""
    rng, found = np.random.default_rng(seed), {}
    for case, (clusters, persons, p, icc) in CASES.items():
        hits = dict.fromkeys(METHODS, 0)
        for _ in range(0, repetitions, TOGETHER):
            shares = rng.beta(p * (1 - icc) / icc, (1 - p) * (1 - icc) / icc, (clusters, TOGETHER)) if icc else p
            table = pd.DataFrame(rng.binomial(persons, shares, (clusters, TOGETHER)) / persons).add_prefix("r")
            made = ss.Survey(table).mean(list(map(str, table))).table
            for method in METHODS:  # by Gauss's quantile, as theirs; ours would have Student's
                low, high = ss.proportion_interval(made["estimate"], made["se"], method, n=clusters * persons)
                hits[method] += int(((low <= p) & (p <= high)).sum())
        cover = {method: share(hits[method], -(-repetitions // TOGETHER) * TOGETHER) for method in METHODS}
        if icc:
            found |= {f"{case}: {method}": cover[method] for method in METHODS}
        gain = abs(95 - cover["wald"].value) - abs(95 - cover["wilson"].value)
        found[f"{case}: Wald's miss of 95 less Wilson's"] = Ours(
            gain, np.hypot(cover["wald"].mcse, cover["wilson"].mcse)
        )
    return found
