"""Iterative proportional fitting on margin cells, one partition after the other."""

import numpy as np

from .compiling import jit


@jit
def rake(weight, level, start, total, tol, max_iter, factor, sweeps, gap, worst):
    """Factors (K,) that rake cell weights (K,) to `total` (P, C).

    Cells of partition p are start[p] .. start[p + 1]; `level` (K, M) holds each cell's column of `total` in every margin.
    Also the sweeps (P,), the largest relative gap recomputed from the final factors (P,) and its column (P,).
    """
    P, C = total.shape
    M = level.shape[1]
    achieved = np.empty(C)
    for p in range(P):
        first, last = start[p], start[p + 1]
        for k in range(first, last):
            factor[k] = 1.0
        for sweep in range(max_iter):
            for m in range(M):
                for k in range(first, last):
                    achieved[level[k, m]] = 0.0
                for k in range(first, last):
                    achieved[level[k, m]] += weight[k] * factor[k]
                for k in range(first, last):
                    c = level[k, m]
                    if achieved[c] > 0.0:
                        factor[k] *= total[p, c] / achieved[c]
            gap[p], worst[p] = 0.0, 0
            for c in range(C):
                achieved[c] = 0.0
            for m in range(M):
                for k in range(first, last):
                    achieved[level[k, m]] += weight[k] * factor[k]
            for c in range(C):
                size = abs(total[p, c]) if total[p, c] != 0.0 else 1.0
                off = abs(achieved[c] - total[p, c]) / size
                if not off <= gap[p]:  # NaN is a gap too
                    gap[p], worst[p] = off, c
            sweeps[p] = sweep + 1
            if gap[p] <= tol:
                break
