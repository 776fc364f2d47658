"""Dual-frame estimators and their bootstrap: against a bootstrap in plain numpy."""

import numpy as np
from measuring import best, row

import surveysim as ss


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


def bench():
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
