"""Waves of a survey as one `Survey`: which of their units are the same, so that the covariance between waves counts.

In every wave a unit deviates from the mean of its stratum as in that wave alone, so that what is estimated of one wave keeps the error it
has there. A unit's deviations in all waves are then added before they are squared: where all units are the same, that is the covariance
matrix of a sample of clusters of all waves; of units that are in some waves only, those that two waves share give their covariance
(Kish 1965, section 12.4; Berger & Priam 2016, JRSS A 179:251-272).
"""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Ints
from ..coding import pandas_types
from ..errors import DataError, DesignError, SurveysimWarning
from ..inference.replication import Replication
from ..inference.schemes import FromMatrix
from ..tables import column_names, in_kind, kind_of, one_name, pick
from . import pooling
from .survey import Survey

FEW = 50  # levels, up to which a column is asked whether waves have none in common


def combine(
    waves: Mapping[Any, Survey], overlap: str | None = None, *, person: Any = None, column: str = "wave"
) -> Survey:
    """Several waves of a survey as one Survey, for changes and averages over time with the right errors.

    Parameters
    ----------
    waves : {name of the wave: Survey}, in the order of time. Each keeps its own weights with their adjustments, which replicates repeat
        wave by wave.
    overlap : what the waves share. None: nothing, they are independent samples. "psu": the primary sampling units that have the same label
        in the same stratum, whose interviews are others in each wave. "people": the people with the same value of `person` too, in the
        same PSUs if there are any.
    person : column with everybody's number, for overlap "people".
    column : name of the column that says which wave a row is of.

    Returns
    -------
    Survey, whose table has the rows of all waves and the columns of any; in waves without a column it is missing.

    Raises
    ------
    DesignError : waves that share no unit, a unit in another stratum in each, replicates that do not go together.
    DataError : a column that holds numbers in one wave and text in another, a person twice in a wave.

    Notes
    -----
    What is estimated of one wave has the error it has in that wave alone. Where the n units of a stratum are the same in two waves,
    the covariance between them is unbiased; where m of n are, it is 1 - (n - m) / (n (n - 1)) of the true one on average, so that
    the error of a change errs to the large side. Replicates draw units that are in the same waves from strata of their own instead,
    without that, and need two of each.

    References
    ----------
    Kish (1965), Survey Sampling, section 12.4; Berger & Priam (2016), JRSS A 179:251-272.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> table = pd.DataFrame({"village": list("aabbcc"), "y": [1, 2, 2, 4, 5, 6]})
    >>> then = ss.Survey(table, psu="village")
    >>> now = ss.Survey(table.assign(y=[2, 3, 4, 4, 6, 8]), psu="village")
    >>> for overlap in (None, "psu"):
    ...     means = ss.combine({"2023": then, "2024": now}, overlap).mean("y", by="wave")
    ...     print(means.change().table[["estimate", "se"]].round(3).values.tolist())
    [[1.167, 1.764]]
    [[1.167, 0.167]]
    """
    guards.choice(overlap, "overlap", (None, "psu", "people"))
    if not isinstance(column, str) or not column:
        raise DataError(f"column = {guards.sight(column)}: give the name of the column that says the wave.")
    named = _waves(waves, column)
    names, surveys = list(named), list(named.values())
    if (person is not None) != (overlap == "people"):
        raise DataError(f'person is the column for overlap "people", which needs one; got overlap = {overlap!r}.')
    same = [] if overlap is None else _same_units(names, surveys, person)
    engine = _replicates(names, surveys, overlap)
    data = _table(names, surveys, column)
    made = pooling.pooled(surveys, data, names, same, all(s.design.leverage for s in surveys))
    return made if engine is None else made._changed(engine=engine)


def _waves(waves, column):
    """The waves by their names as text; refuses what cannot be combined."""
    given = guards.mapping(waves, "waves", remedy='Give {"2023-12": survey, "2024-12": survey}.')
    if len(given) < 2:
        raise DataError(
            f"waves: {len(given)} given; give two or more, such as {{'2023-12': survey, '2024-12': survey}}."
        )
    for name, survey in given.items():
        if not isinstance(survey, Survey):
            raise DataError(f"waves: {name!r} is a {type(survey).__name__}; give a Survey.")
        if not survey.inside.all():
            raise DesignError(f"wave {name!r} is a subpopulation; combine the whole samples and take where() then.")
        if column in column_names(survey.data):
            raise DataError(f"wave {name!r} has a column {column!r} already; give another name as column=.")
        twice = [other for other, s in given.items() if s is survey and other != name]
        if twice:
            raise DataError(f"waves {name!r} and {twice[0]!r} are the same Survey; give the one of each wave.")
    names = [str(name) for name in given]
    if len(set(names)) < len(names):
        raise DataError(f"waves: two names read the same, {max(names, key=names.count)!r}; name every wave apart.")
    policies = {survey.design.lonely for survey in given.values()}
    if len(policies) > 1:
        raise DesignError(f"the waves treat lonely PSUs differently ({', '.join(sorted(policies))}); choose one.")
    return dict(zip(names, given.values(), strict=True))


# ------------------------------------------------------------------------------------------------------------------ units
def _same_units(names, surveys, person):
    """For each stage which units of the waves, below each other, are one and the same, as `Stage.same`."""
    designs = [s.design for s in surveys]
    if any(d.unequal is not None for d in designs):
        raise DesignError("overlap: the covariance of waves is not known for pps= designs; leave pps out, or overlap.")
    if any(isinstance(s.engine, Replication) for s in surveys):
        return []  # brought replicates know it
    people = None if person is None else [_people(name, s, person) for name, s in zip(names, surveys, strict=True)]
    depth = max(len(d.stages) for d in designs) if person is not None else 1
    same, above = [], [np.zeros(len(d.weight), np.int64) for d in designs]
    for k in range(depth):
        keys: list[list[tuple[Any, ...]]] = []
        for w, design in enumerate(designs):
            keys.append(_keys(names[w], design, k, above[w], None if people is None else people[w]))
        if k == 0:
            _refuse_moved(names, designs, keys)
        number = {key: j for j, key in enumerate(dict.fromkeys(key for part in keys for key in part))}
        same.append(np.array([number[key] for part in keys for key in part]))
        units = np.cumsum([0, *map(len, keys)])
        above = [same[-1][units[w] + d.stages[min(k, len(d.stages) - 1)].unit] for w, d in enumerate(designs)]
        if k == 0 and len(number) == len(same[0]):
            shown = [next(iter(part))[-1] for part in keys[:2]]
            raise DesignError(
                f"overlap: no {'person' if designs[0].stages[0].names is None else 'PSU'} is in two waves, the first ones are called "
                f"{shown[0]!r} and {shown[1]!r}; give the same units the same label in the same stratum, or overlap=None for "
                f"independent samples."
            )
    if people is not None:
        _refuse_elsewhere(names, people, above)
    return same


def _keys(name, design, k, above, people) -> list[tuple[Any, ...]]:
    """What the units of a wave's stage k are called: (what they lie in, stratum, label); rows by the person."""
    if k >= len(design.stages):
        return [(name, int(row)) for row in range(len(design.weight))]
    stage = design.stages[k]
    if stage.names is not None:
        labels = np.asarray(stage.names, dtype=object)
    elif people is not None:
        labels = np.empty(len(stage.stratum), dtype=object)
        labels[stage.unit] = people
    else:
        raise DesignError(
            f'overlap "psu": every row of wave {name!r} is a PSU of its own; name the PSUs with psu=, or give overlap="people" and person=.'
        )
    inside = np.empty(len(stage.stratum), np.int64)
    inside[stage.unit] = above
    return [
        (i, str(stage.labels[h]), label) for i, h, label in zip(inside.tolist(), stage.stratum, labels, strict=True)
    ]


def _refuse_moved(names, designs, keys):
    """Refuse a unit of the first stage that is in another stratum in each wave, unless labels repeat across strata."""
    known: dict[Any, tuple[str, str]] = {}
    if any(len({key[-1] for key in part}) < len(part) for part in keys):
        return  # labels are read inside strata
    for name, part in zip(names, keys, strict=True):
        for _, stratum, label in part:
            wave, before = known.setdefault(label, (name, stratum))
            if before != stratum:
                count = sum(known.get(key[-1], ("", key[1]))[1] != key[1] for key in part)
                raise DesignError(
                    f"overlap: {count} units of wave {name!r} are in another stratum than before, the first is {label!r}, in {before!r} in "
                    f"wave {wave!r} and in {stratum!r} in {name!r}. Give both waves the strata the units were selected in."
                )


def _people(name, survey, person):
    """Numbers (n,) of the people of a wave."""
    values = pandas_types(pick(survey.data, one_name(person, "person"))).reset_index(drop=True)
    message = "person: {what!r} is missing in {bad} of {n} rows of wave {wave!r}, the first is row {row}."
    guards.refuse(values.isna().to_numpy(), message, what=person, wave=name)
    again = values.duplicated(keep=False).to_numpy()
    message = (
        "person: {bad} of {n} rows of wave {wave!r} have a {what!r} that another row has too, the first is {first!r} in row {row}; give "
        "everybody a number of their own."
    )
    guards.refuse(again, message, what=person, wave=name, first=values.to_numpy(dtype=object))
    return values.tolist()


def _refuse_elsewhere(names, people, units):
    """Refuse people who are in another unit in each wave; they keep the one they were selected in."""
    known: dict[Any, tuple[str, int]] = {}
    for name, part, of in zip(names, people, units, strict=True):
        for row, (one, unit) in enumerate(zip(part, of.tolist(), strict=True)):
            wave, before = known.setdefault(one, (name, unit))
            if before != unit:
                raise DesignError(
                    f"overlap: person {one!r} is in one unit in wave {wave!r} and, in row {row}, in another in wave {name!r}; people who "
                    f"stay in a sample keep the stratum and PSU they were selected in."
                )


# ------------------------------------------------------------------------------------------------------------- replicates
def _replicates(names, surveys, overlap):
    """Replicates that were brought along, of all waves; None where there are none."""
    engines = [s.engine for s in surveys]
    have = [name for name, e in zip(names, engines, strict=True) if isinstance(e, Replication)]
    if not have:
        return None
    made = [name for name, e in zip(names, engines, strict=True) if name in have and e.degrees_from is not None]
    if made:
        raise DesignError(
            f"wave {made[0]!r} has replicates made here; combine the waves first, and call replicates() then."
        )
    if len(have) < len(names):
        lacking = next(name for name in names if name not in have)
        raise DesignError(f"wave {have[0]!r} has replicate weights and {lacking!r} has none; bring them for all waves.")
    rows, weight = pooling.slices(surveys), np.concatenate([s.design.weight for s in surveys])
    first, n = engines[0], len(weight)
    if overlap is not None:
        for name, e in zip(names[1:], engines[1:], strict=True):
            told = [(x.count, x.scale, x.mse, tuple(x.rscales)) for x in (first, e)]
            if told[0] != told[1]:
                raise DesignError(
                    f"overlap: the replicates of waves {names[0]!r} and {name!r} differ in number ({first.count} and {e.count}), "
                    f"scale, rscales or mse; replicates of common units are the same ones in both."
                )
        matrix = np.concatenate([e.weights() for e in engines])
        return Replication(weight, FromMatrix(matrix), first.count, first.scale, first.rscales, first.mse)
    if not all(e.mse for e in engines):
        raise DesignError(
            "replicates of independent waves deviate from the full sample's estimate; make each wave's Survey with mse=True."
        )
    matrix = np.repeat(weight[:, None], sum(e.count for e in engines), axis=1)
    at = np.cumsum([0, *(e.count for e in engines)])
    for e, part, a, b in zip(engines, rows, at, at[1:], strict=False):
        matrix[part, a:b] = e.weights()
    rscales = np.concatenate([e.scale * e.rscales for e in engines])
    assert matrix.shape == (n, at[-1])
    return Replication(weight, FromMatrix(matrix), int(at[-1]), 1.0, rscales, True)


# ------------------------------------------------------------------------------------------------------------------ table
def _table(names, surveys, column) -> Any:
    """The rows of all waves with the columns of any, in the kind of the waves' tables."""
    tables = [s.data for s in surveys]
    sizes = [len(s.design.weight) for s in surveys]
    of = np.repeat(np.arange(len(names)), sizes)
    columns: dict[Any, Any] = {column: pd.Categorical.from_codes(of, categories=names)}
    for label in dict.fromkeys(label for table in tables for label in column_names(table)):
        there = [label in column_names(table) for table in tables]
        parts = [pick(t, label).reset_index(drop=True) for t, has in zip(tables, there, strict=True) if has]
        whole = pooling.below(parts)
        having = [name for name, has in zip(names, there, strict=True) if has]
        if whole is None:
            numbers = [pd.api.types.is_numeric_dtype(pandas_types(x).dtype) for x in parts]
            which = having[numbers.index(True)] if any(numbers) else having[0], having[numbers.index(False)]
            raise DataError(
                f"column {label!r} holds numbers in wave {which[0]!r} and text in {which[1]!r}; make it the same in both, or drop it."
            )
        _warn_if_apart(label, having, parts)
        columns[label] = whole if all(there) else _spread(whole, np.flatnonzero(np.array(there)[of]), len(of))
    table = pd.DataFrame(columns)
    kinds = {kind_of(t) for t in tables}
    kind = kinds.pop() if len(kinds) == 1 else None
    return table if kind is None else in_kind(table, kind)


def _spread(values: pd.Series, rows: Ints, n: int) -> pd.Series:
    """A column that some waves have, missing in the other rows; whole numbers and truth values stay what they are."""
    kind: Any = {"i": "Int64", "u": "UInt64", "b": "boolean"}.get(getattr(values.dtype, "kind", ""))
    held = values if kind is None or not isinstance(values.dtype, np.dtype) else values.astype(kind)
    return held.set_axis(rows).reindex(np.arange(n))


def _warn_if_apart(label, names, parts):
    """Warn of a column whose levels in one wave are none of another's: the same answers may be called differently."""
    levels = []
    for x in parts:
        if pd.api.types.is_numeric_dtype(x.dtype) or pd.api.types.is_datetime64_any_dtype(x.dtype):
            return
        found = pd.unique(x.dropna())[: FEW + 1]
        levels.append([str(v) for v in found])
    for k in range(1, len(levels)):
        before, now = levels[k - 1], levels[k]
        if min(len(before), len(now)) >= 2 and max(len(before), len(now)) <= FEW and not set(before) & set(now):
            warnings.warn(
                f"column {label!r} has no level in both wave {names[k - 1]!r} ({', '.join(before[:3])}) and {names[k]!r} "
                f"({', '.join(now[:3])}); name the same answers alike, or their changes are none.",
                SurveysimWarning,
                stacklevel=4,
            )
            return
