"""Generalized variance functions: exact where the function holds, and against slow fits."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

import surveysim as ss
from surveysim.estimation import generalized_variance


def totals(seed=1, psus=40):
    rng, n = np.random.default_rng(seed), 800
    psu = np.arange(n) % psus
    level = rng.normal(0, 0.5, psus)[psu]
    data = pd.DataFrame(
        {f"q{k}": rng.random(n) < 1 / (1 + np.exp(-(a + level))) for k, a in enumerate(np.linspace(-3, 1, 15))}
    )
    return ss.Survey(data.assign(psu=psu), weight=rng.gamma(5, 10, n), psu="psu"), list(data)


def test_fit__of_simple_random_samples_is_exact():
    rng, n = np.random.default_rng(3), 500
    data = pd.DataFrame({f"q{k}": rng.random(n) < p for k, p in enumerate(np.linspace(0.05, 0.8, 12))})
    s = ss.Survey(data, weight=[10.0] * n)
    found = generalized_variance(s.total(list(data)))
    assert found.coefficients == pytest.approx([-1 / (n - 1), 10 * n / (n - 1)])
    assert found.r_squared == pytest.approx(1)
    shares = generalized_variance(s.proportion(list(data)), form="linear")
    assert shares.coefficients == pytest.approx([0, n / (n - 1)], abs=1e-10)  # the design effect
    assert found.se(2000)[0] == pytest.approx(2000 * np.sqrt(-1 / (n - 1) + 10 * n / (n - 1) / 2000))


@pytest.mark.parametrize("form", ["linear", "quadratic"])
def test_iterative__weights_are_those_of_its_own_fit(form):
    s, names = totals()
    found = generalized_variance(s.total(names), form)
    x, v = found.table["x"].to_numpy(), found.table["relvariance"].to_numpy()
    X = np.column_stack([x**-k for k in range(3 if form == "quadratic" else 2)])
    weight = 1 / (X @ found.coefficients) ** 2
    np.testing.assert_allclose(
        X.T @ (weight * (v - X @ found.coefficients)), 0, atol=1e-6 * np.abs(X.T @ (weight * v)).max()
    )


def test_log__is_least_squares_of_logarithms():
    s, names = totals()
    found = generalized_variance(s.total(names), "log")
    x, v = found.table["x"], found.table["relvariance"]
    slow = optimize.minimize(lambda b: ((np.log(v) - b[0] - b[1] * np.log(x)) ** 2).sum(), [0.0, -1.0], method="BFGS").x
    assert found.coefficients == pytest.approx(slow, rel=1e-4)
    assert 0.5 < found.r_squared <= 1


def test_outliers__are_told():
    s, names = totals()
    e = s.total(names)
    assert generalized_variance([e, e]).table["outlier"].dtype == bool
    assert "outliers" in str(generalized_variance(e))


@pytest.mark.parametrize("wrong", [3, [], "x", [3]])
def test_wrong__is_refused(wrong):
    with pytest.raises(ss.DataError):
        generalized_variance(wrong)


def test_means_and_mixtures__are_refused():
    s, names = totals()
    for wrong in (s.mean(names), [s.total(names), s.proportion(names)], s.total(names[:2])):
        with pytest.raises(ss.DataError):
            generalized_variance(wrong)
    with pytest.raises(ss.DataError, match="form"):
        generalized_variance(s.total(names), "cubic")
