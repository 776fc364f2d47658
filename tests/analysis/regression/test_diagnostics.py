"""Residuals, influence, pseudo-R²."""

import numpy as np
import pytest


def test_residuals_and_influence(survey, logit):
    w, y, mu = survey.weight, survey.data["yes"].to_numpy(dtype=float), logit.predict()["estimate"].to_numpy()
    assert logit.residuals() == pytest.approx(y - mu)
    assert logit.residuals("pearson") == pytest.approx((y - mu) / np.sqrt(mu * (1 - mu)))
    assert logit.residuals("working") == pytest.approx((y - mu) / (mu * (1 - mu)))
    full = 2 * w @ -np.log(np.where(y == 1, mu, 1 - mu))
    assert w @ logit.residuals("deviance") ** 2 == pytest.approx(full)
    p = np.average(y, weights=w)
    null = 2 * w @ -np.log(np.where(y == 1, p, 1 - p))
    assert logit.pseudo_r2["mcfadden"] == pytest.approx(1 - full / null)
    moved = logit.influence()
    assert moved["leverage"].sum() == pytest.approx(len(logit.names))
    without = survey.where(np.arange(400) != 7).glm("yes ~ x + z + x:z", family="binomial").coef
    assert moved.iloc[7, 1:].to_numpy(dtype=float) == pytest.approx(logit.coef - without, rel=0.1, abs=2e-3)
    assert survey.glm("y ~ x").pseudo_r2["r2"] == pytest.approx(
        np.corrcoef(survey.data["x"], survey.data["y"])[0, 1] ** 2, rel=0.2
    )
