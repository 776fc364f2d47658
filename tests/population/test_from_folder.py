"""Populations from a folder: margins, roles, likeness and telephones hold in the people who are made."""

import land
import numpy as np
import pytest

from surveysim import DataError, Population


@pytest.fixture(scope="module")
def country(tmp_path_factory):
    return Population.from_folder(land.written(tmp_path_factory.mktemp("land")), scale=0.1)


def share(pop, name, **where):
    return pop.parameter(f"{name}/persons", where=where or None)["value"].item()


def test_margins_hold_in_expectation_and_in_the_people(country):
    """Expected persons to 2e-4; those who are drawn to five standard errors, smaller where households are alike."""
    joint = country.expected.reshape(3, *(len(v) for v in country.levels.values()))
    for places, totals in country.facts.margins:
        kept = joint.sum(axis=tuple(1 + a for a in range(joint.ndim - 1) if a not in places))
        assert np.abs(kept - totals * 0.1).max() < 2e-4 * country.size
    drawn = country.parameter("persons", by=["area", "age"]).set_index("domain")["value"]
    for area, k in (("Harbour", 0), ("Uplands", 2)):
        expected = joint[k].sum(axis=(0, 2, 3))
        for label, n in zip(country.levels["age"], expected, strict=True):
            assert abs(drawn[f"area={area}, age={label}"] - n) < 5 * np.sqrt(2 * n)


def test_members_are_no_independent_draws(country):
    """Couples: opposite sexes, ages alike; children younger than parents, mates young; all live in town or all in the country."""
    homes = country.households(np.arange(0, country.n_households, 7))
    people = country.persons(np.arange(country.size), ["household_id", "sex", "age", "urban"])
    age = people["age"].cat.codes.to_numpy()
    first = homes["first_person_id"].to_numpy()
    p = country.people
    kind = p.class_role[np.searchsorted(p.class_person, first, side="right") - 1]
    role = {name: k for k, name in enumerate(country.roles)}
    couple = first[(homes["household_size"] >= 2) & (kind[:, 0] == role["partner"])]
    assert (people["sex"].to_numpy()[couple] != people["sex"].to_numpy()[couple + 1]).mean() > 0.88
    assert np.corrcoef(age[couple], age[couple + 1])[0, 1] > 0.5
    family = first[(homes["household_size"] >= 3) & (kind[:, 2] == role["child"])]
    assert age[family + 2].mean() < age[family].mean() - 0.3
    town = people["urban"].to_numpy() == "town"
    assert (town[couple] == town[couple + 1]).mean() > 0.95


def test_shares_by_telephone_and_group__are_the_files(country):
    """Groups are fitted on a sample of households, so within a point; landlines belong to everybody of a household."""
    status = country.persons(np.arange(country.size), ["telephone", "age", "household_id", "n_lines"])
    found = status["telephone"].value_counts(normalize=True)
    for name, percent in (("landline_only", 8), ("both", 42), ("mobile_only", 47), ("none", 3)):
        assert abs(100 * found[name] - percent) < 0.8
    young = status[status["age"] == "18-34"]["telephone"]
    assert abs(100 * (young == "mobile_only").mean() - 72) < 2
    assert status.groupby("household_id")["n_lines"].nunique().max() == 1
    assert abs(share(country, "smokes") - 0.21) < 0.006
    assert abs(share(country, "online", age="60+") - 0.58) < 0.012
    assert abs(share(country, "landline") - 0.50) < 0.01


def test_same_people_every_time_and_other_ones_by_seed(tmp_path, country):
    again = Population.from_folder(land.written(tmp_path), scale=0.1)
    assert again.fingerprint == country.fingerprint
    assert again.persons([5, 77]).equals(country.persons([5, 77]))
    assert Population.from_folder(tmp_path, scale=0.1, seed=2).fingerprint != country.fingerprint


def test_control_totals__are_those_of_the_file(country):
    totals = country.control_totals(("sex", "age"))
    assert totals["female", "60+"] == pytest.approx(0.1 * (170e3 + 46e3 + 190e3), rel=2e-3)
    assert country.control_totals(("region",))["inland"] == pytest.approx(101e3, rel=1e-3)
    phone = country.control_totals(("telephone",))
    assert phone["mobile_only"] == pytest.approx(country.size * 47 / 97)


def test_roles_that_leave_no_room__are_refused(tmp_path):
    files = land.written(tmp_path, roles=("child,age,35-59,0.15\n", "child,age,18-34,0\nchild,age,35-59,0\n"))
    (files / "roles.csv").write_text((files / "roles.csv").read_text().replace("60+,0.01", "60+,0"))
    with pytest.raises(DataError, match="margins and roles cannot be met together"):
        Population.from_folder(files, scale=0.01)


def test_everybody_alone_without_households(tmp_path):
    pop = Population.from_folder(land.written(tmp_path, households=None, roles=None), scale=0.001)
    assert pop.n_households == pop.size


def test_a_handful_of_people__can_be_made(tmp_path):
    """Their groups are off by chance, which is no contradiction of the facts."""
    assert Population.from_folder(land.written(tmp_path), scale=4e-6).size < 20
