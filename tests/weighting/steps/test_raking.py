"""Raking as a step: caps on g and on weights at once, thin levels by share, margins that follow another."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import surveysim as ss
from surveysim.weighting import BaseWeight, Rake, Recipe

RNG = np.random.default_rng(8)
N = 400
TABLE = pd.DataFrame({"w": RNG.lognormal(3, 0.7, N), "a": RNG.choice(list("xyz"), N), "b": RNG.choice(list("pq"), N)})
MARGINS = {"a": {"x": 4000.0, "y": 4000.0, "z": 3000.0}, "b": {"p": 7000.0, "q": 4000.0}}


def naive_caps(base, individual, shared):
    """Raking and cutting in turn (Izrael, Battaglia & Frankel 2009), with plain loops."""
    mean = 11000 / N
    weight = base.copy()
    inside = [
        ((TABLE[name] == level).to_numpy(), total)
        for name, totals in MARGINS.items()
        for level, total in totals.items()
    ]
    for _ in range(500):
        for rows, total in inside * 40:
            weight[rows] *= total / weight[rows].sum()
        low = np.maximum(individual[0] * base, shared[0] * mean)
        high = np.minimum(individual[1] * base, shared[1] * mean)
        cut = np.clip(weight, low, high)
        if np.abs(cut / weight - 1).max() < 1e-9:
            return weight
        weight = cut
    raise AssertionError("no rest")


def test_rake__individual_and_global_caps():
    recipe = Recipe([BaseWeight("w"), Rake(MARGINS, bounds=(0.3, 1.9), least=0.15, most=3.5)])
    made = recipe.apply(TABLE)
    base, mean = TABLE["w"].to_numpy(), 11000 / N
    ratio, multiple = made.final / base, made.final / mean
    assert ratio.min() >= 0.3 - 1e-5
    assert ratio.max() <= 1.9 + 1e-5
    assert multiple.min() >= 0.15 - 1e-5
    assert multiple.max() <= 3.5 + 1e-5
    assert_allclose(made.final, naive_caps(base, (0.3, 1.9), (0.15, 3.5)), rtol=1e-6)
    alone = ss.rake(TABLE, MARGINS, weight="w", bounds=(0.3, 1.9), trim=(0.15, 3.5))
    assert_allclose(made.final, alone.weight, rtol=1e-12)
    assert_allclose(made.again(base), made.final, rtol=1e-6)
    assert_allclose(alone.again(base), alone.weight, rtol=1e-6)


def test_rake__caps_that_exclude_each_other():
    with pytest.raises(ss.CalibrationError, match="exclude each other"):
        Recipe([BaseWeight("w"), Rake(MARGINS, bounds=(0.9, 1.1), least=0.5, most=2)]).apply(TABLE)


def test_rake__bounds_on_g_alone():
    made = Recipe([BaseWeight("w"), Rake(MARGINS, bounds=(0.4, 2.5))]).apply(TABLE)
    assert_allclose(made.final, ss.rake(TABLE, MARGINS, weight="w", bounds=(0.4, 2.5)).weight, rtol=1e-12)


def test_rake__rescale():
    apart = MARGINS | {"b": {"p": 5000.0, "q": 4000.0}}
    made = Recipe([BaseWeight("w"), Rake(apart, rescale="b")]).apply(TABLE)
    assert_allclose(made.final, ss.rake(TABLE, apart, weight="w", rescale="b").weight, rtol=1e-12)


def test_rake__levels_are_thin_by_share_as_well():
    table = pd.DataFrame({"a": ["x"] * 50 + ["y"] * 46 + ["z"] * 4})
    margins = {"a": {"x": 50.0, "y": 46.0, "z": 4.0}}
    for share, merged in ((0.03, 0), (0.05, 1)):
        made = Recipe([Rake(margins, minimum=1, minimum_share=share)]).apply(table)
        assert len(made.records[0]["merged"]) == merged
    assert made.records[0]["merged"][0]["level"] == "z"


def test_rake__toml():
    recipe = Recipe([Rake(MARGINS, bounds=(0.5, 2.0), minimum_share=0.05, rescale="a", reconcile={"order": ["b"]})])
    step = Recipe.from_toml(recipe.to_toml()).steps[0]
    assert (step.bounds, step.minimum_share, step.rescale, step.reconcile) == ((0.5, 2.0), 0.05, "a", {"order": ["b"]})
