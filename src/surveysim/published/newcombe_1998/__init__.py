"""Newcombe's (1998) four shares: the intervals of Wilson, and of Clopper and Pearson."""

from typing import Any

import numpy as np

import surveysim as ss

HITS, OF = np.array([81, 15, 0, 1]), np.array([263, 148, 20, 29])
METHODS = {"Wilson": "wilson", "Clopper and Pearson": "beta"}


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Limits of the four shares by method, lower before upper; nothing is drawn."""
    p = HITS / OF
    se = np.sqrt(p * (1 - p) / OF)
    # "beta" with n - 1 degrees of freedom takes n as it is, Wilson's z is that of infinitely many
    return {
        name: np.column_stack(
            ss.proportion_interval(p, se, method, df=OF - 1 if method == "beta" else None, n=OF)
        ).ravel()
        for name, method in METHODS.items()
    }
