"""What adjusting its weights, or giving it replicates, changes of a `Survey`: the new values of its attributes."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import guards
from ..aliases import Floats
from ..errors import DataError, DesignError
from ..weighting import Calibration, Weights
from ..weighting.problem import base_weights
from ..weighting.result import warn_if_bare
from ..weighting.rows import refuse_other_rows
from . import brought
from .replication import Replication, filler
from .schemes import scheme

if TYPE_CHECKING:
    from ..estimation.survey import Survey


def weights_of(data: Any, weight: Any, pi: Floats | None, n: int) -> Any:
    """What repeats a weighting in replicates: adjustments, and the weights before them or None; then the final weights, those before
    any adjustment, and the links between."""
    if weight is None and pi is not None:
        weight = 1 / pi
    if not isinstance(weight, Weights | Calibration):
        if weight is not None:
            warn_if_bare(weight, stacklevel=4)
        plain = base_weights(data, weight, n)
        return (), None, (plain, plain, ())
    final = weight.final.copy() if isinstance(weight, Weights) else weight.weight
    refuse_other_rows(data, weight)
    if len(final) != n:
        raise DataError(f"the calibration has {len(final)} weights; the table has {n} rows.")
    base = weight.start if isinstance(weight, Weights) else weight.base(n)
    carried = base.copy() if isinstance(weight, Weights) else base
    return (weight,), base, (final, carried, weight.links)


def refuse_start(survey: "Survey") -> None:
    """Refuse a recipe with weights of its own for a survey that is adjusted or has replicate weights."""
    if survey.adjustments:
        raise DesignError("the recipe starts from weights of its own and would undo the adjustments made before it.")
    if isinstance(survey.engine, Replication):
        raise DesignError(
            "the recipe starts from weights of its own, and the replicate weights are none of theirs; leave one of them out."
        )


def started(survey: "Survey", weights: Weights) -> dict[str, Any]:
    """A recipe's weights in place of the survey's own."""
    design = replace(survey.design, weight=weights.start, links=(), base=None).adjusted_by(weights.final, weights.links)
    return {"base": weights.start, "adjustments": (weights,), "design": design, "engine": design}


def adjusted(survey: "Survey", adjustment: Any) -> dict[str, Any]:
    """One adjustment after those before it."""
    engine = survey.engine
    if isinstance(engine, Replication) and engine.degrees_from is not None:
        raise DesignError("adjust the sample first and make replicates then; they repeat every adjustment.")
    if not survey.inside.all():
        raise DesignError(
            "adjust the whole sample first and take where() then; a subpopulation has no weights of its own."
        )
    final = adjustment.final if isinstance(adjustment, Weights) else adjustment.weight
    base = survey.design.weight if survey.base is None else survey.base
    design = survey.design.adjusted_by(final, adjustment.links)
    engine = brought.adjusted(engine, final, adjustment) if isinstance(engine, Replication) else design
    return {"base": base, "adjustments": (*survey.adjustments, adjustment), "design": design, "engine": engine}


def replicated(survey: "Survey", scheme_of: tuple, mse: bool, replay: bool) -> dict[str, Any]:
    """Replicates of a kind, as (kind, n, seed, rho), in place of the linearized errors."""
    if isinstance(survey.engine, Replication) and survey.engine.degrees_from is None:
        raise DesignError(
            "this Survey has replicate weights of its own, whose design new ones would know nothing of; use those, or leave "
            "replicate_weights out."
        )
    design = survey.design
    if any(c.covariance is not None for c in design.links):
        raise DesignError("replicates would leave out the error of totals known with error; use the linearized errors.")
    kind, *options = scheme_of
    made = scheme(kind, design, *options)
    adjustments = survey.adjustments if guards.flag(replay, "replay") else ()
    guards.flag(mse, "mse")
    base = survey.base if adjustments and survey.base is not None else design.weight
    fill = filler(made, base, adjustments)
    return {"engine": Replication(design.weight, fill, made.count, made.scale, made.rscales, mse, design, kind)}
