"""What all numbers of a unit come to: expected numbers by type over every word that could be drawn for them, without drawing any."""

from collections import namedtuple

import numpy as np

from ..aliases import Array, Int
from .compiling import borrowed, inline_jit, jit, jit_in_place
from .numbers import SUFFIXES, Numbers, business_of, given_by
from .people import AGED_6, People
from .respondents import (
    BATCH,
    BUSINESS,
    DEAD,
    MACHINE,
    MOST_MEMBERS,
    NOBODY_ELIGIBLE,
    RINGING,
    Batch,
    Frame,
    able_members,
    add_members,
    look_at_owning_homes,
    look_at_owning_persons,
    look_at_persons,
    look_for_owners,
    new_batch,
    person_type,
)
from .selecting import LANES, chances, lanes

GIVEN_FROM = 30  # bits of a packed prefix below the numbers given out by earlier prefixes

Sums = namedtuple(
    "Sums",  # by type of number, (types,)
    [
        "numbers",  # expected
        "weighted",  # with the multiplicity weight of whom they reach: persons that a number stands for
        "squared",  # with its square
    ],
)


def take_census(p: People, n: Numbers, f: Frame, landline: Int, unit: Int, sums: Sums) -> None:
    """Add up all numbers of a unit, `landline` or not, into Sums."""
    room = np.empty(MOST_MEMBERS), np.empty(MOST_MEMBERS)
    add_numbers(p, n, f, landline, unit, sums, new_batch(), *room)


@jit
def add_numbers(
    p: People, n: Numbers, f: Frame, landline: Int, v: Int, sums: Sums, b: Batch, chance: Array, stands_for: Array
) -> None:
    """`take_census` with room for a batch and for the members of a household."""
    p, n, f, b, sums = borrowed(p), borrowed(n), borrowed(f), borrowed(b), borrowed(sums)
    for j in range(n.prefix_start[v], n.prefix_start[v + 1]):
        prefix = n.prefix[j]
        given, first = given_by(prefix), prefix >> GIVEN_FROM
        add_unowned(sums, f, business_of(prefix), float(SUFFIXES - given))
        for start in range(0, given, BATCH):
            m = min(BATCH, given - start)
            for i in range(m):
                b.slot[i] = first + start + i
            k = look_for_owners(n, b, m, v)
            if landline == 1:
                add_households(p, f, sums, b, k, v, business_of(prefix), chance, stands_for)
            else:
                add_persons(p, f, sums, b, k, v, business_of(prefix))


@inline_jit
def add_unowned(sums: Sums, f: Frame, business: Int, many: float) -> None:
    """Numbers that reach no household or person."""
    share, machine, dead = business / LANES, f.lines[0] / LANES, f.lines[1] / LANES
    sums.numbers[MACHINE] += many * share * machine
    sums.numbers[BUSINESS] += many * share * (1 - machine)
    sums.numbers[DEAD] += many * (1 - share) * dead
    sums.numbers[RINGING] += many * (1 - share) * (1 - dead)


@inline_jit
def add(sums: Sums, kind: Int, chance: float, weight: float) -> None:
    """A number that is of a type with a chance and stands for so many persons then."""
    sums.numbers[kind] += chance
    sums.weighted[kind] += chance * weight
    sums.squared[kind] += chance * weight**2


@jit_in_place
def add_households(
    p: People, f: Frame, sums: Sums, b: Batch, k: Int, v: Int, business: Int, chance: Array, stands_for: Array
) -> None:
    """Numbers that are slots of k households."""
    landline, none = np.int64(1), np.int64(-1)
    look_at_owning_homes(p, b, k, v, landline)
    for j in range(k):
        if b.lines[j] <= b.layer[j]:
            add_unowned(sums, f, business, 1.0)
            continue
        eligible = able_members(p, b, j, none)
        if eligible == 0:
            sums.numbers[NOBODY_ELIGIBLE] += 1.0
            continue
        chances(p, f, b, eligible, chance, stands_for)
        for i in range(eligible):
            if chance[i] > 0.0:
                kind, _ = person_type(p, b, b.able[i], landline)
                add(sums, kind, chance[i], stands_for[i] / b.lines[j])


@jit_in_place
def add_persons(p: People, f: Frame, sums: Sums, b: Batch, k: Int, v: Int, business: Int) -> None:
    """Numbers that are slots of k persons, each answered by another member of the household with a chance."""
    landline = np.int64(0)
    other = f.selection[3] / LANES / 2  # of the numbers that are shared, half of the time
    look_at_owning_persons(p, b, k, v, landline)
    for j in range(k):
        kind, mobiles = person_type(p, b, j, landline)
        i = b.row[j]
        b.kind[i] = kind if p.cell_age[b.cell[j]] >= AGED_6 else np.int64(NOBODY_ELIGIBLE)
        b.first[i] = mobiles
        if mobiles <= b.layer[j]:
            add_unowned(sums, f, business, 1.0)
            b.first[i] = 0
        elif other == 0.0:
            add(sums, b.kind[i], 1.0, 1.0 / mobiles if b.kind[i] != NOBODY_ELIGIBLE else 0.0)
    if other > 0.0:
        add_sharers(p, sums, b, k, other)


@jit_in_place
def add_sharers(p: People, sums: Sums, b: Batch, k: Int, other: float) -> None:
    """The same numbers where another eligible member answers some of them; who does counts as having one mobile or more."""
    landline, members = np.int64(0), np.int64(0)
    for j in range(k):
        b.begin[j] = members
        if b.first[b.row[j]] > 0:
            members = add_members(p, b, j, members)
    b.begin[k] = members
    look_at_persons(p, b, members)
    for j in range(k):
        i = b.row[j]
        if b.first[i] == 0:
            continue
        others = able_members(p, b, j, b.owner[i])
        own = 1.0 - other if others > 0 else 1.0
        add(sums, b.kind[i], own, 1.0 / b.first[i] if b.kind[i] != NOBODY_ELIGIBLE else 0.0)
        for place in range(others):
            kind, mobiles = person_type(p, b, b.able[place], landline)
            add(sums, kind, other * lanes(place, place + 1, others), 1.0 / max(mobiles, 1))
