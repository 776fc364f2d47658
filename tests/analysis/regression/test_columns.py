"""Columns of cells times numbers of rows do what the same columns written out do."""

import numpy as np

from surveysim.analysis.regression import columns


def test_products__as_written_out():
    rng = np.random.default_rng(1)
    cell, factors = rng.integers(0, 5, 50), np.column_stack([np.ones(50), rng.normal(size=(50, 2))])
    x = columns.Products(rng.normal(size=(5, 6)), cell, factors, np.array([0, 0, 1, 2, 1, 0]))
    plain = columns.dense(x)
    np.testing.assert_allclose(plain[7, 3], x.of_cell[cell[7], 3] * factors[7, 2])
    curve, pull, beta, inverse = rng.random(50), rng.normal(size=50), rng.normal(size=6), rng.normal(size=(6, 6))
    np.testing.assert_allclose(columns.times(x, beta), plain @ beta, rtol=1e-12, atol=1e-12)
    for found, expected in zip(columns.summed(x, curve, pull), columns.summed(plain, curve, pull), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    rows = np.arange(50) * 2
    for some in (x, columns.chosen(x, [1, 3, 4, 0, 5, 2])):
        found = columns.scored(some, None, inverse, pull, rows, 120)
        expected = columns.scored(columns.dense(some), None, inverse, pull, rows, 120)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
        assert not found[:, 1::2].any()
    np.testing.assert_allclose(columns.dense(columns.thinned(x, 7)), plain[::7])
