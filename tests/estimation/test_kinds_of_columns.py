"""Every statistic of every kind of column against slow arithmetic on plain lists: what holds the values does not matter."""

import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import surveysim as ss
from surveysim.errors import DataError, SurveysimError

pytestmark = [
    pytest.mark.filterwarnings("ignore:rows with missing values are set aside"),
    pytest.mark.filterwarnings("ignore:one respondent"),
]

FROM_ZERO = [0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1]
FROM_ONE = [1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0]
COUNTS = [3, 0, 2, 2, 1, 0, 1, 3, 0, 1, 2, 1]
HOLES = (4, 9)
W = [1.0, 2.0, 3.0, 1.0, 2.0, 1.0, 4.0, 1.0, 2.0, 1.0, 3.0, 2.0]
G = list("abababbbaaba")
X = [2.0, 1.0, 3.0, 2.0, 2.0, 1.0, 5.0, 2.0, 1.0, 4.0, 2.0, 1.0]

# ---------------------------------------------------------------------------------------------------------- kinds of columns
# name: (what becomes of a whole number, what becomes of the list, what is shown: "numbers", "truth" or "levels")


def series(dtype):
    return lambda values: pd.Series(values, dtype=dtype)


def category(spelt, levels, dtype=None):
    """A category with a level that nobody has."""
    return lambda values: pd.Series(
        pd.Categorical(values, categories=pd.Index([spelt(k) for k in levels], dtype=dtype or object))
    )


def arrow(kind):
    return lambda values: pa.array(values, type=kind)


def polars(kind):
    return lambda values: pl.Series(values, dtype=kind)


def text(k):
    return "nyzq"[k]


NUMPY = {kind: (int, series(kind), "numbers") for kind in ("int8", "int16", "int32", "int64", "uint8", "uint64")}
FLOATS = {kind: (float, series(kind), "numbers") for kind in ("float32", "float64", "Float64", "double[pyarrow]")}
WHOLE = {
    **{
        kind: (int, series(kind), "numbers") for kind in ("Int8", "Int64", "UInt16", "int64[pyarrow]", "uint8[pyarrow]")
    },
    "object of ints": (int, series(object), "numbers"),
    "object of numpy ints": (
        int,
        lambda v: pd.Series([k if k is None else np.int16(k) for k in v], dtype=object),
        "numbers",
    ),
    "object of floats": (float, series(object), "numbers"),
    "arrow int8": (int, arrow(pa.int8()), "numbers"),
    "arrow double": (float, arrow(pa.float64()), "numbers"),
    "polars Int64": (int, polars(pl.Int64), "numbers"),
    "polars UInt8": (int, polars(pl.UInt8), "numbers"),
    "polars Float32": (float, polars(pl.Float32), "numbers"),
}
TRUTH = {
    "bool": (bool, series(bool), "truth"),
    "boolean": (bool, series("boolean"), "truth"),
    "bool[pyarrow]": (bool, series("bool[pyarrow]"), "truth"),
    "object of bools": (bool, series(object), "truth"),
    "object of numpy bools": (
        bool,
        lambda v: pd.Series([k if k is None else np.bool_(k) for k in v], dtype=object),
        "truth",
    ),
    "arrow bool": (bool, arrow(pa.bool_()), "truth"),
    "polars Boolean": (bool, polars(pl.Boolean), "truth"),
}
LEVELS = {
    "category of ints": (int, category(int, (0, 1, 2, 3, 7)), "levels"),
    "category of int8": (int, category(int, (3, 2, 1, 0), "int8"), "levels"),
    "category of floats": (float, category(float, (0, 1, 2, 3), "float64"), "levels"),
    "category of bools": (bool, category(bool, (0, 1), bool), "levels"),
    "category of text": (text, category(text, (3, 1, 0, 2)), "levels"),
    "object of text": (text, series(object), "levels"),
    "str": (text, series("str"), "levels"),
    "string": (text, series("string"), "levels"),
    "string[pyarrow]": (text, series("string[pyarrow]"), "levels"),
    "dictionary[pyarrow]": (text, series(pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))), "levels"),
    "mixed": (lambda k: [0, "one", 2, "three"][k], series(object), "levels"),
    "mixed truth": (lambda k: [False, "maybe", True, 1][k], series(object), "levels"),
    "arrow string": (text, arrow(pa.string()), "levels"),
    "arrow dictionary": (text, lambda v: pa.array(v, pa.string()).dictionary_encode(), "levels"),
    "arrow dictionary of ints": (int, lambda v: pa.array(v, pa.int64()).dictionary_encode(), "levels"),
    "polars String": (text, polars(pl.String), "levels"),
    "polars Categorical": (text, polars(pl.Categorical), "levels"),
    "polars Enum": (text, polars(pl.Enum(["q", "n", "y", "z"])), "levels"),
}
KINDS = NUMPY | FLOATS | WHOLE | TRUTH | LEVELS
HOLDS_NONE = {*NUMPY, "bool"}  # kinds that cannot miss a value
UNUSED = {
    "category of ints",
    "category of int8",
    "category of floats",
    "category of text",
    "polars Enum",
}  # beyond what occurs


def table(made, **more):
    """A table whose column z is what a kind made, in the library the kind belongs to."""
    n = len(made)
    columns = {"w": W[:n], "g": G[:n], "x": X[:n], **more}
    if isinstance(made, pd.Series):
        return pd.DataFrame({"z": made, **columns})
    if isinstance(made, pl.Series):
        return pl.DataFrame({"z": made, **columns})
    return pa.table({"z": made, **columns})


def cases():
    """(kind, values as the kind has them, the table)."""
    for kind, (spelt, make, _) in KINDS.items():
        for name, whole in (
            ("0 first", FROM_ZERO),
            ("1 first", FROM_ONE),
            ("counts", COUNTS),
            ("all 1", [1] * 12),
            ("two", [1, 0]),
        ):
            if name == "counts" and spelt is bool:
                continue
            for holes in ((), HOLES):
                if holes and (kind in HOLDS_NONE or name == "two"):
                    continue
                values = [None if i in holes else spelt(k) for i, k in enumerate(whole)]
                yield pytest.param(kind, values, make, id=f"{kind}, {name}{', holes' if holes else ''}")


CASES = list(cases())
NUMBERS = [case for case in CASES if KINDS[case.values[0]][2] != "levels"]


# --------------------------------------------------------------------------------------------------- slow arithmetic on lists
def same(a, b):
    """Whether two values are one level: 1 and 1.0 are, 1 and True are not."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def plain_ratio(w, y, x, rows):
    """Σ w y / Σ w x over some rows and its standard error, every row a unit drawn with replacement from one stratum."""
    top, base = sum(w[i] * y[i] for i in rows), sum(w[i] * x[i] for i in rows)
    z = [w[i] * (y[i] - top / base * x[i]) / base if i in rows else 0.0 for i in range(len(w))]
    return top / base, spread(z)


def plain_total(w, y, rows):
    return sum(w[i] * y[i] for i in rows), spread([w[i] * y[i] if i in rows else 0.0 for i in range(len(w))])


def spread(z):
    mean = sum(z) / len(z)
    return math.sqrt(len(z) / (len(z) - 1) * sum((v - mean) ** 2 for v in z))


def plain_quantile(w, y, q, rows):
    """The smallest y with at least a share q of the weight at or below it."""
    rows = sorted(rows, key=lambda i: y[i])
    whole, below = sum(w[i] for i in rows), 0.0
    for i in rows:
        below += w[i]
        if below >= q * whole - 1e-12 * whole:
            return y[i]
    raise AssertionError


def levels_of(kind, values, frame):
    """The levels that are shown, in order."""
    there = []
    for v in values:
        if v is not None and not any(same(v, u) for u in there):
            there.append(v)
    if KINDS[kind][2] == "truth":
        return [True]
    if kind in UNUSED or kind == "category of bools":
        return frame["z"].cat.categories.tolist() if isinstance(frame, pd.DataFrame) else ["q", "n", "y", "z"]
    if kind.startswith(("arrow dictionary", "dictionary[")):
        return there
    try:
        return sorted(there)
    except TypeError:
        return sorted(there, key=lambda v: (type(v).__name__, str(v)))


def everybody(values):
    return [i for i, v in enumerate(values) if v is not None]


def close(found, expected):
    """Estimates and standard errors of a result, row by row."""
    pairs = found.to_frame() if isinstance(found.to_frame(), pd.DataFrame) else found.table
    got = pairs[["estimate", "se"]].to_numpy()
    np.testing.assert_allclose(got, np.array(expected), rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------------------------------------------------ the statistics
@pytest.mark.everyday(70)
@pytest.mark.parametrize(("kind", "values", "make"), CASES)
def test_proportions(kind, values, make):
    frame = table(make(values))
    w, ones, rows = W[: len(values)], [1.0] * len(values), everybody(values)
    found = ss.Survey(frame, weight="w").proportion("z")
    levels = levels_of(kind, values, frame)
    assert found.table["level"].tolist() == [str(v) for v in levels]
    close(found, [plain_ratio(w, [float(v is not None and same(v, u)) for v in values], ones, rows) for u in levels])
    if len(values) == 12:
        found = ss.Survey(frame, weight="w").proportion("z", by="g")
        for u, part in found.table.groupby("level"):
            (level,) = [v for v in levels if str(v) == u]
            hit = [float(v is not None and same(v, level)) for v in values]
            expected = [plain_ratio(w, hit, ones, [i for i in rows if G[i] == g]) for g in "ab"]
            assert part["domain"].tolist() == ["g=a", "g=b"]
            np.testing.assert_allclose(part[["estimate", "se"]].to_numpy(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.everyday(70)
@pytest.mark.parametrize(("kind", "values", "make"), CASES)
def test_numbers(kind, values, make):
    frame, n = table(make(values)), len(values)
    survey, w, rows = ss.Survey(frame, weight="w"), W[:n], everybody(values)
    if KINDS[kind][2] == "levels":
        for ask in (survey.mean, survey.total, lambda y: survey.ratio(y, "x"), lambda y: survey.quantile(y, 0.5)):
            with pytest.raises(DataError, match="'z' is not numeric"):
                ask("z")
        return
    y = [0.0 if v is None else float(v) for v in values]
    close(survey.total("z"), [plain_total(w, y, rows)])
    close(survey.mean("z"), [plain_ratio(w, y, [1.0] * n, rows)])
    close(survey.ratio("z", "x"), [plain_ratio(w, y, X[:n], rows)])
    if any(y):
        close(survey.ratio("x", "z"), [plain_ratio(w, X[:n], y, rows)])
    shares = [0.2, 0.5, 0.8]
    found = survey.quantile("z", shares).table["estimate"].tolist()
    assert found == [plain_quantile(w, y, q, rows) for q in shares]
    if n == 12:
        inside = [[i for i in rows if G[i] == g] for g in "ab"]
        close(survey.mean("z", by="g"), [plain_ratio(w, y, [1.0] * n, part) for part in inside])
        close(survey.total("z", by="g"), [plain_total(w, y, part) for part in inside])
        found = survey.quantile("z", 0.5, by="g").table["estimate"].tolist()
        assert found == [plain_quantile(w, y, 0.5, part) for part in inside]
        for replicates in (survey.replicates("jk1"), survey.replicates("rao-wu", n=9, seed=1)):
            np.testing.assert_allclose(replicates.mean("z").table["estimate"], plain_ratio(w, y, [1.0] * n, rows)[0])


@pytest.mark.everyday(70)
@pytest.mark.parametrize(("kind", "values", "make"), CASES)
def test_domains(kind, values, make):
    n = len(values)
    frame, rows = table(make(values)), everybody(values)
    found = ss.Survey(frame, weight="w").total("x", by="z", df=np.inf)
    levels = [u for u in levels_of(kind, values, frame) if any(v is not None and same(u, v) for v in values)]
    if KINDS[kind][2] == "truth":
        levels = sorted({values[i] for i in rows})
    assert found.table["domain"].tolist() == [f"z={u}" for u in levels]
    expected = [plain_total(W[:n], X[:n], [i for i in rows if same(values[i], u)]) for u in levels]
    close(found, expected)


@pytest.mark.everyday(70)
@pytest.mark.parametrize(("kind", "values", "make"), [case for case in CASES if len(case.values[1]) == 12])
def test_tables_of_two(kind, values, make):
    """Pearson's statistic of weighted shares, by hand; its p-value that of the same table with text."""
    frame, rows = table(make(values)), everybody(values)
    there = [
        v for k, v in enumerate(values) if v is not None and not any(same(v, u) for u in values[:k] if u is not None)
    ]
    survey = ss.Survey(frame, weight="w")
    if len(there) < 2:
        with pytest.raises(DataError, match="at least two levels"):
            survey.independence("z", "g", "Chisq")
        return
    whole = sum(W[i] for i in rows)
    p = {
        (k, g): sum(W[i] for i in rows if same(values[i], u) and G[i] == g) / whole
        for k, u in enumerate(there)
        for g in "ab"
    }
    expected = {(k, g): sum(p[k, h] for h in "ab") * sum(p[m, g] for m in range(len(there))) for k, g in p}
    pearson = len(rows) * sum((p[c] - expected[c]) ** 2 / expected[c] for c in p)
    found = survey.independence("z", "g", "Chisq")
    assert found.statistic == pytest.approx(pearson)
    spelt = [None if v is None else f"{type(v).__name__} {v}" for v in values]
    again = ss.Survey(pd.DataFrame({"z": spelt, "g": G, "w": W}), weight="w").independence("z", "g")
    assert survey.independence("z", "g").p_value == pytest.approx(again.p_value)


@pytest.mark.everyday(70)
@pytest.mark.parametrize(("kind", "values", "make"), CASES)
def test_subpopulations(kind, values, make):
    """A column is a mask where its type says truth; 0 and 1 are none."""
    frame = table(make(values))
    survey = ss.Survey(frame, weight="w")
    if KINDS[kind][2] != "truth":
        with pytest.raises(DataError, match=r"'z' needs .* True or False values"):
            survey.where("z")
    elif None in values:
        with pytest.raises(DataError, match="'z' is missing in 2 of 12 rows, the first is row 4"):
            survey.where("z")
    else:
        inside = [i for i, v in enumerate(values) if v]
        close(survey.where("z").total("x", df=np.inf), [plain_total(W[: len(values)], X[: len(values)], inside)])
        if isinstance(frame, pd.DataFrame):
            close(
                survey.where(frame["z"]).total("x", df=np.inf),
                [plain_total(W[: len(values)], X[: len(values)], inside)],
            )


# --------------------------------------------------------------------------------------------------------------- adjustments
def plain_rake(w, columns, totals):
    """Sweep after sweep on lists."""
    w = list(w)
    for _ in range(2000):
        for column, wanted in zip(columns, totals, strict=True):
            for level, total in wanted:
                rows = [i for i, v in enumerate(column) if same(v, level)]
                have = sum(w[i] for i in rows)
                for i in rows:
                    w[i] *= total / have
    return w


def shared_out(values):
    """Totals of the levels that occur, in an order of their own."""
    there = []
    for v in values:
        if not any(same(v, u) for u in there):
            there.append(v)
    return [(u, 10.0 + 5.0 * k) for k, u in enumerate(there)]


WHOLE_TABLES = [case for case in CASES if None not in case.values[1] and len(case.values[1]) == 12]
APART = [case for case in WHOLE_TABLES if not (case.values[0] == "mixed truth" and "counts" in case.id)]


@pytest.mark.everyday(50)
@pytest.mark.parametrize(("kind", "values", "make"), APART)
def test_adjustments(kind, values, make):
    frame, wanted = table(make(values)), shared_out(values)
    whole = sum(t for _, t in wanted)
    margins = {"z": dict(wanted), "g": {"a": 0.4 * whole, "b": 0.6 * whole}}
    expected = plain_rake(W, [values, G], [wanted, list(margins["g"].items())])
    for found in (
        ss.rake(frame, margins, weight="w", tol=1e-12),
        ss.calibrate(frame, margins, weight="w", method="raking", tol=1e-12),
        ss.Survey(frame, weight="w").rake(margins, tol=1e-12),
        ss.rake(frame, {"g": margins["g"], "z": margins["z"]}, weight="w", missing="drop", tol=1e-12),
        ss.rake(frame, {"g": margins["g"], "z": margins["z"]}, weight="w", missing="level", tol=1e-12),
    ):
        np.testing.assert_allclose(found.weight, expected, rtol=1e-9)
    one = plain_rake(W, [values], [wanted])
    np.testing.assert_allclose(ss.poststratify(frame, {"z": dict(wanted)}, weight="w").weight, one, rtol=1e-9)
    both = [(v, g) for v, g in zip(values, G, strict=True)]
    cells = list(dict.fromkeys(both))
    crossed = plain_rake(W, [[cells.index(b) for b in both]], [[(k, 3.0 + k) for k in range(len(cells))]])
    found = ss.poststratify(frame, {("z", "g"): {c: 3.0 + k for k, c in enumerate(cells)}}, weight="w")
    np.testing.assert_allclose(found.weight, crossed, rtol=1e-9)
    by = {u: {"g": {g: 4.0 for g in "ab" if (u, g) in cells}} for u, _ in wanted}
    parted = plain_rake(W, [[cells.index(b) for b in both]], [[(k, 4.0) for k in range(len(cells))]])
    np.testing.assert_allclose(ss.rake(frame, by, by="z", weight="w").weight, parted, rtol=1e-9)
    with pytest.raises(SurveysimError, match="z"):
        ss.rake(frame, {"z": dict([*wanted, ("nobody", 1.0)])}, weight="w")


@pytest.mark.everyday(50)
@pytest.mark.parametrize(
    ("kind", "values", "make"), [c for c in NUMBERS if None not in c.values[1] and len(c.values[1]) == 12]
)
def test_numeric_totals(kind, values, make):
    """One numeric total by the linear distance: g = 1 + λ z."""
    y = [float(v) for v in values]
    total = 1.25 * sum(w * v for w, v in zip(W, y, strict=True))
    step = (total / 1.25 * 0.25) / sum(w * v * v for w, v in zip(W, y, strict=True))
    found = ss.calibrate(table(make(values)), {"z": total}, weight="w")
    np.testing.assert_allclose(found.weight, [w * (1 + step * v) for w, v in zip(W, y, strict=True)], rtol=1e-9)


def test_equal_levels__have_no_totals_of_their_own():
    spelt, make, _ = KINDS["mixed truth"]
    with pytest.raises(SurveysimError, match="'z' holds truth values and numbers"):
        ss.rake(table(make([spelt(k) for k in COUNTS])), {"z": {True: 1, False: 1, "maybe": 1}}, weight="w")


# --------------------------------------------------------------------------------------------------------------- two frames
def two_frames(make, values, times=5):
    """Two samples of sixty rows with the same column, one shifted by five rows: dual survey, values, weights with θ = 1/4."""
    turned = (values[5:] + values[:5]) * times
    values = values * times
    pair = []
    for own, part in (("a", values), ("b", turned)):
        frame = table(make(part), w=W * times, g=G * times, x=X * times, overlap=[own, "ab", "ab"] * 4 * times)
        pair.append(ss.Survey(frame, weight="w"))
    h = [1.0, 0.25, 0.25] * 4 * times + [1.0, 0.75, 0.75] * 4 * times
    return ss.DualFrameSurvey(*pair), values + turned, [w * f for w, f in zip(W * 2 * times, h, strict=True)]


@pytest.mark.everyday(50)
@pytest.mark.parametrize(("kind", "values", "make"), [case for case in CASES if len(case.values[1]) == 12])
def test_two_frames(kind, values, make):
    dual, both, w = two_frames(make, values)
    rows, ones, theta = everybody(both), [1.0] * len(both), {"theta": 0.25, "estimator": "hartley"}
    hits = {str(u): [float(v is not None and same(v, u)) for v in both] for u in levels_of(kind, values, dual.a.data)}
    found = dual.proportion("z", **theta).table
    assert sorted(found["level"]) == sorted(hits)
    for u, estimate in zip(found["level"], found["estimate"], strict=True):
        assert estimate == pytest.approx(plain_ratio(w, hits[u], ones, rows)[0])
    best = dual.proportion("z").table.set_index("level")[
        "estimate"
    ]  # θ by the variances: as with the same levels as text
    reference, _, _ = two_frames(series(object), [None if v is None else f"{type(v).__name__} {v}" for v in values])
    again = reference.proportion("z").table.set_index("level")["estimate"]
    for v in values:
        if v is not None and str(v) in best:
            assert best[str(v)] == pytest.approx(again[f"{type(v).__name__} {v}"])
    if KINDS[kind][2] == "levels":
        for ask in (lambda: dual.mean("z"), lambda: dual.total("z", **theta), lambda: dual.quantile("z", 0.5)):
            with pytest.raises(DataError, match="'z' is not numeric"):
                ask()
        return
    y, x = [0.0 if v is None else float(v) for v in both], X * 10
    assert dual.total("z", **theta).table["estimate"][0] == pytest.approx(plain_total(w, y, rows)[0])
    assert dual.mean("z", **theta).table["estimate"][0] == pytest.approx(plain_ratio(w, y, ones, rows)[0])
    assert dual.ratio("z", "x", **theta).table["estimate"][0] == pytest.approx(plain_ratio(w, y, x, rows)[0])
    assert dual.quantile("z", 0.6, theta=0.25).table["estimate"][0] == plain_quantile(w, y, 0.6, rows)
    domains = dual.total("x", by="z", **theta).table
    expected = {f"z={v}": plain_total(w, x, [i for i in rows if same(both[i], v)])[0] for v in values if v is not None}
    assert dict(zip(domains["domain"], domains["estimate"], strict=True)) == pytest.approx(expected)
    reference, _, _ = two_frames(series(float), [None if v is None else float(v) for v in values])
    for ask in (lambda d: d.mean("z"), lambda d: d.total("z"), lambda d: d.ratio("z", "x")):
        np.testing.assert_allclose(ask(dual).table[["estimate", "se"]], ask(reference).table[["estimate", "se"]])


MIXTURES = {
    "bool and int": (bool, series(bool), int, series("int64"), ["0", "1"]),
    "boolean and float": (bool, series("boolean"), float, series(float), ["0.0", "1.0"]),
    "object of bools and bool": (bool, series(object), bool, series(bool), ["True"]),
    "category of ints and ints": (int, category(int, (0, 1, 5)), int, series("int64"), ["0", "1", "5"]),
    "two categories": (int, category(int, (0, 1)), int, category(int, (1, 0, 3)), ["0", "1", "3"]),
    "arrow and pandas": (int, arrow(pa.int8()), int, series("float64"), None),
    "dictionary and text": (text, arrow(pa.string()), text, category(text, (0, 1)), ["n", "y"]),
}


@pytest.mark.parametrize("holes", [(), HOLES])
@pytest.mark.parametrize("mixture", list(MIXTURES))
def test_two_frames__that_hold_a_column_differently(mixture, holes):
    first, make_a, second, make_b, levels = MIXTURES[mixture]
    if holes and "bool and int" in mixture:
        pytest.skip("these hold no missing values")
    a = [None if i in holes else first(k) for i, k in enumerate(FROM_ZERO)]
    b = [second(k) for k in FROM_ONE]
    pair = [table(make(v), overlap=[own, "ab", "ab"] * 4) for make, v, own in ((make_a, a, "a"), (make_b, b, "b"))]
    dual = ss.DualFrameSurvey(*(ss.Survey(t, weight="w") for t in pair))
    w = [v * f for v, f in zip(W + W, [1.0, 0.25, 0.25] * 4 + [1.0, 0.75, 0.75] * 4, strict=True)]
    rows = [i for i, v in enumerate([*a, *b]) if v is not None]
    found = dual.proportion("z", theta=0.25).table
    if levels is not None:
        assert found["level"].tolist() == levels
    one = [float(k == 1) for k in FROM_ZERO + FROM_ONE]
    (name,) = {"True", "1", "1.0", "y"} & set(found["level"])
    assert found.set_index("level")["estimate"][name] == pytest.approx(plain_ratio(w, one, [1.0] * 24, rows)[0])


# --------------------------------------------------------------------------------------------------------- roles of a column
@pytest.mark.everyday(50)
@pytest.mark.parametrize(("kind", "values", "make"), WHOLE_TABLES)
def test_strata_and_units(kind, values, make):
    """Strata and sampling units by any kind of column are those of the same labels as text."""
    frame = table(make(values), p=list(range(12)))
    spelt = pd.DataFrame({"z": [f"{type(v).__name__} {v}" for v in values], "w": W, "x": X, "p": list(range(12))})
    if len({*spelt["z"]}) > 1:
        found, again = (
            ss.Survey(t, weight="w", strata="z", lonely_psu="remove").total("x", df=9) for t in (frame, spelt)
        )
        np.testing.assert_allclose(found.table[["estimate", "se"]], again.table[["estimate", "se"]])
        found, again = (ss.Survey(t, weight="w", psu="z").total("x") for t in (frame, spelt))
        np.testing.assert_allclose(found.table[["estimate", "se", "df"]], again.table[["estimate", "se", "df"]])


@pytest.mark.parametrize("kind", [k for k, v in KINDS.items() if v[2] == "numbers"])
def test_weights_and_sizes(kind):
    """Weights, population counts and scale factors by any kind of number."""
    spelt, make, _ = KINDS[kind]
    frame = table(make([spelt(k + 1) for k in COUNTS]), N=[40] * 12)
    w = [k + 1.0 for k in COUNTS]
    assert ss.Survey(frame, weight="z").total("x").table["estimate"][0] == pytest.approx(
        plain_total(w, X, range(12))[0]
    )
    np.testing.assert_allclose(
        ss.rake(frame, {"g": {"a": 5, "b": 7}}, weight="z").weight, plain_rake(w, [G], [[("a", 5), ("b", 7)]])
    )
    sized = table(make([spelt(40)] * 12))
    close(
        ss.Survey(sized, weight="w", fpc="z").total("x"),
        [(plain_total(W, X, range(12))[0], plain_total(W, X, range(12))[1] * math.sqrt(1 - 12 / 40))],
    )


def test_codes_beyond_their_levels__are_refused():
    """Tables may be made without a look at their codes; no kernel follows such a code."""
    wild = pa.DictionaryArray.from_arrays(pa.array([0, 1, 7, 0]), pa.array(["a", "b"]), safe=False)
    frame = pa.table({"z": wild, "y": [1.0, 2, 3, 4]})
    for ask in (
        lambda: ss.Survey(frame).proportion("z"),
        lambda: ss.Survey(frame).mean("y", by="z"),
        lambda: ss.Survey(frame, psu="z").mean("y"),
        lambda: ss.rake(frame, {"z": {"a": 1, "b": 2}}),
    ):
        with pytest.raises(SurveysimError, match="'z' has codes beyond its 2 levels in 1 rows, the first is row 2"):
            ask()
