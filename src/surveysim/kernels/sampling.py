"""Samples from a table that collapses to types: draws without replacement, and whole repetitions on counts.

Elements with the same stratum, margins and variables are of one type. A stratified sample is then a count per type, and calibration,
estimates and linearized variances need nothing else.
"""

from collections import namedtuple

import numpy as np

from ..aliases import Array, Int
from .compiling import inline_jit, jit
from .raking import Table, rake_table
from .randomness import philox

DRAW, AGAIN = 1, 2  # last word of the Philox counter: the draws, and those made again after a rejection

Sample = namedtuple(
    "Sample",  # a stratified simple random sample, and the types of the elements
    [
        "first",  # (H + 1,) where the elements of each stratum begin
        "n",  # (H,) how many of them are drawn
        "type_of",  # (N,) type of each element
        "stratum",  # (K,) of each type
        "base",  # (K,) design weight
    ],
)
Margins = namedtuple(
    "Margins",  # what a sample is raked to; `lead` is empty where it is not
    [
        "a",  # (K,) row of each type in the table that is raked
        "b",  # (K,) its column
        "lead",  # (A,), level and total as in `raking.Table`
        "level",
        "total",
    ],
)
Asked = namedtuple(
    "Asked",  # what is estimated
    [
        "u",  # (E, K) numerators
        "v",  # (E, K) denominators
        "inside",  # (E, K) domains
        "ratio",  # (E,) whether it is a ratio
    ],
)
Room = namedtuple(
    "Room", ["taken", "positions", "counts"]
)  # a bit map of the largest stratum; the elements drawn; (K,)


@inline_jit
def bounded(word: np.uint64, size: Int, position: Int, stratum: Int, k0: np.uint64, k1: np.uint64) -> Int:
    """A whole number below `size` from 32 random bits, without bias (Lemire 2019, ACM TOMACS 29:3)."""
    product = word * size
    low, attempt = product & np.uint64(0xFFFFFFFF), 0
    if low < size:
        least = (np.uint64(0x100000000) - size) % size
        while low < least:
            again, _, _, _ = philox(position, stratum, attempt, AGAIN, k0, k1)
            product, attempt = (again >> np.uint64(32)) * size, attempt + 1
            low = product & np.uint64(0xFFFFFFFF)
    return np.int64(product >> np.uint64(32))


@jit
def without_replacement(first: Array, n: Array, k0: np.uint64, k1: np.uint64, taken: Array, out: Array) -> None:
    """Positions of simple random samples of n[h] among first[h] .. first[h + 1] - 1, by Floyd's algorithm (Bentley & Floyd 1987).

    `taken` is a bit map of the largest stratum, all zero before and after.
    """
    at, words = 0, np.empty(8, np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    for h in range(len(n)):
        N, begin = first[h + 1] - first[h], at
        for i in range(n[h]):
            if i % 8 == 0:
                w0, w1, w2, w3 = philox(i, h, 0, DRAW, k0, k1)
                words[0], words[1], words[2], words[3] = w0 & mask, w0 >> np.uint64(32), w1 & mask, w1 >> np.uint64(32)
                words[4], words[5], words[6], words[7] = w2 & mask, w2 >> np.uint64(32), w3 & mask, w3 >> np.uint64(32)
            last = N - n[h] + i
            t = bounded(words[i % 8], np.uint64(last + 1), i, h, k0, k1)
            if (taken[t >> 6] >> np.uint64(t & 63)) & np.uint64(1):
                t = last
            taken[t >> 6] |= np.uint64(1) << np.uint64(t & 63)
            out[at] = t
            at += 1
        for i in range(begin, at):
            taken[out[i] >> 6] = 0
            out[i] += first[h]


@jit
def count_types(positions: Array, type_of: Array, counts: Array) -> None:
    """Sampled elements (K,) of each type."""
    counts[:] = 0
    for i in range(len(positions)):
        counts[type_of[positions[i]]] += 1


@jit
def cross_products(table: Array, level: Array, width: Int, gram: Array) -> None:
    """Weighted cross-products of the margin columns of a table (A, B): A rows, then the levels (B, M) of its columns."""
    A, B = table.shape
    M = level.shape[1]
    column = np.zeros(B)
    gram[:] = 0.0
    for a in range(A):
        s = 0.0
        for b in range(B):
            s += table[a, b]
            column[b] += table[a, b]
        gram[a, a] = s
        for m in range(M):
            for b in range(B):
                gram[a, A + level[b, m]] += table[a, b]
    for b in range(B):
        for m in range(M):
            for c in range(M):
                gram[A + level[b, m], A + level[b, c]] += column[b]
    for a in range(A):
        for c in range(width):
            gram[A + c, a] = gram[a, A + c]


@jit
def factorize(gram: Array) -> None:
    """Cholesky factor of a positive semidefinite matrix, in its lower triangle; columns that others determine become zero."""
    p = len(gram)
    for j in range(p):
        before, s = gram[j, j], gram[j, j]
        for k in range(j):
            s -= gram[j, k] * gram[j, k]
        lost = not s > 1e-11 * before
        d = 0.0 if lost else np.sqrt(s)
        gram[j, j] = d
        for i in range(j + 1, p):
            s = gram[i, j]
            for k in range(j):
                s -= gram[i, k] * gram[j, k]
            gram[i, j] = 0.0 if lost else s / d


@jit
def substitute(factor: Array, x: Array) -> None:
    """Solve factor × factor' y = x in place; what belongs to zero columns becomes 0."""
    p = len(x)
    for j in range(p):
        s = x[j]
        for k in range(j):
            s -= factor[j, k] * x[k]
        x[j] = s / factor[j, j] if factor[j, j] > 0.0 else 0.0
    for j in range(p - 1, -1, -1):
        s = x[j]
        for i in range(j + 1, p):
            s -= factor[i, j] * x[i]
        x[j] = s / factor[j, j] if factor[j, j] > 0.0 else 0.0


@jit
def fit(table: Array, level: Array, factor: Array, beta: Array, lead: Array, rest: Array) -> None:
    """Fitted values lead (A,) + rest (B,) of the regression on the margins; `table` holds weighted sums of the scores."""
    A, B = table.shape
    M = level.shape[1]
    beta[:] = 0.0
    column = np.zeros(B)
    for a in range(A):
        for b in range(B):
            beta[a] += table[a, b]
            column[b] += table[a, b]
    for b in range(B):
        for m in range(M):
            beta[A + level[b, m]] += column[b]
    substitute(factor, beta)
    for a in range(A):
        lead[a] = beta[a]
    for b in range(B):
        rest[b] = 0.0
        for m in range(M):
            rest[b] += beta[A + level[b, m]]


@jit
def tabled(counts: Array, sample: Sample, margins: Margins, z: Array) -> Array:
    """Weighted sums (A, B) of the scores z (K,) over a sample's counts (K,) by type."""
    table = np.zeros((len(margins.lead), len(margins.level)))
    for k in range(len(counts)):
        table[margins.a[k], margins.b[k]] += counts[k] * sample.base[k] * z[k]
    return table


@jit
def estimate(
    counts: Array, weight: Array, sample: Sample, margins: Margins, factor: Array, asked: Asked, out: Array
) -> None:
    """Estimates (E, 4) with standard error, df and respondents from a sample's counts (K,) per type.

    weight : (K,) final weights. factor : that of the margins' cross-products.
    """
    u, v, stratum = asked.u, asked.v, sample.stratum
    E, K = u.shape
    H, A, B, raked = len(sample.n), len(margins.lead), len(margins.level), len(margins.lead) > 0
    beta, lead, rest = np.empty(len(factor)), np.empty(A), np.empty(B)
    there, z = np.empty(H, np.int64), np.empty(K)
    for e in range(E):
        ratio, top, bottom, rows = asked.ratio[e], 0.0, 0.0, 0
        there[:] = 0
        for k in range(K):
            w = counts[k] * weight[k]
            top += w * u[e, k]
            bottom += w * v[e, k]
            if asked.inside[e, k] and counts[k] > 0:
                rows += counts[k]
                there[stratum[k]] = 1
        value = top / bottom if ratio else top
        degrees = float(rows - there.sum())
        for k in range(K):
            z[k] = (u[e, k] - value * v[e, k]) / bottom if ratio else u[e, k]
        if raked:
            fit(tabled(counts, sample, margins, z), margins.level, factor, beta, lead, rest)
            for k in range(K):
                z[k] -= lead[margins.a[k]] + rest[margins.b[k]]
        out[e, 0], out[e, 1], out[e, 2], out[e, 3] = value, np.sqrt(variance(counts, weight, z, sample)), degrees, rows


@jit
def variance(counts: Array, weight: Array, z: Array, sample: Sample) -> float:
    """Variance of a total of weighted scores z (K,) from a stratified simple random sample."""
    H = len(sample.n)
    s1, s2, result = np.zeros(H), np.zeros(H), 0.0
    for k in range(len(z)):
        x = weight[k] * z[k]
        s1[sample.stratum[k]] += counts[k] * x
        s2[sample.stratum[k]] += counts[k] * x * x
    for h in range(H):
        n, N = sample.n[h], sample.first[h + 1] - sample.first[h]
        if n < N:
            result += (1.0 - n / N) * n / (n - 1.0) * max(s2[h] - s1[h] * s1[h] / n, 0.0)
    return result


@jit
def repetition(
    key: Array, sample: Sample, margins: Margins, asked: Asked, room: Room, tol: float, max_iter: Int, out: Array
) -> float:
    """One repetition of a stratified simple random sample: drawn, raked, estimated. Returns the largest relative gap of the raking."""
    without_replacement(sample.first, sample.n, key[0], key[1], room.taken, room.positions)
    count_types(room.positions, sample.type_of, room.counts)
    weight, gap, width = sample.base.copy(), 0.0, len(margins.lead) + len(margins.total)
    gram = np.empty((width, width))
    if len(margins.lead) > 0:
        table = tabled(room.counts, sample, margins, np.ones(len(weight)))
        lead, rest = np.empty(len(margins.lead)), np.ones(len(margins.level))
        _, gap = rake_table(Table(table, margins.lead, margins.level, margins.total), tol, max_iter, lead, rest)
        if not gap <= tol:
            return gap
        cross_products(table, margins.level, len(margins.total), gram)
        factorize(gram)
        for k in range(len(weight)):
            weight[k] = weight[k] * lead[margins.a[k]] * rest[margins.b[k]]
    estimate(room.counts, weight, sample, margins, gram, asked, out)
    return gap
