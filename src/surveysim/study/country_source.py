"""Repetitions of a country's survey: one sample, every method's weights and estimates of it."""

import itertools
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, cast

import numpy as np
import pandas as pd

from ..estimation import Survey
from ..population.estimand_kinds import response_of
from ..survey import coefficients, country
from .source import Drawn, Source

FACTORS: dict[str, Callable[[float], float]] = {"total": lambda scale: 1 / scale, "coefficient": lambda scale: 1.0}


class CountrySource(Source):
    """The survey of one scenario and the methods it is judged by.

    Parameters
    ----------
    spec : CountryStudySpec. methods, definitions, seed, group, folder : as of `SurveySource`.
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
        del table
        self.spec, self.seed, self.group, self.folder = spec, seed, group, folder
        self.methods, self.definitions = methods, definitions
        given, self.items, rows = spec.facts, [], []
        each: Any = definitions.itertuples()
        for row in each:
            for labels in itertools.product(*(given.groups[column] for column in row.by)):
                self.items.append((row.Index, ", ".join(f"{c}={v}" for c, v in zip(row.by, labels, strict=True))))
                rows.append(row)
        self.units = [row.unit for row in rows]
        self.shares = np.array([row.kind not in FACTORS for row in rows])
        self.factor = np.array([FACTORS.get(row.kind, lambda _: 100.0)(spec.population.scale) for row in rows])

    @cached_property
    def prep(self) -> country.CountryPreparation:
        return country.prepare(self.spec)

    @cached_property
    def _preparations(self):
        """A preparation for the weighting of every method."""
        return [self.prep.reweighted(m.weighting) if m.weighting else self.prep for m in self.methods]

    def warm(self) -> None:
        _ = self._preparations

    def _drawn(self, r):
        return country.field_work(self.prep, self.seed, r, group=self.group)

    def draw(self, r: int) -> None:
        done = self._drawn(r)
        self.prep.recipe.apply(done.table, done.counts)

    def cost(self, r: int) -> float:
        return float(self._drawn(r).spent["hours"].sum() * self.spec.fieldwork.centre.cost_per_hour)

    def frame_sizes(self) -> dict[str, float]:
        pop = self.prep.pop
        sizes = {key: float(pop.parameter(name)["value"].iloc[0]) for key, name in (("A", "landline"), ("B", "mobile"))}
        both = next(rate.share for rate in pop.facts.telephone if rate.name == "both" and not rate.variable)
        return sizes | {"ab": both * pop.size}  # of the folder, since nobody counts those with both

    def truth(self) -> np.ndarray:
        found: dict[Any, float] = {}
        facts, rows = self.spec.facts, cast(Any, self.definitions.itertuples())
        for row in rows:
            if row.kind == "coefficient":
                explains = coefficients.read(row.numerator, (*facts.answers, *facts.groups)).columns
                cells = self.prep.pop.cells(explains, response_of(row.numerator))
                found[row.Index, ""] = coefficients.of_cells(row, *cells)
                continue
            name = row.numerator if row.kind == "total" else f"{row.numerator}/{row.denominator or 'persons'}"
            table = self.prep.pop.parameter(name, by=list(row.by) or None)
            found |= {(row.Index, domain): value for domain, value in zip(table["domain"], table["value"], strict=True)}
        return np.array([found.get(item, np.nan) for item in self.items]) * self.factor

    def drawn(self, r: int) -> Drawn:
        done = self._drawn(r)
        table = done.table
        summed = self.definitions[self.definitions["kind"] != "coefficient"]
        sides = {str(side) for name in ("numerator", "denominator") for side in summed[name] if side}
        for side in sides:
            if side not in table:
                table[side] = country.evaluated(self.prep, table, side)

        def weighted(m):
            weights = self._preparations[m].recipe.apply(table, done.counts)
            return pd.concat([table, weights.table], axis=1), country.survey_of(self.prep, table, weights)

        def judged(m):
            method = self.methods[m]
            if method.own:
                return self.plugged_in(method, r, lambda: weighted(m), pair=partial(country.two_frames, self.prep))
            whole, survey = weighted(m)
            survey = survey if method.estimator == "recipe" else country.two_frames(self.prep, whole)
            return self.tabled(method, self.replicated(survey, method, r))

        return Drawn(judged)

    def replay(self, r: int) -> tuple[pd.DataFrame, Survey]:
        """Repetition r again: (interviews, Survey)."""
        done = self._drawn(r)
        return done.table, country.survey_of(self.prep, done.table, self.prep.recipe.apply(done.table, done.counts))
