"""What the caller does to arrays, tables and mappings later changes no result, and results lend no memory of the caller's."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import surveysim as ss
from surveysim.weighting import Margins, Rake, diagnose

N = 60


def columns(seed=1):
    rng = np.random.default_rng(seed)
    return {
        "w": rng.uniform(5, 15, N),
        "y": rng.normal(10, 2, N),
        "x": rng.normal(5, 1, N),
        "q": rng.uniform(1, 2, N),
        "pi": rng.uniform(0.05, 0.2, N),
        "yes": rng.random(N) < 0.4,
        "h": np.repeat(np.arange(6), N // 6),
        "p": np.arange(N) // 5,
        "fpc": np.full(N, 100.0),
        "inside": rng.random(N) < 0.7,
        "reps": rng.uniform(0, 2, (N, 8)),
        "rscales": np.full(8, 0.1),
        "sex": np.array(["f", "m"])[rng.integers(0, 2, N)],
    }


def margins():
    return {"sex": {"f": 320.0, "m": 280.0}}


def table(c):
    """A table of copies, so that the arrays are lent by themselves."""
    return pd.DataFrame({k: v.copy() for k, v in c.items() if k not in ("reps", "rscales")}).astype({"sex": "category"})


def answers(survey):
    """Everything that is asked of a survey, numbers one after another."""
    found = []
    for e in (survey.mean(["y", "x"]), survey.total("y", by="sex"), survey.proportion("yes"), survey.ratio("y", "x")):
        found += [e.table[["estimate", "se"]].to_numpy().ravel(), e.cov.ravel(), e.contrast({0: 1.0}).table["se"]]
    found.append(survey.quantile("y", 0.5).table["estimate"])
    return np.concatenate(found)


def spoil(thing):
    """Write all over what was handed in."""
    if isinstance(thing, np.ndarray):
        thing[:] = thing[::-1].copy() if thing.dtype.kind == "U" else (~thing if thing.dtype == bool else thing * 3 + 7)
    elif isinstance(thing, pd.DataFrame):
        for name in thing:
            spoilt = (
                ~thing[name]
                if thing[name].dtype == bool
                else thing[name] * 3 + 7
                if thing[name].dtype != "category"
                else None
            )
            thing.loc[:, name] = thing[name].to_numpy()[::-1].copy() if spoilt is None else spoilt
    elif isinstance(thing, pl.DataFrame):
        for name in ("y", "w", "x"):
            thing[0, name] = 1e6
            thing.replace_column(thing.columns.index(name), thing[name] * 3)
    else:
        for value in thing.values():
            for key in value if isinstance(value, dict) else ():
                value[key] = value[key] * 2 if isinstance(value[key], float) else 1e9
        thing["nobody"] = {"x": 1.0}


SURVEYS = {  # name: (what is lent, the survey)
    "weight": ("w", lambda d, c: ss.Survey(d, weight=c["w"])),
    "weight raked": ("w", lambda d, c: ss.Survey(d, weight=c["w"]).rake(margins())),
    "weight calibrated": ("w", lambda d, c: ss.Survey(d, weight=c["w"]).calibrate({"x": 3000.0})),
    "weight of a calibration": ("w", lambda d, c: ss.Survey(d, weight=ss.rake(d, margins(), weight=c["w"]))),
    "weight trimmed": ("w", lambda d, c: ss.Survey(d, weight=ss.rake(d, margins(), weight=c["w"], trim=(0.2, 1.4)))),
    "weight, missing level": (
        "w",
        lambda d, c: ss.Survey(
            d, weight=ss.rake(d.assign(sex=d["sex"].where(d["y"] > 8)), margins(), weight=c["w"], missing="level")
        ),
    ),
    "weight of a recipe": ("w", lambda d, c: ss.Survey(d, weight=ss.Recipe([Rake(margins())]).apply(d, weight=c["w"]))),
    "q": ("q", lambda d, c: ss.Survey(d, weight=ss.calibrate(d, {"x": 300.0}, q=c["q"]))),
    "cluster": ("p", lambda d, c: ss.Survey(d, weight=ss.calibrate(d, {"x": 300.0}, cluster=c["p"]))),
    "probability": ("pi", lambda d, c: ss.Survey(d, probability=c["pi"])),
    "brewer": ("pi", lambda d, c: ss.Survey(d, probability=c["pi"], pps="brewer")),
    "strata": ("h", lambda d, c: ss.Survey(d, weight="w", strata=c["h"])),
    "psu": ("p", lambda d, c: ss.Survey(d, weight="w", psu=c["p"])),
    "fpc": ("fpc", lambda d, c: ss.Survey(d, weight="w", fpc=c["fpc"])),
    "mask": ("inside", lambda d, c: ss.Survey(d, weight="w").where(c["inside"])),
    "replicate weights": (
        "reps",
        lambda d, c: ss.Survey(d, weight="w", replicate_weights=c["reps"], scale=0.1, **FACTORS),
    ),
    "rscales": (
        "rscales",
        lambda d, c: ss.Survey(d, weight="w", replicate_weights=c["reps"], rscales=c["rscales"], **FACTORS),
    ),
}
FACTORS = {"replicate_factors": True} if "replicate_factors" in ss.Survey.__init__.__code__.co_varnames else {}
IN_FULL = {"replicate weights", "rscales"}  # these have their replicates already


def ways(survey, name):
    """The survey, and the same with replicates that repeat its adjustments."""
    yield survey
    if name not in IN_FULL | {"brewer", "mask"}:
        yield survey.replicates("jk1" if name not in ("strata",) else "jkn")


@pytest.mark.everyday(5)
@pytest.mark.parametrize("name", list(SURVEYS))
def test_arrays__may_change_afterwards(name):
    lent, make = SURVEYS[name]
    c = columns()
    d = table(c)
    surveys = list(ways(make(d, c), name))
    later = [survey.mean("y") for survey in surveys]
    before = [answers(survey) for survey in surveys]
    kept = [e.cov.copy() for e in (survey.mean("y") for survey in surveys)]
    spoil(c[lent])
    for survey, found in zip(surveys, before, strict=True):
        np.testing.assert_array_equal(answers(survey), found)
        assert not any(np.shares_memory(survey.weight, v) for v in c.values() if v.dtype == float)
    for e, cov in zip(later, kept, strict=True):  # made before, looked at afterwards
        np.testing.assert_array_equal(e.cov, cov)


@pytest.mark.everyday(5)
@pytest.mark.parametrize("name", list(SURVEYS))
def test_tables__may_change_afterwards(name):
    _, make = SURVEYS[name]
    c = columns()
    d = table(c)
    surveys = list(ways(make(d, c), name))
    later = [survey.mean("y") for survey in surveys]
    before, kept = [answers(survey) for survey in surveys], [survey.mean("y").cov.copy() for survey in surveys]
    spoil(d)
    for survey, found in zip(surveys, before, strict=True):
        np.testing.assert_array_equal(answers(survey), found)
    for e, cov in zip(later, kept, strict=True):
        np.testing.assert_array_equal(e.cov, cov)


def test_estimates__outlive_their_survey():
    """Scores and covariances are made when they are asked for; by then the survey may be gone and the table changed."""
    d = table(columns())
    expected = ss.Survey(d, weight="w").mean(["y", "x"]).cov.copy()
    found = ss.Survey(d, weight="w").mean(["y", "x"])
    for name in ("y", "x", "w"):
        d.loc[:, name] = 5.0
    np.testing.assert_array_equal(found.cov, expected)


def test_polars_tables__may_change_afterwards():
    c = columns()
    d = pl.DataFrame({k: v for k, v in c.items() if k not in ("reps", "rscales")})
    survey = ss.Survey(d, weight="w").rake(margins())
    before = answers(survey)
    spoil(d)
    np.testing.assert_array_equal(answers(survey), before)


CALIBRATIONS = {
    "rake": lambda d, m, w: ss.rake(d, m, weight=w),
    "bounded": lambda d, m, w: ss.rake(d, m, weight=w, bounds=(0.2, 3)),
    "trimmed": lambda d, m, w: ss.rake(d, m, weight=w, trim=(0.2, 1.4)),
    "level": lambda d, m, w: ss.rake(d.assign(sex=d["sex"].where(d["y"] > 8)), m, weight=w, missing="level"),
    "drop": lambda d, m, w: ss.rake(d.assign(sex=d["sex"].where(d["y"] > 8)), m, weight=w, missing="drop"),
    "calibrate": lambda d, m, w: ss.calibrate(d, {**m, "x": 3000.0}, weight=w),
    "poststratify": lambda d, m, w: ss.poststratify(d, m, weight=w),
    "recipe": lambda d, m, w: ss.Recipe([Rake(m)]).apply(d, weight=w).calibration,
}


@pytest.mark.parametrize("name", list(CALIBRATIONS))
def test_calibrations__keep_what_they_were_made_with(name):
    """Every lazy part is looked at after weights, table and margins have changed."""
    make = CALIBRATIONS[name]
    c = columns()
    fresh, again = make(table(c), margins(), c["w"].copy()), c["w"] * np.linspace(1, 1.2, N)
    expected = (
        fresh.weight.copy(),
        fresh.g.copy(),
        fresh.margins.copy(),
        fresh.again(again).copy(),
        fresh.base(N).copy(),
    )
    d, m, w = table(c), margins(), c["w"].copy()
    found = make(d, m, w)
    for thing in (d, m, w):
        spoil(thing)
    assert not np.shares_memory(found.weight, w)
    assert not np.shares_memory(found.g, w)
    assert not np.shares_memory(found.base(N), w)
    np.testing.assert_array_equal(found.weight, expected[0])
    np.testing.assert_array_equal(found.g, expected[1])
    pd.testing.assert_frame_equal(found.margins, expected[2])
    np.testing.assert_array_equal(found.again(again), expected[3])
    np.testing.assert_array_equal(found.base(N), expected[4])


def test_recipes__keep_their_margins():
    m = margins()
    recipe, d = ss.Recipe([Rake(m)]), table(columns())
    expected = recipe.apply(d).final.copy()
    spoil(m)
    np.testing.assert_array_equal(recipe.apply(d).final, expected)


@pytest.mark.parametrize("scratch", [False, True])
def test_a_calibration__does_not_lend_its_weights_to_a_survey(scratch):
    d = table(columns())
    calibration = ss.rake(d, margins(), weight="w")
    survey = ss.Survey(d, weight=calibration)
    before = answers(survey)
    calibration.weight[:30] = 1e3
    if scratch:
        calibration.g[:] = 0.0
    np.testing.assert_array_equal(answers(survey), before)


def test_a_survey_of_calibrated_weights__still_knows_them():
    d = table(columns())
    survey = ss.Survey(d, weight=ss.rake(d, margins(), weight="w"))
    with pytest.warns(ss.SurveysimWarning, match="taken out of a Calibration"):
        ss.Survey(d, weight=survey.weight)


def test_two_frames__keep_what_they_were_asked_with():
    pair = []
    for seed, own in ((2, "a"), (3, "b")):
        pair.append(table(columns(seed)).assign(overlap=np.where(np.arange(N) % 3 == 0, own, "ab")))
    dual = ss.DualFrameSurvey(*(ss.Survey(d, weight="w") for d in pair))
    sizes, totals = {"A": 700.0, "B": 650.0, "ab": 400.0}, {"A": {"x": 3400.0}}
    options = {"estimator": "cal_df", "theta": 0.5, "frame_sizes": sizes, "totals": totals}
    survey = dual.survey(**options)
    replicated = survey.replicates("jkn")
    before = [answers(survey), replicated.mean("y").table["se"].to_numpy()]
    sizes["A"], totals["A"]["x"] = 900.0, 1.0
    for d in pair:
        spoil(d[["y", "w", "x"]])
        d.loc[:, "y"] = 0.0
    np.testing.assert_array_equal(answers(survey), before[0])
    np.testing.assert_array_equal(replicated.mean("y").table["se"], before[1])


def test_inputs__are_not_modified():
    c = columns()
    d, m = table(c), margins()
    kept, given = d.copy(deep=True), {k: v.copy() for k, v in c.items()}
    survey = ss.Survey(d, weight=c["w"], strata=c["h"], psu=c["p"])
    for one in (
        survey,
        survey.rake(m),
        survey.calibrate({"x": 3000.0}),
        survey.replicates("jkn"),
        survey.where(c["inside"]),
    ):
        answers(one)
    diagnose(d, c["w"], m)
    ss.trim_weights(c["w"], upper=12.0)
    pd.testing.assert_frame_equal(d, kept)
    assert m == margins()
    for name, value in given.items():
        np.testing.assert_array_equal(c[name], value)


def test_trimmed_weights__are_new_ones():
    w = np.array([1.0, 2.0, 3.0])
    assert not np.shares_memory(ss.trim_weights(w), w)
    assert not np.shares_memory(ss.trim_weights(w, upper=2.5), w)


def test_parsed_margins__share_no_numbers():
    m = {"sex": pd.Series({"f": 1.0, "m": 2.0})}
    parsed = Margins.parse(m)
    m["sex"].iloc[0] = 9.0
    assert parsed.total.tolist() == [[1.0, 2.0]]
