"""Regression: by hand, by nudging every row, then the library's coefficients, errors and margins."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from naive import adjusted, designs, regression, variance

pytestmark = pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")
KINDS = [
    ("gaussian", "identity"),
    ("gaussian", "log"),
    ("binomial", "logit"),
    ("binomial", "probit"),
    ("binomial", "cloglog"),
    ("poisson", "log"),
    ("ordinal", "logit"),
    ("ordinal", "probit"),
    ("ordinal", "cloglog"),
]


def test_fit__by_hand():
    # two groups of two: means 2 and 5; odds 1 and 3 to 1 of weights
    x = [[1, 0], [1, 0], [1, 1], [1, 1]]
    model = {"family": "gaussian", "link": "identity", "x": x, "y": [1, 3, 4, 6]}
    assert regression.fit(model, [1, 1, 1, 1]) == pytest.approx([2, 3])
    assert regression.scores(model, [1, 1, 1, 1], [2, 3]) == pytest.approx(
        np.array([[-0.5, 0.5, 0, 0], [0.5, -0.5, -0.5, 0.5]])
    )
    model = {"family": "binomial", "link": "logit", "x": x, "y": [0, 1, 0, 1]}
    assert regression.fit(model, [1, 1, 1, 3]) == pytest.approx([0, np.log(3)])


def problem(seed, family, link, n=None):
    """A model, its table for the library, and what is asked."""
    rng = np.random.default_rng(seed)
    design = designs.random_design(rng, lonely="remove", stages=int(rng.integers(0, 3)), n_max=9)
    design["weight"] = [min(max(w, 0.3), 30.0) if w else 0.0 for w in design["weight"]]
    n = len(design["weight"])
    x, z = rng.normal(0, 0.7, n).round(2), rng.choice(["a", "b", "c"], n)
    known = rng.random(n) > 0.05
    base = 0.5 * x + 0.4 * (z == "b")
    noise = rng.normal(0, 1, n)
    y = {
        "gaussian": lambda: np.exp(base / 2) + 0.3 * noise if link == "log" else base + noise,
        "binomial": lambda: (base + 1.5 * noise > 0).astype(float),
        "poisson": lambda: rng.poisson(np.exp(base)).astype(float),
        "ordinal": lambda: np.digitize(base + noise, [-0.6, 0.5]).astype(float),
    }[family]()
    if link == "log" and family == "gaussian":
        y = np.abs(y) + 0.1
    constant = [] if family == "ordinal" else [1.0]
    columns = [[*constant, x[k], float(z[k] == "b"), float(z[k] == "c")] for k in range(n)]
    model = {"family": family, "link": link, "x": columns, "y": y.tolist()}
    table = {"y": y, "x": np.where(known, x, np.nan), "z": z}
    if seed % 2:
        model["offset"] = (0.1 * rng.integers(0, 4, n)).tolist()
        table["o"] = model["offset"]
    return design, model, table, known


def asked(survey, model):
    offset = {"offset": "o"} if "offset" in model else {}
    return survey.glm("y ~ x + z", family=model["family"], link=model["link"], **offset)


@pytest.mark.parametrize(("family", "link"), KINDS)
def test_models__as_the_library(family, link):
    compared = 0
    for seed in range(14):
        design, model, table, known = problem(seed, family, link)
        columns, options = designs.as_arguments(design, table)
        w = [v if k else 0.0 for v, k in zip(design["weight"], known, strict=True)]
        if sum(v > 0 for v in w) < 25:
            continue
        try:
            found = asked(ss.Survey(pd.DataFrame(columns), **options), model)
        except ss.SurveysimError:  # too few rows for the model, or separated
            continue
        beta = regression.fit(model, w, start=found.coef)
        assert found.coef == pytest.approx(beta, rel=1e-8, abs=1e-9), seed
        score = regression.scores(model, w, beta)
        full = [list(s) for s in score]
        expected = [variance.variance(s, design) for s in full]
        assert np.diag(found.cov) == pytest.approx(expected, rel=2e-7, abs=1e-14), seed
        compared += 1
    assert compared >= 5


@pytest.mark.parametrize(
    ("family", "link"), [("binomial", "logit"), ("binomial", "probit"), ("poisson", "log"), ("ordinal", "logit")]
)
def test_scores__as_nudging_each_row(family, link):
    """Nudged base weights, raked and fitted again, move every coefficient as its linearized score says; of margins too."""
    rng = np.random.default_rng(5)
    n = 40
    x, z, sex = rng.normal(size=n).round(2), rng.choice(["a", "b"], n), np.array(list("fm") * (n // 2))
    noise = rng.normal(size=n)
    y = {
        "binomial": 0.4 * x + noise > 0,
        "poisson": rng.poisson(np.exp(0.3 * x)),
        "ordinal": np.digitize(0.5 * x + noise, [-0.5, 0.6]),
    }[family]
    y = np.asarray(y, float)
    base = rng.lognormal(0, 0.4, n)
    table = pd.DataFrame({"x": x, "z": z, "y": y, "sex": sex, "w": base})
    totals = {"f": 30.0, "m": 25.0}

    def weighed(w):
        return np.concatenate([[totals[sex[k]] * w[k] / w[sex == sex[k]].sum()] for k in range(n)])

    s = ss.Survey(table, weight="w").poststratify({"sex": totals})
    model = s.glm("y ~ x + z", family=family, link=link)
    nudged = adjusted.infinitesimal(model.item.again, weighed, base, nudge=1e-3)
    passed = s.design.adjusted(np.array(model.item.score))[0] * s.design.carried
    np.testing.assert_allclose(passed.T, nudged, rtol=1e-4, atol=1e-6)
    for estimates in (model.margins("z"), model.effects()):
        (item,) = estimates.items
        nudged = adjusted.infinitesimal(item.again, weighed, base, nudge=1e-3)
        passed = s.design.adjusted(np.array(item.score))[0] * s.design.carried
        np.testing.assert_allclose(passed.T, nudged, rtol=1e-4, atol=1e-6)


def test_errors__near_a_jackknife_that_rakes_and_fits_again():
    rng = np.random.default_rng(3)
    n, units = 1200, 60
    psu = np.repeat(np.arange(units), n // units)
    table = pd.DataFrame(
        {"x": rng.normal(size=n), "sex": rng.choice(["f", "m"], n), "psu": psu, "w": rng.lognormal(0, 0.3, n)}
    )
    table["y"] = (rng.random(n) < 1 / (1 + np.exp(-0.5 * table["x"] + 0.3 * rng.normal(size=units)[psu]))).astype(float)
    s = ss.Survey(table, weight="w", psu="psu").rake({"sex": {"f": 700.0, "m": 650.0}})
    linear, repeated = (
        [d.glm("y ~ x + sex", family="binomial", link=link) for link in ("logit", "probit")]
        for d in (s, s.replicates("jk1", mse=True))
    )
    for one, other in zip(linear, repeated, strict=True):
        assert one.table["se"].to_numpy() == pytest.approx(other.table["se"].to_numpy(), rel=0.02)
        assert one.margins("sex").table["se"].to_numpy() == pytest.approx(
            other.margins("sex").table["se"].to_numpy(), rel=0.02
        )
        assert one.effects().table["se"].to_numpy() == pytest.approx(other.effects().table["se"].to_numpy(), rel=0.03)
