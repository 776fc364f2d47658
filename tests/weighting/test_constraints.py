"""Covariances of totals go by their labels, never by position."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import DataError

RNG = np.random.default_rng(2)


N = 12


T = pd.DataFrame(
    {"w": RNG.uniform(1, 3, N), "y": RNG.normal(5, 2, N), "g": RNG.permutation(list("abc") * 4), "pi": 0.5},
    index=np.arange(N) * 3,
)


TOTALS = {"y": 70.0, "g": {"b": 4.0, "a": 5.0, "c": 3.5}}


NAMES = ["y", "b", "a", "c"]


COVARIANCE = np.diag([4.0, 1.0, 9.0, 0.0]) + 0.1 * np.outer([1, 1, 1, 0], [1, 1, 1, 0])


def calibrated(covariance, totals=TOTALS, **options):
    return ss.calibrate(T, totals, covariance=covariance, **options).weight


@pytest.mark.parametrize("names", [NAMES, ["y", ("g", "b"), ("g", "a"), ("g", "c")]])
def test_covariance__goes_by_its_labels(names):
    expected = calibrated(COVARIANCE)
    order = [2, 0, 3, 1]
    shuffled = pd.DataFrame(COVARIANCE, index=pd.Index(names, tupleize_cols=False))
    shuffled.columns = pd.Index(names, tupleize_cols=False)
    np.testing.assert_allclose(calibrated(shuffled.iloc[order, order[::-1]]), expected, rtol=1e-9)
    variances = pd.Series(np.diag(COVARIANCE), index=pd.Index(names, tupleize_cols=False))
    np.testing.assert_allclose(calibrated(variances.iloc[order]), calibrated(np.diag(COVARIANCE)), rtol=1e-9)
    parts = {h: {"y": 70.0, "g": TOTALS["g"]} for h in (0, 1)}
    table = pd.concat([T.assign(h=0), T.assign(h=1)])
    by = dict.fromkeys(parts, variances.iloc[order])
    plain = {h: np.diag(COVARIANCE) for h in parts}
    np.testing.assert_allclose(
        ss.calibrate(table, parts, by="h", covariance=by).weight,
        ss.calibrate(table, parts, by="h", covariance=plain).weight,
        rtol=1e-9,
    )


def test_covariance__without_labels_goes_by_the_order_written():
    np.testing.assert_allclose(calibrated(pd.DataFrame(COVARIANCE)), calibrated(COVARIANCE), rtol=1e-12)
    with pytest.raises(DataError, match=r"shape \(5, 5\); these are 4 totals"):
        calibrated(pd.DataFrame(np.eye(5)))


@pytest.mark.parametrize(
    "labels", [["y", "a", "b", "d"], ["y", "a", "b", "b"], [1, 2, 3, 4], ["y", "a", "b"], [("g", "y"), "a", "b", "c"]]
)
def test_covariance__with_other_labels_is_refused(labels):
    given = pd.Series(1.0, index=pd.Index(labels, tupleize_cols=False))
    with pytest.raises(DataError, match=r"has the labels .*; call them 'y', \('g', 'b'\), \('g', 'a'\), \('g', 'c'\)"):
        calibrated(given)


def test_covariance__of_levels_that_look_like_positions_is_refused_where_they_differ():
    table, totals = T.assign(h=[0, 1] * 6), {"h": {1: 5.0, 0: 6.0}}
    with pytest.raises(DataError, match="has the labels"):
        ss.calibrate(table, totals, covariance=pd.Series([1.0, 2.0]))
    labelled = ss.calibrate(table, totals, covariance=pd.Series({("h", 0): 2.0, ("h", 1): 1.0})).weight
    np.testing.assert_allclose(labelled, ss.calibrate(table, totals, covariance=[1.0, 2.0]).weight, rtol=1e-12)
    assert len(ss.calibrate(table, {"h": {0: 6.0, 1: 5.0}}, covariance=pd.Series([1.0, 2.0])).weight) == N
