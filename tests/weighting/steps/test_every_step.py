"""Every step with every option as a stranger may use it: TOML, pickles, rows in another order, tables of other kinds, hardly any rows."""

import pickle
from contextlib import suppress

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import surveysim as ss
from surveysim.weighting import (
    BaseWeight,
    Calibrate,
    Composite,
    Impute,
    Multiplicity,
    Poststratify,
    Rake,
    Recipe,
    Scale,
    Selection,
    SingleFrame,
    Subsample,
    Trim,
    UnitNonresponse,
)

pytestmark = pytest.mark.filterwarnings("ignore")
TWO = {"frames": ("l", "m")}
MARGINS = {"sex": {"m": 100.0, "f": 110.0}, "age": {"y": 90.0, "o": 120.0}}
CROSSED = {("m", "y"): 45.0, ("m", "o"): 55.0, ("f", "y"): 45.0, ("f", "o"): 64.5}
PRINTED = MARGINS | {("sex", "age"): CROSSED}
STEPS = [
    SingleFrame(["p", "q"]),
    SingleFrame(["p", {"rate": 0.01, "times": "k", "over": "k"}], "kalton_anderson", most=2),
    Selection("p", most=20),
    Multiplicity("frame", {"l": ("k", "k"), "m": ("k", "")}, most_numbers=2, most_persons=2),
    Composite("effective", by=("st", "sex"), **TWO),
    Composite({"A": 0.3, "B": "respondents"}, by="st", **TWO),
    Composite("frames", frame_sizes=(100, 200), **TWO),
    Composite("frames", by="st", frame_sizes={"A": (100, 200), "B": (10, 20)}, **TWO),
    Composite({("A", "m"): 0.3, ("A", "f"): 0.2, ("B", "m"): 0.4, ("B", "f"): 0.5}, by=("st", "sex"), **TWO),
    Trim(most=2, least=0.5, by="st"),
    Trim(most=1, rule="iqr"),
    Trim(most=2, rule="potter", redistribute=False),
    Trim(most=2, least=1.2, rule="weight", redistribute=False),
    Trim(most=1.5, rule="median"),
    Impute("hole"),
    Impute("hole", "sequential", by="sex", predictors=("x", "k")),
    Impute("hole", "logistic", predictors="x", seed=5),
    Impute("number", "predictive_mean", predictors=("k", "sex"), donors=3),
    Impute(["number", "hole"], by="sex"),
    Rake(MARGINS),
    Rake({"A": MARGINS, "B": MARGINS}, by="st", minimum=3, minimum_share=0.1, reconcile=True),
    Rake(MARGINS, bounds=(0.1, 9), least=0.1, most=5),
    Rake({"sex": {"m": 0.4, "f": 0.6}}, margins_are="shares"),
    Rake(MARGINS | {"age": {"y": 9.0, "o": 9.0}}, rescale="sex"),
    Rake(PRINTED, reconcile={"order": ["sex", "age", ("sex", "age")], "largest_change": 0.05}),
    Rake(PRINTED, reconcile=["sex", "age", ("sex", "age")]),
    Rake(PRINTED, reconcile=0.05),
    Calibrate({"x": 600.0, "sex": {"m": 60.0, "f": 60.0}}, method="logit", bounds=(0.2, 4)),
    Calibrate({"A": {"x": 300.0}, "B": {"x": 280.0}}, by="st", q="k"),
    Poststratify({("sex", "age"): CROSSED}),
    Scale(),
    Scale(50.0),
    Scale({"A": 10, "B": 20}, by="st"),
    Scale({("A", "m"): 10, ("A", "f"): 20, ("B", "m"): 3, ("B", "f"): 4}, by=("st", "sex")),
    UnitNonresponse(by="sex", unknown_by="st"),
    Subsample(by="sex"),
    Subsample(rate="p"),
]


def people(n=120):
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"w": rng.uniform(1, 3, n), "p": rng.uniform(0.01, 0.2, n), "q": rng.uniform(0, 0.2, n)})
    for name, levels in {"frame": "lm", "sex": "mf", "age": "yo", "st": "AB", "status": "RRRRNXU"}.items():
        table[name] = rng.choice(list(levels), n)
    table["phase"] = rng.permutation(np.arange(n) % 3)
    table["k"], table["x"] = rng.integers(1, 4, n), rng.normal(5, 1, n)
    table["domain"] = np.where(rng.random(n) < 0.5, "ab", np.where(table["frame"] == "l", "a", "b"))
    table["hole"] = table["age"].where(rng.random(n) > 0.2, None)
    table["number"] = table["x"].where(rng.random(n) > 0.2)
    return table


def as_arrow(table):
    return pl.from_pandas(table).to_arrow()


def as_other_types(table):
    """Categories with one that nobody has, small integers, nullable and Arrow's numbers."""
    made = table.astype({"w": "float64[pyarrow]", "p": "float64[pyarrow]", "x": "Float64", "k": "int8"})
    for name in ("sex", "age", "st", "frame", "domain", "status"):
        made[name] = pd.Categorical(made[name], categories=[*sorted(set(made[name])), "nobody"])
    return made


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_step(step):
    table = people()
    recipe = Recipe([step] if getattr(step, "starts", False) else [BaseWeight("w"), step])
    weights = recipe.apply(table)
    read = Recipe.from_toml(recipe.to_toml())
    assert read.steps == recipe.steps
    assert read.to_toml() == recipe.to_toml()
    assert_allclose(read.apply(table).final, weights.final, rtol=1e-12)
    for thing in (recipe, weights.replay.recipe):
        assert pickle.loads(pickle.dumps(thing)).steps == recipe.steps
    assert pickle.loads(pickle.dumps(weights)).final.tolist() == weights.final.tolist()
    assert_allclose(weights.again(weights.start), weights.final, rtol=1e-6)
    for make in (pl.from_pandas, as_arrow, as_other_types):
        assert_allclose(recipe.apply(make(table)).final, weights.final, rtol=1e-9)
    order = np.random.default_rng(4).permutation(len(table))
    if not isinstance(step, Impute):  # whose numbers belong to rows
        assert_allclose(recipe.apply(table.iloc[order]).final, weights.final[order], rtol=1e-6)
    with pytest.raises(ss.DataError, match="no rows"):
        recipe.apply(table[:0])
    with suppress(ss.DataError, ss.CalibrationError):  # one respondent is too few for most
        assert np.isfinite(recipe.apply(table[table["status"] == "R"][:1]).final).all()


def test_margins__are_equal_when_all_of_them_is():
    one, same = Rake(MARGINS), Rake({name: dict(totals) for name, totals in MARGINS.items()})
    assert one == same
    assert hash(one.margins) == hash(same.margins)
    assert one != Rake(MARGINS | {"sex": {"m": 100.0, "f": 111.0}})
    assert one.margins != "margins"


TABLE = people()


@pytest.mark.parametrize(
    ("make", "words"),
    [  # the key, and the remedy
        (lambda: Rake(MARGINS, bounds=(0.95, 1.05), most=1.01), ["bounds on g", "[Ww]iden"]),
        (lambda: Rake(MARGINS, most=1.0001), ["mean", "[Ww]iden"]),
        (lambda: Rake(MARGINS, bounds=(0.99, 1.01)), ["g <= 1.01", "widen|Widen|wider"]),
        (lambda: Trim(most=1.0, least=0.999), ["most|cannot sum|1", ""]),
        (lambda: Trim(most=0.5, rule="weight"), ["cannot sum", "redistribute"]),
        (lambda: SingleFrame(["zero", "zero"]), ["probability 0 in every frame", "row 0"]),
        (lambda: SingleFrame(["p", "beyond"]), ["beyond", "0 to 1"]),
        (lambda: Selection("zero"), ["zero", "row 0"]),
        (lambda: Multiplicity("frame", {"l": ("zero", ""), "m": ("k", "")}), ["zero", "at least 1"]),
        (lambda: Composite("frames", frame_sizes=(0, 10), **TWO), ["frame_sizes", "members"]),
        (
            lambda: Rake(PRINTED | {("sex", "age"): CROSSED | {("m", "y"): 90.0}}, reconcile=True),
            ["m, y", "largest_change"],
        ),
        (lambda: Rake(MARGINS, minimum=1000), ["minimum", "lower"]),
        (lambda: Impute("empty"), ["empty", "wider classes"]),
        (lambda: Scale({"A": 10}, by="st"), ["B", "to has"]),
        (lambda: Calibrate({"x": -5.0}, method="raking"), ["x", ""]),
    ],
)
def test_steps_refuse__with_key_and_remedy(make, words):
    table = TABLE.assign(zero=0, beyond=1.5, empty=None)

    def applied():
        step = make()
        return Recipe([step] if getattr(step, "starts", False) else [BaseWeight("w"), step]).apply(table)

    with pytest.raises((ss.DataError, ss.CalibrationError)) as caught:
        applied()
    for word in words:
        caught.match(word)
