"""Compositing: how the overlap of two frames is shared between their samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import guards
from ...aliases import Floats, Ints, Table, Truths
from ...columns import FRAMES
from ...errors import DataError
from ...tables import named
from ..result import deff_kish
from .classes import classes, in_words
from .design import one_of

RULES = ("effective", "respondents", "frames")


def effective_theta(weight: Floats, first: Truths) -> float:
    """θ of the first frame's overlap sample from effective sizes n / deff_kish (O'Muircheartaigh & Pedlow 2002).

    `weight` (n,) are the overlap respondents' weights, `first` (n,) says who came through the first frame. Rows without weight are no
    respondents.
    """
    first, weight = np.asarray(first, bool)[weight > 0], weight[weight > 0]
    if not first.any() or first.all():
        raise DataError("the overlap was reached through one frame only, so effective sizes give no θ; give a number.")
    size = [part.sum() / deff_kish(weight[part]) for part in (first, ~first)]
    return float(size[0] / (size[0] + size[1]))


def composite_factor(first: Truths, overlap: Truths, theta: Any) -> Floats:
    """Factors (n,): θ for the first frame's overlap, 1 − θ for the second's, 1 outside the overlap (Hartley 1962)."""
    return np.where(overlap, np.where(first, theta, 1 - theta), 1.0)


@dataclass(frozen=True, slots=True)
class Composite:
    """Share the overlap between two frames; θ multiplies the overlap of the first frame's sample, 1 − θ that of the second's.

    Parameters
    ----------
    theta : a number; {level of `by`: number}; "effective" for n / deff_kish of the two overlap samples (O'Muircheartaigh & Pedlow
        2002); "respondents" for their sizes; "frames" for the sampling fractions, respondents of a frame over its size, as a
        single-frame estimator shares the overlap (Kalton & Anderson 1986).
    by : columns inside whose levels θ is found apart, such as states.
    frame_sizes : (first, second), or {level of `by`: (first, second)}: sizes of the frames, for "frames".
    frame, domain : columns; `frames` are the labels of the first and the second frame, `domains` those of people in the first frame
        alone, in the second alone, and in both.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Composite, Recipe
    >>> cases = pd.DataFrame({"frame": ["landline"] * 2 + ["mobile"] * 2})
    >>> cases["domain"] = ["a", "ab", "ab", "b"]
    >>> Recipe([Composite(theta=0.4)]).apply(cases).final.tolist()
    [1.0, 0.4, 0.6, 1.0]
    >>> cases["state"] = ["NY", "NY", "OH", "OH"]
    >>> Recipe([Composite(theta={"NY": 0.25, "OH": 0.5}, by="state")]).apply(cases).final.tolist()
    [1.0, 0.25, 0.5, 1.0]
    """

    theta: Any = "effective"
    by: tuple = ()
    frame_sizes: Any = None
    frame: str = "frame"
    domain: str = "domain"
    frames: tuple = FRAMES
    domains: tuple = ("a", "b", "ab")
    name: str = "composite_weight"

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", tuple(named(self.by, "by")))
        for field, size in (("frames", 2), ("domains", 3)):
            given = getattr(self, field)
            if not isinstance(given, list | tuple) or len(given) != size or len(set(given)) < size:
                raise DataError(f"{field} = {guards.sight(given)}: give {size} different labels.")
            object.__setattr__(self, field, tuple(given))
        object.__setattr__(self, "theta", _by_level(self.theta, self.by, "theta"))
        object.__setattr__(self, "frame_sizes", _by_level(self.frame_sizes, self.by, "frame_sizes"))
        shares = [value for _, value in self.theta] if isinstance(self.theta, tuple) else [self.theta]
        for value in shares:
            if not (guards.is_number(value) and 0 <= value <= 1) and not (isinstance(value, str) and value in RULES):
                raise DataError(
                    f"theta = {guards.sight(value)}: give a share from 0 to 1, or one of {', '.join(RULES)}."
                )
        if any(guards.is_text(value, "frames") for value in shares) and self.frame_sizes is None:
            raise DataError('theta = "frames" needs frame_sizes = (size of the first frame, size of the second).')
        for pair in _values(self.frame_sizes):
            guards.pair(pair, "frame_sizes", remedy="They are the sizes of the first and the second frame.")
            if not min(pair) > 0:
                raise DataError(f"frame_sizes = {guards.sight(pair)}: a frame has members.")

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        first = one_of(cases, self.frame, self.frames) == 0
        overlap = one_of(cases, self.domain, self.domains) == 2
        group, places = classes(cases, self.by, len(weight))
        labels = [in_words(levels) for levels in places]
        if fixed is None:
            theta = np.array([self._theta(k, labels, group, (weight, first, overlap)) for k in range(len(labels))])
        else:
            theta = np.atleast_1d(np.array([*fixed["theta"].values()] if self.by else fixed["theta"], dtype=float))
        record = dict(zip(labels, theta.tolist(), strict=True)) if self.by else float(theta[0])
        return weight * composite_factor(first, overlap, theta[group]), {"theta": record}, None

    def _theta(self, k: int, labels: list[str], group: Ints, people: tuple[Floats, Truths, Truths]) -> float:
        """θ of a group of rows."""
        inside = group == k
        weight, first, overlap = people[0][inside], people[1][inside], people[2][inside]
        rule = _of_level(self.theta, labels[k], "theta")
        if not isinstance(rule, str):
            return float(rule)
        there = weight > 0
        if not overlap.any() or first.all() or not first.any():  # nothing to share, or one frame only
            return 1.0 if first.all() else 0.0
        if rule == "frames":
            sizes = _of_level(self.frame_sizes, labels[k], "frame_sizes")
            rate = [(there & side).sum() / size for side, size in zip((first, ~first), sizes, strict=True)]
            return float(rate[0] / (rate[0] + rate[1]))
        if rule == "respondents":
            both = there & overlap
            return float((both & first).sum() / both.sum())
        return effective_theta(weight[overlap], first[overlap])


def _by_level(given, by, what):
    """A mapping by the levels of `by` as a tuple of pairs (as recipe files have it); anything else as it is."""
    listed = isinstance(given, list | tuple)
    if listed and not (by and given and all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in given)):
        if what == "theta":
            raise DataError(f"theta = {guards.sight(given)}: give a share, a rule, or {{level of by: share}}.")
        guards.pair(
            given, what, remedy="They are the sizes of the first and the second frame, or {level of by: sizes}."
        )
        return tuple(given)
    if not listed and not isinstance(given, Mapping):
        return given
    if not by or not given:
        raise DataError(f"{what} = {guards.sight(given)}: one for every level needs by = the column of the levels.")
    return tuple((in_words(level), tuple(v) if isinstance(v, list) else v) for level, v in dict(given).items())


def _values(given):
    """The values of what `_by_level` made of sizes."""
    if given is None:
        return []
    return [value for _, value in given] if isinstance(given, tuple) and isinstance(given[0], tuple) else [given]


def _of_level(given: Any, label: str, what: str) -> Any:
    """The value of a level."""
    if not isinstance(given, tuple) or not isinstance(given[0], tuple):
        return given
    known = dict(given)
    if label not in known:
        raise DataError(f"{what} has no value for {label!r}, which rows have; it has {', '.join(map(repr, known))}.")
    return known[label]
