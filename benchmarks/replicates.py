"""Replicate weights, each raked again: against numpy on cells."""

import numpy as np
from measuring import best, peak, row
from respondents import numpy_on_cells, respondents

import surveysim as ss
from surveysim.inference.schemes import RaoWu
from surveysim.threads import by_threads
from surveysim.weighting.replay import LANES, Replay


def solved(replay, draw, n):
    """The factors of n replicates by margin and level, LANES at a time, by threads; those of the first one."""
    found = {}

    def work(first, last):
        for block in range(first, last):
            m, a = np.empty((replay.psus, LANES)), block * LANES
            draw(a, m)
            found[block] = replay.solved(m, min(LANES, n - a), a, 1e-6, 1000)

    by_threads(work, -(-n // LANES))
    return found[0]


def bench():
    """500 Rao-Wu replicates, each re-raked: 341 PSUs, and every row a PSU of its own; against svy and numpy on cells."""
    data, margins = respondents(60_000)
    province = data["province"].cat.codes.to_numpy().astype(np.int64)
    rows, cal = [], ss.rake(data, margins, weight="weight", tol=1e-6)
    for what, psu, stratum in (
        ("341 PSUs", province * 11 + np.random.default_rng(1).integers(0, 11, len(data)), np.arange(341) // 11),
        ("60,000 PSUs", np.arange(len(data)), province),
    ):
        draw = RaoWu(stratum, 7)

        def ours(p=psu, s=stratum, d=draw):
            return solved(Replay(cal, p, len(s)), d, 500)

        multiplier = draw.matrix(1)[:, 0]
        replicate = data.assign(weight=data["weight"] * multiplier[psu])
        replay = Replay(cal, psu, len(stratum))
        found = replicate["weight"] * replay.factors(*ours())[:, 0][cal.problem.cells.cell]
        np.testing.assert_allclose(found, numpy_on_cells(replicate, margins, 1e-6), rtol=1e-4, atol=1e-9)
        mine = best(ours, 10 if what == "341 PSUs" else 4)
        theirs = 500 * best(lambda r=replicate: numpy_on_cells(r, margins, 1e-6))
        memory = f", {peak(ours) / 1e6:.1f} MB"
        rows.append(
            row(
                f"500 Rao-Wu replicates of 60,000 rows in {what}, each re-raked",
                mine,
                "numpy on cells, 500 × one",
                theirs,
                memory,
            )
        )
    return rows
