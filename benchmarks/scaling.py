"""Studies on more processes, with a ledger, and with more repetitions."""

import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from measuring import best, peak
from table_samples import million

import surveysim as ss
from surveysim.study.scheduling import run_block


def bench():
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
    bare = best(lambda: [run_block(plan, 0, np.arange(a, a + 16)) for a in range(0, 64, 16)], 2)
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
            peaks.append(peak(lambda s=study, f=folder: s.run(f, progress=False).performance()) / 2**20)
    rows.append(
        f"| memory at the peak, run and performance, 8 estimands, 160,000 repetitions | {peaks[1]:.0f} MB | "
        f"40,000 repetitions {peaks[0]:.0f} MB | {peaks[1] / peaks[0]:.2f} × for 4 × as many |"
    )
    return rows
