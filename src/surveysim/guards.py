"""What single arguments have to be: one guard for each kind of value, one typed error with the value and the remedy.

True is no number and "3" none either; infinite numbers are refused unless a guard says otherwise. Each guard gives the value back, as
Python's own type.
"""

import math
import os
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

import numpy as np

from .aliases import Floats, Truths
from .errors import DataError, SurveysimError

Given = TypeVar("Given")
LARGEST = 2**63 - 1  # whole numbers that fit into arrays
SMALLEST = np.finfo(float).tiny  # probability whose inverse a float still holds
SIGHT = 60  # characters of a wrong value that a message shows
TRUTH = {bool, np.bool_}
NUMBERS = (float, int, np.number, Real)  # those that are asked about most first: Real takes its time
NO_NUMBERS = (bool, np.bool_, np.complexfloating)
WHOLE = (int, np.integer, Integral)


def refuse(bad: object, message: str, error: type[SurveysimError] = DataError, **told: object) -> None:
    """Raise where any of `bad` (n,) holds, such as rows of a table.

    The message has {bad} for how many there are, {n} for of how many, {row} for the first of them, and the names of what is told besides:
    arrays (n,) stand for their value in that row.
    """
    bad = np.asarray(bad)
    if not bad.any():
        return
    row = int(np.argmax(bad))
    told = {name: v[row : row + 1].tolist()[0] if isinstance(v, np.ndarray) else v for name, v in told.items()}
    raise error(message.format(bad=int(bad.sum()), n=bad.size, row=row, **told))


def sight(value: object) -> str:
    """A wrong value as messages show it: its repr on one line, cut where it is long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= SIGHT else f"{text[:SIGHT]} …"


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is one real number: no truth value, no text, no array."""
    return isinstance(value, NUMBERS) and not isinstance(value, NO_NUMBERS)


def is_held(value: object) -> TypeGuard[float]:
    """Whether a value is one real number, infinite ones too, that a float can hold."""
    try:
        return is_number(value) and float(value) is not None
    except OverflowError:  # a whole number with hundreds of digits
        return False


def is_finite(value: object) -> TypeGuard[float]:
    """Whether a value is one real number that a float can hold."""
    return is_held(value) and math.isfinite(float(value))


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is one whole number."""
    return isinstance(value, WHOLE) and not isinstance(value, NO_NUMBERS)


def whole_number(
    value: object,
    what: str,
    least: int = 0,
    most: int = LARGEST,
    *,
    error: type[SurveysimError] = DataError,
    remedy: str = "",
) -> int:
    """A whole number from `least` to `most`."""
    good = is_whole(value)
    if not good or not least <= value <= most:
        bounds = f"from {least:,} to {most:,}" if most < LARGEST else f"{least:,} or larger"
        if good and value > most == LARGEST:
            bounds += f", at most {LARGEST:,}"
        raise error(f"{what} = {sight(value)}: give a whole number, {bounds}.{_more(remedy)}")
    return int(value)


def number(
    value: object,
    what: str,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    open_: bool = False,
    infinite: bool = False,
    error: type[SurveysimError] = DataError,
    remedy: str = "",
) -> float:
    """A number from `low` to `high`; `open_` without these two ends, `infinite` may be infinite."""
    one = value if is_number(value) else math.nan
    good = is_finite(one) or (infinite and one in (math.inf, -math.inf))
    at = float(one) if good else math.nan  # small floats cannot be compared with large bounds
    if not low <= at <= high or (open_ and at in {low, high} - {math.inf, -math.inf}):
        ends = (low > -math.inf, high < math.inf)
        words = {
            (True, True): f" between {low:g} and {high:g}" if open_ else f" from {low:g} to {high:g}",
            (True, False): f" above {low:g}" if open_ else f", {low:g} or larger",
            (False, True): f" below {high:g}" if open_ else f", {high:g} or smaller",
            (False, False): "",
        }[ends]
        raise error(f"{what} = {sight(value)}: give a number{words}{' or inf' if infinite else ''}.{_more(remedy)}")
    return at


def share(value: object, what: str, *, error: type[SurveysimError] = DataError, remedy: str = "") -> float:
    """A share between 0 and 1, without the ends."""
    return number(value, what, 0.0, 1.0, open_=True, error=error, remedy=remedy)


def level(value: object, *, error: type[SurveysimError] = DataError) -> float:
    """A confidence level."""
    if not is_finite(value) or not 0 < value < 1:
        raise error(f"level = {sight(value)}: give a confidence level between 0 and 1, such as 0.95.")
    return float(value)


def degrees(df: object, *, error: type[SurveysimError] = DataError) -> float | None:
    """Degrees of freedom, above 0; None is the design's own."""
    if df is not None and not (is_number(df) and df > 0):
        raise error(f"df = {sight(df)}: give positive degrees of freedom, or inf.")
    return None if df is None else number(df, "df", infinite=True, error=error)


def seed_of(value: object, what: str = "seed", *, error: type[SurveysimError] = DataError) -> int:
    """A seed of random numbers."""
    return whole_number(value, what, error=error)


def choice(
    value: Given, what: str, choices: Iterable[object], *, error: type[SurveysimError] = DataError, remedy: str = ""
) -> Given:
    """One of some words (or None, where that is among them)."""
    if not any(value is known or (isinstance(value, str) and value == known) for known in choices):
        words = ", ".join(repr(known) if not isinstance(known, str) else known for known in choices)
        raise error(f"{what} = {sight(value)}: choose one of {words}.{_more(remedy)}")
    return value


def path(value: object, what: str, *, error: type[SurveysimError] = DataError) -> Path:
    """A path, from text that is not empty or from a path object."""
    if not isinstance(value, str | os.PathLike) or "\0" in str(value) or not str(value):
        raise error(f"{what} = {sight(value)}: give a path.")
    return Path(value)


def mapping(value: object, what: str, *, error: type[SurveysimError] = DataError, remedy: str = "") -> dict[Any, Any]:
    """A mapping; None is an empty one."""
    if value is not None and not isinstance(value, Mapping):
        raise error(f"{what} = {sight(value)}: give a dict.{_more(remedy)}")
    return {} if value is None else dict(value)


def words(values: Any, what: str, *, error: type[SurveysimError] = DataError) -> list[str] | None:
    """Names, from one text or several in a list; None stays None."""
    if values is None:
        return None
    try:
        given = [values] if isinstance(values, str) else list(values)
    except TypeError:  # nothing that has parts
        given = [values]
    if not all(isinstance(word, str) for word in given):
        raise error(f"{what} = {sight(values)}: give a name, or a list of names.")
    return given


def function(value: Given, what: str, *, error: type[SurveysimError] = DataError) -> Given:
    """Something to call, or None."""
    if value is not None and not callable(value):
        raise error(f"{what} = {sight(value)}: give a function, or None.")
    return value


def workers(value: object, *, error: type[SurveysimError] = DataError) -> int | None:
    """How many work at a time; None is one per core."""
    return None if value is None else whole_number(value, "workers", 1, error=error, remedy="None is one per core.")


def not_probabilities(values: Floats) -> Truths:
    """Which of some numbers (n,) are no probabilities that weights can be one over: not above 0, above 1, missing."""
    return ~((values >= SMALLEST) & (values <= 1))


def pair(
    value: object, what: str, *, holes: bool = False, error: type[SurveysimError] = DataError, remedy: str = ""
) -> tuple[Any, Any]:
    """Two numbers, a lower and an upper one; with `holes` either may be None."""
    given = (
        list(value) if isinstance(value, tuple | list) or (isinstance(value, np.ndarray) and value.ndim == 1) else []
    )
    if len(given) != 2 or not all(is_held(v) or (holes and v is None) for v in given):
        raise error(
            f"{what} = {sight(value)}: give a pair of numbers{', or None for either' if holes else ''}.{_more(remedy)}"
        )
    low, high = (v if v is None else float(v) for v in given)
    return low, high


def is_text(value: object, text: str) -> bool:
    """Whether a value is this text, whatever else it may be; arrays cannot be asked with ==."""
    return isinstance(value, str) and value == text


def flag(value: object, what: str, *, error: type[SurveysimError] = DataError) -> bool:
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise error(f"{what} = {sight(value)}: give True or False.")
    return bool(value)


def as_numbers(values: object, what: str, *, error: type[SurveysimError] = DataError, remedy: str = "") -> Floats:
    """Numbers of any shape as float64, missing and infinite ones among them; text, truth values and objects are refused."""
    try:
        if isinstance(values, list | tuple) and not TRUTH.isdisjoint(map(type, values)):
            raise TypeError  # among numbers it would become one
        array = np.asarray(values)
        good = array.dtype.kind in "iuf" or (array.dtype.kind == "O" and all(map(is_number, array.ravel())))
        array = array.astype(np.float64) if good else None
    except (TypeError, ValueError, OverflowError):
        array = None
    if array is None:
        raise error(f"{what} = {sight(values)}: give numbers.{_more(remedy)}")
    return array


def number_array(
    values: object,
    what: str,
    *,
    shape: tuple[int, ...] | None = None,
    error: type[SurveysimError] = DataError,
    remedy: str = "",
) -> Floats:
    """Numbers as float64 of one dimension (or of `shape`); text, truth values of objects and missing ones are refused."""
    array = as_numbers(values, what, error=error, remedy=remedy)
    if array.ndim != 1 if shape is None else array.shape != shape:
        wanted = "numbers, one after another" if shape is None else f"numbers of shape {shape}"
        raise error(f"{what} = {sight(values)}: give {wanted}.{_more(remedy)}")
    message = "{what}: {bad} of {n} numbers are missing or infinite, the first is {first!s} at place {row}.{more}"
    refuse(~np.isfinite(array), message, error, what=what, first=array.ravel(), more=_more(remedy))
    return array


def decimals(text: str) -> int:
    """Decimals of a number in a text; 0 where it is none."""
    try:
        exponent = Decimal(text).as_tuple().exponent
    except InvalidOperation:
        return 0
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def rounding(numbers: int, digits: int) -> float:
    """How far the sum of so many numbers may be off because they are printed with so many decimals: half a unit of the last for each."""
    return numbers * 0.5 * 10.0**-digits


def rounded(total: float, whole: float, numbers: int, digits: int) -> bool:
    """Whether numbers that sum to `whole` may sum to `total` as they are printed.

    Above by all that rounding allows, since halves are rounded up, and below by less than that.
    """
    if whole == 1 and digits == 0:  # ones and zeros are no shares
        return False
    allowed = rounding(numbers, digits)
    return -allowed * (1 - 1e-9) < total - whole <= allowed * (1 + 1e-9)


def _more(remedy: str) -> str:
    return f" {remedy}" if remedy else ""
