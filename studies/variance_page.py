"""The page docs/explanation/variance-proof.md from the tables that studies/variance_proof.py makes."""

import variance_designs as designs
from variance_designs import QUESTIONS

METHODS = ("linearized", "rao-wu", "jackknife")
SURE = 0.02  # Monte Carlo error of a coverage that is shown; medians of eight samples have more where intervals do not follow errors


def is_median(row):
    return row.question == "median" and row.ratio > 1


def counts_of_cases(row):
    return row.recipe in ("nonresponse classes", "nonresponse propensity") and row.ratio > 1


def blocks_that_change_groups(row):
    return row.recipe == "unit nonresponse, groups" and row.method == "jackknife"


def bound_that_follows_squares(row):
    return row.recipe == "trim by Potter's rule" and row.method == "linearized" and row.ratio > 1


EXPLAINED = (  # what holds for a row whose ratio is outside 0.95 to 1.05, and why it is
    (
        counts_of_cases,
        """Nonresponse steps that go by counts of cases multiply the weights of those who answered. The counts come from the same
sample, but those who did not answer are no rows, so that factors pass for known, linearized and replicated alike. Weighting
up to the cases of a class takes out what classes explain, as poststratification does, and that gain is not credited: errors
are too large (Kim and Kim 2007, for propensities). `UnitNonresponse`, with a row for everybody in the sample, credits it.""",
    ),
    (
        is_median,
        r"""Woodruff's error of a median is the length of an interval over $2t$. Here the interval holds some 50 respondents, and the
square of a length has the length's own variance added, about one over their number, and what the distribution bends. Both
shrink as $1/\sqrt n$: see the row with four times the sample. What goes into the interval, the error of a share, is right.""",
    ),
    (
        blocks_that_change_groups,
        """Groups of like propensity are cut where their sizes are equal, so that a unit left out can move a cut past all who have one
propensity, and weights jump. The delete-one jackknife needs a statistic that hardly changes with one unit, and is of no use here, as for
quantiles (Shao and Wu 1989): in some of its eight samples it is several times too large. Linearized errors hold the groups;
Rao-Wu's vary them.""",
    ),
    (
        bound_that_follows_squares,
        """Potter's bound is found from the squares of all weights. Linearized errors take it for known, replicates find it
again; the errors of the same samples are 2.5 % smaller by the jackknife.""",
    ),
)


def reason(row):
    """Number of the explanation of a row whose ratio is outside 0.95 to 1.05, 0 where there is none."""
    return next((k for k, (holds, _) in enumerate(EXPLAINED, 1) if holds(row)), 0)


def outside(found):
    return found[(found["ratio"] < 0.95) | (found["ratio"] > 1.05)]


def cell(rows, what):
    """The figures of the methods of one recipe and question, side by side."""
    texts = []
    for method in METHODS:
        row = rows.get(method)
        if row is None or (what == "coverage" and not row.coverage_mcse <= SURE):
            texts.append("–")
        elif what == "coverage":
            texts.append(f"{100 * row.coverage:.1f}")
        else:
            far = not 0.95 <= row.ratio <= 1.05
            texts.append(f"**{row.ratio:.3f}** [{reason(row)}]" if far else f"{row.ratio:.3f}")
    return " / ".join(texts)


def grid(found, recipes, what):
    """Recipes down, questions across."""
    place = {(row.recipe, row.question, row.method): row for row in found.itertuples()}
    lines = ["| | " + " | ".join(QUESTIONS) + " |", "| --- |" + " --- |" * len(QUESTIONS)]
    for recipe in recipes:
        cells = []
        for question in QUESTIONS:
            rows = {m: place[recipe, question, m] for m in METHODS if (recipe, question, m) in place}
            cells.append(cell(rows, what) if rows else "")
        name = recipe.rsplit(" | ", 1)[0].replace(" | nothing", "").replace(" | ", ": ")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def section(found, title, names):
    return f"""### {title}

Mean estimated over empirical variance:

{grid(found, names, "ratio")}

Coverage of 95 % intervals, percent:

{grid(found, names, "coverage")}"""


def page(found, forms, size):
    """The page as text; `size` is how often everything was repeated."""
    names = list(dict.fromkeys(found["recipe"]))
    shown = found.assign(coverage_mcse=found["coverage_mcse"].where(found["coverage_mcse"] <= SURE))
    worst = shown.groupby("method")[["ratio_mcse", "coverage_mcse"]].max()
    errors = "; ".join(
        f"{m} {worst.loc[m, 'ratio_mcse']:.3f} and {100 * worst.loc[m, 'coverage_mcse']:.1f} points" for m in METHODS
    )
    inside = len(found) - len(outside(found))
    head = HEAD.format(N=designs.N, total=len(found), inside=inside, errors=errors, size=size)
    notes = "\n".join(f"{k}. " + text.replace("\n", "\n   ") for k, (_, text) in enumerate(EXPLAINED, 1))
    kinds = {
        "One sample": [name for name in names if name in designs.RECIPES],
        "Steps of published recipes": [name for name in names if name in designs.PRACTICE],
        "Two frames, samples as drawn": [name for name in names if name.endswith("| raw")],
        "Two frames, each sample raked": [name for name in names if name.endswith("| raked")],
    }
    tables = [section(found, title, chosen) for title, chosen in kinds.items() if chosen]
    tables = "\n\n".join(tables)
    pml = "\n".join(f"| {row.form} | {row.ratio:.3f} ({row.ratio_mcse:.3f}) |" for row in forms.itertuples())
    likelihood = LIKELIHOOD.format(**designs.design("frames").sizes)
    return "\n\n".join((head, notes, "## The tables", tables, likelihood + "\n" + pml, DESIGNS))


HEAD = """# Every variance against the truth

Made by `studies/variance_proof.py`. From a population of {N:,} people, made once, samples are drawn by a design, weighted by a
recipe, and asked six questions: the total of a skewed variable, its total in a domain that the rakings pin (women), its total
in one that they do not (a third of the people, with higher values), its mean, a ratio of two totals, and the median. Compared are

- **mean estimated over empirical variance**, which is 1 where a variance is right;
- **coverage** of 95 % intervals: of the truth, or, where wrong initial weights or trimming leave a bias on purpose, of the mean
  of the estimates.

Each cell is linearized / Rao-Wu / jackknife; – is not offered, or not asked for. Linearized errors come from
{size.linearized:,} repetitions (up to 7,500 where chance moves them most, 500 to 1,000 for steps of published recipes), the variance of
medians from {size.median:,}, Rao-Wu errors from {size.rao_wu} (60 to 200) with {size.replicates} replicates, jackknife errors from
{size.jackknife} (4), compared with the linearized ones of
the same samples, which they follow closely. Largest Monte Carlo errors of ratios and of coverage: {errors}. Those of every figure,
the biases and the repetitions are in `docs/explanation/variance-proof.csv`.

**The yardstick.** The empirical variance is measured with control variates: an estimate $T$ is regressed on linear estimates $H$
of the same samples (Horvitz-Thompson totals of what is asked and of the raking variables), whose covariance matrix $S$ follows
from the design; $V(T) = b'Sb + V(T - b'H)$. Only the small rest is left to chance, so that some thousand repetitions do what
would take 100,000. Nothing of the estimators or their variances goes into it, and tests compare $S$ with the samples.
Regressions, their margins and effects have [a page of their own](regression-proof.md), and so have [distributions, tables and
R-indicators](statistics-proof.md).

**What comes out.** {inside:,} of {total:,} ratios lie between 0.95 and 1.05. The others are in bold, with the number of their
reason:"""

LIKELIHOOD = r"""## Two forms of the variance of pseudo-maximum likelihood

With $N_A$ and $N_B$ known, variances of the total are published that differ by 2 to 7 %. They have the same linear form: residuals
on the means of the domains and, in the overlap, $\lambda\varphi$ for sample A and $\lambda(1-\varphi)$ for sample B, with
$\lambda = \bar y_{{ab}} - \bar y_a - \bar y_b$. They differ in $\varphi$, the part that sample A has in the estimated size of the overlap:

- the derivative of Skinner and Rao's (1996) quadratic gives
  $\varphi = \gamma N_b N_A / (\gamma N_b N_A + (1-\gamma) N_a N_B)$, which is $V''/(V' + V'')$ for the optimal $\gamma$;
- for simple random samples, with $\gamma : 1-\gamma = n_A/N_A : n_B/N_B$, that is $\varphi = n_A N_b / (n_A N_b + n_B N_a)$. Some
  programs (Frames2 0.2.1 is one) keep this for every design, though their $\gamma$ is the optimal one.

The first holds, and is what `pml` takes; there residuals are also multiplied by what the weights of their domain are multiplied
by, which changes little. The second is too large where effective sample sizes are not in proportion to sample sizes, as here,
where the weights of sample A vary much more; where they are, the two agree. Frames of {A:,.0f} and {B:,.0f}, {ab:,.0f} people in
both, samples as drawn:

| form | mean estimated over empirical variance (Monte Carlo error) |
| --- | ---: |"""

DESIGNS = """## Imputation

Until replicates kept their draws, hot decks that were drawn anew in each gave jackknife variances of 1.27 to 1.39 in the raked
domain, and Rao-Wu variances up to 1.09. That is what theory says of a class of $n$ with $m$ of its answers imputed from $r$
others, each with variance $s^2$. The sum of all has the variance $rs^2(1+m/r)^2 + ms^2$. Leave out a donor and draw again for
its recipients, and the squares of all $r$ changes add $2ms^2$ to it; in a bootstrap a row that counts twice has one draw, which
adds $ms^2$. With $m/r = 0.136$ these are 1.19 and 1.10; what was above came from draws that changed because weights of a
stratum had. `Impute` estimates probabilities again instead of drawing (Rao and Shao 1992), and adds neither.

Who is nearest by predictive means jumps with the smallest change of weights. Matched again in every replicate, jackknife variances were 70
times those of the estimates in the raked domain and 3 times for totals, Rao-Wu's 1.13 in the domain (500 repetitions). Donors are kept
now, and imputed answers are taken for given, as linearized errors take them. What is raked to the column then has right errors,
above; errors of the imputed column itself lack what imputation adds: the variance of the mean of a number is 0.85 of the true
one with 12 % imputed and 0.69 with 30 % (1,200 samples of 300, Monte Carlo error 0.04). The other methods count it.

## The designs

Samples are drawn with replacement, because that is what an error without `fpc` speaks of; probabilities are unequal but in clusters.

| recipe | what it does |
| --- | --- |
| one sample | 200 draws from each of four strata, in proportion to a size that is related to y |
| weights off | initial weights that are wrong by sex and age, by factors from 0.6 to 1.4; before two rakings by area too, 0.45 to 2 |
| independent, dependent, nested | sex, then age; sex and age, then area, which depends on age; halves of age, then sex by age |
| calibrate, rake, poststratify | to a number and sex (raking distance), age and area, sex by age; from initial weights that are off |
| rake, then multiplicity | numbers are drawn, raked to the numbers there are, and divided by the 1 to 3 numbers of a person |
| rake by frame, then composite | the samples of two frames in one table: `Rake(by="frame")`, `Composite(0.4)` |
| shares, trimmed; totals, trimmed | weights kept between 0.6 and 1.6 times the mean; an eighth of them is at a bound |
| bounds, margins | 0.62 ≤ g ≤ 1.6, which binds in a fifth of the samples; bootstraps often cannot meet such bounds |
| bounds, numbers | truncated linear, 0.6 ≤ g ≤ 1.6, to a number, sex and age; 3 % of the weights are held |
| missing level, missing drop | sex is missing in 12 %, at random |
| nonresponse | 300 draws a stratum; 45 to 78 % answer, by age and area; of a fifth of the others eligibility is unknown |
| trims | 0.6 and 1.6 times the mean; 1.6 times in strata, the excess lost; median + 1 interquartile range; Potter's 1.8 |
| rake, trim, rake, scale; caps | trimmed at 1.6 times the mean; 0.2 ≤ g ≤ 2 and weights up to 2.2 times the mean at once |
| single frame | one over the expected number of times that anybody is drawn from either frame |
| impute | sex, missing in 12 %, by age: at random, in the order of x; by a logistic model on age and x, or a linear one's nearest means |
| totals known with error | ages and a number, whose totals have standard errors of 3 % and are drawn anew in every repetition |
| partitions | raked to sex and age inside three areas |
| two stages with fpc | 40 of 100 clusters in four strata, 5 of 50 people in each, without replacement; clusters differ in y |
| two frames | 200 draws from each of four strata of either frame; Kish's deff is 1.7 in sample A and 1.04 in B |

Linearized errors are a little small, by 1 or 2 %, where many constraints are fitted, since residuals are smaller in the sample they
were fitted in; the jackknife's are a little large for the same reason. A θ, γ or η that is estimated is held fixed in linearized and
replicated errors; what its own error adds is of second order.
"""
