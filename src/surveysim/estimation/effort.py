"""Early against late respondents: what more calls, or more days, do to an estimate."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import guards
from ..coding import refuse_infinite
from ..display import Shown
from ..errors import DataError
from ..inference.estimates import Estimates
from ..tables import called, numbers_of
from .survey import Survey


@dataclass(frozen=True)
class Effort(Shown):
    """Estimates by effort.

    Attributes
    ----------
    levels : DataFrame effort, n, share (of the weight), estimate and se of those interviewed at this effort, cumulative and
        cumulative_se of those interviewed at this effort or less.
    difference : Estimates of one row, late minus early, with its standard error and interval.
    cut : respondents at this effort or less are early.
    """

    levels: pd.DataFrame
    difference: Estimates
    cut: float

    def _shown(self) -> pd.DataFrame:
        return self.levels

    def summary(self) -> str:
        """One line: the difference with its standard error, and what the last efforts added to the estimate."""
        row, last = self.difference.table.iloc[0], self.levels.iloc[-1]
        early = self.levels[self.levels["effort"] <= self.cut].iloc[-1]
        return (
            f"late minus early {row['estimate']:+.4g} (se {row['se']:.2g}); effort beyond {self.cut:g} moved the estimate from "
            f"{early['cumulative']:.4g} to {last['cumulative']:.4g}"
        )


def early_late(
    survey: Survey, y: str, effort: str = "attempts", cut: float | None = None, level: float = 0.95
) -> Effort:
    """Compare respondents who took little effort with those who took much: a look at nonresponse that continues.

    Where late respondents resemble those who never responded (the "continuum of resistance"), the difference tells the direction of
    nonresponse bias; Lin & Schaeffer (1995) show that it need not.

    Parameters
    ----------
    survey : Survey, weighted as the estimates of interest are. y : numeric or bool column or (n,). effort : numeric column or (n,):
        calls, days.
    cut : early is this effort or less; None takes the effort of the middle respondent, by weight. level : of the interval.

    Returns
    -------
    Effort.

    Raises
    ------
    DataError : effort is missing for some rows, or all respondents took the same.

    References
    ----------
    Lin & Schaeffer (1995), Public Opin. Q. 59:236-258; Curtin, Presser & Singer (2000), Public Opin. Q. 64:413-428.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> table = pd.DataFrame({"online": [1, 1, 1, 0, 0, 0], "attempts": [1, 1, 2, 2, 5, 5]})
    >>> effort = ss.early_late(ss.Survey(table), "online")
    >>> effort.levels[["effort", "n", "estimate", "cumulative"]].values.tolist()
    [[1.0, 2.0, 1.0, 1.0], [2.0, 2.0, 0.5, 0.75], [5.0, 2.0, 0.0, 0.5]]
    >>> print(effort.summary())
    late minus early -0.75 (se 0.24); effort beyond 2 moved the estimate from 0.75 to 0.5
    """
    if not isinstance(survey, Survey):
        raise DataError(f"survey is a {type(survey).__name__}; give a Survey: Survey(table, weight=...).")
    if cut is not None:
        guards.number(cut, "cut", remedy="It is a number of calls or days, or None.")
    data = survey.data
    spent = numbers_of(data, effort, len(survey.weight), "effort", finite=False)
    inside = survey.inside & (survey.weight > 0)
    refuse_infinite(spent, called("effort", effort), inside)
    if not np.all(np.isfinite(spent[inside])):
        raise DataError(
            f"{int((~np.isfinite(spent[inside])).sum())} respondents have no {effort}; leave them out or give it."
        )
    found = np.unique(spent[inside])
    if len(found) < 2:
        raise DataError(f"all respondents have {effort} = {found[0]:g}, so that nobody is late; choose another column.")
    if cut is None:
        share = np.cumsum([survey.weight[inside & (spent == value)].sum() for value in found])
        cut = float(found[min(np.searchsorted(share, share[-1] / 2), len(found) - 2)])
    if not found[0] <= cut < found[-1]:
        raise DataError(
            f"cut = {cut!r}: early and late need respondents each; {effort} goes from {found[0]:g} to {found[-1]:g}."
        )
    values = numbers_of(data, y, len(spent), "y" if not isinstance(y, str) else "", finite=False)
    table = pd.DataFrame({"y": values, "late": pd.Categorical(np.where(spent <= cut, "early", "late"))})
    table["effort"] = spent
    bare = Survey.of_design(table, survey.design).where(inside)
    rows = []
    each = bare.mean("y", by="effort", level=level, df=np.inf).table  # an effort may have one respondent
    total = survey.weight[inside].sum()
    for value, estimate in zip(found, each.itertuples(), strict=True):
        so_far = bare.where(spent <= value).mean("y", level=level, df=np.inf).table.iloc[0]
        weight = survey.weight[inside & (spent == value)].sum()
        rows.append(
            (value, estimate.n, weight / total, estimate.estimate, estimate.se, so_far["estimate"], so_far["se"])
        )
    columns = ["effort", "n", "share", "estimate", "se", "cumulative", "cumulative_se"]
    df = bare.mean("y", level=level).table["df"].iloc[0]
    difference = bare.mean("y", by="late", level=level, df=np.inf).contrast({0: -1, 1: 1}, df)
    return Effort(pd.DataFrame(rows, columns=columns), difference, cut)
