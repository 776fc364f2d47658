"""Errors after any sequence of adjustments: by hand, against a jackknife that repeats them, against the library."""

import numpy as np
import pytest

from naive import adjusted, variance


def poststratified(w, labels, totals):
    """Weights scaled inside each level to its total."""
    w = np.asarray(w, float)
    sums = {level: w[labels == level].sum() for level in totals}
    return np.array([w[k] * totals[labels[k]] / sums[labels[k]] for k in range(len(w))])


def raked(w, margins):
    """Margins [(labels, totals)] met in turn until nothing moves."""
    w = np.asarray(w, float)
    for _ in range(500):
        before = w
        for labels, totals in margins:
            w = poststratified(w, labels, totals)
        if np.abs(w - before).max() <= 1e-13 * w.max():
            break
    return w


def chain_step(before, after, *margins, follow=None, exact=False):
    """A raking; the exact derivative has F' = g in its regression, where Deville and Särndal take g for 1."""
    x, _ = adjusted.dummies(
        {str(i): totals for i, (_, totals) in enumerate(margins)},
        {str(i): list(labels) for i, (labels, _) in enumerate(margins)},
    )
    q = after / before if exact else np.ones(len(before))
    return {"before": before, "after": after, "x": x, "follow": follow, "q": q}


def test_pass_step__by_hand():
    # mean 2 is all that one total explains: 2 × (1 - 2), 2 × (3 - 2); a total that follows the weights gives it back
    step = {"before": [1, 1], "after": [2, 2], "x": [[1], [1]]}
    assert adjusted.pass_step([1, 3], step) == pytest.approx([-2, 2])
    assert adjusted.pass_step([1, 3], {**step, "after": [1, 1], "follow": adjusted.shares([1.0], 2)}) == pytest.approx(
        [1, 3]
    )
    assert adjusted.pass_step([1, 3], {"before": [1, 1], "after": [2, 0.5]}) == pytest.approx([2, 1.5])


def test_score__two_poststratifications_by_hand():
    # to 4 persons, then the second row's weight halved: z = 1, 3 → 1, 1.5 → 2 × (z - 1.25)
    steps = [{"before": [1, 1], "after": [2, 2], "x": [[1], [1]]}, {"before": [2, 2], "after": [2, 1]}]
    assert adjusted.score([1, 3], steps) == pytest.approx([-0.5, 0.5])


def sample(seed, n=30):
    rng = np.random.default_rng(seed)
    sex, age = (np.where(rng.random(n) < p, "f", "m") for p in (0.7, 0.4))
    y = rng.normal(50, 10, n) + 5 * (sex == "f") + 3 * (age == "f")
    return rng.uniform(5, 15, n), sex, age, y


def judged(weigh, steps, d, y):
    """Scores of a total, a mean and a ratio against nudging every row."""
    w, x = weigh(d), np.abs(y) + 1.0
    for function, statistic in (
        (variance.total(w, y), lambda v: v @ y),
        (variance.mean(w, y), lambda v: v @ y / v.sum()),
        (variance.ratio(w, y, x), lambda v: v @ y / (v @ x)),
    ):
        right = adjusted.infinitesimal(statistic, weigh, d)
        own = adjusted.weighted_score(function[1], steps, d)
        assert own == pytest.approx(right, rel=1e-5, abs=1e-7 * np.abs(right).max())


def test_score__of_two_rakings_as_nudging_each_row():
    d, sex, age, y = sample(1)
    first = [(sex, {"f": 200.0, "m": 220.0}), (age, {"f": 200.0, "m": 220.0})]
    second = [(sex, {"f": 150.0, "m": 250.0})]
    w1 = raked(d, first)
    steps = [chain_step(d, w1, *first, exact=True), chain_step(w1, raked(w1, second), *second)]
    judged(lambda w: raked(raked(w, first), second), steps, d, y)


@pytest.mark.parametrize("are_shares", [True, False])
def test_score__with_a_level_for_the_missing_between_multiplications_as_nudging_each_row(are_shares):
    d, sex, age, y = sample(2)
    gone = np.random.default_rng(5).random(len(d)) < 0.2
    labels, factor = np.where(gone, "?", sex), np.where(age == "f", 0.5, 1.0)

    def totals(w):
        whole, m = (w.sum() if are_shares else 400.0), w[gone].sum() / w.sum()
        return {"f": 0.3 * whole * (1 - m), "m": 0.7 * whole * (1 - m), "?": whole * m}

    def weigh(w):
        return raked(w * factor, [(labels, totals(w * factor))]) * factor

    before = d * factor
    given = [0.3, 0.7] if are_shares else [120.0, 280.0]
    follow = adjusted.with_missing(before, gone, given, 400.0, are_shares)
    middle = weigh(d) / factor
    steps = [
        {"before": d, "after": before},
        chain_step(before, middle, (labels, totals(before)), follow=follow),
        {"before": middle, "after": middle * factor},
    ]
    judged(weigh, steps, d, y)


def test_score__near_a_jackknife():
    d, sex, age, y = sample(3, n=300)
    margins = [(sex, {"f": 2100.0, "m": 900.0}), (age, {"f": 1200.0, "m": 1800.0})]
    again = [(age, {"f": 1300.0, "m": 1700.0})]
    w = raked(d, margins)
    steps = [chain_step(d, w, *margins), chain_step(w, raked(w, again), *again)]
    own = variance.variance(adjusted.score(y, steps), {"weight": d})
    judge = adjusted.jackknife(lambda v: v @ y, lambda v: raked(raked(v, margins), again), {"weight": d})
    assert own == pytest.approx(judge, rel=0.05)


def test_jackknife__of_a_total_is_the_linearized_variance():
    rng = np.random.default_rng(1)
    design = {
        "weight": rng.uniform(1, 2, 12).tolist(),
        "strata": [["a"] * 6 + ["b"] * 6],
        "psu": [[k // 2 for k in range(12)]],
        "fpc": [[10] * 6 + [0.5] * 6],
    }
    y = rng.normal(0, 1, 12)
    found = adjusted.jackknife(lambda w: w @ y, lambda w: w, design)
    assert found == pytest.approx(variance.variance(y, design))
