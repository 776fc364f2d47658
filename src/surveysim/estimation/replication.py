"""Replication: variances from the spread of an estimate over replicates of the sample.

A scheme multiplies the weights of sampling units; adjustments are repeated in every replicate. Replicate weights exist only
LANES at a time, unless somebody asks for them.
"""

import itertools
import warnings
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import linalg
from scipy.linalg import hadamard

from .. import guards
from ..coding import codes_inside
from ..errors import CalibrationError, DataError, DesignError, SurveysimWarning
from ..kernels import replicates as kernels
from ..streams import key
from ..tables import numbers_of, same_index
from ..threads import by_threads
from ..weighting import Calibration
from ..weighting.cells import refuse_unsquared
from ..weighting.replay import Replay
from .scores import Block

LANES = kernels.LANES
MOST = 1_000_000  # replicates; more would not fit into memory
KINDS = ("jk1", "jkn", "brr", "fay", "rao-wu", "sdr")
JACKKNIVES = ("jk1", "jkn")
FAR, ALIKE = 0.6, 0.05  # mean distances from 1: of factors at most, and of weights that both readings agree for
NEGLIGIBLE = 1e-5  # of a column's length, what is left of it beside others that does not count in a rank, as in R


@dataclass(frozen=True)
class Scheme:
    """How replicates multiply the weights of sampling units.

    Attributes
    ----------
    fill : function (first, out) that puts the multipliers of LANES replicates from `first` on into `out` (units, LANES).
    unit : (n,) unit of each row. units : how many. count : replicates.
    scale, rscales : variance = scale Σ rscales_r (θ_r - centre)², rscales (count,).
    """

    fill: object
    unit: np.ndarray
    units: int
    count: int
    scale: float
    rscales: np.ndarray

    def matrix(self):
        """All multipliers (units, count)."""
        out, block = np.empty((self.units, self.count)), np.empty((self.units, LANES))
        for first in range(0, self.count, LANES):
            self.fill(first, block)
            out[:, first : first + LANES] = block[:, : self.count - first]
        return out


def scheme(kind, design, n=None, seed=None, rho=None):
    """The scheme of one kind for a Design.

    Parameters
    ----------
    kind : "jk1" delete one PSU of an unstratified sample; "jkn" of a stratified one; "brr" balanced half samples of two PSUs a
        stratum; "fay" the same with weights `rho` and 2 - `rho` in place of 0 and 2; "rao-wu" rescaled bootstrap, with n
        replicates (where there are finite population corrections, Preston's, through every stage); "sdr" successive differences
        of PSUs in the order of the rows, inside each stratum. All but Rao and Wu's shrink deviations by the first stage's correction.
    n : replicates, for "rao-wu" and "sdr". seed : for "rao-wu".

    References
    ----------
    Wolter (2007), Introduction to Variance Estimation, ch. 3 and 4; Judkins (1990), J. Off. Stat. 6:223-239; Rao & Wu (1988),
    JASA 83:231-241; Preston (2009), Surv. Methodol. 35:227-234; Fay & Train (1995), Proc. Sect. Gov. Stat. ASA, 154-159.
    """
    check(kind, n, seed, rho)
    stage = design.stages[0]
    if design.unequal is not None:
        raise DesignError(
            "replicates would leave out that sampling was without replacement; pps designs have linearized errors only."
        )
    if kind != "rao-wu" and len(design.stages) > 1:
        if np.all(stage.fraction == 1):
            raise DesignError(
                f"every PSU is in the sample, so {kind} has nothing to vary; rao-wu goes through every stage."
            )
        warnings.warn(
            f"{kind} varies the first stage alone, and leaves out the variance of later stages where fpc shrinks the first; rao-wu "
            f"goes through every stage.",
            SurveysimWarning,
            stacklevel=3,
        )
    if kind in JACKKNIVES:
        return _jackknife(kind, stage)
    if kind in ("brr", "fay"):
        return _balanced(stage, 0.0 if rho is None else rho)
    if kind == "sdr":
        return _successive(stage, n)
    if all(np.all(s.fraction == 0) for s in design.stages):
        return Scheme(RaoWu(stage.stratum, seed), stage.unit, len(stage.stratum), n, 1 / (n - 1), np.ones(n))
    last = design.stages[-1]
    return Scheme(Preston(design.stages, seed), last.unit, len(last.stratum), n, 1 / (n - 1), np.ones(n))


def check(kind, n=None, seed=None, rho=None):
    """Refuse kinds of replicates that do not exist, and numbers they cannot be made with."""
    guards.choice(kind, "kind", KINDS)
    if (kind == "rao-wu") != (seed is not None):
        raise DataError(f'seed is for "rao-wu", which needs one; got kind = {kind!r} and seed = {guards.sight(seed)}.')
    if (kind == "fay") != (rho is not None):
        raise DataError(f'rho is for "fay", which needs one; got kind = {kind!r} and rho = {guards.sight(rho)}.')
    if rho is not None and not 0 <= guards.number(rho, "rho") < 1:
        raise DataError(f"rho = {rho!r}: give a weight from 0 up to, but not including, 1.")
    if seed is not None:
        guards.seed_of(seed)
    if kind == "rao-wu" and n is None:
        raise DataError("rao-wu needs n, the number of replicates, at least 2; got None.")
    if n is not None and kind not in ("rao-wu", "sdr"):
        raise DataError(
            f'n is for "rao-wu" and "sdr"; {kind} makes as many replicates as the design has, so leave it out.'
        )
    if n is not None:
        guards.whole_number(n, "n", 2, MOST, remedy="It is the number of replicates.")


@dataclass(frozen=True)
class FromMatrix:
    """Puts LANES columns of a matrix from `first` on into `out`, ones behind the last.

    What fills replicates are classes, not functions inside functions, so that a Survey with replicates can be pickled.
    """

    matrix: np.ndarray

    def __call__(self, first, out):
        part = self.matrix[:, first : first + LANES]
        out[:, : part.shape[1]] = part
        out[:, part.shape[1] :] = 1.0


@dataclass(frozen=True)
class LeaveOneOut:
    """Multipliers of the jackknife: replicate r leaves unit out_of[r] out; the others of its stratum take its weight."""

    out_of: np.ndarray
    stratum: np.ndarray
    sampled: np.ndarray

    def __call__(self, first, out):
        out[:] = 1.0
        for lane, r in enumerate(self.out_of[first : first + LANES]):
            n = self.sampled[self.stratum[r]]
            out[self.stratum == self.stratum[r], lane] = n / (n - 1)
            out[r, lane] = 0.0


def _from_matrix(matrix, stage, scale, rscales):
    return Scheme(FromMatrix(matrix), stage.unit, len(stage.stratum), matrix.shape[1], scale, rscales)


def _jackknife(kind, stage):
    """Replicate r leaves PSU r out; the others of its stratum take its weight."""
    sampled, stratum, U = stage.sampled, stage.stratum, len(stage.stratum)
    if kind == "jk1" and len(sampled) > 1:
        raise DesignError(f"jk1 is for samples without strata; this one has {len(sampled)}. Use jkn.")
    if np.any((sampled == 1) & (stage.fraction < 1)):
        raise DesignError(
            f"{int((sampled == 1).sum())} strata have one PSU, which no replicate can leave out; join strata."
        )
    out_of = np.flatnonzero(sampled[stratum] > 1)
    scale = (sampled[stratum] - 1) / sampled[stratum] * (1 - stage.fraction[stratum])

    fill = LeaveOneOut(out_of, stratum, sampled)
    if kind == "jk1":  # as everywhere else, one factor for all
        return Scheme(fill, stage.unit, U, len(out_of), float(scale[0]), np.ones(len(out_of)))
    return Scheme(fill, stage.unit, U, len(out_of), 1.0, scale[out_of])


def _balanced(stage, rho):
    """Half samples by the columns of a Hadamard matrix (McCarthy 1969); order 2^k above the number of strata."""
    wrong = np.flatnonzero(stage.sampled != 2)
    if len(wrong):
        h = wrong[0]
        raise DesignError(
            f"brr and fay need two PSUs in every stratum; {len(wrong)} have another number, the first is {stage.labels[h]!r} with "
            f"{stage.sampled[h]}. Use jkn, or join PSUs."
        )
    H = len(stage.sampled)
    R = 1 << int(H).bit_length()
    sign = hadamard(R)[1 : H + 1].astype(float)  # the first row is constant, and balances nothing
    second = np.zeros(len(stage.stratum), bool)
    seen = set()
    for j, h in enumerate(stage.stratum.tolist()):
        second[j] = h in seen
        seen.add(h)
    half = np.where(second[:, None], -1.0, 1.0) * sign[stage.stratum] * _corrected(stage)
    return _from_matrix(1 + (1 - rho) * half, stage, 1 / (R * (1 - rho) ** 2), np.ones(R))


def _successive(stage, n):
    """Successive differences: PSU i of a loop takes rows i and i + 1 of a Hadamard matrix, the last one the first's again.

    Loops lie inside strata, so that no difference between strata counts. Rows are the matrix's without the constant one, each loop's behind
    those of the loop before; where PSUs are more, a stratum has several loops of about the same length, and rows serve again.
    """
    U = len(stage.stratum)
    if U < 2:
        raise DesignError("successive differences need at least two PSUs.")
    alone = np.flatnonzero((stage.sampled == 1) & (stage.fraction < 1))
    if len(alone):
        raise DesignError(
            f"{len(alone)} strata have one PSU, which has no successor; the first is {stage.labels[alone[0]]!r}. Join strata, or leave "
            f"strata= out where the order of the rows is that of systematic sampling."
        )
    R = max(1 << int(min(U + 1, n or U + 1) - 1).bit_length(), 4)
    rows = hadamard(R).astype(float)
    _, appears = np.unique(stage.unit, return_index=True)
    first, second, used = np.empty(U, np.int64), np.empty(U, np.int64), 0
    order = np.argsort(appears)
    for h in range(len(stage.sampled)):
        psus = order[stage.stratum[order] == h]
        for loop in np.array_split(psus, -(-len(psus) // (R - 1))):
            place = np.arange(len(loop))
            first[loop] = 1 + (used + place) % (R - 1)
            second[loop] = np.roll(first[loop], -1)
            used += len(loop)
    return _from_matrix(1 + (rows[first] - rows[second]) * 2**-1.5 * _corrected(stage), stage, 4 / R, np.ones(R))


def _corrected(stage):
    """Root of the finite population correction of each PSU's stratum (PSUs, 1), by which deviations shrink (Wolter 2007, 2.4 and 3.3)."""
    return np.sqrt(1 - stage.fraction[stage.stratum])[:, None]


class RaoWu:
    """Rao and Wu's rescaling bootstrap of PSUs, n_h - 1 drawn with replacement from the n_h of each stratum.

    Parameters
    ----------
    psu_stratum : (PSUs,) stratum 0 .. H - 1 of each PSU. seed : of the study. Replicate r is the same whatever else is drawn.

    References
    ----------
    Rao & Wu (1988), JASA 83:231-241; Rao, Wu & Yue (1992), Surv. Methodol. 18:209-217 (as weights).
    """

    def __init__(self, psu_stratum, seed):
        psu_stratum = codes_inside("psu_stratum", psu_stratum, guards.LARGEST, np.size(psu_stratum))
        size = np.bincount(psu_stratum)
        if np.any(size == 1):
            raise DesignError(
                f"{int((size == 1).sum())} strata have one PSU, so there is nothing to draw from; join strata."
            )
        self.order = np.argsort(psu_stratum, kind="stable")
        self.start = np.concatenate([[0], np.cumsum(size)])
        self.key = key(seed, "", "rao-wu")

    def __call__(self, first, out):
        """Multipliers (PSUs, LANES) of the replicates from `first` on, into `out`."""
        if not isinstance(out, np.ndarray) or out.shape != (len(self.order), LANES) or out.dtype != np.float64:
            raise DataError(f"out must be a float64 array of shape ({len(self.order)}, {LANES}).")
        kernels.rao_wu(self.key[0], self.key[1], first, self.start, self.order, out)

    def matrix(self, n):
        """Multipliers of `n` replicates, (PSUs, n)."""
        blocks = [np.empty((len(self.order), LANES)) for _ in range(-(-n // LANES))]
        for k, block in enumerate(blocks):
            self(k * LANES, block)
        return np.concatenate(blocks, axis=1)[:, :n]


class Preston:
    """Preston's multistage rescaled bootstrap: half of the units of every stage drawn without replacement, stage inside stage.

    With n* = ⌊n / 2⌋ of n units drawn (δ = 1) at stage s and f the sampling fractions, the multiplier of a last-stage unit is

    1 + Σ_s λ_s (Π_{t<s} √(n_t / n*_t) δ_t) ((n_s / n*_s) δ_s - 1),   λ_s = √(n*_s (Π_{t<s} f_t) (1 - f_s) / (n_s - n*_s)).
    """

    def __init__(self, stages, seed):
        if any(np.any(s.lonely) for s in stages):
            raise DesignError("a stratum or PSU has one sampled unit, so there is nothing to draw from; join strata.")
        self.stages, self.seed = stages, seed
        self.parent = []  # for every unit of a stage, the unit of the stage before
        for before, stage in itertools.pairwise(stages):
            parent = np.empty(len(stage.stratum), np.int64)
            parent[stage.unit] = before.unit
            self.parent.append(parent)

    def __call__(self, first, out):
        """Multipliers (last units, LANES) of the replicates from `first` on, into `out`."""
        for lane in range(LANES):
            multiplier, kept = 1.0, 1.0
            for s, stage in enumerate(self.stages):
                n, before = stage.sampled, np.broadcast_to(stage.before, stage.sampled.shape)
                drawn = n // 2
                seed = np.random.SeedSequence(self.seed, spawn_key=(0x507265, first + lane, s))
                u = np.random.Generator(np.random.Philox(seed)).random(len(stage.stratum))
                rank = np.empty(len(u), np.int64)
                order = np.lexsort((u, stage.stratum))
                rank[order] = np.arange(len(u)) - np.concatenate([[0], np.cumsum(n)])[stage.stratum[order]]
                delta = (rank < drawn[stage.stratum]).astype(float)
                left = np.maximum(n - drawn, 1)
                spread = np.sqrt(drawn * before * (1 - stage.fraction) / left)[stage.stratum]
                ratio = np.divide(n, drawn, out=np.ones(len(n)), where=drawn > 0)[stage.stratum]
                if s > 0:
                    multiplier, kept = multiplier[self.parent[s - 1]], kept[self.parent[s - 1]]
                multiplier = multiplier + spread * kept * (ratio * delta - 1)
                kept = kept * np.sqrt(ratio) * np.where(drawn[stage.stratum] > 0, delta, 1.0)
            out[:, lane] = multiplier


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
    fill: object = field(repr=False)
    count: int
    scale: float
    rscales: np.ndarray
    mse: bool = False
    degrees_from: object = field(default=None, repr=False)
    kind: str = ""
    columns: tuple = ()

    def weights(self):
        """Replicate weights (n, count), made now."""
        out, block = np.empty((len(self.weight), self.count)), np.empty((len(self.weight), LANES))
        for first in range(0, self.count, LANES):
            self.fill(first, block)
            out[:, first : first + LANES] = block[:, : self.count - first]
        return out

    def values(self, items, names=None):
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
                totals = {}
                for item, i, j in zip(items, at, at[1:], strict=False):
                    result[i:j, a:b] = item.lanes(block, totals)[:, : b - a]

        by_threads(share, -(-self.count // LANES))
        bad = ~np.isfinite(result)
        if bad.any():
            row = int(np.argmax(bad.any(axis=1)))
            name = names[row] if names else ""
            where = f"domain {name!r}" if name else f"row {row}"
            first = int(np.argmax(bad[row]))
            column = f" ({self.columns[first]!r})" if self.columns else ""
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

    def item_variances(self, items, names=None):
        """Variances of statistics and blocks, an array for each. names : domains of all rows, for messages."""
        off = self._deviations(items, names)
        variance = self.scale * np.einsum("er,r->e", off**2, self.rscales)
        return np.split(variance, np.cumsum([np.size(item.value) for item in items])[:-1])

    def item_covariance(self, items):
        """Covariance matrix of all rows of statistics and blocks."""
        off = self._deviations(items)
        return self.scale * (off * self.rscales) @ off.T

    def combine(self, items, vector):
        """The linear combination of all rows as one statistic."""
        value = float(vector @ np.concatenate([np.atleast_1d(item.value) for item in items]))
        rows, at = np.zeros(len(self.weight), bool), 0
        for item in items:
            here, at = np.flatnonzero(vector[at : at + np.size(item.value)]), at + np.size(item.value)
            if len(here):
                rows |= np.isin(item.group, here) if isinstance(item, Block) else item.rows
        return Combination(value, rows, tuple(items), vector)

    def degrees(self, group, domains, count=None, strict=True):
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


def _rank(weights):
    """How many of the columns of replicate weights (n, R) are not combinations of others, by length relative to their own."""
    if len(weights) > weights.shape[1]:
        weights = np.linalg.qr(weights, mode="r")
    length = np.sqrt((weights**2).sum(axis=0))
    weights = weights[:, length > 0] / length[length > 0]
    if not weights.size:
        return 0
    (left,) = linalg.qr(weights, mode="r", pivoting=True, check_finite=False)[:1]
    return int((np.abs(np.diag(left)) > NEGLIGIBLE).sum())


@dataclass(frozen=True)
class Combination:
    """A linear combination of rows, as it is repeated in replicates."""

    value: float
    rows: np.ndarray
    items: tuple
    vector: np.ndarray

    def lanes(self, weights, totals):
        """Values (1, LANES)."""
        return (self.vector @ np.concatenate([item.lanes(weights, totals) for item in self.items]))[None, :]


def filler(scheme, base, adjustments):
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

    def __init__(self, scheme, base):
        self.scheme, self.base, self.unit = scheme, base, np.ascontiguousarray(scheme.unit)

    def multipliers(self, first):
        """Those of LANES replicates from `first` on, (units, LANES)."""
        multiplier = np.empty((self.scheme.units, LANES))
        self.scheme.fill(first, multiplier)
        return multiplier

    def __call__(self, first, out):
        given = self.multipliers(first), np.empty(0, np.int32), np.empty((0, LANES))
        kernels.spread(self.base, self.unit, *given, out)


@dataclass(frozen=True)
class OnCells:
    """The same with one calibration, repeated on the sums of units in margin cells."""

    plain: Multiplied
    calibration: Calibration
    replay: Replay

    def __call__(self, first, out):
        cal, plain = self.calibration, self.plain
        multiplier = plain.multipliers(first)
        lanes = min(LANES, plain.scheme.count - first)
        factor = self.replay.lanes(multiplier, lanes, first, cal.tol, cal.max_iter)
        kernels.spread(plain.base, plain.unit, multiplier, cal.problem.cells.cell, factor, out)


@dataclass(frozen=True)
class OneByOne:
    """The same with any adjustments, repeated replicate by replicate."""

    plain: Multiplied
    adjustments: tuple

    def __call__(self, first, out):
        self.plain(first, out)
        count = self.plain.scheme.count
        for lane in range(min(LANES, count - first)):
            w = np.ascontiguousarray(out[:, lane])
            try:
                for adjustment in self.adjustments:
                    w = adjustment.again(w)
            except CalibrationError as error:
                raise CalibrationError(
                    f"replicate {first + lane + 1} of {count} cannot be weighted like the sample: {error} Thin levels may lose all "
                    "their respondents in a replicate; merge them (`minimum` of the raking step), or take the linearized errors."
                ) from None
            out[:, lane] = w


def check_kind(kind, scale, rscales, rho):
    """Refuse a kind of brought replicates that does not exist, or that does not go with what else is said of them.

    References
    ----------
    Wolter (2007), Introduction to Variance Estimation, ch. 3 to 5; Judkins (1990), J. Off. Stat. 6:223-239 (Fay); Fay & Train (1995)
    (successive differences).
    """
    guards.choice(kind, "replicate_kind", (None, *BROUGHT), error=DesignError)
    if (kind == "fay") != (rho is not None):
        raise DesignError(
            f'rho is for replicate_kind "fay", which needs one, such as 0.5; got {kind!r} and rho = {guards.sight(rho)}.'
        )
    if rho is not None and guards.number(rho, "rho", 0.0, 1.0, error=DesignError) == 1:
        raise DesignError("rho = 1: give a factor from 0 up to, but not including, 1.")
    if kind is not None and not (guards.is_number(scale) and scale == 1):
        raise DesignError(f"replicate_kind = {kind!r} has a scale of its own; leave scale out, or the kind.")
    if kind == "jkn" and rscales is None:
        raise DesignError('replicate_kind "jkn" needs rscales, (n_h - 1) / n_h of the stratum of each replicate.')


BROUGHT = {
    "jk1": lambda R, rho: (R - 1) / R,
    "jk2": lambda R, rho: 1.0,
    "jkn": lambda R, rho: 1.0,
    "brr": lambda R, rho: 1 / R,
    "fay": lambda R, rho: 1 / (R * (1 - rho) ** 2),
    "bootstrap": lambda R, rho: 1 / (R - 1),
    "sdr": lambda R, rho: 4 / R,
}


def adjusted(engine, weight, adjustment):
    """Brought replicates whose every column is adjusted as the sample was; weight : (n,) adjusted weights.

    The columns are adjusted now, so that one that cannot be is told of here.
    """
    matrix = engine.weights()

    def share(first, last):
        for r in range(first, last):
            try:
                matrix[:, r] = adjustment.again(np.ascontiguousarray(matrix[:, r]))
            except (CalibrationError, DataError) as error:
                raise CalibrationError(
                    f"replicate {r + 1} of {engine.count} cannot be weighted like the sample: {error} Merge thin levels, or leave "
                    "the replicate weights out."
                ) from None

    by_threads(share, engine.count)
    if not np.isfinite(matrix).all():
        r = int(np.argmin(np.isfinite(matrix).all(axis=0)))
        raise CalibrationError(
            f"replicate {r + 1} of {engine.count} has no finite weights after the adjustment; merge thin levels."
        )
    return replace(engine, weight=weight, fill=FromMatrix(matrix))


def brought(data, weights, factors, weight, scale, rscales, mse, n, kind=None, rho=None):
    """Replication from replicate weights or factors a user brings.

    factors : None or False where `weights` are weights, True where they are factors, or factors in their place. kind, rho : how they were
        made, which gives the scale.
    """
    word = factors is None or isinstance(factors, bool | np.bool_)
    told = factors if word else True
    if weights is None and word:
        raise DesignError(f"replicate_factors = {factors!r} says what replicate_weights are, and there are none.")
    if weights is not None and not word:
        raise DesignError(
            "give replicate_weights or replicate_factors; beside replicate_weights the latter is True, False or None."
        )
    name, columns = ("replicate_factors", factors) if weights is None else ("replicate_weights", weights)
    matrix = _matrix(data, name, columns, n)
    R = matrix.shape[1]
    _read_as_told(matrix, weight, told)
    if told:
        matrix = matrix * weight[:, None]
    check_kind(kind, scale, rscales, rho)
    if kind is not None:
        scale = BROUGHT[kind](R, 0.0 if rho is None else float(rho))
    scale = guards.number(scale, "scale", 0.0, open_=True, error=DesignError, remedy=f"Half samples have 1 / {R}.")
    if rscales is None and scale == 1 and kind is None:
        warnings.warn(
            f"scale and rscales are 1, as if each of the {R} replicates were a delete-one sample's share; bootstraps and half samples "
            f"need scale, such as 1 / {R}, or say replicate_kind.",
            SurveysimWarning,
            stacklevel=3,
        )
    if rscales is None or guards.is_number(rscales):
        rscales = [1.0 if rscales is None else rscales] * R
    rscales = guards.number_array(
        rscales, "rscales", shape=(R,), error=DesignError, remedy=f"Each of the {R} replicates has one, 0 or larger."
    )
    if np.any(rscales < 0):
        raise DesignError(f"rscales: {int((rscales < 0).sum())} of {R} are negative; give factors of 0 or more.")
    if not rscales.any():
        raise DesignError(f"all {R} rscales are 0, so that nothing would have an error; give those of the replicates.")
    names = tuple(columns) if isinstance(columns, list | tuple) and isinstance(columns[0], str) else ()
    mse = guards.flag(mse, "mse", error=DesignError)
    return Replication(weight, FromMatrix(matrix), R, scale, rscales, mse, columns=names)


def _matrix(data, name, columns, n):
    """Replicate weights or factors (n, R) from a list of columns or an array; a copy, since the caller may change theirs."""
    what, named = name.replace("_", " "), isinstance(columns, list | tuple) and all(isinstance(c, str) for c in columns)
    if isinstance(columns, str):
        raise DesignError(f"{name} = {columns!r}: give a list of columns, or an array.")
    if named:
        each = [numbers_of(data, c, n, what[:-1], finite=False) for c in columns]
        matrix = np.stack(each, axis=1) if columns else np.zeros((n, 0))
    else:
        if isinstance(data, pd.DataFrame):
            same_index(columns, data.index, name, DesignError)
        try:
            matrix = np.array(columns, dtype=float, order="C")
        except (TypeError, ValueError):
            raise DesignError(f"{name} = {guards.sight(columns)}: give a list of columns, or an array.") from None
    if matrix.ndim != 2 or matrix.shape[0] != n or matrix.shape[1] < 2:
        raise DesignError(f"{what} have shape {matrix.shape}; give at least two columns of {n} rows.")
    bad = ~np.isfinite(matrix)
    if bad.any():
        row, r = np.argwhere(bad)[0]
        which = f"column {columns[r]!r}" if named else f"column {r}"
        raise DesignError(f"{int(bad.sum())} {what} are missing or infinite, the first is in {which}, row {row}.")
    with np.errstate(over="ignore"):
        sums = np.abs(matrix).sum(axis=0)
    for r, size in enumerate(sums):
        refuse_unsquared(size, f"{what[:-1]} {columns[r]!r}" if named else f"column {r} of {what}")
    return matrix


def _read_as_told(matrix, weight, factors):
    """Refuse factors that are not called so, and warn where nobody can tell.

    Over the replicates a row's weights have the row's weight as their mean, and its factors 1, exactly in jackknives and balanced
    half samples and nearly in bootstraps. So the rows' means are compared with the weights and with 1; sums of columns alone
    would not tell weights that are 1 on average. Weights on another scale go along with the sample's weights, in proportion.
    """
    used = weight > 0
    w, m = weight[used], matrix[used].mean(axis=1)
    sums, whole, n = float(m.sum()), float(w.sum()), len(w)
    from_weights, from_ones = np.abs(m - w).sum() / whole, np.abs(m - 1).sum() / n
    in_proportion = np.abs(m * (whole / sums) - w).sum() / whole if sums > 0 else np.inf
    like_factors = from_ones < min(from_weights / 2, FAR) and not in_proportion < from_ones / 2
    about_one = np.abs(w - 1).sum() / n < ALIKE  # then both readings give nearly the same
    told = f"the columns sum to {sums:,.0f} on average, the weights to {whole:,.0f}"
    if factors is None and like_factors and not about_one:
        raise DesignError(
            f"replicate_weights look like factors around 1, which multiply the sample's weights: {told}, over {n:,} rows. Give them as "
            f"replicate_factors=, or say replicate_factors=False if they are weights all the same."
        )
    scaled = sums > 0 and not 0.5 <= sums / whole <= 2
    if factors is None and scaled:
        message = f"replicate_weights are on another scale than the weights: {told}; totals would have errors on that of the columns."
    elif factors is None and not (from_weights < from_ones / 2 or about_one):
        message = (
            f"replicate_weights may be weights or factors: {told}, over {n:,} rows. They are taken for weights; say "
            f"replicate_factors=True or False."
        )
    elif factors and not about_one and from_weights < from_ones / 2:
        message = f"replicate_factors look like weights, and would multiply the sample's weights again: {told}, over {n:,} rows."
    else:
        return
    warnings.warn(message, SurveysimWarning, stacklevel=4)
