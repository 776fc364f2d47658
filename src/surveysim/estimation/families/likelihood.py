"""Pseudo-maximum likelihood: domains poststratified to sizes that both samples and the known frames make likeliest."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ...aliases import Floats
from ...errors import DataError
from ...weighting.constraints import Link
from .composer import AB, BA, A, B, Composer, sharing


@dataclass(frozen=True)
class Likelihood(Link):
    """What pseudo-maximum likelihood does to scores: residuals on domain means, and what the overlap's estimated size adds."""

    part: np.ndarray
    w: np.ndarray
    factor: np.ndarray  # (4,) of the domains
    share: np.ndarray  # (4,) how the domains' means are made up: a, overlap, overlap, b
    slope: np.ndarray  # (4,) derivative of the overlap's size by the domains' estimated sizes
    covariance = None

    def residuals(self, scores: Floats) -> tuple[Floats, list[Any]]:
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


class PseudoLikelihood(Composer):
    """Skinner & Rao (1996); θ is γ, or a pair (γ for the overlap's size, θ for its mean)."""

    accepts: ClassVar = {"pml": {"theta", "frame_sizes"}}

    def pinned(self, w: Floats) -> Any:
        if isinstance(self.theta, tuple):
            return self.theta[0]
        found = self.overlap_sizes(w) if self.theta is None else None
        return super().pinned(w) if found is None else self._gamma(*found)

    def fixed(self, w: Floats) -> Composer:
        theta = self.pinned(w)
        return replace(self, theta=(theta, self.theta[1]) if isinstance(self.theta, tuple) else theta)

    def _gamma(self, size, va, vb):
        """Skinner and Rao's γ: it minimizes the variance of the overlap's size."""
        N_A, N_B = self.size("A"), self.size("B")
        first, second = size[A] * N_B * vb, size[B] * N_A * va
        return first / (first + second) if first + second > 0 else vb / (va + vb)

    def weights(self, w: Floats) -> tuple[Floats, Any]:
        """Skinner & Rao (1996): the overlap's size P solves a quadratic, domains are post-stratified to N_A - P, P, N_B - P."""
        N_A, N_B, size = self.size("A"), self.size("B"), w @ self.part
        gamma = self.pinned(w)
        mix = gamma if not isinstance(self.theta, tuple) else self.theta[1]
        square = gamma / N_B + (1 - gamma) / N_A
        linear = 1 + gamma * size[AB] / N_B + (1 - gamma) * size[BA] / N_A
        constant = gamma * size[AB] + (1 - gamma) * size[BA]
        root = linear**2 - 4 * square * constant
        P = (linear - np.sqrt(max(root, 0.0))) / (2 * square)
        nested = [x for x, empty in ((N_A, size[A] == 0), (N_B, size[B] == 0)) if empty]
        if (overlap := (self.sizes or {}).get("ab")) is not None:
            nested = [float(overlap)]
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
        share = sharing(mix)
        return w * (self.part @ factor), Likelihood(self.part, w, factor, share, slope)
