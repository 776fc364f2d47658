"""Estimates from tables larger than memory: one pass makes a small table of sums, whose estimates and errors are those of all rows.

Totals, ratios and their linearized errors need of the rows of a sampling unit, a domain, a level and a margin cell their weighted sums
alone; where every row is a unit, also their second moments (`inference.summed`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats, Ints, Totals
from ..display import Shown
from ..errors import DataError, DesignError
from ..files.parts import Keys, in_parts, missing_codes
from ..inference.summed import by_respondent
from ..naming import comparison
from ..tables import named
from ..weighting.folders import weights_in
from .conditions import holds
from .survey import Survey

if TYPE_CHECKING:
    from ..inference.estimates import Estimates

PATTERN, WEIGHT = "_missing numbers", "_weight"


@dataclass
class Moments:
    """Sums by combination of keys: of weights, of weighted numbers (p of them), and moments of the numbers under squared weights.

    Attributes
    ----------
    every, counted, weight : (K,) rows, rows of weight, and weights. total : (K, p) weighted numbers.
    squares : (K,) squared weights. mean, spread : (K, p) and (K, p, p) means of the numbers under them, and sums of products about them.
    """

    numbers: int
    every: Floats = field(default_factory=lambda: np.zeros(0))
    counted: Floats = field(default_factory=lambda: np.zeros(0))
    weight: Floats = field(default_factory=lambda: np.zeros(0))
    squares: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        p = self.numbers
        self.total, self.mean, self.spread = np.zeros((0, p)), np.zeros((0, p)), np.zeros((0, p, p))

    def add(self, cell: Ints, count: int, w: Floats, y: Sequence[Floats], second: bool) -> None:
        """Add rows with combinations `cell` (n,), of `count` known by now, weights w (n,) and p numbers y of (n,), 0 where missing.

        Moments of batches are joined as Chan, Golub & LeVeque (1983, Am. Stat. 37:242-247) do, so that no digits are lost.
        """
        for name in ("every", "counted", "weight", "squares", "total", "mean", "spread"):
            before = getattr(self, name)
            setattr(self, name, np.concatenate([before, np.zeros((count - len(before), *before.shape[1:]))]))
        here, cell = np.unique(cell, return_inverse=True)
        K = len(here)
        self.every[here] += np.bincount(cell, minlength=K)
        self.counted[here] += np.bincount(cell, w > 0, K)
        self.weight[here] += np.bincount(cell, w, K)
        for k, values in enumerate(y):
            self.total[here, k] += np.bincount(cell, w * values, K)
        if not second:
            return
        mass, before, squared = np.bincount(cell, w * w, K), self.squares[here], w * w
        share = np.divide(mass, before + mass, out=np.zeros(K), where=mass > 0)
        middle = [np.divide(np.bincount(cell, squared * v, K), mass, out=np.zeros(K), where=mass > 0) for v in y]
        off = [values - m[cell] for values, m in zip(y, middle, strict=True)]
        moved = [m - self.mean[here, k] for k, m in enumerate(middle)]
        for a in range(self.numbers):
            for b in range(a, self.numbers):
                both = np.bincount(cell, squared * off[a] * off[b], K) + before * share * moved[a] * moved[b]
                self.spread[here, a, b] += both
                self.spread[here, b, a] = self.spread[here, a, b]
        for k in range(self.numbers):
            self.mean[here, k] += share * moved[k]
        self.squares[here] = before + mass

    def nodes(self) -> tuple[Floats, Floats]:
        """Values (K, 2 p, p) and what each counts (K, 2 p), whose moments are those of the numbers under squared weights."""
        p = self.numbers
        with np.errstate(divide="ignore", invalid="ignore"):
            covariance = np.where(self.squares[:, None, None] > 0, self.spread / self.squares[:, None, None], 0.0)
        scale = np.sqrt(np.einsum("kaa->ka", covariance))
        scale = np.where(scale > 0, scale, 1.0)
        values, vectors = np.linalg.eigh(covariance / (scale[:, :, None] * scale[:, None, :]))
        step = np.sqrt(p * np.maximum(values, 0.0))[:, None, :] * vectors * scale[:, :, None]  # columns are steps
        step = np.swapaxes(step, 1, 2)
        found = self.mean[:, None, :] + np.concatenate([step, -step], axis=1)
        return found, np.repeat(self.squares[:, None] / (2 * p), 2 * p, axis=1)


@dataclass(frozen=True)
class Sums(Shown):
    """Rows of many files as a small table of their sums.

    Attributes
    ----------
    table : a row for each combination of the keys, and where respondents are units themselves further rows without weight, which stand for
        second moments; with the keys, the numbers as weighted means, and the sum of weights.
    rows, parts : how many were read. own : whether respondents are units themselves.
    respondents, every, squares : (n,) rows of weight, rows and squared weights that each row of the table stands for.
    """

    table: pd.DataFrame = field(repr=False)
    rows: int
    parts: int
    own: bool
    respondents: Ints = field(repr=False)
    every: Ints = field(repr=False)
    squares: Floats = field(repr=False)

    def survey(self, data: pd.DataFrame, fpc: Any = None, **design: Any) -> Survey:
        """The Survey of a table with the same rows; its estimates and errors are those of the respondents."""
        if not self.own:
            survey = Survey(data, fpc=fpc, **design)
            return Survey.of_design(data, survey.design.of_sums(self.respondents))
        (fpc,) = fpc if isinstance(fpc, list) and len(fpc) == 1 else (fpc,)
        if isinstance(fpc, list):
            raise DesignError("fpc of several stages needs psu, the sampling units of every stage.")
        survey = Survey(data, **design)
        sums = (self.respondents, self.every, self.squares)
        return Survey.of_design(data, by_respondent(survey.design, data, fpc, sums))

    def _shown(self) -> pd.DataFrame:
        return self.table


def sums_of(
    source: Any,
    keys: Iterable[str],
    numbers: Iterable[str],
    *,
    weight: str | None,
    own: bool,
    na: Mapping[str, Any] | None = None,
    conditions: Iterable[str] = (),
    progress: Callable[[str], Any] | None = None,
) -> Sums:
    """The sums of a folder of Parquet files or of a Dask DataFrame, in one pass.

    Parameters
    ----------
    source : what `files.parts.in_parts` gives. keys : columns whose combinations are kept apart. numbers : columns that are summed.
    weight : column of weights, or None. own : whether rows are sampling units, so that second moments are needed.
    conditions : comparisons such as "age >= 60", each a column of truth values of the table, with the condition as its name.
    """
    keys, conditions = list(dict.fromkeys(keys)), list(dict.fromkeys(conditions))
    numbers = [name for name in dict.fromkeys(numbers) if name not in keys]
    used = [
        *keys,
        *numbers,
        *([weight] if weight else []),
        *(comparison(text, source.schema.names, "where")[0] for text in conditions),
    ]
    for name in [*used, *(na or {})]:
        if name not in source.schema.names:
            source.head().values(name)  # says what there is
    if weight in keys + numbers:
        raise DataError(
            f"{weight!r} is the weight; a column of sums can be no more than that. Estimate from a copy of it."
        )
    found, moments = Keys((*keys, *conditions, PATTERN), categories=True), Moments(len(numbers))
    for k, part in enumerate(source.parts):
        for batch in source.batches(part, used, dict(na or {})):
            _add(found, moments, batch, numbers, weight, conditions, own)
        if progress is not None:
            progress(f"{k + 1} of {len(source.parts)} parts read")
    return _table(found, moments, numbers, weight, source, own)


def _add(found, moments, batch, numbers, weight, conditions, own):
    """Add the rows of a batch."""
    if not len(batch):
        return
    w, y = weights_in(batch, weight), [batch.numbers(name) for name in numbers]
    missing, pattern = [np.isnan(values) for values in y], np.zeros(len(batch), np.int64)
    for k, gone in enumerate(missing):
        pattern += gone.astype(np.int64) << k
    more = [(text, holds(batch, text).astype(np.int64)) for text in conditions]
    cell = found.of(batch, [*more, (PATTERN, pattern)])
    values = [np.where(gone, 0.0, v) for gone, v in zip(missing, y, strict=True)]
    moments.add(cell, len(found.places), w, values, own)


def _table(found, moments, numbers, weight, source, own):
    """`Sums` from the sums by combination."""
    K, p = len(moments.weight), len(numbers)
    if not K:
        raise DataError(f"{source.path}: there are no rows.")
    heavy = moments.weight[:, None] > 0
    values = np.divide(moments.total, moments.weight[:, None], out=np.zeros((K, p)), where=heavy)
    at, w, squares, more = np.arange(K), moments.weight, moments.squares, 0
    if own and p:  # nodes of second moments behind the sums
        nodes, mass = moments.nodes()
        values, at = np.vstack([values, nodes.reshape(-1, p)]), np.concatenate([at, np.repeat(at, 2 * p)])
        more = 2 * p * K
        w, squares = np.concatenate([w, np.zeros(more)]), np.concatenate([0 * squares, mass.ravel()])
    columns: dict[str, Any] = {}
    for k, name in enumerate(found.names[:-1]):
        level, labels = found.levels(k)
        columns[name] = _typed(level, labels, source, name)[at]
    codes, patterns = found.levels(len(found.names) - 1)
    gone = np.array(patterns, np.int64)[codes][at]
    for k, name in enumerate(numbers):
        columns[name] = np.where((gone >> k) & 1, np.nan, values[:, k])
    columns[weight or WEIGHT] = w
    counted, every = (np.concatenate([c, np.zeros(more)]).astype(np.int64) for c in (moments.counted, moments.every))
    return Sums(pd.DataFrame(columns), int(moments.every.sum()), len(source.parts), own, counted, every, squares)


def _typed(codes, levels, source, name):
    """Values (K,) of a key, of the type that its column has in memory."""
    kind = source.schema.field(name).type if name in source.schema.names else None
    if kind is not None and hasattr(kind, "ordered"):
        return pd.Categorical.from_codes(codes, pd.Index(levels), ordered=kind.ordered)
    if name not in source.schema.names:
        return np.array([bool(level) for level in levels])[codes]
    return pd.Series([*levels, None] if (codes < 0).any() else levels).iloc[codes].array


class FolderSurvey(Shown):
    """A complex sample larger than memory: what `Survey` estimates from it, by one pass over its files.

    Parameters
    ----------
    data : folder of .parquet files with the same columns, or a Dask DataFrame.
    numbers : columns whose totals, means and ratios will be asked for. levels : columns whose proportions will be, domains, raking
        variables. Memory grows with their combinations inside sampling units, not with rows.
    weight, strata, psu, fpc, nest, lonely_psu : as in `Survey`, columns by their names; weights are 1 unless given.
    where : conditions such as "age >= 60", or one; estimates are of the rows where all hold, with the full design behind them.
    na : {column: values that count as missing}. progress : called with a text after each file.

    Raises
    ------
    DataError : no files, unlike files, missing columns, unusable weights, more than 2,000,000 combinations; DesignError as `Survey`.

    References
    ----------
    Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, ch. 2.8, 5 and 6.

    Examples
    --------
    >>> from pathlib import Path
    >>> import pandas as pd, surveysim as ss
    >>> Path("halves").mkdir()
    >>> table = pd.DataFrame({"w": [10, 10, 20, 20], "y": [1, 3, 2, 4], "sex": list("fmfm")})
    >>> table[:2].to_parquet("halves/first.parquet"), table[2:].to_parquet("halves/second.parquet")
    (None, None)
    >>> survey = ss.estimation.FolderSurvey("halves", numbers=["y"], levels=["sex"], weight="w")
    >>> print(survey.total("y"))
    statistic variable level domain  estimate    se  lower  upper  df  n   moe
        total        y                    160 58.88 -27.38  347.4   3  4 187.4
    >>> survey.rake({"sex": {"f": 40, "m": 20}}).mean("y", by="sex").table["estimate"].round(3).tolist()
    [1.667, 3.667]
    """

    def __init__(
        self,
        data: Any,
        *,
        numbers: str | Sequence[str] = (),
        levels: str | Sequence[str] = (),
        weight: str | None = None,
        strata: Any = None,
        psu: Any = None,
        fpc: Any = None,
        nest: bool = False,
        lonely_psu: str = "fail",
        where: str | Sequence[str] = (),
        na: Mapping[str, Any] | None = None,
        progress: Callable[[str], Any] | None = None,
    ) -> None:
        source, weight = in_parts(data), _weight_name(weight)
        where = [where] if isinstance(where, str) else list(where)
        keys, conditions = conditions_of(where, source.schema.names)
        design = [*_flat(strata), *_flat(psu), *_flat(fpc)]
        keys = [*named(levels, "levels"), *design, *keys] if levels else [*design, *keys]
        numbers, progress = named(numbers, "numbers") if numbers else [], guards.function(progress, "progress")
        told: dict[str, Any] = {"na": missing_codes(na), "conditions": conditions, "progress": progress}
        self.sums = sums_of(source, keys, numbers, weight=weight, own=psu is None, **told)
        given: dict[str, Any] = {"strata": strata, "psu": psu, "fpc": fpc, "nest": nest, "lonely_psu": lonely_psu}
        self.whole, self.conditions = self.sums.survey(self.sums.table, weight=weight or WEIGHT, **given), where
        self.survey = self._inside(self.whole)

    def _inside(self, survey: Survey) -> Survey:
        """The rows where all conditions hold; one that was found row by row is a column."""
        for text in self.conditions:
            survey = survey.where(text)
        return survey

    def __repr__(self) -> str:
        return f"<FolderSurvey: {self.sums.rows:,} rows of {self.sums.parts:,} parts in {len(self.sums.table):,} sums>"

    def _shown(self) -> pd.DataFrame:
        return self.sums.table

    def rake(self, margins: Totals, **options: Any) -> Self:
        """A new FolderSurvey, all of whose rows are raked, those outside `where` too.

        Options are those of `surveysim.rake`, but what is for single rows: trim and closest.
        """
        for option in ("trim", "closest"):
            if options.get(option):
                raise DataError(f"{option} is for single rows, and these are sums; leave it out, or give bounds.")
        made = type(self).__new__(type(self))
        made.sums, made.conditions, made.whole = self.sums, self.conditions, self.whole.rake(margins, **options)
        made.survey = made._inside(made.whole)
        return made

    def total(
        self, y: str | Sequence[str], by: Any = None, level: float = 0.95, df: float | None = None
    ) -> "Estimates":
        """Weighted totals of numbers, overall or by domain; see `Survey.mean` for the arguments."""
        return self.survey.total(y, by=by, level=level, df=df)

    def mean(self, y: str | Sequence[str], by: Any = None, level: float = 0.95, df: float | None = None) -> "Estimates":
        """Weighted means of numbers; see `Survey.mean`."""
        return self.survey.mean(y, by=by, level=level, df=df)

    def ratio(
        self, num: str | Sequence[str], den: str, by: Any = None, level: float = 0.95, df: float | None = None
    ) -> "Estimates":
        """Ratios of two weighted totals; see `Survey.ratio`."""
        return self.survey.ratio(num, den, by=by, level=level, df=df)

    def proportion(
        self, y: str | Sequence[str], by: Any = None, ci: str = "logit", level: float = 0.95, df: float | None = None
    ) -> "Estimates":
        """Proportions of levels; see `Survey.proportion`."""
        return self.survey.proportion(y, by=by, ci=ci, level=level, df=df)


def _weight_name(weight):
    """The column of weights, or None."""
    if weight is not None and not isinstance(weight, str):
        raise DataError(
            f"weight = {guards.sight(weight)}: name a column of the files; an array of all rows would not fit into memory."
        )
    return weight


def conditions_of(where: Iterable[str], columns: Sequence[str]) -> tuple[list[str], list[str]]:
    """Columns that conditions compare with a level, which become keys, and the other conditions, which become columns."""
    parts = [(text, *comparison(text, columns, "where")[:2]) for text in where]
    keys = [name for _, name, sign in parts if sign in ("=", "!=")]
    return keys, [text for text, _, sign in parts if sign not in ("=", "!=")]


def _flat(given):
    """Columns of a part of a design, one per stage, or tuples of several."""
    if given is None:
        return []
    if isinstance(given, str):
        return [given]
    if not isinstance(given, list | tuple):
        raise DesignError(
            f"{guards.sight(given)}: name columns of the files; arrays of all rows would not fit into memory."
        )
    return [name for part in given for name in _flat(part)]
