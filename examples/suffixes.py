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

# %% How many suffixes there are: S, the fewest with an expected yield of 1.5 times a unit's target
import numpy as np  # noqa: E402

run = ss.SurveySpec.preset("cnnic-2024-12").run(seed=5, record=False)
design, frame = run.preparation.design, run.preparation.frames[1]
for kind, s in zip(("landline", "mobile"), design.suffixes, strict=True):
    spread = f"from {s.min():,} to {s.max():,}, in {100 * np.mean(s == 1):.0f} % of {len(s)} units it is 1"
    print(f"\nS of {kind}s: median {np.median(s):.0f}, {spread}", end="")

# %% Fuller prefixes: all are drawn alike, and give interviews in proportion to the numbers they have given out
mobile = run.case_file.frame == 1
start = np.cumsum(frame.prefixes) - frame.prefixes
prefix = start[run.case_file.unit[mobile]] + run.case_file.number[mobile] // 10_000
fill = frame.prefix_fill
edges = np.quantile(fill[fill > 0], [0, 0.25, 0.5, 0.75, 1])
group = np.where(fill > 0, np.searchsorted(edges[1:-1], fill) + 1, 0)
# units have interviews by their people: within them a prefix is to give as many as its part of what is given out
unit = np.repeat(np.arange(len(frame.prefixes)), frame.prefixes)
due = fill * (design.targets[1] / np.maximum(np.bincount(unit, fill), 1e-9))[unit]
print("\n\nMobile prefixes by fill, in percent of all\n                prefixes   fill   interviews due   made")
for g, name in enumerate(("empty", "lowest quarter", "second", "third", "fullest")):
    at, made = group == g, 100 * np.mean(group[prefix] == g)
    cells = 100 * np.mean(at), 100 * fill[at].mean(), 100 * due[at].sum() / due.sum()
    print(f"{name:15} {cells[0]:8.1f} {cells[1]:7.1f} {cells[2]:15.1f} {made:7.1f}")

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
