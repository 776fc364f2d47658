"""Columns with contents that make no sense, in every role a column can have."""

from .hostile import GIVEN, SET_UP, attack, smaller, tables_of  # noqa: F401 - what a family has

AXES = (("role", tuple(GIVEN["roles"])), ("contents", tuple(GIVEN["columns"])))
PACE = 100
NAMED = (
    "inf",
    "minus inf",
    "one nan",
    "all nan",
    "None",
    "text",
    "number text",
    "negative",
    "dates",
    "complex",
    "lists",
    "mixed",
    "bytes",
)


def make(rng, cell):
    """A table with the column, and the call that reads it."""
    del rng
    role, contents = cell
    column = f"data['bad'] = other['bad'] = {GIVEN['columns'][contents]}"
    set_up = [*SET_UP[:6], column, *SET_UP[6:]]
    named = "bad" if contents in NAMED else None
    return {"family": "odd", "line": GIVEN["roles"][role], "set_up": set_up, "named": named, "kind": cell}
