"""A finite population that is a table: the user's own."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Ints, Table, Values
from ..errors import DataError, UnknownNameError
from ..tables import framed, one_name
from . import domains
from .finite import Finite, totals_of_rows


class FromTable(Finite):
    """The population behind `Population.from_frame`: every row is a person, the id is the row's position.

    Attributes
    ----------
    size, n_households, strata, seed : as of every population.
    """

    household_name = "household_index"

    def __init__(
        self,
        data: Table,
        stratum: str | None = None,
        household: str | None = None,
        mobiles: str | None = None,
        lines: str | None = None,
        seed: int = 1,
    ) -> None:
        self._data = framed(data, "from_frame: data").clone()  # the caller's table may change later
        names = [str(column) for column in self._data.columns]
        if len(set(names)) < len(names) or not all(isinstance(c, str) for c in self._data.columns):
            raise DataError("from_frame: columns need names that are text and different from each other.")
        self._columns = dict(stratum=stratum, household=household, mobiles=mobiles, lines=lines)
        for role, column in self._columns.items():
            if column is not None and one_name(column, f"from_frame: {role}") not in names:
                raise UnknownNameError(
                    f"from_frame: {role} = {column!r} is no column; the table has {', '.join(names)}."
                )
        self.seed = guards.seed_of(seed)
        self.stratum_name = stratum or ("stratum" if "stratum" not in names else "part")
        self.size = len(self._data)
        if self.size == 0:
            raise DataError("from_frame: the table has no rows.")
        labels = np.full(self.size, "all") if stratum is None else self._text(stratum)
        strata, self._stratum = np.unique(labels, return_inverse=True)
        self.strata = tuple(strata.tolist())
        homes = np.arange(self.size) if household is None else self._text(household)
        _, first, self._household = np.unique(homes, return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first))  # households in the order of their first rows
        self._household, self._first = rank[self._household], np.sort(first)
        self.n_households = len(first)
        if household is not None:
            self._same_in_household("stratum", stratum, self._stratum)
            self._same_in_household("lines", lines, None if lines is None else self._counts(lines))
        self.fingerprint = self._hash()

    def _hash(self):
        table = self._data.to_pandas()
        digest = hashlib.sha256(repr((list(table.dtypes.items()), self._columns, self.seed)).encode())
        try:
            digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
        except TypeError:
            raise DataError("from_frame: columns must hold numbers, text, dates or true/false, not lists.") from None
        return digest.hexdigest()[:20]

    def __repr__(self) -> str:
        return f"<Population.from_frame: {self.size:,} persons in {len(self.strata)} strata>"

    def _text(self, column):
        values = self._data[column].to_pandas()
        missing = values.isna().to_numpy()
        if missing.any():
            raise DataError(
                f"from_frame: {column!r} is missing in {int(missing.sum())} of {self.size} rows; "
                f"every person needs one. Fill it or drop the rows."
            )
        codes, labels = domains.labels_of(values)
        return np.array([str(label) for label in labels])[codes]

    def _counts(self, column):
        values = self._data[column].to_numpy()
        if values.dtype.kind == "b":
            values = values.astype(np.int64)
        bad = ~(np.isin(values, (0, 1, 2, 3)))
        if bad.any():
            raise DataError(
                f"from_frame: {column!r} counts telephone numbers, 0 to 3; {int(bad.sum())} of {self.size} rows hold "
                f"something else, the first {values[bad][0]!r}."
            )
        return values.astype(np.int64)

    def _same_in_household(self, role, column, values):
        if column is None:
            return
        differs = values != values[self._first][self._household]
        if differs.any():
            raise DataError(
                f"from_frame: {role} {column!r} differs inside {len(np.unique(self._household[differs]))} households; the "
                f"first such row is {int(np.nonzero(differs)[0][0])}. Members of a household share it."
            )

    def blocks(self, stratum: int, most: int) -> list[Any]:
        """Arrays of at most so many ids that make up a stratum (by index)."""
        ids = np.nonzero(self._stratum == stratum)[0]
        return [ids[i : i + most] for i in range(0, len(ids), most)]

    def columns(self) -> Sequence[str]:
        """Names of the columns of `persons`."""
        return [*(name for name in self._added([]) if name not in self._data.columns), *self._data.columns]

    def persons(self, ids: Values, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows of `ids` as a table of the caller's kind, with person_id (the position) and household_index."""
        ids = self.person_ids(ids)
        table = self._data[ids]
        space = nw.get_native_namespace(table)
        added = {name: values for name, values in self._added(ids).items() if name not in table.columns}
        table = table.with_columns(*(nw.new_series(n, v, nw.Int64, backend=space) for n, v in added.items()))
        table = table.select(self.wanted(columns)).to_native()
        return table.reset_index(drop=True) if isinstance(table, pd.DataFrame) else table

    def _added(self, ids):
        added = {"person_id": ids}
        return added | ({} if self._columns["household"] is None else {"household_index": self._household[ids]})

    def households(self, ids: Values) -> pd.DataFrame:
        """A DataFrame of households: household_index, the stratum, your label, household_size, first_person_id, n_lines."""
        ids = self.household_ids(ids)
        size = np.bincount(self._household, minlength=self.n_households)
        first, label = self._first[ids], self._columns["household"]
        return pd.DataFrame(
            {
                "household_index": ids,
                self.stratum_name: np.array(self.strata)[self._stratum[first]],
                **({} if label is None else {label: self._data[label].to_pandas().to_numpy()[first]}),
                "household_size": size[ids],
                "first_person_id": first,
                "n_lines": self.n_numbers("landline", ids),
            }
        )

    # ------------------------------------------------------------------------------------------------ telephones
    def n_numbers(self, kind: str, ids: Ints) -> Ints:
        """Working mobile numbers of persons, or landlines of households."""
        ids = self.owner_ids(kind, ids)
        column = self._columns["mobiles" if kind == "mobile" else "lines"]
        if column is None:
            return np.zeros(len(ids), np.int64)
        return self._counts(column)[ids if kind == "mobile" else self._first[ids]]

    def owners(self, kind: str) -> Any:
        """First owner of every stratum in the order of `owner_ids`, the most numbers one holds, numbers held by stratum."""
        role = "mobiles" if kind == "mobile" else "lines"
        if self._columns[role] is None:
            raise DataError(f"a {kind} frame needs the column that counts numbers: Population.from_frame(…, {role}=…).")
        every = np.arange(self.size if kind == "mobile" else self.n_households)
        stratum = self._stratum if kind == "mobile" else self._stratum[self._first]
        held = self.n_numbers(kind, every)
        order = np.argsort(stratum, kind="stable")
        start = np.searchsorted(stratum[order], np.arange(len(self.strata) + 1))
        return order, start, max(1, int(held.max())), np.bincount(stratum, held, len(self.strata))

    # ------------------------------------------------------------------------------------------------ the exact truth
    def totals(
        self,
        expressions: Sequence[str],
        by: Sequence[str],
        where: Mapping[str, Sequence[Any]],
        progress: Callable[[int], object] | None = None,
    ) -> tuple[list[str], Callable[[str], Any]]:
        """See `Finite`; the names are columns, or "persons"."""
        axes = {column: self._axis(column) for column in {*by, *where}}
        keep = domains.inside(axes, where, (self.size,), by)
        return totals_of_rows(axes, by, keep, True, lambda text: self._values(text, keep))

    def _axis(self, column):
        if column not in self._data.columns:
            raise UnknownNameError(f"no column {column!r}; the table has {', '.join(self._data.columns)}.")
        return domains.labels_of(self._data[column].to_pandas())

    def labels(self, column: str) -> Sequence[Any]:
        """Labels of a column."""
        return self._axis(column)[1]

    def _values(self, expression, keep):
        value = np.ones(self.size)
        for name in (part.strip() for part in expression.split("*")):
            if name == "persons":
                continue
            if name not in self._data.columns:
                raise UnknownNameError(f"no column {name!r}; the table has persons, {', '.join(self._data.columns)}.")
            column = self._data[name].to_pandas()
            if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
                raise DataError(f"{name!r} is text; a total needs numbers or true/false. Put it into `by` or `where`.")
            missing = column.isna().to_numpy() & keep
            if missing.any():
                raise DataError(
                    f"{name!r} is missing in {int(missing.sum())} of {int(keep.sum())} rows, so its total is unknown. Fill it, drop "
                    f"the rows, or leave them out with where."
                )
            numbers = column.to_numpy(dtype=float, na_value=0.0)
            endless = int((np.isinf(numbers) & keep).sum())
            if endless:
                raise DataError(
                    f"{name!r} is infinite in {endless} of {int(keep.sum())} rows, so its total is none. Mend them, or leave them out "
                    f"with where."
                )
            value = value * np.where(keep, numbers, 0.0)
        return value
