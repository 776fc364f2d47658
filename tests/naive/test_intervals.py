"""Intervals of proportions: by hand, then against the library."""

import math

import numpy as np
import pytest

import surveysim as ss
from naive import intervals


def test_intervals__by_hand():
    z = 1.959963984540054
    assert intervals.interval(0.5, 0.05, "wald") == pytest.approx((0.5 - 0.05 * z, 0.5 + 0.05 * z))
    assert intervals.interval(0.02, 0.05, "wald")[0] == 0
    # n_eff = 100: Wilson's 0.4038 … 0.5962, Clopper and Pearson's 0.3983 … 0.6017 (50 of 100)
    assert intervals.interval(0.5, 0.05, "wilson") == pytest.approx((0.4038315, 0.5961685), abs=1e-7)
    assert intervals.interval(0.5, 0.05, "korn-graubard", df=99, n=100) == pytest.approx(
        (0.3983211, 0.6016789), abs=1e-6
    )
    assert intervals.interval(0.0, 0.0, n=100, df=99) == pytest.approx((0, 1 - 0.025**0.01))
    # symmetric on their scales
    low, high = intervals.interval(0.3, 0.1, "logit")
    assert math.log(low / (1 - low)) + math.log(high / (1 - high)) == pytest.approx(2 * math.log(3 / 7))
    low, high = intervals.interval(0.3, 0.1, "asin")
    assert math.asin(math.sqrt(low)) + math.asin(math.sqrt(high)) == pytest.approx(2 * math.asin(math.sqrt(0.3)))


@pytest.mark.parametrize("method", intervals.METHODS)
def test_intervals__as_the_library(method):
    rng = np.random.default_rng(1)
    for case in range(300):
        p = float([0.0, 1.0, rng.beta(0.3, 0.3), rng.random(), 10 ** rng.uniform(-6, 0)][case % 5])
        se = float(math.sqrt(p * (1 - p)) * 10 ** rng.uniform(-3, 0.2)) if rng.random() < 0.95 else 0.0
        n, df = int(rng.integers(2, 500)), float(rng.choice([1, 2, 7.5, 30, math.inf]))
        level = float(rng.choice([0.5, 0.9, 0.95, 0.999]))
        found = ss.proportion_interval(p, se, method, level=level, df=df, n=n)
        right = intervals.interval(p, se, method, level, df, n)
        assert found == pytest.approx(right, rel=1e-8, abs=1e-12), (p, se, n, df, level)
