"""What does the assumption cost that nobody without a telephone is online?

People without any telephone use the internet at 0 to 1 times the rate of their kind. The survey, which cannot ask them, is raked to
people aged 6+ with a telephone, as the report's assumption has it, or to all residents aged 6+, as if those without were like the others.
How many have none is disputed: mobiles are owned as surveys of people find it, or by the operators' 99.1 % of those aged 6+.

Run: python examples/no_phone.py (about 15 s); --full for the result in docs/explanation/stories (about 8 min)
"""

# %% The study: five rates × two kinds of owners × two kinds of control totals
import sys

import surveysim as ss

FULL = "--full" in sys.argv
NAME = "no_phone"
RATE, OWN = "population.no_phone_internet_rate", "population.mobile_ownership"
small = {
    "population": {"scale": 0.01},
    "sample": {"interviews": 5000, "minimum_per_province": 0, "minimum_per_unit": 2},
}
keys = ({} if FULL else small) | {
    "extends": "cnnic-2024-12",
    "study": {"name": NAME, "repetitions": 400 if FULL else 20, "seed": 4},
    "grid": {OWN: ["surveys", "operators"], RATE: [0.0, 0.1, 0.3, 0.6, 1.0] if FULL else [0.3, 1.0]},
    "estimands": [
        {"name": "penetration", "numerator": "internet", "denominator": "persons"},
        {"name": "netizens", "numerator": "internet"},
    ],
    "methods": [
        {"name": "with a telephone"},
        {"name": "all residents", "weighting": {"control_population": "residents_6plus"}},
    ],
}
res = ss.Study(keys).run(progress=False)
print(res.summary().splitlines()[0])

# %% Bias, standard errors and coverage, each with its Monte Carlo standard error
MEASURES = ["bias", "empse", "modelse", "cover"]
table = res.performance(by=[OWN, RATE]).rename(columns={OWN: "owners", RATE: "rate"})
table = table[table["measure"].isin(MEASURES)].drop(columns="domain")
table.loc[table["measure"] == "cover", ["value", "mcse"]] *= 100


def show(estimand, digits, measures):
    rows = table[table["estimand"] == estimand]
    cell = [f"{v:,.{digits}f} ({e:,.{digits}f})" for v, e in zip(rows["value"], rows["mcse"], strict=True)]
    wide = rows.assign(cell=cell).pivot(index=["owners", "method", "rate"], columns="measure", values="cell")
    print(wide[measures].to_string())


print("\nPenetration, in points; coverage in percent")
show("penetration", 2, MEASURES)
print("\nNetizens, in 10k")
show("netizens", 0, ["bias", "empse"])

# %% What the documentation shows
if FULL:
    import matplotlib.pyplot as plt

    table.round(4).to_csv(f"docs/explanation/stories/{NAME}.csv", index=False, lineterminator="\n")
    plt.rcParams["svg.hashsalt"] = "surveysim"
    ax = res.plot.lolly("bias", "penetration")
    ax.axvspan(-0.66, 0.66, color="grey", alpha=0.15, linewidth=0)
    ax.figure.set_facecolor("white")
    ax.figure.savefig(f"docs/_static/story-{NAME}.svg", metadata={"Date": None})
