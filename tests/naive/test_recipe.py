"""The steps of a recipe, one by one and in a chain, against row-by-row versions."""

from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import surveysim as ss
from naive import calibration, problems, raking, recipe
from surveysim import weighting as steps

pytestmark = pytest.mark.filterwarnings("ignore:one respondent")


def cases(rng, n=None):
    """Interviews of two frames with all that the steps read."""
    n = int(rng.integers(20, 80)) if n is None else n
    frame = rng.choice(["landline", "mobile"], n).tolist()
    other = {"landline": "a", "mobile": "b"}
    interviews = rng.integers(2, 20, n)
    return {
        "frame": frame,
        "domain": [("ab" if rng.random() < 0.6 else other[f]) for f in frame],
        "number_space": rng.integers(1000, 90000, n).tolist(),
        "unit_interviews": interviews.tolist(),
        "unit_dialled": (interviews * rng.integers(2, 40, n) + 1).tolist(),
        "unit_probability": rng.uniform(0.05, 1, n).tolist(),
        "n_mobile": [int(rng.integers(1, 4)) if f == "mobile" else int(rng.integers(0, 3)) for f in frame],
        "n_lines": [int(rng.integers(1, 3)) if f == "landline" else int(rng.integers(0, 2)) for f in frame],
        "n_eligible": rng.integers(1, 6, n).tolist(),
    }


def numbers_of(columns, rng, by, finer=False):
    """Dispositions by class: as many interviews as the cases have in it, and other counts at random; finer rows add up."""
    keys = [recipe.key_of(columns, by, row) for row in range(len(columns[by[0]]))]
    rows = []
    for key in dict.fromkeys(keys):
        parts = int(rng.integers(1, 4)) if finer else 1
        interviews = rng.multinomial(keys.count(key), np.full(parts, 1 / parts))
        for part in range(parts):
            counts = {c: int(rng.integers(0, 60)) for c in recipe.CATEGORIES} | {"I": int(interviews[part])}
            rows.append(dict(zip(by, key)) | counts | {"e": rng.uniform(0, 1), "e_unscreened": rng.uniform(0, 1)})
    rng.shuffle(rows)
    return rows


def test_steps_by_hand():
    columns = {"number_space": [10000], "unit_interviews": [3], "unit_dialled": [201], "unit_probability": [0.5]}
    assert_allclose(recipe.inverse_sampling(columns, [1]), 10000 * 2 / (200 * 3))
    assert_allclose(recipe.released(columns | {"unit_dialled": [200]}, [1]), 50)
    assert recipe.selection(columns, [3.0]) == [6.0]
    columns = {"frame": ["landline", "mobile"], "n_mobile": [0, 2], "n_lines": [2, 1], "n_eligible": [3, 1]}
    assert recipe.multiplicity(columns, [4, 4]) == [6, 2]
    numbers = [{"r": "n", "I": 2, "R": 2, "UH": 4, "UO": 2, "NE": 4, "e": 0.25, "e_unscreened": 0.5}]
    columns = {"r": ["n", "n"]}
    for e, unscreened, factor in ((0.5, 1.0, 4), ("proportional", 0.5, 3.5), ("given", 1.0, 3)):
        assert recipe.nonresponse_classes(columns, [1, 1], numbers, ["r"], e, unscreened) == [factor, factor]
    columns = {"frame": ["l", "l", "m", "m"], "domain": ["a", "ab", "ab", "b"]}
    assert recipe.composite(columns, [1, 1, 1, 1], 0.25, "l") == [1, 0.25, 0.75, 1]
    columns = {"frame": ["l", "l", "m", "m"], "domain": ["ab"] * 4}
    assert_allclose(recipe.effective_theta(columns, [1, 1, 1, 3], "l"), 2 / (2 + 16 / 10))  # (1 + 3)² / (1 + 9) = 1.6


def test_propensities_by_hand():
    assert_allclose(recipe.logistic([[0], [1]], [1, 3], [4, 4]), [0.25, 0.75])  # saturated: the shares
    with pytest.raises(ArithmeticError):
        recipe.logistic([[0], [1]], [4, 3], [4, 4])
    assert recipe.alike([0.5, 0.1, 0.9, 0.2], [1, 1, 1, 1], 2) == [1, 0, 1, 0]
    columns = {"status": ["R", "R", "N", "X", "U"]}
    assert_allclose(recipe.unit_nonresponse(columns, [10] * 5), [18.75, 18.75, 0, 0, 0])  # 12.5 each, N's to two


@pytest.mark.parametrize(
    ("step", "plain"),
    [
        (steps.InverseSampling(), recipe.inverse_sampling),
        (steps.Released(), recipe.released),
        (steps.Selection(), recipe.selection),
        (steps.Multiplicity(), recipe.multiplicity),
        (steps.Composite(), recipe.composite),
        (steps.Composite(theta=0.3), lambda columns, weight: recipe.composite(columns, weight, 0.3)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_simple_steps(step, plain):
    rng = np.random.default_rng(31)
    for turn in range(60):
        columns = cases(rng)
        weight = problems.weights(rng, len(columns["frame"]))
        table = pd.DataFrame(columns) if turn % 2 else pl.DataFrame(columns)
        whole = ss.Recipe([step])
        if whole.starts:
            weight = [1.0] * len(weight)
        assert_allclose(
            whole.apply(table, weight=None if whole.starts else weight).final, plain(columns, weight), rtol=1e-12
        )


@pytest.mark.parametrize("e", [0.4, 0.0, "proportional", "given"])
@pytest.mark.parametrize("by", [("frame",), ("frame", "number_province"), ("number_province",)])
def test_nonresponse_classes(by, e):
    rng = np.random.default_rng(32)
    for turn in range(25):
        columns = cases(rng)
        n = len(columns["frame"])
        labels = problems.kind_of_level(rng, 3)
        columns["number_province"] = [labels[i] for i in rng.integers(0, 3, n)]
        weight = problems.weights(rng, n, zeros=False)
        numbers = numbers_of(columns, rng, by, finer=turn % 2)
        unscreened = 1.0 if e == "given" else rng.uniform(0, 1)
        step = steps.NonresponseClasses(by=by, e=e, e_unscreened=unscreened)
        found = ss.Recipe([step]).apply(pd.DataFrame(columns), pd.DataFrame(numbers), weight=weight).final
        assert_allclose(found, recipe.nonresponse_classes(columns, weight, numbers, by, e, unscreened), rtol=1e-10)


@pytest.mark.parametrize("groups", [None, 1, 2, 3])
@pytest.mark.parametrize("e", [0.4, "proportional", "given"])
def test_nonresponse_propensities(e, groups):
    rng, by = np.random.default_rng(33), ("frame", "number_province")
    for turn in range(25):
        columns = cases(rng, 80)
        labels = problems.kind_of_level(rng, 4)
        columns["number_province"] = [labels[i] for i in rng.integers(0, 4, 80)]
        weight = problems.weights(rng, 80, zeros=False)
        numbers = numbers_of(columns, rng, by, finer=turn % 2)
        step = steps.NonresponsePropensity(by=by, e=e, groups=groups)
        found = ss.Recipe([step]).apply(pd.DataFrame(columns), pd.DataFrame(numbers), weight=weight).final
        wanted = recipe.nonresponse_propensity(columns, weight, numbers, by, e, groups=groups)
        assert_allclose(found, wanted, rtol=1e-8)


def test_subsample():
    rng = np.random.default_rng(36)
    for _ in range(60):
        n = int(rng.integers(60, 150))
        columns = problems.columns(rng, n, ("u", "v"), most=3)
        weight = rng.lognormal(0, 0.5, n).tolist()
        columns["phase"] = rng.choice([0, 1, 2], n, p=[0.2, 0.4, 0.4]).tolist()
        options = (
            {"by": [(), ("u",), ("v",)][rng.integers(3)]}
            if rng.random() < 0.7
            else {"rate": float(rng.uniform(0.1, 1))}
        )
        classes = [recipe.key_of(columns, options.get("by", ()), row) for row in range(n)]
        if {k for k, p in zip(classes, columns["phase"]) if p == 0} - {
            k for k, p in zip(classes, columns["phase"]) if p == 2
        }:
            continue
        found = ss.Recipe([steps.Subsample(**options)]).apply(pd.DataFrame(columns), weight=weight).final
        assert_allclose(found, recipe.subsample(columns, weight, **options), rtol=1e-8)


@pytest.mark.parametrize("how", ["classes", "propensity", "groups", "truth values"])
def test_unit_nonresponse(how):
    rng = np.random.default_rng(34)
    for _ in range(60):
        n = int(rng.integers(60, 150))
        columns = problems.columns(rng, n, ("u", "v"), most=3)
        columns["x"] = rng.normal(0, 1, n).round(2).tolist()
        weight = rng.lognormal(0, 0.5, n).tolist()
        columns["status"] = rng.choice(["R", "N", "X", "U"], n, p=[0.5, 0.3, 0.1, 0.1]).tolist()
        options = {"unknown_by": ("v",)} if rng.random() < 0.5 else {}
        if how == "truth values":
            columns["status"] = [value == "R" for value in columns["status"]]
            options = {"by": ("u",)}
        elif how == "classes":
            options |= {"by": [(), ("u",), ("v",), ("u", "v")][rng.integers(4)]}
        else:
            options |= {"covariates": [("u",), ("u", "v"), ("x",), ("u", "x")][rng.integers(4)]}
            if how == "groups":
                options["groups"] = int(rng.integers(1, 5))
        classes = [recipe.key_of(columns, options.get("by", ()), row) for row in range(n)]
        respond = {key for key, status in zip(classes, columns["status"]) if status in ("R", True)}
        if set(classes) - respond:
            continue
        found = ss.Recipe([steps.UnitNonresponse(**options)]).apply(pd.DataFrame(columns), weight=weight).final
        assert_allclose(found, recipe.unit_nonresponse(columns, weight, **options), rtol=1e-8)


def test_a_chain_of_all_steps():
    rng, met = np.random.default_rng(35), 0
    for _ in range(40):
        columns = cases(rng)
        n = len(columns["frame"])
        columns |= problems.columns(rng, n, ("u", "v"), most=3)
        numbers = numbers_of(columns, rng, ("frame",))
        variables = problems.variables(rng, ["u", "v"])
        margins = problems.margins(rng, columns, variables, rng.uniform(1, 2, n))
        design = recipe.chained(
            columns,
            [1.0] * n,
            [
                recipe.inverse_sampling,
                recipe.selection,
                recipe.multiplicity,
                partial(recipe.nonresponse_classes, dispositions=numbers, by=("frame",), e_unscreened=0.7),
                recipe.composite,
            ],
        )
        groups, totals = raking.merge_thin(columns, margins, design[-1], 4)
        if calibration.room(groups, totals, design[-1]) < 1e-4:
            continue
        met += 1
        raked = calibration.calibrate(groups, totals, design[-1], "raking")
        found = ss.Recipe(
            [
                steps.InverseSampling(),
                steps.Selection(),
                steps.Multiplicity(),
                steps.NonresponseClasses(by="frame", e="proportional", e_unscreened=0.7),
                steps.Composite(),
                steps.Rake(margins, minimum=4, margins_are="totals", tol=1e-12),
            ]
        ).apply(pd.DataFrame(columns), pd.DataFrame(numbers))
        assert len(found.columns) == 6
        for column, plain in zip(found.columns.values(), [*design, raked]):
            assert_allclose(column, plain, rtol=1e-8)
    assert met > 20
