"""Solving a problem: sweeps or Newton's method, partition by partition, in units in which nothing over- or underflows."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..aliases import Floats
from ..errors import CalibrationError, DataError
from . import edge, solver

if TYPE_CHECKING:
    from .distances import Goal
    from .problem import Problem

ABSURD = 1e100  # sums of weights and totals beyond this, or below its inverse, are taken in another unit
TINY = 1e-180  # factors below this (or above its inverse) may lead products to the ends of double precision


def solve(problem: "Problem", goal: "Goal") -> tuple[Floats, int, float]:
    """Factors of the cells (K,), most steps and largest gap. Raking sweeps first."""
    ordered = problem.in_axis_order(goal.total)
    levels = len(problem.columns) - len(problem.numeric)
    with np.errstate(over="ignore"):
        size = float(problem.cells.weight.sum())
    asked = float(np.fmax.reduce(np.abs(ordered[:, :levels]), axis=None, initial=0.0))
    if 1 / ABSURD < size < ABSURD and (asked == 0 or 1 / ABSURD < asked < ABSURD):
        return _solve(problem, ordered, goal)
    return _solve_in_units(problem, ordered, goal, size, asked)


def _solve_in_units(problem, ordered, goal, size, asked):
    """`_solve` with absurdly large or small weights or totals in units (powers of two) in which squares do not overflow.

    Raking is the same up to a constant whatever the units of weights and totals are; other distances need one for both.
    """
    if not np.isfinite(size):
        raise DataError("the initial weights sum to more than double precision holds; divide them by a constant.")
    of_weights = of_totals = 2.0 ** round(np.log2(size))
    if goal.distance.method == "raking" and asked > 0:
        of_totals = 2.0 ** round(np.log2(asked))
    base = np.ones(problem.n) if problem.base is None else problem.base
    with np.errstate(all="ignore"):
        covariance = None if problem.covariance is None else problem.covariance / of_weights / of_weights
        weight, total, ratio = problem.cells.weight / of_weights, ordered / of_totals, of_totals / of_weights
        there = problem.cells.weight > 0
        asked_for = ordered[np.nan_to_num(ordered) != 0]
        apart = np.any(weight[there] == 0) or not np.all(np.abs(asked_for / of_totals) > TINY)
        apart |= size < 1e-290 or 0 < asked < 1e-290  # rows' parts would have lost digits
        if not apart and 0 < ratio < np.inf:
            same = replace(
                problem, cells=replace(problem.cells, weight=weight), base=base / of_weights, covariance=covariance
            )
            factor, steps, gap = _solve(same, total, goal)
            factor = factor * ratio
            small = np.min(np.abs(factor), where=there & (factor != 0), initial=1.0)
            if np.isfinite(factor[there]).all() and (small > 1e-300 or ratio == 1.0):
                return np.where(there, factor, 1.0), steps, gap
    least = problem.cells.weight[there].min()
    raise CalibrationError(
        f"initial weights of {least:.3g} to {size:.3g} and totals up to {asked:.3g} are too far apart for double precision; give "
        f"them in units in which they are of like size."
    )


def _solve(problem, ordered, goal):
    """`solve` for totals (P, W) in the order of the axes."""
    cells, P, distance, tol, max_iter = problem.cells, len(ordered), goal.distance, goal.tol, goal.max_iter
    factor, steps, gap = np.ones(len(cells.weight)), np.zeros(P, np.int64), np.full(P, np.inf)
    levels = len(problem.columns) - len(problem.numeric)
    if distance.lower >= 0 and problem.covariance is None and np.any(ordered[:, :levels] < 0):
        p, w = np.argwhere(ordered[:, :levels] < 0)[0]
        raise CalibrationError(
            f"{problem.say(p)(w)} has a total of {ordered[p, w]:,.6g}, which weights that are "
            f'not negative cannot sum to. Mend it, or use method="linear".'
        )
    if distance.method == "raking" and problem.on_cells:
        if np.any((problem.before > 0) & (ordered == 0)):
            problem.refuse_lost((problem.before > 0) & (ordered == 0), "a total of 0")
        factor, steps, gap = solver.sweep(cells, ordered, tol, max_iter)
        smallest, largest = factor.min(), factor.max()
        if not (smallest > TINY and largest < 1 / TINY):
            _judge(problem, factor, ordered, gap)
        if smallest < edge.SMALL * largest:
            for p in np.flatnonzero(gap <= tol):
                _look_once_more(problem, p, ordered[p], goal, factor, gap)
    for p in np.flatnonzero(~(gap <= tol)):
        part = slice(cells.start[p], cells.start[p + 1])
        if part.start == part.stop and not np.nan_to_num(ordered[p]).any():
            gap[p] = 0.0
            continue
        try:
            factor[part], newton, gap[p] = solver.newton(_system(problem, p, ordered[p], distance), tol, max_iter)
        except CalibrationError as error:
            prefix = f"raking did not converge in {steps[p]} sweeps, and " if steps[p] else ""
            raise CalibrationError(f"{prefix}{error}") from None
        steps[p] += newton
    return factor, int(steps.max()), float(gap.max())


def _system(problem, p, total, distance):
    """A partition's cells and its totals (W,) as the solver takes them."""
    ridge = None if problem.covariance is None else problem.ridge[p]
    rows = partial(problem.rows_in, problem.cells.start[p])
    return solver.System.of(problem.part(p), total, distance, problem.say(p), ridge, rows)


def _look_once_more(problem, p, total, goal, factor, gap):
    """Refuse totals that the sweeps of a partition only approached."""
    part = slice(problem.cells.start[p], problem.cells.start[p + 1])
    weight, g = problem.cells.weight[part], factor[part]
    if edge.looked_at(goal.distance, weight, g, goal.tol, len(problem.axes)).any():
        system = _system(problem, p, total, goal.distance)
        factor[part], gap[p] = solver.inside(system, g, np.zeros(len(total)), gap[p], goal.tol)


def _judge(problem, factor, ordered, gap):
    """Take the gaps (P,) of sweeps from the rows' own weights, where factors are so large or small that products lose their digits."""
    cells = problem.cells
    factor[cells.weight == 0] = 1.0  # nobody's
    with np.errstate(all="ignore"):
        weight = (1.0 if problem.base is None else problem.base) * factor[cells.cell]
        after = problem.sums_of(np.bincount(cells.cell, weight, len(cells.weight)))
        off = np.abs(after - ordered) / np.where(ordered > 0, ordered, 1.0)
    off[np.isnan(ordered)] = 0.0
    gap[:] = np.where(np.isfinite(off), off, np.inf).max(axis=1, initial=0.0)
