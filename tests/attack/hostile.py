"""Arguments and columns that make no sense: an answer with finite numbers, or a typed error that names the column; nothing else."""

import numbers
import tomllib
from pathlib import Path

import numpy as np

from .session import RefusedError, Session, UntypedError

GIVEN = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
SET_UP = tuple(GIVEN["set_up"])
ARGUMENTS = tuple(f"{name}({a.partition('=')[0]}=)" for name, call in GIVEN["calls"].items() for a in call["arguments"])
AXES = (("argument", ARGUMENTS), ("value", tuple(GIVEN["values"])))
PACE = 200


def make(rng, cell):
    """The call with one argument that makes no sense."""
    del rng
    argument, value = cell
    name, wrong = argument.removesuffix("=)").split("(")
    call = GIVEN["calls"][name]
    given = [a if a.partition("=")[0] != wrong else f"{wrong}={GIVEN['values'][value]}" for a in call["arguments"]]
    line = f"{call['call']}({', '.join(given)})"
    if call.get("step"):
        line = f"ss.Recipe([{line}]).apply(data, numbers)"
    return {"family": "hostile", "line": line + call.get("then", ""), "set_up": SET_UP, "named": None, "kind": cell}


NO_COLUMN = ("degrees of freedom", "leave an estimate undefined", "have one PSU", "has no rows", "nothing to estimate")
_PREPARED = {}


def prepared(lines):
    """A session in which these lines ran; what they made is shared, since nothing may modify it."""
    key = tuple(lines)
    if key not in _PREPARED:
        session = Session()
        for line in lines:
            session.do(line)
        if len(_PREPARED) > 50:
            _PREPARED.clear()
        _PREPARED[key] = session
    session = Session()
    session.names, session.lines = dict(_PREPARED[key].names), list(lines)
    return session


def attack(case, report):
    """Run the line."""
    session, kind = prepared(case["set_up"]), "=".join(case["kind"])
    try:
        session.do(f"e = {case['line']}")
    except RefusedError as refused:
        report.answered()
        report.count("refused", 1)
        if (
            case["named"] is not None
            and case["named"] not in str(refused)
            and not any(w in str(refused) for w in NO_COLUMN)
        ):
            report.finding(
                "unnamed", f"{case['line']}: the column is not named: {refused}", session, kind=case["kind"][0]
            )
        return
    except UntypedError as error:
        report.answered()
        report.finding(
            "untyped", f"{case['line']}: {error}", session, kind=f"{case['kind'][0]} {str(error).partition(':')[0]}"
        )
        return
    report.answered()
    report.count("answered", 1)
    bad = not_finite(session.names["e"])
    if bad:
        report.finding("not finite", f"{case['line']}: {bad}", session, kind=kind)


def not_finite(answer):
    """What of an answer is no finite number where one is promised."""
    if isinstance(answer, numbers.Number) and not isinstance(answer, complex):
        return None if np.isfinite(answer) else repr(answer)
    if hasattr(answer, "weight") and not callable(answer.weight):
        w = np.asarray(answer.weight, float)
        return None if np.isfinite(w).all() else "weights that are not finite"
    if hasattr(answer, "final"):
        return None if np.isfinite(answer.final).all() else "weights that are not finite"
    table = getattr(answer, "table", None)
    if table is not None and "estimate" in getattr(table, "columns", ()):
        wrong = [c for c in ("estimate", "se", "lower", "upper") if not np.isfinite(table[c].to_numpy(float)).all()]
        lost = (table["se"] == 0) & (table["estimate"].abs() > 0) & (table["estimate"].abs() < 1e-150)
        wrong = [f"{', '.join(wrong)} not finite"] if wrong else ["an error that underflowed"] if lost.any() else []
        return wrong[0] if wrong else None
    return None


def tables_of(case):
    return {}


def smaller(case, check):
    """Nothing to take away."""
    return ()
