"""Reading tables of repetitions: of any kind, long or wide, by group and repetition."""

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from .. import guards
from ..aliases import OwnKind, Table
from ..errors import DataError, SurveysimWarning
from ..tables import called, framed, named, numbers_of, one_name

WIDE = ("estimate", "se", "lower", "upper")  # what may stand in a column for every method
LARGEST = 1e150  # values beyond this have no squares in double precision, and nothing can be divided by those below its inverse
REPETITION = ("repetition", "rep", "dataset", "i")  # names a column of repetitions usually has


@dataclass(frozen=True)
class Repetitions:
    """Estimates in many repetitions.

    Attributes
    ----------
    data, kind : the table as pandas, and its own kind. by : columns that tell groups apart.
    numbers : {estimate, se, lower, upper, df, true: (n,) floats with NaN for missing values, or None}.
    """

    data: pd.DataFrame
    kind: nw.Implementation
    by: list
    numbers: dict

    @classmethod
    def of(cls, frame: Any, by: Any, sources: dict[str, Any], level: float) -> "Repetitions":
        """As `performance` takes them, {estimate, se, lower, upper, df, true: source}; refused where they cannot be judged."""
        if isinstance(sources["estimate"], dict):
            frame, by, long = _from_wide(frame, by, {what: sources[what] for what in WIDE})
            sources = sources | long
        data, kind = read(frame)
        by = _names(by)
        for name in by:
            column(data, name)
        guards.level(level)
        optional = {what for what, source in sources.items() if source is None} - {"estimate", "true"}
        found = {what: None if what in optional else numbers(data, given, what) for what, given in sources.items()}
        _check(found, sources)
        return cls(data, kind, by, found)

    @cached_property
    def groups(self) -> dict:
        """{key: rows} in order of appearance."""
        return grouped(self.data, self.by)

    def numbers_at(self, rows: np.ndarray) -> dict:
        return {what: None if values is None else values[rows] for what, values in self.numbers.items()}

    def identities(self, repetition: Hashable, reference: Any) -> Any:
        """Identity of every row's repetition (n,); None where nothing is compared."""
        if reference is None:
            return None
        try:
            hash(reference)
        except TypeError:
            raise DataError(
                f"reference = {guards.sight(reference)}: give one value of the last column of by."
            ) from None
        found = next((c for c in REPETITION if c in self.data.columns), None)
        name = found if repetition is None else one_name(repetition, "repetition")
        if name is None:
            raise DataError(
                f"a comparison pairs rows of one repetition; name their column by repetition=, or call it "
                f"{' or '.join(map(repr, REPETITION))}."
            )
        return column(self.data, name).to_numpy()

    def warn_of_pooling(self) -> None:
        """Say so where one group has a repetition more than once: most likely a column is missing in `by`."""
        name = next((c for c in REPETITION[:3] if c in self.data.columns and c not in self.by), None)
        if name is not None and any(self.data[name].iloc[at].duplicated().any() for at in self.groups.values()):
            warnings.warn(
                f"repetitions occur more than once in a group (column {name!r}); if they belong to different methods or scenarios, name "
                "these columns in by=.",
                SurveysimWarning,
                stacklevel=3,
            )

    def reference_rows(self, key: tuple, reference: Any) -> np.ndarray:
        """Rows of the reference in the group of a key."""
        by, base = self.by, (*key[:-1], reference)
        if not by:
            raise DataError("reference needs by=: the columns whose last one names the methods.")
        if base not in self.groups:
            known, others = dict.fromkeys(k[-1] for k in self.groups), dict(zip(by, key[:-1]))
            raise DataError(
                f"reference = {reference!r} is no value of {by[-1]!r}{f' where {others}' if others else ''}; there are "
                f"{', '.join(map(str, known))}."
            )
        return self.groups[base]

    def refuse_twice(self, ids: np.ndarray) -> None:
        if len(np.unique(ids)) < len(ids):
            raise DataError(
                f"a repetition occurs twice in one group of {', '.join(self.by)}; rows are paired by it. Add the columns that tell them "
                f"apart."
            )


def read(frame: Table) -> tuple[pd.DataFrame, nw.Implementation]:
    """The table as pandas, and its own kind."""
    table = framed(frame)
    return table.to_pandas(), table.implementation


def written(columns: Sequence[str], rows: Sequence[Any], kind: Any) -> OwnKind:
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    table = {name: list(column) for name, column in zip(columns, values, strict=True)}
    return pd.DataFrame(table) if kind.is_pandas() else nw.from_dict(table, backend=kind).to_native()


def column(data: pd.DataFrame, name: Hashable) -> pd.Series:
    if name not in data.columns:
        raise DataError(f"the table has no column {name!r}; it has {', '.join(map(str, data.columns))}.")
    return data[name]


def grouped(data: pd.DataFrame, by: list) -> dict:
    """{key: rows} in order of appearance."""
    if not by:
        return {(): np.arange(len(data))}
    if data[by].isna().any(axis=None):
        raise DataError(f"{', '.join(by)} have missing values, so rows cannot be told apart.")
    found = data.groupby(by, sort=False, observed=True).indices
    return {key if isinstance(key, tuple) else (key,): np.sort(rows) for key, rows in found.items()}


def numbers(data: pd.DataFrame, source: object, what: str) -> np.ndarray:
    """A column, or a number in every row, as (n,) floats with NaN for missing values."""
    alone = what in ("true", "df", "se")
    if alone and guards.is_number(source):
        if what == "df":
            return np.full(len(data), guards.number(source, "df", infinite=True))
        values = np.full(len(data), guards.number(source, what, -LARGEST, LARGEST))
        return _refuse_vanishing(values, what, what)
    if not isinstance(source, str):
        raise DataError(f"{what} = {guards.sight(source)}: give a column's name{' or a number' if alone else ''}.")
    column(data, source)
    values = numbers_of(data, source, len(data), what, finite=False)
    message = (
        "column {name!r} has {bad} {kind} values, the first in row {row} ({first:g}); an estimator that diverges has failed: set them "
        "missing, and they are counted."
    )
    if what != "df":
        guards.refuse(np.isinf(values), message, name=source, kind="infinite", first=values)
    absurd = np.isfinite(values) & (np.abs(values) > LARGEST)
    guards.refuse(absurd, message, name=source, kind="absurd", first=values)
    return _refuse_vanishing(values, what, f"column {source!r}")


def _refuse_vanishing(values, what, label):
    """The values; refused where they are true ones that are not 0 and that no bias can be divided by."""
    tiny = (values != 0) & (np.abs(values) < 1 / LARGEST) & (what == "true")
    message = "{label}: {bad} of {n} true values are next to nothing, the first is {first:g} in row {row}; give 0, or change the unit."
    guards.refuse(tiny, message, label=label, first=values)
    return values


def _check(given, sources):
    """Refuse what cannot be judged; `sources` are the columns or numbers that it came from."""
    if (sources["lower"] is None) != (sources["upper"] is None):
        raise DataError("lower and upper bounds of intervals come together; give both or neither.")
    wrong = [("true", np.isnan(given["true"]), "the true value is missing in {bad} rows")]
    if given["df"] is not None:
        wrong.insert(0, ("df", given["df"] <= 0, "degrees of freedom have to be above 0, and {bad} are not"))
    if given["se"] is not None:
        wrong.insert(0, ("se", given["se"] < 0, "{bad} standard errors are negative"))
    if given["lower"] is not None:
        wrong.append(("lower", given["lower"] > given["upper"], "in {bad} rows the lower bound is above the upper one"))
    for what, bad, words in wrong:
        guards.refuse(bad, "{what}: " + words + ", the first is row {row}.", what=called(what, sources[what]))


def _names(by):
    """Names of columns in a list."""
    if by is None:
        return []
    if not isinstance(by, str | list | tuple):
        raise DataError(f"by = {guards.sight(by)}: give the name of a column, or a list of names.")
    return named(by, "by")


def _from_wide(frame: Any, by: Any, given: dict[str, Any]) -> tuple[Any, list[str], dict[str, str | None]]:
    """Long shape from columns by method: the table, its groups, and where what is `given` by method stands in it."""
    estimate = given["estimate"]
    if not estimate:
        raise DataError("estimate = {}: give {method: column}, with at least one method.")
    data, kind = read(frame)
    parts = []
    for method in estimate:
        part = data.copy()
        for name, columns in given.items():
            if columns is not None:
                if not isinstance(columns, dict) or set(columns) != set(estimate):
                    raise DataError(f"{name} has to name a column for the same methods as estimate: {list(estimate)}.")
                part[f"_{name}"] = numbers(data, columns[method], name)
        parts.append(part.assign(method=method))
    names = {name: None if columns is None else f"_{name}" for name, columns in given.items()}
    long = pd.concat(parts, ignore_index=True)
    if not kind.is_pandas():
        long = nw.from_dict({c: long[c].to_list() for c in long.columns}, backend=kind).to_native()
    return long, [*([] if by is None else [by] if isinstance(by, str) else by), "method"], names
