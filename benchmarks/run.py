"""Benchmarks: ratios to a peer or to the memory floor, measured in one run; writes benchmarks/RESULTS.md.

`python3 run.py bench`. Times are the best of several after a warm-up; compilation is not timed.
"""

import os
import platform
import time
from pathlib import Path

import numpy as np
import pandas as pd
from peers import PEERS

import surveysim as ss
from surveysim.kernels import people as people_kernels
from surveysim.study import repeat
from surveysim.study.execution import one
from surveysim.study.survey import prepare


def best(function, times=5):
    """Shortest of several runs, in seconds; the first one warms up."""
    function()
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        spent.append(time.perf_counter() - start)
    return min(spent)


def respondents(n, seed=1):
    rng = np.random.default_rng(seed)
    sizes = {"province": 31, "sex": 2, "age": 8, "education": 5, "urban": 2}
    codes = {name: np.concatenate([np.arange(k), rng.integers(0, k, n - k)]) for name, k in sizes.items()}
    data = pd.DataFrame(
        {name: pd.Categorical.from_codes(codes[name], [f"{name} {i}" for i in range(k)]) for name, k in sizes.items()}
    )
    data["weight"] = rng.lognormal(0, 0.5, n)
    truth = data["weight"] * rng.lognormal(0, 0.3, n)
    return data, {name: truth.groupby(data[name], observed=True).sum().to_dict() for name in sizes}


def numpy_on_cells(data, margins, tol):
    """The peer: cells by bincount, sweeps in numpy."""
    codes = [data[name].cat.codes.to_numpy().astype(np.int64) for name in margins]
    shape = tuple(len(t) for t in margins.values())
    index = np.ravel_multi_index(codes, shape)
    cells = np.bincount(index, data["weight"].to_numpy(), int(np.prod(shape))).reshape(shape)
    factor = np.ones(shape)
    targets = [np.array(list(t.values())) for t in margins.values()]
    for _ in range(100):
        for m, target in enumerate(targets):
            other = tuple(a for a in range(len(shape)) if a != m)
            achieved = (cells * factor).sum(axis=other)
            factor *= np.divide(target, achieved).reshape([-1 if a == m else 1 for a in range(len(shape))])
        gap = max(
            np.abs((cells * factor).sum(axis=tuple(a for a in range(len(shape)) if a != m)) / t - 1).max()
            for m, t in enumerate(targets)
        )
        if gap <= tol:
            break
    return data["weight"].to_numpy() * factor.ravel()[index]


def margin_error(weight, data, margins):
    """Largest relative gap that weights leave, recomputed outside any package."""
    gaps = []
    for name, totals in margins.items():
        sums = np.bincount(data[name].cat.codes, weight)
        target = np.array([totals[label] for label in data[name].cat.categories])
        gaps.append(np.abs(sums / target - 1).max())
    return max(gaps)


def raking_rows():
    """Ours, numpy on cells and packages from PyPI; weights must agree before anything is timed."""
    rows, what = [], "rake {:,} rows to five margins (31, 2, 8, 5, 2), from a DataFrame of categoricals"
    for n in (60_000, 1_000_000, 10_000_000):
        data, margins = respondents(n)
        ours = ss.rake(data, margins, weight="weight", tol=1e-6).weight
        mine = best(lambda d=data, m=margins: ss.rake(d, m, weight="weight", tol=1e-6))
        reached = margin_error(ours, data, margins)
        peers = {"numpy on cells": lambda d, m: numpy_on_cells(d, m, 1e-6)} if n < 10_000_000 else {}
        if n == 60_000:
            peers |= PEERS
        for name, peer in peers.items():
            weight = peer(data, margins)
            np.testing.assert_allclose(weight, ours, rtol=1e-4, err_msg=name)
            theirs = best(lambda d=data, m=margins, p=peer: p(d, m), 3)
            rows.append(
                f"| {what.format(n)} | {1e3 * mine:.2f} ms, margin error {reached:.0e} | {name} {1e3 * theirs:,.1f} ms, margin "
                f"error {margin_error(weight, data, margins):.0e} | {theirs / mine:,.1f} × as fast |"
            )
        index, weight, out = np.zeros(n, np.int32), data["weight"].to_numpy(), np.empty(n)
        factor = np.ones(4960)
        floor = best(lambda i=index, w=weight, o=out, f=factor: np.multiply(w, f[i], out=o))
        rows.append(
            f"| {what.format(n)} | {1e3 * mine:.2f} ms | numpy: one gather, one product, one write {1e3 * floor:.2f} ms | "
            f"{mine / floor:.2f} × that |"
        )
    return rows


def calibration_rows():
    """Linear and bounded logit against raking on the same margins."""
    data, margins = respondents(60_000)
    raking = best(lambda: ss.rake(data, margins, weight="weight", tol=1e-6))
    rows = []
    for method, bounds in (("linear", None), ("raking", None), ("logit", (0.2, 5.0))):
        spent = best(
            lambda m=method, b=bounds: ss.calibrate(data, margins, weight="weight", method=m, bounds=b, tol=1e-6), 3
        )
        rows.append(
            f"| calibrate 60,000 rows to the same margins, {method}{' in ' + str(bounds) if bounds else ''} | {1e3 * spent:.1f} ms | "
            f"rake {1e3 * raking:.2f} ms | {spent / raking:.0f} × as slow |"
        )
    return rows


def population_rows():
    pop = ss.Population.china(seed=1, scale=0.003)
    classes = len(pop.people.class_size)
    sums = np.zeros((len(pop.people.area_zone), 280, people_kernels.BASE + len(pop.outcome_names) + 1), np.int64)
    tally = best(lambda: people_kernels.tally(pop.people, 0, classes, 0, sums), 3) / pop.size
    from surveysim.kernels.randomness import philox_words

    counters, words = np.zeros((pop.size, 4), np.uint64), np.empty((pop.size, 4), np.uint64)
    floor = best(lambda: philox_words(counters, np.uint64(1), np.uint64(2), words), 3) / pop.size
    return [
        f"| stream one person with all {len(pop.outcome_names)} outcomes and add it up, one core | {1e9 * tally:.0f} ns | "
        f"one Philox block, written to memory, {1e9 * floor:.1f} ns | {tally / floor:.0f} × the draw of one block |"
    ]


def survey_rows():
    spec = ss.SurveySpec.preset("cnnic-2024-12")
    prep = prepare(spec)
    alone = best(lambda: one(prep, 3, 0), 3)
    start = time.perf_counter()
    repeat(spec, 40, seed=3)
    threads = (time.perf_counter() - start) / 40
    cores = os.cpu_count()
    return [
        f"| one repetition of the full preset, one core: dial, weight, rake 31 provinces, {len(prep.definitions)} estimates with "
        f"errors | {1e3 * alone:.0f} ms | the same with {cores} threads, per repetition, {1e3 * threads:.0f} ms | "
        f"{alone / threads:.2f} × with {cores} threads |"
    ]


def main():
    rows = raking_rows() + calibration_rows() + population_rows() + survey_rows()
    text = "\n".join(
        [
            "# Benchmark results",
            "",
            "Made by `python3 run.py bench`. Read the ratios: absolute times belong to this machine "
            f"({os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}).",
            "",
            "| what | surveysim | against | ratio |",
            "| --- | ---: | ---: | ---: |",
            *rows,
            "",
        ]
    )
    Path(__file__).with_name("RESULTS.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
