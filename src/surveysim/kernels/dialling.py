"""Dial a shuffled number bank until the unit's target of interviews is met; one final outcome a number, in strict order.

Random draws are keyed by (unit, number), so that a number meets the same fate whatever was dialled before it. Room for a batch is made
outside the kernels, which would compile it with everything else.
"""

from collections import namedtuple

import numpy as np

from ..aliases import Array, Int
from .compiling import borrowed, jit
from .many import alias_draw_many
from .numbers import Numbers
from .people import People
from .respondents import BATCH, PERSON_TYPES, SUFFIXES, Batch, Frame, new_batch, numbers_ahead, open_bank, reach

COMPLETE = 0  # the first disposition code


Plan = namedtuple(
    "Plan",
    [
        "units",  # (k,) to be dialled in one frame
        "targets",  # (k,) interviews each is to have
        "rate",  # (U,) interviews expected per number
    ],
)
Made = namedtuple(
    "Made",  # filled by `dial`
    [
        "tally",  # (k, 2, codes, calls + 1) numbers by unit, whether somebody eligible can be reached, disposition code and calls
        "dialled",  # (k,) numbers
        "interviews",  # (sum of targets, 7) unit, order, number, person, calls, then own mobiles and layer, or eligible members and lines
        "cases",  # (all numbers, 6) unit, number, code, calls, owner (person or household), type; or no rows
    ],
)


def dial(p: People, n: Numbers, f: Frame, landline: Int, plan: Plan, made: Made) -> Int:
    """Dial the banks of the units of a Plan until each has its target of interviews, and fill what is Made.

    A mobile number reaches a person, a landline a household, of which one eligible member is chosen.
    Returns the position of the first unit whose whole number space was dialled in vain, or a negative number.
    """
    return dial_in_batches(p, n, f, landline, plan, made, new_batch())


@jit
def dial_in_batches(p: People, n: Numbers, f: Frame, landline: Int, plan: Plan, made: Made, b: Batch) -> Int:
    """`dial` with room for a batch."""
    p, n, f, b, made = borrowed(p), borrowed(n), borrowed(f), borrowed(b), borrowed(made)
    units, targets, rate = plan.units, plan.targets, plan.rate
    done, case, table = 0, 0, np.empty(SUFFIXES, np.int64)
    for k in range(len(units)):
        v, found, order, place = units[k], 0, 0, 0
        bank = open_bank(f, v, np.int64(0), table)
        while found < targets[k]:
            if place == bank.size:  # it is used up: enlarge it by as many suffixes again
                bank, place = open_bank(f, v, bank.at + 1, table), 0
                if bank.width <= 0:
                    return k
            needed = (targets[k] - found) / rate[v]  # about as many more: few are looked at in vain
            m = min(bank.size - place, np.int64(min(needed + 1, BATCH)))
            numbers_ahead(f, b, bank, m, place, table)
            reach(p, n, f, landline, v, b, m)
            alias_draw_many(f.alias[0], b.kind, b.word[2], m, b.slot, b.left)
            place += m
            for i in range(m):
                order, outcome = order + 1, b.slot[i]
                code, calls = f.outcome[0, outcome], f.outcome[1, outcome]
                made.tally[k, np.int64(b.kind[i] < PERSON_TYPES), code, calls] += 1
                if len(made.cases) > 0:
                    row = made.cases[case]
                    row[0], row[1], row[2], row[3], row[4], row[5] = v, b.number[i], code, calls, b.owner[i], b.kind[i]
                    case += 1
                if code == COMPLETE:
                    row = made.interviews[done]
                    row[0], row[1], row[2], row[3], row[4] = v, order, b.number[i], b.person[i], calls
                    row[5], row[6] = b.first[i], b.second[i]
                    found += 1
                    done += 1
                    if found == targets[k]:
                        break
        made.dialled[k] = order
    return -1


def release(p: People, n: Numbers, f: Frame, landline: Int, v: Int, start: Int, cases: Array) -> Int:
    """Fill `cases` (k, 8) with the numbers from place `start` on in unit v's dialling order: unit, order, number, type,
    owner, person, and the two counts of `dial`. Returns how many there were: fewer where the space ends."""
    return release_in_batches(p, n, f, landline, v, start, cases, new_batch())


@jit
def release_in_batches(
    p: People, n: Numbers, f: Frame, landline: Int, v: Int, start: Int, cases: Array, b: Batch
) -> Int:
    """`release` with room for a batch."""
    p, n, f, b = borrowed(p), borrowed(n), borrowed(f), borrowed(b)
    done, table, full = 0, np.empty(SUFFIXES, np.int64), f.prefixes[v] * f.suffixes[v]
    bank, place = open_bank(f, v, np.int64(start // full), table), start % full
    while done < len(cases):
        if place >= bank.size:
            bank, place = open_bank(f, v, bank.at + 1, table), 0
        if bank.width <= 0:
            return done
        m = min(bank.size - place, len(cases) - done, BATCH)
        numbers_ahead(f, b, bank, m, place, table)
        reach(p, n, f, landline, v, b, m)
        place += m
        for i in range(m):
            row = cases[done]
            done += 1
            row[0], row[1], row[2], row[3] = v, start + done, b.number[i], b.kind[i]
            row[4], row[5], row[6], row[7] = b.owner[i], b.person[i], b.first[i], b.second[i]
    return done
