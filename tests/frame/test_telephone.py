"""Numbers: bijection, working rates, digits, units."""

import numpy as np
import pytest

from surveysim import DataError, Population, TelephoneFrame, UnknownNameError
from surveysim.kernels import numbers as kernels


@pytest.mark.parametrize("kind", ["mobile", "landline"])
def test_owner_of_numbers_of__is_the_owner(kind, request):
    frame = request.getfixturevalue(kind)
    size = frame.pop.size if kind == "mobile" else frame.pop.n_households
    table = frame.numbers_of(np.arange(0, size, 307))
    assert len(table) > 1000
    np.testing.assert_array_equal(frame.owner(table["number"]), table.iloc[:, 0])


@pytest.mark.parametrize("kind", ["mobile", "landline"])
def test_whole_unit__every_slot_has_one_number(kind, request):
    """Exhaustive on one small unit: every hosted number has one owner slot, and the slot's number is that number."""
    frame = request.getfixturevalue(kind)
    n = frame.numbers
    u = int(np.argmin(np.where(n.hosted[3] > 500, n.hosted[3], np.inf)))
    every = np.arange(n.space[u])
    out = np.empty((len(every), 2), np.int64)
    kernels.owners(n, np.full(len(every), u), every, out)
    held = out[:, 0] >= 0
    assert held.sum() == n.hosted[3, u]
    assert len(np.unique(out[held], axis=0)) == held.sum()
    back = np.empty((int(held.sum()), 3, 2), np.int64)
    kernels.numbers_of_owners(n, out[held, 0], back)
    np.testing.assert_array_equal(
        back[np.arange(len(back)), out[held, 1]], np.column_stack([np.full(len(back), u), every[held]])
    )


def test_numbers_of__counts_what_people_have(pop, mobile, landline):
    ids = np.arange(0, pop.size, 501)
    counts = mobile.numbers_of(ids)["person_id"].value_counts().reindex(ids, fill_value=0)
    np.testing.assert_array_equal(counts.loc[ids], pop.persons(ids)["n_mobile"])
    ids = np.arange(0, pop.n_households, 501)
    counts = landline.numbers_of(ids)["household_id"].value_counts().reindex(ids, fill_value=0)
    np.testing.assert_array_equal(counts.loc[ids], pop.households(ids)["n_lines"])


@pytest.mark.statistical
@pytest.mark.parametrize("kind", ["mobile", "landline"])
def test_working_rate__is_as_expected(kind, request):
    """200,000 random numbers over the units: the share that reaches somebody within 5 standard errors."""
    frame = request.getfixturevalue(kind)
    rng = np.random.default_rng(3)
    unit = rng.integers(0, 337, 200_000)
    number = (rng.random(len(unit)) * frame.numbers.space[unit]).astype(np.int64)
    reached = frame.owner(frame.digits(unit, number)) >= 0
    expected = frame.units["working_rate"].to_numpy()[unit]
    assert abs(reached.mean() - expected.mean()) < 5 * np.sqrt((expected * (1 - expected)).sum()) / len(unit)


def test_digits__look_like_the_real_ones_and_parse_back(mobile, landline):
    rng = np.random.default_rng(4)
    assert all(len(t) == 11 and t[0] == "1" for t in mobile.random_numbers("110000", 50, rng))
    assert all(t.startswith("010") and len(t) == 11 for t in landline.random_numbers("110000", 50, rng))
    for frame in (mobile, landline):
        unit = rng.integers(0, 337, 3000)
        number = (rng.random(3000) * frame.numbers.space[unit]).astype(np.int64)
        found = frame._parse(frame.digits(unit, number))
        np.testing.assert_array_equal(found[0], unit)
        np.testing.assert_array_equal(found[1], number)


def test_random_numbers__take_a_prefecture_or_its_unit(mobile):
    joined = mobile.random_numbers("419001", 5, np.random.default_rng(1))  # Jiyuan is dialled with Jiaozuo
    unit = mobile.random_numbers("410800", 5, np.random.default_rng(1))
    assert list(joined) == list(unit)
    with pytest.raises(UnknownNameError, match="adcode"):
        mobile.random_numbers("000001", 5, np.random.default_rng(1))


def test_owner__is_minus_one_outside_the_frame(mobile):
    assert list(mobile.owner(["19999999999", "123", "29999999999"])) == [-1, -1, -1]
    with pytest.raises(DataError, match="not digits"):
        mobile.owner(["1380013800x"])


def test_out_of_area__zero_keeps_numbers_at_home():
    """Except where a unit's prefixes cannot hold its people's numbers: those live elsewhere in the province."""
    pop = Population.china(seed=5, scale=0.01)
    frame = TelephoneFrame(pop, "mobile", out_of_area=0.0)
    assert frame.numbers.away[0].max() == 0
    crowded = frame.numbers.layer_start[3] > 0.95 * frame.numbers.space
    assert not (frame.numbers.away[1][~crowded] > 0).any()


def test_units__never_host_more_slots_than_numbers(mobile, landline):
    for frame in (mobile, landline):
        assert (frame.numbers.hosted[3] <= frame.numbers.space).all()


def test_phone_prefixes__are_real_and_belong_to_their_unit(pop, mobile):
    """With the package `phone`: every prefix of a unit is one that phone.dat gives to a place of the unit."""
    phone = pytest.importorskip("phone")
    real = TelephoneFrame(pop, "mobile", prefixes="phone")
    codes, found = real._codes
    np.testing.assert_array_equal(real.prefixes, mobile.prefixes)
    assert len(np.unique(codes)) == len(codes)
    look = phone.Phone()
    names = real.units["name_zh"].to_numpy()
    for u in (0, 5, 100, 200, 336):
        some = codes[found.unit == u][:5] - 10_000_000
        for code in some:
            assert names[u].startswith(look.find(int(code))["city"][:2]), (names[u], code)
    ids = np.arange(0, pop.size, 9973)
    table, shipped = real.numbers_of(ids), mobile.numbers_of(ids)
    np.testing.assert_array_equal(table["person_id"], shipped["person_id"])
    np.testing.assert_array_equal(real.owner(table["number"]), table["person_id"])


def test_phone_prefixes__are_all_of_the_country():
    """At full scale the frame has every one of the 499,527 prefixes, each in one unit."""
    pytest.importorskip("phone")
    codes = TelephoneFrame(Population.china(), "mobile", prefixes="phone")._codes[0]
    assert len(codes) == len(np.unique(codes)) == 499_527


def test_numbers__belong_to_the_unit_of_their_prefix_which_need_not_be_the_owners(pop, mobile):
    ids = np.arange(0, pop.size, 4999)
    table = mobile.numbers_of(ids)
    unit, _ = mobile._parse(table["number"])
    home = np.searchsorted(mobile.numbers.owner_start, table["person_id"], side="right") - 1
    away = (unit != home).mean()
    assert 0.05 < away < 0.25, "half of those registered elsewhere kept their number"
