"""Benchmarks of studies: `python benchmarks/repetitions.py` prints the rows that `run.py` puts into RESULTS.md."""

import os
import tempfile
import time
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd
from peers import PEERS

import surveysim as ss
from surveysim.study.scheduling import run_block
from surveysim.survey import estimands
from surveysim.survey.weighted import field_and_weight, weigh

MARGINS = {"province": 31, "sex": 2, "age": 8, "education": 5, "urban": 2}
SIXTY = 60


def seconds(function, times=3):
    function()
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        spent.append(time.perf_counter() - start)
    return min(spent)


def million():
    """A frame of a million people with five margins and a yes-no answer."""
    rng, n = np.random.default_rng(1), 1_000_000
    table = pd.DataFrame({name: rng.integers(0, k, n).astype(np.int16) for name, k in MARGINS.items()})
    table["province"] = rng.choice(31, n, p=np.arange(1, 32) / 496).astype(np.int16)
    return table.assign(y=(rng.random(n) < 0.3 + 0.05 * table["age"]).astype(np.int8))


def numpy_repetition(y_all, h_all, codes, levels, first, n, totals, seed):
    """What a careful numpy user writes: draws by stratum, then everything on cells; proportion and linearized error."""
    rng, K = np.random.default_rng(seed), len(levels)
    rows = np.concatenate([a + rng.choice(b - a, k, replace=False) for a, b, k in zip(first, first[1:], n)])
    h, cell, y = h_all[rows], codes[rows], y_all[rows]
    base = (np.diff(first) / n)[h]
    sums, factor = np.bincount(cell, base, K), np.ones(K)
    for _ in range(100):
        gap = 0.0
        for m, total in enumerate(totals):
            raked = np.bincount(levels[:, m], sums * factor, len(total))
            gap = max(gap, np.max(np.abs(raked / total - 1)))
            factor *= (total / raked)[levels[:, m]]
        if gap < 1e-9:
            break
    final = base * factor[cell]
    p = final @ y / final.sum()
    z = (y - p) / final.sum()
    width = np.cumsum([0, *map(len, totals)])
    x = np.zeros((K, width[-1]))
    for m in range(len(totals)):
        x[np.arange(K), width[m] + levels[:, m]] = 1.0
    beta = np.linalg.lstsq((x * sums[:, None]).T @ x, x.T @ np.bincount(cell, base * z, K), rcond=None)[0]
    u = final * (z - (x @ beta)[cell])
    s1, s2 = np.bincount(h, u, len(n)), np.bincount(h, u * u, len(n))
    return p, np.sqrt(np.sum((1 - n / np.diff(first)) * n / (n - 1) * (s2 - s1**2 / n)))


def sampling_rows():
    """1,000 × stratified SRS of 20,000 from a million, raked to five margins: proportion, error, coverage."""
    table = million()
    keys = {
        "study": {"repetitions": 1000},
        "sample": {"n": 20_000, "strata": "province"},
        "weighting": {"margins": list(MARGINS)},
        "estimands": [{"name": "share", "numerator": "y"}],
    }
    study = ss.Study(keys, table=table)
    mine = seconds(lambda: study.run(progress=False).performance())
    source = study.plan().source(0)
    table = source.data
    codes = np.ravel_multi_index([table[c].to_numpy() for c in MARGINS], tuple(MARGINS.values()))
    totals = [np.bincount(table[c]).astype(float) for c in MARGINS]
    levels = np.indices(tuple(MARGINS.values())).reshape(len(MARGINS), -1).T
    arguments = (
        table["y"].to_numpy(float),
        table["province"].to_numpy(),
        codes,
        levels,
        source.first,
        source.n,
        totals,
    )
    numpy_repetition(*arguments, 0)
    start = time.perf_counter()
    found = [numpy_repetition(*arguments, seed) for seed in range(20)]
    theirs = (time.perf_counter() - start) / 20 * 1000
    ours = study.run(progress=False).to_frame()
    assert abs(np.mean([f[1] for f in found]) / ours["se"].mean() - 1) < 0.01
    what = "1,000 × stratified SRS of 20,000 from 1,000,000, raked to five margins: proportion, error, coverage"
    rows = [
        f"| {what} | {mine:.2f} s, {1000 / mine:,.0f} repetitions a second | numpy on cells {theirs:.1f} s | "
        f"{theirs / mine:.0f} × as fast |"
    ]
    sample, _ = source.survey(0)
    margins = {c: {str(k): float(v) for k, v in enumerate(t)} for c, t in zip(MARGINS, totals, strict=True)}
    labelled = pd.DataFrame({c: pd.Categorical(sample[c].astype(str)) for c in MARGINS}).assign(
        weight=sample["_weight"]
    )
    for name, peer in PEERS.items():
        if name.startswith(("svy", "samplics")):
            peer(labelled, margins)
            start = time.perf_counter()
            peer(labelled, margins)
            spent = 1000 * (time.perf_counter() - start)
            against = f"{name}, raking alone, 1,000 × one {spent:.0f} s"
            rows.append(f"| the same | {mine:.2f} s | {against} | {spent / mine:,.0f} × as fast |")
    return rows


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
    each = seconds(lambda: run_block(plan, 0, np.arange(8)), 3) / 8
    dial, weighting, estimating = split(source)
    threads = seconds(lambda: study.run(workers=2, progress=False), 2) / 64
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        processes = seconds(lambda: study.run(executor=pool, workers=2, block=8, progress=False), 2) / 64
    best = min(threads, processes)
    return (
        f"| one repetition of the full preset, one core: 546,000 numbers, two frames, composite, raking in 31 provinces, "
        f"{len(source.items)} estimates with errors and deff | {1e3 * each:.0f} ms: fieldwork {dial:.0f}, weights {weighting:.0f}, "
        f"estimates {estimating:.0f} | on 2 cores, per repetition: threads {1e3 * threads:.0f} ms, processes {1e3 * processes:.0f} ms | "
        f"{1 / best:.0f} repetitions a second, 10,000 in {10_000 * best / 60:.1f} min |"
    )


def preset_rows():
    indicators = list(ss.SurveySpec.preset("cnnic-2024-12").run(seed=1, record=False).comparison()["indicator_id"])
    return [preset_row("all"), preset_row(indicators[:SIXTY])]


def scaling_rows():
    """Strong and weak scaling on 1 and 2 processes, what the engine adds to a block, memory in the number of repetitions."""
    spec = ss.SurveySpec.preset("cnnic-2024-12")

    def run(repetitions, pool, workers, out=None):
        study = ss.Study(spec, changes=(f"study.repetitions={repetitions}", "study.seed=4"))
        start = time.perf_counter()
        study.run(out, executor=pool, workers=workers, progress=False)
        return time.perf_counter() - start

    found = {}
    for workers in (1, 2):
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            run(32 * workers, pool, workers)  # imports, tables
            found[workers] = run(96, pool, workers), run(64 * workers, pool, workers)
    strong, weak = found[1][0] / found[2][0], found[1][1] / found[2][1]
    plan = ss.Study(spec, changes=("study.repetitions=64", "study.seed=4")).plan()
    bare = seconds(lambda: [run_block(plan, 0, np.arange(a, a + 16)) for a in range(0, 64, 16)], 2)
    with tempfile.TemporaryDirectory() as folder:  # the difference of two runs: what a run costs once is in both
        few, many = (min(run(n, "threads", 1, f"{folder}/{n}-{k}") for k in range(3)) for n in (16, 80))
    whole = many - few
    (s1, w1), (s2, w2) = found[1], found[2]
    rows = [
        f"| 96 repetitions of the preset on 1 and 2 processes (strong scaling) | {s1:.1f} s, {s2:.1f} s | ideal 2 × | {strong:.2f} × |",
        f"| 64 repetitions per process on 1 and 2 processes (weak) | {w1:.1f} s, {w2:.1f} s | ideal the same | {100 * weak:.0f} % |",
        f"| 4 further blocks of 16 repetitions with ledger, one thread | {whole:.2f} s | the repetitions alone {bare:.2f} s | "
        f"{100 * (whole / bare - 1):+.1f} % |",
    ]
    table = million().iloc[:20_000]
    keys = {
        "sample": {"n": 500, "strata": "sex"},
        "estimands": [{"name": "share", "numerator": "y", "by": ["age"]}],
    }
    peaks = []
    for repetitions in (40_000, 160_000):
        study = ss.Study(keys, table=table, changes=(f"study.repetitions={repetitions}",))
        with tempfile.TemporaryDirectory() as folder:
            tracemalloc.start()
            study.run(folder, progress=False).performance()
            peaks.append(tracemalloc.get_traced_memory()[1] / 2**20)
            tracemalloc.stop()
    rows.append(
        f"| memory at the peak, run and performance, 8 estimands, 160,000 repetitions | {peaks[1]:.0f} MB | "
        f"40,000 repetitions {peaks[0]:.0f} MB | {peaks[1] / peaks[0]:.2f} × for 4 × as many |"
    )
    return rows


def study_rows():
    return sampling_rows() + preset_rows() + scaling_rows()


if __name__ == "__main__":
    print(f"{os.cpu_count()} cores")
    print("\n".join(study_rows()))
