"""Rows collapse to margin cells: one pass codes them and sums their weights, one pass writes weights back.

Calibration to categorical margins depends on a row only through its cell. Codes are mixed-radix numbers where the table of
all combinations is dense enough, and hashed distinct rows where it is not. Threads take fixed blocks of rows, merged in order,
so that the result does not depend on how many there are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..aliases import Array, Floats, Ints, Table
from ..coding import inside
from ..errors import CalibrationError, DataError
from ..guards import refuse
from ..kernels import cells as kernels
from ..threads import by_threads
from .levels import level_codes, no_total, raking_levels, refuse_holes

if TYPE_CHECKING:
    from .margins import Margins

MOST_DENSE = 400_000
MOST_FAULTS = 8  # that one message names
SQUARED = 1e150  # sums of weights beyond this, or below its inverse, have no square in double precision
BLOCK = 131_072  # rows whose weights are summed together; a thread takes at least two blocks, for less it does not pay


@dataclass(frozen=True, slots=True)
class Axis:
    """One categorical variable (or cross of several): codes (n,) of the rows, and the column of the totals of each code.

    `codes` are None once the rows are in cells.

    `place` (levels,) is -1 where a level has no total; no row has such a level. `labels` name the levels.
    """

    codes: Any
    place: np.ndarray
    labels: tuple


@dataclass(frozen=True, slots=True)
class Cells:
    """Margin cells of n rows: `cell` (n,) of each, sums of initial weights (K,), partition (K,) and columns (K, M) ascending.

    Partition p owns the cells start[p] .. start[p + 1]. `shape` is that of the dense table (partitions, axes …), or None for
    hashed cells.
    """

    cell: np.ndarray
    weight: np.ndarray
    start: np.ndarray
    level: np.ndarray
    shape: tuple | None

    @property
    def partition(self) -> Ints:
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def sums(self, values: Array, width: int) -> Array:
        """Values (K,) summed by partition and column, (P, width)."""
        sums = np.zeros((len(self.start) - 1, width))
        kernels.add_by_column(as_kernel_input(self.level), as_kernel_input(np.asarray(values, float)), self.start, sums)
        return sums

    def column_sums(self, width: int) -> Array:
        """The initial weights by partition and column (P, width); dense cells take one pass per axis."""
        if self.shape is None:
            return self.sums(self.weight, width)
        P, parts, inner = self.shape[0], [], math.prod(self.shape[1:])
        for size in self.shape[1:]:
            inner //= size
            parts.append(np.einsum("pabc->pb", self.weight.reshape(P, -1, size, inner)))
        return np.concatenate(parts, axis=1)


def axis_of(data: Table, variable: Sequence[str], labels: tuple[Any, ...]) -> Axis:
    """The axis of one margin of a table: a single column's own codes, or codes of a cross in the order of its totals."""
    if len(variable) > 1:
        return Axis(level_codes(data, variable, labels), np.arange(len(labels)), labels)
    name = variable[0]
    codes, present = raking_levels(data, name, look=False)
    known = {label[0]: k for k, label in enumerate(labels)}
    at = [known.get(label, -1) for label in present]
    place = np.array(at, dtype=np.int64)
    if -1 in at:
        inside(codes, len(present), repr(name))
        rows = np.bincount(codes[codes >= 0], minlength=len(present))
        for k in np.flatnonzero((place < 0) & (rows > 0)):
            raise CalibrationError(no_total(name, present[k], int(rows[k]), known))
    return Axis(codes, place, tuple((label,) for label in present))


def with_all_faults(first: str, data: Table, targets: "Margins") -> str:
    """The message of a fault of the margins, and of all others that margins of single variables have, so that they are mended at once."""
    found = []
    for m, (variable, labels) in enumerate(zip(targets.variables, targets.labels, strict=True)):
        if len(variable) > 1:
            continue
        try:
            codes, present = raking_levels(data, variable[0])
        except (CalibrationError, DataError):
            continue
        codes = np.asarray(codes)
        known, missing = {label[0]: k for k, label in enumerate(labels)}, codes < 0
        rows = np.bincount(codes[~missing], minlength=len(present))
        found += [
            no_total(variable[0], label, int(rows[k]), known)
            for k, label in enumerate(present)
            if rows[k] and label not in known
        ]
        try:
            refuse_holes(variable[0], missing, remedy="")
        except CalibrationError as error:
            found.append(str(error))
        totals = np.nansum(targets.total[:, targets.first[m] : targets.first[m + 1]], axis=0)
        there = {label for k, label in enumerate(present) if rows[k]}
        nobody = [
            repr(label[0]) for label, total in zip(labels, totals, strict=True) if total and label[0] not in there
        ]
        if nobody:
            found.append(
                f"Nobody has {variable[0]} = {' or '.join(nobody[:MOST_FAULTS])}, which "
                f"{'has' if len(nobody) == 1 else 'have'} a total."
            )
    others = [text for text in found if text[:40] != first[:40]]
    if not others:
        return first
    more = f" And {len(others) - MOST_FAULTS} faults more." if len(others) > MOST_FAULTS else ""
    return f"{first} Other faults: {' '.join(others[:MOST_FAULTS])}{more}"


def collapse(
    axes: list[Axis],
    partition: Ints | None,
    partitions: int,
    weight: Floats | None,
    n: int,
    names: Sequence[str] = (),
    scratch: Array | None = None,
    what: str = "weight",
) -> Cells:
    """Cells of n rows.

    Parameters
    ----------
    axes : list of Axis. partition : codes (n,) of the partitions, or None where there is one. weight : (n,) or None for ones.
    names : what the axes are called, for messages, and `what` the weights. scratch : (n,) int32 to put the rows' cells in.
    """
    radix = [max(len(axis.place), 1) for axis in axes]
    size = partitions * math.prod(radix)
    codes = [axis.codes for axis in axes] if partition is None else [partition, *(axis.codes for axis in axes)]
    shape = radix if partition is None else [partitions, *radix]
    if size <= MOST_DENSE and size <= max(20_000, 4 * n):
        room = np.empty(n, np.int32) if scratch is None else scratch[:n]
        cell, sums = _dense(codes, shape, weight, names, room, what)
        each = len(sums) // partitions
        start = np.arange(partitions + 1) * each
        return Cells(cell, sums, start, grid(tuple(radix), partitions), (partitions, *radix))
    for name, column, most in zip(names, codes[-len(axes) :], radix):
        refuse_missing(name, column, most)
    return _hashed(codes, radix, partitions, weight, n, what)


@lru_cache(maxsize=16)
def grid(radix: tuple[int, ...], partitions: int = 1) -> Ints:
    """Columns (K, M) of every cell of a dense table, axis after axis; read-only, made once per shape."""
    first = np.concatenate([[0], np.cumsum(radix)])[:-1]
    one = (np.indices(radix, dtype=np.int32).reshape(len(radix), -1).T + first).astype(np.int32)
    result = np.ascontiguousarray(np.tile(one, (partitions, 1)))
    result.flags.writeable = False
    return result


def _dense(codes, shape, weight, names, cell, what):
    """Cells of a dense table, put into `cell` (n,), and their sums."""
    n = len(cell)
    codes = [np.ascontiguousarray(column) for column in codes]  # kept here while the kernel reads them by address
    address = np.array([column.__array_interface__["data"][0] for column in codes], np.uint64)
    kind = np.array([kernels.KINDS[column.dtype.str[1:]] for column in codes])
    columns, K = kernels.Columns(address, kind, np.array(shape)), math.prod(shape)
    size = max(BLOCK, 8 * K)
    sums = np.zeros((-(-n // size), K))
    base = as_kernel_input(np.empty(0) if weight is None else weight)

    def work(first, last):
        return kernels.collapse(columns, base, kernels.Blocks(size, first, last), cell, sums)

    bad = by_threads(work, len(sums))
    if min(bad) < 0:
        for name, column, most in zip(names, codes[-len(names) :], shape[-len(names) :], strict=True):
            refuse_missing(name, column, most)
    if weight is not None and any(bad):
        refuse_weights(weight, what)
    return cell, sums.sum(axis=0) if len(sums) > 1 else sums[0]


def _hashed(codes, radix, partitions, weight, n, what):
    """Distinct rows of codes, numbered partition by partition, whose codes are then the first column."""
    partitioned = len(codes) > len(radix)
    stacked = np.stack(codes, axis=1).astype(np.int32)
    key = np.zeros(n, np.uint64)
    for column in codes:
        kernels.mix(np.ascontiguousarray(column, np.int32), key)
    slot = np.full(1 << max(int(2 * n - 1).bit_length(), 4), -1, np.int32)
    cell, owner = np.empty(n, np.int32), np.empty(n, np.int64)
    K = kernels.distinct(key, stacked, slot, cell, owner)
    level = stacked[owner[:K]]
    of = level[:, 0] if partitioned else np.zeros(K, np.int32)
    level = level[:, 1:] if partitioned else level
    if partitioned:
        order = np.argsort(of, kind="stable")
        rank = np.empty(K, np.int32)
        rank[order] = np.arange(K, dtype=np.int32)
        cell, of, level = rank[cell], of[order], level[order]
    first = np.concatenate([[0], np.cumsum(radix)])[:-1]
    sums = np.zeros(K)
    if weight is None:
        kernels.count(cell, sums)
    elif kernels.add_up(cell, as_kernel_input(weight), sums):
        refuse_weights(weight, what)
    start = np.searchsorted(of, np.arange(partitions + 1)).astype(np.int64)
    return Cells(cell, sums, start, np.ascontiguousarray(level + first, dtype=np.int32), None)


def spread(
    cell: Ints, factor: Floats, weight: Floats | None, n: int, out: Floats | None = None
) -> tuple[Floats, float]:
    """Weights (n,) = initial weight × factor of the row's cell, and the largest of them (factors are not negative)."""
    out = np.empty(n) if out is None else out
    factor, base = np.ascontiguousarray(factor), as_kernel_input(np.empty(0) if weight is None else weight)

    def work(first, last):
        rows = slice(first * BLOCK, min(last * BLOCK, n))
        if weight is None:
            return kernels.spread_alone(cell[rows], factor, out[rows])
        return kernels.spread(cell[rows], factor, base[rows], out[rows])

    bits: list[Any] = by_threads(work, -(-n // BLOCK))
    return out, float(factor.max()) if weight is None else float(np.array(max(bits), np.int64).view(np.float64))


def as_kernel_input(values: Array) -> Array:
    """A contiguous read-only view, so that kernels are compiled once whether the caller's array may be written or not."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view


def refuse_missing(name: object, codes: Ints, levels: int) -> None:
    """Raise where codes are outside 0 .. levels - 1."""
    inside(codes, levels, f"raking variable {name!r}", CalibrationError)
    refuse_holes(name, (codes < 0) | (codes >= levels))


def refuse_weights(weight: Floats, what: str = "weight") -> None:
    """Raise where initial weights are missing, infinite or negative; `what` they are called."""
    if kernels.unusable(as_kernel_input(weight)):
        message = (
            "{what}: {bad} of {n} weights are missing, infinite or negative; the first is {first!r} in row {row}. Mend them, or leave "
            "these rows out."
        )
        refuse(~(np.isfinite(weight) & (weight >= 0)), message, what=what, first=weight)


def refuse_unsquared(weight: Floats, what: str = "weight") -> None:
    """Raise where squares of sums of weights, of which every variance is made, would over- or underflow; `what` they are called."""
    with np.errstate(over="ignore"):
        whole = float(np.abs(weight).sum())
    if whole > 0 and not 1 / SQUARED < whole < SQUARED:
        raise DataError(
            f"{what}: the weights sum to {whole:.3g}, whose square is beyond double precision, so that no error can be computed; divide "
            f"or multiply them by a constant."
        )
