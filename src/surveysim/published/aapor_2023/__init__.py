"""AAPOR's outcome rates of the cases that the package outcomerate takes for its example."""

from typing import Any

import surveysim as ss

CASES = {"I": 760, "P": 339, "R": 59, "NC": 288, "O": 1, "UH": 40, "UO": 133, "NE": 71}


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """The rates, with e by proportional allocation; nothing is drawn."""
    rates = ss.response_rates(CASES, e="proportional")
    return {"rate": rates, "rounded, RR1": rates["RR1"], "rounded, RR2": rates["RR2"]}
