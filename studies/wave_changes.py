"""Write docs/explanation/wave-changes.md and .csv: errors of changes between waves that share PSUs, estimated over empirical.

`.venv/bin/python studies/wave_changes.py [repetitions]`; some three minutes of one core.

A superpopulation of 6 strata: PSUs and people in them differ by normal deviates, of which a PSU keeps most from one wave to the next.
In each wave 8 PSUs of each stratum are in the sample, with 6 to 10 people each; every wave is raked to its own totals by sex and age.
Control variates are the change and the average of the deviates' means, whose variances are known.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from runs import Run
from variance_proof import empirical

import surveysim as ss

STRATA, PSUS, LEAST, MOST = 6, 8, 6, 10
SHIFT, NOISE = 0.5, 1.5  # standard deviations of what moves a PSU, and of people; that of PSUs is 1
SIZE = np.array([4000, 6000, 8000, 3000, 5000, 7000]) * 1.0  # people of each stratum
SHARED = {"the same PSUs": 8, "half of the PSUs": 4, "other PSUs": 0}
STATISTICS = ("change of a mean", "relative change", "change in a domain", "change of a total", "average")
WAVES, REPLICATED = ("2023", "2024"), 8  # one repetition of so many is jackknifed as well


def sample(rng, shared):
    """Two raked waves, and the change and the average of the means of all deviates."""
    psus = 2 * PSUS - shared  # of each stratum, in any wave
    level = rng.normal(0, 1, (STRATA, psus)) + np.arange(STRATA)[:, None] / 2
    shift = rng.normal(0, SHIFT, (2, STRATA, psus))
    surveys, means = {}, []
    for wave, first in enumerate((0, PSUS - shared)):
        h, j = (x.ravel() for x in np.meshgrid(range(STRATA), range(first, first + PSUS), indexing="ij"))
        each = rng.integers(LEAST, MOST + 1, len(h))
        h, j = np.repeat(h, each), np.repeat(j, each)
        sex, age = rng.random(len(h)) < 0.5, rng.random(len(h)) < 0.4
        off = level[h, j] + shift[wave, h, j] + rng.normal(0, NOISE, len(h))
        y = 5 + 0.3 * wave + off + 0.8 * sex - 0.6 * age
        weight = (SIZE[h] / PSUS) / np.repeat(each, each)
        means.append(weight @ off / SIZE.sum())
        table = pd.DataFrame({"h": h, "psu": 100 * h + j, "sex": sex, "age": age, "y": y, "w": weight})
        total = SIZE.sum()
        margins = {"sex": {True: total / 2, False: total / 2}, "age": {True: 0.4 * total, False: 0.6 * total}}
        surveys[WAVES[wave]] = ss.Survey(table, weight="w", strata="h", psu="psu").rake(margins)
    return surveys, [means[1] - means[0], (means[0] + means[1]) / 2]


def known(shared):
    """Variances of the change and of the average of these means."""
    own = SHIFT**2 + NOISE**2 * np.mean(1 / np.arange(LEAST, MOST + 1))  # of a PSU's mean in one wave beside what stays
    alone = 2 * (PSUS - shared)  # PSUs that are in one wave
    change, average = alone + 2 * PSUS * own, shared + alone / 4 + PSUS * own / 2
    return np.diag([change, average]) * np.sum((SIZE / SIZE.sum() / PSUS) ** 2)


def asked(both):
    """Estimate and variance of the statistics."""
    mean, total, women = both.mean("y", by="wave"), both.total("y", by="wave"), both.where("sex").mean("y", by="wave")
    found = (mean.change(), mean.change(relative=True), women.change(), total.change(), mean.average())
    return np.array([(e.columns["estimate"][0], e.columns["se"][0] ** 2) for e in found])


def measured(run):
    """By overlap: (estimates, variances) by repetition and statistic, variances as if independent, and by the jackknife."""
    found = {}
    for k, (name, shared) in enumerate(SHARED.items()):
        linear, apart, jackknife, controls = [], [], [], []
        for r in range(run.repetitions):
            surveys, means = sample(np.random.default_rng([2024, k, r]), shared)
            controls.append(means)
            both = ss.combine(surveys, "psu" if shared else None)
            linear.append(asked(both))
            if r % REPLICATED == 0:
                apart.append(asked(ss.combine(surveys))[:, 1])
                jackknife.append(asked(both.replicates("jkn"))[:, 1])
        found[name] = [np.array(x) for x in (linear, apart, jackknife, controls)]
        print(name, flush=True)
    return found


def table(found):
    """A row for each overlap and statistic: empirical error, and estimated variances over the empirical one with its error."""
    rows = []
    for name, (linear, apart, jackknife, controls) in found.items():
        value, variance = linear[..., 0], linear[..., 1]
        first = variance[::REPLICATED].mean(axis=0)
        for q, what in enumerate(STATISTICS):
            true, influence = empirical(value[:, q], controls, known(SHARED[name]))
            v = variance[:, q]
            ratio = v.mean() / true
            error = np.sqrt(np.sum(((v - v.mean() - ratio * influence) / true / len(v)) ** 2))
            rows.append(
                {
                    "overlap": name,
                    "statistic": what,
                    "se": np.sqrt(true),
                    "linearized": ratio,
                    "mcse": error,
                    "jackknife": ratio * jackknife[:, q].mean() / first[q],
                    "independent": ratio * apart[:, q].mean() / first[q],
                }
            )
    return pd.DataFrame(rows)


def page(rows, run):
    lines = [
        f"| {r.overlap} | {r.statistic} | {r.se:.3g} | {r.linearized:.3f} ± {2 * r.mcse:.3f} | {r.jackknife:.3f} | {r.independent:.2f} |"
        for r in rows.itertuples()
    ]
    change = rows[rows["statistic"] == "change of a mean"].set_index("overlap")
    same, half = change.loc["the same PSUs"], change.loc["half of the PSUs"]
    average = rows.set_index(["overlap", "statistic"])["linearized"]["half of the PSUs", "average"]
    return f"""# Changes between waves that share PSUs

Two waves of a two-stage sample, 6 strata with 8 PSUs in each wave, raked wave by wave to two margins; {run.repetitions:,} repetitions of
each overlap. A PSU keeps most of what makes it differ from one wave to the next. `ss.combine` makes one `Survey` of both, and `change()`
and `average()` estimate. Made by `studies/wave_changes.py`.

## Estimated over empirical variances

| what the waves share | statistic | empirical error | linearized | jackknife | taken for independent |
| --- | --- | ---: | ---: | ---: | ---: |
{chr(10).join(lines)}

1 is right; ± is twice the Monte Carlo error of the linearized ratio. With the same PSUs in both waves the change of a mean would get
{same.independent:.1f} times its variance if the waves were taken for independent samples, and the average too little. Where half of the
PSUs stay, the linearized covariance is on average 1 - (n - m) / (n (n - 1)) = {1 - 4 / 56:.3f} of the true one with m = 4 of n = 8 PSUs,
so that the variance of a change errs to the large side ({half.linearized:.3f}) and that of an average to the small one
({average:.3f}); the jackknife, which has PSUs that are in the same waves in strata of their own, has no such shortfall. The change in a
domain follows the controls least, so that its ratio is known least.
"""


def main(run):
    run = replace(run, repetitions=max(run.repetitions, 2 * REPLICATED))  # fewer tell nothing beside the controls
    rows = table(measured(run))
    run.table("wave-changes", rows.round(5))
    run.page("wave-changes", page(rows, run))


if __name__ == "__main__":
    main(Run.asked(900))
