"""Raking against sweeps over dictionaries."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import surveysim as ss
from naive import calibration, problems, raking
from surveysim.weighting import BaseWeight, Rake

# weights over many orders of magnitude are wanted here
pytestmark = pytest.mark.filterwarnings("ignore:one respondent")

NAMES = ("u", "v", "w")


def table_of(rng, columns, levels=True):
    """A data frame of random kinds of columns; categories may have levels that nobody has."""
    made = {}
    for name, values in columns.items():
        kind = rng.integers(3)
        if kind == 0:
            found = list(dict.fromkeys(v for v in values if v is not None))
            extra = [f"{name} nobody"] if levels and isinstance(found[0], str) else []
            made[name] = pd.Categorical(values, categories=[*found, *extra])
        elif kind == 1:
            made[name] = pd.Series(values, dtype="object")
        else:
            made[name] = values
    return pd.DataFrame(made)


def one(rng, zeros=True, n=None):
    """Columns, margins and initial weights of a random problem."""
    n = int(rng.integers(12, 60)) if n is None else n
    columns = problems.columns(rng, n, NAMES[: rng.integers(1, 4)])
    weight = problems.weights(rng, n, zeros)
    variables = problems.variables(rng, list(columns))
    return columns, problems.margins(rng, columns, variables, weight), weight


def test_raking_by_hand():
    # four equal rows: row total × column total / 50
    columns = {"sex": ["m", "m", "f", "f"], "age": ["y", "o", "y", "o"]}
    margins = {"sex": {"m": 20, "f": 30}, "age": {"y": 15, "o": 35}}
    assert_allclose(
        raking.rake(columns, margins, [1, 1, 1, 1]), [20 * 15 / 50, 20 * 35 / 50, 30 * 15 / 50, 30 * 35 / 50]
    )


def test_clipped_raking_by_hand():
    # rows of one level have one g
    columns = {"x": ["p", "p", "q"]}
    assert_allclose(raking.rake_clipped(columns, {"x": {"p": 2.6, "q": 1.0}}, [1, 1, 1], (0.5, 1.5)), [1.3, 1.3, 1.0])
    columns = {"x": ["p", "p", "q", "q"], "y": ["r", "s", "r", "s"]}
    margins = {"x": {"p": 2.7, "q": 1.6}, "y": {"r": 2.6, "s": 1.7}}
    # without bounds the table is 2.7 × 2.6 / 4.3 = 1.633 at (p, r), which the bound 1.5 cuts; the other three follow
    assert_allclose(raking.rake_clipped(columns, margins, [1] * 4, (0.3, 1.5)), [1.5, 1.2, 1.1, 0.5], rtol=1e-10)


def test_missing_by_hand():
    columns = {"x": ["a", "a", "b", None]}
    filled, totals = raking.level_missing(columns, {"x": {"a": 60.0, "b": 40.0}}, [1, 1, 1, 1])
    assert filled == {"x": ["a", "a", "b", raking.MISSING]}
    assert totals == {"x": {"a": 45.0, "b": 30.0, raking.MISSING: 25.0}}
    assert raking.drop_missing(columns, {"x": {}}, [1, 1, 1, 1]) == [1, 1, 1, 0]
    columns = {"x": ["a", "a", "b", "b"], "y": ["c", None, "c", "d"]}
    margins = {("x", "y"): {("a", "c"): 30.0, ("a", "d"): 20.0, ("b", "c"): 10.0, ("b", "d"): 10.0}}
    _, totals = raking.level_missing(columns, margins, [1, 3, 1, 1])  # in a, 3 of 4 are missing, in b nobody
    found = totals["x", "y"]
    assert found == {("a", "c"): 7.5, ("a", "d"): 5.0, ("a", raking.MISSING): 37.5, ("b", "c"): 10.0, ("b", "d"): 10.0}


def test_thin_levels_by_hand():
    columns = {"x": list("abbcccd")}
    merged, totals = raking.merge_thin(columns, {"x": {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}}, [1] * 7, 3)
    assert merged == {"x": [0, 0, 0, 1, 1, 1, 1]}  # a joins b: 3 rows are enough; d, the last, joins c
    assert totals == {"x": {0: 3.0, 1: 7.0}}


def test_trimming_by_hand():
    # of mean 3, at most 7.5: what is cut is spread in proportion, again and again, until 9 is 7.5 and the others share 4.5
    columns = {"x": ["a"] * 4}
    assert_allclose(
        raking.rake_trimmed(columns, {"x": {"a": 12.0}}, [1, 1, 1, 9], most=2.5), [1.5, 1.5, 1.5, 7.5], rtol=1e-5
    )


def swept(columns, margins, weight):
    """Raked weights by sweeps, or by dense Newton steps where thousands of sweeps would be needed."""
    try:
        return raking.rake(columns, margins, weight, sweeps=300)
    except ArithmeticError:
        return calibration.calibrate(columns, margins, weight, "raking")


@pytest.mark.parametrize("seed", range(4))
def test_raking(seed):
    rng = np.random.default_rng([seed, 1])
    for _ in range(40):
        columns, margins, weight = one(rng)
        found = ss.rake(table_of(rng, columns), margins, weight=weight, tol=1e-12).weight
        assert_allclose(found, swept(columns, margins, weight), rtol=1e-8, atol=0)


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "tidy", "shuffled", "categorical"])
def test_raking_of_other_kinds_of_tables(kind):
    rng = np.random.default_rng(5)
    for _ in range(40):
        columns, margins, weight = one(rng)
        wanted = swept(columns, margins, weight)
        if kind == "tidy":
            margins = {v: t for v, t in margins.items() if isinstance(v, str) and isinstance(next(iter(t)), str)}
            if not margins:
                continue
            wanted = swept(columns, margins, weight)
            rows = [(v, level, total) for v, totals in margins.items() for level, total in totals.items()]
            found = ss.rake(
                pd.DataFrame(columns), pd.DataFrame(rows, columns=["variable", "level", "total"]), weight=weight
            )
        elif kind == "shuffled":
            order = rng.permutation(len(weight))
            table = pd.DataFrame(columns).assign(weight=weight).iloc[order]
            found = ss.rake(table, margins, weight="weight")
            wanted = np.array(wanted)[order]
        elif kind == "categorical":
            found = ss.rake(pd.DataFrame(columns).astype("category"), margins, weight=weight)
        else:
            table = pl.DataFrame(columns, strict=False)
            found = ss.rake(table if kind == "polars" else table.to_arrow(), margins, weight=weight)
        assert_allclose(found.weight, wanted, rtol=1e-7)


def partitioned(rng):
    """Columns with partitions, {partition: margins} and weights."""
    columns, by, weight, margins = {}, [], [], {}
    variables = None
    for part in problems.kind_of_level(rng, 3):
        own, _, w = one(rng, n=20)
        if variables is None:
            names, variables = list(own), problems.variables(rng, list(own))
            labels = {name: problems.kind_of_level(rng, 2) for name in names}
        own = {name: [labels[name][i] for i in rng.permutation(np.arange(20) % 2)] for name in names}
        margins[part] = problems.margins(rng, own, variables, w)
        for name in names:
            columns.setdefault(name, []).extend(own[name])
        by += [part] * 20
        weight += w
    order = rng.permutation(len(by))
    columns = {name: [values[i] for i in order] for name, values in columns.items()}
    return columns | {"part": [by[i] for i in order]}, margins, [weight[i] for i in order]


def test_raking_by_partitions():
    rng = np.random.default_rng(6)
    for _ in range(60):
        columns, margins, weight = partitioned(rng)
        found = ss.rake(table_of(rng, columns), margins, weight=weight, by="part", tol=1e-12)
        assert_allclose(found.weight, raking.rake_by(columns, margins, weight, "part", swept), rtol=1e-8)


def as_shares(margins, whole):
    return {
        v: {level: whole * t / sum(totals.values()) for level, t in totals.items()} for v, totals in margins.items()
    }


@pytest.mark.parametrize("whole", [1, 100])
def test_raking_to_shares(whole):
    rng = np.random.default_rng(7)
    for _ in range(60):
        columns, margins, weight = one(rng)
        shares = as_shares(margins, whole)
        wanted = swept(columns, raking.as_totals(shares, sum(weight), "shares"), weight)
        found = ss.rake(
            table_of(rng, columns), shares, weight=weight, margins_are=rng.choice([None, "shares"]), tol=1e-12
        )
        assert found.reading == "shares"
        assert_allclose(found.weight, wanted, rtol=1e-8)


def test_raking_to_shares_by_partitions():
    rng = np.random.default_rng(8)
    for _ in range(40):
        columns, margins, weight = partitioned(rng)
        shares = {part: as_shares(own, 1) for part, own in margins.items()}
        totals = {}
        for part, own in shares.items():
            inside = sum(w for w, p in zip(weight, columns["part"]) if p == part)
            totals[part] = raking.as_totals(own, inside, "shares")
        found = ss.rake(table_of(rng, columns), shares, weight=weight, by="part", tol=1e-12)
        assert_allclose(found.weight, raking.rake_by(columns, totals, weight, "part", swept), rtol=1e-8)


def test_raking_to_totals_that_follow_one_margin():
    rng = np.random.default_rng(9)
    for _ in range(60):
        columns, margins, weight = one(rng)
        for totals in margins.values():
            factor = rng.uniform(0.5, 2)
            totals.update({level: t * factor for level, t in totals.items()})
        follow = list(margins)[rng.integers(len(margins))]
        wanted = swept(columns, raking.as_totals(margins, None, follow=follow), weight)
        found = ss.rake(table_of(rng, columns), margins, weight=weight, rescale=follow, margins_are="totals", tol=1e-12)
        assert_allclose(found.weight, wanted, rtol=1e-8)


def clipped_truth(rng, columns, weight, bounds):
    """Weights whose g is clipped exp of effects of the levels, and some noise, so that bounds bind."""
    u = rng.normal(0, 0.2, len(weight))
    for values in columns.values():
        effect = {level: rng.normal(0, 0.7) for level in dict.fromkeys(values)}
        u += [effect[value] for value in values]
    return np.array(weight) * np.clip(np.exp(u), *bounds)


def test_bounded_raking():
    rng, cut = np.random.default_rng(10), 0
    for _ in range(12):
        columns = problems.columns(rng, 16, NAMES[:2], most=3)
        weight = rng.uniform(1, 3, 16).tolist()
        bounds = (rng.uniform(0.4, 0.8), rng.uniform(1.2, 2))
        margins = problems.sums(columns, NAMES[:2], clipped_truth(rng, columns, weight, bounds), rng)
        wanted = raking.rake_clipped(columns, margins, weight, bounds)
        found = ss.rake(table_of(rng, columns), margins, weight=weight, bounds=bounds, tol=1e-12, margins_are="totals")
        assert_allclose(found.weight, wanted, rtol=1e-8)
        cut += not np.allclose(wanted, swept(columns, margins, weight))
    assert cut >= 3


def test_bounded_raking_by_dense_newton_steps():
    rng = np.random.default_rng(11)
    for _ in range(80):
        columns, _, weight = one(rng)
        bounds = (rng.uniform(0.2, 0.7), rng.uniform(1.4, 3))
        truth = clipped_truth(rng, columns, weight, bounds)
        margins = problems.sums(columns, problems.variables(rng, list(columns)), truth, rng)
        found = ss.rake(table_of(rng, columns), margins, weight=weight, bounds=bounds, tol=1e-11, margins_are="totals")
        wanted = calibration.calibrate(columns, margins, weight, "raking", bounds)
        assert_allclose(
            found.weight, wanted, rtol=1e-8, atol=1e-10 * np.mean(wanted)
        )  # weights span 6 orders of magnitude


def test_raking_by_dense_newton_steps():
    rng = np.random.default_rng(12)
    for _ in range(80):
        columns, margins, weight = one(rng, zeros=False)
        assert_allclose(
            swept(columns, margins, weight), calibration.calibrate(columns, margins, weight, "raking"), rtol=1e-8
        )


def with_gaps(rng, columns, weight):
    """Columns with missing values in some; every level has somebody left."""
    gappy = {name: list(values) for name, values in columns.items()}
    for name in [name for name in gappy if rng.random() < 0.7]:
        for row in range(len(weight)):
            alone = sum(v == columns[name][row] for v in gappy[name]) <= 1
            if rng.random() < 0.2 and not alone:
                gappy[name][row] = None
    return gappy


def left_over(columns, margins, weight):
    """Whether every level has weight among the rows with nothing missing in that margin."""
    return all(
        any(w > 0 and problems.level_of(columns, variable, row) == level for row, w in enumerate(weight))
        for variable, totals in margins.items()
        for level, total in totals.items()
        if total > 0
    )


@pytest.mark.parametrize("reading", ["totals", "shares"])
def test_missing_values_left_out(reading):
    rng = np.random.default_rng(13)
    for _ in range(80):
        columns, _, weight = one(rng)
        variables = problems.variables(rng, list(columns))
        columns = with_gaps(rng, columns, weight)
        start = raking.drop_missing(columns, dict.fromkeys(variables), weight)
        rows = [
            row
            for row in range(len(start))
            if all(columns[name][row] is not None for name in raking.variables_of(dict.fromkeys(variables)))
        ]
        margins = problems.margins(
            rng, {k: [v[row] for row in rows] for k, v in columns.items()}, variables, [start[row] for row in rows]
        )
        totals = margins
        if reading == "shares":
            margins = as_shares(margins, 1)
            totals = raking.as_totals(margins, sum(start), "shares")
        table = table_of(rng, columns, levels=False)
        found = ss.rake(table, margins, weight=weight, missing="drop", margins_are=reading, tol=1e-12)
        assert_allclose(found.weight, swept(columns, totals, start), rtol=1e-8)


@pytest.mark.parametrize("reading", ["totals", "shares"])
def test_missing_values_as_a_level(reading):
    rng, met, refused = np.random.default_rng(14), 0, 0
    for _ in range(60):
        columns, _, weight = one(rng)
        variables = problems.variables(rng, list(columns))
        margins = problems.margins(rng, columns, variables, weight)
        columns = with_gaps(rng, columns, weight)
        if not left_over(columns, margins, weight):
            continue
        totals = margins
        if reading == "shares":
            margins = as_shares(margins, 1)
            totals = raking.as_totals(margins, sum(weight), "shares")
        filled, totals = raking.level_missing(columns, totals, weight)
        table = table_of(rng, columns, levels=False)
        room = calibration.room(filled, totals, weight)
        if room > 1e-3:
            found = ss.rake(table, margins, weight=weight, missing="level", margins_are=reading, tol=1e-12)
            assert_allclose(found.weight, swept(filled, totals, weight), rtol=1e-8)
            met += 1
        elif room < -1e-6:  # what is left of the margins cannot be met together
            with pytest.raises(ss.CalibrationError):
                ss.rake(table, margins, weight=weight, missing="level", margins_are=reading)
            refused += 1
    assert met > 20
    assert refused > 2


@pytest.mark.parametrize("policy", ["drop", "level"])
def test_missing_values_by_partitions(policy):
    rng, met = np.random.default_rng(15), 0
    for _ in range(60):
        columns, margins, weight = partitioned(rng)
        columns |= with_gaps(rng, {name: values for name, values in columns.items() if name != "part"}, weight)
        wanted, room = list(weight), []
        for part, own in margins.items():
            rows = [row for row in range(len(weight)) if columns["part"][row] == part]
            inside = {name: [values[row] for row in rows] for name, values in columns.items() if name != "part"}
            start = [weight[row] for row in rows]
            if policy == "drop":
                start = raking.drop_missing(inside, own, start)
            else:
                inside, own = raking.level_missing(inside, own, start)
            room.append(calibration.room(inside, own, start))
            if room[-1] > 1e-3:
                for row, w in zip(rows, swept(inside, own, start)):
                    wanted[row] = w
        if min(room) > 1e-3:
            table = table_of(rng, columns, levels=False)
            found = ss.rake(table, margins, weight=weight, by="part", missing=policy, margins_are="totals", tol=1e-12)
            assert_allclose(found.weight, wanted, rtol=1e-8)
            met += 1
    assert met > 15


def test_thin_levels_merged():
    rng, merged = np.random.default_rng(16), 0
    for _ in range(100):
        columns, margins, weight = one(rng)
        minimum = int(rng.integers(1, 8))
        table = table_of(rng, columns).assign(base=weight)
        groups, totals = raking.merge_thin(columns, margins, weight, minimum)
        if calibration.room(groups, totals, weight) < 1e-4:
            continue
        step = Rake(margins, minimum=minimum, margins_are="totals", tol=1e-12)
        found = ss.Recipe([BaseWeight("base"), step]).apply(table)
        assert_allclose(found.final, swept(groups, totals, weight), rtol=1e-8)
        gone = sum(map(len, margins.values())) - sum(map(len, totals.values()))
        assert len(found.records[1]["merged"]) == gone
        merged += gone > 0
    assert merged > 30


def test_thin_levels_merged_by_partitions():
    rng, judged = np.random.default_rng(17), 0
    for _ in range(60):
        columns, margins, weight = partitioned(rng)
        minimum, wanted, room = int(rng.integers(2, 8)), list(weight), []
        order = {
            v: list(totals) for v, totals in next(iter(margins.values())).items()
        }  # the same neighbours in every partition
        margins = {
            part: {
                v: {level: totals[level] for level in order[v] + list(totals) if level in totals}
                for v, totals in own.items()
            }
            for part, own in margins.items()
        }
        if any(set(totals) - set(order[v]) for own in margins.values() for v, totals in own.items()):
            continue
        for part, own in margins.items():
            rows = [row for row in range(len(weight)) if columns["part"][row] == part]
            inside = {name: [values[row] for row in rows] for name, values in columns.items() if name != "part"}
            start = [weight[row] for row in rows]
            groups, totals = raking.merge_thin(inside, own, start, minimum)
            room.append(calibration.room(groups, totals, start))
            if room[-1] > 1e-4:
                for row, w in zip(rows, swept(groups, totals, start)):
                    wanted[row] = w
        if min(room) > 1e-4:
            step = Rake(margins, by="part", minimum=minimum, margins_are="totals", tol=1e-12)
            found = ss.Recipe([step]).apply(table_of(rng, columns), weight=weight)
            assert_allclose(found.final, wanted, rtol=1e-8)
            judged += 1
    assert judged > 20


@pytest.mark.parametrize("reading", ["totals", "shares"])
def test_raking_and_trimming_in_turn(reading):
    rng, cut = np.random.default_rng(18), 0
    for _ in range(40):
        columns, _, weight = one(rng, zeros=True)
        variables = problems.variables(rng, list(columns))
        margins = problems.margins(rng, columns, variables, weight, spread=0.2)
        totals = margins
        if reading == "shares":
            margins = as_shares(margins, 1)
            totals = raking.as_totals(margins, sum(weight), "shares")
        least = None if rng.random() < 0.4 else rng.uniform(0.05, 0.5)
        most = None if least is not None and rng.random() < 0.4 else rng.uniform(2, 5)
        try:
            wanted = raking.rake_trimmed(columns, totals, weight, least, most, rounds=60, rake=swept)
        except ArithmeticError:
            continue
        table = table_of(rng, columns)
        found = ss.rake(table, margins, weight=weight, trim=(least, most), margins_are=reading, tol=1e-12)
        assert_allclose(found.weight, wanted, rtol=1e-6)
        step = Rake(margins, minimum=0, least=least, most=most, margins_are=reading, tol=1e-12)
        assert_allclose(ss.Recipe([step]).apply(table, weight=weight).final, wanted, rtol=1e-6)
        cut += not np.allclose(wanted, swept(columns, totals, weight))
    assert cut > 6
