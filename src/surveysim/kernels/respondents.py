"""Whom telephone numbers reach, and which member of a household is to be interviewed.

A number's *type* says all that its calls depend on: sex, group (town × 8 ages × 4 educations), internet use, having the other
telephone too, and sector of the person to be interviewed; or that nobody can be. Draws are keyed by (unit, number).

Numbers are looked at in batches, step by step for all of them; what is found does not depend on the batch.
"""

from collections import namedtuple

import numpy as np

from ..aliases import Array, Int
from .compiling import inline_jit, jit_in_place
from .many import find_many, permute_many, philox_many, short_draw_many
from .numbers import SUFFIXES, Numbers, business_of, hosted_owner, place_of, quotient
from .people import AGED_6, PERSON, Home, People, find, home_draw, person_draw
from .randomness import bits_of, lane, permute
from .selecting import select

PERSON_TYPES = 2 * 64 * 2 * 2 * 3
NOBODY_ELIGIBLE, BUSINESS, MACHINE, DEAD, RINGING = range(PERSON_TYPES, PERSON_TYPES + 5)
N_TYPES = PERSON_TYPES + 5
MOST_MEMBERS = 16
NUMBER = 0  # second word of the Philox counter: what is drawn once for a number
BATCH = 512  # numbers looked at together

Frame = namedtuple(
    "Frame",
    [
        "key",  # (2,) uint64 of this repetition's fieldwork
        "bank_key",  # (1,) uint64 of this repetition's number banks
        "shared",  # (1,) 1: every prefix of a unit gets the same suffixes; 0: its own
        "prefixes",  # (U,)
        "suffixes",  # (U,) suffixes in the first bank of a unit; the bank grows by as many
        "lines",  # (2,) 65536 × share of machines among those; of dead numbers that are known to be dead at once
        "selection",  # (4,) rule within households; 65536 × share who put themselves forward instead; day of the year of
        # the fieldwork; 65536 × share of mobiles that another member may answer and then be interviewed on
        "at_home",  # (8,) whole-number weights of being the one who answers, by age
        "kish",  # (12, 6) the member each twelfth of the tables takes, by eligible members
        "alias",  # (1, types, J) alias tables of the outcomes
        "outcome",  # (2, J) disposition code and calls of each outcome
    ],
)


Batch = namedtuple(
    "Batch",
    [
        # Of each number, (BATCH,)
        "number",  # prefix × 10,000 + suffix
        "slot",  # of those given out, in their order: the place among the slots that the unit hosts
        "word",  # (4, BATCH) uint64 drawn for the number
        "kind",
        "owner",
        "person",
        "first",
        "second",  # what it reaches, see `reach`
        # Of each number that is somebody's slot, (BATCH,)
        "row",  # its place in the batch
        "layer",
        "unit",  # of the owner
        "home",  # household
        "at",  # class of the household
        "eldest",  # first person of the household
        "group",  # of the household's head
        "lines",
        "shared",  # (2, BATCH) uint64, words that the members may share
        "begin",  # (BATCH + 1,) first row of the members
        # Of each person looked at, (BATCH × MOST_MEMBERS,)
        "id",
        "of",  # row of the household
        "cell",
        "draw",  # (4, BATCH × MOST_MEMBERS) uint64, the words of the person
        # Room
        "able",  # (MOST_MEMBERS,) rows of a household's members who may be interviewed
        "table",  # (BATCH × MOST_MEMBERS,) rows of alias tables
        "left",  # (BATCH × MOST_MEMBERS,) uint64
        "place",  # (BATCH,)
    ],
)


Bank = namedtuple(
    "Bank", ["unit", "at", "width", "size", "bits"]
)  # of a unit: which one, suffixes, numbers, and their bits


def new_batch() -> Batch:
    """Room for a batch, to be handed to a kernel that looks at it `borrowed`."""
    many = BATCH * MOST_MEMBERS
    words = {"word": (4, BATCH), "shared": (2, BATCH), "draw": (4, many), "left": many}
    longer = dict.fromkeys(("id", "of", "cell", "table"), many) | {"begin": BATCH + 1, "able": MOST_MEMBERS}
    room = {name: np.empty(longer.get(name, BATCH), np.int64) for name in Batch._fields if name not in words}
    return Batch(**room, **{name: np.empty(shape, np.uint64) for name, shape in words.items()})


@inline_jit
def suffix_of(slot: Int, unit: Int, own: Int, key: np.uint64) -> Int:
    """The slot-th of a random order of the 10,000 suffixes: one order for a unit, or one for each prefix (own > 0)."""
    order = np.uint64(unit) * np.uint64(977) + np.uint64(own) * np.uint64(0x9E3779B9)
    return permute(slot, SUFFIXES, 14, (key ^ np.uint64(0x5DEECE66D)) + order)


@inline_jit
def open_bank(f: Frame, unit: Int, at: Int, table: Array) -> Bank:
    """Bank number `at` of a unit, whose shared suffixes are drawn into `table`. The last bank takes what is left."""
    suffixes = f.suffixes[unit]
    width = min(suffixes, SUFFIXES - at * suffixes)
    if f.shared[0] == 1:
        for slot in range(width):
            table[slot] = suffix_of(at * suffixes + slot, unit, 0, f.bank_key[0])
    return Bank(unit, at, width, f.prefixes[unit] * width, bits_of(f.prefixes[unit] * max(width, 1)))


@jit_in_place
def numbers_ahead(f: Frame, b: Batch, bank: Bank, m: Int, place: Int, table: Array) -> None:
    """Numbers (prefix × 10,000 + suffix) dialled at the next m places of a bank; `table` holds the bank's shared suffixes."""
    key = f.bank_key[0]
    for i in range(m):
        b.number[i] = place + i
    permute_many(
        b.number, m, bank.size, bank.bits, key + np.uint64(bank.unit * 131 + bank.at * 65537), False, b.left, b.place
    )
    for i in range(m):
        prefix = quotient(b.number[i], bank.width)
        b.number[i], b.place[i] = prefix * SUFFIXES, b.number[i] - prefix * bank.width
    for i in range(m):
        if f.shared[0] == 1:
            b.number[i] += table[b.place[i]]
        else:
            slot, own = bank.at * f.suffixes[bank.unit] + b.place[i], b.number[i] // SUFFIXES + 1
            b.number[i] += suffix_of(slot, bank.unit, own, key)


@inline_jit
def type_of(cell: Int, group: Int, internet: Int, other: Int, works: Int) -> Int:
    """A person's type from cell, group, internet use, having the other telephone, and sector."""
    return (((cell // 140 * 64 + group) * 2 + internet) * 2 + other) * 3 + works


@inline_jit
def unowned(w0: np.uint64, machine: Int, dead: Int, business: Int) -> Int:
    """Type of a number that reaches no household or person."""
    if lane(w0, 0) < business:
        return MACHINE if lane(w0, 1) < machine else BUSINESS
    return DEAD if lane(w0, 1) < dead else RINGING


# ------------------------------------------------------------------------------------------------ owners, homes, members
@jit_in_place
def look_for_owners(n: Numbers, b: Batch, m: Int, v: Int) -> Int:
    """Rows for those of m numbers of unit v that are somebody's slot, from their places among those given out; how many."""
    k = 0
    for i in range(m):
        place = b.slot[i]
        b.row[k], b.slot[k] = i, place
        k += np.int64(place >= 0)
    permute_many(b.slot, k, n.hosted[3, v], n.bits[v], n.key[0] + np.uint64(v), True, b.left, b.place)
    for j in range(k):
        b.owner[b.row[j]], b.layer[j], b.unit[j] = hosted_owner(n, v, b.slot[j])
    return k


@jit_in_place
def look_for_classes(p: People, b: Batch, k: Int, v: Int, ids: Array, landline: Int) -> None:
    """Class, by household (landline) or person, of k owners of unit v, or now and then of another unit."""
    starts = p.class_household if landline == 1 else p.class_person
    unit_start = p.unit_household if landline == 1 else p.unit_person
    low, high = find(starts, unit_start[v]), find(starts, unit_start[v + 1] - 1) + 1
    find_many(starts, low, high, ids, k, b.at)
    for j in range(k):
        if b.unit[j] != v:
            b.at[j] = find(starts, ids[j])


@jit_in_place
def look_at_homes(p: People, b: Batch, k: Int) -> None:
    """Head's group, lines and shared words of k households."""
    for j in range(k):
        c = b.at[j]
        b.eldest[j] = p.class_person[c] + (b.home[j] - p.class_household[c]) * p.class_size[c]
        b.table[j] = p.class_area[c] * p.alias.shape[1] + p.seat[p.class_kind[c], 0, 0]
        b.draw[0, j], b.draw[1, j], b.draw[2, j], b.draw[3, j] = b.eldest[j], PERSON, 0, 0
    philox_many(b.draw, k, p.key[0], p.key[1])
    short_draw_many(p.alias.reshape(-1, p.alias.shape[2]), b.table, b.draw[0], k, b.cell, b.left)
    for j in range(k):
        c = b.at[j]
        b.group[j] = p.cell_head[b.cell[j]]
        index = b.home[j] - p.unit_household[b.unit[j]]
        found = home_draw(p, (b.draw[0, j], b.draw[2, j]), index, p.class_area[c], p.class_kind[c], b.cell[j])
        b.lines[j], b.shared[0, j], b.shared[1, j] = found.lines, found.use, found.trait


@jit_in_place
def look_at_persons(p: People, b: Batch, k: Int) -> None:
    """Words and cells of k persons whose ids and households' rows are known."""
    for i in range(k):
        j = b.of[i]
        role = p.seat[p.class_kind[b.at[j]], b.id[i] - b.eldest[j], b.group[j]]
        b.table[i] = p.class_area[b.at[j]] * p.alias.shape[1] + role
        b.draw[0, i], b.draw[1, i], b.draw[2, i], b.draw[3, i] = b.id[i], PERSON, 0, 0
    philox_many(b.draw, k, p.key[0], p.key[1])
    short_draw_many(p.alias.reshape(-1, p.alias.shape[2]), b.table, b.draw[0], k, b.cell, b.left)


@inline_jit
def add_members(p: People, b: Batch, j: Int, k: Int) -> Int:
    """Append all members of household j, from row k of the persons on; the next free row."""
    for position in range(min(p.class_size[b.at[j]], MOST_MEMBERS)):
        b.id[k], b.of[k] = b.eldest[j] + position, j
        k += 1
    return k


@inline_jit
def able_members(p: People, b: Batch, j: Int, but: Int) -> Int:
    """Members of household j aged 6 or older, but for one person, in the order of their ids: how many; `able` has their rows."""
    k = 0
    for i in range(b.begin[j], b.begin[j + 1]):
        b.able[k] = i
        k += np.int64((p.cell_age[b.cell[i]] >= AGED_6) & (b.id[i] != but))
    return k


@inline_jit
def person_type(p: People, b: Batch, i: Int, landline: Int) -> tuple[Int, Int]:
    """Type and own mobiles of the person in row i, who is interviewed on one telephone."""
    j, cell = b.of[i], b.cell[i]
    area = p.class_area[b.at[j]]
    home = Home(area, p.area_zone[area], b.lines[j], b.shared[0, j], b.shared[1, j])
    index = b.id[i] - p.unit_person[b.unit[j]]
    mobiles, internet, _, works = person_draw(p, cell, (b.draw[1, i], b.draw[2, i], b.draw[3, i]), index, home)
    other = mobiles > 0 if landline == 1 else home.lines > 0
    group = (home.zone & 1) * 32 + p.cell_group[cell]
    return type_of(cell, group, np.int64(internet), np.int64(other), works), mobiles


@jit_in_place
def look_at_owning_homes(p: People, b: Batch, k: Int, v: Int, landline: Int) -> None:
    """Homes of k numbers that are slots of households, and the members of those that have as many lines, from row `begin` on."""
    for j in range(k):
        b.home[j] = b.owner[b.row[j]]
    look_for_classes(p, b, k, v, b.home, landline)
    look_at_homes(p, b, k)
    members = np.int64(0)  # not a literal, for which everything would be compiled again
    for j in range(k):
        b.begin[j] = members
        if b.lines[j] > b.layer[j]:
            members = add_members(p, b, j, members)
    b.begin[k] = members
    look_at_persons(p, b, members)


@jit_in_place
def look_at_owning_persons(p: People, b: Batch, k: Int, v: Int, landline: Int) -> None:
    """Persons whose slots k numbers are, and their homes, row by row."""
    for j in range(k):
        b.id[j], b.of[j] = b.owner[b.row[j]], j
    look_for_classes(p, b, k, v, b.id, landline)
    for j in range(k):
        c = b.at[j]
        b.home[j] = p.class_household[c] + quotient(b.id[j] - p.class_person[c], p.class_size[c])
    look_at_homes(p, b, k)
    look_at_persons(p, b, k)


# ------------------------------------------------------------------------------------------------ what a number reaches
@jit_in_place
def reach(p: People, n: Numbers, f: Frame, landline: Int, v: Int, b: Batch, m: Int) -> None:
    """What m numbers of unit v reach: type, owner (-1: nobody), person to be interviewed, and own mobiles and layer (mobile), or
    eligible members and lines (landline)."""
    for i in range(m):
        b.word[0, i], b.word[1, i], b.word[2, i], b.word[3, i] = b.number[i], NUMBER, v, landline
    philox_many(b.word, m, f.key[0], f.key[1])
    machine, dead, first = f.lines[0], f.lines[1], n.prefix_start[v]
    for i in range(m):  # loops of one kind of work each, which LLVM turns into vector instructions
        b.left[i] = np.uint64(b.number[i]) // np.uint64(SUFFIXES)
    for i in range(m):
        prefix = first + np.int64(b.left[i])
        b.table[i], b.place[i] = n.prefix[prefix], np.int64(n.run[prefix])
    for i in range(m):
        b.slot[i] = place_of(b.table[i], b.place[i], b.number[i] - np.int64(b.left[i]) * SUFFIXES)
    for i in range(m):
        b.kind[i] = unowned(b.word[0, i], machine, dead, business_of(b.table[i]))
        b.owner[i], b.person[i], b.first[i], b.second[i] = -1, -1, 0, 0
    k = look_for_owners(n, b, m, v)
    if landline == 1:
        reach_households(p, f, b, k, v, landline)
    else:
        reach_persons(p, f, b, k, v, landline)


@jit_in_place
def reach_households(p: People, f: Frame, b: Batch, k: Int, v: Int, landline: Int) -> None:
    """What the numbers reach that are slots of k households."""
    look_at_owning_homes(p, b, k, v, landline)
    none = np.int64(-1)  # not a literal, for which everything would be compiled again
    for j in range(k):
        i = b.row[j]
        if b.lines[j] <= b.layer[j]:
            b.owner[i] = -1
            continue
        eligible = able_members(p, b, j, none)
        b.kind[i], b.first[i], b.second[i] = NOBODY_ELIGIBLE, eligible, b.lines[j]
        if eligible > 0:
            pick = b.able[select(p, f, b, eligible, b.word[1, i])]
            b.kind[i], _ = person_type(p, b, pick, landline)
            b.person[i] = b.id[pick]


@jit_in_place
def reach_persons(p: People, f: Frame, b: Batch, k: Int, v: Int, landline: Int) -> None:
    """What the numbers reach that are slots of k persons."""
    look_at_owning_persons(p, b, k, v, landline)
    for j in range(k):
        i = b.row[j]
        kind, mobiles = person_type(p, b, j, landline)
        if mobiles <= b.layer[j]:
            b.owner[i] = -1
            continue
        able = p.cell_age[b.cell[j]] >= AGED_6
        b.kind[i], b.person[i] = kind if able else NOBODY_ELIGIBLE, b.id[j] if able else -1
        b.first[i], b.second[i] = mobiles, b.layer[j]
    if f.selection[3] > 0:
        reach_sharers(p, f, b, k, landline)


@jit_in_place
def reach_sharers(p: People, f: Frame, b: Batch, k: Int, landline: Int) -> None:
    """Another eligible member of the household answers some of the mobiles, and is then interviewed."""
    members = np.int64(0)
    for j in range(k):
        i = b.row[j]
        b.begin[j] = members
        if b.owner[i] >= 0 and lane(b.word[1, i], 0) < f.selection[3] and lane(b.word[1, i], 1) < 32768:
            members = add_members(p, b, j, members)
    b.begin[k] = members
    look_at_persons(p, b, members)
    for j in range(k):
        i = b.row[j]
        others = able_members(p, b, j, b.owner[i])
        if others > 0:
            pick = b.able[(lane(b.word[1, i], 2) * others) >> 16]
            b.kind[i], _ = person_type(p, b, pick, landline)
            b.person[i], b.first[i] = b.id[pick], 0
