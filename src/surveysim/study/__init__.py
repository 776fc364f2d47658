"""A survey as a specification: one run of it, many runs of it, and how well it did.

Examples
--------
>>> import pandas as pd, surveysim as ss
>>> keys = {"study": {"repetitions": 50}, "sample": {"n": 25}}
>>> keys["estimands"] = [{"name": "share", "numerator": "works"}]
>>> study = ss.Study(keys, table=pd.DataFrame({"works": [1] * 60 + [0] * 40}))
>>> study.dry_run()["repetitions"]
50
>>> _ = study.run("results", progress=False)
>>> study.status("results")[["scenario", "done", "wanted"]].values.tolist()
[['base', 50, 50]]
>>> study.result("results").to_frame(["estimate"])["estimate"].between(0, 1).all().item()
True
>>> table, survey = study.replay("base", 7)
>>> len(table), survey.weight.sum().item()
(25, 100.0)
"""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(
    __name__,
    {
        "budget": "ErrorBudget error_budget",
        "monte_carlo": "Study",
        "judging": "bootstrap_coverage compare performance repetitions_needed",
        "results": "StudyResult",
        "solver": "Solution solve_design",
        "spec": "SurveySpec",
        "survey": "SurveyRun",
    },
)
