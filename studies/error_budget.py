"""Write docs/explanation/error-budget.md, its table and its figures: where the error of the modelled survey comes from.

`.venv/bin/python studies/error_budget.py [repetitions]`; some six minutes on two cores. The design is error-budget.toml.
"""

import tomllib
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from runs import Run

from surveysim import reference
from surveysim.survey.budget import STAGES, error_budget

HERE = Path(__file__).parent
PLAN = tomllib.loads((HERE / "error-budget.toml").read_text(encoding="utf-8"))
NOMINAL = 0.66
Z = 1.959964


def measured(run):
    """Error budgets by scenario."""
    found = {}
    for scenario in PLAN["scenario"]:
        spec = run.spec(**scenario.get("changes", {}))
        found[scenario["name"]] = error_budget(spec, run.repetitions, PLAN["seed"])
        print(scenario["name"], found[scenario["name"]].summary(), flush=True)
    return found


def cell(row):
    return f"{row['bias']:+.2f} · {np.sqrt(row['variance']):.2f}"


def table_of(found, name):
    """One estimand as Markdown: stages across, scenarios down; bias · standard error."""
    stages = [*STAGES, "total"]
    lines = [f"| | {' | '.join(stages)} |", f"| --- |{' --- |' * len(stages)}"]
    for scenario in PLAN["scenario"]:
        rows = found[scenario["name"]].table.set_index(["indicator_id", "stage"]).loc[name]
        lines.append(f"| {scenario['title']} | {' | '.join(cell(rows.loc[stage]) for stage in stages)} |")
    return "\n".join(lines)


def final_of(found, name):
    """The finally weighted estimate under complete response, with real response, and as it is."""
    lines = ["| | everybody answers | real response, true answers | as it is |", "| --- | --- | --- | --- |"]
    for scenario in PLAN["scenario"]:
        rows = found[scenario["name"]].final.set_index(["indicator_id", "response"]).loc[name]
        cells = (f"{rows.loc[r, 'bias']:+.2f} · {rows.loc[r, 'se']:.2f}" for r in ("complete", "true", "real"))
        lines.append(f"| {scenario['title']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(found, run):
    """One plot per estimand shown, for the preset; and one of penetration for everything together."""
    plt.rcParams.update({"svg.hashsalt": "surveysim"})
    for name in PLAN["estimands"]:
        for scenario in ("preset", "everything") if name == "internet_penetration" else ("preset",):
            ax = found[scenario].plot(name)
            ax.figure.set_facecolor("white")
            file = f"error-budget-{name.replace('_', '-')}{'' if scenario == 'preset' else '-everything'}"
            run.figure(file, ax.figure)


def findings(found):
    """What the table says about the ±0.66 points, in words with its numbers."""

    def at(scenario, name="internet_penetration"):
        return found[scenario].table.set_index(["indicator_id", "stage"]).loc[name]

    def final(scenario, response, name="internet_penetration"):
        return found[scenario].final.set_index(["indicator_id", "response"]).loc[(name, response)]

    preset = at("preset")
    complete, real = final("preset", "complete"), final("preset", "real")
    online = final("online_answer_more", "real")
    before = at("online_answer_more").loc[["coverage", "sampling", "nonresponse", "measurement"], "bias"].sum()
    missed = at("online_without_phone").loc["coverage", "bias"]
    few = at("operators").loc["coverage", "bias"]
    wrong = at("misreports").loc["measurement", "bias"]
    whole = at("everything")
    total = whole.loc["total"]
    rates = found["preset"].table
    rates = rates[(rates["unit"] == "percent") & (rates["stage"] == "total")]
    wide = (Z * np.sqrt(rates["variance"]) > NOMINAL).sum()
    bare = np.sqrt(preset.loc["sampling", "variance"])
    moved, weighted = preset.loc["nonresponse", "bias"], preset.loc["weighting", "bias"]
    totals = found["preset"].totals.set_index(["control_population", "indicator_id"])["bias"]
    covered, residents = (totals[kind, "internet_penetration"] for kind in ("covered_6plus", "residents_6plus"))
    stages = ", ".join(f"{stage} {whole.loc[stage, 'bias']:+.2f}" for stage in STAGES)
    times = abs(online["bias"]) / NOMINAL
    kept = 100 * (complete["se"] / real["se"]) ** 2
    return f"""## What it says about ±0.66 points

- **Sampling.** With everybody answering, the raked estimate of penetration has a standard error of {complete["se"]:.3f} points, a
  margin of {Z * complete["se"]:.2f}; weighted by selection alone {bare:.3f} ({Z * bare:.2f}). With the preset's response it is
  {real["se"]:.3f} ({Z * real["se"]:.2f}): {kept:.0f} % of the final variance would be there without nonresponse. Of {len(rates)} rates,
  {wide} have margins above 0.66 all the same: ±0.66 speaks of one simple random sample at 50 %.
- **Nonresponse and raking.** Before weighting, nonresponse moves penetration by {moved:+.2f} points in the preset, and weighting by
  {weighted:+.2f}; {real["bias"]:+.2f} (Monte Carlo error {real["bias_mcse"]:.2f}) is left. If netizens answer more (odds × 1.35, all
  else equal), the error before weighting is {before:+.2f}, and raking leaves {online["bias"]:+.2f}: {times:.1f} times
  the stated ±0.66, in every such survey, whatever its size. No margin of error shows it, and raking, which takes out what goes
  with age and schooling, uncovers it.
- **No telephone, no netizen.** If people without a telephone were online at 0.3 times the rate of their kind, the assumption
  would cost {missed:+.2f} points of penetration; {few:+.2f} if 99.1 % of those aged 6+ own a mobile, as the operators' figure of
  the report's appendix has it ([who owns one](population.md)).
- **Whose control totals.** All of this is said of control totals of people with a telephone, which agree with the report's assumption
  that nobody without one is online: {covered:+.2f} points are left. Bureaus publish residents; weighted to these, the same interviews are
  off by {residents:+.2f}, because people with a telephone stand for those without one too.
- **Answers.** 2 % of netizens who deny it and 3 % of others who claim it move penetration by {wrong:+.2f} points before weighting.
- **All of it** gives {total["bias"]:+.2f} points with a standard error of {np.sqrt(total["variance"]):.2f}, because errors of opposite
  sign cancel: {stages}. A small total error is no proof of small errors.
"""


def main(run):
    repetitions = run.repetitions
    found = measured(run)
    draw(found, run)
    names = reference.published()["name_en"]
    parts = []
    for name in PLAN["estimands"]:
        figure = f"![Error budget of {name}](../_static/error-budget-{name.replace('_', '-')}.svg)"
        parts.append(
            f"## {names[name]}\n\n{table_of(found, name)}\n\n{figure}\n\nFinal weights:\n\n{final_of(found, name)}"
        )
    shown = found["preset"].table["indicator_id"].nunique()
    mcse = max(b.table.set_index("indicator_id").loc[PLAN["estimands"], "bias_mcse"].max() for b in found.values())
    scenarios = "\n".join(f"- **{s['title']}** (`{s['name']}`): {s['text']}" for s in PLAN["scenario"])
    text = f"""# The error budget of the modelled survey

Made by `studies/error_budget.py` from `studies/error-budget.toml`: {repetitions} repetitions of the preset and of its variants,
each run three times from the same random numbers: with everybody answering, with real response and true answers, and as it is
(`surveysim.survey.budget`). What a stage adds is the difference between two estimates of one repetition. In order:

coverage
: the covered population against everybody: people without any telephone are never asked;

sampling
: numbers and household members drawn by chance, weighted by selection probabilities, scaled to the covered population;

nonresponse
: who is reached and takes part, same weights;

measurement
: what is written down instead of what is true;

weighting
: nonresponse adjustment and raking, which take error away as well as adding some.

Cells are bias · standard error, in points. Biases add up to the total's; variances do not, because stages are correlated:
weighting takes away much of what nonresponse brings. Monte Carlo error of a bias: at most {mcse:.2f} points; of a standard
error: {100 / np.sqrt(2 * repetitions):.0f} % of it. `error-budget.csv` has all {shown} estimands with their Monte Carlo errors.

{scenarios}

{findings(found)}
{(chr(10) * 2).join(parts)}
"""
    whole = pd.concat([b.table.assign(scenario=name) for name, b in found.items()], ignore_index=True)
    whole = whole[["scenario", *whole.columns[:-1]]].round(6)
    run.table("error-budget", whole)
    run.page("error-budget", text)


if __name__ == "__main__":
    main(Run.asked(PLAN["repetitions"]))
