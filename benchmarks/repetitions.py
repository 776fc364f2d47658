"""Repetitions of the full preset: where their time goes, on threads and on processes."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from measuring import best

import surveysim as ss
from surveysim.study.scheduling import run_block
from surveysim.survey import estimands
from surveysim.survey.weighted import field_and_weight, weigh

SIXTY = 60


def split(source, repetitions=10):
    """Milliseconds of one repetition on one core: dialling, weighting, estimates."""
    spent = np.zeros(3)
    for r in range(repetitions + 1):
        start = time.perf_counter()
        cases, table, _ = field_and_weight(source.prep, 3, r)
        fielded = time.perf_counter()
        weights = weigh(source.prep, cases, table)
        weighted = time.perf_counter()
        source._linearized(source.methods[0], weights, table, estimands.Variables(source.prep.pop, cases))
        done = time.perf_counter()
        if r:
            spent += np.array([fielded - start - (weighted - fielded), weighted - fielded, done - weighted])
    return 1e3 * spent / repetitions


def preset_row(names):
    """The full preset with some indicators: repetitions a second, and where the time goes."""
    spec = ss.SurveySpec.preset("cnnic-2024-12", estimation={"indicators": names})
    study = ss.Study(spec, changes=("study.repetitions=64", "study.seed=3"))
    plan = study.plan()
    source = plan.source(0)
    each = best(lambda: run_block(plan, 0, np.arange(8)), 3) / 8
    dial, weighting, estimating = split(source)
    threads = best(lambda: study.run(workers=2, progress=False), 2) / 64
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        processes = best(lambda: study.run(executor=pool, workers=2, block=8, progress=False), 2) / 64
    fastest = min(threads, processes)
    return (
        f"| one repetition of the full preset, one core: 546,000 numbers, two frames, composite, raking in 31 provinces, "
        f"{len(source.items)} estimates with errors and deff | {1e3 * each:.0f} ms: fieldwork {dial:.0f}, weights {weighting:.0f}, "
        f"estimates {estimating:.0f} | on 2 cores, per repetition: threads {1e3 * threads:.0f} ms, processes {1e3 * processes:.0f} ms | "
        f"{1 / fastest:.0f} repetitions a second, 10,000 in {10_000 * fastest / 60:.1f} min |"
    )


def bench():
    indicators = list(ss.SurveySpec.preset("cnnic-2024-12").run(seed=1, record=False).comparison()["indicator_id"])
    return [preset_row("all"), preset_row(indicators[:SIXTY])]
