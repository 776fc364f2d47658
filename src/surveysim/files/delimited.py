"""CSV files: their separator, their header, and their cells as the text they are."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..on_demand import Later
from . import header
from .data_file import DataFile

csv, pa = Later(None, "pyarrow.csv"), Later(None, "pyarrow")

# Where two separators fit alike, the one that texts and decimals seldom have.
DELIMITERS = ("\t", "|", ";", ",")
SAMPLE, LONGEST = 1 << 16, 1 << 26  # characters that are looked at: usually, and where records are long
BLOCKS = (1 << 20, 1 << 26, (1 << 31) - 2)  # bytes read at a time; a record must fit in


def read_csv(
    path: Path,
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int | None = None,
    expect: Collection[str] = (),
) -> DataFile:
    """A CSV file; see `files.read`."""
    encoding = encoding or "utf-8-sig"
    delimiter, rows, first = _opening(path, encoding, header_row)
    at = header.names_at(path, rows, header_row if header_row is not None else first, expect)
    names = header.refuse_doubled(path, rows[at])
    _refuse_width(path, rows, at)
    table = _parsed(path, encoding, delimiter, names, at + 1)
    _refuse_unclosed(path, encoding, table)
    more, labels = header.more_headers(path, names, rows[at + 1 : at + 1 + header.SAMPLED])
    return DataFile(path, names, table.slice(more), labels, delimiter=delimiter, encoding=encoding)


def _refuse_width(path, rows, at):
    """Refuse a first row with fewer names than the rows below have cells, where one of them holds the names."""
    usual = Counter(len(row) for row in rows[at + 1 :] if row != [""]).most_common(1)
    if usual and usual[0][0] > len(rows[at]):
        better = header.better_row(rows, at)
        if better is not None:
            raise DataError(
                f"{path}: row {at + 1} of the file has {len(rows[at])} names, and the rows below have {usual[0][0]} cells. "
                f"{header.offered(rows, better)}"
            )


def _refuse_unclosed(path, encoding, table):
    """Refuse a quote that opens in the last cell and never closes: all rows below it would be in that cell."""
    if not table.num_rows or not table.num_columns:
        return
    cell = table.column(table.num_columns - 1)[table.num_rows - 1].as_py() or ""
    nothing, quote = "".encode(encoding), '"'
    unclosed = (quote + cell.replace(quote, quote * 2)).encode(encoding)[len(nothing) :]
    closed = (quote * 2).encode(encoding)[len(nothing) :]
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - len(unclosed) - len(closed), 0))
        end = file.read()
    if end.endswith(unclosed) and (cell or not end.endswith(closed)):
        raise DataError(
            f"{path}: the quote that opens the last cell of data row {table.num_rows} is never closed, so that the rest of the file is one "
            f"cell. Close it, or write it twice where it is text."
        )


def _opening(path, encoding, header_row):
    """(separator, first records, row of the names that the file itself tells or None)."""
    wanted = max(header.LOOKED_AT, (header_row or 0) + 20) + header.SAMPLED
    size = SAMPLE
    while True:
        with path.open(encoding=encoding, newline="") as file:
            text = file.read(size)
            ended = not file.read(1)
        if text.startswith("sep=") and text[5:6] in ("\r", "\n"):
            return text[4], list(records(text, text[4], wanted, ended)), 2 if header_row is None else header_row
        ways = {sign: list(records(text, sign, wanted, ended)) for sign in DELIMITERS}
        best = max(DELIMITERS, key=lambda sign: _fit(ways[sign]))
        if ended or size >= LONGEST or len(ways[best]) > max(4, header_row or 0):
            return (best if _fit(ways[best]) else ","), ways[best if _fit(ways[best]) else ","], None
        size *= 16


def _fit(rows):
    """The share of records that have as many cells as most of them, more than one."""
    counts = Counter(len(row) for row in rows if row != [""])
    several = [times for cells, times in counts.items() if cells > 1]
    return max(several) / counts.total() if several else 0.0


def records(text: str, delimiter: str, most: int, ended: bool = True) -> Iterator[list[str]]:
    """The first records of a text as lists of cells; separators and line breaks inside quotes are text. One that is cut off is left out."""
    sign = re.escape(delimiter)
    cell = re.compile(rf'(?:"((?:[^"]|"")*)"([^{sign}\r\n]*)|([^{sign}\r\n]*))({sign}|\r\n|\r|\n|\Z)')
    at, row, count = 0, [], 0
    while count < most and (found := cell.match(text, at)):
        if at >= len(text) and not row:
            return
        quoted, rest, plain, end = found.groups()
        if end == "" and not ended:
            return
        row.append(plain if quoted is None else quoted.replace('""', '"') + rest)
        at = found.end()
        if end != delimiter:
            yield row
            row, count = [], count + 1
            if end == "":
                return


def _parsed(path: Path, encoding: str, delimiter: str, names: Sequence[str], skipped: int) -> Any:
    """An Arrow table of text. Of a file with one column empty lines are rows."""
    convert = csv.ConvertOptions(column_types={name: pa.string() for name in names}, strings_can_be_null=False)
    parse = csv.ParseOptions(newlines_in_values=True, delimiter=delimiter, ignore_empty_lines=len(names) > 1)
    for block in BLOCKS:
        how = csv.ReadOptions(
            encoding="utf-8" if encoding == "utf-8-sig" else encoding,
            column_names=list(names),
            skip_rows_after_names=skipped,
            block_size=block,
        )
        try:
            return csv.read_csv(path, how, parse, convert)
        except pa.ArrowInvalid as error:
            if "UTF8" in str(error):
                column = re.search(r"column #(\d+)", str(error))
                where = f" in column {names[int(column[1])]!r}" if column else ""
                raise DataError(f"{path}: is not utf-8{where}; give its encoding, such as gb18030 or cp1252.") from None
            if "straddling" not in str(error) or block == BLOCKS[-1]:
                raise
    return None
