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


def test_costs__by_hand(run):
    """An interview takes 15 minutes and 0.3 of wrap-up, after calls of half a minute that nobody answered; an hour costs 22."""
    cases, found = run.cases, run.costs().set_index("frame")
    made = cases[cases["disposition"] == "I"]
    np.testing.assert_allclose(made["minutes"], 15.3 + 0.8 * (made["calls"] - 1))
    dead = cases[cases["disposition"] == "NE"]
    assert set(dead["minutes"].round(6)) == {0.6, 1.1}  # not in service, a business
    for frame, part in cases.groupby("frame"):
        row = found.loc[frame]
        assert row["numbers"] == len(part)
        assert row["calls"] == part["calls"].sum()
        assert row["hours"] == pytest.approx(part["minutes"].sum() / 60)
        assert row["cost"] == pytest.approx(22 * row["hours"])
        assert row["cost_per_interview"] == pytest.approx(row["cost"] / row["interviews"])
    assert run.costs(()).loc[0, "calls"] == cases["calls"].sum()
    assert run.calendar()["staffed_hours"] == pytest.approx(run.costs(()).loc[0, "hours"])  # with nobody idle
    with pytest.raises(ss.SurveysimError, match="by"):
        run.costs("province")


def test_dual_frame__from_the_weights_of_each_frame(run):
    table = run.interviews
    parts = [table[table["frame"] == frame].reset_index(drop=True) for frame in ("landline", "mobile")]
    samples = [ss.Survey(part, weight="multiplicity_weight", strata="stratum", psu="psu") for part in parts]
    sizes = {"A": 1e5, "B": 4e5}
    wanted = ss.DualFrameSurvey(*samples, domain="domain").mean("smokes", estimator="pml", frame_sizes=sizes).table
    found = run.dual_frame().mean("smokes", estimator="pml", frame_sizes=sizes).table
    np.testing.assert_allclose(found[["estimate", "se"]], wanted[["estimate", "se"]])
    lines = table["n_lines"] / table["household_size"]
    np.testing.assert_allclose(table["probability_landline"], table["rate_landline"] * lines)
    bare = run.interviews.drop(columns="multiplicity_weight")
    with pytest.raises(ss.SpecError, match="Multiplicity"):
        country.dual_frame_of(bare)


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


CALLS = """
[fieldwork.measurement]
sensitive = ["smokes"]
under = 0.3
forgotten_number = 1.0

[fieldwork.protocol]
staffing = [0.0, 0.5, 0.8, 0.0, 0.0, 0.0]
"""


def test_calls_and_answers__by_the_keys_of_the_file(folder):
    """Every call is made in a staffed slot; three tenths of the smokers deny it, and nobody owns to a second mobile."""
    text = (folder / "survey.toml").read_text(encoding="utf-8").replace("[fieldwork.protocol]", CALLS)
    text = text.replace("[fieldwork.landline]", '[fieldwork]\nlevel = "calls"\n\n[fieldwork.landline]\nbusy = 0.1')
    text = text.replace('"InverseSampling"', '"Released"')
    (folder / "calls.toml").write_text(text, encoding="utf-8")
    run = ss.SurveySpec.from_toml(folder / "calls.toml").run(seed=3)
    table, true = run.interviews, run.preparation.pop.persons(run.interviews["person_id"].to_numpy())
    assert run.spec.fieldwork.level == "calls"
    assert not (table["smokes"] & ~true["smokes"]).any()
    denied = (true["smokes"] & ~table["smokes"]).sum() / true["smokes"].sum()
    assert abs(denied - 0.3) < 4 * np.sqrt(0.21 / true["smokes"].sum())
    assert (table["online"] == true["online"]).all()
    assert table["n_mobile"].max() == 1 < true["n_mobile"].max()
    assert run.costs()["hours"].gt(0).all()
    assert run.counts["I"].tolist() == [300, 400]


def test_ratio_of_two_outcomes__is_that_of_their_totals_as_in_the_population(tmp_path):
    """Smokers over people online, who need not be the same people: smokers offline were left out, and the ratio was too low."""
    text = land.FILES["indicators.csv"] + "smokers_per_online,smokes,online,\nonline_per_smoker,online,smokes,\n"
    folder = land.written(tmp_path, survey=land.SMALL, indicators=text)
    run = ss.SurveySpec.from_toml(folder / "survey.toml").run(seed=3)
    w, table = run.weights.final, run.interviews
    ratio = w[table["smokes"].to_numpy()].sum() / w[table["online"].to_numpy()].sum()
    found = run.comparison().set_index("indicator_id")
    assert found.loc["smokers_per_online", "estimate"] == pytest.approx(100 * ratio)
    assert found.loc["online_per_smoker", "estimate"] == pytest.approx(
        100 / ratio
    )  # above 100, where a logit has no interval
    away = (found["estimate"] - found["parameter"]) / found["se"]
    assert away.abs().max() < 4
    assert np.isfinite(found[["lower", "upper"]].to_numpy()).all()
    assert run.estimates.table["n"].le(len(table)).all()


def test_group_without_an_answer__is_one_error_that_names_the_indicator(tmp_path):
    folder = land.written(tmp_path, survey=land.SMALL)
    prep = country.prepare(ss.SurveySpec.from_toml(folder / "survey.toml"))
    done = country.field_work(prep, 1)
    weights = prep.recipe.apply(done.table, done.counts)
    table = done.table.assign(online=done.table["online"].astype("boolean").where(done.table["age"] != "60+"))
    with pytest.raises(ss.DataError, match="indicator 'online_60plus'"):
        country.estimated(prep, table, country.survey_of(prep, table, weights))
