"""Rows of weight 0 are no interviews: whatever they hold, they move nothing (their sampling units being in the sample anyway)."""

import warnings

import numpy as np
import pandas as pd
import pytest

from surveysim import DataError, DualFrameSurvey, Survey

RULES, METHODS = ("math", "school", "hf7"), ("woodruff", "beta", "xlogit", "asin", "score")
NUMBERS = ["estimate", "se", "lower", "upper", "df", "deff", "n", "moe"]


def tables(seed=1, n=90):
    """A sample, and the same with 200 rows of weight 0 in its PSUs: zeros, huge values, nothing, levels nobody has."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"h": np.arange(n) % 3, "c": np.arange(n) % 18, "w": rng.integers(1, 4, n).astype(float)})
    data["y"], data["x"] = np.round(rng.gamma(2, 10, n)), rng.gamma(3, 1, n)
    data["g"], data["k"] = rng.choice(list("pqr"), n), rng.choice(list("uv"), n)
    data["b"] = rng.random(n) < 0.3
    rows = np.arange(200)
    empty = pd.DataFrame({"h": rows % 3, "c": rows % 18, "w": 0.0, "x": 1e6, "b": True})
    empty["y"] = np.select([rows % 4 == 0, rows % 4 == 1, rows % 4 == 2], [0.0, 1e9, np.nan], -1e9)
    empty["g"] = np.where(rows % 5 == 0, "nobody", "q")
    empty["k"] = pd.Series(np.where(rows % 7 == 0, None, np.where(rows % 7 == 1, "w", "u")), dtype=object)
    mixed = pd.concat([data, empty], ignore_index=True).sample(frac=1, random_state=seed)
    return data, mixed.astype({"b": bool}).reset_index(drop=True)


def pair(**options):
    return [Survey(t, weight="w", strata="h", psu="c", **options) for t in tables()]


def same(make, surveys, columns=NUMBERS):
    first, second = (make(s).table for s in surveys)
    for text in ("statistic", "variable", "level", "domain"):
        assert first[text].tolist() == second[text].tolist()
    np.testing.assert_allclose(second[columns], first[columns], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("by", [None, "g", ["g", "b"]])
@pytest.mark.parametrize("ci", METHODS)
@pytest.mark.parametrize("rule", RULES)
def test_quantiles(rule, ci, by):
    same(lambda s: s.quantile("y", [0.05, 0.3, 0.5, 0.97], by=by, ci=ci, rule=rule, df=20), pair())
    same(lambda s: s.quantile("y", [0.3, 0.5], ci=ci, rule=rule), pair())


@pytest.mark.parametrize("kind", ["jkn", "fay", "rao-wu", "sdr"])
def test_quantiles__with_replicates(kind):
    options = {"fay": {"rho": 0.5}, "rao-wu": {"n": 40, "seed": 1}}.get(kind, {})
    data, mixed = tables()
    for t in (data, mixed):
        t["h"] = t["c"] // 2  # two PSUs in every stratum
    order = mixed.assign(empty=mixed["w"] == 0).sort_values(["empty", "c"], kind="stable")
    surveys = [Survey(t, "w", "h", "c").replicates(kind, **options) for t in (data.sort_values("c"), order)]
    for ci in ("woodruff", "beta") if kind == "jkn" else ("woodruff", "xlogit", "replicates"):
        for rule in RULES:
            same(lambda s, ci=ci, rule=rule: s.quantile("y", [0.2, 0.5], by="g", ci=ci, rule=rule, df=9), surveys)
    same(lambda s: s.proportion(["k", "b"], by="g", df=9), surveys)


def test_quantiles__of_calibrated_weights():
    margins = {"k": {"u": 90.0, "v": 110.0}}
    data, mixed = tables()
    mixed = mixed.assign(k=mixed["k"].where(mixed["k"].isin(["u", "v"]), "u"))
    surveys = [Survey(t, weight="w", strata="h", psu="c").rake(margins) for t in (data, mixed)]
    same(lambda s: s.quantile("y", [0.2, 0.5], by="g", ci="beta", rule="hf7"), surveys)


@pytest.mark.parametrize("ci", ["wald", "logit", "xlogit", "wilson", "beta", "korn-graubard", "asin"])
def test_proportions(ci):
    for by in (None, "g"):
        same(lambda s, by=by: s.proportion(["k", "b"], by=by, ci=ci, deff="wr"), pair())


def test_means_totals_and_ratios():
    for what in ("mean", "total"):
        for deff in ("wr", "wor"):
            same(lambda s, what=what, deff=deff: getattr(s, what)(["y", "x"], by="g", deff=deff), pair())
    same(lambda s: s.ratio("y", "x", by=["g", "b"], df=9), pair())


def test_no_row_of_weight_0_is_set_aside():
    """Those who gave no answers have none to impute; rows of weight without an answer are counted as before."""
    data, mixed = tables()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        e = Survey(mixed, "w", "h", "c").mean("y", by="k")
    assert e.set_aside == {}
    data.loc[:3, "y"] = mixed.loc[mixed.index[mixed["w"] > 0][:4], "y"] = np.nan
    for t in (data, mixed):
        with pytest.warns(match="4 of 'y'"):
            assert Survey(t, "w", "h", "c").mean("y").set_aside == {"y": 4}


@pytest.mark.parametrize("statistic", ["F", "Chisq", "Wald", "adjWald"])
def test_independence(statistic):
    first, second = (s.independence("g", "b", statistic) for s in pair())
    assert second.statistic == pytest.approx(first.statistic, rel=1e-12)
    assert second.df == pytest.approx(first.df, rel=1e-12)
    assert sorted(second.table.index) == sorted(first.table.index) == list("pqr")


def test_domains_without_weight__are_no_domains():
    _, mixed = tables()
    assert Survey(mixed, "w", "h", "c").mean("x", by="g").table["domain"].tolist() == ["g=p", "g=q", "g=r"]
    with pytest.raises(DataError, match="no rows of weight"):
        Survey(mixed, "w", "h", "c").where(mixed["g"] == "nobody").mean("x")


@pytest.mark.parametrize("estimator", ["hartley", "composite", "screening", "fuller_burmeister"])
def test_dual_frames(estimator):
    pairs = []
    for seed, own in ((1, "a"), (2, "b")):
        pairs.append([t.assign(o=np.where(t["x"] * 10 % 2 < 1, own, "ab")) for t in tables(seed)])
    duals = [DualFrameSurvey(*(Survey(p[k], "w", "h", "c") for p in pairs), domain="o") for k in (0, 1)]
    make = [lambda d: d.mean("y", estimator=estimator), lambda d: d.proportion("b", estimator=estimator, ci="beta")]
    if estimator in ("composite", "screening"):
        make += [lambda d, r=r: d.quantile("y", 0.4, by="b", estimator=estimator, ci="beta", rule=r) for r in RULES]
    for m in make:
        same(m, duals)


def test_screening__counts_whose_weight_is_not_0():
    """Frame B's overlap sample has weight 0 in the end: it is in no n, of quantiles neither."""
    data, _ = tables()
    a, b = data.assign(o=np.where(data["b"], "ab", "a")), data.assign(o=np.where(data["b"], "ab", "b"))
    dual = DualFrameSurvey(*(Survey(t, "w", "h", "c") for t in (a, b)), domain="o")
    n = len(a) + (~b["b"]).sum()
    assert dual.quantile("y", 0.5, estimator="screening").table["n"][0] == n
    assert dual.mean("y", estimator="screening").table["n"][0] == n
