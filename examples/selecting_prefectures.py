"""What does it cost to take some prefectures instead of all of them?

The preset interviews in all 337 frame units, which are strata then. Here 10, 5 or 3 are selected in each province with probability
proportional to size, and are the primary sampling units; the number of interviews stays what it is. Prefectures differ as in the
preset (0.02 of the variance of latent internet use) or more (0.08).

Run: python examples/selecting_prefectures.py (about 7 s); --full for the result in docs/explanation/stories (about 7 min)
"""

# %% The study: four ways to take prefectures × two populations
import sys

import surveysim as ss

FULL = "--full" in sys.argv
NAME = "selecting_prefectures"
ICC = "population.prefecture_icc"
taken = {"all": {}, "10": {"prefectures": 10}, "5": {"prefectures": 5}, "3": {"prefectures": 3}}
keys = {
    "extends": "cnnic-2024-12",
    "study": {"name": NAME, "repetitions": 400 if FULL else 10, "seed": 6},
    "scenarios": [{"name": k, "changes": {"sample": v}} for k, v in taken.items() if FULL or k in ("all", "3")],
    "grid": {ICC: [0.02, 0.08] if FULL else [0.02]},
    "estimands": [
        {"name": "penetration", "numerator": "internet", "denominator": "persons"},
        {"name": "rural penetration", "numerator": "internet*rural", "denominator": "persons*rural"},
        {"name": "ride hailing", "numerator": "app_ride_hailing", "denominator": "internet"},
        {"name": "penetration by province", "numerator": "internet", "denominator": "persons", "by": ["province"]},
    ],
}
res = ss.Study(keys).run(progress=False)
print(res.summary().splitlines()[0])

# %% Standard errors, coverage and design effect with their Monte Carlo errors, and degrees of freedom; of the provinces, Sichuan
MEASURES = ["bias", "empse", "modelse", "cover", "deff"]
DOMAINS = ["", "province=510000"]
table = res.performance()
table = table[table["measure"].isin(MEASURES) & table["domain"].isin(DOMAINS)]
table.loc[table["measure"] == "cover", ["value", "mcse"]] *= 100
table["cell"] = [f"{v:.2f} ({e:.2f})" for v, e in zip(table["value"], table["mcse"], strict=True)]
key = ["estimand", "scenario"]
wide = table.pivot(index=key, columns="measure", values="cell")[MEASURES]
wide["df"] = res.to_frame([*key, "df"], {"domain": DOMAINS}).groupby(key)["df"].mean().round()
order = [e["name"] for e in keys["estimands"]]
print(wide.reindex([(e, s["name"]) for e in order for s in res.scenarios]).to_string())

# %% What the documentation shows
if FULL:
    import matplotlib.pyplot as plt

    columns = ["scenario", "estimand", "domain", "measure", "value", "mcse"]
    table[columns].round(4).to_csv(f"docs/explanation/stories/{NAME}.csv", index=False, lineterminator="\n")
    plt.rcParams["svg.hashsalt"] = "surveysim"
    fig, axes = plt.subplots(3, 1, figsize=(7, 8), facecolor="white", layout="constrained")
    for ax, name in zip(axes, order[:3], strict=True):
        res.plot.lolly("empse", name, ax=ax)
    fig.savefig(f"docs/_static/story-{NAME}.svg", metadata={"Date": None})
