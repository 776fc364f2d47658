"""Samples of a table that collapse to counts of its types: repetitions of a stratified simple random sample as one kernel each.

Elements of one stratum, with the same values of all that is estimated and raked, are of one type. `table_source` makes the same from the
sampled rows, for every design and method; the two agree to the last digits.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import streams
from ..errors import CalibrationError
from ..kernels import sampling as kernels
from . import table_kinds
from .controls import Controls
from .parts import Block

if TYPE_CHECKING:
    from .table_source import TableSource

MOST_TYPES = 1 << 17  # of elements, up to which a table collapses
MOST_CELLS = 1 << 16  # of the margins' table
TOL, MAX_ITER = 1e-9, 1000


class Collapsed:
    """The elements of a source by type.

    Parameters
    ----------
    source : TableSource. type_of : (N,) type of each element. row : (K,) an element of each type.
    """

    def __init__(self, source: "TableSource", type_of: np.ndarray, row: np.ndarray) -> None:
        self.source, self.row = source, row
        base = (np.diff(source.first) / source.n)[source.stratum[row]]
        first, stratum = source.first.astype(np.int64), source.stratum[row].astype(np.int64)
        self.sample = kernels.Sample(first, source.n, type_of, stratum, base)
        self.asked = self._asked()
        self.margins = [self._margins(weighting.margins) for weighting in source.weightings]

    @classmethod
    def of(cls, source: "TableSource") -> "Collapsed | None":
        """A source by type, or None where its design or a method asks for the rows, or there are too many types."""
        if (
            source.design.method != "srs"
            or source.design.cluster
            or not all(table_kinds.of(row).of_sums for row in source.rows)
        ):
            return None
        for method, weighting in zip(source.methods, source.weightings, strict=True):
            if method.own or method.variance not in ("linearized", "none"):
                return None
            cells = np.prod([len(source.coded(c)[1]) for c in weighting.margins], dtype=float)
            if (weighting.margins and not weighting.raked) or cells > MOST_CELLS:
                return None
        found = _types(source)
        return None if found is None else cls(source, *found)

    def _asked(self) -> kernels.Asked:
        made = []
        for row in self.source.rows:
            y, x = (side[self.row] for side in self.source.sides(row))
            code = self.source.domain(row.by)[self.row]
            for d in range(len(self.source.domains(row.by))):
                mask = code == d
                made.append((np.where(mask, y, 0.0), np.where(mask, x, 0.0), mask, not table_kinds.of(row).summed))
        return kernels.Asked(*map(np.array, zip(*made, strict=True)))

    def _margins(self, margins: tuple[str, ...]) -> kernels.Margins:
        """The longest margin leads."""
        if not margins:
            none = np.zeros(len(self.row), np.int64)
            return kernels.Margins(none, none, np.zeros(0), np.zeros((1, 0), np.int64), np.zeros(0))
        coded = {c: self.source.coded(c) for c in margins}
        lead = max(margins, key=lambda c: len(coded[c][1]))
        rest = [c for c in margins if c != lead]
        sizes = [len(coded[c][1]) for c in rest]
        cell = np.zeros(len(self.row), np.int64)
        for c, size in zip(rest, sizes, strict=True):
            cell = cell * size + coded[c][0][self.row]
        at = np.indices(sizes).reshape(len(sizes), int(np.prod(sizes))).T if rest else np.zeros((1, 0))
        first = np.cumsum([0, *sizes[:-1]]) if rest else np.zeros(0)
        totals = [np.bincount(coded[c][0]).astype(float) for c in (lead, *rest)]
        return kernels.Margins(
            coded[lead][0][self.row].astype(np.int64),
            cell,
            totals[0],
            np.ascontiguousarray(at + first, dtype=np.int64),
            np.concatenate([*totals[1:], np.zeros(0)]),
        )

    def block(self, repetitions: np.ndarray) -> Block:
        """`Block` of some repetitions, each one kernel call for every method."""
        source = self.source
        values = np.full((len(repetitions), *source.shape), np.nan)
        failures, taken = [], np.zeros((int(np.diff(self.sample.first).max()) >> 6) + 1, np.uint64)
        positions, counts = np.empty(int(source.n.sum()), np.int64), np.zeros(len(self.row), np.int32)
        room, out = kernels.Room(taken, positions, counts), np.empty((len(source.items), 4))
        for i, r in enumerate(map(int, repetitions)):
            key = streams.key(source.seed, source.group, "sampling", r)
            for m, (method, margins) in enumerate(zip(source.methods, self.margins, strict=True)):
                gap = kernels.repetition(key, self.sample, margins, self.asked, room, TOL, MAX_ITER, out)
                why = self._fault(m, gap, out)
                if why:
                    failures.append((r, m, why))
                else:
                    self._put(values[i, m], out, method.variance == "linearized")
                if source.controlled:
                    scores, totals = self._scores[m]
                    values[i, m, :, -1] = (counts * self.sample.base) @ scores - totals
        return Block(np.asarray(repetitions, np.int64), values, tuple(failures))

    @cached_property
    def _scores(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Scores (K, E) of the types for control variates, and their totals (E,), of every method."""
        made = Controls(self.source)
        return [(scores[self.row], totals) for scores, totals in zip(made.scores, made.totals, strict=True)]

    def _fault(self, m: int, gap: float, out: np.ndarray) -> str | None:
        """Why a method has no estimates."""
        if not gap <= TOL:
            error = CalibrationError(
                f"raking stopped after {MAX_ITER} sweeps with a gap of {gap:.2e}; a level of "
                f"{', '.join(self.source.weightings[m].margins)} has no respondents, or the margins contradict each other"
            )
            return f"CalibrationError: {error}"
        if np.any(~np.isfinite(out[:, 0]) & (out[:, 3] > 0)):
            return "DataError: the denominator of a ratio is 0 in this sample"
        return None

    def _put(self, values: np.ndarray, out: np.ndarray, errors: bool) -> None:
        """Estimates, standard errors, degrees of freedom and rows (E, 4) as values (E, fields)."""
        factor, ratio = self.source.factor, self.asked.ratio
        values[:, 0], values[:, 3] = out[:, 0] * factor, out[:, 3]
        if errors:
            out[~ratio, 2] = np.fmax(out[~ratio, 2], 1.0)
            good = out[:, 2] >= 1
            values[good, 1], values[good, 2] = (out[:, 1] * factor)[good], out[good, 2]


def _types(source: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """(type (N,), an element of each type (K,)), or None where there are too many."""
    code = source.stratum.astype(np.int64)
    row = np.unique(code, return_index=True)[1]
    for column in source.columns:
        codes, labels = source.coded(column)
        if len(labels) > MOST_TYPES:
            return None
        _, row, code = np.unique(code * len(labels) + codes, return_index=True, return_inverse=True)
        if len(row) > MOST_TYPES:
            return None
    return code.astype(np.uint16 if len(row) <= 1 << 16 else np.int32), row
