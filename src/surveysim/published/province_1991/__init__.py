"""Lehtonen and Pahkinen's Province'91: two samples of 8 of 32 municipalities, and all simple random samples of 8 against their formula."""

from typing import Any

import numpy as np

import surveysim as ss

from ..comparing import Ours, table_of

RANDOM = [1, 4, 5, 15, 18, 26, 30, 31]


def _ours(row: Any, theirs: float) -> Ours:
    """A measure of a study with its Monte Carlo error."""
    return Ours(float(row["value"]), float(row["mcse"]), theirs)


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Totals of the unemployed with their errors."""
    table = table_of(__name__, "municipalities.csv")
    every = table[table["id"] % 4 == 1].assign(
        town=lambda t: t["id"] <= 7
    )  # start 1, interval 4; towns are the first seven
    systematic = (
        ss.Survey(every, weight=np.full(8, 4.0), strata="town", fpc=np.full(8, 0.25)).total("unemployed").table.iloc[0]
    )
    eight = table[table["id"].isin(RANDOM)].assign(large=lambda t: 1.0 * (t["unemployed"] > 500))
    random = ss.Survey(eight, weight=np.full(8, 4.0))
    found: dict[str, Any] = {
        "systematic, total": systematic["estimate"],
        "systematic, standard error": systematic["se"],
        "systematic, coefficient of variation": systematic["se"] / systematic["estimate"],
        "municipalities, population": table["population"].sum(),
    }
    for name, of in (
        ("total", random.total("unemployed")),
        ("mean", random.mean("unemployed")),
        ("share above 500", random.mean("large")),
    ):
        row = of.table.iloc[0]
        found |= {f"random, {name}": row["estimate"], f"random, {name}, standard error": row["se"]}
    return found | _repeated(table, repetitions, seed)


def _repeated(table, repetitions, seed):
    """Mean and spread of estimated totals over simple random samples, and N √((1 - n/N) S² / n)."""
    keys = {
        "study": {"repetitions": repetitions, "seed": seed},
        "sample": {"n": 8},
        "weighting": {"margins": []},
        "estimands": [{"name": "unemployed", "numerator": "unemployed", "kind": "total"}],
    }
    of = ss.Study(keys, table=table).run(progress=False).performance().set_index("measure")
    spread = 32 * np.sqrt((1 - 8 / 32) * table["unemployed"].var() / 8)
    return {
        "all samples, mean of totals": _ours(of.loc["thetamean"], float(table["unemployed"].sum())),
        "all samples, standard error": _ours(of.loc["empse"], float(spread)),
    }
