"""`DataFile`: a table read from a file, its values as text and as numbers, and what is needed to write it back."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from ..aliases import Floats, Ints, Pathname
from ..coding import holds_numbers, natural, truth_values
from ..errors import DataError, SurveysimWarning
from ..naming import did_you_mean
from ..writing import whole
from . import levels
from .kinds import TEXT, kind_of
from .spelling import MISSING, spelt_as
from .writing import WRITERS, refuse_names


@dataclass(frozen=True)
class DataFile:
    """A table read from a file, and what is needed to write it back.

    Attributes
    ----------
    path : Path it came from. columns : names, in order. labels : {column: label}. levels : {column: {code as text: label}}.
    raw : the table as the file has it (a pandas DataFrame, or an Arrow table for CSV and Parquet). meta : pyreadstat's metadata.
    delimiter : of a CSV file. sheets : of an Excel file, the one that was read first. encoding : that was asked for.
    na : {column: codes as text} that count as missing here; they are written back as they are.
    """

    path: Path
    columns: tuple
    raw: Any = field(repr=False)
    labels: dict = field(default_factory=dict, repr=False)
    levels: dict = field(default_factory=dict, repr=False)
    meta: Any = field(default=None, repr=False)
    delimiter: str = field(default=",", repr=False)
    sheets: tuple = field(default=(), repr=False)
    encoding: str | None = field(default=None, repr=False)
    na: dict = field(default_factory=dict, repr=False)
    _spelt: dict = field(
        default_factory=dict, repr=False, init=False, compare=False
    )  # what `spelt` found, asked for again and again

    def __len__(self) -> int:
        return len(self.raw)

    def values(self, name: Any) -> pd.Series:
        """A column as the file has it, as a pandas Series; the error about an unknown name says which one it is close to."""
        if name not in self.columns:
            same = [column for column in self.columns if levels.alike(column) == levels.alike(name)]
            if same:
                raise DataError(
                    f"{self.path}: there is no column {name!r}, but {same[0]!r} ({levels.difference(str(name), same[0])}); write the name "
                    "as the file has it."
                )
            raise DataError(
                f"{self.path}: there is no column {name!r}{did_you_mean(name, self.columns)} Columns: "
                f"{', '.join(self.columns[:12])}{' …' if len(self.columns) > 12 else ''}."
            )
        if isinstance(self.raw, pd.DataFrame):
            return self.raw[name]
        return self.raw.column(name).to_pandas()

    def spelt(self, name: Any) -> tuple[Ints, list[str]]:
        """Codes (n,) of a column's values as text, -1 where missing or user-missing, and the texts, in the order of their appearance."""
        if name not in self._spelt:
            self._spelt[name] = self._coded_text(name)
            self._spelt[name][0].flags.writeable = False  # others are given the same
        codes, found = self._spelt[name]
        return codes, list(found)

    def _coded_text(self, name: Any) -> tuple[Ints, list[str]]:
        """See `spelt`: every distinct value is looked at once, however many rows have it."""
        values = self.values(name)
        codes, distinct = self._distinct(name, values)
        missing = self._missing_in(name, distinct).to_numpy()
        kept = codes >= 0
        kept[kept] = ~missing[codes[kept]]
        first = np.full(len(distinct), len(codes))
        rows = np.flatnonzero(kept)[::-1]
        first[codes[rows]] = rows  # the last to be put there is the first that has it
        there = np.argsort(first, kind="stable")[: int((first < len(codes)).sum())]
        place: dict[str, int] = {}
        image = np.full(len(distinct) + 1, -1)
        for k in there:
            image[k] = place.setdefault(spelt_as(distinct.iloc[k]), len(place))
        return image[np.where(kept, codes, len(distinct))], list(place)

    def _distinct(self, name: Any, values: pd.Series) -> tuple[Ints, pd.Series]:
        """Codes (n,), -1 for none, of a column's distinct values, as the column or its categories have them."""
        if isinstance(values.dtype, pd.CategoricalDtype):
            return values.cat.codes.to_numpy(np.int64), pd.Series(values.cat.categories.to_numpy(), dtype=object)
        if not isinstance(self.raw, pd.DataFrame) and pa.types.is_string(self.raw.schema.field(name).type):
            coded = (
                self.raw.column(name).dictionary_encode().combine_chunks()
            )  # codes first: texts of many rows fit into no one array
            codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
            return codes, pd.Series(coded.dictionary.to_pylist(), dtype=object)
        if values.dtype == object and pd.api.types.infer_dtype(values, skipna=True).startswith("mixed"):
            named = values.map(lambda v: (type(v), v), na_action="ignore")  # True and 1 are one key, and not one value
            codes = pd.factorize(named)[0]
        else:
            codes = pd.factorize(values)[0]
        first = np.unique(codes, return_index=True)[1][int(bool((codes < 0).any())) :]
        return codes, values.iloc[first].reset_index(drop=True)

    def text(self, name: Any) -> pd.Series:
        """Values of a column as text (n,), None where missing or user-missing: the levels as margins and domains name them."""
        codes, found = self.spelt(name)
        return pd.Series(np.array([*found, None], dtype=object)[codes], dtype=object)

    def named(self, name: str, wanted: Iterable[str]) -> pd.Series:
        """The same as the levels `wanted` name them, a category: by codes, by labels, or as `label (code)`.

        A level that is one value's code and another's label is refused where the two readings differ.
        """
        codes, there = self.spelt(name)
        found = levels.named(self.path, name, there, self._valid_labels(name), wanted)
        place = {level: k for k, level in enumerate(dict.fromkeys(found))}
        image = np.array([*(place[level] for level in found), -1])
        return pd.Series(pd.Categorical.from_codes(image[codes], pd.Index(list(place))))

    def levelled(self, name: str) -> "pd.Categorical[Any]":
        """The same as a Categorical of labels: in the order of the codes, or of a column's own categories.

        Of two codes with one label each shows its code, and codes that no row has are left out.
        """
        (at, there), known = self.spelt(name), self.levels.get(name, {})
        own = self.values(name).dtype
        if isinstance(own, pd.CategoricalDtype):
            order = shown = list(dict.fromkeys(map(spelt_as, own.categories)))
        else:
            order = sorted(there, key=natural)
            levels.say_if_crossed(
                self.path, f"levels of {name!r} are called by their labels", self._valid_labels(name), order
            )
            shown = [known.get(code, code) for code in order]
            if len(set(shown)) < len(shown):
                shown = [levels.both(known[code], code) if code in known else code for code in order]
        place = {code: k for k, code in enumerate(order)}
        image = np.array([*(place[code] for code in there), -1])
        return pd.Categorical.from_codes(image[at], pd.Index(shown))

    def column(self, name: str) -> pd.Series:
        """A column as Survey takes it: truth values as they are, others as `levelled`, in the order of their categories."""
        values = self.values(name)
        if truth_values(values):
            return values.astype("boolean").mask(self.missing(name))
        return pd.Series(self.levelled(name))

    def is_numeric(self, name: str) -> bool:
        """Whether a column holds numbers that are no codes: numeric, or in a text file spelt so, without value labels."""
        values = self.values(name)
        if self.levels.get(name):
            return False
        if self.path.suffix.lower() in TEXT and not holds_numbers(values):
            there = pd.Series(values[~self.missing(name)].unique(), dtype=object)
            return len(there) > 0 and bool(pd.to_numeric(there, errors="coerce").notna().all())
        return holds_numbers(values)

    def frame(self) -> pd.DataFrame:
        """A pandas table of the values as they were read: of labelled columns the codes, in text files numbers as numbers where none begins
        with a zero. Missing and user-missing values are missing; `attrs["levels"]` has the labels, {column: {code: label}}."""
        found: dict[Any, Any] = {}
        for name in self.columns:
            values, missing = self.values(name), self.missing(name)
            if self.path.suffix.lower() in TEXT and self.is_numeric(name) and not _padded(values):
                values = pd.Series(self.numbers(name))
            found[name] = values.mask(missing) if bool((missing & values.notna()).any()) else values
        known = getattr(self.meta, "variable_value_labels", None) or self.levels
        table = pd.DataFrame(found)
        table.attrs["levels"] = Levels({name: dict(labels) for name, labels in known.items() if name in found})
        return table

    def overlaid(self, columns: Mapping[str, pd.Series]) -> Self:
        """The same file with other values (n,) in some of its columns."""
        if isinstance(self.raw, pd.DataFrame):
            return replace(self, raw=self.raw.assign(**columns))
        raw = self.raw
        for name, values in columns.items():
            at = raw.column_names.index(name)
            raw = raw.set_column(at, raw.field(at), pa.array(values, type=raw.field(at).type, from_pandas=True))
        return replace(self, raw=raw)

    def taken(self, rows: Ints) -> Self:
        """The same file with these rows (m,), by position, in their order."""
        raw = self.raw.iloc[rows].reset_index(drop=True) if isinstance(self.raw, pd.DataFrame) else self.raw.take(rows)
        return replace(self, raw=raw)

    def declared(self, na: Mapping[str, Iterable[Any]]) -> Self:
        """The same file with codes (or labels) that mean missing, {column: codes}; the file's own missing codes stay so."""
        found = {}
        for name, codes in na.items():
            known = self.levels.get(name, {})
            there = set(map(spelt_as, self.values(name).dropna().unique())) | set(known)
            by_label = {label: code for code, label in known.items()}
            spelt = [spelt_as(code) for code in codes]
            if known:
                levels.named(self.path, name, self.spelt(name)[1], known, spelt)  # refuses what can be read in two ways
            by_label |= {levels.both(label, code): code for code, label in known.items()}
            found[name] = frozenset(code if code in there else by_label.get(code, code) for code in spelt)
            if not found[name] & there:
                warnings.warn(
                    f"{self.path}: no row has {name} = {' or '.join(spelt)}, so nothing more is missing there.",
                    SurveysimWarning,
                    stacklevel=2,
                )
        return replace(self, na=self.na | found)

    def numbers(self, name: str) -> Floats:
        """Values of a column as float64 (n,), NaN where missing or user-missing; text that is no number is refused."""
        values, missing = self.values(name), self.missing(name)
        if self.levels.get(name):
            codes = self.spelt(name)[1]
            levels.say_if_crossed(self.path, f"numbers of {name!r} are its codes", self._valid_labels(name), codes)
        if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iuf":
            found = np.where(missing, np.nan, values.to_numpy(dtype=float))
        else:
            values = values.astype(object).where(~missing, None)
            found = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
        wrong = np.isnan(found) & ~missing.to_numpy()
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(
                f"{self.path}: {name!r} is not numeric in {int(wrong.sum())} of {len(found)} rows; the first is {values.iloc[row]!r} "
                f"in data row {row + 1}. Give a numeric column, or use --proportion for categories."
            )
        if np.isinf(found).any():
            row = int(np.argmax(np.isinf(found)))
            raise DataError(
                f"{self.path}: {name!r} is infinite in {int(np.isinf(found).sum())} rows; the first is data row {row + 1}."
            )
        return found

    def _valid_labels(self, name: str) -> dict[str, str]:
        """{code: label} without the codes that mean missing."""
        known = self.levels.get(name, {})
        if not known or self.meta is None:
            return known
        codes = pd.Series(list(self.meta.variable_value_labels[name]), dtype=object)
        return {spelt_as(code): known[spelt_as(code)] for code in codes[~self._missing_in(name, codes)]}

    def missing(self, name: str) -> pd.Series:
        """Whether a value is missing (n,): empty, NaN, or user-missing in SPSS and Stata files."""
        return self._missing_in(name, self.values(name))

    def _missing_in(self, name: str, values: pd.Series) -> pd.Series:
        """The same of any values of the column."""
        found = values.isna()
        if not pd.api.types.is_numeric_dtype(values.dtype):
            found |= values.isin(MISSING if self.path.suffix.lower() in TEXT else [""])
        for given in (getattr(self.meta, "missing_ranges", None) or {}).get(name, []):
            if isinstance(given, dict) and not isinstance(given["lo"], str):
                found |= values.between(given["lo"], given["hi"])
            else:
                found |= values == (given["lo"] if isinstance(given, dict) else given)
        user = (getattr(self.meta, "missing_user_values", None) or {}).get(name, [])
        found |= values.isin(list(user))
        if self.na.get(name):
            distinct, first = pd.factorize(values.astype(object))[::-1]
            found |= np.array([spelt_as(v) in self.na[name] for v in distinct] + [False])[first]
        return found

    def write(self, path: Pathname, added: Mapping[str, tuple[Any, str]]) -> Path:
        """Write the table with further columns, in the kind that `path` ends with; the file is there whole or not at all.

        added : {column: (values (n,), label)}; a column the file has already is refused.
        """
        path = Path(path)
        twice = [name for name in added if name in self.columns]
        if twice:
            raise DataError(f"{self.path}: there is a column {twice[0]!r} already; give the new one another name.")
        kind = kind_of(path)
        if path.exists() and self.path.exists() and path.samefile(self.path):
            raise DataError(f"{path}: is the file that was read; give another, so that nothing is lost.")
        refuse_names(path, self, added)
        if self.sheets[1:]:
            warnings.warn(
                f"{self.path}: only the sheet {self.sheets[0]!r} is written; {', '.join(map(repr, self.sheets[1:]))} stay in the old file.",
                SurveysimWarning,
                stacklevel=2,
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole(path) as part:
                lost = WRITERS[kind](replace(self, na={}), part, added)
        except (OSError, DataError):
            raise
        except Exception as error:  # every writer has errors of its own
            raise DataError(
                f"{path}: cannot be written as {path.suffix}: {error} Write the kind that was read, {self.path.suffix or '.csv'}."
            ) from None
        if lost:
            source = self.path if self.path.suffix else "the table"
            warnings.warn(f"{source}, written as {path.suffix}: {'; '.join(lost)}.", SurveysimWarning, stacklevel=2)
        return path


def _padded(values):
    """Whether a text begins with a zero that its number would lose."""
    return pd.api.types.is_string_dtype(values) and bool(values.str.match(r"\s*0\d").fillna(False).any())


class Levels(dict[Any, Any]):
    """Value labels by column, which pandas copies deeply with every table it makes: they stay the same, and are not to be changed."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def write_table(table: pd.DataFrame, path: Pathname) -> Path:
    """Write a pandas table as .csv, .parquet or .xlsx, whole or not at all."""
    columns = tuple(map(str, table.columns))
    return DataFile(Path("."), columns, table).write(path, {})
