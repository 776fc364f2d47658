"""One set of weights from two overlapping frames: how each estimator shares the overlap, and what its error is.

Rows are a's then b's. `part` (n, 4) says how much of a row lies in domain a (only frame A), ab (overlap, sampled from A), ba
(overlap, sampled from B) and b: 0 or 1, or a probability where membership is uncertain. `w` (n,) are the weights of the two
samples as they came; a composite weight is w × h.
"""

import warnings
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..errors import DataError, SurveysimWarning
from ..weighting.calibration import factors
from ..weighting.constraints import Multiplied
from ..weighting.steps.composite import effective_theta

A, AB, BA, B = range(4)
OF_A, OF_B = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0])
OVERLAP, IN_A, IN_B = np.array([0.0, 1, 1, 0]), np.array([1.0, 1, 1, 0]), np.array([0.0, 1, 1, 1])
INSIDE = {"A": IN_A, "B": IN_B, "ab": OVERLAP}
WEIGHTED = ("composite", "multiplicity", "screening", "single_frame", "raking_ratio", "pml", "cal_sf", "cal_df")
PER_VARIABLE = ("hartley", "fuller_burmeister")
ACCEPTS = {  # what an estimator uses of theta, frame_sizes, totals, method and bounds
    "hartley": {"theta"},
    "fuller_burmeister": set(),
    "composite": {"theta"},
    "multiplicity": set(),
    "screening": {"theta"},
    "single_frame": set(),
    "raking_ratio": {"frame_sizes"},
    "pml": {"theta", "frame_sizes"},
    "cal_sf": {"frame_sizes", "totals", "method", "bounds"},
    "cal_df": {"theta", "frame_sizes", "totals", "method", "bounds"},
}


def effective(part, w):
    """θ from the overlap samples' effective sizes."""
    share = w * (part @ OVERLAP)
    return effective_theta(share[share > 0], (part @ OF_A > 0)[share > 0])


@dataclass(frozen=True)
class Top:
    """What a calibrated composite does to scores: `residuals` turns a score for the final weights into one for w.

    With calibration variables x (m, p) of the rows' parts, whose totals are known (or estimated as Σ w c, c (n, p)), the scores
    are replaced by h × their residuals on x, plus c β (Deville & Särndal 1992; Ranalli et al. 2016). `row` (m,) is the row of
    each part, `lift` (m,) its share of h, `base` (m,) its weight before calibration.
    """

    h: np.ndarray
    x: np.ndarray
    base: np.ndarray
    c: np.ndarray | None
    row: np.ndarray
    lift: np.ndarray
    covariance = None

    def residuals(self, scores):
        cross = (self.x * self.base[:, None]).T @ self.x
        parts = scores if len(self.row) == scores.shape[1] else scores[:, self.row]
        beta = (parts * self.base) @ self.x @ np.linalg.pinv(cross, rcond=1e-12, hermitian=True)
        fit = (beta @ self.x.T) * self.lift
        if len(self.row) != scores.shape[1]:
            fit = np.stack([np.bincount(self.row, v, scores.shape[1]) for v in fit])
        scores *= self.h
        scores -= fit
        if self.c is not None:
            scores += beta @ self.c.T
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
        alone = [mean[:, k] / (size[k] if size[k] > 0 else 1.0) for k in (A, B)]
        mean = np.column_stack([alone[0], overlap, overlap, alone[1]])
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
    part : (n, 4). probability : inclusion probabilities in the row's own and in the other frame, (n,) each, or None.
    columns, totals, labels : auxiliary variables (n, p), their totals (p,) and (frame, name) of each.
    variance : function of scores (E, n) and w giving variances (E,), for θ.
    """

    estimator: str
    part: np.ndarray
    theta: object = None
    sizes: dict | None = None
    method: str | None = None
    bounds: tuple | None = None
    probability: tuple | None = None
    columns: np.ndarray | None = None
    totals: np.ndarray | None = None
    labels: tuple = ()
    variance: object = None

    def weights(self, w):
        """Final weights (n,) and what the estimator does to scores."""
        kind = self.estimator
        if kind == "pml":
            return self._pml(w)
        if kind in ("raking_ratio", "cal_sf", "cal_df"):
            return self._calibrated(w)
        h = self._whole(self._single()) if kind == "single_frame" else self._shared(self.pinned(w))
        return w * h, Multiplied(h)

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
        if kind == "pml" and isinstance(theta, tuple):
            return theta[0]
        if kind in ("pml", "cal_df") and theta is None:
            size, (va, vb) = w @ self.part, self.variance(self.part[:, [AB, BA]].T.copy(), w)
            if va + vb > 1e-12 * (size[AB] + size[BA]) ** 2:  # else both samples know the overlap's size
                return self._gamma(size, va, vb) if kind == "pml" else vb / (va + vb)
        if theta is None or theta == "effective":
            return effective(self.part, w)
        return theta

    def fixed(self, w):
        """The same estimator with its θ held at what w gives."""
        if self.estimator in ("single_frame", "raking_ratio", "cal_sf", "multiplicity"):
            return self
        theta = self.pinned(w)
        return replace(self, theta=(theta, self.theta[1]) if isinstance(self.theta, tuple) else theta)

    @cached_property
    def _parts(self):
        """Row and domain of every part of a row: one each where membership is certain."""
        return np.nonzero(self.part)

    def _whole(self, lift):
        """Factors of the rows (n,) from those of their parts (m,)."""
        row, domain = self._parts
        return np.bincount(row, self.part[row, domain] * lift, len(self.part))

    def _single(self):
        """Bankier (1986), Kalton & Anderson (1986), by part: in the overlap one over the sum of the probabilities."""
        own, other = self._probabilities()
        row, domain = self._parts
        return np.where(OVERLAP[domain] > 0, own[row] / (own[row] + other[row]), 1.0)

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
    def _gamma(self, size, va, vb):
        """Skinner and Rao's γ: it minimizes the variance of the overlap's size."""
        N_A, N_B = self._size("A"), self._size("B")
        first, second = size[A] * N_B * vb, size[B] * N_A * va
        return first / (first + second) if first + second > 0 else vb / (va + vb)

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
        nested = [x for x, empty in ((N_A, size[A] == 0), (N_B, size[B] == 0)) if empty]
        if (self.sizes or {}).get("ab") is not None:
            nested = [float(self.sizes["ab"])]
        if nested:  # the overlap is known, or a frame inside the other
            P, root = min(nested), max(root, 0.0)
        if root < -1e-9 * linear**2 or not 0 < P <= min(N_A, N_B):
            raise DataError(
                f"pml: the samples' overlap of {size[AB]:,.0f} and {size[BA]:,.0f} does not fit into frames of {N_A:,.0f} and "
                f"{N_B:,.0f}; check frame_sizes."
            )
        base = mix * size[AB] + (1 - mix) * size[BA]
        rest = [(N - P) / x if x > 0 else 0.0 for N, x in ((N_A, size[A]), (N_B, size[B]))]
        factor = np.array([rest[0], P * mix / base, P * (1 - mix) / base, rest[1]])
        bend = 2 * square * P - linear
        slope = np.array([0, -gamma * (1 - P / N_B) / bend, -(1 - gamma) * (1 - P / N_A) / bend, 0])
        slope = np.zeros(4) if nested or bend == 0 else slope
        share = np.array([1.0, mix, 1 - mix, 1.0])
        return w * (self.part @ factor), Likelihood(self.part, w, factor, share, slope)

    # ------------------------------------------------------------------------------------------------------- calibration
    def _calibrated(self, w):
        """Calibration of single-frame (cal_sf, raking_ratio) or composite (cal_df) weights to what is known of the frames."""
        row, domain = self._parts
        share = self.part[row, domain]
        if self.estimator == "cal_df":
            theta = self.pinned(w)
            start = np.array([1.0, theta, 1 - theta, 1.0])[domain]
        else:
            theta, start = None, self._single()
        base = (w[row] * share) * start
        axes, targets, names, estimated = self._ladder(w, base, theta)
        seen = np.bincount(domain, base, 4) @ np.abs(axes) > 0  # a frame inside the other leaves a domain empty
        for target, name, there in zip(targets, names, seen):
            if not there and estimated is None and target > 1e-9 * targets.max():
                raise DataError(f"{self.estimator}: {name} is {target:,.0f}, but no respondent belongs there.")
        axes, targets, names = axes[:, seen], targets[seen], [n for n, there in zip(names, seen) if there]
        x = axes[domain]
        c = None if estimated is None else self._estimated(self._whole_overlap(start), estimated)[:, seen]
        if self.columns is not None:
            inside = np.stack([INSIDE[frame][domain] for frame, _ in self.labels], axis=1)
            x = np.column_stack([x, self.columns[row] * inside])
            targets = np.concatenate([targets, self.totals])
            names += [f"{name} in {frame}" for frame, name in self.labels]
            c = None if c is None else np.column_stack([c, np.zeros((len(w), len(self.totals)))])
        method = "raking" if self.estimator == "raking_ratio" else self.method or "linear"
        g = self._factors(x, base, targets, method, names)
        h = self._whole(start * g)
        return w * h, Top(h, x, base, c, row, share * start * g)

    def _whole_overlap(self, start):
        """What of a row's start weight lies in the overlap (n,)."""
        row, domain = self._parts
        return np.bincount(row, self.part[row, domain] * start * OVERLAP[domain], len(self.part))

    def _ladder(self, w, base, theta):
        """Axes (4, p) over the domains, their totals (p,) and names, for what is known; the parts of the overlap where it is not."""
        known = {name for name in ("A", "B", "ab") if self.sizes and self.sizes.get(name) is not None}
        if self.estimator == "raking_ratio":
            known = {"A", "B"}
        split = self.estimator == "cal_df"
        overlap = np.eye(4)[:, [AB, BA]] if split else OVERLAP[:, None]
        parts = np.array([theta, 1 - theta]) if split else np.ones(1)
        both_names = ["N_ab (from A)", "N_ab (from B)"] if split else ["N_ab"]
        apart = np.column_stack([np.eye(4)[:, [A]], overlap, np.eye(4)[:, [B]]])
        if known == {"A", "B"}:
            return np.column_stack([IN_A, IN_B]), np.array([self._size("A"), self._size("B")]), ["N_A", "N_B"], None
        if known == {"ab"}:
            return overlap, parts * self._size("ab"), both_names, None
        names = ["N_A - N_ab", *both_names, "N_B - N_ab"]
        if known == {"A", "B", "ab"}:
            both = self._size("ab")
            return apart, np.array([self._size("A") - both, *(parts * both), self._size("B") - both]), names, None
        if known:
            raise DataError(f"frame_sizes has {', '.join(sorted(known))} only; give A and B, ab, or all three.")
        size, both = w @ self.part, base @ OVERLAP[self._parts[1]]
        return apart, np.array([size @ OF_A - both, *(parts * both), size @ OF_B - both]), names, parts

    def _estimated(self, both, parts):
        """How each total that is itself an estimate depends on w: c (n, p), its total being Σ w c."""
        return np.column_stack([self.part @ OF_A - both, *(share * both for share in parts), self.part @ OF_B - both])

    def _factors(self, x, base, targets, method, names):
        """Calibration factors g (n,); rows collapse to the cells of x where they are few."""
        cells, row = (x, np.arange(len(x))) if self.columns is not None else np.unique(x, axis=0, return_inverse=True)
        row = row.ravel()
        weight = base if self.columns is not None else np.bincount(row, base, len(cells))
        used = weight > 0
        g = np.ones(len(cells))
        g[used] = factors(cells[used], weight[used], targets, names, method, self.bounds)
        if (g[used] < 0).any():
            warnings.warn(
                f'{self.estimator}: {int((g[row] < 0).sum())} of {len(x)} weights are negative; method="raking" keeps them positive.',
                SurveysimWarning,
                stacklevel=4,
            )
        return g[row]
