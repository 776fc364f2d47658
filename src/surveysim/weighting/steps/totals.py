"""Steps that meet totals: calibration, poststratification, and scaling to a size."""

import warnings
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import guards
from ...aliases import Floats, Table
from ...errors import DataError, SurveysimWarning
from ...tables import named
from ..calibration import calibrate, poststratify
from ..step_links import Linked, Scaled
from .classes import called, classes, in_words


@dataclass(frozen=True, slots=True)
class Calibrate:
    """Calibrate to known totals of categories and of numeric variables; the arguments are those of `calibrate`.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Calibrate, Recipe
    >>> cases = pd.DataFrame({"income": [1.0, 2.0, 3.0]})
    >>> Recipe([Calibrate({"income": 20})]).apply(cases).final.round(6).tolist()
    [2.0, 3.0, 4.0]
    """

    totals: Any
    by: str | None = None
    method: str = "linear"
    bounds: tuple | None = None
    q: str | None = None
    cluster: str | None = None
    tol: float = 1e-9
    max_iter: int = 1000
    name: str = "calibrated_weight"

    def __post_init__(self) -> None:
        object.__setattr__(self, "totals", deepcopy(self.totals))  # the caller's may change
        if not isinstance(self.totals, Mapping) or len(self.totals) == 0:
            raise DataError(f"totals = {guards.sight(self.totals)}: give {{column: total or {{level: total}}}}.")

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        options = {"by": self.by, "method": self.method, "q": self.q, "cluster": self.cluster}
        with warnings.catch_warnings():
            if fixed is not None:  # it was said of the sample
                warnings.simplefilter("ignore", SurveysimWarning)
            result = calibrate(
                cases, self.totals, weight=weight, bounds=self.bounds, tol=self.tol, max_iter=self.max_iter, **options
            )
        return result.weight, {"steps": result.iterations, "max_gap": result.max_gap}, result


@dataclass(frozen=True, slots=True)
class Poststratify:
    """Scale weights inside each level (or combination of levels) to its known total; see `poststratify`.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Poststratify, Recipe
    >>> cases = pd.DataFrame({"sex": ["m", "f", "f"]})
    >>> Recipe([Poststratify({"sex": {"m": 50, "f": 50}})]).apply(cases).final.tolist()
    [50.0, 25.0, 25.0]
    """

    totals: Any
    name: str = "poststratified_weight"

    def __post_init__(self) -> None:
        object.__setattr__(self, "totals", deepcopy(self.totals))

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        result = poststratify(cases, self.totals, weight=weight)
        return result.weight, {"max_gap": result.max_gap}, result


@dataclass(frozen=True, slots=True)
class Scale:
    """Multiply all weights by one number, so that they sum to the number of respondents or to a total.

    to : "n", a total, or {level of `by`: total}. by : columns inside whose levels weights are scaled apart.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import BaseWeight, Recipe, Scale
    >>> cases = pd.DataFrame({"w": [10, 30]})
    >>> Recipe([BaseWeight("w"), Scale()]).apply(cases).final.tolist()
    [0.5, 1.5]
    >>> Recipe([BaseWeight("w"), Scale(to=100)]).apply(cases).final.tolist()
    [25.0, 75.0]
    """

    to: Any = "n"
    by: tuple = ()
    name: str = "scaled_weight"

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", tuple(named(self.by, "by")))
        pairs = (
            self.to.items() if isinstance(self.to, Mapping) else self.to if isinstance(self.to, list | tuple) else None
        )
        if pairs is not None:
            if not self.by:
                raise DataError("to with a total for every level needs by = the columns of the levels.")
            object.__setattr__(self, "to", tuple((in_words(level), total) for level, total in pairs))
        for total in [t for _, t in self.to] if pairs is not None else [self.to]:
            if not guards.is_text(total, "n"):
                guards.number(total, "to", guards.SMALLEST, remedy='It is "n" or what the weights are to sum to.')

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        group, places = classes(cases, self.by, len(weight))
        copies = (weight > 0).astype(float) if fixed is None else np.where(weight > 0, fixed["copies"], 0.0)
        sums, n = (np.bincount(group, part, len(places)) for part in (weight, copies))
        wanted, counted = np.zeros(len(places)), np.zeros(len(places), bool)
        for k, levels in enumerate(places):
            to = self._total(levels)
            counted[k] = isinstance(to, str)
            wanted[k] = n[k] if counted[k] else to
        if fixed is None and not (sums > 0).all():
            k = int(np.argmin(sums))
            raise DataError(
                f"{called(self.by, places[k])} has no respondents with weight, so nothing can be scaled to {wanted[k]:,.6g}."
            )
        factor = np.divide(wanted, sums, out=np.zeros(len(sums)), where=sums > 0)[group]
        made = (wanted / np.where(sums > 0, sums, 1.0)).tolist()
        record = dict(zip(map(in_words, places), made, strict=True)) if self.by else made[0]
        link = Scaled(group, weight, factor, counted[group])
        return weight * factor, {"factor": record}, Linked((link,))

    def _total(self, levels):
        if not isinstance(self.to, tuple):
            return self.to
        known = dict(self.to)
        if in_words(levels) not in known:
            raise DataError(
                f"to has no total for {called(self.by, levels)}, which rows have; it has {', '.join(known)}."
            )
        return known[in_words(levels)]
