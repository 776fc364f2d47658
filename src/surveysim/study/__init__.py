"""Many runs of a survey, or many samples from a table: what varies, what is estimated how, and how well it did.

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

__getattr__, __dir__ = on_demand(__name__)
