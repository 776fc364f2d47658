"""Compositing: how the overlap of two frames is shared between their samples."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ... import guards
from ...aliases import Floats, Table, Truths
from ...columns import FRAMES
from ...errors import DataError
from ..result import deff_kish
from .design import one_of


def effective_theta(weight: Floats, first: Truths) -> float:
    """θ of the first frame's overlap sample from effective sizes n / deff_kish (O'Muircheartaigh & Pedlow 2002).

    `weight` (n,) are the overlap respondents' weights, `first` (n,) says who came through the first frame. Rows without weight are no
    respondents.
    """
    first, weight = np.asarray(first, bool)[weight > 0], weight[weight > 0]
    if not first.any() or first.all():
        raise DataError("the overlap was reached through one frame only, so effective sizes give no θ; give a number.")
    size = [part.sum() / deff_kish(weight[part]) for part in (first, ~first)]
    return float(size[0] / (size[0] + size[1]))


def composite_factor(first: Truths, overlap: Truths, theta: float) -> Floats:
    """Factors (n,): θ for the first frame's overlap, 1 − θ for the second's, 1 outside the overlap (Hartley 1962)."""
    return np.where(overlap, np.where(first, theta, 1 - theta), 1.0)


@dataclass(frozen=True, slots=True)
class Composite:
    """Share the overlap between the frames; θ multiplies the landline sample's overlap.

    theta : a number, or "effective" for n / deff_kish of the two overlap samples.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Composite, Recipe
    >>> cases = pd.DataFrame({"frame": ["landline"] * 2 + ["mobile"] * 2})
    >>> cases["domain"] = ["a", "ab", "ab", "b"]
    >>> Recipe([Composite(theta=0.4)]).apply(cases).final.tolist()
    [1.0, 0.4, 0.6, 1.0]
    """

    theta: float | Literal["effective"] = "effective"
    frame: str = "frame"
    domain: str = "domain"
    name: str = "composite_weight"

    def __post_init__(self) -> None:
        number = guards.is_number(self.theta) and 0 <= self.theta <= 1
        if not number and not guards.is_text(self.theta, "effective"):
            raise DataError(f'theta = {guards.sight(self.theta)}: give a share from 0 to 1, or "effective".')

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        landline = one_of(cases, self.frame, FRAMES) == 0
        overlap = one_of(cases, self.domain, ("a", "b", "ab")) == 2
        theta = self.theta if fixed is None else fixed["theta"]
        if isinstance(theta, str):
            theta = 1.0 if landline.all() else 0.0
            if overlap.any() and not landline.all() and landline.any():
                theta = effective_theta(weight[overlap], landline[overlap])
        return weight * composite_factor(landline, overlap, theta), {"theta": theta}, None
