"""Dial a shuffled number bank until the unit's target of interviews is met; one final outcome a number, in strict order.

Random draws are keyed by (unit, number), so that a number meets the same fate whatever was dialled before it.
"""

import numpy as np

from .compiling import borrowed, jit
from .randomness import alias_draw, philox
from .respondents import MANY, MOST_MEMBERS, NUMBER, PERSON_TYPES, SUFFIXES, bank_number, open_bank, reach, read_ahead

COMPLETE = 0  # the first disposition code


@jit
def dial(p, n, f, landline, units, targets, rate, tally, dialled, interviews, cases):
    """Dial the banks of `units` in one frame until each has its target of interviews.

    A mobile number reaches a person, a landline a household, of which one eligible member is chosen. `rate` (U,) is interviews
    expected per number. Fills `tally` (k, 2, codes, calls + 1) with numbers by unit, whether somebody eligible can be reached,
    disposition code and calls; `dialled` (k,); `interviews` (sum of targets, 7): unit, order, number, person, calls, then own
    mobiles and layer, or eligible members and lines; and `cases` (all numbers, 6): unit, number, code, calls, owner (person or
    household), type, when it has rows.
    Returns the position of the first unit whose whole number space was dialled in vain, or a negative number.
    """
    p, n, f = borrowed(p), borrowed(n), borrowed(f)
    key, shared = f.bank_key[0], f.shared[0]
    done, case, seen, table = 0, 0, np.uint64(0), np.empty(SUFFIXES, np.int64)
    ids, types, ages = (
        np.empty(MOST_MEMBERS, np.int64),
        np.empty(MOST_MEMBERS, np.int64),
        np.empty(MOST_MEMBERS, np.int64),
    )
    for k in range(len(units)):
        v, found, order, bank, place = units[k], 0, 0, 0, 0
        if targets[k] > MANY * rate[v]:
            seen ^= read_ahead(p, v)
        width, size, bits = open_bank(0, f.prefixes[v], f.suffixes[v], shared, key, v, table)
        while found < targets[k]:
            if place == size:  # the bank is used up: enlarge it by as many suffixes again
                bank, place = bank + 1, 0
                width, size, bits = open_bank(bank, f.prefixes[v], f.suffixes[v], shared, key, v, table)
                if width <= 0:
                    return k
            x = bank_number(place, bank, size, bits, f.suffixes[v], width, shared, key, v, table)
            order, place = order + 1, place + 1
            w0, w1, w2, _ = philox(x, NUMBER, v, landline, f.key[0], f.key[1])
            kind, owner, person, first, second = reach(p, n, f, landline, v, x, w0, w1, ids, types, ages)
            outcome = alias_draw(f.alias, 0, kind, w2)
            code, calls = f.outcome[0, outcome], f.outcome[1, outcome]
            tally[k, np.int64(kind < PERSON_TYPES), code, calls] += 1
            if len(cases) > 0:
                row = cases[case]
                row[0], row[1], row[2], row[3], row[4], row[5] = v, x, code, calls, owner, kind
                case += 1
            if code == COMPLETE:
                row = interviews[done]
                row[0], row[1], row[2], row[3], row[4], row[5], row[6] = v, order, x, person, calls, first, second
                found += 1
                done += 1
        dialled[k] = order
    # All targets are met. Without a use of `seen` nothing would be read ahead
    return -1 if seen != np.uint64(1) else -2


@jit
def release(p, n, f, landline, v, start, cases):
    """Fill `cases` (k, 8) with the numbers from place `start` on in unit v's dialling order: unit, order, number, type,
    owner, person, and the two counts of `dial`. Returns how many there were: fewer where the space ends."""
    p, n, f = borrowed(p), borrowed(n), borrowed(f)
    key, shared = f.bank_key[0], f.shared[0]
    table = np.empty(SUFFIXES, np.int64)
    ids, types, ages = (
        np.empty(MOST_MEMBERS, np.int64),
        np.empty(MOST_MEMBERS, np.int64),
        np.empty(MOST_MEMBERS, np.int64),
    )
    bank = start // (f.prefixes[v] * f.suffixes[v])
    place = start % (f.prefixes[v] * f.suffixes[v])
    width, size, bits = open_bank(bank, f.prefixes[v], f.suffixes[v], shared, key, v, table)
    for i in range(len(cases)):
        if place >= size:
            bank, place = bank + 1, 0
            width, size, bits = open_bank(bank, f.prefixes[v], f.suffixes[v], shared, key, v, table)
        if width <= 0:
            return i
        x = bank_number(place, bank, size, bits, f.suffixes[v], width, shared, key, v, table)
        place += 1
        w0, w1, _, _ = philox(x, NUMBER, v, landline, f.key[0], f.key[1])
        kind, owner, person, first, second = reach(p, n, f, landline, v, x, w0, w1, ids, types, ages)
        row = cases[i]
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7] = (
            v,
            start + i + 1,
            x,
            kind,
            owner,
            person,
            first,
            second,
        )
    return len(cases)


@jit
def bank_numbers(prefixes, suffixes, shared, key, unit, out):
    """The first numbers of a unit's banks in dialling order; for tests and for those who export a bank."""
    table, bank, place = np.empty(SUFFIXES, np.int64), -1, 0
    width, size, bits = 0, 0, 0
    for i in range(len(out)):
        if place == size:
            bank, place = bank + 1, 0
            width, size, bits = open_bank(bank, prefixes, suffixes, shared, key, unit, table)
        out[i] = bank_number(place, bank, size, bits, suffixes, width, shared, key, unit, table)
        place += 1
