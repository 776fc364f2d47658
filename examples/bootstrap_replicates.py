"""How many bootstrap replicates does a raked survey need?

One sample of the preset, many Rao-Wu replicates, each of them raked again: standard errors and intervals of internet penetration from
blocks of 25 to 1,000 replicates differ from block to block, as from seed to seed. Then many samples: coverage with few replicates.
A replicate without respondents of a level cannot be raked, so levels with fewer than 15 are merged (in the preset, fewer than 5).

Run: python examples/bootstrap_replicates.py (about 9 s); --full for the result in docs/explanation/stories (about 10 min)
"""

# %% One sample: replicate values of penetration, in percent
import sys

import numpy as np
import pandas as pd

import surveysim as ss

FULL = "--full" in sys.argv
NAME = "bootstrap_replicates"
merged = {"minimum_per_level": 15}
only = {"indicators": ["internet_penetration"]}
run = ss.SurveySpec.preset("cnnic-2024-12", weighting=merged, estimation=only).run(7, record=False)
linearized = run.estimates.table.iloc[0]
boot = run.survey.replicates("rao-wu", n=20_000 if FULL else 200, seed=7).total("internet")
values = boot.design.values(boot.items)[0] / boot.table["estimate"].iloc[0] * linearized["estimate"]

# %% Blocks of n replicates: the spread of the standard error and of the ends of both intervals
rows = []
for n in (25, 50, 100, 200, 500, 1000) if FULL else (10, 20):
    blocks = values.reshape(-1, n)
    se = blocks.std(axis=1, ddof=1)
    lower, upper = np.quantile(blocks, (0.025, 0.975), axis=1, method="inverted_cdf")
    rows.append(
        {
            "n": n,
            "blocks": len(blocks),
            "mean se": np.sqrt((se**2).mean()),
            "cv of se, %": 100 * se.std(ddof=1) / se.mean(),
            "1/sqrt(2n), %": 100 / np.sqrt(2 * n),
            "Wald end": 1.96 * se.std(ddof=1),
            "percentile end": np.sqrt((lower.var(ddof=1) + upper.var(ddof=1)) / 2),
        }
    )
spread = pd.DataFrame(rows)
spread["mcse, %"] = 100 / np.sqrt(2 * (spread["blocks"] - 1))  # of a standard deviation between blocks
print(f"Linearized standard error {linearized['se']:.3f}; of all {len(values):,} replicates {values.std(ddof=1):.3f}")
print(spread.round(3).to_string(index=False))

# %% Many samples, percentile intervals from few replicates
keys = {
    "extends": "cnnic-2024-12",
    "study": {"name": NAME, "repetitions": 250 if FULL else 5, "seed": 9},
    "weighting": merged,
    "estimands": [{"name": "penetration", "numerator": "internet", "denominator": "persons"}],
    "methods": [{"name": "linearized", "interval": "wald"}]
    + [
        {"name": f"{n} replicates", "variance": "rao-wu", "replicates": n, "interval": "percentile"}
        for n in ((25, 100) if FULL else (10,))
    ],
}
res = ss.Study(keys).run(progress=False)
print("\n" + res.summary().splitlines()[0])

# %% Performance; Wald intervals are made from the same estimates and standard errors
table = res.performance()
wald = ss.performance(res.to_frame(["method", "repetition", "true", "estimate", "se"]), true="true", by="method")
versus = res.compare("linearized")
table = pd.concat([table, wald[wald["measure"] == "cover"].assign(measure="cover, Wald")])
table = pd.concat([table, versus[versus["measure"] == "cover"].assign(measure="cover - linearized")])
table.loc[table["measure"].str.startswith("cover"), ["value", "mcse"]] *= 100
table["cell"] = [f"{v:.2f} ({e:.2f})" for v, e in zip(table["value"], table["mcse"], strict=True)]
wide = table.pivot(index="method", columns="measure", values="cell").loc[[m["name"] for m in keys["methods"]]]
shown = ["empse", "modelse", "relerror", "cover", "cover - linearized", "cover, Wald", "ciwidth"]
print(wide[shown].fillna("").to_string())

# %% What the documentation shows
if FULL:
    import matplotlib.pyplot as plt

    spread.round(4).to_csv(f"docs/explanation/stories/{NAME}.csv", index=False, lineterminator="\n")
    columns = ["method", "measure", "value", "mcse"]
    table[columns].round(4).to_csv(f"docs/explanation/stories/{NAME}_coverage.csv", index=False, lineterminator="\n")
    plt.rcParams["svg.hashsalt"] = "surveysim"
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), facecolor="white", layout="constrained")
    cv, theory = spread["cv of se, %"], spread["1/sqrt(2n), %"]
    left.errorbar(spread["n"], cv, yerr=1.96 * cv * spread["mcse, %"] / 100, fmt="o", label="between blocks")
    left.plot(spread["n"], theory, color="grey", label="1/√(2n)")
    left.set(xscale="log", yscale="log", xlabel="replicates", ylabel="spread of the standard error, %")
    left.legend(frameon=False)
    res.plot.lolly("cover", ax=right)
    fig.savefig(f"docs/_static/story-{NAME}.svg", metadata={"Date": None})
