"""What a stratum with one sampled unit does under "adjust": its total deviates from the mean of all units' totals of its sample."""

import itertools

import numpy as np
import pandas as pd
import pytest

from surveysim import DesignError, DualFrameSurvey, Survey, calibrate


def sample(seed=1, strata=9, n=70):
    """PSUs of several rows in strata of which some have one PSU."""
    rng = np.random.default_rng(seed)
    size = np.r_[1, 1, 1, rng.integers(2, 5, strata - 3)]
    psu = rng.integers(0, size.sum(), n)
    psu[: size.sum()] = np.arange(size.sum())
    data = pd.DataFrame({"h": np.repeat(np.arange(strata), size)[psu], "c": psu, "w": rng.uniform(1, 9, n)})
    data["y"], data["x"] = rng.gamma(2, 10, n) + 30 * (data["h"] < 3), rng.gamma(3, 1, n)
    return data.assign(g=rng.choice(list("pqr"), n), one=1.0, k=rng.choice(list("uv"), n))


def variance(z, data, fraction=0.0):
    """Σ_h n/(n-1) Σ (t - t_h)² + Σ_lonely (t - mean of all t)², from weighted scores z, written row by row."""
    t = pd.DataFrame({"z": z, "h": data["h"], "c": data["c"]}).groupby(["h", "c"])["z"].sum()
    result = 0.0
    for _, part in t.groupby(level="h"):
        n = len(part)
        off = part - (part.mean() if n > 1 else t.mean())
        result += (1 - fraction) * (n / (n - 1) if n > 1 else 1) * (off**2).sum()
    return result


def se2(estimates):
    return estimates.table["se"].to_numpy() ** 2


@pytest.mark.parametrize("fraction", [0.0, 0.25])
def test_adjust__takes_the_mean_of_all_psus_of_the_sample(fraction):
    data = sample().assign(f=fraction)
    s = Survey(data, "w", "h", "c", fpc="f" if fraction else None, lonely_psu="adjust")
    w, y = data["w"], data["y"]
    assert se2(s.total("y"))[0] == pytest.approx(variance(w * y, data, fraction), rel=1e-12)
    assert se2(s.total("one"))[0] == pytest.approx(variance(w, data, fraction), rel=1e-12)
    mean = np.average(y, weights=w)
    assert se2(s.mean("y"))[0] == pytest.approx(variance(w * (y - mean) / w.sum(), data, fraction), rel=1e-12)


def test_adjust__a_mean_is_unaffected():
    """Scores of a mean sum to 0, so that the mean of all PSUs is 0: what deviates from 0 gives the same."""
    data = sample(2)
    w, y = data["w"], data["y"]
    z = w * (y - np.average(y, weights=w)) / w.sum()
    t = z.groupby([data["h"], data["c"]]).sum()
    expected = sum(
        len(p) / (len(p) - 1) * ((p - p.mean()) ** 2).sum() if len(p) > 1 else (p**2).sum()
        for _, p in t.groupby(level=0)
    )
    assert se2(Survey(data, "w", "h", "c", lonely_psu="adjust").mean("y"))[0] == pytest.approx(expected, rel=1e-12)


def test_adjust__a_domain_total_is_that_of_the_variable_cut_to_the_domain():
    """PSUs outside the domain have totals of 0, and count in the mean that lonely ones deviate from."""
    data = sample(3)
    s = Survey(data, "w", "h", "c", lonely_psu="adjust")
    found = s.total("y", by="g", df=np.inf)
    expected = [variance(data["w"] * data["y"] * (data["g"] == g), data) for g in "pqr"]
    np.testing.assert_allclose(se2(found), expected, rtol=1e-12)
    np.testing.assert_allclose(np.diag(found.cov), expected, rtol=1e-12)
    alone = s.where((data["g"] == "q").to_numpy()).total("y", df=np.inf)
    np.testing.assert_allclose(se2(alone), expected[1], rtol=1e-12)


def with_margins(data, s):
    margins = {"k": {"u": 210.0, "v": 260.0}}
    return {
        "no calibration": s,
        "cells": s.rake(margins),
        "a number": s.calibrate({"one": 400.0, "x": 1300.0}),
        "two": s.rake(margins).calibrate({"one": 470.0, "x": 1400.0}),
        "shares": s.rake({"k": {"u": 0.4, "v": 0.6}}),
    }


@pytest.mark.parametrize("units", ["few", "many"])
@pytest.mark.parametrize("how", ["no calibration", "cells", "a number", "two", "shares"])
def test_adjust__every_path_to_a_variance_agrees(how, units):
    """Blocks of domains, one statistic at a time, and covariances, whether or not unit sums fit a table."""
    data = sample(4, n=120)
    if units == "many":  # every row its own PSU in strata of which some have one: no table of units by domains
        data = data.assign(c=np.arange(len(data)))
        data["h"] = np.where(np.arange(120) < 3, 50 + np.arange(120), data["c"] // 9)
    data = data.sample(frac=1, random_state=1).reset_index(drop=True)
    s = with_margins(data, Survey(data, "w", "h", "c", lonely_psu="adjust"))[how]
    e = s.total("y", by="g", df=np.inf)
    (item,) = e.items
    singly = s.design.variances([part.score for part in item.statistics()])
    np.testing.assert_allclose(s.design.block_variances(item), singly, rtol=1e-10)
    np.testing.assert_allclose(np.diag(e.cov), singly, rtol=1e-10)
    np.testing.assert_allclose(se2(e), singly, rtol=1e-10)
    if how == "no calibration":
        expected = [variance(data["w"] * data["y"] * (data["g"] == g), data) for g in "pqr"]
        np.testing.assert_allclose(singly, expected, rtol=1e-10)


def test_adjust__of_calibrated_totals_goes_by_the_residuals():
    data = sample(5)
    cal = calibrate(data, {"one": 400.0, "x": 1300.0}, weight="w")
    X, w = data[["one", "x"]].to_numpy(), data["w"].to_numpy()
    beta = np.linalg.solve((X * w[:, None]).T @ X, (X * w[:, None]).T @ data["y"])
    residual = cal.weight * (data["y"] - X @ beta)
    s = Survey(data, cal, "h", "c", lonely_psu="adjust")
    assert se2(s.total("y"))[0] == pytest.approx(variance(residual, data), rel=1e-10)


def test_adjust__two_frames_have_a_mean_each():
    parts = []
    for seed, own in ((6, "a"), (7, "b")):
        data = sample(seed)
        data["overlap"] = np.where(np.arange(len(data)) % 3 == 0, own, "ab")
        parts.append((data, Survey(data, "w", "h", "c", lonely_psu="adjust")))
    dual = DualFrameSurvey(parts[0][1], parts[1][1]).total("y", theta=0.5)
    expected = sum(variance(d["w"] * d["y"] * np.where(d["overlap"] == "ab", 0.5, 1.0), d) for d, _ in parts)
    assert se2(dual)[0] == pytest.approx(expected, rel=1e-12)
    assert dual.cov[0, 0] == pytest.approx(expected, rel=1e-12)


def test_adjust__at_a_later_stage_takes_all_units_of_that_stage():
    """The one unit of a PSU has no others there to deviate from, so the mean is that over all PSUs."""
    data = pd.DataFrame(
        {
            "p": [1, 1, 1, 2, 3, 3],
            "u": [1, 1, 2, 3, 4, 5],
            "N": 12,
            "M": [8, 8, 8, 5, 8, 8],
            "y": [3.0, 1, 7, 9, 2, 4],
            "w": 2.0,
        }
    )
    s = Survey(data, "w", psu=["p", "u"], fpc=["N", "M"], lonely_psu="adjust")
    first, second = np.array([22.0, 18, 12]), np.array([8.0, 14, 18, 4, 8])
    between = 3 / 2 * (1 - 3 / 12) * ((first - first.mean()) ** 2).sum()
    within = 2 * (1 - 2 / 8) * (2 * 3.0**2 + 2 * 2.0**2) + (1 - 1 / 5) * (18 - second.mean()) ** 2
    assert se2(s.total("y"))[0] == pytest.approx(between + 3 / 12 * within, rel=1e-12)
    assert s.total("y").cov[0, 0] == pytest.approx(between + 3 / 12 * within, rel=1e-12)
    scores = 2 * (data["y"] - data["y"].mean()) / 12
    t1, t2 = (scores.groupby(data[c]).sum().to_numpy() for c in ("p", "u"))
    inside = 2 * 0.75 * (((t2[:2] - t2[:2].mean()) ** 2).sum() + ((t2[3:] - t2[3:].mean()) ** 2).sum())
    expected = 3 / 2 * 0.75 * (t1**2).sum() + 0.25 * (inside + 0.8 * t2[2] ** 2)
    assert se2(s.mean("y"))[0] == pytest.approx(expected, rel=1e-12)  # as with deviations from 0


def test_adjust__of_unequal_probabilities():
    """Brewer's variance with a stratum of one: (1 - π) (z - mean of all)² more."""
    data = pd.DataFrame({"h": [1, 1, 1, 2], "pi": [0.2, 0.4, 0.3, 0.5], "y": [2.0, 5, 4, 9]})
    z = data["y"] / data["pi"]
    rest = z[:3] - z[:3].mean()
    expected = 3 / 2 * ((1 - data["pi"][:3]) * rest**2).sum() + 0.5 * (z[3] - z.mean()) ** 2
    s = Survey(data, probability="pi", pps="brewer", strata="h", lonely_psu="adjust")
    assert se2(s.total("y"))[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.statistical
def test_adjust__is_somewhat_conservative():
    """2,000 samples of twelve strata alike, two of them with one PSU: the estimated variance of a total is 1.1 times the true
    one, for what strata differ by; deviations from 0 made it 7 times."""
    rng = np.random.default_rng(3)
    h = np.repeat(np.arange(12), [1, 1, *[3] * 10])
    level, found = rng.normal(50, 3, 12), []
    for _ in range(2000):
        data = pd.DataFrame({"h": h, "w": 3.0, "y": level[h] + rng.normal(0, 5, len(h))})
        row = Survey(data, "w", "h", lonely_psu="adjust").total("y").table.iloc[0]
        found.append((row["estimate"], row["se"] ** 2))
    estimate, v = np.array(found).T
    assert 1 < v.mean() / estimate.var(ddof=1) < 1.3


def test_policies__differ_only_where_a_stratum_is_lonely():
    data = sample(8)
    data = data[data["h"] > 2]
    first, *others = (
        se2(Survey(data, "w", "h", "c", lonely_psu=p).total(["y", "x"]))
        for p in ("fail", "adjust", "average", "remove", "certainty")
    )
    for one, other in itertools.product([first], others):
        np.testing.assert_allclose(one, other, rtol=1e-12)


# ------------------------------------------------------------------------------------------------------------ "average"
def regions():
    """Twelve strata, 1 and 2 with one PSU; region A is 1 to 6, B the others; g goes across. R survey 4.1 by the lines below:

    i <- 0:47; d <- data.frame(y = (i * 37) %% 23, w = 1 + (i * 7) %% 5, h = c(1, 2, rep(3:12, length.out = 46)))
    d$r <- ifelse(d$h <= 6, "A", "B"); d$g <- c("u", "v", "z")[1 + (i * 5) %% 3]
    options(survey.lonely.psu = "average"); s <- svydesign(id = ~1, strata = ~h, weights = ~w, data = d)
    SE(svytotal(~y, s)); SE(svyby(~y, ~r, s, svytotal)); SE(svyby(~y, ~g, s, svytotal)); SE(svyby(~y, ~r, s, svymean))
    """
    i = np.arange(48)
    h = np.r_[1, 2, 3 + np.arange(46) % 10]
    data = pd.DataFrame({"y": (i * 37) % 23, "w": 1.0 + (i * 7) % 5, "h": h, "g": np.array(list("uvz"))[(i * 5) % 3]})
    return data.assign(r=np.where(h <= 6, "A", "B"), one=1.0)


def test_average__counts_the_strata_a_domain_has_rows_in():
    s = Survey(regions(), "w", "h", lonely_psu="average")
    found = [s.total("y"), s.total("y", by="r"), s.total("y", by="g"), s.mean("y", by="r")]
    expected = [[115.5422], [78.36453, 83.85106], [167.2804, 163.5787, 150.8694], [1.224446, 1.048138]]
    for e, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(e.table["se"], right, rtol=1e-6)
        np.testing.assert_allclose(np.sqrt(np.diag(e.cov)), right, rtol=1e-6)
    assert s.where((regions()["r"] == "B").to_numpy()).total("y").table["se"][0] == pytest.approx(83.85106, rel=1e-6)
    assert s.quantile("y", 0.5, by="r").contrast({0: 1, 1: -1}).table["se"][0] > 0


def test_average__after_calibration_reaches_every_stratum():
    """Residuals are in all strata, so that a domain's factor is that of the sample; a partition's stays inside it."""
    data = regions()
    s = Survey(data, "w", "h", lonely_psu="average")
    free = Survey(data, "w", "h", lonely_psu="remove")
    totals = {"g": {"u": 50.0, "v": 50.0, "z": 44.0}}
    for make, factor in (
        (lambda s: s.rake(totals), [12 / 10, 12 / 10]),
        (lambda s: s.rake({"A": totals, "B": totals}, by="r"), [6 / 4, 1]),
    ):
        first, second = (se2(make(x).total("y", by="r")) for x in (s, free))
        np.testing.assert_allclose(first / second, factor, rtol=1e-9)


def test_average__of_a_domain_with_lonely_strata_alone_is_refused():
    data = regions()
    data["few"] = np.where(data["h"] <= 2, "few", "rest")
    with pytest.raises(DesignError, match="all 2 strata in which a domain has rows have one PSU"):
        Survey(data, "w", "h", lonely_psu="average").total("y", by="few", df=9)


@pytest.mark.statistical
def test_average__is_right_in_regions_with_and_without_lonely_strata():
    """2,000 samples of twelve strata alike, two of six lonely in region A and none in B: the estimated variances of the regions'
    totals over the true ones, which factors of the whole sample made 0.8 and 1.2."""
    rng = np.random.default_rng(3)
    h = np.repeat(np.arange(12), [1, 1, *[3] * 10])
    w, sd = np.where(h < 2, 3.0, 1.0), np.where(h < 2, 5 / np.sqrt(3), 5.0)
    level, found = rng.normal(50, 3, 12), []
    for _ in range(2000):
        data = pd.DataFrame({"h": h, "r": np.where(h < 6, "A", "B"), "w": w, "y": level[h] + rng.normal(0, sd)})
        t = Survey(data, "w", "h", lonely_psu="average").total("y", by="r").table
        found.append((*t["estimate"], *t["se"] ** 2))
    estimate, v = np.array(found).reshape(2000, 2, 2).transpose(1, 0, 2)
    np.testing.assert_allclose(v.mean(axis=0) / estimate.var(axis=0, ddof=1), 1, atol=4 * np.sqrt(2 / 2000))
