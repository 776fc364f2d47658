"""Design weights: a column, one over a probability, numbers dialled or released, and how many ways a person could be reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ... import guards
from ...aliases import Floats, Ints, Table
from ...columns import FRAMES
from ...tables import numbers_of, one_name, pick, rows_of
from ..problem import base_weights


def _column(cases, column, role):
    """A column of numbers (n,) by its name, whatever it is called; `role` is the argument that names it."""
    return numbers_of(cases, one_name(column, role), rows_of(cases), "")


@dataclass(frozen=True, slots=True)
class BaseWeight:
    """Start from a column of weights, such as a file's design weights.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import BaseWeight, Recipe
    >>> Recipe([BaseWeight("w")]).apply(pd.DataFrame({"w": [10, 20]})).final.tolist()
    [10.0, 20.0]
    """

    column: str
    name: str = "base_weight"
    starts = True

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        return base_weights(cases, self.column, len(cases)), {}, None


@dataclass(frozen=True, slots=True)
class Selection:
    """Weight of a stage of selection: one over the inclusion probability of the row's unit, such as its prefecture."""

    probability: str = "unit_probability"
    name: str = "selection_weight"

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        pi = _column(cases, self.probability, "probability")
        message = "{what}: {bad} of {n} rows are no probabilities above 0 that one can divide by; the first is {first!r} in row {row}."
        guards.refuse(guards.not_probabilities(pi), message, what=self.probability, first=pi)
        return weight / pi, {"largest": float(1 / pi.min())}, None


@dataclass(frozen=True, slots=True)
class InverseSampling:
    """Number weight of inverse sampling in strict order: N(m−1) / ((t−1)m).

    N numbers in the unit's space, the m-th and last interview on dial t; N/t would be biased upwards by m/(m−1)
    (Haldane 1945, Biometrika 33:222-225: (m−1)/(t−1) is unbiased for the interview rate).

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import InverseSampling, Recipe
    >>> cases = pd.DataFrame({"number_space": 10000, "unit_interviews": 3, "unit_dialled": [201]})
    >>> Recipe([InverseSampling()]).apply(cases).final.round(4).tolist()  # 10000 × 2 / (200 × 3)
    [33.3333]
    """

    space: str = "number_space"
    interviews: str = "unit_interviews"
    dialled: str = "unit_dialled"
    name: str = "design_weight"
    starts = True

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        N, m, t = (_column(cases, getattr(self, role), role) for role in ("space", "interviews", "dialled"))
        message = (
            "{bad} interviews are alone in their unit (or {column} is missing); N(m−1)/((t−1)m) needs at least 2. Raise the unit's "
            "target."
        )
        guards.refuse(~(m >= 2), message, column=self.interviews)
        message = (
            "{bad} rows have no sense of numbers, the first is row {row}: {m:g} interviews in {t:g} dialled of {N:g}; need interviews <= "
            "dialled <= numbers."
        )
        guards.refuse(~((t >= m) & (t <= N) & (np.inf > N)), message, m=m, t=t, N=N)
        return N * (m - 1) / ((t - 1) * m), {}, None


@dataclass(frozen=True, slots=True)
class Released:
    """Number weight of numbers released in replicates: numbers in the unit's space over numbers released.

    Every released number stands for as many, whatever became of it; what has not been resolved is nonresponse. Where releases stop
    because the target is met, some bias is left (docs/explanation/inverse-sampling.md measures it).

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Recipe, Released
    >>> cases = pd.DataFrame({"number_space": [10000], "unit_dialled": [200]})
    >>> Recipe([Released()]).apply(cases).final.tolist()
    [50.0]
    """

    space: str = "number_space"
    released: str = "unit_dialled"
    name: str = "design_weight"
    starts = True

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        N, t = (_column(cases, getattr(self, role), role) for role in ("space", "released"))
        message = "{bad} rows have no sense of numbers, the first is row {row}: {t:g} released of {N:g}; need 1 <= released <= numbers."
        guards.refuse(~((t >= 1) & (t <= N) & (np.inf > N)), message, t=t, N=N)
        return N / t, {}, None


@dataclass(frozen=True, slots=True)
class Multiplicity:
    """Number weight to person weight: ÷ own working mobiles, or × eligible members ÷ residential lines.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Multiplicity, Recipe
    >>> cases = pd.DataFrame({"frame": ["landline", "mobile"], "n_mobile": [0, 2]})
    >>> cases = cases.assign(n_lines=[1, 0], n_eligible=[3, 1])
    >>> Recipe([Multiplicity()]).apply(cases).final.tolist()
    [3.0, 0.5]
    """

    frame: str = "frame"
    name: str = "multiplicity_weight"

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        landline = one_of(cases, self.frame, FRAMES) == 0
        mobiles, lines, eligible = (numbers_of(cases, c, len(weight), c) for c in ("n_mobile", "n_lines", "n_eligible"))
        bad = np.where(landline, ~((lines >= 1) & (eligible >= 1)), ~(mobiles >= 1))
        message = (
            "{bad} interviews report no number of the kind they were reached on, the first is row {row}; n_mobile, n_lines and n_eligible "
            "must be at least 1 there."
        )
        guards.refuse(bad, message)
        factor = np.where(landline, eligible / np.where(landline, lines, 1), 1 / np.where(landline, 1, mobiles))
        return weight * factor, {}, None


def one_of(cases: Table, column: str, values: Sequence[str]) -> Ints:
    """Codes (n,) of a column that may only hold these values."""
    given = pick(cases, column)
    if isinstance(given.dtype, pd.CategoricalDtype):  # its levels are few
        place = np.append(pd.Index(values).get_indexer(given.cat.categories.astype(object)), -1)
        codes = place[given.cat.codes.to_numpy()]
    else:
        codes = pd.Index(values).get_indexer(pd.Index(given.astype(object), dtype=object))
    if (codes < 0).any():
        known, first = ", ".join(map(repr, values)), given.iloc[int(np.argmax(codes < 0))]
        message = "{column!r} has {bad} values other than {known}; the first is {first!r} in row {row}."
        guards.refuse(codes < 0, message, column=column, known=known, first=first)
    return codes
