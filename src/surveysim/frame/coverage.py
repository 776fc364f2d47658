"""What a planner knows of the frame units before the survey: people, coverage and numbers, as expectations.

These are planning figures (expected values of the population model), not the truth of one population: allocation may use
them as a survey organisation would use last year's.
"""

import numpy as np
import pandas as pd

from .. import reference
from ..columns import AGE_STARTS
from ..population import Population, telephones


def planning(pop: Population) -> pd.DataFrame:
    """One row per frame unit: province, unit, names, residents, residents and landline-covered aged 6+, expected phones.

    Returns
    -------
    DataFrame of 337 rows in unit order, counts in persons and numbers of the (scaled) population.
    """
    model, people = pop.model, pop.people
    persons = np.diff(people.class_person)
    units = len(people.unit_person) - 1
    area_unit, zone = people.area_unit, people.area_zone
    area_size = np.bincount(people.class_area, persons, len(area_unit))
    age = (np.arange(model.expected.shape[1]) // 7) % len(AGE_STARTS)
    over_6 = age >= AGE_STARTS.index(6)
    shrink = area_size / np.maximum(model.expected.sum(axis=1), 1e-12)
    aged_6 = model.expected[:, over_6].sum(axis=1) * shrink
    landline = model.landline_reachable[:, over_6].sum(axis=1) * shrink
    phones = model.telephones
    whole = persons.sum() / model.expected.sum()
    first = phones.first[zone][:, age]
    second = first * phones.second[zone][:, age] * (phones.second_cycle / telephones.MOBILE_CYCLE)[zone >> 1, None]
    third = second * phones.third[zone][:, age] * (phones.third_cycle / telephones.THIRD_CYCLE)[zone >> 1, None]
    mobiles = ((first + second + third) * model.expected).sum(axis=1) * shrink
    homes = np.bincount(people.class_area, np.diff(people.class_household), len(area_unit))
    lines = model.homes_with_line * whole * (1 + telephones.SECOND_LINE)

    def per_unit(values):
        return np.bincount(area_unit, values, units)

    places = reference.frame_units().drop_duplicates("unit")
    return pd.DataFrame(
        {
            "province": places["province_adcode"].to_numpy(str),
            "unit": places["unit"].to_numpy(str),
            "name_en": places["name_en"].to_numpy(),
            "name_zh": places["name_zh"].to_numpy(),
            "residents": per_unit(area_size),
            "residents_6plus": per_unit(aged_6),
            "landline_6plus": per_unit(landline),
            "mobile_numbers": per_unit(mobiles),
            "residential_lines": per_unit(lines),
            "households": per_unit(homes),
        }
    )
