"""Rake a table of respondents to two margins and estimate with the calibrated variance.

Run: python examples/rake_a_table.py
"""

# %%
import numpy as np
import pandas as pd

import surveysim as ss

# %%
rng = np.random.default_rng(2024)
n = 1200
table = pd.DataFrame(
    {
        "sex": rng.choice(["male", "female"], n, p=[0.45, 0.55]),
        "age": rng.choice(["6-29", "30-59", "60+"], n, p=[0.3, 0.5, 0.2]),
        "stratum": np.repeat(np.arange(12), 100),
        "weight": 1000.0,
    }
)
table["online"] = rng.random(n) < np.where(table["age"] == "60+", 0.55, 0.9)

margins = {"sex": {"male": 51.1, "female": 48.9}, "age": {"6-29": 33.0, "30-59": 45.0, "60+": 22.0}}
cal = ss.rake(table, margins, weight="weight")
print(cal.summary())
print(cal.margins[["margin", "level", "target", "before", "after"]].round(0).to_string(index=False))
for name, weight in (("design weight", "weight"), ("raked", cal)):
    row = ss.Survey(table, weight=weight, strata="stratum").proportion("online").to_frame().iloc[0]
    print(
        f"{name:14} {100 * row.estimate:.2f} % ± {100 * row.moe:.2f}, interval {100 * row.lower:.2f} to {100 * row.upper:.2f}"
    )

try:
    ss.rake(table.assign(sex=table["sex"] + " "), margins, weight="weight")
except ss.CalibrationError as error:
    print("refused:", error)
