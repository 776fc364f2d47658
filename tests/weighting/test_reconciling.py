"""Margins that disagree: fitted to those of higher priority, every change told."""

import numpy as np
import pandas as pd
import pytest
from naive import recipe as naive
from numpy.testing import assert_allclose

import surveysim as ss
from surveysim.weighting import Margins, Rake, Recipe, reconcile

SHAPES = [
    ["sex", "age", ("sex", "age")],
    [("sex", "age"), ("age", "race"), ("sex", "race"), "edu"],
    ["region", ("region", "age"), ("region", "sex"), "sex", "age"],
    [("sex", "age", "race"), ("race", "sex"), "age"],
]


def printed(seed, names):
    """Margins, each of a sample of its own."""
    rng = np.random.default_rng(seed)
    levels = {"sex": "mf", "age": ["18", "35", "65"], "race": "wbo", "edu": "123", "region": "NS"}
    margins = {}
    for name in names:
        people = pd.DataFrame({name: rng.choice(list(values), 4000) for name, values in levels.items()})
        sizes = people.groupby(list(name) if isinstance(name, tuple) else name).size()
        margins[name] = {level: float(size) for level, size in sizes.items()}
    return margins


@pytest.mark.parametrize("names", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_reconcile__second_version(names, seed):
    margins = printed(seed, names)
    order = [names[k] for k in np.random.default_rng(seed).permutation(len(names))]
    made, want = reconcile(margins, order, largest_change=1), naive.agreed(margins, order)
    for m, variable in enumerate(made.variables):
        name = variable if len(variable) > 1 else variable[0]
        table = {level: made.total[0, made.first[m] + k] for k, level in enumerate(made.labels[m])}
        for level, total in table.items():
            assert total == pytest.approx(want[name][level], rel=1e-8)
    assert len(made.changes) > 0


def test_reconcile__by_hand_and_told():
    margins = {"sex": {"m": 100, "f": 100}, "age": {"a": 51, "b": 153}}
    agreed = reconcile(margins)
    assert agreed.changes[["margin", "level"]].values.tolist() == [["age", "a"], ["age", "b"]]
    assert_allclose(agreed.changes["after"], [50, 150])
    assert_allclose(agreed.changes["change"], 200 / 204 - 1)
    first = reconcile(margins, ["age"])  # the other way about
    assert_allclose(first.changes["after"], [102, 102])


def test_reconcile__what_agrees_is_left_alone():
    margins = {
        "sex": {"m": 90.0, "f": 110.0},
        ("sex", "age"): {("m", 1): 40.0, ("m", 2): 50.0, ("f", 1): 60.0, ("f", 2): 50.0},
    }
    agreed = reconcile(margins)
    assert len(agreed.changes) == 0
    assert agreed.total.tolist() == Margins.parse(margins).total.tolist()


def test_rake__twelve_margins_rounded_to_thousands_by_state():
    rng = np.random.default_rng(1)
    names = [("age", "sex"), "race", "edu", "mar", "own", ("sex", "race"), ("age", "race"), "phone"]
    names += ["region", ("region", "age"), ("region", "sex"), ("region", "race")]
    size = 40_000
    people = pd.DataFrame(
        {
            "state": rng.choice(["NY", "OH"], size),
            "age": rng.choice(["18", "25", "35", "45", "55", "65"], size),
            "sex": rng.choice(["m", "f"], size),
            "race": rng.choice(["w", "b", "h", "o"], size, p=[0.6, 0.2, 0.12, 0.08]),
            "edu": rng.choice(list("1234"), size),
            "mar": rng.choice(list("mdsu"), size),
            "own": rng.choice(["own", "rent"], size),
            "phone": rng.choice(["l", "c", "d"], size),
            "region": rng.choice(["r1", "r2", "r3"], size),
        }
    )
    margins = {}
    for state, part in people.groupby("state"):
        margins[state] = {}
        for name in names:
            sizes = part.groupby(list(name) if isinstance(name, tuple) else name).size()
            margins[state][name] = {level: float(np.round(200 * v, -3)) for level, v in sizes.items()}
    sample = people.sample(4000, random_state=2).reset_index(drop=True)
    with pytest.raises(ss.CalibrationError, match="rescale"):
        ss.rake(sample, margins, by="state", tol=1e-3)
    raked = ss.rake(sample, margins, by="state", reconcile=True)
    assert raked.max_gap <= 1e-9
    assert set(raked.reconciled["partition"]) == {"NY", "OH"}
    assert raked.reconciled["change"].abs().max() < 0.02
    assert "to agree" in raked.summary()
    step = Recipe([Rake(margins, by="state", reconcile=True, minimum=1)]).apply(sample)
    assert_allclose(step.final, raked.weight, rtol=1e-9)
    assert step.records[0]["reconciled"].equals(raked.reconciled)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (({"sex": {"m": 100, "f": 100}, "age": {"a": 60, "b": 160}},), "-9.09 %; 2 totals change by more than 2 %"),
        (
            ({"sex": {"m": 100, "f": 0}, ("sex", "age"): {("m", 1): 99, ("f", 1): 1}}, None, 9),
            "'f' has people in margin 'sex × age'",
        ),
        (({"sex": {"m": 1, "f": 1}}, ["age"]), "order: 'age' is no margin"),
        (({"sex": {"m": 1, "f": 1}}, ["sex", "sex"]), "listed twice"),
        (({"sex": {"m": 1, "f": 1}}, None, -1), "largest_change"),
    ],
)
def test_reconcile__refuses(arguments, words):
    with pytest.raises(ss.SurveysimError, match=words):
        reconcile(*arguments)


def test_reconcile__margins_that_no_table_has_together():
    apart = {
        ("a", "b"): {(0, 0): 50, (0, 1): 0, (1, 0): 0, (1, 1): 50},
        ("b", "c"): {(0, 0): 50, (0, 1): 0, (1, 0): 0, (1, 1): 50},
    }
    apart["a"], apart["c"] = {0: 50, 1: 50}, {0: 50, 1: 50}
    apart[("a", "c")] = {(0, 0): 20, (0, 1): 30, (1, 0): 30, (1, 1): 20}
    assert len(reconcile(apart).changes) == 0  # any two agree; raking says that all do not
    with pytest.raises(ss.CalibrationError):
        ss.rake(pd.DataFrame({"a": [0, 1], "b": [0, 1], "c": [0, 1]}), apart, reconcile=True)


@pytest.mark.parametrize("asked", [True, 0.5, ["age"], {"order": ["age"], "largest_change": 0.5}])
def test_rake__reconcile_as_it_may_be_asked(asked):
    margins = {"sex": {"m": 100, "f": 100}, "age": {"a": 51, "b": 151}}
    table = pd.DataFrame({"sex": list("mmff"), "age": list("abab")})
    total = 202 if isinstance(asked, list | dict) else 200
    assert ss.rake(table, margins, reconcile=asked).weight.sum() == pytest.approx(total)
    recipe = Recipe([Rake(margins, reconcile=asked, minimum=1)])
    assert recipe.apply(table).final.sum() == pytest.approx(total)
    assert Recipe.from_toml(recipe.to_toml()).apply(table).final.sum() == pytest.approx(total)


@pytest.mark.parametrize("asked", ["sex", -1, {"other": 1}])
def test_rake__reconcile_refused(asked):
    table = pd.DataFrame({"sex": ["m", "f"]})
    with pytest.raises(ss.DataError):
        ss.rake(table, {"sex": {"m": 1, "f": 1}}, reconcile=asked)
