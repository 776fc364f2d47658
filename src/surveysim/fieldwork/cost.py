"""What fieldwork costs and how long it takes: minutes, interviewer hours, days and calls, by frame and province."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..columns import FRAMES
from ..errors import DataError

if TYPE_CHECKING:
    from .calls import Fieldwork
    from .case_file import CaseFile
    from .protocol import Protocol


def costs(cases: "CaseFile", fieldwork: "Fieldwork", by: Sequence[str] = ("frame",)) -> pd.DataFrame:
    """Numbers, calls, interviews, hours and cost of the fieldwork.

    Parameters
    ----------
    cases : CaseFile. fieldwork : Fieldwork it came from. by : () for everything together, or any of "frame" and "province" (of the
        number; adcodes).

    Returns
    -------
    DataFrame by…, numbers, calls, interviews, hours (on the telephone, wrap-up included), cost (of these hours; what idle seats cost
    is in `calendar`), and per interview: calls_per_interview, minutes_per_interview, cost_per_interview. At the outcome level
    minutes are expected ones, right in sum; at the call level they are those of the calls.
    """
    by = () if by is None else (by,) if isinstance(by, str) else tuple(by)
    unknown = [name for name in by if name not in ("frame", "province")]
    if unknown:
        raise DataError(f'by = {unknown[0]!r}: choose "frame", "province", both or neither.')
    units = fieldwork.frames[0].units["province"].to_numpy(str)
    U = len(units)
    table = pd.DataFrame(
        {
            "frame": np.repeat(FRAMES, U),
            "province": np.tile(units, 2),
            "numbers": cases.dialled.ravel(),
            "calls": cases.spent[..., 1].ravel().astype(np.int64),
            "interviews": cases.dispositions[..., 0].ravel(),
            "hours": cases.spent[..., 0].ravel() / 60,
        }
    )
    return per_interview(table, by, fieldwork.protocol.cost_per_hour)


def per_interview(table: pd.DataFrame, by: Sequence[str], cost_per_hour: float) -> pd.DataFrame:
    """Numbers, calls, interviews and hours of a table summed by columns, with what they cost, and all of it per interview."""
    by, sums = list(by), ["numbers", "calls", "interviews", "hours"]
    table = table.groupby(by, sort=False, as_index=False)[sums].sum() if by else table[sums].sum().to_frame().T
    table["cost"] = table["hours"] * cost_per_hour
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, minutes in (("calls", 1), ("hours", 60), ("cost", 1)):
            label = "minutes" if name == "hours" else name
            table[f"{label}_per_interview"] = minutes * table[name] / table["interviews"]
    return table


def calendar(cases: "CaseFile", fieldwork: "Fieldwork") -> dict[str, float]:
    """Days in the field, staffed hours, the share of them on the telephone, cost of the staffed hours, and calls put off for want of an
    interviewer.

    At the call level days are those that were needed; at the outcome level those that the seats would need with nobody idle.
    """
    return calendar_of(float(cases.spent[..., 0].sum()) / 60, fieldwork.protocol, cases.calendar)


def calendar_of(busy: float, protocol: "Protocol", told: dict[str, int]) -> dict[str, float]:
    """`calendar` from hours on the telephone, and from slots and calls put off where every call was made."""
    week = protocol.seats() * protocol.shift_hours
    if told:
        slots = told["slots"]
        staffed = float(np.resize(week, slots).sum())
    else:
        slots, staffed = int(np.ceil(busy / week.sum() * len(week))), busy
    return {
        "days": -(-slots // 3),
        "staffed_hours": staffed,
        "on_the_telephone": busy / staffed if staffed else float("nan"),
        "cost": staffed * protocol.cost_per_hour,
        "deferred_calls": told.get("deferred", 0),
    }
