"""The report's estimands, from respondents: which statistic each published indicator is."""

import numpy as np

from .. import reference
from ..columns import AGE_STARTS, EDUCATION, VARIABLES
from ..estimation import scores
from ..estimation.estimates import estimates
from ..fieldwork.answers import MISSING
from ..population import outcomes, parameters


def selected(spec):
    """Definitions of the indicators a specification asks for, in the report's order."""
    table = reference.indicators()
    return table if spec.estimation.indicators == "all" else table.loc[list(spec.estimation.indicators)]


class Variables:
    """Expressions such as "internet*age_60plus" evaluated on respondents; each product is made once."""

    def __init__(self, pop, cases):
        a = cases.attributes
        cell = a[:, 3]
        self._codes = {
            "sex": cell // (len(AGE_STARTS) * len(EDUCATION)),
            "age": a[:, 4],
            "urban": pop.people.class_area[a[:, 0]] & 1,
            "education": outcomes.EDUCATION_4[cell % len(EDUCATION)],
        }
        internet = a[:, 7] == 1
        self._values = {
            "persons": np.ones(len(a)),
            "internet": internet.astype(float),
            "nonuser": (~internet).astype(float),
            "netizen_farming": (internet & (a[:, 9] == 1)).astype(float),
            "netizen_manufacturing": (internet & (a[:, 9] == 2)).astype(float),
            "weekly_hours": np.where(internet, cases.hours, 0.0),
        }
        self._answers, self._names = cases.answers, {name: k for k, name in enumerate(pop.outcome_names)}
        self._model, self._state = pop.model.outcomes, np.where(internet, 2 + a[:, 9], 1)

    def given(self, expression):
        """Who is asked the outcome of an expression, in its groups, and the answers it takes: [(yes, known)], (n,) each; an outcome that
        hangs on another takes two. None where all of them are known."""
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


def constants(pop):
    """Known totals of residents for the denominators, in persons: a function of expressions of groups."""
    joint = pop.model.expected.reshape(-1, 2, len(AGE_STARTS), len(EDUCATION))
    four = np.zeros((*joint.shape[:3], 4))
    np.add.at(np.moveaxis(four, 3, 0), outcomes.EDUCATION_4, np.moveaxis(joint, 3, 0))
    four *= pop.size / joint.sum()
    known = {}

    def total(expression):
        if expression not in known:
            name, groups = parameters.split(expression)
            if name != "persons":
                raise KeyError(expression)
            known[expression] = float(four[parameters.group_mask(groups, four.shape)].sum())
        return known[expression]

    return total


def statistics(definitions, variables, known, w, everybody):
    """One `scores.Statistic` per indicator (DESIGN: known, ratio, complement), in shares and persons (or hours)."""
    result, users = [], scores.total(w, variables("internet"))
    for row in definitions.itertuples():
        y, given = variables(row.numerator), variables.given(row.numerator)
        if row.kind in ("ratio", "mean"):
            x = variables(row.denominator)
            result.append(scores.ratio(w, y, x, x > 0) if given is None else answered_rate(w, x, given[1]))
            continue
        number = scores.Statistic(scores.dot(w, y), y, everybody) if given is None else answered_total(w, *given)
        if row.kind == "known":
            number = scores.per_known(number, known(row.denominator))
        elif row.kind == "complement":
            number = scores.complement(number, known(row.denominator))
        elif row.kind == "complement_ratio":
            number = scores.over(
                scores.complement(number, known(row.denominator)), scores.complement(users, known("persons"))
            )
        result.append(number)
    return result


def answered_rate(w, x, answers):
    """Share of x that answers yes to one question after the other, from those whose answer to each is known: a product of rates."""
    value, score, rows = 1.0, np.zeros(len(w)), x > 0
    for yes, known in answers:
        rate = scores.ratio(w, x * yes, x * known, x > 0)
        value, score = value * rate.value, rate.value * score + value * rate.score
        x = x * yes
    return scores.Statistic(value, score, rows)


def answered_total(w, asked, answers):
    """Total of an outcome that is not known of all who were asked: the rate among those of whom it is, times all."""
    rate, size = answered_rate(w, asked, answers), scores.total(w, asked)
    return scores.Statistic(rate.value * size.value, size.value * rate.score + rate.value * size.score, size.rows)


def factors(definitions, scale):
    """What turns shares and persons into the indicators' own units (percent, 10k persons of the nation, hours)."""
    units = {"percent": 100.0, "10k persons": 1e-4 / scale}
    return [units.get(unit, 1.0) for unit in definitions["unit"]]


def estimate(definitions, design, variables, known, scale, *, level=0.95, deff=False):
    """Estimates of the indicators in their own units (percent, 10k persons, hours); sizes are blown up by 1 / scale."""
    found = statistics(definitions, variables, known, design.weight, np.ones(len(design.weight), bool))
    factor = factors(definitions, scale)
    rows = [(row.kind, name, row.unit, "") for name, row in definitions.iterrows()]
    ci = ["logit" if unit == "percent" else None for unit in definitions["unit"]]
    return estimates(design, found, rows, level=level, deff=deff, ci=ci, scale=factor)
