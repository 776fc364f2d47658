"""A Monte Carlo study of sampling alone: three estimators of one proportion, judged over 2,000 samples from a known population.

Run: python examples/one_study.py (a few seconds)
"""

# %%
import numpy as np
import pandas as pd

import surveysim as ss

# %%
rng = np.random.default_rng(55)
people = pd.DataFrame(
    {"region": rng.choice(list("abcde"), 40_000), "age": rng.choice(["6-29", "30-59", "60+"], 40_000)}
)
online = people["age"].map({"6-29": 0.95, "30-59": 0.85, "60+": 0.5})
people["online"] = (rng.random(40_000) < online).astype(int)


def respondents_only(sample):
    """A plug-in: people aged 60+ answer half as often, and nothing is done about it."""
    table = sample.interviews
    table = table[(table["age"] != "60+") | (sample.rng.random(len(table)) < 0.5)]
    p = table["online"].mean()
    return {"online": (p, np.sqrt(p * (1 - p) / len(table)))}


study = ss.Study(
    {
        "study": {"name": "three estimators", "repetitions": 2000, "seed": 1},
        "sample": {"n": 500, "strata": "region"},
        "estimands": [{"name": "online", "numerator": "online"}],
        "methods": [{"name": "weighted"}, {"name": "raked to age", "weighting": {"margins": ["region", "age"]}}],
    },
    methods={"selective, unweighted": respondents_only},
    table=people,
)
res = study.run(progress=False)
print(res.summary())
table = res.performance(reference="weighted")
wide = table.pivot(index="measure", columns="method", values="value")[[m["name"] for m in res.scenarios[0]["methods"]]]
error = table.pivot(index="measure", columns="method", values="mcse")[wide.columns]
for measure in ("bias", "empse", "modelse", "cover", "relprec"):
    cells = [f"{wide.loc[measure, m]:9.4f} ({error.loc[measure, m]:.4f})" for m in wide.columns]
    print(f"{measure:8}", *cells)
