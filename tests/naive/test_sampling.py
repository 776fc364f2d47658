"""Planning, allocation and selection against exact fractions and enumeration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import surveysim as ss
from naive import allocation, planning, probabilities


def test_allocation_by_hand():
    assert allocation.allocate(allocation.shares([6000, 3000, 1000]), 100) == [60, 30, 10]
    assert allocation.allocate(allocation.shares([6000, 3000, 1000]), 100, minimum=20) == [53, 27, 20]  # 80 by 2 : 1
    assert allocation.allocate(allocation.shares([100, 100], "neyman", sd=[1, 2]), 30) == [10, 20]
    assert allocation.allocate(allocation.shares([1600, 900, 100], "power"), 80) == [40, 30, 10]
    assert allocation.allocate(allocation.shares([100, 100], "cost", sd=[1, 1], cost=[1, 4]), 30) == [20, 10]
    assert allocation.allocate(allocation.shares([1, 1, 1], "equal"), 5) == [2, 2, 1]
    # 4, 3, 3 at least: 20 of 100 raise the last; 6.4 for the second of the rest is still enough, 2.4 for the third is not
    assert allocation.allocate(allocation.shares([80, 10, 6, 4]), 50, minimum=4) == [37, 5, 4, 4]


@pytest.mark.parametrize("method", ["proportional", "equal", "neyman", "power", "cost"])
def test_allocation(method):
    rng = np.random.default_rng(41)
    for _ in range(100):
        strata = int(rng.integers(1, 12))
        size = [int(v) for v in 10 ** rng.uniform(1, 6, strata)]
        sd = rng.uniform(0.05, 0.5, strata).tolist()
        cost = rng.uniform(1, 9, strata).tolist()
        n = int(rng.integers(strata, 5000))
        minimum = int(rng.integers(0, n // strata + 1))
        power = rng.uniform(0.1, 1)
        options = {"sd": sd} if method in ("neyman", "cost") or (method == "power" and rng.random() < 0.5) else {}
        if method == "cost":
            options["cost"] = cost
        wanted = allocation.allocate(allocation.shares(size, method, power=power, **options), n, minimum)
        found = ss.allocate(
            size, n, method, minimum=minimum, **options, **({"power": power} if method == "power" else {})
        )
        assert found.tolist() == wanted
        assert sum(wanted) == n
        named = ss.allocate(dict(zip("abcdefghijkl", size)), n, method, minimum=minimum, **options, power=power)
        assert list(named.values()) == wanted


def test_two_frames_by_hand():
    # 100 of 800 + 600 + 200 persons' halves: 50 and 50, θ = 1/2: V = 2 × 0.25 × 800 × (200 + 150) / 50
    assert_allclose(
        allocation.best_split((200, 600, 200), 100), 1.959964 * np.sqrt(0.5 * 800 * 350 / 50) / 1000, rtol=1e-6
    )


def test_two_frames():
    """No split of so many interviews is better by more than the rounding of the two counts."""
    rng = np.random.default_rng(47)
    for _ in range(30):
        sizes, n = rng.uniform(50, 5000, 3).tolist(), int(rng.integers(60, 600))
        p, deff = rng.uniform(0.05, 0.95), tuple(rng.uniform(0.8, 3, 2).tolist())
        found = ss.allocate_frames(dict(zip(("a", "ab", "b"), sizes)), n=n, p=p, deff=deff)
        assert found.n == n
        best = allocation.best_split(sizes, n, p, deff)
        assert best * (1 - 1e-9) <= found.moe <= best * 1.002


def test_planning_by_hand():
    assert planning.sample_size(0.0066) == 22047
    assert planning.sample_size(0.05, population=1000) == 278
    assert round(planning.margin_of_error(900, p=0.1, deff=2), 4) == 0.0277
    assert planning.margin_of_error(1000, population=1000) == 0


def test_planning():
    rng = np.random.default_rng(42)
    for _ in range(500):
        p, deff, level = rng.uniform(0.01, 0.99), rng.uniform(0.5, 4), rng.uniform(0.5, 0.999)
        population = None if rng.random() < 0.5 else int(10 ** rng.uniform(1, 9))
        moe = 10 ** rng.uniform(-3, -0.5)
        options = {"p": p, "deff": deff, "level": level, "population": population}
        wanted = planning.sample_size(moe, **options)
        assert ss.sample_size(moe, **options) == wanted
        n = int(rng.integers(1, population or 100_000))
        assert_allclose(ss.margin_of_error(n, **options), planning.margin_of_error(n, **options), rtol=1e-9)


DESIGNS = {
    "systematic": probabilities.systematic,
    "pps_systematic": probabilities.systematic,
    "sampford": probabilities.sampford,
    "brewer": probabilities.brewer,
    "pivotal": probabilities.pivotal,
    "poisson": probabilities.poisson,
}


def test_probabilities_by_hand():
    assert probabilities.inclusion_probabilities([1, 1, 2, 8], 2) == [0.25, 0.25, 0.5, 1.0]
    assert probabilities.systematic([0.25, 0.25, 0.5, 1.0]) == {(0, 3): 0.25, (1, 3): 0.25, (2, 3): 0.5}
    assert probabilities.srs([2 / 3] * 3) == {(0, 1): 1 / 3, (0, 2): 1 / 3, (1, 2): 1 / 3}
    assert_allclose(list(probabilities.poisson([0.5, 0.2]).values()), [0.4, 0.1, 0.4, 0.1])
    # Sampford, p = (.5, .5, 1): of two halves with n = 1 each is taken with its probability
    assert probabilities.sampford([0.5, 0.5, 1.0]) == {(0, 2): 0.5, (1, 2): 0.5}
    # pivotal: 0 against 1 (.3 + .4): 0 has .7 with chance 3/7; the winner against 2 (.7 + .3 = 1): one of both
    design = probabilities.pivotal([0.3, 0.4, 0.3])
    assert_allclose([design[(k,)] for k in range(3)], [0.3, 0.4, 0.3])
    # Brewer, n = 2 of .5, .75, .75: first draw ∝ p (2 - p) / (2 - 2p): .75, 1.875, 1.875
    design = probabilities.brewer([0.5, 0.75, 0.75])
    assert_allclose([design[s] for s in ((0, 1), (0, 2), (1, 2))], [0.25, 0.25, 0.5])


@pytest.mark.parametrize("method", DESIGNS)
def test_every_design_has_the_probabilities_asked_for(method):
    rng = np.random.default_rng(43)
    for _ in range(20):
        units = int(rng.integers(3, 7))
        p = probabilities.inclusion_probabilities(rng.lognormal(0, 0.7, units).tolist(), int(rng.integers(1, units)))
        design = DESIGNS[method](p)
        assert sum(design.values()) == pytest.approx(1)
        assert_allclose(probabilities.first_order(design, units), p, atol=1e-10)


def test_inclusion_probabilities():
    rng = np.random.default_rng(44)
    for _ in range(300):
        units = int(rng.integers(2, 40))
        size = rng.lognormal(0, rng.choice([0.2, 1, 3]), units)
        size[rng.random(units) < 0.1] = 0
        n = int(rng.integers(0, np.count_nonzero(size) + 1))
        wanted = probabilities.inclusion_probabilities(size.tolist(), n)
        assert_allclose(ss.inclusion_probabilities(size, n), wanted, rtol=1e-9)
        assert sum(wanted) == pytest.approx(n)


@pytest.mark.parametrize("method", [*DESIGNS, "srs"])
def test_samples_have_the_chances_of_their_design(method):
    """2,500 samples against the enumerated design, seed fixed: no sample is further off its chance than 1 in 10⁵ would be."""
    rng, draws = np.random.default_rng(45), 2500
    for p in ([0.3, 0.8, 0.4, 0.5], [0.9, 0.2, 0.7, 0.35, 0.85], [0.15, 0.25, 1.0, 0.6, 0.0]):
        if method == "srs":
            p = [round(sum(p)) / len(p)] * len(p)
        design = probabilities.srs(p) if method == "srs" else DESIGNS[method](p)
        found = {}
        for _ in range(draws):
            sample = tuple(int(k) for k in ss.select(p, method, rng=rng))
            found[sample] = found.get(sample, 0) + 1
        assert set(found) <= set(design)
        for sample, chance in design.items():
            error = 4.5 * np.sqrt(draws * chance * (1 - chance)) + 2
            assert abs(found.get(sample, 0) - draws * chance) < error


def test_systematic_samples_with_a_start():
    rng = np.random.default_rng(46)
    for _ in range(300):
        units = int(rng.integers(2, 12))
        p = probabilities.inclusion_probabilities(rng.lognormal(0, 1, units).tolist(), int(rng.integers(1, units)))
        start = rng.uniform(0, 1)
        cumulated = np.cumsum([0, *p])
        if np.min(np.abs((cumulated - start + 0.5) % 1 - 0.5)) < 1e-9:
            continue
        wanted = [k for k in range(units) if any(cumulated[k] <= start + i < cumulated[k + 1] for i in range(units))]
        assert ss.select(p, start=start).tolist() == wanted
