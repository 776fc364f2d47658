"""Imputation as a step against row-by-row versions: columns of every kind, random tables, replicates, and what scores pass."""

import zlib

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import surveysim as ss
from naive import imputation as naive
from surveysim.weighting import BaseWeight, Impute, Recipe

KINDS = (
    "object",
    "string",
    "category",
    "ordered",
    "Int64",
    "float",
    "boolean",
    "truth",
    "dates",
    "arrow",
    "categories of numbers",
)


def uniforms(seed, name, n):
    """The numbers that belong to rows: a Philox stream named by seed, column and round."""

    def of(k):
        key = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()), zlib.crc32(b"impute"), k))
        return np.random.Generator(np.random.Philox(key)).random((n, 2))

    return of


def column(rng, n, kind):
    """A column of some levels with holes, of a kind, and the same as a list with None."""
    levels = {
        "Int64": [1, 2, 9],
        "float": [0.5, 1.0, 12.0],
        "boolean": [False, True],
        "truth": [False, True],
        "categories of numbers": [3, 10],
        "dates": list(pd.to_datetime(["2024-01-01", "2024-02-01"])),
    }.get(kind, ["a", "b", "c c", "ü"])
    values = [levels[i] for i in rng.integers(0, len(levels), n)]
    holes = rng.random(n) < rng.uniform(0, 0.5)
    holes[:6] = False
    given = [None if hole else v for v, hole in zip(values, holes)]
    if kind in ("category", "ordered"):
        made = pd.Categorical(given, categories=[*levels, "nobody"], ordered=kind == "ordered")
    elif kind == "categories of numbers":
        made = pd.Categorical(given, categories=levels)
    elif kind == "arrow":
        made = pd.array(given, dtype="string[pyarrow]")
    else:
        types = {"truth": object, "dates": "datetime64[ns]", "string": "string"}
        made = (
            pd.array(given, dtype=kind)
            if kind in ("Int64", "boolean")
            else pd.Series(given, dtype=types.get(kind, kind))
        )
    return pd.Series(made), given


def problem(rng, kind):
    n = int(rng.integers(12, 60))
    made, given = column(rng, n, kind)
    table = pd.DataFrame(
        {"v": made, "w": rng.lognormal(1, 0.7, n), "g": np.tile(["x", "y"], n)[:n], "k": rng.integers(0, 5, n)}
    )
    table["w"] = table["w"].where(rng.random(n) > 0.1, 0.0)
    table.loc[:5, "w"] = 1.0
    return table, given


def agree(found, wanted):
    assert [
        v if isinstance(v, str) else float(pd.Timestamp(v).value if isinstance(v, pd.Timestamp) else v) for v in found
    ] == [
        v if isinstance(v, str) else float(pd.Timestamp(v).value if isinstance(v, pd.Timestamp) else v) for v in wanted
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["hot_deck", "sequential", "logistic", "predictive_mean"])
def test_impute__as_row_by_row(method, kind):
    rng = np.random.default_rng([zlib.crc32(method.encode()), zlib.crc32(kind.encode())])
    if method == "predictive_mean" and kind not in ("Int64", "float"):
        return
    for turn in range(12):
        table, given = problem(rng, kind)
        if method == "predictive_mean":  # equal means would be told apart by their last digits
            table["k"] = rng.normal(size=len(table))
        n, w, group = len(table), table["w"].tolist(), table["g"].tolist()
        by = () if turn % 3 == 0 else ("g",)
        group = group if by else ["all"] * n
        u, x = uniforms(turn, "v", n), np.column_stack([np.ones(n), table["k"]])
        predictors = () if method == "hot_deck" else ("k",)
        recipe = Recipe([BaseWeight("w"), Impute("v", method, by, predictors, donors=3, seed=turn)])
        weights = recipe.apply(table)
        chance = None
        if method == "hot_deck":
            wanted = naive.hot_deck(given, group, w, u)
        elif method == "sequential":
            wanted = naive.sequential(given, group, w, table["k"].tolist())
        elif method == "predictive_mean":
            wanted = naive.predictive_mean(x, given, group, w, 3, u)
        else:
            wanted, chance = naive.drawn(x, given, group, w, u)
        if None not in given:
            assert weights.completed == {}
            continue
        made = weights.completed["v"]
        assert made.dtype == table["v"].dtype
        agree(made, wanted)
        missing = sum(wi for wi, v in zip(w, given) if v is None) / sum(w)
        assert weights.records[1]["imputed"]["v"] == pytest.approx(missing)
        if method == "predictive_mean":
            continue
        factor = rng.choice([0.0, 1.0, 1.0, 2.0], n)
        now = [f * wi for f, wi in zip(factor, w)]
        start = chance or naive.shares(given, group, w)
        then = naive.shares(given, group, now) if chance is None else None
        if then is None:
            have = {g for g, v, wi in zip(group, given, now) if v is not None and wi > 0}
            if have != set(group):
                continue
            then = naive.drawn(x, given, group, now, u)[1]
        expected = naive.reweighted(given, wanted, group, now, start, then)
        assert_allclose(weights.again(now), expected, rtol=1e-5 if chance else 1e-10, atol=1e-12)


@pytest.mark.parametrize("method", ["hot_deck", "sequential", "logistic"])
def test_impute__scores_are_derivatives_of_the_weights_again(method):
    rng = np.random.default_rng(8)
    for turn in range(8):
        table, given = problem(rng, "object")
        table["w"] = table["w"] + 0.1
        if None not in given:
            continue
        n = len(table)
        step = Impute("v", method, by="g" if turn % 2 else (), predictors="k" if method != "hot_deck" else ())
        weights = Recipe([BaseWeight("w"), step]).apply(table)
        z = rng.normal(size=n)
        link = weights.links[-1]
        score = link.residuals(z[None].copy())[0][0]
        w = table["w"].to_numpy()
        for row in range(n):
            nudge = np.ones(n)
            change = []
            for sign in (1, -1):
                nudge[row] = 1 + sign * 1e-5
                change.append(weights.again(nudge * w) @ z)
            assert (change[0] - change[1]) / (2e-5 * w[row]) == pytest.approx(score[row], rel=1e-4, abs=2e-4)


def test_impute__polars_and_pandas_draw_alike():
    rng = np.random.default_rng(9)
    for kind in ("object", "category", "Int64", "boolean"):
        table, _ = problem(rng, kind)
        for method, predictors in (("hot_deck", ()), ("sequential", "k"), ("logistic", "k")):
            recipe = Recipe([BaseWeight("w"), Impute("v", method, "g", predictors)])
            one, other = (recipe.apply(t).completed.get("v") for t in (table, pl.from_pandas(table)))
            assert (one is None) == (other is None)
            if one is not None:
                agree(list(one), list(other))


def test_redrawn_by_hand():
    # a, a, b gave; the last was given a (2/3). In a replicate a weighs 1 of 2: 1/2 over 2/3, and back to its weight, being alone
    given, made, ones = ["a", "a", "b", None], ["a", "a", "b", "a"], [1.0] * 4
    before, now = naive.shares(given, ["g"] * 4, ones), naive.shares(given, ["g"] * 4, [1.0, 0.0, 1.0, 1.0])
    assert before[0] == pytest.approx({"a": 2 / 3, "b": 1 / 3})
    assert naive.reweighted(given, made, ["g"] * 4, ones, before, now) == [1, 1, 1, 1]
    # two were imputed, a and b: 3/4 and 3/2 of themselves, scaled to 2
    given, made = ["a", "a", "b", None, None], ["a", "a", "b", "a", "b"]
    before, now = (naive.shares(given, ["g"] * 5, w) for w in ([1.0] * 5, [1.0, 0.0, 1.0, 1.0, 1.0]))
    found = naive.reweighted(given, made, ["g"] * 5, [1.0, 0.0, 1.0, 1.0, 1.0], before, now)
    assert_allclose(found, [1, 0, 1, 2 / 3, 4 / 3])
    table = pd.DataFrame({"v": [None if v is None else v for v in given]})
    for seed in range(40):
        weights = Recipe([Impute("v", seed=seed)]).apply(table)
        if weights.completed["v"].tolist() == made:
            assert_allclose(weights.again([1, 0, 1, 1, 1]), found)
            return
    raise AssertionError("no seed draws a and b")


def test_impute__replicates_keep_the_draws_and_count_what_imputation_adds():
    """A share where a third of the answers is imputed: linearized and jackknife errors are those over samples and draws."""
    rng, n, found, errors = np.random.default_rng(10), 400, [], []
    for turn in range(600):
        v = pd.Series(np.where(rng.random(n) < 0.4, "yes", "no")).astype(object)
        v[rng.random(n) < 1 / 3] = None
        table = pd.DataFrame({"v": v, "w": 1.0})
        weights = Recipe([BaseWeight("w"), Impute("v", seed=turn)]).apply(table)
        yes = (weights.completed["v"] == "yes").to_numpy(dtype=float)
        survey = ss.Survey(table.assign(yes=yes), weight=weights)
        found.append(yes.mean())
        if turn < 60:
            replicates = survey.replicates("jk1")
            errors.append([s.mean("yes").table["se"].iloc[0] ** 2 for s in (survey, replicates)])
    theory = 0.24 / n * (1.5 + 1 / 3)  # of the mean of who answered, n 2/3 of them, and of n/3 draws
    assert np.var(found) == pytest.approx(theory, rel=4 * np.sqrt(2 / 600))
    assert_allclose(np.mean(errors, axis=0), theory, rtol=0.03)
