"""Against a standard: weights of domains that have the same distribution, and tests that a distribution is a given one."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import guards
from ..coding import categorical
from ..display import Shown
from ..errors import DataError
from ..inference.questions import Questions, tell
from ..tables import coded, named, one_name
from ..weighting.raking import rake
from ..weighting.result import Calibration
from . import rao_scott

if TYPE_CHECKING:
    from ..estimation.survey import Survey

STATISTICS = ("F", "Chisq", "Wald")


def standardized(survey: "Survey", by: Any, weights: Any, over: Any, excluding: Any) -> Calibration:
    """The weights of `Survey.standardize`."""
    columns = named(by, "by")
    if not columns:
        raise DataError("by is empty: give the column, or columns, whose distribution is standardized.")
    given = guards.mapping(weights, "weights", remedy="One number for each level: {level: number}.")
    if not given or not all(guards.is_finite(v) and v > 0 for v in given.values()):
        raise DataError(
            f"weights = {guards.sight(weights)}: give {{level: number above 0}}, such as the standard population."
        )
    total = float(sum(given.values()))
    margin = {columns[0] if len(columns) == 1 else tuple(columns): {k: v / total for k, v in given.items()}}
    over = None if over is None else one_name(over, "over")
    needed = dict.fromkeys(
        [*columns, *([] if over is None else [over]), *([] if excluding is None else named(excluding, "excluding"))]
    )
    data, there = _complete(survey, list(needed), columns[0], over)
    options: dict[str, Any] = {"margins_are": "shares", "missing": "drop", "tol": 1e-12}
    if over is not None:
        column = coded(data, over)
        margin = {column.labels[k]: margin for k in np.unique(column.codes[there])}
    return rake(data, margin, weight=survey.design.weight, by=over, **options)


def _complete(survey, needed, first, over):
    """The columns as categories, the first one missing where any is, and the rows of weight (n,) where none is."""
    found = {name: coded(survey.data, name) for name in needed}
    weighed, out = survey.design.weight != 0, {name: c.codes < 0 for name, c in found.items()}
    lost = np.any([*out.values()], axis=0)
    there = weighed & ~lost
    if not there.any():
        raise DataError(f"no row of weight has all of {', '.join(map(repr, needed))}; there is nothing to standardize.")
    tell({name: int((weighed & missing).sum()) for name, missing in out.items() if (weighed & missing).any()}, 5)
    codes = {name: c.codes for name, c in found.items()}
    codes[first] = np.where(lost, -1, codes[first])
    if over is not None:
        codes[over] = np.where(lost, codes[over][there][0], codes[over])  # a row without weight may be in any domain
    return pd.DataFrame({name: categorical(codes[name], found[name].labels) for name in needed}), there


@dataclass(frozen=True, repr=False)
class Fit(Shown):
    """Result of a test of goodness of fit.

    Attributes
    ----------
    statistic, df, p_value : the test statistic, its degrees of freedom (two for F statistics) and p-value. name : which statistic.
    table : level, proportion, expected. n : respondents. set_aside : rows left out because the column was missing.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> survey = ss.Survey(pd.DataFrame({"sex": ["f"] * 60 + ["m"] * 40}))
    >>> print(survey.goodness_of_fit("sex", {"f": 0.5, "m": 0.5}))
    F = 4.125 on 1 and 99 degrees of freedom, p = 0.04493; 100 respondents
    level  proportion  expected
        f         0.6       0.5
        m         0.4       0.5
    """

    statistic: float
    df: tuple
    p_value: float
    name: str
    table: pd.DataFrame = field(repr=False)
    n: int = 0
    set_aside: dict = field(default_factory=dict)

    def summary(self) -> str:
        """One line: statistic, degrees of freedom, p-value, respondents."""
        df = " and ".join(f"{d:,.4g}" for d in self.df)
        return f"{self.name} = {self.statistic:,.4g} on {df} degrees of freedom, p = {self.p_value:.4g}; {self.n:,} respondents"

    def __repr__(self) -> str:
        return f"{self.summary()}\n{self.table.to_string(index=False, float_format=lambda v: f'{v:,.4g}')}"

    def _shown(self) -> pd.DataFrame:
        return self.table


def goodness_of_fit(survey: "Survey", y: Any, p: Any, statistic: str) -> Fit:
    """See `Survey.goodness_of_fit`."""
    guards.choice(statistic, "statistic", STATISTICS)
    y = one_name(y, "y")
    given = guards.mapping(p, "p", remedy="One probability for each level: {level: number}.")
    if len(given) < 2 or not all(guards.is_finite(v) and v > 0 for v in given.values()):
        raise DataError(f"p = {guards.sight(p)}: give {{level: probability above 0}} for two levels or more.")
    asked = Questions(survey)
    asked.proportions([y])
    given = {str(level): float(v) for level, v in given.items()}
    levels = [level for _, _, level, _ in asked.rows]
    kept = [k for k, level in enumerate(levels) if level in given or asked.items[k].value[0] != 0]
    levels, asked.items = (
        [levels[k] for k in kept],
        [asked.items[k] for k in kept],
    )  # a category may have levels of nobody
    unlike = sorted(set(levels) ^ set(given))
    if len(levels) < 2 or unlike:
        raise DataError(
            f"p is of {', '.join(map(repr, given))}, and {y!r} has {', '.join(map(repr, levels))}; give a probability for each level. A "
            f"column of truth values is text first."
        )
    tell(asked.aside, 4)
    whole = sum(given.values())
    expected, found = np.array([given[k] / whole for k in levels]), np.array([item.value[0] for item in asked.items])
    inside = (asked.items[0].group >= 0) & (survey.design.weight != 0)
    n, nu = int(inside.sum()), float(survey.engine.degrees(asked.items[0].group, [""])[0])
    V = survey.engine.item_covariance(asked.items)
    table = pd.DataFrame({"level": levels, "proportion": found, "expected": expected})
    root = np.sqrt(expected)
    effects = np.linalg.eigvalsh(n * V / np.outer(root, root))[1:]  # proportions sum to 1: the smallest is 0
    pearson = n * float(np.sum((found - expected) ** 2 / expected))
    result = rao_scott.rao_scott(pearson, effects, nu, 1 if statistic == "Chisq" else 2)
    if statistic == "Wald":
        srs = (expected * (1 - expected) / n)[:-1]
        result = rao_scott.wald(
            (found - expected)[:-1], V[:-1, :-1], nu, beside=srs, of="levels", remedy="use F, or join levels."
        )
    return Fit(result.statistic, result.df, result.p_value, statistic, table, n, dict(asked.aside))
