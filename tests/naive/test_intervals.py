"""Intervals of proportions: by hand, then against the library."""

import math

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from naive import designs, intervals, variance


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


@pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")
@pytest.mark.parametrize("method", intervals.METHODS)
def test_intervals_of_surveys__as_the_library(method):
    """Degrees of freedom and respondents are those of the domain without its missing answers."""
    compared = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        design = designs.random_design(rng, lonely="remove", stages=int(rng.integers(0, 3)), n_max=7)
        table = designs.random_table(rng, len(design["weight"]))
        table["label"] = [None if rng.random() < 0.1 else v for v in table["label"]]
        columns, options = designs.as_arguments(design, table)
        s = ss.Survey(pd.DataFrame(columns), **options)
        for level in "ab":
            inside = [g == level for g in table["g"]]
            mask = [m and v is not None for m, v in zip(inside, table["label"], strict=True)]
            df = variance.degrees_of_freedom(design, mask)
            n = sum(m and w > 0 for m, w in zip(mask, design["weight"], strict=True))
            if df < 1 or n < 2:
                continue
            found = s.where(np.array(inside)).proportion("label", ci=method).to_frame()
            for row in found.to_dict("records"):
                p, score = variance.proportion(design["weight"], table["label"], row["level"], mask)
                p = float(round(p)) if abs(p - round(p)) < 1e-15 else p
                se = math.sqrt(variance.variance(score, design, mask))
                right = intervals.interval(p, se, method, 0.95, df, n)
                assert (row["df"], row["n"]) == (df, n)
                assert (row["lower"], row["upper"]) == pytest.approx(right, rel=1e-7, abs=1e-10), (seed, row)
                compared += 1
    assert compared > 80
