"""China's population: 1.4 billion people who exist as a function of their number."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import guards, reference, streams
from ..aliases import Floats, Ints, Values
from ..coding import categorical
from ..columns import AGE_STARTS, VARIABLES
from ..errors import DataError, SpecError, UnknownNameError
from ..on_demand import Later
from ..threads import each
from . import cache, census, domains, estimand_kinds, households, outcomes, ownership, parameters
from .attributes import COLUMNS, NUMBERS, Attributes, codes_of, places
from .finite import Finite

if TYPE_CHECKING:
    from .parameters import Sums
    from .synthesis import Synthesis

kernels = Later(__package__, "..kernels.people")
synthesis = Later(__package__, ".synthesis")

BLOCK = 1 << 18  # persons a thread looks at together
RANGES = {
    "scale": (1e-4, 1),
    "personal_share": (0.8, 1),
    "residential_share": (0.1, 1),
    "no_phone_internet_rate": (0, 1),
    "household_icc": (0, 0.9),
    "prefecture_icc": (0, 0.9),
}


class China(Finite):
    """The population behind `Population.china`.

    Nothing is materialised: any person or household is drawn from its number in constant time, always the same.

    Attributes
    ----------
    size : int, persons.
    n_households : int, family households and dormitory rooms.
    year, seed, scale : the arguments it was made with.
    fingerprint : str, changes with the arguments, the facts and `editions.POPULATION`.
    """

    stratum_name = "province"

    def __init__(self, **arguments: Any) -> None:
        self.arguments: dict[str, Any] = {"kind": "china"} | _checked(arguments)
        self.year, self.seed, self.scale = (self.arguments[name] for name in ("year", "seed", "scale"))
        self.fingerprint = parameters.fingerprint(self.arguments)
        self._known: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"<Population.china seed={self.seed} year={self.year} scale={self.scale:g}: {self.size:,} persons>"

    @cached_property
    def model(self) -> "Synthesis":
        """The tables behind the population (a `synthesis.Synthesis`), built on first use."""
        a = {name: value for name, value in self.arguments.items() if name not in ("kind", "seed")}
        effect = streams.stream(self.seed, "", "prefecture").standard_normal(len(reference.frame_units()))
        return synthesis.build(**a, key=streams.key(self.seed, "", "population"), prefecture_effect=effect)

    @property
    def people(self) -> Any:
        """The tables the kernels take (`kernels.people.People`)."""
        return self.model.people

    @property
    def size(self) -> int:
        return int(self.people.class_person[-1])

    @property
    def n_households(self) -> int:
        return int(self.people.class_household[-1])

    @property
    def strata(self) -> tuple[str, ...]:
        return reference.provinces()

    @property
    def outcome_names(self) -> Sequence[str]:
        return self.model.outcomes.names

    def blocks(self, stratum: int, most: int) -> list[Any]:
        """Ranges of at most so many ids that make up a province (by index)."""
        people = self.people
        classes = np.nonzero(people.area_zone[people.class_area] >> 1 == stratum)[0]
        first, end = int(people.class_person[classes[0]]), int(people.class_person[classes[-1] + 1])
        return [range(start, min(start + most, end)) for start in range(first, end, most)]

    def sexes_and_ages(self) -> Floats:
        """People aged 6+ of every province by sex × 8 ages, (provinces, 16), which quotas are set by."""
        people, table = (
            np.zeros((len(self.strata), 2, 8)),
            np.zeros((2 * len(self.strata), self.model.expected.shape[1])),
        )
        np.add.at(table, self.people.area_zone, self.model.expected)
        table = table.reshape(len(self.strata), 2, 2, len(AGE_STARTS), -1).sum(axis=(1, 4))
        for age, start in enumerate(AGE_STARTS):
            if start >= 6:
                people[:, :, outcomes.AGE_8[age]] += table[:, :, age]
        return people.reshape(len(self.strata), -1)

    # ------------------------------------------------------------------------------------------------- random access
    def attributes(self, ids: Values) -> Attributes:
        """`Attributes` of persons."""
        ids = self.person_ids(ids)
        numbers = np.empty((len(ids), NUMBERS), np.int64)
        kernels.attributes(self.people, ids, numbers)
        return Attributes(self.people, numbers)

    def answers(self, ids: Values, attributes: Attributes) -> tuple[Ints, Floats]:
        """Outcomes (n, K) as 0/1 in the order of `outcome_names`, and weekly hours (n,)."""
        ids = self.person_ids(ids)
        if not isinstance(attributes, Attributes) or len(attributes) != len(ids):
            raise DataError(f"attributes = {guards.sight(attributes)}: give what attributes(ids) returned.")
        answers = np.empty((len(ids), len(self.outcome_names)), np.uint8)
        tenths = np.empty(len(ids), np.int64)
        kernels.answers_of(self.people, ids, attributes.numbers, answers, tenths)
        return answers, tenths / 10

    def n_numbers(self, kind: str, ids: Ints) -> Ints:
        """Working mobile numbers of persons, or landlines of households."""
        ids = self.owner_ids(kind, ids)
        if kind == "landline":
            out = np.empty((len(ids), 4), np.int64)
            kernels.household_table(self.people, ids, out)
            return out[:, 3]
        out = np.empty(len(ids), np.int64)
        kernels.count_mobiles(self.people, ids, out)
        return out

    def columns(self) -> Sequence[str]:
        """Names of the columns of `persons`."""
        return (*COLUMNS, *self.outcome_names, "weekly_hours")

    def persons(self, ids: Values, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A DataFrame of persons; see `Population.persons`."""
        wanted, a = self.wanted(columns), self.attributes(ids)
        table = a.table(ids, wanted)
        if set(wanted) - set(COLUMNS):
            answers, hours = self.answers(ids, a)
            table |= {name: answers[:, k].astype(bool) for k, name in enumerate(self.outcome_names) if name in wanted}
            table["weekly_hours"] = np.where(a.internet, hours, np.nan)
        return pd.DataFrame({name: table[name] for name in wanted})

    def households(self, ids: Values) -> pd.DataFrame:
        """A table of households: id, province, prefecture, urban, kind, generations (3: or more), size, first person, lines."""
        ids = self.household_ids(ids)
        out = np.empty((len(ids), 4), np.int64)
        kernels.household_table(self.people, ids, out)
        area, kind = (x[out[:, 0]] for x in (self.people.class_area, self.people.class_kind))
        return pd.DataFrame(
            {
                "household_id": ids,
                **{name: make() for name, make in places(self.people, area).items()},
                "kind": categorical((kind == households.DORMITORY).astype(np.int64), ["family", "dormitory"]),
                "generations": households.GENERATIONS[kind].astype(np.int8),
                "household_size": out[:, 2].astype(np.int16),
                "first_person_id": out[:, 1],
                "n_lines": out[:, 3].astype(np.int8),
            }
        )

    # ------------------------------------------------------------------------------------------------- the exact truth
    @property
    def parameter_source(self) -> str:
        """Where exact parameters come from: "shipped", "cached" or "to be streamed"."""
        if parameters.shipped()[0] == self.fingerprint:
            return "shipped"
        return "cached" if self._cache_path("answers").exists() else "to be streamed"

    def _cache_path(self, depth):
        return cache.folder() / f"{depth}-{self.fingerprint}.npz"

    def sums(
        self, depth: str = "answers", fine: bool = True, progress: Callable[[int], object] | None = None
    ) -> "Sums":
        """Exact `parameters.Sums` over everybody, at least so deep ("cells", "status", "answers").

        By area (prefecture × rural/urban), or by zone (province × rural/urban) where not `fine`. Comes with the package
        for the preset, else from the cache on disk, else everybody is streamed once, with `progress` called with the
        number of persons done.
        """
        if not fine and parameters.shipped()[0] == self.fingerprint:
            if "shipped" not in self._known:
                self._known |= {"shipped": parameters.load(parameters.shipped()[1], self.fingerprint)}
            return self._known["shipped"]
        enough = parameters.DEPTHS[parameters.DEPTHS.index(depth) :]
        known = next((self._known[d] for d in enough if d in self._known), None)
        if known is None:
            loaded = (parameters.load(self._cache_path(d), self.fingerprint) for d in enough)
            known = next((sums for sums in loaded if sums is not None), None)
        if known is None:
            known = self._known[depth] = parameters.stream(self.people, depth, progress)
            if self.size >= 10_000_000:  # smaller populations take a second: not worth a file
                parameters.save(self._cache_path(depth), self.fingerprint, known)
        self._known[known.depth] = known
        if fine:
            return known
        if ("zone", known.depth) not in self._known:
            self._known["zone", known.depth] = parameters.by_zone(known, self.people.area_zone)
        return self._known["zone", known.depth]

    def statistic(self, name: str) -> tuple[Sequence[str], Callable[[Callable[[str], Any]], Any]]:
        """See `Finite`; published indicators have values of their own."""
        definition = reference.indicators()
        if not isinstance(name, str) or name not in definition.index:
            return super().statistic(name)
        row = definition.loc[name]
        kind = estimand_kinds.of(row)
        return kind.expressions(row), lambda total: kind.value(row, total)

    def totals(
        self,
        expressions: Sequence[str],
        by: Sequence[str],
        where: Mapping[str, Sequence[Any]],
        progress: Callable[[int], object] | None = None,
    ) -> tuple[list[str], Callable[[str], Any]]:
        """See `Finite`: from sums over everybody where these tell the columns that are asked about, else from persons."""
        depth, columns = parameters.depth_of(expressions), {*by, *where}
        simple = depth != "answers" and not any("landlines" in e for e in expressions)
        if columns <= {*parameters.CELL_COLUMNS, *(parameters.STATUS_COLUMNS if simple else ())}:
            return self._from_sums(depth, by, where, bool(columns & set(parameters.STATUS_COLUMNS)), progress)
        return self._from_people(expressions, by, where, progress)

    def _from_sums(self, depth, by, where, status, progress):
        """Names of the domains, and a function from an expression to its total in each."""
        sums = self.sums(
            max(depth, "status", key=parameters.DEPTHS.index) if status else depth,
            "prefecture" in {*by, *where},
            progress,
        )
        shape = sums.persons.shape + ((kernels.N_STATUS,) if status else ())
        axes = parameters.axes(self.people, shape)
        inside = domains.inside(axes, where, shape, by)
        code, size = domains.combine(axes, by, shape)
        code = code[inside]
        present = domains.present(code, by)

        def total(expression):
            column, groups = parameters.split(expression)
            value = sums.column(column, status)[inside] * parameters.group_mask(groups, shape)[inside]
            return np.bincount(code, value, size)[present]

        return [domains.text(axes, by, c) for c in present], total

    def _from_people(self, expressions, by, where, progress):
        """The same from every person that `where` may leave, for any column; remembered on disk."""
        key = parameters.question(self.fingerprint, tuple(expressions), by, sorted(where.items()))
        path, kept = cache.folder() / f"domains-{key}.npz", self._known.get(key)
        if kept is None:
            kept = cache.load(path, key)
        labels = {column: self.labels(column) for column in {*by, *where}}
        axes = {column: (None, labels[column]) for column in labels}
        if kept is None:
            size = domains.combine({c: (0, x) for c, x in labels.items()}, by, ())[1]
            counted = self._count_people(expressions, by, where, labels, size, progress)
            present = np.nonzero(counted[0])[0] if by else np.zeros(1, np.int64)
            kept = self._known[key] = {"present": present, "sums": counted[:, present]}
            if self.size >= 10_000_000:
                cache.save(path, key, kept)
        found = [domains.text(axes, by, int(c)) for c in kept["present"]]
        return found, lambda expression: kept["sums"][1 + list(expressions).index(expression)]

    def labels(self, column: str) -> Sequence[Any]:
        """Labels a column can have."""
        if column not in self.columns() or column in ("person_id", "household_id", "weekly_hours"):
            raise UnknownNameError(f"column {column!r} cannot define a domain; choose a label column of persons().")
        return codes_of(self.persons([0], [column])[column], column)[1]

    def _count_people(self, expressions, by, where, labels, size, progress):
        """Counts of persons and sums of the expressions by domain (1 + len(expressions), size), block by block."""
        names = self.outcome_names
        asked = {*by, *where} | {parameters.split(e)[0] for e in expressions}
        deep = bool(asked & {*names, "weekly_hours"})

        def one(block):
            ids = np.arange(*block)
            a = self.attributes(ids)
            answers = self.answers(ids, a) if deep else (np.empty((0, 0)), np.empty(0))
            table = a.table(ids, [c for c in labels if c in COLUMNS])
            for column in labels:
                if column in names:
                    table[column] = answers[0][:, names.index(column)].astype(bool)
            axes = {column: (codes_of(table[column], column)[0], labels[column]) for column in labels}
            keep = domains.inside(axes, where, ids.shape, by)
            code = domains.combine(axes, by, ids.shape)[0][keep]
            values = [_person_values(expression, a, answers, names)[keep] for expression in expressions]
            return [np.bincount(code, minlength=size), *(np.bincount(code, value, size) for value in values)], len(ids)

        counted = np.zeros((1 + len(expressions), size))
        for sums, done in each(one, self._blocks(where)):
            counted += sums
            if progress is not None:
                progress(done)
        return counted

    def _blocks(self, where):
        """Ranges of person ids of the areas that `where` leaves, cut into blocks."""
        every = np.arange(len(self.people.area_zone))
        axes = parameters.place_axes(self.people, every)
        there = {column: labels for column, labels in where.items() if column in axes}
        areas = np.nonzero(domains.inside(axes, there, every.shape))[0]
        first = np.searchsorted(self.people.class_area, np.arange(len(self.people.area_zone) + 1))
        for area in areas:
            begin, end = self.people.class_person[first[area]], self.people.class_person[first[area + 1]]
            yield from ((start, min(start + BLOCK, end)) for start in range(begin, end, BLOCK))


def _checked(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `Population.china` as plain values; those outside their ranges are refused."""
    owned, arguments = arguments["mobile_ownership"], {n: v for n, v in arguments.items() if n != "mobile_ownership"}
    for name, value in arguments.items():
        guards.number(value, f"population.{name}", error=SpecError)
    year, seed = arguments["year"], arguments["seed"]
    if year not in census.YEARS:
        raise SpecError(f"population.year = {year!r}: choose one of {', '.join(map(str, census.YEARS))}.")
    if seed != int(seed):
        raise SpecError(f"population.seed = {seed!r}: give a whole number, 0 or larger.")
    guards.seed_of(int(seed), "population.seed", error=SpecError)
    for name, (low, high) in RANGES.items():
        guards.number(arguments[name], f"population.{name}", low, high, error=SpecError)
    try:
        owned = ownership.as_value(owned)
    except SpecError as error:
        raise SpecError(f"population.mobile_ownership = {guards.sight(owned)}: {error}.") from None
    return {n: int(v) if n in ("year", "seed") else float(v) for n, v in arguments.items()} | {
        "mobile_ownership": owned
    }


def _person_values(expression, a, answers, names):
    """The values of an expression person by person, from `Attributes` and answers."""
    column, groups = parameters.split(expression)
    if column == "landlines":
        value = a.n_lines * (a.position == 0)
    elif column == "nonuser":
        value = a.aged_6 & ~a.internet
    elif column in parameters.STATUS_VALUES:
        value = parameters.STATUS_VALUES[column][a.status]
    else:
        value = answers[1] if column == "weekly_hours" else answers[0][:, names.index(column)]
    for group in groups:
        name, low, high = VARIABLES[group]
        codes = getattr(a, name)
        value = value * ((codes >= low) & (codes <= high))
    return value.astype(float)
