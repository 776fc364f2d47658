"""Links and families: derivatives against differences, names, responses."""

import numpy as np
import pytest

from surveysim import DataError
from surveysim.analysis.regression.families import FAMILIES, LINKS, chosen, counts, zero_one

ETA = np.linspace(-3, 1, 9)


@pytest.mark.parametrize("name", LINKS)
def test_links__derivatives_and_inverse(name):
    link, h = LINKS[name], 1e-6
    np.testing.assert_allclose(link.of(link.mean(ETA)), ETA, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(link.slope(ETA), (link.mean(ETA + h) - link.mean(ETA - h)) / (2 * h), rtol=1e-7)
    np.testing.assert_allclose(
        link.bend(ETA), (link.slope(ETA + h) - link.slope(ETA - h)) / (2 * h), rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_families__deviance_falls_as_the_score_says(name):
    family, y, mu, h = FAMILIES[name], np.array([0.0, 1.0]), np.array([0.3, 0.6]), 1e-6
    slope = (family.deviance(y, mu + h) - family.deviance(y, mu - h)) / (2 * h)
    np.testing.assert_allclose(slope, -2 * (y - mu) / family.variance(mu), rtol=1e-6)
    bend = (family.variance(mu + h) - family.variance(mu - h)) / (2 * h)
    np.testing.assert_allclose(family.bend(mu), bend, rtol=1e-6, atol=1e-9)
    assert family.deviance(y, y + 0.0)[1] == pytest.approx(0)


def test_names_and_responses():
    assert chosen("quasibinomial", None) == ("binomial", "logit")
    assert chosen("ordinal", "probit") == ("ordinal", "probit")
    with pytest.raises(DataError, match="2 of 3 values are negative, the first is -1"):
        counts(np.array([-1.0, 2, -3]), "'y'")
    with pytest.raises(DataError, match=r"I\(y == 2\)"):
        zero_one(np.array([1.0, 2, 2]), "'y'")
