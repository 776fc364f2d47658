"""Beyond double precision, in another order of bytes, beyond 64 bits: an answer, or a typed error with the name of the column."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import weighting
from surveysim.errors import SurveysimError

LEVELS = [1.0, 2.0] * 20
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


def test_bounds__beyond_double_precision_are_none():
    data, margins = table(), {"g": {"p": 40.0, "q": 20.0, "r": 20.0}}
    free = ss.rake(data, margins).weight
    assert ss.rake(data, margins, trim=(None, 1e308)).weight.tolist() == free.tolist()
    step = weighting.Rake(margins=margins, most=1e308)
    assert ss.Recipe([step]).apply(data).final == pytest.approx(free)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_recipes__refuse_weights_that_are_none(bad):
    weight = np.full(40, bad)
    with pytest.raises(SurveysimError, match="weight: 40 of 40 weights are missing"):
        ss.Recipe([weighting.Selection("half")]).apply(table(half=0.5), weight=weight)
    with pytest.raises(SurveysimError, match="selection_weight, beyond double precision: 40 of 40"):
        ss.Recipe([weighting.Selection("half")]).apply(table(half=1e-200), weight=np.full(40, 1e200))


@pytest.mark.parametrize("wrong", [pd.NA, np.ones((2, 2)), pd.Series([0.5] * 40), None, True, ["half"]])
def test_steps__take_names_of_columns(wrong):
    calls = (
        lambda: weighting.Selection(wrong),
        lambda: weighting.Released(space=wrong),
        lambda: weighting.InverseSampling(dialled=wrong),
    )
    for call, role in zip(calls, ("probability", "space", "dialled"), strict=True):
        with pytest.raises(SurveysimError, match=f"^{role} = "):
            ss.Recipe([call()]).apply(table(number_space=9, unit_interviews=2, unit_released=3))


ORDERS = {
    "by": lambda d: ss.Survey(d, "w").mean("y", by="bad"),
    "proportion": lambda d: ss.Survey(d, "w").proportion("bad"),
    "independence": lambda d: ss.Survey(d, "w").independence("bad", "g").statistic,
    "strata": lambda d: ss.Survey(d, "w", strata="bad").mean("y"),
    "strata handed in": lambda d: ss.Survey(d, "w", strata=d["bad"].to_numpy()).mean("y"),
    "psu": lambda d: ss.Survey(d, "w", psu="bad").mean("y"),
    "margin": lambda d: ss.rake(d, {"bad": {1.0: 20.0, 2.0: 20.0}}).weight.tolist(),
    "raked by": lambda d: ss.rake(
        d, {1.0: {"g": {"p": 30.0, "r": 10.0}}, 2.0: {"g": {"q": 5.0, "p": 35.0}}}, by="bad"
    ).weight.tolist(),
    "missing level": lambda d: ss.rake(d, {"bad": {1.0: 20.0, 2.0: 20.0}}, missing="level").weight.tolist(),
    "cluster": lambda d: ss.calibrate(d, {"y": 220.0}, cluster="bad").weight.tolist(),
    "two frames": lambda d: two(d).total("y", by="bad", theta=0.5),
}


@pytest.mark.parametrize("kind", [">f8", ">i4", ">u2"])
@pytest.mark.parametrize("what", ORDERS)
def test_bytes_in_another_order__mean_the_same(what, kind):
    assert str(ORDERS[what](table(bad=np.array(LEVELS, dtype=kind)))) == str(
        ORDERS[what](table(bad=np.array(LEVELS, dtype=kind[1:])))
    )


@pytest.mark.parametrize("large", [10**25, 2**63 + 5])
def test_integers_beyond_64_bits__are_numbers_and_labels_in_two_frames(large):
    data = table(bad=pd.Series([large, 1] * 20, dtype=object))
    assert two(data).total("bad", theta=0.5).to_frame()["estimate"].iloc[0] == pytest.approx(
        two(table(bad=[float(large), 1.0] * 20)).total("bad", theta=0.5).to_frame()["estimate"].iloc[0]
    )
    assert two(data).total("y", by="bad", theta=0.5).to_frame()["domain"].tolist() == ["bad=1", f"bad={large}"]


@pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")
def test_replicates__are_named_by_their_column():
    with pytest.raises(SurveysimError, match=r"weights that sum to 0, the first is replicate 2 \('bad'\)"):
        ss.Survey(table(bad=[-1.0, 1.0] * 20), "w", replicate_weights=["w", "bad"], scale=0.5).mean("y")


RUNS = {"estimate": [1.0, 2.0, 3.0, 4.0], "se": 1.0, "m": list("aabb"), "rep": [1, 2, 1, 2], "low": 0.0, "up": 4.0}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"se": "bad"}, "se 'bad': 2 standard errors are negative, the first is row 0"),
        ({"df": "bad"}, "df 'bad': degrees of freedom have to be above 0, and 2 are not"),
        ({"true": "gaps"}, "true 'gaps': the true value is missing in 1 rows, the first is row 0"),
        ({"lower": "up", "upper": "low"}, "lower 'up': in 4 rows the lower bound is above"),
        ({"by": [[1, 2], [3]]}, "by = "),
        ({"estimate": {}}, "estimate = {}"),
        *(({"by": "m", "reference": value}, "reference = ") for value in ([], {}, {1}, np.ones(4), pd.Series([1.0]))),
        *(
            ({"by": "m", "reference": "a", "repetition": value}, "repetition = ")
            for value in ([[1]], np.array([]), np.ones((2, 2)), {1, 2}, pd.Series([1.0]), pd.NA, [None])
        ),
    ],
)
def test_performance__names_the_argument_or_the_column(options, words):
    runs = pd.DataFrame(RUNS | {"bad": [-1.0, 1.0] * 2, "gaps": [np.nan, 1, 1, 1]})
    with pytest.raises(SurveysimError, match=words):
        ss.performance(runs, **({"true": 2.0} | options))
