"""Tests of independence in a weighted two-way table (Rao & Scott 1981, 1984; Koch, Freeman & Freeman 1975)."""

import math

import numpy as np
from scipy import stats

from naive import variance


def independence(rows, columns, design, statistic="F"):
    """(statistic, degrees of freedom, p) of rows against columns; None is missing."""
    w = design["weight"]
    domain = [r is not None and c is not None for r, c in zip(rows, columns, strict=True)]
    used = [k for k in range(len(w)) if domain[k] and w[k] > 0]
    row_levels, column_levels = (sorted({labels[k] for k in used}) for labels in (rows, columns))
    cells = [(r, c) for r in row_levels for c in column_levels]
    k = (len(row_levels) - 1) * (len(column_levels) - 1)
    nu = variance.degrees_of_freedom(design, domain)
    found = [
        variance.mean(w, [float(rows[i] == r and columns[i] == c) for i in range(len(w))], domain) for r, c in cells
    ]
    p = np.array([value for value, _ in found])
    if statistic in ("Wald", "adjWald"):
        wald = koch(rows, columns, domain, cells, row_levels, column_levels, design)
        if statistic == "Wald":
            return wald / k, (k, nu), stats.f.sf(wald / k, k, nu)
        value = wald * (nu - k + 1) / (k * nu)
        return value, (k, nu - k + 1), stats.f.sf(value, k, nu - k + 1)
    share_r = {r: math.fsum(p[i] for i, cell in enumerate(cells) if cell[0] == r) for r in row_levels}
    share_c = {c: math.fsum(p[i] for i, cell in enumerate(cells) if cell[1] == c) for c in column_levels}
    expected = np.array([share_r[r] * share_c[c] for r, c in cells])
    pearson = len(used) * math.fsum((p - expected) ** 2 / expected)
    cov = np.array(variance.matrix([score for _, score in found], design | {"speaks": (domain, domain)}))
    delta = design_effects(p, cov, cells, row_levels, column_levels, len(used))
    trace = np.trace(delta)
    if trace < 1e-9:
        raise ValueError("the table has no error")
    if statistic == "Chisq":
        return pearson, (k,), stats.chi2.sf(pearson / (trace / k), k)
    d0 = trace**2 / np.trace(delta @ delta)
    return pearson / trace, (d0, d0 * nu), stats.f.sf(pearson / trace, d0, d0 * nu)


def design_effects(p, cov, cells, row_levels, column_levels, n):
    """Generalized design effects of the interactions: (C' D⁻¹ C / n)⁻¹ C' D⁻¹ V D⁻¹ C (Rao & Scott 1984, 2.9).

    D holds the cells' shares; C are products of contrasts of rows and columns, less what main effects explain of them.
    """
    main = [
        [1.0] + [float(r == u) for u in row_levels[1:]] + [float(c == u) for u in column_levels[1:]] for r, c in cells
    ]
    both = [[float(r == u and c == v) for u in row_levels[1:] for v in column_levels[1:]] for r, c in cells]
    main, both = np.array(main), np.array(both)
    c = both - main @ np.linalg.lstsq(main, both, rcond=None)[0]
    inverse = np.diag([1 / share if share > 0 else 0.0 for share in p])
    return np.linalg.solve(c.T @ inverse @ c / n, c.T @ inverse @ cov @ inverse @ c)


def koch(rows, columns, domain, cells, row_levels, column_levels, design):
    """W = Y' V(Y)⁻¹ Y of Y_ij = N̂_ij - N̂_i+ N̂_+j / N̂ without the first row and column, V by linearization.

    As SAS and R define it, of totals; of shares the statistic would be another, since N̂ has an error too.
    """
    found = [
        variance.total(design["weight"], [float(r == u and c == v) for r, c in zip(rows, columns, strict=True)], domain)
        for u, v in cells
    ]
    size, score = np.array([value for value, _ in found]), np.array([s for _, s in found])
    gaps, scores, whole = [], [], size.sum()
    for r in row_levels[1:]:
        for c in column_levels[1:]:
            here = np.array([cell == (r, c) for cell in cells], float)
            of_row = np.array([cell[0] == r for cell in cells], float)
            of_column = np.array([cell[1] == c for cell in cells], float)
            i, j = of_row @ size, of_column @ size
            gaps.append(here @ size - i * j / whole)
            slope = here - of_row * j / whole - of_column * i / whole + i * j / whole**2
            scores.append(slope @ score)
    cov = np.array(variance.matrix(scores, design | {"speaks": (domain, domain)}))
    if not cov.any() or np.linalg.cond(cov) > 1e8:
        raise ValueError("too few units for so many cells")
    return float(np.array(gaps) @ np.linalg.solve(cov, np.array(gaps)))
