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

from .budget import ErrorBudget as ErrorBudget
from .budget import error_budget as error_budget
from .monte_carlo import Study as Study
from .performance import bootstrap_coverage as bootstrap_coverage
from .performance import compare as compare
from .performance import performance as performance
from .performance import repetitions_needed as repetitions_needed
from .results import StudyResult as StudyResult
from .solver import Solution as Solution
from .solver import solve_design as solve_design
from .spec import SurveySpec as SurveySpec
from .survey import SurveyRun as SurveyRun
