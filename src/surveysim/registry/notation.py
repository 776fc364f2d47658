"""Address counts as registries print them: 20A+116B+62C, where A, B and C are 2^24, 2^16 and 2^8 addresses (/8, /16, /24)."""

import re
import unicodedata
from numbers import Integral

from ..errors import DataError

SIZES = {"A": 2**24, "B": 2**16, "C": 2**8}


def to_notation(addresses: int, *, remainder: str = "fail") -> str:
    """A number of IPv4 addresses in A, B and C; parts that are zero are left out.

    Parameters
    ----------
    addresses : int, 0 or more. remainder : what to do with fewer than 256 left over: "fail", or "keep" them as a last term.

    Returns
    -------
    str.

    Raises
    ------
    DataError : no whole number, or a remainder that is not to be kept.

    Examples
    --------
    >>> from surveysim.registry import to_notation
    >>> to_notation(343162368)
    '20A+116B+62C'
    >>> to_notation(16834560), to_notation(1000, remainder="keep")
    ('1A+224C', '3C+232')
    """
    if not isinstance(addresses, Integral) or isinstance(addresses, bool) or addresses < 0:
        raise DataError(f"addresses = {addresses!r}: give a whole number of addresses, 0 or more.")
    parts, left = [], int(addresses)
    for letter, size in SIZES.items():
        number, left = divmod(left, size)
        parts += [f"{number}{letter}"] if number else []
    if left and remainder != "keep":
        raise DataError(
            f"addresses = {addresses}: {left} are left over below 1C = 256; pass remainder='keep' to write +{left}."
        )
    return "+".join(parts + ([str(left)] if left else [])) or "0C"


def from_notation(text: str) -> int:
    """The number of addresses that a notation stands for; full-width characters, spaces and small letters are understood.

    Examples
    --------
    >>> from surveysim.registry import from_notation
    >>> from_notation("20A+116B+62C"), from_notation("２５４Ｂ ＋ 15c"), from_notation("3C+232")
    (343162368, 16649984, 1000)
    >>> from_notation("256B+224C")  # not canonical, but a number
    16834560
    """
    plain = "".join(unicodedata.normalize("NFKC", str(text)).upper().split())
    terms = [re.fullmatch(r"([0-9]{1,18})([ABC]?)", term) for term in plain.split("+")]
    known = [term for term in terms if term]
    places = ["ABC".find(term[2] or "?") % 4 for term in known]  # A 0, B 1, C 2, single addresses 3
    if len(known) < len(terms) or places != sorted(set(places)):
        raise DataError(
            f"{text!r} is no notation of addresses; write 20A+116B+62C, each letter once and in this order."
        )
    return sum(int(term[1]) * SIZES.get(term[2], 1) for term in known)
