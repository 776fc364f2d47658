"""When a number of ours agrees with one that was printed: to the digits that are there, and the Monte Carlo error of both sides."""

import math
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, NamedTuple

import pandas as pd

from ..errors import StudyError

ERRORS = 3.0  # Monte Carlo standard errors that count as chance
ROUNDING = 1e-9  # relative, of a closed form
VERDICTS = ("agrees", "slip", "choice", "undecided", "differs")
COLUMNS = ("what", "theirs", "printed", "ours", "mcse", "allowed", "verdict", "why")


class Ours(NamedTuple):
    """A number of ours.

    value, mcse : with its Monte Carlo standard error, 0 if it has none.
    formula : where nothing was printed, what a formula of the source gives, written out in the script without the library.
    """

    value: float
    mcse: float = 0.0
    formula: float | None = None


def table_of(script: str, name: str) -> pd.DataFrame:
    """A CSV file beside a script, which gives its `__name__`."""
    with (files(script) / name).open(encoding="utf-8") as file:
        return pd.read_csv(file)


def share(hits: int, of: int) -> Ours:
    """A share of repetitions in percent; its error is never 0, so that one of 100 % is not taken for exact."""
    p = hits / of
    q = (hits + 2) / (of + 4)
    return Ours(100 * p, 100 * math.sqrt(q * (1 - q) / of))


def listed(ours: Any) -> list[Any]:
    """What a script returns for one name, a number or several, as a list."""
    return [ours] if isinstance(ours, Ours) or not hasattr(ours, "__len__") else list(ours)


def compared(printed: list[Mapping[str, Any]], found: Mapping[str, Any]) -> pd.DataFrame:
    """Every number with its verdict.

    Parameters
    ----------
    printed : entries of `printed.toml`: what; value (as text, so that its digits are known) or values with parts; error, the standard
        error of theirs; within, an allowance in place of half of the last digit; cut, if digits were cut off, not rounded; slip, why the
        print is wrong; choice, why ours is another number on purpose (both {part: why} where there are parts). "< 95" is a statement.
    found : {what: a number, Ours, or a sequence of them}; what was not printed has a formula.

    Returns
    -------
    DataFrame: what, theirs (number), printed (as text, empty where a formula stands), ours, mcse, allowed, verdict, why.

    Raises
    ------
    StudyError : something was printed and not made, or made and neither printed nor had by a formula.
    """
    rows, left = [], dict(found)
    for entry in printed:
        if entry["what"] not in left:
            raise StudyError(f"{entry['what']!r} was printed, and the script makes none.")
        rows += _entry(entry, left.pop(entry["what"]))
    for what, ours in ((what, one) for what, several in left.items() for one in listed(several)):
        if not isinstance(ours, Ours) or ours.formula is None:
            raise StudyError(f"{what!r} is made, and neither printed nor given by a formula.")
        allowed = ERRORS * ours.mcse + ROUNDING * abs(ours.formula)
        verdict = "agrees" if abs(ours.value - ours.formula) <= allowed else "differs"
        rows.append((what, ours.formula, "", ours.value, ours.mcse, allowed, verdict, ""))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _entry(entry: Mapping[str, Any], ours: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of one entry."""
    texts = entry["values"] if "values" in entry else [entry["value"]]
    given = listed(ours)
    if len(given) != len(texts):
        raise StudyError(f"{entry['what']!r}: {len(texts)} numbers were printed, {len(given)} are made.")
    for part, text, one in zip(entry.get("parts", [""] * len(texts)), texts, given, strict=True):
        one = one if isinstance(one, Ours) else Ours(float(one))
        theirs, allowed, verdict = _judged(text, one, entry)
        kind = next((kind for kind in ("slip", "choice") if part in _reasons(entry, kind)), "")
        why = _reasons(entry, kind).get(part, "")
        if kind and verdict == "agrees":
            raise StudyError(f"{entry['what']!r} agrees after all; take its reason out.")
        verdict = kind or verdict
        yield (
            f"{entry['what']}, {part}" if part else entry["what"],
            theirs,
            text,
            one.value,
            one.mcse,
            allowed,
            verdict,
            why,
        )


def _reasons(entry: Mapping[str, Any], kind: str) -> dict[str, str]:
    """{part: why} of numbers whose difference has a reason; the only number of an entry has the part ""."""
    said = entry.get(kind, {})
    return {"": said} if isinstance(said, str) else said


def _judged(text: str, ours: Ours, entry: Mapping[str, Any]) -> tuple[float, float, str]:
    """(theirs, what is allowed, verdict) of one printed number or statement."""
    number = text.lstrip("<> ").replace(",", "").replace("−", "-")
    theirs, chance = float(number), ERRORS * math.hypot(ours.mcse, entry.get("error", 0.0))
    if text[0] in "<>":
        beyond = (ours.value - theirs) * (1 if text[0] == ">" else -1)
        return theirs, chance, "agrees" if beyond > chance else "undecided" if beyond > -chance else "differs"
    unit = 10.0 ** -len(number.partition(".")[2])
    allowed = entry.get("within", unit if entry.get("cut") else unit / 2) + chance
    gap = ours.value - theirs
    low = -chance if entry.get("cut") else -allowed
    slack = 1e-9 * max(unit, abs(theirs) * 1e-3)  # halves in binary
    return theirs, allowed, "agrees" if low - slack <= gap <= allowed + slack else "differs"
