"""Values, weights and controls beyond double precision: an answer, or a typed error with the name of the column."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import weighting
from surveysim.errors import SurveysimError

Y = np.random.default_rng(3).normal(5, 1, 40)
HUGE, TINY = [1e308, 1e307] * 20, [1e-320, 2e-320] * 20


def table(**columns):
    return pd.DataFrame(
        {"y": Y, "w": 1.5, "g": list("pqrp") * 10, "c": np.arange(40) // 2, "overlap": ["a", "ab"] * 20} | columns
    )


def two(data):
    return ss.DualFrameSurvey(ss.Survey(data, "w"), ss.Survey(data.assign(overlap=["b", "ab"] * 20), "w"))


HELD = {
    "mean": lambda d: ss.Survey(d, "w").mean("bad"),
    "total by": lambda d: ss.Survey(d, "w", psu="c").total("bad", by="g"),
    "ratio": lambda d: ss.Survey(d, "w").ratio("bad", "y"),
    "ratio to": lambda d: ss.Survey(d, "w").ratio("y", "bad"),
    "quantile": lambda d: ss.Survey(d, "w").quantile("bad", [0.3, 0.5]),
    "replicates": lambda d: ss.Survey(d, "w").replicates("jk1").mean("bad"),
    "replicate weight": lambda d: ss.Survey(d, "w", replicate_weights=["w", "bad"], scale=0.5).mean("y"),
    "two frames": lambda d: two(d).total("bad", theta=0.5),
}


@pytest.mark.parametrize("size", [HUGE, [1e200, 2e200] * 20], ids=["sums", "squares"])
@pytest.mark.parametrize("what", HELD)
def test_what_overflows__names_the_column(what, size):
    with pytest.raises(SurveysimError, match="bad"):
        HELD[what](table(bad=size))


@pytest.mark.parametrize("what", ["mean", "total by", "ratio", "replicates", "two frames"])
def test_errors_that_underflow__are_no_zeros(what):
    with pytest.raises(SurveysimError, match=r"bad.* small"):
        HELD[what](table(bad=np.array(TINY) * 1e120 * Y))


def test_a_constant__has_an_error_of_0():
    found = ss.Survey(table(bad=1e-100), "w").mean("bad").to_frame()
    assert found["se"].to_numpy(float) == pytest.approx(0, abs=1e-115)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda d: ss.Survey(d, probability="bad"), "'bad'.*too small"),
        (lambda d: ss.Survey(d, probability=["half", "half"]), "the product of 'half', 'half'.*too small"),
        (lambda d: ss.Recipe([weighting.Selection("bad")]).apply(d), "bad: 40 of 40"),
        (lambda d: ss.calibrate(d, {"bad": 50.0}), "'bad' has a total of 50"),
        (
            lambda d: ss.calibrate(d, {"large": 50.0, "g": {"p": 40, "q": 20, "r": 20}}),
            "'large' is still off .*too far apart for double precision",
        ),
        (lambda d: ss.performance(d, "bad", estimate="y", se="w"), "'bad': 40 of 40 true values are next to nothing"),
        (lambda d: ss.performance(d, 1e-320, estimate="y", se="w"), "true: 40 of 40"),
    ],
)
def test_what_nothing_can_be_divided_by__is_named(call, words):
    with pytest.raises(SurveysimError, match=words):
        call(table(bad=TINY, half=1e-160, large=[1e-200, 2e-200] * 20))


@pytest.mark.parametrize(
    "ask",
    [
        lambda s, **o: s.mean("y", **o),
        lambda s, **o: s.quantile("y", 0.5, **o),
        lambda s, **o: s.mean("y", by="g").contrast({0: 1}, **o) if "df" in o else s.mean("y", **o),
    ],
)
@pytest.mark.parametrize("option", [{"df": 1e-320}, {"level": 1e-320}])
def test_quantiles_of_t__that_no_float_holds_are_refused(ask, option):
    with pytest.raises(SurveysimError, match=r"level = .*, df = "):
        ask(ss.Survey(table(), "w"), **option)
