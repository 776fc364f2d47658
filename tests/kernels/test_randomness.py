"""Philox against numpy bit for bit; keyed permutations are permutations; alias tables give their weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from surveysim.kernels import randomness

U64 = st.integers(0, 2**64 - 1)


@given(counter=st.tuples(st.integers(1, 2**64 - 1), U64, U64, U64), key=st.tuples(U64, U64))
@settings(deadline=None, max_examples=60)
def test_philox__is_numpys_bit_for_bit(counter, key):
    out = np.empty((1, 4), np.uint64)
    randomness.philox_words(np.array([counter], np.uint64), np.uint64(key[0]), np.uint64(key[1]), out)
    before = np.array([counter[0] - 1, *counter[1:]], np.uint64)  # numpy increments the counter before it draws
    peer = np.random.Philox(key=np.array(key, np.uint64), counter=before)
    np.testing.assert_array_equal(out[0], peer.random_raw(4))


@given(n=st.integers(1, 5000), key=U64)
@settings(deadline=None, max_examples=40)
def test_permute__is_a_bijection_with_its_inverse(n, key):
    values, image, back = np.arange(n), np.empty(n, np.int64), np.empty(n, np.int64)
    randomness.permute_all(values, n, np.uint64(key), False, image)
    randomness.permute_all(image, n, np.uint64(key), True, back)
    np.testing.assert_array_equal(np.sort(image), values)
    np.testing.assert_array_equal(back, values)


@pytest.mark.statistical
def test_permute__spreads_neighbours_evenly():
    """Images of 0..99 under 4,000 keys fall evenly into 20 bins, and the pairs of neighbours do too (chi-square)."""
    n, bins = 1000, 20
    first, second = np.empty(1, np.int64), np.empty(1, np.int64)
    pairs = np.zeros((bins, bins))
    for key in range(4000):
        randomness.permute_all(np.array([17]), n, np.uint64(key), False, first)
        randomness.permute_all(np.array([18]), n, np.uint64(key), False, second)
        pairs[first[0] * bins // n, second[0] * bins // n] += 1
    assert stats.chisquare(pairs.sum(axis=1)).pvalue > 1e-4
    assert stats.chisquare(pairs.sum(axis=0)).pvalue > 1e-4
    assert stats.chisquare(pairs.ravel()).pvalue > 1e-4


def test_alias_tables__keep_each_weight_exactly():
    """The mass an alias table gives to each column, added up from its thresholds, is the weight to 2**-32."""
    rng = np.random.default_rng(1)
    weight = rng.gamma(0.5, size=(3, 280))
    weight[0, 5:9] = 0
    packed = np.zeros((3, 280), np.uint64)
    randomness.alias_tables(weight, packed)
    keep = (packed >> np.uint64(32)).astype(float) / 2**32
    alias = (packed & np.uint64(0xFFFF)).astype(int)
    for t in range(3):
        mass = np.bincount(np.arange(280), keep[t], 280) + np.bincount(alias[t], 1 - keep[t], 280)
        np.testing.assert_allclose(mass / 280, weight[t] / weight[t].sum(), atol=1e-9)
        assert np.all(mass[weight[t] == 0] < 1e-6)


def test_short_tables__keep_each_weight_to_23_bits():
    rng = np.random.default_rng(2)
    weight = rng.gamma(0.5, size=(3, 280))
    weight[0, 5:9] = 0
    packed, short = np.zeros((3, 280), np.uint64), np.zeros((3, 280), np.uint32)
    randomness.alias_tables(weight, packed)
    randomness.short(packed, short)
    keep, alias = (short >> 9) / 2**23, (short & 511).astype(int)
    for t in range(3):
        mass = np.bincount(np.arange(280), keep[t], 280) + np.bincount(alias[t], 1 - keep[t], 280)
        np.testing.assert_allclose(mass / 280, weight[t] / weight[t].sum(), atol=1e-8)
        assert np.all(mass[weight[t] == 0] < 1e-4)
