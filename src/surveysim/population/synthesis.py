"""From margins to the tables that define every person: classes of households, roles, alias tables, thresholds."""

from dataclasses import dataclass

import numpy as np

from .. import reference
from ..aliases import Array, Floats
from ..apportion import bisected, largest_remainder, over, starts
from ..columns import AGE_GROUPS, AGE_STARTS
from ..kernels import people, randomness
from . import census, outcomes, telephones
from .fitting import associate
from .ownership import Ownership

MOST_IN_FAMILY, ROOM = 7, 4  # family households have 1 to 7 members; dormitory rooms 4
RURAL_HOUSEHOLD = 1.10  # assumption: mean size in the country against towns
# Assumption: how heads, second members, further members and dormitory residents differ in age, by the 20 age groups
ROLE_BY_AGE = np.array(
    [
        [0.0] * 6 + [0.35, 0.8, *[1.0] * 12],
        [0.06] * 5 + [0.1, 0.5, 0.9, *[1.0] * 12],
        [1.0] * 20,
        [0.01, 0.02, 0.02, 0.03, 0.25, 5.0, 5.0, 1.5, *[0.6] * 7, 0.5, 0.5, 0.6, 0.8, 1.0],
    ]
)
HEAD_STARTS = np.array([0, 30, 45, 60])  # head groups: sex × up to junior secondary or above × these ages
# Assumption: second members are mostly partners: of the other sex, and of nearly the head's age
SAME_SEX, PARTNER_SPREAD, PARTNER_AGE = 0.04, 6.0, np.array([25.0, 37.0, 52.0, 68.0])
OTHER_EDUCATION = 0.25  # and of the same education, up to junior secondary or above
# Assumption: how likely further members are at ages 0-14, 15-29, 30-44, 45-59, 60+, by the head's age
OTHER_BY_AGE = np.array(
    [
        [1.0, 0.25, 0.08, 0.35, 0.15],
        [1.0, 0.35, 0.06, 0.15, 0.45],
        [0.30, 1.0, 0.25, 0.08, 0.45],
        [0.55, 0.35, 1.0, 0.35, 0.20],
    ]
)


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


def household_sizes(mean: Floats) -> Floats:
    """Shares of family households with 1 .. 7 members: a Poisson law cut at 7 with the given mean (assumption)."""
    size = np.arange(1, MOST_IN_FAMILY + 1)

    def share(level):
        weight = np.cumprod(np.column_stack([np.ones_like(level), level[:, None] / size[:-1]]), axis=1)
        return weight / weight.sum(axis=1, keepdims=True)

    start = np.full(len(mean), 1e-6), np.full(len(mean), 30.0)
    return share(bisected(lambda level: share(level) @ size < mean, *start, 60)[2])


def _classes(persons):
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


def _cells():
    """Age group, sex × schooling and head group of the 280 cells."""
    _, age, education = outcomes.cell_groups()
    sex, schooled = np.repeat([0, 1], len(age) // 2), (outcomes.EDUCATION_4[education] >= 2).astype(int)
    return (
        age,
        sex * 2 + schooled,
        sex * 8 + schooled * 4 + np.searchsorted(HEAD_STARTS, np.array(AGE_STARTS)[age], "right") - 1,
    )


def _partner_prior():
    """How likely a second member of each cell is beside a head of each group, before fitting; (16, 280)."""
    age, kind, _ = _cells()
    middle = (np.array(AGE_STARTS) + np.array([*AGE_STARTS[1:], 92])) / 2
    near = 0.03 + np.exp(-0.5 * ((middle[age] - PARTNER_AGE[:, None]) / PARTNER_SPREAD) ** 2)  # (4, 280)
    fits = [
        np.where(kind >> 1 == head >> 1, SAME_SEX, 1.0) * np.where(kind & 1 == head & 1, 1.0, OTHER_EDUCATION)
        for head in range(4)
    ]
    return np.concatenate([near * fit for fit in fits])


def _roles(table, classes):
    """Expected persons by area, role and cell (A, 22, 280): heads, partners by head group, others by head's age, dormitory."""
    areas = len(table)
    size, kind, area, count = classes.T

    def sums(values, keep):
        return np.bincount(area[keep], values[keep], areas)

    family = kind == 0
    heads, seconds = sums(count, family), sums(count, family & (size > 1))
    target = np.stack(
        [heads, seconds, sums(size * count, family) - heads - seconds, sums(size * count, ~family)], axis=1
    )
    columns = table.reshape(areas, -1) * over(target.sum(axis=1), table.sum(axis=(1, 2, 3)))[:, None]
    age, _, group = _cells()
    head, second, other, room = np.moveaxis(associate(ROLE_BY_AGE[:, age], target, columns), 1, 0)
    share = np.stack([head[:, group == g].sum(axis=1) for g in range(16)], axis=1)
    share = over(share, np.maximum(heads, 1e-12)[:, None] * np.ones(16))
    partners = associate(_partner_prior(), share * second.sum(axis=1)[:, None], second)
    wide = np.searchsorted([15, 30, 45, 60], np.array(AGE_STARTS)[age], side="right")
    others = associate(OTHER_BY_AGE[:, wide], share.reshape(-1, 4, 4).sum(axis=1) * other.sum(axis=1)[:, None], other)
    return np.concatenate([head[:, None], partners, others, room[:, None]], axis=1)


def _line_of_roles(phones, roles, zone):
    """Probability that a person's household has a line, by area, role and cell: heads by own age, others by the head's."""
    age, _, group = _cells()
    rate = phones.line_rate()[zone]  # (A, 21)
    of_heads = rate[:, age]
    by_group = np.stack(
        [
            over((roles[:, 0] * of_heads)[:, group == g].sum(axis=1), roles[:, 0][:, group == g].sum(axis=1))
            for g in range(16)
        ],
        axis=1,
    )
    weight = np.stack([roles[:, 0][:, group == g].sum(axis=1) for g in range(16)], axis=1)
    by_age = over((by_group * weight).reshape(-1, 4, 4).sum(axis=1), weight.reshape(-1, 4, 4).sum(axis=1))
    line = np.concatenate([np.zeros((len(rate), 1)), by_group, by_age, rate[:, -1:]], axis=1)
    line = np.repeat(line[:, :, None], len(age), axis=2)
    line[:, 0] = of_heads
    return line


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
    classes = _classes(persons)
    roles = _roles(table, classes)
    grow = table.sum() / persons.sum()
    age = _cells()[0]
    phones = telephones.fit(
        year,
        _by_zone(_by_age(roles.sum(axis=1), age), zone) * grow,
        _by_zone(np.column_stack([_by_age(roles[:, 0], age), _rooms(classes, areas)]), zone) * grow,
        personal_share=personal_share,
        residential_share=residential_share,
        mobile_ownership=mobile_ownership,
    )
    line = _line_of_roles(phones, roles, zone)
    residents = roles.sum(axis=1) * grow
    without = (roles * (1 - line)).sum(axis=1) * grow * (1 - phones.first[zone][:, age])
    shift = np.repeat(prefecture_effect, 2)
    answers = outcomes.fit(
        residents - (1 - no_phone_internet_rate) * without, residents, zone, shift, prefecture_icc, year
    )
    tables = people.People(
        key=key,
        **_where(classes, zone, unit),
        alias=_alias(roles),
        **_of_cells(),
        mobile=_per_65536(np.stack([phones.first, phones.second, phones.third])),
        cycles=np.stack([phones.second_cycle, phones.third_cycle, phones.line_cycle, phones.second_line_cycle]),
        line=_per_65536(np.stack([phones.line, phones.second_line])),
        silent=np.array([no_phone_internet_rate]),
        shares=_per_65536(np.sqrt(np.array([household_icc]))),
        **_of_answers(answers),
    )
    homes = (roles[:, 0] * line[:, 0]).sum(axis=1) + _rooms(classes, areas) * phones.line_rate()[zone, -1]
    reachable = (roles * line).sum(axis=1) * grow
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
    alias = np.zeros((areas * kinds, cells), np.uint64)
    randomness.alias_tables(roles.reshape(areas * kinds, -1), alias)
    return alias.reshape(areas, kinds, -1)


def _of_cells():
    """What the 280 cells mean, as the kernels take it."""
    age, _, head_group = _cells()
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


def _rooms(classes, areas):
    _, kind, area, count = classes.T
    return np.bincount(area[kind == 1], count[kind == 1], areas)


def _per_65536(probability):
    return np.rint(probability * 65536).astype(np.int64)


assert len(AGE_GROUPS) == people.N_AGES
