"""What is a provincial estimate worth?

Internet penetration and the rate of ride hailing among netizens by province, from the preset's sample (power allocation, at least 300
interviews a province), and from the same number of interviews allocated proportionally or equally.

Run: python examples/provincial_estimates.py (about 6 s); --full for the result in docs/explanation/stories (about 2 min)
"""

# %% The study: three allocations of the same interviews
import sys

import numpy as np

import surveysim as ss
from surveysim import reference

FULL = "--full" in sys.argv
NAME = "provincial_estimates"
ways = {
    "power": {},
    "proportional": {"between": "proportional", "minimum_per_province": 0},
    "equal": {"between": "equal"},
}
keys = {
    "extends": "cnnic-2024-12",
    "study": {"name": NAME, "repetitions": 400 if FULL else 10, "seed": 2},
    "scenarios": [{"name": name, "changes": {"sample": s}} for name, s in ways.items() if FULL or name != "equal"],
    "estimands": [
        {"name": "penetration", "numerator": "internet", "denominator": "persons", "by": ["province"]},
        {"name": "ride hailing", "numerator": "app_ride_hailing", "denominator": "internet", "by": ["province"]},
        {"name": "penetration, nation", "numerator": "internet", "denominator": "persons"},
        {"name": "ride hailing, nation", "numerator": "app_ride_hailing", "denominator": "internet"},
    ],
}
study = ss.Study(keys)
res = study.run(progress=False)
print(res.summary().splitlines()[0])

# %% One row for every scenario and domain: interviews, margin of error (half the mean interval), deff, coverage, Monte Carlo errors
key = ["scenario", "estimand", "domain"]
wide = res.performance().pivot(index=key, columns="measure", values=["value", "mcse"])
table = wide["value"][["bias", "empse", "modelse", "deff", "cover"]].copy()
table["interviews"] = res.to_frame([*key, "n"]).groupby(key)["n"].mean()
table["moe"], table["moe_mcse"] = wide["value"]["ciwidth"] / 2, wide["mcse"]["ciwidth"] / 2
table["cover"], table["cover_mcse"] = 100 * table["cover"], 100 * wide["mcse"]["cover"]
short = reference.load("provinces").set_index("adcode")["name_en"]
table = table.rename(index=lambda text: short.get(text.removeprefix("province="), text), level="domain")

# %% The nation, and its provinces: margins from the smallest to the largest, mean deff and coverage, provinces within ±0.66 points
by = table.groupby(["estimand", "scenario"])
print(
    by.agg(
        provinces=("moe", "size"),
        least=("interviews", "min"),
        moe_min=("moe", "min"),
        moe_median=("moe", "median"),
        moe_max=("moe", "max"),
        within=("moe", lambda moe: (moe <= 0.66).sum()),
        deff=("deff", "mean"),
        cover=("cover", "mean"),
        cover_mcse=("cover_mcse", lambda e: np.sqrt((e**2).sum()) / len(e)),
    )
    .round({"least": 0, "moe_min": 2, "moe_median": 2, "moe_max": 2, "deff": 2, "cover": 1, "cover_mcse": 1})
    .to_string()
)

# %% What the documentation shows
if FULL:
    import matplotlib.pyplot as plt

    columns = ["interviews", "bias", "empse", "modelse", "moe", "moe_mcse", "deff", "cover", "cover_mcse"]
    for row in res.failures.itertuples():
        print(f"failed: {row.scenario}, repetition {row.repetition}: {row.message.partition(';')[0]}")
    print(table.loc[("power", "penetration"), columns].sort_values("interviews").round(2).to_string())
    table[columns].round(4).to_csv(f"docs/explanation/stories/{NAME}.csv", lineterminator="\n")
    plt.rcParams["svg.hashsalt"] = "surveysim"
    fig, axes = plt.subplots(1, 2, figsize=(8, 4), sharex=True, sharey=True, facecolor="white", layout="constrained")
    for ax, estimand in zip(axes, ("penetration", "ride hailing"), strict=True):
        for name in ways:
            rows = table.loc[(name, estimand)]
            ax.plot(rows["interviews"], rows["moe"], "o", markersize=4, alpha=0.7, label=name)
        ax.axhline(0.66, color="grey", linestyle="--", linewidth=1)
        ax.set(title=estimand, xlabel="respondents in the province, mean", xscale="log")
    axes[0].set_ylabel("margin of error, points")
    axes[0].legend(frameon=False)
    fig.savefig(f"docs/_static/story-{NAME}.svg", metadata={"Date": None})
