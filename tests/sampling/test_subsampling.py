"""The subsample of nonrespondents: what PracTools prints, the best rate by search, what is refused."""

import numpy as np
import pytest

import surveysim as ss
from surveysim import sampling


@pytest.mark.parametrize(("response", "alike"), [(0.3, 1.0), (0.5, 0.6), (0.8, 1.3)])
def test_subsample__no_other_rate_costs_less(response, alike):
    options = {"moe": 0.02, "alike": alike, "rounded": False}
    best = sampling.subsample(response, (30, 110), **options)
    others = [sampling.subsample(response, (30, 110), rate=v, **options).cost for v in np.linspace(0.05, 1, 400)]
    assert min(others) >= best.cost * (1 - 1e-12)
    assert min(others) < best.cost * 1.0005


def test_subsample__by_hand():
    """V = S² (1 + (1 - R)(1 / v - 1)) / n: of 400 with R = 0.5 and v = 0.5, 0.25 × 1.5 / 400."""
    plan = sampling.subsample(0.5, (1, 4), budget=800, rate=0.5)
    assert (plan.n, plan.rate, plan.second, plan.cost) == (400, 0.5, 100, 800)
    assert plan.se == pytest.approx(np.sqrt(0.25 * 1.5 / 400))
    assert plan.single == pytest.approx(400 / 1.5)


def test_subsample__the_variance_is_that_of_repeated_samples():
    rng, n, v = np.random.default_rng(3), 200, 0.4
    answers, y = np.arange(5000) < 3000, rng.normal(size=5000) + (np.arange(5000) >= 3000)
    found = []
    for _ in range(6000):
        drawn = rng.choice(5000, n, replace=False)
        first, others = drawn[answers[drawn]], drawn[~answers[drawn]]
        kept = rng.choice(others, round(v * len(others)), replace=False)
        found.append((y[first].sum() + len(others) * y[kept].mean()) / n)
    alike = y[3000:].var(ddof=1) / y.var(ddof=1)
    plan = sampling.subsample(
        0.6, (1, 1), budget=n * (1 + v * 0.4), rate=v, sd=y.std(ddof=1), alike=alike, population=5000
    )
    assert plan.n == n
    assert np.var(found) / plan.se**2 == pytest.approx(1, abs=0.06)


def test_subsample__follows_all_where_that_is_cheap():
    plan = sampling.subsample(0.5, (1, 1), moe=0.05)
    assert (plan.rate, plan.best) == (1.0, np.sqrt(2))
    assert "100.0%" in plan.summary()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"response": 0, "budget": 100}, "response = 0"),
        ({"response": 1.2, "budget": 100}, "response"),
        ({"response": 0.5}, "either budget or moe"),
        ({"response": 0.5, "budget": 100, "moe": 0.1}, "either budget or moe"),
        ({"response": 0.5, "budget": 100, "rate": 0}, "rate"),
        ({"response": 0.5, "budget": 100, "rate": 1.01}, "rate"),
        ({"response": 0.5, "budget": 0.5}, "Change budget or moe"),
        ({"response": 0.5, "budget": 1000, "population": 10}, "there are 10"),
        ({"response": 0.5, "budget": 100, "cost": (1,)}, "cost"),
    ],
)
def test_what_makes_no_sense__is_refused(options, said):
    with pytest.raises(ss.SurveysimError, match=said):
        sampling.subsample(**{"cost": (1, 4), **options})


def test_alike__up_to_what_the_variance_of_all_allows():
    """At 1 / (1 - R) everybody is followed; that ended with "beyond double precision"."""
    plan = sampling.subsample(0.5, (1, 2), budget=1e4, alike=2)
    assert (plan.n, plan.rate) == (5000, 1.0)
    with pytest.raises(ss.DesignError, match="at most 2"):
        sampling.subsample(0.5, (1, 2), budget=1e4, alike=2.5)
