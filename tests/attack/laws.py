"""What must not change an answer: the kind of columns and table, the order of rows, names of units, the weights' unit, halved rows, rows
without weight, unused levels, a copy; and what covariances say.
"""

import copy
import math
import pickle

import numpy as np

from .columns import KINDS, canonical
from .session import RefusedError, Session
from .survey_build import ask, build

CLOSE = 1e-8
SOLVED = (
    1e-5  # of a system of equations that may be nearly singular: its statistic has lost the digits of its condition
)


def law(name):
    """The function (case, known, report) of a law."""
    return {"pickle": copies, "covariance": covariance}.get(name) or (lambda *given: changed(name, *given))


def changed(name, case, known, report):
    """Build the case in another form and compare."""
    made = TRANSFORMS[name](copy.copy(case))
    if made is None:
        return
    other, scale, skip = made
    session = Session()
    try:
        build(other, session)
        answer = ask(other, session)
    except RefusedError as refused:
        report.finding(name, f"answered in one form, refused in the other: {refused}", known["session"], session)
        return
    compare(name, case, known, answer, session, scale, skip, report)


def refused_too(case, message, report):
    """A refusal must not hang on how columns are held."""
    other, *_ = plain(copy.copy(case))
    session, first = Session(), Session()
    try:
        build(other, session)
        answer = ask(other, session)
    except RefusedError:
        report.count("plain", 1)
        return
    try:
        build(case, first)
        ask(case, first)
    except RefusedError:
        pass
    del answer
    report.finding("plain", f"refused in one form, answered with plain columns: {message}", first, session)


def compare(name, case, known, answer, session, scale, skip, report):
    """Rows of two answers by their canonical names."""
    first = known["answer"]
    relative = SOLVED if case["question"].get("options", {}).get("statistic") in ("Wald", "adjWald") else CLOSE
    truth = case["question"]["what"] == "proportion" and KINDS[case["columns"]["v"]["kind"]].holds == "bool"
    for key in first.keys() | answer.keys():
        if key not in first or key not in answer:
            row = first.get(key) or answer.get(key)
            if row["estimate"] == 0 or (truth and key[1] == 0.0):
                continue  # an unused level, or the False row of truth values
            report.finding(name, f"the row {key} is in one answer only", known["session"], session)
            return
        for field, value in first[key].items():
            if field in skip or field not in answer[key]:
                continue
            factor = scale if field in ("estimate", "se", "lower", "upper") else 1.0
            size = abs(first[key].get("se", 0.0)) + abs(first[key]["estimate"])
            if not near(
                value * factor,
                answer[key][field],
                relative,
                1e-9 * size * factor if field != "se" else 1e-8 * size * factor,
            ):
                report.finding(
                    name, f"{field} of {key}: {value * factor!r} and {answer[key][field]!r}", known["session"], session,
                    [value * factor, answer[key][field]],
                )  # fmt: skip
                return
    report.count(name, sum(len(row) for row in answer.values()))


def near(a, b, relative=CLOSE, absolute=0.0):
    """Equal to a relative or absolute difference; NaN is NaN."""
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= max(relative * max(abs(a), abs(b)), absolute)


# ----------------------------------------------------------------------------------------------------- other forms
def plain(case):
    """pandas with float64 numbers and text categories."""
    q, columns = case["question"], {}
    numeric = {q["y"], q.get("den")} if q["what"] in ("total", "mean", "ratio", "quantile") else set()
    for name, c in case["columns"].items():
        if name in ("v", "g", "k") and name not in numeric:
            values = [None if v is None else f"~{_short(v)}" for v in c["values"]]
            columns[name] = {"values": values, "kind": "object text"}
        elif KINDS[c["kind"]].holds in ("int", "float", "bool") and name not in ("h", "c", "d", "e"):
            columns[name] = {"values": [None if v is None else float(v) for v in c["values"]], "kind": "float64"}
        elif KINDS[c["kind"]].holds == "text":
            columns[name] = {"values": c["values"], "kind": "object text"}
        else:
            columns[name] = c
    if q.get("where"):
        name, level = q["where"]
        q = q | {"where": (name, f"~{_short(level)}")}
    return case | {"columns": columns, "table": "pandas", "question": q}, 1.0, ()


def _short(value):
    plain_value = canonical(value)
    return repr(plain_value) if isinstance(plain_value, float) else plain_value


def order(case):
    """Rows in another order."""
    n = len(case["columns"]["v"]["values"])
    rows = np.random.default_rng(case["salt"]).permutation(n)
    columns = {name: {**c, "values": [c["values"][r] for r in rows]} for name, c in case["columns"].items()}
    return case | {"columns": columns}, 1.0, ()


def labels(case):
    """Other names of strata and units."""
    columns = dict(case["columns"])
    for name in ("h", "c", "d"):
        if name in columns:
            columns[name] = {"values": [f"unit {97 * v % 1009}" for v in columns[name]["values"]], "kind": "str"}
    return case | {"columns": columns}, 1.0, ()


def scale(case):
    """Weights in another unit."""
    if "weight" not in case["design"] or case["question"]["options"].get("deff") == "wor":
        return None
    columns = dict(case["columns"])
    w = columns["w"]
    columns["w"] = {"values": [type(v)(8 * v) for v in w["values"]], "kind": w["kind"]}
    counts = any(step.get("to") == "n" for plan in case["plans"] for step in plan.get("steps", []))
    return case | {"columns": columns}, 8.0 if case["question"]["what"] == "total" and not counts else 1.0, ()


def _counted(case):
    """Whether the case counts rows somewhere, so that rows that say nothing new change it."""
    for plan in case["plans"]:
        if "covariance" in plan or "cluster" in plan:
            return True
        for step in plan.get("steps", []):
            if step["step"] == "NonresponseClasses" or step.get("minimum", 1) > 1 or step.get("to") == "n":
                return True
            if step["step"] == "Trim" and step["options"].get("rule") in (
                "median",
                "iqr",
            ):  # of rows, without their weights
                return True
    return "psu" not in case["design"] or "weight" not in case["design"]


def halves(case):
    """Every row twice with half its weight, in the same unit."""
    q = case["question"]
    if _counted(case) or q["options"].get("rule") == "hf7" or (q["options"].get("deff")):
        return None
    columns = {name: {**c, "values": c["values"] * 2} for name, c in case["columns"].items()}
    columns["w"] = {"values": [v / 2 for v in columns["w"]["values"]], "kind": "float64"}
    if q["options"].get("statistic") == "Chisq":
        return (
            case | {"columns": columns},
            1.0,
            ("estimate",),
        )  # Pearson's statistic grows with the rows; its p-value does not
    exact = q["what"] in (
        "total",
        "mean",
        "ratio",
    )  # a largest value's interval is that of a share of 1, which counts rows
    return (
        case | {"columns": columns},
        1.0,
        ("n",) if exact else ("n", "lower", "upper", "moe", "se" if q["what"] == "quantile" else "n"),
    )


def empty_rows(case):
    """Copies of rows without weight, in the same unit."""
    if _counted(case):
        return None
    n = len(case["columns"]["v"]["values"])
    rows = [*range(n), *np.random.default_rng(case["salt"]).integers(0, n, 5).tolist()]
    columns = {name: {**c, "values": [c["values"][r] for r in rows]} for name, c in case["columns"].items()}
    columns["w"] = {
        "values": [v if r < n else 0 * v for r, v in enumerate(columns["w"]["values"])],
        "kind": columns["w"]["kind"],
    }
    return case | {"columns": columns}, 1.0, ()


def unused(case):
    """Categories with a level nobody has."""
    columns, any_ = dict(case["columns"]), False
    for name in ("v", "g", "k"):
        c = columns[name]
        if "levels" in c and KINDS[c["kind"]].holds != "bool":
            new = {"int": 4242, "float": 42.25, "text": "nobody"}[KINDS[c["kind"]].holds]
            columns[name], any_ = {**c, "levels": [new, *c["levels"]]}, True
    return (case | {"columns": columns}, 1.0, ()) if any_ else None


TRANSFORMS = {
    "plain": plain, "order": order, "labels": labels, "scale": scale, "halves": halves, "empty rows": empty_rows, "unused": unused,
}  # fmt: skip


# -------------------------------------------------------------------------------------------- copies and covariances
def copies(case, known, report):
    """A survey that was pickled, or copied, answers the same; and asking leaves it as it was."""
    first = known["session"]
    for how in ("pickle", "deepcopy"):
        session = Session()
        session.names |= {"pickle": pickle, "copy": copy}
        session.lines.append("import copy, pickle")
        build(case | {"realised": known["steps"]}, session)
        session.do("s = pickle.loads(pickle.dumps(s))" if how == "pickle" else "s = copy.deepcopy(s)")
        compare(how, case, known, ask(case, session), session, 1.0, (), report)
    again = ask(case, first)
    if any(not near(v, again[key][f]) for key, row in known["answer"].items() for f, v in row.items()):
        report.finding("asked twice", "the second answer is another", first, first)
    report.count("asked twice", len(again))


def covariance(case, known, report):
    """The covariance matrix has the squared errors on its diagonal, and gives the error of a difference."""
    if case["question"]["what"] == "independence":
        return
    session = known["session"]
    se = session.value("e.table['se'].to_numpy(float)")
    V = session.value("np.array(e.cov, dtype=float)")
    size = (
        max(float(np.max(se)) ** 2, 1e-300)
        + 1e-6 * float(np.max(np.abs(session.value("e.table['estimate'].to_numpy(float)")))) ** 2
    )
    if not np.allclose(np.diag(V), se**2, rtol=1e-8, atol=1e-10 * size) or not np.allclose(
        V, V.T, rtol=1e-9, atol=1e-10 * size
    ):
        report.finding(
            "covariance",
            f"the diagonal is {np.diag(V).tolist()}, squared errors are {(se**2).tolist()}",
            session,
            session,
        )
    elif len(se) > 1:
        found = float(session.value("e.contrast({0: 1, 1: -1}).table['se'].iloc[0]"))
        want = math.sqrt(max(V[0, 0] + V[1, 1] - 2 * V[0, 1], 0.0))
        if not near(found, want, 1e-7, 1e-5 * math.sqrt(size)):
            report.finding(
                "contrast", f"the error of a difference is {found!r}, covariances give {want!r}", session, session
            )
    report.count("covariance", len(se) + 1)
