"""Cross-products of margins, and products and roots of small covariance matrices, for which threads of a BLAS cost more than the work."""

import numpy as np

from ..aliases import Array, Int
from .compiling import jit


@jit
def gram(weight: Array, partition: Array, column: Array, out: Array) -> None:
    """Weighted cross-products (P, width, width) of the 0/1 margin columns that cells (K, M) count in."""
    M = column.shape[1]
    for k in range(len(weight)):
        for a in range(M):
            for b in range(M):
                out[partition[k], column[k, a], column[k, b]] += weight[k]


@jit
def products(rows: Array, out: Array) -> None:
    """Sums of products (D, D) of rows (S, D), added to `out`."""
    S, D = rows.shape
    for s in range(S):
        for a in range(D):
            x = rows[s, a]
            if x != 0.0:
                for b in range(D):
                    out[a, b] += x * rows[s, b]


@jit
def root(matrix: Array, least: float, out: Array) -> Int:
    """Rows of `out` (D, D) whose products sum to a covariance matrix (D, D), which is spoilt: Cholesky's, the largest diagonal first.

    It ends where all that is left of the diagonal is below `least` of the largest. Returns how many rows there are.
    """
    D = len(matrix)
    largest = 0.0
    for a in range(D):
        largest = max(largest, matrix[a, a])
    for row in range(D):
        best = 0
        for a in range(D):
            if matrix[a, a] > matrix[best, best]:
                best = a
        pivot = matrix[best, best]
        if not pivot > least * largest:
            return row
        for a in range(D):
            out[row, a] = matrix[best, a] / np.sqrt(pivot)
        for a in range(D):
            for b in range(D):
                matrix[a, b] -= out[row, a] * out[row, b]
        matrix[best, :] = 0.0
        matrix[:, best] = 0.0
    return D
