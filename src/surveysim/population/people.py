"""China's population: 1.4 billion people who exist as a function of their number."""

from functools import cached_property

import numpy as np
import pandas as pd

from .. import guards, reference, streams
from ..columns import AGE_5, AGE_5_FIRST, AGE_STARTS, EDUCATION, EDUCATION_4, SECTOR, SEX, URBAN, VARIABLES
from ..errors import DataError, SpecError, UnknownNameError
from ..on_demand import Later
from ..threads import each
from . import census, domains, outcomes, parameters
from .base import Population

kernels = Later(__package__, "..kernels.people")
synthesis = Later(__package__, ".synthesis")

CELL_COLUMNS = ("province", "prefecture", "urban", "sex", "age_group", "education")
STATUS_COLUMNS = ("n_mobile", "n_lines", "internet", "sector")
ATTRIBUTES = (
    "person_id",
    "household_id",
    "province",
    "prefecture",
    "urban",
    "sex",
    "age",
    "age_group",
    "education",
    "sector",
)
ATTRIBUTES += ("household_size", "n_mobile", "n_lines", "internet")
BLOCK = 1 << 18  # persons a thread looks at together
LABELS = {"age": 100, "household_size": 8, "n_mobile": 4, "n_lines": 3}  # 0 to one less
RANGES = {
    "scale": (1e-4, 1),
    "personal_share": (0.8, 1),
    "residential_share": (0.1, 1),
    "no_phone_internet_rate": (0, 1),
    "household_icc": (0, 0.9),
    "prefecture_icc": (0, 0.9),
}


class China(Population):
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

    def __init__(self, arguments):
        self.arguments = _checked(arguments)
        self.year, self.seed, self.scale = (self.arguments[name] for name in ("year", "seed", "scale"))
        self.fingerprint = parameters.fingerprint(self.arguments)
        self._known = {}

    def __repr__(self):
        return f"<Population.china seed={self.seed} year={self.year} scale={self.scale:g}: {self.size:,} persons>"

    @cached_property
    def model(self):
        """The tables behind the population (a `synthesis.Synthesis`), built on first use."""
        a = {name: value for name, value in self.arguments.items() if name not in ("kind", "seed")}
        effect = streams.stream(self.seed, "", "prefecture").standard_normal(len(reference.frame_units()))
        return synthesis.build(**a, key=streams.key(self.seed, "", "population"), prefecture_effect=effect)

    @property
    def people(self):
        """The tables the kernels take (`kernels.people.People`)."""
        return self.model.people

    @property
    def size(self):
        return int(self.people.class_person[-1])

    @property
    def n_households(self):
        return int(self.people.class_household[-1])

    @property
    def strata(self):
        return reference.provinces()

    @property
    def outcome_names(self):
        return self.model.outcomes.names

    def blocks(self, stratum, most):
        """Ranges of at most so many ids that make up a province (by index)."""
        people = self.people
        classes = np.nonzero(people.area_zone[people.class_area] >> 1 == stratum)[0]
        first, end = int(people.class_person[classes[0]]), int(people.class_person[classes[-1] + 1])
        return [range(start, min(start + most, end)) for start in range(first, end, most)]

    # ------------------------------------------------------------------------------------------------- random access
    def attributes(self, ids):
        """Raw attributes (n, 11) of persons, as `kernels.people.attributes` fills them; for fieldwork."""
        ids = self._ids(ids, self.size, "person")
        out = np.empty((len(ids), 11), np.int64)
        kernels.attributes(self.people, ids, out)
        return out

    def answers(self, ids, attributes):
        """Outcomes (n, K) as 0/1 in the order of `outcome_names`, and weekly hours (n,)."""
        ids = self._ids(ids, self.size, "person")
        if getattr(attributes, "shape", None) != (len(ids), 11) or attributes.dtype != np.int64:
            raise DataError(f"attributes = {guards.sight(attributes)}: give what attributes(ids) returned.")
        answers = np.empty((len(ids), len(self.outcome_names)), np.uint8)
        tenths = np.empty(len(ids), np.int64)
        kernels.answers_of(self.people, ids, attributes, answers, tenths)
        return answers, tenths / 10

    def n_numbers(self, kind, ids):
        """Working mobile numbers of persons, or landlines of households."""
        ids = self._owners(kind, ids)
        if kind == "landline":
            out = np.empty((len(ids), 4), np.int64)
            kernels.household_table(self.people, ids, out)
            return out[:, 3]
        out = np.empty(len(ids), np.int64)
        kernels.count_mobiles(self.people, ids, out)
        return out

    def persons(self, ids, columns=None):
        """A table of persons, rows in the order of `ids`.

        Parameters
        ----------
        ids : array of int, 0 to size - 1.
        columns : names of the columns wanted, in that order; None: all. Fewer are faster.

        Returns
        -------
        DataFrame with person_id, household_id, province, prefecture (adcodes), urban, sex, age, age_group (missing under
        6), education, sector, household_size, n_mobile, n_lines, internet, every outcome (bool), weekly_hours (missing
        for non-users).
        """
        wanted = domains.wanted(columns, self.columns())
        a = self.attributes(ids)
        table = attribute_table(self.people, ids, a, wanted)
        if set(wanted) - set(ATTRIBUTES):
            answers, hours = self.answers(ids, a)
            table |= {name: answers[:, k].astype(bool) for k, name in enumerate(self.outcome_names) if name in wanted}
            table["weekly_hours"] = np.where(a[:, 7] == 1, hours, np.nan)
        return pd.DataFrame({name: table[name] for name in wanted})

    def households(self, ids):
        """A table of households: household_id, province, prefecture, urban, kind, household_size, first person, lines."""
        ids = self._ids(ids, self.n_households, "household")
        out = np.empty((len(ids), 4), np.int64)
        kernels.household_table(self.people, ids, out)
        area = self.people.class_area[out[:, 0]]
        return pd.DataFrame(
            {
                "household_id": ids,
                **{name: make() for name, make in _places(self.people, area).items()},
                "kind": pd.Categorical.from_codes(self.people.class_kind[out[:, 0]], ["family", "dormitory"]),
                "household_size": out[:, 2].astype(np.int16),
                "first_person_id": out[:, 1],
                "n_lines": out[:, 3].astype(np.int8),
            }
        )

    def select(self, ids, where, columns=None):
        """The persons among `ids` that carry the labels of `where`."""
        ids, where = self._ids(ids, self.size, "person"), domains.conditions(where)
        if where:
            self._labels_of(where)
            seen = self.persons(ids, list(where))
            keep = np.ones(len(ids), bool)
            for column, wanted in where.items():
                codes, labels = _codes(seen[column], column)
                keep &= np.isin(codes, domains.label_codes(labels, wanted, column))
            ids = ids[keep]
        return self.persons(ids, columns)

    # ------------------------------------------------------------------------------------------------- the exact truth
    @property
    def parameter_source(self):
        """Where exact parameters come from: "shipped", "cached" or "to be streamed"."""
        if parameters.shipped()[0] == self.fingerprint:
            return "shipped"
        return "cached" if self._cache_path("answers").exists() else "to be streamed"

    def _cache_path(self, depth):
        return parameters.cache_folder() / f"{depth}-{self.fingerprint}.npz"

    def sums(self, depth="answers", fine=True, progress=None):
        """Exact `parameters.Sums` over everybody, at least so deep ("cells", "status", "answers").

        By area (prefecture × rural/urban), or by zone (province × rural/urban) where not `fine`. Comes with the package
        for the preset, else from the cache on disk, else everybody is streamed once, with `progress` called with the
        number of persons done.
        """
        if not fine and parameters.shipped()[0] == self.fingerprint:
            if "shipped" not in self._known:
                self._known["shipped"] = parameters.load(parameters.shipped()[1], self.fingerprint)
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

    def parameter(self, name, by=None, where=None, *, progress=None):
        """The exact finite-population value of a published estimand or of a variable.

        Parameters
        ----------
        name : an indicator of the report (`internet_penetration`, … in percent, 10k persons or hours: its own unit), an
            expression of variables (`internet*age_60plus`), whose value is a total in persons (hours for
            `weekly_hours`), or a ratio of two (`internet*urban/persons*urban`). A name that is both, such as `skill_any`, is
            read as the indicator; in products and ratios it is the variable.
        by : a column or a list of columns.
        where : mapping of columns to a label or a list of labels.
            Any label column of `persons` will do. Province, prefecture, urban, sex, age_group and education are answered
            from sums over everybody, which are made once and cached; n_mobile, n_lines, internet and sector too where no
            outcome is asked. Other columns (age, household_size, outcomes) look at every person `where` leaves.
        progress : called with the number of persons done while people are streamed.

        Returns
        -------
        DataFrame with `domain` ("" for everybody, else such as "province=110000, sex=female") and `value`.

        Raises
        ------
        UnknownNameError : no such indicator, variable, column or label.
        """
        by, where = domains.asked(by, where)
        definition, row = reference.indicators(), None
        parts = domains.fraction(name)
        expressions = [part for part in parts if part]
        if name in definition.index:
            row = definition.loc[name]
            expressions = parameters.expressions_of(row)
        depth = parameters.depth_of(expressions)
        columns = {*by, *where}
        status = bool(columns & set(STATUS_COLUMNS))
        simple = depth != "answers" and not any("landlines" in e for e in expressions)
        if columns <= {*CELL_COLUMNS, *(STATUS_COLUMNS if simple else ())}:
            found, total = self._from_sums(depth, by, where, status, progress)
        else:
            found, total = self._from_people(expressions, by, where, progress)
        value = domains.ratio(total, *parts) if row is None else parameters.indicator_value(row, total)
        return pd.DataFrame({"domain": found, "value": np.asarray(value, dtype=float)})

    def _from_sums(self, depth, by, where, status, progress):
        """Names of the domains, and a function from an expression to its total in each."""
        sums = self.sums(
            max(depth, "status", key=parameters.DEPTHS.index) if status else depth,
            "prefecture" in {*by, *where},
            progress,
        )
        shape = sums.persons.shape + ((kernels.N_STATUS,) if status else ())
        axes = _axes(self.people, shape)
        inside = domains.inside(axes, where, shape, by)
        code, size = domains.combine(axes, by, shape)
        code = code[inside]
        present = domains.present(code, by)

        def total(expression):
            column, groups = parameters.split(expression)
            value = (
                sums.column(column, status)[inside] * _spread(parameters.group_mask(groups, shape[:4]), shape)[inside]
            )
            return np.bincount(code, value, size)[present]

        return [domains.text(axes, by, c) for c in present], total

    def _from_people(self, expressions, by, where, progress):
        """The same from every person that `where` may leave, for any column; remembered on disk."""
        key = parameters.question(self.fingerprint, tuple(expressions), by, sorted(where.items()))
        path, kept = parameters.cache_folder() / f"domains-{key}.npz", self._known.get(key)
        if kept is None:
            kept = parameters.load_arrays(path, key)
        labels = self._labels_of({*by, *where})
        axes = {column: (None, labels[column]) for column in labels}
        if kept is None:
            size = domains.combine({c: (0, x) for c, x in labels.items()}, by, ())[1]
            counted = self._count_people(expressions, by, where, labels, size, progress)
            present = np.nonzero(counted[0])[0] if by else np.zeros(1, np.int64)
            kept = self._known[key] = {"present": present, "sums": counted[:, present]}
            if self.size >= 10_000_000:
                parameters.save_arrays(path, key, kept)
        found = [domains.text(axes, by, int(c)) for c in kept["present"]]
        return found, lambda expression: kept["sums"][1 + list(expressions).index(expression)]

    def _labels(self, column):
        """Labels a column can have."""
        every = self.persons([0], None if column not in ATTRIBUTES else [column])
        if column not in every or column in ("person_id", "household_id", "weekly_hours"):
            raise UnknownNameError(f"column {column!r} cannot define a domain; choose a label column of persons().")
        return _codes(every[column], column)[1]

    def _labels_of(self, columns):
        """Labels of several columns; refuses those that make no domains."""
        return {column: self._labels(column) for column in columns}

    def columns(self):
        """Names of the columns of `persons`."""
        return (*ATTRIBUTES, *self.outcome_names, "weekly_hours")

    def check(self, where, columns):
        """Refuse labels and columns that persons do not have."""
        for column, labels in self._labels_of(where).items():
            domains.label_codes(labels, where[column], column)
        self.persons([0], columns)

    def _count_people(self, expressions, by, where, labels, size, progress):
        """Counts of persons and sums of the expressions by domain (1 + len(expressions), size), block by block."""
        names = self.outcome_names
        asked = {*by, *where} | {parameters.split(e)[0] for e in expressions}
        deep = bool(asked & {*names, "weekly_hours"})

        def one(block):
            ids = np.arange(*block)
            a = self.attributes(ids)
            answers = self.answers(ids, a) if deep else None
            table = attribute_table(self.people, ids, a, [c for c in labels if c in ATTRIBUTES])
            for column in labels:
                if column in names:
                    table[column] = answers[0][:, names.index(column)].astype(bool)
            axes = {column: (_codes(table[column], column)[0], labels[column]) for column in labels}
            keep = domains.inside(axes, where, ids.shape, by)
            code = domains.combine(axes, by, ids.shape)[0][keep]
            values = [_person_values(expression, a, answers, self.people, names)[keep] for expression in expressions]
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
        axes = _place_axes(self.people, every)
        places = {column: labels for column, labels in where.items() if column in axes}
        areas = np.nonzero(domains.inside(axes, places, every.shape))[0]
        first = np.searchsorted(self.people.class_area, np.arange(len(self.people.area_zone) + 1))
        for area in areas:
            begin, end = self.people.class_person[first[area]], self.people.class_person[first[area + 1]]
            yield from ((start, min(start + BLOCK, end)) for start in range(begin, end, BLOCK))


def _checked(arguments):
    """Arguments of `Population.china` as plain numbers; those outside their ranges are refused."""
    numbers = {name: value for name, value in arguments.items() if name != "kind"}
    for name, value in numbers.items():
        guards.number(value, f"population.{name}", error=SpecError)
    year, seed = numbers["year"], numbers["seed"]
    if year not in census.YEARS:
        raise SpecError(f"population.year = {year!r}: choose one of {', '.join(map(str, census.YEARS))}.")
    if seed != int(seed):
        raise SpecError(f"population.seed = {seed!r}: give a whole number, 0 or larger.")
    guards.seed_of(int(seed), "population.seed", error=SpecError)
    for name, (low, high) in RANGES.items():
        if not low <= numbers[name] <= high:
            raise SpecError(f"population.{name} = {numbers[name]!r}: give a number from {low} to {high}.")
    return {"kind": arguments["kind"]} | {n: int(v) if n in ("year", "seed") else float(v) for n, v in numbers.items()}


def _places(people, area):
    """Makers of the columns of places."""

    def prefecture():
        prefectures, code = np.unique(reference.frame_units()["adcode"].to_numpy(str), return_inverse=True)
        return pd.Categorical.from_codes(code[area >> 1], prefectures)

    return {
        "province": lambda: pd.Categorical.from_codes(people.area_zone[area] >> 1, np.array(reference.provinces())),
        "prefecture": prefecture,
        "urban": lambda: pd.Categorical.from_codes(area & 1, URBAN),
    }


def attribute_table(people, ids, a, wanted=ATTRIBUTES):
    """Labelled columns of raw attributes (n, 11) by name; used for persons and for survey cases alike."""
    cell = a[:, 3]
    make = {
        "person_id": lambda: np.asarray(ids, np.int64),
        "household_id": lambda: a[:, 1],
        **_places(people, people.class_area[a[:, 0]]),
        "sex": lambda: pd.Categorical.from_codes(cell // (len(AGE_STARTS) * len(EDUCATION)), SEX),
        "age": lambda: a[:, 4].astype(np.int16),
        "age_group": lambda: pd.Categorical.from_codes(np.searchsorted(AGE_5_FIRST, a[:, 4], side="right") - 1, AGE_5),
        "education": lambda: pd.Categorical.from_codes(outcomes.EDUCATION_4[cell % len(EDUCATION)], EDUCATION_4),
        "sector": lambda: pd.Categorical.from_codes(a[:, 9], SECTOR),
        "household_size": lambda: a[:, 10].astype(np.int16),
        "n_mobile": lambda: a[:, 5].astype(np.int8),
        "n_lines": lambda: a[:, 6].astype(np.int8),
        "internet": lambda: a[:, 7].astype(bool),
    }
    return {name: make[name]() for name in make if name in wanted}


def _codes(values, column):
    """Codes and labels of a label column of persons."""
    if isinstance(values, pd.Series):
        values = values.array
    if isinstance(values, pd.Categorical):
        return values.codes, list(values.categories)
    values = np.asarray(values)
    if values.dtype == bool:
        return values.astype(np.int64), [False, True]
    if values.dtype.kind == "i":
        return values.astype(np.int64), list(range(LABELS[column]))
    raise UnknownNameError(f"column {column!r} holds {values.dtype}, which makes no domains.")


def _person_values(expression, a, answers, people, names):
    """The values of an expression person by person, from raw attributes and answers."""
    column, groups = parameters.split(expression)
    codes = {
        "age": a[:, 4],
        "sex": a[:, 3] // (len(AGE_STARTS) * len(EDUCATION)),
        "urban": people.class_area[a[:, 0]] & 1,
        "education": outcomes.EDUCATION_4[a[:, 3] % len(EDUCATION)],
    }
    if column == "landlines":
        value = a[:, 6] * (a[:, 2] == 0)
    elif column == "nonuser":
        value = (a[:, 4] >= 6) & (a[:, 7] == 0)
    elif column in parameters.BASE_COLUMNS:
        value = parameters.BASE_COLUMNS[column][((a[:, 5] * 3 + a[:, 6]) * 2 + a[:, 7]) * 3 + a[:, 9]]
    else:
        value = answers[1] if column == "weekly_hours" else answers[0][:, names.index(column)]
    for group in groups:
        name, low, high = VARIABLES[group]
        value = value * ((codes[name] >= low) & (codes[name] <= high))
    return value.astype(float)


def _spread(mask, shape):
    return np.broadcast_to(mask.reshape(mask.shape + (1,) * (len(shape) - 4)), shape)


def _place_axes(people, index):
    """Codes and labels of the places of zones (where there are 62) or areas."""
    fine = len(index) != 62
    zone = people.area_zone[index] if fine else index
    axes = {"province": (zone >> 1, list(reference.provinces())), "urban": (zone & 1, list(URBAN))}
    if fine:
        axes["prefecture"] = (index >> 1, list(reference.frame_units()["adcode"]))
    return axes


def _axes(people, shape):
    """Codes over (zone or area, sex, age, education[, status]) and labels of the columns that domains can name."""
    size, tail = shape[0], (1,) * (len(shape) - 4)
    index = np.arange(size).reshape(-1, 1, 1, 1, *tail)
    groups = np.searchsorted(AGE_5_FIRST, np.array(AGE_STARTS), side="right") - 1
    axes = _place_axes(people, index) | {
        "sex": (np.arange(2).reshape(1, 2, 1, 1, *tail), list(SEX)),
        "age_group": (groups.reshape(1, 1, -1, 1, *tail), list(AGE_5)),
        "education": (np.arange(4).reshape(1, 1, 1, 4, *tail), list(EDUCATION_4)),
    }
    if tail:
        axes |= {
            "n_mobile": (parameters.MOBILES, [0, 1, 2, 3]),
            "n_lines": (parameters.LINES, [0, 1, 2]),
            "internet": (parameters.ONLINE, [False, True]),
            "sector": (parameters.SECTOR, list(SECTOR)),
        }
    return {name: (np.broadcast_to(codes, shape), labels) for name, (codes, labels) in axes.items()}


assert set(VARIABLES) & set(CELL_COLUMNS) == {"urban"}
