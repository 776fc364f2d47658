"""Why a model has no solution, told by the names of its columns: separation, columns that are combinations of others, or neither.

Albert & Anderson (1984), Biometrika 71:1-10; Konis (2007), Linear programming algorithms for detecting separated data.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...aliases import Floats
from ...errors import DataError
from ...on_demand import Later
from .columns import dense
from .fitting import Collinear, Problem

optimize: Any = Later("scipy", ".optimize")  # takes long, and is needed where something is wrong
MOST = 20_000  # rows a linear programme is given; what it finds is tried on all of them


def collinear(error: Collinear, names: Sequence[str]) -> DataError:
    """The error of a column that others determine."""
    name = names[error.column]
    if not len(error.others):
        return DataError(
            f"column {name!r} of the model is 0 in every row of weight; take it out, or join its level with another."
        )
    others = ", ".join(repr(names[k]) for k in error.others)
    return DataError(
        f"column {name!r} of the model is a combination of {others}, so that their coefficients cannot be told apart (collinearity). "
        f"Take one of them out."
    )


def unfitted(problem: Problem, weights: Floats, names: Sequence[str], family: str, levels: Any) -> DataError:
    """The error of a model without a solution: separation where there is some, else that it does not converge."""
    sides = _sides(problem, weights, family, levels)
    if sides is None:
        return _not_converged(names)
    x, away, still = sides
    for k, name in enumerate(names):
        there = x[:, k] != 0
        if 0 < there.sum() < len(x) and set(np.unique(x[:, k])) <= {0.0, 1.0} and not still[there].any():
            seen = set(np.sign(away[there]))
            if len(seen) == 1:
                return _separated(
                    repr(name),
                    f"where {name!r} is 1, the response is {_end(seen.pop(), family, levels)} in all rows of weight",
                )
    direction = _direction(x, away, still)
    if direction is None:
        return _not_converged(names)
    moving = ", ".join(repr(name) for name, d in zip(names, direction, strict=False) if abs(d) > 1e-6)
    return _separated(moving, "together they divide the rows by their response")


def _end(sign, family, levels):
    if family == "poisson":
        return "0"
    if levels is None:
        return "1" if sign > 0 else "0"
    return repr(levels[-1] if sign > 0 else levels[0])


def _separated(names, why):
    return DataError(
        f"the model has no finite coefficients for {names}: {why} (separation). Join levels, or take them out of the formula."
    )


def _not_converged(names):
    return DataError(
        f"the model of {len(names)} coefficients does not converge. Look for extreme values in its columns, for weights below 0, or for a "
        f"link that does not suit the response."
    )


def _sides(problem, weights, family, levels):
    """Explanatory columns of the distinct cells, the side (+1, -1) each pulls η to without end, and whether it holds η instead."""
    if family not in ("binomial", "poisson", "ordinal"):
        return None
    x, n = dense(problem.x), problem.weighed((weights != 0).astype(float))
    if family == "ordinal":
        low, high = problem.y == 0, problem.y == len(levels) - 1
        return x, np.where(high, 1.0, -1.0), ~(low | high)
    share = problem.summed((weights != 0).astype(float))[1]
    x, share = x[n > 0], share[n > 0]
    if family == "poisson":
        return x, np.full(len(x), -1.0), share > 0
    return x, np.where(share >= 1, 1.0, -1.0), (share > 0) & (share < 1)


def _direction(x, away, still):
    """A direction of the coefficients that moves no row against its side, and some along it; None where there is none."""
    x = x / np.maximum(np.abs(x).max(axis=0), 1e-300)
    along, fixed = x[~still] * away[~still, None], x[still]
    if not len(along):
        return None
    some, hold = (part[:: max(len(part) // MOST, 1)] for part in (along, fixed))
    found = optimize.linprog(
        -some.sum(axis=0),
        A_ub=-some,
        b_ub=np.zeros(len(some)),
        A_eq=hold if len(hold) else None,
        b_eq=np.zeros(len(hold)) if len(hold) else None,
        bounds=(-1, 1),
    )
    if found.status or np.any(along @ found.x < -1e-7) or np.any(np.abs(fixed @ found.x) > 1e-7):
        return None
    return found.x if np.any(along @ found.x > 1e-6) else None
