"""The closest totals where not all can be met."""

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

import surveysim as ss

TABLE = pd.DataFrame({"a": list("xxyy"), "b": list("pqpq")})
APART = {"a": {"x": 100.0, "y": 100.0}, "b": {"p": 90.0, "q": 150.0}}


def gaps(weight):
    """Relative gaps of the four totals for weights of the four rows."""
    sums = weight[0] + weight[1], weight[2] + weight[3], weight[0] + weight[2], weight[1] + weight[3]
    return np.array(sums) / [100, 100, 90, 150] - 1


def test_least_squares__second_version():
    raked = ss.rake(TABLE, APART, closest="least_squares")
    best = min(
        (
            minimize(lambda w: np.sum(gaps(w) ** 2), start, bounds=[(0.1, None)] * 4, tol=1e-14)
            for start in ([50] * 4, [20, 70, 30, 60])
        ),
        key=lambda found: found.fun,
    )
    assert np.sum(gaps(raked.weight) ** 2) == pytest.approx(best.fun, rel=1e-6)
    assert_allclose(raked.missed["gap"], gaps(raked.weight), atol=1e-9)


def test_minimax__by_hand():
    # margins of 200 and 240: all gaps are t upwards for the first and downwards for the second, 200 (1 + t) = 240 (1 - t), t = 1/11
    raked = ss.rake(TABLE, APART, closest="minimax")
    assert np.abs(gaps(raked.weight)).max() == pytest.approx(1 / 11)


@pytest.mark.parametrize("way", ["least_squares", "minimax"])
def test_closest__what_can_be_met_is_met(way):
    margins = {"a": {"x": 100.0, "y": 140.0}, "b": {"p": 90.0, "q": 150.0}}
    raked = ss.rake(TABLE, margins, closest=way)
    assert len(raked.missed) == 0
    assert_allclose(raked.weight, ss.rake(TABLE, margins).weight, rtol=1e-6)
    assert "no total moved" in raked.summary()


def test_closest__inside_bounds():
    raked = ss.rake(TABLE, {"a": {"x": 1.0, "y": 9.0}}, closest="least_squares", bounds=(0.5, 4))
    assert_allclose(raked.weight, [0.5, 0.5, 4, 4], rtol=1e-6)


def test_closest__shares_and_partitions():
    table = pd.concat([TABLE, TABLE]).assign(s=["N"] * 4 + ["S"] * 4)
    shares = {s: {"a": {"x": 0.5, "y": 0.5}, "b": {"p": 0.3, "q": 0.7}} for s in "NS"}
    raked = ss.rake(table, shares, by="s", closest="minimax")
    assert len(raked.missed) == 0
    assert_allclose(raked.weight, ss.rake(table, shares, by="s").weight, rtol=1e-6)


def test_closest__levels_without_respondents_are_refused():
    with pytest.raises(ss.CalibrationError, match="no respondents"):
        ss.rake(TABLE, {"a": {"x": 1, "y": 1, "z": 1}}, closest="minimax")
    with pytest.raises(ss.DataError, match="closest"):
        ss.rake(TABLE, APART, closest="best")


def test_closest__random_margins_are_never_further_than_a_grid():
    rng = np.random.default_rng(0)
    for _ in range(5):
        margins = {"a": dict(zip("xy", rng.uniform(50, 150, 2))), "b": dict(zip("pq", rng.uniform(50, 150, 2)))}
        wanted = [*margins["a"].values(), *margins["b"].values()]

        def far(w, wanted=wanted):
            return np.abs(np.array([w[0] + w[1], w[2] + w[3], w[0] + w[2], w[1] + w[3]]) / wanted - 1).max()

        found = far(ss.rake(TABLE, margins, closest="minimax").weight)
        assert found <= min(map(far, itertools.product(np.linspace(5, 100, 12), repeat=4))) + 1e-9
