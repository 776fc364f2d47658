"""Write docs/explanation/coverage-atlas.md, its searchable page and its table: which interval of a proportion covers, and where.

`.venv/bin/python studies/coverage_atlas.py [REPETITIONS] [--keep DIR]`: 10,000 repetitions of every design take about an hour and a half
of two cores. With `--keep`, every design is a file in DIR, which an interrupted run takes up again and `performance` reads (`repetitions`).
"""

import itertools
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import atlas_page
import numpy as np
import pandas as pd
from atlas_intervals import MORE, OWN, interval, of_replicates
from atlas_samples import Design, Types, repeat
from runs import Run
from scipy import optimize, special

SEED, REPLICATES, BOOTSTRAPPED = 20_260, 200, 0.1  # the last: share of the repetitions that bootstrap
SHARES, SIZES, SPREADS = (0.5, 0.2, 0.05, 0.01, 0.001), (50, 200, 1000, 5000), (0.0, 0.5, 1.0)
CORRELATIONS, UNITS = (0.0, 0.01, 0.05, 0.2), (10, 30, 100)
ESTIMATORS = ("plain", "raked", "dual-frame")
VARIANCES = {  # column of the repetitions, and whether Student's t has the design's degrees of freedom
    "linearized": ("linearized", True),
    "jackknife": ("jackknife", True),
    "rao-wu": ("rao-wu", True),
    "linearized, normal": ("linearized", False),
}
CLASSES = 4  # of weights
FEW = 100  # designs that are not worth a second process


class Place(NamedTuple):
    """One design: estimator, kind, correlation within units, units, coefficient of variation of weights, share, respondents."""

    estimator: str
    kind: str
    icc: float
    units: int
    cv: float
    p: float
    n: int

    @property
    def name(self):
        return "-".join(map(str, self)).replace(" ", "")


def places():
    """Every design; units have two respondents at least."""
    kinds = [
        ("simple", 0.0, 0),
        ("stratified", 0.0, 0),
        *(("two-stage", r, m) for r, m in itertools.product(CORRELATIONS, UNITS)),
    ]
    for estimator, (kind, icc, m), cv, p, n in itertools.product(ESTIMATORS, kinds, SPREADS, SHARES, SIZES):
        if n >= 2 * m:
            yield Place(estimator, kind, icc, m, cv, p, n)


# ------------------------------------------------------------------------------------------------- a design as the kernels take it
def weights(cv):
    """Four equally frequent weights of this coefficient of variation, at the quantiles of a lognormal distribution."""
    z = special.ndtri((np.arange(CLASSES) + 0.5) / CLASSES)

    def spread(s):
        w = np.exp(s * z)
        return w.std() / w.mean() - cv

    w = np.exp(z * (optimize.brentq(spread, 0, 5) if cv else 0.0))
    return w / w.mean()


def strata(place):
    """Respondents of each stratum and how much more of them say yes than on average; both frames have half."""
    steps = {"stratified": 10}.get(place.kind, 1)
    tilt = np.linspace(-0.5, 0.5, steps) if steps > 1 else np.zeros(1)
    if place.estimator == "dual-frame":
        steps = max(steps // 2, 1)
        tilt = np.tile(np.linspace(-0.5, 0.5, steps) if steps > 1 else np.zeros(1), 2)
    return np.full(len(tilt), place.n // len(tilt)), tilt


def design_of(place):
    """(Design, Types) of a place.

    plain : groups are weights. raked : weights × two raking variables, each half of the population and 60 and 40 % of the sample, "yes"
    0.7, 1.0, 1.0 or 1.3 p. dual-frame : frame A has 60 % of the population and frame B 90, those in both half weight in each; "yes" is
    0.8 p of those in A alone and 1.05 p of those in B alone.
    """
    w, (persons, tilt) = weights(place.cv), strata(place)
    H, even = len(persons), np.full(CLASSES, 1 / CLASSES)
    if place.estimator == "plain":
        shares, lift, cell, weight = np.tile(even, (H, 1)), np.ones(CLASSES), np.zeros(CLASSES, int), w
    elif place.estimator == "raked":
        drawn = np.outer([0.4, 0.6], [0.6, 0.4]).ravel()  # of x1 × x2
        shares, cell = np.tile(np.outer(even, drawn).ravel(), (H, 1)), np.tile(np.arange(4), CLASSES)
        lift, weight = 1 + 0.3 * (cell // 2 - 0.5) * 2 * 0.5 + 0.3 * (cell % 2 - 0.5) * 2 * 0.5, np.repeat(w, 4)
    else:
        frame = np.repeat([0, 1], H // 2)
        inside = np.array([[0.1 / 0.6, 0.5 / 0.6, 0, 0], [0, 0, 0.5 / 0.9, 0.4 / 0.9]])[frame]  # a, ab of A; ab, b of B
        shares = np.einsum("g,hd->hgd", even, inside).reshape(H, -1)
        lift, cell = np.tile([0.8, 1.0, 1.0, 1.05], CLASSES), np.zeros(4 * CLASSES, int)
        weight = np.outer(w, np.array([0.6, 0.3, 0.45, 0.9])).ravel()  # N_A or N_B over n / 2, halved in both
    yes = place.p * lift * (1 + tilt[:, None])
    frames = 2 if place.estimator == "dual-frame" else 1
    units = np.full(H, place.units // frames if place.units else 0)
    design = Design(persons, units, shares, yes, float(np.sqrt(place.icc)), 4 if place.estimator == "raked" else 1)
    return design, Types(np.repeat(weight, 2), np.repeat(cell, 2), np.tile([0, 1], len(weight)))


def freedom(place):
    """Degrees of freedom: first-stage units less strata."""
    design, _ = design_of(place)
    return int(np.where(design.units > 0, design.units, design.persons).sum() - len(design.units))


# ------------------------------------------------------------------------------------------------------------------- repetitions
def repetitions(place, number, keep=None):
    """The repetitions of a place as a table: share, error by variance, interval ends of replicates; NaN where nothing was replicated."""
    file = None if keep is None else Path(keep) / f"{place.name}-{number}.parquet"
    if file is not None and file.exists():
        return pd.read_parquet(file)
    rng, bootstrapped = (
        np.random.default_rng([SEED, zlib.crc32(place.name.encode())]),
        max(int(BOOTSTRAPPED * number), 1),
    )
    found, again = repeat(rng, *design_of(place), number, bootstrapped, REPLICATES)
    table = pd.DataFrame(found, columns=["share", "linearized", "jackknife"])
    first = slice(0, bootstrapped - 1)  # by label: its end is inside
    table.loc[first, "rao-wu"] = again[:, :, 0].std(axis=1, ddof=1)
    for name, (low, high) in of_replicates(found[:bootstrapped, 0], found[:bootstrapped, 1], again).items():
        table.loc[first, f"{name} low"], table.loc[first, f"{name} high"] = low, high
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(file.with_suffix(".part"))
        file.with_suffix(".part").replace(file)
    return table


def for_performance(place, table, method, variance="linearized"):
    """Estimate, se, lower and upper of every repetition, as `surveysim.performance` reads them."""
    variance, student = VARIANCES[variance]
    table = table.dropna(subset=[variance] if method in OWN + MORE else [f"{method} low"])
    p = np.clip(table["share"].to_numpy(), 0, 1)
    if method in OWN + MORE:
        low, high = interval(method, p, table[variance].to_numpy(), freedom(place) if student else np.inf, place.n)
    else:
        low, high = table[f"{method} low"].to_numpy(), table[f"{method} high"].to_numpy()
    return pd.DataFrame({"estimate": p, "se": table[variance], "lower": low, "upper": high})


def measured(place, number, keep=None):
    """Rows of the atlas: coverage by variance and interval, misses on either side and mean width."""
    table, rows = repetitions(place, number, keep), []
    methods = [
        (v, m) for v in VARIANCES for m in OWN[:-1] + MORE
    ]  # "xlogit" is "logit" where degrees of freedom are the same
    for variance, method in [*methods, ("replicates", "bootstrap percentile"), ("replicates", "bootstrap t")]:
        found = for_performance(place, table, method, "rao-wu" if variance == "replicates" else variance)
        below, above = (found["upper"] < place.p).mean(), (found["lower"] > place.p).mean()
        rows.append(
            (
                *place,
                variance,
                method,
                len(found),
                1 - below - above,
                below,
                above,
                (found["upper"] - found["lower"]).mean(),
            )
        )
    return rows


COLUMNS = [*Place._fields, "variance", "interval", "repetitions", "coverage", "below", "above", "width"]


def atlas(chosen, number, keep=None):
    """The table of all chosen designs, in the least memory that holds it."""
    work = partial(measured, number=number, keep=keep)
    if len(chosen) > FEW:
        with ProcessPoolExecutor(2) as pool:
            rows = [row for found in said(pool.map(work, chosen, chunksize=8), len(chosen)) for row in found]
    else:
        rows = [row for place in chosen for row in work(place)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    text, real = (
        ("estimator", "kind", "variance", "interval"),
        ("icc", "cv", "p", "coverage", "below", "above", "width"),
    )
    kinds = dict.fromkeys(text, "category") | dict.fromkeys(real, "float32")
    return table.astype(kinds | {"units": "int16", "n": "int16", "repetitions": "int32"})


def said(found, many):
    """Results as they come, with a line now and then."""
    for k, one in enumerate(found, 1):
        if k % 100 == 0:
            print(f"{k} of {many} designs", flush=True)
        yield one


def main(run):
    every = list(places())
    chosen = every if run.repetitions >= 100 else [p for p in every if p.n == 50 and p.cv == 0.5 and p.p > 0.1]
    start = time.perf_counter()
    table = atlas(chosen, run.repetitions if chosen is every else 40, run.keep)
    hours = (time.perf_counter() - start) / 3600 * 2
    table.to_parquet(run.docs / "_static" / "coverage-atlas.parquet", compression="zstd", index=False)
    atlas_page.write(table, run, hours)


if __name__ == "__main__":
    main(Run.asked(10_000))
