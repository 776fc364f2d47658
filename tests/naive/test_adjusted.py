"""Errors after any sequence of adjustments: by hand, against a jackknife that repeats them, against the library."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from naive import adjusted, designs, variance
from surveysim.weighting import Multiplicity, Rake, Selection, Subsample, UnitNonresponse

pytestmark = pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")


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


# against the library


def near_totals(rng, table, column, w, whole=None):
    """Totals by level within a fifth of what the weights say."""
    found = {}
    for label, weight in zip(table[column], w, strict=True):
        if label is not None:
            found[label] = found.get(label, 0.0) + weight * rng.uniform(0.85, 1.15)
    scale = 1.0 if whole is None else whole / sum(found.values())
    return {label: float(total * scale) for label, total in sorted(found.items())}


def as_shares(margins):
    return {name: {v: t / sum(totals.values()) for v, t in totals.items()} for name, totals in margins.items()}


def random_step(rng, table, w):
    """(name, the library's call, step of the naive version from the weights before and after) on weights as they are."""
    n, whole = len(w), float(w.sum() * rng.uniform(0.8, 1.2))
    g, h = (near_totals(rng, table, name, w, whole) for name in "gh")
    both, crossed = {"g": g, "h": h}, {**table, "gh": list(zip(table["g"], table["h"], strict=True))}
    cells = near_totals(rng, crossed, "gh", w)
    x_total = float(np.array(table["x"]) @ w * rng.uniform(0.95, 1.05))

    def step(margins, follow=None, number=False, **more):
        x, _ = adjusted.dummies(margins, table)
        x = [[v, *row] for v, row in zip(table["x"], x, strict=True)] if number else x
        return lambda before, after: {"before": before, "after": after, "x": x, "follow": follow, **more}

    of_sum = [v for totals in as_shares(both).values() for v in totals.values()]
    percent = {name: {v: 100 * s for v, s in totals.items()} for name, totals in as_shares(both).items()}
    follow = adjusted.shares(of_sum, n)
    choices = [
        ("rake", lambda s: s.rake(both), step(both)),
        ("shares", lambda s: s.rake(as_shares(both)), step(both, follow)),
        ("percent", lambda s: s.rake(percent), step(both, follow)),
        ("poststratify", lambda s: s.poststratify({("g", "h"): cells}), step({("g", "h"): cells})),
        ("linear", lambda s: s.calibrate({"x": x_total, "g": g}), step({"g": g}, number=True)),
        ("q", lambda s: s.calibrate({"x": x_total, "g": g}, q="q"), step({"g": g}, number=True, q=table["q"])),
        ("logit", lambda s: s.calibrate({"h": h}, method="logit", bounds=(0.3, 4.0)), step({"h": h})),
        ("exponential", lambda s: s.calibrate(both, method="raking"), step(both)),
        ("multiply", lambda s: s.apply(ss.Recipe([Multiplicity()])), lambda b, a: {"before": b, "after": a}),
    ]
    return choices[int(rng.integers(len(choices)))]


def mobile_table(rng, n):
    table = designs.random_table(rng, n, missing=False)
    table["q"] = [float(v) for v in rng.uniform(0.5, 2, n)]
    table["k"] = [None if rng.random() < 0.15 else str(v) for v in rng.choice(["c", "d"], n)]
    table["phase"] = [(1, 2, 2, 0)[row % 4] for row in range(n)]
    table["status"] = [str(v) for v in rng.choice(["R", "R", "R", "N", "U", "X"], n)]
    table |= {"frame": ["mobile"] * n, "n_mobile": [int(v) for v in rng.integers(1, 4, n)], "one": [1.0] * n}
    return table | {"n_lines": [0] * n, "n_eligible": [1] * n}


def statistics(s, table):
    """(library's estimates, value and score) of totals, means and ratios, of everybody and of a domain."""
    w, y, x = np.array(s.weight), table["y"], table["x"]
    mask = [v == "a" for v in table["g"]]
    yield s.total("y", df=np.inf), variance.total(w, y)
    yield s.total("one", df=np.inf), variance.total(w, table["one"])
    yield s.mean("y", df=np.inf), variance.mean(w, y)
    yield s.ratio("y", "x", df=np.inf), variance.ratio(w, y, x)
    if any(m and v > 0 for m, v in zip(mask, w, strict=True)):
        domain = s.where(np.array(mask))
        yield domain.total("x", df=np.inf), variance.total(w, x, mask)
        yield domain.ratio("y", "x", df=np.inf), variance.ratio(w, y, x, mask)


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_chains__as_the_library(first):
    compared = 0
    for seed in range(first, first + 20):
        rng = np.random.default_rng(seed)
        design = designs.random_design(rng, stages=int(rng.integers(0, 3)), lonely="remove", n_max=8)
        design["weight"] = [max(v, 0.5) for v in design["weight"]]
        n = len(design["weight"])
        table = mobile_table(rng, n)
        columns, options = designs.as_arguments(design, table)
        s, steps, names = ss.Survey(pd.DataFrame(columns), **options), [], []
        try:
            for _ in range(int(rng.integers(1, 5))):
                before = np.array(s.weight)
                name, call, step = random_step(rng, table, before)
                s = call(s)
                steps.append(step(before, np.array(s.weight)))
                names.append(name)
        except (ss.CalibrationError, ss.DataError):
            continue  # totals out of reach, or weights below 0 that raking cannot take
        for found, (value, u) in statistics(s, table):
            row, z = found.to_frame().iloc[0], adjusted.weighted_score(u, steps, design["weight"])
            raw = np.array(s.weight) * np.array(u)
            rounding = 1e-14 * variance.of_values(raw, raw, design) + (1e-10 * value) ** 2
            right = variance.of_values(z, z, design)
            assert row["estimate"] == pytest.approx(value, rel=1e-8)
            assert abs(row["se"] ** 2 - right) <= 1e-8 * right + rounding, (seed, names, row["se"] ** 2, right)
            compared += 1
    assert compared > 60


def exact_step(rng, table, w):
    """A step whose derivative needs no approximation: one margin, a linear distance, or factors."""
    whole = float(w.sum() * rng.uniform(0.8, 1.2))
    g, k = near_totals(rng, table, "g", w, whole), near_totals(rng, table, "k", w)
    x_total = float(np.array(table["x"]) @ w * rng.uniform(0.95, 1.05))
    inside = {
        level: {"h": near_totals(rng, table, "h", [v * (u == level) for u, v in zip(table["g"], w, strict=True)])}
        for level in g
    }
    inside = {level: {"h": {v: t for v, t in m["h"].items() if t > 0}} for level, m in inside.items()}
    parts = {level: as_shares(m) for level, m in inside.items()}
    unit = UnitNonresponse(by=("g",), unknown_by=("h",))
    choices = {
        "rake": lambda s: s.rake({"g": g}),
        "shares": lambda s: s.rake(as_shares({"g": g})),
        "linear": lambda s: s.calibrate({"x": x_total, "g": g}),
        "multiply": lambda s: s.apply(ss.Recipe([Multiplicity()])),
        "level": lambda s: s.rake({"k": k}, missing="level"),
        "level of shares": lambda s: s.rake(as_shares({"k": k}), missing="level"),
        "drop": lambda s: s.rake({"k": k}, missing="drop"),
        "drop, shares": lambda s: s.rake(as_shares({"k": k}), missing="drop"),
        "partitions": lambda s: s.rake(inside, by="g"),
        "partitions of shares": lambda s: s.rake(parts, by="g"),
        "nonresponse": lambda s: s.apply(ss.Recipe([unit])),
        "recipe": lambda s: s.apply(ss.Recipe([Multiplicity(), Rake({"g": g}, minimum=1)])),
        "subsample": lambda s: s.apply(ss.Recipe([Subsample(by="g")])),
    }
    name = str(rng.choice(list(choices)))
    return name, choices[name]


@pytest.mark.everyday(2)
@pytest.mark.parametrize("first", range(0, 40, 8))
def test_chains_of_the_library__as_nudging_each_row(first):
    """Nothing here knows a formula: the library's own weights are made again from nudged base weights."""
    compared = 0
    for seed in range(first, first + 8):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(14, 20))
        table, base = mobile_table(rng, n), rng.lognormal(2, 0.5, n)
        data, calls, names = pd.DataFrame(table), [], []

        def weighted(w, data=data, calls=calls):
            s = ss.Survey(data, weight=w)
            for call in calls:
                s = call(s)
            return s

        try:
            for _ in range(int(rng.integers(1, 4))):
                name, call = exact_step(rng, table, np.array(weighted(base).weight))
                calls.append(call)
                names.append(name)
            s = weighted(base)
            slope = adjusted.infinitesimal(lambda w: w, lambda w, f=weighted: np.array(f(w).weight), base)
        except ss.CalibrationError:
            continue
        for found, (value, u) in statistics(s, table):
            z, raw = slope @ np.array(u), np.array(s.weight) * np.array(u)
            right, scale = (variance.of_values(v, v, {"weight": base}) for v in (z, raw))
            se = found.to_frame()["se"].iloc[0]
            assert abs(se**2 - right) <= 1e-5 * right + 1e-9 * scale + (1e-9 * value) ** 2, (seed, names, se**2, right)
            compared += 1
    assert compared > 20


def test_trimming__as_the_library():
    compared = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        table, base = mobile_table(rng, 40), rng.lognormal(2, 0.7, 40)
        table["psu"] = [int(v) for v in rng.integers(0, 12, 40)]
        margins = {name: near_totals(rng, table, name, base, base.sum() * 1.1) for name in ("g", "h")[: 1 + seed % 2]}
        are_shares = seed % 4 > 1
        try:
            s = ss.Survey(pd.DataFrame(table), weight=base, psu="psu")
            s = s.rake(as_shares(margins) if are_shares else margins, trim=(0.5, 1.7))
        except ss.CalibrationError:
            continue
        w = np.array(s.weight)
        of_mean = w / w.mean()
        beside = np.minimum(np.abs(of_mean / 0.5 - 1), np.abs(of_mean / 1.7 - 1))
        cut = beside < 2e-6
        if not cut.any() or ((beside > 1e-6) & (beside < 4e-6)).any():
            continue  # weights stand on their bounds to 1e-6; some cannot be told from those beside them
        x, _ = adjusted.dummies(margins, table)
        step = {"before": base, "after": w, "x": x, "cut": cut, "mean_follows": are_shares}
        if are_shares:
            step["follow"] = adjusted.shares([v for m in as_shares(margins).values() for v in m.values()], 40)
        for found, (_, u) in statistics(s, table):
            z, raw = adjusted.weighted_score(u, [step], base), w * np.array(u)
            right, scale = (variance.of_values(v, v, {"weight": base, "psu": [table["psu"]]}) for v in (z, raw))
            assert abs(found.to_frame()["se"].iloc[0] ** 2 - right) <= 1e-5 * right + 1e-12 * scale, seed
        compared += 1
    assert compared > 30


def test_trimming_of_shares__a_dropped_row_has_no_score():
    """Weights are held at multiples of the mean of the rows that are used; one that is dropped for a missing value moves none of them."""
    before, after = [2.5, 4.375, 0.0, 32.0], [69 / 2 - 2 * 38.875 / 3, 4.375, 0.0, 2 * 38.875 / 3]
    x = np.array([[0, 1], [1, 0], [0, 0], [0, 1]], float)
    step = {"before": before, "after": after, "x": x, "follow": [[0.1125, 0.8875]] * 2 + [[0, 0]] + [[0.1125, 0.8875]]}
    step |= {"cut": np.array([False, False, False, True]), "mean_follows": True}
    passed = adjusted.pass_step([1.0, 2.0, 0.0, 4.0], step)
    assert passed[2] == 0
    # held 25.92 × (4 - 1) / 38.875 = 2, and 0.1125 × 2 + 0.8875 × 1 that the totals follow
    assert passed == pytest.approx([3.1125, 3.1125, 0, 3 * 2 * 38.875 / 3 / 32 + 3.1125])


def test_totals_known_with_error__as_the_library():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        table, base = mobile_table(rng, 40), rng.lognormal(2, 0.7, 40)
        g = near_totals(rng, table, "g", base)
        x_total = float(np.array(table["x"]) @ base * 1.05)
        sd = np.array([0.02 * x_total, 0.03 * base.sum(), 0.0])
        correlation = np.array([[1, 0.4 * (seed % 2), 0], [0.4 * (seed % 2), 1, 0], [0, 0, 1]])
        error = sd[:, None] * correlation * sd
        first = ss.Survey(pd.DataFrame(table), weight=base).calibrate({"x": x_total, "g": g}, covariance=error)
        w1 = np.array(first.weight)
        h = near_totals(rng, table, "h", w1)
        s = first.poststratify({"h": h}) if seed % 3 else first
        x, _ = adjusted.dummies({"g": g}, table)
        x = [[v, *row] for v, row in zip(table["x"], x, strict=True)]
        penalty = error * base.sum() / (base @ base)
        uncertain = {"before": base, "after": w1, "x": x, "penalty": penalty}
        last = {"before": w1, "after": np.array(s.weight), "x": adjusted.dummies({"h": h}, table)[0]}
        for found, (_, u) in statistics(s, table):
            z = adjusted.pass_step(u, last) if seed % 3 else np.array(u)
            value = base * adjusted.pass_step(z, uncertain)
            right = variance.of_values(value, value, {"weight": base}) + adjusted.with_error(z, uncertain, error)
            assert found.to_frame()["se"].iloc[0] ** 2 == pytest.approx(right, rel=1e-8)


def test_recipe__multiplies_the_score_of_a_weight_below_zero():
    """What linear calibration left below 0 was left out of the score by the next step that multiplies weights."""
    r, n = np.random.default_rng(5), 40
    table = pd.DataFrame(
        {"x": r.normal(10, 4, n), "y": r.normal(5, 1, n), "pi": r.uniform(0.3, 0.9, n), "w": r.uniform(5, 15, n)}
    )
    first = ss.Survey(table, weight="w").calibrate({"x": 0.15 * float(table["w"] @ table["x"])})
    before = np.asarray(first.weight)
    assert (before < 0).any()
    survey = first.apply(ss.Recipe([Selection("pi")]))
    steps = [
        {"before": table["w"], "after": before, "x": table["x"].to_numpy()[:, None]},
        {"before": before, "after": np.asarray(survey.weight)},
    ]
    values = adjusted.weighted_score(table["y"], steps, table["w"])
    want = np.sqrt(n / (n - 1) * ((values - values.mean()) ** 2).sum())
    np.testing.assert_allclose(survey.total("y").table["se"].iloc[0], want, rtol=1e-9)
