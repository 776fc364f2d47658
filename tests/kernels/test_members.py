"""Members of households, drawn by kernels as a slow second version draws them."""

import land
import numpy as np
from naive import members as naive

from surveysim import Population
from surveysim.kernels import members


def test_persons_are_those_of_the_naive_version(tmp_path):
    """Every kind of household, the first person too; more than four variables would take a second block of words."""
    pop = Population.from_folder(land.written(tmp_path), scale=0.001, seed=3)
    ids = np.unique(np.linspace(0, pop.size - 1, 150).astype(np.int64))
    _, out, answers = pop.source._draw(ids)
    for row, which in enumerate(ids):
        household, cell, lines, mobiles, given = naive.person(pop.people, int(which))
        assert out[row, [1, 2, 4, 5]].tolist() == [household, cell, lines, mobiles]
        assert answers[row].astype(bool).tolist() == given


def test_tally_counts_what_draw_draws(tmp_path):
    pop = Population.from_folder(land.written(tmp_path), scale=0.001)
    _, out, answers = pop.source._draw(np.arange(pop.size))
    area = pop.people.class_stratum[out[:, 0]]
    sums, numbers = pop.source._tally
    for s in range(3):
        mine = area == s
        width = sums.shape[1]
        assert sums[s, :, 0].tolist() == np.bincount(out[mine, 2], minlength=width).tolist()
        assert sums[s, :, 1].tolist() == np.bincount(out[mine & (out[:, 4] > 0), 2], minlength=width).tolist()
        assert sums[s, :, 2].tolist() == np.bincount(out[mine & (out[:, 5] > 0), 2], minlength=width).tolist()
        assert sums[s, :, 3].tolist() == np.bincount(out[mine & (answers[:, 0] > 0), 2], minlength=width).tolist()
        assert numbers[s, 1] == out[mine, 5].sum()
    held = np.empty(pop.n_households, np.int64)
    members.lines(pop.people, np.arange(pop.n_households), held)
    assert numbers[:, 0].sum() == held.sum()
