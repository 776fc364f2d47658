"""What a calibration and a recipe give: values that nobody changes afterwards."""

import sys
from dataclasses import FrozenInstanceError
from threading import Thread

import numpy as np
import pandas as pd
import pytest

from surveysim import Recipe, Survey, SurveysimWarning, rake
from surveysim.weighting import Margins, Rake
from surveysim.weighting.result import remember, warn_if_bare

TABLE = pd.DataFrame({"sex": list("mfff")})
MARGINS = {"sex": {"m": 60.0, "f": 60.0}}


def made():
    return rake(TABLE, MARGINS), Recipe([Rake(Margins.parse(MARGINS), minimum=1)]).apply(TABLE)


def test_results__are_frozen():
    for result in made():
        for name in ("final", "index", "replay"):
            with pytest.raises(FrozenInstanceError):
                setattr(result, name, None)


def test_bare_weights__are_warned_of_once_and_by_the_array_itself():
    calibration = made()[0]
    weight, copied = calibration.weight, calibration.weight.copy()
    with pytest.warns(SurveysimWarning, match="taken out of a Calibration"):
        Survey(TABLE, weight=weight)
    Survey(TABLE, weight=weight)
    Survey(TABLE, weight=copied)
    assert np.array_equal(weight, copied)


def test_bare_weights__are_looked_for_while_other_threads_calibrate():
    """Going through a dictionary that grows meanwhile ended a study's worker."""
    failed, kept = [], []

    def work(many=3000):
        for _ in range(many):
            weight = np.ones(3)
            kept.append(weight)
            remember(weight)
            try:
                warn_if_bare(np.ones(3))
            except RuntimeError as error:
                failed.append(error)
                return

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not failed
