"""Designs of sums: what a design of respondents gives, by a naive sum over respondents; who is counted."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.inference import summed


def test_by_respondent__is_the_sum_over_respondents():
    """Rows that stand for k equal respondents of weight w: Σ_h n_h / (n_h - 1) (1 - f_h) (Σ z² - (Σ z)² / n_h)."""
    table = pd.DataFrame(
        {
            "h": list("aabb"),
            "k": [3, 4, 2, 5],
            "w": [2.0, 1.0, 3.0, 1.5],
            "y": [1.0, 4.0, 2.0, 7.0],
            "N": [70, 70, 20, 20],
        }
    )
    start = ss.Survey(table.assign(w=table["w"] * table["k"]), weight="w", strata="h").design
    counts = table["k"].to_numpy()
    design = summed.by_respondent(start, table, "N", (counts, counts, counts * table["w"].to_numpy() ** 2))
    want = 0.0
    for _, part in table.loc[table.index.repeat(table["k"])].groupby("h"):
        z, n = (part["w"] * part["y"]).to_numpy(), len(part)
        want += n / (n - 1) * (1 - n / part["N"].iloc[0]) * ((z - z.mean()) ** 2).sum()
    y = table["y"].to_numpy()
    assert design.variances([y])[0] == pytest.approx(want, rel=1e-13)
    both = design.covariance([y, 2 * y])
    assert both == pytest.approx(want * np.array([[1, 2], [2, 4]]), rel=1e-13)
    group = np.array([0, -1, 0, 1], np.int32)
    assert design.degrees(group, ["", ""], strict=False)[0] == 5 - 2  # 3 in one stratum and 2 in the other
    assert summed.interviews(design, np.True_, group, ["", ""]).tolist() == [5, 5]


def test_interviews__of_plain_rows_are_rows_of_weight():
    design = ss.Survey(pd.DataFrame({"w": [1.0, 0.0, 2.0]}), weight="w").design
    assert summed.interviews(design, np.True_, np.zeros(3, np.int32), [""]).tolist() == [2]
