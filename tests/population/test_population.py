"""The virtual population: fixed people, coherent households, margins and published figures."""

import numpy as np
import pytest
from scipy import stats

from surveysim import DataError, Population, SpecError, UnknownNameError, reference
from surveysim.population import census, parameters


def test_size__is_the_scaled_nation(pop):
    assert pop.size == round(1_409_670_000 * 0.01)


def test_persons__depend_on_the_id_alone(pop):
    ids = np.array([0, 13, 99_999, pop.size - 1])
    together, apart = pop.persons(ids), [pop.persons([i]) for i in ids]
    for k, one in enumerate(apart):
        assert together.iloc[k].astype(str).tolist() == one.iloc[0].astype(str).tolist()


def test_seed__changes_the_people(pop):
    other = Population.china(seed=6, scale=0.01)
    ids = np.arange(2000)
    assert (pop.persons(ids)["age"] != other.persons(ids)["age"]).mean() > 0.8


def test_members_of_a_household__share_place_and_line(pop):
    households = pop.households(np.arange(0, pop.n_households, 5003))
    for row in households.itertuples():
        members = pop.persons(np.arange(row.first_person_id, row.first_person_id + row.household_size))
        assert (members["household_id"] == row.household_id).all()
        assert members["prefecture"].astype(str).eq(str(row.prefecture)).all()
        assert (members["n_lines"] == row.n_lines).all()
        if row.kind == "family":
            assert members["age"].iloc[0] >= 15, "the head of a family is no child"


def test_children__have_no_degree_no_mobile_under_6_and_are_no_netizens(pop):
    people = pop.persons(np.arange(0, pop.size, 97))
    young = people[people["age"] < 6]
    assert not young["internet"].any()
    assert (young["n_mobile"] == 0).all()
    assert (people[people["age"] < 15]["education"] != "college_plus").all()


def test_people_without_a_telephone__are_no_netizens_under_the_reports_assumption(pop):
    people = pop.persons(np.arange(0, pop.size, 31))
    silent = (people["n_mobile"] == 0) & (people["n_lines"] == 0)
    assert silent.sum() > 1000
    assert not people.loc[silent, "internet"].any()


def test_no_phone_internet_rate__lets_them_online():
    people = Population.china(seed=5, scale=0.001, no_phone_internet_rate=0.5).persons(np.arange(0, 1_400_000, 31))
    silent = (people["n_mobile"] == 0) & (people["n_lines"] == 0) & (people["age"] >= 6)
    assert 0.15 < people.loc[silent, "internet"].mean() < 0.5


def test_nested_outcomes__stay_nested(pop):
    people = pop.persons(np.arange(0, pop.size, 211))
    for inner, outer in [
        ("app_short_video", "app_online_video"),
        ("app_micro_drama", "app_online_video"),
        ("genai_user", "genai_aware"),
        ("genai_aware", "internet"),
        ("skill_copy_paste", "skill_any"),
        ("genai_purpose_qa", "genai_user"),
        ("device_laptop", "internet"),
    ]:
        assert not (people[inner] & ~people[outer]).any(), inner
    assert not (people["nonuser_reason_age"] & people["internet"]).any()
    assert people["weekly_hours"].notna().eq(people["internet"]).all()


def test_tally__is_the_sum_over_persons(pop):
    """The streaming kernel and random access must agree: one whole prefecture, person by person."""
    rows = np.nonzero(pop.people.class_area // 2 == 300)[0]
    ids = np.arange(pop.people.class_person[rows[0]], pop.people.class_person[rows[-1] + 1])
    people = pop.persons(ids)
    sums = pop.area_sums[600:602].sum(axis=(0, 1, 2, 3))
    names = parameters.column_names()
    for name in ("internet", "app_ride_hailing", "nonuser_reason_no_skill", "skill_smart_farming"):
        assert sums[names.index(name)] == people[name].sum(), name
    assert sums[0] == len(people)
    assert sums[names.index("mobile_numbers")] == people["n_mobile"].sum()
    assert sums[names.index("weekly_hours")] == pytest.approx(10 * people["weekly_hours"].sum())


@pytest.mark.statistical
def test_prefecture_margins__are_the_census_moved_to_the_year(pop):
    """Sex × age of every prefecture within 5 √cell (and 2 for cells near zero), and the table's chi-square."""
    expected = census.ages_by_prefecture(2023) * pop.scale
    found = pop.area_sums[..., 0].sum(axis=-1).reshape(367, 2, 2, 20).sum(axis=1)
    assert np.all(np.abs(found - expected) <= np.maximum(5 * np.sqrt(expected), 8))
    big = expected > 20
    statistic = ((found - expected)[big] ** 2 / expected[big]).sum()
    assert statistic < stats.chi2.ppf(0.9999, big.sum())


@pytest.mark.statistical
def test_published_figures__hold_in_the_population(pop):
    """Every modelled figure within 5 standard errors of the finite population plus the allowed 0.15 points or 0.5 %."""
    published = reference.published()
    netizens = 0.01 * 1.1e9
    disagree = []
    for name, row in reference.indicators().iterrows():
        value, printed = pop.parameter(name)["value"].iloc[0], published.loc[name, "value_2024_12"]
        if np.isnan(printed):
            assert (
                published.loc[name, "value_2024_12_lo"] - 0.2 <= value <= published.loc[name, "value_2024_12_hi"] + 0.2
            )
        elif row["unit"] == "10k persons":
            value = value / pop.scale
            if abs(value / printed - 1) > 0.005 + 5 * np.sqrt(1e4 / printed / netizens) * 10:
                disagree.append(name)
        elif abs(value - printed) > 0.15 + 0.35:
            disagree.append(name)
    assert set(disagree) == {
        "internet_penetration_rural",
        "genai_rate_age_40_49",
        "genai_rate_age_50plus",
        "genai_rate_edu_below_college",
    }


@pytest.mark.parametrize("year", [2020, 2022, 2023, 2024])
def test_every_year__has_a_population(year):
    pop = Population.china(seed=2, scale=0.0005, year=year)
    assert pop.size == round(census.year_total(year)[0] * 0.0005)
    assert 76 < pop.parameter("internet_penetration")["value"].iloc[0] < 81


def test_expected_figures__hold_at_the_nation(pop):
    """Before any sampling of people: the model's expectation is the published size of netizens, to 1e-6."""
    model = pop.model
    use = (model.outcomes.use * model.covered).sum()
    assert use == pytest.approx(1_108_320_000, rel=1e-6)


def test_parameter__domains_add_up(pop):
    nation = pop.parameter("internet")["value"].iloc[0]
    for by in ("province", "urban", "sex", ["province", "education"], "prefecture"):
        assert pop.parameter("internet", by=by)["value"].sum() == nation
    assert (
        pop.parameter("internet", where={"province": "110000"})["value"].iloc[0]
        == pop.parameter("internet", by="province")["value"].iloc[0]
    )


def test_parameter__names_domains_as_text(pop):
    domains = list(pop.parameter("internet", by=["urban", "sex"])["domain"])
    assert domains == [
        "urban=rural, sex=male",
        "urban=rural, sex=female",
        "urban=urban, sex=male",
        "urban=urban, sex=female",
    ]


def test_parameter__refuses_unknown_names(pop):
    with pytest.raises(UnknownNameError, match="no variable"):
        pop.parameter("internets")
    with pytest.raises(UnknownNameError, match="cannot define a domain"):
        pop.parameter("internet", by="county")
    with pytest.raises(UnknownNameError, match="no label"):
        pop.parameter("internet", where={"province": "999999"})


def test_ids__outside_the_population_are_refused(pop):
    with pytest.raises(DataError, match="outside"):
        pop.persons([pop.size])
    with pytest.raises(DataError, match="whole numbers"):
        pop.persons([0.5])


@pytest.mark.parametrize(
    ("argument", "value"),
    [("scale", 0), ("scale", 2), ("year", 2021), ("seed", -1), ("seed", 1.5), ("residential_share", 0)],
)
def test_china__refuses_impossible_arguments(argument, value):
    with pytest.raises(SpecError, match=argument):
        Population.china(**{argument: value})


def test_parameter_cache__survives_damage(tmp_path):
    path = tmp_path / "table.npz"
    sums = np.arange(24).reshape(2, 3, 4)
    parameters.save(path, "mark", sums)
    np.testing.assert_array_equal(parameters.load(path, "mark"), sums)
    assert parameters.load(path, "another") is None
    path.write_bytes(path.read_bytes()[:40])
    assert parameters.load(path, "mark") is None
    assert parameters.load(tmp_path / "absent.npz", "mark") is None


def test_shipped_table__belongs_to_the_preset():
    from surveysim import SurveySpec

    pop = Population.china(**SurveySpec.preset("cnnic-2024-12").population.model_dump())
    assert pop.parameter_source == "shipped", "run `python3 run.py parameters` and commit the table"
    assert pop.parameter("netizens_size")["value"].iloc[0] == pytest.approx(110_832, rel=1e-4)
    assert pop.parameter("persons")["value"].iloc[0] == 1_409_670_000


@pytest.mark.long
def test_shipped_table__is_what_streaming_gives():
    from surveysim import SurveySpec

    pop = Population.china(**SurveySpec.preset("cnnic-2024-12").population.model_dump())
    sums = parameters.by_zone(parameters.stream(pop.people), pop.people.area_zone)
    np.testing.assert_array_equal(sums, pop.zone_sums)
