"""Stages of a design in lists."""

import numpy as np
import pandas as pd

import surveysim as ss


def test_stages__none_in_a_list_is_a_stage_without_strata_or_correction():
    data = pd.DataFrame(
        {"h": np.repeat([1, 2], 8), "c": np.repeat(range(8), 2), "u": range(16), "N": 10, "M": 4, "one": 1}
    )
    data["y"] = np.arange(16.0) ** 1.5
    units = {"psu": ["c", "u"], "weight": np.full(16, 5.0)}
    for none, one in (
        ({"strata": ["h", None]}, {"strata": ["h", "one"]}),
        ({"strata": [None, "one"]}, {"strata": ["one", "one"]}),
        ({"strata": "h", "fpc": ["N", None]}, {"strata": "h", "fpc": ["N"]}),
    ):
        found, right = (
            ss.Survey(data, **{"fpc": ["N", "M"]} | units | given).total("y").table for given in (none, one)
        )
        assert found["se"].iloc[0] == right["se"].iloc[0] > 0
