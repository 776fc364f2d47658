"""Sweeps of raking written out with whole arrays: factors, number of sweeps and gaps agree, also where it stops early."""

import numpy as np
import pytest

from surveysim.kernels import raking as kernels
from surveysim.kernels import replicates


def plain(weight, level, total, tol, max_iter):
    """One partition: factors, sweeps, gap, by masks."""
    factor = np.ones(len(weight))
    for sweep in range(1, max_iter + 1):  # noqa: B007 - returned
        for m in range(level.shape[1]):
            before = factor.copy()
            for c in set(level[:, m].tolist()):
                here = level[:, m] == c
                achieved = np.sum((weight * before)[here])
                if achieved > 0:
                    factor[here] = before[here] * total[c] / achieved
        reached = np.array([np.sum((weight * factor)[(level == c).any(axis=1)]) for c in range(len(total))])
        gap = np.max(np.abs(reached - total) / np.where(total != 0, np.abs(total), 1.0))
        if gap <= tol:
            break
    return factor, sweep, gap


def three_way(seed, zeros=True):
    """Cells of a 4 × 3 × 2 table with their columns of 9 totals, and totals that can be met."""
    rng = np.random.default_rng(seed)
    grid = np.indices((4, 3, 2)).reshape(3, -1).T + np.array([0, 4, 7])
    weight = rng.uniform(0.5, 3, 24)
    if zeros:
        weight[[3, 11]] = 0.0
    goal = weight * rng.uniform(0.5, 2, 24)
    total = np.array([goal[(grid == c).any(axis=1)].sum() for c in range(9)])
    return weight, grid.astype(np.int32), total


@pytest.mark.parametrize("max_iter", [1, 2, 5, 1000])
def test_rake__sweeps_as_written_out(max_iter):
    parts = [three_way(1), three_way(2, zeros=False), three_way(3)]
    weight = np.concatenate([p[0] for p in parts])
    level = np.concatenate([p[1] for p in parts])
    total = np.stack([p[2] for p in parts])
    factor = np.full(72, 9.0)
    for p, (w, columns, targets) in enumerate(parts):
        part = slice(24 * p, 24 * p + 24)
        sweeps, gap = kernels.rake(weight[part], level[part], total[p], 1e-10, max_iter, factor[part])
        expected, turns, off = plain(w, columns, targets, 1e-10, max_iter)
        np.testing.assert_allclose(factor[part], expected, rtol=1e-12)
        assert sweeps == turns
        assert gap == pytest.approx(off, rel=1e-3, abs=1e-13)


def test_rake__says_what_cannot_be_met():
    weight, level = np.array([1.0, 0.0, 2.0]), np.array([[0], [1], [2]], np.int32)
    factor = np.ones(3)
    # nothing of 5 is reached
    assert kernels.rake(weight, level, np.array([4.0, 5.0, 0.0]), 1e-9, 7, factor) == (7, 1.0)
    assert factor.tolist() == [4, 1, 0]
    assert kernels.rake(weight, level, np.array([4.0, 0.0, -8.0]), 1e-9, 7, factor) == (1, 0.0)
    _, gap = kernels.rake(np.full(3, 1e308), level, np.array([1.0, 1, np.nan]), 1e-9, 3, factor)
    assert gap == np.inf  # a gap that is no number would give way to a later one


def as_table(weight, level, total):
    """The same table with its first axis in front."""
    return kernels.Table(weight.reshape(4, 6), total[:4], (level[:6, 1:] - 4).astype(np.int32), total[4:])


@pytest.mark.parametrize("max_iter", [0, 1, 2, 5, 1000])
def test_rake_table__sweeps_as_written_out(max_iter):
    for seed in (1, 2, 3):
        weight, level, total = three_way(seed)
        lead, rest = np.full(4, 9.0), np.ones(6)
        sweeps, gap = kernels.rake_table(as_table(weight, level, total), 1e-10, max_iter, lead, rest)
        if max_iter == 0:
            assert (sweeps, gap) == (0, np.inf)
            continue
        expected, turns, off = plain(weight, level, total, 1e-10, max_iter)
        used = weight > 0
        np.testing.assert_allclose(np.outer(lead, rest).ravel()[used], expected[used], rtol=1e-12)
        assert sweeps == turns
        assert gap == pytest.approx(off, rel=1e-3, abs=1e-13)


def test_rake_table__goes_on_from_its_start():
    weight, level, total = three_way(4)
    given = as_table(weight, level, total)
    lead, rest = np.empty(4), np.ones(6)
    kernels.rake_table(given, 0.0, 3, lead, rest)
    kernels.rake_table(given, 0.0, 2, lead, rest)
    again, straight = np.empty(4), np.ones(6)
    kernels.rake_table(given, 0.0, 5, again, straight)
    np.testing.assert_allclose(np.outer(lead, rest), np.outer(again, straight), rtol=1e-13)


def test_rake_table__with_empty_rows_and_columns():
    table = np.array([[1.0, 0, 2], [0, 0, 0], [3, 0, 1]])
    columns = np.array([[0], [1], [2]], np.int32)
    lead, rest = np.empty(3), np.ones(3)

    def rake_to(rows, others, max_iter):
        return kernels.rake_table(
            kernels.Table(table, np.array(rows), columns, np.array(others)), 1e-9, max_iter, lead, rest
        )

    _, gap = rake_to([6.0, 0, 4], [5.0, 0, 5], 500)
    assert gap <= 1e-9
    assert lead[1] == 1
    assert rest[1] == 1
    made = np.outer(lead, rest) * table
    np.testing.assert_allclose(made.sum(axis=0), [5, 0, 5], rtol=1e-8)
    np.testing.assert_allclose(made.sum(axis=1), [6, 0, 4], rtol=1e-8)
    _, gap = rake_to([6.0, 2, 4], [5.0, 0, 7], 50)
    assert gap >= 1  # nothing of the 2
    _, gap = rake_to([6.0, 0, 4], [5.0, 0.5, 4.5], 50)
    assert gap >= 1  # nothing of the 0.5


@pytest.mark.parametrize("max_iter", [0, 1, 4, 1000])
def test_rake_in_lanes__is_raking_each(max_iter):
    weight, level, total = three_way(5, zeros=False)
    rng, lanes = np.random.default_rng(6), replicates.LANES
    multiplier = rng.choice([0.0, 1.0, 2.0], (24, lanes), p=[0.1, 0.5, 0.4])
    multiplier[:, 3] = 1.0
    table = (weight[:, None] * multiplier).reshape(4, 6, lanes)
    asked = as_table(weight, level, total)
    columns = asked.level
    start = rng.uniform(0.5, 2, (5, lanes))
    lead, each, gap = np.full((4, lanes), 9.0), start.copy(), np.full(lanes, 9.0)
    sweeps = replicates.rake(asked._replace(cells=table), 1e-10, max_iter, lead, each, gap)
    most = 0
    for r in range(lanes):
        one, rest = np.empty(4), start[columns, r].prod(axis=1)
        turns, off = kernels.rake_table(asked._replace(cells=table[..., r].copy()), 1e-10, sweeps, one, rest)
        most = max(most, turns)
        if max_iter == 0:
            continue
        if max_iter < 1000:
            np.testing.assert_allclose(lead[:, r], one, rtol=1e-11)
            np.testing.assert_allclose(each[columns, r].prod(axis=1), rest, rtol=1e-11)
        assert (gap[r] <= 1e-10) == (off <= 1e-10)
        made = table[..., r] * np.outer(lead[:, r], each[columns, r].prod(axis=1))
        reached = np.concatenate([made.sum(axis=1), [made[:, (columns == c).any(axis=1)].sum() for c in range(5)]])
        targets = np.concatenate([asked.lead, asked.total])
        assert gap[r] == pytest.approx(np.max(np.abs(reached - targets) / targets), rel=1e-3, abs=1e-12)
    assert sweeps == (most if max_iter else 0)
    if max_iter == 1000:
        assert gap[3] <= 1e-10
