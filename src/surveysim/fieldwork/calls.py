"""Fieldwork at two levels of detail: one final outcome a number (`dial`), or every call (`call`). Both bring home a CaseFile."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from ..aliases import Floats, Ints
from ..columns import FRAMES
from ..errors import DesignError
from ..kernels import dialling
from ..kernels.randomness import philox_words
from ..kernels.respondents import N_TYPES, PERSON_TYPES, Frame
from . import centre, interviewers, within_household
from .answers import Measurement
from .case_file import CODES, CaseFile, number_table
from .protocol import Protocol, solve

if TYPE_CHECKING:
    from ..frame.telephone import TelephoneFrame
    from ..sampling.design import SampleDesign
    from .response import ResponseModel

ASSIGNMENT = 1 << 20  # second word of the Philox counter, beyond any number of calls


class Fieldwork:
    """Both frames' kernels' tables for a design, from response models and protocol: made once, used by every repetition.

    Parameters
    ----------
    frames : (landline, mobile) TelephoneFrame. design : SampleDesign. models : (landline, mobile) ResponseModel.
    protocol : Protocol. measurement : Measurement, of the answers.
    """

    def __init__(
        self,
        frames: "Sequence[TelephoneFrame]",
        design: "SampleDesign",
        models: "Sequence[ResponseModel]",
        protocol: Protocol | None = None,
        measurement: Measurement | None = None,
    ) -> None:
        self.frames, self.design, self.models = frames, design, models
        self.protocol, self.measurement = protocol or Protocol(), measurement or Measurement()
        self.measurement.check(frames[0].pop.outcome_names)
        self.chain, self.outcomes = solve(self.protocol, tuple(models))

        working = [frame.units["working_rate"].to_numpy() for frame in frames]
        pairs = list(zip(working, self.outcomes, strict=True))
        self.rates = np.stack([w * o.interviews() for w, o in pairs])  # interviews per number, about
        self.minutes = np.stack([w * o.length(True) + (1 - w) * o.length(False) for w, o in pairs])  # per number, about

    @property
    def targets(self) -> Ints:
        """Interviews wanted by frame and unit (2, U)."""
        return self.design.targets

    @property
    def area(self) -> Ints:
        """The province of every unit (U,), in which quotas hold."""
        return self.design.province

    @property
    def group(self) -> Ints:
        """Group of quotas of every type (types,): sex × 8 ages; -1 where a number reaches nobody."""
        kind = np.arange(N_TYPES)
        return np.where(
            kind < PERSON_TYPES,
            kind // (PERSON_TYPES // 2) * 8 + (kind // 48 & 7),
            np.where(kind == PERSON_TYPES, 0, -1),
        )

    @property
    def shares(self) -> Floats:
        """Share of every group of quotas among people aged 6+ of each province (provinces, groups)."""
        people = self.frames[0].pop.sexes_and_ages()
        return people / people.sum(axis=1, keepdims=True)

    def of(self, design: "SampleDesign") -> Self:
        """The same fieldwork for another sample of the design."""
        made = copy.copy(self)
        made.design = design
        return made

    def tables(self, f: int, keys: Any) -> Any:
        """The kernels' `Frame` of one frame under a repetition's keys."""
        frame, model = self.frames[f], self.models[f]
        share = np.array([model.machine, model.dead_known, model.misselection, model.shared if f == 1 else 0.0])
        share = np.rint(share * 65536).astype(np.int64)
        rule = within_household.rule_of(model.selection)
        return Frame(
            key=keys[0],
            bank_key=(keys[1] + np.uint64(f))[:1],
            shared=np.array([int(self.design.shared_suffixes)]),
            prefixes=frame.prefixes,
            suffixes=self.design.suffixes[f],
            lines=share[:2].copy(),
            selection=np.array([rule, share[2], 180, share[3]]),
            at_home=within_household.AT_HOME,
            kish=within_household.KISH,
            alias=self.outcomes[f].alias,
            outcome=self.outcomes[f].outcome,
        )

    def expected_minutes(self, outcomes: Ints) -> Floats:
        """Minutes by frame and unit for tallied outcomes: the mean of each final code and number of calls, all types alike."""
        result = np.zeros(outcomes.shape[:2])
        for f, solved in enumerate(self.outcomes):
            mass = solved.chance.sum(axis=0)
            each = (solved.chance * solved.minutes).sum(axis=0) / np.where(mass > 0, mass, 1)
            result[f] = np.einsum("uck,ck->u", outcomes[f].sum(axis=1)[..., : each.shape[1]], each)
        return result

    def interviewers(self, frame: Ints, unit: Ints, number: Ints, keys: Any) -> Ints:
        """Interviewer of each interview: anybody, or one of the team of the number's province."""
        counters = np.zeros((len(unit), 4), np.uint64)
        counters[:, 0], counters[:, 1], counters[:, 2], counters[:, 3] = number, ASSIGNMENT, unit, frame == 0
        words = np.empty((len(unit), 4), np.uint64)
        philox_words(counters, keys[0][0], keys[0][1], words)
        u = (words[:, 0] >> np.uint64(11)) / 2.0**53
        return interviewers.assigned(
            self.protocol, u, self.design.province[unit], self.design.by_province(self.targets.sum(axis=0))
        )

    def effects(self, keys: Any, sd: float, on: int) -> Floats:
        """Effects of the interviewers, normal with this standard deviation, (J,): on cooperation (0) or on answers (1), independent."""
        return interviewers.effects(self.protocol.interviewers, keys[0], sd, on)


def dial(fieldwork: Fieldwork, keys: Any, record: bool = False) -> CaseFile:
    """Dial every unit's bank in both frames until its target is met: one final outcome a number, in strict order.

    Parameters
    ----------
    fieldwork : Fieldwork.
    keys : (key of the fieldwork, key of the number banks), each two uint64 (`streams.key`).
    record : also keep a table of every dialled number.

    Raises
    ------
    DesignError : a unit's whole number space was dialled without meeting its target.
    """
    design, people, U = fieldwork.design, fieldwork.frames[0].pop.people, fieldwork.design.targets.shape[1]
    most = int(fieldwork.chain.attempts.max())
    outcomes = np.zeros((2, U, 2, len(CODES), most + 1), np.int64)
    dialled, rows, records = np.zeros((2, U), np.int64), [], []
    for f, frame in enumerate(fieldwork.frames):
        units = np.nonzero(design.targets[f] > 0)[0]
        targets = design.targets[f, units]
        tally, count = np.zeros((len(units), *outcomes.shape[2:]), np.int64), np.zeros(len(units), np.int64)
        interviews = np.empty((int(targets.sum()), 7), np.int64)
        plan = dialling.Plan(units, targets, fieldwork.rates[f])
        arguments = (people, frame.numbers, fieldwork.tables(f, keys), int(f == 0), plan)
        failed = dialling.dial(*arguments, dialling.Made(tally, count, interviews, np.empty((0, 6), np.int64)))
        if failed >= 0:
            _refuse(frame, f, units[failed], tally[failed, :, 0].sum(), targets[failed])
        if record:
            cases = np.empty((int(count.sum()), 6), np.int64)
            dialling.dial(*arguments, dialling.Made(np.zeros_like(tally), np.zeros_like(count), interviews, cases))
            records.append(number_table(frame, f, cases))
        outcomes[f, units], dialled[f, units] = tally, count
        rows.append(np.column_stack([np.full(len(interviews), f), interviews]))
    rows = np.concatenate(rows)
    calls = (outcomes.sum(axis=(2, 3)) * np.arange(most + 1)).sum(axis=2)
    return _bring_home(
        fieldwork,
        keys,
        rows,
        interviewer=fieldwork.interviewers(rows[:, 0], rows[:, 1], rows[:, 3], keys),
        slot=np.full(len(rows), -1),
        outcomes=outcomes,
        spent=np.stack([fieldwork.expected_minutes(outcomes), calls], axis=2),
        dialled=dialled,
        numbers=pd.concat(records, ignore_index=True) if record else None,
        most_calls=fieldwork.chain.attempts,
    )


def _refuse(frame, f, unit, made, target):
    row = frame.units.iloc[unit]
    raise DesignError(
        f"{FRAMES[f]} unit {row['unit']} ({row['name_en']}): all {int(row['numbers']):,} numbers were "
        f"dialled and {int(made)} of {int(target)} interviews made. Lower the "
        f"target, or raise population.scale or the response probabilities."
    )


# ------------------------------------------------------------------------------------------------ every call
def call(fieldwork: Fieldwork, keys: Any, record: bool = False, paradata: bool = True) -> CaseFile:
    """Work the numbers call by call in a centre with a calendar, releasing them week by worked.

    Parameters are those of `dial`; `paradata` keeps the history of calls (`CaseFile.history`).

    Notes
    -----
    `dialled` counts released numbers; the number weight is numbers in the space per number released, and what is unresolved when the
    field closes is nonresponse. Units may end with fewer interviews than wanted (days over, numbers exhausted) or, with
    stop = "released", with more.
    """
    tables = [fieldwork.tables(f, keys) for f in range(2)]
    done = centre.worked(
        fieldwork, keys, lambda wanted, released: _release(fieldwork, tables, wanted, released), paradata
    )
    return _from_calls(fieldwork, keys, done, record)


def _release(fieldwork, tables, wanted, released):
    """Identify the next numbers of every unit; rows of `kernels.dialling.release`, those of all units in turn, and frames."""
    people, parts, frames, turns = fieldwork.frames[0].pop.people, [], [], []
    for f, frame in enumerate(fieldwork.frames):
        for v in np.flatnonzero(wanted[f]):
            rows = np.empty((wanted[f, v], 8), np.int64)
            n = dialling.release(people, frame.numbers, tables[f], int(f == 0), v, released[f, v], rows)
            released[f, v] += n
            parts.append(rows[:n])
            frames.append(np.full(n, f))
            turns.append(np.arange(n) / max(n, 1))
    if not parts:
        return np.empty((0, 8), np.int64), np.empty(0, np.int64)
    order = np.argsort(np.concatenate(turns), kind="stable")
    return np.concatenate(parts)[order], np.concatenate(frames)[order]


def _from_calls(fieldwork, keys, worked, record):
    rows, frame_of, cases = worked.rows, worked.frame, worked.cases
    U, most = fieldwork.design.targets.shape[1], int(fieldwork.chain.attempts.max())
    outcomes = np.zeros((2, U, 2, len(CODES), most + 1), np.int64)
    reached = (rows[:, 3] < PERSON_TYPES).astype(int)
    np.add.at(outcomes, (frame_of, rows[:, 0], reached, cases.row["code"], cases.row["calls"]), 1)
    done = np.flatnonzero(cases.row["code"] == 0)
    done = done[np.lexsort((rows[done, 1], rows[done, 0], frame_of[done]))]
    interviews = np.column_stack(
        [frame_of[done], rows[done][:, [0, 1, 2, 5]], cases.row["calls"][done].astype(np.int64), rows[done][:, 6:]]
    )
    numbers = None
    if record:
        parts = []
        for f, frame in enumerate(fieldwork.frames):
            at = frame_of == f
            unit, _, number, kind, owner = rows[at].T[:5]
            code, calls = (cases.row[name][at] for name in ("code", "calls"))
            table = number_table(frame, f, np.column_stack([unit, number, code, calls, owner, kind]))
            parts.append(table.set_index(np.flatnonzero(at)))
        numbers = pd.concat(parts).sort_index()
    return _bring_home(
        fieldwork,
        keys,
        interviews,
        interviewer=cases.row["interviewer"][done].astype(np.int64),
        slot=cases.row["slot"][done].astype(np.int64),
        outcomes=outcomes,
        spent=worked.spent,
        dialled=worked.released,
        numbers=numbers,
        most_calls=fieldwork.chain.attempts,
        history=worked.history,
        calendar=worked.calendar,
    )


def _bring_home(fieldwork, keys, rows, *, interviewer, **rest):
    pop = fieldwork.frames[0].pop
    person, landline = rows[:, 4], rows[:, 0] == 0
    attributes = pop.attributes(person)
    eligible = np.where(landline, rows[:, 6], 0)
    heard = fieldwork.measurement.hear(pop, person, attributes, interviewer, fieldwork, keys)
    members = np.zeros(len(rows))
    members[landline] = within_household.members(
        fieldwork.models[0].selection, pop, person[landline], attributes[landline], eligible[landline]
    )
    return CaseFile(
        frame=rows[:, 0],
        unit=rows[:, 1],
        order=rows[:, 2],
        number=rows[:, 3],
        person=person,
        attempts=rows[:, 5],
        interviewer=interviewer,
        n_mobile=np.maximum(heard.n_mobile, ~landline),
        n_lines=attributes.n_lines,
        n_eligible=eligible,
        members=members,
        attributes=heard.attributes,
        answers=heard.answers,
        hours=heard.hours,
        **rest,
    )
