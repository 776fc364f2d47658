"""What families of dual-frame estimators share: domains, and one set of weights as a function of those that the samples came with.

Rows are a's then b's. `part` (n, 4) says how much of a row lies in domain a (only frame A), ab (overlap, sampled from A), ba
(overlap, sampled from B) and b: 0 or 1, or a probability where membership is uncertain. `w` (n,) are the weights of the two
samples as they came; a composite weight is w × h.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ...aliases import Array, Floats, Ints
from ...errors import DataError
from ...weighting.steps.composite import effective_theta

A, AB, BA, B = range(4)
OF_A, OF_B = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0])
OVERLAP, IN_A, IN_B = np.array([0.0, 1, 1, 0]), np.array([1.0, 1, 1, 0]), np.array([0.0, 1, 1, 1])
INSIDE = {"A": IN_A, "B": IN_B, "ab": OVERLAP}


def effective(part: Floats, w: Floats) -> float:
    """θ from the overlap samples' effective sizes."""
    share = w * (part @ OVERLAP)
    return effective_theta(share[share > 0], (part @ OF_A > 0)[share > 0])


def sharing(theta: float) -> Floats:
    """What the four domains are multiplied by where θ is frame A's part of the overlap."""
    return np.array([1.0, theta, 1 - theta, 1.0])


@dataclass(frozen=True)
class Composer(ABC):
    """An estimator with one set of weights, as a function of w; a family says in `accepts` what each of its estimators uses.

    Attributes
    ----------
    estimator, theta, sizes ({"A", "B", "ab"}), method, bounds : as in `DualFrameSurvey.total`.
    part : (n, 4). probability : inclusion probabilities in the row's own and in the other frame, (n,) each, or None.
    columns, totals, labels : auxiliary variables (n, p), their totals (p,) and (frame, name) of each.
    variance : function of scores (E, n) and w giving variances (E,), for θ.
    """

    accepts: ClassVar = {}  # {estimator: which of theta, frame_sizes, totals, method and bounds}

    estimator: str
    part: np.ndarray
    theta: Any = None
    sizes: dict | None = None
    method: str | None = None
    bounds: tuple | None = None
    probability: tuple | None = None
    columns: np.ndarray | None = None
    totals: np.ndarray | None = None
    labels: tuple = ()
    variance: Any = None

    @abstractmethod
    def weights(self, w: Floats) -> tuple[Floats, Any]:
        """Final weights (n,) and what the estimator does to scores."""

    def again(self, w: Floats, copied: Floats | None = None) -> Floats:
        """Final weights from other w, for replicates; `copied` is for adjustments that count rows, and says nothing here."""
        return self.weights(w)[0]

    def pinned(self, w: Floats) -> Any:
        """The θ that multiplies frame A's overlap; estimated from w where none was given."""
        return effective(self.part, w) if self.theta is None or self.theta == "effective" else self.theta

    def fixed(self, w: Floats) -> "Composer":
        """The same estimator with its θ held at what w gives."""
        return replace(self, theta=self.pinned(w))

    def overlap_sizes(self, w: Floats) -> Any:
        """Estimated sizes of the domains (4,) and the variances of the overlap's by both samples; None where they know it."""
        size, (va, vb) = w @ self.part, self.variance(self.part[:, [AB, BA]].T.copy(), w)
        return (size, va, vb) if va + vb > 1e-12 * (size[AB] + size[BA]) ** 2 else None

    @cached_property
    def parts(self) -> tuple[Ints, Ints]:
        """Row and domain of every part of a row: one each where membership is certain."""
        row, domain = np.nonzero(self.part)
        return row, domain

    def whole(self, lift: Floats) -> Array:
        """Factors of the rows (n,) from those of their parts (m,)."""
        row, domain = self.parts
        return np.bincount(row, self.part[row, domain] * lift, len(self.part))

    def single(self) -> Floats:
        """Bankier (1986), Kalton & Anderson (1986), by part: in the overlap one over the sum of the probabilities."""
        own, other = self._probabilities()
        row, domain = self.parts
        return np.where(OVERLAP[domain] > 0, own[row] / (own[row] + other[row]), 1.0)

    def _probabilities(self):
        if self.probability is None:
            raise DataError(
                f"{self.estimator} needs the inclusion probabilities in both frames: DualFrameSurvey(…, probability=(column in "
                f"frame A, column in frame B))."
            )
        return self.probability

    def size(self, name: str) -> float:
        """The known size of a frame."""
        if not self.sizes or self.sizes.get(name) is None:
            raise DataError(f'{self.estimator} needs the size of the frames: frame_sizes={{"A": N_A, "B": N_B}}.')
        return float(self.sizes[name])
