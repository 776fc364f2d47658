"""Write docs/explanation/variance-proof.md and .csv: estimated variances over empirical ones, and coverage, for every recipe and estimator.

`.venv/bin/python studies/variance_proof.py [--processes 2]` takes an hour or more of one core, `--small` a minute and writes
nothing; `--only TEXT` runs the recipes with that text in their name, `--merge` puts them into the page. The population, samples and
recipes are in variance_designs.py, the page's words in variance_page.py.

The empirical variance is measured with control variates. Over the repetitions an estimate is regressed on linear estimates H of
the same samples, whose covariance matrix S is known exactly from the design; its variance is b'Sb plus that of the residuals.
Only the small residuals are left to chance, so that 2,500 repetitions do what would take 100,000.
"""

import argparse
import sys
import time
import warnings
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

import surveysim as ss
from surveysim.inference.quantiles import quantile
from surveysim.inference.schemes import FromMatrix

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
sys.path.insert(0, str(HERE))
import variance_designs as designs  # noqa: E402
import variance_page  # noqa: E402
from variance_designs import QUESTIONS  # noqa: E402

COLUMNS = ("recipe", "question", "method", "ratio", "ratio_mcse", "coverage", "coverage_mcse", "bias", "repetitions")


@dataclass(frozen=True)
class Size:
    """How many repetitions.

    linearized : of everything, with linearized errors. median : of medians, which vary more. rao_wu : with Rao-Wu errors of so
    many `replicates`. jackknife : with jackknife errors.
    """

    linearized: int = 2000
    median: int = 5000
    rao_wu: int = 320
    replicates: int = 56
    jackknife: int = 8


FULL, SMALL = Size(), Size(200, 200, 0, 1, 0)
RESTLESS = {  # repetitions of what chance moves most
    "nonresponse classes": 4500,
    "nonresponse propensity": 4500,
    "calibrate, rake, poststratify": 4500,
    **{name: 7500 for name in designs.PRACTICE if name.startswith("impute")},
    "impute by nearest means, rake": 5000,
}
SHORTER = [name for name in designs.PRACTICE if name not in RESTLESS]
BRIEF = Size(1000, 1000, 200, 56, 4)  # of these


def ask_survey(sample, survey):
    """The six questions of a Survey, as (Estimates, row of it)."""
    return [
        (survey.total("y"), 0),
        (survey.total("y", by="sex"), 0),
        (survey.total("y", by="free"), 1),
        (survey.mean("y"), 0),
        (survey.ratio("y", "x"), 0),
        (survey.quantile("y", 0.5), 0),
    ]


def ask_all_but_median(sample, survey):
    """The first five: medians take several times the repetitions, and follow from the error of a share as they do above."""
    return ask_survey(sample, survey)[:5]


def ask_dual(raked, estimator, sample, survey):
    """The same of an estimator whose weights differ by variable; it has no quantiles."""
    dual, how = designs.dual(sample, raked), {"estimator": estimator}
    return [
        (dual.total("y", **how), 0),
        (dual.total("y", by="sex", **how), 0),
        (dual.total("y", by="free", **how), 1),
        (dual.mean("y", **how), 0),
        (dual.ratio("y", "x", **how), 0),
    ]


def figures(estimates, row):
    """Estimate, standard error and bounds of one row; tables are slow to make, so only where one is there."""
    columns = estimates.table if "table" in vars(estimates) else estimates.columns
    return [np.asarray(columns[name])[row] for name in ("estimate", "se", "lower", "upper")]


def replicated(survey, kind, **options):
    """The survey with replicates whose weights are made once, not for every question anew."""
    made = survey.replicates(kind, **options)
    made.engine = replace(made.engine, fill=FromMatrix(made.engine.weights()))
    return made


def errors_by_replicates(recipe, sample, survey, asked, kind, **options):
    """Variance and bounds by replicates of everything asked."""
    made = replicated(survey, kind, **options)
    if not recipe.by_variable:
        found = [figures(estimates, row) for estimates, row in recipe.ask(sample, made)]
        return [(se**2, lower, upper) for _, se, lower, upper in found]
    rows, variances = [], iter(made.engine.item_variances([item for e, _ in asked for item in e.items]))
    for estimates, row in asked:
        variance = np.concatenate([np.atleast_1d(next(variances)) for _ in estimates.items])[row]
        value, se, lower, upper = figures(estimates, row)
        moe = (upper - lower) / 2 / se * np.sqrt(variance)
        rows.append((variance, value - moe, value + moe))
    return rows


@dataclass
class Runs:
    """What the repetitions of one recipe gave.

    `refused` samples, which bounds exclude, leave no numbers.

    linear : (R, questions, 4), see `figures`. median : further estimates of the median. rao_wu, jackknife : (., questions, 3) variance
        and bounds.
    """

    linear: np.ndarray
    median: np.ndarray
    rao_wu: np.ndarray
    jackknife: np.ndarray
    refused: int = 0
    seconds: float = 0.0


def repeat(design, recipes, size):
    """Runs of several recipes {name: function of a sample} on the same samples of a design, and the samples' controls."""
    made, R, Q = designs.design(design), size.linearized, len(QUESTIONS)
    shapes = (R, Q, 4), (size.median - R,), (size.rao_wu, Q, 3), (size.jackknife, Q, 3)
    runs = {name: Runs(*(np.full(shape, np.nan) for shape in shapes)) for name in recipes}
    controls = []
    for r in range(size.median):
        sample = made.sample(np.random.default_rng([zlib.crc32(design.encode()), r]))
        controls.append(sample.controls)
        for name, recipe in recipes.items():
            if r < R or not recipe.by_variable:
                start = time.process_time()
                try:
                    one(runs[name], recipe, sample, r, size)
                except ss.CalibrationError:
                    runs[name].refused += 1
                    if runs[name].refused > max(size.median // 500, 1):
                        raise
                runs[name].seconds += time.process_time() - start
    return runs, np.array(controls)


def one(run, recipe, sample, r, size):
    """Repetition r of a recipe."""
    survey = recipe.make(sample)
    if r >= size.linearized:
        y, there = np.asarray(survey.data["y"], dtype=float), survey.weight > 0
        run.median[r - size.linearized] = quantile(y[there], survey.weight[there], [0.5])[0]
        return
    asked = recipe.ask(sample, survey)
    q = len(asked)
    run.linear[r, :q] = [figures(estimates, row) for estimates, row in asked]
    if r < size.rao_wu and recipe.rao_wu:
        how = {"n": size.replicates, "seed": r}
        run.rao_wu[r, :q] = errors_by_replicates(recipe, sample, survey, asked, "rao-wu", **how)
    if r < size.jackknife and recipe.jackknife:
        run.jackknife[r, :q] = errors_by_replicates(recipe, sample, survey, asked, "jkn")


def empirical(values, controls, known):
    """Variance of estimates (R,), and its influence (R,): how much every repetition moves it."""
    R = len(values)
    h, d = controls - controls.mean(axis=0), values - values.mean()
    used = np.diag(known) > 0
    scale = np.sqrt(np.diag(known)[used])
    h, known = h[:, used] / scale, known[np.ix_(used, used)] / np.outer(scale, scale)
    b, _, rank, _ = np.linalg.lstsq(h, d, rcond=1e-8)
    rest = d - h @ b
    spread = rest @ rest / (R - 1 - rank)
    variance = b @ known @ b + spread * (1 - rank / R)
    inverse = np.linalg.pinv(h.T @ h / R, rcond=1e-8, hermitian=True)
    return variance, 2 * rest * (h @ (inverse @ (known @ b))) + rest**2 - spread


def summarize(run, controls, known, truth, biased):
    """Rows (question, method, ratio, its error, coverage, its error, bias, repetitions); errors are Monte Carlo's.

    Coverage is that of the truth, or, where a recipe is biased on purpose, that of the mean of its estimates.
    """
    rows = []
    for q, question in enumerate(QUESTIONS):
        done = ~np.isnan(run.linear[:, q, 0])
        if not done.any():
            continue
        value, se, lower, upper = run.linear[done, q].T
        values, of, R = value, controls[: len(done)][done], len(value)
        if question == "median":
            more = ~np.isnan(run.median)
            values, of = np.append(value, run.median[more]), np.concatenate([of, controls[len(done) :][more]])
        variance, influence = empirical(values, of, known)
        true = values.mean() if biased else truth[q]
        bias = (values.mean() - truth[q]) / np.sqrt(variance)
        v = se**2
        ratio = v.mean() / variance
        moves = -ratio * influence / len(values)
        moves[:R] += (v - v.mean()) / R
        error = np.sqrt(np.sum((moves / variance) ** 2))
        inside = (lower <= true) & (true <= upper)
        cover = inside.mean()
        cover_error = np.sqrt(cover * (1 - cover) / R)
        rows.append((question, "linearized", ratio, error, cover, cover_error, bias, R))
        for method, replicates in (("rao-wu", run.rao_wu[:, q]), ("jackknife", run.jackknife[:, q])):
            found, low, high = replicates[done[: len(replicates)]].T
            m, first = len(found), slice(0, len(found))
            if m == 0 or np.isnan(found).all():
                continue
            # compared with the linearized errors of the same samples, of which there are more
            factor = found.mean() / v[first].mean()
            noise = (found - factor * v[first]).std() / v.mean() / np.sqrt(m)
            # intervals of all repetitions with errors that much larger, and what those of the replicates change
            c = np.sqrt(factor)
            scaled = (value - c * (value - lower) <= true) & (true <= value + c * (upper - value))
            change = ((low <= true) & (true <= high)).astype(float) - scaled[first]
            share = scaled.mean() + change.mean()
            doubt = np.hypot(np.sqrt(share * (1 - share) / R), np.sqrt(np.sum(change**2)) / m)
            together = np.hypot(error * factor, ratio * noise)
            rows.append((question, method, ratio * factor, together, share, doubt, bias, m))
    return rows


# ------------------------------------------------------------------------------------------------------------ recipes
@dataclass(frozen=True)
class Recipe:
    """From a sample to a Survey, and what it is asked; `by_variable` where weights differ by variable (and have no quantiles)."""

    make: object
    ask: object
    by_variable: bool = False
    rao_wu: bool = True
    jackknife: bool = True


def everything():
    """{design: {recipe's name: Recipe}}; the name of a dual-frame one is "estimator | known sizes | raw or raked inputs"."""
    found = {}
    for name, (design, make) in (designs.RECIPES | designs.PRACTICE).items():
        kinds = {"rao_wu": name not in designs.NO_RAO_WU, "jackknife": name not in designs.NO_JACKKNIFE}
        ask = ask_all_but_median if name in SHORTER else ask_survey
        found.setdefault(design, {})[name] = Recipe(make, ask, **kinds)
    for inputs in ("raw", "raked"):
        raked = inputs == "raked"
        for estimator, ladders in designs.ESTIMATORS.items():
            for ladder in ladders:
                if estimator in ("hartley", "fuller_burmeister"):
                    recipe = Recipe(partial(designs.pool, raked), partial(ask_dual, raked, estimator), True)
                else:
                    recipe = Recipe(partial(designs.composited, raked, estimator, ladder), ask_survey)
                found["frames"][f"{estimator} | {ladder} | {inputs}"] = recipe
    return found


def measure(design, names, size):
    """Rows of the table for some recipes of a design, and their seconds."""
    recipes = {name: everything()[design][name] for name in names}
    if size == FULL and names[0] in RESTLESS:
        size = replace(size, linearized=RESTLESS[names[0]], median=max(size.median, RESTLESS[names[0]]))
    if size == FULL and names[0] in SHORTER:
        size = BRIEF
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ss.SurveysimWarning)
        runs, controls = repeat(design, recipes, size)
    rows = []
    for name, run in runs.items():
        found = summarize(run, controls, designs.design(design).known, designs.truth(name), name in designs.BIASED)
        rows += [(name, *row) for row in found]
    return rows, {name: run.seconds for name, run in runs.items()}


# --------------------------------------------------------------------------------------- pseudo-maximum likelihood
FORMS = ("as here", "φ from γ, residuals not multiplied", "φ from sample sizes")


def published_forms(dual, gamma):
    """Variances of the PML total of y in the forms that are published, of which `FORMS` are the last two.

    Skinner & Rao (1996), Lohr & Rao (2000): residuals on domain means, and λφ, λ(1 - φ) in the overlap. φ is the weight of
    sample A's size in the overlap's; for simple random samples n_A N_b / (n_A N_b + n_B N_a), and n is kept by some for any design.
    """
    part, w, y = dual.part, dual.pooled.weight, dual.data["y"].to_numpy()
    N, sizes = w @ part, designs.design("frames").sizes
    mean = ((w * y) @ part) / N
    overlap = (gamma * mean[1] * N[1] + (1 - gamma) * mean[2] * N[2]) / (gamma * N[1] + (1 - gamma) * N[2])
    gain = overlap - mean[0] - mean[3]
    scores = []
    for a, b in (
        (gamma * N[3] * sizes["A"], (1 - gamma) * N[0] * sizes["B"]),
        (dual.n_a * N[3], dual.n_b * N[0]),
    ):
        phi = a / (a + b)
        means = np.array([mean[0], overlap, overlap, mean[3]])
        share = np.array([1, gamma, 1 - gamma, 1])
        scores.append(part @ share * (y - part @ means) + part @ (np.array([0, phi, 1 - phi, 0]) * gain))
    return dual.variance(scores)


def likelihood(size):
    """Mean estimated over empirical variance of the PML total with N_A and N_B known, by form, and the Monte Carlo error."""
    made, found, controls = designs.design("frames"), [], []
    known = {name: made.sizes[name] for name in ("A", "B")}
    for r in range(size.linearized):
        sample = made.sample(np.random.default_rng([zlib.crc32(b"frames"), r]))
        controls.append(sample.controls)
        dual = designs.dual(sample, False)
        gamma = float(dual.composer("pml", frame_sizes=known).pinned(dual.pooled.weight))
        total = dual.total("y", estimator="pml", frame_sizes=known).columns
        found.append((total["estimate"][0], total["se"][0] ** 2, *published_forms(dual, gamma)))
    found = np.array(found)
    variance, influence = empirical(found[:, 0], np.array(controls), made.known)
    ratio = found[:, 1:].mean(axis=0) / variance
    moves = (found[:, 1:] - ratio * influence[:, None]) / variance
    return pd.DataFrame({"form": FORMS, "ratio": ratio, "ratio_mcse": moves.std(axis=0) / np.sqrt(len(found))})


# ---------------------------------------------------------------------------------------------------------------- run
def shares(only):
    """(design, names) of the recipes asked for, a few at a time on the same samples."""
    result, texts, known = [], only.split(";"), every()
    for design, recipes in everything().items():
        asked = {}
        for name in recipes:
            if any(name == text if text in known else text in name for text in texts):
                asked.setdefault(RESTLESS.get(name, name in SHORTER), []).append(name)
        result += [(design, names[k : k + 8]) for names in asked.values() for k in range(0, len(names), 8)]
    return result


def run(size=FULL, only="", processes=1, say=lambda text: None):
    """The table of everything measured."""
    parts, rows = shares(only), []
    work = partial(measure, size=size)
    if processes > 1:
        with ProcessPoolExecutor(processes) as pool:
            done = list(pool.map(work, *zip(*parts)))
    else:
        done = map(work, *zip(*parts))
    for found, seconds in done:
        rows += found
        for name, took in seconds.items():
            say(f"{name}: {took:.0f} s")
    return pd.DataFrame(rows, columns=COLUMNS)


def every():
    """Names of all recipes on the page."""
    return [name for recipes in everything().values() for name in recipes]


def tables():
    """What is committed: the two tables."""
    return pd.read_csv(DOCS / "explanation" / "variance-proof.csv"), pd.read_csv(
        DOCS / "explanation" / "variance-proof-pml.csv"
    )


def merged(found):
    """The committed table with these recipes' rows in place of their old ones, in the order of `everything`."""
    old, _ = tables()
    both = pd.concat([old[~old["recipe"].isin(found["recipe"])], found], ignore_index=True)
    place = {name: k for k, name in enumerate(every())}
    return both.sort_values("recipe", key=lambda recipe: recipe.map(place), kind="stable", ignore_index=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="few repetitions; prints and writes nothing")
    parser.add_argument(
        "--only", default="", help="recipes with one of these texts (a;b) in their name; prints, writes nothing"
    )
    parser.add_argument("--merge", action="store_true", help="with --only: puts their rows into the page and its table")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args(arguments)
    found = run(SMALL if options.small else FULL, options.only, options.processes, partial(print, flush=True))
    if options.small or (options.only and not options.merge):
        print(found.round(4).to_string(index=False))
        return
    forms = {} if options.only else {"variance-proof-pml": likelihood(FULL)}
    made = {"variance-proof": merged(found) if options.only else found} | forms
    for name, table in made.items():
        table.to_csv(DOCS / "explanation" / f"{name}.csv", index=False, float_format="%.5f", lineterminator="\n")
    (DOCS / "explanation" / "variance-proof.md").write_text(variance_page.page(*tables(), FULL), encoding="utf-8")


if __name__ == "__main__":
    main()
