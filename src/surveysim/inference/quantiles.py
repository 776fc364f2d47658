"""Quantiles of a weighted sample, with intervals that invert those of a proportion (Woodruff 1952, JASA 47:635-646).

The error of a quantile is that of the share at or below it, carried over by the slope of the distribution. Replicates enter through
the error they give that share: the delete-one jackknife is inconsistent for quantiles themselves (Miller 1974, Biometrika
61:1-15; Kovar, Rao & Wu 1988, Can. J. Stat. 16 suppl.:25-45), and consistent for shares, which are smooth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from .. import guards
from ..aliases import Array, Floats, Ints
from ..errors import DataError
from . import intervals, scores
from .replication import Replication
from .schemes import JACKKNIVES
from .standard_errors import standard_errors

RULES = ("math", "school", "hf7")
METHODS = ("woodruff", "beta", "xlogit", "asin", "score", "replicates")
EACH, BATCH = 256, 16  # values at which a score test is made, at most and at a time
NEAR = (
    1e-12  # cumulative weights this close to a share of the total count as equal to it, and errors this small are none
)


def quantile(y: Array, w: Array, q: Floats, rule: str = "math") -> Floats:
    """Quantiles of y (n,) with weights w (n,) at the shares q (k,); rows of weight 0 do not count.

    rule : "math" the smallest y with at least a share q of the weight at or below it; "school" the mean of that and the next y
        where the share is met exactly; "hf7" linear between the observations, the k-th at the share of the weight before it over
        the weight of all but the last (Hyndman & Fan 1996, Am. Stat. 50:361-365, definition 7, with weights). Rows of one value
        share their weight equally, so that their order does not matter.
    """
    guards.choice(rule, "rule", RULES)
    y, w = y[w != 0], w[w != 0]
    if np.any(w < 0):  # what is at or below a value is known where all rows of that value are in
        y, place = np.unique(y, return_inverse=True)
        w = np.bincount(place, w)
    order = np.argsort(y, kind="stable")
    y, w = y[order], w[order]
    if not np.sum(w) > 0:
        raise DataError("a quantile needs rows of positive weight.")
    # a share is reached where it is reached first, also where negative weights take from it again
    cumulative, q = np.maximum.accumulate(np.cumsum(w)), np.atleast_1d(np.asarray(q, dtype=float))
    if rule == "hf7":
        _, place, size = np.unique(y, return_inverse=True, return_counts=True)
        cumulative = np.cumsum((np.bincount(place, w) / size)[place]) if len(size) < len(y) else cumulative
        if len(y) == 1 or not cumulative[-2] > 0:
            return np.full(len(q), y[-1])
        return np.interp(q, np.r_[0, cumulative[:-1]] / cumulative[-2], y)
    near, target = NEAR * np.sum(w), q * np.sum(w)
    at = np.minimum(np.searchsorted(cumulative, target - near), len(y) - 1)
    if rule == "math":
        return y[at]
    met = np.abs(cumulative[at] - target) <= near
    return np.where(met, (y[at] + y[np.minimum(at + 1, len(y) - 1)]) / 2, y[at])


@dataclass(frozen=True)
class Asked:
    """Quantiles of y (n,) at `shares` in every domain.

    engine : Design or Replication. group : (n,) domain 0 .. D - 1 of each row, -1 in none, as rows of weight 0 are. domains : their
    names, for messages. rule : as in `quantile`.
    """

    engine: Any
    y: Floats
    group: Ints
    domains: Sequence[Any]
    shares: Floats
    rule: str

    @cached_property
    def rows(self) -> list[Ints]:
        """Rows of every domain."""
        return [np.flatnonzero(self.group == d) for d in range(len(self.domains))]

    @cached_property
    def value(self) -> Floats:
        """(D, shares)."""
        y, w = self.y, self.engine.weight
        named = zip(self.rows, self.domains, strict=True)
        return np.stack([_of_domain(y[r], w[r], self.shares, self.rule, name) for r, name in named])


def found(asked: Asked, ci: str, level: float, df: float | None) -> tuple[list[Any], dict[str, Any]]:
    """The quantiles, domain by domain; ci, level, df : as in `Survey.quantile`.

    Returns
    -------
    items, as many statistics, and {column: (D × shares,)} of estimate, se, lower, upper, df, n, moe.
    """
    engine, domains, K = asked.engine, asked.domains, len(asked.shares)
    guards.choice(asked.rule, "rule", RULES)
    _check(engine, ci)
    df = guards.degrees(df)
    value = asked.value.ravel()
    degrees = engine.degrees(asked.group, domains) if df is None else np.full(len(domains), float(df))
    t = intervals.reach(level, degrees)
    items, bounds = _spread(asked, t) if ci == "replicates" else _inverted(asked, ci, level, degrees, t)
    table = {"estimate": value, **bounds, "df": np.repeat(degrees, K), "n": np.repeat([len(r) for r in asked.rows], K)}
    return items, table | {"moe": np.repeat(t, K) * table["se"]}


def _spread(asked, t) -> tuple[list[Any], dict[str, Any]]:
    """Quantiles with the variance of the quantile itself over the replicates."""
    y, shares, value = asked.y, asked.shares, asked.value
    items = [
        scores.Statistic(
            float(value[d, k]), np.zeros(len(y)), asked.group == d, partial(_again, y[r], r, q, asked.rule)
        )
        for d, r in enumerate(asked.rows)
        for k, q in enumerate(shares)
    ]
    names = [name for name in asked.domains for _ in shares]
    se = np.sqrt(np.concatenate(asked.engine.item_variances(items, names)))
    half = np.repeat(t, len(shares)) * se
    return items, {"se": se, "lower": value.ravel() - half, "upper": value.ravel() + half}


def _inverted(asked, ci, level, degrees, t) -> tuple[list[Any], dict[str, Any]]:
    """Quantiles with the inverted interval of the share; the standard error is its length over 2 t."""
    engine, y, group, domains = asked.engine, asked.y, asked.group, asked.domains
    rows, value, shares, w = asked.rows, asked.value, asked.shares, engine.weight
    # the share at the largest value is 1 whatever the sample; what varies there is the share at the value before
    largest = value >= np.array([y[r].max() for r in rows])[:, None]
    before = np.array([np.max(y[r], where=y[r] < y[r].max(), initial=-np.inf) for r in rows])
    at = np.where(largest, before[:, None], value)
    below = [scores.block(w, y <= v[group], scores.NONE, group, domains) for v in at.T]
    variance = np.stack(engine.item_variances(below, list(domains) * len(below)), axis=1)
    shares_of = [f"the share at the quantile {q:g}{f' of {name}' if name else ''}" for name in domains for q in shares]
    error = standard_errors(variance.ravel(), np.ones(variance.size), shares_of.__getitem__).reshape(variance.shape)
    items, bounds = [], np.empty((3, *value.shape))
    for d, r in enumerate(rows):
        mask = group == d
        for k, q in enumerate(shares):
            v, p, e = float(value[d, k]), float(below[k].value[d]), float(error[d, k])
            if e <= NEAR:  # no error at all, as in a census
                low = high = v
            elif ci == "score":
                low, high = _score(engine, y, mask, q, float(t[d]))
            else:
                ends = _ends(1.0 if largest[d, k] else p, e, ci, level, degrees[d], len(r))
                low, high = quantile(y[r], w[r], ends, asked.rule)
            low, high = min(float(low), v), max(float(high), v)  # "school" and "hf7" put v between observations
            se = (high - low) / (2 * t[d])
            with np.errstate(over="ignore"):
                slope, hit = se / e if e > NEAR else 0.0, y <= at[d, k]
            score = np.where(mask, slope * (p - hit) / below[k].base[d], 0.0)
            items.append(scores.Statistic(v, score, mask, partial(_shifted, v, slope, p, r[hit[r]], r)))
            bounds[:, d, k] = se, low, high
    return items, dict(zip(("se", "lower", "upper"), bounds.reshape(3, -1), strict=True))


def _check(engine, ci):
    guards.choice(ci, "ci", METHODS)
    replicated = isinstance(engine, Replication)
    if ci == "replicates" and not replicated:
        raise DataError(
            'ci = "replicates" is the spread over replicates, and this Survey has none; make replicates() first.'
        )
    if ci == "replicates" and engine.kind in JACKKNIVES:
        raise DataError(
            f'ci = "replicates": the spread of a quantile over {engine.kind} replicates is no error of it, however large the '
            f'sample; leave ci out, which inverts the interval of the share, or take "rao-wu" replicates.'
        )
    if ci == "score" and replicated:
        raise DataError(
            'ci = "score" needs an error at every value it tries; with replicates choose another, or leave ci out.'
        )


def _of_domain(y, w, shares, rule, name):
    try:
        return quantile(y, w, shares, rule)
    except DataError as error:
        raise DataError(f"domain {name!r}: {error}" if name else str(error)) from None


def _ends(p, se, ci, level, df, n):
    """The interval (2,) of the share p, within 0 and 1; where p is 1 it is one-sided, as that of a proportion is."""
    p = min(max(p, 0.0), 1.0)
    se = 0.0 if p in (0.0, 1.0) else se
    return np.array(intervals.proportion_interval(p, se, "wald" if ci == "woodruff" else ci, level, df, n))


def _again(values, rows, share, rule, weight):
    """The quantile itself with other weights; NaN where there are none."""
    w = weight[rows]
    return float(quantile(values, w, share, rule)[0]) if w.sum() > 0 else np.nan


def _shifted(value, slope, share, below, rows, weight):
    """The quantile with other weights by the slope of the distribution, from the share at or below the sample's value."""
    size = weight[rows].sum()
    return value - slope * (weight[below].sum() / size - share) if size else np.nan


def _score(engine, y, rows, q, t):
    """Where the score test of the share q stops rejecting: the hull of the values at which |F(v) - q| <= t se(v).

    F is constant from an observed value to the next, so that the upper end is the value after the last that is not rejected. Where few
    units carry much of the weight the values that are not rejected are not always one run. So all of them are looked at, or EACH of
    them, evenly spaced, where they are more; the ends are then found between two of these by halving.
    """
    known = np.unique(y[rows])
    K = len(known)
    off = partial(_off, engine, y, rows, q)
    places = np.arange(K) if K <= EACH else np.unique(np.linspace(0, K - 1, EACH).astype(int))
    statistic = np.concatenate([off(known[places[k : k + BATCH]]) for k in range(0, len(places), BATCH)])
    kept = np.flatnonzero(np.abs(statistic) <= t)
    if not len(kept):  # where F - q changes its sign there may be values that are not rejected between those looked at
        at = int(np.argmax(statistic > 0))
        low, high = places[max(at - 1, 0)], places[at]
        lower = _halved(low, high, lambda k: off(known[[k]])[0] >= -t)
        return float(known[lower]), float(known[_halved(low, high, lambda k: off(known[[k]])[0] > t)])
    low, high = places[kept[0]], places[kept[-1]]
    if kept[0] > 0:
        low = _halved(places[kept[0] - 1], low, lambda k: abs(off(known[[k]])[0]) <= t)
    if kept[-1] + 1 < len(places):
        high = _halved(high, places[kept[-1] + 1], lambda k: abs(off(known[[k]])[0]) > t) - 1
    return float(known[low]), float(known[min(high + 1, K - 1)])


def _off(engine, y, rows, q, values):
    """The score statistic of the share q at values (k,): under the hypothesis the score is 1(y <= v) - q, not centred at the estimate."""
    size = engine.weight[rows].sum()
    score = [np.where(rows, ((y <= v) - q) / size, 0.0) for v in values]
    off = np.array([scores.dot(engine.weight, one) for one in score])
    names = [f"the share at {v:g}, tested against {q:g}" for v in values]
    se = standard_errors(engine.variances(score, [rows] * len(score)), np.ones(len(score)), names.__getitem__)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(se > 0, off / se, np.where(off == 0, 0.0, np.sign(off) * np.inf))


def _halved(low, high, reached):
    """The first place after `low` up to `high` that is `reached`; `high` is taken to be."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return int(high)
