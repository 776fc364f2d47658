"""Products and roots of covariance matrices against numpy's."""

import numpy as np
import pytest

from surveysim.kernels import matrices


@pytest.mark.parametrize("rank", [1, 3, 6])
def test_root__gives_the_matrix_back_in_as_many_rows_as_its_rank(rank):
    rows = np.random.default_rng(rank).normal(size=(rank, 6))
    matrix = np.zeros((6, 6))
    matrices.products(rows, matrix)
    np.testing.assert_allclose(matrix, rows.T @ rows, rtol=1e-12)
    found = np.zeros((6, 6))
    assert matrices.root(matrix.copy(), 1e-9, found) == rank
    np.testing.assert_allclose(found[:rank].T @ found[:rank], matrix, rtol=1e-9, atol=1e-12)


def test_products__are_added_to_what_is_there():
    matrix = np.eye(2)
    matrices.products(np.array([[1.0, 2.0], [0.0, 3.0]]), matrix)
    assert matrix.tolist() == [[2.0, 2.0], [2.0, 14.0]]
