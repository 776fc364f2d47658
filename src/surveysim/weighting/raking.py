"""Raking: move weights as little as needed to meet the known totals of categories.

Sees respondents only, never the population, so it works unchanged on real data. Rows collapse to margin cells: one pass
codes them and sums their weights, the solve runs on cells, one pass writes the weights.
Notation follows Deville & Särndal (1992), JASA 87:376-382.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from .. import guards
from ..aliases import Array, Column, Floats, Ints, Table, Totals, Values
from ..errors import CalibrationError, DataError
from ..keeping import held, kept
from ..tables import numbers_of, once
from .attainable import attained
from .cells import Axis, collapse, spread
from .distances import Distance, Goal
from .margins import Margins, names_of, of_file
from .missing import POLICIES, complete
from .problem import Problem
from .reconciling import as_asked, changes_of
from .result import Calibration
from .solution import solve
from .solver import check_solver
from .trimming import calibrate_trimmed, copies, links_of, trim_bounds


def rake(
    data: Table,
    margins: Totals,
    *,
    weight: Column | None = None,
    by: str | None = None,
    bounds: tuple[float, float] | None = None,
    trim: tuple[float | None, float | None] | None = None,
    margins_are: str | None = None,
    rescale: bool | str | None = None,
    missing: str = "fail",
    reconcile: Any = None,
    closest: str | None = None,
    tol: float = 1e-9,
    max_iter: int = 1000,
) -> Calibration:
    """Rake weights to the known totals of categorical margins.

    Parameters
    ----------
    data : DataFrame (pandas, polars or pyarrow) of n respondents, with every margin's column.
    margins : {column or tuple of columns: {level: total}}, or a tidy table with the columns variable, level, total; with
        `by`, {by level: margins} or a tidy table that has that column too.
    weight : column name or array (n,), what each respondent stands for, >= 0; None means 1.
    by : column of partitions, each raked on its own.
    bounds : (lower, upper) on g = raked / initial weight; None is none. Bounded raking clips the exponential distance.
    trim : (least, most) raked weight as multiples of the mean, None for no bound: raking and trimming alternate until both hold.
    margins_are : "totals" or "shares" (of the base weights' sum); None: shares if every margin sums to 1 or 100.
    rescale : margin whose sum the others follow where totals disagree by more than 1e-6; `rescaled` reports the factors.
    missing : rows where a raking variable is missing: "fail"; "drop", they get weight 0; "level", they are a level of their own at
        its share of the initial weights (`weighting.missing`).
    reconcile : fit margins to those of higher priority first, see `weighting.reconcile`: True, the largest relative change, a list of
        margins from the highest priority down, or {"order": …, "largest_change": …}. `reconciled` of the result has the changes.
    closest : where weights cannot meet all totals, those closest to them: "least_squares" or "minimax" in relative gaps, with factors
        inside `bounds` (0.001 to 1000 without). `missed` of the result says what each margin misses. None raises instead.
    tol : largest relative gap allowed between a weighted total and its target.
    max_iter : most sweeps, and most Newton steps where sweeping is slow.

    Returns
    -------
    Calibration, whose `weight` has shape (n,) in the unit of the totals; `data` is left untouched.

    Raises
    ------
    CalibrationError : a level has a total but no respondents, or respondents but no total; a raking variable is missing;
        margins disagree or are impossible together; `max_iter` leaves a gap above `tol`.
    DataError : a column is absent, weights are unusable, the margins are malformed.

    References
    ----------
    Deming & Stephan (1940), Ann. Math. Stat. 11:427-444; Deville, Särndal & Sautory (1993), JASA 88:1013-1020.

    Examples
    --------
    Four respondents with equal weights: the raked weight is row total × column total / 200.

    >>> import pandas as pd, surveysim as ss
    >>> table = pd.DataFrame({"sex": ["m", "m", "f", "f"], "age": ["young", "old", "young", "old"]})
    >>> margins = {"sex": {"m": 80, "f": 120}, "age": {"young": 60, "old": 140}}
    >>> raked = ss.rake(table, margins)
    >>> raked.weight.round(6).tolist()
    [24.0, 56.0, 36.0, 84.0]
    >>> round(float(raked.deff_kish), 4)
    1.2064
    """
    guards.choice(missing, "missing", POLICIES)
    asked = _Asked(by, bounds, trim, margins_are, rescale, missing, closest, tol, max_iter)
    parsed = as_asked(Margins.parse(margins, by), reconcile)
    data, targets, weight = of_file(data, parsed, weight)
    data = once(data)
    result = _raked(data, targets, weight, None, asked)
    if missing == "level":
        asked = replace(asked, margins_are=result.reading)
        again = partial(_again, held(data), targets, result.base(len(result.final)), asked)
        result = replace(result, replay=again)
    return replace(result, reconciled=changes_of(parsed)) if reconcile else result


@dataclass(frozen=True)
class _Asked:
    """Options of `rake`."""

    by: str | None
    bounds: tuple[float, float] | None
    trim: tuple[float | None, float | None] | None
    margins_are: str | None
    rescale: bool | str | None
    missing: str
    closest: str | None
    tol: float
    max_iter: int


def _again(data, margins, first, asked, base, copied=None):
    """Weights from other initial weights, the shares of missing levels taken anew."""
    return _raked(data, margins, base, copies(base, first) if copied is None else copied, asked).final


def _raked(data, margins, weight, copied, asked):
    """`rake`; copied : (n,) how many respondents a row stands for in a replicate, None for one each."""
    margins_are, rescale, closest = asked.margins_are, asked.rescale, asked.closest
    bounds, trim = asked.bounds, asked.trim
    given, whole = data, None
    if asked.missing != "fail":
        whole = complete(data, margins, weight, asked.by, asked.missing)
        data, margins, weight = whole.data, whole.margins, whole.base
    targets = Margins.parse(margins, asked.by)
    check_solver(asked.tol, asked.max_iter)
    reading = targets.reading(margins_are, rescale)
    problem = Problem.of(data, targets, weight)
    if reading == "totals" and margins_are is None and rescale is None:
        targets.refuse_near_shares(problem.sums)
    both = trim is not None and bounds is not None  # then trimming keeps both kinds of bounds
    distance = Distance.of("raking", bounds)  # which checks them
    known = {"index": getattr(given, "index", None), "made_of": kept(given)}
    if closest is None:
        total, factor = targets.as_totals(problem.sums, reading, rescale)
    else:
        total, known["missed"] = attained(problem, reading, closest, bounds)
        distance = Distance.of("raking", None)
    goal = Goal(total, Distance.of("raking", None) if both else distance, asked.tol, asked.max_iter, reading)
    if rescale is not None and closest is None:
        ratio = factor[0] / factor[0, targets.variables.index(names_of(rescale))]
        named = zip(targets.margin_names, ratio.tolist(), strict=True)
        known["rescaled"] = {name: f for name, f in named if abs(f - 1) > 1e-12}
    result = Calibration.of(problem, goal, **known)
    if trim is not None:
        unknown = () if whole is None else whole.unknown
        result, _ = calibrate_trimmed(result, *trim_bounds(trim), copied, unknown, bounds)
    if whole is not None:
        result = replace(result, made=result.made | {"links": partial(_completed, whole, result, problem, goal)})
    return result


def _completed(whole, result, problem, goal):
    """Links of a calibration of a table that was completed."""
    follow = whole.follow(problem, goal.total, goal.reading == "shares")
    links = result.links if follow is None else links_of(problem, goal, result.g, result.at_bound, follow)
    return whole.left_out(links)


def rake_coded(
    codes: Sequence[Ints],
    totals: Sequence[Values],
    weight: Floats | None = None,
    *,
    out: Floats | None = None,
    scratch: Array | None = None,
    tol: float = 1e-9,
    max_iter: int = 1000,
) -> Any:
    """Rake rows that are coded already: the same solver without a table, for simulations and services.

    Parameters
    ----------
    codes : sequence of integer arrays (n,), 0 .. levels - 1, one per margin. totals : sequence of arrays (levels,).
    weight : float64 array (n,) or None for ones. out : float64 (n,) to put the weights in. scratch : int32 (n,) to put the
        rows' cells in. Fresh memory costs more than the arithmetic, so repeated calls should bring both.

    Returns
    -------
    Weights (n,): `out`, when it is given.

    Raises
    ------
    CalibrationError, DataError : as `rake`.
    """
    check_solver(tol, max_iter)
    for what, given in (("codes", codes), ("totals", totals)):
        if not isinstance(given, list | tuple | np.ndarray) or (isinstance(given, np.ndarray) and not given.ndim):
            raise DataError(f"{what} = {guards.sight(given)}: give a list of arrays, one for every margin.")
    if len(codes) == 0 or len(codes) != len(totals):
        raise DataError(
            f"codes has {len(codes)} columns and totals {len(totals)}; give one array of totals for every column."
        )
    codes = [np.asarray(column) for column in codes]
    n = len(codes[0]) if codes[0].ndim == 1 else 0
    if n == 0:
        raise DataError("codes has no rows, so there is nothing to rake.")
    for m, column in enumerate(codes):
        if column.shape != (n,) or column.dtype.kind not in "iu" or not column.dtype.isnative:
            raise DataError(
                f"codes[{m}] is {column.dtype} of shape {column.shape}; give native integers of shape ({n},)."
            )
    for what, buffer, kind in (("out", out, np.float64), ("scratch", scratch, np.int32)):
        if buffer is not None and not (
            isinstance(buffer, np.ndarray) and buffer.shape == (n,) and buffer.dtype == kind
            and buffer.flags.c_contiguous and buffer.flags.writeable
        ):  # fmt: skip
            raise DataError(f"{what} must be a writable contiguous array of {n} {np.dtype(kind).name}.")
    weight = None if weight is None else numbers_of(None, weight, n, "weight", finite=False, own=False)
    names = [f"{m + 1}" for m in range(len(codes))]
    parts = [guards.number_array(t, f"totals[{m}]", error=CalibrationError) for m, t in enumerate(totals)]
    if not all(len(t) and (t >= 0).all() for t in parts):
        raise CalibrationError("totals must be arrays of finite numbers, 0 or larger, one for every level.")
    labels = tuple(tuple((k,) for k in range(len(t))) for t in parts)
    targets = Margins(None, (None,), tuple((name,) for name in names), labels, np.concatenate(parts)[None, :])
    axes = [Axis(c, np.arange(len(t)), known) for c, t, known in zip(codes, parts, labels, strict=True)]
    cells = collapse(axes, None, 1, weight, n, names, scratch)
    problem = Problem(targets, axes, cells, weight, n)
    total, _ = targets.as_totals(problem.sums, "totals")
    factor, _, _ = solve(problem, Goal(total, Distance.of("raking", None), tol, max_iter))
    return spread(cells.cell, factor, weight, n, out)[0]
