"""Fieldwork of a country with all that China's has: seats, quotas, interviewers, prefixes, answers that are missing."""

import land
import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.survey import country

CALLS = (
    ("[fieldwork.landline]", '[fieldwork]\nlevel = "calls"\n\n[fieldwork.landline]'),
    ('"InverseSampling"', '"Released"'),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return land.written(tmp_path_factory.mktemp("land"), survey=land.SMALL)


def spec_of(folder, *changes, protocol="", measurement="", estimation=""):
    """The small country's survey with other keys."""
    text = (folder / "survey.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    text = text.replace(
        "[fieldwork.protocol]", f"[fieldwork.measurement]\n{measurement}\n\n[fieldwork.protocol]\n{protocol}"
    )
    (folder / "other.toml").write_text(text + f"\n[estimation]\n{estimation}\n", encoding="utf-8")
    return ss.SurveySpec.from_toml(folder / "other.toml")


def test_quotas__bound_the_interviews_of_every_group(folder):
    spec = spec_of(folder, *CALLS, protocol='quota = 1.1\nquota_by = ["sex", "age"]')
    run = spec.run(seed=3)
    totals, table = run.preparation.pop.control_totals(("sex", "age")), run.interviews
    for (sex, age), persons in totals.items():
        for frame, wanted in (("landline", 300), ("mobile", 400)):
            made = ((table["sex"] == sex) & (table["age"] == age) & (table["frame"] == frame)).sum()
            assert made <= np.ceil(1.1 * wanted * persons / sum(totals.values()) - 1e-9)
    full = run.tables()["paradata"]["result"] == "quota filled"
    assert full.any()
    assert (run.cases.loc[run.tables()["paradata"].loc[full, "case"], "disposition"] == "NE").all()


def test_calls__are_those_of_the_cases_and_of_the_costs(folder):
    run = spec_of(folder, *CALLS, protocol="interviewers = 12").run(seed=5)
    calls, cases = run.tables()["paradata"], run.cases
    assert (calls.groupby("case").size().reindex(cases.index, fill_value=0) == cases["calls"]).all()
    np.testing.assert_allclose(
        calls.groupby("case")["minutes"].sum().reindex(cases.index, fill_value=0), cases["minutes"], atol=0.1
    )
    assert run.costs(())["calls"].sum() == len(calls)
    assert calls["interviewer"].nunique() <= 12
    told = run.calendar()
    assert told["days"] == calls["day"].max() + 1
    assert 0 < told["on_the_telephone"] < 1
    assert run.counts[["I", "P", "R", "NC", "O", "UH", "UO", "NE"]].to_numpy().sum() == len(cases)


def test_seats__too_few_are_one_error_with_what_to_raise(folder):
    with pytest.raises(ss.DesignError, match=r"Raise fieldwork\.protocol\.interviewers = 1, field_days = 1"):
        spec_of(folder, *CALLS, protocol="interviewers = 1\nshift_hours = 0.3\nfield_days = 1").run(seed=1)


def test_missing__in_the_shares_of_groups_and_by_what_is_true(folder):
    """Of those under 60 a tenth, above 60 three tenths; of a "yes" twice as many."""
    said = 'missing = 0.1\nmissing_yes = 2\nmissing_in = [{ variable = "age", level = "60+", share = 0.3 }]'
    prep = country.prepare(spec_of(folder, measurement=said))
    table = pd.concat([country.field_work(prep, seed).table for seed in range(6)], ignore_index=True)
    true = prep.pop.persons(table["person_id"].to_numpy())
    for name in ("smokes", "online"):
        silent = table[name].isna().to_numpy()
        assert (table[name][~silent] == true[name][~silent]).all()
        for old, share in ((False, 0.1), (True, 0.3)):
            for yes, factor in ((True, 2), (False, 1)):
                mine = (((table["age"] == "60+") == old) & (true[name] == yes)).to_numpy()
                p = share * factor
                assert abs(silent[mine].mean() - p) < 4.5 * np.sqrt(p * (1 - p) / mine.sum())


def test_missing__estimates_are_of_those_who_answered_by_hand(folder):
    prep = country.prepare(spec_of(folder, measurement="missing = 0.3"))
    done = country.field_work(prep, 2)
    weights = prep.recipe.apply(done.table, done.counts)
    found = country.estimated(prep, done.table, country.survey_of(prep, done.table, weights)).table.set_index(
        "variable"
    )
    w, y = weights.final, done.table["smokes"]
    known, yes = y.notna().to_numpy(), y.fillna(False).to_numpy(dtype=bool)
    rate = w[yes].sum() / w[known].sum()
    assert found.loc["smoking", "estimate"] == pytest.approx(100 * rate)
    assert found.loc["smokers", "estimate"] == pytest.approx(rate * w.sum() / prep.pop.scale)
    old, online = (done.table["age"] == "60+").to_numpy(), done.table["online"]
    known, yes = online.notna().to_numpy() & old, online.fillna(False).to_numpy(dtype=bool) & old
    assert found.loc["online_60plus", "estimate"] == pytest.approx(100 * w[yes].sum() / w[known].sum())


@pytest.mark.statistical
def test_missing__at_random_leaves_rates_unbiased(folder):
    """Thirty surveys with a third of the answers missing, as many in every group: means to four standard errors."""
    prep = country.prepare(spec_of(folder, measurement="missing = 0.33"))
    values = []
    for seed in range(30):
        done = country.field_work(prep, seed)
        weights = prep.recipe.apply(done.table, done.counts)
        values.append(
            country.estimated(prep, done.table, country.survey_of(prep, done.table, weights)).table["estimate"]
        )
    values, truth = np.array(values), np.array(list(country.parameters(prep).values()))
    away = (values.mean(axis=0) - truth) / (values.std(axis=0, ddof=1) / np.sqrt(len(values)))
    assert np.abs(away).max() < 4.5


def test_teams__call_in_one_stratum_each(folder):
    strata = ("mobile = 400 ", 'mobile = 400\nwithin = "region" ')
    table = spec_of(folder, strata, protocol='interviewers = 9\nassignment = "stratum"').run(seed=1).interviews
    teams = table.groupby(table["region"].where(table["frame"] == "landline").dropna())["interviewer"].unique()
    assert not set(teams["coast"]) & set(teams["inland"])
    assert set(table["interviewer"]) == set(range(9))


@pytest.mark.statistical
def test_interviewers__as_clusters_give_the_error_that_their_effects_make(folder):
    """Interviewers move answers with a standard deviation of 0.7 in log odds: what households as clusters do not see."""
    keys = {"measurement": "interviewer_sd = 0.7", "protocol": "interviewers = 20"}
    preps = [
        country.prepare(spec_of(folder, estimation=f'clusters = "{c}"', **keys)) for c in ("household", "interviewer")
    ]
    values, errors = [], []
    for seed in range(60):
        done = country.field_work(preps[0], seed)
        weights = preps[0].recipe.apply(done.table, done.counts)
        found = [
            country.estimated(p, done.table, country.survey_of(p, done.table, weights)).table.iloc[0] for p in preps
        ]
        values.append(found[0]["estimate"])
        errors.append([row["se"] ** 2 for row in found])
    ratio = np.sqrt(np.mean(errors, axis=0)) / np.std(values, ddof=1)
    assert ratio[0] < 0.8
    assert abs(ratio[1] - 1) < 4 / np.sqrt(2 * 60)


def test_operators__are_known_of_every_number_and_weighted_in(folder):
    numbers = 'operators = [{ name = "Alpha", prefixes = 0.5, numbers = 0.7 }, { name = "Beta", prefixes = 0.5, numbers = 0.3 }]'
    step = 'kind = "Released"\n\n[[weighting.recipes.recipe]]\nkind = "NonresponseClasses"\nby = ["frame", "operator"]\ne = 0.5'
    spec = spec_of(
        folder, ("out_of_area = 0.08 ", f"out_of_area = 0.08\n{numbers} "), ('kind = "InverseSampling"', step)
    )
    run = spec.run(seed=2)
    assert run.counts[["frame", "operator"]].to_numpy().tolist() == [
        ["landline", ""],
        ["mobile", "Alpha"],
        ["mobile", "Beta"],
    ]
    for row in run.counts.to_dict("records"):
        mine = run.interviews[
            (run.interviews["frame"] == row["frame"]) & (run.interviews["operator"] == row["operator"])
        ]
        factor = (row["I"] + row["R"] + row["NC"] + row["O"] + 0.5 * row["UH"] + row["UO"]) / row["I"]
        np.testing.assert_allclose(mine["nonresponse_weight"] / mine["design_weight"], factor)
    assert run.cases.groupby("frame")["operator"].nunique().to_dict() == {"landline": 1, "mobile": 2}
    assert set(run.cases.loc[run.cases["frame"] == "landline", "prefix"]) == {-1}
    plain = spec_of(folder).run(seed=2)
    assert not {"operator", "prefix"} & {*plain.interviews, *plain.cases}
    np.testing.assert_array_equal(run.interviews["person_id"], plain.interviews["person_id"])
