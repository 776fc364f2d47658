"""Benchmarks: ratios to a peer or to the memory floor, measured in one run; writes benchmarks/RESULTS.md.

`python3 run.py bench`. Times are the best of several after a warm-up; compilation is not timed.
"""

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pandas as pd
from peers import PEERS, svy_linear, svy_survey
from repetitions import study_rows

import surveysim as ss
from surveysim import streams
from surveysim.estimation.schemes import RaoWu
from surveysim.fieldwork import Fieldwork, calls
from surveysim.kernels import calling, dialling
from surveysim.kernels.compiling import borrowed
from surveysim.kernels.many import alias_draw_many, permute_many, philox_many
from surveysim.kernels.randomness import philox, philox_words
from surveysim.kernels.respondents import BATCH, PERSON_TYPES, SUFFIXES, new_batch, numbers_ahead, open_bank
from surveysim.population import parameters
from surveysim.survey.preparation import prepare
from surveysim.weighting import rake_coded
from surveysim.weighting.replay import Replay


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


def row(what, mine, against, theirs, more=""):
    """One line of the table: times in ms, and how they compare."""
    ratio = f"{theirs / mine:,.1f} × as fast" if theirs >= mine else f"{mine / theirs:.2f} × the time"
    return f"| {what} | {1e3 * mine:.2f} ms{more} | {against} {1e3 * theirs:,.2f} ms | {ratio} |"


def raking_rows():
    """Ours, numpy on cells and packages from PyPI; weights must agree before anything is timed."""
    rows = []
    for n in (60_000, 1_000_000, 10_000_000):
        what = f"rake {n:,} rows to five margins (31, 2, 8, 5, 2), from a DataFrame of categoricals"
        data, margins = respondents(n)
        ours = ss.rake(data, margins, weight="weight", tol=1e-6).weight
        mine = best(lambda d=data, m=margins: ss.rake(d, m, weight="weight", tol=1e-6), 60 if n < 1e6 else 12)
        reached = f", margin error {margin_error(ours, data, margins):.0e}"
        peers = {"numpy on cells": lambda d, m: numpy_on_cells(d, m, 1e-6)}
        peers |= PEERS if n == 60_000 else {"svy 0.35.0": PEERS["svy 0.35.0"]} if n == 1_000_000 else {}
        for name, peer in peers.items():
            weight = peer(data, margins)
            np.testing.assert_allclose(weight, ours, rtol=1e-4, err_msg=name)
            theirs = best(lambda d=data, m=margins, p=peer: p(d, m), 3)
            rows.append(
                row(what, mine, f"{name}, margin error {margin_error(weight, data, margins):.0e},", theirs, reached)
            )
        rows += [coded_row(data, margins, n), memory_row(data, margins, n)]
    return rows


def coded_row(data, margins, n):
    """Ready codes and reused buffers against reading codes and weights twice and writing weights once."""
    codes = [data[name].cat.codes.to_numpy() for name in margins]
    totals = [np.array([margins[name][label] for label in data[name].cat.categories]) for name in margins]
    weight, out, scratch = data["weight"].to_numpy(), np.empty(n), np.empty(n, np.int32)
    mine = best(lambda: rake_coded(codes, totals, weight, out=out, scratch=scratch, tol=1e-6), 60 if n < 1e6 else 12)

    def floor():  # every pass is numpy's own; the last one writes
        for _ in range(2):
            for column in codes:
                column.max()
            weight.max()
        np.copyto(out, 1.0)

    return row(
        f"rake {n:,} rows from ready codes, buffers reused", mine, "memory floor (numpy, one core)", best(floor, 12)
    )


def memory_row(data, margins, n):
    """Peak memory of the call, beyond the table."""
    tracemalloc.start()
    ss.rake(data, margins, weight="weight", tol=1e-6)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (
        f"| rake {n:,} rows: memory beyond the table, at the peak | {peak / n:.1f} bytes a row | weights and cells: 12 bytes a row | "
        f"{peak / n / 12:.2f} × that |"
    )


def calibration_rows():
    """Linear and bounded logit against raking on the same margins, and svy's GREG."""
    rows = []
    for n in (60_000, 1_000_000):
        data, margins = respondents(n)
        times = 60 if n < 1e6 else 12
        raking = best(lambda d=data, m=margins: ss.rake(d, m, weight="weight", tol=1e-6), times)
        for method, bounds in (("linear", None), ("truncated", (0.2, 5.0)), ("logit", (0.2, 5.0))):
            options = {"weight": "weight", "method": method, "bounds": bounds, "tol": 1e-6}
            spent = best(lambda d=data, m=margins, o=options: ss.calibrate(d, m, **o), times)
            bounded = f" in {bounds}" if bounds else ""
            what = f"calibrate {n:,} rows to the same margins, {method}{bounded}"
            rows.append(row(what, spent, "rake", raking))
            if method == "linear":
                np.testing.assert_allclose(
                    svy_linear(data, margins), ss.calibrate(data, margins, **options).weight, rtol=1e-9
                )
                rows.append(row(what, spent, "svy 0.35.0", best(lambda d=data, m=margins: svy_linear(d, m), 3)))
    return rows


def unfriendly_rows():
    """Cells as many as rows, twenty margins, empty levels, numeric totals, text columns, partitions."""
    rng, n = np.random.default_rng(2), 60_000
    friendly, five = respondents(n)
    plain = best(lambda: ss.rake(friendly, five, weight="weight", tol=1e-6), 30)

    wide = pd.DataFrame({f"v{k}": pd.Categorical(rng.integers(0, 6, n)) for k in range(20)})
    weight = rng.lognormal(0, 0.5, n)
    truth = weight * rng.lognormal(0, 0.3, n)
    twenty = {name: pd.Series(truth).groupby(wide[name], observed=True).sum().to_dict() for name in wide}
    empty = friendly.assign(province=friendly["province"].cat.add_categories([f"unused {k}" for k in range(500)]))
    numeric = five | {"income": float(truth @ (income := rng.gamma(2, 10, n)))}
    text = friendly.assign(**{name: friendly[name].astype(str) for name in five})
    by = {
        p: {name: t.groupby(g[name], observed=True).sum().to_dict() for name in ("sex", "age", "education", "urban")}
        for p, g in friendly.groupby("province", observed=True)
        for t in [g["weight"] * 1.1]
    }
    with_income, exact = friendly.assign(income=income), {"weight": "weight", "tol": 1e-6}
    logit = exact | {"method": "logit", "bounds": (0.2, 5.0)}
    cases = {
        "rake 60,000 rows to 20 margins of 6 levels: as many cells as rows": lambda: ss.rake(
            wide, twenty, weight=weight, tol=1e-6
        ),
        "rake 60,000 rows to five margins, 500 empty levels among them": lambda: ss.rake(empty, five, **exact),
        "rake 60,000 rows to four margins inside 31 provinces": lambda: ss.rake(friendly, by, by="province", **exact),
        "calibrate 60,000 rows to five margins and a number, linear": lambda: ss.calibrate(
            with_income, numeric, **exact
        ),
        "calibrate 60,000 rows to five margins and a number, logit": lambda: ss.calibrate(
            with_income, numeric, **logit
        ),
        "rake 60,000 rows of text, encoding included": lambda: ss.rake(text, five, **exact),
        "encoding alone: five text columns to categoricals": lambda: [text[name].astype("category") for name in five],
    }
    return [row(what, best(make, 5), "rake to five margins", plain) for what, make in cases.items()]


def replicate_rows():
    """500 Rao-Wu replicates, each re-raked: 341 PSUs, and every row a PSU of its own; against svy and numpy on cells."""
    data, margins = respondents(60_000)
    province = data["province"].cat.codes.to_numpy().astype(np.int64)
    rows, cal = [], ss.rake(data, margins, weight="weight", tol=1e-6)
    for what, psu, stratum in (
        ("341 PSUs", province * 11 + np.random.default_rng(1).integers(0, 11, len(data)), np.arange(341) // 11),
        ("60,000 PSUs", np.arange(len(data)), province),
    ):
        draw = RaoWu(stratum, 7)

        def ours(p=psu, s=stratum, d=draw):
            return Replay(cal, p, len(s)).run(d, 500, tol=1e-6)

        first, factors = draw.matrix(1)[:, 0], ours()
        replicate = data.assign(weight=data["weight"] * first[psu])
        np.testing.assert_allclose(
            factors.weights(0, first), numpy_on_cells(replicate, margins, 1e-6), rtol=1e-4, atol=1e-9
        )
        mine = best(ours, 10 if what == "341 PSUs" else 4)
        theirs = 500 * best(lambda r=replicate: numpy_on_cells(r, margins, 1e-6))
        tracemalloc.start()
        ours()
        peak = f", {tracemalloc.get_traced_memory()[1] / 1e6:.1f} MB"
        tracemalloc.stop()
        rows.append(
            row(
                f"500 Rao-Wu replicates of 60,000 rows in {what}, each re-raked",
                mine,
                "numpy on cells, 500 × one",
                theirs,
                peak,
            )
        )
    return rows


def numpy_proportions(data, domains):
    """The peer: weighted proportions of `online` and their stratified standard errors by domain, with bincount."""
    w, y, D = data["weight"].to_numpy(), data["online"].to_numpy(dtype=float), int(domains.max()) + 1
    stratum, psu = data["province"].cat.codes.to_numpy(), data["psu"].to_numpy()
    X = np.bincount(domains, w, D)
    R = np.bincount(domains, w * y, D) / X
    U = int(psu.max()) + 1
    t = np.bincount(psu * D + domains, w * (y - R[domains]) / X[domains], U * D).reshape(U, D)
    of = np.empty(U, np.int64)
    of[psu] = stratum
    n = np.bincount(of)
    mean = np.stack([np.bincount(of, column) for column in t.T], axis=1) / n[:, None]
    return R, np.sqrt(((n / (n - 1))[of, None] * (t - mean[of]) ** 2).sum(axis=0))


def estimation_rows():
    """A proportion with its linearized error and interval, overall and for 31 provinces; and a wide table, raked and replicated."""
    rows = []
    for n in (60_000, 1_000_000):
        data, _ = respondents(n)
        rng = np.random.default_rng(1)
        province = data["province"].cat.codes.to_numpy().astype(np.int64)
        data = data.assign(online=rng.random(n) < 0.3, psu=province * 11 + rng.integers(0, 11, n))

        def ours(d=data):
            s = ss.Survey(d, weight="weight", strata="province", psu="psu")
            return s.proportion("online").table, s.proportion("online", by="province").table

        def plain(d=data, p=province):
            return numpy_proportions(d, np.zeros(len(p), np.int64)), numpy_proportions(d, p)

        sample = svy_survey(data)

        def svy_runs(x=sample):
            return x.estimation.prop("online"), x.estimation.prop("online", by="province")

        value, se = plain()[1]
        table = ours()[1]
        np.testing.assert_allclose(table["estimate"], value, rtol=1e-10)
        np.testing.assert_allclose(table["se"], se, rtol=1e-8)
        what = f"a proportion with error and interval, overall and for 31 provinces, {n:,} rows in 341 PSUs, from a DataFrame"
        mine = best(ours, 30 if n < 1e6 else 8)
        rows.append(row(what, mine, "numpy bincount (no interval, no checks)", best(plain)))
        rows.append(row(what, mine, "svy 0.35.0 (Sample made before)", best(svy_runs, 2)))
    return rows + wide_table_rows()


def wide_table_rows():
    """60 proportions in 40 domains of 22,000 respondents: raked variance, and 500 re-raked bootstrap replicates."""
    n, rows = 22_000, []
    data, margins = respondents(n)
    rng = np.random.default_rng(1)
    names = [f"y{k}" for k in range(60)]
    data = pd.concat([data, pd.DataFrame({name: rng.random(n) < 0.3 for name in names})], axis=1)
    data["domain"] = pd.Categorical.from_codes(rng.integers(0, 40, n), [f"d{k}" for k in range(40)])
    data["psu"] = data["province"].cat.codes.to_numpy().astype(np.int64) * 11 + rng.integers(0, 11, n)
    cal = ss.rake(data, margins, weight="weight")
    for psu, what in (("psu", "341 PSUs"), (None, "as many PSUs as rows")):
        s = ss.Survey(data, weight=cal, strata="province", psu=psu)
        linear = best(lambda s=s: s.proportion(names, by="domain"), 5)
        r = s.replicates("rao-wu", n=500, seed=1)
        again = best(lambda r=r: r.proportion(names, by="domain"), 2)
        rows.append(
            f"| 60 proportions × 40 domains on 22,000 raked rows, {what} | {1e3 * linear:.0f} ms linearized | "
            f"500 re-raked Rao-Wu replicates {1e3 * again:,.0f} ms | {again / linear:.1f} × |"
        )
    return rows


def import_rows():
    """Import and first call in a new process, with the kernel cache as it is and with an empty one."""
    code = (
        "import time; t = time.perf_counter(); import surveysim as ss, pandas as pd;"
        "d = pd.DataFrame({'a': list('xyxy'), 'b': list('ppqq'), 'w': [1., 2, 3, 4]}).astype({'a': 'category', 'b': 'category'});"
        "ss.rake(d, {'a': {'x': 6, 'y': 6}, 'b': {'p': 5, 'q': 7}}, weight='w'); print(time.perf_counter() - t)"
    )

    def once(**cache):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | cache
        )
        return float(done.stdout)

    once()
    warm = min(once() for _ in range(3))
    with tempfile.TemporaryDirectory() as empty:
        cold = once(NUMBA_CACHE_DIR=empty)
    return [
        f"| import and first rake, new process | {warm:.2f} s with compiled kernels on disk | {cold:.2f} s without | {cold / warm:.1f} × |"
    ]


@numba.njit(nogil=True)
def same_numbers(first, last, blocks, key):
    """The floor: draw the random numbers of persons first … last - 1 (`blocks` Philox blocks each) and nothing else."""
    total = np.uint64(0)
    for person in range(first, last):
        for block in range(blocks):
            a, b, c, d = philox(person, 0, block, 0, key[0], key[1])
            total ^= a ^ b ^ c ^ d
    return total


def on_all_cores(function, size):
    """Seconds of a function of id ranges on a thread per core."""
    edges = np.linspace(0, size, 64 * os.cpu_count() + 1).astype(np.int64)

    def run():
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(function, edges[:-1], edges[1:]))

    return best(run, 1)


def population_rows():
    """The whole country, and random access: against a loop that draws the same random numbers and does nothing else."""
    pop, rows, rng = ss.Population.china(), [], np.random.default_rng(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for depth, blocks, what in (
        ("cells", 1, "persons by prefecture, urban, sex, age and education"),
        ("status", 1, "internet use, telephones and work by the same"),
        ("answers", 5, f"all {len(pop.outcome_names)} outcomes and hours by the same"),
    ):
        mine = best(lambda d=depth: parameters.stream(pop.people, d), 1)
        floor = on_all_cores(lambda a, b, k=blocks: same_numbers(a, b, k, pop.people.key), pop.size)
        rows.append(
            f"| all {pop.size:,} people: {what}, {os.cpu_count()} threads | {mine:.1f} s | the same random numbers and nothing "
            f"else {floor:.1f} s | {mine / floor:.2f} × the time |"
        )
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    rows.append(f"| memory of these three passes beyond what the process had | {peak:.0f} MB | | |")
    ids = rng.integers(0, pop.size, 1_000_000)
    ten = [
        "province",
        "prefecture",
        "urban",
        "sex",
        "age",
        "education",
        "household_size",
        "n_mobile",
        "n_lines",
        "internet",
    ]
    mine = best(lambda: pop.persons(ids, ten))
    floor = best(lambda: philox_at(ids, pop.people.key))
    rows.append(
        row("persons(1,000,000 random ids), 10 columns", mine, "one Philox block each, written to memory", floor)
    )
    for kind in ("mobile", "landline"):
        frame = ss.TelephoneFrame(pop, kind)
        unit = rng.integers(0, 337, 1_000_000)
        text = frame.digits(unit, (rng.random(len(unit)) * frame.numbers.space[unit]).astype(np.int64))
        mine = best(lambda f=frame, t=text: f.owner(t))
        rows.append(
            row(f"owner(1,000,000 {kind} numbers as text)", mine, "one Philox block each, written to memory", floor)
        )
    return rows


def philox_at(ids, key):
    counters = np.zeros((len(ids), 4), np.uint64)
    counters[:, 0] = ids
    philox_words(counters, key[0], key[1], out := np.empty((len(ids), 4), np.uint64))
    return out


def numpy_dual_frame(d, y, rng, replicates):
    """The peer: a bootstrap of PSUs row by row, each frame raked to its margins and composited anew, in plain numpy."""
    result, samples = np.empty((replicates, y.shape[1])), (d.a, d.b)
    parts = [
        s.data[["sex", "age_group", "education", "urban"]].apply(lambda c: c.cat.codes).to_numpy() for s in samples
    ]
    base = [s.base for s in samples]
    totals = [[np.bincount(c, s.weight) for c in p.T] for s, p in zip(samples, parts)]
    overlap = d.part[:, 1] + d.part[:, 2] > 0
    for r in range(replicates):
        weights = []
        for s, p, w, total in zip(samples, parts, base, totals):
            stratum = s.design.stages[0].stratum[s.design.stages[0].unit]
            order, n = np.argsort(stratum, kind="stable"), np.bincount(stratum)
            start = np.cumsum(n) - n
            picks = np.concatenate([order[a + rng.integers(0, k, k - 1)] for a, k in zip(start, n)])
            w = w * np.bincount(picks, minlength=len(w)) * (n / (n - 1))[stratum]
            for _ in range(10):
                for column, t in zip(p.T, total):
                    w = w * (t / np.bincount(column, w))[column]
            weights.append(w)
        w = np.concatenate(weights)
        a = np.arange(len(w)) < d.n_a
        size = [np.sum(w[overlap & f]) ** 2 / np.sum(w[overlap & f] ** 2) for f in (a, ~a)]
        theta = size[0] / sum(size)
        w = w * np.where(overlap, np.where(a, theta, 1 - theta), 1.0)
        result[r] = w @ y / w.sum()
    return result.std(axis=0, ddof=1)


def dual_frame_rows():
    """Every dual-frame estimator of 60 proportions; 500 bootstrap replicates that rake both frames and composite again."""
    run = ss.SurveySpec.preset("cnnic-2024-12", population={"scale": 0.1}).run(seed=7, record=False)
    d, pop = run.dual_frame(), run.preparation.pop
    names = [*pop.outcome_names[:56], "internet", "sex", "urban"]
    known = [float(pop.parameter(n)["value"].iloc[0]) for n in ("landline", "mobile")]
    sizes = {"frame_sizes": dict(zip("AB", known))}
    plain = ("hartley", "fuller_burmeister", "composite", "multiplicity", "screening", "single_frame")

    def everything():
        count = [len(d.proportion(names, estimator=e).table) for e in plain]
        return count + [
            len(d.proportion(names, estimator=e, **sizes).table) for e in ("pml", "raking_ratio", "cal_sf", "cal_df")
        ]

    rows = everything()[0]
    spent = best(everything, 3)

    def raked(s):
        sums = {
            c: s.data.groupby(c, observed=True)["nonresponse_weight"].sum().to_dict()
            for c in ("sex", "age_group", "education", "urban")
        }
        return s.rake(sums)

    r = ss.DualFrameSurvey(raked(d.a), raked(d.b), "domain").replicates("rao-wu", n=500, seed=1, theta="again")
    ten = names[16:26]
    mine = best(lambda: r.proportion(ten, estimator="composite"), 2)
    y = r.data[ten].to_numpy(dtype=float)
    theirs = 500 / 20 * best(lambda: numpy_dual_frame(r, y, np.random.default_rng(1), 20), 1)
    ratio = numpy_dual_frame(r, y, np.random.default_rng(2), 200) / r.proportion(ten, estimator="composite").table["se"]
    assert abs(np.log(ratio)).max() < 0.3, ratio
    return [
        f"| {rows} proportions from {len(d.part):,} interviews in two frames, all 10 estimators, linearized | {spent:.2f} s | | |",
        row(
            "500 Rao-Wu replicates of 10 proportions, both frames raked and composited again",
            mine,
            "numpy, row by row,",
            theirs,
        ),
    ]


@numba.njit(nogil=True, error_model="numpy")
def floor_of_numbers(n, f, units, counts, landline, b):
    """What a number costs before anybody is asked: its place in the bank, its slot, one Philox block, one alias draw, 512 at a time."""
    n, f, b = borrowed(n), borrowed(f), borrowed(b)
    table, total = np.empty(SUFFIXES, np.int64), 0
    for k in range(len(units)):
        v, place, done = units[k], 0, 0
        bank = open_bank(f, v, np.int64(0), table)
        while done < counts[k]:
            if place == bank.size:
                bank, place = open_bank(f, v, bank.at + 1, table), 0
            m = min(bank.size - place, counts[k] - done, BATCH)
            numbers_ahead(f, b, bank, m, place, table)
            for i in range(m):
                b.slot[i], b.kind[i] = b.number[i], 700
                b.word[0, i], b.word[1, i], b.word[2, i], b.word[3, i] = b.number[i], 0, v, landline
            permute_many(b.slot, m, n.space[v], n.bits[v], n.key[0], True, b.left, b.place)
            philox_many(b.word, m, f.key[0], f.key[1])
            alias_draw_many(f.alias[0], b.kind, b.word[2], m, b.slot, b.left)
            total += b.slot[0]
            place, done = place + m, done + m
    return total


def called(field, n):
    """Seconds and calls to work `n` mobile numbers that are hard to reach, to the end."""
    protocol = replace(field.protocol, stop="released", interviewers=3 * n // 100, field_days=112)
    hard = replace(field.models[1], contact=0.05, daypart=(0.0,) * 6)
    field = Fieldwork(field.frames, field.design, (hard, hard), protocol)
    rows = np.zeros((n, 8), np.int64)
    rows[:, 0], rows[:, 2] = np.arange(n) % 337, np.arange(n)
    rows[:, 3] = np.random.default_rng(1).integers(0, PERSON_TYPES, n)
    keys = streams.key(1, "", "fieldwork"), streams.key(1, "", "sampling")
    spent = []
    for _ in range(4):
        centre, cases = calls._centre(field, keys, 3 * 112 + 200), calls._cases(rows, 337, np.ones(n, np.int64))
        history = np.empty((5 * n + 1, 7), np.int32)
        history[:] = 0
        start = time.perf_counter()
        calling.open_cases(field.chain, cases, centre, 0, 0, keys[0])
        made = calling.work(field.chain, cases, centre, 0, 336, 336, keys[0], history)
        calling.close_all(cases)
        spent.append(time.perf_counter() - start)
    return min(spent[1:]), made


def fieldwork_rows():
    """A number at the outcome level against its floor; every call, and how its cost grows."""
    prep = prepare(ss.SurveySpec.preset("cnnic-2024-12"))
    field, units = prep.fieldwork, np.arange(337)
    keys = streams.key(1, "", "fieldwork"), streams.key(1, "", "sampling")
    mine = floor = numbers = 0
    room = new_batch()
    for f, frame in enumerate(field.frames):
        tables, targets = field.tables(f, keys), prep.design.targets[f]
        shape = (337, 2, calling.N_CODES, int(field.chain.attempts.max()) + 1)
        count, none = np.zeros(337, np.int64), np.empty((0, 6), np.int64)
        interviews, tally = np.empty((int(targets.sum()), 7), np.int64), np.zeros(shape, np.int64)
        arguments = (prep.pop.people, frame.numbers, tables, int(f == 0), dialling.Plan(units, targets, field.rates[f]))
        filled = dialling.Made(tally, count, interviews, none)
        mine += best(lambda a=arguments, m=filled: dialling.dial(*a, m))
        floor += best(
            lambda n=frame.numbers, t=tables, c=count, f=f: floor_of_numbers(n, t, units, c, int(f == 0), room)
        )
        numbers += count.sum()
    rows = [
        f"| dial {numbers:,} numbers of both frames to 22,047 interviews, one final outcome each, one core | "
        f"{1e9 * mine / numbers:.0f} ns a number | two permutations, one Philox block, one alias draw {1e9 * floor / numbers:.0f} ns | "
        f"{mine / floor:.2f} × the time |"
    ]
    (half, _), (whole, made), (double, _) = (called(field, n) for n in (150_000, 300_000, 600_000))
    rows.append(
        f"| every call to 300,000 numbers: {made:,} calls, paradata kept, one core | {whole:.2f} s, {1e9 * whole / made:.0f} ns a call | "
        f"150,000 numbers {half:.2f} s, 600,000 {double:.2f} s | {whole / half:.2f} × and {double / whole:.2f} × for twice as many |"
    )
    return rows


def main():
    rows = raking_rows() + calibration_rows() + unfriendly_rows() + replicate_rows() + import_rows()
    rows += estimation_rows() + dual_frame_rows() + population_rows() + fieldwork_rows() + study_rows()
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
