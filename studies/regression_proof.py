"""Write docs/explanation/regression-proof.md and .csv: errors of regressions, their margins and effects, estimated over empirical.

`.venv/bin/python studies/regression_proof.py [repetitions]`; some three minutes of one core.

A population of 600 areas with 40 people each, in 4 strata; people of an area are alike in what is explained and in what explains. Samples
are 15 areas of each stratum and 10 people in each, without replacement at both stages, raked to sex and age. Control variates are the
totals of the scores of the population's own models, whose covariance matrix follows from the design.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from runs import Run
from variance_proof import empirical, replicated

import surveysim as ss

STRATA, AREAS, PEOPLE = 4, 150, 40  # areas of a stratum, people of an area
SAMPLED, ASKED = 15, 10  # those of them in the sample
LEAST, REPLICATED, REPLICATES = 48, 24, 56  # repetitions; one of so many is replicated as well
MODELS = {
    "logit": {"formula": "y ~ x + sex", "family": "binomial"},
    "probit": {"formula": "y ~ x + sex", "family": "binomial", "link": "probit"},
    "Poisson": {"formula": "c ~ x + sex", "family": "poisson"},
    "ordinal": {"formula": "g ~ x + sex", "family": "ordinal"},
}
ERRORS = ("full", "coefficients", "averaging")


def population():
    """Everybody, area by area."""
    rng, areas = np.random.default_rng(5), STRATA * AREAS
    u, area = rng.normal(size=areas), np.repeat(np.arange(areas), PEOPLE)
    n = len(area)
    pop = pd.DataFrame(
        {"h": area // AREAS, "area": area, "sex": rng.choice(["f", "m"], n), "age": rng.choice(["y", "o", "m"], n)}
    )
    pop["x"] = rng.normal(size=n).round(2) + 0.3 * u[area]
    eta = -0.3 + 0.5 * pop["x"] + 0.4 * (pop["sex"] == "m") + 0.6 * u[area]
    pop["y"] = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    pop["c"] = rng.poisson(np.exp(0.3 * eta))
    pop["g"] = pd.Categorical.from_codes(
        np.digitize(eta + rng.logistic(size=n), [-1, 1]), ["l", "m", "h"], ordered=True
    )
    return pop


def controls(pop):
    """Columns (N, K) whose totals are the controls."""
    whole = ss.Survey(pop)
    scores = [whole.glm(**asked).item.score for asked in MODELS.values()]
    dummies = [pop["sex"] == "m", pop["age"] == "y", pop["age"] == "o"]
    return np.vstack([*scores, *dummies, pop["x"], pop["x"] ** 2]).astype(float).T


def known(z):
    """Covariance matrix of expanded totals of z (N, K) by this design (Särndal, Swensson & Wretman 1992, result 4.3.1)."""
    within = z.reshape(STRATA, AREAS, PEOPLE, -1)
    totals, found = within.sum(axis=2), 0.0
    for h in range(STRATA):
        between = AREAS**2 * (1 / SAMPLED - 1 / AREAS) * np.cov(totals[h].T)
        inner = sum(np.cov(area.T) for area in within[h]) * PEOPLE**2 * (1 / ASKED - 1 / PEOPLE) * AREAS / SAMPLED
        found = found + between + inner
    return found


def rows_of(rng):
    """Places of a sample's people."""
    areas = np.concatenate([h * AREAS + rng.choice(AREAS, SAMPLED, replace=False) for h in range(STRATA)])
    return np.concatenate([a * PEOPLE + rng.choice(PEOPLE, ASKED, replace=False) for a in areas])


def coefficients(survey):
    """Models, and (estimate, se, lower, upper) of their coefficients."""
    models = {name: survey.glm(**asked) for name, asked in MODELS.items()}
    return models, [m.table[["estimate", "se", "lower", "upper"]].to_numpy() for m in models.values()]


def asked(survey):
    """(statistics, 4) of the coefficients, then of the margins and effects of the logit by each kind of error."""
    models, found = coefficients(survey)
    for errors in ERRORS:
        for estimates in (models["logit"].margins("sex", errors=errors), models["logit"].effects(errors=errors)):
            found.append(estimates.table[["estimate", "se", "lower", "upper"]].to_numpy())
    return np.concatenate(found)


def names(survey):
    """(model, statistic, error) of each row of `asked`."""
    models, _ = coefficients(survey)
    found = [(name, term, "full") for name, model in models.items() for term in model.names]
    averages = ["margin of women", "margin of men", "effect of x", "effect of sex"]
    return found + [("logit", what, errors) for errors in ERRORS for what in averages]


def repeated_logit(survey, seed):
    """Variances by replicates of what is asked of the logit: coefficients, margin, effects."""
    model = replicated(survey, "rao-wu", n=REPLICATES, seed=seed).glm(**MODELS["logit"])
    return np.concatenate([e.table["se"] ** 2 for e in (model, model.margins("sex"), model.effects())])


def measured(run):
    """Estimates (R, statistics, 4), controls (R, K), the logit's replicated variances of every so manyeth, the truth, names, S."""
    pop = population()
    margins = {c: pop[c].value_counts().astype(float).to_dict() for c in ("sex", "age")}
    z, expansion = controls(pop), AREAS / SAMPLED * PEOPLE / ASKED
    found, totals, repeated = [], [], []
    for r in range(run.repetitions):
        rows = rows_of(np.random.default_rng([23, r]))
        totals.append(expansion * z[rows].sum(axis=0))
        table = pop.iloc[rows].reset_index(drop=True)
        table = table.assign(w=expansion, areas=AREAS, people=PEOPLE, person=np.arange(len(rows)))
        design = {"weight": "w", "strata": "h", "psu": ["area", "person"], "fpc": ["areas", "people"]}
        survey = ss.Survey(table, **design).rake(margins)
        found.append(asked(survey))
        if r % REPLICATED == 0:
            repeated.append(repeated_logit(survey, r))
    whole = ss.Survey(pop)
    return np.array(found), np.array(totals), np.array(repeated), asked(whole)[:, 0], names(whole), known(z)


def table(found, totals, repeated, truth, labels, S):
    """A row for each statistic and kind of error."""
    rows, logit = [], [q for q, (model, _, errors) in enumerate(labels) if (model, errors) == ("logit", "full")]
    for q, (model, what, errors) in enumerate(labels):
        value, se, lower, upper = found[:, q].T
        variance, influence = empirical(value, totals, S)
        v, R = se**2, len(se)
        ratio = v.mean() / variance
        inside = np.mean((lower <= truth[q]) & (truth[q] <= upper))
        noise = np.sqrt(np.sum(((v - v.mean() - ratio * influence) / variance / R) ** 2))
        of = repeated[:, logit.index(q)].mean() / v[::REPLICATED].mean() * ratio if q in logit else np.nan
        rows.append(
            {"model": model, "statistic": what, "errors": errors, "true": truth[q], "se": np.sqrt(variance), "ratio": ratio, "mcse": noise,
             "plain": v.mean() / value.var(ddof=1), "coverage": 100 * inside, "replicates": of,
             "bias": (value.mean() - truth[q]) / np.sqrt(variance)}
        )  # fmt: skip
    return pd.DataFrame(rows)


def page(rows, run):
    full = rows[rows["errors"] == "full"]
    lines = [
        f"| {r.model} | {r.statistic.replace('|', ' to ')} | {r.true:.3f} | {r.se:.4f} | {r.ratio:.3f} ± {2 * r.mcse:.3f} | "
        f"{r.coverage:.1f} | {'–' if np.isnan(r.replicates) else f'{r.replicates:.2f}'} |"
        for r in full.itertuples()
    ]
    by = rows.set_index(["statistic", "errors"])["ratio"]
    averages = list(dict.fromkeys(rows.loc[rows["errors"] == "averaging", "statistic"]))
    kinds = [
        f"| {what} | {by[what, 'full']:.3f} | {by[what, 'coefficients']:.3f} | {by[what, 'averaging']:.3f} | "
        f"{by[what, 'coefficients'] + by[what, 'averaging']:.3f} |"
        for what in averages
    ]
    off = full[(full["ratio"] - 1).abs() > 0.05 + 2 * full["mcse"]]
    inside, plain = len(full) - len(off), np.sqrt(2 / run.repetitions)
    chance, bias = 200 * np.sqrt(0.95 * 0.05 / run.repetitions), full["bias"].abs().max()
    return f"""# Errors of regressions against the truth

Made by `studies/regression_proof.py`. From a population of {STRATA * AREAS * PEOPLE:,} people in {STRATA * AREAS} areas, made once,
{run.repetitions:,} samples are drawn: in each of {STRATA} strata {SAMPLED} of {AREAS} areas and {ASKED} of the {PEOPLE} people of each,
without replacement at both stages, raked to sex and age. Each sample has a logistic, a probit, a Poisson and a proportional odds
regression on a number and sex, and of the logistic one predicted margins and average marginal effects. The models are not right: what
makes an area differ is in none of them. The truth is what the same model gives for the whole population.

## Estimated over empirical variances

| model | statistic | truth | empirical error | linearized | coverage | Rao-Wu |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
{chr(10).join(lines)}

1 is right; ± is twice the Monte Carlo error, coverage that of 95 % intervals in percent (± {chance:.1f}). The
empirical variance is measured with control variates as in [Every variance](variance-proof.md), here the totals of the scores
of the population's models; without them the Monte Carlo error of a ratio would be {plain:.3f}.
Rao-Wu errors, of the logit, repeat the raking and the fit with {REPLICATES} replicates in one sample of {REPLICATED}, and are put
beside the linearized errors of the same samples. {inside} of {len(full)} linearized ratios lie between 0.95 and 1.05, or no further
from it than twice their Monte Carlo error; the {len(full)} average {full["ratio"].mean():.3f}, and the largest bias of an estimate is
{bias:.2f} of its error.

## What the error of a margin counts

A margin has two sources of error: the coefficients, and the weights of the people whose predictions are averaged. `errors="full"` counts
both and that they move together, `"coefficients"` takes the people as they are (Stata's `margins`), `"averaging"` the coefficients.
Over the empirical variance, which has everything:

| of the logit | full | coefficients | averaging | the last two added, as R's `svypredmeans` |
| --- | ---: | ---: | ---: | ---: |
{chr(10).join(kinds)}
"""


def main(run):
    run = replace(run, repetitions=max(run.repetitions, LEAST))  # fewer tell nothing beside the controls
    rows = table(*measured(run))
    run.table("regression-proof", rows.round(5))
    run.page("regression-proof", page(rows, run))


if __name__ == "__main__":
    main(Run.asked(1000))
