"""Scales, ticks and places of drawings in rows."""

import math

import pytest

from surveysim.report.strips import Mark, Row, Scale, strips


def test_scale__holds_all_values_with_room():
    scale = Scale.of([1.0, 3.0, math.nan])
    assert scale.low < 1.0 < 3.0 < scale.high
    assert scale.at(2.0) == "50.00%"
    assert (scale.at(-9), scale.at(9)) == ("0.00%", "100.00%")
    one = Scale.of([5.0])
    assert one.low < 5.0 < one.high
    assert Scale.of([math.inf]).low < 0 < Scale.of([math.inf]).high


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.0, 100.0, ["0", "20", "40", "60", "80", "100"]),
        (-0.2, 0.2, ["−0.2", "−0.1", "0.0", "0.1", "0.2"]),
        (77.0, 79.6, ["77.0", "77.5", "78.0", "78.5", "79.0", "79.5"]),
        (1200.0, 1210.0, ["1,200", "1,202", "1,204", "1,206", "1,208", "1,210"]),
    ],
)
def test_ticks__are_round_numbers(low, high, labels):
    ticks = Scale(low, high).ticks()
    assert [label for _, label in ticks] == labels
    assert all(0 <= float(place[:-1]) <= 100 for place, _ in ticks)


def test_strips__place_marks_on_one_scale_and_leave_out_what_is_missing():
    rows = [
        Row("a", "1", "", [Mark("bar", "first", 4.0, 0.0), Mark("dot", "ink", 2.0)]),
        Row("b", "2", "", [Mark("diamond", "second", math.nan)]),
    ]
    drawn = strips(rows, "points", lines=[2.0], scale=Scale(0.0, 4.0))
    bar, dot = drawn["rows"][0].marks
    assert (bar["x"], bar["end"], bar["width"]) == ("0.00%", "100.00%", "100.00%")
    assert dot["x"] == drawn["lines"][0] == "50.00%"
    assert drawn["rows"][1].marks == []
