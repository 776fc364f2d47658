"""Missing raking variables, trimming while raking, and what `diagnose` says of weights."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.errors import CalibrationError, DataError
from surveysim.weighting import diagnose

SIX = pd.DataFrame({"sex": ["m", "m", "f", "f", None, "m"], "age": ["y", "o", "y", "o", "y", None], "w": 1.0})
HALVES = {"sex": {"m": 50, "f": 50}, "age": {"y": 40, "o": 60}}


def test_missing__fail_names_the_variable_and_the_rows():
    with pytest.raises(CalibrationError, match="'sex' is missing in 1 rows, the first is row 4"):
        ss.rake(SIX, HALVES, weight="w")


def test_missing__drop_is_raking_without_those_rows():
    whole = ss.rake(SIX, HALVES, weight="w", missing="drop")
    part = ss.rake(SIX[:4], HALVES, weight="w")
    np.testing.assert_allclose(whole.weight, [*part.weight, 0, 0])
    assert whole.margins["respondents"].tolist() == [2, 2, 2, 2]
    data = SIX.assign(x=[1.0, 0, 0, 1, 9, 9])
    e, f = (
        ss.Survey(d, weight=c).mean("x").to_frame().iloc[0] for d, c in ((data, whole), (data[:4], part))
    )  # fmt: skip
    assert e["estimate"] == pytest.approx(f["estimate"])
    assert e["n"] == f["n"] == 4


def test_missing__level_keeps_its_share_and_the_others_theirs():
    """By hand: one of six weights misses its sex, so m and f share 5/6 half and half; the same for age."""
    cal = ss.rake(SIX, HALVES, weight="w", missing="level")
    table = cal.margins.set_index(["margin", "level"])["after"]
    np.testing.assert_allclose(table["sex"][["m", "f", "(missing)"]], [2.5, 2.5, 1], rtol=1e-8)
    np.testing.assert_allclose(table["age"][["y", "o", "(missing)"]], [2, 3, 1], rtol=1e-8)


def test_missing__crossed_margins_and_partitions():
    crossed = {("sex", "age"): {("m", "y"): 20.0, ("m", "o"): 30.0, ("f", "y"): 25.0, ("f", "o"): 25.0}}
    cal = ss.rake(SIX, crossed, weight="w", missing="level")
    assert cal.margins["target"].tolist() == pytest.approx([0.8, 1.2, 1, 1, 1, 1])
    data = SIX.assign(region=list("aabbab"))
    by = {"a": {"sex": {"m": 60.0}}, "b": {"sex": {"m": 10.0, "f": 30.0}}}
    cal = ss.rake(data, by, by="region", weight="w", missing="level", margins_are="totals")
    after = cal.margins.set_index(["partition", "level"])["after"]
    assert after["a", "m"] == pytest.approx(40)  # a third of region a's weight misses its sex
    assert after["a", "(missing)"] == pytest.approx(20)
    assert after["b", "m"] == pytest.approx(10)


def test_missing__nothing_missing_changes_nothing():
    for policy in ("drop", "level"):
        np.testing.assert_array_equal(ss.rake(SIX[:4], HALVES, missing=policy).weight, ss.rake(SIX[:4], HALVES).weight)
    with pytest.raises(DataError, match="choose one of fail, drop, level"):
        ss.rake(SIX, HALVES, missing="impute")


def test_missing__inputs_are_not_modified():
    before = SIX.copy()
    ss.rake(SIX, HALVES, weight="w", missing="level")
    pd.testing.assert_frame_equal(SIX, before)


def test_trim__bounds_and_margins_both_hold():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"sex": rng.choice(["m", "f"], 500), "w": rng.lognormal(0, 1, 500)})
    margins = {"sex": {"m": 400.0, "f": 600.0}}
    cal = ss.rake(data, margins, weight="w", trim=(0.2, 3))
    assert cal.weight.min() >= 0.2 * 2 * (1 - 1e-6)
    assert cal.weight.max() <= 3 * 2 * (1 + 1e-6)
    np.testing.assert_allclose(cal.margins["after"], [400, 600], rtol=1e-8)
    with pytest.raises(DataError, match="least < 1 < most"):
        ss.rake(data, margins, weight="w", trim=(1.5, 3))


def test_diagnose__hand_worked():
    data = pd.DataFrame({"sex": ["m", "m", "f", "f", "f"], "base": 1.0, "w": [1.0, 1.0, 2.0, 4.0, 0.0]})
    found = diagnose(data, "w", {"sex": {"m": 50, "f": 50}}, base="base")
    assert found.facts["respondents"] == 4
    assert found.facts["without_weight"] == 1
    assert found.facts["deff_kish"] == pytest.approx(4 * 22 / 64)
    assert found.facts["effective_n"] == pytest.approx(64 / 22)
    assert found.facts["share_largest"] == 50
    assert found.extremes["row"].tolist() == [3, 2, 0, 1]
    assert found.margins[["before", "after", "gap"]].values.tolist() == [[50, 25, -25], [50, 75, 25]]
    assert "Kish deff 1.375" in found.summary()
    with pytest.raises(DataError, match="nothing to diagnose"):
        diagnose(data.assign(w=0.0), "w")
