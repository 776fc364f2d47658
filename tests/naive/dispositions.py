"""AAPOR outcome rates as exact fractions, written out from AAPOR (2023), Standard Definitions, 10th edition."""

from fractions import Fraction


def response_rates(counts, e=None):
    """RR1 … CON3 of whole counts by category; a rate without cases is None. e: a share, or {"UH": share, "UO": share}, or None."""
    I, P, R, NC, O, UH, UO, NE = (Fraction(counts.get(c, 0)) for c in ("I", "P", "R", "NC", "O", "UH", "UO", "NE"))  # noqa: E741
    known = I + P + R + NC + O
    if e == "proportional":
        e = known / (known + NE)
    unknown = None if UH + UO else Fraction(0)  # without unknown cases no e is needed
    if e is not None:
        shares = e if isinstance(e, dict) else {"UH": e, "UO": e}
        unknown = Fraction(shares["UH"]) * UH + Fraction(shares["UO"]) * UO

    def over(part, whole):
        return None if whole in (None, 0) else part / whole

    everybody = known + UH + UO
    likely = None if unknown is None else known + unknown
    return {
        "RR1": over(I, everybody),
        "RR2": over(I + P, everybody),
        "RR3": over(I, likely),
        "RR4": over(I + P, likely),
        "RR5": over(I, known),
        "RR6": over(I + P, known),
        "COOP1": over(I, I + P + R + O),
        "COOP2": over(I + P, I + P + R + O),
        "COOP3": over(I, I + P + R),
        "COOP4": over(I + P, I + P + R),
        "REF1": over(R, everybody),
        "REF2": over(R, likely),
        "REF3": over(R, known),
        "CON1": over(I + P + R + O, everybody),
        "CON2": over(I + P + R + O, likely),
        "CON3": over(I + P + R + O, known),
    }
