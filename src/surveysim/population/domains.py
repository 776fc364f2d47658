"""Domains: codes of label columns, masks of `where`, texts such as "province=110000, sex=female", sums by domain."""

import math

import numpy as np

from ..errors import DataError, UnknownNameError

MOST = 50_000_000  # domains one question may have


def named(by):
    return [by] if isinstance(by, str) else list(by or ())


def label_codes(labels, wanted, column):
    """Positions of the wanted labels (one or a list; text stands for any label that reads so) among a column's."""
    wanted = list(wanted) if isinstance(wanted, (list, tuple, set, np.ndarray)) else [wanted]
    position = {str(label): i for i, label in enumerate(labels)}
    missing = [label for label in wanted if str(label) not in position]
    if missing:
        shown = ", ".join(map(str, labels[:8]))
        raise UnknownNameError(
            f"{column} has no label {missing[0]!r}; it has {shown}{' …' if len(labels) > 8 else ''}."
        )
    return [position[str(label)] for label in wanted]


def axis(axes, column):
    """Codes and labels of a column that can define domains."""
    if column not in axes:
        raise UnknownNameError(f"column {column!r} cannot define a domain; choose from {', '.join(axes)}.")
    return axes[column]


def inside(axes, where, shape, by=()):
    """Mask over `shape` of the rows that carry the labels of `where` and any label of `by`."""
    mask = np.ones(shape, bool)
    for column in by:
        mask &= axis(axes, column)[0] >= 0
    for column, wanted in where.items():
        codes, labels = axis(axes, column)
        mask &= np.isin(codes, label_codes(labels, wanted, column))
    return mask


def combine(axes, by, shape):
    """One code per row for the combinations of the labels of `by`, first column slowest, and how many there can be."""
    code, size = np.zeros(shape, np.int64), math.prod(len(axis(axes, column)[1]) for column in by)
    if size > MOST:
        raise DataError(f"by = {', '.join(by)} makes {size:,} domains; the most is {MOST:,}. Name fewer columns.")
    for column in by:
        codes, labels = axes[column]
        code = code * len(labels) + codes
    return code, size


def text(axes, by, code):
    """The domain's name of a combined code."""
    parts = []
    for column in reversed(by):
        labels = axes[column][1]
        parts.append(f"{column}={labels[code % len(labels)]}")
        code //= len(labels)
    return ", ".join(reversed(parts))
