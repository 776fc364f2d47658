"""A second phase of the fieldwork: a share of the nonrespondents is drawn at random and worked again, with another protocol."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..aliases import Floats, Ints
from ..columns import DISPOSITIONS
from .attempts import Attempts, Called, carry_out

if TYPE_CHECKING:
    from ..population import Population

LEFT_OUT, FIRST, SECOND = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondPhase:
    """Who is followed after the main calls, and how.

    Attributes
    ----------
    rate : share of the nonrespondents that is followed, each by a chance of its own; the others are left out.
    of : final dispositions of the first phase that count as nonrespondents.
    attempts, contact, cooperation : of the second phase, as of `Attempts`, whose effects and other keys stay. Who was selected in the first
        phase stays selected.
    """

    rate: float = 0.3
    of: tuple[str, ...] = ("R", "NC", "O", "UH")
    attempts: int = 7
    contact: float = 0.4
    cooperation: float = 0.6

    def protocol(self, first: Attempts) -> Attempts:
        """How those who are followed are called; dead numbers that rang go on ringing."""
        keys = {"attempts": self.attempts, "contact": self.contact, "cooperation": self.cooperation}
        return replace(first, **keys, dead_known=0.0)


@dataclass(frozen=True)
class Followed:
    """What became of numbers after both phases: disposition, person and phase (n,); rows that were followed, and their calls there."""

    disposition: Ints
    person: Ints
    phase: Ints
    rows: Ints
    again: Called


def follow(
    second: SecondPhase,
    first: Attempts,
    pop: "Population",
    kind: str,
    owner: Ints,
    done: Called,
    rng: np.random.Generator,
    effect: Floats | float = 0.0,
) -> Followed:
    """Draw the nonrespondents of a first phase, `done`, that are followed, and call them; the arguments are those of `carry_out`."""
    unanswered = np.isin(done.disposition, [DISPOSITIONS.index(name) for name in second.of])
    drawn = rng.random(len(owner)) < second.rate
    phase = np.where(unanswered, np.where(drawn, SECOND, LEFT_OUT), FIRST)
    rows = np.flatnonzero(phase == SECOND)
    effect = np.broadcast_to(effect, len(owner))[rows]
    again = carry_out(second.protocol(first), pop, kind, owner[rows], rng, effect, done.person[rows])
    disposition, person = done.disposition.copy(), done.person.copy()
    disposition[rows] = again.disposition
    person[rows] = np.where(again.person >= 0, again.person, person[rows])
    return Followed(disposition, person, phase, rows, again)
