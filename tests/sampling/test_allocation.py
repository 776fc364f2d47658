"""Edges of planning numbers, allocations and selections: what is just allowed, and what is refused."""

import numpy as np
import pytest

import surveysim as ss
from surveysim import DesignError, allocate, inclusion_probabilities, margin_of_error, sample_size, select


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"moe": 0.5}, "moe"),
        ({"moe": np.inf}, "moe"),
        ({"moe": 0.1, "p": 1}, "p"),
        ({"moe": 0.1, "deff": 0}, "deff"),
        ({"moe": 0.1, "deff": np.inf}, "deff"),
        ({"moe": 0.1, "level": 0}, "level"),
        ({"moe": 0.1, "population": 1}, "population"),
        ({"moe": 0.1, "population": np.inf}, "population"),
    ],
)
def test_sample_size__refuses_the_edges(options, name):
    with pytest.raises(DesignError, match=f"^{name} = "):
        sample_size(**options)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"n": 0}, "n"),
        ({"n": np.inf}, "n"),
        ({"n": 9, "p": 0}, "p"),
        ({"n": 9, "p": 1}, "p"),
        ({"n": 9, "deff": 0}, "deff"),
        ({"n": 9, "level": 1}, "level"),
        ({"n": 9, "population": 1}, "population"),
        ({"n": 9.5, "population": 9}, "n"),
    ],
)
def test_margin_of_error__refuses_the_edges(options, name):
    with pytest.raises(DesignError, match=f"^{name} = "):
        margin_of_error(**options)


def test_refusals__say_whether_the_ends_belong():
    with pytest.raises(DesignError, match=r"n = 11: interviews are more than the population = 10;"):
        margin_of_error(11, population=10)
    with pytest.raises(DesignError, match=r"p = 0: give a number between 0 and 1\."):
        margin_of_error(11, p=0)
    with pytest.raises(DesignError, match=r"screening = -1: give a number from 0 to 1e\+18\."):
        ss.allocate_frames({"a": 10, "ab": 10, "b": 10}, n=10, screening=-1)


def test_sample_size__is_not_one_too_many_for_a_rounded_float():
    assert sample_size(1.959963984540054 * 0.5 / 10) == 100
    assert sample_size(0.4, population=2) == 2  # 6.0025 → 6.0025 / (1 + 5.0025 / 2) = 1.71
    assert margin_of_error(1, population=3) == pytest.approx(1.959963984540054 * np.sqrt(0.25 / (1 * 2 / 2)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": [1, np.inf]}, "non-empty one-dimensional"),
        ({"size": [1, np.nan]}, "non-empty one-dimensional"),
        ({"size": [0, 1]}, "non-empty one-dimensional"),
        ({"size": [[1, 2]]}, "non-empty one-dimensional"),
        ({"size": {}}, "non-empty one-dimensional"),
        ({"n": -1}, "n = -1: give a whole number"),
        ({"n": np.inf}, "n = inf: give a whole number"),
        ({"minimum": -1}, "minimum = -1: give a whole number"),
        ({"minimum": 5}, "needs 10 interviews; n is 9"),
        ({"power": np.inf}, "power = inf"),
        ({"method": "neyman", "sd": [1, 0]}, "sd must hold 2 positive numbers"),
        ({"method": "neyman", "sd": [1, np.inf]}, "sd must hold 2 positive numbers"),
        ({"method": "neyman", "sd": [1, 2, 3]}, "sd must hold 2 positive numbers"),
        ({"method": "power", "sd": [1, -1]}, "sd must hold 2 positive numbers"),
        ({"method": "cost", "sd": [1, 1], "cost": [1, 0]}, "cost must hold 2 positive numbers"),
        ({"method": "cost", "cost": [1, 2]}, "needs sd"),
        ({"size": {"x": 1, "y": 2}, "method": "neyman", "sd": {"x": 1}}, "'y' is in one of them only"),
    ],
)
def test_allocate__refuses_the_edges(options, words):
    with pytest.raises(DesignError, match=words):
        allocate(**{"size": [1.0, 2.0], "n": 9, **options})


def test_allocate__takes_the_edges():
    assert allocate([1, 2, 5], 6, minimum=2).tolist() == [2, 2, 2]
    assert allocate([1, 2], 0).tolist() == [0, 0]
    assert allocate([4, 9], 10, "power", sd=[3, 2]).tolist() == [5, 5]
    assert allocate([4, 9], 10, "proportional", sd="not looked at").tolist() == [3, 7]
    assert allocate([4, 9], 10, "equal", sd=[0, 0]).tolist() == [5, 5]
    assert allocate([4, 9], 26, "cost", sd=[3, 2], cost=[4, 16]).tolist() == [15, 11]  # 6 : 4.5
    assert allocate([8, 1], 9, "power", power=0).tolist() == [5, 4]  # ties go to the earlier stratum
    assert allocate([4, 1], 10, "power", power=-1).tolist() == [2, 8]


@pytest.mark.parametrize(
    ("size", "n"),
    [
        ([1, -1], 1),
        ([1, np.nan], 1),
        ([1, np.inf], 1),
        ([[1, 2]], 1),
        ([1, 2], True),
        ([1, 2], 1.5),
        ([1, 2], -1),
        ([1, 0], 2),
    ],
)
def test_inclusion_probabilities__refuse(size, n):
    with pytest.raises(DesignError):
        inclusion_probabilities(size, n)


def test_inclusion_probabilities__certain_ones_make_others_certain():
    """3 of 9, 3, 2, 1: the first is certain, then 2 × 3/6 makes the second certain, and 1 of 2 and 1 is left."""
    np.testing.assert_allclose(inclusion_probabilities([9, 3, 2, 1], 3), [1, 1, 2 / 3, 1 / 3], rtol=1e-15)
    np.testing.assert_allclose(inclusion_probabilities([9, 3, 2, 0], 3), [1, 1, 1, 0], rtol=1e-15)
    assert inclusion_probabilities([2, 3], 2.0).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": 1}, "start = 1"),
        ({"start": -0.1}, "start = -0.1"),
        ({"start": 0.0, "method": "poisson"}, "is for systematic"),
        ({"probability": [0.5, np.nan]}, "from 0 to 1"),
        ({"probability": [-0.1, 0.6]}, "from 0 to 1"),
        ({"probability": [0.5, 0.50001], "method": "sampford"}, "the probabilities sum to 1.00001"),
        ({"probability": [0.5, 0.49999], "method": "pivotal"}, "the probabilities sum to 0.99999"),
        ({"probability": [0.4, 0.6], "method": "srs"}, "from 0.4 to 0.6"),
    ],
)
def test_select__refuses_the_edges(options, words):
    with pytest.raises(DesignError, match=words):
        select(**{"probability": [0.5, 0.5], **options})


@pytest.mark.parametrize("method", ["sampford", "brewer", "pivotal", "systematic"])
def test_select__leaves_what_is_certain_to_itself(method):
    assert select([1.0, 0.0, 1.0], method, rng=1).tolist() == [0, 2]
    assert select([0.0, 0.0], method, rng=1).tolist() == []
    nearly = np.array([0.5 + 4e-7, 0.5, 1.0, 0.0])
    for seed in range(20):
        chosen = select(nearly, method, rng=seed).tolist()
        assert 2 in chosen
        assert 3 not in chosen
        assert len(chosen) == 2 or method == "systematic"


def test_select__srs_of_equal_probabilities_whatever_their_rounding():
    p = np.full(9, 1 / 3) + np.linspace(-1e-11, 1e-11, 9)
    assert len(select(p, "srs", rng=2)) == 3


def test_systematic__sums_of_floats_end_on_whole_numbers():
    """0.1 + 0.2 + 0.3 + 0.4 is 1, and 0.7 thrice with 0.9 is 3: a start of 0 takes the first of each whole stretch."""
    assert select([0.1, 0.2, 0.3, 0.4, 1.0], start=0.0).tolist() == [0, 4]
    assert select([0.7, 0.7, 0.7, 0.9, 0.5], start=0.0).tolist() == [0, 1, 2, 4]
    assert select([0.25, 0.5, 0.25], start=0.75).tolist() == [2]


def test_sampford__with_probabilities_near_1_is_drawn():
    p = np.array([1 - 1e-9, 0.5, 0.5, 1e-9])
    for seed in range(10):
        assert select(p, "sampford", rng=seed).tolist()[0] == 0
