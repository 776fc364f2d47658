"""Nonresponse adjustment of a file with a row per sampled unit, respondents and others: eligibility, classes, propensities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import guards
from ...aliases import Column, Floats, Ints, Table, Truths
from ...coding import holds_numbers, truth_values
from ...errors import DataError
from ...guards import refuse
from ...tables import called, mask_of, named, numbers_of, pick, rows_of
from ..problem import base_weights
from ..step_links import Linked, Modelled, Passed
from .classes import HOLE, classes, level_codes_of
from .classes import called as class_called
from .propensity import MOST_GROUPS, groups_alike, propensities

RESPONDENT, NONRESPONDENT, NOT_ELIGIBLE, UNKNOWN = STATUS = ("R", "N", "X", "U")


def response_propensity(
    data: Table,
    responded: Column,
    covariates: Sequence[str],
    *,
    weight: Column | None = None,
    rows: Column | None = None,
) -> Floats:
    """Response propensities by a logistic model with the main effects of the covariates.

    Parameters
    ----------
    data : pandas, polars or pyarrow table with a row per sampled unit. responded : column or (n,) of truth values.
    covariates : columns; numeric ones enter as they are, others by levels against the first.
    weight : column or (n,) of weights for the fit, None for equal ones. rows : (n,) truth values of those the model is fitted on.

    Returns
    -------
    (n,) propensities between 0 and 1; NaN outside `rows`.

    Raises
    ------
    DataError : missing values; a covariate separates respondents from others, so that no finite coefficients exist.

    References
    ----------
    Rosenbaum & Rubin (1983), Biometrika 70:41-55; Little (1986), Int. Stat. Rev. 54:139-157.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import response_propensity
    >>> sample = pd.DataFrame({"urban": [1, 1, 1, 1, 0, 0], "responded": [1, 0, 0, 0, 1, 0]})
    >>> response_propensity(sample, "responded", ["urban"]).round(4).tolist()
    [0.25, 0.25, 0.25, 0.25, 0.5, 0.5]
    """
    n = rows_of(data)
    answered = truths(data, responded, n)
    w = base_weights(data, weight, n)
    inside = np.ones(n, bool) if rows is None else mask_of(data, rows, n, "rows")
    if not named(covariates, "covariates"):
        raise DataError(
            "a propensity model needs at least one covariate; use classes (by) for an adjustment without a model."
        )
    x, names = model_matrix(data, covariates, n, inside)
    if not (answered & inside).any() or not (~answered & inside).any():
        raise DataError("a propensity model needs respondents and nonrespondents; the file has only one kind.")
    scale = w[inside].mean()
    w = np.where(inside, w / scale, 0.0)  # the coefficients do not depend on the scale; the fit is steadier
    center, spread = np.average(x, axis=0, weights=w), x[inside].std(axis=0)
    z = (x - center) / np.where(spread > 0, spread, 1.0)
    return np.where(inside, propensities(z, w * answered, w, names), np.nan)


def truths(data: Table, column: Column, n: int, rows: Truths | bool = True) -> Truths:
    """(n,) truth values of a column or array that may only hold 0 and 1 in `rows`."""
    values = numbers_of(data, column, n, "responded", finite=False)
    message = "{what} has {bad} values other than true and false, the first is {first:g} in row {row}; give a column of 0 and 1."
    refuse(rows & ~np.isin(values, (0.0, 1.0)), message, what=called("responded", column), first=values)
    return values == 1


def model_matrix(data: Table, covariates: Sequence[str], n: int, rows: Any) -> tuple[Floats, list[str]]:
    """Columns (n, p) of a model's main effects and their names; rows that the model is not fitted on may lack values, and count as 0."""
    columns, names = [], []
    for name in named(covariates, "covariates"):
        if holds_numbers(pick(data, name)):
            values = numbers_of(data, name, n, "covariate", finite=False)
            columns.append(np.where(rows, values, 0.0))
            names.append(name)
            message = HOLE + "; a propensity model needs it of respondents and nonrespondents alike."
            refuse(~np.isfinite(columns[-1]), message, name=name)
            continue
        codes, levels = level_codes_of(data, name, rows)
        for k in range(1, len(levels)):
            columns.append((codes == k).astype(float))
            names.append(f"{name}_{levels[k]}")
    if not columns:
        raise DataError(
            f"{covariates!r} do not vary in this file, so they explain no response; give others, or use classes (by)."
        )
    return np.column_stack(columns), names


@dataclass(frozen=True, slots=True)
class UnitNonresponse:
    """Weight up the respondents of a file with a row per sampled unit; all other rows get weight 0.

    First the weight of units of unknown eligibility ("U") goes to those of known eligibility in their class (`unknown_by`), then that
    of eligible nonrespondents ("N") to respondents ("R"), in classes (`by`), or by one over a response propensity (`covariates`), or in
    `groups` of like propensity with about as much weight each. What stands for not eligible units ("X") leaves. Later steps look at
    respondents only: the others need no answers.

    Parameters
    ----------
    status : column of "R", "N", "X", "U" (Valliant, Dever & Kreuter 2018, Practical Tools for Designing and Weighting Survey Samples,
        ch. 13), or of truth values (also 0 and 1): respondent or eligible nonrespondent.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import BaseWeight, Recipe, UnitNonresponse
    >>> sample = pd.DataFrame({"w": 10, "status": ["R", "R", "N", "X", "U"]})
    >>> Recipe([BaseWeight("w"), UnitNonresponse()]).apply(sample).final.tolist()
    [18.75, 18.75, 0.0, 0.0, 0.0]
    """

    status: str = "status"
    by: tuple = ()
    covariates: tuple = ()
    groups: int | None = None
    unknown_by: tuple = ()
    name: str = "nonresponse_weight"

    def __post_init__(self) -> None:
        for field in ("by", "covariates", "unknown_by"):
            object.__setattr__(self, field, tuple(named(getattr(self, field), field)))
        if self.by and self.covariates:
            raise DataError(
                "give classes (by) or a propensity model (covariates), not both; classes may be covariates."
            )
        if self.groups is not None:
            guards.whole_number(self.groups, "groups", 1, MOST_GROUPS, remedy="It is the number of propensity groups.")
            if not self.covariates:
                raise DataError(f"groups = {self.groups!r}: propensity groups need covariates.")

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        status = self._statuses(cases)
        respondent, other = status == RESPONDENT, status == NONRESPONDENT
        known = status != UNKNOWN
        first = _shifted(cases, self.unknown_by, weight, known, ~known, "of known eligibility")
        adjusted = np.where(known, weight * first.factor, 0.0)
        if self.covariates:
            factor, link = self._by_propensity(cases, adjusted, respondent, other)
        else:
            link = _shifted(cases, self.by, adjusted, respondent, other, "that responded")
            factor = link.factor
        final = np.where(respondent, adjusted * factor, 0.0)
        used = factor[respondent]
        record = {"respondents": int(respondent.sum()), "least": float(used.min()), "most": float(used.max())}
        return final, record, Linked((first, link), gone=~respondent)

    def _statuses(self, cases):
        column = pick(cases, self.status)
        if holds_numbers(column) or truth_values(column):
            values = truths(cases, self.status, len(column))
            return np.where(values, RESPONDENT, NONRESPONDENT)
        values = column.astype(object).to_numpy()
        message = (
            "{status!r} has {bad} values other than R, N, X, U, the first is {first!r} in row {row}. Truth values and 0 and 1 are taken "
            "in columns of their own type."
        )
        refuse(~np.isin(values.astype(str), STATUS), message, status=self.status, first=values)
        if not (values == RESPONDENT).any():
            raise DataError(f"{self.status!r} has no respondents (R).")
        return values.astype(str)

    def _by_propensity(self, cases, weight, respondent, other):
        """Factors (n,) of the respondents, and the link."""
        eligible = respondent | other
        given = np.where(eligible, weight, 0.0)
        p = response_propensity(cases, respondent, self.covariates, weight=given, rows=eligible)
        if self.groups is None:
            x, _ = model_matrix(cases, self.covariates, len(p), eligible)
            x = np.column_stack([np.ones(len(p)), x]) * eligible[:, None]
            return 1 / p, Modelled(x, np.where(eligible, p, 1.0), given, respondent)
        group = np.zeros(len(p), np.int64)
        group[eligible] = groups_alike(p[eligible], weight[eligible], self.groups)
        labels = ["a propensity group"] * self.groups
        link = passed_on(group, weight, respondent, other, "respondents", labels)
        return link.factor, link


def _shifted(cases, by, weight, stay, leave, what):
    """The link that gives the weight of the rows that leave to those that stay, class by class."""
    group, places = classes(cases, by, len(weight))
    labels = [class_called(by, levels) for levels in places]
    return passed_on(group, weight, stay, leave, what, labels)


def passed_on(group: Ints, weight: Floats, stay: Truths, leave: Truths, what: str, labels: Sequence[str]) -> Passed:
    """The link, refused where nobody of a class can take its weight; `labels` name the classes."""
    link = Passed(group, weight, stay, leave)
    kept, gone = link.sums
    message = "{name} has weight of {gone:g} to give away and no units {what} to take it; join it with another class."
    refuse((kept <= 0) & (gone > 0), message, name=np.array(labels, dtype=object)[: len(kept)], gone=gone, what=what)
    return link
