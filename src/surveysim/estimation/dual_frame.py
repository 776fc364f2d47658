"""`DualFrameSurvey`: two samples from overlapping frames, and the whole family of estimators from them."""

import copy
from functools import cached_property, partial

import narwhals as nw
import numpy as np
import pandas as pd

from ..errors import DataError, DesignError
from ..weighting.margins import pick
from . import frame_shares, pooling, replication, scores
from .composites import AB, BA, OVERLAP, PER_VARIABLE, WEIGHTED, A, B, Composer
from .linearization import Design
from .survey import Survey, _named, _shown, coded

ROUNDS = 50  # of θ and the ratio it is optimal for


class DualFrameSurvey:
    """Two independent samples from overlapping frames A and B.

    Parameters
    ----------
    a, b : `Survey`, with any design and any adjustments of their weights. b's table has the columns of a's that are estimated.
    domain : column of both tables: "a" (frame A only) or "ab" in a, "b" or "ab" in b.
    probability : (column with the inclusion probability in frame A, the same in frame B), in both tables; for estimators
        that use both ("single_frame", "raking_ratio", "cal_sf").
    membership : column of both tables with the probability that the unit lies in the overlap, in place of `domain` where
        membership is unknown, misreported or somebody else answered; a known member has 1, a known other 0.

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
        if not isinstance(probability, (tuple, list)) or len(probability) != 2:
            raise DataError(
                f"probability = {probability!r}: give a pair, (column of frame A's probability, column of frame B's)."
            )
        in_a, in_b = (
            np.concatenate([np.asarray(pick(s.data, name), dtype=float) for s in (self.a, self.b)])
            for name in probability
        )
        first = np.arange(len(in_a)) < self.n_a
        own, other = np.where(first, in_a, in_b), np.where(first, in_b, in_a)
        overlap = self.part @ OVERLAP > 0
        bad = ~((own > 0) & (own <= 1)) | (overlap & ~((other > 0) & (other <= 1)))
        if bad.any():
            raise DataError(
                f"probability: {int(bad.sum())} rows have no probability above 0 and at most 1 in a frame they belong to; the first is "
                f"row {int(np.argmax(bad))} (a's rows, then b's)."
            )
        return own, np.where(overlap, other, 0.0)

    # -------------------------------------------------------------------------------------------------------- the pool
    @cached_property
    def data(self):
        """The two tables one below the other, with the columns both have, as pandas."""
        tables = [nw.from_native(s.data, eager_only=True).to_pandas().reset_index(drop=True) for s in (self.a, self.b)]
        both = [c for c in tables[0] if c in tables[1]]
        parts = {}
        for c in both:
            first, second = tables[0][c], tables[1][c]
            if all(isinstance(x.dtype, pd.CategoricalDtype) for x in (first, second)) and first.dtype != second.dtype:
                union = pd.api.types.union_categoricals([first, second])
                parts[c] = pd.Series(union)
            else:
                parts[c] = pd.concat([first, second], ignore_index=True)
        return pd.DataFrame(parts)

    @cached_property
    def pooled(self):
        """Both samples as one Survey with their weights as they came: the overlap counts twice. The design of everything else."""
        a, b = self.a.design, self.b.design
        w = np.concatenate([self.a.weight, self.b.weight])
        constraints = tuple(pooling.Embedded(c, slice(0, self.n_a)) for c in a.constraints)
        constraints += tuple(pooling.Embedded(c, slice(self.n_a, None)) for c in b.constraints)
        design = Design(w, pooling.stages(a, b), a.lonely, constraints, pooling.unequal(a, b, self.n_a))
        pooled = Survey.of_design(self.data, design)
        if self.a._adjustments or self.b._adjustments:
            base = [s.weight if s._base is None else s._base for s in (self.a, self.b)]
            pooled._base = np.concatenate(base)
            pooled._adjustments = (pooling.Blockwise(self.a._adjustments, self.b._adjustments, self.n_a),)
        return pooled

    def variance(self, given, w=None):
        """Variances (E,) of the weighted totals of scores (E, n) over both samples; `w` other weights than their own."""
        design = self.pooled.design
        return (design if w is None else pooling.reweighted(design, w)).variances(given)

    def composer(self, estimator, theta=None, frame_sizes=None, totals=None, method="linear", bounds=None):
        """The `composites.Composer` of an estimator with one set of weights."""
        if estimator == "hartley" and theta is not None:
            estimator = "composite"
        if estimator in PER_VARIABLE:
            raise DataError(
                f'{estimator} has weights of its own for every variable, so there is no single set. Give theta=, or use "composite", '
                f'"pml" or another of {", ".join(WEIGHTED)}.'
            )
        _check(estimator, theta, frame_sizes, totals, WEIGHTED)
        columns, known = self._auxiliary(totals)
        if estimator not in ("cal_sf", "cal_df") and known is not None:
            raise DataError(f'totals are for "cal_sf" and "cal_df"; {estimator} uses frame sizes only.')
        variance = self.variance
        return Composer(
            estimator, self.part, theta, frame_sizes, method, bounds, self._probability, columns, known, variance
        )

    def _auxiliary(self, totals):
        """Auxiliary variables (n, p), each in its frame, and their totals (p,)."""
        if not totals:
            return None, None
        first = np.arange(len(self.part)) < self.n_a
        inside = {
            "A": first | (self.part[:, BA] > 0),
            "B": ~first | (self.part[:, AB] > 0),
            "ab": self.part @ OVERLAP > 0,
        }
        columns, known = [], []
        for frame, entries in totals.items():
            if frame not in inside or not hasattr(entries, "items"):
                raise DataError(f'totals: give {{"A": {{column: total}}, "B": …, "ab": …}}; got {frame!r}.')
            for name, total in entries.items():
                columns.append(np.where(inside[frame], self.pooled._values(name), 0.0))
                known.append(float(total))
        return np.column_stack(columns), np.array(known)

    def survey(self, estimator="composite", **options):
        """One `Survey` of both samples with an estimator's weights, for everything a Survey does: quantiles, tests, raking.

        Takes `theta`, `frame_sizes`, `totals`, `method`, `bounds` as `total` does.
        """
        composer = self.composer(estimator, **options)
        pooled = self.pooled
        if not self._again:
            composer = composer.fixed(pooled.weight)
        final, top = composer.weights(pooled.weight)
        design = pooled.design
        made = Survey.of_design(
            self.data,
            Design(final, design.stages, design.lonely, (*design.constraints, top), design.unequal, pooled.weight),
        )
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
        """
        if theta not in ("fixed", "again"):
            raise DataError(f'theta = {theta!r}: choose "fixed" or "again".')
        new = copy.copy(self)
        new._scheme = dict(kind=kind, n=n, seed=seed, rho=rho, mse=mse)
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
        frame_sizes : {"A": N_A, "B": N_B, "ab": N_ab}, what is known. totals : {"A": {column: total}, "B": …, "ab": …}, for
            "cal_sf" and "cal_df".
        method, bounds : of the calibration: "linear", "raking" or "logit" with bounds on g.
        level : confidence level. df : None adds the two frames' PSUs - strata with rows in the domain.

        Returns
        -------
        Estimates.
        """
        options = dict(theta=theta, frame_sizes=frame_sizes, totals=totals, method=method, bounds=bounds)
        return self._estimate("total", y, None, by, estimator, options, level=level, df=df)

    def mean(self, y, by=None, estimator="hartley", theta=None, *, level=0.95, df=None, **options):
        """Means: the ratio of two totals by the same estimator, with the ratio's residuals. Options as of `total`."""
        return self._estimate("mean", y, None, by, estimator, dict(theta=theta, **options), level=level, df=df)

    def ratio(self, num, den, by=None, estimator="hartley", theta=None, *, level=0.95, df=None, **options):
        """Ratio of two totals by the same estimator. Options as of `total`."""
        return self._estimate("ratio", num, den, by, estimator, dict(theta=theta, **options), level=level, df=df)

    def proportion(self, y, by=None, ci="logit", estimator="hartley", theta=None, *, level=0.95, df=None, **options):
        """Proportions, with any interval of `proportion_interval`; see `Survey.proportion`. Options as of `total`."""
        return self._estimate(
            "proportion", y, None, by, estimator, dict(theta=theta, **options), level=level, df=df, ci=ci
        )

    def quantile(
        self, y, q, by=None, estimator="composite", theta=None, *, ci="woodruff", rule="math", level=0.95, **options
    ):
        """Quantiles, by estimators with one set of weights. See `Survey.quantile`; other options as of `total`."""
        return self.survey(estimator, theta=theta, **options).quantile(y, q, by=by, ci=ci, rule=rule, level=level)

    def _estimate(self, what, y, den, by, estimator, options, **rest):
        _check(
            estimator,
            options.get("theta"),
            options.get("frame_sizes"),
            options.get("totals"),
            (*PER_VARIABLE, *WEIGHTED),
        )
        if estimator in WEIGHTED or (estimator == "hartley" and options.get("theta") is not None):
            survey = self.survey(estimator, **options)
            if what == "ratio":
                return survey.ratio(y, den, by=by, **rest)
            return getattr(survey, what)(y, by=by, **rest)
        if options.get("totals") or options.get("frame_sizes"):
            raise DataError(
                f'{estimator} uses no known sizes or totals; choose "pml", "cal_sf" or "cal_df" to use them.'
            )
        return self._per_variable(what, y, den, by, estimator, **rest)

    def _per_variable(self, what, y, den, by, estimator, level, df, ci=None):
        """Estimators whose θ (and β) minimize the variance of every row by itself."""
        pooled, aside, items, rows = self.pooled, {}, [], []
        group, domains = pooled._domains(by, aside)
        x = pooled._values(den) if den is not None else None if what == "total" else np.ones(len(self.part))
        for name, level_name, value in self._variables(what, y):
            missing = np.isnan(value) if x is None else np.isnan(value) | np.isnan(x)
            label = f"{name}/{den}" if den is not None else name
            inside = pooled._set_aside(missing, label, group, domains, aside)
            for d, domain in enumerate(domains):
                mask = inside == d
                items.append(
                    self._item(
                        np.where(mask, value, 0.0), None if x is None else np.where(mask, x, 0.0), mask, estimator
                    )
                )
                rows.append((what, label, level_name, domain))
        made = pooled if self._scheme is None else pooled.replicates(**self._scheme)
        return made._estimates(items, rows, aside, level=level, df=df, ci=ci)

    def _variables(self, what, y):
        """Name, level and values (n,) of every variable asked for; levels of categories where proportions are."""
        for name in _named(y):
            if what != "proportion":
                yield name, "", self.pooled._values(name)
                continue
            codes, labels = coded(self.data, name)
            for k in _shown(self.data[name].dtype, labels):
                yield name, str(labels[k]), np.where(codes < 0, np.nan, codes == k)

    def _item(self, y, x, mask, estimator):
        """A total (x None) or ratio as a Statistic whose θ minimizes its own variance."""
        again = partial(self._value, y, x, estimator, None)
        value, coefficients, base = self._solve(y, x, estimator, self.pooled.weight)
        if not self._again:
            again = partial(self._value, y, x, estimator, coefficients)
        z = y if x is None else y - value * x
        score = frame_shares.parts_of(self.part, z)
        score = score[0] + coefficients @ score[1 : 1 + len(coefficients)]
        return scores.Statistic(value, score / base, mask, again)

    def _value(self, y, x, estimator, coefficients, w):
        return self._solve(y, x, estimator, w, coefficients)[0]

    def _solve(self, y, x, estimator, w, coefficients=None):
        """Value, coefficients and denominator of a total or a ratio with weights w."""
        design = self.pooled.design if w is self.pooled.weight else pooling.reweighted(self.pooled.design, w)
        terms = 1 if estimator == "hartley" else 2
        if x is None:
            if coefficients is None:
                coefficients = frame_shares.optimal(design, frame_shares.parts_of(self.part, y)[: 1 + terms])
            return self._total(y, coefficients, w), coefficients, 1.0
        share = np.array([0.5, 0.0][:terms]) if coefficients is None else coefficients
        value, base = self._ratio(y, x, share, w)
        for _ in range(ROUNDS if coefficients is None else 0):
            found = frame_shares.optimal(design, frame_shares.parts_of(self.part, y - value * x)[: 1 + terms])
            settled = np.abs(found[0] - share[0]) <= 1e-10
            share = found
            value, base = self._ratio(y, x, share, w)
            if settled:
                break
        return value, share, base

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
        """
        return frame_shares.thetas(self, y, grid, what, level)

    def compare_overlap(self, y=(), level=0.95):
        """The two samples' pictures of the overlap side by side: its size, and means of variables.

        Differences beyond their error point to misreported membership, numbers answered by somebody else, or nonresponse that
        differs between the frames.

        Returns
        -------
        DataFrame: variable, from_a, se_a, from_b, se_b, difference, se, t, df, p_value.
        """
        return frame_shares.compare_overlap(self, y)


def _check(estimator, theta, sizes, totals, choices):
    """Refuse unknown estimators, θ outside 0 to 1, unusable sizes."""
    if estimator not in choices and estimator not in PER_VARIABLE:
        raise DataError(f"estimator = {estimator!r}: choose one of {', '.join((*PER_VARIABLE, *WEIGHTED))}.")
    values = theta if isinstance(theta, tuple) else (theta,)
    for value in values:
        number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if not (value is None or value == "effective" or (number and 0 <= value <= 1)):
            raise DataError(f'theta = {theta!r}: give a number from 0 to 1, "effective", or None.')
    if isinstance(theta, tuple) and (estimator != "pml" or len(theta) != 2):
        raise DataError('theta is a pair for "pml" only: (γ for the size of the overlap, θ for its mean).')
    for name, value in (sizes or {}).items():
        if name not in ("A", "B", "ab") or not (value is None or value > 0):
            raise DataError(
                f'frame_sizes: give {{"A": N_A, "B": N_B, "ab": N_ab}}, sizes above 0; got {name!r}: {value!r}.'
            )
