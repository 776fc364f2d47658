"""Trimming as a step: weights beyond a bound are cut to it, and the excess goes to the others or is lost."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import guards
from ...aliases import Floats, Ints, Table
from ...errors import DataError
from ...tables import named
from ..step_links import Linked, Trimmed
from .classes import called, classes, in_words

RULES = ("mean", "median", "iqr", "potter", "weight")
MOST_ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class Trim:
    """Cut extreme weights, before or after raking, inside strata or over everybody.

    Parameters
    ----------
    most, least : bounds, None for none. What they are multiples of is the `rule`: "mean" and "median" of the weights; "iqr", from the
        median `most` interquartile ranges upwards and `least` downwards; "potter", the largest weight is √(most × Σ w² / n), found
        again after every cut until none is above (most = 10 in the National Assessment of Educational Progress); "weight", the
        weights themselves.
    by : columns inside whose levels weights are trimmed apart.
    redistribute : whether the weights that are not cut are multiplied by what keeps the sum; and cut in turn, where that lifts them
        beyond the bound.

    Notes
    -----
    In replicates the bounds are found again. Linearized errors let bounds by the mean move with it and take those of the other rules
    for fixed. `Rake(least=, most=)` trims and rakes in turn, so that margins hold too.

    References
    ----------
    Potter (1990), A study of procedures to identify and trim extreme sampling weights, Proc. Surv. Res. Methods Sect. ASA, 225-230.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import BaseWeight, Recipe, Trim
    >>> cases = pd.DataFrame({"w": [1, 1, 2, 8]})
    >>> Recipe([BaseWeight("w"), Trim(most=5, rule="weight")]).apply(cases).final.tolist()  # 3 go to the others, by their weights
    [1.75, 1.75, 3.5, 5.0]
    >>> Recipe([BaseWeight("w"), Trim(most=2, redistribute=False)]).apply(cases).final.tolist()  # twice the mean of 3
    [1.0, 1.0, 2.0, 6.0]
    """

    most: float | None = None
    least: float | None = None
    rule: str = "mean"
    by: tuple = ()
    redistribute: bool = True
    name: str = "trimmed_weight"

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", tuple(named(self.by, "by")))
        guards.choice(self.rule, "rule", RULES)
        guards.flag(self.redistribute, "redistribute")
        for side in ("most", "least"):
            if getattr(self, side) is not None:
                guards.number(getattr(self, side), side, 0)
        if self.most is None and self.least is None:
            raise DataError("a trim needs most or least; give one of them.")
        if self.rule == "potter" and (self.least is not None or not (self.most or 0) > 1):
            raise DataError('rule = "potter" cuts from above only: give most above 1, such as 10, and no least.')
        if self.rule in ("mean", "median") and not (self.least or 0) < 1 < (self.most or np.inf):
            raise DataError(
                f"least = {self.least!r}, most = {self.most!r}: give multiples of the {self.rule}, least < 1 < most."
            )
        if self.rule == "weight" and not (self.least or 0) < (np.inf if self.most is None else self.most):
            raise DataError(f"least = {self.least!r} is not below most = {self.most!r}.")

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        group, places = classes(cases, self.by, len(weight))
        copies = (weight > 0).astype(float) if fixed is None else np.where(weight > 0, fixed["copies"], 0.0)
        result, cut, bounds = weight.copy(), np.zeros(len(weight), np.int8), {}
        for k, levels in enumerate(places):
            rows = np.flatnonzero((group == k) & (weight > 0))
            if len(rows):
                try:
                    result[rows], cut[rows], bounds[in_words(levels)] = self._trimmed(weight[rows], copies[rows])
                except DataError as error:
                    raise DataError(f"{called(self.by, levels)}: {error}") from None
        record = {"cut": int((cut != 0).sum()), "bounds": bounds}
        if not cut.any():
            return result, record, None
        bounds_move = (self.most, self.least) if self.rule == "mean" else ()
        return result, record, Linked((Trimmed(group, weight, result, cut, self.redistribute, *bounds_move),))

    def _trimmed(self, weight: Floats, copies: Floats) -> tuple[Floats, Ints, tuple[float, float]]:
        """Weights of a group, 1 and -1 where they were cut from above and below, and the bounds."""
        bounds = self._bounds(weight, copies)
        result, cut = self._cut(weight, copies, bounds)
        for _ in range(MOST_ROUNDS if self.rule == "potter" else 0):
            before, bounds = bounds, self._bounds(result, copies)
            if abs(bounds[1] / before[1] - 1) <= 1e-13:
                break
            result, cut = self._cut(weight, copies, bounds)
        return result, cut, bounds

    def _bounds(self, weight, copies):
        """(lower, upper) for one respondent; a row stands for `copies` of them."""
        one, n = weight / copies, copies.sum()
        if self.rule == "potter":
            return 0.0, float(np.sqrt(self.most * np.sum(copies * one**2) / n))
        middle, spread = {"mean": weight.sum() / n, "weight": 1.0}.get(self.rule), 0.0
        if middle is None:
            low, middle, high = (_quantile(one, copies, p) for p in (0.25, 0.5, 0.75))
            spread = high - low
        if self.rule == "iqr":
            return (
                0.0 if self.least is None else max(0.0, middle - self.least * spread),
                np.inf if self.most is None else middle + self.most * spread,
            )
        return (self.least or 0.0) * middle, np.inf if self.most is None else self.most * middle

    def _cut(self, weight, copies, bounds):
        """Weights cut to their bounds, and where."""
        low, high = (bound * copies for bound in bounds)
        cut = np.where(weight > high, 1, 0) - np.where(weight < low, 1, 0)
        if not self.redistribute:
            return np.clip(weight, low, high), cut
        total = weight.sum()
        if not low.sum() <= total * (1 + 1e-12) or not total <= high.sum() * (1 + 1e-12):
            raise DataError(
                f"weights from {bounds[0]:.6g} to {bounds[1]:.6g} cannot sum to {total:,.6g} over {copies.sum():,.6g} respondents. "
                f"Widen the bounds, or leave out what is cut with redistribute = false."
            )
        factor = _factor(weight, low, high, total)
        result = np.clip(factor * weight, low, high)
        cut = np.where(factor * weight > high, 1, 0) - np.where(factor * weight < low, 1, 0)
        return result, cut


def _quantile(values: Floats, copies: Floats, p: float) -> float:
    """Quantile of values that occur `copies` times, interpolated between the middles of their shares (Hazen): it moves with the copies
    without a jump."""
    order = np.argsort(values, kind="stable")
    count = copies[order]
    return float(np.interp(p, (np.cumsum(count) - count / 2) / count.sum(), values[order]))


def _factor(weight: Floats, low: Floats, high: Floats, total: float) -> float:
    """f for which weights f w, cut to the bounds (n,), sum to the total: a piecewise linear equation, solved at its breaks."""
    breaks = np.unique(np.concatenate([low / weight, high / weight]))
    breaks = breaks[np.isfinite(breaks)]

    def above(f: float) -> Any:
        return np.clip(f * weight, low, high).sum() >= total

    first, last = 0, len(breaks)
    while first < last:  # the first break at which the sum is reached
        middle = (first + last) // 2
        first, last = (first, middle) if above(breaks[middle]) else (middle + 1, last)
    upper = breaks[first] if first < len(breaks) else np.inf
    lower = breaks[first - 1] if first else 0.0
    inside = (low / weight <= lower) & (high / weight >= upper)
    if not inside.any():
        return float(upper if np.isfinite(upper) else lower)
    held = np.where(high / weight <= lower, high, low)[~inside].sum()
    return float((total - held) / weight[inside].sum())
