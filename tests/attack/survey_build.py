"""From a case of the main family to the lines that make its survey, adjust it and ask the question."""

import numpy as np

from . import adjustments, designs
from .session import Session, options_text, rows_of, table_of
from .statistics import question_text


def build(case, session=None):
    """Run a case's table, survey and adjustments: session, base weights, steps that were carried out, the weights on the way."""
    session = Session() if session is None else session
    table_of(session, case)
    if str(case["design"].get("pps")) == "joint":
        session.do(designs.JOINT)
    session.do(f"s = ss.Survey({', '.join(part for part in ('data', options_text(case['design'])) if part)})")
    path, steps = [np.array(session.names["s"].weight)], []
    for k, plan in enumerate(case["plans"]):
        if "realised" in case:
            steps.append(case["realised"][k])
            adjustments.again(session, steps[-1])
        else:
            steps.append(adjustments.carry_out(session, case["columns"], plan, path[-1]))
        path.append(np.array(session.names["s"].weight))
    return session, steps, path


def ask(case, session):
    """Ask the question: {key: numbers}."""
    session.do(f"e = {question_text(case['question'], case['columns'])}")
    e = session.names["e"]
    if case["question"]["what"] == "independence":
        return {("independence", "", ()): {"estimate": e.statistic, "p": e.p_value, "df": float(np.ravel(e.df)[-1])}}
    return rows_of(e)
