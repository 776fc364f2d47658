"""Standard errors and degrees of freedom of statistics, as what they are asked for of a design."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import guards
from ..aliases import Floats
from ..errors import DesignError
from ..threads import by_threads
from . import scores

ROUNDING = 1e-9  # of what a variance is made of, what may be rounding


def standard_errors(variance: Floats, size: Floats, names: Callable[[int], str]) -> Floats:
    """Roots of variances (E,), which Horvitz and Thompson's estimator may have below 0.

    size : (E,) what is rounding beside it, in the unit of the variances; within that a variance below 0 counts as 0.
    names : function of a place that gives the name of a statistic.
    """
    negative = variance < -ROUNDING * np.maximum(size, 1e-300)
    message = (
        "{bad} of {n} estimated variances are negative, the first is {first:g}, of {name}: the joint probabilities do not suit the form "
        'of the estimator. Choose pps_variance = "yg", or pps = "brewer".'
    )
    name = names(int(np.argmax(negative))) if negative.any() else ""
    guards.refuse(negative, message, DesignError, first=variance, name=name)
    return np.sqrt(np.maximum(variance, 0.0))


def item_degrees(design: Any, items: Sequence[Any], domains: Any, strict: bool = True) -> Floats:
    """Degrees of freedom of every row; domains that several items share are counted once. See `Design.degrees` for strict."""
    known, groups, result, at = {}, [], [], 0
    for item in items:
        alone = not isinstance(item, scores.Block)
        if alone:
            key = item.rows.tobytes()
        else:
            key = next((k for k, group in enumerate(groups) if group is item.group), len(groups))
            groups += [item.group] if key == len(groups) else []
        size = np.size(item.value)
        if key not in known:
            group = np.where(item.rows, 0, -1).astype(np.int32) if alone else item.group
            count = None if alone or item.units is None else item.units[2]
            known[key] = design.degrees(group, domains[at : at + (1 if alone else size)], count, strict)
        result.append(np.full(size, known[key][0]) if alone else known[key])
        at += size
    return np.concatenate(result)


def by_item(work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """`work(item)` for every item, blocks by threads; the results in order."""
    found = [None] * len(items)

    def share(first, last):
        for k in range(first, last):
            found[k] = work(items[k])

    by_threads(share, len(items))
    return found
