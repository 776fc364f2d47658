"""Repetitions of a sample from a table: the sampling alone, for studies without telephones."""

import copy
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, SpecError
from ..estimation import Survey
from . import table_kinds
from .collapsed import MAX_ITER, TOL, Collapsed
from .controls import Controls
from .parts import Block
from .source import Drawn, Source
from .table_sample import TableSample, read_table


class TableSource(TableSample, Source):
    """Samples from a table and the methods they are judged by.

    A stratified simple random sample whose variables take few values collapses to counts per type (`Collapsed`), and a repetition is one
    kernel; everything else is a `Survey` of the sampled rows.

    Parameters
    ----------
    spec : TableStudySpec. methods, definitions, seed, group, folder : as of `SurveySource`. table : path or DataFrame.
    """

    def __init__(
        self,
        spec: Any,
        methods: tuple,
        definitions: pd.DataFrame,
        seed: int,
        group: str,
        folder: str = ".",
        table: Any = None,
    ) -> None:
        self.spec, self.methods, self.definitions, self.folder = spec, methods, definitions, folder
        own = spec.weighting.model_dump()
        self.weightings = [type(spec.weighting).model_validate(own | method.weighting) for method in methods]
        self.rows: list[Any] = list(definitions.itertuples())
        data = read_table(table, folder) if not isinstance(table, pd.DataFrame) else table
        self._check(data)
        super().__init__(spec.sample, data, seed, group)
        of = [(row, domain) for row in self.rows for domain in self.domains(row.by)]
        share = {row.Index: _of_sums(row) and table_kinds.of(row).is_share(*self.sides(row)) for row in self.rows}
        self.items = [(row.Index, domain) for row, domain in of]
        self.units = [row.unit for row, _ in of]
        self.shares = np.array([share[row.Index] for row, _ in of])
        self.factor = np.where([unit == "percent" for unit in self.units], 100.0, 1.0)

    # ------------------------------------------------------------------------------------------------------ the table
    def _check(self, data: pd.DataFrame) -> None:
        """Every column the study names has to be there, numbers where numbers are needed, nothing missing."""
        s, needed = self.spec.sample, {}
        for what in ("strata", "size", "cluster", "sd"):
            if getattr(s, what):
                needed[getattr(s, what)] = f"sample.{what}"
        needed |= {c: "weighting.margins" for weighting in self.weightings for c in weighting.margins}
        for row in self.rows:
            needed |= dict.fromkeys(table_kinds.of(row).columns(row, data), f"estimand {row.Index!r}")
        for column, where in needed.items():
            if column not in data:
                raise SpecError(
                    f"{where}: the table has no column {column!r}; it has {', '.join(map(str, data.columns))}."
                )
            lost = int(data[column].isna().sum())
            if lost:
                raise DataError(
                    f"{where}: column {column!r} is missing in {lost:,} of {len(data):,} rows of the population."
                )
        numeric = {c for row in self.rows if _of_sums(row) for c in (row.numerator, row.denominator) if c}
        for column in numeric | ({s.size} if s.size else set()) | ({s.sd} if s.sd else set()):
            if not pd.api.types.is_numeric_dtype(data[column]) and not pd.api.types.is_bool_dtype(data[column]):
                raise DataError(f"column {column!r} of the population has to be numbers; it is {data[column].dtype}.")

    def domains(self, by: Iterable[str]) -> list[str]:
        """Names of the domains of some columns, in the order of the codes of `domain`."""
        names = [""]
        for column in by:
            labels = self.coded(column)[1]
            names = [f"{n}, {column}={v}" if n else f"{column}={v}" for n in names for v in labels]
        return names

    def domain(self, by: Iterable[str]) -> np.ndarray:
        """The domain (N,) of every element."""
        code = np.zeros(len(self.data), np.int64)
        for column in by:
            codes, labels = self.coded(column)
            code = code * len(labels) + codes
        return code

    def sides(self, row: Any) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator (N,) of an estimand; the denominator is 1 where none is named."""
        y = self.data[row.numerator].to_numpy(dtype=float)
        return y, self.data[row.denominator].to_numpy(dtype=float) if row.denominator else np.ones(len(y))

    @cached_property
    def columns(self) -> list[str]:
        """Columns that estimates and margins take."""
        used = {c for weighting in self.weightings for c in weighting.margins}
        return sorted(used.union(*(table_kinds.of(row).columns(row, self.data) for row in self.rows)))

    def truth(self) -> np.ndarray:
        result = []
        for row in self.rows:
            if not _of_sums(row):
                result.append(table_kinds.of(row).of_population(self.data, row))
                continue
            code, size = self.domain(row.by), len(self.domains(row.by))
            sums = (np.bincount(code, side, size) for side in self.sides(row))
            result.append(table_kinds.of(row).value(*sums))
        return np.concatenate(result) * self.factor

    # ------------------------------------------------------------------------------------------------------ repetitions
    def draw(self, r: int) -> None:
        design = self.survey(r)[1]
        for m in range(len(self.methods)):
            self._weighted(design, m)

    def replay(self, r: int) -> tuple[pd.DataFrame, Survey]:
        """Sample r again: (table, Survey)."""
        return self.survey(r)

    def _totals(self, margins: Iterable[str]) -> dict:
        return {
            c: dict(zip(self.coded(c)[1], np.bincount(self.coded(c)[0]).astype(float), strict=True)) for c in margins
        }

    def _weighted(self, survey: Survey, m: int) -> Survey:
        weighting = self.weightings[m]
        if not weighting.margins:
            return survey
        totals, given = self._totals(weighting.margins), {"tol": TOL, "max_iter": MAX_ITER}
        if weighting.raked:
            return survey.rake(totals, **given)
        return survey.calibrate(totals, method=weighting.method, bounds=weighting.bounds, **given)

    def drawn(self, r: int) -> Drawn:
        table, design = self.survey(r, None if any(method.own for method in self.methods) else self.columns)

        def judged(m: int) -> np.ndarray:
            method, survey = self.methods[m], self._weighted(design, m)

            def interviews():  # a table of its own: what one method does to it is not seen by the others
                mine = copy.copy(survey)
                mine.data = table.copy()
                return mine.data, mine

            if method.own:
                return self.plugged_in(method, r, interviews, totals=self._totals(self.spec.weighting.margins))
            return self.tabled(method, self.replicated(survey, method, r))

        return Drawn(judged)

    @cached_property
    def _controls(self) -> Controls:
        return Controls(self)

    def controls(self, r: int, sample: Any = None) -> np.ndarray:
        rows, made = self.sample(r)
        return self._controls.of(rows, made["weight"])

    # ------------------------------------------------------------------------------------------------------ many at once
    @cached_property
    def _collapsed(self) -> Collapsed | None:
        return Collapsed.of(self)

    @property
    def fast(self) -> bool:
        """Whether repetitions collapse to counts per type."""
        return self._collapsed is not None

    def block(self, repetitions: np.ndarray) -> Block | None:
        """`Block` of some repetitions, each one kernel call for every method; None where they do not collapse."""
        return None if self._collapsed is None else self._collapsed.block(repetitions)


def _of_sums(row: Any) -> bool:
    return table_kinds.of(row).of_sums
