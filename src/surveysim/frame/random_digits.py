"""Numbers of a country's frame drawn at random: whom each reaches, by working rates and numbers kept from elsewhere."""

from dataclasses import dataclass, field

import numpy as np

from .. import streams
from ..aliases import Floats, Ints, Truths
from ..errors import DesignError
from ..on_demand import Later
from ..population import Population
from .banks import Banks
from .fill import Prefixes

randomness = Later(__package__, "..kernels.randomness")
DEAD, BUSINESS = -1, -2  # instead of an owner
MOST_HELD = 2  # numbers of one owner


@dataclass(frozen=True, slots=True)
class Drawn:
    """Random numbers (n,): area, owner (or a negative code), which of the owner's numbers each is, prefix, -1 without, and stratum."""

    area: Ints
    owner: Ints
    which: Ints
    prefix: Ints
    stratum: Ints


FEWEST = 1e-3  # numbers that work, per owner


@dataclass(frozen=True)
class RandomDigits:
    """The numbers of one kind, by area: a random one reaches each that works with the same chance.

    A number that works is found by drawing owners and keeping each in proportion to the numbers it holds, so that no list of numbers
    exists; `held` says how many there are.

    Parameters
    ----------
    pop : Population of a folder. kind : "landline" or "mobile". working : share of numbers that reach a household or person.
    business : share of the others that reach a business or a machine. out_of_area : share of owners who live elsewhere than
        where their number is from. unlisted : share of the numbers that work which lie in banks without a listed number and are not
        dialled (list-assisted random digits: Casady & Lepkowski 1993, Surv. Methodol. 19:103-113); which these are is fixed.
    strata : ((name, share of the numbers that work, share of the others, rate), …) of numbers: banks with and without a listed number,
        numbers that are flagged as active or are not (the shares are then the sensitivity and the false positives), listed ones. Rates
        are relative; those of a rate of 0 are not dialled. In which stratum a number that works is, is fixed.
    operators : ((name, share of the prefixes, share of the numbers that work), …). prefix_spread, empty_prefixes, new_prefixes : how
        prefixes of one operator differ, as of `TelephoneFrame`. Without any of these numbers have no prefixes.

    Attributes
    ----------
    numbers : (S,) numbers of every area, as many as the share that works makes of those that do; with strata those of a design of equal
        chances that is dialled as often, so that a number of a stratum stands for `numbers` over its rate. banks : `Banks`, or None.
    rates : (strata,) relative rates, the largest 1. hits : share that works of the numbers dialled. mean_rate : of a number that works.
    """

    pop: Population
    kind: str
    working: float
    business: float = 0.0
    out_of_area: float = 0.0
    unlisted: float = 0.0
    strata: tuple[tuple[str, float, float, float], ...] = ()
    operators: tuple[tuple[str, float, float], ...] = ()
    prefix_spread: float = 0.0
    empty_prefixes: float = 0.0
    new_prefixes: float = 0.0
    numbers: Floats = field(init=False)
    rates: Floats = field(init=False, repr=False)
    hits: float = field(init=False)
    mean_rate: float = field(init=False)
    banks: Banks | None = field(init=False, repr=False, default=None)
    _shares: Floats = field(init=False, repr=False)
    _host: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        held = self.pop.numbers_held[:, 0 if self.kind == "landline" else 1].astype(float)
        edges = self.pop.owners(self.kind)[1]
        owners = int(edges[-1] - edges[0])
        if held.sum() < FEWEST * owners:  # owners are drawn until one has a number
            who = "nobody has" if held.sum() == 0 else f"of {owners:,} owners next to nobody ({held.sum():,.0f}) has"
            raise DesignError(
                f"frame.{self.kind}: {who} a {self.kind}, so its frame has no numbers; look at telephone.csv, or leave the frame out."
            )
        object.__setattr__(self, "_host", self._hosts(held))
        table = np.array([row[1:] for row in self.strata] or [(1.0, 1.0, 1.0)], dtype=float).T
        shares, rates = table[:2] / table[:2].sum(axis=1, keepdims=True), table[2] / table[2].max()
        works, others = self.working * shares[0] @ rates, (1 - self.working) * shares[1] @ rates
        for name, value in (("rates", rates), ("_shares", shares), ("mean_rate", float(shares[0] @ rates))):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "hits", float(works / (works + others)) if self.strata else self.working)
        object.__setattr__(self, "numbers", (held @ self._host) * (1 - self.unlisted) / self.working)
        if self.strata:
            object.__setattr__(self, "numbers", self.numbers * (works + others))
        differ = Prefixes(self.prefix_spread, self.empty_prefixes, self.new_prefixes)
        if self.operators or differ != Prefixes():
            made = Banks.of(self.pop, self.kind, self.numbers, self.hits, self.operators, differ)
            object.__setattr__(self, "banks", made)

    def _hosts(self, held):
        """Share (S, S) of the numbers of people in one area that are from another: those who are away, by the size of the others."""
        size = len(held)
        if size == 1:
            return np.ones((1, 1))
        away = np.tile(held, (size, 1))
        np.fill_diagonal(away, 0.0)
        return (1 - self.out_of_area) * np.eye(size) + self.out_of_area * away / away.sum(axis=1, keepdims=True)

    def sample(self, areas: Ints, n: int, rng: np.random.Generator) -> Drawn:
        """n random numbers of some areas; owners as of `draw`."""
        share = self.numbers[areas] / self.numbers[areas].sum()
        area = areas[np.searchsorted(np.cumsum(share)[:-1], rng.random(n), side="right")]
        owner, which = self.draw(area, rng)
        stratum = self._stratum(owner, which, rng)
        if self.banks is None:
            return Drawn(area, owner, which, np.full(n, -1), stratum)
        others = rng.spawn(1)[0].random(n)  # whom numbers reach does not hang on prefixes
        u = np.where(owner >= 0, self._lot(owner, which, "prefixes"), others)  # an owner's number keeps its own
        return Drawn(area, owner, which, self.banks.prefix(area, owner >= 0, u), stratum)

    def draw(self, area: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Owners (n,) of a random number of each area, persons or households, or `DEAD` or `BUSINESS`; and which of their numbers."""
        u = rng.random(len(area))
        owner = np.where(u < self.hits + (1 - self.hits) * self.business, BUSINESS, DEAD)
        which = np.zeros(len(area), np.int64)
        rows = np.flatnonzero(u < self.hits)
        home, start = self._homes(area[rows], rng), self.pop.owners(self.kind)[1]
        while len(rows):
            span = start[home + 1] - start[home]
            found = start[home] + np.minimum((rng.random(len(rows)) * span).astype(np.int64), span - 1)
            slot = rng.integers(0, MOST_HELD, len(rows))
            kept = (slot < self.pop.n_numbers(self.kind, found)) & ~self.in_unlisted(found, slot)
            if self.strata:
                kept &= rng.random(len(kept)) < self.rates[self._place(found, slot)]
            owner[rows[kept]], which[rows[kept]] = found[kept], slot[kept]
            rows, home = rows[~kept], home[~kept]
        return owner, which

    def in_unlisted(self, owner: Ints, which: Ints) -> Truths:
        """Whether the numbers (n,) of some owners lie in banks that are not dialled."""
        if not self.unlisted:
            return np.zeros(len(owner), bool)
        return self._lot(owner, which, "banks") < self.unlisted

    def _place(self, owner, which):
        """Stratum (n,) of numbers that work."""
        edges = np.cumsum(self._shares[0])[:-1]
        return np.searchsorted(edges, self._lot(owner, which, "strata"), side="right")

    def _stratum(self, owner, which, rng):
        """Stratum (n,) of numbers that were drawn, 0 where there is one."""
        if not self.strata:
            return np.zeros(len(owner), np.int64)
        chance = self._shares[1] * self.rates
        edges = np.cumsum(chance / (chance.sum() or 1.0))[:-1]
        others = np.searchsorted(edges, rng.spawn(1)[0].random(len(owner)), side="right")
        return np.where(owner >= 0, self._place(owner, which), others)

    def _lot(self, owner, which, what):
        """A uniform (n,) of every number that works, the same each time."""
        counters, words = np.zeros((len(owner), 4), np.uint64), np.empty((len(owner), 4), np.uint64)
        counters[:, 0], counters[:, 1] = owner, which
        randomness.philox_words(counters, *streams.key(int(self.pop.fingerprint, 16), "", f"{what} {self.kind}"), words)
        return (words[:, 0] >> np.uint64(11)) / 2.0**53

    def _homes(self, area, rng):
        """Area where the owner of a working number of each area lives."""
        held = self.pop.numbers_held[:, 0 if self.kind == "landline" else 1].astype(float)
        edges = np.cumsum(held[:, None] * self._host, axis=0)  # (homes, areas)
        target = rng.random(len(area)) * edges[-1, area]
        home = np.empty(len(area), np.int64)
        for a in np.unique(area):
            mine = area == a
            home[mine] = np.searchsorted(edges[:, a], target[mine], side="right")
        return np.minimum(home, len(held) - 1)
