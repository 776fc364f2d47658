"""What is asked of a Survey beyond totals, means, ratios, proportions and quantiles: one method for each file of `analysis/`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..aliases import Column
from ..analysis import independence, pictured, representativity
from ..on_demand import Later
from .comparing import Comparing

regression = Later(__package__, "..analysis.regression.of_survey")
made_tables = Later(__package__, "..analysis.tables.result")
if TYPE_CHECKING:
    from ..analysis.independence import Independence
    from ..analysis.regression.model import Model
    from ..analysis.representativity import Representativity
    from ..analysis.tables.result import Tables


class Analyses(Comparing):
    """Methods of `Survey` that answer with a model, a comparison or a table."""

    def independence(self, rows: str, columns: str, statistic: str = "F") -> "Independence":
        """Test of independence of two categorical columns with Rao and Scott's corrections.

        statistic : "F" (second-order, Satterthwaite), "Chisq" (first-order, as R's), "Wald" or "adjWald".

        Returns
        -------
        Independence, with `.statistic`, `.df`, `.p_value` and the weighted `.table`.
        """
        return independence.of_table(self._survey, rows, columns, statistic)

    def representativity(
        self,
        response: Column,
        variables: Sequence[Any],
        y: str | Sequence[str] | None = None,
        adjust: str = "design",
        level: float = 0.95,
    ) -> "Representativity":
        """R-indicators of the response to a sample of respondents and nonrespondents, and how far off respondents' means may be.

        Parameters
        ----------
        response : column or (n,) of truth values (also 0 and 1): who responded. The survey's weights are the sample's design weights.
        variables : columns known of everybody in the sample, taken as categories; a tuple of columns stands for their combinations.
            Response propensities are those of a logistic model with their main effects.
        y : columns known of respondents, whose bias is asked for.
        adjust : what S², the variance of the propensities, is freed of: "design", what sample, response and fit add to it by the
            survey's design (or replicates); "srs", the same as published for simple random samples; "none".
        level : of the intervals. Those of S, R and cv are found for S² and then taken to their scale.

        Returns
        -------
        Representativity, with `.table`, `.partial`, `.bias`, `.propensity`, `plot()`.

        References
        ----------
        Schouten, Cobben & Bethlehem (2009), Surv. Methodol. 35:101-113 (R, the largest bias); Schouten, Shlomo & Skinner (2011), J. Off.
        Stat. 27:231-253 (partial indicators, which are not adjusted); Shlomo, Skinner & Schouten (2012), J. Stat. Plan. Inference
        142:201-211 (adjustment and error); Wagner (2010), Public Opin. Q. 74:223-243 (fraction of missing information).

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> sample = pd.DataFrame({"sex": list("f" * 40 + "m" * 40), "answered": [1] * 30 + [0] * 10 + [1] * 20 + [0] * 20})
        >>> found = ss.Survey(sample).representativity("answered", ["sex"], adjust="none")
        >>> found.table[["indicator", "estimate"]].round(3).values.tolist()
        [['response_rate', 0.625], ['S', 0.125], ['R', 0.75], ['cv', 0.2]]
        """
        return representativity.representativity(self._survey, response, variables, y, adjust, level)

    @property
    def plot(self) -> "pictured.Plots":
        """Weighted pictures of a column: `plot.histogram(y, by=)`, `plot.box(y, by=)`, `plot.cumulative(y, by=)`."""
        return pictured.Plots(self._survey)

    def glm(
        self,
        formula: str,
        family: str = "gaussian",
        link: str | None = None,
        offset: str | None = None,
        level: float = 0.95,
        df: float | None = None,
        information: str = "observed",
    ) -> "Model":
        """Regression: a generalized linear or an ordinal model, fitted by pseudo-likelihood, with errors of the design.

        Rows of `where` count, with the full design behind them; rows where a column of the formula is missing are set aside. The errors
        pass whatever the weights went through, linearized or repeated in replicates.

        Parameters
        ----------
        formula : such as "y ~ x + C(z) + x:z", as `formulaic` reads it; C() makes levels of a numeric column, and text, categories and
            labelled columns have theirs. log(), np.sqrt(), poly(), bs(), I() and offset() may be used.
        family : "gaussian"; "binomial" of truth values, zeros and ones or two levels (the second one counts); "poisson"; or "ordinal"
            of a category or numbers in order. "quasibinomial" and "quasipoisson" are the same as those without quasi.
        link : "identity", "log", "logit", "probit" or "cloglog", where the family has it; None is the first it has.
        offset : column added to the linear predictor. level : confidence level. df : degrees of freedom of t, F and intervals; None is
            those of the design + 1 - coefficients (thresholds count as one), as in R survey; inf is the normal law.
        information : "observed", the derivative of the estimating equations, as Stata's, or "expected", as R survey's; with the links
            identity of gaussian, logit and log of poisson they are the same.

        Returns
        -------
        Model, with `.coefficients`, `.cov`, `.ratios()`, `.test()`, `.predict()`, `.margins()`, `.effects()`, `.estimates` and more.

        Raises
        ------
        DataError : a formula that cannot be read, a response that does not suit the family, columns that are combinations of others,
            separation, no convergence.

        References
        ----------
        Binder (1983), Int. Stat. Rev. 51:279-292; Lumley & Scott (2017), Stat. Sci. 32:265-278.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"vote": [0, 1, 0, 1, 1, 0, 1, 1], "sex": list("ffffmmmm"), "w": [2, 1, 1, 4, 1, 1, 3, 1]})
        >>> model = ss.Survey(table, weight="w").glm("vote ~ sex", family="binomial")
        >>> model.coefficients[["term", "estimate", "se"]].round(3).values.tolist()
        [['Intercept', 0.511, 1.188], ['sex[T.m]', 1.099, 1.749]]
        """
        return regression.fitted(self._survey, formula, family, link, offset, level, df, information)

    def tables(
        self,
        questions: Any,
        banners: Any = (),
        percent: str = "column",
        *,
        ci: str = "logit",
        level: float = 0.95,
        df: float | None = None,
        test: str | None = "F",
        letters: bool = True,
        adjust: str = "bonferroni",
        alpha: float | tuple[float, float] = 0.05,
        labels: Any = None,
        value_labels: Any = None,
    ) -> "Tables":
        """Tables to hand over: many questions by many banners, with intervals, tests and letters, all found together.

        Parameters
        ----------
        questions : columns, whose levels become rows (of truth values only True; of numbers the mean); a list among them is a set of
            columns of which several may hold (truth values, or 0 and 1). A mapping says more: {"column": …, "kind": "levels" or "mean",
            "label": …}, or {"columns": […], "counted": the value that was chosen, "label": …}.
        banners : columns whose levels become columns; a tuple of columns stands for their combinations. None but the total without them.
        percent : "column", "row" or "total": what sums to 100.
        ci, level, df : as for `proportion`.
        test : of independence, as for `independence` (of means always an adjusted Wald test that they are equal), or None.
        letters : whether to compare the columns of a banner, two by two: a cell has the letters of the columns it exceeds.
        adjust : "bonferroni", "holm" or "none", for the pairs of a row. alpha : significance level, or two: small letters at the second.
        labels : {column: label}; value_labels : {column: {value: label}}, which makes levels of numbers. A file read by `files.read`
            has its own.

        Returns
        -------
        Tables, with `.to_excel`, `.to_html`, `.to_word`, `.to_latex`, `.to_markdown`, and `.publish(rule)`.

        Notes
        -----
        Everybody who answered a question is in its total; rows without one are set aside with a warning. Letters are of t-tests of
        differences with the design's covariances; columns with shares of 0 or 100 % or one respondent are not compared.

        References
        ----------
        Rao & Scott (1984), Ann. Stat. 12:46-60; Holm (1979), Scand. J. Stat. 6:65-70.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> data = pd.DataFrame({"sex": list("ffmm") * 20, "hours": [1, 2, 4, 5] * 20, "tv": [True, False] * 40})
        >>> print(ss.Survey(data).tables(["hours", "tv"], "sex", test=None))
        hours, mean
                     Total     f       m
                               A       B
        n               80    40      40
        effective n     80    40      40
        Mean          3.00  1.50  4.50 A
        tv, percent of columns
                     Total     f     m
                               A     B
        n               80    40    40
        effective n     80    40    40
        Yes           50.0  50.0  50.0
        2 questions by 1 banners, 6 cells
        """
        settings = {"percent": percent, "ci": ci, "level": level, "df": df, "test": test, "letters": letters}
        settings |= {"adjust": adjust, "alpha": alpha}
        return made_tables.tables(self._survey, questions, banners, labels, value_labels, settings)

    def crosstab(self, rows: Any, columns: Any, percent: str = "column", **options: Any) -> "Tables":
        """One table of a question by a banner; options are those of `tables`.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> data = pd.DataFrame({"sex": list("ffmm") * 20, "online": ["yes", "no", "yes", "yes"] * 20})
        >>> table = ss.Survey(data).crosstab("online", "sex", percent="total").to_frame()
        >>> table[["level", "column", "estimate"]].iloc[:3].values.tolist()
        [['no', 'Total', 0.25], ['no', 'f', 0.25], ['no', 'm', 0.0]]
        """
        return self.tables([rows], [columns], percent, **options)
