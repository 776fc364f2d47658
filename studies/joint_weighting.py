"""Write docs/explanation/joint-weighting.md: two readings of "multi-variable joint weighting", and what the cuts between ages are worth.

`.venv/bin/python studies/joint_weighting.py [repetitions]`; some six minutes on two cores.
"""

import numpy as np
from runs import Run

import surveysim as ss
from surveysim import reference
from surveysim.survey.preparation import prepare
from surveysim.survey.weighted import field_and_weight

SEED, OF_WEIGHTS = 44, 20  # repetitions whose weights are looked at
JOINT = ["sex", "age_group", "education", "urban"]
METHODS = {  # name: (keys of `weighting`, what it is)
    "margins": ({}, "raking to the four margins, ages 6-9, 10-19, …, 60-69, 70+: the preset"),
    "margins, ages across": (
        {"age_group": [6, 15, 30, 45, 60]},
        "the same with ages 6-14, 15-29, 30-44, 45-59, 60+, which cut across the printed bands",
    ),
    "sex × age": ({"margins": [["sex", "age_group"], "education", "urban"]}, "sex crossed with age, and two margins"),
    "joint": ({"margins": [JOINT]}, "one cell for every sex, age, education and residence (128 in a province)"),
    "joint, coarse": (
        {
            "margins": [JOINT],
            "age_group": [6, 20, 40, 60],
            "education": ["no_schooling", "senior_secondary"],
        },
        "the same with four ages and two educations (32 in a province)",
    ),
}
BANDS = ("6_9", "10_19", "20_29", "30_39", "40_49", "50plus")
SHOWN = (
    *(f"netizens_age_{band}_share" for band in BANDS),
    "internet_penetration",
    "internet_penetration_60plus",
    "netizens_male_share",
    "app_short_video_rate",
)


def repeated(run):
    """Errors and coverage of every indicator by method, over the repetitions of one study."""
    keys = run.spec().model_dump() | {
        "study": {"name": "joint_weighting", "repetitions": run.repetitions, "seed": SEED},
        "methods": [{"name": name, "weighting": weighting} for name, (weighting, _) in METHODS.items()],
    }
    return ss.Study(keys).run(progress=False)


def weights_of(run):
    """Kish deff, levels that were merged, and largest weight over the mean by method: means over some repetitions."""
    found = {}
    for name, (weighting, _) in METHODS.items():
        prep, rows = prepare(run.spec(weighting=weighting)), []
        for r in range(min(OF_WEIGHTS, run.repetitions)):
            weights = field_and_weight(prep, SEED, r)[2]
            merged = len(weights.records[-1]["merged"])
            rows.append((weights.calibrations[-1].deff_kish, merged, weights.final.max() / weights.final.mean()))
        found[name] = np.mean(rows, axis=0)
    return found


def cell(row):
    return f"{row['rmse']:.2f} · {100 * row['cover']:.0f}"


def page(run, found, weights):
    """The page as Markdown."""
    table = found.performance()
    wide = table.pivot(index=["estimand", "method"], columns="measure", values="value")
    wide["rmse"] = np.sqrt(wide["mse"])
    names = reference.published()["name_en"]
    heads = f"| | {' | '.join(METHODS)} |\n| --- |{' ---: |' * len(METHODS)}"
    rows = [f"| {names[name]} | {' | '.join(cell(wide.loc[(name, method)]) for method in METHODS)} |" for name in SHOWN]
    made = {
        "Kish deff": [f"{weights[m][0]:.3f}" for m in METHODS],
        "levels merged, of all provinces": [f"{weights[m][1]:.0f}" for m in METHODS],
        "largest weight over the mean": [f"{weights[m][2]:.0f}" for m in METHODS],
    }
    ages = [f"netizens_age_{band}_share" for band in BANDS]
    error = {m: wide.loc[[(name, m) for name in ages], "rmse"].mean() for m in METHODS}
    cover = {m: 100 * wide.loc[[(name, m) for name in ages], "cover"] for m in METHODS}

    def spread(method):
        return f"{cover[method].min():.0f} to {cover[method].max():.0f} %"

    mcse = 100 * np.sqrt(0.95 * 0.05 / run.repetitions)
    what = "\n".join(f"- **{name}**: {text}." for name, (_, text) in METHODS.items())
    ratio = error["margins"] / error["margins, ages across"]
    return f"""# Joint weighting: margins or crosses

Made by `studies/joint_weighting.py`: {run.repetitions:,} repetitions of the preset survey, each weighted in {len(METHODS)} ways.

The report weights by 多变量联合加权, "multi-variable joint weighting", to the structure that statistical bureaus publish. It can mean
that the margins of several variables hold jointly (raking), or that the joint distribution of these variables holds (one cell for every
combination). Bureaus print some crosses, such as sex × age, and not the cross of all four, so the second reading needs a table that an
office would have to make itself.

{what}

A level with fewer than five interviews in a province is merged with its neighbour first. In a cross the last variable, residence, is
the neighbour, then education.

## Errors and coverage

Root mean squared error in points · coverage of 95 % intervals in percent (Monte Carlo error about {mcse:.1f}).

{heads}
{chr(10).join(rows)}

## Weights

{heads}
{chr(10).join(f"| {name} | {' | '.join(values)} |" for name, values in made.items())}

## What it says

- **Where ages are cut.** Shares of netizens by age are covered {spread("margins, ages across")} of the time where the raking ages cut
  across the printed bands, and {spread("margins")} where they nest in them; their errors fall to {100 * ratio:.0f} % of what they were,
  at a Kish deff of {weights["margins"][0]:.3f} instead of {weights["margins, ages across"][0]:.3f}.
- **Margins or crosses.** With all cells of the cross the mean error of these shares is {error["joint"]:.2f} points, with margins
  {error["margins"]:.2f}, with the coarse cross {error["joint, coarse"]:.2f}; coverage {spread("joint")}, {spread("margins")} and
  {spread("joint, coarse")}.
- **What it costs.** {weights["joint"][1]:,.0f} of {31 * 128:,} cells are too thin in an average sample and are merged, so that what is left
  of the joint reading is the neighbours' choice. Of the levels of margins it is {weights["margins"][1]:.0f}.
"""


def main(run):
    found = repeated(run)
    text = page(run, found, weights_of(run))
    run.page("joint-weighting", text)
    kept = found.performance()
    kept = kept[kept["measure"].isin(["bias", "empse", "mse", "cover", "modelse"])]
    run.table("joint-weighting", kept.drop(columns=["scenario", "domain"], errors="ignore").round(6))
    print(text)


if __name__ == "__main__":
    main(Run.asked(400))
