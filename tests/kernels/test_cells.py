"""Cells and back, kernel by kernel: codes of every kind, blocks that end anywhere, what is counted as bad."""

import numpy as np
import pytest

from surveysim.kernels import cells as kernels


def collapsed(columns, radix, weight=None, size=4, first=0, last=None, cell=None):
    columns = [np.ascontiguousarray(c) for c in columns]
    n = len(columns[0])
    blocks = -(-n // size)
    cell = np.full(n, -7, np.int32) if cell is None else cell
    sums = np.full((blocks, int(np.prod(radix))), 0.5)
    address = np.array([c.ctypes.data for c in columns], np.uint64)
    kind = np.array([kernels.KINDS[c.dtype.str[1:]] for c in columns])
    weight = np.empty(0) if weight is None else weight
    last = blocks if last is None else last
    bad = kernels.collapse(
        kernels.Columns(address, kind, np.array(radix)), weight, kernels.Blocks(size, first, last), cell, sums
    )
    return bad, cell, sums


@pytest.mark.parametrize("first", sorted(kernels.KINDS))
@pytest.mark.parametrize("second", sorted(kernels.KINDS))
def test_collapse__is_mixed_radix_for_codes_of_any_kind(first, second):
    rng = np.random.default_rng(1)
    a, b, c = rng.integers(0, 3, 11), rng.integers(0, 5, 11), rng.integers(0, 2, 11)
    w = rng.uniform(0, 2, 11)
    expected = (a * 5 + b) * 2 + c
    for weight in (None, w):
        bad, cell, sums = collapsed([a.astype(first), b.astype(second), c.astype("i8")], (3, 5, 2), weight)
        assert bad == 0
        np.testing.assert_array_equal(cell, expected)
        for block in range(3):
            rows = slice(4 * block, 4 * block + 4)
            part = np.bincount(expected[rows], None if weight is None else w[rows], 30)
            np.testing.assert_allclose(sums[block], 0.5 + part)


def test_collapse__does_its_own_blocks_alone():
    a = np.arange(11) % 3
    bad, cell, sums = collapsed([a], (3,), first=1, last=2)
    assert bad == 0
    assert cell.tolist() == [-7] * 4 + a[4:8].tolist() + [-7] * 3
    assert sums.tolist() == [[0.5] * 3, [1.5, 2.5, 1.5], [0.5] * 3]


@pytest.mark.parametrize("kind", ["i1", "i4", "i8", "u1"])
@pytest.mark.parametrize(("column", "code"), [(0, 2), (1, 4)])
def test_collapse__finds_codes_beyond_the_radix(kind, column, code):
    codes = [np.zeros(9, kind), np.zeros(9, kind)]
    codes[column][6] = code
    assert collapsed(codes, (2, 4))[0] == -1
    codes[column][6] = code - 1
    assert collapsed(codes, (2, 4))[0] == 0
    if kind[0] == "i":
        codes[column][6] = -1
        assert collapsed(codes, (2, 4))[0] == -1


def test_collapse__counts_bad_weights_of_all_blocks():
    w = np.array([1.0, -1e-300, 2, np.nan, 0, np.inf, 3, -np.inf, 1])
    assert collapsed([np.zeros(9, int)], (1,), w)[0] == 4
    assert kernels.unusable(w) == 4
    assert kernels.unusable(np.array([0.0, 1e308])) == 0
    sums = np.ones(3)
    assert kernels.add_up(np.array([2, 0, 2], np.int32), np.array([1.0, 2, -4]), sums) == 1
    assert sums.tolist() == [3, 1, -2]
    kernels.count(np.array([2, 0, 2], np.int32), sums)
    assert sums.tolist() == [4, 1, 0]


@pytest.mark.parametrize("n", [3, 4096, 4097, 10_000])
def test_spread__multiplies_and_finds_the_largest(n):
    rng = np.random.default_rng(n)
    cell, factor, w = rng.integers(0, 5, n).astype(np.int32), rng.uniform(0, 2, 5), rng.uniform(0, 3, n)
    for at in (0, n - 1):
        w[at] = 50 + at / n
        out = np.empty(n)
        bits = kernels.spread(cell, factor, w, out)
        np.testing.assert_array_equal(out, w * factor[cell])
        assert np.array(bits, np.int64).view(np.float64) == out.max()
    out = np.empty(n)
    kernels.spread_alone(cell, factor, out)
    np.testing.assert_array_equal(out, factor[cell])


def test_distinct__numbers_rows_in_order_of_appearance_whatever_the_hashes():
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 4, (200, 3)).astype(np.int32)
    key = np.zeros(200, np.uint64)
    for column in codes.T:
        kernels.mix(np.ascontiguousarray(column), key)
    seen = {}
    expected = [seen.setdefault(tuple(row), len(seen)) for row in codes.tolist()]
    for hashes in (key, key & np.uint64(3), np.full(200, 511, np.uint64)):  # also where all collide, at the table's end
        slot, cell, owner = np.full(512, -1, np.int32), np.empty(200, np.int32), np.empty(200, np.int64)
        cells = kernels.distinct(hashes, codes, slot, cell, owner)
        assert cells == len(seen)
        assert cell.tolist() == expected
        assert owner[:cells].tolist() == [expected.index(k) for k in range(cells)]


def test_mix__is_murmurs_finalizer():
    mask = (1 << 64) - 1
    key = np.array([0, 5, 12345], np.uint64)
    codes = np.array([3, 0, 77], np.int32)
    expected = []
    for k, c in zip(key.tolist(), codes.tolist()):
        h = (k ^ c) * 0x9E3779B97F4A7C15 & mask
        h = (h ^ h >> 33) * 0xFF51AFD7ED558CCD & mask
        h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53 & mask
        expected.append(h ^ h >> 33)
    kernels.mix(codes, key)
    assert key.tolist() == expected
