"""Replication: variances from the spread of an estimate over replicates of the sample.

A scheme multiplies the weights of sampling units; adjustments are repeated in every replicate. Replicate weights exist only
LANES at a time, unless somebody asks for them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg

from ..aliases import Floats, Ints
from ..errors import CalibrationError, DataError, DesignError
from ..kernels import replicates as kernels
from ..threads import by_threads
from ..weighting import Calibration
from ..weighting.replay import Replay
from ..weighting.trimming import copies
from .schemes import LANES
from .scores import Block, ReplicateError, Statistic

if TYPE_CHECKING:
    from .schemes import Scheme

NEGLIGIBLE = 1e-5  # of a column's length, what is left of it beside others that does not count in a rank, as in R


@dataclass(frozen=True)
class Replication:
    """Replicates of a weighted sample, in place of a Design wherever variances are asked for.

    Attributes
    ----------
    weight : (n,) full-sample weights. fill : function (first, out) that puts LANES replicates' weights into `out` (n, LANES).
    count, scale, rscales : as in `Scheme`. mse : deviations from the full sample's estimate, else from the replicates' mean.
    degrees_from : Design for the degrees of freedom, or None for the rank of the replicate weights less one.
    kind : one of KINDS, empty where the weights were brought along. columns : the names of those, where they have any.
    """

    weight: np.ndarray
    fill: Callable[[int, Floats], Any] = field(repr=False)
    count: int
    scale: float
    rscales: np.ndarray
    mse: bool = False
    degrees_from: Any = field(default=None, repr=False)
    kind: str = ""
    columns: tuple = ()

    def weights(self) -> Floats:
        """Replicate weights (n, count), made now."""
        out, block = np.empty((len(self.weight), self.count)), np.empty((len(self.weight), LANES))
        for first in range(0, self.count, LANES):
            self.fill(first, block)
            out[:, first : first + LANES] = block[:, : self.count - first]
        return out

    def values(self, items: Sequence[Any], names: Any = None) -> Floats:
        """Values of every row in every replicate (rows, count); each replicate is weighted once.

        names : of the rows, for messages.
        """
        sizes = [np.size(item.value) for item in items]
        at = np.concatenate([[0], np.cumsum(sizes)])
        result = np.empty((at[-1], self.count))

        def share(first, last):
            block = np.empty((len(self.weight), LANES))
            for k in range(first, last):
                a, b = k * LANES, min(k * LANES + LANES, self.count)
                self.fill(a, block)
                block[:, b - a :] = block[:, :1]  # what is beyond the last replicate may be anything
                totals = []
                for item, i, j in zip(items, at, at[1:], strict=False):
                    try:
                        result[i:j, a:b] = item.lanes(block, totals)[:, : b - a]
                    except ReplicateError as error:
                        raise DataError(f"replicate {a + error.lane + 1} of {self.count}: {error}") from error.__cause__

        by_threads(share, -(-self.count // LANES))
        bad = ~np.isfinite(result)
        if bad.any():
            row = int(np.argmax(bad.any(axis=1)))
            name = names[row] if names else ""
            where = f"domain {name!r}" if name else f"row {row}"
            first = int(np.argmax(bad[row]))
            column = f" ({self.columns[first]!r})" if self.columns else ""
            if not isinstance(items[int(np.searchsorted(at, row, "right")) - 1], Block | Statistic):
                raise DataError(
                    f"{int(bad[row].sum())} of {self.count} replicates give no estimate of {where}, the first is replicate "
                    f"{first + 1}{column}: nothing is left to divide by, or to tell apart. Widen the domain, or use a scheme that "
                    f"keeps every PSU, such as fay."
                )
            raise DataError(
                f"{int(bad[row].sum())} of {self.count} replicates leave {where} without rows of weight, or with weights that sum to 0, "
                f"the first is replicate {first + 1}{column}, so its estimate is undefined there. Widen the domain, or use a scheme that "
                f"keeps every PSU, such as fay."
            )
        return result

    def _deviations(self, items, names=None):
        values = self.values(items, names)
        if self.mse:
            return values - np.concatenate([np.atleast_1d(item.value) for item in items])[:, None]
        if not np.any(self.rscales > 0):  # every stratum was taken completely
            return np.zeros_like(values)
        return values - values[:, self.rscales > 0].mean(axis=1, keepdims=True)

    def item_variances(self, items: Sequence[Any], names: Any = None) -> list[Any]:
        """Variances of statistics and blocks, an array for each. names : domains of all rows, for messages."""
        off = self._deviations(items, names)
        variance = self.scale * np.einsum("er,r->e", off**2, self.rscales)
        return np.split(variance, np.cumsum([np.size(item.value) for item in items])[:-1])

    def item_covariance(self, items: Sequence[Any]) -> Floats:
        """Covariance matrix of all rows of statistics and blocks."""
        off = self._deviations(items)
        return self.scale * (off * self.rscales) @ off.T

    def degrees(self, group: Ints, domains: Any, count: Any = None, strict: bool = True) -> Floats:
        """Degrees of freedom (D,), as `Design.degrees`."""
        if self.degrees_from is not None:
            return self.degrees_from.degrees(group, domains, None, strict)
        weights = self.weights()
        result = np.array([_rank(weights[group == d]) - 1 for d in range(len(domains))], dtype=float)
        if not strict:
            return np.where(result < 1, np.nan, result)
        for d in np.flatnonzero(result < 1):
            name = f"domain {domains[d]!r}" if domains[d] else "the sample"
            raise DesignError(
                f"the replicate weights of {name} do not differ, so there are no degrees of freedom. Widen it, or give df=."
            )
        return result


def _rank(weights: Floats) -> int:
    """How many of the columns of replicate weights (n, R) are not combinations of others, by length relative to their own."""
    if len(weights) > weights.shape[1]:
        weights = np.asarray(np.linalg.qr(weights, mode="r"))
    length = np.sqrt((weights**2).sum(axis=0))
    weights = weights[:, length > 0] / length[length > 0]
    if not weights.size:
        return 0
    left: Any = linalg.qr(weights, mode="r", pivoting=True, check_finite=False)[0]
    return int((np.abs(np.diag(left)) > NEGLIGIBLE).sum())


def filler(scheme: "Scheme", base: Floats, adjustments: Sequence[Any]) -> Any:
    """Function (first, out) that puts the weights of LANES replicates into out (n, LANES).

    base : (n,) weights before the `adjustments` (Calibration or Weights, in order), which every replicate repeats.
    """
    plain = Multiplied(scheme, base)
    if not adjustments:
        return plain
    if len(adjustments) == 1 and isinstance(adjustments[0], Calibration) and adjustments[0].on_cells:
        cal = adjustments[0]
        kept = np.where(cal.base(len(plain.unit)) > 0, base, 0.0)  # who was left out stays out
        return OnCells(Multiplied(scheme, kept), cal, Replay(cal, plain.unit, scheme.units))
    return OneByOne(plain, tuple(adjustments))


class Multiplied:
    """Replicates that multiply the base weights (n,) of the units' rows."""

    def __init__(self, scheme: "Scheme", base: Floats) -> None:
        self.scheme, self.base, self.unit = scheme, base, np.ascontiguousarray(scheme.unit)

    def multipliers(self, first: int) -> Floats:
        """Those of LANES replicates from `first` on, (units, LANES)."""
        multiplier = np.empty((self.scheme.units, LANES))
        self.scheme.fill(first, multiplier)
        return multiplier

    def __call__(self, first: int, out: Floats) -> None:
        given = self.multipliers(first), np.empty(0, np.int32), np.empty((0, LANES))
        kernels.spread(self.base, self.unit, *given, out)


@dataclass(frozen=True)
class OnCells:
    """The same with one calibration, repeated on the sums of units in margin cells."""

    plain: Multiplied
    calibration: Calibration
    replay: Replay

    def __call__(self, first: int, out: Floats) -> None:
        cal, plain = self.calibration, self.plain
        multiplier = plain.multipliers(first)
        lanes = min(LANES, plain.scheme.count - first)
        factor = self.replay.lanes(multiplier, lanes, first, cal.goal.tol, cal.goal.max_iter)
        kernels.spread(plain.base, plain.unit, multiplier, cal.problem.cells.cell, factor, out)


@dataclass(frozen=True)
class OneByOne:
    """The same with any adjustments, repeated replicate by replicate."""

    plain: Multiplied
    adjustments: tuple

    def __call__(self, first: int, out: Floats) -> None:
        self.plain(first, out)
        count = self.plain.scheme.count
        for lane in range(min(LANES, count - first)):
            w = np.ascontiguousarray(out[:, lane])
            copied = copies(w, self.plain.base)  # before any adjustment, which later ones must not take for it
            try:
                for adjustment in self.adjustments:
                    w = adjustment.again(w, copied)
            except (CalibrationError, DataError) as error:
                raise CalibrationError(
                    f"replicate {first + lane + 1} of {count} cannot be weighted like the sample: {error} Thin levels may lose all "
                    "their respondents in a replicate; merge them (`minimum` of the raking step), or take the linearized errors."
                ) from None
            out[:, lane] = w
