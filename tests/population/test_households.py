"""Households: the census numbers by kind, seats that add up to everybody, children beside adults."""

import numpy as np
import pytest

from surveysim import Population, reference
from surveysim.columns import AGE_STARTS
from surveysim.population import census, households
from surveysim.population.households import DORMITORY, GENERATION, KINDS, SEATS, SIZE


@pytest.fixture(scope="module")
def table():
    return census.joint_table(2020).reshape(734, 2, len(AGE_STARTS), -1)


@pytest.fixture(scope="module")
def made(table):
    persons = np.rint(table.sum(axis=(1, 2, 3)) / 20).astype(np.int64)
    return households.classes(persons, table)


def test_kinds__have_a_head_first_and_generations_that_fit_their_seats():
    for seats, generation, _ in KINDS[:-1]:
        assert seats[0] == "h"
        assert seats.count("h") == 1
        kin = ("c" in seats) + ("o" in seats)
        assert generation == (0 if len(seats) == 1 else 1 + kin), seats
    assert SEATS[DORMITORY] == "d" * households.ROOM
    share = np.array([share for _, _, share in KINDS])
    np.testing.assert_allclose([share[g == GENERATION].sum() for g in range(5)], 1)


def test_classes__hold_everybody_of_every_area(table, made):
    size, kind, area, count = made.T
    persons = np.rint(table.sum(axis=(1, 2, 3)) / 20)
    np.testing.assert_array_equal(np.bincount(area, size * count, len(persons)), persons)
    family = kind != DORMITORY
    np.testing.assert_array_equal(size[family], SIZE[kind[family]])
    assert size[~family].max() <= households.ROOM


def test_classes__are_the_census_numbers_by_generation(made):
    """By prefecture: households of one person, and of one, two, three and more generations, within rounding."""
    _, kind, area, count = made.T
    places = reference.frame_units()
    facts = reference.load("households_prefecture").set_index("adcode").loc[places["adcode"]]
    of = {
        "one_person_2020": [0],
        "one_generation_2020": [0, 1],
        "two_generations_2020": [2],
        "three_generations_2020": [3],
    }
    for name, generations in of.items():
        inside = np.isin(GENERATION[kind], generations)
        found = np.bincount(area[inside] // 2, count[inside], len(places)) * 20
        expected = facts[name] + (facts["four_or_more_generations_2020"] if generations == [3] else 0)
        large = (places["population_2020_persons"] > 300_000).to_numpy()
        np.testing.assert_allclose(found[large], expected.to_numpy()[large], rtol=0.02, atol=400, err_msg=name)
        assert found.sum() == pytest.approx(expected.sum(), rel=1e-3)


def test_classes__hold_the_mean_size_of_the_others(made):
    """3.17 persons in households of two or more, nationally; by prefecture within 0.05 where it is large."""
    size, kind, area, count = made.T
    several = (kind != DORMITORY) & (size > 1)
    mean = (size * count)[several].sum() / count[several].sum()
    assert mean == pytest.approx(3.166, abs=0.005)
    places = reference.frame_units()
    facts = reference.load("households_prefecture").set_index("adcode").loc[places["adcode"]]
    persons = places["family_household_pop_2020_persons"].to_numpy() - facts["one_person_2020"].to_numpy()
    expected = persons / (places["family_households_2020"].to_numpy() - facts["one_person_2020"].to_numpy())
    large = (places["population_2020_persons"] > 1_000_000).to_numpy()
    inside, homes = (np.bincount(area[several] // 2, x[several], 367)[large] for x in (size * count, count))
    np.testing.assert_allclose(inside / homes, expected[large], atol=0.05)


def test_seats__add_up_to_the_census_cell_by_cell(table, made):
    seats = households.seated(table, made)
    found, expected = seats.roles.sum(axis=1), table.reshape(734, -1) / 20
    large = expected.sum(axis=1) > 20_000
    np.testing.assert_allclose(found[large], expected[large], rtol=2e-3, atol=2)
    young = np.repeat(np.tile(np.array(AGE_STARTS) < 20, 2), 7)
    assert seats.roles[:, : households.CHILD, young].sum() == 0, "no head or partner is under 20"


def test_reached__is_the_rate_where_it_is_one_for_all(table, made):
    seats = households.seated(table, made)
    people = households.reached(seats, np.full((734, 21), 0.3))
    there = seats.roles.sum(axis=1)
    np.testing.assert_allclose(people, 0.3 * there, rtol=1e-9, atol=1e-6)


def test_children__live_with_adults_and_head_no_household(pop):
    ids = np.arange(0, pop.size // 50)
    people = pop.persons(ids, ["household_id", "age", "household_size"])
    homes = pop.households(np.arange(people["household_id"].max()))  # the last may be cut
    people = people[people["household_id"] < len(homes)]
    kind = homes["kind"].to_numpy()[people["household_id"]]
    family = people[kind == "family"]
    first = family.drop_duplicates("household_id")
    assert first["age"].min() >= 20
    oldest = family.groupby("household_id")["age"].transform("max")
    assert (oldest[family["age"] < 18] >= 20).all()
    adult = family["age"].between(18, 59).groupby(family["household_id"]).transform("any")
    assert 0.01 < (~adult[family["age"] < 18]).mean() < 0.08, "children of grandparents"


@pytest.mark.statistical
def test_generations__are_a_lifetime_apart(pop):
    """Children are some thirty years younger than heads of two generations, parents some 25 older; few are nearly of one age."""
    homes = pop.households(np.arange(0, pop.n_households, 41))
    kinds = pop.people.class_kind[np.searchsorted(pop.people.class_household, homes["household_id"], "right") - 1]
    first = homes["first_person_id"].to_numpy()
    for letters, older in (("hpc", -1), ("hpcco", 1), ("hpoo", 1)):
        chosen = first[kinds == SEATS.index(letters)]
        head, last = (pop.attributes(chosen + k).age for k in (0, len(letters) - 1))
        gap = older * (last - head)
        assert 20 < np.median(gap) < 34, letters
        assert (gap < 13).mean() < 0.09, letters


@pytest.mark.statistical
def test_old_people__live_as_the_census_says():
    """Households with somebody of 65+ and those with one of them; people of 80+ alone: within two points of 2020."""
    pop = Population.china(seed=2, scale=0.003, year=2020)
    a = pop.attributes(np.arange(pop.size))
    family = pop.people.class_kind[a.home] != DORMITORY
    homes = np.bincount(a.household[family & (a.position == 0)], minlength=pop.n_households).sum()
    old = np.bincount(a.household, family & (a.age >= 65), pop.n_households)
    assert 100 * (old > 0).sum() / homes == pytest.approx(26.9, abs=1.5)
    assert 100 * (old == 1).sum() / (old > 0).sum() == pytest.approx(61.8, abs=3)
    aged = a.age >= 80
    assert 100 * ((a.household_size == 1) & family & aged).sum() / aged.sum() == pytest.approx(21.6, abs=1.5)


def test_generations__are_told_with_the_household(pop):
    homes = pop.households(np.arange(0, pop.n_households, 997))
    family = homes["kind"] == "family"
    assert (homes.loc[~family, "generations"] == 0).all()
    assert homes.loc[family, "generations"].between(1, 3).all()
    assert (homes.loc[family & (homes["household_size"] == 1), "generations"] == 1).all()
    assert (homes.loc[homes["generations"] == 3, "household_size"] >= 3).all()


def test_households__are_the_same_at_any_scale():
    """Shares of kinds do not depend on how many people there are."""
    shares = []
    for scale in (0.002, 0.01):
        p = Population.china(seed=3, scale=scale).people
        shares.append(np.bincount(GENERATION[p.class_kind], np.diff(p.class_household), 5))
    np.testing.assert_allclose(shares[0] / shares[0].sum(), shares[1] / shares[1].sum(), atol=0.002)
