"""Rows to margin cells and back: fold codes into a cell number, add weights up by cell, spread factors over the rows."""

from collections import namedtuple

import numpy as np
from numba.np.numpy_support import carray

from ..aliases import Array, Int
from .compiling import inline_jit, jit, pointer

KINDS = {"i1": 0, "i2": 1, "i4": 2, "i8": 3, "u1": 4, "u2": 5, "u4": 6, "u8": 7}  # integer types of code columns

Columns = namedtuple(
    "Columns",  # M columns of codes, by their addresses, so that one compilation serves any number and types of them
    [
        "address",  # (M,) uint64
        "kind",  # (M,) which of KINDS
        "radix",  # (M,) levels
    ],
)
Blocks = namedtuple("Blocks", ["size", "first", "last"])  # from the first up to the last, of so many rows


@inline_jit
def fold(codes: Array, radix: np.uint64, first: bool, cell: Array) -> bool | np.bool_:
    """Mixed radix, one column at a time: cell = cell × radix + code, or the code itself where it is the `first` column.

    Returns whether a code lies outside 0 .. radix - 1; `cell` is unusable then.
    """
    outside = False
    if first:
        for i in range(len(cell)):
            outside |= np.uint64(codes[i]) >= radix
            cell[i] = np.int32(codes[i])
    else:
        r = np.int32(radix)
        for i in range(len(cell)):
            outside |= np.uint64(codes[i]) >= radix
            cell[i] = np.int32(cell[i] * r + np.int32(codes[i]))
    return outside


@jit
def collapse(columns: Columns, weight: Array, blocks: Blocks, cell: Array, sums: Array) -> Int:
    """Cells (n,) of the rows of Blocks, mixed radix of the `Columns`; weights are added to `sums` (blocks, K).

    An empty `weight` stands for ones. Returns -1 where a code is missing or beyond its radix, else how many
    weights are negative or not finite.
    """
    address, kind, radix = columns.address, columns.kind, columns.radix
    bad, n, size = 0, len(cell), blocks.size
    for block in range(blocks.first, blocks.last):
        start, stop = block * size, min(block * size + size, n)
        place, outside = cell[start:stop], False
        for m in range(len(address)):
            r, at, k = np.uint64(radix[m]), pointer(address[m]), kind[m]
            if k == 0:
                outside |= fold(carray(at, (n,), np.int8)[start:stop], r, m == 0, place)
            elif k == 1:
                outside |= fold(carray(at, (n,), np.int16)[start:stop], r, m == 0, place)
            elif k == 2:
                outside |= fold(carray(at, (n,), np.int32)[start:stop], r, m == 0, place)
            elif k == 3:
                outside |= fold(carray(at, (n,), np.int64)[start:stop], r, m == 0, place)
            elif k == 4:
                outside |= fold(carray(at, (n,), np.uint8)[start:stop], r, m == 0, place)
            elif k == 5:
                outside |= fold(carray(at, (n,), np.uint16)[start:stop], r, m == 0, place)
            elif k == 6:
                outside |= fold(carray(at, (n,), np.uint32)[start:stop], r, m == 0, place)
            else:
                outside |= fold(carray(at, (n,), np.uint64)[start:stop], r, m == 0, place)
        if outside:
            return -1
        if len(weight) == 0:
            count(place, sums[block])
        else:
            bad += add_up(place, weight[start:stop], sums[block])
    return bad


@jit
def add_up(cell: Array, weight: Array, sums: Array) -> Int:
    """Sums of the weights by cell, added to `sums`; returns how many weights are negative or not finite."""
    for i in range(len(cell)):
        sums[np.uint32(cell[i])] += weight[i]
    return unusable(weight)  # a loop of its own, so that it vectorizes


@jit
def unusable(weight: Array) -> Int:
    """How many weights are negative or not finite."""
    bad = 0
    for i in range(len(weight)):
        bad += not (weight[i] >= 0.0 and weight[i] < np.inf)
    return bad


@jit
def count(cell: Array, sums: Array) -> None:
    """Numbers of rows by cell, added to `sums`."""
    for i in range(len(cell)):
        sums[np.uint32(cell[i])] += 1.0


@jit
def spread(cell: Array, factor: Array, weight: Array, out: Array) -> Int:
    """Weights of the rows: initial weight (n,) × factor of the row's cell. Returns the bits of the largest one.

    The bits of floats that are not negative order as integers, and integer maxima vectorize.
    """
    bits, largest = out.view(np.int64), np.int64(0)
    for start in range(0, len(cell), 4096):  # so that the maximum is taken while the block is in cache
        stop = min(start + 4096, len(cell))
        place, w, result, b = cell[start:stop], weight[start:stop], out[start:stop], bits[start:stop]
        for i in range(len(place)):
            result[i] = w[i] * factor[np.uint32(place[i])]
        for i in range(len(place)):
            largest = max(largest, b[i])
    return largest


@jit
def spread_alone(cell: Array, factor: Array, out: Array) -> None:
    """The same where every initial weight is 1."""
    for i in range(len(cell)):
        out[i] = factor[np.uint32(cell[i])]


@jit
def add_by_column(level: Array, values: Array, start: Array, sums: Array) -> None:
    """Values (K,) of cells added to `sums` (P, width) by partition, its cells from start[p] on, and by each of their columns (K, M)."""
    for p in range(len(sums)):
        for k in range(start[p], start[p + 1]):
            for m in range(level.shape[1]):
                sums[p, level[k, m]] += values[k]


@jit
def mix(codes: Array, key: Array) -> None:
    """Fold a column of codes (n,) into 64-bit hashes (n,), in place (the finalizer of MurmurHash3, A. Appleby)."""
    for i in range(len(key)):
        h = (key[i] ^ np.uint64(codes[i])) * np.uint64(0x9E3779B97F4A7C15)
        h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
        h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
        key[i] = h ^ (h >> np.uint64(33))


@jit
def distinct(key: Array, codes: Array, slot: Array, cell: Array, owner: Array) -> Int:
    """Number the distinct rows of `codes` (n, M) in order of appearance: `cell` (n,), `owner` (cells,) a row of each.

    `slot` is a table of a power of two of entries, all -1. Equal hashes are told apart by their codes. Returns the cells.
    """
    mask, cells = np.uint64(len(slot) - 1), 0
    M = codes.shape[1]
    for i in range(len(key)):
        at = key[i] & mask
        while True:
            k = slot[at]
            if k < 0:
                slot[at] = cells
                owner[cells] = i
                cell[i] = cells
                cells += 1
                break
            first, same = owner[k], True
            for m in range(M):
                same &= codes[first, m] == codes[i, m]
            if same:
                cell[i] = k
                break
            at = (at + np.uint64(1)) & mask
    return cells
