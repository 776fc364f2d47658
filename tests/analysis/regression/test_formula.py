"""Formulas taken apart, and the columns they make."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import surveysim as ss
from surveysim import DataError
from surveysim.analysis.regression import formula

RNG = np.random.default_rng(3)
DATA = pd.DataFrame({"y": [1.0, 2, 3, 4], "x": [0.5, 1.5, 2.5, 3.5], "my col": [1, 0, 1, 0], "z": list("abab")})


def test_columns_of_a_formula():
    found = formula.parsed("y ~ x + C(z, Treatment('b')) + `my col` + offset(np.log(x))", DATA)
    assert found.columns == ("x", "z", "my col")
    assert found.of_response == ("y",)
    assert found.offsets == ("np.log(x)",)
    assert found.by_row
    assert not formula.parsed("y ~ scale(x)", DATA).by_row


def test_matrix__one_row_for_each_combination():
    read = formula.parsed("y ~ z + `my col`", DATA)
    frame = formula.Frame({name: formula.column(DATA, name) for name in ("z", "my col")})
    made = formula.matrix(read, frame, 4)
    whole = np.asarray(formula.evaluated(read.terms, frame.table(), read.text), dtype=float)
    np.testing.assert_array_equal(made.x[made.cell], whole)
    assert len(made.x) == 2


def test_levels_that_no_row_has__are_dropped():
    values, levels = formula.column(pd.DataFrame({"z": pd.Categorical(["b", "c"], ["a", "b", "c"])}), "z")
    assert levels == ["a", "b", "c"]
    assert formula.Frame({"z": (values, levels)}).levels["z"] == ["b", "c"]


@pytest.mark.parametrize("text", ["y ~ x ~ z", "y = x", "y ~ `no col`", "y ~ x + (z", None])
def test_refused(text):
    with pytest.raises(DataError, match="formula"):
        formula.parsed(text, DATA)


def test_arguments_of_functions__are_no_columns():
    """A column that is called as an argument is not looked at, so that no row is set aside for it."""
    data = pd.DataFrame({"y": np.arange(12.0) ** 2, "x": np.arange(12.0), "df": np.nan, "raw": np.nan})
    assert formula.parsed("y ~ bs(x, df=4) + poly(x, 2, raw = True)", data).columns == ("x",)
    assert formula.parsed("y ~ bs(x, df=df) + I(df == 1)", data).columns == ("x", "df")
    assert ss.Survey(data).glm("y ~ bs(x, df=4)").n == 12


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("y ~ 0", "neither a constant nor a column"),
        ("y ~ -1 + offset(x)", "neither a constant nor a column"),
        ("y ~ x | z", "its right side has several parts"),
        ("y ~ .", "name them"),
    ],
)
def test_what_is_no_model__is_told(text, words):
    with pytest.raises(DataError, match=words):
        ss.Survey(DATA).glm(text)


@pytest.mark.parametrize("part", ["I(x - x.mean())", "I(x / np.max(x))", "offset(x - x.mean())"])
def test_values_together_with_other_rows(part):
    """Such a column means something else in other rows: there are coefficients, and no predictions, margins or effects."""
    data = pd.DataFrame({"y": RNG.normal(size=40), "x": RNG.normal(size=40), "z": list("abcd") * 10})
    model = ss.Survey(data).glm(f"y ~ z + {part}")
    assert np.isfinite(model.predict()["estimate"]).all()
    for ask in (lambda: model.predict(data[:3]), lambda: model.margins("z"), lambda: model.effects("x")):
        with pytest.raises(DataError, match="together with those of other rows"):
            ask()
    kept = ss.Survey(data).glm("y ~ z + center(x)")
    np.testing.assert_allclose(kept.predict(data[:3])["estimate"], kept.predict()["estimate"][:3])


@pytest.mark.parametrize("kind", ["polars Categorical", "Arrow dictionary"])
def test_levels_in_the_order_of_the_rows__are_no_order(kind):
    """An ordinal model takes no levels whose order is that of the rows, and the levels of polars' Categorical are sorted as text."""
    data = pd.DataFrame({"y": RNG.choice(["mid", "low", "high"], 60), "x": RNG.normal(size=60)})

    def made(table):
        if kind == "Arrow dictionary":
            y = pa.array(table["y"].tolist()).dictionary_encode()
            return pa.table({"y": y, "x": table["x"].to_numpy()})
        return pl.DataFrame({"y": pl.Series(table["y"].tolist(), dtype=pl.Categorical), "x": table["x"].to_numpy()})

    with pytest.raises(DataError, match="with its levels in order"):
        ss.Survey(made(data)).glm("y ~ x", family="ordinal")
    if kind == "polars Categorical":
        for table in (data, data[::-1]):
            assert ss.Survey(made(table)).glm("x ~ y").names == ("Intercept", "y[T.low]", "y[T.mid]")
        levels = ["low", "mid", "high"]
        wanted = ss.Survey(data.assign(y=pd.Categorical(data["y"], levels))).glm("y ~ x", family="ordinal")
        own = pl.DataFrame({"y": pl.Series(data["y"].tolist(), dtype=pl.Enum(levels)), "x": data["x"].to_numpy()})
        np.testing.assert_allclose(ss.Survey(own).glm("y ~ x", family="ordinal").coef, wanted.coef)


@pytest.mark.parametrize("name", ["收入（元）", "a b", "q-1", "2nd?"])
def test_names_with_other_signs__are_told_to_be_put_in_backticks(name):
    survey = ss.Survey(pd.DataFrame({name: [1, 3, 2, 5, 4, 6], "y": range(6)}))
    assert survey.glm(f"y ~ `{name}`").names[1] == name
    if name != "q-1":  # which reads as q without a constant
        with pytest.raises(ss.DataError, match=f"in backticks: `{re.escape(name)}`"):
            survey.glm(f"y ~ {name}")


def test_a_column_that_is_called_as_the_constant__is_refused():
    survey = ss.Survey(pd.DataFrame({"Intercept": [1, 3, 2, 5, 4, 6], "y": range(6)}))
    with pytest.raises(ss.DataError, match="two coefficients would be called 'Intercept'"):
        survey.glm("y ~ Intercept")
    assert survey.glm("y ~ 0 + Intercept").names == ("Intercept",)
