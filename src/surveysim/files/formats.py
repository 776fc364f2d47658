"""Reading and writing each kind of file."""

import codecs
import re
from pathlib import Path

import pandas as pd

from ..display import guarded, guarded_table
from ..errors import DataError
from .data_file import DataFile, kind_of
from .delimited import read_csv
from .excel import read_excel
from .header import refuse_doubled
from .spelling import spelt_as

LABELLED = (".sav", ".zsav", ".dta")


def read(path, sheet=None, encoding=None, header_row=None, *, expect=()):
    """Read a survey file.

    Parameters
    ----------
    path : a .csv, .parquet, .sav, .zsav, .dta or .xlsx file. sheet : of an Excel file, the first unless given.
    encoding : of a CSV, SPSS or Stata file, such as "gb18030" or "cp1252"; None is UTF-8, or what a labelled file says of itself.
    header_row : of a CSV or Excel file, the row with the names of the columns, from 1; the first that is not empty unless given.
    expect : names that the row of names has, which is looked for by them.

    Returns
    -------
    DataFile.

    Raises
    ------
    DataError : no such file, another kind of file, a file that cannot be read, two columns of one name, no rows.
    """
    path = Path(path)
    kind = kind_of(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file.")
    try:
        found = READERS[kind](path, sheet, encoding, header_row, expect)
    except DataError:
        raise
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: is not {encoding or 'utf-8'} ({error.reason} at byte {error.start}); give its encoding, such as gb18030."
        ) from None
    except ImportError as error:
        raise DataError(
            f"{path}: reading {kind} needs the package {error.name}: pip install surveysim-dualframe[files]."
        ) from None
    except LookupError as error:
        if encoding is None or "encoding" not in str(error):
            raise DataError(f"{path}: cannot be read as {kind}: {error}") from None
        raise DataError(f"{path}: there is no encoding {encoding!r}; give one such as gb18030 or cp1252.") from None
    except Exception as error:  # every reader has errors of its own
        hint = ""
        if kind in LABELLED and ("character set" in str(error) or "encoding" in str(error)):
            hint = " Say which encoding its text has, such as encoding cp1252 or gb18030 (--encoding)."
        raise DataError(f"{path}: cannot be read as {kind}: {error}.{hint}".replace("..", ".")) from None
    if len(found) == 0:
        raise DataError(f"{path}: the table has no rows.")
    return found


def write_table(table, path):
    """Write a pandas table as .csv, .parquet or .xlsx, whole or not at all."""
    columns = tuple(map(str, table.columns))
    return DataFile(Path("."), columns, table).write(path, {})


def refuse_names(path, columns, added):
    """Refuse names of new columns that the kind of file cannot have, or that differ from others in capitals only."""
    labelled = path.suffix.lower() in (".sav", ".zsav", ".dta")
    longest, others = (32 if path.suffix.lower() == ".dta" else 64), {name.lower() for name in columns}
    for name in added:
        if not name.strip():
            raise DataError(f"{path}: the new column needs a name.")
        if labelled and (name.lower() in others or len(name) > longest or not re.fullmatch(r"[^\W\d][\w.]*", name)):
            raise DataError(
                f"{path}: {name!r} cannot be a variable's name there: letters, digits and _, {longest} at most, a letter first, and no "
                "other variable of that name in small or capital letters."
            )


def _read_parquet(path, sheet, encoding, header_row, expect):
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path).read()
    return DataFile(path, refuse_doubled(path, table.column_names), table)


def _read_labelled(path, sheet, encoding, header_row, expect):
    raw, meta = _pyreadstat(path, encoding, user_missing=True, disable_datetime_conversion=True)
    labels = {name: label for name, label in meta.column_names_to_labels.items() if label}
    levels = {
        name: {spelt_as(code): label for code, label in known.items()}
        for name, known in meta.variable_value_labels.items()
    }
    return DataFile(path, refuse_doubled(path, meta.column_names), raw, labels, levels, meta, encoding=encoding)


def _pyreadstat(path, encoding, **options):
    """A labelled file by its own reader, which knows encodings by the names of iconv: as given, or else as Python calls them."""
    import pyreadstat

    read_one = pyreadstat.read_dta if path.suffix.lower() == ".dta" else pyreadstat.read_sav
    if encoding in (None, "utf-8-sig"):
        return read_one(str(path), **options)
    try:
        return read_one(str(path), encoding=encoding, **options)
    except pyreadstat.ReadstatError as error:
        if "character set" not in str(error):
            raise
        return read_one(str(path), encoding=codecs.lookup(encoding).name, **options)


def _frame(file, added, kind):
    """The table as pandas, with the further columns. In another kind of file dates are dates, and user-missing values missing."""
    raw = file.raw if isinstance(file.raw, pd.DataFrame) else file.raw.to_pandas()
    if file.meta is not None and not _same_labels(file, kind):
        raw = _pyreadstat(file.path, file.encoding, user_missing=True)[0]  # dates as dates
        raw = raw.assign(**{name: raw[name].mask(file.missing(name)) for name in raw.columns})
    return raw.assign(**{name: values for name, (values, _) in added.items()})


def _same_labels(file, kind):
    """Whether a file of this kind keeps formats and user-missing values of the one that was read."""
    return (
        file.meta is not None
        and (kind == ".dta") == (file.path.suffix.lower() == ".dta")
        and kind in (".sav", ".zsav", ".dta")
    )


def _write_csv(file, path, added):
    """Cells of a CSV file as they were. From other kinds, text that a spreadsheet would run as a formula gets an apostrophe in front."""
    table = _frame(file, added, ".csv")
    if file.path.suffix.lower() != ".csv":
        table = guarded_table(table)
    table = table.rename(columns=dict(zip(added, guarded(added), strict=True)))
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8", sep=file.delimiter)


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


READERS = {
    ".csv": read_csv,
    ".parquet": _read_parquet,
    ".sav": _read_labelled,
    ".zsav": _read_labelled,
    ".dta": _read_labelled,
    ".xlsx": read_excel,
}
WRITERS = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".sav": _write_labelled,
    ".zsav": _write_labelled,
    ".dta": _write_labelled,
    ".xlsx": _write_excel,
}
