"""A statistic of one's own: any function of a table and weights, repeated in replicates or linearized by scores one gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats, Ints, OwnKind
from ..errors import DataError, DesignError, SurveysimError
from ..inference.questions import Questions, values_of
from ..inference.replication import Replication
from ..inference.scores import ReplicateError, Several
from ..tables import column_names, framed, is_file, kind_of

if TYPE_CHECKING:
    from ..estimation.survey import Survey
    from ..inference.estimates import Estimates


COPIES_LATE = int(pd.__version__.partition(".")[0]) >= 3  # a shallow copy is copied where it is written to


@dataclass(frozen=True)
class Called:
    """A function of somebody else's on the rows of a domain.

    f : function (table, weights). table : the rows. rows : (m,) their places. names : of its values, None before it was asked;
    (None,) where it is one number.
    """

    f: Callable[..., Any]
    table: Any
    rows: Ints
    label: str
    where: str
    names: tuple[Any, ...] | None = None

    def __call__(self, weights: Floats) -> tuple[tuple[Any, ...], Floats]:
        """Names and values with weights (n,)."""
        try:
            found = self.f(_own(self.table), weights[self.rows])
        except SurveysimError:
            raise
        except Exception as error:
            raise DataError(f"f = {self.label} failed{self.where}: {type(error).__name__}: {error}") from error
        names, values = self._read(found)
        if self.names is not None and names != self.names:
            raise DataError(
                f"f = {self.label} gives {_listed(names)}{self.where}, and {_listed(self.names)} in the sample; it has to give the same "
                f"names whatever the weights."
            )
        for name, value in zip(names, values, strict=True):
            if not np.isfinite(value):
                of = f" of {name!r}" if name is not None else ""
                raise DataError(
                    f"f = {self.label} gives {value}{of}{self.where}, which is no estimate; its weights may have become 0 where it "
                    f"divides. Mend it, or widen the domain."
                )
        return names, values

    def _read(self, found):
        """Names and numbers of what f gave."""
        if isinstance(found, pd.Series):
            if not found.index.is_unique:
                raise DataError(
                    f"f = {self.label} gives a Series{self.where} in which a name comes twice; give each its own."
                )
            found = found.to_dict()
        if isinstance(found, np.ndarray | np.generic) and np.ndim(found) == 0:
            found = found.item()
        several = isinstance(found, Mapping)
        given = dict(found) if several else {None: found}
        given = {
            k: v.item() if isinstance(v, np.ndarray | np.generic) and np.ndim(v) == 0 else v for k, v in given.items()
        }
        if not given or not all(map(guards.is_number, given.values())):
            raise DataError(
                f"f = {self.label} gives {guards.sight(found)}{self.where}: let it give a number, or named numbers as a dict or Series."
            )
        return tuple(given), np.array([float(v) for v in given.values()])


@dataclass(frozen=True)
class Repeated(Several):
    """`Several` of a function, which says in which replicate it failed."""

    def lanes(self, weights: Floats, totals: Any) -> Floats:
        """As `Several.lanes`."""
        result = np.empty((len(self.value), weights.shape[1]))
        for lane in range(weights.shape[1]):
            if lane and np.array_equal(weights[:, lane], weights[:, 0]):  # lanes beyond the last replicate
                result[:, lane] = result[:, 0]
                continue
            try:
                result[:, lane] = self.again(weights[:, lane])[1]
            except DataError as error:
                raise ReplicateError(lane, str(error)) from error.__cause__
        return result


def statistic(survey: "Survey", f: Callable[..., Any], by: Any, scores: Any, name: Any, **options: Any) -> "Estimates":
    """See `Survey.statistic`."""
    if not callable(f):
        raise DataError(f"f = {guards.sight(f)}: give a function of a table and weights.")
    if name is not None and (not isinstance(name, str) or not name):
        raise DataError(f"name = {guards.sight(name)}: give a text, or None for the name of f.")
    replicated = isinstance(survey.engine, Replication)
    if not replicated and scores is None:
        raise DesignError(
            'a function has no error by itself: take replicates first, survey.replicates("rao-wu", n=500, seed=1).statistic(f), or '
            "give scores=."
        )
    table = survey.data.frame() if is_file(survey.data) else survey.data
    label, asked = name or getattr(f, "__name__", type(f).__name__), Questions(survey, by)
    for d, domain in enumerate(asked.domains):
        inside = (asked.group == d) & (asked.weight != 0)
        rows = np.flatnonzero(inside)
        in_domain = f" in domain {domain!r}" if domain else ""
        call = Called(f, _taken(table, rows), rows, label, in_domain or " in the sample")
        names, value = call(asked.weight)
        again = Called(f, call.table, rows, label, in_domain, names)
        score = None if replicated else _scores(survey, scores, call, names, asked.weight)
        asked.items.append(Repeated(value, score, inside, again))
        asked.rows += [("statistic", label, "" if one is None else str(one), domain) for one in names]
    return asked.estimates(**options)


def _own(table: Any) -> Any:
    """A table that a function may change, while the next replicate finds it as it was; those of polars and Arrow do not change."""
    return table.copy(deep=not COPIES_LATE) if isinstance(table, pd.DataFrame) else table


def _taken(data: Any, rows: Ints) -> OwnKind:
    """Rows of a table, of its own kind; a copy."""
    if isinstance(data, pd.DataFrame):
        return data.iloc[rows].copy()
    if kind_of(data) is None and hasattr(data, "held"):
        return pd.DataFrame({name: data[name].to_numpy()[rows] for name in column_names(data)})
    return framed(data)[rows].to_native()


def _scores(survey, scores, call, names, weight):
    """Scores (E, n) of a domain's rows, 0 elsewhere."""
    n, rows, own = len(weight), call.rows, False
    if callable(scores):
        try:
            scores, own = scores(_own(call.table), weight[rows]), True
        except Exception as error:
            raise DataError(f"scores failed{call.where}: {type(error).__name__}: {error}") from error
    given = dict(scores) if isinstance(scores, Mapping) else {None: scores}
    if set(given) != set(names):
        raise DataError(f"scores are of {_listed(tuple(given))}, and f gives {_listed(names)}; give one for each.")
    result = np.zeros((len(names), n))
    for k, one in enumerate(names):
        values = given[one]
        what = "scores" if one is None else f"the scores of {one!r}"
        if isinstance(values, str) and not own:
            values = values_of(survey, values)[rows]
        else:
            values = guards.as_numbers(values, what)
            size = len(rows) if own else n
            if values.shape != (size,):
                raise DataError(f"{what} have shape {values.shape}{call.where}; give one for each of its {size} rows.")
            values = values if own else values[rows]
        guards.refuse(
            ~np.isfinite(values),
            f"{{bad}} of {{n}} of {what} are missing or infinite{call.where}, the first is row {{row}}.",
        )
        result[k, rows] = values
    return result


def _listed(names):
    return "one number" if names == (None,) else ", ".join(map(repr, names))
