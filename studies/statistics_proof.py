"""Write docs/explanation/statistics-proof.md and .csv: errors of distributions, tables and R-indicators, estimated over empirical.

`.venv/bin/python studies/statistics_proof.py [repetitions]`; some two minutes of one core.

Samples are drawn as in `regression_proof.py`: two stages without replacement, raked to sex and age. Control variates are the totals of the
scores that the same statistics have in the whole population, whose covariance matrix follows from the design.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from regression_proof import AREAS, ASKED, PEOPLE, SAMPLED, STRATA, known, rows_of
from runs import Run
from variance_proof import empirical

import surveysim as ss

LEAST = 100  # repetitions; fewer tell nothing beside the controls
DISTRIBUTIONS = {
    "variance": lambda s: s.variance("income"),
    "standard deviation": lambda s: s.sd("income"),
    "covariance": lambda s: s.covariance("income", "age_years"),
    "correlation": lambda s: s.correlation("income", "age_years"),
    "Gini": lambda s: s.gini("income"),
    "quintile share ratio": lambda s: s.share_ratio("income"),
    "poverty rate": lambda s: s.poverty("income"),
    "poverty rate of women": lambda s: s.where("sex=f").poverty("income"),
    "p90/p10": lambda s: s.quantile_ratio("income"),
    "share below 900": lambda s: s.cdf("income", 900),
}
KEPT = ["estimate", "se", "lower", "upper"]


def population():
    """Everybody, area by area; people of an area are alike in income, in what they say and in whether they respond."""
    rng, areas = np.random.default_rng(8), STRATA * AREAS
    u, area = rng.normal(size=areas), np.repeat(np.arange(areas), PEOPLE)
    n = len(area)
    pop = pd.DataFrame(
        {"h": area // AREAS, "area": area, "sex": rng.choice(["f", "m"], n), "age_years": rng.integers(18, 80, n)}
    )
    pop["age"] = np.array(["y", "m", "o"])[np.digitize(pop["age_years"], [40, 60])]
    pop["income"] = np.exp(7 + 0.25 * u[area] + 0.006 * pop["age_years"] + 0.5 * rng.normal(size=n)).round(1)
    pop["answer"] = np.array(["no", "so", "yes"])[
        np.digitize(0.5 * u[area] + 0.4 * (pop["sex"] == "m") + rng.logistic(size=n), [-0.7, 0.9])
    ]
    eta = 0.2 + 0.3 * u[area] + 0.5 * (pop["sex"] == "f") + 0.6 * (pop["age"] == "o")
    pop["responds"] = rng.random(n) < 1 / (1 + np.exp(-eta))
    return pop


def cells(survey):
    """Percentages of the answers in columns of sex, and their effective numbers of respondents."""
    table = survey.crosstab("answer", "sex", test=None, letters=False).to_frame()
    return table[table["column"] != "Total"]


def asked(survey, adjust="design"):
    """(statistics, 5) estimate, se, lower, upper and effective n, where there is one."""
    found = [one(survey).table[KEPT].to_numpy()[0] for one in DISTRIBUTIONS.values()]
    table, indicators = cells(survey), survey.representativity("responds", ["sex", "age"], adjust=adjust).table
    whole = np.vstack([*found, table[KEPT].to_numpy(), indicators[KEPT].to_numpy()])
    effective = np.full(len(whole), np.nan)
    effective[len(found) : len(found) + len(table)] = table["effective_n"]
    return np.column_stack([whole, effective])


def names(survey):
    """(kind, statistic) of each row of `asked`."""
    found = [("distribution", name) for name in DISTRIBUTIONS]
    found += [("table", f"{r.level} of {r.column}, percent of column") for r in cells(survey).itertuples()]
    indicators = survey.representativity("responds", ["sex", "age"]).table["indicator"]
    return found + [("R-indicator", name.replace("_", " ")) for name in indicators]


def controls(pop):
    """Columns (N, K) whose totals are the controls."""
    whole = ss.Survey(pop)
    scores = [s.score for one in DISTRIBUTIONS.values() for item in one(whole).items for s in item.statistics()]
    groups = pd.get_dummies(pop["sex"] + pop["age"]).to_numpy(float)[:, 1:]
    answers = [(pop["answer"] == a) * (pop["sex"] == sex) for a in ("no", "so") for sex in "fm"]
    return np.column_stack(
        [*scores, groups, groups * pop["responds"].to_numpy()[:, None], pop["responds"], *answers]
    ).astype(float)


def measured(run):
    """Estimates (R, statistics, 5), controls (R, K), the truth, names, S."""
    pop = population()
    margins = {c: pop[c].value_counts().astype(float).to_dict() for c in ("sex", "age")}
    z, expansion = controls(pop), AREAS / SAMPLED * PEOPLE / ASKED
    found, totals = [], []
    for r in range(run.repetitions):
        rows = rows_of(np.random.default_rng([29, r]))
        totals.append(expansion * z[rows].sum(axis=0))
        table = pop.iloc[rows].reset_index(drop=True)
        table = table.assign(w=expansion, areas=AREAS, people=PEOPLE, person=np.arange(len(rows)))
        design = {"weight": "w", "strata": "h", "psu": ["area", "person"], "fpc": ["areas", "people"]}
        found.append(asked(ss.Survey(table, **design).rake(margins)))
    whole = ss.Survey(pop)
    return np.array(found), np.array(totals), asked(whole, "none")[:, 0], names(whole), known(z)


def table(found, totals, truth, labels, S):
    """A row for each statistic."""
    rows = []
    for q, (kind, what) in enumerate(labels):
        there = found[:, q, 1] > 0  # of propensities that vary by no more than chance nothing but 0 is said
        value, se, lower, upper, effective = found[there, q].T
        variance, influence = empirical(value, totals[there], S)
        ratio = np.mean(se**2) / variance
        noise = np.sqrt(np.sum(((se**2 - np.mean(se**2) - ratio * influence) / variance / there.sum()) ** 2))
        inside = np.mean((lower <= truth[q]) & (truth[q] <= upper))
        rows.append(
            {"kind": kind, "statistic": what, "true": truth[q], "se": np.sqrt(variance), "ratio": ratio, "mcse": noise,
             "coverage": 100 * inside, "effective_n": np.median(effective), "bias": (value.mean() - truth[q]) / np.sqrt(variance),
             "repetitions": there.sum(), "needed_n": truth[q] * (1 - truth[q]) / variance if kind == "table" else np.nan}
        )  # fmt: skip
    return pd.DataFrame(rows)


def page(rows, run):
    lines = [
        f"| {r.statistic} | {r.true:.4g} | {r.se:.3g} | {r.ratio:.3f} ± {2 * r.mcse:.3f} | {r.coverage:.1f} | {r.bias:+.2f} |"
        for r in rows.itertuples()
    ]
    sizes = [
        f"| {r.statistic} | {r.effective_n:.0f} | {r.needed_n:.0f} |"
        for r in rows[rows["kind"] == "table"].itertuples()
    ]
    off = rows[(rows["ratio"] - 1).abs() > 0.05 + 2 * rows["mcse"]]
    told = ", ".join(f"{r.statistic} ({r.ratio:.3f})" for r in off.itertuples())
    without = run.repetitions - rows["repetitions"].min()
    outside = f"Outside {'is' if len(off) == 1 else 'are'} {told}." if len(off) else "None lies outside."
    areas, inside, chance = (
        STRATA * SAMPLED,
        f"{len(rows) - len(off)} of {len(rows)}",
        200 * np.sqrt(0.95 * 0.05 / run.repetitions),
    )
    return f"""# Errors of distributions, tables and R-indicators against the truth

Made by `studies/statistics_proof.py`. From a population of {STRATA * AREAS * PEOPLE:,} people in {STRATA * AREAS} areas, made once,
{run.repetitions:,} samples are drawn as in [the page on regressions](regression-proof.md): {SAMPLED} of {AREAS} areas in each
of {STRATA} strata and {ASKED} of the {PEOPLE} people of each, without replacement at both stages, raked to sex and age. The truth
is what the same statistic gives for everybody.

## Estimated over empirical variances

| statistic | truth | empirical error | linearized | coverage | bias |
| --- | ---: | ---: | ---: | ---: | ---: |
{chr(10).join(lines)}

1 is right; ± is twice the Monte Carlo error, coverage that of 95 % intervals in percent (± {chance:.1f}), bias in units of
the error. Empirical variances are measured with control variates as in [Every variance](variance-proof.md).
{inside} ratios lie between 0.95 and 1.05, or no further from it than twice their Monte Carlo error; the
{len(rows)} average {rows["ratio"].mean():.3f}. {outside}
Squares and ratios of ends of a skewed income, of which few have most, are told least well by {areas} areas. The error of S is that of
S² over 2 S, which is large where a sample's S is near 0, so that a few samples raise its average; in the others it errs a little to the
large side, too. Intervals are found for S². Samples in which the propensities vary by no more than chance ({without} here)
have an S of 0 without an error, and are left out of the last three rows.

## Effective numbers of respondents

An effective n is the simple random sample in which a percentage would have the error it has; of {STRATA * SAMPLED * ASKED} respondents:

| percentage | median of the samples | by the empirical error |
| --- | ---: | ---: |
{chr(10).join(sizes)}
"""


def main(run):
    run = replace(run, repetitions=max(run.repetitions, LEAST))
    rows = table(*measured(run))
    run.table("statistics-proof", rows.round(5))
    run.page("statistics-proof", page(rows, run))


if __name__ == "__main__":
    main(Run.asked(1000))
