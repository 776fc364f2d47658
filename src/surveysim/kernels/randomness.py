"""Keyed random numbers and keyed permutations.

`philox` is Philox4x64-10 (Salmon, Moraes, Dror & Shaw 2011, SC11), bit for bit that of `numpy.random.Philox`.
`permute` is an alternating Feistel network on the smallest power of two that holds the domain, walked until it falls
inside (Black & Rogaway 2002, CT-RSA: cycle walking). Neither has state: a draw is a function of its key alone.
"""

import numpy as np

from ..aliases import Array, Int
from .compiling import inline_jit, jit, multiply_high, multiply_wide

M0, M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
W0, W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
F0, F1 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)


@inline_jit
def philox(
    c0: Int, c1: Int, c2: Int, c3: Int, k0: np.uint64, k1: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Four random uint64 for the counter (c0, c1, c2, c3) under the key (k0, k1)."""
    x0, x1, x2, x3 = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    k0, k1 = np.uint64(k0), np.uint64(k1)
    for _ in range(10):
        h0, l0 = multiply_wide(M0, x0)
        h1, l1 = multiply_wide(M1, x2)
        x0, x1, x2, x3 = h1 ^ x1 ^ k0, l1, h0 ^ x3 ^ k1, l0
        k0, k1 = k0 + W0, k1 + W1
    return x0, x1, x2, x3


@inline_jit
def lane(word: np.uint64, i: Int) -> Int:
    """The i-th 16-bit lane (0 to 3) of a random word, as a signed integer."""
    return np.int64((word >> np.uint64(16 * i)) & np.uint64(0xFFFF))


@inline_jit
def scramble(x: np.uint64, key: np.uint64, round_: Int) -> np.uint64:
    """A 64-bit mix of a half block (the finalizer of MurmurHash3, keyed)."""
    x = (x + key + np.uint64(round_) * W0) * F0
    x = (x ^ (x >> np.uint64(32))) * F1
    return x ^ (x >> np.uint64(29))


@inline_jit
def bits_of(n: Int) -> Int:
    """Bits of the Feistel block that holds 0 .. n-1, at least two."""
    bits = 2
    while (np.int64(1) << bits) < n:
        bits += 1
    return bits


@inline_jit
def halves(x: np.uint64, bits: Int) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64, np.uint64]:
    """High and low half of a Feistel block, the masks of both, and the bits of the low one."""
    half = np.uint64(bits // 2)
    low, high = (np.uint64(1) << half) - np.uint64(1), (np.uint64(1) << np.uint64(bits - bits // 2)) - np.uint64(1)
    return x >> half, x & low, high, low, half


@inline_jit
def forth(x: np.uint64, bits: Int, key: np.uint64) -> np.uint64:
    """Two pairs of rounds of the Feistel network."""
    high, low, high_mask, low_mask, half = halves(x, bits)
    high ^= scramble(low, key, 0) & high_mask
    low ^= scramble(high, key, 1) & low_mask
    high ^= scramble(low, key, 2) & high_mask
    low ^= scramble(high, key, 3) & low_mask
    return (high << half) | low


@inline_jit
def back(x: np.uint64, bits: Int, key: np.uint64) -> np.uint64:
    """The same rounds undone."""
    high, low, high_mask, low_mask, half = halves(x, bits)
    low ^= scramble(high, key, 3) & low_mask
    high ^= scramble(low, key, 2) & high_mask
    low ^= scramble(high, key, 1) & low_mask
    high ^= scramble(low, key, 0) & high_mask
    return (high << half) | low


@inline_jit
def permute(i: Int, n: Int, bits: Int, key: np.uint64) -> Int:
    """Image of i under the keyed permutation of 0 .. n-1; `bits` is bits_of(n)."""
    x = forth(np.uint64(i), bits, key)
    while x >= np.uint64(n):
        x = forth(x, bits, key)
    return np.int64(x)


@inline_jit
def unpermute(i: Int, n: Int, bits: Int, key: np.uint64) -> Int:
    """The inverse of `permute`."""
    x = back(np.uint64(i), bits, key)
    while x >= np.uint64(n):
        x = back(x, bits, key)
    return np.int64(x)


@jit
def alias_tables(weight: Array, packed: Array) -> None:
    """Fill `packed` (T, J) with alias tables (Walker 1977; Vose 1991) of the rows of `weight` (T, J).

    An entry holds a 32-bit threshold above a 16-bit alias: column j is kept where the fraction is below the threshold.
    Rows that sum to nothing get entries that return column 0; they belong to classes without people.
    """
    T, J = weight.shape
    scaled, small, large = np.empty(J), np.empty(J, np.int64), np.empty(J, np.int64)
    for t in range(T):
        total = 0.0
        for j in range(J):
            total += weight[t, j]
        n_small, n_large = 0, 0
        for j in range(J):
            scaled[j] = weight[t, j] / total * J if total > 0.0 else float(J if j == 0 else 0)
            if scaled[j] < 1.0:
                small[n_small] = j
                n_small += 1
            else:
                large[n_large] = j
                n_large += 1
        while n_small > 0 and n_large > 0:
            n_small -= 1
            s, big = small[n_small], large[n_large - 1]
            threshold = np.uint64(min(scaled[s] * 4294967296.0, 4294967295.0))
            packed[t, s] = (threshold << np.uint64(32)) | np.uint64(big)
            scaled[big] -= 1.0 - scaled[s]
            if scaled[big] < 1.0:
                n_large -= 1
                small[n_small] = big
                n_small += 1
        while n_large > 0:
            n_large -= 1
            packed[t, large[n_large]] = (np.uint64(0xFFFFFFFF) << np.uint64(32)) | np.uint64(large[n_large])
        while n_small > 0:
            n_small -= 1
            packed[t, small[n_small]] = (np.uint64(0xFFFFFFFF) << np.uint64(32)) | np.uint64(small[n_small])


@inline_jit
def alias_draw(packed: Array, area: Int, role: Int, word: np.uint64) -> Int:
    """A column of one alias table, packed[area, role], from one word: the high part of word × J, then the fraction."""
    J = np.uint64(packed.shape[2])
    column = np.int64(multiply_high(word, J))
    fraction = (word * J) >> np.uint64(32)
    entry = packed[area, role, column]
    return (column if fraction < (entry >> np.uint64(32)) else np.int64(entry)) & 0xFFFF


@inline_jit
def short_draw(packed: Array, area: Int, role: Int, word: np.uint64) -> Int:
    """`alias_draw` from `short` entries of 32 bits: a 23-bit threshold above a 9-bit alias."""
    J = np.uint64(packed.shape[2])
    column = np.int64(multiply_high(word, J))
    entry = np.uint64(packed[area, role, column])
    return column if (word * J) >> np.uint64(41) < entry >> np.uint64(9) else np.int64(entry & np.uint64(511))


@jit
def short(packed: Array, out: Array) -> None:
    """Entries of `alias_tables` (T, J) of at most 512 columns in 32 bits, half the memory: fill `out` (T, J, uint32)."""
    for t in range(packed.shape[0]):
        for j in range(packed.shape[1]):
            threshold = (packed[t, j] >> np.uint64(41)) << np.uint64(9)
            out[t, j] = np.uint32(threshold | (packed[t, j] & np.uint64(511)))


@jit
def philox_words(counters: Array, k0: np.uint64, k1: np.uint64, out: Array) -> None:
    """Philox words (n, 4) of the counters (n, 4); for tests against numpy."""
    for i in range(len(counters)):
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = philox(
            counters[i, 0], counters[i, 1], counters[i, 2], counters[i, 3], k0, k1
        )


@jit
def permute_all(values: Array, n: Int, key: np.uint64, inverse: bool, out: Array) -> None:
    """Images (or inverse images) of many values under one keyed permutation."""
    bits = bits_of(n)
    for i in range(len(values)):
        out[i] = unpermute(values[i], n, bits, key) if inverse else permute(values[i], n, bits, key)
