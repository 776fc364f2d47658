"""Predicted margins and average marginal effects are means of predictions."""

import numpy as np
import pytest


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
