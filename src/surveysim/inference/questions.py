"""Questions to a table with weights: variables times domains become items, whose values are the estimates."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..aliases import Floats, Ints
from ..coding import all_finite, refuse_infinite
from ..errors import DataError, SurveysimWarning
from ..kernels import codes as kernels
from ..tables import coded, kind_of, named, numbers_of, one_name
from . import scores
from .estimates import estimates
from .summed import interviews

if TYPE_CHECKING:
    from ..estimation.survey import Survey
    from .estimates import Estimates


class Questions:
    """What is asked of a Survey in one call.

    Attributes
    ----------
    group, domains : (n,) domain 0 .. D - 1 of each row, -1 in none, and the names of the domains.
    items : scores.Statistic and scores.Block. rows : (statistic, variable, level, domain) of every row of their estimates.
    aside : {variable: rows of weight that are set aside because it is missing}.
    """

    def __init__(self, survey: "Survey", by: Any = None) -> None:
        self.survey, self.data, self.weight = survey, survey.data, survey.design.weight
        self.items, self.rows, self.aside = [], [], {}
        self.group, self.domains = self._domains(by)

    def numbers(self, what: str, columns: Sequence[Any], den: Any) -> None:
        """Totals, means and ratios of numeric columns; `den` is a column, or what `scores.block` takes."""
        over = [(one_name(den, "den"), values_of(self.survey, den))] if what == "ratio" else []
        for name in wanted(columns):
            label = f"{name}/{den}" if over else name
            inside, (y, *x) = self.complete([(name, values_of(self.survey, name)), *over], label)
            self._ask(what, label, "", y, x[0] if over else den, inside)

    def proportions(self, columns: Sequence[Any]) -> None:
        """Proportions of the levels of columns."""
        for name in wanted(columns):
            column = coded(self.data, name)
            codes = column.codes
            inside = self.group if codes.min() >= 0 else self._set_aside(codes < 0, name)
            for k in self._answered(column):
                self._ask("proportion", name, str(column.labels[k]), codes == k, scores.NONE, inside)

    def _ask(self, what, label, level, y, x, inside):
        item = scores.block(self.weight, y, x, inside, self.domains, self._stage)
        if self.survey.design.respondents is not None:
            item = replace(item, rows=interviews(self.survey.design, np.True_, inside, self.domains))
        self.items.append(item)
        self.rows += [(what, label, level, domain) for domain in self.domains]

    def estimates(self, engine: Any = None, **options: Any) -> "Estimates":
        """The `Estimates`, with errors from the survey's engine or another one."""
        tell(self.aside, 5)
        engine, options = engine or self.survey.engine, {"kind": kind_of(self.data)} | options
        return estimates(engine, self.items, self.rows, set_aside=self.aside, **options)

    @property
    def _stage(self):
        """The stage whose unit sums give variances straight away: linearized ones without calibration."""
        design = self.survey.design
        simple = self.survey.engine is design and not (design.links or design.unequal or design.joins)
        return design.stages[0] if simple else None

    def complete(self, given: Any, label: str) -> tuple[Ints, list[Floats]]:
        """Domains (n,) of the rows where none of the (name, values) `given` is missing, and the values, 0 in other rows.

        Infinite values are refused where they would count.
        """
        values = [v for _, v in given]
        if all(map(all_finite, values)):
            return self.group, values
        for name, v in given:
            refuse_infinite(v, repr(name), (self.group >= 0) & (self.weight != 0))
        inside = self._set_aside(np.isnan(values).any(axis=0), label)
        return inside, [np.where((inside >= 0) & np.isfinite(v), v, 0.0) for v in values]

    def _answered(self, column):
        """Codes of the levels to show: every level of a categorical or bool column, of others those of rows of weight."""
        order = column.shown()
        if self.survey.design.all_interviews or column.kind == "category" or len(order) < 2:
            return order
        seen = np.bincount(column.codes[(column.codes >= 0) & (self.weight != 0)], minlength=max(order) + 1) > 0
        return [k for k in order if seen[k]]

    def _set_aside(self, missing, name):
        """Domains (n,) without the rows where a value is missing; those of weight are counted, the others are no interviews."""
        group, domains = self.group, self.domains
        missing = missing & (group >= 0)
        if not missing.any():
            return group
        rows, lost = (interviews(self.survey.design, m, group, domains) for m in (np.True_, missing))
        for d in np.flatnonzero((rows == lost) & (rows > 0)):
            where = f" of domain {domains[d]!r}" if domains[d] else ""
            raise DataError(f"{name!r} is missing in all {rows[d]} rows{where}; there is nothing to estimate from.")
        if lost.any():
            self.aside[name] = int(lost.sum())
        return np.where(missing, -1, group).astype(np.int32)

    def _domains(self, by):
        """Domain 0 .. D - 1 of each row, -1 in none, and the names of the domains."""
        group, names, used = self.survey.everybody, [""], np.array([self.survey.inside.any()])
        for name in [] if by is None else named(by, "by"):
            column = coded(self.data, name)
            (codes, labels), order = column, column.order()
            rank = np.empty(max(len(labels), 1), np.int64)
            rank[order] = np.arange(len(labels))
            finer, used = np.empty_like(group), np.zeros(len(names) * len(labels), bool)
            kernels.join(group, codes, rank, len(labels), finer, used)
            lost = int(interviews(self.survey.design, finer < 0, group, names).sum()) if codes.min() < 0 else 0
            if lost:
                self.aside[name] = lost
            group = finer
            names = [f"{text}, {name}={labels[k]}" if text else f"{name}={labels[k]}" for text in names for k in order]
        if not self.survey.design.all_interviews:  # rows of weight 0 make no domain
            used &= np.bincount(group[(group >= 0) & (self.weight != 0)], minlength=len(names)) > 0
        if not used.any():
            gone = "".join(f": {lost:,} rows of weight have no {column}" for column, lost in self.aside.items())
            raise DataError(f"the subpopulation has no rows of weight{gone}; check where(), by and the weights.")
        if used.all():
            return group, names
        place, kept = np.where(used, np.cumsum(used) - 1, -1).astype(np.int32), np.empty_like(group)
        kernels.renumber(group, place, kept)
        return kept, [text for text, u in zip(names, used, strict=True) if u]


def values_of(survey: "Survey", name: Any) -> Floats:
    """A numeric column of a survey's table as float64 (n,), NaN where missing."""
    remedy = "Convert it to numbers, or use proportion() for categories."
    return numbers_of(survey.data, name, len(survey.design.weight), "", finite=False, remedy=remedy)


def tell(aside: Mapping[Any, Any], stacklevel: int) -> None:
    """Warn of rows that are set aside."""
    if aside:
        text = ", ".join(f"{count:,} of {name!r}" for name, count in aside.items())
        warnings.warn(
            f"rows with missing values are set aside: {text}. Their PSUs stay in the design; impute them if they differ from "
            f"the others.",
            SurveysimWarning,
            stacklevel=stacklevel,
        )


def wanted(columns: Any, what: str = "y") -> list[Any]:
    """A column or a list of columns to estimate, as a list."""
    columns = named(columns, what)
    if not columns:
        raise DataError("give at least one column to estimate.")
    return columns
