"""Write docs/explanation/nonresponse-bias.md: what R-indicators say of a response, beside the bias that it really causes.

`.venv/bin/python studies/nonresponse_bias.py [repetitions]`; some three minutes of one core.
"""

import warnings

import numpy as np
import pandas as pd
from runs import Run
from scipy import special

import surveysim as ss
from surveysim.pictures import alt, estimates, save

KNOWN = ["sex", "age_group", "urban"]  # of everybody in the sample, as from a register
ASKED = {
    "internet": "uses the internet",
    "app_online_shopping": "shops online",
    "app_live_streaming": "watches live streams",
    "device_desktop": "goes online by desktop computer",
}
WAYS = {  # changes of the preset's model of how mobile numbers answer
    "as in the preset": {},
    "all alike": {"contact_per_decade": 0, "female": 0, "age_per_decade": 0, "education_level": 0, "urban": 0},
    "age drives it": {"age_per_decade": 0.35},
    "use drives it (odds × 1.35)": {"internet_user": 0.3},
    "use drives it (odds × 2.7)": {"internet_user": 1.0},
}
SAMPLE, CLUSTERS, TAKEN, BLOCK = 6000, 15, 25, 100


def people(size):
    """A register of people with a mobile telephone aged 10 and over, in blocks of neighbours, and the answers they would give."""
    pop = ss.Population.china(seed=11, scale=0.002)
    table = pop.persons(np.linspace(0, pop.size - 1, size).astype(int))
    table = table[(table["n_mobile"] > 0) & (table["age_group"] != "6-9")].reset_index(drop=True)
    table = table[["province", *KNOWN, "education", *ASKED]].assign(decade=table["age"] // 10)
    table["age_group"] = table["age_group"].cat.remove_unused_categories()
    return table.iloc[: len(table) // BLOCK * BLOCK].assign(block=np.arange(len(table) // BLOCK * BLOCK) // BLOCK)


def propensity(table, model):
    """Probability that somebody answers one of the calls and takes part, by the preset's response model of mobile numbers."""
    told = {name: getattr(model, name) for name in ("contact", "cooperation", "attempts")}
    decade = np.clip(table["decade"], 0, 7).to_numpy() - 4.0
    reached = (
        1 - (1 - special.expit(special.logit(told["contact"]) + model.contact_per_decade * decade)) ** told["attempts"]
    )
    score = (
        model.female * (table["sex"] == "female")
        + model.age_per_decade * decade
        + model.urban * (table["urban"] == "urban")
    )
    score += model.education_level * table["education"].cat.codes + model.internet_user * table["internet"]
    return reached * special.expit(special.logit(told["cooperation"]) + np.asarray(score, float))


def truth(table, rho):
    """R of the propensities, and of what KNOWN says of them; by answer the bias of a mean in points, and what weighting leaves."""
    cell = table.groupby(KNOWN, observed=True).ngroup().to_numpy()
    size = np.bincount(cell)
    seen = (np.bincount(cell, rho) / size)[cell]
    rows = {}
    for name in ASKED:
        y = table[name].to_numpy(float)
        weighted = np.sum(size * np.bincount(cell, rho * y) / np.bincount(cell, rho)) / len(y)
        rows[name] = 100 * (rho @ y / rho.sum() - y.mean()), 100 * (weighted - y.mean())
    return 1 - 2 * rho.std(), 1 - 2 * seen.std(), rows


def judged(table, rho, repetitions, seed):
    """Means over samples of what representativity() says: its table, and its table of biases in points."""
    tables, biases = [], []
    for r in range(repetitions):
        rng = np.random.default_rng([seed, r])
        sample = table.iloc[
            rng.choice(len(table), SAMPLE if len(table) > SAMPLE * 5 else len(table) // 5, replace=False)
        ]
        answered = rng.random(len(sample)) < rho[sample.index]
        sample = sample.assign(
            answered=answered, **{name: sample[name].where(answered).astype(float) for name in ASKED}
        )
        found = ss.Survey(sample.reset_index(drop=True)).representativity("answered", KNOWN, y=list(ASKED))
        tables.append(found.table.set_index("indicator")[["estimate", "se"]].stack())
        biases.append(found.bias.set_index("variable")[["bias", "largest", "fmi"]].stack())
    return pd.concat(tables, axis=1), pd.concat(biases, axis=1)


def errors(table, rho, repetitions):
    """Estimated over empirical variance of each indicator, coverage of 95 % intervals: two stages, raked to sex and age."""
    areas = np.array_split(table["block"].unique(), 4)
    by = table.groupby("block").indices
    margins = {name: table[name].value_counts().to_dict() for name in ("sex", "age_group")}
    true = truth(table, rho)[1]
    found = []
    for r in range(repetitions):
        rng = np.random.default_rng([5, r])
        chosen = [block for blocks in areas for block in rng.choice(blocks, CLUSTERS)]
        rows = np.concatenate([rng.choice(by[block], TAKEN, replace=False) for block in chosen])
        psu = np.repeat(np.arange(len(chosen)), TAKEN)
        weight = np.array([len(blocks) for blocks in areas])[psu // CLUSTERS] / CLUSTERS * BLOCK / TAKEN
        sample = table[KNOWN].iloc[rows].assign(stratum=psu // CLUSTERS, psu=psu, w=weight)
        answered = rng.random(len(sample)) < rho[sample.index]
        sample = sample.assign(answered=answered).reset_index(drop=True)
        survey = ss.Survey(sample, weight="w", strata="stratum", psu="psu").rake(margins)
        answer = survey.representativity("answered", KNOWN)
        t, p = answer.table.set_index("indicator"), answer.partial
        row = {name: (t.loc[name, "estimate"], t.loc[name, "se"]) for name in t.index}
        pick = p[(p["variable"] == "age_group") & p["level"].isin(["", "20-29", "70+"])]
        for one in pick.itertuples():
            row[f"partial, {one.level or 'age'}"] = one.unconditional, one.unconditional_se
        row["inside"] = (t.loc["R", "lower"] <= true <= t.loc["R", "upper"]), 0.0
        found.append(row)
    every = pd.DataFrame(found)
    lines = {}
    for name in every.columns.drop("inside"):
        value, se = (np.array([v[k] for v in every[name]], float) for k in (0, 1))
        lines[name] = value.mean(), np.nanmean(se**2) / value.var(ddof=1)
    return lines, np.mean([v[0] for v in every["inside"]]), true


def measured(run):
    """{way: (truth, means of the indicators, means of the biases)}, and the check of errors."""
    small = bool(run.differs)
    table = people(20_000 if small else 200_000)
    model = ss.SurveySpec.preset("cnnic-2024-12").fieldwork.mobile
    found = {}
    for seed, (way, changes) in enumerate(WAYS.items()):
        rho = propensity(table, model.model_copy(update=changes))
        found[way] = (truth(table, rho), *judged(table, rho, run.repetitions, seed))
        print(way, flush=True)
    steep = {"cooperation": 0.45, "age_per_decade": 0.3, "female": 0.5, "contact": 0.5}
    rho = propensity(table, model.model_copy(update=steep))
    return found, errors(table, rho, 50 * run.repetitions)


def lines_of(found):
    """Rows of both tables."""
    first, second = [], []
    for way, ((R, seen, rows), indicators, biases) in found.items():
        mean = indicators.mean(axis=1)
        first.append(
            f"| {way} | {100 * mean['response_rate', 'estimate']:.1f} | {R:.3f} | {seen:.3f} | {mean['R', 'estimate']:.3f} | "
            f"{indicators.loc[('R', 'estimate')].std():.3f} | {mean['cv', 'estimate']:.3f} |"
        )
        b = biases.mean(axis=1)
        for name, (bias, left) in rows.items():
            largest, told = 100 * b[name, "largest"], 100 * b[name, "bias"]
            verdict = "**beyond**" if abs(bias) > largest + 0.1 else "inside"
            second.append(
                f"| {way} | {ASKED[name]} | {bias:+.1f} | {told:+.1f} | ±{largest:.1f} | {verdict} | {left:+.1f} | "
                f"{100 * b[name, 'fmi']:.0f} |"
            )
    return first, second


def picture(run, found):
    """Ranges of bias as the sample tells them, and where the bias is."""
    groups, labels, ranges = [], [], []
    for way, ((_, _, rows), _, biases) in found.items():
        b = biases.mean(axis=1)
        for name, (bias, _) in rows.items():
            groups.append(way)
            labels.append(ASKED[name])
            ranges.append((bias, -100 * b[name, "largest"], 100 * b[name, "largest"]))
    ax = estimates.intervals(
        groups,
        labels,
        {"": np.array(ranges)},
        "Points",
        at=0.0,
        title="Bias of respondents' means, and its range as told",
    )
    save(ax, run.docs / "_static" / "nonresponse-bias.svg")
    return alt(ax)


def main(run):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ss.SurveysimWarning)
        found, (ratios, inside, true) = measured(run)
    first, second = lines_of(found)
    picture(run, found)
    checks = "\n".join(f"| {name} | {value:.3f} | {ratio:.2f} |" for name, (value, ratio) in ratios.items())
    names = list(WAYS)
    shift = {way: found[way][0][2]["internet"][0] for way in names}
    fmi = {way: 100 * found[way][2].mean(axis=1)["internet", "fmi"] for way in names}
    told = {way: found[way][1].mean(axis=1)["R", "estimate"] for way in names}
    text = f"""# What R-indicators say, and what they do not see

Made by `studies/nonresponse_bias.py`: {run.repetitions} samples of people with a mobile telephone, drawn from the synthetic
population, who answer as the preset's response model says, or as it says with changes. Their sex, age and town are
known of everybody in the sample; `Survey.representativity` sees nothing else. What respondents' means are off by is known exactly.

| what drives response | response (%) | R, of all there is | R, of what is known | R as estimated | its spread | cv |
| --- | --- | --- | --- | --- | --- | --- |
{chr(10).join(first)}

R = 1 - 2 S, S the standard deviation of the propensities. "Of all there is" takes everybody's own propensity, "of what is known" what
sex, age and town say of it. cv is S over the response rate: the largest bias of a mean, in standard deviations, that such
propensities can cause.

![Bias of respondents' means and its range as told](../_static/nonresponse-bias.svg)

| what drives response | who … | bias (points) | as told by propensities | largest, as told | the bias is | left after weighting | FMI (%) |
| --- | --- | --- | --- | --- | --- | --- | --- |
{chr(10).join(second)}

"As told by propensities" is the respondents' mean less that weighted by one over the propensity, "left after weighting" what remains of
the bias when respondents are weighted to all combinations of sex, age and town.

## When they mislead

- **What the known variables do not see, they do not tell.** Where use itself drives response, R falls little
  ({told[names[0]]:.3f} as in the preset, {told[names[3]]:.3f} and {told[names[4]]:.3f} where use drives it), while the share
  of internet users is off by {shift[names[3]]:+.1f} and {shift[names[4]]:+.1f} points instead of {shift[names[0]]:+.1f}. R is a
  statement about the variables that it was given.
- **The largest bias is largest for these variables only.** "Beyond" in the table is a bias that the sample calls impossible.
- **A low R is not a large error.** Where age drives response, R is {told[names[2]]:.3f}, the lowest here, and weighting by age takes out
  what it causes.
- **A high R at a low response is cheap.** Propensities near 0 cannot vary much: with 10 % of a sample responding S is at most 0.3. cv
  compares such surveys, R does not.
- **The fraction of missing information** follows the response rate and how well the variables predict the answers. Of use of the internet
  it is {fmi[names[0]]:.0f} % as in the preset and {fmi[names[4]]:.0f} % where use drives response most: less, because more people
  respond, while the bias is several times as large.

## Errors

Samples in two stages ({4 * CLUSTERS} blocks of neighbours in 4 areas, {TAKEN} people of each), raked to sex and age,
{50 * run.repetitions} times: mean of the estimates, and estimated over empirical variance (which chance moves by
{200 * np.sqrt(2 / (50 * run.repetitions)):.0f} % either way, two standard errors). Intervals of 95 % held
the true R ({true:.3f}) in {100 * inside:.1f} % of the samples.

| indicator | mean | variance, estimated over empirical |
| --- | --- | --- |
{checks}
"""
    run.page("nonresponse-bias", text)


if __name__ == "__main__":
    main(Run.asked(40))
