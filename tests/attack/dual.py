"""Two samples from overlapping frames: ten estimators with every ladder of known sizes, from samples as they come and adjusted ones."""

import numpy as np

from . import adjustments, designs, dual_checks, tables
from .dual_build import ask, build
from .session import RefusedError, Session, UntypedError
from .statistics import question

ESTIMATORS = (
    "hartley",
    "fuller_burmeister",
    "composite",
    "multiplicity",
    "screening",
    "single_frame",
    "raking_ratio",
    "pml",
    "cal_sf",
    "cal_df",
)
LADDERS = ("none", "A and B", "ab", "all")
INPUTS = ("none", "rake", "shares", "chain")
WHAT = ("total", "mean", "ratio", "proportion", "quantile")
AXES = (("estimator", ESTIMATORS), ("sizes", LADDERS), ("statistic", WHAT), ("inputs", INPUTS))
PACE = 12
THETA = ("hartley", "composite", "pml", "cal_df")


def make(rng, cell):
    """Two samples, their adjustments, an estimator with its options and a question."""
    estimator, ladder, what, inputs = cell
    case = {"family": "dual", "estimator": estimator, "salt": int(rng.integers(1 << 30)), "theta": None}
    group = str(rng.choice(["integer", "float", "bool", "nullable", "text", "category"]))
    kind = None
    for frame in "ab":
        n = int(rng.integers(24, 50))
        columns, table = tables.table(rng, group, n, few_missing=False)
        if kind is None:
            kind, where, levels = columns["v"]["kind"], table, sorted(set(columns["v"]["values"]))
        columns = columns | {
            "v": tables.column(rng, n, kind, missing=False, levels=levels),
            "g": tables.column(rng, n, "str", False, list("pqr")), "k": tables.column(rng, n, "str", False, list("st")),
        }  # fmt: skip
        columns["y"]["kind"] = "float64"
        own = np.where(rng.random(n) < 0.55, "ab", frame)
        own[:4] = ["ab", frame, "ab", frame]
        columns["overlap"] = {"values": own.tolist(), "kind": "str"}
        columns["pA"], columns["pB"] = (tables.numbers(np.round(rng.uniform(0.02, 0.3, n), 4)) for _ in "AB")
        options = designs.design(rng, columns, n, str(rng.choice(["simple", "strata", "clusters"])))
        if "weight" not in options and "fpc" not in options:
            columns["w"]["values"] = [float(max(w, 1.0)) for w in columns["w"]["values"]]
            options["weight"] = "w"
        case[f"design_{frame}"], case["table"] = options, where
        kinds = [] if inputs == "none" or (frame == "b" and rng.random() < 0.4) else [inputs]
        case[f"plans_{frame}"] = [p for k in kinds for p in adjustments.plans(rng, columns, options, k)]
        case[frame] = tables.take(columns, rng.permutation(n).tolist())
    if case["table"] == "pandas" and "levels" in case["a"]["v"]:
        case["b"]["v"] = case["b"]["v"] | {"levels": case["a"]["v"]["levels"]}
    if estimator in THETA and (rng.random() < 0.7 or (estimator == "hartley" and what == "quantile")):
        case["theta"] = float(np.round(rng.uniform(0.05, 0.95), 2))
    if estimator == "screening" and rng.random() < 0.5:
        case["theta"] = float(rng.choice([0.0, 1.0]))
    needs = {"none": "A and B", "ab": "all"} if estimator in ("pml", "raking_ratio") else {}
    case["ladder"], case["spread"] = needs.get(ladder, ladder), float(rng.choice([0.0, 0.03, 0.15]))
    ask = question(rng, case["a"], "total" if what == "quantile" and estimator == "fuller_burmeister" else what)
    ask["options"].pop("deff", None)
    if what == "quantile":
        ask["options"].pop("df", None)
    ask.pop("where", None)
    case["question"] = ask
    case["checks"] = ["weights", "naive", *rng.permutation(["swap", "order", "scale", "plain"])[:2].tolist()]
    case["checks"] += [check for check, often in (("repeated", 0.15), ("replicates", 0.3)) if rng.random() < often]
    return case


def attack(case, report):
    """Run a case and its checks."""
    session = Session()
    try:
        known = build(case, session)
        answer = ask(case, session, known)
    except RefusedError as refused:
        report.refused(str(refused))
        return
    except UntypedError as error:
        report.finding("untyped", str(error), session)
        return
    report.answered()
    known |= {"session": session, "answer": answer}
    for check in case["checks"]:
        try:
            dual_checks.check(check)(case, known, report)
        except UntypedError as error:
            report.finding(check, f"untyped: {error}", session, Session.last)


# ------------------------------------------------------------------------------------------------------- shrinking
def tables_of(case):
    return {frame: len(case[frame]["v"]["values"]) for frame in "ab"}


def with_rows(case, name, rows):
    return case | {name: tables.take(case[name], rows)}


def smaller(case, check):
    """Simpler cases, the boldest first."""
    names = {
        "dual weights": "weights",
        "dual sizes": "weights",
        "dual formula": "weights",
        "dual jackknife": "replicates",
        "naive estimate": "naive",
        "naive se": "naive",
    }
    needed = [names.get(check, check)] if check not in ("untyped", "crash") else []
    if case["checks"] != needed and check not in ("untyped", "crash"):
        yield case | {"checks": needed}
    for frame in "ab":
        plans = case[f"plans_{frame}"]
        for k in range(len(plans)):
            yield case | {f"plans_{frame}": plans[:k] + plans[k + 1 :]}
    q = case["question"]
    if "by" in q:
        yield case | {"question": {k: v for k, v in q.items() if k != "by"}}
    for name in q["options"]:
        yield case | {"question": q | {"options": {k: v for k, v in q["options"].items() if k != name}}}
    if case["spread"]:
        yield case | {"spread": 0.0}
    for frame in "ab":
        for name in case[f"design_{frame}"]:
            yield case | {f"design_{frame}": {k: v for k, v in case[f"design_{frame}"].items() if k != name}}
        for name in case[frame]:
            if name not in ("v", "g", "k", "overlap"):
                yield case | {frame: {k: v for k, v in case[frame].items() if k != name}}
