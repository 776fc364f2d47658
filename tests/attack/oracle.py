"""The second implementations' answers for a case, from plain lists: weights, estimates, errors, degrees of freedom."""

from math import fsum

import numpy as np
from naive import adjusted, calibration, independence, intervals, quantiles, raking, recipe, variance  # noqa: F401 - for others

from .adjustments import levels_of


def frame(columns, options, weight):
    """The design as `naive.variance` reads it; `weight` are those before any adjustment."""
    values = {name: c["values"] for name, c in columns.items()}
    lists = {name: _per_stage(options.get(name)) for name in ("strata", "psu", "fpc")}
    made = {"weight": [float(w) for w in weight], "lonely": options.get("lonely_psu", "fail")}
    made |= {name: [values[c] for c in given] for name, given in lists.items() if given}
    if options.get("pps") is not None:
        pi = [float(p) for p in values["p"]]
        made |= {"pps": str(options["pps"]), "pps_variance": options.get("pps_variance", "ht"), "probability": pi}
        if made["pps"] == "joint":
            joint = 0.97 * np.outer(pi, pi)
            np.fill_diagonal(joint, pi)
            made["pps"] = joint.tolist()
    return made


def _per_stage(given):
    return [] if given is None else list(given) if isinstance(given, list) else [given]


def base_weight(columns, options):
    """The weights a Survey starts with: a column, one over probabilities or over fractions, or 1."""
    n = len(columns["v"]["values"])
    if "weight" in options:
        return [float(w) for w in columns[options["weight"]]["values"]]
    if "probability" in options:
        return [1 / float(p) for p in columns["p"]["values"]]
    if "fpc" not in options:
        return [1.0] * n
    design = frame(columns, options, [1.0] * n)
    made = np.ones(n)
    for stage, fpc in enumerate(design["fpc"]):
        groups = [(0,)] * n if "strata" not in design else [(s,) for s in design["strata"][0]]
        for unit in design.get("psu", [])[:stage]:
            groups = [(*g, u) for g, u in zip(groups, unit)]
        units = design["psu"][stage] if "psu" in design else list(range(n))
        for k in range(n):
            inside = {u for u, g in zip(units, groups) if g == groups[k]}
            made[k] *= len(inside) / fpc[k] if fpc[k] > 1 else fpc[k]
    return (1 / made).tolist()


class SkipError(Exception):
    """The second implementations have no answer for this case."""


# -------------------------------------------------------------------------------------------------------- weights
def weights(columns, step, before):
    """Weights after one step that was carried out, a recipe's steps one by one."""
    values = {name: c["values"] for name, c in columns.items()}
    if step["method"] == "recipe":
        raise SkipError
    options, totals = dict(step["options"]), step["totals"]
    options.pop("tol", None)
    by = options.pop("by", None)
    if step["method"] == "poststratify":
        return calibration.poststratify(values, totals, before)
    if step["method"] == "calibrate":
        named = {name: values[options.pop(name)] for name in ("q", "cluster") if name in options}
        if by is not None:
            return (
                calibration.calibrate_by(values, totals, before, values[by], **named, **options)
                if False
                else _by(values, totals, before, by, calibration.calibrate, named, options)
            )
        return calibration.calibrate(values, totals, before, **named, **options)
    are = options.pop("margins_are")
    missing, trim, bounds = options.pop("missing", "fail"), options.pop("trim", None), options.pop("bounds", None)
    if (missing == "level" and (trim or bounds or by)) or (trim and by):
        raise SkipError
    if by is not None:
        found = np.array(before, float)
        for part, own in totals.items():
            rows = [r for r in range(len(before)) if values[by][r] == part]
            inside = {name: [v[r] for r in rows] for name, v in values.items()}
            found[rows] = _raked(inside, own, [before[r] for r in rows], are, missing, trim, bounds)
        return found
    return _raked(values, totals, before, are, missing, trim, bounds)


def _by(values, totals, before, by, method, named, options):
    found = np.array(before, float)
    for part, own in totals.items():
        rows = [r for r in range(len(before)) if values[by][r] == part]
        inside = {name: [v[r] for r in rows] for name, v in values.items()}
        extra = {name: [v[r] for r in rows] for name, v in named.items()}
        found[rows] = method(inside, own, [before[r] for r in rows], **extra, **options)
    return found


def _raked(values, margins, before, are, missing, trim, bounds):
    if missing == "drop":
        before = raking.drop_missing(values, margins, before)
    margins = raking.as_totals(margins, float(np.sum(before)), are)
    if missing == "level":
        values, margins = raking.level_missing(values, margins, before)
    if missing == "drop":  # rows that are left out belong to no level
        keep = [r for r, w in enumerate(before) if w > 0]
        found = np.zeros(len(before))
        inside = {name: [v[r] for r in keep] for name, v in values.items()}
        found[keep] = _raked(inside, margins, [before[r] for r in keep], "totals", "fail", trim, bounds)
        return found
    if bounds is not None:
        if trim is not None:
            raise SkipError
        return raking.rake_clipped(values, margins, before, bounds)
    if trim is not None:
        return raking.rake_trimmed(values, margins, before, *trim)
    return raking.rake(values, margins, before)


# --------------------------------------------------------------------------------------------------------- scores
def passes(columns, step, before, after):
    """A calibration step as `naive.adjusted` reads it."""
    values, options = {name: c["values"] for name, c in columns.items()}, step["options"]
    if options.get("missing") == "level" or "covariance" in options:
        raise SkipError
    parts, n = [(step["totals"], list(range(len(before))))], len(before)
    before = np.array(before, float)
    if options.get("by") is not None:
        levels = levels_of(columns, (options["by"],), range(n))
        parts = [(step["totals"][level], rows) for level, rows in levels.items()]
    shares = options.get("margins_are") == "shares"
    if options.get("missing") == "drop":
        names = {
            name for variable in step["totals"] for name in (variable if isinstance(variable, tuple) else (variable,))
        }
        gone = [any(values[name][r] is None for name in names) for r in range(n)]
        before = np.where(gone, 0.0, before)
    blocks, follow = [], []
    for totals, rows in parts:
        x, target = calibration.calibration_variables(values, totals)
        if options.get("cluster") is not None:
            own = values[options["cluster"]]
            x = np.array([np.mean([x[j] for j in range(n) if own[j] == own[k]], axis=0) for k in range(n)])
        inside = np.isin(np.arange(n), rows)
        blocks.append(x * inside[:, None])
        sums = np.concatenate([np.full(len(t), sum(t.values())) for t in totals.values()]) if shares else None
        follow.append((inside & (before > 0))[:, None] * (target / sums) if shares else np.zeros_like(x))
    made = {"before": before, "after": after, "x": np.hstack(blocks), "follow": np.hstack(follow)}
    distance = "linear" if step["method"] == "poststratify" else options.get("method", "raking")
    made["distance"] = distance, options.get("bounds") or (-np.inf, np.inf)
    if options.get("trim"):
        if options.get("by") is not None:
            raise SkipError
        are, missing = options.get("margins_are", "totals"), options.get("missing", "fail")
        free = _raked(values, step["totals"], before.tolist(), are, missing, None, None)
        if np.allclose(free, after, rtol=3e-6, atol=0.0):  # nobody was cut, whoever stands at a bound
            return made
        made |= {"cut": _held(before, np.asarray(after), *options["trim"]), "mean_follows": shares}
        made["wanders"] = len(step["totals"]) > 1 or None not in options["trim"]  # who was cut once may end inside
        made["inside"] = bool(np.any(_beyond(before, np.asarray(free), *options["trim"]) & ~made["cut"]))
    if options.get("q") is not None:
        made["q"] = values[options["q"]]
    return made


def _beyond(before, free, least, most):
    """Rows that a raking without trimming leaves outside of the bounds."""
    of_mean = free / (fsum(free) / (before > 0).sum())
    low, high = -np.inf if least is None else least, np.inf if most is None else most
    return (before > 0) & ((of_mean < low) | (of_mean > high))


def _held(before, after, least, most):
    """Rows that trimming holds at a bound; they are known to 1e-6 of it."""
    inside = before > 0
    of_mean = after / (fsum(after) / inside.sum())
    beside = np.min([np.abs(of_mean / bound - 1) for bound in (least, most) if bound is not None], axis=0)
    if np.any(inside & (beside > 1e-6) & (beside < 4e-6)):
        raise SkipError
    return inside & (beside < 2e-6)


def recipe_weights(columns, own, before, dispositions):
    """Weights after one step of a recipe."""
    values, name = {c: v["values"] for c, v in columns.items()}, own["step"]
    if name == "BaseWeight":
        return values["w"]
    if name == "Selection":
        return recipe.selection(values | {"unit_probability": values["pi"]}, before)
    if name == "Multiplicity":
        return recipe.multiplicity(values, before)
    if name == "Subsample":
        return recipe.subsample(values, before, **_second_phase(values, own["options"]))
    if name == "Composite":
        return recipe.composite(values, before, own["theta"])
    if name == "NonresponseClasses":
        return recipe.nonresponse_classes(values, before, dispositions.to_dict("records"), (own["by"],), own["e"])
    if name == "Scale":
        return recipe.scale(list(before), own["to"])
    if name == "Trim":
        if own["options"].get("rule") == "potter":  # rounds of bisections take half a minute; the naive tests have it
            raise SkipError
        return recipe.trim(list(before), **own["options"])
    if name in ("Calibrate", "Poststratify"):
        return getattr(calibration, name.lower())(values, own["totals"], before)
    if own["minimum"] > 1:
        raise SkipError
    trim = None if own["trim"] == (None, None) else own["trim"]
    return _raked(values, own["totals"], before, own["options"]["margins_are"], "fail", trim, None)


def _second_phase(values, options):
    """Classes, or the rate of every row."""
    rate = options.get("rate")
    return {"by": (options["by"],)} if "by" in options else {"rate": values[rate] if isinstance(rate, str) else rate}


def _handed_on(values, before, after, options):
    """A second phase as `naive.adjusted` reads it: a calibration of those subsampled to what their class and those left out of it weigh."""
    made = {"before": np.asarray(before, float), "after": np.asarray(after, float)}
    if "rate" in options:
        return made
    phase = np.array(values["phase"])
    own = values[options["by"]] if "by" in options else [0] * len(phase)
    classes = np.array([[level == other for other in dict.fromkeys(own)] for level in own], float)
    return made | {"x": classes * (phase == 2)[:, None], "follow": classes * (phase != 1)[:, None]}


def recipe_passes(columns, step, path):
    """The steps of a recipe; `path` are the weights before the first and after each."""
    made = []
    for own, before, after in zip(step["steps"], path, path[1:]):
        if own["step"] == "Composite" and own["theta"] == "effective":
            raise SkipError
        if own["step"] == "Rake":
            if own["minimum"] > 1:
                raise SkipError
            options = {"margins_are": own["options"]["margins_are"]}
            options |= {} if own["trim"] == (None, None) else {"trim": own["trim"]}
            raked = {"method": "rake", "totals": own["totals"], "options": options}
            made.append(passes(columns, raked, before, after))
        elif own["step"] == "Subsample":
            values = {name: c["values"] for name, c in columns.items()}
            made.append(_handed_on(values, before, after, own["options"]))
        elif own["step"] in ("Calibrate", "Poststratify"):
            met = {"method": own["step"].lower(), "totals": own["totals"], "options": {"method": "linear"}}
            made.append(passes(columns, met, before, after))
        elif own["step"] == "Trim" or own.get("to") == "n":  # not by calibration variables: left to derivatives
            raise SkipError
        elif own["step"] == "Scale":  # to one total
            ones = (np.asarray(before) != 0).astype(float)[:, None]
            held = {"x": ones, "follow": np.zeros_like(ones), "distance": ("linear", (-np.inf, np.inf))}
            made.append({"before": np.asarray(before), "after": np.asarray(after)} | held)
        elif own["step"] != "BaseWeight":  # the base weights are the design's
            made.append({"before": before, "after": after})
    return made


def differentiated(steps):
    """The same chain with regressions weighted by the derivatives of the weights by the multipliers: after the step for raking.

    What the derivative of the estimate by the weights before has, to the last digit; with the weights before in their place, which
    is the usual estimate, it has as many digits as the factors are near 1 (Deville & Särndal 1992, section 3).
    """
    made = []
    for step in steps:
        if "distance" in step:
            before, after = np.asarray(step["before"], float), np.asarray(step["after"], float)
            g = np.divide(after, before, out=np.zeros(len(before)), where=before != 0)
            step = step | {"q": _speed(g, *step["distance"]) * np.asarray(step.get("q", 1.0), float), "still": True}
        made.append(step)
    return made


def _speed(g, distance, bounds):
    """F' where F is g; 0 at a bound."""
    low, high = bounds
    if distance == "logit":
        return (g - low) * (high - g)
    inside = (g > low * (1 + 1e-8)) & (g < high * (1 - 1e-8)) if high < np.inf else np.ones(len(g), bool)
    return np.where(inside, g if distance == "raking" else 1.0, 0.0)


def standard_error(score, steps, design, inside):
    """By the chain of steps and the design, of a score of the rows `inside` a domain; NaN where the variance is negative."""
    values = adjusted.weighted_score(score, steps, design["weight"]).tolist()
    found = variance.of_values(values, values, design | {"speaks": (inside, inside)})
    plain = np.asarray(design["weight"]) * np.asarray(score)
    if -max(1e-9 * float(np.dot(values, values)), 1e-20 * float(np.dot(plain, plain))) < found <= 0:
        return 0.0  # rounding
    return float(np.sqrt(found)) if found >= 0 else float("nan")
