"""What replicates are made of: sorting, pairs of unit and cell, bootstrap draws, sums and weights in lanes."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.kernels import replicates as kernels
from surveysim.kernels.randomness import philox

LANES = kernels.LANES


def test_sort_by__is_stable():
    rng = np.random.default_rng(1)
    key, before, order = rng.integers(0, 5, 40), rng.permutation(40), np.empty(40, np.int64)
    kernels.sort_by(key, 5, before, order)
    np.testing.assert_array_equal(order, before[np.argsort(key[before], kind="stable")])


@pytest.mark.parametrize("weighted", [True, False])
def test_pair_up__joins_rows_of_one_unit_and_cell(weighted):
    psu = np.array([1, 0, 1, 1, 0, 2, 2])
    cell = np.array([3, 3, 4, 3, 3, 4, 3])
    weight = np.arange(1.0, 8.0) if weighted else np.empty(0)
    order = np.lexsort((cell, psu))
    of_psu, of_cell, sums = np.full(7, -1), np.full(7, -1), np.full(7, 9.0)
    count = kernels.pair_up(psu, cell, weight, order, kernels.Pairs(of_psu, of_cell, sums))
    assert count == 5
    assert of_psu[:5].tolist() == [0, 1, 1, 2, 2]
    assert of_cell[:5].tolist() == [3, 3, 4, 3, 4]
    assert sums[:5].tolist() == ([7, 5, 3, 7, 6] if weighted else [2, 2, 1, 1, 1])


def test_rao_wu__draws_are_functions_of_key_replicate_stratum_and_draw():
    """n - 1 draws with replacement from the n of each stratum, two from each 64-bit word, low half first."""
    start, order = np.array([0, 1, 4, 14, 16]), np.array([2, 0, 1, 3, *range(4, 16)])
    k0, k1, first = np.uint64(11), np.uint64(22), 16
    out = np.full((16, LANES), 9.0)
    kernels.rao_wu(k0, k1, first, start, order, out)
    for lane in range(LANES):
        expected = np.empty(16)
        for h in range(4):
            units, n = order[start[h] : start[h + 1]], start[h + 1] - start[h]
            times, halves = np.zeros(n), []
            for block in range(3):
                for word in philox(block, h, first + lane, 0, k0, k1):
                    halves += [int(word) & 0xFFFFFFFF, int(word) >> 32]
            for half in halves[: n - 1]:
                times[half * int(n) >> 32] += 1
            expected[units] = times * n / (n - 1) if n > 1 else 1.0
        np.testing.assert_allclose(out[:, lane], expected, rtol=1e-14)
    np.testing.assert_allclose(out[4:14].sum(axis=0), 10)
    again = np.empty((16, LANES))
    kernels.rao_wu(k0, k1, first + 3, start, order, again)
    np.testing.assert_array_equal(again[:, :5], out[:, 3:])


def test_cell_sums_spread_and_domain_totals():
    rng = np.random.default_rng(2)
    multiplier = rng.uniform(0, 2, (4, LANES))
    unit, cell, weight = rng.integers(0, 4, 12), rng.integers(0, 3, 12), rng.uniform(0.5, 2, 12)
    sums = np.full((3, LANES), 9.0)
    kernels.cell_sums(unit, cell, weight, multiplier, sums)
    rows = weight[:, None] * multiplier[unit]
    np.testing.assert_allclose(sums, np.eye(3)[cell].T @ rows)
    factor, out = rng.uniform(0, 2, (3, LANES)), np.full((12, LANES), 9.0)
    kernels.spread(weight, unit, multiplier, cell, factor, out)
    np.testing.assert_allclose(out, rows * factor[cell])
    kernels.spread(weight, unit, multiplier, np.empty(0, np.int32), np.empty((0, LANES)), out)
    np.testing.assert_allclose(out, rows)
    group, y = rng.integers(-1, 3, 12), np.where(rng.random(12) < 0.3, 0.0, rng.normal(0, 1, 12))
    inside = (group[None, :] == np.arange(3)[:, None]).astype(float)
    for values, kind in ((y, float), (y > 0, bool), (np.ones(1), float), (np.array([2]), np.int64)):
        found = np.full((3, LANES), 0.5)
        kernels.domain_totals(out, values.astype(kind), group, found)
        np.testing.assert_allclose(found, 0.5 + (inside * values.astype(float)) @ out)


def test_rao_wu__takes_one_of_two_units_twice():
    """n - 1 = 1 draw with replacement, scaled by n / (n - 1) = 2."""
    pairs = pd.DataFrame({"h": np.arange(12) // 2, "w": np.arange(12) + 3.0})
    made = ss.Survey(pairs, weight="w", strata="h").replicates("rao-wu", n=20, seed=4).replicate_weights().to_numpy()
    times = (made / pairs["w"].to_numpy()[:, None]).reshape(6, 2, 20)
    np.testing.assert_allclose(np.sort(times, axis=1), np.broadcast_to([[0.0], [2.0]], times.shape), rtol=1e-12)
