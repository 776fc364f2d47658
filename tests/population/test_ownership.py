"""Who owns a mobile: variants, shares of one's own, what is refused, and what does not change with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveysim import Population, SpecError, SurveySpec
from surveysim.columns import AGE_STARTS
from surveysim.population import ownership
from surveysim.population.parameters import MOBILES

AGES = np.array(AGE_STARTS)
steps = st.dictionaries(st.sampled_from(AGE_STARTS), st.floats(0, 1), min_size=1)
shares = st.fixed_dictionaries({"rural": steps, "urban": steps})


def people(seed=1):
    return np.random.default_rng(seed).uniform(1e3, 1e6, (62, 20))


@given(shares)
def test_shares_by_age__hold_from_their_age_to_the_next(table):
    """Looked up age by age, as one would on paper."""
    found = ownership.ownership_of(ownership.as_value(table), people())
    for zone in range(62):
        given_ = table["urban" if zone % 2 else "rural"]
        for g, age in enumerate(AGE_STARTS):
            before = [a for a in given_ if a <= age]
            assert found[zone, g] == (given_[max(before)] if before else 0.0)


@given(shares)
def test_value__is_hashable_and_reads_back_from_its_keys(table):
    value = ownership.as_value(table)
    assert hash(value) == hash(ownership.as_value(ownership.as_keys(value)))
    assert ownership.as_value(value) == value == ownership.as_value(ownership.as_keys(value))


@given(st.integers(0, 1000))
def test_operators__own_what_the_report_prints_and_surveys_less_everywhere(seed):
    persons = people(seed)
    most, fewer = (ownership.ownership_of(name, persons) for name in ("operators", "surveys"))
    aged = AGES >= 6
    assert (most * persons)[:, aged].sum() / persons[:, aged].sum() == pytest.approx(0.991, abs=1e-9)
    assert (most[:, aged] > fewer[:, aged]).all()
    assert (most[:, ~aged] == 0).all()
    odds = np.log(most[:, aged] / (1 - most[:, aged])) - np.log(fewer[:, aged] / (1 - fewer[:, aged]))
    np.testing.assert_allclose(odds, odds[0, 0], rtol=1e-6)


def test_surveys__lie_inside_what_surveys_found():
    """Adults between Gallup's 93 % of 2017 and Pew's 97 % of 2014 to 2016; more owners than users of smartphones at 65-89 (2021)."""
    persons = Population.china(seed=1, scale=0.002).model.expected
    age = (np.arange(280) // 7) % 20
    zones = np.stack([persons[:, age == g].sum(axis=1) for g in range(20)], axis=1)
    by_place = np.stack([zones[0::2].sum(axis=0), zones[1::2].sum(axis=0)])
    own = ownership.ownership_of("surveys", by_place)
    adults = AGES >= 20
    assert 0.93 < (own * by_place)[:, adults].sum() / by_place[:, adults].sum() < 0.97
    for first, last, smart in ((65, 69, 0.50), (70, 79, 0.312), (80, 89, 0.126)):
        group = (first <= AGES) & (last >= AGES)
        assert (own * by_place)[:, group].sum() / by_place[:, group].sum() > smart


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ("operator", "no such variant"),
        (0.99, "both residences"),
        ({"rural": {6: 1.0}}, "both residences"),
        ({"rural": {6: 1.0}, "urban": {7: 1.0}}, "has the age 7"),
        ({"rural": {6: 1.0}, "urban": {6: 1.5}}, "urban.6 = 1.5"),
        ({"rural": {}, "urban": {6: 1.0}}, "no table of shares"),
        (("rural", "urban"), "both residences"),
    ],
)
def test_refused__with_its_key_in_population_and_specification(given_, says):
    with pytest.raises(SpecError, match=rf"population\.mobile_ownership = .*{says}"):
        Population.china(mobile_ownership=given_)
    with pytest.raises(SpecError, match=rf"population\.mobile_ownership = .*{says}"):
        SurveySpec.preset("cnnic-2024-12", population={"mobile_ownership": given_})


def test_owners_change__subscriptions_do_not():
    """Of every province, and the fingerprint knows; what owners leave are second and third numbers."""
    few, many = (Population.china(seed=1, scale=0.005, mobile_ownership=o) for o in ownership.VARIANTS)
    assert few.fingerprint != many.fingerprint
    np.testing.assert_array_equal(few.model.telephones.personal_mobiles, many.model.telephones.personal_mobiles)
    owners, numbers = ([], [])
    for pop in (few, many):
        status = pop.sums("status", fine=False).status.sum(axis=(1, 2, 3))
        owners.append((status @ (MOBILES > 0)).sum())
        numbers.append((status @ MOBILES).reshape(31, 2).sum(axis=1))
    assert owners[1] > 1.04 * owners[0]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=0.02)


def test_specification__comes_back_from_its_own_keys():
    own = {"rural": {"6": 0.7, "15": 0.98}, "urban": {"6": 0.8, "15": 0.99}}
    spec = SurveySpec.preset("cnnic-2024-12", population={"mobile_ownership": own})
    assert spec.population.model_dump()["mobile_ownership"] == own
    assert SurveySpec.model_validate(spec.model_dump()) == spec
    assert hash(SurveySpec.model_validate(spec.model_dump())) == hash(spec)
    assert SurveySpec.preset("cnnic-2024-12-operators").population.mobile_ownership == "operators"
