"""What a frame is made of, whatever the population: units, number tables, codes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..kernels.numbers import Numbers


@dataclass(frozen=True, slots=True)
class Layout:
    """Units (DataFrame), the number tables of the kernels, prefixes by unit, a maker of their codes, adcode → unit index."""

    units: pd.DataFrame
    numbers: Numbers
    prefixes: np.ndarray
    codes: Callable
    places: dict
    names: Mapping[str, str] = field(
        default_factory=dict
    )  # of strata, for people, where they are not what is called so
    order: np.ndarray | None = None  # ids in the order of the slots, where ids are not sorted by unit
