"""Second phase among nonrespondents: those who were subsampled and followed stand for those who were left out."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import guards
from ...aliases import Floats, Table
from ...errors import DataError
from ...tables import named, numbers_of, one_name
from ..constraints import Multiplied
from ..step_links import Linked
from .classes import called, classes
from .unit_nonresponse import passed_on

LEFT_OUT, FIRST, SECOND = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Subsample:
    """Weight up the nonrespondents of a first phase who were subsampled and followed, for those who were left out.

    Parameters
    ----------
    phase : column: 1, done with in the first phase (all its respondents); 2, subsampled; 0, a nonrespondent who was left out.
    by : columns of the classes inside which the subsample was drawn; those left out give their weight to those subsampled in their class.
    rate : instead of `by`, the share that was subsampled, a number or a column: weights of phase 2 are divided by it. It needs no rows of
        those left out.

    Notes
    -----
    Hansen and Hurwitz's estimator. With `by` the share is that of the file, so that the score of somebody left out is the mean of the
    subsampled and theirs is f (z - mean) + mean: sampled with replacement, or nearly so, its PSU variance holds the second phase,
    S² + (1 / v - 1) W₂ S₂² over n (docs/explanation/two-phase.md). With `rate` factors are constants, which is right where each is
    subsampled or not on its own; a subsample of a fixed number has less variance than that.

    References
    ----------
    Hansen & Hurwitz (1946), JASA 41:517-529; Särndal, Swensson & Wretman (1992), sections 9.3 and 15.4.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import BaseWeight, Recipe, Subsample
    >>> sample = pd.DataFrame({"w": 10, "phase": [1, 1, 2, 0, 0]})
    >>> Recipe([BaseWeight("w"), Subsample()]).apply(sample).final.tolist()
    [10.0, 10.0, 30.0, 0.0, 0.0]
    """

    phase: str = "phase"
    by: tuple = ()
    rate: Any = None
    name: str = "subsample_weight"

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", tuple(named(self.by, "by")))
        if self.rate is None:
            return
        if self.by:
            raise DataError("give classes (by), whose shares the file has, or the rate, not both.")
        if not isinstance(self.rate, str):
            rate = guards.number(self.rate, "rate", 0, 1, remedy="It is the share that was subsampled, or its column.")
            if rate == 0:
                raise DataError("rate = 0: nobody would have been subsampled.")

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        phase = numbers_of(cases, one_name(self.phase, "phase"), len(weight), "", finite=False)
        message = (
            "{name!r} has {bad} values other than 0 (left out), 1 and 2 (phases), the first is {first:g} in row {row}."
        )
        guards.refuse(~np.isin(phase, (LEFT_OUT, FIRST, SECOND)), message, name=self.phase, first=phase)
        first, left = phase == FIRST, phase == LEFT_OUT
        if self.rate is None:
            group, places = classes(cases, self.by, len(weight))
            labels = [*(called(self.by, levels) for levels in places), "the first phase"]
            link = passed_on(np.where(first, len(places), group), weight, ~left, left, "that were subsampled", labels)
            factor = link.factor
        else:
            factor = np.where(first, 1.0, 1 / np.where(phase == SECOND, self._rates(cases, phase), 1.0))
            factor = np.where(left, 0.0, factor)
            link = Multiplied(factor)
        record = {
            "first": int(first.sum()),
            "second": int((phase == SECOND).sum()),
            "left_out": int(left.sum()),
            "most": float(factor[~left].max(initial=1.0)),
        }
        return np.where(left, 0.0, weight * factor), record, Linked((link,), gone=left if left.any() else None)

    def _rates(self, cases, phase):
        """Shares (n,) that were subsampled."""
        if not isinstance(self.rate, str):
            return np.full(len(phase), float(self.rate))
        rate = numbers_of(cases, one_name(self.rate, "rate"), len(phase), "", finite=False)
        message = "{what}: {bad} of {n} rows of phase 2 have no share above 0 that was subsampled; the first is {first!r} in row {row}."
        guards.refuse((phase == SECOND) & guards.not_probabilities(rate), message, what=self.rate, first=rate)
        return rate
