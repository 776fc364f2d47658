"""What happens when control totals are out of date, or known with error?

A survey at the end of 2024 is raked to the totals of 2020, 2022, 2023 or 2024, taken as if they were this year's. Then one sample is
calibrated to a national age distribution that is an estimate itself, once as if it were exact, once with its covariance.

Run: python examples/uncertain_controls.py (about 9 s); --full for the result in docs/explanation/stories (about 3 min)
"""

# %% The study: one population, totals of four years
import sys

import numpy as np
import pandas as pd

import surveysim as ss

FULL = "--full" in sys.argv
NAME = "uncertain_controls"
small = {"sample": {"interviews": 5000, "minimum_per_province": 0, "minimum_per_unit": 2}}
keys = {
    "extends": "cnnic-2024-12",
    "study": {"name": NAME, "repetitions": 400 if FULL else 10, "seed": 8},
    "population": {"year": 2024} | ({} if FULL else {"scale": 0.01}),
    "estimands": [
        {"name": "penetration", "numerator": "internet", "denominator": "persons"},
        {"name": "penetration 60+", "numerator": "internet*age_60plus", "denominator": "persons*age_60plus"},
        {"name": "urban share of netizens", "numerator": "internet*urban", "denominator": "internet"},
        {"name": "share aged 60+ of netizens", "numerator": "internet*age_60plus", "denominator": "internet"},
    ],
    "methods": [
        {"name": f"totals of {year}", "weighting": {"control_year": year}}
        for year in ((2020, 2022, 2023, 2024) if FULL else (2020, 2024))
    ],
}
res = ss.Study(keys | ({} if FULL else small)).run(progress=False)
print(res.summary().splitlines()[0])

# %% Bias, standard errors and coverage, each with its Monte Carlo standard error
MEASURES = ["bias", "empse", "modelse", "cover"]
table = res.performance().drop(columns=["scenario", "domain"])
table = table[table["measure"].isin(MEASURES)]
table.loc[table["measure"] == "cover", ["value", "mcse"]] *= 100
cell = [f"{v:.2f} ({e:.2f})" for v, e in zip(table["value"], table["mcse"], strict=True)]
wide = table.assign(cell=cell).pivot(index=["estimand", "method"], columns="measure", values="cell")[MEASURES]
print(wide.reindex([e["name"] for e in keys["estimands"]], level=0).to_string())

# %% One sample, calibrated to ages known from another sample of n people: taken as exact, and with their covariance
data = ss.SurveySpec.preset("cnnic-2024-12", estimation={"indicators": ["internet_penetration"]}).run(1).interviews
data["old"] = data["age"] >= 60
true = data.groupby("age_group", observed=True)["final_weight"].sum()  # the preset's raking meets the true totals
rng, size, rows = np.random.default_rng(1), true.sum(), []


def share_old(weight):
    """The share aged 60+ of netizens and its standard error, in percent."""
    found = ss.Survey(data, weight=weight, strata="stratum", psu="psu").ratio("old", "internet").table
    return 100 * found[["estimate", "se"]].iloc[0].to_numpy()


print(f"\nShare aged 60+ of netizens without calibration: se {share_old('composite_weight')[1]:.3f}")
for n in (1_000, 10_000, 100_000) if FULL else (10_000,):
    shares = rng.multinomial(n, true / size, 200 if FULL else 10) / n
    for name in ("as if exact", "with covariance"):
        found = []
        for p in shares:
            totals = {"age_group": dict(zip(true.index, size * p, strict=True))}
            given = size**2 / n * (np.diag(p) - np.outer(p, p)) if name == "with covariance" else None
            found.append(share_old(ss.calibrate(data, totals, weight="composite_weight", covariance=given)))
        rows.append((n, name, np.mean(found, axis=0)[1], np.std(found, axis=0, ddof=1)[0]))
errors = pd.DataFrame(rows, columns=["n", "totals", "mean se", "spread over totals"])
print(errors.round(3).to_string(index=False))

# %% What the documentation shows
if FULL:
    import matplotlib.pyplot as plt

    table.round(4).to_csv(f"docs/explanation/stories/{NAME}.csv", index=False, lineterminator="\n")
    plt.rcParams["svg.hashsalt"] = "surveysim"
    fig, axes = plt.subplots(2, 2, figsize=(8, 4), facecolor="white", layout="constrained")
    for ax, estimand in zip(axes.flat, keys["estimands"], strict=True):
        res.plot.lolly("bias", estimand["name"], ax=ax)
    fig.savefig(f"docs/_static/story-{NAME}.svg", metadata={"Date": None})
