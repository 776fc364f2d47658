"""Dial both frames of a design and bring home the case file."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..columns import DISPOSITIONS, FRAMES
from ..errors import DesignError
from ..kernels import dialling
from ..population.people import attribute_table


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """Interviews and the fate of every number; arrays over the interviews (n,), landline first, unit by unit.

    Attributes
    ----------
    frame, unit : 0 landline / 1 mobile, and the index of the number's frame unit.
    order : position in the dialling order of the unit.
    number : index of the number in the unit's space.
    person : person id. attempts : calls made.
    n_mobile, n_lines, n_eligible : as reported: own mobiles; lines and members aged 6+ of the household.
    attributes : (n, 11) of the person (`kernels.people.attributes`). answers : (n, K). hours : (n,).
    dispositions : (2, U, 8) numbers by frame, unit and final AAPOR category. dialled : (2, U).
    numbers : table of every dialled number, when recorded.
    """

    frame: np.ndarray
    unit: np.ndarray
    order: np.ndarray
    number: np.ndarray
    person: np.ndarray
    attempts: np.ndarray
    n_mobile: np.ndarray
    n_lines: np.ndarray
    n_eligible: np.ndarray
    attributes: np.ndarray
    answers: np.ndarray
    hours: np.ndarray
    dispositions: np.ndarray
    dialled: np.ndarray
    numbers: pd.DataFrame | None = field(default=None, repr=False)

    def __len__(self):
        return len(self.person)

    def domain(self):
        """0: on the landline frame only (a); 1: mobile only (b); 2: both (ab), from the reported telephones."""
        return np.where((self.n_lines > 0) & (self.n_mobile > 0), 2, np.where(self.n_mobile > 0, 1, 0))


def _tables(frame, design, model, f, key, bank_key):
    return dialling.Fieldwork(
        key=key,
        bank_key=bank_key[:1],
        shared=np.array([int(design.shared_suffixes)]),
        attempts=np.array([model.attempts]),
        contact=model.contact_by_age(),
        household=np.array([model.contact, model.member_available]),
        cooperation=np.rint(model.cooperation_table() * 65536).astype(np.int64),
        ends=np.rint(model.ends() * 65536).astype(np.int64),
        business=np.rint(frame.units["business_rate"].to_numpy() * 65536).astype(np.int64),
        prefixes=frame.prefixes,
        suffixes=design.suffixes[f],
    )


def dial(frames, design, models, keys, record=False):
    """Dial every unit's bank in both frames until its target is met.

    Parameters
    ----------
    frames : (landline, mobile) TelephoneFrame. design : SampleDesign. models : (landline, mobile) ResponseModel.
    keys : (key of the fieldwork, key of the number banks), each two uint64 (`streams.key`).
    record : also keep a table of every dialled number.

    Raises
    ------
    DesignError : a unit's whole number space was dialled without meeting its target.
    """
    people, parts, tallies, dials, records = frames[0].pop.people, [], [], [], []
    for f, frame in enumerate(frames):
        tables = _tables(frame, design, models[f], f, keys[0], keys[1] + np.uint64(f))
        units = np.nonzero(design.targets[f] > 0)[0]
        targets = design.targets[f, units]
        tally, dialled = np.zeros((len(units), 8), np.int64), np.zeros(len(units), np.int64)
        interviews = np.empty((int(targets.sum()), 7), np.int64)
        arguments = (people, frame.numbers, tables, int(f == 0), units, targets)
        failed = dialling.dial(*arguments, tally, dialled, interviews, np.empty((0, 5), np.int64))
        if failed >= 0:
            row = frame.units.iloc[units[failed]]
            raise DesignError(
                f"{FRAMES[f]} unit {row['unit']} ({row['name_en']}): all {int(row['numbers']):,} numbers were "
                f"dialled and {int(tally[failed, 0])} of {int(targets[failed])} interviews made. Lower the "
                f"target, or raise population.scale or the response probabilities."
            )
        if record:
            cases = np.empty((int(dialled.sum()), 5), np.int64)
            dialling.dial(*arguments, np.zeros_like(tally), np.zeros_like(dialled), interviews, cases)
            records.append(_record(frame, f, cases))
        full, all_dialled = np.zeros((len(frame.prefixes), 8), np.int64), np.zeros(len(frame.prefixes), np.int64)
        full[units], all_dialled[units] = tally, dialled
        tallies.append(full)
        dials.append(all_dialled)
        parts.append(np.column_stack([np.full(len(interviews), f), interviews]))
    return _case_file(
        frames[0].pop,
        np.concatenate(parts),
        np.stack(tallies),
        np.stack(dials),
        pd.concat(records, ignore_index=True) if record else None,
    )


def _record(frame, f, cases):
    return pd.DataFrame(
        {
            "frame": pd.Categorical.from_codes(np.full(len(cases), f), FRAMES),
            "unit": pd.Categorical.from_codes(cases[:, 0], frame.units["unit"].to_numpy(str)),
            "number": frame.digits(cases[:, 0], cases[:, 1]),
            "attempts": cases[:, 3].astype(np.int8),
            "disposition": pd.Categorical.from_codes(cases[:, 2], DISPOSITIONS),
        }
    )


def _case_file(pop, rows, tallies, dialled, numbers):
    person = rows[:, 4]
    attributes = pop.attributes(person)
    answers, hours = pop.answers(person, attributes)
    landline = rows[:, 0] == 0
    return CaseFile(
        frame=rows[:, 0],
        unit=rows[:, 1],
        order=rows[:, 2],
        number=rows[:, 3],
        person=person,
        attempts=rows[:, 5],
        n_mobile=attributes[:, 5],
        n_lines=attributes[:, 6],
        n_eligible=np.where(landline, rows[:, 6], 0),
        attributes=attributes,
        answers=answers,
        hours=hours,
        dispositions=tallies,
        dialled=dialled,
        numbers=numbers,
    )


def case_table(pop, cases, frames):
    """The interviews as a labelled table: telephones and fieldwork first, then who answered and what."""
    table = pd.DataFrame(attribute_table(pop.people, cases.person, cases.attributes))
    head = pd.DataFrame(
        {
            "frame": pd.Categorical.from_codes(cases.frame, FRAMES),
            "unit": pd.Categorical.from_codes(cases.unit, frames[0].units["unit"].to_numpy(str)),
            "domain": pd.Categorical.from_codes(cases.domain(), ("a", "b", "ab")),
            "number": np.concatenate(
                [
                    frame.digits(cases.unit[cases.frame == f], cases.number[cases.frame == f])
                    for f, frame in enumerate(frames)
                ]
            ),
            "attempts": cases.attempts.astype(np.int8),
            "n_eligible": cases.n_eligible.astype(np.int8),
        }
    )
    answers = pd.DataFrame(cases.answers.astype(bool), columns=list(pop.outcome_names))
    hours = np.where(cases.attributes[:, 7] == 1, cases.hours, np.nan)
    return pd.concat([head, table, answers, pd.DataFrame({"weekly_hours": hours})], axis=1)
