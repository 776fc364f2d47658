"""Tests of terms."""

import numpy as np
import pytest
from scipy import stats

import surveysim as ss
from surveysim.analysis.regression.terms import tail


def test_wald_of_one_coefficient__is_the_square_of_t(survey):
    made = survey.glm("y ~ x + z")
    found, row = made.test("x"), made.table.iloc[made.names.index("x")]
    assert found.statistic == pytest.approx(row["t"] ** 2)
    assert found.p_value == pytest.approx(row["p"])


def test_terms__by_any_order_of_their_factors(logit):
    assert logit.test("z:x").p_value == logit.test("x:z").p_value
    assert logit.test(["x", "x:z"]).df[0] == 3
    with pytest.raises(ss.DataError, match="no term 'zz'"):
        logit.test("zz")


def test_saddlepoint__near_draws():
    rng, lam = np.random.default_rng(1), np.array([3.0, 1.0, 0.3])
    for df in (12.0, np.inf):
        scale = 1.0 if np.isinf(df) else rng.chisquare(df, 400_000) / df
        drawn = (rng.chisquare(1, (400_000, 3)) @ lam) / scale
        for at in (6.0, 15.0):
            assert tail(at, lam, df, np.nan) == pytest.approx(np.mean(drawn > at), rel=0.05)
    assert tail(5.0, np.array([1.0]), np.inf, np.nan) == pytest.approx(stats.chi2.sf(5, 1), rel=0.1)
