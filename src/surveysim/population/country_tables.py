"""The tables that a country is made from: read, and refused where they leave something open or contradict each other."""

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Array, Floats, Ints
from ..errors import DataError, UnknownNameError
from ..tables import framed
from . import domains

MOST_CELLS = 65_536  # an alias is 16 bits
TOLERANCE = 1e-6  # how far margins of a stratum may disagree, relative
RESERVED = ("person_id", "household_id", "household_size", "n_lines", "persons")


def refuse_names(names: Sequence[Any], stratum: Any) -> None:
    """Variables and outcomes need names of their own."""
    for name in names:
        if name in (*RESERVED, stratum) or names.count(name) > 1 or not isinstance(name, str):
            raise DataError(
                f"{name!r} cannot name a variable or an outcome: it names something else, or two. Taken are "
                f"{', '.join((*RESERVED, stratum))}."
            )


def _pandas(data: Any, columns: Collection[Any], what: str) -> pd.DataFrame:
    table = framed(data, what).to_pandas()
    missing = [c for c in columns if c not in table]
    if missing:
        raise DataError(f"{what} lacks the column {missing[0]!r}; it has {', '.join(map(str, table.columns))}.")
    return table


def _variables(table: pd.DataFrame, besides: Collection[Any], levels: Mapping[str, Any], what: str) -> list[Any]:
    """The variables that a table names in its columns; refuses those without a margin."""
    named = [c for c in table if c not in besides]
    unknown = [c for c in named if c not in levels]
    if unknown:
        raise UnknownNameError(f"{what} names {unknown[0]!r}, which is no margin; there are {', '.join(levels)}.")
    return named


def _numbers(table, column, what, low=0.0, high=np.inf):
    """A column as numbers; refuses missing ones and those outside low to high."""
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
    bad = ~((values >= low) & (values <= high) & np.isfinite(values))
    if bad.any():
        row = table[bad].iloc[0].to_dict()
        raise DataError(
            f"{what}: {int(bad.sum())} of {len(table)} rows have no usable {column} (a number from {low:g}"
            f"{f' to {high:g}' if high < np.inf else ''}); the first is {row}."
        )
    return values


def read_lines(lines: Any, strata: Sequence[Any]) -> Array:
    """2**32 × the share of households with a landline, by stratum."""
    if lines is None:
        return np.zeros(len(strata), np.uint64)
    rates = [lines.get(s) for s in strata] if hasattr(lines, "get") else [lines] * len(strata)
    for s, rate in zip(strata, rates):
        guards.number(
            rate, f"lines in {s}", 0, 1, remedy="It is the share of households with a landline, for every stratum."
        )
    return np.rint(np.array(rates, dtype=float) * 2.0**32).astype(np.uint64)


def read_margins(margins: Any, stratum: str) -> tuple[tuple[Any, ...], dict[Any, list[Any]], list[dict[str, Floats]]]:
    """Strata, levels by variable, and for each stratum {variable: totals (L,)}; checked for gaps and disagreement."""
    table = _pandas(margins, (stratum, "variable", "level", "total"), "margins")
    for column in (stratum, "variable", "level"):
        lost = table[column].isna().to_numpy()
        if lost.any():
            raise DataError(
                f"margins: {column!r} is missing in {int(lost.sum())} of {len(table)} rows; the first is row "
                f"{int(np.argmax(lost))}. Fill it or drop the rows."
            )
    table = table.assign(total=_numbers(table, "total", "margins"))
    strata = tuple(table[stratum].drop_duplicates())
    levels = {v: list(part["level"].drop_duplicates()) for v, part in table.groupby("variable", sort=False)}
    for v, labels in levels.items():
        if len(set(map(str, labels))) < len(labels):
            raise DataError(f'margins: {v!r} has levels that read the same, such as 1 and "1"; give them one type.')
    cells = math.prod(len(x) for x in levels.values())
    if cells > MOST_CELLS:
        raise DataError(
            f"margins: {len(levels)} variables make {cells:,} cells; the most is {MOST_CELLS:,}. Merge levels or leave a variable out."
        )
    parts = dict(tuple(table.groupby(stratum, sort=False)))
    return strata, levels, [_one_stratum(parts[s], s, levels, stratum) for s in strata]


def _one_stratum(part, s, levels, stratum):
    """{variable: totals (L,)} of one stratum, checked."""
    wide = {}
    for v, labels in levels.items():
        rows = part[part["variable"] == v]
        found = dict(zip(map(str, rows["level"]), rows["total"]))
        if len(rows) != len(labels) or set(found) != set(map(str, labels)):
            raise DataError(
                f"margins: {stratum} {s} must have every level of {v!r} once: {', '.join(map(str, labels))}."
            )
        wide[v] = np.array([found[str(label)] for label in labels])
    sums = {v: x.sum() for v, x in wide.items()}
    low, high = min(sums, key=sums.__getitem__), max(sums, key=sums.__getitem__)
    if sums[high] - sums[low] > TOLERANCE * sums[high]:
        raise DataError(
            f"margins of {stratum} {s} disagree: {high!r} adds up to {sums[high]:,.0f} persons, {low!r} to {sums[low]:,.0f}, "
            f"{sums[high] - sums[low]:,.0f} less. Make them consistent first."
        )
    if 0 < sums[high] <= 1.0001 and len(levels):
        raise DataError(
            f"margins of {stratum} {s} add up to {sums[high]:g}: totals are persons, not shares. Multiply them."
        )
    return wide


def read_association(association: Any, levels: Mapping[str, Sequence[Any]]) -> Floats:
    """The association before the fit, shape (levels of each variable)."""
    shape = tuple(len(x) for x in levels.values())
    if association is None:
        return np.ones(shape)
    table = _pandas(association, ("weight",), "association")
    named = _variables(table, ("weight",), levels, "association")
    small = np.zeros([len(levels[v]) for v in named])
    codes = [domains.label_codes(levels[v], list(table[v]), v) for v in named]
    if not named:
        raise DataError(f"association has no variable besides weight; there are {', '.join(levels)}.")
    np.add.at(small, tuple(codes), _numbers(table, "weight", "association"))
    if not small.any():
        raise DataError("association: every weight is 0, so nobody fits anywhere.")
    order = sorted(range(len(named)), key=lambda i: list(levels).index(named[i]))
    small = np.transpose(small, order)
    return np.broadcast_to(small.reshape([len(x) if v in named else 1 for v, x in levels.items()]), shape).copy()


def read_rates(rates: Any, levels: Mapping[str, Sequence[Any]]) -> tuple[tuple[str, ...], Array]:
    """Names of the outcomes and 2**32 × their probability by cell (K, J)."""
    shape = tuple(len(x) for x in levels.values())
    table = pd.DataFrame(columns=["outcome", "rate"]) if rates is None else _pandas(rates, ("outcome", "rate"), "rates")
    rate = _numbers(table, "rate", "rates", 0.0, 1.0)
    if len(table) == 0:
        return (), np.zeros((0, math.prod(shape)), np.uint64)
    variables = _variables(table, ("outcome", "rate"), levels, "rates")
    names: tuple[Any, ...] = tuple(dict.fromkeys(table["outcome"]))
    result = np.full((len(names), *shape), np.nan)
    for row, value in zip(table.to_dict("records"), rate):
        place: list[Any] = [slice(None)] * len(shape)
        for v in variables:
            if not pd.isna(row[v]) and row[v] != "":
                place[list(levels).index(v)] = domains.label_codes(levels[v], row[v], v)[0]
        result[(names.index(row["outcome"]), *place)] = value
    open_ = np.isnan(result).reshape(len(names), -1).any(axis=1)
    if open_.any():
        raise DataError(
            f"rates: outcome {names[int(np.argmax(open_))]!r} has no rate for some cells; add a row that names no variable."
        )
    return names, np.rint(result.reshape(len(names), -1) * 2.0**32).astype(np.uint64)


def read_sizes(household_sizes: Any, persons: Ints) -> tuple[Ints, Floats]:
    """Sizes of households and the share of households that each has; persons : of every stratum."""
    try:
        given = {1: 1.0} if household_sizes is None else dict(household_sizes)
        shares = {int(k): float(v) for k, v in given.items()}
        good = bool(shares) and all(int(k) == float(k) >= 1 for k in given) and all(v >= 0 for v in shares.values())
    except (TypeError, ValueError):
        good = False
    if not good or not 0 < sum(shares.values()) < np.inf:
        raise DataError(
            f"household_sizes = {household_sizes!r}: give {{size: share of households}}, sizes 1, 2, … and shares 0 or more."
        )
    if max(shares) > max(int(persons.max(initial=0)), 1):
        raise DataError(
            f"household_sizes: households of {max(shares)} do not fit into strata of {int(persons.max()):,} persons."
        )
    sizes = np.array(sorted(shares))
    return sizes, np.array([shares[k] for k in sizes]) / sum(shares.values())


def refuse_other_sums(
    file: Any, names: Sequence[str], margins: Sequence[Any], areas: Any, levels: Mapping[str, Any]
) -> None:
    """Margins of an area agree on the variables that they share, or on their sum, or are off by what rounding explains."""
    for (one, (places, first)), (other, (also, second)) in itertools.combinations(zip(names, margins, strict=True), 2):
        shared = [place for place in places if place in also]
        low, high = (_summed(t, at, shared) for t, at in ((first, places), (second, also)))
        persons = np.maximum(*(t.reshape(len(areas), -1).sum(axis=1) for t in (low, high)))
        off = np.abs(low - high) > (1e-4 * persons + 1).reshape(-1, *(1 for _ in shared))
        if off.any():
            a, *at = np.argwhere(off)[0]
            of = "".join(f" {list(levels)[p]}={list(levels.values())[p][k]}" for p, k in zip(shared, at, strict=True))
            raise DataError(
                f"{file}: area {areas[a]!r}:{of} {one!r} adds up to {low[(a, *at)]:,.0f} persons, {other!r} to {high[(a, *at)]:,.0f}. "
                "Totals are persons, and all margins of an area have the same sum; make them consistent first (weighting.reconcile does)."
            )
    empty = [a for a, n in zip(areas, margins[0][1].reshape(len(areas), -1).sum(axis=1), strict=True) if n < 1]
    if empty:
        raise DataError(f"{file}: area {empty[0]!r} has no persons; leave it out of areas.csv, too.")


def _summed(totals, places, shared):
    """Totals (areas, levels of the shared variables) of a margin."""
    return totals.sum(axis=tuple(1 + k for k, place in enumerate(places) if place not in shared))
