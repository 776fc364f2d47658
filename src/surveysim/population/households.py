"""Households: how many of which kind live in every area, and who sits in them.

A kind of household is its generations and its seats: head, partner (p), children (c), parents (o) of the head. The census says
for every prefecture how many households have one person, and one, two, three or more generations; their sizes are tilted
so that its mean size holds too. Who takes a seat follows from age, sex and schooling, fitted so that all seats add up to the census.
"""

from dataclasses import dataclass

import numpy as np

from .. import reference
from ..aliases import Array, Floats, Ints
from ..apportion import bisected, largest_remainder, over
from ..columns import AGE_STARTS
from . import outcomes
from .fitting import associate, fitted

# Assumption: kinds of family households by generations, with the shares of those of equal generations before they are tilted.
# The first letter is the head; a dormitory room (d) comes last and has up to four.
KINDS = (
    ("h", 0, 1.0),  # alone
    ("hp", 1, 0.94),
    ("hpp", 1, 0.05),
    ("hppp", 1, 0.01),
    ("hc", 2, 0.175),
    ("ho", 2, 0.015),
    ("hpc", 2, 0.445),
    ("hcc", 2, 0.05),
    ("hpo", 2, 0.005),
    ("hoo", 2, 0.01),
    ("hpcc", 2, 0.20),
    ("hpoo", 2, 0.04),
    ("hccc", 2, 0.01),
    ("hpccc", 2, 0.035),
    ("hpcccc", 2, 0.015),
    ("hco", 3, 0.10),
    ("hpco", 3, 0.08),
    ("hcoo", 3, 0.15),
    ("hcco", 3, 0.03),
    ("hpcco", 3, 0.06),
    ("hpcoo", 3, 0.29),
    ("hpccoo", 3, 0.17),
    ("hpccco", 3, 0.03),
    ("hpcccoo", 3, 0.09),
    ("dddd", 4, 1.0),
)
SEATS = tuple(seats for seats, _, _ in KINDS)
GENERATION = np.array([generation for _, generation, _ in KINDS])  # 0 alone, 1, 2, 3 or more; 4 a dormitory room
SIZE, DORMITORY = np.array([len(seats) for seats in SEATS]), len(KINDS) - 1
GENERATIONS = np.where(GENERATION == 4, 0, np.maximum(GENERATION, 1))  # that live together, none in a dormitory
MOST, ROOM = 7, 4
HEAD_STARTS = np.array([0, 30, 40, 50, 60, 70])  # head groups: sex × up to junior secondary or above × these ages
GROUPS, HEADS = 24, 4  # head groups; heads are drawn apart by GENERATION
# Rows of the alias tables: heads by GENERATION, partners by head group, children and parents by the head's age, dormitory
PARTNER, CHILD, PARENT, RESIDENT = 4, 28, 34, 40
ROLES = 41
# Assumptions: size in the country against towns; log odds there of three generations rather than others
RURAL_HOUSEHOLD, RURAL_THREE = 1.06, 0.35
# Assumption: of a hundred at each of the 20 ages, who is head (alone, of one, two, three generations), partner, child, parent,
# in a dormitory. No head or partner is under 20.
SEAT_BY_AGE = np.array(
    [
        *[(0, 0, 0, 0, 0, 99.5, 0, 0.5)] * 4,
        (0, 0, 0, 0, 0, 97, 0, 3),
        (0, 0, 0, 0, 0, 57, 0, 43),
        (12, 5, 3, 1.5, 10, 36, 0, 33),
        (15, 6, 13, 9, 27, 20, 0, 13),
        (12, 3.5, 23, 14, 34, 10, 0, 8),
        (9.5, 2.5, 28, 11.5, 35, 7, 0, 6),
        (8.5, 3, 28, 7, 36, 5, 0.2, 6),
        (8.5, 6, 27, 5, 37, 3, 1.2, 5.5),
        (9, 11, 20, 3.5, 34, 1.5, 8, 5),
        (9.5, 15, 14, 2.5, 33, 0.7, 15, 3.5),
        (9.5, 24, 9, 1.5, 35, 0.3, 19, 2.5),
        (11.5, 38, 6, 0.4, 48, 0.2, 11, 1.5),
        (13.5, 46, 4.5, 0.2, 54, 0.1, 12, 1.5),
        (16.5, 46, 3.5, 0.1, 52, 0, 17, 2),
        (22, 30, 3, 0, 32, 0, 29, 2.5),
        (24, 14, 2, 0, 12, 0, 46, 4),
    ]
).T
# Assumption: log odds of being a woman in each of these seats, under 60 and from 60 on
SEAT_OF_WOMEN = np.array([[-0.5, -1.6, -1.2, -1.4, 1.4, -0.3, 0.3, -0.2], [0.5, -1.6, -0.8, -1.0, 1.3, 0.0, 0.6, 0.0]])
# Assumption: of a hundred at each age, how many live with a parent as the child; kinds with fewer or more children are tilted to it
AT_PARENTS = np.array([*[99.5] * 4, 97, 57, 36, 20, 11, 7, 4, 2.5, 1.2, *[0.3] * 7]) / 100
# Assumption: partners are mostly of the other sex, of nearly the head's age (by the head's age group), and of the same schooling
SAME_SEX, PARTNER_SPREAD, PARTNER_AGE = 0.03, 4.0, np.array([26.0, 34.0, 44.0, 54.0, 64.0, 74.0])
OTHER_EDUCATION = 0.25
# Assumption: years between a parent and a child, and their spread; one of these children is a grandchild where heads are older
GENERATION_YEARS, GENERATION_SPREAD = 26.0, 5.0
GRANDCHILDREN = np.array([0, 0, 0, 0.12, 0.4, 0.3])


@dataclass(frozen=True, slots=True)
class Seats:
    """Whose seats there are, by area and role."""

    roles: np.ndarray  # (A, 41, 280) expected persons by role and cell
    heads: np.ndarray  # (A, 280) expected heads of families by cell
    rooms: np.ndarray  # (A,) dormitory rooms
    share: np.ndarray  # (A, 4, 24) share of a head group in the heads of each GENERATION
    places: np.ndarray  # (A, 4, 3) seats of partners, children, parents in households by GENERATION


def seat_table() -> Ints:
    """Role of a member by kind, place in the household and the head's group, (kinds, 7, 24), as the kernels take it."""
    group = np.arange(GROUPS)
    age = group % len(HEAD_STARTS)
    table = np.zeros((len(KINDS), MOST, GROUPS), np.uint8)  # small, because it is read for everybody
    for kind, seats in enumerate(SEATS):
        row = {"h": GENERATION[kind], "p": PARTNER + group, "c": CHILD + age, "o": PARENT + age, "d": RESIDENT}
        for place, seat in enumerate(seats):
            table[kind, place] = row[seat]
    return table


def _census_counts():
    """Family households per person by prefecture and generation (alone, one, two, three or more), and persons in families."""
    places = reference.frame_units()
    population = places["population_2020_persons"].to_numpy("float64")
    table = reference.load("households_prefecture").set_index("adcode").loc[places["adcode"]]
    alone, one, two = (
        table[f"{name}_2020"].to_numpy("float64") for name in ("one_person", "one_generation", "two_generations")
    )
    counts = np.stack([alone, one - alone, two, places["family_households_2020"] - one - two], axis=1)
    family = np.minimum(places["family_household_pop_2020_persons"].to_numpy("float64") / population, 1.0)
    return counts / population[:, None], family


def by_generation(persons: Floats) -> tuple[Floats, Floats]:
    """Family households (A, 4) by generation of areas, two to a prefecture, and persons in families (A,).

    The prefecture's census numbers per person hold; the country's households are larger and more often of three generations.
    """
    counts, family = _census_counts()
    town = persons.reshape(-1, 2)
    inside = family[:, None] * town
    wanted = counts * town.sum(axis=1)[:, None]
    weight = inside / np.array([RURAL_HOUSEHOLD, 1.0])
    households = over(weight * wanted.sum(axis=1)[:, None], weight.sum(axis=1)[:, None] * np.ones(2))
    tilt = np.ones((2, HEADS))
    tilt[0, 3] = np.exp(RURAL_THREE)
    start = np.broadcast_to(tilt, (len(counts), 2, HEADS))
    table = fitted(start, [((1,), wanted[:, None, :]), ((2,), households[:, :, None])], 60)[0]
    return table.reshape(-1, HEADS), inside.ravel()


def by_kind(households: Floats, inside: Floats, children: Floats) -> Floats:
    """Households (A, kinds) of families: shares of KINDS tilted so that the mean size holds, then so that `children` sit as such.

    `households` (A, 4) by generation, `inside` (A,) persons in families, `children` (A,) who live with a parent as the child.
    """
    base = np.array([share for _, _, share in KINDS])[:DORMITORY]
    size, generation = SIZE[:DORMITORY].astype(float), GENERATION[:DORMITORY]
    seats = np.array([s.count("c") for s in SEATS[:DORMITORY]], float)

    def shared(weight, cells):
        """`households` shared out within `cells` (those of equal number) in proportion to `weight` (A, kinds)."""
        sums = np.stack([weight[:, cells == g].sum(axis=1) for g in range(cells.max() + 1)], axis=1)
        return over(weight, sums[:, cells])

    first = np.broadcast_to(base, (len(inside), DORMITORY))

    def sized(level):
        return households[:, generation] * shared(first * np.exp(level[:, None] * (size - 3)), generation)

    edge = np.full(len(inside), 6.0)
    table = sized(bisected(lambda level: sized(level) @ size < inside, -edge, edge, 50)[2])
    both = np.unique(generation * 10 + SIZE[:DORMITORY], return_inverse=True)[1]
    held = np.stack([table[:, both == g].sum(axis=1) for g in range(both.max() + 1)], axis=1)[:, both]

    def peopled(level):
        return held * shared(np.maximum(table, 1e-12) * np.exp(level[:, None] * seats), both)

    return peopled(bisected(lambda level: peopled(level) @ seats < children, -edge, edge, 50)[2])


def classes(persons: Ints, table: Floats) -> Ints:
    """Household classes of every area: (size, kind, area, households), in id order.

    `persons` (A,) as whole numbers; `table` (A, 2, 20, 7) people by sex, age and education, in any unit.
    """
    households, inside = by_generation(persons.astype(float))
    ages = over(table.sum(axis=(1, 3)), table.sum(axis=(1, 2, 3))[:, None] * np.ones(len(AGE_STARTS)))
    expected = by_kind(households, inside, (ages @ AT_PARENTS) * persons)
    rows = []
    for area in range(len(persons)):
        size = SIZE[:DORMITORY]
        if expected[area].sum() > 0:
            counts = largest_remainder(expected[area], round(expected[area].sum()))
        else:
            counts = np.zeros(DORMITORY, np.int64)
        while counts @ size > persons[area]:
            counts[np.nonzero(counts)[0][-1]] -= 1
        rest = int(persons[area] - counts @ size)
        rows += [(size[k], k, area, counts[k]) for k in range(DORMITORY)]
        rows += [(ROOM, DORMITORY, area, rest // ROOM), (max(rest % ROOM, 1), DORMITORY, area, int(rest % ROOM > 0))]
    made = np.array(rows, dtype=np.int64)
    return made[made[:, 3] > 0]


def cells() -> tuple[Ints, Ints, Ints]:
    """Age group, sex × schooling and head group of the 280 cells."""
    _, age, education = outcomes.cell_groups()
    sex, schooled = np.repeat([0, 1], len(age) // 2), (outcomes.EDUCATION_4[education] >= 2).astype(int)
    ages = len(HEAD_STARTS)
    band = np.searchsorted(HEAD_STARTS, np.array(AGE_STARTS)[age], "right") - 1
    return age, sex * 2 + schooled, (sex * 2 + schooled) * ages + band


def _middles():
    return (np.array(AGE_STARTS) + np.array([*AGE_STARTS[1:], 92])) / 2


def _partner_prior():
    """How likely a partner of each cell is beside a head of each group, before fitting; (24, 280)."""
    age, kind, _ = cells()
    near = 0.02 + np.exp(-0.5 * ((_middles()[age] - PARTNER_AGE[:, None]) / PARTNER_SPREAD) ** 2)  # (6, 280)
    fits = [
        np.where(kind >> 1 == head >> 1, SAME_SEX, 1.0) * np.where(kind & 1 == head & 1, 1.0, OTHER_EDUCATION)
        for head in range(4)
    ]
    return np.concatenate([near * fit for fit in fits])


def _kin_prior(years):
    """How likely somebody of each cell is so many years older than a head of each age, before fitting; (6, 280)."""
    gap = _middles()[cells()[0]] - PARTNER_AGE[:, None]
    return 1e-5 + np.exp(-0.5 * ((gap - years) / GENERATION_SPREAD) ** 2)


def _child_prior():
    grand = GRANDCHILDREN[:, None] * _kin_prior(-2 * GENERATION_YEARS)
    return (1 - GRANDCHILDREN)[:, None] * _kin_prior(-GENERATION_YEARS) + grand


def _counted(made, areas):
    """Seats by area: (heads by GENERATION and others, as SEAT_BY_AGE has them, (A, 8)), their places (A, 4, 3), rooms (A,)."""
    size, kind, area, count = made.T
    family = kind != DORMITORY
    letters = np.array([[seats.count(x) for x in "pco"] for seats in SEATS])
    heads, places = np.zeros((areas, HEADS)), np.zeros((areas, HEADS, 3))
    np.add.at(heads, (area[family], GENERATION[kind[family]]), count[family])
    np.add.at(places, (area[family], GENERATION[kind[family]]), count[family, None] * letters[kind[family]])
    residents = np.bincount(area[~family], (size * count)[~family], areas)
    target = np.concatenate([heads, places.sum(axis=1), residents[:, None]], axis=1)
    return target, places, np.bincount(area[~family], count[~family], areas)


def _by_group(values, group, n):
    """Sums (A, n) of (A, 280) over the cells of each group."""
    return values @ (group[:, None] == np.arange(n)).astype(float)


def seated(table: Floats, made: Ints) -> Seats:
    """Expected persons by area, role and cell: all roles of an area add up to `table` (A, 2, 20, 7), moved to its persons."""
    areas, ages = len(table), len(HEAD_STARTS)
    target, places, rooms = _counted(made, areas)
    columns = table.reshape(areas, -1) * over(target.sum(axis=1), table.sum(axis=(1, 2, 3)))[:, None]
    age, kind, group = cells()
    old = np.array(AGE_STARTS)[age] >= 60
    women = np.exp(np.where(old, SEAT_OF_WOMEN[1][:, None], SEAT_OF_WOMEN[0][:, None]) * (kind >> 1))
    seats = associate(SEAT_BY_AGE[:, age] * women, target, columns)
    heads, (partner, child, parent, resident) = seats[:, :HEADS], np.moveaxis(seats[:, HEADS:], 1, 0)
    share = np.stack([_by_group(heads[:, g], group, GROUPS) for g in range(HEADS)], axis=1)
    share = over(share, target[:, :HEADS, None] * np.ones(GROUPS))
    wanted = np.einsum("agh,ags->ash", share, places)  # seats of partners, children, parents by head group
    by_age = wanted.reshape(areas, 3, 4, ages).sum(axis=2)
    roles = [
        heads,
        associate(_partner_prior(), wanted[:, 0], partner),
        associate(_child_prior(), by_age[:, 1], child),
        associate(_kin_prior(GENERATION_YEARS), by_age[:, 2], parent),
        resident[:, None],
    ]
    return Seats(np.concatenate(roles, axis=1), heads.sum(axis=1), rooms, share, places)


def reached(seats: Seats, rate: Array) -> Floats:
    """Expected persons (A, 280) in households of which a `rate` (A, 21) has something, by the head's age, the last a dormitory's."""
    age, _, group = cells()
    heads = seats.roles[:, :HEADS]
    of_heads = rate[:, age]
    known = np.stack([_by_group(heads[:, g] * of_heads, group, GROUPS) for g in range(HEADS)], axis=1)
    number = np.stack([_by_group(heads[:, g], group, GROUPS) for g in range(HEADS)], axis=1)
    weight = seats.share[:, :, None, :] * seats.places[:, :, :, None]  # of the seats of others, (A, 4, 3, 24)
    top, bottom = (weight * over(known, number)[:, :, None]).sum(axis=1), weight.sum(axis=1)
    kin = over(*(x[:, 1:].reshape(len(rate), 2, 4, len(HEAD_STARTS)).sum(axis=2) for x in (top, bottom)))
    others = np.concatenate([over(top[:, 0], bottom[:, 0]), kin.reshape(len(rate), -1), rate[:, -1:]], axis=1)
    return seats.heads * of_heads + np.einsum("arc,ar->ac", seats.roles[:, HEADS:], others)
