"""The functions of `randomness` for many values at a time, value for value.

Arithmetic stands in flat loops without branches, which LLVM turns into vector instructions; what has to come from far away in
memory is fetched in a loop of its own, so that the processor waits for many values at once.
"""

import numpy as np

from ..aliases import Array, Int
from .compiling import inline_jit, jit, multiply_high
from .randomness import M0, M1, W0, W1, back, forth

HALF, LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


@jit
def permute_many(x: Array, m: Int, n: Int, bits: Int, key: np.uint64, inverse: bool, left: Array, at: Array) -> None:
    """Replace the first m of `x` by their images under `permute` (or `unpermute`): passes over those who still walk outside.

    `left` (uint64) and `at` are room for as many values.
    """
    for i in range(m):
        left[i], at[i] = np.uint64(x[i]), i
    while m > 0:
        if inverse:
            for i in range(m):
                left[i] = back(left[i], bits, key)
        else:
            for i in range(m):
                left[i] = forth(left[i], bits, key)
        outside = 0
        for i in range(m):
            y, place = left[i], at[i]
            x[place] = np.int64(y)
            left[outside], at[outside] = y, place
            outside += np.int64(y >= np.uint64(n))
        m = outside


@inline_jit
def multiply_halves(x: np.uint64, multiplier: np.uint64) -> tuple[np.uint64, np.uint64]:
    """High and low 64 bits of a product from products of 32-bit halves: there is no vector instruction for the whole."""
    a, b, c, d = x >> HALF, x & LOW, multiplier >> HALF, multiplier & LOW
    low = b * d
    middle = a * d + (low >> HALF)
    other = b * c + (middle & LOW)
    return a * c + (middle >> HALF) + (other >> HALF), (other << HALF) | (low & LOW)


@jit
def philox_many(word: Array, m: Int, k0: np.uint64, k1: np.uint64) -> None:
    """Replace the first m columns of `word` (4, ...), counters, by the random words that `philox` makes of them."""
    for _ in range(10):
        for i in range(m):
            h0, l0 = multiply_halves(word[0, i], M0)
            h1, l1 = multiply_halves(word[2, i], M1)
            word[0, i], word[1, i], word[2, i], word[3, i] = h1 ^ word[1, i] ^ k0, l1, h0 ^ word[3, i] ^ k1, l0
        k0, k1 = k0 + W0, k1 + W1


@jit
def alias_draw_many(packed: Array, row: Array, word: Array, m: Int, out: Array, entry: Array) -> None:
    """Fill the first m of `out` with `alias_draw` from rows of `packed` (T, J); `entry` (uint64) is room for as many values."""
    J = np.uint64(packed.shape[1])
    for i in range(m):
        out[i] = np.int64(multiply_high(word[i], J))
        entry[i] = packed[row[i], out[i]]
    for i in range(m):
        fraction = (word[i] * J) >> HALF
        out[i] = (out[i] if fraction < (entry[i] >> HALF) else np.int64(entry[i])) & 0xFFFF


@jit
def short_draw_many(packed: Array, row: Array, word: Array, m: Int, out: Array, entry: Array) -> None:
    """The same with `short_draw`."""
    J = np.uint64(packed.shape[1])
    for i in range(m):
        out[i] = np.int64(multiply_high(word[i], J))
        entry[i] = np.uint64(packed[row[i], out[i]])
    for i in range(m):
        kept = (word[i] * J) >> np.uint64(41) < entry[i] >> np.uint64(9)
        out[i] = out[i] if kept else np.int64(entry[i] & np.uint64(511))


@jit
def find_many(starts: Array, low: Int, high: Int, value: Array, m: Int, out: Array) -> None:
    """Fill the first m of `out` with `find` of values whose index is among low .. high - 1, which are not many."""
    for i in range(m):
        out[i] = low
    for c in range(low + 1, high):
        start = starts[c]
        for i in range(m):
            out[i] += np.int64(start <= value[i])
