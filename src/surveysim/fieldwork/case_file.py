"""What fieldwork brings home: interviews, the fate of every number, and the history of calls."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..aliases import Ints
from ..coding import categorical
from ..columns import CALL_RESULTS, DAYPARTS, DISPOSITION_CODES, DISPOSITIONS, FRAMES
from ..errors import DataError
from ..kernels.respondents import BUSINESS, MACHINE, NOBODY_ELIGIBLE
from ..population.attributes import Attributes
from ..population.households import DORMITORY
from .answers import MISSING

if TYPE_CHECKING:
    from ..frame.telephone import TelephoneFrame
    from ..population.population import Population

CODES = tuple(code for code, _, _ in DISPOSITION_CODES)
CATEGORY = np.array([DISPOSITIONS.index(category) for _, category, _ in DISPOSITION_CODES])
REACHES = ("person", "household", "dormitory", "nobody eligible", "business", "machine", "nobody")
CENTI = 100  # call times are kept in hundredths of minutes


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """Interviews and the fate of every number; arrays over the interviews (n,), landline first, unit by unit.

    Attributes
    ----------
    frame, unit : 0 landline / 1 mobile, and the index of the number's frame unit.
    order : position in the dialling order of the unit. number : index of the number in the unit's space.
    person : person id. attempts : calls made. interviewer : who made the interview. slot : slot of the interview (calls only, else -1).
    n_mobile, n_lines, n_eligible : as reported: own mobiles; lines and members aged 6+ of the household.
    members : members a landline respondent stands for, one over the probability of being selected; 0 for mobiles.
    attributes : of the person, internet use as reported.
    answers : (n, K) 0, 1, or 2 for no answer. hours : (n,).
    outcomes : (2, U, 2, codes, calls + 1) numbers by frame, unit, whether somebody eligible could be reached, final code and calls.
    spent : (2, U, 2) minutes and calls by frame and unit.
    dialled : (2, U) numbers dialled, or released. most_calls : (2,) calls that a number of each frame may get.
    numbers : table of every number, when recorded.
    history : (calls, 7) of the call level, see `paradata`.
    """

    frame: np.ndarray
    unit: np.ndarray
    order: np.ndarray
    number: np.ndarray
    person: np.ndarray
    attempts: np.ndarray
    interviewer: np.ndarray
    slot: np.ndarray
    n_mobile: np.ndarray
    n_lines: np.ndarray
    n_eligible: np.ndarray
    members: np.ndarray
    attributes: Attributes
    answers: np.ndarray
    hours: np.ndarray
    outcomes: np.ndarray
    spent: np.ndarray
    dialled: np.ndarray
    most_calls: np.ndarray
    numbers: pd.DataFrame | None = field(default=None, repr=False)
    history: np.ndarray | None = field(default=None, repr=False)
    calendar: dict = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.person)

    @cached_property
    def dispositions(self) -> Ints:
        """(2, U, 8) numbers by frame, unit and final AAPOR category."""
        by_code = self.outcomes.sum(axis=(2, 4))
        result = np.zeros((*by_code.shape[:2], len(DISPOSITIONS)), np.int64)
        for code, category in enumerate(CATEGORY):
            result[..., category] += by_code[..., code]
        return result

    def tally(self, f: int, units: slice | Ints = slice(None)) -> Ints:
        """Numbers of a frame by final code and calls made, (codes, its most calls + 1)."""
        return self.outcomes[f, units].sum(axis=(0, 1))[:, : self.most_calls[f] + 1]

    @cached_property
    def eligible_unknown(self) -> Ints:
        """(2, U, 2) numbers of unknown status (UH) and of people not screened (UO) that could reach somebody eligible: the truth."""
        true = self.outcomes[:, :, 1].sum(axis=3)
        return np.stack([true[..., DISPOSITIONS.index(name) == CATEGORY].sum(axis=2) for name in ("UH", "UO")], axis=2)

    def domain(self) -> Ints:
        """0: on the landline frame only (a); 1: mobile only (b); 2: both (ab), from the reported telephones."""
        return np.where((self.n_lines > 0) & (self.n_mobile > 0), 2, np.where(self.n_mobile > 0, 1, 0))

    def paradata(self) -> pd.DataFrame:
        """Table of every call: case (row of `numbers`), call, day, daypart, interviewer, result, start and minutes in the shift."""
        if self.history is None:
            raise DataError("the history of the calls was not kept; call with paradata=True.")
        return call_table(self.history)


def call_table(history: Ints) -> pd.DataFrame:
    """Table of every call from the kernels' history (calls, 7); see `CaseFile.paradata`."""
    case, call, slot, who, result, start, minutes = history.T
    return pd.DataFrame(
        {
            "case": case,
            "call": call.astype(np.int8),
            "day": (slot // 3).astype(np.int16),
            "daypart": categorical(slot % 3, DAYPARTS),
            "interviewer": who.astype(np.int16),
            "result": categorical(result, CALL_RESULTS),
            "start": start / CENTI,
            "minutes": minutes / CENTI,
        }
    )


def number_table(frame: "TelephoneFrame", f: int, dialled: Ints) -> pd.DataFrame:
    """Table of dialled numbers of one frame with their final dispositions, and whom they reach in truth.

    dialled : (n, 6) unit, number, code, calls, owner (person or household) and type.
    """
    unit, number, code, calls, owner, kind = dialled.T
    return pd.DataFrame(
        {
            "frame": categorical(np.full(len(unit), f), FRAMES),
            "unit": categorical(unit, frame.units["unit"].to_numpy(str)),
            "number": frame.digits(unit, number),
            "attempts": calls.astype(np.int8),
            "code": categorical(code, CODES),
            "disposition": categorical(CATEGORY[code], DISPOSITIONS),
            "reaches": categorical(_reached(frame, f, kind, owner), REACHES),
        }
    )


def _reached(frame, f, kind, owner):
    """Index in REACHES of what numbers of these types reach; `owner` are households (landline) or persons."""
    reached = np.full(len(kind), 1 - f)
    if f == 0:
        people, own = frame.pop.people, owner >= 0
        home = np.searchsorted(people.class_household, owner[own], side="right") - 1
        reached[own] = 1 + (people.class_kind[home] == DORMITORY)
    reached[kind == NOBODY_ELIGIBLE] = 3
    for k, name in enumerate((BUSINESS, MACHINE)):
        reached[kind == name] = 4 + k
    reached[kind > MACHINE] = 6
    return reached


def _answer_columns(pop, answers):
    """Answers as truth values; a column with answers that are not known, its own or of the one it hangs on, has them missing."""
    parent = dict(pop.model.outcomes.nested)
    columns = {}
    for k, name in enumerate(pop.outcome_names):
        unknown = answers[:, k] == MISSING
        if k in parent:
            unknown = unknown | (answers[:, parent[k]] == MISSING)
        columns[name] = answers[:, k] == 1
        if unknown.any():
            columns[name] = pd.arrays.BooleanArray(columns[name], unknown)
    return pd.DataFrame(columns)


def case_table(pop: "Population", cases: CaseFile, frames: "Sequence[TelephoneFrame]") -> pd.DataFrame:
    """The interviews as a labelled table: telephones and fieldwork first, then who answered and what."""
    table = pd.DataFrame(cases.attributes.table(cases.person))
    digits = [
        frame.digits(cases.unit[cases.frame == f], cases.number[cases.frame == f]) for f, frame in enumerate(frames)
    ]
    head = pd.DataFrame(
        {
            "frame": categorical(cases.frame, FRAMES),
            "unit": categorical(cases.unit, frames[0].units["unit"].to_numpy(str)),
            "domain": categorical(cases.domain(), ("a", "b", "ab")),
            "number": np.concatenate(digits),
            "attempts": cases.attempts.astype(np.int8),
            "interviewer": cases.interviewer.astype(np.int16),
            "n_eligible": cases.n_eligible.astype(np.int8),
        }
    )
    if cases.history is not None:
        head["day"] = (cases.slot // 3).astype(np.int16)
    answers = _answer_columns(pop, cases.answers)
    hours = np.where(cases.attributes.internet, cases.hours, np.nan)
    return pd.concat([head, table, answers, pd.DataFrame({"weekly_hours": hours})], axis=1)
