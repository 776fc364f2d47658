"""Raking as a step: thin levels merged with their neighbours, weights trimmed, and both again in a replicate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ... import guards
from ...aliases import Floats, Table
from ...errors import CalibrationError
from ..distances import Distance, Goal
from ..margins import Margins, of_file
from ..problem import Problem
from ..reconciling import as_asked, changes_of
from ..result import Calibration
from ..solver import check_solver
from ..trimming import calibrate_trimmed, trim_bounds


@dataclass(frozen=True, slots=True)
class Rake:
    """Rake to control totals; a level with fewer than `minimum` respondents, or less than `minimum_share` of them, is first merged with
    its neighbour.

    `margins`, `by`, `margins_are`, `rescale`, `reconcile` and `bounds` on raked over initial weight are those of `rake`; parsed
    `Margins` bring their own `by`. `least` and `most`, multiples of the mean raked weight, trim the weights: raking and trimming
    alternate until the raked weights keep these bounds, and those on g beside them (individual and global caps: Izrael, Battaglia &
    Frankel 2009, SAS Global Forum, paper 258).

    Levels are looked at in order: a thin one joins the next, a thin last one the one before, until none is thin. What
    was merged is recorded.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Margins, Rake, Recipe
    >>> cases = pd.DataFrame({"age": ["6-29", "30-59", "30-59", "60+"]})
    >>> margins = Margins.parse({"age": {"6-29": 40, "30-59": 30, "60+": 20}})
    >>> weights = Recipe([Rake(margins, minimum=2)]).apply(cases)
    >>> weights.final.round(6).tolist()
    [22.5, 22.5, 22.5, 22.5]
    >>> [(step["level"], step["into"]) for step in weights.records[0]["merged"]]
    [('6-29', '30-59'), ('60+', '30-59')]
    """

    margins: Margins
    by: str | None = None
    margins_are: str | None = None
    minimum: int = 5
    minimum_share: float = 0.0
    bounds: tuple | None = None
    least: float | None = None
    most: float | None = None
    rescale: Any = None
    reconcile: Any = None
    tol: float = 1e-9
    max_iter: int = 1000
    name: str = "final_weight"
    agreed: Margins = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "margins", Margins.parse(self.margins, self.by))  # the caller's may change
        trim_bounds((self.least, self.most))
        guards.whole_number(self.minimum, "minimum", remedy="It is the least respondents of a level.")
        guards.number(
            self.minimum_share, "minimum_share", 0, 1, remedy="It is the least share of respondents in a level."
        )
        Distance.of("raking", self.bounds)  # which checks them
        object.__setattr__(self, "reconcile", _settled(self.reconcile))
        object.__setattr__(self, "agreed", as_asked(self.margins, self.reconcile))

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        cases, targets, _ = of_file(cases, self.agreed, None)
        check_solver(self.tol, self.max_iter)
        problem = Problem.of(cases, targets, weight)
        reading = targets.reading(self.margins_are, self.rescale)
        if reading == "totals" and self.margins_are is None and self.rescale is None and fixed is None:
            targets.refuse_near_shares(problem.sums)
        total, _ = targets.as_totals(problem.sums, reading, self.rescale)
        if fixed is None:
            problem, total, merged = merge_thin(problem, total, self.minimum, self.minimum_share)
        else:
            merged = fixed["merged"]
            problem, total = merge_again(problem, total, merged)
        trimmed = self.least is not None or self.most is not None
        distance = Distance.of("raking", None if trimmed else self.bounds)
        result = Calibration.of(problem, Goal(total, distance, self.tol, self.max_iter, reading))
        more = {} if self.reconcile is None else {"reconciled": changes_of(self.agreed)}
        if trimmed:
            copied = None if fixed is None else fixed.get("copies")
            result, more["trimmed"] = calibrate_trimmed(result, self.least, self.most, copied, bounds=self.bounds)
        record = {"sweeps": result.iterations, "max_gap": result.max_gap, "merged": merged} | more
        return result.weight, record, result


def _settled(asked: Any) -> Any:
    """What was asked, of lists that nobody changes any more; the same from Python and from a recipe file."""
    if isinstance(asked, Mapping):
        return {k: list(_settled(v)) if isinstance(v, list | tuple) else v for k, v in asked.items()}
    return tuple(_settled(value) for value in asked) if isinstance(asked, list | tuple) else asked


def merge_thin(problem: Problem, total: Floats, minimum: int, share: float = 0.0) -> tuple[Problem, Floats, Any]:
    """Merge levels with fewer than `minimum` respondents or less than a `share` of their partition's, partition by partition: problem,
    totals, what was merged."""
    targets, total = problem.targets, total.copy()
    first, (P, C) = targets.first, total.shape
    count = np.zeros((P, C + 1), np.int64)
    count[:, problem.columns] += problem.respondents()
    image = np.broadcast_to(np.arange(C), (P, C)).copy()
    respondents = count[:, first[0] : first[1]].sum(axis=1)
    least = np.maximum(minimum, share * respondents)
    merged = []
    for p, c in np.argwhere(count[:, :C] < least[:, None]):
        if image[p, c] != c or count[p, c] >= least[p] or (np.isnan(total[p, c]) and count[p, c] == 0):
            continue  # already joined, made thick by an earlier one, or no level of this partition
        m = int(np.searchsorted(first, c, side="right")) - 1
        open_ = [k for k in range(first[m], first[m + 1]) if image[p, k] == k and k != c and not np.isnan(total[p, k])]
        if not open_:
            raise CalibrationError(
                f"margin {targets.name(c)[0]!r}{targets.where(p)} has {count[p, c]} respondents altogether, fewer than "
                f"minimum = {least[p]:g}; lower the minimum or drop the margin there."
            )
        into = next((k for k in open_ if k > c), open_[-1])
        _join(image, total, p, c, into)
        count[p, into] += count[p, c]
        count[p, c], (margin, level) = 0, targets.name(c)
        step = {"partition": targets.partitions[p], "margin": margin, "level": level, "into": targets.name(into)[1]}
        merged.append(step)
    return (problem.merged(image) if merged else problem), total, merged


def merge_again(problem: Problem, total: Floats, merged: Any) -> tuple[Problem, Floats]:
    """Problem and totals with the merges of an earlier run, however many respondents there are now."""
    targets, total = problem.targets, total.copy()
    image = np.broadcast_to(np.arange(total.shape[1]), total.shape).copy()
    place = {targets.name(c): c for c in range(total.shape[1])}
    for step in merged:
        c, into = (place[step["margin"], step[name]] for name in ("level", "into"))
        _join(image, total, targets.partitions.index(step["partition"]), c, into)
    return (problem.merged(image) if merged else problem), total


def _join(image: np.ndarray, total: np.ndarray, p: int, c: int, into: int) -> None:
    """Give a level and its total to another, in place."""
    image[p, image[p] == c] = into
    total[p, into] += total[p, c]
    total[p, c] = np.nan
