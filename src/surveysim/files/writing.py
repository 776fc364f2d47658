"""Writing each kind of file: the cells of a `DataFile` as they were, with further columns."""

import codecs
import csv
import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..display import guarded, guarded_table, quoting_of
from ..errors import DataError
from ..on_demand import Later
from .conversion import Converted, losses
from .kinds import LABELLED, TEXT, same_labels

pa, pq, pa_csv = Later(None, "pyarrow"), Later(None, "pyarrow.parquet"), Later(None, "pyarrow.csv")

if TYPE_CHECKING:
    from .data_file import DataFile

ROWS, COLUMNS = 1_048_576, 16_384  # of an Excel sheet
SHOWN = {
    dt.datetime: "yyyy-mm-dd hh:mm:ss",
    dt.date: "yyyy-mm-dd",
    dt.time: "hh:mm:ss",
    dt.timedelta: "[h]:mm:ss",
}  # a datetime is a date too, so it comes first
# Longest name, its form, and words that are no names.
SPSS_NAMES = (64, re.compile(r"[^\W\d_@][\w.@#$]*|@[\w.@#$]*"), "ALL AND BY EQ GE GT LE LT NE NOT OR TO WITH")
STATA_NAMES = (
    32,
    re.compile(r"[^\W\d]\w*"),
    "_all _b byte _coef _cons double float if in int long _n _N _pi _pred _rc _skip strL using with",
)
LONG = 2_147_483_620  # the largest whole number of a Stata file


def refuse_names(path: Path, file: "DataFile", added: Iterable[str]) -> None:
    """Refuse names that the kind of file cannot have: of new columns, and of all where it is another kind than was read."""
    kind = path.suffix.lower()
    if any(not name.strip() for name in added):
        raise DataError(f"{path}: the new column needs a name.")
    if kind not in LABELLED:
        return
    there = () if same_labels(file, kind) else file.columns
    longest, form, reserved = STATA_NAMES if kind == ".dta" else SPSS_NAMES
    small = Counter(name.lower() for name in (*file.columns, *added))
    wrong = [
        name
        for name in (*there, *added)
        if small[name.lower()] > 1
        or len(name if kind == ".dta" else name.encode()) > longest
        or not form.fullmatch(name)
        or (name if kind == ".dta" else name.upper()) in reserved.split()
    ]
    if wrong:
        shown = ", ".join(repr(name[:80]) for name in wrong[:5]) + (f" and {len(wrong) - 5} more" if wrong[5:] else "")
        size = f"{longest} characters" if kind == ".dta" else f"{longest} bytes"
        raise DataError(
            f"{path}: {shown} cannot be a variable's name there: letters, digits and _, {size} at most, a letter first, no word that "
            f"{'Stata' if kind == '.dta' else 'SPSS'} keeps for itself, and no other variable of that name in small or capital letters. "
            "Rename it, or write .csv, .parquet or .xlsx."
        )


def _as_it_was(file, kind):
    """The table as it was read, for a file of the same kind; None for another kind, which may not hold everything."""
    own = file.path.suffix.lower()
    if {own, kind} <= set(TEXT):
        return file.raw.to_pandas()
    if own != kind and not same_labels(file, kind):
        return None
    return file.raw if kind in LABELLED else None


def _with(table, added):
    """A table with further columns, in one piece, however many there are."""
    columns = {name: table[name] for name in table.columns}
    more = {name: pd.Series(np.asarray(values), index=table.index) for name, (values, _) in added.items()}
    return pd.DataFrame(columns | more, index=table.index)


def _converted(file, kind, added):
    """(the table as this kind of file holds it, with the further columns; the `Converted`)."""
    made = Converted(file, kind)
    return _with(made.table, added), made


def _write_csv(file, path, added):
    """Cells of a CSV file as they were. From other kinds, text that a spreadsheet would run as a formula gets an apostrophe in front."""
    kind = path.suffix.lower()
    sign = "\t" if kind == ".tsv" else file.delimiter if file.path.suffix.lower() == ".csv" else ","
    added = dict(zip(guarded(added), added.values(), strict=True))
    if {file.path.suffix.lower(), kind} <= set(TEXT) and _written_bare(file, path, added, sign):
        return _said(file, kind, None)
    table, made = _as_it_was(file, kind), None
    if table is None:
        table, made = _converted(file, kind, {})
        table = guarded_table(table)
    table = _with(table, added)
    table.to_csv(path, index=False, lineterminator="\n", encoding=_unicode(file), sep=sign, quoting=quoting_of(table))
    return _said(file, kind, made)


def _written_bare(file, path, added, sign):
    """Write the cells of a text file and numbers beside them where none of them needs quotes, by Arrow, in a tenth of the time that pandas
    takes; False where one does, or may."""
    table, names = file.raw, [*file.columns, *added]
    values = [np.asarray(v) for v, _ in added.values()]
    plain = all(pa.types.is_string(kind) for kind in table.schema.types) and all(v.dtype == np.float64 for v in values)
    if not plain or len(names) < 2:
        return False
    for name, column in zip(added, values, strict=True):
        table = table.append_column(name, pa.array(["" if v != v else repr(v) for v in column.tolist()]))
    options = pa_csv.WriteOptions(include_header=False, delimiter=sign, quoting_style="none")
    with path.open("w", encoding=_unicode(file), newline="") as head:
        csv.writer(head, delimiter=sign, lineterminator="\n").writerow(names)
    try:
        with path.open("ab") as rest:
            pa_csv.write_csv(table, rest, options)
    except pa.ArrowInvalid:  # a cell has a quote, a delimiter or a line's end
        return False
    return not any("\r" in name for name in names)


def _unicode(file):
    """UTF-8, with the mark at its beginning where a CSV file had it, by which Excel knows it."""
    if file.path.suffix.lower() not in TEXT or not file.path.is_file():
        return "utf-8"
    with file.path.open("rb") as source:
        return "utf-8-sig" if source.read(3) == codecs.BOM_UTF8 else "utf-8"


def _write_parquet(file, path, added):
    made, own = None, file.path.suffix.lower()
    if own == ".parquet":
        table = file.raw
        for name, (values, _) in added.items():
            table = table.append_column(name, pa.array(values))
    elif own:
        frame, made = _converted(file, ".parquet", added)
        table = pa.Table.from_pandas(frame, preserve_index=False)
    else:  # a table of ours
        table = pa.Table.from_pandas(_with(file.raw, added), preserve_index=False)
    pq.write_table(table, path)
    return _said(file, ".parquet", made)


def _write_labelled(file, path, added):
    import pyreadstat

    kind, meta = path.suffix.lower(), file.meta
    stata, same, made = kind == ".dta", same_labels(file, kind), None
    options = {"column_labels": file.labels | {name: label for name, (_, label) in added.items()}}
    if same:
        table = _with(_narrowed(file.raw) if stata else file.raw, added)
        options["variable_format"] = dict(meta.original_variable_types)
        options["variable_value_labels"] = dict(meta.variable_value_labels)
    else:
        table, made = _converted(file, kind, added)
        options["variable_format"] = {name: form for name, form in made.formats.items() if form}
        options["variable_value_labels"] = made.value_labels()
    if getattr(meta, "file_label", None):
        options["file_label"] = meta.file_label
    table: Any  # pyreadstat knows no pandas
    if stata:
        if same and meta.missing_user_values:
            options["missing_user_values"] = meta.missing_user_values
        pyreadstat.write_dta(table, str(path), **options)
    else:
        if same:
            options |= {
                "missing_ranges": meta.missing_ranges,
                "variable_measure": dict(meta.variable_measure) | dict.fromkeys(added, "scale"),
                "variable_display_width": dict(meta.variable_display_width),
                "note": list(meta.notes) or None,
            }
            table = _as_wide(table, meta.original_variable_types)
        pyreadstat.write_sav(table, str(path), compress=kind == ".zsav", **options)
    return _said(file, kind, made)


def _as_wide(table, formats):
    """Text of a width (A40) as wide as it was: the writer makes a variable as wide as its longest value, blanks at the end do not count."""
    wide = {}
    for name, form in formats.items():
        if re.fullmatch(r"A\d+", form) and len(table):
            first = table[name].iloc[0] if isinstance(table[name].iloc[0], str) else ""  # SPSS has no missing text
            padded = first + " " * (int(form[1:]) - len(first.encode()))
            wide[name] = pd.Series([padded, *table[name].iloc[1:]], table.index)
    return table.assign(**wide) if wide else table


def _narrowed(raw):
    """Whole numbers of a Stata file as whole numbers, where they fit."""
    whole = {
        name: raw[name].astype("int32")
        for name in raw.columns
        if raw[name].dtype == "int64" and raw[name].abs().max() <= LONG
    }
    return pd.DataFrame({name: whole.get(name, raw[name]) for name in raw.columns}, index=raw.index)


def _write_excel(file, path, added):
    """Values only, on one sheet; text stays text, whatever it begins with."""
    import xlsxwriter

    table, made = _converted(file, ".xlsx", added)
    if len(table) >= ROWS or table.shape[1] > COLUMNS:
        raise DataError(
            f"a sheet has {ROWS:,} rows and {COLUMNS:,} columns at most; the table has {len(table):,} and {table.shape[1]:,}."
        )
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        forms = {kind: book.add_format({"num_format": text}) for kind, text in SHOWN.items()}
        for column, name in enumerate(table.columns):
            sheet.write_string(0, column, str(name))
            for row, value in enumerate(table[name].tolist(), 1):
                _write_cell(sheet, row, column, value, forms)
    return _said(file, ".xlsx", made)


class _Number(float):
    """A number that is written with all its digits."""

    def __format__(self, form):
        return repr(float(self))


def _write_cell(sheet, row, column, value, forms):
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return
    if isinstance(value, str):
        sheet.write_string(row, column, value)
    elif isinstance(value, bool | np.bool_):
        sheet.write_boolean(row, column, bool(value))
    elif isinstance(value, int | np.integer):
        sheet.write_number(row, column, int(value))
    elif isinstance(value, float | np.floating):
        sheet.write_number(row, column, _Number(value))
    else:
        kind = next(kind for kind in SHOWN if isinstance(value, kind))
        sheet.write_datetime(row, column, value, forms[kind])


def _said(file, kind, made):
    """What is not in the new file as it was, in words."""
    return [*losses(file, kind), *(made.said() if made is not None else ())]


WRITERS = {
    ".csv": _write_csv,
    ".tsv": _write_csv,
    ".parquet": _write_parquet,
    ".sav": _write_labelled,
    ".zsav": _write_labelled,
    ".dta": _write_labelled,
    ".xlsx": _write_excel,
}
