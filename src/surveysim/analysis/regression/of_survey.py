"""From a formula and a Survey to a `Model`: reads the columns, refuses what cannot be fitted, fits, and scores the rows."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import guards
from ...aliases import Floats
from ...errors import DataError
from ...inference import scores
from ...inference.questions import Questions, tell
from . import formula as formulas
from . import refusals
from .columns import dense
from .families import chosen, counts, zero_one
from .fitting import Collinear, Problem, Unfitted
from .linear import Linear
from .model import Model
from .ordinal import Cumulative
from .variances import degrees

if TYPE_CHECKING:
    from ...estimation.survey import Survey

INFORMATION = ("observed", "expected")


@dataclass(frozen=True)
class Again:
    """The coefficients with other weights (n,) of all rows."""

    made: Any

    def __call__(self, weights: Floats) -> Floats:
        return self.made.again(weights[self.made.problem.rows])


def fitted(
    survey: "Survey",
    formula: str,
    family: str = "gaussian",
    link: str | None = None,
    offset: str | None = None,
    level: float = 0.95,
    df: float | None = None,
    information: str = "observed",
) -> Model:
    """Fit a model to a Survey; see `Survey.glm`."""
    kind, by = chosen(family, link)
    guards.choice(information, "information", INFORMATION)
    level = guards.level(level)
    read = formulas.parsed(formula, survey.data, offset)
    group, rows, frame, aside = _complete(survey, read)
    levels: Any
    ordered = kind == "ordinal" and formulas.is_category(survey.data, read.response.strip("`"))
    y, levels = _response(read, frame, kind, ordered)
    matrix = formulas.matrix(read, frame, len(rows))
    weights, names = survey.design.weight[rows], list(matrix.spec.column_names)
    made: Any
    try:
        if kind == "ordinal":
            problem, names = _ordered(matrix, y, rows, names, levels)
            made = Cumulative.of(problem, weights, len(levels), by)
        else:
            problem = Problem(matrix.x, matrix.cell, y, matrix.offset, rows)
            made = Linear.of(problem, weights, (kind, by), information == "observed")
    except Collinear as error:
        told = ["Intercept", *names] if kind == "ordinal" else names
        raise refusals.collinear(error, told) from None
    except Unfitted:
        raise refusals.unfitted(problem, weights, names, kind, levels) from None
    effects = len(names) + (kind == "ordinal")
    nu = degrees(survey, group, effects, df)
    inside = group >= 0
    item = scores.Several(made.value, made.influence(len(group)), inside, Again(made))
    tell(aside, 4)
    names += [f"{a}|{b}" for a, b in pairwise(levels)] if kind == "ordinal" else []
    found = {"n": len(rows), "df": nu, "level": level, "levels": None if levels is None else tuple(levels)}
    return Model(
        read.text, kind, by, tuple(names), **found, set_aside=aside, survey=survey, made=made,
        given=(read, frame, matrix), item=item,
    )  # fmt: skip


def _complete(survey, read):
    """Domain (n,) of the rows, the rows (m,) of weight with every column of the formula, their frame, and the rows set aside."""
    asked = Questions(survey)
    columns = {name: formulas.column(survey.data, name) for name in dict.fromkeys((*read.of_response, *read.columns))}
    group = np.where(survey.design.weight != 0, survey.everybody, -1).astype(np.int32)
    for name, (values, _) in columns.items():
        group = np.where(asked.complete([(name, values)], name)[0] >= 0, group, -1).astype(np.int32)
    rows = np.flatnonzero(group >= 0)
    if not len(rows):
        raise DataError(
            f"no row of weight has all of {', '.join(map(repr, columns))}; there is nothing to fit a model to."
        )
    return (
        group,
        rows,
        formulas.Frame(
            {name: (values[rows], levels) for name, (values, levels) in columns.items()}
            if len(rows) < len(group)
            else columns
        ),
        asked.aside,
    )


def _response(read, frame, family, categories):
    """The response (m,) and its levels, refused where the family cannot take it."""
    y, levels = formulas.response(read, frame)
    what = repr(read.response)
    if family == "ordinal":
        if levels is not None and not categories and not frame.is_truth(read.response.strip("`")):
            raise DataError(
                f"{what} is text, whose alphabetical order need not be that of the answers, or a dictionary in no order; make it a "
                f"category with its levels in order (pandas' Categorical, pl.Enum, an Arrow dictionary that is ordered)."
            )
        return _answers(y, levels, what)
    if levels is not None and family == "binomial":
        if len(levels) != 2:
            raise DataError(
                f"{what} has {len(levels)} {'level' if len(levels) == 1 else 'levels'} among the rows of the model "
                f"({', '.join(map(repr, levels[:5]))}); a binomial model needs two. Say which one counts, such as I({read.response} == "
                f"{levels[-1]!r})."
            )
        return y, levels
    if levels is not None and not frame.is_truth(read.response.strip("`")):
        raise DataError(f"{what} is a category of {len(levels)} levels; a {family} model needs numbers.")
    if levels is not None:
        y = np.array(levels, dtype=float)[y.astype(np.int64)]
    if family == "binomial":
        y = zero_one(y, what)
        if y.min() == y.max():
            raise DataError(f"{what} is {y[0]:g} in all {len(y):,} rows of the model; there is nothing to explain.")
    return counts(y, what) if family == "poisson" else y, None


def _answers(y, levels, what):
    """Codes of an ordinal response, and its levels in order."""
    if levels is None:
        seen, y = np.unique(y, return_inverse=True)
        levels = [f"{v:g}" for v in seen]
    if len(levels) < 3 or len(levels) > 50:
        raise DataError(
            f"{what} has {len(levels)} levels among the rows of the model; an ordinal model needs three to fifty in their order"
            f"{' (of two it is binomial)' if len(levels) == 2 else ''}."
        )
    return y.astype(float), levels


def _ordered(matrix, y, rows, names, levels):
    """What an ordinal model is fitted to: no constant, and one cell for each combination of columns and answer."""
    keep = [k for k, name in enumerate(names) if name != "Intercept"]
    if len(keep) == len(names):
        raise DataError(
            "an ordinal model has its thresholds in place of a constant; leave 0 + or - 1 out of the formula."
        )
    x, offset = dense(matrix.x)[:, keep], matrix.offset
    names = [names[k] for k in keep]
    if matrix.cell is None:
        return Problem(x, None, y, offset, rows), names
    key = matrix.cell * len(levels) + y.astype(np.int64)
    seen, cell = np.unique(key, return_inverse=True)
    of = seen // len(levels)
    return Problem(x[of], cell, (seen % len(levels)).astype(float), None if offset is None else offset[of], rows), names
