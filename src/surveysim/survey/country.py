"""A survey of a country that is a folder of facts: prepared once, carried out as often as asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats
from ..apportion import largest_remainder
from ..columns import DISPOSITIONS, FRAMES
from ..display import Shown
from ..errors import DataError, DesignError, SpecError
from ..estimation import DualFrameSurvey, Estimates, Survey
from ..fieldwork import response_rates
from ..fieldwork.attempts import Attempts
from ..fieldwork.cost import calendar_of, per_interview
from ..frame.random_digits import RandomDigits
from ..inference import scores
from ..inference.estimates import estimates
from ..population import Population
from ..report.country_page import write_country_report
from ..weighting import Recipe, Weights
from .country_facts import folder_of, made_step
from .country_fieldwork import Fielded, field_work
from .estimands import answered_total
from .weighted import dual_frame_of

if TYPE_CHECKING:
    from .country_spec import CountrySpec


@dataclass(frozen=True)
class CountryPreparation:
    """What every repetition shares. `strata` : [(name, areas)]; `targets` : {frame: interviews in each}."""

    spec: "CountrySpec"
    pop: Population
    frames: dict[str, RandomDigits]
    protocols: dict[str, Attempts]
    strata: list[tuple[str, np.ndarray]]
    targets: dict[str, np.ndarray]
    recipe: Recipe
    definitions: pd.DataFrame

    def reweighted(self, changes: dict[str, Any]) -> "CountryPreparation":
        """The same survey with other keys of `weighting`: what is drawn and asked stays."""
        spec = self.spec.with_recipe(changes)
        return CountryPreparation(**{**self.__dict__, "spec": spec, "recipe": recipe_of(spec, self.pop)})


def prepare(spec: "CountrySpec") -> CountryPreparation:
    """Population, frames, targets and recipe of a specification."""
    part: Any = spec.population
    pop = _population(part)
    frames = {
        kind: RandomDigits(pop, kind, **getattr(spec.frame, kind).arguments())
        for kind in FRAMES
        if getattr(spec.sample, kind)
    }
    strata = _strata(pop, spec.sample.within)
    size = {kind: np.array([frame.numbers[areas].sum() for _, areas in strata]) for kind, frame in frames.items()}
    even = spec.sample.between == "equal"
    targets = {
        kind: largest_remainder(np.ones(len(strata)) if even else size[kind], getattr(spec.sample, kind))
        for kind in frames
    }
    for kind, wanted in targets.items():
        if wanted.min() < 2:
            raise DesignError(
                f"sample.{kind} = {getattr(spec.sample, kind)} leaves {strata[int(wanted.argmin())][0] or 'the country'} {wanted.min()} "
                f"interviews; weights and errors need two in each of {len(strata)} strata. Ask for more, or leave sample.within out."
            )
    return CountryPreparation(
        spec, pop, frames, spec.fieldwork.protocols(), strata, targets, recipe_of(spec, pop), spec.definitions()
    )


@lru_cache(maxsize=3)
def _population(part):
    return Population.from_folder(folder_of(part.folder), seed=part.seed, scale=part.scale)


def _strata(pop, within):
    if within is None:
        return [("", np.arange(len(pop.strata)))]
    if within == "area":
        return [(name, np.array([k])) for k, name in enumerate(pop.strata)]
    codes = pop.attribute_codes(within)
    return [(name, np.flatnonzero(codes == k)) for k, name in enumerate(pop.attributes[within])]


def recipe_of(spec: "CountrySpec", pop: Population) -> Recipe:
    """The recipe a specification uses, filled with the population's control totals."""
    steps = spec.weighting.recipes[spec.weighting.recipe]
    return Recipe([made_step(step, pop.control_totals, pop.strata if step.get("by") else ()) for step in steps])


# ------------------------------------------------------------------------------------------------------------ estimation
def evaluated(prep: CountryPreparation, table: pd.DataFrame, expression: str) -> Floats:
    """Values (n,) of an expression such as "online*age=60+" of the people of a table; missing where it was not told."""
    yes, inside, known = _told(prep, table, expression)
    return np.where((inside > 0) & (known == 0), np.nan, yes * inside)


def _told(prep, table, expression):
    """(yes, inside, known), (n,) each: an outcome, 0 where it was not told; who is in the groups of an expression; whether it was told."""
    name, groups = prep.pop.facts.product(expression)
    yes = np.ones(len(table)) if name == "persons" else table[name].to_numpy(dtype=float, na_value=0.0)
    known = np.ones(len(table)) if name == "persons" else table[name].notna().to_numpy(dtype=float)
    inside = np.ones(len(table))
    for column, level in groups:
        inside = inside * (table[column] == level).to_numpy()
    return yes, inside, known


def survey_of(prep: CountryPreparation, table: pd.DataFrame, weights: Any) -> Survey:
    """The weighted interviews as a `Survey`; interviewers, who call in all strata, are clusters of one stratum."""
    if prep.spec.estimation.clusters == "interviewer":
        return Survey(table, weight=weights, psu="interviewer")
    return Survey(table, weight=weights, strata="stratum", psu="psu")


def two_frames(prep: CountryPreparation, interviews: pd.DataFrame) -> DualFrameSurvey:
    """The interviews with their weights as a `DualFrameSurvey`; refused where interviewers, who call in both frames, are the clusters."""
    if prep.spec.estimation.clusters == "interviewer":
        raise SpecError(
            'interviewers call in both frames, which are then no independent samples; leave estimation.clusters = "household" for them.'
        )
    return dual_frame_of(interviews)


def estimated(prep: CountryPreparation, table: pd.DataFrame, survey: Survey) -> Estimates:
    """Estimates of the indicators in percent and persons of the country."""
    w, found, rows, scale, ci = survey.design.weight, [], [], [], []
    definitions: Any = prep.definitions.itertuples()
    for row in definitions:
        try:
            statistic, nested = _statistic(prep, table, w, row)
        except DataError as error:
            raise DataError(f"indicator {row.Index!r}: {error}") from None
        found.append(statistic)
        ci.append("logit" if nested else None)
        rows.append((row.kind, str(row.Index), row.unit, ""))
        scale.append(1 / prep.pop.scale if row.kind == "total" else 100.0)
    level = prep.spec.estimation.level
    return estimates(survey.design, found, rows, level=level, deff="wr", ci=ci, scale=np.array(scale))  # pyright: ignore[reportArgumentType]


def _statistic(prep, table, w, row):
    """The statistic of an indicator, and whether it is a share: nobody is counted who is not in its base."""
    yes, inside, known = _told(prep, table, row.numerator)
    y = yes * inside
    if row.kind == "total":
        return (scores.total(w, y) if known.all() else answered_total(w, inside, [(yes, known)])), False
    x, base, told = _told(prep, table, row.denominator or "persons")  # who is in the base may not be known either
    y, x = y * told, x * base * told * known
    return scores.ratio(w, y, x, (x > 0) | (y > 0)), bool((y <= x).all())


def parameters(prep: CountryPreparation) -> dict[str, float]:
    """Exact values of the indicators in their units."""
    values: dict[str, float] = {}
    definitions: Any = prep.definitions.itertuples()
    for row in definitions:
        total = row.kind == "total"
        name = row.numerator if total else f"{row.numerator}/{row.denominator or 'persons'}"
        factor = 1 / prep.pop.scale if total else 100.0
        values[str(row.Index)] = factor * float(prep.pop.parameter(name)["value"].iloc[0])
    return values


@dataclass(frozen=True)
class CountryRun(Shown):
    """One survey of a country carried out.

    Attributes
    ----------
    spec, seed : what was run. interviews : table of the interviews with design columns, weights, variables and outcomes.
    cases : every dialled number with its final disposition (None if not recorded). counts : dispositions by frame and stratum,
        and by number stratum and phase, with the relative weight of these numbers, where there are such; without those who were left out.
    spent : numbers, calls, interviews and hours by frame and stratum. fielded : all that the fieldwork brought home.
    weights : Weights, one column per step. survey : Survey, ready for any estimate. estimates : of the indicators.
    """

    spec: "CountrySpec"
    seed: int
    interviews: pd.DataFrame = field(repr=False)
    cases: pd.DataFrame | None = field(repr=False)
    counts: pd.DataFrame = field(repr=False)
    spent: pd.DataFrame = field(repr=False)
    weights: Weights = field(repr=False)
    survey: Survey = field(repr=False)
    estimates: Estimates = field(repr=False)
    fielded: Fielded = field(repr=False)
    preparation: CountryPreparation = field(repr=False)

    def tables(self) -> dict[str, pd.DataFrame]:
        """What is kept of a run, by name: interviews, cases, and calls where they were made."""
        given = {"interviews": self.interviews, "cases": self.cases, "paradata": self.fielded.calls}
        return {name: table for name, table in given.items() if table is not None}

    def comparison(self) -> pd.DataFrame:
        """Published figure, exact population value and estimate, one row per indicator."""
        truth, found = parameters(self.preparation), self.estimates.table.set_index("variable")
        return pd.DataFrame(
            {
                "indicator_id": name,
                "unit": row["unit"],
                "published": row["published"],
                "parameter": truth[str(name)],
                **{c: found.loc[str(name), c] for c in ("estimate", "se", "lower", "upper", "moe", "deff")},
            }
            for name, row in self.preparation.definitions.iterrows()
        )

    def response_rates(self) -> pd.DataFrame:
        """AAPOR rates by frame, with e by proportional allocation; numbers of a low rate or followed later count more."""
        names, counts = list(DISPOSITIONS), self.counts
        if "weight" in counts:
            counts = counts.assign(**{name: counts[name] * counts["weight"] for name in names})
        sums = counts.groupby("frame", sort=False)[names].sum()
        known: Any = "proportional"
        return pd.DataFrame({frame: response_rates(row.to_dict(), e=known) for frame, row in sums.iterrows()})

    def costs(self, by: Sequence[str] = ("frame",)) -> pd.DataFrame:
        """Numbers, calls, interviews, hours and cost by "frame" or "stratum", or together, (), as of `SurveyRun.costs`; by "phase" too
        where there are two: numbers count in the first."""
        by = (by,) if isinstance(by, str) else tuple(by)
        for name in by:
            guards.choice(name, "by", tuple(name for name in ("frame", "stratum", "phase") if name in self.spent))
        return per_interview(self.spent, by, self.spec.fieldwork.centre.cost_per_hour)

    def calendar(self) -> dict[str, float]:
        """Days, staffed hours and their use; see `fieldwork.calendar`."""
        return calendar_of(float(self.spent["hours"].sum()), self.spec.fieldwork.centre, self.fielded.calendar)

    def dual_frame(self) -> DualFrameSurvey:
        """The interviews as a `DualFrameSurvey`, with the weights they had before the frames were joined; see `SurveyRun.dual_frame`."""
        return two_frames(self.preparation, self.interviews)

    def summary(self) -> str:
        """One line: what was done, and the first estimate."""
        row, numbers = self.estimates.table.iloc[0], int(self.spent["numbers"].sum())
        return (
            f"{self.spec.name}, seed {self.seed}: {len(self.interviews):,} interviews from {numbers:,} numbers; "
            f"{row['variable']} {row['estimate']:,.2f} ± {row['moe']:,.2f}"
        )

    def _shown(self):
        return self.estimates.table[["variable", "estimate", "se", "lower", "upper", "moe", "deff", "n"]]

    def report(self, path: Any, lang: str = "en", repetitions: Any = None, budget: Any = None) -> Any:
        """Write the self-contained HTML report; returns its path. Repetitions have a page of their own (`surveysim study report`)."""
        if repetitions is not None or budget is not None:
            raise SpecError(
                "the page of a country's survey shows one survey; a study writes its own with `surveysim study report`."
            )
        return write_country_report(self, path, lang)


def run(
    spec: "CountrySpec", seed: int, record: bool = True, progress: Callable[[str], object] | None = None
) -> CountryRun:
    """Carry out a survey once; see `CountrySpec.run`."""
    seed = guards.seed_of(seed, error=SpecError)
    tell = guards.function(progress, "progress", error=SpecError) or (lambda text: None)
    tell("population and frames")
    prep = prepare(spec)
    tell("dialling")
    done = field_work(prep, seed, record=record)
    tell("estimation")
    weights = prep.recipe.apply(done.table, done.counts)
    survey = survey_of(prep, done.table, weights)
    interviews = pd.concat([done.table, weights.table], axis=1)
    found = estimated(prep, done.table, survey)
    return CountryRun(spec, seed, interviews, done.numbers, done.counts, done.spent, weights, survey, found, done, prep)
