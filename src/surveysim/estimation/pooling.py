"""Several samples as one: rows below each other, strata and units side by side, each with its own adjustments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats
from ..coding import holds_numbers, pandas_types, refuse_infinite
from ..errors import DataError
from ..inference.linearization import Design
from ..inference.questions import values_of
from ..inference.stage import Stage
from ..tables import coded, column_names, named, numbers_of, one_name, pick
from .families.composer import AB, BA, INSIDE, OVERLAP, A, B
from .survey import Survey

if TYPE_CHECKING:
    from .dual_frame import DualFrameSurvey


@dataclass(frozen=True)
class Embedded:
    """A link of one sample, as a link of the pool."""

    inner: Any
    rows: slice

    @property
    def covariance(self) -> Any:
        return self.inner.covariance

    def direct(self, given: Floats) -> Floats | None:
        part = self.inner.direct(np.ascontiguousarray(given[:, self.rows]))
        if part is None:
            return None
        made = np.zeros(given.shape)
        made[:, self.rows] = part
        return made

    def residuals(self, given: Floats) -> tuple[Floats, Any]:
        part = np.ascontiguousarray(given[:, self.rows])
        part, known = self.inner.residuals(part)
        given[:, self.rows] = part
        return given, known


@dataclass(frozen=True)
class Blockwise:
    """The adjustments of every sample, repeated on other base weights; `rows` are those of each sample."""

    adjustments: tuple
    rows: tuple[slice, ...]

    def again(self, base: Floats, copied: Floats) -> Floats:
        parts = [np.ascontiguousarray(base[rows]) for rows in self.rows]
        for k, adjustments in enumerate(self.adjustments):
            for adjustment in adjustments:
                parts[k] = adjustment.again(parts[k], copied[self.rows[k]])
        return np.concatenate(parts)


def slices(surveys: Sequence[Survey]) -> tuple[slice, ...]:
    """Where the rows of each sample are when they lie below each other."""
    ends = np.cumsum([0, *(len(s.design.weight) for s in surveys)]).tolist()
    return tuple(map(slice, ends, ends[1:]))


def pooled(
    surveys: Sequence[Survey],
    data: pd.DataFrame,
    names: Sequence[str],
    same: Sequence[Any] = (),
    leverage: bool = False,
) -> Survey:
    """Several samples as one Survey of the table of all, with their weights as they came.

    names : of the samples, which the labels of their strata begin with. same : of every stage, see `stages`.
    leverage : of further adjustments, as in `Design`.
    """
    designs, rows = [s.design for s in surveys], slices(surveys)
    links = tuple(Embedded(link, part) for design, part in zip(designs, rows, strict=True) for link in design.links)
    weight, carried = (np.concatenate([getattr(d, what) for d in designs]) for what in ("weight", "carried"))
    pool = stages(designs, names, same)
    design = Design(weight, pool, designs[0].lonely, links, unequal(designs, rows), carried, leverage)
    if not any(s.adjustments for s in surveys):
        return Survey.of_design(data, design)
    base = np.concatenate([s.design.weight if s.base is None else s.base for s in surveys])
    return Survey.of_design(data, design, base, (Blockwise(tuple(s.adjustments for s in surveys), rows),))


def refuse_lacking(d: "DualFrameSurvey", columns: Any) -> None:
    """Refuse columns that one table lacks, or that the two tables hold as different things."""
    for name in named(columns, "y"):
        if name in d.data:
            continue
        lacking = [which for which, s in (("a", d.a), ("b", d.b)) if name not in column_names(s.data)]
        why = (
            f"{' and '.join(lacking)} {'lack' if len(lacking) > 1 else 'lacks'} it"
            if lacking
            else "one table has numbers, the other text"
        )
        raise DataError(f"column {name!r} cannot be estimated from both samples: {why}.")


def auxiliary(d: "DualFrameSurvey", totals: Any) -> tuple[Floats | None, Floats | None, tuple]:
    """Auxiliary variables (n, p), their totals (p,), and (frame, name) of each."""
    columns, known, labels = [], [], []
    if totals is not None and not isinstance(totals, Mapping):
        raise DataError(f'totals = {guards.sight(totals)}: give {{"A": {{column: total}}, "B": …, "ab": …}}.')
    for frame, entries in (totals or {}).items():
        if frame not in INSIDE or not isinstance(entries, Mapping):
            raise DataError(f'totals: give {{"A": {{column: total}}, "B": …, "ab": …}}; got {frame!r}.')
        for name, total in entries.items():
            refuse_lacking(d, name)
            values, inside = values_of(d.pooled, name), d.part @ INSIDE[frame] > 0
            refuse_infinite(values, f"totals: {name!r} of {frame}", inside)
            lost = np.isnan(values) & inside
            if lost.any():
                raise DataError(
                    f"totals: {name!r} is missing in {int(lost.sum())} rows of {frame}; impute or drop them."
                )
            if not guards.is_finite(total):
                raise DataError(f"totals: {name!r} in {frame} has the total {guards.sight(total)}; give a number.")
            columns.append(np.where(inside, values, 0.0))
            known.append(float(total))
            labels.append((frame, name))
    return (np.column_stack(columns), np.array(known), tuple(labels)) if columns else (None, None, ())


def membership_parts(a: Survey, b: Survey, domain: Any, membership: Any) -> Floats:
    """How much of each row lies in domain a, ab, ba, b: (n, 4)."""
    result = np.zeros((len(a.weight) + len(b.weight), 4))
    n_a = len(a.weight)
    for survey, alone, name, at in ((a, "a", "a", (A, AB)), (b, "b", "b", (B, BA))):
        rows = slice(0, n_a) if name == "a" else slice(n_a, None)
        if membership is not None:
            share = numbers_of(
                survey.data, one_name(membership, "membership"), len(survey.weight), "membership", finite=False
            )
            message = "{what!r} holds no probability in {bad} of {n} rows of {name}; the first is row {row}."
            guards.refuse(~((share >= 0) & (share <= 1)), message, what=membership, name=name)
        else:
            codes, labels = coded(survey.data, one_name(domain, "domain"))
            meant = [1.0 if label == "ab" else 0.0 if label == alone else np.nan for label in labels]
            share = np.array([*meant, np.nan])[codes]
            message = (
                "{what!r} must be {alone!r} or 'ab' in {name}; {bad} of {n} rows hold something else, the first {first!r} in row {row}. "
                "Where membership is unknown, give membership=, the probability of it."
            )
            first = np.array([*labels, None], dtype=object)[codes]
            guards.refuse(np.isnan(share), message, what=domain, alone=alone, name=name, first=first)
        result[rows, at[1]] = share
        result[rows, at[0]] = 1 - share
    size = np.concatenate([a.weight, b.weight]) @ result
    if not (size[AB] > 0 and size[BA] > 0):
        raise DataError(
            f"the overlap is in {'neither sample' if size[AB] == size[BA] == 0 else 'one sample only'} ({size[AB]:,.0f} from a, "
            f"{size[BA]:,.0f} from b); two frames without overlap are two strata of one Survey."
        )
    return result


def both_probabilities(a: Survey, b: Survey, part: Floats, probability: Any) -> Any:
    """Inclusion probabilities (n,) in the row's own frame and in the other one."""
    if not isinstance(probability, (tuple, list)) or [isinstance(name, str) for name in probability] != [
        True,
        True,
    ]:
        raise DataError(
            f"probability = {probability!r}: give a pair, (column of frame A's probability, column of frame B's)."
        )
    in_a, in_b = (
        np.concatenate([numbers_of(s.data, name, len(s.weight), "probability", finite=False) for s in (a, b)])
        for name in probability
    )
    n_a = len(a.weight)
    first = np.arange(len(in_a)) < n_a
    own, other = np.where(first, in_a, in_b), np.where(first, in_b, in_a)
    overlap = part @ OVERLAP > 0
    bad = ~((own > 0) & (own < np.inf)) | (overlap & ~((other > 0) & (other < np.inf)))
    if bad.any():
        raise DataError(
            f"{_missed(part, n_a, bad, own, probability)} Give the expected number of times a row is drawn through each frame it "
            f"belongs to."
        )
    return own, np.where(overlap, other, 0.0)


def _missed(part, n_a, bad, own, probability):
    """In words: which probabilities are none, of which table, domain and column."""
    row = int(np.argmax(bad))
    in_a = row < n_a
    its_own = not 0 < own[row] < np.inf
    column = probability[0 if in_a == its_own else 1]
    domain = "ab" if part[row] @ OVERLAP > 0 else "a" if in_a else "b"
    return (
        f"probability: {int(bad.sum())} rows have none above 0 in a frame they belong to; the first is row "
        f"{row if in_a else row - n_a} of {'a' if in_a else 'b'}, in domain {domain!r}, whose column {column!r} is no such number."
    )


def tables(first: Any, second: Any) -> pd.DataFrame:
    """Two tables below each other, with the columns both have as the same kind of thing: numbers, categories or text."""
    theirs = set(column_names(second))
    shared = [name for name in column_names(first) if name in theirs]
    columns = {name: below([pick(data, name).reset_index(drop=True) for data in (first, second)]) for name in shared}
    return pd.DataFrame({name: column for name, column in columns.items() if column is not None})


def below(parts: Sequence[pd.Series]) -> pd.Series | None:
    """Columns below each other, or None where one holds numbers and another does not; truth values are numbers beside numbers."""
    parts = [pandas_types(x) for x in parts]
    categorical = [isinstance(x.dtype, pd.CategoricalDtype) for x in parts]
    if all(categorical) and all(x.dtype == parts[0].dtype for x in parts):
        return pd.concat(parts, ignore_index=True)
    plain = [_uncategorized(x) if c else x for x, c in zip(parts, categorical, strict=True)]
    numeric = [pd.api.types.is_numeric_dtype(x.dtype) or holds_numbers(x) for x in plain]  # true and false among them
    if any(numeric) != all(numeric):
        return None
    truth = [pd.api.types.is_bool_dtype(x.dtype) for x in plain]
    plain = [x.astype("Int64") if t and not all(truth) else x for x, t in zip(plain, truth, strict=True)]
    whole = pd.concat(plain, ignore_index=True)
    if not any(categorical):
        return whole
    orders = [
        list(x.cat.categories) if c else list(pd.unique(x.dropna())) for x, c in zip(parts, categorical, strict=True)
    ]
    return whole.astype(pd.CategoricalDtype(list(dict.fromkeys(label for order in orders for label in order))))


def _uncategorized(x):
    """The values of a categorical Series as what its categories are, holes kept."""
    kind, values = x.cat.categories.dtype, x.astype(object)
    if kind == np.dtype(object):
        return pandas_types(values)
    return values.astype({"b": "boolean", "i": "Int64", "u": "UInt64"}.get(kind.kind, kind))


def stages(designs: Sequence[Design], names: Sequence[str], same: Sequence[Any] = ()) -> tuple[Stage, ...]:
    """Stages of several designs side by side; a design with fewer stages takes the rest completely.

    same : of the first stages, which of the units below each other are one and the same, as `Stage.same`; None where none are.
    """
    result = []
    for k in range(max(len(design.stages) for design in designs)):
        parts = [design.stages[k] if k < len(design.stages) else _taken(design) for design in designs]
        units, strata = (np.cumsum([0, *sizes]) for sizes in zip(*((len(s.stratum), len(s.fraction)) for s in parts)))
        before = [np.broadcast_to(np.asarray(s.before, dtype=float), s.fraction.shape) for s in parts]
        result.append(
            Stage(
                np.concatenate([s.unit + first for s, first in zip(parts, units, strict=False)]),
                np.concatenate([s.stratum + first for s, first in zip(parts, strata, strict=False)]),
                np.concatenate([s.fraction for s in parts]),
                tuple(f"{name}: {x}" for name, s in zip(names, parts, strict=True) for x in s.labels),
                np.concatenate(before),
                np.repeat(np.arange(len(parts)), np.diff(strata)),
                same=same[k] if k < len(same) else None,
            )
        )
    return tuple(result)


def _taken(design):
    """A further stage in which every row of a unit is taken."""
    last = design.stages[-1]
    n = len(design.weight)
    return Stage(np.arange(n), last.unit, np.ones(len(last.stratum)), tuple(range(len(last.stratum))), 0.0)


def unequal(designs: Sequence[Design], rows: Sequence[slice]) -> Any:
    """Covariances of weighted scores where one of the designs is without replacement with unequal probabilities."""
    return None if all(d.unequal is None for d in designs) else SideBySide(tuple(designs), tuple(rows))


@dataclass(frozen=True)
class SideBySide:
    """Covariances of weighted scores over independent samples, each by its own design."""

    designs: tuple[Design, ...]
    rows: tuple[slice, ...]

    def __call__(self, weighted: Floats) -> Floats:
        parts = ((d, weighted[:, rows]) for d, rows in zip(self.designs, self.rows, strict=True))
        between = ([d.unequal(z)] if d.unequal is not None else [d.between(s, z) for s in d.stages] for d, z in parts)
        return sum((sum(each, np.zeros(())) for each in between), np.zeros(()))
