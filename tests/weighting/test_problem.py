"""Who is warned of: one respondent with a quarter of all weight, if that is 2.5 times the mean weight or more."""

import warnings

import numpy as np
import pandas as pd
import pytest

from surveysim import SurveysimWarning, poststratify


def weighted(n, share):
    """n respondents, of whom the last carries this share of all weight."""
    table = pd.DataFrame({"g": ["rest"] * (n - 1) + ["one"]})
    return table, {"g": {"rest": 100 * (1 - share), "one": 100 * share}}


@pytest.mark.parametrize(("n", "share"), [(10, 0.25), (40, 0.25), (8, 0.3125), (3, 0.84)])
def test_dominance__is_warned_of_from_a_quarter_and_two_and_a_half_means_on(n, share):
    with pytest.warns(SurveysimWarning, match=rf"row {n - 1}\) carries {100 * share:.3g} % of all weight.*of {n}\."):
        poststratify(*weighted(n, share))


@pytest.mark.parametrize(("n", "share"), [(100, 0.2499), (7, 0.35), (4, 0.62), (3, 0.83)])
def test_dominance__is_not_warned_of_below(n, share):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = poststratify(*weighted(n, share))
    assert made.weight[-1] == pytest.approx(100 * share)
    np.testing.assert_allclose(made.weight[:-1], 100 * (1 - share) / (n - 1))
