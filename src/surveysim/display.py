"""How results look in a notebook and in a spreadsheet: escaped, and text as text."""

import csv
import re
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

# Spreadsheets take text that begins so, also in full width or behind blanks, for a formula, and some read a line break in a cell
# as the end of it. A plain number is none.
_BLANK, _SIGN = r"[^\S\r\n]|[\x00-\x08\x0e-\x1f\u200b-\u200f\u2060\ufeff]", r"[=+\-@＝＋－＠﹦﹢﹣﹫]"
RISKY = re.compile(rf"\A(?=[\t\r\n])|(\A|[\r\n\v\f\x85\u2028\u2029])(?=(?:{_BLANK})*{_SIGN})")
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
MOST_ROWS = 60
WIDEST = 400  # characters of a text of others that a message shows


def short(text: object) -> str:
    """A text as messages show it: its beginning and its end where it is long."""
    text = str(text)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 80]} … {text[-70:]} ({len(text):,} characters)"


class Shown:
    """A result that notebooks show as its summary and, where it has one, its table.

    A subclass has `summary()` or a repr of one line, and may have `_shown()`, the table (a pandas DataFrame).
    """

    def _repr_html_(self) -> str:
        summary, shown = getattr(self, "summary", None), getattr(self, "_shown", None)
        return html(summary() if summary else repr(self).strip("<>"), shown() if shown else None)


def html(text: object, table: "pd.DataFrame | None" = None) -> str:
    """Lines of text and a table as HTML, everything escaped."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in str(text).splitlines())
    if table is None:
        return lines
    index = table.index.name is not None or any(isinstance(label, str) for label in table.index[:1])
    return lines + table.to_html(index=index, escape=True, max_rows=MOST_ROWS, border=0, na_rep="")


def guarded(values: Iterable[Any]) -> list[Any]:
    """Text values with an apostrophe before what a spreadsheet would run as a formula; others as they are."""
    return [_guarded(v) if isinstance(v, str) else v for v in values]


def _guarded(text: str) -> str:
    return text if NUMBER.fullmatch(text) else RISKY.sub(lambda found: f"{found[1] or ''}'", text)


def guarded_table(table: "pd.DataFrame") -> "pd.DataFrame":
    """A copy of a table with its text, and the names of its columns, guarded."""
    text = table.select_dtypes(include=["object", "string", "category"]).columns
    return table.assign(**{name: guarded(table[name].astype(object)) for name in text}).set_axis(
        guarded(table.columns), axis=1
    )


def quoting_of(table: "pd.DataFrame") -> Literal[0, 2]:
    """How the text of a table is quoted in a CSV file: all of it where a carriage return stands in it, which `csv` alone leaves bare."""
    text = table.select_dtypes(include=["object", "string", "category"])
    bare = any(_has_return(text[name]) for name in text)
    bare = bare or any(
        "\r" in str(name) for name in (*table.columns, *(table.index if table.index.dtype == object else ()))
    )
    return csv.QUOTE_NONNUMERIC if bare else csv.QUOTE_MINIMAL


def _has_return(column: "pd.Series") -> bool:
    """Whether a carriage return stands in a column of texts."""
    if hasattr(column, "cat"):
        column = column.cat.categories.to_series()
    if column.dtype != object and hasattr(column, "str"):
        return bool(column.str.contains("\r", regex=False, na=False).any())
    return any(isinstance(v, str) and "\r" in v for v in column.drop_duplicates().tolist())


def csv_text(table: "pd.DataFrame", index: bool = False, number: str | None = "%.10g") -> str:
    """A table as the text of a CSV file that no spreadsheet runs."""
    made = guarded_table(table)
    if index:
        made = made.set_axis(guarded(made.index), axis=0)
        made.index.name = table.index.name
    return made.to_csv(index=index, lineterminator="\n", float_format=number, quoting=quoting_of(made))
