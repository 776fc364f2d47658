"""Odd input to the weighting room: one typed error, or the right answer."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from surveysim import CalibrationError, DataError, Recipe, Survey, calibrate, poststratify, rake, trim_weights
from surveysim.weighting import (
    BaseWeight,
    Composite,
    InverseSampling,
    Multiplicity,
    NonresponseClasses,
    NonresponsePropensity,
    Rake,
    rake_coded,
)

A, B = np.tile([0, 1, 2, 0], 5), np.tile([0, 1, 2, 3], 5)
TOTALS = [np.array([30.0, 40, 30]), np.full(4, 25.0)]
CODED = {
    "a short out": ({"out": np.zeros(10)}, "out must be"),
    "an integer out": ({"out": np.zeros(20, np.int32)}, "out must be"),
    "a short scratch": ({"scratch": np.zeros(5, np.int32)}, "scratch must be"),
    "strided out": ({"out": np.zeros(40)[::2]}, "out must be"),
    "a short weight": ({"weight": np.ones(5)}, "20 rows"),
    "a NaN weight": ({"weight": np.r_[np.nan, np.ones(19)]}, "missing, infinite or negative"),
}


@pytest.mark.parametrize("case", list(CODED))
def test_rake_coded__refuses_buffers_that_do_not_fit(case):
    options, word = CODED[case]
    with pytest.raises(DataError, match=word):
        rake_coded([A, B], TOTALS, **options)


@pytest.mark.parametrize(
    "codes",
    [[A, B[:7]], [A.astype(float), B], [A.astype(">u2"), B], [A > 0, B], [A[:0], B[:0]], [A], [A.reshape(4, 5), B]],
)
def test_rake_coded__refuses_codes_that_are_none(codes):
    with pytest.raises(DataError):
        rake_coded(codes, TOTALS)


def tally(*rows):
    table = pd.DataFrame(rows, columns=["frame", "prov", "I", "R"])
    return table.assign(**dict.fromkeys(("P", "NC", "O", "UH", "UO", "NE"), 0))


FINE = tally(("landline", "A", 2, 2), ("landline", "B", 2, 18), ("mobile", "A", 3, 3), ("mobile", "B", 3, 27))
CASES = pd.DataFrame({"frame": ["landline"] * 4 + ["mobile"] * 6, "prov": list("AABB") + list("AAABBB"), "d": 1.0})


@pytest.mark.parametrize("step", [NonresponseClasses, NonresponsePropensity])
@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_nonresponse__adds_up_dispositions_finer_than_its_classes(step, kind):
    table = FINE if kind == "pandas" else pl.from_pandas(FINE)
    weight = Recipe([BaseWeight("d"), step(by="frame", e=1.0)]).apply(CASES, table).final
    np.testing.assert_allclose(weight, 6, rtol=1e-9)


@pytest.mark.parametrize("step", [NonresponseClasses, NonresponsePropensity])
def test_nonresponse__refuses_dispositions_of_other_cases(step):
    with pytest.raises(DataError, match="I = 4 and 3 rows"):
        Recipe([BaseWeight("d"), step(by="frame", e=1.0)]).apply(CASES[1:], FINE)


PATH = CASES.assign(
    domain="ab", n_mobile=1, n_lines=1, n_eligible=2, number_space=100, unit_interviews=5, unit_dialled=20, w=1.0
)
STEPS = {
    "dialled missing": (InverseSampling(), {"unit_dialled": np.nan}, "sense of numbers"),
    "fewer dialled than interviews": (InverseSampling(), {"unit_dialled": 3}, "sense of numbers"),
    "interviews missing": (InverseSampling(), {"unit_interviews": np.nan}, "alone in their unit"),
    "mobiles missing": (Multiplicity(), {"n_mobile": np.nan}, "report no number"),
    "another frame": (Multiplicity(), {"frame": "Landline"}, "other than 'landline', 'mobile'"),
    "another domain": (Composite(theta=0.3), {"domain": "AB"}, "other than 'a', 'b', 'ab'"),
    "a missing frame": (Composite(theta=0.3), {"frame": None}, "other than"),
}


@pytest.mark.parametrize("case", list(STEPS))
def test_steps__do_not_let_nonsense_through(case):
    step, columns, word = STEPS[case]
    with pytest.raises(DataError, match=word):
        Recipe([step]).apply(PATH.assign(**columns))


@pytest.mark.parametrize(
    "make",
    [
        lambda: NonresponseClasses(e=-5.0),
        lambda: NonresponseClasses(e="casro"),
        lambda: NonresponsePropensity(groups=0),
        lambda: Composite(theta="hartley"),
        lambda: Rake({"a": {"x": 1}}, least=2, most=1),
        lambda: Rake({"a": {"x": 1}}, most=-1),
        lambda: Recipe([Composite(), BaseWeight("d")]),
        lambda: Recipe.from_toml("[[steps]]\nkind = 'BaseWeight'\n"),
        lambda: Recipe.from_toml("[[steps]]\nkind = 'Rake'\nmargins = {a = 1}\n"),
        lambda: Recipe([Rake({"a": {pd.Timestamp("2020-01-01"): 1}})]).to_toml(),
        lambda: Recipe([NonresponseClasses(by=("prov",))]).apply(CASES, FINE.drop(columns="NE")),
        lambda: Recipe([NonresponseClasses(by=("prov",))]).apply(CASES, FINE.assign(R=-1)),
    ],
)
def test_recipes__refuse_what_they_cannot_be(make):
    with pytest.raises(DataError):
        make()


def test_recipe_toml__holds_numpy_labels_and_control_characters():
    recipe = Recipe(
        [Rake({"a": {np.int64(1): 4.0, np.int64(2): 6.0}, "b": {"x\x7f": 10.0}}, margins_are="totals", minimum=1)]
    )
    data = pd.DataFrame({"a": [1, 2], "b": ["x\x7f"] * 2})
    np.testing.assert_array_equal(Recipe.from_toml(recipe.to_toml()).apply(data).final, recipe.apply(data).final)


DATA = pd.DataFrame({"sex": list("mmff"), "x": [1.0, 2, 3, 4], "w": 1e6})


def test_raking__cannot_sum_to_less_than_nothing():
    for options in ({"method": "raking"}, {"method": "logit", "bounds": (0, 9)}, {"bounds": (0, 9)}):
        with pytest.raises(CalibrationError, match="a total of -1, which weights that are not negative"):
            calibrate(DATA, {"sex": {"m": -1.0, "f": 5.0}}, **options)


def test_small_totals__are_met_to_their_own_size():
    cal = calibrate(DATA, {"sex": {"m": 1.0, "f": 1e6}, "x": 3.5e6}, weight="w", method="raking", tol=1e-8)
    np.testing.assert_allclose(cal.margins["after"], cal.margins["target"], rtol=1e-8)
    p = poststratify(DATA.assign(w=1e15), {"sex": {"m": 0.49, "f": 0.51}}, weight="w")
    np.testing.assert_allclose(p.weight, [0.245, 0.245, 0.255, 0.255], rtol=1e-12)


def test_dominance__does_not_count_cells_that_nobody_is_in():
    data = pd.DataFrame(
        {v: np.r_[np.zeros(10 * i, int), np.ones(10, int), np.zeros(290 - 10 * i, int)] for i, v in enumerate("abc")}
    )
    cal = rake(data, {v: {0: 0.7, 1: 0.3} for v in "abc"}, margins_are="shares")  # a warning would be an error here
    assert cal.weight.max() / cal.weight.sum() < 0.04


@pytest.mark.parametrize("short", [1e-3, 1e-6, 1e-8])
@pytest.mark.parametrize(("method", "bounds"), [("raking", (0.3, 2)), ("linear", (0.3, 2)), ("logit", (0.3, 2))])
def test_bounds__a_solution_close_to_them_is_found(method, bounds, short):
    cal = calibrate(pd.DataFrame({"a": [0, 0, 1]}), {"a": {0: 4 - short, 1: 1.0}}, method=method, bounds=bounds)
    np.testing.assert_allclose(cal.g, [2 - short / 2, 2 - short / 2, 1], rtol=1e-9)


def test_trim_weights__strict_with_hardly_any_room():
    weight = np.random.default_rng(1).lognormal(0, 1, 20_000)
    weight /= weight.mean()
    trimmed = trim_weights(weight, upper=1.001, strict=True)
    assert trimmed.max() <= 1.001
    assert trimmed.sum() == pytest.approx(20_000)


@pytest.mark.parametrize(
    "weight", [pd.date_range("2020", periods=4), pd.to_timedelta([1, 2, 3, 4], "D"), np.array([1, 2, 3, 4j])]
)
def test_weights__that_are_no_numbers(weight):
    with pytest.raises(DataError, match="not numeric"):
        rake(DATA, {"sex": {"m": 10, "f": 10}}, weight=weight)


def test_partitions__without_anybody():
    data = pd.DataFrame({"p": ["A", "B"], "s": ["m", "m"]})
    totals = {"A": {"s": {"m": 5}}, "B": {"s": {"m": 5}}, "C": {"s": {"m": 0}}}
    np.testing.assert_allclose(rake(data, totals, by="p").weight, 5)
    np.testing.assert_allclose(calibrate(data, totals, by="p", covariance={k: [[1e-9]] for k in totals}).weight, 5)
    with pytest.raises(CalibrationError, match="p 'C' has a total of 3 but no respondents"):
        rake(data, totals | {"C": {"s": {"m": 3}}}, by="p")


def test_contradictions__smaller_than_rounded_files_are_named():
    data = pd.DataFrame({"a": list("ppqq"), "b": list("xyxy")})
    with pytest.raises(CalibrationError, match="contradict each other"):
        calibrate(data, {"a": {"p": 5.0, "q": 5.0}, "b": {"x": 5.0, "y": 5.0 + 5e-8}})


def test_numeric_totals__may_be_asked_in_some_partitions_only():
    data = pd.DataFrame({"p": list("AABB"), "x": [1.0, 2, 3, 4]})
    cal = calibrate(data, {"A": {"x": 4.0}, "B": {"x": None}}, by="p")
    np.testing.assert_allclose(cal.weight, [1.2, 1.4, 1, 1])


def test_column_names__need_not_be_text():
    data = DATA.rename(columns={"sex": 0})
    np.testing.assert_allclose(rake(data, {0: {"m": 4, "f": 8}}).weight, [2, 2, 4, 4])
    with pytest.raises(CalibrationError, match="margin '0'"):
        rake(data, {0: {"m": 4, "f": 8, "d": 1}})


def test_tables__of_other_kinds():
    days = [datetime.date(2021, 1, 1), datetime.date(2021, 1, 2)]
    margins = {"day": dict(zip(days, (4.0, 8.0), strict=True))}
    np.testing.assert_allclose(rake(pl.DataFrame({"day": days * 2}), margins).weight, [2, 4, 2, 4])
    with pytest.raises(DataError, match="collect it"):
        rake(pl.DataFrame({"day": days * 2}).lazy(), margins)
    with pytest.raises(DataError):
        rake(pa.table([[1, 2], [1, 2]], names=["day", "day"]), {"day": {1: 2, 2: 3}})


@pytest.mark.parametrize("options", [{"max_iter": float("nan")}, {"tol": "1e-9"}, {"tol": True}])
def test_settings__that_are_no_numbers(options):
    with pytest.raises(DataError, match=next(iter(options))):
        rake(DATA, {"sex": {"m": 4, "f": 8}}, **options)


CLASSES = pd.DataFrame({"g": ["u", "u", "v", "v"], "I": 0, "P": 0, "R": 2, "NC": 0, "O": 0, "UH": 0, "UO": 0, "NE": 0})


@pytest.mark.parametrize(
    ("cases", "counts", "message"),
    [
        (["u", "u", "v"], {"u": 2}, r"1 interviews have g = 'v', which has no row in the dispositions"),
        (["u", None, "u"], {"u": 3}, r"column 'g' of classes is missing in 1 interviews, the first in row 1"),
        (["u", "u"], {"u": 2, "zz": 0}, r"class g = 'zz' has 2 numbers but no interviews; join it with another"),
    ],
)
def test_nonresponse_classes__are_told_in_their_own_words(cases, counts, message):
    """Not in those of raking, which talk of totals and margins."""
    dispositions = pd.DataFrame(
        {"g": list(counts), "I": list(counts.values()), **{c: 2.0 * (c == "R") for c in CLASSES.columns[2:]}}
    )
    with pytest.raises(DataError, match=message):
        NonresponseClasses(by=("g",)).apply(pd.DataFrame({"g": cases}), np.ones(len(cases)), dispositions)


def test_rake__a_partition_without_a_margin_of_the_others_is_named():
    data = pd.DataFrame({"r": ["N", "N", "S", "S"], "g": ["u", "v", "u", "v"], "k": ["a", "b", "a", "b"]})
    margins = {"N": {"g": {"u": 3, "v": 5}, "k": {"a": 4, "b": 4}}, "S": {"g": {"u": 3, "v": 5}}}
    with pytest.raises(CalibrationError, match=r"r 'S' has no margin 'k', which others have"):
        rake(data, margins, by="r")


def test_columns__whose_names_are_tuples_are_no_arrays():
    """A column (7, 1) of a table of two rows was read as the weights 7 and 1."""
    data = pd.DataFrame({"y": [2.0, 5.0]})
    data[(7, 1)] = 5.0
    data.columns = pd.Index(["y", (7, 1)], tupleize_cols=False)
    with pytest.raises(DataError, match=r"weight = \(7, 1\): names of columns that are tuples are not taken"):
        Survey(data, weight=(7, 1))


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: rake_coded([[0, 1]], [[1, 1]], "x"), "weight = 'x': there is no table .*; give 2 numbers"),
        (
            lambda: poststratify(pd.DataFrame({"a": ["p", "q"]}), {"a": {"p": 1, "q": 1}}).again("x"),
            "base = 'x': there is no table .*; give 2 numbers",
        ),
    ],
)
def test_a_columns_name_where_there_is_no_table__is_refused_by_the_arguments_name(ask, words):
    with pytest.raises(DataError, match=words):
        ask()
