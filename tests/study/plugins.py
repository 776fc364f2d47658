"""Estimators that studies in tests call: they sleep, fail, hang, or kill their own process."""

import os
import signal
import time
from pathlib import Path


def mean(sample):
    found = sample.survey.mean("y").to_frame().iloc[0]
    return {"mean": (found["estimate"], found["se"], found["df"])}


def slow(sample):
    time.sleep(0.004)
    return mean(sample)


def fails_at_3(sample):
    if sample.repetition == 3:
        raise ZeroDivisionError("no such luck")
    return mean(sample)


def hangs_at_2(sample):
    while sample.repetition == 2:
        pass
    return mean(sample)


def infinite_at_1(sample):
    return {"mean": (float("inf") if sample.repetition == 1 else 1.0, 1.0)}


def noise(sample):
    return {"mean": (sample.rng.normal(), 1.0)}


def dies_once(sample):
    """Kills the process it runs in, the first time repetition 20 is made."""
    mark = Path(os.environ["SURVEYSIM_TEST_MARK"])
    if sample.repetition == 20 and not mark.exists():
        mark.write_text("gone", encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)
    return mean(sample)
