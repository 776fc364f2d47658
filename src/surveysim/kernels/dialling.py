"""Dial a shuffled number bank until the unit's target of interviews is met; one final outcome a number, in strict order.

Random draws are keyed by (unit, number), so that a number meets the same fate whatever was dialled before it.
"""

from collections import namedtuple

import numpy as np

from .compiling import borrowed, inline_jit, jit
from .numbers import number_owner
from .people import AGED_6, find, head_cell, household_draw, member, person_draw, role_of, words_of
from .randomness import alias_draw, bits_of, lane, permute, philox

I, P, R, NC, O, UH, UO, NE = range(8)  # AAPOR categories, as in columns.DISPOSITIONS
SUFFIXES = 10_000
CALLS = 0  # second word of the Philox counter

Fieldwork = namedtuple(
    "Fieldwork",
    [
        "key",  # (2,) uint64 of this repetition's fieldwork
        "bank_key",  # (1,) uint64 of this repetition's number banks
        "shared",  # (1,) 1: every prefix of a unit gets the same suffixes; 0: its own
        "attempts",  # (1,) most calls to one number
        "contact",  # (8,) probability that one call reaches the person (mobile), by age group
        "household",  # (2,) probability that one call reaches the household; that the chosen member can be had
        "cooperation",  # (2, 64, 2, 2) 65536 × probability of an interview, by sex, group, internet use, other telephone
        "ends",  # (6,) 65536 × : break-off, other, refusal before eligibility is known (of those who do not
        # cooperate); never-reached number known to be someone's; dead number known to be dead; business
        # reached
        "business",  # (U,) 65536 × probability that a number without owner is a business's or a machine's
        "prefixes",  # (U,)
        "suffixes",  # (U,) suffixes in the first bank of a unit; the bank grows by as many
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
def open_bank(bank, suffixes, width, shared, key, unit, table):
    """Draw the shared suffixes of a unit's next bank."""
    if shared == 1:
        for slot in range(width):
            table[slot] = suffix_of(bank * suffixes + slot, unit, 0, key)


@inline_jit
def first_contact(word, chance, attempts):
    """The call that first reaches somebody (1, 2, …), or 0 when none of `attempts` does."""
    u, silent = float(word >> np.uint64(11)) * (1.0 / 9007199254740992.0), 1.0
    for call in range(1, attempts + 1):
        silent *= 1.0 - chance
        if u >= silent:
            return call
    return 0


@inline_jit
def unowned(w0, w2, ends, business, chance, attempts):
    """Disposition and calls of a number that reaches no household or person."""
    if lane(w0, 0) < business:
        call = first_contact(w2, chance, attempts)
        return (NE, call) if call > 0 else (UH, attempts)
    if lane(w0, 1) < ends[4]:
        return NE, 1
    return UH, attempts


@inline_jit
def answer_call(w0, w1, ends, cooperation):
    """Disposition of a reached eligible person."""
    if lane(w1, 0) < cooperation:
        return P if lane(w1, 1) < ends[0] else I
    if lane(w1, 2) < ends[1]:
        return O
    return UO if lane(w1, 3) < ends[2] else R


@inline_jit
def call_person(p, f, person, layer, u, w0, w1, w2):
    """Call a mobile number of a person: disposition (-1 where the number is not in use), calls, own mobiles."""
    _, _, _, cell, years, mobiles, lines, internet, _, _ = member(p, person, u)
    if mobiles <= layer:
        return -1, 0, mobiles
    group, attempts = p.cell_group[cell], f.attempts[0]
    calls = first_contact(w2, f.contact[group >> 2], attempts)
    if calls == 0:
        return (NC if lane(w0, 2) < f.ends[3] else UH), attempts, mobiles
    if years < 6:
        return NE, calls, mobiles
    g = (p.area_zone[p.class_area[find(p.class_person, person)]] & 1) * 32 + group
    chance = f.cooperation[cell // 140, g, 1 if internet else 0, 1 if lines > 0 else 0]
    return answer_call(w0, w1, f.ends, chance), calls, mobiles


@inline_jit
def call_household(p, f, household, layer, u, w0, w1, w2, w3, chance, chosen):
    """Call a landline of a household and choose one eligible member at random: disposition (-1 where the number is not in
    use), calls, person, eligible members, lines."""
    none, attempts = np.int64(-1), f.attempts[0]
    c = find(p.class_household, household)
    size, kind, area = p.class_size[c], p.class_kind[c], p.class_area[c]
    zone, first = p.area_zone[area], p.class_person[c] + (household - p.class_household[c]) * size
    x0, x1, x2, x3 = words_of(p, first)
    head = head_cell(p, x0, area, kind)
    index = household - p.unit_household[u]
    lines, shared_use, shared_trait = household_draw(p, x0, x2, index, zone, head)
    if lines <= layer:
        return -1, 0, none, 0, lines
    calls = first_contact(w2, f.household[0], attempts)
    if calls == 0:
        return (NC if lane(w0, 2) < f.ends[3] else UH), attempts, none, 0, lines
    eligible = 0
    for position in range(size):
        cell = alias_draw(p.alias, area, role_of(p, head, position), x0)
        mobiles, internet, _, _ = person_draw(
            p, cell, x1, x2, x3, area, zone, first + position - p.unit_person[u], lines, shared_use, shared_trait
        )
        if p.cell_age[cell] >= AGED_6:
            g = (zone & 1) * 32 + p.cell_group[cell]
            chance[eligible] = f.cooperation[cell // 140, g, 1 if internet else 0, 1 if mobiles > 0 else 0]
            chosen[eligible] = first + position
            eligible += 1
        x0, x1, x2, x3 = words_of(p, first + position + 1)
    if eligible == 0:
        return NE, calls, none, 0, lines
    pick = (lane(w3, 0) * eligible) >> 16
    if float(lane(w3, 1)) >= f.household[1] * 65536.0:
        return NC, calls, chosen[pick], eligible, lines
    return answer_call(w0, w1, f.ends, chance[pick]), calls, chosen[pick], eligible, lines


@jit
def dial(p, n, f, landline, units, targets, tally, dialled, interviews, cases):
    """Dial the banks of `units` in one frame until each has its target of interviews.

    A mobile number reaches a person, a landline a household, of which one eligible member is chosen at random. Fills
    `tally` (k, 8) and `dialled` (k,), `interviews` (sum of targets, 7): unit, order, number, person, calls, then own mobiles
    and layer, or eligible members and lines; `cases` (all numbers, 5): unit, number, disposition, calls, owner (person or
    household), when it has rows.
    Returns the position of the first unit whose whole number space was dialled in vain, or -1.
    """
    p, n, f = borrowed(p), borrowed(n), borrowed(f)
    bank_key, shared, suffixes = f.bank_key[0], f.shared[0], f.suffixes
    done, case, table = 0, 0, np.empty(SUFFIXES, np.int64)
    chance, chosen = np.empty(16, np.int64), np.empty(16, np.int64)
    reach = f.household[0] if landline else f.contact[3]
    for k in range(len(units)):
        v, found, order, bank, place = units[k], 0, 0, 0, 0
        width = suffixes[v]
        bank_size = f.prefixes[v] * width
        size_bits = bits_of(bank_size)
        open_bank(0, suffixes[v], width, shared, bank_key, v, table)
        while found < targets[k]:
            if place == bank_size:  # the bank is used up: enlarge it by as many suffixes again
                bank, place = bank + 1, 0
                width = min(suffixes[v], SUFFIXES - bank * suffixes[v])  # the last bank takes what is left
                if width <= 0:
                    return k
                bank_size = f.prefixes[v] * width
                size_bits = bits_of(bank_size)
                open_bank(bank, suffixes[v], width, shared, bank_key, v, table)
            x = bank_number(place, bank, bank_size, size_bits, suffixes[v], width, shared, bank_key, v, table)
            order, place = order + 1, place + 1
            owner, layer, u = number_owner(n, v, x)
            w0, w1, w2, w3 = philox(x, CALLS, v, landline, f.key[0], f.key[1])
            outcome, calls, person, first, second = -1, 0, owner, 0, layer
            if owner >= 0 and landline == 1:
                outcome, calls, person, first, second = call_household(
                    p, f, owner, layer, u, w0, w1, w2, w3, chance, chosen
                )
            elif owner >= 0:
                outcome, calls, first = call_person(p, f, owner, layer, u, w0, w1, w2)
            if outcome < 0:
                owner = np.int64(-1)
                outcome, calls = unowned(w0, w2, f.ends, f.business[v], reach, f.attempts[0])
            tally[k, outcome] += 1
            if len(cases) > 0:
                row = cases[case]
                row[0], row[1], row[2], row[3], row[4] = v, x, outcome, calls, owner
                case += 1
            if outcome == I:
                row = interviews[done]
                row[0], row[1], row[2], row[3], row[4], row[5], row[6] = v, order, x, person, calls, first, second
                found += 1
                done += 1
        dialled[k] = order
    return -1


@jit
def bank_numbers(prefixes, suffixes, shared, key, unit, out):
    """The first numbers of a unit's banks in dialling order; for tests and for those who export a bank."""
    table, bank, place = np.empty(SUFFIXES, np.int64), -1, 0
    size, width = 0, 0
    for i in range(len(out)):
        if place == size:
            bank, place = bank + 1, 0
            width = min(suffixes, SUFFIXES - bank * suffixes)
            size = prefixes * width
            open_bank(bank, suffixes, width, shared, key, unit, table)
        out[i] = bank_number(place, bank, size, bits_of(size), suffixes, width, shared, key, unit, table)
        place += 1
