"""Trimming: extreme weights are cut and the excess spread over the others."""

import numpy as np

from ..errors import DataError


def trim_weights(weight, lower=None, upper=None, strict=False):
    """Trim weights to [lower, upper], sharing what was cut (or added) equally among the others; the sum is kept.

    Parameters
    ----------
    weight : array (n,) or Calibration, finite and not negative; it is not modified.
    lower, upper : bounds in the weights' unit; None is none.
    strict : False cuts once, so that spreading the excess may push others over a bound again; True repeats until no weight
        is outside.

    Returns
    -------
    Array (n,).

    Raises
    ------
    DataError : unusable weights or bounds; the bounds leave no room for the sum of the weights.

    References
    ----------
    Potter (1990), Proc. Surv. Res. Methods Sect. ASA, 225-230. R survey's `trimWeights` also gives part of the excess to
    weights that lie exactly on a bound; here they stay.
    """
    result = np.array(getattr(weight, "weight", weight), dtype=float)
    if result.ndim != 1 or len(result) == 0 or not np.all(np.isfinite(result)) or np.any(result < 0):
        raise DataError("weight must be a non-empty one-dimensional array of finite numbers, 0 or larger.")
    low, high = (-np.inf if lower is None else float(lower)), (np.inf if upper is None else float(upper))
    total = result.sum()
    if not low <= high:
        raise DataError(f"lower = {lower!r} is above upper = {upper!r}.")
    if not low * len(result) <= total <= high * len(result):
        raise DataError(
            f"weights between {lower} and {upper} cannot sum to {total:,.6g} over {len(result)} rows; widen the bounds."
        )
    while True:
        outside = (result < low) | (result > high)
        if not outside.any():
            return result
        cut = np.clip(result, low, high)
        free = (cut > low) & (cut < high) & ~outside
        if not free.any():
            raise DataError(f"no weight between {lower} and {upper} is left to take the excess; widen the bounds.")
        cut[free] += (result.sum() - cut.sum()) / free.sum()
        result = cut
        if not strict:
            return result
