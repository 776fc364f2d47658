"""Nonresponse of numbers, from their final dispositions: inside classes, or by a model of response propensities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from ... import guards
from ...aliases import Array, Floats, Table
from ...columns import DISPOSITIONS
from ...errors import CalibrationError, DataError
from ...tables import named, numbers_of, pick, rows_of
from ..levels import level_codes
from .propensity import MOST_GROUPS, groups_alike, propensities


@dataclass(frozen=True, slots=True)
class NonresponseClasses:
    """Weight up for nonresponse inside classes, frame by frame: estimated eligible cases over interviews.

    e is for numbers of unknown status (UH); e_unscreened for people and households that were reached but refused before
    the screening (UO): nearly every household that answers has somebody eligible. With e = "given", the columns e and e_unscreened
    of the dispositions hold both.

    Examples
    --------
    Two interviews of 10 numbers; 4 of the 8 others may be eligible, of which e = 0.5 are: (2 + 2 + 2) / 2.

    >>> import pandas as pd
    >>> from surveysim.weighting import NonresponseClasses, Recipe
    >>> cases = pd.DataFrame({"region": ["north", "north"]})
    >>> numbers = {"region": ["north"], "I": [2], "P": [0], "R": [2], "NC": [0], "O": [0]}
    >>> dispositions = pd.DataFrame(numbers | {"UH": [4], "UO": [0], "NE": [2]})
    >>> Recipe([NonresponseClasses(by="region", e=0.5)]).apply(cases, dispositions).final.tolist()
    [3.0, 3.0]
    """

    by: tuple = ("frame",)
    e: float | Literal["proportional", "given"] = "proportional"
    e_unscreened: float = 1.0
    name: str = "nonresponse_weight"

    def __post_init__(self) -> None:
        _check_nonresponse(self)

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        _, counts, codes, e = _classes(self, cases, dispositions)
        factor = class_factors(counts, *e)
        return weight * factor[codes], _spread_of(factor), None


@dataclass(frozen=True, slots=True)
class NonresponsePropensity:
    """Weight up for nonresponse by one over a response propensity: a logistic model with the main effects of `by`.

    It needs fewer respondents than classes do, because it leaves out the interactions. With `groups` the classes are joined into
    that many groups of like propensity and about as many cases, and weighted by cases over interviews of the group.
    """

    by: tuple = ("frame",)
    e: float | Literal["proportional", "given"] = "proportional"
    e_unscreened: float = 1.0
    groups: int | None = None
    name: str = "nonresponse_weight"

    def __post_init__(self) -> None:
        _check_nonresponse(self)
        if self.groups is not None:
            guards.whole_number(self.groups, "groups", 1, MOST_GROUPS, remedy="It is the number of propensity groups.")

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        labels, counts, codes, e = _classes(self, cases, dispositions)
        size, interviews = eligible(counts, *e), counts[:, 0]
        columns = zip(self.by, zip(*labels, strict=True), strict=True)
        levels = [pd.get_dummies(pd.Series(values).astype(str), prefix=c, drop_first=True) for c, values in columns]
        x = pd.concat(levels, axis=1)
        p = propensities(x.to_numpy(dtype=float), interviews, size, list(x.columns))
        factor = 1 / p
        if self.groups is not None:
            group = groups_alike(p, size, self.groups)
            with np.errstate(divide="ignore", invalid="ignore"):
                factor = (np.bincount(group, size) / np.bincount(group, interviews))[group]
            if not np.all(np.isfinite(factor)):
                raise DataError(f"a propensity group has no interviews; ask for fewer than groups = {self.groups}.")
        return weight * factor[codes], _spread_of(factor), None


def _check_nonresponse(step):
    object.__setattr__(step, "by", tuple(named(step.by, "by")))
    if not step.by:
        raise DataError(f"{type(step).__name__} needs columns of classes in by.")
    word = guards.is_text(step.e, "proportional") or guards.is_text(step.e, "given")
    shares = [v for v in (step.e, step.e_unscreened) if not (v is step.e and word)]
    if not all(guards.is_number(v) and 0 <= v <= 1 for v in shares):
        raise DataError(
            f"e = {step.e!r}, e_unscreened = {step.e_unscreened!r}: give shares of eligible numbers from 0 to 1; e may be "
            f'"proportional", or "given" in columns of the dispositions.'
        )


def _classes(step, cases, dispositions):
    """The classes (labels), their counts (classes, 8) by disposition, the class of every interview, and both e."""
    if dispositions is None:
        raise DataError(
            f"{type(step).__name__} needs dispositions: a table of the classes with the columns "
            f"{', '.join(DISPOSITIONS)} (counts of numbers)."
        )
    n = rows_of(dispositions)
    keys = list(zip(*(pick(dispositions, c).astype(object) for c in step.by), strict=True))
    numbers = np.column_stack([numbers_of(dispositions, c, n, c) for c in DISPOSITIONS])
    message = "{bad} rows of dispositions have missing or negative counts, the first is row {row}."
    guards.refuse(~(np.isfinite(numbers) & (numbers >= 0)).all(axis=1), message)
    place = {label: k for k, label in enumerate(dict.fromkeys(keys))}
    labels, rows_to = list(place), np.array([place[key] for key in keys])
    counts = _summed(numbers, rows_to, len(labels))  # rows may be finer than the classes
    try:
        codes = level_codes(cases, step.by, labels)
    except CalibrationError as error:
        raise _no_class(step.by, cases, labels) or error from None
    I, of = counts[:, 0], [_class_named(step.by, label) for label in labels]  # noqa: E741 - AAPOR's letter
    message = "class {of} has {numbers:g} numbers but no interviews; join it with another."
    guards.refuse(I == 0, message, of=np.array(of, dtype=object), numbers=counts.sum(axis=1))
    rows = np.bincount(codes, minlength=len(labels))
    message = (
        "{bad} classes have other interviews than the table has rows; the first is {label!r} with I = {I:g} and {rows} rows. Give the "
        "dispositions of these cases."
    )
    guards.refuse(rows != I, message, label=labels[int(np.argmax(rows != I))], I=I, rows=rows)
    if step.e != "given":
        return labels, counts, codes, (step.e, step.e_unscreened)
    unknown = [DISPOSITIONS.index(c) for c in ("UH", "UO")]
    eligible = [
        _given(dispositions, name, numbers[:, at], n) for name, at in zip(("e", "e_unscreened"), unknown, strict=True)
    ]
    eligible, size = _summed(np.column_stack(eligible), rows_to, len(labels)), counts[:, unknown]
    return labels, counts, codes, np.divide(eligible, size, out=np.zeros(size.shape), where=size > 0).T


def _class_named(by, label):
    return " and ".join(f"{name} = {level!r}" for name, level in zip(by, label, strict=True))


def _no_class(by: Sequence[str], cases: Table, labels: list[Any]) -> DataError | None:
    """The error for interviews whose class is missing, or has no row in the dispositions."""
    keys = list(zip(*(pick(cases, name).astype(object) for name in by), strict=True))
    for name, values in zip(by, zip(*keys, strict=True), strict=True):
        missing = [row for row, value in enumerate(values) if pd.isna(value)]
        if missing:
            return DataError(
                f"column {name!r} of classes is missing in {len(missing)} interviews, the first in row {missing[0]}. Give them a class."
            )
    lost = [key for key in keys if key not in set(labels)]
    if not lost:
        return None
    return DataError(
        f"{lost.count(lost[0])} interviews have {_class_named(by, lost[0])}, which has no row in the dispositions. Add its counts, or "
        f"recode the class."
    )


def _summed(values, group, size):
    """Sums (size, columns) of rows by group."""
    result = np.zeros((size, values.shape[1]))
    np.add.at(result, group, values)
    return result


def _given(dispositions, name, numbers, n):
    """Expected eligible ones of these numbers by row, from the column that holds their e: they add up where shares do not."""
    values = numbers_of(dispositions, name, n, name)
    message = "column {name!r} of the dispositions holds {bad} values that are no shares from 0 to 1, the first is {first:g} in row {row}."
    guards.refuse(~((values >= 0) & (values <= 1)), message, name=name, first=values)
    return values * numbers


def _spread_of(factor):
    return {"classes": len(factor), "least": float(factor.min()), "most": float(factor.max())}


def class_factors(counts: Array, e: Any, e_unscreened: Any = 1.0) -> Floats:
    """Estimated eligible cases over interviews, per class.

    Parameters
    ----------
    counts : (classes, 8) numbers by AAPOR category I, P, R, NC, O, UH, UO, NE.
    e : share of the numbers of unknown status (UH) that are eligible, a number, one per class, or "proportional" (known eligible
        over known eligible plus not eligible, class by class; CASRO).
    e_unscreened : share of the people and households reached but not screened (UO) that are eligible.

    Notes
    -----
    The inverse of AAPOR's RR3, so that interviews stand for everybody eligible in their class (Kalton & Flores-Cervantes
    2003, J. Off. Stat. 19:81-97).
    """
    counts = np.asarray(counts, dtype=float)
    interviews = counts[:, 0]
    guards.refuse(interviews <= 0, "nonresponse class {row} has numbers but no interviews; join it with another.")
    return eligible(counts, e, e_unscreened) / interviews


def eligible(counts: Array, e: Any, e_unscreened: Any = 1.0) -> Floats:
    """Estimated eligible cases (classes,): known ones and the shares e of UH and e_unscreened of UO. See `class_factors`."""
    counts = np.asarray(counts, dtype=float)
    known = counts[:, :5].sum(axis=1)
    share = (
        known / (known + counts[:, 7])
        if isinstance(e, str)
        else np.broadcast_to(np.asarray(e, dtype=float), known.shape)
    )
    return known + share * counts[:, 5] + e_unscreened * counts[:, 6]
