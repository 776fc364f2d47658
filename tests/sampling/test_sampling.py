"""Sample size, allocation, design and banks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveysim import DesignError, allocate, margin_of_error, sample_size
from surveysim.kernels import respondents
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


def bank_numbers(prefixes, suffixes, shared, key, unit, n):
    """The first n numbers of a unit's banks in dialling order."""
    batch, table, found, at = respondents.new_batch(), np.empty(respondents.SUFFIXES, np.int64), [], 0
    every = np.ones(unit + 1, np.int64)
    given = {"prefixes": every * prefixes, "suffixes": every * suffixes, "shared": np.array([shared])}
    frame = respondents.Frame(**dict.fromkeys(respondents.Frame._fields, every) | given | {"bank_key": np.array([key])})
    while sum(map(len, found)) < n:
        bank = respondents.open_bank(frame, unit, at, table)
        for place in range(0, bank.size, respondents.BATCH):
            m = min(bank.size - place, respondents.BATCH)
            respondents.numbers_ahead(frame, batch, bank, m, place, table)
            found.append(batch.number[:m].copy())
        at += 1
    return np.concatenate(found)[:n]


@pytest.mark.parametrize("shared", [1, 0])
def test_banks__hold_each_number_once_and_shared_suffixes_behind_every_prefix(shared):
    prefixes, suffixes = 7, 5
    n = 3 * prefixes * suffixes  # three banks: the first and two enlargements
    out = bank_numbers(prefixes, suffixes, shared, np.uint64(9), 3, n)
    assert len(np.unique(out)) == len(out)
    first = out[: prefixes * suffixes]
    by_prefix = [frozenset(first[first // 10_000 == p] % 10_000) for p in range(prefixes)]
    assert all(len(s) == suffixes for s in by_prefix)
    assert (len(set(by_prefix)) == 1) == bool(shared)
    assert list(first) != sorted(first), "the bank is shuffled"


@pytest.mark.parametrize("shared", [1, 0])
def test_banks__dial_the_whole_space_before_they_give_up(shared):
    """3 prefixes × 10,000 numbers in banks of 6,000 and then 4,000 suffixes: every number once."""
    out = bank_numbers(3, 6000, shared, np.uint64(4), 1, 30_000)
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


def _hartley(sizes, variances, n, theta):
    """The variance of Hartley's total, written out."""
    a, ab, b = sizes
    first = (a + ab) * (a * variances[0] + theta**2 * ab * variances[1]) / n[0]
    return first + (ab + b) * (b * variances[2] + (1 - theta) ** 2 * ab * variances[1]) / n[1]


def test_allocate_frames__no_other_split_is_cheaper():
    """Against a grid of every split and θ: the least cost that meets the margin of error, within rounding."""
    import surveysim as ss

    sizes, p, cost = (2000.0, 5000.0, 3000.0), {"a": 0.2, "ab": 0.4, "b": 0.6}, (3.0, 1.0)
    variances = [v * (1 - v) for v in p.values()]
    found = ss.allocate_frames(dict(zip(("a", "ab", "b"), sizes)), cost, moe=0.02, p=p)
    target = (0.02 * 10_000 / 1.959963984540054) ** 2
    assert found.moe <= 0.02
    best = np.inf
    for theta in np.linspace(0, 1, 101):
        for ratio in np.geomspace(0.02, 50, 400):
            unit = _hartley(sizes, variances, (ratio, 1.0), theta)
            m = unit / target
            best = min(best, m * (cost[0] * ratio + cost[1]))
    assert found.cost == pytest.approx(best, rel=0.002)
    row = found.table.iloc[0]
    assert _hartley(sizes, variances, (row["n_A"], row["n_B"]), row["theta"]) <= target


def test_allocate_frames__screening_where_it_is_cheaper():
    import surveysim as ss

    sizes = {"a": 100.0, "ab": 6000.0, "b": 4000.0}
    both = ss.allocate_frames(sizes, (1.0, 3.0), moe=0.02)
    cheap = ss.allocate_frames(sizes, (1.0, 3.0), moe=0.02, screening=0.01)
    assert cheap.table["design"].iloc[0] == "screening"
    assert cheap.cost < both.cost
    assert cheap.table["screened"].iloc[0] == int(np.ceil(cheap.table["n_B"].iloc[0] * 1.5))
    dear = ss.allocate_frames(sizes, (1.0, 3.0), moe=0.02, screening=5.0)
    assert dear.table["design"].iloc[0] == "overlap"
    assert dear.cost == both.cost


def test_allocate_frames__national_margin_and_every_provinces_own():
    """Both bounds hold, and no province can give money to another without breaking one (the KKT conditions)."""
    import pandas as pd

    import surveysim as ss

    rng = np.random.default_rng(1)
    table = pd.DataFrame({"province": [f"p{i}" for i in range(31)], "a": 0.0, "ab": 0.0, "b": 0.0})
    size = rng.gamma(2, 2e7, 31)
    table[["a", "ab", "b"]] = size[:, None] * rng.dirichlet([1, 3, 10], 31)
    found = ss.allocate_frames(table, (1.3, 1.0), moe=0.0066, stratum_moe=0.045, deff=(1.5, 1.6))
    assert 0.0064 < found.moe <= 0.0066
    assert found.table["moe"].max() <= 0.045
    free = found.table["moe"] < 0.0445  # spending goes by √F where the province's own bound is slack
    rate = np.sqrt(found.table["moe"] ** 2 * size**2 * found.table["cost"])[free] / found.table["cost"][free]
    assert rate.std() / rate.mean() < 0.02
    only = ss.allocate_frames(table, stratum_moe=0.045)
    assert only.table["moe"].max() <= 0.045
    budget = ss.allocate_frames(table, (1.3, 1.0), budget=30_000)
    assert 29_900 < budget.cost <= 30_000
    fixed = ss.allocate_frames(table, n=22_047)
    assert fixed.n == 22_047
    dear = ss.allocate_frames(table, (5.0, 1.0), n=22_047)
    assert dear.moe == fixed.moe, "so many interviews have one least error, whatever they cost"
    power = ss.allocate_frames(table, n=22_047, between="power")
    assert power.n == 22_047
    share = ss.allocate(size, 22_047, method="power")
    np.testing.assert_allclose(power.table[["n_A", "n_B"]].sum(axis=1), share, atol=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"moe": 0.01, "n": 100}, "give one of"),
        ({}, "give one of"),
        ({"moe": 0.01, "cost": (1, 0)}, "cost"),
        ({"n": 10, "stratum_moe": 0.01}, "bounds alone need"),
        ({"moe": 0.01, "p": {"a": 0.5}}, "one for each"),
        ({"moe": 0.01, "between": "power"}, "needs n"),
        ({"n": 20, "stratum_moe": 0.4, "between": "power"}, "no stratum_moe"),
        ({"moe": 0.0001}, "interviews of 30 persons"),
        ({"n": 10, "cost": 1.0}, "give a pair"),
        ({"n": 10, "p": "0.5"}, "one for each"),
        ({"n": 10, "minimum": 2.5}, "whole number"),
        ({"n": 1}, "minimum per stratum"),
    ],
)
def test_allocate_frames__refuses(arguments, message):
    import surveysim as ss

    with pytest.raises(ss.DesignError, match=message):
        ss.allocate_frames({"a": 10.0, "ab": 20.0, "b": 30.0}, **arguments)
    import polars as pl

    table = pl.DataFrame({"s": ["x"], "a": [3000], "ab": [4000], "b": [5000]})
    assert ss.allocate_frames(table, n=100).table["s"].tolist() == ["x"]
    with pytest.raises(ss.DesignError, match="lack 'ab'"):
        ss.allocate_frames({"a": 10.0, "b": 30.0}, moe=0.01)
