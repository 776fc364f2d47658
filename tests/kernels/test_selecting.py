"""Chances of selection: what all values of a word come to."""

import numpy as np
import pytest

from surveysim.kernels import selecting as kernels


@pytest.mark.parametrize("whole", [1, 2, 3, 5, 7, 12, 31])
def test_lanes__counts_the_values_of_a_word(whole):
    u = np.arange(kernels.LANES)
    marks = (u * whole) >> 16
    for low in range(whole):
        for high in {low + 1, whole}:
            assert kernels.lanes(low, high, whole) == np.mean((marks >= low) & (marks < high))
    assert sum(kernels.lanes(k, k + 1, whole) for k in range(whole)) == 1
