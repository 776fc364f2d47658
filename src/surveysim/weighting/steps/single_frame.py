"""Single-frame weights: samples of several frames as one, by how people could be drawn through any of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import guards
from ...aliases import Floats, Table
from ...errors import DataError
from ...guards import refuse
from ...tables import numbers_of, one_name

METHODS = ("bankier", "kalton_anderson")
PARTS = ("rate", "times", "over")


@dataclass(frozen=True, slots=True)
class SingleFrame:
    """One weight for whoever came through any of several overlapping frames, from the probabilities of all of them.

    Parameters
    ----------
    frames : one entry for each frame, two or more: the column of a person's inclusion probability through it, 0 for who is not in it;
        or {"rate": r, "times": column, "over": column} for r × times / over, such as numbers sampled over numbers in the frame ×
        lines of the home / adults there. `rate` is a number or a column; `times` and `over` may be left out.
    method : "bankier", one over the probability to be drawn through any frame, 1 - Π (1 - π), which is 1 / (π_A + π_B - π_A π_B) for
        two; or "kalton_anderson", one over the expected number of times, Σ π, for files that keep a person as often as drawn.
    most : largest number of `times` and of `over` that is believed; None is none.

    References
    ----------
    Bankier (1986), JASA 81:1074-1079; Kalton & Anderson (1986), J. R. Stat. Soc. A 149:65-82.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Recipe, SingleFrame
    >>> cases = pd.DataFrame({"p_land": [0.1, 0.1, 0.0], "p_cell": [0.0, 0.2, 0.2]})
    >>> Recipe([SingleFrame(["p_land", "p_cell"])]).apply(cases).final.round(4).tolist()  # the second: 1 / (.1 + .2 - .02)
    [10.0, 3.5714, 5.0]
    >>> Recipe([SingleFrame(["p_land", "p_cell"], method="kalton_anderson")]).apply(cases).final.round(4).tolist()
    [10.0, 3.3333, 5.0]
    >>> adults = pd.DataFrame({"lines": [1, 0], "adults": [2, 2], "cells": [1, 1]})
    >>> land, cell = {"rate": 0.002, "times": "lines", "over": "adults"}, {"rate": 0.001, "times": "cells"}
    >>> Recipe([SingleFrame([land, cell])]).apply(adults).final.round(2).tolist()
    [500.25, 1000.0]
    """

    frames: tuple
    method: str = "bankier"
    most: float | None = None
    name: str = "single_frame_weight"
    starts = True

    def __post_init__(self) -> None:
        guards.choice(self.method, "method", METHODS)
        if not isinstance(self.frames, list | tuple) or len(self.frames) < 2:
            raise DataError(
                f"frames = {guards.sight(self.frames)}: give a list with one entry for each of two or more frames."
            )
        object.__setattr__(self, "frames", tuple(_part(entry) for entry in self.frames))
        if self.most is not None:
            guards.number(self.most, "most", 1, remedy="It is the largest count that is believed.")

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        missed, expected = np.ones(len(weight)), np.zeros(len(weight))
        for entry in self.frames:
            probability = self._probability(cases, dict(entry), len(weight))
            missed, expected = missed * (1 - probability), expected + probability
        if self.method == "bankier":
            expected = np.where(expected < 1e-8, expected, 1 - missed)  # where 1 - Π (1 - π) would lose its digits
        message = (
            "{bad} rows have probability 0 in every frame, the first is row {row}; who was drawn is in one of them."
        )
        refuse(~(expected >= guards.SMALLEST), message)
        return 1 / expected, {"least": float(1 / expected.max()), "most": float(1 / expected.min())}, None

    def _probability(self, cases, entry, n):
        """Inclusion probabilities (n,) through one frame."""
        rate = entry["rate"]
        result = np.full(n, float(rate)) if guards.is_number(rate) else _column(cases, rate, n)
        if "times" in entry:
            result *= np.minimum(_column(cases, entry["times"], n), np.inf if self.most is None else self.most)
        if "over" in entry:
            over = numbers_of(cases, entry["over"], n, entry["over"], finite=False)
            message = "{bad} rows that the frame has are shared by no {what!r} of at least 1, the first is row {row}."
            refuse(~(over >= 1) & (result > 0), message, what=entry["over"])
            result /= np.where(over >= 1, np.minimum(over, np.inf if self.most is None else self.most), 1.0)
        message = "{what}: {bad} of {n} rows have no probabilities from 0 to 1; the first is {first!r} in row {row}."
        what = entry["rate"] if len(entry) == 1 else " × ".join(str(entry[part]) for part in PARTS[:2] if part in entry)
        refuse(~((result >= 0) & (result <= 1)), message, what=what, first=result)
        return result


def _column(cases, name, n):
    """Numbers (n,) of a column, 0 or larger."""
    values = numbers_of(cases, one_name(name, "frames"), n, str(name), finite=False)
    message = "{name!r}: {bad} of {n} rows hold no number of 0 or more, the first is row {row}. Who is not in the frame has 0."
    refuse(~((values >= 0) & (values < np.inf)), message, name=name)
    return values


def _part(entry):
    """((part, column or number), …) of one frame."""
    given = {"rate": entry} if isinstance(entry, str) else entry
    pairs = isinstance(given, list | tuple) and all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in given)
    given = dict(given) if pairs else given
    if not isinstance(given, Mapping) or "rate" not in given or set(given) - set(PARTS):
        raise DataError(
            f'frames: {guards.sight(entry)} is neither the column of a probability nor {{"rate": …, "times": column, "over": column}}.'
        )
    if guards.is_number(given["rate"]):
        guards.number(given["rate"], "rate", 0, 1, remedy="It is the share of a frame's numbers that was drawn.")
    return tuple((part, given[part]) for part in PARTS if part in given)
