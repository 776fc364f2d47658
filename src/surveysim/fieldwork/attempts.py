"""Numbers of any country called until the last attempt: contact, who is asked, cooperation; one solved outcome a number."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..aliases import Floats, Ints
from ..columns import DISPOSITIONS
from ..on_demand import Later

if TYPE_CHECKING:
    from ..population import Population

special = Later("scipy", ".special")
RULES = ("random", "youngest", "anybody")
I, P, R, NC, O, UH, UO, NE = range(len(DISPOSITIONS))  # noqa: E741 - AAPOR's letters


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

    def probability(self, what: str, people: pd.DataFrame) -> Floats:
        """Probability (n,) of "contact", "at_home" or "cooperation" of persons with these columns."""
        score = np.full(len(people), special.logit(getattr(self, what)))
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
    """What became of numbers: final disposition (codes of `columns.DISPOSITIONS`), calls, and the person who was asked or -1, (n,) each."""

    disposition: Ints
    calls: Ints
    person: Ints = field(repr=False)


def carry_out(protocol: Attempts, pop: "Population", kind: str, owner: Ints, rng: np.random.Generator) -> Called:
    """Call numbers whose owners (persons, households, or a negative code) are known: `RandomDigits.draw` gives them."""
    n = len(owner)
    disposition, calls, person = np.full(n, NE), np.ones(n, np.int64), np.full(n, -1)
    rings = (owner == -1) & (rng.random(n) >= protocol.dead_known)
    disposition[rings], calls[rings] = UO, protocol.attempts
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
        people = pop.persons(first, protocol.columns()) if protocol.columns() else pd.DataFrame({"": first})
    else:
        people = people[reached]
    yes = rng.random(len(rows)) < protocol.probability("cooperation", people)
    person[rows] = first
    disposition[rows] = np.where(yes, I, np.where(rng.random(len(rows)) < protocol.other, O, R))
    return Called(disposition, calls, person)


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
