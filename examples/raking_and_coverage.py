"""Does raking remove the coverage bias of a dual-frame survey?

Four samples (both frames, mobiles only, mainly and only landlines), each weighted three ways: raked inside provinces to sex alone,
to sex and age, and to all four margins of the preset. People without any telephone are offline, as the report assumes, or
online at 0.3 times the rate of their kind. Everybody answers, so that coverage is the only thing that can go wrong.

Run: python examples/raking_and_coverage.py (about 7 s); --full for the result in docs/explanation/stories (about 5 min)
"""

# %% The study: two populations × four samples × three ways of weighting
import sys

import surveysim as ss

FULL = "--full" in sys.argv
NAME = "raking_and_coverage"
small = {
    "population": {"scale": 0.005},
    "sample": {"interviews": 5000, "minimum_per_province": 0, "minimum_per_unit": 2},
}
keys = ({} if FULL else small) | {
    "extends": "cnnic-2024-12",
    "study": {"name": NAME, "repetitions": 400 if FULL else 8, "seed": 1},
    "stages": {"nonresponse": False},
    "grid": {
        "population.no_phone_internet_rate": [0.0, 0.3] if FULL else [0.3],
        "sample.landline_share": [0.5, 0.0, 0.9, 1.0] if FULL else [0.5, 1.0],
    },
    "estimands": [
        {"name": "penetration", "numerator": "internet", "denominator": "persons"},
        {"name": "penetration 60+", "numerator": "internet*age_60plus", "denominator": "persons*age_60plus"},
        {"name": "ride hailing", "numerator": "app_ride_hailing", "denominator": "internet"},
    ],
    "methods": [
        {"name": "sex", "weighting": {"margins": ["sex"]}},
        {"name": "sex, age", "weighting": {"margins": ["sex", "age_group"]}},
        {"name": "all four"},
    ],
}
res = ss.Study(keys).run(progress=False)
print(res.summary().splitlines()[0])

# %% Bias in points, with its Monte Carlo standard error
table = res.performance(by=list(keys["grid"])).rename(columns=lambda name: name.partition(".")[2] or name)
table = table[table["measure"].isin(["bias", "empse", "cover"])]
bias = table[table["measure"] == "bias"].copy()
bias["cell"] = [f"{v:+.2f} ({e:.2f})" for v, e in zip(bias["value"], bias["mcse"], strict=True)]
index = ["estimand", "no_phone_internet_rate", "landline_share"]
print(bias.pivot(index=index, columns="method", values="cell")[[m["name"] for m in keys["methods"]]].to_string())

# %% What the documentation shows
if FULL:
    import matplotlib.pyplot as plt

    table.drop(columns="domain").round(4).to_csv(
        f"docs/explanation/stories/{NAME}.csv", index=False, lineterminator="\n"
    )
    plt.rcParams["svg.hashsalt"] = "surveysim"
    ax = res.plot.lolly("bias", "penetration")
    ax.figure.set_facecolor("white")
    ax.figure.savefig(f"docs/_static/story-{NAME}.svg", metadata={"Date": None})
