"""Table 2 of Barr et al. (2014): what the frames' sums leave for people with both telephones, and their halves."""

from typing import Any

import pandas as pd

import surveysim as ss
from surveysim.weighting import BaseWeight, Composite

SUMS = {"landline": (8_939_582, 1_074_321), "mobile": (7_819_874, 2_071_325)}  # all, and those with this telephone only


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Sums of weights before and after λ = 0.5; nothing is drawn."""
    rows = [(frame, f"{frame} only", one) for frame, (_, one) in SUMS.items()]
    rows += [(frame, "both", whole - one) for frame, (whole, one) in SUMS.items()]
    table = pd.DataFrame(rows, columns=["frame", "domain", "sum"])
    share = Composite(
        theta=0.5,
        by=(),
        frame="frame",
        domain="domain",
        frames=("landline", "mobile"),
        domains=("landline only", "mobile only", "both"),
    )
    weights = ss.Recipe([BaseWeight("sum"), share]).apply(table).final
    shared = dict(zip(zip(table["frame"], table["domain"]), weights))
    both = table[table["domain"] == "both"].set_index("frame")["sum"]
    return {
        "landline, both": both["landline"],
        "landline, both, halved": shared["landline", "both"],
        "mobile, both": both["mobile"],
        "mobile, both, halved": shared["mobile", "both"],
    }
