"""From a table's columns to the stages of a sampling design, and sampling with unequal probabilities without replacement."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats, Ints, Table
from ..coding import coded_values
from ..errors import DesignError
from ..guards import refuse
from ..kernels import codes as kernels
from ..tables import called, coded, numbers_of, same_index, values_of
from .stage import Stage

ROUNDED = 1e-6  # share of a probability that may be rounding


def codes_of(data: Table, column: Any, what: str, n: int) -> tuple[Ints, Any]:
    """Codes (n,), as many as there are labels, and the labels of a column or array; a missing value is refused."""
    if column is None:
        return np.zeros(n, np.int8), np.array(["all"], dtype=object)
    if _crossed(column):
        return _combinations(data, column, what, n)
    if not isinstance(column, str) or isinstance(data, pd.DataFrame):
        values = values_of(data, column, n, what)
        if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iu":
            return _whole_numbers(values.to_numpy())
        codes, labels = coded_values(values, called(what, column))
    else:
        codes, labels = coded(data, column)
    used = np.zeros(max(len(labels), 1), bool)
    if kernels.used_codes(codes, used):
        message = "{what} is missing in {bad} of {n} rows, the first is row {row}. Give every row its own, or leave these rows out."
        refuse(codes < 0, message, what=called(what, column))
    labels = np.asarray(labels, dtype=object)
    if used.all():
        return codes, labels
    place = np.cumsum(used) - 1
    return place[codes], labels[used]


def _combinations(data, names, what, n):
    """The same of the combinations of several columns."""
    codes, labels = codes_of(data, names[0], what, n)
    for name in names[1:]:
        outer, (inner, more) = codes, codes_of(data, name, what, n)
        codes, row = compact(np.asarray(outer), np.asarray(inner), len(more))
        labels = np.array([f"{labels[outer[r]]}, {more[inner[r]]}" for r in row], dtype=object)
    return codes, labels


def _whole_numbers(values):
    """Codes and labels of integers; those of a narrow range need no hashing."""
    least, most = int(values.min()), int(values.max())
    if most - least > 4 * len(values) + 1024 or most >= 2**62:
        codes, labels = pd.factorize(values, sort=True)
        return codes, labels
    codes, used = np.empty(len(values), np.int32), np.zeros(most - least + 1, bool)
    kernels.whole_numbers(values, least, codes, used)
    labels = np.arange(least, most + 1)
    return (codes, labels) if used.all() else ((np.cumsum(used) - 1)[codes], labels[used])


def compact(first: Ints, second: Ints, count: int) -> tuple[Ints, Ints]:
    """Codes (n,) of the pairs of two codes, and a row of each pair."""
    _, row, codes = np.unique(first.astype(np.int64) * count + second, return_index=True, return_inverse=True)
    return codes.astype(np.int64), row


def stages(data: Table, strata: Any, psu: Any, fpc: Any, nest: bool, n: int) -> tuple[Stage, ...]:
    """Stages of selection from columns: each of strata, psu and fpc is one column or array, or a list with one per stage, None for none.

    Without fpc the first stage counts alone, as sampling with replacement; so does the stage after the last fpc inside its units.
    """
    psu = _per_stage(psu)
    strata, fpc = (_per_stage(given, max(len(psu), 1)) for given in (strata, fpc))
    if len(fpc) > max(len(psu), 1) or len(strata) > max(len(psu), 1):
        raise DesignError(
            f"strata has {len(strata)} and fpc {len(fpc)} stages, but psu {len(psu)}; name the sampling units of every stage in psu. "
            f"For combinations of columns give a tuple, such as strata=[('region', 'urban')]."
        )
    result, parent, before = [], np.zeros(n, np.int64), np.ones(1)
    for k in range(max(1, min(len(psu), len(fpc) + 1 if fpc else 1))):
        named = f" of stage {k + 1}" if k else ""
        within, unit_of, size = (given[k] if k < len(given) else None for given in (strata, psu, fpc))
        stratum, labels = codes_of(data, within, f"strata{named}", n)
        if k:  # strata lie inside the units of the stage before
            outer, inner, of_row = result[-1][2], labels, stratum
            stratum, row = compact(parent, stratum, len(labels))
            labels = np.array(
                [f"{outer[parent[r]]}{f', {inner[of_row[r]]}' if within is not None else ''}" for r in row],
                dtype=object,
            )
            above = (
                before[result[-1][0].stratum[parent[row]]] * result[-1][0].fraction[result[-1][0].stratum[parent[row]]]
            )
        else:
            above = np.ones(len(labels))
        unit, units = (np.arange(n), None) if unit_of is None else codes_of(data, unit_of, "psu" + named, n)
        names = np.arange(n) if units is None else units
        if units is not None and (nest or k):
            unit, row = compact(stratum, unit, len(units))
            names = units[np.asarray(codes_of(data, unit_of, "psu", n)[0])[row]]
        owner = np.full(len(names), -1, np.int64)
        if units is None:
            owner = stratum.astype(np.int64)
        elif kernels.own_stratum(unit, stratum, owner):
            split = owner[unit] != stratum
            raise DesignError(
                f"{len(np.unique(unit[split]))} PSU labels occur in more than one stratum, the first is "
                f"{names[unit[[np.argmax(split)]]].tolist()[0]!r}. Say nest=True if labels repeat across strata."
            )
        fraction = fraction_of(data, size, stratum, np.bincount(owner, minlength=len(labels)), labels)
        unit = unit.astype(np.int32, copy=not unit.flags.owndata)  # codes of a categorical are the caller's
        known = None if units is None else names
        result.append((Stage(unit, owner, fraction, tuple(labels.tolist()), above, names=known), above, names))
        parent, before = unit, above
    return tuple(stage for stage, _, _ in result)


def inverse_fractions(stages: Sequence[Stage]) -> Floats:
    """Weights (n,) that the sampling fractions of all stages imply, as R's svydesign takes them from fpc."""
    result = np.ones(())
    if not all(np.all(stage.fraction > 0) for stage in stages):
        raise DesignError(
            "weights follow from fpc only where every stage of psu has one; give weight=, or the fpc of the other stages."
        )
    for stage in stages:
        result = result / stage.fraction[stage.stratum[stage.unit]]
    return result


def _per_stage(given, most=0):
    """One column or array per stage; None stands for none in lists of at most so many stages, and is a missing value in others."""
    if given is None:
        return []
    whole = isinstance(given, list | tuple)
    none = whole and len(given) <= most
    by_stage = whole and all(isinstance(g, str) or np.ndim(g) == 1 or (none and g is None) for g in given)
    return list(given) if by_stage else [given]


def _crossed(column):
    """Whether a stage is a tuple of columns, whose combinations are meant."""
    return isinstance(column, tuple) and len(column) > 0 and all(isinstance(name, str) for name in column)


def fraction_of(data: Table, fpc: Any, stratum: Ints, sampled: Ints, labels: Any) -> Floats:
    """Sampling fractions (H,) of the strata, from population counts (> 1) or fractions, and how many units are sampled of each."""
    if fpc is None:
        return np.zeros(len(labels))
    values, what = numbers_of(data, fpc, len(stratum), "fpc", finite=False), called("fpc", fpc)
    message = "{what} is missing, infinite or not above 0 in {bad} of {n} rows, the first is row {row}."
    refuse(~(np.isfinite(values) & (values > 0)), message, DesignError, what=what)
    low, high = np.full(len(labels), np.inf), np.full(len(labels), -np.inf)
    np.minimum.at(low, stratum, values)
    np.maximum.at(high, stratum, values)
    message = "{what} must be constant inside a stratum; in {label!r} it goes from {low:g} to {high:g}."
    refuse(low != high, message, DesignError, what=what, label=labels, low=low, high=high)
    if np.any(values > 1) and np.any(values < 1):
        raise DesignError(f"{what} mixes counts (> 1) and fractions (< 1); give one or the other.")
    fraction = sampled / low if np.any(values > 1) else low
    if np.any(fraction > 1 + 1e-12):
        h = int(np.argmax(fraction))
        raise DesignError(
            f"stratum {labels.tolist()[h]!r} has {sampled[h]} PSUs in the sample but {what} says {low[h]:g}."
        )
    return np.minimum(fraction, 1.0)


def by_chance(stage: Stage, probability: Floats) -> Stage:
    """The stage with its certain units in strata of their own, taken completely.

    They are in every sample, so that the others neither deviate from a mean with them nor count them (Särndal et al. 1992, 3.6.2).
    """
    certain = np.zeros(len(stage.stratum), bool)
    certain[stage.unit] = probability >= 1
    if not certain.any():
        return stage
    H = len(stage.fraction)
    kept, stratum = np.unique(stage.stratum + H * certain, return_inverse=True)
    fraction = np.where(kept >= H, 1.0, stage.fraction[kept % H])
    labels = tuple(stage.labels[h % H] for h in kept)
    return Stage(stage.unit, stratum.astype(np.int64), fraction, labels, groups=(kept >= H).astype(np.int64))


class Brewer:
    """Brewer's approximation from first-order probabilities: Σ_h n/(n-1) Σ (1 - π_i)(z_i - z̄_h)² (Brewer 2002, ch. 9), over the units
    that are not certain."""

    def __init__(self, probability: Floats, stage: Stage, policy: str) -> None:
        stage = by_chance(stage, probability)
        self.keep = 1 - probability
        self.stage, self.scale, self.policy = stage, stage.scale(policy), policy
        if policy == "average":
            self.scale = self.scale * stage.averaging(np.ones((1, len(stage.sampled)), bool))[0]

    def __call__(self, z: Floats) -> Floats:
        totals = np.stack([np.bincount(self.stage.unit, v) for v in z])
        off = self.stage.deviations(totals, self.policy)[:, self.stage.unit]
        return (off * (self.keep * self.scale[self.stage.stratum[self.stage.unit]])) @ off.T


class Deville:
    """Deville's approximation from first-order probabilities: Σ_h Σ c_i (z_i - z̃_h)² / (1 - Σ a²), c = 1 - π, a = c / Σ c, z̃ = Σ a z
    (Deville 1999, Surv. Methodol. 25:193-203, section 8)."""

    def __init__(self, probability: Floats, stage: Stage) -> None:
        c, self.stratum = 1 - probability, stage.stratum[stage.unit]
        total = np.bincount(self.stratum, c)
        share = c / np.where(total > 0, total, 1.0)[self.stratum]
        rest, labels = 1 - np.bincount(self.stratum, share**2), np.array(stage.labels, dtype=object)
        message = "stratum {label!r} has one unit that is not certain, so it has no variance; join strata."
        refuse((rest <= 1e-12) & (total > 0), message, DesignError, label=labels)
        self.share, self.weight = share, c / np.where(total > 0, rest, 1.0)[self.stratum]

    def __call__(self, z: Floats) -> Floats:
        middle = np.stack([np.bincount(self.stratum, self.share * v) for v in z])
        off = z - middle[:, self.stratum]
        return (off * self.weight) @ off.T


class JointProbabilities:
    """Horvitz-Thompson ("ht") or Sen-Yates-Grundy ("yg") variance from joint inclusion probabilities (n, n).

    z are expanded values y / π. Horvitz & Thompson (1952), JASA 47:663-685; Yates & Grundy (1953), JRSS B 15:253-261.
    """

    def __init__(self, joint: Floats, form: str) -> None:
        pi = np.diag(joint)
        check = (joint - np.outer(pi, pi)) / joint
        if form == "yg":
            off = check - np.diag(np.diag(check))
            check = off - np.diag(off.sum(axis=1))
        self.check = check

    def __call__(self, z: Floats) -> Floats:
        return z @ self.check @ z.T


def hartley_rao(probability: Floats) -> Floats:
    """Joint probabilities (n, n) after Hartley and Rao (1962, Ann. Math. Stat. 33:350-374), with Σ_U π² estimated by Σ_s π.

    π_i π_j / (1 - (π_i + π_j - Σ_s π / n - 1) / (n - 1)), so that the Yates-Grundy form is their variance estimator. Certain units are in
    every sample, so that theirs are the others' own, and n counts the rest.
    """
    pi, chance = probability, np.flatnonzero(probability < 1)
    joint, n = np.outer(pi, pi), len(chance)
    if n == 1:
        raise DesignError(
            f"row {chance[0]} alone is not certain, so it has no variance; give joint probabilities, or a probability of 1."
        )
    if n:
        some = pi[chance]
        check = (some[:, None] + some[None, :] - some.sum() / n - 1) / (n - 1)
        joint[np.ix_(chance, chance)] /= 1 - check
    np.fill_diagonal(joint, pi)
    return joint


def probabilities(data: Table, probability: Any, n: int) -> Floats | None:
    """Inclusion probabilities (n,) from a column, an array or a list of columns, one per stage, whose product is meant."""
    if probability is None:
        return None
    columns = (
        probability
        if isinstance(probability, list | tuple) and all(isinstance(p, str) for p in probability)
        else [probability]
    )
    result = np.ones(n)
    for column in columns:
        pi = numbers_of(data, column, n, "probability", finite=False)
        _refuse_probabilities(pi, called("probability", column))
        result *= pi
    if len(columns) > 1:
        _refuse_probabilities(result, f"the product of {', '.join(map(repr, columns))}")
    return result


def _refuse_probabilities(pi, what):
    message = (
        "{what}: {bad} of {n} inclusion probabilities are not above 0 and at most 1, or too small to divide by; the first is {first!r} in "
        "row {row}."
    )
    refuse(guards.not_probabilities(pi), message, DesignError, what=what, first=pi)


def refuse_joint(joint: Floats, probability: Floats) -> None:
    """Raise where joint probabilities (n, n) cannot be those of a design with these inclusion probabilities (n,)."""
    least = np.minimum(probability[:, None], probability[None, :])
    both = np.maximum(np.abs(joint), np.abs(joint.T))
    off = np.abs(np.diag(joint) - probability)
    wrong = (
        (joint <= 0, "are not above 0, so that these units could not be in one sample"),
        (np.abs(joint - joint.T) > np.minimum(1e-9, ROUNDED * both), "are not symmetric"),
        (np.diag(off > np.minimum(1e-9, ROUNDED * probability)), "on the diagonal are not the inclusion probabilities"),
        (joint > least + np.maximum(1e-9, ROUNDED * least), "are above those of one of their units"),
    )
    for bad, what in wrong:
        if bad.any():
            i, j = np.argwhere(bad)[0]
            raise DesignError(
                f"pps: {int(bad.sum())} joint probabilities {what}; the first is that of rows {i} and {j}, {joint[i, j]:.10g} (and "
                f"{joint[j, i]:.10g}) with inclusion probabilities {probability[i]:.10g} and {probability[j]:.10g}. They must be symmetric "
                f"and above 0, with the inclusion probabilities on the diagonal."
            )


def unequal_probabilities(data: Table, pps: Any, form: str, probability: Any, stage: Stage, policy: str) -> Any:
    """The variance of sampling with unequal probabilities, as `Design.unequal` wants it."""
    if probability is None:
        raise DesignError("pps needs probability, the inclusion probabilities.")
    guards.choice(form, "pps_variance", ("ht", "yg"), error=DesignError)
    n = len(probability)
    if len(stage.stratum) != n:
        raise DesignError("pps is for samples of elements in one stage; leave psu out.")
    if isinstance(pps, str):
        if pps == "brewer":
            return Brewer(probability, stage, policy)
        if pps == "deville":
            return Deville(probability, stage)
        if pps != "hartley-rao":
            raise DesignError(
                f'pps = {pps!r}: choose "brewer", "deville", "hartley-rao" or a matrix of joint probabilities.'
            )
        if len(stage.sampled) > 1:
            raise DesignError("hartley-rao is for samples without strata; give joint probabilities, or use brewer.")
        return JointProbabilities(hartley_rao(probability), form)
    if isinstance(pps, pd.DataFrame) and isinstance(data, pd.DataFrame):
        same_index(pps, data.index, "pps", DesignError)
        same_index(pps.T, data.index, "pps.T", DesignError)
    if isinstance(pps, np.ndarray) and pps.shape != (n, n):
        raise DesignError(f"joint probabilities have shape {pps.shape}; the table has {n} rows.")
    joint = guards.number_array(
        pps, "pps", shape=(n, n), error=DesignError, remedy="Or choose brewer, deville or hartley-rao."
    )
    refuse_joint(joint, probability)
    return JointProbabilities(joint, form)
