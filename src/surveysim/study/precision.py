"""Repetitions that study.target_mcse asks for: until every measure's Monte Carlo error is below its target."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from ..errors import StudyError, SurveysimWarning
from ..judging.controls import NAMED
from ..judging.tables import repetitions_needed
from .results import StudyResult
from .spec import StudyPart

GROWTH = 4  # times the repetitions may grow in one step
ROOM = 100  # times study.repetitions that they may grow to, unless study.max_repetitions says otherwise


def repetitions(part: StudyPart, result: StudyResult) -> int:
    """Repetitions to go on to; no more than the study has where its targets are met, or impossible."""
    have = result.repetitions
    if not part.target_mcse:
        return have
    most = part.max_repetitions or ROOM * part.repetitions
    table = result.performance()
    present = {k: v for k, v in part.target_mcse.items() if k in set(table["measure"])}
    if len(present) < len(part.target_mcse):
        absent = min(set(part.target_mcse) - set(present))
        raise StudyError(
            f"study.target_mcse: {absent!r} is not measured here: no method gives standard errors, or it has no reference."
        )
    need = repetitions_needed(_unsure(table), present)
    need = (need["needed"] * have / need["nsim"]).max()  # some repetitions may be missing
    return have if not np.isfinite(need) else int(min(max(np.ceil(need), have), most, GROWTH * have))


def say_unmet(part: StudyPart, result: StudyResult) -> None:
    """Warn where a target is out of reach of the most repetitions there may be."""
    if not part.target_mcse:
        return
    table = _unsure(result.performance())
    for name, target in part.target_mcse.items():
        worst = table.loc[table["measure"] == name, "mcse"].max()
        if worst > target:
            warnings.warn(
                f"study.target_mcse: the error of {name} is {worst:.3g} after {result.repetitions:,} repetitions, above "
                f"{target:g}; raise study.max_repetitions.",
                SurveysimWarning,
                stacklevel=3,
            )


def _unsure(table: pd.DataFrame) -> pd.DataFrame:
    """Performance in which shares of 0 or 1 have the error of (x + 2) / (n + 4), not 0 (Agresti & Coull 1998)."""
    table = table.copy()
    keys = [c for c in table.columns if c not in ("measure", "value", "mcse", NAMED)]
    n: Any = table[table["measure"] == "nsim"].set_index(keys)["value"]
    for k in table.index[table["measure"].isin(["cover", "becover"]) & (table["mcse"] == 0)]:
        size = n.loc[tuple(table.loc[k, keys])]
        p = (table.loc[k, "value"] * size + 2) / (size + 4)
        table.loc[k, "mcse"] = np.sqrt(p * (1 - p) / size)
    return table
