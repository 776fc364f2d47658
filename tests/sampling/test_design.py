"""The modelled survey's design piece by piece: who shares what, strata of variance, first banks, drawn units."""

from dataclasses import replace

import numpy as np
import pytest

from surveysim import DesignError, allocate
from surveysim.sampling import SampleDesign
from surveysim.sampling.design import first_bank, variance_strata
from surveysim.sampling.selection import inclusion_probabilities


def design_of(targets, province, probability, size=None, minimum=0):
    targets, province = np.array(targets), np.array(province)
    made = {
        "targets": targets,
        "provinces": tuple(map(str, np.unique(province))),
        "province": province,
        "probability": np.array(probability, dtype=float),
        "size": np.ones(targets.shape) if size is None else np.array(size, dtype=float),
        "minimum": minimum,
        "yields": np.full(targets.shape, 0.5),
        "bank_factor": 1.5,
        "suffixes": np.ones_like(targets),
        "numbers": np.full(targets.shape, 1000),
        "stratum": variance_strata(targets, province),
        "shared_suffixes": True,
        "taken": np.ones(len(province), bool),
    }
    return SampleDesign(**made)


def test_first_bank__is_the_least_number_that_reaches_the_yield():
    targets, yields = np.array([[3, 4, 0, 7], [9, 2, 5, 8]]), np.array([[1.5, 0.7, 2.0, 0.0], [0.01, 3.0, 2.0, 4.0]])
    expected = [[3, 9, 1, 10_000], [1350, 1, 4, 3]]  # 1.5 × 3 / 1.5 is 3; one suffix at least, all 10,000 at most
    np.testing.assert_array_equal(first_bank(targets, yields, 1.5), expected)


@pytest.mark.parametrize(
    ("targets", "province", "strata"),
    [
        ([[2, 2, 2]], [0, 0, 0], [[0, 1, 2]]),
        ([[1, 1, 2]], [0, 0, 0], [[0, 0, 1]]),
        ([[1, 3, 1]], [0, 0, 0], [[0, 0, 0]]),  # what is left over joins the last stratum
        ([[2, 2, 1]], [0, 0, 0], [[0, 1, 1]]),
        ([[2, 0, 1]], [0, 0, 0], [[0, 0, 0]]),
        ([[1, 0, 0]], [0, 0, 0], [[0, 0, 0]]),  # one stratum of the province, however thin
        ([[1, 2]], [0, 1], [[0, 1]]),
        ([[5, 1, 2, 1]], [0, 0, 1, 1], [[0, 0, 1, 1]]),
        ([[2, 2], [2, 2]], [0, 0], [[0, 1], [2, 3]]),
        ([[2, 1], [1, 2]], [0, 0], [[0, 0], [1, 1]]),
        ([[0, 0, 3, 1, 1, 1]], [0, 0, 0, 0, 0, 0], [[0, 0, 0, 1, 1, 1]]),
    ],
)
def test_variance_strata__by_hand(targets, province, strata):
    np.testing.assert_array_equal(variance_strata(np.array(targets), np.array(province)), strata)


def test_strata__of_certain_units_are_those_of_the_plan():
    design = design_of([[2, 1, 1], [4, 4, 4]], [0, 0, 1], [1, 1, 1])
    interviews = np.array([[1, 1, 1], [2, 2, 2]])
    np.testing.assert_array_equal(design.strata_of(interviews), variance_strata(interviews, design.province))


@pytest.mark.parametrize(
    ("province", "probability", "groups"),
    [
        ([0, 0, 0, 1, 1, 1], [2 / 3] * 6, [0, 0, 0, 1, 1, 1]),  # 2 of each: their own stratum
        ([0, 0, 1, 1, 1], [0.5, 0.5, 2 / 3, 2 / 3, 2 / 3], [0, 0, 0, 0, 0]),  # 1 joins the 2 of the next
        ([0, 0, 1, 1, 2, 2], [0.5] * 6, [0, 0, 0, 0, 0, 0]),  # 1 and 1, and the last 1 joins them
        ([0, 0, 0, 1, 1, 2, 2], [2 / 3] * 3 + [0.5] * 4, [0, 0, 0, 1, 1, 1, 1]),
        ([0, 0, 0, 1, 1], [2 / 3] * 3 + [0.5] * 2, [0, 0, 0, 0, 0]),  # the last 1 joins the stratum before
        ([0, 0], [0.5, 0.5], [0, 0]),
    ],
)
def test_strata__of_units_taken_by_chance_hold_two_or_more(province, probability, groups):
    targets = np.full((2, len(province)), 5)
    stratum = design_of(targets, province, probability).strata_of(targets)
    np.testing.assert_array_equal(stratum[0], stratum[1])
    np.testing.assert_array_equal(stratum[0] - stratum[0, 0], groups)


def test_strata__of_certain_units_and_of_those_taken_by_chance_stay_apart():
    province, probability = [0, 0, 0, 0, 1, 1], [1, 0.5, 0.5, 1, 0.5, 0.5]
    targets = np.full((2, 6), 4)
    stratum = design_of(targets, province, probability).strata_of(targets)
    chance = np.array(probability) < 1
    assert len(set(stratum[:, chance].ravel())) == 1  # one of either province
    certain = stratum[:, ~chance]
    assert len(set(certain.ravel())) == 4
    assert not set(certain.ravel()) & set(stratum[:, chance].ravel())
    thin = targets.copy()
    thin[0, 0] = 1
    stratum = design_of(targets, province, probability).strata_of(thin)
    assert stratum[0, 0] == stratum[0, 3]
    assert stratum[0, 0] not in stratum[:, chance]


def test_draw__shares_interviews_by_size_over_probability():
    province = np.array([0, 0, 0, 0, 1, 1])
    size = np.array([[10, 20, 30, 60, 7, 3], [40, 20, 20, 60, 5, 5]])
    probability = [0.3, 0.6, 0.1, 1.0, 1.0, 1.0]  # one of three, and the fourth
    design = design_of([[11, 20, 29, 60, 14, 6], [0] * 6], province, probability, size, minimum=2)
    drawn = {}
    for seed in range(60):
        made = design.draw(np.random.default_rng(seed))
        assert made.taken[3:].all()
        (unit,) = np.flatnonzero(made.taken[:3])
        drawn[unit] = drawn.get(unit, 0) + 1
        share = np.array([size[0, unit] / probability[unit], 60])
        np.testing.assert_array_equal(made.targets[0, [unit, 3]], allocate(share, 120, minimum=2))
        np.testing.assert_array_equal(made.targets[0, 4:], allocate([7, 3], 20, minimum=2))
        assert made.targets.sum() == 140
        assert (made.targets[1] == 0).all()
        np.testing.assert_array_equal(made.suffixes, first_bank(made.targets, design.yields, 1.5))
        np.testing.assert_array_equal(made.stratum, design.strata_of(made.targets))
    assert drawn[1] > drawn[0] > drawn.get(2, 0)
    assert design.targets[0, 2] == 29  # the plan is as it was


def test_draw__of_certain_units_is_the_plan():
    design = design_of([[3, 4], [5, 6]], [0, 0], [1, 1])
    assert design.draw(np.random.default_rng(1)) is design
    empty = replace(design, probability=np.array([0.5, 0.5]), size=np.zeros((2, 2)))
    assert empty.draw(np.random.default_rng(1)).targets.sum(axis=1).tolist() == [7, 11]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"landline_share": 0.3, "power": 0.7, "minimum_per_province": 250},
        {"landline_share": 0, "suffixes": "independent", "bank_factor": 2.0, "interview_rate": (0.1, 0.3)},
        {"between": "proportional", "minimum_per_unit": 1, "minimum_per_province": 120},
        {"prefectures": 4},
        {"landline_share": 1, "minimum_per_unit": 4},
    ],
)
def test_plan__is_allocation_in_two_steps(landline, mobile, options):
    design = SampleDesign.plan((landline, mobile), interviews=18_001, **options)
    given = {
        "landline_share": 0.5,
        "between": "power",
        "power": 0.5,
        "minimum_per_province": 300,
        "minimum_per_unit": 3,
    }
    given |= {"bank_factor": 1.5, "interview_rate": (0.25, 0.25), "suffixes": "shared", "prefectures": None} | options
    units, names = landline.units, landline.units["province"].tolist()
    provinces = sorted(set(names))
    people = [units["residents_6plus"][units["province"] == name].sum() for name in provinces]
    number = allocate(people, 18_001, given["between"], minimum=given["minimum_per_province"], power=given["power"])
    first = round(18_001 * given["landline_share"])
    of_landline = allocate(number, first) if first else 0 * number
    assert design.targets.sum(axis=1).tolist() == [first, 18_001 - first]
    for place, name in enumerate(provinces):
        inside = [k for k, other in enumerate(names) if other == name]
        assert (design.province[inside] == place).all()
        made = (of_landline[place], number[place] - of_landline[place])
        for frame, (column, n) in enumerate(zip(("landline_6plus", "residents"), made)):
            size = units[column].to_numpy(float)[inside]
            expected = allocate(size, int(n), minimum=given["minimum_per_unit"]) if n else 0 * size
            np.testing.assert_array_equal(design.targets[frame, inside], expected)
            np.testing.assert_array_equal(design.size[frame, inside], size)
        selected = given["prefectures"]
        probability = np.ones(len(inside))
        if selected is not None and len(inside) > selected:
            probability = inclusion_probabilities(units["residents_6plus"].to_numpy()[inside], selected)
        np.testing.assert_array_equal(design.probability[inside], probability)
    for frame, side in enumerate((landline, mobile)):
        rate = side.prefixes * side.units["working_rate"].to_numpy() * given["interview_rate"][frame]
        np.testing.assert_allclose(design.yields[frame], rate)
        np.testing.assert_array_equal(design.numbers[frame], side.numbers.space)
    np.testing.assert_array_equal(design.suffixes, first_bank(design.targets, design.yields, given["bank_factor"]))
    np.testing.assert_array_equal(design.stratum, variance_strata(design.targets, design.province))
    assert design.shared_suffixes == (given["suffixes"] == "shared")
    assert (design.minimum, design.bank_factor) == (given["minimum_per_unit"], given["bank_factor"])
    assert design.taken.all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"interview_rate": (0.2, -0.1)}, "two finite shares"),
        ({"interview_rate": (np.inf, 0.1)}, "two finite shares"),
        ({"interviews": 6000, "minimum_per_province": 60, "minimum_per_unit": 9}, "Raise sample.interviews"),
    ],
)
def test_plan__refuses(landline, mobile, change, words):
    with pytest.raises(DesignError, match=words):
        SampleDesign.plan((landline, mobile), **{"interviews": 18_001, **change})


def test_plan__needs_the_landlines_first(landline, mobile):
    for frames in ((mobile, landline), (landline, landline), (mobile, mobile), (None, mobile)):
        with pytest.raises(DesignError, match="frames must be"):
            SampleDesign.plan(frames, interviews=18_001)
    assert SampleDesign.plan((landline, mobile), interviews=18_001, interview_rate=(0, 0.25)).yields[0].max() == 0
