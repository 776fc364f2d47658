"""One survey, from population to estimates; the part that does not change from repetition to repetition is made once."""

import os
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from threading import Lock

import numpy as np
import pandas as pd

from .. import guards, reference, streams
from ..columns import AGE_5, AGE_5_FIRST, AGE_STARTS, DISPOSITIONS, EDUCATION, EDUCATION_4, FRAMES, SEX, URBAN
from ..display import Shown
from ..errors import DesignError, SpecError
from ..estimation import DualFrameSurvey, Estimates, Survey
from ..estimation.linearization import Design, Stage
from ..fieldwork import CaseFile, Fieldwork, Measurement, Protocol, calendar, call, costs, dial, response_rates, solve
from ..fieldwork.case_file import case_table
from ..fieldwork.eligibility import combined_rates, eligibility_table, estimate_e, screened_e
from ..frame import TelephoneFrame
from ..population import Population, outcomes
from ..sampling import SampleDesign, margin_of_error
from ..weighting import Columns, Margins, Recipe, Weights
from ..weighting.steps import Composite, InverseSampling, Multiplicity, NonresponseClasses, Rake, Released, Selection
from . import estimands
from .comparison import compare
from .spec import SurveySpec

MARGIN_LABELS = {"sex": SEX, "age_group": AGE_5, "education": EDUCATION_4, "urban": URBAN}


@dataclass(frozen=True, slots=True)
class Preparation:
    """What every repetition of a survey shares; `working` (2, U) are the shares of numbers that reach somebody."""

    spec: SurveySpec
    pop: Population
    frames: tuple
    design: SampleDesign
    fieldwork: Fieldwork
    recipe: Recipe
    definitions: pd.DataFrame
    known: object
    working: np.ndarray


_preparing = Lock()


def _unlocked():
    """A forked child would wait for the thread of its parent that held the lock."""
    global _preparing
    _preparing = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlocked)


def prepare(spec):
    """Population, frames, sample design and recipe of a specification; threads that ask at once get the same."""
    with _preparing:
        return _prepared(spec)


@lru_cache(maxsize=4)
def _prepared(spec):
    pop = population_of(spec.population)
    frames = (TelephoneFrame(pop, "landline"), TelephoneFrame(pop, "mobile", out_of_area=spec.frame.out_of_area))
    models, protocol = spec.fieldwork.models(), Protocol(**spec.fieldwork.protocol.model_dump())
    measurement = Measurement(**spec.fieldwork.measurement.model_dump())
    rates = tuple(outcomes.interviews() for outcomes in solve(protocol, models)[1])
    # the banks are those of the real response
    design = SampleDesign.plan(frames, **spec.sample.model_dump(), interview_rate=rates)
    # nothing is left for a call centre: one outcome a number, in strict order, without quotas
    if not spec.stages.nonresponse:
        spec = spec.model_copy(update={"fieldwork": spec.fieldwork.model_copy(update={"level": "outcome"})})
        models, protocol = tuple(model.complete() for model in models), replace(protocol, quota=None)
    if not spec.stages.measurement:
        measurement = Measurement()
    return Preparation(
        spec,
        pop,
        frames,
        design,
        Fieldwork(frames, design, models, protocol, measurement),
        recipe_of(spec, control_totals(pop, spec.weighting)),
        estimands.selected(spec),
        estimands.Constants(pop),
        np.stack([frame.units["working_rate"].to_numpy() for frame in frames]),
    )


def control_totals(pop, weighting):
    """Margins of people aged 6+ by province: what the statistical bureau would publish, from one table, so consistent.

    `covered_6plus` leaves out people without any telephone, in agreement with the report's no-phone assumption. With `control_year`
    they are those of another year, taken for this one's.
    """
    if weighting.control_year not in (None, pop.year):
        pop = population_of(pop, weighting.control_year)
    model = pop.model
    covered = weighting.control_population == "covered_6plus"
    table = np.zeros((62, model.expected.shape[1]))
    np.add.at(table, model.people.area_zone, model.covered if covered else model.expected)
    table = (table * (pop.size / model.expected.sum())).reshape(31, 2, 2, len(AGE_STARTS), len(EDUCATION))
    first = np.array(AGE_STARTS)
    table = table[:, :, :, first >= AGE_5_FIRST[0]]
    group = np.searchsorted(AGE_5_FIRST, first[first >= AGE_5_FIRST[0]], side="right") - 1
    sums = {
        "urban": table.sum(axis=(2, 3, 4)),
        "sex": table.sum(axis=(1, 3, 4)),
        "age_group": np.stack([table[:, :, :, group == g].sum(axis=(1, 2, 3, 4)) for g in range(5)], axis=1),
        "education": np.stack([table[..., g == outcomes.EDUCATION_4].sum(axis=(1, 2, 3, 4)) for g in range(4)], axis=1),
    }
    provinces = reference.provinces()
    return Margins(
        "province",
        provinces,
        tuple((name,) for name in weighting.margins),
        tuple(tuple((label,) for label in MARGIN_LABELS[name]) for name in weighting.margins),
        np.concatenate([sums[name] for name in weighting.margins], axis=1),
    )


@lru_cache(maxsize=3)
def population_of(source, year=None):
    """The population of a specification's section, or a population in another year; scenarios that share one share its tables."""
    if year is None:
        return Population.china(**source.model_dump())
    return Population.china(**{k: v for k, v in source.arguments.items() if k != "kind"} | {"year": year})


def recipe_of(spec, margins):
    """The weighting recipe of the modelled survey."""
    return Recipe(
        [
            InverseSampling() if spec.fieldwork.level == "outcome" else Released(),
            *([Selection()] if spec.sample.prefectures else []),
            Multiplicity(),
            NonresponseClasses(e="given"),
            Composite(theta=spec.weighting.composite),
            Rake(margins, minimum=spec.weighting.minimum_per_level),
        ]
    )


def field_and_weight(prep, seed, *repetition, record=False, group=""):
    """Sample, dial and weight: the case file, the table that was weighted, and its weights. `group` has random numbers of its own."""
    cases, table = carry_out(prep, seed, *repetition, record=record, group=group)
    return cases, table, weigh(prep, cases, table)


def carry_out(prep, seed, *repetition, record=False, group=""):
    """Sample and dial: the case file, and the table that is to be weighted."""
    keys = (streams.key(seed, group, "fieldwork", *repetition), streams.key(seed, group, "sampling", *repetition))
    if prep.spec.sample.prefectures:
        design = prep.design.draw(streams.stream(seed, group, "prefectures", *repetition))
        prep = replace(prep, design=design, fieldwork=prep.fieldwork.of(design))
    collect = call if prep.spec.fieldwork.level == "calls" else dial
    cases = collect(prep.fieldwork, keys, record=record)
    refuse_empty(prep, cases)
    return cases, weighting_table(prep, cases)


def weigh(prep, cases, table):
    """Weights of the interviews of a case file, by the preparation's recipe."""
    return prep.recipe.apply(table, disposition_table(prep, cases))


def refuse_empty(prep, cases):
    """Raise DesignError where a province was to have interviews of a frame and has fewer than two: weights and errors need them."""
    made = np.stack([np.bincount(prep.design.province, row, 31) for row in cases.dispositions[..., 0]])
    wanted = np.stack([np.bincount(prep.design.province, row, 31) for row in prep.design.targets])
    thin = (made < 2) & (wanted > 0)
    if thin.any():
        f, p = np.argwhere(thin)[0]
        protocol = prep.fieldwork.protocol
        raise DesignError(
            f"{int(thin.sum())} provinces have fewer than two interviews of a frame when the field closes, the first is province "
            f"{list(reference.provinces())[p]} with {int(made[f, p])} of {int(wanted[f, p])} {FRAMES[f]} interviews. Raise "
            f"fieldwork.protocol.interviewers = {protocol.interviewers}, field_days = {protocol.field_days} or shift_hours = "
            f"{protocol.shift_hours:g}, or the response probabilities."
        )


def weighting_table(prep, cases):
    """What the weighting sees of the interviews: reports and the design, nothing else of the population."""
    people, a = prep.pop.people, cases.attributes
    zone = people.area_zone[people.class_area[a[:, 0]]]
    cell = a[:, 3]
    provinces = reference.provinces()
    at = (cases.frame, cases.unit)
    chosen = prep.design.probability[cases.unit]
    psu = np.where(cases.frame == 0, a[:, 1], -1 - np.arange(len(cell)))
    selection = {"unit_probability": chosen} if prep.spec.sample.prefectures else {}

    def categorical(codes, labels):
        return pd.Categorical.from_codes(codes, dtype=_levels(labels), validate=False)

    return Columns(
        {
            "frame": categorical(cases.frame, FRAMES),
            "domain": categorical(cases.domain(), ("a", "b", "ab")),
            "number_province": categorical(prep.design.province[cases.unit], provinces),
            "number_space": prep.design.numbers[at],
            "unit_interviews": cases.dispositions[..., 0][at],
            "unit_dialled": cases.dialled[at],
            "n_mobile": cases.n_mobile,
            "n_lines": cases.n_lines,
            "n_eligible": cases.members,
            "province": categorical(zone >> 1, provinces),
            "urban": categorical(zone & 1, URBAN),
            "sex": categorical(cell // (len(AGE_STARTS) * len(EDUCATION)), SEX),
            "age_group": categorical(np.searchsorted(AGE_5_FIRST, a[:, 4], side="right") - 1, AGE_5),
            "education": categorical(outcomes.EDUCATION_4[cell % len(EDUCATION)], EDUCATION_4),
            "stratum": strata_of(prep, cases)[at],
            "psu": np.where(chosen < 1, -(2**40) - cases.unit, psu),
            **selection,
        }
    )


@cache
def _levels(labels):
    """The categorical type of some labels, made once."""
    return pd.CategoricalDtype(list(labels))


def strata_of(prep, cases):
    """Variance strata (2, U): as planned, unless calls left units short of two interviews; then joined by what was made."""
    made, design = cases.dispositions[..., 0], prep.design
    if not (made < np.minimum(design.targets, 2)).any():
        return design.stratum
    return design.strata_of(made)


def disposition_table(prep, cases):
    """Numbers by frame, province of the number and final AAPOR category, with e of UH and of UO; classes with interviews planned."""
    rows, provinces, province = [], list(reference.provinces()), prep.design.province
    for f, frame in enumerate(FRAMES):
        by_code = np.zeros((31, *cases.outcomes.shape[3:]), np.int64)
        np.add.at(by_code, province, cases.outcomes[f].sum(axis=1))
        by_code = by_code[..., : cases.most_calls[f] + 1]
        categories = np.zeros((31, len(DISPOSITIONS)), np.int64)
        np.add.at(categories, province, cases.dispositions[f])
        for p in np.flatnonzero(np.bincount(province, prep.design.targets[f], 31)):
            share = eligible_share(prep, cases, f, province == p)
            e = shares_of_unknown(prep.spec.weighting, by_code[p], share)
            rows.append((frame, provinces[p], *categories[p], *e))
    names = ("frame", "number_province", *DISPOSITIONS, "e", "e_unscreened")
    return Columns({name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})


def eligible_share(prep, cases, f, units):
    """Share of the numbers dialled in some units that reach somebody, by the telephone statistics the frame was made from."""
    dialled = cases.dialled[f, units]
    return float(dialled @ prep.working[f, units] / max(dialled.sum(), 1))


def shares_of_unknown(weighting, tally, share):
    """(e of UH, e of UO) as the specification has them estimated from numbers by final code and calls."""
    e, unscreened = weighting.nonresponse, weighting.nonresponse_unscreened
    return (
        estimate_e(tally, e, share) if isinstance(e, str) else e,
        screened_e(tally) if isinstance(unscreened, str) else unscreened,
    )


def variance_design(table, weights):
    """The variance design of the weighted interviews, straight from codes (what `Survey` builds from labels)."""
    stratum = np.unique(table["stratum"].to_numpy(), return_inverse=True)
    psu, unit = np.unique(table["psu"].to_numpy(), return_inverse=True)
    owner = np.empty(len(psu), np.int64)
    owner[unit] = stratum[1]
    stage = Stage(unit.astype(np.int32), owner, np.zeros(len(stratum[0])), tuple(stratum[0]))
    return Design(weights.start, (stage,)).adjusted_by(weights.final, weights.links)


def frame_probabilities(prep, cases):
    """Expected times each respondent is drawn through the landline and through the mobile frame, both (n,).

    Numbers dialled over numbers in the space, times the person's numbers: for the frame a person came through in the unit
    of the number, for the other frame in the unit of residence, which is what a respondent can report. Landline: times
    lines, over the household's members aged 6+ (for mobile respondents counted among the members of their household).
    """
    people, a = prep.pop.people, cases.attributes
    home = people.area_unit[people.class_area[a[:, 0]]]
    rate = cases.dialled / prep.design.numbers
    unit = [np.where(cases.frame == f, cases.unit, home) for f in range(2)]
    eligible = cases.n_eligible.copy()
    rows = np.flatnonzero((cases.frame == 1) & (cases.n_lines > 0))
    size = a[rows, 10]
    first = np.repeat(cases.person[rows] - a[rows, 2], size)
    place = np.arange(len(first)) - np.repeat(np.cumsum(size) - size, size)
    aged_6 = prep.pop.attributes(first + place)[:, 4] >= AGE_5_FIRST[0]
    eligible[rows] = np.bincount(np.repeat(np.arange(len(rows)), size), aged_6, len(rows)).astype(eligible.dtype)
    stands_for = np.where(cases.frame == 0, cases.members, np.maximum(eligible, 1))
    landline = cases.n_lines * rate[0][unit[0]] / stands_for
    return landline, cases.n_mobile * rate[1][unit[1]]


def dual_frame_of(interviews):
    """A table of interviews as a `DualFrameSurvey`; see `SurveyRun.dual_frame`."""
    for frame in FRAMES:
        if not (interviews["frame"] == frame).any():
            raise SpecError(
                f"the run has no {frame} interviews, so there are no two frames; mind sample.landline_share."
            )
    if "unit_probability" in interviews and (interviews["unit_probability"] < 1).any():
        raise SpecError(
            "two frames whose prefectures are selected together are not independent samples; leave sample.prefectures out."
        )
    weight = "nonresponse_weight" if "nonresponse_weight" in interviews else "multiplicity_weight"
    parts = [interviews[interviews["frame"] == f].reset_index(drop=True) for f in FRAMES]
    samples = [Survey(part, weight=weight, strata="stratum", psu="psu") for part in parts]
    return DualFrameSurvey(*samples, domain="domain", probability=("probability_landline", "probability_mobile"))


@dataclass(frozen=True)
class SurveyRun(Shown):
    """One survey carried out.

    Attributes
    ----------
    spec, seed : what was run.
    interviews : table of the completed interviews with design columns, weights and answers.
    cases : table of every dialled number with its final disposition (None if not recorded).
    weights : Weights, one column per step. survey : Survey, ready for any estimate.
    estimates : Estimates of the indicators, in percent, 10k persons or hours. case_file : the raw arrays.
    """

    spec: SurveySpec
    seed: int
    interviews: pd.DataFrame = field(repr=False)
    cases: pd.DataFrame | None = field(repr=False)
    weights: Weights = field(repr=False)
    survey: Survey = field(repr=False)
    estimates: Estimates = field(repr=False)
    case_file: CaseFile = field(repr=False)
    preparation: Preparation = field(repr=False)

    def dual_frame(self):
        """The interviews as a `DualFrameSurvey`: frame A landlines, frame B mobiles, weights up to nonresponse, in persons."""
        return dual_frame_of(self.interviews)

    def costs(self, by=("frame",)):
        """Calls, interviewer hours and cost, by frame, province, both or neither; see `fieldwork.costs`."""
        return costs(self.case_file, self.preparation.fieldwork, by)

    def calendar(self):
        """Days, staffed hours and their use; see `fieldwork.calendar`."""
        return calendar(self.case_file, self.preparation.fieldwork)

    def paradata(self):
        """Table of every call (level "calls"): case is the row of `cases`; see `fieldwork.CaseFile.paradata`."""
        if self.case_file.history is None:
            raise SpecError(
                'there are no calls to show: the survey was run with fieldwork.level = "outcome"; set it to "calls".'
            )
        return self.case_file.paradata()

    def comparison(self):
        """Published figure, exact population value and estimate, one row per indicator; see `comparison.compare`."""
        return compare(self)

    def summary(self):
        """One line: what was done, and internet penetration or the first estimate there is."""
        table = self.estimates.table.set_index("variable")
        row = table.loc[["internet_penetration"] if "internet_penetration" in table.index else table.index[:1]]
        return (
            f"{self.spec.name}, seed {self.seed}: {len(self.interviews):,} interviews from {self.case_file.dialled.sum():,} numbers; "
            f"{row.index[0]} {row['estimate'].iloc[0]:,.2f} ± {row['moe'].iloc[0]:,.2f}"
        )

    def _shown(self):
        return self.estimates.table[["variable", "estimate", "se", "lower", "upper", "moe", "deff", "n"]]

    def response_rates(self, weights=None):
        """AAPOR rates by frame, with e estimated as for the nonresponse weights; `weights`, a share of each frame, adds a column
        `combined` (`fieldwork.combined_rates`)."""
        rates, everywhere = {}, slice(None)
        for f, frame in enumerate(FRAMES):
            counts = dict(zip(DISPOSITIONS, self.case_file.dispositions[f].sum(axis=0), strict=True))
            if sum(counts.values()):
                share = eligible_share(self.preparation, self.case_file, f, everywhere)
                e = shares_of_unknown(self.spec.weighting, self.case_file.tally(f), share)
                rates[frame] = response_rates(counts, e=dict(zip(("UH", "UO"), e, strict=True)))
        rates = pd.DataFrame(rates)
        return rates if weights is None else rates.assign(combined=combined_rates(rates, weights))

    def eligibility(self):
        """Every method to estimate e against the truth, by frame; see `fieldwork.eligibility_table`."""
        shares = [eligible_share(self.preparation, self.case_file, f, slice(None)) for f in range(2)]
        return eligibility_table(self.case_file, shares)

    def error_statement(self):
        """The report's ±0.66 points against this design.

        Returns
        -------
        dict of points: `nominal` (these interviews at 50 %, deff 1), `estimate`, `moe` and `deff` of internet penetration,
        `largest` and `largest_indicator` (the widest margin among rates of all netizens), `largest_group` and
        `largest_group_indicator` (among rates of subgroups).
        """
        definitions = self.preparation.definitions
        if "internet_penetration" not in definitions.index:
            raise SpecError("the error statement is about internet_penetration; add it to estimation.indicators.")
        table = self.estimates.table.set_index("variable")
        rates = definitions[(definitions["kind"] == "ratio") & (definitions["unit"] == "percent")].index
        everybody = [name for name in rates if definitions.loc[name, "denominator"] == "internet"]
        groups = [name for name in rates if name not in everybody]
        row, n = table.loc["internet_penetration"], len(self.interviews)
        result = {
            "interviews": n,
            "nominal": 100 * margin_of_error(n, level=self.spec.estimation.level),
            "estimate": row["estimate"],
            "moe": row["moe"],
            "deff": row["deff"],
        }
        for key, names in (("largest", everybody), ("largest_group", groups)):
            if names:
                result[key] = table.loc[names, "moe"].max()
                result[f"{key}_indicator"] = table.loc[names, "moe"].idxmax()
        return result

    def report(self, path, lang="en", repetitions=None, budget=None):
        """Write the self-contained HTML report; a `StudyResult` and an `ErrorBudget` of this survey add their parts."""
        from ..report.survey_page import write_report

        return write_report(self, path, lang, repetitions, budget)


def run(spec, seed, record=True, progress=None, repetition=(), group=""):
    """Carry out a survey once; see `SurveySpec.run`. `repetition` and `group` are those of a study."""
    seed = guards.seed_of(seed, error=SpecError)
    tell = guards.function(progress, "progress", error=SpecError) or (lambda text: None)
    tell("population and frames")
    prep = prepare(spec)
    tell("dialling")
    cases, table, weights = field_and_weight(prep, seed, *repetition, record=record, group=group)
    tell("estimation")
    return completed(prep, seed, cases, table, weights)


def interviews_of(prep, cases, table, weights):
    """The interviews as a labelled table: design columns, answers, probabilities through both frames, weights."""
    labelled = case_table(prep.pop, cases, prep.frames)
    extra = pd.DataFrame({c: table[c] for c in table.columns if c not in labelled.columns})
    if prep.spec.sample.prefectures:  # units that were not taken have no probability of the other frame
        return pd.concat([labelled, extra, weights.table], axis=1)
    landline, mobile = frame_probabilities(prep, cases)
    reach = pd.DataFrame({"probability_landline": landline, "probability_mobile": mobile})
    return pd.concat([labelled, extra, reach, weights.table], axis=1)


def completed(prep, seed, cases, table, weights):
    """The `SurveyRun` of a case file that has been weighted."""
    spec, interviews = prep.spec, interviews_of(prep, cases, table, weights)
    survey = Survey(interviews, weight=weights, strata="stratum", psu="psu")
    variables, given = estimands.Variables(prep.pop, cases), {"level": spec.estimation.level, "deff": "wr"}
    found = estimands.estimate(prep.definitions, survey.design, variables, prep.known, prep.pop.scale, **given)
    return SurveyRun(spec, seed, interviews, cases.numbers, weights, survey, found, cases, prep)
