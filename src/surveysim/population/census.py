"""The census of 2020 moved to a reference year: persons by prefecture, urban/rural, sex, age and education.

Facts come from `reference`; what the sources leave open is an assumption, named here and listed in docs/population.md.
All tables are at the national level of the reference year (servicemen included by one common factor, see `year_total`).
"""

from functools import lru_cache
from itertools import pairwise

import numpy as np

from .. import reference
from ..aliases import Array, Floats, Ints
from ..apportion import bisected
from ..columns import AGE_STARTS, EDUCATION
from ..errors import SpecError
from . import associations
from .fitting import fitted

YEARS = (2020, 2022, 2023, 2024)
CENSUS_TIME = 2020 + 10 / 12  # 1 November 2020
N_AGES = len(AGE_STARTS)
SERVICEMEN = 2_000_000  # in the national series only, in no province (facts/README.md)

# Assumption: log odds of living in a town by education, before fitting to the urban share
URBAN_BY_EDUCATION = np.array([-0.5, -0.2, -0.35, 0.0, 0.6, 1.1, 1.6])


def split_ages(counts: Array) -> Floats:
    """Counts over the census's 19 age groups to the 20 of the joint table: 5-9 is cut into one fifth and four fifths."""
    five = counts[..., 2:3]
    return np.concatenate([counts[..., :2], five / 5, five * 4 / 5, counts[..., 3:]], axis=-1)


def year_total(year: int) -> tuple[float, float]:
    """National population in persons, and the factor from the sum of the provinces to it."""
    if year == 2020:
        total = float(reference.load("provinces")["population_2020_persons"].sum())
        return total, 1.0
    provinces = float(reference.load("provinces")[f"population_{year}_yearend_10k_persons"].sum()) * 1e4
    return provinces + SERVICEMEN, (provinces + SERVICEMEN) / provinces


def provincial(year: int) -> tuple[Floats, Floats, Floats]:
    """Arrays over the 31 provinces: population at the national level, urban share, share aged 65+ (the sample survey's)."""
    table = reference.load("provinces")
    if year == 2020:
        population = table["population_2020_persons"].to_numpy("float64")
        return (
            population,
            (table["urban_2020_persons"] / population).to_numpy("float64"),
            (table["age_65plus_2020_persons"] / population).to_numpy("float64"),
        )
    _, factor = year_total(year)
    return (
        table[f"population_{year}_yearend_10k_persons"].to_numpy("float64") * 1e4 * factor,
        table[f"urban_share_{year}_yearend_pct"].to_numpy("float64") / 100,
        table[f"age_65plus_share_{year}_sample_survey_pct"].to_numpy("float64") / 100,
    )


def _single_years(ages):
    """National census counts by sex and single year 0 .. 64, uniform inside the census's groups; shape (2, 65)."""
    single = np.empty((2, 65))
    single[:, 0] = ages[:, 0]
    single[:, 1:5] = ages[:, 1:2] / 4
    for g in range(2, 14):
        first = 5 * (g - 1)
        single[:, first : first + 5] = ages[:, g : g + 1] / 5
    return single


def national_ages(year: int) -> Floats:
    """National persons by sex and the 20 age groups in the reference year, shape (2, 20).

    Below 65 the census cohorts grow older by the time since the census; those born since fill what the published 0-15
    total leaves. From 65 on the census profile is kept (no life table is among the sources). Then sexes and broad ages
    are raked to the published national margins, where there are any.
    """
    census = reference.ages_by_prefecture().sum(axis=0)
    if year == 2020:
        return split_ages(census)
    total, _ = year_total(year)
    elapsed = year + 1 - CENSUS_TIME
    whole = int(elapsed)
    part = elapsed - whole
    single = _single_years(census)
    moved = np.zeros((2, 65))
    for age in range(whole + 1, 65):
        moved[:, age] = (1 - part) * single[:, age - whole] + part * single[:, age - whole - 1]
    sex_at_birth = single[:, 0] / single[:, 0].sum()
    births = _births_a_year(moved, whole, part, single, year)
    moved[:, :whole] = births * sex_at_birth[:, None]
    moved[:, whole] = (1 - part) * single[:, 0] + part * births * sex_at_birth
    old = census[:, 14:]
    return _rake_national(moved, old, year, total)


def _births_a_year(moved, whole, part, single, year):
    """Children born since the census, per year: what the published 0-15 total (of 2023 where the year has none) leaves."""
    known = {y: _total_0_15(y) for y in (2023, 2024)}
    if year not in known:
        return single[:, 0].sum() * 0.85  # assumption for 2022: the mean of the census and the 2023 level
    survivors = moved[:, whole + 1 : 16].sum() + (1 - part) * single[:, 0].sum()
    return (known[year] - survivors) / (whole + part)


def _total_0_15(year: int) -> float:
    direct = reference.national("age_0_15", year)
    if direct is not None:
        return direct
    return _published("population_total", year) - _published("age_16_59", year) - _published("age_60plus", year)


def _published(margin: str, year: int) -> float:
    """A national margin of a year that has it."""
    value = reference.national(margin, year)
    if value is None:
        raise SpecError(f"year = {year}: the sources give no {margin}; choose one of {', '.join(map(str, YEARS))}.")
    return value


def _rake_national(young, old, year, total):
    """Rake single years below 65 and six groups above to the national broad ages and sexes; sum them into 20 groups."""
    table = np.concatenate([young, old], axis=1)  # (2, 65 + 5)
    band = np.concatenate([np.repeat([0, 1, 2], [16, 44, 5]), np.full(old.shape[1], 3)])
    sexes = None
    if year in (2023, 2024):
        over_60, over_65 = _published("age_60plus", year), _published("age_65plus", year)
        targets = np.array([_total_0_15(year), _published("age_16_59", year), over_60 - over_65, over_65])
        sexes = np.array([_published("male", year), _published("female", year)])
    else:
        population, _, share = provincial(year)
        over_65 = (population * share).sum()
        young_total = table[:, band < 3].sum(axis=0)
        targets = np.append(np.bincount(band[band < 3], young_total), over_65)
        targets[:3] *= (total - over_65) / targets[:3].sum()
    for _ in range(50):
        table *= (targets / np.bincount(band, table.sum(axis=0)))[band]
        if sexes is not None:
            table *= (sexes / table.sum(axis=1))[:, None]
    edges = [*AGE_STARTS[:-5], 65]  # group starts below 65, then the census's own
    groups = [table[:, a:b].sum(axis=1) for a, b in pairwise(edges)]
    return np.column_stack([*groups, table[:, 65:]])


def ages_by_prefecture(year: int) -> Floats:
    """Persons by prefecture, sex and 20 age groups, shape (367, 2, 20).

    The prefecture's census profile times the nation's ageing factor, raked to: the national table, each province's total
    and its share aged 65+ (made to add up to the national number), each prefecture's census share of its province.
    """
    census = split_ages(reference.ages_by_prefecture())
    if year == 2020:
        return census
    nation = national_ages(year)
    table = census * (nation / census.sum(axis=0))
    province = province_of_prefecture()
    population, _, share = provincial(year)
    old = population * share
    old *= nation[:, 15:].sum() / old.sum()
    census_total = census.sum(axis=(1, 2))
    target = population[province] * census_total / np.bincount(province, census_total)[province]
    for _ in range(200):
        over_65 = np.bincount(province, table[:, :, 15:].sum(axis=(1, 2)))
        under_65 = np.bincount(province, table[:, :, :15].sum(axis=(1, 2)))
        table[:, :, 15:] *= (old / over_65)[province, None, None]
        table[:, :, :15] *= ((population - old) / under_65)[province, None, None]
        table *= (target / table.sum(axis=(1, 2)))[:, None, None]
        table *= nation / table.sum(axis=0)
    return table


def province_of_prefecture() -> Ints:
    """Index of each prefecture's province (0 .. 30), in the order of `reference.frame_units`."""
    return np.searchsorted(reference.provinces(), reference.frame_units()["province_adcode"].to_numpy(str))


def urban_share(year: int, population: Floats) -> Floats:
    """Urban share of each prefecture: its census share, moved on the logit scale to its province's share of the year.

    The provincial shares move by one common amount, so that the nation's published urban population holds too.
    """
    places = reference.frame_units()
    share = (places["urban_2020_persons"] / places["population_2020_persons"]).to_numpy("float64")
    if year == 2020:
        return share
    province = province_of_prefecture()
    totals, target, _ = provincial(year)
    nation = reference.national("urban", year)
    if nation is not None:
        target = shift_to(target, totals, np.zeros(len(target), np.int64), np.array([nation]))
    return shift_to(share, population, province, target * np.bincount(province, population))


def shift_to(share: Floats, size: Floats, group: Ints, total: Floats) -> Floats:
    """Shares moved by one logit shift per group until their sum weighted by `size` is `total`; 0 and 1 stay."""
    with np.errstate(divide="ignore"):
        logit = np.log(share) - np.log1p(-share)

    def moved(shift):
        return 1 / (1 + np.exp(-(logit + shift[group])))

    def below(shift):
        return np.bincount(group, moved(shift) * size, len(total)) < total

    low, high, _ = bisected(below, np.full(len(total), -20.0), np.full(len(total), 20.0), 80)
    return moved((low + high) / 2)


def nation(year: int) -> tuple[Floats, Floats]:
    """What goes with age in the nation: persons by sex, age and education (2, 20, 7); by rural/urban and age (2, 20)."""
    if year == 2020:
        ages = national_ages(2020)
        places = reference.frame_units()
        urban = float(places["urban_2020_persons"].sum())
        schooling = associations.schooling_by_age(ages, reference.education_by_prefecture().sum(axis=0))
        return schooling, associations.town_by_age(ages.sum(axis=0), urban)
    schooling, living = nation(2020)
    ages = ages_by_prefecture(year)
    size = ages.sum(axis=(1, 2))
    college = associations.published(f"college_plus_6plus_{year}") if year in (2023, 2024) else None
    elapsed = year + 1 - CENSUS_TIME
    return (
        associations.grown_older(schooling, ages.sum(axis=0), elapsed, college),
        associations.town_by_age(ages.sum(axis=(0, 1)), float((size * urban_share(year, size)).sum()), living),
    )


def _schooling_by_prefecture(year, ages, nation_by_education):
    """Persons by prefecture, sex and education (367, 2, 7): census shares of those 6 or older, moved as the nation's were."""
    shares = reference.education_by_prefecture()
    older = ages[:, :, 3:].sum(axis=2)
    schooling = shares / shares.sum(axis=2, keepdims=True) * older[:, :, None]
    if year != 2020:
        schooling = fitted(schooling, [((0,), nation_by_education[None]), ((2,), older[:, :, None])], 100)[0]
    schooling[:, :, 0] += ages[:, :, :3].sum(axis=2)
    return schooling


@lru_cache(maxsize=4)
def joint_table(year: int) -> Floats:
    """Persons by prefecture, rural/urban, sex, age and education, shape (367, 2, 2, 20, 7); read only, the populations of a year share it.

    Iterative proportional fitting (Deming & Stephan 1940) of the national association to three margins of every
    prefecture: sex × age, sex × education (census shares among those aged 6+, moved by cohort), urban; and to two of the nation:
    sex × age × education, urban × age.
    """
    if year not in YEARS:
        raise SpecError(f"year {year!r} has no population facts; choose one of {', '.join(map(str, YEARS))}.")
    ages = ages_by_prefecture(year)
    size = ages.sum(axis=(1, 2))
    share = urban_share(year, size)
    towns = np.stack([size * (1 - share), size * share], axis=1)
    association, living = nation(year)
    schooling = _schooling_by_prefecture(year, ages, association[:, 3:].sum(axis=1))
    tilt = np.exp(URBAN_BY_EDUCATION)
    start = np.stack([association, association * tilt])  # (2 rural/urban, 2, 20, 7)
    table = np.broadcast_to(start, (len(ages), 2, 2, N_AGES, len(EDUCATION)))
    margins = [
        ((0, 1), association[None, None]),
        ((0, 2, 4), living[None, :, None, :, None]),
        ((1, 3), schooling[:, None, :, None, :]),
        ((2, 3, 4), towns[:, :, None, None, None]),
        ((1, 4), ages[:, None, :, :, None]),
    ]
    made = fitted(table, margins, 150)[0]
    made.flags.writeable = False
    return made
