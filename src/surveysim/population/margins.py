"""Any country's population from margin tables: strata × margins, every person a function of their number."""

import hashlib
import math
from functools import cached_property

import numpy as np
import pandas as pd

from .. import guards, streams
from ..apportion import largest_remainder, starts
from ..errors import DataError, UnknownNameError
from ..kernels import margins as kernels
from ..kernels import randomness
from ..tables import framed, one_name
from ..threads import each
from . import domains
from .base import Population

MOST_CELLS = 65_536  # an alias is 16 bits
BLOCK = 1 << 20
TOLERANCE = 1e-6  # how far margins of a stratum may disagree, relative


class MarginPopulation(Population):
    """The population behind `Population.from_margins`.

    Attributes
    ----------
    size, n_households, strata, seed : as of every population.
    levels : mapping of variables to their levels.
    """

    def __init__(self, margins, stratum, association, household_sizes, rates, mobiles, lines, seed):
        self.seed, self.stratum_name = guards.seed_of(seed), one_name(stratum, "from_margins: stratum")
        if mobiles is not None:
            one_name(mobiles, "from_margins: mobiles")
        table = _pandas(margins, (stratum, "variable", "level", "total"), "margins")
        self.strata, self.levels, totals = _read_margins(table, stratum)
        prior = _prior(association, self.levels)
        self._mobiles = self._count_levels(mobiles)
        persons = np.array([round(float(next(iter(t.values())).sum())) for t in totals])
        joint = np.stack([_fit(prior, t, s) for t, s in zip(totals, self.strata)])
        self.outcome_names, threshold = _thresholds(rates, self.levels)
        _refuse_names([*self.levels, *self.outcome_names], stratum)
        alias = np.zeros((len(self.strata), joint[0].size), np.uint64)
        randomness.alias_tables(joint.reshape(len(self.strata), -1), alias)
        size, count, of = _classes(persons, household_sizes)
        self._lines = lines
        self._people = kernels.Margined(
            key=streams.key(seed, "", "population"),
            class_person=starts(size * count),
            class_household=starts(count),
            class_size=size,
            class_stratum=of,
            alias=alias[:, None],
            threshold=threshold,
            line=_line_rates(lines, self.strata),
        )
        self.size, self.n_households = int((size * count).sum()), int(count.sum())
        digest = hashlib.sha256(repr((seed, stratum, list(self.levels.items()), self.outcome_names, mobiles)).encode())
        for array in (joint, threshold, size, count, self._people.line):
            digest.update(np.ascontiguousarray(array).tobytes())
        self.fingerprint = digest.hexdigest()[:20]

    def __repr__(self):
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
        ids = self._ids(ids, self.size, "person")
        out = np.empty((len(ids), 4), np.int64)
        answers = np.empty((len(ids), len(self.outcome_names) if outcomes else 0), np.uint8)
        kernels.draw(self._people, ids, out, answers)
        return ids, out, answers

    def _level(self, cell, variable):
        """Level code of a variable from the cell."""
        shape = [len(levels) for levels in self.levels.values()]
        place = list(self.levels).index(variable)
        return cell // math.prod(shape[place + 1 :]) % shape[place]

    def persons(self, ids, columns=None):
        """A table of persons, rows in the order of `ids`: person_id, household_id, the stratum, household_size, n_lines, every
        variable (categorical), every outcome (bool).

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> rows = [("sex", "f", 600), ("sex", "m", 400)]
        >>> margins = pd.DataFrame(rows, columns=["variable", "level", "total"]).assign(stratum="north")
        >>> ss.Population.from_margins(margins).persons([0, 999], ["person_id", "sex"]).values.tolist()
        [[0, 'm'], [999, 'm']]
        """
        ids, out, answers = self._draw(ids)
        make = {
            "person_id": lambda: ids,
            "household_id": lambda: out[:, 1],
            self.stratum_name: lambda: pd.Categorical.from_codes(
                self._people.class_stratum[out[:, 0]], list(self.strata)
            ),
            "household_size": lambda: out[:, 3],
            "n_lines": lambda: self.n_numbers("landline", out[:, 1]),
        }
        for name, labels in self.levels.items():
            make[name] = lambda n=name, x=labels: pd.Categorical.from_codes(self._level(out[:, 2], n), x)
        for k, name in enumerate(self.outcome_names):
            make[name] = lambda j=k: answers[:, j].astype(bool)
        return pd.DataFrame({name: make[name]() for name in domains.wanted(columns, make)})

    def households(self, ids):
        """A table of households: household_id, the stratum, household_size, first_person_id, n_lines.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> rows = [("sex", "f", 600), ("sex", "m", 400)]
        >>> margins = pd.DataFrame(rows, columns=["variable", "level", "total"]).assign(stratum="north")
        >>> pop = ss.Population.from_margins(margins, household_sizes={1: 0.5, 2: 0.5})
        >>> int(pop.households(range(pop.n_households))["household_size"].sum())
        1000
        """
        ids, p = self._ids(ids, self.n_households, "household"), self._people
        c = np.searchsorted(p.class_household, ids, side="right") - 1
        return pd.DataFrame(
            {
                "household_id": ids,
                self.stratum_name: pd.Categorical.from_codes(p.class_stratum[c], list(self.strata)),
                "household_size": p.class_size[c],
                "first_person_id": p.class_person[c] + (ids - p.class_household[c]) * p.class_size[c],
                "n_lines": self.n_numbers("landline", ids),
            }
        )

    def blocks(self, stratum, most):
        """Ranges of at most so many ids that make up a stratum (by index)."""
        inside = np.nonzero(self._people.class_stratum == stratum)[0]
        if len(inside) == 0:
            return []
        first, end = int(self._people.class_person[inside[0]]), int(self._people.class_person[inside[-1] + 1])
        return [range(start, min(start + most, end)) for start in range(first, end, most)]

    def select(self, ids, where, columns=None):
        """The persons among `ids` that carry the labels of `where`."""
        table = self.persons(ids)
        keep = np.ones(len(table), bool)
        where = domains.conditions(where)
        domains.wanted(list(where), table.columns)
        for column, wanted in where.items():  # as text: a block need not have every label
            keep &= np.isin(table[column].astype(str).to_numpy(dtype=str), [str(label) for label in wanted])
        table = table[keep].reset_index(drop=True)
        return table[domains.wanted(columns, table.columns)]

    def check(self, where, columns):
        """Refuse labels and columns that persons do not have."""
        labels = self.levels | {name: [False, True] for name in self.outcome_names}
        labels |= {"household_size": np.unique(self._people.class_size).tolist(), "n_lines": [0, 1]}
        for column, wanted in where.items():
            if column not in labels:
                raise UnknownNameError(f"column {column!r} cannot select persons; choose from {', '.join(labels)}.")
            domains.label_codes(labels[column], wanted, column)
        self.persons(np.arange(min(self.size, 1)), columns)

    # ------------------------------------------------------------------------------------------------ telephones
    def n_numbers(self, kind, ids):
        """Working mobile numbers of persons, or landlines of households."""
        ids = self._owners(kind, ids)
        if kind == "landline":
            held = np.empty(len(ids), np.int64)
            kernels.lines(self._people, ids, held)
            return held
        if self._mobiles is None:
            return np.zeros(len(ids), np.int64)
        variable, counts = self._mobiles
        return counts[self._level(self._draw(ids, outcomes=False)[1][:, 2], variable)]

    def owners(self, kind):
        """See `TablePopulation.owners`; ids are sorted by stratum, and held numbers are expectations."""
        p = self._people
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
        found = self.parameter("persons", by=[self.stratum_name, variable])
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
        p, cells = self._people, self._people.alias.shape[2]
        blocks = [(s, ids) for s in range(len(self.strata)) for ids in self.blocks(s, BLOCK)]

        def one(block):
            sums = np.zeros((cells, 1 + len(self.outcome_names)), np.int64)
            kernels.tally(p, block[1].start, block[1].stop, block[0], sums)
            return block[0], sums

        result = np.zeros((len(self.strata), cells, 1 + len(self.outcome_names)), np.int64)
        for s, sums in each(one, blocks):
            result[s] += sums
        return result

    def parameter(self, name, by=None, where=None):
        """The exact value over everybody of a total or a ratio of totals.

        Parameters
        ----------
        name : "persons", an outcome, either times groups such as "internet*sex=female", or a ratio of two of them.
        by : a column or a list of columns: the stratum and the variables. where : mapping of them to labels.

        Returns
        -------
        DataFrame with `domain` and `value`.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> rows = [("sex", "f", 600), ("sex", "m", 400)]
        >>> margins = pd.DataFrame(rows, columns=["variable", "level", "total"]).assign(stratum="north")
        >>> pop = ss.Population.from_margins(margins)
        >>> found = pop.parameter("persons", by="sex")  # of those drawn, near 600 and 400
        >>> found["domain"].tolist(), found["value"].sum().item()
        (['sex=f', 'sex=m'], 1000.0)
        """
        by, where = domains.asked(by, where)
        shape = (len(self.strata), self._people.alias.shape[2])
        cell = np.arange(shape[1])
        axes = {self.stratum_name: (np.arange(shape[0])[:, None], list(self.strata))}
        axes |= {v: (self._level(cell, v)[None, :], list(labels)) for v, labels in self.levels.items()}
        axes = {column: (np.broadcast_to(codes, shape), labels) for column, (codes, labels) in axes.items()}
        inside = domains.inside(axes, where, shape)
        there = self._sums[..., 0] > 0
        return self._by_domain(name, axes, by, inside, there, lambda text: self._values(text, axes, shape))

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


RESERVED = ("person_id", "household_id", "household_size", "n_lines", "persons")


def _refuse_names(names, stratum):
    """Variables and outcomes need names of their own."""
    for name in names:
        if name in (*RESERVED, stratum) or names.count(name) > 1 or not isinstance(name, str):
            raise DataError(
                f"{name!r} cannot name a variable or an outcome: it names something else, or two. Taken are "
                f"{', '.join((*RESERVED, stratum))}."
            )


def _pandas(data, columns, what):
    table = framed(data, what).to_pandas()
    missing = [c for c in columns if c not in table]
    if missing:
        raise DataError(f"{what} lacks the column {missing[0]!r}; it has {', '.join(map(str, table.columns))}.")
    return table


def _variables(table, besides, levels, what):
    """The variables that a table names in its columns; refuses those without a margin."""
    named = [c for c in table if c not in besides]
    unknown = [c for c in named if c not in levels]
    if unknown:
        raise UnknownNameError(f"{what} names {unknown[0]!r}, which is no margin; there are {', '.join(levels)}.")
    return named


def _numbers(table, column, what, low=0.0, high=np.inf):
    """A column as numbers; refuses missing ones and those outside low to high."""
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
    bad = ~((values >= low) & (values <= high) & np.isfinite(values))
    if bad.any():
        row = table[bad].iloc[0].to_dict()
        raise DataError(
            f"{what}: {int(bad.sum())} of {len(table)} rows have no usable {column} (a number from {low:g}"
            f"{f' to {high:g}' if high < np.inf else ''}); the first is {row}."
        )
    return values


def _line_rates(lines, strata):
    """2**32 × the share of households with a landline, by stratum."""
    if lines is None:
        return np.zeros(len(strata), np.uint64)
    rates = [lines.get(s) for s in strata] if hasattr(lines, "get") else [lines] * len(strata)
    for s, rate in zip(strata, rates):
        guards.number(
            rate, f"lines in {s}", 0, 1, remedy="It is the share of households with a landline, for every stratum."
        )
    return np.rint(np.array(rates, dtype=float) * 2.0**32).astype(np.uint64)


def _read_margins(table, stratum):
    """Strata, levels by variable, and for each stratum {variable: totals (L,)}; checked for gaps and disagreement."""
    for column in (stratum, "variable", "level"):
        lost = table[column].isna().to_numpy()
        if lost.any():
            raise DataError(
                f"margins: {column!r} is missing in {int(lost.sum())} of {len(table)} rows; the first is row "
                f"{int(np.argmax(lost))}. Fill it or drop the rows."
            )
    table = table.assign(total=_numbers(table, "total", "margins"))
    strata = tuple(table[stratum].drop_duplicates())
    levels = {v: list(part["level"].drop_duplicates()) for v, part in table.groupby("variable", sort=False)}
    for v, labels in levels.items():
        if len(set(map(str, labels))) < len(labels):
            raise DataError(f'margins: {v!r} has levels that read the same, such as 1 and "1"; give them one type.')
    cells = math.prod(len(x) for x in levels.values())
    if cells > MOST_CELLS:
        raise DataError(
            f"margins: {len(levels)} variables make {cells:,} cells; the most is {MOST_CELLS:,}. Merge levels or leave a variable out."
        )
    parts = dict(tuple(table.groupby(stratum, sort=False)))
    return strata, levels, [_one_stratum(parts[s], s, levels, stratum) for s in strata]


def _one_stratum(part, s, levels, stratum):
    """{variable: totals (L,)} of one stratum, checked."""
    wide = {}
    for v, labels in levels.items():
        rows = part[part["variable"] == v]
        found = dict(zip(map(str, rows["level"]), rows["total"]))
        if len(rows) != len(labels) or set(found) != set(map(str, labels)):
            raise DataError(
                f"margins: {stratum} {s} must have every level of {v!r} once: {', '.join(map(str, labels))}."
            )
        wide[v] = np.array([found[str(label)] for label in labels])
    sums = {v: x.sum() for v, x in wide.items()}
    low, high = min(sums, key=sums.get), max(sums, key=sums.get)
    if sums[high] - sums[low] > TOLERANCE * sums[high]:
        raise DataError(
            f"margins of {stratum} {s} disagree: {high!r} adds up to {sums[high]:,.0f} persons, {low!r} to {sums[low]:,.0f}, "
            f"{sums[high] - sums[low]:,.0f} less. Make them consistent first."
        )
    if 0 < sums[high] <= 1.0001 and len(levels):
        raise DataError(
            f"margins of {stratum} {s} add up to {sums[high]:g}: totals are persons, not shares. Multiply them."
        )
    return wide


def _prior(association, levels):
    """The association before the fit, shape (levels of each variable)."""
    shape = tuple(len(x) for x in levels.values())
    if association is None:
        return np.ones(shape)
    table = _pandas(association, ("weight",), "association")
    named = _variables(table, ("weight",), levels, "association")
    small = np.zeros([len(levels[v]) for v in named])
    codes = [domains.label_codes(levels[v], list(table[v]), v) for v in named]
    if not named:
        raise DataError(f"association has no variable besides weight; there are {', '.join(levels)}.")
    np.add.at(small, tuple(codes), _numbers(table, "weight", "association"))
    if not small.any():
        raise DataError("association: every weight is 0, so nobody fits anywhere.")
    order = sorted(range(len(named)), key=lambda i: list(levels).index(named[i]))
    small = np.transpose(small, order)
    return np.broadcast_to(small.reshape([len(x) if v in named else 1 for v, x in levels.items()]), shape).copy()


def _fit(prior, totals, stratum):
    """The joint table of one stratum, by iterative proportional fitting."""
    table = prior * (next(iter(totals.values())).sum() / prior.sum())
    others = [tuple(a for a in range(prior.ndim) if a != m) for m in range(prior.ndim)]
    for _ in range(2000):
        for m, total in enumerate(totals.values()):
            achieved = table.sum(axis=others[m])
            factor = np.divide(total, achieved, out=np.zeros_like(total), where=achieved > 0)
            table *= factor.reshape([-1 if a == m else 1 for a in range(prior.ndim)])
        gaps = {v: np.abs(table.sum(axis=others[m]) - total) for m, (v, total) in enumerate(totals.items())}
        worst = max(gaps, key=lambda v: gaps[v].max())
        if gaps[worst].max() <= TOLERANCE * max(table.sum(), 1):
            return table
    raise DataError(
        f"association: stratum {stratum} cannot meet its margins; {worst!r} is off by {gaps[worst].max():,.0f} persons after "
        f"2,000 sweeps. Combinations of weight 0 leave too little room."
    )


def _thresholds(rates, levels):
    """Names of the outcomes and 2**32 × their probability by cell (K, J)."""
    shape = tuple(len(x) for x in levels.values())
    table = pd.DataFrame(columns=["outcome", "rate"]) if rates is None else _pandas(rates, ("outcome", "rate"), "rates")
    rate = _numbers(table, "rate", "rates", 0.0, 1.0)
    if len(table) == 0:
        return (), np.zeros((0, math.prod(shape)), np.uint64)
    variables = _variables(table, ("outcome", "rate"), levels, "rates")
    names = tuple(dict.fromkeys(table["outcome"]))
    result = np.full((len(names), *shape), np.nan)
    for row, value in zip(table.to_dict("records"), rate):
        place = [slice(None)] * len(shape)
        for v in variables:
            if not pd.isna(row[v]) and row[v] != "":
                place[list(levels).index(v)] = domains.label_codes(levels[v], row[v], v)[0]
        result[(names.index(row["outcome"]), *place)] = value
    open_ = np.isnan(result).reshape(len(names), -1).any(axis=1)
    if open_.any():
        raise DataError(
            f"rates: outcome {names[int(np.argmax(open_))]!r} has no rate for some cells; add a row that names no variable."
        )
    return names, np.rint(result.reshape(len(names), -1) * 2.0**32).astype(np.uint64)


def _classes(persons, household_sizes):
    """Size, number and stratum of the classes of equal households."""
    try:
        given = {1: 1.0} if household_sizes is None else dict(household_sizes)
        shares = {int(k): float(v) for k, v in given.items()}
        good = bool(shares) and all(int(k) == float(k) >= 1 for k in given) and all(v >= 0 for v in shares.values())
    except (TypeError, ValueError):
        good = False
    if not good or not 0 < sum(shares.values()) < np.inf:
        raise DataError(
            f"household_sizes = {household_sizes!r}: give {{size: share of households}}, sizes 1, 2, … and shares 0 or more."
        )
    if max(shares) > max(int(persons.max(initial=0)), 1):
        raise DataError(
            f"household_sizes: households of {max(shares)} do not fit into strata of {int(persons.max()):,} persons."
        )
    sizes = np.array(sorted(shares))
    share = np.array([shares[k] for k in sizes]) / sum(shares.values())
    rows = []
    for s, total in enumerate(persons):
        counts = largest_remainder(share, int(total // (share @ sizes)))
        while counts @ sizes > total:
            counts[np.nonzero(counts)[0][-1]] -= 1
        rest = int(total - counts @ sizes)
        rows += [(size, count, s) for size, count in zip(sizes, counts) if count] + [(rest, 1, s)] * (rest > 0)
    table = np.array(rows, np.int64).reshape(-1, 3)
    return table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy()
