"""When numbers agree: digits as they were printed, Monte Carlo error, statements, and differences that have a reason."""

import pytest

from surveysim.errors import StudyError
from surveysim.published.comparing import Ours, compared, share


def verdict(value, ours, **more):
    return compared([{"what": "x", "value": value, **more}], {"x": ours}).loc[0, "verdict"]


@pytest.mark.parametrize(
    ("printed", "ours", "expected"),
    [
        ("1.38", 1.375, "agrees"),  # half of the last digit, from below and from above
        ("1.37", 1.375, "agrees"),
        ("1.38", 1.374, "differs"),
        ("26,440", 26440.4, "agrees"),
        ("26,440", 26440.6, "differs"),
        ("−3.0", -3.04, "agrees"),
        ("0.50", 0.6, "differs"),
        ("0.50", Ours(0.6, 0.033), "agrees"),  # 0.1 < 0.005 + 3 × 0.033
        ("0.50", Ours(0.6, 0.031), "differs"),
        ("> 0", 0.1, "agrees"),
        ("> 0", -0.1, "differs"),
        ("> 0", Ours(0.1, 0.05), "undecided"),
        ("< 95", Ours(94.0, 0.3), "agrees"),
        ("< 95", Ours(96.0, 0.3), "differs"),
    ],
)
def test_compared__by_hand(printed, ours, expected):
    assert verdict(printed, ours) == expected


def test_compared__what_an_entry_may_say():
    assert verdict("0.50", 0.6, error=0.04) == "agrees"
    assert verdict("10", 9.2, within=1) == "agrees"
    assert verdict("3,932,630", 3_932_630.5, cut=True) == "agrees"
    assert verdict("3,932,631", 3_932_630.5, cut=True) == "differs"
    assert verdict("78765261", 7_865_261, slip="a digit too many") == "slip"
    entry = {"what": "x", "parts": ["a", "b"], "values": ["1", "2"], "choice": {"b": "because"}}
    found = compared([entry], {"x": [1, 3]})
    assert found[["what", "verdict", "why"]].values.tolist() == [["x, a", "agrees", ""], ["x, b", "choice", "because"]]


def test_compared__a_formula_stands_where_nothing_was_printed():
    found = compared([], {"x": Ours(1.0, 0.01, 1.02), "y": Ours(1.0, 0.0, 1.02)})
    assert found["verdict"].tolist() == ["agrees", "differs"]
    assert found["printed"].tolist() == ["", ""]


def test_compared__refuses_what_was_left_out():
    with pytest.raises(StudyError, match="'x' was printed"):
        compared([{"what": "x", "value": "1"}], {})
    with pytest.raises(StudyError, match="'y' is made, and neither printed"):
        compared([], {"y": 1.0})
    with pytest.raises(StudyError, match="2 numbers were printed, 1 are made"):
        compared([{"what": "x", "values": ["1", "2"]}], {"x": 1.0})
    with pytest.raises(StudyError, match="agrees after all"):
        verdict("1", 1.0, slip="not so")


def test_share__has_an_error_also_where_all_hit():
    assert share(90, 100).value == pytest.approx(90)
    assert share(90, 100).mcse == pytest.approx(100 * (0.884615 * 0.115385 / 100) ** 0.5, rel=1e-4)
    assert share(100, 100).mcse > 0
