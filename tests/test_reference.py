"""Identities the shipped facts must satisfy."""

import numpy as np
import pytest

from surveysim import reference


def test_provinces__sum_to_the_census():
    provinces = reference.load("provinces")
    assert len(provinces) == 31
    assert provinces["population_2020_persons"].sum() == 1_409_778_724
    assert provinces["male_2020_persons"].sum() == 721_416_394


@pytest.mark.parametrize("year", [2023, 2024])
def test_provinces__lack_two_million_servicemen(year):
    provinces = reference.load("provinces")[f"population_{year}_yearend_10k_persons"].sum()
    assert reference.national("population_total", year) / 1e4 - provinces == 200


@pytest.mark.parametrize("year", [2023, 2024])
def test_national_margins__add_up(year):
    total = reference.national("population_total", year)
    assert reference.national("male", year) + reference.national("female", year) == total
    assert reference.national("urban", year) + reference.national("rural", year) == total


def test_prefectures__sum_to_their_provinces():
    prefectures, provinces = reference.load("prefectures"), reference.load("provinces").set_index("adcode")
    sums = prefectures.groupby("province_adcode")["population_2020_persons"].sum()
    assert (sums == provinces["population_2020_persons"].loc[sums.index]).all()


def test_ages_by_prefecture__sum_to_the_population():
    places = reference.frame_units()
    assert len(places) == 367
    np.testing.assert_array_equal(reference.ages_by_prefecture().sum(axis=(1, 2)), places["population_2020_persons"])


def test_education__covers_those_aged_6_and_over():
    """The tables say 3+; their sum is that of ages 6+ (facts/README.md)."""
    ages = reference.ages_by_prefecture().sum(axis=(0, 1))
    aged_6 = ages[3:].sum() + 0.8 * ages[2]
    assert reference.education_by_prefecture().sum() == pytest.approx(aged_6, rel=0.002)


def test_frame_units__are_337_and_contiguous():
    units = reference.frame_units()["unit"].to_numpy(str)
    assert len(np.unique(units)) == 337
    assert np.count_nonzero(units[1:] != units[:-1]) == 336


def test_prefixes__sum_to_the_source():
    assert reference.load("phone_prefix_by_prefecture")["n_prefix7_total"].sum() == 499_527
    assert reference.load("phone_prefix_by_segment")["n_prefix7_total"].sum() == 499_527


def test_mainland_addresses__are_20a_116b_62c():
    table = reference.load("registry_ipv4_by_region").set_index("region_en")
    assert table.loc["Mainland China", "ipv4_addresses_count"] == 20 * 256**3 + 116 * 256**2 + 62 * 256 == 343_162_368


def test_published_rates__are_sizes_over_netizens():
    published = reference.published()["value_2024_12"]
    netizens = published["netizens_size"]
    assert published["urban_netizens_size"] + published["rural_netizens_size"] == netizens
    sizes = [name for name in published.index if name.startswith("app_") and name.endswith("_size")]
    assert len(sizes) >= 16
    for name in sizes:
        rate = published[name.replace("_size", "_rate")]
        assert 100 * published[name] / netizens == pytest.approx(rate, abs=0.06), name


def test_indicators__name_published_estimates_and_known_kinds():
    indicators, published = reference.indicators(), reference.published()
    assert indicators.index.is_unique
    assert set(indicators.index) <= set(published.index)
    assert len(indicators) >= 60
    assert set(indicators["kind"]) <= {"known", "ratio", "total", "mean", "complement", "complement_ratio"}


def test_load__returns_a_copy():
    table = reference.load("provinces")
    table["population_2020_persons"] = 0
    assert reference.load("provinces")["population_2020_persons"].sum() > 0


def test_facts_of_telephones__add_up_as_they_say():
    """Frames to their survey, derived shares to the numbers in their definitions; every fact has a source."""
    surveys, owned = (reference.load(name).set_index("id") for name in ("phone_surveys", "phone_ownership"))
    for facts in (surveys, owned):
        assert facts.index.is_unique
        assert facts["source"].str.len().gt(10).all()
        assert facts["certainty"].isin(["read", "derived"]).all()
    value = surveys["value"].get
    for total, parts in (
        ("jiang_numbers", ("jiang_numbers_cell", "jiang_numbers_landline")),
        ("cnnic25_total", ("cnnic25_landline", "cnnic25_mobile")),
        ("cnnic35_total", ("cnnic35_landline", "cnnic35_mobile")),
        ("cnnic60k_total", ("cnnic60k_landline", "cnnic60k_mobile")),
        ("fudan20_total", ("fudan20_wuhan", "fudan20_shanghai")),
    ):
        assert float(value(total)) == sum(float(value(part)) for part in parts)
    for share, of, base in (
        ("sz04_effective_share", "sz04_effective", "sz04_numbers"),
        ("ankang19_yield", "ankang19_completes", "ankang19_calls"),
    ):
        assert float(value(share)) == round(100 * float(value(of)) / float(value(base)), 1)
    ported = owned["value"].get
    assert float(ported("mnp_2021_04_share")) == round(100 * float(ported("mnp_2021_04")) / 159_200, 2)
