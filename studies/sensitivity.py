"""Write docs/explanation/sensitivity.md, its table and its figure: what moves penetration, its error and its coverage most.

`.venv/bin/python studies/sensitivity.py [repetitions]`; some ten minutes of one core. The design is sensitivity.toml. All runs have the
same random numbers, so that an effect is a contrast of surveys that differ in nothing else.
"""

import tomllib
from functools import reduce
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from runs import Run

from surveysim.keys import merge
from surveysim.survey import estimands
from surveysim.survey.preparation import prepare
from surveysim.survey.weighted import field_and_weight, variance_design

PLAN = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
FACTORS = PLAN["factor"]
GENERATOR = (
    "++-+++---+-"  # of 12 runs (Plackett and Burman 1946, Biometrika 33:305-325); each column but the last is a factor
)
POPULATION = [k for k, factor in enumerate(FACTORS) if "population" in factor["changes"]]
NOTHING = "nothing"  # the column that is no factor: what chance makes of one
Z = 1.959964
MEASURES = {"bias": "bias, points", "error": "standard error, points", "coverage": "coverage, points"}


def signs():
    """Levels (24, 11) of the runs: -1 low, 1 high; the second half is the first one reversed."""
    row = np.array([1 if c == "+" else -1 for c in GENERATOR])
    half = np.vstack([*(np.roll(row, k) for k in range(len(row))), -np.ones(len(row), int)])
    return np.vstack([half, -half])


def keys_of(levels):
    """Changes to the preset of one run."""
    high = [factor["changes"] for factor, level in zip(FACTORS, levels, strict=False) if level > 0]
    return reduce(merge, high, {"population": {"scale": PLAN["scale"]}})


def surveyed(run, keys):
    """Errors of penetration and whether its interval holds the truth, (R,) each."""
    prep = prepare(run.spec(**keys, estimation={"indicators": ["internet_penetration"]}))
    truth = prep.pop.parameter("internet_penetration")["value"].item()
    found = []
    for repetition in range(run.repetitions):
        cases, table, weights = field_and_weight(prep, PLAN["seed"], repetition)
        design, variables = (
            variance_design(table, weights, prep.spec.estimation.leverage),
            estimands.Variables(prep.pop, cases),
        )
        row = estimands.estimate(prep.definitions, design, variables, prep.known, prep.pop.scale).table.iloc[0]
        found.append((row["estimate"] - truth, row["lower"] <= truth <= row["upper"]))
    return np.array(found, float).T


def measures(error, covered):
    """Bias, standard error and coverage (percent) of every run, from (runs, R)."""
    return np.stack([error.mean(axis=1), error.std(axis=1, ddof=1), 100 * covered.mean(axis=1)])


def effects(levels, error, covered):
    """Table of effects, high against low, with Monte Carlo errors by the jackknife over repetitions, which all runs share."""
    R, half = error.shape[1], len(levels) / 2
    whole = measures(error, covered) @ levels / half
    if R < 3:
        left = np.full((R, *whole.shape), np.nan)
    else:
        left = np.stack(
            [measures(*(np.delete(x, r, axis=1) for x in (error, covered))) @ levels / half for r in range(R)]
        )
    mcse = np.sqrt((R - 1) / R * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    names = [*(factor["name"] for factor in FACTORS), NOTHING]
    rows = [(name, m, whole[i, k], mcse[i, k]) for k, name in enumerate(names) for i, m in enumerate(MEASURES)]
    return pd.DataFrame(rows, columns=["factor", "measure", "effect", "mcse"])


def wide(table):
    """Effects by factor, the one that moves penetration most first, and their Monte Carlo errors."""
    value, mcse = (table.pivot(index="factor", columns="measure", values=v)[list(MEASURES)] for v in ("effect", "mcse"))
    order = value["bias"].abs().sort_values(ascending=False).index
    return value.loc[order], mcse.loc[order].fillna(0)


def titles():
    return {factor["name"]: factor["title"] for factor in FACTORS} | {NOTHING: "(nothing)"}


def draw(value, mcse):
    """The tornado: a bar per factor and measure, the largest effect on penetration on top."""
    plt.rcParams.update({"svg.hashsalt": "surveysim", "font.size": 9})
    drawing, axes = plt.subplots(1, 3, figsize=(9.6, 4.2), sharey=True, layout="constrained", facecolor="white")
    y = np.arange(len(value))[::-1]
    for ax, (measure, label) in zip(axes, MEASURES.items(), strict=True):
        colours = np.where(value[measure] > 0, "#2563a8", "#d2691f")
        ax.barh(y, value[measure], color=colours, height=0.62)
        ax.errorbar(value[measure], y, xerr=Z * mcse[measure], fmt="none", ecolor="#1b1f24", elinewidth=1)
        ax.axvline(0, color="#5b6470", linewidth=0.9)
        ax.set_xlabel(f"effect on {label}")
        for side in ("top", "right", "left"):
            ax.spines[side].set_visible(False)
    axes[0].set_yticks(y, [titles()[name] for name in value.index])
    return drawing


def table_of(value, mcse):
    lines = [
        "| factor | low (the preset) | high | bias | standard error | coverage |",
        "| --- | --- | --- | ---: | ---: | ---: |",
    ]
    levels = {f["name"]: (f["low"], f["high"]) for f in FACTORS} | {NOTHING: ("–", "–")}
    digits = {"bias": 2, "error": 3, "coverage": 1}
    for name, row in value.iterrows():
        cells = (f"{row[m]:+.{d}f} ({mcse.loc[name, m]:.{d}f})" for m, d in digits.items())
        lines.append(f"| {titles()[name]} | {' | '.join(levels[name])} | {' | '.join(cells)} |")
    return "\n".join(lines)


def alone(run):
    """The preset and every factor alone against it, as bias, standard error and coverage with Monte Carlo errors."""
    lines = ["| survey | bias | standard error | coverage |", "| --- | ---: | ---: | ---: |"]
    preset = keys_of(())
    shown = [
        ("the preset", preset),
        *((f["title"].lower() + ": " + f["high"], merge(preset, f["changes"])) for f in FACTORS),
    ]
    for title, keys in shown:
        error, covered = surveyed(run, keys)
        spread, share = error.std(ddof=1), covered.mean()
        R = len(error)
        lines.append(
            f"| {title} | {error.mean():+.2f} ({spread / np.sqrt(R):.2f}) | {spread:.3f} ({spread / np.sqrt(2 * (R - 1)):.3f}) | "
            f"{100 * share:.0f} ({100 * np.sqrt(share * (1 - share) / R):.0f}) |"
        )
        print(lines[-1], flush=True)
    return "\n".join(lines)


def findings(value, mcse, levels, error, covered):
    """What the effects say, in words with their numbers."""
    real = value["bias"].abs() > Z * mcse["bias"]
    real[NOTHING] = False
    moving = [f"{titles()[n].lower()} ({value.loc[n, 'bias']:+.2f})" for n in value.index if real[n]]
    still = [titles()[n].lower() for n in value.index if not real[n] and n != NOTHING]
    shown = value["error"].drop(NOTHING)
    shown = shown[shown.abs() > Z * mcse["error"].drop(NOTHING)]
    widest = ", ".join(f"{titles()[n].lower()} ({v:+.3f} points)" for n, v in shown.items())
    lowest = value["coverage"].drop(NOTHING).abs().idxmax()
    each = measures(error, covered)
    bias, spread, cover = ((row.min(), row.max()) for row in each)
    return f"""- **Penetration** is moved by {", ".join(moving) or "nothing"}. Not seen beyond their Monte Carlo
  errors: {", ".join(still) or "none"}.
- **Its standard error** hangs on {widest or "none of them beyond Monte Carlo error"}; over the
  {len(levels)} runs it goes from {spread[0]:.2f} to {spread[1]:.2f}.
- **Its coverage** is moved most by {titles()[lowest].lower()} ({value.loc[lowest, "coverage"]:+.0f} points); over the
  runs it goes from {cover[0]:.0f} to {cover[1]:.0f} %, biases from {bias[0]:+.2f} to {bias[1]:+.2f} points. What moves coverage is
  bias: the widest interval here knows nothing of who has no telephone or why people answer."""


def main(run):
    levels = signs()
    found = {}
    for k in sorted(
        range(len(levels)), key=lambda k: tuple(levels[k, POPULATION])
    ):  # runs of one population follow each other
        found[k] = surveyed(run, keys_of(levels[k]))
        print(f"{len(found)} of {len(levels)} runs: bias {found[k][0].mean():+.2f}", flush=True)
    error, covered = (np.stack([found[k][i] for k in range(len(levels))]) for i in range(2))
    table = effects(levels, error, covered)
    value, mcse = wide(table)
    scale = run.spec(population={"scale": PLAN["scale"]}).population.scale
    run.table("sensitivity", table.round(5))
    run.figure("sensitivity", draw(value, mcse))
    text = f"""# What the result hangs on

Made by `studies/sensitivity.py` from `studies/sensitivity.toml`: ten choices that the report leaves open, each at the preset's
level and at another, in {len(levels)} surveys that are repeated {run.repetitions} times with the same random numbers (population
scale {scale:g}). A Plackett-Burman design of 12 runs and its reverse gives the effect of each factor, averaged over the levels
of all others, and keeps it clear of interactions of two; the eleventh column is no factor: what it shows is chance, and
interactions of three.

Effects of high against low on internet penetration, with Monte Carlo standard errors, in points:

{table_of(value, mcse)}

![Effects on penetration, its standard error and coverage, largest first](../_static/sensitivity.svg)

## What it says

{findings(value, mcse, levels, error, covered)}

## One at a time

The same factors alone, against the preset:

{alone(run)}

## What it does not say

Which level is true. The levels are those that sources or other surveys make arguable ({{doc}}`population`, {{doc}}`fieldwork`),
not bounds; an effect is proportional to how far apart they were put. `sensitivity.csv` has the effects.
"""
    run.page("sensitivity", text)


if __name__ == "__main__":
    main(Run.asked(PLAN["repetitions"]))
