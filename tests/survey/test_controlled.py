"""Control variates of surveys: what a census expects of answers, by person in plain sums, and in repetitions; what they explain."""

import numpy as np
import pytest

import surveysim as ss
from surveysim import SurveySpec
from surveysim.kernels import expectation as kernels
from surveysim.kernels.respondents import PERSON_TYPES
from surveysim.population.outcomes import cell_groups
from surveysim.survey import controlled
from surveysim.survey.weighted import carry_out

SMALL = {"interviews": 4000, "minimum_per_province": 0, "minimum_per_unit": 2}
KEYS = {"extends": "cnnic-2024-12", "population": {"scale": 0.01}, "sample": SMALL}
ESTIMANDS = [
    {"name": "penetration", "numerator": "internet", "denominator": "persons"},
    {"name": "payment", "numerator": "app_online_payment", "denominator": "internet"},
    {"name": "hours", "numerator": "weekly_hours", "denominator": "internet", "kind": "mean"},
    {"name": "offline", "numerator": "internet", "denominator": "persons", "kind": "complement"},
    {"name": "by sex", "numerator": "internet", "denominator": "persons", "by": ["sex"]},
    {"name": "slope", "kind": "coefficient", "formula": "internet ~ urban", "term": "urban[T.urban]"},
]


@pytest.fixture(scope="module")
def source():
    methods = [{"name": "recipe"}, {"name": "sex", "weighting": {"margins": ["sex"]}}]
    keys = KEYS | {"study": {"control_variates": True}, "estimands": ESTIMANDS, "methods": methods}
    made = ss.Study(keys).plan().source(0)
    made.warm()
    return made


def test_expected_answers__are_sums_over_persons():
    """On mobiles nobody shares, every owner counts once, times the chance that who is of the type is interviewed."""
    spec = SurveySpec.preset("cnnic-2024-12", population={"scale": 0.005}, sample=SMALL)
    found = spec.expect()
    found.__dict__["factor"] = np.ones(found.dialled.shape)
    prep, pop = found.preparation, found.preparation.pop
    assert spec.fieldwork.mobile.shared == 0
    k = list(pop.outcome_names).index("app_online_payment")
    columns = np.array([kernels.PEOPLE, kernels.INTERNET, kernels.MANUFACTURING, kernels.HOURS, kernels.OUTCOMES + k])
    made = controlled.expected_answers(found, columns)
    complete = [o.chance[:, 0].sum(axis=1) for o in prep.fieldwork.outcomes]
    for f in range(2):  # people by type, which another census counts
        chance = complete[f][:PERSON_TYPES] * found.persons[f, :, :PERSON_TYPES].sum(axis=0)
        both = (np.arange(PERSON_TYPES) // 3) % 2
        want = np.bincount(both, chance, 2)
        np.testing.assert_allclose(made[f, :, :, 0].sum(axis=1), want, rtol=1e-10)
    want, group = np.zeros(len(columns)), np.asarray(cell_groups()[0])
    for first in range(0, pop.size, 500_000):
        ids = np.arange(first, min(first + 500_000, pop.size))
        a = pop.attributes(ids)
        answers, hours = pop.answers(ids, a)
        kind = (((a.sex * 64 + a.urban * 32 + group[a.cell]) * 2 + a.internet) * 2 + (a.n_lines > 0)) * 3 + a.sector
        w = complete[1][kind] * ((a.n_mobile > 0) & a.aged_6)
        manufacturing = a.internet & (a.sector == 2)
        want += [w.sum(), w @ a.internet, w @ manufacturing, w @ np.where(a.internet, hours, 0.0), w @ answers[:, k]]
    np.testing.assert_allclose(made[1].sum(axis=(0, 1)), want, rtol=1e-9)


def test_controls__are_zero_on_average_and_explain_the_estimates(source):
    rows = []
    for r in range(40):
        values, failures = source.repetition(r)
        if not failures:
            rows.append(values)
    values = np.array(rows)
    estimate, control = values[..., 0], values[..., -1]
    assert np.isnan(control[..., source.items.index(("slope", ""))]).all()
    at = [k for k, (name, _) in enumerate(source.items) if name != "slope"]
    estimate, control = estimate[..., at], control[..., at]
    z = control.mean(axis=0) / (control.std(axis=0, ddof=1) / np.sqrt(len(control)))
    assert np.abs(z).max() < 4.2
    off = [v - v.mean(axis=0) for v in (estimate, control)]
    rho = (off[0] * off[1]).sum(axis=0) / np.sqrt((off[0] ** 2).sum(axis=0) * (off[1] ** 2).sum(axis=0))
    assert (
        rho > 0.75
    ).all()  # 4,000 interviews in 31 provinces are few for linear approximations; 30,000 have 0.95 and more


def test_controls__are_of_what_is_true_whatever_is_said(source):
    """Misreports change estimates and no control: expectations are of true answers."""
    fieldwork = {"measurement": {"internet_over": 0.2}}
    other = ss.Study(KEYS | {"estimands": ESTIMANDS, "fieldwork": fieldwork}).plan().source(0)
    cases = carry_out(other.prep, 1, 0)[0]
    mine, theirs = source._controls, object.__new__(controlled.SurveyControls)
    theirs.__dict__.update(mine.__dict__, prep=other.prep)
    same = carry_out(source.prep, 1, 0)[0]
    np.testing.assert_array_equal(cases.person, same.person)
    assert (cases.attributes.internet != same.attributes.internet).any()
    np.testing.assert_allclose(theirs.of(cases), mine.of(same), rtol=1e-12)
