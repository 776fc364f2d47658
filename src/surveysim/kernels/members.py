"""Persons of a population made from a folder of facts: members of a household have roles, and share what households share."""

from collections import namedtuple
from typing import Any

import numpy as np

from ..aliases import Array, Ints
from .compiling import borrowed, inline_jit, jit
from .people import find
from .randomness import philox

OWN, SHARED, MIXED, LINE, PHONES, ANSWERS = 0, 1, 2, 3, 4, 5  # second word of the counter

Members = namedtuple(
    "Members",
    [
        "key",  # (2,) uint64
        "class_person",  # (C + 1,) first person id of each class (stratum × kind of household)
        "class_household",  # (C + 1,)
        "class_size",  # (C,) persons per household
        "class_stratum",  # (C,)
        "class_role",  # (C, most members) role of each member
        "cumulative",  # (S, R, J + 1) share of persons of a role below each cell
        "stride",  # (V,) cells between neighbouring levels of a variable
        "levels",  # (V,)
        "likeness",  # (V,) share of members who take the household's place in their distribution; below 0: the second its opposite
        "line",  # (S, J) log odds of a landline that each member brings
        "mobile",  # (2, S, J) probability of a mobile without and with a landline
        "second",  # (2,) share of landline households, and of mobile owners, with a second number
        "outcome",  # (4, K, S, J) probability of each outcome by telephone status
    ],
)


@inline_jit
def _uniform(word):
    return (word >> np.uint64(11)) / 2.0**53


@inline_jit
def _pick(words, v):
    return words[0] if v == 0 else (words[1] if v == 1 else (words[2] if v == 2 else words[3]))


@inline_jit
def _cell_of(p, person, household, place, stratum, role):
    """The cell of a member: level by level, each at a place of its distribution given the levels before."""
    edges, cell, width = p.cumulative[stratum, role], 0, p.cumulative.shape[2] - 1
    own = mixed = shared = philox(person, OWN, 0, 0, p.key[0], p.key[1])
    for v in range(len(p.levels)):
        if v & 3 == 0:
            own = philox(person, OWN, v >> 2, 0, p.key[0], p.key[1])
            mixed = philox(person, MIXED, v >> 2, 0, p.key[0], p.key[1])
            shared = philox(household, SHARED, v >> 2, 0, p.key[0], p.key[1])
        u, like = _uniform(_pick(own, v & 3)), p.likeness[v]
        if _uniform(_pick(mixed, v & 3)) < abs(like) and (like > 0 or place < 2):
            u = _uniform(_pick(shared, v & 3))
            if like < 0 and place == 1:
                u = 1.0 - u
        target = edges[cell] + u * (edges[cell + width] - edges[cell])
        width = p.stride[v]
        for _ in range(p.levels[v] - 1):
            if edges[cell + width] > target:
                break
            cell += width
    return cell


@inline_jit
def _live_in(p, c, household, cells):
    """Fill the cells of a household's members; returns its landlines."""
    first, stratum, score = (
        p.class_person[c] + (household - p.class_household[c]) * p.class_size[c],
        p.class_stratum[c],
        0.0,
    )
    for place in range(p.class_size[c]):
        cells[place] = _cell_of(p, first + place, household, place, stratum, p.class_role[c, place])
        score += p.line[stratum, cells[place]]
    words = philox(household, LINE, 0, 0, p.key[0], p.key[1])
    if _uniform(words[0]) * (1.0 + np.exp(-score)) >= 1.0:
        return 0
    return 2 if _uniform(words[1]) < p.second[0] else 1


@inline_jit
def _mobiles_of(p, person, stratum, cell, lines):
    words = philox(person, PHONES, 0, 0, p.key[0], p.key[1])
    if _uniform(words[0]) >= p.mobile[min(lines, 1), stratum, cell]:
        return 0
    return 2 if _uniform(words[1]) < p.second[1] else 1


@inline_jit
def _status_of(lines, mobiles):
    """0 landline only, 1 both, 2 mobile only, 3 no telephone."""
    return (1 if mobiles else 0) if lines else (2 if mobiles else 3)


@inline_jit
def _outcome_of(p, person, stratum, cell, status, k):
    words = philox(person, ANSWERS, k >> 2, 0, p.key[0], p.key[1])
    return np.uint8(_uniform(_pick(words, k & 3)) < p.outcome[status, k, stratum, cell])


@jit
def draw(p: Any, ids: Ints, out: Ints, answers: Array) -> None:
    """Fill `out` (n, 6): class, household, cell, household size, landlines, mobiles; and `answers` (n, K)."""
    p, cells = borrowed(p), np.empty(p.class_role.shape[1], np.int64)
    for i in range(len(ids)):
        c = find(p.class_person, ids[i])
        stratum, size = p.class_stratum[c], p.class_size[c]
        household = p.class_household[c] + (ids[i] - p.class_person[c]) // size
        lines = _live_in(p, c, household, cells)
        cell = cells[(ids[i] - p.class_person[c]) % size]
        mobiles = _mobiles_of(p, ids[i], stratum, cell, lines)
        out[i, 0], out[i, 1], out[i, 2], out[i, 3], out[i, 4], out[i, 5] = c, household, cell, size, lines, mobiles
        for k in range(answers.shape[1]):
            answers[i, k] = _outcome_of(p, ids[i], stratum, cell, _status_of(lines, mobiles), k)


@jit
def lines(p: Any, ids: Ints, out: Ints) -> None:
    """Landlines of households."""
    p, cells = borrowed(p), np.empty(p.class_role.shape[1], np.int64)
    for i in range(len(ids)):
        out[i] = _live_in(p, find(p.class_household, ids[i]), ids[i], cells)


@jit
def tally(p: Any, first: int, last: int, stratum: int, sums: Ints, numbers: Ints) -> None:
    """Add the members of households first … last - 1 of a stratum to `sums` (J, 3 + K): persons, with a landline, with a mobile, outcomes;
    and their landlines and mobiles to `numbers` (2,)."""
    p, cells = borrowed(p), np.empty(p.class_role.shape[1], np.int64)
    for household in range(first, last):
        c = find(p.class_household, household)
        size = p.class_size[c]
        held = _live_in(p, c, household, cells)
        numbers[0] += held
        for place in range(size):
            person = p.class_person[c] + (household - p.class_household[c]) * size + place
            cell = cells[place]
            mobiles = _mobiles_of(p, person, stratum, cell, held)
            numbers[1] += mobiles
            sums[cell, 0] += 1
            sums[cell, 1] += held > 0
            sums[cell, 2] += mobiles > 0
            for k in range(p.outcome.shape[1]):
                sums[cell, 3 + k] += _outcome_of(p, person, stratum, cell, _status_of(held, mobiles), k)
