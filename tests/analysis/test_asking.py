"""Functions of a distribution as they are asked: what has no value, points of a distribution, lines that are known."""

import pickle

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import DataError, DesignError

TABLE = pd.DataFrame(
    {"y": [1.0, 2, 3, 6, 4, 4], "zero": 0.0, "even": 5.0, "up": [-1.0, 1, -2, 2, 0, 0], "g": list("aabbbc"), "w": 1.0}
)
SURVEY = ss.Survey(TABLE, "w")


@pytest.mark.parametrize(
    ("what", "given", "words"),
    [
        ("variance", {"y": "y", "by": "g"}, "the variance of y needs 2 rows of weight, and domain 'g=c' has 1"),
        (
            "correlation",
            {"y": "y", "x": "even"},
            "correlation of y:even has no value: one of the two columns does not vary",
        ),
        ("correlation", {"y": "y"}, "give two columns or more"),
        ("gini", {"y": "zero"}, "the gini of zero has no value: its values sum to 0"),
        ("gini", {"y": "up"}, "the gini of up has no value: its values sum to 0"),
        ("share_ratio", {"y": "zero"}, "what the poorest have sums to 0"),
        ("share_ratio", {"y": "y", "top": 2}, "top = 2: give a number between 0 and 1"),
        ("quantile_ratio", {"y": "zero"}, "the lower quantile is 0"),
        ("quantile_ratio", {"y": "y", "width": -1}, "width = -1"),
        ("poverty", {"y": "y", "line": 3, "within": True}, "leave line out"),
        ("poverty", {"y": "y", "factor": 0}, "factor = 0"),
        ("cdf", {"y": "y", "at": []}, "at is empty"),
        ("cdf", {"y": "y", "at": [np.nan]}, "at"),
        ("sd", {"y": "g"}, "'g'"),
    ],
)
def test_what_has_no_value_is_refused_by_name(what, given, words):
    with pytest.raises(DataError) as found:
        getattr(SURVEY, what)(**given)
    assert words in str(found.value)


def test_an_error_that_cannot_be_linearized_says_so():
    with pytest.raises(DesignError, match="cannot be linearized"):
        SURVEY.quantile_ratio("even")
    assert SURVEY.sd("even").table["se"][0] == 0


def test_cdf_and_a_known_line__are_proportions():
    wanted = (
        SURVEY.proportion("low")
        if "low" in TABLE
        else ss.Survey(TABLE.assign(low=TABLE["y"] <= 3), "w").proportion("low")
    )
    columns = ["estimate", "se", "lower", "upper", "df", "n"]
    for found in (SURVEY.cdf("y", 3), SURVEY.poverty("y", line=3)):
        np.testing.assert_allclose(found.table[columns].astype(float), wanted.table[columns].astype(float))
    assert SURVEY.poverty("y", line=3).table["statistic"].tolist() == ["poverty"]


def test_replicates_that_lose_a_domain__are_named():
    table = TABLE.assign(p=[0, 0, 1, 1, 2, 2])
    r = ss.Survey(table, "w", psu="p").replicates("jk1")
    with pytest.raises(DataError, match="1 of 3 replicates give no estimate of domain 'g=a', the first is replicate 1"):
        r.gini("y", by="g")


@pytest.mark.parametrize(
    ("what", "given"),
    [
        ("variance", {}), ("sd", {}), ("covariance", {"x": "even"}), ("correlation", {"x": "up"}), ("gini", {}), ("share_ratio", {}),
        ("quantile_ratio", {}), ("poverty", {}), ("poverty", {"line": 3}), ("cdf", {"at": 2}),
    ],
)  # fmt: skip
def test_results__are_pickled(what, given):
    for survey in (SURVEY, SURVEY.replicates("jk1")):
        found = getattr(survey, what)("y", **given)
        again = pickle.loads(pickle.dumps(found))
        pd.testing.assert_frame_equal(again.table, found.table)
        np.testing.assert_array_equal(again.cov, found.cov)


def test_points_of_a_distribution__are_named_in_full():
    assert SURVEY.cdf("y", [1234567, 1234567.25, 0.1]).table["level"].tolist() == ["1234567", "1234567.25", "0.1"]


def test_poverty_of_one_value__says_why_there_is_no_error():
    with pytest.raises(DesignError, match="half of the rows have one value"):
        SURVEY.poverty("even")
