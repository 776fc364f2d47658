"""Write docs/explanation/dual-frame-study.md and its figure: how dual-frame estimators fare under the preset's own population.

`.venv/bin/python studies/dual_frame_study.py [repetitions]`; some ten minutes on two cores. The design is dual-frame-study.toml.
"""

import copy
import itertools
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from runs import Run

import surveysim as ss
from surveysim.columns import AGE_STARTS
from surveysim.population.parameters import LINES, MOBILES, ONLINE
from surveysim.survey.preparation import prepare
from surveysim.survey.weighted import field_and_weight, frame_probabilities

HERE = Path(__file__).parent
PLAN = tomllib.loads((HERE / "dual-frame-study.toml").read_text(encoding="utf-8"))
VARIABLES, METHODS = list(PLAN["variables"]), PLAN["methods"]


def label(method):
    known = "+".join(f"N_{s}" for s in method.get("sizes", ()))
    theta = f" θ={method['theta']}" if "theta" in method else ""
    return f"{method['estimator']}{theta}{f' ({known})' if known else ''}"


def truth(pop):
    """Means among people aged 6+ with a telephone, and the sizes of the frames and of the overlap."""
    sums = pop.sums(fine=False)
    aged_6 = np.array(AGE_STARTS) >= 6
    status = sums.status[:, :, aged_6]
    covered, line, mobile = (MOBILES + LINES > 0), LINES > 0, MOBILES > 0
    N = (status @ covered).sum()
    old = sums.status[:, :, np.array(AGE_STARTS) >= 60] @ covered
    means = {"internet": (status @ (covered * ONLINE)).sum() / N, "old": old.sum() / N}
    means["app_ride_hailing"] = sums.column("app_ride_hailing").sum() / N
    sizes = {"A": (status @ line).sum(), "B": (status @ mobile).sum(), "ab": (status @ (line & mobile)).sum()}
    return means, {name: float(x) for name, x in sizes.items()}, N


def one(prep, sizes, repetition):
    """Estimates and standard errors (methods, variables, 2) of one repetition, and the interval bounds."""
    cases, table, weights = field_and_weight(prep, PLAN["seed"], repetition)
    landline, mobile = frame_probabilities(prep, cases)
    names = list(prep.pop.outcome_names)
    data = pd.DataFrame(
        {
            "domain": table["domain"],
            "stratum": table["stratum"],
            "psu": table["psu"],
            "w": weights.table["nonresponse_weight"],
            "pa": np.minimum(landline, 1.0),
            "pb": np.minimum(mobile, 1.0),
            "internet": cases.attributes.internet,
            "app_ride_hailing": cases.answers[:, names.index("app_ride_hailing")] == 1,
            "old": cases.attributes.age >= 60,
        }
    )
    parts = [data[cases.frame == f].reset_index(drop=True) for f in range(2)]
    d = ss.DualFrameSurvey(
        *(ss.Survey(p, weight="w", strata="stratum", psu="psu") for p in parts), "domain", ("pa", "pb")
    )
    result = np.empty((len(METHODS), len(VARIABLES), 4))
    for m, method in enumerate(METHODS):
        options = {"frame_sizes": {s: sizes[s] for s in method["sizes"]}} if "sizes" in method else {}
        found = d.proportion(VARIABLES, estimator=method["estimator"], theta=method.get("theta"), **options).table
        result[m] = found[["estimate", "se", "lower", "upper"]].to_numpy()
    return result


def scenario(run, residential_share, both_phones, internet_user=0.0):
    """Performance of every method: one row per method and variable."""
    survey = copy.deepcopy(PLAN["survey"])
    survey["fieldwork"]["landline"]["both_phones"] = both_phones
    for frame in ("landline", "mobile"):
        survey["fieldwork"][frame]["internet_user"] = internet_user
    prep = prepare(run.spec(population={"residential_share": residential_share}, **survey))
    means, sizes, N = truth(prep.pop)
    with ThreadPoolExecutor() as pool:
        found = np.stack(list(pool.map(lambda r: one(prep, sizes, r), range(run.repetitions))))
    rows = []
    for m, method in enumerate(METHODS):
        for v, name in enumerate(VARIABLES):
            estimate, se, lower, upper = found[:, m, v].T
            R, spread = len(estimate), estimate.std(ddof=1)
            cover = np.mean((lower <= means[name]) & (means[name] <= upper))
            rows.append(
                {
                    "coverage": 100 * sizes["A"] / N,
                    "both_phones": both_phones,
                    "internet_user": internet_user,
                    "method": label(method),
                    "variable": name,
                    "bias": 100 * (estimate.mean() - means[name]),
                    "bias_mcse": 100 * spread / np.sqrt(R),
                    "empse": 100 * spread,
                    "se_bias": 100 * (np.sqrt(np.mean(se**2)) / spread - 1),
                    "se_bias_mcse": 100 / np.sqrt(2 * (R - 1)),
                    "cover": 100 * cover,
                    "cover_mcse": 100 * np.sqrt(cover * (1 - cover) / R),
                }
            )
    return pd.DataFrame(rows)


def table_of(found, variable):
    """One variable as Markdown: methods down, scenarios across."""
    part = found[found["variable"] == variable]
    scenarios = part[["coverage", "both_phones"]].drop_duplicates().itertuples(index=False)
    scenarios = list(scenarios)
    base = part[part["method"] == "composite"].set_index(["coverage", "both_phones"])["empse"]
    head = "".join(f" {c:.0f} %{', selective' if s else ''} |" for c, s in scenarios)
    lines = [f"| |{head}", f"| --- |{' --- |' * len(scenarios)}"]
    for method in part["method"].drop_duplicates():
        cells = ""
        for c, s in scenarios:
            row = part[(part["method"] == method) & (part["coverage"] == c) & (part["both_phones"] == s)].iloc[0]
            relative = (row["empse"] / base[c, s]) ** 2
            cells += f" {row['bias']:+.2f} · {relative:.2f} · {row['se_bias']:+.0f} · {row['cover']:.0f} |"
        lines.append(f"| {method} |{cells}")
    return "\n".join(lines)


def online_section(found):
    """The scenario in which use of the internet drives response: methods down, variables across."""
    cells = found.apply(lambda r: f"{r['bias']:+.2f} · {r['cover']:.0f}", axis=1)
    wide = found.assign(cell=cells).pivot(index="method", columns="variable", values="cell")
    wide = wide.loc[found["method"].drop_duplicates(), VARIABLES]
    rows = "\n".join(
        f"| {method} | {' | '.join(row)} |" for method, row in zip(wide.index, wide.to_numpy(), strict=True)
    )
    internet = found[found["variable"] == "internet"]
    odds, coverage = np.exp(found["internet_user"].iloc[0]), found["coverage"].iloc[0]
    return f"""## Where use of the internet itself drives response

Everything above assumes that use has nothing to do with who takes part. Here the odds of netizens to take part are {odds:.2f}
times those of others of the same kind, in both frames (as in the preset `cnnic-2024-12-online`); landlines cover {coverage:.0f} %.
Bias in points · coverage.

| | {" | ".join(VARIABLES)} |
| --- |{" --- |" * len(VARIABLES)}
{rows}

Use is off by {internet["bias"].min():+.2f} to {internet["bias"].max():+.2f} points whatever the estimator, and its interval
holds the truth {internet["cover"].min():.0f} to {internet["cover"].max():.0f} % of the time: what both frames have in common is
not mended by sharing them rightly.
"""


def draw(found, run):
    """Bias against standard error of every method, the two answers to selective answering side by side."""
    plt.rcParams.update(
        {"svg.hashsalt": "surveysim", "font.size": 8, "axes.spines.top": False, "axes.spines.right": False}
    )
    part = found[(found["variable"] == "old")]
    drawing, axes = plt.subplots(1, 2, figsize=(9.2, 4.0), sharey=True, sharex=True, layout="constrained")
    for ax, (selective, rows) in zip(axes, part.groupby("both_phones", sort=False)):
        methods = list(rows["method"].drop_duplicates())
        for k, (coverage, group) in enumerate(rows.groupby("coverage")):
            y = np.arange(len(methods))[::-1] + (k - 1) * 0.22
            ax.errorbar(
                group["bias"], y, xerr=1.96 * group["bias_mcse"], fmt="o", ms=3, lw=1, label=f"{coverage:.0f} %"
            )
        ax.axvline(0, color="0.6", lw=0.8)
        ax.set_yticks(np.arange(len(methods))[::-1], methods)
        ax.set(
            xlabel="bias of the share aged 60+, points", title="selective answering" if selective else "no selection"
        )
    axes[1].legend(title="landline coverage", frameon=False)
    drawing.set_facecolor("white")
    run.figure("dual-frame-study", drawing)


def findings(found):
    """What the table shows, in words with its numbers."""
    honest, selective = (found[found["both_phones"] == b] for b in (0.0, min(found["both_phones"])))
    full = selective["method"].str.contains("N_ab")
    sized = selective["method"].str.contains("N_A") & ~full
    pml = honest["method"].str.startswith("pml")
    one = honest["method"].str.contains("θ=")
    base = honest[honest["method"] == "composite"].set_index(["coverage", "variable"])["empse"]
    relative = honest.apply(lambda r: (r["empse"] / base[r["coverage"], r["variable"]]) ** 2, axis=1)

    near, far = (100 * (relative[at].max() - 1) for at in (~one, one))

    def worst(rows):
        return rows["bias"].abs().max(), rows["cover"].min()

    plain_bias, _ = worst(honest[~pml])
    naive_bias, naive_cover = worst(selective[~full & ~sized])
    half_bias, half_cover = worst(selective[sized & ~selective["method"].str.startswith("pml")])
    good_bias, good_cover = worst(selective[full])
    pml_bias, pml_cover = worst(honest[pml])
    return f"""## What it shows

- Without selection the estimators agree: biases up to {plain_bias:.2f} points, variances within {near:.0f} %
  of the composite's; a θ far from the optimum costs up to {far:.0f} %.
- People with two telephones who answer one of them rather bias every estimator that does not know the sizes: up to
  {naive_bias:.2f} points, coverage down to {naive_cover:.0f} %. No θ helps, because weights take who answers for who exists.
- Frame sizes alone take part of that out (up to {half_bias:.2f} points, {half_cover:.0f} %); with the overlap's size too it is gone
  (at most {good_bias:.2f} points, {good_cover:.0f} % at least).
- pml takes the overlap's estimated level at face value, where calibration takes shares. With e from the frames' working rates the weights
  add up to the frames within half a percent, and it does as well as the others: up to {pml_bias:.2f} points ({pml_cover:.0f} %) without any
  selection. Proportional allocation of unknown numbers would leave them several percent off, and pml with them.
"""


def main(run):
    grid = itertools.product(PLAN["grid"]["both_phones"], PLAN["grid"]["residential_share"])
    found = pd.concat([scenario(run, share, both) for both, share in grid], ignore_index=True)
    share = sorted(PLAN["grid"]["residential_share"])[1]
    online = scenario(run, share, 0.0, PLAN["internet_user"])
    draw(found, run)
    n = run.spec().sample.interviews
    tables = "\n\n".join(f"**{name}** ({text})\n\n{table_of(found, name)}" for name, text in PLAN["variables"].items())
    biases = found["bias_mcse"].max()
    text = f"""# Dual-frame estimators under the survey's own population

Made by `studies/dual_frame_study.py` from `studies/dual-frame-study.toml`: {run.repetitions} repetitions of {n:,} interviews,
half of them from each frame, of the preset's population with three shares of residential lines.
Shares are of people aged 6+ with a telephone.
Response does not depend on who is called, but for the columns marked *selective*: people with both telephones answer the landline
less (odds × {np.exp(min(PLAN["grid"]["both_phones"])):.2f}). Weights of the two samples are those before compositing; nothing is raked.

Each cell: bias in points · variance against the composite with effective sample sizes · relative bias of the standard error in
percent · coverage of the 95 % logit interval in percent. Monte Carlo errors: bias at most {biases:.2f} points, standard error
{found["se_bias_mcse"].max():.0f} %, coverage {found["cover_mcse"].max():.1f} points.

{tables}

![Bias by estimator](../_static/dual-frame-study.svg)

{findings(found)}
{online_section(online)}"""
    run.table("dual-frame-study", pd.concat([found, online], ignore_index=True).round(6))
    run.page("dual-frame-study", text)


if __name__ == "__main__":
    main(Run.asked(PLAN["repetitions"]))
