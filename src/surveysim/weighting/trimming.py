"""Trimming: extreme weights are cut and the excess spread over the others, or calibrated away."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import guards
from ..aliases import Floats, Truths
from ..errors import CalibrationError, DataError, SurveysimWarning
from .constraints import LinearConstraints
from .result import Calibration

if TYPE_CHECKING:
    from .distances import Goal
    from .problem import Problem

MOST_ROUNDS = 500
OUTSIDE = 1e-6  # relative distance beyond a bound that still counts as on it


def trim_weights(weight: Any, lower: float | None = None, upper: float | None = None, strict: bool = False) -> Floats:
    """Trim weights to [lower, upper], sharing what was cut (or added) equally among the others; the sum is kept.

    Parameters
    ----------
    weight : array (n,) or Calibration, finite and not negative; it is not modified.
    lower, upper : bounds in the weights' unit; None is none.
    strict : False cuts once, so that spreading the excess may push others over a bound again; True repeats until no weight
        is outside.

    Returns
    -------
    Array (n,).

    Raises
    ------
    DataError : unusable weights or bounds; the bounds leave no room for the sum of the weights.

    References
    ----------
    Potter (1990), Proc. Surv. Res. Methods Sect. ASA, 225-230. As in R survey's `trimWeights`, a weight that was cut to a bound
    takes its part of what later rounds cut.

    Examples
    --------
    What is cut, 8 - 5 = 3, is shared by the other three.

    >>> import surveysim as ss
    >>> ss.trim_weights([1, 1, 2, 8], upper=5).tolist()
    [2.0, 2.0, 3.0, 5.0]
    >>> ss.trim_weights([1, 3, 4.5, 8], upper=5).round(6).tolist()  # the third is too large now
    [2.0, 4.0, 5.5, 5.0]
    >>> ss.trim_weights([1, 3, 4.5, 8], upper=5, strict=True).round(6).tolist()
    [2.25, 4.25, 5.0, 5.0]
    """
    given = weight.weight if isinstance(weight, Calibration) else weight
    result = guards.number_array(given, "weight", remedy="Give the weights themselves.")
    if len(result) == 0 or np.any(result < 0):
        raise DataError("weight must be a non-empty one-dimensional array of finite numbers, 0 or larger.")
    guards.flag(strict, "strict")
    low = -np.inf if lower is None else guards.number(lower, "lower", infinite=True)
    high = np.inf if upper is None else guards.number(upper, "upper", infinite=True)
    with np.errstate(over="ignore"):
        total = result.sum()
    if not np.isfinite(total):
        raise DataError("weight: the weights sum to more than double precision holds; divide them by a constant.")
    if not low <= high:
        raise DataError(f"lower = {lower!r} is above upper = {upper!r}.")
    if not low * len(result) <= total <= high * len(result):
        raise DataError(
            f"weights between {lower} and {upper} cannot sum to {total:,.6g} over {len(result)} rows; widen the bounds."
        )
    outside = (result < low) | (result > high)
    if not outside.any():
        return result
    cut = np.clip(result, low, high)
    if outside.all():
        raise DataError(f"no weight between {lower} and {upper} is left to take the excess; widen the bounds.")
    cut[~outside] += (total - cut.sum()) / (~outside).sum()
    return _shifted(cut, low, high, total) if strict else cut


def _shifted(weight, low, high, total):
    """Where further rounds lead: every weight moves by one constant, as far as the bounds let it, until the sum is kept."""
    if np.all((weight >= low) & (weight <= high)):
        return weight
    least, most = -np.max(np.abs(weight)) - abs(total), np.max(np.abs(weight)) + abs(total)
    for _ in range(200):
        middle = (least + most) / 2
        least, most = (middle, most) if np.clip(weight + middle, low, high).sum() < total else (least, middle)
    result = np.clip(weight + (least + most) / 2, low, high)
    inside = (result > low) & (result < high)
    if inside.any():
        result[inside] += (total - result.sum()) / inside.sum()
    return result


def trim_bounds(trim: object) -> tuple[float | None, float | None]:
    """(least, most) as multiples of the mean weight, checked."""
    least, most = guards.pair(trim, "trim", holes=True, remedy="They are (least, most), multiples of the mean weight.")
    low, high = (0.0 if least is None else least), (np.inf if most is None else most)
    if not 0 <= low < 1 < high:
        raise DataError(f"least = {least!r}, most = {most!r}: give multiples of the mean weight, least < 1 < most.")
    return least, most


def copies(base: Floats, first: Floats) -> Floats:
    """How many respondents each row (n,) stands for in a replicate with initial weights `base`: its weight over that in the sample."""
    return np.divide(base, first, out=np.zeros(len(base)), where=first > 0)


def calibrate_trimmed(
    first: Calibration,
    lower: float | None,
    upper: float | None,
    copied: Floats | None = None,
    unknown: Sequence[int] = (),
    bounds: tuple[float, float] | None = None,
) -> Any:
    """Trim calibrated weights, calibrate the trimmed ones, and so on until the calibrated weights keep the bounds.

    Parameters
    ----------
    first : Calibration.
    lower, upper : bounds as multiples of the mean calibrated weight; None is none.
    copied : (n,) respondents that each row stands for, in a replicate; the bounds are those of one of them. None is one each.
    unknown : columns of the totals that are the sample's own shares (of missing levels). Where such a share is too small or too large
        for the bounds whatever its rows' weights, these rows keep it, outside of the bounds, and a warning says so.
    bounds : (lower, upper) on calibrated over initial weight as well, None for none: individual caps beside those on the mean, which are
        global (Izrael, Battaglia & Frankel 2009, SAS Global Forum, paper 258).

    Returns
    -------
    Calibration, whose weights meet the totals within `tol` and the bounds within 1e-6 of them, and the rounds it took.

    Raises
    ------
    CalibrationError : no fixed point after 500 rounds, because totals and bounds exclude each other or nearly so.

    Notes
    -----
    Projecting on the totals and on the bounds in turn reaches weights that meet both where there are any (Bregman 1967, USSR
    Comput. Math. Math. Phys. 7:200-217); they need not be the nearest ones to the initial weights, as those of bounded
    calibration are.
    """
    result, problem, goal = first, first.problem, first.goal
    base = np.ones(problem.n) if problem.base is None else problem.base
    one = (base > 0).astype(float) if copied is None else np.where(base > 0, copied, 0.0)
    mean = result.final.sum() / one.sum()
    with np.errstate(over="ignore"):  # a bound that no float holds is none
        low = 0.0 if lower is None else lower * (mean * one)
        high = np.inf if upper is None else upper * (mean * one)
        if bounds is not None:
            low, high = np.maximum(low, bounds[0] * base), np.minimum(high, bounds[1] * base)
    if bounds is not None:
        message = (
            "row {row}: its weight would have to be {low:.6g} to {high:.6g} ({bad} rows like it), because its bounds on g and those on the "
            "mean weight exclude each other. Widen one of them."
        )
        guards.refuse(low > high, message, CalibrationError, low=low, high=high)
    if len(unknown):
        free = _beyond(problem, goal.total, low, high, unknown)
        low, high = np.where(free, 0.0, low), np.where(free, np.inf, high)
        if free.any() and copied is None:
            warn_outside(int(free.sum()), lower, upper)
    rounds = 0
    while rounds < MOST_ROUNDS:
        cut = np.where(base > 0, np.clip(result.final, low, high), 0.0)
        outside = np.abs(cut - result.final) > OUTSIDE * cut
        if not outside.any():
            break
        result, rounds = Calibration.of(problem.reweighted(cut), replace(goal, reading="totals")), rounds + 1
    else:
        inside = base > 0  # the bounds of rows without weight are 0
        low, high = (np.broadcast_to(bound, base.shape)[inside] for bound in (low, high))
        above, below = result.final[inside] / high, low / np.maximum(result.final[inside], 1e-300)
        worst = float(max(above.max(), below.max()))
        raise CalibrationError(
            f"trimming and calibration do not come to rest: after {MOST_ROUNDS} rounds {int(outside.sum())} weights are outside "
            f"{lower} to {upper} times the mean{'' if bounds is None else f' or {bounds[0]} to {bounds[1]} times their own'}, by up to "
            f"{100 * (worst - 1):.3g} %. Widen the bounds, or merge levels."
        )
    if rounds:
        g = np.divide(result.final, base, out=np.ones(problem.n), where=base > 0)
        at_bound = (base > 0) & ~((result.final > low * (1 + 2 * OUTSIDE)) & (result.final < high * (1 - 2 * OUTSIDE)))
        links, margins = partial(links_of, problem, goal, g, at_bound), partial(_margins, result, first)
        last = {name: getattr(result, name) for name in ("final", "iterations", "max_gap")}
        made = {"g": g.copy, "margins": margins, "links": links}
        result = replace(first, **last, made=made, least=float(g.min()), at_bound=at_bound)
    return replace(result, replay=partial(_again, problem, goal, lower, upper, bounds)), rounds


def _beyond(problem, total, low, high, columns):
    """Rows (n,) of the levels `columns` whose totals no weights between the bounds (n,) can sum to."""
    cells, free = problem.cells, np.zeros(problem.n, bool)
    low, high = np.broadcast_to(low, problem.n), np.broadcast_to(high, problem.n)
    there = np.ones(problem.n, bool) if problem.base is None else problem.base > 0
    for m in range(cells.level.shape[1]):
        at, partition = problem.columns[cells.level[:, m]][cells.cell], cells.partition[cells.cell]
        for c in set(columns) & set(at.tolist()):
            for p in range(len(total)):
                rows = there & (at == c) & (partition == p)
                if rows.any() and not low[rows].sum() * (1 - OUTSIDE) <= total[p, c] <= high[rows].sum() * (
                    1 + OUTSIDE
                ):
                    free |= rows
    return free


def warn_outside(rows: int, lower: float | None, upper: float | None) -> None:
    """Say that rows of missing levels are outside of the bounds."""
    warnings.warn(
        f"{rows} rows of missing levels are left outside of {lower} to {upper} times the mean weight: they keep their share of the initial "
        f"weights, which is too small or too large for these bounds.",
        SurveysimWarning,
        stacklevel=5,
    )


def _margins(last, first):
    """The margins' table with the sums before the first round."""
    return last.margins.assign(before=first.margins["before"])


def _again(problem, goal, lower, upper, bounds, base, copied=None):
    """Weights of the same rounds from other initial weights (n,)."""
    again, one = problem.reweighted(base), np.ones(problem.n) if problem.base is None else problem.base
    if goal.reading == "shares":
        goal = goal.following(again.sums, problem.sums)
    copied = copies(base, one) if copied is None else copied
    result, _ = calibrate_trimmed(Calibration.of(again, goal), lower, upper, copied, bounds=bounds)
    return result.final


def links_of(
    problem: "Problem", goal: "Goal", g: Floats, at_bound: Truths | None = None, follow: Floats | None = None
) -> tuple[Any, ...]:
    """The link of a calibration with factors g (n,) whose totals follow the sample or whose weights were held at bounds.

    Rows at a bound do not answer to the totals, so β is the regression of the others. Where shares are known, totals and bounds move
    with the sum of the initial weights.

    at_bound : (n,) bool. follow : (n, W) derivatives of the totals by the initial weight of each row.
    """
    partition, x = problem.rows()
    base, held = np.ones(problem.n) if problem.base is None else problem.base, None
    if at_bound is not None:
        if goal.reading == "shares":
            held = np.where(at_bound, base * g, 0.0) / problem.sums.sum()
        base = np.where(at_bound, 0.0, base)
    if follow is None and goal.reading == "shares":
        follow = problem.shares_of(goal.total)[partition]
    return (LinearConstraints(partition, x, base, g, follow=follow, held=held),)
