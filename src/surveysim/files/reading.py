"""Reading each kind of file."""

import codecs
from collections.abc import Collection
from pathlib import Path

from ..aliases import Pathname
from ..errors import DataError
from ..on_demand import Later
from .data_file import DataFile
from .delimited import read_csv
from .excel import read_excel
from .header import refuse_doubled
from .kinds import LABELLED, kind_of
from .spelling import spelt_as

pq = Later(None, "pyarrow.parquet")


def read(
    path: Pathname,
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int | None = None,
    *,
    expect: Collection[str] = (),
) -> DataFile:
    """Read a survey file.

    Parameters
    ----------
    path : a .csv, .tsv, .parquet, .sav, .zsav, .dta or .xlsx file. sheet : of an Excel file, the first unless given.
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


def _read_parquet(path, sheet, encoding, header_row, expect):
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


READERS = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": _read_parquet,
    ".sav": _read_labelled,
    ".zsav": _read_labelled,
    ".dta": _read_labelled,
    ".xlsx": read_excel,
}
