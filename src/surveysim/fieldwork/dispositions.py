"""Response, cooperation, refusal and contact rates from final dispositions."""

import math
import warnings
from collections.abc import Mapping
from typing import Any

import pandas as pd

from .. import guards
from ..columns import DISPOSITIONS
from ..errors import DataError, SurveysimWarning

NEED_E = ("RR3", "RR4", "REF2", "CON2")  # rates whose denominators hold part of the unknown cases


def eligibility(counts: Mapping[Any, float] | pd.Series) -> float:
    """e by proportional allocation: known eligible over known eligible and known not eligible cases."""
    eligible = sum(counts[name] for name in ("I", "P", "R", "NC", "O"))
    known = eligible + counts["NE"]
    return eligible / known if known else float("nan")


def response_rates(
    counts: Mapping[Any, float] | pd.Series, e: float | str | Mapping[str, float] | None = None
) -> pd.Series:
    """AAPOR outcome rates of one frame from the counts of its final dispositions.

    Parameters
    ----------
    counts : mapping of I complete, P partial, R refusal, NC non-contact, O other, UH unknown if household, UO other
        unknown, NE not eligible; in cases (or weighted cases), absent ones are 0.
    e : estimated share of the unknown cases that are eligible: a number from 0 to 1, "proportional" (known eligible over
        known eligible plus NE; CASRO), or {"UH": .., "UO": ..}. None leaves RR3, RR4, REF2 and CON2 missing, with a warning.

    Returns
    -------
    Series RR1 .. RR6, COOP1 .. COOP4, REF1 .. REF3, CON1 .. CON3, as shares.

    Raises
    ------
    DataError : an unknown disposition, a negative or missing count, no cases, e outside 0 to 1.

    Warns
    -----
    SurveysimWarning : rates without a case below the line, or without e, are missing; it names them.

    References
    ----------
    AAPOR (2023), Standard Definitions, 10th edition.

    Examples
    --------
    >>> import surveysim as ss
    >>> cases = {"I": 40, "P": 10, "R": 20, "NC": 20, "O": 10, "UH": 50, "UO": 50, "NE": 100}
    >>> rates = ss.response_rates(cases, e=0.5)
    >>> rates[["RR1", "RR3", "RR5"]].round(3).to_dict()  # 40 / 200, 40 / 150, 40 / 100
    {'RR1': 0.2, 'RR3': 0.267, 'RR5': 0.4}
    >>> rates[["COOP1", "REF1", "CON1"]].to_dict()
    {'COOP1': 0.5, 'REF1': 0.1, 'CON1': 0.4}
    """
    if not isinstance(counts, Mapping | pd.Series):
        raise DataError(f"counts must be a mapping of dispositions to numbers of cases; got {type(counts).__name__}.")
    counts = {name: counts[name] for name in counts.keys()}  # noqa: SIM118 - a Series iterates over its values
    unknown = [name for name in counts if name not in DISPOSITIONS]
    if unknown:
        raise DataError(f"{unknown[0]!r} is no disposition; the keys are {', '.join(DISPOSITIONS)}.")
    missing = [name for name, value in counts.items() if value is None]
    if missing:
        raise DataError(f"disposition {missing[0]} has no count; give a number, 0 if there were none.")
    bad = [name for name, value in counts.items() if not guards.is_finite(value) or value < 0]
    if bad:
        raise DataError(
            f"disposition {bad[0]} has count {guards.sight(counts[bad[0]])}; counts are finite numbers and not negative."
        )
    c = {name: float(counts.get(name, 0)) for name in DISPOSITIONS}
    known = c["I"] + c["P"] + c["R"] + c["NC"] + c["O"]
    if not math.isfinite(sum(c.values())):
        raise DataError("the counts sum to more than double precision holds; give them in a larger unit.")
    if known + c["UH"] + c["UO"] == 0:
        raise DataError("no case is eligible or possibly eligible, so there is no rate; check the disposition counts.")
    if isinstance(e, str) and "NE" not in counts and c["UH"] + c["UO"]:
        raise DataError(
            'e = "proportional" needs NE, the numbers known to be not eligible; give their count (0 if none).'
        )
    rates = _rates(c, known, _shares(c, e))
    without = [name for name in rates if math.isnan(rates[name]) and not (e is None and name in NEED_E)]
    if without:
        warnings.warn(
            f"{', '.join(without)} are missing: no case that they would be a share of is known (I {c['I']:g}, P {c['P']:g}, R {c['R']:g}, "
            f"NC {c['NC']:g}, O {c['O']:g}, NE {c['NE']:g}).",
            SurveysimWarning,
            stacklevel=2,
        )
    return pd.Series(rates, dtype=float)


def _shares(c, e):
    """e for UH and UO."""
    if e is None:
        if c["UH"] + c["UO"]:
            warnings.warn(
                "RR3, RR4, REF2 and CON2 need e, the share of unknown cases that are eligible; give a number or "
                '"proportional".',
                SurveysimWarning,
                stacklevel=3,
            )
        return float("nan"), float("nan")
    if isinstance(e, str):
        if e != "proportional":
            raise DataError(f'e = {guards.sight(e)}: give a number, "proportional", or {{"UH": .., "UO": ..}}.')
        share = eligibility(c)
        return share, share
    if isinstance(e, Mapping | pd.Series) and set(e.keys()) != {"UH", "UO"}:
        raise DataError(f"e = {guards.sight(e)}: a mapping needs exactly the keys UH and UO.")
    pair = (e["UH"], e["UO"]) if isinstance(e, Mapping | pd.Series) else (e, e)
    if not all(map(guards.is_number, pair)):
        raise DataError(f'e = {guards.sight(e)}: give a number, "proportional", or {{"UH": .., "UO": ..}}.')
    if not all(0 <= value <= 1 for value in pair):
        raise DataError(f"e = {guards.sight(e)} is outside 0 to 1.")
    return tuple(map(float, pair))


def _rates(c, known, e):
    def over(number, base):
        return number / base if base else float("nan")

    unknown = c["UH"] + c["UO"]
    eligible_unknown = e[0] * c["UH"] + e[1] * c["UO"] if unknown else 0.0
    bases = (known + unknown, known + eligible_unknown, known)
    reached = known - c["NC"]
    done = (c["I"], c["I"] + c["P"])
    rates = {f"RR{2 * b + k + 1}": over(done[k], bases[b]) for b in range(3) for k in range(2)}
    able = c["I"] + c["P"] + c["R"]
    rates |= {f"COOP{2 * b + k + 1}": over(done[k], (able + c["O"], able)[b]) for b in range(2) for k in range(2)}
    rates |= {f"REF{b + 1}": over(c["R"], bases[b]) for b in range(3)}
    return rates | {f"CON{b + 1}": over(reached, bases[b]) for b in range(3)}
