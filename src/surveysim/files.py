"""Survey files: CSV, Parquet, SPSS (.sav, .zsav), Stata (.dta) and Excel (.xlsx), read with their labels and written back with them.

What a file holds is kept as it is (codes, labels, user-missing values, formats, leading zeros), so that writing back adds columns
and changes nothing else. Levels are compared as text: 1, 1.0 and "1" are one level, and so is the label of 1 where a file has one.
"""

import csv
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from .display import guarded_table
from .errors import DataError

KINDS = (".csv", ".parquet", ".sav", ".zsav", ".dta", ".xlsx")
MISSING = ("", "NA")  # in CSV files
TOTALS = ("total", "percent", "share")


@dataclass(frozen=True)
class DataFile:
    """A table read from a file, and what is needed to write it back.

    Attributes
    ----------
    path : Path it came from. columns : names, in order. labels : {column: label}. levels : {column: {code as text: label}}.
    raw : the table as the file has it (a pandas DataFrame, or an Arrow table for CSV and Parquet). meta : pyreadstat's metadata.
    """

    path: Path
    columns: tuple
    raw: object = field(repr=False)
    labels: dict = field(default_factory=dict, repr=False)
    levels: dict = field(default_factory=dict, repr=False)
    meta: object = field(default=None, repr=False)

    def __len__(self):
        return len(self.raw)

    def _values(self, name):
        if name not in self.columns:
            import difflib

            near = difflib.get_close_matches(str(name), self.columns, 1)
            raise DataError(
                f"{self.path}: there is no column {name!r}{f'; did you mean {near[0]!r}?' if near else '.'} Columns: "
                f"{', '.join(self.columns[:12])}{' …' if len(self.columns) > 12 else ''}."
            )
        if isinstance(self.raw, pd.DataFrame):
            return self.raw[name]
        return self.raw.column(name).to_pandas()

    def text(self, name):
        """Values of a column as text (n,), None where missing or user-missing: the levels as margins and domains name them."""
        values, missing = self._values(name), self.missing(name)
        distinct, first = pd.factorize(values.astype(object).where(~missing, None))[::-1]
        spelt = np.array([_spelt(v) for v in distinct] + [None], dtype=object)
        return pd.Series(spelt[first], dtype=object)

    def named(self, name, levels):
        """The same by labels, where `levels` (those somebody asks for) are labels of the file and not codes of it."""
        codes, known = self.text(name), self.levels.get(name, {})
        wanted, labels = set(levels), set(known.values())
        if not known or wanted & set(known) or not wanted & labels:
            return codes
        if len(labels) < len(known):
            twice = next(v for v in known.values() if list(known.values()).count(v) > 1)
            raise DataError(f"{self.path}: {name!r} has the label {twice!r} twice; name its levels by their codes.")
        return codes.map(lambda v: known.get(v, v), na_action="ignore")

    def numbers(self, name):
        """Values of a column as float64 (n,), NaN where missing or user-missing; text that is no number is refused."""
        values, missing = self._values(name), self.missing(name)
        values = values.astype(object).where(~missing, None)
        found = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
        wrong = np.isnan(found) & ~missing.to_numpy()
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(
                f"{self.path}: {name!r} is not numeric in {int(wrong.sum())} of {len(found)} rows; the first is {values.iloc[row]!r} "
                f"in data row {row + 1}. Give a numeric column, or use --proportion for categories."
            )
        return found

    def is_numeric(self, name):
        """Whether every value of a column that is there is a number, and none has a label or a leading zero."""
        if name in self.levels:
            return False
        values, missing = self._values(name), self.missing(name)
        shown = values[~missing]
        if pd.api.types.is_bool_dtype(values.dtype):
            return False
        if pd.api.types.is_numeric_dtype(values.dtype):
            return True
        text = shown.astype(str)
        zeros = text.str.match(r"[+-]?0\d").any()
        return bool(len(text)) and not zeros and bool(pd.to_numeric(text, errors="coerce").notna().all())

    def missing(self, name):
        """Whether a value is missing (n,): empty, NaN, or user-missing in SPSS and Stata files."""
        values = self._values(name)
        found = values.isna()
        if self.path.suffix.lower() == ".csv":
            found |= values.isin(MISSING)
        for given in (getattr(self.meta, "missing_ranges", None) or {}).get(name, []):
            if isinstance(given, dict) and not isinstance(given["lo"], str):
                found |= values.between(given["lo"], given["hi"])
            else:
                found |= values == (given["lo"] if isinstance(given, dict) else given)
        user = (getattr(self.meta, "missing_user_values", None) or {}).get(name, [])
        return found | values.isin(list(user))

    def write(self, path, added):
        """Write the table with further columns, in the kind that `path` ends with; the file is there whole or not at all.

        added : {column: (values (n,), label)}; a column the file has already is refused.
        """
        path = Path(path)
        twice = [name for name in added if name in self.columns]
        if twice:
            raise DataError(f"{self.path}: there is a column {twice[0]!r} already; give the new one another name.")
        _kind(path)
        if path.exists() and self.path.exists() and path.samefile(self.path):
            raise DataError(f"{path}: is the file that was read; give another, so that nothing is lost.")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".writing-{os.getpid()}-{path.name}")
        try:
            _WRITERS[path.suffix.lower()](self, part, added)
            os.replace(part, path)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
        return path


def read(path, sheet=None, encoding="utf-8-sig"):
    """Read a survey file.

    Parameters
    ----------
    path : a .csv, .parquet, .sav, .zsav, .dta or .xlsx file. sheet : of an Excel file, the first unless given. encoding : of a CSV file.

    Returns
    -------
    DataFile.

    Raises
    ------
    DataError : no such file, another kind of file, a file that cannot be read, two columns of one name, no rows.
    """
    path = Path(path)
    kind = _kind(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file.")
    try:
        found = _READERS[kind](path, sheet, encoding)
    except DataError:
        raise
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: is not {encoding} ({error.reason} at byte {error.start}); give its encoding, such as gb18030."
        ) from None
    except ImportError as error:
        raise DataError(
            f"{path}: reading {kind} needs the package {error.name}: pip install surveysim-dualframe[files]."
        ) from None
    except Exception as error:  # every reader has errors of its own
        raise DataError(f"{path}: cannot be read as {kind}: {error}") from None
    if len(found) == 0:
        raise DataError(f"{path}: the table has no rows.")
    return found


def read_margins(path, by=None, sheet=None, encoding="utf-8-sig"):
    """Control totals from a file with the columns variable, level and one of total, percent or share.

    A crossed margin has names and levels joined by "*": variable sex*age, level female*60+. With `by` there is a column of that name.

    Returns
    -------
    (table with variable, level, total and the `by` column, for `rake`; "totals" or "shares").
    """
    file = read(path, sheet, encoding)
    given = [name for name in TOTALS if name in file.columns]
    absent = [name for name in ("variable", "level", *([by] if by else [])) if name not in file.columns]
    if absent or len(given) != 1:
        what = (
            f"has no column {absent[0]!r}" if absent else f"has {' and '.join(given) or 'none'} of {', '.join(TOTALS)}"
        )
        raise DataError(
            f"{path}: {what}; a margins file has the columns variable, level, {by + ', ' if by else ''}and one of {', '.join(TOTALS)}."
        )
    table = pd.DataFrame({name: file.text(name) for name in ("variable", "level", *([by] if by else []))})
    empty = table.isna().any(axis=1)
    if empty.any():
        raise DataError(f"{path}: data row {int(np.argmax(empty)) + 1} has an empty cell; fill it in.")
    table["total"] = file.numbers(given[0])
    for row in np.flatnonzero(table["variable"].str.contains("*", regex=False)):
        variable, level = (tuple(part.strip() for part in table.at[row, c].split("*")) for c in ("variable", "level"))
        if len(variable) != len(level):
            raise DataError(
                f"{path}: data row {row + 1} crosses {len(variable)} variables, but its level {table.at[row, 'level']!r} has "
                f"{len(level)} parts; join them by *."
            )
        table.at[row, "variable"], table.at[row, "level"] = variable, level
    return table, "totals" if given[0] == "total" else "shares"


def write_table(table, path):
    """Write a pandas table as .csv, .parquet or .xlsx, whole or not at all."""
    columns = tuple(map(str, table.columns))
    return DataFile(Path("."), columns, table).write(path, {})


def _kind(path):
    if path.suffix.lower() not in KINDS:
        raise DataError(f"{path}: the name ends in {path.suffix or 'nothing'!r}; give one of {', '.join(KINDS)}.")
    return path.suffix.lower()


def _spelt(value):
    """A level as text; whole numbers without a decimal point."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    text = str(value)
    whole = text.rstrip("0")
    return whole[:-1] if whole.endswith(".") and whole[:-1].lstrip("-").isdigit() else text


def _checked(path, names):
    names = [str(name) for name in names]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise DataError(f"{path}: {names.count(twice[0])} columns are called {twice[0]!r}; keep one.")
    return tuple(names)


def _read_csv(path, sheet, encoding):
    """Every cell as the text it is: leading zeros stay, and what is written back is what was there."""
    import pyarrow as pa
    from pyarrow import csv as reader

    with path.open(encoding=encoding, newline="") as lines:
        head = next(csv.reader(lines), [])
    if not head:
        raise DataError(f"{path}: the file is empty.")
    names = _checked(path, head)
    options = reader.ConvertOptions(column_types={name: pa.string() for name in names}, strings_can_be_null=False)
    how = "utf-8" if encoding == "utf-8-sig" else encoding
    table = reader.read_csv(
        path,
        reader.ReadOptions(encoding=how, column_names=list(names), skip_rows_after_names=1),
        reader.ParseOptions(newlines_in_values=True),
        options,
    )
    return DataFile(path, names, table)


def _read_parquet(path, sheet, encoding):
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path).read()
    return DataFile(path, _checked(path, table.column_names), table)


def _read_labelled(path, sheet, encoding):
    import pyreadstat

    read_one = pyreadstat.read_dta if path.suffix.lower() == ".dta" else pyreadstat.read_sav
    raw, meta = read_one(str(path), user_missing=True, disable_datetime_conversion=True)
    labels = {name: label for name, label in meta.column_names_to_labels.items() if label}
    levels = {
        name: {_spelt(code): label for code, label in known.items()}
        for name, known in meta.variable_value_labels.items()
    }
    return DataFile(path, _checked(path, meta.column_names), raw, labels, levels, meta)


def _read_excel(path, sheet, encoding):
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    if sheet is not None and sheet not in book.sheetnames:
        raise DataError(f"{path}: there is no sheet {sheet!r}; there are {', '.join(map(repr, book.sheetnames))}.")
    rows = (book[sheet] if sheet is not None else book.worksheets[0]).iter_rows(values_only=True)
    head = next(rows, ())
    unnamed = [k for k, name in enumerate(head) if name is None]
    body = [row for row in rows if any(v is not None for v in row)]
    if unnamed and any(row[k] is not None for row in body for k in unnamed):
        raise DataError(f"{path}: column {unnamed[0] + 1} has values and no name in the first row; name it.")
    kept = [k for k in range(len(head)) if k not in unnamed]
    names = _checked(path, [head[k] for k in kept])
    raw = pd.DataFrame({name: pd.Series([row[k] for row in body]) for name, k in zip(names, kept)}, columns=list(names))
    return DataFile(path, names, raw)


def _frame(file, added, kind):
    """The table as pandas, with the further columns. In another kind of file dates are dates, and user-missing values missing."""
    raw = file.raw if isinstance(file.raw, pd.DataFrame) else file.raw.to_pandas()
    if file.meta is not None and not _same_labels(file, kind):
        raw = _dated(file.path)
        raw = raw.assign(**{name: raw[name].mask(file.missing(name)) for name in raw.columns})
    return raw.assign(**{name: values for name, (values, _) in added.items()})


def _same_labels(file, kind):
    """Whether a file of this kind keeps formats and user-missing values of the one that was read."""
    return (
        file.meta is not None
        and (kind == ".dta") == (file.path.suffix.lower() == ".dta")
        and kind in (".sav", ".zsav", ".dta")
    )


def _dated(path):
    """A labelled file with its dates as dates."""
    import pyreadstat

    return (pyreadstat.read_dta if path.suffix.lower() == ".dta" else pyreadstat.read_sav)(
        str(path), user_missing=True
    )[0]


def _write_csv(file, path, added):
    """Cells of a CSV file as they were. From other kinds, text that a spreadsheet would run as a formula gets an apostrophe in front."""
    table = _frame(file, added, ".csv")
    if file.path.suffix.lower() != ".csv":
        table = guarded_table(table)
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _write_parquet(file, path, added):
    import pyarrow as pa
    import pyarrow.parquet as pq

    if isinstance(file.raw, pd.DataFrame):
        table = pa.Table.from_pandas(_frame(file, added, ".parquet"), preserve_index=False)
    else:
        table = file.raw
        for name, (values, _) in added.items():
            table = table.append_column(name, pa.array(values))
    pq.write_table(table, path)


def _write_labelled(file, path, added):
    import pyreadstat

    kind, meta = path.suffix.lower(), file.meta
    stata, same = kind == ".dta", _same_labels(file, kind)
    table = _frame(file, added, kind)
    options = {
        "column_labels": file.labels | {name: label for name, (_, label) in added.items()},
        "variable_value_labels": dict(meta.variable_value_labels) if meta is not None else {},
    }
    if meta is not None and meta.file_label:
        options["file_label"] = meta.file_label
    if same:
        options["variable_format"] = dict(meta.original_variable_types)
    if stata:
        if same and meta.missing_user_values:
            options["missing_user_values"] = meta.missing_user_values
        pyreadstat.write_dta(table, str(path), **options)
        return
    if same:
        options |= {
            "missing_ranges": meta.missing_ranges,
            "variable_measure": dict(meta.variable_measure),
            "variable_display_width": dict(meta.variable_display_width),
            "note": list(meta.notes) or None,
        }
        options["variable_measure"] |= dict.fromkeys(added, "scale")
    pyreadstat.write_sav(table, str(path), compress=kind == ".zsav", **options)


def _write_excel(file, path, added):
    """Values only, on one sheet; text stays text, whatever it begins with."""
    import xlsxwriter  # noqa: F401 - pandas calls it

    options = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
    with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs=options) as book:
        _frame(file, added, ".xlsx").to_excel(book, index=False)


_READERS = {
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".sav": _read_labelled,
    ".zsav": _read_labelled,
    ".dta": _read_labelled,
    ".xlsx": _read_excel,
}
_WRITERS = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".sav": _write_labelled,
    ".zsav": _write_labelled,
    ".dta": _write_labelled,
    ".xlsx": _write_excel,
}
