"""Predicted margins and average marginal effects: averages over the rows of what a model predicts where some columns are set.

Graubard & Korn (1999), Biometrics 55:652-659; the error of an average counts the weights it is made with and the coefficients, whose
scores are joined (Deville 1999).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ... import guards
from ...aliases import Array, Floats
from ...coding import categorical
from ...errors import DataError
from ...inference import scores
from ...inference.estimates import Estimates
from ...naming import did_you_mean
from ...tables import named
from . import formula as formulas
from .variances import covariance

if TYPE_CHECKING:
    from .model import Model

ERRORS = ("full", "coefficients", "averaging")
STEP = 6e-6  # of a value's size, half of what it is moved by for a derivative
SMALL = 0.01  # of the middle size, what smaller values are moved as, lest rounding is seen


@dataclass(frozen=True)
class Part:
    """A prediction for every cell: means of x (C, p) with an offset, times `sign`, or where `dx` is there their change along it."""

    x: np.ndarray
    offset: Any
    sign: float = 1.0
    dx: Any = None

    def value(self, made: Any, at: Floats) -> Floats:
        """(C, K) at coefficients."""
        found = (
            made.means(self.x, self.offset, at) if self.dx is None else made.tilts(self.x, self.offset, at, self.dx)[0]
        )
        return self.sign * found

    def slopes(self, made: Any, at: Floats) -> Array:
        """Derivatives (C, K, E) by the coefficients."""
        if self.dx is None:
            return self.sign * made.slopes(self.x, self.offset, at)
        return self.sign * made.tilts(self.x, self.offset, at, self.dx)[1]


@dataclass(frozen=True)
class Averages:
    """Averages of predictions over the rows of a model; called with weights (n,) it gives them again.

    Attributes
    ----------
    made : the fitted model. cell : (m,) cell of each row, None where every row is one. asked : for each setting the parts that are summed.
    errors : one of ERRORS. weight : (m,) the weights as they are.
    """

    made: Any
    cell: Any
    asked: tuple
    errors: str
    weight: np.ndarray

    def __call__(self, weights: Floats) -> Floats:
        w = weights[self.made.problem.rows]
        at = self.made.value if self.errors == "averaging" else self.made.again(w)
        share = self._shares(self.weight if self.errors == "coefficients" else w)
        return np.concatenate([share @ self._sum(parts, at) for parts in self.asked])

    def _sum(self, parts: Sequence[Part], at: Floats) -> Floats:
        return np.sum([part.value(self.made, at) for part in parts], axis=0)

    def _shares(self, w):
        """Weights of the cells that sum to 1."""
        whole = w if self.cell is None else np.bincount(self.cell, w, len(self.asked[0][0].x))
        return whole / whole.sum()

    def several(self, item: scores.Several) -> scores.Several:
        """Values with scores; `item` has those of the coefficients."""
        share, total, rows = self._shares(self.weight), self.weight.sum(), self.made.problem.rows
        values, found = [], []
        for parts in self.asked:
            each = self._sum(parts, self.made.value)
            mean = share @ each
            score = np.zeros((len(mean), len(item.rows)))
            if self.errors != "averaging":
                slopes = np.sum([np.tensordot(share, p.slopes(self.made, self.made.value), 1) for p in parts], axis=0)
                score += slopes @ item.score
            if self.errors != "coefficients":
                by_row = each if self.cell is None else each[self.cell]
                score[:, rows] += ((by_row - mean) / total).T
            values.append(mean)
            found.append(score)
        return scores.Several(np.concatenate(values), np.concatenate(found), item.rows, self)


def margins(model: "Model", variables: str | Sequence[str], at: Any, errors: str) -> Estimates:
    """See `Model.margins`."""
    names = _known(model, variables)
    given = guards.mapping(at, "at", remedy="Such as {'age': [20, 40, 60]}.")
    for name in given:
        if name not in names:
            raise DataError(f"at: {name!r} is none of the variables, which are {', '.join(map(repr, names))}.")
    settings = [
        dict(zip(names, chosen)) for chosen in product(*(_values(model, name, given.get(name)) for name in names))
    ]
    table = _table(model)
    asked = tuple((_part(model, _set(model, table, setting)),) for setting in settings)
    labels = [", ".join(f"{name}={_spelt(value)}" for name, value in setting.items()) for setting in settings]
    rows = [("margin", model.given[0].response, answer, label) for label in labels for answer in _answers(model)]
    return _estimates(model, asked, errors, rows)


def effects(model: "Model", variables: Any, errors: str) -> Estimates:
    """See `Model.effects`."""
    names = list(model.given[0].columns) if variables is None else _known(model, variables)
    names = [name for name in names if not _only_offset(model, name)] if variables is None else names
    if not names:
        raise DataError("the model has no columns whose effects could be asked for.")
    table, asked, rows = _table(model), [], []
    for name in names:
        if _levels(model, name) is None:
            asked.append((_tilted(model, table, name),))
            labels = [""]
        else:
            first, *others = _values(model, name, None)
            base = _set(model, table, {name: first})
            asked += [(_part(model, _set(model, table, {name: v})), _part(model, base, -1.0)) for v in others]
            labels = [_spelt(v) for v in others]
        rows += [
            ("effect", name, label, answer and f"{model.given[0].response}={answer}")
            for label in labels
            for answer in _answers(model)
        ]
    return _estimates(model, tuple(asked), errors, rows)


def _estimates(model, asked, errors, rows):
    guards.choice(errors, "errors", ERRORS)
    made = Averages(model.made, _cell(model), asked, errors, model.survey.design.weight[model.made.problem.rows])
    item = made.several(model.item)
    return model.listed([item], rows, covariance(model.survey.engine, [item]))


def _answers(model):
    return model.levels or () if model.family == "ordinal" else ("",)


def _cell(model):
    return model.given[2].cell


def _table(model):
    """The columns of the cells, as formulaic takes them."""
    read, frame, matrix = model.given
    first = slice(None) if matrix.first is None else matrix.first
    return frame.table(first)[list(read.columns)] if read.columns else pd.DataFrame(index=range(1))


def _known(model, variables):
    """Names of columns on the right side of the formula."""
    names, known = named(variables, "variables"), model.given[0].columns
    for name in names:
        if name not in known:
            raise DataError(f"the right side of the formula has no column {name!r}{did_you_mean(name, list(known))}")
    if not names:
        raise DataError("variables = []: give a column of the formula, or a list of them.")
    return names


def _levels(model, name):
    """The levels of a column, of numbers those they have where the formula makes levels of them; None of other numbers."""
    frame, spec = model.given[1], model.given[2].spec
    if name in frame.levels:
        return frame.levels[name]
    for expression, (kind, _) in spec.encoder_state.items():
        if kind.value == "categorical" and formulas.mentions(expression, [name]):
            return np.unique(formulas.whole(frame.values[name])).tolist()
    return None


def _values(model, name, given):
    """The values a column is set to in turn."""
    levels = _levels(model, name)
    if given is None:
        if levels is None:
            raise DataError(
                f"{name!r} is numeric: say at which values, such as at={{{name!r}: [0, 1]}}, or ask for effects()."
            )
        return levels
    values = [given] if guards.is_number(given) or isinstance(given, str) else list(given)
    for value in values:
        if levels is None and not guards.is_finite(value):
            raise DataError(f"at: {name!r} = {guards.sight(value)}; give numbers.")
        if levels is not None and value not in levels and str(value) not in map(str, levels):
            raise DataError(
                f"at: {name!r} has no level {guards.sight(value)} among the rows of the model{did_you_mean(value, levels)}"
            )
    return values


def _set(model, table, setting):
    """A copy of the table with columns set to constants."""
    frame, made = model.given[1], {}
    for name, value in setting.items():
        if name in frame.levels and not frame.is_truth(name):
            texts = [str(v) for v in frame.levels[name]]
            made[name] = categorical(np.full(len(table), texts.index(str(value))), texts)
        else:
            made[name] = np.full(len(table), value)
    return table.assign(**made)


def _part(model, table, sign=1.0):
    return Part(*_columns(model, table), sign)


def _columns(model, table):
    """Explanatory columns of a table without the constant of ordinal models, and its offset."""
    x, offset = formulas.again(model.given[0], model.given[2], table)
    return x[:, _kept(model)], offset


def _kept(model):
    """Which of formulaic's columns are the model's."""
    return [k for k, name in enumerate(model.given[2].spec.column_names) if name in model.names]


def _tilted(model, table, name):
    """The part that changes along a numeric column; its columns' slopes are central differences, at the ends one-sided ones.

    They do not leave the range of the column, where a spline or a logarithm may have no value, and go by the size of each value.
    """
    values = table[name].to_numpy(dtype=float)
    size = np.abs(values)
    least = max(size[size > 0].min(), SMALL * float(np.median(size))) if size.any() else 1.0
    step = STEP * np.maximum(size, least)
    step = np.minimum(step, np.ptp(values) / 4) if np.ptp(values) > 0 else step
    end = np.where(values - step < values.min(), 1.0, np.where(values + step > values.max(), -1.0, 0.0))
    near, far = (np.where(end == 0, side, end * times) * step for side, times in ((1.0, 1.0), (-1.0, 2.0)))
    x, offset = _columns(model, table)
    one, two = (_columns(model, table.assign(**{name: values + s}))[0] for s in (near, far))
    inner = (one - two) / (near - far)[:, None]
    outer = (4 * one - two - 3 * x) / (2 * near)[:, None]
    return Part(x, offset, 1.0, np.where(end[:, None] == 0, inner, outer))


def _only_offset(model, name):
    return not any(formulas.mentions(str(term), [name]) for term in model.given[0].terms)


def _spelt(value):
    return f"{value:.15g}" if guards.is_number(value) else str(value)
