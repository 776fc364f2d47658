"""Cohorts that take their schooling along, against plain loops."""

import numpy as np
import pytest

from naive import associations as naive
from surveysim.population import associations, census


@pytest.mark.parametrize(("elapsed", "college"), [(0.0, None), (3.2, None), (4.2, 0.21), (5.0, 0.15)])
def test_grown_older__is_the_mixture_of_cohorts(elapsed, college):
    before = census.nation(2020)[0]
    ages = before.sum(axis=2) * np.random.default_rng(1).uniform(0.8, 1.2, (2, 20))
    found = associations.grown_older(before, ages, elapsed, college)
    np.testing.assert_allclose(found, naive.grown_older(before, ages, elapsed, college), rtol=1e-6, atol=1)
