"""Dial a shuffled number bank until the unit's target of interviews is met; one final outcome a number, in strict order.

Random draws are keyed by (unit, number), so that a number meets the same fate whatever was dialled before it.
"""

from collections import namedtuple

import numpy as np

from .compiling import borrowed, inline_jit, jit
from .numbers import number_owner
from .people import find, household_draw, person_draw, role_of
from .randomness import bits_of, lane, permute, philox

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
        "cooperation",  # (2, 64, 2) 65536 × probability of an interview, by sex, group, internet use
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


@jit
def dial_mobile(p, n, f, units, targets, tally, dialled, interviews, cases):
    """Dial the mobile banks of `units` until each has its target of interviews.

    Fills `tally` (k, 8) and `dialled` (k,), `interviews` (sum of targets, 7): unit, order, number, person, calls, own
    mobiles, layer; `cases` (all numbers, 5): unit, number, disposition, calls, owner, when it has rows.
    Returns the position of the first unit whose whole number space was dialled in vain, or -1.
    """
    p, n, f = borrowed(p), borrowed(n), borrowed(f)
    key, alias, ages, mobile, cycles, use, rates = p.key, p.alias, p.ages, p.mobile, p.cycles, p.use, p.rates
    sector, groups, line, class_person, class_household = (
        p.sector,
        p.cell_group,
        p.line,
        p.class_person,
        p.class_household,
    )
    class_size, class_kind, class_area, area_zone = p.class_size, p.class_kind, p.class_area, p.area_zone
    unit_person, unit_household = p.unit_person, p.unit_household
    number_key, owner_start, modulus, cut, layer_start = n.key, n.owner_start, n.modulus, n.cut, n.layer_start
    unit_province, away, pool_start, pool_size, pool_first = (
        n.unit_province,
        n.away,
        n.pool_start,
        n.pool_size,
        n.pool_first,
    )
    host_start, hosted, space, bits = n.host_start, n.hosted, n.space, n.bits
    f_key, bank_key, shared, attempts, contact = f.key, f.bank_key[0], f.shared[0], f.attempts[0], f.contact
    cooperation, ends, business, prefixes, suffixes = f.cooperation, f.ends, f.business, f.prefixes, f.suffixes
    done, case, table = 0, 0, np.empty(SUFFIXES, np.int64)
    for k in range(len(units)):
        v, found, order, bank, place = units[k], 0, 0, 0, 0
        width = suffixes[v]
        bank_size = prefixes[v] * width
        size_bits = bits_of(bank_size)
        open_bank(0, suffixes[v], width, shared, bank_key, v, table)
        while found < targets[k]:
            if place == bank_size:  # the bank is used up: enlarge it by as many suffixes again
                bank, place = bank + 1, 0
                width = min(suffixes[v], SUFFIXES - bank * suffixes[v])  # the last bank takes what is left
                if width <= 0:
                    return k
                bank_size = prefixes[v] * width
                size_bits = bits_of(bank_size)
                open_bank(bank, suffixes[v], width, shared, bank_key, v, table)
            x = bank_number(place, bank, bank_size, size_bits, suffixes[v], width, shared, bank_key, v, table)
            order, place = order + 1, place + 1
            person, layer, u = number_owner(
                number_key,
                owner_start,
                modulus,
                cut,
                layer_start,
                unit_province,
                away,
                pool_start,
                pool_size,
                pool_first,
                host_start,
                hosted,
                space,
                bits,
                v,
                x,
            )
            w0, w1, w2, _ = philox(x, CALLS, v, 0, f_key[0], f_key[1])
            outcome, calls, mobiles = -1, 0, 0
            if person >= 0:
                c = find(class_person, person)
                size, kind, area = class_size[c], class_kind[c], class_area[c]
                offset, zone = person - class_person[c], area_zone[area]
                household, position = class_household[c] + offset // size, offset % size
                lines, shared_use, shared_trait = household_draw(
                    key, line, cycles, household, household - unit_household[u], zone, kind
                )
                cell, age, mobiles, internet, _, _ = person_draw(
                    key,
                    alias,
                    ages,
                    mobile,
                    cycles,
                    use,
                    rates,
                    sector,
                    groups,
                    person,
                    area,
                    zone,
                    role_of(kind, position),
                    person - unit_person[u],
                    lines,
                    shared_use,
                    shared_trait,
                )
                if (mobiles >> layer) & 1:
                    calls = first_contact(w2, contact[groups[cell] >> 2], attempts)
                    if calls == 0:
                        outcome, calls = NC if lane(w0, 2) < ends[3] else UH, attempts
                    elif age < 6:
                        outcome = NE
                    else:
                        g = (zone & 1) * 32 + groups[cell]
                        outcome = answer_call(w0, w1, ends, cooperation[cell // 140, g, 1 if internet else 0])
                else:
                    person = np.int64(-1)
            if outcome < 0:
                outcome, calls = unowned(w0, w2, ends, business[v], contact[3], attempts)
            tally[k, outcome] += 1
            if len(cases) > 0:
                cases[case, 0], cases[case, 1], cases[case, 2], cases[case, 3], cases[case, 4] = (
                    v,
                    x,
                    outcome,
                    calls,
                    person,
                )
                case += 1
            if outcome == I:
                row = interviews[done]
                row[0], row[1], row[2], row[3], row[4] = v, order, x, person, calls
                row[5], row[6] = (mobiles & 1) + ((mobiles >> 1) & 1) + (mobiles >> 2), layer
                found += 1
                done += 1
        dialled[k] = order
    return -1


@jit
def dial_landline(p, n, f, units, targets, tally, dialled, interviews, cases):
    """The same for landlines: a number reaches a household, one eligible member is chosen at random.

    `interviews` (sum of targets, 7): unit, order, number, person, calls, eligible members, lines; the owner in `cases`
    is the household.
    """
    p, n, f = borrowed(p), borrowed(n), borrowed(f)
    key, alias, ages, mobile, cycles, use, rates = p.key, p.alias, p.ages, p.mobile, p.cycles, p.use, p.rates
    sector, groups, line, class_person, class_household = (
        p.sector,
        p.cell_group,
        p.line,
        p.class_person,
        p.class_household,
    )
    class_size, class_kind, class_area, area_zone = p.class_size, p.class_kind, p.class_area, p.area_zone
    unit_person, unit_household = p.unit_person, p.unit_household
    number_key, owner_start, modulus, cut, layer_start = n.key, n.owner_start, n.modulus, n.cut, n.layer_start
    unit_province, away, pool_start, pool_size, pool_first = (
        n.unit_province,
        n.away,
        n.pool_start,
        n.pool_size,
        n.pool_first,
    )
    host_start, hosted, space, bits = n.host_start, n.hosted, n.space, n.bits
    f_key, bank_key, shared, attempts, reach = f.key, f.bank_key[0], f.shared[0], f.attempts[0], f.household
    cooperation, ends, business, prefixes, suffixes = f.cooperation, f.ends, f.business, f.prefixes, f.suffixes
    done, case, table = 0, 0, np.empty(SUFFIXES, np.int64)
    chance = np.empty(16, np.int64)
    chosen = np.empty(16, np.int64)
    for k in range(len(units)):
        v, found, order, bank, place = units[k], 0, 0, 0, 0
        width = suffixes[v]
        bank_size = prefixes[v] * width
        size_bits = bits_of(bank_size)
        open_bank(0, suffixes[v], width, shared, bank_key, v, table)
        while found < targets[k]:
            if place == bank_size:
                bank, place = bank + 1, 0
                width = min(suffixes[v], SUFFIXES - bank * suffixes[v])  # the last bank takes what is left
                if width <= 0:
                    return k
                bank_size = prefixes[v] * width
                size_bits = bits_of(bank_size)
                open_bank(bank, suffixes[v], width, shared, bank_key, v, table)
            x = bank_number(place, bank, bank_size, size_bits, suffixes[v], width, shared, bank_key, v, table)
            order, place = order + 1, place + 1
            household, layer, u = number_owner(
                number_key,
                owner_start,
                modulus,
                cut,
                layer_start,
                unit_province,
                away,
                pool_start,
                pool_size,
                pool_first,
                host_start,
                hosted,
                space,
                bits,
                v,
                x,
            )
            w0, w1, w2, w3 = philox(x, CALLS, v, 1, f_key[0], f_key[1])
            outcome, calls, person, eligible, lines = -1, 0, np.int64(-1), 0, 0
            if household >= 0:
                c = find(class_household, household)
                size, kind, area = class_size[c], class_kind[c], class_area[c]
                zone = area_zone[area]
                lines, shared_use, shared_trait = household_draw(
                    key, line, cycles, household, household - unit_household[u], zone, kind
                )
                if lines > layer:
                    calls = first_contact(w2, reach[0], attempts)
                    if calls == 0:
                        outcome, calls = NC if lane(w0, 2) < ends[3] else UH, attempts
                    else:
                        first = class_person[c] + (household - class_household[c]) * size
                        for position in range(size):
                            cell, age, _, internet, _, _ = person_draw(
                                key,
                                alias,
                                ages,
                                mobile,
                                cycles,
                                use,
                                rates,
                                sector,
                                groups,
                                first + position,
                                area,
                                zone,
                                role_of(kind, position),
                                first + position - unit_person[u],
                                lines,
                                shared_use,
                                shared_trait,
                            )
                            if age >= 6:
                                g = (zone & 1) * 32 + groups[cell]
                                chance[eligible] = cooperation[cell // 140, g, 1 if internet else 0]
                                chosen[eligible] = first + position
                                eligible += 1
                        if eligible == 0:
                            outcome = NE
                        else:
                            pick = (lane(w3, 0) * eligible) >> 16
                            person = chosen[pick]
                            if float(lane(w3, 1)) >= reach[1] * 65536.0:
                                outcome = NC
                            else:
                                outcome = answer_call(w0, w1, ends, chance[pick])
                else:
                    household = np.int64(-1)
            if outcome < 0:
                outcome, calls = unowned(w0, w2, ends, business[v], reach[0], attempts)
            tally[k, outcome] += 1
            if len(cases) > 0:
                cases[case, 0], cases[case, 1], cases[case, 2] = v, x, outcome
                cases[case, 3], cases[case, 4] = calls, household
                case += 1
            if outcome == I:
                row = interviews[done]
                row[0], row[1], row[2], row[3], row[4], row[5], row[6] = v, order, x, person, calls, eligible, lines
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
