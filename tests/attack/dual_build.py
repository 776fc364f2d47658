"""From a case of two samples to the lines that make them: samples, adjustments, what is known of the frames, the question."""

import numpy as np

from . import adjustments
from .columns import table_text
from .session import options_text, rows_of
from .statistics import question_text


def survey_lines(session, case, frame):
    """The two lines of one sample and its adjustments: base weights, steps, weights on the way."""
    session.do(f"data = {table_text(case[frame], case['table'])}")
    session.do(f"s = ss.Survey(data, {options_text(case[f'design_{frame}'])})")
    path, steps = [np.array(session.names["s"].weight)], []
    for k, plan in enumerate(case[f"plans_{frame}"]):
        if f"realised_{frame}" in case:
            steps.append(case[f"realised_{frame}"][k])
            adjustments.again(session, steps[-1])
        else:
            steps.append(adjustments.carry_out(session, case[frame], plan, path[-1]))
        path.append(np.array(session.names["s"].weight))
    session.do(f"{frame}, data_{frame} = s, data")
    return steps, path


def sizes_of(case, weight_a, weight_b):
    """Frame sizes near what the samples say; `flip` is the case with the frames interchanged."""
    of = {}
    for frame, weight in (("a", weight_a), ("b", weight_b)):
        own = case[frame]["overlap"]["values"]
        of[frame] = sum(w for w, d in zip(weight, own) if d != "ab"), sum(w for w, d in zip(weight, own) if d == "ab")
    both = (of["a"][1] + of["b"][1]) / 2
    names = {"a": "b", "b": "a"} if case.get("flip") else {"a": "a", "b": "b"}
    N = {f.upper(): (of[f][0] + both) * adjustments.factor(case["salt"], case["spread"], names[f]) for f in "ab"}
    N["ab"] = min(both * adjustments.factor(case["salt"], case["spread"], "both"), 0.95 * min(N["A"], N["B"]))
    keep = {"none": (), "A and B": ("A", "B"), "ab": ("ab",), "all": ("A", "B", "ab")}[case["ladder"]]
    return {name: float(N[name]) for name in keep}


def options_of(case, sizes):
    options = {"estimator": case["estimator"]}
    if case["theta"] is not None:
        options["theta"] = case["theta"]
    if sizes:
        options["frame_sizes"] = sizes
    return options


def build(case, session):
    """Both samples and the DualFrameSurvey `d`; what is known of them and the options of the estimator."""
    steps_a, path_a = survey_lines(session, case, "a")
    steps_b, path_b = survey_lines(session, case, "b")
    session.do("d = ss.DualFrameSurvey(a, b, probability=('pA', 'pB'))")
    sizes = case.get("sizes") or sizes_of(case, path_a[-1], path_b[-1])
    return {"steps": (steps_a, steps_b), "path": (path_a, path_b), "options": options_of(case, sizes)}


def pooled(case):
    """The columns of both samples one below the other."""
    return {
        name: {**c, "values": c["values"] + case["b"][name]["values"]}
        for name, c in case["a"].items()
        if name in case["b"]
    }


def ask(case, session, known):
    q = case["question"] | {"options": case["question"]["options"] | known["options"]}
    session.do(f"e = {question_text(q, case['a'], 'd')}")
    return rows_of(session.names["e"])
