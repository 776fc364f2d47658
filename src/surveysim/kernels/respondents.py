"""Whom a telephone number reaches, and which member of a household is to be interviewed.

A number's *type* says all that its calls depend on: sex, group (town × 8 ages × 4 educations), internet use, having the other
telephone too, and sector of the person to be interviewed; or that nobody can be. Draws are keyed by (unit, number).
"""

from collections import namedtuple

import numpy as np

from .compiling import inline_jit, jit
from .numbers import number_owner
from .people import AGED_6, find, head_cell, household_draw, mobiles_of, person_draw, role_of, words_of, years_of
from .randomness import alias_draw, bits_of, lane, permute, scramble

SUFFIXES = 10_000
PERSON_TYPES = 2 * 64 * 2 * 2 * 3
NOBODY_ELIGIBLE, BUSINESS, MACHINE, DEAD, RINGING = range(PERSON_TYPES, PERSON_TYPES + 5)
N_TYPES = PERSON_TYPES + 5
RANDOM, ANYBODY, LAST_BIRTHDAY, NEXT_BIRTHDAY, KISH = range(5)  # rules of selection within the household
MOST_MEMBERS = 16
NUMBER = 0  # second word of the Philox counter: what is drawn once for a number
MANY = 150  # numbers of a unit from which on reading its tables ahead pays
BIRTHDAY = np.uint64(0xB1D7)  # key of the day of birth, a lasting attribute of a person

Frame = namedtuple(
    "Frame",
    [
        "key",  # (2,) uint64 of this repetition's fieldwork
        "bank_key",  # (1,) uint64 of this repetition's number banks
        "shared",  # (1,) 1: every prefix of a unit gets the same suffixes; 0: its own
        "prefixes",  # (U,)
        "suffixes",  # (U,) suffixes in the first bank of a unit; the bank grows by as many
        "business",  # (U,) 65536 × probability that a number without owner is a business's or a machine's
        "lines",  # (2,) 65536 × share of machines among those; of dead numbers that are known to be dead at once
        "selection",  # (4,) rule within households; 65536 × share who put themselves forward instead; day of the year of
        # the fieldwork; 65536 × share of mobiles that another member may answer and then be interviewed on
        "at_home",  # (8,) whole-number weights of being the one who answers, by age
        "kish",  # (12, 6) the member each twelfth of the tables takes, by eligible members
        "alias",  # (1, types, J) alias tables of the outcomes
        "outcome",  # (2, J) disposition code and calls of each outcome
    ],
)


@inline_jit
def suffix_of(slot, unit, own, key):
    """The slot-th of a random order of the 10,000 suffixes: one order for a unit, or one for each prefix (own > 0)."""
    return permute(
        slot,
        SUFFIXES,
        14,
        (key ^ np.uint64(0x5DEECE66D)) + np.uint64(unit) * np.uint64(977) + np.uint64(own) * np.uint64(0x9E3779B9),
    )


@inline_jit
def bank_number(place, bank, size, bits, suffixes, width, shared, key, unit, table):
    """The number (prefix × 10,000 + suffix) dialled at a place of a bank; `table` holds the bank's shared suffixes."""
    image = permute(place, size, bits, key + np.uint64(unit * 131 + bank * 65537))
    prefix, slot = image // width, image % width
    if shared == 1:
        return prefix * SUFFIXES + table[slot]
    return prefix * SUFFIXES + suffix_of(bank * suffixes + slot, unit, prefix + 1, key)


@inline_jit
def open_bank(bank, prefixes, suffixes, shared, key, unit, table):
    """Draw the shared suffixes of a unit's next bank; its suffixes, size and bits. The last bank takes what is left."""
    width = min(suffixes, SUFFIXES - bank * suffixes)
    if shared == 1:
        for slot in range(width):
            table[slot] = suffix_of(bank * suffixes + slot, unit, 0, key)
    return width, prefixes * width, bits_of(prefixes * max(width, 1))


@inline_jit
def type_of(cell, group, internet, other, works):
    """A person's type from cell, group, internet use, having the other telephone, and sector."""
    return (((cell // 140 * 64 + group) * 2 + internet) * 2 + other) * 3 + works


@inline_jit
def unowned(w0, lines, business):
    """Type of a number that reaches no household or person."""
    if lane(w0, 0) < business:
        return MACHINE if lane(w0, 1) < lines[0] else BUSINESS
    return DEAD if lane(w0, 1) < lines[1] else RINGING


@inline_jit
def read_ahead(p, unit):
    """Read a unit's tables from end to end, one word of every cache line: later looks find them near. Returns what it read."""
    seen = np.uint64(0)
    for area in range(len(p.area_unit)):
        if p.area_unit[area] == unit:
            for role in range(p.alias.shape[1]):
                for cell in range(0, p.alias.shape[2], 8):
                    seen ^= p.alias[area, role, cell]
            for cell in range(0, p.use.shape[1], 8):
                seen ^= np.uint64(p.use[area, cell])
    return seen


@inline_jit
def roster(p, c, household, unit, landline, layer, ids, types, ages):
    """Members aged 6 or older of a household with more lines than `layer`, in the order of their ids: how many (-1: it has fewer
    lines), and the lines.

    `ages` holds years, for males with 1,000 added: its descending order is that of Kish's list.
    """
    size, area = p.class_size[c], p.class_area[c]
    zone, first = p.area_zone[area], p.class_person[c] + (household - p.class_household[c]) * size
    w0, w1, w2, w3 = words_of(p, first)
    head = head_cell(p, w0, area, p.class_kind[c])
    lines, shared_use, shared_trait = household_draw(p, w0, w2, household - p.unit_household[unit], zone, head)
    if lines <= layer:
        return -1, lines
    eligible = 0
    for position in range(size):
        cell = alias_draw(p.alias, area, role_of(p, head, position), w0)
        mobiles, internet, _, works = person_draw(
            p, cell, w1, w2, w3, area, zone, first + position - p.unit_person[unit], lines, shared_use, shared_trait
        )
        if p.cell_age[cell] >= AGED_6 and eligible < MOST_MEMBERS:
            other = mobiles > 0 if landline == 1 else lines > 0
            ids[eligible] = first + position
            types[eligible] = type_of(
                cell, (zone & 1) * 32 + p.cell_group[cell], np.int64(internet), np.int64(other), works
            )
            ages[eligible] = years_of(p, w1, p.cell_age[cell]) + (1000 if cell < 140 else 0)
            eligible += 1
        w0, w1, w2, w3 = words_of(p, first + position + 1)
    return eligible, lines


@jit
def sharer(p, c, household, unit, owner, u, ids, types, ages):
    """Index of another eligible member of a mobile's household, or -1: a call, because it is rare and would swell the loop."""
    eligible, _ = roster(p, c, household, unit, 0, -1, ids, types, ages)
    others = 0
    for i in range(eligible):
        others += ids[i] != owner
    place = (u * others) >> 16
    for i in range(eligible):
        if ids[i] != owner:
            if place == 0:
                return i
            place -= 1
    return -1


@inline_jit
def decade_of(kind):
    """The 8 ages of a person's type."""
    return (kind // 48) & 7


@inline_jit
def answerer(eligible, types, at_home, u):
    """Who picks up: a member drawn by the weights of being at home."""
    total = 0
    for i in range(eligible):
        total += at_home[decade_of(types[i])]
    mark = (u * total) >> 16
    for i in range(eligible):
        mark -= at_home[decade_of(types[i])]
        if mark < 0:
            return i
    return eligible - 1


@inline_jit
def birthday_of(p, person):
    """Day of birth, 0 to 364."""
    return np.int64((scramble(np.uint64(person), p.key[0] ^ BIRTHDAY, 0) >> np.uint64(16)) % np.uint64(365))


@inline_jit
def select(p, f, eligible, ids, types, ages, word):
    """Index of the member to be interviewed; one who should not have been where somebody puts themselves forward."""
    rule = f.selection[0]
    if rule == RANDOM:
        return (lane(word, 0) * eligible) >> 16
    if rule == ANYBODY or lane(word, 3) < f.selection[1]:
        return answerer(eligible, types, f.at_home, lane(word, 1))
    best, least = 0, np.int64(1) << 40
    if rule == KISH:
        rank = f.kish[(lane(word, 2) * 12) >> 16, min(eligible, 6) - 1]
        for i in range(eligible):
            before = 0
            for j in range(eligible):
                before += ages[j] > ages[i] or (ages[j] == ages[i] and j < i)
            if before == rank:
                best = i
        return best
    for i in range(eligible):
        since = (f.selection[2] - birthday_of(p, ids[i])) % 365
        distance = since if rule == LAST_BIRTHDAY else (365 - since) % 365
        if distance < least:
            best, least = i, distance
    return best


@inline_jit
def reach(p, n, f, landline, v, x, w0, w1, ids, types, ages):
    """What a number reaches: type, owner (-1: nobody), person to be interviewed, and own mobiles (mobile), or eligible members
    and lines (landline)."""
    none = np.int64(-1)
    owner, layer, u = number_owner(n, v, x)
    if owner < 0:
        return unowned(w0, f.lines, f.business[v]), none, none, 0, 0
    if landline == 1:
        c = find(p.class_household, owner)
        eligible, lines = roster(p, c, owner, u, 1, layer, ids, types, ages)
        if eligible < 0:
            return unowned(w0, f.lines, f.business[v]), none, none, 0, 0
        if eligible == 0:
            return NOBODY_ELIGIBLE, owner, none, 0, lines
        pick = select(p, f, eligible, ids, types, ages, w1)
        return types[pick], owner, ids[pick], eligible, lines
    c = find(p.class_person, owner)
    size, area, offset = p.class_size[c], p.class_area[c], owner - p.class_person[c]
    position, zone = offset % size, p.area_zone[area]
    household = p.class_household[c] + offset // size
    a0, a1, a2, a3 = words_of(p, owner - position)
    head, index = head_cell(p, a0, area, p.class_kind[c]), owner - p.unit_person[u]
    lines, shared_use, shared_trait = household_draw(p, a0, a2, household - p.unit_household[u], zone, head)
    if position > 0:
        a0, a1, a2, a3 = words_of(p, owner)
    cell = alias_draw(p.alias, area, role_of(p, head, position), a0)
    age = p.cell_age[cell] & 31
    mobiles = mobiles_of(p, a1, index, zone, age)
    if mobiles <= layer:
        return unowned(w0, f.lines, f.business[v]), none, none, 0, 0
    if lane(w1, 0) < f.selection[3] and lane(w1, 1) < 32768:  # another member of the household answers
        pick = sharer(p, c, household, u, owner, lane(w1, 2), ids, types, ages)
        if pick >= 0:
            return types[pick], owner, ids[pick], 0, layer
    if age < AGED_6:
        return NOBODY_ELIGIBLE, owner, none, mobiles, layer
    _, internet, _, works = person_draw(p, cell, a1, a2, a3, area, zone, index, lines, shared_use, shared_trait)
    group = (zone & 1) * 32 + p.cell_group[cell]
    return type_of(cell, group, np.int64(internet), np.int64(lines > 0), works), owner, owner, mobiles, layer
