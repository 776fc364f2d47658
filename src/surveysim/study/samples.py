"""What an estimator sees of one repetition, and what it gives back: plug-ins are functions of a `Sample`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import StudyError
from ..on_demand import Later
from .parts import FIELDS

if TYPE_CHECKING:
    from ..estimation import DualFrameSurvey, Survey

estimation = Later(__package__, "..estimation")  # a plan is described without what estimates


@dataclass(frozen=True)
class Sample:
    """One repetition as an estimator sees it: the interviews, never the population.

    Attributes
    ----------
    interviews : DataFrame of the respondents (or sampled elements) with design columns, answers and weights; made when asked for.
    survey : Survey with the final weights. rng : Generator of this repetition and method. repetition : its number.
    totals : {column: {level: total}} known of the population, where the study calibrates to them.
    """

    repetition: int
    rng: np.random.Generator = field(repr=False)
    make: Callable[[], Any] = field(repr=False)
    totals: dict = field(repr=False, default_factory=dict)
    pair: Any = field(repr=False, default=None)

    @cached_property
    def _made(self):
        return self.make()

    @property
    def interviews(self) -> Any:
        return self._made[0]

    @property
    def survey(self) -> "Survey":
        return self._made[1]

    def dual_frame(self) -> "DualFrameSurvey":
        """The interviews as a `DualFrameSurvey`; see `SurveyRun.dual_frame`."""
        if self.pair is None:
            raise StudyError("this sample comes from one frame; there is no dual_frame().")
        return self.pair(self.interviews)


def values_of(result: Any, items: Sequence[tuple[str, str]]) -> np.ndarray:
    """(items, FIELDS) from what an estimator returned: Estimates, a table, or {estimand: estimate, (estimate, se[, df]) or {field: value}}.

    Rows it leaves out stay missing; names that are no estimands of the study, rows given twice and impossible numbers are refused.
    """
    place, seen = {item: k for k, item in enumerate(items)}, set()
    out = np.full((len(items), len(FIELDS)), np.nan)
    for name, domain, values in _rows(result):
        if (name, domain) not in place:
            raise StudyError(
                f"the estimator returned {name!r}{f' in {domain!r}' if domain else ''}, which is no estimand of the study. Estimands: "
                f"{', '.join(dict.fromkeys(n for n, _ in items))}."
            )
        where = f"{name!r}{f' in {domain!r}' if domain else ''}"
        if (name, domain) in seen:
            raise StudyError(f"the estimator returned {where} twice.")
        seen.add((name, domain))
        for key, value in _possible(where, values).items():
            out[place[name, domain], FIELDS.index(key)] = value
    return out


def _possible(where, values):
    """The values of one estimand; impossible ones are refused, and the end that a one-sided interval leaves out is infinite."""
    for key in ("se", "n", "deff"):
        if values.get(key, 0.0) < 0:
            raise StudyError(f"{where}: {key} = {values[key]:g} is below 0.")
    if values.get("df", 1.0) <= 0:
        raise StudyError(f"{where}: df = {values['df']:g}: degrees of freedom are above 0, or missing.")
    lower, upper = (values.get(key, np.nan) for key in ("lower", "upper"))
    if np.isnan(lower) and np.isnan(upper):
        return values
    lower, upper = (-np.inf if np.isnan(lower) else lower), (np.inf if np.isnan(upper) else upper)
    if lower > upper or lower == np.inf or upper == -np.inf:
        raise StudyError(f"{where}: the interval from lower = {lower:g} to upper = {upper:g} holds nothing.")
    return values | {"lower": lower, "upper": upper}


def _rows(result):
    """(estimand, domain, {field: value}) of every row of a result."""
    if isinstance(result, estimation.Estimates):
        result = result.table.rename(columns={"variable": "estimand"})
    if isinstance(result, pd.DataFrame):
        if "estimand" not in result or "estimate" not in result:
            raise StudyError(
                f"a table of estimates needs columns estimand and estimate; it has {', '.join(map(str, result.columns))}."
            )
        known = [name for name in FIELDS if name in result]
        for row in result.to_dict("records"):
            domain = row.get("domain", "")
            yield (
                row["estimand"],
                domain if isinstance(domain, str) else "",
                {k: _number(row[k], row["estimand"]) for k in known},
            )
        return
    if not hasattr(result, "items"):
        raise StudyError(
            f"an estimator returns Estimates, a table or {{estimand: (estimate, se)}}; got {type(result).__name__}."
        )
    for name, value in result.items():
        if isinstance(value, estimation.Estimates):
            for row in value.table.to_dict("records"):
                domain = row["domain"] if len(value) > 1 else ""
                yield name, domain, {k: _number(row[k], name) for k in FIELDS if k in row}
        elif hasattr(value, "items"):
            unknown = [k for k in value if k not in FIELDS]
            if unknown:
                raise StudyError(f"{name!r} has {unknown[0]!r}, which is none of {', '.join(FIELDS)}.")
            yield name, "", {k: _number(v, name) for k, v in value.items()}
        else:
            try:
                given = np.atleast_1d(np.asarray(value))
                given = given.astype(float) if given.dtype.kind in "biufO" else np.empty(0)
            except (TypeError, ValueError):
                given = np.empty(0)
            if given.ndim != 1 or not 1 <= len(given) <= 3:
                raise StudyError(f"{name!r} = {value!r}: give the estimate, (estimate, se) or (estimate, se, df).")
            yield name, "", dict(zip(FIELDS, map(float, given), strict=False))


def _number(value, name):
    try:
        if isinstance(value, str | bytes):
            raise TypeError
        return np.nan if value is None or value is pd.NA else float(value)
    except (TypeError, ValueError):
        raise StudyError(f"{name!r}: {value!r} is no number.") from None
