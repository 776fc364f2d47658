"""Columns and rows of any table: odd or doubled names, arguments that would be ignored, and rows matched by their index."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import surveysim as ss
from surveysim import DesignError, SurveysimError
from surveysim.weighting import BaseWeight, Rake

D = pd.DataFrame({"g": list("aabbab"), "y": [1.0, 2, 3, 4, 5, 6], "w": [1.0, 2, 3, 1, 2, 3], "h": list("uuuvvv")})
MARGINS = {"g": {"a": 3.0, "b": 5.0}}
NUMBERED = D.rename(columns={"g": 0, "y": 1, "w": 2, "h": np.int64(3)})
TWICE = pd.concat([D, D[["y"]]], axis=1)
RUNS = pd.DataFrame({"estimate": [1.0, 2, 3], "se": [1.0, 1, 1]})


def test_numbers_as_names_of_columns():
    """As pandas names columns that have no name; results are those of the same table with names."""
    named, numbered = ss.Survey(D, weight="w", strata="h"), ss.Survey(NUMBERED, weight=2, strata=3)
    for what, of_names, of_numbers in (
        ("mean", dict(y="y", by="g"), dict(y=1, by=0)),
        ("total", dict(y=["y", "w"]), dict(y=[1, 2])),
        ("ratio", dict(num="y", den="w"), dict(num=1, den=2)),
        ("proportion", dict(y="g"), dict(y=0)),
        ("quantile", dict(y="y", q=0.5), dict(y=1, q=0.5)),
    ):
        one, other = getattr(named, what)(**of_names).table, getattr(numbered, what)(**of_numbers).table
        numbers = ["estimate", "se", "lower", "upper", "n"]
        pd.testing.assert_frame_equal(one[numbers], other[numbers])
    np.testing.assert_allclose(
        ss.rake(NUMBERED, {0: MARGINS["g"]}, weight=2).weight, ss.rake(D, MARGINS, weight="w").weight
    )
    np.testing.assert_allclose(
        ss.calibrate(NUMBERED, {1: 50.0}, weight=2, q=1).weight, ss.calibrate(D, {"y": 50.0}, weight="w", q="y").weight
    )


def test_columns_of_one_name__matter_only_where_they_are_asked_for():
    weights = ss.rake(TWICE, MARGINS)
    assert weights.add_to(TWICE)["calibrated_weight"].tolist() == weights.weight.tolist()
    assert ss.Survey(TWICE, weight=weights).mean("w").table["estimate"][0] > 0


two_levels = pd.DataFrame({("a", "b"): [1.0, 2, 3]})
REFUSED = {
    "a number that is no column": (lambda: ss.Survey(D).mean(3), "the table has no column 3"),
    "a number among texts": (lambda: ss.Survey(pl.from_pandas(D)).mean(3), "the table has no column 3"),
    "levels of names": (lambda: ss.Survey(two_levels).mean(("a", "b")), "columns have 2 levels of names"),
    "a column twice": (lambda: ss.Survey(TWICE).mean("y"), "2 columns called 'y'; keep one"),
    "runs with a column twice": (
        lambda: ss.performance(pd.concat([RUNS, RUNS[["se"]]], axis=1), 1.0),
        "columns have different names",
    ),
    "persons with a column twice": (
        lambda: ss.Population.from_frame(TWICE),
        "different names|different from each other",
    ),
    "a mask without an answer": (
        lambda: ss.Survey(D).where(pd.array([None] * 6, dtype="boolean")),
        "is missing in 6 of 6 rows",
    ),
    "a mask of nothing": (lambda: ss.Survey(D).where([None] * 6), "is missing in 6 of 6 rows"),
    "steps that are a number": (lambda: ss.Recipe.from_toml("steps = 1\n"), "steps = 1: a recipe has tables"),
    "steps that are numbers": (lambda: ss.Recipe.from_toml("steps = [1, 2]\n"), r"steps = \[1, 2\]"),
    "a coefficient that is missing": (
        lambda: ss.Survey(D).mean("y", by="g").contrast({0: np.nan, 1: 1}),
        "coefficients = {0: nan, 1: 1}",
    ),
    "an infinite coefficient": (
        lambda: ss.Survey(D).mean("y", by="g").contrast({0: np.inf}),
        "coefficients = {0: inf}",
    ),
    "half a person": (lambda: ss.sample_size(0.05, population=1.5), "population = 1.5: give a whole number"),
    "half a person more": (lambda: ss.margin_of_error(10, population=100.5), "population = 100.5: give a whole number"),
    "margins beyond double precision": (
        lambda: ss.rake(D, {"g": {"a": 1e308, "b": 1e308}}),
        "'g' sum to more than double precision holds",
    ),
    "n of a jackknife": (lambda: ss.Survey(D).replicates("jkn", n=3), "n is for .*; jkn makes as many"),
    "n of half samples": (lambda: ss.Survey(D).replicates("brr", n=3), "n is for .*; brr makes as many"),
    "scale without replicates": (lambda: ss.Survey(D, scale=3), "and there are none"),
    "rscales without replicates": (lambda: ss.Survey(D, rscales=[1.0]), "and there are none"),
    "mse without replicates": (lambda: ss.Survey(D, mse=True), "and there are none"),
    "a word for mse": (lambda: ss.Survey(D, mse="no"), "mse = 'no': give True or False"),
    "text for a level": (lambda: ss.rake(D, {("g", "h"): {"a": 1.0}}), "crosses 2 variables; its level 'a' does not"),
    "text estimates": (lambda: ss.performance(RUNS.astype({"estimate": str}), 1.0), "3 of 3 values are text"),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused(name):
    call, words = REFUSED[name]
    with pytest.raises(SurveysimError, match=words):
        call()


RNG = np.random.default_rng(2)


N = 12


T = pd.DataFrame(
    {"w": RNG.uniform(1, 3, N), "y": RNG.normal(5, 2, N), "g": RNG.permutation(list("abc") * 4), "pi": 0.5},
    index=np.arange(N) * 3,
)


TOTALS_OF_ROWS = {"g": {"a": 30.0, "b": 30.0, "c": 30.0}}


SHUFFLED = RNG.permutation(N)


JOINT = pd.DataFrame(np.full((N, N), 0.23) + 0.27 * np.eye(N), index=T.index, columns=T.index)


def test_replicate_weights__have_the_tables_index_and_are_taken_back():
    survey = ss.Survey(T, weight="w")
    made = survey.replicates("jk1").replicate_weights()
    assert made.index.equals(T.index)
    options = {"weight": "w", "scale": made.attrs["scale"], "replicate_factors": False}
    again = ss.Survey(T, replicate_weights=made, **options).mean("y")
    assert again.table["se"][0] == pytest.approx(survey.replicates("jk1").mean("y").table["se"][0])
    with pytest.raises(DesignError, match="replicate_weights is a DataFrame whose index is not the table's"):
        ss.Survey(T, replicate_weights=made.iloc[SHUFFLED], **options)
    plain = ss.Survey(T, replicate_weights=made.to_numpy(), **options).mean("y")
    assert plain.table["se"][0] == pytest.approx(again.table["se"][0])


OTHER = {
    "joint probabilities": lambda: ss.Survey(T, probability="pi", pps=JOINT.iloc[SHUFFLED, SHUFFLED]),
    "joint probabilities of other columns": lambda: ss.Survey(T, probability="pi", pps=JOINT.iloc[:, SHUFFLED]),
    "base weights": lambda: ss.rake(T, TOTALS_OF_ROWS, weight="w").again(T["w"].iloc[SHUFFLED]),
    "multipliers": lambda: ss.Recipe([Rake(TOTALS_OF_ROWS)]).replay(WEIGHTS, T, T["w"].iloc[SHUFFLED]),
    "base of a recipe": lambda: WEIGHTS.again(T["w"].iloc[SHUFFLED]),
    "base of a recipe with its own": lambda: STARTED.again(T["w"].iloc[SHUFFLED]),
    "weights": lambda: ss.Survey(T, weight=T["w"].iloc[SHUFFLED]),
}


WEIGHTS = ss.Recipe([Rake(TOTALS_OF_ROWS)]).apply(T)


STARTED = ss.Recipe([BaseWeight("w"), Rake(TOTALS_OF_ROWS)]).apply(T)


@pytest.mark.parametrize("name", list(OTHER))
def test_rows_in_another_order__are_refused(name):
    with pytest.raises(SurveysimError, match="whose index is not the table's, so its rows cannot be matched"):
        OTHER[name]()


def test_rows_in_the_same_order__are_taken():
    assert ss.Survey(T, probability="pi", pps=JOINT, pps_variance="yg").mean("y").table["se"][0] > 0
    raked = ss.rake(T, TOTALS_OF_ROWS, weight="w")
    np.testing.assert_allclose(raked.again(T["w"]), raked.weight, rtol=1e-8)
    np.testing.assert_allclose(WEIGHTS.again(pd.Series(1.0, T.index)), WEIGHTS.final, rtol=1e-8)


def test_arrow_tables_over_numpy_memory__keep_what_they_held():
    """`pyarrow.array` lends a numpy array's memory; results do not change with it later."""
    y, w, codes = T["y"].to_numpy().copy(), T["w"].to_numpy().copy(), np.tile([0, 1, 2], 4).astype(np.int8)
    levels = pa.DictionaryArray.from_arrays(pa.array(codes), ["a", "b", "c"])
    table = pa.table({"y": pa.array(y), "w": pa.array(w), "g": levels, "t": list("uv") * 6})
    survey = ss.Survey(table, weight="w").rake(TOTALS_OF_ROWS)
    weights = ss.Recipe([BaseWeight("w"), Rake(TOTALS_OF_ROWS)]).apply(table)

    def results():
        made = survey.mean("y", by="g").table[["estimate", "se"]].to_numpy()
        return made, weights.again(np.arange(N) + 1.0), survey.replicates("jk1").total("y").table["se"].to_numpy()

    before = results()
    y[:], w[:], codes[:] = 0.0, 1.0, 2
    for one, other in zip(before, results(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_table__may_have_a_column_called_as_a_method_of_files():
    """It was taken for a survey file."""
    data = pd.DataFrame({"levelled": ["a", "a", "b", "b"], "y": [1.0, 2.0, 3.0, 5.0]})
    assert ss.rake(data, {"levelled": {"a": 1, "b": 3}}).weight.tolist() == [0.5, 0.5, 1.5, 1.5]
    assert ss.Survey(data).mean("y", by="levelled").table["estimate"].tolist() == [1.5, 4]
