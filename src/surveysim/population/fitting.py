"""Iterative proportional fitting (Deming & Stephan 1940): of one table to margins of any kind, and of many tables by one pattern."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..aliases import Array, Floats
from ..apportion import over


def fitted(
    start: Array, margins: Sequence[tuple[Any, Array]], sweeps: int, tolerance: float | None = None
) -> tuple[Floats, Any]:
    """A table scaled to each of its margins in turn, again and again, from `start`.

    Parameters
    ----------
    start : array, left alone. margins : [(axes that are summed over, totals in the shape of that sum with its axes kept)].
    sweeps : through the margins, at most. tolerance : largest gap over everybody at which to stop; None makes all sweeps.

    Returns
    -------
    The table, and the largest gap of every margin where the last sweep has not met the tolerance; None where it has, or there is none.
    """
    table = np.array(start, order="C")  # sums of another order of memory differ in their last digits
    for _ in range(sweeps):
        for axes, total in margins:
            table *= over(total, table.sum(axis=axes, keepdims=True))
        if tolerance is None:
            continue
        gaps = [np.abs(table.sum(axis=axes, keepdims=True) - total).max() for axes, total in margins]
        if max(gaps) <= tolerance * max(table.sum(), 1):
            return table, None
    return table, None if tolerance is None else gaps


def associate(prior: Array, rows: Array, columns: Array) -> Floats:
    """Tables (A, R, J) with the association of `prior` (R, J) and margins `rows` (A, R), `columns` (A, J).

    Every table is prior × a row factor × a column factor, which is less to keep than the tables. Rows hold exactly; columns where
    the prior allows both.
    """
    column = np.ones_like(columns)
    for _ in range(200):
        row = over(rows, np.einsum("aj,rj->ar", column, prior))
        achieved = np.einsum("ar,rj->aj", row, prior) * column
        if np.all(np.abs(achieved - columns) <= 1e-9 * (1 + columns)):
            break
        column *= over(columns, achieved)
    return row[:, :, None] * prior * column[:, None, :]
