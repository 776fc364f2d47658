"""`Model`: coefficients of a regression with their errors, and what is asked of it next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from ...aliases import Floats, OwnKind, Table
from ...display import Shown
from ...errors import DataError
from ...inference import intervals, scores
from ...inference.estimates import Estimates, listed
from ...inference.standard_errors import standard_errors
from ...naming import did_you_mean
from ...on_demand import Later
from ...tables import in_kind, kind_of
from .families import FAMILIES, ORDINAL
from .formula import Formula, Frame, Matrix
from .variances import covariance

margins, terms = Later(__package__, ".margins"), Later(__package__, ".terms")
diagnostics, prediction = Later(__package__, ".diagnostics"), Later(__package__, ".prediction")
if TYPE_CHECKING:
    from .terms import TermTest

COLUMNS = ("term", "estimate", "se", "t", "p", "lower", "upper")
WORDS = {
    ("gaussian", "identity"): "linear regression",
    ("binomial", "logit"): "logistic regression",
    ("poisson", "log"): "Poisson regression",
    ("ordinal", "logit"): "proportional odds regression",
}


@dataclass(frozen=True)
class Picked:
    """One of the coefficients with other weights."""

    again: Any
    place: int

    def __call__(self, weights: Floats) -> Floats:
        return self.again(weights)[self.place : self.place + 1]


@dataclass(frozen=True, repr=False)
class Model(Shown):
    """A regression model of a Survey; see `Survey.glm`.

    Attributes
    ----------
    formula, family, link : what was fitted. names : of the coefficients. n : respondents.
    df : degrees of freedom of t and intervals: those of the design, plus 1, less the number of coefficients, as R survey's.
    level : confidence level. levels : of the response, where it is a category; a binomial model is of the second one.
    set_aside : rows left out because a column was missing, by column.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> table = pd.DataFrame({"y": [1, 3, 2, 5, 4, 6], "x": [0, 1, 2, 3, 4, 5]})
    >>> model = ss.Survey(table).glm("y ~ x")
    >>> print(model)
    linear regression: y ~ x; 6 respondents, 4 degrees of freedom
         term  estimate     se     t        p    lower  upper
    Intercept     1.286 0.4899 2.624  0.05854 -0.07459  2.646
            x    0.8857 0.1353 6.549 0.002811   0.5102  1.261
    """

    formula: str
    family: str
    link: str
    names: tuple
    n: int
    df: float
    level: float
    levels: tuple | None
    set_aside: dict
    survey: Any = field(repr=False)
    made: Any = field(repr=False)
    given: tuple[Formula, Frame, Matrix] = field(repr=False)
    item: scores.Several = field(repr=False)

    @cached_property
    def cov(self) -> Floats:
        """Covariance matrix of the coefficients, in the order of `names`."""
        return covariance(self.survey.engine, [self.item])

    @property
    def coef(self) -> Floats:
        """The coefficients, in the order of `names`."""
        return self.item.value.copy()

    @cached_property
    def estimates(self) -> Estimates:
        """The coefficients as `Estimates`, for contrasts by their printed names and functions of them.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"y": [1, 3, 2, 5, 4, 6], "z": list("aabbcc")})
        >>> model = ss.Survey(table).glm("y ~ z")
        >>> model.estimates.contrast({"z[T.c]": 1, "z[T.b]": -1}).table["estimate"].tolist()
        [1.5]
        """
        return self.listed([self.item], [("coefficient", name, "", "") for name in self.names], self.cov)

    def only(self, term: str) -> Estimates:
        """One coefficient as `Estimates`."""
        if term not in self.names:
            raise DataError(
                f"the model has no coefficient {term!r}{did_you_mean(term, self.names)} It has {', '.join(self.names)}."
            )
        k, item = self.names.index(term), self.item
        score = None if item.score is None else item.score[k : k + 1]
        one = scores.Several(item.value[k : k + 1], score, item.rows, Picked(item.again, k))
        return self.listed([one], [("coefficient", term, "", "")], covariance(self.survey.engine, [one]))

    def listed(self, items: Sequence[Any], rows: Sequence[Any], cov: Floats) -> Estimates:
        """`Estimates` of values that follow from the coefficients, with the model's degrees of freedom."""
        value = np.concatenate([item.value for item in items])
        se = standard_errors(np.diag(cov), value**2, lambda k: ", ".join(str(part) for part in rows[k] if part))
        lower, upper = intervals.wald_interval(value, se, self.level, np.full(len(value), self.df))
        moe = intervals.t_quantile(self.level, self.df) * se
        found = {"estimate": value, "se": se, "lower": lower, "upper": upper, "moe": moe}
        found |= {"df": np.full(len(value), self.df), "n": np.full(len(value), self.n)}
        options: dict[str, Any] = {"level": self.level, "set_aside": self.set_aside, "kind": kind_of(self.survey.data)}
        return listed(self.survey.engine, items, rows, found, known_cov=cov, **options)

    @cached_property
    def table(self) -> pd.DataFrame:
        """What `coefficients` and `to_frame` copy; made when it is first looked at."""
        shown = self.estimates.columns
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(shown["se"] > 0, shown["estimate"] / shown["se"], np.nan)  # without an error there is no test
        p = 2 * (special.ndtr(-np.abs(t)) if np.isinf(self.df) else special.stdtr(self.df, -np.abs(t)))
        return pd.DataFrame(
            {"term": self.names, "estimate": shown["estimate"], "se": shown["se"], "t": t, "p": p}
            | {name: shown[name] for name in ("lower", "upper")}
        )

    @property
    def coefficients(self) -> OwnKind:
        """Table of the coefficients: term, estimate, se, t, p, lower, upper; a table of the kind of the survey's."""
        return self.to_frame()

    def to_frame(self) -> OwnKind:
        """The same as `coefficients`."""
        return in_kind(self.table, kind_of(self.survey.data))

    def ratios(self) -> OwnKind:
        """exp(coefficient) with its interval: odds, rate, risk or hazard ratios, as the link makes them.

        Of an ordinal model they are ratios of the odds of a higher answer; the thresholds have none.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"y": [0, 1, 0, 1, 1, 0, 1, 1], "x": list("aaaabbbb")})
        >>> model = ss.Survey(table).glm("y ~ x", family="binomial")
        >>> model.ratios()[["term", "odds_ratio"]].round(3).values.tolist()
        [['Intercept', 1.0], ['x[T.b]', 3.0]]
        """
        known = ORDINAL if self.family == "ordinal" else FAMILIES[self.family].ratios
        name = known.get(self.link, "")
        if not name:
            raise DataError(f"exp(coefficient) is no ratio of {self.family} models with the link {self.link}.")
        table = self.table.iloc[: self.effects_count]
        sign = -1 if self.family == "ordinal" and self.link == "cloglog" else 1
        ends = [np.exp(sign * table[column].to_numpy()) for column in ("lower", "upper")[::sign]]
        ratio = np.exp(sign * table["estimate"].to_numpy())
        made = {"term": table["term"], name.replace(" ", "_"): ratio, "se": ratio * table["se"], "p": table["p"]}
        return in_kind(pd.DataFrame(made | {"lower": ends[0], "upper": ends[1]}), kind_of(self.survey.data))

    @property
    def effects_count(self) -> int:
        """How many of the coefficients are no thresholds."""
        return len(self.names) - (len(self.levels) - 1 if self.family == "ordinal" and self.levels else 0)

    def test(self, tested: str | Sequence[str], method: str = "Wald", df: float | None = None) -> "TermTest":
        """Test that the coefficients of terms are 0 together.

        Parameters
        ----------
        tested : a term of the formula, or a list of them. df : degrees of freedom; None is the model's.
        method : "Wald" (F on k and df), "LRT" (the working likelihood ratio with Rao and Scott's correction, its p by saddlepoint) or
            "LRT-F" (the same by Satterthwaite's F).

        References
        ----------
        Lumley & Scott (2014), Aust. N. Z. J. Stat. 56:1-14.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"y": [1, 3, 2, 5, 4, 6, 9, 7], "z": list("aabbccdd"), "x": [1, 0, 2, 1, 0, 2, 1, 1]})
        >>> model = ss.Survey(table).glm("y ~ z + x")
        >>> print(model.test("x").summary())
        Wald test of x: F = 0.05276 on 1 and 3 degrees of freedom, p = 0.8331
        """
        return terms.tested(self, tested, method, df)

    def predict(self, data: Table | None = None, type: str = "response") -> OwnKind:
        """Predictions for the rows of a table with their errors: estimate, se, lower, upper.

        Parameters
        ----------
        data : a table with the columns of the formula's right side; None is the survey's own rows, missing where the model has none.
        type : "response" (a mean or probability; of an ordinal model one row for each answer, with the column `level`) or "link".
            Intervals of a response are those of the link, turned.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"y": [1, 3, 2, 5, 4, 6], "x": [0, 1, 2, 3, 4, 5]})
        >>> model = ss.Survey(table).glm("y ~ x")
        >>> model.predict(pd.DataFrame({"x": [2, 10]})).round(3).values.tolist()
        [[3.057, 0.361, 2.055, 4.059], [10.143, 1.075, 7.159, 13.126]]
        """
        return prediction.predicted(self, data, type)

    def margins(self, variables: str | Sequence[str], at: Any = None, errors: str = "full") -> Estimates:
        """Predicted margins: means of the predictions for everybody, with each of the values of some variables in turn.

        Parameters
        ----------
        variables : column or list of columns of the formula. at : {column: values}; needed of numeric columns, the others have their
            levels.
        errors : "full" (coefficients and averaging with their covariance), "coefficients" (the explanatory columns are held as they are,
            as Stata's margins does unless vce(unconditional)) or "averaging" (the coefficients are). R's svypredmeans adds the variances
            of the latter two, without their covariance.

        References
        ----------
        Graubard & Korn (1999), Biometrics 55:652-659.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"y": [1, 3, 2, 5, 4, 6], "x": [0, 1, 2, 3, 4, 5], "z": list("ababab")})
        >>> ss.Survey(table).glm("y ~ x + z").margins("z").table[["domain", "estimate"]].round(3).values.tolist()
        [['z=a', 2.708], ['z=b', 4.292]]
        """
        return margins.margins(self, variables, at, errors)

    def effects(self, variables: str | Sequence[str] | None = None, errors: str = "full") -> Estimates:
        """Average marginal effects: of a number the mean derivative of the prediction, of a level the mean difference to the first.

        variables : column or list of columns of the formula; None is all of them. errors : as in `margins`.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"y": [0, 1, 0, 1, 1, 0, 1, 1], "x": list("aaaabbbb")})
        >>> model = ss.Survey(table).glm("y ~ x", family="binomial")
        >>> model.effects().table[["variable", "level", "estimate"]].round(3).values.tolist()  # 3/4 - 2/4
        [['x', 'b', 0.25]]
        """
        return margins.effects(self, variables, errors)

    @cached_property
    def pseudo_r2(self) -> dict[str, float]:
        """Shares of the deviance that the model explains: McFadden's, Cox and Snell's, Nagelkerke's; of a gaussian model R².

        Lumley (2017), Aust. N. Z. J. Stat. 59:365-375.
        """
        return diagnostics.pseudo_r2(self)

    def residuals(self, kind: str = "response") -> Floats:
        """Residuals (n,) in the order of the survey's rows, NaN where the model has none.

        kind : "response", "pearson", "deviance" or "working".
        """
        return diagnostics.residuals(self, kind)

    def influence(self) -> OwnKind:
        """One row per row of the survey: its leverage, and what it adds to each coefficient, to first order."""
        return diagnostics.influence(self)

    def summary(self) -> str:
        """One line: what was fitted to whom."""
        what = WORDS.get((self.family, self.link), f"{self.family} regression with the link {self.link}")
        of = f" (of {self.given[0].response} = {self.levels[1]})" if self.family == "binomial" and self.levels else ""
        aside = sum(self.set_aside.values())
        return f"{what}: {self.formula}{of}; {self.n:,} respondents, {self.df:,.4g} degrees of freedom" + (
            f"; {aside:,} rows set aside as missing" if aside else ""
        )

    def __repr__(self) -> str:
        return f"{self.summary()}\n{self.table.to_string(index=False, float_format=lambda v: f'{v:,.4g}')}"

    def _shown(self) -> pd.DataFrame:
        return self.table
