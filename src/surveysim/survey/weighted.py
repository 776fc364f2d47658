"""From a prepared survey to weighted interviews: sampled, dialled, put into the table that is weighted."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import streams
from ..aliases import Floats, Ints
from ..columns import AGES, BY_FRAME, DISPOSITIONS, EDUCATION_4, FRAMES, SEX, URBAN
from ..errors import SpecError
from ..estimation import DualFrameSurvey, Survey
from ..fieldwork import CaseFile, call, dial
from ..fieldwork.centre import refuse_thin
from ..fieldwork.eligibility import estimate_e, screened_e
from ..inference.linearization import Design
from ..inference.stage import Stage
from ..weighting import Columns, Weights
from .margins import own_columns

if TYPE_CHECKING:
    from .preparation import Preparation

CLASSES = ("frame", "number_province")  # that nonresponse is weighted in


def field_and_weight(
    prep: "Preparation", seed: int, *repetition: Any, record: bool = False, group: str = ""
) -> tuple[CaseFile, Columns, Weights]:
    """Sample, dial and weight: the case file, the table that was weighted, and its weights. `group` has random numbers of its own."""
    cases, table = carry_out(prep, seed, *repetition, record=record, group=group)
    return cases, table, weigh(prep, cases, table)


def carry_out(
    prep: "Preparation", seed: int, *repetition: Any, record: bool = False, group: str = ""
) -> tuple[CaseFile, Columns]:
    """Sample and dial: the case file, and the table that is to be weighted."""
    keys = (streams.key(seed, group, "fieldwork", *repetition), streams.key(seed, group, "sampling", *repetition))
    if prep.spec.sample.prefectures:
        design = prep.design.draw(streams.stream(seed, group, "prefectures", *repetition))
        prep = replace(prep, design=design, fieldwork=prep.fieldwork.of(design))
    collect = call if prep.spec.fieldwork.level == "calls" else dial
    cases = collect(prep.fieldwork, keys, record=record)
    refuse_empty(prep, cases)
    return cases, weighting_table(prep, cases)


def weigh(prep: "Preparation", cases: CaseFile, table: Columns) -> Weights:
    """Weights of the interviews of a case file, by the preparation's recipe."""
    return prep.recipe.apply(table, disposition_table(prep, cases))


def refuse_empty(prep: "Preparation", cases: CaseFile) -> None:
    """Raise DesignError where a province was to have interviews of a frame and has fewer than two: weights and errors need them."""
    made, wanted = (prep.design.by_province(rows) for rows in (cases.dispositions[..., 0], prep.design.targets))
    names = [f"province {code}" for code in prep.design.provinces]
    refuse_thin(made, wanted, names, prep.fieldwork.protocol, "provinces")


def weighting_table(prep: "Preparation", cases: CaseFile) -> Columns:
    """What the weighting sees of the interviews: reports and the design, nothing else of the population."""
    a, provinces = cases.attributes, prep.design.provinces
    at = (cases.frame, cases.unit)
    chosen = prep.design.probability[cases.unit]
    psu = np.where(cases.frame == 0, a.household, -1 - np.arange(len(a)))
    selection = {"unit_probability": chosen} if prep.spec.sample.prefectures else {}

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
            "province": categorical(a.province, provinces),
            "urban": categorical(a.urban, URBAN),
            "sex": categorical(a.sex, SEX),
            "age_group": categorical(a.age_group, AGES),
            "education": categorical(a.education, EDUCATION_4),
            "stratum": strata_of(prep, cases)[at],
            "psu": np.where(chosen < 1, -(2**40) - cases.unit, psu),
            **selection,
            **{name: categorical(*column) for name, column in own_columns(prep.spec.weighting, a).items()},
        }
    )


def regrouped(prep: "Preparation", cases: "CaseFile", table: Columns) -> Columns:
    """The table of another weighting of the same interviews: with the groups that it weights by."""
    own = own_columns(prep.spec.weighting, cases.attributes)
    made = {name: categorical(*column) for name, column in own.items()}
    return Columns({name: table[name] for name in table.columns} | made) if own else table


def categorical(codes: Ints, labels: Sequence[str]) -> "pd.Categorical[Any]":
    """Codes of labels that are known to be right."""
    return pd.Categorical.from_codes(codes, dtype=_levels(labels), validate=False)


@cache
def _levels(labels):
    """The categorical type of some labels, made once."""
    return pd.CategoricalDtype(list(labels))


def strata_of(prep: "Preparation", cases: CaseFile) -> Ints:
    """Variance strata (2, U): as planned, unless calls left units short of two interviews; then joined by what was made."""
    made, design = cases.dispositions[..., 0], prep.design
    if not (made < np.minimum(design.targets, 2)).any():
        return design.stratum
    return design.strata_of(made)


def disposition_table(prep: "Preparation", cases: CaseFile) -> Columns:
    """Numbers by frame, province of the number and final AAPOR category, with e of UH and of UO; classes with interviews planned."""
    rows, provinces, province = [], prep.design.provinces, prep.design.province
    for f, frame in enumerate(FRAMES):
        by_code = np.zeros((len(provinces), *cases.outcomes.shape[3:]), np.int64)
        np.add.at(by_code, province, cases.outcomes[f].sum(axis=1))
        by_code = by_code[..., : cases.most_calls[f] + 1]
        categories = prep.design.by_province(cases.dispositions[f].T).T
        for p in np.flatnonzero(prep.design.by_province(prep.design.targets[f])):
            share = eligible_share(prep, cases, f, province == p)
            e = shares_of_unknown(prep.spec.weighting, by_code[p], share)
            rows.append((frame, provinces[p], *categories[p], *e))
    names = (*CLASSES, *DISPOSITIONS, "e", "e_unscreened")
    return Columns({name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})


def eligible_share(prep: "Preparation", cases: CaseFile, f: int, units: Any) -> float:
    """Share of the numbers dialled in some units that reach somebody, by the telephone statistics the frame was made from."""
    dialled = cases.dialled[f, units]
    return float(dialled @ prep.working[f, units] / max(dialled.sum(), 1))


def shares_of_unknown(weighting: Any, tally: Ints, share: float) -> tuple[float, float]:
    """(e of UH, e of UO) as the specification has them estimated from numbers by final code and calls."""
    e, unscreened = weighting.nonresponse, weighting.nonresponse_unscreened
    return (
        estimate_e(tally, e, share) if isinstance(e, str) else e,
        screened_e(tally) if isinstance(unscreened, str) else unscreened,
    )


def variance_design(table: Columns, weights: Weights, leverage: bool) -> Design:
    """The variance design of the weighted interviews, straight from codes (what `Survey` builds from labels)."""
    stratum = np.unique(table["stratum"].to_numpy(), return_inverse=True)
    psu, unit = np.unique(table["psu"].to_numpy(), return_inverse=True)
    owner = np.empty(len(psu), np.int64)
    owner[unit] = stratum[1]
    stage = Stage(unit.astype(np.int32), owner, np.zeros(len(stratum[0])), tuple(stratum[0]))
    return Design(weights.start, (stage,), leverage=leverage).adjusted_by(weights.final, weights.links)


def frame_probabilities(prep: "Preparation", cases: CaseFile) -> tuple[Floats, Floats]:
    """Expected times each respondent is drawn through the landline and through the mobile frame, both (n,).

    Numbers dialled over numbers in the space, times the person's numbers: for the frame a person came through in the unit
    of the number, for the other frame in the unit of residence, which is what a respondent can report. Landline: times
    lines, over the household's members aged 6+ (for mobile respondents counted among the members of their household).
    """
    a = cases.attributes
    rate = cases.dialled / prep.design.numbers
    unit = [np.where(cases.frame == f, cases.unit, a.unit) for f in range(2)]
    eligible = cases.n_eligible.copy()
    rows = np.flatnonzero((cases.frame == 1) & (cases.n_lines > 0))
    size = a.household_size[rows]
    first = np.repeat(cases.person[rows] - a.position[rows], size)
    place = np.arange(len(first)) - np.repeat(np.cumsum(size) - size, size)
    aged_6 = prep.pop.attributes(first + place).aged_6
    eligible[rows] = np.bincount(np.repeat(np.arange(len(rows)), size), aged_6, len(rows)).astype(eligible.dtype)
    stands_for = np.where(cases.frame == 0, cases.members, np.maximum(eligible, 1))
    landline = cases.n_lines * rate[0][unit[0]] / stands_for
    return landline, cases.n_mobile * rate[1][unit[1]]


def dual_frame_of(interviews: Any) -> DualFrameSurvey:
    """A table of interviews as a `DualFrameSurvey`; see `SurveyRun.dual_frame`."""
    for frame in FRAMES:
        if not (interviews["frame"] == frame).any():
            raise SpecError(f"the run has no {frame} interviews, so there are no two frames; ask for some of both.")
    if "unit_probability" in interviews and (interviews["unit_probability"] < 1).any():
        raise SpecError(
            "two frames whose prefectures are selected together are not independent samples; leave sample.prefectures out."
        )
    weight = next((name for name in BY_FRAME if name in interviews), None)
    if weight is None:
        raise SpecError(
            f"the recipe gives no weights of persons by frame, {' or '.join(BY_FRAME)}, which two frames are put together from; give it a "
            "step Multiplicity."
        )
    parts = [interviews[interviews["frame"] == f].reset_index(drop=True) for f in FRAMES]
    samples = [Survey(part, weight=weight, strata="stratum", psu="psu") for part in parts]
    return DualFrameSurvey(*samples, domain="domain", probability=("probability_landline", "probability_mobile"))
