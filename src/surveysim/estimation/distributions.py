"""Statistics of a distribution beyond totals, means and quantiles, and any statistic of one's own: methods of `Survey`."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from .. import guards
from ..analysis import asking, functionals, own
from ..inference import intervals

if TYPE_CHECKING:
    from ..inference.estimates import Estimates
    from .survey import Survey


class Distributions:
    """Methods of `Survey` that answer with `Estimates` of a function of the distribution."""

    def variance(
        self,
        y: str | Sequence[str],
        by: str | Sequence[str] | None = None,
        level: float = 0.95,
        df: float | None = None,
    ) -> "Estimates":
        """Variances of numeric columns in the population, n / (n - 1) Σ w (y - ȳ)² / Σ w over the n rows, as R's svyvar.

        See `mean` for the arguments.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> survey = ss.Survey(pd.DataFrame({"y": [1, 2, 3, 6], "x": [1, 1, 2, 4]}))
        >>> survey.variance("y").table["estimate"].round(3).tolist()
        [4.667]
        >>> survey.sd("y").table["estimate"].round(3).tolist()
        [2.16]
        """
        return asking.estimated(self._survey, functionals.VARIANCE, asking.alone(y), by, level=level, df=df)

    def sd(
        self,
        y: str | Sequence[str],
        by: str | Sequence[str] | None = None,
        level: float = 0.95,
        df: float | None = None,
    ) -> "Estimates":
        """Standard deviations in the population, the roots of `variance`."""
        return asking.estimated(self._survey, functionals.SD, asking.alone(y), by, level=level, df=df)

    def covariance(
        self,
        y: str | Sequence[str],
        x: str | None = None,
        by: str | Sequence[str] | None = None,
        level: float = 0.95,
        df: float | None = None,
    ) -> "Estimates":
        """Covariances in the population of columns y with x, or of all pairs of them; the variable of a row is "y:x".

        n / (n - 1) Σ w (y - ȳ) (x - x̄) / Σ w over the n rows where both are there. See `mean` for the other arguments.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> survey = ss.Survey(pd.DataFrame({"y": [1, 2, 3, 6], "x": [1, 1, 2, 4]}))
        >>> survey.covariance("y", "x").table[["variable", "estimate"]].values.tolist()
        [['y:x', 3.0]]
        >>> survey.correlation(["y", "x"]).table["estimate"].round(4).tolist()  # 3 / root of 14/3 × 2
        [0.982]
        """
        given = asking.pairs(y, x)
        return asking.estimated(self._survey, functionals.COVARIANCE, given, by, level=level, df=df)

    def correlation(
        self,
        y: str | Sequence[str],
        x: str | None = None,
        by: str | Sequence[str] | None = None,
        level: float = 0.95,
        df: float | None = None,
    ) -> "Estimates":
        """Pearson's correlations of columns y with x, or of all pairs of them, as `covariance`.

        Its interval is symmetric; one that stays inside -1 and 1 is `e.function("atanh(r)", r=0)`, turned back by tanh.
        """
        given = asking.pairs(y, x)
        return asking.estimated(self._survey, functionals.CORRELATION, given, by, level=level, df=df)

    def gini(
        self,
        y: str | Sequence[str],
        by: str | Sequence[str] | None = None,
        level: float = 0.95,
        df: float | None = None,
    ) -> "Estimates":
        """Gini's coefficient, Σ Σ w_i w_j ``|y_i - y_j|`` / (2 (Σ w) (Σ w y)); its sum of y may not be 0.

        See `mean` for the arguments.

        References
        ----------
        Langel & Tillé (2013), JRSS A 176:521-540 (value and linearization).

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> ss.Survey(pd.DataFrame({"y": [1, 2, 3, 6]})).gini("y").table["estimate"].round(4).tolist()
        [0.3333]
        """
        return asking.estimated(self._survey, functionals.GINI, asking.alone(y), by, level=level, df=df)

    def share_ratio(
        self,
        y: str | Sequence[str],
        by: str | Sequence[str] | None = None,
        top: float = 0.2,
        bottom: float = 0.2,
        level: float = 0.95,
        df: float | None = None,
    ) -> "Estimates":
        """What the richest share `top` of everybody has over what the poorest share `bottom` has: S80/S20.

        Who stands at the end of a share is in it by the part of the weight that fills it, so that it is 1 where everybody has the same.
        Palma's ratio has top = 0.1 and bottom = 0.4. See `mean` for the other arguments.

        References
        ----------
        Langel & Tillé (2011), J. Off. Stat. 27:1-22 (also the linearization, in which the densities at the quantiles cancel).

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> ss.Survey(pd.DataFrame({"y": range(1, 11)})).share_ratio("y").table[["level", "estimate"]].round(3).values.tolist()
        [['S80/S20', 6.333]]
        """
        functional = functionals.share_ratio(guards.share(top, "top"), guards.share(bottom, "bottom"))
        return asking.estimated(self._survey, functional, asking.alone(y), by, level=level, df=df)

    def poverty(
        self,
        y: str | Sequence[str],
        by: str | Sequence[str] | None = None,
        line: float | None = None,
        factor: float = 0.6,
        q: float = 0.5,
        within: bool = False,
        width: float | None = None,
        ci: str = "logit",
        level: float = 0.95,
        df: float | None = None,
    ) -> "Estimates":
        """At-risk-of-poverty rate: the share of each domain at or below a poverty line.

        Parameters
        ----------
        line : a line that is known; None is `factor` times the quantile `q` of everybody in the table, also of those outside
            where(), whose error comes in.
        within : every domain has a line of its own. ci : a method of `proportion_interval`.
        width : of the normal kernel, in the unit of y, for the density at the line and at the quantile; None is Silverman's.
            Jackknives repeat the linearization, since quantiles jump. See `mean` for the other arguments.

        References
        ----------
        Deville (1999), Surv. Methodol. 25:193-203; Osier (2009), Surv. Res. Methods 3:167-195.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> survey = ss.Survey(pd.DataFrame({"y": range(1, 11)}))
        >>> survey.poverty("y").table["estimate"].tolist()  # 3 of 10 have no more than 0.6 × 5
        [0.3]
        """
        guards.choice(ci, "ci", intervals.METHODS)
        measure = (factor, q, width)
        return asking.poor(self._survey, y, by, line, measure, within, ci=ci, level=level, df=df)

    def quantile_ratio(
        self,
        y: str | Sequence[str],
        upper: float = 0.9,
        lower: float = 0.1,
        by: str | Sequence[str] | None = None,
        width: float | None = None,
        level: float = 0.95,
        df: float | None = None,
    ) -> "Estimates":
        """A quantile over another: p90/p10. See `poverty` for `width`, and `mean` for the other arguments.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> ss.Survey(pd.DataFrame({"y": range(1, 11)})).quantile_ratio("y").table[["level", "estimate"]].values.tolist()
        [['p90/p10', 9.0]]
        """
        width = asking.width_of(width)
        functional = functionals.quantile_ratio(guards.share(upper, "upper"), guards.share(lower, "lower"), width)
        return asking.estimated(self._survey, functional, asking.alone(y), by, level=level, df=df)

    def cdf(
        self,
        y: str | Sequence[str],
        at: float | Sequence[float],
        by: str | Sequence[str] | None = None,
        ci: str = "logit",
        level: float = 0.95,
        df: float | None = None,
    ) -> "Estimates":
        """Cumulative distribution: the shares of y at or below points. ci : a method of `proportion_interval`.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> ss.Survey(pd.DataFrame({"y": [1, 2, 3, 6]})).cdf("y", [2, 5]).table[["level", "estimate"]].values.tolist()
        [['2', 0.5], ['5', 0.75]]
        """
        guards.choice(ci, "ci", intervals.METHODS)
        return asking.distribution(self._survey, y, at, by, ci=ci, level=level, df=df)

    def statistic(
        self,
        f: Callable[..., Any],
        by: str | Sequence[str] | None = None,
        scores: Any = None,
        name: str | None = None,
        level: float = 0.95,
        df: float | None = None,
    ) -> "Estimates":
        """Any statistic: f(table, weights) gives a number, or named numbers as a dict or Series.

        Parameters
        ----------
        f : function of the rows of a domain, a table of the survey's kind, and their weights (n,). In replicates it gets the same
            rows with other weights, 0 for rows that are not in the replicate: what does not use the weights does not vary. Rows of
            weight 0 in the sample are left out; missing values are not. Threads call it at the same time. Of a file the table is a
            pandas one of the values as they were read, codes where they have labels, with user-missing values as missing;
            `table.attrs["levels"]` has the labels, {column: {code: label}}. Domains of `by` are called by labels, as everywhere.
        scores : for errors without replicates, scores per row such that the error of the statistic is that of their weighted
            total, (y - mean) / Σw for a mean: an array (n,) or a column of the survey's table, {name: array} for named numbers, or a
            function of (table, weights) that gives these for a domain's rows.
        name : what it is called; None is the name of f. See `mean` for the other arguments.

        Raises
        ------
        DataError : f fails, gives what is no finite number, or other names, with the replicate where it does.
        DesignError : there are neither replicates nor scores.

        Examples
        --------
        Cohen's kappa of two raters:

        >>> import numpy as np, pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"a": list("xxyyxyxy"), "b": list("xxyyxyyx")})
        >>> def kappa(t, w):
        ...     p = pd.crosstab(t["a"], t["b"], w, aggfunc="sum", normalize=True).fillna(0).to_numpy()
        ...     chance = p.sum(0) @ p.sum(1)
        ...     return (np.trace(p) - chance) / (1 - chance)
        >>> ss.Survey(table).replicates("jk1").statistic(kappa).table[["estimate", "se"]].round(3).values.tolist()
        [[0.5, 0.348]]

        A ratio of means in a line, and a mean with its scores:

        >>> survey = ss.Survey(pd.DataFrame({"y": [1, 2, 3, 6], "x": [1, 1, 2, 4]}))
        >>> both = survey.replicates("jk1").statistic(lambda t, w: {"ratio": t["y"] @ w / (t["x"] @ w), "n": w.sum()})
        >>> both.table[["level", "estimate"]].values.tolist()
        [['ratio', 1.5], ['n', 4.0]]
        >>> def mean(t, w):
        ...     return np.average(t["y"], weights=w)
        >>> found = survey.statistic(mean, scores=lambda t, w: (t["y"] - mean(t, w)) / w.sum())
        >>> found.table[["statistic", "variable", "estimate", "se"]].round(3).values.tolist()
        [['statistic', 'mean', 3.0, 1.08]]
        """
        return own.statistic(self._survey, f, by, scores, name, level=level, df=df)

    @property
    def _survey(self) -> "Survey":
        return cast("Any", self)
