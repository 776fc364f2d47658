"""Whole numbers from shares, and other small arithmetic on counts and shares that every stage of a survey needs."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .aliases import Array, Floats, Ints, Values

ALIKE = 9  # digits in which remainders that are alike are a tie


def over(a: Array | float, b: Array) -> Floats:
    """a / b, and 0 where b is not above 0."""
    return np.divide(a, b, out=np.zeros_like(b, dtype=float), where=b > 0)


def starts(counts: Values) -> Ints:
    """Where each of parts of so many things begins, and the end of the last: (n + 1,)."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def bisected(below: Callable[[Any], Any], low: Any, high: Any, steps: int) -> tuple[Any, Any, Any]:
    """Halve the stretch from `low` to `high` again and again: (low, high, last middle). `below(middle)` says where it is too small."""
    for _ in range(steps):
        middle = (low + high) / 2
        under = below(middle)
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return low, high, middle


def largest_remainder(share: Values, total: float) -> Ints:
    """Integers proportional to `share` that sum to `total`; ties go to the earlier one."""
    share = np.asarray(share, dtype=float)
    exact = share / share.sum() * total
    result = np.floor(exact + 1e-9).astype(np.int64)
    short = int(total - result.sum())
    order = np.argsort(-(exact - result), kind="stable")
    result[order[:short]] += 1
    return result


def within_room(weight: Array, room: Array, total: int) -> Ints:
    """Integers proportional to `weight` that sum to `total`, none above its `room`; what does not fit is shared by the others."""
    result, open_ = np.zeros(len(weight), np.int64), room > 0
    while total > result.sum():
        share = largest_remainder(np.where(open_, weight, 0.0), total - int(result.sum()))
        result = np.minimum(result + share, room)
        open_ = result < room
    return result


def apportioned(share: Sequence[int], total: int) -> list[int]:
    """Whole numbers proportional to whole `share` that sum to `total`, by largest remainders; ties go to the earlier one.

    Integers of any size: products of floats have lost the last interviews of 10¹⁸.
    """
    everybody = sum(share)
    parts = [divmod(part * total, everybody) for part in share]
    result = [quotient for quotient, _ in parts]
    order = sorted(range(len(share)), key=lambda h: -round(parts[h][1] / everybody, ALIKE))
    for h in order[: total - sum(result)]:
        result[h] += 1
    return result


def shared_out(share: Sequence[Any], total: int, least: Sequence[int]) -> list[int]:
    """Whole numbers in proportion to fractions (powers of two below), none less than its `least`, that sum to `total` exactly."""
    share, result = _whole_shares(share), list(least)
    open_, left = list(range(len(share))), total
    while open_:
        everybody = sum(share[h] for h in open_)
        low = {h for h in open_ if share[h] * left < least[h] * everybody}
        if not low:
            break
        open_ = [h for h in open_ if h not in low]
        left -= sum(least[h] for h in low)
    for h, part in zip(open_, apportioned([share[h] for h in open_], left) if open_ else [], strict=True):
        result[h] = part
    return result


def _whole_shares(share: Sequence[Any]) -> list[int]:
    """Fractions with powers of two below (as floats and their products are) as whole numbers in the same proportions."""
    denominator = max(part.denominator for part in share)
    return [part.numerator * (denominator // part.denominator) for part in share]
