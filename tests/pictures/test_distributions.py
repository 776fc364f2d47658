"""Pictures of distributions from plain arrays."""

import numpy as np

from surveysim.pictures import alt, distributions


def test_histogram__tells_where_most_is():
    ax = distributions.histogram(np.array([0.0, 1, 2]), {"": np.array([30.0, 70])}, "y")
    assert alt(ax) == "Weighted histogram of y: most of it, 70 %, between 1 and 2."


def test_boxes__name_no_more_than_six():
    numbers = np.array([0.0, 1, 2, 3, 4, 2.5])
    ax = distributions.box({f"d{k}": (numbers, np.array([9.0])) for k in range(8)}, "y")
    assert len(ax.patches) == 8
    assert alt(ax).endswith("d5 1, 2, 3; ….")


def test_curves__are_steps():
    ax = distributions.cumulative({"": (np.array([1.0, 1, 2]), np.array([0.0, 40, 100]))}, {"": 2.0}, "y")
    assert ax.get_lines()[0].get_drawstyle() == "steps-post"
    assert alt(ax).endswith("medians: All 2.")
