"""From scores and a design to variances: the one mechanism behind every linearized standard error.

A statistic yields one score per respondent, so that its error is that of the weighted total of the scores (Deville 1999,
Surv. Methodol. 25:193-203; Binder 1983). Calibration replaces scores by their residuals on the constraints (Deville &
Särndal 1992); the design turns them into a variance.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import DesignError
from ..kernels import variance as kernels

LONELY = ("fail", "certainty", "remove", "adjust", "average")


@dataclass(frozen=True)
class Design:
    """Variance design of n rows: PSUs in strata, weights, and the constraints the weights were calibrated to.

    Attributes
    ----------
    weight : (n,) final weights. psu : (n,) PSU of each row, 0 .. P-1. psu_stratum : (P,) its stratum, 0 .. H-1.
    fraction : (H,) sampling fraction of PSUs. labels : (H,) names of the strata, for messages.
    lonely : what a stratum with one PSU does. constraints : tuple of weighting.calibration.Constraints.
    """

    weight: np.ndarray
    psu: np.ndarray
    psu_stratum: np.ndarray
    fraction: np.ndarray
    labels: tuple
    lonely: str
    constraints: tuple

    @cached_property
    def psus(self):
        """PSUs per stratum (H,)."""
        return np.bincount(self.psu_stratum, minlength=len(self.fraction))

    @cached_property
    def _scale(self):
        n = self.psus
        lonely = n == 1
        if lonely.any() and self.lonely == "fail":
            names = ", ".join(str(self.labels[h]) for h in np.flatnonzero(lonely)[:8])
            raise DesignError(
                f"{int(lonely.sum())} strata have one PSU, so their variance cannot be estimated: {names}. Join "
                f"them with others, or choose lonely_psu = certainty, remove, adjust or average."
            )
        scale = np.where(lonely, 0.0, n / np.maximum(n - 1, 1)) * (1 - self.fraction)
        if lonely.any() and self.lonely == "adjust":
            scale[lonely] = (1 - self.fraction)[lonely]
        return scale

    def adjusted(self, scores):
        """Scores (E, n) with the effect of calibration taken out: residuals, the last adjustment first."""
        for constraints in reversed(self.constraints):
            scores = self._residuals(scores, constraints)
        return scores

    def _residuals(self, scores, c):
        P = int(c.partition.max(initial=0)) + 1
        cross = np.zeros((P, c.width, c.width))
        kernels.gram(np.bincount(c.cell, c.base, len(c.partition)), c.partition, c.column, cross)
        inverse = np.linalg.pinv(cross, rcond=1e-11, hermitian=True)  # margins of one partition share their sum
        out = np.empty_like(scores)
        kernels.residuals(scores, c.base, c.cell, c.partition, c.column, inverse, out)
        return out

    def variances(self, scores):
        """Variances (E,) of the weighted totals of scores (E, n)."""
        scores = self.adjusted(np.ascontiguousarray(scores, dtype=float))
        if self.lonely in ("adjust", "average") and np.any(self.psus == 1):
            return np.diag(self._covariance(scores)).copy()
        out = np.empty(len(scores))
        kernels.stratified(scores, self.weight, self.psu, self.psu_stratum, self.psus, self._scale, out)
        return out

    def covariance(self, scores):
        """Covariance matrix (E, E) of the weighted totals of scores (E, n)."""
        return self._covariance(self.adjusted(np.ascontiguousarray(scores, dtype=float)))

    def _covariance(self, scores):
        totals = np.stack([np.bincount(self.psu, self.weight * z, len(self.psu_stratum)) for z in scores])
        strata = len(self.psus)
        mean = np.stack([np.bincount(self.psu_stratum, t, strata) for t in totals]) / np.maximum(self.psus, 1)
        scale, lonely = self._scale, self.psus == 1
        if lonely.any() and self.lonely == "adjust":
            mean[:, lonely] = totals.mean(axis=1, keepdims=True)  # about the grand mean of PSU totals
        off = totals - mean[:, self.psu_stratum]
        matrix = (off * scale[self.psu_stratum]) @ off.T
        if lonely.any() and self.lonely == "average":
            matrix *= len(lonely) / (~lonely).sum()
        return matrix

    def degrees(self, rows):
        """PSUs − strata among the PSUs and strata that have rows in a domain (boolean mask), at least 1."""
        present = np.zeros(len(self.psu_stratum), bool)
        present[self.psu[rows]] = True
        df = int(present.sum()) - len(np.unique(self.psu_stratum[present]))
        return max(df, 1)
