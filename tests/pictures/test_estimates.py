"""Pictures of estimates from plain arrays."""

import numpy as np
import pytest

from surveysim.pictures import alt, estimates

VALUES = np.array([[1.0, 0.5, 1.5], [-2.0, -4.0, 0.5]])


def test_intervals__tell_highest_and_lowest():
    ax = estimates.intervals(["", ""], ["a", "b"], {"x": VALUES, "y": VALUES + 3}, "Mean")
    assert alt(ax) == "4 estimates with 95 % intervals, from -2 (b, x) to 4 (a, y)."
    assert (
        alt(estimates.intervals([""], ["a"], {"": VALUES[:1]}, "Mean")) == "a: 1 with a 95 % interval from 0.5 to 1.5."
    )


def test_forest__is_hollow_where_the_interval_holds_the_value():
    ax = estimates.forest(["", ""], ["a", "b"], VALUES, "Difference", lang="zh")
    assert "其中 1 个区间不含 0" in alt(ax)
    full, hollow = (line for line in ax.get_lines() if line.get_marker() == "s")
    assert (full.get_xdata()[0], hollow.get_xdata()[0]) == (1.0, -2.0)
    assert ax.texts[0].get_text() == "1 (0.5, 1.5)"


@pytest.mark.parametrize(
    ("waves", "places"),
    [(["2022", "2024"], [2022, 2024]), (["spring", "autumn"], [0, 1]), (["2024-01", "2024-02"], [19723, 19754])],
)
def test_trend__has_waves_where_they_are(waves, places):
    ax = estimates.trend(waves, {"": VALUES}, "Mean")
    assert list(ax.get_xticks()) == places
    assert alt(ax) == f"Mean over 2 waves, from {waves[0]} to {waves[1]}: Mean 1 to -2."
