"""What single arguments have to be: one guard for each kind of value, one typed error with the value and the remedy.

True is no number and "3" none either; infinite numbers are refused unless a guard says otherwise. Each guard gives the value back, as
Python's own type.
"""

import math
from numbers import Integral, Real

import numpy as np

from .errors import DataError

LARGEST = 2**63 - 1  # whole numbers that fit into arrays
SIGHT = 60  # characters of a wrong value that a message shows


def sight(value):
    """A wrong value as messages show it: its repr on one line, cut where it is long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= SIGHT else f"{text[:SIGHT]} …"


def is_number(value):
    """Whether a value is one real number: no truth value, no text, no array."""
    return isinstance(value, Real | np.number) and not isinstance(value, bool | np.bool_ | np.complexfloating)


def whole_number(value, what, least=0, most=LARGEST, *, error=DataError, remedy=""):
    """A whole number from `least` to `most`."""
    good = isinstance(value, Integral) and not isinstance(value, bool | np.bool_)
    if not good or not least <= value <= most:
        bounds = f"from {least:,} to {most:,}" if most < LARGEST else f"{least:,} or larger"
        if good and value > most == LARGEST:
            bounds += f", at most {LARGEST:,}"
        raise error(f"{what} = {sight(value)}: give a whole number, {bounds}.{_more(remedy)}")
    return int(value)


def number(value, what, low=-math.inf, high=math.inf, *, open_=False, infinite=False, error=DataError, remedy=""):
    """A number from `low` to `high`; `open_` without these two ends, `infinite` may be infinite."""
    good = is_number(value) and not math.isnan(value) and (infinite or math.isfinite(value))
    if not good or not (low < value < high if open_ else low <= value <= high):
        ends = (low > -math.inf, high < math.inf)
        words = {
            (True, True): f" between {low:g} and {high:g}" if open_ else f" from {low:g} to {high:g}",
            (True, False): f" above {low:g}" if open_ else f", {low:g} or larger",
            (False, True): f" below {high:g}" if open_ else f", {high:g} or smaller",
            (False, False): "",
        }[ends]
        raise error(f"{what} = {sight(value)}: give a number{words}{' or inf' if infinite else ''}.{_more(remedy)}")
    return float(value)


def share(value, what, *, error=DataError, remedy=""):
    """A share between 0 and 1, without the ends."""
    return number(value, what, 0.0, 1.0, open_=True, error=error, remedy=remedy)


def level(value, *, error=DataError):
    """A confidence level."""
    return share(value, "level", error=error, remedy="A confidence level of 95 % is level=0.95.")


def degrees(df, *, error=DataError):
    """Degrees of freedom, above 0; None is the design's own."""
    return None if df is None else number(df, "df", 0.0, open_=True, infinite=True, error=error)


def seed_of(value, what="seed", *, error=DataError):
    """A seed of random numbers."""
    return whole_number(value, what, error=error)


def choice(value, what, choices, *, error=DataError, remedy=""):
    """One of some words (or None, where that is among them)."""
    if not any(value is known or (isinstance(value, str) and value == known) for known in choices):
        words = ", ".join(repr(known) if not isinstance(known, str) else known for known in choices)
        raise error(f"{what} = {sight(value)}: choose one of {words}.{_more(remedy)}")
    return value


def flag(value, what, *, error=DataError):
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise error(f"{what} = {sight(value)}: give True or False.")
    return bool(value)


def number_array(values, what, *, shape=None, error=DataError, remedy=""):
    """Numbers as float64 of one dimension (or of `shape`); text, truth values of objects and missing ones are refused."""
    try:
        array = np.asarray(values)
        good = array.dtype.kind in "iuf" or (
            array.dtype.kind == "O" and all(is_number(value) for value in array.ravel())
        )
        array = array.astype(np.float64) if good else None
    except (TypeError, ValueError, OverflowError):
        array = None
    if array is None or (array.ndim != 1 if shape is None else array.shape != shape):
        wanted = "numbers, one after another" if shape is None else f"numbers of shape {shape}"
        raise error(f"{what} = {sight(values)}: give {wanted}.{_more(remedy)}")
    bad = ~np.isfinite(array)
    if bad.any():
        at = int(np.argmax(bad))
        raise error(
            f"{what}: {int(bad.sum())} of {array.size} numbers are missing or infinite, the first is {array.ravel()[at]!s} at place "
            f"{at}.{_more(remedy)}"
        )
    return array


def _more(remedy):
    return f" {remedy}" if remedy else ""
