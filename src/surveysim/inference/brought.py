"""Replicate weights or factors that come with a table: what they are, how they were made, and how they are adjusted."""

import warnings
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats, Table
from ..errors import CalibrationError, DataError, DesignError, SurveysimWarning
from ..tables import numbers_of, same_index
from ..threads import by_threads
from ..weighting.cells import refuse_unsquared
from ..weighting.trimming import copies
from .replication import Replication
from .schemes import FromMatrix

FAR, ALIKE = 0.6, 0.05  # mean distances from 1: of factors at most, and of weights that both readings agree for


def refuse_beside(**design: object) -> None:
    """Refuse a design beside replicates that are brought."""
    for name, given in design.items():
        if given is not None:
            raise DesignError(
                f"{name} beside replicates that are brought would change nothing: they are the design. Leave {name} out."
            )


class Told(NamedTuple):
    """What is said of replicates: how they were made, which gives the scale, or how they give variances; as in `Survey`."""

    kind: str | None
    rho: float | None
    scale: float
    rscales: Any
    mse: bool


def refuse_told(told: Told) -> None:
    """Refuse what is said of replicates where none are brought."""
    kind, rho, scale, rscales, mse = told
    if kind is not None or rho is not None:
        raise DesignError("replicate_kind and rho say how replicate_weights were made, and there are none.")
    if rscales is not None or guards.flag(mse, "mse", error=DesignError) or guards.number(scale, "scale") != 1:
        raise DesignError("scale, rscales and mse say how replicate_weights give variances, and there are none.")


def check_kind(told: Told) -> None:
    """Refuse a kind of brought replicates that does not exist, or that does not go with what else is said of them.

    References
    ----------
    Wolter (2007), Introduction to Variance Estimation, ch. 3 to 5; Judkins (1990), J. Off. Stat. 6:223-239 (Fay); Fay & Train (1995)
    (successive differences).
    """
    kind, rho, scale, rscales, _ = told
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


def adjusted(engine: Replication, weight: Floats, adjustment: Any) -> Replication:
    """Brought replicates whose every column is adjusted as the sample was; weight : (n,) adjusted weights.

    The columns are adjusted now, so that one that cannot be is told of here.
    """
    matrix = engine.weights()
    copied = getattr(engine.fill, "copied", None)
    if copied is None:  # before any adjustment, which later ones must not take for it
        copied = np.stack([copies(column, engine.weight) for column in matrix.T], axis=1)

    def share(first, last):
        for r in range(first, last):
            try:
                matrix[:, r] = adjustment.again(np.ascontiguousarray(matrix[:, r]), np.ascontiguousarray(copied[:, r]))
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
    return replace(engine, weight=weight, fill=FromMatrix(matrix, copied))


def brought(data: Table, weights: Any, factors: Any, weight: Floats, told: Told) -> Replication:
    """Replication from replicate weights or factors a user brings, beside the sample's final weights (n,).

    factors : None or False where `weights` are weights, True where they are factors, or factors in their place.
    """
    kind, rho, scale, rscales, mse = told
    word = factors is None or isinstance(factors, bool | np.bool_)
    are_factors = factors if word else True
    if weights is None and word:
        raise DesignError(f"replicate_factors = {factors!r} says what replicate_weights are, and there are none.")
    if weights is not None and not word:
        raise DesignError(
            "give replicate_weights or replicate_factors; beside replicate_weights the latter is True, False or None."
        )
    name, columns = ("replicate_factors", factors) if weights is None else ("replicate_weights", weights)
    matrix = _matrix(data, name, columns, len(weight))
    R = matrix.shape[1]
    _read_as_told(matrix, weight, are_factors)
    if are_factors:
        matrix = matrix * weight[:, None]
    check_kind(told)
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
    return Replication(weight, FromMatrix(matrix), R, scale, rscales, mse, kind=kind or "", columns=names)


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
