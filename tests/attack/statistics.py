"""Random questions to a survey, as text and in plain lists."""

from math import fsum

import numpy as np

from .columns import KINDS, canonical
from .session import options_text

STATISTICS = ("total", "mean", "ratio", "proportion", "quantile", "independence")
INTERVALS = ("wald", "logit", "xlogit", "wilson", "beta", "korn-graubard", "asin")
QUANTILE_INTERVALS = ("woodruff", "beta", "xlogit", "asin", "score")
RULES = ("math", "school", "hf7")


def question(rng, columns, what):
    """A statistic of the attacked column: what it is asked of where it is numeric, the domains where it is not."""
    kind = KINDS[columns["v"]["kind"]]
    by = []
    q = {"what": what, "options": {}}
    if what in ("total", "mean", "ratio", "quantile"):
        numeric = kind.numeric
        q["y"] = "v" if numeric and rng.random() < 0.8 else "y"
        if what == "total" and rng.random() < 0.15:
            return q | {"y": "one"}  # how many there are: what totals pin and shares do not
        if what == "quantile":
            q["q"] = (
                [0.25, 0.5, 0.9][: rng.integers(1, 4)]
                if rng.random() < 0.8
                else [float(rng.choice([0.1, 1 / 3, 0.77]))]
            )
            q["options"] = {"ci": str(rng.choice(QUANTILE_INTERVALS)), "rule": str(rng.choice(RULES))}
        if what == "ratio":
            q["den"] = "x" if rng.random() < 0.7 or q["y"] == "y" else "y"
        by = ["v"] if q["y"] != "v" else []
    elif what == "proportion":
        q["y"] = "v"
        q["options"] = {"ci": str(rng.choice(INTERVALS))}
    else:
        q |= {"y": "v", "den": str(rng.choice(["g", "k"]))}
        q["options"] = {"statistic": str(rng.choice(["F", "Chisq", "Wald", "adjWald"]))}
        return q
    by += [str(c) for c in rng.permutation(["g", "k"])[: rng.choice([0, 0, 1, 2])]]
    if by:
        q["by"] = [str(c) for c in rng.permutation(by)]
    if rng.random() < 0.2:
        q["options"]["level"] = float(rng.choice([0.8, 0.9, 0.99]))
    if rng.random() < 0.15:
        q["options"]["df"] = [float("inf"), 7][rng.integers(2)]
    if what in ("total", "mean", "ratio", "proportion") and rng.random() < 0.25:
        q["options"]["deff"] = str(rng.choice(["wor", "wr"]))
    if rng.random() < 0.15:
        name = str(rng.choice(["g", "k"]))
        q["where"] = (name, columns[name]["values"][int(rng.integers(len(columns["v"]["values"])))])
        if q["where"][1] is None:
            del q["where"]
    return q


def question_text(q, columns, survey="s"):
    """The call."""
    if q.get("where"):
        survey = f"{survey}.where({where_text(q, columns)})"
    args = [repr(q["y"])]
    if "den" in q:
        args.append(repr(q["den"]))
    if "q" in q:
        args.append(repr(q["q"]))
    options = dict(q["options"]) | ({"by": q["by"] if len(q["by"]) > 1 else q["by"][0]} if q.get("by") else {})
    text = options_text(options).replace("=inf", "=np.inf")
    return f"{survey}.{q['what']}({', '.join(args)}{', ' + text if text else ''})"


def where_rows(q, columns):
    """The rows of the subpopulation."""
    name, level = q["where"]
    return [v is not None and v == level for v in columns[name]["values"]]


def where_text(q, columns):
    return f"np.array({where_rows(q, columns)!r})"


def plain_items(q, columns):
    """Every row of the answer as {key: (numerator, denominator or None, inside)}, lists of rows; keys as `session.rows_of`.

    A total has no denominator. Rows outside the domain or with a missing value are not inside.
    """
    n = len(columns["v"]["values"])
    subset = where_rows(q, columns) if q.get("where") else [True] * n
    domains = [((), subset)]
    for name in q.get("by", []):
        values = columns[name]["values"]
        levels = list(dict.fromkeys(v for v in values if v is not None))
        domains = [
            ((*key, (name, canonical(level))), [i and v is not None and v == level for i, v in zip(inside, values)])
            for key, inside in domains
            for level in levels
        ]
    made = {}
    y = columns[q["y"]]["values"]
    for key, inside in domains:
        if not any(inside):
            continue
        if q["what"] == "proportion":
            good = [i and v is not None for i, v in zip(inside, y)]
            for level in dict.fromkeys(v for v in y if v is not None):
                hit = [float(v is not None and v == level) for v in y]
                made[q["y"], canonical(level), key] = (hit, [1.0] * n, good)
            continue
        values = [0.0 if v is None else float(v) for v in y]
        good = [i and v is not None for i, v in zip(inside, y)]
        if q["what"] == "ratio":
            x = columns[q["den"]]["values"]
            good = [g and v is not None for g, v in zip(good, x)]
            made[f"{q['y']}/{q['den']}", "", key] = (values, [0.0 if v is None else float(v) for v in x], good)
        elif q["what"] == "quantile":
            for share in q["q"]:
                made[q["y"], f"{share:g}", key] = (values, share, good)
        else:
            made[q["y"], "", key] = (values, None if q["what"] == "total" else [1.0] * n, good)
    return made


def plain_value(item, weight):
    """A total, mean, ratio or proportion with these weights."""
    y, x, inside = item
    top = fsum(w * v for w, v, i in zip(weight, y, inside) if i)
    if x is None:
        return top
    bottom = fsum(w * v for w, v, i in zip(weight, x, inside) if i)
    return top / bottom if bottom else float("nan")  # nobody with weight is left in the domain


def plain_values(items, weight):
    return np.array([plain_value(item, weight) for item in items.values()])


def plain_score(item, weight):
    """The score of a total or ratio: y, or (y - R x) / X (Woodruff 1971)."""
    y, x, inside = item
    if x is None:
        return [v if i else 0.0 for v, i in zip(y, inside)]
    base, value = fsum(w * v for w, v, i in zip(weight, x, inside) if i), plain_value(item, weight)
    return [(v - value * u) / base if i else 0.0 for v, u, i in zip(y, x, inside)]


def plain_size(item, weight):
    """The size of what a value is summed from."""
    y, x, inside = item
    top = float(sum(abs(w * v) for w, v, i in zip(weight, y, inside) if i))
    return top if x is None else top / abs(sum(w * v for w, v, i in zip(weight, x, inside) if i))
