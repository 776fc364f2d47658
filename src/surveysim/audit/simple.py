"""Standard errors of a simple random sample, of every kind of estimate: what a statement without a design speaks of."""

import json
import math
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..population import Population, estimand_kinds, parameters
from ..survey import SurveySpec
from ..survey.estimands import selected

SEED = 20241231
OF_EVERYBODY = ("internet", "genai_user", "genai_aware", "nonuser")  # whose shares are shares of all people


def standard_errors(spec: SurveySpec, n: float, deff: float = 1.0) -> pd.DataFrame:
    """Standard errors of a simple random sample of n people aged 6+ with a telephone, times √deff.

    Returns
    -------
    DataFrame by indicator_id, in the unit of the estimate: value, se, whole (what one point of the share is), base (se is proportional to
    √ y (base - y), y being the value, or known - value of complements), known, respondents.
    """
    pop, total = _known(spec.population.model_dump_json())
    covered = total("landline*age_6plus") + total("mobile*age_6plus") - total("mobile_and_landline*age_6plus")
    ask = _SimpleSample(pop, total, covered, n, deff)
    rows = {row.Index: estimand_kinds.of(row).asked(row, ask)[:6] for row in selected(spec).itertuples()}
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["value", "se", "whole", "base", "known", "respondents"]
    )


@lru_cache(maxsize=1)  # a page asks the same population for several sizes; making it takes seconds
def _known(population):
    """A population, from its specification as JSON, and the function that gives its exact totals."""
    pop = Population.china(**json.loads(population))
    sums = pop.sums("answers", fine=False)

    @cache
    def total(expression):
        name, groups = parameters.split(expression)
        table = sums.column(name)
        return float(table[parameters.group_mask(groups, table.shape)].sum())

    return pop, total


class Simple(NamedTuple):
    """Value, standard error, one point, base, known and respondents of one estimate; of a size its total, and what it is taken from."""

    value: float
    se: float
    whole: float
    base: float
    known: float
    respondents: float
    number: float = np.nan
    of: float = np.nan


class _SimpleSample:
    """What `estimand_kinds` ask of a simple random sample of n of the covered population."""

    def __init__(self, pop, total, covered, n, deff):
        self.pop, self.total_of, self.covered, self.n, self.deff = pop, total, covered, n, deff
        self.scale = 1e-4 / pop.scale

    def _spread(self, y):
        q = y / self.covered
        return self.covered * math.sqrt(self.deff * q * (1 - q) / self.n)

    def total(self, numerator):
        y, scale = self.total_of(numerator), self.scale
        whole = self.total_of(_asked_of(numerator)) * scale / 100
        return Simple(y * scale, self._spread(y) * scale, whole, self.covered * scale, np.nan, self.n, y)

    def complement(self, numerator, denominator):
        size, x = self.total(numerator), self.total_of(denominator)
        known = x * self.scale
        return size._replace(value=known - size.value, known=known, of=x)

    def per_known(self, numerator, denominator):
        y, x = self.total_of(numerator), self.total_of(denominator)
        asked = self.n * self.total_of(f"{denominator}*age_6plus") / self.total_of("persons*age_6plus")
        return Simple(100 * y / x, 100 * self._spread(y) / x, 1.0, 100 * self.covered / x, np.nan, asked)

    def rate(self, numerator, denominator):
        y, x, covered = self.total_of(numerator), self.total_of(denominator), self.covered
        reached = covered - self.total_of("internet") if denominator == "nonuser" else x  # nobody asks children under 6
        asked, p = self.n * reached / covered, y / x
        return Simple(100 * p, 100 * math.sqrt(self.deff * p * (1 - p) / asked), 1.0, 100.0, np.nan, asked)

    def mean(self, numerator, denominator):
        y, x = self.total_of(numerator), self.total_of(denominator)
        asked = self.n * x / self.covered
        ids = np.random.default_rng(SEED).integers(0, self.pop.size, 200_000)
        spread = float(self.pop.persons(ids, [numerator])[numerator].std())
        return Simple(y / x, math.sqrt(self.deff / asked) * spread, np.nan, np.nan, np.nan, asked)

    def over(self, first, second):
        """(N_g - Y_g) / (N - Y) has the scores (R - 1[g]) y / (N - Y)."""
        y, users, rest = first.number, second.number, second.of - second.number
        share, covered = (first.of - y) / rest, self.covered
        mean, square = share * users - y, share**2 * (users - y) + (share - 1) ** 2 * y
        se = covered * math.sqrt(self.deff * (square / covered - (mean / covered) ** 2) / self.n) / rest
        return Simple(100 * share, 100 * se, 1.0, 100.0, np.nan, self.n * (1 - users / covered))


def _asked_of(numerator):
    """Whom a size is a share of: everybody, or the netizens, in the same groups."""
    column, groups = parameters.split(numerator)
    return "*".join(["persons" if column in OF_EVERYBODY else "internet", *groups])
