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


def respondents(seed=3, n=300):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {"sex": rng.choice(["m", "f"], n), "age": rng.choice(["y", "o"], n), "prov": rng.choice(["1", "2"], n)}
    )
    data["y"] = (data["sex"] == "m") * 2.0 + rng.normal(size=n)
    data["w"] = rng.uniform(1, 3, n)
    lost = rng.random(n) < 0.3
    data.loc[lost, "y"] += 3
    return data.assign(sex=data["sex"].where(~lost))


@pytest.mark.parametrize("way", ["method", "calibration"])
def test_drop__errors_and_replicates_are_those_of_the_rows_that_are_left(way):
    data, margins = respondents(), {"sex": {"m": 200.0, "f": 400.0}, "age": {"y": 250.0, "o": 350.0}}
    options = {"missing": "drop", "margins_are": "totals"}
    if way == "method":
        survey = ss.Survey(data, weight="w").rake(margins, **options)
    else:
        survey = ss.Survey(data, weight=ss.rake(data, margins, weight="w", **options))
    left = data[data["sex"].notna()].reset_index(drop=True)
    short = ss.Survey(left, weight="w").rake(margins, margins_are="totals")
    for made, wanted in ((survey, short), (survey.replicates("jkn"), short.replicates("jkn"))):
        a, b = (s.mean("y").to_frame().iloc[0] for s in (made, wanted))
        assert a["estimate"] == pytest.approx(b["estimate"])
        assert a["se"] == pytest.approx(b["se"], rel=0.01)  # PSUs that were left out still count as PSUs
    mse = survey.replicates("jkn", mse=True).mean("y").to_frame()["se"][0]
    assert mse == pytest.approx(short.mean("y").to_frame()["se"][0], rel=0.1)


@pytest.mark.everyday(2)
@pytest.mark.parametrize("by", [None, "prov"])
@pytest.mark.parametrize("kind", ["totals", "shares"])
def test_level__linearized_errors_are_those_of_a_jackknife_that_shares_out_anew(kind, by):
    data = respondents()
    one = {
        "sex": {"m": 40.0, "f": 60.0},
        ("sex", "age"): {("m", "y"): 20.0, ("m", "o"): 20.0, ("f", "y"): 25.0, ("f", "o"): 35.0},
    }
    one = {"sex": one["sex"], "age": {"y": 45.0, "o": 55.0}} if by is None else {"sex": one["sex"]}
    margins = one if by is None else {"1": one, "2": one}
    options = {"missing": "level", "margins_are": kind, "by": by}
    survey = ss.Survey(data, weight=ss.rake(data, margins, weight="w", **options))
    linear = survey.mean("y").to_frame()["se"][0]
    assert survey.replicates("jk1").mean("y").to_frame()["se"][0] == pytest.approx(linear, rel=0.03)
    total = survey.total("y").to_frame()["se"][0]
    assert survey.replicates("jk1").total("y").to_frame()["se"][0] == pytest.approx(total, rel=0.03)


@pytest.mark.statistical
def test_level__intervals_cover():
    """600 samples, a fifth missing at random: coverage of 95 % intervals within 3.5 Monte Carlo errors, errors within 10 %."""
    rng, N, R, n = np.random.default_rng(8), 50_000, 600, 300
    male = rng.random(N) < 0.5
    y = rng.random(N) < np.where(male, 0.9, 0.3)
    found = []
    for _ in range(R):
        i = rng.integers(0, N, n)
        sex = np.where(male[i], "m", "f").astype(object)
        sex[rng.random(n) < 0.2] = None
        data = pd.DataFrame({"sex": sex, "y": y[i].astype(float)})
        cal = ss.rake(
            data,
            {"sex": {"m": 100 * male.mean(), "f": 100 - 100 * male.mean()}},
            weight=np.full(n, 10.0),
            missing="level",
        )
        found.append(ss.Survey(data, weight=cal).mean("y").to_frame().iloc[0][["estimate", "se", "lower", "upper"]])
    table = pd.DataFrame(found).astype(float)
    cover = ((table["lower"] <= y.mean()) & (table["upper"] >= y.mean())).mean()
    assert abs(cover - 0.95) < 3.5 * np.sqrt(0.95 * 0.05 / R)
    assert table["se"].mean() / table["estimate"].std() == pytest.approx(1, abs=0.1)


def test_level__margins_that_share_a_variable_stay_consistent():
    """Ages are missing, provinces and sexes are not: sums by province and by sex stay what they were."""
    data = respondents().assign(sex=lambda d: np.where(np.arange(len(d)) % 2, "m", "f"))
    data.loc[::7, "age"] = None
    crossed = {("prov", "age"): {("1", "y"): 30.0, ("1", "o"): 20.0, ("2", "y"): 10.0, ("2", "o"): 40.0}}
    crossed[("prov", "sex")] = {("1", "m"): 20.0, ("1", "f"): 30.0, ("2", "m"): 25.0, ("2", "f"): 25.0}
    cal = ss.rake(data, crossed, weight="w", missing="level", margins_are="totals")
    after = pd.Series(cal.weight).groupby(data["prov"]).sum()
    assert after.tolist() == pytest.approx([50, 50])
    part = pd.Series(cal.weight).groupby([data["prov"], data["age"].fillna("none")]).sum()
    for p in "12":
        base = data[data["prov"] == p]
        share = base.loc[base["age"].isna(), "w"].sum() / base["w"].sum()
        assert part[p, "none"] == pytest.approx(50 * share)


def test_missing__parsed_margins_bring_their_own_partitions():
    from surveysim.weighting import Margins

    data = respondents()
    margins = Margins.parse({"1": {"sex": {"m": 40.0, "f": 60.0}}, "2": {"sex": {"m": 50.0, "f": 50.0}}}, "prov")
    for policy in ("drop", "level"):
        cal = ss.rake(data, margins, weight="w", missing=policy, margins_are="totals")
        assert pd.Series(cal.weight).groupby(data["prov"]).sum().tolist() == pytest.approx([100, 100])


def test_trim__the_mean_is_that_of_the_rows_that_are_left():
    data = respondents()
    margins = {"age": {"y": 250.0, "o": 350.0}, "sex": {"m": 200.0, "f": 400.0}}
    cal = ss.rake(data, margins, weight="w", missing="drop", trim=(None, 1.6), margins_are="totals")
    short = ss.rake(data[data["sex"].notna()], margins, weight="w", trim=(None, 1.6), margins_are="totals")
    np.testing.assert_allclose(cal.weight[cal.weight > 0], short.weight, rtol=1e-6)


def test_rows_without_weight__make_no_level_or_combination_of_their_own():
    """A row that is left out has (b, c) for (b, missing) nowhere, and one of weight 0 needs no level for the missing."""
    crossed = pd.DataFrame({"u": ["a", "b", "b"], "v": ["c", "d", None]})
    found = ss.rake(crossed, {("u", "v"): {("a", "c"): 6.0, ("b", "d"): 4.0}}, missing="drop")
    assert found.weight.tolist() == [6, 4, 0]
    margins = {"u": {"a": 6.0, "b": 4.0}}
    for policy in ("drop", "level"):
        found = ss.rake(pd.DataFrame({"u": ["a", "b", None]}), margins, weight=[1, 1, 0], missing=policy)
        assert found.weight.tolist() == [6, 4, 0]


def test_rows_without_weight__do_not_say_which_variables_are_never_missing():
    """u is missing in a row of weight 0 alone, so the share of the missing v is still taken inside the levels of u."""
    table = pd.DataFrame({"u": ["a", "a", "b", "b", None], "v": ["c", None, "c", "d", "c"]})
    margins = {("u", "v"): {("a", "c"): 30.0, ("a", "d"): 0.0, ("b", "c"): 10.0, ("b", "d"): 10.0}}
    found = ss.rake(table, margins, weight=[1, 3, 1, 1, 0], missing="level")
    np.testing.assert_allclose(found.weight, [7.5, 22.5, 10, 10, 0])
