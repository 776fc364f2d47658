"""Calibration to any mixture of categorical margins and numeric totals, and poststratification."""

import warnings

import numpy as np
import pandas as pd

from ..errors import CalibrationError, DataError, SurveysimWarning
from .calibration import Calibration, Constraints, LinearConstraints, base_weights, check_solver
from .distances import Distance
from .dual import solve
from .margins import _names, level_codes, pick


def calibrate(
    data, totals, *, weight=None, method="linear", bounds=None, q=None, cluster=None, by=None, tol=1e-9, max_iter=1000
):
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

    References
    ----------
    Deville & Särndal (1992), JASA 87:376-382; Deville, Särndal & Sautory (1993), JASA 88:1013-1020;
    Lemaître & Dufour (1987), Surv. Methodol. 13:199-207.
    """
    check_solver(tol, max_iter)
    n = len(data)
    if n == 0:
        raise DataError("the table has no rows, so there is nothing to calibrate.")
    distance = Distance.of(method, bounds)
    base = base_weights(data, weight, n)
    scale = _scale_factors(data, q, n)
    if by is None:
        partition, parts = np.zeros(n, np.int64), {None: totals}
    else:
        partition, parts = level_codes(data, (by,), [(p,) for p in totals]), totals
    columns = _columns(parts)
    if cluster is not None:
        result = _on_clusters(data, cluster, columns, parts, partition, base, scale, distance, tol, max_iter, by)
    elif q is None and all(kind is not None for _, kind in columns):
        result = _on_cells(data, columns, parts, partition, base, distance, tol, max_iter, by)
    else:
        result = _on_rows(data, columns, parts, partition, base, scale, distance, tol, max_iter, by)
    negative = int((result.g < 0).sum())
    if negative:
        warnings.warn(
            f'{negative} of {n} calibrated weights are negative; bounds=(0, upper) or method="raking" keep them positive.',
            SurveysimWarning,
            stacklevel=2,
        )
    return result


def poststratify(data, totals, *, weight=None):
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
    """
    if not hasattr(totals, "keys") or len(totals) != 1:
        raise DataError(
            "poststratify takes one entry, {column or tuple of columns: {level: total}}; use rake or calibrate for more."
        )
    (levels,) = totals.values()
    if not hasattr(levels, "keys"):
        raise DataError("poststratify needs the totals of levels; a numeric total is calibrate's.")
    return calibrate(data, totals, weight=weight, method="linear")


def _scale_factors(data, q, n):
    if q is None:
        return np.ones(n)
    values = np.asarray(pick(data, q) if isinstance(q, str) else q, dtype=float)
    if values.shape != (n,) or not np.all(np.isfinite(values) & (values > 0)):
        raise DataError("q must hold one finite factor above 0 per row.")
    return values


def _columns(parts):
    """Constraint variables in order: (names, levels), levels None for a numeric column."""
    found = {}
    for totals in parts.values():
        if not hasattr(totals, "items") or len(totals) == 0:
            raise DataError("totals must be a non-empty mapping {column: total or {level: total}}.")
        for key, value in totals.items():
            levels = tuple(_names(level) for level in value.keys()) if hasattr(value, "keys") else None  # noqa: SIM118
            known = found.setdefault(_names(key), levels)
            if (known is None) != (levels is None):
                raise DataError(f"{key!r} has levels in one partition and a single total in another.")
            if levels is not None:
                found[_names(key)] = tuple(dict.fromkeys((*known, *levels)))
    return list(found.items())


def _targets(columns, totals):
    """Totals (p,) of one partition in column order, NaN where it has none, and the names of the columns."""
    values, names = [], []
    entries = {_names(key): value for key, value in totals.items()}
    for variable, levels in columns:
        entry = entries.get(variable)
        cells = (
            [entry] if levels is None else [(entry or {}).get(lv, (entry or {}).get(lv[0], np.nan)) for lv in levels]
        )
        for level, value in zip(levels or ("",), cells, strict=True):
            try:
                number = np.nan if value is None else float(value)
            except (TypeError, ValueError):
                raise DataError(
                    f"the total of {' × '.join(variable)!r} {level or ''} is {value!r}, which is no number."
                ) from None
            if np.isinf(number):
                raise CalibrationError(
                    f"the total of {' × '.join(variable)!r} {level or ''} is {value!r}; totals are finite."
                )
            values.append(number)
            names.append((" × ".join(variable), "" if level == "" else (level if len(level) > 1 else level[0])))
    return np.array(values, dtype=float), names


def _codes(data, columns):
    """Column of the constraint matrix each row counts in, (n, M), and the width."""
    codes, first = [], 0
    for variable, levels in columns:
        codes.append(level_codes(data, variable, levels) + first)
        first += len(levels)
    return np.stack(codes, axis=1), first


def _on_cells(data, columns, parts, partition, base, distance, tol, max_iter, by):
    """All constraints categorical and q = 1: solve on the distinct cells."""
    from .calibration import _collapse

    codes, width = _codes(data, columns)
    cell, row_cell = _collapse(partition, codes, width)
    d = np.bincount(row_cell, base, len(cell))
    x = np.zeros((len(cell), width))
    for m in range(1, cell.shape[1]):
        x[np.arange(len(cell)), cell[:, m]] = 1.0
    g, steps, gap, table = _solve_parts(
        x, d, np.ones(len(cell)), cell[:, 0], columns, parts, distance, tol, max_iter, by
    )
    constraints = Constraints(row_cell, cell[:, 0].copy(), np.ascontiguousarray(cell[:, 1:]), width, base)
    return Calibration(base * g[row_cell], g[row_cell], steps, gap, table, constraints)


def _matrix(data, columns):
    """Calibration variables of the rows, (n, p): 0/1 columns of levels, numeric columns as they are."""
    blocks = []
    for variable, levels in columns:
        if levels is None:
            blocks.append(_numeric(data, variable)[:, None])
        else:
            blocks.append((level_codes(data, variable, levels)[:, None] == np.arange(len(levels))).astype(float))
    return np.concatenate(blocks, axis=1)


def _on_rows(data, columns, parts, partition, base, scale, distance, tol, max_iter, by):
    """Numeric totals or scale factors: solve on rows."""
    x = _matrix(data, columns)
    g, steps, gap, table = _solve_parts(x, base, scale, partition, columns, parts, distance, tol, max_iter, by)
    return Calibration(base * g, g, steps, gap, table, LinearConstraints(partition, x, base * scale))


def _on_clusters(data, cluster, columns, parts, partition, base, scale, distance, tol, max_iter, by):
    """One g per cluster: solve on clusters, whose variables are means over their members."""
    values = pick(data, cluster) if isinstance(cluster, str) else pd.Series(np.asarray(cluster))
    member, labels = pd.factorize(values, sort=False)
    if len(member) != len(base) or (member < 0).any():
        raise DataError(f"cluster must name one cluster per row; {int((member < 0).sum())} rows have none.")
    size = np.bincount(member)
    for what, column in (("initial weights", base), ("partitions", partition.astype(float)), ("scale factors", scale)):
        mean = np.bincount(member, column) / size
        uneven = np.abs(column - mean[member]) > 1e-9 * np.maximum(np.abs(column), 1e-300)
        if uneven.any():
            raise DataError(
                f"{what} differ inside {len(np.unique(member[uneven]))} clusters, the first is "
                f"{labels[member[np.argmax(uneven)]]!r}; one g per cluster needs them equal. Leave cluster out, or level them."
            )
    x = _matrix(data, columns)
    means = np.stack([np.bincount(member, column) for column in x.T], axis=1) / size[:, None]
    first = np.zeros(len(size), np.int64)
    first[member] = np.arange(len(member))
    g, steps, gap, table = _solve_parts(
        means, base[first] * size, scale[first], partition[first], columns, parts, distance, tol, max_iter, by
    )
    g = g[member]
    return Calibration(base * g, g, steps, gap, table, LinearConstraints(partition, means[member], base * scale))


def _numeric(data, variable):
    if len(variable) > 1:
        raise DataError(f"{' × '.join(variable)!r} has one total but several columns; give {{(level, level): total}}.")
    values = pick(data, variable[0])
    if not pd.api.types.is_numeric_dtype(values.dtype) and values.dtype != bool:
        raise DataError(
            f"{variable[0]!r} has one total but is not numeric ({values.dtype}); give {{every level: total}}."
        )
    values = values.to_numpy(dtype=float, na_value=np.nan)
    if not np.all(np.isfinite(values)):
        raise DataError(
            f"{variable[0]!r} is missing or infinite in {int((~np.isfinite(values)).sum())} rows; drop or impute them."
        )
    return values


def _solve_parts(x, d, q, partition, columns, parts, distance, tol, max_iter, by):
    """Solve each partition; g (K,), most steps, largest gap, and the table of targets before and after."""
    g, steps, gap, tables = np.ones(len(x)), 0, 0.0, []
    for p, (label, totals) in enumerate(parts.items()):
        target, names = _targets(columns, totals)
        rows = np.flatnonzero(partition == p)
        where = f" of {by} {label!r}" if by is not None else ""
        present = np.abs(x[rows] * d[rows, None]).sum(axis=0) > 0
        asked = ~np.isnan(target)

        def say(j, names=names, where=where):
            return f"{names[j][0]!r}{f', level {names[j][1]!r}' if names[j][1] != '' else ''}{where}"

        for j in np.flatnonzero(asked & ~present & (np.nan_to_num(target) != 0)):
            raise CalibrationError(
                f"{say(j)} has a total of {target[j]:,.6g} but no respondents with weight. Merge it with another."
            )
        for j in np.flatnonzero(~asked & present):
            raise CalibrationError(f"{say(j)} has respondents but no total. Add it to the totals.")
        use = np.flatnonzero(asked & present)
        found, count, worst = solve(
            x[np.ix_(rows, use)],
            d[rows],
            q[rows],
            target[use],
            distance,
            tol,
            max_iter,
            lambda j, u=use, s=say: s(u[j]),
        )
        g[rows], steps, gap = found, max(steps, count), max(gap, worst)
        tables.append(
            pd.DataFrame(
                {
                    "partition": "" if label is None else str(label),
                    "margin": [a for a, _ in names],
                    "level": [str(b) for _, b in names],
                    "target": target,
                    "before": d[rows] @ x[rows],
                    "after": (d[rows] * found) @ x[rows],
                }
            )
        )
    return g, steps, gap, pd.concat(tables, ignore_index=True)
