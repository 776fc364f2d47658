"""Units that are one and the same in several samples, counted once."""

import numpy as np
import pytest

from surveysim import DesignError
from surveysim.inference.stage import Stage


def stage(fraction=(0.0, 0.0, 0.0, 0.0)):
    """Two waves of two strata: units 0, 1, 2 and 3, 4; then 1, 2, 5 in the first stratum and 6, 7 in the second."""
    same = np.array([0, 1, 2, 3, 4, 1, 2, 5, 6, 7])
    stratum = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3, 3])
    return Stage(np.arange(10), stratum, np.array(fraction), ("a: n", "a: s", "b: n", "b: s"), same=same)


def test_once__strata_are_the_waves_that_units_are_in():
    made = stage().once
    assert made.unit.tolist() == [0, 1, 2, 3, 4, 1, 2, 5, 6, 7]
    assert made.stratum.tolist() == [0, 1, 1, 2, 2, 3, 4, 4]


def test_counted__strata_that_share_a_unit_are_one():
    made = stage().counted
    assert len(made.sampled) == 3  # the second stratum shares none between waves
    assert made.sampled.tolist() == [4, 2, 2]


def test_once__refuses_fractions_that_differ():
    with pytest.raises(DesignError, match="another sampling fraction"):
        _ = stage((0.1, 0, 0.2, 0)).once
    assert stage((0.1, 0, 0.1, 0)).once.fraction.tolist() == [0.1, 0.1, 0, 0.1, 0]


def test_stage__without_common_units_is_itself():
    alone = Stage(np.arange(2), np.zeros(2, int), np.zeros(1), ("all",))
    assert alone.once is alone is alone.counted
