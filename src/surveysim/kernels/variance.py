"""Calibration residuals and stratified variances of many linearized scores at once."""

import numpy as np

from .compiling import jit


@jit
def gram(weight, partition, column, out):
    """Weighted cross-products (P, width, width) of the 0/1 margin columns that cells (K, M) count in."""
    M = column.shape[1]
    for k in range(len(weight)):
        for a in range(M):
            for b in range(M):
                out[partition[k], column[k, a], column[k, b]] += weight[k]


@jit
def residuals(z, weight, cell, partition, column, inverse, out):
    """Weighted regression residuals (E, n) of the scores z (E, n) on margin columns; `inverse` (P, width, width).

    Rows collapse to the cells (n,) of the margins; cells (K,) have a partition and columns (K, M).
    """
    E, n = z.shape
    K, M = column.shape
    P, width = inverse.shape[0], inverse.shape[1]
    by_cell, cross, beta = np.empty(K), np.empty((P, width)), np.empty((P, width))
    for e in range(E):
        by_cell[:] = 0.0
        cross[:] = 0.0
        for i in range(n):
            by_cell[cell[i]] += weight[i] * z[e, i]
        for k in range(K):
            for m in range(M):
                cross[partition[k], column[k, m]] += by_cell[k]
        for p in range(P):
            for a in range(width):
                total = 0.0
                for b in range(width):
                    total += inverse[p, a, b] * cross[p, b]
                beta[p, a] = total
        for k in range(K):
            by_cell[k] = 0.0
            for m in range(M):
                by_cell[k] += beta[partition[k], column[k, m]]
        for i in range(n):
            out[e, i] = z[e, i] - by_cell[cell[i]]


@jit
def stratified(z, weight, psu, psu_stratum, stratum_psus, scale, out):
    """Variances (E,) of Σ weight·z (E, n): PSU totals about their stratum's mean, times `scale` per stratum.

    `scale` (H,) is n_h / (n_h - 1) × (1 - f_h), or what a lonely-PSU rule puts there.
    """
    E, n = z.shape
    total, mean = np.empty(len(psu_stratum)), np.empty(len(stratum_psus))
    for e in range(E):
        total[:] = 0.0
        mean[:] = 0.0
        for i in range(n):
            total[psu[i]] += weight[i] * z[e, i]
        for j in range(len(total)):
            mean[psu_stratum[j]] += total[j]
        for h in range(len(mean)):
            mean[h] /= stratum_psus[h]
        variance = 0.0
        for j in range(len(total)):
            h = psu_stratum[j]
            off = total[j] - mean[h]
            variance += scale[h] * off * off
        out[e] = variance
