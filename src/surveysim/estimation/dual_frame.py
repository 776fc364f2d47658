"""`DualFrameSurvey`: two samples from overlapping frames, and the whole family of estimators from them."""

import copy
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .. import guards
from ..aliases import Column, Floats, Values
from ..display import Shown
from ..errors import DataError, DesignError, SurveysimWarning
from ..inference import replication, schemes
from ..inference.questions import Questions, values_of, wanted
from ..tables import coded, kind_of, named, one_name
from . import frame_shares, pooling
from .families import AB, BA, FAMILIES, PER_VARIABLE, WEIGHTED, A, B, Optimal
from .families.optimal import FEW
from .families.options import check
from .survey import Survey

if TYPE_CHECKING:
    import pandas as pd

    from ..inference.estimates import Estimates
    from .families.composer import Composer
    from .frame_shares import Thetas


class DualFrameSurvey(Shown):
    """Two independent samples from overlapping frames A and B.

    Parameters
    ----------
    a, b : `Survey`, with any design and any adjustments of their weights. b's table has the columns of a's that are estimated.
    domain : column of both tables: "a" (frame A only) or "ab" in a, "b" or "ab" in b.
    probability : (column with the inclusion probability in frame A, the same in frame B), in both tables; for estimators
        that use both ("single_frame", "raking_ratio", "cal_sf"). They may be expected numbers of times, above 1 where somebody can
        be drawn more than once.
    membership : column of both tables with the probability that the unit lies in the overlap, in place of `domain` where
        membership is unknown, misreported or somebody else answered; a known member has 1, a known other 0. What is estimated
        is taken to be unrelated to true membership given that probability.

    Notes
    -----
    Estimators, with θ on frame A's overlap sample and 1 - θ on frame B's:

    - "hartley": θ that minimizes the estimated variance, variable by variable, or the θ given.
    - "fuller_burmeister": adds a multiple of the difference of the two estimates of the overlap's size.
    - "composite": one θ for all variables, a number or "effective" (from effective sample sizes, the default).
    - "multiplicity": θ = 1/2 (Mecatti). "screening": θ = 1, frame B's overlap sample left out (θ = 0: frame A's).
    - "single_frame": 1 / (π_A + π_B) in the overlap (Bankier; Kalton & Anderson). "raking_ratio": those raked to N_A, N_B.
    - "pml": pseudo-maximum likelihood; θ is γ, or a pair (γ for the overlap's size, θ for its mean).
    - "cal_sf", "cal_df": single-frame or composite weights calibrated to what is known: nothing, N_A and N_B, N_ab, all three, and
      totals of other variables.

    References
    ----------
    Hartley (1962, 1974); Fuller & Burmeister (1972); Bankier (1986); Kalton & Anderson (1986); Skinner (1991); Skinner & Rao
    (1996), JASA 91:349-356; Lohr & Rao (2000), JASA 95:271-280, (2006), JASA 101:1019-1030; Mecatti (2007), Surv. Methodol.
    33:151-157; Ranalli, Arcos, Rueda & Teodoro (2016), Stat. Methods Appl. 25:321-349; Lohr (2011), Surv. Methodol. 37:197-213.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> landline = pd.DataFrame({"overlap": ["a", "a", "ab", "ab"], "y": [1, 3, 2, 4]})
    >>> mobile = pd.DataFrame({"overlap": ["b", "b", "ab", "ab"], "y": [0, 2, 4, 6]})
    >>> dual = ss.DualFrameSurvey(ss.Survey(landline, [10] * 4), ss.Survey(mobile, [10] * 4))
    >>> dual.weights("composite", theta=0.5).tolist()
    [10.0, 10.0, 5.0, 5.0, 10.0, 10.0, 5.0, 5.0]
    >>> print(dual.total("y", theta=0.5))
    statistic variable level domain  estimate    se  lower  upper  df  n   moe
        total        y                    140 31.62  62.62  217.4   6  8 77.38
    """

    def __init__(
        self,
        a: Survey,
        b: Survey,
        domain: Column = "overlap",
        probability: Column | None = None,
        membership: Any = None,
    ) -> None:
        for name, survey in (("a", a), ("b", b)):
            if not isinstance(survey, Survey):
                raise DataError(f"{name} must be a Survey; got {type(survey).__name__}.")
            if isinstance(survey.engine, replication.Replication):
                raise DesignError(f"{name} has replicates; make them of the two samples together, with replicates().")
            if not survey.inside.all():
                raise DesignError(f"{name} is a subpopulation; combine the whole samples and use by= or where().")
        if a.design.lonely != b.design.lonely:
            raise DesignError(
                f"a and b treat lonely PSUs differently ({a.design.lonely}, {b.design.lonely}); choose one."
            )
        self.a, self.b = a, b
        self.n_a, self.n_b = len(a.weight), len(b.weight)
        self.part = pooling.membership_parts(a, b, domain, membership)
        self._probability = None
        if probability is not None:
            self._probability = pooling.both_probabilities(a, b, self.part, probability)
        self._scheme, self._again = None, False

    def __repr__(self) -> str:
        size = self.pooled.weight @ self.part
        return (
            f"<DualFrameSurvey: {self.n_a:,} rows from A, {self.n_b:,} from B; estimated sizes a {size[A]:,.0f}, ab "
            f"{size[AB]:,.0f} (from A) and {size[BA]:,.0f} (from B), b {size[B]:,.0f}>"
        )

    # -------------------------------------------------------------------------------------------------------- the pool
    @cached_property
    def data(self) -> "pd.DataFrame":
        """The two tables one below the other, with the columns both have as the same thing, as pandas."""
        return pooling.tables(self.a.data, self.b.data)

    @cached_property
    def pooled(self) -> Survey:
        """Both samples as one Survey with their weights as they came: the overlap counts twice. The design of everything else."""
        return pooling.pooled((self.a, self.b), self.data, ("a", "b"))

    def variance(self, given: Any, w: Floats | None = None) -> Floats:
        """Variances (E,) of the weighted totals of scores (E, n) over both samples; `w` other weights than their own."""
        design = self.pooled.design
        return (design if w is None else design.reweighted(w)).variances(given)

    def composer(
        self,
        estimator: str,
        theta: Any = None,
        frame_sizes: Mapping[str, float] | None = None,
        totals: Any = None,
        method: str | None = None,
        bounds: tuple[float, float] | None = None,
    ) -> "Composer":
        """The `families` member's composer of an estimator with one set of weights."""
        options = dict(theta=theta, frame_sizes=frame_sizes, totals=totals, method=method, bounds=bounds)
        check(estimator, options, (*PER_VARIABLE, *WEIGHTED))
        if estimator == "hartley" and theta is not None:
            estimator = "composite"
        if estimator in PER_VARIABLE:
            raise DataError(
                f'{estimator} has weights of its own for every variable, so there is no single set. Give theta=, or use "composite", '
                f'"pml" or another of {", ".join(WEIGHTED)}.'
            )
        sizes = None if frame_sizes is None else dict(frame_sizes)
        told = estimator, self.part, theta, sizes, method, bounds, self._probability
        return FAMILIES[estimator](*told, *pooling.auxiliary(self, totals), self.variance)

    def survey(self, estimator: str = "composite", **options: Any) -> Survey:
        """One `Survey` of both samples with an estimator's weights, for everything a Survey does: quantiles, tests, raking.

        Takes `theta`, `frame_sizes`, `totals`, `method`, `bounds` as `total` does.
        """
        composer = self.composer(estimator, **options)
        pooled = self.pooled
        if not self._again:
            composer = composer.fixed(pooled.weight)
        final, top = composer.weights(pooled.weight)
        base = pooled.weight if pooled.base is None else pooled.base
        design, adjustments = pooled.design.adjusted_by(final, (top,)), (*pooled.adjustments, composer)
        made = Survey.of_design(self.data, design, base, adjustments)
        return made if self._scheme is None else made.replicates(**self._scheme)

    def weights(self, estimator: str = "composite", **options: Any) -> Floats:
        """One weight per row, a's rows and then b's, of an estimator that has a single set; options as of `total`."""
        return self.composer(estimator, **options).weights(self.pooled.weight)[0]

    def replicates(
        self,
        kind: str,
        n: int | None = None,
        seed: int | None = None,
        rho: float | None = None,
        mse: bool = False,
        theta: str = "fixed",
    ) -> Self:
        """The same with errors from replicates of both samples, each adjusted, composited and calibrated anew.

        Parameters
        ----------
        kind, n, seed, rho, mse : as in `Survey.replicates`.
        theta : "fixed" holds θ at the full sample's value, "again" estimates it in every replicate.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> parts = [pd.DataFrame({"overlap": [own, "ab", "ab"], "y": [1, 2, 4]}) for own in ("a", "b")]
        >>> dual = ss.DualFrameSurvey(*(ss.Survey(part, weight=[10] * 3) for part in parts))
        >>> total = dual.replicates("jkn").total("y", theta=0.5)
        >>> total.table[["estimate", "se"]].round(2).values.tolist()
        [[80.0, 14.14]]
        """
        guards.choice(theta, "theta", ("fixed", "again"))
        if not isinstance(kind, str) or kind not in schemes.KINDS or kind == "jk1":
            known = ", ".join(name for name in schemes.KINDS if name != "jk1")
            raise DesignError(f"kind = {kind!r}: two samples are two strata; choose one of {known}.")
        schemes.check(kind, n, seed, rho)
        new, scheme = copy.copy(self), dict(kind=kind, n=n, seed=seed, rho=rho, mse=guards.flag(mse, "mse"))
        new.__dict__.update(_scheme=scheme, _again=theta == "again")
        return new

    # ------------------------------------------------------------------------------------------------------ statistics
    def total(
        self,
        y: str | Sequence[str],
        by: str | Sequence[str] | None = None,
        estimator: str = "hartley",
        theta: float | str | None = None,
        frame_sizes: Mapping[str, float] | None = None,
        totals: Any = None,
        method: str = "linear",
        bounds: tuple[float, float] | None = None,
        level: float = 0.95,
        df: float | None = None,
    ) -> "Estimates":
        """Totals of numeric columns over both frames.

        Parameters
        ----------
        y : column or list of columns. by : column or columns whose combinations are domains.
        estimator : see the class. theta : multiplies frame A's overlap sample; a number from 0 to 1, "effective", or None for the
            estimator's own. For "pml" it is Skinner and Rao's γ.
        frame_sizes : {"A": N_A, "B": N_B, "ab": N_ab}, what is known; "pml", "raking_ratio" (A and B), "cal_sf" and "cal_df" use it.
        totals : {"A": {column: total}, "B": …, "ab": …}, for "cal_sf" and "cal_df".
        method, bounds : of the calibration: "linear" (the default), "raking" or "logit" with bounds on g.
        level : confidence level. df : None adds the two frames' PSUs - strata with rows in the domain.

        Returns
        -------
        Estimates.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> parts = [pd.DataFrame({"overlap": [own, "ab", "ab"], "y": [1, 2, 4]}) for own in ("a", "b")]
        >>> dual = ss.DualFrameSurvey(*(ss.Survey(part, weight=[10] * 3) for part in parts))
        >>> options = {"estimator": "cal_df", "theta": 0.5, "frame_sizes": {"A": 40, "B": 40, "ab": 20}}
        >>> dual.total("y", **options).table["estimate"].tolist()  # 20 × 1 + 20 × 3 + 20 × 1
        [100.0]
        """
        options = dict(theta=theta, frame_sizes=frame_sizes, totals=totals, method=method, bounds=bounds)
        return self._estimate("total", y, None, by, estimator, options, level=level, df=df)

    def mean(
        self,
        y: str | Sequence[str],
        by: str | Sequence[str] | None = None,
        estimator: str = "hartley",
        theta: float | str | None = None,
        *,
        level: float = 0.95,
        df: float | None = None,
        **options: Any,
    ) -> "Estimates":
        """Means: the ratio of two totals by the same estimator, with the ratio's residuals. Options as of `total`."""
        return self._estimate("mean", y, None, by, estimator, dict(theta=theta, **options), level=level, df=df)

    def ratio(
        self,
        num: str | Sequence[str],
        den: str,
        by: str | Sequence[str] | None = None,
        estimator: str = "hartley",
        theta: float | str | None = None,
        *,
        level: float = 0.95,
        df: float | None = None,
        **options: Any,
    ) -> "Estimates":
        """Ratio of two totals by the same estimator. Options as of `total`."""
        sides = wanted(num, "num"), one_name(den, "den")
        return self._estimate("ratio", *sides, by, estimator, dict(theta=theta, **options), level=level, df=df)

    def proportion(
        self,
        y: str | Sequence[str],
        by: str | Sequence[str] | None = None,
        ci: str = "logit",
        estimator: str = "hartley",
        theta: float | str | None = None,
        *,
        level: float = 0.95,
        df: float | None = None,
        **options: Any,
    ) -> "Estimates":
        """Proportions, with any interval of `proportion_interval`; see `Survey.proportion`. Options as of `total`."""
        return self._estimate(
            "proportion", y, None, by, estimator, dict(theta=theta, **options), level=level, df=df, ci=ci
        )

    def quantile(
        self,
        y: str,
        q: float | Sequence[float],
        by: str | Sequence[str] | None = None,
        estimator: str = "composite",
        theta: float | str | None = None,
        *,
        ci: str = "woodruff",
        rule: str = "math",
        level: float = 0.95,
        df: float | None = None,
        **options: Any,
    ) -> "Estimates":
        """Quantiles, by estimators with one set of weights. See `Survey.quantile`; other options as of `total`."""
        pooling.refuse_lacking(self, [one_name(y, "y"), *([] if by is None else named(by, "by"))])
        return self.survey(estimator, theta=theta, **options).quantile(
            y, q, by=by, ci=ci, rule=rule, level=level, df=df
        )

    def _estimate(self, what, y, den, by, estimator, options, **rest):
        check(estimator, options, (*PER_VARIABLE, *WEIGHTED))
        beside = [] if den is None else [one_name(den, "den")]
        pooling.refuse_lacking(self, [*wanted(y), *([] if by is None else named(by, "by")), *beside])
        if estimator in WEIGHTED or options.get("theta") is not None:
            return getattr(self.survey(estimator, **options), what)(y, *beside, by=by, **rest)
        return self._per_variable(what, y, den, by, estimator, **rest)

    def _per_variable(self, what, y, den, by, estimator, **rest):
        """Estimators whose θ (and β) minimize the variance of every row by itself."""
        pooled, thin = self.pooled, []
        asked = Questions(pooled, by)
        family = Optimal(estimator, self.part, pooled.weight, pooled.design, self._again)
        over = [] if what == "total" else [(den, np.ones(len(self.part)) if den is None else values_of(pooled, den))]
        for name, level_name, value in self._variables(what, y):
            label = f"{name}/{den}" if den is not None else name
            inside, (value, *x) = asked.complete([(name, value), *over], label)
            for d, domain in enumerate(asked.domains):
                mask = inside == d
                numbers = np.where(mask, value, 0.0), np.where(mask, x[0], 0.0) if x else None
                asked.rows.append((what, label, level_name, domain))
                pinned = family.pinned(mask)
                thin += [] if pinned is None else [asked.rows[-1]]
                asked.items.append(family.item(*numbers, mask, pinned))
        if thin:
            warnings.warn(
                f"{estimator}: θ of {len(thin)} estimates is that of effective sample sizes, because fewer than {FEW} respondents "
                f"of a sample lie in their overlap; the first is {thin[0][1:]}.",
                SurveysimWarning,
                stacklevel=4,
            )
        made = pooled if self._scheme is None else pooled.replicates(**self._scheme)
        return asked.estimates(made.engine, kind=kind_of(self.a.data), **rest)

    def _variables(self, what, y):
        """Name, level and values (n,) of every variable asked for; levels of categories where proportions are."""
        for name in wanted(y):
            if what != "proportion":
                yield name, "", values_of(self.pooled, name)
                continue
            column = coded(self.data, name)
            for k in column.shown():
                yield name, str(column.labels[k]), np.where(column.codes < 0, np.nan, column.codes == k)

    # ------------------------------------------------------------------------------------------------------ diagnostics
    def thetas(
        self, y: str | Sequence[str], grid: Values | None = None, what: str = "mean", level: float = 0.95
    ) -> "Thetas":
        """θ for every variable, the compromise for all, and how estimate and error depend on θ; see `frame_shares.Thetas`.

        Parameters
        ----------
        y : column or columns, numeric or bool. grid : θ to try; None is 0, 0.05 … 1. what : "mean" or "total".

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> landline = pd.DataFrame({"overlap": ["a", "ab", "ab"], "y": [1, 2, 4]})
        >>> mobile = pd.DataFrame({"overlap": ["b", "ab", "ab"], "y": [1, 4, 6]})
        >>> dual = ss.DualFrameSurvey(ss.Survey(landline, [10] * 3), ss.Survey(mobile, [10] * 3))
        >>> dual.thetas("y", grid=[0, 0.5, 1], what="total").grid[["theta", "estimate"]].values.tolist()
        [[0.0, 120.0], [0.5, 100.0], [1.0, 80.0]]
        """
        pooling.refuse_lacking(self, y)
        return frame_shares.thetas(self, y, grid, what, level)

    def compare_overlap(self, y: str | Sequence[str] = ()) -> "pd.DataFrame":
        """The two samples' pictures of the overlap side by side: its size, and means of variables.

        Differences beyond their error point to misreported membership, numbers answered by somebody else, or nonresponse that
        differs between the frames.

        Returns
        -------
        DataFrame: variable, from_a, se_a, from_b, se_b, difference, se, t, df, p_value.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> parts = [pd.DataFrame({"overlap": [own, "ab", "ab"], "y": [1, 2, 4]}) for own in ("a", "b")]
        >>> dual = ss.DualFrameSurvey(ss.Survey(parts[0], [10] * 3), ss.Survey(parts[1], [12] * 3))
        >>> dual.compare_overlap("y")[["variable", "from_a", "from_b", "difference"]].values.tolist()
        [['size of the overlap', 20.0, 24.0, -4.0], ['y', 3.0, 3.0, 0.0]]
        """
        y = named(y, "y")
        pooling.refuse_lacking(self, y)
        return frame_shares.compare_overlap(self, y)
