"""Numbers of any country called until the last attempt: contact, who is asked, cooperation; one solved outcome a number."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..aliases import Floats, Ints
from ..columns import CALL_RESULTS, DISPOSITIONS
from ..on_demand import Later

if TYPE_CHECKING:
    from ..population import Population

special = Later("scipy", ".special")
RULES = ("random", "youngest", "anybody")
I, P, R, NC, O, UH, UO, NE = range(len(DISPOSITIONS))  # noqa: E741 - AAPOR's letters
NO_ANSWER, DEVICE, DEAD, BUSINESS, INTERVIEW, UNABLE, REFUSAL = (
    CALL_RESULTS.index(result)
    for result in ("no answer", "device", "not in service", "business", "interview", "unable", "hard refusal")
)
LAST = {I: INTERVIEW, R: REFUSAL, NC: DEVICE, O: UNABLE, UH: NO_ANSWER}  # result of the last call


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How the numbers of one frame are called, and what comes of it.

    Attributes
    ----------
    attempts : most calls to one number. contact : probability that one call reaches somebody.
    selection : whom of a household with a landline: "random", every adult alike; "youngest", the youngest man at home now or, if
        there is none, the youngest woman, and the other way round in every second household; "anybody", who answers.
    at_home : share of members who are at home at the call that reaches the household. sex, age : variables of that rule; the
        first level of `sex` is one sex, all others the other, levels of `age` go up.
    cooperation : probability that who was chosen takes part. other : of those who do not, share with another reason than refusal.
    effects : ((what, variable, level, log odds), …) on "contact", "at_home" or "cooperation"; contact looks at the owner of a
        mobile, or at the first member of a household.
    dead_known : share of dead numbers that are recognised; the others just ring. known : share of numbers without contact that are
        known to be a household's or a person's.
    daypart, busy, appointment, appointment_kept, hard, conversions, after_refusal : call by call only, as of `ResponseModel`: log odds of
        contact by part of the week; share of calls to a busy line; share of those who do not take part who ask to be called later, and
        the log odds of contact then; share of refusals that are final, how many others are called again, and their log odds of
        cooperation then.
    """

    attempts: int = 7
    contact: float = 0.25
    selection: str = "random"
    at_home: float = 0.6
    sex: str = "sex"
    age: str = "age"
    cooperation: float = 0.3
    other: float = 0.05
    effects: tuple[tuple[str, str, str, float], ...] = ()
    dead_known: float = 0.9
    known: float = 0.3
    daypart: tuple[float, ...] = (0.0,) * 6
    busy: float = 0.0
    appointment: float = 0.0
    appointment_kept: float = 0.0
    hard: float = 1.0
    conversions: int = 0
    after_refusal: float = 0.0

    def probability(self, what: str, people: pd.DataFrame, more: Floats | float = 0.0) -> Floats:
        """Probability (n,) of "contact", "at_home" or "cooperation" of persons with these columns; `more` are log odds on top."""
        score = np.full(len(people), special.logit(getattr(self, what))) + more
        for on, variable, level, effect in self.effects:
            if on == what:
                score += effect * (people[variable] == level).to_numpy()
        return special.expit(score)

    def columns(self) -> list[str]:
        """Columns of persons that are looked at."""
        rule = [self.sex, self.age] if self.selection == "youngest" else []
        return list(dict.fromkeys([variable for _, variable, _, _ in self.effects] + rule))


@dataclass(frozen=True)
class Called:
    """What became of numbers: final disposition (codes of `columns.DISPOSITIONS`), calls, the result of the last of them (codes of
    `columns.CALL_RESULTS`), and the person who was asked or -1, (n,) each; the calls before the last reached nobody."""

    disposition: Ints
    calls: Ints
    result: Ints
    person: Ints = field(repr=False)

    def minutes(self, by_result: Sequence[float], wrap_up: float = 0.0) -> Floats:
        """Minutes (n,) on the telephone: `by_result` of a call (of `columns.CALL_RESULTS`), and `wrap_up` after each."""
        each = np.asarray(by_result, dtype=float) + wrap_up
        return each[self.result] + (self.calls - 1) * each[NO_ANSWER]


def carry_out(
    protocol: Attempts,
    pop: "Population",
    kind: str,
    owner: Ints,
    rng: np.random.Generator,
    effect: Floats | float = 0.0,
    asked: Ints | None = None,
) -> Called:
    """Call numbers whose owners (persons, households, or a negative code) are known: `RandomDigits.draw` gives them; `effect` (n,) are
    interviewers' log odds of cooperation, `asked` (n,) persons who were selected before, -1 where nobody was."""
    n = len(owner)
    disposition, calls, person = np.full(n, NE), np.ones(n, np.int64), np.full(n, -1)
    rings = (owner == -1) & (rng.random(n) >= protocol.dead_known)
    disposition[rings], calls[rings] = UH, protocol.attempts  # nobody can tell them from people who do not answer
    rows = np.flatnonzero(owner >= 0)
    home = pop.households(owner[rows]) if kind == "landline" else None
    first = owner[rows] if home is None else home["first_person_id"].to_numpy()
    people = pop.persons(first, protocol.columns()) if protocol.columns() else pd.DataFrame({"": first})
    p = protocol.probability("contact", people)
    with np.errstate(divide="ignore"):
        when = np.ceil(np.log1p(-rng.random(len(rows))) / np.log1p(-p))  # geometric: the call that reaches somebody
    calls[rows] = np.clip(when, 1, protocol.attempts)
    reached = when <= protocol.attempts
    disposition[rows[~reached]] = np.where(rng.random(int((~reached).sum())) < protocol.known, NC, UH)
    rows, first = rows[reached], first[reached]
    if home is not None:
        first = selected(protocol, pop, home[reached], rng)
        first = first if asked is None else np.where(asked[rows] >= 0, asked[rows], first)
        people = pop.persons(first, protocol.columns()) if protocol.columns() else pd.DataFrame({"": first})
    else:
        people = people[reached]
    yes = rng.random(len(rows)) < protocol.probability("cooperation", people, np.broadcast_to(effect, n)[rows])
    person[rows] = first
    disposition[rows] = np.where(yes, I, np.where(rng.random(len(rows)) < protocol.other, O, R))
    result = np.where(owner == -1, DEAD, BUSINESS)
    for code, last in LAST.items():
        result[disposition == code] = last
    return Called(disposition, calls, result, person)


def selected(protocol: Attempts, pop: "Population", homes: pd.DataFrame, rng: np.random.Generator) -> Ints:
    """The member of each household who is asked, as person ids (n,)."""
    size, first = homes["household_size"].to_numpy(), homes["first_person_id"].to_numpy()
    if protocol.selection == "random":
        return first + np.minimum((rng.random(len(size)) * size).astype(np.int64), size - 1)
    begin = np.cumsum(size) - size
    of, place = np.repeat(np.arange(len(size)), size), np.arange(int(size.sum())) - np.repeat(begin, size)
    members = pop.persons(first[of] + place, protocol.columns()) if protocol.columns() else pd.DataFrame({"": of})
    draw = rng.random(len(of))
    home = rng.random(len(of)) < protocol.probability("at_home", members)
    home |= draw == np.maximum.reduceat(draw, begin)[of]  # whoever answered
    if protocol.selection == "anybody":
        rank = np.where(home, draw, 2.0)
    else:
        other = members[protocol.sex].cat.codes.to_numpy() > 0
        wrong = other != (rng.random(len(size)) < 0.5)[of]
        rank = np.where(home, 0.0, 1e6) + 1e3 * wrong + members[protocol.age].cat.codes.to_numpy() + draw
    order = np.lexsort((rank, of))
    return first + place[order[begin]]
