"""What steps of a recipe that are no calibration do to scores: weight passed on, scaling, trimming, a model of response.

They are links of the chain of `constraints`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..aliases import Floats, Ints
from .constraints import Link


@dataclass(frozen=True)
class Passed(Link):
    """Weight passed on inside classes: of the rows that leave to those that stay, as for nonresponse.

    Attributes
    ----------
    group : (n,) class. weight : (n,) weights before. stay, leave : (n,) bool; other rows end with weight 0.
    """

    group: np.ndarray
    weight: np.ndarray
    stay: np.ndarray
    leave: np.ndarray
    covariance = None

    @cached_property
    def sums(self) -> tuple[np.ndarray, np.ndarray]:
        """Weight that stays and weight that is passed on, by class."""
        size = int(self.group.max(initial=0)) + 1
        kept, gone = (np.bincount(self.group, np.where(at, self.weight, 0.0), size) for at in (self.stay, self.leave))
        return kept, gone

    @cached_property
    def factor(self) -> np.ndarray:
        """What the weights that stay are multiplied by (n,); 1 where there are none."""
        kept, gone = self.sums
        return np.where(kept > 0, (kept + gone) / np.where(kept > 0, kept, 1.0), 1.0)[self.group]

    def residuals(self, scores: Floats) -> tuple[Floats, list[Any]]:
        """As `Multiplied.residuals`: the class's total follows everybody in it, so z becomes f (z - mean) of who stays, plus the mean."""
        kept, _ = self.sums
        there, stays, concerned = np.where(kept > 0, kept, 1.0), self.stay.astype(float), self.stay | self.leave
        for row in scores:
            mean = (np.bincount(self.group, self.weight * stays * row, len(kept)) / there)[self.group]
            row[:] = stays * self.factor * (row - mean) + concerned * mean
        return scores, []


def means(scores: Floats, group: Ints, weight: Floats) -> Floats:
    """Weighted means of each score (n,) by group, 0 where a group has no weight: (E, groups)."""
    size = int(group.max(initial=0)) + 1
    whole = np.bincount(group, weight, size)
    sums = np.array([np.bincount(group, weight * row, size) for row in scores]).reshape(len(scores), size)
    return np.divide(sums, whole, out=np.zeros(sums.shape), where=whole > 0)


@dataclass(frozen=True)
class Scaled(Link):
    """Weights multiplied so that they sum to a total, or to the number of respondents, inside classes.

    Attributes
    ----------
    group : (n,) class. weight : (n,) weights before. factor : (n,). counted : (n,) bool, rows of classes scaled to their respondents.
    """

    group: np.ndarray
    weight: np.ndarray
    factor: np.ndarray
    counted: np.ndarray
    covariance = None

    def residuals(self, scores: Floats) -> tuple[Floats, list[Any]]:
        """As `Multiplied.residuals`."""
        scores -= means(scores, self.group, self.weight)[:, self.group]
        scores *= self.factor
        return scores, []

    def direct(self, scores: Floats) -> Floats:
        """As `Link.direct`: the total counts respondents."""
        return np.where(self.counted & (self.weight > 0), means(scores, self.group, self.weight)[:, self.group], 0.0)


@dataclass(frozen=True)
class Trimmed(Link):
    """Weights cut to bounds inside classes; the others were multiplied by what keeps the class's sum, or left alone.

    A respondent more like one whose weight was cut has the bound for a weight whatever the weights before were, so what such rows say
    does not pass the adjustments before: it is `direct`. Through the weights before, rows act on those that were not cut, which share
    the class's sum, and on bounds that are multiples of the mean weight.

    Attributes
    ----------
    group : (n,) class. before, after : (n,) weights. side : (n,) 1 where cut from above, -1 from below, 0 elsewhere.
    shared : whether the others took the excess. most, least : bounds as multiples of the mean; None for bounds that are fixed.
    """

    group: np.ndarray
    before: np.ndarray
    after: np.ndarray
    side: np.ndarray
    shared: bool
    most: float | None = None
    least: float | None = None
    covariance = None

    @cached_property
    def free(self) -> np.ndarray:
        """Weights before of rows that were not cut (n,)."""
        return np.where(self.side == 0, self.before, 0.0)

    @cached_property
    def respondents(self) -> np.ndarray:
        """Respondents of each row's class (n,), at least 1."""
        return np.maximum(np.bincount(self.group, self.before > 0), 1)[self.group]

    def _means(self, scores):
        """What a unit of weight that is cut does elsewhere, (E, n)."""
        if not self.shared:
            return np.zeros(scores.shape)
        return means(scores, self.group, self.free)[:, self.group]

    def _moved(self, scores, means):
        """What bounds that are multiples of the mean do per unit of mean weight, and per unit of bound, (E, n)."""
        by_mean, by_bound = np.zeros(scores.shape), np.zeros(scores.shape)
        mean = (np.bincount(self.group, self.before) / np.maximum(np.bincount(self.group, self.before > 0), 1))[
            self.group
        ]
        for multiple, side in ((self.most, 1), (self.least, -1)):
            if multiple is not None:
                held = self.side == side
                sums = np.array([np.bincount(self.group, held * row)[self.group] for row in scores - means])
                by_mean += multiple * sums.reshape(scores.shape)
                by_bound += multiple * mean * sums.reshape(scores.shape)
        return by_mean, by_bound

    def residuals(self, scores: Floats) -> tuple[Floats, list[Any]]:
        """As `Multiplied.residuals`."""
        there, means = self.before > 0, self._means(scores)
        factor = np.divide(self.after, self.before, out=np.zeros(len(there)), where=there)
        kept = np.where(self.side == 0, factor, 0.0)
        left = np.where(self.side == 0, 1 - factor, 1.0)
        moved, _ = self._moved(scores, means)
        scores[:] = np.where(there, kept * scores + left * means + moved / self.respondents, 0.0)
        return scores, []

    def direct(self, scores: Floats) -> Floats:
        """As `Link.direct`: a cut weight is the bound's, however many there are."""
        means = self._means(scores)
        _, moved = self._moved(scores, means)
        cut = np.where(self.side != 0, self.after * (scores - means), 0.0)
        return np.where(self.before > 0, cut - moved / self.respondents, 0.0)


@dataclass(frozen=True)
class Modelled(Link):
    """Weights of respondents divided by a response propensity from a logistic model that was fitted with the weights before.

    The score of the model's coefficients comes in (Kim & Kim 2007, Can. J. Stat. 35:501-514): z becomes
    r z / p - (r - p) x'H⁻¹h, with H = Σ w p (1 - p) x x' and h = Σ r w z (1 - p) / p x.

    Attributes
    ----------
    x : (n, q) model matrix with its intercept, 0 for rows outside the model. p : (n,) propensities, 1 outside.
    weight : (n,) weights before, 0 outside. responded : (n,) bool.
    """

    x: np.ndarray
    p: np.ndarray
    weight: np.ndarray
    responded: np.ndarray
    covariance = None

    def residuals(self, scores: Floats) -> tuple[Floats, list[Any]]:
        """As `Multiplied.residuals`."""
        r, x, p = self.responded.astype(float), self.x, self.p
        inverse = np.linalg.pinv((x * (self.weight * p * (1 - p))[:, None]).T @ x, hermitian=True)
        h = (scores * (r * self.weight * (1 - p) / p)) @ x
        scores *= r / p
        scores -= ((h @ inverse) @ x.T) * (r - p) * (self.weight > 0)
        return scores, []


@dataclass(frozen=True)
class Linked:
    """What a step of a recipe hands on where it is more than a factor, and no calibration.

    gone : (n,) rows that are no respondents, which later steps do not look at; None where all stay.
    """

    links: tuple
    gone: np.ndarray | None = None
