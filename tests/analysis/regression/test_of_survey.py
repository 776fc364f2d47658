"""`Survey.glm`: hand-worked values, kinds of tables and columns and subpopulations."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyreadstat
import pytest
from samples import regression_table

import surveysim as ss
from surveysim import SurveysimWarning

DATA = regression_table()


def survey(data=DATA):
    return ss.Survey(data, weight="w", psu="psu")


def test_linear__by_hand():
    """y = 0, 2 where x = 0 and 3, 5 where x = 1: means 1 and 4; scores (y - mean) / 2, variances n / (n - 1) Σ (w s)²."""
    made = ss.Survey(pd.DataFrame({"y": [0, 2, 3, 5], "x": [0, 0, 1, 1]})).glm("y ~ x")
    assert made.coef == pytest.approx([1, 3])
    assert np.diag(made.cov) == pytest.approx([4 / 3 * 2 * 0.25, 4 / 3 * 4 * 0.25])
    assert made.df == 4 - 1 + 1 - 2


def test_logit__by_hand():
    """Odds of the weights: 1 : 2 and 3 : 1."""
    data = pd.DataFrame({"y": [0, 1, 0, 1], "x": list("aabb"), "w": [2, 1, 1, 3]})
    made = ss.Survey(data, weight="w").glm("y ~ x", family="binomial")
    assert made.coef == pytest.approx([np.log(1 / 2), np.log(6)])
    assert made.ratios()["odds_ratio"].tolist() == pytest.approx([0.5, 6])


def test_saturated_models__are_means_of_domains():
    found, means = survey().glm("y ~ 0 + z"), survey().mean("y", by="z")
    assert found.coef == pytest.approx(means.table["estimate"].to_numpy(), rel=1e-12)
    np.testing.assert_allclose(found.cov, means.cov, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    "formula",
    [
        "yes ~ x + z",
        "yes ~ x * z",
        "yes ~ C(few) + z",
        "yes ~ np.log(x + 10) + z",
        "yes ~ scale(x)",
        "yes ~ bs(x, df=4)",
    ],
)
def test_ways_to_columns__agree(formula, monkeypatch):
    """Cells, cells times numbers, and every row by itself give the same."""
    data = DATA.assign(few=DATA["count"].clip(upper=2))
    first = survey(data).glm(formula, family="binomial")
    monkeypatch.setattr("surveysim.analysis.regression.formula.Formula.by_row", property(lambda self: False))
    again = survey(data).glm(formula, family="binomial")
    assert first.names == again.names
    np.testing.assert_allclose(first.coef, again.coef, rtol=1e-8)
    np.testing.assert_allclose(first.cov, again.cov, rtol=1e-7, atol=1e-12)


def test_units_of_columns__do_not_matter():
    year = survey(DATA.assign(year=2000 + np.round(3 * DATA["x"]))).glm("y ~ year + I(year ** 2)")
    centred = survey(DATA.assign(t=np.round(3 * DATA["x"]))).glm("y ~ t + I(t ** 2)")
    assert year.table["t"].iloc[2] == pytest.approx(centred.table["t"].iloc[2], rel=1e-6)
    small = survey(DATA.assign(s=DATA["x"] * 1e-9)).glm("yes ~ s + z", family="binomial")
    plain = survey().glm("yes ~ x + z", family="binomial")
    assert small.table["t"].to_numpy() == pytest.approx(plain.table["t"].to_numpy(), rel=1e-8)


def test_where__is_the_model_of_these_rows_with_the_whole_design():
    part = survey().where(DATA["x"] > 0).glm("y ~ z")
    weighted = survey(DATA.assign(w=DATA["w"].where(DATA["x"] > 0, 0.0))).glm("y ~ z")
    assert part.coef == pytest.approx(weighted.coef)
    np.testing.assert_allclose(part.cov, weighted.cov, rtol=1e-10)
    assert part.n == int((DATA["x"] > 0).sum())
    assert np.isnan(part.residuals()[DATA["x"].to_numpy() <= 0]).all()


def test_missing_values__are_set_aside_and_told():
    data = DATA.assign(x=DATA["x"].where(DATA.index % 10 > 0))
    with pytest.warns(ss.SurveysimWarning, match="24 of 'x'"):
        found = survey(data).glm("y ~ x + z")
    assert found.set_aside == {"x": 24}
    assert found.n == 216


def test_kinds_of_tables__agree():
    expected = survey().glm("yes ~ x + z", family="binomial")
    plain = DATA.drop(columns="grade")
    for data in (pl.from_pandas(plain), pa.Table.from_pandas(plain)):
        found = survey(data).glm("yes ~ x + z", family="binomial")
        assert found.coef == pytest.approx(expected.coef)
        assert type(found.coefficients) is type(data)
        assert type(found.predict()) is type(data)


def test_levels_of_arrow_s_dictionaries__are_those_of_the_category_they_were_made_of():
    """Arrow says of such a dictionary that it has no order, and keeps the one of pandas; one model, whichever table it is given."""
    data = DATA.assign(z=pd.Categorical(DATA["z"], sorted(DATA["z"].dropna().unique())[::-1]))
    expected = survey(data).glm("yes ~ z", family="binomial")
    found = survey(pa.Table.from_pandas(data.drop(columns="grade"))).glm("yes ~ z", family="binomial")
    assert found.names == expected.names
    np.testing.assert_allclose(found.coef, expected.coef)


def test_value_labels_of_spss__are_the_levels(tmp_path):
    """As categories in the order of the file; what it declares missing is set aside, and numbers without labels stay numbers."""
    rng = np.random.default_rng(6)
    codes = pd.DataFrame(
        {"edu": rng.integers(1, 4, 80), "sex": rng.integers(1, 3, 80), "age": rng.integers(18, 80, 80)}
    )
    codes = codes.assign(y=rng.normal(size=80), edu=codes["edu"].mask(np.arange(80) < 3, 9)).astype(float)
    labels = {"edu": {1: "none", 2: "some", 3: "all", 9: "refused"}, "sex": {1: "male", 2: "female"}}
    pyreadstat.write_sav(codes, tmp_path / "x.sav", variable_value_labels=labels, missing_ranges={"edu": [9]})
    levels = {
        name: pd.Categorical(codes[name].where(codes[name] < 9).map(of), [v for v in of.values() if v != "refused"])
        for name, of in labels.items()
    }
    file, plain = ss.Survey(ss.files.read(tmp_path / "x.sav")), ss.Survey(codes.assign(**levels))
    for formula, family in (("y ~ edu + age", "gaussian"), ("sex ~ C(edu)*age", "binomial"), ("edu ~ age", "ordinal")):
        with pytest.warns(SurveysimWarning, match="3 of 'edu'"):
            found, expected = (s.glm(formula, family=family) for s in (file, plain))
        assert found.names == expected.names
        np.testing.assert_allclose(found.coef, expected.coef)
        np.testing.assert_allclose(found.predict()["estimate"], expected.predict()["estimate"])


@pytest.mark.parametrize(
    ("column", "told"), [("yes", "yes = True"), ("one", "linear|logistic"), ("word", "word = yes")]
)
def test_responses_of_binomial_models(column, told):
    data = DATA.assign(one=DATA["yes"].astype(int), word=np.where(DATA["yes"], "yes", "no"))
    found, expected = (survey(data).glm(f"{name} ~ x", family="binomial") for name in (column, "yes"))
    assert found.coef == pytest.approx(expected.coef)
    assert any(text in found.summary() for text in told.split("|"))


def test_truth_of_an_expression__may_be_the_response():
    assert survey().glm("I(y > 1) ~ x", family="binomial").coef == pytest.approx(
        survey().glm("yes ~ x", family="binomial").coef
    )


def test_offset__by_argument_or_in_the_formula():
    data = DATA.assign(t=np.exp(DATA["x"] / 2), lt=DATA["x"] / 2)
    one = survey(data).glm("count ~ z", family="poisson", offset="lt")
    other = survey(data).glm("count ~ z + offset(log(t))", family="poisson")
    assert one.coef == pytest.approx(other.coef)
    assert one.ratios().columns.tolist()[1] == "rate_ratio"


def test_models_of_replicates__centre_on_the_same_coefficients():
    made = survey().rake({"z": {"a": 100.0, "b": 90.0, "c": 110.0}})
    linear, repeated = (s.glm("yes ~ x + z", family="binomial") for s in (made, made.replicates("jk1")))
    assert linear.coef == pytest.approx(repeated.coef)
    assert linear.table["se"].to_numpy() == pytest.approx(repeated.table["se"].to_numpy(), rel=0.2)


def test_models__are_pickled_and_share_nothing():
    data = DATA.copy()
    made = survey(data).glm("yes ~ x + z", family="binomial")
    expected = made.margins("z").table
    data["x"] = 0.0
    again = pickle.loads(pickle.dumps(made))
    pd.testing.assert_frame_equal(again.margins("z").table, expected)
    pd.testing.assert_frame_equal(again.table, made.table)
