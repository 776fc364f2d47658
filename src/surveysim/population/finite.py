"""What a source of people is: persons and households by number, exact values for any domain. `Population` asks one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Array, Ints, Values
from ..errors import DataError
from . import domains


class Finite:
    """A source of a finite population.

    A subclass has `size`, `n_households`, `strata`, `stratum_name`, `seed` and `fingerprint`, and

    columns() : names of the columns of persons. persons(ids, columns) : their table, rows in the order of ids.
    households(ids) : a table. labels(column) : what a column can hold that defines domains or selects persons.
    blocks(stratum, most) : ids of a stratum (by index), at most so many together.
    n_numbers(kind, ids) : working mobile numbers of persons, or landlines of households.
    totals(expressions, by, where, progress) : names of the domains, and a function from an expression to its total in each.
    owners(kind) : first owner of every stratum, the most numbers one holds, numbers held by stratum; not where numbers lie by unit.
    """

    household_name = "household_id"  # of the column of household ids
    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # what a subclass has

    def person_ids(self, ids: Values) -> Ints:
        """Ids of persons as an array; refuses those that are none."""
        return ids_below(ids, self.size, "person")

    def household_ids(self, ids: Values) -> Ints:
        """The same of households."""
        return ids_below(ids, self.n_households, "household")

    def owner_ids(self, kind: str, ids: Values) -> Ints:
        """Ids of those who have numbers of a kind: of persons, or of households."""
        person = guards.choice(kind, "kind", ("landline", "mobile")) == "mobile"
        return self.person_ids(ids) if person else self.household_ids(ids)

    def wanted(self, columns: Any) -> list[str]:
        """The names of some columns of persons; all where None."""
        return domains.wanted(columns, self.columns())

    def check(self, where: Mapping[str, Any], columns: Iterable[str] | None) -> None:
        """Refuse labels and columns that persons do not have."""
        for column, wanted in where.items():
            domains.label_codes(self.labels(column), wanted, column)
        self.wanted(columns)

    def select(self, ids: Values, where: Mapping[str, Any], columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The persons among `ids` that carry the labels of `where`, as a pandas table."""
        ids, where = self.person_ids(ids), domains.conditions(where)
        if where:
            self.check(where, columns)
            seen, keep = self._pandas(ids, list(where)), np.ones(len(ids), bool)
            for column, wanted in where.items():  # as text: a block need not have every label
                codes, labels = domains.labels_of(seen[column])
                there = set(map(str, wanted))
                keep &= np.isin(codes, [k for k, label in enumerate(labels) if str(label) in there])
            ids = ids[keep]
        return self._pandas(ids, columns)

    def _pandas(self, ids, columns):
        return nw.from_native(self.persons(ids, columns)).to_pandas()

    def parameter(self, name: str, by: Any, where: Any, progress: Callable[[int], object] | None) -> Any:
        """See `Population.parameter`."""
        by, where = domains.asked(by, where)
        expressions, value_of = self.statistic(name)
        found, total = self.totals(expressions, by, where, progress)
        return pd.DataFrame({"domain": found, "value": np.asarray(value_of(total), dtype=float)})

    def statistic(self, name: str) -> tuple[Sequence[str], Callable[[Callable[[str], Any]], Any]]:
        """The expressions that the name of a parameter asks for, and its value from a function of their totals."""
        parts = domains.fraction(name)
        return [part for part in parts if part], lambda total: domains.ratio(total, *parts)


def totals_of_rows(
    axes: domains.Axes,
    by: Sequence[str],
    keep: Array,
    there: Array | bool,
    values: Callable[[str], Any],
) -> tuple[list[str], Callable[[str], Any]]:
    """`Finite.totals` from the rows to `keep`, of which some are `there`; values : the rows' values of an expression."""
    code, size = domains.combine(axes, by, keep.shape)
    present = domains.present(code[keep & there], by)

    def total(expression):
        return np.bincount(code[keep], values(expression)[keep], size)[present]

    return [domains.text(axes, by, int(c)) for c in present], total


def ids_below(ids: Values, size: int, what: str) -> Ints:
    """Whole numbers from 0 to size - 1, as an array."""
    try:
        ids = np.asarray(ids)
    except ValueError:  # lists of several lengths
        raise DataError(f"{what} ids = {guards.sight(ids)}: give one list of whole numbers.") from None
    if ids.ndim != 1:
        raise DataError(
            f"{what} ids must be one list; got {'a single value' if ids.ndim == 0 else f'shape {ids.shape}'}."
        )
    if len(ids) == 0:
        return np.empty(0, np.int64)
    if ids.dtype.kind not in "iu":
        raise DataError(f"{what} ids must be whole numbers; got {ids.dtype}.")
    ids = ids.astype(np.int64)
    outside = (ids < 0) | (ids >= size)
    if outside.any():
        raise DataError(
            f"{int(outside.sum())} of {len(ids)} {what} ids are outside 0 to {size - 1:,}; "
            f"the first is {int(ids[outside][0])}."
        )
    return ids
