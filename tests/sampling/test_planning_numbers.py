"""Planning numbers of any kind and size: exact, or refused by the name of the argument."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import surveysim as ss
from surveysim import (
    DesignError,
    allocate,
    allocate_frames,
    inclusion_probabilities,
    margin_of_error,
    sample_size,
    select,
)
from surveysim.sampling.allocation import METHODS

NO_NUMBERS = [
    True,
    np.True_,
    "5",
    b"1",
    1j,
    np.nan,
    np.inf,
    -np.inf,
    10**400,
    None,
    [1],
    {},
    (),
    pd.NA,
    np.datetime64("2020"),
]
NO_ARRAYS = [value for value in NO_NUMBERS if not isinstance(value, list | tuple)]
ids = {"ids": lambda v: repr(v)[:20]}


def optional(name, value):
    return value is None and name in ("population", "screening", "stratum_moe", "rng", "start")


@pytest.mark.parametrize("value", NO_NUMBERS, **ids)
@pytest.mark.parametrize("name", ["moe", "p", "deff", "level", "population", "n"])
def test_sizes_and_margins__take_numbers_alone(name, value):
    if optional(name, value):
        return
    with pytest.raises(DesignError, match=f"^{name} = "):
        margin_of_error(**{"n": 9, name: value}) if name == "n" else sample_size(**{name: value})
    if name != "moe":
        with pytest.raises(DesignError, match=f"^{name} = "):
            margin_of_error(**{"n": 9, name: value})


@pytest.mark.parametrize("value", NO_ARRAYS, **ids)
@pytest.mark.parametrize("name", ["size", "n", "minimum", "power", "sd", "cost"])
def test_allocate__takes_numbers_alone(name, value):
    """Also one by one among numbers: True would count as 1."""
    options = {
        "size": [3, 4.0],
        "n": 10,
        "method": "cost" if name in ("sd", "cost") else "power",
        "sd": [1, 2],
        "cost": [1, 2],
    }
    with pytest.raises(DesignError, match=name):
        allocate(**{**options, name: value})
    if name in ("size", "sd", "cost"):
        with pytest.raises(DesignError, match=name):
            allocate(**{**options, name: [1.5, value]})
        with pytest.raises(DesignError, match=name):
            allocate(**{**options, "size": {"a": 1, "b": 2}, name: {"a": 1.5, "b": value}})


@pytest.mark.parametrize(
    "values", [[0, 0], [1, 0], [-1, 2], [1, 2, 3], [], [[1, 2]], pd.Series([True, False]), ["1", "2"]]
)
@pytest.mark.parametrize("name", ["sd", "cost"])
def test_allocate__refuses_spreads_and_costs_that_are_none(name, values):
    with pytest.raises(DesignError, match=name):
        allocate(**{"size": [3, 4.0], "n": 10, "method": "cost", "sd": [1, 2], "cost": [1, 2], name: values})


def shares(size, method, sd, cost, power):
    """Exact shares where they are rational."""
    size, sd = [Fraction(v) for v in size], [Fraction(v) for v in sd]
    if method == "equal":
        return [Fraction(1)] * len(size)
    if method == "power" and power == 2:
        return [a**2 * b for a, b in zip(size, sd, strict=True)]
    if method == "neyman":
        return [a * b for a, b in zip(size, sd, strict=True)]
    return size


@given(st.integers(0, 2**32))
def test_allocate__adds_up_and_is_never_one_off(seed):
    """Any size, any number up to 10¹⁸: the sum is n, nobody has less than the minimum, and shares are met to one interview."""
    rng = np.random.default_rng(seed)
    H, n = int(rng.integers(1, 30)), int(rng.integers(0, 10 ** int(rng.integers(1, 19))))
    size, sd, cost = (rng.uniform(0.1, 1, H) * 10.0 ** rng.integers(-300, 308, H) for _ in range(3))
    if rng.random() < 0.5:
        size, sd = rng.uniform(1, 9, H), rng.uniform(1, 9, H)
    method, least = rng.choice(METHODS), int(rng.integers(0, n // H + 1)) if rng.random() < 0.3 else 0
    power = float(rng.choice([0.5, 1, 2, -1, 0, 1e3, 1e300]))
    found = [int(v) for v in allocate(size, n, method, sd=sd, cost=cost, minimum=least, power=power)]
    assert sum(found) == n
    assert min(found) >= least
    if least == 0 and (
        method in ("proportional", "equal", "neyman") or (method == "power" and power == 2 and sd.max() < 10)
    ):
        exact = shares(size, method, sd, cost, power)
        slack = 2 if method == "power" else 1  # powers are floats
        unit = Fraction(n) / sum(exact)
        assert all(abs(a - b * unit) <= slack + (n >> 45) * (slack - 1) for a, b in zip(found, exact, strict=True))


def test_allocate__sizes_that_overflow_in_a_sum():
    assert allocate([1e308, 1e308], 100).tolist() == [50, 50]
    assert allocate([1e308, 1e308, 1e308, 1e308], 10**18, minimum=1).tolist() == [25 * 10**16] * 4
    assert allocate([1e-300, 3e-300], 8).tolist() == [2, 6]
    assert allocate([10**25, 3 * 10**25], 2**62).tolist() == [2**60, 3 * 2**60]
    assert allocate([6000, 3000, 1000], 10**18).tolist() == [6 * 10**17, 3 * 10**17, 10**17]
    assert allocate([1e308, 1e-300], 100, "power", power=2).tolist() == [100, 0]
    assert allocate([1e308, 1e-300], 100, "power", power=-1, minimum=3).tolist() == [3, 97]
    assert allocate([1e200, 1e-200], 100, "neyman", sd=[1e-300, 1e100]).tolist() == [50, 50]
    with pytest.raises(DesignError, match=r"n = 10000000000000000000000000: give a whole number, .* at most"):
        allocate([1, 2], 10**25)


def test_allocate__more_strata_than_interviews():
    assert allocate([5, 4, 3, 2, 1], 2).tolist() == [1, 1, 0, 0, 0]
    assert allocate([1, 1, 1], 2).tolist() == [1, 1, 0]
    with pytest.raises(DesignError, match="a minimum of 1 in each of 5 strata needs 5"):
        allocate([5, 4, 3, 2, 1], 2, minimum=1)


@given(n=st.integers(1, 10**12), p=st.floats(0.01, 0.99), deff=st.floats(0.1, 50), level=st.floats(0.5, 0.999))
def test_sample_size__is_the_inverse_also_of_millions_of_millions(n, p, deff, level):
    moe = margin_of_error(n, p, deff, level)
    if 0 < moe < 0.5:
        assert sample_size(moe, p, deff, level) == n


@given(n=st.integers(1, 10**6), beyond=st.integers(1, 10**6))
def test_sample_size__is_the_inverse_in_finite_populations(n, beyond):
    moe = margin_of_error(n, population=n + beyond + 1)
    if 0 < moe < 0.5:
        assert sample_size(moe, population=n + beyond + 1) == n


@pytest.mark.parametrize("options", [{"moe": 1e-300}, {"moe": 1e-9}, {"deff": 1e300}, {"moe": 5e-324, "deff": 1e308}])
def test_sample_size__refuses_more_interviews_than_numbers_tell_apart(options):
    with pytest.raises(DesignError, match=r"moe = .* interviews; ask for a larger moe"):
        sample_size(**options)
    assert sample_size(**options, population=10_000) == 10_000


def test_margin_of_error__refuses_what_is_no_survey():
    for n in (10**25, 2**63, 1e300):
        with pytest.raises(DesignError, match=r"^n = "):
            margin_of_error(n)
    with pytest.raises(DesignError, match=r"n = 11: interviews are more than the population = 10"):
        margin_of_error(11, population=10)


@pytest.mark.parametrize("value", NO_ARRAYS, **ids)
def test_selection__takes_numbers_alone(value):
    for options in ({"size": value}, {"size": [1.0, value]}, {"n": value}):
        with pytest.raises(DesignError, match=next(iter(options))):
            inclusion_probabilities(**{"size": [1, 2, 3.0], "n": 2, **options})
    for options in ({"probability": value}, {"probability": [1.0, value]}, {"rng": value}, {"start": value}):
        name, given_ = next(iter(options.items()))
        if not optional(name, given_):
            with pytest.raises(DesignError, match=name):
                select(**{"probability": [0.5, 0.5, 1], **options})


def test_inclusion_probabilities__of_any_size():
    for unit in (1e308, 1e-310, 1.0):
        np.testing.assert_allclose(inclusion_probabilities(np.full(4, unit), 2), 0.5)
    assert inclusion_probabilities([1e308, 1e-300, 1e-300], 2).tolist() == [1, 0.5, 0.5]
    with pytest.raises(DesignError, match="unit 1 of size 1e-300 is so small beside 1e"):
        inclusion_probabilities([1e308, 1e-300, 1e308], 1)


def test_select__the_same_seed_draws_the_same_units():
    p = np.full(40, 0.25)
    for method in ("sampford", "brewer", "pivotal", "poisson", "srs", "systematic"):
        assert select(p, method, 5).tolist() == select(p, method, np.random.default_rng(5)).tolist()
    with pytest.raises(DesignError, match="rng = -1"):
        select(p, rng=-1)


SIZES = {"a": 2000.0, "ab": 6000.0, "b": 2000.0}


@pytest.mark.parametrize("value", NO_NUMBERS, **ids)
@pytest.mark.parametrize("name", ["n", "budget", "moe", "stratum_moe", "p", "screening", "minimum", "level", "between"])
def test_allocate_frames__takes_numbers_alone(name, value):
    if optional(name, value):
        return
    options = {} if name in ("budget", "moe", "stratum_moe") and value is not None else {"n": 100}
    if value is None and name in ("n", "budget", "moe"):
        options = {}
    with pytest.raises(DesignError, match=name):
        allocate_frames(**{"sizes": SIZES, **options, name: value})


@pytest.mark.parametrize("value", NO_NUMBERS, **ids)
def test_allocate_frames__takes_numbers_alone_in_pairs_and_domains(value):
    for name in ("cost", "deff"):
        with pytest.raises(DesignError, match=name):
            allocate_frames(SIZES, n=100, **{name: value})
        with pytest.raises(DesignError, match=name):
            allocate_frames(SIZES, n=100, **{name: (1.0, value)})
    with pytest.raises(DesignError, match="sizes"):
        allocate_frames({**SIZES, "ab": value}, n=100)
    with pytest.raises(DesignError, match="p = "):
        allocate_frames(SIZES, n=100, p={"a": 0.5, "ab": 0.5, "b": value})


@pytest.mark.parametrize("options", [{"moe": 1e-300}, {"moe": 1e-6}, {"n": 10**17}, {"budget": 1e300}, {"n": 10**25}])
def test_allocate_frames__refuses_more_interviews_than_persons(options):
    with pytest.raises(DesignError, match=r"persons|n = |budget = "):
        allocate_frames(SIZES, **options)


def test_allocate_frames__says_what_it_cannot_split():
    with pytest.raises(DesignError, match="p = 1 leaves nothing that varies"):
        allocate_frames(SIZES, n=100, p=1)
    with pytest.raises(DesignError, match=r"stratum 1 has 1e.308 persons"):
        allocate_frames({"a": 1e308, "ab": 1e308, "b": 1.0}, n=100)
    with pytest.raises(DesignError, match="frame B of stratum 1 would get no interview"):
        allocate_frames({"a": 900_000.0, "ab": 10.0, "b": 5.0}, n=100, minimum=0)
    with pytest.raises(DesignError, match="sizes has no strata"):
        allocate_frames(pd.DataFrame({"a": [], "ab": [], "b": []}), n=100)


def test_allocate_frames__keeps_n_in_a_country():
    found = allocate_frames({"a": 2e17, "ab": 3e17, "b": 1e17}, n=10**17 + 1)
    assert found.n == 10**17 + 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("interviews", True), ("interviews", "many"), ("interviews", 2.5), ("landline_share", 1.5), ("landline_share", "half"),
        ("minimum_per_unit", -1), ("minimum_per_province", "x"), ("bank_factor", 0), ("bank_factor", True), ("suffixes", "other"),
        ("prefectures", 0), ("prefectures", 1.5), ("interview_rate", 0.5), ("interview_rate", ("a", 1)), ("between", "best"),
        ("power", "x"),
    ],
)  # fmt: skip
def test_plan__names_the_argument(landline, mobile, name, value):
    word = {"minimum_per_province": "minimum", "between": "method"}.get(name, name)
    with pytest.raises(DesignError, match=word):
        ss.sampling.SampleDesign.plan((landline, mobile), **{"interviews": 22_047, name: value})
