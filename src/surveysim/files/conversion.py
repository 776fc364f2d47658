"""A table of one kind of file as another kind can hold it, and what is lost on the way, in words."""

import codecs
import datetime as dt
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..display import guarded
from ..errors import DataError
from .dates import dated
from .kinds import LABELLED, TEXT, same_labels
from .spelling import MISSING, spelt_as

if TYPE_CHECKING:
    from .data_file import DataFile

LIKE = {".zsav": ".sav", ".tsv": ".csv"}
NUMBER = re.compile(r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
CODE = re.compile(r"[-+]?\d+(?:\.\d+)?")
EXACT = 2**53  # larger whole numbers are not all numbers of 8 bytes
TRUTH = {0: "False", 1: "True"}
EXCEL_TEXT = 32767
NARROW = {"int8": "byte", "int16": "int", "float": "float", "string_ref": "strL"}  # are written as long, double and str
FIRST_DAY = {
    ".xlsx": (dt.date(1900, 1, 2), "Excel's calendar begins in 1900, and its first day is a time for readers"),
    ".sav": (dt.date(1583, 1, 1), "SPSS's calendar begins in 1582"),
}


class Converted:
    """The table of a DataFile as another kind of file holds it.

    Attributes
    ----------
    table : pandas DataFrame. labels : {column: {code: label}} that the conversion made. formats : {column: format}.
    """

    def __init__(self, file: "DataFile", kind: str) -> None:
        self.file, self.kind = file, LIKE.get(kind, kind)
        self.labels, self.formats, self._said = {}, {}, {}
        self.table = pd.DataFrame({name: self._column(name) for name in file.columns}, columns=list(file.columns))

    def said(self) -> Iterator[str]:
        """What is not the same in the new file, in words."""
        for what, names in self._said.items():
            yield f"{what} ({_few(names)})"

    def value_labels(self) -> dict[str, dict[Any, str]]:
        """{column: {code: label}} that columns of a labelled file can have: codes of the kind of the column."""
        found, meta = dict(self.labels), self.file.meta
        for name, known in (meta.variable_value_labels if meta is not None else {}).items():
            text = pd.api.types.infer_dtype(self.table[name], skipna=True) == "string"
            if text and self.kind == ".dta" and known:
                raise DataError(
                    f"{self.file.path}: cannot be written as .dta: {name!r} is text with labels, which Stata has for whole numbers only. "
                    "Write .sav, or .csv, which says what it loses."
                )
            fit = {code: label for code, label in known.items() if isinstance(code, str) == text}
            if self.kind == ".dta" and not text:
                fit = {int(code): label for code, label in fit.items() if float(code).is_integer()}
            if len(fit) < len(known):
                self._note("no labels of codes that are missing or no whole numbers", name)
            if fit:
                found[name] = fit
        return found

    def _note(self, what, name):
        self._said.setdefault(what, []).append(name)

    def _column(self, name):
        if self.file.path.suffix.lower() in TEXT:
            return self._of_text(name, self.file.raw.column(name).to_pylist())
        values, missing = self.file.values(name), self.file.missing(name)
        if self.file.meta is not None:
            form = self.file.meta.original_variable_types.get(name, "")
            found = dated(values.mask(missing), form, self.file.path.suffix.lower() == ".dta")
            if found is not None:
                values, doubt = found
                if doubt:
                    self._note(doubt, name)
        return self._of_values(name, values, missing)

    def _of_text(self, name, cells):
        """Cells of a CSV file: numbers where all are, unless they are codes with leading zeros or have too many digits."""
        distinct = [v for v in dict.fromkeys(cells) if v not in MISSING]
        odd = [v for v in distinct if not NUMBER.fullmatch(v)]
        large = [] if odd else [v for v in distinct if abs(float(v)) >= EXACT]
        if not odd and not large:
            return self._digits(name, cells, distinct)
        codes = sum(bool(CODE.fullmatch(v)) for v in distinct)
        if large:
            self._note(f"text, because a number would lose digits of {large[0]!r}", name)
        elif codes == len(distinct):
            self._note(f"text, because of codes such as {odd[0]!r}", name)
        elif len(odd) < len(distinct):
            self._note(f"text, because of cells such as {odd[0]!r} among numbers", name)
        return self._texts(name, pd.Series([None if v in MISSING else v for v in cells], dtype=object))

    def _digits(self, name, cells, distinct):
        """Cells that are all numbers, whole ones where the kind of file has such."""
        known = {v: float(v) + 0.0 for v in distinct} | dict.fromkeys(MISSING, np.nan)
        numbers = np.array([known[v] for v in cells])
        whole = bool(distinct) and all("." not in v and "e" not in v.lower() for v in distinct)
        if self.kind == ".sav" and distinct:
            self.formats[name] = _format(distinct, whole)
        holes = np.isnan(numbers).any()
        if self.kind == ".dta" and whole and not holes and np.abs(numbers).max() < 2**31 - 128:
            return numbers.astype("int32")
        if self.kind in (".parquet", ".xlsx") and whole:
            return pd.Series(numbers).astype("Int64") if holes else numbers.astype("int64")
        return numbers

    def _of_values(self, name, values, missing):
        kept = values.astype(object)[~missing] if not isinstance(values.dtype, pd.CategoricalDtype) else None
        if kept is None:
            categories = list(map(spelt_as, values.cat.categories))
            if categories != sorted(categories):
                self._note("the order of categories is not kept", name)
            values = values.astype(object)
            kept = values[~missing]
        kind = pd.api.types.infer_dtype(kept, skipna=True)
        if kind in ("boolean", "integer", "floating", "mixed-integer-float", "decimal"):
            return self._numbers(name, values, missing, kept, kind)
        if kind in ("date", "datetime", "datetime64"):
            return self._dates(name, values, missing, kept)
        if kind == "string":
            return self._texts(name, values.astype(object).where(~missing, None))
        if kind == "empty":
            return pd.Series(np.full(len(values), np.nan), index=values.index)
        if kind == "time" or (kind in ("timedelta", "timedelta64") and self.kind in (".xlsx", ".parquet", ".csv")):
            return values.astype(object).where(~missing, None) if kind == "time" else values.mask(missing)
        if self.kind in (".xlsx", ".csv") and all(
            isinstance(v, str | bool | int | float | dt.date | dt.time) for v in kept
        ):
            if self.kind == ".xlsx":
                self._refuse_dates(name, kept)
            return self._texts(name, values.astype(object).where(~missing, None))
        self._note("values of several kinds, or that the file has none of, as text", name)
        return self._texts(
            name, values.astype(object).where(~missing, None).map(lambda v: None if v is None else spelt_as(v))
        )

    def _numbers(self, name, values, missing, kept, kind):
        if kind == "boolean":
            if self.kind in LABELLED:
                self.labels[name] = dict(TRUTH)
                self.formats[name] = "F8.0" if self.kind == ".sav" else "%8.0g"
                return values.astype(object).where(~missing, np.nan).astype(float)
            return values.astype(object).where(~missing, None)
        if kind == "integer" and self.kind not in (".csv", ".parquet") and any(abs(int(v)) > EXACT for v in kept):
            self._note("text, because a number would lose digits", name)
            return values.astype(object).where(~missing, None).map(lambda v: None if v is None else spelt_as(v))
        numbers = values.astype(object).where(~missing, np.nan).astype(float)
        infinite = np.isinf(numbers.to_numpy())
        if infinite.any() and self.kind in (".dta", ".xlsx"):
            raise DataError(
                f"{self.file.path}: {name!r} is infinite in {int(infinite.sum())} rows, first in data row {int(np.argmax(infinite)) + 1}; "
                f"a {self.kind} file has no such number. Mend these values."
            )
        if kind == "integer" and self.kind in (".csv", ".parquet"):
            return pd.Series([None if m else int(v) for v, m in zip(values, missing, strict=True)], dtype="Int64")
        if self.kind == ".csv" and self.file.meta is not None:
            finite = numbers[~missing]
            if len(finite) and (finite == np.floor(finite)).all() and (finite.abs() < EXACT).all():
                return numbers.astype("Int64")
        return numbers

    def _dates(self, name, values, missing, kept):
        zones = {str(v.tzinfo) for v in kept if getattr(v, "tzinfo", None) is not None}
        if zones and self.kind != ".parquet":
            self._note(f"times without their zone {_few(sorted(zones))}", name)
            values = values.astype(object).map(lambda v: v.replace(tzinfo=None) if hasattr(v, "tzinfo") else v)
        self._refuse_dates(name, kept)
        if any(isinstance(v, dt.datetime) for v in kept):
            if all(isinstance(v, dt.datetime) for v in kept) and self.kind not in (".xlsx", ".parquet"):
                found = [None if m else pd.Timestamp(v).to_pydatetime() for v, m in zip(values, missing, strict=True)]
                if all(v is None or v.time() == dt.time() for v in found):
                    return pd.Series([None if v is None else v.date() for v in found], dtype=object)
                return pd.Series(found, dtype="datetime64[us]")
            return values.astype(object).where(~missing, None) if values.dtype == object else values.mask(missing)
        return values.astype(object).where(~missing, None)

    def _refuse_dates(self, name, kept):
        """Refuse dates that the calendar of the file does not have."""
        first, why = FIRST_DAY.get(self.kind, (dt.date.min, ""))
        days = [
            (row, v)
            for row, v in kept.items()
            if isinstance(v, dt.date) and (v.year, v.month, v.day) < first.timetuple()[:3]
        ]
        if days:
            row, value = days[0]
            raise DataError(
                f"{self.file.path}: {name!r} has {len(days)} dates that a {self.kind} file cannot hold ({why}); the first is "
                f"{spelt_as(value)} in data row {row + 1}. Write .csv or .parquet, or mend the dates."
            )

    def _texts(self, name, values):
        """Text: too long for a cell, or that would be read in another way, is refused or said."""
        texts = [v for v in values if isinstance(v, str)]
        if self.kind == ".xlsx" and any(len(v) > EXCEL_TEXT for v in texts):
            row = next(k for k, v in enumerate(values) if isinstance(v, str) and len(v) > EXCEL_TEXT)
            raise DataError(
                f"{self.file.path}: {name!r} has text of {len(values.iloc[row]):,} characters in data row {row + 1}; a cell of Excel holds "
                f"{EXCEL_TEXT:,}. Write another kind of file."
            )
        if self.kind == ".csv":
            if "NA" in texts:
                self._note("'NA' is text and reads as missing in a CSV file", name)
            if guarded(texts) != texts:
                self._note("text that begins like a formula has an apostrophe in front", name)
        return values


def losses(file: "DataFile", kind: str) -> Iterator[str]:
    """What a DataFile knows and a file of another kind (or of the same) cannot be told, in words."""
    meta, own = file.meta, file.path.suffix.lower()
    if {own, kind} <= set(TEXT) and codecs.lookup(file.encoding or "utf-8").name not in ("utf-8", "utf-8-sig", "ascii"):
        yield f"the text is UTF-8 now, and was read as {file.encoding}"
    same = same_labels(file, kind)
    if not same and kind not in LABELLED:
        if file.labels:
            yield f"no labels of variables ({_few(file.labels)})"
        levels = [name for name, known in file.levels.items() if known]
        if levels:
            yield f"no labels of values ({_few(levels)})"
    if meta is None:
        return
    coded = [*(meta.missing_ranges or {}), *(meta.missing_user_values or {})]
    if not same and coded:
        yield f"no codes that mean missing, which are empty ({_few(dict.fromkeys(coded))})"
    if not same:
        yield "no formats or measurement levels"
    if not same and kind not in LABELLED and meta.file_label:
        yield "no label of the file"
    if meta.notes and not (same and kind != ".dta"):
        yield f"no notes ({len(meta.notes)})"
    yield from _unseen(file.path, own, getattr(meta, "mr_sets", None))
    if same and kind == ".dta":
        changed = [n for n, t in meta.readstat_variable_types.items() if t in NARROW]
        if changed:
            kinds = ", ".join(dict.fromkeys(NARROW[meta.readstat_variable_types[n]] for n in changed))
            yield f"other storage types than {kinds}, with the same values ({_few(changed)})"


def _unseen(path, own, sets=()):
    """What readers of labelled files do not tell: weights that are switched on, attributes, characteristics, some kinds of `sets`."""
    if sets:
        yield f"no multiple-response sets ({_few(sets)})"
    if not path.is_file():
        return
    with path.open("rb") as file:
        head = file.read(1 << 22)
    if own == ".dta":
        if b"<characteristics><ch>" in head:
            yield "no notes or characteristics"
    elif head[:3] == b"$FL":
        order = "little" if int.from_bytes(head[64:68], "little") in (2, 3) else "big"
        if int.from_bytes(head[76:80], order):
            yield "no weight that is switched on"
        there = {k for k in (7, 17, 18, 19) if b"".join(n.to_bytes(4, order) for n in (7, k, 1)) in head}
        if there & {17, 18}:
            yield "no attributes or roles of variables"
        if there & {7, 19} and not sets:
            yield "no multiple-response sets"


def _format(texts, whole):
    """How numbers are shown: with the digits they were written with."""
    decimals = (
        0
        if whole
        else min(16, max(len(v.partition(".")[2]) for v in texts) if not any("e" in v.lower() for v in texts) else 6)
    )
    return f"F{min(40, max(8, max(map(len, texts))))}.{decimals}"


def _few(names):
    names = list(map(str, names))
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if names[4:] else "")
