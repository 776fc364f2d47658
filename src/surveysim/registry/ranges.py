"""Ranges of addresses, and what is said about the lines they come from."""

import ipaddress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..errors import DataError

BITS = {4: 32, 6: 128}
BLOCK = 2**96  # addresses of one IPv6 /32, the report's unit 块/32


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that is not as it should be. `used` says whether what could be read of it was counted.

    Attributes
    ----------
    path : file. line : line number, from 1. text : the line. reason : what is wrong. used : counted all the same.
    """

    path: str
    line: int
    text: str
    reason: str
    used: bool = False

    def __str__(self) -> str:
        return (
            f"{self.path}: line {self.line}: {self.text[:100]!r}: {self.reason}{'' if self.used else '; not counted'}"
        )

    def refuse(self) -> None:
        """Raise it, as reading with strict=True does."""
        raise DataError(
            f"{self.path}: line {self.line}: {self.text[:100]!r}: {self.reason}. Mend the line, or read with strict=False."
        )


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """What somebody states, and what the count gives.

    Attributes
    ----------
    place : file or table. item : row, and column where there are several. stated, found : text or number.
    difference : what is stated minus what is found, in `unit`; None where they cannot be subtracted.
    """

    place: str
    item: str
    stated: object
    found: object
    difference: Any = None
    unit: str = ""

    def __str__(self) -> str:
        size = "" if self.difference is None else f", difference {_shown(self.difference, '+')} {self.unit}".rstrip()
        return f"{self.place}: {self.item}: stated {_shown(self.stated)}, found {_shown(self.found)}{size}"


@dataclass(frozen=True, slots=True)
class Range:
    """Addresses `first` to `last` (integers, both included) and what one line of a registry says about them.

    Attributes
    ----------
    version : 4 or 6. national : from a national registry's list. held : allocated or assigned, not available or reserved.
    country : ISO code. province : adcode. holder, operator : names. All are "" where the line does not say.
    """

    version: int
    first: int
    last: int
    path: str = ""
    line: int = 0
    national: bool = False
    held: bool = True
    country: str = ""
    province: str = ""
    holder: str = ""
    operator: str = ""

    @property
    def size(self) -> int:
        """Number of addresses."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        nets = ipaddress.summarize_address_range(*(address(self.version, n) for n in (self.first, self.last)))
        first, more = next(nets), next(nets, None)
        return str(first) if more is None else f"{first.network_address}-{address(self.version, self.last)}"


def address(version: int, number: int) -> Any:
    """An integer as an IPv4Address or IPv6Address."""
    return (ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address)(number)


def bounds(start: str, *, end: str = "", prefix: str = "", count: str = "") -> tuple[int, int, int]:
    """(version, first, last) of a range given by its start, which may be in CIDR notation, and one of end, prefix and count.

    Examples
    --------
    >>> from surveysim.registry.ranges import bounds
    >>> bounds("192.0.2.0", count="768")  # not a CIDR block
    (4, 3221225984, 3221226751)
    >>> bounds("192.0.2.0/24") == bounds("192.0.2.0", end="192.0.2.255")
    True
    """
    if "/" in start and not (end or prefix or count):
        start, prefix = start.split("/", 1)
    given = [name for name, value in (("end", end), ("prefix", prefix), ("count", count)) if value]
    if len(given) != 1:
        raise ValueError(
            f"the size is given by {' and '.join(given) or 'nothing'}, and needs one of end, prefix, count"
        )
    if "%" in start + end:
        raise ValueError(f"{start} has a scope; addresses that registries give out have none")
    low = ipaddress.ip_address(start)
    if getattr(low, "ipv4_mapped", None) is not None:
        raise ValueError(f"{start} is an IPv4 address written as one of IPv6; write it as IPv4")
    version, first = low.version, int(low)
    if end:
        high = ipaddress.ip_address(end)
        if high.version != version or int(high) < first:
            raise ValueError(f"the end {end} does not follow the start {start}")
        return version, first, int(high)
    size = 2 ** (BITS[version] - whole(prefix, BITS[version])) if prefix else whole(count, 2 ** BITS[version])
    if count and version == 6:
        raise ValueError("IPv6 ranges are given by end or prefix, not by count")
    if not size:
        raise ValueError("the count is 0")
    if prefix and first % size:
        raise ValueError(f"{start} is not the start of a /{prefix}")
    if first + size > 2 ** BITS[version]:
        raise ValueError(f"{size} addresses from {start} go beyond the last address")
    return version, first, first + size - 1


def whole(text: str, most: int) -> int:
    """A whole number from 0 to `most` in ASCII digits."""
    if not (text.isascii() and text.isdigit() and int(text[:40]) <= most):
        raise ValueError(f"{text!r} is no whole number from 0 to {most}")
    return int(text)


def blocks(addresses: int) -> Fraction:
    """IPv6 addresses in the report's unit: /32 blocks, exactly."""
    return Fraction(addresses, BLOCK)


def _shown(value, sign=""):
    if isinstance(value, str):
        return value
    return f"{value:{sign},}" if isinstance(value, int) else f"{float(value):{sign},.10g}"
