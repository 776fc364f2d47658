"""The census of a unit's numbers, by hand: number by number from owners and attributes."""

import numpy as np
import pytest

from surveysim import SurveySpec, streams
from surveysim.fieldwork.within_household import AT_HOME
from surveysim.kernels import expectation as kernels
from surveysim.kernels import numbers as number_kernels
from surveysim.kernels.respondents import BUSINESS, DEAD, MACHINE, N_TYPES, NOBODY_ELIGIBLE, PERSON_TYPES, RINGING


def owned(frame, unit):
    """Owner, layer and prefix of every number of a unit."""
    count = int(frame.numbers.space[unit])
    out = np.empty((count, 2), np.int64)
    number_kernels.owners(frame.numbers, np.full(count, unit), np.arange(count), out)
    return out[:, 0], out[:, 1], frame.numbers.prefix_start[unit] + np.arange(count) // 10_000


def type_of(a, landline):
    """The type of people who are interviewed on a telephone."""
    group = a.urban * 32 + a.age_group * 4 + a.education
    other = a.n_mobile > 0 if landline else a.n_lines > 0
    return (((a.sex * 64 + group) * 2 + a.internet) * 2 + other) * 3 + a.sector


def by_hand(prep, f, unit, selection):
    """Numbers and persons by type, one number after the other."""
    frame, pop, model = prep.frames[f], prep.pop, prep.fieldwork.models[f]
    owner, layer, prefix = owned(frame, unit)
    business = (frame.numbers.prefix[prefix] & 65535) / 65536
    numbers, persons = np.zeros(N_TYPES), np.zeros(N_TYPES)

    def nobody(k):
        numbers[MACHINE] += business[k] * model.machine
        numbers[BUSINESS] += business[k] * (1 - model.machine)
        numbers[DEAD] += (1 - business[k]) * model.dead_known
        numbers[RINGING] += (1 - business[k]) * (1 - model.dead_known)

    people = pop.people
    for k in range(len(owner)):
        if owner[k] < 0:
            nobody(k)
            continue
        if f == 1:
            a = pop.attributes(owner[k : k + 1])
            count, able = a.n_mobile[0], a.age >= 6
        else:
            c = np.searchsorted(people.class_household, owner[k], side="right") - 1
            size = people.class_size[c]
            first = people.class_person[c] + (owner[k] - people.class_household[c]) * size
            a = pop.attributes(first + np.arange(size))
            count, able = a.n_lines[0], a.age >= 6
        if count <= layer[k]:
            nobody(k)
        elif not able.any():
            numbers[NOBODY_ELIGIBLE] += 1
        else:
            a = a[np.flatnonzero(able)]
            chance = (
                np.ones(len(a)) / len(a) if selection == "random" else AT_HOME[a.age_group] / AT_HOME[a.age_group].sum()
            )
            np.add.at(numbers, type_of(a, f == 0), chance)
            np.add.at(persons, type_of(a, f == 0), chance * len(a) / count)
    return numbers, persons


@pytest.mark.parametrize("selection", ["random", "anybody"])
@pytest.mark.parametrize("f", [0, 1])
def test_census__by_hand(f, selection):
    prep = SurveySpec.preset(
        "cnnic-2024-12",
        population={"scale": 0.002},
        sample={"interviews": 4000, "minimum_per_province": 0, "minimum_per_unit": 2},
        fieldwork={"landline": {"selection": selection}},
    ).prepare()
    frame = prep.frames[f]
    unit = int(np.argsort(frame.numbers.space)[3])
    tables = prep.fieldwork.tables(f, (streams.key(1, "", "fieldwork"), streams.key(1, "", "sampling")))
    sums = kernels.counting(N_TYPES)
    kernels.take_census(prep.pop.people, frame.numbers, tables, int(f == 0), unit, sums)
    numbers, persons = by_hand(prep, f, unit, selection)
    assert sums.numbers.sum() == pytest.approx(frame.numbers.space[unit])
    close = {"rtol": 1e-4, "atol": 1e-5 * numbers[:PERSON_TYPES].sum()}  # chances are 16-bit numbers
    np.testing.assert_allclose(sums.numbers, numbers, **close)
    np.testing.assert_allclose(sums.weighted, persons, **close)
