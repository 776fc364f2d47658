"""Quantiles and their intervals: by hand, then against the library."""

import math

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from naive import quantiles


def test_quantile__by_hand():
    y, w = [3, 1, 2, 9], [1, 1, 2, 0]
    assert [quantiles.quantile(y, w, q) for q in (0, 0.25, 0.26, 0.75, 0.76, 1)] == [1, 1, 2, 2, 3, 3]
    assert [quantiles.quantile(y, w, q, "school") for q in (0.25, 0.26, 0.75, 1)] == [1.5, 2, 2.5, 3]
    # 1 stands at 0, 2 at 1 / 3 and 3 at 1
    assert [quantiles.quantile(y, w, q, "hf7") for q in (0, 1 / 6, 2 / 3, 1)] == pytest.approx([1, 1.5, 2.5, 3])
    assert quantiles.quantile([1, 2, 3, 4], [1] * 4, 0.5, "hf7") == 2.5


def test_score_interval__by_hand():
    # ten alike: |k - 5| <= t √(10 / 9 × Σ (u - ū)²) with Σ = 2.4 for k = 4 and 6, 2.1 for 3 and 7, 1.6 for 2 and 8; F(v) = k / 10
    # from k up to k + 1
    y = [float(v) for v in range(1, 11)]
    assert quantiles.score_interval(y, 0.5, {"weight": [1.0] * 10}, 1.5) == (3, 8)
    assert quantiles.score_interval(y, 0.5, {"weight": [1.0] * 10}, 1.0) == (4, 7)


@pytest.mark.parametrize("rule", ["math", "school", "hf7"])
def test_quantile__as_the_library(rule):
    rng = np.random.default_rng(1)
    for case in range(300):
        n = int(rng.integers(2, 12))
        y = rng.integers(0, 6, n).astype(float) if case % 2 else rng.normal(0, 1, n)
        w = rng.integers(0, 4, n).astype(float) if case % 3 else rng.lognormal(0, 3, n)
        w[:2] = 1.0
        q = float(rng.choice([0.0, 0.1, 0.25, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 1.0, rng.random()]))
        if not 0 < q < 1:
            continue
        found = ss.Survey(pd.DataFrame({"y": y, "w": w}), weight="w").quantile("y", q, rule=rule, df=math.inf)
        right = quantiles.quantile(y.tolist(), w.tolist(), q, rule)
        assert found.to_frame()["estimate"].iloc[0] == pytest.approx(right, rel=1e-9, abs=1e-12), (y, w, q)
