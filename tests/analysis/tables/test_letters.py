"""Adjusted p-values and letters, by hand."""

import numpy as np
import pytest

from surveysim.analysis.tables.letters import adjusted, letter, lettered

P = np.array([[0.01, 0.04, 0.03, np.nan]])


@pytest.mark.parametrize(
    ("method", "expected"),
    [("bonferroni", [0.03, 0.12, 0.09]), ("holm", [0.03, 0.06, 0.06]), ("none", [0.01, 0.04, 0.03])],
)
def test_adjusted__by_hand(method, expected):
    found = adjusted(P, method)
    assert found[0, :3] == pytest.approx(expected)
    assert np.isnan(found[0, 3])


def test_lettered__larger_cells_name_smaller_ones():
    value, p = np.array([[0.5, 0.3, 0.4]]), np.array([[0.01, 0.07, 0.5]])  # AB, AC, BC
    assert lettered(value, p, (0.05, 0.1)) == [["Bc", "", ""]]
    assert lettered(value, p, (0.05,)) == [["B", "", ""]]


def test_letter__goes_on_after_z():
    assert [letter(k) for k in (0, 25, 26, 51, 52)] == ["A", "Z", "AA", "AZ", "BA"]
