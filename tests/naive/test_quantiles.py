"""Quantiles and their intervals: by hand, then against the library."""

import math

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from naive import designs, intervals, quantiles

pytestmark = pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")


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
    y, design = [float(v) for v in range(1, 11)], {"weight": [1.0] * 10}
    assert quantiles.not_rejected(y, 0.5, design, 1.5) == (y, [2, 3, 4, 5, 6])
    assert quantiles.not_rejected(y, 0.5, design, 1.0) == (y, [3, 4, 5])
    t = intervals.student(0.68, None)
    assert quantiles.quantile_interval(y, 0.5, design, "score", level=0.68) == (5, pytest.approx(3 / (2 * t)), 4, 7)


def test_woodruff__by_hand():
    # F(5) = ½ with error √(10 / 9 × 2.5) / 10 = 1 / 6: ½ ± 0.12 and ½ ± 0.33
    y, design = [float(v) for v in range(1, 11)], {"weight": [1.0] * 10}
    assert quantiles.share_below(y, design["weight"], 5, design) == (0.5, pytest.approx(1 / 6))
    assert quantiles.quantile_interval(y, 0.5, design, level=0.5)[2:] == (4, 7)
    assert quantiles.quantile_interval(y, 0.5, design)[2:] == (2, 9)
    assert quantiles.quantile_interval(y, 0.5, {**design, "fpc": [[10] * 10]})[1:] == (0, 5, 5)


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


@pytest.mark.everyday(5)
@pytest.mark.parametrize("rule", ["math", "school", "hf7"])
@pytest.mark.parametrize("ci", ["woodruff", "beta", "xlogit", "asin", "score"])
def test_quantile_interval__as_the_library(ci, rule):
    compared = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        design = designs.random_design(rng, lonely="remove", n_max=9)
        n = len(design["weight"])
        table = designs.random_table(rng, n)
        values = rng.normal(0, 1, n) if seed % 2 else rng.integers(0, 8, n)
        table["y"] = [None if rng.random() < 0.1 else float(v) for v in values]
        mask = [seed % 3 > 0 or g == "a" for g in table["g"]]
        used = sum(m and v is not None and w > 0 for m, v, w in zip(mask, table["y"], design["weight"], strict=True))
        if used < 2:
            continue
        q, df = [0.25, 0.5, 0.9][seed % 3], [math.inf, 5][seed % 2]
        columns, options = designs.as_arguments(design, table)
        s = ss.Survey(pd.DataFrame(columns), **options).where(np.array(mask))
        right = quantiles.quantile_interval(table["y"], q, design, ci, rule, df=df, domain=mask)
        row = s.quantile("y", q, ci=ci, rule=rule, df=df).to_frame().iloc[0]
        found = (row["estimate"], row["se"], row["lower"], row["upper"])
        assert found == pytest.approx(right, rel=1e-8, abs=1e-10), seed
        assert row["n"] == used
        compared += 1
    assert compared > 25
