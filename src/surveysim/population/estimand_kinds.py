"""Kinds of estimands: what each is in the population, how a sample is asked for it, its unit, and what can be wrong with one.

A kind asks in a few words, each for a numerator and a denominator: `total`, `rate` and `mean` (over what is estimated itself), `per_known`
and `complement` (of a known number of residents), and `over`, of two answers. Who is asked knows what a word means: linearized statistics
of everybody or by domain (`survey.estimands`), a table with its weights (`study.survey_source`), a simple random sample (`audit`). So a
kind of estimand is one class here.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..columns import VARIABLES

TotalOf = Callable[[str], Any]  # the total of an expression, or its totals by domain


class Kind(ABC):
    """A kind of estimand. A `row` or `entry` has numerator, denominator, by and unit."""

    name = ""
    unit = "percent"
    summed = False  # a weighted sum: of a domain that nobody is in it is 0, without error
    estimated = False  # its denominator is estimated too
    based = True  # it has a denominator
    of_sums = True  # its value follows from the sums of numerator and denominator

    def expressions(self, row: Any) -> tuple[str, ...]:
        """The expressions whose totals its value takes."""
        return row.numerator, row.denominator

    def answers(self, row: Any) -> tuple[str, ...]:
        """The expressions that respondents are asked for."""
        return (row.numerator, row.denominator) if self.estimated else (row.numerator,)

    @abstractmethod
    def value(self, row: Any, total: TotalOf, scale: float = 1.0) -> Any:
        """The value in the population, in its unit; sizes are multiplied by `scale`."""

    @abstractmethod
    def asked(self, row: Any, ask: Any) -> Any:
        """The answer of a sample, whatever `ask` gives as one."""

    def factor(self, scale: float) -> float:
        """What turns a sample's shares and persons into its unit, in a population of this scale."""
        return 100.0

    def is_share(self, unit: str) -> bool:
        """Whether estimates are shares, which intervals do not leave."""
        return unit == "percent"

    def mistakes(self, entry: Any) -> Iterator[str]:
        """What is wrong with an estimand, from its key on."""
        if entry.unit is not None and entry.unit != self.unit:
            yield f".unit = {entry.unit!r}: a {self.name} is in {self.unit!r}; leave it out."


class OfResidents(Kind):
    """Kinds whose denominator is a known number of residents."""

    def mistakes(self, entry: Any) -> Iterator[str]:
        if entry.denominator and names_of(entry.denominator)[:1] not in ([], ["persons"]):
            yield f'.denominator = {entry.denominator!r}: only persons, in groups, are known; use kind = "ratio".'
        yield from super().mistakes(entry)


class Known(OfResidents):
    """A number over a known number of residents."""

    name, summed = "known", True

    def value(self, row: Any, total: TotalOf, scale: float = 1.0) -> Any:
        return _over(total(row.numerator) * 100, total(row.denominator))

    def asked(self, row: Any, ask: Any) -> Any:
        return ask.per_known(row.numerator, row.denominator)


class Ratio(Kind):
    """A number over an estimated number; persons are those aged 6+ with a telephone."""

    name, estimated = "ratio", True

    def value(self, row: Any, total: TotalOf, scale: float = 1.0) -> Any:
        return _over(total(row.numerator) * 100, total(row.denominator))

    def asked(self, row: Any, ask: Any) -> Any:
        return ask.rate(row.numerator, row.denominator)


class Mean(Kind):
    """A sum over an estimated number, in the unit of what is summed."""

    name, unit, estimated = "mean", "", True

    def value(self, row: Any, total: TotalOf, scale: float = 1.0) -> Any:
        return _over(total(row.numerator), total(row.denominator))

    def asked(self, row: Any, ask: Any) -> Any:
        return ask.mean(row.numerator, row.denominator)

    def factor(self, scale: float) -> float:
        return 1.0

    def is_share(self, unit: str) -> bool:
        return False

    def mistakes(self, entry: Any) -> Iterator[str]:
        if entry.unit and entry.unit in UNITS:
            yield f'.unit = {entry.unit!r}: a mean is in the numerator\'s own unit, such as "hours".'


class Total(Kind):
    """A number of people."""

    name, unit, summed, based = "total", "10k persons", True, False

    def expressions(self, row: Any) -> tuple[str, ...]:
        return (row.numerator,)

    def value(self, row: Any, total: TotalOf, scale: float = 1.0) -> Any:
        return total(row.numerator) * scale / 1e4

    def asked(self, row: Any, ask: Any) -> Any:
        return ask.total(row.numerator)

    def factor(self, scale: float) -> float:
        return 1e-4 / scale

    def mistakes(self, entry: Any) -> Iterator[str]:
        if entry.denominator:
            yield f".denominator = {entry.denominator!r}: a total has none."
        yield from super().mistakes(entry)


class Complement(OfResidents):
    """A known number of residents minus an estimated one."""

    name, unit = "complement", "10k persons"

    def value(self, row: Any, total: TotalOf, scale: float = 1.0) -> Any:
        return (total(row.denominator) - total(row.numerator)) * scale / 1e4

    def asked(self, row: Any, ask: Any) -> Any:
        return ask.complement(row.numerator, row.denominator)

    def factor(self, scale: float) -> float:
        return 1e-4 / scale


class ComplementRatio(OfResidents):
    """A complement as a share of all non-users."""

    name = "complement_ratio"

    def expressions(self, row: Any) -> tuple[str, ...]:
        return *super().expressions(row), "persons", "internet"

    def answers(self, row: Any) -> tuple[str, ...]:
        return row.numerator, "internet"

    def value(self, row: Any, total: TotalOf, scale: float = 1.0) -> Any:
        rest = total(row.denominator) - total(row.numerator)
        return _over(rest * 100, total("persons") - total("internet"))

    def asked(self, row: Any, ask: Any) -> Any:
        return ask.over(ask.complement(row.numerator, row.denominator), ask.complement("internet", "persons"))

    def mistakes(self, entry: Any) -> Iterator[str]:
        yield from super().mistakes(entry)
        if entry.by:
            yield '.by: a complement_ratio is for everybody; give kind = "ratio" with a domain.'


class Coefficient(Kind):
    """A coefficient of a regression, whose row has the formula as numerator, the term as denominator and the family as note."""

    name, unit, estimated, based, of_sums = "coefficient", "", True, False, False

    def expressions(self, row: Any) -> tuple[str, ...]:
        return (response_of(row.numerator),)

    def answers(self, row: Any) -> tuple[str, ...]:
        return self.expressions(row)

    def value(self, row: Any, total: TotalOf, scale: float = 1.0) -> Any:
        raise NotImplementedError(f"the coefficient of {row.numerator!r} does not follow from sums")

    def asked(self, row: Any, ask: Any) -> Any:
        return ask.coefficient(row.numerator, row.denominator, row.note)

    def factor(self, scale: float) -> float:
        return 1.0

    def is_share(self, unit: str) -> bool:
        return False

    def mistakes(self, entry: Any) -> Iterator[str]:
        if not entry.formula or not entry.term:
            yield ': a coefficient needs formula, such as "internet ~ urban + age_group", and term, the name it is printed with.'
        for key in ("numerator", "denominator", "by", "unit"):
            if getattr(entry, key):
                yield f".{key}: a coefficient has a formula and a term in its place; leave it out."


KINDS = {
    kind.name: kind for kind in (Known(), Ratio(), Mean(), Total(), Complement(), ComplementRatio(), Coefficient())
}
UNITS = {kind.unit for kind in KINDS.values()}


def of(row: Any) -> Kind:
    """The kind of an estimand."""
    return KINDS[row.kind]


def implied(denominator: str) -> str:
    """The kind of an estimand that does not name one."""
    if not denominator:
        return "total"
    return "known" if names_of(denominator) in ([], ["persons"]) else "ratio"


def response_of(formula: str) -> str:
    """What a formula explains."""
    return formula.partition("~")[0].strip().strip("`")


def names_of(expression: str) -> list[str]:
    """What is summed in an expression such as "internet*age_60plus": its names that are no groups."""
    return [n.strip() for n in expression.split("*") if n.strip() not in VARIABLES]


def _over(number: Any, base: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(number, base)
