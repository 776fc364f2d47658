"""A case against second implementations: weights after every step, estimates, errors, intervals, quantiles and tests, to 1e-8."""

import numpy as np

from . import oracle
from .laws import near
from .session import Session
from .statistics import plain_items, plain_score, plain_size, plain_value


def naive(case, known, report):
    """Weights, estimates, errors and degrees of freedom to 1e-8."""
    columns, path, session = case["columns"], known["path"], known["session"]
    base = oracle.base_weight(columns, case["design"])
    if not np.allclose(base, path[0], rtol=1e-10):
        report.finding("base weights", "they are not what the design says", session, None, [list(path[0]), list(base)])
        return
    for step, before, after in zip(known["steps"], path, path[1:]):
        if step["method"] == "recipe" and not _recipe(case, known, step, before, report):
            return
        try:
            want = oracle.weights(columns, step, list(before))
        except (oracle.SkipError, ArithmeticError):
            want = None
        if want is not None:
            if not np.allclose(want, after, rtol=1e-7, atol=1e-9 * np.max(np.abs(after))):
                report.finding(
                    "naive weights", f"after {step['method']}", session, None, [list(after), list(map(float, want))]
                )
                return
            report.count("naive weights", len(after))
    passed = passes(case, known)
    asked = {"quantile": _quantiles, "independence": _independence}.get(case["question"]["what"], _estimates)
    asked(case, known, passed, report)


def passes(case, known):
    """The chain of steps as `naive.adjusted` reads it, or None where a step has no formula there."""
    columns, data, path, made = case["columns"], known["session"].names["data"], known["path"], []
    try:
        for step, before, after in zip(known["steps"], path, path[1:]):
            if step["method"] == "recipe":
                made += oracle.recipe_passes(columns, step, recipe_path(data, step, before)[0])
            else:
                made.append(oracle.passes(columns, step, before, after))
    except (oracle.SkipError, ArithmeticError):
        return None
    return made


def _recipe(case, known, step, before, report):
    """Whether every step of a recipe gives the weights of its formula."""
    path, dispositions = recipe_path(known["session"].names["data"], step, before)
    for own, start, after in zip(step["steps"], path, path[1:]):
        try:
            want = oracle.recipe_weights(case["columns"], own, list(start), dispositions)
        except (oracle.SkipError, ArithmeticError, ZeroDivisionError):
            continue
        if not np.allclose(want, after, rtol=1e-7, atol=1e-9 * np.max(np.abs(after))):
            report.finding(
                "naive weights",
                f"after {own['step']} of a recipe",
                known["session"],
                None,
                [list(after), list(map(float, want))],
            )
            return False
        report.count("naive weights", len(after))
    return True


def recipe_path(data, step, before):
    """Weights before the first step of a recipe and after each, and the dispositions it used."""
    session = Session()
    session.names |= {"data": data, "w": np.array(before), "dispositions": None}
    for line in step["lines"]:
        session.quietly(line)
    start = "" if step["texts"][0].startswith("weighting.BaseWeight") else ", weight=w"
    recipe = f"ss.Recipe([{', '.join(step['texts'])}])"
    columns = session.value(f"list({recipe}.apply(data, dispositions{start}).columns.values())")
    path = [np.ones(len(before)) if not start else np.array(before), *map(np.array, columns)]
    return path, session.names["dispositions"]


def _estimates(case, known, passed, report):
    columns, answer, session = case["columns"], known["answer"], known["session"]
    weight, design = known["path"][-1], oracle.frame(columns, case["design"], known["path"][0])
    items = plain_items(case["question"], columns)
    items = {key: item for key, item in items.items() if any(i and w != 0 for i, w in zip(item[2], weight))}
    counted = 0
    for key, row in answer.items():
        if key not in items:
            if row["estimate"] != 0:
                report.finding("naive estimate", f"there is no row {key}", session, None, [row["estimate"], None])
                return
            continue
        item = items[key]
        inside = [i and w != 0 for i, w in zip(item[2], weight)]
        counts = float(sum(i and w != 0 for i, w in zip(item[2], weight)))
        want = {"estimate": plain_value(item, weight), "n": counts}
        if case["question"]["options"].get("df") is None:
            want["df"] = float(oracle.variance.degrees_of_freedom(design | {"weight": weight.tolist()}, inside))
        if passed is not None:
            want["se"] = oracle.standard_error(plain_score(item, weight), passed, design, inside)
        size = abs(want["estimate"]) + plain_size(item, weight)
        want |= limits(case["question"], row)
        for field, value in want.items():
            slack = {"estimate": 1e-9 * size, "se": 1e-7 * size, "n": 0.0, "df": 0.0}.get(field, 1e-8 * size)
            if not near(row[field], value, 1e-7 if field in ("lower", "upper") else 1e-8, slack):
                report.finding(
                    f"naive {field}",
                    f"{field} of {key}: {row[field]!r}, want {value!r}",
                    session,
                    None,
                    [row[field], value],
                )
                return
            counted += 1
    report.count("naive", counted)


def limits(q, row):
    """The interval of a row from its own estimate, error, degrees of freedom and number of respondents."""
    level = q["options"].get("level", 0.95)
    if q["what"] == "proportion":
        p = min(max(row["estimate"], 0.0), 1.0)
        if row["n"] < 2 or p != row["estimate"] or (row["se"] < 1e-9 and 0 < p < 1):
            return {}
        return dict(
            zip(
                ("lower", "upper"),
                oracle.intervals.interval(p, row["se"], q["options"]["ci"], level, row["df"], row["n"]),
            )
        )
    half = oracle.intervals.student(level, row["df"]) * row["se"]
    return {"lower": row["estimate"] - half, "upper": row["estimate"] + half}


def _all_but_tied(ys, ws, share):
    """Whether a share of the weights is q but for the rounding of calibrated weights, so that either side is right."""
    beside = {oracle.quantiles.quantile(ys, ws, share * (1 + sign * 1e-12)) for sign in (-1, 1)}
    return len(beside) > 1 and oracle.quantiles.quantile(ys, ws, share, "school") in beside


def _quantiles(case, known, passed, report):
    """Quantiles by sorting, and the intervals of shares through every step, inverted; both by their rules for weights above 0."""
    q, weight, answer = case["question"], known["path"][-1], known["answer"]
    if np.any(weight < 0):
        return
    design, level, counted = (
        oracle.frame(case["columns"], case["design"], known["path"][0]),
        q["options"].get("level", 0.95),
        0,
    )
    for key, (y, share, inside) in plain_items(q, case["columns"]).items():
        rows = [r for r, (i, w) in enumerate(zip(inside, weight)) if i and w > 0]
        if not rows or key not in answer:
            continue
        ys, ws, row = [y[r] for r in rows], [float(weight[r]) for r in rows], answer[key]
        if _all_but_tied(ys, ws, share):
            continue
        want = {"n": [float(len(rows))], "estimate": [oracle.quantiles.quantile(ys, ws, share, q["options"]["rule"])]}
        if passed is not None and q["options"]["ci"] != "score" and row["estimate"] < max(ys):

            def share_error(v, nudge=1.0, y=y, inside=inside):
                item = [float(one <= v) for one in y], [1.0] * len(y), inside
                return plain_value(item, weight), nudge * oracle.standard_error(
                    plain_score(item, weight), passed, design, inside
                )

            final = design | {"weight": weight.tolist()}
            found = [
                oracle.quantiles.quantile_interval(
                    y, share, final, q["options"]["ci"], q["options"]["rule"], level, row["df"], inside,
                    lambda v, nudge=nudge: share_error(v, nudge),
                )
                for nudge in (1 - 1e-7, 1.0, 1 + 1e-7)
            ]  # fmt: skip
            want |= {field: [f[at] for f in found] for at, field in enumerate(("estimate", "se", "lower", "upper"))}
        size = max(map(abs, ys)) + 1e-300
        for field, values in want.items():
            if not any(near(row[field], v, 1e-8, 1e-6 * size) for v in values):
                message = f"{field} of {key}: {row[field]!r}, want {values!r}"
                report.finding(f"naive quantile {field}", message, known["session"], None, [row[field], values])
                return
            counted += 1
    report.count("naive", counted)


def _independence(case, known, passed, report):
    """Rao and Scott's tests, of samples that were not adjusted."""
    q, columns, answer = case["question"], case["columns"], known["answer"]["independence", "", ()]
    if known["steps"] or passed is None:
        return
    design = oracle.frame(columns, case["design"], known["path"][0])
    try:
        rows, across = ([None if v is None else str(v) for v in columns[c]["values"]] for c in (q["y"], q["den"]))
        value, df, p = oracle.independence.independence(rows, across, design, q["options"]["statistic"])
    except (ValueError, ArithmeticError, np.linalg.LinAlgError):
        return
    for field, want in (("estimate", value), ("df", df[-1]), ("p", p)):
        if not near(answer[field], float(want), 1e-6, 1e-7):
            report.finding(
                "naive independence",
                f"{field}: {answer[field]!r}, want {want!r}",
                known["session"],
                None,
                [answer[field], float(want)],
            )
            return
    report.count("naive", 3)
