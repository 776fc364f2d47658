"""The numbers of a survey's page, computed once: `report.survey_page` shows them and computes nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import reference
from ..columns import FRAMES
from ..inference import scores
from ..inference.estimates import estimates
from ..sampling import margin_of_error, sample_size
from ..weighting.margins import CROSS
from ..weighting.result import deff_kish
from . import claims
from .controls import both_totals

if TYPE_CHECKING:
    from .run import SurveyRun

HIGHEST = 6.0  # times the mean, the last weight of the histogram


@dataclass(frozen=True)
class PageTables:
    """What a page shows of a survey.

    Attributes
    ----------
    comparison : of published figure, population and estimate. covered : estimates whose interval holds the population value.
    statement : the error statement. nominal : interviews that the report's own statement stands for.
    provinces : penetration by province, indexed by adcode. margins : target, before, after in percent, by margin and level.
    edges, histogram : of final weights over their mean, counts by frame. steps : weights after each step.
    dispositions : (2, categories) counts by frame. rates, eligibility, costs, calendar : as of the run.
    records : {step: what it recorded}. rural : rural penetration in percent on both population bases, or None.
    sizes : what the statement of error says at other sizes. verdict : on the report's own change. controls : both kinds of control totals.
    """

    comparison: pd.DataFrame
    covered: int
    statement: dict[str, Any]
    nominal: int
    provinces: pd.DataFrame
    margins: pd.DataFrame
    edges: np.ndarray
    histogram: dict[str, np.ndarray]
    steps: pd.DataFrame
    dispositions: np.ndarray
    rates: pd.DataFrame
    eligibility: pd.DataFrame
    costs: pd.DataFrame
    calendar: dict[str, Any]
    records: dict[str, dict]
    rural: tuple[float, float] | None
    sizes: pd.DataFrame
    verdict: claims.ChangeVerdict
    controls: pd.DataFrame


def page_tables(run: "SurveyRun") -> PageTables:
    """The tables of a survey's page."""
    comparison = run.comparison()
    inside = (comparison["lower"] <= comparison["parameter"]) & (comparison["upper"] >= comparison["parameter"])
    return PageTables(
        comparison,
        int(inside.sum()),
        run.error_statement(),
        sample_size(),
        provincial_penetration(run),
        national_margins(run),
        *weight_histogram(run),
        weight_steps(run),
        run.case_file.dispositions.sum(axis=1),
        run.response_rates(),
        run.eligibility(),
        run.costs(),
        run.calendar(),
        {entry["step"]: entry for entry in run.weights.records},
        rural_bases(run),
        *at_other_sizes(run),
        both_totals(run),
    )


def at_other_sizes(run: "SurveyRun") -> tuple[pd.DataFrame, claims.ChangeVerdict]:
    """The survey's margins, and the verdict on the change of penetration, at every number of interviews there may have been."""
    table, n = run.estimates.table.set_index("variable"), len(run.interviews)
    se, level = table.loc["internet_penetration", "se"], run.spec.estimation.level
    said = reference.statement()
    errors = [("stated", np.nan, said.se), *(("design", size, se * np.sqrt(n / size)) for size in said.sizes)]
    sizes = claims.at_sizes(table["moe"], n, run.preparation.definitions, said.moe, said.sizes)
    sizes["penetration"] = table.loc["internet_penetration", "moe"] * np.sqrt(n / sizes["n"])
    sizes["nominal"] = [100 * margin_of_error(size, level=level) for size in sizes["n"]]
    return sizes, claims.judged_change(errors, level=level)


def provincial_penetration(run: "SurveyRun") -> pd.DataFrame:
    """Netizens over all residents by province of residence: estimate, se, moe in percent, indexed by adcode."""
    prep, w = run.preparation, run.survey.weight
    internet = run.interviews["internet"].to_numpy(dtype=float)
    residence = run.interviews["province"].cat.codes.to_numpy()
    people = prep.pop.people
    codes = prep.design.provinces
    residents = np.bincount(people.area_zone[people.class_area] >> 1, np.diff(people.class_person), len(codes))
    found = [scores.per_known(scores.total(w, internet, residence == p), residents[p]) for p in range(len(codes))]
    rows = [("known", "internet_penetration", "percent", f"province={code}") for code in codes]
    table = estimates(
        run.survey.design, found, rows, level=run.spec.estimation.level, ci="logit", scale=np.full(len(codes), 100.0)
    ).to_frame()
    return table.set_index(pd.Index(codes, name="province"))


def national_margins(run: "SurveyRun") -> pd.DataFrame:
    """Table margin, level, target, before, after: percent of each variable that is raked to, alone or crossed, all provinces together."""
    calibration: Any = run.weights.calibration
    table, shown = calibration.margins, {}
    for margin, rows in table.groupby("margin", sort=False):
        names = str(margin).split(CROSS)
        for k, name in enumerate(names):
            level = rows["level"] if len(names) == 1 else rows["level"].str[k]
            shown.setdefault(name, rows.assign(margin=name, level=level))
    sums = pd.concat(shown.values()).groupby(["margin", "level"], sort=False)[["target", "before", "after"]].sum()
    return (100 * sums / sums.groupby("margin", sort=False).transform("sum")).reset_index()


def weight_histogram(run: "SurveyRun") -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Edges and counts by frame of final weights over their mean."""
    relative = np.minimum(run.weights.final / run.weights.final.mean(), HIGHEST)
    edges = np.linspace(0, HIGHEST, 61)
    frame = run.interviews["frame"].cat.codes.to_numpy()
    return edges, {name: np.histogram(relative[frame == f], edges)[0] for f, name in enumerate(FRAMES)}


def weight_steps(run: "SurveyRun") -> pd.DataFrame:
    """Table step, deff_kish, smallest, largest, inside: Kish deff, and its mean inside province × frame, after each step."""
    table = run.weights.table
    groups = run.interviews["number_province"].cat.codes.to_numpy() * 2 + run.interviews["frame"].cat.codes.to_numpy()
    rows = []
    for name in table.columns:
        w = table[name].to_numpy()
        inside = np.average(
            [deff_kish(w[groups == g]) for g in np.unique(groups)], weights=np.unique(groups, return_counts=True)[1]
        )
        rows.append([name, deff_kish(w), w.min(), w.max(), inside])
    return pd.DataFrame(rows, columns=["step", "deff_kish", "smallest", "largest", "inside"])


def rural_bases(run: "SurveyRun") -> tuple[float, float] | None:
    """Rural penetration in percent on both population bases of the report; None where it is not estimated."""
    table = run.estimates.table.set_index("variable")
    if "rural_netizens_size" not in table.index:
        return None
    value = table["estimate"]["rural_netizens_size"]
    return 100 * value * 1e4 / reference.national("rural", 2023), 100 * value * 1e4 / reference.national("rural", 2024)
