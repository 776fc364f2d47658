"""Numbers of any country called one call after the other: calendar, callbacks, appointments, refusals that are called again."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..aliases import Floats, Ints
from ..columns import CALL_RESULTS
from ..on_demand import Later
from .attempts import (
    BUSINESS,
    DEAD,
    INTERVIEW,
    NC,
    NE,
    NO_ANSWER,
    REFUSAL,
    UH,
    UNABLE,
    UO,
    Attempts,
    Called,
    I,
    O,
    R,
    selected,
)
from .protocol import WEEK, Protocol

if TYPE_CHECKING:
    from ..population import Population

special = Later("scipy", ".special")
BUSY, SOFT, APPOINTMENT = (CALL_RESULTS.index(result) for result in ("busy", "soft refusal", "appointment"))
RULE = {BUSY: 1, SOFT: 2, APPOINTMENT: 3}  # of callbacks, in `Protocol.again`; 0 after all other results


def by_calls(
    protocol: Attempts, calendar: Protocol, pop: "Population", kind: str, owner: Ints, rng: np.random.Generator
) -> Called:
    """Call numbers whose owners are known, call by call; the arguments are those of `attempts.carry_out`, and the centre's calendar.

    A household keeps the person who was chosen when it was first reached. Without busy lines, appointments and calls after a refusal, and
    with contact as likely at all parts of the day, final dispositions have the probabilities that `carry_out` has.
    """
    n, week, wait = len(owner), calendar.seats(), calendar.again()
    person, asked, refused, kept = np.full(n, -1), np.zeros(n, bool), np.zeros(n, np.int64), np.zeros(n, bool)
    first, contact = _contact(protocol, pop, kind, owner)
    willing = np.zeros(n)
    slot = rng.choice(WEEK, n, p=week / week.sum())
    last, calls, log, open_ = np.full(n, NO_ANSWER), np.zeros(n, np.int64), [], np.arange(n)
    while len(open_):
        u, rows = rng.random((len(open_), 4)), open_
        calls[rows] += 1
        result = np.where(owner[rows] == -1, np.where(u[:, 0] < protocol.dead_known, DEAD, NO_ANSWER), BUSINESS)
        if calls[rows[0]] > 1:  # what rang once goes on ringing
            result[owner[rows] == -1] = NO_ANSWER
        own = np.flatnonzero(owner[rows] >= 0)
        mine, v = rows[own], u[own]
        score = contact[mine] + _daypart(protocol, calendar, slot[mine]) + protocol.appointment_kept * kept[mine]
        reached = (v[:, 0] >= protocol.busy) & (v[:, 1] < special.expit(score))
        result[own] = np.where(v[:, 0] < protocol.busy, BUSY, NO_ANSWER)
        new = mine[reached & ~asked[mine]]
        if len(new):
            person[new] = _chosen(protocol, pop, kind, owner[new], first[new], rng)
            people = pop.persons(person[new], protocol.columns()) if protocol.columns() else pd.DataFrame({"": new})
            willing[new], asked[new] = special.logit(protocol.probability("cooperation", people)), True
        hit, w = mine[reached], v[reached]
        more = protocol.after_refusal * (refused[hit] > 0)
        said = np.where(
            w[:, 2] < special.expit(willing[hit] + more), INTERVIEW, _not_now(protocol, w[:, 3], refused[hit])
        )
        result[own[reached]] = said
        last[rows] = result
        log.append((rows, slot[rows], result))
        kept[rows], refused[rows] = result == APPOINTMENT, refused[rows] + (result == SOFT)
        goes_on = np.isin(result, (NO_ANSWER, BUSY, SOFT, APPOINTMENT)) & (calls[rows] < protocol.attempts)
        open_ = rows[goes_on]
        rule = np.select([result == other for other in RULE], list(RULE.values()), 0)[goes_on]
        slot[open_] += wait[rule, slot[open_] % WEEK]
    return Called(
        _final(protocol, owner, last, asked, refused, rng),
        calls,
        last,
        person,
        tuple(map(np.concatenate, zip(*log, strict=True))),
    )


def _contact(protocol, pop, kind, owner):
    """First persons behind the numbers (n,), -1 where there are none, and the log odds that one call reaches somebody (n,)."""
    first, score = np.full(len(owner), -1), np.zeros(len(owner))
    rows = np.flatnonzero(owner >= 0)
    first[rows] = pop.households(owner[rows])["first_person_id"] if kind == "landline" else owner[rows]
    people = pop.persons(first[rows], protocol.columns()) if protocol.columns() else pd.DataFrame({"": rows})
    score[rows] = special.logit(protocol.probability("contact", people))
    return first, score


def _daypart(protocol: Attempts, calendar: Protocol, slot: Ints) -> Floats:
    """Log odds (n,) that a part of the week adds to contact."""
    weekend = (slot // 3 + calendar.first_weekday) % 7 >= 5
    return np.array(protocol.daypart, dtype=float)[3 * weekend + slot % 3]


def _chosen(protocol, pop, kind, owner, first, rng):
    """Who is asked, as person ids (n,)."""
    return first if kind == "mobile" else selected(protocol, pop, pop.households(owner), rng)


def _not_now(protocol: Attempts, u: Floats, refused: Ints) -> Ints:
    """Results (n,) of calls that reach who does not take part: an appointment, unable, a refusal that is called again, or the last."""
    later, unable = protocol.appointment, protocol.appointment + (1 - protocol.appointment) * protocol.other
    soft = (u >= unable + (1 - unable) * protocol.hard) & (refused < protocol.conversions)
    return np.select([u < later, u < unable, soft], [APPOINTMENT, UNABLE, SOFT], REFUSAL)


def _final(protocol, owner, last, asked, refused, rng):
    """Final dispositions (n,)."""
    known = rng.random(len(owner)) < protocol.known
    silent = np.where(refused > 0, R, np.where(asked | known, NC, UH))
    silent = np.where(owner == -1, UO, silent)
    done = {INTERVIEW: I, REFUSAL: R, SOFT: R, UNABLE: O, DEAD: NE, BUSINESS: NE}
    return np.select([last == result for result in done], list(done.values()), silent)
