"""Pictures of weightings from plain arrays."""

import numpy as np

from surveysim.pictures import alt, weighting

BEFORE, AFTER, TARGET = np.array([30.0, 70]), np.array([50.0, 50]), np.array([50.0, 50])


def test_margins__have_three_marks_a_row():
    table = {"before": BEFORE, "after": AFTER, "target": TARGET}
    ax = weighting.margins(["sex", "sex"], ["f", "m"], table)
    assert [list(line.get_xdata()) for line in ax.get_lines()] == [[30, 70], [50, 50], [50, 50]]
    assert alt(ax).endswith("the largest gap was 20 points (f) and is 0.")


def test_love__is_about_zero():
    ax = weighting.love(["sex", "sex"], ["f", "m"], (BEFORE - TARGET) / 50, (AFTER - TARGET) / 50)
    assert "up to 0.4 before weighting (f), up to 0 after" in alt(ax)


def test_what_rounding_leaves__is_nothing():
    assert [weighting.small(gap) for gap in (1e-12, 0.25)] == ["0", "0.25"]


def test_weights_and_partial_indicators__are_drawn():
    ax = weighting.weights(np.array([0.0, 1, 2]), {"one": np.array([3, 4])}, {"one": (0.5, 1.5)}, lang="zh")
    assert "one 从 0.5 到 1.5" in alt(ax)
    ax = weighting.partial(["sex", "sex"], ["f", "m"], {"unconditional": np.array([[-0.1, -0.2, 0], [0.1, 0, 0.2]])})
    assert "the largest of f" in alt(ax)
