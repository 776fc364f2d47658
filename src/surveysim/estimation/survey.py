"""`Survey`: a table, its weights and its design; what one estimates from."""

import copy
import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from .. import guards, weighting
from ..aliases import Column, Floats, Ints, Table, Totals, Values
from ..display import Shown
from ..errors import DataError, DesignError, SurveysimWarning
from ..inference import adjusting, intervals, quantiles, replication, sampling_design, scores
from ..inference.brought import Told, brought, refuse_beside, refuse_told
from ..inference.estimates import listed
from ..inference.linearization import LONELY, Design
from ..inference.questions import Questions, tell, values_of, wanted
from ..keeping import held
from ..tables import called, column_names, kind_of, mask_of, one_name, rows_of
from ..weighting.cells import refuse_unsquared
from ..weighting.result import deff_kish, remember
from .analyses import Analyses
from .conditions import holds

if TYPE_CHECKING:
    from ..inference.estimates import Estimates
    from ..weighting.recipe import Recipe


class Survey(Analyses, Shown):
    """A complex sample: a table with weights, strata and primary sampling units.

    Parameters
    ----------
    data : DataFrame (pandas, polars or pyarrow) of n respondents; it is not modified.
    weight : a column, an array (n,), a `Calibration` or the `Weights` of a recipe; the last two bring their constraints
        along, so that the variance is the calibrated one. None means 1 / probability, or one over the fractions in fpc, or 1.
    strata, psu : columns or arrays (n,), or lists with one per stage; None is one stratum, every row its own PSU. Units of later
        stages are read inside those of the stage before. A tuple of columns in such a list stands for their combinations:
        strata=[("region", "urban")].
    fpc : column or array (n,), or a list with one per stage, constant in a stratum: units in the population (> 1) or sampling
        fraction (<= 1); None is sampling with replacement, of which only the first stage counts.
    nest : PSU labels repeat across strata and are to be read inside them.
    lonely_psu : what a stratum with one PSU does: "fail", "certainty", "remove" (both contribute nothing), "adjust"
        (it deviates from the mean of all PSUs' totals, so that a mean's scores deviate from 0), "average" (the mean contribution
        of the others).
    probability : column or array of inclusion probabilities, or a list with one per stage, whose product is meant.
    pps : "brewer", "deville", "hartley-rao" or joint probabilities (n, n), for unequal probabilities without replacement.
    pps_variance : "ht" (Horvitz-Thompson) or "yg" (Sen-Yates-Grundy), for the latter two.
    leverage : divide residuals of calibrations by sqrt(1 - leverage) in linearized errors (Valliant 2002), which without it are too
        small where margins have many levels for their respondents. False is what R survey and Stata do.
    replicate_weights : list of columns or array (n, R) of replicate weights brought along; then variance = scale Σ rscales_r
        (θ_r - centre)², about the replicates' mean, or the full sample's estimate if `mse`.
    replicate_factors : the same as factors, which multiply the sample's weights; or True or False beside `replicate_weights`, for
        what these are. None takes them for weights, refuses what looks like factors, and warns where both may be.
    replicate_kind : how they were made, which gives the scale of R replicates: "jk1" (R - 1) / R, "jk2" 1 (pairs), "jkn" 1 with
        `rscales`, "brr" 1 / R, "fay" 1 / (R (1 - rho)²) with `rho`, "bootstrap" 1 / (R - 1), "sdr" (ACS) 4 / R.

    Raises
    ------
    DesignError : a PSU label in two strata without `nest`, lonely PSUs under "fail" (when a variance is asked for),
        unusable fpc, probabilities or replicate weights.
    DataError : missing columns, missing values in the design, unusable weights.

    References
    ----------
    Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling; Lumley (2010), Complex Surveys.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> table = pd.DataFrame({"w": [10, 10, 20, 20], "y": [1, 3, 2, 4], "sex": list("fmfm")})
    >>> survey = ss.Survey(table, weight="w")
    >>> print(survey.total("y"))
    statistic variable level domain  estimate    se  lower  upper  df  n   moe
        total        y                    160 58.88 -27.38  347.4   3  4 187.4
    >>> survey.rake({"sex": {"f": 40, "m": 20}}).weight.round(2).tolist()  # totals by sex were 30
    [13.33, 6.67, 26.67, 13.33]
    >>> survey.where(table["sex"] == "m").mean("y").table["estimate"].round(3).tolist()  # 110 / 30
    [3.667]
    >>> survey.quantile("y", 0.5).table["estimate"].tolist()
    [2.0]
    >>> survey.replicates("jk1").total("y").table["se"].round(2).tolist()
    [58.88]
    """

    def __init__(
        self,
        data: Table,
        weight: Column | None = None,
        strata: Any = None,
        psu: Any = None,
        fpc: Any = None,
        nest: bool = False,
        lonely_psu: str = "fail",
        probability: Any = None,
        pps: Any = None,
        pps_variance: str = "ht",
        replicate_weights: Any = None,
        scale: float = 1.0,
        rscales: Values | None = None,
        mse: bool = False,
        replicate_factors: Any = None,
        replicate_kind: str | None = None,
        rho: float | None = None,
        leverage: bool = False,
    ) -> None:
        n = rows_of(data)
        self.data = held(data)
        if n == 0:
            raise DataError("the table has no rows.")
        guards.choice(lonely_psu, "lonely_psu", LONELY, error=DesignError)
        guards.flag(nest, "nest", error=DesignError)
        guards.flag(leverage, "leverage", error=DesignError)
        pi = sampling_design.probabilities(data, probability, n)
        stages = sampling_design.stages(data, strata, psu, fpc, nest, n)
        if weight is None and pi is None and fpc is not None:
            weight = sampling_design.inverse_fractions(stages)
        self.adjustments, self.base, (final, base, links) = adjusting.weights_of(self.data, weight, pi, n)
        refuse_unsquared(final, called("weight", weight))
        self.inside = np.ones(n, bool)
        unequal = None
        if pps is not None:
            if fpc is not None:
                raise DesignError("pps has its finite correction from the probabilities; leave fpc out.")
            unequal = sampling_design.unequal_probabilities(data, pps, pps_variance, pi, stages[0], lonely_psu)
        start = Design(base, stages, lonely_psu, (), unequal, leverage=leverage)
        self.design = start.adjusted_by(final, links)
        self.engine, told = self.design, Told(replicate_kind, rho, scale, rscales, mse)
        if replicate_weights is None and replicate_factors is None:
            refuse_told(told)
        else:
            refuse_beside(strata=strata, psu=psu, fpc=fpc, pps=pps)
            self.engine = brought(data, replicate_weights, replicate_factors, final, told)

    @classmethod
    def of_design(
        cls, data: Any, design: Design, base: Floats | None = None, adjustments: tuple[Any, ...] = ()
    ) -> Self:
        """A Survey of a table whose design is made already; `base` and `adjustments` are what repeats its weighting in replicates."""
        made, inside = cls.__new__(cls), np.ones(len(design.weight), bool)
        given = {"data": data, "design": design, "engine": design, "inside": inside}
        made.__dict__.update(given, base=base, adjustments=adjustments)
        return made

    def __repr__(self) -> str:
        d, psus, kind = self.design, self.design.stages[0].counted, self.engine
        how = f", {kind.count} replicates" if isinstance(kind, replication.Replication) else ""
        return (
            f"<Survey: {len(d.weight):,} rows, {len(psus.stratum):,} PSUs in {len(psus.sampled):,} strata, weights sum to "
            f"{d.weight.sum():,.0f}{', adjusted' if self.adjustments else ''}{how}>"
        )

    @property
    def weight(self) -> Floats:
        """Final weights (n,)."""
        given = self.design.weight.copy()
        if self.adjustments:
            remember(given)
        return given

    @property
    def deff_kish(self) -> float:
        """Kish's design effect of the weights of the subpopulation, 1 + cv²."""
        return deff_kish(self.design.weight[self.inside])

    @cached_property
    def everybody(self) -> Ints:
        """Domain 0 (n,) of the rows of the subpopulation, -1 of the others."""
        group = np.zeros(len(self.inside), np.int32)
        return group if self.inside.all() else group - ~self.inside

    def where(self, mask: Column) -> Self:
        """The survey of a subpopulation: estimates of the rows where `mask` is True, with the full design behind them.

        Parameters
        ----------
        mask : truth values (n,), or the name of a column of them; none may be missing. Or a condition on a column, such as "age >= 60"
            or "sex=female", which does not hold where the column is missing.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> survey = ss.Survey(pd.DataFrame({"age": [30, 60, 70], "y": [1, 2, 4]}))
        >>> survey.where("age >= 60").mean("y").table["estimate"].tolist()
        [3.0]
        """
        if isinstance(mask, str) and mask not in column_names(self.data) and any(sign in mask for sign in "=<>"):
            inside = holds(self.data, mask, "where()")
        else:
            inside = mask_of(self.data, mask, len(self.inside), "where()'s mask")
        part = self._changed(inside=self.inside & inside)
        part.__dict__.pop("everybody", None)
        return part

    # ------------------------------------------------------------------------------------------------- adjustments
    def rake(self, margins: Totals, **options: Any) -> Self:
        """A new Survey, raked; options are those of `surveysim.rake`."""
        if self.design.respondents is None:
            return self._adjusted(weighting.rake(self.data, margins, weight=self.design.weight, **options))
        with warnings.catch_warnings():  # a row is the sum of many
            warnings.filterwarnings("ignore", "one respondent", SurveysimWarning)
            return self._adjusted(weighting.rake(self.data, margins, weight=self.design.weight, **options))

    def calibrate(self, totals: Totals, **options: Any) -> Self:
        """A new Survey, calibrated; options are those of `surveysim.calibrate`."""
        return self._adjusted(weighting.calibrate(self.data, totals, weight=self.design.weight, **options))

    def poststratify(self, totals: Totals) -> Self:
        """A new Survey, poststratified; see `surveysim.poststratify`."""
        return self._adjusted(weighting.poststratify(self.data, totals, weight=self.design.weight))

    def apply(self, recipe: "Recipe", dispositions: Any = None) -> Self:
        """A new Survey, weighted by a recipe: from the weights as they are, or from its own where its first step brings them."""
        if not isinstance(recipe, weighting.Recipe):
            raise DataError(f"recipe = {guards.sight(recipe)}: give a Recipe.")
        if not recipe.starts:
            return self._adjusted(recipe.apply(self.data, dispositions, weight=self.design.weight))
        adjusting.refuse_start(self)
        return self._changed(**adjusting.started(self, recipe.apply(self.data, dispositions)))

    def _adjusted(self, adjustment):
        return self._changed(**adjusting.adjusted(self, adjustment))

    def replicates(
        self,
        kind: str,
        n: int | None = None,
        seed: int | None = None,
        mse: bool = False,
        rho: float | None = None,
        replay: bool = True,
    ) -> Self:
        """A new Survey whose variances come from replicates.

        Parameters
        ----------
        kind : "jk1", "jkn", "brr", "fay" (with `rho`), "rao-wu" (with `n` and `seed`) or "sdr"; see `inference.replication`.
        mse : deviations from the full sample's estimate instead of the replicates' mean.
        replay : repeat every adjustment of the weights in every replicate; False freezes them.
        """
        return self._changed(**adjusting.replicated(self, (kind, n, seed, rho), mse, replay))

    def replicate_weights(self) -> pd.DataFrame:
        """Replicate weights as a table with the index of the survey's: one column per replicate, and `attrs` with scale, rscales and mse.

        In R: svrepdesign(weights = ~weight, repweights = the columns, type = "other", combined.weights = TRUE, scale =,
        rscales =, mse =).
        """
        if not isinstance(self.engine, replication.Replication):
            raise DesignError("this Survey has no replicates; call replicates() first.")
        matrix = self.engine.weights()
        index = self.data.index if isinstance(self.data, pd.DataFrame) else None
        table = pd.DataFrame(matrix, index=index, columns=[f"rep{r + 1}" for r in range(matrix.shape[1])])
        table.attrs = {"scale": self.engine.scale, "rscales": self.engine.rscales.tolist(), "mse": self.engine.mse}
        return table

    # ------------------------------------------------------------------------------------------------- statistics
    def total(
        self,
        y: str | Sequence[str],
        by: str | Sequence[str] | None = None,
        level: float = 0.95,
        df: float | None = None,
        deff: bool = False,
    ) -> "Estimates":
        """Weighted totals of numeric columns, overall or by domain. See `mean` for the arguments."""
        return self._numeric("total", y, None, by, level=level, df=df, deff=deff)

    def mean(
        self,
        y: str | Sequence[str],
        by: str | Sequence[str] | None = None,
        level: float = 0.95,
        df: float | None = None,
        deff: bool = False,
    ) -> "Estimates":
        """Weighted means of numeric columns.

        Parameters
        ----------
        y : column or list of columns, numeric or bool. Rows where it is missing are set aside, with a warning; their PSUs stay.
        by : column or list of columns whose combinations are domains; None is everybody.
        level : confidence level. df : degrees of freedom; None is PSUs - strata with rows in the domain, inf the normal law.
        deff : False, "wor" (simple random sampling without replacement as the yardstick) or "wr".

        Returns
        -------
        Estimates.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> survey = ss.Survey(pd.DataFrame({"y": [1, 3, 2, 4], "sex": list("fmfm")}))
        >>> survey.mean("y", by="sex").to_frame()[["domain", "estimate"]].values.tolist()
        [['sex=f', 1.5], ['sex=m', 3.5]]
        """
        return self._numeric("mean", y, scores.NONE, by, level=level, df=df, deff=deff)

    def ratio(
        self,
        num: str | Sequence[str],
        den: str,
        by: str | Sequence[str] | None = None,
        level: float = 0.95,
        df: float | None = None,
        deff: bool = False,
    ) -> "Estimates":
        """Ratio of two weighted totals, Σwy / Σwx. See `mean` for the other arguments."""
        return self._numeric("ratio", wanted(num, "num"), den, by, level=level, df=df, deff=deff)

    def proportion(
        self,
        y: str | Sequence[str],
        by: str | Sequence[str] | None = None,
        ci: str = "logit",
        level: float = 0.95,
        df: float | None = None,
        deff: bool = False,
    ) -> "Estimates":
        """Proportions: the True row of a column of truth values, one row per level of any other.

        Whether a column holds truth values is asked of its type (bool, or objects that all are): one of 0 and 1 has two levels,
        and a category of bools all of its own.

        y : column or list of columns. ci : a method of `proportion_interval`. See `mean` for the other arguments.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> print(ss.Survey(pd.DataFrame({"online": [True] * 60 + [False] * 40})).proportion("online"))
         statistic variable level domain  estimate      se  lower  upper  df   n    moe
        proportion   online  True              0.6 0.04924 0.4996 0.6926  99 100 0.0977
        """
        guards.choice(ci, "ci", intervals.METHODS)
        asked = Questions(self, by)
        asked.proportions(y)
        return asked.estimates(level=level, df=df, deff=deff, ci=ci)

    def quantile(
        self,
        y: str,
        q: float | Sequence[float],
        by: str | Sequence[str] | None = None,
        ci: str = "woodruff",
        rule: str = "math",
        level: float = 0.95,
        df: float | None = None,
    ) -> "Estimates":
        """Quantiles of a numeric column.

        Parameters
        ----------
        q : share or list of shares, 0.5 for the median.
        ci : "woodruff" (the Wald interval of the share at the quantile, inverted), "beta", "xlogit", "asin" (others of
            `proportion_interval`, inverted) or "score". The standard error is the interval's length over 2 t, as in R survey.
            With replicates the share has their error, whatever their kind, and there is no "score" but "replicates": the
            spread of the quantile itself, which is an error for bootstraps and half samples and none for jackknives.
        rule : "math", "school" or "hf7"; see `inference.quantiles.quantile`.

        See `mean` for the other arguments.

        References
        ----------
        Woodruff (1952), JASA 47:635-646; Francisco & Fuller (1991), Ann. Stat. 19:454-469; Shao & Wu (1989), Ann. Stat.
        17:1176-1197 (the jackknife).
        """
        values, asked = values_of(self, one_name(y, "y")), Questions(self, by)
        inside, (values,) = asked.complete([(y, values)], y)
        inside = np.where(self.design.weight != 0, inside, -1).astype(np.int32)  # rows of weight 0 are no interviews
        shares = guards.number_array([q] if guards.is_number(q) else q, "q", remedy="Shares lie between 0 and 1.")
        if not np.all((shares > 0) & (shares < 1)) or not len(shares):
            raise DataError(f"q = {guards.sight(q)}: give shares between 0 and 1, such as 0.5 for the median.")
        rows = [("quantile", y, f"{share:g}", domain) for domain in asked.domains for share in shares]
        tell(asked.aside, 3)
        of = quantiles.Asked(self.engine, values, inside, asked.domains, shares, rule)
        items, found = quantiles.found(of, ci, level, df)
        return listed(self.engine, items, rows, found, level=level, set_aside=asked.aside, kind=kind_of(self.data))

    def _numeric(self, what, columns, den, by, **options):
        asked = Questions(self, by)
        asked.numbers(what, columns, den)
        return asked.estimates(**options)

    def _changed(self, **changes):
        """The same survey but for some of its attributes."""
        new = copy.copy(self)
        new.__dict__.update(changes)
        return new
