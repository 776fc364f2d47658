"""How a value is spelt as a level."""

import numpy as np


def spelt_as(value):
    """A level as text; whole numbers without a decimal point, and 0 without a sign."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    text = str(value)
    whole = text.rstrip("0")
    if whole.endswith(".") and whole[:-1].lstrip("-").isdigit():
        text = whole[:-1]
    return "0" if text == "-0" else text
