"""Numbers without a sample: sizes, allocations, inclusion probabilities, selection, response rates, performance measures."""

import math

import numpy as np

from .laws import near
from .session import RefusedError, Session, UntypedError, options_text

FUNCTIONS = (
    "sample_size", "margin_of_error", "allocate proportional", "allocate equal", "allocate neyman", "allocate power", "allocate cost",
    "inclusion_probabilities", "select systematic", "select srs", "select sampford", "select brewer", "select pivotal", "select poisson",
    "response_rates", "performance", "trim_weights", "relative precision", "power",
)  # fmt: skip
AXES = (("function", FUNCTIONS), ("range", ("ordinary", "small", "wide", "ties")))
PACE = 200


def sizes(rng, span, most=12):
    """Sizes of strata or units."""
    H = int(rng.integers(1 if span == "small" else 2, 4 if span == "small" else most))
    if span == "ties":
        return [int(v) for v in rng.choice([10, 20, 20, 30], H)]
    if span == "wide":
        return [float(v) for v in np.round(10.0 ** rng.uniform(-3, 12, H), 6)]
    return [int(v) for v in rng.integers(1, 1000, H)]


def make(rng, cell):
    """A call with its arguments."""
    function, span = cell
    return {"family": "planning", "function": function, "span": span, "arguments": _arguments(rng, function, span)}


def _arguments(rng, function, span):
    if function in ("sample_size", "margin_of_error"):
        low = 1e-4 if span == "wide" else 0.005
        made = {
            "moe": float(rng.uniform(low, 0.3)),
            "p": float(rng.choice([0.5, rng.uniform(0.001, 0.999)])),
            "deff": float(rng.uniform(0.3, 5)),
        }
        made |= {"level": float(rng.choice([0.95, rng.uniform(0.5, 0.999)]))}
        if span != "ordinary":
            made["population"] = int(rng.integers(2, 40 if span == "small" else 10**7))
        if function == "margin_of_error":
            made["n"] = int(rng.integers(1, made.get("population", 10**5) + 1))
            del made["moe"]
        return made
    if function == "power":
        p, groups = float(rng.uniform(0.02, 0.9)), int(rng.choice([1, 2, 2, 2]))
        made = {
            "n": int(rng.integers(1, 30 if span == "small" else 10**6 if span == "wide" else 5000)),
            "p": p,
            "groups": groups,
        }
        made |= {"difference": float(rng.uniform(-0.98 * p, 0.98 * (1 - p))), "deff": float(rng.uniform(0.3, 5))}
        made |= {
            "level": float(rng.uniform(0.5, 0.999)),
            "sides": int(rng.integers(1, 3)),
            "pooled": bool(rng.random() < 0.5),
        }
        if groups == 2:
            ratio = float(rng.choice([1.0, rng.uniform(0.2, 4)]))
            overlap = float(rng.choice([0.0, min(1.0, ratio), rng.uniform(0, min(1.0, ratio))]))
            made |= {"ratio": ratio, "overlap": overlap, "correlation": float(rng.uniform(-1, 1))}
        return made | ({"sd": float(rng.uniform(0.1, 9))} if rng.random() < 0.4 else {})
    if function.startswith("allocate"):
        size = sizes(rng, span)
        made = {
            "size": size,
            "n": int(rng.integers(len(size) * 4, 5000)),
            "method": function.split()[1],
            "minimum": int(rng.choice([0, 0, 2, 4])),
        }
        if made["method"] in ("neyman", "cost") or (made["method"] == "power" and rng.random() < 0.5):
            made["sd"] = [float(v) for v in np.round(rng.gamma(4, 1, len(size)) + 0.1, 3)]
        if made["method"] == "cost":
            made["cost"] = [float(v) for v in np.round(rng.gamma(4, 1, len(size)) + 0.1, 3)]
        if made["method"] == "power":
            made["power"] = float(rng.choice([0.5, 0.25, 1.0, 0.0]))
        return made
    if function == "inclusion_probabilities":
        size = sizes(rng, span, 30)
        return {"size": size, "n": int(rng.integers(0, len(size) + 1))}
    if function.startswith("select"):
        size = sizes(rng, span, 15)
        return {
            "size": size,
            "n": int(rng.integers(1, len(size) + 1)),
            "method": function.split()[1],
            "rng": int(rng.integers(10**6)),
        }
    if function == "response_rates":
        top = {"small": 3, "wide": 10**9}.get(span, 500)
        counts = {
            c: int(rng.integers(0, top))
            for c in ("I", "P", "R", "NC", "O", "UH", "UO", "NE")
            if rng.random() < 0.85 or c in ("I", "NE")
        }
        counts["I"] += 1
        e = [None, "proportional", float(np.round(rng.random(), 3)), {"UH": 0.25, "UO": 0.75}][rng.integers(4)]
        return {"counts": counts, "e": e}
    if function == "trim_weights":
        w = np.round(rng.lognormal(0, 2 if span == "wide" else 0.7, int(rng.integers(2, 30))), 4) + 1e-4
        if span == "ties":
            w = np.round(w) + 1
        made = {
            "weight": [float(v) for v in w],
            "lower": float(np.mean(w) * rng.uniform(0.1, 0.8)),
            "upper": float(np.mean(w) * rng.uniform(1.3, 4)),
        }
        return made | {"strict": bool(rng.random() < 0.5)}
    return _runs(rng, span)


def _runs(rng, span):
    n = int(rng.integers(4, 8 if span == "small" else 60))
    estimate, se = np.round(rng.normal(2, 1, n), 4), np.round(np.sqrt(rng.chisquare(9, n) / 9), 4)
    if span == "ties":
        estimate, se = np.round(estimate), np.round(se, 1) + 0.1
    made = {
        "estimate": [float(v) for v in estimate],
        "se": [float(v) for v in se],
        "true": float(rng.choice([2.0, 0.7])),
        "df": None,
    }
    if rng.random() < 0.5:
        for row in np.flatnonzero(rng.random(n) < 0.15):
            made["estimate" if rng.random() < 0.5 else "se"][row] = None
    if sum(a is not None and b is not None for a, b in zip(made["estimate"], made["se"])) < 4:
        return _runs(rng, span)
    if rng.random() < 0.6:
        made["df"] = [float(v) for v in rng.integers(2, 40, n)] if rng.random() < 0.5 else int(rng.integers(2, 30))
    return made | {
        "level": float(rng.choice([0.95, 0.8])),
        "power": bool(rng.random() < 0.5),
        "table": str(rng.choice(["pandas", "polars", "pyarrow"])),
    }


def attack(case, report):
    """Make the call and compare."""
    session = Session()
    try:
        check = {"select": _select, "allocate": _allocate}.get(case["function"].split()[0]) or globals()[
            f"_{case['function'].replace(' ', '_')}"
        ]
        check(session, case["arguments"], report)
    except RefusedError as refused:
        report.refused(str(refused))
        return
    except UntypedError as error:
        report.finding("untyped", f"{case['function']}: {error}", session)
    report.answered()


def _same(report, session, name, got, want, relative=1e-8, absolute=0.0):
    report.count(name, len(want))
    if len(got) != len(want) or not all(near(float(g), float(w), relative, absolute) for g, w in zip(got, want)):
        report.finding(name, f"{[float(g) for g in got]} want {[float(w) for w in want]}", session, kind=name)


def _sample_size(session, a, report):
    from naive import planning

    session.do(f"e = ss.sample_size({options_text(a)})")
    want = planning.sample_size(**a)
    got = session.names["e"]
    exact = (
        planning.margin_of_error(max(got, 1), a["p"], a["deff"], a["level"], a.get("population"))
        if got < a.get("population", np.inf)
        else 0
    )
    if abs(got - want) > 0 and not (abs(got - want) == 1 and abs(exact / a["moe"] - 1) < 1e-9):
        report.finding("sample size", f"{got}, want {want}", session, kind="sample size")
    report.count("sample size", 1)


def _power(session, a, report):
    from naive import planning

    session.do(f"e = ss.power({options_text(a)})")
    _same(report, session, "power", [session.names["e"]], [planning.power(**a)], 1e-9, 1e-12)
    wanted = session.names["e"]
    if a["groups"] == 2 and 0.01 < wanted < 0.99 and abs(a["difference"]) > 1e-3:
        told = {k: v for k, v in a.items() if k != "n"}
        session.do(f"n = ss.sample_size({options_text(told | {'power': wanted})})")
        _same(report, session, "sample size for a difference", [session.names["n"]], [a["n"]])


def _margin_of_error(session, a, report):
    from naive import planning

    session.do(f"e = ss.margin_of_error({options_text(a)})")
    _same(report, session, "margin of error", [session.names["e"]], [planning.margin_of_error(**a)], 1e-9, 1e-12)


def _allocate(session, a, report):
    from naive import allocation

    session.do(f"e = ss.allocate({options_text(a)})")
    got = [int(v) for v in session.names["e"]]
    shares = allocation.shares(a["size"], a["method"], a.get("sd"), a.get("cost"), a.get("power", 0.5))
    want = allocation.allocate(shares, a["n"], a["minimum"])
    close = sum(abs(g - w) for g, w in zip(got, want)) <= 2 and a["method"] in (
        "neyman",
        "power",
        "cost",
    )  # remainders of irrational shares
    if sum(got) != a["n"] or min(got) < a["minimum"] or (got != want and not close):
        report.finding("allocate", f"{got}, want {want}", session, kind=f"allocate {a['method']}")
    session.do(
        f"e = ss.allocate(size={dict(enumerate(a['size']))!r}, {options_text({k: v for k, v in a.items() if k != 'size'})})"
    )
    if list(session.names["e"].values()) != got:
        report.finding("allocate", "a mapping gives another allocation than a list", session, kind="allocate mapping")
    report.count("allocate", 2 * len(got))


def _inclusion_probabilities(session, a, report):
    from naive import probabilities

    session.do(f"e = ss.inclusion_probabilities({options_text(a)})")
    _same(
        report,
        session,
        "inclusion probabilities",
        session.names["e"],
        probabilities.inclusion_probabilities(a["size"], a["n"]),
        1e-9,
        1e-12,
    )
    if not near(float(np.sum(session.names["e"])), a["n"], 1e-9, 1e-9):
        report.finding("inclusion probabilities", "they do not sum to n", session, kind="sum")


def _select(session, a, report):
    from naive import probabilities

    p = (
        probabilities.inclusion_probabilities(a["size"], a["n"])
        if a["method"] != "srs"
        else [a["n"] / len(a["size"])] * len(a["size"])
    )
    session.do(f"e = ss.select({p!r}, method={a['method']!r}, rng={a['rng']})")
    got = [int(v) for v in session.names["e"]]
    fixed = a["method"] != "poisson"
    wrong = (
        len(set(got)) < len(got) or got != sorted(got) or (fixed and len(got) != a["n"]) or any(p[k] <= 0 for k in got)
    )
    wrong = wrong or any(c >= 1 - 1e-12 and k not in got for k, c in enumerate(p))
    if wrong:
        report.finding("select", f"{got} of {p}", session, kind=f"select {a['method']}")
    if len(p) <= 8 and fixed and tuple(got) not in getattr(probabilities, a["method"])(p):
        report.finding(
            "select", f"{got} has no chance under {a['method']} of {p}", session, kind=f"chance {a['method']}"
        )
    session.do(f"e = ss.select({p!r}, method={a['method']!r}, rng={a['rng']})")
    if [int(v) for v in session.names["e"]] != got:
        report.finding("select", "the same seed gives another sample", session, kind="seed")
    report.count("select", 2 * len(got) + 1)


def _response_rates(session, a, report):
    from naive import dispositions

    session.do(f"e = ss.response_rates({a['counts']!r}, e={a['e']!r})")
    want = dispositions.response_rates(a["counts"], a["e"])
    got = session.names["e"].to_dict()
    for name, value in want.items():
        if not near(got[name], math.nan if value is None else float(value), 1e-12):
            report.finding("response rates", f"{name}: {got[name]!r}, want {value}", session, kind=name)
    report.count("response rates", len(want))


def _trim_weights(session, a, report):
    from naive import calibration

    session.do(f"e = ss.trim_weights({options_text(a)})")
    try:
        want = calibration.trim_weights(**a)
    except ArithmeticError:
        report.finding("trim weights", "answered, though nobody is left to take what is cut", session, kind="nobody")
        return
    _same(report, session, "trim weights", session.names["e"], want, 1e-8)


def _performance(session, a, report):
    from naive import performance

    frame = {"pandas": "pd.DataFrame", "polars": "pl.DataFrame", "pyarrow": "pa.table"}[a["table"]]
    table = {"estimate": a["estimate"], "se": a["se"]} | ({"df": a["df"]} if isinstance(a["df"], list) else {})
    session.do(f"data = {frame}({table!r})")
    options = {"level": a["level"], "power": a["power"]} | (
        {} if a["df"] is None else {"df": "df" if isinstance(a["df"], list) else a["df"]}
    )
    session.do(f"e = ss.performance(data, {a['true']!r}, {options_text(options)})")
    found = session.value({"pandas": "e", "polars": "e.to_pandas()", "pyarrow": "e.to_pandas()"}[a["table"]])
    rows = {row["measure"]: row for row in found.to_dict("records")}
    try:
        want = performance.measures(a["estimate"], a["se"], a["true"], None, None, a["df"], a["level"], a["power"])
    except ZeroDivisionError:  # all alike
        return
    for name, (value, error) in want.items():
        if not near(rows[name]["value"], float(value), 1e-8, 1e-10) or (
            error is not None and not near(rows[name]["mcse"], float(error), 1e-7, 1e-10)
        ):
            report.finding(
                "performance",
                f"{name}: {rows[name]['value']!r} ± {rows[name]['mcse']!r}, want {value!r} ± {error!r}",
                session,
                kind=name,
            )
    report.count("performance", 2 * len(want))


def _relative_precision(session, a, report):
    from naive import performance

    rows = [(b, s) for b, s in zip(a["estimate"], a["se"]) if b is not None and s is not None]
    first, second = [b for b, _ in rows], [b + s * (-1) ** k for k, (b, s) in enumerate(rows)]
    table = {
        "estimate": first + second,
        "se": [s for _, s in rows] * 2,
        "m": ["a"] * len(rows) + ["b"] * len(rows),
        "rep": [*range(len(rows))] * 2,
    }
    session.do(f"data = pd.DataFrame({table!r})")
    session.do("e = ss.performance(data, 2.0, by='m', reference='a')")
    e = session.names["e"]
    got = e[(e["m"] == "b") & (e["measure"] == "relprec")][["value", "mcse"]].to_numpy(float).ravel()
    _same(report, session, "relative precision", got, performance.relative_precision(first, second), 1e-7, 1e-6)


def tables_of(case):
    return {}


def smaller(case, check):
    """Fewer strata or units."""
    a = case["arguments"]
    lists = [name for name, v in a.items() if isinstance(v, list)]
    n = len(a[lists[0]]) if lists else 0
    for k in range(n if n > 1 else 0):
        yield case | {"arguments": a | {name: a[name][:k] + a[name][k + 1 :] for name in lists}}
