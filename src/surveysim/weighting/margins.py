"""Control totals and the coding of tables to their levels."""

import difflib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import CalibrationError, DataError

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
        if not hasattr(margins, "items") or len(margins) == 0:
            raise DataError(
                "margins must be a mapping {column: {level: total}} or a table with the columns variable, level, "
                f"total; got {type(margins).__name__}."
            )
        parts = margins if by is not None else {None: margins}
        levels = {}  # variable → {level: place}
        for label, part in parts.items():
            if not hasattr(part, "items"):
                raise DataError(
                    f"by={by!r} needs margins for every level, {{level: {{column: {{level: total}}}}}}; {label!r} has {part!r}."
                )
            for variable, totals in part.items():
                if not hasattr(totals, "keys") or len(totals) == 0:
                    raise DataError(
                        f"margin {variable!r} needs {{level: total}}{f' for every level of {by!r}' if by is not None else ''}; "
                        f"got {totals!r}."
                    )
                known = levels.setdefault(_names(variable), {})
                for level in totals.keys():  # noqa: SIM118 - a Series iterates over its values
                    known.setdefault(_names(level), len(known))
        first = np.concatenate([[0], np.cumsum([len(known) for known in levels.values()])])
        total = np.full((len(parts), first[-1]), np.nan)
        starts = dict(zip(levels, first.tolist(), strict=False))
        for p, part in enumerate(parts.values()):
            for variable, totals in part.items():
                key = _names(variable)
                known, start = levels[key], starts[key]
                for level, value in totals.items():
                    total[p, start + known[_names(level)]] = _number(value, variable, level)
        return cls(by, tuple(parts), tuple(levels), tuple(tuple(known) for known in levels.values()), total)

    def _sums(self):
        return np.add.reduceat(np.nan_to_num(self.total), self.first[:-1], axis=1)

    def _is_shares(self):
        """Whether each margin of each partition sums to 1 or to 100, (P, M)."""
        sums = self._sums()
        return (np.abs(sums - 1) <= CONSISTENT) | (np.abs(sums / 100 - 1) <= CONSISTENT)

    def reading(self, margins_are, rescale):
        """ "totals" or "shares": as said, else shares only if every margin sums to 1 or 100; a mixture raises."""
        if margins_are not in (None, "totals", "shares"):
            raise DataError(f'margins_are = {margins_are!r}: choose "totals" or "shares".')
        if margins_are is not None or rescale is not None:
            return margins_are or "totals"
        shares = self._is_shares()
        if shares.any() and not shares.all():
            m = int(np.argwhere(~shares.all(axis=0))[0][0])
            raise CalibrationError(
                f"some margins sum to 1 or 100 (shares) and {' × '.join(self.variables[m])!r} sums to "
                f"{self._sums()[0, m]:,.6g}. Give all as totals or all as shares, or say margins_are=."
            )
        return "shares" if shares.all() else "totals"

    def as_totals(self, base, margins_are, rescale):
        """The margins as totals that agree: shares times the base weights (P,), or totals checked for consistency."""
        sums, shares = self._sums(), self._is_shares()
        margins_are = self.reading(margins_are, rescale)
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
    if len(variable) == 1:
        return codes
    grids = [list(dict.fromkeys(level[i] for level in labels)) for i in range(len(variable))]
    lookup = np.full(int(np.prod([len(g) for g in grids])), -1)
    for k, level in enumerate(labels):
        at = 0
        for grid, label in zip(grids, level):
            at = at * len(grid) + grid.index(label)
        lookup[at] = k
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
