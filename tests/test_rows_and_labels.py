"""What has an index of its own is matched by it or refused, never taken by position: rows of a table, totals of a covariance."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import surveysim as ss
from surveysim import DataError, DesignError, SurveysimError
from surveysim.weighting import BaseWeight, Rake

RNG = np.random.default_rng(2)
N = 12
T = pd.DataFrame(
    {"w": RNG.uniform(1, 3, N), "y": RNG.normal(5, 2, N), "g": RNG.permutation(list("abc") * 4), "pi": 0.5},
    index=np.arange(N) * 3,
)
MARGINS = {"g": {"a": 30.0, "b": 30.0, "c": 30.0}}
SHUFFLED = RNG.permutation(N)
JOINT = pd.DataFrame(np.full((N, N), 0.23) + 0.27 * np.eye(N), index=T.index, columns=T.index)


# ---- rows ------------------------------------------------------------------------------------------------------------


def test_replicate_weights__have_the_tables_index_and_are_taken_back():
    survey = ss.Survey(T, weight="w")
    made = survey.replicates("jk1").replicate_weights()
    assert made.index.equals(T.index)
    options = {"weight": "w", "scale": made.attrs["scale"], "replicate_factors": False}
    again = ss.Survey(T, replicate_weights=made, **options).mean("y")
    assert again.table["se"][0] == pytest.approx(survey.replicates("jk1").mean("y").table["se"][0])
    with pytest.raises(DesignError, match="replicate_weights is a DataFrame whose index is not the table's"):
        ss.Survey(T, replicate_weights=made.iloc[SHUFFLED], **options)
    plain = ss.Survey(T, replicate_weights=made.to_numpy(), **options).mean("y")
    assert plain.table["se"][0] == pytest.approx(again.table["se"][0])


OTHER = {
    "joint probabilities": lambda: ss.Survey(T, probability="pi", pps=JOINT.iloc[SHUFFLED, SHUFFLED]),
    "joint probabilities of other columns": lambda: ss.Survey(T, probability="pi", pps=JOINT.iloc[:, SHUFFLED]),
    "base weights": lambda: ss.rake(T, MARGINS, weight="w").again(T["w"].iloc[SHUFFLED]),
    "multipliers": lambda: ss.Recipe([Rake(MARGINS)]).replay(WEIGHTS, T, T["w"].iloc[SHUFFLED]),
    "base of a recipe": lambda: WEIGHTS.again(T["w"].iloc[SHUFFLED]),
    "base of a recipe with its own": lambda: STARTED.again(T["w"].iloc[SHUFFLED]),
    "weights": lambda: ss.Survey(T, weight=T["w"].iloc[SHUFFLED]),
}
WEIGHTS = ss.Recipe([Rake(MARGINS)]).apply(T)
STARTED = ss.Recipe([BaseWeight("w"), Rake(MARGINS)]).apply(T)


@pytest.mark.parametrize("name", list(OTHER))
def test_rows_in_another_order__are_refused(name):
    with pytest.raises(SurveysimError, match="whose index is not the table's, so its rows cannot be matched"):
        OTHER[name]()


def test_rows_in_the_same_order__are_taken():
    assert ss.Survey(T, probability="pi", pps=JOINT, pps_variance="yg").mean("y").table["se"][0] > 0
    raked = ss.rake(T, MARGINS, weight="w")
    np.testing.assert_allclose(raked.again(T["w"]), raked.weight, rtol=1e-8)
    np.testing.assert_allclose(WEIGHTS.again(pd.Series(1.0, T.index)), WEIGHTS.final, rtol=1e-8)


# ---- totals ----------------------------------------------------------------------------------------------------------

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


def test_arrow_tables_over_numpy_memory__keep_what_they_held():
    """`pyarrow.array` lends a numpy array's memory; results do not change with it later."""
    y, w, codes = T["y"].to_numpy().copy(), T["w"].to_numpy().copy(), np.tile([0, 1, 2], 4).astype(np.int8)
    levels = pa.DictionaryArray.from_arrays(pa.array(codes), ["a", "b", "c"])
    table = pa.table({"y": pa.array(y), "w": pa.array(w), "g": levels, "t": list("uv") * 6})
    survey = ss.Survey(table, weight="w").rake(MARGINS)
    weights = ss.Recipe([BaseWeight("w"), Rake(MARGINS)]).apply(table)

    def results():
        made = survey.mean("y", by="g").table[["estimate", "se"]].to_numpy()
        return made, weights.again(np.arange(N) + 1.0), survey.replicates("jk1").total("y").table["se"].to_numpy()

    before = results()
    y[:], w[:], codes[:] = 0.0, 1.0, 2
    for one, other in zip(before, results(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_table__may_have_a_column_called_as_a_method_of_files():
    """It was taken for a survey file."""
    data = pd.DataFrame({"levelled": ["a", "a", "b", "b"], "y": [1.0, 2.0, 3.0, 5.0]})
    assert ss.rake(data, {"levelled": {"a": 1, "b": 3}}).weight.tolist() == [0.5, 0.5, 1.5, 1.5]
    assert ss.Survey(data).mean("y", by="levelled").table["estimate"].tolist() == [1.5, 4]
