"""Kinds of estimands of a table: one class each says what it is in the population, how a sample is asked, and what can be wrong with it."""

from collections.abc import Iterator
from typing import Any

import numpy as np


class Kind:
    """A kind of estimand of a table, of a numerator y and a denominator x, which is 1 for every element unless it is named."""

    name = ""
    based = False  # it has a denominator
    summed = False  # a total: of a domain that nobody is in it is 0, without error

    def value(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Values from sums of y and of x."""
        return y / x

    def is_share(self, y: np.ndarray, x: np.ndarray) -> bool:
        """Whether the values of elements make it a share: ones and zeros, and no y without its x."""
        return bool(np.all((y == 0) | (y == 1)) and np.all((x == 0) | (x == 1)) and np.all(y <= x))

    def asked(self, survey: Any, row: Any, **options: Any) -> Any:
        """`Estimates` of a sample."""
        return getattr(survey, self.name)(row.numerator, **options)

    def mistakes(self, entry: Any) -> Iterator[str]:
        """What is wrong with an estimand, from its key on."""
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


KINDS = {kind.name: kind for kind in (Mean(), Total(), Ratio())}


def of(row: Any) -> Kind:
    """The kind of an estimand."""
    return KINDS[row.kind]
