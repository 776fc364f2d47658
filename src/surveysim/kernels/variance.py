"""Calibration residuals and stratified variances of many linearized scores at once."""

from collections import namedtuple

import numpy as np

from ..aliases import Array, Int
from .compiling import borrowed, jit

Strata = namedtuple(
    "Strata",
    [
        "stratum",  # (U,) of each unit
        "sampled",  # (H,) units in the sample
        "scale",  # (H,) n_h / (n_h - 1) × (1 - f_h), or what a lonely-PSU rule puts there
        "sample",  # (H,) as in `centres`
    ],
)
Fit = namedtuple(
    "Fit",  # of scores on the 0/1 margin columns that rows count in; rows collapse to the cells of the margins
    [
        "base",  # (n,) weights of the regression
        "cell",  # (n,)
        "partition",  # (K,) of each cell
        "column",  # (K, M) that a cell counts in
        "inverse",  # (P, width, width) of the columns' cross-products
        "pinned",  # (P, width) zero where totals are known, and the known shares where only shares are: the fit at them is kept
    ],
)
Scored = namedtuple("Scored", ["z", "weight", "group"])  # scores (n,) of rows, their weights, and domains, -1 for none
Ratios = namedtuple(
    "Ratios",  # y / x by domain
    [
        "y",  # (n,)
        "x",  # (n,), empty for ones
        "group",  # (n,) domain of each row, -1 for none
        "value",  # (D,) the ratios
        "base",  # (D,) their denominators; empty for totals of y
    ],
)


@jit
def residuals(z: Array, f: Fit, factor: Array, stretch: Array, out: Array) -> None:
    """Weighted regression residuals (E, n) of the scores z (E, n), times factors (K,) of the cells and `stretch` of rows (n,), if any."""
    f = borrowed(f)
    E, n = z.shape
    K, M = f.column.shape
    P, width = f.inverse.shape[0], f.inverse.shape[1]
    by_cell, cross, beta, kept = np.empty(K), np.empty((P, width)), np.empty((P, width)), np.empty(P)
    for e in range(E):
        by_cell[:] = 0.0
        cross[:] = 0.0
        for i in range(n):
            by_cell[f.cell[i]] += f.base[i] * z[e, i]
        for k in range(K):
            for m in range(M):
                cross[f.partition[k], f.column[k, m]] += by_cell[k]
        for p in range(P):
            kept[p] = 0.0
            for a in range(width):
                total = 0.0
                for b in range(width):
                    total += f.inverse[p, a, b] * cross[p, b]
                beta[p, a] = total
                kept[p] += total * f.pinned[p, a]
        for k in range(K):
            by_cell[k] = 0.0
            for m in range(M):
                by_cell[k] += beta[f.partition[k], f.column[k, m]]
        for i in range(n):
            k = f.cell[i]
            left = factor[k] * (z[e, i] - by_cell[k])
            out[e, i] = (left * stretch[i] if len(stretch) else left) + kept[f.partition[k]]


@jit
def element_variances(weight: Array, z: Array, group: Array, rows: Array, size: Array, spread: Array) -> None:
    """Rows of weight and their weights' sum by group (D,), and Σ w (z - mean)²: what simple random sampling would rest on."""
    D = len(size)
    mean = np.zeros(D)
    for i in range(len(z)):
        d = group[i]
        if d >= 0 and weight[i] != 0.0:
            rows[d] += 1
            size[d] += weight[i]
            mean[d] += weight[i] * z[i]
    for d in range(D):
        mean[d] /= size[d]
    for i in range(len(z)):
        d = group[i]
        if d >= 0 and weight[i] != 0.0:
            off = z[i] - mean[d]
            spread[d] += weight[i] * off * off


@jit
def element_variance(weight: Array, z: Array, inside: Array, rows: Array, size: Array, spread: Array) -> None:
    """The same for the rows of one domain (n,), in four lanes that do not wait for each other."""
    count, total, first = np.zeros(4, np.int64), np.zeros(4), np.zeros(4)
    for i in range(len(z)):
        w = weight[i] if inside[i] else 0.0
        count[i & 3] += np.int64(w != 0.0)
        total[i & 3] += w
        first[i & 3] += w * z[i]
    rows[0], size[0] = count.sum(), total.sum()
    mean, square = first.sum() / size[0], np.zeros(4)
    for i in range(len(z)):
        off = z[i] - mean
        square[i & 3] += (weight[i] if inside[i] else 0.0) * off * off
    spread[0] = square.sum()


@jit
def centres(sums: Array, sampled: Array, sample: Array) -> None:
    """Sums of unit totals by stratum (H, D) become what the units' totals deviate from, in place.

    That is the mean of the stratum's `sampled` (H,) units, or of all units of its sample where `sample` (H,) is -1 - sample.
    """
    H, D = sums.shape
    samples = 0
    for h in range(H):
        if sample[h] < 0:
            samples = max(samples, -sample[h])
    total, units = np.zeros((samples, D)), np.zeros(samples)
    for h in range(H if samples > 0 else 0):
        g = sample[h] if sample[h] >= 0 else -1 - sample[h]
        if g < samples:
            units[g] += sampled[h]
            for d in range(D):
                total[g, d] += sums[h, d]
    for h in range(H):
        g = -1 - sample[h]
        for d in range(D):
            sums[h, d] = sums[h, d] / sampled[h] if g < 0 else total[g, d] / units[g]


@jit
def about_centres(total: Array, s: Strata, out: Array) -> None:
    """Variances (D,) of sums of unit totals (U, D), about the `centres` of their Strata, added to `out`."""
    s = borrowed(s)
    U, D = total.shape
    mean = np.zeros((len(s.sampled), D))
    for u in range(U):
        for d in range(D):
            mean[s.stratum[u], d] += total[u, d]
    centres(mean, s.sampled, s.sample)
    for u in range(U):
        h = s.stratum[u]
        for d in range(D):
            off = total[u, d] - mean[h, d]
            out[d] += s.scale[h] * off * off


@jit
def stratified(z: Array, weight: Array, unit: Array, s: Strata, out: Array) -> None:
    """Variances (E,) of Σ weight·z (E, n): unit totals about their stratum's mean, by Strata."""
    E, n = z.shape
    total = np.empty(len(s.stratum))
    for e in range(E):
        total[:], out[e] = 0.0, 0.0
        for i in range(n):
            total[unit[i]] += weight[i] * z[e, i]
        about_centres(total.reshape(-1, 1), s, out[e : e + 1])


@jit
def domain_sums(weight: Array, y: Array, x: Array, group: Array, num: Array, den: Array, rows: Array) -> None:
    """Weighted totals of y and x (n,) and rows by domain (D,), added to num, den and rows; an empty x stands for ones.

    group (n,) is the domain of each row, -1 for none.
    """
    ones = len(x) == 0
    for i in range(len(y)):
        d = group[i]
        if d >= 0:
            num[d] += weight[i] * y[i]
            den[d] += weight[i] if ones else weight[i] * x[i]
            rows[d] += weight[i] != 0.0


@jit
def unit_sums(
    weight: Array, y: Array, x: Array, group: Array, unit: Array, num: Array, den: Array, count: Array
) -> None:
    """`domain_sums` by unit: num, den and the rows of weight, all (U, D).

    Nothing is added up in one place row after row: each addition would wait for the one before.
    """
    ones = len(x) == 0
    for i in range(len(y)):
        d = group[i]
        if d >= 0:
            u, w = unit[i], weight[i]
            num[u, d] += w * y[i]
            den[u, d] += w if ones else w * x[i]
            count[u, d] += w != 0.0


@jit
def between_units(num: Array, den: Array, value: Array, base: Array, s: Strata, out: Array) -> None:
    """Variances (D,) of ratios num / den from unit sums (U, D), or of totals where `base` is empty, added to `out`, by Strata.

    A unit's total of scores is (num - R den) / base; deviations are from the stratum's mean over all its units.
    """
    U, D = num.shape
    totals, own = len(base) == 0, np.empty((U, D))
    for u in range(U):
        for d in range(D):
            own[u, d] = num[u, d] if totals else (num[u, d] - value[d] * den[u, d]) / base[d]
    about_centres(own, s, out)


@jit
def ratio_scores(y: Array, x: Array, group: Array, value: Array, base: Array, out: Array) -> None:
    """Scores (n,) of the ratios `value` (D,) with denominators `base` (D,): (y - R x) / X, 0 outside every domain."""
    ones = len(x) == 0
    for i in range(len(y)):
        d = group[i]
        out[i] = (y[i] - value[d] * (1.0 if ones else x[i])) / base[d] if d >= 0 else 0.0


@jit
def domains(weight: Array, r: Ratios, order: Array, start: Array, s: Strata, out: Array) -> None:
    """`between_units` of Ratios for units too many for a table: rows come unit by unit in `order`, or as they are where it is empty.

    A unit without rows of a domain has a total of 0 there. Two passes over the totals.
    """
    r, s = borrowed(r), borrowed(s)
    D, H, n, sorted_ = len(out), len(s.sampled), len(r.y), len(order) == 0
    ones, totals = len(r.x) == 0, len(r.base) == 0
    total, mark, touched = np.empty(D), np.full(D, -1, np.int64), np.empty(D, np.int64)
    mean, count = np.zeros((H, D)), np.zeros((H, D), np.int64)
    pair_total, pair_domain, pair_stratum, pairs = np.empty(n), np.empty(n, np.int32), np.empty(n, np.int32), 0
    for j in range(len(s.stratum)):
        found, h = 0, s.stratum[j]
        for i in range(start[j], start[j + 1]):
            row = i if sorted_ else order[i]
            d = r.group[row]
            if d >= 0:
                if mark[d] != j:
                    mark[d], total[d], touched[found] = j, 0.0, d
                    found += 1
                z = r.y[row] if totals else (r.y[row] - r.value[d] * (1.0 if ones else r.x[row])) / r.base[d]
                total[d] += weight[row] * z
        for k in range(found):
            d = touched[k]
            mean[h, d] += total[d]
            count[h, d] += 1
            pair_total[pairs], pair_domain[pairs], pair_stratum[pairs] = total[d], d, h
            pairs += 1
    centres(mean, s.sampled, s.sample)
    for h in range(H):
        for d in range(D):
            out[d] += s.scale[h] * (s.sampled[h] - count[h, d]) * mean[h, d] * mean[h, d]
    for k in range(pairs):
        h, d = pair_stratum[k], pair_domain[k]
        off = pair_total[k] - mean[h, d]
        out[d] += s.scale[h] * off * off


@jit
def column_totals(weight: Array, f: Fit, unit: Array, out: Array) -> None:
    """Weights by unit, partition and margin column of a Fit, and weights before in the last column: out (U, P, width + 1)."""
    f = borrowed(f)
    M, width = f.column.shape[1], out.shape[2] - 1
    for i in range(len(f.cell)):
        k, u, w = f.cell[i], unit[i], weight[i]
        out[u, f.partition[k], width] += f.base[i]
        for m in range(M):
            out[u, f.partition[k], f.column[k, m]] += w


@jit
def column_cross(weight: Array, base: Array, f: Fit, group: Array, out: Array) -> None:
    """`column_totals` of any weights and bases (n,) by domain of each row instead of by unit: out (D, P, width + 1)."""
    f = borrowed(f)
    M, width = f.column.shape[1], out.shape[2] - 1
    for i in range(len(f.cell)):
        d = group[i]
        if d >= 0:
            k = f.cell[i]
            out[d, f.partition[k], width] += base[i]
            for m in range(M):
                out[d, f.partition[k], f.column[k, m]] += weight[i]


@jit
def domain_coefficients(z: Array, group: Array, f: Fit, domains: Int) -> Array:
    """Regression coefficients of the scores of every domain on the margin columns of a Fit, (P, width + 1, D).

    The last row is minus the fit that is kept where only shares are known.
    """
    f = borrowed(f)
    M = f.column.shape[1]
    P, width = f.inverse.shape[0], f.inverse.shape[1]
    cross, beta = np.zeros((P, width, domains)), np.zeros((P, width + 1, domains))
    for i in range(len(z)):
        d = group[i]
        if d >= 0:
            k, v = f.cell[i], f.base[i] * z[i]
            for m in range(M):
                cross[f.partition[k], f.column[k, m], d] += v
    for p in range(P):
        for a in range(width):
            for b in range(width):
                g = f.inverse[p, a, b]
                if g != 0.0:
                    for d in range(domains):
                        beta[p, a, d] += g * cross[p, b, d]
            if f.pinned[p, a] != 0.0:
                for d in range(domains):
                    beta[p, width, d] -= beta[p, a, d] * f.pinned[p, a]
    return beta


@jit
def calibrated_units(scored: Scored, unit: Array, s: Strata, f: Fit, totals: Array, out: Array) -> None:
    """`calibrated_domains` for few units: what residuals take away from a unit's total is linear in its `totals` by column."""
    z, weight, group = scored
    D, U = len(out), len(s.stratum)
    P, width = f.inverse.shape[0], f.inverse.shape[1]
    beta, own = domain_coefficients(z, group, f, D), np.zeros((U, D))
    for i in range(len(z)):
        if group[i] >= 0:
            own[unit[i], group[i]] += weight[i] * z[i]
    for u in range(U):
        for p in range(P):
            for a in range(width + 1):
                t = totals[u, p, a]
                if t != 0.0:
                    for d in range(D):
                        own[u, d] -= t * beta[p, a, d]
    about_centres(own, s, out)


@jit
def fitted_cells(f: Fit, beta: Array) -> Array:
    """What a Fit with the coefficients of every domain fits in the cells (K, D)."""
    f = borrowed(f)
    K, M = f.column.shape
    fitted = np.zeros((K, beta.shape[2]))
    for k in range(K):
        p = np.uint64(f.partition[k])
        for m in range(M):
            c = np.uint64(f.column[k, m])
            for d in range(beta.shape[2]):
                fitted[k, d] += beta[p, c, d]
    return fitted


@jit
def calibrated_domains(scored: Scored, order: Array, start: Array, s: Strata, f: Fit, out: Array) -> None:
    """`domains` for residuals of the scores on margin columns (see `residuals`), which reach outside their domain.

    Totals are shifted by those of the stratum's first unit, so that one pass does: Σ(t - t₁)² - (Σ(t - t₁))² / n.
    """
    (z, weight, group), s, f = borrowed(scored), borrowed(s), borrowed(f)
    D, H, sorted_ = len(out), len(s.sampled), len(order) == 0
    beta = domain_coefficients(z, group, f, D)
    fitted, last, shares = fitted_cells(f, beta), np.uint64(f.inverse.shape[1]), np.any(f.pinned != 0.0)
    shift, first = np.zeros((H, D)), np.ones(H, np.bool_)
    sums, squares, total = np.zeros((H, D)), np.zeros((H, D)), np.empty(D)
    for j in range(len(s.stratum)):
        h = s.stratum[j]
        total[:] = 0.0
        for i in range(start[j], start[j + 1]):
            row = i if sorted_ else order[i]
            w, c = weight[row], np.uint64(f.cell[row])  # no slices in here: each would count references
            for d in range(D):
                total[d] -= w * fitted[c, d]
            if shares:
                p, before = np.uint64(f.partition[c]), f.base[row]
                for d in range(D):
                    total[d] -= before * beta[p, last, d]
            if group[row] >= 0:
                total[group[row]] += w * z[row]
        if first[h]:
            shift[h] = total
        first[h] = False
        for d in range(D):
            t = total[d] - shift[h, d]
            sums[h, d] += t
            squares[h, d] += t * t
    for h in range(H):
        for d in range(D):
            if s.sample[h] >= 0:
                out[d] += s.scale[h] * max(squares[h, d] - sums[h, d] * sums[h, d] / s.sampled[h], 0.0)
            sums[h, d] += s.sampled[h] * shift[h, d]
    centres(sums, s.sampled, s.sample)
    for h in range(H):  # where the centre is not the stratum's own, its one unit's total is the shift
        for d in range(D):
            off = shift[h, d] - sums[h, d]
            out[d] += s.scale[h] * off * off if s.sample[h] < 0 else 0.0
