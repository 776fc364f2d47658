"""`DualFrameSurvey`: two samples from overlapping frames, and the whole family of estimators from them."""

import copy
import warnings
from collections.abc import Mapping
from functools import cached_property, partial

import numpy as np

from .. import guards
from ..coding import refuse_infinite
from ..display import Shown
from ..errors import DataError, DesignError, SurveysimWarning
from ..tables import coded, column_names, kind_of, named, numbers_of, one_name
from ..weighting.distances import METHODS
from . import frame_shares, pooling, replication, scores
from .composites import AB, ACCEPTS, BA, INSIDE, OVERLAP, PER_VARIABLE, WEIGHTED, A, B, Composer, effective
from .linearization import Design
from .survey import Survey, _wanted

FEW = 20  # respondents of a sample in the overlap of a domain below which its own θ is no estimate


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

    def __init__(self, a, b, domain="overlap", probability=None, membership=None):
        for name, survey in (("a", a), ("b", b)):
            if not isinstance(survey, Survey):
                raise DataError(f"{name} must be a Survey; got {type(survey).__name__}.")
            if isinstance(survey.engine, replication.Replication):
                raise DesignError(f"{name} has replicates; make them of the two samples together, with replicates().")
            if not survey._inside.all():
                raise DesignError(f"{name} is a subpopulation; combine the whole samples and use by= or where().")
        if a.design.lonely != b.design.lonely:
            raise DesignError(
                f"a and b treat lonely PSUs differently ({a.design.lonely}, {b.design.lonely}); choose one."
            )
        self.a, self.b = a, b
        self.n_a, self.n_b = len(a.weight), len(b.weight)
        self.part = pooling.membership_parts(a, b, domain, membership)
        self._probability = None if probability is None else self._both(probability)
        self._scheme, self._again = None, False

    def __repr__(self):
        size = self.pooled.weight @ self.part
        return (
            f"<DualFrameSurvey: {self.n_a:,} rows from A, {self.n_b:,} from B; estimated sizes a {size[A]:,.0f}, ab "
            f"{size[AB]:,.0f} (from A) and {size[BA]:,.0f} (from B), b {size[B]:,.0f}>"
        )

    def _both(self, probability):
        """Inclusion probabilities (n,) in the row's own frame and in the other one."""
        if not isinstance(probability, (tuple, list)) or [isinstance(name, str) for name in probability] != [
            True,
            True,
        ]:
            raise DataError(
                f"probability = {probability!r}: give a pair, (column of frame A's probability, column of frame B's)."
            )
        in_a, in_b = (
            np.concatenate(
                [numbers_of(s.data, name, len(s.weight), "probability", finite=False) for s in (self.a, self.b)]
            )
            for name in probability
        )
        first = np.arange(len(in_a)) < self.n_a
        own, other = np.where(first, in_a, in_b), np.where(first, in_b, in_a)
        overlap = self.part @ OVERLAP > 0
        bad = ~((own > 0) & (own < np.inf)) | (overlap & ~((other > 0) & (other < np.inf)))
        if bad.any():
            raise DataError(
                f"{self._missed(bad, own, probability)} Give the expected number of times a row is drawn through each frame it "
                f"belongs to."
            )
        return own, np.where(overlap, other, 0.0)

    def _missed(self, bad, own, probability):
        """In words: which probabilities are none, of which table, domain and column."""
        row = int(np.argmax(bad))
        in_a = row < self.n_a
        its_own = not 0 < own[row] < np.inf
        column = probability[0 if in_a == its_own else 1]
        domain = "ab" if self.part[row] @ OVERLAP > 0 else "a" if in_a else "b"
        return (
            f"probability: {int(bad.sum())} rows have none above 0 in a frame they belong to; the first is row "
            f"{row if in_a else row - self.n_a} of {'a' if in_a else 'b'}, in domain {domain!r}, whose column {column!r} is no such number."
        )

    # -------------------------------------------------------------------------------------------------------- the pool
    @cached_property
    def data(self):
        """The two tables one below the other, with the columns both have as the same thing, as pandas."""
        return pooling.tables(self.a.data, self.b.data)

    @cached_property
    def pooled(self):
        """Both samples as one Survey with their weights as they came: the overlap counts twice. The design of everything else."""
        a, b = self.a.design, self.b.design
        w = np.concatenate([self.a.weight, self.b.weight])
        links = tuple(pooling.Embedded(link, slice(0, self.n_a)) for link in a.links)
        links += tuple(pooling.Embedded(link, slice(self.n_a, None)) for link in b.links)
        base = np.concatenate([a.carried, b.carried])
        design = Design(w, pooling.stages(a, b), a.lonely, links, pooling.unequal(a, b, self.n_a), base)
        pooled = Survey.of_design(self.data, design)
        if self.a._adjustments or self.b._adjustments:
            base = [s.weight if s._base is None else s._base for s in (self.a, self.b)]
            pooled._base = np.concatenate(base)
            pooled._adjustments = (pooling.Blockwise(self.a._adjustments, self.b._adjustments, self.n_a),)
        return pooled

    def variance(self, given, w=None):
        """Variances (E,) of the weighted totals of scores (E, n) over both samples; `w` other weights than their own."""
        design = self.pooled.design
        return (design if w is None else design.reweighted(w)).variances(given)

    def composer(self, estimator, theta=None, frame_sizes=None, totals=None, method=None, bounds=None):
        """The `composites.Composer` of an estimator with one set of weights."""
        options = dict(theta=theta, frame_sizes=frame_sizes, totals=totals, method=method, bounds=bounds)
        _check(estimator, options, (*PER_VARIABLE, *WEIGHTED))
        if estimator == "hartley" and theta is not None:
            estimator = "composite"
        if estimator in PER_VARIABLE:
            raise DataError(
                f'{estimator} has weights of its own for every variable, so there is no single set. Give theta=, or use "composite", '
                f'"pml" or another of {", ".join(WEIGHTED)}.'
            )
        columns, known, labels = self._auxiliary(totals)
        return Composer(
            estimator,
            self.part,
            theta,
            None if frame_sizes is None else dict(frame_sizes),
            method,
            bounds,
            self._probability,
            columns,
            known,
            labels,
            self.variance,
        )

    def _auxiliary(self, totals):
        """Auxiliary variables (n, p), their totals (p,), and (frame, name) of each."""
        columns, known, labels = [], [], []
        if totals is not None and not isinstance(totals, Mapping):
            raise DataError(f'totals = {guards.sight(totals)}: give {{"A": {{column: total}}, "B": …, "ab": …}}.')
        for frame, entries in (totals or {}).items():
            if frame not in INSIDE or not isinstance(entries, Mapping):
                raise DataError(f'totals: give {{"A": {{column: total}}, "B": …, "ab": …}}; got {frame!r}.')
            for name, total in entries.items():
                self._need(name)
                values, inside = self.pooled._values(name), self.part @ INSIDE[frame] > 0
                refuse_infinite(values, f"totals: {name!r} of {frame}", inside)
                lost = np.isnan(values) & inside
                if lost.any():
                    raise DataError(
                        f"totals: {name!r} is missing in {int(lost.sum())} rows of {frame}; impute or drop them."
                    )
                if not guards.is_finite(total):
                    raise DataError(f"totals: {name!r} in {frame} has the total {guards.sight(total)}; give a number.")
                columns.append(np.where(inside, values, 0.0))
                known.append(float(total))
                labels.append((frame, name))
        return (np.column_stack(columns), np.array(known), tuple(labels)) if columns else (None, None, ())

    def _need(self, columns):
        """Refuse columns that one table lacks, or that the two tables hold as different things."""
        for name in named(columns, "y"):
            if name in self.data:
                continue
            lacking = [which for which, s in (("a", self.a), ("b", self.b)) if name not in column_names(s.data)]
            why = (
                f"{' and '.join(lacking)} {'lack' if len(lacking) > 1 else 'lacks'} it"
                if lacking
                else "one table has numbers, the other text"
            )
            raise DataError(f"column {name!r} cannot be estimated from both samples: {why}.")

    def survey(self, estimator="composite", **options):
        """One `Survey` of both samples with an estimator's weights, for everything a Survey does: quantiles, tests, raking.

        Takes `theta`, `frame_sizes`, `totals`, `method`, `bounds` as `total` does.
        """
        composer = self.composer(estimator, **options)
        pooled = self.pooled
        if not self._again:
            composer = composer.fixed(pooled.weight)
        final, top = composer.weights(pooled.weight)
        made = Survey.of_design(self.data, pooled.design.adjusted_by(final, (top,)))
        made._base = pooled.weight if pooled._base is None else pooled._base
        made._adjustments = (*pooled._adjustments, composer)
        return made if self._scheme is None else made.replicates(**self._scheme)

    def weights(self, estimator="composite", **options):
        """One weight per row, a's rows and then b's, of an estimator that has a single set; options as of `total`."""
        return self.composer(estimator, **options).weights(self.pooled.weight)[0]

    def replicates(self, kind, n=None, seed=None, rho=None, mse=False, theta="fixed"):
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
        if not isinstance(kind, str) or kind not in replication.KINDS or kind == "jk1":
            known = ", ".join(name for name in replication.KINDS if name != "jk1")
            raise DesignError(f"kind = {kind!r}: two samples are two strata; choose one of {known}.")
        new = copy.copy(self)
        replication.check(kind, n, seed, rho)
        new._scheme = dict(kind=kind, n=n, seed=seed, rho=rho, mse=guards.flag(mse, "mse"))
        new._again = theta == "again"
        return new

    # ------------------------------------------------------------------------------------------------------ statistics
    def total(
        self,
        y,
        by=None,
        estimator="hartley",
        theta=None,
        frame_sizes=None,
        totals=None,
        method="linear",
        bounds=None,
        level=0.95,
        df=None,
    ):
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

    def mean(self, y, by=None, estimator="hartley", theta=None, *, level=0.95, df=None, **options):
        """Means: the ratio of two totals by the same estimator, with the ratio's residuals. Options as of `total`."""
        return self._estimate("mean", y, None, by, estimator, dict(theta=theta, **options), level=level, df=df)

    def ratio(self, num, den, by=None, estimator="hartley", theta=None, *, level=0.95, df=None, **options):
        """Ratio of two totals by the same estimator. Options as of `total`."""
        return self._estimate(
            "ratio", _wanted(num, "num"), den, by, estimator, dict(theta=theta, **options), level=level, df=df
        )

    def proportion(self, y, by=None, ci="logit", estimator="hartley", theta=None, *, level=0.95, df=None, **options):
        """Proportions, with any interval of `proportion_interval`; see `Survey.proportion`. Options as of `total`."""
        return self._estimate(
            "proportion", y, None, by, estimator, dict(theta=theta, **options), level=level, df=df, ci=ci
        )

    def quantile(
        self,
        y,
        q,
        by=None,
        estimator="composite",
        theta=None,
        *,
        ci="woodruff",
        rule="math",
        level=0.95,
        df=None,
        **options,
    ):
        """Quantiles, by estimators with one set of weights. See `Survey.quantile`; other options as of `total`."""
        self._need([one_name(y, "y"), *([] if by is None else named(by, "by"))])
        return self.survey(estimator, theta=theta, **options).quantile(
            y, q, by=by, ci=ci, rule=rule, level=level, df=df
        )

    def _estimate(self, what, y, den, by, estimator, options, **rest):
        _check(estimator, options, (*PER_VARIABLE, *WEIGHTED))
        self._need(
            [*_wanted(y), *([] if by is None else named(by, "by")), *([] if den is None else [one_name(den, "den")])]
        )
        if estimator in WEIGHTED or options.get("theta") is not None:
            survey = self.survey(estimator, **options)
            if what == "ratio":
                return survey.ratio(y, den, by=by, **rest)
            return getattr(survey, what)(y, by=by, **rest)
        return self._per_variable(what, y, den, by, estimator, **rest)

    def _per_variable(self, what, y, den, by, estimator, level, df, ci=None):
        """Estimators whose θ (and β) minimize the variance of every row by itself."""
        pooled, aside, items, rows, thin = self.pooled, {}, [], [], []
        group, domains = pooled._domains(by, aside)
        over = [] if what == "total" else [(den, np.ones(len(self.part)) if den is None else pooled._values(den))]
        for name, level_name, value in self._variables(what, y):
            label = f"{name}/{den}" if den is not None else name
            inside, (value, *x) = pooled._complete([(name, value), *over], label, group, domains, aside)
            for d, domain in enumerate(domains):
                mask = inside == d
                numbers = np.where(mask, value, 0.0), np.where(mask, x[0], 0.0) if x else None
                rows.append((what, label, level_name, domain))
                pinned = self._pinned(mask, estimator)
                thin += [] if pinned is None else [rows[-1]]
                items.append(self._item(*numbers, mask, estimator, pinned))
        if thin:
            warnings.warn(
                f"{estimator}: θ of {len(thin)} estimates is that of effective sample sizes, because fewer than {FEW} respondents "
                f"of a sample lie in their overlap; the first is {thin[0][1:]}.",
                SurveysimWarning,
                stacklevel=4,
            )
        made = pooled if self._scheme is None else pooled.replicates(**self._scheme)
        return made._estimates(items, rows, aside, level=level, df=df, ci=ci, kind=kind_of(self.a.data))

    def _variables(self, what, y):
        """Name, level and values (n,) of every variable asked for; levels of categories where proportions are."""
        for name in _wanted(y):
            if what != "proportion":
                yield name, "", self.pooled._values(name)
                continue
            column = coded(self.data, name)
            for k in column.shown():
                yield name, str(column.labels[k]), np.where(column.codes < 0, np.nan, column.codes == k)

    def _pinned(self, mask, estimator):
        """Coefficients of a domain whose overlap is too thin in a sample for a θ of its own; else None."""
        w = self.pooled.weight
        if min((mask & (w > 0) & (self.part[:, k] > 0)).sum() for k in (AB, BA)) >= FEW:
            return None
        return np.array([effective(self.part, w), 0.0][: 1 if estimator == "hartley" else 2])

    def _item(self, y, x, mask, estimator, pinned):
        """A total (x None) or ratio as a Statistic whose θ minimizes its own variance, or is `pinned`."""
        value, coefficients, base = self._solve(y, x, estimator, self.pooled.weight, pinned)
        again = partial(self._value, y, x, estimator, pinned if self._again else coefficients)
        z = y if x is None else y - value * x
        score = frame_shares.parts_of(self.part, z)
        score = score[0] + coefficients @ score[1 : 1 + len(coefficients)]
        return scores.Statistic(value, score / base, mask, again)

    def _value(self, y, x, estimator, coefficients, w):
        return self._solve(y, x, estimator, w, coefficients)[0]

    def _solve(self, y, x, estimator, w, coefficients=None):
        """Value, coefficients and denominator of a total or a ratio with weights w."""
        design = self.pooled.design if w is self.pooled.weight else self.pooled.design.reweighted(w)
        terms = 1 if estimator == "hartley" else 2
        if x is None:
            if coefficients is None:
                coefficients = frame_shares.optimal(design, frame_shares.parts_of(self.part, y)[: 1 + terms])
            return self._total(y, coefficients, w), coefficients, 1.0
        if coefficients is not None:
            value, base = self._ratio(y, x, coefficients, w)
            return value, coefficients, base

        def following(value):
            """Coefficients optimal for residuals on a ratio, the ratio they give, and its denominator."""
            found = frame_shares.optimal(design, frame_shares.parts_of(self.part, y - value * x)[: 1 + terms])
            return found, *self._ratio(y, x, found, w)

        value, base = self._ratio(y, x, np.array([0.5, 0.0][:terms]), w)
        found = frame_shares.settled(following, value, scores.dot(w, np.abs(y)) / abs(base), estimator)
        return found[1], found[0], found[2]

    def _total(self, y, coefficients, w):
        parts = frame_shares.parts_of(self.part, y)
        return scores.dot(w, parts[0] + coefficients @ parts[1 : 1 + len(coefficients)])

    def _ratio(self, y, x, coefficients, w):
        """The R for which the estimated total of y - R x is 0."""
        base = self._total(x, coefficients[:1], w)
        if base == 0:
            raise DataError("the denominator of a ratio is 0 in this domain; the domain is empty or its weights are 0.")
        return self._total(y, coefficients, w) / base, base

    # ------------------------------------------------------------------------------------------------------ diagnostics
    def thetas(self, y, grid=None, what="mean", level=0.95):
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
        self._need(y)
        return frame_shares.thetas(self, y, grid, what, level)

    def compare_overlap(self, y=()):
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
        self._need(y)
        return frame_shares.compare_overlap(self, y)


def _check(estimator, options, choices):
    """Refuse unknown estimators, options they do not use, θ outside 0 to 1, unusable sizes."""
    guards.choice(estimator, "estimator", choices)
    guards.choice(options.get("method"), "method", (None, *METHODS))
    given = {name for name, value in options.items() if value is not None} - (
        {"method"} if guards.is_text(options.get("method"), "linear") else set()
    )
    unknown = given - {"theta", "frame_sizes", "totals", "method", "bounds"}
    if unknown:
        raise DataError(
            f"{sorted(unknown)[0]!r} is no option; there are theta, frame_sizes, totals, method, bounds, level, df."
        )
    unused = given - ACCEPTS[estimator] - {"frame_sizes"}
    if unused:
        users = [name for name, used in ACCEPTS.items() if unused <= used]
        raise DataError(
            f"{estimator} uses no {sorted(unused)[0]}; leave it out{f', or choose {chr(44).join(users)}' if users else ''}."
        )
    _check_theta(estimator, options.get("theta"))
    sizes = {} if options.get("frame_sizes") is None else options["frame_sizes"]
    if not isinstance(sizes, Mapping):
        raise DataError(f'frame_sizes = {guards.sight(sizes)}: give {{"A": N_A, "B": N_B, "ab": N_ab}}.')
    for name, value in sizes.items():
        good = value is None or (guards.is_number(value) and 0 < value < np.inf)
        if name not in ("A", "B", "ab") or not good:
            raise DataError(
                f'frame_sizes: give {{"A": N_A, "B": N_B, "ab": N_ab}}, sizes above 0; got {name!r}: {guards.sight(value)}.'
            )
    frames = [sizes[name] for name in ("A", "B") if sizes.get(name) is not None]
    if sizes.get("ab") is not None and frames and sizes["ab"] > min(frames) * (1 + 1e-9):
        raise DataError(f"frame_sizes: the overlap of {sizes['ab']:,.0f} is larger than a frame of {min(frames):,.0f}.")


def _check_theta(estimator, theta):
    pair = isinstance(theta, tuple)
    if pair and (estimator != "pml" or len(theta) != 2):
        raise DataError('theta is a pair for "pml" only: (γ for the size of the overlap, θ for its mean).')
    for value in theta if pair else (theta,):
        number = guards.is_number(value)
        word = not pair and (
            value is None
            or (
                isinstance(value, str)
                and value == "effective"
                and estimator in ("composite", "hartley", "cal_df", "pml")
            )
        )
        if not (word or (number and 0 <= value <= 1)) or (estimator == "screening" and number and value not in (0, 1)):
            raise DataError(
                f'theta = {guards.sight(theta)}: give a number from 0 to 1, "effective", or None'
                f"{'; screening takes 1 or 0' if estimator == 'screening' else ''}."
            )
