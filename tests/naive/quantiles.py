"""Quantiles of weighted data by sorting, and intervals that invert those of a share."""

import math
from fractions import Fraction
from itertools import pairwise

from naive import intervals, variance


def observed(y, w):
    """Observations of positive weight with their exact weights, sorted."""
    return sorted((float(v), Fraction(weight)) for v, weight in zip(y, w, strict=True) if weight > 0)


def exactly(q):
    """A share as it is written: 0.3 is three tenths, whatever its binary form."""
    return Fraction(str(float(q))) if math.isfinite(q) else q


def quantile(y, w, q, rule="math"):
    """One quantile (Hyndman & Fan 1996, definitions 1, 2 and 7, with weights).

    "math": the smallest y with a share of at least q at or below it. "school": where that share is q exactly, the mean of it and
    the next larger y. "hf7": linear between observations, the k-th standing at the weight before it over that of all but
    the last.
    """
    rows = observed(y, w)
    share = min(max(exactly(q), Fraction(0)), Fraction(1))
    if rule == "hf7":
        return between(rows, share)
    whole, below = sum(weight for _, weight in rows), Fraction(0)
    for k, (value, weight) in enumerate(rows):
        below += weight
        larger = [v for v, _ in rows[k:] if v > value]
        last_of_its_value = not larger or rows[k + 1][0] > value
        if below >= share * whole and last_of_its_value:
            return (value + larger[0]) / 2 if rule == "school" and below == share * whole and larger else value
    raise AssertionError("a share above 1")


def between(rows, share):
    """Rule "hf7". Rows that tie share their weight evenly, since nothing says which of them is the first."""
    even = []
    for value in sorted({v for v, _ in rows}):
        weights = [weight for v, weight in rows if v == value]
        even += [(value, sum(weights) / len(weights))] * len(weights)
    if len(even) == 1:
        return even[0][0]
    room = sum(weight for _, weight in even[:-1])
    places, before = [], Fraction(0)
    for value, weight in even:
        places.append((before / room, value))
        before += weight
    for (p, value), (after, larger) in pairwise(places):
        if p <= share <= after:
            return value + float((share - p) / (after - p)) * (larger - value)
    raise AssertionError("a share above 1")


def share_below(y, w, v, design, domain=None):
    """F̂(v) and its standard error: a proportion of the design."""
    below = [None if one is None or math.isnan(one) else float(one <= v) for one in y]
    value, score = variance.mean(w, below, domain)
    return value, math.sqrt(max(variance.variance(score, design, variance.inside(domain, y)), 0.0))


def quantile_interval(y, q, design, ci="woodruff", rule="math", level=0.95, df=None, domain=None, share_error=None):
    """(estimate, se, lower, upper): the ends of the interval of F̂ at the estimate become quantiles (Woodruff 1952).

    An interval holds its estimate, which rules that interpolate would leave outside at times, and is the estimate where F̂ has no
    error. The standard error is the interval's length over 2 t. `share_error` (a function of v) replaces the design's error of F̂(v),
    for replicates.
    """
    w = design["weight"]
    rows = [k for k, within in enumerate(variance.inside(domain, y)) if within]
    ys, ws = [y[k] for k in rows], [w[k] for k in rows]
    estimate, t = quantile(ys, ws, q, rule), intervals.student(level, df)
    p, se = share_below(y, w, estimate, design, domain) if share_error is None else share_error(estimate)
    if se < 1e-9 and p < 1:
        return estimate, 0.0, estimate, estimate
    if ci == "score":
        values, kept = not_rejected(y, q, design, t, domain)
        lower = upper = quantile(ys, ws, q)  # where F̂ - q changes its sign, if every value is rejected
        if kept:
            lower, upper = values[kept[0]], values[min(kept[-1] + 1, len(values) - 1)]
    else:
        method = {"woodruff": "wald"}.get(ci, ci)
        ends = intervals.interval(min(p, 1.0), se, method, level, df, sum(weight > 0 for weight in ws))
        lower, upper = (quantile(ys, ws, end, rule) for end in ends)
    lower, upper = min(lower, estimate), max(upper, estimate)
    return estimate, (upper - lower) / (2 * t), lower, upper


def not_rejected(y, q, design, t, domain=None):
    """Observed values and the positions of those v with F(v) = q not rejected: |Σ w (1[y <= v] - q)| <= t se (Francisco & Fuller 1991).

    F̂ is constant from an observed value to the next, so an interval ends at the value after the last one that is not rejected.
    """
    w, rows = design["weight"], variance.inside(domain, y)
    values, kept = sorted({y[k] for k in range(len(y)) if rows[k] and w[k] > 0}), []
    for i, v in enumerate(values):
        score = [float(y[k] <= v) - q if rows[k] else 0.0 for k in range(len(y))]
        gap = math.fsum(w[k] * score[k] for k in range(len(y)))
        if abs(gap) <= t * math.sqrt(max(variance.variance(score, design, rows), 0.0)):
            kept.append(i)
    return values, kept
