"""Addresses in the union of registries' sources: every address once, by region, province, holder and operator.

Ranges are cut at all their ends; inside a piece the covering ranges are the same, and these rules decide.

1. Space that is available or reserved is held by nobody. Where another range holds it, that one counts and the conflict is listed.
2. The smallest range that names a holder, province or operator decides these; what it leaves open, larger ones that do not contradict it
   fill in. The smallest that names a country gives the region. Of ranges of one size a national list's comes first, then the earlier
   file name and line.
3. A national list's address that nobody gives a country is in the mainland. An address that no range judges is "unknown".
4. Ranges that say something else than what follows are listed as conflicts, with the number of addresses; so are those of a national
   list that a regional registry gives to a country outside the report's regions, which are not counted.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from .. import guards
from ..display import Shown
from ..errors import DataError
from .places import REGIONS, UNKNOWN
from .ranges import BLOCK, Discrepancy, Range, blocks

if TYPE_CHECKING:
    from .allocations import Holding

HOME = "CN"
SAID = ("holder", "province", "operator")
KEYS = ("region", "province", "holder", "operator")


@dataclass(frozen=True, slots=True)
class Piece:
    """Addresses `first` to `last` on which all sources say the same, and what follows about them."""

    version: int
    first: int
    last: int
    region: str
    province: str
    holder: str
    operator: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two ranges that say different things about the same addresses: the one that decided, the other, on what, and how many."""

    kept: Range
    other: Range
    about: tuple
    addresses: int

    def __str__(self) -> str:
        said = ", ".join(f"{name} {_said(self.kept, name)} (not {_said(self.other, name)})" for name in self.about)
        kept, other = (f"{r} in {r.path} line {r.line}" for r in (self.kept, self.other))
        return f"{kept} over {other}: {said}; {self.addresses:,} addresses"


@dataclass(frozen=True, slots=True)
class Tally:
    """Exact numbers of addresses: IPv4, IPv6, and distinct /32 blocks that the IPv6 ones touch."""

    ipv4: int = 0
    ipv6: int = 0
    touched: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.ipv4 + other.ipv4, self.ipv6 + other.ipv6, self.touched + other.touched)

    @property
    def blocks(self) -> Fraction:
        """IPv6 addresses in the report's unit, 2^96 addresses (块/32), as a Fraction."""
        return blocks(self.ipv6)


@dataclass(frozen=True)
class AddressCount(Shown):
    """What `count_addresses` found.

    Attributes
    ----------
    pieces : `Piece` by `Piece`, disjoint and in order. conflicts : each a `Conflict`, the largest first. repeated : {4: addresses
        listed again after the first time, 6: the same}, which a plain sum would count twice. countries : regions that were counted.
    """

    pieces: tuple = field(repr=False)
    conflicts: tuple = field(repr=False)
    repeated: dict = field(repr=False)
    countries: tuple = tuple(REGIONS)

    def tallies(self, by: str | None = None) -> dict[str, Tally]:
        """{level: Tally}, exactly; of everything under the level "" when `by` is None.

        by : "region" (country code), "province" (adcode), "holder" or "operator"; "unknown" where that cannot be judged.
        """
        if by is not None:
            guards.choice(by, "by", KEYS)
        sizes, touched, beyond = defaultdict(Counter), Counter(), {}
        for piece in self.pieces:
            level = "" if by is None else getattr(piece, by)
            sizes[level][piece.version] += piece.last - piece.first + 1
            if piece.version == 6:
                low, high = max(piece.first // BLOCK, beyond.get(level, 0)), piece.last // BLOCK
                touched[level] += high + 1 - low
                beyond[level] = high + 1
        found = {level: Tally(n[4], n[6], touched[level]) for level, n in sizes.items()}
        return {level: found[level] for level in sorted(found, key=lambda v: _place(v, found[v]))}

    def by(self, key: str) -> pd.DataFrame:
        """Table of `tallies`: the key, ipv4, ipv6_blocks (in /32, as a float) and ipv6_touched (distinct /32; they may be shared)."""
        rows = [(level, t.ipv4, float(t.blocks), t.touched) for level, t in self.tallies(key).items()]
        return pd.DataFrame(rows, columns=[key, "ipv4", "ipv6_blocks", "ipv6_touched"])

    def within(self, *regions: str) -> Self:
        """The same of some regions only; conflicts and repetitions stay those of the whole."""
        return replace(self, pieces=tuple(piece for piece in self.pieces if piece.region in regions), countries=regions)

    @property
    def total(self) -> Tally:
        """Tally of everything."""
        return self.tallies().get("", Tally())

    def summary(self) -> str:
        t = self.total
        return (
            f"{t.ipv4:,} IPv4 addresses and {float(t.blocks):,.10g} IPv6 /32 blocks ({t.touched:,} distinct), each counted once; "
            f"{self.repeated[4]:,} and {float(blocks(self.repeated[6])):,.10g} more are listed again; {len(self.conflicts):,} conflicts"
        )

    def _shown(self) -> pd.DataFrame:
        return self.by("province")


def count_addresses(*sources: Any, countries: Sequence[str] = tuple(REGIONS)) -> AddressCount:
    """Count the addresses in the union of delegated files and national lists.

    Parameters
    ----------
    sources : results of `read_delegated` and `read_allocations`, or lists of `Range`, in any order. countries : regions to count.

    Returns
    -------
    AddressCount.

    Examples
    --------
    >>> from surveysim.registry import Range, count_addresses
    >>> whole = Range(4, 0x0A000000, 0x0A0003FF, "delegated", 1, country="CN")
    >>> part = Range(4, 0x0A000100, 0x0A0001FF, "list", 2, national=True, province="440000", holder="A")
    >>> count = count_addresses([whole], [part])
    >>> count.by("province")[["province", "ipv4"]].to_dict("split")["data"]
    [['440000', 256], ['unknown', 768]]
    """
    countries = (countries,) if isinstance(countries, str) else tuple(countries)
    for code in countries:
        if not (len(code) == 2 and code.isascii() and code.isupper()):
            raise DataError(f"countries: {code!r} is no country code; give two capital letters, such as CN.")
    ranges = [r for source in sources for r in getattr(source, "ranges", source)]
    pieces, conflicts, repeated = [], Counter(), {4: 0, 6: 0}
    for version in (4, 6):
        for first, last, covering in _cut([r for r in ranges if r.version == version]):
            if not any(r.national or r.country in countries for r in covering):
                continue
            judged, disputes = _judge(covering)
            for dispute in disputes:
                conflicts[dispute] += last - first + 1
            if judged is None or judged[0] not in countries:
                continue
            repeated[version] += (sum(r.held for r in covering) - 1) * (last - first + 1)
            pieces.append(Piece(version, first, last, *judged))
    found = [Conflict(kept, other, about, addresses) for (kept, other, about), addresses in conflicts.items()]
    found.sort(key=lambda c: (-c.addresses, *_rank(c.kept), *_rank(c.other)))
    return AddressCount(tuple(pieces), tuple(found), repeated, countries)


def _cut(ranges):
    """(first, last, ranges that cover it, the deciding one first) of every piece between neighbouring ends."""
    starting = defaultdict(list)
    for r in ranges:
        starting[r.first].append(r)
    covering = []
    for low, high in pairwise(sorted({end for r in ranges for end in (r.first, r.last + 1)})):
        kept = [r for r in covering if r.last >= low]
        covering = sorted(kept + starting[low], key=_rank) if low in starting else kept
        if covering:
            yield low, high - 1, covering


def _rank(r):
    return (r.size, not r.national, r.path, r.line, r.first, r.country, r.province, r.holder, r.operator, r.held)


def _judge(covering: list[Range]) -> tuple[tuple[str, str, str, str] | None, Any]:
    """(region, province, holder, operator) of a piece, None if nobody holds it, and its disputes (kept, other, about)."""
    held = [r for r in covering if r.held]
    if not held:
        return None, []
    named, said = _named(held)
    placed = next((r for r in held if r.country), held[0])
    disputes = [(held[0], r, ("status",)) for r in covering if not r.held]
    for r in held:
        about = tuple(name for name in SAID if getattr(r, name) not in ("", said[name]))
        disputes += [(named, r, about)] if about else []
        abroad = r.national and not r.country and placed.country not in ("", *REGIONS)
        disputes += [(placed, r, ("country",))] if abroad or r.country not in ("", placed.country) else []
    region = placed.country or (HOME if any(r.national for r in held) else UNKNOWN)
    province = said["province"] or REGIONS.get(region) or UNKNOWN
    return (region, province, said["holder"] or UNKNOWN, said["operator"] or UNKNOWN), disputes


def _named(held):
    """The range that decides on holder, province and operator, and what is said: its own words, filled in by those that agree."""
    said: dict[str, str] = dict.fromkeys(SAID, "")
    deciding = held[0]
    for r in held:
        words = {name: getattr(r, name) for name in SAID if getattr(r, name)}
        if words and not any(said.values()):
            deciding = r
        if all(said[name] in ("", word) for name, word in words.items()):
            said |= words
    return deciding, said


def _place(level, tally):
    """Where a level stands in a table: regions in the report's order, the largest first, unknown last."""
    regions = list(REGIONS)
    return (level == UNKNOWN, regions.index(level) if level in regions else 9, -tally.ipv4, -tally.ipv6, level)


def _said(r, name):
    return ("held" if r.held else "free") if name == "status" else getattr(r, name) or UNKNOWN


def compare_operators(count: AddressCount, holdings: "Sequence[Holding]") -> tuple[Discrepancy, ...]:
    """What operators report against what the registries' sources give them; every discrepancy, the largest of each kind first.

    Parameters
    ----------
    count : AddressCount. holdings : from `read_operators`. Names are compared as they are written, small and capital letters alike.

    Returns
    -------
    tuple of Discrepancy: IPv4 in addresses, IPv6 in /32 blocks; operators of the registries that report nothing are among them,
    addresses whose operator is unknown are not.
    """
    found = {}
    for name, tally in count.tallies("operator").items():
        if name != UNKNOWN:  # one operator may be spelt in several ways
            first, so_far = found.get(name.casefold(), (name, Tally()))
            found[name.casefold()] = first, so_far + tally
    stated = {h.operator.casefold(): h for h in holdings}
    path = holdings[0].path if holdings else "operators"
    listed = []
    for key in stated.keys() | found.keys():
        name, tally = found.get(key, ("", Tally()))
        for kind, counted, unit in (("ipv4", tally.ipv4, "addresses"), ("ipv6", tally.blocks, "/32 blocks")):
            said = getattr(stated.get(key), kind, None)
            if (said or 0) != counted:
                label = f"{stated[key].operator if key in stated else name}, {kind}"
                shown = "nothing" if said is None else said
                listed.append(Discrepancy(path, label, shown, counted, (said or 0) - counted, unit))
    return tuple(sorted(listed, key=lambda d: (d.unit != "addresses", -abs(d.difference), d.item)))
