"""Coefficients of a regression as estimands of the survey: the model of everybody, person by person, and what a study says of them."""

import numpy as np
import pytest

import surveysim as ss
from surveysim.survey import coefficients, estimands

ODDS = {
    "name": "old",
    "kind": "coefficient",
    "formula": "internet ~ urban + sex + age_60plus",
    "term": "age_60plus",
    "family": "binomial",
}
HOURS = {"name": "hours", "kind": "coefficient", "formula": "weekly_hours ~ age_group", "term": "age_group[T.60-69]"}
ELDER = {
    "name": "elder",
    "kind": "coefficient",
    "formula": "elder_mode ~ female",
    "term": "female",
    "family": "binomial",
}


def keys(*entries, repetitions=3, **more):
    return {
        "extends": "cnnic-2024-12",
        "study": {"repetitions": repetitions, "seed": 1},
        "population": {"scale": 0.01},
        "sample": {"interviews": 2500, "minimum_per_province": 40, "minimum_per_unit": 2},
        "weighting": {"margins": ["sex"]},
        "estimands": list(entries),
    } | more


def people(pop):
    """Everybody aged 6 or older."""
    table = pop.persons(
        np.arange(pop.size), ["age", "urban", "sex", "age_group", "internet", "weekly_hours", "elder_mode"]
    )
    return table[table["age"] >= 6].assign(
        urban_1=lambda t: (t["urban"] == "urban").astype(float),
        female=lambda t: (t["sex"] == "female").astype(float),
        old=lambda t: (t["age"] >= 60).astype(float),
    )


def test_truths__are_the_models_of_everybody_person_by_person():
    pop = ss.Population.china(seed=3, scale=0.0002)
    found = estimands.truths(pop, ss.Study(keys(ODDS, HOURS, ELDER)).definitions)
    odds, hours, elder = (found[name, ""] for name in ("old", "hours", "elder"))
    everybody = people(pop)
    x = np.column_stack([np.ones(len(everybody)), everybody[["urban_1", "female", "old"]]])
    assert odds == pytest.approx(_logit(x, everybody["internet"].to_numpy(float))[3], rel=1e-8)
    online = everybody[everybody["internet"]]
    mean = online.groupby("age_group", observed=True)["weekly_hours"].mean()
    assert hours == pytest.approx(mean["60-69"] - mean["6-9"], rel=1e-8)
    old = online[online["age"] >= 60]
    share = old.groupby("female")["elder_mode"].mean()
    assert elder == pytest.approx(np.diff(np.log(share / (1 - share)))[0], rel=1e-8)


def _logit(x, y):
    """Newton's steps written once more."""
    beta = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ beta))
        beta = beta + np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]), x.T @ (y - p))
    return beta


def test_estimates__are_those_of_the_interviews_with_the_same_weights():
    study = ss.Study(
        keys(ODDS, methods=[{"name": "linearized"}, {"name": "again", "variance": "rao-wu", "replicates": 30}])
    )
    found = study.run(progress=False)
    assert found.failures.empty
    table = found.to_frame().set_index(["repetition", "method"])
    run = study.replay("base", 1)
    survey = run.survey
    model = survey.glm("internet ~ urban + sex + C(age >= 60)", family="binomial")
    row = model.coefficients.iloc[3]
    assert table.loc[(1, "linearized"), "estimate"] == pytest.approx(row["estimate"], rel=1e-7)
    assert table.loc[(1, "linearized"), "se"] == pytest.approx(row["se"], rel=1e-6)
    assert table.loc[(1, "again"), "estimate"] == pytest.approx(row["estimate"], rel=1e-7)
    assert 0.6 < table.loc[(1, "again"), "se"] / row["se"] < 1.6


def test_a_study__finds_no_bias_where_everybody_answers():
    """Of netizens, who all have a telephone: of everybody the model differs from that of those whom a telephone reaches."""
    laptops = ODDS | {"formula": "device_laptop ~ urban + college_plus", "term": "college_plus"}
    found = ss.Study(keys(laptops, repetitions=80, stages={"nonresponse": False})).run(progress=False)
    table = found.to_frame()
    error = table["estimate"] - table["true"]
    assert abs(error.mean()) < 4 * error.std() / 80**0.5
    assert 0.75 < table["se"].mean() / error.std() < 1.3
    covered = (table["lower"] <= table["true"]) & (table["true"] <= table["upper"])
    assert covered.mean() > 0.87


def test_missing_answers__leave_the_model():
    found = ss.Study(keys(ELDER, fieldwork={"measurement": {"missing": 0.1}})).run(progress=False)
    assert found.failures.empty
    whole = ss.Study(keys(ELDER)).run(progress=False).to_frame()
    assert (found.to_frame()["n"] < whole["n"]).all()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"term": ""}, "needs formula"),
        ({"formula": ""}, "needs formula"),
        ({"formula": "internet ~ urbann"}, "no column 'urbann'.*urban"),
        ({"formula": "internet + 1 ~ urban"}, "has to be one answer"),
        ({"formula": "urban ~ sex"}, "has to be one answer"),
        ({"formula": "genai_user ~ internet"}, "'internet' is an answer"),
        ({"formula": "weekly_hours ~ sex"}, "weekly_hours is a number"),
        ({"family": "ordinal"}, "internet is yes or no"),
        ({"numerator": "internet"}, "leave it out"),
        ({"by": ["sex"]}, "leave it out"),
        ({"kind": "ratio", "numerator": "internet", "denominator": "persons"}, "belong to kind"),
    ],
)
def test_coefficients__say_what_is_wrong(more, message):
    with pytest.raises(ss.SpecError, match=message):
        ss.Study(keys(ODDS | more))


def test_terms__that_the_model_has_not_are_refused_before_any_repetition():
    with pytest.raises(ss.SurveysimError, match=r"no coefficient 'age_60'.*age_60plus"):
        ss.Study(keys(ODDS | {"term": "age_60"})).run(progress=False)


def test_dual_frame_estimators__have_no_regression():
    study = ss.Study(keys(ODDS, methods=[{"name": "hartley", "estimator": "hartley"}]))
    with pytest.raises(ss.StudyError, match="dual-frame estimators have no regression"):
        study.run(progress=False)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("internet", "persons*age_6plus"),
        ("weekly_hours", "internet"),
        ("elder_mode", "internet*age_60plus"),
        ("device_tv", "internet"),
        ("skill_software_install", "skill_any"),
    ],
)
def test_asked__is_whose_answer_there_is(response, expected):
    assert coefficients.asked(response) == expected


def test_families__are_in_the_fingerprint():
    linear, logistic = (ss.Study(keys(ODDS | {"family": family})).facts(0) for family in ("gaussian", "binomial"))
    assert linear["estimands.old"] != logistic["estimands.old"]
