"""Complementary suppression: no hidden cell of a table may follow from its margins (Gusfield 1988, SIAM J. Comput. 17:552-571)."""

import numpy as np

from ...aliases import Floats, Ints, Truths

ZERO = 1e-9


def complementary(hide: Truths, count: Ints, adds_up: Truths) -> Truths:
    """Further cells (K, 1 + C) to hide, so that none of those hidden can be had by subtraction.

    hide : cells that a rule hides; column 0 is the total of the others. count : rows in each cell; those with the fewest are taken first.
    adds_up : (1 + C,) columns whose levels sum to a known total, as percentages of columns do.
    """
    hidden = hide.copy()
    while True:
        at = np.argwhere(hidden)
        found = _protecting(hidden, count, adds_up, at[_exposed(at, hidden.shape, adds_up)])
        if found is None:  # nothing is exposed, or everything that could protect it is hidden already
            return hidden & ~hide
        hidden[found] = True


def _protecting(hidden, count, adds_up, free):
    """The next cell to hide for those that are exposed (N, 2): in a line where one is alone, if there is one; the smallest first."""
    free = free[np.argsort(count[tuple(free.T)], kind="stable")]
    for alone in (True, False):
        for row, column in free:
            lines = np.zeros(hidden.shape, bool)
            # in a row of one column and its total both are the same
            lines[row, :] = hidden.shape[1] > 2 and not (alone and hidden[row].sum() > 1)
            lines[:, column] |= adds_up[column] and not (alone and hidden[:, column].sum() > 1)
            candidates = np.argwhere(lines & ~hidden)
            if len(candidates):
                # of cells that are as small, one in a line where something is hidden already protects more at once
                company = hidden[candidates[:, 0], :].sum(axis=1) + hidden[:, candidates[:, 1]].sum(axis=0)
                return tuple(candidates[np.lexsort((-company, count[tuple(candidates.T)]))[0]])
    return None


def _exposed(at: Ints, shape: tuple[int, ...], adds_up: Truths) -> Truths:
    """Which of the hidden cells (N, 2) follow from what is printed: those that no change of the hidden ones can leave their margins with.

    Margins are linear equations in the hidden cells; a cell is safe where their null space moves it.
    """
    K, C = shape
    equations: list[Floats] = []
    for k in range(K if C > 2 else 0):  # the columns of a row sum, weighted by their bases, to its total
        line = np.where(at[:, 0] == k, np.where(at[:, 1] == 0, -1.0, 1.0), 0.0)
        equations.append(line)
    for c in np.flatnonzero(adds_up):
        equations.append((at[:, 1] == c).astype(float))
    if not equations or not len(at):
        return np.zeros(len(at), bool)
    matrix = np.array(equations)
    moved = 1 - np.einsum("ij,ji->i", np.linalg.pinv(matrix), matrix)
    return moved < ZERO
