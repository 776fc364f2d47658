"""Quantiles of a weighted sample, with intervals that invert those of a proportion (Woodruff 1952, JASA 47:635-646)."""

import numpy as np

from ..errors import DataError
from . import intervals, scores

RULES = ("math", "school", "hf7")
METHODS = ("woodruff", "beta", "xlogit", "asin", "score")
NEAR = 1e-12  # cumulative weights this close to a share of the total count as equal to it


def quantile(y, w, q, rule="math"):
    """Quantiles of y (n,) with weights w (n,) at the shares q (k,).

    rule : "math" the smallest y with at least a share q of the weight at or below it; "school" the mean of that and the next y
        where the share is met exactly; "hf7" linear between the observations, the k-th at the share of the weight before it over
        the weight of all but the last (Hyndman & Fan 1996, Am. Stat. 50:361-365, definition 7, with weights).
    """
    if rule not in RULES:
        raise DataError(f"rule = {rule!r}: choose one of {', '.join(RULES)}.")
    order = np.argsort(y, kind="stable")
    y, w = y[order], w[order]
    y, w = y[w > 0], w[w > 0]
    if len(y) == 0:
        raise DataError("a quantile needs rows of positive weight.")
    cumulative, q = np.cumsum(w), np.atleast_1d(np.asarray(q, dtype=float))
    if rule == "hf7":
        if len(y) == 1:
            return np.full(len(q), y[0])
        return np.interp(q, np.r_[0, cumulative[:-1]] / cumulative[-2], y)
    target = q * cumulative[-1]
    at = np.minimum(np.searchsorted(cumulative, target - NEAR * cumulative[-1]), len(y) - 1)
    if rule == "math":
        return y[at]
    met = np.abs(cumulative[at] - target) <= NEAR * cumulative[-1]
    return np.where(met, (y[at] + y[np.minimum(at + 1, len(y) - 1)]) / 2, y[at])


def share_below(w, y, value, rows):
    """The estimated share of a domain at or below a value, as a statistic."""
    return scores.ratio(w, (y <= value).astype(float), np.ones(len(y)), rows)


def interval(design, y, rows, q, value, level, df, ci, rule):
    """Confidence interval (lower, upper) of one quantile, and its standard error on the scale of the share."""
    w = design.weight
    if ci not in METHODS:
        raise DataError(f"ci = {ci!r}: choose one of {', '.join(METHODS)}.")
    share = share_below(w, y, value, rows)
    se = float(np.sqrt(design.item_variances([share])[0][0]))
    if ci == "score":
        return (*_score(design, y, rows, q, level, df), se)
    if ci == "woodruff":
        low, high = intervals.wald_interval(share.value, se, level, df)
    else:
        p = min(max(share.value, 0.0), 1.0)
        low, high = intervals.proportion_interval(p, se, ci, level, df, int(rows.sum()))
    ends = quantile(y[rows], w[rows], np.clip([float(low), float(high)], 0, 1), rule)
    return float(ends[0]), float(ends[1]), se


def _score(design, y, rows, q, level, df):
    """Where the score test of the share q stops rejecting: the observed values at which |F(v) - q| / se(v) crosses t."""
    t, known = float(intervals.t_quantile(level, df)), np.unique(y[rows & (design.weight > 0)])

    def statistic(v):
        share = share_below(design.weight, y, v, rows)
        # under the hypothesis the score is 1(y <= v) - q, not centred at the estimate
        score = np.where(rows, ((y <= v) - q) / np.sum(design.weight[rows]), 0.0)
        se = float(np.sqrt(design.item_variances([scores.Statistic(share.value, score, rows)])[0][0]))
        return (share.value - q) / se if se > 0 else np.sign(share.value - q) * np.inf

    def first(reached):
        low, high = 0, len(known) - 1
        if not reached(known[high]):
            return known[high]
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(known[middle]) else (middle + 1, high)
        return known[low]

    return float(first(lambda v: statistic(v) >= -t)), float(first(lambda v: statistic(v) > t))
