"""Any country's population from margin tables: strata × margins, every person a function of their number."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from .. import guards, streams
from ..aliases import Ints, Values
from ..apportion import largest_remainder, starts
from ..coding import categorical
from ..errors import DataError, UnknownNameError
from ..kernels import margins as kernels
from ..kernels import randomness
from ..tables import one_name
from ..threads import each
from . import country_tables as tables
from . import domains
from .finite import Finite, totals_of_rows
from .fitting import fitted

BLOCK = 1 << 20
SWEEPS = 2000  # of the fit of a stratum


class FromMargins(Finite):
    """The population behind `Population.from_margins`.

    Attributes
    ----------
    size, n_households, strata, seed : as of every population.
    levels : mapping of variables to their levels.
    """

    def __init__(
        self,
        margins: Any,
        stratum: str,
        association: Any,
        household_sizes: Any,
        rates: Any,
        mobiles: Any,
        lines: Any,
        seed: int,
    ) -> None:
        self.seed, self.stratum_name = guards.seed_of(seed), one_name(stratum, "from_margins: stratum")
        if mobiles is not None:
            one_name(mobiles, "from_margins: mobiles")
        self.strata, self.levels, totals = tables.read_margins(margins, stratum)
        prior = tables.read_association(association, self.levels)
        self._mobiles = self._count_levels(mobiles)
        persons = np.array([round(float(next(iter(t.values())).sum())) for t in totals])
        joint = np.stack([_fit(prior, t, s) for t, s in zip(totals, self.strata)])
        self.outcome_names, threshold = tables.read_rates(rates, self.levels)
        tables.refuse_names([*self.levels, *self.outcome_names], stratum)
        alias = np.zeros((len(self.strata), joint[0].size), np.uint64)
        randomness.alias_tables(joint.reshape(len(self.strata), -1), alias)
        size, count, of = _classes(persons, *tables.read_sizes(household_sizes, persons))
        self._lines = lines
        self.people = kernels.Margined(
            key=streams.key(seed, "", "population"),
            class_person=starts(size * count),
            class_household=starts(count),
            class_size=size,
            class_stratum=of,
            alias=alias[:, None],
            threshold=threshold,
            line=tables.read_lines(lines, self.strata),
        )
        self.size, self.n_households = int((size * count).sum()), int(count.sum())
        digest = hashlib.sha256(repr((seed, stratum, list(self.levels.items()), self.outcome_names, mobiles)).encode())
        for array in (joint, threshold, size, count, self.people.line):
            digest.update(np.ascontiguousarray(array).tobytes())
        self.fingerprint = digest.hexdigest()[:20]

    def __repr__(self) -> str:
        return f"<Population.from_margins: {self.size:,} persons in {len(self.strata)} strata>"

    def _count_levels(self, variable):
        """Telephone numbers that each level of a variable stands for."""
        if variable is None:
            return None
        if variable not in self.levels:
            raise UnknownNameError(f"no margin {variable!r}; there are {', '.join(self.levels)}.")
        labels = [str(level) for level in self.levels[variable]]
        bad = [label for label in labels if label not in ("0", "1", "2", "3")]
        if bad:
            raise DataError(f"{variable!r} counts telephone numbers, 0 to 3; it has the level {bad[0]!r}.")
        return variable, np.array([int(label) for label in labels])

    # ------------------------------------------------------------------------------------------------- random access
    def _draw(self, ids, outcomes=True):
        ids = self.person_ids(ids)
        out = np.empty((len(ids), 4), np.int64)
        answers = np.empty((len(ids), len(self.outcome_names) if outcomes else 0), np.uint8)
        kernels.draw(self.people, ids, out, answers)
        return ids, out, answers

    def _level(self, cell, variable):
        """Level code of a variable from the cell."""
        shape = [len(levels) for levels in self.levels.values()]
        place = list(self.levels).index(variable)
        return cell // math.prod(shape[place + 1 :]) % shape[place]

    def columns(self) -> Sequence[str]:
        """Names of the columns of `persons`."""
        return [
            "person_id",
            "household_id",
            self.stratum_name,
            "household_size",
            "n_lines",
            *self.levels,
            *self.outcome_names,
        ]

    def persons(self, ids: Values, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A table of persons: ids, the stratum, household_size, n_lines, every variable (categorical), every outcome (bool)."""
        wanted = self.wanted(columns)
        ids, out, answers = self._draw(ids)
        make = {
            "person_id": lambda: ids,
            "household_id": lambda: out[:, 1],
            self.stratum_name: lambda: self._stratum(out[:, 0]),
            "household_size": lambda: out[:, 3],
            "n_lines": lambda: self.n_numbers("landline", out[:, 1]),
        }
        for name, labels in self.levels.items():
            make[name] = lambda n=name, x=labels: categorical(self._level(out[:, 2], n), x)
        for k, name in enumerate(self.outcome_names):
            make[name] = lambda j=k: answers[:, j].astype(bool)
        return pd.DataFrame({name: make[name]() for name in wanted})

    def _stratum(self, of_class):
        return categorical(self.people.class_stratum[of_class], list(self.strata))

    def households(self, ids: Values) -> pd.DataFrame:
        """A table of households: household_id, the stratum, household_size, first_person_id, n_lines."""
        ids, p = self.household_ids(ids), self.people
        c = np.searchsorted(p.class_household, ids, side="right") - 1
        return pd.DataFrame(
            {
                "household_id": ids,
                self.stratum_name: self._stratum(c),
                "household_size": p.class_size[c],
                "first_person_id": p.class_person[c] + (ids - p.class_household[c]) * p.class_size[c],
                "n_lines": self.n_numbers("landline", ids),
            }
        )

    def blocks(self, stratum: int, most: int) -> list[Any]:
        """Ranges of at most so many ids that make up a stratum (by index)."""
        inside = np.nonzero(self.people.class_stratum == stratum)[0]
        if len(inside) == 0:
            return []
        first, end = int(self.people.class_person[inside[0]]), int(self.people.class_person[inside[-1] + 1])
        return [range(start, min(start + most, end)) for start in range(first, end, most)]

    def labels(self, column: str) -> Sequence[Any]:
        """Labels that a column of persons can have."""
        labels = self.levels | {name: [False, True] for name in self.outcome_names}
        labels |= {"household_size": np.unique(self.people.class_size).tolist(), "n_lines": [0, 1]}
        if column not in labels:
            raise UnknownNameError(f"column {column!r} cannot select persons; choose from {', '.join(labels)}.")
        return labels[column]

    # ------------------------------------------------------------------------------------------------ telephones
    def n_numbers(self, kind: str, ids: Ints) -> Ints:
        """Working mobile numbers of persons, or landlines of households."""
        ids = self.owner_ids(kind, ids)
        if kind == "landline":
            held = np.empty(len(ids), np.int64)
            kernels.lines(self.people, ids, held)
            return held
        if self._mobiles is None:
            return np.zeros(len(ids), np.int64)
        variable, counts = self._mobiles
        return counts[self._level(self._draw(ids, outcomes=False)[1][:, 2], variable)]

    def owners(self, kind: str) -> Any:
        """See `Finite`; ids are sorted by stratum, and held numbers are expectations."""
        p = self.people
        edges = np.searchsorted(p.class_stratum, np.arange(len(self.strata) + 1))
        if kind == "landline":
            if self._lines is None:
                raise DataError(
                    "a landline frame needs the share of households with one: Population.from_margins(…, lines=…)."
                )
            start = p.class_household[edges]
            return None, start, 1, p.line / 2.0**32 * np.diff(start)
        if self._mobiles is None:
            raise DataError(
                "a mobile frame needs the margin that counts numbers: Population.from_margins(…, mobiles=…)."
            )
        variable, counts = self._mobiles
        found = self.parameter("persons", [self.stratum_name, variable], None, None)
        held = np.zeros(len(self.strata))
        names = {f"{self.stratum_name}={s}, {variable}={v}": (i, n) for i, s in enumerate(self.strata)
                 for v, n in zip(self.levels[variable], counts)}  # fmt: skip
        for domain, value in zip(found["domain"], found["value"]):
            held[names[domain][0]] += names[domain][1] * value
        return None, p.class_person[edges], max(1, int(counts.max())), held

    # ------------------------------------------------------------------------------------------------ the exact truth
    @cached_property
    def _sums(self):
        """Exact persons and outcomes by stratum and cell, (S, J, 1 + K): everybody is streamed once, block by block."""
        p, cells = self.people, self.people.alias.shape[2]
        blocks = [(s, ids) for s in range(len(self.strata)) for ids in self.blocks(s, BLOCK)]

        def one(block):
            sums = np.zeros((cells, 1 + len(self.outcome_names)), np.int64)
            kernels.tally(p, block[1].start, block[1].stop, block[0], sums)
            return block[0], sums

        result = np.zeros((len(self.strata), cells, 1 + len(self.outcome_names)), np.int64)
        for s, sums in each(one, blocks):
            result[s] += sums
        return result

    def totals(
        self,
        expressions: Sequence[str],
        by: Sequence[str],
        where: Mapping[str, Sequence[Any]],
        progress: Callable[[int], object] | None = None,
    ) -> tuple[list[str], Callable[[str], Any]]:
        """See `Finite`; an expression is "persons" or an outcome, either times groups such as "sex=female"."""
        shape = self._sums.shape[:2]
        axes = {
            column: (np.broadcast_to(codes, shape), labels) for column, (codes, labels) in self._axes(shape[1]).items()
        }
        inside = domains.inside(axes, where, shape)
        there = self._sums[..., 0] > 0
        return totals_of_rows(axes, by, inside, there, lambda text: self._values(text, axes, shape))

    def _axes(self, cells):
        """{column: (codes that broadcast to strata × cells, labels)} of what can define domains."""
        cell = np.arange(cells)
        axes = {self.stratum_name: (np.arange(len(self.strata))[:, None], list(self.strata))}
        return axes | {v: (self._level(cell, v)[None, :], list(labels)) for v, labels in self.levels.items()}

    def _values(self, expression, axes, shape):
        """Sums of an expression by stratum and cell."""
        value, factors = self._sums[..., 0], [part.strip() for part in expression.split("*")]
        named = [factor for factor in factors if factor in self.outcome_names]
        if len(named) > 1:
            raise DataError(f"{expression!r} names {len(named)} outcomes ({', '.join(named)}); name one, and groups.")
        mask = np.ones(shape, bool)
        for factor in factors:
            if "=" in factor:
                column, _, label = factor.partition("=")
                mask &= domains.inside(axes, {column.strip(): label.strip()}, shape)
            elif factor in self.outcome_names:
                value = self._sums[..., 1 + self.outcome_names.index(factor)]
            elif factor != "persons":
                raise UnknownNameError(
                    f"{factor!r} is no outcome; there are persons{''.join(', ' + name for name in self.outcome_names)}."
                )
        return value * mask


def _fit(prior, totals, stratum):
    """The joint table of one stratum, by iterative proportional fitting."""
    axes = range(prior.ndim)
    margins = [
        (tuple(a for a in axes if a != m), total.reshape([-1 if a == m else 1 for a in axes]))
        for m, total in enumerate(totals.values())
    ]
    start = prior * (next(iter(totals.values())).sum() / prior.sum())
    table, gaps = fitted(start, margins, SWEEPS, tables.TOLERANCE)
    if gaps is not None:
        worst = int(np.argmax(gaps))
        raise DataError(
            f"association: stratum {stratum} cannot meet its margins; {list(totals)[worst]!r} is off by {gaps[worst]:,.0f} persons "
            f"after {SWEEPS:,} sweeps. Combinations of weight 0 leave too little room."
        )
    return table


def _classes(persons, sizes, share):
    """Size, number and stratum of the classes of equal households."""
    rows = []
    for s, total in enumerate(persons):
        counts = largest_remainder(share, int(total // (share @ sizes)))
        while counts @ sizes > total:
            counts[np.nonzero(counts)[0][-1]] -= 1
        rest = int(total - counts @ sizes)
        rows += [(size, count, s) for size, count in zip(sizes, counts) if count] + [(rest, 1, s)] * (rest > 0)
    table = np.array(rows, np.int64).reshape(-1, 3)
    return table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy()
