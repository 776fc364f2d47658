"""A call centre at work, whoever its numbers are of: releases week by week, seats in every shift, quotas, stop rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from typing import Protocol as Form

import numpy as np

from ..aliases import Floats, Ints
from ..columns import FRAMES
from ..errors import DesignError, SpecError
from ..kernels import calling
from . import interviewers
from .protocol import Protocol

Release = Callable[[Ints, Ints], tuple[Ints, Ints]]


class Field(Form):
    """What the centre asks of a survey.

    chain : `calling.Chain` of both frames, for the types of the numbers released so far. targets : (2, U) interviews wanted by frame and
    unit. area : (U,) of each unit, in which quotas hold. group : (types,) group of quotas, -1 where a number reaches nobody. shares :
    (areas, groups) of people. rates, minutes : (2, U) interviews and minutes that a number brings, about.
    """

    @property
    def protocol(self) -> Protocol: ...
    @property
    def chain(self) -> Any: ...
    @property
    def targets(self) -> Ints: ...
    @property
    def area(self) -> Ints: ...
    @property
    def group(self) -> Ints: ...
    @property
    def shares(self) -> Floats: ...
    @property
    def rates(self) -> Floats: ...
    @property
    def minutes(self) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Worked:
    """Numbers and what came of them.

    Attributes
    ----------
    rows : (n, k) released numbers as they were given. frame : (n,). cases : `calling.Cases`. released : (2, U). spent : (2, U, 2) minutes
        and calls. history : (calls, 7) or None. calendar : slots that were needed, and calls put off for want of an interviewer.
    """

    rows: np.ndarray
    frame: np.ndarray
    cases: Any
    released: np.ndarray
    spent: np.ndarray
    history: np.ndarray | None
    calendar: dict[str, int]


def worked(field: Field, keys: Any, release: Release, paradata: bool = True) -> Worked:
    """Work the numbers that `release` gives, call by call, until every unit's target is met, or days or numbers are over.

    Parameters
    ----------
    field : Field. keys : (key of the fieldwork, …). paradata : keep the history of calls.
    release : called with the numbers wanted and those released so far by frame and unit, both (2, U); adds to the latter, and returns rows
        (n, 4 or more: unit, order, number, type, …) and frames (n,).
    """
    protocol, U = field.protocol, field.targets.shape[1]
    last = 3 * protocol.field_days
    centre = opened(field, keys, last + 4 * calling.WEEK + int(protocol.again().max()))
    released, rows, frame_of = np.zeros((2, U), np.int64), None, np.empty(0, np.int64)
    cases, history = cases_of(np.empty((0, 4), np.int64), U), []
    for slot in range(0, last, calling.WEEK):
        new, new_frame = release(_to_release(field, centre, cases, released, slot), released)
        start = len(frame_of)
        rows, frame_of = new if rows is None else np.concatenate([rows, new]), np.concatenate([frame_of, new_frame])
        cases, chain = cases_of(rows, U, frame_of, cases), field.chain
        centre = centre._replace(group=field.group)
        calling.open_cases(chain, cases, centre, start, slot, keys[0])
        until = min(slot + calling.WEEK, last)
        buffer = np.empty((_most_calls(chain, cases, U) if paradata else 0, 7), np.int32)
        made = calling.work(chain, cases, centre, calling.Span(slot, until, last), keys[0], buffer)
        history.append(buffer[:made].copy() if paradata else buffer)
        if not (cases.row["code"] < 0).any() and not (centre.found < centre.targets).any():
            break
    calling.close_all(cases)
    assert rows is not None
    calls = np.concatenate(history) if paradata else None
    calendar = {"slots": int(cases.row["slot"].max(initial=-1)) + 1, "deferred": int(centre.deferred[0])}
    return Worked(rows, frame_of, cases, released, centre.spent, calls, calendar)


def opened(field: Field, keys: Any, slots: int) -> Any:
    """The kernels' `Centre` with so many slots, before the first call."""
    protocol = field.protocol
    if protocol.assignment != "random":
        raise SpecError(
            f'assignment = "{protocol.assignment}" needs level = "outcome"; at the call level the next free interviewer calls.'
        )
    targets = field.targets.ravel().astype(np.int64)
    return calling.Centre(
        units=np.array([field.targets.shape[1]]),
        area=field.area,
        targets=targets,
        found=np.zeros_like(targets),
        stop=np.array([int(protocol.stop == "target")]),
        group=field.group,
        quota=quotas(field, protocol.quota),
        seats=protocol.seats(),
        effect=interviewers.effects(protocol.interviewers, keys[0], protocol.interviewer_sd, interviewers.COOPERATION),
        shift=np.array([60.0 * protocol.shift_hours]),
        queue=np.zeros((3, slots, 3), np.int64),
        deferred=np.zeros(1, np.int64),
        spent=np.zeros((2, field.targets.shape[1], 2)),
    )


def quotas(field: Field, multiple: float | None) -> Ints:
    """Most interviews by frame, area and group: this multiple of the group's share of the people of the area; without one no limit."""
    targets = np.zeros((2, int(field.area.max()) + 1), np.int64)
    np.add.at(targets.T, field.area, field.targets.T)
    if multiple is None:
        return np.full((*targets.shape, 1 + max(int(field.group.max(initial=0)), 0)), np.iinfo(np.int64).max)
    return np.ceil(multiple * targets[:, :, None] * field.shares).astype(np.int64)


def cases_of(rows: Ints, U: int, frame_of: Any = 0, before: Any = None) -> Any:
    """Case rows for all released numbers; those already there keep their state."""
    row = np.zeros(len(rows), calling.CASE)
    row["code"], row["slot"], row["interviewer"] = -1, -1, -1
    row["unit"], row["number"], row["kind"] = frame_of * U + rows[:, 0], rows[:, 2], rows[:, 3]
    if before is not None:
        row[: len(before.row)] = before.row
    return calling.Cases(row)


def _to_release(field, centre, cases, released, slot):
    """Numbers to release now by frame and unit: what is missing, over what a number brings, less what open cases still may bring; no
    more than the seats can work in a week."""
    protocol, targets = field.protocol, field.targets
    found = centre.found.reshape(2, -1)
    still = np.bincount(cases.row["unit"][cases.row["code"] < 0], minlength=released.size).reshape(released.shape)
    # interviews a number brings: as found so far, with a prior worth five interviews
    rate = (found + 5.0) / (released - still + 5.0 / np.maximum(field.rates, 1e-9))
    missing = np.maximum(np.maximum(targets - found, 0) / rate - still, 0)
    if slot == 0:
        missing *= protocol.first_release
    missing = np.where(targets > found, missing, 0)
    week = centre.shift[0] * centre.seats.sum()
    room = max(week - (still * field.minutes).sum(), 0.1 * week)
    return whole_releases(missing, field.minutes, room, protocol.release_size)


def whole_releases(missing: Floats, minutes: Floats, room: float, size: int) -> Ints:
    """Numbers in whole releases: what is missing rounded up, or as many releases as there is room for, the most wanting units first."""
    wanted = np.ceil(missing / size)
    each = size * minutes
    if (wanted * each).sum() <= room:
        return (wanted * size).astype(np.int64)
    share = wanted * (room / (wanted * each).sum())
    whole = np.floor(share)
    order = np.argsort(-(share - whole).ravel(), kind="stable")
    left = room - (whole * each).sum()
    more = np.cumsum(each.ravel()[order]) <= left
    extra = np.zeros(whole.size)
    extra[order] = more & (wanted.ravel()[order] > whole.ravel()[order])
    return ((whole + extra.reshape(whole.shape)) * size).astype(np.int64)


def _most_calls(chain, cases, U):
    """The calls that open cases can still take."""
    still = cases.row["code"] < 0
    most = chain.attempts[cases.row["unit"][still] // U]
    return int((most - cases.row["calls"][still]).sum())


def refuse_thin(made: Ints, wanted: Ints, names: Sequence[str], protocol: Protocol, what: str = "strata") -> None:
    """Raise DesignError where a stratum was to have interviews of a frame, both (2, strata), and has fewer than two when the field closes:
    weights and errors need them."""
    thin = (made < 2) & (wanted > 0)
    if thin.any():
        f, p = np.argwhere(thin)[0]
        raise DesignError(
            f"{int(thin.sum())} {what} have fewer than two interviews of a frame when the field closes, the first is "
            f"{names[p]} with {int(made[f, p])} of {int(wanted[f, p])} {FRAMES[f]} interviews. Raise "
            f"fieldwork.protocol.interviewers = {protocol.interviewers}, field_days = {protocol.field_days} or shift_hours = "
            f"{protocol.shift_hours:g}, or the response probabilities."
        )
