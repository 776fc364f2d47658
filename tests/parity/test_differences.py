"""What docs/reference/differences-from-r.md says: where R survey 4.1 and we differ, by how much, and where we agree (differences.R)."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from surveysim import DesignError, Survey, SurveysimWarning
from surveysim.inference.quantiles import quantile

HERE = Path(__file__).parent
EXPECTED = pd.read_csv(HERE / "differences_expected.csv")
PAGE = (HERE.parents[1] / "docs" / "reference" / "differences-from-r.md").read_text(encoding="utf-8")
BOUNDS, FULL = ["lower", "upper"], ["estimate", "lower", "upper", "se"]
G, K = {"u": 50.0, "v": 46.0, "z": 54.0}, {"p": 70.0, "q": 80.0}


def r(case):
    return EXPECTED.query("case == @case")["value"].to_numpy()


def se(e):
    return e.table["se"].to_numpy()


@cache
def data():
    i = np.arange(48)
    table = pd.DataFrame({"y": (i * 37) % 23, "x": 1 + (i * 11) % 7, "w": 1.0 + (i * 7) % 5, "h": i // 12, "c": i // 3})
    table = table.assign(g=np.array(list("uvz"))[(i * 5) % 3], k=np.array(list("pq"))[(i // 2) % 2])
    table = table.assign(b=i == 5, all=True, none=False, gap=table["k"].where(table["c"] > 0))
    return table.assign(m=(table["y"] > 15).astype("boolean").mask(i % 6 == 0))


@cache
def sample():
    return Survey(data(), weight="w", strata="h", psu="c")


def raked():
    return sample().rake({"g": G, "k": K}, tol=1e-12)


def twice():
    return sample().calibrate({"g": G}).calibrate({"x": 620.0}, tol=1e-12)


@cache
def regions():
    i = np.arange(48)
    h = np.r_[1, 2, 3 + np.arange(46) % 10]
    return pd.DataFrame({"y": (i * 37) % 23, "w": 1.0 + (i * 7) % 5, "h": h, "r": np.where(h <= 6, "A", "B")})


def test_raking__has_the_errors_of_calibrate_and_they_are_nearer_to_the_jackknife():
    ours, jackknife = se(raked().total("y"))[0], r("rake, jackknife")[0]
    assert ours == pytest.approx(r("rake as calibrate")[0], rel=1e-8)
    assert se(raked().replicates("jkn", mse=True).total("y"))[0] == pytest.approx(jackknife, rel=1e-7)
    assert abs(ours - jackknife) < 0.2 * abs(r("rake")[0] - jackknife)


def test_two_calibrations__the_jackknife_is_with_us():
    ours, jackknife = se(twice().total("y"))[0], r("two, jackknife")[0]
    assert se(twice().replicates("jkn", mse=True).total("y"))[0] == pytest.approx(jackknife, rel=1e-7)
    assert ours == pytest.approx(jackknife, rel=0.03)
    assert r("two")[0] < 0.75 * jackknife


@pytest.mark.parametrize(("ci", "case"), [("woodruff", "quantile mean"), ("beta", "quantile beta")])
def test_quantiles__where_r_has_bounds_they_are_ours_but_at_the_largest_value(ci, case):
    ours = sample().quantile("y", [0.01, 0.5, 0.99], ci=ci).table[FULL].to_numpy(dtype=float)
    theirs = r(case).reshape(3, 4)
    assert np.isfinite(ours).all()
    known = np.isfinite(theirs)
    known[2, 1:] = False  # R has a point or nothing there, ours a bound
    np.testing.assert_allclose(ours[known], theirs[known], rtol=1e-8)
    assert ours[0, 1] == data()["y"].min()
    assert ours[2, 1] < ours[2, 0] == ours[2, 2]


def test_score_intervals__hold_what_the_test_does_not_reject():
    ours = sample().quantile("y", 0.5, ci="score").table[FULL].to_numpy(dtype=float)[0]
    assert r("quantile score")[:3].tolist() == [12, 12, 14]
    assert ours[:3].tolist() == [12, 10, 14]
    assert r("quantile score refuses .02")[0] == 1
    assert np.isfinite(sample().quantile("y", 0.02, ci="score").table[FULL].to_numpy(dtype=float)).all()


def test_quantiles_of_replicates__invert_as_r_does_by_default():
    replicates = sample().replicates("jkn", mse=True)
    ours = replicates.quantile("y", 0.25).table[FULL].to_numpy(dtype=float)[0]
    inverted, spread = r("quantile replicates").reshape(2, 4)
    np.testing.assert_allclose(ours, inverted, rtol=1e-8)
    assert spread[3] != pytest.approx(inverted[3], rel=0.5)


def test_hf7__does_not_depend_on_the_order_of_rows():
    y, w = np.array([1.0, 2, 2, 3]), np.array([1.0, 1, 4, 1])
    first, second = r("hf7 in two orders")
    ours = {round(float(quantile(y[o], w[o], [0.9], "hf7")[0]), 10) for o in ([0, 1, 2, 3], [0, 2, 1, 3])}
    assert len(ours) == 1
    assert second < ours.pop() < first


@pytest.mark.parametrize("method", ["mean", "logit", "xlogit", "asin", "beta"])
def test_intervals_of_shares__agree_inside_and_are_one_sided_at_the_edges(method):
    ours = (
        sample().proportion(["b", "none", "all"], ci=method.replace("mean", "wald")).table[BOUNDS].to_numpy(dtype=float)
    )
    inside = np.clip(r(f"{method} b"), 0, 1)
    if method == "asin":  # R's lower bound is reflected at 0
        assert inside[0] > ours[0, 0] == 0
        inside[0] = 0
    np.testing.assert_allclose(ours[0], inside, rtol=1e-6, atol=1e-9)
    assert np.all(ours[1] == [0, 1 - ours[2, 0]])
    assert 0.05 < ours[1, 1] < 0.15
    for case in (f"{method} none", f"{method} all"):
        assert not np.isfinite(r(case)).all() or np.ptp(r(case)) < 1e-11


def test_missing_values__are_not_among_the_respondents_of_an_interval():
    with pytest.warns(match="8 of 'm'"):
        ours = sample().proportion("m", ci="beta").table
    assert ours["n"][0] == 40
    theirs, subset = r("beta missing").reshape(2, 2)
    np.testing.assert_allclose(ours[BOUNDS].to_numpy(dtype=float)[0], subset, rtol=1e-8)
    assert np.abs(theirs - subset).min() > 1e-4
    with pytest.warns(match="8 of 'm'"):
        np.testing.assert_allclose(
            sample().proportion("m", ci="xlogit").table[BOUNDS].to_numpy(dtype=float)[0], r("xlogit missing"), rtol=1e-8
        )


def test_degrees_of_freedom__of_a_domain_with_linearized_and_with_replicated_errors():
    part, replicates = data()["c"].isin([0, 1, 4, 5]).to_numpy(), sample().replicates("jkn", mse=True)
    linear, rank = r("degrees of a domain")
    table = replicates.replicate_weights()
    scales = {name: table.attrs[name] for name in ("scale", "rscales", "mse")}
    brought = Survey(data(), weight="w", replicate_weights=table.to_numpy(), **scales)
    found = [s.where(part).mean("y").table["df"][0] for s in (sample(), replicates, brought)]
    assert found == [linear, linear, rank] == [2, 2, 3]


def test_one_psu__is_refused_where_r_has_no_error():
    assert r("one PSU")[0] < 1e-12
    assert r("one PSU")[1] == 0
    with pytest.raises(DesignError, match="no degrees of freedom"):
        sample().where((data()["c"] == 0).to_numpy()).mean("y")


def test_independence__counts_the_psus_of_the_table():
    with pytest.warns(SurveysimWarning, match="3 of 'gap'"):
        ours = sample().independence("g", "gap")
    theirs, subset = r("independence"), r("independence of a subset")
    np.testing.assert_allclose([ours.statistic, *ours.df], subset, rtol=1e-8)
    np.testing.assert_allclose(theirs[2] / subset[2], 12 / 11, rtol=1e-12)


def test_design_effects__are_never_negative():
    small = Survey(data().assign(w=data()["w"] / 6), weight="w", strata="h", psu="c")
    mean, total, replaced = r("deff")
    assert np.isnan(mean)
    assert total < 0
    assert np.isnan(small.mean("y", deff="wor").table["deff"][0])
    assert np.isnan(small.total("y", deff="wor").table["deff"][0])
    assert small.mean("y", deff="wr").table["deff"][0] == pytest.approx(replaced, rel=1e-8)


def test_half_samples__by_another_matrix_have_the_same_error_of_totals_alone():
    j = np.arange(40)
    pairs = pd.DataFrame({"y": (j * 37) % 23, "x": 1 + (j * 11) % 7, "h": j // 4, "c": j // 2})
    s = Survey(pairs.assign(w=pairs["x"] + 1.0), weight="w", strata="h", psu="c").replicates("brr", mse=True)
    count, total, ratio, degrees = r("brr")
    assert (s.replicate_weights().shape[1], count) == (16, 12)
    assert se(s.total("y"))[0] == pytest.approx(total, rel=1e-10)
    assert s.total("y").table["df"][0] == degrees
    ours = se(s.ratio("y", "x"))[0]
    assert ours != pytest.approx(ratio, rel=1e-6)
    rng, other = np.random.default_rng(1), []  # balanced sets from strata and halves in 300 other orders
    for _ in range(300):
        again = pairs.assign(w=pairs["x"] + 1.0, h=rng.permutation(10)[pairs["h"]])
        again["c"] = 2 * again["h"] + (pairs["c"] % 2 ^ rng.integers(0, 2, 10)[pairs["h"]])
        again = again.sort_values(["h", "c"], ignore_index=True)
        other += se(Survey(again, weight="w", strata="h", psu="c").replicates("brr", mse=True).ratio("y", "x")).tolist()
    assert min(other) < min(ours, ratio) < max(ours, ratio) < max(other)


def test_lonely_psus__adjust_differs_for_totals_and_average_at_later_stages():
    adjust, average = (Survey(regions(), weight="w", strata="h", lonely_psu=p) for p in ("adjust", "average"))
    np.testing.assert_allclose(se(adjust.mean("y")), r("adjust mean"), rtol=1e-8)
    np.testing.assert_allclose(se(average.mean("y")), r("average mean"), rtol=1e-8)
    np.testing.assert_allclose(se(average.total("y")), r("average total"), rtol=1e-8)
    np.testing.assert_allclose(se(average.total("y", by="r")), r("average by region"), rtol=1e-8)
    assert se(adjust.total("y"))[0] != pytest.approx(r("adjust total")[0], rel=1e-4)
    two = pd.DataFrame({"p": [1, 1, 2, 3, 3], "u": range(5), "N": 12, "M": 8, "y": [4.0, 7, 9, 2, 4]})
    assert np.isnan(r("average, later stage")[0])
    assert se(Survey(two, psu=["p", "u"], fpc=["N", "M"], lonely_psu="average").total("y"))[0] > 0


def test_regressions__have_the_errors_of_r_where_expected_information_is_asked_for():
    survey = Survey(data().assign(up=data()["y"] > 11), weight="w", strata="h", psu="c")
    for link in ("logit", "probit", "cloglog"):
        expected, observed = (
            survey.glm("up ~ x", family="binomial", link=link, information=i) for i in ("expected", "observed")
        )
        np.testing.assert_allclose(expected.table["se"], r(link), rtol=1e-8)
        assert np.allclose(observed.table["se"], r(link), rtol=1e-8) == (link == "logit")
    jackknife = survey.replicates("jkn", mse=True).glm("up ~ x", family="binomial", link="cloglog").table["se"]
    assert (abs(jackknife - observed.table["se"]) < abs(jackknife - r("cloglog"))).all()


def test_margins__have_the_covariance_that_r_leaves_out():
    model = Survey(data().assign(up=data()["y"] > 11), weight="w", strata="h", psu="c").glm(
        "up ~ x + k", family="binomial"
    )
    full, coefficients, averaging = (model.margins("k", errors=e) for e in ("full", "coefficients", "averaging"))
    np.testing.assert_allclose(full.table["estimate"], r("margins"), rtol=1e-8)
    np.testing.assert_allclose(np.hypot(se(coefficients), se(averaging)), r("margins, errors"), rtol=1e-8)
    assert abs(se(full) / r("margins, errors") - 1).max() > 0.005


def test_a_subset__is_raked_by_r_and_refused_here():
    assert r("rake of a subset").tolist() == [0, pytest.approx(150)]
    with pytest.raises(DesignError, match="whole sample first"):
        sample().where((data()["h"] < 2).to_numpy()).rake({"g": G})


def test_the_page__shows_the_numbers_of_r():
    """Every number that the page says R gives is one of differences_expected.csv."""
    known = EXPECTED["value"].dropna().to_numpy()
    shown = [
        float(v) for line in re.findall(r"^# R: (.*)$", PAGE, re.M) for v in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", line)
    ]
    assert len(shown) > 40
    for value in shown:
        assert np.isclose(known, value, rtol=1e-3, atol=1e-6).any(), value


def test_half_samples__of_finite_populations_have_the_linearized_error_which_r_has_without_the_correction():
    j = np.arange(40)
    pairs = pd.DataFrame({"y": (j * 37) % 23, "x": 1 + (j * 11) % 7, "h": j // 4, "c": j // 2, "N": 4})
    finite = Survey(pairs.assign(w=pairs["x"] + 1.0), weight="w", strata="h", psu="c", fpc="N")
    linearized, dropped = r("brr finite")
    for made in (finite, finite.replicates("brr", mse=True), finite.replicates("fay", rho=0.3, mse=True)):
        np.testing.assert_allclose(se(made.total("y")), linearized, rtol=1e-10)
    np.testing.assert_allclose(linearized / dropped, np.sqrt(0.5), rtol=1e-10)  # two of four units in every stratum


def test_a_domain_without_weight__is_left_out_as_svyby_does():
    table = data().assign(w=data()["w"].where(data()["g"] != "z", 0.0))
    found = Survey(table, weight="w", strata="h", psu="c").total("y", by="g").table
    assert found["domain"].tolist() == ["g=u", "g=v"]
    assert [len(found)] == r("no weight by").tolist()
    assert r("no weight").tolist() == [0.0]  # asked for alone, R has a total; we say that nobody is there
    with pytest.raises(ValueError, match="no rows of weight"):
        Survey(table, weight="w", strata="h", psu="c").where(table["g"] == "z").total("y")


def test_the_page__shows_our_numbers(capsys):
    """Every number in a comment of the page's Python is one that its blocks print."""
    names, shown, number = {}, [], r"-?\d+\.?\d*(?:e-?\d+)?"
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.S | re.M):
        exec(compile(block, "differences-from-r.md", "exec"), names)
        shown += [float(v) for line in re.findall(r"# (.*)$", block, re.M) for v in re.findall(number, line)]
    printed = np.array([float(v) for v in re.findall(number, capsys.readouterr().out)])
    assert len(shown) > 30
    for value in set(shown) - {8}:  # the rows set aside, which the block does not print
        assert np.isclose(printed, value, rtol=5e-4, atol=1e-6).any(), value


def test_goodness_of_fit__has_the_effects_of_the_hypothesis():
    """R's numbers are those of its own covariance matrix at the estimates; ours follow from the matrix of the proportions."""
    effects, p = r("goodness of fit, effects"), {"u": 0.5, "v": 0.25, "z": 0.25}
    found = sample().goodness_of_fit("g", p)
    shares = sample().proportion("g").table["estimate"].to_numpy()
    pearson = 48 * np.sum((shares - list(p.values())) ** 2 / list(p.values()))
    assert found.statistic == pytest.approx(pearson / effects.sum(), rel=1e-8)
    assert found.df[0] == pytest.approx(effects.sum() ** 2 / (effects**2).sum(), rel=1e-8)
    assert r("goodness of fit")[3] < sample().goodness_of_fit("g", p).p_value


def test_standardized_means__agree_and_totals_keep_their_error():
    standard = sample().standardize("k", {"p": 40, "q": 60}, over="g")
    means, totals = standard.mean("y", by="g").table, standard.total("all", by="g")
    np.testing.assert_allclose(means[["estimate", "se"]].to_numpy().T.ravel(), r("standardized means"), rtol=1e-8)
    np.testing.assert_allclose(totals.table["estimate"], r("standardized totals")[:3], rtol=1e-8)
    np.testing.assert_allclose(r("standardized totals")[3:], 0, atol=1e-12)
    np.testing.assert_allclose(se(totals), se(sample().total("all", by="g")), rtol=1e-8)


def test_shares_of_fifths__are_smooth_where_convey_jumps():
    """Leaving out units moves shares that are filled by little, those of whole rows by much: only the former have a jackknife."""
    made = Survey(data().assign(y=data()["y"] + 1, same=1), weight="w", strata="h", psu="c")
    estimate, jackknife = r("share ratio, fifths")
    linearized, again = (m.share_ratio("y").table.iloc[0] for m in (made, made.replicates("jkn", mse=True)))
    assert [linearized["estimate"], again["estimate"], again["se"]] == pytest.approx([estimate] * 2 + [jackknife])
    assert linearized["se"] == pytest.approx(jackknife, rel=0.02)
    assert r("share ratio, rows")[1] > 2 * jackknife
    assert made.share_ratio("same").table["estimate"][0] == pytest.approx(r("share ratio, all alike")[1])
    assert r("share ratio, all alike")[0] == 0


def test_gini__is_0_where_all_have_the_same_and_convey_has_more():
    made = Survey(data().assign(y=data()["y"] + 1, same=1), weight="w", strata="h", psu="c")
    estimate, jackknife = r("gini, middle")
    linearized, again = (m.gini("y").table.iloc[0] for m in (made, made.replicates("jkn", mse=True)))
    assert [linearized["estimate"], again["se"]] == pytest.approx([estimate, jackknife])
    assert linearized["se"] == pytest.approx(jackknife, rel=0.01)
    assert made.gini("same").table["estimate"][0] == pytest.approx(0, abs=1e-12)
    assert (r("gini, convey") > [estimate, 0.01]).all()
