"""Trimming as a step: by hand, against the second version, in replicates and in errors."""

import numpy as np
import pandas as pd
import pytest
from naive import recipe as naive
from numpy.testing import assert_allclose

import surveysim as ss
from surveysim.weighting import BaseWeight, Margins, Rake, Recipe, Scale, Trim


def cases(seed, n=80):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"w": rng.lognormal(1, 1, n), "s": rng.choice(["N", "S"], n), "y": rng.normal(5, 2, n)})
    table["a"] = rng.choice(["x", "y", "z"], n)
    return table


RULES = [
    {"most": 3},
    {"most": 2, "least": 0.3},
    {"least": 0.5},
    {"most": 1.5, "rule": "iqr"},
    {"most": 1.0, "least": 0.2, "rule": "iqr"},
    {"most": 3, "rule": "median"},
    {"most": 4, "rule": "potter"},
    {"most": 8, "least": 1, "rule": "weight"},
]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("redistribute", [True, False])
@pytest.mark.parametrize("by", [(), ("s",)])
@pytest.mark.parametrize("seed", range(3))
def test_trim__second_version(rule, redistribute, by, seed):
    table = cases(seed)
    made = Recipe([BaseWeight("w"), Trim(**rule, by=by, redistribute=redistribute)]).apply(table)
    group = table["s"].tolist() if by else None
    assert_allclose(
        made.final, naive.trim(table["w"].tolist(), **rule, redistribute=redistribute, group=group), rtol=1e-9
    )
    assert made.records[1]["cut"] > 0  # or nothing was tried
    if redistribute:
        assert made.final.sum() == pytest.approx(table["w"].sum())


def test_trim__by_hand():
    table = pd.DataFrame({"w": [1.0, 1, 2, 16]})  # mean 5: 16 becomes 10, and 6 go to 4 of weight
    made = Recipe([BaseWeight("w"), Trim(most=2)]).apply(table)
    assert_allclose(made.final, [2.5, 2.5, 5, 10])
    assert made.records[1] == {"step": "trimmed_weight", "cut": 1, "bounds": {"": (0.0, 10.0)}}


def derivatives(weights, y, h=1e-6):
    """Derivatives of the weighted total by the copies of every row: the whole weighting repeated twice for each."""
    found = []
    for row in range(len(y)):
        ends = []
        for sign in (1, -1):
            base = weights.start.copy()
            base[row] *= 1 + sign * h
            ends.append(weights.again(base) @ y)
        found.append((ends[0] - ends[1]) / (2 * h))
    return np.array(found)


@pytest.mark.parametrize(
    "steps",
    [
        [Trim(most=3)],
        [Trim(most=3, redistribute=False)],
        [Trim(most=2, least=0.5, by="s")],
        [Trim(most=12, least=1, rule="weight")],
        [Rake(Margins.parse({"a": {"x": 100, "y": 150, "z": 200}})), Trim(most=2), Scale()],
        [
            Rake(Margins.parse({"a": {"x": 100, "y": 150, "z": 200}})),
            Trim(most=2, least=0.4, by="s", redistribute=False),
        ],
        [Trim(most=2), Scale(to={"N": 10, "S": "n"}, by="s")],
    ],
    ids=str,
)
def test_trim__linearized_scores_are_derivatives(steps):
    table = cases(11)
    weights = Recipe([BaseWeight("w"), *steps]).apply(table)
    survey = ss.Survey(table, weight=weights)
    scores, _ = survey.design.adjusted(table["y"].to_numpy()[None, :].copy())
    wanted = derivatives(weights, table["y"].to_numpy())
    assert_allclose(scores[0] * survey.design.carried, wanted, rtol=2e-6, atol=1e-6 * np.abs(wanted).max())


def test_trim__replicates_find_the_bounds_again():
    table = cases(3)
    weights = Recipe([BaseWeight("w"), Trim(most=2)]).apply(table)
    copies = np.random.default_rng(1).integers(0, 3, len(table)).astype(float)
    there = np.repeat(np.arange(len(table)), copies.astype(int))  # every respondent as often as drawn
    alone = Recipe([BaseWeight("w"), Trim(most=2)]).apply(table.iloc[there].reset_index(drop=True))
    again = weights.again(table["w"].to_numpy() * copies)
    assert_allclose(again, np.bincount(there, alone.final, len(table)), rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "most or least"),
        ({"most": 0.5}, "least < 1 < most"),
        ({"most": 2, "rule": "mode"}, "rule"),
        ({"most": 5, "least": 1, "rule": "potter"}, "cuts from above only"),
        ({"most": 1, "least": 2, "rule": "weight"}, "not below"),
        ({"most": float("nan")}, "most"),
        ({"most": 2, "redistribute": "yes"}, "redistribute"),
    ],
)
def test_trim__refuses(arguments, words):
    with pytest.raises(ss.DataError, match=words):
        Trim(**arguments)


def test_trim__bounds_that_no_weights_meet():
    with pytest.raises(ss.DataError, match=r"s = N: weights from 0 to 1 cannot sum to"):
        Recipe([BaseWeight("w"), Trim(most=1, rule="weight", by="s")]).apply(cases(1).sort_values("s"))


def test_trim__toml():
    recipe = Recipe([BaseWeight("w"), Trim(most=3.5, by=["s"], redistribute=False, rule="iqr")])
    assert Recipe.from_toml(recipe.to_toml()).steps == recipe.steps
