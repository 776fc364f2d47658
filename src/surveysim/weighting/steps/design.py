"""Design weights: a column, one over a probability, numbers dialled or released, and how many ways a person could be reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ... import guards
from ...aliases import Floats, Ints, Table
from ...errors import DataError
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
    """Weight of a stage of selection: one over the inclusion probability of the row's unit, such as its prefecture.

    most : the largest factor; those above it are cut to it, and the record says how many. None cuts none.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Recipe, Selection
    >>> Recipe([Selection("p", most=20)]).apply(pd.DataFrame({"p": [0.5, 0.01]})).final.tolist()
    [2.0, 20.0]
    """

    probability: str = "unit_probability"
    most: float | None = None
    name: str = "selection_weight"

    def __post_init__(self) -> None:
        if self.most is not None:
            guards.number(self.most, "most", 1, remedy="It is the largest factor of a selection.")

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        pi = _column(cases, self.probability, "probability")
        message = "{what}: {bad} of {n} rows are no probabilities above 0 that one can divide by; the first is {first!r} in row {row}."
        guards.refuse(guards.not_probabilities(pi), message, what=self.probability, first=pi)
        if self.most is None:
            return weight / pi, {"largest": float(1 / pi.min())}, None
        factor = np.minimum(1 / pi, self.most)
        return weight * factor, {"largest": float(factor.max()), "capped": int((factor < 1 / pi).sum())}, None


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
    """Number weight to person weight: ÷ the person's numbers of the frame, × persons that one number can reach.

    Parameters
    ----------
    frame : column that says which frame a row came through.
    frames : {frame: (column of the person's numbers, column of the persons that share them)}, or the same as a list of (frame, numbers,
        persons); "" where one number reaches one person.
    most_numbers, most_persons : larger counts are taken for these, since a few very large or small weights cost more precision than
        they save bias; None leaves counts as they are.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Multiplicity, Recipe
    >>> cases = pd.DataFrame({"frame": ["landline", "mobile"], "n_mobile": [0, 2]})
    >>> cases = cases.assign(n_lines=[1, 0], n_eligible=[3, 1])
    >>> Recipe([Multiplicity()]).apply(cases).final.tolist()
    [3.0, 0.5]
    >>> adults = pd.DataFrame({"source": ["land", "cell"], "phones": [2, 1], "adults": [8, 1]})
    >>> step = Multiplicity("source", {"land": ("phones", "adults"), "cell": ("", "")}, most_persons=5)
    >>> Recipe([step]).apply(adults).final.tolist()
    [2.5, 1.0]
    """

    frame: str = "frame"
    frames: Any = (("landline", "n_lines", "n_eligible"), ("mobile", "n_mobile", ""))
    most_numbers: float | None = None
    most_persons: float | None = None
    name: str = "multiplicity_weight"

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", _ways(self.frames))
        for role in ("most_numbers", "most_persons"):
            if getattr(self, role) is not None:
                guards.number(getattr(self, role), role, 1, remedy="It is the largest count that is believed.")

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        at, factor = one_of(cases, self.frame, [label for label, _, _ in self.frames]), np.ones(len(weight))
        capped = 0
        for k, (label, numbers, persons) in enumerate(self.frames):
            mine = at == k
            for column, most, power in ((numbers, self.most_numbers, -1), (persons, self.most_persons, 1)):
                if column:
                    count = self._counts(cases, label, column, mine)
                    capped += int((count > np.inf if most is None else count > most).sum())
                    factor[mine] *= np.minimum(count, np.inf if most is None else most)[mine] ** power
        return weight * factor, {"capped": capped} if capped else {}, None

    def _counts(self, cases, label, column, mine):
        """Counts (n,) of a column, 1 for rows of other frames."""
        count = np.where(mine, numbers_of(cases, one_name(column, "frames"), len(mine), column, finite=False), 1.0)
        message = (
            "{bad} interviews of frame {label!r} report no number or person in {column!r} (at least 1), the first is row {row} with "
            "{count:g}. Who was reached has a number there and is one of those it reaches; mend the counts."
        )
        guards.refuse(~((count >= 1) & (count < np.inf)), message, label=label, column=column, count=count)
        return count


def _ways(frames):
    """((frame, column of numbers, column of persons), …) from a mapping or a list of them."""
    rows = [(k, *v) for k, v in frames.items()] if isinstance(frames, Mapping) else frames
    good = isinstance(rows, list | tuple) and len(rows) > 0
    if not good or not all(isinstance(row, list | tuple) and len(row) == 3 for row in rows):
        raise DataError(
            f'frames = {guards.sight(frames)}: give {{frame: (column of numbers, column of persons)}}, with "" for always one.'
        )
    labels = [row[0] for row in rows]
    if len(set(labels)) < len(labels):
        raise DataError(f"frames = {guards.sight(frames)}: a frame is listed twice.")
    return tuple((label, numbers or "", persons or "") for label, numbers, persons in rows)


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
