"""Imputation as a step: later steps see a table whose columns have no holes."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from ... import guards, streams
from ...aliases import Array, Floats, Ints, Table
from ...coding import holds_numbers, natural
from ...errors import DataError
from ...guards import refuse
from ...tables import coded, named, numbers_of, pick, rows_of
from .. import imputation
from .classes import called, classes
from .filled import overlaid, plain, taken
from .unit_nonresponse import model_matrix

METHODS = ("hot_deck", "sequential", "predictive_mean", "logistic")


@dataclass(frozen=True)
class Imputed:
    """The columns that were imputed, of the weighted table; `links` say how the answers were drawn."""

    columns: dict[Any, pd.Series]
    links: tuple[imputation.Redrawn, ...] = ()


@dataclass(frozen=True, slots=True)
class Impute:
    """Fill missing raking variables with answers of others, so that everybody can be raked.

    Columns are filled in their order, and those filled before may be predictors. Rows give their answers in proportion to their weights
    at this step. The record has the shares that were imputed.

    Answers are drawn once. In a replicate their probabilities are estimated again, and a row that was imputed weighs as much more as
    its answer has become more probable (Rao & Shao 1992); linearized errors take the derivative of that, so that both count what
    imputation adds. Drawn anew, replicates would count the chance of the draw twice. Predictive means have no
    probabilities, and who is nearest jumps from replicate to replicate (a bootstrap that matches again is not valid: Abadie & Imbens
    2008): all errors take what they found for given answers. That leaves out what imputation adds to the errors of the imputed column
    itself, a seventh of the variance where an eighth is imputed; those of other columns, raked to it, are right.

    Parameters
    ----------
    columns : a column or a list of them.
    method : "hot_deck", the answer of a random respondent of the class; "sequential", that of the last one before in the order of the
        predictors; "predictive_mean", of one of the `donors` respondents whose means by a linear regression on the predictors
        are nearest (numbers only); "logistic", a level drawn from a multinomial logistic regression on the predictors.
    by : classes inside which answers are taken over, or models fitted. predictors : columns without holes.
    seed : of the random numbers, which belong to rows.

    References
    ----------
    Andridge & Little (2010), Int. Stat. Rev. 78:40-64; Rao & Shao (1992), Biometrika 79:811-822; Abadie & Imbens (2008), Econometrica
    76:1537-1557.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Impute, Margins, Rake, Recipe
    >>> cases = pd.DataFrame({"sex": ["m", "m", "f", "f"], "age": ["young", None, "old", "old"]})
    >>> rake = Rake(Margins.parse({"age": {"young": 120, "old": 80}}), minimum=1)
    >>> weights = Recipe([Impute("age", by="sex"), rake]).apply(cases)
    >>> weights.final.tolist()
    [60.0, 60.0, 40.0, 40.0]
    >>> weights.records[0]["imputed"], weights.completed["age"].tolist()
    ({'age': 0.25}, ['young', 'young', 'old', 'old'])
    """

    columns: tuple
    method: str = "hot_deck"
    by: tuple = ()
    predictors: tuple = ()
    donors: int = 5
    seed: int = 1
    name: str = "imputed"

    def __post_init__(self) -> None:
        for field in ("columns", "by", "predictors"):
            object.__setattr__(self, field, tuple(named(getattr(self, field), field)))
        guards.choice(self.method, "method", METHODS)
        guards.whole_number(self.donors, "donors", 1, 1000, remedy="It is the number of nearest respondents.")
        guards.seed_of(self.seed)
        if not self.columns:
            raise DataError("columns: give at least one column to impute.")
        if self.method in ("predictive_mean", "logistic") and not self.predictors:
            raise DataError(f"method = {self.method!r} needs predictors.")
        itself = [name for name in self.columns if name in self.by]
        if itself:
            raise DataError(f"{itself[0]!r} cannot be imputed inside classes of itself; take it out of by.")

    def apply(
        self, cases: Table, weight: Floats, dispositions: Any, fixed: Any = None
    ) -> tuple[Floats, dict[str, Any], Any]:
        if fixed is not None:
            for link in fixed["result"].links:
                weight = link.again(weight)
            return weight, {"imputed": fixed["imputed"]}, fixed["result"]
        table = plain(cases, (*self.columns, *self.by, *self.predictors))
        n, filled, shares, links = rows_of(cases), {}, {}, []
        group, places = classes(table, self.by, n)
        for name in self.columns:
            missing = _codes(table, name) < 0
            donor = np.where(missing, np.nan, weight)
            gives = np.bincount(group, np.nan_to_num(donor), len(places))
            message = "{where} has rows without {name!r} and no respondent with weight who has it; use wider classes."
            where = np.array([called(self.by, levels) for levels in places], dtype=object)
            refuse((gives <= 0) & (np.bincount(group, missing, len(places)) > 0), message, where=where, name=name)
            shares[name] = float(weight[missing].sum() / weight.sum())
            if missing.any():
                source, link = self._drawn(table, name, (group, donor, missing))
                filled[name] = taken(cases, name, source)
                table = overlaid(table, {name: taken(table, name, source)})
                links += [] if link is None else [replace(link, level=link.level[source], weight=weight)]
        return weight, {"imputed": shares}, Imputed(filled, tuple(links))

    def _drawn(
        self, table: Table, name: Any, people: tuple[Ints, Floats, Array]
    ) -> tuple[Ints, imputation.Redrawn | None]:
        """Rows (n,) whose value of the column each row takes, and how they were drawn, with levels before."""
        group, donor, missing = people
        n = len(group)

        def uniforms(k: int) -> Array:
            return _uniforms(self.seed, str(name), k, n)

        if self.method == "predictive_mean":
            return self._nearest(table, name, people, uniforms), None
        level = _sorted_codes(table, name)  # so that tables of all kinds draw alike
        link = imputation.Redrawn(group, level, missing, donor)
        if self.method == "hot_deck":
            return imputation.hot_deck(group, donor, missing, uniforms), link
        if self.method == "sequential":
            keys = [_ranks(table, other) for other in reversed(self.predictors)]
            order = np.lexsort(keys) if keys else np.arange(n)
            return imputation.sequential(group, donor, missing, order), link
        x = np.column_stack([np.ones(n), model_matrix(table, self.predictors, n, True)[0]])
        chances = imputation.modelled(x, level, donor, group, int(level.max()) + 1)
        source = imputation.drawn_levels(chances, level, donor, missing, uniforms)
        return source, replace(link, x=x, chances=chances)

    def _nearest(self, table, name, people, uniforms):
        """Rows (n,) of the donors with the nearest predictive means."""
        group, donor, missing = people
        n = len(group)
        if not holds_numbers(pick(table, name)):
            raise DataError(f'{name!r} holds no numbers, so it has no predictive mean; use method="logistic".')
        x = np.column_stack([np.ones(n), model_matrix(table, self.predictors, n, True)[0]])
        value = numbers_of(table, name, n, name, finite=False)
        source = np.arange(n)
        for g in np.unique(group[missing]):
            rows = np.flatnonzero(group == g)

            def own(k: int, rows: Ints = rows) -> Array:
                return uniforms(k)[rows]

            source[rows] = rows[
                imputation.predictive_mean(x[rows], value[rows], donor[rows], missing[rows], self.donors, own)
            ]
        return source


@lru_cache(maxsize=64)
def _uniforms(seed, name, k, n):
    """Uniform numbers (n, 2) of the rows; replicates ask for the same ones again."""
    return streams.stream(seed, name, "impute", k).random((n, 2))


def _ranks(table, name):
    """Where each row stands by a column: numbers by size, levels in their order."""
    if holds_numbers(pick(table, name)):
        return numbers_of(table, name, rows_of(table), name, finite=False)
    return _codes(table, name)


def _codes(table, name):
    """Codes (n,) of a column's levels; -1 where it is missing."""
    codes, _ = coded(table, name)
    return np.asarray(codes)


def _sorted_codes(table, name):
    """The same, in the order of the levels' names."""
    codes, labels = coded(table, name)
    rank = np.empty(len(labels) + 1, np.int64)
    rank[sorted(range(len(labels)), key=lambda k: natural(str(labels[k])))] = np.arange(len(labels))
    rank[-1] = -1
    return rank[np.asarray(codes)]
