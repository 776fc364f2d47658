"""Variances, Gini's coefficient and the like of a Survey: the unit of weights and the order of rows do not matter, raking does."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss

RNG = np.random.default_rng(3)
N = 300
TABLE = pd.DataFrame(
    {"y": RNG.lognormal(3, 0.8, N), "x": RNG.normal(size=N), "g": RNG.choice(list("ab"), N), "w": RNG.uniform(1, 3, N)}
)
TABLE["p"], TABLE["h"] = np.arange(N) // 5, np.arange(N) // 75
ASKED = dict.fromkeys(("variance", "sd", "gini", "share_ratio", "poverty", "quantile_ratio"), ("y",)) | {
    "covariance": ("y", "x"), "correlation": ("y", "x"), "cdf": ("y", 20.0)
}  # fmt: skip


@pytest.mark.parametrize("what", ASKED)
def test_the_unit_of_weights_and_the_order_of_rows__do_not_matter(what):
    def ask(table, factor):
        survey = ss.Survey(table.assign(w=factor * table["w"]), "w", strata="h", psu="p")
        return getattr(survey.rake({"g": {"a": factor * 320.0, "b": factor * 280.0}}), what)(*ASKED[what], by="g").table

    first = ask(TABLE, 1.0)
    for other in (ask(TABLE.sample(frac=1, random_state=1).reset_index(drop=True), 1.0), ask(TABLE, 1e4)):
        np.testing.assert_allclose(other[["estimate", "se"]], first[["estimate", "se"]], rtol=1e-9)


@pytest.mark.parametrize("what", [name for name in ASKED if name not in ("quantile_ratio", "poverty")])
def test_raked_errors__are_about_those_of_the_jackknife(what):
    """Smooth ones agree to a tenth, with so heavy tails with re-raked jackknife replicates; those of steps repeat their scores there."""
    survey = ss.Survey(TABLE, "w", strata="h", psu="p").rake({"g": {"a": 320.0, "b": 280.0}})
    linear, jack = (getattr(s, what)(*ASKED[what]).table["se"][0] for s in (survey, survey.replicates("jkn")))
    assert jack == pytest.approx(linear, rel=0.12)
