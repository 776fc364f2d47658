"""Errors after any sequence of adjustments: a score passes every one, the last first, and the base weight comes last."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.weighting import BaseWeight, Composite, Multiplicity, Rake, Selection, Subsample, UnitNonresponse

N = 600


def sample(seed=3, n=N):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "sex": np.where(rng.random(n) < 0.7, "f", "m"),
            "age": np.where(rng.random(n) < 0.35, "o", "y"),
            "area": rng.choice(list("nsew"), n),
            "w": rng.lognormal(3, 0.5, n),
            "c": np.arange(n) // 6,
            "one": 1.0,
            "n_mobile": rng.integers(1, 4, n),
            "n_lines": 0,
            "n_eligible": 1,
            "frame": "mobile",
            "pi": rng.uniform(0.2, 1, n),
        }
    )
    y = rng.normal(50, 10, n) + 8 * (data["sex"] == "f") - 6 * (data["age"] == "o")
    holes = data["age"].where(rng.random(n) > 0.1)
    return data.assign(
        y=y,
        x=rng.gamma(2, 5, n),
        phase=np.arange(n) * 7 % 4 % 3,
        holes=holes,
        kept=holes.notna(),
        status=rng.choice(list("RRRNXU"), n),
    )


DATA = sample()
SEX, AGE = {"sex": {"f": 6000.0, "m": 6000.0}}, {"age": {"o": 7000.0, "y": 5000.0}}
AREA = {"area": dict.fromkeys("nsew", 3000.0)}
HALF = {"sex": {"f": 0.5, "m": 0.5}}
HOLES = {"holes": {"o": 7000.0, "y": 5000.0}}
CROSSED = {("sex", "age"): {("f", "o"): 3500.0, ("f", "y"): 2500.0, ("m", "o"): 3500.0, ("m", "y"): 2500.0}}
CHAINS = {
    "rake, rake": lambda s: s.rake(SEX).rake(AGE),
    "rake, rake, rake": lambda s: s.rake(SEX).rake(AGE).rake(AREA),
    "nested margins": lambda s: s.rake(SEX).rake(CROSSED),
    "calibrate, rake, poststratify": lambda s: s.calibrate({"x": 130_000.0} | SEX).rake(AGE).poststratify(AREA),
    "logit, truncated": lambda s: s.calibrate(SEX, method="logit", bounds=(0.1, 5)).calibrate(AGE, method="truncated", bounds=(0.1, 5)),
    "rake, mobiles": lambda s: s.rake(SEX).apply(ss.Recipe([Multiplicity()])),
    "mobiles, rake, selection, rake": lambda s: s.apply(
        ss.Recipe([Multiplicity(), Rake(SEX, name="first"), Selection("pi"), Rake(AGE, name="last")])
    ),
    "shares": lambda s: s.rake(HALF),
    "shares, rake": lambda s: s.rake(HALF).rake(AGE),
    "rake, shares": lambda s: s.rake(AGE).rake(HALF),
    "shares by area": lambda s: s.rake(dict.fromkeys("nsew", HALF), by="area", margins_are="shares"),
    "shares, trim": lambda s: s.rake(HALF, trim=(0.3, 2.4)),
    "totals, trim": lambda s: s.rake(SEX | AGE, trim=(0.3, 2.4)),
    "totals, trim, rake": lambda s: s.rake(SEX | AGE, trim=(0.3, 2.4)).rake(AREA),
    "a level for the missing": lambda s: s.rake(HOLES | SEX, missing="level"),
    "a level for the missing, trim": lambda s: s.rake(HOLES | SEX, missing="level", trim=(0.3, 2.4)),
    "a level for the missing among shares": lambda s: s.rake({"holes": {"o": 0.55, "y": 0.45}} | HALF, missing="level"),
    "a level for the missing, rake": lambda s: s.rake(HOLES, missing="level").rake(SEX),
    "the missing left out": lambda s: s.rake(HOLES, missing="drop"),
    "rake, the missing left out": lambda s: s.rake(SEX).rake(HOLES, missing="drop"),
    "the missing left out of shares": lambda s: s.rake({"holes": {"o": 0.55, "y": 0.45}}, missing="drop").rake(SEX),
    "nonresponse in classes": lambda s: s.apply(ss.Recipe([UnitNonresponse(by="area", unknown_by="sex")])),
    "nonresponse in classes, shares": lambda s: s.apply(ss.Recipe([UnitNonresponse(by="area"), Rake(HALF)])),
    "subsample in classes, nonresponse": lambda s: s.apply(ss.Recipe([Subsample(by="area"), UnitNonresponse(by="sex")])),
    "nonresponse by propensity": lambda s: s.apply(ss.Recipe([UnitNonresponse(covariates=("x", "area", "age"))])),
    "nonresponse by propensity, rake": lambda s: s.apply(ss.Recipe([UnitNonresponse(covariates=("x", "age")), Rake(SEX)])),
}  # fmt: skip


def errors(survey):
    total = (
        survey.total(["one", "y"], by="sex").table["se"].tolist() + survey.total("y", by="area").table["se"].tolist()
    )
    return np.array(total + survey.mean("y").table["se"].tolist() + survey.ratio("y", "x").table["se"].tolist())


@pytest.mark.everyday(9)
@pytest.mark.filterwarnings("ignore:these weights were taken out")
@pytest.mark.parametrize("name", CHAINS)
def test_errors__are_those_of_a_jackknife_that_repeats_the_weighting(name):
    survey = CHAINS[name](ss.Survey(DATA, weight="w", psu="c"))
    linearized, jackknife = errors(survey), errors(survey.replicates("jk1"))
    pinned = jackknife < 1e-6 * np.abs(jackknife).max()  # what a total leaves no error
    np.testing.assert_allclose(linearized[~pinned], jackknife[~pinned], rtol=0.08)
    assert np.all(linearized[pinned] < 1e-6 * np.abs(jackknife).max())


@pytest.mark.everyday(2)
@pytest.mark.parametrize("name", ["rake, rake", "shares", "shares, trim", "totals, trim, rake"])
def test_errors__of_clusters_in_strata(name):
    data = DATA.assign(h=np.arange(N) // 6 % 5)
    survey = CHAINS[name](ss.Survey(data, weight="w", strata="h", psu="c"))
    np.testing.assert_allclose(errors(survey), errors(survey.replicates("jkn")), rtol=0.08)


def test_linear_calibrations_in_a_row__are_the_derivative_of_the_weights():
    """Residuals of linear calibration on the weights before are exact, so nudging each weight gives the same scores."""
    data = sample(5, 40)
    s = ss.Survey(data, weight="w").calibrate(SEX).calibrate({"x": 150_000.0, "one": 12_000.0}).calibrate(AGE)
    first, rest = data["w"].to_numpy(), s.adjustments

    def total(w):
        for adjustment in rest:
            w = adjustment.again(w)
        return np.sum(w * data["y"])

    step = 1e-4
    nudged = [
        total(first + step * (np.arange(40) == i)) - total(first - step * (np.arange(40) == i)) for i in range(40)
    ]
    z = first * np.array(nudged) / (2 * step)
    expected = np.sqrt(40 / 39 * np.sum((z - z.mean()) ** 2))
    assert s.total("y").table["se"][0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.filterwarnings("ignore:one respondent")
def test_two_rakings__by_hand():
    """Sexes to 10 and 10: weights 2 and 10/3. Ages to 4 and 16: factors 6/19 for the old (38/3), 24/11 for the young (22/3).

    z = 1 for women; its means by age are 9/19 and 6/11, so z₁ is 6/19 × 10/19 for old women, 24/11 × 5/11 for young ones, and
    -6/19 × 9/19 and -24/11 × 6/11 for men. Their means by sex are subtracted, and what is left times 2 and 10/3.
    """
    data = pd.DataFrame({"sex": list("fffffmmm"), "age": list("oooyyoyo"), "one": 1.0})
    s = ss.Survey(data).rake({"sex": {"f": 10, "m": 10}}).rake({"age": {"o": 4, "y": 16}})
    first = np.array(
        [6 / 19 * 10 / 19] * 3 + [24 / 11 * 5 / 11] * 2 + [-6 / 19 * 9 / 19, -24 / 11 * 6 / 11, -6 / 19 * 9 / 19]
    )
    z = np.concatenate([2 * (first[:5] - first[:5].mean()), 10 / 3 * (first[5:] - first[5:].mean())])
    np.testing.assert_allclose(s.total("one", by="sex").table["se"], np.sqrt(8 / 7 * np.sum(z**2)), rtol=1e-9)


def test_a_step_after_a_raking__unpins_what_was_pinned():
    pinned = ss.Survey(DATA, weight="w").rake(SEX)
    assert pinned.total("one").table["se"][0] < 1e-6
    freed = pinned.apply(ss.Recipe([Multiplicity()])).total("one").table["se"][0]
    factor = 1 / DATA["n_mobile"].to_numpy(float)
    expected = ss.Survey(DATA.assign(f=factor), weight="w").rake(SEX).total("f").table["se"][0]
    assert freed == pytest.approx(expected, rel=1e-9)


def test_shares__keep_the_error_of_the_sum_of_weights():
    s = ss.Survey(DATA, weight="w")
    plain = s.total("one").table["se"][0]
    for shares in (s.rake(HALF), s.rake(HALF, trim=(0.3, 2.4)), s.rake(HALF | {"age": {"o": 0.4, "y": 0.6}})):
        assert shares.total("one").table["se"][0] == pytest.approx(plain, rel=1e-6)
    equal = ss.Survey(DATA).rake(HALF)
    assert equal.total("one").table["se"][0] == pytest.approx(0, abs=1e-9)


def test_steps_of_a_recipe__are_those_of_a_survey():
    s = ss.Survey(DATA, weight="w", psu="c")
    chained = s.apply(ss.Recipe([Multiplicity()])).rake(SEX).apply(ss.Recipe([Selection("pi")])).rake(AGE)
    recipe = ss.Recipe([BaseWeight("w"), Multiplicity(), Rake(SEX, name="first"), Selection("pi"), Rake(AGE)])
    for other in (ss.Survey(DATA, weight=recipe.apply(DATA), psu="c"), ss.Survey(DATA, psu="c").apply(recipe)):
        np.testing.assert_allclose(errors(other), errors(chained), rtol=1e-9)
        np.testing.assert_allclose(errors(other.replicates("jk1")), errors(chained.replicates("jk1")), rtol=1e-9)


def test_composite_of_two_raked_frames__has_the_error_of_its_jackknife():
    rng = np.random.default_rng(8)
    data = DATA.assign(frame=np.where(np.arange(N) < 300, "landline", "mobile"))
    data["domain"] = np.where(rng.random(N) < 0.5, "ab", np.where(data["frame"] == "landline", "a", "b"))
    by_frame = dict.fromkeys(("landline", "mobile"), SEX)
    recipe = ss.Recipe([BaseWeight("w"), Rake(by_frame, by="frame", name="raked"), Composite(theta=0.4)])
    s = ss.Survey(data, strata="frame", psu="c", weight=recipe.apply(data))
    np.testing.assert_allclose(errors(s), errors(s.replicates("jkn")), rtol=0.08)


@pytest.mark.everyday(3)
@pytest.mark.parametrize("estimator", ["hartley", "fuller_burmeister", "composite", "pml", "cal_df", "cal_sf"])
def test_dual_frame_estimators_of_samples_adjusted_twice(estimator):
    a, b = sample(1, 300), sample(2, 300)
    for table, alone in ((a, "a"), (b, "b")):
        table["overlap"] = np.where(np.arange(300) % 2, "ab", alone)
        table["pa"], table["pb"] = 0.03, 0.02
    raked = [ss.Survey(t, weight="w", psu="c").rake(SEX).rake(AGE).apply(ss.Recipe([Multiplicity()])) for t in (a, b)]
    dual = ss.DualFrameSurvey(*raked, probability=("pa", "pb"))
    sizes = {"A": 9000.0, "B": 9000.0} if estimator in ("pml", "cal_df", "cal_sf") else None
    given = {"estimator": estimator, "frame_sizes": sizes}
    for statistic in ("total", "mean"):
        linearized = getattr(dual, statistic)("y", **given).table["se"][0]
        jackknife = getattr(dual.replicates("jkn"), statistic)("y", **given).table["se"][0]
        assert linearized == pytest.approx(jackknife, rel=0.05), statistic


def test_trimmed_calibration__is_a_weight_like_any_other():
    margins = {"sex": {"f": 0.5, "m": 0.5}, "age": {"o": 0.5, "y": 0.5}}
    cal = ss.rake(DATA, margins, weight="w", trim=(0.3, 2.4))
    assert cal.at_bound.any()
    as_weight, made = (
        ss.Survey(DATA, weight=cal, psu="c"),
        ss.Survey(DATA, weight="w", psu="c").rake(margins, trim=(0.3, 2.4)),
    )
    assert as_weight.mean("y").table["estimate"][0] == pytest.approx(np.average(DATA["y"], weights=cal.weight))
    for kind in (None, "jk1"):
        pair = [s if kind is None else s.replicates(kind) for s in (as_weight, made)]
        np.testing.assert_allclose(errors(pair[0]), errors(pair[1]), rtol=1e-9)


@pytest.mark.long
def test_trimmed_calibration__has_the_errors_of_a_bootstrap():
    made = ss.Survey(DATA, weight="w", psu="c").rake(HALF | {"age": {"o": 0.5, "y": 0.5}}, trim=(0.3, 2.4))
    bootstrap = made.replicates("rao-wu", n=300, seed=1)
    np.testing.assert_allclose(errors(bootstrap), errors(made), rtol=0.15)


def test_trimmed_replicates__bound_the_weight_of_one_respondent_not_of_its_copies():
    """Taking every row twice is the same sample of twice the size: the same weights, shared by the copies."""
    margins = {"sex": {"f": 0.5, "m": 0.5}, "age": {"o": 0.5, "y": 0.5}}
    for adjust in (
        lambda d: ss.rake(d, margins, weight="w", trim=(0.3, 2.4)),
        lambda d: ss.rake(d.assign(age=d["holes"]), margins, weight="w", trim=(0.3, 2.4), missing="level"),
    ):
        twice = np.arange(N) % 3 == 0
        copied = pd.concat([DATA, DATA[twice]], ignore_index=True)
        expected = adjust(copied).weight
        expected = expected[:N] + np.where(twice, 1.0, 0.0) * expected[:N]
        found = adjust(DATA).again(DATA["w"].to_numpy() * np.where(twice, 2.0, 1.0))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_left_out_after_a_raking__still_counted_in_it_in_replicates():
    """The first raking of a replicate takes in those whom the second one leaves out, as it did in the sample."""
    s = ss.Survey(DATA, weight="w").rake(SEX).rake(HOLES, missing="drop")
    fill = s.replicates("rao-wu", n=8, seed=2).engine.weights()
    base = ss.Survey(DATA, weight="w").replicates("rao-wu", n=8, seed=2).engine.weights()
    for r in range(8):
        first = ss.rake(DATA, SEX, weight=base[:, r]).weight
        second = ss.rake(DATA, HOLES, weight=first, missing="drop").weight
        np.testing.assert_allclose(fill[:, r], second, rtol=1e-7)


def test_rows_without_weight_and_without_a_level__make_no_level():
    margins = {"u": {"a": 6.0, "b": 4.0}}
    for policy in ("drop", "level"):
        table = pd.DataFrame({"u": ["a", "b", None]})
        np.testing.assert_allclose(ss.rake(table, margins, weight=[1, 1, 0], missing=policy).weight, [6, 4, 0])
    crossed = pd.DataFrame({"u": ["a", "b", "b"], "v": ["c", "d", None]})
    cells = {("u", "v"): {("a", "c"): 6.0, ("b", "d"): 4.0}}
    np.testing.assert_allclose(ss.rake(crossed, cells, missing="drop").weight, [6, 4, 0])


def test_thin_levels__join_their_neighbour_in_every_partition():
    table = pd.DataFrame(
        {"part": list("ppppqqqqq"), "age": ["6-9"] * 2 + ["20-29"] * 2 + ["6-9", "10-19", "10-19"] + ["20-29"] * 2}
    )
    margins = {"p": {"age": {"6-9": 20.0, "20-29": 20.0}}, "q": {"age": {"6-9": 10.0, "10-19": 20.0, "20-29": 30.0}}}
    weights = ss.Recipe([Rake(margins, by="part", minimum=2)]).apply(table)
    assert weights.records[0]["merged"] == [{"partition": "q", "margin": "age", "level": "6-9", "into": "10-19"}]
    np.testing.assert_allclose(weights.final, [10] * 7 + [15] * 2)
