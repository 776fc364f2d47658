"""Random adjustments of the weights. What is drawn is a plan (which margins, how far from the sample); totals follow from the table
and the weights at hand when the plan is carried out, so that a case stays possible when rows are taken away.

A step that was carried out is a dictionary: method "rake", "calibrate", "poststratify" or "recipe", totals, options, and for recipes
the source of every step beside its own dictionary.
"""

import zlib
from math import fsum

import numpy as np

from .columns import canonical
from .session import Source, options_text
from .tables import numbers, whole

ADJUSTMENTS = ("none", "rake", "shares", "calibrate", "poststratify", "recipe", "chain")
RECIPE_STEPS = ("BaseWeight", "Selection", "Multiplicity", "NonresponseClasses", "Composite", "Rake")
LATER = ("Calibrate", "Trim", "Poststratify", "Scale")  # drawn apart, so that cases keep their numbers
TRIMS = (
    {"most": 2.5}, {"most": 2.0, "least": 0.4}, {"rule": "median", "most": 3.0}, {"rule": "iqr", "most": 2.0},
    {"rule": "potter", "most": 2.0}, {"most": 2.0, "redistribute": False},
)  # fmt: skip


def plans(rng, columns, options, kind):
    """A list of plans for one of ADJUSTMENTS, and the columns they need added to `columns`."""
    if kind == "none":
        return []
    if kind != "chain":
        return [_plan(rng, columns, options, kind, first=True)]
    count = int(rng.choice([2, 2, 3]))
    kinds = [str(rng.choice(["rake", "rake", "shares", "calibrate", "poststratify", "recipe"])) for _ in range(count)]
    return [_plan(rng, columns, options, k, first=i == 0) for i, k in enumerate(kinds)]


def _plan(rng, columns, options, kind, first):
    whole_columns = [c for c in ("g", "k") if None not in columns[c]["values"]]
    holes = None in columns["v"]["values"]
    levels = len(set(columns["v"]["values"]))
    categories = whole_columns + (["v"] if not holes and levels <= 5 else [])
    plan = {
        "kind": kind,
        "salt": int(rng.integers(1 << 30)),
        "spread": float(rng.choice([0.0, 0.03, 0.2], p=[0.35, 0.35, 0.3])),
    }
    if kind in ("rake", "shares"):
        if holes and levels <= 6 and rng.random() < 0.6:
            plan["missing"] = str(rng.choice(["level", "drop"]))
            categories = [*categories, "v"]
        picked = [str(c) for c in rng.permutation(categories)[: rng.integers(1, len(categories) + 1)]]
        if "missing" in plan and "v" not in picked:
            picked = ["v", *picked[:1]]
        plan["margins"] = [(p,) for p in picked]
        if rng.random() < 0.2 and len(whole_columns) == 2:
            plan["margins"] = [("g", "k"), *[m for m in plan["margins"] if m == ("v",)]]
        if rng.random() < 0.15 and "k" in whole_columns and "missing" not in plan:
            plan |= {"by": "k", "margins": [m for m in plan["margins"] if "k" not in m] or [("g",)]}
            if "g" not in whole_columns and plan["margins"] == [("g",)]:
                del plan["by"]
        modifier = rng.random()
        if modifier < 0.15:
            plan["trim"] = [(0.3, 3.0), (None, 2.0), (0.5, 1.8)][rng.integers(3)]
        elif modifier < 0.25:
            plan["bounds"] = [(0.2, 4.0), (0.6, 1.7)][rng.integers(2)]
        plan["percent"] = bool(rng.random() < 0.3)
    if kind == "calibrate":
        plan["categories"] = [str(c) for c in rng.permutation(categories)[: rng.integers(0, 3)]]
        plan["numeric"] = [
            str(c) for c in rng.permutation(["m", "x"])[: rng.integers(0 if plan["categories"] else 1, 3)]
        ]
        plan["method"], plan["bounds"] = [
            ("linear", None), ("linear", None), ("raking", None), ("logit", (0.3, 3.0)), ("truncated", (0.2, 3.0)), ("linear", (0.3, 2.5)),
        ][rng.integers(6)]  # fmt: skip
        if rng.random() < 0.2:
            columns["q"] = numbers(np.round(rng.uniform(0.5, 2, len(columns["v"]["values"])), 3))
            plan["q"] = "q"
        if rng.random() < 0.12 and "k" in whole_columns:
            plan |= {"by": "k", "categories": [c for c in plan["categories"] if c != "k"]}
            plan["numeric"] = plan["numeric"] or ["m"]
        elif rng.random() < 0.12:
            plan["covariance"] = float(rng.choice([0.01, 0.05]))
        if (
            first
            and "weight" not in options
            and "probability" not in options
            and "psu" in options
            and rng.random() < 0.5
        ):
            plan["cluster"] = "c"
    if kind == "poststratify":
        plan["variable"] = [str(rng.choice(categories))] if rng.random() < 0.7 or len(whole_columns) < 2 else ["g", "k"]
    if kind == "recipe":
        steps = _recipe(rng, columns, options, whole_columns, first)
        steps = _second_phase(np.random.default_rng((plan["salt"], 2)), columns, steps, whole_columns)
        plan["steps"] = _later(np.random.default_rng(plan["salt"]), steps, whole_columns)
    return plan


def _recipe(rng, columns, options, categories, first):
    n, steps = len(columns["v"]["values"]), []
    if first and options.get("weight") == "w" and rng.random() < 0.3:
        steps.append({"step": "BaseWeight"})
    wanted = [s for s in RECIPE_STEPS[1:] if rng.random() < 0.4] or [str(rng.choice(RECIPE_STEPS[1:]))]
    for name in wanted:
        step = {"step": name}
        if name == "Selection":
            columns["pi"] = numbers(np.round(rng.uniform(0.2, 1.0, n), 3))
        if name in ("Multiplicity", "Composite") and "frame" not in columns:
            landline = rng.random(n) < 0.5
            landline[:2] = [True, False]
            kind = str(rng.choice(["str", "category text"]))
            columns["frame"] = {"values": ["landline" if v else "mobile" for v in landline], "kind": kind}
            if kind == "category text":
                columns["frame"]["levels"] = (
                    ["landline", "mobile", "fax"] if rng.random() < 0.3 else ["mobile", "landline"]
                )
            own = np.where(rng.random(n) < 0.6, "ab", np.where(landline, "a", "b"))
            columns["domain"] = {"values": own.tolist(), "kind": "str"}
            columns["n_mobile"] = whole(np.where(landline, rng.integers(0, 3, n), rng.integers(1, 4, n)), "int8")
            columns["n_lines"] = whole(np.where(landline, rng.integers(1, 3, n), rng.integers(0, 2, n)), "int8")
            columns["n_eligible"] = whole(np.where(landline, rng.integers(1, 5, n), 0), "int8")
        if name == "Composite":
            step["theta"] = float(np.round(rng.uniform(0, 1), 2)) if rng.random() < 0.8 else "effective"
        if name == "NonresponseClasses":
            step["by"] = "g" if "g" in categories else "frame" if "frame" in columns else None
            step |= {"e": float(rng.choice([0.0, 0.3, 1.0])), "salt": int(rng.integers(1 << 30))}
            if step["by"] is None:
                continue
        if name == "Rake":
            step |= {
                "margins": [(str(c),) for c in rng.permutation(categories)[: rng.integers(1, len(categories) + 1)]]
            }
            step |= {"minimum": int(rng.choice([1, 1, 4])), "salt": int(rng.integers(1 << 30))}
            step["spread"] = float(rng.choice([0.0, 0.03, 0.2]))
            step["shares"] = bool(rng.random() < 0.4)
            step["trim"] = [(None, None), (None, None), (0.3, 3.0), (None, 2.0)][rng.integers(4)]
            if not step["margins"]:
                continue
        steps.append(step)
    if not steps and "pi" not in columns:
        return _recipe(rng, columns, options, categories, first)
    return steps or [{"step": "Selection"}]


def _second_phase(rng, columns, steps, categories):
    """A subsample of nonrespondents before the other steps of a third of the recipes; drawn apart, as later steps are."""
    if rng.random() > 1 / 3:
        return steps
    n = len(columns["v"]["values"])
    phase = rng.choice([1, 1, 2, 2, 2, 0], n)
    step = {"step": "Subsample", "options": {}}
    if categories and rng.random() < 0.5:
        step["options"] = {"by": str(rng.choice(categories))}
    elif rng.random() < 0.5:
        columns["followed"] = numbers(np.round(rng.uniform(0.2, 1.0, n), 2))
        step["options"] = {"rate": [0.4, "followed"][rng.integers(2)]}
    columns["phase"] = whole(phase, str(rng.choice(["int8", "int64"])))
    start = int(steps[0]["step"] == "BaseWeight")
    return [*steps[:start], step, *steps[start:]]


def _later(rng, steps, categories):
    """Steps that come after those of a recipe, in half of the recipes."""
    made = list(steps)
    for name in LATER if rng.random() < 0.5 else ():
        step = {"step": name}
        if rng.random() < 0.5:
            continue
        if name in ("Calibrate", "Poststratify"):
            step |= {"margins": [(str(c),) for c in categories[:1]], "salt": int(rng.integers(1 << 30))}
            step |= {"spread": float(rng.choice([0.0, 0.03, 0.2])), "numeric": bool(rng.random() < 0.5)}
            if not step["margins"]:
                continue
        if name == "Scale":
            step["to"] = [1.25, "n"][rng.integers(2)]  # times the sum
        if name == "Trim":
            step["options"] = TRIMS[rng.integers(len(TRIMS))]
        made.append(step)
    return made


# ------------------------------------------------------------------------------------------------- carrying out
def factor(salt, spread, *names):
    """How far a level's total is from the sample's: the same for the same names, whatever else is in the table."""
    return 1 + spread * (2 * _hash(salt, names) - 1)


def _hash(salt, names):
    """A number from 0 to 1 that goes by what levels mean, not by how they are held."""
    return zlib.crc32(repr((salt, [_plain(name) for name in names])).encode()) / 2**32


def _plain(level):
    return tuple(map(canonical, level)) if isinstance(level, tuple) else canonical(level)


def levels_of(columns, variable, rows):
    """{level: rows}; levels of several columns are tuples; rows with a missing value are left out."""
    found = {}
    for r in rows:
        level = tuple(columns[name]["values"][r] for name in variable)
        if None not in level:
            found.setdefault(level if len(variable) > 1 else level[0], []).append(r)
    return dict(sorted(found.items(), key=lambda item: repr(_plain(item[0]))))


def margins_of(columns, plan, margins, weight, shares, rows=None):
    """{variable: {level: total}} about the sample's, all with one sum; or shares."""
    rows = range(len(weight)) if rows is None else rows
    size = float(fsum(weight[r] for r in rows)) * factor(plan["salt"], plan["spread"], "size")
    made = {}
    for variable in margins:
        levels = levels_of(columns, variable, rows)
        sums = {level: fsum(weight[r] for r in inside) for level, inside in levels.items()}
        sums = {level: float(t) * factor(plan["salt"], plan["spread"], variable, level) for level, t in sums.items()}
        whole_ = fsum(sums.values()) or 1.0  # of a part whose rows have no weight
        scale = (100.0 if plan.get("percent") else 1.0) if shares else size
        made[variable if len(variable) > 1 else variable[0]] = {level: scale * t / whole_ for level, t in sums.items()}
    return made


def carry_out(session, columns, plan, weight):
    """Run one plan on the survey `s` of a session; the step that was carried out."""
    made = realised(session, columns, plan, weight)
    session.do(f"s = s.{call_text(made)}")
    return made


def again(session, made):
    """Run a step that was carried out elsewhere."""
    for line in made.get("lines", ()):
        session.do(line)
    session.do(f"s = s.{call_text(made)}")


def realised(session, columns, plan, weight):
    """The step a plan becomes with these weights."""
    kind, n = plan["kind"], len(weight)
    if kind in ("rake", "shares"):
        by, shares = plan.get("by"), kind == "shares"
        totals = margins_of(columns, plan, plan["margins"], weight, shares)
        if by is not None:
            parts = levels_of(columns, (by,), range(n))
            totals = {
                level: margins_of(
                    columns, plan | {"salt": (plan["salt"], canonical(level))}, plan["margins"], weight, shares, rows
                )
                for level, rows in parts.items()
            }
        options = {name: plan[name] for name in ("by", "trim", "bounds", "missing") if name in plan}
        options |= {"margins_are": "shares" if shares else "totals", "tol": 1e-12}
        return {"method": "rake", "totals": totals, "options": options}
    if kind == "poststratify":
        (totals,) = [margins_of(columns, plan, [tuple(plan["variable"])], weight, False)]
        return {"method": "poststratify", "totals": totals, "options": {}}
    if kind == "calibrate":
        by, rows = plan.get("by"), range(n)
        totals = _calibration_totals(columns, plan, weight, rows)
        if by is not None:
            totals = {
                level: _calibration_totals(columns, plan, weight, inside)
                for level, inside in levels_of(columns, (by,), rows).items()
            }
        options = {"method": plan["method"], "tol": 1e-12}
        options |= {name: plan[name] for name in ("by", "q", "cluster") if name in plan}
        options |= {} if plan["bounds"] is None else {"bounds": plan["bounds"]}
        if "covariance" in plan:
            flat = [t for value in totals.values() for t in (value.values() if isinstance(value, dict) else [value])]
            options["covariance"] = [(plan["covariance"] * t) ** 2 for t in flat]
        return {"method": "calibrate", "totals": totals, "options": options}
    return _realised_recipe(session, columns, plan, weight)


def _calibration_totals(columns, plan, weight, rows):
    totals = {}
    for name in plan["numeric"]:
        values = columns[name]["values"]
        totals[name] = fsum(weight[r] * values[r] for r in rows) * factor(plan["salt"], plan["spread"], name)
    if plan["categories"]:
        totals |= margins_of(columns, plan, [(c,) for c in plan["categories"]], weight, False, rows)
    return totals


def _realised_recipe(session, columns, plan, weight):
    steps, texts, lines = [], [], []
    for step in plan["steps"]:
        name = step["step"]
        before = session.names.get("s") if "margins" in step or "to" in step else None
        if name == "BaseWeight":
            texts.append('weighting.BaseWeight("w")')
        elif name == "Selection":
            texts.append('weighting.Selection("pi")')
        elif name == "Multiplicity":
            texts.append("weighting.Multiplicity()")
        elif name == "Subsample":
            texts.append(f"weighting.Subsample({options_text(step['options'])})")
        elif name == "Composite":
            texts.append(f"weighting.Composite(theta={step['theta']!r})")
        elif name == "NonresponseClasses":
            lines.append(f"dispositions = pd.DataFrame({_dispositions(columns, step)!r})")
            session.do(lines[-1])
            texts.append(f"weighting.NonresponseClasses(by={step['by']!r}, e={step['e']!r})")
        elif name == "Scale" and step["to"] == "n":
            texts.append(f"weighting.Scale(to={step['to']!r})")
        elif name == "Trim":
            texts.append(f"weighting.Trim({options_text(step['options'])})")
        else:
            current = weight
            if texts:
                session.names["_before"] = before
                current = session.value(f"_before.{_recipe_text(texts, steps)}.weight")
            if name == "Scale":
                steps.append({**step, "to": step["to"] * float(fsum(current))})
                texts.append(f"weighting.Scale(to={steps[-1]['to']!r})")
                continue
            totals = margins_of(columns, step, step["margins"], np.asarray(current), step.get("shares", False))
            if name != "Rake":
                if name == "Calibrate" and step["numeric"]:
                    sums = fsum(w * x for w, x in zip(current, columns["m"]["values"]))
                    totals["m"] = sums * factor(step["salt"], step["spread"], "m")
                steps.append({**step, "totals": totals})
                texts.append(f"weighting.{name}({totals!r}{', tol=1e-12' if name == 'Calibrate' else ''})")
                continue
            options = {
                "minimum": step["minimum"],
                "margins_are": "shares" if step["shares"] else "totals",
                "tol": 1e-12,
            }
            options |= {name: value for name, value in zip(("least", "most"), step["trim"]) if value is not None}
            step = {**step, "totals": totals, "options": options}
            texts.append(f"weighting.Rake({totals!r}, {options_text(options)})")
        steps.append(step)
    return {"method": "recipe", "steps": steps, "texts": texts, "lines": lines, "options": {}}


def _dispositions(columns, step):
    """Counts of cases by class; the interviews are the table's rows."""
    levels = levels_of(columns, (step["by"],), range(len(columns["v"]["values"])))
    made = {step["by"]: list(levels), "I": [len(rows) for rows in levels.values()]}
    for name, most in (("P", 0), ("R", 9), ("NC", 6), ("O", 2), ("UH", 12), ("UO", 3), ("NE", 5)):
        made[name] = [int(most * (factor(step["salt"], 1.0, name, level)) / 2) for level in levels]
    return made


def _recipe_text(texts, steps):
    dispositions = ", dispositions" if any(s["step"] == "NonresponseClasses" for s in steps) else ""
    return f"apply(ss.Recipe([{', '.join(texts)}]){dispositions})"


def call_text(made):
    """The call that carries out a step, as a method of a Survey."""
    if made["method"] == "recipe":
        return _recipe_text(made["texts"], made["steps"])
    options = options_text(made["options"])
    return f"{made['method']}({made['totals']!r}{', ' + options if options else ''})"


def weights_text(made, weight="w"):
    """The same by the functions of the library's front, from weights `w` to weights."""
    if made["method"] == "recipe":
        dispositions = "dispositions" if any(s["step"] == "NonresponseClasses" for s in made["steps"]) else "None"
        start = "" if made["texts"][0].startswith("weighting.BaseWeight") else f", weight={weight}"
        again = f"ss.Recipe([{', '.join(made['texts'])}])"
        if not start:  # a recipe that starts from a column starts from other weights in its place
            again = f"ss.Recipe([{', '.join(made['texts'][1:])}])" if len(made["texts"]) > 1 else None
            if again is None:
                return f"{weight}"
            start = f", weight={weight}"
        return f"{again}.apply(data, {dispositions}{start}).final"
    options = options_text({"weight": Source(weight)} | made["options"])
    return f"ss.{made['method']}(data, {made['totals']!r}, {options}).weight"


def weighed_again(session, made, weight, copies=None):
    """Weights (n,) after a step that was carried out, from other weights, in a session that has `data`.

    Where a replicate has some rows several times, `copies` (n,) says how often: that many there are when weights are scaled to n.
    """
    for line in made.get("lines", ()):
        session.quietly(line)
    session.names["w"] = weight
    text = weights_text(made)
    if copies is not None:
        text = text.replace("Scale(to='n')", f"Scale(to={float(copies[weight > 0].sum())!r})")
    return np.array(session.value(text))
