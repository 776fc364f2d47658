"""40 counties of the United States drawn with unequal probabilities: votes of 2004 by six estimators of variance."""

from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

import surveysim as ss


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Totals, then their errors by estimator, for Bush, Kerry and Nader; nothing is drawn."""
    with (files(__name__) / "counties.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file)
    with (files(__name__) / "joint.csv").open(encoding="utf-8") as file:
        joint = np.loadtxt(file, delimiter=",")
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
