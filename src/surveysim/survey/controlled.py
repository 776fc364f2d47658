"""Control variates of surveys: weighted sums over the interviews whose expectation a census of all numbers gives.

The weight of an interview is fixed beforehand: what a number of its unit stands for, its multiplicity, the expected factor of nonresponse
and the share of the overlap. What is summed are linearized scores less their regression on the margins, of true answers. Numbers are
dialled in random order until a unit has its interviews, so that these are a simple random sample of all that could be made in the unit: the
expected sum is the interviews wanted times the ratio of expected sums over all numbers, but for 1 / (interviews that could be made).
"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from .. import reference, threads
from ..aliases import Array, Floats
from ..columns import AGE_STARTS, EDUCATION
from ..fieldwork import Measurement
from ..kernels import expectation as kernels
from ..kernels.respondents import N_TYPES
from ..population import estimand_kinds, parameters
from ..population.outcomes import EDUCATION_4
from ..weighting import Columns, Recipe
from . import estimands
from .expectation import Expectation, dialling_tables, expect
from .margins import crossed, groupings
from .preparation import Preparation
from .weighted import categorical

FIRST = {"persons": kernels.PEOPLE, "internet": kernels.INTERNET, "netizen_farming": kernels.FARMING}
FIRST |= {"netizen_manufacturing": kernels.MANUFACTURING, "weekly_hours": kernels.HOURS}
CELLS = kernels.N_CELLS
STEP = 1e-6  # of a total, in a numerical derivative


class SurveyControls:
    """The controls of a survey's estimands.

    Parameters
    ----------
    prep : of the survey. methods : of every method the preparation whose recipe weights, which scores are weighted like.
    definitions : of the estimands.
    """

    def __init__(self, prep: Preparation, methods: list[Preparation], definitions: pd.DataFrame) -> None:
        self.prep, found = prep, expect(prep.spec)
        share, numbers = found.theta, prep.design.numbers
        self.share = np.array([[1.0, share], [1.0, 1 - share]])  # of the overlap, by frame and having both kinds
        each = np.divide(numbers, found.dialled, out=np.zeros(numbers.shape), where=found.dialled > 0)
        self.weight = each * found.factor
        rows: dict[Any, Any] = {row.Index: row for row in definitions.itertuples()}
        self.items = [(rows[name], domain) for name, domain in estimands.items_of(definitions)]
        kinds = [(estimand_kinds.of(row), row) for row in rows.values()]
        self.asked = list(dict.fromkeys(e for kind, row in kinds if kind.of_sums for e in kind.answers(row)))
        self.sums = self._sums(found)
        known = {id(method): Linearized(self, method) for method in methods}
        self.linearized, self.which = list(known.values()), [list(known).index(id(method)) for method in methods]

    def _sums(self, found: Expectation) -> dict[str, Floats]:
        """Expected weighted sums (zones × cells,) of persons and of every answer among the interviews."""
        names = list(self.prep.pop.outcome_names)
        of = {e: parameters.split(e) for e in (*self.asked, "persons")}
        wanted = list(dict.fromkeys("internet" if name == "nonuser" else name for name, _ in of.values()))
        wanted += [] if "persons" in wanted else ["persons"]
        columns = np.array([FIRST[n] if n in FIRST else kernels.OUTCOMES + names.index(n) for n in wanted])
        made = np.einsum("fb,fbzk->zk", self.share, expected_answers(found, columns))
        tables, result = dict(zip(wanted, made.T, strict=True)), {}
        for expression, (name, groups) in of.items():
            table = tables["persons"] - tables["internet"] if name == "nonuser" else tables[name]
            mask = parameters.group_mask(groups, (len(table) // CELLS, 2, len(AGE_STARTS), 4))
            result[expression] = table * _four(mask).ravel()
        return result

    def inside(self, row: Any, domain: str) -> Array:
        """Whether the people of a place (zones × cells,) are in a domain of an estimand."""
        zones = np.arange(len(self.sums["persons"]) // CELLS)
        codes = estimands.domain_codes((len(zones), 2, len(AGE_STARTS), 4), row.by if domain else (), zones)
        return _four(codes == place_of(row, domain)).ravel()

    def of(self, cases: Any) -> Floats:
        """Controls (methods, items) of the interviews of a case file."""
        pop, heard = (
            self.prep.pop,
            SimpleNamespace(answers=cases.answers, attributes=cases.attributes, hours=cases.hours),
        )
        if self.prep.fieldwork.measurement != Measurement():  # what is true, whatever is said
            heard.attributes = pop.attributes(cases.person)
            heard.answers, heard.hours = pop.answers(cases.person, heard.attributes)
        a, landline = heard.attributes, cases.frame == 0
        both = np.where(landline, a.n_mobile, a.n_lines) > 0
        times = np.where(landline, cases.members / np.maximum(a.n_lines, 1), 1 / np.maximum(a.n_mobile, 1))
        weight = self.weight[cases.frame, cases.unit] * times * self.share[cases.frame, both.astype(int)]
        place = a.people.area_zone[a.area] * CELLS + a.cell
        variables = estimands.Variables(pop, heard)
        found = [method.of(weight, place, variables) for method in self.linearized]
        return np.stack([found[k] for k in self.which])


class Linearized:
    """Scores of the estimands as the recipe of one method weights, at expected sums.

    Attributes
    ----------
    factor : (zones × cells,) what raking multiplies weights by. gradient : of every item {answer: what one person more of it adds}.
    fitted : (zones × cells, items) regressions of scores on the margins of each province. expected : (items,) sums of what is left.
    """

    def __init__(self, of: SurveyControls, method: Preparation) -> None:
        self.items, self.known = of.items, method.known
        self.factor = _raked(method, of.sums["persons"])
        sums = {name: table * self.factor for name, table in of.sums.items()}
        inside = {(row.by, domain): of.inside(row, domain) for row, domain in of.items}
        masks = [inside[row.by, domain] for row, domain in of.items]
        self.gradient = [
            self._gradient(row, domain, {e: float(sums[e] @ mask) for e in sums}, 1 / of.prep.pop.scale)
            for (row, domain), mask in zip(of.items, masks, strict=True)
        ]
        scores = np.full((len(self.factor), len(self.items)), np.nan)
        for k, mask in enumerate(masks):
            if self.gradient[k]:
                scores[:, k] = mask * np.stack([g * sums[name] for name, g in self.gradient[k].items()]).sum(axis=0)
        self.fitted = _regressed(scores, sums["persons"], method.spec.weighting)
        self.expected = scores.sum(axis=0) - sums["persons"] @ self.fitted

    def _gradient(self, row: Any, domain: str, sums: dict[str, float], scale: float) -> dict[str, float]:
        """What one person more of every answer adds to an estimate, by steps to both sides."""
        kind = estimand_kinds.of(row)
        if not kind.of_sums:
            return {}
        at = place_of(row, domain)

        def value(totals):
            def total(expression):
                known = expression not in totals
                return np.atleast_1d(self.known(expression, tuple(row.by)))[at] if known else totals[expression]

            return float(kind.value(row, total, scale))

        found, totals = {}, {name: sums[name] for name in kind.answers(row)}
        for name, total in totals.items():
            step = STEP * max(abs(total), 1.0)
            found[name] = (value(totals | {name: total + step}) - value(totals | {name: total - step})) / (2 * step)
        return found

    def of(self, weight: Floats, place: Any, variables: Any) -> Floats:
        """Controls (items,) of interviews with weights before raking, at their places (n,), and their answers."""
        weight = weight * self.factor[place]
        by_place = np.bincount(place, weight, len(self.factor))
        values, sums = np.full(len(self.items), np.nan), {}
        for k, (row, domain) in enumerate(self.items):
            by, each = tuple(row.by), self.gradient[k].items()
            for name, _ in each:
                if (name, by) not in sums:
                    size = len(estimands.domain_names(by))
                    sums[name, by] = np.bincount(variables.domain(by), weight * variables(name), size)
            if each:
                values[k] = sum(g * sums[name, by][place_of(row, domain)] for name, g in each)
        return values - by_place @ self.fitted - self.expected


def place_of(row: Any, domain: str) -> int:
    """The place of a domain among those of an estimand."""
    return estimands.domain_names(row.by).index(domain) if domain else 0


def _raked(method: Preparation, persons: Floats) -> Floats:
    """What the recipe's raking multiplies expected weights (zones × cells,) by; 1 where nobody is expected."""
    zone, sex, age, education = (
        v.ravel() for v in np.indices((len(persons) // CELLS, 2, len(AGE_STARTS), len(EDUCATION)))
    )
    at = {"urban": zone & 1, "sex": sex, "age_group": age, "education": education}
    here = np.flatnonzero(persons > 0)
    columns = {"province": categorical(zone[here] >> 1, reference.provinces())}
    for name, group in groupings(method.spec.weighting).items():
        columns[group.column] = categorical(group.code[at[name]][here], group.labels)
    step, factor = method.recipe.steps[-1], np.ones(len(persons))
    found = Recipe([step]).apply(Columns(columns), weight=persons[here])
    factor[here] = found.final / persons[here]
    return factor


def _regressed(scores: Floats, persons: Floats, weighting: Any) -> Floats:
    """Regressions (zones × cells, items) of sums of scores on the margins, in each province by itself."""
    per, axes = 2 * CELLS, {"urban": 0, "sex": 1, "age_group": 2, "education": 3}
    groups, place = groupings(weighting), np.indices((2, 2, len(AGE_STARTS), len(EDUCATION))).reshape(4, per)
    columns, fitted = [np.ones((per, 1))], np.empty(scores.shape)
    for margin in map(crossed, weighting.margins):
        code = np.zeros(per, np.int64)
        for name in margin:
            code = code * len(groups[name].labels) + groups[name].code[place[axes[name]]]
        columns.append(code[:, None] == np.unique(code))
    x = np.hstack(columns).astype(float)
    for first in range(0, len(scores), per):
        rows = slice(first, first + per)
        cross = np.linalg.pinv((x.T * persons[rows]) @ x, rcond=1e-11, hermitian=True)
        fitted[rows] = x @ (cross @ (x.T @ scores[rows]))
    return fitted


def _four(table: Array) -> Array:
    """A table (zones, sex, 20 ages, 4 educations) by the 7 educations."""
    return table[..., EDUCATION_4]


def expected_answers(found: Expectation, columns: Any) -> Floats:
    """Expected sums over the interviews (2, 2, zones × cells, columns), by frame and having both kinds of telephones.

    Each interview counts its multiplicity weight, what a number of its unit stands for, and the factor of nonresponse. columns : see
    `kernels.expectation.add_answers`. By threads a province each, added up in their order.
    """
    prep, tables = found.preparation, dialling_tables(found.preparation)
    people, design, total = prep.pop.people, prep.design, None
    complete = [o.chance[:, 0].sum(axis=1) for o in prep.fieldwork.outcomes]
    work = [(f, p) for f in range(2) for p in range(len(design.provinces))]

    def counted(task):
        f, p = task
        sums = kernels.answering(people, N_TYPES, columns, np.zeros(N_TYPES))
        for u in np.flatnonzero((design.province == p) & (design.targets[f] > 0)):
            sums.complete[: len(complete[f])] = complete[f] * found.factor[f, u]
            kernels.take_census(people, prep.frames[f].numbers, tables[f], int(f == 0), u, sums)
        return f, sums.answers

    for f, answers in threads.each(counted, work):
        total = np.zeros((2, *answers.shape)) if total is None else total
        total[f] += answers
    assert total is not None  # as there are provinces
    return total
