"""Compositing: how the overlap of two frames is shared between their samples."""

import numpy as np

from ..errors import DataError
from .result import deff_kish


def effective_theta(weight, first):
    """θ of the first frame's overlap sample from effective sizes n / deff_kish (O'Muircheartaigh & Pedlow 2002).

    `weight` (n,) are the overlap respondents' weights, `first` (n,) says who came through the first frame. Rows without weight are no
    respondents.
    """
    first, weight = np.asarray(first, bool)[weight > 0], weight[weight > 0]
    if not first.any() or first.all():
        raise DataError("the overlap was reached through one frame only, so effective sizes give no θ; give a number.")
    size = [part.sum() / deff_kish(weight[part]) for part in (first, ~first)]
    return float(size[0] / (size[0] + size[1]))


def composite_factor(first, overlap, theta):
    """Factors (n,): θ for the first frame's overlap, 1 − θ for the second's, 1 outside the overlap (Hartley 1962)."""
    return np.where(overlap, np.where(first, theta, 1 - theta), 1.0)
