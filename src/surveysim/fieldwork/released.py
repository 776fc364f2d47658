"""Numbers of a country as a call centre takes them: drawn week by week, with whom each reaches and the type that its calls depend on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..aliases import Floats, Ints
from ..columns import FRAMES
from ..frame.random_digits import BUSINESS as OF_BUSINESS
from ..kernels.calling import INTERVIEWED, WEEK, Chain
from ..kernels.respondents import BUSINESS, DEAD, N_TYPES, NOBODY_ELIGIBLE, RINGING
from ..on_demand import Later
from .attempts import Attempts, selected
from .protocol import Protocol

if TYPE_CHECKING:
    from ..frame.random_digits import RandomDigits
    from ..population import Population

special = Later("scipy", ".special")
COLUMNS = (
    "unit",
    "order",
    "id",
    "type",
    "area",
    "owner",
    "number",
    "prefix",
    "person",
    "stratum",
)  # of the rows; draws are keyed by `id`
MISSES = 50  # draws one after the other without a new number, after which a stratum has no more
SURE = 50.0  # log odds of what always happens


@dataclass
class Released:
    """The numbers of a country's frames, given out as `centre.worked` asks for them.

    A number's type is its log odds of contact and of cooperation and its group of quotas: types are added as people with others come.

    Parameters
    ----------
    pop : Population of a folder. frames : {frame: RandomDigits}. attempts : {frame: Attempts}. protocol : of the centre. areas : of every
    stratum. targets : (2, U) interviews wanted by frame and stratum. rngs : {frame: Generator}. quota_by : variables whose cross quotas
    are set for.
    """

    pop: "Population"
    frames: "dict[str, RandomDigits]"
    attempts: dict[str, Attempts]
    protocol: Protocol
    areas: Sequence[Ints]
    targets: Ints
    rngs: dict[str, np.random.Generator]
    quota_by: tuple[str, ...] = ()
    _types: dict[tuple[float, float, int], int] = field(default_factory=dict, init=False)
    _dialled: dict[tuple[int, int], Ints] = field(default_factory=dict, init=False)

    # ------------------------------------------------------------------------------------------------ what the centre asks
    @property
    def area(self) -> Ints:
        return np.arange(len(self.areas))

    @property
    def shares(self) -> Floats:
        """Share of every cross of the variables of quotas among the people of a stratum (strata, groups)."""
        totals = self.pop.control_totals(("area", *self.quota_by))
        people = np.zeros((len(self.pop.strata), *(len(self.pop.levels[name]) for name in self.quota_by)))
        for (area, *levels), persons in totals.items():
            place = [self.pop.levels[name].index(level) for name, level in zip(self.quota_by, levels, strict=True)]
            people[(self.pop.strata.index(area), *place)] = persons
        by_stratum = np.stack([people[areas].sum(axis=0).ravel() for areas in self.areas])
        return by_stratum / by_stratum.sum(axis=1, keepdims=True)

    def _table(self):
        """(log odds of contact, of cooperation, group), each (types,): people's types in their order around those of other numbers."""
        given = np.array(list(self._types), dtype=float).reshape(-1, 3)
        before, others = given[:NOBODY_ELIGIBLE], np.tile([SURE, 0.0, -1.0], (N_TYPES - NOBODY_ELIGIBLE, 1))
        short = np.tile([0.0, 0.0, -1.0], (NOBODY_ELIGIBLE - len(before), 1))
        return np.concatenate([before, short, others, given[NOBODY_ELIGIBLE:]]).T

    @property
    def group(self) -> Ints:
        return self._table()[2].astype(np.int64)

    @property
    def rates(self) -> Floats:
        """Interviews a number brings, about: before effects."""
        return np.stack([self._each(f, lambda a, w: w * _reached(a) * a.cooperation) for f in range(2)])

    @property
    def minutes(self) -> Floats:
        """Minutes a number takes, about: half of the calls to each ring in vain, one reaches somebody."""
        ring, talk = self.protocol.minutes[0] + self.protocol.wrap_up, self.protocol.minutes[INTERVIEWED]
        return np.stack(
            [
                self._each(f, lambda a, w: ring * (1 + w * a.attempts / 2) + w * _reached(a) * a.cooperation * talk)
                for f in range(2)
            ]
        )

    def _each(self, f, value):
        frame = self.frames.get(FRAMES[f])
        return np.full(len(self.areas), 0.0 if frame is None else value(self.attempts[FRAMES[f]], frame.hits))

    @property
    def chain(self) -> Any:
        """The kernels' tables of both frames."""
        contact, willing, _ = self._table()
        each, seats, slot = [self.attempts[frame] for frame in FRAMES], self.protocol.seats(), np.arange(WEEK)
        weekend = (slot // 3 + self.protocol.first_weekday) % 7 >= 5
        when = [np.array(a.daypart, dtype=float)[3 * weekend + slot % 3] for a in each]
        kept = [np.array([[0.0], [a.appointment_kept]]) for a in each]
        others = [(1 - a.appointment) * a.other for a in each]  # the kernels draw these first, appointments of the rest
        later = [a.appointment / max(1 - share, 1e-12) for a, share in zip(each, others, strict=True)]
        none = np.zeros(2)
        return Chain(
            kind=np.tile(np.arange(len(contact)), (2, 1)),
            contact=np.stack([special.expit(contact[:, None, None] + w + k) for w, k in zip(when, kept, strict=True)]),
            willing=np.tile(willing, (2, 1)),
            shift=np.array([[0.0, a.after_refusal] * 2 for a in each]),
            busy=np.array([a.busy for a in each]),
            blocked=none,
            device=np.array([a.known for a in each]),
            available=none + 1.0,
            ends=np.array(
                [[0, 0, o, 0, a, 0, e.hard] for e, o, a in zip(each, others, later, strict=True)], dtype=float
            ),
            attempts=np.array([a.attempts for a in each]),
            conversions=np.array([a.conversions for a in each]),
            again=self.protocol.again(),
            first=seats / seats.sum(),
            minutes=np.array(self.protocol.minutes, dtype=float) + self.protocol.wrap_up,
        )

    # ------------------------------------------------------------------------------------------------------------ numbers
    def release(self, wanted: Ints, released: Ints) -> tuple[Ints, Ints]:
        """The next numbers of every frame and stratum, all strata in turn: rows (n, `COLUMNS`) and frames (n,); see `centre.worked`."""
        parts, frames, turns = [np.empty((0, len(COLUMNS)), np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
        for f, v in np.argwhere(wanted > 0):
            rows = self._drawn(FRAMES[f], int(v), int(wanted[f, v]), int(released[f, v]))
            released[f, v] += len(rows)
            parts.append(rows)
            frames.append(np.full(len(rows), f))
            turns.append(np.arange(len(rows)) / max(len(rows), 1))
        order = np.argsort(np.concatenate(turns), kind="stable")
        return np.concatenate(parts)[order], np.concatenate(frames)[order]

    def _drawn(self, kind, v, wanted, before):
        """So many numbers of a frame in a stratum that were not drawn before, as many as there are."""
        frame, rng, f = self.frames[kind], self.rngs[kind], FRAMES.index(kind)
        left = int(frame.numbers[self.areas[v]].sum()) - before
        seen, parts, have = self._dialled.get((f, v), np.empty(0, np.int64)), [], 0
        misses = 0
        while have < min(wanted, left) and misses < MISSES:
            drawn = frame.sample(self.areas[v], min(wanted, left) - have, rng)
            owner, number = drawn.owner, drawn.owner * 2 + drawn.which
            keep = pd.Series(number).duplicated().to_numpy() | np.isin(number, seen)
            keep = (owner < 0) | ~keep  # others are none twice
            seen = np.append(seen, number[keep & (owner >= 0)])
            parts.append(np.column_stack([drawn.area, owner, number, drawn.prefix, drawn.stratum])[keep])
            have += int(keep.sum())
            misses = 0 if keep.any() else misses + 1
        self._dialled[f, v] = seen
        area, owner, number, prefix, stratum = np.concatenate(parts).T if parts else np.empty((5, 0), np.int64)
        order, known = before + np.arange(len(owner)), rng.random(len(owner)) < self.attempts[kind].dead_known
        person, kinds = self._asked(kind, owner, rng)
        kinds = np.where(owner >= 0, kinds, np.where(owner == OF_BUSINESS, BUSINESS, np.where(known, DEAD, RINGING)))
        return np.column_stack(
            [np.full(len(owner), v), order, order, kinds, area, owner, number, prefix, person, stratum]
        )

    def _asked(self, kind, owner, rng):
        """Whom the numbers' calls are about, as person ids, and their types, (n,) each."""
        protocol, rows = self.attempts[kind], np.flatnonzero(owner >= 0)
        person, kinds = np.full(len(owner), -1), np.zeros(len(owner), np.int64)
        if not len(rows):
            return person, kinds
        columns = list(dict.fromkeys([*protocol.columns(), *self.quota_by, "n_mobile"]))
        first = chosen = owner[rows]
        if kind == "landline":
            homes = self.pop.households(owner[rows])
            first, chosen = homes["first_person_id"].to_numpy(), selected(protocol, self.pop, homes, rng)
        people, who = self.pop.persons(first, columns), self.pop.persons(chosen, columns)
        group = np.zeros(len(rows))
        for name in self.quota_by:
            group = group * len(self.pop.levels[name]) + who[name].cat.codes.to_numpy()
        odds = [
            special.logit(protocol.probability(what, of)) for what, of in (("contact", people), ("cooperation", who))
        ]
        found, place = np.unique(np.column_stack([*odds, group]), axis=0, return_inverse=True)
        codes = np.array(
            [self._types.setdefault((row[0], row[1], int(row[2])), len(self._types)) for row in found.tolist()]
        )
        codes += (N_TYPES - NOBODY_ELIGIBLE) * (codes >= NOBODY_ELIGIBLE)
        person[rows], kinds[rows] = chosen, codes[place.ravel()]
        return person, kinds


def _reached(attempts: Attempts) -> float:
    """Share of people who are reached by one of the calls, before effects."""
    return 1 - (1 - attempts.contact) ** attempts.attempts
