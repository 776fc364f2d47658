"""Calibration, poststratification and trimming against dense Newton steps and plain loops."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import surveysim as ss
from naive import calibration, problems

# weights over orders of magnitude, and linear ones below 0, are wanted here
pytestmark = pytest.mark.filterwarnings("ignore:one respondent", "ignore:.*calibrated weights are negative")


def test_calibration_by_hand():
    columns = {"income": [1.0, 2.0, 3.0]}
    # linear: λ = (20 - 6) / (1 + 4 + 9) = 1
    assert_allclose(calibration.calibrate(columns, {"income": 20}, [1, 1, 1]), [2, 3, 4])
    # raking: e^λ = r solves r + 2 r² + 3 r³ = T; r = 2 gives 2 + 8 + 24 = 34
    assert_allclose(calibration.calibrate(columns, {"income": 34}, [1, 1, 1], "raking"), [2, 4, 8])
    # truncated at 1.5: 1 + λ = 1.3, 1 + 2λ = 1.6 and 1 + 3λ are cut: 1.3 + 3 + 4.5
    assert_allclose(calibration.calibrate(columns, {"income": 8.8}, [1, 1, 1], bounds=(0.5, 1.5)), [1.3, 1.5, 1.5])
    # logit with L = 0, U = 2: g = 2 e^(2u) / (1 + e^(2u)); at e^(2λ) = 2 g is 4/3, 8/5, 16/9
    target = 4 / 3 + 16 / 5 + 16 / 3
    found = calibration.calibrate(columns, {"income": target}, [1, 1, 1], "logit", (0, 2))
    assert_allclose(found, [4 / 3, 8 / 5, 16 / 9])
    # q: λ = 14 / (1 × 1 + 2 × 4 + 0.5 × 9)
    found = calibration.calibrate(columns, {"income": 20}, [1, 1, 1], q=[1, 2, 0.5])
    assert_allclose(found, 1 + 14 / 13.5 * np.array([1, 4, 1.5]))
    # clusters of rows 1, 2: x is 1.5, 1.5, 3
    found = calibration.calibrate(columns, {"income": 20}, [1, 1, 1], cluster=["h", "h", "k"])
    assert_allclose(found, 1 + 14 / (2.25 + 2.25 + 9) * np.array([1.5, 1.5, 3]))
    # variance 4 of the total, κ = 1: λ (14 + 4) = 14
    found = calibration.calibrate(columns, {"income": 20}, [1, 1, 1], covariance=[4.0])
    assert_allclose(found, 1 + 14 / 18 * np.array([1, 2, 3]))


def test_trimming_by_hand():
    assert calibration.trim_weights([1, 1, 2, 8], upper=5) == [2, 2, 3, 5]
    assert_allclose(calibration.trim_weights([1, 3, 4.5, 8], upper=5, strict=True), [2.25, 4.25, 5, 5])
    assert_allclose(calibration.trim_weights([1, 3, 4, 8], lower=2, upper=7), [2, 3, 4, 7])  # 1 added, 1 cut


def test_poststratification_by_hand():
    assert calibration.poststratify({"s": ["m", "f", "f"]}, {"s": {"m": 50, "f": 60}}, [1, 1, 2]) == [50, 20, 40]


@pytest.mark.parametrize("strict", [False, True])
def test_trimming(strict):
    rng, impossible = np.random.default_rng(3), 0
    for _ in range(300):
        weight = rng.lognormal(0, rng.uniform(0.2, 1.5), int(rng.integers(3, 30)))
        lower = None if rng.random() < 0.3 else weight.mean() * rng.uniform(0, 0.8)
        upper = None if rng.random() < 0.3 else weight.mean() * rng.uniform(1.2, 4)
        try:
            wanted = calibration.trim_weights(weight, lower, upper, strict)
        except ArithmeticError:
            impossible += 1
            with pytest.raises(ss.DataError):
                ss.trim_weights(weight, lower, upper, strict)
            continue
        assert_allclose(ss.trim_weights(weight, lower, upper, strict), wanted, rtol=1e-8)
    assert 0 < impossible < 100


def some(rng, numeric=True):
    """Columns (some numeric), the variables of totals, and initial weights above 0."""
    n = int(rng.integers(15, 60))
    columns = problems.columns(rng, n, ("u", "v")[: rng.integers(1, 3)], most=3)
    variables = problems.variables(rng, list(columns))
    for name in ("x", "y")[: rng.integers(0, 3) if numeric else 0]:
        columns[name] = [float(value) for value in rng.normal(rng.uniform(-1, 3), 1, n)]
        variables.append(name)
    return columns, variables, np.exp(rng.normal(0, rng.choice([0.0, 0.5, 1.5]), n)) * 10


def totals_of(columns, variables, weight):
    """Totals of these weights, written in the order of `variables`."""
    made = {}
    for variable in variables:
        if variable in ("x", "y"):
            made[variable] = float(weight @ np.array(columns[variable]))
        else:
            made |= problems.sums(columns, [variable], weight)
    return made


DISTANCES = (
    ("linear", False),
    ("raking", False),
    ("logit", True),
    ("truncated", True),
    ("linear", True),
    ("raking", True),
)


@pytest.mark.everyday(12)
@pytest.mark.parametrize("extra", ["", "q", "cluster", "shuffled"])
@pytest.mark.parametrize(("method", "bounded"), DISTANCES)
def test_calibration(method, bounded, extra):
    rng = np.random.default_rng([DISTANCES.index((method, bounded)), len(extra)])
    for _ in range(30):
        columns, variables, weight = some(rng)
        bounds = (rng.uniform(0.0, 0.7), rng.uniform(1.4, 3)) if bounded else None
        options, n = {}, len(weight)
        if extra == "q":
            options["q"] = rng.uniform(0.3, 3, n)
        low, high = bounds or (0, 9)
        if method == "logit":  # whose g comes near a bound, but never to it
            low, high = low + 0.02, high - 0.02
        g = np.clip(np.exp(rng.normal(0, 0.4, n)), low, high)
        if extra == "cluster":
            cluster = rng.integers(0, n // 2, n)
            options["cluster"], weight, g = [f"h{c}" for c in cluster], weight[cluster], g[cluster]
        totals = totals_of(columns, variables, weight * g)
        wanted = calibration.calibrate(columns, totals, weight, method, bounds, **options)
        table, order = pd.DataFrame(columns), np.arange(n)
        if extra == "shuffled":
            order = rng.permutation(n)
            table = table.iloc[order]
            totals = {
                variable: totals[variable]
                for variable in rng.permutation(np.array([*totals, None], dtype=object))
                if variable
            }
        found = ss.calibrate(table, totals, weight=weight[order], method=method, bounds=bounds, tol=1e-11, **options)
        assert_allclose(found.weight, wanted[order], rtol=1e-8, atol=1e-8 * np.abs(wanted).mean())
        assert_allclose(found.deff_kish, calibration.deff_kish(wanted), rtol=1e-8)


@pytest.mark.everyday(8)
@pytest.mark.parametrize("extra", ["", "q", "cluster", "covariance"])
@pytest.mark.parametrize(
    ("method", "bounds"), [("linear", None), ("raking", None), ("logit", (0.3, 3)), ("truncated", (0.3, 3))]
)
def test_calibration_by_partitions(method, bounds, extra):
    rng = np.random.default_rng(21)
    for _ in range(15):
        columns, variables, weight = some(rng)
        n = len(weight)
        columns |= {name: values + values[::-1] for name, values in columns.items()}
        weight = np.concatenate([weight, weight[::-1] * rng.uniform(0.5, 2)])
        columns["part"] = ["p"] * n + ["q"] * n
        truth = weight * np.clip(np.exp(rng.normal(0, 0.3, 2 * n)), 0.35, 2.8)
        order, given, options = rng.permutation(2 * n), {}, {}
        if extra == "q":
            given["q"] = rng.uniform(0.5, 2, 2 * n)
        elif extra == "cluster":  # neighbours, of equal weights, in pairs
            weight[1::2], truth[1::2] = weight[::2][: len(weight[1::2])], truth[::2][: len(truth[1::2])]
            columns["part"] = ["p" if row // 2 < n // 2 else "q" for row in range(2 * n)]
            given["cluster"] = np.array([f"h{row // 2}" for row in range(2 * n)])
        totals = {}
        for part in rng.permutation(["p", "q"]):
            rows = [row for row in range(2 * n) if columns["part"][row] == part]
            inside = {k: [v[row] for row in rows] for k, v in columns.items()}
            totals[str(part)] = totals_of(inside, [variables[i] for i in rng.permutation(len(variables))], truth[rows])
            if extra == "covariance":
                x, target = calibration.calibration_variables(inside, totals[str(part)])
                spread = np.sqrt((x**2).T @ weight[rows] ** 2)
                mix = rng.normal(size=(len(target), len(target))) / len(target)
                options.setdefault("covariance", {})[str(part)] = spread[:, None] * (mix @ mix.T) * spread
        wanted = calibration.calibrate_by(
            columns, totals, weight, "part", method=method, bounds=bounds, **given, **options
        )
        options |= {name: values[order] for name, values in given.items()}
        table = pd.DataFrame(columns).iloc[order]
        found = ss.calibrate(
            table, totals, weight=weight[order], by="part", method=method, bounds=bounds, tol=1e-11, **options
        )
        assert_allclose(found.weight, wanted[order], rtol=1e-8, atol=1e-8 * weight.mean())


@pytest.mark.parametrize("kind", ["variances", "matrix", "singular"])
@pytest.mark.parametrize(("method", "bounds"), [("linear", None), ("raking", None), ("logit", (0.2, 4))])
def test_totals_known_with_error(kind, method, bounds):
    rng = np.random.default_rng(22)
    for _ in range(40):
        columns, variables, weight = some(rng)
        totals = totals_of(columns, variables, weight * np.clip(np.exp(rng.normal(0, 0.3, len(weight))), 0.3, 3))
        x, target = calibration.calibration_variables(columns, totals)
        scale = np.sqrt((x**2).T @ weight**2) * rng.choice([0.1, 1, 3])
        mix = np.eye(len(target)) if kind == "variances" else rng.normal(size=(len(target), len(target))) / len(target)
        if kind == "singular":  # some totals without error
            mix[: len(target) // 2] = 0
        covariance = scale[:, None] * (mix @ mix.T) * scale
        if kind == "variances":
            covariance = np.diag(covariance)
        wanted = calibration.calibrate(columns, totals, weight, method, bounds, covariance=covariance)
        found = ss.calibrate(
            pd.DataFrame(columns),
            totals,
            weight=weight,
            method=method,
            bounds=bounds,
            covariance=covariance,
            tol=1e-11,
        )
        assert_allclose(found.weight, wanted, rtol=1e-8, atol=1e-8 * weight.mean())


def test_poststratification():
    rng = np.random.default_rng(23)
    for _ in range(100):
        columns = problems.columns(rng, int(rng.integers(12, 60)), ("u", "v"))
        weight = problems.weights(rng, len(columns["u"]))
        variable = [("u", "v"), "u"][rng.integers(2)]
        totals = problems.margins(rng, columns, [variable], weight)
        found = ss.poststratify(pd.DataFrame(columns), totals, weight=weight)
        assert_allclose(found.weight, calibration.poststratify(columns, totals, weight), rtol=1e-12)


def test_henry_and_valliants_design_effect():
    rng = np.random.default_rng(24)
    for _ in range(60):
        columns, variables, weight = some(rng)
        totals = totals_of(columns, variables, weight * np.exp(rng.normal(0, 0.2, len(weight))))
        y = rng.normal(2, 1, len(weight))
        found = ss.calibrate(pd.DataFrame(columns), totals, weight=weight, method="raking")
        x = calibration.calibration_variables(columns, totals)[0]
        assert_allclose(found.deff_henry(y), calibration.deff_henry(x, weight, found.weight, y), rtol=1e-8)
