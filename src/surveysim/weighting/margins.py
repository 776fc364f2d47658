"""Control totals: of margins, as a mapping or a tidy table, by partition; totals and shares."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, SupportsIndex

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats, Ints, Table
from ..errors import CalibrationError, DataError, SurveysimWarning
from ..files.spelling import spelt_as
from ..guards import sight
from ..tables import Columns, column_names, is_file, kind_of, one_name, pick

CONSISTENT = 1e-6  # margins may disagree by this share
CROSS = " × "  # between the variables of a crossed margin
MISSING = "(missing)"  # what the level of those who did not answer is called
TUPLE = (tuple, list)
MAPPING = (dict, Mapping)  # Mapping alone takes its time
LEVELS = (*MAPPING, pd.Series)  # what has a total for every level
NEARLY = 0.02  # sums this close to 1 or 100, but not consistent with them, are taken for shares gone wrong


@dataclass(frozen=True, eq=False)
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

    def _named(self) -> tuple[Any, ...]:
        return self.by, self.partitions, self.variables, self.labels

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Margins):
            return NotImplemented
        return self._named() == other._named() and np.array_equal(self.total, other.total, equal_nan=True)

    def __hash__(self) -> int:
        return hash(self._named())

    @cached_property
    def first(self) -> Ints:
        """First column of each margin, and the number of columns."""
        return np.concatenate([[0], np.cumsum([len(levels) for levels in self.labels])]).astype(np.int64)

    @cached_property
    def margin_names(self) -> list[str]:
        """What each margin is called."""
        return [CROSS.join(map(str, variable)) for variable in self.variables]

    def name(self, column: int) -> tuple[str, Any]:
        """Margin and level of a column, for messages."""
        m = int(np.searchsorted(self.first, column, side="right")) - 1
        level = self.labels[m][column - self.first[m]]
        return self.margin_names[m], level if len(level) > 1 else level[0]

    @classmethod
    def parse(cls, margins: Any, by: str | None = None, signed: bool = False) -> "Margins":
        """From {column or tuple: {level: total}}, with `by` {partition: that}, or a tidy table variable, level, total.

        Totals below 0 are refused unless `signed`.
        """
        if isinstance(margins, Margins):
            return margins
        by = None if by is None else one_name(by, "by")
        if isinstance(margins, pd.DataFrame) or kind_of(margins) is not None:
            margins = _from_tidy(margins, by)
        if not isinstance(margins, MAPPING) or len(margins) == 0:
            raise DataError(
                "margins must be a mapping with at least one entry {column: {level: total}} or a table with the columns variable, level, "
                f"total; got {type(margins).__name__}."
            )
        parts = margins if by is not None else {None: margins}
        levels, entries = {}, []  # variable → {level: place}; (partition, variable, its level → place, totals)
        for p, (label, part) in enumerate(parts.items()):
            if not isinstance(part, MAPPING):
                raise DataError(
                    f"by={by!r} needs margins for every level, {{level: {{column: {{level: total}}}}}}; {label!r} has {sight(part)}."
                )
            for variable, totals in part.items():
                if not isinstance(totals, LEVELS) or len(totals) == 0:
                    raise DataError(
                        f"margin {variable!r} needs {{level: total}}{f' for every level of {by!r}' if by is not None else ''}; "
                        f"got {sight(totals)}."
                    )
                key = names_of(variable)
                given = [names_of(level) for level in totals.keys()]  # noqa: SIM118 - a Series gives values
                if len(key) > 1:
                    _refuse_uncrossed(key, totals, given)
                known = levels.setdefault(key, {})
                _place_levels(known, given)
                entries.append((p, key, known, totals))
        if len({(p, key) for p, key, _, _ in entries}) < len(entries):
            raise DataError("a variable has two sets of totals, once as a name and once as a tuple; keep one.")
        if len(entries) < len(parts) * len(levels):
            _refuse_partial(by, parts, levels, entries)
        first = np.concatenate([[0], np.cumsum([len(known) for known in levels.values()])])
        total = np.full((len(parts), first[-1]), np.nan)
        starts = dict(zip(levels, first.tolist(), strict=False))
        for p, key, known, totals in entries:
            start = starts[key]
            if len(totals) == len(known) and p == 0:
                at = slice(start, start + len(known))  # the levels in the order just found
            else:
                at = [start + known[names_of(level)] for level in totals.keys()]  # noqa: SIM118
                if len(set(at)) < len(at):
                    raise DataError(
                        f"margin {' × '.join(map(str, key))!r} names a level twice; keep one total per level."
                    )
            total[p, at] = _numbers(totals, key, signed)
        return cls(by, tuple(parts), tuple(levels), tuple(tuple(known) for known in levels.values()), total)

    def reading(self, margins_are: str | None, rescale: Any) -> str:
        """ "totals" or "shares": as said, else shares only if every margin sums to 1 or 100; a mixture raises."""
        guards.choice(margins_are, "margins_are", (None, "totals", "shares"))
        if margins_are is not None or rescale is not None:
            return margins_are or "totals"
        sums = self.sums
        shares = _is_shares(sums)
        if not shares.any():
            return "totals"
        shares |= self._rounded
        if not shares.all():
            m = int(np.argwhere(~shares.all(axis=0))[0][0])
            raise CalibrationError(
                f"some margins sum to 1 or 100 (shares) and {self.margin_names[m]!r} sums to "
                f"{sums[0, m]:,.6g}. Give all as totals or all as shares, or say margins_are=."
            )
        return "shares"

    def refuse_near_shares(self, base: Floats) -> None:
        """Raise where all margins sum to nearly 1 or 100 and the weights (P,) to something else: shares gone wrong."""
        sums = self.sums
        near = (np.abs(sums - 1) <= NEARLY) | (np.abs(sums / 100 - 1) <= NEARLY)
        if near.all() and not np.any(np.abs(sums / base[:, None] - 1) <= 0.5):
            p, m = np.argwhere(near)[0]
            raise CalibrationError(
                f"margin {self.margin_names[m]!r}{self.where(p)} sums to {sums[p, m]:.6g}, which is nearly but not 1 or 100. If "
                f'these are shares, mend them; if they are totals, say margins_are="totals".'
            )

    @cached_property
    def sums(self) -> Floats:
        """Sum of each margin, (P, M)."""
        total = np.nan_to_num(self.total) if np.isnan(self.total).any() else self.total
        with np.errstate(over="ignore"):
            sums = np.add.reduceat(total, self.first[:-1], axis=1)
        if not np.isfinite(sums).all():
            p, m = np.argwhere(~np.isfinite(sums))[0]
            raise CalibrationError(
                f"the totals of margin {self.margin_names[m]!r}{self.where(p)} sum to more than double precision holds; give them in a "
                f"larger unit."
            )
        return sums

    @cached_property
    def _rounded(self):
        """Whether each margin's sum (P, M) is 1 or 100 but for what its numbers lost in print."""
        sums, found = self.sums, np.zeros(self.sums.shape, bool)
        for p, m in np.ndindex(sums.shape):
            values = self.total[p, self.first[m] : self.first[m + 1]]
            values = values[~np.isnan(values)]
            digits = max((guards.decimals(f"{value:.12g}") for value in values), default=0)
            found[p, m] = any(guards.rounded(float(sums[p, m]), whole, len(values), digits) for whole in (1.0, 100.0))
        return found & (sums > 0)

    def _say_rounded(self, at):
        """Say which margins (P, M) are brought to their sum."""
        text = [
            f"{self.margin_names[m]!r}{self.where(p)} sum to {self.sums[p, m]:.8g} by rounding"
            for p, m in np.argwhere(at)
        ]
        if text:
            warnings.warn(
                f"the shares of {', of '.join(text)}, and are divided by that.", SurveysimWarning, stacklevel=5
            )

    def as_totals(self, base: Floats, reading: str, rescale: Any = None) -> tuple[Floats, Floats]:
        """The margins as totals that agree (P, C), and by what each was multiplied (P, M).

        Shares are multiplied by the base weights' sums (P,), whatever they sum to with `rescale`; totals are checked for consistency,
        or follow `rescale`.
        """
        sums, width = self.sums, np.diff(self.first)
        if reading == "shares":
            shares = sums > 0 if rescale is not None else _is_shares(sums)
            if rescale is not None:
                self._rescale_margin(rescale)
            elif not shares.all():
                self._say_rounded(~shares & self._rounded)
                shares |= self._rounded
            if not shares.all():
                p, m = np.argwhere(~shares)[0]
                more = int((~shares).sum()) - 1
                raise CalibrationError(
                    f"the shares of margin {self.margin_names[m]!r}{self.where(p)} sum to {sums[p, m]:.6g}, not to 1 or 100"
                    f"{f' (and {more} margins more)' if more else ''}. Mend them, say rescale=, or give totals."
                )
            factor = base[:, None] / sums
            return self.total * np.repeat(factor, width, axis=1), factor
        reference = sums[:, self._rescale_margin(rescale)] if rescale is not None else sums[:, 0]
        nothing = (sums == 0) & (reference[:, None] == 0)  # a partition without anybody
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(nothing, 1.0, reference[:, None] / sums)
        if rescale is not None and not np.all(np.isfinite(factor)):
            p, m = np.argwhere(~np.isfinite(factor))[0]
            raise CalibrationError(
                f"margin {self.margin_names[m]!r}{self.where(p)} sums to 0, so it cannot follow {rescale!r}. Mend its totals."
            )
        if rescale is None and not np.all(np.abs(1 / factor - 1) <= CONSISTENT):
            gap = np.abs(sums / reference[:, None] - 1)
            p, m = np.unravel_index(np.nanargmax(np.where(np.isnan(gap), np.inf, gap)), gap.shape)
            raise CalibrationError(
                f"margins {self.margin_names[0]!r} and {self.margin_names[m]!r}{self.where(p)} sum to "
                f"{sums[p, 0]:,.6g} and {sums[p, m]:,.6g}; they differ by {100 * (sums[p, m] / sums[p, 0] - 1):.4g} %. Name "
                f"the margin the others follow in rescale=, or mend the totals."
            )
        return self.total * np.repeat(factor, width, axis=1), factor

    def _rescale_margin(self, rescale):
        if not any(
            names_of(rescale) == variable
            for variable in self.variables
            if isinstance(rescale, str | int | tuple | list)
        ):
            raise DataError(f"rescale = {sight(rescale)} is no margin; the margins are {', '.join(self.margin_names)}.")
        return self.variables.index(names_of(rescale))

    def where(self, p: SupportsIndex) -> str:
        """ " of by level", for messages."""
        return f" of {self.by} {self.partitions[p]!r}" if self.by is not None else ""


def _refuse_partial(by, parts, levels, entries):
    """Raise where a partition lacks a margin that others have."""
    there = {(p, key) for p, key, _, _ in entries}
    label, key = next((label, key) for p, label in enumerate(parts) for key in levels if (p, key) not in there)
    raise CalibrationError(
        f"{by} {label!r} has no margin {' × '.join(map(str, key))!r}, which others have. Give its totals, or rake these rows by themselves."
    )


def _refuse_uncrossed(key, totals, given):
    """Raise where a level of a cross names more or fewer variables than there are."""
    for level, names in zip(totals.keys(), given, strict=True):
        if len(names) != len(key):
            raise DataError(
                f"margin {' × '.join(map(str, key))!r} crosses {len(key)} variables; its level {level!r} does not."
            )


def _place_levels(known, levels):
    """Add a partition's levels to {level: place}: a new one stands behind the one written before it, so that neighbours stay neighbours."""
    if not known:
        known.update(zip(levels, range(len(levels))))
        return
    new = [k for k, level in enumerate(levels) if level not in known]
    if not new:
        return
    order = list(known)
    for k in new:
        order.insert(order.index(levels[k - 1]) + 1 if k else 0, levels[k])
    known.update({level: place for place, level in enumerate(order)})
    ordered = dict(sorted(known.items(), key=lambda item: item[1]))
    known.clear()
    known.update(ordered)


def names_of(value: Any) -> tuple[Any, ...]:
    """A name, or a tuple of names, as a tuple."""
    return tuple(value) if isinstance(value, TUPLE) else (value,)


def _is_shares(sums):
    """Whether each margin sums to 1 or to 100."""
    return (np.abs(sums - 1) <= CONSISTENT) | (np.abs(sums / 100 - 1) <= CONSISTENT)


def _numbers(totals: Any, variable: tuple[Any, ...], signed: bool) -> Any:
    """Totals of one margin as floats; NaN, infinite or (unless `signed`) negative ones are refused."""
    given = [value for _, value in totals.items()]
    if all(type(value) is float and (0 <= value < np.inf) for value in given):
        return given
    bad = np.array([not (guards.is_finite(value) and (signed or value >= 0)) for value in given])
    if bad.any():
        k = int(np.argmax(bad))
        name = variable[0] if len(variable) == 1 else variable
        raise CalibrationError(
            f"margin {name!r}, level {list(totals.keys())[k]!r}: the total is {sight(given[k])}; totals are finite numbers"
            f"{'' if signed else ', 0 or larger'}. Mend the margins."
        )
    return np.array(given, dtype=float)


def _from_tidy(table, by):
    """{by level: {variable: {level: total}}} from a tidy table; duplicate rows are refused."""
    needed = ["variable", "level", "total", *([by] if by is not None else [])]
    absent = [name for name in needed if name not in column_names(table)]
    if absent:
        raise DataError(f"the margins table has no column {absent[0]!r}; it needs {', '.join(map(str, needed))}.")
    table = pd.DataFrame({name: pick(table, name).reset_index(drop=True) for name in needed})
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


def of_file(data: Table, margins: Margins, weight: Any) -> tuple[Any, Margins, Any]:
    """What weighting needs of a survey file, whose levels have the margins' names: labels or codes, both as text; other tables as they
    are."""
    if not is_file(data):
        return data, margins, weight
    labels = tuple(tuple(tuple(map(spelt_as, level)) for level in levels) for levels in margins.labels)
    parts = tuple(p if p is None else spelt_as(p) for p in margins.partitions)
    wanted: dict[Any, set[Any]] = {} if margins.by is None else {margins.by: set(parts)}
    for variable, levels in zip(margins.variables, labels, strict=True):
        for k, name in enumerate(variable):
            wanted.setdefault(name, set()).update(level[k] for level in levels)
    if wanted:
        table = Columns({name: data.named(name, levels) for name, levels in wanted.items()})
    else:
        table = data
    weight = data.numbers(weight) if isinstance(weight, str) else weight
    return table, replace(margins, labels=labels, partitions=parts), weight
