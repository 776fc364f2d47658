"""Regressions of random small samples: coefficients, margins and effects with errors through raking, and what must not change them."""

import pickle
from functools import partial

import numpy as np
from naive import adjusted, designs, regression, variance

from . import models_naive as plain
from .columns import table_text
from .laws import near
from .session import RefusedError, Session, UntypedError, options_text

KINDS = (
    ("gaussian", "identity"), ("gaussian", "log"), ("binomial", "logit"), ("binomial", "probit"), ("binomial", "cloglog"),
    ("poisson", "log"), ("ordinal", "logit"), ("ordinal", "probit"), ("ordinal", "cloglog"),
)  # fmt: skip
SHAPES = {
    "number": "x", "levels": "x + z", "crossed": "x * k", "square": "x + I(x**2)", "codes": "z + C(m)", "no constant": "0 + z + x",
    "function": "log(m) + k",
}  # fmt: skip
AXES = (
    ("model", tuple(f"{family} {link}" for family, link in KINDS)),
    ("formula", tuple(SHAPES)),
    ("stages", (0, 1, 2)),
    ("adjusted", ("no", "poststratified", "raked")),
)
PACE = 12
TEXTS = {
    "pandas": ("object text", "str", "string", "category text"),
    "polars": ("str", "category text"),
    "pyarrow": ("str", "category text"),
}
WHOLE = {
    "pandas": ("float64", "int8", "int64", "Int64"),
    "polars": ("float64", "int8", "int64"),
    "pyarrow": ("float64", "int8", "int64"),
}
LAWS = ("order", "scale", "columns", "pickle", "replicates", "slow")
FAR = {"probit": 5, "cloglog": 3}  # linear predictors where 1 - μ has lost its digits
LEVELS = {"z": list("abc"), "k": list("pq"), "sex": list("fm"), "age": list("ouy")}


def make(rng, cell):
    """A design of 25 to 90 rows, columns that depend on each other, some values missing."""
    (family, link), shape, stages, how = KINDS[AXES[0][1].index(cell[0])], *cell[1:]
    while True:
        design = designs.random_design(
            rng, lonely=str(rng.choice(["certainty", "remove", "average"])), stages=stages, n_max=10
        )
        n = len(design["weight"])
        if 25 <= n <= 90:
            break
    if rng.random() < 0.85:
        design["weight"] = [min(max(w, 0.3), 30.0) if w else 0.0 for w in design["weight"]]
    x, m = rng.normal(0, 0.7, n).round(2), rng.integers(1, 4, n)
    columns = {"x": x.tolist(), "m": m.tolist(), "o": (0.1 * rng.integers(0, 4, n)).tolist()}
    columns |= {name: rng.choice(levels, n).tolist() for name, levels in LEVELS.items()}
    base, noise = 0.5 * x + 0.4 * (np.array(columns["z"]) == "b") - 0.1 * m, rng.normal(0, 1, n)
    y = {
        "gaussian": lambda: np.abs(np.exp(base / 2) + 0.3 * noise) + 0.1 if link == "log" else base + noise,
        "binomial": lambda: base + 1.5 * noise > 0,
        "poisson": lambda: rng.poisson(np.exp(base)),
        "ordinal": lambda: np.digitize(base + noise, [-0.7, 0.4]),
    }[family]()
    columns["y"] = np.round(np.asarray(y, float), 3).tolist()
    if rng.random() < 0.4:
        for name in ("x", "y", "z"):
            columns[name] = [None if rng.random() < 0.04 else v for v in columns[name]]
    if shape == "no constant" and family == "ordinal":
        shape = "levels"
    return {
        "family": family, "link": link, "shape": shape, "design": design, "columns": columns, "adjusted": how,
        "offset": bool(rng.random() < 0.2),
        "checks": ["naive", *["derivatives"][: int(rng.random() < 0.4)], str(rng.choice(LAWS))], "salt": int(rng.integers(1 << 30)),
    }  # fmt: skip


def tables_of(case):
    return {"columns": len(case["columns"]["x"])}


def with_rows(case, name, rows):
    """The case with these rows only, of its design too."""

    def take(values):
        return [values[r] for r in rows]

    design = case["design"]
    staged = {k: [take(c) for c in design[k]] for k in ("strata", "psu", "fpc") if design.get(k)}
    return case | {
        "columns": {k: take(v) for k, v in case["columns"].items()},
        "design": design | staged | {"weight": take(design["weight"])},
    }


def plainer(case, check):
    """Fewer checks, and less adjustment."""
    needed = [c for c in case["checks"] if c == check.split()[0]] or case["checks"][:1]
    if case["checks"] != needed:
        yield case | {"checks": needed}
    if case["adjusted"] == "raked":
        yield case | {"adjusted": "poststratified"}
    if case["adjusted"] != "no":
        yield case | {"adjusted": "no"}


def smaller(case, check):
    """Fewer checks, no adjustment, plainer formulas."""
    yield from plainer(case, check)
    if case["offset"]:
        yield case | {"offset": False}
    if case["shape"] != "number":
        yield case | {"shape": "number"}


# ------------------------------------------------------------------------------------------------- asking the library
def totals(case, n):
    """Of sex and age; their sums agree, and are near those of the weights."""
    w, found = np.array(case["design"]["weight"]), {}
    for name in ("sex", "age"):
        labels = np.array(case["columns"][name])
        found[name] = {
            v: float(round(0.9 * w.sum() / len(set(labels)), 3)) for v in LEVELS[name] if w[labels == v].sum() > 0
        }
        share = 0.9 * w.sum() / len(found[name])
        found[name] = dict.fromkeys(found[name], share)
    return found


def ask(case, session, columns=None, design=None, table="pandas", kinds=None):
    """Run the lines that fit the model; `e` is the model."""
    kinds, design = kinds or {}, design or case["design"]
    columns, options = designs.as_arguments(design, columns or case["columns"])
    made = {}
    for name, values in columns.items():
        text = any(isinstance(v, str) for v in values)
        made[name] = {
            "values": values,
            "kind": kinds.get(name) or ("str" if table != "pandas" else "object text")
            if text
            else kinds.get(name, "float64"),
        }
        if text and name in LEVELS:
            made[name]["levels"] = [*LEVELS[name], "unused"] if kinds.get("unused") else LEVELS[name]
    session.do(f"data = {table_text(made, table)}")
    session.do(f"s = ss.Survey(data, {options_text(options)})")
    margins = totals(case, len(columns["w"]))
    if case["adjusted"] == "raked":
        session.do(f"s = s.rake({margins!r}, tol=1e-13)")
    if case["adjusted"] == "poststratified":
        session.do(f"s = s.poststratify({{'sex': {margins['sex']!r}}})")
    offset = ", offset='o'" if case["offset"] else ""
    session.do(f"e = s.glm('y ~ {SHAPES[case['shape']]}', family={case['family']!r}, link={case['link']!r}{offset})")
    return session.names["e"]


def answers(session, case):
    """{what: (estimates, errors)} of coefficients, a margin and an effect."""
    found = {"coefficients": "e.table[['estimate', 'se']].to_numpy().T"}
    found["margins"] = f"e.margins({margin_of(case)}).table[['estimate', 'se']].to_numpy().T"
    found["effects"] = f"e.effects({effect_of(case)!r}).table[['estimate', 'se']].to_numpy().T"
    return {name: session.value(expression) for name, expression in found.items()}


def margin_of(case):
    """Arguments of `margins`: the levels of a column, or two values of a number."""
    return {"levels": "'z'", "no constant": "'z'", "codes": "'z'", "crossed": "'k'", "function": "'k'"}.get(
        case["shape"], "'x', at={'x': [-0.5, 1.0]}"
    )


def effect_of(case):
    return {"codes": "z", "function": "m"}.get(case["shape"], "x")


# ----------------------------------------------------------------------------------------------------------- by hand
def matrix(names, columns):
    """(n, p) of the columns a coefficient's name says."""
    n = len(columns["x"])

    def one(name):
        if ":" in name:
            return np.prod([one(part) for part in name.split(":")], axis=0)
        variable, _, level = name.rstrip("]").partition("[")
        if level:
            level = level.removeprefix("T.")
            return np.array(
                [
                    str(v).removesuffix(".0") == level.removesuffix(".0")
                    for v in columns[variable.removeprefix("C(").rstrip(")")]
                ],
                float,
            )
        x, m = np.array(columns["x"], float), np.array(columns["m"], float)
        return {"Intercept": np.ones(n), "x": x, "I(x ** 2)": x**2, "I(x**2)": x**2, "log(m)": np.log(m)}[name]

    return np.array([one(name) for name in names]).T


def filled(case):
    """Columns without missing values (those of rows set aside are never looked at), and the rows that are complete."""
    used = {"number": "xy", "square": "xy", "crossed": "xy", "codes": "yz", "function": "y"}.get(case["shape"], "xyz")
    columns = case["columns"]
    known = np.array([all(columns[c][k] is not None for c in used) for k in range(len(columns["x"]))])
    other = {"x": 0.0, "y": 0.0, "z": "a"}
    return {name: [other.get(name) if v is None else v for v in values] for name, values in columns.items()}, known


def weigh(case, base):
    """The weights of the adjustment of base weights: by iterative proportional fitting."""
    w, margins = np.array(base, float), totals(case, len(base))
    if case["adjusted"] == "no":
        return w
    names = ("sex",) if case["adjusted"] == "poststratified" else ("sex", "age")
    codes = [
        (np.array(case["columns"][name]) == level, total) for name in names for level, total in margins[name].items()
    ]
    for _ in range(400):
        before = w.copy()
        for rows, total in codes:
            w[rows] *= total / w[rows].sum()
        if np.abs(w - before).max() <= 1e-15 * w.max():
            break
    return w


def passed(case, z, base, w, derivative=False):
    """Scores through the adjustment, times what carries them: with the weights after it where derivatives are asked for."""
    if case["adjusted"] == "no":
        return z
    names = ("sex",) if case["adjusted"] == "poststratified" else ("sex", "age")
    x = np.array([np.array(case["columns"][c]) == level for c in names for level in LEVELS[c]], float).T
    step = {"before": base, "after": w, "x": x}
    if derivative:
        step["q"] = np.divide(w, base, out=np.zeros_like(w), where=base > 0)
    return adjusted.pass_step(z, step)


def by_hand(case, names, columns):
    """The model as `models_naive` takes it."""
    o = np.array(columns["o"]) if case["offset"] else np.zeros(len(columns["x"]))
    return {
        "family": case["family"],
        "link": case["link"],
        "x": matrix(names, columns),
        "y": np.array(columns["y"], float),
        "o": o,
    }


def naive(case, found, columns, known, model):
    """{what: (values, scores by row, function of (beta) whose weighted mean it is or None)}."""
    base, names, o = np.array(case["design"]["weight"]), found.names[: found.effects_count], model["o"]
    inside = weigh(case, base) * known
    beta = plain.fit(model, inside, found.coef)
    score = plain.scores(model, inside, beta)
    made = {"coefficients": (beta, score, None)}
    for what, values in (
        ("margins", margin_values(case, names, columns, known & (base > 0))),
        ("effects", effect_values(case, names, columns, known & (base > 0))),
    ):
        value = partial(summed, model, o, values)
        made[what] = (*plain.averages(value, inside, beta, score), value)
    return made


def summed(model, o, settings, beta):
    """(n, settings × K): sums of predictions times a factor."""
    return np.hstack([np.sum([c * plain.predicted(model, x, o, beta) for c, x in parts], axis=0) for parts in settings])


def margin_values(case, names, columns, known):
    """For every value of the column the matrix where all have it."""
    variable = margin_of(case)[1]
    values = (-0.5, 1.0) if variable == "x" else sorted({v for v, k in zip(columns[variable], known) if k})
    return [[(1.0, matrix(names, columns | {variable: [v] * len(known)}))] for v in values]


def effect_values(case, names, columns, known):
    """Of a number the central difference (Richardson's, of two sizes), of a level the difference to the first."""
    variable = effect_of(case)
    at = columns[variable]

    def moved(h):
        return matrix(names, columns | {variable: [v + h for v in at]})

    if variable in ("x", "m"):
        h = 1e-3
        return [
            [
                (4 / (6 * h), moved(h / 1)),
                (-4 / (6 * h), moved(-h)),
                (-1 / (12 * h), moved(2 * h)),
                (1 / (12 * h), moved(-2 * h)),
            ]
        ]
    levels = sorted({v for v, k in zip(at, known) if k})
    first = matrix(names, columns | {variable: [levels[0]] * len(at)})
    return [[(1.0, matrix(names, columns | {variable: [v] * len(at)})), (-1.0, first)] for v in levels[1:]]


# ------------------------------------------------------------------------------------------------------------ checks
def predictor(case, model, beta):
    """(n, .) the linear predictor, of an ordinal model less each threshold."""
    p = model["x"].shape[1]
    eta = model["x"] @ beta[:p] + model["o"]
    return np.column_stack([z - eta for z in beta[p:]]) if case["family"] == "ordinal" else eta


def attack(case, report):
    """Fit, and compare."""
    session = Session()
    try:
        found = ask(case, session)
        answer = answers(session, case)
    except RefusedError as refused:
        report.refused(str(refused))
        return
    except UntypedError as error:
        report.finding("untyped", f"models: {error}", session)
        return
    report.answered()
    columns, known = filled(case)
    base, model = np.array(case["design"]["weight"]), by_hand(case, found.names[: found.effects_count], columns)
    eta = predictor(case, model, found.coef)[known & (base > 0)]
    if np.abs(eta).max() > FAR.get(case["link"], 12) or np.linalg.cond(found.cov) > 1e10:
        return  # nearly separated: digits are lost, also by hand
    made = naive(case, found, columns, known, model)
    given = {
        "session": session,
        "found": found,
        "answer": answer,
        "made": made,
        "model": model,
        "base": base,
        "known": known,
    }
    for check in case["checks"]:
        try:
            CHECKS[check](case, given, report)
        except RefusedError as refused:
            report.finding(check, f"answered in one form, refused in the other: {refused}", session, Session.last)
        except UntypedError as error:
            report.finding(check, f"untyped: {error}", session, Session.last)


def same(report, given, name, got, want, relative, other=None):
    """Count, and say where two rows of numbers differ; `other` is the session of the second."""
    got, want = np.ravel(got).tolist(), np.ravel(want).tolist()
    size = max((abs(w) for w in want), default=0.0)
    report.count(name, len(want))
    if len(got) != len(want) or not all(near(g, w, relative, 1e-2 * relative * size) for g, w in zip(got, want)):
        report.finding(name, f"{got} want {want}", given["session"], other or given["session"], kind=name)


def compare_naive(case, given, report):
    design = case["design"]
    w, inside = weigh(case, given["base"]), (given["known"] & (given["base"] > 0)).tolist()
    for what, (values, score, _) in given["made"].items():
        estimate, se = given["answer"][what]
        same(report, given, f"naive {what}", estimate, values, 1e-7)
        V = [variance.variance(list(passed(case, z, given["base"], w)), design, inside) for z in score]
        same(report, given, f"naive {what} errors", se, np.sqrt(np.maximum(V, 0)), 1e-6)
    ordinal = case["family"] == "ordinal"
    nu = variance.degrees_of_freedom(design, inside) + 1 - given["found"].effects_count - ordinal
    same(report, given, "naive degrees", [given["found"].df], [nu], 1e-12)


def derivatives(case, given, report):
    """The whole weighting and fit again for every row, against the scores that are put into the design's variance."""
    base, model, known = given["base"], given["model"], given["known"]
    w = weigh(case, base)
    start = given["made"]["coefficients"][0]
    inverse = np.linalg.inv(plain.information(model, w * known, start))

    def statistics(v):
        beta = plain.refit(model, v * known, start, inverse)
        return np.concatenate(
            [beta, *((v * known) @ value(beta) / (v * known).sum() for _, _, value in list(given["made"].values())[1:])]
        )

    nudged = adjusted.infinitesimal(statistics, lambda d: weigh(case, d), base, nudge=1e-4).T
    every = np.vstack([score for _, score, _ in given["made"].values()])
    wanted = np.array([passed(case, z, base, w, derivative=True) * base for z in every])
    size = np.maximum(np.abs(nudged).max(axis=1, keepdims=True), 1e-7)  # probabilities may be as good as 0
    report.count("derivatives", nudged.size)
    if not np.allclose(wanted / size, nudged / size, rtol=1e-4, atol=1e-5):
        report.finding(
            "derivatives", f"off by {np.abs((wanted - nudged) / size).max():.2g}", given["session"], given["session"]
        )


def order(case, given, report):
    rows = np.random.default_rng(case["salt"]).permutation(len(case["columns"]["x"])).tolist()
    other = with_rows(case, "columns", rows)
    again(other, given, report, "order")


def scale(case, given, report):
    design = case["design"] | {"weight": [1000.0 * w for w in case["design"]["weight"]]}
    again(case | {"design": design}, given, report, "scale")


def columns_of(case, given, report):
    """Other kinds of table and columns."""
    rng = np.random.default_rng(case["salt"])
    table = str(rng.choice(["pandas", "polars", "pyarrow"]))
    kinds = {name: str(rng.choice(TEXTS[table])) for name in ("z", "k", "sex", "age")} | {
        "m": str(rng.choice(WHOLE[table]))
    }
    if case["family"] in ("binomial", "poisson", "ordinal") and None not in case["columns"]["y"]:
        kinds["y"] = str(rng.choice([*WHOLE[table], *(["bool"] if case["family"] == "binomial" else [])]))
    kinds["unused"] = bool(rng.random() < 0.5)
    changed = case["columns"] | ({"y": [bool(v) for v in case["columns"]["y"]]} if kinds.get("y") == "bool" else {})
    again(case | {"columns": changed}, given, report, "columns", table=table, kinds=kinds)


def again(case, given, report, name, **form):
    """The same model of another form of the sample."""
    session = Session()
    ask(case, session, **form)
    for what, (estimate, se) in answers(session, case).items():
        same(report, given, name, estimate, given["answer"][what][0], 1e-7, session)
        same(report, given, name, se, given["answer"][what][1], 1e-7, session)


def pickled(case, given, report):
    """A model and its survey that were written and read."""
    session = Session()
    session.names["pickle"] = pickle
    session.lines.append("import pickle")
    ask(case, session)
    session.do("e = pickle.loads(pickle.dumps(e))")
    for what, pair in answers(session, case).items():
        same(report, given, "pickle", pair, given["answer"][what], 1e-12, session)


def replicates(case, given, report):
    """Delete-one replicates of the library against weighting and fitting again without each unit."""
    base, design, model = given["base"], case["design"], given["model"]
    if (base == 0).any() or design["lonely"] != "certainty":
        return
    session = given["session"]
    try:
        se = session.value("s.replicates('jkn', mse=True).glm(e.formula, family=e.family, link=e.link"
                           + (", offset='o'" if case["offset"] else "") + ").table['se'].to_numpy()")  # fmt: skip
    except RefusedError as refused:
        report.refused(str(refused))
        return
    start = given["made"]["coefficients"][0]

    def statistic(w):
        return plain.fit(model, w * given["known"], start)

    found = adjusted.jackknife(statistic, lambda d: weigh(case, d), design)
    same(report, given, "replicates", se, np.sqrt(found), 1e-5)


def slow(case, given, report):
    """The second implementation that is plainer still."""
    model = given["model"] | {"offset": given["model"]["o"].tolist()}
    w = weigh(case, given["base"]) * given["known"]
    beta = regression.fit(model, w, start=given["found"].coef)
    same(report, given, "slow", given["answer"]["coefficients"][0], beta, 1e-7)
    same(report, given, "slow scores", regression.scores(model, w, beta), given["made"]["coefficients"][1], 1e-5)


CHECKS = {
    "naive": compare_naive, "derivatives": derivatives, "order": order, "scale": scale, "columns": columns_of, "pickle": pickled,
    "replicates": replicates, "slow": slow,
}  # fmt: skip
