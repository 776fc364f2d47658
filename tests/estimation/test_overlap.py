"""θ curves and comparisons of the overlap against sums written out row by row."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from surveysim import DataError, DualFrameSurvey, Survey


def two(seed=1, n=(40, 50)):
    rng, parts = np.random.default_rng(seed), []
    for own, size in zip("ab", n):
        overlap = np.where(rng.random(size) < 0.5, "ab", own)
        parts.append(pd.DataFrame({"overlap": overlap, "y": rng.gamma(2, 3, size), "w": rng.uniform(1, 3, size)}))
        parts[-1]["t"] = rng.random(size) < 0.4
        parts[-1]["s"] = np.arange(size) % 4
    return parts


PARTS = two()
A, B = PARTS
DUAL = DualFrameSurvey(*(Survey(part, "w", "s") for part in PARTS))


def variance(theta, score_of, base=1.0):
    """Variance of Σ w h z / base over both samples, strata by strata; z may depend on the estimate."""
    total = 0.0
    for part, share in ((A, theta), (B, 1 - theta)):
        h = np.where(part["overlap"] == "ab", share, 1.0)
        z = np.asarray(part["w"] * h * score_of(part)) / base
        for stratum in range(4):
            of_stratum = z[part["s"] == stratum]
            n = len(of_stratum)
            total += n / (n - 1) * ((of_stratum - of_stratum.mean()) ** 2).sum()
    return total


def weighted(theta, column):
    return sum(
        (part["w"] * np.where(part["overlap"] == "ab", share, 1.0) * column(part)).sum()
        for part, share in ((A, theta), (B, 1 - theta))
    )


def at(theta, what, name):
    total = weighted(theta, lambda part: part[name].astype(float))
    if what == "total":
        return total, np.sqrt(variance(theta, lambda part: part[name].astype(float)))
    size = weighted(theta, lambda part: np.ones(len(part)))
    mean = total / size
    return mean, np.sqrt(variance(theta, lambda part: part[name] - mean, size))


@pytest.mark.parametrize("what", ["mean", "total"])
def test_thetas__are_those_of_row_by_row_sums(what):
    grid, level = [0.0, 0.25, 1.0], 0.9
    found = DUAL.thetas(["y", "t"], grid=grid, what=what, level=level)
    df = 40 - 4 + 50 - 4
    assert found.grid["variable"].tolist() == ["y"] * 3 + ["t"] * 3
    for row in found.grid.itertuples():
        value, se = at(row.theta, what, row.variable)
        assert row.estimate == pytest.approx(value, rel=1e-10)
        assert row.se == pytest.approx(se, rel=1e-10)
        half = stats.t.ppf(0.95, df) * se
        assert (row.lower, row.upper) == pytest.approx((value - half, value + half), rel=1e-9)
    fine = np.linspace(0, 1, 201)
    for row in found.table.itertuples():
        value, se = at(row.theta, what, row.variable)
        assert (row.estimate, row.se) == pytest.approx((value, se), rel=1e-8)
        if what == "total":  # of a mean θ is best for the scores at its own mean
            assert row.se <= min(at(t, what, row.variable)[1] for t in fine[::2]) * (1 + 1e-9)
        _, there = at(found.compromise, what, row.variable)
        assert row.se_compromise == pytest.approx(there, rel=1e-9)
        assert row.loss == pytest.approx(100 * ((there / se) ** 2 - 1), abs=1e-6)
    assert (found.table["compromise"] == found.compromise).all()

    def mean_loss(theta):
        """The variance as a quadratic about each variable's own optimum, over its minimum."""
        rest = []
        for row in found.table.itertuples():
            value, size = row.estimate, 1.0
            if what == "mean":
                size = weighted(row.theta, lambda part: np.ones(len(part)))
                rest.append(variance(theta, lambda part, v=value, n=row.variable: part[n] - v, size) / row.se**2)
            else:
                rest.append(variance(theta, lambda part, n=row.variable: part[n].astype(float)) / row.se**2)
        return np.mean(rest)

    best = min(fine, key=mean_loss)
    best = min(best + np.linspace(-0.005, 0.005, 21), key=mean_loss)
    assert found.compromise == pytest.approx(best, abs=1e-3)


def test_thetas__default_grid_and_refusals():
    found = DUAL.thetas("y")
    np.testing.assert_allclose(found.grid["theta"], np.linspace(0, 1, 21))
    np.testing.assert_allclose(found.grid["estimate"], DUAL.thetas("y", what="mean").grid["estimate"])
    assert len(DUAL.thetas("y", grid=[0, 1]).grid) == 2
    for options, words in (
        ({"what": "ratio"}, "what = 'ratio'"),
        ({"grid": [-0.01]}, "from 0 to 1"),
        ({"grid": [1.01]}, "from 0 to 1"),
        ({"grid": [[0.5]]}, "from 0 to 1"),
        ({"level": 1.0}, "level"),
    ):
        with pytest.raises(DataError, match=words):
            DUAL.thetas("y", **options)
    holes = DualFrameSurvey(Survey(A.assign(y=[np.nan, np.nan, *A["y"][2:]]), "w"), Survey(B, "w"))
    with pytest.raises(DataError, match="'y' is missing in 2 rows"):
        holes.thetas("y")


def test_compare_overlap__is_two_samples_written_out():
    found = DUAL.compare_overlap("y").set_index("variable")
    values = {}
    for part, name in ((A, "a"), (B, "b")):
        here = (part["overlap"] == "ab").to_numpy()
        size = part["w"][here].sum()
        mean = (part["w"] * part["y"])[here].sum() / size
        for what, z in (("size", here * 1.0), ("mean", here * (part["y"] - mean) / size)):
            total = 0.0
            for _, t in (part["w"] * z).groupby(part["s"]):
                total += len(t) / (len(t) - 1) * ((t - t.mean()) ** 2).sum()
            values[what, name] = (size if what == "size" else mean), total
    for row, what in (("size of the overlap", "size"), ("y", "mean")):
        (first, va), (second, vb) = values[what, "a"], values[what, "b"]
        t = (first - second) / np.sqrt(va + vb)
        made = found.loc[row]
        assert made[["from_a", "se_a", "from_b", "se_b"]].tolist() == pytest.approx(
            [first, np.sqrt(va), second, np.sqrt(vb)], rel=1e-10
        )
        assert made[["difference", "se", "t"]].tolist() == pytest.approx(
            [first - second, np.sqrt(va + vb), t], rel=1e-9
        )
        assert made["df"] == sum((part["overlap"] == "ab").sum() - 4 for part in PARTS)
        assert made["p_value"] == pytest.approx(2 * stats.t.sf(abs(t), made["df"]), rel=1e-9)


def test_compare_overlap__leaves_missing_values_out_and_has_no_t_without_error():
    holed = [part.assign(y=np.where(np.arange(len(part)) == 3, np.nan, part["y"])) for part in PARTS]
    dropped = [part.assign(y=part["y"].fillna(0), w=np.where(part["y"].isna(), 0.0, part["w"])) for part in holed]
    first, second = (
        DualFrameSurvey(*(Survey(p, "w", "s") for p in given)).compare_overlap(["y"]).iloc[1]
        for given in (holed, dropped)
    )
    assert first[["from_a", "from_b", "se"]].tolist() == pytest.approx(second[["from_a", "from_b", "se"]].tolist())
    same = [part.assign(y=1.0) for part in PARTS]
    row = DualFrameSurvey(*(Survey(p, "w") for p in same)).compare_overlap(["y"]).iloc[1]
    assert row["se"] == 0
    assert np.isnan(row["t"])
