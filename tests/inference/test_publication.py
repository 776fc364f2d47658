"""Rules of publication, one by one."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss


def survey(n=400, seed=1):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {"y": rng.random(n) < 0.3, "g": rng.choice(["a", "b"], n, p=[0.95, 0.05]), "x": rng.gamma(2, 3, n)}
    )
    return ss.Survey(data.assign(kind=rng.choice(["u", "v", "w"], n, p=[0.02, 0.05, 0.93])), weight=rng.gamma(4, 1, n))


def test_publish__hides_thin_domains_and_keeps_the_others():
    estimates = survey().proportion("y", by="g")
    made = estimates.publish("nchs")
    assert made.hide.tolist() == [False, True]
    assert made.table["flag"].tolist() == ["", "n < 30"]
    assert np.isnan(made.table.loc[1, ["estimate", "se", "lower", "upper", "moe"]].astype(float)).all()
    assert made.table.loc[0, "estimate"] == estimates.table.loc[0, "estimate"]
    assert not np.isnan(estimates.table["estimate"]).any()  # the estimates are as they were
    assert made.to_frame() is not made.table


def test_publish__hides_a_second_level_where_one_would_follow():
    estimates = survey().proportion("kind")
    alone = estimates.publish("rse=20/31", complementary=False)
    assert alone.hide.tolist() == [True, False, False]
    both = estimates.publish("rse=20/31")
    assert both.hide.tolist() == [True, True, False]
    assert both.table["flag"].tolist()[1].endswith("complementary")


@pytest.mark.parametrize(
    ("rule", "flag"),
    [
        ("statcan", "E: rse > 16.6 %"),
        ("abs", ""),
        ("cv=10/40", "caution: rse > 10 %"),
        ({"rse": 15}, "rse > 15"),
        ({"n": 500}, "n < 500"),
        (["abs", {"df": 1000}], "df < 1000"),
        ("nchs", "not a proportion: no NCHS 2017 standard"),
        ("minimum=401", "n < 401"),
    ],
)
def test_publish__rules(rule, flag):
    rng = np.random.default_rng(3)
    made = ss.Survey(pd.DataFrame({"x": rng.choice([0.0, 50.0], 400, p=[0.92, 0.08])})).mean("x").publish(rule)
    assert made.table["flag"].tolist() == [flag]


@pytest.mark.parametrize(
    "rule",
    ["nhcs", "", None, 3, "minimum", "minimum=x", "rse=50/25", "cv=nan", [], {}, {"nn": 3}, {"n": -1}, ["nchs", "x"]],
)
def test_publish__refuses_unknown_rules_with_those_there_are(rule):
    with pytest.raises(ss.DataError, match="rule"):
        survey().proportion("y").publish(rule)


def test_publish__percent_is_as_shares():
    """A factor of 100 changes numbers, and no verdict."""
    from surveysim.inference.estimates import estimates

    s = survey()
    e = s.proportion("y")
    percent = estimates(s.engine, e.items, [("proportion", "y", "True", "")], scale=[100.0], ci="logit")
    assert percent.publish("nchs").hide.tolist() == e.publish("nchs").hide.tolist()
    assert percent.publish({"width": 0.05}).hide.tolist() == [True]
