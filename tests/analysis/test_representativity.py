"""R-indicators: by hand, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss


def two_groups():
    """Forty women of whom 30 respond, forty men of whom 20 do."""
    return pd.DataFrame({"sex": list("f" * 40 + "m" * 40), "answered": [1] * 30 + [0] * 10 + [1] * 20 + [0] * 20})


def test_two_groups__by_hand():
    """Propensities 3/4 and 1/2: S = 1/8, R = 3/4, cv = 1/5; partial √½ (3/4 - 5/8) = 0.0884, and the variable's 1/8."""
    found = ss.Survey(two_groups()).representativity("answered", ["sex"], adjust="none")
    assert found.table["estimate"].tolist() == pytest.approx([0.625, 0.125, 0.75, 0.2])
    assert found.partial["unconditional"].tolist() == pytest.approx([0.125, 0.125 / 2**0.5, -0.125 / 2**0.5])
    assert found.partial["conditional"].tolist() == pytest.approx([0.125, 0.125 / 2**0.5, 0.125 / 2**0.5])
    assert np.unique(found.propensity.round(12)).tolist() == [0.5, 0.75]


def test_published_adjustment__by_hand():
    """n = N = 80: 80/79 × 1/64 less (1/80) Σ_g n_g ρ(1-ρ)/n_g = (3/16 + 1/4)/80."""
    found = ss.Survey(two_groups()).representativity("answered", ["sex"], adjust="srs")
    assert found.table["estimate"][2] == pytest.approx(1 - 2 * np.sqrt(80 / 79 / 64 - (3 / 16 + 1 / 4) / 80))


def test_designs_adjustment__by_hand():
    """Independent rows, n/(n-1) Σ of squares: Var of a group's rate is (80/79) ρ(1-ρ)/40, of the mean (80/79) (15/64)/80."""
    found = ss.Survey(two_groups()).representativity("answered", ["sex"])
    chance = 80 / 79 * (0.5 * (3 / 16 + 1 / 4) / 40 - 15 / 64 / 80)
    assert found.table["estimate"][1] == pytest.approx(np.sqrt(1 / 64 - chance))
    assert found.table["unadjusted"][1] == pytest.approx(1 / 8)


def test_largest_bias__is_reached_where_all_goes_with_response():
    """y is 1 of women alone: respondents' mean 30/50, weighted by propensities 1/2; the largest bias is S_y S / ρ̄."""
    table = two_groups()
    table["y"] = np.where(table["answered"] == 1, (table["sex"] == "f") * 1.0, np.nan)
    bias = ss.Survey(table).representativity("answered", ["sex"], y="y", adjust="none").bias.iloc[0]
    assert bias[["respondents", "weighted", "bias"]].tolist() == pytest.approx([0.6, 0.5, 0.1])
    assert bias["largest"] == pytest.approx(np.sqrt(0.6 * 0.4) * 0.2)
    assert bias["fmi"] == pytest.approx(0, abs=1e-12)  # sex says all


def test_response_that_is_equal__has_no_more_than_chance():
    table = pd.DataFrame({"sex": list("fm") * 50, "answered": [1, 1, 0, 0] * 25})
    t = ss.Survey(table).representativity("answered", ["sex"]).table.set_index("indicator")
    assert t.loc["R", "estimate"] == 1
    assert np.isnan(t.loc["R", "se"])
    assert t.loc["R", "lower"] < 1
    assert t.loc["R", "upper"] == 1


def test_subpopulations_and_rows_without_weight__are_left_out():
    table = two_groups()
    more = pd.concat([table, pd.DataFrame({"sex": ["x"] * 4, "answered": [1, 0, 1, 0]})], ignore_index=True)
    whole = ss.Survey(table).representativity("answered", ["sex"], adjust="none").table
    part = ss.Survey(more).where("sex!=x") if False else ss.Survey(more).where(more["sex"] != "x")
    assert np.allclose(part.representativity("answered", ["sex"], adjust="none").table["estimate"], whole["estimate"])
    zero = ss.Survey(more, weight=np.where(more["sex"] == "x", 0.0, 1.0))
    assert np.allclose(zero.representativity("answered", ["sex"], adjust="none").table["estimate"], whole["estimate"])


def test_combinations_of_columns__are_a_variable():
    table = two_groups().assign(area=["n", "s"] * 40)
    found = ss.Survey(table).representativity("answered", ["sex", ("sex", "area")])
    assert "f, n" in found.partial["level"].tolist()
    assert "sex*area" in found.partial["variable"].tolist()
    assert np.allclose(found.propensity.mean(), 0.625)


def test_census_of_everybody__has_the_error_of_response_alone():
    table = two_groups()
    se = ss.Survey(table, fpc=np.full(80, 80.0)).representativity("answered", ["sex"]).table["se"][0]
    assert se == pytest.approx(np.sqrt((40 * 3 / 16 + 40 / 4) / 80**2))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"answered": 2}, "other than true and false"),
        ({"answered": 1}, "only one kind"),
        ({"sex": "f"}, "one level"),
        ({"sex": None}, "missing in 80 rows"),
    ],
)
def test_bad_files__are_refused(changed, message):
    with pytest.raises(ss.DataError, match=message):
        ss.Survey(two_groups().assign(**changed)).representativity("answered", ["sex"])


@pytest.mark.parametrize(
    "wish", [{"adjust": "yes"}, {"level": 2}, {"variables": []}, {"variables": ["sex", "sex"]}, {"y": "gone"}]
)
def test_bad_wishes__are_refused(wish):
    with pytest.raises(ss.SurveysimError, match=next(iter(wish)) if "y" not in wish else "gone"):
        ss.Survey(two_groups()).representativity(**({"response": "answered", "variables": ["sex"]} | wish))


def test_picture_and_words():
    found = ss.Survey(two_groups()).representativity("answered", ["sex"])
    assert ss.pictures.alt(found.plot()) == "Partial R-indicators of 2 rows, the largest of f."
    assert "62.5 % response of 80" in found.summary()
    assert "most by sex" in repr(found)
    assert len(found.to_frame()) == 4
