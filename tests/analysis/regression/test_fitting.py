"""Solving the equations of a model."""

import numpy as np
import pytest

from surveysim.analysis.regression import fitting
from surveysim.analysis.regression.families import FAMILIES, LINKS


def columns(seed=1, n=60):
    rng = np.random.default_rng(seed)
    return np.column_stack([np.ones(n), rng.normal(size=n), rng.normal(2000, 3, n)]), rng.lognormal(0, 0.5, n)


def test_basis__spans_the_columns():
    x, w = columns()
    for given in (
        x,
        np.column_stack([x, x[:, 2] ** 2]),
    ):  # the square of a year is nearly a combination of the year and 1
        made = fitting.basis(given, w)
        np.testing.assert_allclose(given @ made.t, made.z, rtol=1e-5, atol=1e-6 * np.abs(made.z).max())
        np.testing.assert_allclose(made.z.T @ (made.z * w[:, None]), made.products, rtol=1e-6, atol=1e-6)


def test_basis__names_the_column_that_others_determine():
    x, w = columns()
    with pytest.raises(fitting.Collinear) as error:
        fitting.basis(np.column_stack([x, 2 * x[:, 1] + 1]), w)
    assert error.value.column == 3
    assert error.value.others.tolist() == [0, 1]


def test_solution__has_equations_of_zero():
    x, w = columns()
    y = (np.random.default_rng(2).random(60) < 0.4).astype(float)
    of = FAMILIES["binomial"], LINKS["logit"]
    problem = fitting.Problem(x, None, y, None, np.arange(60))
    made = fitting.basis(x, w)
    fit = fitting.fitted(problem, w, *of, made)
    np.testing.assert_allclose(x.T @ (w * (y - LINKS["logit"].mean(x @ fit.coef))), 0, atol=1e-5)
    again = fitting.fitted(problem, w, *of, made, start=fit.coef * 1.01)
    np.testing.assert_allclose(again.coef, fit.coef, rtol=1e-6)


@pytest.mark.filterwarnings("error")
def test_equations_without_a_solution__are_refused_without_a_warning_of_scipy():
    """The steps of separated models come to matrices that are as good as singular."""
    for last in (1.0, 1 + 1e-16, np.nan):
        with pytest.raises(fitting.Unfitted):
            fitting.solved(np.array([[1.0, 1.0], [1.0, last]]), np.array([1.0, 2.0]))
    nearly = np.array([[1.0, 1.0], [1.0, 1 + 3e-16]])
    with pytest.raises(fitting.Unfitted):
        fitting.solved(nearly, np.eye(2))
    np.testing.assert_allclose(
        fitting.solved(np.array([[4.0, 1e6], [1e6, 1e12]]), np.array([1.0, 2e6])), [-1 / 3, 7e-6 / 3]
    )
