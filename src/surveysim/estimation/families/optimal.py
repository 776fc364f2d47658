"""Estimators whose θ (and β) minimize the variance of every estimate by itself: Hartley's, and Fuller and Burmeister's."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...aliases import Floats
from ...errors import DataError
from ...inference import scores
from .composer import AB, BA, A, B, effective

if TYPE_CHECKING:
    from ...inference.scores import Statistic

PER_VARIABLE = {"hartley": {"theta"}, "fuller_burmeister": set()}
FEW = 20  # respondents of a sample in the overlap of a domain below which its own θ is no estimate
ROUNDS = 500  # of θ and the ratio it is optimal for
REST = 1e-12  # of the ratio, or of what it would be if no terms cancelled: a change that is rounding


def parts_of(part: Floats, z: Any) -> Floats:
    """Scores (3, n) whose sum u0 + θ u1 + β u2 is what Hartley's and Fuller and Burmeister's estimators give a row.

    u0 leaves frame A's overlap out, u1 moves the overlap from B's sample to A's, u2 moves its size alone.
    """
    return np.stack([part[:, [A, BA, B]].sum(axis=1) * z, (part[:, AB] - part[:, BA]) * z, part[:, AB] - part[:, BA]])


def optimal(design: Any, parts: Floats) -> Any:
    """Coefficients of parts 1, 2 … (p + 1, n) that minimize the variance of their sum with part 0; θ is kept in 0 to 1."""
    cov = design.covariance(parts)
    inner = cov[1:, 1:]
    scale = np.sqrt(np.maximum(np.diag(inner), 1e-300))
    inner = inner / np.outer(scale, scale)
    found = -np.linalg.pinv(inner, rcond=1e-10, hermitian=True) @ (cov[1:, 0] / scale) / scale
    if len(found) == 1:
        return np.clip(found, 0.0, 1.0) if cov[1, 1] > 0 else np.array([0.5])
    return found


def settled(following: Callable[[float], Any], value: float, size: float, estimator: str) -> Any:
    """`following(value)` where the ratio it gives, its second part, is the value it was given.

    Changes that swing about the solution, or shrink by half or faster, are summed to their limit (Aitken 1926); others are followed one by
    one, for a longer leap may leave the neighbourhood in which they shrink. `size` is what the ratio would be if no terms cancelled.
    """
    last = 0.0
    for _ in range(ROUNDS):
        found = following(value)
        change = found[1] - value
        if abs(change) <= REST * max(abs(value), size):
            return found
        pace = change / last if last else 1.0
        leap = pace < 0.5 and abs(pace) < 1e3
        value, last = (value + change / (1 - pace), 0.0) if leap else (found[1], change)
    raise DataError(
        f"{estimator}: θ and the ratio it is best for do not come to rest: after {ROUNDS} rounds the ratio still changes by {change:.3g}. "
        f'Say estimator="composite" with a theta=, or widen the domain.'
    )


@dataclass(frozen=True)
class Optimal:
    """One of these estimators from both samples as they came: their parts (n, 4), weights (n,) and design.

    again : whether θ is estimated anew with other weights.
    """

    estimator: str
    part: np.ndarray
    weight: np.ndarray
    design: Any
    again: bool = False

    @property
    def terms(self) -> int:
        return 1 if self.estimator == "hartley" else 2

    def pinned(self, mask: Any) -> Any:
        """Coefficients of a domain whose overlap is too thin in a sample for a θ of its own; else None."""
        w = self.weight
        if min((mask & (w > 0) & (self.part[:, k] > 0)).sum() for k in (AB, BA)) >= FEW:
            return None
        return np.array([effective(self.part, w), 0.0][: self.terms])

    def item(self, y: Floats, x: Floats | None, mask: Any, pinned: Any) -> "Statistic":
        """A total (x None) or ratio as a Statistic whose θ minimizes its own variance, or is `pinned`."""
        value, coefficients, base = self.solved(y, x, self.weight, pinned)
        again = partial(self._value, y, x, pinned if self.again else coefficients)
        z = y if x is None else y - value * x
        score = parts_of(self.part, z)
        score = score[0] + coefficients @ score[1 : 1 + len(coefficients)]
        return scores.Statistic(value, score / base, mask, again)

    def _value(self, y, x, coefficients, w):
        return self.solved(y, x, w, coefficients)[0]

    def solved(self, y: Floats, x: Floats | None, w: Floats, coefficients: Any = None) -> tuple[float, Any, Any]:
        """Value, coefficients and denominator of a total or a ratio with weights w."""
        design = self.design.reweighted(w)
        if x is None:
            if coefficients is None:
                coefficients = optimal(design, parts_of(self.part, y)[: 1 + self.terms])
            return self.total(y, coefficients, w), coefficients, 1.0
        if coefficients is not None:
            value, base = self.ratio(y, x, coefficients, w)
            return value, coefficients, base

        def following(value):
            """Coefficients optimal for residuals on a ratio, the ratio they give, and its denominator."""
            found = optimal(design, parts_of(self.part, y - value * x)[: 1 + self.terms])
            return found, *self.ratio(y, x, found, w)

        value, base = self.ratio(y, x, np.array([0.5, 0.0][: self.terms]), w)
        found = settled(following, value, scores.dot(w, np.abs(y)) / abs(base), self.estimator)
        return found[1], found[0], found[2]

    def total(self, y: Floats, coefficients: Any, w: Floats) -> float:
        """The total of y (n,) with weights w (n,), the overlap shared by coefficients."""
        parts = parts_of(self.part, y)
        return scores.dot(w, parts[0] + coefficients @ parts[1 : 1 + len(coefficients)])

    def ratio(self, y: Floats, x: Floats, coefficients: Any, w: Floats) -> tuple[float, float]:
        """The R for which the estimated total of y - R x is 0."""
        base = self.total(x, coefficients[:1], w)
        if base == 0:
            raise scores.no_denominator("this domain")
        return self.total(y, coefficients, w) / base, base
