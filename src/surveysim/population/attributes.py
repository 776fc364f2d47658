"""What a person's numbers mean: one view of what `kernels.people.attributes` fills, and the labelled columns made of it."""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pandas as pd

from .. import reference
from ..aliases import Array, Ints, Truths, Values
from ..coding import categorical
from ..columns import AGE_STARTS, AGES, AGES_FIRST, EDUCATION, EDUCATION_4, SECTOR, SEX, URBAN
from ..errors import UnknownNameError
from . import outcomes

NUMBERS = 11  # of a person
COLUMNS = (
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
    "household_size",
    "n_mobile",
    "n_lines",
    "internet",
)
LABELS = {"age": 100, "household_size": 8, "n_mobile": 4, "n_lines": 3}  # 0 to one less


def _number(place, meaning):
    """One of a person's numbers, (n,)."""
    return property(lambda self: self.numbers[:, place], doc=meaning)


class Attributes:
    """Persons' numbers (n, 11), by name and decoded; every attribute is an array (n,).

    people : the tables of `kernels.people` they were drawn from.
    """

    __slots__ = ("numbers", "people")

    home = _number(0, "Class of equal households.")
    household = _number(1, "Id of the household.")
    position = _number(2, "Place in the household, 0 is the head.")
    cell = _number(3, "Sex × 20 ages × 7 educations.")
    age = _number(4, "Years.")
    n_mobile = _number(5, "Own mobile numbers.")
    n_lines = _number(6, "Landlines of the household.")
    trait = _number(8, "Level of engagement.")
    sector = _number(9, "Other, farming, manufacturing.")
    household_size = _number(10, "Persons in the household.")

    def __init__(self, people: Any, numbers: Array) -> None:
        self.people, self.numbers = people, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: Any) -> "Attributes":
        """The same of some persons."""
        return Attributes(self.people, self.numbers[rows])

    def with_internet(self, uses: Array) -> "Attributes":
        """The same persons, whose use of the internet is as said (n,)."""
        numbers = self.numbers.copy()
        numbers[:, 7] = uses
        return Attributes(self.people, numbers)

    @property
    def internet(self) -> Truths:
        """Whether they use it."""
        return self.numbers[:, 7] == 1

    @property
    def area(self) -> Ints:
        """Prefecture × 2 + urban."""
        return self.people.class_area[self.home]

    @property
    def province(self) -> Ints:
        """Index of the province."""
        return self.people.area_zone[self.area] >> 1

    @property
    def urban(self) -> Ints:
        """1 in towns."""
        return self.area & 1

    @property
    def unit(self) -> Ints:
        """Frame unit of residence."""
        return self.people.area_unit[self.area]

    @property
    def sex(self) -> Ints:
        """0 male, 1 female."""
        return self.cell // (len(AGE_STARTS) * len(EDUCATION))

    @property
    def schooling(self) -> Ints:
        """Of the seven levels of columns.EDUCATION."""
        return self.cell % len(EDUCATION)

    @property
    def education(self) -> Ints:
        """Of the four levels of columns.EDUCATION_4."""
        return outcomes.EDUCATION_4[self.schooling]

    @property
    def age_group(self) -> Ints:
        """Of columns.AGES; -1 under 6."""
        return np.searchsorted(AGES_FIRST, self.age, side="right") - 1

    @property
    def aged_6(self) -> Truths:
        """Whether they are old enough to be asked."""
        return self.age >= AGES_FIRST[0]

    @property
    def status(self) -> Ints:
        """Mobiles, lines, internet and sector as one code of `kernels.people`."""
        return ((self.n_mobile * 3 + self.n_lines) * 2 + self.internet) * 3 + self.sector

    @property
    def asked_as(self) -> Ints:
        """Which questions they are asked, a row of `OutcomeModel.asked`: non-users 1, netizens by sector 2, 3, 4; if 6 or older."""
        return np.where(self.internet, 2 + self.sector, 1)

    def table(self, ids: Values, wanted: Collection[str] = COLUMNS) -> dict[str, Any]:
        """Labelled columns by name; used for persons and for survey cases alike."""
        make = {
            "person_id": lambda: np.asarray(ids, np.int64),
            "household_id": lambda: self.household,
            **places(self.people, self.area),
            "sex": lambda: categorical(self.sex, SEX),
            "age": lambda: self.age.astype(np.int16),
            "age_group": lambda: categorical(self.age_group, AGES),
            "education": lambda: categorical(self.education, EDUCATION_4),
            "sector": lambda: categorical(self.sector, SECTOR),
            "household_size": lambda: self.household_size.astype(np.int16),
            "n_mobile": lambda: self.n_mobile.astype(np.int8),
            "n_lines": lambda: self.n_lines.astype(np.int8),
            "internet": lambda: self.internet,
        }
        return {name: make[name]() for name in make if name in wanted}


def places(people: Any, area: Ints) -> dict[str, Callable[[], Any]]:
    """Makers of the columns of places."""

    def prefecture():
        prefectures, code = np.unique(reference.frame_units()["adcode"].to_numpy(str), return_inverse=True)
        return categorical(code[area >> 1], prefectures)

    return {
        "province": lambda: categorical(people.area_zone[area] >> 1, np.array(reference.provinces())),
        "prefecture": prefecture,
        "urban": lambda: categorical(area & 1, URBAN),
    }


def codes_of(values: Any, column: str) -> tuple[Ints, list[Any]]:
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
