"""Exact finite-population values: everybody is streamed once, and the sums by cell answer every question about groups.

Sums are kept by zone (province × rural/urban) or by area (prefecture × rural/urban), sex, 20 ages, 4 educations, as deep as
the question asks: "cells" (persons), "status" (telephones, internet use, sector), "answers" (every outcome). They are cached
on disk under a fingerprint of the population's arguments, of the facts and of `editions.POPULATION`.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache as once
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import reference
from ..aliases import Array, Ints, Truths
from ..columns import AGE_STARTS, AGES, AGES_FIRST, EDUCATION_4, SECTOR, SEX, URBAN, VARIABLES
from ..editions import POPULATION
from ..errors import DataError, UnknownNameError
from ..on_demand import Later
from ..threads import each
from . import cache, outcomes

kernels = Later(__package__, "..kernels.people")
STATUS = (4, 3, 2, 3)  # the kernels' mobiles, lines, internet and sector of a status

CELL_COLUMNS = ("province", "prefecture", "urban", "sex", "age_group", "education")
STATUS_COLUMNS = ("n_mobile", "n_lines", "internet", "sector")
DEPTHS = ("cells", "status", "answers")
MOBILES, LINES, ONLINE, SECTORS = np.indices(STATUS).reshape(4, -1)  # what each of the 72 statuses means
STATUS_VALUES = {  # how often a person of each status counts; landlines are counted at the head of the household
    "persons": np.ones(math.prod(STATUS), np.int64),
    "mobile": np.minimum(MOBILES, 1),
    "landline": np.minimum(LINES, 1),
    "mobile_and_landline": np.minimum(MOBILES, 1) * np.minimum(LINES, 1),
    "mobile_numbers": MOBILES,
    "landlines": None,
    "internet": ONLINE,
    "internet_mobile": ONLINE * np.minimum(MOBILES, 1),
    "internet_landline": ONLINE * np.minimum(LINES, 1),
    "netizen_farming": ONLINE * (SECTORS == 1),
    "netizen_manufacturing": ONLINE * (SECTORS == 2),
}


class Sums(NamedTuple):
    """Sums over everybody, int64, by zone or area (Z), sex, 20 ages and 4 educations; None where not that deep."""

    persons: np.ndarray  # (Z, 2, 20, 4)
    status: np.ndarray | None = None  # (Z, 2, 20, 4, 72)
    lines: np.ndarray | None = None  # (Z, 2, 20, 4) residential lines at the head of the household
    answers: np.ndarray | None = None  # (Z, 2, 20, 4, K + 1) outcomes, tenths of weekly hours

    @property
    def depth(self) -> str:
        return DEPTHS[(self.status is not None) + (self.answers is not None)]

    def column(self, name: str, status: bool = False) -> Any:
        """One variable by (Z, 2, 20, 4), and by status on a last axis where asked (base columns only)."""
        if name == "nonuser":  # people aged 6+ who are no netizens
            value = self.column("persons", status) - self.column("internet", status)
            value[:, :, :3] = 0
            return value
        if name == "persons" and not status:
            return self.persons
        if name == "landlines":
            return self.lines
        assert self.status is not None  # who asks has looked at the depth
        if name in STATUS_VALUES:
            return self.status * STATUS_VALUES[name] if status else self.status @ STATUS_VALUES[name]
        assert self.answers is not None
        value = self.answers[..., column_names().index(name) - len(STATUS_VALUES)]
        return value / 10 if name == "weekly_hours" else value


FACTS = (
    "provinces",
    "prefectures",
    "households_prefecture",
    "margins_prefecture_age_sex",
    "margins_prefecture_education_sex",
    "margins_national_2023_2024",
    "national_shares",
    "phone_coverage_province",
    "phone_national",
    "phone_province_anchors",
    "published_estimates",
)


@once
def column_names() -> tuple[str, ...]:
    """Names of the sums, in the order of the last axis."""
    return (*STATUS_VALUES, *outcomes.definitions()["name"], "weekly_hours")


def question(population: object, *parts: object) -> str:
    """Hex digest of a question to a population, for the answers kept on disk."""
    return hashlib.sha256(repr((population, parts)).encode()).hexdigest()[:20]


def fingerprint(arguments: Mapping[str, Any]) -> str:
    """Hex digest of what a population depends on: its arguments, the facts and the number of the code that draws it."""
    facts = reference.digests(*FACTS) | outcomes.digest()
    text = json.dumps({"arguments": arguments, "facts": facts, "POPULATION": POPULATION}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def shipped() -> Any:
    """Fingerprint and path of the parameter table that comes with the package (the preset's)."""
    path = files(str(__package__)) / "preset_parameters.npz"
    if not path.is_file():
        return None, path
    with path.open("rb") as file:
        return str(np.load(file)["fingerprint"]), path


def depth_of(expressions: Iterable[str]) -> str:
    """How deep sums have to be for these variables."""
    names = {split(expression)[0] for expression in expressions} - {"persons"}
    return DEPTHS[0] if not names else DEPTHS[1] if names <= {*STATUS_VALUES, "nonuser"} else DEPTHS[2]


def stream(
    people: Any, depth: str = "answers", progress: Callable[[int], object] | None = None, workers: int | None = None
) -> Sums:
    """`Sums` over everybody by area; `progress` is called with persons done.

    Areas are the blocks: each is summed by one thread into its own slice, so that the result does not depend on threads.
    """
    areas, shape = len(people.area_zone), (2, len(AGE_STARTS), 4)
    first = np.searchsorted(people.class_area, np.arange(areas + 1))
    persons = np.zeros((areas, *shape), np.int64)
    deeper: dict[str, Array] = {}
    if depth != "cells":
        deeper["status"] = np.zeros((areas, *shape, kernels.N_STATUS), np.int32)
        deeper["lines"] = np.zeros((areas, *shape), np.int64)
    if depth == "answers":
        deeper["answers"] = np.zeros((areas, *shape, people.asked.shape[1] + 1), np.int64)

    def one(area):
        if depth == "cells":
            cells = np.zeros(kernels.N_CELLS, np.int64)
            kernels.tally_cells(people, first[area], first[area + 1], cells)
            persons[area] = _four(cells)
        else:
            cells = np.zeros((kernels.N_CELLS, kernels.N_STATUS), np.int32)
            heads = np.zeros(kernels.N_CELLS, np.int64)
            asked = np.zeros((kernels.N_CELLS if depth == "answers" else 0, people.asked.shape[1] + 1), np.int64)
            kernels.tally(people, first[area], first[area + 1], cells, heads, asked)
            persons[area] = _four(cells.sum(axis=1))
            deeper["status"][area], deeper["lines"][area] = _four(cells), _four(heads)
            if depth == "answers":
                deeper["answers"][area] = _four(asked)
        return people.class_person[first[area + 1]] - people.class_person[first[area]]

    for done in each(one, range(areas), workers):
        if progress is not None:
            progress(int(done))
    return Sums(persons, **deeper)


def _four(cells):
    """Sums by 280 cells folded to sex, age and the four educations; the rest of the axes kept."""
    seven = cells.reshape(2, len(AGE_STARTS), -1, *cells.shape[1:])
    return np.add.reduceat(seven, np.unique(outcomes.EDUCATION_4, return_index=True)[1], axis=2)


def by_zone(sums: Sums, area_zone: Ints) -> Sums:
    """Sums over the 62 zones from sums over areas."""
    order = np.argsort(area_zone, kind="stable")
    first = np.searchsorted(area_zone[order], np.arange(62))
    known = ((name, x) for name, x in sums._asdict().items() if x is not None)
    return Sums(**{name: np.add.reduceat(x[order], first, axis=0, dtype=np.int64) for name, x in known})


def save(path: Path, mark: str, sums: Sums) -> None:
    """Write sums, in as narrow numbers as hold them."""
    tables = {name: x for name, x in sums._asdict().items() if x is not None}
    cache.save(
        path,
        mark,
        {name: x.astype(np.uint64 if x.max() > 2**32 - 1 else np.uint32) for name, x in tables.items()},
    )


def load(path: Path, mark: str) -> Sums | None:
    """Sums from a file, or None when there are none of this fingerprint."""
    arrays = cache.load(path, mark)
    if arrays is None or "persons" not in arrays:
        return None
    return Sums(**{name: x.astype(np.int64) for name, x in arrays.items()})


def split(expression: str) -> tuple[str, list[str]]:
    """Variables of an expression such as "internet*age_60plus": the summed column, and the group variables."""
    names = [name.strip() for name in expression.split("*")]
    groups = [name for name in names if name in VARIABLES]
    rest = [name for name in names if name not in VARIABLES]
    known = (*column_names(), "nonuser")
    for name in rest:
        if name not in known:
            raise UnknownNameError(
                f"{name!r} in {expression!r} is no variable of the population. Known: groups "
                f"{', '.join(VARIABLES)}; sums {', '.join(known)}."
            )
    if len(rest) > 1:
        raise DataError(f"{expression!r} names {len(rest)} summed variables ({', '.join(rest)}); name one, and groups.")
    return (rest[0] if rest else "persons"), groups


def group_mask(names: Iterable[str], shape: tuple[int, ...]) -> Truths:
    """Boolean mask over (zones or areas, sex, age, education[, status]) of the people in all of the named groups."""
    first = np.array(AGE_STARTS)
    mask = np.ones(shape, bool)
    for name in names:
        column, low, high = VARIABLES[name]
        if column == "age":
            inside, axis = (first >= low) & (first <= high), 2
        elif column == "urban":
            inside, axis = (np.arange(shape[0]) % 2 >= low) & (np.arange(shape[0]) % 2 <= high), 0
        else:
            axis = 1 if column == "sex" else 3
            inside = (np.arange(shape[axis]) >= low) & (np.arange(shape[axis]) <= high)
        mask &= np.expand_dims(inside, [a for a in range(len(shape)) if a != axis])
    return mask


def place_axes(people: Any, index: Ints) -> dict[str, tuple[Any, Sequence[Any]]]:
    """Codes and labels of the places of zones (where there are 62) or areas."""
    fine = len(index) != 62
    zone = people.area_zone[index] if fine else index
    found = {"province": (zone >> 1, list(reference.provinces())), "urban": (zone & 1, list(URBAN))}
    if fine:
        found["prefecture"] = (index >> 1, list(reference.frame_units()["adcode"]))
    return found


def axes(people: Any, shape: tuple[int, ...]) -> dict[str, tuple[Any, Sequence[Any]]]:
    """Codes over (zone or area, sex, age, education[, status]) and labels of the columns that domains can name."""
    tail = (1,) * (len(shape) - 4)
    index = np.arange(shape[0]).reshape(-1, 1, 1, 1, *tail)
    groups = np.searchsorted(AGES_FIRST, np.array(AGE_STARTS), side="right") - 1
    found = place_axes(people, index) | {
        "sex": (np.arange(2).reshape(1, 2, 1, 1, *tail), list(SEX)),
        "age_group": (groups.reshape(1, 1, -1, 1, *tail), list(AGES)),
        "education": (np.arange(4).reshape(1, 1, 1, 4, *tail), list(EDUCATION_4)),
    }
    if tail:
        found |= {
            "n_mobile": (MOBILES, [0, 1, 2, 3]),
            "n_lines": (LINES, [0, 1, 2]),
            "internet": (ONLINE, [False, True]),
            "sector": (SECTORS, list(SECTOR)),
        }
    return {name: (np.broadcast_to(codes, shape), labels) for name, (codes, labels) in found.items()}
