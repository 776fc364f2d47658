"""Power and sample sizes against R's power.prop.test and power.t.test (planning.R), and the values that PracTools prints."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import special

import surveysim as ss
from surveysim import sampling
from surveysim.sampling.planning import comparison

EXPECTED = pd.read_csv(Path(__file__).parent / "planning_expected.csv")


@pytest.mark.parametrize("what", ["prop_power", "t_power", "prop_n", "prop_p2"])
def test_power__is_rs(what):
    rows = EXPECTED[EXPECTED["what"] == what]
    assert len(rows) > 10
    for row in rows.itertuples():
        told = {"p": row.p1, "level": row.level, "sides": row.sides}
        if what == "prop_power":
            assert ss.power(row.n, row.p2 - row.p1, **told) == pytest.approx(row.power, rel=1e-8)
        elif what == "t_power":
            told["p"] = 0.5
            found = ss.power(row.n, row.p2, sd=row.sd, df=2 * (row.n - 1), **told)
            assert found == pytest.approx(row.power, rel=1e-8)
        elif what == "prop_n":
            assert comparison(**told).interviews(row.p2 - row.p1, row.power) == pytest.approx(row.n, rel=1e-6)
            assert ss.sample_size(difference=row.p2 - row.p1, power=row.power, **told) == np.ceil(row.n)
        else:
            assert sampling.detectable(row.n, row.power, **told) == pytest.approx(row.p2 - row.p1, rel=1e-6)


def test_sample_size__is_practools_n_prop_moe():
    """The table of PracTools' vignette on single-stage samples: nPropMoe(moe.sw = 1, e = 0.01 .. 0.08, pU = 0.5)."""
    found = [ss.sample_size(e / 100) for e in range(1, 9)]
    assert found == [9604, 2401, 1068, 601, 385, 267, 196, 151]


def test_sample_size__is_practools_n_cont():
    """The same vignette: nCont(CV0, CVpop = 2), for CV0 = 0.01, 0.03 .. 0.21, and with N = 500 for CV0 = 0.05."""
    z = special.ndtri(0.975)
    found = [ss.sample_size(z * cv, sd=2) for cv in np.arange(0.01, 0.22, 0.02)]
    assert found == [40000, 4445, 1600, 817, 494, 331, 237, 178, 139, 111, 91]
    assert ss.sample_size(z * 0.05, sd=2, population=500) == 381


def test_sample_size__is_practools_for_overlapping_samples():
    """nDep2sam and nProp2sam, whose formulas are (S²x + r S²y - 2 g r ρ Sx Sy) / δ² (z_a + z_b)², and r is n1 / n2."""
    told = {"overlap": 0.75, "sides": 1}
    assert ss.sample_size(difference=5, sd=200**0.5, correlation=0.9, **told) == 33
    px, py, pxy, g, r = 0.5, 0.55, 0.45, 0.5, 0.8
    x, y, xy = px * (1 - px), py * (1 - py), pxy - px * py
    n = (x + r * y - 2 * g * r * xy) / (px - py) ** 2 * (special.ndtri(0.975) + special.ndtri(0.8)) ** 2
    told = {"overlap": g, "ratio": 1 / r, "correlation": xy / np.sqrt(x * y), "pooled": False}
    assert ss.sample_size(difference=py - px, p=px, **told) == np.ceil(n)


def test_clusters__are_practools_optimum():
    """clusOpt2(C1 = 750, C2 = 100, delta = 0.05, unit.rv = 1, tot.cost = 100000, cal.sw = 1), and a target CV with delta = 0.01."""
    plan = sampling.clusters(0.05, (750, 100), budget=100_000, sd=1, rounded=False)
    assert [round(plan.m, 1), round(plan.clusters, 1), round(plan.se, 4)] == [11.9, 51.4, 0.0502]
    z = special.ndtri(0.975)
    plan = sampling.clusters(0.01, (750, 100), moe=0.05 * z, sd=1, rounded=False)
    m = np.sqrt(7.5 * 99)
    clusters = (1 + 0.01 * (m - 1)) / m / 0.05**2
    assert [plan.m, plan.clusters, plan.cost] == pytest.approx([m, clusters, 750 * clusters + 100 * clusters * m])
