"""What single arguments have to be: one guard for each kind of value, one typed error with the value and the remedy.

True is no number and "3" none either; infinite numbers are refused unless a guard says otherwise. Each guard gives the value back, as
Python's own type.
"""

import math
import os
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from numbers import Integral, Real
from pathlib import Path

import numpy as np

from .errors import DataError, SurveysimError

LARGEST = 2**63 - 1  # whole numbers that fit into arrays
SMALLEST = np.finfo(float).tiny  # probability whose inverse a float still holds
SIGHT = 60  # characters of a wrong value that a message shows
TRUTH = {bool, np.bool_}
NUMBERS = (float, int, np.number, Real)  # those that are asked about most first: Real takes its time
NO_NUMBERS = (bool, np.bool_, np.complexfloating)
WHOLE = (int, np.integer, Integral)


def refuse(bad, message: str, error: type[SurveysimError] = DataError, **told: object) -> None:
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


def sight(value):
    """A wrong value as messages show it: its repr on one line, cut where it is long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= SIGHT else f"{text[:SIGHT]} …"


def is_number(value):
    """Whether a value is one real number: no truth value, no text, no array."""
    return isinstance(value, NUMBERS) and not isinstance(value, NO_NUMBERS)


def is_held(value):
    """Whether a value is one real number, infinite ones too, that a float can hold."""
    try:
        return is_number(value) and float(value) is not None
    except OverflowError:  # a whole number with hundreds of digits
        return False


def is_finite(value):
    """Whether a value is one real number that a float can hold."""
    return is_held(value) and math.isfinite(float(value))


def whole_number(value, what, least=0, most=LARGEST, *, error=DataError, remedy=""):
    """A whole number from `least` to `most`."""
    good = isinstance(value, WHOLE) and not isinstance(value, NO_NUMBERS)
    if not good or not least <= value <= most:
        bounds = f"from {least:,} to {most:,}" if most < LARGEST else f"{least:,} or larger"
        if good and value > most == LARGEST:
            bounds += f", at most {LARGEST:,}"
        raise error(f"{what} = {sight(value)}: give a whole number, {bounds}.{_more(remedy)}")
    return int(value)


def number(value, what, low=-math.inf, high=math.inf, *, open_=False, infinite=False, error=DataError, remedy=""):
    """A number from `low` to `high`; `open_` without these two ends, `infinite` may be infinite."""
    good = is_finite(value) or (infinite and is_number(value) and value in (math.inf, -math.inf))
    at = float(value) if good else math.nan  # small floats cannot be compared with large bounds
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


def share(value, what, *, error=DataError, remedy=""):
    """A share between 0 and 1, without the ends."""
    return number(value, what, 0.0, 1.0, open_=True, error=error, remedy=remedy)


def level(value, *, error=DataError):
    """A confidence level."""
    if not is_finite(value) or not 0 < value < 1:
        raise error(f"level = {sight(value)}: give a confidence level between 0 and 1, such as 0.95.")
    return float(value)


def degrees(df, *, error=DataError):
    """Degrees of freedom, above 0; None is the design's own."""
    if df is not None and not (is_number(df) and df > 0):
        raise error(f"df = {sight(df)}: give positive degrees of freedom, or inf.")
    return None if df is None else number(df, "df", infinite=True, error=error)


def seed_of(value, what="seed", *, error=DataError):
    """A seed of random numbers."""
    return whole_number(value, what, error=error)


def choice(value, what, choices, *, error=DataError, remedy=""):
    """One of some words (or None, where that is among them)."""
    if not any(value is known or (isinstance(value, str) and value == known) for known in choices):
        words = ", ".join(repr(known) if not isinstance(known, str) else known for known in choices)
        raise error(f"{what} = {sight(value)}: choose one of {words}.{_more(remedy)}")
    return value


def path(value, what, *, error=DataError):
    """A path, from text that is not empty or from a path object."""
    if not isinstance(value, str | os.PathLike) or "\0" in str(value) or not str(value):
        raise error(f"{what} = {sight(value)}: give a path.")
    return Path(value)


def mapping(value, what, *, error=DataError, remedy=""):
    """A mapping; None is an empty one."""
    if value is not None and not isinstance(value, Mapping):
        raise error(f"{what} = {sight(value)}: give a dict.{_more(remedy)}")
    return {} if value is None else dict(value)


def words(values, what, *, error=DataError):
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


def function(value, what, *, error=DataError):
    """Something to call, or None."""
    if value is not None and not callable(value):
        raise error(f"{what} = {sight(value)}: give a function, or None.")
    return value


def workers(value, *, error=DataError):
    """How many work at a time; None is one per core."""
    return None if value is None else whole_number(value, "workers", 1, error=error, remedy="None is one per core.")


def not_probabilities(values):
    """Which of some numbers (n,) are no probabilities that weights can be one over: not above 0, above 1, missing."""
    return ~((values >= SMALLEST) & (values <= 1))


def pair(value, what, *, holes=False, error=DataError, remedy=""):
    """Two numbers, a lower and an upper one; with `holes` either may be None."""
    given = (
        list(value) if isinstance(value, tuple | list) or (isinstance(value, np.ndarray) and value.ndim == 1) else []
    )
    if len(given) != 2 or not all(is_held(v) or (holes and v is None) for v in given):
        raise error(
            f"{what} = {sight(value)}: give a pair of numbers{', or None for either' if holes else ''}.{_more(remedy)}"
        )
    return tuple(v if v is None else float(v) for v in given)


def is_text(value, text):
    """Whether a value is this text, whatever else it may be; arrays cannot be asked with ==."""
    return isinstance(value, str) and value == text


def flag(value, what, *, error=DataError):
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise error(f"{what} = {sight(value)}: give True or False.")
    return bool(value)


def as_numbers(values, what, *, error=DataError, remedy=""):
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


def number_array(values, what, *, shape=None, error=DataError, remedy=""):
    """Numbers as float64 of one dimension (or of `shape`); text, truth values of objects and missing ones are refused."""
    array = as_numbers(values, what, error=error, remedy=remedy)
    if array.ndim != 1 if shape is None else array.shape != shape:
        wanted = "numbers, one after another" if shape is None else f"numbers of shape {shape}"
        raise error(f"{what} = {sight(values)}: give {wanted}.{_more(remedy)}")
    message = "{what}: {bad} of {n} numbers are missing or infinite, the first is {first!s} at place {row}.{more}"
    refuse(~np.isfinite(array), message, error, what=what, first=array.ravel(), more=_more(remedy))
    return array


def decimals(text):
    """Decimals of a number in a text; 0 where it is none."""
    try:
        exponent = Decimal(text).as_tuple().exponent
    except InvalidOperation:
        return 0
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def rounding(numbers, digits):
    """How far the sum of so many numbers may be off because they are printed with so many decimals: half a unit of the last for each."""
    return numbers * 0.5 * 10.0**-digits


def rounded(total, whole, numbers, digits):
    """Whether numbers that sum to `whole` may sum to `total` as they are printed.

    Above by all that rounding allows, since halves are rounded up, and below by less than that.
    """
    if whole == 1 and digits == 0:  # ones and zeros are no shares
        return False
    allowed = rounding(numbers, digits)
    return -allowed * (1 - 1e-9) < total - whole <= allowed * (1 + 1e-9)


def _more(remedy):
    return f" {remedy}" if remedy else ""
