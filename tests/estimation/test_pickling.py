"""Calibrations, Surveys, replicates and runs go to other processes and are copied: a round trip gives the same answers."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.weighting import BaseWeight, Rake

N = 60
TRIPS = {"pickle": lambda thing: pickle.loads(pickle.dumps(thing)), "deepcopy": copy.deepcopy}
MARGINS = {"sex": {"f": 320.0, "m": 280.0}, "age": {"o": 250.0, "y": 350.0}}


def table(seed=1, frame="a"):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "w": rng.uniform(5, 15, N),
            "h": np.repeat(np.arange(6), N // 6),
            "p": np.arange(N) // 5,
            "sex": rng.choice(["f", "m"], N),
            "age": rng.choice(["o", "y"], N),
            "y": rng.normal(10, 2, N),
            "overlap": np.where(np.arange(N) % 3 == 0, frame, "ab"),
            "pi": rng.uniform(0.05, 0.2, N),
        }
    )


T = table()
PLAIN = ss.Survey(T, weight="w", strata="h", psu="p")
RAKED = PLAIN.rake(MARGINS)
GREG = PLAIN.calibrate({"sex": MARGINS["sex"], "y": 6000.0})
RECIPE = ss.Recipe([BaseWeight("w"), Rake(MARGINS, minimum=1)])
DUAL = ss.DualFrameSurvey(*(ss.Survey(table(k, frame), weight="w") for k, frame in ((2, "a"), (3, "b"))))
SURVEYS = {
    "plain": PLAIN,
    "where": PLAIN.where(T["sex"] == "f"),
    "raked": RAKED,
    "calibrated": GREG,
    "raked twice": RAKED.rake({"sex": {"f": 300.0, "m": 300.0}}),
    "missing level": ss.Survey(
        T, weight=ss.rake(T.assign(sex=T["sex"].where(T["y"] > 8)), MARGINS, weight="w", missing="level")
    ),
    "recipe": ss.Survey(T, weight=RECIPE.apply(T)),
    "brewer": ss.Survey(T, probability="pi", pps="brewer"),
    "jkn": PLAIN.replicates("jkn"),
    "brr": PLAIN.replicates("brr"),
    "rao-wu": PLAIN.replicates("rao-wu", n=16, seed=3),
    "raked rao-wu": RAKED.replicates("rao-wu", n=16, seed=3),
    "calibrated jkn": GREG.replicates("jkn"),
    "recipe jkn": ss.Survey(T, weight=RECIPE.apply(T), strata="h", psu="p").replicates("jkn"),
    "frozen sdr": RAKED.replicates("sdr", n=16, replay=False),
    "preston": ss.Survey(T.assign(N=100), strata="h", psu="p", fpc="N").replicates("rao-wu", n=8, seed=1),
    "brought": ss.Survey(
        T,
        weight="w",
        replicate_weights=np.asarray(T[["w"]]) * np.random.default_rng(1).uniform(0, 2, (N, 8)),
        scale=0.1,
    ),
    "composite": DUAL.survey("composite"),
    "raked dual": ss.DualFrameSurvey(DUAL.a.rake(MARGINS), DUAL.b).survey("cal_df"),
}


def same(a, b):
    pd.testing.assert_frame_equal(a.table, b.table, check_exact=True)
    np.testing.assert_array_equal(a.cov, b.cov)


@pytest.mark.everyday(13)
@pytest.mark.parametrize("trip", list(TRIPS))
@pytest.mark.parametrize("name", list(SURVEYS))
def test_surveys__give_the_same_answers(name, trip):
    survey = SURVEYS[name]
    moved = TRIPS[trip](survey)
    for ask in (
        lambda s: s.mean("y", by="sex"),
        lambda s: s.total("y"),
        lambda s: s.proportion("age"),
        lambda s: s.ratio("y", "w"),
    ):
        same(ask(survey), ask(moved))
        same(ask(survey), TRIPS[trip](ask(survey)))
    if survey.engine is survey.design and survey.design.unequal is None and name not in ("composite", "raked dual"):
        same(survey.replicates("jkn").mean("y"), moved.replicates("jkn").mean("y"))


@pytest.mark.parametrize("trip", list(TRIPS))
@pytest.mark.parametrize(
    "make",
    [
        lambda: ss.rake(T, MARGINS, weight="w"),
        lambda: ss.rake(T, MARGINS, weight="w", by=None, bounds=(0.5, 2)),
        lambda: ss.rake(T, MARGINS, weight="w", trim=(0.2, 1.4)),
        lambda: ss.rake(T, {"sex": {"f": 0.5, "m": 0.5}}, weight="w"),
        lambda: ss.rake(T.assign(sex=T["sex"].where(T["y"] > 8)), MARGINS, weight="w", missing="level"),
        lambda: ss.calibrate(T, {"sex": MARGINS["sex"], "y": 6000.0}, weight="w"),
        lambda: ss.calibrate(T, {"y": 6000.0}, weight="w", covariance=[4.0]),
        lambda: ss.poststratify(T, {("sex", "age"): {(s, a): 150.0 for s in "fm" for a in "oy"}}, weight="w"),
    ],
)
def test_calibrations__give_the_same_answers(make, trip):
    calibration = make()
    moved = TRIPS[trip](calibration)  # before anything of it was looked at
    for c in (moved, TRIPS[trip](calibration)):
        np.testing.assert_array_equal(c.weight, calibration.weight)
        np.testing.assert_array_equal(c.g, calibration.g)
        pd.testing.assert_frame_equal(c.margins, calibration.margins)
        assert c.summary() == calibration.summary()
        if calibration.problem is not None:
            same(ss.Survey(T, weight=c).total("y"), ss.Survey(T, weight=calibration).total("y"))


@pytest.mark.parametrize("trip", list(TRIPS))
def test_recipes__give_the_same_answers(trip):
    weights = RECIPE.apply(T)
    moved = TRIPS[trip](weights)
    np.testing.assert_array_equal(moved.final, weights.final)
    np.testing.assert_array_equal(moved.again(np.arange(1.0, N + 1)), weights.again(np.arange(1.0, N + 1)))


@pytest.mark.parametrize("trip", list(TRIPS))
@pytest.mark.parametrize("estimator", ["hartley", "composite", "cal_df", "fuller_burmeister"])
def test_dual_frames__give_the_same_answers(estimator, trip):
    moved = TRIPS[trip](DUAL)
    for ask in (
        lambda d: d.mean("y", by="sex", estimator=estimator),
        lambda d: d.proportion("age", estimator=estimator),
    ):
        same(ask(DUAL), ask(moved))
        same(ask(DUAL), TRIPS[trip](ask(DUAL)))
    replicates = DUAL.replicates("jkn")
    same(replicates.total("y", estimator=estimator), TRIPS[trip](replicates).total("y", estimator=estimator))


@pytest.mark.everyday(1)
@pytest.mark.parametrize("trip", list(TRIPS))
def test_runs_and_studies__give_the_same_answers(result, trip, tmp_path):
    moved = TRIPS[trip](result)
    same(moved.estimates, result.estimates)
    np.testing.assert_array_equal(moved.weights.final, result.weights.final)
    text = "\n".join(
        (
            "[population]\ntable = 'people.csv'\n[sample]\nmethod = 'srs'\nn = 20",
            "[study]\nrepetitions = 4\nseed = 1",
            "[[estimands]]\nname = 'y'\nnumerator = 'y'\nkind = 'mean'",
        )
    )
    table().to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "study.toml").write_text(text)
    found = ss.Study.from_toml(tmp_path / "study.toml").run(tmp_path / "out", progress=False)
    pd.testing.assert_frame_equal(TRIPS[trip](found).performance(), found.performance())
