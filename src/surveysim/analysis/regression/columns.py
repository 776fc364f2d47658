"""Explanatory columns as fitting takes them: an array (C, p), or those of cells times a few numbers of each row (`Products`).

Categories make many columns of few values: with one numeric column beside them a row's η is two products, and the sums of squares of all
columns follow from three sums in each cell.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...aliases import Floats, Ints
from ...kernels import regression as kernels

NO_CELLS = np.empty(0, np.int64)


@dataclass(frozen=True)
class Products:
    """Columns x_j = of_cell[cell, j] · factors[:, which[j]].

    Attributes
    ----------
    of_cell : (C, p). cell : (m,) of each row. factors : (m, T), such as ones and a numeric column. which : (p,) factor of each column.
    """

    of_cell: np.ndarray
    cell: np.ndarray
    factors: np.ndarray
    which: np.ndarray

    @property
    def dense(self) -> Floats:
        """The columns as an array (m, p)."""
        return self.of_cell[self.cell] * self.factors[:, self.which]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.cell), self.of_cell.shape[1]

    def chosen(self, columns: Any) -> "Products":
        """Some of the columns."""
        return Products(np.ascontiguousarray(self.of_cell[:, columns]), self.cell, self.factors, self.which[columns])

    def thinned(self, step: int) -> "Products":
        """Every so manieth row."""
        return Products(self.of_cell, self.cell[::step], np.ascontiguousarray(self.factors[::step]), self.which)

    def gathered(self, right: Floats) -> Floats:
        """Σ of_cell · right over the columns of each factor: (C, T, E) of right (p, E)."""
        T = self.factors.shape[1]
        return np.stack([self.of_cell[:, self.which == t] @ right[self.which == t] for t in range(T)], axis=1)


def dense(x: Any) -> Floats:
    """The columns as an array."""
    return x.dense if isinstance(x, Products) else x


def chosen(x: Any, columns: Any) -> Any:
    """Some of the columns."""
    return x.chosen(columns) if isinstance(x, Products) else np.ascontiguousarray(x[:, columns])


def thinned(x: Any, step: int) -> Any:
    """Every so manieth row."""
    return x.thinned(step) if isinstance(x, Products) else np.ascontiguousarray(x[::step])


def times(x: Any, beta: Floats) -> Floats:
    """x β (C,)."""
    if not isinstance(x, Products):
        return x @ beta
    found = np.empty(len(x.cell))
    kernels.products(x.factors, x.cell, np.ascontiguousarray(x.gathered(beta[:, None])[:, :, 0]), found)
    return found


def summed(x: Any, curve: Floats, pull: Floats) -> tuple[Floats, Floats]:
    """Σ curve x x' (p, p) and Σ pull x (p,)."""
    p = x.shape[1]
    if not isinstance(x, Products):
        matrix, right = np.zeros((p, p)), np.zeros(p)
        kernels.normal_equations(x, curve, pull, matrix, right)
        return matrix, right
    C, T = len(x.of_cell), x.factors.shape[1]
    squares, sums, of = np.zeros((C, T, T)), np.zeros((C, T)), x.of_cell
    kernels.moments(x.factors, x.cell, curve, pull, squares, sums)
    matrix = np.empty((p, p))
    for s in range(T):
        for t in range(T):
            part = of[:, x.which == s].T @ (of[:, x.which == t] * squares[:, min(s, t), max(s, t), None])
            matrix[np.ix_(x.which == s, x.which == t)] = part
    return matrix, np.einsum("cp,cp->p", of, sums[:, x.which])


def scored(x: Any, cell: Ints | None, inverse: Floats, factor: Floats, rows: Ints, n: int) -> Floats:
    """inverse (E, p) x of the rows' cells times a factor of each row (m,), as scores (E, n) that are 0 in rows other than `rows`."""
    found = np.zeros((len(inverse), n))
    if isinstance(x, Products):
        kernels.product_scores(x.factors, x.cell, np.ascontiguousarray(x.gathered(inverse.T)), factor, rows, found)
    else:
        kernels.scores(np.ascontiguousarray(x @ inverse.T), NO_CELLS if cell is None else cell, factor, rows, found)
    return found
