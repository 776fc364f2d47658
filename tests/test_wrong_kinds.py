"""Wrong kinds of arguments, one after another, to everything public: a SurveysimError or a result, never an error of numpy's or pandas'."""

import inspect
import warnings
from importlib.resources import files

import numpy as np
import pandas as pd
import polars as pl
import pytest

import surveysim as ss
from surveysim import study
from surveysim.errors import SurveysimError
from surveysim.weighting import (
    BaseWeight,
    Composite,
    InverseSampling,
    Multiplicity,
    NonresponseClasses,
    NonresponsePropensity,
    Rake,
    Released,
    Selection,
    Subsample,
    UnitNonresponse,
    diagnose,
    rake_coded,
    response_propensity,
)

WRONG = {
    "None": None,
    "True": True,
    "False": False,
    "0": 0,
    "-1": -1,
    "1.5": 1.5,
    "3": 3,
    "95": 95,
    "10**25": 10**25,
    "2**64": 2**64,
    "-1e300": -1e300,
    "nan": float("nan"),
    "inf": float("inf"),
    "1j": 1j,
    "text": "x",
    "a number as text": "95",
    "empty text": "",
    "bytes": b"x",
    "a list": [1, 2],
    "an empty list": [],
    "a list of names": ["nobody", "nowhere"],
    "a list of lists": [[1], [2, 3]],
    "a list of None": [None],
    "a tuple": (1, "x"),
    "a set": {1, 2},
    "a dict": {"a": 1},
    "a dict of dicts": {"a": {"b": "c"}},
    "an empty dict": {},
    "a dict of None": {None: None},
    "an object": object(),
    "a type": int,
    "a function": len,
    "an array": np.array([1.0, 2.0]),
    "a matrix": np.ones((2, 2)),
    "an array of text": np.array(["a", "b"]),
    "a number in an array": np.array(3.0),
    "a date": pd.Timestamp("2024-01-01"),
    "missing": pd.NA,
    "a Series": pd.Series([1, 2]),
    "a DataFrame": pd.DataFrame({"y": [1, 2]}),
    "an empty DataFrame": pd.DataFrame(),
    "a polars table": pl.DataFrame({"y": [1, 2]}),
    "a slice": slice(1),
}
N = 12
T = pd.DataFrame(
    {
        "y": np.arange(N) * 1.0,
        "x": np.arange(N) + 1.0,
        "w": np.arange(N) + 10.0,
        "pi": 0.5,
        "N": 40.0,
        "h": np.repeat([1, 2], 6),
        "p": np.arange(N) // 2,
        "pair": np.arange(N) // 4,
        "g": list("ab") * 6,
        "yes": np.arange(N) % 3 == 0,
        "attempts": np.arange(N) % 4,
        "overlap": ["a", "ab", "ab"] * 4,
        "frame": ["landline", "mobile"] * 6,
        "domain": ["a", "b", "ab", "ab"] * 3,
        "n_mobile": 1,
        "n_lines": 1,
        "n_eligible": 2,
        "number_space": 100,
        "unit_interviews": 5,
        "unit_dialled": 20,
        "status": list("RRN") * 4,
        "phase": [1, 2, 2, 0] * 3,
    }
)
REPS = np.random.default_rng(1).uniform(0, 20, (N, 4))
MARGINS = {"g": {"a": 60.0, "b": 80.0}}
SURVEY = ss.Survey(T, weight="w", strata="h", psu="p")
REPLICATED = SURVEY.replicates("jkn")
DUAL = ss.DualFrameSurvey(ss.Survey(T, weight="w"), ss.Survey(T.assign(overlap=["b", "ab", "ab"] * 4), weight="w"))
CALIBRATION = ss.rake(T, MARGINS, weight="w")
RECIPE = ss.Recipe([BaseWeight("w"), Rake(MARGINS)])
WEIGHTS = RECIPE.apply(T)
ESTIMATES = SURVEY.mean("y", by="g")
NUMBERED = [ss.Survey(T.assign(person=np.arange(N)), weight="w", strata="h", psu="p") for _ in "ab"]
CHANGES = ss.combine(dict(zip("ab", NUMBERED, strict=True)), "psu").mean("y", by="wave")
COUNTS = {"I": 40, "P": 10, "R": 20, "NC": 20, "O": 10, "UH": 50, "UO": 50, "NE": 100}
DISPOSITIONS = pd.DataFrame([{"frame": f, **COUNTS, "I": 6} for f in ("landline", "mobile")])
PERSONS = pd.DataFrame(
    {
        "region": np.repeat(["n", "s"], 6),
        "home": np.arange(N) // 2,
        "mobiles": 1,
        "lines": 1,
        "income": np.arange(N) * 1.0,
    }
)
PEOPLE = ss.Population.from_frame(PERSONS, stratum="region", household="home", mobiles="mobiles", lines="lines")
BANKED = ss.sampling.NumberFrame.simulated(50, rng=1)
FRAME = ss.TelephoneFrame(PEOPLE)
CHINA = ss.Population.china(scale=0.0005)
LEVELS = pd.DataFrame(
    {"stratum": "n", "variable": ["sex", "sex", "age", "age"], "level": list("fmyo"), "total": [52, 48, 80, 20]}
)
TOGETHER = pd.DataFrame({"sex": list("ffmm"), "age": list("yoyo"), "weight": [1.0, 2.0, 3.0, 4.0]})
DRAWN = ss.Population.from_margins(LEVELS)
KEYS = {
    "study": {"repetitions": 2},
    "sample": {"n": 6},
    "estimands": [{"name": "income", "numerator": "income"}],
    "methods": [{"name": "one"}, {"name": "two"}],
}
PRESET = files("surveysim.survey") / "presets" / "cnnic-2024-12.toml"
STUDY = ss.Study(KEYS, table=PERSONS)
RESULT = STUDY.run(progress=False)
RUNS = pd.DataFrame({"estimate": np.arange(20) % 7, "se": 1.0, "lower": 0.0, "upper": 4.0, "df": 9.0})
RUNS = RUNS.assign(method=list("ab") * 10, repetition=np.arange(20) // 2)
SIZES = {"a": 200, "ab": 600, "b": 200}
NUMBERS = {"theta": 0.5, "frame_sizes": {"A": 200, "B": 200, "ab": 130}}


def survey_of(**options):
    """A survey that is asked, so that what is looked at later is looked at too."""
    return ss.Survey(**{"data": T, **options}).mean("y")


def stepped(step, **columns):
    return lambda **options: ss.Recipe([step(**options)]).apply(T.assign(**columns), DISPOSITIONS)


def ask(survey, what, **fixed):
    return lambda **options: getattr(survey, what)(**{**fixed, **options})


CALLS = {  # name: (what is called, arguments with which it works)
    "Survey": (
        survey_of,
        dict(data=T, weight="w", strata="h", psu="p", fpc="N", nest=False, lonely_psu="fail", leverage=True),
    ),
    "Survey with probabilities": (survey_of, dict(probability="pi", pps="brewer", pps_variance="ht")),
    "Survey with joint probabilities": (
        survey_of,
        dict(probability="pi", pps=np.full((N, N), 0.2) + 0.3 * np.eye(N), pps_variance="yg"),
    ),
    "Survey with replicates": (
        survey_of,
        dict(weight="w", replicate_weights=REPS, replicate_factors=False, scale=0.25, rscales=[1.0] * 4, mse=True),
    ),
    "Survey with replicates of a kind": (
        survey_of,
        dict(weight="w", replicate_weights=REPS, replicate_factors=False, replicate_kind="fay", rho=0.5),
    ),
    "Survey in stages": (
        survey_of,
        dict(weight="w", strata=["h"], psu=["p", "x"], fpc=["N", "N"], nest=True),
    ),
    "Survey.where": (ask(SURVEY, "where"), dict(mask="yes")),
    "Survey.rake": (ask(SURVEY, "rake"), dict(margins=MARGINS, rescale=None, bounds=None, trim=None, by=None)),
    "Survey.calibrate": (
        ask(SURVEY, "calibrate"),
        dict(totals={"x": 1000.0}, method="linear", cluster=None, covariance=None),
    ),
    "Survey.poststratify": (ask(SURVEY, "poststratify"), dict(totals=MARGINS)),
    "Survey.apply": (ask(SURVEY, "apply"), dict(recipe=ss.Recipe([Rake(MARGINS)]), dispositions=None)),
    "Survey.replicates": (
        ask(SURVEY, "replicates"),
        dict(kind="rao-wu", n=8, seed=1, mse=False, rho=None, replay=True),
    ),
    "Survey.replicates of fay": (
        ask(ss.Survey(T, "w", "pair", "p"), "replicates"),
        dict(kind="fay", rho=0.3, mse=True),
    ),
    "Survey.replicates of sdr": (ask(SURVEY, "replicates"), dict(kind="sdr", n=8)),
    "Survey.mean": (ask(SURVEY, "mean"), dict(y="y", by="g", level=0.95, df=5, deff="wr")),
    "Survey.mean of replicates": (ask(REPLICATED, "mean"), dict(y="y", by="g", level=0.95, df=5, deff="wr")),
    "Survey.total": (ask(SURVEY, "total"), dict(y=["y", "x"], by=["g"], level=0.95, df=None, deff=False)),
    "Survey.ratio": (ask(SURVEY, "ratio"), dict(num="y", den="x", by="g", level=0.95, df=None, deff="wor")),
    "Survey.proportion": (ask(SURVEY, "proportion"), dict(y="g", by=None, ci="logit", level=0.95, df=None, deff=False)),
    "Survey.quantile": (
        ask(SURVEY, "quantile"),
        dict(y="y", q=0.5, by="g", ci="woodruff", rule="math", level=0.95, df=5),
    ),
    "Survey.quantile of replicates": (ask(REPLICATED, "quantile"), dict(y="y", q=[0.5], rule="hf7", level=0.95, df=5)),
    "Survey.independence": (ask(SURVEY, "independence"), dict(rows="g", columns="yes", statistic="F")),
    "Survey.variance": (ask(SURVEY, "variance"), dict(y="y", by="g", level=0.95, df=5)),
    "Survey.sd": (ask(REPLICATED, "sd"), dict(y=["y", "x"], by="g", level=0.95, df=5)),
    "Survey.covariance": (ask(SURVEY, "covariance"), dict(y="y", x="x", by="g", level=0.95, df=5)),
    "Survey.correlation": (ask(SURVEY, "correlation"), dict(y=["y", "x"], x=None, by="g", level=0.95, df=5)),
    "Survey.gini": (ask(SURVEY, "gini"), dict(y="y", by="g", level=0.95, df=5)),
    "Survey.share_ratio": (ask(SURVEY, "share_ratio"), dict(y="x", by="g", top=0.3, bottom=0.3, level=0.95, df=5)),
    "Survey.poverty": (
        ask(SURVEY, "poverty"),
        dict(y="x", by="g", line=None, factor=0.6, q=0.5, within=False, width=None, ci="logit", level=0.95, df=5),
    ),
    "Survey.quantile_ratio": (
        ask(SURVEY, "quantile_ratio"),
        dict(y="x", upper=0.8, lower=0.2, by="g", width=1.0, level=0.95, df=5),
    ),
    "Survey.cdf": (ask(SURVEY, "cdf"), dict(y="y", at=[2, 5], by="g", ci="logit", level=0.95, df=5)),
    "Survey.statistic": (
        ask(SURVEY, "statistic", f=lambda t, w: w.sum()),
        dict(f=lambda t, w: w.sum(), by="g", scores="y", name="n", level=0.95, df=5),
    ),
    "Estimates.function": (ask(ESTIMATES, "function"), dict(formula="`g=a` / `g=b`", df=5)),
    "Estimates.function of names": (lambda a: ESTIMATES.function("a * 2", a=a), dict(a="g=a")),
    "Survey.representativity": (
        ask(SURVEY, "representativity"),
        dict(response="yes", variables=["g"], y="y", adjust="design", level=0.95),
    ),
    "Survey.plot.histogram": (ask(SURVEY.plot, "histogram"), dict(y="y", by="g", bins=5, title="", lang="en", ax=None)),
    "Survey.plot.box": (ask(SURVEY.plot, "box"), dict(y="y", by="g", rule="math", title="", lang="en", ax=None)),
    "Survey.plot.cumulative": (ask(SURVEY.plot, "cumulative"), dict(y="y", by="g", title="", lang="en", ax=None)),
    "Estimates.plot": (
        ask(SURVEY.mean("y", by="g"), "plot"),
        dict(kind="trend", along="g", at=1.0, title="", lang="en", ax=None),
    ),
    "Calibration.plot": (
        ask(ss.rake(T, MARGINS, weight="w"), "plot"),
        dict(kind="balance", partition=None, title="", lang="en", ax=None),
    ),
    "Survey.compare": (
        ask(SURVEY, "compare"),
        dict(
            y="y",
            by="g",
            statistic="mean",
            value=None,
            paired=None,
            pairs="all",
            adjust="holm",
            simultaneous="max-t",
            q=0.5,
            level=0.95,
            df=5,
        ),
    ),
    "Survey.compare with a column": (
        ask(SURVEY, "compare", y="y"),
        dict(paired="x", simultaneous="scheffe", adjust="bh"),
    ),
    "Survey.compare with a value": (ask(SURVEY, "compare", y="y"), dict(value=3.0, adjust="max-t")),
    "Survey.glm": (
        ask(SURVEY, "glm"),
        dict(
            formula="y ~ x + C(g)",
            family="gaussian",
            link="identity",
            offset="x",
            level=0.95,
            df=5,
            information="observed",
        ),
    ),
    "Survey.crosstab": (ask(SURVEY, "crosstab"), dict(rows="g", columns="yes", percent="row")),
    "Survey.tables": (
        ask(SURVEY, "tables"),
        dict(
            questions=["g", "y"],
            banners=["yes"],
            percent="column",
            ci="logit",
            level=0.95,
            df=5,
            test="F",
            letters=True,
            adjust="holm",
            alpha=0.05,
            labels={"g": "Group"},
            value_labels={"g": {"a": "A"}},
        ),
    ),
    "Survey.standardize": (ask(SURVEY, "standardize"), dict(by="g", weights={"a": 1, "b": 2}, over="h", excluding="x")),
    "Survey.goodness_of_fit": (ask(SURVEY, "goodness_of_fit"), dict(y="g", p={"a": 1, "b": 2}, statistic="F")),
    "Survey.replicate_weights": (ask(REPLICATED, "replicate_weights"), {}),
    "Estimates.contrast": (ask(ESTIMATES, "contrast"), dict(coefficients={0: 1, 1: -1}, df=5)),
    "Estimates.summary": (ask(ESTIMATES, "summary"), {}),
    "early_late": (ss.early_late, dict(survey=SURVEY, y="y", effort="attempts", cut=1, level=0.95)),
    "proportion_interval": (
        ss.proportion_interval,
        dict(p=0.2, se=0.05, method="logit", level=0.95, df=20, n=100),
    ),
    "proportion_interval of several": (
        ss.proportion_interval,
        dict(p=[0.2, 0.5], se=[0.05, 0.1], method="korn-graubard", level=0.95, df=[20, 30], n=[100, 200]),
    ),
    "rake": (
        ss.rake,
        dict(
            data=T,
            margins=MARGINS,
            weight="w",
            by=None,
            bounds=(0.1, 9),
            margins_are="totals",
            rescale=None,
            missing="fail",
            reconcile=None,
            closest=None,
            tol=1e-9,
            max_iter=100,
        ),
    ),
    "rake with a trim": (ss.rake, dict(data=T, margins=MARGINS, weight="w", trim=(0.3, 3.0), missing="drop")),
    "rake by partition": (ss.rake, dict(data=T, margins={1: MARGINS, 2: MARGINS}, by="h", missing="level")),
    "rake to rows": (
        ss.rake,
        dict(data=T, margins=pd.DataFrame({"variable": "g", "level": ["a", "b"], "total": [60.0, 80.0]})),
    ),
    "rake_coded": (
        rake_coded,
        dict(
            codes=[np.tile([0, 1], 6)],
            totals=[np.array([60.0, 80.0])],
            weight=np.ones(N),
            out=np.zeros(N),
            scratch=np.zeros(N, np.int32),
            tol=1e-9,
            max_iter=100,
        ),
    ),
    "calibrate": (
        ss.calibrate,
        dict(
            data=T,
            totals={"x": 1000.0, "g": {"a": 60.0, "b": 80.0}},
            weight="w",
            method="logit",
            bounds=(0.1, 9),
            q="x",
            cluster=None,
            by=None,
            covariance=None,
            tol=1e-9,
            max_iter=100,
        ),
    ),
    "calibrate to totals with error": (
        ss.calibrate,
        dict(data=T, totals={"x": 900.0}, weight="w", covariance=[4.0], cluster=np.arange(N)),
    ),
    "poststratify": (ss.poststratify, dict(data=T, totals=MARGINS, weight="w")),
    "trim_weights": (ss.trim_weights, dict(weight=T["w"].to_numpy(), lower=11.0, upper=20.0, strict=True)),
    "diagnose": (diagnose, dict(data=T, weight="w", margins=MARGINS, base="x", by=None, missing="fail")),
    "response_propensity": (
        response_propensity,
        dict(data=T, responded="yes", covariates=["x"], weight="w", rows=np.ones(N, bool)),
    ),
    "Calibration.again": (ask(CALIBRATION, "again"), dict(base=np.ones(N), copied=None)),
    "Calibration.base": (ask(CALIBRATION, "base"), dict(n=N)),
    "Calibration.add_to": (ask(CALIBRATION, "add_to"), dict(data=T, name="w2")),
    "Calibration.extreme": (ask(CALIBRATION, "extreme"), dict(n=3)),
    "Calibration.deff_henry": (ask(CALIBRATION, "deff_henry"), dict(y=T["y"])),
    "Weights.again": (ask(WEIGHTS, "again"), dict(base=np.ones(N), copied=None)),
    "Recipe": (ss.Recipe, dict(steps=[BaseWeight("w")])),
    "Recipe.apply": (ask(RECIPE, "apply"), dict(cases=T, dispositions=None, weight=None)),
    "Recipe.apply from weights": (ask(ss.Recipe([Rake(MARGINS)]), "apply"), dict(cases=T, weight="w")),
    "Recipe.replay": (
        ask(RECIPE, "replay"),
        dict(weights=WEIGHTS, cases=T, multiplier=np.ones(N), dispositions=None, copied=None),
    ),
    "Recipe.from_toml": (ss.Recipe.from_toml, dict(source=RECIPE.to_toml())),
    "BaseWeight": (stepped(BaseWeight), dict(column="w")),
    "Selection": (stepped(Selection), dict(probability="pi")),
    "InverseSampling": (
        stepped(InverseSampling),
        dict(space="number_space", interviews="unit_interviews", dialled="unit_dialled"),
    ),
    "Released": (stepped(Released), dict(space="number_space", released="unit_dialled")),
    "Multiplicity": (stepped(Multiplicity), dict(frame="frame")),
    "NonresponseClasses": (stepped(NonresponseClasses), dict(by="frame", e=0.5, e_unscreened=1.0)),
    "NonresponsePropensity": (
        stepped(NonresponsePropensity),
        dict(by=("frame",), e="proportional", e_unscreened=1.0, groups=1),
    ),
    "Subsample": (stepped(Subsample), dict(phase="phase", by=("g",), rate=None)),
    "Subsample by rate": (stepped(Subsample), dict(phase="phase", rate=0.5)),
    "UnitNonresponse": (stepped(UnitNonresponse), dict(status="status", by=("g",), unknown_by=())),
    "UnitNonresponse by propensity": (
        stepped(UnitNonresponse),
        dict(status="yes", covariates=("x",), groups=1),
    ),
    "Composite": (stepped(Composite), dict(theta=0.4, frame="frame", domain="domain", by=(), frame_sizes=None)),
    "Rake": (
        stepped(Rake),
        dict(
            margins=MARGINS,
            by=None,
            margins_are="totals",
            minimum=2,
            least=0.2,
            most=4.0,
            tol=1e-9,
            max_iter=100,
        ),
    ),
    "DualFrameSurvey": (
        ss.DualFrameSurvey,
        dict(a=DUAL.a, b=DUAL.b, domain="overlap", probability=("pi", "pi"), membership=None),
    ),
    "DualFrameSurvey with membership": (ss.DualFrameSurvey, dict(a=DUAL.a, b=DUAL.b, membership="pi")),
    "DualFrameSurvey.total": (
        ask(DUAL, "total"),
        dict(
            y="y",
            by="g",
            estimator="cal_df",
            **NUMBERS,
            totals={"A": {"x": 1100.0}},
            method="raking",
            bounds=(0.1, 9),
            level=0.95,
            df=9,
        ),
    ),
    "DualFrameSurvey.total of Hartley": (ask(DUAL, "total"), dict(y="y", by=None, estimator="hartley", theta=None)),
    "DualFrameSurvey.mean": (
        ask(DUAL, "mean"),
        dict(y="y", by="g", estimator="composite", theta=0.5, level=0.95, df=9),
    ),
    "DualFrameSurvey.ratio": (
        ask(DUAL, "ratio"),
        dict(num="y", den="x", by="g", estimator="hartley", theta=0.5, level=0.95, df=9),
    ),
    "DualFrameSurvey.proportion": (
        ask(DUAL, "proportion"),
        dict(
            y="yes", by="g", ci="logit", estimator="pml", theta=None, frame_sizes={"A": 200, "B": 200}, level=0.95, df=9
        ),
    ),
    "DualFrameSurvey.quantile": (
        ask(DUAL, "quantile"),
        dict(y="y", q=0.5, by="g", estimator="composite", theta=0.5, ci="woodruff", rule="math", level=0.95, df=9),
    ),
    "DualFrameSurvey.weights": (ask(DUAL, "weights"), dict(estimator="multiplicity")),
    "DualFrameSurvey.survey": (ask(DUAL, "survey"), dict(estimator="cal_df", **NUMBERS)),
    "DualFrameSurvey.thetas": (ask(DUAL, "thetas"), dict(y="y", grid=[0.2, 0.5], what="mean", level=0.95)),
    "DualFrameSurvey.compare_overlap": (ask(DUAL, "compare_overlap"), dict(y=["y"])),
    "DualFrameSurvey.replicates": (
        ask(DUAL, "replicates"),
        dict(kind="rao-wu", n=8, seed=1, rho=None, mse=False, theta="again"),
    ),
    "DualFrameSurvey.replicates, asked": (
        lambda **options: DUAL.replicates(**options).total("y", theta=0.5),
        dict(kind="rao-wu", n=8, seed=1, rho=None, mse=False),
    ),
    "Population.from_frame": (
        ss.Population.from_frame,
        dict(data=PERSONS, stratum="region", household="home", mobiles="mobiles", lines="lines", seed=1),
    ),
    "Population.persons": (ask(PEOPLE, "persons"), dict(ids=[0, 1], columns=["income"])),
    "Population.households": (ask(PEOPLE, "households"), dict(ids=[0, 1])),
    "Population.select": (ask(PEOPLE, "select"), dict(ids=[0, 1], where={"region": "n"}, columns=["income"])),
    "Population.n_numbers": (ask(PEOPLE, "n_numbers"), dict(kind="mobile", ids=[0])),
    "TelephoneFrame": (ss.TelephoneFrame, dict(pop=PEOPLE, kind="mobile", out_of_area=0.0, prefixes="shipped")),
    "TelephoneFrame.numbers_of": (ask(FRAME, "numbers_of"), dict(ids=[0])),
    "TelephoneFrame.owner": (ask(FRAME, "owner"), dict(numbers=FRAME.numbers_of([0, 1])["number"].tolist())),
    "TelephoneFrame.unit_index": (ask(FRAME, "unit_index"), dict(adcode="n")),
    "TelephoneFrame.random_numbers": (
        ask(FRAME, "random_numbers"),
        dict(prefecture="n", n=2, rng=np.random.default_rng(1)),
    ),
    "SurveySpec.preset": (ss.SurveySpec.preset, dict(name="cnnic-2024-12")),
    "error_statement": (
        ss.error_statement,
        dict(moe=None, n=1000, deff=1.5, p=[0.1, 0.5], level=0.95, population=10_000),
    ),
    "reproduce": (ss.reproduce, dict(name="newcombe-1998", full=False, seed=1)),
    "select": (ss.select, dict(probability=[0.5, 0.5], method="systematic", rng=1)),
    "allocate": (
        ss.allocate,
        dict(size=[10, 20], n=9, method="neyman", sd=[1.0, 2.0], cost=[1.0, 1.0], minimum=2),
    ),
    "allocate by a power": (ss.allocate, dict(size=[10, 20], n=9, method="power", power=0.5)),
    "sample_size": (
        ss.sample_size,
        dict(moe=0.05, p=0.5, deff=1.0, level=0.95, population=1000, sd=None, m=2, icc=0.1, response=0.9),
    ),
    "sample_size, a test": (
        ss.sample_size,
        dict(difference=0.1, power=0.8, groups=2, ratio=1.5, overlap=0.5, correlation=0.5, sides=1, pooled=True, df=9),
    ),
    "power": (
        ss.power,
        dict(n=100, difference=0.1, p=0.5, deff=1.0, level=0.95, population=1000, m=2, icc=0.1, ratio=1.0, overlap=0.5)
        | dict(correlation=0.5, sides=2, pooled=False, df=None, groups=2, sd=None),
    ),
    "sampling.detectable": (ss.sampling.detectable, dict(n=100, power=0.8, p=0.5, sd=3)),
    "sampling.design_effect": (ss.sampling.design_effect, dict(m=10, icc=0.05, weight_cv=0.5)),
    "sampling.clusters": (
        ss.sampling.clusters,
        dict(
            icc=0.05, cost=(750, 100), budget=1e5, moe=None, p=0.5, sd=None, m=None, deff=1.0, level=0.9, rounded=True
        ),
    ),
    "sampling.subsample": (
        ss.sampling.subsample,
        dict(response=0.5, cost=(1, 4), budget=1e5, moe=None, p=0.5, sd=None, alike=1.0, rate=None, population=None)
        | dict(level=0.9, rounded=True),
    ),
    "sampling.NumberFrame": (
        ss.sampling.NumberFrame,
        dict(bank=[0, 0, 1, 1], works=[1, 1, 0, 1], listed=[1, 0, 0, 0], active=[1, 1, 0, 0]),
    ),
    "NumberFrame.simulated": (
        ss.sampling.NumberFrame.simulated,
        dict(banks=20, size=10, empty=0.5, density=0.5, spread=0.1, listed=0.5, unlisted_banks=0.1)
        | dict(sensitivity=0.9, false_positive=0.1, rng=1),
    ),
    "NumberFrame.random_digits": (ask(BANKED, "random_digits"), dict(n=3, rng=1)),
    "NumberFrame.strata": (ask(BANKED, "strata"), dict(by="banks")),
    "NumberFrame.stratified": (
        ask(BANKED, "stratified"),
        dict(by="active", rates={"active": 0.5, "inactive": 0.2}, rng=1),
    ),
    "NumberFrame.mitofsky_waksberg": (ask(BANKED, "mitofsky_waksberg"), dict(more=1, banks=3, first=None, rng=1)),
    "NumberSample.cost": (ask(BANKED.random_digits(20, 1), "cost"), dict(dial=1, interview=10)),
    "sampling.rotation": (ss.sampling.rotation, dict(pattern="4-8-4", lags=12, correlation=0.5)),
    "combine": (
        ss.combine,
        dict(waves=dict(zip("ab", NUMBERED, strict=True)), overlap="people", person="person", column="wave"),
    ),
    "a wave": (lambda wave: ss.combine({"a": SURVEY, "b": wave}), dict(wave=NUMBERED[0])),
    "Estimates.change": (ask(CHANGES, "change"), dict(base="a", relative=True, along="wave", df=3)),
    "Estimates.average": (ask(CHANGES, "average"), dict(weights=[1, 2], along="wave", df=3)),
    "margin_of_error": (ss.margin_of_error, dict(n=100, p=0.5, deff=1.0, level=0.95, population=1000)),
    "inclusion_probabilities": (ss.inclusion_probabilities, dict(size=[1, 2, 3], n=2)),
    "response_rates": (ss.response_rates, dict(counts=COUNTS, e=0.5)),
    "response_rates, every count": (lambda **counts: ss.response_rates(counts, e="proportional"), dict(COUNTS)),
    "response_rates, both e": (
        lambda **e: ss.response_rates(COUNTS, e=e),
        dict(UH=0.5, UO=1.0),
    ),
    "Study": (
        ss.Study,
        dict(keys=KEYS, methods=None, table=PERSONS, changes=["study.repetitions=3"], place="study", folder="."),
    ),
    "Study.from_toml": (ss.Study.from_toml, dict(path=PRESET, changes=(), methods=None)),
    "Study.run": (
        lambda **options: STUDY.run(**{"progress": False, **options}),
        dict(out=None, executor="threads", workers=1, block=2),
    ),
    "Study.dry_run": (ask(STUDY, "dry_run"), dict(out=None, workers=1)),
    "Study.replay": (ask(STUDY, "replay"), dict(scenario=0, repetition=1)),
    "StudyResult.performance": (
        ask(RESULT, "performance"),
        dict(by=None, reference="one", power=False, estimands=["income"]),
    ),
    "StudyResult.compare": (ask(RESULT, "compare"), dict(reference="one", by=None, estimands=["income"])),
    "StudyResult.compare_scenarios": (
        ask(RESULT, "compare_scenarios"),
        dict(reference=RESULT.scenarios[0]["name"], method="one", estimands=["income"]),
    ),
    "StudyResult.to_frame": (
        ask(RESULT, "to_frame"),
        dict(columns=["estimate"], where={"method": "one"}, large=False),
    ),
    "StudyResult.scenario": (ask(RESULT, "scenario"), dict(name=None)),
    "performance": (
        ss.performance,
        dict(
            frame=RUNS,
            true=2.0,
            by="method",
            estimate="estimate",
            se="se",
            lower="lower",
            upper="upper",
            df="df",
            level=0.95,
            reference="a",
            power=True,
            repetition="repetition",
        ),
    ),
    "allocate_frames": (
        ss.allocate_frames,
        dict(
            sizes=SIZES,
            cost=(1.0, 2.0),
            n=100,
            p=0.5,
            deff=(1.0, 1.0),
            screening=None,
            between="optimal",
            minimum=2,
            level=0.95,
        ),
    ),
    "allocate_frames within a budget": (ss.allocate_frames, dict(sizes=SIZES, budget=100.0, stratum_moe=0.3)),
    "allocate_frames for a margin": (ss.allocate_frames, dict(sizes=pd.DataFrame([SIZES]), moe=0.2)),
    "a size of a domain": (lambda size: ss.allocate_frames({**SIZES, "a": size}, n=100), dict(size=200)),
    "Population.china": (
        lambda **options: ss.Population.china(**{"scale": 0.0005, **options}),
        dict(
            seed=1,
            scale=0.0005,
            year=2023,
            personal_share=0.95,
            residential_share=0.55,
            no_phone_internet_rate=0.0,
            household_icc=0.25,
            prefecture_icc=0.02,
            mobile_ownership="surveys",
        ),
    ),
    "Population.from_margins": (
        ss.Population.from_margins,
        dict(
            margins=LEVELS,
            stratum="stratum",
            association=TOGETHER,
            household_sizes={1: 0.5, 2: 0.5},
            rates=None,
            mobiles=None,
            lines=0.5,
            seed=1,
        ),
    ),
    **{
        f"{title}.{what}": (ask(people, what), arguments)
        for title, people, column, label in (("china", CHINA, "sex", "female"), ("margins", DRAWN, "sex", "f"))
        for what, arguments in (
            ("persons", dict(ids=[0, 1], columns=[column])),
            ("households", dict(ids=[0, 1])),
            ("n_numbers", dict(kind="mobile", ids=[0, 1])),
            ("select", dict(ids=[0, 1], where={column: label}, columns=[column])),
            ("parameter", dict(name="persons", by=column, where={column: label})),
        )
    },
    "Population.parameter": (ask(PEOPLE, "parameter"), dict(name="income", by="region", where={"region": "n"})),
    "China.answers": (ask(CHINA, "answers"), dict(ids=[0, 1], attributes=CHINA.attributes([0, 1]))),
    "a total of a margin": (lambda total: ss.rake(T, {"g": {"a": total, "b": 1.0}}), dict(total=1.0)),
    "a numeric total": (lambda total: ss.calibrate(T, {"x": total}), dict(total=90.0)),
    "a variable of a margin": (lambda name: ss.rake(T, {name: {"a": 1.0, "b": 1.0}}), dict(name="g")),
    "a level of a margin": (lambda name: ss.rake(T, {"g": {name: 1.0, "b": 1.0}}), dict(name="a")),
    "a size of a frame": (
        lambda size: DUAL.total("y", estimator="cal_df", frame_sizes={"ab": size}),
        dict(size=100.0),
    ),
    "a total of a frame": (
        lambda total: DUAL.total("y", estimator="cal_df", frame_sizes={"ab": 120.0}, totals={"A": {"x": total}}),
        dict(total=1100.0),
    ),
    "a bound": (lambda bound: ss.calibrate(T, {"x": 90.0}, bounds=(bound, 9)), dict(bound=0.1)),
    "a coefficient": (lambda value: ESTIMATES.contrast({0: value, 1: 1}), dict(value=-1)),
}


def unhashable(value):
    try:
        hash(value)
    except TypeError:
        return True
    return False


def tries():
    for name, (_, arguments) in CALLS.items():
        for argument in arguments:
            yield pytest.param(name, argument, id=f"{name}({argument}=)")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """What is text may name a folder."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", list(CALLS))
def test_calls__work_as_they_are(name):
    call, arguments = CALLS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call(**arguments)


@pytest.mark.parametrize(("name", "argument"), list(tries()))
def test_wrong_kinds__are_typed_errors_or_have_a_result(name, argument):
    call, arguments = CALLS[name]
    wrong = []
    for word, value in WRONG.items():
        if name.startswith(("a variable", "a level")) and unhashable(value):
            continue  # no key of a mapping
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                call(**{**arguments, argument: value})
            except SurveysimError as error:
                wrong += [] if str(error).strip() else [f"{word}: no message"]
            except Exception as error:
                wrong.append(f"{word}: {type(error).__name__}: {error}")
    assert not wrong, "\n".join([f"{name}({argument}=…)", *wrong])


NAMED = {  # what takes long where it has an answer, and what was silent or spoke of another argument
    "Survey.ratio": (ask(SURVEY, "ratio", num="y", den="x"), ("num", "den", "by")),
    "DualFrameSurvey.ratio": (ask(DUAL, "ratio", num="y", den="x", theta=0.5), ("num", "den", "by")),
    "proportion_interval": (ask(ss, "proportion_interval", p=0.2, se=0.05), ("method", "p", "se", "level", "df", "n")),
    "allocate": (ask(ss, "allocate", size=[10, 20], n=9), ("size", "n", "method", "minimum", "power")),
    "Recipe.apply": (ask(RECIPE, "apply", cases=T), ("dispositions",)),
    "Recipe.replay": (
        ask(RECIPE, "replay", weights=WEIGHTS, cases=T, multiplier=np.ones(N)),
        ("dispositions", "multiplier"),
    ),
    "StudyResult.to_frame": (ask(RESULT, "to_frame"), ("columns", "where", "large")),
    "StudyResult.report": (ask(RESULT, "report", path="page.html"), ("path", "lang")),
    "Study.status": (ask(STUDY, "status"), ("out",)),
    "Study.result": (ask(STUDY, "result"), ("out",)),
    "Study.run": (ask(STUDY, "run"), ("out", "executor", "workers", "progress", "block")),
    "error_budget": (
        ask(ss, "error_budget", spec=ss.SurveySpec.preset("cnnic-2024-12")),
        ("spec", "repetitions", "seed", "workers", "progress"),
    ),
    "SurveySpec.run": (ask(ss.SurveySpec.preset("cnnic-2024-12"), "run"), ("seed", "progress")),
    "SurveySpec.expect": (ask(ss.SurveySpec.preset("cnnic-2024-12"), "expect"), ("workers", "progress")),
    "solve_design": (
        ask(study, "solve_design", keys=KEYS, inputs={"sample.n": (4, 9)}, bounds={"income": 3.0}, table=PERSONS),
        ("keys", "inputs", "bounds", "minimize", "cost", "table", "repetitions", "rounds", "seed", "progress"),
    ),
    "solve_design, a limit": (
        lambda inputs: study.solve_design(KEYS, {"sample.n": (inputs, 9)}, {"income": 3.0}, table=PERSONS),
        ("inputs",),
    ),
    "solve_design, a bound": (
        lambda bounds: study.solve_design(KEYS, {"sample.n": (4, 9)}, {"income": bounds}, table=PERSONS),
        ("bounds",),
    ),
    "reproduce": (ss.reproduce, ("name", "full", "seed", "out")),
    "published_margins": (ss.published_margins, ("n", "deff", "level", "repetitions", "spec")),
    "published_changes": (ss.published_changes, ("n", "deff", "level", "correlation", "margins", "spec")),
    "Population.china": (ss.Population.china, ("seed", "scale", "year", "personal_share", "household_icc")),
    "Population.from_frame": (ask(ss.Population, "from_frame", data=PERSONS), ("data", "stratum", "household", "seed")),
    "Population.from_margins": (
        ask(ss.Population, "from_margins", margins=LEVELS),
        ("margins", "stratum", "lines", "seed"),
    ),
}


@pytest.mark.parametrize(("name", "argument"), [(name, a) for name, (_, arguments) in NAMED.items() for a in arguments])
@pytest.mark.parametrize("value", [object(), 1j], ids=["object", "complex"])
def test_an_argument_of_a_wrong_kind__is_named(name, argument, value):
    with pytest.raises(SurveysimError) as found:
        NAMED[name][0](**{argument: value})
    assert argument in str(found.value)


@pytest.mark.parametrize("huge", [10**25, 2**64])
def test_huge_numbers__are_refused_by_the_name_of_what_cannot_be_so_large(huge):
    calls = ((ss.Population.china, "seed"), (ss.Population.china, "scale"), (ss.error_budget, "seed"))
    for call, argument in (*calls, (ask(ss.Population, "from_frame", data=PERSONS), "seed")):
        with pytest.raises(SurveysimError, match=argument):
            call(**{argument: huge}) if call is not ss.error_budget else call(None, **{argument: huge})


def test_an_infinite_value__has_no_total_in_a_population():
    people = ss.Population.from_frame(pd.DataFrame({"income": [1.0, np.inf, 3.0], "g": ["a", "b", "a"]}))
    with pytest.raises(SurveysimError, match="'income' is infinite in 1 of 3 rows"):
        people.parameter("income")
    assert people.parameter("income", where={"g": "a"})["value"].tolist() == [4.0]


def test_the_walk__leaves_no_argument_out():
    """Every argument of the public functions and methods of these rooms is tried."""
    met = {}
    for name, (_, arguments) in CALLS.items():
        met.setdefault(name.partition(",")[0].partition(" ")[0], set()).update(arguments)
    objects = {
        "Survey": ss.Survey,
        "DualFrameSurvey": ss.DualFrameSurvey,
        "Calibration": type(CALIBRATION),
        "Recipe": ss.Recipe,
    }
    elsewhere = {"of_design", "composer", "variance", "statistics", "to_toml", "summary"}  # inner, or without arguments
    absent = []
    for name, kind in objects.items():
        for method, function in inspect.getmembers(kind, inspect.isfunction):
            if method.startswith("_") or method in elsewhere:
                continue
            parameters = [
                p.name
                for p in inspect.signature(function).parameters.values()
                if p.name != "self" and p.kind is not p.VAR_KEYWORD
            ]
            known = met.get(f"{name}.{method}", set())
            absent += [f"{name}.{method}({p}=)" for p in parameters if p not in known]
    for name in (
        "rake",
        "calibrate",
        "poststratify",
        "trim_weights",
        "proportion_interval",
        "early_late",
        "response_rates",
    ):
        absent += [f"{name}({p}=)" for p in inspect.signature(getattr(ss, name)).parameters if p not in met[name]]
    absent += [f"Survey({p}=)" for p in inspect.signature(ss.Survey).parameters if p not in met["Survey"]]
    assert not absent
