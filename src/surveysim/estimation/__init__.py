"""Estimates with design-based errors from a table and its weights. Never sees the population.

Examples
--------
>>> import pandas as pd, surveysim as ss
>>> table = pd.DataFrame({"sex": list("ffmm") * 5, "online": [1, 0, 1, 1] * 5})
>>> table["hours"] = [4, 0, 3, 5] * 5
>>> survey = ss.Survey(table, weight=[10] * 20)
>>> survey.ratio("hours", "online").table["estimate"].tolist()
[4.0]
>>> survey.poststratify({"sex": {"f": 120, "m": 80}}).total("online").table["estimate"].tolist()
[140.0]
>>> round(survey.independence("sex", "online").p_value, 3)
0.016
"""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(__name__)
