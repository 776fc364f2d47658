"""40 counties of the United States drawn with unequal probabilities: votes of 2004 by six estimators of variance."""

from typing import Any

import surveysim as ss

from ..comparing import table_of


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Totals, then their errors by estimator, for Bush, Kerry and Nader; nothing is drawn."""
    table = table_of(__name__, "counties.csv")
    joint = table_of(__name__, "joint.csv").to_numpy()
    designs = {
        "with replacement": {},
        "Brewer": {"pps": "brewer"},
        "Hartley and Rao": {"pps": "hartley-rao"},
        "Horvitz and Thompson": {"pps": joint},
        "Sen, Yates and Grundy": {"pps": joint, "pps_variance": "yg"},
    }
    made = {
        name: ss.Survey(table, probability="p", **design).total(["Bush", "Kerry", "Nader"]).table
        for name, design in designs.items()
    }
    return {"total": made["Brewer"]["estimate"]} | {name: one["se"] for name, one in made.items()}
