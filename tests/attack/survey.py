"""The main family: a table, a design, adjustments and a question, asked in every way that must give the same answer."""

from . import adjustments, designs, formulas, laws, r, repeated, tables
from .columns import GROUPS, KINDS
from .session import RefusedError, Session, UntypedError
from .statistics import STATISTICS, question
from .survey_build import ask, build

AXES = (
    ("statistic", STATISTICS),
    ("column", GROUPS),
    ("design", designs.DESIGNS),
    ("adjustment", adjustments.ADJUSTMENTS),
)
PACE = 100
LAWS = ("plain", "order", "labels", "scale", "halves", "empty rows", "unused", "pickle", "covariance")


def make(rng, cell):
    """A case for a cell (statistic, group of columns, design, adjustment)."""
    what, group, design, adjustment = cell
    n = int(rng.choice([rng.integers(12, 26), rng.integers(26, 60)]))
    columns, table = tables.table(rng, group, n)
    options = designs.design(rng, columns, n, design)
    plans = adjustments.plans(rng, columns, options, adjustment)
    ask = question(rng, columns, what)
    order = rng.permutation(n)
    columns = tables.take(columns, order.tolist())
    checks = ["plain", "naive", *rng.permutation(LAWS[1:])[:2].tolist()]
    if rng.random() < 0.35:
        checks.append("repeated")
    if rng.random() < 0.3:
        checks.append("replicates")
    if rng.random() < 0.3:
        checks.append("r")
    return {
        "family": "survey", "columns": columns, "table": table, "design": options, "plans": plans, "question": ask,
        "checks": checks, "salt": int(rng.integers(1 << 30)),
    }  # fmt: skip


def attack(case, report):
    """Run a case and its checks; differences go to `report`, which also counts comparisons."""
    session = Session()
    try:
        session, steps, path = build(case, session)
        answer = ask(case, session)
    except RefusedError as refused:
        report.refused(str(refused))
        if "plain" in case["checks"]:
            laws.refused_too(case, str(refused), report)
        return
    except UntypedError as error:
        report.finding("untyped", str(error), session)
        return
    report.answered()
    known = {"session": session, "steps": steps, "path": path, "answer": answer}
    own = {"naive": formulas.naive, "repeated": repeated.derivative, "replicates": repeated.replicates, "r": r.check}
    for check in case["checks"]:
        try:
            (own.get(check) or laws.law(check))(case, known, report)
        except UntypedError as error:
            report.finding(check, f"untyped: {error}", session, Session.last)


# ------------------------------------------------------------------------------------------------------- shrinking
def tables_of(case):
    return {"columns": len(case["columns"]["v"]["values"])}


def with_rows(case, name, rows):
    """The case with these rows only."""
    return case | {name: tables.take(case[name], rows)}


def smaller(case, check):
    """Simpler cases, the boldest first."""
    needed = (
        [check]
        if check in LAWS
        else {"pickle": ["pickle"], "deepcopy": ["pickle"], "asked twice": ["pickle"]}.get(check)
    )
    if needed is None:
        needed = [c for c in case["checks"] if check.split()[0] == c or (c == "covariance" and check == "contrast")]
        needed = needed or [c for c in case["checks"] if c in ("naive", "r")]
    if check in ("untyped", "crash"):
        needed = case["checks"]
    if list(case["checks"]) != needed:
        yield case | {"checks": needed}
    for k in range(len(case["plans"])):
        yield case | {"plans": case["plans"][:k] + case["plans"][k + 1 :]}
    q = case["question"]
    for name in ("where", "by"):
        if name in q:
            yield case | {"question": {k: v for k, v in q.items() if k != name}}
    for name in q["options"]:
        yield case | {"question": q | {"options": {k: v for k, v in q["options"].items() if k != name}}}
    for k in range(len(q.get("by", [])) if len(q.get("by", [])) > 1 else 0):
        yield case | {"question": q | {"by": q["by"][:k] + q["by"][k + 1 :]}}
    if len(q.get("q", [])) > 1:
        for share in q["q"]:
            yield case | {"question": q | {"q": [share]}}
    for k, plan in enumerate(case["plans"]):
        for other in _simpler_plans(plan):
            yield case | {"plans": [*case["plans"][:k], other, *case["plans"][k + 1 :]]}
    for name in [o for o in case["design"] if o not in ("probability", "pps")]:
        yield case | {"design": {k: v for k, v in case["design"].items() if k != name}}
    if case["table"] != "pandas" and all("pandas" in KINDS[c["kind"]].tables() for c in case["columns"].values()):
        yield case | {"table": "pandas"}
    for name in case["columns"]:
        if name not in ("v", "g", "k"):
            yield case | {"columns": {k: v for k, v in case["columns"].items() if k != name}}


def _simpler_plans(plan):
    for name in ("by", "trim", "bounds", "missing", "q", "cluster", "covariance", "percent"):
        if plan.get(name) is not None and plan.get(name) is not False:
            yield {k: v for k, v in plan.items() if k != name} | (
                {"bounds": None} if plan["kind"] == "calibrate" else {}
            )
    if plan.get("method", "linear") != "linear":
        yield plan | {"method": "linear", "bounds": None}
    if plan.get("spread"):
        yield plan | {"spread": 0.0}
    for name in ("margins", "steps", "numeric", "categories"):
        own = plan.get(name, [])
        for k in range(len(own) if len(own) > 1 or name in ("numeric", "categories") else 0):
            yield plan | {name: own[:k] + own[k + 1 :]}
