"""Persons of a population made from margin tables: strata are ranges of ids, one alias draw gives a person's cell."""

from collections import namedtuple

import numpy as np

from ..aliases import Array, Int
from .compiling import borrowed, inline_jit, jit
from .people import find
from .randomness import alias_draw, philox

PERSON, HOUSEHOLD, ANSWERS = 0, 1, 2

Margined = namedtuple(
    "Margined",
    [
        "key",  # (2,) uint64
        "class_person",  # (C + 1,) first person id of each class (stratum × household size)
        "class_household",  # (C + 1,)
        "class_size",  # (C,) persons per household
        "class_stratum",  # (C,)
        "alias",  # (S, 1, J) packed alias tables
        "threshold",  # (K, J) uint64: 2**32 × probability of each outcome by cell
        "line",  # (S,) uint64: 2**32 × share of households with a landline
    ],
)


@inline_jit
def cell_of(p: Margined, person: Int, stratum: Int) -> Int:
    word, _, _, _ = philox(person, PERSON, 0, 0, p.key[0], p.key[1])
    return alias_draw(p.alias, stratum, 0, word)


@inline_jit
def outcome_of(p: Margined, person: Int, cell: Int, k: Int) -> np.uint8:
    words = philox(person, ANSWERS, k >> 3, 0, p.key[0], p.key[1])
    q = (k >> 1) & 3
    word = words[0] if q == 0 else (words[1] if q == 1 else (words[2] if q == 2 else words[3]))
    half = (word >> np.uint64(32)) if k & 1 else (word & np.uint64(0xFFFFFFFF))
    return np.uint8(half < p.threshold[k, cell])


@jit
def draw(p: Margined, ids: Array, out: Array, answers: Array) -> None:
    """Fill `out` (n, 4): class, household, cell, household size; and `answers` (n, K)."""
    p = borrowed(p)
    for i in range(len(ids)):
        c = find(p.class_person, ids[i])
        size = p.class_size[c]
        cell = cell_of(p, ids[i], p.class_stratum[c])
        out[i, 0], out[i, 1] = c, p.class_household[c] + (ids[i] - p.class_person[c]) // size
        out[i, 2], out[i, 3] = cell, size
        for k in range(answers.shape[1]):
            answers[i, k] = outcome_of(p, ids[i], cell, k)


@jit
def tally(p: Margined, first: Int, last: Int, stratum: Int, sums: Array) -> None:
    """Add persons first … last - 1 of a stratum to `sums` (J, 1 + K): persons, then outcomes."""
    p = borrowed(p)
    for person in range(first, last):
        cell = cell_of(p, person, stratum)
        sums[cell, 0] += 1
        for k in range(len(p.threshold)):
            sums[cell, 1 + k] += outcome_of(p, person, cell, k)


@jit
def lines(p: Margined, ids: Array, out: Array) -> None:
    """Landlines (0 or 1) of households."""
    p = borrowed(p)
    for i in range(len(ids)):
        stratum = p.class_stratum[find(p.class_household, ids[i])]
        word, _, _, _ = philox(ids[i], HOUSEHOLD, 0, 0, p.key[0], p.key[1])
        out[i] = np.int64((word >> np.uint64(32)) < p.line[stratum])
