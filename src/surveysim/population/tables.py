"""A finite population that is a table: the user's own."""

import hashlib

import narwhals as nw
import numpy as np
import pandas as pd

from ..errors import DataError, UnknownNameError
from . import domains
from .base import Population


class TablePopulation(Population):
    """The population behind `Population.from_frame`: every row is a person, the id is the row's position.

    Attributes
    ----------
    size, n_households, strata, seed : as of every population.
    """

    def __init__(self, data, stratum=None, household=None, mobiles=None, lines=None, seed=1):
        self._data = nw.from_native(data, eager_only=True)
        self.seed, self.stratum_name = seed, stratum or "stratum"
        self._columns = dict(stratum=stratum, household=household, mobiles=mobiles, lines=lines)
        for role, column in self._columns.items():
            if column is not None and column not in self._data.columns:
                raise UnknownNameError(
                    f"from_frame: {role} = {column!r} is no column; the table has {', '.join(self._data.columns)}."
                )
        self.size = len(self._data)
        if self.size == 0:
            raise DataError("from_frame: the table has no rows.")
        labels = np.full(self.size, "all") if stratum is None else self._text(stratum)
        names, self._stratum = np.unique(labels, return_inverse=True)
        self.strata = tuple(names.tolist())
        homes = np.arange(self.size) if household is None else self._text(household)
        _, first, self._household = np.unique(homes, return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first))  # households in the order of their first rows
        self._household, self._first = rank[self._household], np.sort(first)
        self.n_households = len(first)
        if household is not None:
            self._same_in_household("stratum", stratum, self._stratum)
            self._same_in_household("lines", lines, None if lines is None else self._counts(lines))
        digest = hashlib.sha256(pd.util.hash_pandas_object(self._data.to_pandas(), index=False).to_numpy().tobytes())
        self.fingerprint = digest.hexdigest()[:20]

    def __repr__(self):
        return f"<Population.from_frame: {self.size:,} persons in {len(self.strata)} strata>"

    def _text(self, column):
        values = self._data[column]
        if values.is_null().any():
            raise DataError(
                f"from_frame: {column!r} is missing in {int(values.is_null().sum())} of {self.size} rows; "
                f"every person needs one. Fill it or drop the rows."
            )
        return values.to_pandas().astype(str).to_numpy(dtype=str)

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

    def blocks(self, stratum, most):
        """Arrays of at most so many ids that make up a stratum (by index)."""
        ids = np.nonzero(self._stratum == stratum)[0]
        return [ids[i : i + most] for i in range(0, len(ids), most)]

    def persons(self, ids, columns=None):
        """The rows of `ids` as a table of the caller's kind, with person_id in front.

        Parameters
        ----------
        ids : array of int, positions of rows.
        columns : names of the columns wanted; None: all.
        """
        ids = self._ids(ids, self.size, "person")
        table = self._data[ids]
        space = nw.get_native_namespace(table)
        table = table.with_columns(nw.new_series("person_id", ids, nw.Int64, backend=space))
        wanted = ["person_id", *self._data.columns] if columns is None else list(columns)
        missing = [c for c in wanted if c not in table.columns]
        if missing:
            raise UnknownNameError(
                f"no column {missing[0]!r}; persons have person_id, {', '.join(self._data.columns)}."
            )
        table = table.select(wanted).to_native()
        return table.reset_index(drop=True) if isinstance(table, pd.DataFrame) else table

    def households(self, ids):
        """A DataFrame of households: household_id, stratum, household_size, first_person_id, n_lines."""
        ids = self._ids(ids, self.n_households, "household")
        size = np.bincount(self._household, minlength=self.n_households)
        return pd.DataFrame(
            {
                "household_id": ids,
                self.stratum_name: np.array(self.strata)[self._stratum[self._first[ids]]],
                "household_size": size[ids],
                "first_person_id": self._first[ids],
                "n_lines": self.n_numbers("landline", ids),
            }
        )

    # ------------------------------------------------------------------------------------------------ telephones
    def n_numbers(self, kind, ids):
        """Working mobile numbers of persons, or landlines of households."""
        column = self._columns["mobiles" if kind == "mobile" else "lines"]
        if column is None:
            return np.zeros(len(ids), np.int64)
        return self._counts(column)[ids if kind == "mobile" else self._first[ids]]

    def owners(self, kind):
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
    def parameter(self, name, by=None, where=None):
        """The exact value of a total or a ratio of totals.

        Parameters
        ----------
        name : column, or a product of columns ("income*employed"), or a ratio of two ("income/persons"); "persons" counts.
        by : column or list of columns. where : mapping of columns to a label or a list of labels.

        Returns
        -------
        DataFrame with `domain` and `value`.
        """
        by, where = domains.named(by), dict(where or {})
        axes = {column: self._axis(column) for column in {*by, *where}}
        shape = (self.size,)
        keep = domains.inside(axes, where, shape, by)
        code, size = domains.combine(axes, by, shape)
        code = code[keep]
        present = np.unique(code)
        totals = [np.bincount(code, self._values(part)[keep], size)[present] for part in name.split("/")]
        with np.errstate(divide="ignore", invalid="ignore"):
            value = totals[0] if len(totals) == 1 else totals[0] / totals[1]
        return pd.DataFrame({"domain": [domains.text(axes, by, c) for c in present], "value": value.astype(float)})

    def _axis(self, column):
        if column not in self._data.columns:
            raise UnknownNameError(f"no column {column!r}; the table has {', '.join(self._data.columns)}.")
        codes, labels = pd.factorize(self._data[column].to_pandas(), sort=True)
        return codes, list(labels)

    def _values(self, expression):
        value = np.ones(self.size)
        for name in (part.strip() for part in expression.split("*")):
            if name == "persons":
                continue
            if name not in self._data.columns:
                raise UnknownNameError(f"no column {name!r}; the table has persons, {', '.join(self._data.columns)}.")
            column = self._data[name].to_pandas()
            if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
                raise DataError(f"{name!r} is text; a total needs numbers or true/false. Put it into `by` or `where`.")
            if column.isna().any():
                raise DataError(
                    f"{name!r} is missing in {int(column.isna().sum())} of {self.size} rows, so its total is unknown. Fill it, "
                    f"or drop the rows."
                )
            value = value * column.to_numpy(dtype=float)
        return value

    def select(self, ids, where, columns=None):
        """The persons among `ids` that carry the labels of `where`, as pandas."""
        axes = {column: tuple(self._axis(column)) for column in where}
        keep = domains.inside(axes, where, (self.size,))[ids]
        return nw.from_native(self.persons(ids[keep], columns)).to_pandas()
