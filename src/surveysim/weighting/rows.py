"""Whether a table's rows are those that weights were made for: by its index, and by the columns the weights were made of.

A table may have been sorted or filtered since; polars and pyarrow have no index that would tell, and pandas none after `reset_index`.
"""

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..aliases import Table
from ..errors import DataError
from ..tables import coded, column_names, is_file, numbers_of, pick, same_column
from .margins import MISSING

REMEDY = (
    "Weight the table as it is now, carry weights along in a column (add_to), or pass .weight, a bare array, if the rows are the same "
    "after all."
)
COPIED = "It is how many respondents each row stands for, 0 or more."
NEAR = 1e-6  # numbers that went through float32 are still the same


def refuse_other_rows(data: Table, weights: Any) -> None:
    """Raise where a table is not the one that a Calibration or the Weights of a recipe were made for, or in another order."""
    problem, applied = getattr(weights, "problem", None), weights.replay
    index = weights.index if problem is not None else getattr(applied, "index", None)
    if index is not None and isinstance(data, pd.DataFrame) and not data.index.equals(index):
        raise DataError(
            f"the weights were made for a table with another index, so its rows cannot be matched. Give that table (in its order). {REMEDY}"
        )
    before = weights.made_of if problem is not None else getattr(applied, "cases", None)
    if is_file(data) or is_file(before):
        return  # files are read in one order, and have levels by two names
    there = set(column_names(data))
    if problem is not None:
        there = {name for name in _taken(problem) if name in there and not same_column(before, data, name)}
        _refuse_other_levels(data, problem, there)
        _refuse_other_numbers(data, problem, there)
    elif before is not None and len(before) == len(data):
        for name in _read_by(weights, applied.recipe, there & set(column_names(before))):
            if not same_column(before, data, name):
                (old, labels), new = coded(before, name), coded(data, name)
                _refuse_other_codes(name, np.asarray(old), labels, new)


def _taken(problem):
    """Columns that a calibration was made of."""
    targets = problem.targets
    return {name for variable in targets.variables for name in variable} | {targets.by} | set(problem.numeric)


def _refuse_other_levels(data, problem, there):
    """The same of the categorical columns of a calibration, from the cells that it keeps."""
    cells, targets = problem.cells, problem.targets
    counted = None if problem.base is None else problem.base > 0  # rows that were left out may be in any cell
    first = 0
    for m, (variable, axis) in enumerate(zip(targets.variables, problem.axes, strict=True)):
        start, first = first, first + len(axis.place)
        for position in (k for k, name in enumerate(variable) if name in there):
            name, labels = variable[position], [label[position] for label in axis.labels]
            own = axis.codes if axis.codes is not None else (cells.level[:, m] - start)[cells.cell]
            _refuse_other_codes(name, own, labels, coded(data, name), counted)
    if targets.by is not None and targets.by in there:
        own = cells.partition[cells.cell]
        _refuse_other_codes(targets.by, own, list(targets.partitions), coded(data, targets.by), counted)


def _refuse_other_codes(name, own, labels, new, counted=None):
    """Raise where rows whose level was labels[own] have another one now.

    Who had none then may have one now: in another order, somebody who had one would have another.
    """
    if len(new.codes) != len(own):
        return  # its length is looked at elsewhere
    known = {label: k for k, label in enumerate(new.labels)}
    image = np.array([-1 if label == MISSING else known.get(label, -2) for label in [*labels, MISSING]])[own]
    off = (image != new.codes) & (image != -1)
    if counted is not None:
        off &= counted
    if off.any():
        row = int(np.argmax(off))
        now = new.labels[new.codes[row]] if new.codes[row] >= 0 else None
        _refuse(name, int(off.sum()), len(off), row, labels[own[row]], now)


def _refuse_other_numbers(data, problem, there):
    """The same of numeric columns, where no cluster means took their place."""
    if problem.z is None or problem.z.shape[1] != len(problem.numeric):
        return
    cell = problem.cells.cell
    for k, name in enumerate(problem.numeric):
        if name not in there or len(cell) != len(data):
            continue
        was = problem.z[cell, k]
        now = numbers_of(data, pick(data, name), len(cell), repr(name), finite=False, own=False)
        off = ~(np.abs(was - now) <= NEAR * np.abs(was))
        if problem.base is not None:
            off &= problem.base > 0
        if off.any():
            row = int(np.argmax(off))
            _refuse(name, int(off.sum()), len(off), row, float(was[row]), float(now[row]))


def _refuse(name, rows, n, row, was, now):
    raise DataError(
        f"the weights were made for a table in which {name!r} was {was!r} in row {row}; here it is {now!r}, and {rows} of {n} rows differ: "
        f"the rows are others, or in another order. {REMEDY}"
    )


def _read_by(weights, recipe, there):
    """Columns of a table that the steps of a recipe name, and those its rakings took."""
    names = []
    for calibration in weights.calibrations:
        names += _taken(calibration.problem)
    for step in recipe.steps:
        for field in fields(step) if is_dataclass(step) else ():
            value = getattr(step, field.name)
            names += value if isinstance(value, tuple | list) else [value]
    return [name for name in dict.fromkeys(n for n in names if isinstance(n, str | int)) if name in there]
