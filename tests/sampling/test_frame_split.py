"""The split between two frames against plain loops: the best θ from a grid, spending by bisection, rounding one by one."""

import math

import numpy as np
import pandas as pd
import pytest
from naive.allocation import within_budget

import surveysim as ss
from surveysim import DesignError

Z = 1.959963984540054
STRATA = pd.DataFrame(
    {
        "place": ["p", "q", "r", "s"],
        "a": [9_000.0, 20_000, 0, 40_000],
        "ab": [70_000.0, 30_000, 50_000, 10_000],
        "b": [15_000.0, 90_000, 60_000, 5_000],
    }
)
P = {"a": 0.3, "ab": 0.6, "b": 0.15}


def kernels(row, p, deff, theta):
    s = {d: p[d] * (1 - p[d]) for d in p}
    of_a = (row.a + row.ab) * deff[0] * (row.a * s["a"] + theta**2 * row.ab * s["ab"])
    of_b = (row.ab + row.b) * deff[1] * (row.b * s["b"] + (1 - theta) ** 2 * row.ab * s["ab"])
    return of_a, of_b


def screened_kernels(row, p, deff):
    s = {d: p[d] * (1 - p[d]) for d in p}
    return (row.a + row.ab) * deff[0] * (row.a * s["a"] + row.ab * s["ab"]), row.b * deff[1] * row.b * s["b"]


def product(prices, parts):
    return sum(math.sqrt(c * v) for c, v in zip(prices, parts)) ** 2


def best(row, cost, p, deff, screening=None):
    """Design, θ, prices and variances of one stratum; θ by ever finer grids."""
    low, high = 0.0, 1.0
    for _ in range(12):
        grid = np.linspace(low, high, 41)
        at = min(range(41), key=lambda k: product(cost, kernels(row, p, deff, grid[k])))
        low, high = grid[max(at - 1, 0)], grid[min(at + 1, 40)]
    theta = float(grid[at])
    found = "overlap", theta, tuple(cost), kernels(row, p, deff, theta)
    if screening is not None and row.b > 0:
        prices, parts = (cost[0], cost[1] + screening * row.ab / row.b), screened_kernels(row, p, deff)
        if product(prices, parts) < product(cost, found[3]):
            found = "screening", 1.0, prices, parts
    return found


def numbers(spend, prices, parts):
    root = [math.sqrt(v / c) for v, c in zip(parts, prices)]
    money = sum(c * r for c, r in zip(prices, root))
    return [spend * r / money for r in root]


def bisect(rises, low, high):
    for _ in range(300):
        middle = (low + high) / 2
        low, high = (middle, high) if not rises(middle) else (low, middle)
    return high


def plain(
    table, cost=(1.0, 1.0), n=None, budget=None, moe=None, stratum_moe=None, p=P, deff=(1.0, 1.0), screening=None
):
    """Real-valued interviews (H, 2) and the choice of every stratum."""
    prices = cost if n is None else (1.0, 1.0)
    rows = list(table.itertuples())
    chosen = [best(row, prices, p, deff, screening) for row in rows]
    F = [product(c[2], c[3]) for c in chosen]
    people = [row.a + row.ab + row.b for row in rows]
    least = [0.0 if stratum_moe is None else f * (Z / (stratum_moe * N)) ** 2 for f, N in zip(F, people)]
    each = [1.0 if n is None else sum(numbers(1.0, c[2], c[3])) for c in chosen]

    def spending(rate):
        return [max(rate * math.sqrt(f), m) for f, m in zip(F, least)]

    if moe is not None:
        wanted = (moe * sum(people) / Z) ** 2
        rate = bisect(lambda r: sum(f / c for f, c in zip(F, spending(r))) <= wanted, 1e-12, 1e12)
        spend = spending(rate)
    elif n is not None or budget is not None:
        total = budget if n is None else n
        spend = spending(bisect(lambda r: sum(c * e for c, e in zip(spending(r), each)) >= total, 0.0, 1e9))
    else:
        spend = least
    return np.array([numbers(m, c[2], c[3]) for m, c in zip(spend, chosen)]), chosen


CASES = {
    "moe": dict(moe=0.012, cost=(2.0, 1.0)),
    "deff": dict(moe=0.02, cost=(1.0, 1.5), deff=(1.7, 1.2)),
    "stratum_moe": dict(stratum_moe=0.03, cost=(1.0, 2.0)),
    "both": dict(moe=0.02, stratum_moe=0.04, cost=(1.0, 2.0)),
    "both, the strata's alone bind": dict(moe=0.2, stratum_moe=0.04),
    "budget": dict(budget=4000.0, cost=(3.0, 1.5)),
    "budget that screens": dict(budget=4000.0, cost=(1.0, 2.0), screening=0.9),
    "budget with bounds": dict(budget=6000.0, cost=(3.0, 1.5), stratum_moe=0.045),
    "screening": dict(moe=0.015, cost=(1.0, 2.0), screening=0.9),
    "free screening": dict(moe=0.015, cost=(1.0, 2.0), screening=0),
    "one p": dict(moe=0.02, p=dict.fromkeys(P, 0.25)),
}


@pytest.mark.parametrize("screening", [None, 0.3])
@pytest.mark.parametrize("cost", [(1.0, 1.0), (1.0, 2.0), (7.0, 0.5), (1.0, 30.0)])
@pytest.mark.parametrize("budget", [400.0, 401.0, 2_000.0, 4_321.5])
def test_a_budget__is_spent_until_no_interview_fits(budget, cost, screening):
    found = ss.allocate_frames(STRATA, cost, budget=budget, p=P, screening=screening, minimum=1)
    made, left = found.table, budget - found.cost
    assert left >= -1e-9
    for h, row in enumerate(STRATA.itertuples()):
        contacts = row.ab / row.b if made["design"][h] == "screening" else 0.0
        screened = math.ceil((made["n_B"][h] + 1) * contacts) - made["screened"][h]
        for f, price in (("n_A", cost[0]), ("n_B", cost[1] + (screening or 0) * screened)):
            assert made[f][h] == 0 or price > left + 1e-9
    if cost == (1.0, 1.0) and screening is None:
        assert found.n == math.floor(budget)


@pytest.mark.parametrize("case", CASES)
def test_interviews__are_those_of_plain_loops(case):
    options = CASES[case]
    strata = STRATA.assign(a=STRATA["a"] + 500) if case == "one p" else STRATA
    real, chosen = plain(strata, **options)
    given = {"p": P, **options}
    if case == "one p":
        given["p"] = 0.25
    found = ss.allocate_frames(strata, **given, minimum=0)
    rounded = np.ceil(real - 1e-6)
    if "budget" in options:
        contacts = [row.ab / row.b if c[0] == "screening" else 0.0 for row, c in zip(strata.itertuples(), chosen)]
        rounded = within_budget(
            options["budget"], real.tolist(), options["cost"], options.get("screening", 0.0), contacts
        )
    table = found.table
    assert table.columns.tolist() == ["place", "design", "theta", "n_A", "n_B", "screened", "cost", "moe"]
    assert table["place"].tolist() == list("pqrs")
    assert table["design"].tolist() == [c[0] for c in chosen]
    np.testing.assert_allclose(table["theta"], [c[1] for c in chosen], atol=1e-6)
    np.testing.assert_array_equal(table[["n_A", "n_B"]], rounded)


@pytest.mark.parametrize(
    "options",
    [
        dict(n=2_000),
        dict(n=2_000, deff=(2.0, 1.0)),
        dict(n=4_000, stratum_moe=0.04),
        dict(n=2_000, screening=0.02),
        dict(n=2_000, screening=0.05, deff=(1.0, 3.0)),
    ],
)
def test_n__is_met_by_largest_remainders_at_equal_prices(options):
    real, _ = plain(STRATA, **options)
    counts = np.floor(real + 1e-9)
    for at in sorted(range(8), key=lambda k: -(real - counts).ravel()[k])[: options["n"] - int(counts.sum())]:
        counts[at // 2, at % 2] += 1
    found = ss.allocate_frames(STRATA, (5.0, 1.0), p=P, minimum=0, **options)
    np.testing.assert_array_equal(found.table[["n_A", "n_B"]], counts)
    assert found.n == options["n"] == counts.sum()
    screened = found.table["screened"].to_numpy() * options.get("screening", 0)
    np.testing.assert_allclose(found.table["cost"], counts @ [5.0, 1.0] + screened)
    assert ("screening" in set(found.table["design"])) == ("screening" in options)


def test_costs_and_margins__follow_from_the_interviews():
    found = ss.allocate_frames(STRATA, (1.0, 2.0), moe=0.015, screening=1.0, p=P, deff=(1.3, 1.1), level=0.9)
    z, total, cost = 1.6448536269514722, 0.0, 0.0
    assert set(found.table["design"]) == {"overlap", "screening"}
    for row, made in zip(STRATA.itertuples(), found.table.itertuples()):
        screening = made.design == "screening"
        parts = screened_kernels(row, P, (1.3, 1.1)) if screening else kernels(row, P, (1.3, 1.1), made.theta)
        variance = parts[0] / made.n_A + parts[1] / made.n_B
        screened = math.ceil(made.n_B * row.ab / row.b) if screening else 0
        assert made.screened == screened
        assert made.cost == pytest.approx(made.n_A + 2 * made.n_B + screened)
        assert made.moe == pytest.approx(z * math.sqrt(variance) / (row.a + row.ab + row.b))
        total, cost = total + variance, cost + made.cost
    assert found.cost == pytest.approx(cost)
    assert found.moe == pytest.approx(z * math.sqrt(total) / STRATA[["a", "ab", "b"]].to_numpy().sum())


def test_minimum__is_kept_and_taken_from_the_largest():
    plain_, chosen = plain(STRATA, n=100)
    found = ss.allocate_frames(STRATA, p=P, n=100, minimum=9)
    counts = found.table[["n_A", "n_B"]].to_numpy()
    assert counts.sum() == 100
    assert counts.min() == 9
    assert (counts[plain_ < 8] == 9).all()
    assert (counts <= np.maximum(np.ceil(plain_), 9)).all()
    assert chosen
    none_left = ss.allocate_frames(STRATA, p=P, n=72, minimum=9).table[["n_A", "n_B"]].to_numpy()
    assert (none_left == 9).all()
    with pytest.raises(DesignError, match="alone needs 72 interviews"):
        ss.allocate_frames(STRATA, p=P, n=71, minimum=9)
    few = ss.allocate_frames(STRATA, p=P, moe=0.3, minimum=7).table[["n_A", "n_B"]].to_numpy()
    assert few.min() == 7
    within = ss.allocate_frames(STRATA, p=P, budget=80, minimum=8)
    assert within.table[["n_A", "n_B"]].to_numpy().min() == 8
    assert 72 < within.cost <= 80
    with pytest.raises(DesignError, match=r"budget = 63: the minimum of interviews .* alone costs 64"):
        ss.allocate_frames(STRATA, p=P, budget=63, minimum=8)


def test_frame_without_use__gets_no_interviews():
    covered = ss.allocate_frames({"a": 1000, "ab": 3000, "b": 0}, (1.0, 9.0), n=100)
    assert covered.table[["n_A", "n_B", "theta"]].iloc[0].tolist() == [100, 0, 1.0]
    apart = ss.allocate_frames({"a": 1000, "ab": 0, "b": 3000}, n=100, screening=0.1)
    assert apart.table[["n_A", "n_B"]].iloc[0].tolist() == [25, 75]
    sure = ss.allocate_frames({"a": 1000, "ab": 0, "b": 3000}, n=100, p={"a": 0, "ab": 0.5, "b": 0.5})
    assert sure.table[["n_A", "n_B"]].iloc[0].tolist() == [0, 100]
    assert sure.table["moe"].iloc[0] == pytest.approx(Z * math.sqrt(3000 * 3000 * 0.25 / 100) / 4000)


def test_between__splits_by_persons_first():
    found = ss.allocate_frames(STRATA, p=P, n=1000, between="proportional", minimum=0)
    each = ss.allocate((STRATA["a"] + STRATA["ab"] + STRATA["b"]).to_numpy(), 1000)
    np.testing.assert_allclose(found.table[["n_A", "n_B"]].sum(axis=1), each, atol=1)
    assert found.n == 1000
    for row, made, m in zip(STRATA.itertuples(), found.table.itertuples(), each):
        _, _, prices, parts = best(row, (1.0, 1.0), P, (1.0, 1.0))
        np.testing.assert_allclose([made.n_A, made.n_B], numbers(m, prices, parts), atol=1)


def test_everybody_may_be_interviewed_but_no_more():
    assert ss.allocate_frames({"a": 10, "ab": 0, "b": 10}, n=20).table[["n_A", "n_B"]].iloc[0].tolist() == [10, 10]
    with pytest.raises(DesignError, match=r"frame [AB] of stratum 1 would need 11 interviews of 10 persons"):
        ss.allocate_frames({"a": 10, "ab": 0, "b": 10}, n=21)
    shared = ss.allocate_frames({"a": 5, "ab": 10, "b": 5}, n=30)  # 15 persons in either frame
    assert shared.table[["n_A", "n_B"]].iloc[0].tolist() == [15, 15]


@pytest.mark.parametrize(
    ("sizes", "options", "words"),
    [
        (5, {}, "a table of them"),
        ([1.0, 2.0, 3.0], {}, "a table of them"),
        ({"a": 1, "b": 2}, {}, "lack 'ab'"),
        ({"a": -1, "ab": 5, "b": 2}, {}, "0 or more"),
        ({"a": 1, "ab": 5, "b": np.inf}, {}, "0 or more"),
        ({"a": 0, "ab": 0, "b": 2}, {}, "somebody in frame A"),
        (STRATA.assign(a=0.0, ab=[1.0, 1, 1, 0]), {}, "somebody in frame A"),
        (STRATA, {"p": 1.01}, "p = 1.01"),
        (STRATA, {"p": -0.01}, "p = -0.01"),
        (STRATA, {"p": {**P, "c": 0.5}}, "one for each"),
        (STRATA, {"p": {**P, "b": "0.5"}}, "one for each"),
        (STRATA, {"cost": (1, 2, 3)}, "cost = .*[Gg]ive a pair"),
        (STRATA, {"cost": ("1", 2)}, "cost = .*[Gg]ive a pair"),
        (STRATA, {"deff": 1.5}, "deff = 1.5: give a pair"),
        (STRATA, {"deff": (0, 1)}, "deff = 0"),
        (STRATA, {"cost": (1, np.inf)}, "cost = inf"),
        (STRATA, {"screening": -0.1}, "screening = -0.1"),
        (STRATA, {"screening": np.inf}, "screening = inf"),
        (STRATA, {"minimum": -1}, "minimum = -1"),
        (STRATA, {"level": 1}, "level = 1"),
        (STRATA, {"level": 0}, "level = 0"),
        (STRATA, {"n": None, "moe": 0.5}, "moe = 0.5"),
        (STRATA, {"n": None, "moe": 0}, "moe = 0"),
        (STRATA, {"stratum_moe": 0.5}, "stratum_moe = 0.5"),
        (STRATA, {"stratum_moe": 0}, "stratum_moe = 0"),
        (STRATA, {"n": 0}, "n = 0"),
        (STRATA, {"n": None, "budget": -1}, "budget = -1"),
        (STRATA, {"budget": 100}, "give one of"),
        (STRATA, {"moe": 0.1}, "give one of"),
        (STRATA, {"n": None, "budget": 100, "stratum_moe": 0.01}, "budget = 100: the strata's own bounds alone need"),
    ],
)
def test_refusals(sizes, options, words):
    with pytest.raises(DesignError, match=words):
        ss.allocate_frames(sizes, **{"n": 1000, **options})


def test_edges__are_taken():
    assert ss.allocate_frames(STRATA, n=1000, p={"a": 0.0, "ab": 1.0, "b": 0.5}).n == 1000
    assert ss.allocate_frames(STRATA, n=1000, minimum=0, screening=0).n == 1000
    assert ss.allocate_frames(STRATA.drop(columns="place"), n=1000).table["stratum"].tolist() == ["all"] * 4
    assert "interviews, cost" in repr(ss.allocate_frames(STRATA, n=1000))


def test_n__is_met_where_screening_makes_interviews_dear():
    """Frame B's variance is large and ten of eleven contacts are screened: an interview costs more than twice as much on average."""
    sizes = {"a": 5_000, "ab": 50_000, "b": 5_000}
    found = ss.allocate_frames(sizes, n=3000, screening=0.8, deff=(1.0, 60.0))
    assert found.table["design"][0] == "screening"
    assert found.n == 3000
    row = pd.DataFrame([sizes]).iloc[0]
    _, _, prices, parts = best(row, (1.0, 1.0), dict.fromkeys(P, 0.5), (1.0, 60.0), 0.8)
    real = np.array(numbers(1.0, prices, parts))
    assert 1 / real.sum() > 2
    np.testing.assert_allclose(found.table[["n_A", "n_B"]].iloc[0], 3000 * real / real.sum(), atol=1)
