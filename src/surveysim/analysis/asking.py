"""Functionals asked of a Survey: by domain, linearized or in replicates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import guards
from ..aliases import Floats, Ints
from ..coding import refuse_infinite
from ..errors import DataError, DesignError
from ..inference import scores
from ..inference.questions import Questions, values_of, wanted
from ..inference.replication import Replication
from ..inference.schemes import JACKKNIVES
from ..inference.scores import Several
from ..tables import one_name
from . import functionals
from .functionals import Functional, refuse_undefined

if TYPE_CHECKING:
    from ..estimation.survey import Survey
    from ..inference.estimates import Estimates


@dataclass(frozen=True)
class SideBySide(Several):
    """`Several` whose `again` takes weights (n, L) side by side."""

    def lanes(self, weights: Floats, totals: Any) -> Floats:
        """As `Several.lanes`."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.reshape(self.again(weights), (1, -1))


def _repeated(functional, rows, columns, weights):
    """Values (L,) with other weights (n, L)."""
    return functional.value(weights[rows], *columns)


def _linear(value, score, rows, base, weights):
    """The same by the scores alone."""
    return value + np.einsum("i,il->l", score, weights[rows]) - base


def item(survey: "Survey", functional: Functional, rows: Ints, columns: Sequence[Floats], inside: Any) -> SideBySide:
    """A functional of `rows` (m,) and their columns, as a statistic of the domain `inside` (n,)."""
    order = np.argsort(columns[0], kind="stable")
    rows, columns = rows[order], [np.ascontiguousarray(c[order]) for c in columns]
    engine, w = survey.engine, survey.design.weight[rows]
    jackknife = isinstance(engine, Replication) and engine.kind in JACKKNIVES and not functional.smooth
    with np.errstate(divide="ignore", invalid="ignore"):
        value = functional.value(w[:, None], *columns)
    again, score = partial(_repeated, functional, rows, columns), None
    if np.isfinite(value[0]) and (jackknife or not isinstance(engine, Replication)):
        with np.errstate(divide="ignore", invalid="ignore"):
            own = functional.score(w, *columns)
        if not np.isfinite(own).all():
            raise DesignError(
                f"the {functional.what} has a value, {value[0]:g}, but its error cannot be linearized: {functional.undefined}. Take "
                f"replicates, such as rao-wu."
            )
        score = np.zeros((1, len(survey.design.weight)))
        score[0, rows] = own
        if jackknife:
            again = partial(_linear, value[0], own, rows, np.einsum("i,i->", own, w))
    return SideBySide(value, score, inside, again)


def estimated(
    survey: "Survey",
    functional: Functional,
    given: Iterable[tuple[str, Sequence[Any]]],
    by: Any,
    *,
    whole: bool = False,
    **options: Any,
) -> "Estimates":
    """Estimates of a functional; given : (label, columns) of each variable.

    whole : the functional is of all rows, and a last column, 0 or 1, says who belongs to the domain.
    """
    asked = Questions(survey, by)
    weight = asked.weight
    for label, names in given:
        raw = [(name, values_of(survey, name)) for name in names]
        group, values = asked.complete(raw, label)
        group = np.where(weight != 0, group, -1).astype(np.int32)
        everybody = np.flatnonzero((weight != 0) & np.all([np.isfinite(v) for _, v in raw], axis=0)) if whole else None
        if everybody is not None:
            refuse_infinite(raw[0][1], repr(label), weight != 0)
        for d, domain in enumerate(asked.domains):
            inside = group == d
            rows = np.flatnonzero(inside)
            if len(rows) < functional.least:
                raise DataError(
                    f"the {functional.what} of {label} needs {functional.least} rows of weight, and "
                    f"{f'domain {domain!r}' if domain else 'the sample'} has {len(rows)}."
                )
            if everybody is not None:
                columns, rows = [*(v[everybody] for _, v in raw), inside[everybody].astype(float)], everybody
            else:
                columns = [v[rows] for v in values]
            found = item(survey, functional, rows, columns, inside)
            refuse_undefined(functional, found.value[0], label, domain)
            asked.items.append(found)
            asked.rows.append((functional.what, label, functional.level, domain))
    return asked.estimates(**options)


def alone(y: Any) -> list[tuple[str, list[Any]]]:
    """One variable for every column."""
    return [(name, [name]) for name in wanted(y)]


def pairs(y: Any, x: Any) -> list[tuple[str, list[Any]]]:
    """Every column of y with x, or with every other of them where x is None."""
    ys = wanted(y)
    if x is None and len(ys) < 2:
        raise DataError(f"y = {guards.sight(y)} without x: give two columns or more, of which every pair is taken.")
    both = combinations(ys, 2) if x is None else [(name, one_name(x, "x")) for name in ys]
    return [(f"{a}:{b}", [a, b]) for a, b in both]


def width_of(value: Any) -> float | None:
    """The width of a kernel, or None."""
    return None if value is None else guards.number(value, "width", 0.0, open_=True)


def distribution(survey: "Survey", y: Any, at: Any, by: Any, **options: Any) -> "Estimates":
    """See `Survey.cdf`."""
    points = guards.number_array([at] if guards.is_number(at) else at, "at", remedy="Points of the distribution of y.")
    if not len(points):
        raise DataError("at is empty: give at least one point.")
    asked = Questions(survey, by)
    for name in wanted(y):
        group, (values,) = asked.complete([(name, values_of(survey, name))], name)
        for point in points:
            asked.items.append(scores.block(asked.weight, values <= point, scores.NONE, group, asked.domains))
            asked.rows += [("cdf", name, f"{point:.15g}", domain) for domain in asked.domains]
    return asked.estimates(**options)


def poor(
    survey: "Survey", y: Any, by: Any, line: Any, measure: tuple[Any, Any, Any], within: bool, **options: Any
) -> "Estimates":
    """See `Survey.poverty`; measure : factor, share and width."""
    factor, share, width = (
        guards.number(measure[0], "factor", 0.0, open_=True),
        guards.share(measure[1], "q"),
        measure[2],
    )
    if guards.flag(within, "within") and line is not None:
        raise DataError("within = True is for lines that are found in the sample; leave line out, or within.")
    if line is not None:
        found = distribution(survey, y, guards.number(line, "line"), by, **options)
        columns = found.columns | {"statistic": ["poverty"] * len(found)}
        return replace(found, columns=columns)
    functional = functionals.poverty(factor, share, width_of(width))
    if within:
        functional = functionals.alone(functional)
    return estimated(survey, functional, alone(y), by, whole=not within, **options)
