"""The same weighting from other initial weights, as replicates have it, against weighting anew row by row."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import surveysim as ss
from naive import calibration, problems, raking, recipe
from surveysim import weighting as steps

pytestmark = pytest.mark.filterwarnings("ignore:one respondent", "ignore:.*calibrated weights are negative")


def multiplied(rng, weight, zeros=True):
    """Weights of a replicate: some rows left out, others counted several times."""
    factor = rng.choice([0.0, 1.0, 1.0, 1.0, 2.0], len(weight)) if zeros else rng.uniform(0.5, 2, len(weight))
    return np.array(weight) * factor


def enough(columns, totals, weight):
    return calibration.room(columns, totals, weight) > 1e-3


@pytest.mark.parametrize("reading", ["totals", "shares"])
@pytest.mark.parametrize("policy", ["fail", "drop", "level"])
def test_raking_again(policy, reading):
    rng, met = np.random.default_rng(71), 0
    for _ in range(40):
        columns = problems.columns(rng, 40, ("u", "v"), most=3)
        weight = problems.weights(rng, 40, zeros=False)
        margins = problems.margins(rng, columns, problems.variables(rng, ["u", "v"]), weight)
        if policy != "fail":
            for row in rng.permutation(40)[:6]:
                columns[["u", "v"][row % 2]][row] = None
        if reading == "shares":
            margins = {
                v: {level: t / sum(totals.values()) for level, t in totals.items()} for v, totals in margins.items()
            }
        base = multiplied(rng, weight)

        def anew(weight, columns=columns, margins=margins):
            start, filled = list(weight), columns
            if policy == "drop":
                start = raking.drop_missing(columns, margins, weight)
            totals = raking.as_totals(margins, sum(start), reading)
            if policy == "level":
                filled, totals = raking.level_missing(columns, totals, weight)
            return calibration.calibrate(filled, totals, start, "raking") if enough(filled, totals, start) else None

        wanted, first = anew(base), anew(weight)
        if wanted is None or first is None:
            continue
        cal = ss.rake(pd.DataFrame(columns), margins, weight=weight, missing=policy, margins_are=reading, tol=1e-12)
        assert_allclose(cal.weight, first, rtol=1e-8)
        assert_allclose(cal.again(base), wanted, rtol=1e-8)
        met += 1
    assert met > 10


@pytest.mark.parametrize("reading", ["totals", "shares"])
@pytest.mark.parametrize("options", [{"bounds": (0.75, 1.4)}, {"trim": (0.4, 1.7)}], ids=["bounds", "trim"])
def test_bounded_and_trimmed_raking_again(options, reading):
    """A row that counts twice is two respondents, each of which the bounds of a trim hold for: the table is written out row by row."""
    rng, met, cut = np.random.default_rng(72), 0, 0
    for _ in range(40):
        columns = problems.columns(rng, 40, ("u", "v"), most=3)
        weight = rng.uniform(1, 4, 40).tolist()
        truth = problems.margins(rng, columns, ["u", "v"], weight, spread=0.3)
        margins = {
            v: {level: t * 90 / sum(totals.values()) for level, t in totals.items()} for v, totals in truth.items()
        }
        if reading == "shares":
            margins = {v: {level: t / 90 for level, t in totals.items()} for v, totals in margins.items()}
        copies = rng.choice([0, 1, 1, 1, 2], 40)

        def anew(copies, columns=columns, margins=margins, weight=weight):
            rows = np.repeat(np.arange(40), copies)
            inside = {name: [values[row] for row in rows] for name, values in columns.items()}
            start = [weight[row] for row in rows]
            totals = raking.as_totals(margins, sum(start), reading)
            if "bounds" in options:
                made = calibration.calibrate(inside, totals, start, "raking", options["bounds"])
            else:
                made = raking.rake_trimmed(inside, totals, start, *options["trim"], rounds=100)
            return np.bincount(rows, made, 40), np.bincount(
                rows, calibration.calibrate(inside, totals, start, "raking"), 40
            )

        try:
            first, wanted = anew(np.ones(40, int))[0], anew(copies)
        except ArithmeticError:
            continue
        cal = ss.rake(pd.DataFrame(columns), margins, weight=weight, margins_are=reading, tol=1e-12, **options)
        tolerance = 1e-8 if "bounds" in options else 1e-6
        assert_allclose(cal.weight, first, rtol=tolerance)
        assert_allclose(cal.again(copies * np.array(weight)), wanted[0], rtol=tolerance)
        met += 1
        cut += not np.allclose(*wanted)
    assert met > 12
    assert cut > 3


@pytest.mark.parametrize("extra", ["", "q", "cluster", "covariance"])
@pytest.mark.parametrize(
    ("method", "bounds"), [("linear", None), ("raking", None), ("logit", (0.1, 5)), ("truncated", (0.1, 5))]
)
def test_calibration_again(method, bounds, extra):
    rng, met = np.random.default_rng(73), 0
    for _ in range(40):
        n = 40
        columns = problems.columns(rng, n, ("u",), most=3) | {"x": rng.normal(1, 1, n).tolist()}
        weight, options, base = rng.uniform(1, 4, n), {}, None
        base = multiplied(rng, weight, zeros=False)
        if extra == "q":
            options["q"] = rng.uniform(0.5, 2, n)
        if extra == "cluster":
            cluster = rng.integers(0, 15, n)
            options["cluster"], weight, base = [f"h{c}" for c in cluster], weight[cluster], base[cluster]
        truth = weight * rng.uniform(0.7, 1.4, n)
        totals = problems.sums(columns, ["u"], truth) | {"x": float(truth @ columns["x"])}
        if extra == "covariance":
            options["covariance"] = rng.uniform(1, 200, len(totals["u"]) + 1)
        try:
            wanted = calibration.calibrate(columns, totals, base, method, bounds, **options)
        except ArithmeticError:
            continue
        cal = ss.calibrate(
            pd.DataFrame(columns), totals, weight=weight, method=method, bounds=bounds, tol=1e-11, **options
        )
        assert_allclose(cal.again(base), wanted, rtol=1e-8, atol=1e-8 * weight.mean())
        met += 1
    assert met > 20


def test_a_recipe_again():
    """θ and the merged levels are kept from the full sample, the raking is repeated."""
    rng, met = np.random.default_rng(74), 0
    for _ in range(40):
        n = 60
        columns = problems.columns(rng, n, ("u", "v"), most=4)
        columns["frame"] = rng.choice(["landline", "mobile"], n).tolist()
        columns["domain"] = [
            ("ab" if rng.random() < 0.6 else {"landline": "a", "mobile": "b"}[f]) for f in columns["frame"]
        ]
        columns["n_mobile"], columns["n_lines"], columns["n_eligible"] = (
            [1] * n,
            [1] * n,
            rng.integers(1, 4, n).tolist(),
        )
        weight = rng.uniform(1, 4, n).tolist()
        margins = problems.margins(rng, columns, ["u", "v"], weight)
        base = multiplied(rng, weight)
        theta = recipe.effective_theta(columns, recipe.multiplicity(columns, weight))
        design = recipe.composite(columns, recipe.multiplicity(columns, weight), theta)
        groups, totals = raking.merge_thin(columns, margins, design, 6)
        start = recipe.composite(columns, recipe.multiplicity(columns, list(base)), theta)
        if not (enough(groups, totals, start) and enough(groups, totals, design)):
            continue
        rest = [
            steps.Multiplicity(),
            steps.Composite(),
            steps.Rake(margins, minimum=6, margins_are="totals", tol=1e-12),
        ]
        table, multiplier = pd.DataFrame(columns).assign(w=weight), base / np.array(weight)
        first = calibration.calibrate(groups, totals, design, "raking")
        wanted = calibration.calibrate(groups, totals, start, "raking")
        bare, whole = ss.Recipe(rest), ss.Recipe([steps.BaseWeight("w"), *rest])
        weights = bare.apply(table, weight=weight)
        assert_allclose(weights.final, first, rtol=1e-8)
        assert_allclose(weights.again(base), wanted, rtol=1e-8)
        weights = whole.apply(table)  # brings weights of its own, whose place others take
        assert_allclose(weights.final, first, rtol=1e-8)
        assert_allclose(weights.again(base), wanted, rtol=1e-8)
        assert_allclose(whole.replay(weights, table, multiplier).final, wanted, rtol=1e-8)
        met += 1
    assert met > 20
