"""Calibration residuals and stratified variances of many linearized scores at once."""

import numpy as np

from .compiling import jit


@jit
def gram(weight, partition, column, width, out):
    """Weighted cross-products (P, width, width) of the 0/1 margin columns that rows count in."""
    M = column.shape[1]
    for i in range(len(weight)):
        p = partition[i]
        for a in range(M):
            for b in range(M):
                out[p, column[i, a], column[i, b]] += weight[i]


@jit
def residuals(z, weight, partition, column, inverse, out):
    """Weighted regression residuals (E, n) of the scores z (E, n) on the margin columns; `inverse` (P, width, width)."""
    E, n = z.shape
    M = column.shape[1]
    P, width = inverse.shape[0], inverse.shape[1]
    cross, beta = np.empty((P, width)), np.empty((P, width))
    for e in range(E):
        cross[:] = 0.0
        for i in range(n):
            value = weight[i] * z[e, i]
            if value != 0.0:
                for m in range(M):
                    cross[partition[i], column[i, m]] += value
        for p in range(P):
            for a in range(width):
                total = 0.0
                for b in range(width):
                    total += inverse[p, a, b] * cross[p, b]
                beta[p, a] = total
        for i in range(n):
            fitted = 0.0
            for m in range(M):
                fitted += beta[partition[i], column[i, m]]
            out[e, i] = z[e, i] - fitted


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
