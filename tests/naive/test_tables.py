"""Tables, letters and rules of publication, written twice."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from naive import designs, tables, variance
from surveysim.analysis.tables.suppression import complementary
from surveysim.inference.publication import Facts, decide, rules


@pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")
@pytest.mark.parametrize("adjust", ["bonferroni", "holm", "none"])
def test_tables__as_the_library(adjust):
    compared = lettered = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        design = designs.random_design(rng, lonely=str(rng.choice(["remove", "adjust", "certainty"])), n_max=9)
        n = len(design["weight"])
        table = designs.random_table(rng, n)
        table["r"] = [
            None if rng.random() < 0.05 else str(v) for v in rng.choice(["a", "b", "c"], n, p=[0.2, 0.3, 0.5])
        ]
        table["c"] = [str(v) for v in rng.choice(["u", "v", "w"], n)]
        seen = [w > 0 for w in design["weight"]]
        names = sorted({c for c, s in zip(table["c"], seen, strict=True) if s})
        levels = sorted({r for r, s in zip(table["r"], seen, strict=True) if s and r is not None})
        columns, options = designs.as_arguments(design, table)
        try:
            made = ss.Survey(pd.DataFrame(columns), **options).crosstab("r", "c", adjust=adjust, alpha=0.3)
        except (ss.DesignError, ss.DataError):
            continue
        ours = made.table.set_index(["level", "column"])
        expected = tables.letters(table["r"], table["c"], levels, names, design, 0.3, adjust)
        for level in levels:
            for name in (None, *names):
                row = ours.loc[level, name or "Total"]
                there = [
                    r is not None and (name is None or c == name) for r, c in zip(table["r"], table["c"], strict=True)
                ]
                if not any(t and s for t, s in zip(there, seen, strict=True)):
                    assert np.isnan(row["estimate"])
                    continue
                share, score = tables.cell(table["r"], table["c"], level, name, design)
                se = np.sqrt(max(variance.variance(score, design, there), 0))
                assert row["estimate"] == pytest.approx(share, rel=1e-8, abs=1e-12)
                if 1e-12 < share < 1 - 1e-12:
                    assert row["se"] == pytest.approx(se, rel=1e-6, abs=1e-9)
                compared += 1
                if name is not None:
                    assert row["exceeds"] == expected[level, name]
                    lettered += bool(row["exceeds"])
    assert compared > 150
    assert lettered > 8


def test_nchs__as_the_library():
    rng = np.random.default_rng(5)
    m = 400
    p = np.where(rng.random(m) < 0.1, rng.integers(0, 2, m), rng.beta(0.6, 0.8, m))
    n, df = rng.integers(10, 900, m), rng.integers(2, 60, m).astype(float)
    se = np.sqrt(p * (1 - p) / n * rng.uniform(0.6, 4, m))
    found = decide(rules("nchs"), Facts(p, se, n, df, 0.95, np.ones(m, bool)))
    expected = [tables.nchs(*one) for one in zip(p, se, n, df, strict=True)]
    ours = np.where(found.hide, "hide", np.where(found.flags != "", "review", "present"))
    assert ours.tolist() == expected
    assert set(expected) == {"hide", "review", "present"}


def test_complementary__leaves_nothing_to_subtract():
    added = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        shape = int(rng.integers(1, 5)), int(rng.integers(2, 6))
        count, hide = rng.integers(0, 50, shape), rng.random(shape) < 0.25
        adds_up = np.full(shape[1], bool(rng.random() < 0.7))
        more = complementary(hide, count, adds_up)
        assert not (more & hide).any()
        left = tables.recoverable(hide | more, adds_up)
        for row, column in left:  # all that could protect it is hidden
            assert (hide | more)[row].all() or shape[1] == 2
            assert (hide | more)[:, column].all() or not adds_up[column]
        added += more.sum()
        assert not hide.any() or tables.recoverable(hide, adds_up) or not more.any()
    assert added > 50
