"""Repetitions of the telephone survey: one sample, every method's estimates of it."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import StudyError
from ..estimation import Estimates, Survey
from ..fieldwork import costs
from ..inference import scores
from ..inference.standard_errors import item_degrees
from ..population import estimand_kinds
from ..survey import estimands
from ..survey.controlled import SurveyControls
from ..survey.expectation import refuse_uncounted
from ..survey.preparation import Preparation, prepare, reweighted
from ..survey.run import SurveyRun, interviews_of, run
from ..survey.weighted import carry_out, dual_frame_of, regrouped, variance_design, weigh
from .source import Drawn, Source


class SurveySource(Source):
    """The survey of one scenario and the methods it is judged by.

    Parameters
    ----------
    spec : SurveySpec. methods : MethodSpec or Handed. definitions : DataFrame of the estimands, by name.
    seed, group : of the study's random numbers. folder : where files of `call` are.
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
        plain, split = (definitions[(definitions["by"].map(len) > 0) == b] for b in (False, True))
        self._plain, self._split = plain, split
        self.items = estimands.items_of(definitions)
        self.rows: list[Any] = list(definitions.itertuples())
        rows = {row.Index: row for row in self.rows}
        of = [(rows[name], estimand_kinds.of(rows[name]), domain) for name, domain in self.items]
        self.units = [row.unit for row, *_ in of]
        self.shares = np.array([kind.is_share(row.unit) for row, kind, _ in of])
        self._sums = np.array([kind.summed and domain != "" for _, kind, domain in of])  # 0 also where nobody is

    @cached_property
    def prep(self) -> Preparation:
        return prepare(self.spec)

    @cached_property
    def factor(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleVariableOverride] - made when it is asked for
        """(E,) units of the estimands per share or person."""
        return np.array(estimands.factors(self.definitions.loc[[name for name, _ in self.items]], self.prep.pop.scale))

    def warm(self) -> None:
        _ = self.prep, self.factor, self._preparations, self._controls if self.controlled else None

    def draw(self, r: int) -> None:
        cases, table = carry_out(self.prep, self.seed, r, group=self.group)
        weigh(self.prep, cases, table)

    def truth(self) -> np.ndarray:
        found = estimands.truths(self.prep.pop, self.definitions)
        return np.array([found[item] for item in self.items])

    @cached_property
    def _preparations(self):
        """A preparation for the weighting of every method; equal weightings share theirs."""
        known, result = {}, []
        for method in self.methods:
            changes = method.weighting
            key = repr(sorted(changes.items()))
            if key not in known:
                known[key] = reweighted(self.prep, changes) if changes else self.prep
            result.append(known[key])
        return result

    def drawn(self, r: int) -> Drawn:
        cases, shared = carry_out(self.prep, self.seed, r, group=self.group)
        known, variables = {}, estimands.Variables(self.prep.pop, cases)

        def judged(m):
            method, prep = self.methods[m], self._preparations[m]
            if id(prep) not in known:
                mine = regrouped(prep, cases, shared)
                known[id(prep)] = mine, weigh(prep, cases, mine)
            table, weights = known[id(prep)]

            def interviews():
                made = interviews_of(prep, cases, table, weights)
                return made, Survey(made, weight=weights, strata="stratum", psu="psu", leverage=self._leverage)

            if method.own:
                return self.plugged_in(method, r, interviews, pair=dual_frame_of)
            if method.estimator == "recipe" and method.variance in ("linearized", "none"):
                return self._linearized(method, weights, table, variables)
            if not variables.complete:
                raise StudyError(
                    "dual-frame estimators and replicates need every answer; set fieldwork.measurement.missing = 0."
                )
            return self._by_table(method, r, (prep, cases, table, weights), variables)

        return Drawn(judged, cases)

    @cached_property
    def _controls(self) -> SurveyControls:
        return SurveyControls(self.prep, self._preparations, self.definitions)

    def controls(self, r: int, sample: Any) -> np.ndarray:
        return self._controls.of(sample)

    def planned(self) -> None:
        if self.controlled:
            refuse_uncounted(self.spec)
        _ = self.prep

    def replay(self, r: int) -> SurveyRun:
        """Repetition r again: a `SurveyRun`."""
        return run(self.spec, self.seed, repetition=(r,), group=self.group)

    @property
    def _leverage(self):
        return self.spec.estimation.leverage

    # ------------------------------------------------------------------------------------------------ linearized recipes
    def _linearized(self, method, weights, table, variables):
        design, known = variance_design(table, weights, self._leverage), self.prep.known
        found = estimands.statistics(self._plain, variables, known, design.weight)
        at = [np.arange(len(found))[k : k + 1] for k in range(len(found))]
        first = len(found)
        split: Any = self._split.itertuples()
        for row in split:
            for domains, item in estimands.in_domains(row, variables, known, design.weight):
                at.append(first + domains)
                found.append(item)
            first += len(estimands.domain_names(row.by))
        values = self.empty()
        values[self._sums, :4] = 0.0, 0.0, 1.0, 0.0  # the total of a domain that nobody is in is 0, without error
        place = np.concatenate(at)
        values[place, 0] = np.concatenate([np.atleast_1d(s.value) for s in found]) * self.factor[place]
        values[place, 3] = rows_of(found, design.weight)
        if method.variance == "linearized":
            variance = np.concatenate([np.atleast_1d(v) for v in design.item_variances(found)])
            degrees = item_degrees(design, found, [""] * len(place), strict=False)
            degrees = np.where(self._sums[place], np.fmax(degrees, 1.0), degrees)
            se = np.where(np.isnan(degrees), np.nan, np.sqrt(np.maximum(variance, 0.0)))
            yardstick = np.concatenate([np.atleast_1d(scores.srs_variance(design.weight, s)) for s in found])
            values[place, 1], values[place, 2] = se * self.factor[place], degrees
            values[place, 4] = np.divide(variance, yardstick, out=np.full(len(place), np.nan), where=yardstick > 0)
        return values

    # --------------------------------------------------------------------- dual-frame estimators and replicates, by table
    def _by_table(self, method, r, sample, variables):
        """sample : preparation, cases, their table and weights."""
        _, _, table, weights = sample
        columns, names = {}, {}
        for row in self.rows:
            kind = estimand_kinds.of(row)
            if not kind.of_sums:
                made, there = variables.model(row.numerator)
                columns |= made | {f"asked {name}": there for name in kind.answers(row)}
                continue
            for expression in kind.answers(row):
                names.setdefault(expression, f"y{len(names)}")
                columns[names[expression]] = variables(expression)
        data = {name: table[name] for name in ("frame", "domain", "stratum", "psu")}
        for by in dict.fromkeys(b for b in self.definitions["by"] if b):
            columns["by_" + "_".join(by)] = variables.domain(by)
        if method.estimator != "recipe":
            run = interviews_of(*sample)
            data |= {c: run[c] for c in run.columns if c.startswith("probability_") or c.endswith("_weight")}
        data = pd.DataFrame(data | columns)
        recipe = method.estimator == "recipe"
        made = Survey(data, weight=weights, strata="stratum", psu="psu", leverage=self._leverage)
        survey = made if recipe else dual_frame_of(data)
        survey, values = self.replicated(survey, method, r), self.empty()
        values[self._sums, :4] = 0.0, 0.0 if method.variance != "none" else np.nan, 1.0, 0.0
        options = self.options(method)
        for row in self.rows:
            kind, by = estimand_kinds.of(row), tuple(row.by)
            answer = kind.asked(row, ByTable(survey, names, by, self.prep.known, options))
            found, every = answer.found, estimands.domain_names(by)
            codes = [int(text.rpartition("=")[2]) for text in found.columns["domain"]] if by else [0]
            domains, least = [every[code] for code in codes], 1.0 if by and kind.summed else None
            base, add = (None if known is None else known[codes] for known in (answer.over, answer.shift))
            self.put(values, method, row.Index, found, domains, least, base, answer.sign, add)
        return values

    def frame_sizes(self) -> dict[str, float]:
        pop = self.prep.pop

        def size(name):
            return float(pop.parameter(f"{name}*age_6plus")["value"].iloc[0])

        return {"A": size("landline"), "B": size("mobile"), "ab": size("mobile_and_landline")}

    def cost(self, r: int) -> float:
        cases, _ = carry_out(self.prep, self.seed, r, group=self.group)
        return float(costs(cases, self.prep.fieldwork)["cost"].sum())


def rows_of(found: Iterable[Any], weight: np.ndarray) -> np.ndarray:
    """Respondents of every row of statistics and blocks."""
    parts = [s.rows if not isinstance(s, scores.Statistic) else np.count_nonzero(s.rows & (weight != 0)) for s in found]
    return np.concatenate([np.atleast_1d(p) for p in parts])


class Answer(NamedTuple):
    """Estimates of a table: shift + sign × found / over, where these are given by domain."""

    found: Estimates
    over: np.ndarray | None = None
    sign: float = 1.0
    shift: np.ndarray | None = None


class ByTable:
    """What `estimand_kinds` ask of a table with weights: an `Answer`; `names` are the columns of expressions."""

    def __init__(self, survey: Any, names: dict[str, str], by: tuple, known: Any, options: dict) -> None:
        self.survey, self.names, self.by, self.known = survey, names, by, known
        self.options = options | {"by": ["by_" + "_".join(by)] if by else None}

    def total(self, numerator: str) -> Answer:
        return Answer(self.survey.total(self.names[numerator], **self.options))

    def rate(self, numerator: str, denominator: str) -> Answer:
        return Answer(self.survey.ratio(self.names[numerator], self.names[denominator], **self.options))

    mean = rate

    def _base(self, denominator: str) -> np.ndarray:
        return np.atleast_1d(self.known(denominator, self.by))

    def per_known(self, numerator: str, denominator: str) -> Answer:
        return self.total(numerator)._replace(over=self._base(denominator))

    def complement(self, numerator: str, denominator: str) -> Answer:
        return self.total(numerator)._replace(sign=-1.0, shift=self._base(denominator))

    def coefficient(self, formula: str, term: str, family: str) -> Answer:
        if not isinstance(self.survey, Survey):
            raise StudyError('kind = "coefficient" is of recipes; dual-frame estimators have no regression.')
        survey = self.survey.where(f"asked {estimand_kinds.response_of(formula)}")
        return Answer(survey.glm(formula, family=family, df=np.inf).only(term))

    def over(self, first: Answer, second: Answer) -> Answer:
        raise StudyError('kind = "complement_ratio" has linearized errors of the recipe only; leave the estimand out.')
