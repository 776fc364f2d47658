"""Outcome rates written out one by one from AAPOR (2023), and what their input must be."""

import warnings

import numpy as np
import pandas as pd
import pytest

from surveysim import DataError, SurveysimWarning, response_rates

I, P, R, NC, O, UH, UO, NE = 41, 11, 23, 17, 7, 53, 31, 101  # noqa: E741 - AAPOR's letters
CASES = {"I": I, "P": P, "R": R, "NC": NC, "O": O, "UH": UH, "UO": UO, "NE": NE}
KNOWN = I + P + R + NC + O


@pytest.mark.parametrize("kind", [dict, pd.Series])
def test_every_rate__is_that_of_the_standard_definitions(kind):
    rates = response_rates(kind(CASES), e=kind({"UH": 0.3, "UO": 0.7}))
    full, part = KNOWN + UH + UO, KNOWN + 0.3 * UH + 0.7 * UO
    expected = {
        "RR1": I / full,
        "RR2": (I + P) / full,
        "RR3": I / part,
        "RR4": (I + P) / part,
        "RR5": I / KNOWN,
        "RR6": (I + P) / KNOWN,
        "COOP1": I / (I + P + R + O),
        "COOP2": (I + P) / (I + P + R + O),
        "COOP3": I / (I + P + R),
        "COOP4": (I + P) / (I + P + R),
        "REF1": R / full,
        "REF2": R / part,
        "REF3": R / KNOWN,
        "CON1": (I + P + R + O) / full,
        "CON2": (I + P + R + O) / part,
        "CON3": (I + P + R + O) / KNOWN,
    }
    assert list(rates.index) == list(expected)
    assert rates.to_dict() == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("e", [0, 0.25, 1])
def test_one_share__holds_for_both_kinds_of_unknown_cases(e):
    assert response_rates(CASES, e=e)["RR3"] == pytest.approx(I / (KNOWN + e * (UH + UO)), rel=1e-14)


def test_proportional__is_known_eligible_over_known():
    e = KNOWN / (KNOWN + NE)
    rates = response_rates(CASES, e="proportional")
    assert rates["RR3"] == pytest.approx(I / (KNOWN + e * (UH + UO)), rel=1e-14)
    with pytest.warns(SurveysimWarning, match="RR3, RR4, RR5, RR6, COOP1"):
        assert np.isnan(response_rates({"UO": 2, "NE": 0}, e="proportional")["RR3"])  # nothing is known


@pytest.mark.parametrize("unknown", ["UH", "UO"])
def test_without_e__what_needs_it_is_missing_and_said(unknown):
    cases = {"I": I, "R": R, unknown: 1}
    with pytest.warns(SurveysimWarning, match="need e"):
        rates = response_rates(cases)
    assert rates[rates.isna()].index.tolist() == ["RR3", "RR4", "REF2", "CON2"]
    with pytest.raises(DataError, match="needs NE"):
        response_rates(cases, e="proportional")


def test_no_unknown_cases__need_no_e_and_no_ne():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rates = response_rates({"I": I, "R": R, "UH": 0})
    assert rates["RR3"] == rates["RR1"] == rates["RR5"] == pytest.approx(I / (I + R))
    assert response_rates({"I": I, "R": R}, e="proportional")["RR3"] == rates["RR1"]


def test_a_rate_over_nobody__is_missing():
    with pytest.warns(
        SurveysimWarning, match=r"^RR3, RR4, RR5, RR6, COOP1, COOP2, COOP3, COOP4, REF2, REF3, CON2, CON3 are missing"
    ):
        rates = response_rates({"UH": 0.5, "NE": 3}, e=0)
    with pytest.warns(SurveysimWarning, match=r"^COOP3, COOP4 are missing: no case .* O 4,"):
        assert response_rates({"O": 4, "NC": 3}, e=1)["COOP1"] == 0
    assert rates[["RR1", "REF1", "CON1"]].tolist() == [0, 0, 0]
    assert rates[["RR3", "RR5", "COOP1", "COOP3", "REF3", "CON3"]].isna().all()


@pytest.mark.parametrize(
    ("cases", "e", "words"),
    [
        ([("I", 1)], None, "must be a mapping"),
        ({"I": 1, "X": 2}, None, "'X' is no disposition"),
        ({"I": 1, "R": None}, None, "R has no count"),
        ({"I": 1, "R": -1}, None, "R has count -1"),
        ({"I": 1, "NE": np.inf}, None, "NE has count inf"),
        ({"I": 1, "NC": np.nan}, None, "NC has count nan"),
        ({"NE": 5}, None, "no case is eligible"),
        (CASES, 1.0001, "outside 0 to 1"),
        (CASES, -0.0001, "outside 0 to 1"),
        (CASES, np.nan, "outside 0 to 1"),
        (CASES, {"UH": 0.5, "UO": 2}, "outside 0 to 1"),
        (CASES, {"UH": 2, "UO": 0.5}, "outside 0 to 1"),
        (CASES, {"UH": 0.5}, "exactly the keys"),
        (CASES, {"UH": 0.5, "UO": 0.5, "NE": 0}, "exactly the keys"),
        (CASES, "casro", "give a number"),
    ],
)
def test_bad_input__is_named(cases, e, words):
    with pytest.raises(DataError, match=words):
        response_rates(cases, e=e)


@pytest.mark.parametrize("value", [True, "5", b"1", 1j, np.nan, np.inf, -1, 10**400, [1], None])
@pytest.mark.parametrize("name", ["I", "NE", "UH"])
def test_counts__of_any_kind_are_numbers_or_refused(value, name):
    with pytest.raises(DataError, match=f"disposition {name} has"):
        response_rates({**CASES, name: value}, e=0.5)


@pytest.mark.parametrize(
    "e", [True, "5", -1e-9, 1.5, np.nan, np.inf, 1j, 10**400, [0.5], {"UH": 0.5}, {"UH": 0.5, "UO": "x"}]
)
def test_e__is_a_share_or_refused(e):
    with pytest.raises(DataError, match="e = "):
        response_rates(CASES, e=e)


@pytest.mark.parametrize("unit", [1e-300, 0.37, 1e17, 1e300])
def test_rates__are_the_same_in_any_unit(unit):
    """Weighted cases need not be whole."""
    found = response_rates({name: unit * count for name, count in CASES.items()}, e=0.4)
    np.testing.assert_allclose(found, response_rates(CASES, e=0.4), rtol=1e-12)


def test_counts__whose_sum_overflows_are_refused():
    with pytest.raises(DataError, match="sum to more than double precision holds"):
        response_rates({"I": 1e308, "R": 1e308}, e=0.5)
