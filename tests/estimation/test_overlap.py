"""θ curves and comparisons of the overlap against sums written out row by row; pools of tables; contrasts; early and late."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from surveysim import DataError, DesignError, DualFrameSurvey, Survey, SurveysimWarning
from surveysim.estimation import pooling
from surveysim.estimation.effort import early_late


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


# ---- pools -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "kind", "values"),
    [
        (pd.Series([1, 2]), pd.Series([3]), "int64", [1, 2, 3]),
        (pd.Series([1, 2]), pd.Series([0.5]), "float64", [1, 2, 0.5]),
        (pd.Series([True, False]), pd.Series([True]), "boolean", [True, False, True]),
        (pd.Categorical(["x", "y"], ["y", "x"]), pd.Categorical(["x"], ["y", "x"]), "category", ["x", "y", "x"]),
        (pd.Categorical(["x"], ["y", "x"]), pd.Categorical(["z"], ["z", "y"]), "category", ["x", "z"]),
        (pd.Categorical(["x"], ["y", "x"]), pd.Series(["z", "x"]), "category", ["x", "z", "x"]),
    ],
)
def test_pools__keep_what_columns_are(first, second, kind, values):
    both = pooling.tables(pd.DataFrame({"c": first, "p": 1}), pd.DataFrame({"q": 1, "c": second}))
    assert both.columns.tolist() == ["c"]
    assert str(both["c"].dtype) == kind
    assert both["c"].tolist() == values
    assert both.index.tolist() == list(range(len(values)))


def test_pools__order_categories_by_the_first_table_then_the_second():
    both = pooling.tables(
        pd.DataFrame({"c": pd.Categorical(["x"], ["y", "x"])}), pd.DataFrame({"c": pd.Categorical(["z"], ["z", "y"])})
    )
    assert list(both["c"].cat.categories) == ["y", "x", "z"]


def test_pools__leave_out_what_is_numbers_in_one_table_alone():
    assert pooling.tables(
        pd.DataFrame({"c": [1], "d": [1]}), pd.DataFrame({"c": ["x"], "d": [2]})
    ).columns.tolist() == ["d"]


@pytest.mark.parametrize(("bad", "count"), [(1.01, 1), (-0.01, 1), (np.nan, 1)])
def test_membership__is_a_probability(bad, count):
    share = np.where(A["overlap"] == "ab", 1.0, 0.0)
    share[5] = bad
    made = Survey(A.assign(m=share), "w"), Survey(B.assign(m=0.5), "w")
    with pytest.raises(DataError, match=f"holds no probability in {count} of 40 rows of a; the first is row 5"):
        DualFrameSurvey(*made, membership="m")


def test_overlap__must_be_in_both_samples():
    none = A.assign(overlap="a"), B.assign(overlap="b")
    with pytest.raises(DataError, match=r"in neither sample \(0 from a, 0 from b\)"):
        DualFrameSurvey(*(Survey(part, "w") for part in none))
    with pytest.raises(DataError, match="in one sample only"):
        DualFrameSurvey(Survey(A, "w"), Survey(none[1], "w"))
    with pytest.raises(DesignError, match="lonely PSUs differently"):
        DualFrameSurvey(Survey(A, "w", lonely_psu="adjust"), Survey(B, "w"))


# ---- contrasts and tables of estimates -------------------------------------------------------------------------------

TABLE = pd.DataFrame(
    {"y": [3.0, 1, 4, 1.5, 5, 9], "g": list("uvuvuv"), "w": [1.0, 2, 3, 4, 5, 6], "z": [0.0, 0, 0, 1, 2, 0]}
)
MEANS = Survey(TABLE, "w").mean("y", by="g")


@pytest.mark.parametrize(
    ("coefficients", "words"),
    [
        ([1, -1], "give {row: number}"),
        ({0: "1"}, "give {row: number}"),
        ({0: 0, 1: 0}, "at least one coefficient"),
        ({2: 1}, "row 2 is beyond the 2 estimates"),
        ({-3: 1}, "row -3 is beyond"),
        ({"y": 1}, "'y' names 2 estimates; give the position of the row, 0 to 1"),
        ({"g=w": 1}, "names 0 estimates"),
    ],
)
def test_contrasts__refuse(coefficients, words):
    with pytest.raises(DataError, match=words):
        MEANS.contrast(coefficients)


def test_contrasts__by_hand():
    made = MEANS.contrast({"g=u": 2, -1: -0.5, 0: 1}).table.iloc[0]
    mean = MEANS.table["estimate"]
    vector = np.array([3, -0.5])
    assert made["estimate"] == pytest.approx(vector @ mean)
    assert made["se"] == pytest.approx(np.sqrt(vector @ MEANS.cov @ vector))
    assert made["df"] == MEANS.table["df"].min()
    assert made["n"] == 6
    half = stats.t.ppf(0.975, made["df"]) * made["se"]
    assert (made["upper"] - made["lower"]) / 2 == pytest.approx(half)
    assert made["moe"] == pytest.approx(half)
    assert made["domain"] == "+3·[g=u] -0.5·[g=v]"
    assert MEANS.contrast({0: 1, 1: -1}, df=np.inf).table["moe"][0] == pytest.approx(
        1.959963984540054 * MEANS.contrast({0: 1, 1: -1}).table["se"][0]
    )


def test_cv__is_missing_at_0_and_positive_below():
    made = Survey(TABLE.assign(m=-TABLE["y"], o=0.0), "w").mean(["y", "m", "o"])
    cv = made.table["se"] / made.table["estimate"].abs()
    np.testing.assert_allclose(made.cv, [cv[0], cv[1], np.nan])


@pytest.mark.parametrize(
    ("options", "words"), [({"deff": True}, "deff = True"), ({"df": 0}, "df = 0"), ({"df": np.nan}, "df = nan")]
)
def test_estimates__refuse(options, words):
    with pytest.raises(DataError, match=words):
        Survey(TABLE, "w").mean("y", **options)


def test_deff__is_the_variance_over_that_of_simple_random_sampling():
    w, y = TABLE["w"], TABLE["y"]
    N, n = w.sum(), 6
    s2 = n / (n - 1) * (w * (y - (w * y).sum() / N) ** 2).sum() / N
    for kind, factor in (("wr", 1.0), ("wor", 1 - n / N)):
        made = Survey(TABLE, "w").mean("y", deff=kind).table.iloc[0]
        assert made["deff"] == pytest.approx(made["se"] ** 2 / (s2 / n * factor))
    assert np.isnan(Survey(TABLE, "w").mean("y").table["deff"][0])


# ---- early and late --------------------------------------------------------------------------------------------------


def test_early_late__levels_have_the_errors_of_their_own_means():
    survey = Survey(TABLE.assign(effort=[1, 2, 2, 3, 3, 3]), "w")
    found = early_late(survey, "y", effort="effort", cut=2, level=0.9)
    for row in found.levels.itertuples():
        own = survey.where(survey.data["effort"] == row.effort).mean("y", df=np.inf).table.iloc[0]
        assert (row.estimate, row.se, row.n) == pytest.approx((own["estimate"], own["se"], own["n"]))
        below = survey.where(survey.data["effort"] <= row.effort).mean("y", df=np.inf).table.iloc[0]
        assert (row.cumulative, row.cumulative_se) == pytest.approx((below["estimate"], below["se"]))
    assert found.levels["share"].tolist() == pytest.approx([1 / 21, 5 / 21, 15 / 21])
    row = found.difference.table.iloc[0]
    assert row["df"] == survey.mean("y").table["df"][0]
    assert row["moe"] == pytest.approx(stats.t.ppf(0.95, row["df"]) * row["se"])


def test_early_late__the_middle_respondent_is_early_but_not_the_last():
    even = Survey(TABLE.assign(effort=[1, 1, 1, 2, 2, 2], w=1.0), "w")
    assert early_late(even, "y", effort="effort").cut == 1
    late = Survey(TABLE.assign(effort=[1, 2, 3, 3, 3, 3], w=1.0), "w")
    assert early_late(late, "y", effort="effort").cut == 2
    early = Survey(TABLE.assign(effort=[1, 1, 1, 1, 2, 3], w=1.0), "w")
    assert early_late(early, "y", effort="effort").cut == 1
    for cut in (0.5, 3):
        with pytest.raises(DataError, match="early and late need respondents each; effort goes from 1 to 3"):
            early_late(late, "y", effort="effort", cut=cut)
    assert early_late(late, "y", effort="effort", cut=1).cut == 1
    assert early_late(late, "y", effort="effort", cut=2.9).cut == 2.9


def test_early_late__refuses_what_is_no_cut():
    survey = Survey(TABLE.assign(effort=[1, 2, 3, 3, 3, 3]), "w")
    for cut in (True, [1], "1"):
        with pytest.raises(DataError, match="give a number"):
            early_late(survey, "y", effort="effort", cut=cut)


# ---- independence ----------------------------------------------------------------------------------------------------


def test_independence__refuses_and_takes_only_what_is_there():
    table = pd.concat([TABLE] * 5, ignore_index=True).assign(h=list("xxyyyxyyxxyxyxy") * 2, w=1.0)
    survey = Survey(table, "w")
    for options, words in (
        ({"rows": "g", "columns": "h", "statistic": "G"}, "statistic = 'G'"),
        ({"rows": "g", "columns": "w"}, "2 × 1; independence needs at least two levels"),
    ):
        with pytest.raises(DataError, match=words):
            survey.independence(**options)
    found = survey.independence("g", "h")
    more = pd.concat([table, pd.DataFrame({"g": ["u", None, "s"], "h": [None, "x", "x"], "w": [1.0, 1, 0]})])
    with pytest.warns(SurveysimWarning, match="1 of 'g', 1 of 'h'"):
        again = Survey(more.reset_index(drop=True), "w").independence("g", "h")
    np.testing.assert_allclose(found.table, again.table)
    counts = pd.crosstab(table["g"], table["h"]).to_numpy()
    np.testing.assert_allclose(found.table.to_numpy(), counts / counts.sum())
    one = Survey(table, "w").independence("g", "h", statistic="Chisq")
    pearson = stats.chi2_contingency(counts, correction=False).statistic
    assert one.statistic == pytest.approx(pearson, rel=1e-9)
    assert one.df == (1,)
