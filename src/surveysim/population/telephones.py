"""Who has which telephones: own mobile numbers per person, residential lines per household by its head's age.

The levels are facts (subscriptions by province, fixed lines and their provincial anchors); how they spread over ages and
households is assumption, named in capitals here and listed in docs/population.md.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import reference
from ..aliases import Array, Floats
from ..apportion import bisected
from ..columns import AGE_STARTS
from ..kernels.people import LINE_CYCLE, MOBILE_CYCLE, SECOND_LINE_CYCLE, THIRD_CYCLE
from ..tables import each_row
from .ownership import Ownership, ownership_of

# Assumption: how likely a second or third number is, relative to ages 20-59.
EXTRA_BY_AGE = np.array([0, 0, 0, 0.02, 0.05, 0.5, *[1.0] * 8, 0.45, 0.35, 0.2, 0.1, 0.05, 0.05])
THIRD_GIVEN_SECOND = 0.12
# Assumption: log odds of a residential line in town against the country, and by the head's age; rate of dormitory rooms.
LINE_URBAN_LOGIT = 0.35
LINE_BY_HEAD_AGE = np.array([*[-1.2] * 8, -1.0, -0.7, -0.4, -0.2, 0.0, 0.2, 0.4, 0.55, 0.65, 0.7, 0.7, 0.7])
DORMITORY_LINE = 0.10
SECOND_LINE = 0.03
CANDIDATES = 1.25  # candidate households per expected line, the room left for differences in acceptance


@dataclass(frozen=True, slots=True)
class TelephoneModel:
    """Probabilities of telephones by province × urban (62 zones) and the candidate cycles by province.

    A person is a candidate for a second number when their index in the frame unit, modulo MOBILE_CYCLE, is below
    `second_cycle`; a candidate accepts with probability `second`. So the numbers of a unit can be enumerated without a
    table of people, and the share with a second number is second_cycle / MOBILE_CYCLE × second.
    """

    first: np.ndarray  # (62, 20) own mobile number
    second: np.ndarray  # (62, 20) acceptance of a candidate
    third: np.ndarray  # (62, 20)
    second_cycle: np.ndarray  # (31,) candidates in MOBILE_CYCLE
    third_cycle: np.ndarray  # (31,) candidates in THIRD_CYCLE
    line: np.ndarray  # (62, 21) acceptance of a candidate household, by the head's age group; the last is a dormitory
    line_cycle: np.ndarray  # (31,)
    second_line: np.ndarray  # (62, 21) acceptance, of households with a line
    second_line_cycle: np.ndarray
    personal_mobiles: np.ndarray  # (31,) expected numbers of persons
    mobile_subscriptions: np.ndarray  # (31,) all subscriptions, business and machines included
    residential_lines: np.ndarray  # (31,)
    fixed_lines: np.ndarray  # (31,)

    def line_rate(self) -> Floats:
        """Probability of a residential line by the head's age group (the last: of a dormitory room), shape (62, 21)."""
        return self.line * np.repeat(self.line_cycle / LINE_CYCLE, 2)[:, None]


def subscriptions(year: int) -> Any:
    """Mobile subscriptions by province: the pattern of 2022 (the last complete year) at the national level of `year`."""
    table = reference.load("phone_coverage_province")
    column = "mobile_subscriptions_10k_derived"
    if year == 2020:
        return table.loc[table["year_end"] == 2020, column].to_numpy("float64") * 1e4
    pattern = table.loc[table["year_end"] == 2022, column].to_numpy("float64")
    national = reference.load("phone_national").set_index(["reference_month", "measure"])["value"]
    level = {
        2022: national["2022-12", "mobile_subscriptions"],
        2023: national["2024-12", "mobile_subscriptions"] - national["2024-12", "mobile_subscriptions_net_add_in_year"],
        2024: national["2024-12", "mobile_subscriptions"],
    }[year]
    return pattern / pattern.sum() * level * 1e4


def fixed_lines(year: int, population: Array) -> Any:
    """Fixed lines by province: national rate where nothing is known, inside every anchor, adding up to the nation.

    Anchors of other months are moved by the national level. Exact anchors hold up to the final common scaling of the
    provinces that are not exact; contradictory anchors are settled for the later one.
    """
    national = reference.load("phone_national")
    national = national[national["measure"] == "fixed_line_subscriptions"].set_index("reference_month")["value"]
    total = {
        2020: national["2021-10"],
        2022: national["2022-12"],
        2023: national["2023-12"],
        2024: national["2024-12"],
    }[year] * 1e4
    low, high = _anchor_bounds(national, total / 1e4, population)
    level, step = total / population.sum(), 1.0
    lines = np.clip(level * population, low, high)
    for _ in range(60):  # bisection on the common rate, in logs
        step /= 2 if _ else 1
        level *= np.exp(step if lines.sum() < total else -step)
        lines = np.clip(level * population, low, high)
    free = (lines > low) & (lines < high)
    lines[free] *= 1 + (total - lines.sum()) / lines[free].sum()
    return lines


def _anchor_bounds(national, total, population):
    """Bounds in lines for each province, from its anchors; months without a national level use the nearest one."""
    provinces = list(reference.provinces())
    months = {month: value for month, value in national.items() if month >= "2020"}
    low, high = np.zeros(len(provinces)), np.full(len(provinces), np.inf)
    anchors = reference.load("phone_province_anchors").sort_values("reference_month")
    for anchor in each_row(anchors):
        if not anchor.measure.startswith("fixed_line"):
            continue
        p = provinces.index(anchor.adcode)
        nearest = min(months, key=lambda month: abs(_months(month) - _months(anchor.reference_month)))
        unit = population[p] / 100 if anchor.measure.endswith("per_100") else 1e4
        values = [float(v) * unit * total / months[nearest] for v in anchor.value.split(";")]
        lower = values[0] if anchor.relation in ("=", ">", "between") else low[p]
        upper = values[-1] if anchor.relation in ("=", "<", "between") else high[p]
        low[p], high[p] = max(low[p], lower), min(high[p], upper)
        if low[p] > high[p]:
            low[p], high[p] = lower, upper
    return low, high


def _months(month):
    return int(month[:4]) * 12 + int(month[5:7])


def fit(
    year: int,
    persons: Floats,
    households: Floats,
    *,
    personal_share: float,
    residential_share: float,
    mobile_ownership: Ownership = "surveys",
) -> TelephoneModel:
    """Fit the model: `persons` (62, 20) by zone and age, `households` (62, 21) by the head's age, and dormitory rooms.

    `personal_share` of the subscriptions belong to people, `residential_share` of the fixed lines to households. First numbers
    follow `mobile_ownership`; second and third ones are what is left of a province's subscriptions.
    """
    zone_province = np.repeat(np.arange(31), 2)
    first = ownership_of(mobile_ownership, persons)
    population = np.bincount(zone_province, persons.sum(axis=1))
    all_mobiles = subscriptions(year)
    target = all_mobiles * personal_share
    owners = np.bincount(zone_province, (first * persons).sum(axis=1))
    first *= np.minimum(1.0, target / (1.02 * owners))[zone_province, None]
    owners = np.bincount(zone_province, (first * persons).sum(axis=1))
    willing = np.bincount(zone_province, (first * EXTRA_BY_AGE * persons).sum(axis=1))
    willing_third = np.bincount(zone_province, (first * EXTRA_BY_AGE**2 * persons).sum(axis=1))
    third_share = np.full(31, THIRD_GIVEN_SECOND)
    second_share = (target - owners) / (willing + third_share * willing_third)
    crowded = second_share > 0.97  # more numbers than second ones can hold: more thirds
    third_share[crowded] = ((target - owners - 0.97 * willing) / (0.97 * willing_third))[crowded]
    second_share = np.minimum(second_share, 0.97)
    second_cycle = np.ceil(second_share * MOBILE_CYCLE).astype(np.int64)
    third_cycle = np.ceil(third_share * THIRD_CYCLE).astype(np.int64)
    second = np.outer((second_share * MOBILE_CYCLE / second_cycle)[zone_province], EXTRA_BY_AGE)
    third = np.outer((third_share * THIRD_CYCLE / third_cycle)[zone_province], EXTRA_BY_AGE)
    lines = fixed_lines(year, population)
    return TelephoneModel(
        first,
        second,
        third,
        second_cycle,
        third_cycle,
        **_fit_lines(lines, lines * residential_share, households),
        personal_mobiles=target,
        mobile_subscriptions=all_mobiles,
    )


def _fit_lines(fixed, residential, households):
    """Line probabilities by zone and head's age, so that each province's residential lines are met in expectation."""
    zone_province, town = np.repeat(np.arange(31), 2), np.tile([0.0, 1.0], 31)
    family, rooms = households[:, :-1], households[:, -1]
    wanted = np.maximum(
        residential / (1 + SECOND_LINE) - np.bincount(zone_province, rooms) * DORMITORY_LINE, 0.2 * residential
    )
    odds = LINE_URBAN_LOGIT * town[:, None] + LINE_BY_HEAD_AGE

    def rate(level):
        return 1 / (1 + np.exp(-(level[zone_province, None] + odds)))

    def below(level):
        return np.bincount(zone_province, (rate(level) * family).sum(axis=1)) < wanted

    _, _, level = bisected(below, np.full(31, -15.0), np.full(31, 15.0), 80)
    rates = np.column_stack([rate(level), np.full(62, DORMITORY_LINE)])
    largest = np.maximum(rates[0::2].max(axis=1), rates[1::2].max(axis=1))
    cycle = np.ceil(np.minimum(1.0, CANDIDATES * largest) * LINE_CYCLE).astype(np.int64)
    second_cycle = np.full(31, int(np.ceil(CANDIDATES * SECOND_LINE * SECOND_LINE_CYCLE)))
    return {
        "line": rates / (cycle / LINE_CYCLE)[zone_province, None],
        "line_cycle": cycle,
        "second_line": np.full(rates.shape, SECOND_LINE / (second_cycle[0] / SECOND_LINE_CYCLE)),
        "second_line_cycle": second_cycle,
        "residential_lines": residential,
        "fixed_lines": fixed,
    }


assert len(EXTRA_BY_AGE) == len(AGE_STARTS)
