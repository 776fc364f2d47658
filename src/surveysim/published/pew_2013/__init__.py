"""Pew Research Center's dual-frame survey of December 2013 by the preset us-rdd-2013: design effects of its weights, a margin of error."""

from typing import Any

import numpy as np

import surveysim as ss

from ..comparing import Ours

FRAMES: dict[str, dict[str, Any]] = {
    "both frames": {},
    "landline alone": {"sample": {"mobile": 0}},
    "cell alone": {"sample": {"landline": 0}},
}


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Kish's design effect of the final weight by frame, means of surveys."""
    found = {}
    for name, changes in FRAMES.items():
        spec, effects = ss.SurveySpec.preset("us-rdd-2013", **changes), []
        for k in range(repetitions):
            survey = spec.run(seed + k)
            effects.append(ss.Survey(survey.interviews, weight=survey.weights).deff_kish)
        found[name] = Ours(float(np.mean(effects)), float(np.std(effects, ddof=1) / np.sqrt(repetitions)))
    both = found["both frames"]
    margin = 100 * ss.margin_of_error(2004, deff=both.value)
    return found | {"margin of 2,004 interviews": Ours(margin, margin * both.mcse / both.value / 2)}
