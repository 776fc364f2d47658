"""Scores and variances of designs: worked by hand, then against the library on random designs."""

import math

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from naive import designs, variance

pytestmark = pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")


def survey(design, table):
    columns, options = designs.as_arguments(design, table)
    return ss.Survey(pd.DataFrame(columns), **options)


def near(found, right, rounding=0.0):
    """Equal to 1e-8, or to what rounding leaves."""
    assert abs(found - right) <= 1e-8 * abs(right) + rounding, (found, right)


# by hand


def test_variance__with_replacement_by_hand():
    # z = 10, 30, 40, 80 about 40: 4 / 3 × (900 + 100 + 0 + 1600)
    found = variance.variance([1, 3, 2, 4], {"weight": [10, 10, 20, 20]})
    assert found == pytest.approx(4 / 3 * 2600)


def test_variance__two_stages_by_hand():
    # units of 12 and 20 out of 4: ½ × 2 × (16 + 16) = 32; inside the first 4 and 8, half of four: ½ × ½ × 2 × (4 + 4) = 4
    design = {"weight": [1.0] * 4, "psu": [["A", "A", "B", "B"], [1, 2, 1, 2]], "fpc": [[4] * 4, [0.5] * 4]}
    assert variance.variance([4, 8, 10, 10], design) == pytest.approx(36)


@pytest.mark.parametrize(("lonely", "right"), [("certainty", 4), ("remove", 4), ("adjust", 20), ("average", 8)])
def test_variance__lonely_units_by_hand(lonely, right):
    # 1 and 3: 2 / 1 × (1 + 1) = 4; 8 alone: 4 from the mean of 1, 3 and 8
    design = {"weight": [1.0] * 3, "strata": [["a", "a", "b"]], "lonely": lonely}
    assert variance.variance([1, 3, 8], design) == pytest.approx(right)


def test_variance__lonely_units_fail():
    with pytest.raises(ValueError, match="one unit"):
        variance.variance([1, 3], {"weight": [1.0] * 2, "strata": [["a", "b"]]})


@pytest.mark.parametrize("pps", ["brewer", "deville", "hartley-rao", [[2 / 3, 1 / 3], [1 / 3, 2 / 3]]])
@pytest.mark.parametrize("kind", ["ht", "yg"])
def test_variance__equal_probabilities_by_hand(pps, kind):
    # two of three: N² (1 - f) s² / n = 9 × 1/3 × 2 / 2 = 3, which every formula must give
    design = {"weight": [1.5] * 2, "pps": pps, "pps_variance": kind, "probability": [2 / 3] * 2}
    assert variance.variance([1, 3], design) == pytest.approx(3)


def test_statistics__by_hand():
    w, y, x = [1, 2, 1], [2.0, 4.0, None], [1.0, 2.0, 5.0]
    assert variance.total(w, y) == (10, [2, 4, 0])
    assert variance.ratio(w, y, x) == (2, [0, 0, 0])
    assert variance.mean(w, [2.0, 4.0, 6.0], [1, 1, 0]) == (10 / 3, pytest.approx([-4 / 9, 2 / 9, 0]))
    assert variance.proportion(w, ["u", "v", "v"], "v")[0] == 0.75


def test_deff__by_hand():
    # u = 1, 3 with weight 1, 1: S² = 2, V_srs = 4 × 2 / 2 = 4; without replacement 1 - 2/2 is all of it, so weight 2: 16 × ½
    assert variance.deff(8.0, [1, 1], [1, 3], kind="wr") == pytest.approx(2)
    assert variance.deff(8.0, [2, 2], [1, 3], kind="wor") == pytest.approx(1)
    assert variance.degrees_of_freedom({"weight": [1, 1, 1, 0], "strata": [["a", "a", "b", "b"]]}) == 1


# against the library


def compare(estimates, right, design, kinds):
    """Estimates against [(name of the domain, value, score, mask)] in the order of the rows."""
    table = estimates.to_frame()
    assert len(table) == len(right)
    for i, (row, (domain, value, score, mask)) in enumerate(zip(table.to_dict("records"), right, strict=True)):
        assert row["domain"] == domain
        own = variance.variance(score, design, mask)
        near(row["estimate"], value)
        near(row["se"] ** 2, own, (1e-12 * value) ** 2)
        assert row["n"] == sum(mask[k] and design["weight"][k] > 0 for k in range(len(mask)))
        near(estimates.cov[i, i], own, (1e-12 * value) ** 2)
        if row["n"] > 1 and kinds:
            size = math.fsum(w for w, m in zip(design["weight"], mask, strict=True) if m)
            if (kinds == "wr" or row["n"] < size) and own > (1e-8 * value) ** 2:
                near(row["deff"], variance.deff(own, design["weight"], score, mask, kinds))
    last = len(right) - 1
    (_, v, first, mine), (_, u, other, theirs) = right[0], right[last]
    sv, su = (math.sqrt(estimates.cov[i, i]) for i in (0, last))
    rounding = 1e-10 * sv * su + 1e-14 * (abs(v) * su + abs(u) * sv) + 1e-24 * abs(u * v)
    near(estimates.cov[0, last], variance.covariance(first, other, design, (mine, theirs)), rounding)


def statistic(design, table, by, function, *columns):
    w, n = design["weight"], len(design["weight"])
    masks = designs.domains(table, by) if by else {"": [True] * n}
    return [
        (name, *function(w, *columns, mask), variance.inside(mask, *columns) if columns else mask)
        for name, mask in masks.items()
    ]


def usable(design, table, by, *columns):
    """No domain without a row of positive weight, where a ratio is 0 / 0."""
    rows = statistic(design, table, by, lambda w, *rest: (0, rest[-1]), *columns)
    return all(any(m and w > 0 for m, w in zip(mask, design["weight"], strict=True)) for *_, mask in rows)


@pytest.mark.parametrize("first", range(0, 200, 25))
def test_variance__as_the_library_on_random_designs(first):
    for seed in range(first, first + 25):
        rng = np.random.default_rng(seed)
        design = designs.random_design(rng)
        table = designs.random_table(rng, len(design["weight"]))
        by = [[], ["g"], ["g", "h"]][seed % 3]
        if not usable(design, table, by, table["y"], table["x"]):
            continue
        kind = ["wr", "wor"][seed % 2]
        s, options = survey(design, table), {"by": by or None, "df": math.inf, "deff": kind}
        y, x = table["y"], table["x"]
        try:
            variance.variance(x, design)
        except ValueError:
            with pytest.raises(ss.DesignError):
                s.total("x")
            continue
        compare(s.total("x", **options), statistic(design, table, by, variance.total, x), design, kind)
        compare(s.mean("y", **options), statistic(design, table, by, variance.mean, y), design, kind)
        compare(s.ratio("y", "x", **options), statistic(design, table, by, variance.ratio, y, x), design, kind)


def test_proportion__as_the_library_with_unused_levels():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        design = designs.random_design(rng, lonely="remove")
        table = designs.random_table(rng, len(design["weight"]))
        columns, options = designs.as_arguments(design, table)
        data = pd.DataFrame(columns).assign(label=pd.Categorical(table["label"], designs.LEVELS))
        found = ss.Survey(data, **options).proportion("label", df=math.inf)
        right = [
            ("", *variance.proportion(design["weight"], table["label"], level), [True] * len(data))
            for level in designs.LEVELS
        ]
        compare(found, right, design, None)


def test_degrees_of_freedom__as_the_library():
    for seed in range(80):
        rng = np.random.default_rng(seed)
        design = designs.random_design(rng, lonely="remove")
        table = designs.random_table(rng, len(design["weight"]))
        mask = [g == "a" for g in table["g"]]
        right = variance.degrees_of_freedom(design, mask)
        s = survey(design, table)
        if right < 1:
            with pytest.raises((ss.DesignError, ss.DataError)):
                s.where(np.array(mask)).total("x")
        else:
            assert s.where(np.array(mask)).total("x").to_frame()["df"].iloc[0] == right


def test_contrast__as_the_library():
    rng = np.random.default_rng(3)
    design = designs.random_design(rng, stages=2, fpc=True, lonely="remove")
    table = designs.random_table(rng, len(design["weight"]))
    right = statistic(design, table, ["g", "h"], variance.mean, table["x"])
    found = survey(design, table).mean("x", by=["g", "h"], df=math.inf)
    c = [1.0, -0.5, 0.25, -2.0]
    cov = variance.matrix([score for _, _, score, _ in right], design)
    row = found.contrast({name: v for (name, *_), v in zip(right, c, strict=True)}).to_frame().iloc[0]
    near(row["estimate"], sum(v * value for v, (_, value, _, _) in zip(c, right, strict=True)))
    near(row["se"] ** 2, variance.contrast(c, cov))


# unequal probabilities


def unequal(rng):
    """A sample with probabilities in strata, and joint ones that a Poisson-like or a fixed-size design would have."""
    n = int(rng.integers(4, 9))
    strata = sorted(str(v) for v in rng.choice(["a", "b"], n))
    strata[:4] = ["a", "a", "a", "a"]
    strata = [*strata[:4], *(["b"] * (n - 4))] if n > 6 else ["a"] * n
    p = [float(v) for v in rng.uniform(0.2, 0.95, n)]
    if rng.random() < 0.3:
        p[0] = 1.0
    return strata, p


@pytest.mark.parametrize("pps", ["brewer", "deville"])
def test_variance__unequal_probabilities_in_strata_as_the_library(pps):
    for seed in range(60):
        rng = np.random.default_rng(seed)
        strata, p = unequal(rng)
        table = designs.random_table(rng, len(p))
        design = {"weight": [1 / v for v in p], "strata": [strata], "probability": p, "pps": pps}
        compare(
            survey(design, table).mean("y", df=math.inf),
            statistic(design, table, [], variance.mean, table["y"]),
            design,
            None,
        )


@pytest.mark.parametrize("kind", ["ht", "yg"])
@pytest.mark.parametrize("joint", [False, True])
def test_variance__joint_probabilities_as_the_library(kind, joint):
    for seed in range(60):
        rng = np.random.default_rng(seed)
        _, p = unequal(rng)
        n = len(p)
        table = designs.random_table(rng, n)
        pps = "hartley-rao"
        if joint:
            pull = rng.uniform(0.7, 1.0, (n, n))
            pps = np.outer(p, p) * (pull + pull.T) / 2
            pps[np.arange(n), np.arange(n)] = p
        design = {"weight": [1 / v for v in p], "probability": p, "pps": pps, "pps_variance": kind}
        score = variance.total(design["weight"], table["x"])[1]
        right = variance.variance(score, design)
        s = survey(design, table)
        if right < 0:
            continue
        near(
            s.total("x", df=math.inf).to_frame()["se"].iloc[0] ** 2,
            right,
            1e-13 * sum((w * u) ** 2 for w, u in zip(design["weight"], score, strict=True)),
        )
