"""Calibration, poststratification and scaling as steps."""

import numpy as np
import pandas as pd
import pytest
from naive import recipe as naive
from numpy.testing import assert_allclose

import surveysim as ss
from surveysim.weighting import BaseWeight, Calibrate, Poststratify, Recipe, Scale

RNG = np.random.default_rng(5)
TABLE = pd.DataFrame({"w": RNG.lognormal(1, 0.5, 60), "s": RNG.choice(["N", "S"], 60), "x": RNG.uniform(1, 9, 60)})
TOTALS = {"s": {"N": 100.0, "S": 120.0}, "x": 1200.0}


@pytest.mark.parametrize("method", ["linear", "raking", "logit"])
def test_calibrate__is_the_function(method):
    bounds = (0.2, 4) if method == "logit" else None
    made = Recipe([BaseWeight("w"), Calibrate(TOTALS, method=method, bounds=bounds)]).apply(TABLE)
    assert_allclose(
        made.final, ss.calibrate(TABLE, TOTALS, weight="w", method=method, bounds=bounds).weight, rtol=1e-12
    )
    alone = ss.Survey(TABLE, weight=ss.calibrate(TABLE, TOTALS, weight="w", method=method, bounds=bounds)).mean("x")
    assert_allclose(ss.Survey(TABLE, weight=made).mean("x").table["se"], alone.table["se"], atol=1e-12)


def test_poststratify__by_hand():
    made = Recipe([Poststratify({"s": {"m": 50, "f": 50}})]).apply(pd.DataFrame({"s": ["m", "f", "f"]}))
    assert made.final.tolist() == [50.0, 25.0, 25.0]


@pytest.mark.parametrize("to", ["n", 500, {"N": 30, "S": "n"}])
def test_scale__second_version(to):
    by = ("s",) if isinstance(to, dict) else ()
    made = Recipe([BaseWeight("w"), Scale(to=to, by=by)]).apply(TABLE)
    assert_allclose(made.final, naive.scale(TABLE["w"].tolist(), to, TABLE["s"].tolist() if by else None), rtol=1e-12)


def test_scale__totals_have_no_error_of_size_and_means_do_not_change():
    plain, scaled = (Recipe([BaseWeight("w"), *more]).apply(TABLE) for more in ([], [Scale(to=1000)]))
    one = TABLE.assign(one=1.0)
    assert ss.Survey(one, weight=scaled).total("one").table["se"].item() == pytest.approx(0, abs=1e-9)
    assert ss.Survey(one, weight=Recipe([BaseWeight("w"), Scale()]).apply(TABLE)).total("one").table["se"].item() > 0
    errors = [ss.Survey(one, weight=w).mean("x").table["se"].item() for w in (plain, scaled)]
    assert errors[0] == pytest.approx(errors[1])


@pytest.mark.parametrize(
    "step",
    [
        Calibrate(TOTALS, bounds=(0.1, 5)),
        Calibrate({"N": {"x": 500.0}, "S": {"x": 600.0}}, by="s"),
        Calibrate({("s", "t"): {("N", 1): 5, ("S", 2): 6.5}, "x": 3}, method="raking"),
        Poststratify({"s": {"N": 10, "S": 20}}),
        Scale(to={"N": 10, "S": "n"}, by="s"),
        Scale(to=12.5),
    ],
    ids=str,
)
def test_steps__toml(step):
    assert Recipe.from_toml(Recipe([step]).to_toml()).steps == (step,)


def test_steps__do_not_share_the_callers_totals():
    totals = {"s": {"N": 10, "S": 20}}
    step = Poststratify(totals)
    totals["s"]["N"] = 0
    assert step.totals["s"]["N"] == 10


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Scale(to={"N": 1}), "needs by"),
        (lambda: Scale(to=0), "to = 0"),
        (lambda: Scale(to="all"), "to = 'all'"),
        (lambda: Recipe([Scale(to={"N": 1}, by="s")]).apply(TABLE), "no total for s = S"),
        (lambda: Calibrate({}), "totals"),
        (lambda: Recipe([Calibrate({"x": 1e9}, bounds=(0.5, 2))]).apply(TABLE), "x"),
    ],
)
def test_steps__refuse(make, words):
    with pytest.raises(ss.SurveysimError, match=words):
        make()
