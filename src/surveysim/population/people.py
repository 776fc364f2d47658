"""The finite population: 1.4 billion people who exist as a function of their number."""

from functools import cached_property

import numpy as np
import pandas as pd

from .. import reference, streams
from ..columns import AGE_5, AGE_5_FIRST, AGE_STARTS, EDUCATION, EDUCATION_4, SECTOR, SEX, URBAN, VARIABLES
from ..errors import DataError, SpecError, UnknownNameError
from ..kernels import people as kernels
from . import census, outcomes, parameters, synthesis

BY = ("province", "prefecture", "urban", "sex", "age_group", "education")


class Population:
    """A virtual finite population of persons in households with telephones and answers.

    Nothing is materialised: any person or household is drawn from its number in constant time, always the same.
    Make one with `Population.china`.

    Attributes
    ----------
    size : int, persons.
    n_households : int, family households and dormitory rooms.
    year, seed, scale : the arguments it was made with.
    fingerprint : str, changes with the arguments, the facts and the code that draws people.
    """

    def __init__(self, arguments):
        self.arguments = dict(arguments)
        self.year, self.seed, self.scale = arguments["year"], arguments["seed"], arguments["scale"]
        self.fingerprint = parameters.fingerprint(self.arguments)
        self._model = None

    @classmethod
    def china(
        cls, seed=1, scale=1.0, year=2023, *, personal_share=0.95, residential_share=0.55, no_phone_internet_rate=0.0
    ):
        """The mainland's 31 provinces: households of the 2020 census moved to a year-end, phones, use of the internet.

        Parameters
        ----------
        seed : int, which of the possible populations.
        scale : float in (0, 1]; 1.0 is everybody. Prefecture sizes are scaled by largest remainders.
        year : 2020 (census), or year-end 2022, 2023 or 2024. The answers are those of December 2024 in any year.
        personal_share : share of mobile subscriptions held by people, not by businesses or machines (assumption).
        residential_share : share of fixed lines that are residential (64.9 % in 2013, less since: assumption).
        no_phone_internet_rate : how much as likely to use the internet people without any telephone are as people with
            one; the report assumes 0.

        Raises
        ------
        SpecError : an argument outside its range.

        References
        ----------
        docs/population.md names every assumption; `reference` holds the facts.
        """
        arguments = {
            "kind": "china",
            "seed": seed,
            "scale": float(scale),
            "year": year,
            "personal_share": personal_share,
            "residential_share": residential_share,
            "no_phone_internet_rate": no_phone_internet_rate,
        }
        if year not in census.YEARS:
            raise SpecError(f"population.year = {year!r}: choose one of {', '.join(map(str, census.YEARS))}.")
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise SpecError(f"population.seed = {seed!r}: give a whole number, 0 or larger.")
        for name, low in (
            ("scale", 1e-4),
            ("personal_share", 0.8),
            ("residential_share", 0.1),
            ("no_phone_internet_rate", 0),
        ):
            if not low <= arguments[name] <= 1:
                raise SpecError(f"population.{name} = {arguments[name]!r}: give a number from {low} to 1.")
        return cls(arguments)

    def __repr__(self):
        return f"<Population.china seed={self.seed} year={self.year} scale={self.scale:g}: {self.size:,} persons>"

    @property
    def model(self):
        """The tables behind the population (a `synthesis.Synthesis`), built on first use."""
        if self._model is None:
            a = self.arguments
            self._model = synthesis.build(
                a["year"],
                a["scale"],
                streams.key(a["seed"], "", "population"),
                personal_share=a["personal_share"],
                residential_share=a["residential_share"],
                no_phone_internet_rate=a["no_phone_internet_rate"],
            )
        return self._model

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
    def outcome_names(self):
        return self.model.outcomes.names

    # ------------------------------------------------------------------------------------------------- random access
    def attributes(self, ids):
        """Raw attributes (n, 11) of persons, as `kernels.people.attributes` fills them; for fieldwork."""
        ids = self._ids(ids, self.size, "person")
        out = np.empty((len(ids), 11), np.int64)
        kernels.attributes(self.people, ids, out)
        return out

    def answers(self, ids, attributes):
        """Outcomes (n, K) as 0/1 in the order of `outcome_names`, and weekly hours (n,)."""
        answers = np.empty((len(ids), len(self.outcome_names)), np.uint8)
        tenths = np.empty(len(ids), np.int64)
        kernels.answers_of(self.people, np.asarray(ids, np.int64), attributes, answers, tenths)
        return answers, tenths / 10

    def persons(self, ids):
        """A table of persons, rows in the order of `ids`.

        Returns
        -------
        DataFrame with person_id, household_id, province, prefecture (adcodes), urban, sex, age, age_group (missing under
        6), education, sector, household_size, n_mobile, n_lines, internet, every outcome (bool), weekly_hours (missing
        for non-users).
        """
        a = self.attributes(ids)
        answers, hours = self.answers(np.asarray(ids, np.int64), a)
        table = attribute_table(self.people, ids, a)
        for name, column in zip(self.outcome_names, answers.T):
            table[name] = column.astype(bool)
        table["weekly_hours"] = np.where(a[:, 7] == 1, hours, np.nan)
        return table

    def households(self, ids):
        """A table of households: household_id, province, prefecture, urban, kind, household_size, first person, lines."""
        ids = self._ids(ids, self.n_households, "household")
        out = np.empty((len(ids), 4), np.int64)
        kernels.household_table(self.people, ids, out)
        area = self.people.class_area[out[:, 0]]
        return pd.DataFrame(
            {
                "household_id": ids,
                **_places(self.people, area),
                "kind": pd.Categorical.from_codes(self.people.class_kind[out[:, 0]], ["family", "dormitory"]),
                "household_size": out[:, 2].astype(np.int16),
                "first_person_id": out[:, 1],
                "n_lines": out[:, 3].astype(np.int8),
            }
        )

    @staticmethod
    def _ids(ids, size, what):
        ids = np.ascontiguousarray(ids)
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

    # ------------------------------------------------------------------------------------------------- the exact truth
    @cached_property
    def zone_sums(self):
        """Exact sums by zone, sex, 20 ages and 4 educations (`parameters.column_names` on the last axis)."""
        mark, path = parameters.shipped()
        if mark == self.fingerprint:
            with path.open("rb") as file:
                return np.load(file)["sums"].astype(np.int64)
        return parameters.by_zone(self.area_sums, self.people.area_zone)

    @property
    def parameter_source(self):
        """Where exact parameters come from: "shipped", "cached" or "to be streamed"."""
        if parameters.shipped()[0] == self.fingerprint:
            return "shipped"
        return "cached" if self._cache_path().exists() else "to be streamed"

    def _cache_path(self):
        return parameters.cache_folder() / f"parameters-{self.fingerprint}.npz"

    @cached_property
    def area_sums(self):
        """The same by area (prefecture × rural/urban): streamed once over everybody, then cached on disk."""
        return self.compute_parameters()

    def compute_parameters(self, progress=None):
        """Stream everybody (or read the cache) and return the sums by area; `progress` is called with persons done."""
        sums = parameters.load(self._cache_path(), self.fingerprint)
        if sums is None:
            sums = parameters.stream(self.people, progress)
            if self.size >= 10_000_000:  # smaller populations take a second: not worth a file
                parameters.save(self._cache_path(), self.fingerprint, sums)
        self.__dict__["area_sums"] = sums
        return sums

    def parameter(self, name, by=None, where=None):
        """The exact finite-population value of a published estimand or of a variable.

        Parameters
        ----------
        name : an indicator of the report (`internet_penetration`, … in percent, 10k persons or hours: its own unit), or
            an expression of variables (`internet*age_60plus`), whose value is a total in persons (hours for
            `weekly_hours`).
        by : a column or a list of columns: province, prefecture, urban, sex, age_group, education.
        where : mapping of such columns to a label or a list of labels.

        Returns
        -------
        DataFrame with `domain` ("" for everybody, else such as "province=110000, sex=female") and `value`.

        Raises
        ------
        UnknownNameError : no such indicator, variable, column or label.
        """
        by = [by] if isinstance(by, str) else list(by or ())
        fine = "prefecture" in by or "prefecture" in (where or {})
        sums = self.area_sums if fine else self.zone_sums
        axes = _axes(self.people, sums.shape[0])
        inside = np.ones(sums.shape[:4], bool)
        for column, labels in (where or {}).items():
            codes, names = _axis(axes, column)
            inside &= np.isin(codes, _label_codes(names, labels, column))
        rows, domains = _domains(axes, by, inside)
        definition = reference.indicators()
        if name in definition.index:
            row = definition.loc[name]
            values = [parameters.indicator_value(row, self._summer(sums, mask)) for mask in rows]
        else:
            values = [self._summer(sums, mask)(name) for mask in rows]
        return pd.DataFrame({"domain": domains, "value": np.array(values, dtype=float)})

    @staticmethod
    def _summer(sums, mask):
        def total(expression):
            column, groups = parameters.split(expression)
            return parameters.column_of(sums, column)[mask & parameters.group_mask(groups, mask.shape)].sum()

        return total


def _places(people, area):
    places = reference.frame_units()
    provinces = np.array(reference.provinces())
    prefectures, code = np.unique(places["adcode"].to_numpy(str), return_inverse=True)
    return {
        "province": pd.Categorical.from_codes(people.area_zone[area] >> 1, provinces),
        "prefecture": pd.Categorical.from_codes(code[area >> 1], prefectures),
        "urban": pd.Categorical.from_codes(area & 1, URBAN),
    }


def attribute_table(people, ids, a):
    """Labelled columns of raw attributes (n, 11); used for persons and for survey cases alike."""
    area = people.class_area[a[:, 0]]
    cell, age = a[:, 3], a[:, 4]
    age_group = np.searchsorted(AGE_5_FIRST, age, side="right") - 1
    education = outcomes.EDUCATION_4[cell % len(EDUCATION)]
    mobiles = a[:, 5]
    return pd.DataFrame(
        {
            "person_id": np.asarray(ids, np.int64),
            "household_id": a[:, 1],
            **_places(people, area),
            "sex": pd.Categorical.from_codes(cell // (len(AGE_STARTS) * len(EDUCATION)), SEX),
            "age": age.astype(np.int16),
            "age_group": pd.Categorical.from_codes(age_group, AGE_5),
            "education": pd.Categorical.from_codes(education, EDUCATION_4),
            "sector": pd.Categorical.from_codes(a[:, 9], SECTOR),
            "household_size": a[:, 10].astype(np.int16),
            "n_mobile": ((mobiles & 1) + ((mobiles >> 1) & 1) + (mobiles >> 2)).astype(np.int8),
            "n_lines": a[:, 6].astype(np.int8),
            "internet": a[:, 7].astype(bool),
        }
    )


def _axes(people, size):
    """Codes over (zone or area, sex, age, education) and labels of the columns that domains can name."""
    provinces = list(reference.provinces())
    index = np.arange(size).reshape(-1, 1, 1, 1)
    zone = index if size == 62 else people.area_zone[index]
    first = np.array(AGE_STARTS)
    groups = np.searchsorted(AGE_5_FIRST, first, side="right") - 1
    axes = {
        "province": (zone >> 1, provinces),
        "urban": (zone & 1, list(URBAN)),
        "sex": (np.arange(2).reshape(1, 2, 1, 1), list(SEX)),
        "age_group": (groups.reshape(1, 1, -1, 1), list(AGE_5)),
        "education": (np.arange(4).reshape(1, 1, 1, 4), list(EDUCATION_4)),
    }
    if size != 62:
        axes["prefecture"] = (index >> 1, list(reference.frame_units()["adcode"]))
    shape = (size, 2, len(AGE_STARTS), 4)
    return {name: (np.broadcast_to(codes, shape), labels) for name, (codes, labels) in axes.items()}


def _axis(axes, column):
    if column not in axes:
        raise UnknownNameError(f"column {column!r} cannot define a domain; choose from {', '.join(BY)}.")
    return axes[column]


def _label_codes(names, labels, column):
    labels = [labels] if isinstance(labels, str) else list(labels)
    missing = [label for label in labels if label not in names]
    if missing:
        raise UnknownNameError(
            f"{column} has no label {missing[0]!r}; it has {', '.join(names[:8])}{' …' if len(names) > 8 else ''}."
        )
    return [names.index(label) for label in labels]


def _domains(axes, by, inside):
    """Masks and texts of every combination of the labels of `by`, in label order."""
    masks, texts = [inside], [""]
    for column in by:
        codes, names = _axis(axes, column)
        present = [(k, name) for k, name in enumerate(names) if (inside & (codes == k)).any()]
        masks, texts = zip(
            *[
                (mask & (codes == k), f"{text}, {column}={name}" if text else f"{column}={name}")
                for mask, text in zip(masks, texts)
                for k, name in present
            ]
        )
    return list(masks), list(texts)


assert set(VARIABLES) & set(BY) == {"urban"}
