"""One person of the virtual population as a pure function of (key, person id), and sums over all of them.

Layout: people and households are numbered along classes (area × kind of household); a class holds equal households, so that
person ↔ household is arithmetic. A `cell` is sex × 20 ages × 7 educations; an area is prefecture × rural/urban, a zone is
province × rural/urban. A kind of household says who sits where (partner, child, parent): the head is drawn first, the others
given the head's group (sex × 2 educations × 6 ages).
"""

from collections import namedtuple

import numpy as np

from ..aliases import Array, Int
from .compiling import borrowed, inline_jit, jit
from .randomness import lane, philox, scramble, short_draw

PERSON, ANSWERS = 0, 2  # the second word of the Philox counter: what is drawn
MOBILE_CYCLE, THIRD_CYCLE, LINE_CYCLE, SECOND_LINE_CYCLE = 61, 59, 61, 59  # primes: no tie to household positions
N_CELLS, N_AGES = 280, 20
STATUS = (4, 3, 2, 3)  # mobiles, lines, internet, sector: a person's status is one code
N_STATUS = 72
AGED_6, AGED_15 = 3, 5  # first age groups of those who are asked, of those who may work
CHILD, NONUSER, NETIZEN = 0, 1, 2  # who is asked: under 6, no netizen, netizen by sector (2, 3, 4)

People = namedtuple(
    "People",
    [
        "key",  # (2,) uint64
        "class_person",  # (C + 1,) first person id of each class
        "class_household",  # (C + 1,) first household id of each class
        "class_size",  # (C,) persons per household
        "class_kind",  # (C,) kind of household; the last is the dormitory room
        "class_area",  # (C,) prefecture × 2 + urban
        "area_unit",  # (A,) frame unit
        "area_zone",  # (A,) province × 2 + urban
        "unit_person",  # (U + 1,) first person id of each frame unit
        "unit_household",  # (U + 1,)
        "seat",  # (kinds, 7, 24) uint8 role of a member by kind of household, place in it, head's group
        "alias",  # (A, 41, 280) short alias tables by role
        "ages",  # (2, 20) first year of each age group, years in it
        "cell_age",  # (280,) age group
        "cell_head",  # (280,) head group: sex × 2 educations × 6 ages
        "cell_group",  # (280,) age × education group, 0 .. 31
        "mobile",  # (3, 62, 20) 65536 × probability of the first, second, third number, given candidacy
        "cycles",  # (4, 31) candidates per cycle: second and third mobile, first and second line
        "line",  # (2, 62, 21) 65536 × probability of the first and second line, by zone and the head's age; 20: dormitory
        "use",  # (A, 280) 2**32 × probability of internet use given a telephone
        "silent",  # (1,) factor on `use` without any telephone
        "shares",  # (1,) 65536 × probability of sharing household draws
        "sector",  # (2, 64) 65536 × probability of farming, of manufacturing
        "trait_cut",  # (A, 17) 65536 × cumulative shares of the trait levels
        "threshold",  # (64, 16, K) 65536 × probability of each outcome by group and trait level
        "asked",  # (5, K) uint16: 1 where the outcome is asked of children, non-users, netizens by sector
        "shared",  # (n, 2) outcomes with the random number of another: (outcome, the other)
        "nested",  # (n, 2) outcomes asked only of those who say yes to another: (outcome, the other)
        "hours",  # (64, 16, 64) tenths of hours by group, trait level and quantile
    ],
)
Home = namedtuple(
    "Home", ["area", "zone", "lines", "use", "trait"]
)  # of a household; the last are words members may share
# Kernels call `borrowed` first: an array that carries a reference count costs two atomic operations per use in a loop.


@inline_jit
def find(starts: Array, value: Int) -> Int:
    """Index i with starts[i] <= value < starts[i + 1]."""
    low, high = 0, len(starts) - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if starts[middle] <= value:
            low = middle
        else:
            high = middle
    return low


@inline_jit
def find_row(starts: Array, row: Int, value: Int) -> Int:
    """`find` in one row of a table; a slice of the table would cost a reference count."""
    low, high = 0, starts.shape[1] - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if starts[row, middle] <= value:
            low = middle
        else:
            high = middle
    return low


@inline_jit
def words_of(p: People, person: Int) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """The four random words of a person: cell; age, mobiles; internet use; what is shared, sector, trait."""
    return philox(person, PERSON, 0, 0, p.key[0], p.key[1])


@inline_jit
def head_cell(p: People, word: np.uint64, area: Int, kind: Int) -> Int:
    """Cell of the first person of a household of a kind."""
    return short_draw(p.alias, area, p.seat[kind, 0, 0], word)


@inline_jit
def cell_of(p: "People", word: np.uint64, area: Int, kind: Int, position: Int, group: Int) -> Int:
    """Cell of a further member, given the head's group."""
    return short_draw(p.alias, area, p.seat[kind, position, group], word)


@inline_jit
def home_draw(p: People, words: tuple[np.uint64, np.uint64], index: Int, area: Int, kind: Int, head: Int) -> Home:
    """The Home of an area: lines 0 to 2, and what members may share, from what the first and the third word of the first leave unused.

    `index` is the household's in its frame unit. The cell takes the high bits of w0, internet use the high half of w2; a
    mix of w2 is as good as new, because half of it is, and saves a Philox block per household.
    """
    (w0, w2), zone = words, p.area_zone[area]
    mix = scramble(w2, p.key[1], 0)
    province, age = zone >> 1, N_AGES if kind == len(p.seat) - 1 else p.cell_age[head] & 31
    index &= 0xFFFFFFFF
    one = (index % LINE_CYCLE < p.cycles[2, province]) & (lane(mix, 1) < p.line[0, zone, age])
    two = one & (index % SECOND_LINE_CYCLE < p.cycles[3, province]) & (lane(w0, 0) < p.line[1, zone, age])
    return Home(area, zone, np.int64(one) + np.int64(two), mix, mix << np.uint64(48))


@inline_jit
def mobiles_of(p: People, word: np.uint64, index: Int, zone: Int, age: Int) -> Int:
    """Own mobile numbers 0 to 3; `index` is the person's in the frame unit."""
    index &= 0xFFFFFFFF
    one = lane(word, 1) < p.mobile[0, zone, age]
    two = one & (index % MOBILE_CYCLE < p.cycles[0, zone >> 1]) & (lane(word, 2) < p.mobile[1, zone, age])
    three = two & (index % THIRD_CYCLE < p.cycles[1, zone >> 1]) & (lane(word, 3) < p.mobile[2, zone, age])
    return np.int64(one) + np.int64(two) + np.int64(three)


@inline_jit
def years_of(p: People, word: np.uint64, age: Int) -> Int:
    """Age in years inside its group; from 85 on the square makes later ages rarer."""
    u = lane(word, 0)
    if age == N_AGES - 1:
        u = (u * u) >> 16
    return p.ages[0, age] + ((u * p.ages[1, age]) >> 16)


@inline_jit
def trait_of(p: People, area: Int, u: Int) -> Int:
    """Trait level of a 16-bit draw: levels are nearly equal, so the search starts beside its end."""
    level = u >> 12
    while u < p.trait_cut[area, level]:
        level -= 1
    while u >= p.trait_cut[area, level + 1]:
        level += 1
    return level


@inline_jit
def person_draw(
    p: People, cell: Int, words: tuple[np.uint64, np.uint64, np.uint64], index: Int, home: Home
) -> tuple[Int, bool, Int, Int]:
    """Attributes of a person of a cell: mobiles, internet use, draw of the trait, sector; `index` is the person's in the frame unit,
    `words` the last three."""
    w1, w2, w3 = words
    age = p.cell_age[cell] & 31  # the mask tells the compiler that an index is not negative
    mobiles = mobiles_of(p, w1, index, home.zone, age)
    use_word = home.use if lane(w3, 0) < p.shares[0] else w2
    trait_word = home.trait if lane(w3, 1) < p.shares[0] else w3
    chance = p.use[home.area, cell] * (p.silent[0] if mobiles + home.lines == 0 else 1.0)
    internet = float(np.int64(use_word >> np.uint64(32))) < chance
    g, u = (home.zone & 1) * 32 + (p.cell_group[cell] & 31), lane(w3, 2)
    farming, either = u < p.sector[0, g], u < p.sector[0, g] + p.sector[1, g]
    works = np.int64(age >= AGED_15) * ((2 * np.int64(either) - np.int64(farming)) & 3)
    return mobiles, internet, lane(trait_word, 3), works


@inline_jit
def answer_draw(
    p: People, person: Int, g: Int, state: Int, trait: Int, words: Array, lanes: Array, answers: Array
) -> Int:
    """Fill `answers` (K,) with 0/1 for one person, and return the weekly hours in tenths.

    `lanes` is `words` seen as 16-bit numbers; the last of them decides the hours.
    """
    K = len(answers)
    for block in range(len(words) >> 2):
        w0, w1, w2, w3 = philox(person, ANSWERS, block, 0, p.key[0], p.key[1])
        words[4 * block], words[4 * block + 1], words[4 * block + 2], words[4 * block + 3] = w0, w1, w2, w3
    quantile = np.int64(lanes[len(lanes) - 1]) >> 10
    for i in range(len(p.shared)):
        lanes[p.shared[i, 0] & 0xFFFF] = lanes[p.shared[i, 1] & 0xFFFF]
    for k in range(K):
        answers[k] = p.asked[state, k] if lanes[k] < p.threshold[g, trait, k] else np.uint16(0)
    for i in range(len(p.nested)):
        answers[p.nested[i, 0] & 0xFFFF] &= answers[p.nested[i, 1] & 0xFFFF]
    return np.int64(p.hours[g, trait, quantile]) if state >= NETIZEN else np.int64(0)


@inline_jit
def answer_words(p: People) -> Int:
    """Random words that one person's answers take: whole Philox blocks, one lane to spare for the hours."""
    return 4 * (p.asked.shape[1] // 16 + 1)


@jit
def tally_cells(p: People, first_class: Int, last_class: Int, sums: Array) -> None:
    """Count persons of the classes (all of one area) by cell: `sums` (280,). The shortest pass over everybody."""
    p = borrowed(p)
    for c in range(first_class, last_class):
        area, size, kind = p.class_area[c], p.class_size[c], p.class_kind[c]
        person = p.class_person[c]
        for _ in range(p.class_household[c + 1] - p.class_household[c]):
            word, _, _, _ = words_of(p, person)
            head = head_cell(p, word, area, kind)
            sums[head] += 1
            group = p.cell_head[head] & 31
            for position in range(1, size):
                word, _, _, _ = words_of(p, person + position)
                sums[cell_of(p, word, area, kind, position, group)] += 1
            person += size


@jit
def tally(p: People, first_class: Int, last_class: Int, status: Array, lines_of: Array, answered: Array) -> None:
    """Count persons of the classes (all of one area) by cell and status: `status` (280, 72), with mobiles, lines, internet
    use and sector as digits; lines at the head in `lines_of` (280,). Where `answered` (280, K + 1) has rows, also the
    outcomes, and the tenths of weekly hours in its last column."""
    p = borrowed(p)
    K, with_answers = p.asked.shape[1], len(answered) > 0
    words = np.empty(answer_words(p), np.uint64)
    lanes = words.view(np.uint16)
    answers = np.zeros(K, np.uint16)
    batch, filled = np.zeros((N_CELLS if with_answers else 0, K), np.uint16), np.zeros(N_CELLS, np.int64)
    for c in range(first_class, last_class):
        area, size, kind = p.class_area[c], p.class_size[c], p.class_kind[c]
        person = p.class_person[c]
        unit_person, unit_household = p.unit_person[p.area_unit[area]], p.unit_household[p.area_unit[area]]
        w0, w1, w2, w3 = words_of(p, person)
        for household in range(p.class_household[c], p.class_household[c + 1]):
            cell = head_cell(p, w0, area, kind)
            group = p.cell_head[cell] & 31
            home = home_draw(p, (w0, w2), household - unit_household, area, kind, cell)
            for position in range(size):
                if position > 0:
                    cell = cell_of(p, w0, area, kind, position, group)
                mobiles, internet, draw, works = person_draw(p, cell, (w1, w2, w3), person - unit_person, home)
                w0, w1, w2, w3 = words_of(p, person + 1)  # whoever comes next, so that no branch waits for it
                status[cell, ((mobiles * 3 + home.lines) * 2 + internet) * 3 + works] += 1
                if position == 0:
                    lines_of[cell] += home.lines
                if with_answers and p.cell_age[cell] >= AGED_6:
                    g, state = (
                        (home.zone & 1) * 32 + (p.cell_group[cell] & 31),
                        NETIZEN + works if internet else NONUSER,
                    )
                    level = trait_of(p, area, draw)
                    answered[cell, K] += answer_draw(p, person, g, state, level, words, lanes, answers)
                    for k in range(K):
                        batch[cell, k] += answers[k]
                    filled[cell] += 1
                    if filled[cell] == 65535:
                        empty_batch(batch, filled, cell, answered)
                person += 1
    for cell in range(len(batch)):
        empty_batch(batch, filled, cell, answered)


@jit
def empty_batch(batch: Array, filled: Array, cell: Int, answered: Array) -> None:
    """Move the 16-bit counts of one cell to the sums: short counters let eight or more be added at once."""
    for k in range(batch.shape[1]):
        answered[cell, k] += batch[cell, k]
        batch[cell, k] = 0
    filled[cell] = 0


@inline_jit
def locate(p: People, person: Int) -> tuple[Int, Int, Int, Int, Int]:
    """Class, area, household, position and first person of the household of a person."""
    c = find(p.class_person, person)
    offset, size = person - p.class_person[c], p.class_size[c]
    area = p.class_area[c]
    return c, area, p.class_household[c] + offset // size, offset % size, person - offset % size


@inline_jit
def member(p: People, person: Int, unit: Int) -> tuple[Int, Int, Int, Int, Int, Int, Int, bool, Int, Int]:
    """One person by number (in the frame unit `unit`): class, household, position, cell, years, mobiles, lines, internet,
    trait, works."""
    c, area, household, position, first = locate(p, person)
    word, w1, w2, w3 = words_of(p, first)
    kind = p.class_kind[c]
    cell = head_cell(p, word, area, kind)
    home = home_draw(p, (word, w2), household - p.unit_household[unit], area, kind, cell)
    if position > 0:
        word, w1, w2, w3 = words_of(p, person)
        cell = cell_of(p, word, area, kind, position, p.cell_head[cell] & 31)
    mobiles, internet, draw, works = person_draw(p, cell, (w1, w2, w3), person - p.unit_person[unit], home)
    years = years_of(p, w1, p.cell_age[cell])
    return c, household, position, cell, years, mobiles, home.lines, internet, trait_of(p, area, draw), works


@jit
def attributes(p: People, ids: Array, out: Array) -> None:
    """Fill `out` (n, 11) for person ids: class, household, position, cell, age, mobiles, lines, internet, trait, sector,
    household size."""
    p = borrowed(p)
    for i in range(len(ids)):
        unit = p.area_unit[p.class_area[find(p.class_person, ids[i])]]
        c, household, position, cell, years, mobiles, lines, internet, trait, works = member(p, ids[i], unit)
        out[i, 0], out[i, 1], out[i, 2], out[i, 3], out[i, 4] = c, household, position, cell, years
        out[i, 5], out[i, 6], out[i, 7], out[i, 8], out[i, 9] = mobiles, lines, internet, trait, works
        out[i, 10] = p.class_size[c]


@jit
def count_mobiles(p: People, ids: Array, out: Array) -> None:
    """Own mobile numbers of persons: `attributes` without what has nothing to do with them."""
    p = borrowed(p)
    for i in range(len(ids)):
        area = p.class_area[find(p.class_person, ids[i])]
        _, _, _, _, _, out[i], _, _, _, _ = member(p, ids[i], p.area_unit[area])


@jit
def answers_of(p: People, ids: Array, attribute: Array, answers: Array, tenths: Array) -> None:
    """Outcomes (n, K) and tenths of weekly hours (n,) of persons whose `attributes` are known; under 6 all zero."""
    p = borrowed(p)
    words = np.empty(answer_words(p), np.uint64)
    lanes = words.view(np.uint16)
    one = np.zeros(p.asked.shape[1], np.uint16)
    for i in range(len(ids)):
        g = (p.area_zone[p.class_area[attribute[i, 0]]] & 1) * 32 + p.cell_group[attribute[i, 3]]
        state = NETIZEN + attribute[i, 9] if attribute[i, 7] == 1 else (NONUSER if attribute[i, 4] >= 6 else CHILD)
        tenths[i] = answer_draw(p, ids[i], g, state, attribute[i, 8], words, lanes, one)
        for k in range(len(one)):
            answers[i, k] = one[k]


@jit
def household_table(p: People, ids: Array, out: Array) -> None:
    """Fill `out` (n, 4) for household ids: class, first person id, size, lines."""
    p = borrowed(p)
    for i in range(len(ids)):
        c = find(p.class_household, ids[i])
        area, size = p.class_area[c], p.class_size[c]
        first = p.class_person[c] + (ids[i] - p.class_household[c]) * size
        w0, _, w2, _ = words_of(p, first)
        kind = p.class_kind[c]
        head = head_cell(p, w0, area, kind)
        home = home_draw(p, (w0, w2), ids[i] - p.unit_household[p.area_unit[area]], area, kind, head)
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = c, first, size, home.lines
