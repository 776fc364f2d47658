"""Raking: it meets every margin, and refuses what it cannot answer."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveysim import CalibrationError, DataError, SurveysimWarning, calibrate, rake
from surveysim.weighting import rake_coded

DATA = pd.DataFrame(
    {"sex": ["m", "f", "m", "f", "m", "f"], "age": ["y", "y", "o", "o", "o", "y"], "w": [1.0, 2.0, 1.0, 1.0, 3.0, 1.0]}
)
MARGINS = {"sex": {"m": 600, "f": 400}, "age": {"y": 550, "o": 450}}


@st.composite
def respondents(draw):
    """A table in which every combination of levels occurs, and margins of some positive weights on it."""
    seed, n = draw(st.integers(0, 2**32 - 1)), draw(st.integers(30, 200))
    rng = np.random.default_rng(seed)
    sizes = [2, draw(st.integers(2, 5)), draw(st.integers(2, 4))]
    full = np.stack(np.meshgrid(*[np.arange(k) for k in sizes], indexing="ij"), axis=-1).reshape(-1, 3)
    codes = np.concatenate([full, np.stack([rng.integers(0, k, n) for k in sizes], axis=1)])
    data = pd.DataFrame(codes, columns=["a", "b", "c"])
    data["w"] = rng.lognormal(0, 0.7, len(data))
    truth = data["w"] * rng.lognormal(0, 0.4, len(data))
    margins = {name: truth.groupby(data[name]).sum().to_dict() for name in "abc"}
    return data, margins


@pytest.mark.filterwarnings("ignore:one respondent")
@given(respondents())
@settings(deadline=None, max_examples=40)
def test_rake__meets_every_total(sample):
    data, margins = sample
    weight = rake(data, margins, weight="w").weight
    for name, totals in margins.items():
        achieved = pd.Series(weight).groupby(data[name]).sum()
        np.testing.assert_allclose(achieved[list(totals)], list(totals.values()), rtol=1e-8)


@pytest.mark.filterwarnings("ignore:one respondent")
@given(respondents(), st.floats(0.01, 1e6))
@settings(deadline=None, max_examples=20)
def test_rake__ignores_the_scale_of_the_base_weights_and_repeats_itself(sample, scale):
    data, margins = sample
    options = {"margins_are": "totals", "tol": 1e-12}
    once = rake(data, margins, weight="w", **options).weight
    np.testing.assert_allclose(rake(data, margins, weight=data["w"] * scale, **options).weight, once, rtol=1e-8)
    np.testing.assert_allclose(rake(data, margins, weight=once, margins_are="totals").weight, once, rtol=1e-8)


def test_rake__by_is_a_loop_of_separate_solves():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"p": rng.integers(0, 4, 500), "a": rng.integers(0, 2, 500), "b": rng.integers(0, 3, 500)})
    margins = {p: {"a": {0: 10.0 + p, 1: 20.0}, "b": {0: 5.0, 1: 10.0 + p, 2: 15.0}} for p in range(4)}
    together = rake(data, margins, by="p", margins_are="totals", tol=1e-14).weight
    for p in range(4):
        part = data["p"] == p
        np.testing.assert_allclose(together[part], rake(data[part], margins[p], tol=1e-14).weight, rtol=1e-12)


def test_rake__cells_are_rows():
    """The same weights as sweeping row by row (Deming & Stephan 1940)."""
    weight = DATA["w"].to_numpy().copy()
    for _ in range(200):
        for name, totals in MARGINS.items():
            for level, total in totals.items():
                at = (DATA[name] == level).to_numpy()
                weight[at] *= total / weight[at].sum()
    np.testing.assert_allclose(rake(DATA, MARGINS, weight="w", tol=1e-13).weight, weight, rtol=1e-10)


def test_rake__one_margin_is_poststratification_by_hand():
    result = rake(DATA, {"sex": {"m": 600, "f": 400}}, weight="w")
    np.testing.assert_allclose(result.weight, [120, 200, 120, 100, 360, 100])
    np.testing.assert_allclose(result.g, [120, 100, 120, 100, 120, 100])
    assert result.deff_kish == pytest.approx(6 * (144 + 400 + 144 + 100 + 1296 + 100) / 100**2)


KINDS = ["pandas", "categorical", "nullable", "polars", "polars categories", "arrow", "arrow dictionary", "tidy"]


@pytest.mark.parametrize("kind", KINDS)
def test_rake__takes_any_table_and_leaves_it_alone(kind):
    expected, data, margins = rake(DATA, MARGINS, weight="w", tol=1e-13).weight, DATA.copy(), MARGINS
    if kind == "categorical":
        data["sex"] = pd.Categorical(data["sex"], ["x", "f", "m"])  # an unused level is fine
    elif kind == "polars":
        data = pl.DataFrame({c: DATA[c].tolist() for c in DATA})
    elif kind == "nullable":
        data = data.convert_dtypes()
    elif kind == "polars categories":
        data = pl.DataFrame({c: DATA[c].tolist() for c in DATA}).with_columns(
            pl.col("sex").cast(pl.Categorical), pl.col("age").cast(pl.Enum(["z", "o", "y"]))
        )
    elif kind == "arrow dictionary":
        parts = [pa.table({c: DATA[c][rows].tolist() for c in DATA}) for rows in (slice(0, 2), slice(2, 6))]
        data = pa.concat_tables([t.set_column(0, "sex", t["sex"].dictionary_encode()) for t in parts])
    elif kind == "arrow":
        data = pl.DataFrame({c: DATA[c].tolist() for c in DATA}).to_arrow()
    elif kind == "tidy":
        margins = pd.DataFrame(
            [(v, level, t) for v, ts in MARGINS.items() for level, t in ts.items()],
            columns=["variable", "level", "total"],
        )
    np.testing.assert_allclose(rake(data, margins, weight="w", tol=1e-13).weight, expected, rtol=1e-12)
    if kind == "pandas":
        pd.testing.assert_frame_equal(data, DATA)


def test_rake__shares_and_percents_keep_the_sum_of_the_weights():
    for scale in (1, 100):
        shares = {v: {k: t / 1000 * scale for k, t in ts.items()} for v, ts in MARGINS.items()}
        assert rake(DATA, shares, weight="w").weight.sum() == pytest.approx(9)


def test_rake__crossed_margin():
    result = rake(
        DATA, {("sex", "age"): {("m", "y"): 10, ("m", "o"): 20, ("f", "y"): 30, ("f", "o"): 40}}, margins_are="totals"
    )
    np.testing.assert_allclose(result.weight, [10, 15, 10, 40, 10, 15])


def test_rake__rescale_follows_the_named_margin():
    result = rake(DATA, {"sex": {"m": 60, "f": 40}, "age": {"y": 110, "o": 90}}, weight="w", rescale="sex")
    assert result.weight.sum() == pytest.approx(100)


WRONG = {
    "target level absent from the sample": (DATA, {"sex": {"m": 60, "f": 30, "x": 10}}, {}, "no respondents"),
    "sample level absent from the target": (DATA, {"sex": {"m": 100}}, {}, "no total"),
    "target 0 for an observed level": (DATA, {"sex": {"m": 100, "f": 0}}, {}, "a total of 0"),
    "margins that disagree": (
        DATA,
        {"sex": {"m": 60, "f": 40}, "age": {"y": 56, "o": 46}},
        {"margins_are": "totals"},
        "differ by",
    ),
    "missing raking variable": (DATA.assign(sex=["m", None, "m", "f", "m", "f"]), MARGINS, {}, "missing in 1 rows"),
    "NaN weight": (DATA.assign(w=[1, np.nan, 1, 1, 1, 1]), MARGINS, {"weight": "w"}, "missing, infinite or negative"),
    "negative weight": (DATA.assign(w=[1, -1, 1, 1, 1, 1]), MARGINS, {"weight": "w"}, "missing, infinite or negative"),
    "infinite weight": (
        DATA.assign(w=[1, np.inf, 1, 1, 1, 1]),
        MARGINS,
        {"weight": "w"},
        "missing, infinite or negative",
    ),
    "all weights zero": (DATA.assign(w=0.0), MARGINS, {"weight": "w"}, "all 6 weights are zero"),
    "zero weights within a level": (
        DATA.assign(w=[1, 0, 1, 0, 1, 0]),
        MARGINS,
        {"weight": "w"},
        "no respondents with weight",
    ),
    "text weights": (DATA.assign(w=["1,234"] * 6), MARGINS, {"weight": "w"}, "not numeric"),
    "NaN target": (DATA, {"sex": {"m": 60, "f": float("nan")}}, {}, "totals are finite"),
    "negative target": (DATA, {"sex": {"m": 60, "f": -1}}, {}, "totals are finite"),
    "shares of 99": (DATA, {"sex": {"m": 59, "f": 40}}, {"margins_are": "shares"}, "sum to 99"),
    "shares and totals mixed": (
        DATA,
        {"sex": {"m": 0.6, "f": 0.4}, "age": {"y": 600, "o": 400}},
        {},
        "all as totals or all as shares",
    ),
    "int labels against text targets": (
        DATA.assign(sex=[1, 2, 1, 2, 1, 2]),
        {"sex": {"1": 60, "2": 40}},
        {},
        r"the data have int, the margins str",
    ),
    "trailing blank": (DATA.assign(sex=["m ", "f", "m ", "f", "m ", "f"]), MARGINS, {}, "Did you mean 'm'"),
    "empty table": (DATA.iloc[:0], MARGINS, {}, "no rows"),
    "missing column": (DATA, {"sexx": {"m": 60, "f": 40}}, {}, "did you mean 'sex'"),
    "one sweep": (DATA, MARGINS, {"max_iter": 1, "weight": "w"}, "did not converge in 1 sweeps"),
    "structural zeros": (pd.DataFrame({"sex": ["m", "f"], "age": ["y", "o"]}), MARGINS, {}, "contradict each other"),
    "a number for a margin": (DATA, {"sex": 50}, {}, "needs {level: total}"),
    "by without nesting": (DATA, {"sex": {"m": 600, "f": 400}}, {"by": "age"}, "for every level of 'age'"),
    "no levels": (DATA, {"sex": {}}, {}, "needs {level: total}"),
    "percents of 99": (DATA, {"sex": {"m": 59, "f": 40}}, {}, "nearly but not 1 or 100"),
    "numbers as text": (DATA.assign(w=["1.5"] * 6), MARGINS, {"weight": "w"}, "text, the first is '1.5'"),
    "NaN raking number": (DATA.assign(sex=[1, np.nan, 1, 2, 1, 2]), {"sex": {1: 6, 2: 4}}, {}, "missing in 1 rows"),
    "missing nullable integer": (
        DATA.assign(sex=pd.array([1, None, 1, 2, 1, 2], "Int64")),
        {"sex": {1: 6, 2: 4}},
        {},
        "missing in 1 rows",
    ),
    "missing category": (
        DATA.assign(sex=pd.Categorical(["m", None, "m", "f", "m", "f"])),
        MARGINS,
        {},
        "missing in 1 rows, the first is row 1",
    ),
    "missing nullable weight": (
        DATA.assign(w=pd.array([1, None, 1, 1, 1, 1], "Int64")),
        MARGINS,
        {"weight": "w"},
        "missing, infinite or negative",
    ),
    "one variable twice": (DATA, {"sex": {"m": 600, "f": 400}, ("sex",): {"m": 400, "f": 600}}, {}, "two sets"),
    "one level twice": (DATA, {"sex": {"m": 600, "f": 400, ("f",): 300}}, {}, "a level twice"),
    "a cross that contradicts its margin": (
        DATA,
        {("sex", "age"): {("m", "y"): 10, ("m", "o"): 20, ("f", "y"): 30, ("f", "o"): 40}, "sex": {"m": 31, "f": 69}},
        {"margins_are": "totals"},
        "contradict each other",
    ),
    "weights with another index": (
        DATA,
        MARGINS,
        {"weight": pd.Series(DATA["w"].to_numpy(), index=range(1, 7))},
        "index is not the table's",
    ),
    "too few weights": (DATA, MARGINS, {"weight": [1.0, 2.0]}, "2 values; the table has 6 rows"),
    "a table of weights": (DATA, MARGINS, {"weight": np.ones((6, 2))}, "shape"),
    "two columns of one name": (pd.concat([DATA, DATA[["sex"]]], axis=1), MARGINS, {}, "2 columns called 'sex'"),
    "a total that is text": (DATA, {"sex": {"m": "600", "f": 400}}, {}, "totals are finite"),
    "int column against text totals, categorical": (
        DATA.assign(sex=pd.Categorical([1, 2, 1, 2, 1, 2])),
        {"sex": {"1": 60, "2": 40}},
        {},
        "the data have int, the margins str",
    ),
    "duplicate target rows": (
        DATA,
        pd.DataFrame({"variable": ["sex"] * 3, "level": ["m", "f", "f"], "total": [60, 40, 41]}),
        {},
        "duplicate",
    ),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_rake__never_silently_wrong(case):
    data, margins, options, message = WRONG[case]
    with pytest.raises((CalibrationError, DataError), match=message):
        rake(data, margins, **options)


def test_rake__warns_of_one_respondent_who_carries_a_third():
    data = pd.DataFrame({"sex": ["m"] + ["f"] * 19, "w": 1.0})
    with pytest.warns(SurveysimWarning, match=r"row 0\) carries 35 % of all weight: Kish deff 2\."):
        cal = rake(data, {"sex": {"m": 35, "f": 65}}, weight="w")
    assert cal.extreme(1)["share"][0] == pytest.approx(35)


@pytest.mark.parametrize(
    "weight",
    [
        np.array([1, 2, 1, 1, 3, 1], np.uint8),
        [Decimal("1"), Decimal("2"), Decimal("1"), Decimal("1"), Decimal("3"), Decimal("1")],
        pd.array([1, 2, 1, 1, 3, 1], "Int64"),
        pd.Series([1, 2, 1, 1, 3, 1], dtype="float32"),
    ],
    ids=["uint8", "Decimal", "Int64", "float32"],
)
def test_rake__reads_any_kind_of_number_as_what_it_is(weight):
    np.testing.assert_allclose(rake(DATA, MARGINS, weight=weight).weight, rake(DATA, MARGINS, weight="w").weight)


def test_rake__takes_bool_weights_as_in_and_out():
    use = np.array([True, True, True, True, False, True])
    weight = rake(DATA, MARGINS, weight=use).weight
    assert weight[4] == 0
    np.testing.assert_allclose(weight[use], rake(DATA[use], MARGINS).weight)


@pytest.mark.parametrize(
    "options", [{"max_iter": 0}, {"max_iter": 1.5}, {"tol": float("inf")}, {"tol": 0.0}, {"tol": float("nan")}]
)
def test_rake__refuses_settings_under_which_anything_converges(options):
    with pytest.raises(DataError, match=next(iter(options))):
        rake(DATA, MARGINS, **options)


def test_rake__large_tables_give_the_same_weights_in_any_number_of_threads(monkeypatch):
    """Blocks of rows are merged in order: one core or two, the same bytes; and the same weights as the general path."""
    rng = np.random.default_rng(4)
    n = 700_000
    data = pd.DataFrame(
        {
            "a": pd.Categorical.from_codes(rng.integers(0, 31, n), [f"a{k}" for k in range(31)]),
            "b": pd.Categorical.from_codes(rng.integers(0, 5, n), [f"b{k}" for k in range(5)]),
            "w": rng.lognormal(0, 0.5, n),
        }
    )
    margins = {v: (data["w"] * rng.lognormal(0, 0.2, n)).groupby(data[v], observed=True).sum().to_dict() for v in "ab"}
    many = rake(data, margins, weight="w", rescale="a")
    monkeypatch.setattr("surveysim.threads.os.cpu_count", lambda: 1)
    np.testing.assert_array_equal(rake(data, margins, weight="w", rescale="a").weight, many.weight)
    monkeypatch.setattr("surveysim.weighting.cells.MOST_DENSE", 0)
    general = rake(data, margins, weight="w", rescale="a")
    np.testing.assert_allclose(many.weight, general.weight, rtol=1e-8)
    for name in ("target", "after"):
        a, b = (c.margins.set_index(["margin", "level"])[name].sort_index() for c in (many, general))
        np.testing.assert_allclose(a, b, rtol=1e-8)


def test_rake__calibrated_variance_is_the_same_on_both_paths(monkeypatch):
    from surveysim import Survey

    rng = np.random.default_rng(6)
    data = pd.DataFrame(
        {"a": rng.choice(list("pqr"), 400), "b": rng.choice(list("xy"), 400), "w": rng.lognormal(0, 0.4, 400)}
    )
    data["y"] = rng.normal(size=400)
    margins = {"a": {"p": 150.0, "q": 150.0, "r": 140.0}, "b": {"x": 200.0, "y": 240.0}}
    fast = Survey(data, weight=rake(data, margins, weight="w", tol=1e-12)).mean("y").to_frame()
    monkeypatch.setattr("surveysim.weighting.cells.MOST_DENSE", 0)
    slow = Survey(data, weight=rake(data, margins, weight="w", tol=1e-12)).mean("y").to_frame()
    np.testing.assert_allclose(fast[["estimate", "se"]], slow[["estimate", "se"]], rtol=1e-10)


def test_rake__impossible_margins_are_named_with_what_must_give_way():
    """Three of the four combinations: q is only with x, so x needs at least q's 500, and has 300."""
    data = pd.DataFrame({"a": list("ppq"), "b": list("xyx")})
    with pytest.raises(CalibrationError, match="must give way: margin 'a', level 'q' by 40 %"):
        rake(data, {"a": {"p": 500, "q": 500}, "b": {"x": 300, "y": 700}})


def test_rake__slow_sweeps_are_finished_by_newton():
    """Nearly diagonal cells, where a sweep hardly moves: 8 sweeps are not enough, the dual is."""
    data = pd.DataFrame({"a": list("ppqq"), "b": list("xyxy"), "w": [1, 1e-3, 1e-3, 1.0]})
    cal = rake(data, {"a": {"p": 500, "q": 500}, "b": {"x": 600, "y": 400}}, weight="w", max_iter=60, tol=1e-12)
    sums = pd.Series(cal.weight)
    np.testing.assert_allclose(sums.groupby(data["b"]).sum(), [600, 400], rtol=1e-11)
    odds = cal.weight[0] * cal.weight[3] / (cal.weight[1] * cal.weight[2])
    assert odds == pytest.approx(1e6)  # raking keeps the odds ratio of the cells


def test_rake__bounded_keeps_g_inside_and_is_calibrate_with_bounds():
    from surveysim import calibrate

    data, margins = DATA, MARGINS
    whole = sum(data["w"])
    shares = {v: {k: t / 1000 * whole for k, t in ts.items()} for v, ts in margins.items()}
    bounds = (0.45, 1.95)
    cal = rake(data, shares, weight="w", margins_are="totals", bounds=bounds, tol=1e-11)
    assert cal.g.min() >= bounds[0] - 1e-12
    assert cal.g.max() <= bounds[1] + 1e-12
    np.testing.assert_allclose(
        cal.g, calibrate(data, shares, weight="w", method="raking", bounds=bounds, tol=1e-11).g, rtol=1e-9
    )
    with pytest.raises(CalibrationError, match="must give way"):
        rake(data, shares, weight="w", margins_are="totals", bounds=(0.99, 1.01))


def test_rake__takes_a_series_as_a_margin_and_says_how_it_read_it():
    as_series = rake(DATA, {v: pd.Series(t) for v, t in MARGINS.items()}, weight="w")
    np.testing.assert_array_equal(as_series.weight, rake(DATA, MARGINS, weight="w").weight)
    assert as_series.reading == "totals"
    percent = rake(DATA, {"sex": {"m": 60, "f": 40}}, weight="w")
    assert percent.reading == "shares"
    assert "read as shares" in percent.summary()


def test_rake__deming_and_stephan_by_hand():
    """Deming & Stephan (1940): the first sweep of a 2 × 2 table by hand, then the table it settles in, whose odds ratio stays."""
    data = pd.DataFrame({"r": list("aabb"), "c": list("xyxy"), "n": [10.0, 20.0, 30.0, 40.0]})
    margins = {"r": {"a": 40, "b": 60}, "c": {"x": 50, "y": 50}}
    first = np.array([10 * 40 / 30, 20 * 40 / 30, 30 * 60 / 70, 40 * 60 / 70])
    second = first * np.tile(50 / np.array([first[0] + first[2], first[1] + first[3]]), 2)
    with pytest.raises(CalibrationError, match="did not converge in 1 sweeps"):
        rake(data, margins, weight="n", margins_are="totals", tol=1e-14, max_iter=1)
    np.testing.assert_allclose(second, [700 / 41, 21.875, 1350 / 41, 28.125])
    weight = rake(data, margins, weight="n", margins_are="totals", tol=1e-13).weight
    # x(50 - 40 + x) / ((40 - x)(50 - x)) = 2/3 for the upper left cell x
    x = max(np.roots([1 - 2 / 3, 10 + 60, -2 / 3 * 2000]))
    np.testing.assert_allclose(weight, [x, 40 - x, 50 - x, 10 + x], rtol=1e-10)


@pytest.mark.parametrize("codes", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64])
def test_rake_coded__is_rake_for_any_type_of_code_and_for_mixed_ones(codes):
    rng = np.random.default_rng(5)
    a, b, w = (
        rng.integers(0, 3, 500).astype(codes),
        rng.integers(0, 4, 500).astype(np.int16),
        rng.lognormal(0, 0.3, 500),
    )
    totals = [np.array([300.0, 200, 250]), np.array([200.0, 150, 300, 100])]
    data = pd.DataFrame({"a": a, "b": b})
    expected = rake(data, {"a": dict(enumerate(totals[0])), "b": dict(enumerate(totals[1]))}, weight=w).weight
    out, scratch = np.empty(500), np.empty(500, np.int32)
    found = rake_coded([a, b], totals, w, out=out, scratch=scratch)
    assert found is out
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    with pytest.raises(CalibrationError, match="codes beyond its 3 levels in 162 rows"):
        rake_coded([np.where(a == 2, 3, a), b], totals, w)


@pytest.mark.filterwarnings("ignore:one respondent")
@given(respondents())
@settings(deadline=None, max_examples=15)
def test_rake__hashed_cells_are_dense_cells(sample):
    from surveysim.weighting import cells

    data, margins = sample
    dense = rake(data, margins, weight="w", tol=1e-12)
    most, cells.MOST_DENSE = cells.MOST_DENSE, 0
    try:
        hashed = rake(data, margins, weight="w", tol=1e-12)
        linear = calibrate(data, margins, weight="w", method="logit", bounds=(0.1, 8), tol=1e-12)
    finally:
        cells.MOST_DENSE = most
    np.testing.assert_allclose(hashed.weight, dense.weight, rtol=1e-9)
    pd.testing.assert_frame_equal(hashed.margins, dense.margins, rtol=1e-9)
    np.testing.assert_allclose(
        linear.weight,
        calibrate(data, margins, weight="w", method="logit", bounds=(0.1, 8), tol=1e-12).weight,
        rtol=1e-8,
    )


def test_rake__a_table_too_sparse_for_dense_cells():
    """Twenty margins of six levels: 3.7e15 combinations, as many cells as rows."""
    rng = np.random.default_rng(7)
    data = pd.DataFrame(rng.integers(0, 6, (3000, 20)), columns=[f"v{k}" for k in range(20)])
    weight = rng.lognormal(0, 0.4, 3000)
    truth = weight * rng.lognormal(0, 0.2, 3000)
    margins = {name: pd.Series(truth).groupby(data[name]).sum().to_dict() for name in data}
    cal = rake(data, margins, weight=weight)
    assert cal.max_gap <= 1e-9
    for name, totals in margins.items():
        np.testing.assert_allclose(pd.Series(cal.weight).groupby(data[name]).sum(), list(totals.values()), rtol=1e-8)


def test_rake__reports_what_rescale_did():
    cal = rake(DATA, {"sex": {"m": 60, "f": 40}, "age": {"y": 110, "o": 90}}, weight="w", rescale="sex")
    assert cal.rescaled == {"age": pytest.approx(0.5)}
    assert "age rescaled by 0.5" in cal.summary()


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_add_to__returns_the_callers_kind_of_table(kind):
    data = {"pandas": DATA, "polars": pl.from_pandas(DATA), "arrow": pa.Table.from_pandas(DATA)}[kind]
    cal = rake(data, MARGINS, weight="w")
    more = cal.add_to(data, "final")
    assert type(more) is type(data)
    np.testing.assert_array_equal(np.asarray(more["final"]), cal.weight)
    assert "final" not in (data.column_names if kind == "arrow" else data.columns)
    with pytest.raises(DataError, match="already"):
        cal.add_to(data, "w")


def test_survey__warns_once_of_bare_calibrated_weights():
    from surveysim import Survey

    cal = rake(DATA, MARGINS, weight="w")
    bare = cal.weight
    with pytest.warns(SurveysimWarning, match="taken out of a Calibration"):
        Survey(DATA, weight=bare)
    Survey(DATA, weight=bare)
    Survey(DATA, weight=cal)
    Survey(DATA, weight=cal.weight.copy())
