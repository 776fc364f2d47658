"""One person of the virtual population as a pure function of (key, person id), and sums over all of them.

Layout: people and households are numbered along classes (area × household size); a class holds equal households, so that
person ↔ household is arithmetic. `cell` is sex × 20 ages × 7 educations; a zone is province × rural/urban.
"""

from collections import namedtuple

import numpy as np

from .compiling import borrowed, inline_jit, jit
from .randomness import alias_draw, lane, philox

PERSON, HOUSEHOLD, ANSWERS = 0, 1, 2  # the second word of the Philox counter: what is drawn
MOBILE_CYCLE, THIRD_CYCLE, LINE_CYCLE, SECOND_LINE_CYCLE = 61, 59, 61, 59
N_CELLS, N_AGES, N_EDUCATION = 280, 20, 7
BASE = 11  # columns of the sums before the outcomes

People = namedtuple(
    "People",
    [
        "key",  # (2,) uint64
        "class_person",  # (C + 1,) first person id of each class
        "class_household",  # (C + 1,) first household id of each class
        "class_size",  # (C,) persons per household
        "class_kind",  # (C,) 0 family, 1 dormitory room
        "class_area",  # (C,) prefecture × 2 + urban
        "area_unit",  # (A,) frame unit
        "area_zone",  # (A,) province × 2 + urban
        "unit_person",  # (U + 1,) first person id of each frame unit
        "unit_household",  # (U + 1,)
        "alias",  # (A, 3, 280) packed alias tables: head, member, dormitory resident
        "ages",  # (2, 20) first year of each age group, years in it
        "cell_group",  # (280,) age × education group, 0 .. 31
        "mobile",  # (3, 62, 20) 65536 × probability of the first, second, third number, given candidacy
        "cycles",  # (4, 31) candidates per cycle: second and third mobile, first and second line
        "line",  # (2, 62, 2) 65536 × probability of the first and second line, by zone and kind
        "use",  # (62, 280) 2**32 × probability of internet use given a telephone
        "rates",  # (2,) factor on `use` without any telephone; 65536 × probability of sharing household draws
        "sector",  # (2, 64) 65536 × probability of farming, of manufacturing
        "threshold",  # (K, 64, 16) 65536 × probability of each outcome by group and trait level
        "universe",
        "draw",  # (K,) who is asked; which random lane decides
        "hours",  # (64, 64) tenths of hours by group and quantile
    ],
)
# Kernels take the fields they use into locals first: a field access inside a loop costs an atomic reference count.


@inline_jit
def find(starts, value):
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
def find_row(starts, row, value):
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
def household_draw(key, line, cycles, household, index, zone, kind):
    """Lines 0 to 2, and the two random words that members may share; `index` is the household's in its frame unit."""
    w0, w1, w2, _ = philox(household, HOUSEHOLD, 0, 0, key[0], key[1])
    province, lines = zone >> 1, 0
    if index % LINE_CYCLE < cycles[2, province] and lane(w0, 0) < line[0, zone, kind]:
        lines = 1
        if index % SECOND_LINE_CYCLE < cycles[3, province] and lane(w0, 1) < line[1, zone, kind]:
            lines = 2
    return lines, w1, w2


@inline_jit
def mobiles_of(mobile, cycles, word, index, zone, group):
    """Own mobile numbers as bits (0, 1, 3 or 7); `index` is the person's in the frame unit."""
    if lane(word, 1) >= mobile[0, zone, group]:
        return 0
    if index % MOBILE_CYCLE >= cycles[0, zone >> 1] or lane(word, 2) >= mobile[1, zone, group]:
        return 1
    if index % THIRD_CYCLE >= cycles[1, zone >> 1] or lane(word, 3) >= mobile[2, zone, group]:
        return 3
    return 7


@inline_jit
def age_of(ages, word, group):
    """Age in years inside its group; from 85 on the square makes later ages rarer."""
    u = lane(word, 0)
    if group == N_AGES - 1:
        u = (u * u) >> 16
    return ages[0, group] + (u * ages[1, group]) // 65536


@inline_jit
def person_draw(
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
    role,
    index,
    lines,
    shared_use,
    shared_trait,
):
    """Attributes of one person: cell, age in years, mobiles as bits, internet use, trait level, sector."""
    w0, w1, w2, w3 = philox(person, PERSON, 0, 0, key[0], key[1])
    cell = alias_draw(alias, area, role, w0)
    group = (cell // N_EDUCATION) % N_AGES
    age = age_of(ages, w1, group)
    mobiles = mobiles_of(mobile, cycles, w1, index, zone, group)
    use_word = shared_use if lane(w3, 0) < rates[1] else w2
    trait_word = shared_trait if lane(w3, 1) < rates[1] else w3
    chance = use[zone, cell]
    if mobiles == 0 and lines == 0:
        chance *= rates[0]
    internet = float(use_word >> np.uint64(32)) < chance
    g, u, works = (zone & 1) * 32 + groups[cell], lane(w3, 2), 0
    if age >= 15:
        if u < sector[0, g]:
            works = 1
        elif u < sector[0, g] + sector[1, g]:
            works = 2
    return cell, age, mobiles, internet, lane(trait_word, 3) >> 12, works


@inline_jit
def answer_draw(key, universe, draw, threshold, hours, person, g, internet, trait, works, answers):
    """Fill `answers` (K,) with 0/1 for one person aged 6+, and return the weekly hours in tenths."""
    code = -1 if internet else -2
    w0, w1, w2, w3, block = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0), -1
    for k in range(len(draw)):
        answers[k] = 0
        parent = universe[k]
        if parent >= 0:
            if answers[parent] == 0:
                continue
        elif parent >= -2:
            if parent != code:
                continue
        elif not internet or works != -2 - parent:
            continue
        d = draw[k]
        if d >> 4 != block:
            block = d >> 4
            w0, w1, w2, w3 = philox(person, ANSWERS, block, 0, key[0], key[1])
        q = (d >> 2) & 3
        word = w0 if q == 0 else (w1 if q == 1 else (w2 if q == 2 else w3))
        if lane(word, d & 3) < np.int64(threshold[k, g, trait]):
            answers[k] = 1
    if not internet:
        return 0
    w0, w1, w2, w3 = philox(person, ANSWERS, 1000, 0, key[0], key[1])
    return hours[g, trait * 4 + (lane(w0, 0) >> 14)]


@inline_jit
def role_of(kind, position):
    return 2 if kind == 1 else (0 if position == 0 else 1)


@jit
def tally(p, first_class, last_class, area_offset, sums):
    """Add everybody of the classes to `sums` (areas, 280, BASE + K + 1), areas counted from `area_offset`.

    Base columns: persons, with mobile, with landline, with both, mobile numbers, lines (at the head), netizens,
    netizens with mobile, with landline, in farming, in manufacturing; then the K outcomes, then tenths of weekly hours.
    """
    p = borrowed(p)
    key, alias, ages, mobile, cycles, use, rates = p.key, p.alias, p.ages, p.mobile, p.cycles, p.use, p.rates
    sector, groups, line, universe, draw = p.sector, p.cell_group, p.line, p.universe, p.draw
    threshold, hours, class_household = p.threshold, p.hours, p.class_household
    K = len(draw)
    answers = np.zeros(K, np.uint8)
    for c in range(first_class, last_class):
        area, size, kind = p.class_area[c], p.class_size[c], p.class_kind[c]
        zone = p.area_zone[area]
        person, slot = p.class_person[c], area - area_offset
        unit_person, unit_household = p.unit_person[p.area_unit[area]], p.unit_household[p.area_unit[area]]
        for household in range(class_household[c], class_household[c + 1]):
            lines, shared_use, shared_trait = household_draw(
                key, line, cycles, household, household - unit_household, zone, kind
            )
            for position in range(size):
                cell, age, mobiles, internet, trait, works = person_draw(
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
                    person - unit_person,
                    lines,
                    shared_use,
                    shared_trait,
                )
                has_mobile, has_line = mobiles & 1, 1 if lines > 0 else 0
                sums[slot, cell, 0] += 1
                sums[slot, cell, 1] += has_mobile
                sums[slot, cell, 2] += has_line
                sums[slot, cell, 3] += has_mobile & has_line
                sums[slot, cell, 4] += has_mobile + ((mobiles >> 1) & 1) + (mobiles >> 2)
                sums[slot, cell, 5] += lines if position == 0 else 0
                if internet:
                    sums[slot, cell, 6] += 1
                    sums[slot, cell, 7] += has_mobile
                    sums[slot, cell, 8] += has_line
                    if works > 0:
                        sums[slot, cell, 8 + works] += 1
                if age >= 6:
                    tenths = answer_draw(
                        key,
                        universe,
                        draw,
                        threshold,
                        hours,
                        person,
                        (zone & 1) * 32 + groups[cell],
                        internet,
                        trait,
                        works,
                        answers,
                    )
                    for k in range(K):
                        sums[slot, cell, BASE + k] += answers[k]
                    sums[slot, cell, BASE + K] += tenths
                person += 1


@jit
def attributes(p, ids, out):
    """Fill `out` (n, 11) for person ids: class, household, position, cell, age, mobiles (bits), lines, internet, trait,
    sector, household size."""
    p = borrowed(p)
    key, alias, ages, mobile, cycles, use, rates = p.key, p.alias, p.ages, p.mobile, p.cycles, p.use, p.rates
    sector, groups, line, class_person, class_household = (
        p.sector,
        p.cell_group,
        p.line,
        p.class_person,
        p.class_household,
    )
    class_size, class_kind, class_area, area_zone, area_unit = (
        p.class_size,
        p.class_kind,
        p.class_area,
        p.area_zone,
        p.area_unit,
    )
    unit_person, unit_household = p.unit_person, p.unit_household
    for i in range(len(ids)):
        person = ids[i]
        c = find(class_person, person)
        offset, size, kind, area = person - class_person[c], class_size[c], class_kind[c], class_area[c]
        household, position = class_household[c] + offset // size, offset % size
        zone, unit = area_zone[area], area_unit[area]
        lines, shared_use, shared_trait = household_draw(
            key, line, cycles, household, household - unit_household[unit], zone, kind
        )
        cell, age, mobiles, internet, trait, works = person_draw(
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
            person - unit_person[unit],
            lines,
            shared_use,
            shared_trait,
        )
        out[i, 0], out[i, 1], out[i, 2], out[i, 3], out[i, 4] = c, household, position, cell, age
        out[i, 5], out[i, 6], out[i, 7], out[i, 8], out[i, 9] = mobiles, lines, internet, trait, works
        out[i, 10] = size


@jit
def answers_of(p, ids, attribute, answers, tenths):
    """Outcomes (n, K) and tenths of weekly hours (n,) of persons whose `attributes` are known; under 6 all zero."""
    p = borrowed(p)
    key, universe, draw, threshold, hours = p.key, p.universe, p.draw, p.threshold, p.hours
    class_area, area_zone, groups = p.class_area, p.area_zone, p.cell_group
    for i in range(len(ids)):
        if attribute[i, 4] < 6:
            answers[i, :] = 0
            tenths[i] = 0
            continue
        g = (area_zone[class_area[attribute[i, 0]]] & 1) * 32 + groups[attribute[i, 3]]
        tenths[i] = answer_draw(
            key,
            universe,
            draw,
            threshold,
            hours,
            ids[i],
            g,
            attribute[i, 7] == 1,
            attribute[i, 8],
            attribute[i, 9],
            answers[i],
        )


@jit
def household_table(p, ids, out):
    """Fill `out` (n, 4) for household ids: class, first person id, size, lines."""
    p = borrowed(p)
    for i in range(len(ids)):
        c = find(p.class_household, ids[i])
        area, size = p.class_area[c], p.class_size[c]
        index = ids[i] - p.unit_household[p.area_unit[area]]
        lines, _, _ = household_draw(p.key, p.line, p.cycles, ids[i], index, p.area_zone[area], p.class_kind[c])
        out[i, 0], out[i, 2], out[i, 3] = c, size, lines
        out[i, 1] = p.class_person[c] + (ids[i] - p.class_household[c]) * size
