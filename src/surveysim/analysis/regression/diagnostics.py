"""How well a model fits, and what single rows do to it."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ... import guards
from ...aliases import Floats, OwnKind
from ...errors import DataError
from ...tables import in_kind, kind_of
from .columns import dense
from .linear import Linear
from .ordinal import Cumulative

if TYPE_CHECKING:
    from .model import Model

KINDS = ("response", "pearson", "deviance", "working")


def pseudo_r2(model: "Model") -> dict[str, float]:
    """See `Model.pseudo_r2`."""
    made, w = model.made, _weights(model)
    C = made.problem.x.shape[0]
    if isinstance(made, Cumulative):
        empty = Cumulative.of(replace(made.problem, x=np.empty((C, 0))), w, made.levels, made.link)
        null, full = 2 * empty.loss(), 2 * made.loss()
    else:
        empty = Linear.of(replace(made.problem, x=np.ones((C, 1))), w, made.names, made.observed)
        beyond = made.within(w)
        null, full = made.deviances(empty.fit) + beyond, made.deviances(made.fit) + beyond
    if model.family == "gaussian":
        return {"r2": 1 - full / null}
    total = w.sum()
    cox_snell = float(-np.expm1((full - null) / total))
    return {
        "mcfadden": 1 - full / null,
        "cox_snell": cox_snell,
        "nagelkerke": cox_snell / float(-np.expm1(-null / total)),
    }


def residuals(model: "Model", kind: str) -> Floats:
    """See `Model.residuals`."""
    guards.choice(kind, "kind", KINDS)
    made = _linear(model, "residuals")
    y, mu = made.problem.y, made.problem.spread(made.fitted)
    found = y - mu
    if kind == "pearson":
        found = found / np.sqrt(made.family.variance(mu))
    elif kind == "deviance":
        found = np.sign(found) * np.sqrt(np.maximum(made.family.deviance(y, mu), 0.0))
    elif kind == "working":
        found = found / made.problem.spread(made.link.slope(made.link.clipped(made.fit.eta)))
    result = np.full(len(model.item.rows), np.nan)
    result[made.problem.rows] = found
    return result


def influence(model: "Model") -> OwnKind:
    """See `Model.influence`."""
    n, rows, w = len(model.item.rows), model.made.problem.rows, _weights(model)
    columns = {}
    if isinstance(model.made, Linear):
        made = model.made
        eta = made.link.clipped(made.fit.eta)
        curve = made.link.slope(eta) ** 2 / made.family.variance(made.link.mean(eta))
        x = dense(made.problem.x)
        columns["leverage"] = w * made.problem.spread(
            curve * np.einsum("cp,pq,cq->c", x, made.inverse(False), x, optimize=True)
        )
    assert model.item.score is not None
    columns |= {name: w * score[rows] for name, score in zip(model.names, model.item.score, strict=True)}
    whole = {name: np.full(n, np.nan) for name in columns}
    for name, values in columns.items():
        whole[name][rows] = values
    return in_kind(pd.DataFrame(whole), kind_of(model.survey.data))


def _linear(model, what):
    if not isinstance(model.made, Linear):
        raise DataError(f"an ordinal model has no {what}; predict() gives the probabilities of its answers.")
    return model.made


def _weights(model):
    return model.survey.design.weight[model.made.problem.rows]
