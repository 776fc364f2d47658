"""Rubin's rules: one table of estimates from several imputations of the same file."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats
from ..errors import DataError
from ..inference import intervals
from ..inference.estimates import COLUMNS, Estimates

NAMES = list(COLUMNS[:4])


def combine_imputations(estimates: Sequence[Estimates], df: float | None = None) -> pd.DataFrame:
    """Combine the same estimates of m imputations of a file: their mean, with the error within and between imputations.

    Parameters
    ----------
    estimates : m Estimates, two or more, one from the Survey of each imputation, asked alike.
    df : degrees of freedom of complete data; None takes the smallest of each row.

    Returns
    -------
    DataFrame with a row for each estimate: statistic, variable, level, domain, estimate, se, lower, upper, df, n, moe; `within`, the mean
    variance, `between`, the variance of the estimates, and `missing_information`, the fraction that the missing values cost.

    Raises
    ------
    DataError : fewer than two, not the same rows, or other confidence levels.

    Notes
    -----
    T = W + (1 + 1/m) B; with r = (1 + 1/m) B / W the degrees of freedom are (m - 1)(1 + 1/r)², and for complete data with ν of them
    1 / (1/that + 1/ν'), ν' = ν (ν + 1) / (ν + 3) / (1 + r) (Barnard & Rubin 1999). Intervals are estimate ± t·se.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, ch. 3; Barnard & Rubin (1999), Biometrika 86:948-955.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> from surveysim.estimation import combine_imputations
    >>> files = [pd.DataFrame({"income": [10, 20, 30, imputed]}) for imputed in (12, 24, 18)]
    >>> found = combine_imputations([ss.Survey(file).mean("income") for file in files])
    >>> found[["estimate", "se", "df", "missing_information"]].round(3).values.tolist()
    [[19.5, 4.628, 1.691, 0.507]]
    """
    tables = _alike(estimates)
    value, se, complete = (
        np.array([t[name].to_numpy(dtype=float) for t in tables]) for name in ("estimate", "se", "df")
    )
    m, level = len(tables), estimates[0].level
    within, between = np.mean(se**2, axis=0), np.var(value, axis=0, ddof=1)
    more = (1 + 1 / m) * between
    degrees = _degrees(
        within, more, m, complete.min(axis=0) if df is None else np.full(len(within), guards.degrees(df))
    )
    error, centre = np.sqrt(within + more), value.mean(axis=0)
    lower, upper = intervals.wald_interval(centre, error, level, degrees)
    increase = np.divide(more, within, out=np.where(more > 0, np.inf, 0.0), where=within > 0)
    lost = np.where(
        np.isinf(increase), 1.0, 1 - (1 - 2 / (degrees + 3)) / (1 + np.where(np.isinf(increase), 0.0, increase))
    )
    made = tables[0][NAMES].assign(estimate=centre, se=error, lower=lower, upper=upper, df=degrees)
    made["n"] = np.min([t["n"] for t in tables], axis=0)
    made["moe"] = intervals.t_quantile(level, degrees) * error
    return made.assign(within=within, between=between, missing_information=np.where(more > 0, lost, 0.0))


def _degrees(within: Floats, more: Floats, m: int, complete: Floats) -> Floats:
    """Barnard and Rubin's degrees of freedom; those of complete data where nothing varies between imputations."""
    share = np.divide(more, within + more, out=np.zeros(len(more)), where=more > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rubin = (m - 1) / share**2
        observed = np.where(np.isinf(complete), np.inf, (complete + 1) / (complete + 3) * complete * (1 - share))
        both = 1 / (1 / rubin + 1 / observed)
    return np.where(share == 0, complete, np.where(share == 1, rubin, both))


def _alike(estimates: Sequence[Estimates]) -> list[pd.DataFrame]:
    """The tables, their rows in the order of the first one's."""
    if not isinstance(estimates, list | tuple) or len(estimates) < 2:
        raise DataError(
            f"estimates = {guards.sight(estimates)}: give a list of the Estimates of two or more imputations."
        )
    for k, entry in enumerate(estimates):
        if not isinstance(entry, Estimates):
            raise DataError(f"estimates[{k}] = {guards.sight(entry)} is no Estimates, as survey.mean() gives them.")
        if entry.level != estimates[0].level:
            raise DataError(
                f"estimates[{k}] has level = {entry.level:g}, estimates[0] {estimates[0].level:g}; ask all alike."
            )
    first = pd.MultiIndex.from_frame(estimates[0].table[NAMES].astype(str))
    tables = []
    for k, entry in enumerate(estimates):
        names = pd.MultiIndex.from_frame(entry.table[NAMES].astype(str))
        odd = first.symmetric_difference(names)
        if len(odd) or names.has_duplicates:
            what = " ".join(str(part) for part in (odd if len(odd) else names[names.duplicated()])[0] if part)
            raise DataError(
                f"estimates[{k}] and estimates[0] do not both have the row {what!r} once; make columns categories with all their "
                "levels, and ask every imputation alike."
            )
        tables.append(entry.table.iloc[names.get_indexer(first)].reset_index(drop=True))
    return tables
