"""Published figures, exact population values and one survey's estimates, side by side."""

from typing import Any

import numpy as np
import pandas as pd

from .. import reference


def parameters_of(prep: Any) -> dict[str, float]:
    """Exact population values of a specification's indicators, as `comparison` shows them."""
    return indicator_parameters(prep.pop, prep.definitions)


def indicator_parameters(pop: Any, definitions: pd.DataFrame) -> dict[str, float]:
    """Exact values by indicator, sizes blown up to the nation (1 / scale)."""
    values = {}
    for name, row in definitions.iterrows():
        value = float(pop.parameter(name)["value"].iloc[0])
        values[name] = value / pop.scale if row["unit"] == "10k persons" else value
    return values


AGREE_POINTS, AGREE_SIZE = 0.15, 0.005


def compare(result: Any) -> pd.DataFrame:
    """Table indicator_id, domain, unit, published, parameter, estimate, se, lower, upper, moe, deff, agrees, note.

    `agrees`: parameter and published figure differ by at most 0.15 points (hours: 0.15), or 0.5 % of a size; where a range
    is printed, the parameter lies in it. A note says why not.
    """
    published = reference.published()
    truth = parameters_of(result.preparation)
    found = result.estimates.table.set_index("variable")
    rows = []
    for name, row in result.preparation.definitions.iterrows():
        facts, estimate, value = published.loc[name], found.loc[name], truth[name]
        rows.append(
            {
                "indicator_id": name,
                "domain": facts["domain"],
                "unit": row["unit"],
                "published": facts["value_2024_12"],
                "parameter": value,
                **{c: estimate[c] for c in ("estimate", "se", "lower", "upper", "moe", "deff")},
                "agrees": _agrees(facts, row["unit"], value),
                "note": row["note"],
            }
        )
    return pd.DataFrame(rows)


def _agrees(facts, unit, value):
    printed = facts["value_2024_12"]
    if np.isnan(printed):
        return bool(facts["value_2024_12_lo"] <= value <= facts["value_2024_12_hi"])
    if unit == "10k persons":
        return bool(abs(value / printed - 1) <= AGREE_SIZE)
    return bool(abs(value - printed) <= AGREE_POINTS)
