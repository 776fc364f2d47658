"""From margins to the tables that define every person: alias tables of the seats in households, telephones, thresholds."""

from dataclasses import dataclass

import numpy as np

from .. import reference
from ..aliases import Array, Floats
from ..apportion import largest_remainder, starts
from ..columns import AGE_GROUPS, AGE_STARTS
from ..kernels import people, randomness
from . import census, households, outcomes, telephones
from .ownership import Ownership


@dataclass(frozen=True, slots=True)
class Synthesis:
    """The tables for the kernels, and the expectations they were fitted to."""

    people: people.People
    expected: np.ndarray  # (734, 280) expected persons by area and cell
    covered: np.ndarray  # (734, 280) expected persons with a telephone of either kind
    landline_reachable: np.ndarray  # (734, 280) expected persons in households with a landline
    homes_with_line: np.ndarray  # (734,) expected households and dormitory rooms with a landline
    telephones: telephones.TelephoneModel
    outcomes: outcomes.OutcomeModel


def build(
    year: int,
    scale: float,
    key: Array,
    *,
    personal_share: float,
    residential_share: float,
    no_phone_internet_rate: float,
    household_icc: float,
    prefecture_icc: float,
    prefecture_effect: Floats,
    mobile_ownership: Ownership = "surveys",
) -> Synthesis:
    """Build the population of a year: 367 prefectures × rural/urban areas, scaled; deterministic but for `key` and
    `prefecture_effect` (367,), standard normal draws."""
    joint = census.joint_table(year)
    areas = joint.shape[0] * 2
    table = joint.reshape(areas, 2, len(AGE_STARTS), -1)
    persons = largest_remainder(table.sum(axis=(1, 2, 3)), round(table.sum() * scale))
    zone = np.repeat(census.province_of_prefecture(), 2) * 2 + np.tile([0, 1], areas // 2)
    unit = np.repeat(np.unique(reference.frame_units()["unit"].to_numpy(str), return_inverse=True)[1], 2)
    classes = households.classes(persons, table)
    seats = households.seated(table, classes)
    roles = seats.roles
    grow = table.sum() / persons.sum()
    age = households.cells()[0]
    phones = telephones.fit(
        year,
        _by_zone(_by_age(roles.sum(axis=1), age), zone) * grow,
        _by_zone(np.column_stack([_by_age(seats.heads, age), seats.rooms]), zone) * grow,
        personal_share=personal_share,
        residential_share=residential_share,
        mobile_ownership=mobile_ownership,
    )
    rate = phones.line_rate()[zone]
    reachable = households.reached(seats, rate) * grow
    residents = roles.sum(axis=1) * grow
    without = (residents - reachable) * (1 - phones.first[zone][:, age])
    shift = np.repeat(prefecture_effect, 2)
    answers = outcomes.fit(
        residents - (1 - no_phone_internet_rate) * without, residents, zone, shift, prefecture_icc, year
    )
    tables = people.People(
        key=key,
        **_where(classes, zone, unit),
        seat=households.seat_table(),
        alias=_alias(roles),
        **_of_cells(),
        mobile=_per_65536(np.stack([phones.first, phones.second, phones.third])),
        cycles=np.stack([phones.second_cycle, phones.third_cycle, phones.line_cycle, phones.second_line_cycle]),
        line=_per_65536(np.stack([phones.line, phones.second_line])),
        silent=np.array([no_phone_internet_rate]),
        shares=_per_65536(np.sqrt(np.array([household_icc]))),
        **_of_answers(answers),
    )
    homes = (seats.heads * rate[:, age]).sum(axis=1) + seats.rooms * rate[:, -1]
    return Synthesis(tables, residents, residents - without, reachable, homes * grow, phones, answers)


def _where(classes, zone, unit):
    """Classes, areas and frame units as the kernels take them: where persons and households of each begin."""
    size, kind, area, count = classes.T
    units = unit.max() + 1
    return {
        "class_person": starts(size * count),
        "class_household": starts(count),
        "class_size": size.copy(),
        "class_kind": kind.copy(),
        "class_area": area.copy(),
        "area_unit": unit.astype(np.int64),
        "area_zone": zone.astype(np.int64),
        "unit_person": starts(np.bincount(unit[area], size * count, units)),
        "unit_household": starts(np.bincount(unit[area], count, units)),
    }


def _alias(roles):
    """Alias tables of the cells of every area and role."""
    areas, kinds, cells = roles.shape
    alias = np.zeros((areas, kinds, cells), np.uint32)
    for area in range(areas):  # one by one: whole tables would take half a country's memory
        tables = np.zeros((kinds, cells), np.uint64)
        randomness.alias_tables(roles[area], tables)
        randomness.short(tables, alias[area])
    return alias


def _of_cells():
    """What the 280 cells mean, as the kernels take it."""
    age, _, head_group = households.cells()
    return {
        "ages": np.array([AGE_STARTS, np.diff([*AGE_STARTS, 100])], np.int64),
        "cell_age": age.astype(np.int64),
        "cell_head": head_group.astype(np.int64),
        "cell_group": outcomes.cell_groups()[0].astype(np.int64),
    }


def _of_answers(answers):
    """An OutcomeModel as the kernels take it."""
    return {
        "use": answers.use * 2.0**32,
        "sector": _per_65536(answers.sector),
        "trait_cut": _per_65536(answers.trait_cut),
        "threshold": np.ascontiguousarray(np.moveaxis(answers.threshold, 0, 2)),
        "asked": answers.asked,
        "shared": answers.shared.astype(np.int64),
        "nested": answers.nested.astype(np.int64),
        "hours": answers.hours,
    }


def _by_age(cells, age):
    return np.stack([cells[:, age == g].sum(axis=1) for g in range(len(AGE_STARTS))], axis=1)


def _by_zone(values, zone):
    result = np.zeros((62, values.shape[1]))
    np.add.at(result, zone, values)
    return result


def _per_65536(probability):
    return np.rint(probability * 65536).astype(np.int64)


assert len(AGE_GROUPS) == people.N_AGES
