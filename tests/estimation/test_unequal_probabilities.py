"""Variances of samples with unequal probabilities that come out below 0."""

import numpy as np
import pandas as pd
import pytest

from surveysim import DesignError, Survey


def test_a_negative_variance_is_refused_and_is_no_error_of_0():
    """Of equal values over probabilities, Horvitz and Thompson's form with joint probabilities below the products is negative."""
    data = pd.DataFrame({"p": [0.5, 0.5, 0.5], "y": [1.0, 1.0, 1.0]})
    joint = np.full((3, 3), 0.15)
    np.fill_diagonal(joint, 0.5)
    # z = 2: sum of 0.5 × 4 three times, and of (0.15 - 0.25) / 0.15 × 4 six times, is 6 - 16
    with pytest.raises(DesignError, match=r"negative, the first is -10, of total, y: .*yg"):
        Survey(data, probability="p", pps=joint, pps_variance="ht").total("y")
    yates = Survey(data, probability="p", pps=joint, pps_variance="yg").total("y")
    assert yates.table["se"].tolist() == [0.0]
