"""Estimates: values, errors, intervals, and what one does with them next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats, OwnKind, Pathname
from ..display import Shown, csv_text, guarded_table
from ..errors import DataError
from ..tables import in_kind
from ..writing import whole, write_text
from . import contrasts, intervals, publication, scores
from .changes import OverTime
from .drawn import Drawn
from .standard_errors import item_degrees, standard_errors

if TYPE_CHECKING:
    from .publication import Published

COLUMNS = ("statistic", "variable", "level", "domain", "estimate", "se", "lower", "upper", "df", "deff", "n", "moe")


@dataclass(frozen=True)
class Estimates(OverTime, Drawn, Shown):
    """Estimates with their errors; rows in the order they were asked for.

    Attributes
    ----------
    columns : {name: values} of the table. items : tuple of scores.Statistic and scores.Block, whose values are the rows.
    design : the Design or Replication the errors come from. level : confidence level.
    set_aside : rows left out because the variable was missing, by variable. factor : (rows,) units of the table per unit of the
        items, such as 100 for percent; None is 1. kind : "polars" or "pyarrow" where the survey's table is one; None is pandas.
    known_cov : `cov` where it was found before, in the unit of the items; None finds it when it is asked for.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> table = pd.DataFrame({"y": [1, 3, 2, 4], "region": list("nnss")})
    >>> estimates = ss.Survey(table, weight=[10, 10, 20, 20]).mean("y", by="region")
    >>> print(estimates)
    statistic variable level   domain  estimate     se  lower  upper  df  n   moe
         mean        y       region=n         2 0.8165 -8.375  12.37   1  2 10.37
         mean        y       region=s         3 0.8165 -7.375  13.37   1  2 10.37
    2 estimates, margins of error 10.37 to 10.37 at 95 %, 2 to 2 respondents
    >>> estimates.cov.round(3).tolist()
    [[0.667, 0.0], [0.0, 0.667]]
    """

    columns: dict
    items: tuple
    design: Any
    level: float
    set_aside: dict
    factor: np.ndarray | None = None
    kind: str | None = None
    known_cov: np.ndarray | None = None

    @cached_property
    def table(self) -> pd.DataFrame:
        """What `to_frame` copies; made when it is first looked at."""
        return pd.DataFrame(self.columns)

    def __len__(self) -> int:
        return len(self.columns["estimate"])

    def to_frame(self) -> OwnKind:
        """Tidy table, of the kind of the survey's: statistic, variable, level, domain, estimate, se, lower, upper, df, deff, n, moe.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> survey = ss.Survey(pd.DataFrame({"y": [1, 2, 3, 6]}), weight=[10] * 4)
        >>> frame = survey.total("y", deff="wr").to_frame()
        >>> frame[["estimate", "se", "df", "deff", "n"]].round(3).iloc[0].to_dict()
        {'estimate': 120.0, 'se': 43.205, 'df': 3.0, 'deff': 1.0, 'n': 4.0}
        """
        return in_kind(self.table, self.kind)

    @cached_property
    def cov(self) -> Floats:
        """Covariance matrix of the rows of `to_frame()`, in that order."""
        found = self.design.item_covariance(self.items) if self.known_cov is None else self.known_cov.copy()
        return found if self.factor is None else found * np.outer(self.factor, self.factor)

    @property
    def cv(self) -> Floats:
        """Coefficients of variation, se over the absolute estimate, in the order of the rows; NaN where the estimate is 0.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> ss.Survey(pd.DataFrame({"y": [1, 2, 3, 6]})).mean("y").cv.round(4).tolist()
        [0.36]
        """
        estimate = np.abs(self.table["estimate"].to_numpy())
        return np.divide(self.table["se"], estimate, out=np.full(len(estimate), np.nan), where=estimate > 0)

    def contrast(self, coefficients: Mapping[Any, float], df: float | None = None) -> "Estimates":
        """A linear combination of rows, such as a difference of two domains or two waves in one table.

        Parameters
        ----------
        coefficients : {row: coefficient}; a row is its position, or a text that is the name of one row only: its domain, level or
            variable, or several of them with commas between, as contrasts print them ("Yes, region=North").
        df : degrees of freedom; None takes the smallest of the rows.

        Returns
        -------
        Estimates of one row, whose error uses the covariances between the rows.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"y": [1, 3, 2, 4], "region": list("nnss")})
        >>> means = ss.Survey(table).mean("y", by="region")
        >>> difference = means.contrast({"region=s": 1, "region=n": -1})
        >>> difference.table[["estimate", "se"]].round(4).values.tolist()
        [[1.0, 1.1547]]
        """
        return contrasts.contrast(self, coefficients, df)

    def function(self, formula: str | Mapping[str, str], df: float | None = None, **rows: Any) -> "Estimates":
        """Ratios and other functions of rows: relative risks, odds ratios, relative changes.

        Parameters
        ----------
        formula : numbers, names, + - * / ** and abs, atanh, exp, expit, log, log10, logit, sqrt, tanh; or {name: formula} for
            several, whose rows then have these names. A name is what `contrast` calls a row, in `backticks` where it is no word,
            or one of `rows`.
        df : as in `contrast`. rows : names of the formula's own for rows, as in `contrast`: a="region=s".

        Returns
        -------
        Estimates, linearized by `cov` (the delta method), or repeated in every replicate.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"y": [1, 3, 2, 4], "region": list("nnss")})
        >>> means = ss.Survey(table).mean("y", by="region")
        >>> ratio = means.function("south / north", south="region=s", north="region=n")
        >>> ratio.table[["estimate", "se"]].round(4).values.tolist()  # 3/2, root of (1/2)² 2/3 + (3/4)² 2/3
        [[1.5, 0.736]]
        >>> means.function("log(`region=s`) - log(`region=n`)").table["estimate"].round(4).tolist()
        [0.4055]
        """
        return contrasts.function(self, formula, rows, df)

    def publish(self, rule: Any = "nchs", complementary: bool = True) -> "Published":
        """The estimates with what must not be printed hidden, and why in the column `flag`.

        Parameters
        ----------
        rule : "nchs" (proportions: n and effective n of 30, Korn and Graubard's interval at most 30 points and 130 % of the estimate
            wide; fewer than 8 degrees of freedom and 0 or 100 % are flagged), "statcan" (coefficients of variation above 16.6 % flagged,
            above 33.3 % hidden), "abs" (25 and 50 %), "minimum=10", "rse=25/50" or "cv=16.6/33.3" with any numbers, thresholds such as
            {"n": 50, "rse": 30}, or a list of these.
        complementary : also hide the smallest of the other levels where one alone is hidden, which would be what is left of 100 %.

        References
        ----------
        Parker et al. (2017), Vital Health Stat 2(175); Statistics Canada (2010), 12-587-X.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> survey = ss.Survey(pd.DataFrame({"online": [True] * 60 + [False] * 40, "sex": ["f"] * 80 + ["m"] * 20}))
        >>> print(survey.proportion("online", by="sex").publish("nchs"))
         statistic variable level domain  estimate      se  lower  upper  n   flag
        proportion   online  True  sex=f      0.75 0.04866 0.6415 0.8341 80
        proportion   online  True  sex=m                                 20 n < 30
        nchs: 1 of 2 estimates to print, 0 of them flagged; 1 hidden
        """
        return publication.publish(self, rule, complementary)

    def to_csv(self, path: Pathname) -> None:
        """Write the table as CSV; text that a spreadsheet would run as a formula gets an apostrophe in front.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> ss.Survey(pd.DataFrame({"y": [1, 2, 3]})).mean("y").to_csv("means.csv")
        >>> pd.read_csv("means.csv")[["variable", "estimate"]].values.tolist()
        [['y', 2.0]]
        """
        write_text(path, csv_text(self.table, number=None))

    def to_parquet(self, path: Pathname) -> None:
        """Write the table as Parquet.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> ss.Survey(pd.DataFrame({"y": [1, 2, 3]})).mean("y").to_parquet("means.parquet")
        >>> pd.read_parquet("means.parquet")[["variable", "estimate"]].values.tolist()
        [['y', 2.0]]
        """
        with whole(path) as part:
            self.table.to_parquet(part, index=False)

    def to_excel(self, path: Pathname) -> None:
        """Write the table as an Excel sheet, text as text."""
        try:
            import xlsxwriter  # noqa: F401 - pandas calls it
        except ImportError:
            raise DataError("to_excel needs the package xlsxwriter: pip install surveysim-dualframe[files].") from None
        options = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
        with whole(path) as part, pd.ExcelWriter(part, engine="xlsxwriter", engine_kwargs=options) as book:
            guarded_table(self.table).to_excel(book, index=False)

    def summary(self) -> str:
        """One line: how many estimates, how wide, from how many respondents.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"y": [1, 2, 3, 4], "z": [0, 0, 1, 1]})
        >>> print(ss.Survey(table).mean(["y", "z"]).summary())
        2 estimates, margins of error 0.9187 to 2.054 at 95 %, 4 to 4 respondents
        """
        t = self.table
        aside = sum(self.set_aside.values())
        return (
            f"{len(t)} estimates, margins of error {t['moe'].min():,.4g} to {t['moe'].max():,.4g} at {100 * self.level:g} %, "
            f"{t['n'].min():,} to {t['n'].max():,} respondents"
            + (f"; {aside:,} rows set aside as missing" if aside else "")
        )

    def __repr__(self) -> str:
        shown = self.table.loc[:, [c for c in COLUMNS if not (c == "deff" and self.table[c].isna().all())]]
        text = shown.to_string(index=False, max_rows=40, float_format=lambda v: f"{v:,.4g}")
        return f"{text}\n{self.summary()}" if len(shown) > 1 else text

    def _shown(self) -> pd.DataFrame:
        return self.table


def estimates(
    design: Any,
    items: Sequence[Any],
    rows: Any,
    *,
    level: float = 0.95,
    df: float | None = None,
    deff: bool = False,
    ci: Any = None,
    scale: Any = None,
    set_aside: Mapping[Any, Any] | None = None,
    kind: str | None = None,
) -> Estimates:
    """Standard errors, intervals, moe and deff of statistics and blocks.

    Parameters
    ----------
    design : Design or Replication. items : scores.Statistic or scores.Block; a block stands for as many rows as domains.
    rows : (statistic, variable, level, domain) of every row.
    scale : multiplies value and error of each row (100 for percent); proportions in percent get their interval on the share.
    ci : None for estimate ± t·se, a method of `proportion_interval`, or a list of these, one per row.
    """
    guards.choice(deff, "deff", (False, "wor", "wr"))
    df = guards.degrees(df)
    value = np.concatenate([np.atleast_1d(item.value) for item in items])
    if not np.isfinite(value).all():
        _refuse_beyond(rows, value, *np.zeros((3, len(value))))
    with np.errstate(over="ignore", invalid="ignore"):
        variance, size = np.concatenate(design.item_variances(items, [r[3] for r in rows])), value**2
    if not np.isfinite(variance).all():
        _refuse_beyond(rows, value, variance, value, value)
    se = standard_errors(variance, size, lambda k: _joined(rows[k]))
    n = np.concatenate([np.atleast_1d(_interviews(design.weight, item)) for item in items])
    degrees = item_degrees(design, items, [r[3] for r in rows]) if df is None else np.full(len(value), float(df))
    methods = np.array([ci or ""] * len(value) if ci is None or isinstance(ci, str) else [m or "" for m in ci])
    lower, upper = intervals.wald_interval(value, se, level, degrees)
    for method in set(methods) - {""}:
        at = methods == method
        share = np.clip(value[at], 0, 1)
        edge = np.round(share)
        share = np.where(
            np.abs(share - edge) <= 1e-12, edge, share
        )  # sums in another order may miss 0 or 1 by rounding
        low, high = intervals.proportion_interval(share, se[at], str(method), level, degrees[at], n[at])
        lower[at], upper[at] = np.minimum(low, value[at]), np.maximum(high, value[at])
    effect = np.full(len(value), np.nan)
    if deff:
        base = np.concatenate([np.atleast_1d(scores.srs_variance(design.weight, item, deff == "wr")) for item in items])
        effect = np.divide(variance, base, out=effect, where=base > 0)
    factor = np.ones(len(value)) if scale is None else np.asarray(scale, dtype=float)
    moe = intervals.t_quantile(level, degrees) * se
    shown = (v * factor for v in (value, se, lower, upper))
    named: dict[str, Any] = dict(
        zip(COLUMNS[4:], [*shown, degrees, effect, n.astype(np.int64), moe * factor], strict=True)
    )
    given: dict[str, Any] = {
        "level": level,
        "set_aside": set_aside,
        "factor": None if scale is None else factor,
        "kind": kind,
    }
    return listed(design, items, rows, named, **given)


def _interviews(weight, item):
    """Rows of weight of every value of a statistic, several or a block: rows of weight 0 are no interviews."""
    if isinstance(item, scores.Block):
        return item.rows
    return np.full(np.size(item.value), np.count_nonzero(weight[item.rows]))


def _refuse_beyond(rows, estimate, se, lower, upper, **others):
    """Refuse what double precision does not hold: numbers that over- or underflowed, or whose variances would."""
    del others
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        high = ~np.isfinite(np.square(se) + np.abs(estimate) + np.abs(lower) + np.abs(upper))
        lost = (np.asarray(se) == 0) & (np.asarray(estimate) != 0) & (np.square(estimate) == 0)
    message = (
        "the {statistic} of {name} or its variance is too {what} for double precision, in {bad} of {n} estimates; {remedy} the column by "
        "a constant."
    )
    for wrong, what, remedy in ((high, "large", "divide"), (lost, "small", "multiply")):
        if wrong.any():
            statistic, *names = rows[int(np.argmax(wrong))]
            guards.refuse(wrong, message, statistic=statistic, name=_joined(names), what=what, remedy=remedy)


def _joined(names):
    """What a row is called: those of its names that it has."""
    return ", ".join(str(part) for part in names if part != "")


def listed(
    design: Any,
    items: Sequence[Any],
    rows: Any,
    columns: Mapping[str, Any],
    *,
    level: float,
    set_aside: Mapping[Any, Any] | None = None,
    factor: Floats | None = None,
    kind: str | None = None,
    known_cov: Floats | None = None,
) -> Estimates:
    """Estimates of `items` from the names of their rows and their columns of numbers; what is not there is NaN."""
    _refuse_beyond(rows, **columns)
    nothing = np.full(len(rows), np.nan)
    named = {name: [r[k] for r in rows] for k, name in enumerate(COLUMNS[:4])}
    named |= {name: columns.get(name, nothing) for name in COLUMNS[4:]}
    return Estimates(named, tuple(items), design, level, dict(set_aside or {}), factor, kind, known_cov)
