"""Calibration: move weights as little as needed to meet known population totals.

Sees respondents only, never the population, so it works unchanged on real data. Rows collapse to margin cells: one pass
codes them and sums their weights, the solve runs on cells, one pass writes the weights.
Notation follows Deville & Särndal (1992), JASA 87:376-382.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..errors import CalibrationError, DataError
from ..kernels import raking

MOST_DENSE_CELLS = 5_000_000
CONSISTENT = 1e-6  # margins may disagree by this share


@dataclass(frozen=True, slots=True)
class Margins:
    """Control totals, parsed: for every partition one table of totals per margin.

    Attributes
    ----------
    by : column whose levels are partitions, or None. partitions : their labels, (P,).
    variables : tuple of column tuples, one per margin. labels : their levels (tuples of labels), in column order.
    total : (P, C) totals, the columns of all margins side by side; NaN where a partition has no such level.
    """

    by: str | None
    partitions: tuple
    variables: tuple
    labels: tuple
    total: np.ndarray

    @property
    def first(self):
        """First column of each margin, and the number of columns."""
        return np.concatenate([[0], np.cumsum([len(levels) for levels in self.labels])]).astype(np.int64)

    def name(self, column):
        """Margin and level of a column, for messages."""
        m = int(np.searchsorted(self.first, column, side="right")) - 1
        level = self.labels[m][column - self.first[m]]
        return " × ".join(self.variables[m]), level if len(level) > 1 else level[0]

    @classmethod
    def parse(cls, margins, by=None):
        """From {column or tuple: {level: total}}, with `by` {partition: that}, or a tidy table variable, level, total."""
        if isinstance(margins, Margins):
            return margins
        if hasattr(margins, "columns"):
            margins = _from_tidy(margins, by)
        if not isinstance(margins, Mapping) or not margins:
            raise DataError(
                "margins must be a mapping {column: {level: total}} or a table with the columns variable, level, "
                f"total; got {type(margins).__name__}."
            )
        parts = margins if by is not None else {None: margins}
        variables = tuple(dict.fromkeys(_names(v) for part in parts.values() for v in part))
        labels = tuple(
            tuple(
                dict.fromkeys(
                    _names(level)
                    for part in parts.values()
                    for v, levels in part.items()
                    if _names(v) == variable
                    for level in levels
                )
            )
            for variable in variables
        )
        first = np.concatenate([[0], np.cumsum([len(levels) for levels in labels])])
        total = np.full((len(parts), first[-1]), np.nan)
        for p, part in enumerate(parts.values()):
            for v, levels in part.items():
                m = variables.index(_names(v))
                for level, value in levels.items():
                    total[p, first[m] + labels[m].index(_names(level))] = _number(value, v, level)
        return cls(by, tuple(parts), variables, labels, total)

    def as_totals(self, base, margins_are, rescale):
        """The margins as totals that agree: shares times the base weights (P,), or totals checked for consistency."""
        sums = np.stack(
            [np.nansum(self.total[:, a:b], axis=1) for a, b in zip(self.first[:-1], self.first[1:])], axis=1
        )
        is_one, is_100 = (np.abs(sums / s - 1) <= CONSISTENT for s in (1, 100))
        shares = is_one | is_100
        if rescale is not None and margins_are is None:
            margins_are = "totals"
        if margins_are is None:
            if shares.any() and not shares.all():
                m = int(np.argwhere(~shares.all(axis=0))[0][0])
                raise CalibrationError(
                    f"some margins sum to 1 or 100 (shares) and {' × '.join(self.variables[m])!r} sums to "
                    f"{sums[0, m]:,.6g}. Give all as totals or all as shares, or say margins_are=."
                )
            margins_are = "shares" if shares.all() else "totals"
        if margins_are not in ("totals", "shares"):
            raise DataError(f'margins_are = {margins_are!r}: choose "totals" or "shares".')
        total, width = self.total.copy(), np.diff(self.first)
        if margins_are == "shares":
            if not shares.all():
                p, m = np.argwhere(~shares)[0]
                raise CalibrationError(
                    f"the shares of margin {' × '.join(self.variables[m])!r}{self._where(p)} sum to "
                    f"{sums[p, m]:.6g}, not to 1 or 100. Mend them, or give totals."
                )
            return total / np.repeat(sums, width, axis=1) * base[:, None]
        reference = sums[:, self._rescale_margin(rescale)] if rescale is not None else sums[:, 0]
        gap = np.abs(sums / reference[:, None] - 1)
        if rescale is None and not np.all(gap <= CONSISTENT):
            p, m = np.unravel_index(np.nanargmax(np.where(np.isnan(gap), np.inf, gap)), gap.shape)
            raise CalibrationError(
                f"margins {' × '.join(self.variables[0])!r} and {' × '.join(self.variables[m])!r}{self._where(p)} sum to "
                f"{sums[p, 0]:,.6g} and {sums[p, m]:,.6g}; they differ by {100 * (sums[p, m] / sums[p, 0] - 1):.4g} %. Name "
                f"the margin the others follow in rescale=, or mend the totals."
            )
        return total * np.repeat(reference[:, None] / sums, width, axis=1)

    def _rescale_margin(self, rescale):
        if _names(rescale) not in self.variables:
            raise DataError(
                f"rescale = {rescale!r} is no margin; the margins are "
                f"{', '.join(' × '.join(v) for v in self.variables)}."
            )
        return self.variables.index(_names(rescale))

    def _where(self, p):
        return f" of {self.by} {self.partitions[p]!r}" if self.by is not None else ""


def _names(value):
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _number(value, variable, level):
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not (np.isfinite(number) and number >= 0):
        raise CalibrationError(
            f"margin {variable!r}, level {level!r}: the total is {value!r}; totals are finite numbers, 0 or "
            f"larger. Mend the margins."
        )
    return number


def _from_tidy(table, by):
    """{by level: {variable: {level: total}}} from a tidy table; duplicate rows are refused."""
    import narwhals as nw

    table = nw.from_native(table).to_pandas()
    needed = ["variable", "level", "total", *([by] if by is not None else [])]
    absent = [name for name in needed if name not in table.columns]
    if absent:
        raise DataError(f"the margins table has no column {absent[0]!r}; it needs {', '.join(needed)}.")
    keys = [by, "variable", "level"] if by is not None else ["variable", "level"]
    twice = table.duplicated(keys)
    if twice.any():
        row = table[twice].iloc[0]
        raise DataError(
            f"the margins table has {int(twice.sum())} duplicate rows; the first is variable {row['variable']!r}, "
            f"level {row['level']!r}. Keep one total per level."
        )
    nested = {}
    for row in table.to_dict("records"):
        part = nested.setdefault(row[by], {}) if by is not None else nested
        part.setdefault(row["variable"], {})[row["level"]] = row["total"]
    return nested


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a calibration held fixed, for variance estimation: rows in margin cells, cells in columns of a partition."""

    cell: np.ndarray  # (n,) int64
    partition: np.ndarray  # (K,) int64 of each cell
    column: np.ndarray  # (K, M) int64, of `width` columns
    width: int
    base: np.ndarray  # (n,) weights before


@dataclass(frozen=True)
class Calibration:
    """Calibrated weights and how they came about.

    Attributes
    ----------
    weight, g : (n,) final weights in the totals' unit, and their ratio to the initial ones.
    converged : bool, always True (a calibration that does not converge raises). iterations : sweeps, the most of any partition.
    max_gap : largest relative gap between a margin recomputed from `weight` and its total.
    deff_kish : 1 + cv² of the weights. margins : table partition, margin, level, target, before, after, respondents.
    constraints : what `Survey` needs to give the calibrated variance.
    """

    weight: np.ndarray
    g: np.ndarray
    converged: bool
    iterations: int
    max_gap: float
    margins: pd.DataFrame = field(repr=False)
    constraints: Constraints = field(repr=False)

    @property
    def deff_kish(self):
        return deff_kish(self.weight)

    def summary(self):
        """One line: sweeps, largest gap, range of g, Kish's design effect, effective n."""
        n = len(self.weight)
        return (
            f"raked {n:,} weights in {self.iterations} sweeps, largest gap {self.max_gap:.1e}; g from {self.g.min():.3f} to "
            f"{self.g.max():.3f}, Kish deff {self.deff_kish:.3f}, effective n {n / self.deff_kish:,.0f}"
        )


def deff_kish(weight):
    """Kish's (1965) design effect of weighting, 1 + cv² = n Σw² / (Σw)²."""
    weight = np.asarray(weight, dtype=float)
    return float(len(weight) * np.sum(weight**2) / np.sum(weight) ** 2)


def base_weights(data, weight, n):
    """Initial weights (n,) from a column name, an array or None; finite, not negative, not all zero."""
    if weight is None:
        return np.ones(n)
    values = pick(data, weight) if isinstance(weight, str) else weight
    try:
        values = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"weight {weight if isinstance(weight, str) else 'array'!r} is not numeric: {error}.") from None
    if values.shape != (n,):
        raise DataError(f"weight has shape {values.shape}; the table has {n} rows.")
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        raise DataError(
            f"{int(bad.sum())} of {n} weights are missing, infinite or negative; the first is "
            f"{values[bad][0]!r} in row {int(np.argmax(bad))}."
        )
    if not values.sum() > 0:
        raise DataError(f"all {n} weights are zero, so no total can be met.")
    return values


def pick(data, name):
    """One column of a pandas, polars or pyarrow table, as a pandas Series."""
    if isinstance(data, pd.DataFrame):
        columns, series = data.columns, (lambda: data[name])
    else:
        import narwhals as nw

        frame = nw.from_native(data, eager_only=True)
        columns, series = frame.columns, (lambda: frame.get_column(name).to_pandas())
    if name not in columns:
        near = difflib.get_close_matches(str(name), [str(c) for c in columns], 1)
        raise DataError(f"the table has no column {name!r}{f'; did you mean {near[0]!r}?' if near else '.'}")
    return series()


def level_codes(data, variable, labels):
    """Index (n,) of each row's level in `labels`; raises where a value is missing or has no total."""
    codes = None
    for position, name in enumerate(variable):
        part = [level[position] for level in labels]
        known = {label: k for k, label in enumerate(dict.fromkeys(part))}
        one = _column_codes(pick(data, name), known, name)
        codes = one if codes is None else codes * len(known) + one
        last = known
    if len(variable) == 1:
        return codes
    grids = [list(dict.fromkeys(level[i] for level in labels)) for i in range(len(variable))]
    lookup = np.full(int(np.prod([len(g) for g in grids])), -1)
    for k, level in enumerate(labels):
        at = 0
        for grid, label in zip(grids, level):
            at = at * len(grid) + grid.index(label)
        lookup[at] = k
    del last
    result = lookup[codes]
    if (result < 0).any():
        row = int(np.argmax(result < 0))
        at = np.unravel_index(codes[row], [len(g) for g in grids])
        raise CalibrationError(
            f"{int((result < 0).sum())} respondents are in {' × '.join(variable)} = "
            f"{tuple(g[i] for g, i in zip(grids, at))!r}, which has no total. Add it to the margins."
        )
    return result


def _column_codes(series, known, name):
    if isinstance(series.dtype, pd.CategoricalDtype):
        categories, codes = series.cat.categories, series.cat.codes.to_numpy()
    else:
        codes, categories = pd.factorize(series, sort=False)
    missing = codes < 0
    if missing.any():
        raise CalibrationError(
            f"raking variable {name!r} is missing in {int(missing.sum())} rows, the first is row "
            f"{int(np.argmax(missing))}. Impute it, give missing its own level and total, or drop the rows."
        )
    image = np.array([known.get(c, -1) for c in categories], dtype=np.int64)
    result = image[codes] if len(image) else np.zeros(len(codes), np.int64)
    unknown = result < 0
    if unknown.any():
        label = categories[codes[np.argmax(unknown)]]
        label = label.item() if isinstance(label, np.generic) else label
        raise CalibrationError(
            _no_total(name, label, int((np.asarray(codes) == list(categories).index(label)).sum()), known)
        )
    return result


def _no_total(name, label, rows, known):
    near = [k for k in known if str(k).strip() == str(label).strip()] or difflib.get_close_matches(
        str(label), [str(k) for k in known], 1
    )
    hint = f" Did you mean {near[0]!r}" if near else ""
    if near and type(near[0]) is not type(label):
        hint += f" (the data have {type(label).__name__}, the margins {type(near[0]).__name__})"
    return (
        f"{rows} respondents have {name} = {label!r}, which has no total.{hint + '?' if hint else ''} Add it to the margins, "
        f"or recode the data."
    )


def rake(data, margins, *, weight=None, by=None, margins_are=None, rescale=None, tol=1e-9, max_iter=1000):
    """Rake weights to the known totals of categorical margins.

    Parameters
    ----------
    data : DataFrame (pandas, polars or pyarrow) of n respondents, with every margin's column.
    margins : {column or tuple of columns: {level: total}}, or a tidy table with the columns variable, level, total; with
        `by`, {by level: margins} or a tidy table that has that column too.
    weight : column name or array (n,), what each respondent stands for, >= 0; None means 1.
    by : column of partitions, each raked on its own.
    margins_are : "totals" or "shares" (of the base weights' sum); None: shares if every margin sums to 1 or 100.
    rescale : margin whose sum the others follow where totals disagree by more than 1e-6.
    tol : largest relative gap allowed between a weighted total and its target.
    max_iter : most sweeps.

    Returns
    -------
    Calibration, whose `weight` has shape (n,) in the unit of the totals; `data` is left untouched.

    Raises
    ------
    CalibrationError : a level has a total but no respondents, or respondents but no total; a raking variable is missing;
        margins disagree; `max_iter` leaves a gap above `tol`.
    DataError : a column is absent, weights are unusable, the margins are malformed.

    References
    ----------
    Deming & Stephan (1940), Ann. Math. Stat. 11:427-444; Deville, Särndal & Sautory (1993), JASA 88:1013-1020.
    """
    targets = Margins.parse(margins, by)
    check_solver(tol, max_iter)
    n = len(data)
    if n == 0:
        raise DataError("the table has no rows, so there is nothing to rake.")
    base = base_weights(data, weight, n)
    partition = np.zeros(n, np.int64)
    if targets.by is not None:
        partition = level_codes(data, (targets.by,), [(p,) for p in targets.partitions])
    codes = (
        np.stack(
            [level_codes(data, variable, labels) for variable, labels in zip(targets.variables, targets.labels)], axis=1
        )
        + targets.first[:-1]
    )
    total = targets.as_totals(np.bincount(partition, base, len(targets.partitions)), margins_are, rescale)
    return rake_codes(targets, partition, codes, base, total, tol, max_iter)


def check_solver(tol, max_iter):
    """Refuse a tolerance or a number of sweeps under which anything would count as converged."""
    if not 0 < tol < 1:
        raise DataError(f"tol = {tol!r}: give a relative gap between 0 and 1, such as 1e-9.")
    if isinstance(max_iter, bool) or max_iter != int(max_iter) or max_iter < 1:
        raise DataError(f"max_iter = {max_iter!r}: give a whole number of sweeps, 1 or more.")


def rake_codes(targets, partition, codes, base, total, tol=1e-9, max_iter=1000):
    """Rake rows that are already coded: `codes` (n, M) are columns of `total` (P, C). See `rake`."""
    P, C = total.shape
    _check_support(targets, partition, codes, base, total)
    total = np.nan_to_num(total)
    cell, row_cell = _collapse(partition, codes, C)
    weight = np.bincount(row_cell, base, len(cell))
    order_start = np.searchsorted(cell[:, 0], np.arange(P + 1)).astype(np.int64)
    factor, sweeps, gap, worst = np.ones(len(cell)), np.zeros(P, np.int64), np.full(P, np.inf), np.zeros(P, np.int64)
    raking.rake(
        weight, np.ascontiguousarray(cell[:, 1:]), order_start, total, tol, max_iter, factor, sweeps, gap, worst
    )
    if not np.all(gap <= tol):
        p = int(np.argmax(np.where(np.isnan(gap), np.inf, gap)))
        variable, level = targets.name(int(worst[p]))
        raise CalibrationError(
            f"raking{targets._where(p)} stopped after {sweeps[p]} sweeps: margin {variable!r}, level {level!r} is still off by "
            f"{100 * gap[p]:.3g} % (tol {tol:.1e}). Empty combinations may make these margins impossible together; merge "
            f"levels, or raise max_iter."
        )
    g = factor[row_cell]
    final = base * g
    return Calibration(
        final,
        g,
        True,
        int(sweeps.max(initial=0)),
        float(gap.max(initial=0.0)),
        _before_after(targets, partition, codes, base, final, total),
        Constraints(row_cell, cell[:, 0].copy(), np.ascontiguousarray(cell[:, 1:]), C, base),
    )


def _collapse(partition, codes, C):
    """Margin cells (K, 1 + M) sorted by partition, and the cell of each row; dense mixed-radix codes where they fit."""
    low = codes.min(axis=0)
    radix = codes.max(axis=0) - low + 1
    size = (int(partition.max()) + 1) * int(np.prod(radix.astype(float)))
    if size > MOST_DENSE_CELLS:
        return np.unique(np.column_stack([partition, codes]), axis=0, return_inverse=True)
    index = partition.copy()
    for m in range(codes.shape[1]):
        index = index * radix[m] + (codes[:, m] - low[m])
    present = np.flatnonzero(np.bincount(index, minlength=size))
    row_cell = np.empty(size, np.int64)
    row_cell[present] = np.arange(len(present))
    grid = np.stack(np.unravel_index(present, (int(partition.max()) + 1, *radix)), axis=1)
    grid[:, 1:] += low
    return grid, row_cell[index]


def _check_support(targets, partition, codes, base, total):
    """Every level with a total needs respondents with weight, and every respondent's level a total."""
    P, C = total.shape
    rows = np.zeros((P, C))
    for m in range(codes.shape[1]):
        rows += np.bincount(partition * C + codes[:, m], base, P * C).reshape(P, C)
    empty = np.nan_to_num(total) > 0
    empty &= ~(rows > 0)
    if empty.any():
        p, c = np.argwhere(empty)[0]
        variable, level = targets.name(int(c))
        raise CalibrationError(
            f"margin {variable!r}, level {level!r}{targets._where(p)} has a total of {total[p, c]:,.6g} but no "
            f"respondents with weight ({int(empty.sum())} such levels). Merge it with a neighbour."
        )
    lost = (rows > 0) & ~(np.nan_to_num(total) > 0)
    if lost.any():
        p, c = np.argwhere(lost)[0]
        variable, level = targets.name(int(c))
        value = "no total" if np.isnan(total[p, c]) else "a total of 0"
        raise CalibrationError(
            f"margin {variable!r}, level {level!r}{targets._where(p)} has {value} but respondents of weight "
            f"{rows[p, c]:,.6g}. Add its total, merge it, or drop these respondents."
        )


def _before_after(targets, partition, codes, base, final, total):
    P, C = total.shape
    sums = np.zeros((3, P * C))
    for m in range(codes.shape[1]):
        at = partition * C + codes[:, m]
        for k, values in enumerate((base, final, None)):
            sums[k] += np.bincount(at, values, P * C)
    names = [targets.name(c) for c in range(C)]
    return pd.DataFrame(
        {
            "partition": np.repeat(["" if p is None else str(p) for p in targets.partitions], C),
            "margin": [name for name, _ in names] * P,
            "level": [str(level) for _, level in names] * P,
            "target": total.ravel(),
            "before": sums[0],
            "after": sums[1],
            "respondents": sums[2].astype(np.int64),
        }
    )
