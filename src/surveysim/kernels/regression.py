"""Sums over the rows of a regression."""

from ..aliases import Floats, Ints
from .compiling import jit


@jit
def normal_equations(x: Floats, curve: Floats, pull: Floats, matrix: Floats, right: Floats) -> None:
    """Σ curve x x' into matrix (p, p) and Σ pull x into right (p,), both 0 before; x (C, p), and curve and pull (C,)."""
    p = x.shape[1]
    for c in range(len(x)):
        row, bend, force = x[c], curve[c], pull[c]
        for a in range(p):
            value = row[a]
            if value != 0.0:
                right[a] += force * value
                value *= bend
                for b in range(a, p):
                    matrix[a, b] += value * row[b]
    for a in range(p):
        for b in range(a):
            matrix[a, b] = matrix[b, a]


@jit
def moments(f: Floats, cell: Ints, curve: Floats, pull: Floats, squares: Floats, sums: Floats) -> None:
    """Σ curve f f' into squares (C, T, T), its upper half, and Σ pull f into sums (C, T), by cell (m,) of the rows; f (m, T)."""
    T = f.shape[1]
    for i in range(len(cell)):
        c, bend, force = cell[i], curve[i], pull[i]
        for a in range(T):
            sums[c, a] += force * f[i, a]
            value = bend * f[i, a]
            for b in range(a, T):
                squares[c, a, b] += value * f[i, b]


@jit
def products(f: Floats, cell: Ints, of_cell: Floats, out: Floats) -> None:
    """Σ f of_cell, (m, T) times those of each row's cell (C, T), into out (m,)."""
    for i in range(len(cell)):
        total = 0.0
        for t in range(f.shape[1]):
            total += f[i, t] * of_cell[cell[i], t]
        out[i] = total


@jit
def scores(by_cell: Floats, cell: Ints, factor: Floats, rows: Ints, out: Floats) -> None:
    """Scores by_cell (C, E) of each row's cell times the factor of the row (m,), into the columns `rows` (m,) of out (E, n).

    cell : (m,), or empty where every row is one.
    """
    for i in range(len(rows)):
        c = cell[i] if len(cell) else i
        for j in range(out.shape[0]):
            out[j, rows[i]] = by_cell[c, j] * factor[i]


@jit
def product_scores(f: Floats, cell: Ints, by_cell: Floats, factor: Floats, rows: Ints, out: Floats) -> None:
    """The same where the score of a row is Σ f by_cell, of f (m, T) and (C, T, E)."""
    for i in range(len(rows)):
        c, k, force = cell[i], rows[i], factor[i]
        for j in range(out.shape[0]):
            total = 0.0
            for t in range(f.shape[1]):
                total += f[i, t] * by_cell[c, t, j]
            out[j, k] = total * force
