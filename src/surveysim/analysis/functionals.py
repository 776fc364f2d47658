"""Functions of a distribution, each a value and its derivative by every weight: moments, Gini's coefficient, shares, poverty.

A value is written once, for columns of weights side by side, so that 500 replicates are as many columns. The derivative by a row's
weight is its score, whose weighted total has the error of the value (Deville 1999, Surv. Methodol. 25:193-203). Rows come in the
order of the first column.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..aliases import Array, Floats
from ..errors import DataError

NEAR = 1e-12  # cumulative weights this close to a share of the total count as equal to it, as in `inference.quantiles`


@dataclass(frozen=True)
class Functional:
    """A statistic of m rows with one or more columns (m,), of which the first ascends.

    Attributes
    ----------
    what : its name. level : what it is told apart by, such as "p90/p10".
    value : function (weights (m, L), *columns) to values (L,). score : function (weights (m,), *columns) to scores (m,).
    smooth : whether small changes of weights change it by little, which quantiles do not; then jackknives hold for it.
    least : rows of weight that it needs. undefined : why there may be no value.
    """

    what: str
    value: Callable[..., Floats]
    score: Callable[..., Floats]
    level: str = ""
    smooth: bool = True
    least: int = 1
    undefined: str = "the weights sum to 0"


def sums(y: Array, w: Floats) -> Floats:
    """Σ y w (L,) of y (m,) or (m, L) by column of w (m, L), in a fixed order."""
    return np.einsum("il,il->l" if np.ndim(y) == 2 else "i,il->l", y, w)


# ------------------------------------------------------------------------------------------------- moments
def _centred(w, y):
    """y less a number near its mean, so that squares keep their digits."""
    total = w[:, 0].sum() if w.ndim == 2 else w.sum()
    return y - (np.einsum("i,i->", w[:, 0] if w.ndim == 2 else w, y) / total if total else 0.0)


def _moments(w, y, x):
    """Means, variances and covariance (L,) with weights over their sum, times n / (n - 1) for n rows."""
    N, c = w.sum(axis=0), len(y) / (len(y) - 1)
    y, x = _centred(w, y), _centred(w, x)
    my, mx = sums(y, w) / N, sums(x, w) / N
    return [c * (sums(a * b, w) / N - ma * mb) for a, b, ma, mb in ((y, y, my, my), (x, x, mx, mx), (y, x, my, mx))]


def _deviations(w, y, x):
    N = w.sum()
    return len(y) / (len(y) - 1), N, *(v - np.einsum("i,i->", w, v) / N for v in (y, x))


def _covariance(w, y, x):
    return _moments(w, y, x)[2]


def _covariance_score(w, y, x):
    c, N, y, x = _deviations(w, y, x)
    return (c * y * x - c * np.einsum("i,i,i->", w, y, x) / N) / N


def _sd(w, y):
    return np.sqrt(np.maximum(_covariance(w, y, y), 0.0))


def _sd_score(w, y):
    sd = float(_sd(w[:, None], y)[0])
    return _covariance_score(w, y, y) / (2 * sd) if sd > 0 else np.zeros(len(y))


def _correlation(w, y, x):
    vy, vx, c = _moments(w, y, x)
    return np.where((vy > 0) & (vx > 0), c / np.sqrt(np.where(vy * vx > 0, vy * vx, np.nan)), np.nan)


def _correlation_score(w, y, x):
    """Half of the squares of both standardized deviations, times r, is what the variances take from the product."""
    c, N, dy, dx = _deviations(w, y, x)
    vy, vx, _ = (float(v[0]) / c for v in _moments(w[:, None], y, x))
    dy, dx = dy / np.sqrt(vy), dx / np.sqrt(vx)
    r = np.einsum("i,i,i->", w, dy, dx) / N
    return (dy * dx - r / 2 * (dy**2 + dx**2)) / N


def _variance(w, y):
    return _covariance(w, y, y)


def _variance_score(w, y):
    return _covariance_score(w, y, y)


VARIANCE = Functional("variance", _variance, _variance_score, least=2)
SD = Functional("sd", _sd, _sd_score, least=2)
COVARIANCE = Functional("covariance", _covariance, _covariance_score, least=2)
CORRELATION = Functional(
    "correlation", _correlation, _correlation_score, least=2, undefined="one of the two columns does not vary"
)


# ------------------------------------------------------------------------------------------------- inequality
def _gini(w, y):
    """Σ w y (2 F - w) / (N T) - 1 with F the weight up to the row: half the mean difference over the mean."""
    F = np.cumsum(w, axis=0)
    N, T = F[-1], sums(y, w)
    return sums(y, w * (2 * F - w)) / (N * T) - 1


def _gini_score(w, y):
    """From Σ_j w_j |y_k - y_j|, the derivative of half the sum of differences (Langel & Tillé 2013, JRSS A 176:521-540)."""
    F, S, G = np.cumsum(w), np.cumsum(w * y), float(_gini(w[:, None], y)[0])
    N, T = F[-1], S[-1]
    return (y * (2 * F - N) + T - 2 * S) / (N * T) - G * (1 / N + y / T)


GINI = Functional("gini", _gini, _gini_score, undefined="its values sum to 0")


def _quantiles(w, y, share):
    """The smallest y (L,) with at least a share of the weight at or below it."""
    F = np.cumsum(w, axis=0)
    F = np.maximum.accumulate(F, axis=0) if np.any(w < 0) else F
    at = np.sum(F[-1] * (share - NEAR) > F, axis=0)
    return y[np.minimum(at, len(y) - 1)]


def density(w: Floats, y: Floats, at: float, width: float | None) -> float:
    """Density of y (m,) with weights (m,) at a value, by a normal kernel.

    width : its standard deviation; None is 0.9 min(sd, IQR / 1.349) n^(-1/5) with Kish's n = (Σw)² / Σw² (Silverman 1986, Density
        Estimation, 3.31), which does not depend on the unit of the weights, of the logarithms where all values are above 0: one
        width in money would be too wide for the poor (Graf & Tillé 2014, Surv. Methodol. 40:61-79).
    """
    if width is None and y[w != 0].min() > 0:
        rows = y > 0
        logs, w = np.log(y[rows]), w[rows]
        return density(w, logs, np.log(at), _silverman(w, logs)) / at if at > 0 else 0.0
    width = _silverman(w, y) if width is None else width
    if not width > 0:
        return np.nan
    near = np.exp(-(((y - at) / width) ** 2) / 2)
    return float(np.einsum("i,i->", w, near) / (w.sum() * width * np.sqrt(2 * np.pi)))


def _silverman(w, y):
    N = w.sum()
    low, high = (float(_quantiles(w[:, None], y, q)[0]) for q in (0.25, 0.75))
    sd = np.sqrt(max(np.einsum("i,i->", w, (y - np.einsum("i,i->", w, y) / N) ** 2) / N, 0.0))
    spread = min(sd, (high - low) / 1.349) or sd
    return float(0.9 * spread * (N**2 / np.einsum("i,i->", w, w)) ** -0.2)


def _quantile_score(w, y, q, share, width):
    """-(1(y <= q) - share) / (f N), the influence of a quantile q."""
    return -((y <= q) - share) / (density(w, y, q, width) * w.sum())


def _ratio_of_quantiles(upper, lower, w, y):
    high, low = (_quantiles(w, y, share) for share in (upper, lower))
    return np.where(low != 0, high / np.where(low != 0, low, 1), np.nan)


def _ratio_of_quantiles_score(upper, lower, width, w, y):
    high, low = (float(_quantiles(w[:, None], y, share)[0]) for share in (upper, lower))
    above, below = _quantile_score(w, y, high, upper, width), _quantile_score(w, y, low, lower, width)
    return (above - high / low * below) / low


def quantile_ratio(upper: float, lower: float, width: float | None) -> Functional:
    """The quantile at a share over that at another."""
    return Functional(
        "quantile_ratio",
        partial(_ratio_of_quantiles, upper, lower),
        partial(_ratio_of_quantiles_score, upper, lower, width),
        f"p{100 * upper:g}/p{100 * lower:g}",
        smooth=False,
        undefined="the lower quantile is 0, or half of the rows have one value",
    )


def _poorest(share, w, y):
    """What a share of the weight with the smallest y has (L,), of who stands at its end the part that belongs to it, and that end (L,)."""
    q = _quantiles(w, y, share)
    return sums((y[:, None] <= q) * (y[:, None] - q), w) + share * q * w.sum(axis=0), q


def _share_ratio(top, bottom, w, y):
    (others, _), (below, _) = (_poorest(share, w, y) for share in (1 - top, bottom))
    return np.where(below != 0, (sums(y, w) - others) / np.where(below != 0, below, 1), np.nan)


def _share_ratio_score(top, bottom, w, y):
    """The error of the quantiles moves who stands at the end of a share, so that their density cancels."""
    (others, high), (below, low) = (
        [float(v[0]) for v in _poorest(share, w[:, None], y)] for share in (1 - top, bottom)
    )
    up, down = np.maximum(y - high, 0.0) + top * high, np.minimum(y - low, 0.0) + bottom * low
    return (up - (np.einsum("i,i->", w, y) - others) / below * down) / below


def share_ratio(top: float, bottom: float) -> Functional:
    """What the richest have over what the poorest have (Eurostat's S80/S20; Langel & Tillé 2011, J. Off. Stat. 27:1-22)."""
    return Functional(
        "share_ratio",
        partial(_share_ratio, top, bottom),
        partial(_share_ratio_score, top, bottom),
        f"S{100 * (1 - top):g}/S{100 * bottom:g}",
        undefined="what the poorest have sums to 0",
    )


# ------------------------------------------------------------------------------------------------- poverty
def _poverty(factor, share, w, y, member):
    line = factor * _quantiles(w, y, share)
    poor = (y[:, None] <= line) * member[:, None]
    return sums(poor, w) / sums(member, w)


def _poverty_score(factor, share, width, w, y, member):
    """The share of the poor at a fixed line, and what the error of the line moves at the density there (Osier 2009, Surv. Res. Methods
    3:167-195)."""
    q = float(_quantiles(w[:, None], y, share)[0])
    inside = member > 0
    N, poor = np.einsum("i,i->", w, member), (y <= factor * q) * member
    rate = np.einsum("i,i->", w, poor) / N
    slope = factor * density(w[inside], y[inside], factor * q, width)
    return (poor - rate * member) / N + slope * _quantile_score(w, y, q, share, width)


def poverty(factor: float, share: float, width: float | None) -> Functional:
    """Members at or below a factor times a quantile of all rows, as a share of the members; columns y and member (0 or 1)."""
    return Functional(
        "poverty",
        partial(_poverty, factor, share),
        partial(_poverty_score, factor, share, width),
        f"{factor:g} × p{100 * share:g}",
        smooth=False,
        undefined="half of the rows have one value, so that there is no density at it, or the weights sum to 0",
    )


def _all_members(function, w, y):
    return function(w, y, np.ones(len(y)))


def alone(functional: Functional) -> Functional:
    """The same where every row is a member."""
    value, score = (partial(_all_members, f) for f in (functional.value, functional.score))
    return replace(functional, value=value, score=score)


def refuse_undefined(functional: Functional, value: Any, label: str, domain: str) -> None:
    """Refuse a value that is none."""
    if not np.isfinite(value):
        where = f" in domain {domain!r}" if domain else ""
        raise DataError(f"the {functional.what} of {label} has no value{where}: {functional.undefined}.")
