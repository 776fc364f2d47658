"""Tables as one would make them by hand: cells, letters, rules of publication and what can be had by subtraction."""

import itertools
import math

import numpy as np
from scipy import stats

from naive import variance


def cell(rows, columns, level, column, design):
    """(share, score) of a level in a column; everybody where column is None; rows without an answer are left out."""
    w = design["weight"]
    domain = [r is not None and (column is None or c == column) for r, c in zip(rows, columns, strict=True)]
    return variance.mean(w, [float(r == level) for r in rows], domain)


def letters(rows, columns, levels, names, design, alpha=0.05, adjust="bonferroni"):
    """{(level, column): letters of the columns it exceeds}: t-tests of differences, pair by pair."""
    found = {(level, name): "" for level in levels for name in names}
    w = design["weight"]
    for level in levels:
        tests = []
        for (a, one), (b, other) in itertools.combinations(enumerate(names), 2):
            shares, scores, df, enough = [], [], [], True
            for name in (one, other):
                if not any(r is not None and c == name and x > 0 for r, c, x in zip(rows, columns, w, strict=True)):
                    enough = False
                    break
                share, score = cell(rows, columns, level, name, design)
                domain = [r is not None and c == name for r, c in zip(rows, columns, strict=True)]
                enough &= sum(d and x > 0 for d, x in zip(domain, w, strict=True)) > 1 and 1e-12 < share < 1 - 1e-12
                shares.append(share)
                scores.append(score)
                df.append(variance.degrees_of_freedom(design, domain))
            if not enough:
                continue
            v = np.array(variance.matrix(scores, design))
            error = v[0, 0] + v[1, 1] - 2 * v[0, 1]
            if enough and min(df) > 0 and error > 1e-9 * (v[0, 0] + v[1, 1]):
                t = (shares[0] - shares[1]) / math.sqrt(error)
                tests.append((2 * stats.t.sf(abs(t), min(df)), a, b, shares))
        tests.sort(key=lambda test: test[0])
        least = 0.0
        for k, (p, a, b, shares) in enumerate(tests):
            if adjust == "bonferroni":
                p = min(1.0, p * len(tests))
            elif adjust == "holm":
                p = least = max(least, min(1.0, p * (len(tests) - k)))
            if p < alpha:
                high, low = (a, b) if shares[0] > shares[1] else (b, a)
                found[level, names[high]] += chr(65 + low)
    return {key: "".join(sorted(text)) for key, text in found.items()}


def nchs(p, se, n, df):
    """What the standards of 2017 say of one proportion: "hide", "review" or "present"."""
    size = n if p in (0, 1) or se == 0 else min(n, p * (1 - p) / se**2)
    few = min(n, size * (stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, df)) ** 2)
    low = stats.beta.ppf(0.025, few * p, few * (1 - p) + 1) if p > 0 else 0.0
    high = stats.beta.ppf(0.975, few * p + 1, few * (1 - p)) if p < 1 else 1.0
    width = high - low
    if n < 30 or size < 30 or width >= 0.30:
        return "hide"
    if 0 < p < 1 and width > 0.05 and width / p > 1.30:
        return "hide"
    if p in (0, 1) or df < 8 or (width > 0.05 and width / (1 - p) > 1.30):
        return "review"
    return "present"


def recoverable(hidden, adds_up):
    """Cells (rows, columns; column 0 the total) that their margins leave no choice for: no other values fit all sums."""
    at = [tuple(cell) for cell in np.argwhere(hidden)]
    lines = []
    if not at:
        return []
    if hidden.shape[1] > 2:
        lines += [{cell: -1.0 if cell[1] == 0 else 1.0 for cell in at if cell[0] == k} for k in range(hidden.shape[0])]
    lines += [{cell: 1.0 for cell in at if cell[1] == c} for c in range(hidden.shape[1]) if adds_up[c]]
    matrix = np.array([[line.get(cell, 0.0) for cell in at] for line in lines if line]).reshape(-1, len(at))
    found = []
    for k, cell in enumerate(at):
        without = np.delete(matrix, k, axis=1)
        if np.linalg.matrix_rank(matrix) > np.linalg.matrix_rank(without) if len(matrix) else False:
            found.append(cell)
    return found
