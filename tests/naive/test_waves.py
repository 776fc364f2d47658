"""Waves: by hand, then against the library."""

import math

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from naive import waves


def test_total_covariance__by_hand():
    # deviations (-1, 1) and (-2, 2) of two PSUs each time 2: variances 2 × 2 and 2 × 8; PSU b alone is in both: 2 × 1 × -2
    a = {"stratum": ["s"] * 2, "psu": ["a", "b"], "z": [1.0, 3.0], "fraction": {}}
    b = {"stratum": ["s"] * 2, "psu": ["b", "c"], "z": [1.0, 5.0], "fraction": {}}
    assert waves.total_covariance([a, b]) == [
        [pytest.approx(4), pytest.approx(-4)],
        [pytest.approx(-4), pytest.approx(16)],
    ]


@pytest.mark.parametrize("seed", range(30))
def test_combine__as_the_naive_one(seed):
    rng = np.random.default_rng(seed)
    k, fpc = int(rng.integers(2, 4)), bool(rng.random() < 0.5)
    frame = [(f"s{h}", f"p{h}.{i}") for h in range(int(rng.integers(1, 4))) for i in range(int(rng.integers(3, 9)))]
    surveys, plain = {}, []
    for wave in range(k):
        psus = []
        for stratum in sorted({s for s, _ in frame}):
            mine = [p for s, p in frame if s == stratum]
            psus += [(stratum, p) for p in rng.permutation(mine)[: int(rng.integers(2, len(mine) + 1))]]
        rows = [
            (s, str(p), float(rng.normal(wave, 2)), float(rng.lognormal()))
            for s, p in psus
            for _ in range(rng.integers(1, 4))
        ]
        rows = [rows[r] for r in rng.permutation(len(rows))]
        table = pd.DataFrame(rows, columns=["stratum", "psu", "y", "w"]).assign(N=20)
        told = {"fpc": "N"} if fpc else {}
        surveys[f"w{wave}"] = ss.Survey(table, weight="w", strata="stratum", psu="psu", **told)
        counts = table.drop_duplicates(["stratum", "psu"])["stratum"].value_counts()
        mean, z = waves.means(table["y"].tolist(), table["w"].tolist())
        fraction = {s: n / 20 for s, n in counts.items()} if fpc else {}
        plain.append(
            (mean, {"stratum": table["stratum"].tolist(), "psu": table["psu"].tolist(), "z": z, "fraction": fraction})
        )
    value, V = np.array([mean for mean, _ in plain]), np.array(waves.total_covariance([wave for _, wave in plain]))
    e = ss.combine(surveys, "psu").mean("y", by="wave")
    np.testing.assert_allclose(e.table["estimate"], value, rtol=1e-10)
    np.testing.assert_allclose(e.cov, V, rtol=1e-8, atol=1e-14)
    for kind, relative in (("change", False), ("relative", True)):
        found = e.change(base="w0", relative=relative).table
        for row, at in enumerate(range(1, k)):
            a, b = (value[0], value[at]) if relative else (1.0, 0.0)
            slope = (1 / a, -b / a**2) if relative else (1.0, -1.0)
            variance = slope[0] ** 2 * V[at, at] + slope[1] ** 2 * V[0, 0] + 2 * slope[0] * slope[1] * V[at, 0]
            wanted = value[at] / value[0] - 1 if relative else value[at] - value[0]
            assert found["estimate"][row] == pytest.approx(wanted, rel=1e-9), kind
            assert found["se"][row] == pytest.approx(math.sqrt(variance), rel=1e-8), kind
    share = rng.random(k) + 0.1
    share /= share.sum()
    found = e.average(share).table
    assert found["estimate"][0] == pytest.approx(share @ value)
    assert found["se"][0] == pytest.approx(math.sqrt(share @ V @ share), rel=1e-8)
