"""Names of columns that are no text, columns of one name, arguments that would be ignored, numbers that are none: taken or refused."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import surveysim as ss
from surveysim import SurveysimError

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


def test_a_star_imports_what_a_package_has():
    """`from surveysim.weighting import *`, and the other packages whose names come when they are asked for."""
    for package in ("weighting", "estimation", "study", "sampling", "population"):
        found = {}
        exec(f"from surveysim.{package} import *", found)
        assert len(found) > 1, package
    assert {"Recipe", "Rake", "calibrate"} <= set(_star("weighting"))


def _star(package):
    found = {}
    exec(f"from surveysim.{package} import *", found)
    return found
