"""What a column holds, and the codes of its labels.

It is asked of the column's type, here and nowhere else: `[0, 1] == [False, True]` in Python, so values cannot tell. Codes lie inside
their levels, so that kernels never look beyond an array.
"""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .aliases import Array, Ints, Truths, Values
from .errors import DataError, SurveysimError
from .guards import refuse
from .on_demand import Later

pa = Later(None, "pyarrow")  # what comes from pandas needs none


@dataclass(frozen=True, slots=True)
class Coded:
    """A column as codes (n,) of its labels; -1 is missing.

    `kind` is "category" (of a categorical, with all its levels), "truth" (labels False and True) or "values" (labels as they appear).
    """

    codes: np.ndarray
    labels: list
    kind: str

    def __iter__(self) -> Iterator[Any]:
        return iter((self.codes, self.labels))

    def order(self) -> list[int]:
        """Codes of the labels in the order to show them: categories as they are, others sorted; text that spells numbers by these."""
        if self.kind == "category":
            return list(range(len(self.labels)))
        try:
            text = len(self.labels) > 0 and all(isinstance(label, str) for label in self.labels)
            key = [natural(label) for label in self.labels] if text else self.labels
            return sorted(range(len(self.labels)), key=key.__getitem__)
        except TypeError:  # labels of several kinds
            return sorted(range(len(self.labels)), key=lambda k: (type(self.labels[k]).__name__, str(self.labels[k])))

    def shown(self) -> list[int]:
        """The same of the levels whose proportions are shown: of truth values only True."""
        return [1] if self.kind == "truth" else self.order()


def categorical(codes: Ints, labels: Any) -> "pd.Categorical[Any]":
    """Codes (n,) of labels, whatever sequence these are in, as a categorical."""
    return pd.Categorical.from_codes(codes, labels)


def natural(text: str) -> tuple[int, float, str]:
    """What texts are sorted by: those that spell numbers by their numbers, before the others."""
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    return (0, value, text) if value == value else (1, 0.0, text)


def truth_values(column: pd.Series) -> bool:
    """Whether a pandas Series holds truth values: a type of bools, or objects that are bools wherever they are not missing.

    A category of bools is a category. Numbers are no truth values, whatever they are.
    """
    kind = column.dtype
    if kind == np.dtype(bool) or isinstance(kind, pd.BooleanDtype):
        return True
    if isinstance(kind, pd.ArrowDtype):
        return pa.types.is_boolean(kind.pyarrow_dtype)
    if kind != np.dtype(object):
        return False
    return pd.api.types.infer_dtype(column, skipna=True) == "boolean"


def holds_numbers(column: pd.Series) -> bool:
    """Whether a pandas Series holds numbers: a numeric type, or objects that are numbers wherever they are not missing."""
    if column.dtype == np.dtype(object):
        return pd.api.types.infer_dtype(column, skipna=True) in (
            "integer",
            "floating",
            "mixed-integer-float",
            "decimal",
        )
    return pd.api.types.is_numeric_dtype(column.dtype) and not truth_values(column)


def pandas_types(column: pd.Series) -> pd.Series:
    """A pandas Series of pandas' own types: truth values as "boolean", numbers as numbers, whatever held them."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return column
    if truth_values(column):
        return column.astype("boolean")
    if _arrow_dictionary(kind):
        codes, labels = coded_values(column, repr(column.name))
        return pd.Series(pd.Categorical.from_codes(codes, categories=labels), index=column.index, name=column.name)
    held_as = pd.api.types.infer_dtype(column, skipna=True) if kind == np.dtype(object) else ""
    if held_as == "integer":
        return _whole(column)
    if isinstance(kind, pd.ArrowDtype) and pd.api.types.is_integer_dtype(kind):
        return column.astype("UInt64" if pd.api.types.is_unsigned_integer_dtype(kind) else "Int64")
    if held_as in ("floating", "mixed-integer-float") or (
        isinstance(kind, pd.ArrowDtype) and pd.api.types.is_float_dtype(kind)
    ):
        return column.astype(np.float64)
    return column


def _whole(column: pd.Series) -> pd.Series:
    """A Series of objects that are whole numbers as "Int64" or "UInt64"; as it is where 64 bits do not hold them."""
    for kind in ("Int64", "UInt64"):
        try:
            return column.astype(kind)
        except (OverflowError, TypeError, ValueError):
            continue
    return column


def _arrow_dictionary(kind: object) -> bool:
    """Whether a type of pandas is an Arrow dictionary, pyarrow's categorical."""
    if not isinstance(kind, pd.ArrowDtype):
        return False
    return pa.types.is_dictionary(kind.pyarrow_dtype)


_LABELS: dict[int, tuple[weakref.ref[pd.Index], list[Any]]] = {}  # by identity: an index never changes


def labels_of(categories: pd.Index) -> list[Any]:
    """The labels of an index, listed once as long as it lives: a table is weighted and estimated from many times."""
    key = id(categories)
    known = _LABELS.get(key)
    if known is None or known[0]() is not categories:
        known = _LABELS[key] = weakref.ref(categories, lambda _: _LABELS.pop(key, None)), categories.tolist()
    return known[1].copy()


def coded_values(column: pd.Series, label: str, look: bool = True) -> Coded:
    """The same of a pandas Series; `label` is what messages call it."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        codes, labels = column.array.codes, labels_of(kind.categories)
        return Coded(inside(codes, len(labels), label) if look else codes, labels, "category")
    if _arrow_dictionary(kind):
        array = pa.array(column.array)
        return of_dictionary(array.combine_chunks() if hasattr(array, "combine_chunks") else array, label, "category")
    if isinstance(kind, pd.ArrowDtype):
        column = pandas_types(column)
    if kind == np.dtype(bool):
        return Coded(column.to_numpy().astype(np.int8), [False, True], "truth")
    if truth_values(column):
        return Coded(column.astype("boolean").to_numpy(dtype=np.int8, na_value=-1), [False, True], "truth")
    try:
        codes, labels = pd.factorize(column, sort=False)
    except TypeError as error:
        raise DataError(f"{label} holds values that are no levels: {error}. Make them text or numbers.") from None
    labels = labels.tolist()
    if kind == np.dtype(object) and any(label == 0 or label == 1 for label in labels if _is_plain(label)):
        codes, labels = _apart(column, codes, labels)
    _refuse_infinite_levels(column, labels, label)
    return Coded(codes, labels, "values")


def _is_plain(label: object) -> bool:
    return isinstance(label, bool | int | float | np.generic)


def _apart(column: pd.Series, codes: Ints, labels: list[Any]) -> tuple[Ints, list[Any]]:
    """Codes and labels where True and 1, or False and 0, stand in one column of objects: they are equal, and not one level."""
    truth = np.array([isinstance(value, bool | np.bool_) for value in column.to_numpy(dtype=object)])
    twice = [
        (k, other)
        for k, label in enumerate(labels)
        if _is_plain(label) and 0 < truth[codes == k].sum() < (codes == k).sum()
        for other in ([int(label)] if isinstance(label, bool | np.bool_) else [bool(label)])
    ]
    codes, labels = codes.copy(), list(labels)
    for k, other in twice:
        codes[(codes == k) & (truth == isinstance(other, bool))] = len(labels)
        labels.append(other)
    return codes, labels


def _refuse_infinite_levels(column: pd.Series, labels: list[Any], label: str) -> None:
    kind = column.dtype
    if (kind == np.dtype(object) or pd.api.types.is_float_dtype(kind)) and any(
        isinstance(level, float) and level in (np.inf, -np.inf) for level in labels
    ):
        refuse_infinite(pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan), label)


def of_dictionary(array: Any, label: str, kind: str) -> Coded:
    """An arrow dictionary array (n,) as `Coded`."""
    indices = array.indices
    codes = indices.cast("int64").fill_null(-1) if indices.null_count else indices
    labels = array.dictionary.to_pylist()
    if len(set(labels)) < len(labels) or None in labels:  # a dictionary may repeat itself; codes must not
        codes, labels = pd.factorize(pd.Series(array.to_pylist(), dtype=object), sort=False)
        return Coded(codes, labels.tolist(), kind)
    return Coded(inside(codes.to_numpy(zero_copy_only=False), len(labels), label), labels, kind)


def inside(codes: Ints, levels: int, label: str, error: type[SurveysimError] = DataError) -> Ints:
    """The codes, none of them beyond the levels: tables may be made without looking."""
    if len(codes) and int(codes.max()) >= levels:
        message = (
            "{label} has codes beyond its {levels} levels in {bad} rows, the first is row {row}; mend the codes, or name their "
            "levels."
        )
        refuse(codes >= levels, message, error, label=label, levels=levels)
    return codes


def codes_inside(what: str, codes: Values, levels: int, n: int) -> Ints:
    """Codes (n,) of `levels` levels, checked where somebody hands them in."""
    codes = np.asarray(codes)
    if codes.shape != (n,) or codes.dtype.kind not in "iu":
        raise DataError(f"{what} is {codes.dtype} of shape {codes.shape}; give integers of shape ({n},).")
    message = "{what} has {bad} codes outside 0 to {most}, the first is {first} in row {row}."
    refuse((codes < 0) | (codes >= levels), message, what=what, most=levels - 1, first=codes)
    return codes


def all_finite(values: Array) -> bool:
    """Whether no value (n,) is missing or infinite, by one sum, which either would spoil."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(values.sum())) or bool(np.isfinite(values).all())


def refuse_infinite(values: Array, label: str, inside: Truths | None = None) -> None:
    """Raise where values (n,) are infinite (in the rows `inside`)."""
    if all_finite(values):
        return
    infinite = np.isinf(values) if inside is None else np.isinf(values) & inside
    message = (
        "{label} is infinite in {bad} of {n} rows, the first is row {row}. Mend these values, or leave the rows out."
    )
    refuse(infinite, message, label=label)
