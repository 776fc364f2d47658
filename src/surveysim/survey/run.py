"""One survey, from population to estimates; the part that does not change from repetition to repetition is made once."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from .. import guards
from ..columns import DISPOSITIONS, FRAMES
from ..display import Shown
from ..errors import SpecError
from ..estimation import Estimates, Survey
from ..fieldwork import CaseFile, calendar, costs, response_rates
from ..fieldwork.case_file import case_table
from ..fieldwork.eligibility import combined_rates, eligibility_table
from ..population import estimand_kinds
from ..report.survey_page import write_report
from ..sampling import margin_of_error
from ..weighting import Weights
from . import estimands
from .claims import ChangeVerdict
from .comparison import compare
from .controls import both_totals
from .page_tables import at_other_sizes, page_tables
from .preparation import Preparation, prepare
from .weighted import dual_frame_of, eligible_share, field_and_weight, frame_probabilities, shares_of_unknown

if TYPE_CHECKING:
    from .spec import SurveySpec


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

    spec: "SurveySpec"
    seed: int
    interviews: pd.DataFrame = field(repr=False)
    cases: pd.DataFrame | None = field(repr=False)
    weights: Weights = field(repr=False)
    survey: Survey = field(repr=False)
    estimates: Estimates = field(repr=False)
    case_file: CaseFile = field(repr=False)
    preparation: Preparation = field(repr=False)

    def tables(self) -> dict[str, pd.DataFrame]:
        """What is kept of a run, by name: interviews, cases, and calls where they were simulated."""
        calls = {} if self.case_file.history is None else {"paradata": self.paradata()}
        return {"interviews": self.interviews} | ({} if self.cases is None else {"cases": self.cases}) | calls

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

    def both_totals(self) -> pd.DataFrame:
        """The interviews weighted to people with a telephone, and to all residents; see `controls.both_totals`."""
        return both_totals(self)

    def at_sizes(self) -> tuple[pd.DataFrame, ChangeVerdict]:
        """(margins at other sample sizes, verdict on the report's own change); see `page_tables.at_other_sizes`."""
        return at_other_sizes(self)

    def error_statement(self):
        """The report's statement of error (`reference.statement`) against this design.

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
        rates = [row for row in definitions.itertuples() if row.unit == "percent" and estimand_kinds.of(row).estimated]
        everybody = [str(row.Index) for row in rates if row.denominator == "internet"]
        groups = [str(row.Index) for row in rates if row.Index not in everybody]
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
        return write_report(self, page_tables(self), path, lang, repetitions, budget)


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
    survey = Survey(interviews, weight=weights, strata="stratum", psu="psu", leverage=spec.estimation.leverage)
    variables, given = estimands.Variables(prep.pop, cases), {"level": spec.estimation.level, "deff": "wr"}
    found = estimands.estimate(prep.definitions, survey.design, variables, prep.known, prep.pop.scale, **given)
    return SurveyRun(spec, seed, interviews, cases.numbers, weights, survey, found, cases, prep)
