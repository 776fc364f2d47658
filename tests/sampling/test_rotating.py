"""Samples that rotate."""

import numpy as np
import pytest
from naive import waves

from surveysim import DesignError, sampling


def test_rotation__the_current_population_survey():
    # of eight panels in for 4, out for 8, in for 4 months, six are asked again a month later, none after 5 months, four after a year
    table = sampling.rotation("4-8-4").set_index("lag")["overlap"]
    assert table.to_dict() == {
        1: 0.75, 2: 0.5, 3: 0.25, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0,
        9: 0.125, 10: 0.25, 11: 0.375, 12: 0.5, 13: 0.375, 14: 0.25, 15: 0.125, 16: 0,
    }  # fmt: skip


@pytest.mark.parametrize(("stay", "leave", "again"), [(2, 2, 2), (1, 3, 2), (5, 1, 1), (3, 9, 3)])
def test_rotation__as_the_naive_one(stay, leave, again):
    table = sampling.rotation([stay, leave, again], lags=20)
    wanted = [waves.overlap(stay, leave, again, lag) for lag in range(1, 21)]
    np.testing.assert_allclose(table["overlap"], wanted)


def test_rotation__variances_of_changes_by_simulation():
    """A third of 60 leaves: the variance of the plain difference, and of the best weighted one, against independent samples."""
    rng, rho, n, repetitions = np.random.default_rng(4), 0.8, 60, 40_000
    both = rng.multivariate_normal([0, 0], np.array([[1, rho], [rho, 1]]) / 40, repetitions)
    alone = rng.normal(0, np.sqrt(1 / 20), (repetitions, 2))
    row = sampling.rotation("3", correlation=rho).iloc[0]
    plain = (40 * (both[:, 1] - both[:, 0]) + 20 * (alone[:, 1] - alone[:, 0])) / n
    assert plain.var() / (2 / n) == pytest.approx(row["change"], rel=0.03)
    a, b = (1 / (2 * (1 - rho) / 40), 1 / (2 / 20))
    best = (a * (both[:, 1] - both[:, 0]) + b * (alone[:, 1] - alone[:, 0])) / (a + b)
    assert best.var() / (2 / n) == pytest.approx(row["composite"], rel=0.03)


@pytest.mark.parametrize("pattern", ["4-8", "", "a", "4-8-x", [], [4, 8], [4.5], 4, None, "0", [4, -1, 4], "²"])
def test_rotation__refuses(pattern):
    with pytest.raises(DesignError, match="pattern"):
        sampling.rotation(pattern)
