"""How a value is spelt as a level."""

import datetime as dt
from typing import Any

import numpy as np

MISSING = ("", "NA")  # in text files; in others an empty text is missing too


def spelt_as(value: Any) -> str:
    """A level as text; whole numbers without a decimal point, 0 without a sign, days without an hour."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time() and value.tzinfo is None:
        return str(value.date())
    text = str(value)
    whole = text.rstrip("0")
    if whole.endswith(".") and whole[:-1].lstrip("-").isdigit():
        text = whole[:-1]
    return "0" if text == "-0" else text
