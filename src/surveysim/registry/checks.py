"""What the report's registry tables print against what follows from their own rows, and one table against another."""

from .notation import from_notation
from .ranges import Discrepancy
from .tables import derived, identities, indicator, layouts, number, published_rows, published_values, totals_of


def discrepancies(*, lang: str = "en") -> tuple[Discrepancy, ...]:
    """Where the report's registry tables disagree with themselves: notations, totals, shares, ratios, and one table with another.

    Returns
    -------
    tuple of Discrepancy; `stated` is what the report prints, `found` what follows from its own rows.
    """
    return (*_slips(lang), *_contradictions(lang))


def _slips(lang):
    """What a published row prints and what its own counts, or the rows above a total, give."""
    for table, layout in layouts().items():
        if "rows" in layout:
            values = published_values()
            for row in (row for row in layout["rows"] if row.keys() >= {"id", "ratio"}):
                yield from _compared(table, row[lang][0], values[row["id"]], indicator(row, values))
            continue
        rows, last = published_rows(table, lang)
        totals = totals_of(layout, rows)
        for row in rows:
            yield from _row_slips(table, row, derived(layout, row, totals), lang)
        if last is not None:
            yield from _row_slips(table, last, derived(layout, last | totals, totals), lang)


def _row_slips(table, printed, computed, lang):
    for column in layouts()[table]["columns"]:
        name = column["name"]
        item = f"{printed['label']}, {column[lang]}"
        if "notation" in column:
            size = from_notation(printed[name]) - printed[column["notation"]]
            if size:  # other writings of the same number are none
                yield Discrepancy(table, item, printed[name], computed[name], size, "addresses")
            continue
        parts = [sum(printed[part] for part in column["sum"])] if "sum" in column else []
        for found in (computed[name], *parts):
            yield from _compared(table, item, printed[name], found)


def _contradictions(lang):
    """What one table states and another gives."""
    for stated, given in identities():
        item = f"{stated[1]} against {given[0]} {given[2]}"
        yield from _compared(stated[0], item, _published_value(*stated), _published_value(*given))


def _published_value(table, row, column):
    """A published number; the sum of the rows, or of all, where several are meant."""
    if "rows" in layouts()[table]:
        return published_values()[row]
    wanted = [row] if isinstance(row, str) else row
    rows = published_rows(table, "en")[0]
    return sum(r[column] for r in rows if row == "" or r["label"] in wanted)


def _compared(table, item, stated, found):
    found = round(found, 6)
    if stated != found:
        yield Discrepancy(table, item, number(stated), number(found), number(round(stated - found, 6)))
