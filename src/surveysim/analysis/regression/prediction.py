"""Predictions of a model for rows, with their errors."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from ... import guards
from ...aliases import OwnKind
from ...coding import refuse_infinite
from ...errors import DataError
from ...inference import intervals
from ...tables import in_kind, kind_of, rows_of
from . import formula as formulas
from .columns import dense
from .families import LINKS

if TYPE_CHECKING:
    from .model import Model


def predicted(model: "Model", data: Any, kind: str) -> OwnKind:
    """See `Model.predict`."""
    guards.choice(kind, "type", ("response", "link"))
    if data is None:
        matrix, problem = model.given[2], model.made.problem
        x = dense(matrix.x)[:, [k for k, name in enumerate(matrix.spec.column_names) if name in model.names]]
        n, rows, x, offset = len(model.item.rows), problem.rows, x, matrix.offset
    else:
        n, rows, x, offset = _of_table(model, data)
    found = _link(model, x, offset) if kind == "link" else _response(model, x, offset)
    if data is None and model.given[2].cell is not None:
        found = {name: column[model.given[2].cell] for name, column in found.items()}
    answers = model.levels if model.family == "ordinal" and kind == "response" else None
    made = {}
    for name, column in found.items():
        whole = np.full((n, *column.shape[1:]), np.nan)
        whole[rows] = column
        made[name] = whole.ravel()
    if answers is not None:
        made = {"row": np.repeat(np.arange(n), len(answers)), "level": list(answers) * n} | made
    return in_kind(pd.DataFrame(made), kind_of(model.survey.data if data is None else data))


def _of_table(model, data):
    """Rows of a table, those that have all columns, and their explanatory columns and offset."""
    read, frame, matrix = model.given
    n, columns = rows_of(data), {}
    there = np.ones(n, bool)
    for name in read.columns:
        values, levels = formulas.column(data, name)
        known = frame.levels.get(name)
        if (known is None) != (levels is None):
            raise DataError(
                f"{name!r} is {'a category' if known is None else 'numbers'} here, and was not where the model was fitted."
            )
        if known is not None:
            values = _recoded(name, values, levels, known)
        refuse_infinite(values, repr(name))
        columns[name] = values
        there &= ~np.isnan(values)
    other = formulas.Frame({})
    other.levels = {name: frame.levels[name] for name in columns if name in frame.levels}
    for name, values in columns.items():
        kept = values[there]
        other.values[name] = kept.astype(np.int64) if name in other.levels else kept
    table = other.table() if columns else pd.DataFrame(index=range(n))
    x, offset = formulas.again(read, matrix, table, there)
    return (
        n,
        np.flatnonzero(there),
        x[:, [k for k, c in enumerate(matrix.spec.column_names) if c in model.names]],
        offset,
    )


def _recoded(name, values, levels, known):
    """Codes of a table's levels as codes of the model's."""
    texts = [str(v) for v in known]
    place = np.array([texts.index(str(v)) if str(v) in texts else -1 for v in levels] + [np.nan])
    found = place[np.where(np.isnan(values), len(levels), values).astype(np.int64)]
    names = np.array([str(v) for v in levels] + [None], dtype=object)
    seen = names[np.where(np.isnan(values), len(levels), values).astype(np.int64)]
    formulas.refuse_levels(repr(name), seen, [*texts, None])
    return found


def _link(model, x, offset):
    p = x.shape[1]
    eta = x @ model.item.value[:p] + (0.0 if offset is None else offset)
    se = np.sqrt(np.maximum(np.einsum("cp,pq,cq->c", x, model.cov[:p, :p], x, optimize=True), 0.0))
    half = intervals.t_quantile(model.level, model.df) * se
    return {"estimate": eta, "se": se, "lower": eta - half, "upper": eta + half}


def _response(model, x, offset):
    """Means and their delta-method errors; intervals on the link, of an ordinal model on the logit of each probability."""
    at, t = model.item.value, intervals.t_quantile(model.level, model.df)
    if model.family == "ordinal":
        p, slopes = model.made.means(x, offset, at), model.made.slopes(x, offset, at)
        se = np.sqrt(np.maximum(np.einsum("cke,ef,ckf->ck", slopes, model.cov, slopes, optimize=True), 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            half = t * se / (p * (1 - p))
            ends = [special.expit(special.logit(p) + side * half) for side in (-1, 1)]
        return {"estimate": p, "se": se, "lower": ends[0], "upper": ends[1]}
    found, link = _link(model, x, offset), LINKS[model.link]
    made = {name: link.mean(link.clipped(found[name])) for name in ("estimate", "lower", "upper")}
    made["se"] = np.abs(link.slope(link.clipped(found["estimate"]))) * found["se"]
    return {name: made[name] for name in ("estimate", "se", "lower", "upper")}
