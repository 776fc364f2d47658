"""Calibration to any mixture of categorical margins and numeric totals, and poststratification."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Array, Column, Floats, Table, Totals
from ..coding import all_finite, coded_values
from ..errors import CalibrationError, DataError, SurveysimWarning
from ..guards import refuse
from ..keeping import kept
from ..tables import called, is_file, numbers_of, once, one_name, pick, rows_of, values_of
from .cells import Cells, axis_of, refuse_missing
from .distances import Distance, Goal
from .levels import level_codes
from .margins import LEVELS, MAPPING, Margins, names_of, of_file
from .problem import Problem, base_weights
from .result import Calibration
from .solution import solve
from .solver import check_solver


def calibrate(
    data: Table,
    totals: Totals,
    *,
    weight: Column | None = None,
    method: str = "linear",
    bounds: tuple[float, float] | None = None,
    q: Column | None = None,
    cluster: Column | None = None,
    by: str | None = None,
    covariance: Any = None,
    tol: float = 1e-9,
    max_iter: int = 1000,
) -> Calibration:
    """Calibrate weights to known totals of categories and of numeric variables.

    Parameters
    ----------
    data : DataFrame (pandas, polars or pyarrow) of n respondents.
    totals : {numeric column: total, categorical column: {every level: total}, (c1, c2): {(l1, l2): total}}; no intercept is
        added. Consistent redundancy is fine, contradiction raises. With `by`, {by level: totals}.
    weight : column name or array (n,), initial weights d, > 0; None means 1.
    method : "linear" (GREG), "raking", "logit" or "truncated" (linear, clipped); with bounds, "linear" is "truncated" and
        "raking" is the clipped exponential.
    bounds : (lower, upper) on g = calibrated / initial weight.
    q : column name or array (n,), scale factors > 0; None means 1.
    cluster : column name or array (n,) of clusters (households) whose members are to get one g: the calibration variables
        are replaced by their cluster means (Lemaître & Dufour 1987). Initial weights must be equal inside a cluster.
    by : column of partitions, each calibrated on its own.
    covariance : of totals that are themselves estimates: (p, p) in the order in which the totals are written, or (p,) variances;
        with `by`, {by level: covariance}; a Series or DataFrame goes by its labels. Such totals are met only as closely as they
        are known, and `Survey` adds their error. See Notes.
    tol : largest relative gap allowed between a weighted total and its target.
    max_iter : most Newton steps.

    Returns
    -------
    Calibration.

    Raises
    ------
    CalibrationError : totals that contradict each other or cannot be met; the message names the constraints that must give
        way and the tightest bounds that would do.
    DataError : absent, missing or non-numeric columns, unusable weights, q or bounds.

    Notes
    -----
    With a covariance V the weights satisfy T - Σ w x = V λ / κ, where λ are the multipliers and κ = Σd² / Σd: the distance is
    penalized by (T - Σ w x)' V⁻¹ (T - Σ w x). Under simple sampling κ Σ d x x' is about the variance of Σ d x, so that a total
    is followed as far as it is surer than the sample's own estimate, which minimizes the variance. V = 0 meets the totals, a
    large V leaves the weights alone.

    References
    ----------
    Deville & Särndal (1992), JASA 87:376-382; Deville, Särndal & Sautory (1993), JASA 88:1013-1020;
    Lemaître & Dufour (1987), Surv. Methodol. 13:199-207; Beaumont & Bocci (2008), Surv. Methodol. 34:5-20 (penalized
    calibration); Dever & Valliant (2010), Surv. Methodol. 36:45-56 (error of estimated controls).

    Examples
    --------
    The linear distance gives w = 1 + λx, here with λ = (20 - 6) / (1 + 4 + 9) = 1.

    >>> import pandas as pd, surveysim as ss
    >>> table = pd.DataFrame({"income": [1.0, 2.0, 3.0]})
    >>> ss.calibrate(table, {"income": 20}).weight.round(6).tolist()
    [2.0, 3.0, 4.0]
    >>> ss.calibrate(table, {"income": 20}, method="raking").weight.round(3).tolist()
    [1.632, 2.664, 4.347]
    """
    check_solver(tol, max_iter)
    n, data = rows_of(data), once(data)
    if n == 0:
        raise DataError("the table has no rows, so there is nothing to calibrate.")
    distance = Distance.of(method, bounds)
    targets, numeric, numbers = _parse(totals, by)
    filed = levels, named, weight = of_file(data, targets, weight)
    if q is None and cluster is None and not numeric:
        problem = Problem.of(levels, named, weight)
    else:
        problem = _uncollapsed(data, filed, numeric, q, cluster)
    total = np.concatenate([targets.total, numbers], axis=1)
    if covariance is not None:
        problem = problem.softened(_covariances(covariance, targets, totals, numeric))
    goal = Goal(total, distance, tol, max_iter)
    result = Calibration.of(problem, goal, index=getattr(data, "index", None), made_of=kept(data))
    if result.least < 0:
        negative = int((result.final < 0).sum())
        warnings.warn(
            f'{negative} of {n} calibrated weights are negative; bounds=(0, upper) or method="raking" keep them positive.',
            SurveysimWarning,
            stacklevel=2,
        )
    return result


def factors(
    x: Array,
    weight: Array,
    totals: Array,
    names: Sequence[str],
    method: str = "linear",
    bounds: tuple[float, float] | None = None,
    tol: float = 1e-9,
    max_iter: int = 1000,
) -> Floats:
    """Factors g (n,) that calibrate weights (n,) to totals (p,) of numeric variables x (n, p); `calibrate` without a table.

    `names` (p,) are for messages.
    """
    n = len(x)
    targets = Margins(None, (None,), (), (), np.zeros((1, 0)))
    cells = Cells(np.arange(n), weight, np.array([0, n]), np.zeros((n, 0), np.int32), None)
    problem = Problem(targets, [], cells, weight, n, tuple(names), np.ascontiguousarray(x, dtype=float))
    goal = Goal(np.asarray(totals, dtype=float)[None, :], Distance.of(method, bounds), tol, max_iter)
    return solve(problem, goal)[0]


def poststratify(data: Table, totals: Totals, *, weight: Column | None = None) -> Calibration:
    """Poststratify: scale weights inside each level (or combination of levels) to its known total.

    Parameters
    ----------
    data : DataFrame of n respondents. totals : one entry of `calibrate`'s totals, {column or tuple: {level: total}}.
    weight : column name or array (n,); None means 1.

    Returns
    -------
    Calibration.

    References
    ----------
    Holt & Smith (1979), J. R. Stat. Soc. A 142:33-46.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> table = pd.DataFrame({"sex": ["m", "f", "f"]})
    >>> ss.poststratify(table, {"sex": {"m": 50, "f": 50}}).weight.tolist()
    [50.0, 25.0, 25.0]
    """
    if not isinstance(totals, MAPPING) or len(totals) != 1:
        raise DataError(
            "poststratify takes one entry, {column or tuple of columns: {level: total}}; use rake or calibrate for more."
        )
    (levels,) = totals.values()
    if not _has_levels(levels):
        raise DataError("poststratify needs the totals of levels; a numeric total is calibrate's.")
    return calibrate(data, totals, weight=weight, method="raking")  # one sweep: the ratio itself


def _parse(totals, by):
    """Categorical totals as Margins, the numeric columns, and their totals (P, Z)."""
    by = None if by is None else one_name(by, "by")
    parts = totals if by is not None else {None: totals}
    for part in parts.values() if isinstance(parts, MAPPING) and len(parts) else [None]:
        if not isinstance(part, MAPPING) or len(part) == 0:
            raise DataError("totals must be a non-empty mapping {column: total or {level: total}}.")
    numeric = list(dict.fromkeys(k for part in parts.values() for k, v in part.items() if not _has_levels(v)))
    both = [k for k in numeric if any(_has_levels(part.get(k)) for part in parts.values())]
    if both:
        raise DataError(f"{both[0]!r} has levels in one partition and a single total in another.")
    levels = {label: {k: v for k, v in part.items() if _has_levels(v)} for label, part in parts.items()}
    if any(levels.values()):
        targets = Margins.parse(levels if by is not None else levels[None], by, signed=True)
    else:
        targets = Margins(by, tuple(parts), (), (), np.zeros((len(parts), 0)))
    numbers = np.array([[_total(part.get(k), k) for k in numeric] for part in parts.values()])
    return targets, numeric, numbers.reshape(len(parts), len(numeric))


def _total(value, name):
    """One numeric total; None is none."""
    if value is None:
        return np.nan
    if not guards.is_number(value):
        raise DataError(f"the total of {name!r} is {guards.sight(value)}, which is no number.")
    if not guards.is_finite(value):
        raise CalibrationError(f"the total of {name!r} is {value!r}; totals are finite.")
    return float(value)


def _has_levels(total):
    """Whether a total is one for every level, not a number."""
    return isinstance(total, LEVELS)


def _uncollapsed(data, filed, numeric, q, cluster):
    """Numeric totals, scale factors or clusters: every row (or cluster) is a cell of its own; filed : what `of_file` gives."""
    (levels, targets, weight), n = filed, len(data)
    base, partition = base_weights(data, weight, n), np.zeros(n, np.int64)
    if targets.by is not None:
        partition = level_codes(levels, (targets.by,), [(p,) for p in targets.partitions])
    axes = [axis_of(levels, v, labels) for v, labels in zip(targets.variables, targets.labels, strict=True)]
    for name, axis in zip(targets.margin_names, axes, strict=True):
        refuse_missing(name, axis.codes, len(axis.place))
    first = np.concatenate([[0], np.cumsum([len(axis.place) for axis in axes])]).astype(np.int64)
    level, z = np.empty((n, len(axes)), np.int32), np.empty((n, len(numeric)))
    for m, axis in enumerate(axes):
        np.add(axis.codes, first[m], out=level[:, m], casting="unsafe")
    for k, name in enumerate(numeric):
        z[:, k] = _numeric(data, name, n)
    scale = _scale_factors(data, q, n)
    member, d = np.arange(n), base
    if cluster is not None:
        member, size = _members(data, cluster, base, partition, scale)
        x = np.concatenate(
            [(level[:, [m]] == np.arange(a, b)) for m, (a, b) in enumerate(pairwise(first))] + [z], axis=1
        )
        z = np.stack([np.bincount(member, column) for column in x.T], axis=1) / size[:, None]
        one = np.zeros(len(size), np.int64)
        one[member] = np.arange(n)  # a row of each cluster
        level, d, scale = np.zeros((len(size), 0), np.int32), base[one] * size, scale[one]
        partition = partition[one]
    keep = (lambda codes: codes.astype(np.int64)) if cluster is not None else (lambda codes: None)
    axes = [replace(axis, codes=keep(axis.codes)) for axis in axes]  # the arrays may be the caller's
    if targets.by is None:
        d, start = np.array(d, float), np.array([0, len(d)])
    else:
        order = np.argsort(partition, kind="stable")
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        start = np.searchsorted(partition[order], np.arange(len(targets.partitions) + 1)).astype(np.int64)
        member, d, level, z, scale = rank[member], d[order], level[order], z[order], scale[order]
    cells = Cells(member, d, start, level, None)
    return Problem(
        targets,
        axes,
        cells,
        base,
        n,
        tuple(numeric),
        z,
        None if q is None else np.array(scale),  # which may be the caller's
    )


def _members(data, cluster, base, partition, scale):
    """Cluster of each row and the sizes; what has to be equal inside a cluster is checked."""
    n = len(base)
    codes, labels = coded_values(values_of(data, cluster, n, "cluster"), called("cluster", cluster))
    what = called("cluster", cluster)
    refuse(codes < 0, "{what} must name one cluster per row; {bad} rows have none, the first is row {row}.", what=what)
    _, member = np.unique(codes, return_inverse=True)  # categories may have unused levels
    size = np.bincount(member)
    for what, column in (("initial weights", base), ("partitions", partition.astype(float)), ("scale factors", scale)):
        mean = np.bincount(member, column) / size
        uneven = np.abs(column - mean[member]) > 1e-9 * np.maximum(np.abs(column), 1e-300)
        if uneven.any():
            raise DataError(
                f"{what} differ inside {len(np.unique(member[uneven]))} clusters, the first is "
                f"{labels[codes[np.argmax(uneven)]]!r}; one g per cluster needs them equal. Leave cluster out, or level them."
            )
    return member, size


def _scale_factors(data, q, n):
    if q is None:
        return np.ones(n)
    values = numbers_of(data, q, n, "q", finite=False)
    message = "{what} must hold one finite factor above 0 per row; {bad} rows do not, the first is row {row}."
    refuse(~(np.isfinite(values) & (values > 0)), message, what=called("q", q))
    return values


def _numeric(data, name, n):
    if not isinstance(name, str) and np.iterable(name):
        raise DataError(
            f"{' × '.join(map(str, name))!r} has one total but several columns; give {{(level, level): total}}."
        )
    label = repr(name)  # a name may be a number
    column = data.numbers(name) if is_file(data) else pick(data, name)
    values = numbers_of(data, column, n, label, finite=False, remedy="It has one total; give {every level: total}.")
    if not all_finite(values):
        message = "{label} is missing or infinite in {bad} of {n} rows, the first is row {row}; drop or impute them."
        refuse(~np.isfinite(values), message, label=label)
    return values


def _covariances(covariance, targets, totals, numeric):
    """Covariances (P, C + Z, C + Z) in the order of the parsed totals, from the order in which they were written."""
    width = targets.total.shape[1] + len(numeric)
    parts = {None: totals} if targets.by is None else totals
    given = {None: covariance} if targets.by is None else covariance
    result = np.zeros((len(parts), width, width))
    for p, (label, part) in enumerate(parts.items()):
        order = _written_order(part, targets, numeric)
        if targets.by is not None and not (isinstance(given, MAPPING) and label in given):
            raise DataError(f"covariance has no numeric matrix for {targets.by} {label!r}; give one for every level.")
        matrix = guards.as_numbers(
            _in_written_order(given[label], part, targets.where(p)),
            f"covariance{targets.where(p)}",
            remedy="It is a matrix, or one variance for every total.",
        )
        matrix = np.diag(matrix) if matrix.ndim == 1 else matrix
        if matrix.shape != (len(order), len(order)):
            raise DataError(f"covariance has shape {matrix.shape}; these are {len(order)} totals{targets.where(p)}.")
        if not _is_covariance(matrix):
            raise DataError(f"covariance{targets.where(p)} must be finite, symmetric and positive semidefinite.")
        result[p][np.ix_(order, order)] = matrix
    return result


def _is_covariance(matrix: np.ndarray) -> bool:
    """Whether a square matrix is finite, symmetric and positive semidefinite, but for rounding."""
    nothing = 1e-9 * np.abs(matrix).max()
    finite = bool(np.all(np.isfinite(matrix)))
    return finite and np.abs(matrix - matrix.T).max() <= nothing and np.linalg.eigvalsh(matrix)[0] >= -nothing


def _in_written_order(given, part, where):
    """A Series or DataFrame of covariances in the order in which a partition's totals are written, by its labels.

    A label is a numeric column's name, or a level, or a tuple of the margin's column and a level; without any (a plain 0, 1, 2 …) the
    order counts.
    """
    if not isinstance(given, pd.Series | pd.DataFrame):
        return given
    order = [_places(given.index, part, where)]
    order += [_places(given.columns, part, where)] if isinstance(given, pd.DataFrame) else []
    return np.asarray(given)[np.ix_(*order)]


def _places(index, part, where):
    """Where the labels of a covariance have each of the totals."""
    totals = [((k,), v) if not _has_levels(v) else (names_of(k), v) for k, v in part.items()]
    short = [n for key, v in totals for n in ([names_of(x) for x in v.keys()] if _has_levels(v) else [key])]  # noqa: SIM118
    long = [n for key, v in totals for n in ([key + names_of(x) for x in v.keys()] if _has_levels(v) else [key])]  # noqa: SIM118
    labels = [names_of(label) for label in index]
    plain = isinstance(index, pd.RangeIndex) and index.equals(pd.RangeIndex(len(index)))
    for known in (short, long):
        if set(known) == set(labels) and len(set(labels)) == len(labels) == len(known):
            if plain and labels != known:
                plain = False  # 0, 1 … may be levels, or no labels at all
                break
            return [labels.index(name) for name in known]
    if plain:
        return list(range(len(index)))
    shown = ", ".join(repr(name[0] if len(name) == 1 else name) for name in long)
    raise DataError(
        f"covariance{where} has the labels {guards.sight(list(index))}, which are not (or may not be) those of the totals; call them "
        f"{shown}, or give an array in the order in which the totals are written."
    )


def _written_order(part, targets, numeric):
    """Column of the parsed totals for every total of one partition as it is written."""
    order = []
    for key, value in part.items():
        if not _has_levels(value):
            order.append(targets.total.shape[1] + numeric.index(key))
            continue
        m = targets.variables.index(names_of(key))
        order += [int(targets.first[m]) + targets.labels[m].index(names_of(level)) for level in value.keys()]  # noqa: SIM118
    return order
