"""Rubin's rules: by hand, against a naive version and mitools, over samples and imputations, and what they refuse."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from naive import rubin
from numpy.testing import assert_allclose

import surveysim as ss
from surveysim.estimation import combine_imputations

PARITY = Path(__file__).parents[1] / "parity"
SHOWN = ["estimate", "se", "df", "missing_information"]


def means(*tables, **options):
    return [ss.Survey(table, weight="w").mean("y", **options) for table in tables]


def test_combine__by_hand():
    """Means 1 and 3 with variances 1 and 3 (n = 2): W = 2, B = 2, T = 2 + 3/2 · 2 = 5; r = 3/2, (m - 1)(1 + 2/3)² = 25/9; ν = 1:
    1 · 2/4 · 2/5 = 1/5; 1 / (9/25 + 5) = 25/134; γ = (3/2 + 2 / (25/134 + 3)) / (5/2)."""
    one = pd.DataFrame({"y": [0, 2], "w": 1})
    other = pd.DataFrame({"y": [3 - np.sqrt(3), 3 + np.sqrt(3)], "w": 1})
    row = combine_imputations(means(one, other)).iloc[0]
    assert_allclose(row[["within", "between", "estimate"]].astype(float), [2, 2, 2])
    assert_allclose([row["se"] ** 2, row["df"]], [5, 25 / 134])
    assert row["missing_information"] == pytest.approx((1.5 + 2 / (25 / 134 + 3)) / 2.5)
    assert combine_imputations(means(one, other), df=np.inf)["df"].iloc[0] == pytest.approx(25 / 9)


def test_combine__as_mitools():
    i = np.arange(60)
    surveys = []
    for k in range(1, 6):
        y = (i * 11) % 17
        y = np.where(i % 6 == 0, ((i + 3 * k) * 5) % 17, y)
        surveys.append(ss.Survey(pd.DataFrame({"h": i % 4, "w": 1 + (i * 7) % 5, "y": y}), weight="w", strata="h"))
    expected = pd.read_csv(PARITY / "imputations_expected.csv", index_col="what")
    found = {
        "mean": combine_imputations([s.mean("y") for s in surveys]),
        "total": combine_imputations([s.total("y") for s in surveys]),
        "mean of many": combine_imputations([s.mean("y") for s in surveys], df=np.inf),
    }
    for what, table in found.items():
        assert_allclose(table[SHOWN].iloc[0].to_numpy(float), expected.loc[what, SHOWN].to_numpy(float), rtol=1e-8)


def test_combine__as_naive():
    rng = np.random.default_rng(1)
    for turn in range(30):
        m, n = int(rng.integers(2, 8)), int(rng.integers(8, 40))
        table = pd.DataFrame({"w": rng.uniform(1, 3, n), "g": np.arange(n) % 3, "y": rng.normal(size=n)})
        tables = [
            table.assign(y=np.where(table.index % 4 == turn % 3, rng.normal(size=n), table["y"])) for _ in range(m)
        ]
        estimates = means(*tables, by="g")
        found = combine_imputations(estimates)
        for k, row in found.iterrows():
            columns = [[float(e.table[name].iloc[k]) for e in estimates] for name in ("estimate", "se", "df")]
            assert_allclose(row[SHOWN].to_numpy(float), rubin.combine(*columns[:2], min(columns[2])), rtol=1e-10)
            assert row["lower"] < row["estimate"] < row["upper"]


def test_combine__nothing_imputed_and_everything_lost():
    table = pd.DataFrame({"y": [1, 2, 4], "w": 1})
    same = combine_imputations(means(table, table, table))
    plain = means(table)[0].table
    for name in ("estimate", "se", "df", "lower", "upper", "moe"):
        assert same[name].iloc[0] == pytest.approx(plain[name].iloc[0])
    assert same["missing_information"].iloc[0] == 0
    flat = [table.assign(y=float(k)) for k in (1, 3)]  # no variance within: T = 3/2 · 2
    row = combine_imputations(means(*flat)).iloc[0]
    assert_allclose([row["se"] ** 2, row["df"], row["missing_information"]], [3, 1, 1])


def test_combine__covers_over_samples_and_imputations():
    """Four of ten answers missing, imputed five times by Rubin and Schenker's (1986) approximate Bayesian bootstrap."""
    rng, R, n = np.random.default_rng(2), 1000, 60
    there = rng.normal(1, 1, (R, 36))
    tables = []
    for _ in range(5):
        pool = np.take_along_axis(there, rng.integers(0, 36, (R, 36)), axis=1)
        whole = np.hstack([there, np.take_along_axis(pool, rng.integers(0, 36, (R, n - 36)), axis=1)])
        tables.append(pd.DataFrame({"y": whole.ravel(), "w": 1.0, "r": np.repeat(np.arange(R), n)}))
    found = combine_imputations(means(*tables, by="r"), df=n - 1)
    hits = (found["lower"] <= 1) & (found["upper"] >= 1)
    assert abs(hits.mean() - 0.95) < 0.03
    assert found["missing_information"].mean() == pytest.approx(0.4, abs=0.08)


def test_combine__rows_in_another_order():
    table = pd.DataFrame({"y": [1.0, 2, 4, 8], "w": 1, "g": list("abab")})
    there, back = means(table, table.iloc[::-1].reset_index(drop=True), by="g")
    found = combine_imputations([there, back])
    assert found["domain"].tolist() == there.table["domain"].tolist()
    assert_allclose(found["between"], 0, atol=1e-30)


TABLE = pd.DataFrame({"y": [1.0, 2, 4, 8], "w": 1, "g": list("abab")})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: means(TABLE), "two or more imputations"),
        (lambda: means(TABLE)[0], "two or more imputations"),
        (lambda: [*means(TABLE), TABLE], r"estimates\[1\].*no Estimates"),
        (lambda: [*means(TABLE), *means(TABLE, level=0.9)], r"estimates\[1\] has level = 0.9"),
        (lambda: [*means(TABLE, by="g"), *means(TABLE[:3].assign(g="a"), by="g")], "row 'mean y g=b'"),
    ],
)
def test_combine__refuses(given, words):
    with pytest.raises(ss.DataError, match=words):
        combine_imputations(given())
