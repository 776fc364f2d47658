"""Covariances of what follows from a model, and its degrees of freedom."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import guards
from ...aliases import Floats
from ...errors import DataError

if TYPE_CHECKING:
    from ...estimation.survey import Survey

ROUNDING = 1e-13  # of a value and of what rows add to it, what an error of 0 may be after rounding


def covariance(engine: Any, items: Sequence[Any]) -> Floats:
    """Covariances of what follows from a model, 0 where they are rounding, as where a model has a coefficient for every PSU; where it has
    no solution in a replicate, that is told as what it is."""
    try:
        found = engine.item_covariance(items)
        none = np.diag(found) <= (ROUNDING * np.concatenate([_sizes(item, engine.weight) for item in items])) ** 2
        return np.where(none | none[:, None], 0.0, found) if none.any() else found
    except DataError as error:
        many, found, _ = str(error).partition(" replicates give no estimate")
        if not found:
            raise
        raise DataError(
            f"the model has no solution with the weights of {many} replicates, since a level has no rows of weight there or determines the "
            f"response. Join levels, take a scheme that keeps every PSU, such as fay, or linearized errors."
        ) from None


def _sizes(item, weight):
    """How large values (E,) and what rows add to them are."""
    value = np.abs(item.value)
    if item.score is None:
        return value
    return np.maximum(value, np.sqrt(np.einsum("ei,ei->e", item.score, item.score)) * np.abs(weight).max())


def degrees(survey: "Survey", group: Any, effects: int, df: float | None) -> float:
    """Degrees of freedom: those asked for, or the design's plus 1 less the coefficients of a model with a constant among them."""
    df = guards.degrees(df)
    if df is not None:
        return df
    own = float(survey.engine.degrees(group, [""])[0])
    if own + 1 - effects < 1:
        raise DataError(
            f"{effects} coefficients leave no degrees of freedom of the design's {own:g}; take terms out, or give df=, such as df={own:g}."
        )
    return own + 1 - effects
