"""Tests of independence: by hand, then against the library."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import surveysim as ss
from naive import designs, independence, variance


def test_independence__by_hand():
    # 100 alike with 40, 10, 20, 30 in the cells: X² = 100 × (40 × 30 - 10 × 20)² / (50 × 50 × 60 × 40); design effects n / (n - 1)
    rows, columns = ["a"] * 50 + ["b"] * 50, ["u"] * 40 + ["v"] * 10 + ["u"] * 20 + ["v"] * 30
    value, df, _ = independence.independence(rows, columns, {"weight": [1.0] * 100}, "Chisq")
    pearson = 100 * (40 * 30 - 10 * 20) ** 2 / (50 * 50 * 60 * 40)
    assert value == pytest.approx(pearson)
    assert df == (1,)
    value, df, p = independence.independence(rows, columns, {"weight": [1.0] * 100}, "F")
    assert value == pytest.approx(pearson * 99 / 100)
    assert df == (1, 99)
    assert p == pytest.approx(stats.f.sf(value, 1, 99))


@pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")
@pytest.mark.parametrize("statistic", ["F", "Chisq", "Wald", "adjWald"])
def test_independence__as_the_library(statistic):
    compared = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        design = designs.random_design(rng, lonely="remove", stages=int(rng.integers(0, 3)), n_max=9)
        n = len(design["weight"])
        table = designs.random_table(rng, n)
        table["r"] = [None if rng.random() < 0.05 else str(v) for v in rng.choice(["a", "b", "c"], n)]
        table["c"] = [str(v) for v in rng.choice(["u", "v", "w"][: int(rng.integers(2, 4))], n)]
        known = [r is not None and w > 0 for r, w in zip(table["r"], design["weight"], strict=True)]
        levels = [len({v for v, k in zip(table[name], known, strict=True) if k}) for name in ("r", "c")]
        nu = variance.degrees_of_freedom(design, [r is not None for r in table["r"]])
        columns, options = designs.as_arguments(design, table)
        s = ss.Survey(pd.DataFrame(columns), **options)
        if min(levels) < 2 or nu < (levels[0] - 1) * (levels[1] - 1) + 1:
            continue
        try:
            value, df, p = independence.independence(table["r"], table["c"], design, statistic)
        except ValueError:
            continue
        found = s.independence("r", "c", statistic=statistic)
        assert found.statistic == pytest.approx(value, rel=1e-7), seed
        assert np.atleast_1d(found.df) == pytest.approx(np.array(df), rel=1e-7)
        assert found.p_value == pytest.approx(p, rel=1e-6, abs=1e-14)
        compared += 1
    assert compared > 30
