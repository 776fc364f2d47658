"""Sums over the rows of a regression."""

import numpy as np

from surveysim.kernels import regression as kernels


def test_normal_equations__are_products_of_columns():
    rng = np.random.default_rng(1)
    x, curve, pull = rng.normal(size=(20, 4)) * (rng.random((20, 4)) < 0.6), rng.normal(size=20), rng.normal(size=20)
    matrix, right = np.zeros((4, 4)), np.zeros(4)
    kernels.normal_equations(x, curve, pull, matrix, right)
    np.testing.assert_allclose(matrix, (x * curve[:, None]).T @ x, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(right, x.T @ pull, rtol=1e-12)


def test_moments_and_products__by_cell():
    rng = np.random.default_rng(2)
    f, cell, of = rng.normal(size=(30, 2)), rng.integers(0, 3, 30), rng.normal(size=(3, 2))
    curve, pull = rng.random(30), rng.random(30)
    squares, sums, out = np.zeros((3, 2, 2)), np.zeros((3, 2)), np.empty(30)
    kernels.moments(f, cell, curve, pull, squares, sums)
    kernels.products(f, cell, of, out)
    here = cell == 1
    np.testing.assert_allclose(squares[1, 0, 1], np.sum(curve[here] * f[here, 0] * f[here, 1]))
    np.testing.assert_allclose(sums[1], pull[here] @ f[here])
    np.testing.assert_allclose(out, np.sum(f * of[cell], axis=1))
