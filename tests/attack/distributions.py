"""Functions of a distribution, and comparisons, of random small samples: values, errors, and what must not change them."""

import math
import pickle

import numpy as np
from naive import adjusted, designs, distributions, variance
from scipy import stats

from .columns import table_text
from .models import LEVELS, TEXTS, WHOLE, passed, plainer, same, tables_of, totals, weigh, with_rows
from .session import RefusedError, Session, UntypedError, options_text

__all__ = ["AXES", "PACE", "attack", "make", "smaller", "tables_of", "with_rows"]

SMOOTH = ("variance", "sd", "covariance", "correlation", "gini", "ratio by scores")
STEPS = ("share ratio", "quantile ratio", "poverty", "cdf")
ASKED = {
    "variance": "variance('y'", "sd": "sd('y'", "covariance": "covariance('y', 'x'", "correlation": "correlation('y', 'x'",
    "gini": "gini('y'", "share ratio": "share_ratio('y'", "quantile ratio": "quantile_ratio('y'", "poverty": "poverty('y'",
    "cdf": "cdf('y', 2.0", "ratio by scores": "statistic(ratio, scores=ratio_scores", "compare": "compare('y', adjust='none'",
}  # fmt: skip
AXES = (
    ("statistic", (*SMOOTH, *STEPS, "compare")),
    ("stages", (0, 1, 2)),
    ("by", (False, True)),
    ("adjusted", ("no", "poststratified", "raked")),
)
PACE = 12
LAWS = ("order", "scale", "columns", "pickle", "replicates")
RATIO = (
    "ratio = lambda t, w: np.asarray(t['y'], float) @ w / (np.asarray(t['p'], float) @ w)",
    "ratio_scores = lambda t, w: (np.asarray(t['y'], float) - ratio(t, w) * np.asarray(t['p'], float)) / (np.asarray(t['p'], float) @ w)",
)


def make(rng, cell):
    """A design of 25 to 90 rows, values above 0 with ties, some of them missing."""
    statistic, stages, by, how = cell
    while True:
        lonely = str(rng.choice(["certainty", "remove", "average"]))
        design = designs.random_design(rng, lonely=lonely, stages=stages, n_max=10)
        n = len(design["weight"])
        if 25 <= n <= 90:
            break
    if rng.random() < 0.5:
        design["weight"] = [w or 1.0 for w in design["weight"]]
    if rng.random() < 0.8:
        design["weight"] = [min(max(w, 0.3), 30.0) if w else 0.0 for w in design["weight"]]
    y = rng.lognormal(0.5, 0.7, n).round(int(rng.choice([1, 3]))) + 0.1
    columns = {
        "y": y.tolist(),
        "x": (0.5 * y + rng.normal(0, 1, n)).round(2).tolist(),
        "p": rng.uniform(1, 3, n).round(2).tolist(),
    }
    columns |= {name: rng.choice(levels, n).tolist() for name, levels in LEVELS.items()}
    if rng.random() < 0.5 and statistic != "ratio by scores":
        columns["y"] = [None if rng.random() < 0.06 else v for v in columns["y"]]
    return {
        "family": "distributions", "statistic": statistic, "by": by or statistic == "compare", "design": design, "columns": columns,
        "adjusted": how, "checks": ["naive", *["derivatives"][: int(rng.random() < 0.4)], str(rng.choice(LAWS))],
        "salt": int(rng.integers(1 << 30)),
    }  # fmt: skip


def smaller(case, check):
    """Fewer checks, no adjustment, no domains."""
    yield from plainer(case, check)
    if case["by"] and case["statistic"] != "compare":
        yield case | {"by": False}


# ------------------------------------------------------------------------------------------------- asking the library
def ask(case, session, columns=None, design=None, table="pandas", kinds=None, replicates=""):
    """Run the lines; `e` has the estimates."""
    kinds, design = kinds or {}, design or case["design"]
    columns, options = designs.as_arguments(design, columns or case["columns"])
    made = {}
    for name, values in columns.items():
        if any(isinstance(v, str) for v in values):
            kind = kinds.get(name) or ("str" if table != "pandas" else "object text")
        else:
            kind = kinds.get(name, "float64")
        made[name] = {"values": values, "kind": kind} | ({"levels": LEVELS[name]} if name in LEVELS else {})
    session.do(f"data = {table_text(made, table)}")
    session.do(f"s = ss.Survey(data, {options_text(options)})")
    margins = totals(case, len(columns["w"]))
    if case["adjusted"] == "raked":
        session.do(f"s = s.rake({margins!r}, tol=1e-13)")
    if case["adjusted"] == "poststratified":
        session.do(f"s = s.poststratify({{'sex': {margins['sex']!r}}})")
    if replicates:
        session.do(f"s = s.replicates({replicates})")
    if case["statistic"] == "ratio by scores":
        for line in RATIO:
            session.do(line)
    session.do(f"e = s.{ASKED[case['statistic']]}{', by=' + repr('z') if case['by'] else ''})")


def answers(session, case):
    """(values, errors, df) by row of the table."""
    value = "difference" if case["statistic"] == "compare" else "estimate"
    return session.value(f"e.table[[{value!r}, 'se', 'df']].to_numpy().T")


# ------------------------------------------------------------------------------------------------------------ by hand
def rows_of(case):
    """Arrays of the columns (0 where missing), and who has an answer and weight."""
    known = np.array([v is not None for v in case["columns"]["y"]]) & (np.array(case["design"]["weight"]) > 0)
    return {k: [0.0 if v is None else v for v in values] for k, values in case["columns"].items()}, known


def groups(case, known):
    """The domains' rows in the order of the answers, their pairs for comparisons."""
    if not case["by"]:
        return [known]
    z = np.array(case["columns"]["z"])
    return [known & (z == level) for level in LEVELS["z"] if (z == level)[np.array(case["design"]["weight"]) > 0].any()]


def value_of(statistic, w, y, x, p):
    """The statistic of rows with these weights."""
    made = {
        "variance": lambda: distributions.variance(w, y), "sd": lambda: distributions.sd(w, y),
        "covariance": lambda: distributions.covariance(w, y, x), "correlation": lambda: distributions.correlation(w, y, x),
        "gini": lambda: quick_gini(w, y), "share ratio": lambda: distributions.share_ratio(w, y),
        "quantile ratio": lambda: distributions.quantile_ratio(w, y), "poverty": lambda: distributions.poverty(w, y, [1] * len(y)),
        "cdf": lambda: math.fsum(a for a, b in zip(w, y) if b <= 2.0) / math.fsum(w),
        "ratio by scores": lambda: math.fsum(a * b for a, b in zip(w, y)) / math.fsum(a * b for a, b in zip(w, p)),
        "compare": lambda: distributions.mean(y, w),
    }  # fmt: skip
    return made[statistic]()


def quick_gini(w, y):
    w, y = np.array(w), np.array(y)
    return float(w @ np.abs(y[:, None] - y) @ w / (2 * w.sum() * (w @ y)))


def score_of(statistic, w, y, x, p):
    """Per row, by differences where the statistic is smooth, by the published formulas where it jumps."""
    if statistic in ("share ratio", "quantile ratio"):
        return getattr(distributions, statistic.replace(" ", "_") + "_score")(w, y)
    if statistic == "cdf":
        rate, N = value_of(statistic, w, y, x, p), math.fsum(w)
        return [((v <= 2.0) - rate) / N for v in y]
    return distributions.slopes(lambda v: value_of(statistic, v, y, x, p), w)


def poverty(case, w, columns, known, inside):
    """Value and scores (n,) of a domain's rate under the line of everybody."""
    rows = np.flatnonzero(known)
    weights, y = w[rows].tolist(), [columns["y"][k] for k in rows]
    member = inside[rows].astype(int).tolist()
    z = np.zeros(len(w))
    z[rows] = distributions.poverty_score(weights, y, member)
    return distributions.poverty(weights, y, member), z


def naive(case, w, columns, known):
    """[(value, scores (n,), rows that count)] of every row of the answer."""
    found = []
    for inside in groups(case, known):
        if case["statistic"] == "poverty":
            found.append((*poverty(case, w, columns, known, inside), inside))
            continue
        rows = np.flatnonzero(inside)
        given = [w[rows].tolist(), *([columns[c][k] for k in rows] for c in ("y", "x", "p"))]
        z = np.zeros(len(w))
        z[rows] = score_of(case["statistic"], *given)
        found.append((value_of(case["statistic"], *given), z, inside))
    if case["statistic"] != "compare":
        return found
    pairs = [(found[j], found[i]) for i in range(len(found)) for j in range(i + 1, len(found))]
    return [(a[0] - b[0], a[1] - b[1], (a[2], b[2])) for a, b in pairs]


# ------------------------------------------------------------------------------------------------------------ checks
def attack(case, report):
    """Ask, and compare."""
    session = Session()
    try:
        ask(case, session)
        answer = answers(session, case)
    except RefusedError as refused:
        report.refused(str(refused))
        return
    except UntypedError as error:
        report.finding("untyped", f"distributions: {error}", session)
        return
    report.answered()
    columns, known = rows_of(case)
    base = np.array(case["design"]["weight"])
    w = weigh(case, base)
    given = {"session": session, "answer": answer, "columns": columns, "known": known, "base": base, "w": w}
    given["made"] = naive(case, w, columns, known)
    for check in case["checks"]:
        try:
            CHECKS[check](case, given, report)
        except RefusedError as refused:
            report.finding(check, f"answered in one form, refused in the other: {refused}", session, Session.last)
        except UntypedError as error:
            report.finding(check, f"untyped: {error}", session, Session.last)


def compare_naive(case, given, report):
    """Values, errors, degrees of freedom and, of a comparison, p."""
    design, (values, errors, df) = case["design"], given["answer"]
    same(report, given, "naive values", values, [v for v, _, _ in given["made"]], 1e-8)
    V, nu = [], []
    for _, z, counted in given["made"]:
        both = counted if isinstance(counted, tuple) else (counted,)  # a comparison has the smaller degrees of the two
        rows = np.any(both, axis=0).tolist()
        V.append(variance.variance(list(passed(case, z, given["base"], given["w"])), design, rows))
        nu.append(min(variance.degrees_of_freedom(design, one.tolist()) for one in both))
    if case["statistic"] == "compare" and design["lonely"] == "average":
        return  # every domain has its own average over strata
    least = 1e-13 * max(abs(v) for v, _, _ in given["made"])
    same(
        report,
        given,
        "naive errors",
        np.where(errors < least, 0, errors),
        [v**0.5 if v > least**2 else 0.0 for v in V],
        1e-6,
    )
    same(report, given, "naive degrees", df, nu, 1e-12)
    if case["statistic"] == "compare" and min(nu) > 0 and min(V) > 1e-20:
        p = 2 * stats.t.sf(np.abs([v for v, _, _ in given["made"]]) / np.sqrt(V), nu)
        same(report, given, "naive p", given["session"].value("e.table['p_value'].to_numpy()"), p, 1e-5)


def derivatives(case, given, report):
    """The whole weighting and the statistic again for every row, where it is smooth."""
    if case["statistic"] in STEPS and case["statistic"] != "cdf":
        return
    columns, base = given["columns"], given["base"]

    def statistics(v):
        found = []
        for inside in groups(case, given["known"]):
            rows = np.flatnonzero(inside)
            found.append(
                value_of(case["statistic"], v[rows].tolist(), *([columns[c][k] for k in rows] for c in ("y", "x", "p")))
            )
        if case["statistic"] == "compare":
            found = [found[j] - found[i] for i in range(len(found)) for j in range(i + 1, len(found))]
        return np.array(found)

    nudged = adjusted.infinitesimal(statistics, lambda d: weigh(case, d), base, nudge=1e-4).T
    wanted = np.array([passed(case, z, base, given["w"], derivative=True) * base for _, z, _ in given["made"]])
    size = np.maximum(np.abs(nudged).max(axis=1, keepdims=True), 1e-7)
    report.count("derivatives", nudged.size)
    if not np.allclose(wanted / size, nudged / size, rtol=1e-4, atol=1e-5):
        message = f"off by {np.abs((wanted - nudged) / size).max():.2g}"
        report.finding("derivatives", message, given["session"], given["session"])


def order(case, given, report):
    rows = np.random.default_rng(case["salt"]).permutation(len(case["columns"]["x"])).tolist()
    again(with_rows(case, "columns", rows), given, report, "order")


def scale(case, given, report):
    design = case["design"] | {"weight": [1000.0 * w for w in case["design"]["weight"]]}
    again(case | {"design": design}, given, report, "scale")


def columns_of(case, given, report):
    """Other kinds of table and columns."""
    rng = np.random.default_rng(case["salt"])
    table = str(rng.choice(["pandas", "polars", "pyarrow"]))
    kinds = {name: str(rng.choice(TEXTS[table])) for name in ("z", "k", "sex", "age")}
    whole = [None if v is None else float(math.ceil(v)) for v in case["columns"]["y"]]
    if None not in whole and rng.random() < 0.5:  # whole numbers, of kinds that hold nothing else
        case = case | {"columns": case["columns"] | {"y": whole}}
        session = Session()
        try:
            ask(case, session)
        except RefusedError as refused:
            report.refused(str(refused))
            return
        given = given | {"answer": answers(session, case), "session": session}
        kinds["y"] = str(rng.choice(WHOLE[table]))
    again(case, given, report, "columns", table=table, kinds=kinds)


def again(case, given, report, name, **form):
    """The same question of another form of the sample."""
    session = Session()
    ask(case, session, **form)
    least = 1e-13 * np.abs(given["answer"][0]).max()
    for got, want in zip(answers(session, case), given["answer"]):
        same(report, given, name, *(np.where(np.abs(v) < least, 0.0, v) for v in (got, want)), 1e-8, session)


def pickled(case, given, report):
    """A survey that was written and read is asked."""
    session = given["session"]
    session.names["pickle"] = pickle
    if case["statistic"] == "ratio by scores":
        return
    got = session.value(
        f"pickle.loads(pickle.dumps(s)).{ASKED[case['statistic']]}{', by=' + repr('z') if case['by'] else ''}).table['se']"
    )
    same(report, given, "pickle", got, given["answer"][1], 1e-12)


def replicates(case, given, report):
    """Delete-one replicates of the library against weighting and asking again without each unit."""
    base, design = given["base"], case["design"]
    if (base == 0).any() or design["lonely"] != "certainty" or case["statistic"] in ("quantile ratio", "poverty"):
        return
    session = Session()
    try:
        ask(case, session, replicates="'jkn', mse=True")
    except RefusedError as refused:  # a stratum with one PSU, which no replicate can leave out
        report.refused(str(refused))
        return
    columns = given["columns"]

    def statistic(w):
        return [value for value, _ in plain_values(case, w, columns, given["known"])]

    found = adjusted.jackknife(statistic, lambda d: weigh(case, d), design)
    same(report, given, "replicates", answers(session, case)[1], np.sqrt(found), 1e-6, session)


def plain_values(case, w, columns, known):
    """Values alone; the n of n / (n - 1) is the sample's in every replicate, as R has it."""
    found = []
    for inside in groups(case, known):
        rows = np.flatnonzero(inside)
        given = [w[rows].tolist(), *([columns[c][k] for k in rows] for c in ("y", "x", "p"))]
        found.append((value_of(case["statistic"], *given), None))
    if case["statistic"] == "compare":
        return [(found[j][0] - found[i][0], None) for i in range(len(found)) for j in range(i + 1, len(found))]
    return found


CHECKS = {
    "naive": compare_naive, "derivatives": derivatives, "order": order, "scale": scale, "columns": columns_of, "pickle": pickled,
    "replicates": replicates,
}  # fmt: skip
