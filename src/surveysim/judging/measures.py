"""How well an estimator did: performance measures of arrays of repetitions, each with its Monte Carlo standard error.

Names and definitions are those of rsimsum and Stata's simsum (White 2010, Stata J. 10:369-385; Morris, White & Crowther 2019, Stat. Med.
38:2074-2102, Table 6), whose formulas the closed Monte Carlo errors are; the others are jackknifed over repetitions.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import guards
from ..aliases import Array, Floats, Ints, Values
from ..errors import DataError
from ..inference.intervals import t_quantile, wald_interval

if TYPE_CHECKING:
    import pandas as pd

Z = 1.959963984540054  # Monte Carlo intervals are 95 % ones
NAN = float("nan")
MEASURES = {
    "nsim": "repetitions with an estimate and its standard error",
    "n_missing": "repetitions without one of them",
    "thetamean": "mean of the estimates",
    "thetamedian": "median of the estimates",
    "se2mean": "mean of the squared standard errors",
    "se2median": "median of the squared standard errors",
    "bias": "mean of the estimates minus the true value",
    "rbias": "bias over the true value",
    "empse": "empirical standard error: standard deviation of the estimates",
    "mse": "mean squared error",
    "rmse": "root of the mean squared error",
    "relprec": "percent gain of precision over the reference: variance of the reference over variance, minus 1",
    "modelse": "model standard error: root of the mean squared standard error",
    "relerror": "percent by which the model standard error is off the empirical one",
    "relvar": "mean squared standard error over the empirical variance",
    "cover": "share of intervals that hold the true value",
    "becover": "share of intervals that hold the mean of the estimates (bias eliminated)",
    "power": "share of estimates that differ from 0",
    "ciwidth": "mean width of the intervals",
    "deff": "mean estimated design effect",
}


def mean_of(values: Array) -> tuple[float, float]:
    """Mean and its Monte Carlo error."""
    n = len(values)
    return (float(values.mean()), spread_of(values) / float(np.sqrt(n))) if n else (NAN, NAN)


def spread_of(values: Array) -> float:
    """Standard deviation: of equal values 0, where sums of floats would leave some; NaN of fewer than two."""
    if len(values) < 2:
        return NAN
    return float(values.std(ddof=1)) if np.ptp(values) > 0 else 0.0


def width_of(low: Array, high: Array) -> tuple[float, float]:
    """Mean width of intervals and its Monte Carlo error; infinite where one of them is one-sided."""
    wide = high - low
    return mean_of(wide) if np.isfinite(wide).all() else (float("inf"), NAN)


def share_of(flags: Array) -> tuple[float, float]:
    """A share and its binomial error."""
    n = len(flags)
    p = float(np.mean(flags)) if n else NAN
    return p, float(np.sqrt(p * (1 - p) / n)) if n else NAN


def median_of(values: Array) -> tuple[float, float]:
    """Median, and half the distance of the order statistics one binomial standard deviation to either side (Woodruff 1952)."""
    n = len(values)
    if n < 2:
        return (float(values[0]), NAN) if n else (NAN, NAN)
    middle, half = (n - 1) / 2, np.sqrt(n) / 2
    low, high = np.interp([middle - half, middle + half], np.arange(n), np.sort(values))
    return float(np.median(values)), float((high - low) / 2)


def jackknife(value: float, without: Array) -> tuple[float, float]:
    """A value and the jackknife error from the values (n,) without one repetition each."""
    n = len(without)
    return float(value), float(np.sqrt((n - 1) / n * np.sum((without - value) ** 2)))


def variances_without(values: Array) -> Floats:
    """Sample variances (n,) with one value left out."""
    n = len(values)
    off = values - values.mean()
    squares = np.sum(off**2)
    return (squares - off**2 * n / (n - 1)) / (n - 2)


def measure(
    estimate: Floats,
    se: Floats | None,
    true: float | Floats,
    lower: Floats | None = None,
    upper: Floats | None = None,
    df: Floats | None = None,
    level: float = 0.95,
    power: bool = False,
    deff: Floats | None = None,
) -> dict[str, tuple[float, float]]:
    """Performance of one estimator.

    Parameters
    ----------
    estimate, se : (R,) of all repetitions, NaN where one failed; se may be None where none is estimated. true : a number or (R,).
    lower, upper : (R,) bounds of intervals, or None for estimate ± t se with `df`, None for the normal quantile.
    level : of the intervals. power : add the share of tests against 0 that reject it: |estimate| of at least t se with `df` (rsimsum
        takes the normal quantile here although its intervals have t), or, without errors, a given interval that leaves out 0.
    deff : (R,) design effects.

    Returns
    -------
    {measure: (value, Monte Carlo standard error)}, NaN where there is none; a repetition without estimate or error is left out, and
    counted.
    """
    kept = np.isfinite(estimate)
    kept &= True if se is None else np.isfinite(se)
    for given in (lower, upper):  # one-sided intervals have an infinite end
        kept &= True if given is None else ~np.isnan(given)
    kept &= True if df is None else ~np.isnan(df)
    R, n = len(estimate), int(kept.sum())
    b = estimate[kept]
    t = np.broadcast_to(np.asarray(true, dtype=float), (R,))[kept]
    found = {"nsim": (float(n), NAN), "n_missing": (float(R - n), NAN)}
    if n == 0:
        return found
    off = b - t
    spread = spread_of(b)
    found |= {"thetamean": mean_of(b), "thetamedian": median_of(b), "bias": mean_of(off)}
    found["rbias"] = mean_of(off / t) if np.all(t != 0) else (NAN, NAN)
    found["empse"] = spread, spread / np.sqrt(2 * (n - 1)) if n > 1 else NAN
    found["mse"] = mean_of(off**2)
    if n > 2:
        mse = found["mse"][0]
        found["rmse"] = jackknife(np.sqrt(mse), np.sqrt(np.maximum(n * mse - off**2, 0) / (n - 1)))
    else:
        found["rmse"] = float(np.sqrt(found["mse"][0])), NAN
    if deff is not None:
        found["deff"] = mean_of(deff[kept & np.isfinite(deff)])
    bounds = None if lower is None or upper is None else (lower[kept], upper[kept])
    if se is not None:
        degrees = np.inf if df is None else df[kept]
        found |= _with_errors(b, se[kept], spread)
        bounds = bounds or wald_interval(b, se[kept], level, degrees)
        if power:
            found["power"] = share_of((np.abs(b) >= t_quantile(level, degrees) * se[kept]) & (b != 0))
    elif power and bounds is not None:
        found["power"] = share_of((bounds[0] > 0) | (bounds[1] < 0))
    if bounds is not None:
        low, high = bounds
        found["cover"], found["ciwidth"] = share_of((low <= t) & (t <= high)), width_of(low, high)
        found["becover"] = share_of((low <= b.mean()) & (b.mean() <= high))
    return {name: found[name] for name in MEASURES if name in found}


def _with_errors(b: Floats, se: Floats, spread: float) -> dict[str, tuple[float, float]]:
    """The measures that need standard errors."""
    n, v = len(b), se**2
    mean_v, model = float(v.mean()), float(np.sqrt(v.mean()))
    var_v = float(v.var(ddof=1)) if n > 1 else NAN
    found = {
        "se2mean": mean_of(v),
        "se2median": median_of(v),
        "modelse": (model, float(np.sqrt(var_v / (4 * n * mean_v))) if mean_v > 0 else 0.0),
    }
    if spread > 0:
        ratio = model / spread
        inside = var_v / (4 * n * mean_v**2) if mean_v > 0 else 0.0
        found["relerror"] = 100 * (ratio - 1), float(100 * ratio * np.sqrt(inside + 1 / (2 * (n - 1))))
        if n > 2:
            without = variances_without(b)
            with np.errstate(divide="ignore", invalid="ignore"):
                rest = (n * mean_v - v) / (n - 1) / without
            value, error = jackknife(mean_v / spread**2, np.where(without > 1e-12 * spread**2, rest, NAN))
            found["relvar"] = value, error  # no error where all but one estimate are alike
    return found


def precision_gain(b: Floats, reference: Floats, ids: Array, reference_ids: Array) -> tuple[float, float]:
    """relprec: 100 (V_ref / V - 1) and its error, which uses the correlation over shared repetitions; NaN with fewer than 3 of them."""
    _, i, j = np.intersect1d(ids, reference_ids, return_indices=True)
    if len(i) < 3 or not spread_of(b) > 0:
        return NAN, NAN
    ratio = (spread_of(reference) / spread_of(b)) ** 2
    r = correlation(b[i], reference[j])
    return float(100 * (ratio - 1)), float(200 * ratio * np.sqrt(np.maximum(1 - r * r, 0.0) / (len(b) - 1)))


def correlation(x: Floats, y: Floats) -> float:
    """Correlation, NaN where one of them does not vary."""
    if not (spread_of(x) > 0 and spread_of(y) > 0):
        return NAN
    x, y = x - x.mean(), y - y.mean()
    size = np.sqrt(np.sum(x * x) * np.sum(y * y))
    return float(np.sum(x * y) / size) if size > 0 else NAN


def paired(
    first: Sequence[Any], second: Sequence[Any], true: float | Floats
) -> tuple[dict[str, tuple[float, float]], float, int]:
    """What one method does differently from another in the same repetitions.

    Parameters
    ----------
    first, second : (estimate, se, lower, upper), each (R,), of the same repetitions; se, lower and upper may be None. true : a number or
        (R,).

    Returns
    -------
    {measure: (difference or ratio, Monte Carlo standard error)}: bias, mse, cover and ciwidth are differences first - second; varratio is
    the variance of the first over that of the second. And the correlation of the estimates and the number of pairs.

    References
    ----------
    Pitman (1939), Biometrika 31:9-12 (the variances of correlated estimates); Morris, White & Crowther (2019).
    """
    kept = np.isfinite(first[0]) & np.isfinite(second[0])
    for side in (first, second):
        kept &= True if side[1] is None else np.isfinite(side[1])
        for given in side[2:]:
            kept &= True if given is None else ~np.isnan(given)
    a, b, n = first[0][kept], second[0][kept], int(kept.sum())
    true = np.broadcast_to(np.asarray(true, dtype=float), kept.shape)[kept]
    if n < 3:
        return {}, NAN, n
    r = correlation(a, b)
    found = {"bias": mean_of(a - b), "mse": mean_of((a - true) ** 2 - (b - true) ** 2)}
    if spread_of(b) > 0:
        ratio = (spread_of(a) / spread_of(b)) ** 2
        found["varratio"] = float(ratio), float(2 * ratio * np.sqrt(np.maximum(1 - r * r, 0.0) / (n - 1)))
    if first[2] is not None and second[2] is not None:
        hold = [((x[2][kept] <= true) & (true <= x[3][kept])).astype(float) for x in (first, second)]
        wide = [x[3][kept] - x[2][kept] for x in (first, second)]
        found["cover"] = mean_of(hold[0] - hold[1])
        if np.isfinite(wide).all():  # one-sided intervals have no width to compare
            found["ciwidth"] = mean_of(wide[0] - wide[1])
    return found, r, n


def needed(nsim: float | Floats, mcse: float | Floats, target: float) -> Floats:
    """Repetitions that bring a Monte Carlo error down to `target`: all of them fall with the root of the repetitions."""
    guards.number(target, "target", 0, open_=True, remedy="It is the Monte Carlo error wanted.")
    return np.where(np.isfinite(mcse), np.ceil(nsim * (mcse / target) ** 2 * (1 - 1e-12)), np.nan)


def extrapolated(hold: Floats, bootstraps: Values, target: float = np.inf) -> tuple[float, float]:
    """Extrapolate a quantity of bootstrap intervals to more resamples, by least squares on 1 / B.

    Parameters
    ----------
    hold : (R, B) the quantity (coverage 0 or 1, width) in every repetition, for each number of resamples in `bootstraps` (B,).
    target : number of resamples to extrapolate to.

    Returns
    -------
    (value, Monte Carlo standard error).

    References
    ----------
    Boos & Zhang (2000), JASA 95:486-492.
    """
    inverse = 1 / np.asarray(bootstraps, dtype=float)
    if len(np.unique(inverse)) < 2:
        raise DataError("extrapolation needs at least two different numbers of resamples.")
    x = np.column_stack([np.ones(len(inverse)), inverse])
    weights = np.array([1.0, 0.0 if np.isinf(target) else 1 / target]) @ np.linalg.pinv(x)
    return mean_of(np.sum(hold * weights, axis=1))


def coverage_interval(cover: Values | float, n: Values | float) -> tuple[Floats, Floats]:
    """95 % interval of coverages, shares that n repetitions found (Wilson 1927, JASA 22:209-212)."""
    cover, n = np.asarray(cover, dtype=float), np.maximum(np.asarray(n, dtype=float), 1.0)
    middle = (cover + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * np.sqrt(cover * (1 - cover) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def judged(cover: Values | float, n: Values | float, level: Values | float) -> Ints:
    """-1 where coverages are below the level by more than Monte Carlo error explains, 1 where they are above it, else 0.

    The one rule of console, page and drawings: the 95 % interval of the coverage leaves the level out.
    """
    low, high = coverage_interval(cover, n)
    return np.where(high < level, -1, np.where(low > level, 1, 0))


def with_verdicts(table: "pd.DataFrame", level: float) -> "pd.DataFrame":
    """A table of coverages (value, of n repetitions) with their Monte Carlo interval, and whether they are below the level."""
    table = table.dropna(subset=["value"])
    low, high = coverage_interval(table["value"], table["n"])
    return table.assign(lower=low, upper=high, low=judged(table["value"], table["n"], level) < 0)
