"""What an estimator sees of one repetition, and what it gives back: plug-ins are functions of a `Sample`."""

import hashlib
import importlib
import sys
import types
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import SpecError, StudyError
from ..estimation import Estimates, Survey
from .ledger import FIELDS


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
    make: object = field(repr=False)
    totals: dict = field(repr=False, default_factory=dict)
    pair: object = field(repr=False, default=None)

    @cached_property
    def _made(self):
        return self.make()

    @property
    def interviews(self):
        return self._made[0]

    @property
    def survey(self) -> Survey:
        return self._made[1]

    def dual_frame(self):
        """The interviews as a `DualFrameSurvey`; see `SurveyRun.dual_frame`."""
        if self.pair is None:
            raise StudyError("this sample comes from one frame; there is no dual_frame().")
        return self.pair(self.interviews)


def loaded(reference, folder):
    """The callable of "module:function" or "file.py:function", files beside the study's, as they are now."""
    where, _, name = reference.rpartition(":")
    try:
        if where.endswith(".py"):
            body = (Path(folder) / where).read_bytes()
            found = getattr(_module(str(Path(folder) / where), body), name)
        else:
            found = getattr(importlib.import_module(where), name)
    except (ImportError, AttributeError, OSError, SyntaxError) as error:
        raise SpecError(
            f"call = {reference!r} cannot be loaded: {error}. Give module:function or file.py:function."
        ) from None
    if not callable(found):
        raise SpecError(f"call = {reference!r} is a {type(found).__name__}, not a function of a sample.")
    return found


def source_of(reference, folder):
    """Digest of the file that a plug-in stands in, helpers and constants included."""
    where, _, _ = reference.rpartition(":")
    if where.endswith(".py"):
        return hashlib.sha256((Path(folder) / where).read_bytes()).hexdigest()[:16]
    file = getattr(importlib.import_module(where), "__file__", None)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16] if file else where


@cache
def _module(path, body):
    """A module made from the very bytes that were read."""
    made = types.ModuleType(f"surveysim_plugin_{Path(path).stem}_{hashlib.sha256(body).hexdigest()[:8]}")
    made.__file__ = path
    sys.modules[made.__name__] = made
    exec(compile(body, path, "exec"), made.__dict__)
    return made


def values_of(result, items):
    """(items, FIELDS) from what an estimator returned: Estimates, a table, or {estimand: estimate, (estimate, se[, df]) or {field: value}}.

    Rows it leaves out stay missing; names that are no estimands of the study are refused.
    """
    place = {item: k for k, item in enumerate(items)}
    out = np.full((len(items), len(FIELDS)), np.nan)
    for name, domain, values in _rows(result):
        if (name, domain) not in place:
            raise StudyError(
                f"the estimator returned {name!r}{f' in {domain!r}' if domain else ''}, which is no estimand of the study. Estimands: "
                f"{', '.join(dict.fromkeys(n for n, _ in items))}."
            )
        for key, value in values.items():
            out[place[name, domain], FIELDS.index(key)] = value
    return out


def _rows(result):
    """(estimand, domain, {field: value}) of every row of a result."""
    if isinstance(result, Estimates):
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
        if isinstance(value, Estimates):
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
                given = np.atleast_1d(np.asarray(value, dtype=float))
            except (TypeError, ValueError):
                given = np.empty(0)
            if given.ndim != 1 or not 1 <= len(given) <= 3:
                raise StudyError(f"{name!r} = {value!r}: give the estimate, (estimate, se) or (estimate, se, df).")
            yield name, "", dict(zip(FIELDS, map(float, given), strict=False))


def _number(value, name):
    try:
        return np.nan if value is None or value is pd.NA else float(value)
    except (TypeError, ValueError):
        raise StudyError(f"{name!r}: {value!r} is no number.") from None
