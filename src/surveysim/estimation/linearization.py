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

BLOCK = 16  # scores handled at a time
LONELY = ("fail", "certainty", "remove", "adjust", "average")


@dataclass(frozen=True)
class Design:
    """Variance design of n rows: PSUs in strata, weights, and the constraints the weights were calibrated to.

    Attributes
    ----------
    weight : (n,) final weights. psu : (n,) PSU of each row, 0 .. P-1. psu_stratum : (P,) its stratum, 0 .. H-1.
    fraction : (H,) sampling fraction of PSUs. labels : (H,) names of the strata, for messages.
    lonely : what a stratum with one PSU does. constraints : tuple of weighting.constraints.Constraints.
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
    def _is_lonely(self):
        """Strata (H,) with one PSU that is not taken with certainty."""
        return (self.psus == 1) & (self.fraction < 1)

    @cached_property
    def _scale(self):
        n, lonely = self.psus, self._is_lonely
        if lonely.any() and self.lonely == "fail":
            names = ", ".join(str(self.labels[h]) for h in np.flatnonzero(lonely)[:8])
            raise DesignError(
                f"{int(lonely.sum())} strata have one PSU, so their variance cannot be estimated: {names}. Join "
                f"them with others, or choose lonely_psu = certainty, remove, adjust or average."
            )
        scale = np.where(n <= 1, 0.0, n / np.maximum(n - 1, 1)) * (1 - self.fraction)
        if lonely.all() and self.lonely == "average":
            raise DesignError(f"all {len(n)} strata have one PSU, so there is no variance to average; join strata.")
        if lonely.any() and self.lonely == "adjust":
            scale[lonely] = (1 - self.fraction)[lonely]
        return scale

    def adjusted(self, scores):
        """Scores (E, n) with the effect of calibration taken out, in place: residuals, the last adjustment first.

        Also the regression coefficients on totals known with error, a list of (covariance (p, p), coefficients (E, p)).
        """
        known_with_error = []
        for c in reversed(self.constraints):
            scores, found = c.residuals(scores)
            known_with_error += found
        return scores, known_with_error

    def variances(self, scores):
        """Variances (E,) of the weighted totals of scores, a sequence of E arrays (n,); in blocks that stay in cache."""
        if self.lonely in ("adjust", "average") and np.any(self._is_lonely):
            return np.diag(self.covariance(scores)).copy()
        result = np.empty(len(scores))
        buffer = np.empty((min(BLOCK, len(scores)), len(self.weight)))
        for first in range(0, len(scores), BLOCK):
            part = scores[first : first + BLOCK]
            block = buffer[: len(part)]
            for row, score in zip(block, part, strict=True):
                row[:] = score
            block, known_with_error = self.adjusted(block)
            found = result[first : first + BLOCK]
            kernels.stratified(block, self.weight, self.psu, self.psu_stratum, self.psus, self._scale, found)
            for matrix, beta in known_with_error:
                found += np.einsum("ei,ij,ej->e", beta, matrix, beta)
        return result

    def covariance(self, scores):
        """Covariance matrix (E, E) of the weighted totals of scores, a sequence of E arrays (n,)."""
        scores, known_with_error = self.adjusted(np.array(scores, dtype=float))
        return self._covariance(scores) + sum(beta @ matrix @ beta.T for matrix, beta in known_with_error)

    def _covariance(self, scores):
        totals = np.stack([np.bincount(self.psu, self.weight * z, len(self.psu_stratum)) for z in scores])
        strata = len(self.psus)
        mean = np.stack([np.bincount(self.psu_stratum, t, strata) for t in totals]) / np.maximum(self.psus, 1)
        scale, lonely = self._scale, self._is_lonely
        if lonely.any() and self.lonely == "adjust":
            mean[:, lonely] = 0.0  # about zero, the mean of scores over the sample, as R survey does
        off = totals - mean[:, self.psu_stratum]
        matrix = (off * scale[self.psu_stratum]) @ off.T
        if lonely.any() and self.lonely == "average":
            matrix *= len(lonely) / (~lonely).sum()
        return matrix

    def all_degrees(self, masks, domains):
        """Degrees of freedom (E,) of several domains, each distinct mask looked at once; `domains` name them in errors."""
        seen, result = {}, []
        for rows, domain in zip(masks, domains, strict=True):
            mark = rows.tobytes()
            if mark not in seen:
                seen[mark] = self.degrees(rows, domain)
            result.append(seen[mark])
        return np.array(result, dtype=float)

    def degrees(self, rows, domain=""):
        """PSUs − strata among the PSUs and strata that have rows of positive weight in a domain (boolean mask)."""
        present = np.zeros(len(self.psu_stratum), bool)
        present[self.psu[rows & (self.weight > 0)]] = True
        df = int(present.sum()) - len(np.unique(self.psu_stratum[present]))
        if df < 1:
            raise DesignError(
                f"{f'domain {domain!r}' if domain else 'a domain'} has {int(present.sum())} PSUs in as many strata, so its error has "
                f"no degrees of freedom. Widen the "
                f"domain, join strata, or give df=."
            )
        return df
