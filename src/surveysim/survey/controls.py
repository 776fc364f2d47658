"""Two readings of the control totals: of people with a telephone, and of all residents, which are what statistical bureaus publish."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from . import estimands
from .comparison import parameters_of
from .preparation import reweighted
from .weighted import variance_design, weigh, weighting_table

if TYPE_CHECKING:
    from .run import SurveyRun

CONTROLS = ("covered_6plus", "residents_6plus")


def both_totals(run: "SurveyRun") -> pd.DataFrame:
    """The interviews of a run weighted to both kinds of control totals.

    Returns
    -------
    DataFrame control_population, people (10k of the nation), indicator_id, unit, parameter, estimate, se, moe; a row for each kind and
    indicator.

    Notes
    -----
    Weighted to residents, people with a telephone stand for those without one too, as if these were online like others of their sex,
    age, education and residence; the report assumes that they are not online at all. Weighted to those with a telephone, nobody stands
    for them, in agreement with that assumption; but the bureaus publish residents, and who of them has no telephone an office would have
    to know from elsewhere.
    """
    prep, cases = run.preparation, run.case_file
    table, parts = weighting_table(prep, cases), []
    variables, truth = estimands.Variables(prep.pop, cases), pd.Series(parameters_of(prep))
    for control in CONTROLS:
        weights = weigh(reweighted(prep, {"control_population": control}), cases, table)
        found = estimands.estimate(
            prep.definitions,
            variance_design(table, weights, prep.spec.estimation.leverage),
            variables,
            prep.known,
            prep.pop.scale,
            level=prep.spec.estimation.level,
        ).table
        people = float(np.sum(weights.final)) / prep.pop.scale / 1e4
        part = found.rename(columns={"variable": "indicator_id"})[["indicator_id", "estimate", "se", "moe"]]
        names = part["indicator_id"]
        part = part.assign(
            unit=prep.definitions["unit"].reindex(names).to_numpy(), parameter=truth.reindex(names).to_numpy()
        )
        parts.append(part.assign(control_population=control, people=people))
    order = ["control_population", "people", "indicator_id", "unit", "parameter", "estimate", "se", "moe"]
    return pd.concat(parts, ignore_index=True)[order]
