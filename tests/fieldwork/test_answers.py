"""From true answers to what is written down."""

import numpy as np
import pytest

from surveysim import SpecError, SurveysimWarning, SurveySpec, streams
from surveysim.fieldwork import Fieldwork, Measurement, Protocol, dial
from surveysim.fieldwork.answers import MISSING
from surveysim.survey.preparation import prepare
from surveysim.survey.weighted import field_and_weight

SMALL = {"population": {"scale": 0.02}, "sample": {"interviews": 12_000, "minimum_per_province": 200}}
KEYS = streams.key(4, "", "fieldwork"), streams.key(4, "", "sampling")


@pytest.fixture(scope="module")
def prep():
    return prepare(SurveySpec.preset("cnnic-2024-12", **SMALL))


@pytest.fixture(scope="module")
def true(prep):
    return dial(prep.fieldwork, KEYS)


def heard(prep, protocol=None, **errors):
    field = prep.fieldwork
    return dial(
        Fieldwork(field.frames, field.design, field.models, protocol or field.protocol, Measurement(**errors)), KEYS
    )


def near(share, p, n):
    return abs(share - p) < 4.5 * np.sqrt(p * (1 - p) / n) + 1e-12


def test_no_error__leaves_every_answer_true(prep, true):
    said = heard(prep, proxy_under=0.9, missing_yes=5.0)
    np.testing.assert_array_equal(said.answers, true.answers)
    np.testing.assert_array_equal(said.attributes.numbers, true.attributes.numbers)


def test_misreported_use__happens_at_its_rates_and_moves_the_questions(prep, true):
    said = heard(prep, internet_over=0.1, internet_under=0.05)
    np.testing.assert_array_equal(said.person, true.person)
    was, now = true.attributes.internet, said.attributes.internet
    assert near((now & ~was).sum() / (~was).sum(), 0.1, (~was).sum())
    assert near((was & ~now).sum() / was.sum(), 0.05, was.sum())
    app = list(prep.pop.outcome_names).index("app_instant_messaging")
    assert said.answers[~now, app].sum() == 0
    assert said.answers[now & ~was, app].mean() > 0.5
    assert (said.hours[now & ~was] > 0).any()
    same = was == now
    np.testing.assert_array_equal(said.answers[same], true.answers[same])


def test_desirable_and_sensitive_answers(prep, true):
    names = list(prep.pop.outcome_names)
    good, bad = names.index("app_online_news"), names.index("app_short_video")
    said = heard(prep, desirable=("app_online_news",), over=0.2, sensitive=("app_short_video",), under=0.3)
    users = true.attributes.internet
    no, yes = users & (true.answers[:, good] == 0), users & (true.answers[:, bad] == 1)
    assert near(said.answers[no, good].mean(), 0.2, no.sum())
    assert near(1 - said.answers[yes, bad].mean(), 0.3, yes.sum())
    others = [k for k in range(len(names)) if k not in (good, bad)]
    np.testing.assert_array_equal(said.answers[:, others], true.answers[:, others])


def test_missing_answers__are_set_aside_and_weighted_up(prep, true):
    said = heard(prep, missing=0.25, missing_old=0.25)
    users = said.attributes.internet
    k = list(prep.pop.outcome_names).index("app_online_shopping")
    assert near((said.answers[users, k] == MISSING).mean(), 0.25, users.sum())
    assert (said.answers[~users, k] == 0).all()
    from surveysim.survey import estimands

    w = np.random.default_rng(2).uniform(1, 3, len(said))
    rows = prep.definitions.loc[["app_online_shopping_size", "app_online_shopping_rate"]]
    found = estimands.statistics(rows, estimands.Variables(prep.pop, said), prep.known, w)
    given = users & (said.answers[:, k] != MISSING)
    rate = (w * (said.answers[:, k] == 1)).sum() / w[given].sum()
    assert found[1].value == pytest.approx(rate)
    assert found[0].value == pytest.approx(rate * w[users].sum())
    step = 1e-6  # the scores are the derivatives by the weights
    for i in (3, 500):
        moved = w.copy()
        moved[i] += step
        again = estimands.statistics(rows, estimands.Variables(prep.pop, said), prep.known, moved)
        for a, b in zip(again, found, strict=True):
            assert (a.value - b.value) / step == pytest.approx(b.score[i], rel=1e-3, abs=1e-5)


def test_missing_depends_on_the_answer(prep, true):
    said = heard(prep, missing=0.1, missing_old=0.1, missing_yes=3.0)
    k = list(prep.pop.outcome_names).index("app_online_shopping")
    users = true.attributes.internet
    yes, no = users & (true.answers[:, k] == 1), users & (true.answers[:, k] == 0)
    assert near((said.answers[yes, k] == MISSING).mean(), 0.3, yes.sum())
    assert near((said.answers[no, k] == MISSING).mean(), 0.1, no.sum())


def test_proxies__miss_what_they_do_not_know(prep, true):
    said = heard(prep, proxy_old=0.5, proxy_under=0.4)
    k = list(prep.pop.outcome_names).index("app_instant_messaging")
    old = (true.attributes.age >= 70) & (true.answers[:, k] == 1)
    assert near(1 - said.answers[old, k].mean(), 0.2, old.sum())
    young = true.attributes.age < 70
    np.testing.assert_array_equal(said.answers[young], true.answers[young])


def test_interviewers__differ_by_their_standard_deviation(prep, true):
    """Between-interviewer variance of a share near one half: p(1-p)/m + (p(1-p) sd)², within 40 % of it."""
    said = heard(prep, Protocol(interviewers=60), interviewer_sd=0.4)
    plain = heard(prep, Protocol(interviewers=60))
    k = int(np.argmin(np.abs(plain.answers[plain.attributes.internet].mean(axis=0) - 0.5)))

    def between(cases):
        users = cases.attributes.internet
        n = np.bincount(cases.interviewer[users], minlength=60)
        return np.var(np.bincount(cases.interviewer[users], cases.answers[users, k], 60) / n)

    p = plain.answers[plain.attributes.internet, k].mean()
    assert between(plain) < 0.5 * (0.4 * p * (1 - p)) ** 2
    assert between(said) == pytest.approx((0.4 * p * (1 - p)) ** 2 + between(plain), rel=0.5)


def test_interviewers_by_province__work_in_one_team(prep):
    said = heard(prep, Protocol(interviewers=100, assignment="province"))
    provinces = prep.design.province[said.unit]
    assert all(len(np.unique(provinces[said.interviewer == j])) <= 1 for j in range(100))
    assert len(np.unique(said.interviewer)) >= 95


def test_forgotten_numbers__raise_the_weight(prep, true):
    said = heard(prep, forgotten_number=0.5)
    several = true.n_mobile > 1
    assert near((said.n_mobile[several] < true.n_mobile[several]).mean(), 0.5, several.sum())
    assert (said.n_mobile[~several] == true.n_mobile[~several]).all()


def test_an_unknown_item__is_refused(prep):
    with pytest.raises(SpecError, match=r"app_news.*no outcome"):
        SurveySpec.preset("cnnic-2024-12", **SMALL, fieldwork={"measurement": {"desirable": ["app_news"], "over": 0.1}})
    field = prep.fieldwork
    with pytest.raises(SpecError, match=r"app_news.*no outcome"):
        Fieldwork(field.frames, field.design, field.models, field.protocol, Measurement(sensitive=("app_news",)))


def test_missing_answers__are_missing_in_the_table():
    """What `run.survey` gives is what `run.estimates` gives; the file keeps the difference between no and no answer."""
    spec = SurveySpec.preset("cnnic-2024-12", **SMALL, fieldwork={"measurement": {"missing": 0.3, "missing_old": 0.3}})
    run = spec.run(seed=3, record=False)
    column = run.interviews["app_ride_hailing"]
    assert column.dtype == "boolean"
    assert 0.2 < column[run.interviews["internet"]].isna().mean() < 0.4
    assert not column[~run.interviews["internet"]].isna().any()
    with pytest.warns(SurveysimWarning, match="app_ride_hailing"):
        found = run.survey.ratio("app_ride_hailing", "internet").table["estimate"].iloc[0]
    printed = run.estimates.table.set_index("variable").loc["app_ride_hailing_rate", "estimate"]
    assert 100 * found == pytest.approx(printed, rel=1e-9)


def test_repetitions__with_errors_still_rake(prep):
    spec = SurveySpec.preset(
        "cnnic-2024-12",
        **SMALL,
        fieldwork={"measurement": {"missing": 0.05, "internet_under": 0.02, "interviewer_sd": 0.3}},
    )
    cases, table, weights = field_and_weight(prepare(spec), 5, 0)
    assert len(cases) == 12_000 == len(table)
    assert weights.calibration.converged


def test_missing_answers__leave_the_base_of_rates_and_nothing_else(prep, true):
    """skill_copy_paste hangs on skill_any and is a rate of all netizens: those without any skill stay in the base."""
    from surveysim.survey import estimands

    rows = prep.definitions.loc[["skill_copy_paste", "skill_software_install", "genai_purpose_image_video"]]
    w = np.ones(len(true))

    def rates(cases):
        return [s.value for s in estimands.statistics(rows, estimands.Variables(prep.pop, cases), prep.known, w)]

    few, many = heard(prep, missing=1e-4, missing_old=1e-4), heard(prep, missing=0.3, missing_old=0.3)
    np.testing.assert_allclose(rates(few), rates(true), atol=0.002)
    np.testing.assert_allclose(rates(many), rates(true), atol=0.04)


def test_effects_on_answers__are_independent_of_those_on_cooperation(prep):
    effects = [prep.fieldwork.effects(KEYS, 1.0, on) for on in (0, 1)]
    assert abs(np.corrcoef(effects)[0, 1]) < 4.5 / np.sqrt(len(effects[0]))
    assert all(abs(e.mean()) < 4.5 / np.sqrt(len(e)) for e in effects)
