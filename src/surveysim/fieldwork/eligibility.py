"""e, the share of numbers of unknown status that are eligible: several ways to estimate it, from calls and codes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Array, Floats
from ..apportion import over
from ..columns import DISPOSITION_CODES, FRAMES
from ..errors import DataError
from .dispositions import response_rates

if TYPE_CHECKING:
    from .case_file import CaseFile

METHODS = ("proportional", "survival", "late", "frame", "minimum", "maximum")
CATEGORIES = np.array([category for _, category, _ in DISPOSITION_CODES])
KNOWN = np.isin(CATEGORIES, ["I", "P", "R", "NC", "O"])
NOT_ELIGIBLE = CATEGORIES == "NE"
UNKNOWN = CATEGORIES == "UH"
UNSCREENED = CATEGORIES == "UO"
NOBODY, QUOTA = ([code for code, _, _ in DISPOSITION_CODES].index(code) for code in ("4.70", "4.80"))


def estimate_e(tally: Array, method: str = "proportional", share: float | None = None) -> float:
    """Estimated share of the numbers of unknown status (UH) that are eligible.

    Parameters
    ----------
    tally : (codes, calls + 1) numbers by final disposition code (`columns.DISPOSITION_CODES`) and calls made.
    method : "proportional": known eligible over known (CASRO 1982). "survival": the same shares with numbers given up after few
        calls treated as censored (Brick, Montaquila & Scheuren 2002). "late": of those resolved after half of the most calls or
        later, which numbers that are still unresolved resemble more than dead numbers do. "frame": what is missing to the `share` of
        eligible numbers that telephone statistics give for the frame. "minimum", "maximum": 0 and 1.

    Raises
    ------
    DataError : an unknown method; nothing was resolved; "frame" without a share.

    References
    ----------
    Brick, Montaquila & Scheuren (2002), Public Opin. Q. 66:18-39; Smith (2009), A Revised Review of Methods to Estimate the Status
    of Cases with Unknown Eligibility, AAPOR.
    """
    tally = _tally(tally)
    guards.choice(method, "e", METHODS, remedy="Or give a number.")
    unknown = tally[UNKNOWN].sum()
    if method in ("minimum", "maximum") or unknown == 0:
        return float(method != "minimum")
    # people who were reached and not screened are resolved: their number is somebody's
    eligible, other = tally[KNOWN | UNSCREENED].sum(axis=0), tally[NOT_ELIGIBLE].sum(axis=0)
    if eligible.sum() + other.sum() == 0:
        raise DataError("no number's status is known, so e cannot be estimated; give a number.")
    if method == "frame":
        remedy = "e from the frame needs the share of its numbers that are eligible, from 0 to 1."
        share = guards.number(share, "share", 0, 1, remedy=remedy)
        working = eligible.sum() + tally[QUOTA].sum()  # people screened out by a quota were reached
        return float(np.clip((share * tally.sum() - working) / unknown, 0, 1))
    if method == "late":
        calls = np.arange(tally.shape[1])
        resolved = (eligible + other) * (2 * calls > tally.shape[1] - 1)
        if resolved.sum() > 0:
            return float(eligible[resolved > 0].sum() / resolved.sum())
        raise DataError('no number was resolved late, so e = "late" cannot be estimated; use "proportional".')
    if method == "proportional":
        known = tally[KNOWN].sum()
        if known + other.sum() == 0:
            raise DataError("no number is known to be eligible or not, so e cannot be estimated; give a number.")
        return float(known / (known + other.sum()))
    return _survival(eligible, other, tally)


def _tally(tally):
    """Numbers by disposition code and calls, checked."""
    remedy = f"Give numbers by disposition code ({len(CATEGORIES)} rows) and calls."
    table = guards.as_numbers(tally, "tally", remedy=remedy)
    if table.ndim != 2 or len(table) != len(CATEGORIES) or table.shape[1] == 0:
        raise DataError(f"tally has shape {table.shape}. {remedy}")
    bad = ~(np.isfinite(table) & (table >= 0))
    if bad.any():
        code, calls = np.argwhere(bad)[0]
        raise DataError(
            f"tally has {int(bad.sum())} numbers that are missing, infinite or negative, the first is {table[code, calls]:g}, of code "
            f"{DISPOSITION_CODES[code][0]} after {calls} calls. {remedy}"
        )
    return table


def _survival(eligible, other, tally):
    """Product-limit shares of the two ways to be resolved, call by call; unresolved numbers are censored at their calls."""
    leaving = tally.sum(axis=0)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    hazard = over(eligible + other, at_risk)
    before = np.concatenate([[1.0], np.cumprod(1 - hazard)[:-1]])
    each = over(before, at_risk)
    share = (each * eligible).sum() / (each * (eligible + other)).sum()
    return float(np.clip((share * tally.sum() - eligible.sum()) / tally[UNKNOWN].sum(), 0, 1))


def screened_e(tally: Array) -> float:
    """Share of the people and households reached but not screened (UO) that are eligible: as among those that were screened."""
    tally = _tally(tally)
    known, nobody = tally[KNOWN].sum(), tally[NOBODY].sum()
    if known + nobody == 0:
        raise DataError(
            "nobody was screened, so the eligibility of those not screened cannot be estimated; give a number."
        )
    return float(known / (known + nobody))


def eligibility_table(cases: "CaseFile", shares: Sequence[float] | Floats) -> pd.DataFrame:
    """Every method against the truth, by frame.

    Parameters
    ----------
    cases : CaseFile. shares : (2,) share of each frame's numbers that are eligible, for method "frame".

    Returns
    -------
    DataFrame frame, method, e, true, error, RR3: e of numbers of unknown status, what it is in truth, and the response rate it
    gives (numbers reached but not screened by `screened_e`); missing where a method cannot be used. The row "true" has the true
    RR3.
    """
    rows = []
    truth = cases.eligible_unknown.sum(axis=1)
    for f, frame in enumerate(FRAMES):
        tally = cases.tally(f)
        unknown, unscreened = tally[UNKNOWN].sum(), tally[UNSCREENED].sum()
        if tally.sum() == 0:
            continue
        true = truth[f, 0] / unknown if unknown else float("nan")
        counts = dict(zip(("I", "P", "R", "NC", "O", "UH", "UO", "NE"), cases.dispositions[f].sum(axis=0), strict=True))
        screened = screened_e(tally)
        for method in METHODS:
            try:
                e = estimate_e(tally, method, shares[f])
            except DataError:  # such as no number resolved late
                rows.append((frame, method, *(float("nan"), true, float("nan"), float("nan"))))
                continue
            rows.append((frame, method, e, true, e - true, response_rates(counts, {"UH": e, "UO": screened})["RR3"]))
        exact = {"UH": true if unknown else 1.0, "UO": truth[f, 1] / unscreened if unscreened else 1.0}
        rows.append((frame, "true", true, true, 0.0, response_rates(counts, exact)["RR3"]))
    return pd.DataFrame(rows, columns=["frame", "method", "e", "true", "error", "RR3"])


def combined_rates(rates: pd.DataFrame, weights: Mapping[str, float]) -> pd.Series:
    """Outcome rates of both frames together: a mean with stated frame weights, because numbers of two frames are no one population.

    Parameters
    ----------
    rates : DataFrame of rates, one column per frame. weights : mapping of frame to its weight; weights sum to 1.

    Raises
    ------
    DataError : no weights, a frame without a weight, weights that do not sum to 1.
    """
    if not hasattr(weights, "keys") or set(weights) != set(rates.columns):
        raise DataError(
            f"weights = {weights!r}: a combined rate needs a stated weight for each frame ({', '.join(map(str, rates.columns))}), such "
            f"as its share of the interviews or of the population."
        )
    values = np.array([guards.number(weights[frame], f"weights[{frame!r}]", 0, 1) for frame in rates.columns])
    if not abs(values.sum() - 1) <= 1e-9:
        raise DataError(f"weights = {weights!r} must be shares that sum to 1; they sum to {values.sum():g}.")
    return pd.Series(rates.to_numpy() @ values, index=rates.index)
