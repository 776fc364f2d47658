"""What all numbers of a unit come to: expected numbers by type over every word that could be drawn for them, without drawing any."""

from collections import namedtuple

import numpy as np

from ..aliases import Array, Int
from .compiling import borrowed, inline_jit, jit, jit_in_place
from .numbers import SUFFIXES, Numbers, business_of, given_by
from .people import AGED_6, NETIZEN, NONUSER, Home, People, answer_draw, answer_words, person_draw, trait_of
from .respondents import (
    BATCH,
    BUSINESS,
    DEAD,
    MACHINE,
    MOST_MEMBERS,
    NOBODY_ELIGIBLE,
    PERSON_TYPES,
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
        "answers",  # (2, zones × cells, columns) answers of who is interviewed, by having both kinds of telephones; or none
        "columns",  # (columns,) which answers: see `add_answers`
        "complete",  # (types,) chance of an interview
        "words",  # room for one person's random words,
        "lanes",  # the same as 16-bit numbers,
        "one",  # and answers (K,)
    ],
)
PEOPLE, INTERNET, FARMING, MANUFACTURING, HOURS, OUTCOMES = 0, 1, 2, 3, 4, 5  # columns; outcomes follow
N_CELLS = 280


def counting(types: Int) -> Sums:
    """Sums that count, without answers."""
    none = np.zeros(0)
    answers, columns, words = np.zeros((0, 0, 0)), np.zeros(0, np.int64), np.zeros(0, np.uint64)
    each = np.zeros(types), np.zeros(types), np.zeros(types)
    return Sums._make((*each, answers, columns, none, words, words.view(np.uint16), np.zeros(0, np.uint16)))


def answering(p: People, types: Int, columns: Array, complete: Array) -> Sums:
    """Sums with the answers to some columns of those who are interviewed; `complete` (types,) is the chance that they are."""
    words = np.zeros(answer_words(p), np.uint64)
    answers = np.zeros((2, int(p.area_zone.max() + 1) * N_CELLS, len(columns)))
    room = words, words.view(np.uint16), np.zeros(p.asked.shape[1], np.uint16)
    each = np.zeros(types), np.zeros(types), np.zeros(types)
    return Sums._make((*each, answers, columns, complete, *room))


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
def add(p: People, sums: Sums, b: Batch, i: Int, kind: Int, chance: float, weight: float) -> None:
    """A number that is of a type with a chance, reaches the person in row i and stands for so many persons then."""
    sums.numbers[kind] += chance
    sums.weighted[kind] += chance * weight
    sums.squared[kind] += chance * weight**2
    if len(sums.answers) > 0 and kind < PERSON_TYPES:
        add_answers(p, sums, b, i, kind, chance * weight * sums.complete[kind])


@inline_jit
def add_answers(p: People, sums: Sums, b: Batch, i: Int, kind: Int, amount: float) -> None:
    """What the person in row i would answer, so many times, at the place of the zone and cell."""
    j, cell = b.of[i], b.cell[i]
    area = p.class_area[b.at[j]]
    home = Home(area, p.area_zone[area], b.lines[j], b.shared[0, j], b.shared[1, j])
    index = b.id[i] - p.unit_person[b.unit[j]]
    _, internet, draw, works = person_draw(p, cell, (b.draw[1, i], b.draw[2, i], b.draw[3, i]), index, home)
    group, state = (home.zone & 1) * 32 + p.cell_group[cell], NETIZEN + works if internet else np.int64(NONUSER)
    tenths = answer_draw(p, b.id[i], group, state, trait_of(p, area, draw), sums.words, sums.lanes, sums.one)
    row = sums.answers[(kind // 3) % 2, home.zone * N_CELLS + cell]
    for m in range(len(sums.columns)):
        column = sums.columns[m]
        if column >= OUTCOMES:
            row[m] += amount * sums.one[column - OUTCOMES]
        elif column == HOURS:
            row[m] += amount * tenths / 10
        elif column == PEOPLE or (internet and (column == INTERNET or column == works + 1)):
            row[m] += amount


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
                add(p, sums, b, b.able[i], kind, chance[i], stands_for[i] / b.lines[j])


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
            add(p, sums, b, j, b.kind[i], 1.0, 1.0 / mobiles if b.kind[i] != NOBODY_ELIGIBLE else 0.0)
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
        owner = b.begin[j]
        while b.id[owner] != b.owner[i] and owner + 1 < b.begin[j + 1]:
            owner += 1
        add(p, sums, b, owner, b.kind[i], own, 1.0 / b.first[i] if b.kind[i] != NOBODY_ELIGIBLE else 0.0)
        for place in range(others):
            kind, mobiles = person_type(p, b, b.able[place], landline)
            share = other * lanes(place, place + 1, others)
            add(p, sums, b, b.able[place], kind, share, 1.0 / max(mobiles, 1))
