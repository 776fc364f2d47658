"""A case against derivatives and replicates that repeat the whole weighting, without formulas of linearization, and against R."""

import numpy as np

from . import adjustments, formulas, oracle
from .laws import near
from .session import RefusedError, Session, rows_of
from .statistics import plain_items, plain_score, plain_size, plain_values

STEP = 1e-4


# ------------------------------------------------------------------------------------------ the weighting, repeated
def weigher(case, known):
    """Function from base weights to final weights that carries out every step again."""
    del case
    session = Session()
    session.names["data"] = known["session"].names["data"]
    first = np.array(known["path"][0], float)

    def weigh(base):
        w = np.array(base, float)
        copies = np.divide(w, first, out=np.zeros(len(w)), where=first > 0)
        for step in known["steps"]:
            w = adjustments.weighed_again(session, step, w, copies)
        return w

    return weigh


def _decides(case):
    """Whether a step decides something from the sample that replicates keep: θ, merged levels."""
    return any(s.get("theta") == "effective" or s.get("minimum", 1) > 1 for s in _steps(case))


def _steps(case):
    return [s for plan in case["plans"] for s in plan.get("steps", [])]


def _trims(case):
    """Whether weights are trimmed: replicates bound a row that stands for several by as much more."""
    return any(plan.get("trim") for plan in case["plans"]) or any(
        s["step"] == "Trim" or s.get("trim", (None, None)) != (None, None) for s in _steps(case)
    )


def derivative(case, known, report):
    """Errors from derivatives by the base weights, the whole weighting repeated: what linearization means, without its formulas.

    The library's regressions have the weights before a step, derivatives those after a raking; where weights are spread over powers of
    ten the two have little in common. Where there is a formula, it is put between them: with the weights before it is the
    library's error, with those after the derivative. Elsewhere (levels for missing values, trims that come to rest by a path) the two
    are equal with g near 1 and differ by about as much as g does.
    """
    what = case["question"]["what"]
    if what in ("quantile", "independence") or _decides(case) or any("covariance" in p for p in case["plans"]):
        return
    if any(s["step"] == "Trim" or s.get("to") == "n" for s in _steps(case)):
        return  # what a respondent adds there by being one more is in no derivative by the weights
    columns, base, final = case["columns"], known["path"][0], known["path"][-1]
    items = plain_items(case["question"], columns)
    items = {
        key: items[key]
        for key in known["answer"]
        if key in items and any(i and w > 0 for i, w in zip(items[key][2], final))
    }
    weigh, n = weigher(case, known), len(base)
    slopes, step = np.zeros((len(items), n)), 2e-3 if _trims(case) else STEP  # trims rest to 1e-6
    bends = np.zeros((len(items), n))
    try:
        middle = plain_values(items, weigh(base))
        for k in np.flatnonzero(base > 0):
            up, down = (plain_values(items, weigh(base * (1 + sign * step * (np.arange(n) == k)))) for sign in (1, -1))
            slopes[:, k], bends[:, k] = (up - down) / (2 * step), (up - 2 * middle + down) / step
    except RefusedError as refused:
        report.refused(f"repeated: {refused}")
        return
    if _trims(case) and np.any(np.abs(bends).max(axis=1) > 0.02 * np.abs(slopes).max(axis=1)):
        report.refused("repeated: a weight passes its bound within the step")
        return
    design, passed, away = oracle.frame(columns, case["design"], base), formulas.passes(case, known), distance(known)
    if any(s.get("inside") for s in passed or ()):
        report.refused("repeated: a weight was cut and ends inside, where it does not grow with its row")
        return
    exact = None if passed is None else oracle.differentiated(passed)
    # rounds of trimming end 1e-6 of the bounds away, or some times that where they come slowly: 5e-4 of a weight over the step
    digits = 5e-3 if any("cut" in s for s in passed or ()) else 2e-4
    path = away if passed is None or any(s.get("wanders") for s in passed) else 0.0
    if (
        case["question"]["y"] == "one"
        and all(s["method"] in ("rake", "poststratify") for s in known["steps"][:1])
        and len(known["steps"]) == 1
    ):
        away = 0.02 if _trims(case) else 0.0  # a constant is fitted by the margins, whatever the weights
    for (key, item), slope in zip(items.items(), slopes):
        slope, design = slope.tolist(), design | {"speaks": (item[2], item[2])}
        z = (np.array(plain_score(item, final)) * final).tolist()
        try:
            V, plain = (oracle.variance.of_values(v, v, design) for v in (slope, z))
        except ValueError:  # every stratum of the domain is alone
            continue
        size = np.sqrt(max(plain, 0.0)) + 1e-4 * np.linalg.norm(z) + 1e-6 * plain_size(item, final)
        got, want = known["answer"][key]["se"], float(np.sqrt(max(V, 0.0)))
        slack, norm = digits * (size + want), float(np.linalg.norm(z))
        if passed is None:
            still = np.abs(slope) < 0.05 * np.abs(
                z
            )  # held at a bound: the weight does not grow with its row, which yet is drawn or not
            held = float(np.linalg.norm(np.array(z)[still]))
            pairs = [("", got, want, slack + away * max(size, norm) + held)]
        else:
            score, inside = plain_score(item, final), [i and w > 0 for i, w in zip(item[2], final)]
            before, after = (oracle.standard_error(score, chain, design, inside) for chain in (passed, exact))
            pairs = [
                ("; the formula with the weights before each step", got, before, 1e-6 * (size + want)),
                ("; the formula with the weights after each raking", after, want, slack + path * max(size, norm)),
            ]
        for words, one, other, most in pairs:
            if not abs(one - other) <= most and not (np.isnan(other) or np.isnan(one)):
                message = f"se of {key}: {got!r}, derivatives of the whole weighting give {want!r}{words}: {one!r} for {other!r}"
                report.finding("repeated", message, known["session"], None, [got, want])
                return
    report.count("repeated", len(items))


def distance(known):
    """How far regressions before and after a step may differ: 0 where they are the same."""
    away = 0.0
    for step, before, after in zip(known["steps"], known["path"], known["path"][1:]):
        used = before > 0
        g = np.asarray(after)[used] / before[used]
        options = step["options"]
        linear = step["method"] == "poststratify" or (options.get("method") == "linear" and "bounds" not in options)
        alone = (
            step["method"] == "rake"
            and len(step["totals"]) == 1
            and not {"trim", "bounds", "by", "missing"} & set(options)
        )
        if step["method"] == "recipe":
            rakes = [s for s in step["steps"] if s["step"] == "Rake"]
            away += sum(
                0.5 if s["trim"] != (None, None) else 0.0 if len(s["totals"]) == 1 else 3 * s["spread"] for s in rakes
            )
        elif not (linear or alone):
            g = g[g > 0] / np.average(g[g > 0])
            away += 3 * float(np.max(np.abs(g - 1))) + (
                2.0 if options.get("trim") else 0.0
            )  # a trim comes to rest in steps
    return away


REPLICATES = {
    "simple": ("jk1", "rao-wu", "sdr"), "strata": ("jkn", "rao-wu", "sdr"), "clusters": ("jkn", "rao-wu", "brr", "fay", "sdr"),
    "stages": ("rao-wu",),
}  # fmt: skip


def kind_of(design):
    """Which replicates a design can have."""
    if "pps" in design:
        return "pps"
    if isinstance(design.get("psu"), list):
        return "stages"
    return "clusters" if "psu" in design else "strata" if "strata" in design else "simple"


def replicates(case, known, report):
    """Replicates repeat every adjustment: the same by hand, from the factors of the sample before adjustment."""
    what, design = case["question"]["what"], case["design"]
    kind = kind_of(design)
    if (
        what in ("quantile", "independence")
        or kind == "pps"
        or _decides(case)
        or _trims(case)
        or any("covariance" in p for p in case["plans"])
    ):
        return
    rng = np.random.default_rng(case["salt"])
    name = str(rng.choice(REPLICATES[kind]))
    extra = {"rao-wu": ", n=30, seed=5", "fay": ", rho=0.4"}.get(name, "")
    mse = bool(rng.random() < 0.3)
    session = Session()
    session.names |= {k: v for k, v in known["session"].names.items() if k in ("data", "s")}
    session.lines += known["session"].lines[:-1]
    line = known["session"].lines[-1].removeprefix("e = s")
    first = next(text for text in known["session"].lines if text.startswith("s = ss.Survey"))
    session.names["b"] = session.value(first.removeprefix("s = "))
    try:
        table = session.value(f"b.replicates({name!r}{extra}).replicate_weights()")
        session.do(f"r = s.replicates({name!r}{extra}, mse={mse})")
        session.do(f"e = r{line}")
    except RefusedError as refused:
        report.refused(f"replicates: {refused}")
        return
    got = rows_of(session.names["e"])
    items = plain_items(case["question"], case["columns"])
    items = {
        key: items[key]
        for key in got
        if key in items and any(i and w > 0 for i, w in zip(items[key][2], known["path"][-1]))
    }
    weigh = weigher(case, known)
    try:
        values = np.array([plain_values(items, weigh(column)) for column in table.to_numpy().T]).T
    except (RefusedError, ZeroDivisionError):
        return
    rscales = np.array(table.attrs["rscales"])
    centre = (
        plain_values(items, known["path"][-1])[:, None] if mse else values[:, rscales > 0].mean(axis=1, keepdims=True)
    )
    want = np.sqrt(table.attrs["scale"] * ((values - centre) ** 2 * rscales).sum(axis=1))
    for (key, item), value in zip(items.items(), want):
        if not near(got[key]["se"], value, 1e-6, 1e-7 * plain_size(item, known["path"][-1])):
            report.finding(
                f"replicates {name}",
                f"se of {key}: {got[key]['se']!r}, by hand {float(value)!r}",
                session,
                None,
                [got[key]["se"], float(value)],
            )
            return
    report.count("replicates", len(items))
