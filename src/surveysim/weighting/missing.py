"""What becomes of respondents whose raking variables are missing: refused, left out, or a level of their own."""

import numpy as np
import pandas as pd

from ..errors import DataError
from .margins import Columns, Margins, coded, numbers_of, rows_of

POLICIES = ("fail", "drop", "level")
MISSING = "(missing)"


def with_missing(data, margins, weight, by, policy):
    """Table, margins and initial weights with which rows whose raking variables are missing can be raked.

    "drop" takes their weight away, so that the others stand for everybody. "level" gives them a level of their own, `(missing)`, whose
    total is its share of the initial weights; the totals of the other levels shrink by that share. Where the missing are like the
    others of their margin neither does harm; where they are not, both are biased, and only imputation by what is known helps.
    """
    if policy not in POLICIES:
        raise DataError(f"missing = {policy!r}: choose one of {', '.join(POLICIES)}.")
    targets, n = Margins.parse(margins, by), rows_of(data)
    base = np.ones(n) if weight is None else numbers_of(data, weight, n, "weight")
    names = list(dict.fromkeys(name for variable in targets.variables for name in variable))
    columns = {name: coded(data, name) for name in names}
    lost = {name: np.asarray(codes) < 0 for name, (codes, _) in columns.items()}
    if policy == "drop":
        gone = np.any([*lost.values()], axis=0)
        if gone.all():
            raise DataError("every row misses a raking variable, so nobody is left to weight.")
        base = np.where(gone, 0.0, base)
        return Columns(_filled(data, columns, by, keep=True)), margins, base
    part = np.zeros(n, np.int64)
    if by is not None:
        codes, labels = coded(data, by)
        place = {label: p for p, label in enumerate(targets.partitions)}
        part = np.array([place.get(label, -1) for label in labels] + [-1])[np.asarray(codes)]
    return Columns(_filled(data, columns, by, keep=False)), _shrunk(targets, columns, lost, part, base), base


def _filled(data, columns, by, keep):
    """Categoricals of the raking variables without holes: the first level for rows without weight, or `(missing)`."""
    filled = {}
    for name, (codes, labels) in columns.items():
        codes = np.asarray(codes)
        if not keep and MISSING in labels:
            raise DataError(f"{name!r} has a level {MISSING!r} already; recode it.")
        hole = 0 if keep else len(labels)
        kind = pd.CategoricalDtype(list(labels) if keep else [*labels, MISSING])
        filled[name] = pd.Categorical.from_codes(np.where(codes < 0, hole, codes), dtype=kind)
    if by is not None and by not in filled:
        codes, labels = coded(data, by)
        filled[by] = pd.Categorical.from_codes(np.asarray(codes), categories=list(labels))
    return filled


def _shrunk(targets, columns, lost, part, base):
    """The margins by partition, each with a level for every pattern of missing values that occurs, at its share of the weights."""
    whole = np.bincount(part[part >= 0], base[part >= 0], len(targets.partitions))
    result = {}
    for p, partition in enumerate(targets.partitions):
        mine, result[partition] = part == p, {}
        for m, variable in enumerate(targets.variables):
            first = targets.first[m]
            total = targets.total[p, first : targets.first[m + 1]]
            known = {level: t for level, t in zip(targets.labels[m], total, strict=True) if t == t}
            hit = np.flatnonzero(mine & np.any([lost[name] for name in variable], axis=0))
            levels = [tuple(MISSING if lost[n][k] else columns[n][1][columns[n][0][k]] for n in variable) for k in hit]
            share = pd.Series(base[hit]).groupby(pd.Series(levels, dtype=object)).sum() / whole[p] if len(hit) else {}
            left, everybody = 1 - sum(share.values if len(share) else ()), np.nansum(total)
            entries = {level: t * left for level, t in known.items()} | {
                k: v * everybody for k, v in dict(share).items()
            }
            key = variable if len(variable) > 1 else variable[0]
            result[partition][key] = {level if len(level) > 1 else level[0]: t for level, t in entries.items()}
    return result if targets.by is not None else result[None]
