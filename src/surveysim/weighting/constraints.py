"""What a calibration held fixed, and the residuals on it that variance estimation needs.

A calibrated total has the error of the residuals of its scores on the calibration variables (Deville & Särndal 1992).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..kernels import variance as kernels


@dataclass(frozen=True)
class Constraints:
    """Categorical margins: rows in margin cells, cells in columns of a partition.

    Attributes
    ----------
    cell : (n,) int64 of each row. partition : (K,) int64 of each cell. column : (K, M) int64, of `width` columns.
    base : (n,) weights before.
    ridge, covariance : (P, width, width) of totals known with error, see `calibrate`; None for others.
    shares : (P, width) where only shares were known, so that a partition's sum of weights keeps its error; None for totals.
    """

    cell: np.ndarray
    partition: np.ndarray
    column: np.ndarray
    width: int
    base: np.ndarray
    ridge: np.ndarray | None = None
    covariance: np.ndarray | None = None
    shares: np.ndarray | None = None

    def pinned(self):
        """The known shares (P, width), or zeros where totals were known, as kernels want them."""
        return np.zeros(self.inverse.shape[:2]) if self.shares is None else self.shares

    @property
    def exact(self):
        """Whether the totals were known without error."""
        return self.covariance is None

    @cached_property
    def inverse(self):
        """Pseudo-inverses (P, width, width) of the constraints' cross-products: margins share their sum."""
        cross = np.zeros((int(self.partition.max(initial=0)) + 1, self.width, self.width))
        kernels.gram(np.bincount(self.cell, self.base, len(self.partition)), self.partition, self.column, cross)
        return np.linalg.pinv(cross if self.exact else cross + self.ridge, rcond=1e-11, hermitian=True)

    def rows(self):
        """Partition (n,) and calibration variables (n, width) of the rows."""
        x = np.zeros((len(self.cell), self.width))
        for column in self.column.T:
            x[np.arange(len(x)), column[self.cell]] = 1.0
        return self.partition[self.cell], x

    def residuals(self, scores):
        """Residuals of the scores (E, n), in place, and (covariance, coefficients (E, width)) of totals known with error."""
        if self.exact:
            given = (self.base, self.cell, self.partition, self.column, self.inverse, self.pinned())
            kernels.residuals(scores, *given, scores)
            return scores, []
        return _residuals(self, scores)


@dataclass(frozen=True)
class Followed:
    """Margins whose totals follow the initial weights of the sample they are put on, such as the share of a level for missing values.

    Attributes
    ----------
    margins : Constraints. follow : (K, width), what a row of each cell adds to the totals per unit of its initial weight.
    """

    margins: Constraints
    follow: np.ndarray
    covariance = None

    @property
    def base(self):
        return self.margins.base

    @property
    def inverse(self):
        return self.margins.inverse

    def rows(self):
        """As `Constraints.rows`."""
        return self.margins.rows()

    def residuals(self, scores):
        """As `Constraints.residuals`: scores minus what the totals leave fixed."""
        partition, x = self.rows()
        moved = x - self.follow[self.margins.cell]
        for p, inverse in enumerate(self.inverse):
            rows = partition == p
            beta = ((scores[:, rows] * self.base[rows]) @ x[rows]) @ inverse
            scores[:, rows] -= beta @ moved[rows].T
        return scores, []


@dataclass(frozen=True)
class LinearConstraints:
    """Numeric totals, scale factors or clusters: the calibration variables of every row.

    Attributes
    ----------
    partition : (n,) int64. x : (n, p). base : (n,) weights before, times q.
    ridge, covariance : (P, p, p) of totals known with error; None for others.
    """

    partition: np.ndarray
    x: np.ndarray
    base: np.ndarray
    ridge: np.ndarray | None = None
    covariance: np.ndarray | None = None

    @cached_property
    def inverse(self):
        """Pseudo-inverses of the cross-products, partition by partition."""
        scale = np.maximum(np.abs(self.x).max(axis=0), 1e-300)  # columns of one size, for the rank decision
        result = []
        for p in range(int(self.partition.max(initial=0)) + 1):
            part = self.x[self.partition == p] / scale
            cross = (part * self.base[self.partition == p, None]).T @ part
            if self.ridge is not None:
                cross += self.ridge[p] / np.outer(scale, scale)
            result.append(np.linalg.pinv(cross, rcond=1e-12, hermitian=True) / np.outer(scale, scale))
        return result

    def rows(self):
        """Partition (n,) and calibration variables (n, p) of the rows."""
        return self.partition, self.x

    def residuals(self, scores):
        """As `Constraints.residuals`."""
        return _residuals(self, scores)


def _residuals(constraints, scores):
    partition, x = constraints.rows()
    known_with_error = []
    for p, inverse in enumerate(constraints.inverse):
        rows = partition == p
        beta = ((scores[:, rows] * constraints.base[rows]) @ x[rows]) @ inverse
        scores[:, rows] -= beta @ x[rows].T
        if constraints.covariance is not None:
            known_with_error.append((constraints.covariance[p], beta))
    return scores, known_with_error
