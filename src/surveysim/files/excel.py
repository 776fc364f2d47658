"""Excel files: every row and column of a sheet, whatever the file says of its size."""

import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ..errors import DataError, SurveysimWarning
from . import header
from .data_file import DataFile

# A workbook is a zip file; a few kilobytes of it can unpack to more than fits in memory.
LARGEST = 4 << 30  # bytes of one member
SUSPECT, RATIO = (
    64 << 20,
    150,
)  # a larger member is refused where it packs more than so many times; sheets pack 3 to 30 times
ESCAPED = re.compile(r"_x(000[0-8BCEF]|000D|001[0-9A-F]|005F)_")


def read_excel(
    path: Path,
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int | None = None,
    expect: Collection[str] = (),
) -> DataFile:
    """One sheet of an Excel file; see `files.read`."""
    with zipfile.ZipFile(path) as book:
        _refuse_bombs(path, book)
    with _Book(path) as book:
        cells = [s.name for s in book.sheets]
        if sheet is not None and sheet not in cells:
            what = "it is a chart" if sheet in book.charts else "none of that name"
            raise DataError(
                f"{path}: there is no sheet {sheet!r} with cells ({what}); there are {', '.join(map(repr, cells)) or 'none'}."
            )
        if not cells:
            raise DataError(f"{path}: there is no sheet with cells{', only charts' if book.charts else ''}.")
        shown = [s for s in book.sheets if s.state == "visible"] or book.sheets
        one = next(s for s in book.sheets if s.name == sheet) if sheet is not None else shown[0]
        found = _Sheet(path, book, one)
    found.fill_merged()
    return _data_file(
        path, found, (one.name, *(n for n in (*cells, *book.charts) if n != one.name)), header_row, expect
    )


def _data_file(path, found, sheets, header_row, expect):
    rows = found.rows
    at = header.names_at(path, rows[: max(header.LOOKED_AT, header_row or 0)], header_row, expect)
    head = list(rows[at])
    body = [row for row in rows[at + 1 :] if any(v is not None for v in row)]
    width = max(map(len, (head, *body)))
    head += [None] * (width - len(head))
    body = [row + [None] * (width - len(row)) for row in body]
    used = {k for row in body for k, value in enumerate(row) if value is not None}
    _refuse_unnamed(path, found, head, used, at)
    kept = [k for k, name in enumerate(head) if name is not None]
    names = header.refuse_doubled(path, [head[k] for k in kept])
    more, labels = header.more_headers(path, names, [[row[k] for k in kept] for row in body[: header.SAMPLED]])
    body = body[more:]
    found.say(at)
    raw = pd.DataFrame(
        {n: _column([row[k] for row in body]) for n, k in zip(names, kept, strict=True)}, columns=list(names)
    )
    return DataFile(path, names, raw, labels, sheets=sheets)


def _column(values):
    """Cells as a Series; whole numbers stay whole where some are empty."""
    whole = {type(value) for value in values} == {int, type(None)}
    return pd.Series(values, dtype="Int64" if whole and max(abs(v) for v in values if v is not None) < 2**63 else None)


def _refuse_unnamed(path, found, head, used, at):
    """Refuse columns that have values and no name, or a name that is one cell with another's."""
    wide = [m for m in found.merged if m[0] <= at <= m[2] and m[3] > m[1] and used & set(range(m[1] + 1, m[3] + 1))]
    unnamed = [k for k in sorted(used) if head[k] is None]
    if not unnamed:
        return
    better = header.better_row(found.rows[: header.LOOKED_AT], at)
    remedy = f" {header.offered(found.rows, better)}" if better is not None else " Give every column a name of its own."
    if wide:
        ref, text = _ref(wide[0]), head[wide[0][1]]
        raise DataError(
            f"{path}: the name {text!r} in row {at + 1} of the file is one cell over several columns ({ref}).{remedy}"
        )
    raise DataError(f"{path}: column {unnamed[0] + 1} has values and no name in row {at + 1} of the file.{remedy}")


class _Sheet:
    """The cells of a sheet: `rows` (lists of values, as long as they need be) and `merged` (first row, column, last row, column)."""

    def __init__(self, path, book, sheet):
        self.path, self.rows, self.errors, self.filled = path, [], {}, []
        with book.archive.open(sheet.target) as source, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # dates out of range become errors, which are said below
            parser = _parser(source, book)
            for number, cells in parser.parse():
                self._add(number - 1, cells)
        found = parser.merged_cells.mergeCell if parser.merged_cells else ()
        self.merged = sorted((m.min_row - 1, m.min_col - 1, m.max_row - 1, m.max_col - 1) for m in found)

    def _add(self, at, cells):
        """A row at its place; one that comes late, or twice, goes to the end, so that nothing is lost."""
        values = {c["column"] - 1: _plain(c["value"]) for c in cells if c["value"] is not None and c["value"] != ""}
        if not values:
            return
        while len(self.rows) < at:
            self.rows.append([])
        row = [None] * (max(values) + 1)
        for k, value in values.items():
            row[k] = value
        for cell in cells:
            if cell["data_type"] == "e" and cell["value"] is not None:
                self.errors.setdefault(cell["column"] - 1, []).append((len(self.rows), cell["value"]))
                row[cell["column"] - 1] = None
        self.rows.append(row)

    def fill_merged(self):
        """Give every row of a block that goes over several rows the value that is seen there, in the first of its columns."""
        for top, left, bottom, right in self.merged:
            if bottom == top or top >= len(self.rows) or left >= len(self.rows[top]):
                continue
            value = self.rows[top][left]
            if value is None:
                continue
            for row in self.rows[top + 1 : bottom + 1]:
                row += [None] * (left + 1 - len(row))
                row[left] = value if row[left] is None else row[left]
            self.filled.append((top, left, bottom, right))

    def say(self, at):
        """What was made of cells below the names that are no plain values."""
        below = [m for m in self.filled if m[2] > at and m[0] != at]
        if below:
            more = f" and {len(below) - 3} more" if below[3:] else ""
            self._warn(f"merged cells hold their value in each of their rows ({', '.join(map(_ref, below[:3]))}{more})")
        wrong = {k: [v for row, v in found if row > at] for k, found in self.errors.items()}
        wrong = {k: v for k, v in wrong.items() if v}
        if wrong:
            count, kinds = sum(map(len, wrong.values())), Counter(v for found in wrong.values() for v in found)
            where = ", ".join(_letters(k) for k in list(wrong)[:5])
            self._warn(f"{count} cells of column {where} are errors ({', '.join(kinds)}) and count as empty")

    def _warn(self, text):
        warnings.warn(f"{self.path}: {text}.", SurveysimWarning, stacklevel=7)


def _plain(value):
    """Text with the control characters that the format writes as _x000D_ (ISO/IEC 29500-1, 22.9.2.19); other values as they are."""
    return (
        ESCAPED.sub(lambda found: chr(int(found[1], 16)), value) if isinstance(value, str) and "_x" in value else value
    )


class _Book:
    """A workbook whose sheets are not yet read: `sheets` (name, state, target), names of `charts`, and what cells refer to."""

    def __init__(self, path):
        from openpyxl.reader.excel import ExcelReader
        from openpyxl.styles.stylesheet import apply_stylesheet

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of styles and extensions, which are not read
            reader = ExcelReader(path, read_only=True, data_only=True, keep_links=False)
            self.archive = reader.archive
            reader.read_manifest()
            reader.read_strings()
            reader.read_workbook()
            apply_stylesheet(reader.archive, reader.wb)
        self.strings, self.styles = reader.shared_strings, reader.wb
        self.sheets, self.charts = [], []
        for sheet, where in reader.parser.find_sheets():
            if "chartsheet" in where.Type:
                self.charts.append(sheet.name)
            elif where.target in reader.valid_files:
                self.sheets.append(_Place(sheet.name, str(sheet.state), where.target))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.archive.close()


class _Place(NamedTuple):
    """Where a sheet is in the file."""

    name: str
    state: str
    target: str


def _parser(source, book):
    """openpyxl's parser of cells and merged cells, which looks at nothing else, the size of the sheet among it."""
    from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

    class Parser(WorkSheetParser):
        def parse_cell(self, element: Any) -> dict[str, Any]:
            cell = super().parse_cell(element)
            if cell["value"] is None and element.find(FORMULA_TAG) is not None:
                cell |= {"data_type": "e", "value": "formulas that were saved without their values"}
            return cell

        def _ignored(self, *_: object, **__: object):
            pass

        parse_extensions = parse_formatting = parse_sheet_protection = parse_legacy = parse_custom_views = _ignored
        parse_row_breaks = parse_col_breaks = parse_column_dimensions = _ignored

    return Parser(
        source,
        book.strings,
        data_only=True,
        epoch=book.styles.epoch,
        date_formats=book.styles._date_formats,
        timedelta_formats=book.styles._timedelta_formats,
    )


def _refuse_bombs(path, book):
    for member in book.infolist():
        times = member.file_size / max(member.compress_size, 1)
        if member.file_size > LARGEST or (member.file_size > SUSPECT and times > RATIO):
            raise DataError(
                f"{path}: its part {member.filename!r} would unpack to {member.file_size / 2**20:,.0f} MB, {times:,.0f} times its size. "
                "If it is no attack, save the sheet as CSV."
            )


def _letters(k):
    from openpyxl.utils import get_column_letter

    return get_column_letter(k + 1)


def _ref(block):
    top, left, bottom, right = block
    return f"{_letters(left)}{top + 1}:{_letters(right)}{bottom + 1}"
