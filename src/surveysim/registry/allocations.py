"""A national registry's list of allocations, and what operators report that they hold."""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from ..aliases import Pathname
from ..display import Shown
from .lists import RegistryList
from .notation import from_notation
from .places import holder, province
from .ranges import Range, bounds

if TYPE_CHECKING:
    from .ranges import Problem

COLUMNS = ("start", "end", "prefix", "count", "holder", "province", "operator", "country")


@dataclass(frozen=True)
class AllocationList(Shown):
    """A list of allocations as read.

    Attributes
    ----------
    path : the file. ranges : addresses, as `Range`. problems : lines that could not be read, or not wholly.
    """

    path: str
    ranges: tuple = field(repr=False)
    problems: tuple = ()

    def summary(self) -> str:
        return f"{self.path}: {len(self.ranges):,} allocations, lines with problems {len(self.problems):,}"


@dataclass(frozen=True, slots=True)
class Holding:
    """What an operator reports: IPv4 addresses and IPv6 /32 blocks, None where it reports nothing."""

    path: str
    line: int
    operator: str
    ipv4: int | None
    ipv6: Fraction | None


def read_allocations(path: Pathname, *, strict: bool = False, encoding: str = "utf-8-sig") -> AllocationList:
    """Read a national registry's list of allocations.

    Parameters
    ----------
    path : .csv, .parquet or .xlsx with the columns start (an address, or a CIDR block) and one of end, prefix and count (IPv4 only);
        holder, province, operator and country (ISO code) where known. Without an operator column the holder is the operator.
    strict : raise on the first malformed line instead of collecting it. encoding : of a CSV file.

    Returns
    -------
    AllocationList. A line whose province is not recognised is counted, with its province unknown, and listed.

    Examples
    --------
    >>> from surveysim.registry import read_allocations
    >>> from pathlib import Path
    >>> _ = Path("list.csv").write_text("start,count,holder,province\\n198.51.100.0,256,A,广东省\\n203.0.113.0,x,B,Beijing\\n")
    >>> read = read_allocations("list.csv")
    >>> [(str(r), r.holder, r.province) for r in read.ranges]
    [('198.51.100.0/24', 'A', '440000')]
    >>> [(p.line, p.reason) for p in read.problems]
    [(3, "'x' is no whole number from 0 to 4294967296")]
    """
    source, ranges = RegistryList(path, ("start",), COLUMNS, strict=strict, encoding=encoding), []
    for line, text, cells in source.rows():
        size = {name: cells[name] for name in ("end", "prefix", "count")}
        country = cells["country"].upper()
        try:
            found = bounds(cells["start"], **size)
            if country and not (country.isascii() and country.isalpha() and len(country) == 2):
                raise ValueError(f"the country is {cells['country']!r}, not two letters")
        except ValueError as error:
            source.problem(line, text, str(error))
            continue
        held = {"province": place(source, line, text, cells["province"]), "holder": holder(cells["holder"])}
        held["operator"] = holder(cells["operator"]) if "operator" in source.columns else held["holder"]
        ranges.append(Range(*found, source.path, line, True, True, country, **held))
    return AllocationList(source.path, tuple(ranges), tuple(source.problems))


def place(source: RegistryList, line: int, text: str, name: str) -> str:
    """The adcode of a province named in a list, "" where it is not named or not recognised, which is put on record."""
    try:
        return province(name)
    except ValueError as error:
        source.problem(line, text, f"{error}; counted as unknown", used=True)
        return ""


def read_operators(
    path: Pathname, *, strict: bool = False, encoding: str = "utf-8-sig"
) -> "tuple[tuple[Holding, ...], tuple[Problem, ...]]":
    """Read what operators report: columns operator, ipv4 (a number or 7A+126B+255C) and ipv6 (/32 blocks), either may be empty.

    Returns
    -------
    (tuple of Holding, tuple of Problem).
    """
    known, found = ("operator", "ipv4", "ipv6"), []
    source = RegistryList(path, ("operator",), known, strict=strict, encoding=encoding)
    for line, text, cells in source.rows():
        operator = holder(cells["operator"])
        try:
            if not operator or any(operator.casefold() == other.operator.casefold() for other in found):
                raise ValueError("an operator's name is needed, once")
            ipv4 = from_notation(cells["ipv4"]) if cells["ipv4"] else None
            if not re.fullmatch(r"(\d{1,10}([./]\d{1,30})?)?", cells["ipv6"]):
                raise ValueError(f"the /32 blocks are {cells['ipv6']!r}, no number from 0 to 2^32")
            ipv6 = Fraction(cells["ipv6"]) if cells["ipv6"] else None
        except (ValueError, ZeroDivisionError) as error:
            source.problem(line, text, str(error))
            continue
        found.append(Holding(source.path, line, operator, ipv4, ipv6))
    return tuple(found), tuple(source.problems)
