"""Small works of every kind, made the same way each time: what the numbers of `surveysim.editions` stand for.

`WORKS` are {number: {name: function that returns bytes}}. Each takes seconds at most; together they draw people, numbers, calls, answers
and samples, weight them and estimate from them.
"""

import json
import tempfile
from functools import cache
from pathlib import Path

import land
import numpy as np
import pandas as pd

import surveysim as ss
from surveysim.population import cache as kept
from surveysim.population import parameters
from surveysim.survey import error_budget

SMALL = {
    "population": {"scale": 0.01},
    "sample": {"interviews": 2500, "minimum_per_province": 40, "minimum_per_unit": 2},
    "weighting": {
        "minimum_per_level": 10
    },  # so small a sample has ages in a province that nobody of some schooling is of
}
CALLS = {"fieldwork": {"level": "calls"}}
PREFECTURES = {"sample": SMALL["sample"] | {"prefectures": 3}}


def text(table):
    """A table as CSV that holds every bit of its numbers."""
    return table.to_csv(index=False).encode()


def rounded(table):
    """A table as CSV to six digits: BLAS adds in an order of its own on every processor, and moves estimates by up to 1e-11."""
    return table.to_csv(index=False, float_format="%.6g").encode()


def arrays(named):
    """Arrays one after another, with their names."""
    return b"".join(
        f"{name} {x.shape} {x.dtype.str}\n".encode() + np.ascontiguousarray(x).tobytes() for name, x in named
    )


# ---------------------------------------------------------------------------------------------------------- the population
@cache
def china():
    return ss.Population.china(seed=3, scale=0.001)


def persons():
    return text(china().persons(np.linspace(0, china().size - 1, 4000).astype(int)))


def households():
    return text(china().households(np.linspace(0, china().n_households - 1, 2000).astype(int)))


def sums():
    return arrays((name, x) for name, x in china().sums()._asdict().items())


def domains():
    people = china()
    return b"".join(
        (
            text(people.parameter("internet_penetration", by="province")),
            text(people.parameter("weekly_hours*urban/internet*urban", by=["sex", "age_group"])),
            text(people.parameter("internet", by="household_size", where={"province": people.strata[0]})),
        )
    )


def numbers():
    frame = ss.TelephoneFrame(china(), "mobile")
    return text(frame.numbers_of(np.arange(0, china().size, 701)))


def margins():
    rows = [("sex", "f", 52e4), ("sex", "m", 48e4), ("age", "0-59", 80e4), ("age", "60+", 20e4)]
    rows += [("mobiles", k, share * 1e4) for k, share in (("0", 10), ("1", 70), ("2", 20))]
    table = pd.DataFrame(rows, columns=["variable", "level", "total"])
    table = pd.concat([table.assign(stratum="north"), table.assign(stratum="south", total=2 * table["total"])])
    rates = pd.DataFrame({"outcome": "online", "rate": [0.7, 0.3], "age": ["", "60+"]})
    made = ss.Population.from_margins(
        table, household_sizes={1: 0.3, 2: 0.4, 4: 0.3}, rates=rates, mobiles="mobiles", lines=0.4, seed=5
    )
    return text(made.persons(np.linspace(0, made.size - 1, 3000).astype(int)))


HELD = tempfile.TemporaryDirectory()  # the files of the small country: specifications read them again


@cache
def countries():
    """{name: (specification, one survey)}: the United States of the package, and the small country of a how-to by outcomes and by calls."""
    files = land.written(Path(HELD.name), survey=land.SMALL)
    sample = {"landline": 150, "mobile": 150}
    states = ss.SurveySpec.preset("us-rdd-2013", population={"scale": 0.0005}, sample=sample)
    specs = {name: ss.SurveySpec.from_toml(files / f"{name}.toml") for name in ("survey", "centre")} | {
        "states": states
    }
    return {name: (spec, spec.run(seed=4)) for name, spec in specs.items()}


def residents(name):
    def made():
        people = countries()[name][1].preparation.pop
        ids = np.linspace(0, people.size - 1, 3000).astype(int)
        numbers = np.array([people.n_numbers("mobile", ids), people.persons(ids)["n_lines"]])
        shares = people.parameter(f"{people.outcome_names[-1]}/persons", by="area")
        return text(people.persons(ids)) + arrays([("numbers", numbers)]) + text(shares)

    return made


def shipped():
    """The exact parameters of the preset, as they come with the package."""
    mark, path = parameters.shipped()
    return arrays(sorted(kept.load(path, mark).items()))


# --------------------------------------------------------------------------------------------------------------- the draws
@cache
def surveys():
    """Surveys by numbers, by calls and with prefectures selected."""
    kinds = {"outcome": {}, "calls": CALLS, "prefectures": PREFECTURES}
    return {name: ss.SurveySpec.preset("cnnic-2024-12", **(SMALL | more)).run(seed=4) for name, more in kinds.items()}


def drawn(name):
    return lambda: text(surveys()[name].cases) + text(answers(surveys()[name].interviews))


def answers(interviews):
    """What was drawn of the interviews: not their weights, nor what weights are made from."""
    return interviews[
        [c for c in interviews.columns if "weight" not in c and not c.startswith(("probability_", "rate_"))]
    ]


def paradata():
    return text(surveys()["calls"].paradata())


def fielded(name):
    """What was drawn of a country, in the order it was; every call where they were made."""
    return lambda: b"".join(
        text(answers(t) if key == "interviews" else t) for key, t in countries()[name][1].tables().items()
    )


def table():
    """A population of 3,000 in three regions and 150 clusters."""
    rng = np.random.default_rng(7)
    size = np.repeat([1500, 900, 600], [1500, 900, 600])
    data = pd.DataFrame({"region": np.repeat(["a", "b", "c"], [1500, 900, 600]), "cluster": np.arange(3000) // 20})
    data = data.assign(size=1 + rng.integers(1, 9, 3000), group=np.where(rng.random(3000) < 0.4, "x", "y"))
    return data.assign(y=(rng.gamma(2, 3, 3000) + size / 500).round(3), online=(rng.random(3000) < 0.6) * 1)


SAMPLES = {
    "srs": {"n": 200, "strata": "region", "allocation": "neyman", "sd": "y"},
    "with replacement": {"n": 200, "strata": "region", "method": "srs_with_replacement"},
    "bernoulli": {"n": 200, "method": "bernoulli"},
    "poisson": {"n": 200, "method": "poisson", "size": "size"},
    "systematic": {"n": 200, "strata": "region", "method": "pps_systematic", "size": "size"},
    "pps": {"n": 200, "strata": "region", "method": "pps_with_replacement", "size": "size"},
    "clusters": {"n": 30, "strata": "region", "cluster": "cluster"},
    "two stages": {"n": 30, "strata": "region", "cluster": "cluster", "take": 5},
}
ESTIMANDS = [
    {"name": "mean", "numerator": "y"},
    {"name": "total", "numerator": "y", "kind": "total"},
    {"name": "rate", "numerator": "online"},
    {"name": "ratio", "numerator": "y", "denominator": "size", "kind": "ratio"},
    {"name": "by group", "numerator": "y", "by": ["group"]},
]


def table_study(sample, methods=(), repetitions=40):
    keys = {"study": {"repetitions": repetitions, "seed": 9}, "sample": sample, "estimands": ESTIMANDS}
    return ss.Study(keys | ({"methods": list(methods)} if methods else {}), table=table())


def samples():
    return b"".join(text(table_study(sample).replay(0, r)[0]) for sample in SAMPLES.values() for r in range(3))


# ----------------------------------------------------------------------------------------------------------- the estimates
def estimated(name):
    def made():
        run = surveys()[name]
        return (
            rounded(run.comparison())
            + rounded(weights_of(run.interviews))
            + rounded(run.response_rates())
            + rounded(run.eligibility())
        )

    return made


def tables():
    """Results of samples from a table, by every kind of sample."""
    return b"".join(rounded(table_study(sample).run(progress=False).to_frame()) for sample in SAMPLES.values())


def methods():
    """Results of samples from a table, by every kind of method, and how good they are."""
    several = [
        {"name": "linearized"},
        {"name": "boot", "variance": "rao-wu", "replicates": 20, "interval": "percentile"},
        {"name": "jackknife", "variance": "jkn"},
        {"name": "sdr", "variance": "sdr", "replicates": 20},
        {"name": "raked", "weighting": {"margins": ["region", "group"]}},
    ]
    result = table_study(SAMPLES["clusters"], several, 30).run(progress=False)
    compared = result.compare("linearized")
    return rounded(result.to_frame()) + rounded(result.performance()) + rounded(compared)


def survey_study():
    keys = {
        "extends": "cnnic-2024-12",
        **SMALL,
        "study": {"repetitions": 3, "seed": 2},
        "estimands": [
            {"name": "penetration", "numerator": "internet", "denominator": "persons", "by": ["sex"]},
            {"name": "netizens", "numerator": "internet"},
            {"name": "old among netizens", "numerator": "internet*age_60plus", "denominator": "internet"},
            {"name": "hours", "numerator": "weekly_hours", "denominator": "internet", "kind": "mean", "unit": "hours"},
            {"name": "offline", "numerator": "internet", "denominator": "persons", "kind": "complement"},
        ],
        "grid": {"weighting.minimum_per_level": [15, 25]},
        "methods": [
            {"name": "recipe"},
            {"name": "fixed", "weighting": {"composite": 0.4}},
            {"name": "boot", "variance": "rao-wu", "replicates": 10},
            {"name": "hartley", "estimator": "hartley"},
            {"name": "pml", "estimator": "pml", "frame_sizes": ["A", "B", "ab"]},
        ],
    }
    result = ss.Study(keys).run(progress=False)
    return rounded(result.to_frame()) + rounded(result.performance())


def weights_of(interviews):
    return interviews[[c for c in interviews.columns if "weight" in c or c.startswith(("probability_", "rate_"))]]


def country(name):
    def made():
        run = countries()[name][1]
        return (
            rounded(run.comparison())
            + rounded(weights_of(run.interviews))
            + rounded(run.response_rates())
            + rounded(run.costs())
        )

    return made


def country_study():
    keys = {
        "extends": str(Path(HELD.name) / "survey.toml"),
        "study": {"repetitions": 2, "seed": 2},
        "estimands": [
            {"name": "smoking", "numerator": "smokes", "by": ["age"]},
            {"name": "smokers", "numerator": "smokes", "kind": "total"},
        ],
        "methods": [
            {"name": "recipe"},
            {"name": "boot", "variance": "rao-wu", "replicates": 10},
            {"name": "pml", "estimator": "pml", "frame_sizes": ["A", "B", "ab"]},
        ],
    }
    assert countries()
    regressed = [{"name": "men", "kind": "coefficient", "formula": "smokes ~ sex + region", "term": "sex[T.male]"}]
    studies = (keys, keys | {"estimands": regressed, "methods": keys["methods"][:2]})
    return b"".join(rounded(ss.Study(one).run(progress=False).to_frame()) for one in studies)


def budget():
    spec = ss.SurveySpec.preset("cnnic-2024-12", **SMALL)
    return rounded(error_budget(spec, repetitions=2, seed=3).table)


def weighted():
    """Raking, calibration and estimates of a table of the caller's, without any simulation."""
    data = table().iloc[::9].assign(weight=9.0)
    survey = ss.Survey(data, weight="weight", strata="region", psu="cluster")
    raked = survey.rake({"group": {"x": 1150, "y": 1850}, "online": {0: 1200, 1: 1800}})
    found = [
        raked.mean(["y", "size"]),
        raked.total("y", by="group"),
        raked.ratio("y", "size"),
        raked.quantile("y", 0.5),
    ]
    return b"".join(rounded(e.table) for e in found) + rounded(pd.DataFrame({"weight": raked.weight}))


COUNTRIES = {"states": "United States", "survey": "small country", "centre": "small country by calls"}
WORKS = {
    "POPULATION": {f.__name__: f for f in (persons, households, sums, domains, numbers, margins, shipped)}
    | {COUNTRIES[name]: residents(name) for name in ("states", "survey")},
    "DRAWS": {f"survey {name}": drawn(name) for name in ("outcome", "calls", "prefectures")}
    | {"calls": paradata, "samples of a table": samples}
    | {title: fielded(name) for name, title in COUNTRIES.items()},
    "ESTIMATES": {f"survey {name}": estimated(name) for name in ("outcome", "calls", "prefectures")}
    | {"tables": tables, "methods": methods, "survey study": survey_study, "budget": budget, "weighted": weighted}
    | {title: country(name) for name, title in COUNTRIES.items()}
    | {"study of the small country": country_study},
}


def pages(folder):
    """The files of the demo and a study's page, which no number stands for; only to compare two states of the code."""
    from surveysim.cli.writing import save

    spec = ss.SurveySpec.preset("cnnic-2024-12", **SMALL)
    repeated = ss.Study(spec, changes=("study.repetitions=3", "study.seed=7")).run(progress=False)
    save(spec.run(7), folder / "demo", "both", repeated, error_budget(spec, 2, 7))
    result = table_study(SAMPLES["srs"]).run(out=folder / "study", progress=False)
    result.report(folder / "study.html")
    (folder / "repr.txt").write_text(json.dumps([repr(result), repr(repeated)]))
