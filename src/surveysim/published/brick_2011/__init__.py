"""Brick and others (2011): bias of a dual-frame mean when people with both telephones answer a landline and a cell phone unalike."""

from typing import Any

import numpy as np
import pandas as pd

import surveysim as ss

from ..comparing import Ours

SIZE = {"a": 0.15, "ab": 0.45, "b": 0.40}
YES = {"a": 0.30, "ab": 0.20, "b": 0.40}
ANSWER = {"A": {"a": 0.50, "ab": 0.30}, "B": {"ab": 0.12, "b": 0.30}}  # rates of response
NUMBERS, THETAS = 20_000, (0.0, 0.5, 1.0)  # dialled in each frame; 1 leaves out the cell overlap, 0 the landline's


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Bias in points by θ, before and after poststratification to telephone status."""
    rng, truth = np.random.default_rng(seed), sum(SIZE[d] * YES[d] for d in SIZE)
    errors: dict[str, list[float]] = {}
    for _ in range(repetitions):
        landline, cell = (_sample(frame, rng) for frame in ANSWER)
        dual = ss.DualFrameSurvey(landline, cell)
        for theta in THETAS:
            survey = dual.survey("composite", theta=theta)
            for after, one in (("", survey), (", poststratified", survey.poststratify({"overlap": SIZE}))):
                errors.setdefault(f"θ = {theta:g}{after}", []).append(
                    100 * (one.mean("y").table["estimate"].iloc[0] - truth)
                )
    return {
        name: Ours(
            float(np.mean(e)),
            float(np.std(e, ddof=1) / np.sqrt(repetitions)),
            0.0 if "post" in name else bias(float(name[4:])),
        )
        for name, e in errors.items()
    }


def _sample(frame, rng):
    """Respondents of a frame, those alike in one row, weighted by the inverse of the frame's response rate."""
    rates = ANSWER[frame]
    dialled = rng.multinomial(NUMBERS, [SIZE[d] / sum(SIZE[x] for x in rates) for d in rates])
    rows = []
    for d, n in zip(rates, dialled):
        answered = rng.binomial(n, rates[d])
        yes = rng.binomial(answered, YES[d])
        rows += [(d, 1.0, yes), (d, 0.0, answered - yes)]
    table = pd.DataFrame(rows, columns=["overlap", "y", "n"])
    people = sum(SIZE[x] for x in rates)
    return ss.Survey(table, weight=people * table["n"].to_numpy() / table["n"].sum())


def bias(theta: float) -> float:
    """By what each domain counts too much: its rate of response over its frame's."""
    mean = {f: sum(SIZE[d] * r for d, r in rates.items()) / sum(SIZE[d] for d in rates) for f, rates in ANSWER.items()}
    much = {"a": ANSWER["A"]["a"] / mean["A"], "b": ANSWER["B"]["b"] / mean["B"]}
    much["ab"] = theta * ANSWER["A"]["ab"] / mean["A"] + (1 - theta) * ANSWER["B"]["ab"] / mean["B"]
    counted = {d: SIZE[d] * much[d] for d in SIZE}
    return 100 * (sum(counted[d] * YES[d] for d in SIZE) / sum(counted.values()) - sum(SIZE[d] * YES[d] for d in SIZE))
