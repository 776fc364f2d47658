"""Kalton and Flores-Cervantes' (2003) example: 1,000 respondents in 4 × 3 cells, weighted to 1,500 persons in six ways."""

from typing import Any

import numpy as np
import pandas as pd

import surveysim as ss

CELLS = [(a, b) for b in (1, 2, 3) for a in (1, 2, 3, 4)]
SAMPLE = [20, 50, 100, 30, 40, 140, 50, 100, 40, 310, 50, 70]
PERSONS = [80, 60, 170, 55, 40, 150, 60, 165, 55, 340, 200, 125]
BOUNDS = (0.5, 2.2)


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """The weight of each cell, a by b row by row; nothing is drawn."""
    people = pd.DataFrame(np.repeat(CELLS, SAMPLE, axis=0), columns=["a", "b"])
    counts: Any = pd.Series(PERSONS, index=pd.MultiIndex.from_tuples(CELLS, names=["a", "b"]))
    margins = {name: counts.groupby(name).sum().to_dict() for name in ("a", "b")}
    lines = people.assign(one=1.0, x=people["a"].astype(float), y=people["b"].astype(float))
    whole = {
        "one": 1500.0,
        "x": float(sum(a * n for (a, _), n in counts.items())),
        "y": float(sum(b * n for (_, b), n in counts.items())),
    }
    made = {
        "cell weighting": ss.poststratify(people, {("a", "b"): counts.to_dict()}),
        "raking": ss.rake(people, margins),
        "linear": ss.calibrate(people, margins),
        "regression on a and b": ss.calibrate(lines, whole),
        "logit, 0.5 to 2.2": ss.calibrate(people, margins, method="logit", bounds=BOUNDS),
        "truncated, 0.5 to 2.2": ss.calibrate(people, margins, bounds=BOUNDS),
    }
    return {
        name: people.assign(w=found.weight).groupby(["a", "b"])["w"].mean().to_numpy() for name, found in made.items()
    }
