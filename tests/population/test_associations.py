"""What goes with age: schooling of cohorts, town and country; the published margins hold in nation and prefectures."""

import numpy as np
import pytest

from surveysim import reference
from surveysim.population import associations, census


@pytest.fixture(scope="module")
def joint():
    return {year: census.joint_table(year) for year in (2020, 2023, 2024)}


def share(part, whole):
    return 100 * part.sum() / whole.sum()


def test_census__holds_in_every_prefecture(joint):
    """2020 stays the census: ages exactly, education and town to 1e-4."""
    table = joint[2020]
    np.testing.assert_allclose(table.sum(axis=(1, 4)), census.ages_by_prefecture(2020), rtol=1e-9, atol=1e-6)
    schooling = reference.education_by_prefecture()
    found = table[:, :, :, 3:].sum(axis=(1, 3))
    large = schooling.sum(axis=(1, 2)) > 300_000
    expected = schooling / schooling.sum(axis=2, keepdims=True)
    np.testing.assert_allclose((found / found.sum(axis=2, keepdims=True))[large], expected[large], atol=2e-4)
    places = reference.frame_units()
    urban = table[:, 1].sum(axis=(1, 2, 3))
    np.testing.assert_allclose(urban, places["urban_2020_persons"], rtol=2e-3, atol=50)


@pytest.mark.parametrize(("year", "printed"), [(2023, 19.20), (2024, 21.72)])
def test_college__moves_with_cohorts_to_the_published_share(joint, year, printed):
    table = joint[year]
    assert share(table[:, :, :, 3:, 5:], table[:, :, :, 3:]) == pytest.approx(printed, abs=0.01)
    by_age = table.sum(axis=(0, 1, 2))
    college = by_age[:, 5:].sum(axis=1) / by_age.sum(axis=1)
    before = joint[2020].sum(axis=(0, 1, 2))
    earlier = before[:, 5:].sum(axis=1) / before.sum(axis=1)
    assert (college[8:12] > earlier[8:12]).all(), "the forties of today went to college more often"


def test_schooling__of_the_old_is_the_published_one(joint):
    assert share(joint[2020][..., 14:, 4:], joint[2020][..., 14:, :]) == pytest.approx(13.90, abs=0.01)


def test_country__is_older_than_towns_and_has_as_many_children_as_assumed(joint):
    country, towns = joint[2020][:, 0], joint[2020][:, 1]
    assert share(country[:, :, 14:], country) == pytest.approx(23.81, abs=0.02)
    assert share(country[:, :, 15:], country) == pytest.approx(17.72, abs=0.02)
    assert share(country[:, :, :5], country) == pytest.approx(100 * associations.RURAL_UNDER_15, abs=0.05)
    assert share(towns[:, :, 14:], towns) == pytest.approx(15.82, abs=0.1)


def test_town_by_age__of_the_census_itself_is_the_census():
    ages, living = census.national_ages(2020).sum(axis=0), census.nation(2020)[1]
    again = associations.town_by_age(ages, float(living[1].sum()), living)
    np.testing.assert_allclose(again, living, rtol=1e-9)


def test_raked__meets_margins_and_parts():
    table = np.random.default_rng(3).uniform(1, 2, (3, 4))
    mask = np.zeros((3, 4), bool)
    mask[0, :2] = True
    rows = np.array([[10.0], [20.0], [30.0]])
    found = associations.raked(table, [((1,), rows)], [(mask, 4.0)])
    np.testing.assert_allclose(found.sum(axis=1, keepdims=True), rows)
    assert found[mask].sum() == pytest.approx(4.0)
