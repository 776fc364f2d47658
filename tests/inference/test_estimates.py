"""Tables of estimates: their errors, covariances and contrasts, and what counts as a respondent."""

import numpy as np
import pandas as pd
import pytest
from samples import sample, se
from scipy import stats

from surveysim import DataError, Survey
from surveysim.inference import scores
from surveysim.inference.estimates import estimates


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


SIX = pd.DataFrame(
    {"y": [3.0, 1, 4, 1.5, 5, 9], "g": list("uvuvuv"), "w": [1.0, 2, 3, 4, 5, 6], "z": [0.0, 0, 0, 1, 2, 0]}
)


MEANS = Survey(SIX, "w").mean("y", by="g")


@pytest.mark.parametrize(
    ("coefficients", "words"),
    [
        ([1, -1], "give {row: number}"),
        ({0: "1"}, "give {row: number}"),
        ({0: 0, 1: 0}, "at least one coefficient"),
        ({2: 1}, "row 2 is beyond the 2 estimates"),
        ({-3: 1}, "row -3 is beyond"),
        ({"y": 1}, "'y' names 2 estimates; give the position of the row, 0 to 1"),
        ({"g=w": 1}, "names 0 estimates"),
    ],
)
def test_contrasts__refuse(coefficients, words):
    with pytest.raises(DataError, match=words):
        MEANS.contrast(coefficients)


def test_contrasts__by_hand():
    made = MEANS.contrast({"g=u": 2, -1: -0.5, 0: 1}).table.iloc[0]
    mean = MEANS.table["estimate"]
    vector = np.array([3, -0.5])
    assert made["estimate"] == pytest.approx(vector @ mean)
    assert made["se"] == pytest.approx(np.sqrt(vector @ MEANS.cov @ vector))
    assert made["df"] == MEANS.table["df"].min()
    assert made["n"] == 6
    half = stats.t.ppf(0.975, made["df"]) * made["se"]
    assert (made["upper"] - made["lower"]) / 2 == pytest.approx(half)
    assert made["moe"] == pytest.approx(half)
    assert made["domain"] == "+3·[g=u] -0.5·[g=v]"
    assert MEANS.contrast({0: 1, 1: -1}, df=np.inf).table["moe"][0] == pytest.approx(
        1.959963984540054 * MEANS.contrast({0: 1, 1: -1}).table["se"][0]
    )


def test_cv__is_missing_at_0_and_positive_below():
    made = Survey(SIX.assign(m=-SIX["y"], o=0.0), "w").mean(["y", "m", "o"])
    cv = made.table["se"] / made.table["estimate"].abs()
    np.testing.assert_allclose(made.cv, [cv[0], cv[1], np.nan])


@pytest.mark.parametrize(
    ("options", "words"), [({"deff": True}, "deff = True"), ({"df": 0}, "df = 0"), ({"df": np.nan}, "df = nan")]
)
def test_estimates__refuse(options, words):
    with pytest.raises(DataError, match=words):
        Survey(SIX, "w").mean("y", **options)


def test_deff__is_the_variance_over_that_of_simple_random_sampling():
    w, y = SIX["w"], SIX["y"]
    N, n = w.sum(), 6
    s2 = n / (n - 1) * (w * (y - (w * y).sum() / N) ** 2).sum() / N
    for kind, factor in (("wr", 1.0), ("wor", 1 - n / N)):
        made = Survey(SIX, "w").mean("y", deff=kind).table.iloc[0]
        assert made["deff"] == pytest.approx(made["se"] ** 2 / (s2 / n * factor))
    assert np.isnan(Survey(SIX, "w").mean("y").table["deff"][0])


def test_deff__without_replacement_of_weights_that_are_scaled_to_n():
    """Nobody is left out but by rounding, of which design effects of 1e15 were made, in some orders of the rows."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        w = rng.uniform(1, 3, 7)
        data = pd.DataFrame({"y": rng.normal(size=7), "x": rng.uniform(1, 2, 7), "w": 7 * w / w.sum()})
        survey = Survey(data, weight="w")
        for made in (survey.mean("y", deff="wor"), survey.ratio("y", "x", deff="wor"), survey.total("y", deff="wor")):
            assert np.isnan(made.table["deff"][0])
