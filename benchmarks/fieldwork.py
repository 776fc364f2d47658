"""Dialling numbers, by outcome and call by call: against the random numbers alone."""

import time
from dataclasses import replace

import numba
import numpy as np
from measuring import best

import surveysim as ss
from surveysim import streams
from surveysim.fieldwork import Fieldwork
from surveysim.fieldwork import centre as centre_of
from surveysim.kernels import calling, dialling, expectation
from surveysim.kernels.compiling import borrowed
from surveysim.kernels.many import alias_draw_many, permute_many, philox_many
from surveysim.kernels.numbers import owners
from surveysim.kernels.randomness import bits_of
from surveysim.kernels.respondents import BATCH, N_TYPES, PERSON_TYPES, SUFFIXES, new_batch, numbers_ahead, open_bank
from surveysim.survey.preparation import prepare


@numba.njit(nogil=True, error_model="numpy")
def floor_of_numbers(n, f, units, counts, landline, b):
    """What a number costs before anybody is asked: its place in the bank, its slot, one Philox block, one alias draw, 512 at a time."""
    n, f, b = borrowed(n), borrowed(f), borrowed(b)
    table, total = np.empty(SUFFIXES, np.int64), 0
    for k in range(len(units)):
        v, place, done = units[k], 0, 0
        bank = open_bank(f, v, np.int64(0), table)
        while done < counts[k]:
            if place == bank.size:
                bank, place = open_bank(f, v, bank.at + 1, table), 0
            m = min(bank.size - place, counts[k] - done, BATCH)
            numbers_ahead(f, b, bank, m, place, table)
            for i in range(m):
                b.slot[i], b.kind[i] = b.number[i], 700
                b.word[0, i], b.word[1, i], b.word[2, i], b.word[3, i] = b.number[i], 0, v, landline
            permute_many(b.slot, m, n.space[v], bits_of(n.space[v]), n.key[0], True, b.left, b.place)
            philox_many(b.word, m, f.key[0], f.key[1])
            alias_draw_many(f.alias[0], b.kind, b.word[2], m, b.slot, b.left)
            total += b.slot[0]
            place, done = place + m, done + m
    return total


def called(field, n):
    """Seconds and calls to work `n` mobile numbers that are hard to reach, to the end."""
    protocol = replace(field.protocol, stop="released", interviewers=3 * n // 100, field_days=112)
    hard = replace(field.models[1], contact=0.05, daypart=(0.0,) * 6)
    field = Fieldwork(field.frames, field.design, (hard, hard), protocol)
    rows = np.zeros((n, 8), np.int64)
    rows[:, 0], rows[:, 2] = np.arange(n) % 337, np.arange(n)
    rows[:, 3] = np.random.default_rng(1).integers(0, PERSON_TYPES, n)
    keys = streams.key(1, "", "fieldwork"), streams.key(1, "", "sampling")
    spent = []
    for _ in range(4):
        centre, cases = (
            centre_of.opened(field, keys, 3 * 112 + 200),
            centre_of.cases_of(rows, 337, np.ones(n, np.int64)),
        )
        history = np.empty((5 * n + 1, 7), np.int32)
        history[:] = 0
        start = time.perf_counter()
        calling.open_cases(field.chain, cases, centre, 0, 0, keys[0])
        made = calling.work(field.chain, cases, centre, calling.Span(0, 336, 336), keys[0], history)
        calling.close_all(cases)
        spent.append(time.perf_counter() - start)
    return min(spent[1:]), made


def census(prep, f):
    """Nanoseconds a number of the census of a unit, and of finding nothing but the owners of the same numbers; its numbers."""
    frame, keys = prep.frames[f], (streams.key(1, "", "fieldwork"), streams.key(1, "", "sampling"))
    unit = int(np.argsort(frame.numbers.space)[200])
    count, tables = int(frame.numbers.space[unit]), prep.fieldwork.tables(f, keys)
    sums = expectation.Sums(*np.zeros((3, N_TYPES)))
    units, every, out = np.full(count, unit), np.arange(count), np.empty((count, 2), np.int64)
    whole = best(lambda: expectation.take_census(prep.pop.people, frame.numbers, tables, int(f == 0), unit, sums), 3)
    bare = best(lambda: owners(frame.numbers, units, every, out), 3)
    return whole, bare, count


def bench():
    """A number at the outcome level against its floor; all numbers counted; every call, and how its cost grows."""
    prep = prepare(ss.SurveySpec.preset("cnnic-2024-12"))
    field, units = prep.fieldwork, np.arange(337)
    keys = streams.key(1, "", "fieldwork"), streams.key(1, "", "sampling")
    mine = floor = numbers = 0
    room = new_batch()
    for f, frame in enumerate(field.frames):
        tables, targets = field.tables(f, keys), prep.design.targets[f]
        shape = (337, 2, calling.N_CODES, int(field.chain.attempts.max()) + 1)
        count, none = np.zeros(337, np.int64), np.empty((0, 6), np.int64)
        interviews, tally = np.empty((int(targets.sum()), 7), np.int64), np.zeros(shape, np.int64)
        arguments = (prep.pop.people, frame.numbers, tables, int(f == 0), dialling.Plan(units, targets, field.rates[f]))
        filled = dialling.Made(tally, count, interviews, none)
        mine += best(lambda a=arguments, m=filled: dialling.dial(*a, m))
        floor += best(
            lambda n=frame.numbers, t=tables, c=count, f=f: floor_of_numbers(n, t, units, c, int(f == 0), room)
        )
        numbers += count.sum()
    rows = [
        f"| dial {numbers:,} numbers of both frames to 22,047 interviews, one final outcome each, one core | "
        f"{1e9 * mine / numbers:.0f} ns a number | two permutations, one Philox block, one alias draw {1e9 * floor / numbers:.0f} ns | "
        f"{mine / floor:.2f} × the time |"
    ]
    spent = np.array([census(prep, f) for f in range(2)])
    mine, bare, count = spent.sum(axis=0)
    rows.append(
        f"| count all {count:,.0f} numbers of two units by what they reach, one core | {1e9 * mine / count:.0f} ns a number | their owners "
        f"alone {1e9 * bare / count:.0f} ns | {mine / bare:.2f} × the time |"
    )
    (half, _), (whole, made), (double, _) = (called(field, n) for n in (150_000, 300_000, 600_000))
    rows.append(
        f"| every call to 300,000 numbers: {made:,} calls, paradata kept, one core | {whole:.2f} s, {1e9 * whole / made:.0f} ns a call | "
        f"150,000 numbers {half:.2f} s, 600,000 {double:.2f} s | {whole / half:.2f} × and {double / whole:.2f} × for twice as many |"
    )
    return rows
