"""The 55th report's "largest absolute error of ±0.66 points", for all its percentages and the largest sample that was ever printed."""

from typing import Any

from surveysim import audit

LARGEST, IMPLIED = 60_000, 22_047  # interviews of earlier rounds; what ±0.66 at 50 % takes, as this report prints none


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Margins in points by 1.96 √(p (1 - p) / n of the group); nothing is drawn."""
    found = {}
    for n in (LARGEST, IMPLIED):
        made = audit.audited((n,))
        found[f"widest of all internet users or residents, {n:,} interviews"] = made.sizes["widest"].iloc[0]
        margins = made.margins.set_index("indicator_id")["moe"]
        found[f"generative AI among users aged 20-29, {n:,} interviews"] = margins["genai_rate_age_20_29"]
    return found
