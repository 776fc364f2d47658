"""Persons of a population from a folder, one by one with numpy's own Philox, from the tables the library fitted."""

import numpy as np


def words(key, *counter):
    """Four uniforms of a counter; numpy's generator counts up before it draws, so it starts one below, in 256 bits."""
    whole = (int(counter[0]) + (int(counter[1]) << 64) + (int(counter[2]) << 128) - 1) % 2**256
    start = np.array([(whole >> (64 * k)) & (2**64 - 1) for k in range(4)], np.uint64)
    raw = np.random.Philox(key=np.array(key, np.uint64), counter=start).random_raw(4)
    return [float(int(w) >> 11) / 2.0**53 for w in raw]


def cell(p, person, household, place, stratum, role):
    """Indices of the levels of a member, from conditional distributions of the joint table."""
    joint = np.diff(p.cumulative[stratum, role]).reshape(tuple(p.levels))
    at = []
    for v, levels in enumerate(p.levels):
        u = words(p.key, person, 0, v // 4)[v % 4]
        like = p.likeness[v]
        if words(p.key, person, 2, v // 4)[v % 4] < abs(like) and (like > 0 or place < 2):
            u = words(p.key, household, 1, v // 4)[v % 4]
            u = 1 - u if like < 0 and place == 1 else u
        mass = joint[tuple(at)].reshape(levels, -1).sum(axis=1)
        below = np.cumsum(mass) / mass.sum()
        at.append(int((below[:-1] <= u).sum()))
    return int(np.ravel_multi_index(at, tuple(p.levels)))


def person(p, which):
    """(household, cell, landlines, mobiles, outcomes) of a person."""
    c = int(np.searchsorted(p.class_person, which, side="right")) - 1
    size, stratum = int(p.class_size[c]), int(p.class_stratum[c])
    household = int(p.class_household[c] + (which - p.class_person[c]) // size)
    first = int(p.class_person[c] + (household - p.class_household[c]) * size)
    cells = [cell(p, first + k, household, k, stratum, int(p.class_role[c, k])) for k in range(size)]
    odds = np.exp(sum(p.line[stratum, j] for j in cells))
    u, two = words(p.key, household, 3, 0)[:2]
    lines = (2 if two < p.second[0] else 1) if u < odds / (1 + odds) else 0
    mine = cells[which - first]
    u, two = words(p.key, which, 4, 0)[:2]
    mobiles = (2 if two < p.second[1] else 1) if u < p.mobile[int(lines > 0), stratum, mine] else 0
    status = (1 if mobiles else 0) if lines else (2 if mobiles else 3)
    answers = [
        words(p.key, which, 5, k // 4)[k % 4] < p.outcome[status, k, stratum, mine] for k in range(p.outcome.shape[1])
    ]
    return household, mine, lines, mobiles, answers
