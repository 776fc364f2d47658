"""Imputation as a step: who gives, what replicates do, tables of every kind."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import surveysim as ss
from surveysim.weighting import BaseWeight, Impute, Margins, Rake, Recipe


def people(seed=1, n=2000):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {"w": rng.lognormal(2, 0.5, n), "sex": rng.choice(["m", "f"], n), "age": rng.choice(list("abc"), n)}
    )
    table["income"] = rng.normal(np.where(table["sex"] == "m", 60, 40), 5, n)
    low = rng.random(n) < np.where(table["age"] == "a", 0.6, 0.2)
    table["edu"] = np.where(low, "low", rng.choice(["mid", "high"], n))
    table.loc[rng.random(n) < 0.15, "edu"] = None
    table.loc[rng.random(n) < 0.10, "income"] = np.nan
    return table


MARGINS = {"edu": {"low": 400, "mid": 300, "high": 300}, "sex": {"m": 480, "f": 520}}
WAYS = [
    Impute("edu", by=("age", "sex")),
    Impute("edu", "sequential", predictors=("age",)),
    Impute("edu", "logistic", predictors=("age", "income2")),
    Impute("edu", "logistic", by="sex", predictors="age"),
    Impute(["income", "edu"], by="sex"),
]


@pytest.mark.parametrize("step", WAYS, ids=lambda step: step.method)
def test_impute__fills_what_is_missing_and_nothing_else(step):
    table = people().assign(income2=lambda t: t["income"].fillna(50))
    before = table.copy(deep=True)
    weights = Recipe([BaseWeight("w"), step, Rake(MARGINS)]).apply(table)
    pd.testing.assert_frame_equal(table, before)
    for name, column in weights.completed.items():
        there = table[name].notna()
        assert column.notna().all()
        assert (column[there] == table[name][there]).all()
        share = table["w"][~there].sum() / table["w"].sum()
        assert weights.records[1]["imputed"][name] == pytest.approx(share)
    assert_allclose(weights.final.sum(), 1000)
    again = Recipe.from_toml(Recipe([BaseWeight("w"), step, Rake(MARGINS)]).to_toml()).apply(table)
    assert again.final.tolist() == weights.final.tolist()
    frame = pl.from_pandas(table)
    assert_allclose(Recipe([BaseWeight("w"), step, Rake(MARGINS)]).apply(frame).final, weights.final)


def test_hot_deck__donors_give_inside_their_class_as_often_as_they_weigh():
    n = 40_000
    table = pd.DataFrame(
        {"w": [1.0, 3.0, 5.0] + [1.0] * n, "c": ["x", "x", "y"] + ["x"] * n, "v": ["a", "b", "c"] + [None] * n}
    )
    made = Recipe([BaseWeight("w"), Impute("v", by="c")]).apply(table).completed["v"][3:]
    assert set(made) == {"a", "b"}
    share = (made == "b").mean()
    assert abs(share - 0.75) < 4 * np.sqrt(0.75 * 0.25 / n)


def test_sequential__by_hand():
    table = pd.DataFrame({"c": list("xxxxyy"), "k": [3, 1, 2, 4, 1, 2], "v": ["p", None, "q", None, None, "r"]})
    made = Recipe([Impute("v", "sequential", by="c", predictors="k")]).apply(table).completed["v"]
    # in class x the order is rows 1, 2, 0, 3: row 1 has nobody before and takes row 2's, row 3 takes row 0's
    assert made.tolist() == ["p", "q", "q", "p", "r", "r"]


def test_predictive_mean__keeps_its_donors_in_replicates():
    """Who is nearest jumps with the smallest change of weights; found again, delete-one errors were several times too large."""
    rng = np.random.default_rng(4)
    table = pd.DataFrame(
        {"x": rng.gamma(2, 1, 60), "y": rng.gamma(3, 1, 60), "v": rng.integers(0, 2, 60).astype(float)}
    )
    table.loc[::5, "v"] = np.nan
    rake = Rake({"v": {0.0: 40.0, 1.0: 60.0}}, margins_are="totals", minimum=1)
    weights = Recipe([Impute("v", "predictive_mean", predictors="x"), rake]).apply(table)
    once = weights.completed["v"].to_numpy()
    for k in (3, 8):
        base = np.where(np.arange(60) == k, 0.0, 60 / 59)
        again = weights.again(base)
        by_hand = base * np.where(once == 1, 60.0 / base[once == 1].sum(), 40.0 / base[once == 0].sum())
        np.testing.assert_allclose(again, by_hand, rtol=1e-8)
    found = ss.Survey(table, weight=weights)
    ratio = found.replicates("jk1").mean("y").table["se"].item() / found.mean("y").table["se"].item()
    assert abs(ratio - 1) < 0.1


def test_predictive_mean__takes_one_of_the_nearest():
    x = np.arange(100.0)
    table = pd.DataFrame({"x": x, "v": np.where(x % 10 == 5, np.nan, 2 * x)})
    made = Recipe([Impute("v", "predictive_mean", predictors="x", donors=2)]).apply(table).completed["v"]
    gap = np.abs(made.to_numpy() - 2 * x)[x % 10 == 5]
    assert (gap == 2).all()  # the neighbours on either side


def test_logistic__fit_is_that_of_a_general_optimizer():
    from scipy.optimize import minimize

    from surveysim.weighting.imputation import multinomial

    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(300), rng.normal(size=(300, 2))])
    level, weight = rng.integers(0, 3, 300), rng.uniform(0.5, 2, 300)

    def loss(flat):
        score = np.column_stack([np.zeros(300), x @ flat.reshape(3, 2)])
        chance = score[np.arange(300), level] - np.log(np.exp(score).sum(axis=1))
        return -np.average(chance, weights=weight)

    best = minimize(loss, np.zeros(6), tol=1e-12)
    score = np.exp(np.column_stack([np.zeros(300), x @ best.x.reshape(3, 2)]))
    assert_allclose(multinomial(x, level, weight, 3), score / score.sum(axis=1, keepdims=True), atol=1e-4)


def test_impute__replicates_impute_again_from_who_is_left():
    table = pd.DataFrame({"v": ["a", "b", "b", None], "c": 1})
    recipe = Recipe([Impute("v", by="c"), Rake(Margins.parse({"v": {"a": 60, "b": 60}}), minimum=1)])
    weights = recipe.apply(table)
    without_a_donor = weights.again([1.0, 2.0, 0.0, 1.0])
    assert without_a_donor[2] == 0
    assert without_a_donor.sum() == pytest.approx(120)
    gave = recipe.replay(weights, table, [1.0, 1.0, 0.0, 1.0]).completed["v"][3]
    assert gave in ("a", "b")
    with pytest.raises(ss.DataError, match="no respondent with weight who has it"):
        Recipe([BaseWeight("w"), Impute("v", by="c")]).apply(pd.DataFrame({"w": [0, 1], "v": ["a", None], "c": 1}))


def test_impute__the_same_donors_whatever_happens_to_other_rows():
    table = people()
    step = Impute("edu", by=("age", "sex"))
    whole = Recipe([BaseWeight("w"), step]).apply(table)
    lighter = table.assign(w=table["w"].where(np.arange(len(table)) != 7, table["w"] * 0.999))
    other = Recipe([BaseWeight("w"), step]).apply(lighter).completed["edu"]
    assert (other == whole.completed["edu"]).all()
    seeded = Recipe([BaseWeight("w"), Impute("edu", by=("age", "sex"), seed=2)]).apply(table).completed["edu"]
    assert not (seeded == whole.completed["edu"]).all()


@pytest.mark.parametrize("kind", ["category", "string", "object", "Int64", "boolean"])
def test_impute__kinds_of_columns(kind):
    values = {"Int64": [1, 2, None, 2], "boolean": [True, False, None, False]}.get(kind, ["p", "q", None, "q"])
    table = pd.DataFrame({"v": pd.array(values, dtype=kind) if kind != "object" else values, "c": 1})
    made = Recipe([Impute("v", by="c")]).apply(table).completed["v"]
    assert made.notna().all()
    assert made.dtype == table["v"].dtype


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Impute("v", "magic"), "method"),
        (lambda: Impute([]), "at least one column"),
        (lambda: Impute("v", "logistic"), "needs predictors"),
        (lambda: Impute("v", by="v"), "inside classes of itself"),
        (lambda: Impute("v", seed=-1), "seed"),
        (lambda: Recipe([Impute("edu", "predictive_mean", predictors="age")]).apply(people()), "holds no numbers"),
        (lambda: Recipe([Impute("edu", "logistic", predictors="income")]).apply(people()), "income"),
        (lambda: Recipe([Impute("age", by="edu")]).apply(people()), "edu"),
        (lambda: Recipe([Impute("nothing")]).apply(people()), "no column 'nothing'"),
    ],
)
def test_impute__refuses(make, words):
    with pytest.raises(ss.DataError, match=words):
        make()


def labelled(path, kind):
    """A survey file with value labels: education with a code that means refused, ages without labels."""
    import pyreadstat

    table = people(n=300).drop(columns="income")
    codes = {"low": 1.0, "mid": 2.0, "high": 3.0}
    table["edu"] = table["edu"].map(codes).astype(float)
    table["sex"] = table["sex"].map({"m": 1.0, "f": 2.0})
    table["years"] = np.random.default_rng(2).integers(18, 90, len(table)).astype(float)
    labels = {"edu": {1: "low", 2: "mid", 3: "high", 9: "refused"}, "sex": {1: "man", 2: "woman"}}
    if kind == "sav":
        table.loc[table["edu"].isna() & (table.index % 2 == 0), "edu"] = 9.0
        pyreadstat.write_sav(
            table, str(path / "a.sav"), variable_value_labels=labels, missing_ranges={"edu": [{"lo": 9, "hi": 9}]}
        )
    else:
        pyreadstat.write_dta(table, str(path / "a.dta"), variable_value_labels=labels)


@pytest.mark.filterwarnings("ignore:.*written as")
@pytest.mark.parametrize("kind", ["sav", "dta", "csv", "parquet"])
@pytest.mark.parametrize("method", ["hot_deck", "sequential", "logistic"])
def test_impute__survey_files_keep_their_labels(tmp_path, method, kind):
    from surveysim import files

    labelled(tmp_path, "sav" if kind in ("csv", "parquet") else kind)
    path = tmp_path / f"a.{'sav' if kind in ('csv', 'parquet') else kind}"
    file = files.read(path)
    if kind in ("csv", "parquet"):
        file = files.read(file.write(tmp_path / f"a.{kind}", {}))
    by = ("sex",)
    names = list(pd.Series(file.levelled("edu").dropna()).unique())
    step = Impute("edu", method, by, () if method == "hot_deck" else ("years",))
    totals = {
        "edu": dict.fromkeys(map(str, names), 100.0),
        "sex": dict.fromkeys(map(str, file.levelled("sex").categories), 150.0),
    }
    recipe = Recipe([BaseWeight("w"), step, Rake(totals)])
    weights = recipe.apply(file)
    missing = file.missing("edu").to_numpy()
    assert missing.any()
    made = weights.completed["edu"].to_numpy()
    assert (made[~missing] == file.values("edu").to_numpy()[~missing]).all()
    assert set(made[missing]) <= set(file.values("edu").to_numpy()[~missing])  # codes, as the file has them
    plain = pd.DataFrame(
        {name: file.levelled(name) for name in ("edu", "sex")} | {n: file.numbers(n) for n in ("w", "years")}
    )
    assert_allclose(recipe.apply(plain).final, weights.final, rtol=1e-9)  # the same as a table
    assert_allclose(weights.again(file.numbers("w")), weights.final, rtol=1e-9)
    survey = ss.Survey(file, weight=weights)
    assert survey.mean("years").table["se"].gt(0).all()
