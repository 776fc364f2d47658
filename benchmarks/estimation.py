"""Estimates with linearized errors: against numpy, svy and replicates."""

import numpy as np
import pandas as pd
from measuring import best, row
from peers import r_logit, svy_survey
from respondents import respondents

import surveysim as ss


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


def bench():
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
    return rows + wide_table_rows() + regression_rows()


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
        income = ss.Survey(data.assign(income=np.exp(rng.normal(8, 0.8, n))), weight=cal, strata="province", psu=psu)
        linear, r = best(lambda s=income: s.gini("income"), 5), income.replicates("rao-wu", n=500, seed=1)
        again = best(lambda r=r: r.gini("income"), 3)
        rows.append(
            f"| Gini's coefficient on 22,000 raked rows, {what} | {1e3 * linear:.1f} ms linearized | 500 re-raked Rao-Wu replicates "
            f"{1e3 * again:,.0f} ms | {again / linear:.1f} × |"
        )
    return rows


def regression_rows():
    """A logit of ten coefficients on 60,000 raked rows in 341 PSUs, and of categories alone."""
    n = 60_000
    data, margins = respondents(n)
    rng = np.random.default_rng(1)
    psu = data["province"].cat.codes.to_numpy().astype(np.int64) * 11 + rng.integers(0, 11, n)
    data = data.assign(psu=psu, income=rng.normal(size=n), years=rng.integers(18, 80, n))
    data["online"] = rng.random(n) < 1 / (1 + np.exp(0.5 - 0.4 * data["income"] + 0.02 * (data["years"] - 40)))
    s, rows = ss.Survey(data, weight="weight", strata="province", psu="psu").rake(margins), []
    for right in ("income + years + sex + education + urban + income:sex", "sex + age + urban"):
        formula = f"online ~ {right}"
        spent = best(lambda formula=formula: s.glm(formula, family="binomial").table, 30)
        theirs = r_logit(data.assign(raked=s.weight, online=data["online"].astype(int)), formula)
        what = f"logit, `{formula}`, 60,000 raked rows in 341 PSUs"
        rows.append(
            f"| {what} | {1e3 * spent:.1f} ms | | |"
            if theirs is None
            else row(what, spent, "svyglm of R survey", theirs)
        )
    return rows
