"""Control variates of studies of tables: Horvitz-Thompson totals of linearized scores, whose population totals are known.

Of every method and estimand the score of an element is what it adds to the estimate for one more of its weight, at the values of the
population, less its regression on the margins the weights are calibrated to (Deville & Särndal 1992). The weighted sum over a sample, with
the design weights, less the sum over the population has expectation 0 under every design whose weights are inverse inclusion probabilities
(or expected numbers of draws), whatever the scores are.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from . import table_kinds

if TYPE_CHECKING:
    from .table_source import TableSource


class Controls:
    """The controls of a source.

    Attributes
    ----------
    scores : for every method (N, items), in the units of the estimands; NaN for what has none.
    totals : for every method their sums (items,).
    """

    def __init__(self, source: "TableSource") -> None:
        plain, known = _scores(source), {}
        for weighting in source.weightings:
            if weighting.margins not in known:
                known[weighting.margins] = _residuals(source, plain, weighting.margins)
        self.scores = [known[weighting.margins] for weighting in source.weightings]
        self.totals = [scores.sum(axis=0) for scores in self.scores]

    def of(self, rows: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Controls (methods, items) of a sample: rows of the population, and their design weights."""
        return np.stack([weight @ scores[rows] - total for scores, total in zip(self.scores, self.totals, strict=True)])


def _scores(source: "TableSource") -> np.ndarray:
    """Linearized scores (N, items) at the values of the population."""
    columns = []
    for row in source.rows:
        kind: Any = table_kinds.of(row)
        code, size = source.domain(row.by), len(source.domains(row.by))
        if not kind.of_sums:
            columns += [np.full(len(source.data), np.nan)] * size
            continue
        y, x = source.sides(row)
        for d in range(size):
            mask = code == d
            if kind.summed:
                columns.append(np.where(mask, y, 0.0))
                continue
            base = x[mask].sum()
            columns.append(
                np.where(mask, y - y[mask].sum() / base * x, 0.0) / base if base != 0 else np.full(len(y), np.nan)
            )
    return np.stack(columns, axis=1) * source.factor


def _residuals(source: "TableSource", scores: np.ndarray, margins: tuple[str, ...]) -> np.ndarray:
    """Scores less their regression on margins in the population."""
    if not margins:
        return scores
    coded = [source.coded(column) for column in margins]
    rows = np.arange(len(scores))
    parts = [
        sparse.csr_matrix((np.ones(len(rows)), (rows, codes)), (len(rows), len(labels))) for codes, labels in coded
    ]
    x = sparse.hstack(parts, format="csr")
    coefficients = np.linalg.pinv((x.T @ x).toarray(), hermitian=True) @ (x.T @ scores)
    return scores - x @ coefficients
