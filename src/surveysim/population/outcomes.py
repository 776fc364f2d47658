"""What people do online: internet use, devices, apps, skills, generative AI, reasons of non-users.

Each outcome is a probability per group (town × 8 ages × 4 educations), a logistic curve in assumed slopes whose
intercepts are solved so that every published figure it has holds in expectation. Within a person outcomes go together
through one latent trait (a one-factor probit on 16 levels, so that group probabilities stay exact); within a household
people share the draws of internet use and trait with probability √household_icc; within a prefecture both are shifted by one
normal effect that makes prefecture_icc of the latent variance.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from .. import reference
from ..aliases import Floats, Ints
from ..apportion import bisected, over
from ..columns import AGE_STARTS, AGES_FIRST, EDUCATION
from ..errors import SurveysimError
from ..on_demand import Later
from ..tables import each_row
from . import census

special = Later("scipy", ".special")
TRAIT_LEVELS = 16
AGE_8 = np.maximum(np.searchsorted(AGES_FIRST, AGE_STARTS, side="right") - 1, 0)  # of the 20 groups; below 6 unused
EDUCATION_4 = np.array([0, 0, 0, 1, 2, 3, 3])
GROUPS = 2 * 8 * 4  # town × age × education
GROUP_TOWN, GROUP_AGE, GROUP_EDUCATION = (a.ravel() for a in np.indices((2, 8, 4)))
MINOR = (GROUP_AGE == 0) | ((GROUP_AGE == 1) & (GROUP_EDUCATION == 0))  # 6-9, and 10-19 with primary school or less
AGE_SCORE = np.array([-3.0, -2.2, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5])  # about decades from the middle of life (assumption)

# Assumptions of the internet-use model, before its intercepts are solved
INTERNET_EDUCATION = np.array([0.0, 0.9, 1.7, 2.5])  # log odds by education, from age 20 on
INTERNET_PAST_50 = -1.5  # per ten years of age past 50, so that rates fall steadily through the fifties and from 60 on
INTERNET_PROVINCE = 0.012  # per mobile-internet subscription per 100 persons (2022)
# Assumption: who works in farming and in manufacturing, by the 8 ages, in the country and in towns
FARMING = np.array([[0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.45, 0.15], [0, 0, 0.01, 0.02, 0.03, 0.05, 0.05, 0.02]])
MANUFACTURING = np.array([[0, 0.04, 0.16, 0.16, 0.13, 0.09, 0.02, 0], [0, 0.05, 0.18, 0.20, 0.17, 0.11, 0.02, 0]])
WORKS_FROM = 15  # years; `kernels.people` gives nobody younger a sector

# Who is asked: children under 6, non-users, netizens by sector (other, farming, manufacturing)
UNIVERSES = {
    "netizen": (0, 0, 1, 1, 1),
    "nonuser": (0, 1, 0, 0, 0),
    "netizen_farming": (0, 0, 0, 1, 0),
    "netizen_manufacturing": (0, 0, 0, 0, 1),
}
HOURS_SHAPE, HOURS_POINTS, HOURS_MOST = 1.8, 64, 112.0  # gamma shape of weekly hours (assumption); cap in hours
HOURS_AGE, HOURS_TOWN = -0.04, 0.10  # log mean per decade of age and in towns (assumption)
HOURS_LOADING = 0.5  # on the engagement trait (assumption)


@dataclass(frozen=True, slots=True)
class OutcomeModel:
    """Thresholds for the kernels; K outcomes in the order of `names`."""

    names: tuple
    use: np.ndarray  # (734, 280) probability of internet use, given a telephone
    trait_cut: np.ndarray  # (734, 17) cumulative shares of the trait levels
    threshold: np.ndarray  # (K, 64, 16) uint16: 65536 × probability by group and trait level
    probability: np.ndarray  # (K, 64) the same by group, before it is cut into levels
    asked: np.ndarray  # (5, K) uint16: of children, non-users, netizens in other work, farming, manufacturing
    nested: np.ndarray  # (n, 2) outcomes asked only of those who say yes to another
    shared: (
        np.ndarray
    )  # (n, 2) outcomes with the random number of another, in which they are contained or which they contain
    hours: np.ndarray  # (64, 16, 64) weekly hours by group, trait level and 1/64 quantile, in tenths of an hour
    sector: np.ndarray  # (2, 64) probability of farming, of manufacturing


@cache
def definitions() -> pd.DataFrame:
    """The outcome table (outcomes.csv): universe, published indicator, slopes, log odds of MINOR, least age, loading, nesting, labels."""
    with (files(str(__package__)) / "outcomes.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, keep_default_na=False)


@cache
def digest() -> dict[str, str]:
    """{"outcomes": digest} of the outcome table."""
    return {"outcomes": hashlib.sha256((files(str(__package__)) / "outcomes.csv").read_bytes()).hexdigest()[:16]}


def cell_groups() -> Any:
    """Group (0..31, without town) of each of the 280 sex × age × education cells, and its age group and education."""
    _, age, education = (a.ravel() for a in np.indices((2, len(AGE_STARTS), len(EDUCATION))))
    return AGE_8[age] * 4 + EDUCATION_4[education], age, education


def solve_logit(eta: Floats, weight: Floats, masks: Any, targets: Any, what: str) -> Floats:
    """Intercepts added to `eta` (n,) so that Σ weight·expit(eta) over each mask meets its target; returns the new eta.

    Newton's method on the dual with a minimum-norm step, because masks may overlap or add up to each other.
    """
    A = np.asarray(masks, dtype=float)
    targets = np.asarray(targets, dtype=float)
    for _ in range(100):
        p = special.expit(eta)
        gap = targets - A @ (weight * p)
        if np.max(np.abs(gap) / targets) <= 1e-10:
            return eta
        slope = (A * (weight * p * (1 - p))) @ A.T
        step = np.linalg.lstsq(slope, gap, rcond=1e-12)[0] @ A
        eta = eta + np.clip(step, -2.0, 2.0)
    worst = int(np.argmax(np.abs(gap) / targets))
    raise SurveysimError(
        f"the model of {what} cannot meet its published figures: constraint {worst} wants "
        f"{targets[worst]:,.0f} persons and is off by {gap[worst]:,.0f}. The coverage assumptions leave too "
        f"few people; raise the telephone ownership of that group."
    )


def internet_model(reachable: Floats, zone: Ints, effect: Floats, year: int) -> Any:
    """P(internet use | telephone) by area and cell, shape (734, 280), meeting the published sizes of December 2024.

    On the census population of 2020, whose ages could not hold these sizes, the sizes by age are the rates on the 2023
    population times the people of 2020.

    `reachable` (734, 280): expected persons with a telephone, plus those without weighted by the no-phone rate;
    `effect` (734,): log odds of the prefectures.
    """
    published = _published()["value_2024_12"]
    netizens = published["netizens_size"] * 1e4
    _, age, education = cell_groups()
    area, cell = (a.ravel() for a in np.indices(reachable.shape))
    zone = zone[area]
    town, first = zone % 2, np.array(AGE_STARTS)[age][cell]
    coverage = reference.load("phone_coverage_province")
    online = coverage.loc[coverage["year_end"] == 2022, "mobile_internet_subscriptions_per_100_persons"].to_numpy()
    eta = (
        np.where(first >= 20, INTERNET_EDUCATION[EDUCATION_4[education]][cell], 0.0)
        + INTERNET_PROVINCE * (online - online.mean())[zone // 2]
        + INTERNET_PAST_50 * np.maximum(first + 2.5 - 50, 0) / 10
        + effect[area]
    )
    sex = cell // (len(AGE_STARTS) * len(EDUCATION))
    bands = [(6, 10, "6_9"), (10, 20, "10_19"), (20, 30, "20_29"), (30, 40, "30_39"), (40, 50, "40_49")]
    masks = [(first >= a) & (first < b) for a, b, _ in bands]
    targets = [published[f"netizens_age_{name}_share"] / 100 * netizens for *_, name in bands]
    old = published["internet_penetration_60plus"] / 100 * reference.national("age_60plus", 2023)
    masks += [(first >= 50) & (first < 60), first >= 60, town == 1, town == 0, (sex == 0) & (first >= 6)]
    targets += [
        published["netizens_age_50plus_share"] / 100 * netizens - old,
        old,
        published["urban_netizens_size"] * 1e4,
        published["rural_netizens_size"] * 1e4,
        published["netizens_male_share"] / 100 * netizens,
    ]
    if year == 2020:
        ages, base = census.national_ages(2020).sum(axis=0), census.national_ages(2023).sum(axis=0)
        starts = np.array(AGE_STARTS)
        bounds = [(a, b) for a, b, _ in bands] + [(50, 60), (60, 999)]
        for k, (a, b) in enumerate(bounds):
            inside = (starts >= a) & (starts < b)
            targets[k] *= ages[inside].sum() / base[inside].sum()
        targets[len(bounds) :] = [t * sum(targets[: len(bounds)]) / netizens for t in targets[len(bounds) :]]
    weight = np.where(first >= 6, reachable.ravel(), 0.0)
    eta = solve_logit(eta, weight, masks, targets, "internet use")
    return np.where(first >= 6, special.expit(eta), 0.0).reshape(reachable.shape)


def fit(reachable: Floats, persons: Floats, zone: Ints, shift: Any, prefecture_icc: float, year: int) -> Any:
    """Fit everything: `reachable` as in `internet_model`, `persons` (734, 280) all residents, `shift` (734,) the standard
    normal effects of the prefectures."""
    latent = prefecture_icc / (1 - prefecture_icc)
    use = internet_model(reachable, zone, shift * np.sqrt(latent) * np.pi / np.sqrt(3), year)
    trait_cut = _trait_cuts(shift, prefecture_icc)
    group, age, _ = cell_groups()
    over_6 = np.array(AGE_STARTS)[age] >= 6
    town = (zone & 1)[:, None] * 32
    users = use * reachable
    levels = [_levels(town + group, users, trait_cut)]
    levels.append(_levels((town + group)[:, over_6], (persons - users)[:, over_6], trait_cut))
    netizens, others = (level.sum(axis=1) for level in levels)
    sector = np.stack([FARMING[GROUP_TOWN, GROUP_AGE], MANUFACTURING[GROUP_TOWN, GROUP_AGE]])
    grown = _levels(town + group, users * (np.array(AGE_STARTS)[age] >= WORKS_FROM), trait_cut).sum(axis=1)
    probability = _fit_outcomes(netizens, others, sector * over(grown, netizens))
    table = definitions()
    universes = [_universe(row.universe) for row in each_row(table)]
    asked_online = np.array([universe != "nonuser" for universe in universes])
    threshold = _cut_into_levels(probability, table["loading"].to_numpy(), levels, asked_online)
    return OutcomeModel(
        tuple(table["name"]),
        use,
        trait_cut,
        threshold,
        probability,
        *_routing(table, universes),
        _hours(levels[0]),
        sector,
    )


def _trait_cuts(shift, icc):
    """Cumulative shares of the trait levels by area: a person's trait is √icc × effect of the place + √(1 - icc) × their own."""
    edge = special.ndtri(np.arange(TRAIT_LEVELS + 1) / TRAIT_LEVELS)
    return special.ndtr((edge - np.sqrt(icc) * shift[:, None]) / np.sqrt(1 - icc))


def _levels(groups, persons, trait_cut):
    """Expected persons by group and trait level, shape (64, 16)."""
    by_group = np.stack([np.bincount(g, p, GROUPS) for g, p in zip(np.broadcast_to(groups, persons.shape), persons)])
    return np.einsum("ag,al->gl", by_group, np.diff(trait_cut, axis=1))


def _universe(name):
    return name.removesuffix("_60plus").removesuffix("_20_29")  # the suffix only restricts the groups


def _routing(table, universes):
    """Who is asked each outcome (5, K); outcomes that hang on another, or share its random number, (n, 2) each."""
    names = list(table["name"])
    asked, nested, lane = np.zeros((5, len(names)), np.uint16), [], []
    for k, (universe, partner) in enumerate(zip(universes, table["same_draw"])):
        parent = k if universe in UNIVERSES else names.index(universe)
        asked[:, k] = UNIVERSES[universe] if parent == k else asked[:, parent]
        lane.append(lane[names.index(partner)] if partner else k)
        if parent != k:
            nested.append((k, parent))
    shared = [(k, first) for k, first in enumerate(lane) if first != k]
    return asked, np.array(nested).reshape(-1, 2), np.array(shared).reshape(-1, 2)


@cache
def _published():
    """The published figures, read once; nobody changes them."""
    return reference.published()


def published_rate(indicator: str) -> float:
    """A published figure of December 2024 as a share: a size over its denominator, a range at its middle."""
    row = _published().loc[indicator].to_dict()
    value = row["value_2024_12"]
    if np.isnan(value):
        value = (row["value_2024_12_lo"] + row["value_2024_12_hi"]) / 2
    if row["unit"] == "10k persons":
        return value / _published()["value_2024_12"]["netizens_size"]
    return value / 100


def _extra_constraints(name, netizens):
    """Published subgroup figures: (mask over groups, persons). Those the report contradicts itself on are left out."""
    rate, size = published_rate, _published()["value_2024_12"] * 1e4
    if name == "app_ride_hailing":
        old = GROUP_AGE >= 6
        return [(old, rate("app_ride_hailing_rate_60plus") * netizens[old].sum())]
    if name == "app_online_education":
        rural = GROUP_TOWN == 0
        return [(rural, size["app_online_education_size_rural"] / size["rural_netizens_size"] * netizens[rural].sum())]
    if name == "genai_user":
        # 20.4 % (ages) against 22.5 % (headline): the rate of those 50 or older gives way
        bands = [
            (GROUP_AGE <= 1, "age_6_19"),
            (GROUP_AGE == 2, "age_20_29"),
            (GROUP_AGE == 3, "age_30_39"),
            (GROUP_AGE == 4, "age_40_49"),
            (GROUP_EDUCATION == 3, "edu_college_plus"),
        ]
        return [(mask, rate(f"genai_rate_{band}") * netizens[mask].sum()) for mask, band in bands]
    return []


def _fit_outcomes(netizens, others, sector):
    """Probability of every outcome by group, shape (K, 64), within its universe."""
    table = definitions()
    names = list(table["name"])
    probability, product = np.zeros((len(table), GROUPS)), np.zeros((len(table), GROUPS))
    bases = {
        "netizen": netizens,
        "nonuser": others,
        "netizen_farming": netizens * sector[0],
        "netizen_manufacturing": netizens * sector[1],
    }
    for k, row in enumerate(each_row(table)):
        restricted = np.ones(GROUPS, bool)
        if row.universe.endswith("_60plus"):
            restricted = GROUP_AGE >= 6
        elif row.universe.endswith("_20_29"):
            restricted = GROUP_AGE == 2
        universe = _universe(row.universe)
        if universe in bases:
            base, asked = bases[universe], bases[universe] * restricted
        else:
            base = product[names.index(universe)]
            asked = (netizens if row.universe != "genai_user" else base) * restricted
        target = published_rate(row.indicator) * asked.sum()
        eta = row.age * AGE_SCORE[GROUP_AGE] + row.urban * GROUP_TOWN + row.education * GROUP_EDUCATION
        eta += row.minors * MINOR
        restricted &= np.array(AGES_FIRST)[GROUP_AGE] >= row.least_age  # who is younger counts in the base and says no
        weight, above = base * restricted, np.zeros(GROUPS)
        if row.same_draw:
            partner = probability[names.index(row.same_draw)]
            if target > (base * partner).sum():  # the wider of two nested outcomes
                above, weight = partner, base * (1 - partner)
                target -= (base * partner).sum()
            else:
                weight = base * partner
        masks, targets = [np.ones(GROUPS)], [target]
        for mask, persons in _extra_constraints(row.name, netizens):
            masks.append(mask)
            targets.append(persons)
        eta = solve_logit(eta + np.log(target / (weight.sum() - target)), weight, masks, targets, row.name)
        share = special.expit(eta) * restricted
        if row.same_draw:
            share = above + (1 - above) * share if above.any() else share * partner
        probability[k], product[k] = share, base * share
    return probability


def _cut_into_levels(probability, loading, levels, asked_online):
    """Thresholds (K, 64, 16): one-factor probit levels whose mean over those asked is the group's probability.

    `levels` : persons by group and trait level, of netizens and of others.
    """
    level = special.ndtri((np.arange(TRAIT_LEVELS) + 0.5) / TRAIT_LEVELS)
    p = np.clip(probability, 1e-12, 1 - 1e-12)[:, :, None]
    share = np.stack([np.where(x.sum(axis=1, keepdims=True) > 0, x, 1.0) for x in levels])
    share = (share / share.sum(axis=2, keepdims=True))[np.where(asked_online, 0, 1)]
    spread = np.sqrt(1 - loading**2)[:, None, None]

    def above(edge):
        return special.ndtr((loading[:, None, None] * level - edge) / spread)

    def below(edge):
        return (above(edge) * share).sum(axis=2, keepdims=True) > p

    low, high, _ = bisected(below, np.full(p.shape, -12.0), np.full(p.shape, 12.0), 50)
    cut = above((low + high) / 2)
    cut = np.where(probability[:, :, None] > 0, cut, 0.0)
    return np.minimum(np.rint(cut * 65536), 65535).astype(np.uint16)


def _hours(levels):
    """Weekly hours by group, trait level and quantile, in tenths, whose mean over netizens is the published one.

    A gamma law whose quantile is a normal score with HOURS_LOADING on the trait. `levels` : netizens by group and trait level.
    """
    mean = np.exp(HOURS_AGE * AGE_SCORE[GROUP_AGE] + HOURS_TOWN * GROUP_TOWN)
    trait, own = (special.ndtri((np.arange(k) + 0.5) / k) for k in (TRAIT_LEVELS, HOURS_POINTS))
    share = special.ndtr(HOURS_LOADING * trait[:, None] + np.sqrt(1 - HOURS_LOADING**2) * own)
    quantile = special.gammaincinv(HOURS_SHAPE, share) / HOURS_SHAPE  # (16, 64)
    target = _published().loc["weekly_hours_online", "value_2024_12"]

    def hours(level):
        return np.minimum((mean * level)[:, None, None] * quantile, HOURS_MOST)

    def below(level):
        return (levels * hours(level).mean(axis=2)).sum() < target * levels.sum()

    _, _, level = bisected(below, 1.0, 100.0, 60)
    return np.rint(hours(level) * 10).astype(np.int16)
