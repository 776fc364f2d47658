"""What becomes of respondents whose raking variables are missing: refused, left out, or a level of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats, Table
from ..coding import categorical
from ..errors import DataError
from ..tables import Columns, coded, rows_of
from .constraints import Multiplied
from .levels import raking_levels
from .margins import MISSING, Margins
from .problem import base_weights

if TYPE_CHECKING:
    from .problem import Problem

POLICIES = ("fail", "drop", "level")


@dataclass(frozen=True)
class Completed:
    """A table without holes in its raking variables.

    Attributes
    ----------
    data : the raking variables. margins : what they are raked to. base : (n,) initial weights, 0 for rows that are left out.
    policy : what became of the others. kept : (n,) bool, rows that are not left out.
    groups : {(partition, margin): [(known levels, missing levels)]}; the missing levels of a group take their share of its weight.
    """

    data: Columns
    margins: Margins
    base: np.ndarray
    policy: str
    kept: np.ndarray
    groups: dict = field(default_factory=dict)

    @property
    def unknown(self) -> list[int]:
        """Columns of the totals of missing levels, which nobody knows."""
        labels = [level for levels in self.margins.labels for level in levels]
        return [c for c, level in enumerate(labels) if MISSING in level]

    def left_out(self, links: tuple[Any, ...]) -> tuple[Any, ...]:
        """The links of a calibration of the rows that are left, after the step that left the others out."""
        return (Multiplied(self.kept), *links) if self.policy == "drop" and not self.kept.all() else links

    def follow(self, problem: "Problem", total: Floats, shares: bool) -> Floats | None:
        """By how much totals (P, C) move with the initial weight of each row (n, W), or None where they are fixed."""
        if not any(holes for shared in self.groups.values() for _, holes in shared):
            return None
        cells, place = problem.cells, problem.columns
        moves = np.where(place < 0, 0.0, followed(problem, self.groups, total)[:, place])
        if shares:
            moves += problem.shares_of(total)[cells.partition]
        return moves[cells.cell]


def complete(data: Table, margins: Margins, weight: Any, by: str | None, policy: str) -> Completed:
    """A `Completed` table with which rows whose raking variables are missing can be raked.

    "drop" takes their weight away, so that the others stand for everybody. "level" gives them a level of their own, `(missing)`, whose
    total is its share of the initial weights; the totals of the other levels shrink by that share. In a crossed margin that is done
    inside the levels of the variables that are never missing. Where the missing are like the others of their margin neither does
    harm; where they are not, both are biased, and only imputation by what is known helps.
    """
    guards.choice(policy, "missing", POLICIES)
    targets, n = Margins.parse(margins, by), rows_of(data)
    by = targets.by
    base = base_weights(data, weight, n)
    names = list(dict.fromkeys(name for variable in targets.variables for name in variable))
    columns = {name: raking_levels(data, name) for name in names}
    lost = {name: np.asarray(codes) < 0 for name, (codes, _) in columns.items()}
    part = np.zeros(n, np.int64)
    if by is not None:
        codes, labels = coded(data, by)
        place = {label: p for p, label in enumerate(targets.partitions)}
        part = np.array([place.get(label, -1) for label in labels] + [-1])[np.asarray(codes)]
    gone = np.any([*lost.values()], axis=0) & ((policy == "drop") | (base == 0))
    if gone.all():
        raise DataError("every row misses a raking variable, so nobody is left to weight.")
    columns = _stood_in_for(columns, gone, part)
    lost = {name: codes < 0 for name, (codes, _) in columns.items()}
    if policy == "drop":
        filled = Columns(_filled(data, columns, by, keep=True))
        return Completed(filled, targets, np.where(gone, 0.0, base), policy, ~gone)
    shrunk, groups = _shrunk(targets, columns, lost, part, base)
    filled = Columns(_filled(data, columns, by, keep=False))
    return Completed(filled, Margins.parse(shrunk, by), base, policy, np.ones(n, bool), groups)


def _stood_in_for(columns, gone, part):
    """Raking variables in which rows without weight have the levels of a row of their partition that has some, so that they make no
    level or combination that nobody with weight has."""
    stand_in = np.full(int(part.max(initial=0)) + 2, np.flatnonzero(~gone)[0])
    there = np.flatnonzero(~gone)[::-1]
    stand_in[part[there]] = there
    source = np.where(gone, stand_in[part], np.arange(len(gone)))
    return {name: (np.asarray(codes)[source], labels) for name, (codes, labels) in columns.items()}


def _filled(data, columns, by, keep):
    """Categoricals of the raking variables without holes: the first level for rows that stay without, or `(missing)`."""
    filled = {}
    for name, (codes, labels) in columns.items():
        if not keep and MISSING in labels:
            raise DataError(f"{name!r} has a level {MISSING!r} already; recode it.")
        hole = 0 if keep else len(labels)
        kind = pd.CategoricalDtype(list(labels) if keep else [*labels, MISSING])
        filled[name] = pd.Categorical.from_codes(np.where(codes < 0, hole, codes), dtype=kind)
    if by is not None and by not in filled:
        codes, labels = coded(data, by)
        filled[by] = categorical(np.asarray(codes), list(labels))
    return filled


def _shrunk(targets, columns, lost, part, base):
    """Margins by partition with a level for every pattern of missing values that occurs, and the groups they are shared out in."""
    result, groups = {}, {}
    for p, partition in enumerate(targets.partitions):
        mine, result[partition] = np.flatnonzero(part == p), {}
        for m, variable in enumerate(targets.variables):
            total = targets.total[p, targets.first[m] : targets.first[m + 1]]
            known = {level: t for level, t in zip(targets.labels[m], total, strict=True) if t == t}
            whole = [k for k, name in enumerate(variable) if not lost[name][mine].any()]
            entries, shared = dict(known), []
            if len(whole) < len(variable):
                levels = _levels(columns, lost, variable, mine)
                entries, shared = _shared_out(known, levels, base[mine], whole)
            groups[p, m] = shared
            key = variable if len(variable) > 1 else variable[0]
            result[partition][key] = {level if len(level) > 1 else level[0]: t for level, t in entries.items()}
    return (result if targets.by is not None else result[None]), groups


def _levels(columns, lost, variable, rows):
    """The level of each row as a tuple of labels, `(missing)` where there is none."""
    parts = []
    for name in variable:
        codes, labels = columns[name]
        codes = np.asarray(codes)[rows]
        parts.append(np.array([*labels, MISSING], dtype=object)[np.where(lost[name][rows], len(labels), codes)])
    return list(zip(*parts, strict=True))


def _shared_out(known, levels, base, whole):
    """Totals with those of missing levels among them, group by group of the levels of the variables that are never missing."""
    sums = pd.Series(base).groupby(pd.Series(levels, dtype=object)).sum()
    weight: dict[Any, float] = sums[sums > 0].to_dict()
    group = {level: tuple(level[k] for k in whole) for level in (*known, *weight)}
    entries, shared = {}, []
    for g in dict.fromkeys(group[level] for level in known):
        mine = {level: t for level, t in known.items() if group[level] == g}
        sizes = {level: w for level, w in weight.items() if group[level] == g}
        holes = {level: w for level, w in sizes.items() if MISSING in level}
        left = 1 - sum(holes.values()) / sum(sizes.values()) if holes else 1.0
        entries |= {level: t * left for level, t in mine.items()}
        everybody = sum(mine.values())
        entries |= {level: everybody * w / sum(sizes.values()) for level, w in holes.items()}
        shared.append((tuple(mine), tuple(holes)))
    return entries, shared


def followed(problem: "Problem", groups: Mapping[Any, Any], total: Floats) -> Floats:
    """How the totals follow the initial weights: derivative of each total by the weight of a row of each cell, (K, C).

    In a group of total T and weight W the missing share m gives totals T_c (1 - m) and T m; a row moves m by (1[missing] - m) / W.
    """
    cells, targets = problem.cells, problem.targets
    change = np.zeros((len(cells.weight), total.shape[1]))
    for (p, m), shared in groups.items():
        rows = np.flatnonzero((cells.partition == p) & (cells.weight > 0))
        at = problem.columns[cells.level[rows, m]]
        place = {level: targets.first[m] + k for k, level in enumerate(targets.labels[m])}
        for known, holes in shared:
            if not holes:
                continue
            known, holes = ([place[level] for level in levels] for levels in (known, holes))
            inside = np.isin(at, [*known, *holes])
            here, hit = rows[inside], at[inside][:, None] == np.array(holes)[None, :]
            weight = cells.weight[here]
            share = weight @ hit / weight.sum()
            moved = (hit - share) / weight.sum()
            whole = total[p, known] / (1 - share.sum())
            change[np.ix_(here, known)] -= whole * moved.sum(axis=1)[:, None]
            change[np.ix_(here, holes)] += total[p, [*known, *holes]].sum() * moved
    return change
