"""Many values at a time are the values one at a time, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveysim.kernels import many, people, randomness
from surveysim.kernels.compiling import jit

U64 = st.integers(0, 2**64 - 1)


@given(n=st.integers(1, 5000), key=U64, inverse=st.booleans())
@settings(deadline=None, max_examples=40)
def test_permute_many__is_permute(n, key, inverse):
    x, one = np.arange(n), np.empty(n, np.int64)
    randomness.permute_all(x, n, np.uint64(key), inverse, one)
    left, at = np.empty(n, np.uint64), np.empty(n, np.int64)
    many.permute_many(x, n, n, randomness.bits_of(n), np.uint64(key), inverse, left, at)
    np.testing.assert_array_equal(x, one)


@pytest.mark.parametrize("m", [0, 1, 7, 8, 33, 300])
def test_philox_many__is_philox(m):
    rng = np.random.default_rng(m)
    word = rng.integers(0, 2**64, (4, 310), np.uint64)
    word[:, :2] = 2**64 - 1, 0
    k0, k1 = rng.integers(0, 2**64, 2, np.uint64)
    expected, one = word.copy(), np.empty((m, 4), np.uint64)
    randomness.philox_words(np.ascontiguousarray(word[:, :m].T), k0, k1, one)
    expected[:, :m] = one.T
    many.philox_many(word, m, k0, k1)
    np.testing.assert_array_equal(word, expected)


@jit
def draw_each(packed, row, word, out):
    for i in range(len(out)):
        out[i] = randomness.alias_draw(packed, 0, row[i], word[i])


def test_alias_draw_many__is_alias_draw():
    rng = np.random.default_rng(1)
    packed = np.empty((1, 5, 51), np.uint64)
    randomness.alias_tables(rng.gamma(0.3, size=(5, 51)), packed[0])
    row, word = rng.integers(0, 5, 4000), rng.integers(0, 2**64, 4000, np.uint64)
    one, out = np.empty(4000, np.int64), np.empty(4000, np.int64)
    draw_each(packed, row, word, one)
    many.alias_draw_many(packed[0], row, word, 4000, out, np.empty(4000, np.uint64))
    np.testing.assert_array_equal(out, one)


def test_find_many__finds_the_last_of_equal_starts():
    starts, value = np.array([0, 0, 3, 3, 3, 9, 12]), np.arange(3, 12)
    out = np.empty(len(value), np.int64)
    many.find_many(starts, 1, 6, value, len(value), out)
    np.testing.assert_array_equal(out, [people.find(starts, v) for v in value])


@jit
def short_each(packed, row, word, out):
    for i in range(len(out)):
        out[i] = randomness.short_draw(packed, 0, row[i], word[i])


def test_short_draw_many__is_short_draw():
    rng = np.random.default_rng(1)
    packed, short = np.empty((5, 280), np.uint64), np.empty((1, 5, 280), np.uint32)
    randomness.alias_tables(rng.gamma(0.3, size=(5, 280)), packed)
    randomness.short(packed, short[0])
    row, word = rng.integers(0, 5, 4000), rng.integers(0, 2**64, 4000, np.uint64)
    one, out = np.empty(4000, np.int64), np.empty(4000, np.int64)
    short_each(short, row, word, one)
    many.short_draw_many(short[0], row, word, 4000, out, np.empty(4000, np.uint64))
    np.testing.assert_array_equal(out, one)
