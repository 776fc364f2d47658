"""What two samples' answers are held against: formulas of weights, other forms of the same case, everything repeated."""

import numpy as np
from naive import dual_frame

from . import adjustments, oracle, tables
from .columns import KINDS
from .dual_build import ask, build, pooled
from .formulas import recipe_path
from .laws import near
from .repeated import distance
from .session import RefusedError, Session, options_text, rows_of
from .statistics import plain_items, plain_score, plain_size, plain_values

STEP = 1e-4
FAR = 3.0  # sum of how far factors are from 1, beyond which the band says nothing
THETA = ("hartley", "composite", "pml", "cal_df")  # take a θ


def single_set(case):
    """Whether the estimator has one set of weights."""
    return case["estimator"] != "fuller_burmeister" and (case["estimator"] != "hartley" or case["theta"] is not None)


def weights(case, known, report):
    """Weights give the estimates, meet what is known, and are those of the formulas worked here."""
    if not single_set(case):
        return
    session = known["session"]
    final = np.array(session.value(f"d.weights({options_text(known['options'])})"))
    items, size = plain_items(case["question"], pooled(case)), float(np.abs(final).sum())
    if case["question"]["what"] != "quantile":
        for key, value in zip(items, plain_values(items, final)):
            if key in known["answer"] and not near(known["answer"][key]["estimate"], value, 1e-8, 1e-9 * size):
                report.finding(
                    "dual weights", f"{key} is {known['answer'][key]['estimate']!r}, by the weights {value!r}", session
                )
    sizes, own = (
        known["options"].get("frame_sizes", {}),
        np.array(case["a"]["overlap"]["values"] + case["b"]["overlap"]["values"]),
    )
    sums = {"A": final[own != "b"].sum(), "B": final[own != "a"].sum(), "ab": final[own == "ab"].sum()}
    if case["estimator"] in ("pml", "raking_ratio", "cal_sf", "cal_df"):
        for name, N in sizes.items():
            if not near(sums[name], N, 1e-7) and not (case["estimator"] == "raking_ratio" and name == "ab"):
                report.finding("dual sizes", f"weights of {name} sum to {sums[name]!r}, known is {N!r}", session)
    want = by_hand(case, known)
    if want is not None and not np.allclose(final, want, rtol=1e-8):
        report.finding(
            "dual formula", "weights are not those of the formula", session, None, [final.tolist(), want.tolist()]
        )
    report.count("dual weights", len(items) + len(sizes) + (0 if want is None else len(want)))


def by_hand(case, known):
    """Weights of the estimators that need no solution."""
    w = np.concatenate([path[-1] for path in known["path"]])
    n = len(known["path"][0][0])
    own = np.array(case["a"]["overlap"]["values"] + case["b"]["overlap"]["values"])
    first, both = np.arange(len(w)) < n, own == "ab"
    theta = {"multiplicity": 0.5, "screening": 1.0}.get(case["estimator"]) if case["theta"] is None else case["theta"]
    if case["estimator"] in ("hartley", "composite", "multiplicity", "screening") and theta is not None:
        return w * np.where(both, np.where(first, theta, 1 - theta), 1.0)
    if case["estimator"] == "single_frame":
        pA, pB = (np.array(case["a"][c]["values"] + case["b"][c]["values"]) for c in ("pA", "pB"))
        mine, other = np.where(first, pA, pB), np.where(first, pB, pA)
        return w * np.where(both, mine / (mine + other), 1.0)
    return None


def naive(case, known, report):
    """Estimates and errors of the second implementation, through every adjustment of both samples."""
    if case["question"]["what"] == "quantile":
        return
    frames = {}
    try:
        for f, steps, path in zip("ab", known["steps"], known["path"]):
            passed = []
            for step, before, after in zip(steps, path, path[1:]):
                if step["method"] == "recipe":
                    within = recipe_path(known["session"].names[f"data_{f}"], step, before)[0]
                    passed += oracle.recipe_passes(case[f], step, within)
                else:
                    passed.append(oracle.passes(case[f], step, before, after))
            design = oracle.frame(case[f], case[f"design_{f}"], path[-1])
            frames[f.upper()] = {
                "design": design,
                "overlap": [float(v == "ab") for v in case[f]["overlap"]["values"]],
                "pi": list(zip(case[f]["pA"]["values"], case[f]["pB"]["values"])),
                "base": path[0].tolist(),
                "steps": passed,
            }
    except oracle.SkipError:
        return
    options, sizes = {"estimator": case["estimator"], "theta": case["theta"]}, known["options"].get("frame_sizes")
    if case["estimator"] in ("raking_ratio", "pml", "cal_sf", "cal_df"):
        options["frame_sizes"] = sizes
    counted, n = 0, len(frames["A"]["overlap"])
    searched = case["estimator"] in ("hartley", "fuller_burmeister") and case["theta"] is None
    for key, (y, x, inside) in plain_items(case["question"], pooled(case)).items():
        if key not in known["answer"] or (searched and counted > 2):  # a search for θ takes long
            continue
        given = (frames, y) if x is None else (frames, y, x)
        value, score = (dual_frame.total if x is None else dual_frame.ratio)(*given, domain=inside, **options)
        for f, part in (("A", slice(0, n)), ("B", slice(n, None))):
            frames[f]["design"]["speaks"] = (inside[part], inside[part])
        row, se = known["answer"][key], float(np.sqrt(max(dual_frame.variance_of(frames, score), 0.0)))
        w = np.concatenate([path[-1] for path in known["path"]])
        size = plain_size((y, x, inside), w) + abs(value)
        for field, want, slack in (("estimate", value, 1e-8), ("se", se, 1e-6)):
            if not near(row[field], want, 1e-6, slack * size):
                message = f"{field} of {key}: {row[field]!r}, want {float(want)!r}"
                report.finding(f"naive {field}", message, known["session"], None, [row[field], want])
                return
        counted += 2
    report.count("naive", counted)


def check(name):
    """The function (case, known, report) of a check."""
    own = {"weights": weights, "naive": naive, "repeated": derivative, "replicates": replicates}
    return own.get(name) or (lambda *given: changed(name, *given))


def changed(name, case, known, report):
    """Frames interchanged, rows in another order, weights in another unit, plain columns: the same answer."""
    other, scale = dict(case), 1.0
    if name == "swap":
        other |= {"a": _flip(case["b"], "b"), "b": _flip(case["a"], "a"), "flip": not case.get("flip")}
        for part in ("design", "plans"):
            other |= {f"{part}_a": case[f"{part}_b"], f"{part}_b": case[f"{part}_a"]}
        theta = case["theta"] if case["theta"] is not None else 1.0 if case["estimator"] == "screening" else None
        other["theta"] = None if theta is None else 1 - theta
    elif name == "order":
        for frame in "ab":
            rows = np.random.default_rng(case["salt"]).permutation(len(case[frame]["v"]["values"]))
            other[frame] = tables.take(case[frame], rows.tolist())
    elif name == "scale":
        if any("weight" not in case[f"design_{f}"] or "w" not in case[f] for f in "ab"):
            return
        steps = [step for f in "ab" for plan in case[f"plans_{f}"] for step in plan.get("steps", [])]
        if any(step.get("to") == "n" for step in steps):  # it has lost its unit, and the other sample may not
            return
        for frame in "ab":
            w = case[frame]["w"]
            other[frame] = case[frame] | {"w": {"values": [type(v)(4 * v) for v in w["values"]], "kind": w["kind"]}}
        scale = 4.0 if case["question"]["what"] == "total" else 1.0
    else:
        for frame in "ab":
            other[frame] = {c: _plain(c, column, case) for c, column in case[frame].items()}
        other["table"] = "pandas"
    session = Session()
    try:
        answer = ask(other, session, build(other, session))
    except RefusedError as refused:
        report.finding(name, f"answered in one form, refused in the other: {refused}", known["session"], session)
        return
    if KINDS[case["a"]["v"]["kind"]].holds == "bool" and case["question"]["what"] == "proportion":
        answer = {key: row for key, row in answer.items() if key in known["answer"]}
    loose = 1e-6 if case["estimator"] in ("hartley", "fuller_burmeister", "pml", "cal_df") else 1e-7
    for key in known["answer"].keys() | answer.keys():
        first, second = known["answer"].get(key), answer.get(key)
        if first is None or second is None:
            if (first or second)["estimate"] != 0:
                report.finding(name, f"the row {key} is in one answer only", known["session"], session)
                return
            continue
        for field in first:
            factor = scale if field in ("estimate", "se", "lower", "upper") else 1.0
            if not near(
                factor * first[field],
                second[field],
                loose,
                loose * factor * (abs(first["estimate"]) + abs(first["se"])),
            ):
                report.finding(
                    name,
                    f"{field} of {key}: {factor * first[field]!r} and {second[field]!r}",
                    known["session"],
                    session,
                )
                return
    report.count(name, sum(len(row) for row in answer.values()))


def _flip(columns, frame):
    """A sample of one frame as one of the other."""
    other = {"a": "b", "b": "a"}[frame]
    own = [other if v == frame else v for v in columns["overlap"]["values"]]
    return columns | {"overlap": {"values": own, "kind": "str"}, "pA": columns["pB"], "pB": columns["pA"]}


def _plain(name, column, case):
    q = case["question"]
    numeric = q["what"] in ("total", "mean", "ratio", "quantile") and name in (q["y"], q.get("den"))
    if KINDS[column["kind"]].holds == "text":
        return {"values": column["values"], "kind": "object text"}
    if name in ("h", "c"):
        return column
    if name == "v" and not numeric:
        return {"values": [f"~{float(v)!r}" for v in column["values"]], "kind": "object text"}
    return {"values": [float(v) for v in column["values"]], "kind": "float64"}


# ------------------------------------------------------------------------------------------ the weighting, repeated
def weigher(case, known):
    """Function from the base weights of both samples to final weights; θ is what the case says."""
    session = Session()
    for frame in "ab":
        session.names[f"data_{frame}"] = known["session"].names[f"data_{frame}"]
    n, options = len(known["path"][0][0]), options_text(known["options"])
    first = np.concatenate([np.asarray(path[0], float) for path in known["path"]])

    def weigh(base):
        copies = np.divide(base, first, out=np.zeros(len(base)), where=first > 0)
        for frame, rows, steps in (("a", slice(n), known["steps"][0]), ("b", slice(n, None), known["steps"][1])):
            session.names["data"], w = known["session"].names[f"data_{frame}"], base[rows]
            for step in steps:
                w = adjustments.weighed_again(session, step, w, copies[rows])
            session.names[f"w_{frame}"] = w
        d = "ss.DualFrameSurvey(ss.Survey(data_a, weight=w_a), ss.Survey(data_b, weight=w_b), probability=('pA', 'pB'))"
        return np.array(session.value(f"{d}.weights({options})"))

    return weigh


def pinned(case):
    """Whether the estimator decides nothing from the sample."""
    steps = [s for f in "ab" for plan in case[f"plans_{f}"] for s in plan.get("steps", [])]
    free = case["estimator"] in THETA and case["theta"] is None
    return (
        not free
        and single_set(case)
        and not any(s.get("theta") == "effective" or s.get("minimum", 1) > 1 for s in steps)
    )


def derivative(case, known, report):
    """Errors from derivatives by the base weights of both samples, everything repeated."""
    plans = [p for f in "ab" for p in case[f"plans_{f}"]]
    covariance = any("covariance" in p for p in plans)
    if not pinned(case) or case["question"]["what"] == "quantile" or covariance:
        return
    if any(step["step"] == "Trim" or step.get("to") == "n" for plan in plans for step in plan.get("steps", [])):
        return  # what a respondent adds there by being one more is in no derivative by the weights
    weigh, base = weigher(case, known), np.concatenate([path[0] for path in known["path"]])
    n = len(known["path"][0][0])
    items = {key: item for key, item in plain_items(case["question"], pooled(case)).items() if key in known["answer"]}
    slopes = np.zeros((len(items), len(base)))
    for k in np.flatnonzero(base > 0):
        up, down = (
            plain_values(items, weigh(base * (1 + sign * STEP * (np.arange(len(base)) == k)))) for sign in (1, -1)
        )
        slopes[:, k] = (up - down) / (2 * STEP)
    frames = [oracle.frame(case[f], case[f"design_{f}"], path[0]) for f, path in zip("ab", known["path"])]
    final = weigh(base)
    away = sum(distance({"steps": s, "path": p}) for s, p in zip(known["steps"], known["path"]))
    solved = case["estimator"] == "raking_ratio"
    w = np.concatenate([path[-1] for path in known["path"]])
    away += 3 * float(np.ptp((final / np.where(w > 0, w, 1.0))[w > 0])) if solved else 0.0
    if away > FAR:
        report.refused(
            "repeated: factors far from 1, where regressions before and after a raking have little in common"
        )
        return
    for (key, item), slope in zip(items.items(), slopes):
        V, size = 0.0, 0.0
        z = np.array(plain_score(item, final)) * final
        for part, design in ((slice(0, n), frames[0]), (slice(n, None), frames[1])):
            own, plain = slope[part].tolist(), z[part].tolist()
            design = design | {"speaks": (item[2][part], item[2][part])}
            V += oracle.variance.of_values(own, own, design)
            size += oracle.variance.of_values(plain, plain, design)
        got, want, size = (
            known["answer"][key]["se"],
            float(np.sqrt(max(V, 0.0))),
            np.sqrt(max(size, 0.0)) + 1e-4 * np.linalg.norm(z),
        )
        size += 1e-6 * plain_size(item, final)
        if not abs(got - want) <= 3e-4 * (size + want) + away * max(size, float(np.linalg.norm(z))):
            report.finding(
                "repeated", f"se of {key}: {got!r}, derivatives of the whole weighting give {want!r} (g up to {away:.2g} away)",
                known["session"], None, [got, float(want)],
            )  # fmt: skip
            return
    report.count("repeated", len(items))


def replicates(case, known, report):
    """Delete-one replicates of both samples by hand."""
    plans = [p for f in "ab" for p in case[f"plans_{f}"]]
    other = any(
        "covariance" in p
        or p.get("trim")
        or any(s["step"] == "Trim" or s.get("trim", (None, None)) != (None, None) for s in p.get("steps", []))
        for p in plans
    )
    if not pinned(case) or case["question"]["what"] == "quantile" or other:
        return
    session = Session()
    session.names |= {k: v for k, v in known["session"].names.items() if k in ("d", "data_a", "data_b")}
    session.lines += known["session"].lines[:-1]
    try:
        session.do("r = d.replicates('jkn', mse=True)")
        session.do(known["session"].lines[-1].replace("e = d", "e = r"))
        got = rows_of(session.names["e"])
        weigh, base = weigher(case, known), np.concatenate([path[0] for path in known["path"]])
        items = {key: item for key, item in plain_items(case["question"], pooled(case)).items() if key in got}
        want = np.sqrt(_jackknife(case, known, lambda b: plain_values(items, weigh(b)), base))
    except (RefusedError, ZeroDivisionError):
        return
    for (key, _), value in zip(items.items(), want):
        if not near(got[key]["se"], value, 1e-6, 1e-7 * abs(got[key]["estimate"])):
            report.finding(
                "dual jackknife",
                f"se of {key}: {got[key]['se']!r}, by hand {value!r}",
                session,
                None,
                [got[key]["se"], float(value)],
            )
            return
    report.count("replicates", len(items))


def _jackknife(case, known, statistic, base):
    n, total = len(known["path"][0][0]), 0.0
    for frame, part in (("a", slice(0, n)), ("b", slice(n, None))):
        design = oracle.frame(case[frame], case[f"design_{frame}"], known["path"]["ab".index(frame)][0])

        def put(own, part=part):
            full = base.copy()
            full[part] = own
            return full

        total = total + oracle.adjusted.jackknife(statistic, put, design)
    return total
