"""Which member of a household is to be interviewed: the rules of selection, drawn by a random word or as chances.

`b` is the Batch of `respondents`, whose `able` are the rows of those who may be interviewed, and `f` its Frame.
"""

from typing import Any

import numpy as np

from ..aliases import Array, Int
from .compiling import inline_jit, jit_in_place
from .people import People, years_of
from .randomness import lane, scramble

RANDOM, ANYBODY, LAST_BIRTHDAY, NEXT_BIRTHDAY, KISH = range(5)  # rules
LANES = 65536  # values of the words that decide
BIRTHDAY = np.uint64(0xB1D7)  # key of the day of birth, a lasting attribute of a person


@inline_jit
def home_weight(p: People, f: Any, cell: Int) -> Int:
    """Weight of being at home, by the 8 ages."""
    return f.at_home[(p.cell_group[cell] >> 2) & 7]


@inline_jit
def answerer(p: People, f: Any, b: Any, eligible: Int, u: Int) -> Int:
    """Who picks up: a member drawn by the weights of being at home."""
    total = 0
    for i in range(eligible):
        total += home_weight(p, f, b.cell[b.able[i]])
    mark = (u * total) >> 16
    for i in range(eligible):
        mark -= home_weight(p, f, b.cell[b.able[i]])
        if mark < 0:
            return i
    return eligible - 1


@inline_jit
def birthday_of(p: People, person: Int) -> Int:
    """Day of birth, 0 to 364."""
    return np.int64((scramble(np.uint64(person), p.key[0] ^ BIRTHDAY, 0) >> np.uint64(16)) % np.uint64(365))


@inline_jit
def kish_age(p: People, b: Any, i: Int) -> Int:
    """Years, for males with 1,000 added: its descending order is that of Kish's list."""
    return years_of(p, b.draw[1, i], p.cell_age[b.cell[i]]) + (1000 if b.cell[i] < 140 else 0)


@jit_in_place
def by_kish(p: People, b: Any, eligible: Int, rank: Int) -> Int:
    """The member of a rank in Kish's list."""
    best = 0
    for i in range(eligible):
        age, before = kish_age(p, b, b.able[i]), 0
        for j in range(eligible):
            other = kish_age(p, b, b.able[j])
            before += other > age or (other == age and j < i)
        if before == rank:
            best = i
    return best


@jit_in_place
def by_birthday(p: People, f: Any, b: Any, eligible: Int) -> Int:
    """The member whose birthday was last, or will be next, on the day of the fieldwork."""
    best, least = 0, np.int64(1) << 40
    for i in range(eligible):
        since = (f.selection[2] - birthday_of(p, b.id[b.able[i]])) % 365
        distance = since if f.selection[0] == LAST_BIRTHDAY else (365 - since) % 365
        if distance < least:
            best, least = i, distance
    return best


@jit_in_place
def select(p: People, f: Any, b: Any, eligible: Int, word: np.uint64) -> Int:
    """Which of the `able` is to be interviewed; one who should not have been where somebody puts themselves forward."""
    rule = f.selection[0]
    if rule == RANDOM:
        return (lane(word, 0) * eligible) >> 16
    if rule == ANYBODY or lane(word, 3) < f.selection[1]:
        return answerer(p, f, b, eligible, lane(word, 1))
    if rule == KISH:
        return by_kish(p, b, eligible, f.kish[(lane(word, 2) * 12) >> 16, min(eligible, 6) - 1])
    return by_birthday(p, f, b, eligible)


@inline_jit
def lanes(low: Int, high: Int, whole: Int) -> float:
    """Share of the values u of a word for which low <= (u × whole) >> 16 < high."""
    return ((-low * LANES) // whole - (-high * LANES) // whole) / LANES


@jit_in_place
def chances(p: People, f: Any, b: Any, eligible: Int, chance: Array, stands_for: Array) -> None:
    """Chances of the `able` to be selected, over all words, and how many members each then stands for (eligible,).

    That is one over the chance as the survey computes it, which takes whoever answers for selected by the rule.
    """
    rule, low, total = f.selection[0], 0, 0
    answered = 0.0 if rule == RANDOM else (1.0 if rule == ANYBODY else f.selection[1] / LANES)
    for i in range(eligible):
        chance[i] = lanes(i, i + 1, eligible) if rule == RANDOM else 0.0
        stands_for[i] = eligible
        total += home_weight(p, f, b.cell[b.able[i]])
    if rule == RANDOM:
        return
    if rule == KISH:
        for twelfth in range(12):
            best = by_kish(p, b, eligible, f.kish[twelfth, min(eligible, 6) - 1])
            chance[best] += lanes(twelfth, twelfth + 1, 12)
    elif rule != ANYBODY:
        chance[by_birthday(p, f, b, eligible)] = 1.0
    for i in range(eligible):
        if rule == KISH and eligible >= 5:
            stands_for[i] = 1 / max(np.rint(12 * chance[i]) / 12, 1 / 6)
        high = low + home_weight(p, f, b.cell[b.able[i]])
        chance[i] = (1 - answered) * chance[i] + answered * lanes(low, high, total)
        low = high
