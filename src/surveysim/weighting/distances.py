"""What a calibration is asked for: totals, and a distance by name and bounds; g = F(u) itself is in `kernels.newton`.

Deville & Särndal (1992), JASA 87:376-382, cases 1, 2, 6 and 7; `truncated_raking` clips the exponential instead.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from .. import guards
from ..aliases import Floats
from ..errors import DataError
from ..kernels import newton

METHODS = ("linear", "raking", "logit", "truncated", "truncated_raking")  # in the order of kernels.newton


@dataclass(frozen=True, slots=True)
class Distance:
    """One distance with its bounds (L, U) on g; unbounded ones have (-inf, inf) or (0, inf)."""

    method: str
    lower: float
    upper: float

    @classmethod
    def of(cls, method: str, bounds: tuple[float, float] | None) -> Self:
        """Check method and bounds: 0 <= L < 1 < U for the bounded ones, none for the others."""
        guards.choice(method, "method", METHODS)
        if method == "raking" and bounds is not None:
            method = "truncated_raking"
        if method == "linear" and bounds is not None:
            method = "truncated"
        if method in ("linear", "raking"):
            return cls(method, -np.inf if method == "linear" else 0.0, np.inf)
        if bounds is None:
            raise DataError(f"method {method!r} needs bounds = (lower, upper) on g = calibrated / initial weight.")
        lower, upper = guards.pair(bounds, "bounds", remedy="They are (lower, upper).")
        if not (0 <= lower < 1 < upper < np.inf):
            raise DataError(f"bounds = {bounds!r}: give 0 <= lower < 1 < upper, on g = calibrated / initial weight.")
        return cls(method, lower, upper)

    @property
    def kernel(self) -> newton.Distance:
        """The distance as kernels take it."""
        return newton.Distance(METHODS.index(self.method), self.lower, self.upper)


@dataclass(frozen=True, slots=True)
class Goal:
    """What a calibration is asked for.

    Attributes
    ----------
    total : (P, C) totals by partition, NaN where nothing is asked. tol : largest relative gap. max_iter : most sweeps or steps.
    reading : "totals", or "shares" where the totals are shares of the initial weights' sums.
    """

    total: np.ndarray
    distance: Distance
    tol: float = 1e-9
    max_iter: int = 1000
    reading: str = "totals"

    def following(self, sums: Floats, before: Floats) -> Self:
        """The goal of a sample whose initial weights have the sums (P,) and not those `before`: shares go along with them."""
        return replace(self, total=self.total * (sums / before)[:, None]) if self.reading == "shares" else self
