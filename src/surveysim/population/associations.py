"""What goes with age in the nation: schooling, which belongs to birth cohorts, and living in town or in the country.

Both start from assumptions and are fitted to the census of 2020 and to the margins that are published about them; in later
years cohorts take their schooling along. Prefectures then get these associations within their own margins (`census.joint_table`).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import reference
from ..aliases import Array, Floats
from ..apportion import over
from ..columns import AGE_STARTS
from .fitting import fitted

# Assumption: the national association of age and education before it is fitted.
# Rows are the 20 age groups; columns no schooling, preschool, primary, junior, senior, junior college, bachelor+.
EDUCATION_BY_AGE = np.array(
    [
        (1, 0, 0, 0, 0, 0, 0),
        (1, 0, 0, 0, 0, 0, 0),
        (1, 0, 0, 0, 0, 0, 0),
        (0.03, 0.13, 0.84, 0, 0, 0, 0),
        (0.003, 0.001, 0.55, 0.446, 0, 0, 0),
        (0.003, 0.0005, 0.02, 0.30, 0.54, 0.07, 0.06),
        (0.004, 0.0005, 0.03, 0.30, 0.23, 0.23, 0.21),
        (0.005, 0.0005, 0.04, 0.38, 0.20, 0.19, 0.19),
        (0.006, 0.0005, 0.06, 0.42, 0.18, 0.17, 0.17),
        (0.008, 0.0005, 0.08, 0.46, 0.18, 0.14, 0.13),
        (0.012, 0.0005, 0.12, 0.50, 0.18, 0.10, 0.085),
        (0.018, 0.0005, 0.20, 0.52, 0.15, 0.06, 0.05),
        (0.025, 0.0005, 0.28, 0.48, 0.15, 0.04, 0.03),
        (0.03, 0.0005, 0.30, 0.46, 0.16, 0.03, 0.02),
        (0.05, 0.0005, 0.38, 0.38, 0.15, 0.025, 0.015),
        (0.08, 0.0005, 0.45, 0.33, 0.10, 0.025, 0.015),
        (0.13, 0.0005, 0.50, 0.26, 0.07, 0.02, 0.015),
        (0.22, 0.0005, 0.50, 0.19, 0.05, 0.02, 0.02),
        (0.32, 0.0005, 0.46, 0.13, 0.05, 0.02, 0.02),
        (0.45, 0.0005, 0.40, 0.08, 0.04, 0.015, 0.015),
    ]
)
# Assumption: log odds of living in a town by age, before fitting to the published margins
URBAN_BY_AGE = np.array(
    [0.0] * 5 + [0.1, 0.3, 0.4, 0.4, 0.3, 0.1, 0.0, -0.1, -0.1, -0.2, -0.25, -0.3, -0.3, -0.3, -0.3]
)
RURAL_UNDER_15 = 0.200  # assumption: share of the country's people in 2020; nothing that could be read gives it
FIRST = np.array(AGE_STARTS)
SIX, GROWN = 3, 7  # first age groups of those 6 or older; of those whose schooling is (nearly) over, 25-29
SENIOR, COLLEGE = 4, 5  # first levels of senior secondary and above, of college
BANDS = np.searchsorted([15, 60, 65], FIRST, "right")  # ages by which town and country are published, and children


def published(fact: str) -> float:
    """A national share of `national_shares`, as a fraction."""
    return float(reference.load("national_shares").set_index("fact")["value_pct"][fact]) / 100


def raked(table: Array, margins: Sequence[tuple[Any, Array]], parts: Sequence[tuple[Array, float]]) -> Floats:
    """`fitted` to margins and to totals of parts of the table, each a mask and its total."""
    table = np.array(table)
    for _ in range(200):
        for mask, total in parts:
            table[mask] *= total / table[mask].sum()
        table = fitted(table, margins, 1)[0]
    return table


def _part(table, first_age, level, share):
    """Parts of a (2, 20, 7) table: from an age on, those with a level or above are a `share`, the others the rest."""
    old, level_up = np.broadcast_to((first_age <= FIRST)[:, None], table.shape), np.arange(table.shape[2]) >= level
    total = table[old].sum()
    return [(old & level_up, share * total), (old & ~level_up, (1 - share) * total)]


def schooling_by_age(ages: Floats, schooling: Floats) -> Floats:
    """Persons of the census by sex, age and education, (2, 20, 7); `ages` (2, 20), `schooling` (2, 7) of those 6 or older."""
    start = np.broadcast_to(EDUCATION_BY_AGE, (2, *EDUCATION_BY_AGE.shape)) * ages[:, :, None]
    known = schooling / schooling.sum(axis=1, keepdims=True) * ages[:, SIX:].sum(axis=1, keepdims=True)
    known[:, 0] += ages[:, :SIX].sum(axis=1)
    parts = _part(start, 60, SENIOR, published("senior_secondary_plus_60plus_2020"))
    return raked(start, [((1,), known[:, None, :]), ((2,), ages[:, :, None])], parts)


def grown_older(census: Floats, ages: Floats, elapsed: float, college: float | None) -> Floats:
    """The table of the census (2, 20, 7) so many years later, with `ages` (2, 20).

    From 25 on everybody keeps what they had when they were younger; those younger have what their age had at the census. `college` is the
    published share of those 6 or older with college, which then moves the odds of everybody; None where there is none.
    """
    share = over(census, census.sum(axis=2, keepdims=True) * np.ones(census.shape[2]))
    part = elapsed / 5
    moved = share.copy()
    moved[:, GROWN:] = (1 - part) * share[:, GROWN:] + part * share[:, GROWN - 1 : -1]
    table = moved * ages[:, :, None]
    parts = [] if college is None else _part(table, 6, COLLEGE, college)
    return raked(table, [((2,), ages[:, :, None])], parts)


def town_by_age(ages: Floats, urban: float, census: Floats | None = None) -> Floats:
    """Persons in the country and in towns by age, (2, 20), of `ages` (20,), `urban` of them in towns.

    Of the census itself by the published shares of the old in both and of children in the country; of other years with the
    association of the `census` table.
    """
    living = np.array([ages.sum() - urban, urban])
    if census is not None:
        return fitted(census, [((0,), ages[None]), ((1,), living[:, None])], 200)[0]
    start = np.stack([np.ones(len(ages)), np.exp(URBAN_BY_AGE)]) * ages
    over_60, over_65 = (published(f"age_{a}plus_rural_2020") for a in (60, 65))
    bands = ((RURAL_UNDER_15, 0), (over_60 - over_65, 2), (over_65, 3))
    parts = [(np.stack([band == BANDS, np.zeros(len(ages), bool)]), share * living[0]) for share, band in bands]
    return raked(start, [((1,), living[:, None]), ((0,), ages[None])], parts)
