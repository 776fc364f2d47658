"""Estimates by hand, laws, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import A
from samples import sample as small_sample

from surveysim import DataError, DesignError, Recipe, Survey, SurveysimWarning, proportion_interval, rake
from surveysim.weighting import Rake

DATA = pd.DataFrame(
    {
        "h": [1, 1, 1, 2, 2, 2],
        "c": [1, 1, 2, 3, 4, 4],
        "y": [1.0, 2.0, 6.0, 0.0, 4.0, 4.0],
        "x": [1.0, 1, 2, 2, 1, 1],
        "w": [2.0, 2, 3, 1, 1, 1],
        "g": ["a", "b", "a", "b", "a", "b"],
        "b": [True, False, True, False, True, True],
    }
)


def random_survey(seed, n=80):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "h": rng.integers(0, 4, n),
            "y": rng.normal(3, 1, n),
            "x": rng.gamma(2, 1, n),
            "w": rng.lognormal(0, 0.5, n),
            "g": rng.choice(list("pqr"), n),
        }
    )
    data["c"] = data["h"] * 10 + rng.integers(0, 5, n)
    return data


def test_total__by_hand():
    """PSU totals 6, 18 | 0, 8; strata of 2: V = 2 (6² + 6²) + 2 (4² + 4²) = 208."""
    row = Survey(DATA, weight="w", strata="h", psu="c").total("y", df=np.inf).to_frame().iloc[0]
    assert row["estimate"] == 32
    assert row["se"] ** 2 == pytest.approx(208)
    assert row["moe"] == pytest.approx(1.959963984540054 * np.sqrt(208))
    assert (row["n"], row["upper"] - row["lower"]) == (6, pytest.approx(2 * row["moe"]))


def test_df__is_psus_minus_strata_with_rows_in_the_domain():
    s = Survey(DATA, weight="w", strata="h", psu="c")
    assert s.mean("y").to_frame()["df"][0] == 2
    part = s.mean("y", by="g").to_frame().set_index("domain")["df"]
    assert part["g=a"] == 1  # PSUs 1, 2, 4 in two strata


def test_fpc__shrinks_the_variance_by_one_minus_f():
    plain = Survey(DATA, weight="w", strata="h", psu="c").total("y").to_frame()["se"][0]
    finite = Survey(DATA.assign(N=8), weight="w", strata="h", psu="c", fpc="N").total("y").to_frame()["se"][0]
    assert finite**2 == pytest.approx(plain**2 * (1 - 2 / 8))


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=25)
def test_laws(seed):
    """Row order, PSU labels and weight scale do not matter; domain totals add up; a mean is the ratio to ones."""
    data = random_survey(seed)
    base = Survey(data, weight="w", strata="h", psu="c").mean("y").to_frame()
    shuffled = data.sample(frac=1, random_state=seed % 1000)
    relabelled = shuffled.assign(c=shuffled["c"].map(lambda c: f"psu {997 - c}"), w=shuffled["w"] * 7)
    again = Survey(relabelled, weight="w", strata="h", psu="c").mean("y").to_frame()
    np.testing.assert_allclose(again[["estimate", "se", "df"]], base[["estimate", "se", "df"]], rtol=1e-10)
    s = Survey(data.assign(one=1.0), weight="w", strata="h", psu="c")
    assert s.total("y", by="g").to_frame()["estimate"].sum() == pytest.approx(s.total("y").to_frame()["estimate"][0])
    ratio = s.ratio("y", "one", by="g").to_frame()
    np.testing.assert_allclose(
        ratio[["estimate", "se"]], s.mean("y", by="g").to_frame()[["estimate", "se"]], rtol=1e-12
    )


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=15)
def test_raked_totals_of_the_margins__have_no_error(seed):
    data = random_survey(seed)
    margins = {"g": {"p": 30.0, "q": 40.0, "r": 50.0}, "h": dict(enumerate([20.0, 30.0, 40.0, 30.0]))}
    s = Survey(
        data.assign(p=(data["g"] == "p").astype(float)), weight=rake(data, margins, weight="w"), strata="h", psu="c"
    )
    row = s.total("p").to_frame().iloc[0]
    assert row["estimate"] == pytest.approx(30)
    assert row["se"] < 1e-6
    assert s.total("y").to_frame()["se"][0] > 1e-3


def test_calibrated_variance__is_that_of_regression_residuals():
    data = random_survey(11)
    margins = {"g": {"p": 30.0, "q": 40.0, "r": 50.0}}
    cal = rake(data, margins, weight="w")
    found = Survey(data, weight=cal, strata="h", psu="c").total("y").to_frame()["se"][0]
    means = data.assign(wy=data["w"] * data["y"]).groupby("g")[["wy", "w"]].sum()
    residual = data["y"] - data["g"].map(means["wy"] / means["w"])
    plain = (
        Survey(data.assign(e=residual), weight=cal.weight.copy(), strata="h", psu="c").total("e").to_frame()["se"][0]
    )
    assert found == pytest.approx(plain, rel=1e-10)


def test_cov__has_the_variances_on_its_diagonal_and_is_symmetric():
    s = Survey(random_survey(3), weight="w", strata="h", psu="c")
    e = s.mean(["y", "x"], by="g")
    np.testing.assert_allclose(np.diag(e.cov), e.to_frame()["se"] ** 2, rtol=1e-10)
    np.testing.assert_allclose(e.cov, e.cov.T)


def test_deff__of_equal_weights_without_structure_is_one():
    rng = np.random.default_rng(8)
    data = pd.DataFrame({"y": rng.normal(size=400), "w": 5.0})
    table = Survey(data, weight="w").mean("y", deff="wr").to_frame()
    assert table["deff"][0] == pytest.approx(1, rel=1e-9)
    assert Survey(data, weight="w").mean("y", deff="wor").to_frame()["deff"][0] == pytest.approx(
        1 / (1 - 1 / 5), rel=1e-9
    )


def test_proportion__rows_per_level_add_to_one():
    s = Survey(DATA.assign(g=pd.Categorical(DATA["g"], ["b", "a"])), weight="w", strata="h", psu="c")
    table = s.proportion("g").to_frame()
    assert list(table["level"]) == ["b", "a"]
    assert table["estimate"].sum() == pytest.approx(1)
    assert len(s.proportion("b").to_frame()) == 1


def test_logit_interval__by_hand_and_one_sided_at_the_edges():
    lower, upper = proportion_interval(0.2, 0.03, df=np.inf)
    half = 1.959963984540054 * 0.03 / 0.16
    assert lower == pytest.approx(1 / (1 + 4 * np.exp(half)))
    assert upper == pytest.approx(1 / (1 + 4 * np.exp(-half)))
    lower, upper = proportion_interval(np.array([0.0, 1.0]), np.array([0.0, 0.0]), n=50)
    assert lower[0] == 0
    assert upper[0] == pytest.approx(1 - 0.025 ** (1 / 50))
    assert upper[1] == 1
    assert lower[1] == pytest.approx(0.025 ** (1 / 50))


@pytest.mark.parametrize("policy", ["certainty", "remove", "adjust", "average"])
def test_lonely_psu__policies(policy):
    """Stratum 3 has one PSU with total 5. adjust: (5 - 37/5)² more, 37/5 being the mean of the totals 6, 18, 0, 8 and 5; average:
    × 3/2; else nothing more (as R survey 4.1-1, whose adjust is about 0 for totals; that of 4.3 is not)."""
    data = pd.concat(
        [DATA, pd.DataFrame({"h": [3], "c": [9], "y": [5.0], "x": [1.0], "w": [1.0], "g": ["a"], "b": [True]})]
    )
    with pytest.raises(DesignError, match=r"one PSU.*: 3"):
        Survey(data, weight="w", strata="h", psu="c").total("y")
    variance = Survey(data, weight="w", strata="h", psu="c", lonely_psu=policy).total("y").to_frame()["se"][0] ** 2
    assert variance == pytest.approx(
        {"certainty": 208, "remove": 208, "adjust": 208 + (5 - 37 / 5) ** 2, "average": 208 * 1.5}[policy]
    )


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "bool"])
def test_numeric_types__give_the_same_answer(dtype):
    y = (DATA["y"] > 1).astype(dtype)
    expected = Survey(DATA.assign(y=(DATA["y"] > 1).astype(float)), weight="w").mean("y").to_frame()
    pd.testing.assert_frame_equal(Survey(DATA.assign(y=y), weight="w").mean("y").to_frame(), expected)


@pytest.mark.parametrize(
    ("make", "error", "word"),
    [
        (lambda: Survey(DATA.iloc[:0]), DataError, "no rows"),
        (lambda: Survey(DATA, strata="hh"), DataError, "did you mean 'h'"),
        (lambda: Survey(DATA.assign(c=[1, 1, 2, 1, 4, 4]), strata="h", psu="c"), DesignError, "more than one stratum"),
        (lambda: Survey(DATA.assign(h=[1, None, 1, 2, 2, 2]), strata="h"), DataError, "missing in 1"),
        (lambda: Survey(DATA.assign(N=1.5), strata="h", psu="c", fpc="N"), DesignError, "fpc 'N' says"),
        (lambda: Survey(DATA, lonely_psu="ignore"), DesignError, "lonely_psu"),
        (lambda: Survey(DATA.assign(w=-1), weight="w"), DataError, "negative"),
        (lambda: Survey(DATA).mean("g"), DataError, "not numeric"),
        (lambda: Survey(DATA.assign(y=np.nan)).mean("y"), DataError, "missing in all 6"),
        (lambda: Survey(DATA).mean("y", deff="maybe"), DataError, "deff"),
        (lambda: Survey(DATA).proportion("b", ci="wilsonn"), DataError, "ci"),
        (lambda: Survey(DATA).ratio("y", "z"), DataError, "no column"),
        (lambda: proportion_interval(1.4, 0.1), DataError, "outside"),
    ],
)
def test_refusals(make, error, word):
    with pytest.raises(error, match=word):
        make()


def test_nest__reads_psu_labels_inside_strata():
    data = DATA.assign(c=[1, 1, 2, 1, 2, 2])
    nested = Survey(data, weight="w", strata="h", psu="c", nest=True).total("y").to_frame()
    pd.testing.assert_frame_equal(nested, Survey(DATA, weight="w", strata="h", psu="c").total("y").to_frame())


def test_data__is_not_modified():
    before = DATA.copy()
    Survey(DATA, weight="w", strata="h", psu="c").mean("y", by="g")
    pd.testing.assert_frame_equal(DATA, before)


@pytest.mark.statistical
def test_coverage__of_a_stratified_mean():
    """2,000 stratified samples of 60 from 3,000: coverage of the 95 % interval within 4 Monte Carlo standard errors."""
    rng = np.random.default_rng(12)
    size = np.array([500, 1000, 1500])
    values = [rng.gamma(4, k + 1, n) for k, n in enumerate(size)]
    truth, hits = np.concatenate(values).mean(), 0
    frame = pd.DataFrame({"h": np.repeat([0, 1, 2], 20), "w": np.repeat(size / 20, 20), "N": np.repeat(size, 20)})
    for _ in range(2000):
        frame["y"] = np.concatenate([rng.choice(v, 20, replace=False) for v in values])
        row = Survey(frame, weight="w", strata="h", fpc="N").mean("y").to_frame().iloc[0]
        hits += row["lower"] <= truth <= row["upper"]
    assert abs(hits / 2000 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 2000) + 0.01  # skewness costs up to a point at n = 60


def test_a_certainty_stratum__is_not_lonely():
    """One PSU of one: no variance and no complaint, as in R survey (SE 2.748 there: 10 × (1 − f) with f = 2/10 and 2/8)."""
    data = pd.DataFrame({"y": [1.0, 2, 3, 7, 4], "s": [1, 2, 2, 3, 3], "N": [1, 10, 10, 8, 8]})
    for policy in ("fail", "average"):
        se = Survey(data, weight=np.ones(5), strata="s", fpc="N", lonely_psu=policy).total("y").to_frame()["se"][0]
        assert se == pytest.approx(np.sqrt(1 * 0.8 + 9 * 0.75))
    with pytest.raises(DesignError, match="no variance to average"):
        Survey(data.assign(s=range(5)), strata="s", lonely_psu="average").total("y")


def test_a_domain_without_degrees_of_freedom__is_refused():
    with pytest.raises(DesignError, match=r"domain 'g=a' has 1 PSUs.*no degrees of freedom"):
        Survey(DATA.assign(g=["a", "b", "b", "b", "b", "b"]), weight="w", strata="h", psu="c").mean("y", by="g")
    with pytest.raises(DataError, match="positive degrees"):
        Survey(DATA).mean("y", df=0)


def test_df__does_not_count_rows_of_zero_weight():
    assert Survey(DATA.assign(w=[1.0, 1, 1, 1, 0, 0]), weight="w").mean("y").to_frame()["df"][0] == 3


def test_proportion__of_a_nullable_bool_gives_the_true_row():
    assert len(Survey(DATA.assign(b=DATA["b"].astype("boolean"))).proportion("b").to_frame()) == 1


def test_where__keeps_the_design_and_needs_values_in_the_domain_only():
    """The subpopulation's mean is the row of `by`; a value missing outside it does not matter, inside it is refused."""
    s = Survey(DATA.assign(y=DATA["y"].where(DATA["g"] == "a")), weight="w", strata="h", psu="c")
    whole = Survey(DATA, weight="w", strata="h", psu="c").mean("y", by="g").to_frame().iloc[0]
    part = s.where(DATA["g"] == "a").mean("y").to_frame().iloc[0]
    for name in ("estimate", "se", "df", "n"):
        assert part[name] == pytest.approx(whole[name])
    with pytest.raises(DataError, match="missing in all 3 rows of domain 'g=b'"):
        s.mean("y", by="g")
    with pytest.warns(SurveysimWarning, match="set aside: 3 of 'y'"):
        assert s.mean("y").to_frame()["n"][0] == 3
    with pytest.raises(DataError, match="True or False"):
        s.where([1, 0, 1, 0, 1, 0])


def test_negative_calibrated_weights__are_taken_and_warned_of():
    from surveysim import SurveysimWarning, calibrate

    data = pd.DataFrame({"x": [1.0, 2.0, 30.0, 1.0], "one": 1.0})
    with pytest.warns(SurveysimWarning, match="1 of 4 calibrated weights are negative"):
        cal = calibrate(data, {"one": 4.0, "x": 2.0})
    assert Survey(data, weight=cal).total("x", df=np.inf).to_frame()["estimate"][0] == pytest.approx(2)


def test_fpc_of_the_first_stage_alone__leaves_the_second_with_replacement():
    """(1 - 3/5) times the variance between units, plus 3/5 of that inside them (Särndal, Swensson & Wretman 1992, 4.3)."""
    y = np.array([[1.0, 4, 2], [8, 3, 6], [7, 7, 12]])
    data = pd.DataFrame({"i": np.repeat([1, 2, 3], 3), "j": range(9), "N": 5.0, "y": y.ravel(), "w": 1.0})
    expected = 0.4 * 3 * np.var(y.sum(axis=1), ddof=1) + 0.6 * np.sum(3 * np.var(y, axis=1, ddof=1))
    stages = {"psu": ["i", "j"], "fpc": ["N"]}
    assert Survey(data, weight="w", **stages).total("y").table["se"][0] ** 2 == pytest.approx(expected)
    arrays = {"psu": [data["i"].to_numpy(), data["j"]], "fpc": [data["N"].to_numpy()]}
    assert Survey(data, weight="w", **arrays).total("y").table["se"][0] ** 2 == pytest.approx(expected)
    with pytest.raises(DesignError, match="every stage of psu"):
        Survey(data, **stages)


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 2, 0, 1, 3]])
def test_deff__of_a_constant_in_a_domain_is_none(order):
    """Its simple random samples have no variance but for rounding, which nothing is divided by, in any order of the rows."""
    data = pd.DataFrame({"y": [0, 100, 100, 100, 100], "x": [7.101, 2.368, 9.016, 5.864, 6.584], "k": list("qqpqp")})
    data = data.assign(w=[8.489, 15.41, 6.823, 5.585, 6.569]).iloc[order].reset_index(drop=True)
    survey = Survey(data, weight="w").calibrate({"x": 217.76713436800617}, method="linear")
    found = survey.total("y", deff="wor", by="k").table.set_index("domain")["deff"]
    assert np.isnan(found["k=p"])
    assert found["k=q"] > 0


def test_weights__belong_to_the_rows_they_were_made_for():
    from surveysim import rake

    data = small_sample()
    cal, weights = rake(data, {"a": A}, weight="w"), Recipe([Rake({"a": A})]).apply(data, weight="w")
    other = data.sort_values("y")
    for made in (cal, weights):
        with pytest.raises(DataError, match="another index"):
            Survey(other, weight=made)
    with pytest.raises(DataError, match="another index"):
        cal.add_to(other)
    assert Survey(other.reset_index(drop=True), weight="w").weight.sum() == pytest.approx(data["w"].sum())


def test_subpopulations__are_taken_after_adjusting():
    data = small_sample()
    with pytest.raises(DesignError, match="whole sample first"):
        Survey(data, weight="w").where(data["b"] == "k").rake({"a": A})


def test_fpc_without_weights__gives_them_as_svydesign_does():
    data = pd.DataFrame({"h": [1, 1, 2, 2, 2], "N": [10, 10, 30, 30, 30], "y": [1.0, 2, 3, 4, 5]})
    s = Survey(data, strata="h", fpc="N")
    np.testing.assert_allclose(s.weight, [5, 5, 10, 10, 10])
    fractions = Survey(data.assign(N=data["h"].map({1: 0.2, 2: 0.1})), strata="h", fpc="N")
    np.testing.assert_allclose(fractions.weight, s.weight)


@pytest.mark.parametrize(
    "make",
    [
        lambda d: Survey("survey.csv"),
        lambda d: Survey({"x": [1, 2]}),
        lambda d: Survey(d, replicate_weights="rep"),
        lambda d: Recipe(Rake({"a": A})),
        lambda d: Survey(d).mean("y", by="a").contrast([1, -1]),
        lambda d: Survey(d).mean("y", by="a").contrast({0: "1"}),
        lambda d: __import__("surveysim").trim_weights("w", upper=3),
        lambda d: __import__("surveysim").rake(d, {"a": A}).deff_henry("y"),
    ],
)
def test_slips__get_our_own_errors(make):
    with pytest.raises((DataError, DesignError)):
        make(small_sample())
