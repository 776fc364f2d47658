"""Distance functions of calibration: g = F(u) with u = q x'λ, its slope F′, and the integral G of F that the dual needs.

Deville & Särndal (1992), JASA 87:376-382, cases 1, 2, 6 and 7; `truncated_raking` clips the exponential instead.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import DataError

METHODS = ("linear", "raking", "logit", "truncated", "truncated_raking")
LARGEST = 300.0  # exponents beyond this are as good as infinite, and would overflow


@dataclass(frozen=True, slots=True)
class Distance:
    """One distance with its bounds (L, U) on g; unbounded ones have (-inf, inf) or (0, inf)."""

    method: str
    lower: float
    upper: float

    @classmethod
    def of(cls, method, bounds):
        """Check method and bounds: 0 <= L < 1 < U for the bounded ones, none for the others."""
        if method == "raking" and bounds is not None:
            method = "truncated_raking"
        if method == "linear" and bounds is not None:
            method = "truncated"
        if method not in METHODS:
            raise DataError(f"method = {method!r}: choose one of {', '.join(METHODS[:4])}.")
        if method in ("linear", "raking"):
            return cls(method, -np.inf if method == "linear" else 0.0, np.inf)
        if bounds is None:
            raise DataError(f"method {method!r} needs bounds = (lower, upper) on g = calibrated / initial weight.")
        try:
            lower, upper = (float(b) for b in bounds)
        except (TypeError, ValueError):
            raise DataError(f"bounds = {bounds!r}: give a pair (lower, upper) of numbers.") from None
        if not (0 <= lower < 1 < upper < np.inf):
            raise DataError(f"bounds = {bounds!r}: give 0 <= lower < 1 < upper, on g = calibrated / initial weight.")
        return cls(method, lower, upper)

    def ratio(self, u):
        """F(u), F′(u) and G(u) = ∫₀ᵘ F."""
        if self.method == "linear":
            return 1 + u, np.ones_like(u), u + u * u / 2
        if self.method == "raking":
            e = np.exp(np.minimum(u, LARGEST))
            return e, e, e - 1
        if self.method == "logit":
            return self._logit(u)
        if self.method == "truncated":
            return self._clipped(u, 1 + u, np.ones_like(u), lambda v: v + v * v / 2, self.lower - 1, self.upper - 1)
        e = np.exp(np.clip(u, -LARGEST, LARGEST))
        low = np.log(self.lower) if self.lower > 0 else -np.inf
        return self._clipped(u, e, e, np.expm1, low, np.log(self.upper))

    def _logit(self, u):
        low, up = self.lower, self.upper
        steep = (up - low) / ((1 - low) * (up - 1))
        e = np.exp(np.clip(steep * u, -LARGEST, LARGEST))
        below = up - 1 + (1 - low) * e
        g = (low * (up - 1) + up * (1 - low) * e) / below
        return g, steep * (up - g) * (g - low) / (up - low), low * u + (up - low) / steep * np.log(below / (up - low))

    def _clipped(self, u, g, slope, integral, u_low, u_up):
        inside = np.clip(u, u_low, u_up)
        with np.errstate(invalid="ignore"):
            beyond = np.where(u < u_low, self.lower * (u - u_low), np.where(u > u_up, self.upper * (u - u_up), 0.0))
        return np.clip(g, self.lower, self.upper), slope * ((u > u_low) & (u < u_up)), integral(inside) + beyond
