"""Estimands, from respondents and in the population: which statistic each of them is."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import reference
from ..aliases import Array, Floats, Ints
from ..coding import categorical
from ..columns import AGE_STARTS, AGES, AGES_FIRST, EDUCATION, EDUCATION_4, SEX, URBAN, VARIABLES
from ..fieldwork.answers import MISSING
from ..on_demand import Later
from ..population import estimand_kinds

if TYPE_CHECKING:
    from ..population import Population

estimates = Later(__package__, "..inference.estimates")
scores = Later(__package__, "..inference.scores")
outcomes = Later(__package__, "..population.outcomes")
parameters = Later(__package__, "..population.parameters")
estimation = Later(__package__, "..estimation")
coefficients = Later(__package__, ".coefficients")
BY = {"province": reference.provinces(), "urban": URBAN, "sex": SEX, "age_group": AGES, "education": EDUCATION_4}
COLUMNS = ("name", "kind", "numerator", "denominator", "unit", "note", "by")


def selected(spec: Any) -> pd.DataFrame:
    """Definitions of the indicators a specification asks for, in the report's order."""
    table = reference.indicators()
    return table if spec.estimation.indicators == "all" else table.loc[list(spec.estimation.indicators)]


def defined(entries: Iterable) -> pd.DataFrame:
    """Definitions (kind, numerator, denominator, unit, note, by) of the estimands of a study, indexed by name.

    Coefficients have formula, term and family in place of numerator, denominator and note.
    """
    rows = [
        (e.name, e.meant, e.formula or e.numerator, e.term or e.denominator, e.in_unit, e.of_family, tuple(e.by))
        for e in entries
    ]
    return pd.DataFrame(rows, columns=COLUMNS).set_index("name")


def domain_names(by: Any) -> list[str]:
    """Texts such as "province=110000, sex=male" of the combinations of some columns; "" for everybody."""
    return [
        ", ".join(f"{c}={v}" for c, v in zip(by, levels, strict=True))
        for levels in itertools.product(*(BY[c] for c in by))
    ]


def items_of(definitions: pd.DataFrame) -> list[tuple[str, str]]:
    """(name, domain) of everything that is estimated: what has no domains first."""
    rows = sorted(zip(definitions.index, definitions["by"], strict=True), key=lambda row: len(row[1]) > 0)
    return [(name, domain) for name, by in rows for domain in domain_names(by)]


def truths(pop: "Population", definitions: pd.DataFrame) -> dict[tuple[str, str], float]:
    """{(name, domain): exact value} in the estimands' units; sizes are blown up to the nation, ratios to persons are of those aged 6+."""
    sums, zones, found = pop.sums(_depth(definitions), fine=False), np.arange(2 * len(pop.strata)), {}
    for row in definitions.itertuples():
        kind = estimand_kinds.of(row)
        if not kind.of_sums:
            found[row.Index, ""] = coefficients.of_population(row, *_by_cell(sums), BY)
            continue

        def total(expression, by=row.by, six=kind.estimated):
            column, groups = parameters.split(expression)
            table, groups = sums.column(column), [*groups, *(["age_6plus"] if six and column == "persons" else [])]
            return domain_sums(table * parameters.group_mask(groups, table.shape), by, zones)

        values = np.atleast_1d(kind.value(row, total, 1 / pop.scale))
        found |= {(row.Index, d): float(v) for d, v in zip(domain_names(row.by), values, strict=True)}
    return found


def _by_cell(sums):
    """Functions that give the sums of an expression, and a column of groups, by cell (C,)."""
    shape = sums.persons.shape
    codes = _codes(np.arange(shape[0]))

    def total(expression):
        column, groups = parameters.split(expression)
        return (sums.column(column) * parameters.group_mask(groups, shape)).ravel().astype(float)

    def group(name):
        if name in BY:
            return categorical(np.broadcast_to(codes[name], shape).ravel(), BY[name])
        return parameters.group_mask([name], shape).ravel().astype(float)

    return total, group


def _codes(zone):
    """Codes of the columns of domains over a table (zones or areas, sex, 20 ages, 4 educations); `zone` of the first axis."""
    return {
        "province": (zone >> 1)[:, None, None, None],
        "urban": (zone & 1)[:, None, None, None],
        "sex": np.arange(2)[:, None, None],
        "age_group": (np.searchsorted(AGES_FIRST, AGE_STARTS, side="right") - 1)[:, None],
        "education": np.arange(4),
    }


def _depth(definitions):
    return parameters.depth_of([e for row in definitions.itertuples() for e in estimand_kinds.of(row).expressions(row)])


def domain_sums(table: Array, by: Any, zone: Ints) -> Any:
    """Sums of a table (zones or areas, sex, 20 ages, 4 educations) by the domains of some columns (D,); `zone` of the first axis."""
    if not by:
        return float(table.sum())
    code = domain_codes(table.shape, by, zone)
    inside = code >= 0
    return np.bincount(code[inside], table[inside], int(np.prod([len(BY[column]) for column in by])))


def domain_codes(shape: tuple[int, ...], by: Any, zone: Ints) -> Ints:
    """The domain of each place of such a table, -1 in none."""
    codes = _codes(zone)
    code, inside = np.zeros(shape, np.int64), np.ones(shape, bool)
    for column in by:
        code = code * len(BY[column]) + codes[column]
        inside = inside & (codes[column] >= 0)
    return np.where(inside, code, -1)


class Variables:
    """Expressions such as "internet*age_60plus" evaluated on respondents; each product is made once."""

    def __init__(self, pop: "Population", cases: Any) -> None:
        a = cases.attributes
        self._codes = {name: getattr(a, name) for name in ("sex", "age", "urban", "education", "province", "age_group")}
        internet = a.internet
        self._values = {
            "persons": np.ones(len(a)),
            "internet": internet.astype(float),
            "nonuser": (~internet).astype(float),
            "netizen_farming": (internet & (a.sector == 1)).astype(float),
            "netizen_manufacturing": (internet & (a.sector == 2)).astype(float),
            "weekly_hours": np.where(internet, cases.hours, 0.0),
        }
        self._answers, self._names = cases.answers, {name: k for k, name in enumerate(pop.outcome_names)}
        self.complete = not (cases.answers == MISSING).any()
        self._model, self._state = pop.model.outcomes, a.asked_as

    def given(self, expression: str) -> Any:
        """Who is asked the outcome of an expression, in its groups, and the answers it takes: [(yes, known)], (n,) each; an outcome that
        hangs on another takes two. None where all of them are known."""
        if self.complete:
            return None
        name, groups = parameters.split(expression)
        if name not in self._names:
            return None
        k, parent = self._names[name], dict(self._model.nested)
        items = [parent[k], k] if k in parent else [k]
        answers = [(self._answers[:, i] == 1, self._answers[:, i] != MISSING) for i in items]
        if all(known.all() for _, known in answers):
            return None
        inside = self("*".join(("persons", *groups)))
        answers[-1] = answers[-1][0] * inside, answers[-1][1]
        return self._model.asked[self._state, k] * inside, answers

    def group(self, name: str) -> Any:
        """A group of people (n,) as 0 and 1, or a column of domains as a category."""
        return categorical(self._codes[name], BY[name]) if name in BY else self(f"persons*{name}")

    def model(self, formula: str) -> tuple[dict[str, Any], np.ndarray]:
        """The columns (n,) of a model's formula, and whose answer to its response is known."""
        response = estimand_kinds.response_of(formula)
        there, given = self(coefficients.asked(response)) > 0, self.given(response)
        for _, known in () if given is None else given[1]:
            there = there & known
        return coefficients.columns(formula, self.group, BY) | {response: self(response)}, there

    def domain(self, by: Sequence[str]) -> Ints:
        """The domain (n,) int32 of each row among `domain_names(by)`."""
        code = np.zeros(len(self._answers), np.int64)
        for column in by:
            code = code * len(BY[column]) + self._codes[column]
        return code.astype(np.int32)

    def __call__(self, expression):
        if expression not in self._values:
            name, groups = parameters.split(expression)
            if name not in self._values:
                self._values[name] = (self._answers[:, self._names[name]] == 1).astype(float)
            value = self._values[name]
            for group in groups:
                column, low, high = VARIABLES[group]
                codes = self._codes[column]
                value = value * ((codes >= low) & (codes <= high))
            self._values[expression] = value
        return self._values[expression]


class Constants:
    """Known totals of residents for the denominators, in persons: a function of expressions of groups, and of columns of domains."""

    def __init__(self, pop: "Population") -> None:
        joint = pop.model.expected.reshape(-1, 2, len(AGE_STARTS), len(EDUCATION))
        four = np.zeros((*joint.shape[:3], 4))
        np.add.at(np.moveaxis(four, 3, 0), outcomes.EDUCATION_4, np.moveaxis(joint, 3, 0))
        self._table, self._zone, self._known = four * (pop.size / joint.sum()), pop.people.area_zone, {}

    def __call__(self, expression, by=()):
        if (expression, by) not in self._known:
            name, groups = parameters.split(expression)
            if name != "persons":
                raise KeyError(expression)
            self._known[expression, by] = domain_sums(
                self._table * parameters.group_mask(groups, self._table.shape), by, self._zone
            )
        return self._known[expression, by]


class OfEverybody:
    """What `estimand_kinds` ask of the respondents: a `scores.Statistic` in shares and persons (or hours)."""

    def __init__(self, variables: Variables, known: Constants, w: np.ndarray) -> None:
        self.variables, self.known, self.w = variables, known, w
        self.everybody = np.ones(len(w), bool)

    def total(self, numerator: str) -> Any:
        y, given = self.variables(numerator), self.variables.given(numerator)
        if given is None:
            return scores.Statistic(scores.dot(self.w, y), y, self.everybody)
        return answered_total(self.w, *given)

    def rate(self, numerator: str, denominator: str) -> Any:
        y, given, x = self.variables(numerator), self.variables.given(numerator), self.variables(denominator)
        return scores.ratio(self.w, y, x, x > 0) if given is None else answered_rate(self.w, x, given[1])

    mean = rate

    def per_known(self, numerator: str, denominator: str) -> Any:
        return scores.per_known(self.total(numerator), self.known(denominator))

    def complement(self, numerator: str, denominator: str) -> Any:
        return scores.complement(self.total(numerator), self.known(denominator))

    def over(self, first: Any, second: Any) -> Any:
        return scores.over(first, second)

    def coefficient(self, formula: str, term: str, family: str) -> Any:
        columns, there = self.variables.model(formula)
        survey = estimation.Survey(pd.DataFrame(columns), weight=self.w.copy()).where(there)  # scores alone are asked
        found = survey.glm(formula, family=family, df=np.inf).only(term).items[0]
        return scores.Statistic(float(found.value[0]), found.score[0], found.rows)


class InDomains:
    """The same in the domains of some columns: [(domains (k,), Block or Statistic)]; domains without rows have none.

    Where some answers are missing every domain has a statistic of its own.
    """

    def __init__(self, by: tuple, variables: Variables, known: Constants, w: np.ndarray) -> None:
        self.by, self.variables, self.known, self.w = by, variables, known, w
        self.group, self.names = variables.domain(by), domain_names(by)

    def _found(self, numerator: str, block: Callable, one: Callable, inside: Any = True) -> list:
        """block(y, part, domains) of all, or one(given, mask, domain) of each."""
        y, given = self.variables(numerator), self.variables.given(numerator)
        inside = (self.w != 0) & inside
        there = np.unique(self.group[inside])
        place = np.full(len(self.names), -1, np.int32)
        place[there] = np.arange(len(there))
        part = np.where(inside, place[self.group], -1).astype(np.int32)
        if given is None:
            return [(there, block(y, part, there))]
        return [(there[d : d + 1], one(given, part == d, there[d])) for d in range(len(there))]

    def _block(self, y: np.ndarray, x: np.ndarray | None, part: np.ndarray, there: np.ndarray) -> Any:
        return scores.block(self.w, y, x, part, [self.names[d] for d in there])

    def _number(self, given: tuple, mask: np.ndarray) -> Any:
        asked, answers = given
        return answered_total(self.w, asked * mask, answers)

    def total(self, numerator: str) -> list:
        return self._found(
            numerator,
            lambda y, part, there: self._block(y, None, part, there),
            lambda given, mask, d: self._number(given, mask),
        )

    def rate(self, numerator: str, denominator: str) -> list:
        x = self.variables(denominator)
        inside = (self.w != 0) & (x > 0)
        return self._found(
            numerator,
            lambda y, part, there: self._block(y * inside, x, part, there),
            lambda given, mask, d: answered_rate(self.w, x * mask, given[1]),
            x > 0,
        )

    mean = rate

    def per_known(self, numerator: str, denominator: str) -> list:
        base = self.known(denominator, self.by)

        def block(y: np.ndarray, part: np.ndarray, there: np.ndarray) -> Any:
            return self._block(np.where(part >= 0, y / base[there][part], 0.0), None, part, there)

        return self._found(
            numerator, block, lambda given, mask, d: scores.per_known(self._number(given, mask), base[d])
        )

    def complement(self, numerator: str, denominator: str) -> list:
        base = self.known(denominator, self.by)

        def block(y: np.ndarray, part: np.ndarray, there: np.ndarray) -> Any:
            found = self._block(y, None, part, there)
            return scores.Block(-y, None, part, base[there] - found.value, scores.NONE, found.rows)

        return self._found(
            numerator, block, lambda given, mask, d: scores.complement(self._number(given, mask), base[d])
        )


def statistics(definitions: pd.DataFrame, variables: Variables, known: Constants, w: np.ndarray) -> list:
    """One `scores.Statistic` per indicator, in shares and persons (or hours)."""
    ask = OfEverybody(variables, known, w)
    return [estimand_kinds.of(row).asked(row, ask) for row in definitions.itertuples()]


def in_domains(row: Any, variables: Variables, known: Constants, w: np.ndarray) -> list:
    """Statistics of one definition in the domains of its `by`; see `InDomains`."""
    return estimand_kinds.of(row).asked(row, InDomains(row.by, variables, known, w))


def answered_rate(w: Floats, x: Array, answers: Any) -> Any:
    """Share of x that answers yes to one question after the other, from those whose answer to each is known: a product of rates."""
    value, score, rows = 1.0, np.zeros(len(w)), x > 0
    for yes, known in answers:
        rate = scores.ratio(w, x * yes, x * known, x > 0)
        value, score = value * rate.value, rate.value * score + value * rate.score
        x = x * yes
    return scores.Statistic(value, score, rows)


def answered_total(w: Floats, asked: Array, answers: Any) -> Any:
    """Total of an outcome that is not known of all who were asked: the rate among those of whom it is, times all."""
    rate, size = answered_rate(w, asked, answers), scores.total(w, asked)
    return scores.Statistic(rate.value * size.value, size.value * rate.score + rate.value * size.score, size.rows)


def factors(definitions: pd.DataFrame, scale: float) -> list[float]:
    """What turns shares and persons into the indicators' own units (percent, 10k persons of the nation, hours)."""
    return [estimand_kinds.of(row).factor(scale) for row in definitions.itertuples()]


def estimate(
    definitions: pd.DataFrame,
    design: Any,
    variables: Any,
    known: Any,
    scale: float,
    *,
    level: float = 0.95,
    deff: bool | str = False,
) -> Any:
    """Estimates of the indicators in their own units (percent, 10k persons, hours); sizes are blown up by 1 / scale."""
    found = statistics(definitions, variables, known, design.weight)
    factor = factors(definitions, scale)
    rows = [(row.kind, name, row.unit, "") for name, row in definitions.iterrows()]
    ci = ["logit" if unit == "percent" else None for unit in definitions["unit"]]
    return estimates.estimates(design, found, rows, level=level, deff=deff, ci=ci, scale=factor)
