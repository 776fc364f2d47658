"""Domains: codes of label columns, masks of `where`, texts such as "province=110000, sex=female", sums by domain."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Ints, Truths
from ..errors import DataError, UnknownNameError
from ..tables import named

MOST = 50_000_000  # domains one question may have

Axes: TypeAlias = Mapping[str, tuple[Any, Sequence[Any]]]  # codes and labels of columns that define domains


def asked(by: Any, where: Any) -> tuple[list[str], dict[str, list[Any]]]:
    """`by` as a list of columns and `where` as {column: labels as a list}, from whatever they were given as."""
    by = [] if by is None else [str(column) for column in named(by, "by")]
    return by, conditions(where)


def conditions(where: Any) -> dict[str, list[Any]]:
    """{column: labels as a list} of the domain that is asked for."""
    where = guards.mapping(where, "where", remedy="Its keys are columns, its values a label or a list of labels.")
    return {column: listed(labels) for column, labels in where.items()}


def wanted(columns: Any, known: Sequence[str]) -> list[str]:
    """Names of the columns of a table of persons that are asked for, in that order; None is all."""
    names = list(known) if columns is None else named(columns, "columns")
    for name in names:
        if not any(guards.is_text(name, column) for column in known):
            raise UnknownNameError(f"no column {name!r}; persons have {', '.join(known)}.")
    return names


def listed(labels: Any) -> list[Any]:
    """One label, or several in any collection, as a list."""
    if isinstance(labels, (set, frozenset)):
        return sorted(labels, key=str)
    alone = isinstance(labels, (str, bytes)) or not hasattr(labels, "__iter__") or np.ndim(labels) == 0
    return [labels] if alone else list(labels)


def fraction(name: str) -> tuple[str, str | None]:
    """Numerator and denominator (or None) of an expression such as "a*b/c"."""
    if not isinstance(name, str):
        raise DataError(f"name = {guards.sight(name)}: give a text, such as a*b/c.")
    parts = name.split("/")
    if len(parts) > 2:
        raise DataError(f"{name!r} has {len(parts) - 1} fraction bars; give one ratio of two products, such as a*b/c.")
    return parts[0].strip(), parts[1].strip() if len(parts) == 2 else None


def ratio(total: Callable[[str], Any], numerator: str, denominator: str | None) -> Any:
    """The value of an expression from a function of its parts."""
    if denominator is None:
        return total(numerator)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(total(numerator), total(denominator), dtype=float)


def present(code: Ints, by: Sequence[str]) -> Ints:
    """Codes of the domains there are; everybody is one even where nobody is left."""
    return np.unique(code) if by else np.zeros(1, np.int64)


def labels_of(values: Any) -> tuple[Ints, list[Any]]:
    """Codes (-1 where missing) and sorted labels of a column, whole numbers as such whatever type holds them."""
    codes, labels = pd.factorize(values, sort=True)
    labels = [int(x) if isinstance(x, (float, np.floating)) and float(x).is_integer() else x for x in labels]
    return codes, [x.item() if isinstance(x, np.generic) else x for x in labels]


def label_codes(labels: Sequence[Any], wanted: Any, column: str) -> list[int]:
    """Positions of the wanted labels (one or several; text stands for any label that reads so) among a column's."""
    wanted = listed(wanted)
    position = {str(label): i for i, label in enumerate(labels)}
    missing = [label for label in wanted if str(label) not in position]
    if missing:
        shown = ", ".join(map(str, labels[:8]))
        raise UnknownNameError(
            f"{column} has no label {missing[0]!r}; it has {shown}{' …' if len(labels) > 8 else ''}."
        )
    return [position[str(label)] for label in wanted]


def axis(axes: Axes, column: str) -> tuple[Ints, Sequence[Any]]:
    """Codes and labels of a column that can define domains."""
    if column not in axes:
        raise UnknownNameError(f"column {column!r} cannot define a domain; choose from {', '.join(axes)}.")
    return axes[column]


def inside(
    axes: Axes,
    where: Mapping[str, Any],
    shape: tuple[int, ...],
    by: Sequence[str] = (),
) -> Truths:
    """Mask over `shape` of the rows that carry the labels of `where` and any label of `by`."""
    mask = np.ones(shape, bool)
    for column in by:
        mask &= axis(axes, column)[0] >= 0
    for column, wanted in where.items():
        codes, labels = axis(axes, column)
        mask &= np.isin(codes, label_codes(labels, wanted, column))
    return mask


def combine(axes: Axes, by: Sequence[str], shape: tuple[int, ...]) -> tuple[Ints, int]:
    """One code per row for the combinations of the labels of `by`, first column slowest, and how many there can be."""
    code, size = np.zeros(shape, np.int64), math.prod(len(axis(axes, column)[1]) for column in by)
    if size > MOST:
        raise DataError(f"by = {', '.join(by)} makes {size:,} domains; the most is {MOST:,}. Name fewer columns.")
    for column in by:
        codes, labels = axes[column]
        code = code * len(labels) + codes
    return code, size


def text(axes: Axes, by: Sequence[str], code: int) -> str:
    """The domain's name of a combined code."""
    parts = []
    for column in reversed(by):
        labels = axes[column][1]
        parts.append(f"{column}={labels[code % len(labels)]}")
        code //= len(labels)
    return ", ".join(reversed(parts))
