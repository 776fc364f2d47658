"""From margins to the tables that define every person: classes of households, roles, alias tables, thresholds."""

from dataclasses import dataclass

import numpy as np

from .. import reference
from ..columns import AGE_GROUPS, AGE_STARTS
from ..kernels import people, randomness
from . import census, outcomes, telephones

MOST_IN_FAMILY, ROOM = 7, 4  # family households have 1 to 7 members; dormitory rooms 4
RURAL_HOUSEHOLD = 1.10  # assumption: mean size in the country against towns
# Assumption: how the head of a household and dormitory residents differ from other members, by the 20 age groups
HEAD_BY_AGE = np.array([0.0] * 6 + [0.35, 0.8, *[1.0] * 12])
DORMITORY_BY_AGE = np.array([0.01, 0.02, 0.02, 0.03, 0.25, 5.0, 5.0, 1.5, *[0.6] * 7, 0.5, 0.5, 0.6, 0.8, 1.0])


@dataclass(frozen=True, slots=True)
class Synthesis:
    """The tables for the kernels, and the expectations they were fitted to."""

    people: people.People
    expected: np.ndarray  # (734, 280) expected persons by area and cell
    covered: np.ndarray  # (62, 280) expected persons with a telephone of either kind
    landline_reachable: np.ndarray  # (734, 280) expected persons in households with a landline
    telephones: telephones.TelephoneModel
    outcomes: outcomes.OutcomeModel


def largest_remainder(share, total):
    """Integers proportional to `share` that sum to `total`; ties go to the earlier one."""
    share = np.asarray(share, dtype=float)
    exact = share / share.sum() * total
    result = np.floor(exact + 1e-9).astype(np.int64)
    short = int(total - result.sum())
    order = np.argsort(-(exact - result), kind="stable")
    result[order[:short]] += 1
    return result


def household_sizes(mean):
    """Shares of family households with 1 .. 7 members: a Poisson law cut at 7 with the given mean (assumption)."""
    size = np.arange(1, MOST_IN_FAMILY + 1)
    low, high = np.full(len(mean), 1e-6), np.full(len(mean), 30.0)
    for _ in range(60):
        middle = (low + high) / 2
        weight = np.cumprod(np.column_stack([np.ones_like(middle), middle[:, None] / size[:-1]]), axis=1)
        share = weight / weight.sum(axis=1, keepdims=True)
        under = share @ size < mean
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return share


def _classes(persons, unit_of_area):
    """Household classes of every area: (size, kind, area, households), in id order."""
    places = reference.frame_units()
    population = places["population_2020_persons"].to_numpy("float64")
    family_share = np.minimum(places["family_household_pop_2020_persons"].to_numpy("float64") / population, 1.0)
    per_person = places["family_households_2020"].to_numpy("float64") / population
    rural, urban = persons.reshape(-1, 2).T.astype(float)
    family = family_share * (rural + urban)
    households = per_person * (rural + urban)
    town_mean = (family_share * (urban + rural / RURAL_HOUSEHOLD)) / np.maximum(households, 1e-9)
    mean = np.clip(np.stack([town_mean * RURAL_HOUSEHOLD, town_mean], axis=1).ravel(), 1.0001, 6.5)
    share = household_sizes(mean)
    rows = []
    for area in range(len(persons)):
        inside = family[area // 2] * persons[area] / max(persons[area // 2 * 2 : area // 2 * 2 + 2].sum(), 1)
        counts = largest_remainder(share[area], round(inside / mean[area]))
        while counts @ np.arange(1, MOST_IN_FAMILY + 1) > persons[area]:
            counts[np.nonzero(counts)[0][-1]] -= 1
        rest = int(persons[area] - counts @ np.arange(1, MOST_IN_FAMILY + 1))
        rows += [(size, 0, area, counts[size - 1]) for size in range(1, MOST_IN_FAMILY + 1)]
        rows += [(ROOM, 1, area, rest // ROOM), (max(rest % ROOM, 1), 1, area, int(rest % ROOM > 0))]
    table = np.array(rows, dtype=np.int64)
    return table[table[:, 3] > 0]


def _roles(table, classes):
    """Expected persons by area, role (head, member, dormitory) and cell, by IPF on the assumed age profiles of roles."""
    areas = len(table)
    size, kind, area, count = classes.T
    heads = np.bincount(area[kind == 0], count[kind == 0], areas)
    family = np.bincount(area[kind == 0], (size * count)[kind == 0], areas)
    rooms = np.bincount(area[kind == 1], (size * count)[kind == 1], areas)
    target = np.stack([heads, family - heads, rooms], axis=1)
    table = table * (target.sum(axis=1) / np.maximum(table.sum(axis=(1, 2, 3)), 1e-12))[:, None, None, None]
    profile = np.stack([HEAD_BY_AGE, np.ones(len(AGE_STARTS)), DORMITORY_BY_AGE])
    roles = table[:, None] * profile[None, :, None, :, None]
    for _ in range(40):
        achieved = roles.sum(axis=(2, 3, 4))
        roles *= np.divide(target, achieved, out=np.zeros_like(achieved), where=achieved > 0)[:, :, None, None, None]
        achieved = roles.sum(axis=1, keepdims=True)
        roles *= np.divide(table[:, None], achieved, out=np.zeros_like(achieved), where=achieved > 0)
    achieved = roles.sum(axis=(2, 3, 4))
    roles *= np.divide(target, achieved, out=np.zeros_like(achieved), where=achieved > 0)[:, :, None, None, None]
    return roles.reshape(areas, 3, -1)


def _starts(counts):
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def build(year, scale, key, *, personal_share, residential_share, no_phone_internet_rate):
    """Build the population of a year: 367 prefectures × rural/urban areas, scaled; deterministic but for `key`."""
    joint = census.joint_table(year)
    areas = joint.shape[0] * 2
    table = joint.reshape(areas, 2, len(AGE_STARTS), -1)
    persons = largest_remainder(table.sum(axis=(1, 2, 3)), round(table.sum() * scale))
    province = np.repeat(census.province_of_prefecture(), 2)
    zone = province * 2 + np.tile([0, 1], areas // 2)
    codes, unit = np.unique(reference.frame_units()["unit"].to_numpy(str), return_inverse=True)
    unit = np.repeat(unit, 2)
    classes = _classes(persons, unit)
    roles = _roles(table, classes)
    size, kind, area, count = classes.T
    by_zone = np.zeros((62, 3, roles.shape[2]))
    np.add.at(by_zone, zone, roles)
    ages = by_zone.sum(axis=1).reshape(62, 2, len(AGE_STARTS), -1).sum(axis=(1, 3))
    rooms = np.stack([np.bincount(zone[area], count * (kind == k), 62) for k in (0, 1)], axis=1)
    grow = table.sum() / persons.sum()
    phones = telephones.fit(
        year, ages * grow, rooms * grow, personal_share=personal_share, residential_share=residential_share
    )
    line = phones.line_rate()[:, [0, 0, 1]]  # by role
    age_of_cell = outcomes.cell_groups()[1]
    without = (1 - phones.first[:, None, age_of_cell]) * (1 - line[:, :, None])
    covered = (by_zone * (1 - without)).sum(axis=1) * grow
    residents = by_zone.sum(axis=1) * grow
    answers = outcomes.fit(covered + no_phone_internet_rate * (residents - covered), residents, year)
    alias = np.zeros((areas * 3, roles.shape[2]), np.uint64)
    randomness.alias_tables(roles.reshape(areas * 3, -1), alias)
    tables = people.People(
        key=key,
        class_person=_starts(size * count),
        class_household=_starts(count),
        class_size=size.copy(),
        class_kind=kind.copy(),
        class_area=area.copy(),
        area_unit=unit.astype(np.int64),
        area_zone=zone.astype(np.int64),
        unit_person=_starts(np.bincount(unit[area], size * count, len(codes))),
        unit_household=_starts(np.bincount(unit[area], count, len(codes))),
        alias=alias.reshape(areas, 3, -1),
        ages=np.array([AGE_STARTS, np.diff([*AGE_STARTS, 100])], np.int64),
        cell_group=outcomes.cell_groups()[0].astype(np.int64),
        mobile=_per_65536(np.stack([phones.first, phones.second, phones.third])),
        cycles=np.stack([phones.second_cycle, phones.third_cycle, phones.line_cycle, phones.second_line_cycle]),
        line=_per_65536(np.stack([phones.line, phones.second_line])),
        use=answers.use * 2.0**32,
        rates=np.array([no_phone_internet_rate, outcomes.HOUSEHOLD_COPY * 65536.0]),
        sector=_per_65536(answers.sector),
        threshold=answers.threshold,
        universe=answers.universe.astype(np.int64),
        draw=answers.draw.astype(np.int64),
        hours=answers.hours,
    )
    landline = (roles * line[zone][:, :, None]).sum(axis=1) * grow
    return Synthesis(tables, roles.sum(axis=1) * grow, covered, landline, phones, answers)


def _per_65536(probability):
    return np.rint(probability * 65536).astype(np.int64)


assert len(AGE_GROUPS) == people.N_AGES
