"""One set of weights from two overlapping frames: how each estimator shares the overlap, and what its error is.

Rows are a's then b's. `part` (n, 4) says how much of a row lies in domain a (only frame A), ab (overlap, sampled from A), ba
(overlap, sampled from B) and b: 0 or 1, or a probability where membership is uncertain. `w` (n,) are the weights of the two
samples as they came; a composite weight is w × h.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np

from ..errors import DataError, SurveysimWarning
from ..weighting.dual_frame import effective_theta
from ..weighting.generalized import factors
from .scores import dot

A, AB, BA, B = range(4)
OF_A, OF_B = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0])
OVERLAP, IN_A, IN_B = np.array([0.0, 1, 1, 0]), np.array([1.0, 1, 1, 0]), np.array([0.0, 1, 1, 1])
WEIGHTED = ("composite", "multiplicity", "screening", "single_frame", "raking_ratio", "pml", "cal_sf", "cal_df")
PER_VARIABLE = ("hartley", "fuller_burmeister")


@dataclass(frozen=True)
class Top:
    """What a composite does to scores: `residuals` turns a score for the final weights into one for w.

    With calibration variables x (n, p), whose totals are known (or estimated as Σ w c, c (n, p)), the scores are replaced by h ×
    their residuals on x, plus c β (Deville & Särndal 1992; Ranalli et al. 2016).
    """

    h: np.ndarray
    x: np.ndarray | None = None
    base: np.ndarray | None = None
    c: np.ndarray | None = None
    covariance = None

    def residuals(self, scores):
        if self.x is not None:
            cross = (self.x * self.base[:, None]).T @ self.x
            beta = (scores * self.base) @ self.x @ np.linalg.pinv(cross, rcond=1e-12, hermitian=True)
            scores -= beta @ self.x.T
            scores *= self.h
            if self.c is not None:
                scores += beta @ self.c.T
        else:
            scores *= self.h
        return scores, []


@dataclass(frozen=True)
class Likelihood:
    """The same for pseudo-maximum likelihood: residuals on domain means, and what the overlap's estimated size adds."""

    part: np.ndarray
    w: np.ndarray
    factor: np.ndarray  # (4,) of the domains
    share: np.ndarray  # (4,) how the domains' means are made up: a, overlap, overlap, b
    slope: np.ndarray  # (4,) derivative of the overlap's size by the domains' estimated sizes
    covariance = None

    def residuals(self, scores):
        size = self.w @ self.part
        mean = (scores * self.w) @ self.part  # (E, 4) domain totals
        overlap = (mean[:, 1:3] @ self.share[1:3]) / (self.share[1:3] @ size[1:3])
        mean = np.column_stack([mean[:, A] / size[A], overlap, overlap, mean[:, B] / size[B]])
        gain = overlap - mean[:, A] - mean[:, B]
        scores *= self.part @ self.factor
        scores -= (mean * self.factor) @ self.part.T
        scores += gain[:, None] * (self.part @ self.slope)
        return scores, []


@dataclass(frozen=True)
class Composer:
    """An estimator with one set of weights, as a function of w.

    Attributes
    ----------
    estimator, theta, sizes ({"A", "B", "ab"}), method, bounds : as in `DualFrameSurvey.total`.
    part : (n, 4). own, other : (n,) inclusion probabilities in the row's own and in the other frame, or None.
    columns, totals : auxiliary variables (n, p) in their frames and their totals (p,). variance : function of scores (E, n) and w
        giving variances (E,), for θ.
    """

    estimator: str
    part: np.ndarray
    theta: object = None
    sizes: dict | None = None
    method: str = "linear"
    bounds: tuple | None = None
    probability: tuple | None = None
    columns: np.ndarray | None = None
    totals: np.ndarray | None = None
    variance: object = None

    def weights(self, w):
        """Final weights (n,) and what the estimator does to scores."""
        kind = self.estimator
        if kind == "pml":
            return self._pml(w)
        if kind in ("raking_ratio", "cal_sf", "cal_df"):
            return self._calibrated(w)
        h = self._single() if kind == "single_frame" else self._shared(self.pinned(w))
        return w * h, Top(h)

    def again(self, w):
        """Final weights from other w, for replicates."""
        return self.weights(w)[0]

    def _shared(self, theta):
        return self.part @ np.array([1.0, theta, 1 - theta, 1.0])

    def pinned(self, w):
        """The θ that multiplies frame A's overlap; estimated from w where none was given."""
        kind, theta = self.estimator, self.theta
        if kind == "multiplicity":
            return 0.5
        if theta is None and kind == "screening":
            return 1.0
        if kind == "pml":
            return self._gamma(w) if theta is None else theta[0] if isinstance(theta, tuple) else theta
        if kind in ("cal_df",) and theta is None:
            va, vb = self.variance(self.part[:, [AB, BA]].T.copy(), w)
            return vb / (va + vb)
        if theta is None or theta == "effective":
            inside = self.part @ OVERLAP > 0
            return effective_theta(w[inside], (self.part @ OF_A > 0)[inside])
        return theta

    def fixed(self, w):
        """The same estimator with its θ held at what w gives."""
        if self.estimator in ("single_frame", "raking_ratio", "cal_sf", "multiplicity"):
            return self
        theta = self.pinned(w)
        return replace(self, theta=(theta, self.theta[1]) if isinstance(self.theta, tuple) else theta)

    def _single(self):
        """Bankier (1986), Kalton & Anderson (1986): a unit's weight is one over the sum of its probabilities."""
        own, other = self._probabilities()
        return np.where(self.part @ OVERLAP > 0, own / (own + other), 1.0)

    def _probabilities(self):
        if self.probability is None:
            raise DataError(
                f"{self.estimator} needs the inclusion probabilities in both frames: DualFrameSurvey(…, probability=(column in "
                f"frame A, column in frame B))."
            )
        return self.probability

    def _size(self, name):
        if not self.sizes or self.sizes.get(name) is None:
            raise DataError(f'{self.estimator} needs the size of the frames: frame_sizes={{"A": N_A, "B": N_B}}.')
        return float(self.sizes[name])

    # ------------------------------------------------------------------------------------------ pseudo-maximum likelihood
    def _gamma(self, w):
        """Skinner and Rao's γ: it minimizes the variance of the overlap's size."""
        N_A, N_B, size = self._size("A"), self._size("B"), w @ self.part
        va, vb = self.variance(self.part[:, [AB, BA]].T.copy(), w)
        return size[A] * N_B * vb / (size[A] * N_B * vb + size[B] * N_A * va)

    def _pml(self, w):
        """Skinner & Rao (1996): the overlap's size P solves a quadratic, domains are post-stratified to N_A - P, P, N_B - P."""
        N_A, N_B, size = self._size("A"), self._size("B"), w @ self.part
        gamma = self.pinned(w)
        mix = gamma if not isinstance(self.theta, tuple) else self.theta[1]
        square = gamma / N_B + (1 - gamma) / N_A
        linear = 1 + gamma * size[AB] / N_B + (1 - gamma) * size[BA] / N_A
        constant = gamma * size[AB] + (1 - gamma) * size[BA]
        root = linear**2 - 4 * square * constant
        P = (linear - np.sqrt(max(root, 0.0))) / (2 * square)
        if root < 0 or not 0 < P < min(N_A, N_B):
            raise DataError(
                f"pml: the samples' overlap of {size[AB]:,.0f} and {size[BA]:,.0f} does not fit into frames of {N_A:,.0f} and "
                f"{N_B:,.0f}; check frame_sizes."
            )
        base = mix * size[AB] + (1 - mix) * size[BA]
        factor = np.array([(N_A - P) / size[A], P * mix / base, P * (1 - mix) / base, (N_B - P) / size[B]])
        bend = 2 * square * P - linear
        slope = np.array([0, -gamma * (1 - P / N_B) / bend, -(1 - gamma) * (1 - P / N_A) / bend, 0])
        share = np.array([1.0, mix, 1 - mix, 1.0])
        return w * (self.part @ factor), Likelihood(self.part, w, factor, share, slope)

    # ------------------------------------------------------------------------------------------------------- calibration
    def _calibrated(self, w):
        """Calibration of single-frame (cal_sf, raking_ratio) or composite (cal_df) weights to what is known of the frames."""
        theta = None
        if self.estimator == "cal_df":
            theta = self.pinned(w)
            start = self._shared(theta)
        else:
            start = self._single()
        axes, targets, estimated = self._ladder(w, start, theta)
        x = self.part @ axes
        c = None if estimated is None else self._estimated(start, theta, estimated)
        if self.columns is not None:
            x = np.column_stack([x, self.columns])
            targets = np.concatenate([targets, self.totals])
            c = None if c is None else np.column_stack([c, np.zeros((len(w), len(self.totals)))])
        method = "raking" if self.estimator == "raking_ratio" else self.method
        g = self._factors(x, w * start, targets, method)
        return w * start * g, Top(start * g, x, w * start, c)

    def _ladder(self, w, start, theta):
        """Axes (4, p) over the domains and their totals (p,), for what is known; `estimated` names axes whose total is not."""
        known = {name for name in ("A", "B", "ab") if self.sizes and self.sizes.get(name) is not None}
        if self.estimator == "raking_ratio":
            known = {"A", "B"} if self._size("A") and self._size("B") else known
        split = self.estimator == "cal_df"
        overlap = np.eye(4)[:, [AB, BA]] if split else OVERLAP[:, None]
        parts = np.array([theta, 1 - theta]) if split else np.ones(1)
        alone = np.eye(4)[:, [A]], np.eye(4)[:, [B]]
        if known == {"A", "B"}:
            return np.column_stack([IN_A, IN_B]), np.array([self._size("A"), self._size("B")]), None
        if known == {"ab"}:
            return overlap, parts * self._size("ab"), None
        if known == {"A", "B", "ab"}:
            both = self._size("ab")
            totals = np.concatenate([[self._size("A") - both], parts * both, [self._size("B") - both]])
            return np.column_stack([alone[0], overlap, alone[1]]), totals, None
        if known:
            raise DataError(f"frame_sizes has {', '.join(sorted(known))} only; give A and B, ab, or all three.")
        size = w @ self.part
        both = dot(w * start, self.part @ OVERLAP)
        totals = np.concatenate([[size @ OF_A - both], parts * both, [size @ OF_B - both]])
        return np.column_stack([alone[0], overlap, alone[1]]), totals, parts

    def _estimated(self, start, theta, parts):
        """How each total that is itself an estimate depends on w: c (n, p), its total being Σ w c."""
        both = start * (self.part @ OVERLAP)
        return np.column_stack([self.part @ OF_A - both, *(share * both for share in parts), self.part @ OF_B - both])

    def _factors(self, x, base, targets, method):
        """Calibration factors g (n,); rows collapse to the cells of x where they are few."""
        cells, row = (x, np.arange(len(x))) if self.columns is not None else np.unique(x, axis=0, return_inverse=True)
        row = row.ravel()
        weight = base if self.columns is not None else np.bincount(row, base, len(cells))
        used = weight > 0
        g = np.ones(len(cells))
        g[used] = factors(cells[used], weight[used], targets, method, self.bounds)
        if (g[used] < 0).any():
            warnings.warn(
                f'{self.estimator}: {int((g[row] < 0).sum())} of {len(x)} weights are negative; method="raking" keeps them positive.',
                SurveysimWarning,
                stacklevel=4,
            )
        return g[row]
