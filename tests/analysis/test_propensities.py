"""Derivatives of statistics of propensities, by weight and by propensity, against small steps."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from surveysim.analysis.propensities import Cells, variables

STEP = 1e-6


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"sex": rng.choice(list("fm"), 300), "age": rng.choice(list("abc"), 300)})
    inside = np.ones(300, bool)
    cells = Cells.of(
        variables(table, ["sex", "age"], inside), rng.random(300) < 0.3 + 0.3 * (table["sex"] == "f").to_numpy(), inside
    )
    return cells.fitted(rng.gamma(3, 1, 300))


STATISTICS = {
    "average": lambda f: f.average(),
    "variance": lambda f: f.variance(),
    "relative": lambda f: f.relative(),
    "level": lambda f: f.level(1, 2),
    "between": lambda f: f.between(1),
    "within": lambda f: f.within(0),
    "within a level": lambda f: f.within(1, 1),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_derivatives__are_those_of_small_steps(fit, name):
    value, by_weight, by_propensity = STATISTICS[name](fit)
    for c in range(len(fit.rho)):
        more = np.where(np.arange(len(fit.rho)) == c, STEP, 0.0)
        heavier = STATISTICS[name](replace(fit, size=fit.size + more))[0]
        assert (heavier - value) / STEP == pytest.approx(by_weight[c], rel=1e-3, abs=1e-7)
        likelier = STATISTICS[name](replace(fit, rho=fit.rho + more))[0]
        assert (likelier - value) / STEP == pytest.approx(fit.size[c] * by_propensity[c], rel=1e-3, abs=1e-7)
