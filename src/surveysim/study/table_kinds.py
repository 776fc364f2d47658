"""Kinds of estimands of a table: one class each says what it is in the population, how a sample is asked, and what can be wrong with it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ..on_demand import Later

# a plan is described without what estimates
estimation, regression = Later(__package__, "..estimation"), Later(__package__, "..analysis.regression.formula")


class Kind:
    """A kind of estimand of a table, of a numerator y and a denominator x, which is 1 for every element unless it is named."""

    name = ""
    based = False  # it has a denominator
    summed = False  # a total: of a domain that nobody is in it is 0, without error
    of_sums = True  # its value follows from the sums of numerator and denominator

    def value(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Values from sums of y and of x."""
        return y / x

    def is_share(self, y: np.ndarray, x: np.ndarray) -> bool:
        """Whether the values of elements make it a share: ones and zeros, and no y without its x."""
        return bool(np.all((y == 0) | (y == 1)) and np.all((x == 0) | (x == 1)) and np.all(y <= x))

    def of_population(self, data: pd.DataFrame, row: Any) -> np.ndarray:
        """The value in the population, of a kind that does not follow from sums."""
        raise NotImplementedError(f"{self.name} follows from sums of {row.numerator!r} over {len(data)} rows")

    def asked(self, survey: Any, row: Any, **options: Any) -> Any:
        """`Estimates` of a sample."""
        return getattr(survey, self.name)(row.numerator, **options)

    def columns(self, row: Any, data: Any) -> set[str]:
        """The columns it needs of a table."""
        return {c for c in (row.numerator, row.denominator, *row.by) if c}

    def mistakes(self, entry: Any) -> Iterator[str]:
        """What is wrong with an estimand, from its key on."""
        if not entry.numerator:
            yield f": a {self.name} needs numerator, the column it is of."
        if entry.formula or entry.term or entry.family:
            yield f": formula, term and family belong to a coefficient; this is a {self.name}."
        if self.based != bool(entry.denominator):
            yield f": a ratio has a denominator, a {self.name} has none; got {entry.denominator!r}."


class Mean(Kind):
    """The mean of a column."""

    name = "mean"


class Total(Kind):
    """The sum of a column."""

    name, summed = "total", True

    def value(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        return y

    def is_share(self, y: np.ndarray, x: np.ndarray) -> bool:
        return False


class Ratio(Kind):
    """The ratio of the sums of two columns."""

    name, based = "ratio", True

    def asked(self, survey: Any, row: Any, **options: Any) -> Any:
        return survey.ratio(row.numerator, row.denominator, **options)


class Coefficient(Kind):
    """A coefficient of a regression, whose definition has the formula as numerator, the term as denominator, and the family as note.

    In the population it is that of the model fitted to everybody.
    """

    name, of_sums = "coefficient", False

    def asked(self, survey: Any, row: Any, **options: Any) -> Any:
        """`Estimates` of a sample."""
        model = survey.glm(row.numerator, family=row.note, df=options.get("df"))
        return model.only(row.denominator)

    def of_population(self, data: pd.DataFrame, row: Any) -> np.ndarray:
        """Its value (1,) in a population."""
        return np.asarray(self.asked(estimation.Survey(data), row, df=np.inf).columns["estimate"], dtype=float)

    def columns(self, row: Any, data: Any) -> set[str]:
        """The columns of the formula."""
        return regression.named(row.numerator, data)

    def mistakes(self, entry: Any) -> Iterator[str]:
        """What is wrong with an estimand, from its key on."""
        if not entry.formula or not entry.term:
            yield ': a coefficient needs formula, such as "y ~ x", and term, the name it is printed with.'
        for key in ("numerator", "denominator", "by"):
            if getattr(entry, key):
                yield f".{key}: a coefficient has a formula and a term in its place; leave it out."


KINDS = {kind.name: kind for kind in (Mean(), Total(), Ratio(), Coefficient())}


def of(row: Any) -> Kind:
    """The kind of an estimand."""
    return KINDS[row.kind]
