"""Does it matter that all exchange codes of a prefecture share the same random suffixes?

The report puts the same four random digits behind every exchange code (shared). Here each code gets digits of its own
(independent). Both run under common random numbers, and differences have Monte Carlo errors of their own.

Run: python examples/suffixes.py (about 6 s); --full for the result in docs/explanation/stories (about 2 min)
"""

# %% The study: two kinds of suffixes
import sys

import surveysim as ss

FULL = "--full" in sys.argv
NAME = "suffixes"
keys = {
    "extends": "cnnic-2024-12",
    "study": {"name": NAME, "repetitions": 1000 if FULL else 10, "seed": 5},
    "grid": {"sample.suffixes": ["shared", "independent"]},
    "estimands": [
        {"name": "penetration", "numerator": "internet", "denominator": "persons"},
        {"name": "ride hailing", "numerator": "app_ride_hailing", "denominator": "internet"},
        {"name": "penetration by province", "numerator": "internet", "denominator": "persons", "by": ["province"]},
    ],
}
res = ss.Study(keys).run(progress=False)
print(res.summary().splitlines()[0])

# %% Each of them: bias, standard errors, deff and coverage; of the provinces, Tibet with the smallest sample
DOMAINS = ["", "province=540000"]
MEASURES = ["bias", "empse", "modelse", "deff", "cover"]


def cells(table, measures):
    """Values with their Monte Carlo errors, measures across."""
    table = table[table["measure"].isin(measures) & table["domain"].isin(DOMAINS)].copy()
    table.loc[table["measure"] == "cover", ["value", "mcse"]] *= 100
    table["cell"] = [f"{v:.2f} ({e:.2f})" for v, e in zip(table["value"], table["mcse"], strict=True)]
    return table, table.pivot(index=["estimand", "scenario"], columns="measure", values="cell")[measures]


table, wide = cells(res.performance(), MEASURES)
print(wide.to_string())

# %% The difference, repetition by repetition: independent against shared
difference, wide = cells(res.compare_scenarios("suffixes=shared"), ["bias", "varratio", "ciwidth", "cover"])
wide["correlation"] = difference.groupby(["estimand", "scenario"])["correlation"].first().round(2)
print("\n" + wide.droplevel("scenario").to_string())

# %% What the documentation shows
if FULL:
    import matplotlib.pyplot as plt

    table.drop(columns="cell").round(4).to_csv(f"docs/explanation/stories/{NAME}.csv", index=False, lineterminator="\n")
    plt.rcParams["svg.hashsalt"] = "surveysim"
    fig, axes = plt.subplots(3, 1, figsize=(7, 4.4), facecolor="white", layout="constrained")
    shown = difference[["estimand", "domain"]].drop_duplicates().to_numpy()
    for ax, (estimand, domain) in zip(axes, shown, strict=True):
        res.plot.se_ratio(estimand, domain, ax=ax)
    fig.savefig(f"docs/_static/story-{NAME}.svg", metadata={"Date": None})
