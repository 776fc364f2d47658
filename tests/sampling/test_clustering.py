"""Interviews in a cluster."""

import pytest

from surveysim import DesignError, sampling


def test_clusters__nothing_near_the_optimum_is_better():
    plan = sampling.clusters(0.03, (400, 40), moe=0.025, p=0.3)
    costs = {m: sampling.clusters(0.03, (400, 40), moe=0.025, p=0.3, m=m, rounded=False).cost for m in range(1, 60)}
    best = min(costs, key=costs.get)
    assert best == plan.m
    assert costs[best] <= plan.cost < costs[best] * 1.02
    assert plan.moe <= 0.025


def test_clusters__by_hand():
    # 750 + 100 × 10 a cluster: 57 of them for 100,000; deff 1 + 9 × 0.05 = 1.45
    plan = sampling.clusters(0.05, (750, 100), budget=100_000, m=10)
    assert (plan.clusters, plan.n, plan.cost) == (57, 570, 99_750)
    assert plan.se == pytest.approx((0.25 * 1.45 / 570) ** 0.5)
    assert sampling.clusters(0.999, (1, 100), budget=1000).m == 1


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"icc": 0}, "icc = 0"),
        ({"icc": 1}, "icc = 1"),
        ({"cost": 5}, "pair of numbers"),
        ({"cost": (0, 1)}, "cost = 0"),
        ({"budget": None}, "either budget or moe"),
        ({"moe": 0.03}, "either budget or moe"),
        ({"budget": 10}, "one cluster of 12 interviews costs 1,950"),
        ({"m": 0}, "m = 0"),
        ({"sd": 0}, "sd = 0"),
        ({"rounded": 1}, "rounded"),
    ],
)
def test_clusters__refuses(told, text):
    with pytest.raises(DesignError, match=text):
        sampling.clusters(**({"icc": 0.05, "cost": (750, 100), "budget": 1e5} | told))
