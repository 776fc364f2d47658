"""What is said of a study's results: a table of indicators, and which coverages are off their level."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from ..aliases import Floats
from .measures import judged

KEYS = ["scenario", "method", "estimand", "domain"]


def performance_table(repetitions: Any) -> pd.DataFrame:
    """One row per indicator of a StudyResult's first scenario and method: repetitions, parameter, mean, bias, empse, modelse, cover
    (percent), each with its mcse."""
    long, first = repetitions.performance(), repetitions.scenarios[0]
    mine = (long["scenario"] == first.name) & (long["method"] == first.methods[0].name) & (long["domain"] == "")
    long = long[mine]
    value, mcse = (long.pivot(index="estimand", columns="measure", values=c) for c in ("value", "mcse"))
    found = pd.DataFrame({"parameter": {e.name: e.true for e in first.estimands if not e.domain}})
    found.insert(0, "repetitions", value["nsim"].astype(int))
    found["mean"] = value["thetamean"]
    for name, factor in (("bias", 1), ("empse", 1), ("modelse", 1), ("cover", 100)):
        found[name], found[f"{name}_mcse"] = factor * value[name], factor * mcse[name]
    return found.rename_axis("indicator_id")


@dataclass(frozen=True)
class OffLevel:
    """Coverages on one side of their level, below (sign -1) or above it (1): how many, the worst, and what it is of."""

    sign: int
    count: int
    worst: float
    key: tuple[str, ...]


def off_level(result: Any, table: pd.DataFrame) -> tuple[pd.Series, float, list[OffLevel]]:
    """Coverages of a StudyResult by KEYS, the level of the first, and those that are off by more than Monte Carlo error explains."""
    n = table[table["measure"] == "nsim"].set_index(KEYS)["value"]
    cover = table[(table["measure"] == "cover") & table["value"].notna()].set_index(KEYS)["value"]
    if cover.empty:
        return cover, float("nan"), []
    level = np.array([result.scenario(key[0]).level for key in cover.index])
    sides, off = judged(cover, n.reindex(cover.index), level), []
    ends: Any = ((-1, cover.idxmin()), (1, cover.idxmax()))
    for sign, key in ends:
        if np.any(sides == sign):
            off.append(OffLevel(sign, int((sides == sign).sum()), float(cover[key]), key))
    return cover, float(level[0]), off


def repeated_penetration(repetitions: Any) -> tuple[Floats, float]:
    """Estimate and interval of penetration in every repetition, in percent, and the truth."""
    first = repetitions.scenarios[0]
    where = {"estimand": "internet_penetration", "scenario": first.name, "method": first.methods[0].name}
    table = repetitions.to_frame(where=where).dropna(subset=["estimate"])
    return table[["estimate", "lower", "upper"]].to_numpy(), float(table["true"].iloc[0])


def by_method(result: Any, table: pd.DataFrame) -> pd.DataFrame:
    """One row per scenario and method of a StudyResult: estimates with a coverage, how many are below and above their level by more than
    Monte Carlo error explains, and the lowest coverage with its mcse, estimand and domain."""
    cover, _, _ = off_level(result, table)
    if cover.empty:
        return pd.DataFrame()
    both = table[table["measure"].isin(["cover", "nsim"])].pivot(index=KEYS, columns="measure", values="value")
    mcse = table[table["measure"] == "cover"].set_index(KEYS)["mcse"]
    rows, each = [], cover.groupby(level=KEYS[:2], sort=False)
    for key, mine in each:
        scenario, method = cast("tuple[str, str]", key)
        side = judged(mine, both["nsim"].reindex(mine.index), result.scenario(scenario).level)
        worst: Any = mine.idxmin()
        rows.append(
            (scenario, method, len(mine), (side < 0).sum(), (side > 0).sum(), mine[worst], mcse[worst], *worst[2:])
        )
    names = ["scenario", "method", "estimates", "below", "above", "lowest", "mcse", "estimand", "domain"]
    return pd.DataFrame(rows, columns=names)
