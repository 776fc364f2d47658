"""Codes of domains, units and strata: refined, renumbered, counted."""

from collections import namedtuple

import numpy as np

from ..aliases import Array, Int
from .compiling import jit

Sample = namedtuple(
    "Sample",  # units of rows
    [
        "order",  # rows unit by unit, empty where they come so
        "start",  # (U + 1,) first place of each unit in it
        "stratum",  # (U,)
    ],
)


@jit
def join(group: Array, codes: Array, place: Array, levels: Int, out: Array, used: Array) -> None:
    """Domains refined by a coded column: out = group × levels + place[code], -1 where either is missing; which are `used`."""
    for i in range(len(group)):
        g, c = group[i], codes[i]
        if g < 0 or c < 0:
            out[i] = -1
        else:
            d = g * levels + place[c]
            out[i] = np.int32(d)
            used[d] = True


@jit
def renumber(group: Array, place: Array, out: Array) -> None:
    """Domains renumbered, -1 kept."""
    for i in range(len(group)):
        out[i] = -1 if group[i] < 0 else place[group[i]]


@jit
def own_stratum(unit: Array, stratum: Array, owner: Array) -> Int:
    """Stratum `owner` (U,) of each unit, -1 at the start; returns how many rows are in another than their unit's."""
    split = 0
    for i in range(len(unit)):
        u = unit[i]
        h = np.int64(stratum[i])
        if owner[u] < 0:
            owner[u] = h
        split += owner[u] != h
    return split


@jit
def whole_numbers(values: Array, least: Int, codes: Array, used: Array) -> None:
    """Codes value - least (n,) of integers, and which are `used`."""
    for i in range(len(values)):
        c = np.int64(values[i]) - least
        codes[i] = c
        used[c] = True


@jit
def used_codes(codes: Array, used: Array) -> Int:
    """Which codes are `used`; returns how many rows have none."""
    missing = 0
    for i in range(len(codes)):
        if codes[i] < 0:
            missing += 1
        else:
            used[codes[i]] = True
    return missing


@jit
def count_rows(weight: Array, group: Array, unit: Array, count: Array) -> None:
    """count (U, D): rows of positive weight."""
    for i in range(len(group)):
        if group[i] >= 0:
            count[unit[i], group[i]] += weight[i] > 0.0


@jit
def count_present(count: Array, stratum: Array, strata_all: Int, units: Array, strata: Array) -> None:
    """Units and strata (D,) with rows, from count (U, D)."""
    U, D = count.shape
    seen = np.zeros((strata_all, D), np.bool_)
    for u in range(U):
        for d in range(D):
            if count[u, d] > 0:
                units[d] += 1
                if not seen[stratum[u], d]:
                    seen[stratum[u], d] = True
                    strata[d] += 1


@jit
def count_units(weight: Array, group: Array, sample: Sample, strata_all: Int, units: Array, strata: Array) -> None:
    """Units and strata (D,) that have rows of positive weight in each domain, from a Sample."""
    order, start, stratum = sample.order, sample.start, sample.stratum
    D, sorted_ = len(units), len(order) == 0
    mark, seen = np.full(D, -1, np.int64), np.zeros((strata_all, D), np.bool_)
    for j in range(len(stratum)):
        for i in range(start[j], start[j + 1]):
            row = i if sorted_ else order[i]
            d = group[row]
            if d >= 0 and weight[row] > 0.0 and mark[d] != j:
                mark[d] = j
                units[d] += 1
                if not seen[stratum[j], d]:
                    seen[stratum[j], d] = True
                    strata[d] += 1
