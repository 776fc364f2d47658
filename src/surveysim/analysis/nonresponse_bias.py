"""How far nonresponse moves the mean of respondents: by propensities, at most, and how much information is missing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..inference import scores

if TYPE_CHECKING:
    from ..estimation.survey import Survey
    from .propensities import Fitted

COLUMNS = ("variable", "respondents", "weighted", "bias", "bias_se", "largest", "largest_se", "lower", "upper", "fmi")


def biases(survey: "Survey", fit: "Fitted", asked: Sequence[tuple[Any, Any, Any]], cv: Any) -> pd.DataFrame:
    """Biases of (name, y (n,), respondents (n,)); cv : the row of the coefficient of variation of the propensities."""
    w, found = survey.design.weight, []
    rho = np.where(fit.cells.cell >= 0, fit.cells.rows(fit.rho), 1.0)
    for name, y, there in asked:
        if there.sum() < 2:
            raise DataError(f"{name!r} has {there.sum()} values of respondents; there is no mean to ask of.")
        score, mean, weighted = _difference(fit, w, rho, y, there)
        item = scores.Several(np.array([mean - weighted]), score[None], fit.cells.cell >= 0, _again(fit, y, there))
        se = float(np.sqrt(max(survey.engine.item_covariance([item])[0, 0], 0)))
        sd = float(np.sqrt(np.average((y[there] - mean) ** 2, weights=w[there])))
        largest, error = sd * cv["estimate"], sd * cv["se"]
        row = (name, mean, weighted, mean - weighted, se, largest, error, mean - largest, mean + largest)
        found.append((*row, missing_information(survey, fit, y, there)))
    return pd.DataFrame(found, columns=list(COLUMNS))


def _difference(fit, w, rho, y, there):
    """Scores (n,) of the mean of respondents less that weighted by one over propensity, and both means."""
    size, inverse = w[there].sum(), np.where(there, 1 / rho, 0.0)
    mean, whole = float(w[there] @ y[there] / size), float(w @ inverse)
    weighted = float(w @ (inverse * y) / whole)
    off = np.where(there, y - weighted, 0.0) * inverse
    pull = -fit.cells.sums(w * off * (1 - rho)) @ fit.cells.x / whole  # by the model's coefficients
    gap = np.where(fit.cells.cell >= 0, fit.cells.responded - rho, 0.0)
    of_weighted = off / whole + fit.cells.rows(fit.cells.x @ fit.bread @ pull) * gap
    return np.where(there, y - mean, 0.0) / size - of_weighted, mean, weighted


def _again(fit, y, there):
    def again(w):
        rho = fit.cells.rows(fit.cells.fitted(w).rho)
        inverse = np.divide(w, rho, out=np.zeros(len(w)), where=there)
        mean, weighted = (v[there] @ y[there] / v[there].sum() for v in (w, inverse))
        return np.array([mean - weighted])

    return again


def missing_information(survey: "Survey", fit: "Fitted", y: Any, there: Any) -> float:
    """Fraction of missing information of the mean of y: B / (W + B), what infinitely many imputations of a linear model give.

    The model is normal, with the auxiliary variables, and drawn anew for every imputation. B is the variance of the completed mean
    over imputations, W the mean of its estimated variances (Rubin 1987; Wagner 2010, Public Opin. Q. 74:223-243).
    """
    w, inside = survey.design.weight, fit.cells.cell >= 0
    x = fit.cells.rows(fit.cells.x)
    known, lost = x[there], inside & ~there
    inverse = np.linalg.pinv(known.T @ known, rcond=1e-12, hermitian=True)
    beta, rank = inverse @ (known.T @ y[there]), int(np.linalg.matrix_rank(known))
    free = len(known) - rank
    if free < 3:
        return float("nan")
    spread = float(np.sum((y[there] - known @ beta) ** 2)) / (free - 2)  # the mean of the variances that are drawn
    whole = float(w[inside].sum())
    pull = w[lost] @ x[lost]
    between = spread * (np.sum(w[lost] ** 2) + pull @ inverse @ pull) / whole**2
    filled = np.where(there, y, np.where(lost, x @ beta, 0.0))
    mean = float(w @ filled / whole)
    score = np.where(inside, filled - mean, 0.0) / whole
    design = survey.design
    within = float(design.variances([score], [inside])[0]) + spread * float(np.sum(w[lost] ** 2)) / whole**2
    return float(between / (between + within)) if between + within > 0 else float("nan")
