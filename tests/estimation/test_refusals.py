"""What the estimation room refuses, each beside what it just takes; and small samples at the edges of its formulas."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import surveysim as ss
from surveysim import DataError, DesignError, SurveysimWarning
from surveysim.inference import intervals, quantiles, schemes, scores
from surveysim.inference.sampling_design import hartley_rao

Y = np.array([3.0, 1.0, 4.0, 1.5, 5.0, 9.0])
TABLE = pd.DataFrame(
    {
        "y": Y,
        "x": [2.0, 2, 3, 1, 4, 4],
        "w": [1.0, 2, 3, 4, 5, 6],
        "s": list("aabbcc"),
        "p": [1, 2, 3, 4, 5, 6],
        "zero": 0.0,
        "g": list("uvuvuv"),
        "pi": [0.5, 0.4, 0.8, 0.25, 0.5, 1.0],
    }
)
ONE = TABLE.assign(s=list("aabbbc"))  # c has one PSU
PLAIN = ss.Survey(TABLE, "w", "s", "p")


# ---- designs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fpc": [2.0, 2, 2, np.inf, 2, 2]}, "is missing, infinite or not above 0 in 1 of 6 rows, the first is row 3"),
        ({"fpc": [0.5, 0.5, 0, 0, 0.5, 0.5]}, "not above 0 in 2 of 6 rows"),
        ({"fpc": [4.0, 5, 4, 4, 4, 4]}, "in 'a' it goes from 4 to 5"),
        ({"fpc": [4.0, 4, 0.5, 0.5, 4, 4]}, "mixes counts"),
        ({"fpc": [2.0, 2, 1.9, 1.9, 4, 4]}, "stratum 'b' has 2 PSUs in the sample but fpc says 1.9"),
        ({"pps": "brewer"}, "pps needs probability"),
        ({"pps": "brewer", "probability": "pi", "psu": ["s"], "strata": None}, "leave psu out"),
        ({"pps": "yates", "probability": "pi"}, "pps = 'yates'"),
        ({"pps": "brewer", "probability": "pi", "pps_variance": "hh"}, "pps_variance = 'hh'"),
        ({"pps": "hartley-rao", "probability": "pi"}, "without strata"),
        (
            {"pps": "deville", "probability": "pi", "strata": np.array(list("aabbcd"))},
            "stratum 'c' has one unit that is not certain",
        ),
        ({"pps": "brewer", "probability": "pi", "fpc": [4.0] * 6}, "leave fpc out"),
        ({"pps": np.eye(5), "probability": "pi"}, r"shape \(5, 5\); the table has 6 rows"),
        ({"probability": [0.5] * 5 + [1.0001]}, "1 of 6 inclusion probabilities.*1.0001.* in row 5"),
        ({"probability": [0.5, 0, 0, 0.5, 0.5, 1]}, "2 of 6 inclusion probabilities.*0.0.* in row 1"),
        ({"strata": ["a", None, "b", "b", None, "c"]}, "missing in 2 of 6 rows, the first is row 1"),
        (
            {"strata": np.array(list("aabbcc")), "psu": [1, 2, 2, 3, 4, 5]},
            "1 PSU labels occur in more than one stratum, the first is 2",
        ),
        ({"strata": ["s", "g"], "psu": ["p"]}, "strata has 2 and fpc 0 stages, but psu 1"),
        ({"lonely_psu": "drop"}, "lonely_psu = 'drop'"),
    ],
)
def test_designs__refuse(options, words):
    with pytest.raises((DesignError, DataError), match=words):
        ss.Survey(TABLE, **{"strata": "s", **options})


def joint():
    """Joint probabilities of Hartley and Rao, symmetric, with the probabilities on the diagonal."""
    return hartley_rao(TABLE["pi"].to_numpy())


@pytest.mark.parametrize(
    ("at", "by"), [((0, 1), 1.1), ((2, 2), 1.1), ((3, 4), 0.0), (((3, 4), (4, 3)), 0.0), (((3, 4), (4, 3)), -1.0)]
)
def test_joint_probabilities__must_be_what_they_are(at, by):
    made = joint()
    ss.Survey(TABLE, pps=made, probability="pi")
    made[at] *= by
    with pytest.raises(DesignError, match="must be symmetric and above 0"):
        ss.Survey(TABLE, pps=made, probability="pi")


def test_joint_probabilities__hartley_and_rao_by_hand():
    """The last unit is certain, so that the formula is one for the other five; with it inside, joint probabilities are not its own."""
    pi = TABLE["pi"].to_numpy()
    n, squares = 5, pi[:5].sum() / 5
    assert joint()[5].tolist() == pi.tolist()
    assert joint()[0, 3] == pytest.approx(pi[0] * pi[3] / (1 - (pi[0] + pi[3] - squares - 1) / (n - 1)), rel=1e-14)
    z = Y / pi
    pairs = [(i, j) for i in range(6) for j in range(6) if i != j]
    d = joint()
    yg = -0.5 * sum((d[i, j] - pi[i] * pi[j]) / d[i, j] * (z[i] - z[j]) ** 2 for i, j in pairs)
    ht = sum((1 - pi[i]) * z[i] ** 2 for i in range(6)) + sum(
        (d[i, j] - pi[i] * pi[j]) / d[i, j] * z[i] * z[j] for i, j in pairs
    )
    for form, value in (("yg", yg), ("ht", ht)):
        made = ss.Survey(TABLE, probability="pi", pps="hartley-rao", pps_variance=form).total("y")
        assert made.table["se"][0] ** 2 == pytest.approx(value, rel=1e-12)
        again = ss.Survey(TABLE, probability="pi", pps=d, pps_variance=form).total("y")
        assert again.table["se"][0] == pytest.approx(made.table["se"][0], rel=1e-12)


def test_fpc__just_fits():
    for fpc in ([2.0] * 6, [1.0] * 6):
        assert ss.Survey(TABLE, "w", "s", fpc=fpc).total("y", df=9).table["se"][0] == 0
    half = ss.Survey(TABLE, "w", "s", fpc=[4.0] * 6).total("y").table["se"][0]
    assert half == pytest.approx(ss.Survey(TABLE, "w", "s").total("y").table["se"][0] * np.sqrt(0.5))


def test_strata__numbers_far_apart_with_gaps_and_unused_labels_are_labels():
    expected = ss.Survey(TABLE, "w", "s").total("y").table["se"][0]
    for labels in (
        [-5, -5, 7, 7, 2, 2],
        [1, 1, 10**9, 10**9, 5, 5],
        [2**62, 2**62, 1, 1, 5, 5],
        pd.Categorical(list("aabbcc"), categories=list("zaybxc")),
        [0.5, 0.5, 1.5, 1.5, 2.5, 2.5],
    ):
        survey = ss.Survey(TABLE.assign(h=labels), "w", "h")
        assert survey.total("y").table["se"][0] == pytest.approx(expected, rel=1e-14)
        assert survey.total("y").table["df"][0] == 3
        assert len(survey.design.stages[0].sampled) == 3


# ---- intervals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0, 1, -0.5, np.nan])
def test_level__lies_between_0_and_1(level):
    with pytest.raises(DataError, match="confidence level between 0 and 1"):
        PLAIN.mean("y", level=level)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "exact"}, "method = 'exact': choose one of"),
        ({"p": 1.01}, "outside 0 to 1"),
        ({"p": -0.01}, "outside 0 to 1"),
        ({"se": -0.1}, "0 or larger"),
        ({"df": 0}, "degrees of freedom above 0"),
        ({"method": "beta"}, "method = 'beta' needs n"),
        ({"method": "korn-graubard"}, "method = 'korn-graubard' needs n"),
        ({"p": 0.0, "se": 0.0}, "an interval at p = 0 or 1 needs n"),
        ({"p": [0.5, 1.0]}, "an interval at p = 0 or 1 needs n"),
    ],
)
def test_proportion_interval__refuses(options, words):
    with pytest.raises(DataError, match=words):
        ss.proportion_interval(**{"p": 0.5, "se": 0.1, **options})


@pytest.mark.parametrize("method", intervals.METHODS)
@pytest.mark.parametrize(("df", "few"), [(None, None), (3, None), (4, 20), (30, 20)])
def test_proportion_interval__at_0_and_1_is_clopper_and_pearsons_bound(method, df, few):
    """n (t_{n-1} / t_df)² respondents, at most n: with 20 respondents and 3 degrees of freedom fewer than 20."""
    n = 20
    ratio = 1.0 if df is None else (stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, df)) ** 2
    ratio = ratio if df is not None else (stats.t.ppf(0.975, n - 1) / stats.norm.ppf(0.975)) ** 2
    bound = 1 - 0.025 ** (1 / (n * min(ratio, 1.0)))
    low, high = ss.proportion_interval([0.0, 1.0, 0.5, np.nan], [0.0, 0.0, 0.1, 0.1], method, df=df, n=n)
    np.testing.assert_allclose([low[0], high[0], low[1], high[1]], [0, bound, 1 - bound, 1], rtol=1e-12)
    assert 0 < low[2] < 0.5 < high[2] < 1
    assert np.isnan([low[3], high[3]]).all()


def test_proportion_interval__written_out():
    p, se, df, n, level = 0.3, 0.05, 7, 60, 0.9
    t = stats.t.ppf(0.95, df)
    size = p * (1 - p) / se**2
    found = {m: ss.proportion_interval(p, se, m, level, df, n) for m in intervals.METHODS}
    logit = np.log(p / (1 - p)) + np.array([-1, 1]) * t * se / (p * (1 - p))
    np.testing.assert_allclose(found["logit"], 1 / (1 + np.exp(-logit)), rtol=1e-12)
    np.testing.assert_allclose(found["xlogit"], found["logit"], rtol=1e-12)
    np.testing.assert_allclose(found["wald"], [p - t * se, p + t * se], rtol=1e-12)
    arcsine = np.arcsin(np.sqrt(p)) + np.array([-1, 1]) * t * se / (2 * np.sqrt(p * (1 - p)))
    np.testing.assert_allclose(found["asin"], np.sin(arcsine) ** 2, rtol=1e-12)
    for bound in found["wilson"]:  # where the score test with this size just rejects
        assert (p - bound) ** 2 == pytest.approx(t**2 * bound * (1 - bound) / size, rel=1e-10)
    ratio = (stats.t.ppf(0.95, n - 1) / t) ** 2
    for method, m in (("beta", size * ratio), ("korn-graubard", min(size * ratio, n))):
        expected = stats.beta.ppf(0.05, m * p, m * (1 - p) + 1), stats.beta.ppf(0.95, m * p + 1, m * (1 - p))
        np.testing.assert_allclose(found[method], expected, rtol=1e-10)
    capped = ss.proportion_interval(p, 0.001, "korn-graubard", level, df, n)
    np.testing.assert_allclose(capped[0], stats.beta.ppf(0.05, n * p, n * (1 - p) + 1), rtol=1e-10)


def test_proportion_interval__without_error_is_a_point_and_wald_is_cut():
    for method in ("beta", "wald", "logit", "asin", "wilson"):
        np.testing.assert_allclose(ss.proportion_interval(0.25, 0.0, method, n=40), [0.25, 0.25], atol=1e-15)
    assert ss.proportion_interval(0.01, 0.1, "wald")[0] == 0
    assert ss.proportion_interval(0.99, 0.1, "wald")[1] == 1
    low, high = ss.proportion_interval([0.02, 0.98], 0.2, "asin")
    assert low[0] == 0
    assert high[1] == 1
    one = ss.proportion_interval(0.0, 0.0, n=1, df=5)
    assert one[1] == pytest.approx(0.975)


def test_t_quantile__of_many_degrees_keeps_their_shape():
    df = np.array([[1.0, np.inf], [5.0, 1.0]])
    expected = [[stats.t.ppf(0.95, 1), stats.norm.ppf(0.95)], [stats.t.ppf(0.95, 5), stats.t.ppf(0.95, 1)]]
    np.testing.assert_allclose(intervals.t_quantile(0.9, df), expected, rtol=1e-12)


# ---- quantiles -------------------------------------------------------------------------------------------------------


def test_quantile__rules_by_hand():
    y, w = np.array([5.0, 1.0, 3.0, 2.0]), np.array([1.0, 2.0, 1.0, 4.0])  # in order 1, 2, 3, 5 with 2, 4, 1, 1
    for q, math, school, hf7 in [
        (0.25, 1.0, 1.5, 1 - 0.25 / 0.25 * 0 + (0.25 * 7 - 0) / 2 * 1),
        (0.5, 2.0, 2.0, 2 + (0.5 * 7 - 2) / 4),
        (0.75, 2.0, 2.5, 2 + (0.75 * 7 - 2) / 4),
        (0.875, 3.0, 4.0, 3 + (0.875 * 7 - 6) / 1 * 2),
        (0.99, 5.0, 5.0, 3 + (0.99 * 7 - 6) * 2),
    ]:
        found = [quantiles.quantile(y, w, q, rule)[0] for rule in ("math", "school", "hf7")]
        np.testing.assert_allclose(found, [math, school, hf7], rtol=1e-14)
    assert quantiles.quantile(y, w, 1.0, "math")[0] == 5
    assert quantiles.quantile(y, w, 1.0, "school")[0] == 5
    for rule in quantiles.RULES:
        assert quantiles.quantile(np.array([4.0, 9.0]), np.array([2.0, 0.0]), [0.1, 0.9], rule).tolist() == [4, 4]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"q": 0}, "q = 0"),
        ({"q": 1}, "q = 1"),
        ({"q": [0.5, np.nan]}, "q: 1 of 2 numbers are missing"),
        ({"rule": "hf8"}, "rule = 'hf8'"),
        ({"ci": "wald"}, "ci = 'wald'"),
        ({"y": "s"}, "'s' is not numeric"),
    ],
)
def test_quantile__refuses(options, words):
    with pytest.raises(DataError, match=words):
        PLAIN.quantile(**{"y": "y", "q": 0.5, **options})


def test_quantile__needs_rows_of_weight():
    with pytest.raises(DataError, match="rows of positive weight"):
        quantiles.quantile(Y, np.zeros(6), 0.5)
    with pytest.raises(DesignError, match="no replicates"):
        PLAIN.replicate_weights()


# ---- ratios and scores -----------------------------------------------------------------------------------------------


def test_ratios__over_nothing_are_refused_with_their_domain():
    with pytest.raises(DataError, match="ratio is 0 in this domain"):
        PLAIN.ratio("y", "zero")
    with pytest.raises(DataError, match="ratio is 0 in domain 'g=v'"):
        ss.Survey(TABLE.assign(x=[1.0, 0, 2, 0, 3, 0]), "w").ratio("y", "x", by="g")
    with pytest.raises(DataError, match="ratio is 0 in this domain"):
        scores.ratio(np.ones(6), Y, np.zeros(6))
    with pytest.raises(DataError, match="a ratio is 0"):
        scores.over(scores.total(np.ones(6), Y), scores.total(np.ones(6), np.zeros(6)))
    with pytest.raises(DataError, match="cannot be repeated"):
        scores.total(np.ones(6), Y).lanes(np.ones((6, 2)), {})


def test_scores__of_combined_statistics_by_hand():
    w, x, rows = TABLE["w"].to_numpy(), TABLE["x"].to_numpy(), np.array([1, 1, 0, 1, 0, 0], bool)
    a, b = scores.total(w, Y), scores.total(w, x, rows)
    assert b.value == 1 * 2 + 2 * 2 + 4 * 1
    over = scores.over(a, b)
    assert over.value == pytest.approx((w @ Y) / 10)
    np.testing.assert_allclose(over.score, (Y - over.value * np.where(rows, x, 0)) / 10)
    assert over.rows.all()
    rest = scores.complement(b, 25.0)
    assert rest.value == 15
    np.testing.assert_array_equal(rest.score, -b.score)
    share = scores.per_known(b, 40.0, 3.0)
    assert share.value == pytest.approx(0.75)
    np.testing.assert_allclose(share.score, b.score * 3 / 40)
    ratio = scores.ratio(w, Y, x, rows)
    assert ratio.value == pytest.approx((3 + 2 + 6) / 10)
    np.testing.assert_allclose(ratio.score, np.where(rows, Y - 1.1 * x, 0) / 10)


def test_srs_variance__with_and_without_replacement():
    w = TABLE["w"].to_numpy()
    mean, N = np.average(Y, weights=w), w.sum()
    spread = 6 / 5 * np.sum(w * (Y - mean) ** 2) / N
    total = scores.total(w, Y)
    assert scores.srs_variance(w, total) == pytest.approx(N**2 * spread / 6, rel=1e-12)
    assert scores.srs_variance(w, total, replacement=False) == pytest.approx(N**2 * spread / 6 * (1 - 6 / N), rel=1e-12)
    assert np.isnan(scores.srs_variance(w, scores.total(w, Y, np.arange(6) == 2)))
    few = np.full(6, 0.5)  # more rows than people: no more than a census
    assert scores.srs_variance(few, scores.total(few, Y), replacement=False) == 0
    two = scores.total(w, Y, np.arange(6) < 2)
    assert np.isfinite(scores.srs_variance(w, two))


# ---- replicates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("survey", "given", "words"),
    [
        (PLAIN, {"kind": "jk2"}, "kind = 'jk2': choose one of jk1"),
        (PLAIN, {"kind": "jk1"}, "without strata; this one has 3"),
        (PLAIN, {"kind": "jkn", "seed": 1}, "seed is for"),
        (PLAIN, {"kind": "rao-wu", "n": 20}, "seed is for"),
        (PLAIN, {"kind": "rao-wu", "seed": 1}, "needs n"),
        (PLAIN, {"kind": "rao-wu", "seed": 1, "n": 1}, "n = 1: give a whole number, from 2"),
        (PLAIN, {"kind": "fay"}, "rho is for"),
        (PLAIN, {"kind": "brr", "rho": 0.5}, "rho is for"),
        (PLAIN, {"kind": "fay", "rho": 1}, "rho = 1: give a weight"),
        (PLAIN, {"kind": "fay", "rho": -0.1}, "rho = -0.1"),
        (ss.Survey(ONE, "w", "s", "p"), {"kind": "jkn"}, "1 strata have one PSU, which no replicate"),
        (ss.Survey(ONE, "w", "s", "p"), {"kind": "brr"}, "2 have another number, the first is 'b' with 3"),
        (ss.Survey(ONE, "w", "s", "p"), {"kind": "rao-wu", "n": 9, "seed": 1}, "1 strata have one PSU, so there is"),
        (ss.Survey(ONE, "w", "s", "p", fpc=[4.0] * 6), {"kind": "rao-wu", "n": 9, "seed": 1}, "has one sampled unit"),
        (ss.Survey(TABLE[:1], "w"), {"kind": "sdr"}, "at least two PSUs"),
        (ss.Survey(TABLE, pps="deville", probability="pi"), {"kind": "jk1"}, "pps designs have linearized errors only"),
    ],
)
def test_replicates__refuse(survey, given, words):
    with pytest.raises((DataError, DesignError), match=words):
        survey.replicates(**given)


def test_replicates__just_fit():
    assert PLAIN.replicates("fay", rho=0).engine.count == PLAIN.replicates("brr").engine.count
    assert PLAIN.replicates("rao-wu", n=2, seed=1).engine.count == 2
    assert ss.Survey(TABLE[:2], "w").replicates("sdr").engine.count == 4
    certain = ss.Survey(ONE, "w", "s", "p", fpc=[4.0] * 5 + [1.0]).replicates("jkn")
    assert certain.engine.count == 5
    linear = ss.Survey(ONE, "w", "s", "p", fpc=[4.0] * 5 + [1.0]).total("y").table["se"][0]
    assert certain.total("y").table["se"][0] == pytest.approx(linear, rel=1e-12)


def test_scheme__matrix_is_what_fill_gives_lane_by_lane():
    n = 3 * schemes.LANES + 5
    table = pd.DataFrame({"y": np.arange(n, dtype=float)})
    survey = ss.Survey(table)
    made = schemes.scheme("jk1", survey.design)
    expected = np.full((n, n), n / (n - 1))
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(made.matrix(), expected)
    np.testing.assert_allclose(survey.replicates("jk1").replicate_weights().to_numpy(), expected)
    assert made.scale == pytest.approx((n - 1) / n)
    assert survey.replicates("jk1").total("y").table["se"][0] == pytest.approx(survey.total("y").table["se"][0])


def test_replicates__that_empty_a_domain_are_named():
    table = TABLE.assign(few=list("nnnnny"))
    survey = ss.Survey(table, "w", "s", "p").replicates("jkn")
    with pytest.raises(DataError, match=r"1 of 6 replicates leave .*the first is replicate 6"):
        survey.mean("y", by="few", df=3)


def brought(**options):
    matrix = TABLE["w"].to_numpy()[:, None] * np.array([[2, 0, 1, 1, 2, 0], [0, 2, 1, 1, 0, 2], [1, 1, 2, 0, 1, 1]]).T
    return ss.Survey(TABLE, "w", **{"replicate_weights": matrix, "scale": 0.25, **options})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"replicate_weights": np.ones((6, 1))}, r"shape \(6, 1\); give at least two"),
        ({"replicate_weights": np.ones((5, 4))}, r"shape \(5, 4\)"),
        ({"replicate_weights": np.ones(6)}, r"shape \(6,\)"),
        ({"replicate_weights": []}, "shape"),
        ({"replicate_weights": "w"}, "give a list of columns"),
        ({"replicate_weights": np.full((6, 3), np.inf)}, "18 replicate weights are missing or infinite"),
        ({"scale": 0.0}, "scale = 0.0: give a number above 0"),
        ({"scale": np.inf}, "scale = inf: give a number above 0"),
        ({"scale": "1"}, "scale = '1'"),
        ({"rscales": [1, 1]}, "Each of the 3 replicates has one"),
        ({"rscales": [1, 1, -1]}, "rscales: 1 of 3 are negative"),
        ({"rscales": [1, np.nan, 1]}, "rscales: 1 of 3 numbers are missing or infinite"),
    ],
)
def test_replicate_weights__refuse(options, words):
    with pytest.raises(DesignError, match=words):
        brought(**options)


def test_replicate_weights__by_hand():
    survey = brought()
    totals = survey.engine.weights().T @ Y
    full = TABLE["w"].to_numpy() @ Y
    assert survey.total("y").table["se"][0] == pytest.approx(np.sqrt(0.25 * np.sum((totals - totals.mean()) ** 2)))
    mse = brought(mse=True, rscales=[1, 2, 0.5]).total("y", df=2).table["se"][0]
    assert mse == pytest.approx(np.sqrt(0.25 * np.sum([1, 2, 0.5] * (totals - full) ** 2)))
    left_out = brought(rscales=[1, 2, 0]).total("y").table["se"][0]  # the mean is that of the replicates that count
    middle = totals[:2].mean()
    assert left_out == pytest.approx(np.sqrt(0.25 * np.sum([1, 2] * (totals[:2] - middle) ** 2)))
    with pytest.raises(
        DesignError, match="all 3 rscales are 0"
    ):  # an error of 0 would say that the sample is the population
        brought(rscales=0)
    assert survey.total("y").table["df"][0] == 2  # three replicates of full rank
    assert brought(rscales=2.0).total("y").table["se"][0] == pytest.approx(
        np.sqrt(2) * survey.total("y").table["se"][0]
    )


def test_replicate_weights__without_degrees_of_freedom():
    same = np.repeat(TABLE["w"].to_numpy()[:, None], 3, axis=1)
    with pytest.raises(DesignError, match="do not differ, so there are no degrees of freedom"):
        ss.Survey(TABLE, "w", replicate_weights=same, scale=0.5).total("y")
    with pytest.warns(SurveysimWarning, match="need scale, such as 1 / 3"):
        ss.Survey(TABLE, "w", replicate_weights=same)
    ss.Survey(TABLE, "w", replicate_weights=same, rscales=[1, 1, 1])  # a warning would be an error here


# ---- surveys ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ss.Survey(TABLE[:0]), "no rows"),
        (
            lambda: ss.Survey(TABLE[:5], ss.rake(TABLE, {"g": {"u": 3, "v": 4}}, weight="w")),
            "6 weights; the table has 5|rows",
        ),
        (lambda: PLAIN.where([True] * 5), "5 values; the table has 6 rows"),
        (lambda: PLAIN.where(np.ones(6)), "got float64"),
        (lambda: PLAIN.where(pd.Series([True] * 6, index=range(1, 7))), "index is not the table's"),
        (lambda: PLAIN.where(np.zeros(6, bool)).mean("y"), "no rows.*; check where"),
        (lambda: PLAIN.where(TABLE["g"] == "u").rake({"g": {"u": 1, "v": 1}}), "whole sample first"),
        (lambda: PLAIN.replicates("jkn").rake({"g": {"u": 1, "v": 1}}), "make replicates then"),
        (lambda: ss.Survey(TABLE.assign(y=np.nan)).mean("y"), "missing in all 6 rows; there is nothing"),
        (lambda: ss.Survey(TABLE.assign(y=[1, np.nan] * 3)).mean("y", by="g"), "in all 3 rows of domain 'g=v'"),
    ],
)
def test_surveys__refuse(call, words):
    with pytest.raises((DataError, DesignError), match=words):
        call()


def test_where__narrows_what_was_narrowed():
    part = PLAIN.where(TABLE["g"] == "u").where(TABLE["x"] > 2)
    assert part.total("y", df=1).table["estimate"][0] == 3 * 4 + 5 * 5
    assert part.deff_kish == pytest.approx(2 * (9 + 25) / 64)
    assert PLAIN.total("y").table["n"][0] == 6
