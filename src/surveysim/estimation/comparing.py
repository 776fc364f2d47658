"""Comparisons of domains, with a value and with a standard: methods of `Survey`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..analysis import comparisons, standards
from .distributions import Distributions

if TYPE_CHECKING:
    from ..analysis.comparisons import Comparison
    from ..analysis.standards import Fit
    from .survey import Survey


class Comparing(Distributions):
    """Methods of `Survey` that test differences, and make domains comparable."""

    def compare(
        self,
        y: str | Sequence[str],
        by: str | Sequence[str] | None = None,
        statistic: str = "mean",
        value: float | Mapping[Any, float] | None = None,
        paired: str | None = None,
        pairs: Any = "all",
        adjust: str = "holm",
        simultaneous: str = "none",
        q: float = 0.5,
        level: float = 0.95,
        df: float | None = None,
    ) -> "Comparison":
        """Tests between domains, between two columns of the same rows, or against a value.

        Parameters
        ----------
        y : column or list of columns. by : as in `mean`.
        statistic : "mean", "total", "proportion" or "quantile" (at `q`).
        value : what every estimate is tested against, a number or {row: number} with rows as in `Estimates.contrast`.
        paired : another column, whose estimate is taken from y's over the rows where neither is missing.
        pairs : "all", a domain that all others are compared with, or a list of (domain, domain), such as [("g=b", "g=a")].
        adjust : p-values for several tests: "holm", "bh" (Benjamini-Hochberg), "by" (Benjamini-Yekutieli), "bonferroni", "max-t" (by the
            covariance of the differences) or "none".
        simultaneous : intervals that hold together: "max-t", "bonferroni", "scheffe"; "none" is one by one.
        df : degrees of freedom; None is the smaller one of the two, PSUs - strata with rows in the domain.

        Returns
        -------
        Comparison, with `.table`, `.differences` (Estimates) and `.wald()`, the test of all at once.

        References
        ----------
        Holm (1979), Scand. J. Stat. 6:65-70; Benjamini & Hochberg (1995), JRSS B 57:289-300; Hothorn, Bretz & Westfall (2008),
        Biom. J. 50:346-363 (max-t).

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> survey = ss.Survey(pd.DataFrame({"y": [1, 3, 2, 4, 7, 5], "x": [1, 2, 2, 3, 5, 4], "g": list("aabbcc")}))
        >>> survey.compare("y", by="g", pairs="g=a").table[["comparison", "difference"]].values.tolist()
        [['g=b - g=a', 1.0], ['g=c - g=a', 4.0]]
        >>> survey.compare("y", paired="x").table[["comparison", "difference", "p_value"]].round(3).values.tolist()
        [['y - x', 0.833, 0.042]]
        >>> survey.compare("y", value=3).table[["difference", "value", "t"]].round(3).values.tolist()
        [[3.667, 3.0, 0.756]]
        """
        how = (adjust, simultaneous, pairs)
        return comparisons.compared(self._survey, y, by, statistic, (value, paired), how, q=q, level=level, df=df)

    def standardize(
        self,
        by: str | Sequence[str],
        weights: Mapping[Any, float],
        over: str | None = None,
        excluding: str | Sequence[str] | None = None,
    ) -> "Survey":
        """Direct standardization: a new Survey in which `by` has the same distribution in every domain, as R's svystandardize.

        Parameters
        ----------
        by : column, or columns whose combinations are meant. weights : {level: number}, the standard population; tuples of levels
            where there are several columns. Every level has to have rows in every domain.
        over : column of the domains; None is everybody. Their weights keep their sums, and the errors of these.
        excluding : columns to estimate from: rows where one is missing, or `by` or `over`, get weight 0 with a warning, so that those
            who answered have the standard distribution (R's excluding.missing). Without it nonresponse to a column may bend it.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"g": list("aaabbb"), "age": list("yyoyoo"), "ill": [0, 1, 1, 0, 1, 0]})
        >>> survey = ss.Survey(table).standardize("age", {"y": 50, "o": 50}, over="g")
        >>> survey.mean("ill", by="g").table["estimate"].tolist()  # (1/2 + 1) / 2 and (0 + 1/2) / 2
        [0.75, 0.25]
        """
        return self._survey._adjusted(standards.standardized(self._survey, by, weights, over, excluding))

    def goodness_of_fit(self, y: str, p: Mapping[Any, float], statistic: str = "F") -> "Fit":
        """Test that a categorical column has given probabilities, with Rao and Scott's corrections.

        Parameters
        ----------
        p : {level: number}, divided by their sum. statistic : "F" (second-order), "Chisq" (first-order) or "Wald".

        Returns
        -------
        Fit, with `.statistic`, `.df`, `.p_value` and `.table`.

        References
        ----------
        Rao & Scott (1981), JASA 76:221-230. R's svygofchisq takes the error of the expected counts at the estimates, not at p.
        """
        return standards.goodness_of_fit(self._survey, y, p, statistic)
