"""Sample size, allocation, design and banks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveysim import DesignError, allocate, margin_of_error, sample_size
from surveysim.kernels import dialling
from surveysim.sampling import SampleDesign
from surveysim.sampling.design import variance_strata


def test_sample_size__of_the_error_statement():
    assert sample_size(moe=0.0066) == 22_047
    assert sample_size(moe=0.0066, p=0.786) == 14_834
    assert sample_size(moe=0.05, population=500) == 218  # n0 = 384.15, / (1 + 383.15 / 500) = 217.5
    assert 100 * margin_of_error(22_047) == pytest.approx(0.66, abs=1e-6)


@given(
    n=st.integers(2, 10**6),
    p=st.floats(0.01, 0.99),
    deff=st.floats(0.3, 5),
    population=st.none() | st.integers(2 * 10**6, 10**9),
)
def test_margin_of_error__is_the_inverse(n, p, deff, population):
    moe = margin_of_error(n, p, deff, population=population)
    if moe < 0.5:
        assert sample_size(moe, p, deff, population=population) == n


@given(
    size=st.lists(st.floats(0.1, 1e6), min_size=1, max_size=40),
    n=st.integers(0, 10**5),
    minimum=st.integers(0, 5),
    method=st.sampled_from(["proportional", "equal", "power"]),
)
def test_allocate__sums_exactly_and_keeps_the_minimum(size, n, minimum, method):
    if minimum * len(size) > n:
        with pytest.raises(DesignError, match="minimum"):
            allocate(size, n, method, minimum=minimum)
        return
    result = allocate(size, n, method, minimum=minimum)
    assert result.sum() == n
    assert result.min() >= minimum


def test_allocate__textbook_neyman():
    """Cochran (1977), section 5.5: proportional to N S."""
    np.testing.assert_array_equal(allocate([400, 300, 200], 100, "neyman", sd=[1, 2, 4]), [22, 33, 45])
    np.testing.assert_array_equal(allocate([100, 100], 30, "cost", sd=[1, 1], cost=[1, 4]), [20, 10])
    assert allocate({"a": 1, "b": 3}, 8) == {"a": 2, "b": 6}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (dict(size=[1, -1], n=5), "positive"),
        (dict(size=[], n=5), "non-empty"),
        (dict(size=[1, 2], n=5, method="best"), "method"),
        (dict(size=[1, 2], n=5, method="neyman"), "sd"),
        (dict(size=[1, 2], n=5, method="cost", sd=[1, 1]), "cost"),
        (dict(size=[1, 2], n=2.5), "whole"),
    ],
)
def test_allocate__refuses(arguments, word):
    with pytest.raises(DesignError, match=word):
        allocate(**arguments)


@pytest.mark.parametrize(
    "arguments", [dict(moe=0), dict(moe=1.2), dict(p=0), dict(deff=-1), dict(level=1), dict(moe=float("nan"))]
)
def test_sample_size__refuses(arguments):
    with pytest.raises(DesignError, match=next(iter(arguments))):
        sample_size(**arguments)


@pytest.fixture(scope="module")
def design(landline, mobile):
    return SampleDesign.plan((landline, mobile), interviews=22_047)


def test_design__meets_every_total(design):
    assert design.targets.sum() == 22_047
    assert list(design.targets.sum(axis=1)) == [11_024, 11_023]
    assert design.targets.min() >= 3
    per_province = np.bincount(design.province, design.targets.sum(axis=0))
    assert len(per_province) == 31
    assert per_province.min() >= 300


def test_design__refuses_a_minimum_it_cannot_keep(landline, mobile):
    with pytest.raises(DesignError, match="minimum_per_unit"):
        SampleDesign.plan((landline, mobile), interviews=5000, minimum_per_province=100, minimum_per_unit=20)


def test_variance_strata__join_thin_units_inside_the_province():
    targets = np.array([[5, 1, 1, 4, 1, 1], [2, 2, 2, 1, 2, 2]])
    province = np.array([0, 0, 0, 0, 1, 1])
    strata = variance_strata(targets, province)
    planned = np.bincount(strata.ravel(), targets.ravel())
    assert (planned[np.unique(strata)] >= 2).all()
    assert list(strata[0]) == [0, 1, 1, 2, 3, 3]
    assert not set(strata[0]) & set(strata[1])
    for f in range(2):
        assert not set(strata[f, province == 0]) & set(strata[f, province == 1])


@pytest.mark.parametrize("shared", [1, 0])
def test_banks__hold_each_number_once_and_shared_suffixes_behind_every_prefix(shared):
    prefixes, suffixes = 7, 5
    out = np.empty(3 * prefixes * suffixes, np.int64)  # three banks: the first and two enlargements
    dialling.bank_numbers(prefixes, suffixes, shared, np.uint64(9), 3, out)
    assert len(np.unique(out)) == len(out)
    first = out[: prefixes * suffixes]
    by_prefix = [frozenset(first[first // 10_000 == p] % 10_000) for p in range(prefixes)]
    assert all(len(s) == suffixes for s in by_prefix)
    assert (len(set(by_prefix)) == 1) == bool(shared)
    assert list(first) != sorted(first), "the bank is shuffled"


@pytest.mark.parametrize("shared", [1, 0])
def test_banks__dial_the_whole_space_before_they_give_up(shared):
    """3 prefixes × 10,000 numbers in banks of 6,000 and then 4,000 suffixes: every number once."""
    out = np.empty(30_000, np.int64)
    dialling.bank_numbers(3, 6000, shared, np.uint64(4), 1, out)
    np.testing.assert_array_equal(np.sort(out), np.arange(30_000))


@pytest.mark.parametrize("arguments", [{"minimum": 2.5}, {"minimum": -3}, {"power": float("nan")}, {"n": float("nan")}])
def test_allocate__refuses_unusable_numbers(arguments):
    with pytest.raises(DesignError, match=next(iter(arguments))):
        allocate(**{"size": [1.0, 2.0, 3.0], "n": 22, "method": "power", **arguments})


def test_allocate__takes_a_series():
    import pandas as pd

    assert allocate(pd.Series({"a": 1.0, "b": 3.0}), 8) == {"a": 2, "b": 6}


def test_plan__refuses_rates_that_are_not_numbers(landline, mobile):
    with pytest.raises(DesignError, match="interview_rate"):
        SampleDesign.plan((landline, mobile), interviews=22_047, interview_rate=(0.2, float("nan")))


def test_allocate__aligns_mappings_by_stratum():
    """Neyman by hand: 100·1 : 300·2 of 90 is 12.86 : 77.14, in whatever order sd comes."""
    import pandas as pd

    for sd in (pd.Series({"b": 2.0, "a": 1.0}), {"b": 2.0, "a": 1.0}):
        assert allocate(pd.Series({"a": 100, "b": 300}), 90, "neyman", sd=sd) == {"a": 13, "b": 77}
    with pytest.raises(DesignError, match="'c' is in one of them only"):
        allocate({"a": 100, "b": 300}, 90, "neyman", sd={"a": 1, "b": 2, "c": 3})


def test_sample_size__takes_shares_not_points():
    with pytest.raises(DesignError, match=r"0\.66 points are moe=0\.0066"):
        sample_size(moe=0.66)
