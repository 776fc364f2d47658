"""Samples from a table that collapses to types: draws without replacement, and whole repetitions on counts.

Elements with the same stratum, margins and variables are of one type. A stratified sample is then a count per type, and calibration,
estimates and linearized variances need nothing else.
"""

import numpy as np

from .compiling import inline_jit, jit
from .raking import rake_table
from .randomness import philox

DRAW, AGAIN = 1, 2  # last word of the Philox counter: the draws, and those made again after a rejection


@inline_jit
def bounded(word, size, position, stratum, k0, k1):
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
def without_replacement(first, n, k0, k1, taken, out):
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
def count_types(positions, type_of, counts):
    """Sampled elements (K,) of each type."""
    counts[:] = 0
    for i in range(len(positions)):
        counts[type_of[positions[i]]] += 1


@jit
def cross_products(table, level, width, gram):
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
def factorize(gram):
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
def substitute(factor, x):
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
def fit(table, level, factor, beta, lead, rest):
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
def estimate(counts, weight, base, stratum, a_of, b_of, raked, u, v, inside, ratio, N, n, level, factor, table, out):
    """Estimates (E, 4) with standard error, df and respondents from a sample's counts (K,) per type.

    `weight`, `base` (K,) final and design weights; u, v, inside (E, K) numerators, denominators and domains; `ratio` (E,).
    """
    E, K = u.shape
    H, A, B = len(n), table.shape[0], table.shape[1]
    beta, lead, rest = np.empty(len(factor)), np.empty(A), np.empty(B)
    s1, s2, there, z = np.empty(H), np.empty(H), np.empty(H, np.int64), np.empty(K)
    for e in range(E):
        top, bottom, rows = 0.0, 0.0, 0
        there[:] = 0
        for k in range(K):
            w = counts[k] * weight[k]
            top += w * u[e, k]
            bottom += w * v[e, k]
            if inside[e, k] and counts[k] > 0:
                rows += counts[k]
                there[stratum[k]] = 1
        value = top / bottom if ratio[e] else top
        degrees = float(rows - there.sum())
        for k in range(K):
            z[k] = (u[e, k] - value * v[e, k]) / bottom if ratio[e] else u[e, k]
        if raked:
            table[:] = 0.0
            for k in range(K):
                table[a_of[k], b_of[k]] += counts[k] * base[k] * z[k]
            fit(table, level, factor, beta, lead, rest)
        s1[:] = 0.0
        s2[:] = 0.0
        for k in range(K):
            r = z[k] - (lead[a_of[k]] + rest[b_of[k]]) if raked else z[k]
            x = weight[k] * r
            s1[stratum[k]] += counts[k] * x
            s2[stratum[k]] += counts[k] * x * x
        variance = 0.0
        for h in range(H):
            if n[h] < N[h]:
                variance += (1.0 - n[h] / N[h]) * n[h] / (n[h] - 1.0) * max(s2[h] - s1[h] * s1[h] / n[h], 0.0)
        out[e, 0], out[e, 1], out[e, 2], out[e, 3] = value, np.sqrt(variance), degrees, rows


@jit
def repetition(
    k0, k1, first, n, taken, positions, type_of, counts, stratum, a_of, b_of, u, v, inside, ratio,
    raked, lead_total, level, total, tol, max_iter, base, out,
):  # fmt: skip
    """One repetition of a stratified simple random sample: drawn, raked, estimated. Returns the largest relative gap of the raking."""
    K, A, B = len(counts), len(lead_total), level.shape[0]
    without_replacement(first, n, k0, k1, taken, positions)
    count_types(positions, type_of, counts)
    N = first[1:] - first[:-1]
    weight, table = base.copy(), np.zeros((A, B))
    gram = np.empty((A + len(total), A + len(total)))
    gap = 0.0
    if raked:
        for k in range(K):
            table[a_of[k], b_of[k]] += counts[k] * base[k]
        lead, rest = np.empty(A), np.ones(B)
        _, gap = rake_table(table, lead_total, level, total, tol, max_iter, lead, rest)
        if not gap <= tol:
            return gap
        cross_products(table, level, len(total), gram)
        factorize(gram)
        for k in range(K):
            weight[k] = base[k] * lead[a_of[k]] * rest[b_of[k]]
    estimate(counts, weight, base, stratum, a_of, b_of, raked, u, v, inside, ratio, N, n, level, gram, table, out)
    return gap
