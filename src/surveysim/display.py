"""How results look in a notebook and in a spreadsheet: escaped, and text as text."""

from html import escape

RISKY = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets take text that begins so for a formula
MOST_ROWS = 60


class Shown:
    """A result that notebooks show as its summary and, where it has one, its table.

    A subclass has `summary()` or a repr of one line, and may have `_shown()`, the table (a pandas DataFrame).
    """

    def _repr_html_(self):
        line = self.summary() if hasattr(self, "summary") else repr(self).strip("<>")
        return html(line, self._shown() if hasattr(self, "_shown") else None)


def html(text, table=None):
    """Lines of text and a table as HTML, everything escaped."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in str(text).splitlines())
    if table is None:
        return lines
    index = table.index.name is not None or any(isinstance(label, str) for label in table.index[:1])
    return lines + table.to_html(index=index, escape=True, max_rows=MOST_ROWS, border=0, na_rep="")


def guarded(values):
    """Text values with an apostrophe before what a spreadsheet would run as a formula; others as they are."""
    return [f"'{v}" if isinstance(v, str) and v.startswith(RISKY) else v for v in values]


def guarded_table(table):
    """A copy of a table with its text, and the names of its columns, guarded."""
    text = table.select_dtypes(include=["object", "string", "category"]).columns
    return table.assign(**{name: guarded(table[name].astype(object)) for name in text}).set_axis(
        guarded(table.columns), axis=1
    )
