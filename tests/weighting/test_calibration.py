"""Calibration in general: KKT conditions, textbook values, refusals; poststratification; trimming."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from surveysim import CalibrationError, DataError, Survey, calibrate, poststratify, rake, trim_weights
from surveysim.kernels import newton
from surveysim.weighting import solver
from surveysim.weighting.distances import METHODS as METHOD_NAMES
from surveysim.weighting.distances import Distance

METHODS = [("linear", None), ("raking", None), ("logit", (0.3, 3.0)), ("truncated", (0.4, 2.5)), ("raking", (0.4, 2.5))]


def table(seed, n=150):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {"a": rng.choice(list("pq"), n), "b": rng.choice(list("xyz"), n), "income": rng.gamma(3, 10, n)}
    )
    data["w"] = rng.lognormal(1, 0.4, n)
    truth = data["w"] * np.exp(rng.normal(0, 0.15, n))
    totals = {name: truth.groupby(data[name]).sum().to_dict() for name in "ab"} | {
        "income": float(truth @ data["income"])
    }
    return data, totals


@pytest.mark.filterwarnings("ignore:.*calibrated weights are negative")
@pytest.mark.parametrize(("method", "bounds"), METHODS)
@given(seed=st.integers(0, 10**6))
@example(seed=858)  # once stalled where the dual is flat to rounding
@settings(deadline=None, max_examples=15)
def test_calibrate__meets_totals_and_bounds_and_the_kkt_conditions(method, bounds, seed):
    """g = F(x'λ) for one λ: the inverse of F of g, where it is inside the bounds, is linear in x."""
    data, totals = table(seed)
    cal = calibrate(data, totals, weight="w", method=method, bounds=bounds, tol=1e-11)
    for name in "ab":
        achieved = pd.Series(cal.weight).groupby(data[name]).sum()
        np.testing.assert_allclose(achieved[list(totals[name])], list(totals[name].values()), rtol=1e-9)
    assert cal.weight @ data["income"] == pytest.approx(totals["income"], rel=1e-9)
    if bounds:
        assert cal.g.min() >= bounds[0] - 1e-12
        assert cal.g.max() <= bounds[1] + 1e-12
    inside = (
        np.ones(len(data), bool)
        if bounds is None or method == "logit"
        else (cal.g > bounds[0] + 1e-9) & (cal.g < bounds[1] - 1e-9)
    )
    low, up = bounds or (0, 0)
    u = {
        "linear": lambda g: g - 1,
        "truncated": lambda g: g - 1,
        "raking": np.log,
        "logit": lambda g: np.log((g - low) * (up - 1) / ((up - g) * (1 - low))),
    }[method](cal.g)
    x = np.column_stack([pd.get_dummies(data[["a", "b"]]).to_numpy(float), data["income"]])[inside]
    residual = u[inside] - x @ np.linalg.lstsq(x, u[inside], rcond=None)[0]
    assert np.abs(residual).max() < 1e-9


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_distances__slope_is_that_of_the_ratio(method):
    d = Distance.of(method, None if method in ("linear", "raking") else (0.4, 2.5))
    u = np.array([-2.0, -0.7, -0.1, 0.0, 0.3, 0.8, 2.2])

    def ratio(u):
        return tuple(np.transpose([newton.ratio(d.kernel, one) for one in u.tolist()]))

    g, slope = ratio(u)
    h = 1e-6
    np.testing.assert_allclose(slope, (ratio(u + h)[0] - ratio(u - h)[0]) / (2 * h), atol=1e-5)
    assert g[3] == 1
    assert slope[3] == pytest.approx(1)


def test_linear__is_the_regression_estimator():
    """GREG by hand: weights d (1 + x' (X'dX)^-1 (T - X'd)); Särndal, Swensson & Wretman (1992), section 6.5."""
    data = pd.DataFrame({"x": [1.0, 2.0, 4.0], "one": 1.0})
    cal = calibrate(data, {"one": 33.0, "x": 80.0}, weight=[10.0, 10.0, 10.0])
    X = np.array([[1.0, 1], [1, 2], [1, 4]])
    lam = np.linalg.solve(10 * X.T @ X, np.array([33.0, 80.0]) - 10 * X.sum(axis=0))
    np.testing.assert_allclose(cal.weight, 10 * (1 + X @ lam))


def test_raking_method__is_raking():
    data, totals = table(5)
    margins = {k: totals[k] for k in "ab"}
    np.testing.assert_allclose(
        calibrate(data, margins, weight="w", method="raking", tol=1e-12).weight,
        rake(data, margins, weight="w", tol=1e-12).weight,
        rtol=1e-9,
    )


def test_partitions__are_a_loop_of_separate_solves():
    data, _ = table(6, 300)
    totals = {
        p: {"b": {level: 100.0 + i for i, level in enumerate("xyz")}, "income": 9500.0 + 200 * k}
        for k, p in enumerate("pq")
    }
    together = calibrate(data, totals, weight="w", by="a", method="raking", tol=1e-12)
    for p in "pq":
        part = data[data["a"] == p]
        np.testing.assert_allclose(
            together.weight[(data["a"] == p).to_numpy()],
            calibrate(part, totals[p], weight="w", method="raking", tol=1e-12).weight,
            rtol=1e-10,
        )


def test_scale_factors__large_q_moves_more():
    data = pd.DataFrame({"x": [1.0, 1.0], "q": [1.0, 3.0]})
    np.testing.assert_allclose(calibrate(data, {"x": 24.0}, weight=[10.0, 10.0], q="q").weight, [11.0, 13.0])


def test_cluster__gives_one_g_per_household_and_meets_the_totals():
    """Lemaître & Dufour: as calibrating households with the sums of their members, R survey's aggregate.stage."""
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"hh": np.repeat(np.arange(40), rng.integers(1, 5, 40))})
    data["sex"] = rng.choice(list("mf"), len(data))
    data["x"] = rng.gamma(2, 3, len(data))
    data["w"] = np.repeat(rng.lognormal(0, 0.3, 40), np.bincount(data["hh"]))
    totals = {"sex": {"m": 60.0, "f": 65.0}, "x": 800.0}
    cal = calibrate(data, totals, weight="w", method="raking", cluster="hh", tol=1e-11)
    assert (pd.Series(cal.g).groupby(data["hh"]).nunique() == 1).all()
    assert cal.weight @ data["x"] == pytest.approx(800)
    sums = pd.get_dummies(data["sex"]).astype(float).assign(x=data["x"]).groupby(data["hh"]).sum()
    size = data.groupby("hh").size()
    linear = calibrate(data, totals, weight="w", cluster="hh", tol=1e-12)
    d = data.groupby("hh")["w"].first()
    X = (sums[["m", "f", "x"]]).to_numpy()
    scale = (d / size).to_numpy()  # d_c = d × size, x_c = sum / size
    lam = np.linalg.solve((X * scale[:, None]).T @ X, np.array([60.0, 65.0, 800.0]) - d.to_numpy() @ X)
    np.testing.assert_allclose(linear.g, (1 + (X / size.to_numpy()[:, None]) @ lam)[data["hh"]], rtol=1e-9)
    with pytest.raises(DataError, match="initial weights differ inside 1 clusters"):
        calibrate(data, totals, weight=data["w"] + (data.index == 0), cluster="hh")


def test_extreme__lists_the_largest_weights():
    data, totals = table(9)
    cal = calibrate(data, totals, weight="w")
    top = cal.extreme(3)
    assert top["weight"].is_monotonic_decreasing
    assert top["weight"].iloc[0] == cal.weight.max()
    assert cal.effective_n == pytest.approx(len(data) / cal.deff_kish)


def test_poststratify__by_hand_and_crossed():
    data = pd.DataFrame({"a": list("ppq"), "b": list("xyx"), "w": [1.0, 3.0, 2.0]})
    np.testing.assert_allclose(poststratify(data, {"a": {"p": 8, "q": 5}}, weight="w").weight, [2, 6, 5])
    crossed = poststratify(data, {("a", "b"): {("p", "x"): 4, ("p", "y"): 9, ("q", "x"): 1}}, weight="w")
    np.testing.assert_allclose(crossed.weight, [4, 9, 1])


def test_trim_weights__by_hand():
    """Cut 10 to 5; the excess 5 goes to the two others as 2.5 each. strict goes on until nothing is outside."""
    np.testing.assert_allclose(trim_weights([1.0, 2.0, 10.0], upper=5), [3.5, 4.5, 5])
    weight = np.array([1.0, 4.0, 10.0, 1.0])
    once, strictly = trim_weights(weight, upper=5), trim_weights(weight, upper=5, strict=True)
    assert once.max() > 5
    assert strictly.max() <= 5
    assert once.sum() == pytest.approx(16)
    assert strictly.sum() == pytest.approx(16)
    assert list(weight) == [1, 4, 10, 1]


DATA = pd.DataFrame({"sex": list("mfmf"), "age": list("yyoo"), "x": [1.0, 2, 3, 4]})
WRONG = {
    "contradiction": (
        lambda: calibrate(DATA, {"sex": {"m": 6, "f": 4}, "age": {"y": 7, "o": 4}}),
        "contradict each other",
    ),
    "no positive weights": (
        lambda: calibrate(DATA, {"x": 100.0, "sex": {"m": 2, "f": 2}}, method="raking"),
        "must give way",
    ),
    "level without respondents": (lambda: calibrate(DATA, {"sex": {"m": 2, "f": 1, "d": 1}}), "no respondents"),
    "level without total": (lambda: calibrate(DATA, {"sex": {"m": 2}}), "no total"),
    "text with one total": (lambda: calibrate(DATA, {"sex": 5.0}), "not numeric"),
    "missing number": (lambda: calibrate(DATA.assign(x=[1, np.nan, 3, 4]), {"x": 5.0}), "missing or infinite in 1"),
    "bad bounds": (lambda: calibrate(DATA, {"x": 5.0}, method="logit", bounds=(1.2, 3)), "lower < 1 < upper"),
    "bounds needed": (lambda: calibrate(DATA, {"x": 5.0}, method="logit"), "needs bounds"),
    "bad method": (lambda: calibrate(DATA, {"x": 5.0}, method="best"), "choose one of"),
    "bad q": (lambda: calibrate(DATA, {"x": 5.0}, q=[1, 1, 0, 1]), "above 0"),
    "infinite total": (lambda: calibrate(DATA, {"x": np.inf}), "finite"),
    "two entries": (lambda: poststratify(DATA, {"sex": {"m": 1, "f": 1}, "age": {"y": 1, "o": 1}}), "one entry"),
    "empty table": (lambda: calibrate(DATA.iloc[:0], {"x": 1.0}), "no rows"),
    "trim to nothing": (lambda: trim_weights([1.0, 2.0], upper=1.2), "cannot sum"),
    "trim crossed": (lambda: trim_weights([1.0, 2.0], lower=3, upper=2), "above upper"),
    "a word for a total": (lambda: calibrate(DATA, {"x": "much"}), "no number"),
    "one bound": (lambda: calibrate(DATA, {"x": 5.0}, bounds=3), "a pair"),
    "covariance of the wrong size": (lambda: calibrate(DATA, {"x": 5.0}, covariance=np.eye(2)), "these are 1 totals"),
    "covariance that is none": (
        lambda: calibrate(DATA, {"x": 9.0, "sex": {"m": 2, "f": 2}}, covariance=-np.eye(3)),
        "positive semidefinite",
    ),
    "covariance without a level": (
        lambda: calibrate(DATA, {"m": {"x": 4.0}, "f": {"x": 6.0}}, by="sex", covariance={"m": [[1.0]]}),
        "sex 'f'",
    ),
    "trim NaN": (lambda: trim_weights([1.0, np.nan], upper=2), "1 of 2 numbers are missing or infinite"),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_never_silently_wrong(case):
    make, message = WRONG[case]
    with pytest.raises((CalibrationError, DataError), match=message):
        make()


def test_covariance__one_total_by_hand():
    """w = d(1 + xλ), λ = (T - Σdx) / (Σdx² + V/κ), κ = Σd²/Σd: between the sample's total and the control, by their variances."""
    data, d, V = pd.DataFrame({"x": [1.0, 2.0, 4.0]}), np.array([10.0, 12.0, 8.0]), 900.0
    x, kappa = data["x"].to_numpy(), np.sum(d**2) / np.sum(d)
    lam = (80 - d @ x) / (d @ x**2 + V / kappa)
    cal = calibrate(data, {"x": 80.0}, weight=d, covariance=[V], tol=1e-13)
    np.testing.assert_allclose(cal.weight, d * (1 + x * lam), rtol=1e-12)
    np.testing.assert_allclose(calibrate(data, {"x": 80.0}, weight=d, covariance=[[V]], tol=1e-13).weight, cal.weight)
    beta = (d * x) @ x / (d @ x**2 + V / kappa)  # of y = x: what a unit of error in the control does to its total
    score = cal.weight * (x - beta * x)
    found = Survey(data, weight=cal).total("x").to_frame()["se"][0]
    assert found**2 == pytest.approx(3 / 2 * np.sum((score - score.mean()) ** 2) + beta**2 * V)


@pytest.mark.parametrize(("method", "bounds"), [("linear", None), ("raking", None), ("logit", (0.2, 4))])
def test_covariance__goes_from_the_exact_calibration_to_none(method, bounds):
    data, totals = table(12)
    options = {"weight": "w", "method": method, "bounds": bounds, "tol": 1e-11}
    exact = calibrate(data, totals, **options)
    size = 6
    order = {"income": totals["income"], "b": totals["b"], "a": totals["a"]}  # another order of the same totals
    nothing = np.zeros((size, size))
    np.testing.assert_allclose(calibrate(data, order, covariance=nothing, **options).weight, exact.weight, rtol=1e-8)
    loose = calibrate(data, order, covariance=np.full(size, 1e18), **options)
    np.testing.assert_allclose(loose.g, 1, atol=1e-6)
    some = calibrate(data, order, covariance=np.full(size, 400.0), **options)
    gap = np.abs(some.margins["after"] - some.margins["target"])
    assert (gap < np.abs(some.margins["before"] - some.margins["target"])).all()
    assert gap.max() > 1e-6
    assert "covariance" not in some.summary()


def test_covariance__by_partition_is_a_loop():
    data, _ = table(6, 300)
    totals = {p: {"b": dict(zip("xyz", [100.0, 101, 102])), "income": 9500.0 + 200 * k} for k, p in enumerate("pq")}
    V = {p: np.diag([25.0, 25, 25, 1e4 * (k + 1)]) for k, p in enumerate("pq")}
    together = calibrate(data, totals, weight="w", by="a", covariance=V, tol=1e-12)
    for p in "pq":
        part = data[data["a"] == p]
        alone = calibrate(part, totals[p], weight="w", covariance=V[p], tol=1e-12)
        np.testing.assert_allclose(together.weight[(data["a"] == p).to_numpy()], alone.weight, rtol=1e-9)


@pytest.mark.filterwarnings("ignore:.*calibrated weights are negative")
@pytest.mark.statistical
def test_covariance__errors_are_right_and_smaller_than_with_the_control_exact_or_left_out():
    """2,000 simple random samples and as many independent estimates of the control, which is about as uncertain as the sample."""
    rng = np.random.default_rng(21)
    N, n, R = 20_000, 200, 2_000
    x = rng.gamma(4, 1, N)
    y = 2 * x + rng.normal(0, 2, N)
    X, Y = x.sum(), y.sum()
    V = 0.5 * N**2 * x.var() / n
    found = {"soft": [], "exact": [], "none": []}
    covered = 0
    for _ in range(R):
        rows = rng.integers(0, N, n)
        data = pd.DataFrame({"x": x[rows], "y": y[rows], "one": 1.0})
        control = X + rng.normal(0, np.sqrt(V))
        totals = {"one": N, "x": control}
        soft = calibrate(data, totals, weight=np.full(n, N / n), covariance=np.diag([0.0, V]))
        e = Survey(data, weight=soft).total("y").to_frame().iloc[0]
        covered += e["lower"] <= Y <= e["upper"]
        found["soft"].append(e["estimate"])
        found["exact"].append(calibrate(data, totals, weight=np.full(n, N / n)).weight @ data["y"])
        found["none"].append(N * data["y"].mean())
    spread = {k: np.std(v) for k, v in found.items()}
    assert abs(covered / R - 0.95) < 3.5 * np.sqrt(0.95 * 0.05 / R)
    assert spread["soft"] < 0.97 * spread["exact"]
    assert spread["soft"] < 0.9 * spread["none"]
    assert abs(np.mean(found["soft"]) - Y) < 3.5 * spread["soft"] / np.sqrt(R)


def test_deff_henry__by_hand_and_against_kish():
    """A variable the margins explain costs nothing, one they do not explain costs about Kish's factor."""
    rng = np.random.default_rng(3)
    n = 4000
    data = pd.DataFrame({"g": rng.choice(list("pqr"), n, p=[0.6, 0.3, 0.1]), "w": rng.lognormal(0, 0.3, n)})
    cal = poststratify(data, {"g": {"p": 2000.0, "q": 2500.0, "r": 3000.0}}, weight="w")
    explained, noise = data["g"].map({"p": 1.0, "q": 2.0, "r": 5.0}).to_numpy(), rng.normal(size=n)
    assert cal.deff_henry(explained) == pytest.approx(0, abs=1e-12)
    assert cal.deff_henry(noise) == pytest.approx(cal.deff_kish, rel=0.1)
    means = pd.Series(data["w"] * noise).groupby(data["g"]).sum() / data.groupby("g")["w"].sum()
    u = cal.weight * (noise - data["g"].map(means).to_numpy())
    mean = np.average(noise, weights=cal.weight)
    s2 = n / (n - 1) * np.average((noise - mean) ** 2, weights=cal.weight)
    by_hand = n / (n - 1) * np.sum((u - u.mean()) ** 2) / (7500.0**2 * s2 / n)
    assert cal.deff_henry(noise) == pytest.approx(by_hand)
    with pytest.raises(DataError, match="does not vary"):
        cal.deff_henry(np.ones(n))


def test_deville_and_sarndal__poststratification_whatever_the_distance():
    """Deville & Särndal (1992), section 4: with one complete set of groups every distance gives g = N_h / N̂_h."""
    data, totals = table(14)
    by_group = data.groupby("b")["w"].sum()
    expected = data["b"].map({level: total / by_group[level] for level, total in totals["b"].items()})
    for method, bounds in METHODS:
        cal = calibrate(data, {"b": totals["b"]}, weight="w", method=method, bounds=bounds, tol=1e-12)
        np.testing.assert_allclose(cal.g, expected, rtol=1e-9)


def test_deville_and_sarndal__one_x_by_hand():
    """Deville & Särndal (1992), cases 1 and 2 for one positive x: linear and exponential ratio F(xλ), λ from the one equation."""
    data, d, x = pd.DataFrame({"x": [1.0, 2.0]}), 10.0, np.array([1.0, 2.0])
    linear = calibrate(data, {"x": 36.0}, weight=np.full(2, d), tol=1e-13)
    np.testing.assert_allclose(linear.g, 1 + x * (36 - 30) / (d * 5))
    raking = calibrate(data, {"x": 36.0}, weight=np.full(2, d), method="raking", tol=1e-13)
    t = (-1 + np.sqrt(1 + 8 * 3.6)) / 4  # 10 t + 20 t² = 36 with t = exp(λ)
    np.testing.assert_allclose(raking.g, [t, t**2], rtol=1e-12)


@pytest.mark.parametrize(("method", "bounds"), METHODS)
@pytest.mark.filterwarnings("ignore:.*calibrated weights are negative")
def test_calibrate__rows_and_cells_agree(method, bounds):
    """The same categorical totals solved on cells, and on rows because q = 1 is written out."""
    data, totals = table(15)
    margins = {k: totals[k] for k in "ab"}
    options = {"weight": "w", "method": method, "bounds": bounds, "tol": 1e-12}
    cells, rows = calibrate(data, margins, **options), calibrate(data, margins, q=np.ones(len(data)), **options)
    np.testing.assert_allclose(rows.weight, cells.weight, rtol=1e-9)
    pd.testing.assert_frame_equal(rows.margins, cells.margins)
    y = data.assign(y=np.arange(len(data)) % 7)
    found = [Survey(y, weight=c).total("y").to_frame()["se"][0] for c in (cells, rows)]
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_calibrate__a_numeric_total_of_zero():
    """Balance: Σ w x = 0 is met to the size of Σ w |x|, not to a share of zero."""
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"x": rng.normal(0.2, 1, 200), "one": 1.0})
    cal = calibrate(data, {"x": 0.0, "one": 200.0}, method="raking")
    assert abs(cal.weight @ data["x"]) < 1e-9 * (cal.weight @ np.abs(data["x"]))


def test_calibrate__does_not_take_rounding_for_dependence(monkeypatch):
    """Margins determine one another: near the solution their last columns are off by rounding alone, no reason for a dense table."""
    rng, n = np.random.default_rng(2), 20_000
    sizes = {"a": 31, "b": 2, "c": 8, "d": 5}
    table = pd.DataFrame({name: rng.integers(0, k, n) for name, k in sizes.items()}).assign(income=rng.gamma(2, 10, n))
    weight = rng.lognormal(0, 0.5, n)
    truth = weight * rng.lognormal(0, 0.3, n)
    totals = {name: pd.Series(truth).groupby(table[name]).sum().to_dict() for name in sizes}
    totals["income"] = float(truth @ table["income"])
    monkeypatch.setattr(solver, "Orthonormal", None)
    for method, bounds in (("linear", None), ("raking", None), ("logit", (0.2, 5.0)), ("truncated", (0.2, 5.0))):
        for tol in (1e-6, 1e-9, 1e-12):
            found = calibrate(table, totals, weight=weight, method=method, bounds=bounds, tol=tol)
            assert found.weight @ table["income"] == pytest.approx(totals["income"], rel=10 * tol)
