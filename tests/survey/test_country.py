"""A survey of a country from its folder: interviews, weights by hand, estimates against the population, the same for the same seed."""

import land
import numpy as np
import pytest

import surveysim as ss
from surveysim.survey import country


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return land.written(tmp_path_factory.mktemp("land"), survey=land.SMALL)


@pytest.fixture(scope="module")
def run(folder):
    return ss.SurveySpec.from_toml(folder / "survey.toml").run(seed=3)


def test_interviews__as_many_as_wanted_and_weights_by_hand(run):
    table = run.interviews
    assert table["frame"].value_counts().to_dict() == {"mobile": 400, "landline": 300}
    first = table.iloc[0]
    m, t, space = first["unit_interviews"], first["unit_dialled"], first["number_space"]
    assert first["design_weight"] == pytest.approx(space * (m - 1) / ((t - 1) * m))
    assert first["multiplicity_weight"] == pytest.approx(
        first["design_weight"] * first["household_size"] / first["n_lines"]
    )
    assert not table["person_id"].duplicated().all()
    assert run.weights.final.sum() == pytest.approx(run.preparation.pop.size)
    totals = run.preparation.pop.control_totals(("education",))
    for level, total in totals.items():
        assert run.weights.final[(table["education"] == level).to_numpy()].sum() == pytest.approx(total)


def test_rates__are_numbers_dialled_over_numbers_of_the_owners_area(run):
    table = run.interviews
    for frame in ("landline", "mobile"):
        part = table[table["frame"] == frame].iloc[0]
        assert np.allclose(table[f"rate_{frame}"], part["unit_dialled"] / part["number_space"])


def test_numbers__none_is_dialled_twice_and_counts_add_up(run):
    cases = run.cases
    owned = cases[cases["number"] >= 0]
    assert not owned.duplicated(["frame", "number"]).any()
    assert run.counts["I"].tolist() == [300, 400]
    assert run.counts.drop(columns=["frame", "stratum"]).to_numpy().sum() == len(cases)
    assert run.response_rates().loc["COOP1"].between(0.2, 0.4).all()


def test_estimates__near_the_population_in_its_units(run):
    table = run.comparison().set_index("indicator_id")
    away = (table["estimate"] - table["parameter"]) / table["se"]
    assert away.abs().max() < 4
    assert table.loc["smokers", "parameter"] == pytest.approx(
        0.21 * 2_440_000, rel=0.05
    )  # of the country, not of what is made
    assert table.loc["online_60plus", "published"] == 58


def test_run__is_that_of_its_seed(folder, run):
    spec = ss.SurveySpec.from_toml(folder / "survey.toml")
    assert spec.run(seed=3, record=False).comparison().equals(run.comparison())
    assert not spec.run(seed=4, record=False).comparison().equals(run.comparison())


def test_strata__each_has_its_interviews(folder):
    spec = ss.SurveySpec.from_toml(folder / "survey.toml")
    sample = spec.sample.model_copy(update={"within": "region", "between": "equal"})
    prep = country.prepare(spec.model_copy(update={"sample": sample}))
    table = country.field_work(prep, 1).table
    assert table["stratum"].value_counts().to_dict() == {
        **{f"mobile, {r}": 200 for r in ("coast", "inland")},
        **{f"landline, {r}": 150 for r in ("coast", "inland")},
    }
    coast = table[(table["stratum"] == "landline, coast")]
    assert set(coast["area"]) == {"Harbour", "Islands"}


def test_nobody_who_answers__is_one_error_with_the_remedy(folder):
    spec = ss.SurveySpec.from_toml(folder / "survey.toml")
    calls = spec.fieldwork.model_copy(update={"mobile": spec.fieldwork.mobile.model_copy(update={"cooperation": 1e-9})})
    with pytest.raises(ss.SurveysimError, match=r"fieldwork\.mobile\.contact or cooperation"):
        spec.model_copy(update={"fieldwork": calls}).run()
    thin = spec.sample.model_copy(update={"within": "area", "landline": 4})
    with pytest.raises(ss.SurveysimError, match=r"sample\.landline = 4"):
        spec.model_copy(update={"sample": thin}).prepare()


def test_brfss__raked_within_areas_meets_every_margin_of_each(folder):
    """The steps of BRFSS with `by`, as states are raked apart; levels of a thin area are joined, whose sums hold together."""
    spec = ss.SurveySpec.from_toml(folder / "survey.toml")
    steps = (
        {"kind": "Released"},
        {
            "kind": "Multiplicity",
            "frames": [["landline", "n_lines", "n_eligible"], ["mobile", "", ""]],
            "most_persons": 5,
        },
        {"kind": "Composite", "theta": "effective", "by": ["area"]},
        {"kind": "Trim", "rule": "iqr", "most": 4.0, "by": ["area"]},
        {"kind": "Rake", "by": "area", "margins": [["sex", "age"], "education", "urban"], "minimum": 5},
    )
    prep = country.prepare(spec.with_recipe({"recipe": "brfss", "recipes": {"brfss": steps}}))
    table = country.field_work(prep, 2).table
    weights = prep.recipe.apply(table)
    merged = {(m["partition"], m["margin"]) for m in weights.records[-1]["merged"]}
    for margin, name in ((("sex", "age"), "sex × age"), (("education",), "education"), (("urban",), "urban")):
        for (area, *level), total in prep.pop.control_totals(("area", *margin)).items():
            rows = (table["area"] == area).to_numpy()
            for column, value in zip(margin, level, strict=True):
                rows = rows & (table[column] == value).to_numpy()
            if (area, name) not in merged:
                assert weights.final[rows].sum() == pytest.approx(total, rel=1e-6)
    for area, total in prep.pop.control_totals(("area",)).items():
        assert weights.final[(table["area"] == area).to_numpy()].sum() == pytest.approx(total, rel=1e-6)
    assert weights.final.sum() == pytest.approx(prep.pop.size)
