"""What reviews found, kept found."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import surveysim as ss
from surveysim import DataError, DesignError, Recipe, Survey, SurveysimWarning, proportion_interval
from surveysim.estimation import scores
from surveysim.estimation.estimates import estimates
from surveysim.weighting import Rake

A, B = {"u": 1000.0, "v": 2000.0}, {"k": 1000.0, "l": 2000.0}


def se(e):
    return e.to_frame()["se"].to_numpy()


def sample(seed=1, n=200):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "a": rng.choice(list("uv"), n),
            "b": rng.choice(list("kl"), n),
            "w": rng.uniform(1, 30, n),
            "p": np.arange(n) // 5,
        }
    )
    return data.assign(y=rng.normal(10, 2, n) + 3 * (data["a"] == "u") + 5 * (data["b"] == "k"))


@pytest.mark.parametrize("U", [2, 3, 4, 5, 7, 8, 12, 15, 20, 70])
@pytest.mark.parametrize("n", [None, 8])
def test_sdr__closes_every_loop(U, n):
    constant = pd.DataFrame({"y": np.full(U, 10.0)})
    assert se(Survey(constant).replicates("sdr", n=n, mse=True).total("y"))[0] == pytest.approx(0, abs=1e-9)
    if n is None:
        y = np.random.default_rng(U).normal(100, 5, U)
        expected = np.sqrt(0.5 * np.sum((y - np.roll(y, -1)) ** 2))
        assert se(Survey(pd.DataFrame({"y": y})).replicates("sdr", mse=True).total("y"))[0] == pytest.approx(expected)


def test_sdr__takes_psus_in_the_order_of_the_rows_however_many():
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"c": rng.permutation(6000), "y": np.linspace(0, 1, 6000)})
    smooth = se(Survey(data, psu="c").replicates("sdr", n=64).mean("y"))[0]
    assert smooth < 0.2 * se(Survey(data, psu="c").mean("y"))[0]  # neighbours are alike


def test_recipe_with_start_weights__starts_from_them_in_replicates():
    data = sample()
    recipe = Recipe([Rake({"a": A}, name="r")])
    weights = recipe.apply(data, weight="w")
    brought = Survey(data, weight=weights, psu="p").replicates("jk1", mse=True).mean("y")
    applied = Survey(data, weight="w", psu="p").apply(recipe).replicates("jk1", mse=True).mean("y")
    np.testing.assert_allclose(se(brought), se(applied), rtol=1e-9)
    assert se(brought)[0] == pytest.approx(se(Survey(data, weight=weights, psu="p").mean("y"))[0], rel=0.1)


def test_recipe_with_two_rakings__hands_on_both_constraints():
    data = sample()
    s = Survey(data, weight="w", psu="p")
    both = s.apply(Recipe([Rake({"a": A}, name="r1"), Rake({"b": B}, name="r2")]))
    np.testing.assert_allclose(se(both.total("y")), se(s.rake({"a": A}).rake({"b": B}).total("y")), rtol=1e-9)


def test_totals_known_with_error__have_no_replicates():
    s = Survey(sample(), weight="w", psu="p").calibrate({"a": A}, covariance=np.diag([2500.0, 2500.0]))
    with pytest.raises(DesignError, match="error of totals"):
        s.replicates("jk1")


def test_jackknife_of_two_stages__says_what_it_leaves_out():
    rng = np.random.default_rng(0)
    data = pd.DataFrame(
        {"p": np.repeat(np.arange(20), 5), "id": range(100), "y": rng.normal(size=100), "N1": 22, "N2": 500}
    )
    s = Survey(data, psu=["p", "id"], fpc=["N1", "N2"])
    with pytest.warns(SurveysimWarning, match="first stage alone"):
        s.replicates("jkn")
    with pytest.raises(DesignError, match="nothing to vary"):
        Survey(data.assign(N1=20), psu=["p", "id"], fpc=["N1", "N2"]).replicates("jkn")
    certain = Survey(data.assign(h=data["p"] // 2, f=1.0), strata="h", psu="p", fpc="f")
    assert se(certain.replicates("jkn").mean("y"))[0] == 0
    with pytest.raises(DesignError, match="without replacement"):
        Survey(data.assign(pi=0.3), probability="pi", pps="brewer").replicates("jk1")
    with pytest.raises(DesignError, match="leave fpc out"):
        Survey(data.assign(pi=0.3), probability="pi", pps="brewer", fpc="N2")


def test_scaled_rows__have_scaled_covariances_and_contrasts():
    data = sample()
    s = Survey(data, weight="w", psu="p")
    item = scores.block(
        s.weight, (data["b"] == "k").to_numpy(), scores.NONE, pd.factorize(data["a"])[0].astype(np.int32), ["1", "2"]
    )
    e = estimates(s.design, [item], [("proportion", "b", "k", d) for d in "12"], ci="logit", scale=np.full(2, 100.0))
    np.testing.assert_allclose(np.sqrt(np.diag(e.cov)), se(e))
    one = e.contrast({0: 1}).to_frame().iloc[0]
    np.testing.assert_allclose(
        one[["estimate", "se"]].astype(float), e.to_frame().iloc[0][["estimate", "se"]].astype(float)
    )


def test_contrast_of_a_contrast__with_replicates():
    e = Survey(sample(), weight="w", psu="p").replicates("jk1").mean("y", by="a").contrast({0: 1, 1: -1})
    assert se(e.contrast({0: 2}))[0] == pytest.approx(2 * se(e)[0])


def test_wald_tests__that_the_data_cannot_bear():
    rng = np.random.default_rng(1)
    data = pd.DataFrame(
        {"p": np.arange(120) // 10, "r": rng.choice(list("abcde"), 120), "c": rng.choice(list("vwxyz"), 120)}
    )
    s = Survey(data.assign(c2=data["r"]), psu="p")
    for statistic in ("Wald", "adjWald"):
        with pytest.raises(DesignError, match="degrees of freedom"):
            s.independence("r", "c", statistic)
    with pytest.raises(DataError, match="empty"):
        s.independence("r", "c2")


def test_zero_weights__are_no_interviews():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"y": rng.normal(size=60), "w": rng.uniform(1, 3, 60)})
    data.loc[30:, "w"] = 0.0
    for deff in ("wr", "wor"):
        whole, part = (Survey(d, weight="w").mean("y", deff=deff).to_frame().iloc[0] for d in (data, data[:30]))
        # the other 30 rows are still units of the design, as in R survey, so the variance differs by n/(n-1) alone
        assert whole["n"] == 30
        assert whole["deff"] == pytest.approx(part["deff"] * (60 / 59) / (30 / 29), rel=1e-9)


@pytest.mark.parametrize("kind", ["polars", "arrow", "boolean", "bool"])
def test_bool_columns__of_every_kind(kind):
    values = [True, False, False, True, False, True]
    tables = {
        "polars": pl.DataFrame({"b": values}),
        "arrow": pl.DataFrame({"b": values}).to_arrow(),
        "boolean": pd.DataFrame({"b": pd.array(values, "boolean")}),
        "bool": pd.DataFrame({"b": values}),
    }
    s = Survey(tables[kind])
    assert list(s.proportion("b").table["level"]) == ["True"]
    assert s.mean("b").table["estimate"][0] == 0.5
    assert list(s.mean("b", by="b").table["domain"]) == ["b=False", "b=True"]


@pytest.mark.filterwarnings("ignore:rows with missing values")
def test_bool_columns__with_missing_values_or_never_true():
    s = Survey(pl.DataFrame({"b": [True, None, False, True], "never": [False] * 4}))
    assert list(s.proportion("b").table["level"]) == ["True"]
    assert s.proportion("b").set_aside == {"b": 1}
    row = s.proportion("never").table.iloc[0]
    assert row["estimate"] == 0
    assert row["upper"] > 0.3
    with pytest.raises(DataError, match="at least one column"):
        s.mean([])


def test_intervals__of_what_is_none():
    assert np.isnan(proportion_interval(np.nan, 0.1, df=5, n=10)).all()
    lower, upper = proportion_interval(np.array([0.2, np.nan]), np.array([0.1, 0.1]), df=5)
    assert np.isfinite([lower[0], upper[0]]).all()
    assert np.isnan([lower[1], upper[1]]).all()
    for se_, df in ((-0.1, 5), (0.1, 0), (0.1, -1)):
        with pytest.raises(DataError, match="above 0"):
            proportion_interval(0.5, se_, df=df)


def test_rao_wu__with_a_certainty_stratum():
    data = pd.DataFrame({"h": [0, 1, 1, 1, 2, 2, 2], "f": [1.0] + [0.5] * 6, "y": np.arange(7.0)})
    s = Survey(data, strata="h", fpc="f")
    assert se(s.replicates("rao-wu", n=4000, seed=1).total("y"))[0] == pytest.approx(se(s.total("y"))[0], rel=0.05)


def test_odd_labels__and_ids():
    data = sample().assign(m=["a", 1, 2, "b"] * 50, big=(np.arange(200) // 5).astype(np.uint64) + np.uint64(2**63))
    assert len(Survey(data, weight="w", psu="big").mean("y", by="m")) == 4
    np.testing.assert_allclose(
        se(Survey(data, weight="w", psu="big").mean("y")), se(Survey(data, weight="w", psu="p").mean("y"))
    )
    lonely = pd.DataFrame(
        {
            "z": [1, 1, 1, 1],
            "p": [1, 1, 2, 2],
            "s": list("abcd"),
            "u": [1, 2, 3, 4],
            "N": 10,
            "M": 9,
            "y": [1.0, 2, 3, 4],
        }
    )
    with pytest.raises(DesignError, match="1, a, 1, b, 2, c, 2, d"):
        Survey(lonely, strata=["z", "s"], psu=["p", "u"], fpc=["N", "M"]).mean("y")


def test_missing_domains__are_counted():
    data = sample().assign(g=lambda d: d["a"].where(d.index > 3))
    with pytest.warns(SurveysimWarning, match="4 of 'g'"):
        e = Survey(data, weight="w", psu="p").total("y", by="g")
    assert e.set_aside == {"g": 4}


def test_recipe_that_starts_itself__is_applied_and_repeated():
    from surveysim.weighting import BaseWeight

    data = sample()
    own = Recipe([BaseWeight("w"), Rake({"a": A}, name="r")])
    s, plain = (
        Survey(data, psu="p").apply(own),
        Survey(data, weight="w", psu="p").apply(Recipe([Rake({"a": A}, name="r")])),
    )
    np.testing.assert_allclose(s.weight, plain.weight)
    for make in (lambda s: s.mean("y"), lambda s: s.replicates("jk1").mean("y")):
        np.testing.assert_allclose(se(make(s)), se(make(plain)), rtol=1e-6)
    with pytest.raises(DesignError, match="would undo"):
        plain.apply(own)


def test_the_modelled_survey__in_replicates(result):
    """The whole recipe, dispositions included, repeated in bootstrap replicates: 40 of them are within a third of linearization."""
    s = result.survey
    r = s.replicates("rao-wu", n=40, seed=1)
    assert se(r.proportion("internet"))[0] == pytest.approx(se(s.proportion("internet"))[0], rel=0.35)


def test_weights__belong_to_the_rows_they_were_made_for():
    from surveysim import rake

    data = sample()
    cal, weights = rake(data, {"a": A}, weight="w"), Recipe([Rake({"a": A})]).apply(data, weight="w")
    other = data.sort_values("y")
    for given in (cal, weights):
        with pytest.raises(DataError, match="another index"):
            Survey(other, weight=given)
    with pytest.raises(DataError, match="another index"):
        cal.add_to(other)
    assert Survey(other.reset_index(drop=True), weight="w").weight.sum() == pytest.approx(data["w"].sum())


def test_recipes__refuse_shares_of_99_as_rake_does():
    from surveysim import CalibrationError

    with pytest.raises(CalibrationError, match="nearly but not 1 or 100"):
        Recipe([Rake({"a": {"u": 59, "v": 40}})]).apply(sample(), weight="w")


def test_subpopulations__are_taken_after_adjusting():
    data = sample()
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
        make(sample())


def test_replicate_weights_without_a_scale__are_warned_of():
    data = sample()
    weights = np.outer(data["w"], np.ones(4))
    with pytest.warns(SurveysimWarning, match="scale and rscales are 1"):
        Survey(data, weight="w", replicate_weights=weights)
    with pytest.raises(DesignError, match="give a number"):
        Survey(data, weight="w", replicate_weights=weights, scale="BRR")


def test_early_late__an_effort_with_one_respondent():
    table = pd.DataFrame({"online": [1, 1, 1, 0, 0], "attempts": [1, 1, 2, 2, 7]})
    found = ss.early_late(ss.Survey(table), "online", cut=1)
    assert found.levels["n"].tolist() == [2, 2, 1]
    row = found.difference.to_frame().iloc[0]
    assert row["estimate"] == pytest.approx(1 / 3 - 1)
    assert row["df"] == 4


def test_dual_frame__replicates_that_two_samples_cannot_have_are_refused_at_once():
    parts = [pd.DataFrame({"overlap": [own, "ab", "ab"], "y": [1, 2, 4]}) for own in ("a", "b")]
    dual = ss.DualFrameSurvey(*(ss.Survey(part, weight=[10] * 3) for part in parts))
    for kind in ("nonsense", "jk1"):
        with pytest.raises(ss.DesignError, match="two samples are two strata"):
            dual.replicates(kind)


def test_dual_frame__expected_times_may_be_above_one():
    parts = [pd.DataFrame({"overlap": [own, "ab", "ab"], "y": [1, 2, 4], "pa": 1.2, "pb": 0.1}) for own in ("a", "b")]
    samples = [ss.Survey(part, weight=[10] * 3) for part in parts]
    dual = ss.DualFrameSurvey(*samples, probability=("pa", "pb"))
    assert dual.total("y", estimator="single_frame").to_frame()["estimate"][0] > 0
    with pytest.raises(ss.DataError, match="have none above 0"):
        ss.DualFrameSurvey(*(ss.Survey(p.assign(pb=0.0), weight=[10] * 3) for p in parts), probability=("pa", "pb"))


def test_recipe__what_is_no_step_is_refused():
    with pytest.raises(ss.DataError, match="3 is no step"):
        ss.Recipe([3])


def test_replicates__that_cannot_be_raked_say_that_they_are_replicates():
    """A level with one respondent is lost in every replicate that leaves its PSU out."""
    table = pd.DataFrame({"g": ["a"] * 9 + ["b"], "w": 1.0, "y": np.arange(10.0)})
    recipe = Recipe([ss.weighting.BaseWeight("w"), Rake({"g": {"a": 8.0, "b": 2.0}}, minimum=1)])
    survey = Survey(table, weight=recipe.apply(table)).replicates("jk1")
    with pytest.raises(ss.CalibrationError, match="replicate 10 of 10 cannot be weighted like the sample"):
        survey.mean("y")
