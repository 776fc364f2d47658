"""Tables of estimates: their errors, covariances and contrasts, and what counts as a respondent."""

import numpy as np
import pandas as pd
import pytest

from surveysim import Survey
from surveysim.estimation import scores
from surveysim.estimation.estimates import estimates


def se(e):
    return e.to_frame()["se"].to_numpy()


def sample(seed=1, n=200):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "a": rng.choice(list("uv"), n),
            "b": rng.choice(list("kl"), n),
            "w": rng.uniform(1, 30, n),
            "p": np.arange(n) // 5,
        }
    )
    return data.assign(y=rng.normal(10, 2, n) + 3 * (data["a"] == "u") + 5 * (data["b"] == "k"))


def test_scaled_rows__have_scaled_covariances_and_contrasts():
    data = sample()
    s = Survey(data, weight="w", psu="p")
    item = scores.block(
        s.weight, (data["b"] == "k").to_numpy(), scores.NONE, pd.factorize(data["a"])[0].astype(np.int32), ["1", "2"]
    )
    e = estimates(s.design, [item], [("proportion", "b", "k", d) for d in "12"], ci="logit", scale=np.full(2, 100.0))
    np.testing.assert_allclose(np.sqrt(np.diag(e.cov)), se(e))
    one = e.contrast({0: 1}).to_frame().iloc[0]
    np.testing.assert_allclose(
        one[["estimate", "se"]].astype(float), e.to_frame().iloc[0][["estimate", "se"]].astype(float)
    )


def test_contrast_of_a_contrast__with_replicates():
    e = Survey(sample(), weight="w", psu="p").replicates("jk1").mean("y", by="a").contrast({0: 1, 1: -1})
    assert se(e.contrast({0: 2}))[0] == pytest.approx(2 * se(e)[0])


def test_zero_weights__are_no_interviews():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"y": rng.normal(size=60), "w": rng.uniform(1, 3, 60)})
    data.loc[30:, "w"] = 0.0
    for deff in ("wr", "wor"):
        whole, part = (Survey(d, weight="w").mean("y", deff=deff).to_frame().iloc[0] for d in (data, data[:30]))
        # the other 30 rows are still units of the design, as in R survey, so the variance differs by n/(n-1) alone
        assert whole["n"] == 30
        assert whole["deff"] == pytest.approx(part["deff"] * (60 / 59) / (30 / 29), rel=1e-9)
