"""What happens to a dual-frame survey when the share of landline interviews falls to zero?

The preset with 50, 30, 10 and 0 % of its interviews on landlines: bias, standard error and design effect of penetration and of penetration
at ages 60+, and what the interviewers cost.

Run: python examples/landline_share.py (about 8 s); --full for the result in docs/explanation/stories (about 3 min)
"""

# %% The study: four shares of landlines
import sys

import pandas as pd

import surveysim as ss

FULL = "--full" in sys.argv
NAME = "landline_share"
SHARE = "sample.landline_share"
keys = {
    "extends": "cnnic-2024-12",
    "study": {"name": NAME, "repetitions": 500 if FULL else 10, "seed": 3},
    "grid": {SHARE: [0.5, 0.3, 0.1, 0.0] if FULL else [0.5, 0.0]},
    "estimands": [
        {"name": "penetration", "numerator": "internet", "denominator": "persons"},
        {"name": "penetration 60+", "numerator": "internet*age_60plus", "denominator": "persons*age_60plus"},
    ],
}
res = ss.Study(keys).run(progress=False)
print(res.summary().splitlines()[0])

# %% Bias, standard error, deff and coverage, each with its Monte Carlo standard error
MEASURES = ["bias", "empse", "modelse", "deff", "cover"]
table = res.performance(by=SHARE).rename(columns={SHARE: "landline_share"}).drop(columns="domain")
table = table[table["measure"].isin(MEASURES)]
table.loc[table["measure"] == "cover", ["value", "mcse"]] *= 100
cell = [f"{v:.2f} ({e:.2f})" for v, e in zip(table["value"], table["mcse"], strict=True)]
wide = table.assign(cell=cell).pivot(index=["estimand", "landline_share"], columns="measure", values="cell")
print(wide[MEASURES].sort_index(ascending=[True, False]).to_string())

# %% What it costs: the mean of some surveys, and what the standard error that half landlines give would cost
only = {"indicators": ["internet_penetration"]}
rows = []
for share in keys["grid"][SHARE]:
    spec = ss.SurveySpec.preset("cnnic-2024-12", sample={"landline_share": share}, estimation=only)
    runs = pd.concat(spec.run(seed, record=False).costs(by=()) for seed in range(20 if FULL else 2))
    rows.append(runs[["numbers", "calls", "hours"]].mean().rename(share))
    rows[-1]["mcse of hours"] = runs["hours"].sem()
costs = pd.DataFrame(rows).rename_axis("landline_share")
for name in ("penetration", "penetration 60+"):
    se = table[(table["estimand"] == name) & (table["measure"] == "modelse")].set_index("landline_share")["value"]
    costs[f"hours, {name}"] = costs["hours"] * (se / se.loc[0.5]) ** 2  # hours × variance does not depend on the size
print(costs.to_string(float_format="{:,.0f}".format))

# %% What the documentation shows
if FULL:
    import matplotlib.pyplot as plt

    table.round(4).to_csv(f"docs/explanation/stories/{NAME}.csv", index=False, lineterminator="\n")
    plt.rcParams["svg.hashsalt"] = "surveysim"
    fig, axes = plt.subplots(2, 2, figsize=(9, 4.4), facecolor="white", layout="constrained")
    for row, name in zip(axes, ("penetration", "penetration 60+"), strict=True):
        for ax, measure in zip(row, ("bias", "empse"), strict=True):
            res.plot.lolly(measure, name, ax=ax)
    fig.savefig(f"docs/_static/story-{NAME}.svg", metadata={"Date": None})
