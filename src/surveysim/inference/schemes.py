"""Schemes of replicates: how each multiplies the weights of sampling units."""

import itertools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import hadamard

from .. import guards
from ..aliases import Floats, Ints
from ..coding import codes_inside
from ..errors import DataError, DesignError, SurveysimWarning
from ..kernels import replicates as kernels
from ..streams import key

if TYPE_CHECKING:
    from .linearization import Design
    from .stage import Stage

LANES = kernels.LANES
MOST = 1_000_000  # replicates; more would not fit into memory
KINDS = ("jk1", "jkn", "brr", "fay", "rao-wu", "sdr")
JACKKNIVES = ("jk1", "jk2", "jkn")  # jk2 is only brought along


@dataclass(frozen=True)
class Scheme:
    """How replicates multiply the weights of sampling units.

    Attributes
    ----------
    fill : function (first, out) that puts the multipliers of LANES replicates from `first` on into `out` (units, LANES).
    unit : (n,) unit of each row. units : how many. count : replicates.
    scale, rscales : variance = scale Σ rscales_r (θ_r - centre)², rscales (count,).
    """

    fill: Callable[[int, Floats], Any]
    unit: np.ndarray
    units: int
    count: int
    scale: float
    rscales: np.ndarray

    def matrix(self) -> Floats:
        """All multipliers (units, count)."""
        out, block = np.empty((self.units, self.count)), np.empty((self.units, LANES))
        for first in range(0, self.count, LANES):
            self.fill(first, block)
            out[:, first : first + LANES] = block[:, : self.count - first]
        return out


def scheme(
    kind: str, design: "Design", n: int | None = None, seed: int | None = None, rho: float | None = None
) -> Scheme:
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
    stages = [stage.once for stage in design.stages]
    stage = stages[0]
    if design.unequal is not None:
        raise DesignError(
            "replicates would leave out that sampling was without replacement; pps designs have linearized errors only."
        )
    if kind != "rao-wu" and len(stages) > 1:
        if np.all(stage.fraction == 1):
            raise DesignError(
                f"every PSU is in the sample, so {kind} has nothing to vary; rao-wu goes through every stage."
            )
        warnings.warn(
            f"{kind} varies the first stage alone, and leaves out the variance of later stages where fpc shrinks the first; rao-wu "
            f"goes through every stage.",
            SurveysimWarning,
            stacklevel=4,
        )
    if kind in JACKKNIVES:
        return _jackknife(kind, stage)
    if kind in ("brr", "fay"):
        return _balanced(stage, 0.0 if rho is None else rho)
    if kind == "sdr":
        return _successive(stage, n)
    assert n is not None  # as `check` has seen
    assert seed is not None
    if all(np.all(s.fraction == 0) for s in stages):
        return Scheme(RaoWu(stage.stratum, seed), stage.unit, len(stage.stratum), n, 1 / (n - 1), np.ones(n))
    last = stages[-1]
    return Scheme(Preston(stages, seed), last.unit, len(last.stratum), n, 1 / (n - 1), np.ones(n))


def check(kind: str, n: int | None = None, seed: int | None = None, rho: float | None = None) -> None:
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
    `copied` (n, R) are respondents that each row stands for, of replicates that were adjusted.
    """

    matrix: np.ndarray
    copied: np.ndarray | None = None

    def __call__(self, first: int, out: Floats) -> None:
        part = self.matrix[:, first : first + LANES]
        out[:, : part.shape[1]] = part
        out[:, part.shape[1] :] = 1.0


@dataclass(frozen=True)
class LeaveOneOut:
    """Multipliers of the jackknife: replicate r leaves unit out_of[r] out; the others of its stratum take its weight."""

    out_of: np.ndarray
    stratum: np.ndarray
    sampled: np.ndarray

    def __call__(self, first: int, out: Floats) -> None:
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

    def __init__(self, psu_stratum: Ints, seed: int) -> None:
        psu_stratum = codes_inside("psu_stratum", psu_stratum, guards.LARGEST, np.size(psu_stratum))
        size = np.bincount(psu_stratum)
        if np.any(size == 1):
            raise DesignError(
                f"{int((size == 1).sum())} strata have one PSU, so there is nothing to draw from; join strata."
            )
        self.order = np.argsort(psu_stratum, kind="stable")
        self.start = np.concatenate([[0], np.cumsum(size)])
        self.key = key(seed, "", "rao-wu")

    def __call__(self, first: int, out: Floats) -> None:
        """Multipliers (PSUs, LANES) of the replicates from `first` on, into `out`."""
        if not isinstance(out, np.ndarray) or out.shape != (len(self.order), LANES) or out.dtype != np.float64:
            raise DataError(f"out must be a float64 array of shape ({len(self.order)}, {LANES}).")
        kernels.rao_wu(self.key[0], self.key[1], first, self.start, self.order, out)

    def matrix(self, n: int) -> Floats:
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

    def __init__(self, stages: "Sequence[Stage]", seed: int) -> None:
        if any(np.any(s.lonely) for s in stages):
            raise DesignError("a stratum or PSU has one sampled unit, so there is nothing to draw from; join strata.")
        self.stages, self.seed = stages, seed
        self.parent = []  # for every unit of a stage, the unit of the stage before
        for before, stage in itertools.pairwise(stages):
            parent = np.empty(len(stage.stratum), np.int64)
            parent[stage.unit] = before.unit
            self.parent.append(parent)

    def __call__(self, first: int, out: Floats) -> None:
        """Multipliers (last units, LANES) of the replicates from `first` on, into `out`."""
        for lane in range(LANES):
            multiplier, kept = np.ones(()), np.ones(())
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
