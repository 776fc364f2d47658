"""Power of comparisons: by hand, by simulated tests, and what is refused."""

import math
from statistics import NormalDist

import numpy as np
import pytest

import surveysim as ss
from surveysim import DesignError, sampling

Z, FAR = NormalDist().inv_cdf(0.975), NormalDist().inv_cdf(0.8)


def test_power__by_hand():
    # means: √(2 × 10² / 50) = 2, so that a difference of 2 z + 2 × 0.8416 is seen with 80 %
    assert ss.power(50, 2 * Z + 2 * FAR, sd=10) == pytest.approx(0.8)
    # one sample of 100 against 50 %: (0.1 - 1.96 × 0.05) / √(0.24 / 100)
    assert ss.power(100, 0.1, groups=1) == pytest.approx(NormalDist().cdf((0.1 - Z * 0.05) / math.sqrt(0.0024)))
    # half of the people are the same and answers correlate by 0.6: the variance of the change is 0.7 of that of independent samples
    one, other = ss.power(200, 0.5, sd=2), ss.power(140, 0.5, sd=2, overlap=0.5, correlation=0.6)
    assert other == pytest.approx(one)
    # clusters of 11 with ρ 0.1 need twice as many interviews; in half the population the variance is halved
    assert ss.power(400, 0.5, sd=2, m=11, icc=0.1) == pytest.approx(one)
    assert ss.power(100, 0.5, sd=2, population=200) == pytest.approx(one)


@pytest.mark.parametrize(
    "told",
    [
        {"n": 80, "difference": 0.2, "p": 0.4},
        {"n": 120, "difference": -0.15, "p": 0.5, "ratio": 0.5, "pooled": False},
        {"n": 150, "difference": 0.12, "p": 0.3, "overlap": 0.6, "correlation": 0.7, "sides": 1, "pooled": False},
        {"n": 90, "difference": 0.15, "p": 0.6, "groups": 1},
        {"n": 240, "difference": 0.12, "p": 0.4, "m": 12, "icc": 0.05, "pooled": False},
        {"n": 150, "difference": 0.15, "p": 0.4, "population": 300, "pooled": False},
    ],
)
def test_power__is_how_often_simulated_tests_reject(told):
    """The slow way: many surveys, of each the test, with the errors that the test's own estimates give."""
    rng, runs, n = np.random.default_rng(7), 20_000, told["n"]
    p, q, second = told["p"], told["p"] + told["difference"], round(n * told.get("ratio", 1))
    shared, m, icc = round(n * told.get("overlap", 0)), told.get("m", 1), told.get("icc", 0)
    first, other = drawn(rng, runs, n, p, m, icc, told), drawn(rng, runs, second, q, m, icc, told)
    covariance = np.zeros(runs)
    if shared:  # a person's second answer is yes with a chance that goes with the first
        r = told["correlation"] * math.sqrt(p * (1 - p) * q * (1 - q))
        a = rng.random((runs, shared)) < p
        b = rng.random((runs, shared)) < np.where(a, (p * q + r) / p, (q - p * q - r) / (1 - p))
        first = rng.binomial(n - shared, p, runs) + a.sum(axis=1)
        other = rng.binomial(second - shared, q, runs) + b.sum(axis=1)
        covariance = shared * r / (n * second) * np.ones(runs)
    x, y = first / n, other / second
    effect = (1 + (m - 1) * icc) * (1 - n / told["population"] if "population" in told else 1)
    if told.get("groups") == 1:
        x, variance = p, np.full(runs, p * (1 - p) / n)
    elif told.get("pooled", True):
        both = (first + other) / (n + second)
        variance = both * (1 - both) * (1 / n + 1 / second)
    else:
        variance = x * (1 - x) / n + y * (1 - y) / second - 2 * covariance
    z = NormalDist().inv_cdf(1 - 0.05 / told.get("sides", 2))
    seen = np.sign(told["difference"]) * (y - x) > z * np.sqrt(effect * variance)
    assert seen.mean() == pytest.approx(ss.power(**told), abs=0.025)


def drawn(rng, runs, n, p, m, icc, told):
    """Numbers of yes in n interviews: in clusters whose chances differ by a beta law, or out of a finite population."""
    if icc:
        a = (1 - icc) / icc
        chance = rng.beta(p * a, (1 - p) * a, (runs, n // m))
        return rng.binomial(m, chance).sum(axis=1)
    if "population" in told:
        yes = round(told["population"] * p)
        return rng.hypergeometric(yes, told["population"] - yes, n, runs)
    return rng.binomial(n, p, runs)


@pytest.mark.parametrize(
    "told",
    [
        {"p": 0.3},
        {"sd": (2, 3), "ratio": 2},
        {"p": 0.5, "sides": 1, "overlap": 0.3, "correlation": 0.5},
        {"sd": 1, "df": 30},
    ],
)
def test_sample_size_power_and_detectable__are_inverse(told):
    n = ss.sample_size(difference=0.11, power=0.85, **told)
    assert ss.power(n, 0.11, **told) >= 0.85 > ss.power(n - 1, 0.11, **told)
    assert ss.power(n, sampling.detectable(n, 0.85, **told), **told) == pytest.approx(0.85)


def test_sample_size__of_a_power_is_the_number_that_has_it():
    """Where power rises slowly its root is off by more than rounding, and 15 interviews were 16."""
    told = {
        "p": 0.5748092775910763,
        "difference": -0.025961709426703172,
        "deff": 0.8303769826941882,
        "level": 0.7437037793733521,
    }
    told |= {"pooled": False, "ratio": 2.3691019556824893, "overlap": 1.0, "correlation": -0.4332287959953769}
    for n in range(2, 400):
        assert ss.sample_size(power=ss.power(n, **told), **told) == n


def test_design_effect__by_hand():
    assert sampling.design_effect(21, 0.05) == pytest.approx(2)
    assert sampling.design_effect(weight_cv=1) == 2
    with pytest.raises(DesignError, match="above -1 / "):
        sampling.design_effect(21, -0.05)


WRONG = [
    ({"n": 0}, "n = 0"),
    ({"n": "many"}, "n = 'many'"),
    ({"difference": 0}, "difference = 0"),
    ({"difference": 0.6}, "must both lie between 0 and 1"),
    ({"p": 1}, "p = 1"),
    ({"sd": -1}, "sd = -1"),
    ({"sd": (1, 2, 3)}, "one for each group"),
    ({"sides": 3}, "sides = 3"),
    ({"groups": 1, "overlap": 0.5}, "overlap and ratio are of two samples"),
    ({"overlap": 0.6, "ratio": 0.5}, "cannot hold that share"),
    ({"correlation": 2}, "correlation = 2"),
    ({"population": 50}, "interviews are more than the population"),
    ({"level": 0}, "level"),
    ({"deff": 0}, "deff = 0"),
    ({"m": 0.5}, "m = 0.5"),
    ({"icc": 2}, "icc = 2"),
    ({"df": 0}, "df = 0"),
    ({"pooled": "yes"}, "pooled"),
    ({"alpha": 0.05}, "alpha is no option"),
]


@pytest.mark.parametrize(("change", "text"), WRONG, ids=[str(w[0]) for w in WRONG])
def test_power__refuses(change, text):
    with pytest.raises(DesignError, match=text.replace("(", r"\(")):
        ss.power(**({"n": 100, "difference": 0.1} | change))


def test_detectable__refuses_what_nothing_can_be_seen_with():
    with pytest.raises(DesignError, match=r"no difference from p = 0\.9 upwards"):
        sampling.detectable(3, 0.99, p=0.9)
    with pytest.raises(DesignError, match="no number of interviews"):
        ss.sample_size(difference=1e-9, sd=1, power=0.9)
