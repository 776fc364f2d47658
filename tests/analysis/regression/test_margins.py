"""Predicted margins and average marginal effects are means of predictions."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss


def test_margins__are_means_of_predictions(survey, logit):
    for errors in ("full", "coefficients", "averaging"):
        found = logit.margins(["z", "x"], at={"x": [0, 1]}, errors=errors).table
        for row, (z, x) in zip(found.itertuples(), [(z, x) for z in "abc" for x in (0, 1)], strict=True):
            set_to = logit.predict(survey.data.assign(z=z, x=float(x)))["estimate"]
            assert row.estimate == pytest.approx(np.average(set_to, weights=survey.weight))
            assert row.domain == f"z={z}, x={x}"


def test_margins_of_a_linear_model_without_others__are_its_coefficients(survey):
    made = survey.glm("y ~ z")
    found = made.margins("z")
    means = survey.mean("y", by="z").table
    assert found.table["estimate"].to_numpy() == pytest.approx(means["estimate"].to_numpy())
    assert found.table["se"].to_numpy() == pytest.approx(means["se"].to_numpy())


def test_effects__of_numbers_and_levels(survey, logit):
    found = logit.effects().table.set_index(["variable", "level"])["estimate"]
    h = 1e-5
    up, down = (logit.predict(survey.data.assign(x=survey.data["x"] + s))["estimate"] for s in (h, -h))
    assert found["x", ""] == pytest.approx(np.average((up - down) / (2 * h), weights=survey.weight), rel=1e-7)
    b, a = (logit.predict(survey.data.assign(z=z))["estimate"] for z in "ba")
    assert found["z", "b"] == pytest.approx(np.average(b - a, weights=survey.weight))
    linear = survey.glm("y ~ x + z").effects("x")
    assert linear.table["se"][0] == pytest.approx(survey.glm("y ~ x + z").table["se"][1])


def test_effects__stay_inside_the_range_of_a_column():
    """A spline has no value beyond its ends; the derivative there is one-sided, and that of a polynomial is a polynomial."""
    rng = np.random.default_rng(8)
    data = pd.DataFrame({"x": rng.uniform(0, 3, 60), "y": rng.normal(size=60)})
    survey = ss.Survey(data)
    found = survey.glm("y ~ bs(x, df=3)").effects("x").table
    wanted = survey.glm("y ~ poly(x, 3)").effects("x").table  # a spline without knots inside
    for column in ("estimate", "se"):
        assert found[column][0] == pytest.approx(wanted[column][0], rel=1e-7)


def test_effects__go_by_the_size_of_each_value():
    """Where a few values are a million times the others, the derivative of a logarithm at these is still 1 / x."""
    rng = np.random.default_rng(9)
    x = np.append(rng.uniform(1, 2, 60), [3e6, 1e6])
    data = pd.DataFrame({"x": x, "y": np.log(x) + rng.normal(size=62)})
    for formula, slope in (
        ("np.log(x)", 1 / x),
        ("np.log1p(x)", 1 / (1 + x)),
        ("I(x**2)", 2 * x),
        ("np.sqrt(x)", x**-0.5 / 2),
    ):
        model = ss.Survey(data).glm(f"y ~ {formula}")
        assert model.effects("x").table["estimate"][0] == pytest.approx(model.coef[1] * slope.mean(), rel=1e-8)


def test_effects_where_a_column_is_zero():
    x = np.repeat([0.0, 1, 4, 9, 1e4], 4)
    data = pd.DataFrame({"x": x, "y": np.random.default_rng(1).normal(size=20)})
    model = ss.Survey(data).glm("y ~ np.log1p(x)")
    assert model.effects("x").table["estimate"][0] == pytest.approx(model.coef[1] * (1 / (1 + x)).mean(), rel=1e-8)


def test_margins__name_large_values_in_full():
    data = pd.DataFrame({"x": [1e6, 2e6, 3e6, 4e6], "y": [1.0, 2, 2, 4]})
    found = ss.Survey(data).glm("y ~ x").margins("x", at={"x": [1234567, 1234567.25]}).table
    assert found["domain"].tolist() == ["x=1234567", "x=1234567.25"]
