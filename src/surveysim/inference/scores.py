"""Statistics as a value and one score per respondent. Notation: w weight, y numerator, x denominator, both (n,)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..aliases import Floats, Ints, Truths
from ..errors import DataError
from ..kernels import replicates
from ..kernels import variance as kernels
from ..threads import by_threads

NONE, ONE = np.empty(0), np.ones(1)
ROWS = 262_144  # rows summed together; larger tables are summed block by block
WHOLE = 1e-12  # share of a population left out of a sample that is rounding
SAME = 1e-24  # of the sum of squares: what rounding leaves of the deviations of scores that are all the same


class ReplicateError(Exception):
    """What was wrong with the weights of a lane, 0 .. LANES - 1; who knows which replicate that is says so."""

    def __init__(self, lane: int, message: str) -> None:
        super().__init__(message)
        self.lane = lane


def dot(w: Floats, y: Floats) -> float:
    """Σ w y in a fixed order; a threaded BLAS would sum in another order, and fight with the threads above."""
    return float(np.einsum("i,i->", w, y))


def no_denominator(where: str) -> DataError:
    return DataError(f"the denominator of a ratio is 0 in {where}; the domain is empty or its weights are 0.")


@dataclass(frozen=True, slots=True)
class Statistic:
    """A value, its scores (n,) such that its error is that of Σ w·score, and the rows (mask) it speaks of.

    `again` gives the value with other weights (n,), for replication.
    """

    value: float
    score: np.ndarray
    rows: np.ndarray
    again: Any = None

    def lanes(self, weights: Floats, totals: Any) -> Floats:
        """The value (1, LANES) with LANES other weights (n, LANES)."""
        if self.again is None:
            raise DataError("this statistic cannot be repeated with other weights; use linearization.")
        return np.array([[self.again(np.ascontiguousarray(w)) for w in weights.T]])


@dataclass(frozen=True)
class Several:
    """Values (E,) that are found together over the same rows, such as the coefficients of a model.

    score : (E, n), or None where there is nothing but `again`, a function from other weights (n,) to the values (E,).
    rows : (n,) mask of the rows they speak of.
    """

    value: np.ndarray
    score: np.ndarray | None
    rows: np.ndarray
    again: Any = None

    def statistics(self) -> list[Statistic]:
        """The same as one `Statistic` per value."""
        if self.score is None:
            raise DataError(
                "there are no scores to linearize this statistic by; give them, or take replicates: survey.replicates(…)."
            )
        return [Statistic(float(v), s, self.rows) for v, s in zip(self.value, self.score, strict=True)]

    def unscored(self) -> "Several":
        """The same with scores that are missing, for who asks of the rows alone."""
        return replace(self, score=np.full((len(self.value), 1), np.nan))

    def lanes(self, weights: Floats, totals: Any) -> Floats:
        """The values (E, LANES) with LANES other weights (n, LANES)."""
        if self.again is None:
            raise DataError("this statistic cannot be repeated with other weights; use linearization.")
        return np.stack([self.again(np.ascontiguousarray(w)) for w in weights.T], axis=1)


@dataclass(frozen=True)
class Block:
    """One statistic in D disjoint domains.

    Attributes
    ----------
    y, x : (n,) numerator, a number or truth value per row, and denominator; x is None for totals, empty for ones.
    group : (n,) int32 domain 0 .. D - 1 of each row, -1 in none.
    value : (D,) estimates. base : (D,) denominators, empty for totals. rows : (D,) rows of each domain.
    """

    y: np.ndarray
    x: np.ndarray | None
    group: np.ndarray
    value: np.ndarray
    base: np.ndarray
    rows: np.ndarray
    units: tuple | None = None  # unit sums of y and x and rows of weight (U, D), if they were made

    @cached_property
    def score(self) -> Floats:
        """Scores (n,), each row's in its own domain, 0 in none."""
        out = np.empty(len(self.y))
        if self.x is None:
            return np.where(self.group >= 0, self.y, 0.0)
        kernels.ratio_scores(self.y, self.x, self.group, self.value, self.base, out)
        return out

    def statistics(self) -> list[Statistic]:
        """The same as one `Statistic` per domain."""
        masks = [self.group == d for d in range(len(self.value))]
        return [Statistic(float(v), np.where(m, self.score, 0.0), m) for v, m in zip(self.value, masks, strict=True)]

    def lanes(self, weights: Floats, totals: Any) -> Floats:
        """The values (D, LANES) with LANES other weights (n, LANES); `totals` keeps what other blocks may share."""
        found = self._totals(self.y, weights, [])
        if self.x is None:
            return found
        x = self.x if len(self.x) else ONE
        with np.errstate(divide="ignore", invalid="ignore"):
            return found / self._totals(x, weights, totals)

    def _totals(self, y, weights, known):
        for other, group, found in known:
            if other is y and group is self.group:
                return found
        found = np.zeros((len(self.value), weights.shape[1]))
        replicates.domain_totals(weights, y, self.group, found)
        known.append((y, self.group, found))
        return found


def block(w: Floats, y: Floats, x: Floats | None, group: Ints, domains: Sequence[Any], stage: Any = None) -> Block:
    """Totals of y by domain (x None), or ratios to x (n,), empty for ones; `domains` (D,) are their names, for messages.

    With the `stage` of a design whose units are few, sums by unit are made at once, for the variance.
    """
    D = len(domains)
    rows, units, over = np.zeros(D, np.int64), None, NONE if x is None else x
    if stage is not None and stage.fits(D):
        units = _unit_sums(w, y, over, group, stage, D)
        with np.errstate(over="ignore"):  # what no float holds is refused where it would be an estimate
            num, den, rows = (table.sum(axis=0) for table in units)
    else:
        num, den = np.zeros(D), np.zeros(D)
        kernels.domain_sums(w, y, over, group, num, den, rows)
    if x is None:
        return Block(y, None, group, num, NONE, rows, units)
    if not np.all(den != 0):
        d = int(np.argmax(den == 0))
        raise no_denominator(f"domain {domains[d]!r}" if domains[d] else "this domain")
    with np.errstate(over="ignore", invalid="ignore"):
        value = np.where(np.isfinite(den), num / den, np.nan)  # over what no float holds it is no 0
    return Block(y, x, group, value, den, rows, units)


def _unit_sums(w, y, x, group, stage, domains):
    """Sums of y and x and rows of weight (U, D): blocks of rows by threads, merged in order."""
    shape, n = (len(stage.stratum), domains), len(y)
    blocks = max(-(-n // ROWS), 1) if math.prod(shape) <= 1 << 16 else 1
    size = ROWS if blocks > 1 else n
    tables = [np.zeros((blocks, *shape), kind) for kind in (float, float, np.int64)]

    def work(first, last):
        for k in range(first, last):
            rows = slice(k * size, min(k * size + size, n))
            over = x[rows] if len(x) else x
            kernels.unit_sums(w[rows], y[rows], over, group[rows], stage.unit[rows], *(table[k] for table in tables))

    by_threads(work, blocks)
    return tuple(table[0] if blocks == 1 else table.sum(axis=0) for table in tables)


def total(w: Floats, y: Floats, rows: Truths | None = None) -> Statistic:
    """Σ w y over the rows of a domain."""
    rows = np.ones(len(w), bool) if rows is None else rows
    y = np.where(rows, y, 0.0)
    return Statistic(dot(w, y), y, rows)


def ratio(w: Floats, y: Floats, x: Floats, rows: Truths | None = None) -> Statistic:
    """Σ w y / Σ w x over the rows of a domain; the mean is the ratio with x = 1 (Woodruff 1971, JASA 66:411-414)."""
    rows = np.ones(len(w), bool) if rows is None else rows
    y, x = np.where(rows, y, 0.0), np.where(rows, x, 0.0)
    base = dot(w, x)
    if base == 0:
        raise no_denominator("this domain")
    value = dot(w, y) / base
    return Statistic(value, (y - value * x) / base, rows)


def per_known(statistic: Statistic, constant: float, factor: float = 1.0) -> Statistic:
    """A statistic over a known constant: penetration over the whole population; its error is the total's over N."""
    return Statistic(factor * statistic.value / constant, statistic.score * (factor / constant), statistic.rows)


def complement(statistic: Statistic, constant: float) -> Statistic:
    """A known total minus an estimated one: N_all − Ŷ, the non-users, who include children too young to be asked."""
    return Statistic(constant - statistic.value, -statistic.score, statistic.rows)


def over(first: Statistic, second: Statistic) -> Statistic:
    """The ratio of two statistics, such as two complements."""
    if second.value == 0:
        raise DataError("the denominator of a ratio is 0.")
    value = first.value / second.value
    return Statistic(value, (first.score - value * second.score) / second.value, first.rows | second.rows)


def expanded(items: Iterable[Any]) -> list[Statistic]:
    """Statistics, several and blocks as statistics alone."""
    return [s for item in items for s in ([item] if isinstance(item, Statistic) else item.statistics())]


def srs_variance(w: Floats, item: Any, replacement: bool = True) -> Any:
    """Variance under simple random sampling of as many interviews in the domain, with the weighted element variance.

    V_srs = N̂² S²(score) / n over the rows of the domain; without replacement it is multiplied by 1 - n / N̂. One number for a
    Statistic, (D,) for a Block, (E,) for Several.
    """
    if isinstance(item, Several):
        return np.array([srs_variance(w, one, replacement) for one in item.statistics()])
    D = np.size(item.value)
    n, N, squares = np.zeros(D, np.int64), np.zeros(D), np.zeros(D)
    whole = np.abs(w) * item.score**2
    if isinstance(item, Statistic):
        kernels.element_variance(w, item.score, item.rows, n, N, squares)
        sizes = whole[item.rows].sum()
    else:
        kernels.element_variances(w, item.score, item.group, n, N, squares)
        sizes = np.bincount(item.group[item.group >= 0], whole[item.group >= 0], D)
    squares[squares <= SAME * sizes] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = n / (n - 1) * squares / N
        left = np.where(n < N * (1 - WHOLE), 1 - n / N, 0.0)  # weights scaled to n leave rounding alone
        result = N**2 * spread / n * (1.0 if replacement else left)
    result = np.where((n < 2) | (N <= 0), np.nan, result)
    return float(result[0]) if isinstance(item, Statistic) else result
