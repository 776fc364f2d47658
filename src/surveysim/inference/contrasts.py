"""Differences and other functions of estimates: values by the rows, errors by their covariance, or repeated in every replicate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import guards
from ..aliases import Array, Floats
from ..errors import DataError
from . import intervals
from .expressions import Expression
from .replication import Replication
from .scores import Statistic, expanded
from .standard_errors import standard_errors

if TYPE_CHECKING:
    from .estimates import Estimates

_CHOICES = [(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1) if a or b or c]


class Items:
    """Statistics of several rows, taken apart once for all that is made of them."""

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = tuple(items)

    @cached_property
    def parts(self) -> list[Statistic]:
        """One for every row; those that have no scores have masks of rows alone."""
        return expanded([item if getattr(item, "score", 0) is not None else item.unscored() for item in self.items])

    def lanes(self, weights: Floats, totals: Any) -> Floats:
        """The values of all rows (E, LANES) with other weights (n, LANES)."""
        return np.concatenate([item.lanes(weights, totals) for item in self.items])


@dataclass(frozen=True)
class Composed:
    """A function `of` the values (E, …) of items, with its slopes (E,), as a statistic like any other."""

    value: float
    slopes: np.ndarray
    items: Items
    of: Callable[[Floats], Array]

    @cached_property
    def rows(self) -> Array:
        """The rows (n,) of what it is made of."""
        return np.any([self.items.parts[k].rows for k in np.flatnonzero(self.slopes)], axis=0)

    def statistics(self) -> list[Statistic]:
        """The linearized one."""
        used = np.flatnonzero(self.slopes)
        score = sum((self.slopes[k] * self.items.parts[k].score for k in used), np.zeros(()))
        return [Statistic(self.value, score, self.rows)]

    def lanes(self, weights: Floats, totals: Any) -> Floats:
        """Values (1, LANES) with other weights (n, LANES)."""
        return np.reshape(self.of(self.items.lanes(weights, totals)), (1, -1))


@dataclass(frozen=True)
class Part:
    """What is made of rows of estimates: its name, value, slopes (E,) by them, the function, and whether that is linear."""

    name: str
    value: float
    slopes: np.ndarray
    of: Callable[[Floats], Array]
    linear: bool = True


def linear(e: "Estimates", name: str, vector: Floats) -> Part:
    """The linear combination of rows with coefficients (E,)."""
    return Part(name, float(vector @ np.asarray(e.columns["estimate"])), vector, partial(np.matmul, vector))


def made(e: "Estimates", what: str, parts: Sequence[Part], df: float | None = None) -> "Estimates":
    """Estimates whose rows are functions of those of others; df None takes the smallest of the rows each is made of."""
    table, items, factor = e.table, Items(e.items), np.ones(len(e)) if e.factor is None else e.factor
    slopes = np.stack([part.slopes for part in parts])
    composed = tuple(
        Composed(p.value, p.slopes * factor, items, p.of if e.factor is None else partial(_scaled, p.of, e.factor))
        for p in parts
    )
    V, size = slopes @ e.cov @ slopes.T, np.abs(slopes) @ np.abs(e.cov) @ np.abs(slopes).T
    variance = np.diag(V).copy()
    curved = [k for k, part in enumerate(parts) if not part.linear]
    if curved and isinstance(e.design, Replication):
        found = e.design.item_variances([composed[k] for k in curved], [parts[k].name for k in curved])
        variance[curved] = np.concatenate(found)
    se = standard_errors(variance, np.diag(size), lambda k: f"the {what} {parts[k].name}")
    own, used = table["df"].to_numpy(float), slopes != 0
    df = guards.degrees(df)
    degrees = np.array([np.min(own, where=u, initial=np.inf) if df is None else df for u in used])
    value = np.array([part.value for part in parts])
    lower, upper = intervals.wald_interval(value, se, e.level, degrees)
    weighted = np.asarray(e.design.weight) != 0
    named = [table["variable"][u].unique() for u in used]
    columns = {
        "statistic": [what] * len(parts),
        "variable": [v[0] if len(v) == 1 else "" for v in named],
        "level": [""] * len(parts),
        "domain": [part.name for part in parts],
        "estimate": value,
        "se": se,
        "lower": lower,
        "upper": upper,
        "df": degrees,
        "deff": np.full(len(parts), np.nan),
        "n": np.array([np.count_nonzero(c.rows & weighted) for c in composed]),
        "moe": intervals.t_quantile(e.level, degrees) * se,
    }
    return replace(e, columns=columns, items=composed, factor=None)


def _scaled(of, factor, values):
    return of(values * factor[:, None])


def contrast(e: "Estimates", coefficients: Mapping[Any, float], df: float | None) -> "Estimates":
    """See `Estimates.contrast`."""
    if not isinstance(coefficients, Mapping) or not all(map(guards.is_finite, coefficients.values())):
        raise DataError(f"coefficients = {guards.sight(coefficients)}: give {{row: number}}, such as {{0: 1, 1: -1}}.")
    vector = np.zeros(len(e))
    for row, value in coefficients.items():
        vector[position(e, row)] += value
    if not np.any(vector):
        raise DataError("a contrast needs at least one coefficient that is not 0.")
    name = " ".join(f"{v:+g}·[{name_of(e, k)}]" for k, v in enumerate(vector) if v)
    return made(e, "contrast", [linear(e, name, vector)], df)


def function(e: "Estimates", formulas: Any, rows: Mapping[str, Any], df: float | None) -> "Estimates":
    """See `Estimates.function`."""
    if isinstance(formulas, str):
        formulas = {formulas: formulas}
    if not isinstance(formulas, Mapping) or not formulas or not all(isinstance(k, str) for k in formulas):
        raise DataError(
            f'formula = {guards.sight(formulas)}: give a text such as "a / b", or {{name: text}} for several at once.'
        )
    read, met = {name: Expression(text) for name, text in formulas.items()}, set()
    parts = []
    for name, expression in read.items():
        met |= set(expression.names)
        at = np.array([position(e, rows.get(word, word)) for word in expression.names], dtype=np.int64)
        if not len(at):
            raise DataError(f"formula = {guards.sight(expression.text)} has no estimate in it.")
        x = np.asarray(e.columns["estimate"], float)[at]
        value, slope = float(expression(x)), expression.slopes(x)
        if not np.isfinite(value) or not np.isfinite(slope).all():
            shown = ", ".join(f"{word} = {v:g}" for word, v in zip(expression.names, x, strict=True))
            raise DataError(f"{guards.sight(expression.text)} has no value, or no slope, where {shown}.")
        slopes = np.zeros(len(e))
        np.add.at(slopes, at, slope)
        parts.append(Part(name, value, slopes, partial(_at, expression, at), linear=False))
    if set(rows) - met:
        raise DataError(f"{', '.join(sorted(set(rows) - met))}: no name in the formula; leave it out, or use it there.")
    return made(e, "function", parts, df)


def _at(expression, at, values):
    return expression(values[at])


def position(e: "Estimates", row: Any) -> int:
    """The place of a row from its place or its name."""
    if isinstance(row, int | np.integer) and not isinstance(row, bool):
        if not -len(e) <= row < len(e):
            raise DataError(f"row {row} is beyond the {len(e)} estimates.")
        return int(row) % len(e)
    at = [k for k in range(len(e)) if _is_called(e, k, row)]
    if len(at) != 1:
        names = [name_of(e, k) for k in range(len(e))]
        shown = ", ".join(map(repr, names[:10])) + (" …" if names[10:] else "")
        raise DataError(
            f"{guards.sight(row)} names {len(at)} estimates; give the position of the row, 0 to {len(e) - 1}, or its "
            f"name, one of {shown}{', with its variable in front' if len(set(names)) < len(names) else ''}."
        )
    return at[0]


def _is_called(e, k, name):
    """Whether a text names a row: some of its variable, level and domain, in this order."""
    if not isinstance(name, str):
        return False
    parts = [str(e.columns[c][k]) for c in ("variable", "level", "domain")]
    some = ([p for p, keep in zip(parts, chosen, strict=True) if keep and p] for chosen in _CHOICES)
    return any(name == ", ".join(words) for words in some if words)


def name_of(e: "Estimates", k: int) -> str:
    """What a row is called: its level and domain, or its variable."""
    level, domain, variable = (e.columns[c][k] for c in ("level", "domain", "variable"))
    return ", ".join(str(v) for v in (level, domain) if v) or variable
