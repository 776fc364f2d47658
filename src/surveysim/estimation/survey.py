"""`Survey`: a table, its weights and its design; what one estimates from, and `Estimates`, what comes out."""

import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..errors import DataError, DesignError
from ..weighting import Calibration, Weights
from ..weighting.calibration import base_weights, warn_if_bare
from ..weighting.margins import pick
from . import intervals, scores
from .linearization import LONELY, Design


@dataclass(frozen=True)
class Estimates:
    """Estimates with their errors; rows in the order they were asked for."""

    table: pd.DataFrame
    statistics: tuple
    design: Design
    level: float

    def to_frame(self):
        """Tidy table: statistic, variable, level, domain, estimate, se, lower, upper, df, deff, n, moe."""
        return self.table.copy()

    @cached_property
    def cov(self):
        """Covariance matrix of the rows of `to_frame()`, in that order."""
        return self.design.covariance([s.score for s in self.statistics])

    def __repr__(self):
        return self.table.to_string(index=False, float_format=lambda v: f"{v:,.4g}")

    def _repr_html_(self):
        return self.table.to_html(index=False, escape=True)


class Survey:
    """A complex sample: a table with weights, strata and primary sampling units.

    Parameters
    ----------
    data : DataFrame (pandas, polars or pyarrow) of n respondents; it is not modified.
    weight : a column, an array (n,), a `Calibration` or the `Weights` of a recipe; the last two bring their constraints
        along, so that the variance is the calibrated one. None means 1.
    strata, psu : columns or arrays (n,); None is one stratum, every row its own PSU.
    fpc : column or array (n,), constant in a stratum: PSUs in the population (> 1) or sampling fraction (<= 1); None is
        sampling with replacement.
    nest : PSU labels repeat across strata and are to be read inside them.
    lonely_psu : what a stratum with one PSU does: "fail", "certainty", "remove" (both contribute nothing), "adjust"
        (about zero, the mean of the scores), "average" (the mean contribution of the others).

    Raises
    ------
    DesignError : a PSU label in two strata without `nest`, lonely PSUs under "fail" (when a variance is asked for),
        unusable fpc. DataError : missing columns, missing values in the design, unusable weights.

    References
    ----------
    Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling; Lumley (2010), Complex Surveys.
    """

    def __init__(self, data, weight=None, strata=None, psu=None, fpc=None, nest=False, lonely_psu="fail"):
        self.data = data
        n = len(data)
        if n == 0:
            raise DataError("the table has no rows.")
        if lonely_psu not in LONELY:
            raise DesignError(f"lonely_psu = {lonely_psu!r}: choose one of {', '.join(LONELY)}.")
        constraints, trusted = (), isinstance(weight, Weights | Calibration)
        if isinstance(weight, Weights):
            constraints = (weight.calibration.constraints,) if weight.calibration is not None else ()
            weight = weight.final
        elif isinstance(weight, Calibration):
            constraints, weight = (weight.constraints,), weight.weight
        elif weight is not None:
            warn_if_bare(weight)
        if trusted and len(weight) != n:
            raise DataError(f"the calibration has {len(weight)} weights; the table has {n} rows.")
        weights = weight if trusted else base_weights(data, weight, n)  # linear calibration may give negative ones
        self._inside = np.ones(n, bool)
        stratum, labels = self._codes(strata, "strata", n)
        unit, units = self._codes(psu, "psu", n)
        if psu is None:
            unit, units = np.arange(n), np.arange(n)
        elif nest:
            unit, units = _compact(stratum * len(units) + unit)
        owner = np.full(len(units), -1, np.int64)
        owner[unit] = stratum
        split = owner[unit] != stratum
        if split.any():
            raise DesignError(
                f"{len(np.unique(unit[split]))} PSU labels occur in more than one stratum, the first is "
                f"{units[unit[np.argmax(split)]]!r}. Say nest=True if labels repeat across strata."
            )
        self.design = Design(
            weights, unit, owner, self._fraction(fpc, stratum, owner, labels), tuple(labels), lonely_psu, constraints
        )

    def __repr__(self):
        d = self.design
        return (
            f"<Survey: {len(d.weight):,} rows, {len(d.psu_stratum):,} PSUs in {len(d.psus):,} strata, weights sum to "
            f"{d.weight.sum():,.0f}{', calibrated' if d.constraints else ''}>"
        )

    @property
    def weight(self):
        return self.design.weight

    def where(self, mask):
        """The survey of a subpopulation: estimates of the rows where `mask` is True, with the full design behind them.

        Parameters
        ----------
        mask : bool array (n,), or the name of a bool column.
        """
        mask = np.asarray(pick(self.data, mask) if isinstance(mask, str) else mask)
        if mask.dtype != bool or mask.shape != self._inside.shape:
            raise DataError(
                f"where() needs {len(self._inside)} True or False values, one per row; got {mask.dtype}, {mask.shape}."
            )
        part = copy.copy(self)
        part._inside = self._inside & mask
        return part

    def _codes(self, column, what, n):
        """Codes (n,) and labels of a column or array; a missing value is refused."""
        if column is None:
            return np.zeros(n, np.int64), np.array(["all"])
        values = pick(self.data, column) if isinstance(column, str) else pd.Series(np.asarray(column))
        if len(values) != n:
            raise DataError(f"{what} has {len(values)} values; the table has {n} rows.")
        codes, labels = pd.factorize(values, sort=False)
        if (codes < 0).any():
            raise DataError(
                f"{what} is missing in {int((codes < 0).sum())} rows, the first is row {int(np.argmax(codes < 0))}."
            )
        return codes.astype(np.int64), np.asarray(labels)

    def _fraction(self, fpc, stratum, owner, labels):
        if fpc is None:
            return np.zeros(len(labels))
        values = np.asarray(pick(self.data, fpc) if isinstance(fpc, str) else fpc, dtype=float)
        low, high = np.full(len(labels), np.inf), np.full(len(labels), -np.inf)
        np.minimum.at(low, stratum, values)
        np.maximum.at(high, stratum, values)
        if not np.all(np.isfinite(values)) or np.any(low <= 0) or np.any(low != high):
            raise DesignError("fpc must be positive and constant inside a stratum.")
        if np.any(values > 1) and np.any(values < 1):
            raise DesignError("fpc mixes counts (> 1) and fractions (< 1); give one or the other.")
        sampled = np.bincount(owner, minlength=len(labels))
        fraction = sampled / low if np.any(values > 1) else low
        if np.any(fraction > 1 + 1e-12):
            h = int(np.argmax(fraction))
            raise DesignError(f"stratum {labels[h]!r} has {sampled[h]} PSUs in the sample but fpc says {low[h]:g}.")
        return np.minimum(fraction, 1.0)

    # ------------------------------------------------------------------------------------------------- statistics
    def total(self, y, by=None, level=0.95, df=None, deff=False):
        """Weighted totals of numeric columns, overall or by domain. See `mean` for the arguments."""
        return self._numeric("total", y, by, level, df, deff, lambda y, rows: scores.total(self.weight, y, rows))

    def mean(self, y, by=None, level=0.95, df=None, deff=False):
        """Weighted means of numeric columns.

        Parameters
        ----------
        y : column or list of columns, numeric or bool.
        by : column or list of columns whose combinations are domains; None is everybody.
        level : confidence level. df : degrees of freedom; None is PSUs − strata with rows in the domain, inf the normal law.
        deff : False, "wor" (simple random sampling without replacement as the yardstick) or "wr".

        Returns
        -------
        Estimates.
        """
        return self._numeric(
            "mean", y, by, level, df, deff, lambda y, rows: scores.ratio(self.weight, y, np.ones(len(y)), rows)
        )

    def ratio(self, num, den, by=None, level=0.95, df=None, deff=False):
        """Ratio of two weighted totals, Σwy / Σwx. See `mean` for the other arguments."""
        x = self._values(den)

        def make(y, rows):
            return scores.ratio(self.weight, y, self._complete(x, den, rows, ""), rows)

        return self._numeric(
            "ratio",
            num,
            by,
            level,
            df,
            deff,
            make,
            label=f"{num}/{den}",
        )

    def proportion(self, y, by=None, ci="logit", level=0.95, df=None, deff=False):
        """Proportions: the True row of a bool column, one row per level of a categorical or text one.

        ci : "logit" or "wald", see `proportion_interval`.
        """
        statistics, rows = [], []
        for name in [y] if isinstance(y, str) else y:
            values = pick(self.data, name)
            missing = values.isna().to_numpy() & self._inside
            if missing.any():
                raise DataError(
                    f"{name!r} is missing in {int(missing.sum())} rows; impute them, or estimate where() it is known."
                )
            if pd.api.types.is_bool_dtype(values.dtype):
                levels = [True]
            elif isinstance(values.dtype, pd.CategoricalDtype):
                levels = list(values.cat.categories)
            else:
                levels = sorted(values.unique())
            for domain, mask in self._domains(by):
                for value in levels:
                    hit = (values == value).fillna(False).to_numpy(dtype=float)
                    statistics.append(scores.ratio(self.weight, hit, np.ones(len(hit)), mask))
                    rows.append(("proportion", name, str(value), domain))
        return estimates(self.design, statistics, rows, level=level, df=df, deff=deff, ci=ci)

    def _numeric(self, what, columns, by, level, df, deff, make, label=None):
        statistics, rows = [], []
        for name in [columns] if isinstance(columns, str) else columns:
            y = self._values(name)
            for domain, mask in self._domains(by):
                statistics.append(make(self._complete(y, name, mask, domain), mask))
                rows.append((what, label or name, "", domain))
        return estimates(self.design, statistics, rows, level=level, df=df, deff=deff)

    def _values(self, name):
        values = pick(self.data, name)
        if not (pd.api.types.is_numeric_dtype(values.dtype) or values.dtype == bool):
            raise DataError(f"{name!r} is not numeric ({values.dtype}); use proportion() for categories.")
        return values.to_numpy(dtype=float, na_value=np.nan)

    def _complete(self, values, name, rows, domain):
        """Values with 0 outside the domain; missing ones inside it are refused."""
        missing = np.isnan(values) & rows
        if missing.any():
            raise DataError(
                f"{name!r} is missing in {int(missing.sum())} rows{f' of the domain {domain}' if domain else ''}; impute them, or "
                f"estimate where() it is known."
            )
        return np.where(rows, values, 0.0)

    def _domains(self, by):
        if by is None:
            return [("", self._inside)]
        columns = [by] if isinstance(by, str) else list(by)
        found = [("", self._inside)]
        for name in columns:
            values = pick(self.data, name)
            levels = (
                list(values.cat.categories)
                if isinstance(values.dtype, pd.CategoricalDtype)
                else sorted(values.dropna().unique())
            )
            found = [
                (f"{text}, {name}={level}" if text else f"{name}={level}", mask & (values == level).to_numpy())
                for text, mask in found
                for level in levels
            ]
        return [(text, mask) for text, mask in found if mask.any()]


def _compact(codes):
    labels, inverse = np.unique(codes, return_inverse=True)
    return inverse.astype(np.int64), labels


def estimates(design, statistics, rows, *, level=0.95, df=None, deff=False, ci="wald", scale=None):
    """Standard errors, intervals, moe and deff of statistics; `rows` are (statistic, variable, level, domain).

    scale : multiplies value and error of each statistic (100 for percent); proportions in percent get their interval on the
        share. ci : one method, or one per statistic.
    """
    if deff not in (False, "wor", "wr"):
        raise DataError(f'deff = {deff!r}: choose False, "wor" or "wr".')
    variance = design.variances([s.score for s in statistics])
    value, se = np.array([s.value for s in statistics]), np.sqrt(variance)
    n = np.array([int(s.rows.sum()) for s in statistics])
    if df is None:
        degrees = design.all_degrees([s.rows for s in statistics], [r[3] for r in rows])
    else:
        if not df > 0:
            raise DataError(f"df = {df!r}: give positive degrees of freedom, or inf.")
        degrees = np.full(len(statistics), float(df))
    methods = [ci] * len(statistics) if isinstance(ci, str) else list(ci)
    lower, upper = intervals.wald_interval(value, se, level, degrees)
    for method in set(methods) - {"wald"}:
        at = np.array([m == method for m in methods])
        lower[at], upper[at] = intervals.proportion_interval(
            np.clip(value[at], 0, 1), se[at], method, level, degrees[at], n[at]
        )
    effect = np.full(len(statistics), np.nan)
    if deff:
        base = np.array([scores.srs_variance(design.weight, s, deff == "wr") for s in statistics])
        effect = np.divide(variance, base, out=effect, where=base > 0)
    factor = np.ones(len(statistics)) if scale is None else np.asarray(scale, dtype=float)
    table = pd.DataFrame(
        {
            "statistic": [r[0] for r in rows],
            "variable": [r[1] for r in rows],
            "level": [r[2] for r in rows],
            "domain": [r[3] for r in rows],
            "estimate": value * factor,
            "se": se * factor,
            "lower": lower * factor,
            "upper": upper * factor,
            "df": degrees,
            "deff": effect,
            "n": n,
            "moe": intervals.t_quantile(level, degrees) * se * factor,
        }
    )
    return Estimates(table, tuple(statistics), design, level)
