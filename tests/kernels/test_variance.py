"""The variance kernels one by one against whole-array arithmetic; what they add to is not empty at the start."""

import numpy as np
import pytest

from surveysim.kernels import codes, matrices
from surveysim.kernels import variance as kernels

N, D, U, H, P, K, WIDTH = 60, 3, 9, 4, 2, 8, 5


class Sample:
    """Rows in domains and units, units in strata, rows in cells of two margins in two partitions."""

    def __init__(self, seed=1, sort=False):
        rng = np.random.default_rng(seed)
        self.y, self.x = rng.normal(3, 2, N), rng.uniform(1, 2, N)
        self.weight = np.where(rng.random(N) < 0.15, 0.0, rng.uniform(0.5, 4, N))
        self.base = np.where(self.weight > 0, rng.uniform(0.5, 3, N), 0.0)
        self.group = rng.integers(-1, D, N).astype(np.int32)
        unit = np.r_[np.arange(U), rng.integers(0, U, N - U)]
        self.unit = (np.sort(unit) if sort else rng.permutation(unit)).astype(np.int32)
        self.stratum = np.array([0, 0, 1, 1, 1, 2, 3, 3, 3])
        self.sampled = np.bincount(self.stratum)
        self.scale = np.array([1.4, 0.9, 1.0, 0.7])
        self.sample = np.array([0, 0, -1, 0])  # the stratum with one unit deviates from the mean of all
        self.strata = kernels.Strata(self.stratum, self.sampled, self.scale, self.sample)
        self.order = np.empty(0, np.int64) if sort else np.argsort(self.unit, kind="stable")
        self.start = np.concatenate([[0], np.cumsum(np.bincount(self.unit, minlength=U))])
        self.cell = rng.integers(0, K, N).astype(np.int32)
        self.partition = np.arange(K) // 4
        self.column = np.column_stack([np.arange(K) % 2, 2 + np.arange(K) % 3]).astype(np.int64)
        inverse = rng.normal(0, 1, (P, WIDTH, WIDTH))
        self.inverse = inverse + inverse.transpose(0, 2, 1)
        self.pinned = rng.uniform(0, 1, (P, WIDTH)) * (rng.random((P, WIDTH)) < 0.7)
        self.value, self.den = rng.normal(0, 1, D), rng.uniform(5, 9, D)

    def inside(self):
        """(D, n): which rows are in which domain."""
        return self.group[None, :] == np.arange(D)[:, None]

    def unit_totals(self, z):
        """Totals (…, U) of weighted values (…, n)."""
        return z @ np.eye(U)[self.unit]

    def variances(self, totals):
        """Σ scale (t - centre)² of totals (D, U)."""
        result = np.zeros(len(totals))
        for h in range(H):
            t = totals[:, self.stratum == h]
            centre = t.mean(axis=1) if self.sample[h] >= 0 else totals.mean(axis=1)
            result += self.scale[h] * ((t - centre[:, None]) ** 2).sum(axis=1)
        return result

    def scores(self, ratio=True):
        """(D, n)"""
        y = self.y[None, :] - self.value[:, None] * self.x if ratio else self.y[None, :]
        return self.inside() * (y / self.den[:, None] if ratio else y)

    def x_of_rows(self):
        """Margin columns of the rows (P, n, WIDTH): zero outside their partition."""
        x = np.zeros((P, N, WIDTH))
        for m in range(2):
            x[self.partition[self.cell], np.arange(N), self.column[self.cell, m]] += 1
        return x


@pytest.fixture(params=[(1, False), (2, False), (3, True)], ids=["mixed", "other", "sorted"])
def s(request):
    return Sample(*request.param)


def test_gram(s):
    weight = np.arange(1.0, K + 1)
    out = np.full((P, WIDTH, WIDTH), 0.5)
    matrices.gram(weight, s.partition, s.column, out)
    expected = np.full((P, WIDTH, WIDTH), 0.5)
    for k in range(K):
        ones = np.eye(WIDTH)[s.column[k]].sum(axis=0)
        expected[s.partition[k]] += weight[k] * np.outer(ones, ones)
    np.testing.assert_allclose(out, expected)


def test_residuals(s):
    z, factor = np.stack([s.y, s.x * 2, -s.y]), np.linspace(0.5, 2, K)
    out = np.empty_like(z)
    fit = kernels.Fit(s.weight, s.cell, s.partition, s.column, s.inverse, s.pinned)
    kernels.residuals(z, fit, factor, np.empty(0), out)
    x, expected = s.x_of_rows(), np.zeros_like(z)
    for p in range(P):
        here = s.partition[s.cell] == p
        beta = (z * s.weight) @ x[p] @ s.inverse[p].T
        expected[:, here] = (factor[s.cell] * (z - beta @ x[p].T))[:, here] + (beta @ s.pinned[p])[:, None]
    np.testing.assert_allclose(out, expected, rtol=1e-10)


def test_element_variances(s):
    rows, size, spread = np.ones(D, np.int64), np.zeros(D), np.ones(D)
    kernels.element_variances(s.weight, s.y, s.group, rows, size, spread)
    used = s.inside() & (s.weight != 0)
    np.testing.assert_array_equal(rows, 1 + used.sum(axis=1))
    np.testing.assert_allclose(size, used @ s.weight)
    for d in range(D):
        mean = np.average(s.y[used[d]], weights=s.weight[used[d]])
        assert spread[d] == pytest.approx(1 + np.sum((s.weight * (s.y - mean) ** 2)[used[d]]))


def test_element_variance(s):
    for inside in (s.group == 1, np.ones(N, bool), np.arange(N) < 3):
        rows, size, spread = np.zeros(1, np.int64), np.zeros(1), np.zeros(1)
        kernels.element_variance(s.weight, s.y, inside, rows, size, spread)
        w = np.where(inside, s.weight, 0.0)
        mean = np.average(s.y, weights=w)
        assert rows[0] == np.count_nonzero(w)
        np.testing.assert_allclose([size[0], spread[0]], [w.sum(), w @ (s.y - mean) ** 2], rtol=1e-12)


@pytest.mark.parametrize(
    ("sample", "centres"),
    [
        ([0, 0, 0, 0], [1 / 2, 2 / 3, 4 / 1, 8 / 3]),
        ([0, 0, -1, 0], [1 / 2, 2 / 3, 15 / 9, 8 / 3]),
        ([-1, 0, -1, 0], [15 / 9, 2 / 3, 15 / 9, 8 / 3]),
        ([0, 1, -2, 0], [1 / 2, 2 / 3, 6 / 4, 8 / 3]),
        ([-1, 1, -2, 0], [9 / 5, 2 / 3, 6 / 4, 8 / 3]),
        ([1, 2, -1, 0], [1 / 2, 2 / 3, 12 / 4, 8 / 3]),
    ],
)
def test_centres(sample, centres):
    sums = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0], [8.0, 80.0]])
    kernels.centres(sums, np.array([2, 3, 1, 3]), np.array(sample))
    np.testing.assert_allclose(sums, np.outer(centres, [1, 10]))


def test_stratified(s):
    z, out = np.stack([s.y, s.x, s.y * s.x]), np.full(5, 7.0)
    kernels.stratified(z, s.weight, s.unit, s.strata, out)
    np.testing.assert_allclose(out[:3], s.variances(s.unit_totals(z * s.weight)))
    assert (out[3:] == 7).all()


@pytest.mark.parametrize("ones", [True, False])
def test_domain_sums_and_unit_sums(s, ones):
    x, over = (np.empty(0), np.ones(N)) if ones else (s.x, s.x)
    num, den, rows = np.full(D, 1.0), np.full(D, 2.0), np.full(D, 3, np.int64)
    kernels.domain_sums(s.weight, s.y, x, s.group, num, den, rows)
    inside = s.inside()
    np.testing.assert_allclose(num, 1 + inside @ (s.weight * s.y))
    np.testing.assert_allclose(den, 2 + inside @ (s.weight * over))
    np.testing.assert_array_equal(rows, 3 + (inside & (s.weight != 0)).sum(axis=1))
    num, den, count = np.full((U, D), 1.0), np.full((U, D), 2.0), np.full((U, D), 3, np.int64)
    kernels.unit_sums(s.weight, s.y, x, s.group, s.unit, num, den, count)
    np.testing.assert_allclose(num.T, 1 + s.unit_totals(inside * (s.weight * s.y)))
    np.testing.assert_allclose(den.T, 2 + s.unit_totals(inside * (s.weight * over)))
    np.testing.assert_array_equal(count.T, 3 + s.unit_totals(inside * (s.weight != 0).astype(float)))


@pytest.mark.parametrize("ratio", [True, False])
@pytest.mark.parametrize("ones", [True, False])
def test_between_units_and_domains(s, ratio, ones):
    if ones:
        s.x = np.ones(N)
    given = (np.empty(0) if ones else s.x), (s.den if ratio else np.empty(0))
    expected = 0.25 + s.variances(s.unit_totals(s.scores(ratio) * s.weight))
    sums = np.zeros((U, D)), np.zeros((U, D))
    kernels.unit_sums(s.weight, s.y, given[0], s.group, s.unit, *sums, np.zeros((U, D), np.int64))
    out = np.full(D, 0.25)
    kernels.between_units(*sums, s.value, given[1], s.strata, out)
    np.testing.assert_allclose(out, expected)
    out = np.full(D, 0.25)
    ratios = kernels.Ratios(s.y, given[0], s.group, s.value, given[1])
    kernels.domains(s.weight, ratios, s.order, s.start, s.strata, out)
    np.testing.assert_allclose(out, expected)


def test_rows_units_and_strata_with_weight(s):
    s.weight[s.unit == 4] = 0.0
    s.weight[(s.unit < 2) & (s.group == 0)] = 0.0
    there = s.unit_totals((s.inside() & (s.weight > 0)).astype(float))
    count = np.full((U, D), 2, np.int64)
    codes.count_rows(s.weight, s.group, s.unit, count)
    np.testing.assert_array_equal(count.T, 2 + there)
    strata = np.stack([[(there[d, s.stratum == h] > 0).any() for h in range(H)] for d in range(D)])
    found = np.ones(D, np.int64), np.ones(D, np.int64)
    codes.count_present(count - 2, s.stratum, H, *found)
    np.testing.assert_array_equal(found, 1 + np.array([(there > 0).sum(axis=1), strata.sum(axis=1)]))
    found = np.ones(D, np.int64), np.ones(D, np.int64)
    codes.count_units(s.weight, s.group, codes.Sample(s.order, s.start, s.stratum), H, *found)
    np.testing.assert_array_equal(found, 1 + np.array([(there > 0).sum(axis=1), strata.sum(axis=1)]))


@pytest.mark.parametrize("ones", [True, False])
def test_ratio_scores(s, ones):
    out = np.full(N, 5.0)
    if ones:
        s.x = np.ones(N)
    kernels.ratio_scores(s.y, np.empty(0) if ones else s.x, s.group, s.value, s.den, out)
    np.testing.assert_allclose(out, s.scores().sum(axis=0))


def test_column_totals_and_calibrated_variances(s):
    """Both ways to the variance of residuals agree with the residuals of every score, unit by unit."""
    x, weighted = s.x_of_rows(), s.scores() * s.weight
    totals = np.full((U, P, WIDTH + 1), 0.5)
    fit = kernels.Fit(s.base, s.cell, s.partition, s.column, s.inverse, s.pinned)
    kernels.column_totals(s.weight, fit, s.unit, totals)
    of_partition = (s.partition[s.cell] == np.arange(P)[:, None]).astype(float)
    for p in range(P):
        expected = np.column_stack([s.unit_totals(x[p].T * s.weight).T, s.unit_totals(of_partition[p] * s.base)])
        np.testing.assert_allclose(totals[:, p], 0.5 + expected)
    for pinned in (s.pinned, np.zeros((P, WIDTH))):
        own, beta = s.unit_totals(weighted), np.zeros((P, WIDTH + 1, D))
        for p in range(P):
            beta[p, :WIDTH] = s.inverse[p] @ x[p].T @ (s.scores() * s.base).T
            beta[p, WIDTH] = -pinned[p] @ beta[p, :WIDTH]
            own = own - s.unit_totals((x[p] @ beta[p, :WIDTH]).T * s.weight)
            own = own - s.unit_totals(np.outer(beta[p, WIDTH], of_partition[p] * s.base))
        z = s.scores().sum(axis=0)
        fit = fit._replace(pinned=pinned)
        found = kernels.domain_coefficients(z, s.group, fit, D)
        np.testing.assert_allclose(found, beta, rtol=1e-9, atol=1e-9)
        expected = 0.25 + s.variances(own)
        out = np.full(D, 0.25)
        kernels.calibrated_units(kernels.Scored(z, s.weight, s.group), s.unit, s.strata, fit, totals - 0.5, out)
        np.testing.assert_allclose(out, expected, rtol=1e-8)
        out = np.full(D, 0.25)
        kernels.calibrated_domains(kernels.Scored(z, s.weight, s.group), s.order, s.start, s.strata, fit, out)
        np.testing.assert_allclose(out, expected, rtol=1e-8)
