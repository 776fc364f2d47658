"""Margins as they are printed disagree: those of lower priority are fitted to those of higher priority, and every change is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Array, Totals
from ..apportion import over
from ..errors import CalibrationError, DataError
from .margins import Margins, names_of

SWEEPS = 10_000
CLOSE = 1e-12  # relative gap at which fitting stops
CHANGE = 0.02  # largest relative change of a total that is made without asking


@dataclass(frozen=True)
class Reconciled(Margins):
    """`Margins` that agree; changes : table partition, margin, level, before, after, change (relative) of every total that moved."""

    changes: Any = None


def reconcile(
    margins: Totals | Margins,
    order: Sequence[Any] | None = None,
    largest_change: float = CHANGE,
    *,
    by: str | None = None,
) -> Reconciled:
    """Margins that agree on every variable they share, for `rake`.

    A margin is fitted to all margins before it in the order, by proportional fitting to what these say about the variables it shares with
    them, and about everybody where it shares none. The first margin is never changed.

    Parameters
    ----------
    margins : as for `rake`, {column or tuple of columns: {level: total}} or a tidy table; with `by`, by partition.
    order : margins from the highest priority to the lowest; those not named follow as they are written. None: as written.
    largest_change : relative change of a total beyond which they are refused: then more is wrong than rounding.
    by : column of partitions, each reconciled on its own.

    Returns
    -------
    Reconciled, which `rake` and `Rake` take as margins; `changes` is a table of what was changed.

    Raises
    ------
    CalibrationError : a change beyond `largest_change`, a level that one margin has people in and another has not, margins that no
        table can have together; the message names margins, level and gap.
    DataError : malformed margins, an order that names no margin.

    References
    ----------
    Deming & Stephan (1940), Ann. Math. Stat. 11:427-444 (proportional fitting); Ireland & Kullback (1968), Biometrika 55:179-188 (it
    changes the table least).

    Examples
    --------
    The men of the second margin are 49 and 51 of those of the first, 100.

    >>> import surveysim as ss
    >>> from surveysim.weighting import reconcile
    >>> printed = {"sex": {"m": 100, "f": 101}, ("sex", "age"): {("m", "0"): 49, ("m", "1"): 50, ("f", "0"): 50, ("f", "1"): 51}}
    >>> agreed = reconcile(printed)
    >>> agreed.changes[["margin", "level", "before", "after"]].round(3).values.tolist()
    [['sex × age', '(m, 0)', 49.0, 49.495], ['sex × age', '(m, 1)', 50.0, 50.505]]
    """
    targets = Margins.parse(margins, by)
    limit = guards.number(largest_change, "largest_change", 0, remedy="It is a share, such as 0.02.")
    places = _order(targets, order)
    grids = _grids(targets)
    total, rows = targets.total.copy(), []
    for p in range(len(targets.partitions)):
        tables = {}
        for m in places:
            tables[m] = _fitted(targets, p, m, _table(targets, p, m, grids), tables)
            at = slice(targets.first[m], targets.first[m + 1])
            before = targets.total[p, at]
            after = np.where(np.isnan(before), np.nan, tables[m][_positions(targets, m, grids)])
            moved = np.flatnonzero(np.abs(after - before) > 1e-10 * np.abs(before))
            total[p, at][moved] = after[moved]
            rows += [(p, int(targets.first[m]) + k, before[k], after[k]) for k in moved]
    changes = _changes(targets, rows)
    _refuse_large(targets, changes, limit)
    return Reconciled(targets.by, targets.partitions, targets.variables, targets.labels, total, changes)


def as_asked(margins: Margins, asked: Any) -> Margins:
    """Margins as the option `reconcile` of a raking asks: None as they are; True; a largest change; an order; or a mapping of both."""
    if asked is None or asked is False:
        return margins
    if asked is True:
        return reconcile(margins)
    if guards.is_number(asked):
        return reconcile(margins, largest_change=asked)
    if isinstance(asked, list | tuple):
        return reconcile(margins, list(asked))
    if isinstance(asked, Mapping) and set(asked) <= {"order", "largest_change"}:
        return reconcile(margins, **asked)
    raise DataError(
        f"reconcile = {guards.sight(asked)}: give true, the largest relative change, a list of margins from the highest priority down, "
        f"or {{order, largest_change}}."
    )


def changes_of(margins: Margins) -> pd.DataFrame | None:
    """What was changed of margins that were reconciled; None of others."""
    return getattr(margins, "changes", None)


def _order(targets, order):
    """Indices of all margins, from the highest priority down."""
    places = []
    for name in [] if order is None else order:
        key = names_of(name)
        if key not in targets.variables:
            raise DataError(
                f"order: {guards.sight(name)} is no margin; the margins are {', '.join(targets.margin_names)}."
            )
        if targets.variables.index(key) in places:
            raise DataError(f"order: {guards.sight(name)} is listed twice.")
        places.append(targets.variables.index(key))
    return places + [m for m in range(len(targets.variables)) if m not in places]


def _grids(targets):
    """{variable: its levels in all margins}."""
    grids: dict[Any, dict[Any, int]] = {}
    for variable, labels in zip(targets.variables, targets.labels, strict=True):
        for k, name in enumerate(variable):
            known = grids.setdefault(name, {})
            for level in labels:
                known.setdefault(level[k], len(known))
    return grids


def _positions(targets, m, grids):
    """Where the levels of a margin stand in its table: one array for each of its variables."""
    variable, labels = targets.variables[m], targets.labels[m]
    return tuple(np.array([grids[name][level[k]] for level in labels]) for k, name in enumerate(variable))


def _table(targets, p, m, grids):
    """The totals of a margin in one partition, with an axis for each variable."""
    table = np.zeros([len(grids[name]) for name in targets.variables[m]])
    table[_positions(targets, m, grids)] = np.nan_to_num(targets.total[p, targets.first[m] : targets.first[m + 1]])
    return table


def _fitted(targets, p, m, table, others):
    """The table of margin m fitted to the tables of higher priority {margin: table}."""
    mine = targets.variables[m]
    asked = []
    for j, other in others.items():
        theirs = targets.variables[j]
        shared = [name for name in mine if name in theirs]
        known = _summed(other, theirs, shared)
        _refuse_alone(targets, p, m, j, shared, (_summed(table, mine, shared), known))
        asked.append((tuple(k for k, name in enumerate(mine) if name not in shared), known, j))
    gap = np.inf
    for _ in range(SWEEPS):
        gap, worst = 0.0, None
        for axes, known, j in asked:
            sums = table.sum(axis=axes)
            apart = float(np.max(np.abs(sums - known) / np.maximum(np.max(known), 1e-300), initial=0.0))
            if apart > gap:
                gap, worst = apart, j
            table = table * np.expand_dims(over(known, sums), axes)
        if gap <= CLOSE:
            return table
    raise CalibrationError(
        f"margin {targets.margin_names[m]!r}{targets.where(p)} cannot agree with all margins before it: after {SWEEPS:,} rounds it misses "
        f"{targets.margin_names[worst]!r} by {100 * gap:.3g} % of its largest total. Leave one of the margins out, or merge levels."
    )


def _summed(table: Array, names: Sequence[Any], shared: Sequence[Any]) -> Array:
    """A table summed to some of its variables, in the order asked for."""
    left = [name for name in names if name in shared]
    sums = table.sum(axis=tuple(k for k, name in enumerate(names) if name not in shared))
    return np.transpose(sums, [left.index(name) for name in shared]) if shared else np.asarray(sums)


def _refuse_alone(targets, p, m, j, shared, sums):
    """Refuse levels that have people in one of two margins only."""
    mine, known = sums
    alone = (mine > 0) != (known > 0)
    if not alone.any():
        return
    at = tuple(int(k[0]) for k in np.nonzero(np.atleast_1d(alone)))
    grids = _grids(targets)
    level = [list(grids[name])[k] for name, k in zip(shared, at, strict=False)]
    names = targets.margin_names[m], targets.margin_names[j]
    there, absent = names if np.atleast_1d(mine)[at] > 0 else names[::-1]
    raise CalibrationError(
        f"{' × '.join(map(str, shared)) or 'everybody'} = {', '.join(map(repr, level))} has people in margin {there!r} and none in "
        f"{absent!r}{targets.where(p)}. Give both the same levels, spelt alike."
    )


def _changes(targets, rows):
    """The table of changes."""
    names = [targets.name(c) for _, c, _, _ in rows]
    before, after = (np.array([row[k] for row in rows], dtype=float) for k in (2, 3))
    return pd.DataFrame(
        {
            "partition": ["" if targets.partitions[p] is None else str(targets.partitions[p]) for p, _, _, _ in rows],
            "margin": [name for name, _ in names],
            "level": [
                f"({', '.join(map(str, level))})" if isinstance(level, tuple) else str(level) for _, level in names
            ],
            "before": before,
            "after": after,
            "change": after / before - 1,
        }
    )


def _refuse_large(targets, changes, limit):
    """Refuse changes beyond the limit."""
    far = changes[np.abs(changes["change"]) > limit * (1 + 1e-9)]
    if len(far):
        worst = far.loc[far["change"].abs().idxmax()]
        before, after, change = worst["before"], worst["after"], 100 * worst["change"]
        where = f" of {targets.by} {worst['partition']!r}" if targets.by is not None else ""
        raise CalibrationError(
            f"margin {worst['margin']!r}{where}, level {worst['level']}: {before:,.6g} would become {after:,.6g} to agree with the margins "
            f"before it, {change:+.3g} %; {len(far)} totals change by more than {100 * limit:g} %. Mend the margins, put the surer ones "
            f"first in order, or raise largest_change."
        )
