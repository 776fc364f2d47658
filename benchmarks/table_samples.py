"""A study of samples from a table: against a careful numpy user, and packages that only rake."""

import time

import numpy as np
import pandas as pd
from measuring import best
from peers import PEERS

import surveysim as ss

MARGINS = {"province": 31, "sex": 2, "age": 8, "education": 5, "urban": 2}


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


def bench():
    """1,000 × stratified SRS of 20,000 from a million, raked to five margins: proportion, error, coverage."""
    table = million()
    keys = {
        "study": {"repetitions": 1000},
        "sample": {"n": 20_000, "strata": "province"},
        "weighting": {"margins": list(MARGINS)},
        "estimands": [{"name": "share", "numerator": "y"}],
    }
    study = ss.Study(keys, table=table)
    mine = best(lambda: study.run(progress=False).performance(), 3)
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
