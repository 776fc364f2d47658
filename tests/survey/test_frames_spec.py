"""Strata of numbers and a second phase in a country's survey: what is refused, weighted, counted and paid."""

import land
import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.survey import country

STRATA = """[[frame.mobile.strata]]
name = "flagged"
working = 0.9
others = 0.2

[[frame.mobile.strata]]
name = "not flagged"
working = 0.1
others = 0.8
rate = 0.25

[sample]"""
SECOND = "[fieldwork.mobile.second_phase]\nrate = 0.3\nattempts = 50\ncontact = 0.9\ncooperation = 0.999\n\n[fieldwork.protocol]"
STEPS = """[[weighting.recipes.recipe]]
kind = "Subsample"
rate = "subsample_rate"

[[weighting.recipes.recipe]]
kind = "NonresponseClasses"
by = ["frame", "phase"]

[[weighting.recipes.recipe]]
kind = "Multiplicity\""""
MULTIPLICITY = '[[weighting.recipes.recipe]]\nkind = "Multiplicity"'


def spec_of(folder, *changes):
    land.written(folder, survey=land.SMALL)
    text = (folder / "survey.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "other.toml").write_text(text, encoding="utf-8")
    return ss.SurveySpec.from_toml(folder / "other.toml")


BOTH = (("[sample]", STRATA), ("[fieldwork.protocol]", SECOND), (MULTIPLICITY, STEPS))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return spec_of(tmp_path_factory.mktemp("land"), *BOTH).run(seed=3)


def test_weights__of_a_number_go_by_its_rate_and_its_phase(run):
    table, frame = run.interviews, run.preparation.frames["mobile"]
    mobile = table[table["frame"] == "mobile"]
    rate = mobile["number_stratum"].map({"flagged": 1.0, "not flagged": 0.25}).astype(float)
    np.testing.assert_allclose(mobile["number_space"] * rate, frame.numbers.sum())
    m, t = mobile["unit_interviews"].iloc[0], mobile["unit_dialled"].iloc[0]
    np.testing.assert_allclose(mobile["design_weight"], frame.numbers.sum() * (m - 1) / ((t - 1) * m) / rate)
    factor = np.where(mobile["phase"] == 2, 1 / 0.3, 1.0)
    np.testing.assert_allclose(mobile["subsample_weight"], mobile["design_weight"] * factor)
    assert (table.loc[table["frame"] == "landline", ["phase", "subsample_rate"]] == 1).all(axis=None)
    assert set(mobile["phase"]) == {1, 2}


def test_response_rates__weigh_those_who_were_followed(run):
    """By hand: interviews over all, each class times its weight; numbers that were left out are in none."""
    counts = run.counts[run.counts["frame"] == "mobile"]
    assert counts.groupby(["number_stratum", "phase"])["weight"].first().round(6).to_dict() == {
        ("flagged", 1): 1.0, ("flagged", 2): 3.333333, ("not flagged", 1): 4.0, ("not flagged", 2): 13.333333,
    }  # fmt: skip
    eligible = counts[["I", "R", "NC", "O", "UH"]].sum(axis=1)
    assert run.response_rates().loc["RR1", "mobile"] == pytest.approx(
        (counts["weight"] @ counts["I"]) / (counts["weight"] @ eligible)
    )
    cases = run.cases[run.cases["frame"] == "mobile"]
    assert counts.loc[:, "I":].to_numpy().sum() == (cases["phase"] > 0).sum() < len(cases)
    assert cases.loc[cases["phase"] == 0, "disposition"].isin(["R", "NC", "O", "UH"]).all()


def test_costs__by_phase_add_up(run):
    by, whole = run.costs(("frame", "phase")), run.costs()
    assert by["phase"].tolist() == [1, 1, 2]
    assert by.loc[by["phase"] == 2, "numbers"].sum() == 0
    sums = by.groupby("frame", sort=False)[["numbers", "calls", "interviews", "hours", "cost"]].sum()
    pd.testing.assert_frame_equal(sums, whole.set_index("frame")[list(sums)], check_dtype=False)
    assert run.cases["calls"].sum() == whole["calls"].sum()
    assert run.cases["again_calls"].sum() == by.loc[by["phase"] == 2, "calls"].sum()


@pytest.mark.statistical
def test_totals__are_unbiased_where_all_who_are_followed_answer(tmp_path):
    """Persons with a mobile, and those online among them, from rates of flags, a subsample and each person's numbers."""
    spec = spec_of(tmp_path, *BOTH, ("landline = 300\nmobile = 400", "landline = 0\nmobile = 300"))
    spec = spec.with_recipe(
        {"recipes": {"recipe": [{"kind": "InverseSampling"}, {"kind": "Subsample", "rate": "subsample_rate"}]}}
    )
    prep, found = country.prepare(spec), []
    for seed in range(24):
        table = country.field_work(prep, seed).table
        weight = prep.recipe.apply(table).final / table["n_mobile"].to_numpy()
        found.append([weight.sum(), weight @ table["online"].to_numpy(dtype=float)])
    people = prep.pop.persons(np.arange(prep.pop.size), ["n_mobile", "online"])
    reached = people["n_mobile"] > 0
    truth = np.array([reached.sum(), (reached & people["online"]).sum()])
    error = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - truth) < 4 * error).all()
    assert (error / truth < 0.03).all()


def test_strata__are_known_of_every_call_too(tmp_path):
    calls = (
        ("[fieldwork.landline]", '[fieldwork]\nlevel = "calls"\n\n[fieldwork.landline]'),
        ('"InverseSampling"', '"Released"'),
    )
    run = spec_of(tmp_path, ("[sample]", STRATA), *calls).run(seed=2)
    assert set(run.interviews["number_stratum"]) == {"", "flagged", "not flagged"}
    assert list(run.counts.columns[:4]) == ["frame", "stratum", "number_stratum", "weight"]
    assert run.counts.loc[:, "I":].to_numpy().sum() == len(run.cases)


MISTAKES = [
    ((("[sample]", STRATA.replace("not flagged", "flagged")),), "'flagged' is listed twice"),
    ((("[sample]", STRATA.replace("0.1", "0.3")),), "working add up to 1.2"),
    ((("[sample]", STRATA.replace("0.8", "0.1")),), "others add up to 0.3"),
    (
        (("[sample]", STRATA.replace("others = 0.2", "others = 0.2\nrate = 0.0").replace("0.25", "0.0")),),
        "rate above 0",
    ),
    ((("[fieldwork.protocol]", SECOND),), "Subsample"),
    (
        (("[fieldwork.protocol]", SECOND.replace("rate = 0.3", "rate = 0.0")), (MULTIPLICITY, STEPS)),
        r"second_phase\.rate = 0",
    ),
    (
        (("[fieldwork.protocol]", SECOND.replace("rate = 0.3", 'of = ["NE"]')), (MULTIPLICITY, STEPS)),
        r"second_phase\.of",
    ),
    (
        (("[fieldwork.protocol]", SECOND.replace("attempts", "attempt")), (MULTIPLICITY, STEPS)),
        "did you mean .attempts",
    ),
    (
        (*BOTH[1:], ("[fieldwork.landline]", '[fieldwork]\nlevel = "calls"\n\n[fieldwork.landline]')),
        'level = "outcome"',
    ),
]


@pytest.mark.parametrize(("changes", "said"), MISTAKES)
def test_mistakes__name_the_key(tmp_path, changes, said):
    with pytest.raises(ss.SpecError, match=said):
        spec_of(tmp_path, *changes)
